"""What the endpoint accepts, refuses and says over HTTP."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest
from structlog.testing import capture_logs

from api.graphql import Answered, Limits
from api.logs import RequestLog
from tests.graphql_sample import sample_app

GRAPHQL = "application/graphql-response+json"


def client(**options: Any) -> httpx2.AsyncClient:
    """Return a client of the sample application."""
    transport = httpx2.ASGITransport(app=sample_app(**options))
    return httpx2.AsyncClient(transport=transport, base_url="http://sample")


async def ask(
    query: str, *, token: str | None = None, accept: str = GRAPHQL, variables: Any = None, **options: Any
) -> Any:
    """Ask once and return the response."""
    headers = {"accept": accept} | ({"authorization": f"Bearer {token}"} if token else {})
    async with client(**options) as http:
        return await http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


def refusal(response: Any, status: int, code: str) -> dict[str, Any]:
    """Assert that the response is one refusal in JSON, without data, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] in {f"{GRAPHQL}; charset=utf-8", "application/json; charset=utf-8"}
    body = response.json()
    assert set(body) == {"errors"}
    assert [entry["extensions"]["code"] for entry in body["errors"]] == [code]
    entry: dict[str, Any] = body["errors"][0]
    assert entry["message"]
    assert any("一" <= letter <= "鿿" for letter in entry["extensions"]["messageZh"])
    assert entry["extensions"]["requestId"] == response.headers["x-request-id"]
    return entry


async def test_a_query_is_answered_with_nothing_but_data():
    response = await ask("{ things(first: 2) { nodes { id colour } } }")
    assert response.status_code == 200
    assert response.json() == {
        "data": {"things": {"nodes": [{"id": "thg_1", "colour": "GREEN"}, {"id": "thg_2", "colour": "GREEN"}]}}
    }
    assert response.headers["x-cost"] == str(1 + 2 * 3)
    assert response.headers["x-cost-limit"] == "20000"
    again = await ask("{ things(first: 2) { nodes { id colour } } }")
    assert again.content == response.content
    assert again.headers["x-request-id"] != response.headers["x-request-id"]


async def test_directives_with_variables_are_weighed_anew_each_time():
    async with client() as http:
        query = "query($with: Boolean!) { thing { id title @include(if: $with) } }"
        for asked, expected in ((True, {"id", "title"}), (False, {"id"}), (True, {"id", "title"})):
            reply = await http.post("/graphql", json={"query": query, "variables": {"with": asked}})
            assert set(reply.json()["data"]["thing"]) == expected


async def test_a_query_may_come_by_get_and_a_mutation_may_not():
    async with client() as http:
        asked = {"query": "query($n: Int) { things(first: $n) { nodes { id } } }", "variables": '{"n": 1}'}
        response = await http.get("/graphql", params=asked)
        assert response.json() == {"data": {"things": {"nodes": [{"id": "thg_1"}]}}}
        refused = await http.get("/graphql", params={"query": "mutation { bump(by: 1) }"})
        refusal(refused, 405, "METHOD_NOT_ALLOWED")
        assert refused.headers["allow"] == "POST"
        assert (await http.post("/graphql", json={"query": "mutation { bump(by: 1) }"})).json() == {"data": {"bump": 2}}


