"""Connections that are held open for reads that were written down before: no session, and on SQLite one hop a read.

A read is given as a generator that yields its statements and is sent their lines, so that a whole operation runs in the
connection's thread without coming back between two statements.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeAlias, TypeVar

import orjson
from sqlalchemy import make_url
from sqlalchemy.engine import Dialect

from api.turns import Turns
from models.kernel.errors import DomainError
from models.kernel.reads.asking import Question

T = TypeVar("T")
C = TypeVar("C")
Steps: TypeAlias = Generator[Question, list[Any], T]


class Held(ABC, Generic[C]):
    """A few connections that only read (常开只读连接); whoever comes takes the one that was used last."""

    def __init__(self, dialect: Dialect, most: int) -> None:
        self.dialect = dialect
        self._idle: list[C] = []
        self._turns = Turns(most)

    async def run(self, steps: Steps[T], *, single: bool = False) -> T:
        """Run a read in one snapshot; a `single` statement is one by itself."""
        if not self._turns.take():
            await self._turns.wait()
        try:
            connection = self._idle.pop() if self._idle else await self._open()
            try:
                found = await self._run(connection, steps, single)
            except DomainError:
                # The caller was refused between two statements; the connection is as it was.
                self._idle.append(connection)
                raise
            except BaseException:
                # Whatever it was doing, nobody else is to meet it.
                await self._close(connection)
                raise
            self._idle.append(connection)
            return found
        finally:
            self._turns.give_back()

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._close(self._idle.pop())

    @abstractmethod
    async def _open(self) -> C: ...

    @abstractmethod
    async def _close(self, connection: C) -> None: ...

    @abstractmethod
    async def _run(self, connection: C, steps: Steps[T], single: bool) -> T: ...


class Line:
    """A connection to SQLite with a thread of its own (连接线程)."""

    def __init__(self, path: str, busy_seconds: float) -> None:
        self._jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._connection = sqlite3.connect(
            path, isolation_level=None, timeout=busy_seconds, check_same_thread=False, cached_statements=500
        )
        self._connection.execute("PRAGMA query_only=ON")
        threading.Thread(target=self._work, name="held", daemon=True).start()

    async def hop(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Have something done in the thread."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._jobs.put((job, future, loop))
        found: T = await future
        return found

    def close(self) -> None:
        """Break off what is going on, and close."""
        self._connection.interrupt()
        self._jobs.put(None)

    def _work(self) -> None:
        while True:
            given = self._jobs.get()
            if given is None:
                self._connection.close()
                return
            job, future, loop = given
            try:
                done, error = job(self._connection), None
            except BaseException as raised:
                done, error = None, raised
            try:
                loop.call_soon_threadsafe(_settle, future, done, error)
            except RuntimeError:
                # The loop has ended, and with it whoever waited.
                continue


def _settle(future: asyncio.Future[Any], done: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(done)
    else:
        future.set_exception(error)


def _driven(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    execute = connection.execute
    try:
        question = next(steps)
        while True:
            question = steps.send(execute(*question).fetchall())
    except StopIteration as done:
        found: T = done.value
        return found


def _in_transaction(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    connection.execute("BEGIN")
    try:
        return _driven(connection, steps)
    finally:
        connection.execute("COMMIT")


class HeldSqlite(Held[Line]):
    """Connections to SQLite, each in its thread."""

    def __init__(self, url: str, dialect: Dialect, most: int, busy_seconds: float) -> None:
        super().__init__(dialect, most)
        self._path = str(make_url(url).database)
        self._busy_seconds = busy_seconds

    async def _open(self) -> Line:
        return Line(self._path, self._busy_seconds)

    async def _close(self, connection: Line) -> None:
        connection.close()

    async def _run(self, connection: Line, steps: Steps[T], single: bool) -> T:
        way = _driven if single else _in_transaction
        return await connection.hop(lambda driver: way(driver, steps))


async def _awaited(connection: Any, steps: Steps[T]) -> T:
    try:
        question = next(steps)
        while True:
            text, bound = question
            question = steps.send(await connection.fetch(text, *bound))
    except StopIteration as done:
        found: T = done.value
        return found


def _as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


class HeldPostgresql(Held[Any]):
    """Connections to PostgreSQL that keep what they have prepared."""

    def __init__(self, url: str, dialect: Dialect, most: int) -> None:
        super().__init__(dialect, most)
        _, self._options = dialect.create_connect_args(make_url(url))

    async def _open(self) -> Any:
        import asyncpg  # an extra, which an installation on SQLite does without

        connection = await asyncpg.connect(
            **self._options,
            statement_cache_size=500,
            max_cached_statement_lifetime=0,
            server_settings={
                "application_name": "partner-center plans",
                "jit": "off",
                "default_transaction_read_only": "on",
                "default_transaction_isolation": "repeatable read",
                "idle_in_transaction_session_timeout": "60s",
            },
        )
        # The statements are read as SQLAlchemy's connections read them, which have JSON decoded by the driver.
        for name in ("json", "jsonb"):
            await connection.set_type_codec(name, schema="pg_catalog", encoder=_as_json, decoder=orjson.loads)
        return connection

    async def _close(self, connection: Any) -> None:
        connection.terminate()

    async def _run(self, connection: Any, steps: Steps[T], single: bool) -> T:
        if single:
            return await _awaited(connection, steps)
        async with connection.transaction():
            return await _awaited(connection, steps)


__all__ = ["Held", "HeldPostgresql", "HeldSqlite", "Steps"]
