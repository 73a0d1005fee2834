"""Instants in UTC whose text order is their time order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

WIDTH: Final = len("2026-11-21T03:04:05.000000Z")
WRITTEN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


def _utc(instant: Any) -> datetime:
    if not isinstance(instant, datetime):
        raise TypeError(f"an instant is a datetime, not {type(instant).__name__}")
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)


def instant_text(instant: datetime) -> str:
    """Write an instant in UTC, always with microseconds: `2026-11-21T03:04:05.000000Z`."""
    return _utc(instant).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant that says its offset, and answer it in UTC."""
    if not WRITTEN.fullmatch(text):
        raise ValueError("an instant is written like 2026-11-21T03:04:05Z")
    try:
        return _utc(datetime.fromisoformat(text))
    except OverflowError as error:
        raise ValueError("the instant is out of range") from error


class Instant(TypeDecorator[datetime]):
    """A column of instants: `timestamptz` on PostgreSQL, fixed-width text elsewhere."""

    impl = String(WIDTH)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Tell readers of the column what it holds."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(WIDTH))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Refuse naive times, write the others in UTC."""
        if value is None:
            return None
        return _utc(value) if dialect.name == "postgresql" else instant_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Answer an aware datetime in UTC."""
        if value is None:
            return None
        return _utc(value if isinstance(value, datetime) else datetime.fromisoformat(value))
