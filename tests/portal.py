"""A portal for tests: GraphQL over HTTP against the whole application, signed in as somebody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.database import Database
from api.settings import Settings
from models.identity import Account
from tests.people import PASSWORD, Store
from tests.pipeline import Pipeline, open_pipeline

ADDRESS = "http://partner-center.test"
SIGN_IN = "mutation($i: SessionCreateInput!) { sessionCreate(input: $i) { session { accessToken } } }"


class Portal:
    """The application as a frontend meets it."""

    def __init__(self, client: AsyncClient, pipeline: Pipeline, database: Database | None = None) -> None:
        self.client = client
        self.pipeline = pipeline
        self.database = database
        self._tokens: dict[Any, str] = {}

    async def token(self, account: Account) -> str:
        """Sign somebody in, once."""
        if account.id not in self._tokens:
            answer = await self.client.post(
                "/graphql",
                json={
                    "query": SIGN_IN,
                    "variables": {"i": {"login": account.login, "password": PASSWORD}},
                },
            )
            self._tokens[account.id] = answer.json()["data"]["sessionCreate"]["session"]["accessToken"]
        return self._tokens[account.id]

    def forget_tokens(self) -> None:
        """Let everybody sign in again, as after a while."""
        self._tokens.clear()

    async def ask(self, account: Account | None, query: str, **variables: Any) -> dict[str, Any]:
        """Send a query as somebody and give the whole answer."""
        headers = {"Authorization": f"Bearer {await self.token(account)}"} if account else {}
        answer = await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, account: Account | None, query: str, **variables: Any) -> Any:
        """Send a query that nothing stands against, and give its data."""
        answer = await self.ask(account, query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def refusal(self, account: Account | None, query: str, **variables: Any) -> dict[str, Any]:
        """Send what is refused: no data, nothing changed, journal included; give the refusal's extensions."""
        if account is not None:
            await self.token(account)
        before = await self.pipeline.store.everything()
        answer = await self.ask(account, query, **variables)
        assert not any((answer.get("data") or {}).values())
        assert await self.pipeline.store.everything() == before
        found: dict[str, Any] = answer["errors"][0]["extensions"]
        return found


@pytest_asyncio.fixture
async def portal(database: Database) -> AsyncIterator[Portal]:
    """The application on a migrated database with a pipeline's people."""
    pipeline = await open_pipeline(Store(database.writer, database.reader))
    app = create_app(Settings(database_url=database.url), database=database, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Portal(client, pipeline, database)
