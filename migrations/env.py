"""Runs the migrations on the connection that it is given, or on the database of the settings."""

import asyncio
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Dialect, Enum
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

import models  # noqa: F401  # declares every table
from api.database import for_migrations
from api.settings import load

_SQLITE: Dialect = sqlite.dialect()
_POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def run(connection: Connection) -> None:
    """Run the wanted migrations in the transaction of this connection."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        transactional_ddl=True,
        autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
        render_item=_render,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write a type of our own as what the databases store, so that an old migration outlives the type's code."""
    if isinstance(item, Enum) and not item.native_enum:
        return f"sa.String(length={item.length})"
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    on_sqlite, on_postgresql = _stored(item, _SQLITE), _stored(item, _POSTGRESQL)
    if repr(on_sqlite) == repr(on_postgresql):
        return _written(on_postgresql, autogenerate)
    return f"{_written(on_postgresql, autogenerate)}.with_variant({_written(on_sqlite, autogenerate)}, 'sqlite')"


def _stored(item: TypeDecorator[Any], dialect: Dialect) -> TypeEngine[Any]:
    stored = item.load_dialect_impl(dialect)
    if isinstance(stored, TypeDecorator):
        return _stored(stored, dialect)
    return stored.as_generic() if type(stored).__name__.startswith("_") else stored


def _written(stored: TypeEngine[Any], autogenerate: AutogenContext) -> str:
    module = type(stored).__module__
    if module.startswith("sqlalchemy.dialects."):
        name = module.split(".")[2]
        autogenerate.imports.add(f"from sqlalchemy.dialects import {name}")
        return f"{name}.{stored!r}"
    return f"sa.{stored!r}"


async def _on_the_database_of_the_settings() -> None:
    engine = for_migrations(load().database_url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("Migrations run on a database; they are not printed as SQL.")
given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(_on_the_database_of_the_settings())
