"""Who is told what of invitations: the partner's people, and the customer."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.identity import Account
from models.invitation.lifecycle import INVITATION
from models.invitation.record import Invitation
from models.kernel.access import Side
from models.kernel.work import Work
from models.notice import (
    Message,
    NoticeKind,
    Severity,
    Subject,
    Tell,
    describe,
    main_account,
    named,
    tell,
    tell_of,
)
from models.notice.telling import everybody
from models.rights import Right

_PARTNER_RIGHTS: Final = (Right.CUSTOMER_INVITE,)
ANSWERED: Final = NoticeKind(
    "invitation.answered",
    "客户已答复邀请",
    "A customer has answered your invitation",
    "对客户“{company_name}”的{association_type}邀请：{status}。",
    "Your invitation of “{company_name}” ({association_type}) is now: {status}.",
    Severity.INFO,
    _PARTNER_RIGHTS,
)
EXPIRED: Final = NoticeKind(
    "invitation.expired",
    "客户邀请已过期",
    "An invitation has expired",
    "对客户“{company_name}”的邀请已过期，如仍需关联请重新发送邀请。",
    "Your invitation of “{company_name}” has expired; send it again if need be.",
    Severity.WARNING,
    _PARTNER_RIGHTS,
)
FAILED: Final = NoticeKind(
    "invitation.failed",
    "客户关联失败",
    "An association failed",
    "客户“{company_name}”接受邀请时关联失败，请查看失败原因。",
    "“{company_name}” tried to accept your invitation and failed; look at the causes.",
    Severity.WARNING,
    _PARTNER_RIGHTS,
)
INVITED: Final = NoticeKind(
    "invitation.received",
    "合作伙伴邀请您关联",
    "A partner invites you",
    "合作伙伴“{partner_name}”邀请您关联，类型为{association_type}，请在 {until} 前答复。",
    "“{partner_name}” invites you to associate ({association_type}); answer by {until}.",
    Severity.ACTION,
    (Right.INVITATION_ANSWER,),
    by_mail=False,
    lapses=True,
)
ASSOCIATED: Final = NoticeKind(
    "invitation.associated",
    "已与合作伙伴关联",
    "You are associated with a partner",
    "您已与合作伙伴“{partner_name}”关联，类型为{association_type}。",
    "You are associated with “{partner_name}” ({association_type}).",
    Severity.INFO,
    (Right.INVITATION_ANSWER,),
)

_COLUMNS = ("company_name", "association_type", "status", "partner.name")
describe(Subject(Invitation, "invitations", _COLUMNS, ("association_type", "status", "partner.name")))
_PARTNER = (main_account, named("issued_by", "account_manager_id"))


async def customer_accounts(work: Work, invitation: Any) -> list[UUID | None]:
    """Tell the people of the customer that is invited."""
    if invitation.customer_id is None:
        return []
    return await work.every(
        select(Account.id).where(Account.customer_id == invitation.customer_id, Account.side == Side.CUSTOMER)
    )


async def tell_of_failure(work: Work, invitation: Invitation) -> None:
    """Tell the partner once of each time an association failed."""
    receivers = await everybody(work, invitation, _PARTNER)
    await tell(work, [Message(FAILED, invitation, receivers, f"f{work.now.timestamp():.0f}")])


tell_of(
    INVITATION,
    Tell((None,), INVITED, (customer_accounts,)),
    Tell(("accept",), ANSWERED, _PARTNER),
    Tell(("accept",), ASSOCIATED, (customer_accounts,)),
    Tell(("refuse",), ANSWERED, _PARTNER),
    Tell(("expire",), EXPIRED, _PARTNER),
)
