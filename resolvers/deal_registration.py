"""Deal registrations in GraphQL: three pages, then registered, then progress that is only added to."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models import deal_registration as domain
from models.customer import Customer as CustomerRow
from models.customer_report import CustomerReport as ReportRow
from models.deal_registration import BillingMode, RegistrationStatus
from models.identity import Account as AccountRow
from models.opportunity import Stage
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.context import Info, given, searched
from resolvers.customer import Customer
from resolvers.customer_report import CustomerReport
from resolvers.fields import Connection, Node, by_id, computed, listed, many, needs, node, one, search
from resolvers.identity.types import Account
from resolvers.journal import JournalLine
from resolvers.mutation import Action, Payload, act, answers, patch
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Day, Instant, Money, MoneyInput, uid
from resolvers.steps import NextStep, next_steps
from resolvers.words import publish

publish(BillingMode, RegistrationStatus, Stage)


@node(domain.DealProgress, description="One report on how a registered deal goes; never changed.")
class DealProgress(Node):
    """A report on a deal (商机进展)."""

    at: Instant
    by_name: str
    stage: Stage
    win_probability: int
    technical_exchange: str | None
    test_status: str | None
    details: str


@node(domain.DealRegistration, description="A deal that a partner registers for a customer of its own.")
class DealRegistration(Node):
    """A deal registration (商机报备)."""

    status: RegistrationStatus
    version: int
    name: str
    company_name: str | None
    account_name: str | None
    task_id: str | None
    requirement: str | None
    services: list[str]
    contact_name: str | None
    contact_mobile: str | None
    contact_email: str | None
    currency: str
    expected_amount: Money | None = computed(
        "expected_amount",
        "currency",
        of=lambda row, _: Money.of(row["expected_amount"], row["currency"]),
        description="Expected revenue.",
    )
    expected_sign_date: Day | None
    revenue_starts_on: Day | None
    term_months: int | None
    billing_mode: BillingMode | None
    office_id: str | None
    registered_at: Instant | None
    stage: Stage | None
    win_probability: int | None
    last_progress_at: Instant | None
    created_at: Instant
    updated_at: Instant
    partner: PartnerOrganisation | None = one()
    customer: Customer | None = one("The customer's own row, where the viewer sees it.")
    report: CustomerReport | None = one("The report of the customer, where it was reported and not yet associated.")
    manager: Account | None = one("The account manager whose deal it is.")

    @strawberry.field(metadata=many("progress"), description="Progress, newest first.")
    def progress(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[DealProgress]:
        """List the progress."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("journal"), description="What happened, newest first.")
    def journal(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[JournalLine]:
        """List the operation records."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=needs("id"), description="Steps that lead on from here, with what blocks each.")
    async def available_transitions(self, info: Info) -> list[NextStep]:
        """List the steps that this viewer's rights cover."""
        row: Any = self
        return await next_steps(info, row.uid, domain.standing)


@strawberry.enum(description="What deal registrations can be sorted by.")
class DealRegistrationSortKey(enum.Enum):
    """A sort key of deal registrations (排序字段)."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    EXPECTED_AMOUNT = "expected_amount"
    EXPECTED_SIGN_DATE = "expected_sign_date"


@strawberry.input
class DealRegistrationSort:
    """One sort key with its direction."""

    by: DealRegistrationSortKey
    descending: bool = True


@strawberry.input
class DealRegistrationFilter:
    """Which deal registrations (COL-6.1.7); masked fields are found by those who may reveal them."""

    name: str | None = strawberry.field(default=None, description="A part of the name.")
    company_name: str | None = strawberry.field(default=None, description="A part of the name.")
    account_name: str | None = strawberry.field(default=None, description="Exactly.")
    manager: strawberry.ID | None = None
    manager_name: str | None = strawberry.field(default=None, description="A part of the name.")
    customer: strawberry.ID | None = None
    report: strawberry.ID | None = None
    task: str | None = strawberry.field(default=None, description="Exactly.")
    status: list[RegistrationStatus] | None = None
    stage: list[Stage] | None = None
    partner: strawberry.ID | None = None
    office: list[str] | None = None
    created_from: Instant | None = None
    created_before: Instant | None = strawberry.field(default=None, description="Not included.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        given = dict(vars(self))
        for name, prefix in (
            ("manager", AccountRow.prefix),
            ("customer", CustomerRow.prefix),
            ("report", ReportRow.prefix),
            ("partner", PartnerRow.prefix),
        ):
            given[name] = given[name] and uid(given[name], prefix, name)
        return given


@strawberry.input
class DealBasicInput:
    """The first page: what the deal is called, and the sales task that it came from."""

    name: strawberry.Maybe[str]
    task_id: strawberry.Maybe[str | None]


@strawberry.input
class DealDetailInput:
    """The second page: what the customer needs, and whom to speak to."""

    requirement: strawberry.Maybe[str | None]
    services: strawberry.Maybe[list[str]]
    contact_name: strawberry.Maybe[str | None]
    contact_mobile: strawberry.Maybe[str | None]
    contact_email: strawberry.Maybe[str | None]


@strawberry.input
class DealRevenueInput:
    """The third page, every field of which is mandatory once it is filled (COL-6.1.4)."""

    expected_amount: strawberry.Maybe[MoneyInput]
    expected_sign_date: strawberry.Maybe[Day]
    revenue_starts_on: strawberry.Maybe[Day]
    term_months: strawberry.Maybe[int]
    billing_mode: strawberry.Maybe[BillingMode]


@strawberry.input
class DealPagesInput(Action):
    """The three pages, each of which may be filled later."""

    basic: DealBasicInput | None = None
    detail: DealDetailInput | None = None
    revenue: DealRevenueInput | None = None

    def values(self) -> dict[str, Any]:
        """Give what was filled, as the domain names it."""
        given: dict[str, Any] = {}
        if self.basic is not None:
            given |= patch(self.basic, *domain.BASIC)
        if self.detail is not None:
            given |= patch(self.detail, *domain.DETAIL)
        if self.revenue is not None:
            given |= patch(self.revenue, *(name for name in domain.REVENUE if name != "currency"))
            if (money := given.get("expected_amount")) is not None:
                given |= {"expected_amount": money.amount, "currency": money.currency}
        return given


@strawberry.input
class DealRegistrationCreateInput(DealPagesInput):
    """A deal with an associated customer, or with a reported one, named by its report."""

    customer: strawberry.ID | None = None
    report: strawberry.ID | None = None


@strawberry.input
class DealRegistrationEditInput(DealPagesInput):
    """What changes of a deal registration; what is left out stays."""

    id: strawberry.ID
    version: int


@strawberry.input
class DealRegistrationSubmitInput(Action):
    """The deal registration as the caller read it."""

    id: strawberry.ID
    version: int


@strawberry.input
class DealRegistrationReportProgressInput(Action):
    """How the deal goes: the five fields of COL-2.6.6."""

    id: strawberry.ID
    stage: Stage
    win_probability: int
    details: str
    technical_exchange: str | None = None
    test_status: str | None = None


@strawberry.type
@answers(deal_registration=domain.DealRegistration)
class DealRegistrationPayload(Payload):
    """What an action on a deal registration answers."""

    deal_registration: DealRegistration | None = None


@strawberry.type
@answers(deal_progress=domain.DealProgress)
class DealProgressPayload(Payload):
    """What a report on a deal answers."""

    deal_progress: DealProgress | None = None


@strawberry.type
class DealRegistrationQuery:
    """What can be asked about deal registrations."""

    @strawberry.field(
        metadata=by_id(domain.DealRegistration),
        description="One deal registration; null where the viewer sees none.",
    )
    async def deal_registration(self, info: Info, id: strawberry.ID) -> DealRegistration | None:
        """Give one deal registration."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.DealRegistration),
        description="The deal registrations that the viewer sees (COL-6.1.6, COL-6.1.7).",
    )
    async def deal_registrations(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: DealRegistrationFilter | None = None,
        sort: list[DealRegistrationSort] | None = None,
    ) -> Connection[DealRegistration] | None:
        """List deal registrations."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


def _id(value: str) -> Any:
    return uid(value, domain.DealRegistration.prefix)


@strawberry.type
class DealRegistrationMutation:
    """What a partner's people do with deal registrations."""

    @strawberry.mutation(description="Begin a deal registration for a reported or associated customer (COL-6.1.1).")
    async def deal_registration_create(
        self, info: Info, input: DealRegistrationCreateInput
    ) -> DealRegistrationPayload | None:
        """Create a deal registration."""
        values = input.values()
        customer = uid(input.customer, CustomerRow.prefix, "customer") if input.customer is not None else None
        report = uid(input.report, ReportRow.prefix, "report") if input.report is not None else None
        return await act(
            info,
            input,
            lambda work: domain.create(work, customer, values, report_id=report),
            DealRegistrationPayload,
            "deal_registration",
        )

    @strawberry.mutation(description="Edit pages of a deal registration; its progress stays (COL-6.1.4, COL-6.1.5).")
    async def deal_registration_edit(
        self, info: Info, input: DealRegistrationEditInput
    ) -> DealRegistrationPayload | None:
        """Edit a deal registration."""
        values = input.values()
        return await act(
            info,
            input,
            lambda work: domain.edit(work, _id(input.id), values, version=input.version),
            DealRegistrationPayload,
            "deal_registration",
        )

    @strawberry.mutation(description="Register the deal; from then on Huawei's side sees it (COL-6.1.4).")
    async def deal_registration_submit(
        self, info: Info, input: DealRegistrationSubmitInput
    ) -> DealRegistrationPayload | None:
        """Register a deal."""
        return await act(
            info,
            input,
            lambda work: domain.submit(work, _id(input.id), version=input.version),
            DealRegistrationPayload,
            "deal_registration",
        )

    @strawberry.mutation(description="Tell progress; it appends and edits nothing (COL-6.1.5).")
    async def deal_registration_report_progress(
        self, info: Info, input: DealRegistrationReportProgressInput
    ) -> DealProgressPayload | None:
        """Tell the progress of a deal."""
        return await act(
            info,
            input,
            lambda work: domain.report_progress(
                work,
                _id(input.id),
                stage=input.stage,
                win_probability=input.win_probability,
                details=input.details,
                technical_exchange=input.technical_exchange,
                test_status=input.test_status,
            ),
            DealProgressPayload,
            "deal_progress",
        )
