"""Setting budgets, recording what is used of them, and what a distributor lets its resellers set (COL-5.10)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.association import also_when_leaving_resale
from models.balance import (
    CURRENCY,
    MOST_AT_ONCE,
    CustomerRepeatedError,
    NotAResaleCustomerError,
    NoTransferNamedError,
    TooManyTransfersError,
    TransferAmountError,
    held_customers,
)
from models.budget.notices import tell_of_exhaustion
from models.budget.record import BudgetAdjustment, BudgetGrant, BudgetType, CustomerBudget, Exhaustion
from models.budget.refusals import (
    BudgetNotPermittedError,
    BudgetQuotaExceededError,
    BudgetRequiredError,
    BudgetUsedLessError,
    NotYourResellerError,
)
from models.customer import Customer, FreezeState
from models.customer.regime import InternationalRegimeError, international
from models.freeze import FREEZE, FreezeCause, also_stands_against, begin, in_resale, open_freeze, unfreeze
from models.kernel.calendar import BEIJING
from models.kernel.errors import DomainError, NotFoundError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.lifecycle import Found, Move
from models.kernel.values import InvalidAmountError, Money, amount_text
from models.kernel.work import Work
from models.partner import PartnerKind, PartnerOrganisation
from models.rights import Right

LARGEST: Final = 10**14
USED_UP: Final = "预算已用完，自动冻结。"
SET: Final = Operation(
    "budget.set", "设置客户预算", "Set the customer's budget", "csbchannelsalesCustomer", "setCustomerBudget"
)
USE: Final = Operation(
    "budget.use", "记录预算使用", "Record what is used of the budget", "csbchannelsalesCustomer", "useCustomerBudget"
)
GRANT: Final = Operation(
    "budget.grant", "授予预算权限", "Grant a reseller budgets", "csbchannelsalesPartner", "grantBudgets"
)
REVOKE: Final = Operation(
    "budget.revoke", "收回预算权限", "Take the grant of budgets back", "csbchannelsalesPartner", "revokeBudgets"
)


@dataclass(frozen=True)
class BudgetAsked:
    """What one customer of a batch is to have as its budget (预算设置); `unfreeze` lifts its freeze with it."""

    customer_id: UUID
    amount: str
    budget_type: BudgetType = BudgetType.MONTHLY
    exhaustion: Exhaustion = Exhaustion.AUTOMATIC
    unfreeze: bool = False
    currency: str = CURRENCY


@dataclass(frozen=True)
class BudgetSet:
    """What became of one row of a batch (预算设置结果)."""

    customer_id: UUID
    adjustment: BudgetAdjustment | None = None
    errors: tuple[DomainError, ...] = ()


async def set_budgets(work: Work, asked: Sequence[BudgetAsked]) -> list[BudgetSet]:
    """Set the budgets of up to 100 customers in resale; each replaces what there was (COL-5.10.5).

    What stands against one customer keeps no other from its budget; each setting stays in the adjustment records.
    """
    work.actor.require(Right.BUDGET_SET)
    most = await work.policy(MOST_AT_ONCE)
    refuse(
        [
            None if await international(work) else InternationalRegimeError(),
            NoTransferNamedError(path="budgets") if not asked else None,
            TooManyTransfersError(path="budgets", maximum=most, count=len(asked)) if len(asked) > most else None,
        ]
    )
    customers = await held_customers(work, [one.customer_id for one in asked])
    results: list[BudgetSet] = []
    for place, one in enumerate(asked):
        try:
            if one.customer_id in [other.customer_id for other in asked[:place]]:
                raise CustomerRepeatedError()
            if (customer := customers.get(one.customer_id)) is None:
                raise NotFoundError()
            # A row that is refused half-way leaves nothing of itself.
            async with work.session.begin_nested():
                results.append(BudgetSet(one.customer_id, await _set(work, customer, one)))
        except DomainError as error:
            results.append(BudgetSet(one.customer_id, errors=tuple(error)))
    return results


async def use(work: Work, customer_id: UUID, month: str, amount: str) -> CustomerBudget:
    """Record what a customer has used in a month so far, as Huawei's finance; a used-up budget has its consequence.

    Freezes the account where the partner has it automatic, and tells the partner where it is by hand (COL-5.10.5).
    """
    work.actor.require(Right.BALANCE_KEEP)
    customer = await work.get(Customer, customer_id)
    budget = await _held(work, customer.id)
    if budget is None or not in_resale(customer):
        raise NotFoundError()
    minor = _minor(amount)
    refuse(
        [
            None if await international(work) else InternationalRegimeError(),
            TransferAmountError(path="amount", value=amount[:40]) if minor is None else None,
            ValueNotAllowedError(path="month", value=month[:20]) if month != month_of(work.now) else None,
        ]
    )
    minor = minor or 0
    monthly = budget.budget_type is BudgetType.MONTHLY
    before = used_now(budget, work.now)
    if minor < before:
        raise BudgetUsedLessError(path="amount", used=amount_text(before, budget.currency))
    work.note(USE, customer, changes={"month": month}, partner_id=budget.partner_id)
    budget.used, budget.used_month = minor, month
    budget.version += 1
    budget.updated_at = work.now
    if minor >= budget.amount:
        if budget.exhaustion is Exhaustion.MANUAL:
            await tell_of_exhaustion(work, budget)
        elif await open_freeze(work, customer.id) is None:
            restores = next_month(work.now) if monthly else None
            cause = FreezeCause.BUDGET_EXHAUSTED
            await begin(work.by_system(), customer, FreezeState.ACCOUNT, cause, USED_UP, restores_at=restores)
    return budget


async def grant(work: Work, reseller_id: UUID, quota: str) -> BudgetGrant:
    """Let a reseller of one's own set budgets and freeze, within a quota (COL-5.10.6)."""
    reseller = await _reseller(work, reseller_id)
    minor = _minor(quota)
    if minor is None:
        raise TransferAmountError(path="quota", value=quota[:40])
    found = await _grant_of(work, reseller.id)
    if found is None:
        assert work.actor.partner_id is not None
        found = work.add(
            BudgetGrant(
                id=reseller.id,
                distributor_id=work.actor.partner_id,
                version=0,
                created_at=work.now,
                updated_at=work.now,
            )
        )
    before = {"permitted": found.permitted, "quota": found.quota} if found.version else {}
    found.permitted, found.quota = True, minor
    found.version += 1
    found.updated_at = work.now
    work.note(GRANT, found, before=before, after={"permitted": True, "quota": minor})
    await work.flush()
    return found


