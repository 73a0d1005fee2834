"""Tools that call admitted documents: what a stolen token runs, what a document grants, and what ends at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlmodel import col

from models.draft_import import template
from models.identity import ApiToken, ClientMode, create_client, issue_token, operator_actor, revoke_token, set_mode
from models.kernel.access import Actor
from models.operations import (
    DocumentKey,
    DocumentKind,
    DocumentStatus,
    ManifestEntry,
    ManifestFormat,
    OperationDocument,
    OperationManifest,
)
from models.rights import Right
from tests.pipeline import FORM
from tests.portal import Portal, portal

__all__ = ["portal"]

MINE = "query Mine($n: Int) { opportunities(first: $n) { nodes { id name } } }"
CONTACTS = "query Contacts { opportunities(first: 5) { nodes { name companyName } } }"
RENAME = """mutation Rename($id: ID!, $key: String!) { opportunitySaveDraft(input: {
  idempotencyKey: $key, id: $id, form: { name: "云上MES" } }) { opportunity { name } } }"""
OTHER = "{ opportunities(first: 1) { nodes { name status } } }"
SCOPES = [
    *(Right.OPPORTUNITY_READ_OWN, Right.OPPORTUNITY_SHARE, "opportunity.terms:plain"),
    "opportunity.customer:reveal",
]


@dataclass
class Tool:
    """A client application with documents and a token."""

    portal: Portal
    client_id: Any
    token: Any
    secret: str

    async def document(self, key: str, text: str, **facts: Any) -> OperationDocument:
        """Write the rows of a document that the tool may call by an id and by its hash."""
        retire_at = facts.pop("retire_at", None)
        digest = sha256(text.encode()).hexdigest()

        async def deed(work: Any) -> OperationDocument:
            times = {"created_at": work.now, "updated_at": work.now}
            document = OperationDocument(
                client_id=self.client_id,
                external_id=key,
                sha256=digest,
                text=text,
                kind=DocumentKind.MUTATION if text.startswith("mutation") else DocumentKind.QUERY,
                depth=3,
                cost=10,
                **{"status": DocumentStatus.ADMITTED, **facts},
                **times,
            )
            manifest = OperationManifest(
                client_id=self.client_id,
                label=key,
                format=ManifestFormat.LIST,
                content_hash=digest,
                size=1,
                published_by=work.actor.id,
                published_by_name=work.actor.name,
                retire_at=retire_at,
                **times,
            )
            for row in (document, manifest):
                work.add(row)
            await work.flush()
            for name in (key, f"sha256:{digest}"):
                work.add(DocumentKey(client_id=self.client_id, key=name, document_id=document.id))
            work.add(ManifestEntry(manifest_id=manifest.id, document_id=document.id, external_id=key))
            return document

        found: OperationDocument = await self.portal.pipeline.store.do(operator_actor(), deed)
        return found

    async def change(self, document: OperationDocument, **facts: Any) -> None:
        """Change a document's row, as an admission or a retirement does."""

        async def deed(work: Any) -> None:
            changed = sa.update(OperationDocument).where(col(OperationDocument.id) == document.id).values(**facts)
            await work.session.execute(changed)

        await self.portal.pipeline.store.do(operator_actor(), deed)

    async def mode(self, mode: ClientMode) -> None:
        """Switch the application's mode."""
        await self.portal.pipeline.store.do(operator_actor(), lambda work: set_mode(work, self.client_id, mode))

    async def post(self, path: str = "/graphql", **body: Any) -> Any:
        """Send a body."""
        return await self.portal.client.post(path, json=body, headers=self.headers)

    async def get(self, path: str, **headers: str) -> Any:
        """Fetch an address."""
        return await self.portal.client.get(path, headers=self.headers | headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.secret}", "accept": "application/graphql-response+json"}


async def a_tool(portal: Portal, owner: Actor, name: str, *, tied: bool = True) -> Tool:
    async def deed(work: Any) -> Any:
        client = await create_client(work, name=name)
        return await issue_token(work, client.id, name="生产", scopes=SCOPES, tied=tied)

    issued = await portal.pipeline.store.do(owner, deed)
    return Tool(portal, issued.token.client_id, issued.token, issued.secret)


