"""The import of consumption: a large file, row by row and chunk by chunk, each line once."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.consumption import (
    TELLING,
    Consumer,
    LineContradictsError,
    consumers,
    due_window,
    known_lines,
    take_in,
)
from models.kernel.access import Actor
from models.kernel.errors import DomainError
from models.kernel.journal import Operation
from models.kernel.values import public_id
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from models.onboarding.consumption_rows import COLUMNS, ConsumptionRow, ConsumptionRows
from models.onboarding.record import ImportKind, ImportRun, ImportState
from models.onboarding.sheet import Row
from models.onboarding.stream import Stream, open_stream
from models.rights import Right

BEGIN: Final = Operation("import.begin", "开始导入", "Begin an import", "import", "beginImport")
FINISH: Final = Operation("import.finish", "完成导入", "Finish an import", "import", "finishImport")
# Lines, performance and sums of a chunk; how many there are is told by the time that they may take.
CHUNK: Final = 2_000
FIRST_CHUNK: Final = 500
SMALLEST_CHUNK: Final = 500
LONGEST_SECONDS: Final = 0.1
MOST_TOLD: Final = 20
MAPPING: Final = "consumption"
Refuse = Callable[[Row, tuple[DomainError, ...]], None]
Told = Callable[[int], None]


@dataclass
class ConsumptionReport:
    """What became of a file of consumption (导入结果); of the refused rows it keeps the first few."""

    stream: Stream
    dry: bool
    run_id: UUID | None = None
    resumed_from: int = 0
    total: int = 0
    created: int = 0
    known: int = 0
    refused: int = 0
    first_refused: list[tuple[Row, tuple[DomainError, ...]]] = field(default_factory=list)

    @property
    def import_id(self) -> str | None:
        """Give the import's id as the API prints it."""
        return public_id(ImportRun.prefix, self.run_id) if self.run_id else None


@dataclass(frozen=True)
class _Taken:
    created: int
    contradicting: list[tuple[ConsumptionRow, tuple[str, ...]]]
    run_id: UUID | None = None
    through: dt.date | None = None


async def import_consumption(
    store: Store,
    actor: Actor,
    path: Path,
    *,
    dry: bool = False,
    clock: Clock = utc_now,
    refuse: Refuse = lambda _row, _errors: None,
    progress: Told = lambda _done: None,
) -> ConsumptionReport:
    """Take in a file of consumption, each line once by Huawei Cloud's own id; the same again changes nothing.

    A chunk is taken in whole or not at all; whoever runs a killed import again goes on where it stopped. A refused row
    keeps no other from its place.
    """
    actor.require(Right.CUSTOMER_ONBOARD)
    stream = open_stream(path)
    async with store.reader() as session:
        window = await due_window(Work(session, actor, clock(), journal_key=store.journal_key))
    rows = ConsumptionRows(stream, window["first_month"], window["month"], clock())
    return await _Import(store, actor, clock, stream, rows, refuse, dry).run(progress)


