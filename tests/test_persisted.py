"""Documents by id over HTTP: the appendix's vectors, every client's spelling, and what each mode lets run."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx2
import hypothesis
import hypothesis.strategies as st
import orjson
import pytest

from api.graphql import Answered, Mode, Registered, Terms
from api.graphql.persisted import Library, Source
from api.graphql.refusals import Refused
from api.graphql.requests import Asked
from tests.graphql_sample import sample_app
from tests.test_endpoint import GRAPHQL, refusal

# The two documents and identifiers that the appendix on persisted documents publishes.
SPACED = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"
SPACED_ID = "sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"
TIGHT = "query($id:ID!){user(id:$id){name}}"
TIGHT_ID = "sha256:71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"

PAGE = "query Page($n: Int) { things(first: $n) { nodes { id } } }"
BUMP = "mutation Bump { bump(by: 1) }"
TWO = "query A { thing { id } } query B { thing { title } }"
ASKED = Asked(None, None, None, None, "page")
JSON_BODY = {"content-type": "application/json"}
ONE_ROW = {"data": {"things": {"nodes": [{"id": "thg_1"}]}}}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def apq(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}


class Shelf:
    """A registry of two clients, li and wang: each has its own documents."""

    def __init__(self) -> None:
        texts = {"page": PAGE, "x-crm:page.v2": PAGE, "bump": BUMP, "two": TWO}
        self.documents = {("li", name): text for name, text in texts.items()}
        self.documents |= {("li", f"sha256:{digest(text)}"): text for text in texts.values()}
        self.documents["wang", "page"] = "{ thing { title } }"
        self.documents["wang", "his"] = "{ thing { title } }"
        self.asked = 0

    async def by_id(self, viewer: str, document_id: str) -> Registered | None:
        self.asked += 1
        await asyncio.sleep(0)
        text = self.documents.get((viewer, document_id))
        return Registered(text, f"{viewer}:{document_id}") if text else None

    def widened(self, viewer: str, registered: Registered) -> str:
        return viewer


def terms(mode: Mode) -> Any:
    return lambda _request, viewer: Terms(mode, client=viewer) if viewer else Terms(mode)


def client(mode: Mode = Mode.ID_ONLY, *, token: str = "li", **options: Any) -> httpx2.AsyncClient:
    """Return a client of the sample application that knows documents, signed in."""
    app = sample_app(terms=terms(mode), registry=options.pop("registry", Shelf()), **options)
    headers = {"authorization": f"Bearer {token}", "accept": GRAPHQL} if token else {"accept": GRAPHQL}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sample", headers=headers)


@pytest.mark.parametrize(("text", "document_id"), [(SPACED, SPACED_ID), (TIGHT, TIGHT_ID)])
async def test_the_published_vectors_name_their_documents(text: str, document_id: str):
    """The document is found under its published identifier; that the sample has no such field is then said."""
    shelf = Shelf()
    shelf.documents["li", document_id] = text
    assert f"sha256:{digest(text)}" == document_id
    async with client(registry=shelf) as http:
        body = {"documentId": document_id, "variables": {"id": "QVBJcy5ndXJ1"}}
        posted = await http.post("/graphql", json=body)
        variables = quote('{"id":"QVBJcy5ndXJ1"}')
        got = await http.get(f"/graphql?documentId={document_id}&variables={variables}")
        for answer in (posted, got, await http.get(f"/graphql/{document_id}?variables={variables}")):
            assert "Cannot query field 'user'" in refusal(answer, 400, "GRAPHQL_VALIDATION_FAILED")["message"]
    async with client(Mode.OPEN) as http:
        sent = {"query": text, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": document_id[7:]}}}
        refusal(await http.post("/graphql", json=sent), 400, "GRAPHQL_VALIDATION_FAILED")


@pytest.mark.parametrize("name", ["documentId", "id", "doc_id"])
@pytest.mark.parametrize("document_id", ["page", "x-crm:page.v2", f"sha256:{digest(PAGE)}"])
async def test_an_id_is_read_under_each_name_that_clients_use(name: str, document_id: str):
    async with client() as http:
        body = {name: document_id, "variables": {"n": 1}, "query": None}
        assert (await http.post("/graphql", json=body)).json() == ONE_ROW
        got = await http.get("/graphql", params={name: document_id, "variables": '{"n":1}'})
        assert got.json() == ONE_ROW


async def test_a_document_has_an_address_of_its_own():
    async with client() as http:
        for address in ("/graphql/page", "/graphql/x-crm:page.v2", "/graphql/x-crm%3Apage.v2", "/graphql/page/Page"):
            assert (await http.get(address, params={"variables": '{"n":1}'})).json() == ONE_ROW, address
            assert (await http.post(address, json={"variables": {"n": 1}})).json() == ONE_ROW, address
        assert (await http.get("/graphql/two/B")).json() == {"data": {"thing": {"title": "t1"}}}
        assert (await http.get("/graphql/two?operationName=A")).json() == {"data": {"thing": {"id": "thg_1"}}}
        refusal(await http.get("/graphql/two"), 400, "AMBIGUOUS_OPERATION")
        refusal(await http.get("/graphql/two/C"), 400, "OPERATION_NOT_FOUND")


async def test_a_mutation_by_id_comes_by_post_and_not_by_get():
    async with client() as http:
        for address in ("/graphql/bump", "/graphql?documentId=bump", "/graphql?extensions=" + _packed(apq(BUMP))):
            refused = await http.get(address)
            refusal(refused, 405, "METHOD_NOT_ALLOWED")
            assert refused.headers["allow"] == "POST"
        assert (await http.post("/graphql", json={"documentId": "bump"})).json() == {"data": {"bump": 2}}
        assert (await http.post("/graphql/bump", json={})).json() == {"data": {"bump": 2}}


def _packed(extensions: dict[str, Any]) -> str:
    return quote(orjson.dumps(extensions))


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{ __typename }", "documentId": "page"},
        {"documentId": "page", "id": "bump"},
        {"documentId": 5},
        {"documentId": ""},
        {"documentId": ["page"]},
        {"id": {"x": 1}},
        {"documentId": "page", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(BUMP)}}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": digest(PAGE)}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(PAGE).upper()}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": "x"}},
        {"extensions": {}},
        {"query": "", "variables": {}},
    ],
)
@pytest.mark.parametrize("mode", [Mode.OPEN, Mode.ID_ONLY])
async def test_what_names_no_document_or_two_is_malformed(body: dict[str, Any], mode: Mode):
    async with client(mode) as http:
        refusal(await http.post("/graphql", json=body), 400, "MALFORMED_REQUEST")


async def test_what_stands_in_the_path_and_in_the_body_must_agree():
    async with client(Mode.OPEN) as http:
        agreeing = {"documentId": "page", "operationName": "Page", "variables": {"n": 1}}
        assert (await http.post("/graphql/page/Page", json=agreeing)).json() == ONE_ROW
        for body in ({"documentId": "bump"}, {"query": PAGE}, {"operationName": "Other"}):
            refusal(await http.post("/graphql/page/Page", json=body), 400, "MALFORMED_REQUEST")
        refusal(await http.get("/graphql/page?query=%7B__typename%7D"), 400, "MALFORMED_REQUEST")


async def test_beside_a_text_what_relay_calls_an_id_is_none():
    """`id` is a name that other clients put beside a query for their own ends."""
    async with client(Mode.OPEN) as http:
        answer = await http.post("/graphql", json={"id": "7", "query": "{ thing { id } }"})
    assert answer.json() == {"data": {"thing": {"id": "thg_1"}}}


async def test_ids_that_are_unknown_foreign_or_absurd_are_one_answer():
    """`his` is wang's, and li is told what he is told of ids that nobody has."""
    seen = set()
    for mode in (Mode.ID_ONLY, Mode.SAFELIST):
        async with client(mode) as http:
            for document_id in ("his", "nothing", "x" * 300, "../../etc/passwd", "sha256:" + "0" * 64, "页", "a b"):
                answer = await http.post("/graphql", json={"documentId": document_id})
                entry = refusal(answer, 400, "PERSISTED_QUERY_NOT_FOUND")
                entry["extensions"].pop("requestId")
                seen.add((orjson.dumps(entry), "x-cost" in answer.headers))
                got = await http.get(f"/graphql/{quote(document_id, safe='')}")
                if "/" not in document_id:
                    refusal(got, 400, "PERSISTED_QUERY_NOT_FOUND")
    assert len(seen) == 1
    async with client(token="wang") as http:
        assert (await http.get("/graphql/his")).json() == {"data": {"thing": {"title": "t1"}}}
        assert (await http.get("/graphql/page")).json() == {"data": {"thing": {"title": "t1"}}}


