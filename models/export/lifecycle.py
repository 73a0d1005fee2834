"""The states of an export and the steps between them."""

from __future__ import annotations

from collections.abc import Iterator

from models.export.record import ExportRecord
from models.export.refusals import ExportNotYoursError
from models.export.words import ExportStatus
from models.kernel.errors import DomainError
from models.kernel.lifecycle import TIMER, Lifecycle, Move, Transition
from models.rights import Right

_S = ExportStatus


def asked_for_by_oneself(move: Move) -> Iterator[DomainError]:
    """Whoever asked for an export cancels it, nobody else (COL-2.8.4)."""
    if move.record.requested_by != move.actor.id:
        yield ExportNotYoursError()


EXPORT = Lifecycle(
    ExportRecord,
    Transition(
        "start",
        "开始导出",
        "Start",
        (_S.WAITING, _S.RUNNING),
        _S.RUNNING,
        TIMER,
        "COL-2.8.4",
        ("export", "startExport"),
        internal=True,
        restarts=True,
    ),
    Transition(
        "finish",
        "完成导出",
        "Finish",
        (_S.RUNNING,),
        _S.DONE,
        TIMER,
        "COL-2.8.4",
        ("export", "finishExport"),
    ),
    Transition(
        "fail",
        "导出失败",
        "Fail",
        (_S.WAITING, _S.RUNNING),
        _S.FAILED,
        TIMER,
        "COL-2.8.4",
        ("export", "finishExport"),
    ),
    Transition(
        "cancel",
        "取消导出",
        "Cancel",
        (_S.WAITING, _S.RUNNING),
        _S.CANCELLED,
        Right.EXPORT,
        "COL-2.8.4",
        ("export", "cancelExport"),
        guards=(asked_for_by_oneself,),
    ),
    Transition(
        "expire",
        "清理导出文件",
        "Remove the file",
        (_S.DONE,),
        _S.EXPIRED,
        TIMER,
        "COL-2.8.4",
        ("export", "expireExport"),
        internal=True,
    ),
    zh="导出",
    en="Export",
)
UNDER_WAY = (_S.WAITING, _S.RUNNING)