class _Import:
    """One file on its way in."""

    def __init__(
        self,
        store: Store,
        actor: Actor,
        clock: Clock,
        stream: Stream,
        rows: ConsumptionRows,
        refuse: Refuse,
        dry: bool,
    ) -> None:
        self.store, self.actor, self.clock = store, actor, clock
        self.stream, self.rows, self.refuse = stream, rows, refuse
        self.digest = hashlib.sha256(f"{MAPPING}\n{stream.digest}".encode()).hexdigest()
        self.report = ConsumptionReport(stream, dry)
        self._consumers: dict[str, Consumer | None] = {}
        self._through: dt.date | None = None

    async def run(self, progress: Told) -> ConsumptionReport:
        """Go through the file."""
        report, run = self.report, await self._found()
        running = run is not None and run.state is ImportState.RUNNING
        report.run_id = run.id if run else None
        report.resumed_from = run.position if run is not None and running else 0
        # Lines that are there already are found without the writer.
        look_first = report.dry or run is not None
        place, size = 0, FIRST_CHUNK
        source = self.stream.rows()
        while part := list(islice(source, size)):
            good = await self._read(part)
            place += len(part)
            report.total = place
            progress(place)
            if place <= report.resumed_from:
                continue
            if look_first:
                good = await self._look(good)
            if report.dry:
                report.created += len(good)
            elif good:
                began = time.perf_counter()
                taken = await run_write(self.store, self.actor, self._chunk(good, place), clock=self.clock)
                took = time.perf_counter() - began
                size = min(CHUNK, max(SMALLEST_CHUNK, size // 2) if took > LONGEST_SECONDS else size * 2)
                report.created += taken.created
                self._contradict(taken.contradicting)
                look_first = look_first or taken.created < len(good)
                if taken.run_id is not None:
                    report.run_id, running = taken.run_id, True
                    self._through = taken.through
        report.known = report.total - report.created - report.refused
        if running and not report.dry:
            await run_write(self.store, self.actor, self._finish(), clock=self.clock)
        return report

    async def _read(self, part: Sequence[Row]) -> list[ConsumptionRow]:
        read = [self.rows.read(row) for row in part]
        unmet = {one.account for one in read if not one.errors} - self._consumers.keys()
        if unmet:
            async with self.store.reader() as session:
                found = await consumers(session, unmet)
            self._consumers.update({account: found.get(account) for account in unmet})
        good = []
        for one in read:
            placed = one if one.errors else self.rows.placed(one, self._consumers[one.account])
            if placed.errors:
                self._refuse(placed.row, placed.errors)
            else:
                good.append(placed)
        return good

    async def _look(self, good: Sequence[ConsumptionRow]) -> list[ConsumptionRow]:
        async with self.store.reader() as session:
            known = await known_lines(session, [one.line["line_id"] for one in good])
        new, contradicting = _sorted_out(good, known)
        self._contradict(contradicting)
        return new

    def _chunk(self, good: Sequence[ConsumptionRow], place: int) -> Callable[[Work], Awaitable[_Taken]]:
        async def deed(work: Work) -> _Taken:
            run = await self._run(work)
            # Held against another import, some of these may be there by now.
            known = await known_lines(work.session, [one.line["line_id"] for one in good])
            new, contradicting = _sorted_out(good, known)
            if not new:
                return _Taken(0, contradicting)
            if run is None:
                run = work.add(
                    ImportRun(
                        kind=ImportKind.CONSUMPTION,
                        file_name=self.stream.name[-200:],
                        file_hash=self.digest,
                        mapping=MAPPING,
                        operator_id=work.actor.id,
                        operator_name=work.actor.name,
                        started_at=work.now,
                    )
                )
                work.note(BEGIN, run, after={"file_name": run.file_name}, internal=True)
            through = await take_in(work, [one.line for one in new], self._through)
            run.state, run.finished_at = ImportState.RUNNING, None
            run.position, run.total, run.created = place, place, run.created + len(new)
            run.refused = self.report.refused + len(contradicting)
            return _Taken(len(new), contradicting, run.id, through)

        return deed

    def _finish(self) -> Callable[[Work], Awaitable[None]]:
        async def deed(work: Work) -> None:
            run = await self._run(work)
            if run is None or run.state is ImportState.DONE:
                return
            run.state, run.finished_at = ImportState.DONE, work.now
            run.position = run.total = self.report.total
            run.refused = self.report.refused
            run.known = run.total - run.created - run.refused
            changes = {"created": run.created, "known": run.known, "refused": run.refused}
            work.note(FINISH, run, changes=changes, internal=True)

        return deed

    def _refuse(self, row: Row, errors: tuple[DomainError, ...]) -> None:
        report = self.report
        report.refused += 1
        if len(report.first_refused) < MOST_TOLD:
            report.first_refused.append((row, errors))
        self.refuse(row, errors)

    def _contradict(self, found: Sequence[tuple[ConsumptionRow, tuple[str, ...]]]) -> None:
        for one, names in found:
            fields = [COLUMNS.get(name, name) for name in names]
            self._refuse(one.row, (LineContradictsError(path="id", line_id=one.line["line_id"], fields=fields),))

    async def _found(self) -> ImportRun | None:
        async with self.store.reader() as session:
            run: ImportRun | None = (await session.execute(self._query())).scalars().first()
        return run

    async def _run(self, work: Work) -> ImportRun | None:
        query = self._query().with_for_update().execution_options(populate_existing=True)
        run: ImportRun | None = await work.first(query)
        return run

    def _query(self) -> Any:
        return select(ImportRun).where(
            col(ImportRun.kind) == ImportKind.CONSUMPTION, col(ImportRun.file_hash) == self.digest
        )


def _sorted_out(
    rows: Sequence[ConsumptionRow], known: dict[str, tuple[Any, ...]]
) -> tuple[list[ConsumptionRow], list[tuple[ConsumptionRow, tuple[str, ...]]]]:
    """Part new lines from those that say something else than what is known by their ids."""
    new: list[ConsumptionRow] = []
    contradicting: list[tuple[ConsumptionRow, tuple[str, ...]]] = []
    seen = dict(known)
    for one in rows:
        says = tuple([one.line[name] for name in TELLING])
        there = seen.setdefault(one.line["line_id"], says)
        if there is says:
            new.append(one)
        elif there != says:
            names = tuple(name for name, a, b in zip(TELLING, there, says, strict=True) if a != b)
            contradicting.append((one, names))
    return new, contradicting
