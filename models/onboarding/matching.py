"""Cells against what is known: exact, corrected by the mapping, near, or unknown."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, process

from models.onboarding.mapping import Source
from models.onboarding.refusals import ColumnMissingError, UnknownValueError
from models.onboarding.sheet import Row, Sheet

NEAR: Final = 85
Reading = Callable[[Row], str]


@lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """Reduce a value to what two spellings of it share: width, case and runs of spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def nearest(text: str, known: Iterable[str]) -> str | None:
    """Find the known value that somebody may have meant; spaces count for nothing."""
    choices = {one: folded(one).replace(" ", "") for one in known}
    found = process.extractOne(folded(text).replace(" ", ""), choices, scorer=fuzz.ratio, score_cutoff=NEAR)
    return found[2] if found else None


@dataclass
class Suggestion:
    """A value that is not known, with the known one that is near to it (近似匹配建议)."""

    file: str
    column: str
    value: str
    suggestion: str | None
    rows: int
    accepted: bool


@dataclass(frozen=True)
class Correction:
    """A value that the mapping knows to be misspelt, and what it was read as (已按映射更正)."""

    file: str
    column: str
    value: str
    read_as: str
    rows: int


@dataclass
class Cells:
    """A sheet as its mapping reads it: cells corrected, and compared with what is known of their column."""

    sheet: Sheet
    corrections: Mapping[str, Mapping[str, str]]
    accept: bool
    suggestions: list[Suggestion] = field(default_factory=list)
    _read_as: dict[str, dict[str, str]] = field(default_factory=dict)
    _unknown: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def corrected(self) -> list[Correction]:
        """List the misspellings of the mapping that the file really has."""
        found: list[Correction] = []
        for column, table in self.corrections.items():
            if column not in self.sheet.columns:
                continue
            place = self.sheet.columns.index(column)
            for wrong, right in table.items():
                rows = sum(place < len(row.cells) and row.cells[place] == wrong for row in self.sheet.rows)
                if rows:
                    found.append(Correction(self.sheet.name, column, wrong, right, rows))
        return found

    def place(self, column: str) -> int:
        """Find a column, or refuse with what the file has instead."""
        if column not in self.sheet.columns:
            raise ColumnMissingError(
                file=self.sheet.name,
                column=column,
                columns=list(self.sheet.columns),
                suggestion=nearest(column, self.sheet.columns) or "-",
            )
        return self.sheet.columns.index(column)

    def learn(self, column: str, known: Iterable[str]) -> None:
        """Compare the cells of a column with the values that are known, once for each distinct cell."""
        place, values = self.place(column), list(dict.fromkeys(known))
        exact, alike = set(values), {folded(one): one for one in reversed(values)}
        read_as, unknown = self._tables(column)
        counts: dict[str, int] = {}
        for row in self.sheet.rows:
            if place < len(row.cells) and (cell := row.cells[place]):
                counts[cell] = counts.get(cell, 0) + 1
        for cell, rows in counts.items():
            meant = read_as.get(cell, cell)
            if cell in unknown or meant in exact:
                continue
            if (same := alike.get(folded(meant))) is not None:
                read_as[cell] = same
                continue
            near = nearest(meant, values)
            accepted = self.accept and near is not None
            self.suggestions.append(Suggestion(self.sheet.name, column, cell, near, rows, accepted))
            if near is not None and accepted:
                read_as[cell] = near
            else:
                unknown[cell] = near

    def _tables(self, column: str) -> tuple[dict[str, str], dict[str, str | None]]:
        read_as = self._read_as.setdefault(column, dict(self.corrections.get(column, {})))
        return read_as, self._unknown.setdefault(column, {})

    def column(self, column: str) -> Reading:
        """Read a column as it is meant; an unknown value is refused."""
        place = self.place(column)
        read_as, unknown = self._tables(column)

        def read(row: Row) -> str:
            cell = row.cells[place]
            if cell in unknown:
                raise UnknownValueError(path=column, column=column, value=cell, suggestion=unknown[cell] or "-")
            return read_as.get(cell, cell)

        return read

    def source(self, source: Source, tables: Mapping[str, Sheet]) -> Reading:
        """Read what a mapping says of one field."""
        if source.constant is not None:
            constant = source.constant
            return lambda row: constant
        if source.template is not None:
            template, readings = source.template, {name: self.column(name) for name in source.columns}
            return lambda row: template.format_map({name: read(row) for name, read in readings.items()})
        assert source.column is not None
        column = source.column
        if source.lookup is not None:
            table = tables[source.lookup.file]
            found = pairs(table, source.lookup.by, source.lookup.take)
            self.learn(column, found)
            first = self.column(column)
            return lambda row: found.get(first(row), "")
        if source.values is not None and source.otherwise is None:
            self.learn(column, source.values)
        read, values, steps, otherwise = self.column(column), source.values, source.steps, source.otherwise
        if values is not None:
            return lambda row: values.get(cell, otherwise or "") if (cell := read(row)) else ""
        if steps:
            return lambda row: _step(cell, steps, otherwise, column) if (cell := read(row)) else ""
        return read


def _step(cell: str, steps: tuple[tuple[int, str], ...], otherwise: str | None, column: str) -> str:
    try:
        number = float(cell.replace(",", ""))
    except ValueError:
        raise UnknownValueError(path=column, column=column, value=cell, suggestion="123") from None
    return next((value for bound, value in steps if number < bound), otherwise or "")


def pairs(sheet: Sheet, by: str, take: str) -> dict[str, str]:
    """Read two columns of a companion file as a table; the first of equal keys counts."""
    cells = Cells(sheet, {}, accept=False)
    one, other = cells.place(by), cells.place(take)
    found: dict[str, str] = {}
    for row in sheet.rows:
        if one < len(row.cells) and other < len(row.cells) and row.cells[one]:
            found.setdefault(row.cells[one], row.cells[other])
    return found


def column_values(sheet: Sheet, column: str) -> list[str]:
    """List the distinct values of a column in their order."""
    return [value for value in pairs(sheet, column, column) if value]