@pytest_asyncio.fixture
async def tool(portal: Portal) -> Tool:
    """The tied token of a partner's tool with two admitted documents, beside other tools with documents of theirs."""
    pipeline = portal.pipeline
    await pipeline.draft()
    tool = await a_tool(portal, pipeline.main, "华启 CRM")
    await tool.document("mine", MINE)
    await tool.document("rename", RENAME)
    await tool.document("waiting", "query Waiting { opportunities(first: 1) { nodes { name } } }", status="WAITING")
    await tool.document("rejected", "query Rejected { opportunities(first: 1) { nodes { name } } }", status="REJECTED")
    past = pipeline.store.clock() - dt.timedelta(hours=1)
    await tool.document("expired", "query Expired { opportunities(first: 1) { nodes { name } } }", expires_at=past)
    await tool.document("retired", "query Retired { opportunities(first: 1) { nodes { name } } }", retire_at=past)
    second = await a_tool(portal, pipeline.main, "华启 BI")
    await second.document("second", "query Second { opportunities(first: 1) { nodes { name } } }")
    theirs = await a_tool(portal, pipeline.other_main, "云帆 CRM")
    await theirs.document("theirs", "query Theirs { opportunities(first: 1) { nodes { name } } }")
    assert (await tool.post(documentId="mine", variables={"n": 1})).status_code == 200
    return tool


def apq(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}


TEXTS = [
    OTHER,
    "{ __typename }",
    "{ __schema { types { name } } }",
    '{ __type(name: "Opportunity") { fields { name } } }',
    "{ viewer { permissions } }",
    MINE + " ",
    MINE.replace("name", "name status"),
    MINE + OTHER.replace("{ opp", "query More { opp", 1),
    "# " + MINE + "\n" + OTHER,
    'mutation { sessionCreate(input: { login: "wang.fang", password: "x" }) { session { accessToken } } }',
    "query Theirs { opportunities(first: 1) { nodes { name } } }",
    "query Waiting { opportunities(first: 1) { nodes { name } } }",
]
IDS = ["second", "theirs", "waiting", "rejected", "expired", "retired", "nothing", "MINE", "mine ", "mine\n"]


async def attempts(tool: Tool) -> list[tuple[str, Any]]:
    """Try everything that is no call of an admitted document of this tool, in every form."""
    made: list[tuple[str, Any]] = []
    for text in TEXTS:
        packed = quote(orjson.dumps(apq(text)))
        made += [
            (f"POST {text}", await tool.post(query=text)),
            (f"POST with variables {text}", await tool.post(query=text, variables={"n": 1}, operationName="Mine")),
            (f"GET {text}", await tool.get(f"/graphql?query={quote(text)}")),
            (f"hash {text}", await tool.post(extensions=apq(text))),
            (f"hash and text {text}", await tool.post(query=text, extensions=apq(text))),
            (f"hash again {text}", await tool.post(extensions=apq(text))),
            (f"GET hash {text}", await tool.get(f"/graphql?extensions={packed}")),
            (f"GET hash and text {text}", await tool.get(f"/graphql?query={quote(text)}&extensions={packed}")),
            (f"text and admitted id {text}", await tool.post(query=text, documentId="mine")),
            (f"text at the admitted path {text}", await tool.post("/graphql/mine", query=text)),
            (f"GET text at the path {text}", await tool.get(f"/graphql/mine?query={quote(text)}")),
            (f"another's hash {text}", await tool.post(query=text, extensions=apq(MINE))),
            (f"hash as id {text}", await tool.post(documentId=f"sha256:{sha256(text.encode()).hexdigest()}")),
        ]
    for key in IDS:
        made += [(f"POST {name}={key}", await tool.post(**{name: key})) for name in ("documentId", "id", "doc_id")]
        made += [
            (f"GET {key}", await tool.get(f"/graphql?documentId={quote(key)}")),
            (f"path {key}", await tool.get(f"/graphql/{quote(key)}")),
            (f"POST to path {key}", await tool.post(f"/graphql/{quote(key)}")),
            (f"path with a name {key}", await tool.post(f"/graphql/{quote(key)}/Mine")),
            (f"two ids {key}", await tool.post(documentId="mine", id=key)),
            (f"path and id {key}", await tool.post(f"/graphql/{quote(key)}", documentId="mine")),
        ]
    made.append(
        ("a mutation by GET", await tool.get("/graphql/rename?variables=%7B%22id%22:%22x%22,%22key%22:%22k%22%7D"))
    )
    made.append(("a list", await tool.portal.client.post("/graphql", json=[{"query": OTHER}], headers=tool.headers)))
    return made


@pytest.mark.parametrize("mode", list(ClientMode))
@pytest.mark.slow
async def test_a_stolen_tied_token_runs_nothing_but_admitted_documents(portal: Portal, tool: Tool, mode: ClientMode):
    """Whatever the mode of its application: no text, no hash, no other id, no introspection, not even `__typename`."""
    await tool.mode(mode)
    assert (await tool.post(documentId="mine", variables={"n": 1})).json()["data"]["opportunities"]["nodes"]
    before = await portal.pipeline.store.everything()
    for what, answer in await attempts(tool):
        body = answer.json()
        assert "data" not in body, what
        assert 400 <= answer.status_code < 500, what
    assert await portal.pipeline.store.everything() == before
    assert (await tool.post(documentId="mine", variables={"n": 1})).json()["data"]["opportunities"]["nodes"]


