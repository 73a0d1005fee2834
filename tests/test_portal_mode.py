"""What people and strangers may send by the installation's settings, and how processes share what they may spend."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from api import doctor
from api.app import create_app
from api.database import Database
from api.installation import Installation
from api.settings import Settings, SettingsError
from tests.people import PASSWORD, Store, open_cast
from tests.portal import SIGN_IN
from tests.processes import serving
from tests.test_budget import redis
from tests.test_persisted import apq

__all__ = ["redis"]

SECRET = SecretStr("a secret for nothing but these tests")
SCHEMA = "{ __schema { queryType { name } } }"
ME = "{ viewer { isTool } }"


@asynccontextmanager
async def installation(database: Database, **settings: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """Open an application on a database, without its timers."""
    app = create_app(
        Settings(database_url=database.url, secret_key=SECRET, **settings), database=database, sweeping=False
    )
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://here")
    async with app.router.lifespan_context(app), client:
        yield client


async def signed_in(client: httpx2.AsyncClient) -> dict[str, str]:
    """Sign a main account in with the handshake of automatic persisted queries, as a portal's Apollo Client does."""
    asked = {"variables": {"i": {"login": "wang.fang", "password": PASSWORD}}, "extensions": apq(SIGN_IN)}
    first = (await client.post("/graphql", json=asked)).json()
    assert first["errors"][0]["message"] == "PersistedQueryNotFound"
    answer = (await client.post("/graphql", json=asked | {"query": SIGN_IN})).json()
    return {"authorization": f"Bearer {answer['data']['sessionCreate']['session']['accessToken']}"}


@pytest.mark.parametrize(
    ("settings", "introspects"),
    [
        ({"environment": "development"}, True),
        ({"environment": "development", "portal_mode": "apq"}, False),
        ({"environment": "production"}, False),
        ({"environment": "production", "portal_mode": "open"}, True),
    ],
)
async def test_people_may_send_texts_and_introspect_where_it_is_open(
    database: Database, settings: dict[str, Any], introspects: bool
):
    """A text without its hash runs in both modes: urql sends mutations so, and the hash proves nothing."""
    await open_cast(Store(database.writer, database.reader))
    async with installation(database, **settings) as client:
        person = await signed_in(client)
        for body in ({"query": ME}, {"query": ME, "extensions": apq(ME)}, {"extensions": apq(ME)}):
            answer = (await client.post("/graphql", json=body, headers=person)).json()
            assert answer == {"data": {"viewer": {"isTool": False}}}
        answer = (await client.post("/graphql", json={"query": SCHEMA}, headers=person)).json()
        assert ("data" in answer) is introspects
        if not introspects:
            assert answer["errors"][0]["extensions"]["code"] == "INTROSPECTION_REFUSED"
        unknown = await client.post("/graphql", json={"documentId": "nothing"}, headers=person)
        assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_in_production_no_address_below_graphql_answers_a_stranger(database: Database):
    async with installation(database, environment="production") as client:
        for path, status in (
            ("/graphql/static/graphiql.js", 404),
            ("/graphql/anything", 401),
            ("/graphql/anything/Name", 401),
            ("/graphql/anything/Name/more", 404),
        ):
            assert (await client.get(path)).status_code == status, path


async def test_processes_share_a_persons_budget_through_redis(database: Database, redis: str):
    await open_cast(Store(database.writer, database.reader))
    settings = {"redis_url": SecretStr(redis), "budget_cost": 100, "max_cost": 50, "workers": 4}
    async with installation(database, **settings) as one, installation(database, **settings) as other:
        person = await signed_in(one)
        left = []
        for client in (one, other, one):
            answer = await client.post("/graphql", json={"query": ME}, headers=person)
            left.append(int(answer.headers["ratelimit-remaining"]))
        assert left == [98, 96, 94]


@pytest.mark.slow
async def test_workers_of_one_server_share_a_budget_through_redis(database: Database, redis: str):
    """What is left goes down by the cost of each call, whichever of the workers answers it."""
    await open_cast(Store(database.writer, database.reader))
    settings = {"redis_url": redis, "budget_cost": "1000", "max_cost": "500", "log_level": "warning"}
    async with serving(database.url, "--workers", "2", **settings) as server:
        async with httpx2.AsyncClient(base_url=server.address) as client:
            person = await signed_in(client)

        async def left() -> int:
            # A new connection each time, which either worker may take.
            async with httpx2.AsyncClient(base_url=server.address) as client:
                answer = await client.post("/graphql", json={"query": ME}, headers=person)
            return int(answer.headers["ratelimit-remaining"])

        assert [await left() for _ in range(12)] == list(range(998, 974, -2))


async def test_the_doctor_says_whether_redis_answers(database: Database, redis: str):
    async def said(address: str) -> list[str]:
        settings = Settings(database_url=database.url, redis_url=SecretStr(address))
        house = Installation(settings, database, database.writer, database.reader, b"key")
        return [finding.what async for finding in doctor.examine(house) if "Redis" in finding.what]

    assert await said(redis) == ["Redis answers, and workers share what callers may spend."]
    away = ["Redis does not answer; each worker keeps its share of what callers may spend."]
    assert await said("redis://127.0.0.1:1/0") == away


async def test_without_its_library_redis_is_refused_in_plain_words(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError, match=r"pip install partner-center\[redis\]"):
        create_app(Settings(database_url=database.url, redis_url=SecretStr("redis://127.0.0.1:1/0")), database=database)
