"""Imports as a whole: read, compare, take in chunk by chunk, go on where a killed one stopped, and report."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.customer.likeness import DuplicateReason, difference_of
from models.kernel.access import Actor
from models.kernel.errors import DomainError
from models.kernel.journal import Operation
from models.kernel.values import new_id, public_id
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from models.onboarding.mapping import CustomerMapping, plain_customers, plain_opportunities
from models.onboarding.mapping import Mapping as FileMapping
from models.onboarding.matching import Cells, Correction, Suggestion, column_values, folded, pairs
from models.onboarding.parties import (
    KEYS,
    customer_values,
    enter_customers,
    enter_members,
    enter_offerings,
    enter_partners,
    in_chunks,
    know_customers,
    know_parties,
    known_customers,
    meant,
)
from models.onboarding.record import ImportKind, ImportRun, ImportState
from models.onboarding.refusals import MappingIncompleteError
from models.onboarding.rows import CustomerRows, Directory, OpportunityRows, Read, Sold
from models.onboarding.sheet import Row, Sheet, read_sheet
from models.opportunity import Opportunity
from models.opportunity.onboard import onboard
from models.rights import Right

BEGIN: Final = Operation("import.begin", "开始导入", "Begin an import", "import", "beginImport")
FINISH: Final = Operation("import.finish", "完成导入", "Finish an import", "import", "finishImport")
# A row and its journal line each; with those of the import itself a transaction stays below 500 rows.
CHUNK: Final = 240
FIRST_CHUNK: Final = 60
SMALLEST_CHUNK: Final = 30
# Partners and offerings are entered by actions of their own, which take their time.
FEW: Final = 5
LONGEST_SECONDS: Final = 0.1
PREVIEWED: Final = 5
Progress = Callable[[ImportKind, int, int], None]


@dataclass
class Report:
    """What became of an import (导入结果); `run_id` is None where nothing was or would be written.

    `respelled` are the rows whose customer is known already, under a name that is written otherwise.
    """

    kind: ImportKind
    sheet: Sheet
    dry: bool
    run_id: UUID | None = None
    resumed_from: int = 0
    total: int = 0
    created: int = 0
    known: int = 0
    refused: list[tuple[Row, tuple[DomainError, ...]]] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    respelled: list[tuple[Row, DuplicateReason]] = field(default_factory=list)
    preview: list[dict[str, Any]] = field(default_factory=list)
    entered: dict[str, int] = field(default_factory=dict)
    customers: Report | None = None

    @property
    def import_id(self) -> str | None:
        """Give the import's id as the API prints it."""
        return public_id(ImportRun.prefix, self.run_id) if self.run_id else None


@dataclass(frozen=True)
class Task:
    """An import that is under way: on which store, by whom, whether for show, and what to tell of its progress."""

    store: Store
    actor: Actor
    dry: bool
    accept: bool
    clock: Clock
    progress: Progress

    async def write(self, deed: Callable[[Work], Awaitable[Any]]) -> Any:
        """Do one chunk in a transaction of its own."""
        return await run_write(self.store, self.actor, deed, clock=self.clock)


def _silent(_kind: ImportKind, _done: int, _total: int) -> None:
    pass


async def import_customers(
    store: Store,
    actor: Actor,
    path: Path,
    mapping: FileMapping | None = None,
    *,
    accept_suggestions: bool = False,
    dry: bool = False,
    clock: Clock = utc_now,
    progress: Progress = _silent,
) -> Report:
    """Take in a file of customers, each once and unassociated; those that are known stay as they are."""
    actor.require(Right.CUSTOMER_ONBOARD)
    sheet = _sheet(path, mapping)
    mapping = mapping or plain_customers(sheet)
    if mapping.customers is None:
        raise MappingIncompleteError(place=mapping.name, key="[customers]")
    task = Task(store, actor, dry, accept_suggestions or mapping.accept_suggestions, clock, progress)
    report, _ = await _customers(task, sheet, mapping, mapping.customers, _companions(path, mapping, skip=True))
    return report


