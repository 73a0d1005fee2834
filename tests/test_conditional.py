"""A GET by id is not answered anew for who has the answer, while nothing that it depends on has changed."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from api.graphql import Answered, Budget, Mode, Terms
from api.graphql.conditional import entity_tag, matches
from tests.graphql_sample import sample_app
from tests.test_endpoint import GRAPHQL
from tests.test_persisted import PAGE, Shelf, apq, digest

ADDRESS = "/graphql/page?variables=%7B%22n%22:1%7D"


class World:
    """The sample application over data with a version and a time that the test moves."""

    def __init__(self, **options: Any) -> None:
        self.version = "1"
        self.now = 1000.0
        self.told: list[Answered] = []
        app = sample_app(
            terms=lambda _, viewer: Terms(Mode.APQ, client=viewer, budget=viewer),
            registry=Shelf(),
            version=self._version,
            ticks=lambda: self.now,
            answered=self.told.append,
            **options,
        )
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sample")

    async def _version(self, _request: Any = None) -> str:
        await asyncio.sleep(0)
        return self.version

    async def get(self, address: str = ADDRESS, tag: str | None = None, who: str = "li", **headers: str) -> Any:
        headers = {"accept": GRAPHQL, "authorization": f"Bearer {who}", **headers}
        return await self.http.get(address, headers=headers | ({"if-none-match": tag} if tag else {}))


async def test_an_answer_has_the_tag_of_its_body_and_may_be_kept_by_its_reader_alone():
    world = World()
    answer = await world.get()
    assert answer.status_code == 200
    assert answer.headers["etag"] == entity_tag(answer.content)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Accept, Authorization"
    other = await world.get("/graphql/page?variables=%7B%22n%22:2%7D")
    assert other.headers["etag"] != answer.headers["etag"]


async def test_who_has_the_answer_gets_304_without_a_run_and_for_a_cost_of_one():
    world = World(budget=Budget(1000, 60))
    first = await world.get()
    again = await world.get(tag=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "private, no-cache"
    assert again.headers["vary"] == "Accept, Authorization"
    assert "content-type" not in again.headers
    assert again.headers["x-cost"] == "1"
    assert int(again.headers["ratelimit-remaining"]) == int(first.headers["ratelimit-remaining"]) - 1
    assert world.told[-1].status == 304


async def test_it_is_run_again_when_the_data_changed_a_minute_passed_or_anything_else_differs():
    world = World(budget=Budget(1000, 60))
    tag = (await world.get()).headers["etag"]

    async def cost(**asked: Any) -> str:
        answer = await world.get(tag=tag, **asked)
        assert answer.status_code == 304
        return str(answer.headers["x-cost"])

    # Each body is the same, so that each is 304; the cost tells whether it was read for that.
    assert await cost() == "1"
    world.version = "2"
    assert [await cost(), await cost()] == ["3", "1"]
    world.now += 59.9
    assert await cost() == "1"
    world.now += 0.1
    assert [await cost(), await cost()] == ["3", "1"]
    assert await cost(address="/graphql?documentId=page&variables=%7B%22n%22%3A1%7D") == "1"
    packed = '{"persistedQuery":{"version":1,"sha256Hash":"' + digest(PAGE) + '"}}'
    assert await cost(address=f"/graphql?extensions={packed}&variables=%7B%22n%22:1%7D") == "1"
    assert await cost(address=ADDRESS + "&operationName=Page") == "1"
    assert await cost(accept="application/json") == "3"
    world.now -= 500
    assert await cost() == "3"


async def test_an_answer_is_nobody_elses():
    world = World(budget=Budget(1000, 60))
    tag = (await world.get()).headers["etag"]
    world.told.clear()
    other = await world.get(tag=tag, who="wang")
    assert other.status_code == 200
    assert other.json() == {"data": {"thing": {"title": "t1"}}}
    assert other.headers["etag"] != tag
    assert (await world.get(tag=other.headers["etag"])).status_code == 200


async def test_a_change_between_the_version_and_the_reading_is_not_missed():
    """The version is asked before reading: an answer of after is kept under the version of before, and not given."""
    world = World(budget=Budget(1000, 60))
    changing = world._version

    async def version(_request: Any) -> str:
        before = await changing()
        world.version += "x"
        return before

    app = sample_app(
        terms=lambda _, viewer: Terms(Mode.APQ, client=viewer, budget=viewer), registry=Shelf(), version=version
    )
    world.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sample")
    first = await world.get()
    again = await world.get(tag=first.headers["etag"])
    assert (again.status_code, again.headers["x-cost"]) == (304, "3")


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/graphql?query=%7B%20refused%20thing%20%7B%20id%20%7D%20%7D", "errors"),
        ("/graphql?query=%7B%20thing%20%7B%20id%20%7D%20%7D", "data"),
        ("/graphql/nothing", "errors"),
    ],
)
async def test_no_tag_stands_on_a_text_by_get_nor_on_a_refusal(address: str, text: str):
    world = World()
    answer = await world.get(address, tag="*")
    assert answer.status_code != 304
    assert text in answer.json()
    assert "etag" not in answer.headers


async def test_an_answer_with_an_error_in_it_has_no_tag():
    """Its body bears the id of its request, which is another one each time."""
    world = World()
    document = "{ refused thing { id } }"
    await world.http.post(
        "/graphql", json={"query": document, "extensions": apq(document)}, headers={"authorization": "Bearer li"}
    )
    answer = await world.get(f"/graphql/sha256:{digest(document)}", tag="*")
    assert answer.status_code == 200
    assert answer.json()["errors"]
    assert "etag" not in answer.headers


async def test_a_post_by_id_is_never_conditional():
    world = World()
    tag = (await world.get()).headers["etag"]
    answer = await world.http.post(
        "/graphql/page",
        json={"variables": {"n": 1}},
        headers={"authorization": "Bearer li", "if-none-match": tag, "accept": GRAPHQL},
    )
    assert answer.status_code == 200
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("", False),
        ("*", True),
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ('"x",W/"abc" , "y"', True),
        ('"abcd"', False),
        ("abc", False),
    ],
)
def test_tags_are_compared_as_rfc_9110_has_it(header: str | None, expected: bool):
    assert matches(header, '"abc"') is expected