async def test_other_methods_are_refused():
    async with client() as http:
        for method in ("PUT", "DELETE", "PATCH"):
            response = await http.request(method, "/graphql", json={"query": "{ __typename }"})
            refusal(response, 405, "METHOD_NOT_ALLOWED")
            assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "MALFORMED_JSON"),
        (b"{", 400, "MALFORMED_JSON"),
        (b"[" * 100_000, 400, "MALFORMED_JSON"),
        (b'{"query": "\\ud800"}', 400, "MALFORMED_JSON"),
        (b"7", 400, "MALFORMED_REQUEST"),
        (b"{}", 400, "MALFORMED_REQUEST"),
        (b'{"query": 5}', 400, "MALFORMED_REQUEST"),
        (b'{"query": "{ __typename }", "operationName": 5}', 400, "MALFORMED_REQUEST"),
        (b'{"query": "{ __typename }", "variables": [1]}', 400, "MALFORMED_REQUEST"),
        (b'{"query": "{ __typename }", "extensions": "x"}', 400, "MALFORMED_REQUEST"),
        (b'[{"query": "{ __typename }"}]', 400, "BATCH_NOT_SUPPORTED"),
        (b'{"query": "{ \xff }"}', 400, "BAD_ENCODING"),
        (b'{"query": "{ __typename }", "variables": {"x": NaN}}', 400, "NOT_FINITE_NUMBER"),
        (b'{"query": "{ __typename }", "variables": {"x": [-Infinity]}}', 400, "NOT_FINITE_NUMBER"),
        (b'{"query": "{ __typename }", "variables": {"x": 1e999}}', 400, "NOT_FINITE_NUMBER"),
        (b'{"query": "{ __typename }"}' + b" " * 300_000, 413, "BODY_TOO_LARGE"),
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
async def test_a_malformed_body_is_refused_in_json(body: bytes, status: int, code: str, accept: str):
    async with client() as http:
        headers = {"content-type": "application/json", "accept": accept}
        response = await http.post("/graphql", content=body, headers=headers)
        refusal(response, status, code)
        assert response.headers["content-type"].startswith(accept)


async def test_too_large_a_body_without_a_declared_length_is_refused_while_it_is_read():
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(10_000):
            read += 1
            yield b" " * 1000

    async with client(limits=Limits(body_bytes=10_000)) as http:
        response = await http.post("/graphql", content=endless(), headers={"content-type": "application/json"})
    refusal(response, 413, "BODY_TOO_LARGE")
    assert read <= 12


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/graphql", "multipart/form-data; boundary=x", "application/json; charset=gbk"],
)
async def test_another_media_type_is_refused(content_type: str):
    async with client() as http:
        body = b'{"query": "{ __typename }"}'
        response = await http.post("/graphql", content=body, headers={"content-type": content_type})
        refusal(response, 415, "UNSUPPORTED_MEDIA_TYPE")
        compressed = {"content-type": "application/json", "content-encoding": "gzip"}
        refused = await http.post("/graphql", content=gzip.compress(body), headers=compressed)
        refusal(refused, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.1, application/json", "application/json"),
        (f"application/json;q=0, {GRAPHQL};q=0.5", GRAPHQL),
        ("text/html, image/*", None),
        ("application/json;q=0", None),
    ],
)
async def test_the_answer_comes_in_what_is_accepted(accept: str | None, expected: str | None):
    async with client() as http:
        del http.headers["accept"]
        headers = {"accept": accept} if accept else {}
        response = await http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    if expected is None:
        refusal(response, 406, "NOT_ACCEPTABLE")
    else:
        assert response.headers["content-type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize(
    ("query_string", "code"),
    [
        ("query=%ff%fe", "BAD_ENCODING"),
        ("query=%7B__typename%7D&variables=%7B", "MALFORMED_JSON"),
        ("query=%7B__typename%7D&variables=5", "MALFORMED_REQUEST"),
        ("variables=%7B%7D", "MALFORMED_REQUEST"),
        ("&".join(f"x{n}=1" for n in range(50)), "MALFORMED_REQUEST"),
    ],
)
async def test_a_malformed_query_string_is_refused(query_string: str, code: str):
    async with client() as http:
        refusal(await http.get(f"/graphql?{query_string}", headers={"accept": GRAPHQL}), 400, code)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ thing {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "AMBIGUOUS_OPERATION"),
        ("fragment F on Thing { id }", "OPERATION_NOT_FOUND"),
        ("subscription { anything }", "SUBSCRIPTION_NOT_SUPPORTED"),
        ("query($n: Int!) { things(first: $n) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ things(first: 9999) { nodes { parts { parts { id } } } } }", "DOCUMENT_TOO_COSTLY"),
        ("{ thing " + "{ parts " * 30 + "{ id }" + "}" * 30 + " }", "DOCUMENT_TOO_DEEP"),
        ("{" + " ".join(f"a{n}: __typename" for n in range(100)) + "}", "TOO_MANY_ALIASES"),
        ("{ __typename " + "@skip(if: false) " * 100 + "}", "TOO_MANY_DIRECTIVES"),
        ("{" + " thing { id }" * 200 + "}", "TOO_MANY_REPEATS"),
        ("{" + " __typename" * 3000 + "}", "DOCUMENT_TOO_LARGE"),
    ],
)
async def test_a_refused_document_is_400_or_for_plain_json_200(query: str, code: str):
    refusal(await ask(query), 400, code)
    refusal(await ask(query, accept="application/json"), 200, code)


