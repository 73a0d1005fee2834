"""Operations of tools over GraphQL: published, admitted, called by id, counted, retired; by nobody else."""

from __future__ import annotations

from functools import partial
from typing import Any

from httpx2 import ASGITransport, AsyncClient
from pydantic import SecretStr

from api.app import create_app
from api.settings import Settings
from api.usage import flush
from models.identity import operator_actor, set_mode
from models.identity.record import ClientMode
from models.kernel.values import parse_public_id
from tests.operating import BROKEN, MINE, NAMES, NAMES_TOO, SUBMIT, apollo, sha256
from tests.portal import Portal, portal

__all__ = ["portal"]

CREATE = """mutation($i: ClientCreateInput!) { clientCreate(input: $i) { client { id mode version } } }"""
TOKEN = "mutation($i: TokenCreateInput!) { tokenCreate(input: $i) { secret token { tied } } }"
MODE = "mutation($i: ClientSetModeInput!) { clientSetMode(input: $i) { client { mode version } } }"
PUBLISH = """mutation($i: OperationManifestPublishInput!) { operationManifestPublish(input: $i) { replayed manifest {
  id label size format status retired version entries(first: 10) { nodes { externalId document { id name status } } }
} } }"""
RETIRE = """mutation($i: OperationManifestRetireInput!) { operationManifestRetire(input: $i) {
  manifest { status retireAt retired version } } }"""
UNRETIRE = """mutation($i: OperationManifestUnretireInput!) { operationManifestUnretire(input: $i) {
  manifest { status retireAt version } } }"""
DOCUMENTS = """query($f: OperationDocumentFilter) { operationDocuments(first: 10, filter: $f) { nodes { id externalId
  name kind depth cost status grants expiresAt verdictReason text version fields permissions
  ruledFields { field plain reveal } deprecatedFields { field } client { name } submitter { name }
  usage { calls errors p95Milliseconds lastSeenAt } change { sinceId lines fieldsAdded fieldsRemoved } } } }"""
QUEUE = """{ approvals(filter: {kind: ["operations.admission"]}) { nodes { id label subjectId
  about { verdicts { verb } } subject { id ... on OperationDocument { name version } } } } }"""
DECIDE = "mutation($i: ApprovalDecideInput!) { approvalDecide(input: $i) { approval { state verdict } } }"


async def a_tool(portal: Portal, *, tied: bool = False, scopes: list[str] | None = None) -> tuple[dict[str, Any], str]:
    """Register a tool as a partner's main account does, and issue its token."""
    main = portal.pipeline.cast.wang_main
    client = (await portal.get(main, CREATE, i={"name": "华启 CRM"}))["clientCreate"]["client"]
    given = scopes or ["opportunity:read_own_organisation", "opportunity.terms:plain", "opportunity.customer:reveal"]
    issued = await portal.get(main, TOKEN, i={"client": client["id"], "name": "生产", "scopes": given, "tied": tied})
    assert issued["tokenCreate"]["token"] == {"tied": tied}
    return client, issued["tokenCreate"]["secret"]


async def call(portal: Portal, secret: str, **body: Any) -> dict[str, Any]:
    answer = await portal.client.post("/graphql", json=body, headers={"Authorization": f"Bearer {secret}"})
    found: dict[str, Any] = answer.json()
    return found


async def decide(portal: Portal, name: str, verb: str = "admit", **terms: Any) -> dict[str, Any]:
    """Decide on the waiting document of a name as ecosystem operations do."""
    lin = portal.pipeline.cast.lin_operations
    entries = (await portal.get(lin, QUEUE))["approvals"]["nodes"]
    entry = next(one for one in entries if one["subject"]["name"] == name)
    given = {"id": entry["id"], "verdict": verb, "version": entry["subject"]["version"], **terms}
    answer: dict[str, Any] = await portal.ask(lin, DECIDE, i=given)
    return answer


def code_of(answer: dict[str, Any]) -> str:
    assert not any((answer.get("data") or {}).values())
    return str(answer["errors"][0]["extensions"]["code"])


