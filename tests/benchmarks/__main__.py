"""`make bench`: Q1 to Q5 beside the hand-written routes of the same run, as ratios with their spread."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from tests.benchmarks import consumption, depth, gears, imports, names, overload, queries
from tests.benchmarks.admitted import admitted_tool
from tests.benchmarks.data import PASSWORD, Place, partner_id, prepared
from tests.benchmarks.load import Burst, Connection, burst, cpu_of, get, median, megabytes_of, post

ROUNDS, SECONDS, CONNECTIONS = 5, 0.7, 8
PERSISTED = frozenset({"Q1", "Q2", "Q3", "Q5", "Consumption"})
"""The reads that are asked by their ids."""
console = Console()


@dataclass
class Case:
    """One query: how to ask the application and how to ask the raw route."""

    name: str
    target: float
    application: Callable[[], bytes]
    raw: Callable[[], bytes]
    same: bool = True


@contextlib.contextmanager
def serving(place: Place) -> Iterator[int]:
    """Serve the store in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.serve", str(place.path), str(port)])
    try:
        for _ in range(1200):
            time.sleep(0.1)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
        yield port
    finally:
        process.terminate()
        process.wait()


async def sign_in(port: int, login: str) -> str:
    """Sign a main account in."""
    variables = {"input": {"login": login, "password": PASSWORD}}
    connection = Connection(port)
    answer = await connection.send(post("/graphql", {"query": queries.SIGN_IN, "variables": variables}))
    connection.close()
    token: str = orjson.loads(answer)["data"]["sessionCreate"]["session"]["accessToken"]
    return token


def cases(place: Place, tool: str, reader: str, writer: str) -> list[Case]:
    """Prepare what is sent: reads by their ids, as a tool asks them."""
    store = sqlite3.connect(place.path)
    detail = store.execute(
        """SELECT o.id FROM opportunity o WHERE o.partner_id = ? AND o.status = 'VALIDATED'
           AND (SELECT count(*) FROM journal_line j WHERE j.subject_id = o.id) >= 10
           AND (SELECT count(*) FROM opportunity_line l WHERE l.opportunity_id = o.id) >= 3 LIMIT 1""",
        (partner_id(0),),
    ).fetchone()[0]
    drafts = store.execute(
        """SELECT id FROM opportunity
           WHERE partner_id = ? AND status = 'VALIDATED' AND version = 1 AND customer_id IS NULL""",
        (partner_id(1),),
    ).fetchall()
    store.close()
    wins = (
        {
            "id": f"opp_{id}",
            "version": 1,
            "amount": {"amount": "120000.00", "currency": "CNY"},
            "signedOn": "2026-03-02",
            "contractNumber": "HT-1",
            "consumingAccount": "hengyuan_cloud",
        }
        for (id,) in drafts
    )

    def fixed(name: str, target: float, query: str, **variables: Any) -> Case:
        raw = post(f"/raw/{name}", {"query": query, "variables": variables})
        if name in PERSISTED:
            application = gears.by_id(query, tool, **variables)
        else:
            application = post("/graphql", {"query": query, "variables": variables}, reader)
        return Case(name, target, lambda: application, lambda: raw)

    def win(path: str, token: str | None) -> Callable[[], bytes]:
        return lambda: post(path, {"query": queries.Q4, "variables": {"input": next(wins)}}, token)

    partner = f"ptn_{partner_id(0)}"
    return [
        fixed("Q1", 1.5, queries.Q1, partner=partner, first=50),
        fixed("Q2", 1.5, queries.Q2, id=f"opp_{detail}"),
        fixed("Q3", 1.5, queries.Q3, first=20),
        Case("Q4", 2, win("/graphql", writer), win("/raw/Q4", None), same=False),
        fixed("Q5", 1.5, queries.Q5, partner=partner),
        fixed("Consumption", 1.5, queries.CONSUMPTION, first=50),
        fixed("Home", 8, queries.HOME),
    ]


async def compare(port: int, case: Case) -> None:
    """See that both answer the same."""
    connection = Connection(port)
    one, other = await connection.send(case.application()), await connection.send(case.raw())
    connection.close()
    if one.startswith(b'{"errors"') or other.startswith(b'{"errors"'):
        raise SystemExit(f"{case.name} was refused:\n{one[:500]!r}\n{other[:500]!r}")
    if case.same and one != other:
        places = next(at for at, pair in enumerate(itertools.zip_longest(one, other)) if pair[0] != pair[1])
        around = slice(max(places - 80, 0), places + 120)
        texts = [answer[around].decode(errors="replace") for answer in (one, other)]
        raise SystemExit(f"{case.name} differs at {places}:\n" + "\n".join(texts))


async def measure(port: int, found: list[Case], rounds: int, seconds: float) -> dict[str, tuple[list[Burst], ...]]:
    """Run the queries in turns, application and raw route one after the other."""
    for case in found:
        await compare(port, case)
        await burst(port, case.application, seconds=0.3, connections=CONNECTIONS)
        await burst(port, case.raw, seconds=0.2, connections=CONNECTIONS)
    results: dict[str, tuple[list[Burst], ...]] = {case.name: ([], []) for case in found}
    for _ in range(rounds):
        for case in found:
            for kept, request in zip(results[case.name], (case.application, case.raw), strict=True):
                kept.append(await burst(port, request, seconds=seconds, connections=CONNECTIONS))
    return results


