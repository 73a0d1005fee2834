"""Associations in GraphQL: their history, what a customer sees of its partner, and whom a partner names to it."""

from __future__ import annotations

from typing import Any

import strawberry

from models import association as domain
from models import authorisation as authorisations
from models import customer as customers
from models.agreement import AgreementState
from models.agreement import AgreementVersion as AgreementRow
from models.association import AssociationCause, AssociationEventKind
from models.authorisation import AuthorisationStatus
from models.customer import AssociationType, CustomerFact
from models.customer import Customer as CustomerRow
from models.kernel.access import Side
from models.kernel.record import Record
from models.kernel.values import instant_text
from models.kernel.work import Work
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.agreement import AgreementVersion
from resolvers.authorisation import CustomerAuthorisation
from resolvers.context import Info, searched, single
from resolvers.customer import Customer
from resolvers.fields import Connection, Node, node, one, search
from resolvers.identity.types import Account
from resolvers.lookahead import LookAhead
from resolvers.mutation import Action, Payload, act, answers, keyed
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, given_instant, uid
from resolvers.words import publish

publish(AssociationCause, AssociationEventKind, CustomerFact)


@node(domain.AssociationEvent, description="One entry of an association's history.")
class AssociationEvent(Node):
    """An event (关联关系操作记录)."""

    event: AssociationEventKind
    cause: AssociationCause
    association_type: AssociationType | None
    previous_type: AssociationType | None
    happened_at: Instant | None
    reason: str | None
    by_name: str
    by_side: Side
    customer: Customer | None = one()
    partner: PartnerOrganisation | None = one()
    account_manager: Account | None = one("The account manager to whom the customer came.")


@node(domain.PartnerContact, description="Somebody at the partner whom its customers may turn to.")
class PartnerContact(Node):
    """A contact for customers (客户联系人)."""

    name: str
    title: str | None
    mobile: str | None
    email: str | None


@node(customers.CustomerStanding, description="What Huawei Cloud's own systems know about a customer.")
class CustomerStanding(Node):
    """What is known of a customer (客户情况)."""

    facts: list[CustomerFact]
    registered_at: Instant | None
    grace_days: int
    updated_at: Instant
    version: int


@strawberry.type(description="Whom the customer may turn to.")
class ContactShown:
    """A contact as the customer sees it."""

    name: str
    title: str | None
    mobile: str | None
    email: str | None


@strawberry.type(description="What a resale customer lets its partner do for it.")
class AuthorisationSection:
    """The section of authorisation (代客授权)."""

    status: AuthorisationStatus
    authorisation_id: strawberry.Private[Any]

    @strawberry.field(description="The request or authorisation itself; null where there is none.")
    async def authorisation(self, info: Info) -> CustomerAuthorisation | None:
        """Give the row."""
        id = self.authorisation_id
        found: Any = await single(info, authorisations.CustomerAuthorisation, id) if id else None
        return found  # type: ignore[no-any-return]


@strawberry.type(description="The customer's own partner; without one only the agreement is told of.")
class MyPartner:
    """My partner (我的合作伙伴)."""

    name: str | None
    association_type: AssociationType | None
    associated_on: Instant | None
    contacts: list[ContactShown] = strawberry.field(
        description="Whom the partner names, five at most; its administrator where it names nobody (COL-5.7.14)."
    )
    agreement_state: AgreementState
    agreement_id: strawberry.Private[Any]

    @strawberry.field(description="The newest version of the notice, to read and to sign.")
    async def agreement(self, info: Info) -> AgreementVersion | None:
        """Give the newest version."""
        found: Any = await single(info, AgreementRow, self.agreement_id) if self.agreement_id else None
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        description="How its authorisation stands; only a resale customer has this section (COL-5.1, COL-5.11)."
    )
    async def authorisation(self, info: Info) -> AuthorisationSection | None:
        """Give the section."""
        async with info.context.reading() as reader:
            work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
            found = await authorisations.my_authorisation(work)
        return AuthorisationSection(**vars(found)) if found is not None else None


