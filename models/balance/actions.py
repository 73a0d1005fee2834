"""Allocating to customers and recalling from them, and what Huawei's finance keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from models.balance.ledger import book, hold, hold_funds, pay_arrears
from models.balance.notices import tell_customers, tell_partner
from models.balance.policies import MOST_AT_ONCE
from models.balance.record import CURRENCY, BalanceEntry, PartnerBalance
from models.balance.refusals import (
    BalanceNotEnoughError,
    CustomerBalanceNotEnoughError,
    CustomerRepeatedError,
    DesignatedTooHighError,
    NotAResaleCustomerError,
    NoTransferNamedError,
    TooManyTransfersError,
    TransferAmountError,
)
from models.balance.words import EntryKind
from models.customer import AssociationType, Customer
from models.kernel.errors import (
    DomainError,
    NotFoundError,
    ReasonRequiredError,
    ValueNotAllowedError,
    refuse,
    too_long,
)
from models.kernel.values import InvalidAmountError, Money, amount_text
from models.kernel.work import Work
from models.partner import PartnerOrganisation
from models.rights import Right
from models.verification import VerifiedOperation, needs_code

LONGEST_REASON: Final = 500
# A trillion yuan; what is above is a slip of the keyboard, and sums of it would leave the databases' numbers.
LARGEST: Final = 10**14
ALLOCATE: Final = VerifiedOperation(
    "balance.allocate", "拨款", "Allocate", PartnerOrganisation, Right.BALANCE_ALLOCATE, distributor=True
)
RECALL: Final = VerifiedOperation(
    "balance.recall", "回收", "Recall", PartnerOrganisation, Right.BALANCE_ALLOCATE, distributor=True
)


@dataclass(frozen=True)
class Transfer:
    """What one customer of a batch is to get or to give back (调账明细)."""

    customer_id: UUID
    amount: str
    currency: str = CURRENCY


@dataclass(frozen=True)
class Transferred:
    """What became of one row of a batch (调账结果): an entry, or everything that stands against it."""

    customer_id: UUID
    entry: BalanceEntry | None = None
    errors: tuple[DomainError, ...] = ()


Mover = Callable[[Work, PartnerBalance, Customer, int, str | None], Awaitable[BalanceEntry]]


async def allocate(
    work: Work, transfers: Sequence[Transfer], *, reason: str | None = None, verification_code: str | None = None
) -> list[Transferred]:
    """Give up to 100 customers in resale what they may spend, each with a result of its own (COL-5.9.9).

    What stands against one customer keeps no other from its money.
    """
    return await _transfer(work, ALLOCATE, _give, transfers, reason, verification_code)


async def recall(
    work: Work, transfers: Sequence[Transfer], *, reason: str | None = None, verification_code: str | None = None
) -> list[Transferred]:
    """Take back what up to 100 customers have left, the reverse of allocating (COL-5.9.9)."""
    return await _transfer(work, RECALL, _take_back, transfers, reason, verification_code)


async def top_up(work: Work, partner_id: UUID, amount: str, *, reason: str | None) -> PartnerBalance:
    """Add to a partner's balance what it has paid in, as Huawei's finance."""
    return await _keep(work, partner_id, EntryKind.TOPPED_UP, amount, reason)


async def take_off(work: Work, partner_id: UUID, amount: str, *, reason: str | None) -> PartnerBalance:
    """Take from what a partner may allocate, for a refund or to put a mistake right, as Huawei's finance."""
    return await _keep(work, partner_id, EntryKind.TAKEN_OFF, amount, reason)


async def designate(work: Work, partner_id: UUID, amount: str, *, reason: str | None) -> PartnerBalance:
    """Say how much of a partner's balance is earmarked from now on; that is never allocated (COL-5.9.9)."""
    work.actor.require(Right.BALANCE_KEEP)
    partner = await _partner(work, partner_id)
    held = await hold(work, partner.id)
    minor = 0 if amount.strip() in ("0", "0.0", "0.00") else None
    errors: list[DomainError | None] = [_unreasoned(reason)]
    if minor is None:
        minor, wrong = _minor(Transfer(partner.id, amount))
        errors += wrong
    if minor > held.amount:
        errors.append(DesignatedTooHighError(path="amount", amount=amount_text(held.amount, held.currency)))
    refuse(errors)
    change = minor - held.designated_amount
    if change:
        book(work, held, EntryKind.DESIGNATED, minor, by_designated=change, reason=_tidy(reason))
    return held


async def charge(work: Work, customer_id: UUID, amount: str, *, reason: str | None) -> BalanceEntry:
    """Write down what billing has taken for a customer in resale; what its balance does not cover is arrears.

    As Huawei's finance. Vouchers have gone before: the amount is what is left for the balance.
    """
    work.actor.require(Right.BALANCE_KEEP)
    customer = await work.get(Customer, customer_id)
    minor, wrong = _minor(Transfer(customer.id, amount))
    refuse([*wrong, _unreasoned(reason), *_not_in_resale(customer)])
    held = await hold(work, _partner_of(customer))
    funds = await hold_funds(work, customer.id)
    covered = min(funds.balance, minor)
    entry = book(
        *(work, held, EntryKind.CHARGED, minor),
        funds=funds,
        by_balance=-covered,
        by_arrears=minor - covered,
        reason=_tidy(reason),
    )
    if minor > covered:
        await tell_customers(work, [entry])
    return entry