async def revoke(work: Work, reseller_id: UUID) -> BudgetGrant:
    """Take the permission back; budgets that were given stay (COL-5.10.6)."""
    reseller = await _reseller(work, reseller_id)
    found = await _grant_of(work, reseller.id)
    if found is None or not found.permitted:
        raise NotFoundError()
    found.permitted = False
    found.version += 1
    found.updated_at = work.now
    work.note(REVOKE, found, before={"permitted": True}, after={"permitted": False})
    return found


def month_of(now: dt.datetime) -> str:
    """Name the month of Beijing that an instant lies in."""
    return f"{now.astimezone(BEIJING):%Y-%m}"


def next_month(now: dt.datetime) -> dt.datetime:
    """Give the instant at which the next month of Beijing begins."""
    first = now.astimezone(BEIJING).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + dt.timedelta(days=32)).replace(day=1).astimezone(dt.UTC)


def used_now(budget: CustomerBudget, now: dt.datetime) -> int:
    """Say what is used of a budget now: a monthly one begins anew each month, a one-time one never (COL-5.10.5)."""
    if budget.budget_type is BudgetType.MONTHLY and budget.used_month != month_of(now):
        return 0
    return budget.used


@also_when_leaving_resale
async def drop_budget(work: Work, customer: Customer, _partner_id: UUID) -> None:
    """Let the budget of a customer go that leaves resale; its adjustment records stay."""
    found = await _held(work, customer.id)
    if found is not None:
        await work.remove(found)
        await work.flush()


@also_stands_against
async def reseller_is_permitted(work: Work, customer: Customer) -> DomainError | None:
    """A reseller freezes only by its distributor's permission, where the international regime holds (COL-5.10.6)."""
    return await _not_permitted(work, customer.partner_id) if await international(work) else None


async def budget_is_set(work: Work, move: Move) -> Found:
    """A freeze by default is lifted once there is a budget (COL-5.10.1)."""
    if move.record.cause is not FreezeCause.NO_BUDGET:
        return []
    known = await work.first(select(CustomerBudget.id).where(CustomerBudget.id == move.record.customer_id))
    return [] if known else [BudgetRequiredError()]


FREEZE.also_check("lift", budget_is_set)


