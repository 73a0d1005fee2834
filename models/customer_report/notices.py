"""Who is told what of reports."""

from __future__ import annotations

from typing import Final

from models.customer_report.lifecycle import REPORT
from models.customer_report.record import CustomerReport
from models.customer_report.words import ReportStatus
from models.notice import NoticeKind, Severity, Subject, Tell, describe, holders, main_account, named, tell_of
from models.rights import Right

_READERS: Final = (Right.CUSTOMER_REPORT,)
TO_REVIEW: Final = NoticeKind(
    "queue.customer_report",
    "客户报备待审核",
    "A customer report to review",
    "“{partner_name}”报备的客户“{company_name}”等待审核，时限 {until}。",
    "The report of “{company_name}” by “{partner_name}” waits for review until {until}.",
    Severity.ACTION,
    (Right.CUSTOMER_DECIDE_REPORT,),
    lapses=True,
)
ESCALATED: Final = NoticeKind(
    "queue.customer_report_escalated",
    "客户报备审核超期",
    "A review of a customer report is overdue",
    "“{partner_name}”报备的客户“{company_name}”审核已超期，请尽快处理。",
    "The review of “{company_name}”, reported by “{partner_name}”, is overdue.",
    Severity.WARNING,
    (Right.CUSTOMER_DECIDE_REPORT,),
    lapses=True,
)
DECIDED: Final = NoticeKind(
    "customer_report.decided",
    "客户报备审核有了结果",
    "Your customer report is decided",
    "客户“{company_name}”的报备状态为：{status}。",
    "The report of “{company_name}” is now: {status}.",
    Severity.INFO,
    _READERS,
)
EXPIRED: Final = NoticeKind(
    "customer_report.expired",
    "客户报备已失效",
    "A customer report has ended",
    "客户“{company_name}”的报备已失效，其他合作伙伴可以报备。",
    "The report of “{company_name}” has ended; other partners may report the customer.",
    Severity.WARNING,
    _READERS,
)

_COLUMNS = ("company_name", "partner.name", "status", "verdict_reason")
describe(Subject(CustomerReport, "customer-reports", _COLUMNS, ("partner.name", "status", "verdict_reason")))
_DESK = holders(Right.CUSTOMER_DECIDE_REPORT, Right.CUSTOMER_READ_ALL)
_PARTNER = (main_account, named("submitted_by"))
tell_of(
    REPORT,
    Tell((None,), TO_REVIEW, (_DESK,), when=lambda report: report.status == ReportStatus.PENDING_REVIEW),
    Tell(("escalate",), ESCALATED, (_DESK,)),
    Tell(("approve", "reject"), DECIDED, _PARTNER),
    Tell(("expire",), EXPIRED, _PARTNER),
)
