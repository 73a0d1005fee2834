"""Who is told what of entries: the reviewers, whoever invited, the partner's PDM, and the company itself."""

from __future__ import annotations

from typing import Final

from models.entry.lifecycle import ENTRY
from models.entry.record import PartnerEntry
from models.notice import NoticeKind, Severity, Subject, Tell, describe, holders, named, tell_of
from models.rights import Right

TO_REVIEW: Final = NoticeKind(
    "queue.partner_entry",
    "伙伴入驻待审核",
    "A partner's entry to review",
    "“{company_name}”的入驻申请等待审核，时限 {until}。",
    "The entry of “{company_name}” waits for review until {until}.",
    Severity.ACTION,
    (Right.ENTRY_DECIDE,),
    lapses=True,
)
ESCALATED: Final = NoticeKind(
    "queue.partner_entry_escalated",
    "伙伴入驻审核超期",
    "A review of an entry is overdue",
    "“{company_name}”的入驻申请审核已超期，请尽快处理。",
    "The review of the entry of “{company_name}” is overdue.",
    Severity.WARNING,
    (Right.ENTRY_DECIDE,),
    lapses=True,
)
DECIDED: Final = NoticeKind(
    "entry.decided",
    "入驻申请有了结果",
    "Your entry is decided",
    "贵公司“{company_name}”的入驻状态为：{status}。",
    "The entry of your company “{company_name}” is now: {status}.",
    Severity.INFO,
    (Right.ENTRY_FILL,),
)
JOINED: Final = NoticeKind(
    "entry.joined",
    "受邀公司成功入驻",
    "A company that you invited has joined",
    "“{company_name}”已成功入驻，成为合作伙伴。",
    "“{company_name}” has joined and is a partner now.",
    Severity.INFO,
    (Right.ENTRY_INVITE,),
)
ENDED: Final = NoticeKind(
    "entry.ended",
    "入驻邀请已失效",
    "An invitation to enter has ended",
    "对“{invited_name}”的入驻邀请状态为：{status}，如仍需入驻请重新邀请。",
    "Your invitation of “{invited_name}” is now: {status}; invite the company anew if need be.",
    Severity.WARNING,
    (Right.ENTRY_INVITE,),
)

_COLUMNS = ("company_name", "invited_name", "status", "verdict_reason")
describe(Subject(PartnerEntry, "partner-entries", _COLUMNS, ("status", "verdict_reason")))
_DESK = holders(Right.ENTRY_DECIDE, Right.ENTRY_READ_ALL)
_INVITERS = (named("issued_by", "pdm_id"),)
tell_of(
    ENTRY,
    Tell(("refer",), TO_REVIEW, (_DESK,)),
    Tell(("escalate",), ESCALATED, (_DESK,)),
    Tell(("approve", "reject"), DECIDED, (named("account_id"),)),
    Tell(("approve", "pass_check"), JOINED, _INVITERS),
    Tell(("expire", "lapse"), ENDED, _INVITERS),
)