async def test_an_unknown_operation_name_is_refused_and_a_known_one_is_run():
    async with client() as http:
        query = "query A { __typename } query B { thing { id } }"
        known = await http.post("/graphql", json={"query": query, "operationName": "B"})
        assert known.json() == {"data": {"thing": {"id": "thg_1"}}}
        unknown = await http.post("/graphql", json={"query": query, "operationName": "C"}, headers={"accept": GRAPHQL})
        refusal(unknown, 400, "OPERATION_NOT_FOUND")


async def test_too_costly_by_variable_says_the_cost_and_the_limit():
    query = "query($n: Int) { things(first: $n) { nodes { id } } }"
    response = await ask(query, variables={"n": 100}, limits=Limits(cost=100))
    extensions = refusal(response, 400, "DOCUMENT_TOO_COSTLY")["extensions"]
    assert (extensions["cost"], extensions["limit"]) == (201, 100)
    assert (response.headers["x-cost"], response.headers["x-cost-limit"]) == ("201", "100")
    cheap = await ask(query, variables={"n": 10}, limits=Limits(cost=100))
    assert len(cheap.json()["data"]["things"]["nodes"]) == 10


async def test_a_refusal_of_the_domain_is_shown_beside_its_neighbours_answer():
    body = (await ask("{ refused thing { id } }")).json()
    assert body["data"] == {"refused": None, "thing": {"id": "thg_1"}}
    (entry,) = body["errors"]
    assert entry["message"] == "It is not yours."
    assert entry["path"] == ["refused"]
    assert entry["locations"] == [{"line": 1, "column": 3}]
    assert entry["extensions"]["code"] == "SAMPLE_REFUSED"
    assert entry["extensions"]["messageZh"] == "不是您的。"
    assert entry["extensions"]["requestId"]


async def test_a_bug_is_logged_in_full_and_answered_with_one_bland_line():
    with capture_logs() as logs:
        response = await ask(
            "query Q($secret: String!) { broken thing { id } __type(name: $secret) { name } }",
            variables={"secret": "s3cret"},
        )
    body = response.json()
    assert body["data"] == {"broken": None, "thing": {"id": "thg_1"}, "__type": None}
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
    assert "12345" not in response.text
    assert "RuntimeError" not in response.text
    (line,) = [line for line in logs if line["event"] == "graphql_failure"]
    assert line["request_id"] == response.headers["x-request-id"]
    assert str(line["exc_info"]) == "secret: db password is 12345"
    assert line["path"] == ["broken"]
    assert "s3cret" not in str(logs)


async def test_many_bugs_in_one_reply_do_not_flood_the_log():
    query = "{" + " ".join(f"b{n}: broken" for n in range(40)) + "}"
    with capture_logs() as logs:
        response = await ask(query)
    assert len(response.json()["errors"]) == 40
    assert [line["event"] for line in logs].count("graphql_failure") == 3
    assert logs[-1]["count"] == 40


async def test_what_goes_wrong_in_the_hooks_is_refused_in_json_too():
    with capture_logs() as logs:
        response = await ask("{ thing { id } }", token="crash")
    refusal(response, 500, "INTERNAL_ERROR")
    assert "session table" not in response.text
    assert str(logs[0]["exc_info"]) == "secret: the session table is gone"
    wrong = await ask("{ thing { id } }", token="wrong")
    refusal(wrong, 401, "AUTHENTICATION_REQUIRED")
    assert wrong.headers["www-authenticate"] == "Bearer"
    expired = await ask("{ thing { id } }", token="expired")
    assert refusal(expired, 401, "SAMPLE_REFUSED")["message"] == "It is not yours."
    refusal(await ask("{ thing { id } }", token="closed"), 400, "SAMPLE_REFUSED")


