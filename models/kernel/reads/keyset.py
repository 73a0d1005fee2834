"""Pages that begin after a row instead of after a count, stable under inserts and equally quick at any depth."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa

from models.kernel.access import Outcome
from models.kernel.errors import FieldNotSearchableError, InvalidCursorError, PageSizeError, ValueNotAllowedError
from models.kernel.reads.declare import DEFAULT_PAGE, MAX_PAGE, Page, listing_of
from models.kernel.reads.statement import Standing, given
from models.kernel.record import Record, rules_of
from models.kernel.values import Instant, Uid, parse_instant


class Sorting:
    """A sort: its columns with the id as the last tie-break."""

    def __init__(
        self, model: type[Record], sort: tuple[tuple[str, bool], ...], standing: Standing, dialect: str
    ) -> None:
        listing = listing_of(model)
        names = sort or listing.default
        rules = rules_of(model)
        source: sa.Table = model.__table__  # type: ignore[attr-defined]
        self.columns: list[sa.ColumnElement[Any]] = []
        self.types: list[sa.types.TypeEngine[Any]] = []
        self.descending: list[bool] = []
        for name, descending in names:
            key = listing.sorts.get(name)
            if key is None:
                raise ValueNotAllowedError(path="sort", value=name)
            if key.column in rules and rules[key.column].outcome(standing.actor) is not Outcome.PLAIN:
                raise FieldNotSearchableError(path="sort")
            self._take(source.c[key.column], descending, key.absent, dialect)
        last_descending = self.descending[-1] if self.descending else True
        self._take(source.c["id"], last_descending, None, dialect)
        self.named = f"{model.prefix}:" + ",".join(f"{'-' if descending else ''}{name}" for name, descending in names)

    def _take(self, column: sa.ColumnElement[Any], descending: bool, absent: Any, dialect: str) -> None:
        expression = column if absent is None else sa.func.coalesce(column, sa.literal(absent, column.type))
        if dialect == "postgresql" and isinstance(column.type, sa.String) and not isinstance(column.type, Instant):
            expression = expression.collate("C")
        self.columns.append(expression)
        self.types.append(column.type)
        self.descending.append(descending)

    def cursor(self, values: Any) -> str:
        """Write the cursor of a row from its sort values."""
        plain = [value.hex if isinstance(value, uuid.UUID) else _text(value) for value in values]
        return base64.urlsafe_b64encode(orjson.dumps([self.named, *plain])).decode().rstrip("=")

    def read(self, cursor: str, path: str) -> list[Any]:
        """Read a cursor back into sort values."""
        try:
            named, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            if named != self.named or len(values) != len(self.types):
                raise ValueError
            return [_typed(value, type_) for value, type_ in zip(values, self.types, strict=True)]
        except (ValueError, TypeError, binascii.Error, UnicodeError):
            raise InvalidCursorError(path=path) from None


@lru_cache(maxsize=512)
def sorting(model: type[Record], sort: tuple[tuple[str, bool], ...], standing: Standing, dialect: str) -> Sorting:
    """Give the sort that was asked for; it is put together once for everybody of one standing."""
    return Sorting(model, sort, standing, dialect)


class Order:
    """The sort of one page with its size, and the conditions of its cursors."""

    def __init__(self, model: type[Record], page: Page, standing: Standing, dialect: str) -> None:
        for size in (page.first, page.last):
            if size is not None and not 0 <= size <= MAX_PAGE:
                raise PageSizeError(path="first" if size is page.first else "last", maximum=MAX_PAGE)
        if page.first is not None and page.last is not None:
            raise PageSizeError(path="last", maximum=MAX_PAGE)
        self.backward = page.last is not None or (page.before is not None and page.first is None)
        size = page.last if self.backward else page.first
        self.size = DEFAULT_PAGE if size is None else min(size, MAX_PAGE)
        self.sorting = sorting(model, page.sort, standing, dialect)
        self.columns = self.sorting.columns
        self.after = self.sorting.read(page.after, "after") if page.after is not None else None
        self.before = self.sorting.read(page.before, "before") if page.before is not None else None
        self.shape = (page.sort, self.backward, self.after is not None, self.before is not None)

    def bounds(self, more: bool) -> tuple[bool, bool]:
        """Tell whether a page follows and whether one goes before, when there was `more` in the page's direction."""
        if self.backward:
            return self.before is not None, more
        return more, self.after is not None

    def values(self) -> Iterator[tuple[str, Any]]:
        """Give what the cursors and the size bind."""
        yield "size", self.size + 1
        for name, found in (("after", self.after), ("before", self.before)):
            for place, value in enumerate(found or ()):
                yield f"{name}{place}", value

    def order_by(self) -> list[sa.ColumnElement[Any]]:
        """Give the ORDER BY, turned around for backward pages."""
        return [
            column.desc() if descending != self.backward else column.asc()
            for column, descending in zip(self.columns, self.sorting.descending, strict=True)
        ]

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Give the conditions of the cursors."""
        found = []
        if self.after is not None:
            found.append(self._beyond("after", forward=True))
        if self.before is not None:
            found.append(self._beyond("before", forward=False))
        return found

    def _beyond(self, name: str, *, forward: bool) -> sa.ColumnElement[bool]:
        every = self.sorting.descending
        bound = [given(f"{name}{place}", type_) for place, type_ in enumerate(self.sorting.types)]
        if len(set(every)) == 1:
            left, right = sa.tuple_(*self.columns), sa.tuple_(*bound)
            return left < right if every[0] == forward else left > right
        steps = []
        for position, (column, descending) in enumerate(zip(self.columns, every, strict=True)):
            equal = [self.columns[before] == bound[before] for before in range(position)]
            step = column < bound[position] if descending == forward else column > bound[position]
            steps.append(sa.and_(*equal, step))
        return sa.or_(*steps)

    def cursor(self, values: Any) -> str:
        """Write the cursor of a row from its sort values."""
        return self.sorting.cursor(values)


def _text(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _typed(value: Any, type_: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(type_, Uid):
        return uuid.UUID(value)
    if isinstance(type_, Instant):
        instant = parse_instant(value)
        # Nobody was given a cursor beyond these, and no driver agrees with another there.
        if not 1900 <= instant.year <= 9999:
            raise ValueError
        return instant
    if isinstance(type_, sa.Date):
        return dt.date.fromisoformat(value)
    if isinstance(type_, sa.Boolean):
        if not isinstance(value, (bool, int)):
            raise ValueError
        return bool(value)
    python_type = type_.python_type
    if not isinstance(value, python_type) or isinstance(value, bool):
        raise ValueError
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise ValueError
    if isinstance(value, str) and "\x00" in value:
        raise ValueError
    return value
