"""Customers that were merged into another, as rows: who did it, when, and everything that undoes it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.customer.record import ACCOUNT, CREDIT_CODE, NAME, Customer
from models.identity import Account
from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, word_type
from models.kernel.values import Instant, Uid
from models.partner import PartnerOrganisation
from models.rights import Right


class CustomerMerge(Aggregate, table=True):
    """Two customers made one (客户合并); the merged-away row is kept here whole until somebody takes the merge back.

    `taken` names the fields that the merged-away customer won, `moved` the rows that followed by table and column,
    `set_aside` those for which the survivor has its own. The keys of the merged-away customer are kept beside it, so
    that whoever names it again finds the survivor.
    """

    __tablename__ = "customer_merge"
    prefix: ClassVar[str] = "cme"
    zh: ClassVar[str] = "客户合并"
    en: ClassVar[str] = "Merged customers"

    survivor_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    merged_id: UUID = Field(sa_type=Uid)
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id")
    company_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    normalised_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    account_name: Annotated[str | None, ACCOUNT] = Field(default=None, max_length=64)
    credit_code: Annotated[str | None, CREDIT_CODE] = Field(default=None, max_length=18)
    client_id: UUID | None = Field(default=None, sa_type=Uid)
    external_id: str | None = Field(default=None, max_length=64)
    reason: str = Field(max_length=2000)
    merged_at: dt.datetime = Field(sa_type=Instant)
    by_id: UUID = Field(sa_type=Uid)
    by_name: str = Field(max_length=128)
    by_side: Side = Field(sa_type=word_type(Side))
    taken: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    followed: int = 0
    undone_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    undone_by_id: UUID | None = Field(default=None, sa_type=Uid)
    undone_by_name: str | None = Field(default=None, max_length=128)
    undo_reason: str | None = Field(default=None, max_length=2000)
    merged_row: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    moved: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    set_aside: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)

    __table_args__ = (
        sa.Index("ix_customer_merge_survivor", "survivor_id", "id"),
        sa.Index("ix_customer_merge_partner", "partner_id", "merged_at", "id"),
        sa.Index("ix_customer_merge_at", "merged_at", "id"),
        sa.Index(
            "uq_customer_merge_merged",
            "merged_id",
            unique=True,
            sqlite_where=sa.text("undone_at IS NULL"),
            postgresql_where=sa.text("undone_at IS NULL"),
        ),
        *(
            sa.Index(
                f"ix_customer_merge_{name}",
                name,
                sqlite_where=sa.text(f"undone_at IS NULL AND {name} IS NOT NULL"),
                postgresql_where=sa.text(f"undone_at IS NULL AND {name} IS NOT NULL"),
            )
            for name in ("normalised_name", "account_name", "credit_code", "external_id")
        ),
    )
    relations: ClassVar = {
        "survivor": One(Customer, "survivor_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "by": One(Account, "by_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"merged_at": SortKey("merged_at")},
        default=(("merged_at", True),),
        filters={
            "survivor": Filter("survivor_id"),
            "merged": Filter("merged_id"),
            "partner": Filter("partner_id"),
            "undone": Filter("undone_at", "exists"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the survivor sees what went into it; a customer is not told that its partner kept it twice."""
        if actor.side is Side.CUSTOMER:
            return sa.false()
        if actor.may(Right.CUSTOMER_READ_ALL):
            return sa.true()
        survivor = select(Customer.id).where(col(Customer.id) == col(cls.survivor_id), Customer.visible_to(actor))
        return sa.exists(survivor.correlate_except(Customer))


def _survivor_of(id: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    merge = CustomerMerge.__table__  # type: ignore[attr-defined]
    standing = sa.select(merge.c.survivor_id).where(merge.c.merged_id == id, merge.c.undone_at.is_(None))
    return standing.scalar_subquery()


Customer.successor = staticmethod(_survivor_of)
relate(Customer, "merges", Many(CustomerMerge, "survivor_id"))
