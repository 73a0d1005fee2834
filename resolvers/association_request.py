"""Un-linking and switching in GraphQL: the account check, filing, answering, and what became of requests."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models import association_request as domain
from models.agreement import AgreementVersion as AgreementRow
from models.association_request import AssociationRequestKind, AssociationRequestStatus, CheckItem, EffectKind
from models.customer import AssociationType
from models.customer import Customer as CustomerRow
from models.kernel.access import Side
from models.kernel.work import Work
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.context import Info, given, searched
from resolvers.customer import Customer
from resolvers.fields import Connection, Node, by_id, needs, node, one, search
from resolvers.mutation import Action, Payload, act, answers
from resolvers.opportunity.types import Blocker
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, uid
from resolvers.steps import NextStep, blockers, next_steps
from resolvers.words import publish

publish(AssociationRequestKind, AssociationRequestStatus, CheckItem, EffectKind)


@node(domain.AssociationRequest, description="A request to un-link or to switch; the side that did not file decides.")
class AssociationRequest(Node):
    """A request (关联变更申请)."""

    kind: AssociationRequestKind
    filed_side: Side
    status: AssociationRequestStatus
    company_name: str | None
    partner_name: str
    from_type: AssociationType | None
    to_type: AssociationType | None
    reason: str
    filed_by_name: str
    answer_reason: str | None
    answered_by_name: str | None
    due_at: Instant | None
    ended_at: Instant | None
    created_at: Instant
    updated_at: Instant
    version: int
    customer: Customer | None = one("The customer, for whoever sees it; its former partner does not any more.")
    partner: PartnerOrganisation | None = one()

    @strawberry.field(metadata=needs("id"), description="Steps that lead on from here, with what blocks each.")
    async def available_transitions(self, info: Info) -> list[NextStep]:
        """List the steps that this viewer's rights cover."""
        row: Any = self
        return await next_steps(info, row.uid, domain.standing)


@strawberry.type(description="One item of the account check.")
class AssociationCheckItem:
    """A checked item (账号检查项)."""

    item: CheckItem
    label_zh: str
    label_en: str
    passed: bool
    blocked_by: list[Blocker]


@strawberry.type(description="One thing that follows from an un-link or a switch.")
class AssociationEffect:
    """An effect (影响说明)."""

    kind: EffectKind
    text_zh: str
    text_en: str


@strawberry.type(description="What stands against a request, and what follows from it, told before it is confirmed.")
class AssociationOutlook:
    """An outlook (提交前检查)."""

    possible: bool
    checks: list[AssociationCheckItem]
    effects: list[AssociationEffect]
    code_required: bool


@strawberry.enum(description="What association requests can be sorted by.")
class AssociationRequestSortKey(enum.Enum):
    """A sort key of requests (排序字段)."""

    CREATED_AT = "created_at"
    DUE_AT = "due_at"


@strawberry.input
class AssociationRequestSort:
    """One sort key with its direction."""

    by: AssociationRequestSortKey
    descending: bool = True


