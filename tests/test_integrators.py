"""The integrators' guide tells the truth: each of its calls is made, in its order, against the demonstration."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio

from api.app import create_app
from api.demo import demo_token
from api.graphql.refusals import Code
from api.guide import GUIDE, guide
from api.installation import Installation, opened
from api.settings import Settings
from models.kernel.errors import every_code
from models.kernel.work import utc_now
from tests.databases import Databases
from tests.demonstration import demonstrated

TEXT = GUIDE.read_text("utf-8")
BLOCKS = re.findall(r"```(graphql|json refusal|json)\n(.*?)```", TEXT, re.DOTALL)


@pytest_asyncio.fixture(scope="module")
async def demonstration_left(databases: Databases) -> AsyncIterator[str]:
    """The address of the demonstration, which nobody has open."""
    url = await databases.copy()
    await (await demonstrated(url)).database.dispose()
    yield url
    await databases.drop(url)


@pytest_asyncio.fixture
async def house(databases: Databases, demonstration_left: str) -> AsyncIterator[Installation]:
    """A copy of the demonstration, for one test to change."""
    url = await databases.copy(demonstration_left)
    async with opened(Settings(database_url=url)) as installation:
        yield installation
    await databases.drop(url)


class Integrator:
    """Somebody who pastes one call after the other, and puts in what he was answered before."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        today = utc_now().date()
        self.known: dict[str, Any] = {
            "signing": str(today + dt.timedelta(days=60)),
            "live": str(today + dt.timedelta(days=120)),
        }

    async def send(self, document: str, **variables: Any) -> httpx2.Response:
        return await self.client.post("/graphql", json={"query": document, "variables": variables})

    async def call(self, document: str, variables: dict[str, Any]) -> Any:
        answer = await self.send(document, **variables | {n: self.known[n] for n in variables if n in self.known})
        said = answer.json()
        found = next(iter((said.get("data") or {}).values()), None)
        if isinstance(found, dict):
            record = found.get("opportunity") or found
            self.known |= {name: record[name] for name in ("id", "version") if name in record}
        return said


@pytest_asyncio.fixture
async def integrator(house: Installation) -> AsyncIterator[Integrator]:
    """An integrator with the token of the first partner's tool."""
    app = create_app(house.settings, database=house.database, sweeping=False)
    headers = {
        "authorization": f"Bearer {demo_token(house.settings)}",
        "accept": "application/graphql-response+json",
    }
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here", headers=headers) as client:
        yield Integrator(client)


