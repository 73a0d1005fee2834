"""Customers in GraphQL: the list with its searches, the detail, and what operations keep."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from models import customer as domain
from models.consumption import consumed_amount
from models.customer import (
    AssociationType,
    CustomerLevel,
    CustomerOrigin,
    CustomerType,
    FreezeState,
    VerifiedStatus,
)
from models.customer_timeline import TimelineKind
from models.identity import Account as AccountRow
from models.partner import PartnerOrganisation as PartnerRow
from models.reference import CompanySize
from resolvers.context import Info, given, searched
from resolvers.fields import Connection, Node, by_id, listed, many, needs, node, one, search
from resolvers.funds import CustomerBudget, CustomerFunds
from resolvers.identity.types import Account
from resolvers.mutation import Action, Payload, act, answers, patch
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, MoneyInput, uid
from resolvers.words import publish

if TYPE_CHECKING:
    from resolvers.account_manager import AccountManagerPeriod
    from resolvers.agreement import AgreementSignature, KnowledgeRecommendation
    from resolvers.association import AssociationEvent
    from resolvers.authorisation import CustomerAuthorisation
    from resolvers.balance import BalanceEntry
    from resolvers.consumption import ConsumptionSummary, MonthsFilter
    from resolvers.customer_merge import CustomerMerge
    from resolvers.customer_overview import CustomerOverview
    from resolvers.customer_report import CustomerReport
    from resolvers.customer_timeline import TimelineEntry
    from resolvers.freeze import CustomerFreeze
    from resolvers.invitation import Invitation
    from resolvers.opportunity.types import Opportunity

publish(AssociationType, CustomerLevel, CustomerOrigin, CustomerType, FreezeState, VerifiedStatus, CompanySize)


@node(domain.CustomerContact, description="Somebody to speak to at a customer's.")
class CustomerContact(Node):
    """A contact (客户联系人)."""

    name: str | None
    title: str | None
    mobile: str | None
    email: str | None


@node(domain.Customer, description="A company or person that buys Huawei Cloud.")
class Customer(Node):
    """A customer (客户)."""

    company_name: str | None
    account_name: str | None
    huawei_account_id: str | None
    credit_code: str | None
    country_code: str | None
    mobile: str | None
    email: str | None
    customer_type: CustomerType
    verified_status: VerifiedStatus | None
    customer_level: CustomerLevel | None
    frozen: FreezeState
    industry: str | None
    sub_industry: str | None
    province: str | None
    city: str | None
    address: str | None
    company_size: CompanySize | None
    website: str | None
    association_type: AssociationType | None
    associated_on: Instant | None
    tags: list[str] | None
    office_id: str | None
    origin: CustomerOrigin
    external_id: str | None
    created_at: Instant
    updated_at: Instant
    version: int
    partner: PartnerOrganisation | None = one("The partner that it is associated with; null while unassociated.")
    account_manager: Account | None = one("The partner's account manager.")
    owner: Account | None = one("Huawei's customer owner.")
    bd: Account | None = one("The BD who looks after it at Huawei.")
    funds: CustomerFunds | None = one("What it has of its partner's money; null where nothing was ever moved.")
    budget: CustomerBudget | None = one("What it may use, where the international regime holds.")

    @strawberry.field(
        metadata=needs("id"), description="What presses, what it consumed, and what can be done with it now."
    )
    async def overview(
        self, info: Info
    ) -> Annotated[CustomerOverview, strawberry.lazy("resolvers.customer_overview")] | None:
        """Give the head of the customer's page (COL-5.7.10)."""
        from resolvers.customer_overview import overview

        row: Any = self
        return await overview(info, row.uid)

    @strawberry.field(metadata=many("contacts"))
    def contacts(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[CustomerContact]:
        """List whom to speak to, five at most."""
        found: Connection[CustomerContact] = listed(self, info)
        return found

    @strawberry.field(
        metadata=many("opportunities"), description="Its opportunities that the viewer sees, newest first."
    )
    def opportunities(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[Opportunity, strawberry.lazy("resolvers.opportunity.types")]]:
        """List the customer's opportunities."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("reports"), description="Reports of it that the viewer sees, newest first.")
    def reports(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[CustomerReport, strawberry.lazy("resolvers.customer_report")]]:
        """List the reports of the customer."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("invitations"), description="Invitations that the viewer sees, newest first.")
    def invitations(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[Invitation, strawberry.lazy("resolvers.invitation")]]:
        """List the customer's invitations."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("association_events"), description="The history of its associations.")
    def association_events(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[AssociationEvent, strawberry.lazy("resolvers.association")]]:
        """List what happened to its associations."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=many("account_manager_periods"),
        description="Whose it was of the partner's account managers, and during which days (COL-5.8.3).",
    )
    def account_manager_periods(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[AccountManagerPeriod, strawberry.lazy("resolvers.account_manager")]]:
        """List the periods of its account managers."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("balance_entries"), description="What moved its funds, the newest first.")
    def balance_entries(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[BalanceEntry, strawberry.lazy("resolvers.balance")]]:
        """List the entries of the ledger about the customer."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("freezes"), description="For which periods it was frozen, the newest first.")
    def freezes(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[CustomerFreeze, strawberry.lazy("resolvers.freeze")]]:
        """List the customer's freezes."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("authorisations"), description="What it was asked to authorise, and its answers.")
    def authorisations(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[CustomerAuthorisation, strawberry.lazy("resolvers.authorisation")]]:
        """List the customer's authorisations."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=many("consumption"),
        description="What it consumed by month, the newest first; this month's alone with `thisMonth` (COL-5.7.1).",
    )
    def consumption(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        filter: Annotated[MonthsFilter, strawberry.lazy("resolvers.consumption")] | None = None,
    ) -> Connection[Annotated[ConsumptionSummary, strawberry.lazy("resolvers.consumption")]]:
        """List the customer's consumption."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("signatures"), description="The agreements that it has signed.")
    def signatures(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[AgreementSignature, strawberry.lazy("resolvers.agreement")]]:
        """List the customer's signatures."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=many("knowledge"),
        description="What is worth knowing about it; its partner reads this once it has signed (COL-5.7.12).",
    )
    def knowledge(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[KnowledgeRecommendation, strawberry.lazy("resolvers.agreement")]]:
        """List recommendations about the customer."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=many("timeline"),
        description="What happened with it that the viewer sees, the newest first; of some kinds only where they are "
        "named.",
    )
    def timeline(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        kinds: list[TimelineKind] | None = None,
    ) -> Connection[Annotated[TimelineEntry, strawberry.lazy("resolvers.customer_timeline")]]:
        """List what happened with the customer."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("merges"), description="The customers that were merged into it, the newest first.")
    def merges(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Annotated[CustomerMerge, strawberry.lazy("resolvers.customer_merge")]]:
        """List merges."""
        return listed(self, info)  # type: ignore[no-any-return]


