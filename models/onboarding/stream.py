"""Files that are too large to be held: read once for encoding and hash, then row by row."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from models.kernel.errors import DomainError
from models.onboarding.refusals import FileEmptyError, FileNotReadableError, HeaderRepeatedError, Trouble
from models.onboarding.sheet import DELIMITERS, ERROR_COLUMNS, Row, closed, lines_of_workbook

BLOCK: Final = 1 << 20
ENCODINGS: Final = ("utf-8-sig", "gb18030")


@dataclass(frozen=True)
class Stream:
    """A file whose rows are read as they are needed (流式文件); `digest` is the hash of its bytes."""

    path: Path
    columns: tuple[str, ...]
    digest: str
    encoding: str
    delimiter: str

    @property
    def name(self) -> str:
        """Name the file."""
        return self.path.name

    def rows(self) -> Iterator[Row]:
        """Give the rows below the header, blank ones left out."""
        width = len(self.columns)
        for line, cells in islice(_filled(_lines(self.path, self.encoding, self.delimiter)), 1, None):
            # Blank cells at the end of a row are not cells that somebody meant.
            yield Row(line, cells[:width] if len(cells) > width and not any(cells[width:]) else cells)


def open_stream(path: Path) -> Stream:
    """Open a CSV or XLSX file for reading it row by row."""
    try:
        digest, encoding = _examined(path)
    except OSError:
        raise FileNotReadableError(file=path.name, problem=Trouble.NOT_THERE) from None
    delimiter = ","
    if encoding != "xlsx":
        with path.open(encoding=encoding, newline="") as file:
            head = next((line for line in file if line.strip()), "")
        delimiter = max(DELIMITERS, key=head.count)
    header = next(_filled(_lines(path, encoding, delimiter)), None)
    if header is None:
        raise FileEmptyError(file=path.name)
    columns = [cell.strip() for cell in header[1]]
    while columns and not columns[-1]:
        columns.pop()
    named = [column for column in columns if column]
    if repeated := sorted({column for column in named if named.count(column) > 1}):
        raise HeaderRepeatedError(file=path.name, columns=repeated)
    return Stream(path, tuple(columns), digest, encoding, delimiter)


def _examined(path: Path) -> tuple[str, str]:
    """Hash a file, and find the encoding that reads it to its end."""
    with path.open("rb") as file:
        begin = file.read(4)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if begin == b"PK\x03\x04":
        return digest, "xlsx"
    encoding = next((one for one in ENCODINGS if _reads(path, one)), None)
    if encoding is None:
        raise FileNotReadableError(file=path.name, problem=Trouble.NOT_TEXT)
    return digest, encoding


def _reads(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                if b"\x00" in block:
                    return False
                decoder.decode(block)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return False
    return True


def _lines(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    if encoding == "xlsx":
        yield from lines_of_workbook(path.name, path, None)
        return
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        begins = 1
        try:
            for cells in reader:
                yield begins, tuple(cells)
                begins = reader.line_num + 1
        except csv.Error:
            raise FileNotReadableError(file=path.name, problem=Trouble.BROKEN, line=reader.line_num) from None


def _filled(lines: Iterator[tuple[int, tuple[str, ...]]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    return ((line, cells) for line, cells in lines if any(cell.strip() for cell in cells))


class RefusedRows:
    """The file of refused rows (未导入的行), written while they come; without any there is no file."""

    def __init__(self, path: Path, source: Path) -> None:
        self.path = path
        self._source = source
        self._kept: list[int] = []
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def refuse(self, row: Row, errors: tuple[DomainError, ...]) -> None:
        """Write a row with its line, and of each error the column, the code and the sentence in both languages."""
        if self._file is None:
            columns = open_stream(self._source).columns
            self._kept = [place for place, column in enumerate(columns) if column not in ERROR_COLUMNS]
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*ERROR_COLUMNS, *(columns[place] for place in self._kept)])
        codes = "; ".join(error.code for error in errors)
        told = "; ".join(
            f"{row.line}: {'.'.join(map(str, error.path))}: {error.message('zh')} {error.message('en')}"
            for error in errors
        )
        cells = [row.cells[place] if place < len(row.cells) else "" for place in self._kept]
        self._writer.writerow([codes, closed(told), *map(closed, cells)])