def calls() -> list[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Give each document of the guide with its variables, and the refusal that it tells of."""
    found: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = []
    for kind, body in BLOCKS:
        if kind == "graphql":
            found.append((body, {}, None))
        elif kind == "json":
            found[-1] = (found[-1][0], json.loads(body), None)
        else:
            found[-1] = (*found[-1][:2], json.loads(body))
    return found


async def test_each_call_is_made_in_order_and_answers_what_is_told(integrator: Integrator):
    assert len(calls()) >= 11
    status = []
    for document, variables, refusal in calls():
        said = await integrator.call(document, variables)
        if refusal is None:
            assert "errors" not in said, (document, said)
            status += re.findall(r'"status": "(\w+)"', json.dumps(said["data"])) if "mutation" in document else []
            continue
        (entry,) = said["errors"]
        assert entry["extensions"]["code"] == refusal["code"]
        told = {one["code"] for one in entry["extensions"]["violations"]}
        assert set(refusal.get("violations", [])) <= told
    assert status == ["DRAFT", "DRAFT", "AUDITING"]


async def test_the_line_that_is_pasted_into_a_shell_works(integrator: Integrator):
    (line,) = re.findall(r"```sh\n(curl.*?)```", TEXT, re.DOTALL)
    words = shlex.split(line.replace("\\\n", " "))
    answer = await integrator.client.post("/graphql", json=json.loads(words[words.index("-d") + 1]))
    assert answer.status_code == 200
    assert answer.json()["data"]["viewer"]["isTool"]


def named(name: str) -> str:
    return next(document for document, _, _ in calls() if re.search(rf"(query|mutation) {name}\b", document))


async def pages(integrator: Integrator, name: str, **variables: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        said = (await integrator.send(named(name), after=after, **variables)).json()
        assert "errors" not in said, said
        rows += said["data"]["opportunities"]["nodes"]
        after = said["data"]["opportunities"]["pageInfo"]["endCursor"]
        if not said["data"]["opportunities"]["pageInfo"]["hasNextPage"]:
            return rows


async def test_a_pipeline_is_mirrored_whole_and_kept_up_to_date(integrator: Integrator):
    mirror = {row["id"]: row for row in await pages(integrator, "Mirror")}
    total = (await integrator.send(named("Look"))).json()["data"]["opportunities"]["totalCount"]
    assert len(mirror) == total > 10
    assert {row["id"] for row in await pages(integrator, "Ids")} == set(mirror)
    times = [row["updatedAt"] for row in mirror.values()]
    assert times == sorted(times)

    since = times[-1]
    assert {row["updatedAt"] for row in await pages(integrator, "Changed", since=since)} == {since}
    progress = next(row for row in mirror.values() if row["status"] == "VALIDATED" and row["direction"] == "PO")
    reported = """mutation($id: ID!) { opportunityReportProgress(input: {
      idempotencyKey: "progress-1", id: $id, stage: SOLUTION, winProbability: 55
      details: "方案已提交", note: "重新评估"
    }) { progressUpdate { id } } }"""
    saved = await integrator.send(named("Save"), key="a")
    new = saved.json()["data"]["opportunitySaveDraft"]["opportunity"]["id"]
    said = (await integrator.send(reported, id=progress["id"])).json()
    assert "errors" not in said, said
    changed = {row["id"]: row for row in await pages(integrator, "Changed", since=since)}
    assert {new, progress["id"]} <= set(changed)
    assert changed[progress["id"]]["version"] == progress["version"]
    assert changed[progress["id"]]["updatedAt"] > progress["updatedAt"]


async def test_a_repeat_with_the_same_key_does_nothing_twice(integrator: Integrator):
    first = (await integrator.send(named("Save"), key="once")).json()["data"]["opportunitySaveDraft"]
    again = (await integrator.send(named("Save"), key="once")).json()["data"]["opportunitySaveDraft"]
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["opportunity"] == first["opportunity"]
    other = named("Save").replace("三期", "四期")
    (entry,) = (await integrator.send(other, key="once")).json()["errors"]
    assert entry["extensions"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    unkeyed = named("Save").replace("idempotencyKey: $key", "").replace("($key: String!)", "")
    (entry,) = (await integrator.send(unkeyed)).json()["errors"]
    assert entry["extensions"]["code"] == "IDEMPOTENCY_KEY_REQUIRED"


async def test_what_is_told_of_answers_and_headers_is_so(integrator: Integrator):
    answer = await integrator.send(named("Look"))
    assert int(answer.headers["x-cost"]) < int(answer.headers["x-cost-limit"])
    given = await integrator.client.post(
        "/graphql", json={"query": "{ nothing }"}, headers={"x-request-id": "my-own-request-1"}
    )
    assert given.status_code == 400
    assert given.headers["x-request-id"] == "my-own-request-1"
    assert given.json()["errors"][0]["extensions"]["requestId"] == "my-own-request-1"
    plain = await integrator.client.post(
        "/graphql", json={"query": "{ nothing }"}, headers={"accept": "application/json"}
    )
    assert plain.status_code == 200
    assert "data" not in plain.json()
    wrong = await integrator.client.post(
        "/graphql", json={"query": named("Look")}, headers={"authorization": "Bearer pct_wrong"}
    )
    assert wrong.status_code == 401
    assert wrong.json()["errors"][0]["extensions"]["code"] == "SIGN_IN_REQUIRED"
    typed = await integrator.client.post("/graphql", content="x", headers={"content-type": "text/plain"})
    assert typed.status_code == 415


def test_the_tables_of_codes_are_those_of_the_code():
    assert guide() == TEXT, "Run: partner-center export-schema"
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", TEXT, re.MULTILINE))
    assert rows >= set(every_code()) | {code.name for code in Code}


def test_each_link_of_the_guide_leads_to_a_file():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (Path(GUIDE).parent / link).exists()] == []
