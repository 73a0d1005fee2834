"""Files are carried apart from everything else: however many slow lines there are, GraphQL is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from api import transfers
from api.transfers import Pace
from tests.databases import Databases
from tests.filing import PDF, Filing, open_filing, path_of

MOST = 2


class Hurried(Pace):
    """A pace for tests, which have no half minute."""

    def __init__(self) -> None:
        super().__init__(seconds=0.2, rate=1_000_000)


@pytest_asyncio.fixture
async def filing(databases: Databases, tmp_path: Path) -> AsyncIterator[Filing]:
    """The application with one place for requests and two for files."""
    limits = {"max_concurrent": 1, "max_waiting": 0, "max_waiting_seconds": 1, "max_transfers": MOST}
    async with open_filing(databases, tmp_path / "files", **limits) as found:
        yield found


async def slow_upload(filing: Filing, going_on: asyncio.Event, content: bytes = PDF) -> asyncio.Task[httpx2.Response]:
    """Begin an upload of which most has come, and the rest waits."""
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    path = await filing.ticket(main, record, size=len(content))

    async def dribble() -> AsyncIterator[bytes]:
        yield content[:-1]
        await going_on.wait()
        yield content[-1:]

    task = asyncio.create_task(filing.send(main, path, dribble()))
    for _ in range(200):
        if any(
            row["taken_at"] and row["name"] == "合同.pdf" and row["size"] == len(content) for row in await filing.rows()
        ):
            break
        await asyncio.sleep(0.01)
    return task


async def test_slow_uploads_keep_nobody_waiting_and_beyond_their_places_are_told_to_come_back(filing: Filing) -> None:
    going_on = asyncio.Event()
    # More than what admission gathers of a request, so that a place would be held.
    uploads = [await slow_upload(filing, going_on, PDF + b" " * (300_000 + number)) for number in range(MOST)]
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    path = await filing.ticket(main, record)
    before = await filing.rows()
    away = await filing.send(main, path)
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")
    (entry,) = away.json()["errors"]
    assert (entry["extensions"]["code"], entry["extensions"]["action"]) == ("OVER_CAPACITY", "RETRY")
    assert await filing.rows() == before
    form = {"content": None, "files": {"file": ("a.pdf", PDF)}}
    page = await filing.send(None, "/admin/queue/x/files", **form)
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (503, "text/html")
    going_on.set()
    assert [(await one).status_code for one in uploads] == [201, 201]
    # The ticket is as good as before.
    assert (await filing.send(main, path)).status_code == 201


@pytest.mark.slow
async def test_who_sends_too_slowly_is_refused_and_leaves_nothing(
    filing: Filing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "Pace", Hurried)
    answer = await (await slow_upload(filing, asyncio.Event()))
    assert answer.status_code == 408
    assert answer.json()["errors"][0]["extensions"]["code"] == "TRANSFER_TOO_SLOW"
    assert (await filing.rows(), filing.bytes_kept()) == ([], [])
    assert "file.upload" not in await filing.pipeline.store.operations()
    await filing.upload(filing.pipeline.cast.wang_main, await filing.pipeline.draft())


async def test_a_slow_workbook_of_drafts_is_refused_too(filing: Filing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "Pace", Hurried)

    async def dribble() -> AsyncIterator[bytes]:
        yield b"PK"
        await asyncio.Event().wait()

    answer = await filing.send(filing.pipeline.cast.wang_main, "/imports/drafts", dribble())
    assert (answer.status_code, json.loads(answer.content)["errors"][0]["extensions"]["code"]) == (
        408,
        "TRANSFER_TOO_SLOW",
    )


async def test_who_does_not_take_what_he_fetches_is_hung_up_on(filing: Filing, monkeypatch: pytest.MonkeyPatch) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    await filing.upload(main, record)
    (shown,) = await filing.files(main, record)
    monkeypatch.setattr(transfers, "Pace", Hurried)
    route, _, query = path_of(shown["url"]).partition("?")
    sent: list[str] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": route,
        "query_string": query.encode(),
        "headers": [],
        "client": ("127.0.0.1", 1),
    }
    app: Any = filing.client._transport.app  # type: ignore[attr-defined]
    await asyncio.wait_for(app(scope, receive, send), 5)
    assert sent == ["http.response.start", "http.response.body"]
    assert (await filing.fetch(shown["url"])).content == PDF
