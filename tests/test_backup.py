"""A backup holds everything as it was at one moment, and comes back row for row."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy import Connection

from api.backup import CONTENT, BackupError, backup, read_manifest, restore
from api.database import connect, for_migrations
from api.migrate import downgrade, pending, upgrade
from api.settings import Settings
from tests.databases import Databases
from tests.demonstration import demonstrated
from tests.people import Store
from tests.pipeline import open_pipeline
from tests.processes import command, surroundings
from tests.test_run import WRITES


@pytest_asyncio.fixture(scope="module")
async def demonstration_left(databases: Databases) -> AsyncIterator[str]:
    """The address of the demonstration, which nobody has open."""
    url = await databases.copy()
    await (await demonstrated(url)).database.dispose()
    yield url
    await databases.drop(url)


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of files for each test, which nothing has been put into."""
    folder = str(tmp_path_factory.mktemp("files") / "kept-here")
    monkeypatch.setenv("PARTNER_CENTER_FILES_DIR", folder)
    return folder


def of(url: str, **more: Any) -> Settings:
    """Give the settings of an installation."""
    return Settings(database_url=url, **more)


def read_all(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Read every row of every table, as the driver gives it."""
    names = sorted(sa.inspect(connection).get_table_names())
    return {
        name: sorted((tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')), key=repr)
        for name in names
    }


async def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    engine = for_migrations(url)
    async with engine.connect() as connection:
        rows = await connection.run_sync(read_all)
    await engine.dispose()
    return rows


def rewritten(file: Path, target: Path, content: bytes | None = None, **told: Any) -> Path:
    """Write a backup again with something in it changed."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "manifest.json":
                body = json.dumps({**json.loads(body), **told}).encode()
            elif content is not None:
                body = content
            new.writestr(name, body)
    return target


@pytest.mark.slow
async def test_a_backup_restores_every_row_of_every_table(
    demonstration_left: str, empty_database_url: str, tmp_path: Path, own_folder: str
):
    file = tmp_path / "night.backup"
    code, said = await command(demonstration_left, "backup", str(file), files_dir=own_folder)
    assert code == 0, said
    assert "PARTNER_CENTER_SECRET_KEY" in said
    before = await everything(demonstration_left)
    manifest = read_manifest(file)
    assert manifest.counts == {name: len(rows) for name, rows in before.items()}
    assert manifest.counts["opportunity"] > 20
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["night.backup"]

    code, said = await command(empty_database_url, "restore", str(file), files_dir=own_folder)
    assert code == 0, said
    assert f"{sum(manifest.counts.values())} rows" in said
    assert await everything(empty_database_url) == before
    assert await pending(empty_database_url) == []


@pytest.mark.slow
async def test_a_backup_taken_while_others_write_holds_each_transaction_whole_or_not_at_all(
    database_url: str, empty_database_url: str, tmp_path: Path
):
    """Each transaction of the writer submits four opportunities with their journal and queue entries."""
    database = connect(database_url)
    pipeline = await open_pipeline(Store(database.writer, database.reader))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITES, database_url, str(pipeline.cast.wang_main.id), "写入"),
        env=surroundings(database_url),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 60)
    await backup(of(database_url), tmp_path / "first.backup")
    await process.stdout.readline()
    await backup(of(database_url), tmp_path / "second.backup")
    assert process.returncode is None
    process.kill()
    await process.wait()
    await process.stdout.read()
    counts = []
    for name in ("first", "second"):
        await restore(of(empty_database_url), tmp_path / f"{name}.backup", force=True)
        restored = connect(empty_database_url)
        rows = await Store(restored.writer, restored.reader).everything()
        await restored.dispose()
        ids = {row["id"] for row in rows["Opportunity"]}
        assert ids
        assert len(ids) % 4 == 0
        assert {entry["subject_id"] for entry in rows["Approval"]} == ids
        told = [line["subject_id"] for line in rows["JournalLine"] if line["operation"] == "Opportunity.PO.submit"]
        assert sorted(told, key=str) == sorted(ids, key=str)
        counts.append(len(ids))
    assert counts[0] <= counts[1]
    await database.dispose()


