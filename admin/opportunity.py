"""Pages of opportunities, and the desk where Huawei creates, shares and recalls its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.approval import ask_for
from admin.pages.fields import MEANINGS, Column
from admin.pages.finding import Find
from admin.pages.inputs import Filled, Input, fill
from admin.pages.records import RecordPages, Related, Section
from admin.pages.steps import Given, Step
from admin.viewer import Viewer, viewer_of
from admin.words import say
from models import opportunity as domain
from models.export import ExportKind
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError, PermissionDeniedError
from models.kernel.reads import Reader
from models.kernel.work import Work
from models.opportunity import ho
from models.opportunity.duplicates import DuplicateMatch
from models.opportunity.eligibility import candidates
from models.opportunity.lifecycle import PO, VALIDATION_QUEUE
from models.opportunity.record import Opportunity
from models.opportunity.words import (
    Direction,
    DuplicateSignal,
    LostReason,
    Origin,
    PreSalesActivity,
    Stage,
    Status,
    Support,
)
from models.partner import Offering
from models.reference import INDUSTRIES, OFFICES, PROVINCES, SERVICES, SUB_INDUSTRIES
from models.rights import Right

MEANINGS.update(
    {
        "Opportunity.pre_sales_activities": PreSalesActivity,
        "Opportunity.support_needed": Support,
        "DuplicateMatch.signals": DuplicateSignal,
    }
)
READERS = (
    Right.OPPORTUNITY_READ_ALL,
    Right.OPPORTUNITY_READ_CUSTOMERS,
    Right.OPPORTUNITY_READ_OFFICE,
    Right.OPPORTUNITY_READ_PARTNERS,
)


async def _duplicates(work: Work, record: Opportunity) -> list[tuple[str, str]]:
    found = await work.every(
        select(DuplicateMatch).where(DuplicateMatch.opportunity_id == record.id, DuplicateMatch.visible_to(work.actor))
    )
    return [(f"{Opportunity.prefix}_{one.other_id.hex}", f"{one.other_name} · {one.other_number}") for one in found]


async def _offerings(work: Work, record: Opportunity) -> list[tuple[str, str]]:
    found = await work.every(
        select(Offering)
        .where(Offering.partner_id == record.partner_id, col(Offering.listed).is_(True))
        .order_by(col(Offering.name))
    )
    return [(one.public_id, one.name) for one in found]


async def _partners(work: Work, record: Opportunity) -> list[tuple[str, str]]:
    ranked = await candidates(work, record, work.actor)
    return [(one["partner"].public_id, one["partner"].name) for one in ranked if not one["lacking"]]


async def _win(work: Work, id: UUID, given: Given) -> Any:
    told = given.values
    record = await work.get(Opportunity, id, version=given.version)
    return await domain.win(
        work,
        id,
        version=given.version,
        amount=Amount(told["signed_amount"], record.currency),
        signed_on=told["signed_on"],
        contract_number=told["contract_number"],
        consuming_account=told["consuming_account"],
    )


@dataclass
class Amount:
    """An amount as it was typed, in the currency of its record (金额)."""

    amount: str
    currency: str


async def _lose(work: Work, id: UUID, given: Given) -> Any:
    told = given.values
    return await domain.lose(
        work,
        id,
        version=given.version,
        lost_reason=told["lost_reason"],
        competitor=told["competitor"],
        lost_on=told["lost_on"],
        note=told["lost_note"],
    )


async def _deliver(work: Work, id: UUID, given: Given) -> Any:
    return await domain.deliver(work, id, version=given.version, delivered_on=given.values["delivered_on"])


async def _confirm(work: Work, id: UUID, given: Given) -> Any:
    return await domain.confirm_delivery(work, id, version=given.version)


async def _dispute(work: Work, id: UUID, given: Given) -> Any:
    return await domain.dispute(work, id, version=given.version, reason=given.reason)


async def _cancel(work: Work, id: UUID, given: Given) -> Any:
    return await domain.cancel(work, id, version=given.version, reason_code=given.reason_code, reason=given.reason)


async def _share(work: Work, id: UUID, given: Given) -> Any:
    return await ho.share(work, id, given.values["partner_id"], version=given.version)


async def _recall(work: Work, id: UUID, given: Given) -> Any:
    return await ho.recall(work, id, version=given.version, reason=given.reason)


async def _check_owner(work: Work, id: UUID, given: Given) -> Any:
    await work.get(Opportunity, id, version=given.version)
    return await domain.record_owner_check(work, id, **given.values)


async def _change_offering(work: Work, id: UUID, given: Given) -> Any:
    return await domain.change_offering(work, id, given.values["offering_ids"], version=given.version)


async def _write_note(work: Work, id: UUID, given: Given) -> Any:
    return await domain.write_note(work, id, given.values["internal_note"], version=given.version)


WON = (
    Input("signed_amount", "money", required=True),
    Input("signed_on", "day", required=True),
    Input("contract_number", required=True, longest=64),
    Input("consuming_account", required=True, longest=64),
)
LOST = (
    Input("lost_reason", "choice", required=True, words=LostReason),
    Input("competitor", longest=128),
    Input("lost_on", "day"),
    Input("lost_note", "area", longest=1000),
)
DELIVERED = (Input("delivered_on", "day", required=True),)
STEPS = {
    "owner_check": Step(
        _check_owner,
        (
            Input("exists", "flag"),
            Input("already_closed", "flag"),
            Input("has_budget", "flag"),
            Input("order_time", longest=200),
            Input("remark", "area", longest=1000),
        ),
        zh="登记客户负责人核实",
        en="Record the owner check",
        permission=Right.OPPORTUNITY_CHECK_OWNER,
        applies=lambda _actor, record: record.status in PO["validate"].sources,
        colour="primary",
    ),
    "win": Step(_win, WON),
    "lose": Step(_lose, LOST),
    "confirm_delivery": Step(_confirm),
    "dispute": Step(_dispute),
    "cancel": Step(_cancel),
    "share": Step(
        _share,
        (Input("partner_id", "record", required=True, prefix="ptn", options=(), hint="ho_partner_hint"),),
        options={"partner_id": _partners},
    ),
    "recall": Step(_recall),
    "win_ho": Step(_win, WON),
    "lose_ho": Step(_lose, LOST),
    "deliver_ho": Step(_deliver, DELIVERED),
    "confirm_delivery_ho": Step(_confirm),
    "dispute_ho": Step(_dispute),
    "cancel_ho": Step(_cancel),
    "change_offering": Step(
        _change_offering,
        (Input("offering_ids", "many", options=()),),
        options={"offering_ids": _offerings},
        zh="修改 Offering",
        en="Change the offering",
        permission=Right.OPPORTUNITY_CHANGE_OFFERING,
        applies=lambda actor, record: "offering_ids" in record.editable_now(actor),
        present=lambda record: {"offering_ids": record.offering_ids},
    ),
    "note": Step(
        _write_note,
        (Input("internal_note", "area"),),
        zh="内部备注",
        en="Internal note",
        applies=lambda actor, record: "internal_note" in record.editable_now(actor),
        present=lambda record: {"internal_note": record.internal_note},
    ),
}

FINDS = (
    Find("name"),
    Find("company_name"),
    Find("status", "choice", words=Status),
    Find("stage", "choice", words=Stage),
    Find("direction", "choice", words=Direction, several=False),
    Find("origin", "choice", words=Origin, several=False),
    Find("office", "choice", reference=OFFICES),
    Find("industry", "choice", reference=INDUSTRIES),
    Find("created_from", "from_day", label="created_at"),
    Find("created_before", "to_day", label="created_at"),
    Find("has_duplicates", "flag"),
)
COLUMNS = (
    Column("name", opens=True, wide=True),
    Column("company_name"),
    Column("direction"),
    Column("status", badge=True),
    Column("partner.name"),
    Column("expected_amount", currency="currency"),
    Column("due_at"),
    Column("created_at"),
)


class OpportunityPages(RecordPages):
    """The pages of opportunities (机会点)."""

    model = Opportunity
    path: ClassVar[str] = "opportunities"
    title: ClassVar[str] = "opportunities"
    icon: ClassVar[str] = "ti ti-target-arrow"
    group: ClassVar[str] = "group_work"
    rights = READERS
    exports = ExportKind.OPPORTUNITIES
    holds_files = True
    heading = Column("name")
    status = "status"
    columns = COLUMNS
    finds = FINDS
    steps = STEPS
    sections = (
        Section(
            "section_customer",
            (
                Column("company_name"),
                Column("credit_code"),
                Column("account_name"),
                Column("industry"),
                Column("sub_industry"),
                Column("company_size"),
                Column("province"),
                Column("city"),
                Column("address"),
                Column("website"),
                Column("contact_name"),
                Column("contact_title"),
                Column("contact_mobile"),
                Column("contact_email"),
                Column("consent_confirmed"),
            ),
        ),
        Section(
            "section_terms",
            (
                Column("status", badge=True),
                Column("direction"),
                Column("expected_amount", currency="currency"),
                Column("expected_sign_date"),
                Column("expected_go_live_date"),
                Column("stage"),
                Column("win_probability"),
                Column("last_progress_at"),
                Column("budget", wide=True),
                Column("authority", wide=True),
                Column("need", wide=True),
                Column("timeline", wide=True),
                Column("pre_sales_activities", wide=True),
                Column("offering_ids", wide=True),
                Column("services", wide=True),
                Column("demand_tags", wide=True),
                Column("support_needed", wide=True),
                Column("counts_for_assessment"),
            ),
        ),
        Section(
            "section_verdict",
            (
                Column("submitted_at"),
                Column("audit_approved_at"),
                Column("validated_at"),
                Column("owner_checked_at"),
                Column("owner_check_passed"),
                Column("rejection_reason"),
                Column("message_to_partner", wide=True),
                Column("internal_note", wide=True),
            ),
            optional=True,
        ),
        Section(
            "section_close",
            (
                Column("signed_amount", currency="currency"),
                Column("signed_on"),
                Column("contract_number"),
                Column("consuming_account"),
                Column("delivered_on"),
                Column("delivery_confirmed_at"),
                Column("dispute_until"),
                Column("lost_reason"),
                Column("competitor"),
                Column("lost_on"),
                Column("lost_note", wide=True),
                Column("cancel_reason"),
            ),
            optional=True,
        ),
        Section(
            "section_routing",
            (
                Column("partner.name"),
                Column("responsible.name"),
                Column("customer.company_name", label="customer"),
                Column("owner.name"),
                Column("bd.name"),
                Column("office_id"),
                Column("origin"),
                Column("external_id"),
                Column("crm_created_at"),
                Column("accepted_at"),
                Column("previous.name"),
                Column("created_at"),
                Column("updated_at"),
            ),
        ),
    )
    lists = (
        Related(
            "attachments",
            "attachments",
            (
                Column("name", opens=True),
                Column("field"),
                Column("size"),
                Column("uploaded_by_name"),
                Column("at"),
            ),
            first=50,
        ),
        Related(
            "duplicates",
            "duplicates",
            (
                Column("other_name"),
                Column("other_number"),
                Column("other_company"),
                Column("other_partner"),
                Column("other_status", badge=True),
                Column("signals", wide=True),
                Column("own_clock"),
                Column("other_clock"),
                Column("has_priority"),
                Column("rule", wide=True),
            ),
        ),
        Related(
            "owner_checks",
            "owner_checks",
            (
                Column("at"),
                Column("by_name"),
                Column("on_owners_word"),
                Column("exists"),
                Column("already_closed"),
                Column("has_budget"),
                Column("order_time"),
                Column("remark", wide=True),
            ),
        ),
        Related(
            "offers",
            "offers",
            (
                Column("partner.name"),
                Column("status", badge=True),
                Column("shared_at"),
                Column("due_at"),
                Column("viewed_at"),
                Column("answered_at"),
                Column("decline_reason"),
                Column("decline_note", wide=True),
            ),
        ),
        Related(
            "lines",
            "lines",
            (Column("product"), Column("service"), Column("quantity"), Column("amount", currency="currency")),
        ),
        Related(
            "progress",
            "progress",
            (
                Column("at"),
                Column("by_name"),
                Column("stage"),
                Column("win_probability"),
                Column("expected_amount", currency="currency"),
                Column("next_step", wide=True),
                Column("details", wide=True),
            ),
        ),
    )


HO_INPUTS = (
    Input("name", required=True, longest=128, row_type="Opportunity"),
    Input("crm_created_at", "instant", required=True, hint="ho_crm_hint"),
    Input("company_name", required=True, longest=128),
    Input("credit_code", longest=18),
    Input("account_name", longest=64),
    Input("industry", "choice", required=True, reference=INDUSTRIES),
    Input("sub_industry", "choice", reference=SUB_INDUSTRIES),
    Input("province", "choice", required=True, reference=PROVINCES),
    Input("city", longest=64),
    Input("address", longest=256),
    Input("website", longest=256),
    Input("contact_name", longest=64),
    Input("contact_title", longest=64),
    Input("contact_mobile", longest=32),
    Input("contact_email", longest=254),
    Input("need", "area", required=True, longest=1000),
    Input("timeline", "area", longest=1000),
    Input("expected_amount", "money"),
    Input("expected_sign_date", "day"),
    Input("services", "many", required=True, reference=SERVICES),
)


class HoDeskPages(RecordPages):
    """The desk of what Huawei shares (HO 工作台): create, share, recall."""

    model = Opportunity
    path: ClassVar[str] = "ho-desk"
    title: ClassVar[str] = "ho_desk"
    icon: ClassVar[str] = "ti ti-share-3"
    group: ClassVar[str] = "group_work"
    rights = (Right.OPPORTUNITY_CREATE_HO, Right.OPPORTUNITY_SHARE_HO, Right.OPPORTUNITY_RECALL_HO)
    fixed = (("direction", Direction.HO),)
    finds = tuple(find for find in FINDS if find.name not in ("direction", "stage"))
    columns = (
        Column("name", opens=True, wide=True),
        Column("company_name"),
        Column("status", badge=True),
        Column("partner.name"),
        Column("expected_amount", currency="currency"),
        Column("office_id"),
        Column("crm_created_at"),
        Column("due_at"),
        Column("bd.name"),
    )
    template = "ho_desk.html"

    async def beside_list(self, viewer: Viewer, reader: Reader) -> dict[str, Any]:
        """Say what lets the viewer create."""
        return {"create_right": Right.OPPORTUNITY_CREATE_HO}

    def lay(self) -> None:
        """Add the routes of list and form; an HO's own page is that of every opportunity."""
        super().lay()
        self.site.get("/ho-desk/new", self.form_page, "ho-desk-new")
        self.site.post("/ho-desk/new", self.create, "ho-desk-create")

    async def form_page(self, request: Request) -> Response:
        """Show the form of a new HO."""
        self._may_create(viewer_of(request).actor)
        return await self._form(request, Filled())

    async def create(self, request: Request, form: FormData) -> Response:
        """Create an HO with the time of its creation in CRM."""
        viewer = viewer_of(request)
        self._may_create(viewer.actor)
        filled = fill(HO_INPUTS, form)
        if filled.sound:
            values = {name: value for name, value in filled.values.items() if value is not None}
            created = values.pop("crm_created_at")
            try:
                record = await viewer.act(lambda work: ho.create(work, values, crm_created_at=created))
            except (NotFoundError, PermissionDeniedError):
                raise
            except DomainError as error:
                filled.refuse(error, HO_INPUTS)
            else:
                self.site.tell(request, "ho_created")
                return self.site.go(f"{self.site.base_url}/opportunities/{record.public_id}")
        return await self._form(request, filled, 422)

    def _may_create(self, actor: Actor) -> None:
        actor.require(Right.OPPORTUNITY_CREATE_HO)

    async def _form(self, request: Request, filled: Filled, status: int = 200) -> Response:
        return await self.site.render(
            request,
            "edit.html",
            status,
            pages=self,
            inputs=HO_INPUTS,
            filled=filled,
            action=f"{self.address}/new",
            cancel=self.address,
            trail=[(say(self.title), self.address)],
            heading=say("ho_create"),
            intro=say("ho_create_note"),
            version=0,
        )


ask_for(
    VALIDATION_QUEUE,
    "reject_validation",
    Input("duplicate_of_id", "record", prefix="opp", options=()),
    duplicate_of_id=_duplicates,
)
