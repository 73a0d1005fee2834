"""Takes a file of leads in, row by row: a partner's own, or what ecosystem operations send down to a partner."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import CustomerType
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError, TryAgainError, ValueNotAllowedError
from models.kernel.journal import Operation
from models.kernel.values import public_id
from models.kernel.words import Lang, Word
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from models.labels import field_label
from models.lead.actions import create, push
from models.lead.notices import tell_of_push
from models.lead.policies import MOST_ROWS
from models.lead.record import IDENTITY, Lead
from models.lead.refusals import LeadFileTooLargeError, LeadRepeatedInFileError, TooManyLeadRowsError
from models.lead.rules import form_errors, is_named
from models.lead.words import LeadLevel, LeadSource
from models.onboarding.refusals import ColumnMissingError, FileNotReadableError, RaggedRowError, Trouble
from models.onboarding.sheet import Row, Sheet, sheet_of
from models.reference import INDUSTRIES, find_province
from models.rights import Right

IMPORT: Final = Operation("import.leads", "导入线索", "Import leads", "import", "importLeads")
COLUMNS: Final = (
    *IDENTITY,
    *("customer_type", "industry", "province", "level", "requirement", "campaign_name"),
)
CHOICES: Final[Mapping[str, Any]] = {
    "customer_type": CustomerType,
    "industry": INDUSTRIES.values(),
    "level": LeadLevel,
}
LARGEST_BYTES: Final = 4 * 1024 * 1024
LARGEST_UNPACKED: Final = 64 * 1024 * 1024
CHUNK: Final = 25


class LeadRowState(Word):
    """What became of a row (导入结果)."""

    CREATED = "CREATED", "已导入", "Imported"
    KNOWN = "KNOWN", "已导入过", "Imported before"
    REFUSED = "REFUSED", "未导入", "Refused"


@dataclass
class LeadTaken:
    """A row with what became of it (行结果)."""

    row: Row
    outcome: LeadRowState
    number: str | None = None
    errors: tuple[DomainError, ...] = ()

    def problems(self, lang: Lang) -> str:
        """Say what stands against the row, field by field."""
        return "\n".join(f"{_at(error, lang)}{error.message(lang)}" for error in self.errors)


@dataclass
class LeadImport:
    """What became of a file of leads (导入结果)."""

    sheet: Sheet
    rows: list[LeadTaken] = field(default_factory=list)

    def count(self, outcome: LeadRowState) -> int:
        """Count the rows that ended so."""
        return sum(one.outcome is outcome for one in self.rows)


@dataclass(frozen=True)
class _Read:
    row: Row
    values: dict[str, Any]
    key: str
    errors: tuple[DomainError, ...]


async def import_leads(
    store: Store,
    actor: Actor,
    name: str,
    content: bytes,
    *,
    partner_id: UUID | None = None,
    source: LeadSource = LeadSource.HUAWEI,
    clock: Clock = utc_now,
) -> LeadImport:
    """Take each valid row of a CSV or XLSX file in as a lead that waits to be dispatched (COL-6.2.7).

    Without `partner_id` they are leads of one's own organisation, with it they are sent down to that partner. A row
    with errors is refused whole and keeps no other from its place; the same row again adds nothing.
    """
    actor.require(Right.LEAD_ADMINISTER if partner_id is None else Right.LEAD_PUSH)
    whose = partner_id or actor.partner_id
    if whose is None:
        raise NotFoundError()
    sheet = await asyncio.to_thread(_sheet, name, content)
    async with store.reader() as session:
        most = await Work(session, actor, clock(), journal_key=store.journal_key).policy(MOST_ROWS)
    if len(sheet.rows) > most:
        raise TooManyLeadRowsError(rows=len(sheet.rows), maximum=most)
    done = LeadImport(sheet)
    read = _read(sheet)
    for begin in range(0, len(read), CHUNK):
        take = partial(
            _take, chunk=read[begin : begin + CHUNK], whose=whose, pushed=partner_id is not None, source=source
        )
        done.rows += await run_write(store, actor, take, clock=clock)
    await run_write(store, actor, lambda work: _told(work, done, whose, partner_id is not None), clock=clock)
    return done


def template(lang: Lang) -> bytes:
    """Make the file that is filled: a CSV with the headings, which every spreadsheet opens."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow([heading(name, lang) for name in COLUMNS])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def heading(name: str, lang: Lang) -> str:
    """Name a column."""
    return field_label(name, lang, Lead.__name__)


