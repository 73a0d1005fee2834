"""What the ways to an answer cost beside each other: by id, as a text seen before or never, and without a plan."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import orjson

from api.graphql.conditional import entity_tag
from tests.benchmarks import queries
from tests.benchmarks.load import Connection, burst, get, median, post

CONNECTIONS = 8
CROWD, FEWER = 64, (4, 8, 16)


@dataclass
class Figure:
    """One figure with its spread, and what it should be."""

    what: str
    values: list[float]
    target: float
    least: bool = False


def document_id(text: str) -> str:
    """Name a document by its text."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def by_id(text: str, token: str, **variables: Any) -> bytes:
    """Write a POST that names its document."""
    return post("/graphql", {"documentId": document_id(text), "variables": variables}, token)


async def figures(
    port: int, reader: str, tool: str, raw: bytes, rounds: int, seconds: float, **variables: Any
) -> list[Figure]:
    """Measure Q1 on every way."""
    persisted = by_id(queries.Q1, tool, **variables)
    free = post("/graphql", {"query": queries.Q1, "variables": variables}, reader)
    without = post("/fallback", {"query": queries.Q1, "variables": variables}, reader)
    counter = itertools.count()

    def first_sight() -> bytes:
        text = f"{queries.Q1}\n# {next(counter)}"
        return post("/graphql", {"query": text, "variables": variables}, reader)

    told = f"/graphql?documentId={document_id(queries.Q1)}&variables={quote(orjson.dumps(variables))}"
    connection = Connection(port)
    body = await connection.send(get(told, tool))
    connection.close()
    unchanged = get(told, tool, f"if-none-match: {entity_tag(body)}\r\n")

    async def cost(request: Callable[[], bytes]) -> float:
        return (await burst(port, request, seconds=seconds, connections=CONNECTIONS)).cpu

    found: dict[str, list[float]] = {name: [] for name in ("free", "first", "fallback", "304", "crowd")}
    for _ in range(rounds):
        base, by_hand = await cost(lambda: persisted), await cost(lambda: raw)
        found["free"].append(await cost(lambda: free) / base)
        found["first"].append((await cost(first_sight) - base) * 1000)
        found["fallback"].append(await cost(lambda: without) / by_hand)
        full = await cost(lambda: get(told, tool))
        found["304"].append(await cost(lambda: unchanged) / full)
        best = max([await _a_second(port, persisted, seconds, few) for few in FEWER])
        found["crowd"].append(await _a_second(port, persisted, seconds, CROWD) / best)
    return [
        Figure("Q1 as a text seen before / by its id", found["free"], 1.2),
        Figure("Q1 seen for the first time, ms more than by its id", found["first"], 5),
        Figure("Q1 without its plan / by hand", found["fallback"], 6),
        Figure("Q1 by GET, 304 / 200", found["304"], 0.3),
        Figure("Q1 by its id, answers a second at 64 connections / best", found["crowd"], 0.9, least=True),
    ]


async def _a_second(port: int, request: bytes, seconds: float, connections: int) -> float:
    found = await burst(port, lambda: request, seconds=seconds, connections=connections)
    return connections / median(found.seconds)


__all__ = ["Figure", "by_id", "figures"]
