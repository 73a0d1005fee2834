"""Rows written down whole, and read back as they were."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.kernel.values import Instant, Uid, instant_text, parse_instant


def written_down(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write values of a row as plain data."""
    return {name: _plain(value) for name, value in values.items()}


def read_back(table: sa.Table, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Read what was written down as values of a table's row; a column that is no more is left out."""
    return {name: _typed(table.c[name].type, value) for name, value in plain.items() if name in table.c}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dt.datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _typed(type_: sa.types.TypeEngine[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(type_, Uid):
        return UUID(hex=value)
    if isinstance(type_, Instant):
        return parse_instant(value)
    if isinstance(type_, sa.Date):
        return dt.date.fromisoformat(value)
    if isinstance(type_, sa.Enum) and type_.enum_class is not None:
        return type_.enum_class(value)
    return value
