"""Holding balances and writing what moves them; nothing else changes a balance."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import col, select

from models.association import also_when_leaving_resale
from models.balance.record import BalanceEntry, CustomerFunds, PartnerBalance
from models.balance.words import EntryKind
from models.customer import Customer
from models.kernel.journal import Operation
from models.kernel.work import Work

OPERATIONS = {
    EntryKind.TOPPED_UP: ("balance.top_up", "topUpPartner"),
    EntryKind.TAKEN_OFF: ("balance.take_off", "takeOffPartner"),
    EntryKind.DESIGNATED: ("balance.designate", "designateAmount"),
    EntryKind.ALLOCATED: ("balance.allocate", "allocateBalance"),
    EntryKind.RECALLED: ("balance.recall", "recallBalance"),
    EntryKind.RETURNED: ("balance.return", "returnBalance"),
    EntryKind.CHARGED: ("balance.charge", "chargeBalance"),
    EntryKind.ARREARS_PAID: ("balance.pay_arrears", "payArrears"),
}


async def hold(work: Work, partner_id: UUID) -> PartnerBalance:
    """Hold a partner's balance until the end, so that its movements happen one after the other."""
    held: PartnerBalance = await _held(work, PartnerBalance, partner_id)
    return held


async def hold_funds(work: Work, customer_id: UUID) -> CustomerFunds:
    """Hold a customer's funds until the end; whoever does so holds the partner's balance already."""
    held: CustomerFunds = await _held(work, CustomerFunds, customer_id)
    return held


def book(
    work: Work,
    partner: PartnerBalance,
    kind: EntryKind,
    amount: int,
    *,
    by_amount: int = 0,
    by_designated: int = 0,
    funds: CustomerFunds | None = None,
    by_balance: int = 0,
    by_arrears: int = 0,
    reason: str | None = None,
) -> BalanceEntry:
    """Move money between balances that are held, and write it down with every balance before and after.

    Amounts are minor units. The caller has seen to it that no balance falls below zero; the tables refuse it anyway.
    """
    before = (partner.amount, partner.designated_amount)
    own = (funds.balance, funds.arrears) if funds else (None, None)
    partner.amount += by_amount
    partner.designated_amount += by_designated
    partner.available_amount = partner.amount - partner.designated_amount
    partner.version += 1
    partner.updated_at = work.now
    if funds is not None:
        funds.balance += by_balance
        funds.arrears += by_arrears
        funds.available_credit = funds.balance - funds.arrears
        funds.version += 1
        funds.updated_at = work.now
    entry = work.add(
        BalanceEntry(
            partner_id=partner.id,
            number=partner.version,
            customer_id=funds.id if funds else None,
            kind=kind,
            currency=partner.currency,
            amount=amount,
            amount_before=before[0],
            amount_after=partner.amount,
            designated_before=before[1],
            designated_after=partner.designated_amount,
            balance_before=own[0],
            balance_after=funds.balance if funds else None,
            arrears_before=own[1],
            arrears_after=funds.arrears if funds else None,
            reason=reason,
            by_id=work.actor.id,
            by_name=work.actor.name,
            by_side=work.actor.side,
            happened_at=work.now,
        )
    )
    code, event = OPERATIONS[kind]
    operation = Operation(code, kind.zh, kind.en, "csbchannelsalesCustomer", event)
    work.note(operation, entry, after={"amount": amount, "customer_id": entry.customer_id}, reason=reason)
    return entry


def pay_arrears(work: Work, partner: PartnerBalance, funds: CustomerFunds) -> None:
    """Let what a customer owes be paid from what it has, as soon as it has anything."""
    paid = min(funds.balance, funds.arrears)
    if paid:
        book(work, partner, EntryKind.ARREARS_PAID, paid, funds=funds, by_balance=-paid, by_arrears=-paid)


@also_when_leaving_resale
async def return_balance(work: Work, customer: Customer, partner_id: UUID) -> None:
    """Give what a customer has left back to the partner that it leaves (COL-5.6.1); the customer's row is held."""
    known = await work.first(select(CustomerFunds.id).where(CustomerFunds.id == customer.id))
    if known is None:
        return
    partner = await hold(work, partner_id)
    funds = await hold_funds(work, customer.id)
    left = funds.balance
    if left:
        book(work, partner, EntryKind.RETURNED, left, by_amount=left, funds=funds, by_balance=-left)


async def arrears_of(work: Work, customer_id: UUID) -> int:
    """Say what a customer owes, in minor units (COL-5.5.4, COL-5.7.2)."""
    found = await work.first(select(CustomerFunds.arrears).where(CustomerFunds.id == customer_id))
    return int(found or 0)


async def _held(work: Work, model: Any, id: UUID) -> Any:
    await work.flush()
    found = await work.first(
        select(model).where(col(model.id) == id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        # Where somebody else opens it at the same moment, this whole work is run once more and finds it.
        found = work.add(model(id=id, version=0, created_at=work.now, updated_at=work.now))
        await work.flush()
    return found
