"""Leads in GraphQL: entered or sent down, dispatched, followed up, converted, closed."""

from __future__ import annotations

import enum
from typing import Any
from uuid import UUID

import strawberry

from models import lead as domain
from models.customer import Customer as CustomerRow
from models.customer import CustomerType
from models.customer_report import CustomerReport as ReportRow
from models.identity import Account as AccountRow
from models.kernel.record import Record
from models.kernel.values import public_id
from models.kernel.work import Work
from models.lead import LeadCloseReason, LeadLevel, LeadSource, LeadStatus
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.context import Info, given, searched
from resolvers.deal_registration import DealRegistration
from resolvers.fields import Connection, Node, by_id, listed, many, needs, node, one, search
from resolvers.identity.types import Account
from resolvers.journal import JournalLine
from resolvers.mutation import Action, Payload, act, answers, keyed, patch
from resolvers.opportunity.types import Blocker, Opportunity
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, given_instant, uid
from resolvers.steps import NextStep, blockers, next_steps
from resolvers.words import publish

publish(LeadCloseReason, LeadLevel, LeadSource, LeadStatus, CustomerType)


@node(domain.LeadFollowUp, description="What a follower did about a lead; never changed.")
class LeadFollowUp(Node):
    """A follow-up (跟进记录)."""

    at: Instant
    by_name: str
    note: str
    next_follow_at: Instant | None


