"""What the steps of an opportunity ask the database first, and what else they write."""

from __future__ import annotations

from sqlmodel import col, select

from models import pce
from models.kernel.errors import DomainError
from models.kernel.lifecycle import Move, follow
from models.kernel.work import Work
from models.opportunity.offers import HoOffer
from models.opportunity.record import Opportunity
from models.opportunity.refusals import NameTakenError, NotYourDeskError, OfferingNotYoursError
from models.opportunity.words import DECIDED_AGAINST, DeclineReason, Direction, OfferStatus, Status
from models.partner import Offering, PartnerOrganisation
from models.rights import Right

OFFER_ENDS = {
    Status.ACCEPTED: OfferStatus.ACCEPTED,
    Status.REJECTED: OfferStatus.REJECTED,
    Status.AUTO_REJECTED: OfferStatus.AUTO_REJECTED,
    Status.RECALLED: OfferStatus.RECALLED,
}


async def partner_has_joined(work: Work, move: Move) -> list[DomainError]:
    """Only a partner that has joined PCE shares or accepts (COL-1.1.4, COL-1.1.5)."""
    return await pce.not_a_member(work, move.actor.partner_id)


async def name_is_free(work: Work, move: Move) -> list[DomainError]:
    """A name is unique among the partner's open opportunities (COL-2.2.4)."""
    record: Opportunity = move.record
    if move.values is not None:
        # Two of one name that are submitted at one moment wait for each other here.
        whose = select(PartnerOrganisation.id).where(PartnerOrganisation.id == record.partner_id)
        await work.first(whose.with_for_update(key_share=True))
    taken = await work.first(
        select(Opportunity.id)
        .where(
            Opportunity.partner_id == record.partner_id,
            Opportunity.name == record.name,
            Opportunity.id != record.id,
            Opportunity.direction == Direction.PO,
            col(Opportunity.status).not_in((*DECIDED_AGAINST, Status.DRAFT, Status.DELIVERED)),
        )
        .limit(1)
    )
    return [NameTakenError(path="name")] if taken else []


async def offerings_are_own(work: Work, move: Move) -> list[DomainError]:
    """Each offering is the partner's own and listed (COL-2.2.4)."""
    record: Opportunity = move.record
    wanted = (move.values or {}).get("offering_ids", record.offering_ids) or []
    listed = await work.every(
        select(Offering).where(Offering.partner_id == record.partner_id, col(Offering.listed).is_(True))
    )
    known = {offering.public_id for offering in listed}
    return [OfferingNotYoursError(path="offering_ids")] if set(wanted) - known else []


async def audited_by_the_right_desk(work: Work, move: Move) -> list[DomainError]:
    """The partner's PDM audits; the pool does without one, or after escalation (COL-1.3, COL-2.5#4)."""
    record: Opportunity = move.record
    if record.partner_id in move.actor.partners:
        return []
    pdm = await work.first(select(PartnerOrganisation.pdm_id).where(PartnerOrganisation.id == record.partner_id))
    pooled = pdm is None or record.escalated_at is not None
    return [] if pooled and move.actor.may(Right.OPPORTUNITY_AUDIT_POOL) else [NotYourDeskError()]


async def answer_offer(work: Work, move: Move) -> None:
    """Close the pending offer together with the opportunity's own step (COL-3.2 rule 3)."""
    offer: HoOffer | None = await work.first(
        select(HoOffer)
        .where(HoOffer.opportunity_id == move.record.id, HoOffer.status == OfferStatus.PENDING)
        .with_for_update()
    )
    if offer is None:
        return
    follow(offer, OFFER_ENDS, move)
    offer.answered_at = work.now
    offer.answered_by = work.actor.id
    offer.due_at = None
    if isinstance(move.reason_code, DeclineReason):
        offer.decline_reason = move.reason_code
        offer.decline_note = move.reason


async def tell_why_it_expired(work: Work, move: Move) -> None:
    """Write the reason of a rejection by time onto the record, for the partner to read (COL-2.4.5, COL-2.5#9, #19)."""
    move.record.rejection_reason = move.reason_code
    move.record.message_to_partner = f"{move.reason_code.zh} {move.reason_code.en}" if move.reason_code else None


async def remember_escalation(work: Work, move: Move) -> None:
    """Write down since when the pool may audit (COL-2.5#4)."""
    move.record.escalated_at = work.now
