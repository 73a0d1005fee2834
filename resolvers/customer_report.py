"""Reports of customers in GraphQL: report, void, and what became of them."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models import customer_report as domain
from models.approval import DecisionInput
from models.customer_report import ReportStatus, ReviewCause
from models.identity import Account as AccountRow
from models.kernel.work import Work
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.context import Info, given, searched
from resolvers.customer import Customer
from resolvers.fields import Connection, Node, by_id, needs, node, one, search
from resolvers.identity.types import Account
from resolvers.mutation import Action, Payload, act, answers
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, uid
from resolvers.steps import NextStep, next_steps
from resolvers.words import publish

publish(ReportStatus, ReviewCause)


@node(domain.CustomerReport, description="A prospect that a partner has reported; while it holds nobody else does.")
class CustomerReport(Node):
    """A report (报备客户)."""

    status: ReportStatus
    company_name: str | None
    credit_code: str | None
    account_name: str | None
    contact_name: str | None
    mobile: str | None
    email: str | None
    industry: str | None
    province: str | None
    statement: str | None
    review_causes: list[ReviewCause]
    reported_at: Instant | None
    due_at: Instant | None
    escalated_at: Instant | None
    verdict_reason: str | None
    created_at: Instant
    updated_at: Instant
    version: int
    partner: PartnerOrganisation | None = one()
    submitter: Account | None = one("Who reported it.")
    account_manager: Account | None = one("The account manager who reported it.")
    customer: Customer | None = one("The customer, for whoever sees it; its own partner does once it is associated.")

    @strawberry.field(metadata=needs("id"), description="Steps that lead on from here, with what blocks each.")
    async def available_transitions(self, info: Info) -> list[NextStep]:
        """List the steps that this viewer's rights cover."""
        row: Any = self
        return await next_steps(info, row.uid, domain.standing)


@strawberry.enum(description="What reports can be sorted by.")
class CustomerReportSortKey(enum.Enum):
    """A sort key of reports (排序字段)."""

    CREATED_AT = "created_at"
    DUE_AT = "due_at"


@strawberry.input
class CustomerReportSort:
    """One sort key with its direction."""

    by: CustomerReportSortKey
    descending: bool = True


@strawberry.input
class CustomerReportFilter:
    """Which reports; masked fields are found by those who may reveal them."""

    status: list[ReportStatus] | None = None
    company_name: str | None = strawberry.field(default=None, description="A part of the name.")
    account_name: str | None = strawberry.field(default=None, description="Exactly.")
    credit_code: str | None = strawberry.field(default=None, description="Exactly.")
    mobile: str | None = strawberry.field(default=None, description="Exactly.")
    email: str | None = strawberry.field(default=None, description="Exactly.")
    industry: list[str] | None = None
    province: list[str] | None = None
    account_manager: strawberry.ID | None = None
    partner: strawberry.ID | None = None
    office: list[str] | None = None
    due_before: Instant | None = strawberry.field(default=None, description="Included.")
    created_from: Instant | None = None
    created_to: Instant | None = strawberry.field(default=None, description="Not included.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        given = dict(vars(self))
        for name, prefix in (("account_manager", AccountRow.prefix), ("partner", PartnerRow.prefix)):
            given[name] = given[name] and uid(given[name], prefix, name)
        return given


@strawberry.input
class CustomerReportCreateInput(Action):
    """A prospect as the partner knows it; a mobile number or an e-mail address is needed."""

    company_name: str
    credit_code: str | None = None
    account_name: str | None = None
    contact_name: str | None = None
    mobile: str | None = strawberry.field(default=None, description="Of mainland China, in plain digits.")
    email: str | None = strawberry.field(default=None, description="Where an invitation by mail goes.")
    industry: str | None = None
    province: str | None = None
    statement: str | None = strawberry.field(
        default=None,
        description="For a review: the consumption expected, the contact so far, the project (COL-5.2.7).",
    )


@strawberry.input
class CustomerReportInput(Action):
    """A report as the caller read it."""

    id: strawberry.ID
    version: int


@strawberry.input
class CustomerReportRejectInput(Action):
    """A verdict with its reason, which the partner reads."""

    id: strawberry.ID
    version: int
    reason: str


@strawberry.type
@answers(report=domain.CustomerReport)
class CustomerReportPayload(Payload):
    """What an action on a report answers."""

    report: CustomerReport | None = None


@strawberry.type
class CustomerReportQuery:
    """What can be asked about reports."""

    @strawberry.field(metadata=by_id(domain.CustomerReport), description="One report; null where the viewer sees none.")
    async def customer_report(self, info: Info, id: strawberry.ID) -> CustomerReport | None:
        """Give one report."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(metadata=search(domain.CustomerReport), description="The reports that the viewer sees.")
    async def customer_reports(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: CustomerReportFilter | None = None,
        sort: list[CustomerReportSort] | None = None,
    ) -> Connection[CustomerReport] | None:
        """List reports."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


@strawberry.type
class CustomerReportMutation:
    """What is done with reports."""

    @strawberry.mutation(description="Report a prospect; every cause that stands against it is told at once (COL-5.2).")
    async def customer_report_create(
        self, info: Info, input: CustomerReportCreateInput
    ) -> CustomerReportPayload | None:
        """Report a prospect."""
        values = {name: getattr(input, name) for name in domain.FORM}
        return await act(info, input, lambda work: domain.report(work, values), CustomerReportPayload, "report")

    @strawberry.mutation(description="Take a report back that holds; its open invitations are withdrawn.")
    async def customer_report_void(self, info: Info, input: CustomerReportInput) -> CustomerReportPayload | None:
        """Void a report."""
        id = uid(input.id, domain.CustomerReport.prefix)
        return await act(
            info, input, lambda work: domain.void(work, id, version=input.version), CustomerReportPayload, "report"
        )

    @strawberry.mutation(description="Approve a report that waits; it holds from now on.")
    async def customer_report_approve(self, info: Info, input: CustomerReportInput) -> CustomerReportPayload | None:
        """Approve a report."""
        return await _decide(info, input, "approve", DecisionInput())

    @strawberry.mutation(description="Reject a report that waits, with a reason that the partner reads.")
    async def customer_report_reject(
        self, info: Info, input: CustomerReportRejectInput
    ) -> CustomerReportPayload | None:
        """Reject a report."""
        return await _decide(info, input, "reject", DecisionInput(reason=input.reason))


async def _decide(
    info: Info, input: CustomerReportInput | CustomerReportRejectInput, verb: str, given: DecisionInput
) -> CustomerReportPayload:
    id = uid(input.id, domain.CustomerReport.prefix)

    async def action(work: Work) -> domain.CustomerReport:
        record = await work.get(domain.CustomerReport, id, version=input.version)
        await domain.review(work, record, verb, given)
        return record

    return await act(info, input, action, CustomerReportPayload, "report")
