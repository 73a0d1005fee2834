"""Writes rows into a file as they come: CSV that Excel opens in Chinese, or a workbook; no cell is ever a formula."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol

from models.export.cells import Cell
from models.export.words import ExportFormat

LONGEST_CELL: Final = 32_767
EXACT_DIGITS: Final = 15
FORMULA: Final = re.compile(r"^[=+\-@\t\r]")
UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
WIDTH: Final = 18


class SheetWriter(Protocol):
    """A file that is being written (表格文件)."""

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Append rows."""

    def close(self) -> None:
        """Finish the file."""

    def abandon(self) -> None:
        """Leave the file unfinished."""


class CsvWriter:
    """CSV in UTF-8 with its mark, so that Excel reads Chinese; what Excel would calculate is quoted."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._file)

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Append rows."""
        self._csv.writerows([_text(cell) for cell in row] for row in rows)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def abandon(self) -> None:
        """Leave the file unfinished."""
        self._file.close()


class XlsxWriter:
    """A workbook that keeps one row in memory; texts stay texts, numbers and times are what they are."""

    def __init__(self, path: Path, title: str) -> None:
        options = {
            "constant_memory": True,
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        # Whoever makes no file spares the memory.
        import xlsxwriter

        self._book = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._book.add_worksheet(title[:31])
        self._head = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._instant = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._amounts: dict[int, Any] = {}
        self._row = 0

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Append rows; the first is the heading."""
        for row in rows:
            if self._row == 0:
                self._sheet.set_column(0, max(len(row) - 1, 0), WIDTH)
                self._sheet.freeze_panes(1, 0)
            for column, cell in enumerate(row):
                self._put(column, cell)
            self._row += 1

    def _put(self, column: int, cell: Cell) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, dt.datetime):
            self._sheet.write_datetime(self._row, column, cell, self._instant)
        elif isinstance(cell, dt.date):
            self._sheet.write_datetime(self._row, column, cell, self._day)
        elif isinstance(cell, Decimal) and len(cell.as_tuple().digits) <= EXACT_DIGITS:
            self._sheet.write_number(self._row, column, float(cell), self._amount(-int(cell.as_tuple().exponent)))
        elif isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) < 10**EXACT_DIGITS:
            self._sheet.write_number(self._row, column, cell)
        else:
            # A spreadsheet's number has 15 digits; an amount with more stands as text, so that none is lost.
            text = UNPRINTABLE.sub("", f"{cell:f}" if isinstance(cell, Decimal) else str(cell))
            self._sheet.write_string(self._row, column, text[:LONGEST_CELL], self._head if self._row == 0 else None)

    def _amount(self, digits: int) -> Any:
        if digits not in self._amounts:
            decimals = "." + "0" * digits if digits > 0 else ""
            self._amounts[digits] = self._book.add_format({"num_format": f"#,##0{decimals}"})
        return self._amounts[digits]

    def close(self) -> None:
        """Finish the workbook."""
        self._book.close()

    def abandon(self) -> None:
        """Leave the workbook unfinished; its rows lie beside it and go with its folder."""
        self._sheet.row_data_fh.close()


def writer(format: ExportFormat, path: Path, title: str) -> SheetWriter:
    """Open a file of a format for writing."""
    return CsvWriter(path) if format is ExportFormat.CSV else XlsxWriter(path, title)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, (int, dt.date)):
        return str(cell)
    return closed(UNPRINTABLE.sub("", cell))


def closed(text: str) -> str:
    """Keep a text from being taken for a formula."""
    return f"'{text}" if FORMULA.match(text) else text
