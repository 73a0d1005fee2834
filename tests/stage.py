"""A stage for tests of the domain: a store, named people, deeds that are done, and deeds that are refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from models.kernel.access import Actor
from models.kernel.errors import DomainError
from models.kernel.journal import JournalLine
from models.kernel.values import new_id
from models.kernel.work import Work, run_write
from models.rights import PRESETS, Preset
from tests.databases import open_database

T = TypeVar("T")
E = TypeVar("E", bound=DomainError)
NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def person(role: Preset, name: str | None = None, **facts: Any) -> Actor:
    """Give somebody with the rights of a preset role."""
    return Actor(
        id=new_id(), name=name or role.en, side=role.side, permissions=PRESETS[role].permissions, roles=(role,), **facts
    )


@dataclass
class Stage:
    """A database, and the time that everybody's clock shows."""

    writer: Any
    reader: Any
    journal_key: bytes = b"test"
    now: dt.datetime = NOON

    async def done(self, actor: Actor, deed: Callable[[Work], Awaitable[T]]) -> T:
        """Do a deed."""
        return await run_write(self, actor, deed, clock=lambda: self.now)

    async def refused(self, actor: Actor, error: type[E], deed: Callable[[Work], Awaitable[Any]]) -> E:
        """Try a deed, see it refused, and see that nothing at all changed, the journal included."""
        before = await self.everything()
        with pytest.raises(error) as raised:
            await self.done(actor, deed)
        assert await self.everything() == before
        return raised.value

    async def everything(self) -> dict[str, list[Any]]:
        """Give every row of every table."""
        async with self.reader() as session:
            return {
                table.name: sorted(map(str, (await session.execute(sa.select(table))).all()))
                for table in SQLModel.metadata.sorted_tables
            }

    async def journal(self) -> list[str]:
        """Give the deeds of the journal in their order."""
        async with self.reader() as session:
            return list((await session.execute(select(JournalLine.operation).order_by(col(JournalLine.id)))).scalars())

    async def last_line(self) -> JournalLine:
        """Give the newest line of the journal."""
        async with self.reader() as session:
            lines = (await session.execute(select(JournalLine).order_by(col(JournalLine.id)))).scalars().all()
            line: JournalLine = lines[-1]
            return line

    async def seen(self, model: Any, actor: Actor) -> set[Any]:
        """Give the ids of the rows that somebody sees."""
        async with self.reader() as session:
            return set((await session.execute(select(model.id).where(model.visible_to(actor)))).scalars())

    async def one(self, model: Any, **facts: Any) -> Any:
        """Give the one row that fits."""
        async with self.reader() as session:
            return (await session.execute(select(model).filter_by(**facts))).scalars().one()


@asynccontextmanager
async def stage_on(url: str) -> AsyncIterator[Stage]:
    """Set up the stage on an empty database."""
    opened = open_database(url)
    async with opened.writer_engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield Stage(opened.writer, opened.reader)
    await opened.dispose()
