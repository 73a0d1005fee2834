"""A backup holds the files that its rows name, and gives them back byte by byte; a hostile one goes nowhere."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.backup import BackupError, KeptIn, backup, databases, read_manifest, restore
from api.exports import workshop_of
from api.files import storage_of
from api.settings import Settings
from models import export as domain
from tests.bucket import BUCKET, KEYS, bucket, objects, server
from tests.databases import Databases, open_database
from tests.export_desk import asked
from tests.filing import PDF, REMOVE, Filing, open_filing
from tests.people import Store
from tests.portal import ADDRESS
from tests.processes import command
from tests.test_backup import everything

__all__ = ["bucket", "server"]

CONTENTS = {"合同.pdf": PDF, "大.pdf": PDF + os.urandom(3_000_000), "说明.txt": "中文".encode()}


@pytest_asyncio.fixture
async def filing(databases: Databases, tmp_path: Path) -> AsyncIterator[Filing]:
    """The application with three attachments and an exported file."""
    async with open_filing(databases, tmp_path / "files") as found:
        main, record = found.pipeline.cast.wang_main, await found.pipeline.draft()
        # A backup knows the machine's own time, by which exports are over.
        found.pipeline.store.clock.now = dt.datetime.now(dt.UTC)
        for name, content in CONTENTS.items():
            await found.upload(main, record, name, content)
        await asked(found.pipeline.store, found.pipeline.main)
        settings = of(found.url, tmp_path / "files")
        await domain.work_off(workshop_of(found.pipeline.store, settings, clock=found.pipeline.store.clock))
        yield found


def of(url: str, folder: Path, **more: Any) -> Settings:
    """Give the settings of an installation with a folder of its own."""
    return Settings(database_url=url, files_dir=folder, **more)


def lying_in(folder: Path) -> dict[str, bytes]:
    """Read every file that lies in a folder, by the end of its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@asynccontextmanager
async def restored_to(filing: Filing, url: str, folder: Path) -> AsyncIterator[Filing]:
    """Open the application on what was restored."""
    opened = open_database(url)
    clock = filing.pipeline.store.clock
    pipeline = replace(filing.pipeline, store=Store(opened.writer, opened.reader, clock=clock))
    settings = of(url, folder)
    app = create_app(settings, database=opened, clock=clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Filing(client, pipeline, folder, storage_of(settings), url)
    await opened.dispose()


@pytest.mark.slow
async def test_everything_comes_back_byte_by_byte(filing: Filing, empty_database_url: str, tmp_path: Path) -> None:
    file, folder = tmp_path / "night.backup", tmp_path / "other" / "files"
    before, rows = lying_in(filing.folder), await everything(filing.url)
    assert len(before) == 4
    code, said = await command(filing.url, "backup", str(file), files_dir=str(filing.folder))
    assert code == 0, said
    size = sum(map(len, before.values()))
    assert f"3 attachments and 1 exported files ({size} bytes) from {filing.folder}" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await filing.upload(filing.pipeline.cast.wang_main, await filing.pipeline.draft(), "later.pdf")
    code, said = await command(empty_database_url, "restore", str(file), files_dir=str(folder))
    assert code == 0, said
    assert f"3 attachments and 1 exported files ({size} bytes) are back in {folder}." in said
    assert await everything(empty_database_url) == rows
    assert lying_in(folder) == before
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o700}
    async with restored_to(filing, empty_database_url, folder) as there:
        main = there.pipeline.cast.wang_main
        found = await there.get(main, "{ opportunities(first: 5) { nodes { attachments { nodes { name url } } } } }")
        (held,) = [one["attachments"]["nodes"] for one in found["opportunities"]["nodes"]]
        assert {one["name"]: (await there.fetch(one["url"])).content for one in held} == CONTENTS
        (made,) = (await there.get(main, "{ exports(first: 5) { nodes { link size } } }"))["exports"]["nodes"]
        answer = await there.client.get(made["link"])
        assert (answer.status_code, len(answer.content)) == (200, made["size"])
        assert await there.sweep() == 0


