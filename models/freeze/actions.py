"""Freezing a customer in resale, lifting it, and what follows from what happens elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.association import also_when_associated, also_when_leaving_resale
from models.balance import NotAResaleCustomerError
from models.customer import AssociationType, Customer, FreezeState
from models.customer.regime import InternationalRegimeError, international
from models.freeze.lifecycle import BEGIN, DATA_DAYS, FREEZE, is_frozen, show
from models.freeze.notices import tell_of_default
from models.freeze.record import CustomerFreeze, FreezeCause, FreezeStatus
from models.freeze.refusals import FrozenAlreadyError, FrozenPartnerCannotInviteError, NotFrozenError
from models.invitation.lifecycle import INVITATION
from models.kernel.errors import DomainError, ReasonRequiredError, ValueNotAllowedError, refuse, too_long
from models.kernel.lifecycle import Move
from models.kernel.work import Work
from models.partner import PartnerOrganisation, also_when_frozen
from models.rights import Right
from models.verification import VerifiedOperation, needs_code

LONGEST_REASON: Final = 500
FREEZE_CODE: Final = VerifiedOperation(
    "customer.freeze", "冻结客户", "Freeze the customer", Customer, Right.CUSTOMER_FREEZE, distributor=True
)
BY_DEFAULT: Final = "代售关联后默认冻结，设置预算后可解冻。"
WITH_ITS_PARTNER: Final = "所属伙伴被冻结。"

Obstacle = Callable[[Work, Customer], Awaitable[DomainError | None]]
_obstacles: list[Obstacle] = []


def also_stands_against(obstacle: Obstacle) -> Obstacle:
    """Let a layer above say what stands against a partner's freezing."""
    _obstacles.append(obstacle)
    return obstacle


async def freeze(
    work: Work,
    customer_id: UUID,
    *,
    kind: FreezeState = FreezeState.ACCOUNT,
    reason: str | None,
    verification_code: str | None = None,
) -> CustomerFreeze:
    """Freeze a customer in resale as its partner's administrator, with a reason (COL-5.10.4, COL-5.10.8).

    Freezing resources too belongs to the international site's regime (COL-5.10.3).
    """
    work.actor.require(Right.CUSTOMER_FREEZE)
    customer = await work.get(Customer, customer_id)
    reason = (reason or "").strip()
    foreign = kind is FreezeState.ACCOUNT_AND_RESOURCES and not await international(work)
    refuse(
        [
            ReasonRequiredError(path="reason") if not reason else None,
            too_long(reason, "reason", LONGEST_REASON),
            ValueNotAllowedError(path="kind", value=kind) if kind is FreezeState.NOT_FROZEN else None,
            InternationalRegimeError(path="kind") if foreign else None,
            None if in_resale(customer) else NotAResaleCustomerError(path="customer"),
            FrozenAlreadyError(path="customer") if await open_freeze(work, customer.id) else None,
            *[await obstacle(work, customer) for obstacle in _obstacles],
        ]
    )
    await needs_code(work, FREEZE_CODE, customer, verification_code)
    return await begin(work, customer, kind, FreezeCause.PARTNER, reason)


async def unfreeze(work: Work, customer_id: UUID, *, reason: str | None = None) -> CustomerFreeze:
    """Lift the freeze of a customer as its partner's administrator (COL-5.10.8)."""
    work.actor.require(Right.CUSTOMER_FREEZE)
    customer = await work.get(Customer, customer_id)
    reason = (reason or "").strip()
    refuse([too_long(reason, "reason", LONGEST_REASON)])
    found = await open_freeze(work, customer.id)
    if found is None:
        raise NotFrozenError(path="customer")
    await FREEZE.fire(work, found, "lift", reason=reason, values=_lifted(work, reason))
    return found


