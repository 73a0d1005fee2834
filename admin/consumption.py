"""Pages of consumption: by month, by line, and what of it is performance, each under the notice that it is no bill."""

from __future__ import annotations

from typing import Any, ClassVar

from admin.pages.fields import Column
from admin.pages.finding import Find
from admin.pages.records import RecordPages, Related, Section
from admin.viewer import Viewer
from admin.words import spoken
from models.consumption import (
    CONSUMPTION,
    NOTICE_EN,
    NOTICE_ZH,
    BillDetailType,
    ChargingMode,
    ConsumptionDetail,
    ConsumptionSummary,
    ConsumptionView,
    PerformanceDetail,
)
from models.customer import AssociationType
from models.export import ExportKind
from models.kernel.reads import Reader

SHARED = (
    Find("customer_name"),
    Find("account_name"),
    Find("month_from", "month"),
    Find("month_to", "month"),
    Find("association_type", "choice", words=AssociationType),
    Find("partner_name"),
    Find("account_manager_name"),
)
WHOSE = (
    Column("customer.company_name"),
    Column("customer.account_name", label="account_name"),
    Column("partner.name"),
    Column("account_manager.name"),
)
DUE = Column("amount_due", currency="currency")
PERFORMANCE = Column("performance_amount", currency="currency")
LINE = (
    Column("bill_detail_type"),
    Column("charging_mode"),
    Column("service_type_name"),
    Column("trade_id"),
)


class _ConsumptionPages(RecordPages):
    """What the pages of consumption share (消费页面)."""

    icon: ClassVar[str] = "ti ti-chart-bar"
    group: ClassVar[str] = "group_records"
    rights = (f"{CONSUMPTION.group}:plain",)
    template = "consumption.html"
    detail_template = "consumption_record.html"

    async def beside_list(self, viewer: Viewer, reader: Reader) -> dict[str, Any]:
        """Say that it is no bill (COL-5.9.2)."""
        return {"notice": _notice()}

    async def beside(self, viewer: Viewer, reader: Reader, record: Any) -> dict[str, Any]:
        """Say that it is no bill (COL-5.9.2)."""
        return {"notice": _notice()}


class ConsumptionPages(_ConsumptionPages):
    """The pages of monthly consumption (消费汇总)."""

    model = ConsumptionSummary
    path: ClassVar[str] = "consumption"
    title: ClassVar[str] = "consumption"
    exports = ExportKind.CONSUMPTION
    heading = Column("bill_cycle")
    columns = (
        Column("bill_cycle", opens=True),
        *WHOSE,
        Column("association_type"),
        Column("view"),
        Column("line_count"),
        DUE,
        PERFORMANCE,
    )
    finds = (
        *SHARED,
        Find("view", "choice", words=ConsumptionView),
    )
    sections = (
        Section("section_month", (Column("bill_cycle"), Column("view"), *WHOSE, Column("association_type"))),
        Section(
            "section_amounts",
            (
                Column("official_amount", currency="currency"),
                Column("discount_amount", currency="currency"),
                DUE,
                PERFORMANCE,
                Column("line_count"),
            ),
        ),
    )
    lists = (
        Related(
            "performance",
            "performance_details",
            (Column("consumed_at"), *LINE, DUE, PERFORMANCE),
        ),
    )


class ConsumptionDetailPages(_ConsumptionPages):
    """The pages of lines of consumption (消费明细)."""

    model = ConsumptionDetail
    path: ClassVar[str] = "consumption-details"
    title: ClassVar[str] = "consumption_details"
    icon: ClassVar[str] = "ti ti-list-details"
    exports = ExportKind.CONSUMPTION_DETAILS
    heading = Column("line_id")
    columns = (
        Column("consumed_at", opens=True),
        Column("bill_cycle"),
        Column("customer.company_name"),
        Column("partner.name"),
        DUE,
        Column("service_type_name"),
        Column("resource_name"),
        Column("charging_mode"),
        Column("bill_detail_type"),
        Column("region_name"),
    )
    finds = (
        *SHARED,
        Find("zero", "flag"),
        Find("product_type", "exact"),
        Find("charging_mode", "choice", words=ChargingMode),
        Find("bill_type", "choice", words=BillDetailType),
        Find("region", "exact"),
        Find("trade_id"),
        Find("resource_name"),
        Find("resource_id"),
    )
    sections = (
        Section(
            "section_month",
            (Column("bill_cycle"), Column("consumed_at"), *WHOSE, Column("association_type"), Column("line_id")),
        ),
        Section(
            "section_resource",
            (
                *LINE,
                Column("service_type_code"),
                Column("resource_type_name"),
                Column("specification"),
                Column("resource_name"),
                Column("resource_id"),
                Column("region_name"),
                Column("region_code"),
            ),
        ),
        Section(
            "section_amounts",
            (
                Column("official_amount", currency="currency"),
                Column("discount_amount", currency="currency"),
                DUE,
            ),
        ),
    )


class PerformancePages(_ConsumptionPages):
    """The pages of performance (业绩明细)."""

    model = PerformanceDetail
    path: ClassVar[str] = "performance"
    title: ClassVar[str] = "performance_details"
    icon: ClassVar[str] = "ti ti-trophy"
    exports = ExportKind.PERFORMANCE
    heading = Column("bill_cycle")
    columns = (
        Column("consumed_at"),
        Column("bill_cycle"),
        *WHOSE,
        DUE,
        PERFORMANCE,
        *LINE,
    )
    finds = (
        *SHARED,
        Find("product_type", "exact"),
        Find("charging_mode", "choice", words=ChargingMode),
        Find("bill_type", "choice", words=BillDetailType),
        Find("trade_id"),
    )


def _notice() -> str:
    return NOTICE_ZH if spoken() == "zh" else NOTICE_EN
