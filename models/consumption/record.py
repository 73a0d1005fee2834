"""Consumption as rows: lines as Huawei Cloud sent them, what of them is performance, and their monthly summaries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from models.consumption.refusals import AmountNotReadableError
from models.consumption.words import BillDetailType, ChargingMode, ConsumptionView
from models.customer import AssociationType, Customer
from models.customer.record import ACCOUNT, NAME, PROFILE
from models.identity import Account
from models.kernel.access import Actor, FieldRule, Side
from models.kernel.errors import ValueNotAllowedError
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.reads.filters import contains
from models.kernel.record import Record, nobody, where_given, word_type
from models.kernel.values import Instant, InvalidAmountError, MinorUnits, Money, Uid, UnknownCurrencyError
from models.kernel.values.money import currency_digits
from models.partner import PartnerOrganisation
from models.rights import Right

CONSUMPTION: Final = FieldRule("customer.consumption")
NOTICE_ZH: Final = "消费数据仅供参考，不是伙伴账单，不能用于结算、还款或开票；汇总与明细不一致时，以明细为准。"
NOTICE_EN: Final = (
    "Consumption is for reference only: it is not the partner's bill and cannot be used for settlement, repayment or "
    "invoicing; where summary and detail differ, the detail holds."
)


class ConsumptionWindow(Record, table=True):
    """What of consumption can be looked at now (可查询范围): one row, which the timers move on.

    `first_month` is the oldest month shown (COL-5.9.3), `through_day` the last day that summaries hold (COL-5.9.1),
    `hides_zeros` whether the present `month` leaves out rows of nothing unless asked (COL-5.9.6).
    """

    __tablename__ = "consumption_window"
    prefix: ClassVar[str] = "cwi"

    first_month: str = Field(max_length=7)
    month: str = Field(max_length=7)
    through_day: dt.date
    hides_zeros: bool = False

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """No window shows it."""
        return nobody()


_WINDOW: Final = ConsumptionWindow.__table__  # type: ignore[attr-defined]


def _first_month() -> Any:
    return sa.select(sa.func.max(_WINDOW.c.first_month)).scalar_subquery()


def _present_month() -> Any:
    return sa.select(sa.func.max(_WINDOW.c.month)).scalar_subquery()


def _seen_by(table: Any, actor: Actor) -> sa.ColumnElement[bool]:
    """Say who sees rows of consumption, of the months that can be looked at (COL-5.9.3).

    A partner sees what its customers consumed while they were its own, and nothing of its resellers' (COL-5.7.3); an
    account manager what was consumed in his periods, from the day after the assignment (COL-5.8.2, COL-5.8.3); a
    director what belongs to his managers. Whoever may not read consumption is not told that there is any.
    """
    if actor.side is not Side.SYSTEM and not actor.may(f"{CONSUMPTION.group}:plain"):
        return sa.false()
    shown = table.c.bill_cycle >= _first_month()
    if actor.may(Right.CUSTOMER_READ_ALL) or actor.side is Side.SYSTEM:
        return shown  # type: ignore[no-any-return]
    seen: list[Any] = []
    if actor.partner_id is not None:
        own = table.c.partner_id == actor.partner_id
        manager = table.c.account_manager_id
        if actor.may(Right.CUSTOMER_READ_OWN):
            seen.append(own)
        else:
            team = select(Account.id).where(Account.director_id == actor.id, Account.partner_id == actor.partner_id)
            if actor.may(Right.CUSTOMER_READ_TEAM):
                seen.append(sa.and_(own, manager.in_(team)))
            if actor.may(Right.CUSTOMER_READ_MANAGED):
                seen.append(sa.and_(own, manager == actor.id))
    if actor.may(Right.CUSTOMER_READ_SELF) and actor.customer_id:
        seen.append(table.c.customer_id == actor.customer_id)
    if actor.may(Right.CUSTOMER_READ_PARTNERS) and actor.partners:
        seen.append(table.c.partner_id.in_(sorted(actor.partners)))
    if actor.may(Right.CUSTOMER_READ_OFFICE) and actor.office_id:
        of_office = select(Customer.id).where(col(Customer.office_id) == actor.office_id)
        seen.append(table.c.customer_id.in_(of_office))
    if actor.may(Right.CUSTOMER_READ_OWNED):
        owned = select(Customer.id).where(sa.or_(col(Customer.owner_id) == actor.id, col(Customer.bd_id) == actor.id))
        seen.append(table.c.customer_id.in_(owned))
    return sa.and_(shown, sa.or_(*seen)) if seen else sa.false()


def _customers(table: str, rule: FieldRule, condition: Callable[[Any], Any]) -> Filter:
    """Find rows by a ruled field of their customers, for whoever may search customers by it."""

    def clause(reader: Any, value: Any) -> sa.ColumnElement[bool]:
        found = select(Customer.id).where(condition(value), Customer.visible_to(reader.actor))
        return _column(table, "customer_id").in_(found)  # type: ignore[no-any-return]

    return Filter(clause=clause, by=(rule,))


def _shared_filters(table: str) -> dict[str, Filter]:
    return {
        "customer": Filter("customer_id"),
        "customer_name": _customers(table, NAME, lambda text: _containing(col(Customer.company_name), text)),
        "account_name": _customers(table, ACCOUNT, lambda text: col(Customer.account_name) == text),
        "account_manager": Filter("account_manager_id"),
        "account_manager_name": Filter(
            clause=lambda _reader, text: _column(table, "account_manager_id").in_(
                select(Account.id).where(_containing(col(Account.name), text))
            ),
            by=(PROFILE,),
        ),
        "association_type": Filter("association_type", "in"),
        "partner": Filter("partner_id"),
        "partner_name": Filter(
            clause=lambda _reader, text: _column(table, "partner_id").in_(
                select(PartnerOrganisation.id).where(_containing(col(PartnerOrganisation.name), text))
            )
        ),
        "month_from": Filter("bill_cycle", "gte"),
        "month_to": Filter("bill_cycle", "lte"),
        "this_month": Filter(
            clause=lambda _reader, this: (_column(table, "bill_cycle") == _present_month()).is_(bool(this)),
            steady=True,
        ),
    }


def _containing(column: Any, text: str) -> Any:
    return contains(column, text)


def _column(table: str, name: str) -> Any:
    return SQLModel.metadata.tables[table].c[name]


def _zeros_of_present_month_hidden(_reader: Any, _on: Any) -> Any:
    # COL-5.9.6, where the switch of the international site is on.
    hidden = sa.exists().where(
        _WINDOW.c.hides_zeros.is_(True), _WINDOW.c.month == _column("consumption_detail", "bill_cycle")
    )
    return sa.or_(_column("consumption_detail", "is_zero").is_(False), sa.not_(hidden))


class ConsumptionSummary(Record, table=True):
    """What one customer consumed in one month, in one view (消费汇总).

    A month whose days belong to several account managers, association types or currencies has a row of each. It is made
    from the lines, a day after 24:00 of the day that follows it (COL-5.9.1), and is no bill for settlement (COL-5.9.2).
    """

    __tablename__ = "consumption_summary"
    prefix: ClassVar[str] = "csm"
    zh: ClassVar[str] = "消费汇总"
    en: ClassVar[str] = "Monthly consumption"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    account_manager_id: Annotated[UUID | None, PROFILE] = Field(default=None, sa_type=Uid)
    association_type: Annotated[AssociationType | None, PROFILE] = Field(
        sa_type=word_type(AssociationType), nullable=False
    )
    bill_cycle: str = Field(max_length=7)
    view: ConsumptionView = Field(sa_type=word_type(ConsumptionView))
    currency: str = Field(max_length=3)
    official_amount: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)
    discount_amount: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)
    amount_due: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)
    performance_amount: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)
    line_count: Annotated[int | None, CONSUMPTION] = Field(nullable=False)

    __table_args__ = (
        sa.Index("ix_consumption_summary_partner", "partner_id", "bill_cycle", "id"),
        sa.Index("ix_consumption_summary_customer", "customer_id", "bill_cycle", "id"),
        sa.Index("ix_consumption_summary_month", "bill_cycle", "id"),
        where_given("ix_consumption_summary_manager", "account_manager_id", "bill_cycle", "id"),
    )
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "account_manager": One(Account, "account_manager_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"bill_cycle": SortKey("bill_cycle")},
        default=(("bill_cycle", True),),
        filters={**_shared_filters("consumption_summary"), "view": Filter("view", "in")},
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever may read the consumption of the month's customer, as its partner, manager or from Huawei's side."""
        return _seen_by(cls.__table__, actor)  # type: ignore[attr-defined]


