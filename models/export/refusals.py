"""What exports can refuse."""

from __future__ import annotations

from models.kernel.errors import DomainError, Remedy


class TooManyExportsError(DomainError):
    """Somebody has as many exports under way as anybody may have."""

    zh = "您已有 {maximum} 个导出任务尚未完成，请等待或取消后重试。"
    en = "You have {maximum} exports under way; wait for one or cancel it."
    remedy = Remedy.RETRY


class ExportTooLargeError(DomainError):
    """The list has more rows than one file may hold."""

    zh = "符合条件的记录有 {rows} 条，单次最多导出 {maximum} 条，请缩小筛选范围。"
    en = "{rows} records match; one export holds at most {maximum}. Narrow the filter."


class ExportNotYoursError(DomainError):
    """An export is cancelled and fetched by whoever asked for it, not by those who may look at it."""

    zh = "只有申请人本人可以取消或下载该导出。"
    en = "Only the person who asked for this export may cancel or fetch it."


class ExportNotReadyError(DomainError):
    """There is no file to fetch: not yet, or no longer."""

    zh = "导出文件尚未生成或已被清理。"
    en = "The exported file is not ready, or is no longer kept."


class ExportRightsChangedError(DomainError):
    """The rights of whoever asked have changed since the file was made."""

    zh = "您的权限在导出后发生了变化，请重新导出。"
    en = "Your rights have changed since this file was made; export again."


class ExportInterruptedError(DomainError):
    """The work on an export broke off again and again."""

    zh = "导出多次中断，请重试；如仍失败请联系支持人员。"
    en = "The export broke off repeatedly; try again, and contact support if it fails again."
    remedy = Remedy.CONTACT_SUPPORT
