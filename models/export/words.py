"""The words of exports: what is exported, into which kind of file, how far it has come; and the policy numbers."""

from __future__ import annotations

from models.kernel.policy import Policy
from models.kernel.words import Word


class ExportKind(Word):
    """What an export holds (导出内容)."""

    OPPORTUNITIES = "OPPORTUNITIES", "机会点", "Opportunities"
    CUSTOMERS = "CUSTOMERS", "客户", "Customers"
    JOURNAL = "JOURNAL", "操作记录", "Journal"
    CONSUMPTION = "CONSUMPTION", "消费汇总", "Monthly consumption"
    CONSUMPTION_DETAILS = "CONSUMPTION_DETAILS", "消费明细", "Consumption details"
    PERFORMANCE = "PERFORMANCE", "业绩明细", "Performance details"


class ExportFormat(Word):
    """The kind of file (文件格式)."""

    XLSX = "XLSX", "Excel 工作簿 (XLSX)", "Excel workbook (XLSX)"
    CSV = "CSV", "CSV 文本", "CSV text"

    @property
    def suffix(self) -> str:
        """Give the ending of file names."""
        return f".{self.value.lower()}"

    @property
    def media_type(self) -> str:
        """Give what HTTP calls the kind of file."""
        if self is ExportFormat.CSV:
            return "text/csv; charset=utf-8"
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportStatus(Word):
    """How far an export has come (导出状态)."""

    WAITING = "WAITING", "等待中", "Waiting"
    RUNNING = "RUNNING", "导出中", "Running"
    DONE = "DONE", "已完成", "Done"
    FAILED = "FAILED", "失败", "Failed"
    CANCELLED = "CANCELLED", "已取消", "Cancelled"
    EXPIRED = "EXPIRED", "已过期", "Expired"


KEPT_DAYS = Policy("export.kept_days", 7, "导出文件保留天数（自然日）", "Days for which an exported file is kept")
MOST_ROWS = Policy("export.most_rows", 200_000, "单次导出最多行数", "Rows that one export may hold")
MOST_WAITING = Policy(
    "export.most_waiting", 5, "每人同时进行的导出任务上限", "Exports that one person may have under way"
)