@strawberry.enum(description="What customers can be sorted by.")
class CustomerSortKey(enum.Enum):
    """A sort key of customers (排序字段)."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    ASSOCIATED_ON = "associated_on"


@strawberry.input
class CustomerSort:
    """One sort key with its direction."""

    by: CustomerSortKey
    descending: bool = True


@strawberry.input
class CustomerFilter:
    """Which customers; masked fields are found by those who may reveal them."""

    company_name: str | None = strawberry.field(default=None, description="A part of the name.")
    account_name: str | None = strawberry.field(default=None, description="Exactly.")
    huawei_account_id: str | None = strawberry.field(default=None, description="Exactly.")
    credit_code: str | None = strawberry.field(default=None, description="Exactly.")
    mobile: str | None = strawberry.field(default=None, description="Exactly.")
    email: str | None = strawberry.field(default=None, description="Exactly.")
    association_type: list[AssociationType] | None = None
    associated_from: Instant | None = None
    associated_to: Instant | None = strawberry.field(default=None, description="Not included.")
    associated: bool | None = strawberry.field(default=None, description="With a partner, or without.")
    account_manager: strawberry.ID | None = None
    account_manager_name: str | None = strawberry.field(default=None, description="A part of the name.")
    tag: str | None = strawberry.field(default=None, description="Exactly.")
    industry: list[str] | None = None
    province: list[str] | None = None
    partner: strawberry.ID | None = None
    office: list[str] | None = None
    owner: strawberry.ID | None = None
    customer_type: list[CustomerType] | None = None
    verified_status: list[VerifiedStatus] | None = None
    frozen: list[FreezeState] | None = None
    origin: list[CustomerOrigin] | None = None
    external_id: str | None = None
    consumption_from: MoneyInput | None = strawberry.field(default=None, description="Consumed this month at least.")
    consumption_to: MoneyInput | None = strawberry.field(default=None, description="Consumed this month at most.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids and amounts as the domain has them."""
        given = dict(vars(self))
        for name in ("consumption_from", "consumption_to"):
            if (money := given[name]) is not None:
                given[name] = consumed_amount(money.amount, money.currency, name)
        for name, prefix in (
            ("account_manager", AccountRow.prefix),
            ("owner", AccountRow.prefix),
            ("partner", PartnerRow.prefix),
        ):
            given[name] = given[name] and uid(given[name], prefix, name)
        return given


@strawberry.input
class CustomerContactInput:
    """Somebody to speak to."""

    name: str
    title: str | None = None
    mobile: str | None = None
    email: str | None = None


