"""What stands at the head of a customer's page: what presses, what it consumed, and what can be done with it now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import select

from models import association_request, authorisation
from models.association_request import AssociationRequestKind, Wish
from models.consumption import CONSUMPTION, ConsumptionDetail, ConsumptionSummary
from models.customer import (
    AssociationType,
    Customer,
    CustomerFact,
    assign_obstacles,
    known_of,
    take_back_obstacles,
)
from models.kernel.access import Actor, Outcome, Side
from models.kernel.calendar import beijing_day
from models.kernel.errors import DomainError
from models.kernel.reads import Page, Reader
from models.kernel.words import Word
from models.kernel.work import Work
from models.rights import Right

MONTHS: Final = 12


class CustomerAction(Word):
    """What a partner may do with a customer from its page (客户操作, COL-5.7.10)."""

    ASSIGN_MANAGER = "ASSIGN_MANAGER", "分配客户经理", "Assign the account manager"
    TAKE_BACK = "TAKE_BACK", "收回客户", "Take the customer back"
    UNLINK = "UNLINK", "解除关联", "Un-link"
    SWITCH = "SWITCH", "切换关联类型", "Switch the association type"
    REQUEST_AUTHORISATION = "REQUEST_AUTHORISATION", "申请客户授权", "Request authorisation"


class NoPartnerError(DomainError):
    """What a partner does with a customer needs a partner."""

    zh = "该客户未关联任何伙伴。"
    en = "The customer is not associated with any partner."
    cbc = "CBC.0155"


@dataclass(frozen=True)
class ActionNow:
    """One action with everything that stands against it now (可执行操作)."""

    action: CustomerAction
    blocks: tuple[DomainError, ...]

    @property
    def possible(self) -> bool:
        """Tell whether nothing stands against it."""
        return not self.blocks


@dataclass(frozen=True)
class Consumed:
    """What was consumed of one product, or in one month, in one currency (消费), in minor units."""

    key: str
    name: str | None
    amount: int
    currency: str


@dataclass(frozen=True)
class Overview:
    """The head of a customer's page (客户概览, COL-5.7.10).

    `order_awaits_payment` is unsaid where nothing was told of the customer, consumption to whoever may not read it.
    Coupons and resources that run out are not in it, since nobody tells us of them yet.
    """

    order_awaits_payment: bool | None
    trend: Sequence[Consumed] | None
    by_product: Sequence[Consumed] | None
    actions: Sequence[ActionNow]


async def overview_of(reader: Reader, id: UUID) -> Overview | None:
    """Give the head of the page of a customer that the viewer sees (COL-5.7.10)."""
    work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
    customer: Customer | None = await work.first(
        select(Customer).where(Customer.id == id, Customer.visible_to(reader.actor))
    )
    if customer is None:
        return None
    outcome = CONSUMPTION.outcome(reader.actor)
    if outcome is not Outcome.PLAIN:
        reader.redact(ConsumptionSummary, "amount_due", outcome)
    return Overview(
        order_awaits_payment=await _order_awaits_payment(work, customer),
        trend=await _trend(reader, id) if outcome is Outcome.PLAIN else None,
        by_product=await _by_product(reader, id) if outcome is Outcome.PLAIN else None,
        actions=await actions_now(work, customer),
    )


async def actions_now(work: Work, customer: Customer) -> list[ActionNow]:
    """List what the viewer's rights let him do with a customer, each with what stands against it now (COL-5.7.10).

    Whoever of Huawei's side may know what is known of the customer sees what its partner's administrator would see.
    """
    actor = work.actor
    told = actor.side is Side.HUAWEI and actor.may(Right.CUSTOMER_READ_FACTS)
    return [
        ActionNow(action, tuple(await blocks(work, customer)))
        for action, (right, blocks) in _ACTIONS.items()
        if actor.may(right) or told
    ]


Blocks = Callable[[Work, Customer], Awaitable[Sequence[DomainError]]]


def _own(obstacles: Callable[[Actor, Customer], Sequence[DomainError]]) -> Blocks:
    async def blocks(work: Work, customer: Customer) -> Sequence[DomainError]:
        if customer.partner_id is None:
            return [NoPartnerError()]
        # Huawei's side looks at it as the partner does.
        looks = work.actor.side is not Side.PARTNER
        return obstacles(replace(work.actor, partner_id=customer.partner_id) if looks else work.actor, customer)

    return blocks


def _by_request(kind: AssociationRequestKind) -> Blocks:
    async def blocks(work: Work, customer: Customer) -> Sequence[DomainError]:
        if customer.partner_id is None:
            return [NoPartnerError()]
        to_type = _OTHER[customer.association_type] if kind is AssociationRequestKind.SWITCH else None
        checks = await association_request.account_check(work, customer, Wish(Side.PARTNER, kind, to_type))
        return [one for item in checks for one in item.refusals]

    return blocks


_OTHER: Final[Mapping[AssociationType | None, AssociationType]] = {
    AssociationType.REFERRAL: AssociationType.RESALE,
    AssociationType.RESALE: AssociationType.REFERRAL,
    None: AssociationType.RESALE,
}
_ACTIONS: Final[Mapping[CustomerAction, tuple[Right, Blocks]]] = {
    CustomerAction.ASSIGN_MANAGER: (Right.CUSTOMER_ASSIGN, _own(assign_obstacles)),
    CustomerAction.TAKE_BACK: (Right.CUSTOMER_ASSIGN, _own(take_back_obstacles)),
    CustomerAction.UNLINK: (Right.ASSOCIATION_REQUEST, _by_request(AssociationRequestKind.UNLINK)),
    CustomerAction.SWITCH: (Right.ASSOCIATION_REQUEST, _by_request(AssociationRequestKind.SWITCH)),
    CustomerAction.REQUEST_AUTHORISATION: (Right.AUTHORISATION_REQUEST, authorisation.request_obstacles),
}


async def _order_awaits_payment(work: Work, customer: Customer) -> bool | None:
    """Tell of the partner's own people, the customer itself, and whoever may know what is known of the customer."""
    actor = work.actor
    own = customer.partner_id is not None and customer.partner_id == actor.partner_id
    if not own and actor.customer_id != customer.id and not actor.may(Right.CUSTOMER_READ_FACTS):
        return None
    known = await known_of(work, customer.id)
    return known.any_of(CustomerFact.UNPAID_ORDER) if known.told else None


