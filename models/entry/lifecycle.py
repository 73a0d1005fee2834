"""The lifecycle of an entry: invited, verified, registered, agreed, checked by rule or by hand, joined."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.approval import not_own_submission
from models.entry.checks import code_still_free
from models.entry.founding import found
from models.entry.policies import FINISH_HOURS, LINK_DAYS, REVIEW_DAYS
from models.entry.record import PartnerEntry
from models.entry.words import EntryStatus
from models.kernel.lifecycle import TIMER, Deadline, Lifecycle, Move, Standing, State, Transition
from models.kernel.work import Work
from models.rights import Right

REVIEW: Final = "partner.entry"
_ENTER: Final = ("partnerEntry", "enterPartner")
_INVITE: Final = ("partnerEntry", "inviteToEnter")
_REVIEW: Final = ("partnerEntry", "reviewEntry")
_EXPIRY: Final = Deadline(LINK_DAYS, "expire", "入驻链接过期", "The link ends", until="valid_until")


async def remember_escalation(work: Work, move: Move) -> None:
    """Keep when a review passed its time."""
    move.record.escalated_at = work.now


ENTRY: Lifecycle[EntryStatus] = Lifecycle(
    PartnerEntry,
    Transition(
        "open",
        "打开入驻链接",
        "Open the link",
        (EntryStatus.INVITED,),
        EntryStatus.LINK_OPENED,
        Right.ENTRY_FILL,
        "PL-16",
        _ENTER,
    ),
    Transition(
        "verify",
        "通过验证",
        "Verify",
        (EntryStatus.LINK_OPENED,),
        EntryStatus.VERIFIED,
        Right.ENTRY_FILL,
        "PL-16",
        _ENTER,
    ),
    Transition(
        "register",
        "注册账号",
        "Register the account",
        (EntryStatus.VERIFIED,),
        EntryStatus.REGISTERED,
        Right.ENTRY_FILL,
        "PL-16",
        _ENTER,
    ),
    Transition(
        "accept_terms",
        "同意服务条款",
        "Accept the terms",
        (EntryStatus.REGISTERED, EntryStatus.TERMS_ACCEPTED, EntryStatus.REJECTED),
        EntryStatus.TERMS_ACCEPTED,
        Right.ENTRY_FILL,
        "PL-16",
        _ENTER,
    ),
    Transition(
        "submit",
        "提交入驻信息",
        "Submit the entry information",
        (EntryStatus.TERMS_ACCEPTED, EntryStatus.REJECTED),
        EntryStatus.ENTRY_SUBMITTED,
        Right.ENTRY_FILL,
        "PL-16",
        _ENTER,
        checks=(code_still_free,),
    ),
    Transition(
        "pass_check",
        "自动校验通过",
        "Pass the automatic check",
        (EntryStatus.ENTRY_SUBMITTED,),
        EntryStatus.JOINED,
        Right.ENTRY_FILL,
        "PL-17",
        _ENTER,
        effects=(found,),
    ),
    Transition(
        "refer",
        "转人工审核",
        "Refer to a review",
        (EntryStatus.ENTRY_SUBMITTED,),
        EntryStatus.REVIEWING,
        Right.ENTRY_FILL,
        "PL-17",
        _ENTER,
    ),
    Transition(
        "approve",
        "审核通过",
        "Approve",
        (EntryStatus.REVIEWING,),
        EntryStatus.JOINED,
        Right.ENTRY_DECIDE,
        "PL-17",
        _REVIEW,
        guards=(not_own_submission,),
        checks=(code_still_free,),
        effects=(found,),
        decides=True,
        approves=True,
    ),
    Transition(
        "reject",
        "审核不通过",
        "Reject",
        (EntryStatus.REVIEWING,),
        EntryStatus.REJECTED,
        Right.ENTRY_DECIDE,
        "PL-17",
        _REVIEW,
        reason=True,
        guards=(not_own_submission,),
        decides=True,
    ),
    Transition(
        "escalate",
        "审核超期，升级",
        "Escalate the review",
        (EntryStatus.REVIEWING,),
        EntryStatus.REVIEWING,
        TIMER,
        "PL-17",
        _REVIEW,
        effects=(remember_escalation,),
        internal=True,
    ),
    Transition(
        "withdraw",
        "撤回邀请",
        "Withdraw",
        (EntryStatus.INVITED, EntryStatus.LINK_OPENED, EntryStatus.VERIFIED),
        EntryStatus.WITHDRAWN,
        Right.ENTRY_INVITE,
        "PL-16",
        _INVITE,
    ),
    Transition(
        "expire",
        "链接过期",
        "Expire",
        (EntryStatus.INVITED, EntryStatus.LINK_OPENED),
        EntryStatus.EXPIRED,
        TIMER,
        "PL-16",
        _INVITE,
    ),
    Transition(
        "lapse",
        "超时失效",
        "Lapse",
        (EntryStatus.VERIFIED,),
        EntryStatus.LAPSED,
        TIMER,
        "PL-16",
        _ENTER,
    ),
    states=(
        State(EntryStatus.INVITED, deadline=_EXPIRY),
        State(EntryStatus.LINK_OPENED, deadline=_EXPIRY),
        State(
            EntryStatus.VERIFIED,
            deadline=Deadline(FINISH_HOURS, "lapse", "超时失效", "The verification lapses", until="finish_by"),
        ),
        State(
            EntryStatus.REVIEWING,
            awaits=REVIEW,
            deadline=Deadline(REVIEW_DAYS, "escalate", "升级处理", "Escalated"),
        ),
    ),
    zh="伙伴入驻",
    en="Partner entry",
)


async def standing(work: Work, id: UUID) -> list[Standing[Any]]:
    """Say which steps lead on from here for this actor, and what blocks each."""
    found = await work.first(select(PartnerEntry).where(PartnerEntry.id == id, PartnerEntry.visible_to(work.actor)))
    return await ENTRY.standing(work, found) if found is not None else []
