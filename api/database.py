"""One writer and one reader on SQLite or PostgreSQL, under the same two names."""

from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson
from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, NullPool

from api import metrics, sqlite
from api.held import Held, HeldPostgresql, HeldSqlite
from api.settings import Settings
from api.versions import DataVersion, OfPostgresql, OfSqlite

BUSY_SECONDS = 5
READERS = 8
WRITERS = 8
RESTED_SECONDS = 30
"""After how long a resting connection to PostgreSQL is asked whether it still holds."""


@dataclass(frozen=True)
class Database:
    """Two doors to one database: what changes goes through the writer, what only reads through the reader.

    A reader's transaction is one snapshot and refuses to write.
    """

    url: str
    dialect: str
    writer_engine: AsyncEngine
    reader_engine: AsyncEngine
    writer: async_sessionmaker[AsyncSession]
    reader: async_sessionmaker[AsyncSession]
    version: DataVersion
    held: Held[Any]

    async def data_version(self) -> str:
        """Name the state that the data are in: another one after every commit, of whichever process.

        Ask before reading. What was read then holds for as long as the answer stays the same, in this process.
        """
        return await self.version()

    async def dispose(self) -> None:
        """Close every connection."""
        await self.version.close()
        await self.held.close()
        await self.reader_engine.dispose()
        await self.writer_engine.dispose()


def connect(where: Settings | str) -> Database:
    """Open the database of these settings, or of this address."""
    url = where if isinstance(where, str) else where.database_url
    version: DataVersion
    held: Held[Any]
    if make_url(url).get_backend_name() == "sqlite":
        writer, reader = _sqlite(url, writes=True), _sqlite(url, writes=False)
        version = OfSqlite(url)
        held = HeldSqlite(url, reader.dialect, READERS, BUSY_SECONDS)
    else:
        writer, reader = _postgresql(url, writes=True), _postgresql(url, writes=False)
        version = OfPostgresql(url, reader.dialect)
        held = HeldPostgresql(url, reader.dialect, READERS)
    for engine in (writer, reader):
        event.listen(engine.sync_engine, "handle_error", _count_error)
    return Database(
        url=url,
        dialect=writer.dialect.name,
        writer_engine=writer,
        reader_engine=reader,
        writer=async_sessionmaker(writer, expire_on_commit=False),
        reader=async_sessionmaker(reader, expire_on_commit=False),
        version=version,
        held=held,
    )


def for_migrations(url: str, *, reading: bool = False) -> AsyncEngine:
    """Open the database for a change of its schema: one connection, and on SQLite with foreign keys off.

    SQLite rebuilds a table by dropping it; with foreign keys on, the rows that hang on it would go too. Whoever only
    looks at the schema is `reading`, and waits for no writer.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, writes=not reading, foreign_keys=False, pooled=False)
    return create_async_engine(url, poolclass=NullPool, hide_parameters=True)


def _sqlite(url: str, *, writes: bool, foreign_keys: bool = True, pooled: bool = True) -> AsyncEngine:
    # A second writer would only wait for the first one's lock; so it waits here, in order, and never meets "locked".
    size: dict[str, Any] = {"pool_size": 1 if writes else READERS, "max_overflow": 0}
    engine = create_async_engine(
        url,
        module=sqlite.Driver(),
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
        poolclass=AsyncAdaptedQueuePool if pooled else NullPool,
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=_from_json,
        **(size if pooled else {}),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # Deferred writers that read first lose updates or are refused in the middle; one that begins so does neither.
        driver: Any = connection.connection.dbapi_connection
        driver.begin_with("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=WRITERS if writes else READERS,
        max_overflow=0,
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=_from_json,
        connect_args={
            "server_settings": {
                "application_name": f"partner-center {'writer' if writes else 'reader'}",
                "jit": "off",
                "lock_timeout": f"{BUSY_SECONDS}s",
                "idle_in_transaction_session_timeout": "60s",
            }
        },
    )
    _give_out_what_is_alive(engine)
    if writes:
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _give_out_what_is_alive(engine: AsyncEngine) -> None:
    """Replace connections that the server has closed, or that rested so long that the way to it may be lost.

    The pool's own ping sends three messages before every use; a connection notices by itself when the server hangs up.
    """
    pool, dialect = engine.sync_engine.pool, engine.sync_engine.dialect

    @event.listens_for(pool, "checkin")
    def _rest(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = monotonic()

    @event.listens_for(pool, "checkout")
    def _check(connection: Any, record: ConnectionPoolEntry, _fairy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError("the server has closed the connection")
        since = record.info.get("rests_since")
        if since is not None and monotonic() - since > RESTED_SECONDS:
            try:
                dialect.do_ping(connection)
            except Exception as error:
                raise InvalidatePoolError("the connection is lost") from error


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _from_json(text: Any) -> Any:
    # SQLite hands a bare number out of a JSON column as a number.
    return text if isinstance(text, (int, float)) else orjson.loads(text)


def _count_error(context: ExceptionContext) -> None:
    original = context.original_exception
    code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    metrics.database_failed(str(code or type(original).__name__))
