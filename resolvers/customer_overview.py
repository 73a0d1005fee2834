"""The head of a customer's page in GraphQL: what presses, what it consumed, and what can be done with it now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from models import consumption
from models import customer_overview as domain
from models.customer_overview import CustomerAction
from resolvers.context import Info
from resolvers.fields import Access
from resolvers.opportunity.types import Blocker
from resolvers.scalars import Money
from resolvers.steps import blockers
from resolvers.words import publish

publish(CustomerAction)
CONSUMPTION = Access(plain=f"{consumption.CONSUMPTION.group}:plain")


@strawberry.type(description="What was consumed in one month. For reference only: no bill for settlement.")
class MonthConsumed:
    """A month's consumption (月消费)."""

    month: str
    amount: Money


@strawberry.type(description="What was consumed of one product. For reference only: no bill for settlement.")
class ProductConsumed:
    """A product's consumption (产品消费)."""

    code: str
    name: str | None
    amount: Money


@strawberry.type(description="One action that the viewer's rights cover, with what stands against it now.")
class CustomerActionNow:
    """An action on a customer (可执行操作)."""

    action: CustomerAction
    label_zh: str
    label_en: str
    possible: bool
    blocked_by: list[Blocker]


@strawberry.type(
    description="The head of a customer's page (COL-5.7.10). Coupons and resources that run out are not in it: nobody "
    "tells of them yet."
)
class CustomerOverview:
    """A customer's overview (客户概览)."""

    order_awaits_payment: bool | None = strawberry.field(
        description="Whether an order waits for the partner's payment; null where nothing was told of the customer."
    )
    trend: list[MonthConsumed] | None = strawberry.field(
        description="What is due by month, of the last 12.", directives=[CONSUMPTION]
    )
    by_product: list[ProductConsumed] | None = strawberry.field(
        description="What is due by product in these months, the most first.", directives=[CONSUMPTION]
    )
    actions: list[CustomerActionNow]


async def overview(info: Info, id: UUID) -> CustomerOverview | None:
    """Answer the head of a customer's page."""
    async with info.context.reading() as reader:
        found = await domain.overview_of(reader, id)
    if found is None:
        return None
    months, products = found.trend, found.by_product
    return CustomerOverview(
        order_awaits_payment=found.order_awaits_payment,
        trend=None if months is None else [MonthConsumed(month=one.key, amount=_money(one)) for one in months],
        by_product=None
        if products is None
        else [ProductConsumed(code=one.key, name=one.name, amount=_money(one)) for one in products],
        actions=[
            CustomerActionNow(
                action=one.action,
                label_zh=one.action.zh,
                label_en=one.action.en,
                possible=one.possible,
                blocked_by=blockers(one.blocks),
            )
            for one in found.actions
        ],
    )


def _money(one: domain.Consumed) -> Any:
    return Money.of(one.amount, one.currency)
