"""What can be done with opportunities: one mutation an action."""

from __future__ import annotations

from typing import Any

import strawberry

from models import opportunity as domain
from models.approval import DecisionInput
from models.kernel.work import Work
from models.partner import PartnerOrganisation
from resolvers.context import Info
from resolvers.mutation import act
from resolvers.opportunity.inputs import (
    HoAcceptInput,
    HoCreateInput,
    HoDeclineInput,
    HoOfferInput,
    HoShareInput,
    OpportunityCancelInput,
    OpportunityChangeOfferingInput,
    OpportunityCopyInput,
    OpportunityDecideInput,
    OpportunityDeliverInput,
    OpportunityInput,
    OpportunityLoseInput,
    OpportunityNoteInput,
    OpportunityOwnerCheckInput,
    OpportunityReasonInput,
    OpportunityRejectValidationInput,
    OpportunityReportProgressInput,
    OpportunitySaveDraftInput,
    OpportunitySendBackInput,
    OpportunityWinInput,
)
from resolvers.opportunity.types import HoOfferPayload, OpportunityPayload, ProgressPayload
from resolvers.scalars import given_day, given_instant, uid


def _id(value: str, path: str = "id") -> Any:
    return uid(value, domain.Opportunity.prefix, path)


async def _decide(info: Info, input: OpportunityInput, verb: str, given: DecisionInput) -> OpportunityPayload:
    async def action(work: Work) -> domain.Opportunity:
        record = await work.get(domain.Opportunity, _id(input.id), version=input.version)
        await domain.review(work, record, verb, given)
        return record

    return await act(info, input, action, OpportunityPayload, "opportunity")


