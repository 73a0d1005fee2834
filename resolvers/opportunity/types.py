"""How opportunities and what hangs on them look in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

from models import opportunity as domain
from models.kernel.work import Work
from models.opportunity import (
    CancelReason,
    Concern,
    DeclineReason,
    Direction,
    DuplicateSignal,
    LostReason,
    OfferStatus,
    Origin,
    PreSalesActivity,
    PriorityRule,
    RejectionReason,
    Stage,
    Status,
    Support,
)
from models.reference import CompanySize
from resolvers.context import Info
from resolvers.customer import Customer
from resolvers.fields import Connection, Node, Row, computed, listed, many, needs, node, one
from resolvers.file import Attachment
from resolvers.identity.types import Account
from resolvers.journal import JournalLine
from resolvers.mutation import Payload, answers
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Day, Instant, Money
from resolvers.words import publish

publish(
    Status,
    Stage,
    Direction,
    Origin,
    RejectionReason,
    LostReason,
    CancelReason,
    Concern,
    DeclineReason,
    OfferStatus,
    Support,
    PreSalesActivity,
    DuplicateSignal,
    PriorityRule,
    CompanySize,
)


def _money(column: str, description: str) -> Any:
    return computed(
        column, "currency", of=lambda row, _: Money.of(row[column], row["currency"]), description=description
    )


@strawberry.type(description="The clock of the present state, told to both sides.")
class Sla:
    """A deadline (时限): when it ends, what then happens, and what stopped the clock before it."""

    due_at: Instant
    working_hours_left: float
    on_breach_zh: str
    on_breach_en: str
    paused_because_zh: str | None
    paused_because_en: str | None


def _sla(row: Mapping[str, Any], reader: Any) -> Sla | None:
    found = domain.clock_told(row, reader)
    return None if found is None else Sla(**found)


@strawberry.type(description="Why a step is not possible now.")
class Blocker:
    """One thing that stands against a step (阻碍原因)."""

    code: str
    path: list[str]
    message_zh: str
    message_en: str


@strawberry.type(description="A step that leads on from the present state.")
class AvailableTransition:
    """A step that this viewer's rights cover (可执行操作), with what blocks it."""

    verb: str
    label_zh: str
    label_en: str
    target: Status
    possible: bool
    reason_codes: list[str]
    needs_reason: bool
    blocked_by: list[Blocker]


@node(domain.OpportunityLine, name="OpportunityLine", description="A product that the customer would buy.")
class OpportunityLine(Node):
    """A product line (产品行)."""

    product: str
    service: str | None
    quantity: int
    amount: Money | None = _money("amount", "Amount of the line.")


@node(domain.ProgressUpdate, name="ProgressUpdate", description="One report on how the sale goes; never changed.")
class ProgressUpdate(Node):
    """A progress update (进展更新)."""

    at: Instant
    by_name: str
    stage: Stage
    win_probability: int
    next_step: str | None
    expected_amount: Money | None = _money("expected_amount", "Expected amount at that time.")
    expected_sign_date: Day | None
    details: str
    backwards_note: str | None

    @strawberry.field(metadata=many("attachments"), description="The files of this report, newest first.")
    def attachments(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Attachment]:
        """List the files."""
        return listed(self, info)  # type: ignore[no-any-return]


@node(domain.OwnerCheck, name="OwnerCheck", description="What the customer said when its owner asked.")
class OwnerCheck(Node):
    """An owner check (客户负责人核实)."""

    at: Instant
    by_name: str | None
    on_owners_word: bool
    exists: bool | None
    already_closed: bool | None
    has_budget: bool | None
    order_time: str | None
    remark: str | None


@node(domain.DuplicateMatch, name="DuplicateMatch", description="What a reviewer sees of a rival record.")
class DuplicateMatch(Node):
    """A possible duplicate (疑似重复)."""

    found_at: Instant
    signals: list[DuplicateSignal] | None
    other_number: str | None
    other_name: str | None
    other_company: str | None
    other_partner: str | None
    other_direction: Direction | None
    other_status: Status | None
    other_submitted_at: Instant | None
    own_clock: Instant | None
    other_clock: Instant | None
    has_priority: bool | None
    rule: PriorityRule | None


@node(domain.HoOffer, name="HoOffer", description="An opportunity that Huawei offers to a partner, before acceptance.")
class HoOffer(Node):
    """An HO offer (华为共享)."""

    status: OfferStatus
    version: int
    shared_at: Instant
    due_at: Instant | None
    viewed_at: Instant | None
    answered_at: Instant | None
    decline_reason: DeclineReason | None
    decline_note: str | None
    name: str
    industry: str | None
    province: str | None
    need: str | None
    expected_amount: Money | None = _money("expected_amount", "Expected amount.")
    expected_sign_date: Day | None
    demand_tags: list[str]
    partner: PartnerOrganisation | None = one()