async def test_from_publishing_to_a_counted_call(portal: Portal) -> None:
    main = portal.pipeline.cast.wang_main
    client, secret = await a_tool(portal)
    assert client["mode"] == "ID_ONLY"
    published = await portal.get(
        main, PUBLISH, i={"client": client["id"], "label": "1.0", "manifest": apollo(MINE, NAMES)}
    )
    manifest = published["operationManifestPublish"]["manifest"]
    assert (manifest["label"], manifest["size"], manifest["format"], manifest["retired"]) == ("1.0", 2, "APOLLO", False)
    assert {one["externalId"] for one in manifest["entries"]["nodes"]} == {sha256(MINE), sha256(NAMES)}
    assert {one["document"]["status"] for one in manifest["entries"]["nodes"]} == {"WAITING"}
    unknown = await call(portal, secret, documentId=sha256(NAMES))
    nowhere = await call(portal, secret, documentId="0" * 64)
    for one in (unknown, nowhere):
        one["errors"][0]["extensions"].pop("requestId")
    assert unknown == nowhere
    answer = await decide(portal, "Names", expiresAt="2026-12-31T00:00:00Z", grants=["opportunity.customer:plain"])
    assert answer["data"]["approvalDecide"]["approval"] == {"state": "CLOSED", "verdict": "admit"}
    record = await portal.pipeline.draft()
    answer = await call(portal, secret, documentId=sha256(NAMES), variables={"first": 5})
    assert answer["data"]["opportunities"]["nodes"] == [
        {"id": record.public_id, "name": record.name, "companyName": record.company_name}
    ]
    assert "errors" not in await call(portal, secret, documentId=f"sha256:{sha256(NAMES)}")
    assert code_of(await call(portal, secret, query=NAMES)) == "PERSISTED_QUERY_ID_REQUIRED"
    assert "errors" in await call(portal, secret, documentId=sha256(NAMES), variables={"first": 9999})
    used = portal.client._transport.app.state.usage  # type: ignore[attr-defined]
    assert await flush(portal.pipeline.store, used, clock=portal.pipeline.store.clock) == 1
    nodes = (await portal.get(main, DOCUMENTS, f={"client": client["id"]}))["operationDocuments"]["nodes"]
    names = next(one for one in nodes if one["name"] == "Names")
    assert names["usage"]["calls"] == 3
    assert names["usage"]["errors"] == 1
    assert names["usage"]["p95Milliseconds"] > 0
    assert names["expiresAt"] == "2026-12-31T00:00:00.000000Z"
    assert names["client"] == {"name": "华启 CRM"}
    assert names["submitter"] == {"name": "王芳"}
    assert names["ruledFields"] == [
        {
            "field": "Opportunity.companyName",
            "plain": "opportunity.customer:plain",
            "reveal": "opportunity.customer:reveal",
        }
    ]
    assert "Opportunity.name" in names["fields"]


async def test_the_reviewer_sees_what_changed_and_may_reject_with_a_reason(portal: Portal) -> None:
    cast = portal.pipeline.cast
    client, _ = await a_tool(portal)
    for label, text in (("1.0", NAMES), ("2.0", NAMES_TOO)):
        await portal.get(cast.wang_main, PUBLISH, i={"client": client["id"], "label": label, "manifest": apollo(text)})
        if label == "1.0":
            await decide(portal, "Names")
    nodes = (await portal.get(cast.lin_operations, DOCUMENTS))["operationDocuments"]["nodes"]
    change = next(one["change"] for one in nodes if one["text"] == NAMES_TOO)
    assert change["fieldsAdded"] == ["Opportunity.contactName", "Opportunity.stage"]
    assert change["fieldsRemoved"] == ["Opportunity.companyName"]
    assert code_of(await decide(portal, "Names", "reject")) == "REASON_REQUIRED"
    assert code_of(await decide(portal, "Names", grants=["account:manage"])) == "GRANT_NOT_ALLOWED"
    assert "errors" not in await decide(portal, "Names", "reject", reason="联系人姓名请另行申请")
    nodes = (await portal.get(cast.wang_main, DOCUMENTS, f={"status": ["REJECTED"]}))["operationDocuments"]["nodes"]
    assert [one["verdictReason"] for one in nodes] == ["联系人姓名请另行申请"]
    again = (
        "mutation($i: OperationDocumentAskAgainInput!) { operationDocumentAskAgain(input: $i) { document { status } } }"
    )
    given = {"id": nodes[0]["id"], "version": nodes[0]["version"]}
    asked = await portal.get(cast.wang_main, again, i=given)
    assert asked["operationDocumentAskAgain"]["document"] == {"status": "WAITING"}