@pytest.mark.slow
async def test_what_a_sweep_takes_meanwhile_is_listed_as_missing_and_what_has_gone_bad_as_damaged(
    filing: Filing, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, real = tmp_path / "night.backup", databases.copy
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    swept, spoilt = await filing.upload(main, record), await filing.upload(main, record, "b.pdf")
    filing.storage.place(spoilt.removeprefix("att_")).write_bytes(b"bad sectors")

    async def sweeps_after(*given: Any) -> Any:
        copied = await real(*given)
        await filing.get(main, REMOVE, i={"id": swept})
        assert await filing.sweep() == 1
        return copied

    monkeypatch.setattr(databases, "copy", sweeps_after)
    manifest = await backup(of(filing.url, filing.folder), file)
    assert manifest == read_manifest(file)
    assert manifest.files is not None
    assert manifest.files.missing == (f"attachments/{swept.removeprefix('att_')}",)
    assert manifest.files.damaged == (f"attachments/{spoilt.removeprefix('att_')}",)
    code, said = await command(empty_database_url, "restore", str(file), files_dir=str(tmp_path / "other"))
    assert code == 0, said
    assert "2 were missing or damaged already when the backup was taken" in said
    assert lying_in(tmp_path / "other") == lying_in(filing.folder)


async def test_only_an_empty_place_is_filled_unless_one_insists(
    filing: Filing, empty_database_url: str, tmp_path: Path
) -> None:
    """Whoever points a trial at the folder of the real one would have its files swept as nobody's."""
    file, folder = tmp_path / "night.backup", tmp_path / "other"
    await backup(of(filing.url, filing.folder), file)
    foreign = folder / "exports" / "kept" / "00" / ("0" * 64)
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"somebody's")
    with pytest.raises(BackupError, match=r"files is not empty.*--force"):
        await restore(of(empty_database_url, folder), file)
    assert lying_in(folder) == {str(foreign.relative_to(folder)): b"somebody's"}
    assert await everything(empty_database_url) == {}
    await restore(of(empty_database_url, folder), file, force=True)
    assert lying_in(folder) == lying_in(filing.folder) | {str(foreign.relative_to(folder)): b"somebody's"}


