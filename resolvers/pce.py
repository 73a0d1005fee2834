"""Membership in PCE in GraphQL: the partner joins and leaves, Huawei's side looks on."""

from __future__ import annotations

from typing import Any

import strawberry

from models import pce as domain
from models.partner import PartnerOrganisation as PartnerRow
from models.pce import PceStatus
from resolvers.context import Info, searched
from resolvers.fields import Connection, Node, node, one, search
from resolvers.identity.types import Account
from resolvers.mutation import Action, Payload, act, answers
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, uid
from resolvers.words import publish

publish(PceStatus)


@node(domain.PceMembership, description="A partner's membership in PCE, from application to exit.")
class PceMembership(Node):
    """A membership in PCE (共拓计划成员)."""

    status: PceStatus
    agreement_version: str
    agreed_at: Instant
    joined_at: Instant | None
    exited_at: Instant | None
    exit_reason: str | None
    verdict_reason: str | None
    created_at: Instant
    version: int
    partner: PartnerOrganisation | None = one()
    submitter: Account | None = one("Who applied, or asked to leave.")


@strawberry.input
class PceMembershipFilter:
    """Which memberships."""

    partner: strawberry.ID | None = None
    status: list[PceStatus] | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        partner = self.partner and uid(self.partner, PartnerRow.prefix, "partner")
        return {"partner": partner, "status": self.status}


@strawberry.input
class PceJoinInput(Action):
    """The tick under commitment and agreement."""

    agreed: bool


@strawberry.input
class PceLeaveInput(Action):
    """Why the partner wants to leave."""

    reason: str
    version: int


@strawberry.input
class PceLeaveWithdrawInput(Action):
    """The membership as the caller read it."""

    version: int


@strawberry.type
@answers(membership=domain.PceMembership)
class PceMembershipPayload(Payload):
    """What an action on a membership answers."""

    membership: PceMembership | None = None


@strawberry.type
class PceQuery:
    """What can be asked about PCE."""

    @strawberry.field(
        metadata=search(domain.PceMembership),
        description="The memberships that the viewer sees, past ones included, the newest first.",
    )
    async def pce_memberships(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: PceMembershipFilter | None = None,
    ) -> Connection[PceMembership] | None:
        """List memberships."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


@strawberry.type
class PceMutation:
    """What a partner does about PCE."""

    @strawberry.mutation(description="Join PCE: at once for whoever is eligible, or after a review where required.")
    async def pce_join(self, info: Info, input: PceJoinInput) -> PceMembershipPayload | None:
        """Join PCE."""
        return await act(
            info, input, lambda work: domain.join(work, agreed=input.agreed), PceMembershipPayload, "membership"
        )

    @strawberry.mutation(description="Ask to leave PCE; the PDM decides, and nothing may be open.")
    async def pce_leave(self, info: Info, input: PceLeaveInput) -> PceMembershipPayload | None:
        """Ask to leave PCE."""
        return await act(
            info,
            input,
            lambda work: domain.request_exit(work, reason=input.reason, version=input.version),
            PceMembershipPayload,
            "membership",
        )

    @strawberry.mutation(description="Take the wish to leave back before it is decided.")
    async def pce_leave_withdraw(self, info: Info, input: PceLeaveWithdrawInput) -> PceMembershipPayload | None:
        """Take the wish to leave back."""
        return await act(
            info,
            input,
            lambda work: domain.withdraw_exit(work, version=input.version),
            PceMembershipPayload,
            "membership",
        )