@strawberry.input
class CustomerCreateInput(Action):
    """A customer to enter; without a partner it is unassociated."""

    company_name: str | None = None
    account_name: str | None = None
    huawei_account_id: str | None = None
    credit_code: str | None = None
    country_code: str | None = None
    mobile: str | None = None
    email: str | None = None
    customer_type: CustomerType = CustomerType.NONE
    verified_status: VerifiedStatus | None = None
    customer_level: CustomerLevel | None = None
    industry: str | None = None
    sub_industry: str | None = None
    province: str | None = None
    city: str | None = None
    address: str | None = None
    company_size: CompanySize | None = None
    website: str | None = None
    association_type: AssociationType | None = None
    associated_on: Instant | None = None
    tags: list[str] = strawberry.field(default_factory=list)
    office_id: str | None = None
    external_id: str | None = None
    partner: strawberry.ID | None = None
    account_manager: strawberry.ID | None = None
    owner: strawberry.ID | None = None
    bd: strawberry.ID | None = None
    contacts: list[CustomerContactInput] = strawberry.field(default_factory=list)


@strawberry.input
class CustomerEditInput(Action):
    """What changes of a customer; what is left out stays."""

    id: strawberry.ID
    version: int
    industry: strawberry.Maybe[str | None]
    sub_industry: strawberry.Maybe[str | None]
    province: strawberry.Maybe[str | None]
    city: strawberry.Maybe[str | None]
    address: strawberry.Maybe[str | None]
    company_size: strawberry.Maybe[CompanySize | None]
    association_type: strawberry.Maybe[AssociationType | None]
    associated_on: strawberry.Maybe[Instant | None]
    tags: strawberry.Maybe[list[str]]
    office_id: strawberry.Maybe[str | None]
    account_manager: strawberry.Maybe[strawberry.ID | None]
    owner: strawberry.Maybe[strawberry.ID | None]
    bd: strawberry.Maybe[strawberry.ID | None]


@strawberry.input
class CustomerTagsSetInput(Action):
    """The customer as the caller read it, and its tags from now on."""

    id: strawberry.ID
    version: int
    tags: list[str]


@strawberry.type
@answers(customer=domain.Customer)
class CustomerPayload(Payload):
    """What an action on a customer answers."""

    customer: Customer | None = None


_ENTERED = (
    *("company_name", "account_name", "huawei_account_id", "credit_code", "country_code", "mobile", "email"),
    *("customer_type", "verified_status", "customer_level", "industry", "sub_industry", "province", "city"),
    *("address", "company_size", "website", "association_type", "associated_on", "tags", "office_id", "external_id"),
)
_EDITED = (
    *("industry", "sub_industry", "province", "city", "address", "company_size", "association_type"),
    *("associated_on", "tags", "office_id"),
)
_PEOPLE = (("account_manager", AccountRow.prefix), ("owner", AccountRow.prefix), ("bd", AccountRow.prefix))


@strawberry.type
class CustomerQuery:
    """What can be asked about customers."""

    @strawberry.field(metadata=by_id(domain.Customer), description="One customer; null where the viewer sees none.")
    async def customer(self, info: Info, id: strawberry.ID) -> Customer | None:
        """Give one customer."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(metadata=search(domain.Customer), description="The customers that the viewer sees.")
    async def customers(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: CustomerFilter | None = None,
        sort: list[CustomerSort] | None = None,
    ) -> Connection[Customer] | None:
        """List customers."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


@strawberry.type
class CustomerMutation:
    """What ecosystem operations and partners do with customers."""

    @strawberry.mutation(description="Enter a customer with its contacts.")
    async def customer_create(self, info: Info, input: CustomerCreateInput) -> CustomerPayload | None:
        """Enter a customer."""
        values = {name: value for name in _ENTERED if (value := getattr(input, name)) is not None}
        for name, prefix in (("partner", PartnerRow.prefix), *_PEOPLE):
            if (id := getattr(input, name)) is not None:
                values[f"{name}_id"] = uid(id, prefix, name)
        contacts = [dict(vars(contact)) for contact in input.contacts]
        return await act(
            info, input, lambda work: domain.create_customer(work, values, contacts), CustomerPayload, "customer"
        )

    @strawberry.mutation(description="Put tags on one's own customer, in place of those before.")
    async def customer_tags_set(self, info: Info, input: CustomerTagsSetInput) -> CustomerPayload | None:
        """Set tags."""
        id = uid(input.id, domain.Customer.prefix)
        return await act(
            info,
            input,
            lambda work: domain.set_tags(work, id, input.tags, version=input.version),
            CustomerPayload,
            "customer",
        )

    @strawberry.mutation(description="Edit what describes and assigns a customer.")
    async def customer_edit(self, info: Info, input: CustomerEditInput) -> CustomerPayload | None:
        """Edit a customer."""
        customer_id = uid(input.id, domain.Customer.prefix)
        values = patch(input, *_EDITED)
        for name, prefix in _PEOPLE:
            for id in patch(input, name).values():
                values[f"{name}_id"] = None if id is None else uid(id, prefix, name)
        return await act(
            info,
            input,
            lambda work: domain.edit_customer(work, customer_id, values, version=input.version),
            CustomerPayload,
            "customer",
        )