@strawberry.input
class AssociationEventFilter:
    """Which events."""

    customer: strawberry.ID | None = None
    event: list[AssociationEventKind] | None = None
    cause: list[AssociationCause] | None = None
    association_type: list[AssociationType] | None = None
    happened_from: Instant | None = None
    happened_to: Instant | None = strawberry.field(default=None, description="Not included.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        customer = self.customer and uid(self.customer, CustomerRow.prefix, "customer")
        return {**vars(self), "customer": customer}


@strawberry.input
class PartnerContactInput:
    """Somebody whom customers may turn to."""

    name: str
    title: str | None = None
    mobile: str | None = None
    email: str | None = None


@strawberry.input
class PartnerContactsSetInput(Action):
    """The contacts from now on, in their order; none names the administrator."""

    contacts: list[PartnerContactInput]


@strawberry.input
class CustomerFactsKeepInput(Action):
    """What is known of a customer now; a fact that is not named does not hold."""

    customer: strawberry.ID
    facts: list[CustomerFact]
    registered_at: Instant | None = None
    grace_days: int | None = None


@strawberry.input
class CustomerMigrateInput(Action):
    """Customers of a solution provider, up to 100, and the reseller that they go to."""

    customers: list[strawberry.ID]
    to: strawberry.ID
    reason: str


@strawberry.type
class CustomersPayload(Payload):
    """What moving customers answers: those of them that the viewer sees."""

    customers: list[Customer] | None = None


@strawberry.type
@answers(partner=PartnerRow)
class PartnerContactsPayload(Payload):
    """What setting contacts answers."""

    partner: PartnerOrganisation | None = None


@strawberry.type
@answers(standing=customers.CustomerStanding)
class CustomerStandingPayload(Payload):
    """What keeping facts answers."""

    standing: CustomerStanding | None = None


@strawberry.type
class AssociationQuery:
    """What can be asked about associations."""

    @strawberry.field(description="The partner of the customer who asks; null for everybody else.")
    async def my_partner(self, info: Info) -> MyPartner | None:
        """Give the customer's own partner."""
        async with info.context.reading() as reader:
            work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
            found = await domain.my_partner(work)
        if found is None:
            return None
        return MyPartner(
            name=found.name,
            association_type=found.association_type,
            associated_on=Instant(instant_text(found.associated_on)) if found.associated_on else None,
            contacts=[
                ContactShown(name=one.name, title=one.title, mobile=one.mobile, email=one.email)
                for one in found.contacts
            ],
            agreement_state=found.agreement_state,
            agreement_id=found.agreement_id,
        )

    @strawberry.field(
        metadata=search(domain.AssociationEvent),
        description="The history of associations that the viewer sees, the newest first.",
    )
    async def association_events(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: AssociationEventFilter | None = None,
    ) -> Connection[AssociationEvent] | None:
        """List events."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="What is known of a customer; null where nothing is, or the viewer may not know it.")
    async def customer_standing(self, info: Info, customer: strawberry.ID) -> CustomerStanding | None:
        """Give what is known of a customer."""
        id = uid(customer, CustomerRow.prefix, "customer")
        wanted = LookAhead(info).of(customers.CustomerStanding)
        async with info.context.reading() as reader:
            found: Any = await customers.standing_seen(reader, id, wanted)
        return found  # type: ignore[no-any-return]


@strawberry.type
class AssociationMutation:
    """What is kept about associations."""

    @strawberry.mutation(description="Name the people whom one's customers may turn to, five at most (COL-5.7.14).")
    async def partner_contacts_set(self, info: Info, input: PartnerContactsSetInput) -> PartnerContactsPayload | None:
        """Set the contacts."""
        contacts = [dict(vars(contact)) for contact in input.contacts]
        return await act(
            info, input, lambda work: domain.set_contacts(work, contacts), PartnerContactsPayload, "partner"
        )

    @strawberry.mutation(description="Move a solution provider's customers to a reseller, all or none (COL-5.1.4).")
    async def customer_migrate(self, info: Info, input: CustomerMigrateInput) -> CustomersPayload | None:
        """Move customers."""
        ids = [uid(id, CustomerRow.prefix, "customers") for id in input.customers]
        target = uid(input.to, PartnerRow.prefix, "to")

        async def action(work: Work) -> list[Record]:
            return [*await domain.migrate(work, ids, target, reason=input.reason)]

        if input.validate_only:
            await info.context.act(action, dry=True)
            return CustomersPayload()
        done, replayed = await keyed(info, input, action)
        wanted = LookAhead(info).inside(CustomerRow, "customers")
        async with info.context.reading() as reader:
            rows: Any = await reader.by_ids(CustomerRow, done, wanted)
        moved = [rows[id] for id in done if id in rows]
        return CustomersPayload(ids=tuple(done), replayed=replayed, customers=moved)

    @strawberry.mutation(description="Write down what Huawei Cloud's systems know about a customer.")
    async def customer_facts_keep(self, info: Info, input: CustomerFactsKeepInput) -> CustomerStandingPayload | None:
        """Keep facts."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        return await act(
            info,
            input,
            lambda work: customers.keep_facts(
                work,
                customer,
                facts=input.facts,
                registered_at=given_instant(input.registered_at),
                grace_days=input.grace_days,
            ),
            CustomerStandingPayload,
            "standing",
        )
