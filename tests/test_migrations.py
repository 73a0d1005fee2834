"""The migrations make, from nothing, exactly what the models declare, and lose no row on the way."""

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from api.database import connect, for_migrations
from api.migrate import MigrationError, downgrade, drift, pending, upgrade


async def _tables(url: str) -> set[str]:
    engine = for_migrations(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    await engine.dispose()
    return set(names)


async def test_from_nothing_the_migrations_make_what_the_models_declare(empty_database_url: str):
    lacking = await pending(empty_database_url)
    await upgrade(empty_database_url)

    assert await pending(empty_database_url) == []
    assert await drift(empty_database_url) == []
    assert len(await _tables(empty_database_url)) > 1 or not lacking


async def test_a_database_that_is_up_to_date_is_left_alone(database_url: str):
    before = await _tables(database_url)
    await upgrade(database_url)

    assert await _tables(database_url) == before


async def test_every_migration_can_be_taken_back_and_made_again(database_url: str):
    before = await _tables(database_url)
    await downgrade(database_url, "base")

    assert await _tables(database_url) <= {"alembic_version"}
    await upgrade(database_url)

    assert await _tables(database_url) == before
    assert await drift(database_url) == []


async def test_rebuilding_a_table_keeps_the_rows_that_hang_on_it(empty_database_url: str):
    def change(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE partner (id INTEGER PRIMARY KEY, name VARCHAR(20))")
        connection.exec_driver_sql(
            "CREATE TABLE member (id INTEGER PRIMARY KEY, partner_id INTEGER REFERENCES partner (id) ON DELETE CASCADE)"
        )
        connection.exec_driver_sql("INSERT INTO partner VALUES (1, 'Qingyun')")
        connection.exec_driver_sql("INSERT INTO member VALUES (1, 1), (2, 1)")
        with Operations(MigrationContext.configure(connection)).batch_alter_table("partner") as table:
            table.alter_column("name", type_=sa.String(200), existing_type=sa.String(20), nullable=False)

    engine = for_migrations(empty_database_url)
    async with engine.begin() as connection:
        await connection.run_sync(change)
        members = (await connection.exec_driver_sql("SELECT count(*) FROM member")).scalar_one()
    await engine.dispose()

    assert members == 2


@pytest.mark.sqlite
async def test_a_migration_that_would_leave_a_row_pointing_at_none_changes_nothing(empty_database_url: str):
    engine = for_migrations(empty_database_url)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE office (id INTEGER PRIMARY KEY)")
        await connection.exec_driver_sql("CREATE TABLE seat (id INTEGER, office_id INTEGER REFERENCES office (id))")
        await connection.exec_driver_sql("INSERT INTO seat VALUES (1, 99)")
    await engine.dispose()

    with pytest.raises(MigrationError, match="1 rows would point at none: seat -> office"):
        await upgrade(empty_database_url)

    assert await _tables(empty_database_url) == {"office", "seat"}


async def test_the_application_meets_foreign_keys_switched_on_after_migrating(database_url: str):
    database = connect(database_url)
    async with database.writer.begin() as session:
        await session.execute(sa.text("CREATE TABLE office (id INTEGER PRIMARY KEY)"))
        await session.execute(sa.text("CREATE TABLE seat (id INTEGER, office_id INTEGER REFERENCES office (id))"))
    with pytest.raises(sa.exc.IntegrityError):
        async with database.writer.begin() as session:
            await session.execute(sa.text("INSERT INTO seat VALUES (1, 99)"))
    await database.dispose()
