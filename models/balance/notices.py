"""Who is told of money that moved: the partner's main account, and the customer's people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from models.balance.record import BalanceEntry
from models.balance.words import EntryKind
from models.identity import Account
from models.kernel.access import Side
from models.kernel.work import Work
from models.notice import Message, NoticeKind, Severity, Subject, describe, main_account, tell
from models.rights import Right

KEPT: Final = NoticeKind(
    "balance.kept",
    "伙伴账户余额有变动",
    "Your balance has changed",
    "伙伴账户发生{kind}，金额 {amount}，变动后余额 {amount_after}。",
    "Your balance was changed ({kind}) by {amount}; it is now {amount_after}.",
    Severity.INFO,
    (Right.BALANCE_ALLOCATE,),
)
MOVED: Final = NoticeKind(
    "balance.moved",
    "您的账户余额有变动",
    "Your funds have changed",
    "合作伙伴对您的账户{kind} {amount}，账户余额 {balance_after}。",
    "Your partner has moved {amount} ({kind}); you now have {balance_after}.",
    Severity.INFO,
    (Right.BALANCE_READ,),
)
OWES: Final = NoticeKind(
    "balance.in_arrears",
    "您的账户已欠费",
    "Your account is in arrears",
    "您的账户已欠费 {arrears_after}，请联系合作伙伴拨款。",
    "You owe {arrears_after}; ask your partner for an allocation.",
    Severity.WARNING,
    (Right.BALANCE_READ,),
)
_COLUMNS: Final = ("kind", "amount", "amount_after", "balance_after", "arrears_after", "currency", "reason")
describe(Subject(BalanceEntry, "balance-entries", _COLUMNS, ("kind", "amount", "reason")))


async def tell_partner(work: Work, entry: BalanceEntry) -> None:
    """Tell the partner's main account what Huawei's finance did to its balance."""
    receivers = {id for id in await main_account(work, entry) if id}
    await tell(work, [Message(KEPT, entry, receivers, "booked")])


async def tell_customers(work: Work, entries: Sequence[BalanceEntry]) -> None:
    """Tell the people of each customer what was allocated to it or recalled from it, and that it owes."""
    people: dict[UUID | None, set[UUID]] = {}
    ids = [entry.customer_id for entry in entries]
    for account in await work.every(
        select(Account).where(col(Account.customer_id).in_(ids), Account.side == Side.CUSTOMER)
    ):
        people.setdefault(account.customer_id, set()).add(account.id)
    kinds = {EntryKind.CHARGED: OWES}
    await tell(
        work,
        [
            Message(kinds.get(entry.kind, MOVED), entry, people.get(entry.customer_id, set()), "booked")
            for entry in entries
        ],
    )
