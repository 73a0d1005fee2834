"""Takes the steps whose deadline has passed, as the system; several processes may do so at the same time."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from api import metrics
from api.logs import log
from api.settings import Settings
from models.identity import forget_old_sessions
from models.kernel import replay
from models.kernel.access import system_actor
from models.kernel.lifecycle import Lifecycle, lifecycles
from models.kernel.work import Clock, Store, Work, run_write, utc_now

BATCH = 100
TIDY_EVERY = dt.timedelta(hours=1)


async def sweep(store: Store, *, clock: Clock = utc_now) -> Counter[str]:
    """Take every step that a passed deadline calls for; answer how often each was taken, by its name.

    Each record has a transaction of its own. What somebody else has moved on is left alone, and what fails is logged
    and tried again by the next sweep, so that no record holds up another.
    """
    fired: Counter[str] = Counter()
    for lifecycle in lifecycles():
        tried: set[UUID] = set()
        while ids := await _due(store, lifecycle, clock, tried):
            for id in ids:
                tried.add(id)
                verb = await _fire(store, lifecycle, id, clock)
                if verb is not None:
                    metrics.timer_fired(verb)
                    fired[lifecycle.operation(verb).code] += 1
    return fired


async def tidy(store: Store, *, clock: Clock = utc_now) -> int:
    """Forget idempotency keys and sessions that are kept no longer; answer how many."""
    forgotten = 0
    while gone := await run_write(store, system_actor(), replay.forget_old, clock=clock):
        forgotten += gone
    now = clock()
    return forgotten + await run_write(
        store, system_actor(), lambda work: forget_old_sessions(work, before=now), clock=clock
    )


async def overdue(store: Store, *, clock: Clock = utc_now) -> int:
    """Count the records whose deadline has passed without its step being taken; up to 100 of each lifecycle."""
    return sum([len(await _due(store, lifecycle, clock, set())) for lifecycle in lifecycles()])


async def _due(store: Store, lifecycle: Lifecycle[Any], clock: Clock, tried: set[UUID]) -> list[UUID]:
    async with store.reader() as session:
        work = Work(session, system_actor(), clock(), journal_key=store.journal_key)
        # What has been tried and is due still has failed; it stands in front and must not hide the rest.
        return [id for id in await lifecycle.due(work, limit=BATCH + len(tried)) if id not in tried]


async def _fire(store: Store, lifecycle: Lifecycle[Any], id: UUID, clock: Clock) -> str | None:
    try:
        return await run_write(store, system_actor(), lambda work: lifecycle.fire_due(work, id), clock=clock)
    except Exception:
        log.exception("a deadline could not be acted on", lifecycle=lifecycle.name, record=str(id))
        return None


@asynccontextmanager
async def running(store: Store, settings: Settings, *, clock: Clock = utc_now) -> AsyncIterator[None]:
    """Sweep in the background at the interval of the settings until the block ends; a sweep under way is finished."""
    stop = asyncio.Event()
    task = asyncio.create_task(_sweep_until(stop, store, settings.sweep_interval_seconds, clock), name="timers")
    try:
        yield
    finally:
        stop.set()
        await task


async def _sweep_until(stop: asyncio.Event, store: Store, seconds: float, clock: Clock) -> None:
    tidied: dt.datetime | None = None
    while not stop.is_set():
        try:
            fired = await sweep(store, clock=clock)
            if fired:
                log.info("deadlines acted on", **{verb.replace(".", "_"): times for verb, times in fired.items()})
            if tidied is None or clock() - tidied >= TIDY_EVERY:
                await tidy(store, clock=clock)
                tidied = clock()
        except Exception:
            log.exception("a sweep failed; the next one tries again")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
