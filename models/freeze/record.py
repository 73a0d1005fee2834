"""Periods for which a customer is frozen, as rows."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.customer import Customer, FreezeState
from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Deadlined, word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Word
from models.partner import PartnerOrganisation
from models.rights import Right

_HOLDS = sa.text("status <> 'LIFTED'")


class FreezeStatus(Word):
    """How it stands with a freeze (冻结记录状态)."""

    FROZEN = "FROZEN", "冻结中", "Frozen"
    EXHAUSTED = "EXHAUSTED", "预算耗尽冻结中", "Frozen for its budget"
    RESOURCES_DELETED = "RESOURCES_DELETED", "资源数据已删除", "Resources deleted"
    LIFTED = "LIFTED", "已解冻", "Lifted"


class FreezeCause(Word):
    """Why a customer was frozen (冻结来源)."""

    PARTNER = "PARTNER", "伙伴手动冻结", "By the partner"
    NO_BUDGET = "NO_BUDGET", "代售关联后默认冻结", "By default, before a budget is set"
    BUDGET_EXHAUSTED = "BUDGET_EXHAUSTED", "预算耗尽", "Its budget is used up"
    PARTNER_FROZEN = "PARTNER_FROZEN", "伙伴被冻结", "Its partner is frozen"


class CustomerFreeze(Aggregate, Deadlined, table=True):
    """One period for which a resale customer is frozen (客户冻结记录).

    `data_until` is when the data of frozen resources is deleted; `restores_at` when a monthly budget begins anew.
    """

    __tablename__ = "customer_freeze"
    prefix: ClassVar[str] = "cfz"
    zh: ClassVar[str] = "客户冻结记录"
    en: ClassVar[str] = "Freeze"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    status: FreezeStatus = Field(default=FreezeStatus.FROZEN, sa_type=word_type(FreezeStatus))
    kind: FreezeState = Field(sa_type=word_type(FreezeState))
    cause: FreezeCause = Field(sa_type=word_type(FreezeCause))
    reason: str = Field(max_length=500)
    by_id: UUID = Field(sa_type=Uid)
    by_name: str = Field(max_length=128)
    by_side: Side = Field(sa_type=word_type(Side))
    data_until: dt.datetime | None = Field(default=None, sa_type=Instant)
    restores_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    lifted_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    lifted_by: str | None = Field(default=None, max_length=128)
    lift_reason: str | None = Field(default=None, max_length=500)

    __table_args__ = (
        sa.Index("uq_customer_freeze_holds", "customer_id", unique=True, sqlite_where=_HOLDS, postgresql_where=_HOLDS),
        sa.Index("ix_customer_freeze_customer", "customer_id", "created_at", "id"),
        sa.Index("ix_customer_freeze_partner", "partner_id", "created_at", "id"),
        sa.Index("ix_customer_freeze_created", "created_at", "id"),
    )
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at")},
        default=(("created_at", True),),
        filters={
            "customer": Filter("customer_id"),
            "partner": Filter("partner_id"),
            "status": Filter("status", "in"),
            "kind": Filter("kind", "in"),
            "cause": Filter("cause", "in"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the customer sees that it is or was frozen; a partner, only with itself."""
        seen = col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor)))
        if actor.partner_id is None:
            return seen
        own = col(cls.partner_id) == actor.partner_id
        return own if actor.may(Right.CUSTOMER_READ_OWN) else sa.and_(own, seen)


relate(Customer, "freezes", Many(CustomerFreeze, "customer_id"))
