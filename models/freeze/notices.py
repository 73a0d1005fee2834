"""Who is told of freezes: the customer's people, and the partner where its data is about to go."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.freeze.lifecycle import FREEZE
from models.freeze.record import CustomerFreeze, FreezeCause
from models.identity import Account
from models.kernel.access import Side
from models.kernel.work import Work
from models.notice import Message, NoticeKind, Severity, Subject, Tell, describe, main_account, tell, tell_of
from models.rights import Right

FROZEN: Final = NoticeKind(
    "freeze.frozen",
    "您的账户已被冻结",
    "Your account is frozen",
    "您的账户状态：{kind}。原因：{reason}",
    "Your account is now: {kind}. Reason: {reason}",
    Severity.WARNING,
    (Right.AUTHORISATION_ANSWER,),
)
LIFTED: Final = NoticeKind(
    "freeze.lifted",
    "您的账户已解冻",
    "Your account is no longer frozen",
    "您的账户已解冻。",
    "Your account is no longer frozen.",
    Severity.INFO,
    (Right.AUTHORISATION_ANSWER,),
)
BY_DEFAULT: Final = NoticeKind(
    "freeze.by_default",
    "代售客户默认冻结",
    "A new resale customer is frozen",
    "新关联的代售客户默认冻结，请设置预算后解冻。",
    "A customer that came to resale is frozen; set its budget and unfreeze it.",
    Severity.ACTION,
    (Right.CUSTOMER_FREEZE,),
    lapses=True,
)
RESOURCES_DELETED: Final = NoticeKind(
    "freeze.resources_deleted",
    "冻结客户的资源数据已到期删除",
    "The resources of a frozen customer are deleted",
    "客户账号和资源冻结至 {data_until} 仍未解冻，资源数据已删除。",
    "The resources of a customer frozen until {data_until} without being unfrozen are deleted.",
    Severity.WARNING,
    (Right.CUSTOMER_FREEZE,),
)
describe(
    Subject(
        CustomerFreeze,
        "customer-freezes",
        ("kind", "status", "cause", "reason", "data_until"),
        ("kind", "cause", "reason", "data_until"),
    )
)


async def customer_people(work: Work, record: Any) -> list[UUID | None]:
    """Tell the people of the customer."""
    return await work.every(
        select(Account.id).where(Account.customer_id == record.customer_id, Account.side == Side.CUSTOMER)
    )


async def tell_of_default(work: Work, freeze: CustomerFreeze) -> None:
    """Tell the partner that its new customer waits for a budget (COL-5.10.1)."""
    receivers = {id for id in await main_account(work, freeze) if id}
    await tell(work, [Message(BY_DEFAULT, freeze, receivers, "default")])


tell_of(
    FREEZE,
    Tell((None,), FROZEN, (customer_people,), when=lambda freeze: freeze.cause is not FreezeCause.NO_BUDGET),
    Tell(("lift", "restore"), LIFTED, (customer_people,)),
    Tell(("delete_resources",), RESOURCES_DELETED, (main_account, customer_people)),
)
