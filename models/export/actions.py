"""What people do with exports: ask for one, cancel it, fetch its file."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from sqlmodel import col, select

from models.export.columns import EXPORTED, Exported
from models.export.conditions import Conditions, kept, shown
from models.export.lifecycle import EXPORT, UNDER_WAY
from models.export.record import ExportRecord
from models.export.refusals import (
    ExportNotReadyError,
    ExportNotYoursError,
    ExportRightsChangedError,
    TooManyExportsError,
)
from models.export.words import MOST_WAITING, ExportFormat, ExportKind, ExportStatus
from models.identity import PeopleOnlyError
from models.kernel.access import Actor, Side
from models.kernel.errors import LengthError, PermissionDeniedError, ReasonRequiredError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.words import Lang
from models.kernel.work import Work
from models.rights import Right

REQUEST: Final = Operation("export.request", "申请导出", "Ask for an export", "export", "createExport")
FETCH: Final = Operation("export.fetch", "下载导出文件", "Fetch an exported file", "export", "fetchExport")
LONGEST_REASON: Final = 500


async def request(
    work: Work,
    kind: ExportKind,
    format: ExportFormat = ExportFormat.XLSX,
    *,
    conditions: Conditions = (),
    columns: Sequence[str] | None = None,
    language: Lang | None = None,
    reason: str | None = None,
) -> ExportRecord:
    """Ask for a file of the rows that one sees under some conditions; a record tells when it is there (COL-2.8.4).

    The file is made in the background and fetched from the record (COL-5.9.7).

    `conditions` are those of the noun's list, `columns` of its export, all that one may see when None. Huawei's staff
    say why.
    Only people export; a tool reads pages.
    """
    if work.actor.client_id is not None:
        raise PeopleOnlyError()
    exported = EXPORTED[kind]
    _require(exported, work.actor)
    reason = (reason or "").strip() or None
    wanted = list(dict.fromkeys(columns)) if columns else exported.told(work.actor)
    refuse(
        [
            *(
                ValueNotAllowedError(path=("columns", place), value=name)
                for place, name in enumerate(wanted)
                if name not in exported.columns
            ),
            ReasonRequiredError(path="reason") if reason is None and work.actor.side is Side.HUAWEI else None,
            LengthError(path="reason", minimum=0, maximum=LONGEST_REASON, length=len(reason))
            if reason is not None and len(reason) > LONGEST_REASON
            else None,
        ]
    )
    # A page of no rows refuses what may not be searched by, and asks for nothing.
    reader = Reader(work.session, work.actor, work.now)
    await reader.page(exported.model, Wanted(), Page(first=0, filter=conditions))
    under_way = await work.count(
        select(ExportRecord.id).where(
            ExportRecord.requested_by == work.actor.id, col(ExportRecord.status).in_(UNDER_WAY)
        )
    )
    most = await work.policy(MOST_WAITING)
    if under_way >= most:
        raise TooManyExportsError(maximum=most)
    record = ExportRecord(
        kind=kind,
        format=format,
        language=language or work.actor.lang,
        columns=wanted,
        conditions=kept(conditions),
        asked=shown(exported.model, conditions),
        reason=reason,
        requested_by=work.actor.id,
        partner_id=work.actor.partner_id,
        created_at=work.now,
        updated_at=work.now,
    )
    await EXPORT.begin(
        work,
        record,
        REQUEST,
        reason=reason,
        internal=work.actor.side is Side.HUAWEI,
        changes={"kind": kind.value, "format": format.value, "asked": record.asked, "columns": wanted},
    )
    await work.flush()
    return record


async def cancel(work: Work, id: UUID) -> ExportRecord:
    """Cancel an export that waits or runs; whoever works on it stops before the next page."""
    record = await work.get(ExportRecord, id)
    await EXPORT.fire(work, record, "cancel", values={"finished_at": work.now})
    return record


async def fetch(work: Work, id: UUID) -> ExportRecord:
    """Fetch a finished file: by whoever asked for it, while his rights are those that it was made with."""
    record = await work.get(ExportRecord, id)
    if record.requested_by != work.actor.id or work.actor.client_id is not None:
        raise ExportNotYoursError()
    _require(EXPORTED[record.kind], work.actor)
    expired = record.expires_at is None or work.now >= record.expires_at
    if record.status != ExportStatus.DONE or expired or record.location is None:
        raise ExportNotReadyError()
    if record.rights != rights_of(work.actor):
        raise ExportRightsChangedError()
    work.note(
        FETCH,
        record,
        internal=work.actor.side is Side.HUAWEI,
        reason=record.reason,
        changes={"kind": record.kind.value, "rows": record.rows_done, "sha256": record.sha256},
    )
    return record


@dataclass(frozen=True)
class Facts:
    """What may be done with an export at this moment, and how far it is (导出进度)."""

    ready: bool
    cancellable: bool
    percent: int | None

    @classmethod
    def of(cls, row: Any, actor: Actor, now: dt.datetime) -> Facts:
        """Tell it of a row as its viewer reads it."""
        status = ExportStatus[row.status]
        mine = UUID(hex=str(row.requested_by)[-32:]) == actor.id
        expires = dt.datetime.fromisoformat(row.expires_at) if row.expires_at else None
        done = row.rows_done * 100 // row.rows_total if row.rows_total else None
        return cls(
            ready=mine and status is ExportStatus.DONE and expires is not None and now < expires,
            cancellable=mine and status in UNDER_WAY,
            percent=done if status is ExportStatus.RUNNING else None,
        )


def rights_of(actor: Actor) -> str:
    """Name the rights that rows are read with: permissions, and whose rows they reach."""
    reach = [actor.partner_id, actor.customer_id, actor.office_id, *sorted(actor.partners)]
    # What has no say in rows and fields may change without a file's losing its ground.
    about = ("opportunity", "customer", "partner", "journal", "export")
    held = sorted(one for one in actor.permissions if one.startswith(about))
    return hashlib.sha256("\n".join([actor.side, *map(str, reach), *held]).encode()).hexdigest()


def _require(exported: Exported, actor: Actor) -> None:
    if not exported.open_to(actor):
        missing = (one for one in (Right.EXPORT, *exported.needs, *exported.reads) if not actor.may(one))
        raise PermissionDeniedError(permission=next(missing))


def language_of(record: ExportRecord) -> Lang:
    """Give the language of the headings."""
    return cast("Lang", record.language)