async def import_opportunities(
    store: Store,
    actor: Actor,
    path: Path,
    mapping: FileMapping | None = None,
    *,
    accept_suggestions: bool = False,
    dry: bool = False,
    clock: Clock = utc_now,
    progress: Progress = _silent,
) -> Report:
    """Take in a pipeline: customers, partners, members and offerings of its companion files first, then its rows.

    Whoever runs it again, with the same file or an overlapping one, adds only what is not there (COL-2.5#20).
    """
    actor.require(Right.OPPORTUNITY_ONBOARD)
    sheet = _sheet(path, mapping)
    mapping = mapping or plain_opportunities(sheet)
    tables = _companions(path, mapping)
    task = Task(store, actor, dry, accept_suggestions or mapping.accept_suggestions, clock, progress)
    directory = Directory()
    report = Report(ImportKind.OPPORTUNITIES, sheet, dry, total=len(sheet.rows))
    await _meet_customers(task, sheet, mapping, tables, directory, report)
    async with store.reader() as session:
        await know_parties(session, directory)
    cells = Cells(sheet, mapping.corrections, task.accept)
    await _meet_parties(task, mapping, tables, directory, report)
    rows = OpportunityRows(cells, mapping, tables, directory, clock())
    report.suggestions, report.corrections = cells.suggestions, cells.corrected()
    digest = [sheet.digest, mapping.digest, *(table.digest for table in tables.values())]
    await _take_in(task, report, _Opportunities(rows.read), mapping.name, digest)
    return report


def _sheet(path: Path, mapping: FileMapping | None) -> Sheet:
    if mapping is None:
        return read_sheet(path)
    return read_sheet(path, worksheet=mapping.worksheet, listed=mapping.listed, skip=mapping.skip)


def _companions(path: Path, mapping: FileMapping, *, skip: bool = False) -> dict[str, Sheet]:
    needed = {
        source.lookup.file
        for source in (mapping.customers.fields.values() if mapping.customers else ())
        if source.lookup is not None
    }
    return {name: read_sheet(path.parent / file) for name, file in mapping.files.items() if not skip or name in needed}


async def _meet_customers(
    task: Task, sheet: Sheet, mapping: FileMapping, tables: Mapping[str, Sheet], directory: Directory, report: Report
) -> None:
    customers, source = mapping.customers, mapping.fields.get("customer")
    if customers is not None and customers.file is not None:
        if customers.name is None:
            raise MappingIncompleteError(place="customers", key="name")
        task.actor.require(Right.CUSTOMER_ONBOARD)
        companion = tables[customers.file]
        report.customers, facts = await _customers(task, companion, mapping, customers, tables)
        place = Cells(companion, {}, accept=False).place(customers.name)
        for row, known in facts:
            directory.customers.setdefault(folded(row.cells[place]), known)
            directory.names["customer"].append(row.cells[place])
        directory.customers_are_listed = True
    if source is not None and source.column is not None:
        named = column_values(sheet, source.column)
        unmet = [name for name in named if folded(name) not in directory.customers]
        async with task.store.reader() as session:
            await know_customers(session, directory, unmet)
        directory.names["customer"] += [name for name in unmet if folded(name) in directory.customers]


async def _meet_parties(
    task: Task, mapping: FileMapping, tables: Mapping[str, Sheet], directory: Directory, report: Report
) -> None:
    partners: list[str] = []
    if mapping.partners is not None:
        partners = column_values(tables[mapping.partners.file], mapping.partners.name)
        new = [name for name in partners if folded(name) not in directory.partners]
        report.entered["partners"] = len(new)
        for names in in_chunks(new, FEW):
            made = {name: new_id() for name in names}
            if not task.dry:
                made = await task.write(lambda work, names=names: enter_partners(work, names))  # type: ignore[misc]
            directory.partners |= {folded(name): id for name, id in made.items()}
        directory.names["partner"] += new
    ids = [directory.partners[folded(name)] for name in partners]
    if mapping.members is not None and mapping.members.partner is not None:
        found = pairs(tables[mapping.members.file], mapping.members.name, mapping.members.partner)
        people = [
            (id, name)
            for name, partner in found.items()
            if (id := directory.partners.get(folded(partner))) is not None
            and (id, folded(name)) not in directory.members
        ]
        report.entered["members"] = len(people)
        title = mapping.members.title
        for some in in_chunks(people, 100):
            accounts = {person: new_id() for person in some}
            if not task.dry:
                accounts = await task.write(lambda work, some=some: enter_members(work, some, title))  # type: ignore[misc]
            directory.members |= {(id, folded(name)): account for (id, name), account in accounts.items()}
        directory.names["responsible"] += list(found)
    if mapping.offerings is not None:
        products = column_values(tables[mapping.offerings.file], mapping.offerings.name)
        wanted = [(id, name) for id in ids for name in products if (id, folded(name)) not in directory.offerings]
        report.entered["offerings"] = len(wanted)
        for part in in_chunks(wanted, FEW):
            sold = {one: Sold("-", ()) for one in part}
            if not task.dry:
                sold = await task.write(lambda work, part=part: enter_offerings(work, part))  # type: ignore[misc]
            directory.offerings |= {(id, folded(name)): one for (id, name), one in sold.items()}
        directory.names["offering"] += products


