"""What a partner has to give, what its customers have of it, and the ledger of every movement, as rows."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Field, col, select

from models.balance.words import EntryKind
from models.customer import Customer
from models.kernel.access import Actor, FieldRule, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Belonging, Record, word_type
from models.kernel.values import Instant, MinorUnits, Uid
from models.partner import PartnerOrganisation
from models.rights import Right

CURRENCY: Final = "CNY"
OF_PARTNER: Final = FieldRule("partner.balance")
OF_CUSTOMER: Final = FieldRule("customer.balance")


class PartnerBalance(Aggregate, table=True):
    """What a partner has with Huawei Cloud to give to its customers (伙伴账户余额); its id is the partner's.

    `designated_amount` is earmarked (专款专用) and never allocated; `available_amount` is the rest. `version` is the
    number of the newest entry of the partner's ledger.
    """

    __tablename__ = "partner_balance"
    prefix: ClassVar[str] = "pba"
    zh: ClassVar[str] = "伙伴账户余额"
    en: ClassVar[str] = "Partner's balance"

    id: UUID = Field(sa_type=Uid, primary_key=True, foreign_key="partner_organisation.id")
    currency: str = Field(default=CURRENCY, max_length=3)
    amount: Annotated[int, OF_PARTNER] = Field(default=0, sa_type=MinorUnits)
    designated_amount: Annotated[int, OF_PARTNER] = Field(default=0, sa_type=MinorUnits)
    available_amount: Annotated[int, OF_PARTNER] = Field(default=0, sa_type=MinorUnits)

    __table_args__ = (
        sa.CheckConstraint("designated_amount >= 0 AND amount >= designated_amount", name="never_negative"),
        sa.CheckConstraint("available_amount = amount - designated_amount", name="available"),
    )
    relations: ClassVar = {"partner": One(PartnerOrganisation, "id")}
    listing: ClassVar[Listing] = Listing(
        sorts={"updated_at": SortKey("updated_at")}, default=(("updated_at", True),), filters={"partner": Filter("id")}
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees its own, a PDM those of his partners, Huawei's finance, operations and audit all."""
        if not actor.may(Right.BALANCE_READ) or actor.side is Side.CUSTOMER:
            return sa.false()
        return col(cls.id).in_(select(PartnerOrganisation.id).where(PartnerOrganisation.visible_to(actor)))

    def belonging(self) -> Belonging:
        """Say that it is the partner's business."""
        return Belonging(partner_id=self.id)


class CustomerFunds(Aggregate, table=True):
    """What a resale customer has of its partner's money (客户账户余额); its id is the customer's.

    `arrears` is what it owes (欠费); `available_credit` is what is left to spend (可用额度), below zero in arrears.
    """

    __tablename__ = "customer_funds"
    prefix: ClassVar[str] = "cfu"
    zh: ClassVar[str] = "客户账户余额"
    en: ClassVar[str] = "Customer's funds"

    id: UUID = Field(sa_type=Uid, primary_key=True, foreign_key="customer.id")
    currency: str = Field(default=CURRENCY, max_length=3)
    balance: Annotated[int, OF_CUSTOMER] = Field(default=0, sa_type=MinorUnits)
    arrears: Annotated[int, OF_CUSTOMER] = Field(default=0, sa_type=MinorUnits)
    available_credit: Annotated[int, OF_CUSTOMER] = Field(default=0, sa_type=MinorUnits)

    __table_args__ = (
        sa.CheckConstraint("balance >= 0 AND arrears >= 0", name="never_negative"),
        sa.CheckConstraint("available_credit = balance - arrears", name="available"),
    )
    relations: ClassVar = {"customer": One(Customer, "id")}

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the customer sees that it has funds; how much is ruled."""
        return col(cls.id).in_(select(Customer.id).where(Customer.visible_to(actor)))


class BalanceEntry(Record, table=True):
    """One movement of money (调账记录), with every balance before and after it; written once and kept.

    `number` counts a partner's entries without a gap. `customer_id` is absent where the partner's balance alone moved.
    """

    __tablename__ = "balance_entry"
    prefix: ClassVar[str] = "ble"
    zh: ClassVar[str] = "调账记录"
    en: ClassVar[str] = "Ledger entry"

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    number: int
    customer_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="customer.id")
    kind: EntryKind = Field(sa_type=word_type(EntryKind))
    currency: str = Field(default=CURRENCY, max_length=3)
    amount: Annotated[int, OF_CUSTOMER] = Field(sa_type=MinorUnits)
    amount_before: Annotated[int, OF_PARTNER] = Field(sa_type=MinorUnits)
    amount_after: Annotated[int, OF_PARTNER] = Field(sa_type=MinorUnits)
    designated_before: Annotated[int, OF_PARTNER] = Field(sa_type=MinorUnits)
    designated_after: Annotated[int, OF_PARTNER] = Field(sa_type=MinorUnits)
    balance_before: Annotated[int | None, OF_CUSTOMER] = Field(default=None, sa_type=MinorUnits)
    balance_after: Annotated[int | None, OF_CUSTOMER] = Field(default=None, sa_type=MinorUnits)
    arrears_before: Annotated[int | None, OF_CUSTOMER] = Field(default=None, sa_type=MinorUnits)
    arrears_after: Annotated[int | None, OF_CUSTOMER] = Field(default=None, sa_type=MinorUnits)
    reason: str | None = Field(default=None, max_length=500)
    by_id: UUID = Field(sa_type=Uid)
    by_name: str = Field(max_length=128)
    by_side: Side = Field(sa_type=word_type(Side))
    happened_at: dt.datetime = Field(sa_type=Instant)

    __table_args__ = (
        sa.UniqueConstraint("partner_id", "number"),
        sa.Index("ix_balance_entry_customer", "customer_id", "happened_at", "id"),
        sa.Index("ix_balance_entry_happened", "happened_at", "id"),
    )
    relations: ClassVar = {
        "partner": One(PartnerOrganisation, "partner_id"),
        "customer": One(Customer, "customer_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"happened_at": SortKey("happened_at")},
        default=(("happened_at", True),),
        filters={
            "partner": Filter("partner_id"),
            "customer": Filter("customer_id"),
            "kind": Filter("kind", "in"),
            "happened_from": Filter("happened_at", "gte"),
            "happened_to": Filter("happened_at", "lt"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees its own ledger, a customer what moved its own funds, and Huawei's side what it sees of both.

        A former customer stays in the partner's ledger; a later partner never sees an earlier one's.
        """
        if not actor.may(Right.BALANCE_READ):
            return sa.false()
        if actor.side is Side.CUSTOMER:
            return col(cls.customer_id) == actor.customer_id if actor.customer_id else sa.false()
        return col(cls.partner_id).in_(select(PartnerOrganisation.id).where(PartnerOrganisation.visible_to(actor)))


@event.listens_for(BalanceEntry, "before_update")
@event.listens_for(BalanceEntry, "before_delete")
def _refuse_rewriting(*_: Any) -> None:
    raise TypeError("the ledger is appended to, never changed, never deleted (COL-5.9.9)")


relate(PartnerOrganisation, "balance", One(PartnerBalance, "id"))
relate(PartnerOrganisation, "balance_entries", Many(BalanceEntry, "partner_id"))
relate(PartnerBalance, "entries", Many(BalanceEntry, "partner_id"))
relate(Customer, "funds", One(CustomerFunds, "id"))
relate(Customer, "balance_entries", Many(BalanceEntry, "customer_id"))