class ConsumptionDay(Record, table=True):
    """What a summary does not hold yet (待汇总): the sums of a day that is not old enough (COL-5.9.1)."""

    __tablename__ = "consumption_day"
    prefix: ClassVar[str] = "cdy"

    day: dt.date = Field(index=True)
    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    account_manager_id: UUID | None = Field(default=None, sa_type=Uid)
    association_type: AssociationType = Field(sa_type=word_type(AssociationType))
    bill_cycle: str = Field(max_length=7)
    view: ConsumptionView = Field(sa_type=word_type(ConsumptionView))
    currency: str = Field(max_length=3)
    official_amount: int = Field(sa_type=MinorUnits)
    discount_amount: int = Field(sa_type=MinorUnits)
    amount_due: int = Field(sa_type=MinorUnits)
    performance_amount: int = Field(sa_type=MinorUnits)
    line_count: int

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """No window shows it."""
        return nobody()


class ConsumptionDetail(Record, table=True):
    """One line of what a customer consumed (消费明细), as Huawei Cloud sent it.

    `line_id` is Huawei Cloud's own id of the line (唯一标识), by which it is taken in once; `trade_id` is the order or
    transaction. It says what was consumed and not what was deducted, nor when (COL-5.9.11).
    """

    __tablename__ = "consumption_detail"
    prefix: ClassVar[str] = "cdt"
    zh: ClassVar[str] = "消费明细"
    en: ClassVar[str] = "Consumption detail"

    line_id: Annotated[str | None, CONSUMPTION] = Field(max_length=64, unique=True, nullable=False)
    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    account_manager_id: Annotated[UUID | None, PROFILE] = Field(default=None, sa_type=Uid)
    association_type: Annotated[AssociationType | None, PROFILE] = Field(
        sa_type=word_type(AssociationType), nullable=False
    )
    bill_cycle: str = Field(max_length=7)
    consumed_at: Annotated[dt.datetime | None, CONSUMPTION] = Field(sa_type=Instant, nullable=False)
    bill_detail_type: Annotated[BillDetailType | None, CONSUMPTION] = Field(
        sa_type=word_type(BillDetailType), nullable=False
    )
    charging_mode: Annotated[ChargingMode | None, CONSUMPTION] = Field(sa_type=word_type(ChargingMode), nullable=False)
    service_type_code: Annotated[str | None, CONSUMPTION] = Field(max_length=64, nullable=False)
    service_type_name: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=128)
    resource_type_name: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=128)
    specification: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=256)
    region_code: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=64)
    region_name: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=64)
    trade_id: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=64)
    resource_id: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=128)
    resource_name: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=256)
    currency: str = Field(max_length=3)
    official_amount: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)
    discount_amount: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)
    amount_due: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)
    is_zero: Annotated[bool | None, CONSUMPTION] = Field(nullable=False)

    __table_args__ = (
        sa.Index("ix_consumption_detail_partner", "partner_id", "bill_cycle", "id"),
        sa.Index("ix_consumption_detail_customer", "customer_id", "bill_cycle", "id"),
        sa.Index("ix_consumption_detail_month", "bill_cycle", "id"),
        where_given("ix_consumption_detail_manager", "account_manager_id", "bill_cycle", "id"),
        where_given("ix_consumption_detail_trade_id", "trade_id"),
        where_given("ix_consumption_detail_resource_id", "resource_id"),
    )
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "account_manager": One(Account, "account_manager_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"bill_cycle": SortKey("bill_cycle")},
        default=(("bill_cycle", True),),
        filters={
            **_shared_filters("consumption_detail"),
            "zero": Filter("is_zero"),
            "zeros_as_usual": Filter(clause=_zeros_of_present_month_hidden, steady=True),
            "consumed_from": Filter("consumed_at", "gte"),
            "consumed_to": Filter("consumed_at", "lt"),
            "product_type": Filter("service_type_code", "in"),
            "charging_mode": Filter("charging_mode", "in"),
            "bill_type": Filter("bill_detail_type", "in"),
            "region": Filter("region_code", "in"),
            "trade_id": Filter("trade_id"),
            "resource_name": Filter("resource_name", "text"),
            "resource_id": Filter("resource_id"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever may read the consumption of the line's customer, as its partner, manager or from Huawei's side."""
        return _seen_by(cls.__table__, actor)  # type: ignore[attr-defined]


class PerformanceDetail(Record, table=True):
    """What of a line of consumption counts as performance (业绩明细); it bears the line's own id.

    Huawei Cloud says how much counts; which part was paid how is not told here (COL-5.9.11).
    """

    __tablename__ = "performance_detail"
    prefix: ClassVar[str] = "pfd"
    zh: ClassVar[str] = "业绩明细"
    en: ClassVar[str] = "Performance detail"

    summary_id: UUID = Field(sa_type=Uid)
    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    account_manager_id: Annotated[UUID | None, PROFILE] = Field(default=None, sa_type=Uid)
    association_type: Annotated[AssociationType | None, PROFILE] = Field(
        sa_type=word_type(AssociationType), nullable=False
    )
    bill_cycle: str = Field(max_length=7)
    consumed_at: Annotated[dt.datetime | None, CONSUMPTION] = Field(sa_type=Instant, nullable=False)
    bill_detail_type: Annotated[BillDetailType | None, CONSUMPTION] = Field(
        sa_type=word_type(BillDetailType), nullable=False
    )
    charging_mode: Annotated[ChargingMode | None, CONSUMPTION] = Field(sa_type=word_type(ChargingMode), nullable=False)
    service_type_code: Annotated[str | None, CONSUMPTION] = Field(max_length=64, nullable=False)
    service_type_name: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=128)
    trade_id: Annotated[str | None, CONSUMPTION] = Field(default=None, max_length=64)
    currency: str = Field(max_length=3)
    amount_due: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)
    performance_amount: Annotated[int | None, CONSUMPTION] = Field(sa_type=MinorUnits, nullable=False)

    __table_args__ = (
        sa.Index("ix_performance_detail_partner", "partner_id", "bill_cycle", "id"),
        sa.Index("ix_performance_detail_customer", "customer_id", "bill_cycle", "id"),
        sa.Index("ix_performance_detail_month", "bill_cycle", "id"),
        sa.Index("ix_performance_detail_summary", "summary_id", "bill_cycle", "id"),
        where_given("ix_performance_detail_manager", "account_manager_id", "bill_cycle", "id"),
    )
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "account_manager": One(Account, "account_manager_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"bill_cycle": SortKey("bill_cycle")},
        default=(("bill_cycle", True),),
        filters={
            **_shared_filters("performance_detail"),
            "summary": Filter("summary_id"),
            "product_type": Filter("service_type_code", "in"),
            "charging_mode": Filter("charging_mode", "in"),
            "bill_type": Filter("bill_detail_type", "in"),
            "trade_id": Filter("trade_id"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever may read the consumption that it comes from."""
        return _seen_by(cls.__table__, actor)  # type: ignore[attr-defined]


relate(ConsumptionSummary, "performance", Many(PerformanceDetail, "summary_id"))
relate(Customer, "consumption", Many(ConsumptionSummary, "customer_id"))


def shown_lines(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Say which lines are listed under some conditions: with `hide_zero` unsaid, as the site has it (COL-5.9.6)."""
    others = {name: value for name, value in conditions.items() if name != "hide_zero"}
    match conditions.get("hide_zero"):
        case None:
            return others | {"zeros_as_usual": True}
        case True:
            return others | {"zero": False}
    return others


def consumed_amount(amount: str, currency: str, path: str) -> tuple[int, str]:
    """Read an amount that customers are filtered by: minor units with their currency."""
    try:
        return Money.parse(amount, currency).minor, currency
    except UnknownCurrencyError:
        raise ValueNotAllowedError(path=("filter", path), value=currency[:8]) from None
    except InvalidAmountError:
        digits = currency_digits(currency)
        raise AmountNotReadableError(
            path=("filter", path), value=amount[:40], currency=currency, digits=digits
        ) from None


def _of_this_month(reader: Any, value: tuple[int, str], *, least: bool) -> Any:
    """Choose customers by what they consumed this month (本月消费, COL-5.7.1), as far as the viewer sees it."""
    minor, currency = value
    consumed = sa.func.sum(ConsumptionSummary.amount_due)
    customers = (
        select(ConsumptionSummary.customer_id)
        .where(
            ConsumptionSummary.visible_to(reader.actor),
            ConsumptionSummary.currency == currency,
            col(ConsumptionSummary.bill_cycle) == _present_month(),
        )
        .group_by(col(ConsumptionSummary.customer_id))
    )
    # Who has consumed nothing has consumed zero.
    if least and minor > 0:
        return col(Customer.id).in_(customers.having(consumed >= minor))
    if least:
        return col(Customer.id).not_in(customers.having(consumed < minor))
    if minor < 0:
        return col(Customer.id).in_(customers.having(consumed <= minor))
    return col(Customer.id).not_in(customers.having(consumed > minor))


Customer.listing = replace(
    Customer.listing,
    filters={
        **Customer.listing.filters,
        "consumption_from": Filter(
            clause=lambda reader, value: _of_this_month(reader, value, least=True), by=(CONSUMPTION,)
        ),
        "consumption_to": Filter(
            clause=lambda reader, value: _of_this_month(reader, value, least=False), by=(CONSUMPTION,)
        ),
    },
)
