"""Who is told what of requests to un-link or to switch: the two sides."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.association_request.lifecycle import REQUEST
from models.association_request.record import AssociationRequest
from models.identity import Account, AccountRole, Role
from models.kernel.access import Side
from models.kernel.work import Work
from models.notice import NoticeKind, Severity, Subject, Tell, describe, main_account, tell_of
from models.rights import Right

_PARTNER: Final = (Right.ASSOCIATION_REQUEST,)
_CUSTOMER: Final = (Right.ASSOCIATION_ANSWER,)
TO_CUSTOMER: Final = NoticeKind(
    "association_request.to_customer",
    "合作伙伴申请变更关联关系",
    "Your partner asks to change the association",
    "合作伙伴“{partner_name}”申请：{kind}，请在 {until} 前确认。",
    "Your partner “{partner_name}” asks for: {kind}. Answer by {until}.",
    Severity.ACTION,
    _CUSTOMER,
    lapses=True,
)
TO_PARTNER: Final = NoticeKind(
    "association_request.to_partner",
    "客户申请解除关联",
    "A customer asks to be un-linked",
    "客户“{company_name}”申请：{kind}，请在 {until} 前处理。",
    "The customer “{company_name}” asks for: {kind}. Answer by {until}.",
    Severity.ACTION,
    _PARTNER,
    lapses=True,
)
PARTNER_TOLD: Final = NoticeKind(
    "association_request.partner_told",
    "关联变更申请有了结果",
    "A request about a customer has ended",
    "客户“{company_name}”的申请（{kind}）状态为：{status}。",
    "The request about “{company_name}” ({kind}) is now: {status}.",
    Severity.INFO,
    _PARTNER,
)
CUSTOMER_TOLD: Final = NoticeKind(
    "association_request.customer_told",
    "关联变更申请有了结果",
    "A request about your association has ended",
    "与合作伙伴“{partner_name}”的申请（{kind}）状态为：{status}。",
    "The request with your partner “{partner_name}” ({kind}) is now: {status}.",
    Severity.INFO,
    _CUSTOMER,
)


async def administrators(work: Work, request: Any) -> list[UUID | None]:
    """Tell the partner's main account and whoever of its members answers such requests."""
    granted = await work.session.execute(
        select(Account.id, Role.permissions)
        .join(AccountRole, col(AccountRole.account_id) == col(Account.id))
        .join(Role, col(Role.id) == col(AccountRole.role_id))
        .where(Account.partner_id == request.partner_id)
    )
    members = [id for id, permissions in granted.all() if Right.ASSOCIATION_REQUEST in permissions]
    return [*await main_account(work, request), *members]


async def customer_accounts(work: Work, request: Any) -> list[UUID | None]:
    """Tell the people of the customer."""
    return await work.every(
        select(Account.id).where(Account.customer_id == request.customer_id, Account.side == Side.CUSTOMER)
    )


def _by_partner(request: Any) -> bool:
    return request.filed_side is Side.PARTNER


def _by_customer(request: Any) -> bool:
    return request.filed_side is Side.CUSTOMER


describe(
    Subject(
        AssociationRequest,
        "association-requests",
        ("company_name", "partner_name", "kind", "status", "reason", "answer_reason"),
        ("kind", "partner_name", "reason", "answer_reason"),
    )
)
_ENDS: Final = ("agree", "refuse", "withdraw", "approve", "reject", "expire", "force_close")
tell_of(
    REQUEST,
    Tell((None,), TO_CUSTOMER, (customer_accounts,), when=_by_partner),
    Tell((None,), TO_PARTNER, (administrators,), when=_by_customer),
    Tell(_ENDS, PARTNER_TOLD, (administrators,)),
    Tell(_ENDS, CUSTOMER_TOLD, (customer_accounts,)),
)