@node(domain.Opportunity, name="Opportunity", description="A deal that a partner and Huawei Cloud share.")
class Opportunity(Node):
    """An opportunity (机会点)."""

    version: int
    direction: Direction
    origin: Origin
    status: Status
    name: str
    external_id: str | None
    created_at: Instant
    updated_at: Instant
    submitted_at: Instant | None
    audit_approved_at: Instant | None
    validated_at: Instant | None
    accepted_at: Instant | None
    due_at: Instant | None
    company_name: str | None
    credit_code: str | None
    account_name: str | None
    industry: str | None
    sub_industry: str | None
    province: str | None
    city: str | None
    address: str | None
    website: str | None
    company_size: CompanySize | None
    office_id: str | None
    contact_name: str | None
    contact_title: str | None
    contact_mobile: str | None
    contact_email: str | None
    consent_confirmed: bool
    budget: str | None
    authority: str | None
    need: str | None
    timeline: str | None
    currency: str
    expected_amount: Money | None = _money("expected_amount", "Expected amount of cloud resources.")
    expected_sign_date: Day | None
    expected_go_live_date: Day | None
    pre_sales_activities: list[PreSalesActivity] | None
    offering_ids: list[strawberry.ID] | None
    demand_tags: list[str] | None
    services: list[str] | None
    support_needed: list[Support] | None
    counts_for_assessment: bool
    returned_fields: list[str]
    rejection_reason: RejectionReason | None
    message_to_partner: str | None
    internal_note: str | None
    has_duplicates: bool
    owner_checked_at: Instant | None
    owner_check_passed: bool | None
    crm_created_at: Instant | None
    missing: list[str]
    stage: Stage | None
    win_probability: int | None
    next_step: str | None
    last_progress_at: Instant | None
    signed_amount: Money | None = _money("signed_amount", "Amount of the signed contract.")
    contract_number: str | None
    consuming_account: str | None
    signed_on: Day | None
    lost_reason: LostReason | None
    competitor: str | None
    lost_note: str | None
    lost_on: Day | None
    delivered_on: Day | None
    delivery_confirmed_at: Instant | None
    dispute_until: Instant | None
    cancel_reason: CancelReason | None
    is_stale: bool = computed(
        *domain.progress.STALE_COLUMNS,
        of=domain.progress.is_stale,
        leans=True,
        description="Progress is overdue: none for 30 days.",
    )
    sla: Sla | None = computed(
        "direction", "status", "due_at", of=_sla, leans=True, description="The clock of the present state."
    )
    concerns: list[Concern] | None = computed(
        *domain.CONCERN_COLUMNS,
        of=domain.concerns_told,
        leans=True,
        description="What a reviewer should look at twice; hints, never refusals.",
    )
    partner: PartnerOrganisation | None = one()
    customer: Customer | None = one("The customer's own row, where the viewer sees it.")
    responsible: Account | None = one("The partner's person in charge.")
    owner: Account | None = one("Huawei's customer owner.")
    bd: Account | None = one("Huawei's BD.")
    previous: Opportunity | None = one("The rejected opportunity that this one was copied from.")

    @strawberry.field(metadata=many("lines"), description="Product lines.")
    def lines(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[OpportunityLine]:
        """List the product lines."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("progress"), description="Progress, newest first.")
    def progress(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[ProgressUpdate]:
        """List the progress updates."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=many("attachments"),
        description="The files of the opportunity, its progress and its decisions that the viewer may read.",
    )
    def attachments(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Attachment]:
        """List the files."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("owner_checks"), description="Owner checks, newest first; Huawei's side only.")
    def owner_checks(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[OwnerCheck]:
        """List the owner checks."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("duplicates"), description="Possible duplicates; Huawei's side only.")
    def duplicates(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[DuplicateMatch]:
        """List the possible duplicates."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("offers"), description="Offers to partners, newest first.")
    def offers(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[HoOffer]:
        """List the offers."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("history"), description="What happened, newest first.")
    def history(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[JournalLine]:
        """List the journal lines of the opportunity."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=needs("id"), description="Steps that lead on from here, with what blocks each.")
    async def available_transitions(self, info: Info) -> list[AvailableTransition]:
        """List the steps that this viewer's rights cover."""
        row: Any = self
        return [_available(standing) for standing in await _standing(info, row)]


async def _standing(info: Info, row: Row) -> list[Any]:
    async with info.context.reading() as reader:
        work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
        return await domain.standing(work, row.uid)


def _available(standing: Any) -> AvailableTransition:
    step = standing.transition
    return AvailableTransition(
        verb=step.verb,
        label_zh=step.zh,
        label_en=step.en,
        target=step.target,
        possible=standing.possible,
        reason_codes=[str(code) for code in step.reasons],
        needs_reason=step.reason,
        blocked_by=[
            Blocker(
                code=error.code,
                path=[str(part) for part in error.path],
                message_zh=error.message("zh"),
                message_en=error.message("en"),
            )
            for error in standing.blocks
        ],
    )


@strawberry.type
@answers(opportunity=domain.Opportunity)
class OpportunityPayload(Payload):
    """What a mutation on an opportunity answers."""

    opportunity: Opportunity | None = None


@strawberry.type
@answers(progress_update=domain.ProgressUpdate)
class ProgressPayload(Payload):
    """What a progress report answers."""

    progress_update: ProgressUpdate | None = None


@strawberry.type
@answers(offer=domain.HoOffer)
class HoOfferPayload(Payload):
    """What looking at an offer, or declining it, answers."""

    offer: HoOffer | None = None


@strawberry.type(description="Counts and amounts of one group; amounts are null for whoever may not read them.")
class SummaryGroup:
    """One group of a pipeline (汇总)."""

    key: str | None
    count: int
    expected: list[Money] | None
    signed: list[Money] | None


@strawberry.type(description="The figures of the opportunities that the viewer sees, under a filter.")
class OpportunitySummary:
    """A pipeline in figures (机会点汇总)."""

    count: int
    won: SummaryGroup
    lost: SummaryGroup
    open: SummaryGroup
    by_status: list[SummaryGroup]
    by_stage: list[SummaryGroup]
    by_month: list[SummaryGroup]
    by_currency: list[SummaryGroup]
