"""Dated policy numbers: caps, ratios and day counts as rows with a time from which they hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.kernel.access import Actor, Side
from models.kernel.record import Record
from models.kernel.values import Instant

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Policy(Generic[T_co]):
    """A number of the trade (政策参数) under its key, with the value that is seeded and its meaning and unit."""

    key: str
    seed: T_co
    zh: str
    en: str

    def __post_init__(self) -> None:
        if _registry.setdefault(self.key, self) is not self:
            raise TypeError(f"the policy {self.key} is declared twice")


_registry: dict[str, Policy[Any]] = {}


def declared() -> Mapping[str, Policy[Any]]:
    """List every policy number that the domain asks for."""
    return _registry


class PolicyRow(Record, table=True):
    """The value of a policy number (政策行) from one instant to another."""

    __tablename__ = "policy_row"
    prefix: ClassVar[str] = "pol"

    key: str = Field(max_length=80, index=True)
    value: Any = Field(sa_type=sa.JSON)
    effective_from: dt.datetime = Field(sa_type=Instant)
    effective_to: dt.datetime | None = Field(default=None, sa_type=Instant)
    note: str = Field(default="", max_length=500)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Policy numbers are open to Huawei's side and the system."""
        return sa.literal(actor.side in (Side.HUAWEI, Side.SYSTEM))


def in_force(at: Any) -> Any:
    """Select the rows that hold at an instant, or at the one that a statement is given; the newest last."""
    return (
        select(PolicyRow)
        .where(
            col(PolicyRow.effective_from) <= at,
            sa.or_(col(PolicyRow.effective_to).is_(None), col(PolicyRow.effective_to) > at),
        )
        .order_by(col(PolicyRow.effective_from), col(PolicyRow.id))
    )


class CalendarDay(Record, table=True):
    """A day that differs from the published calendar (日历调整): worked although free, or free although worked."""

    __tablename__ = "calendar_day"
    prefix: ClassVar[str] = "day"

    day: dt.date = Field(unique=True)
    is_working: bool
    note: str = Field(default="", max_length=200)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """The calendar is open to everybody who is signed in."""
        return sa.true()
