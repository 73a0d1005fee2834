"""Files in S3-compatible object storage: the same life as in a folder, against a real server of that interface."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.bucket import BUCKET, KEYS, bucket, objects, server
from tests.databases import Databases
from tests.filing import PDF, REMOVE, Filing, open_filing

__all__ = ["bucket", "server"]


@pytest_asyncio.fixture
async def filing(databases: Databases, tmp_path: Path, server: str, bucket: Any) -> AsyncIterator[Filing]:
    """The application with a bucket for its files."""
    async with open_filing(databases, tmp_path / "files", s3_bucket=BUCKET, s3_endpoint=server, **KEYS) as found:
        yield found


async def test_a_file_goes_to_the_bucket_and_comes_back(filing: Filing, bucket: Any) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    content = PDF + b" " * 700_000
    id = await filing.upload(main, record, "大.pdf", content)
    assert objects(bucket) == [id.removeprefix("att_")]
    assert filing.bytes_kept() == []
    (shown,) = await filing.files(main, record)
    answer = await filing.fetch(shown["url"])
    assert (answer.status_code, answer.content) == (200, content)


async def test_what_is_refused_or_removed_leaves_the_bucket(filing: Filing, bucket: Any) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    path = await filing.ticket(main, record, "a.pdf", 5)
    assert (await filing.send(main, path, b"hello")).status_code == 415
    assert (objects(bucket), filing.bytes_kept(), await filing.rows()) == ([], [], [])
    id = await filing.upload(main, record)
    await filing.get(main, REMOVE, i={"id": id})
    assert len(objects(bucket)) == 1
    assert await filing.sweep() == 1
    assert (objects(bucket), await filing.rows()) == ([], [])


@pytest.mark.slow
async def test_objects_without_a_row_are_swept_when_they_are_old(filing: Filing, bucket: Any) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    kept = (await filing.upload(main, record)).removeprefix("att_")
    bucket.put_object(Bucket=BUCKET, Key="0" * 32, Body=b"left behind")
    for name in ("night.backup", "exports/" + "0" * 64):
        bucket.put_object(Bucket=BUCKET, Key=name, Body=b"somebody else's")
    assert await filing.sweep() == 0
    filing.pipeline.store.clock.now = dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)
    assert await filing.sweep() == 1
    assert objects(bucket) == [kept, "exports/" + "0" * 64, "night.backup"]


async def test_lost_objects_and_a_lost_store_leave_no_half(filing: Filing, bucket: Any, server: str) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    id = await filing.upload(main, record)
    bucket.delete_object(Bucket=BUCKET, Key=id.removeprefix("att_"))
    (shown,) = await filing.files(main, record)
    assert (await filing.fetch(shown["url"])).status_code == 404
    path = await filing.ticket(main, record)
    filing.storage._bucket = "no-such-bucket"
    with pytest.raises(Exception, match="NoSuchBucket"):
        await filing.send(main, path)
    assert len(await filing.rows()) == 1
    assert filing.bytes_kept() == []
