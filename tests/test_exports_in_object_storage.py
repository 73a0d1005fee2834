"""Exports in S3-compatible object storage: made by one machine, fetched through another, and gone after their time."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.exports import workshop_of
from api.settings import Settings
from models import export as domain
from models.export import ExportRecord, ExportStatus
from tests.bucket import BUCKET, KEYS, bucket, objects, server
from tests.databases import Databases, open_database
from tests.export_desk import asked, read_xlsx
from tests.filing import Filing, open_filing
from tests.portal import ADDRESS, Portal
from tests.processes import surroundings
from tests.test_exports import KILLED

__all__ = ["bucket", "server"]

ONE = "query($id: ID!) { export(id: $id) { status link } }"


@dataclass
class Machine:
    """One of several machines (机器): an application and a folder of its own, with the same database and bucket."""

    portal: Portal
    folder: Path
    workshop: domain.Workshop

    def lying_about(self) -> list[Path]:
        """List every file that lies in its folder."""
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest_asyncio.fixture
async def first(databases: Databases, tmp_path: Path, server: str, bucket: Any) -> AsyncIterator[Filing]:
    """The first machine, whose people have an opportunity; its clock is the machine's own, as the bucket's is."""
    folder = tmp_path / "first"
    async with open_filing(databases, folder, s3_bucket=BUCKET, s3_endpoint=server, **KEYS) as found:
        await found.pipeline.submitted()
        found.pipeline.store.clock.now = dt.datetime.now(dt.UTC)
        yield found


@asynccontextmanager
async def machine(filing: Filing, folder: Path, server: str) -> AsyncIterator[Machine]:
    """Open a machine on the database and the bucket of another."""
    clock = filing.pipeline.store.clock
    settings = Settings(database_url=filing.url, files_dir=folder, s3_bucket=BUCKET, s3_endpoint=server, **KEYS)
    database = open_database(filing.url)
    app = create_app(settings, database=database, clock=clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        portal = Portal(client, filing.pipeline, database)
        yield Machine(portal, folder, workshop_of(filing.pipeline.store, settings, clock=clock))
    await database.dispose()


async def state(filing: Filing, record: ExportRecord) -> ExportRecord:
    async with filing.pipeline.store.reader() as session:
        found: ExportRecord = await session.get_one(ExportRecord, record.id)
        return found


async def fetched(filing: Filing, at: Machine, record: ExportRecord) -> Any:
    """Ask a machine for an export, and follow the link that it gives."""
    shown = (await at.portal.get(filing.pipeline.cast.wang_main, ONE, id=record.public_id))["export"]
    return await at.portal.client.get(shown["link"])


@pytest.mark.slow
async def test_what_one_machine_has_made_another_gives(first: Filing, tmp_path: Path, server: str, bucket: Any) -> None:
    pipeline = first.pipeline
    record = await asked(pipeline.store, pipeline.main, columns=["name"])
    attachment = (await first.upload(pipeline.cast.wang_main, await pipeline.draft())).removeprefix("att_")
    async with (
        machine(first, tmp_path / "second", server) as second,
        machine(first, tmp_path / "third", server) as third,
    ):
        assert await domain.work_off(second.workshop) == 1
        done = await state(first, record)
        assert sorted(objects(bucket)) == sorted([f"exports/{done.location}", attachment])
        assert second.lying_about() == third.lying_about() == []
        answer = await fetched(first, third, record)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert len(answer.content) == done.size
        assert len(read_xlsx(answer.content)) == 2
        head = await third.portal.client.head(str(answer.request.url))
        assert head.status_code == 405
        assert (await pipeline.store.operations()).count("export.fetch") == 1


async def test_neither_sweep_takes_what_is_alive_nor_leaves_what_is_over(
    first: Filing, tmp_path: Path, server: str, bucket: Any
) -> None:
    pipeline = first.pipeline
    record = await asked(pipeline.store, pipeline.main)
    attachment = (await first.upload(pipeline.cast.wang_main, await pipeline.draft())).removeprefix("att_")
    async with machine(first, tmp_path / "second", server) as second:
        await domain.work_off(second.workshop)
        stray = "exports/" + "0" * 64
        bucket.put_object(Bucket=BUCKET, Key=stray, Body=b"left behind")
        pipeline.store.clock.forward(days=6, hours=23)
        await first.sweep()
        assert await domain.tidy(second.workshop) == 1
        living = f"exports/{(await state(first, record)).location}"
        assert sorted(objects(bucket)) == sorted([attachment, living])
        first.forget_tokens()
        assert (await fetched(first, second, record)).status_code == 200
        pipeline.store.clock.forward(hours=2)
        # Once for the record and once for its bytes.
        assert await domain.tidy(second.workshop) == 2
        await first.sweep()
        assert objects(bucket) == [attachment]
        assert (await state(first, record)).status is ExportStatus.EXPIRED


@pytest.mark.parametrize("step", ["between pages", "before the file is kept", "before the row is written"])
@pytest.mark.slow
async def test_a_machine_that_dies_leaves_nothing_and_another_one_finishes(
    first: Filing, tmp_path: Path, server: str, bucket: Any, step: str
) -> None:
    pipeline = first.pipeline
    record = await asked(pipeline.store, pipeline.main, columns=["id"])
    given = {"files_dir": str(tmp_path / "dying"), "s3_bucket": BUCKET, "s3_endpoint": server, **KEYS}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED, "sweep", step),
        env=surroundings(first.url, **given),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 9, printed.decode()
    left = objects(bucket)
    assert len(left) == (step == "before the row is written")
    async with machine(first, tmp_path / "second", server) as second:
        # While the dead one might still live, what it has put there is not touched.
        assert await domain.work_off(second.workshop) == 0
        await domain.tidy(second.workshop)
        assert objects(bucket) == left
        pipeline.store.clock.now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
        assert await domain.work_off(second.workshop) == 1
        pipeline.store.clock.forward(minutes=5)
        await domain.tidy(second.workshop)
        done = await state(first, record)
        assert (done.status, done.attempts) == (ExportStatus.DONE, 2)
        assert objects(bucket) == [f"exports/{done.location}"]
        assert second.lying_about() == []
    async with machine(first, tmp_path / "dying", server) as again:
        await domain.tidy(again.workshop)
        assert again.lying_about() == []
        first.forget_tokens()
        assert len(read_xlsx((await fetched(first, again, record)).content)) == 1
