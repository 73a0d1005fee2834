"""What many more callers than a process can serve do to those whom it lets in: p99 and answers a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.benchmarks.load import Connection, median

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


async def ratios(port: int, request: Callable[[], bytes], rounds: int) -> dict[str, list[float]]:
    """Compare crowds far beyond capacity with one that fills it, in turns."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        full = await crowd(port, request, callers=FULL, pause=0.01, seconds=3)
        for name, pause in (("patient", PATIENT), ("impatient", IMPATIENT)):
            beyond = await crowd(port, request, callers=BEYOND, pause=pause, seconds=3)
            if not beyond.sent_away:
                raise SystemExit("Nobody was sent away: this is no overload.")
            found.setdefault(f"p99 of the admitted, {name} crowd", []).append(beyond.p99 / full.p99)
            found.setdefault(f"answers a second, {name} crowd", []).append(beyond.a_second / full.a_second)
    return found


__all__ = ["median", "ratios"]
