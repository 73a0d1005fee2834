"""Consumption in GraphQL: by month, by line, and what of it is performance; nothing here is a bill."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from models import consumption as domain
from models.consumption import BillDetailType, ChargingMode, ConsumptionView
from models.customer import AssociationType
from models.customer import Customer as CustomerRow
from models.identity import Account as AccountRow
from models.kernel.errors import ValueNotAllowedError
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.context import Info, given, searched
from resolvers.fields import Connection, Node, by_id, computed, listed, many, node, one, search
from resolvers.identity.types import Account
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, Money, uid
from resolvers.words import publish

if TYPE_CHECKING:
    from resolvers.customer import Customer

publish(BillDetailType, ChargingMode, ConsumptionView)
MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")


def _money(column: str, description: str) -> Any:
    return computed(
        column, "currency", of=lambda row, _: Money.of(row[column], row["currency"]), description=description
    )


def _notice(text: str, language: str) -> Any:
    return computed(
        of=lambda _row, _reader: text,
        description=f"That this is no bill for settlement, repayment or invoicing (COL-5.9.2), in {language}.",
    )


@node(
    domain.PerformanceDetail,
    description="What of a line of consumption counts as performance. For reference only: no bill for settlement.",
)
class PerformanceDetail(Node):
    """A line of performance (业绩明细)."""

    bill_cycle: str
    association_type: AssociationType | None
    consumed_at: Instant | None
    bill_detail_type: BillDetailType | None
    charging_mode: ChargingMode | None
    service_type_code: str | None
    service_type_name: str | None
    trade_id: str | None
    amount_due: Money | None = _money("amount_due", "What is due for the line.")
    performance_amount: Money | None = _money("performance_amount", "What of it counts as performance.")
    notice_zh: str = _notice(domain.NOTICE_ZH, "Chinese")
    notice_en: str = _notice(domain.NOTICE_EN, "English")
    customer: Annotated[Customer, strawberry.lazy("resolvers.customer")] | None = one("Who consumed it.")
    partner: PartnerOrganisation | None = one("The partner that it was associated with then.")
    account_manager: Account | None = one("The account manager to whom the day belongs.")


@node(
    domain.ConsumptionSummary,
    description="What one customer consumed in one month; a day is in it a day after 24:00 of the day that follows. "
    "For reference only: no bill for settlement, repayment or invoicing.",
)
class ConsumptionSummary(Node):
    """A month's consumption (消费汇总)."""

    bill_cycle: str
    view: ConsumptionView
    association_type: AssociationType | None
    line_count: int | None
    official_amount: Money | None = _money("official_amount", "At list prices.")
    discount_amount: Money | None = _money("discount_amount", "Discounts off list prices.")
    amount_due: Money | None = _money("amount_due", "What is due; refunds are below zero.")
    performance_amount: Money | None = _money("performance_amount", "What of it counts as performance.")
    notice_zh: str = _notice(domain.NOTICE_ZH, "Chinese")
    notice_en: str = _notice(domain.NOTICE_EN, "English")
    customer: Annotated[Customer, strawberry.lazy("resolvers.customer")] | None = one("Who consumed it.")
    partner: PartnerOrganisation | None = one("The partner that it was associated with then.")
    account_manager: Account | None = one("The account manager to whom the days belong.")

    @strawberry.field(metadata=many("performance"), description="The lines of it that count as performance.")
    def performance(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[PerformanceDetail]:
        """List the month's performance."""
        return listed(self, info)  # type: ignore[no-any-return]


@node(
    domain.ConsumptionDetail,
    description="One line of what a customer consumed, and not what was deducted, nor when. "
    "For reference only: no bill for settlement, repayment or invoicing.",
)
class ConsumptionDetail(Node):
    """A line of consumption (消费明细)."""

    line_id: str | None
    bill_cycle: str
    association_type: AssociationType | None
    consumed_at: Instant | None
    bill_detail_type: BillDetailType | None
    charging_mode: ChargingMode | None
    service_type_code: str | None
    service_type_name: str | None
    resource_type_name: str | None
    specification: str | None
    region_code: str | None
    region_name: str | None
    trade_id: str | None
    resource_id: str | None
    resource_name: str | None
    official_amount: Money | None = _money("official_amount", "At list prices.")
    discount_amount: Money | None = _money("discount_amount", "Discounts off list prices.")
    amount_due: Money | None = _money("amount_due", "What is due; refunds are below zero.")
    notice_zh: str = _notice(domain.NOTICE_ZH, "Chinese")
    notice_en: str = _notice(domain.NOTICE_EN, "English")
    customer: Annotated[Customer, strawberry.lazy("resolvers.customer")] | None = one("Who consumed it.")
    partner: PartnerOrganisation | None = one("The partner that it was associated with then.")
    account_manager: Account | None = one("The account manager to whom the day belongs.")


_IDS: Final = {
    "customer": CustomerRow.prefix,
    "account_manager": AccountRow.prefix,
    "partner": PartnerRow.prefix,
    "summary": domain.ConsumptionSummary.prefix,
}


def _conditions(filter: Any) -> dict[str, Any]:
    given = {name: value for name, value in vars(filter).items() if value is not None}
    for name, prefix in _IDS.items():
        if name in given:
            given[name] = uid(given[name], prefix, name)
    for name in ("month_from", "month_to"):
        if name in given and not MONTH.fullmatch(given[name]):
            raise ValueNotAllowedError(path=("filter", name), value=given[name][:40])
    return given


@strawberry.input(description="Conditions on monthly consumption; all of them hold. Months are written 2026-11.")
class ConsumptionSummaryFilter:
    """Which months of which customers (COL-5.9.4)."""

    customer: strawberry.ID | None = None
    customer_name: str | None = strawberry.field(default=None, description="A part of the name.")
    account_name: str | None = strawberry.field(default=None, description="Exactly.")
    account_manager: strawberry.ID | None = None
    account_manager_name: str | None = strawberry.field(default=None, description="A part of the name.")
    association_type: list[AssociationType] | None = None
    partner: strawberry.ID | None = None
    month_from: str | None = None
    month_to: str | None = strawberry.field(default=None, description="Included.")
    this_month: bool | None = strawberry.field(default=None, description="The present month in Beijing, or others.")
    view: list[ConsumptionView] | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions as the domain names them."""
        return _conditions(self)


@strawberry.input(description="Which months of one customer; all conditions hold. Months are written 2026-11.")
class MonthsFilter:
    """Which months (账期筛选); a nested list takes conditions as they are written."""

    this_month: bool | None = strawberry.field(default=None, description="The present month in Beijing, or others.")
    month_from: str | None = None
    month_to: str | None = strawberry.field(default=None, description="Included.")
    view: list[ConsumptionView] | None = None


@strawberry.input(description="Conditions on lines of consumption; all of them hold. Months are written 2026-11.")
class ConsumptionDetailFilter:
    """Which lines (COL-5.9.5)."""

    month_from: str | None = None
    month_to: str | None = strawberry.field(default=None, description="Included.")
    this_month: bool | None = strawberry.field(default=None, description="The present month in Beijing, or others.")
    consumed_from: Instant | None = None
    consumed_to: Instant | None = strawberry.field(default=None, description="Not included.")
    hide_zero: bool | None = strawberry.field(
        default=None,
        description="Leave out lines of nothing, or with false show them; the international site leaves out those of "
        "the present month unless they are asked for (COL-5.9.6).",
    )
    customer: strawberry.ID | None = None
    customer_name: str | None = strawberry.field(default=None, description="A part of the name.")
    account_name: str | None = strawberry.field(default=None, description="Exactly.")
    account_manager: strawberry.ID | None = None
    account_manager_name: str | None = strawberry.field(default=None, description="A part of the name.")
    association_type: list[AssociationType] | None = None
    partner: strawberry.ID | None = None
    product_type: list[str] | None = strawberry.field(default=None, description="Codes of cloud services.")
    charging_mode: list[ChargingMode] | None = None
    bill_type: list[BillDetailType] | None = None
    region: list[str] | None = strawberry.field(default=None, description="Codes of regions.")
    trade_id: str | None = strawberry.field(default=None, description="An order or a transaction, exactly.")
    resource_name: str | None = strawberry.field(default=None, description="A part of the name.")
    resource_id: str | None = strawberry.field(default=None, description="Exactly.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions as the domain names them."""
        return domain.shown_lines(_conditions(self))


@strawberry.input(description="Conditions on performance; all of them hold. Months are written 2026-11.")
class PerformanceDetailFilter:
    """Which performance (业绩明细筛选)."""

    summary: strawberry.ID | None = None
    customer: strawberry.ID | None = None
    customer_name: str | None = strawberry.field(default=None, description="A part of the name.")
    account_name: str | None = strawberry.field(default=None, description="Exactly.")
    account_manager: strawberry.ID | None = None
    account_manager_name: str | None = strawberry.field(default=None, description="A part of the name.")
    association_type: list[AssociationType] | None = None
    partner: strawberry.ID | None = None
    month_from: str | None = None
    month_to: str | None = strawberry.field(default=None, description="Included.")
    this_month: bool | None = strawberry.field(default=None, description="The present month in Beijing, or others.")
    product_type: list[str] | None = strawberry.field(default=None, description="Codes of cloud services.")
    charging_mode: list[ChargingMode] | None = None
    bill_type: list[BillDetailType] | None = None
    trade_id: str | None = strawberry.field(default=None, description="An order or a transaction, exactly.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions as the domain names them."""
        return _conditions(self)


@strawberry.type
class ConsumptionQuery:
    """What can be asked about consumption."""

    @strawberry.field(
        metadata=search(domain.ConsumptionSummary),
        description="Consumption by month, of the last 18 natural months, the newest first.",
    )
    async def consumption_summaries(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: ConsumptionSummaryFilter | None = None,
    ) -> Connection[ConsumptionSummary] | None:
        """List monthly consumption."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(metadata=by_id(domain.ConsumptionSummary), description="One month of one customer.")
    async def consumption_summary(self, info: Info, id: strawberry.ID) -> ConsumptionSummary | None:
        """Give one month of one customer."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.ConsumptionDetail, filter=ConsumptionDetailFilter),
        description="Lines of consumption, of the last 18 natural months, the newest first; where they differ from a "
        "summary, they hold.",
    )
    async def consumption_details(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: ConsumptionDetailFilter | None = None,
    ) -> Connection[ConsumptionDetail] | None:
        """List lines of consumption."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.PerformanceDetail),
        description="What of consumption counts as performance, of the last 18 natural months, the newest first.",
    )
    async def performance_details(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: PerformanceDetailFilter | None = None,
    ) -> Connection[PerformanceDetail] | None:
        """List performance."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


__all__ = [
    "ConsumptionDetailFilter",
    "ConsumptionQuery",
    "ConsumptionSummary",
    "ConsumptionSummaryFilter",
    "MonthsFilter",
    "PerformanceDetailFilter",
]
