"""A back-office for tests: its pages as a browser gets them, and forms as a browser sends them."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette

from admin.office import mount
from admin.site import Site
from admin.viewer import COOKIE
from api.database import Database
from models.identity import Account
from models.identity.sessions import SessionTerms, begin_visit
from models.kernel.access import Actor
from tests.people import Store
from tests.pipeline import Pipeline, open_pipeline

ADDRESS = "http://back-office.test"
TERMS = SessionTerms(
    key=b"k" * 32,
    reset_key=b"r" * 32,
    access=dt.timedelta(minutes=15),
    refresh=dt.timedelta(days=14),
    idle=dt.timedelta(minutes=30),
    absolute=dt.timedelta(hours=12),
)


@dataclass
class Visitor:
    """Somebody with a browser at the back-office."""

    client: AsyncClient
    account: Account

    async def get(self, path: str) -> Response:
        """Open a page."""
        return await self.client.get(f"/admin{path}")

    async def page(self, path: str) -> str:
        """Open a page that is there, and give what can be read on it."""
        answer = await self.get(path)
        assert answer.status_code == 200, (answer.status_code, path)
        return html.unescape(answer.text)

    async def token(self) -> str:
        """Take the form token from a page."""
        found = re.search(r'name="form-token" content="([0-9a-f]+)"', (await self.get("/password")).text)
        assert found is not None, "no page carries a form token"
        return found[1]

    async def send(
        self, path: str, *, token: str | None = None, origin: str | None = ADDRESS, **fields: Any
    ) -> Response:
        """Send a form of a page, with its token."""
        data = {"token": token if token is not None else await self.token(), **fields}
        headers = {"origin": origin} if origin else {}
        return await self.client.post(f"/admin{path}", data=data, headers=headers)


@dataclass
class Desk:
    """The back-office with everybody who works in it."""

    site: Site
    app: Starlette
    pipeline: Pipeline
    clients: list[AsyncClient]

    @property
    def store(self) -> Store:
        """Give the database and its clock."""
        return self.pipeline.store

    def browser(self) -> AsyncClient:
        """Open a browser in which nobody is signed in."""
        client = AsyncClient(transport=ASGITransport(self.app, raise_app_exceptions=False), base_url=ADDRESS)
        self.clients.append(client)
        return client

    async def enter(self, account: Account) -> Visitor:
        """Open a browser in which somebody is signed in; how he signs in has tests of its own."""
        himself = Actor(id=account.id, name=account.name, side=account.side)
        visit = await self.store.do(himself, lambda work: begin_visit(work, account, TERMS))
        client = self.browser()
        client.cookies.set(COOKIE, visit.token, domain="back-office.test", path="/admin")
        return Visitor(client, account)


@pytest_asyncio.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    """The back-office on a migrated database that only this test uses."""
    pipeline = await open_pipeline(Store(database.writer, database.reader))
    app = Starlette()
    site = mount(
        app, pipeline.store, TERMS, secret="s" * 40, secure=False, clock=pipeline.store.clock, export_key=b"e" * 32
    )
    found = Desk(site, app, pipeline, [])
    yield found
    for client in found.clients:
        await client.aclose()
