"""The command `operations`, run as an operator runs it: publish, list, diff, retire, check."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner

from api.cli_operations import operations_app
from api.plain import err, out
from models.identity import issue_token
from models.kernel.access import system_actor
from models.kernel.work import utc_now
from models.operations import Usage, write_down
from tests.operating import (
    BROKEN,
    MINE,
    NAMES,
    NAMES_TOO,
    a_client,
    admitted,
    apollo,
    decided,
    documents_of,
    sha256,
)
from tests.people import Cast, Clock, Store, cast, store

__all__ = ["cast", "store"]

APP = typer.Typer()
APP.add_typer(operations_app, name="operations")


class Now(Clock):
    """The clock that the commands themselves go by."""

    def __call__(self):
        return utc_now()


@pytest.fixture(autouse=True)
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setenv("PARTNER_CENTER_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    store.clock = Now()


async def run(*arguments: str, code: int = 0) -> str:
    """Run a command in a thread, since it has an event loop of its own; answer what it printed."""
    with out.capture() as said, err.capture() as complained:
        done = await asyncio.to_thread(CliRunner().invoke, APP, ["operations", *arguments])
    text = said.get() + complained.get() + done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, text
    return text


async def test_a_manifest_is_published_listed_compared_and_retired(store: Store, cast: Cast, tmp_path: Path):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(apollo(MINE, NAMES))
    second.write_text(apollo(MINE, NAMES_TOO))
    assert "no tool" in (await run("list")).casefold()
    assert "nothing yet" in await run("diff", "华启 CRM", str(first), code=1)
    said = await run("publish", "华启 CRM", str(first), "--label", "1.0")
    assert "Version 1.0 is published: 2 operations, 2 wait." in said
    assert sha256(NAMES) in said
    assert (await run("publish", client.public_id, str(first), "--label", "1.0")).startswith("Version 1.0")
    document = (await documents_of(store, client))[NAMES]
    await decided(store, lin, document)
    usage = Usage(store.clock)
    usage.seen(document.id, 0.01, False)
    await store.do(system_actor(), lambda work: write_down(work, usage.take()))
    listed = await run("list", "--client", "华启 CRM")
    assert "华启 CRM 1.0 (ID_ONLY, APOLLO)" in listed
    assert f"Names  {sha256(NAMES)}  QUERY, depth 3" in listed
    assert "ADMITTED until" in listed
    assert "1 calls, 0 errors" in listed
    compared = await run("diff", "华启 CRM", str(second))
    assert "(was Names under another id)" in compared
    assert "1 the same, 1 new, 1 gone." in compared
    assert "retires at 2099-01-01" in await run("retire", "华启 CRM", "1.0", "--at", "2099-01-01")
    assert "stays in use" in await run("retire", "华启 CRM", "1.0", "--undo")
    assert "retires at" in await run("retire", "华启 CRM", "1.0")
    assert "is retired and cannot" in await run("retire", "华启 CRM", "1.0", "--undo", code=1)
    assert "There is no version '3.0'." in await run("retire", "华启 CRM", "3.0", code=1)
    assert "0 tools are called" in await run("retire", "云帆 CRM", "1.0", code=1)


async def test_a_folder_of_files_is_published_with_fragments_from_other_files(store: Store, cast: Cast, tmp_path: Path):
    client = await a_client(store, await store.actor(cast.wang_main))
    (tmp_path / "mine.graphql").write_text(MINE)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "names.graphql").write_text("query Names { opportunities(first: 3) { nodes { ...Named } } }")
    (tmp_path / "fragments.graphql").write_text("fragment Named on Opportunity { id name }")
    said = await run("publish", "华启 CRM", str(tmp_path))
    assert "2 operations, 2 wait" in said
    found = await documents_of(store, client)
    assert MINE in found
    assert all(f"sha256:{one.sha256}" in said for one in found.values())
    assert [text for text in found if "fragment Named on Opportunity" in text]


async def test_what_is_wrong_is_told_whole_and_nothing_is_published(store: Store, cast: Cast, tmp_path: Path):
    await a_client(store, await store.actor(cast.wang_main))
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({sha256(MINE): NAMES, "b": BROKEN}))
    before = await store.everything()
    assert "looks like the SHA-256 hash" in await run("publish", "华启 CRM", str(wrong), code=1)
    submit = "opportunitySubmit(input: $input) { replayed }"
    twice = f"mutation($input: OpportunityInput!) {{ a: {submit} b: {submit} }}"
    wrong.write_text(json.dumps({"a": BROKEN, "b": "query {", "c": twice}))
    said = await run("publish", "华启 CRM", str(wrong), code=1)
    assert "Cannot query field 'nothing'" in said
    assert "Syntax Error" in said
    assert "“c” makes 2" in said
    assert "华启 CRM has published nothing." in await run("list", "--client", "华启 CRM")
    wrong.write_text("nothing")
    assert "no list of operations" in await run("publish", "华启 CRM", str(wrong), code=1)
    assert "no file or folder" in await run("publish", "华启 CRM", str(tmp_path / "absent"), code=1)
    (tmp_path / "x.graphql").write_text("query {")
    assert "Syntax Error" in await run("publish", "华启 CRM", str(tmp_path), code=1)
    assert await store.everything() == before


@pytest.mark.slow
async def test_a_schema_is_held_against_what_tools_run(store: Store, cast: Cast, tmp_path: Path):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await admitted(store, wang, lin, client, MINE, NAMES)
    assert "2 documents in use; 0 would break or lose, 0 would change." in await run("check")
    text = (files("api") / "schema.graphql").read_text("utf-8")
    opportunity = text.index("type Opportunity implements Node")
    removed = text[:opportunity] + text[opportunity:].replace("  name: String\n", "", 1).replace(
        "  name: String!\n", "", 1
    )
    assert removed != text
    schema = tmp_path / "next.graphql"
    schema.write_text(removed)
    said = await run("check", "--schema", str(schema), code=1)
    assert "华启软件有限公司 / 华启 CRM: Names" in said
    assert "never called" in said
    assert "Cannot query field 'name' on type 'Opportunity'" in said
    assert "Mine" not in said
    assert "1 would break" in said
    retyped = text.replace("  isTool: Boolean!", "  isTool: Boolean", 1)
    schema.write_text(retyped)
    said = await run("check", "--schema", str(schema), code=1)
    assert "Viewer.isTool changed type" in said
    assert "Names" not in said
    schema.write_text("no schema")
    assert "is no schema" in await run("check", "--schema", str(schema), code=1)


async def test_a_change_of_the_schema_that_touches_nobody_is_let_through(store: Store, cast: Cast, tmp_path: Path):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    await admitted(store, wang, lin, await a_client(store, wang), MINE)
    text = (files("api") / "schema.graphql").read_text("utf-8")
    schema = tmp_path / "next.graphql"
    schema.write_text(text.replace("  companyName: String @access", "  companyNames: String @access"))
    assert "0 would break" in await run("check", "--schema", str(schema))


async def test_a_change_of_roles_is_held_against_what_tools_read(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await admitted(store, wang, lin, client, NAMES, MINE)
    await store.do(wang, lambda work: issue_token(work, client.id, name="生产", scopes=["opportunity.customer:reveal"]))
    assert "0 would break or lose, 0 would change" in await run("check", "--roles")
    document = (await documents_of(store, client))[NAMES]
    for was, code, told in (("PLAIN", 1, "loses"), ("REFUSED", 0, "gains")):
        async with store.writer() as session, session.begin():
            analysis = {**document.analysis, "outcomes": {"Opportunity.companyName": was}}
            table = type(document).__table__  # type: ignore[attr-defined]
            await session.execute(sa.update(table).where(table.c.id == document.id).values(analysis=analysis))
        said = await run("check", "--roles", code=code)
        assert f"{told}: Opportunity.companyName: {was} -> MASKED_REVEALABLE" in said
        assert "Mine" not in said
