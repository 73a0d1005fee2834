"""What a tier-1 distributor sees in GraphQL of its resellers and their customers."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models import customer as domain
from models.customer import AssociationType, CustomerType, VerifiedStatus
from models.partner import Reseller as ResellerRow
from resolvers.context import Info, given, searched
from resolvers.fields import Connection, Node, by_id, node, one, search
from resolvers.scalars import Instant, uid


@node(ResellerRow, description="A reseller that is linked to the viewer's own organisation as its distributor.")
class Reseller(Node):
    """A reseller (所辖云经销商)."""

    name: str


@node(
    domain.ResellerCustomer,
    description="Basic data of a reseller's customer, for the reseller's distributor; detail is asked of the reseller.",
)
class ResellerCustomer(Node):
    """A reseller's customer (云经销商的客户, COL-5.7.3)."""

    company_name: str | None
    customer_type: CustomerType
    verified_status: VerifiedStatus | None
    association_type: AssociationType | None
    associated_on: Instant | None
    reseller: Reseller | None = one("Whose customer it is, and of whom its detail is asked.")


@strawberry.enum(description="What a distributor sorts its resellers' customers by.")
class ResellerCustomerSortKey(enum.Enum):
    """A sort key (排序字段)."""

    ASSOCIATED_ON = "associated_on"


@strawberry.input
class ResellerCustomerSort:
    """One sort key with its direction."""

    by: ResellerCustomerSortKey
    descending: bool = True


@strawberry.input
class ResellerCustomerFilter:
    """Which of the resellers' customers."""

    company_name: str | None = strawberry.field(default=None, description="A part of the name.")
    customer_type: list[CustomerType] | None = None
    association_type: list[AssociationType] | None = None
    associated_from: Instant | None = None
    associated_to: Instant | None = strawberry.field(default=None, description="Not included.")
    reseller: strawberry.ID | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {**vars(self), "reseller": self.reseller and uid(self.reseller, ResellerRow.prefix, "reseller")}


@strawberry.type
class ResellerQuery:
    """What a distributor can ask about its resellers."""

    @strawberry.field(
        metadata=search(ResellerRow), description="The resellers that are linked to the viewer's organisation (PL-13)."
    )
    async def resellers(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Reseller] | None:
        """List resellers."""
        found: Any = await searched(info, {"first": first, "after": after})
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=by_id(domain.ResellerCustomer), description="One customer of a reseller; null where none is seen."
    )
    async def reseller_customer(self, info: Info, id: strawberry.ID) -> ResellerCustomer | None:
        """Give one customer of a reseller."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.ResellerCustomer),
        description="The customers of the resellers that are linked to the viewer's organisation (COL-5.7.3).",
    )
    async def reseller_customers(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: ResellerCustomerFilter | None = None,
        sort: list[ResellerCustomerSort] | None = None,
    ) -> Connection[ResellerCustomer] | None:
        """List customers of resellers."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]
