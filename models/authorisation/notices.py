"""Who is told of authorisations: the customer that is asked, and the partner that it answers."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.authorisation.lifecycle import AUTHORISATION
from models.authorisation.record import CustomerAuthorisation
from models.identity import Account
from models.kernel.access import Side
from models.kernel.work import Work
from models.notice import NoticeKind, Severity, Subject, Tell, describe, main_account, named, tell_of
from models.rights import Right

ASKED: Final = NoticeKind(
    "authorisation.asked",
    "合作伙伴申请代客授权",
    "Your partner asks for authorisation",
    "合作伙伴申请为您下单和运维的授权，请在“我的合作伙伴”中处理。",
    "Your partner asks to be authorised to order and operate for you; answer in “My partner”.",
    Severity.ACTION,
    (Right.AUTHORISATION_ANSWER,),
    lapses=True,
)
ANSWERED: Final = NoticeKind(
    "authorisation.answered",
    "客户已处理代客授权",
    "A customer has answered your request for authorisation",
    "客户“{customer_company_name}”的代客授权状态：{status}。",
    "The authorisation by “{customer_company_name}” is now: {status}.",
    Severity.INFO,
    (Right.AUTHORISATION_REQUEST,),
)
describe(
    Subject(
        CustomerAuthorisation,
        "customer-authorisations",
        ("customer.company_name", "status", "note", "reason"),
        ("status", "note", "reason"),
    )
)


async def customer_people(work: Work, record: Any) -> list[UUID | None]:
    """Tell the people of the customer."""
    return await work.every(
        select(Account.id).where(Account.customer_id == record.customer_id, Account.side == Side.CUSTOMER)
    )


_PARTNER = (main_account, named("requested_by"))
tell_of(
    AUTHORISATION,
    Tell((None,), ASKED, (customer_people,)),
    Tell(("agree", "reject", "revoke"), ANSWERED, _PARTNER),
)