async def _set(work: Work, customer: Customer, asked: BudgetAsked) -> BudgetAdjustment:
    minor = _minor(asked.amount) if asked.currency == CURRENCY else None
    refuse(
        [
            TransferAmountError(path="amount", value=asked.amount[:40]) if minor is None else None,
            None if in_resale(customer) else NotAResaleCustomerError(path="customer"),
            await _not_permitted(work, customer.partner_id),
        ]
    )
    assert customer.partner_id is not None
    minor = minor or 0
    await _within_quota(work, customer, minor)
    budget = await _held(work, customer.id)
    before = budget.amount if budget else None
    if budget is None:
        budget = work.add(
            CustomerBudget(
                id=customer.id,
                partner_id=customer.partner_id,
                amount=minor,
                budget_type=asked.budget_type,
                exhaustion=asked.exhaustion,
                version=0,
                created_at=work.now,
                updated_at=work.now,
            )
        )
    if budget.budget_type is not asked.budget_type or asked.budget_type is BudgetType.ONE_TIME:
        budget.used, budget.used_month = 0, None
    budget.amount, budget.budget_type, budget.exhaustion = minor, asked.budget_type, asked.exhaustion
    budget.version += 1
    budget.updated_at = work.now
    made = work.add(
        BudgetAdjustment(
            customer_id=customer.id,
            partner_id=customer.partner_id,
            amount_before=before,
            amount_after=minor,
            budget_type=asked.budget_type,
            exhaustion=asked.exhaustion,
            by_id=work.actor.id,
            by_name=work.actor.name,
            happened_at=work.now,
        )
    )
    work.note(SET, budget, before={"amount": before}, after={"amount": minor, "budget_type": asked.budget_type})
    await work.flush()
    if asked.unfreeze and await open_freeze(work, customer.id):
        await unfreeze(work, customer.id)
    return made


async def _within_quota(work: Work, customer: Customer, minor: int) -> None:
    """A reseller's budgets together stay within the quota that it was granted (COL-5.10.6)."""
    granted = await _grant_of(work, customer.partner_id)
    if granted is None or not await _is_reseller(work, customer.partner_id):
        return
    given = await work.first(
        sa.select(sa.func.sum(col(CustomerBudget.amount))).where(
            col(CustomerBudget.partner_id) == customer.partner_id, col(CustomerBudget.id) != customer.id
        )
    )
    if int(given or 0) + minor > granted.quota:
        raise BudgetQuotaExceededError(
            path="amount",
            quota=amount_text(granted.quota, granted.currency),
            given=amount_text(int(given or 0), granted.currency),
        )


async def _not_permitted(work: Work, partner_id: UUID | None) -> DomainError | None:
    if not await _is_reseller(work, partner_id):
        return None
    granted = await _grant_of(work, partner_id)
    return None if granted is not None and granted.permitted else BudgetNotPermittedError()


async def _is_reseller(work: Work, partner_id: UUID | None) -> bool:
    kind = await work.first(select(PartnerOrganisation.kind).where(col(PartnerOrganisation.id) == partner_id))
    return kind is PartnerKind.RESELLER


async def _reseller(work: Work, reseller_id: UUID) -> PartnerOrganisation:
    work.actor.require(Right.BUDGET_GRANT)
    found: PartnerOrganisation | None = await work.first(
        select(PartnerOrganisation).where(
            PartnerOrganisation.id == reseller_id,
            col(PartnerOrganisation.distributor_id) == work.actor.partner_id,
            PartnerOrganisation.kind == PartnerKind.RESELLER,
        )
    )
    refuse(
        [
            None if await international(work) else InternationalRegimeError(),
            NotYourResellerError(path="reseller") if found is None else None,
        ]
    )
    assert found is not None
    return found


async def _grant_of(work: Work, partner_id: UUID | None) -> BudgetGrant | None:
    # Held, so that two budgets at one moment do not both fit into what is left of the quota.
    found: BudgetGrant | None = await work.first(
        select(BudgetGrant)
        .where(col(BudgetGrant.id) == partner_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def _held(work: Work, customer_id: UUID) -> CustomerBudget | None:
    await work.flush()
    found: CustomerBudget | None = await work.first(
        select(CustomerBudget)
        .where(CustomerBudget.id == customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


def _minor(amount: str) -> int | None:
    try:
        minor = Money.parse(amount, CURRENCY).minor
    except InvalidAmountError:
        return None
    return minor if 0 < minor <= LARGEST else None