async def test_where_the_database_refuses_its_files_go_again(
    filing: Filing, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, folder = tmp_path / "night.backup", tmp_path / "other"
    await backup(of(filing.url, filing.folder), file)
    kept = next(path for path in filing.folder.rglob("*") if path.is_file()).relative_to(filing.folder)
    (folder / kept).parent.mkdir(parents=True)
    (folder / kept).write_bytes((filing.folder / kept).read_bytes())
    before = lying_in(folder)

    async def refuses(*_: Any) -> None:
        assert lying_in(folder).keys() >= lying_in(filing.folder).keys()
        raise BackupError("it is locked")

    monkeypatch.setattr(databases, "replace", refuses)
    with pytest.raises(BackupError, match="locked"):
        await restore(of(empty_database_url, folder), file, force=True)
    assert lying_in(folder) == before
    assert await everything(empty_database_url) == {}


@pytest.mark.slow
async def test_a_backup_of_the_earlier_format_is_restored_and_says_that_it_has_no_files(
    filing: Filing, empty_database_url: str, tmp_path: Path
) -> None:
    file, old, folder = tmp_path / "night.backup", tmp_path / "old.backup", tmp_path / "other"
    await backup(of(filing.url, filing.folder), file)
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(old, "w") as without:
        told = json.loads(whole.read("manifest.json"))
        del told["files"]
        without.writestr("manifest.json", json.dumps({**told, "format": 1}))
        content = next(name for name in whole.namelist() if name.startswith("database"))
        without.writestr(content, whole.read(content))
    # The folder that was saved beside it is there already, and stays.
    (folder / "kept" / "00").mkdir(parents=True)
    (folder / "kept" / "00" / ("0" * 32)).write_bytes(b"saved with it")
    code, said = await command(empty_database_url, "restore", str(old), files_dir=str(folder))
    assert code == 0, said
    assert f"of the earlier format, without files: put those that were saved with it into {folder}." in said
    assert await everything(empty_database_url) == await everything(filing.url)
    assert list(lying_in(folder).values()) == [b"saved with it"]


Change = Callable[[dict[str, Any], dict[str, bytes], dict[str, zipfile.ZipInfo]], None]


def names(path: str) -> Change:
    """Give a file another place, in the list and in the archive."""

    def change(told: dict[str, Any], entries: dict[str, bytes], _infos: Any) -> None:
        one = told["files"]["packed"][0]
        entries[f"files/{path}"] = entries.pop(f"files/{one['path']}")
        one["path"] = path

    return change


def adds(name: str) -> Change:
    """Add what the list does not name."""

    def change(_told: Any, entries: dict[str, bytes], _infos: Any) -> None:
        entries[name] = b"0 * * * * root evil"

    return change


def links(told: dict[str, Any], entries: dict[str, bytes], infos: dict[str, zipfile.ZipInfo]) -> None:
    """Make a listed file a link to another."""
    name = f"files/{told['files']['packed'][0]['path']}"
    infos[name] = zipfile.ZipInfo(name)
    infos[name].external_attr = (stat.S_IFLNK | 0o777) << 16
    entries[name] = b"/etc/passwd"


def swells(told: dict[str, Any], entries: dict[str, bytes], _infos: Any) -> None:
    """Make a listed file larger than it says."""
    entries[f"files/{told['files']['packed'][0]['path']}"] += b"more"


def lies(told: dict[str, Any], entries: dict[str, bytes], _infos: Any) -> None:
    """Put another content of the same size."""
    name = f"files/{told['files']['packed'][0]['path']}"
    entries[name] = bytes(len(entries[name]))


def lacks(told: dict[str, Any], entries: dict[str, bytes], _infos: Any) -> None:
    """Leave a listed file out."""
    del entries[f"files/{told['files']['packed'][0]['path']}"]


def repeats(told: dict[str, Any], _entries: Any, _infos: Any) -> None:
    """List a file twice."""
    told["files"]["packed"] *= 2


HOSTILE: dict[str, Change] = {
    "up": names("attachments/../../../evil"),
    "up without a space": names("../evil"),
    "absolute": names("/tmp/evil"),
    "another space": names("incoming/" + "0" * 32),
    "deeper": names("attachments/00/" + "0" * 32),
    "backslash": names("attachments\\..\\evil"),
    "no hex": names("attachments/" + "g" * 32),
    "an end of a line": names("attachments/" + "0" * 32 + "\n"),
    "unlisted up": adds("../evil"),
    "unlisted absolute": adds("/tmp/evil"),
    "unlisted among the files": adds("files/attachments/" + "0" * 32),
    "unlisted elsewhere": adds("evil.sh"),
    "a folder": adds("files/attachments/" + "0" * 32 + "/"),
    "link": links,
    "larger": swells,
    "other content": lies,
    "left out": lacks,
    "listed twice": repeats,
}


async def test_a_hostile_archive_goes_nowhere(filing: Filing, empty_database_url: str, tmp_path: Path) -> None:
    """Nothing outside the folder, nothing in it, nothing in the database."""
    file, evil, folder = tmp_path / "night.backup", tmp_path / "evil.backup", tmp_path / "target" / "deep" / "files"
    await backup(of(filing.url, filing.folder), file)
    evil.touch()
    around = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    for what, change in HOSTILE.items():
        with zipfile.ZipFile(file) as good:
            entries = {name: good.read(name) for name in good.namelist()}
        told = json.loads(entries.pop("manifest.json"))
        infos: dict[str, zipfile.ZipInfo] = {}
        change(told, entries, infos)
        with zipfile.ZipFile(evil, "w") as written:
            for name, body in entries.items():
                written.writestr(infos.get(name, name), body)
            written.writestr("manifest.json", json.dumps(told))
        with pytest.raises(BackupError, match=r"is no backup|is damaged|holds what no backup holds"):
            await restore(of(empty_database_url, folder), evil)
            pytest.fail(what)
        assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == around, what
        assert not Path("/tmp/evil").exists()
        assert await everything(empty_database_url) == {}, what
    with zipfile.ZipFile(file, "a") as twice, pytest.warns(UserWarning, match="Duplicate name"):
        twice.writestr(twice.namelist()[1], b"another")
    with pytest.raises(BackupError, match="a name twice"):
        await restore(of(empty_database_url, folder), file)


@pytest.mark.slow
async def test_a_backup_says_that_the_bucket_is_not_in_it_and_one_with_files_fills_a_bucket(
    filing: Filing, empty_database_url: str, tmp_path: Path, server: str, bucket: Any
) -> None:
    file, folder = tmp_path / "night.backup", tmp_path / "machine"
    given = {"files_dir": str(folder), "s3_bucket": BUCKET, "s3_endpoint": server, **KEYS}
    await backup(of(filing.url, filing.folder), file)
    code, said = await command(empty_database_url, "restore", str(file), **given)
    assert code == 0, said
    assert f"are back in the bucket {BUCKET}." in said
    lying = {Path(path).name: content for path, content in lying_in(filing.folder).items()}
    held = {name: bucket.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in objects(bucket)}
    assert {name.removeprefix("exports/"): content for name, content in held.items()} == lying
    assert sum(name.startswith("exports/") for name in held) == 1
    assert lying_in(folder) == {}

    again = tmp_path / "without.backup"
    code, said = await command(empty_database_url, "backup", str(again), **given)
    assert code == 0, said
    assert f"the bucket {BUCKET}, which is not in this backup" in said
    manifest = read_manifest(again)
    assert manifest.files is not None
    assert (manifest.files.kept_in, manifest.files.packed) == (KeptIn.BUCKET, ())
    code, said = await command(empty_database_url, "restore", str(again), "--force", **given)
    assert code == 0, said
    assert f"not in the backup: see that the bucket {BUCKET} holds them." in said
    assert len(objects(bucket)) == 4