async def test_what_does_not_hold_is_told_of_every_document_and_nothing_is_published(portal: Portal) -> None:
    main = portal.pipeline.cast.wang_main
    client, _ = await a_tool(portal)
    operations = [
        {"id": "a", "text": BROKEN},
        {"id": "b", "text": MINE},
        {"id": sha256(MINE), "text": NAMES},
    ]
    refused = await portal.refusal(main, PUBLISH, i={"client": client["id"], "operations": operations})
    assert [(one["code"], one["path"][:2]) for one in refused["violations"]] == [
        ("FORGED_ID", ["documents", 2]),
        ("DOCUMENT_INVALID", ["documents", 0]),
    ]
    two = SUBMIT.replace("{ opportunitySubmit", "{ b: opportunitySubmit(input: $input) { replayed } opportunitySubmit")
    operations = [{"id": "a", "text": BROKEN}, {"id": "b", "text": "query {"}]
    refused = await portal.refusal(main, PUBLISH, i={"client": client["id"], "operations": operations})
    assert [one["path"] for one in refused["violations"]] == [["documents", 0], ["documents", 1]]
    refused = await portal.refusal(main, PUBLISH, i={"client": client["id"], "operations": [{"id": "c", "text": two}]})
    assert refused["code"] == "SEVERAL_CHANGES"
    assert (await portal.refusal(main, PUBLISH, i={"client": client["id"]}))["code"] == "FIELD_REQUIRED"
    assert (await portal.refusal(main, PUBLISH, i={"client": client["id"], "manifest": "x"}))[
        "code"
    ] == "MANIFEST_FORMAT"


async def test_another_partner_sees_nothing_of_it(portal: Portal) -> None:
    cast = portal.pipeline.cast
    client, _ = await a_tool(portal)
    given = {"client": client["id"], "label": "1.0", "manifest": apollo(MINE)}
    manifest = (await portal.get(cast.wang_main, PUBLISH, i=given))["operationManifestPublish"]["manifest"]
    document = manifest["entries"]["nodes"][0]["document"]
    for stranger in (cast.liu_main_of_yunfan, cast.chen_manager, cast.zhou_pdm, cast.li_administrator):
        seen = await portal.get(
            stranger,
            "query($id: ID!) { operationDocument(id: $id) { id } node(id: $id) { id } "
            "operationManifests { nodes { id } } operationDocuments { nodes { id } } clients { nodes { id } } }",
            id=document["id"],
        )
        assert seen["operationDocument"] is None
        assert seen["node"] is None
        assert [seen[one]["nodes"] for one in ("operationManifests", "operationDocuments", "clients")] == [[]] * 3
    liu = cast.liu_main_of_yunfan
    assert (await portal.refusal(liu, PUBLISH, i=given))["code"] == "NOT_FOUND"
    retire = {"id": manifest["id"], "version": 1}
    assert (await portal.refusal(liu, RETIRE, i=retire))["code"] == "NOT_FOUND"
    assert (await portal.refusal(liu, MODE, i={"id": client["id"], "version": 1, "mode": "SAFELIST"}))[
        "code"
    ] == "NOT_FOUND"