async def test_ids_that_may_not_run_are_one_answer(tool: Tool):
    answers = set()
    for key in IDS:
        answer = await tool.post(documentId=key)
        entry = answer.json()["errors"][0]
        entry["extensions"].pop("requestId")
        # What is left of the budget is told on each answer, and is all that differs.
        headers = {name: value for name, value in answer.headers.items() if not name.startswith(("x-req", "ratelimit"))}
        answers.add(orjson.dumps([entry, answer.status_code, sorted(headers.items())]))
    assert len(answers) == 1
    assert b"PERSISTED_QUERY_NOT_FOUND" in answers.pop()


@pytest.mark.parametrize("path", ["/imports/drafts", "/imports/leads"])
async def test_a_tool_bound_to_its_operations_brings_in_nothing_by_file(portal: Portal, tool: Tool, path: str):
    untied = await a_tool(portal, portal.pipeline.main, "华启 门户", tied=False)
    before = await portal.pipeline.store.everything()
    for bound in (tool, untied):
        posted = await portal.client.post(path, content=template("en", 200), headers=bound.headers)
        for answer in (posted, await bound.get(f"{path}/template")):
            assert answer.status_code == 403
            assert answer.json()["errors"][0]["extensions"]["code"] == "PEOPLE_ONLY"
    after = await portal.pipeline.store.everything()
    for rows in (before, after):
        # That a token was used is noted, and is no change of anything.
        rows["ApiToken"] = [row | {"last_used_at": None} for row in rows["ApiToken"]]
    assert after == before
    # An application that may ask anything may bring in files, within its scopes.
    await untied.mode(ClientMode.OPEN)
    assert (await untied.get("/imports/drafts/template")).status_code == 200


async def test_admitted_documents_run_in_every_form_that_the_mode_allows(tool: Tool):
    for mode in ClientMode:
        await tool.mode(mode)
        variables = quote('{"n":1}')
        packed = quote(orjson.dumps(apq(MINE)))
        by_id = [
            await tool.post(documentId="mine", variables={"n": 1}),
            await tool.post(extensions=apq(MINE), variables={"n": 1}),
            await tool.get(f"/graphql/mine?variables={variables}"),
            await tool.get(f"/graphql/mine/Mine?variables={variables}"),
            await tool.get(f"/graphql?extensions={packed}&variables={variables}"),
        ]
        assert len({answer.content for answer in by_id}) == 1
        assert by_id[0].json()["data"]["opportunities"]["nodes"]
        by_text = await tool.post(query=MINE, variables={"n": 1})
        if mode is ClientMode.ID_ONLY:
            assert by_text.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_ID_REQUIRED"
        else:
            assert by_text.content == by_id[0].content


async def test_an_untied_token_asks_what_the_mode_of_its_application_allows(portal: Portal):
    tool = await a_tool(portal, portal.pipeline.main, "华启 门户", tied=False)
    expected = {
        ClientMode.ID_ONLY: "PERSISTED_QUERY_ID_REQUIRED",
        ClientMode.SAFELIST: "QUERY_NOT_IN_SAFELIST",
        ClientMode.APQ: None,
        ClientMode.OPEN: None,
    }
    for mode, code in expected.items():
        await tool.mode(mode)
        answer = (await tool.post(query=OTHER)).json()
        assert ("data" in answer) is (code is None)
        assert code is None or answer["errors"][0]["extensions"]["code"] == code
    introspection = "{ __schema { queryType { name } } }"
    assert (await tool.post(query=introspection)).json()["data"]
    await tool.mode(ClientMode.APQ)
    refused = (await tool.post(query=introspection)).json()
    assert refused["errors"][0]["extensions"]["code"] == "INTROSPECTION_REFUSED"


async def test_what_is_retired_rejected_or_run_out_stops_with_the_next_call(portal: Portal, tool: Tool):
    document = await tool.document("soon", "query Soon { opportunities(first: 1) { nodes { name } } }")
    clock = portal.pipeline.store.clock

    async def runs() -> bool:
        answer = await tool.get("/graphql/soon")
        return bool(answer.status_code == 200)

    assert [await runs(), await runs()] == [True, True]
    await tool.change(document, status=DocumentStatus.REJECTED)
    assert not await runs()
    await tool.change(document, status=DocumentStatus.ADMITTED)
    assert await runs()
    await tool.change(document, expires_at=clock() + dt.timedelta(seconds=1))
    assert await runs()
    clock.forward(seconds=1)
    assert not await runs()


async def test_a_revoked_token_is_answered_neither_200_nor_304(portal: Portal, tool: Tool):
    tag = (await tool.get("/graphql/mine")).headers["etag"]
    assert (await tool.get("/graphql/mine", **{"if-none-match": tag})).status_code == 304
    await portal.pipeline.store.do(portal.pipeline.main, lambda work: revoke_token(work, tool.token.id))
    refused = await tool.get("/graphql/mine", **{"if-none-match": tag})
    assert refused.status_code == 401
    assert "data" not in refused.json()


