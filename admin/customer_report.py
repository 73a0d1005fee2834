"""Pages of customer reports: who has reported whom, and what became of it; verdicts are given in the queue."""

from __future__ import annotations

from typing import ClassVar

from admin.pages.fields import MEANINGS, Column
from admin.pages.finding import Find
from admin.pages.records import RecordPages, Related, Section
from models.customer_report import CustomerReport, ReportStatus, ReviewCause
from models.reference import INDUSTRIES, OFFICES, PROVINCES
from models.rights import Right

MEANINGS["review_causes"] = ReviewCause


class CustomerReportPages(RecordPages):
    """The pages of reports (报备客户)."""

    model = CustomerReport
    path: ClassVar[str] = "customer-reports"
    title: ClassVar[str] = "customer_reports"
    icon: ClassVar[str] = "ti ti-flag"
    group: ClassVar[str] = "group_records"
    rights = (
        Right.CUSTOMER_READ_ALL,
        Right.CUSTOMER_READ_OFFICE,
        Right.CUSTOMER_READ_OWNED,
        Right.CUSTOMER_READ_PARTNERS,
    )
    heading = Column("company_name")
    status = "status"
    columns = (
        Column("company_name", opens=True),
        Column("partner.name"),
        Column("status", badge=True),
        Column("review_causes"),
        Column("mobile"),
        Column("industry"),
        Column("province"),
        Column("reported_at"),
        Column("due_at"),
        Column("created_at"),
    )
    finds = (
        Find("company_name"),
        Find("account_name"),
        Find("credit_code"),
        Find("mobile"),
        Find("status", "choice", words=ReportStatus),
        Find("industry", "choice", reference=INDUSTRIES),
        Find("province", "choice", reference=PROVINCES),
        Find("office", "choice", reference=OFFICES),
        Find("created_from", "from_day", label="created_at"),
        Find("created_to", "to_day", label="created_at"),
    )
    sections = (
        Section(
            "section_company",
            (
                Column("company_name"),
                Column("credit_code"),
                Column("account_name"),
                Column("contact_name"),
                Column("mobile"),
                Column("email"),
                Column("industry"),
                Column("province"),
            ),
        ),
        Section(
            "section_report",
            (
                Column("partner.name"),
                Column("submitter.name"),
                Column("account_manager.name"),
                Column("status", badge=True),
                Column("review_causes", wide=True),
                Column("statement", wide=True),
                Column("reported_at"),
                Column("escalated_at"),
                Column("verdict_reason", wide=True),
                Column("customer.company_name"),
                Column("created_at"),
                Column("updated_at"),
            ),
        ),
    )
    lists = (
        Related(
            "invitations",
            "invitations",
            (
                Column("id", opens=True),
                Column("channel"),
                Column("association_type"),
                Column("status", badge=True),
                Column("valid_until"),
                Column("answered_at"),
            ),
        ),
    )
