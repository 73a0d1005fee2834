"""Files as people have them: CSV and XLSX, in UTF-8 or GB18030, read as plain text cells."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.onboarding.refusals import FileEmptyError, FileNotReadableError, HeaderRepeatedError, Trouble

ERROR_COLUMNS: Final = ("error_code", "error")
DELIMITERS: Final = ",;\t"
# A spreadsheet would take such a cell for a formula; a number with its sign is none.
FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?![0-9.,]*$)")


@dataclass(frozen=True)
class Row:
    """One row of a file: the line that it begins on, and its cells."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A file as it was read (文件内容): its columns, its rows, and the hash of its bytes."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    digest: str
    encoding: str


def read_sheet(path: Path, *, worksheet: str | None = None, listed: str | None = None, skip: int = 0) -> Sheet:
    """Read a CSV or XLSX file; blank lines are left out, cells are trimmed, formulas stay text.

    A plain list has one value of the column `listed` on each line, after `skip` lines that are none of it.
    """
    try:
        content = path.read_bytes()
    except OSError:
        raise FileNotReadableError(file=path.name, problem=Trouble.NOT_THERE) from None
    if listed is not None:
        return _list_of(path.name, content, listed, skip)
    return sheet_of(path.name, content, worksheet=worksheet)


def _list_of(name: str, content: bytes, column: str, skip: int) -> Sheet:
    text, encoding = _decoded(name, content)
    lines = enumerate(text.splitlines(), start=1)
    rows = tuple(Row(line, (value,)) for line, cell in lines if line > skip and (value := cell.strip()))
    if not rows:
        raise FileEmptyError(file=name)
    return Sheet(name, (column,), rows, hashlib.sha256(content).hexdigest(), encoding)


def sheet_of(name: str, content: bytes, *, worksheet: str | None = None) -> Sheet:
    """Read the content of a CSV or XLSX file."""
    if content.startswith(b"PK\x03\x04"):
        encoding, lines = "xlsx", lines_of_workbook(name, io.BytesIO(content), worksheet)
    else:
        text, encoding = _decoded(name, content)
        lines = _of_csv(name, text)
    filled = [Row(line, cells) for line, cells in lines if any(cells)]
    if not filled:
        raise FileEmptyError(file=name)
    header, *rows = filled
    columns = list(header.cells)
    while columns and not columns[-1]:
        columns.pop()
    named = [column for column in columns if column]
    if repeated := sorted({column for column in named if named.count(column) > 1}):
        raise HeaderRepeatedError(file=name, columns=repeated)
    width = len(columns)
    # Blank cells at the end of a row are not cells that somebody meant.
    rows = [Row(row.line, _fitted(row.cells, width)) for row in rows]
    return Sheet(name, tuple(columns), tuple(rows), hashlib.sha256(content).hexdigest(), encoding)


def _fitted(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    return cells[:width] if len(cells) > width and not any(cells[width:]) else cells


def _decoded(name: str, content: bytes) -> tuple[str, str]:
    of_windows = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if of_windows else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        marked = content.startswith(b"\xef\xbb\xbf")
        return text, "utf-8" if encoding == "utf-8-sig" and not marked else encoding
    raise FileNotReadableError(file=name, problem=Trouble.NOT_TEXT)


def _of_csv(name: str, text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            yield begins, tuple(_opened(cell.strip()) for cell in cells)
            begins = reader.line_num + 1
    except csv.Error:
        raise FileNotReadableError(file=name, problem=Trouble.BROKEN, line=reader.line_num) from None


def lines_of_workbook(name: str, source: Any, worksheet: str | None) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Read the rows of a worksheet of an XLSX file or of its content, one after the other."""
    # Whoever takes no file in spares the memory.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = openpyxl.load_workbook(source, read_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise FileNotReadableError(file=name, problem=Trouble.DAMAGED) from None
    try:
        if worksheet is not None and worksheet not in workbook.sheetnames:
            raise FileNotReadableError(file=name, problem=Trouble.NO_SHEET)
        sheet = workbook[worksheet or workbook.sheetnames[0]]
        width = 0
        for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            texts = tuple(_opened(_text(cell)) for cell in cells)
            width = width or (len(texts) if any(texts) else 0)
            yield line, texts + ("",) * (width - len(texts))
    finally:
        workbook.close()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value).strip()


def _opened(cell: str) -> str:
    """Take back the apostrophe by which the file of refused rows keeps a cell from being run as a formula."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


def closed(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def write_refused(path: Path, sheet: Sheet, refused: Iterable[tuple[Row, str, str]]) -> None:
    """Write the refused rows, each with its codes and sentences, as a file that can be repaired and imported again."""
    kept = [place for place, column in enumerate(sheet.columns) if column not in ERROR_COLUMNS]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*ERROR_COLUMNS, *(sheet.columns[place] for place in kept)])
        for row, codes, sentences in refused:
            cells = [
                *(row.cells[place] for place in kept if place < len(row.cells)),
                *row.cells[len(sheet.columns) :],
            ]
            writer.writerow([codes, closed(sentences), *map(closed, cells)])
