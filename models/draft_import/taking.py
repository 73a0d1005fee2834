"""Takes a partner's file of drafts in, row by row through the action that saves a draft."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sqlmodel import col, select

from models.draft_import.books import result
from models.draft_import.columns import Known, fields_of, heading, values_of
from models.identity import Account
from models.kernel.access import Actor
from models.kernel.errors import DomainError, TryAgainError
from models.kernel.journal import Operation
from models.kernel.policy import Policy
from models.kernel.record import Record
from models.kernel.values import public_id
from models.kernel.words import Lang, Word
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from models.onboarding.refusals import ColumnMissingError, FileNotReadableError, Trouble
from models.onboarding.sheet import Row, Sheet, sheet_of
from models.opportunity import FORM, Opportunity, save_draft
from models.partner import Offering
from models.rights import Right

IMPORT: Final = Operation("import.drafts", "导入机会点草稿", "Import drafts", "import", "importDrafts")
MOST_ROWS = Policy("draft_import.most_rows", 200, "一次导入草稿的最多行数", "Drafts that one import may bring")
LARGEST_BYTES: Final = 2 * 1024 * 1024
LARGEST_UNPACKED: Final = 32 * 1024 * 1024
CHUNK: Final = 10


class TooManyRowsError(DomainError):
    """The file has more rows than one import may bring (COL-2.8.5)."""

    zh = "文件有 {rows} 行，单次最多导入 {maximum} 行，请拆分后重试。"
    en = "The file has {rows} rows; one import brings {maximum} at most. Split it."


class DraftFileTooLargeError(DomainError):
    """The file has more bytes than an import takes."""

    zh = "文件超过 {maximum} 字节。"
    en = "The file has more than {maximum} bytes."


class RowRepeatedInFileError(DomainError):
    """The same row stands twice in the file."""

    zh = "与第 {line} 行内容相同。"
    en = "This is the same as line {line}."


class RowState(Word):
    """What became of a row (导入结果)."""

    CREATED = "CREATED", "已保存为草稿", "Saved as a draft"
    KNOWN = "KNOWN", "已导入过", "Imported before"
    REFUSED = "REFUSED", "未导入", "Refused"


@dataclass
class Taken:
    """A row with what became of it (行结果)."""

    row: Row
    outcome: RowState
    number: str | None = None
    errors: tuple[DomainError, ...] = ()

    def problems(self, lang: Lang) -> str:
        """Say what stands against the row, field by field."""
        return "\n".join(f"{_at(error, lang)}{error.message(lang)}" for error in self.errors)


@dataclass
class Outcome:
    """What became of a file of drafts (导入结果)."""

    sheet: Sheet
    rows: list[Taken] = field(default_factory=list)

    def count(self, outcome: RowState) -> int:
        """Count the rows that ended so."""
        return sum(one.outcome is outcome for one in self.rows)

    def book(self, lang: Lang) -> bytes:
        """Write the result file."""
        lines = [
            (one.row.line, one.outcome.label(lang), one.number or "", one.problems(lang), *one.row.cells)
            for one in self.rows
        ]
        return result(lang, self.sheet.columns, lines)


@dataclass(frozen=True)
class _Read:
    row: Row
    values: dict[str, Any]
    key: str
    errors: tuple[DomainError, ...]


async def import_drafts(store: Store, actor: Actor, name: str, content: bytes, *, clock: Clock = utc_now) -> Outcome:
    """Save each valid row of a file as a draft; nothing is submitted, and the same row again adds nothing.

    COL-2.8.5: at most 200 rows; a row with errors is refused whole and keeps no other from its place.
    """
    actor.require(Right.OPPORTUNITY_SHARE)
    sheet = await asyncio.to_thread(_sheet, name, content)
    async with store.reader() as session:
        work = Work(session, actor, clock(), journal_key=store.journal_key)
        most, known = await _surroundings(work)
    if len(sheet.rows) > most:
        raise TooManyRowsError(rows=len(sheet.rows), maximum=most)
    outcome = Outcome(sheet)
    read = _read(sheet, known)
    for begin in range(0, len(read), CHUNK):
        chunk = read[begin : begin + CHUNK]
        outcome.rows += await run_write(store, actor, partial(_take, chunk=chunk), clock=clock)
    await run_write(store, actor, lambda work: _told(work, outcome), clock=clock)
    return outcome


def _sheet(name: str, content: bytes) -> Sheet:
    if content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                unpacked = sum(one.file_size for one in archive.infolist())
        except (zipfile.BadZipFile, ValueError, OSError):
            raise FileNotReadableError(file=name, problem=Trouble.DAMAGED) from None
        if unpacked > LARGEST_UNPACKED:
            raise FileNotReadableError(file=name, problem=Trouble.DAMAGED)
    sheet = sheet_of(name, content)
    columns = tuple(column.removesuffix("*").strip() for column in sheet.columns)
    if "name" not in fields_of(columns):
        wanted = heading("name", "zh")
        raise ColumnMissingError(file=name, column=wanted, columns=list(columns), suggestion=heading("name", "en"))
    return Sheet(sheet.name, columns, sheet.rows, sheet.digest, sheet.encoding)


async def _surroundings(work: Work) -> tuple[int, Known]:
    partner = work.actor.partner_id
    people = await work.every(select(Account).where(Account.partner_id == partner, col(Account.active).is_(True)))
    offerings = await work.every(select(Offering).where(Offering.partner_id == partner))
    known = Known(
        people={text.casefold(): one.id for one in people for text in (one.name, one.login) if text},
        offerings={text.casefold(): one.public_id for one in offerings for text in (one.name, one.public_id)},
    )
    return await work.policy(MOST_ROWS), known


def _read(sheet: Sheet, known: Known) -> list[_Read]:
    fields = fields_of(sheet.columns)
    seen: dict[str, int] = {}
    found = []
    for row in sheet.rows:
        cells = {name: text for name, text in zip(fields, row.cells, strict=False) if name is not None and text}
        values, errors = values_of(cells, known)
        key = _key(cells)
        if (first := seen.setdefault(key, row.line)) != row.line:
            errors.append(RowRepeatedInFileError(line=first))
        found.append(_Read(row, values, key, tuple(errors)))
    return found


def _key(cells: dict[str, str]) -> str:
    told = "\n".join(f"{name}={cells[name]}" for name in FORM if name in cells)
    return f"row-{hashlib.sha256(told.encode()).hexdigest()[:40]}"


async def _take(work: Work, chunk: list[_Read]) -> list[Taken]:
    keys = [one.key for one in chunk]
    mine = select(Opportunity.external_id, Opportunity.id).where(
        Opportunity.partner_id == work.actor.partner_id, col(Opportunity.external_id).in_(keys)
    )
    known: dict[Any, Any] = {row[0]: row[1] for row in await work.session.execute(mine)}
    return [await _row(work, one, known) for one in chunk]


async def _row(work: Work, one: _Read, known: dict[Any, Any]) -> Taken:
    if one.errors:
        return Taken(one.row, RowState.REFUSED, errors=one.errors)
    if one.key in known:
        return Taken(one.row, RowState.KNOWN, public_id(Opportunity.prefix, known[one.key]))
    try:
        async with work.session.begin_nested():
            record: Record = await save_draft(work, one.values, external_id=one.key)
    except TryAgainError:
        raise
    except DomainError as error:
        return Taken(one.row, RowState.REFUSED, errors=tuple(error))
    return Taken(one.row, RowState.CREATED, record.public_id)


async def _told(work: Work, outcome: Outcome) -> None:
    work.note(
        IMPORT,
        None,
        changes={
            "file": outcome.sheet.digest,
            **{state.value.lower(): outcome.count(state) for state in RowState},
        },
    )


def _at(error: DomainError, lang: Lang) -> str:
    name = next((str(step) for step in error.path if str(step) in FORM), None)
    return f"{heading(name, lang)}: " if name else ""


__all__ = ["LARGEST_BYTES", "MOST_ROWS", "Outcome", "RowState", "TooManyRowsError", "import_drafts"]