def _sheet(name: str, content: bytes) -> Sheet:
    if len(content) > LARGEST_BYTES:
        raise LeadFileTooLargeError(maximum=LARGEST_BYTES)
    if content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                unpacked = sum(one.file_size for one in archive.infolist())
        except (zipfile.BadZipFile, ValueError, OSError):
            raise FileNotReadableError(file=name, problem=Trouble.DAMAGED) from None
        if unpacked > LARGEST_UNPACKED:
            raise LeadFileTooLargeError(maximum=LARGEST_UNPACKED)
    sheet = sheet_of(name, content)
    if not {"company_name", "customer_name"} & set(_fields(sheet.columns)):
        raise ColumnMissingError(
            file=name,
            column=heading("company_name", "zh"),
            columns=list(sheet.columns),
            suggestion=heading("company_name", "en"),
        )
    return sheet


def _fields(columns: Iterable[str]) -> list[str | None]:
    spelled = {text.casefold(): name for name in COLUMNS for text in (name, heading(name, "zh"), heading(name, "en"))}
    return [spelled.get(column.casefold()) for column in columns]


def _read(sheet: Sheet) -> list[_Read]:
    fields = _fields(sheet.columns)
    seen: dict[str, int] = {}
    found = []
    for row in sheet.rows:
        cells = {name: cell for name, cell in zip(fields, row.cells, strict=False) if name is not None and cell}
        values: dict[str, Any] = {}
        errors: list[DomainError] = []
        if len(row.cells) != len(sheet.columns):
            errors.append(RaggedRowError(cells=len(row.cells), columns=len(sheet.columns)))
        for name, text in cells.items():
            try:
                values[name] = _value(name, text)
            except DomainError as error:
                errors += error
        told = "\n".join(f"{name}={cells[name]}" for name in COLUMNS if name in cells)
        key = f"row-{hashlib.sha256(told.encode()).hexdigest()[:40]}"
        if (line := seen.setdefault(key, row.line)) != row.line:
            errors.append(LeadRepeatedInFileError(line=line))
        found.append(_Read(row, values, key, tuple(errors)))
    return found


def _value(name: str, text: str) -> Any:
    if name == "province":
        if (province := find_province(text)) is None:
            raise ValueNotAllowedError(path=name, value=text)
        return province.code
    if name not in CHOICES:
        return text
    wanted = text.casefold()
    for entry in CHOICES[name]:
        code = str(getattr(entry, "code", None) or entry.value)
        if wanted in (code.casefold(), entry.zh.casefold(), entry.en.casefold()):
            return entry if isinstance(entry, Word) else code
    raise ValueNotAllowedError(path=name, value=text)


async def _take(work: Work, *, chunk: list[_Read], whose: UUID, pushed: bool, source: LeadSource) -> list[LeadTaken]:
    mine = select(Lead.import_key, Lead.id).where(
        Lead.partner_id == whose, col(Lead.import_key).in_([one.key for one in chunk])
    )
    known: dict[Any, Any] = {row[0]: row[1] for row in await work.session.execute(mine)}
    taken = []
    for one in chunk:
        if one.errors:
            # What could be read of the row is examined all the same, so that everything is told at once.
            rest = (*is_named(one.values), *form_errors(one.values, work.now))
            taken.append(LeadTaken(one.row, LeadRowState.REFUSED, errors=(*one.errors, *rest)))
        elif one.key in known:
            taken.append(LeadTaken(one.row, LeadRowState.KNOWN, public_id(Lead.prefix, known[one.key])))
        else:
            taken.append(await _enter(work, one, whose, pushed, source))
    return taken


async def _enter(work: Work, one: _Read, whose: UUID, pushed: bool, source: LeadSource) -> LeadTaken:
    try:
        if pushed:
            lead = await push(work, whose, one.values, source=source, key=one.key, telling=False)
        else:
            lead = await create(work, one.values, source=LeadSource.IMPORT, key=one.key)
    except (TryAgainError, NotFoundError):
        raise
    except DomainError as error:
        return LeadTaken(one.row, LeadRowState.REFUSED, errors=tuple(error))
    return LeadTaken(one.row, LeadRowState.CREATED, lead.public_id)


async def _told(work: Work, done: LeadImport, whose: UUID, pushed: bool) -> None:
    counts = {state.value.lower(): done.count(state) for state in LeadRowState}
    work.note(IMPORT, None, partner_id=whose, changes={"file": done.sheet.digest, **counts})
    if pushed and done.count(LeadRowState.CREATED):
        newest = select(Lead).where(Lead.partner_id == whose).order_by(col(Lead.id).desc()).limit(1)
        await tell_of_push(work, await work.first(newest))


def _at(error: DomainError, lang: Lang) -> str:
    name = next((column for column in COLUMNS if error.path and str(error.path[0]) in (column, _camel(column))), None)
    return f"{heading(name, lang)}: " if name else ""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