async def test_apollos_handshake_is_kept_to_the_letter():
    async with client(Mode.APQ) as http:
        for accept, status in (("application/json", 200), (GRAPHQL, 400)):
            body = {"operationName": "Page", "variables": {"n": 1}, "extensions": apq(PAGE + " ")}
            first = await http.post("/graphql", json=body, headers={"accept": accept})
            assert first.status_code == status
            entry = first.json()["errors"][0]
            assert entry["message"] == "PersistedQueryNotFound"
            assert entry["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        with_text = await http.post("/graphql", json=body | {"query": PAGE + " "})
        assert with_text.json() == ONE_ROW
        assert (await http.post("/graphql", json=body)).json() == ONE_ROW
        packed = {"variables": '{"n":1}', "extensions": orjson.dumps(apq(PAGE + " ")).decode()}
        assert (await http.get("/graphql", params=packed)).json() == ONE_ROW
        assert (await http.get(f"/graphql/sha256:{digest(PAGE + ' ')}?variables=%7B%22n%22:1%7D")).json() == ONE_ROW


async def test_urqls_miss_is_no_obstacle():
    async with client(Mode.APQ) as http:
        extensions = {"persistedQuery": apq(PAGE)["persistedQuery"] | {"miss": True}}
        body = {"query": PAGE, "variables": {"n": 1}, "extensions": extensions}
        assert (await http.post("/graphql", json=body)).json() == ONE_ROW


async def test_a_text_that_does_not_have_its_hash_is_refused_and_not_remembered():
    async with client(Mode.APQ) as http:
        lie = {"query": "{ thing { title } }", "extensions": apq("{ thing { note } }")}
        refusal(await http.post("/graphql", json=lie), 400, "PERSISTED_QUERY_HASH_MISMATCH")
        asked = {"extensions": apq("{ thing { note } }")}
        refusal(await http.post("/graphql", json=asked), 400, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_hash_of_a_manifest_runs_its_registered_document():
    """Apollo's manifest sends the hash alone, also for clients that may send no text."""
    for mode in Mode:
        async with client(mode) as http:
            asked = {"extensions": apq(PAGE), "variables": {"n": 1}}
            assert (await http.post("/graphql", json=asked)).json() == ONE_ROW


MODES = """
                 open apq  safelist id-only
id               yes  yes  yes      yes
registered text  yes  yes  yes      PERSISTED_QUERY_ID_REQUIRED
its hash too     yes  yes  yes      PERSISTED_QUERY_ID_REQUIRED
with newlines    yes  yes  yes      PERSISTED_QUERY_ID_REQUIRED
newline and hash yes  yes  yes      PERSISTED_QUERY_ID_REQUIRED
with a space     yes  yes  QUERY_NOT_IN_SAFELIST PERSISTED_QUERY_ID_REQUIRED
newline before   yes  yes  QUERY_NOT_IN_SAFELIST PERSISTED_QUERY_ID_REQUIRED
other text       yes  yes  QUERY_NOT_IN_SAFELIST PERSISTED_QUERY_ID_REQUIRED
other with hash  yes  yes  QUERY_NOT_IN_SAFELIST PERSISTED_QUERY_ID_REQUIRED
typename         yes  yes  QUERY_NOT_IN_SAFELIST PERSISTED_QUERY_ID_REQUIRED
introspection    yes  INTROSPECTION_REFUSED QUERY_NOT_IN_SAFELIST PERSISTED_QUERY_ID_REQUIRED
broken text      GRAPHQL_PARSE_FAILED GRAPHQL_PARSE_FAILED QUERY_NOT_IN_SAFELIST PERSISTED_QUERY_ID_REQUIRED
"""
OTHER = "{ thing { count } }"
SENT: dict[str, dict[str, Any]] = {
    "id": {"documentId": "page"},
    "registered text": {"query": PAGE},
    "its hash too": {"query": PAGE, "extensions": apq(PAGE)},
    "with newlines": {"query": PAGE + "\r\n\n"},
    "newline and hash": {"query": PAGE + "\n", "extensions": apq(PAGE + "\n")},
    "with a space": {"query": PAGE + " \n"},
    "newline before": {"query": "\n" + PAGE},
    "other text": {"query": OTHER},
    "other with hash": {"query": OTHER, "extensions": apq(OTHER)},
    "typename": {"query": "{ __typename }"},
    "introspection": {"query": "{ __schema { types { name } } }"},
    "broken text": {"query": "{ thing {"},
}


@pytest.mark.parametrize("production", [False, True])
async def test_each_mode_lets_run_what_it_says(production: bool):
    for line in MODES.strip().splitlines()[1:]:
        name, expected = line[:17].strip(), line[17:].split()
        for mode, outcome in zip(Mode, expected, strict=True):
            async with client(mode, production=production) as http:
                answer = await http.post("/graphql", json=SENT[name])
                if outcome == "yes":
                    assert answer.json()["data"], (name, mode)
                else:
                    refusal(answer, 400, outcome)
                got = await http.get("/graphql", params={k: _text(v) for k, v in SENT[name].items()})
                assert got.status_code == answer.status_code, (name, mode)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


async def test_what_one_client_sent_with_its_hash_another_must_send_itself():
    shelf = Shelf()
    app = sample_app(terms=terms(Mode.APQ), registry=shelf)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://sample") as http:
        li, wang = ({"authorization": f"Bearer {who}"} for who in ("li", "wang"))
        await http.post("/graphql", json={"query": OTHER, "extensions": apq(OTHER)}, headers=li)
        known = await http.post("/graphql", json={"extensions": apq(OTHER)}, headers=li)
        assert known.json() == {"data": {"thing": {"count": 1}}}
        unknown = await http.post("/graphql", json={"extensions": apq(OTHER)}, headers=wang)
        assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"


async def test_a_remembered_text_is_no_registered_one():
    """A client that was switched from automatic to safelisted queries starts with what is registered."""
    library: Library[str] = Library(Shelf())
    sent = Asked(OTHER, None, None, None, None, digest(OTHER))
    await library.choose(sent, "li", Terms(Mode.APQ, client="li"))
    by_hash = Asked(None, None, None, None, None, digest(OTHER))
    assert (await library.choose(by_hash, "li", Terms(Mode.APQ, client="li"))).text == OTHER
    for mode in (Mode.SAFELIST, Mode.ID_ONLY):
        for asked in (sent, by_hash, Asked(None, None, None, None, f"sha256:{digest(OTHER)}")):
            with pytest.raises(Refused):
                await library.choose(asked, "li", Terms(mode, client="li"))


async def test_remembered_texts_are_capped_and_the_longest_unused_goes_first():
    library: Library[str] = Library(texts=3, text_bytes=100)
    open_terms = Terms(Mode.APQ, client="li")

    async def send(text: str) -> None:
        await library.choose(Asked(text, None, None, None, None, digest(text)), "li", open_terms)

    async def knows(text: str) -> bool:
        asked = Asked(None, None, None, None, None, digest(text))
        try:
            return (await library.choose(asked, "li", open_terms)).text == text
        except Refused:
            return False

    for text in ("{a}", "{b}", "{c}"):
        await send(text)
    assert await knows("{a}")
    await send("{d}")
    assert [await knows(text) for text in ("{a}", "{b}", "{c}", "{d}")] == [True, False, True, True]
    await send("{" + "e" * 98 + "}")
    assert [await knows(text) for text in ("{a}", "{c}", "{d}")] == [False, False, False]
    await send("{" + "f" * 200 + "}")
    assert not await knows("{" + "f" * 200 + "}")


async def test_a_found_document_is_kept_until_the_data_change_or_some_seconds_pass():
    shelf, version, now = Shelf(), ["1"], [100.0]

    library: Library[str] = Library(shelf, ticks=lambda: now[0])

    async def finds() -> bool:
        try:
            return bool(await library.choose(ASKED, "li", Terms(client="li"), version=version[0]))
        except Refused:
            return False

    assert [await finds(), await finds(), shelf.asked] == [True, True, 1]
    del shelf.documents["li", "page"]
    version[0] = "2"
    assert [await finds(), await finds(), shelf.asked] == [False, False, 3]
    shelf.documents["li", "page"] = PAGE
    assert [await finds(), await finds(), shelf.asked] == [True, True, 4]
    del shelf.documents["li", "page"]
    now[0] += 2.5
    assert not await finds()


async def test_that_a_remembered_text_is_not_registered_is_kept_too_but_not_of_ids_that_nobody_has():
    shelf = Shelf()
    library: Library[str] = Library(shelf)
    frontend = Terms(Mode.APQ, client="li")
    await library.choose(Asked(OTHER, None, None, None, None, digest(OTHER)), "li", frontend, version="1")
    by_hash = Asked(None, None, None, None, None, digest(OTHER))
    for _ in range(3):
        assert (await library.choose(by_hash, "li", frontend, version="1")).source is Source.APQ
    assert shelf.asked == 1
    shelf.documents["li", f"sha256:{digest(OTHER)}"] = OTHER
    assert (await library.choose(by_hash, "li", frontend, version="2")).source is Source.PERSISTED
    for _ in range(3):
        with pytest.raises(Refused):
            await library.choose(Asked(None, None, None, None, "none"), "li", frontend, version="2")
    assert shelf.asked == 5


async def test_a_document_that_ends_at_an_instant_is_not_kept_beyond_it():
    now = [100.0]

    class Ending(Shelf):
        async def by_id(self, viewer: str, document_id: str) -> Registered | None:
            self.asked += 1
            return Registered(PAGE, until=101.0) if now[0] < 101 else None

    library: Library[str] = Library(Ending(), ticks=lambda: now[0])
    assert await library.choose(ASKED, "li", Terms(client="li"), version="1")
    now[0] = 101.0
    with pytest.raises(Refused):
        await library.choose(ASKED, "li", Terms(Mode.ID_ONLY, client="li"), version="1")


async def test_a_document_that_is_retired_while_it_is_looked_up_is_not_kept():
    """The version is asked before the registry, so what changes in between is asked again."""
    version = ["1"]

    class Retiring(Shelf):
        async def by_id(self, viewer: str, document_id: str) -> Registered | None:
            found = await super().by_id(viewer, document_id)
            version[0] = "2"
            self.documents.clear()
            return found

    library: Library[str] = Library(Retiring())
    assert await library.choose(ASKED, "li", Terms(Mode.ID_ONLY, client="li"), version=version[0])
    with pytest.raises(Refused):
        await library.choose(ASKED, "li", Terms(Mode.ID_ONLY, client="li"), version=version[0])


async def test_many_who_ask_at_once_are_answered_alike():
    async with client(Mode.APQ) as http:
        asked = {"extensions": apq(OTHER)}
        answers = await asyncio.gather(
            *(http.post("/graphql", json=asked | ({"query": OTHER} if n % 2 else {})) for n in range(40))
        )
        assert all(answer.json() == {"data": {"thing": {"count": 1}}} for answer in answers[1::2])
        bodies = [answer.json() for answer in answers[::2]]
        assert all("data" in body or body["errors"][0]["message"] == "PersistedQueryNotFound" for body in bodies)
        assert (await http.post("/graphql", json=asked)).json() == {"data": {"thing": {"count": 1}}}


async def test_in_production_a_stranger_may_shake_hands_to_sign_in_and_no_more():
    sign_in = 'mutation { sessionCreate(name: "王伟") }'
    async with client(Mode.APQ, token="", production=True) as http:
        asked = {"extensions": apq(sign_in)}
        refusal(await http.post("/graphql", json=asked), 400, "PERSISTED_QUERY_NOT_FOUND")
        assert (await http.post("/graphql", json=asked | {"query": sign_in})).json()["data"]
        # Strangers fill no memory, so the next one shakes hands again.
        refusal(await http.post("/graphql", json=asked), 400, "PERSISTED_QUERY_NOT_FOUND")
        refusal(await http.post("/graphql", json={"documentId": "page"}), 401, "AUTHENTICATION_REQUIRED")
        refusal(await http.get("/graphql/page"), 401, "AUTHENTICATION_REQUIRED")


async def test_a_browser_that_opens_a_documents_address_is_answered_by_the_document():
    async with client() as http:
        answer = await http.get("/graphql/page", headers={"accept": "text/html,*/*"})
        assert answer.json()["data"]
        page = await http.get("/graphql", headers={"accept": "text/html,*/*"})
        assert page.headers["content-type"].startswith("text/html")


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.text(max_size=20),
    st.sampled_from(
        ["page", "his", "bump", digest(PAGE), f"sha256:{digest(PAGE)}", PAGE, OTHER, "{ __typename }", "Page"]
    ),
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
)
PERSISTED = st.fixed_dictionaries(
    {}, optional={"version": SCALARS | st.just(1), "sha256Hash": SCALARS, "miss": SCALARS}
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("documentId", "id", "doc_id", "query", "operationName", "variables"), SCALARS | ANYTHING),
        "extensions": st.fixed_dictionaries({}, optional={"persistedQuery": PERSISTED | ANYTHING}) | ANYTHING,
    },
)