async def test_only_an_empty_database_is_filled_unless_one_insists(
    demonstration_left: str, database_url: str, tmp_path: Path
):
    file = tmp_path / "night.backup"
    await backup(of(demonstration_left), file)
    database = connect(database_url)
    await open_pipeline(Store(database.writer, database.reader))
    await database.dispose()
    before = await everything(database_url)
    with pytest.raises(BackupError, match=r"not empty.*--force"):
        await restore(of(database_url), file)
    assert await everything(database_url) == before
    await restore(of(database_url), file, force=True)
    assert await everything(database_url) == await everything(demonstration_left)


async def test_a_restored_earlier_revision_takes_the_place_of_a_later_one_and_is_brought_up_to_date(
    databases: Databases, demonstration_left: str, database_url: str, tmp_path: Path
):
    earlier = await databases.copy(demonstration_left)
    await downgrade(earlier, "-1")
    file = tmp_path / "before-the-upgrade.backup"
    await backup(of(earlier), file)
    await restore(of(database_url), file, force=True)
    assert await everything(database_url) == await everything(earlier)
    assert len(await pending(database_url)) == 1
    await upgrade(database_url)
    assert await pending(database_url) == []
    await databases.drop(earlier)


async def test_what_is_no_fitting_backup_is_refused_and_changes_nothing(
    demonstration_left: str, database_url: str, tmp_path: Path
):
    good = tmp_path / "good.backup"
    await backup(of(demonstration_left), good)
    before = await everything(database_url)
    other = next(name for name in CONTENT if not database_url.startswith(name))
    (tmp_path / "text.backup").write_text("not a backup")
    (tmp_path / "half.backup").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    wrong = {
        tmp_path / "absent.backup": "There is no file",
        tmp_path / "text.backup": "is no backup",
        tmp_path / "half.backup": "is no backup",
        rewritten(good, tmp_path / "newer.backup", revision="ffffffffffff"): "newer release",
        rewritten(good, tmp_path / "format.backup", format=3): "newer release",
        rewritten(good, tmp_path / "other.backup", dialect=other): f"backup of {other}",
        rewritten(good, tmp_path / "damaged.backup", content=b"something else"): "damaged",
    }
    for file, reason in wrong.items():
        with pytest.raises(BackupError, match=reason):
            await restore(of(database_url), file, force=True)
    assert await everything(database_url) == before


async def test_a_backup_never_overwrites_a_file_and_needs_something_to_back_up(
    demonstration_left: str, empty_database_url: str, tmp_path: Path
):
    file = tmp_path / "night.backup"
    file.write_text("yesterday's")
    with pytest.raises(BackupError, match="exists already"):
        await backup(of(demonstration_left), file)
    assert file.read_text() == "yesterday's"
    with pytest.raises(BackupError, match="no folder"):
        await backup(of(demonstration_left), tmp_path / "nowhere" / "night.backup")
    with pytest.raises(BackupError, match=r"no database|has not been set up"):
        await backup(of(empty_database_url), tmp_path / "nothing.backup")
    assert [path.name for path in tmp_path.iterdir()] == ["night.backup"]


@pytest.mark.postgres
async def test_what_postgresql_refuses_is_told_without_the_password_and_undone(
    demonstration_left: str, database_url: str, tmp_path: Path
):
    file = tmp_path / "night.backup"
    await backup(of(demonstration_left), file)
    before = await everything(database_url)
    holder = connect(database_url)
    async with holder.writer.begin() as session:
        await session.execute(sa.text("LOCK TABLE opportunity IN ACCESS SHARE MODE"))
        with pytest.raises(BackupError, match=r"psql failed, and nothing was changed.*lock timeout"):
            await restore(of(database_url), file, force=True)
    await holder.dispose()
    assert await everything(database_url) == before


@pytest.mark.sqlite
async def test_a_database_that_others_write_to_is_not_replaced_under_them(
    demonstration_left: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.backup.databases.BUSY_SECONDS", 0.2)
    file = tmp_path / "night.backup"
    await backup(of(demonstration_left), file)
    before = await everything(database_url)
    holder = connect(database_url)
    async with holder.writer.begin() as session:
        await session.execute(sa.text("SELECT 1"))
        with pytest.raises(BackupError, match="Stop the servers"):
            await restore(of(database_url), file, force=True)
    await holder.dispose()
    assert await everything(database_url) == before
