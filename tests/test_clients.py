"""Clients of others, unmodified, work against the application that a real server serves."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from graphql import GraphQLError

from api.app import create_app
from api.database import Database
from api.settings import Settings
from tests.clients import Place, asked, by_gql, place, proven
from tests.served import Workshop
from tests.test_persisted import SPACED_ID

__all__ = ["place"]

pytestmark = pytest.mark.node


@pytest.mark.parametrize("way", ["post", "get"])
async def test_apollo_client_works(place: Place, tmp_path: Path, way: str):
    workshop = await Workshop.open("apollo", tmp_path)
    met = await workshop.node("run.js", way, place.address, place.token)
    await proven(place, met)
    assert [one["method"] for one in met["sent"]] == [way.upper()] * 3 + ["POST"] * 2


@pytest.mark.parametrize("way", ["apq", "apq-get"])
async def test_apollo_client_shakes_hands_over_each_text_once(place: Place, tmp_path: Path, way: str):
    """It sends the hash alone, is told that the text is not known, sends both, and from then on the hash."""
    workshop = await Workshop.open("apollo", tmp_path)
    met = await workshop.node("run.js", way, place.address, place.token)
    await proven(place, met)
    query = "GET" if way == "apq-get" else "POST"
    pages = [(query, False), ("POST", True), (query, False), (query, False)]
    assert asked(met) == [*pages, ("POST", False), ("POST", True), ("POST", False), ("POST", True)]


async def test_apollo_client_names_the_appendixs_document_by_its_published_identifier(place: Place, tmp_path: Path):
    """The server takes the hash for the text's own, and then finds that it has no users."""
    workshop = await Workshop.open("apollo", tmp_path)
    met = await workshop.node("vector.js", place.address, place.token)
    assert met == {"hashes": [SPACED_ID.removeprefix("sha256:")] * 2, "code": "GRAPHQL_VALIDATION_FAILED"}


async def test_a_browser_lets_a_portals_apollo_client_call_and_read_what_it_was_told(database: Database):
    """The frontend is of another origin, names itself as Apollo Client does, and sees costs, budgets and tags."""
    portal = "https://portal.example.com"
    app = create_app(Settings(database_url=database.url, allowed_origins=(portal,)), database=database, sweeping=False)
    named = "apollographql-client-name,apollographql-client-version,authorization,content-type,if-none-match"
    asks = {"Origin": portal, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": named}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://here") as client:
        allowed = await client.options("/graphql", headers=asks)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, portal)
        stranger = await client.options("/graphql", headers={**asks, "Origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in stranger.headers
        answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers={"Origin": portal})
    assert answer.json() == {"data": {"__typename": "Query"}}
    exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert {"etag", "retry-after", "ratelimit-remaining", "x-cost"} <= set(exposed)


async def test_urql_works(place: Place, tmp_path: Path):
    workshop = await Workshop.open("urql", tmp_path)
    await proven(place, await workshop.node("run.js", "post", place.address, place.token))


@pytest.mark.parametrize("way", ["apq", "apq-get"])
async def test_urql_shakes_hands_over_each_text_once(place: Place, tmp_path: Path, way: str):
    workshop = await Workshop.open("urql", tmp_path)
    met = await workshop.node("run.js", way, place.address, place.token)
    await proven(place, met)
    query = "GET" if way == "apq-get" else "POST"
    pages = [(query, False), (query, True), (query, False), (query, False)]
    changes = [("POST", False), ("POST", True)] * 2 if way == "apq" else [("POST", True)] * 2
    assert asked(met) == [*pages, *changes]


async def test_relay_compiles_the_schema_and_its_runtime_refetches_nodes_and_connections(place: Place, tmp_path: Path):
    workshop = await Workshop.open("relay", tmp_path)
    (workshop.folder / "__generated__").mkdir()
    await workshop.tool("relay-compiler")
    met = await workshop.node("run.js", "documentId", place.address, place.token)
    await proven(place, met)
    assert met["refetched"] == {"by": "id", **met["saved"]}


async def test_codegen_types_the_schema_and_its_documents_run(place: Place, tmp_path: Path):
    workshop = await Workshop.open("codegen", tmp_path)
    await workshop.tool("graphql-codegen", "--config", "codegen.json")
    await proven(place, await workshop.node("run.ts", "text", place.address, place.token))


async def test_gql_reads_the_schema_and_checks_documents_against_it(place: Place):
    """The client from PyPI asks the server for its whole schema first."""
    headers = {"Authorization": f"Bearer {place.token}"}
    client = Client(transport=AIOHTTPTransport(place.address, headers=headers), fetch_schema_from_transport=True)
    async with client as session:
        assert session.client.schema is not None
        assert "Opportunity" in session.client.schema.type_map
        with pytest.raises(GraphQLError, match="Cannot query field 'weather'"):
            await session.execute(gql("{ weather }"))
        await proven(place, await by_gql(session))
