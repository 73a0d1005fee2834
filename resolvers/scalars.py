"""How instants, days and ids stand in the schema; rows bring them ready as text."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, NewType, cast

import strawberry
from strawberry.types.scalar import ScalarDefinition

from models.kernel.errors import DomainError
from models.kernel.values import amount_text, instant_text, parse_instant, parse_public_id

Instant = NewType("Instant", str)
Day = NewType("Day", str)
JSON = NewType("JSON", object)
# Beyond these, databases and drivers disagree on what an instant is in local time.
EARLIEST_YEAR, LATEST_YEAR = 1900, 9998


def _instant_out(value: Any) -> str:
    return value if isinstance(value, str) else instant_text(value)


def _day_out(value: Any) -> str:
    return value if isinstance(value, str) else value.isoformat()


def _day_in(value: Any) -> dt.date:
    if not isinstance(value, str) or len(value) != len("2026-11-21"):
        raise ValueError("a day is written like 2026-11-21")
    return dt.date.fromisoformat(value)


def _instant_in(value: Any) -> dt.datetime:
    if not isinstance(value, str):
        raise ValueError("an instant is written like 2026-11-21T03:04:05Z")
    instant = parse_instant(value)
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise ValueError(f"the year lies between {EARLIEST_YEAR} and {LATEST_YEAR}")
    return instant


READY_TEXT = frozenset({"Instant", "Day"})
"""The scalars whose values rows bring as the very text that goes out."""

SCALARS: dict[object, ScalarDefinition] = {
    Instant: strawberry.scalar(
        name="Instant",
        description="A moment in UTC, always with microseconds: 2026-11-21T03:04:05.000000Z.",
        serialize=_instant_out,
        parse_value=_instant_in,
    ),
    Day: strawberry.scalar(
        name="Day",
        description="A calendar day in Beijing time: 2026-11-21.",
        serialize=_day_out,
        parse_value=_day_in,
    ),
    JSON: strawberry.scalar(name="JSON", description="Free-form data.", serialize=lambda value: value),
}


@strawberry.type(description="An exact amount with its ISO 4217 currency; sums never cross currencies.")
class Money:
    """An amount (金额) as text with its currency."""

    amount: str
    currency: str

    @classmethod
    def of(cls, minor: int | None, currency: str | None) -> Money | None:
        """Write minor units of a currency as an exact decimal text."""
        if minor is None or currency is None:
            return None
        return cls(amount=amount_text(minor, currency), currency=currency)


@strawberry.input(name="MoneyInput", description='An exact amount as text, such as "120000.00", with its currency.')
class MoneyInput:
    """An amount (金额) as the caller writes it."""

    amount: str
    currency: str = "CNY"


class InvalidIdError(DomainError):
    """The text is not an id of this kind of record."""

    zh = "“{value}”不是有效的编号。"
    en = "“{value}” is not an id of this kind."


class NullNotAllowedError(DomainError):
    """A field that may be left out, but not emptied, was given null."""

    zh = "此字段可以省略，但不能设为 null。"
    en = "This field may be omitted, but not set to null."


def given_day(value: Day | None) -> dt.date | None:
    """Take a day that the schema has read already."""
    return cast("dt.date | None", value)


def given_instant(value: Instant | None) -> dt.datetime | None:
    """Take an instant that the schema has read already."""
    return cast("dt.datetime | None", value)


def uid(text: str, prefix: str, path: str = "id") -> uuid.UUID:
    """Read the id of one kind of record, or refuse."""
    try:
        found, value = parse_public_id(text)
    except ValueError:
        raise InvalidIdError(path=path, value=text[:80]) from None
    if found != prefix:
        raise InvalidIdError(path=path, value=text[:80])
    return value
