"""Ids that sort by time, and the readable text that stands for them outside."""

from __future__ import annotations

import re
import secrets
import threading
import time
import uuid
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

PREFIX: Final = re.compile(r"[a-z][a-z0-9]{1,15}")
PUBLIC: Final = re.compile(rf"({PREFIX.pattern})_([0-9a-f]{{32}})")


class _Ascending:
    """Successive UUIDv7 of RFC 9562: within one millisecond each is larger than the last (section 6.2, method 2)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = -1
        self._tail = 0

    def next(self, millisecond: int, *, never_back: bool) -> uuid.UUID:
        with self._lock:
            if millisecond == self._millisecond or (never_back and millisecond < self._millisecond):
                self._tail += 1 + secrets.randbits(32)
            else:
                # 73 of 74 bits: the free one leaves room to count up within the millisecond.
                self._millisecond, self._tail = millisecond, secrets.randbits(73)
            now, tail = self._millisecond, self._tail
        return uuid.UUID(int=now << 80 | 7 << 76 | tail >> 62 << 64 | 2 << 62 | tail & (1 << 62) - 1)


_by_clock = _Ascending()
_by_given_time = _Ascending()


def new_id(at: datetime | None = None) -> uuid.UUID:
    """Make an id that sorts after the ids made before it; `at` stands in for the clock."""
    if at is None:
        return _by_clock.next(time.time_ns() // 1_000_000, never_back=True)
    if at.utcoffset() is None:
        raise ValueError("an instant needs a time zone")
    return _by_given_time.next(int(at.timestamp() * 1000), never_back=False)


def public_id(prefix: str, value: uuid.UUID) -> str:
    """Write an id for people and tools: `opp_` and 32 hexadecimal digits, just as SQLite stores them."""
    if not PREFIX.fullmatch(prefix):
        raise ValueError(f"{prefix!r} cannot begin an id")
    return f"{prefix}_{value.hex}"


def parse_public_id(text: str) -> tuple[str, uuid.UUID]:
    """Read a public id back into its prefix and id; there is one way to write each."""
    match = PUBLIC.fullmatch(text)
    if match is None:
        raise ValueError("not an id of this system")
    return match[1], uuid.UUID(hex=match[2])


class Uid(TypeDecorator[uuid.UUID]):
    """A column of ids in time order: `uuid` on PostgreSQL, 32 hexadecimal digits elsewhere."""

    impl = Uuid(as_uuid=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        """Refuse text that merely looks like an id."""
        if value is None or isinstance(value, uuid.UUID):
            return value
        raise TypeError(f"an id is a UUID, not {type(value).__name__}")