async def test_an_answer_by_id_is_not_made_again_until_somebody_writes(portal: Portal, tool: Tool):
    first = await tool.get("/graphql/mine?variables=%7B%22n%22:5%7D")
    tag = {"if-none-match": first.headers["etag"]}
    again = await tool.get("/graphql/mine?variables=%7B%22n%22:5%7D", **tag)
    assert (again.status_code, again.content, again.headers["x-cost"]) == (304, b"", "1")
    await portal.pipeline.draft(name="常州物流供应链平台")
    changed = await tool.get("/graphql/mine?variables=%7B%22n%22:5%7D", **tag)
    assert changed.status_code == 200
    assert len(changed.json()["data"]["opportunities"]["nodes"]) == 2
    assert changed.headers["etag"] != first.headers["etag"]


async def test_readers_meanwhile_never_keep_what_was_before_a_write(portal: Portal, tool: Tool):
    """Whoever asks after a write is answered with it, however many asked while it was made."""
    address, tag = "/graphql/mine?variables=%7B%22n%22:50%7D", ""

    async def reading() -> None:
        nonlocal tag
        for _ in range(6):
            answer = await tool.get(address, **({"if-none-match": tag} if tag else {}))
            assert answer.status_code in (200, 304)
            tag = answer.headers["etag"]

    for number in range(4):
        writing = asyncio.create_task(portal.pipeline.draft(name=f"商机 {number}"))
        await asyncio.gather(*(reading() for _ in range(3)), writing)
        answer = await tool.get(address, **{"if-none-match": '"none"'})
        assert f"商机 {number}" in answer.text
        assert (await tool.get(address, **{"if-none-match": answer.headers["etag"]})).status_code == 304


async def test_a_grant_widens_the_rights_for_its_document_alone(portal: Portal, tool: Tool):
    """Of the tool's own rows: what it could reveal is plain in this document, and masked in every other."""
    await tool.document("granted", CONTACTS, grants=["opportunity.customer:plain"])
    await tool.document("not granted", CONTACTS.replace("Contacts", "Masked"))
    await portal.pipeline.submitted(name="我们的商机")
    await portal.pipeline.submitted(portal.pipeline.other_main, name="云帆的商机", company_name="无锡太湖光电有限公司")

    async def names(key: str, **headers: str) -> dict[str, str]:
        answer = (await tool.get(f"/graphql?documentId={quote(key)}", **headers)).json()
        return {node["name"]: node["companyName"] for node in answer["data"]["opportunities"]["nodes"]}

    company = FORM["company_name"]
    for _ in range(2):
        granted, masked = await names("granted"), await names("not granted")
        assert granted.keys() == masked.keys()
        assert "云帆的商机" not in granted
        assert granted["我们的商机"] == company
        assert masked["我们的商机"] != company
    tag = (await tool.get("/graphql/granted")).headers["etag"]
    assert (await tool.get("/graphql?documentId=not%20granted", **{"if-none-match": tag})).status_code == 200


async def test_a_token_has_a_budget_of_its_own(portal: Portal, tool: Tool):
    answer = await tool.get("/graphql/mine")
    assert answer.headers["ratelimit-limit"] == "1000000"
    left = int(answer.headers["ratelimit-remaining"])
    assert left < 1_000_000
    person = await portal.client.post(
        "/graphql",
        json={"query": OTHER},
        headers={"authorization": f"Bearer {await portal.token(portal.pipeline.cast.wang_main)}"},
    )
    assert int(person.headers["ratelimit-remaining"]) == 1_000_000 - int(person.headers["x-cost"])
    assert int((await tool.get("/graphql/mine")).headers["ratelimit-remaining"]) < left


async def test_where_documents_came_from_is_counted(portal: Portal, tool: Tool):
    async def figures() -> dict[str, float]:
        lines = (await portal.client.get("/metrics")).text.splitlines()
        return {name: float(n) for name, n in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    await tool.get("/graphql/mine")
    before = await figures()
    tag = (await tool.get("/graphql/mine")).headers["etag"]
    await tool.get("/graphql/mine", **{"if-none-match": tag})
    after = await figures()

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grown('partner_center_documents_total{source="persisted"}') == 2
    assert grown('partner_center_document_cache_total{cache="registered",outcome="hit"}') == 2
    assert grown("partner_center_not_modified_total") == 1


async def test_the_use_of_a_token_is_still_noted(portal: Portal, tool: Tool):
    async with portal.pipeline.store.reader() as session:
        found = await session.get(ApiToken, tool.token.id)
    assert found is not None
    assert found.last_used_at == portal.pipeline.store.clock()
