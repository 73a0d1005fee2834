"""What clients of others do in the tests: page through a pipeline, save a draft, be refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from gql import gql
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportQueryError

from api.app import create_app
from api.settings import Settings
from tests.databases import Databases, open_database
from tests.people import PASSWORD, Store
from tests.pipeline import Pipeline, peopled
from tests.portal import SIGN_IN
from tests.served import NODE, serving

NAMES = ["华东制造云上ERP迁移", "常州物流供应链平台", "无锡生物科技算力", "南京医疗影像归档", "苏州装备数字孪生"]
MONEY = {"amount": "1200000.00", "currency": "CNY"}


@dataclass
class Place:
    """Where the application answers, the token of a partner's main account, and what stands behind it."""

    address: str
    token: str
    pipeline: Pipeline
    database_url: str


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
        yield Place(address, answer.json()["data"]["sessionCreate"]["session"]["accessToken"], pipeline, url)
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
    stale = {"id": saved["id"], "version": saved["version"] + 7, "idempotencyKey": "gql-stale"}
    delete.variable_values = {"input": stale}
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
