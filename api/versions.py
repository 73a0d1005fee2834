"""What tells cheaply whether a database has changed: a word that is another one after every commit, whoever made it."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from typing import Any, Protocol

from sqlalchemy import make_url
from sqlalchemy.engine import Dialect


class DataVersion(Protocol):
    """Tells which state of its data a database is in (数据版本).

    Two answers of one process that are equal mean: whoever reads after the second sees what he could read after the
    first. So ask before reading, and keep what was read under the answer. Answers are never compared across processes,
    nor across restarts.
    """

    async def __call__(self) -> str:
        """Name the state that the data are in now."""

    async def close(self) -> None:
        """Give the connection back."""


# Where the database cannot say, nothing that was kept holds: such a word never comes twice.
_unknown = itertools.count(1)


def _never_again() -> str:
    return f"?{next(_unknown)}"


class OfSqlite:
    """Asks a connection that never writes, because `PRAGMA data_version` leaves a connection's own commits out.

    It takes some microseconds from shared memory, less than the hop to a thread would.
    """

    def __init__(self, url: str) -> None:
        self._path = str(make_url(url).database)
        self._connection: sqlite3.Connection | None = None
        self._opened = itertools.count(1)
        self._prefix = ""

    async def __call__(self) -> str:
        """Name the state that the data are in now."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            (number,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            await self.close()
            return _never_again()
        return f"{self._prefix}{number}"

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=0, check_same_thread=False)
        connection.execute("PRAGMA query_only=ON")
        # Another connection counts from elsewhere.
        self._prefix = f"{next(self._opened)}."
        return connection


class OfPostgresql:
    """Asks which transactions are over: whoever writes has a number, and who sees the same ones sees the same rows.

    The place in the write-ahead log would not do. A commit moves it before anybody sees the commit, so that rows of
    before could be kept under the word of after.
    """

    def __init__(self, url: str, dialect: Dialect) -> None:
        _, self._options = dialect.create_connect_args(make_url(url))
        self._connection: Any = None
        self._turn = asyncio.Lock()
        self._coming: asyncio.Future[str] | None = None

    async def __call__(self) -> str:
        """Name the state that the data are in now; who comes while it is being asked shares the next answer."""
        if self._coming is None:
            self._coming = asyncio.ensure_future(self._next())
        return await asyncio.shield(self._coming)

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _next(self) -> str:
        import asyncpg  # an extra, which an installation on SQLite does without

        async with self._turn:
            self._coming = None
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(
                        **self._options, server_settings={"application_name": "partner-center version"}
                    )
                return str(await self._connection.fetchval("SELECT pg_current_snapshot()::text"))
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                return _never_again()
