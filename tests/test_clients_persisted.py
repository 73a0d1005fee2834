"""Partner tools by clients of others: compiled by the client's own tool, published, admitted, and run by id alone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from graphql import print_ast
from typer.testing import CliRunner

from api.cli_operations import operations_app
from api.plain import err, out
from models.identity import ClientMode, IssuedToken, issue_token, scopes_for
from tests.clients import Place, by_gql, document, place, proven
from tests.operating import a_client, decided, documents_of
from tests.served import Workshop

__all__ = ["place"]

APP = typer.Typer()
APP.add_typer(operations_app, name="operations")
TOOL = "华启 CRM"

pytestmark = pytest.mark.node


class Tool:
    """A partner's tool in the mode that tools have: it calls by id, and only what is admitted."""

    def __init__(self, place: Place, record: Any, token: str) -> None:
        self.place = place
        self.record = record
        self.token = token

    @classmethod
    async def registered(cls, place: Place, mode: ClientMode | None = None) -> Tool:
        """Register a tool with a token that may do what its main account may let it do."""
        store, main = place.pipeline.store, place.pipeline.main
        record = await a_client(store, main, TOOL, mode)
        issued: IssuedToken = await store.do(
            main, lambda work: issue_token(work, record.id, name="prod", scopes=scopes_for(main))
        )
        return cls(place, record, issued.secret)

    async def publish(self, source: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        """Publish what the client's own tool wrote, as an operator does."""
        monkeypatch.setenv("PARTNER_CENTER_DATABASE_URL", self.place.database_url)
        with out.capture() as said, err.capture() as complained:
            done = await asyncio.to_thread(CliRunner().invoke, APP, ["operations", "publish", TOOL, str(source)])
        assert done.exit_code == 0, said.get() + complained.get() + done.output
        return said.get() + done.output

    async def admit(self) -> None:
        """Admit each of its documents, as ecosystem operations."""
        store = self.place.pipeline.store
        for one in (await documents_of(store, self.record)).values():
            await decided(store, self.place.pipeline.operations, one)

    async def refused(self, body: dict[str, Any]) -> str:
        """Send what may not run, and give the refusal's code."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx2.AsyncClient() as client:
            answer = (await client.post(self.place.address, json=body, headers=headers)).json()
        assert "data" not in answer
        return str(answer["errors"][0]["extensions"]["code"])


async def test_apollo_client_runs_its_manifest_by_hash_alone(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tool = await Tool.registered(place)
    workshop = await Workshop.open("apollo", tmp_path)
    await workshop.tool("generate-persisted-query-manifest")
    assert "3 operations, 3 wait" in await tool.publish(workshop.folder / "persisted-query-manifest.json", monkeypatch)
    unadmitted = await workshop.node("run.js", "manifest", place.address, tool.token)
    assert unadmitted["stopped"] == {"own": True, "code": "PERSISTED_QUERY_ID_REQUIRED"}
    await tool.admit()
    met = await workshop.node("run.js", "manifest", place.address, tool.token)
    await proven(place, met)
    assert not any("query" in one["names"] for one in met["sent"])
    got = await workshop.node("run.js", "manifest-get", place.address, tool.token)
    assert [one["method"] for one in got["sent"]] == ["GET"] * 3 + ["POST"] * 2
    assert (got["pages"], got["names"][1:]) == ([2, 2, 2], met["names"])
    free = await workshop.node("run.js", "post", place.address, tool.token)
    assert free["stopped"] == {"own": True, "code": "PERSISTED_QUERY_ID_REQUIRED"}


async def test_urql_runs_what_codegen_hashed_by_hash_alone(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tool = await Tool.registered(place)
    workshop = await Workshop.open("urql", tmp_path)
    await workshop.tool("graphql-codegen", "--config", "codegen.json")
    unpublished = await workshop.node("run.js", "ids", place.address, tool.token)
    assert unpublished["stopped"] == {"own": True, "code": "PERSISTED_QUERY_NOT_FOUND"}
    await tool.publish(workshop.folder / "generated" / "persisted-documents.json", monkeypatch)
    await tool.admit()
    met = await workshop.node("run.js", "ids", place.address, tool.token)
    await proven(place, met)
    assert not any("query" in one["names"] for one in met["sent"])
    free = await workshop.node("run.js", "post", place.address, tool.token)
    assert free["stopped"] == {"own": True, "code": "PERSISTED_QUERY_ID_REQUIRED"}


@pytest.mark.parametrize(("way", "algorithm"), [("documentId", "SHA256"), ("doc_id", "MD5")])
async def test_relay_runs_what_its_compiler_persisted_by_id_alone(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, algorithm: str
):
    tool = await Tool.registered(place)
    workshop = await Workshop.open("relay", tmp_path)
    settings = json.loads((workshop.folder / "persisted.json").read_text())
    settings["persistConfig"]["algorithm"] = algorithm
    (workshop.folder / "persisted.json").write_text(json.dumps(settings))
    (workshop.folder / "persisted-queries.json").write_text("{}")
    (workshop.folder / "__generated__").mkdir()
    await workshop.tool("relay-compiler", "persisted.json")
    unpublished = await workshop.node("run.js", way, place.address, tool.token)
    assert unpublished["stopped"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    await tool.publish(workshop.folder / "persisted-queries.json", monkeypatch)
    await tool.admit()
    met = await workshop.node("run.js", way, place.address, tool.token)
    await proven(place, met)
    assert met["refetched"] == {"by": "id", **met["saved"]}
    assert {name for one in met["sent"] for name in one["names"]} == {way, "variables"}


async def test_codegens_documents_run_by_their_sha1(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tool = await Tool.registered(place)
    workshop = await Workshop.open("codegen", tmp_path)
    await workshop.tool("graphql-codegen", "--config", "codegen.json")
    manifest = workshop.folder / "generated" / "persisted-documents.json"
    await tool.publish(manifest, monkeypatch)
    (id, text), *_ = json.loads(manifest.read_text()).items()
    assert await tool.refused({"documentId": id}) == "PERSISTED_QUERY_NOT_FOUND"
    await tool.admit()
    await proven(place, await workshop.node("run.ts", "documentId", place.address, tool.token))
    assert await tool.refused({"query": text}) == "PERSISTED_QUERY_ID_REQUIRED"


async def test_gql_sends_texts_of_a_published_folder_where_its_tool_is_held_to_a_safelist(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It knows no ids: it prints each document and sends the text, without the newline that ends the file."""
    tool = await Tool.registered(place, ClientMode.SAFELIST)
    for name in ("Pipeline", "Save", "Delete"):
        (tmp_path / f"{name}.graphql").write_text(print_ast(gql(document(name)).document) + "\n", "utf-8")
    await tool.publish(tmp_path, monkeypatch)
    client = Client(transport=AIOHTTPTransport(place.address, headers={"Authorization": f"Bearer {tool.token}"}))
    async with client as session:
        with pytest.raises(TransportQueryError, match="QUERY_NOT_IN_SAFELIST"):
            await by_gql(session)
        await tool.admit()
        await proven(place, await by_gql(session))
        with pytest.raises(TransportQueryError, match="QUERY_NOT_IN_SAFELIST"):
            await session.execute(gql("{ viewer { isTool } }"))
