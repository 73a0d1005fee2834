"""SQLite by way of a thread, at one hop to it a statement: SQLAlchemy's own cursor takes three or four."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util.concurrency import await_


class Thread(aiosqlite.Connection):
    """A connection in its thread (连接线程); a transaction begins there with its first statement, in the same hop."""

    opening: str | None = None
    """How the transaction begins that has been announced and has not begun."""
    open = False
    """Whether a transaction may have begun that has not ended."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.opening is not None:
            fn = partial(_begin_and, self._conn, self.opening, fn)
            self.opening, self.open = None, True
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    async def end(self, finish: Callable[[], Any]) -> None:
        """Commit or roll back; what has not begun needs neither."""
        self.opening = None
        if self.open:
            await super()._execute(finish)  # type: ignore[no-untyped-call]
            self.open = False


def _begin_and(connection: sqlite3.Connection, begin: str, function: Callable[..., Any], *values: Any) -> Any:
    connection.execute(begin)
    return function(*values)


def _run(connection: sqlite3.Connection, sql: str, values: Any) -> tuple[Any, int, int | None, list[Any]]:
    cursor = connection.execute(sql, values)
    rows = cursor.fetchall() if cursor.description else []
    return cursor.description, cursor.rowcount, cursor.lastrowid, rows


def _run_many(connection: sqlite3.Connection, sql: str, rows: Any) -> tuple[Any, int, int | None, list[Any]]:
    cursor = connection.executemany(sql, rows)
    return None, cursor.rowcount, cursor.lastrowid, []


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that has its rows when its statement has run, and that has nothing to close."""

    __slots__ = ("_found",)

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._found: tuple[Any, int, int | None] = (None, -1, None)
        self._rows = deque()

    @property
    def description(self) -> Any:
        """Name the columns of the rows."""
        return self._found[0]

    @property
    def rowcount(self) -> int:
        """Count the rows that were written."""
        return self._found[1]

    @property
    def lastrowid(self) -> Any:
        """Give the number of the row that was inserted last."""
        return self._found[2]

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        """Run a statement."""
        return self._hop(_run, operation, () if parameters is None else parameters)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        """Run a statement once for each row."""
        return self._hop(_run_many, operation, seq_of_parameters)

    def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """Give the next rows, one unless told how many."""
        return super().fetchmany(size or 1)

    def _hop(self, function: Callable[..., Any], sql: str, values: Any) -> Any:
        driver: Any = self._connection
        try:
            *found, rows = await_(driver._execute(function, driver._conn, sql, values))
        except Exception as error:
            self._adapt_connection._handle_exception(error)
        self._found = tuple(found)
        self._rows = deque(rows)
        return self

    async def _async_soft_close(self) -> None:
        return None

    def close(self) -> None:
        """Forget the rows."""
        self._rows.clear()


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection as SQLAlchemy wants it."""

    __slots__ = ()
    _cursor_cls = Cursor

    def begin_with(self, statement: str) -> None:
        """Announce a transaction: it begins with the first statement."""
        driver: Any = self._connection
        driver.opening = statement

    def commit(self) -> None:
        """Make what was written last."""
        self._end("commit")

    def rollback(self) -> None:
        """Undo what was written."""
        self._end("rollback")

    def _end(self, how: str) -> None:
        driver: Any = self._connection
        if driver._connection:
            try:
                await_(driver.end(getattr(driver._conn, how)))
            except Exception as error:
                self._handle_exception(error)


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """What SQLAlchemy takes for the driver."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arguments: Any, **named: Any) -> Connection:
        """Open a connection."""
        thread: Any = Thread(partial(sqlite3.connect, *arguments, **named), iter_chunk_size=64)
        thread._thread.daemon = True
        return Connection(self, await_(thread))