@node(domain.Lead, description="Somebody who may become a customer.")
class Lead(Node):
    """A lead (线索)."""

    status: LeadStatus
    version: int
    source: LeadSource
    campaign_name: str | None
    company_name: str | None
    customer_name: str | None
    account_name: str | None
    email: str | None
    mobile: str | None
    customer_type: CustomerType
    industry: str | None
    province: str | None
    level: LeadLevel | None
    requirement: str | None
    office_id: str | None
    dispatched_at: Instant | None
    last_follow_up_at: Instant | None
    next_follow_at: Instant | None
    close_reason: LeadCloseReason | None
    created_at: Instant
    updated_at: Instant
    partner: PartnerOrganisation | None = one()
    follower: Account | None = one("The member to whom it is dispatched.")
    converted_opportunity: Opportunity | None = one("The opportunity that it became, where the viewer sees it.")
    converted_deal_registration: DealRegistration | None = one(
        "The deal registration that it became, where the viewer sees it."
    )

    @strawberry.field(metadata=many("follow_ups"), description="How it was followed up, newest first.")
    def follow_ups(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[LeadFollowUp]:
        """List the follow-ups."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=many("journal"),
        description="Every change of it and every look at what is hidden, newest first (COL-6.2.6, COL-6.2.8).",
    )
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


@strawberry.enum(description="What leads can be sorted by.")
class LeadSortKey(enum.Enum):
    """A sort key of leads (排序字段)."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    NEXT_FOLLOW_AT = "next_follow_at"


@strawberry.input
class LeadSort:
    """One sort key with its direction."""

    by: LeadSortKey
    descending: bool = True


@strawberry.input
class LeadFilter:
    """Which leads (COL-6.2.1, COL-6.2.2); masked fields are found by those who may reveal them."""

    account_name: str | None = strawberry.field(default=None, description="The Huawei Cloud account, exactly.")
    company_name: str | None = strawberry.field(default=None, description="A part of the name.")
    customer_name: str | None = strawberry.field(default=None, description="A part of the name.")
    email: str | None = strawberry.field(default=None, description="Exactly.")
    mobile: str | None = strawberry.field(default=None, description="Exactly.")
    customer_type: list[CustomerType] | None = None
    level: list[LeadLevel] | None = None
    campaign_name: str | None = strawberry.field(default=None, description="A part of the name.")
    follower: strawberry.ID | None = None
    follower_name: str | None = strawberry.field(default=None, description="A part of the name.")
    status: list[LeadStatus] | None = None
    source: list[LeadSource] | None = None
    industry: list[str] | None = None
    province: list[str] | None = None
    partner: strawberry.ID | None = None
    office: list[str] | None = None
    overdue: bool | None = strawberry.field(default=None, description="Whether the planned follow-up has passed.")
    next_follow_before: Instant | None = strawberry.field(default=None, description="Not included.")
    created_from: Instant | None = None
    created_before: Instant | None = strawberry.field(default=None, description="Not included.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        given = dict(vars(self))
        for name, prefix in (("follower", AccountRow.prefix), ("partner", PartnerRow.prefix)):
            given[name] = given[name] and uid(given[name], prefix, name)
        return given


@strawberry.input
class LeadFormInput:
    """What is known of a lead; a company or a customer's name at least."""

    company_name: str | None = None
    customer_name: str | None = None
    account_name: str | None = strawberry.field(default=None, description="The Huawei Cloud account.")
    email: str | None = None
    mobile: str | None = None
    customer_type: CustomerType | None = None
    industry: str | None = None
    province: str | None = None
    level: LeadLevel | None = None
    requirement: str | None = None
    campaign_name: str | None = None
    next_follow_at: Instant | None = None


@strawberry.input
class LeadCreateInput(Action):
    """A lead of one's own organisation."""

    form: LeadFormInput


@strawberry.input
class LeadPushInput(Action):
    """A lead that Huawei sends down to a partner; its source is HUAWEI or CAMPAIGN."""

    partner: strawberry.ID
    form: LeadFormInput
    source: LeadSource = LeadSource.HUAWEI


@strawberry.input
class LeadEditInput(Action):
    """What changes of a lead's description; what is left out stays."""

    id: strawberry.ID
    version: int
    customer_type: strawberry.Maybe[CustomerType | None]
    industry: strawberry.Maybe[str | None]
    province: strawberry.Maybe[str | None]
    level: strawberry.Maybe[LeadLevel | None]
    requirement: strawberry.Maybe[str | None]
    next_follow_at: strawberry.Maybe[Instant | None]


@strawberry.input
class LeadDispatchInput(Action):
    """Who is to follow the lead up, and by when."""

    id: strawberry.ID
    version: int
    follower: strawberry.ID
    next_follow_at: Instant | None = None


@strawberry.input
class LeadReference:
    """A lead as the caller read it; without a version it is taken as it is."""

    id: strawberry.ID
    version: int | None = None


@strawberry.input
class LeadDispatchBatchInput(Action):
    """Up to 100 leads for one follower."""

    leads: list[LeadReference]
    follower: strawberry.ID


@strawberry.input
class LeadAddFollowUpInput(Action):
    """What was done, and when it goes on."""

    id: strawberry.ID
    note: str
    next_follow_at: Instant | None = None


@strawberry.input
class LeadConvertToOpportunityInput(Action):
    """The name of the opportunity; without one it bears the campaign's."""

    id: strawberry.ID
    version: int
    name: str | None = None


@strawberry.input
class LeadConvertToDealRegistrationInput(Action):
    """The customer, or the report of it, and the name of the deal; without one it bears the campaign's."""

    id: strawberry.ID
    version: int
    customer: strawberry.ID | None = None
    report: strawberry.ID | None = None
    name: str | None = None


@strawberry.input
class LeadCloseInput(Action):
    """Why the lead is closed."""

    id: strawberry.ID
    version: int
    reason_code: LeadCloseReason
    reason: str | None = None


@strawberry.input
class LeadReopenInput(Action):
    """The lead as the caller read it."""

    id: strawberry.ID
    version: int
    reason: str | None = None


@strawberry.type
@answers(lead=domain.Lead)
class LeadPayload(Payload):
    """What an action on a lead answers."""

    lead: Lead | None = None


@strawberry.type
@answers(follow_up=domain.LeadFollowUp)
class LeadFollowUpPayload(Payload):
    """What a follow-up answers."""

    follow_up: LeadFollowUp | None = None


@strawberry.type(description="What became of one lead of a batch.")
class LeadDispatchResult:
    """The result of one lead (派发结果)."""

    id: strawberry.ID
    dispatched: bool
    errors: list[Blocker]


@strawberry.type(description="What became of a batch, in the order of the call.")
class LeadDispatchBatchPayload:
    """The results of a batch (批量派发结果)."""

    results: list[LeadDispatchResult]
    replayed: bool = strawberry.field(default=False, description="True where the key had been used before.")


@strawberry.type
class LeadQuery:
    """What can be asked about leads."""

    @strawberry.field(metadata=by_id(domain.Lead), description="One lead; null where the viewer sees none.")
    async def lead(self, info: Info, id: strawberry.ID) -> Lead | None:
        """Give one lead."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.Lead), description="The leads that the viewer sees (COL-6.2.1, COL-6.2.8)."
    )
    async def leads(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: LeadFilter | None = None,
        sort: list[LeadSort] | None = None,
    ) -> Connection[Lead] | None:
        """List leads."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


def _id(value: str, path: str = "id") -> UUID:
    return uid(value, domain.Lead.prefix, path)


def _form(form: LeadFormInput) -> dict[str, Any]:
    return {name: value for name in domain.FORM if (value := getattr(form, name)) is not None}


@strawberry.type
class LeadMutation:
    """What is done with leads."""

    @strawberry.mutation(description="Enter a lead of one's own organisation (COL-6.2.7).")
    async def lead_create(self, info: Info, input: LeadCreateInput) -> LeadPayload | None:
        """Enter a lead."""
        values = _form(input.form)
        return await act(info, input, lambda work: domain.create(work, values), LeadPayload, "lead")

    @strawberry.mutation(description="Send a lead down to a partner (COL-6.2.7).")
    async def lead_push(self, info: Info, input: LeadPushInput) -> LeadPayload | None:
        """Send a lead down."""
        partner, values = uid(input.partner, PartnerRow.prefix, "partner"), _form(input.form)
        return await act(
            info,
            input,
            lambda work: domain.push(work, partner, values, source=input.source),
            LeadPayload,
            "lead",
        )

    @strawberry.mutation(description="Edit what describes an open lead.")
    async def lead_edit(self, info: Info, input: LeadEditInput) -> LeadPayload | None:
        """Edit a lead."""
        values = patch(input, *domain.DESCRIPTION)
        return await act(
            info,
            input,
            lambda work: domain.edit(work, _id(input.id), values, version=input.version),
            LeadPayload,
            "lead",
        )

    @strawberry.mutation(description="Give a lead to the member who is to follow it up (COL-6.2.4).")
    async def lead_dispatch(self, info: Info, input: LeadDispatchInput) -> LeadPayload | None:
        """Dispatch a lead."""
        follower = uid(input.follower, AccountRow.prefix, "follower")
        return await act(
            info,
            input,
            lambda work: domain.dispatch(
                work,
                _id(input.id),
                follower,
                version=input.version,
                next_follow_at=given_instant(input.next_follow_at),
            ),
            LeadPayload,
            "lead",
        )

    @strawberry.mutation(description="Give up to 100 leads to one member, each with its own result (COL-6.2.8).")
    async def lead_dispatch_batch(self, info: Info, input: LeadDispatchBatchInput) -> LeadDispatchBatchPayload | None:
        """Dispatch leads in a batch."""
        follower = uid(input.follower, AccountRow.prefix, "follower")
        leads = [(_id(one.id, "leads"), one.version) for one in input.leads]
        found: dict[int, domain.Dispatched] = {}

        async def batch(work: Work) -> list[Record]:
            found.update(enumerate(await domain.dispatch_batch(work, leads, follower)))
            return [one.lead for one in found.values() if one.lead is not None]

        if input.validate_only:
            await info.context.act(batch, dry=True)
            return LeadDispatchBatchPayload(results=[_result(one) for one in found.values()])
        ids, replayed = await keyed(info, input, batch)
        if not replayed:
            return LeadDispatchBatchPayload(results=[_result(one) for one in found.values()])
        # What stands against the others is asked anew, as every repeat reads its record anew.
        done = {id: domain.Dispatched(id) for id in ids}
        leads = [lead for lead in leads if lead[0] not in done]
        if leads:
            await info.context.act(batch, dry=True)
        others = {one.id: one for one in found.values()}
        results = [
            _result(done.get(id) or others[id], dispatched=id in done)
            for id in (_id(one.id, "leads") for one in input.leads)
        ]
        return LeadDispatchBatchPayload(results=results, replayed=True)

    @strawberry.mutation(description="Write down what the follower did; it appends and edits nothing (COL-6.2.7).")
    async def lead_add_follow_up(self, info: Info, input: LeadAddFollowUpInput) -> LeadFollowUpPayload | None:
        """Add a follow-up."""
        return await act(
            info,
            input,
            lambda work: domain.add_follow_up(
                work, _id(input.id), input.note, next_follow_at=given_instant(input.next_follow_at)
            ),
            LeadFollowUpPayload,
            "follow_up",
        )

    @strawberry.mutation(description="Make a draft of an opportunity from a lead (COL-6.2.7).")
    async def lead_convert_to_opportunity(self, info: Info, input: LeadConvertToOpportunityInput) -> LeadPayload | None:
        """Convert a lead to an opportunity."""
        return await act(
            info,
            input,
            lambda work: domain.convert_to_opportunity(work, _id(input.id), version=input.version, name=input.name),
            LeadPayload,
            "lead",
        )

    @strawberry.mutation(description="Begin a deal registration from a lead (COL-6.2.7).")
    async def lead_convert_to_deal_registration(
        self, info: Info, input: LeadConvertToDealRegistrationInput
    ) -> LeadPayload | None:
        """Convert a lead to a deal registration."""
        customer = uid(input.customer, CustomerRow.prefix, "customer") if input.customer is not None else None
        report = uid(input.report, ReportRow.prefix, "report") if input.report is not None else None
        return await act(
            info,
            input,
            lambda work: domain.convert_to_deal_registration(
                work, _id(input.id), customer, version=input.version, report_id=report, name=input.name
            ),
            LeadPayload,
            "lead",
        )

    @strawberry.mutation(description="Close a lead, with a reason (COL-6.2.7).")
    async def lead_close(self, info: Info, input: LeadCloseInput) -> LeadPayload | None:
        """Close a lead."""
        return await act(
            info,
            input,
            lambda work: domain.close(
                work, _id(input.id), version=input.version, reason_code=input.reason_code, reason=input.reason
            ),
            LeadPayload,
            "lead",
        )

    @strawberry.mutation(description="Open a closed lead again (COL-6.2.7).")
    async def lead_reopen(self, info: Info, input: LeadReopenInput) -> LeadPayload | None:
        """Open a lead again."""
        return await act(
            info,
            input,
            lambda work: domain.reopen(work, _id(input.id), version=input.version, reason=input.reason),
            LeadPayload,
            "lead",
        )


def _result(one: domain.Dispatched, *, dispatched: bool | None = None) -> LeadDispatchResult:
    return LeadDispatchResult(
        id=strawberry.ID(public_id(domain.Lead.prefix, one.id)),
        dispatched=not one.errors if dispatched is None else dispatched,
        errors=blockers(one.errors),
    )