async def test_a_version_retires_on_its_date(portal: Portal) -> None:
    main = portal.pipeline.cast.wang_main
    client, secret = await a_tool(portal)
    published = await portal.get(main, PUBLISH, i={"client": client["id"], "manifest": apollo(MINE)})
    manifest = published["operationManifestPublish"]["manifest"]
    await decide(portal, "Mine")
    later = "2026-03-09T04:00:00Z"
    retired = await portal.get(main, RETIRE, i={"id": manifest["id"], "version": 1, "at": later})
    assert retired["operationManifestRetire"]["manifest"] == {
        "status": "RETIRING",
        "retireAt": "2026-03-09T04:00:00.000000Z",
        "retired": False,
        "version": 2,
    }
    assert "errors" not in await call(portal, secret, documentId=sha256(MINE))
    kept = await portal.get(main, UNRETIRE, i={"id": manifest["id"], "version": 2})
    assert kept["operationManifestUnretire"]["manifest"]["status"] == "PUBLISHED"
    past = {"id": manifest["id"], "version": 3, "at": "2026-01-01T00:00:00Z"}
    assert (await portal.refusal(main, RETIRE, i=past))["code"] == "RETIRE_DATE"
    await portal.get(main, RETIRE, i={"id": manifest["id"], "version": 3})
    assert code_of(await call(portal, secret, documentId=sha256(MINE))) == "PERSISTED_QUERY_NOT_FOUND"
    assert (await portal.refusal(main, UNRETIRE, i={"id": manifest["id"], "version": 4}))["code"] == "ALREADY_RETIRED"


async def test_the_mode_is_switched_live_and_loosened_by_ecosystem_operations_alone(portal: Portal) -> None:
    cast = portal.pipeline.cast
    client, secret = await a_tool(portal)
    free = {"query": "{ viewer { isTool } }"}
    assert code_of(await call(portal, secret, **free)) == "PERSISTED_QUERY_ID_REQUIRED"
    refused = await portal.refusal(cast.wang_main, MODE, i={"id": client["id"], "version": 1, "mode": "OPEN"})
    assert (refused["code"], refused["violations"][0]["path"]) == ("MODE_NOT_ALLOWED", ["mode"])
    assert (await portal.refusal(cast.wang_main, CREATE, i={"name": "x", "mode": "APQ"}))["code"] == "MODE_NOT_ALLOWED"
    auditor = portal.pipeline.accounts["auditor"]
    assert (await portal.refusal(auditor, MODE, i={"id": client["id"], "version": 1, "mode": "APQ"}))["code"] == (
        "PERMISSION_DENIED"
    )
    await portal.get(cast.lin_operations, MODE, i={"id": client["id"], "version": 1, "mode": "OPEN"})
    assert "errors" not in await call(portal, secret, **free)
    tightened = await portal.get(cast.wang_main, MODE, i={"id": client["id"], "version": 2, "mode": "SAFELIST"})
    assert tightened["clientSetMode"]["client"] == {"mode": "SAFELIST", "version": 3}
    assert "errors" in await call(portal, secret, **free)


async def test_a_stolen_token_that_is_tied_runs_the_admitted_operations_and_nothing_else(portal: Portal) -> None:
    main = portal.pipeline.cast.wang_main
    client, secret = await a_tool(portal, tied=True)
    await portal.get(main, PUBLISH, i={"client": client["id"], "manifest": apollo(MINE, NAMES)})
    await decide(portal, "Mine")
    id = parse_public_id(client["id"])[1]
    for mode in ClientMode:
        await portal.pipeline.store.do(operator_actor(), partial(set_mode, client_id=id, mode=mode))
        assert (await call(portal, secret, documentId=sha256(MINE)))["data"] == {"viewer": {"isTool": True}}
        for body in (
            {"query": "{ viewer { permissions } }"},
            {"query": NAMES, "variables": {"first": 1}},
            {"documentId": sha256(NAMES)},
            {"query": "{ __schema { types { name } } }"},
            {"query": NAMES, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(NAMES)}}},
            {"query": "mutation { noticesMarkRead(input: {}) { done } }"},
        ):
            answer = await call(portal, secret, **body)
            assert "errors" in answer
            assert not answer.get("data")