def _first_month(now: dt.datetime) -> str:
    today = beijing_day(now)
    months = today.year * 12 + today.month - MONTHS
    return f"{months // 12:04d}-{months % 12 + 1:02d}"


async def _trend(reader: Reader, id: UUID) -> list[Consumed]:
    columns: Any = ConsumptionSummary.__table__.c  # type: ignore[attr-defined]
    rows = await reader.groups(
        ConsumptionSummary,
        (columns.bill_cycle, columns.currency),
        (sa.func.sum(columns.amount_due),),
        Page(filter=(("customer", id), ("month_from", _first_month(reader.now)))),
        name="overview-trend",
    )
    return [Consumed(month, None, int(amount), currency) for month, currency, amount in rows]


async def _by_product(reader: Reader, id: UUID) -> list[Consumed]:
    columns: Any = ConsumptionDetail.__table__.c  # type: ignore[attr-defined]
    rows = await reader.groups(
        ConsumptionDetail,
        (columns.service_type_code, columns.currency),
        (sa.func.max(columns.service_type_name), sa.func.sum(columns.amount_due)),
        Page(filter=(("customer", id), ("month_from", _first_month(reader.now)))),
        name="overview-products",
    )
    found = [Consumed(code, name, int(amount), currency) for code, currency, name, amount in rows]
    return sorted(found, key=lambda one: (one.currency, -one.amount, one.key))
