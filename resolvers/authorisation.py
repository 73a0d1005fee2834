"""Customers' authorisations in GraphQL: asked for by the partner, answered and taken back by the customer."""

from __future__ import annotations

from typing import Any

import strawberry

from models import authorisation as domain
from models.agreement import AgreementVersion as AgreementRow
from models.authorisation import AuthorisationStatus
from models.customer import Customer as CustomerRow
from resolvers.agreement import AgreementVersion
from resolvers.context import Info, given, searched
from resolvers.customer import Customer
from resolvers.fields import Connection, Node, by_id, node, one, search
from resolvers.mutation import Action, Payload, act, answers
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, uid
from resolvers.words import publish

publish(AuthorisationStatus)


@node(domain.CustomerAuthorisation, description="A partner's request to order and operate for a resale customer.")
class CustomerAuthorisation(Node):
    """An authorisation (代客授权)."""

    status: AuthorisationStatus
    note: str | None
    requested_at: Instant
    requested_by_name: str
    answered_at: Instant | None
    ended_at: Instant | None
    reason: str | None
    version: int
    customer: Customer | None = one()
    partner: PartnerOrganisation | None = one()
    commitment: AgreementVersion | None = one("The commitment letter that the partner had accepted.")


@node(domain.PartnerCommitment, description="A partner's acceptance of one version of the commitment letter.")
class PartnerCommitment(Node):
    """A commitment (代客授权承诺函接受记录)."""

    accepted_at: Instant
    accepted_by_name: str
    partner: PartnerOrganisation | None = one()
    agreement: AgreementVersion | None = one("The version that was accepted.")


@strawberry.input
class CustomerAuthorisationFilter:
    """Which authorisations."""

    customer: strawberry.ID | None = None
    status: list[AuthorisationStatus] | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {**vars(self), "customer": self.customer and uid(self.customer, CustomerRow.prefix, "customer")}


@strawberry.input
class AuthorisationRequestInput(Action):
    """Whom to ask; the first time with the commitment letter that one has read and accepts."""

    customer: strawberry.ID
    commitment: strawberry.ID | None = strawberry.field(
        default=None, description="The newest version of the commitment letter, where it is accepted with this."
    )
    note: str | None = None


@strawberry.input
class AuthorisationAgreeInput(Action):
    """The request that the customer agrees to."""

    id: strawberry.ID
    version: int
    verification_code: str | None = None


@strawberry.input
class AuthorisationRejectInput(Action):
    """The request that the customer refuses."""

    id: strawberry.ID
    version: int
    reason: str | None = None


@strawberry.input
class AuthorisationRevokeInput(Action):
    """The authorisation that the customer takes back, and why."""

    id: strawberry.ID
    version: int
    reason: str
    verification_code: str | None = None


@strawberry.type
@answers(authorisation=domain.CustomerAuthorisation)
class CustomerAuthorisationPayload(Payload):
    """What an action on an authorisation answers."""

    authorisation: CustomerAuthorisation | None = None


@strawberry.type
class AuthorisationQuery:
    """What can be asked about authorisations."""

    @strawberry.field(metadata=by_id(domain.CustomerAuthorisation), description="One authorisation.")
    async def customer_authorisation(self, info: Info, id: strawberry.ID) -> CustomerAuthorisation | None:
        """Give one authorisation."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.CustomerAuthorisation),
        description="The authorisations that the viewer sees, the newest first.",
    )
    async def customer_authorisations(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: CustomerAuthorisationFilter | None = None,
    ) -> Connection[CustomerAuthorisation] | None:
        """List authorisations."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.PartnerCommitment), description="Which commitment letters partners have accepted."
    )
    async def partner_commitments(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[PartnerCommitment] | None:
        """List commitments."""
        found: Any = await searched(info, {"first": first, "after": after, "last": last, "before": before})
        return found  # type: ignore[no-any-return]


@strawberry.type
class AuthorisationMutation:
    """What partner and customer do about authorisations."""

    @strawberry.mutation(description="Ask a resale customer for authorisation (COL-5.11.1, COL-5.11.2).")
    async def authorisation_request(
        self, info: Info, input: AuthorisationRequestInput
    ) -> CustomerAuthorisationPayload | None:
        """Ask for authorisation."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        accepting = uid(input.commitment, AgreementRow.prefix, "commitment") if input.commitment else None
        return await act(
            info,
            input,
            lambda work: domain.request(work, customer, accepting=accepting, note=input.note),
            CustomerAuthorisationPayload,
            "authorisation",
        )

    @strawberry.mutation(description="Authorise one's partner, as the customer (COL-5.11.2).")
    async def authorisation_agree(
        self, info: Info, input: AuthorisationAgreeInput
    ) -> CustomerAuthorisationPayload | None:
        """Agree."""
        id = uid(input.id, domain.CustomerAuthorisation.prefix)
        return await act(
            info,
            input,
            lambda work: domain.agree(work, id, version=input.version, verification_code=input.verification_code),
            CustomerAuthorisationPayload,
            "authorisation",
        )

    @strawberry.mutation(description="Refuse one's partner the authorisation, as the customer.")
    async def authorisation_reject(
        self, info: Info, input: AuthorisationRejectInput
    ) -> CustomerAuthorisationPayload | None:
        """Refuse."""
        id = uid(input.id, domain.CustomerAuthorisation.prefix)
        return await act(
            info,
            input,
            lambda work: domain.reject(work, id, version=input.version, reason=input.reason),
            CustomerAuthorisationPayload,
            "authorisation",
        )

    @strawberry.mutation(description="Take the authorisation back, as the customer, with a reason (COL-5.11.2).")
    async def authorisation_revoke(
        self, info: Info, input: AuthorisationRevokeInput
    ) -> CustomerAuthorisationPayload | None:
        """Take it back."""
        id = uid(input.id, domain.CustomerAuthorisation.prefix)
        return await act(
            info,
            input,
            lambda work: domain.revoke(
                work, id, version=input.version, reason=input.reason, verification_code=input.verification_code
            ),
            CustomerAuthorisationPayload,
            "authorisation",
        )