class _Taking(Protocol):
    """What differs between the kinds: how a row is read, which rows are known, and how new ones are taken in."""

    kind: ImportKind
    resumable: bool

    def read(self, row: Row) -> Read:
        """Read one row."""

    async def find(self, session: AsyncSession, part: Sequence[Read]) -> set[int]:
        """Give the lines of the rows that are known already."""

    async def take(self, work: Work, part: Sequence[Read], run_id: UUID) -> None:
        """Take new rows in."""


class _Customers:
    kind = ImportKind.CUSTOMERS
    # Which customer each row means must be known of all of them, so none is passed over.
    resumable = False

    def __init__(self, rows: CustomerRows, dry: bool, now: dt.datetime) -> None:
        self.rows, self.dry, self.now = rows, dry, now
        self.facts: dict[int, tuple[Row, Mapping[str, Any]]] = {}
        self.respelled: dict[int, tuple[Row, DuplicateReason]] = {}
        self._planned: dict[tuple[str, str], Any] = {}

    def read(self, row: Row) -> Read:
        made = self.rows.read(row)
        return made if made.errors else Read(row, customer_values(made.values, self.now))

    async def find(self, session: AsyncSession, part: Sequence[Read]) -> set[int]:
        there = self._planned | await known_customers(session, [one.values for one in part])
        lines: set[int] = set()
        for one in part:
            customer = meant(there, one.values)
            if customer is not None:
                lines.add(one.row.line)
                self._compare(one, customer)
            else:
                # A later row of the file that means the same customer finds this one.
                customer = one.values
                for key in KEYS:
                    if value := customer.get(key):
                        there.setdefault((key, value), customer)
            self.facts[one.row.line] = (one.row, customer)
        if self.dry:
            self._planned = there
        return lines

    def _compare(self, one: Read, known: Mapping[str, Any]) -> None:
        name, other = one.values.get("company_name"), known.get("company_name")
        difference = difference_of(name, other) if name and other else None
        if difference is not None and difference is not DuplicateReason.SAME_NAME:
            self.respelled[one.row.line] = (one.row, difference)

    async def take(self, work: Work, part: Sequence[Read], run_id: UUID) -> None:
        await enter_customers(work, [one.values for one in part])


class _Opportunities:
    kind = ImportKind.OPPORTUNITIES
    resumable = True

    def __init__(self, read: Callable[[Row], Read]) -> None:
        self.read = read

    async def find(self, session: AsyncSession, part: Sequence[Read]) -> set[int]:
        there = await session.execute(
            sa.select(col(Opportunity.partner_id), col(Opportunity.external_id)).where(
                col(Opportunity.external_id).in_([one.values["external_id"] for one in part]),
                col(Opportunity.client_id).is_(None),
            )
        )
        known = {(partner_id, external_id) for partner_id, external_id in there}
        return {one.row.line for one in part if (one.values["partner_id"], one.values["external_id"]) in known}

    async def take(self, work: Work, part: Sequence[Read], run_id: UUID) -> None:
        await onboard(work, [one.values for one in part], run_id)


async def _customers(
    task: Task,
    sheet: Sheet,
    mapping: FileMapping,
    customers: CustomerMapping,
    tables: Mapping[str, Sheet],
) -> tuple[Report, list[tuple[Row, Mapping[str, Any]]]]:
    prefix = f"{customers.file}." if customers.file else ""
    corrections = {
        column.removeprefix(prefix): table for column, table in mapping.corrections.items() if column.startswith(prefix)
    }
    cells = Cells(sheet, corrections, task.accept)
    taking = _Customers(CustomerRows(cells, customers, tables), task.dry, task.clock())
    report = Report(
        ImportKind.CUSTOMERS,
        sheet,
        task.dry,
        total=len(sheet.rows),
        suggestions=cells.suggestions,
        corrections=cells.corrected(),
    )
    await _take_in(task, report, taking, mapping.name, [sheet.digest, mapping.digest])
    report.respelled = [found for line, found in sorted(taking.respelled.items())]
    return report, list(taking.facts.values())


