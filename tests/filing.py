"""A desk of files for tests: the application with a folder of its own, and people who send and fetch."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from httpx2 import ASGITransport, AsyncClient, Response

from admin.viewer import COOKIE
from api.app import create_app
from api.files import sweep_files
from api.identity import session_terms
from api.settings import Settings
from models.identity import Account, begin_visit
from models.opportunity import Opportunity
from tests.databases import Databases, open_database
from tests.people import Store
from tests.pipeline import Pipeline, peopled
from tests.portal import ADDRESS, Portal

PDF = b"%PDF-1.7\n" + b"contract " * 50
TICKET = """mutation($i: FileTicketCreateInput!) {
  fileTicketCreate(input: $i) { replayed preview { status } file { id } ticket { url size expiresAt } } }"""
REMOVE = "mutation($i: FileRemoveInput!) { fileRemove(input: $i) { file { id } } }"
LIST = """query($id: ID!) { opportunity(id: $id) { version attachments(first: 50) { totalCount nodes {
  id field name size mediaType sha256 uploadedByName subjectId url } } } }"""


def archive(*names: str) -> bytes:
    """Make an archive with these members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, name)
    return made.getvalue()


class Filing(Portal):
    """The application as whoever sends and fetches files meets it."""

    def __init__(self, client: AsyncClient, pipeline: Pipeline, folder: Path, storage: Any, url: str) -> None:
        super().__init__(client, pipeline)
        self.folder = folder
        self.storage: Any = storage
        self.url = url

    async def ticket(
        self, who: Account, subject: Any, name: str = "合同.pdf", size: int = len(PDF), **more: Any
    ) -> str:
        """Ask for a ticket that is given, and answer the address to send to."""
        given = {"subjectId": subject.public_id, "field": "EVIDENCE", "name": name, "size": size, **more}
        answer = await self.get(who, TICKET, i=given)
        return path_of(answer["fileTicketCreate"]["ticket"]["url"])

    async def send(self, who: Account | None, path: str, content: Any = PDF, **more: Any) -> Response:
        """Send bytes to a ticket's address."""
        headers = {"authorization": f"Bearer {await self.token(who)}"} if who else {}
        return await self.client.post(path, headers=headers, **({"content": content} | more))

    async def upload(
        self, who: Account, subject: Any, name: str = "合同.pdf", content: bytes = PDF, **more: Any
    ) -> str:
        """Upload a file that is taken, and answer its id."""
        answer = await self.send(who, await self.ticket(who, subject, name, len(content), **more), content)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    async def files(self, who: Account, record: Opportunity) -> list[dict[str, Any]]:
        """List what somebody sees of an opportunity's files."""
        found = (await self.get(who, LIST, id=record.public_id))["opportunity"]
        nodes: list[dict[str, Any]] = found["attachments"]["nodes"] if found else []
        return nodes

    async def fetch(self, link: str, who: Account | None = None) -> Response:
        """Follow a link."""
        headers = {"authorization": f"Bearer {await self.token(who)}"} if who else {}
        return await self.client.get(path_of(link), headers=headers)

    @asynccontextmanager
    async def browser(self, who: Account) -> AsyncIterator[AsyncClient]:
        """Open the back-office in a browser in which somebody is signed in."""
        app: Any = self.client._transport.app  # type: ignore[attr-defined]
        himself, terms = await self.pipeline.store.actor(who), session_terms(app.state.settings)
        visit = await self.pipeline.store.do(himself, lambda work: begin_visit(work, who, terms))
        async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
            client.cookies.set(COOKIE, visit.token, domain="partner-center.test", path="/admin")
            yield client

    async def rows(self) -> list[dict[str, Any]]:
        """Read every row of a file."""
        return (await self.pipeline.store.everything())["Attachment"]

    def bytes_kept(self) -> list[str]:
        """List every file that lies in the folder, gathered ones included."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    async def sweep(self) -> int:
        """Sweep as the timers do."""
        return await sweep_files(self.pipeline.store, self.storage, clock=self.pipeline.store.clock)


def path_of(address: str) -> str:
    """Give what of an address stands behind the host."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


@asynccontextmanager
async def open_filing(databases: Databases, folder: Path, **settings: Any) -> AsyncIterator[Filing]:
    """Open the application on a database and a folder that only this test uses."""
    template, made = await peopled(databases)
    url = await databases.copy(template)
    opened = open_database(url)
    pipeline = replace(made, store=Store(opened.writer, opened.reader))
    chosen = Settings(database_url=url, files_dir=folder, **settings)
    app = create_app(chosen, database=opened, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Filing(client, pipeline, folder, app.state.storage, url)
    await opened.dispose()
    await databases.drop(url)
