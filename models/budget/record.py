"""Budgets of resale customers, their adjustments, and what distributors grant their resellers, as rows."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Field, col, select

from models.balance import CURRENCY, OF_CUSTOMER, OF_PARTNER
from models.customer import Customer
from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Belonging, Record, word_type
from models.kernel.values import Instant, MinorUnits, Uid
from models.kernel.words import Word
from models.partner import PartnerOrganisation
from models.rights import Right


class BudgetType(Word):
    """Whether a budget begins anew each month (预算模式)."""

    MONTHLY = "MONTHLY", "月度预算", "Monthly"
    ONE_TIME = "ONE_TIME", "一次性预算", "One-time"


class Exhaustion(Word):
    """What follows when a budget is used up (超预算处理)."""

    AUTOMATIC = "AUTOMATIC", "自动冻结", "Frozen automatically"
    MANUAL = "MANUAL", "手动冻结", "Frozen by hand"


class CustomerBudget(Aggregate, table=True):
    """What a resale customer may use (客户预算); its id is the customer's.

    `used` is what it has used in the month `used_month` of Beijing, or of a one-time budget since it was set.
    """

    __tablename__ = "customer_budget"
    prefix: ClassVar[str] = "bud"
    zh: ClassVar[str] = "客户预算"
    en: ClassVar[str] = "Customer's budget"

    id: UUID = Field(sa_type=Uid, primary_key=True, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id", index=True)
    currency: str = Field(default=CURRENCY, max_length=3)
    amount: Annotated[int, OF_CUSTOMER] = Field(sa_type=MinorUnits)
    budget_type: Annotated[BudgetType, OF_CUSTOMER] = Field(sa_type=word_type(BudgetType))
    exhaustion: Annotated[Exhaustion, OF_CUSTOMER] = Field(sa_type=word_type(Exhaustion))
    used: Annotated[int, OF_CUSTOMER] = Field(default=0, sa_type=MinorUnits)
    used_month: Annotated[str | None, OF_CUSTOMER] = Field(default=None, max_length=7)

    __table_args__ = (sa.CheckConstraint("amount >= 0 AND used >= 0", name="never_negative"),)
    relations: ClassVar = {
        "customer": One(Customer, "id"),
        "partner": One(PartnerOrganisation, "partner_id"),
    }

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the customer sees that it has a budget; how much is ruled."""
        seen = col(cls.id).in_(select(Customer.id).where(Customer.visible_to(actor)))
        return seen if actor.partner_id is None else sa.and_(seen, col(cls.partner_id) == actor.partner_id)


class BudgetAdjustment(Record, table=True):
    """One setting of a budget (预算调整记录), with what it was before; written once and kept."""

    __tablename__ = "budget_adjustment"
    prefix: ClassVar[str] = "bad"
    zh: ClassVar[str] = "预算调整记录"
    en: ClassVar[str] = "Budget adjustment"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    currency: str = Field(default=CURRENCY, max_length=3)
    amount_before: Annotated[int | None, OF_CUSTOMER] = Field(default=None, sa_type=MinorUnits)
    amount_after: Annotated[int, OF_CUSTOMER] = Field(sa_type=MinorUnits)
    budget_type: Annotated[BudgetType, OF_CUSTOMER] = Field(sa_type=word_type(BudgetType))
    exhaustion: Annotated[Exhaustion, OF_CUSTOMER] = Field(sa_type=word_type(Exhaustion))
    by_id: UUID = Field(sa_type=Uid)
    by_name: str = Field(max_length=128)
    happened_at: dt.datetime = Field(sa_type=Instant)

    __table_args__ = (sa.Index("ix_budget_adjustment_customer", "customer_id", "happened_at", "id"),)
    relations: ClassVar = {"customer": One(Customer, "customer_id")}
    listing: ClassVar[Listing] = Listing(
        sorts={"happened_at": SortKey("happened_at")},
        default=(("happened_at", True),),
        filters={"customer": Filter("customer_id")},
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever reads balances of the customer reads how its budget was set; a partner, only what itself set."""
        if not actor.may(Right.BALANCE_READ):
            return sa.false()
        seen = col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor)))
        return seen if actor.partner_id is None else col(cls.partner_id) == actor.partner_id


class BudgetGrant(Aggregate, table=True):
    """What a distributor lets a reseller give as budgets (预算授权额度); its id is the reseller's."""

    __tablename__ = "budget_grant"
    prefix: ClassVar[str] = "bgr"
    zh: ClassVar[str] = "云经销商预算权限"
    en: ClassVar[str] = "Reseller's budget grant"

    id: UUID = Field(sa_type=Uid, primary_key=True, foreign_key="partner_organisation.id")
    distributor_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id", index=True)
    permitted: bool = True
    currency: str = Field(default=CURRENCY, max_length=3)
    quota: Annotated[int, OF_PARTNER] = Field(default=0, sa_type=MinorUnits)

    __table_args__ = (sa.CheckConstraint("quota >= 0", name="never_negative"),)
    relations: ClassVar = {
        "reseller": One(PartnerOrganisation, "id"),
        "distributor": One(PartnerOrganisation, "distributor_id"),
    }

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Distributor and reseller see it, and on Huawei's side whoever reads balances of either."""
        if not actor.may(Right.BALANCE_READ) or actor.side is Side.CUSTOMER:
            return sa.false()
        seen = select(PartnerOrganisation.id).where(PartnerOrganisation.visible_to(actor))
        return sa.or_(col(cls.id).in_(seen), col(cls.distributor_id).in_(seen))

    def belonging(self) -> Belonging:
        """Say that it is the distributor's business."""
        return Belonging(partner_id=self.distributor_id)


@event.listens_for(BudgetAdjustment, "before_update")
@event.listens_for(BudgetAdjustment, "before_delete")
def _refuse_rewriting(*_: Any) -> None:
    raise TypeError("a budget's adjustment is appended, never changed, never deleted (COL-5.10.5)")


relate(Customer, "budget", One(CustomerBudget, "id"))
relate(Customer, "budget_adjustments", Many(BudgetAdjustment, "customer_id"))
