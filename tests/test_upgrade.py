"""An installation that has data is brought up to date from every earlier revision, and loses no row."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from api.app import create_app
from api.database import connect, for_migrations
from api.demo import demo_token
from api.migrate import downgrade, upgrade
from api.settings import Settings
from tests.databases import Databases
from tests.demonstration import demonstrated

ROWS = 3
QUERY = """{ opportunities(first: 100, sort: [{by: NAME}]) { totalCount nodes {
  id version status name companyName updatedAt customer { companyName } lines(first: 10) { nodes { product quantity } }
  history(first: 20) { nodes { operation at } } progress(first: 10) { nodes { details } } } } }"""


def revisions() -> list[str]:
    """List the revisions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    return [step.revision for step in reversed([*ScriptDirectory.from_config(config).walk_revisions()])]


def fill(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Put rows into every table as its columns ask for, each hanging on rows of the tables that it points to."""
    known = sa.MetaData()
    known.reflect(connection)
    made: dict[str, list[dict[str, Any]]] = {}
    for table in known.sorted_tables:
        if table.name == "alembic_version":
            continue
        made[table.name] = []
        bound = _checked(connection, table)
        for number in range(ROWS):
            row = {column.name: _value(column, number, made) for column in table.columns} | bound
            connection.execute(table.insert().values(row))
            made[table.name].append(row)
    return made


def _checked(connection: Connection, table: sa.Table) -> dict[str, Any]:
    """Give what the checks of a table let pass: sums of nothing, and nothing where one of two has to be absent."""
    bound: dict[str, Any] = {}
    for check in sa.inspect(connection).get_check_constraints(table.name):
        told = check["sqltext"]
        for column in table.columns:
            if isinstance(column.type, sa.Integer) and re.search(rf"\b{column.name}\b", told):
                bound[column.name] = 0
            elif re.search(rf"\b{column.name} IS NULL", told):
                bound[column.name] = None
    return bound


def _value(column: sa.Column[Any], number: int, made: dict[str, list[dict[str, Any]]]) -> Any:
    for key in column.foreign_keys:
        above = made[key.column.table.name]
        # The first row of a table that points to itself points to none.
        return above[number % len(above)][key.column.name] if above else None
    kind = column.type
    on_sqlite = isinstance(kind, sa.CHAR) or "UUID" in str(kind).upper()
    if on_sqlite:
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{column.table.name}.{column.name}.{number}").hex
    if isinstance(kind, sa.JSON):
        return []
    if isinstance(kind, sa.Boolean):
        return bool(number % 2)
    if isinstance(kind, sa.Integer):
        return number + 1
    if isinstance(kind, sa.DateTime):
        return dt.datetime(2026, 3, 2 + number, 4, tzinfo=dt.UTC)
    if isinstance(kind, sa.Date):
        return dt.date(2026, 3, 2 + number)
    if isinstance(kind, sa.LargeBinary):
        return b"%d" % number
    if isinstance(kind, sa.Numeric):
        return number
    if getattr(kind, "length", None) == 27:
        return f"2026-03-0{2 + number}T04:00:00.000000Z"
    return f"{number}"


def read(connection: Connection, made: dict[str, list[dict[str, Any]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Read what of the made rows is still there, column by column as far as the column is."""
    found = {}
    for name, rows in made.items():
        present = {column["name"] for column in sa.inspect(connection).get_columns(name)}
        columns = ", ".join(f'"{column}"' for column in sorted(present & set(rows[0])))
        found[name] = sorted(map(tuple, connection.exec_driver_sql(f'SELECT {columns} FROM "{name}"')), key=repr)
    return found


def pointing_at_none(connection: Connection) -> list[str]:
    """Name what points at a row that is not there, on either database."""
    if connection.dialect.name == "sqlite":
        return [str(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    known = sa.MetaData()
    known.reflect(connection)
    broken = []
    for table in known.sorted_tables:
        for key in table.foreign_keys:
            above = key.column.table.alias()
            there = sa.exists().where(above.c[key.column.name] == key.parent)
            query = sa.select(sa.func.count()).select_from(table).where(key.parent.is_not(None), ~there)
            if connection.execute(query).scalar_one():
                broken.append(f"{table.name}.{key.parent.name}")
    return broken


@pytest.mark.parametrize("revision", revisions()[:-1])
async def test_rows_of_an_earlier_revision_survive_the_upgrade_with_what_hangs_on_them(
    revision: str, empty_database_url: str
):
    await upgrade(empty_database_url, revision)
    engine = for_migrations(empty_database_url)
    async with engine.begin() as connection:
        made = await connection.run_sync(fill)
        before = await connection.run_sync(read, made)
        assert await connection.run_sync(pointing_at_none) == []
    await upgrade(empty_database_url)
    async with engine.connect() as connection:
        after = await connection.run_sync(read, made)
        assert await connection.run_sync(pointing_at_none) == []
    await engine.dispose()
    assert {name: len(rows) for name, rows in after.items()} == dict.fromkeys(made, ROWS)
    assert len(made) > 15
    assert after == before


@pytest_asyncio.fixture(scope="module")
async def demonstration_left(databases: Databases) -> AsyncIterator[str]:
    """The address of the demonstration, which nobody has open."""
    url = await databases.copy()
    await (await demonstrated(url)).database.dispose()
    yield url
    await databases.drop(url)


async def asked(url: str) -> Any:
    settings = Settings(database_url=url)
    database = connect(url)
    app = create_app(settings, database=database, sweeping=False)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://here") as client:
        headers = {"authorization": f"Bearer {demo_token(settings)}"}
        answer = (await client.post("/graphql", json={"query": QUERY}, headers=headers)).json()
    await database.dispose()
    return answer


@pytest.mark.slow
async def test_the_demonstration_taken_back_to_the_first_revision_answers_the_same_after_the_upgrade(
    databases: Databases, demonstration_left: str
):
    before = await asked(demonstration_left)
    assert before["data"]["opportunities"]["totalCount"] > 10
    url = await databases.copy(demonstration_left)
    await downgrade(url, revisions()[0])
    await upgrade(url)
    assert await asked(url) == before
    await databases.drop(url)