async def _take_in(task: Task, report: Report, taking: _Taking, mapping: str, digests: Sequence[str]) -> None:
    """Go through the file chunk by chunk, each in a transaction of its own that is short for everybody else's sake."""
    digest = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    rows = report.sheet.rows
    found = select(ImportRun).where(col(ImportRun.kind) == taking.kind, col(ImportRun.file_hash) == digest)
    async with task.store.reader() as session:
        run: ImportRun | None = (await session.execute(found)).scalars().first()
    running = run is not None and run.state is ImportState.RUNNING
    report.run_id = run.id if run else None
    report.resumed_from = run.position if run is not None and running else 0
    place, size = 0, FIRST_CHUNK
    # Rows that are there already are found without the writer; a file of new rows is not looked through twice.
    look_first = task.dry or run is not None
    while place < len(rows):
        part = [taking.read(row) for row in rows[place : place + size]]
        report.refused += [(one.row, one.errors) for one in part if one.errors]
        good = [one for one in part if not one.errors]
        report.preview += [one.values for one in good[: PREVIEWED - len(report.preview)]]
        new: list[Read] = []
        if place + len(part) > report.resumed_from or not taking.resumable:
            new = good
            if look_first:
                async with task.store.reader() as session:
                    known = await taking.find(session, good)
                new = [one for one in good if one.row.line not in known]
        place += len(part)
        if task.dry:
            report.created += len(new)
        elif new:
            began = time.perf_counter()
            made, run_id = await task.write(_chunk(report, taking, mapping, digest, new, place))
            took = time.perf_counter() - began
            size = max(SMALLEST_CHUNK, size // 2) if took > LONGEST_SECONDS else min(CHUNK, size * 2)
            report.created += made
            look_first = look_first or made < len(new)
            if run_id is not None:
                report.run_id, running = run_id, True
        task.progress(taking.kind, place, len(rows))
    report.known = report.total - report.created - len(report.refused)
    if running and not task.dry:
        await task.write(_finish(report, taking.kind, digest))


def _chunk(
    report: Report, taking: _Taking, mapping: str, digest: str, new: Sequence[Read], place: int
) -> Callable[[Work], Awaitable[tuple[int, UUID | None]]]:
    async def deed(work: Work) -> tuple[int, UUID | None]:
        run = await _run(work, taking.kind, digest)
        # Held against another run of the same file, some of these may be there by now.
        known = await taking.find(work.session, new)
        rows = [one for one in new if one.row.line not in known]
        if not rows:
            return 0, None
        if run is None:
            run = work.add(
                ImportRun(
                    kind=taking.kind,
                    file_name=report.sheet.name[-200:],
                    file_hash=digest,
                    mapping=mapping,
                    operator_id=work.actor.id,
                    operator_name=work.actor.name,
                    total=report.total,
                    started_at=work.now,
                )
            )
            work.note(BEGIN, run, after={"file_name": run.file_name, "total": run.total}, internal=True)
        await taking.take(work, rows, run.id)
        run.state, run.finished_at = ImportState.RUNNING, None
        run.position, run.created, run.refused = place, run.created + len(rows), len(report.refused)
        return len(rows), run.id

    return deed


def _finish(report: Report, kind: ImportKind, digest: str) -> Callable[[Work], Awaitable[None]]:
    async def deed(work: Work) -> None:
        run = await _run(work, kind, digest)
        if run is None or run.state is ImportState.DONE:
            return
        run.state, run.finished_at = ImportState.DONE, work.now
        run.position, run.refused = report.total, len(report.refused)
        run.known = report.total - run.created - run.refused
        work.note(
            FINISH,
            run,
            changes={"created": run.created, "known": run.known, "refused": run.refused},
            internal=True,
        )

    return deed


async def _run(work: Work, kind: ImportKind, digest: str) -> ImportRun | None:
    run: ImportRun | None = await work.first(
        select(ImportRun)
        .where(col(ImportRun.kind) == kind, col(ImportRun.file_hash) == digest)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return run
