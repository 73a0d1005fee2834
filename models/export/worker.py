"""Carries exports out, page by page: claimed by lease, by any number of processes, with the rights of the moment."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.export.actions import language_of, rights_of
from models.export.cells import cells_of, names_of
from models.export.columns import EXPORTED
from models.export.conditions import conditions_of
from models.export.lifecycle import EXPORT, UNDER_WAY
from models.export.record import ExportRecord
from models.export.refusals import ExportInterruptedError, ExportTooLargeError
from models.export.sheets import SheetWriter, writer
from models.export.words import KEPT_DAYS, MOST_ROWS, ExportStatus
from models.file import Storage
from models.identity import SignInRequiredError, actor_of
from models.kernel.access import Actor, system_actor
from models.kernel.errors import DomainError, PermissionDeniedError
from models.kernel.reads import Page, Reader
from models.kernel.reads.declare import MAX_PAGE
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from models.rights import Right

LEASE: Final = dt.timedelta(seconds=60)
RENEW_AFTER: Final = dt.timedelta(seconds=1)
MOST_ATTEMPTS: Final = 5
MOST_BEGINNINGS: Final = 3


class _Let(Exception):
    """The export is no longer this worker's: cancelled, or taken over after the lease ran out."""


class _RightsChanged(Exception):
    """The rights of whoever asked changed while rows were read; what was written so far is thrown away."""


@dataclass
class Workshop:
    """Where exports are made (导出车间): the store, and a storage for files that holds nothing else."""

    store: Store
    storage: Storage
    clock: Clock = utc_now
    told: Callable[[UUID, Exception], None] = lambda _id, _error: None

    @property
    def folder(self) -> Path:
        """Give the folder in which unfinished files lie, each in one of its own."""
        return self.storage.incoming

    async def act(self, deed: Any) -> Any:
        """Do one step in a transaction of its own, as the system."""
        return await run_write(self.store, system_actor(), deed, clock=self.clock)


async def work_off(workshop: Workshop) -> int:
    """Carry out what waits until nothing does; answer how many exports were taken on.

    What fails for a reason that its reader can be told ends there; what breaks off is tried again later.
    """
    taken = 0
    tried: set[UUID] = set()
    while ids := [id for id in await _claimable(workshop) if id not in tried]:
        for id in ids:
            tried.add(id)
            taken += await carry_out(workshop, id)
    return taken


async def carry_out(workshop: Workshop, id: UUID) -> bool:
    """Take one export on and finish it; False where somebody else has it."""
    by = secrets.token_hex(16)
    record: ExportRecord | None = await workshop.act(lambda work: _claim(work, id, by))
    if record is None:
        return False
    bench = workshop.folder / f"{record.id.hex}{by}"
    try:
        await _make(workshop, record, bench)
    except _Let:
        pass
    except DomainError as error:
        failure = error
        await workshop.act(lambda work: _fail(work, id, by, failure))
    except asyncio.CancelledError:
        # The process is told to stop; the next one begins anew at once.
        await workshop.act(lambda work: _give_back(work, id, by, at_once=True))
        raise
    except Exception as error:
        workshop.told(id, error)
        await workshop.act(lambda work: _give_back(work, id, by))
    finally:
        await asyncio.to_thread(shutil.rmtree, bench, ignore_errors=True)
    return True


async def _claimable(workshop: Workshop) -> list[UUID]:
    async with workshop.store.reader() as session:
        found = await session.execute(
            select(ExportRecord.id).where(*_free(workshop.clock())).order_by(col(ExportRecord.created_at)).limit(20)
        )
        return list(found.scalars())


def _free(now: dt.datetime) -> tuple[Any, ...]:
    lease = col(ExportRecord.lease_until)
    return col(ExportRecord.status).in_(UNDER_WAY), sa.or_(lease.is_(None), lease <= now)