async def begin(
    work: Work,
    customer: Customer,
    kind: FreezeState,
    cause: FreezeCause,
    reason: str,
    *,
    restores_at: dt.datetime | None = None,
) -> CustomerFreeze:
    """Freeze a customer whose row is held and that is not frozen; who may has been seen to."""
    exhausted = cause is FreezeCause.BUDGET_EXHAUSTED
    days = await work.policy(DATA_DAYS)
    data_until = work.now + dt.timedelta(days=days) if kind is FreezeState.ACCOUNT_AND_RESOURCES else None
    assert customer.partner_id is not None
    made = CustomerFreeze(
        customer_id=customer.id,
        partner_id=customer.partner_id,
        status=FreezeStatus.EXHAUSTED if exhausted else FreezeStatus.FROZEN,
        kind=kind,
        cause=cause,
        reason=reason,
        by_id=work.actor.id,
        by_name=work.actor.name,
        by_side=work.actor.side,
        data_until=data_until,
        restores_at=restores_at,
        created_at=work.now,
        updated_at=work.now,
    )
    await show(work, customer.id, kind)
    await FREEZE.begin(work, made, BEGIN, after={"kind": kind, "cause": cause}, reason=reason)
    await work.flush()
    return made


async def open_freeze(work: Work, customer_id: UUID) -> CustomerFreeze | None:
    """Find the freeze that holds for a customer, and hold it."""
    found: CustomerFreeze | None = await work.first(
        select(CustomerFreeze)
        .where(CustomerFreeze.customer_id == customer_id, CustomerFreeze.status != FreezeStatus.LIFTED)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


def in_resale(customer: Customer) -> bool:
    """Tell whether a customer is in resale; only such are frozen by a partner (COL-5.7.4, COL-5.10.8)."""
    return customer.partner_id is not None and customer.association_type is AssociationType.RESALE


@also_when_leaving_resale
async def lift_with_association(work: Work, customer: Customer, _partner_id: UUID) -> None:
    """Lift the freeze of a customer that leaves resale."""
    found = await open_freeze(work, customer.id)
    if found is not None:
        await FREEZE.fire(work.by_system(), found, "end", values=_lifted(work, ""))


@also_when_associated
async def freeze_by_default(work: Work, customer: Customer) -> None:
    """A customer that comes to resale is frozen until its partner sets a budget and unfreezes it (COL-5.10.1)."""
    if in_resale(customer) and await international(work) and not await open_freeze(work, customer.id):
        own = work.by_system()
        made = await begin(own, customer, FreezeState.ACCOUNT, FreezeCause.NO_BUDGET, BY_DEFAULT)
        await tell_of_default(own, made)


@also_when_frozen
async def freeze_with_partner(work: Work, partner: PartnerOrganisation) -> None:
    """The resale customers of a frozen partner are frozen with all their resources (COL-5.10.7)."""
    if not await international(work):
        return
    customers: list[Customer] = await work.every(
        select(Customer)
        .where(Customer.partner_id == partner.id, Customer.association_type == AssociationType.RESALE)
        .order_by(col(Customer.id))
        .with_for_update(of=Customer)
    )
    own = work.by_system()
    for customer in customers:
        found = await open_freeze(work, customer.id)
        if found is not None and found.kind is FreezeState.ACCOUNT_AND_RESOURCES:
            continue
        if found is not None:
            await FREEZE.fire(own, found, "end", values=_lifted(work, ""))
        kind = FreezeState.ACCOUNT_AND_RESOURCES
        await begin(own, customer, kind, FreezeCause.PARTNER_FROZEN, WITH_ITS_PARTNER)


async def invites_no_resale_when_frozen(work: Work, move: Move) -> None:
    """A frozen partner invites no customers to resale (COL-5.10.7)."""
    asked: AssociationType = move.record.association_type
    if asked is AssociationType.RESALE and await international(work) and await is_frozen(work, move.record.partner_id):
        raise FrozenPartnerCannotInviteError(path="associationType")


INVITATION.also_do(None, invites_no_resale_when_frozen)


def _lifted(work: Work, reason: str) -> dict[str, Any]:
    return {"lifted_at": work.now, "lifted_by": work.actor.name, "lift_reason": reason or None}


__all__ = [
    "FREEZE_CODE",
    "also_stands_against",
    "begin",
    "freeze",
    "freeze_by_default",
    "freeze_with_partner",
    "in_resale",
    "is_frozen",
    "lift_with_association",
    "open_freeze",
    "unfreeze",
]
