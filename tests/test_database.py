"""Writer and reader keep what they promise, on SQLite and on PostgreSQL alike."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import JSON

from api.database import Database
from models.identity import operator_actor
from models.seed import plant
from tests.people import Store

SCRATCH = MetaData()
TALLY = Table(
    "tally", SCRATCH, Column("id", Integer, primary_key=True), Column("count", Integer), Column("words", JSON)
)
MARK = Table(
    "mark",
    SCRATCH,
    Column("id", Integer, primary_key=True),
    Column("tally_id", ForeignKey("tally.id", ondelete="CASCADE"), nullable=False),
)


@pytest_asyncio.fixture
async def tallied(database: Database) -> AsyncIterator[Database]:
    async with database.writer_engine.begin() as connection:
        await connection.run_sync(SCRATCH.create_all)
        await connection.execute(insert(TALLY).values(id=1, count=0, words={"状态": "草稿"}))
    yield database


async def _count(database: Database) -> int:
    async with database.reader() as session:
        count: int = (await session.scalars(select(TALLY.c.count))).one()
    return count


async def test_six_clerks_who_each_add_one_ten_times_make_sixty(tallied: Database):
    async def clerk() -> None:
        for _ in range(10):
            async with tallied.writer.begin() as session:
                count = (await session.scalars(select(TALLY.c.count).with_for_update())).one()
                await asyncio.sleep(0)
                await session.execute(update(TALLY).values(count=count + 1))

    await asyncio.gather(*(clerk() for _ in range(6)))

    assert await _count(tallied) == 60


async def test_the_reader_refuses_to_write(tallied: Database):
    async with tallied.reader() as session:
        with pytest.raises(DBAPIError, match=r"readonly|read-only"):
            await session.execute(update(TALLY).values(count=7))

    assert await _count(tallied) == 0


async def test_a_reader_sees_one_moment_while_others_write(tallied: Database):
    async with tallied.reader() as session:
        before = await session.scalar(select(TALLY.c.count))
        async with tallied.writer.begin() as writing:
            await writing.execute(update(TALLY).values(count=5))
        during = await session.scalar(select(TALLY.c.count))

    assert (before, during) == (0, 0)
    assert await _count(tallied) == 5


async def test_a_row_may_not_point_at_none(tallied: Database):
    with pytest.raises(DBAPIError):
        async with tallied.writer.begin() as session:
            await session.execute(insert(MARK).values(id=1, tally_id=99))


async def test_a_unit_of_work_that_fails_leaves_nothing(tallied: Database):
    with pytest.raises(ZeroDivisionError):
        async with tallied.writer.begin() as session:
            await session.execute(update(TALLY).values(count=9))
            raise ZeroDivisionError

    assert await _count(tallied) == 0


async def test_chinese_words_are_stored_as_they_are_written(tallied: Database):
    async with tallied.reader() as session:
        assert (await session.scalars(select(TALLY.c.words))).one() == {"状态": "草稿"}
        assert "草稿" in (await session.scalars(text("SELECT CAST(words AS TEXT) FROM tally"))).one()


@pytest.mark.sqlite
async def test_a_file_of_sqlite_survives_power_loss_and_is_read_while_written(database_url: str):
    from api.database import connect

    database = connect(database_url)
    async with database.writer() as session:
        told = {name: await session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")}
    await database.dispose()

    assert told == {"journal_mode": "wal", "synchronous": 2}


@pytest.mark.sqlite
async def test_a_write_that_meets_a_lock_of_another_process_is_run_again_until_it_is_through(database: Database):
    """performance.md, how writes are built: a lock that another process holds is waited out, not passed on."""
    async with database.writer_engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout=20")
    other = sqlite3.connect(database.url.partition("///")[2], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = Store(database.writer, database.reader)
    waiting = asyncio.create_task(store.do(operator_actor(), plant))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    assert await waiting > 0


PID = text("SELECT pg_backend_pid()")


@pytest.mark.postgres
async def test_connections_that_the_server_closed_meanwhile_are_replaced(database: Database):
    async with database.reader() as one, database.reader() as two:
        closed = {await one.scalar(PID), await two.scalar(PID)}
    async with database.writer() as session:
        for pid in closed:
            await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    await asyncio.sleep(0.1)
    for _ in range(3):
        async with database.reader() as session:
            assert await session.scalar(PID) not in closed


@pytest.mark.postgres
async def test_a_connection_that_rested_long_is_asked_before_it_is_used(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    async with database.reader() as session:
        rested = await session.scalar(PID)
    asked = []

    def ping(connection: Any) -> bool:
        asked.append(connection)
        raise OSError("the way is lost")

    monkeypatch.setattr(database.reader_engine.sync_engine.dialect, "do_ping", ping)
    async with database.reader() as session:
        assert await session.scalar(PID) == rested
    assert not asked
    monkeypatch.setattr("api.database.RESTED_SECONDS", -1)
    async with database.reader() as session:
        assert await session.scalar(PID) != rested
    assert len(asked) == 1
