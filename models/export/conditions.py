"""The filters of an export between the list that they come from, the row that keeps them, and the worker."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from models.kernel.reads.declare import listing_of
from models.kernel.record import Record, rules_of
from models.kernel.values import Instant, Uid, instant_text, parse_instant

HIDDEN: Final = "•••"
Conditions = tuple[tuple[str, Any], ...]


def kept(conditions: Conditions) -> dict[str, Any]:
    """Write conditions down."""
    return {name: _plain(value) for name, value in conditions}


def shown(model: type[Record], conditions: Conditions) -> dict[str, Any]:
    """Show which conditions were set; the values of those on ruled fields stay unsaid."""
    declared, rules = listing_of(model).filters, rules_of(model)
    found: dict[str, Any] = {}
    for name, value in conditions:
        one = declared[name]
        by = (*one.by, *(rules[column] for column in (*one.ruled, one.column) if column in rules))
        ruled = any(rule.mask is not None for rule in by)
        found[name] = HIDDEN if ruled else _plain(value)
    return found


def conditions_of(model: type[Record], kept: Mapping[str, Any]) -> Conditions:
    """Read conditions as the reader takes them."""
    declared = listing_of(model).filters
    found = []
    for name, value in kept.items():
        column = declared[name].column
        type_ = model.__table__.c[column].type if column is not None else None  # type: ignore[attr-defined]
        plain = declared[name].operator == "exists"
        found.append((name, value if plain else _typed(value, type_)))
    return tuple(found)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dt.datetime):
        return instant_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.hex if isinstance(value, UUID) else value


def _typed(value: Any, type_: sa.types.TypeEngine[Any] | None) -> Any:
    if isinstance(value, list):
        return tuple(_typed(one, type_) for one in value)
    if isinstance(type_, Uid) and isinstance(value, str):
        return UUID(hex=value)
    if isinstance(type_, Instant) and isinstance(value, str):
        return parse_instant(value)
    if isinstance(type_, sa.Date) and isinstance(value, str):
        return dt.date.fromisoformat(value)
    return value