async def _transfer(
    work: Work,
    operation: VerifiedOperation,
    move: Mover,
    transfers: Sequence[Transfer],
    reason: str | None,
    verification_code: str | None,
) -> list[Transferred]:
    work.actor.require(Right.BALANCE_ALLOCATE)
    partner = await _partner(work, work.actor.partner_id)
    most = await work.policy(MOST_AT_ONCE)
    refuse(
        [
            NoTransferNamedError(path="transfers") if not transfers else None,
            TooManyTransfersError(path="transfers", maximum=most, count=len(transfers))
            if len(transfers) > most
            else None,
            too_long(_tidy(reason), "reason", LONGEST_REASON),
        ]
    )
    await needs_code(work, operation, partner, verification_code)
    # Customers before balances and in the order of their ids, so that two batches never wait for each other.
    customers = await held_customers(work, [one.customer_id for one in transfers])
    held = await hold(work, partner.id)
    results: list[Transferred] = []
    for place, one in enumerate(transfers):
        try:
            if one.customer_id in [other.customer_id for other in transfers[:place]]:
                raise CustomerRepeatedError()
            if (customer := customers.get(one.customer_id)) is None:
                raise NotFoundError()
            minor, wrong = _minor(one)
            refuse([*wrong, *_not_in_resale(customer)])
            results.append(Transferred(one.customer_id, await move(work, held, customer, minor, _tidy(reason))))
        except DomainError as error:
            results.append(Transferred(one.customer_id, errors=tuple(error)))
    await tell_customers(work, [one.entry for one in results if one.entry])
    return results


async def _give(work: Work, held: PartnerBalance, customer: Customer, minor: int, reason: str | None) -> BalanceEntry:
    """COL-5.9.9: not above the partner's amount without what is designated."""
    if minor > held.available_amount:
        available = amount_text(held.available_amount, held.currency)
        raise BalanceNotEnoughError(path="amount", available=available)
    funds = await hold_funds(work, customer.id)
    kind = EntryKind.ALLOCATED
    entry = book(work, held, kind, minor, by_amount=-minor, funds=funds, by_balance=minor, reason=reason)
    pay_arrears(work, held, funds)
    return entry


async def _take_back(
    work: Work, held: PartnerBalance, customer: Customer, minor: int, reason: str | None
) -> BalanceEntry:
    funds = await hold_funds(work, customer.id)
    if minor > funds.balance:
        raise CustomerBalanceNotEnoughError(path="amount", available=amount_text(funds.balance, funds.currency))
    kind = EntryKind.RECALLED
    return book(work, held, kind, minor, by_amount=minor, funds=funds, by_balance=-minor, reason=reason)


async def _keep(work: Work, partner_id: UUID, kind: EntryKind, amount: str, reason: str | None) -> PartnerBalance:
    work.actor.require(Right.BALANCE_KEEP)
    partner = await _partner(work, partner_id)
    minor, wrong = _minor(Transfer(partner.id, amount))
    refuse([*wrong, _unreasoned(reason)])
    held = await hold(work, partner.id)
    if kind is EntryKind.TAKEN_OFF and minor > held.available_amount:
        available = amount_text(held.available_amount, held.currency)
        raise BalanceNotEnoughError(path="amount", available=available)
    sign = -1 if kind is EntryKind.TAKEN_OFF else 1
    await tell_partner(work, book(work, held, kind, minor, by_amount=sign * minor, reason=_tidy(reason)))
    return held


async def held_customers(work: Work, ids: Sequence[UUID]) -> dict[UUID, Customer]:
    """Hold the customers that the actor sees among these, in the order of their ids."""
    rows: list[Customer] = await work.every(
        select(Customer)
        .where(col(Customer.id).in_(ids), Customer.visible_to(work.actor))
        .order_by(col(Customer.id))
        .with_for_update(of=Customer)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def _partner(work: Work, id: UUID | None) -> PartnerOrganisation:
    found: PartnerOrganisation | None = await work.first(
        select(PartnerOrganisation).where(PartnerOrganisation.id == id, PartnerOrganisation.visible_to(work.actor))
    )
    if found is None:
        raise NotFoundError()
    return found


def _partner_of(customer: Customer) -> UUID:
    if customer.partner_id is None:
        raise NotAResaleCustomerError()
    return customer.partner_id


def _not_in_resale(customer: Customer) -> list[DomainError]:
    """Moving money is for customers in resale and forbidden for referral (COL-5.1)."""
    in_resale = customer.partner_id is not None and customer.association_type is AssociationType.RESALE
    return [] if in_resale else [NotAResaleCustomerError(path="customer")]


def _minor(one: Transfer) -> tuple[int, list[DomainError]]:
    """An amount is above zero with two decimals at most (COL-5.9.9)."""
    if one.currency != CURRENCY:
        return 0, [ValueNotAllowedError(path="amount", value=one.currency)]
    try:
        minor = Money.parse(one.amount, CURRENCY).minor
    except InvalidAmountError:
        minor = 0
    return minor, [] if 0 < minor <= LARGEST else [TransferAmountError(path="amount", value=one.amount[:40])]


def _tidy(reason: str | None) -> str | None:
    return (reason or "").strip() or None


def _unreasoned(reason: str | None) -> DomainError | None:
    told = _tidy(reason)
    return too_long(told, "reason", LONGEST_REASON) if told else ReasonRequiredError(path="reason")