@hypothesis.given(
    body=BODIES, mode=st.sampled_from(list(Mode)), path=st.sampled_from(["", "/page", "/his", "/bump/Bump"])
)
@hypothesis.settings(max_examples=300)
async def test_whatever_is_sent_is_answered_and_runs_only_what_the_mode_allows(body: Any, mode: Mode, path: str):
    """No body makes a failure of ours; where ids alone count, what is answered with data is a document of li's."""
    told: list[Answered] = []
    async with client(mode, answered=told.append) as http:
        posted = await http.post("/graphql" + path, content=orjson.dumps(body), headers=JSON_BODY)
        packed = {name: _text(value) for name, value in body.items()}
        got = await http.get("/graphql" + path, params=packed)
    for answer in (posted, got):
        assert answer.status_code < 500, answer.text
        assert ("data" in answer.json()) != ("errors" in answer.json())
    if mode in (Mode.SAFELIST, Mode.ID_ONLY):
        ran = [one for one in told if not one.codes]
        assert all(one.source == "persisted" and str(one.mark).startswith("li:") for one in ran)


async def test_where_a_document_came_from_is_told():
    told: list[Answered] = []
    async with client(Mode.APQ, answered=told.append) as http:
        await http.post("/graphql", json={"documentId": "page"})
        await http.post("/graphql", json={"documentId": "page"})
        await http.post("/graphql", json={"query": OTHER})
        await http.post("/graphql", json={"query": OTHER, "extensions": apq(OTHER)})
        await http.post("/graphql", json={"documentId": "nothing"})
    assert [(one.source, one.prepared, one.mark) for one in told] == [
        ("persisted", False, "li:page"),
        ("persisted", True, "li:page"),
        ("text", False, None),
        ("apq", True, None),
        (None, False, None),
    ]
