"""Reports of customers (报备客户): who reported whom first, for how long, and what stands against it (COL-5.2.1)."""

from models.customer_report import notices
from models.customer_report.actions import FORM, report, void
from models.customer_report.checks import held_by, matches
from models.customer_report.lifecycle import REPORT, REVIEW, review, standing
from models.customer_report.policies import MOST_REPORTS, OLD_ACCOUNT_DAYS, REPORT_DAYS, REVIEW_DAYS
from models.customer_report.record import CustomerReport
from models.customer_report.refusals import (
    NameUnreadableError,
    PartnerUnreachableError,
    ReportedByAnotherPartnerError,
    ReportedByYouError,
    ReviewStatementRequiredError,
    TooManyReportsError,
)
from models.customer_report.words import HOLDING, ReportStatus, ReviewCause

__all__ = [
    "FORM",
    "HOLDING",
    "MOST_REPORTS",
    "OLD_ACCOUNT_DAYS",
    "REPORT",
    "REPORT_DAYS",
    "REVIEW",
    "REVIEW_DAYS",
    "CustomerReport",
    "NameUnreadableError",
    "PartnerUnreachableError",
    "ReportStatus",
    "ReportedByAnotherPartnerError",
    "ReportedByYouError",
    "ReviewCause",
    "ReviewStatementRequiredError",
    "TooManyReportsError",
    "held_by",
    "matches",
    "notices",
    "report",
    "review",
    "standing",
    "void",
]
