"""Whether a page deep in a long list costs more than the first page of a short one."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from pathlib import Path

from api.database import Database, connect
from models.kernel.access import Actor, Side
from models.kernel.journal import JournalLine
from models.kernel.reads import Page, Paged, Reader, Wanted
from models.kernel.values import new_id
from models.kernel.work import utc_now
from models.rights import PRESETS, Preset
from tests.benchmarks.data import EPOCH, Place
from tests.benchmarks.load import median

WANTED = Wanted.of("at", "actor_name", "operation", "to_status")
ROUNDS, READS = 5, 30


async def _timed(database: Database, auditor: Actor, page: Page) -> float:
    took = []
    for _ in range(READS):
        async with database.reader() as session:
            started = time.perf_counter()
            found: Paged = await Reader(session, auditor, utc_now()).page(JournalLine, WANTED, page)
            took.append(time.perf_counter() - started)
        assert len(found.edges) == page.first
    return median(took)


async def _measure(large: Place, small: Place) -> dict[str, list[float]]:
    auditor = Actor(new_id(), "沈安", Side.HUAWEI, PRESETS[Preset.AUD].permissions)
    deep, short = connect(large.url), connect(small.url)
    found: dict[str, list[float]] = {}
    try:
        for _ in range(ROUNDS):
            first = await _timed(short, auditor, Page(first=50))
            for share in (0.0, 0.5, 0.95):
                async with deep.reader() as session:
                    before = EPOCH + dt.timedelta(days=600 * (1 - share))
                    start = Page(first=1, filter=(("at_before", before),))
                    edge = (await Reader(session, auditor, utc_now()).page(JournalLine, WANTED, start)).edges[0]
                taken = await _timed(deep, auditor, Page(first=50, after=edge.cursor))
                found.setdefault(f"{share:.0%}", []).append(taken / first)
    finally:
        await deep.dispose()
        await short.dispose()
    return found


def ratios(large: Path, small: Path) -> dict[str, list[float]]:
    """Give the ratio for several depths, one figure a round."""
    return asyncio.run(_measure(Place(large), Place(small)))
