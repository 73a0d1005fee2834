"""Exports (导出): lists as files, made in the background with the rights of whoever asked."""

from models.export.actions import Facts, cancel, fetch, request
from models.export.columns import EXPORTED, exported_by
from models.export.lifecycle import EXPORT, UNDER_WAY
from models.export.record import ExportRecord
from models.export.refusals import (
    ExportInterruptedError,
    ExportNotReadyError,
    ExportNotYoursError,
    ExportRightsChangedError,
    ExportTooLargeError,
    TooManyExportsError,
)
from models.export.words import ExportFormat, ExportKind, ExportStatus
from models.export.worker import Workshop, tidy, work_off

__all__ = [
    "EXPORT",
    "EXPORTED",
    "UNDER_WAY",
    "ExportFormat",
    "ExportInterruptedError",
    "ExportKind",
    "ExportNotReadyError",
    "ExportNotYoursError",
    "ExportRecord",
    "ExportRightsChangedError",
    "ExportStatus",
    "ExportTooLargeError",
    "Facts",
    "TooManyExportsError",
    "Workshop",
    "cancel",
    "exported_by",
    "fetch",
    "request",
    "tidy",
    "work_off",
]
