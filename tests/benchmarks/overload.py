"""What many more callers than a process can serve do to those whom it lets in: p99 and answers a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.benchmarks.gears import Figure
from tests.benchmarks.load import Connection

FULL, BEYOND = 64, 320
"""Callers who are all let in, and callers of whom most are sent away."""
PATIENT, IMPATIENT = 1.0, 0.1
"""Seconds after which one who was sent away comes again: a little sooner than he is told, and far too soon."""


@dataclass
class Crowd:
    """What a crowd of callers saw."""

    seconds: float
    served: list[float] = field(default_factory=list)
    sent_away: int = 0

    @property
    def p99(self) -> float:
        """Give the time in which 99 of 100 of those who were let in had their answer."""
        ordered = sorted(self.served)
        return ordered[int(len(ordered) * 0.99)]

    @property
    def a_second(self) -> float:
        """Give how many were answered a second."""
        return len(self.served) / self.seconds


async def crowd(port: int, request: Callable[[], bytes], *, callers: int, pause: float, seconds: float) -> Crowd:
    """Let callers ask for a while, each one request after the other."""
    found = Crowd(seconds)
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        await asyncio.sleep(pause * number / callers)
        connection = Connection(port)
        while time.perf_counter() < end:
            started = time.perf_counter()
            answer = await connection.send(request())
            if b"OVER_CAPACITY" in answer[:400]:
                found.sent_away += 1
                await asyncio.sleep(pause)
            else:
                found.served.append(time.perf_counter() - started)
        connection.close()

    await asyncio.gather(*(one(number) for number in range(callers)))
    return found


async def figures(port: int, request: Callable[[], bytes], rounds: int) -> list[Figure]:
    """Compare crowds far beyond capacity with one that fills it, in turns."""
    found = [
        Figure(f"{what} of those let in, {name} crowd beyond capacity / full house", [], target, least=least)
        for name, worst, fewest in (("patient", 1.5, 0.9), ("impatient", 3, 0.5))
        for what, target, least in (("p99", worst, False), ("answers a second", fewest, True))
    ]
    for _ in range(rounds):
        full = await crowd(port, request, callers=FULL, pause=0.01, seconds=3)
        for place, pause in enumerate((PATIENT, IMPATIENT)):
            beyond = await crowd(port, request, callers=BEYOND, pause=pause, seconds=3)
            if not beyond.sent_away:
                raise SystemExit("Nobody was sent away: this is no overload.")
            late, served = found[2 * place : 2 * place + 2]
            late.values.append(beyond.p99 / full.p99)
            served.values.append(beyond.a_second / full.a_second)
    return found


__all__ = ["figures"]
