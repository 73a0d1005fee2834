"""The schema of the database: bring it up to date, and say what is missing."""

from importlib.resources import files
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from api.database import for_migrations


class MigrationError(Exception):
    """A migration that would leave the data broken; nothing of it was kept."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to a revision, all or nothing.

    Raises MigrationError when a row would be left pointing at none.
    """
    engine = for_migrations(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: command.upgrade(_config(sync), revision))
            await connection.run_sync(_check_foreign_keys)
    finally:
        await engine.dispose()


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to a revision, all or nothing."""
    engine = for_migrations(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: command.downgrade(_config(sync), revision))
            await connection.run_sync(_check_foreign_keys)
    finally:
        await engine.dispose()


async def pending(url: str) -> list[str]:
    """Name the migrations that this database still lacks, oldest first."""
    script = ScriptDirectory.from_config(_config())
    engine = for_migrations(url, reading=True)
    try:
        async with engine.connect() as connection:
            reached = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_heads())
    finally:
        await engine.dispose()
    done = {step.revision for head in reached for step in script.iterate_revisions(head, "base")}
    steps = [step for step in script.walk_revisions() if step.revision not in done]
    return [f"{step.revision} {step.doc}" for step in reversed(steps)]


def known_revisions() -> set[str]:
    """Name the revisions that this release knows."""
    return {step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()}


async def drift(url: str) -> list[str]:
    """Name what the models declare and the database at its newest revision does not have, or the reverse."""
    engine = for_migrations(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare)
    finally:
        await engine.dispose()


def _compare(connection: Connection) -> list[str]:
    found: list[str] = []
    config = _config(connection)
    script = ScriptDirectory.from_config(config)

    def compare(_revision: object, context: MigrationContext) -> list[Any]:
        metadata = context.opts["target_metadata"]
        found.extend(str(difference) for difference in compare_metadata(context, metadata))
        return []

    with EnvironmentContext(config, script, fn=compare):
        script.run_env()
    return found


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        places = sorted({f"{row[0]} -> {row[2]}" for row in broken})
        raise MigrationError(f"{len(broken)} rows would point at none: {', '.join(places)}")
