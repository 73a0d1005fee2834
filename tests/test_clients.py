"""Clients of others, unmodified, work against the application that a real server serves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from gql import Client, gql
from gql.client import AsyncClientSession
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from graphql import GraphQLError

from api.app import create_app
from api.settings import Settings
from tests.databases import Databases, open_database
from tests.people import PASSWORD, Store
from tests.pipeline import Pipeline, peopled
from tests.portal import SIGN_IN
from tests.served import NODE, Workshop, serving

NAMES = ["华东制造云上ERP迁移", "常州物流供应链平台", "无锡生物科技算力", "南京医疗影像归档", "苏州装备数字孪生"]
MONEY = {"amount": "1200000.00", "currency": "CNY"}

pytestmark = pytest.mark.node


@dataclass
class Place:
    """Where the application answers, the token of a partner's main account, and what stands behind it."""

    address: str
    token: str
    pipeline: Pipeline


@pytest_asyncio.fixture
async def place(databases: Databases) -> AsyncIterator[Place]:
    """Serve a pipeline of five drafts."""
    template, made = await peopled(databases)
    url = await databases.copy(template)
    database = open_database(url)
    pipeline = replace(made, store=Store(database.writer, database.reader))
    for name in NAMES:
        await pipeline.draft(name=name)
        pipeline.store.clock.forward(minutes=1)
    app = create_app(Settings(database_url=url), database=database, clock=pipeline.store.clock, sweeping=False)
    async with serving(app) as address:
        async with httpx2.AsyncClient() as client:
            given = {"i": {"login": "wang.fang", "password": PASSWORD}}
            answer = await client.post(address, json={"query": SIGN_IN, "variables": given})
        yield Place(address, answer.json()["data"]["sessionCreate"]["session"]["accessToken"], pipeline)
    await databases.drop(url)


def document(name: str) -> str:
    """Read one of the operations that most of the clients share."""
    return (NODE / "operations" / f"{name}.graphql").read_text("utf-8")


async def proven(place: Place, met: dict[str, Any]) -> None:
    """See that a client read every row page by page, saved one, and understood why it was refused."""
    assert met["pages"] == [2, 2, 1]
    assert met["names"] == NAMES[::-1]
    assert (met["total"], met["status"]) == (len(NAMES), "DRAFT")
    assert met["expectedAmount"].items() >= MONEY.items()
    assert (met["saved"]["name"], met["saved"]["status"], met["saved"]["version"]) == ("苏州工厂数据湖", "DRAFT", 1)
    assert met["refused"]["own"], "the refusal was no error of the client's own type"
    assert met["refused"]["code"] == "STALE_VERSION"
    assert met["refused"]["message"]
    id = UUID(met["saved"]["id"].removeprefix("opp_"))
    journal = await place.pipeline.store.journal()
    assert [line.operation for line in journal if line.subject_id == id] == ["opportunity.save_draft"]


def asked(met: dict[str, Any]) -> list[tuple[str, bool]]:
    """Tell how each request came, and whether it brought its text."""
    return [(one["method"], "query" in one["names"]) for one in met["sent"]]


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


async def by_gql(session: AsyncClientSession) -> dict[str, Any]:
    """Do what the other clients do."""
    pages, rows, after, more, total = [], [], None, True, None
    while more:
        asked = gql(document("Pipeline"))
        asked.variable_values = {"first": 2, "after": after}
        found = (await session.execute(asked))["opportunities"]
        pages.append(len(found["edges"]))
        rows += [edge["node"] for edge in found["edges"]]
        more, after, total = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"], found["totalCount"]
    form = {"name": "苏州工厂数据湖", "expectedAmount": {"amount": "350000.00", "currency": "CNY"}}
    save = gql(document("Save"))
    save.variable_values = {"input": {"form": form, "idempotencyKey": "gql"}}
    saved = (await session.execute(save))["opportunitySaveDraft"]["opportunity"]
    delete = gql(document("Delete"))
    delete.variable_values = {"input": {"id": saved["id"], "version": saved["version"] + 7}}
    with pytest.raises(TransportQueryError) as raised:
        await session.execute(delete)
    (entry,) = raised.value.errors or []
    return {
        "pages": pages,
        "names": [row["name"] for row in rows],
        "total": total,
        "status": rows[0]["status"],
        "expectedAmount": rows[0]["expectedAmount"],
        "saved": saved,
        "refused": {"own": True, "message": entry["message"], "code": entry["extensions"]["code"]},
    }
