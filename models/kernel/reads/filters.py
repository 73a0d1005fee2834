"""Turns the filters that a caller sets into conditions, refusing those on fields that are not his to search by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from models.kernel.access import Actor, Search
from models.kernel.errors import DomainError, FieldNotSearchableError, ValueNotAllowedError, refuse
from models.kernel.reads.declare import Filter, Page, listing_of
from models.kernel.reads.statement import given
from models.kernel.record import Record, rules_of

MAX_VALUES = 100


class Narrowing:
    """The filters of one page; `shape` is what of them stands in the statement, None where that is for once only."""

    def __init__(self, model: type[Record], page: Page, reader: Any) -> None:
        actor: Actor = reader.actor
        declared = listing_of(model).filters
        rules = rules_of(model)
        refusals: list[DomainError] = []
        self._reader = reader
        self._set: list[tuple[Filter, Any]] = []
        shape: list[tuple[str, Any]] = []
        self.shape: tuple[tuple[str, Any], ...] | None = ()
        for name, value in page.filter:
            one = declared[name]
            ruled = [*one.by, *(rules[column] for column in (*one.ruled, one.column) if column in rules)]
            if any(not rule.searchable_by(actor) or (rule.search is None and rule.mask is not None) for rule in ruled):
                refusals.append(FieldNotSearchableError(path=("filter", name)))
                continue
            if isinstance(value, (list, tuple)) and len(value) > MAX_VALUES:
                refusals.append(ValueNotAllowedError(path=("filter", name), value=f"> {MAX_VALUES}"))
                continue
            if any(rule.search is Search.EXACT and one.operator == "text" for rule in ruled):
                raise TypeError(f"{model.__name__}.{one.column} may only be searched by exact match")
            self._set.append((one, value))
            shape.append((name, _form(one, value)))
        refuse(refusals)
        # What a clause of the feature's own builds may differ from call to call.
        self.shape = None if any(one.clause is not None and not one.steady for one, _ in self._set) else tuple(shape)

    def conditions(self, source: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        """Give the conditions, with places for their values."""
        return [self._condition(place, one, value, source) for place, (one, value) in enumerate(self._set)]

    def values(self) -> Iterator[tuple[str, Any]]:
        """Give what the conditions bind."""
        for place, (one, value) in enumerate(self._set):
            if one.clause is not None or one.operator == "exists" or (one.operator == "eq" and value is None):
                continue
            if one.operator == "in":
                for position, single in enumerate(value):
                    yield f"filter{place}_{position}", single
            else:
                yield f"filter{place}", _pattern(value) if one.operator == "text" else value

    def _condition(self, place: int, one: Filter, value: Any, source: sa.FromClause) -> sa.ColumnElement[bool]:
        if one.clause is not None:
            return one.clause(self._reader, value)
        assert one.column is not None
        condition: sa.ColumnElement[bool] = _compare(source.c[one.column], one.operator, value, f"filter{place}")
        return condition


def _form(one: Filter, value: Any) -> Any:
    if one.steady:
        return value
    if one.operator == "in":
        return len(value)
    if one.operator == "exists":
        return bool(value)
    return value is None


def _compare(column: Any, operator: str, value: Any, name: str) -> Any:
    match operator:
        case "eq":
            return column == given(name, column.type) if value is not None else column.is_(None)
        case "in":
            return column.in_([given(f"{name}_{position}", column.type) for position in range(len(value))])
        case "gte":
            return column >= given(name, column.type)
        case "gt":
            return column > given(name, column.type)
        case "lte":
            return column <= given(name, column.type)
        case "lt":
            return column < given(name, column.type)
        case "exists":
            return column.is_not(None) if value else column.is_(None)
        case "text":
            return column.ilike(given(name, sa.String()), escape="\\")
    raise TypeError(f"no filter operator {operator!r}")


def contains(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """Match a part of a text, whatever its case; `%` and `_` mean themselves."""
    return column.ilike(_pattern(text), escape="\\")


def _pattern(text: str) -> str:
    escaped = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