async def _claim(work: Work, id: UUID, by: str) -> ExportRecord | None:
    record: ExportRecord | None = await work.first(
        select(ExportRecord)
        .where(ExportRecord.id == id, *_free(work.now))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if record is None:
        return None
    if record.attempts >= MOST_ATTEMPTS:
        await EXPORT.fire(work, record, "fail", values=_ended(work, ExportInterruptedError()))
        return None
    record.lease_by, record.lease_until = by, work.now + LEASE
    record.attempts += 1
    await EXPORT.fire(work, record, "start", values={"rows_done": 0})
    await work.flush()
    return record


async def _make(workshop: Workshop, record: ExportRecord, bench: Path) -> None:
    await asyncio.to_thread(bench.mkdir, parents=True, exist_ok=True)
    unfinished = bench / f"{bench.name}{record.format.suffix}"
    for beginning in range(MOST_BEGINNINGS):
        try:
            rights, rows = await _write(workshop, record, unfinished)
            break
        except _RightsChanged:
            if beginning == MOST_BEGINNINGS - 1:
                raise ExportInterruptedError() from None
    size, sha256 = await asyncio.to_thread(_measured, unfinished)
    key = bench.name
    await workshop.storage.keep(unfinished, key)
    if not await workshop.act(lambda work: _finish(work, record, key, rights, rows, size, sha256)):
        await workshop.storage.drop(key)
        raise _Let


async def _write(workshop: Workshop, record: ExportRecord, unfinished: Path) -> tuple[str, int]:
    exported, lang = EXPORTED[record.kind], language_of(record)
    conditions = conditions_of(exported.model, record.conditions)
    wanted = exported.wanted(record.columns, lang)
    rights: str | None = None
    sheet: SheetWriter | None = None
    after: str | None = None
    rows, renewed = 0, workshop.clock()
    try:
        while True:
            async with workshop.store.reader() as session:
                await _still_ours(session, record)
                actor = await present(session, record, workshop.clock())
                if rights is None:
                    rights = rights_of(actor)
                elif rights != rights_of(actor):
                    raise _RightsChanged
                reader = Reader(session, actor, workshop.clock())
                page = Page(first=MAX_PAGE, after=after, filter=conditions)
                if sheet is None:
                    await _announce(workshop, record, await _total(reader, record))
                    sheet = await asyncio.to_thread(writer, record.format, unfinished, record.kind.label(lang))
                    headings = [exported.heading(name, lang, actor) for name in record.columns]
                    await asyncio.to_thread(sheet.write, [headings])
                paged = await reader.page(exported.model, wanted, page)
                names = await names_of(reader, paged.nodes)
            lines = [cells_of(row, record.columns, exported, lang, names) for row in paged.nodes]
            await asyncio.to_thread(sheet.write, lines)
            rows += len(lines)
            if not paged.has_next_page:
                break
            after = paged.end_cursor
            if workshop.clock() - renewed >= RENEW_AFTER:
                renewed = workshop.clock()
                await _renew(workshop, record, rows_done=rows)
    except BaseException:
        if sheet is not None:
            sheet.abandon()
        raise
    await asyncio.to_thread(sheet.close)
    return rights, rows


async def present(session: AsyncSession, record: ExportRecord, now: dt.datetime) -> Actor:
    """Load whoever asked with the rights that he has now; a claim in the queue opens nothing in a file that stays.

    COL-2.8.4: what is masked in a list is masked in the file.
    """
    try:
        actor = await actor_of(session, record.requested_by, now=now)
    except SignInRequiredError:
        raise PermissionDeniedError(permission=Right.EXPORT) from None
    if not EXPORTED[record.kind].open_to(actor):
        raise PermissionDeniedError(permission=Right.EXPORT)
    return replace(actor, claimed=frozenset())


async def _still_ours(session: AsyncSession, record: ExportRecord) -> None:
    state = await session.execute(
        select(ExportRecord.id).where(
            ExportRecord.id == record.id,
            ExportRecord.lease_by == record.lease_by,
            ExportRecord.status == ExportStatus.RUNNING,
        )
    )
    if state.first() is None:
        raise _Let


async def _total(reader: Reader, record: ExportRecord) -> int:
    exported = EXPORTED[record.kind]
    page = Page(filter=conditions_of(exported.model, record.conditions))
    await reader.prepare()
    total = int((await reader.groups(exported.model, (), (sa.func.count(),), page))[0][0])
    most: int = reader.policy(MOST_ROWS)
    if total > most:
        raise ExportTooLargeError(rows=total, maximum=most)
    return total


async def _announce(workshop: Workshop, record: ExportRecord, total: int) -> None:
    await _renew(workshop, record, rows_total=total)


async def _renew(workshop: Workshop, record: ExportRecord, **told: int) -> None:
    async def deed(work: Work) -> bool:
        changed: Any = await work.session.execute(
            sa.update(ExportRecord)
            .where(
                col(ExportRecord.id) == record.id,
                col(ExportRecord.lease_by) == record.lease_by,
                col(ExportRecord.status) == ExportStatus.RUNNING,
            )
            .values(lease_until=work.now + LEASE, updated_at=work.now, **told)
            .execution_options(synchronize_session=False)
        )
        return bool(changed.rowcount)

    if not await workshop.act(deed):
        raise _Let


def _measured(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return path.stat().st_size, digest.hexdigest()


async def _held(work: Work, id: UUID, by: str | None) -> ExportRecord | None:
    found: ExportRecord | None = await work.first(
        select(ExportRecord)
        .where(ExportRecord.id == id, ExportRecord.lease_by == by, col(ExportRecord.status) == ExportStatus.RUNNING)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def _finish(work: Work, record: ExportRecord, key: str, rights: str, rows: int, size: int, sha256: str) -> bool:
    held = await _held(work, record.id, record.lease_by)
    if held is None:
        return False
    if rights_of(await present(work.session, held, work.now)) != rights:
        # Between the last page and now; the next attempt reads with what is left.
        held.lease_by = held.lease_until = None
        return False
    days = await work.policy(KEPT_DAYS)
    held.location, held.rights, held.lease_by, held.lease_until = key, rights, None, None
    values = {
        "rows_done": rows,
        "rows_total": rows,
        "size": size,
        "sha256": sha256,
        "finished_at": work.now,
        "expires_at": work.now + dt.timedelta(days=days),
    }
    note = {"kind": held.kind.value, "asked": held.asked, "reason": held.reason}
    await EXPORT.fire(work, held, "finish", values=values, note=note)
    return True


async def _fail(work: Work, id: UUID, by: str, error: DomainError) -> None:
    if (held := await _held(work, id, by)) is not None:
        await EXPORT.fire(work, held, "fail", values=_ended(work, error))


def _ended(work: Work, error: DomainError) -> dict[str, Any]:
    told = {"code": error.code, "zh": error.message("zh"), "en": error.message("en")}
    return {"failure": told, "finished_at": work.now}


async def _give_back(work: Work, id: UUID, by: str, *, at_once: bool = False) -> None:
    if (held := await _held(work, id, by)) is not None:
        held.lease_by, held.lease_until = None, None if at_once else work.now + LEASE
        held.attempts -= at_once


async def tidy(workshop: Workshop) -> int:
    """Remove files whose time is over, and what broken-off work has left behind; answer how many."""
    now = workshop.clock()
    async with workshop.store.reader() as session:
        done = col(ExportRecord.status) == ExportStatus.DONE
        over = list((await session.execute(select(ExportRecord.id).where(done, _over(now)).limit(500))).scalars())
    for id in over:
        await workshop.act(lambda work, id=id: _expire(work, id))
    return len(over) + await _clear(workshop, now)


def _over(now: dt.datetime) -> Any:
    return col(ExportRecord.expires_at) <= now


async def _expire(work: Work, id: UUID) -> None:
    record: ExportRecord | None = await work.first(
        select(ExportRecord)
        .where(ExportRecord.id == id, ExportRecord.status == ExportStatus.DONE, _over(work.now))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if record is not None:
        record.location = record.rights = None
        await EXPORT.fire(work, record, "expire")


async def _clear(workshop: Workshop, now: dt.datetime) -> int:
    """Throw away kept files that no export knows, and unfinished ones that nobody works on."""
    kept = [key async for keys in workshop.storage.keys(now) for key in keys]
    async with workshop.store.reader() as session:
        status = col(ExportRecord.status)
        held = select(ExportRecord.location).where(status == ExportStatus.DONE)
        known = set((await session.execute(held)).scalars())
        busy = select(ExportRecord.lease_by).where(status == ExportStatus.RUNNING)
        working = set((await session.execute(busy)).scalars())
    gone = 0
    for key in kept:
        if key not in known and _worker_of(key) not in working:
            await workshop.storage.drop(key)
            gone += 1
    for path in await asyncio.to_thread(_benches, workshop.folder):
        if _worker_of(path.name) not in working:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
            gone += 1
    return gone


def _benches(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _worker_of(key: str) -> str:
    return key[32:]
