"""Pages of deal registrations, which Huawei's side reads."""

from __future__ import annotations

from typing import ClassVar

from admin.pages.fields import Column
from admin.pages.finding import Find
from admin.pages.records import RecordPages, Related, Section
from models.deal_registration import DealRegistration
from models.opportunity import Stage
from models.reference import OFFICES
from models.rights import Right


class DealRegistrationPages(RecordPages):
    """The pages of deal registrations (商机报备)."""

    model = DealRegistration
    path: ClassVar[str] = "deal-registrations"
    title: ClassVar[str] = "deal_registrations"
    icon: ClassVar[str] = "ti ti-clipboard-text"
    group: ClassVar[str] = "group_records"
    rights = (Right.DEAL_READ_ALL, Right.DEAL_READ_PARTNERS, Right.DEAL_READ_OFFICE, Right.DEAL_READ_OWNED)
    heading = Column("name")
    status = "status"
    columns = (
        Column("name", opens=True, wide=True),
        Column("company_name"),
        Column("account_name"),
        Column("partner.name"),
        Column("manager.name"),
        Column("stage"),
        Column("expected_amount", currency="currency"),
        Column("expected_sign_date"),
        Column("created_at"),
    )
    finds = (
        Find("name"),
        Find("company_name"),
        Find("account_name"),
        Find("manager_name"),
        Find("stage", "choice", words=Stage),
        Find("task", label="task_id"),
        Find("office", "choice", reference=OFFICES),
        Find("created_from", "from_day", label="created_at"),
        Find("created_before", "to_day", label="created_at"),
    )
    sections = (
        Section(
            "section_deal_basic",
            (
                Column("name"),
                Column("status", badge=True),
                Column("company_name"),
                Column("account_name"),
                Column("customer.company_name", label="customer"),
                Column("report.company_name", label="report"),
                Column("partner.name"),
                Column("manager.name"),
                Column("task_id"),
                Column("office_id"),
                Column("registered_at"),
                Column("created_at"),
                Column("updated_at"),
            ),
        ),
        Section(
            "section_deal_detail",
            (
                Column("requirement", wide=True),
                Column("services", wide=True),
                Column("contact_name"),
                Column("contact_mobile"),
                Column("contact_email"),
            ),
        ),
        Section(
            "section_deal_revenue",
            (
                Column("expected_amount", currency="currency"),
                Column("expected_sign_date"),
                Column("revenue_starts_on"),
                Column("term_months"),
                Column("billing_mode"),
                Column("stage"),
                Column("win_probability"),
                Column("last_progress_at"),
            ),
        ),
    )
    lists = (
        Related(
            "progress",
            "progress",
            (
                Column("at"),
                Column("by_name"),
                Column("stage"),
                Column("win_probability"),
                Column("technical_exchange", wide=True),
                Column("test_status", wide=True),
                Column("details", wide=True),
            ),
        ),
    )
