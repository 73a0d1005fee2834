"""Turns the filters that a caller sets into conditions, refusing those on fields that are not his to search by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from models.kernel.access import Actor, Search
from models.kernel.errors import DomainError, FieldNotSearchableError, ValueNotAllowedError, refuse
from models.kernel.reads.declare import Filter, Page, listing_of
from models.kernel.record import Record, rules_of

MAX_VALUES = 100


def conditions(model: type[Record], page: Page, reader: Any, source: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    """Give the conditions of a page's filters."""
    actor: Actor = reader.actor
    declared = listing_of(model).filters
    rules = rules_of(model)
    refusals: list[DomainError] = []
    found = []
    for name, value in page.filter:
        one = declared[name]
        ruled = [rules[column] for column in (*one.ruled, one.column) if column in rules]
        if any(not rule.searchable_by(actor) or (rule.search is None and rule.mask is not None) for rule in ruled):
            refusals.append(FieldNotSearchableError(path=("filter", name)))
            continue
        if isinstance(value, (list, tuple)) and len(value) > MAX_VALUES:
            refusals.append(ValueNotAllowedError(path=("filter", name), value=f"> {MAX_VALUES}"))
            continue
        if any(rule.search is Search.EXACT and one.operator == "text" for rule in ruled):
            raise TypeError(f"{model.__name__}.{one.column} may only be searched by exact match")
        found.append(_condition(one, value, reader, source))
    refuse(refusals)
    return found


def _condition(one: Filter, value: Any, reader: Any, source: sa.FromClause) -> sa.ColumnElement[bool]:
    if one.clause is not None:
        return one.clause(reader, value)
    assert one.column is not None
    condition: sa.ColumnElement[bool] = _compare(source.c[one.column], one.operator, value)
    return condition


def _compare(column: Any, operator: str, value: Any) -> Any:
    match operator:
        case "eq":
            return column == value if value is not None else column.is_(None)
        case "in":
            return column.in_(list(value))
        case "gte":
            return column >= value
        case "gt":
            return column > value
        case "lte":
            return column <= value
        case "lt":
            return column < value
        case "exists":
            return column.is_not(None) if value else column.is_(None)
        case "text":
            return contains(column, value)
    raise TypeError(f"no filter operator {operator!r}")


def contains(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """Match a part of a text, whatever its case; `%` and `_` mean themselves."""
    escaped = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.ilike(f"%{escaped}%", escape="\\")