@strawberry.type
class OpportunityMutation:
    """What can be done with opportunities."""

    @strawberry.mutation(description="Save a draft, new or existing (COL-2.2.1).")
    async def opportunity_save_draft(self, info: Info, input: OpportunitySaveDraftInput) -> OpportunityPayload | None:
        """Save a draft."""
        values = input.form.values()
        lines = [line.values() for line in input.lines] if input.lines is not None else None
        key = _id(input.id) if input.id is not None else None
        return await act(
            info,
            input,
            lambda work: domain.save_draft(
                work, values, id=key, version=input.version, external_id=input.external_id, lines=lines
            ),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Delete a draft for good (COL-2.5#2).")
    async def opportunity_delete_draft(self, info: Info, input: OpportunityInput) -> OpportunityPayload | None:
        """Delete a draft."""
        return await act(
            info,
            input,
            lambda work: domain.delete_draft(work, _id(input.id), version=input.version),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Submit a draft for audit (COL-2.5#3).")
    async def opportunity_submit(self, info: Info, input: OpportunityInput) -> OpportunityPayload | None:
        """Submit a draft."""
        return await act(
            info,
            input,
            lambda work: domain.submit(work, _id(input.id), version=input.version),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Hand back what was completed after a send-back (COL-2.5#18).")
    async def opportunity_return(self, info: Info, input: OpportunityInput) -> OpportunityPayload | None:
        """Hand a completed opportunity back."""
        return await act(
            info,
            input,
            lambda work: domain.return_completed(work, _id(input.id), version=input.version),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Begin a new draft from a rejected opportunity (COL-2.5#15).")
    async def opportunity_copy(self, info: Info, input: OpportunityCopyInput) -> OpportunityPayload | None:
        """Copy a rejected opportunity."""
        return await act(
            info,
            input,
            lambda work: domain.copy_to_draft(work, _id(input.id)),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Approve the audit (COL-2.5#4).")
    async def opportunity_approve_audit(self, info: Info, input: OpportunityInput) -> OpportunityPayload | None:
        """Approve the audit."""
        return await _decide(info, input, "approve_audit", DecisionInput())

    @strawberry.mutation(description="Reject in audit, with a reason (COL-2.5#5).")
    async def opportunity_reject_audit(self, info: Info, input: OpportunityDecideInput) -> OpportunityPayload | None:
        """Reject in audit."""
        given = DecisionInput(reason_code=input.reason_code, reason=input.reason)
        return await _decide(info, input, "reject_audit", given)

    @strawberry.mutation(description="Send back for completion, naming fields and a reason (COL-2.5#17).")
    async def opportunity_send_back(self, info: Info, input: OpportunitySendBackInput) -> OpportunityPayload | None:
        """Send back for completion."""
        given = DecisionInput(reason=input.reason, fields=domain.named_fields(input.fields))
        return await _decide(info, input, "send_back", given)

    @strawberry.mutation(description="Validate after the owner's check (COL-2.5#7).")
    async def opportunity_validate(self, info: Info, input: OpportunityInput) -> OpportunityPayload | None:
        """Validate."""
        return await _decide(info, input, "validate", DecisionInput())

    @strawberry.mutation(description="Reject in validation, with a reason (COL-2.5#8).")
    async def opportunity_reject_validation(
        self, info: Info, input: OpportunityRejectValidationInput
    ) -> OpportunityPayload | None:
        """Reject in validation."""
        other = _id(input.duplicate_of, "duplicate_of") if input.duplicate_of is not None else None
        given = DecisionInput(
            reason_code=input.reason_code, reason=input.reason, values={"duplicate_of_id": other} if other else {}
        )
        return await _decide(info, input, "reject_validation", given)

    @strawberry.mutation(description="Record what the customer told its owner (COL-2.4.6).")
    async def opportunity_record_owner_check(
        self, info: Info, input: OpportunityOwnerCheckInput
    ) -> OpportunityPayload | None:
        """Record the owner check."""
        return await act(
            info,
            input,
            lambda work: domain.record_owner_check(
                work,
                _id(input.id),
                exists=input.exists,
                already_closed=input.already_closed,
                has_budget=input.has_budget,
                order_time=input.order_time,
                remark=input.remark,
            ),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Put other offerings in place while Huawei reviews (COL-2.2.2).")
    async def opportunity_change_offering(
        self, info: Info, input: OpportunityChangeOfferingInput
    ) -> OpportunityPayload | None:
        """Change the offerings."""
        return await act(
            info,
            input,
            lambda work: domain.change_offering(work, _id(input.id), input.offering_ids, version=input.version),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Keep a note that Huawei's side alone reads.")
    async def opportunity_note(self, info: Info, input: OpportunityNoteInput) -> OpportunityPayload | None:
        """Write an internal note."""
        return await act(
            info,
            input,
            lambda work: domain.write_note(work, _id(input.id), input.text, version=input.version),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Cancel what was validated or accepted (COL-2.5#11, COL-3.2#8).")
    async def opportunity_cancel(self, info: Info, input: OpportunityCancelInput) -> OpportunityPayload | None:
        """Cancel."""
        return await act(
            info,
            input,
            lambda work: domain.cancel(
                work, _id(input.id), version=input.version, reason_code=input.reason_code, reason=input.reason
            ),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Report progress; it appends and edits nothing (COL-2.5#10).")
    async def opportunity_report_progress(
        self, info: Info, input: OpportunityReportProgressInput
    ) -> ProgressPayload | None:
        """Report progress."""
        return await act(
            info,
            input,
            lambda work: domain.progress.report(
                work,
                _id(input.id),
                stage=input.stage,
                win_probability=input.win_probability,
                details=input.details,
                next_step=input.next_step,
                expected_amount=input.expected_amount,
                expected_sign_date=given_day(input.expected_sign_date),
                note=input.note,
            ),
            ProgressPayload,
            "progress_update",
        )

    @strawberry.mutation(description="Mark won, with the signing data (COL-2.5#12).")
    async def opportunity_win(self, info: Info, input: OpportunityWinInput) -> OpportunityPayload | None:
        """Mark won."""
        return await act(
            info,
            input,
            lambda work: domain.win(
                work,
                _id(input.id),
                version=input.version,
                amount=input.amount,
                signed_on=given_day(input.signed_on),
                contract_number=input.contract_number,
                consuming_account=input.consuming_account,
            ),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Mark lost, with the reason (COL-2.5#13).")
    async def opportunity_lose(self, info: Info, input: OpportunityLoseInput) -> OpportunityPayload | None:
        """Mark lost."""
        return await act(
            info,
            input,
            lambda work: domain.lose(
                work,
                _id(input.id),
                version=input.version,
                lost_reason=input.lost_reason,
                competitor=input.competitor,
                lost_on=given_day(input.lost_on),
                note=input.note,
            ),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Mark delivered (COL-2.5#14).")
    async def opportunity_deliver(self, info: Info, input: OpportunityDeliverInput) -> OpportunityPayload | None:
        """Mark delivered."""
        return await act(
            info,
            input,
            lambda work: domain.deliver(
                work, _id(input.id), version=input.version, delivered_on=given_day(input.delivered_on)
            ),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Confirm a delivery (COL-2.5#14).")
    async def opportunity_confirm_delivery(self, info: Info, input: OpportunityInput) -> OpportunityPayload | None:
        """Confirm a delivery."""
        return await act(
            info,
            input,
            lambda work: domain.confirm_delivery(work, _id(input.id), version=input.version),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Dispute a delivery within its window (COL-2.5#16).")
    async def opportunity_dispute(self, info: Info, input: OpportunityReasonInput) -> OpportunityPayload | None:
        """Dispute a delivery."""
        return await act(
            info,
            input,
            lambda work: domain.dispute(work, _id(input.id), version=input.version, reason=input.reason),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Take an opportunity over from Huawei's CRM (COL-3.2#1).")
    async def ho_create(self, info: Info, input: HoCreateInput) -> OpportunityPayload | None:
        """Create an HO."""
        values = input.form.values()
        return await act(
            info,
            input,
            lambda work: domain.ho.create(work, values, crm_created_at=given_instant(input.form.crm_created_at)),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Offer an HO to one eligible partner (COL-3.2#2).")
    async def ho_share(self, info: Info, input: HoShareInput) -> OpportunityPayload | None:
        """Share an HO."""
        partner = uid(input.partner_id, PartnerOrganisation.prefix, "partner_id")
        return await act(
            info,
            input,
            lambda work: domain.ho.share(work, _id(input.id), partner, version=input.version),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Take an HO back that was not accepted (COL-3.2#2).")
    async def ho_recall(self, info: Info, input: OpportunityReasonInput) -> OpportunityPayload | None:
        """Recall an HO."""
        return await act(
            info,
            input,
            lambda work: domain.ho.recall(work, _id(input.id), version=input.version, reason=input.reason),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Open an offer's detail, which acceptance asks for (COL-3.2#3).")
    async def ho_offer_view(self, info: Info, input: HoOfferInput) -> HoOfferPayload | None:
        """Open an offer."""
        return await act(
            info,
            input,
            lambda work: domain.ho.view_offer(work, uid(input.id, domain.HoOffer.prefix)),
            HoOfferPayload,
            "offer",
        )

    @strawberry.mutation(description="Accept an offer (COL-3.2#3).")
    async def ho_offer_accept(self, info: Info, input: HoAcceptInput) -> OpportunityPayload | None:
        """Accept an offer."""
        return await act(
            info,
            input,
            lambda work: domain.ho.accept(work, uid(input.id, domain.HoOffer.prefix), confirmed=input.confirmed),
            OpportunityPayload,
            "opportunity",
        )

    @strawberry.mutation(description="Decline an offer, with a reason (COL-3.2#4).")
    async def ho_offer_decline(self, info: Info, input: HoDeclineInput) -> HoOfferPayload | None:
        """Decline an offer."""
        return await act(
            info,
            input,
            lambda work: domain.ho.decline(
                work, uid(input.id, domain.HoOffer.prefix), reason_code=input.reason_code, reason=input.reason
            ),
            HoOfferPayload,
            "offer",
        )