@strawberry.input
class AssociationRequestFilter:
    """Which requests; a masked name is found by those who may reveal it."""

    customer: strawberry.ID | None = None
    partner: strawberry.ID | None = None
    company_name: str | None = strawberry.field(default=None, description="A part of the name.")
    kind: list[AssociationRequestKind] | None = None
    filed_side: list[Side] | None = None
    status: list[AssociationRequestStatus] | None = None
    to_type: list[AssociationType] | None = None
    created_from: Instant | None = None
    created_to: Instant | None = strawberry.field(default=None, description="Not included.")
    due_before: Instant | None = strawberry.field(default=None, description="Included.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        given = dict(vars(self))
        for name, prefix in (("customer", CustomerRow.prefix), ("partner", PartnerRow.prefix)):
            given[name] = given[name] and uid(given[name], prefix, name)
        return given


@strawberry.input
class Filing(Action):
    """What every request says."""

    reason: str = strawberry.field(description="Up to 500 characters; the other side reads it.")
    understood: bool = strawberry.field(description="True once what follows has been read and ticked (COL-5.4.9).")


@strawberry.input
class AssociationUnlinkInput(Filing):
    """The customer to un-link."""

    customer: strawberry.ID
    verification_code: str | None = None


@strawberry.input
class AssociationSwitchInput(Filing):
    """The customer, and the type that it should have."""

    customer: strawberry.ID
    to_type: AssociationType
    verification_code: str | None = None


@strawberry.input
class PartnerUnlinkInput(Filing):
    """A customer's own wish to be un-linked."""


@strawberry.input
class AssociationRequestInput(Action):
    """A request, as the caller read it."""

    id: strawberry.ID
    version: int


@strawberry.input
class AssociationRequestAgreeInput(AssociationRequestInput):
    """The request that the customer agrees to."""

    agreement: strawberry.ID | None = strawberry.field(
        default=None, description="The version of the notice that was read and ticked; a switch to resale needs it."
    )
    verification_code: str | None = None


@strawberry.input
class AssociationRequestRefuseInput(AssociationRequestInput):
    """The request that the customer refuses."""

    reason: str | None = None
    verification_code: str | None = None


@strawberry.input
class AssociationRequestApproveInput(AssociationRequestInput):
    """The customer's request that the partner agrees to."""

    verification_code: str | None = None


@strawberry.input
class AssociationRequestRejectInput(AssociationRequestInput):
    """The customer's request that the partner turns down."""

    reason: str = strawberry.field(description="The customer reads it.")
    verification_code: str | None = None


@strawberry.input
class AssociationRequestForceCloseInput(AssociationRequestInput):
    """A request that Huawei closes."""

    reason: str = strawberry.field(description="Both sides read it.")


@strawberry.type
@answers(request=domain.AssociationRequest)
class AssociationRequestPayload(Payload):
    """What every action on a request answers."""

    request: AssociationRequest | None = None


@strawberry.type
class AssociationRequestQuery:
    """What can be asked about requests."""

    @strawberry.field(
        description="The requests that the viewer sees, the newest first; a customer its own.",
        metadata=search(domain.AssociationRequest),
    )
    async def association_requests(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: AssociationRequestFilter | None = None,
        sort: list[AssociationRequestSort] | None = None,
    ) -> Connection[AssociationRequest] | None:
        """List requests."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        description="One request by its id; null where the viewer sees none.",
        metadata=by_id(domain.AssociationRequest),
    )
    async def association_request(self, info: Info, id: strawberry.ID) -> AssociationRequest | None:
        """Give a request."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        description="The account check before a partner's administrator files: each item with its status (COL-5.4.9)."
    )
    async def association_check(
        self,
        info: Info,
        customer: strawberry.ID,
        kind: AssociationRequestKind,
        to_type: AssociationType | None = None,
    ) -> AssociationOutlook | None:
        """Check a customer's account."""
        id = uid(customer, CustomerRow.prefix, "customer")
        return await _outlook(info, lambda work: domain.outlook(work, id, kind, to_type))

    @strawberry.field(description="The account check before a customer files an un-link of its own (COL-5.5).")
    async def my_unlink_check(self, info: Info) -> AssociationOutlook | None:
        """Check the account of the customer who asks."""
        return await _outlook(info, domain.own_outlook)

    @strawberry.field(description="What stands against agreeing to a request, and what follows, for who answers it.")
    async def association_request_check(self, info: Info, id: strawberry.ID) -> AssociationOutlook | None:
        """Check what agreeing would bring."""
        request = uid(id, domain.AssociationRequest.prefix)
        return await _outlook(info, lambda work: domain.outlook_on(work, request))


async def _outlook(info: Info, ask: Any) -> AssociationOutlook:
    async with info.context.reading() as reader:
        found = await ask(Work(reader.session, reader.actor, reader.now, journal_key=b""))
    return AssociationOutlook(
        possible=found.possible,
        checks=[
            AssociationCheckItem(
                item=one.item,
                label_zh=one.item.zh,
                label_en=one.item.en,
                passed=one.passed,
                blocked_by=blockers(one.refusals),
            )
            for one in found.checks
        ],
        effects=[AssociationEffect(kind=one.kind, text_zh=one.zh, text_en=one.en) for one in found.effects],
        code_required=found.code_required,
    )