async def test_a_wrong_value_in_a_variable_or_an_argument_is_the_callers_and_is_named():
    entry = refusal(await ask("query($n: Int) { things(first: $n) { nodes { id } } }", variables={"n": "x"}), 400,
                    "BAD_USER_INPUT")  # fmt: skip
    assert "$n" in entry["message"]


async def test_what_was_withheld_is_summed_up_in_the_reply_and_only_then():
    response = await ask("{ hidden }")
    assert response.json() == {"data": {"hidden": None}, "extensions": {"redacted": ["Query.hidden"]}}


async def test_a_read_that_takes_too_long_is_stopped():
    refusal(await ask("{ slow }", limits=Limits(read_seconds=0.05)), 503, "READ_TIMED_OUT")


async def test_in_production_a_stranger_is_told_only_the_typename():
    assert (await ask("{ __typename }", production=True)).json() == {"data": {"__typename": "Query"}}
    response = await ask("{ thing { id } }", production=True)
    refusal(response, 401, "AUTHENTICATION_REQUIRED")
    assert response.headers["www-authenticate"] == "Bearer"
    refusal(await ask("mutation { bump(by: 1) }", production=True), 401, "AUTHENTICATION_REQUIRED")
    mixed = 'mutation { sessionCreate(name: "x") bump(by: 1) }'
    refusal(await ask(mixed, production=True), 401, "AUTHENTICATION_REQUIRED")
    hidden = "{ ...F } fragment F on Query { thing { id } }"
    refusal(await ask(hidden, production=True), 401, "AUTHENTICATION_REQUIRED")
    signed_in = await ask("{ thing { id } }", token="li", production=True)
    assert signed_in.json() == {"data": {"thing": {"id": "thg_1"}}}


async def test_in_production_a_stranger_may_sign_in():
    response = await ask('mutation { sessionCreate(name: "王伟") }', production=True)
    assert response.json() == {"data": {"sessionCreate": "hello 王伟"}}


@pytest.mark.parametrize("query", ["{ __schema { types { name } } }", '{ __type(name: "Thing") { name } }'])
async def test_in_production_a_stranger_cannot_introspect(query: str):
    refusal(await ask(query, production=True), 400, "INTROSPECTION_REFUSED")
    assert (await ask(query, token="li", production=True)).json()["data"]


async def test_in_production_a_stranger_is_given_no_hint():
    query = 'mutation { sessionCreate(nam: "x") }'
    for entry in (await ask(query, production=True)).json()["errors"]:
        assert "Did you mean" not in entry["message"]
    assert "Did you mean 'name'" in (await ask(query, token="li", production=True)).text


async def test_in_production_a_strangers_documents_are_not_kept():
    app = sample_app(production=True)
    endpoint = app.routes[-1].app  # type: ignore[attr-defined]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sample") as http:
        await http.post("/graphql", json={"query": "{ __typename }"})
        assert len(endpoint.documents) == 0
        await http.post("/graphql", json={"query": "{ __typename }"}, headers={"authorization": "Bearer li"})
        assert len(endpoint.documents) == 1


async def test_who_asks_to_be_told_of_answers_is_told_without_variables():
    told: list[Answered] = []
    await ask("query Named { refused }", answered=told.append)
    await ask("{", answered=told.append)
    assert [(one.status, one.kind, one.operation, one.codes) for one in told] == [
        (200, "query", "Named", ("SAMPLE_REFUSED",)),
        (400, None, None, ("GRAPHQL_PARSE_FAILED",)),
    ]
    assert told[0].seconds > 0


async def test_a_request_id_given_by_the_layer_above_is_kept_and_told_once():
    transport = httpx2.ASGITransport(app=RequestLog(sample_app()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sample") as http:
        response = await http.post(
            "/graphql", json={"query": "{ refused }"}, headers={"x-request-id": "req-7-of-a-proxy"}
        )
    assert response.headers.get_list("x-request-id") == ["req-7-of-a-proxy"]
    assert response.json()["errors"][0]["extensions"]["requestId"] == "req-7-of-a-proxy"


async def test_mutations_see_one_another_in_turn():
    response = await ask("mutation { a: bump(by: 1) b: bump(by: 2) }")
    assert orjson.loads(response.content) == {"data": {"a": 2, "b": 3}}
    assert list(response.json()["data"]) == ["a", "b"]
