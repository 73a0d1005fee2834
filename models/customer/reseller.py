"""What a tier-1 distributor sees of its resellers' customers: a written list of fields, and nothing more."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.customer.record import NAME, PROFILE, Customer
from models.customer.words import AssociationType, CustomerType, VerifiedStatus
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError
from models.kernel.reads import Filter, Listing, One, SortKey
from models.kernel.record import Belonging, Record
from models.kernel.work import Work
from models.partner import Reseller

_TABLE: Final = Customer.__table__  # type: ignore[attr-defined]
_COLUMNS: Final = _TABLE.c
SHOWN: Final = ("company_name", "customer_type", "verified_status", "association_type", "associated_on", "partner_id")


class CustomerOfResellerError(DomainError):
    """Detail of a reseller's customer is asked of that reseller, and done by it (COL-5.7.3)."""

    zh = "该客户属于云经销商“{reseller}”，详细信息与操作请联系该经销商。"
    en = "The customer is that of the reseller “{reseller}”; ask the reseller for detail, and to do this."
    cbc = "CBC.0151"


class ResellerCustomer(Record, table=True):
    """A reseller's customer as the reseller's distributor sees it (云经销商的客户, COL-5.7.3): basic data alone.

    What is not listed here is asked of the reseller: how to reach the customer, what it buys, whose it is there.
    """

    __table__: ClassVar[Any] = _TABLE
    __mapper_args__: ClassVar[Any] = {"include_properties": ["id", *SHOWN]}
    prefix: ClassVar[str] = "rcu"
    zh: ClassVar[str] = "云经销商的客户"
    en: ClassVar[str] = "Customer of a reseller"
    relations: ClassVar = {"reseller": One(Reseller, "partner_id")}
    listing: ClassVar[Listing] = Listing(
        sorts={"associated_on": SortKey("associated_on", absent=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))},
        default=(),
        filters={
            "company_name": Filter("company_name", "text"),
            "customer_type": Filter("customer_type", "in"),
            "association_type": Filter("association_type", "in"),
            "associated_from": Filter("associated_on", "gte"),
            "associated_to": Filter("associated_on", "lt"),
            "reseller": Filter("partner_id"),
        },
    )

    id: UUID = Field(sa_column=_COLUMNS.id)
    company_name: Annotated[str | None, NAME] = Field(sa_column=_COLUMNS.company_name)
    customer_type: CustomerType = Field(sa_column=_COLUMNS.customer_type)
    verified_status: VerifiedStatus | None = Field(sa_column=_COLUMNS.verified_status)
    association_type: Annotated[AssociationType | None, PROFILE] = Field(sa_column=_COLUMNS.association_type)
    associated_on: Annotated[dt.datetime | None, PROFILE] = Field(sa_column=_COLUMNS.associated_on)
    partner_id: UUID | None = Field(sa_column=_COLUMNS.partner_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees all customers of the distributor sees those of its resellers; they see none of each other's."""
        seen = Reseller.visible_to(actor)
        return sa.false() if isinstance(seen, sa.False_) else _COLUMNS.partner_id.in_(select(Reseller.id).where(seen))

    def belonging(self) -> Belonging:
        """Whoever looks keeps the line in the journal of his own organisation."""
        return Belonging()


async def not_seen(work: Work, id: UUID) -> DomainError:
    """Say why a customer is not found: it is a reseller's of the asking distributor, or as good as not there."""
    reseller = await work.first(
        select(Reseller.name)
        .join(ResellerCustomer, col(ResellerCustomer.partner_id) == Reseller.id)
        .where(ResellerCustomer.id == id, ResellerCustomer.visible_to(work.actor))
    )
    return NotFoundError() if reseller is None else CustomerOfResellerError(reseller=reseller)