def show(found: list[Case], results: dict[str, tuple[list[Burst], ...]]) -> None:
    """Print targets 1 and 5."""
    table = Table(title="Server CPU a request, beside the hand-written route", title_justify="left")
    for heading in ("", "ms", "raw ms", "ratio", "spread", "target", "p50 ms", "p99 ms", "a second"):
        table.add_column(heading, justify="right", no_wrap=True)
    for case in found:
        ours, raws = results[case.name]
        ratios = sorted(one.cpu / other.cpu for one, other in zip(ours, raws, strict=True))
        ratio = median(ratios)
        table.add_row(
            case.name,
            f"{median([one.cpu for one in ours]) * 1000:.2f}",
            f"{median([one.cpu for one in raws]) * 1000:.2f}",
            f"[{'green' if ratio <= case.target else 'red'}]{ratio:.2f}[/]",
            f"{ratios[0]:.2f} … {ratios[-1]:.2f}",
            f"≤ {case.target:g}",
            f"{median([one.percentile(0.5) for one in ours]) * 1000:.1f}",
            f"{median([one.percentile(0.99) for one in ours]) * 1000:.1f}",
            f"{median([1 / one.percentile(0.5) * CONNECTIONS for one in ours]):.0f}",
        )
    console.print(table)


async def crowded(port: int, case: Case) -> Burst:
    """Write from 64 connections."""
    return await burst(port, case.application, seconds=2, connections=64)


async def beside_slow(port: int, case: Case, rounds: int) -> list[float]:
    """Give the p99 of a query while another of 250 ms runs, as a ratio to the quiet one."""
    connection, many = Connection(port), 200_000
    started = time.perf_counter()
    await connection.send(get(f"/bench/slow?many={many}"))
    many = int(many * 0.25 / (time.perf_counter() - started))
    ratios = []
    for _ in range(rounds):
        quiet = await burst(port, case.application, seconds=1, connections=2)
        going = asyncio.create_task(_again(connection, many))
        loaded = await burst(port, case.application, seconds=1, connections=2)
        going.cancel()
        await asyncio.wait([going])
        connection.close()
        connection = Connection(port)
        ratios.append(loaded.percentile(0.99) / quiet.percentile(0.99))
    connection.close()
    return ratios


async def _again(connection: Connection, many: int) -> None:
    while True:
        await connection.send(get(f"/bench/slow?many={many}"))


def told(table: Table, what: str, ratios: list[float], target: float, *, least: bool = False) -> None:
    """Print one figure with its spread."""
    ratio = median(ratios)
    colour, sign = ("green" if (ratio >= target if least else ratio <= target) else "red"), "≥" if least else "≤"
    table.add_row(what, f"[{colour}]{ratio:.2f}[/]", f"{min(ratios):.2f} … {max(ratios):.2f}", f"{sign} {target:g}")


async def run(
    port: int, place: Place, options: argparse.Namespace
) -> tuple[Burst | None, list[float], list[gears.Figure], float]:
    """Measure what goes over HTTP."""
    tool = await admitted_tool(place.url, queries.Q1, queries.Q2, queries.Q3, queries.Q5, queries.CONSUMPTION)
    reader = await sign_in(port, queries.READER)
    found = cases(place, tool, reader, await sign_in(port, queries.WRITER))
    by_name = {case.name: case for case in found}
    chosen = [case for case in found if not options.only or case.name in options.only]
    show(chosen, await measure(port, chosen, options.rounds, options.seconds))
    if options.only and "ways" not in options.only:
        return None, [], [], 0
    first = {"partner": f"ptn_{partner_id(0)}", "first": 50}
    ways = await gears.figures(port, reader, tool, by_name["Q1"].raw(), options.rounds, options.seconds, **first)
    memory = await megabytes_of(port)
    if options.only:
        return None, [], ways, memory
    ways += await overload.figures(port, by_name["Q2"].application, options.rounds)
    slow = await beside_slow(port, by_name["Q2"], options.rounds)
    return await crowded(port, by_name["Q4"]), slow, ways, memory


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the 200,000 opportunities; 0.05 is quick")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of one burst")
    parser.add_argument("--only", nargs="*", help="only these queries, such as Q1 Q4; ways for the ways to Q1")
    options = parser.parse_args()
    place = prepared(options.scale, console.print)
    with serving(place) as port:
        written, slow, ways, memory = asyncio.run(run(port, place, options))
    table = Table(title="Further targets", title_justify="left")
    for heading in ("", "figure", "spread", "target"):
        table.add_column(heading, justify="right")
    for one in ways:
        told(table, one.what, one.values, one.target, least=one.least)
    if memory:
        told(table, "memory of the worker at its largest, raw routes included, MB", [memory], 110)
    if written is None:
        if ways:
            console.print(table)
        return
    colour = "red" if written.refused else "green"
    table.add_row(
        "Q4 at 64 connections, refusals", f"[{colour}]{written.refused}[/] of {len(written.seconds):,}", "", "0"
    )
    told(table, "p99 of Q2 beside a query of 250 ms / quiet", slow, 2.5)
    small = prepared(0.01, lambda _: None)
    for where, ratios in depth.ratios(place.path, small.path).items():
        told(table, f"journal page at {where} / first page of a short journal", ratios, 1.5)
    told(table, "import of a pipeline / bare executemany, rows a second of CPU", imports.ratios(), 0.5, least=True)
    taken = consumption.ratios()
    told(table, "import of consumption / bare executemany, rows a second of CPU", taken, 0.5, least=True)
    # Nobody types a name faster than he reads what is found; the last two are of a few milliseconds.
    for (what, found), target in zip(names.ratios().items(), (1.3, 1.3, 15, 100), strict=True):
        told(table, what, found, target)
    console.print(table)


__all__ = ["cpu_of", "main"]

if __name__ == "__main__":
    main()