@strawberry.type
class AssociationRequestMutation:
    """What is done about requests."""

    @strawberry.mutation(description="Ask a customer to be un-linked; the partner's administrator only (COL-5.4.1).")
    async def association_unlink(self, info: Info, input: AssociationUnlinkInput) -> AssociationRequestPayload | None:
        """Ask to un-link."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        return await _act(
            info,
            input,
            lambda work: domain.unlink(
                work,
                customer,
                reason=input.reason,
                understood=input.understood,
                verification_code=input.verification_code,
            ),
        )

    @strawberry.mutation(description="Ask a customer to change its association type; the administrator only.")
    async def association_switch(self, info: Info, input: AssociationSwitchInput) -> AssociationRequestPayload | None:
        """Ask to switch."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        return await _act(
            info,
            input,
            lambda work: domain.switch(
                work,
                customer,
                input.to_type,
                reason=input.reason,
                understood=input.understood,
                verification_code=input.verification_code,
            ),
        )

    @strawberry.mutation(description="Ask one's own partner to be un-linked, as a customer (COL-5.5.1).")
    async def partner_unlink(self, info: Info, input: PartnerUnlinkInput) -> AssociationRequestPayload | None:
        """Ask to be un-linked."""
        return await _act(
            info,
            input,
            lambda work: domain.unlink_from_partner(work, reason=input.reason, understood=input.understood),
        )

    @strawberry.mutation(description="Agree to the partner's request, as the customer: it takes effect at once.")
    async def association_request_agree(
        self, info: Info, input: AssociationRequestAgreeInput
    ) -> AssociationRequestPayload | None:
        """Agree."""
        id, agreement = _id(input), input.agreement and uid(input.agreement, AgreementRow.prefix, "agreement")
        return await _act(
            info,
            input,
            lambda work: domain.agree(
                work,
                id,
                agreed_to=agreement or None,
                verification_code=input.verification_code,
                version=input.version,
            ),
        )

    @strawberry.mutation(description="Refuse the partner's request, as the customer, with a reason or without.")
    async def association_request_refuse(
        self, info: Info, input: AssociationRequestRefuseInput
    ) -> AssociationRequestPayload | None:
        """Refuse."""
        id = _id(input)
        return await _act(
            info,
            input,
            lambda work: domain.refuse_request(
                work,
                id,
                reason=input.reason,
                verification_code=input.verification_code,
                version=input.version,
            ),
        )

    @strawberry.mutation(description="Take one's own request back; it counts all the same (COL-5.4.2).")
    async def association_request_withdraw(
        self, info: Info, input: AssociationRequestInput
    ) -> AssociationRequestPayload | None:
        """Withdraw."""
        id = _id(input)
        return await _act(info, input, lambda work: domain.withdraw(work, id, version=input.version))

    @strawberry.mutation(description="Agree to a customer's un-link: it takes effect at once (COL-5.5.5).")
    async def association_request_approve(
        self, info: Info, input: AssociationRequestApproveInput
    ) -> AssociationRequestPayload | None:
        """Approve."""
        id = _id(input)
        return await _act(
            info,
            input,
            lambda work: domain.approve(work, id, verification_code=input.verification_code, version=input.version),
        )

    @strawberry.mutation(description="Turn a customer's un-link down, with a reason (COL-5.5.5).")
    async def association_request_reject(
        self, info: Info, input: AssociationRequestRejectInput
    ) -> AssociationRequestPayload | None:
        """Reject."""
        id = _id(input)
        return await _act(
            info,
            input,
            lambda work: domain.reject(
                work,
                id,
                reason=input.reason,
                verification_code=input.verification_code,
                version=input.version,
            ),
        )

    @strawberry.mutation(description="Close a request that waits, as ecosystem operations, with a reason (COL-5.4.12).")
    async def association_request_force_close(
        self, info: Info, input: AssociationRequestForceCloseInput
    ) -> AssociationRequestPayload | None:
        """Force-close."""
        id = _id(input)
        return await _act(
            info, input, lambda work: domain.force_close(work, id, reason=input.reason, version=input.version)
        )


def _id(input: AssociationRequestInput) -> Any:
    return uid(input.id, domain.AssociationRequest.prefix)


async def _act(info: Info, input: Action, action: Any) -> AssociationRequestPayload:
    return await act(info, input, action, AssociationRequestPayload, "request")