async def test_in_production_no_tool_is_opened(portal: Portal) -> None:
    lin, main = portal.pipeline.cast.lin_operations, portal.pipeline.cast.wang_main
    client, _ = await a_tool(portal)
    settings = Settings(
        database_url=portal.pipeline.store.writer.kw["bind"].url.render_as_string(hide_password=False),
        environment="production",
        secret_key=SecretStr("a secret of this installation alone, 2026"),
        base_url="https://partner-center.example",
        portal_mode="open",
    )
    app = create_app(settings, database=portal.database, clock=portal.pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="https://partner-center.example") as browser:
        production = Portal(browser, portal.pipeline, portal.database)
        given = {"id": client["id"], "version": 1, "mode": "OPEN"}
        assert (await production.refusal(lin, MODE, i=given))["code"] == "OPEN_MODE"
        assert (await production.refusal(main, CREATE, i={"name": "x", "mode": "OPEN"}))["code"] == "OPEN_MODE"
        await production.get(lin, MODE, i={**given, "mode": "APQ"})


async def test_a_tools_build_publishes_for_itself_and_for_no_other(portal: Portal) -> None:
    main = portal.pipeline.cast.wang_main
    client, secret = await a_tool(portal, scopes=["operations:publish"])
    other, _ = await a_tool(portal)
    for one in (client, other):
        given = {"id": parse_public_id(one["id"])[1]}
        await portal.pipeline.store.do(operator_actor(), partial(set_mode, client_id=given["id"], mode=ClientMode.OPEN))
    manifest = {"client": client["id"], "label": "1.0", "manifest": apollo(MINE), "idempotencyKey": "1.0"}
    made = await call(portal, secret, query=PUBLISH, variables={"i": manifest})
    assert made["data"]["operationManifestPublish"]["manifest"]["label"] == "1.0"
    again = await call(portal, secret, query=PUBLISH, variables={"i": manifest})
    assert again["data"]["operationManifestPublish"]["replayed"] is True
    stolen = {**manifest, "client": other["id"], "idempotencyKey": "2"}
    assert code_of(await call(portal, secret, query=PUBLISH, variables={"i": stolen})) == "NOT_FOUND"
    mode = {"id": client["id"], "version": 2, "mode": "SAFELIST", "idempotencyKey": "3"}
    assert code_of(await call(portal, secret, query=MODE, variables={"i": mode})) == "PEOPLE_ONLY"
    seen = await portal.get(main, "{ operationManifests { nodes { label client { name } } } }")
    assert seen["operationManifests"]["nodes"] == [{"label": "1.0", "client": {"name": "华启 CRM"}}]


async def test_the_tools_people_are_told(portal: Portal) -> None:
    cast = portal.pipeline.cast
    client, _ = await a_tool(portal)
    await portal.get(
        cast.wang_main, PUBLISH, i={"client": client["id"], "label": "1.0", "manifest": apollo(MINE, NAMES)}
    )
    await decide(portal, "Mine")
    await decide(portal, "Names", "reject", reason="用途不明")
    inbox = "{ notices(first: 10) { nodes { kind sentence path } } }"
    told = (await portal.get(cast.lin_operations, inbox))["notices"]["nodes"]
    assert told[0]["sentence"] == "“华启 CRM”的版本“1.0”已发布，其中的新操作等待准入审核。"
    mine = {one["kind"]: one for one in (await portal.get(cast.wang_main, inbox))["notices"]["nodes"]}
    assert mine["operations.refused"]["sentence"] == "“华启 CRM”的操作“Names”当前为：未准入。用途不明"
    assert mine["operations.decided"]["path"].startswith("/operations/versions/opm_")
    assert mine["operations.decided"]["sentence"].startswith("“华启 CRM”的版本“1.0”中的操作已全部审核")
