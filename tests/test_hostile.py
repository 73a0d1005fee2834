"""Hostile input against the whole application: each gets a JSON refusal with code and request id, and no data."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import SecretStr

from api.app import create_app
from api.settings import Settings
from tests.pipeline import FORM
from tests.portal import ADDRESS, Portal, portal

__all__ = ["portal"]

JSON = {"content-type": "application/json"}


@asynccontextmanager
async def served(portal: Portal, environment: Any) -> AsyncIterator[AsyncClient]:
    """Serve the same installation in another environment."""
    store = portal.pipeline.store
    secret = SecretStr("a secret of nobody's, for these tests only")
    database = portal.database
    assert database is not None
    settings = Settings(database_url=database.url, environment=environment, secret_key=secret)
    app = create_app(settings, database=database, clock=store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app, raise_app_exceptions=False), base_url=ADDRESS) as client:
        yield client


def refusal(answer: Response, *codes: str) -> dict[str, Any]:
    """See that an answer is a refusal in JSON, with code, request id and no data."""
    assert "json" in answer.headers["content-type"]
    body: dict[str, Any] = orjson.loads(answer.content)
    assert set((body.get("data") or {}).values()) <= {None, "Query"}
    extensions = body["errors"][0]["extensions"]
    assert extensions["code"] in codes, body
    assert extensions["requestId"] == answer.headers["x-request-id"]
    assert extensions.get("messageZh")
    assert "Traceback" not in answer.text
    return body


BAD_BODIES = {
    "no body": (b"", JSON),
    "malformed JSON": (b'{"query": "{ __typename }"', JSON),
    "a batch": (b'[{"query": "{ __typename }"}]', JSON),
    "a number": (b"7", JSON),
    "not a number": (b'{"query": "query($n: Float) { __typename }", "variables": {"n": NaN}}', JSON),
    "infinity": (b'{"query": "{ __typename }", "variables": {"n": Infinity}}', JSON),
    "bad UTF-8": (b'{"query": "{ __typename \xff }"}', JSON),
    "half a surrogate": (b'{"query": "{ __typename }", "variables": {"t": "\\ud800"}}', JSON),
    "a form": (b"query=%7B__typename%7D", {"content-type": "application/x-www-form-urlencoded"}),
    "text": (b"{ __typename }", {"content-type": "text/plain"}),
    "no media type": (b'{"query": "{ __typename }"}', {}),
    "another charset": (b'{"query": "{ __typename }"}', {"content-type": "application/json; charset=gbk"}),
    "no query": (b'{"variables": {}}', JSON),
    "a query that is a list": (b'{"query": ["{ __typename }"]}', JSON),
    "variables that are a list": (b'{"query": "{ __typename }", "variables": []}', JSON),
    "variables that are text": (b'{"query": "{ __typename }", "variables": "{}"}', JSON),
    "too large": (b'{"query": "{ __typename }", "x": "' + b"x" * 300_000 + b'"}', JSON),
    "deep JSON": (b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}", JSON),
}


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_what_is_no_request_is_refused_in_json(portal: Portal, environment: str):
    async with served(portal, environment) as client:
        for name, (body, headers) in BAD_BODIES.items():
            answer = await client.post("/graphql", content=body, headers=headers)
            assert 400 <= answer.status_code < 500, name
            found = orjson.loads(answer.content)
            assert found["errors"][0]["extensions"]["code"] != "INTERNAL_ERROR", name
            refusal(answer, found["errors"][0]["extensions"]["code"])
            assert "data" not in found, name


async def test_other_methods_and_mutations_by_get_are_refused(portal: Portal):
    async with served(portal, "development") as client:
        for method in ("PUT", "DELETE", "PATCH"):
            answer = await client.request(method, "/graphql", content=b"{}", headers=JSON)
            assert answer.status_code == 405
            refusal(answer, "METHOD_NOT_ALLOWED")
        sign_in = 'mutation { sessionCreate(input: {login: "a", password: "b"}) { session { accessToken } } }'
        answer = await client.get("/graphql", params={"query": sign_in}, headers={"accept": "application/json"})
        assert answer.status_code == 405
        refusal(answer, "METHOD_NOT_ALLOWED")


def bomb(levels: int) -> str:
    """Write a document whose fragments double at each level."""
    fragments = [
        f"fragment f{level} on Opportunity {{ ...f{level + 1} ...f{level + 1} }}" for level in range(levels)
    ] + [f"fragment f{levels} on Opportunity {{ id }}"]
    return "{ opportunities(first: 1) { nodes { ...f0 } } } " + " ".join(fragments)


def aliased_bomb(levels: int) -> str:
    """Write a document whose reply would double at each level."""
    fragments = [
        f"fragment f{level} on Opportunity {{ a: previous {{ ...f{level + 1} }} b: previous {{ ...f{level + 1} }} }}"
        for level in range(levels)
    ] + [f"fragment f{levels} on Opportunity {{ id }}"]
    return "{ opportunities(first: 1) { nodes { ...f0 } } } " + " ".join(fragments)


COSTLY = {
    "deep": "{ opportunities { nodes " + "{ previous " * 20 + "{ id }" + " }" * 21 + " }",
    "many aliases": "{ " + " ".join(f"a{n}: viewer {{ language }}" for n in range(40)) + " }",
    "many directives": "{ viewer { " + " ".join("language @skip(if: false)" for _ in range(40)) + " } }",
    "many rows": """{ customers(first: 100) { nodes { opportunities(first: 100) { nodes {
        history(first: 100) { nodes { id changes } } } } } } }""",
    "many words": "{ viewer { " + "language " * 5000 + "} }",
    "an aliased fragment bomb": aliased_bomb(11),
    "a circle": "{ opportunities { nodes { ...a } } } fragment a on Opportunity { previous { ...b } } "
    "fragment b on Opportunity { previous { ...a } }",
}


@pytest.mark.parametrize("name", COSTLY)
async def test_what_asks_for_too_much_is_refused_before_it_runs(portal: Portal, name: str):
    main = portal.pipeline.cast.wang_main
    token = await portal.token(main)
    began = time.perf_counter()
    answer = await portal.client.post(
        "/graphql", json={"query": COSTLY[name]}, headers={"Authorization": f"Bearer {token}"}
    )
    assert time.perf_counter() - began < 2
    body = refusal(answer, *(orjson.loads(answer.content)["errors"][0]["extensions"]["code"],))
    assert body["errors"][0]["extensions"]["code"] not in ("INTERNAL_ERROR", "UNKNOWN")
    assert "data" not in body


async def test_a_fragment_bomb_takes_no_time(portal: Portal):
    """Fragments that double at each level are walked once each, by the analyzer and by the look-ahead."""
    main = portal.pipeline.cast.wang_main
    record = await portal.pipeline.draft()
    await portal.token(main)
    began = time.perf_counter()
    found = await portal.get(main, bomb(6))
    large = await portal.ask(main, bomb(25))
    assert time.perf_counter() - began < 2
    assert found["opportunities"]["nodes"] == [{"id": record.public_id}]
    assert [one["extensions"]["code"] for one in large["errors"]] == ["DOCUMENT_TOO_COSTLY"]


STRANGERS = [
    "{ viewer { language } }",
    "{ picklists { name } }",
    "{ refusals { code } }",
    "{ opportunities { totalCount } }",
    '{ node(id: "opp_00000000000070008000000000000000") { id } }',
    "{ __typename opportunitySummary { count } }",
    "{ a: __typename ...x } fragment x on Query { customers { totalCount } }",
    'mutation { opportunityCopy(input: {id: "x"}) { opportunity { id } } }',
    """mutation { sessionCreate(input: {login: "a", password: "b"}) { session { accessToken } }
      opportunityCopy(input: {id: "x"}) { opportunity { id } } }""",
]


async def test_production_answers_strangers_nothing_but_its_name_and_a_sign_in(portal: Portal):
    await portal.pipeline.submitted()
    async with served(portal, "production") as client:
        for query in STRANGERS:
            answer = await client.post("/graphql", json={"query": query})
            refusal(answer, "AUTHENTICATION_REQUIRED")
            assert "www-authenticate" in answer.headers
        for query in ("{ __schema { types { name } } }", '{ __type(name: "Opportunity") { name } }'):
            refusal(await client.post("/graphql", json={"query": query}), "INTROSPECTION_REFUSED")
        named = await client.post("/graphql", json={"query": "{ __typename }"})
        assert named.json() == {"data": {"__typename": "Query"}}
        wrong = 'mutation { sessionCreate(input: {login: "wang.fang", password: "x"}) { session { accessToken } } }'
        refusal(await client.post("/graphql", json={"query": wrong}), "WRONG_CREDENTIALS")
        hint = await client.post("/graphql", json={"query": "{ opportunitie { id } }"})
        assert "Did you mean" not in hint.text
        assert "opportunities" not in hint.text
        page = await client.get("/graphql", headers={"accept": "text/html"})
        assert "graphiql" not in page.text.lower()
        assert (await client.get("/graphql/static/graphiql.min.js")).status_code == 404


@pytest.mark.parametrize("query", [*STRANGERS[3:4], *STRANGERS[5:7]])
async def test_development_shows_strangers_the_schema_but_no_data(portal: Portal, query: str):
    await portal.pipeline.submitted()
    async with served(portal, "development") as client:
        refusal(await client.post("/graphql", json={"query": query}), "AUTHENTICATION_REQUIRED")
        schema = await client.post("/graphql", json={"query": "{ __schema { queryType { name } } }"})
        assert schema.json()["data"]["__schema"]["queryType"]["name"] == "Query"


@pytest.mark.parametrize("token", ["x", "Bearer", "pct_" + "0" * 40, "a.b.c", "é"])
async def test_a_token_that_is_none_is_refused_and_not_taken_for_a_stranger(portal: Portal, token: str):
    headers = {b"Authorization": f"Bearer {token}".encode()}
    answer = await portal.client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code in (400, 401)
    assert orjson.loads(answer.content)["errors"][0]["extensions"]["code"] != "INTERNAL_ERROR"


NUL = "a\x00b"
ODD_INPUTS: list[tuple[str, dict[str, Any]]] = [
    ("query($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }", {"f": {"text": NUL}}),
    ("query($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }", {"f": {"externalId": NUL}}),
    ("query($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }", {"f": {"office": [NUL]}}),
    ("query($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }", {"f": {"text": "%" * 5000}}),
    ("query($c: String) { opportunities(after: $c) { totalCount } }", {"c": NUL}),
    ("query($id: ID!) { node(id: $id) { id } }", {"id": NUL}),
    ("query($f: JournalFilter) { journal(filter: $f) { totalCount } }", {"f": {"atFrom": "0001-01-01T00:00:00Z"}}),
    ("query($f: JournalFilter) { journal(filter: $f) { totalCount } }", {"f": {"atFrom": "9999-12-31T23:59:59-12:00"}}),
    ("query($f: JournalFilter) { journal(filter: $f) { totalCount } }", {"f": {"subject": "_"}}),
    ("query($f: JournalFilter) { journal(filter: $f) { totalCount } }", {"f": {"operation": [NUL]}}),
    (
        "mutation($i: OpportunitySaveDraftInput!) { opportunitySaveDraft(input: $i) { replayed } }",
        {"i": {"form": {"name": NUL}}},
    ),
    (
        "mutation($i: OpportunitySaveDraftInput!) { opportunitySaveDraft(input: $i) { replayed } }",
        {"i": {"form": {"name": "x", "offeringIds": ["off_zz"]}}},
    ),
    (
        "mutation($i: OpportunitySaveDraftInput!) { opportunitySaveDraft(input: $i) { replayed } }",
        {"i": {"form": {"name": "x"}, "lines": [{"product": "x" * 5000, "quantity": -(2**31)}]}},
    ),
    (
        "mutation($i: OpportunitySaveDraftInput!) { opportunitySaveDraft(input: $i) { replayed } }",
        {"i": {"form": {"name": "x", "city": "x" * 100_000}, "externalId": "y" * 1000}},
    ),
    (
        "mutation($i: OpportunitySaveDraftInput!) { opportunitySaveDraft(input: $i) { replayed } }",
        {"i": {"form": {"name": "x"}, "idempotencyKey": NUL}},
    ),
    (
        "mutation($i: RevealInput!) { reveal(input: $i) { values { id } } }",
        {"i": {"type": "Opportunity", "field": "__class__", "ids": [], "reason": NUL}},
    ),
    (
        "mutation($i: RevealInput!) { reveal(input: $i) { values { id } } }",
        {"i": {"type": "Query", "field": "x", "ids": ["opp_0"]}},
    ),
]


async def test_odd_values_are_refused_or_answered_and_never_an_error_of_ours(portal: Portal):
    main = portal.pipeline.cast.wang_main
    for query, variables in ODD_INPUTS:
        answer = await portal.ask(main, query, **variables)
        codes = [one["extensions"]["code"] for one in answer.get("errors", [])]
        assert "INTERNAL_ERROR" not in codes, (variables, codes)
        if "\\x00" in repr(variables):
            assert codes == ["BAD_USER_INPUT"], variables
    literal = '{ opportunities(filter: {text: "a\\u0000b"}) { totalCount } }'
    answer = await portal.ask(main, literal)
    assert [one["extensions"]["code"] for one in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_the_reply_holds_nothing_that_changes_from_call_to_call(portal: Portal):
    record = await portal.pipeline.submitted()
    token = await portal.token(portal.pipeline.cast.wang_main)
    query = f'{{ opportunity(id: "{record.public_id}") {{ companyName name }} }}'
    answers = [
        await portal.client.post("/graphql", json={"query": query}, headers={"Authorization": f"Bearer {token}"})
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["x-request-id"] != answers[1].headers["x-request-id"]
    assert int(answers[0].headers["x-cost"]) <= int(answers[0].headers["x-cost-limit"])
    assert FORM["company_name"] not in answers[0].text
