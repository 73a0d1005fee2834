"""Takes the steps whose deadline has passed, as the system; several processes may do so at the same time."""

import asyncio
import datetime as dt
import functools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

from api import metrics
from api.files import sweep_files
from api.logs import log
from api.settings import Settings
from models import consumption, entry, notice, verification
from models.approval import digest
from models.file import Storage
from models.identity import forget_old_sessions
from models.kernel import replay
from models.kernel.access import system_actor
from models.kernel.lifecycle import Lifecycle, lifecycles
from models.kernel.work import Clock, Store, Work, run_write, utc_now

T = TypeVar("T")
BATCH = 100
TIDY_EVERY = dt.timedelta(hours=1)
REMIND_EVERY = dt.timedelta(minutes=5)


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


async def remind(store: Store, *, clock: Clock = utc_now) -> Counter[str]:
    """Tell people of deadlines that are near and of what has had no news, each once; count them by kind of notice.

    From the set time of a working day on, each reviewer's digest goes into the outbox too.
    """
    told: Counter[str] = Counter()
    for watch in notice.watches():
        after: UUID | None = None
        while ids := await _read(store, clock, functools.partial(notice.waiting_for, watch=watch, after=after)):
            after = ids[-1]
            told[watch.kind.code] += await _told(
                store, clock, functools.partial(notice.tell_when_due, watch=watch, ids=ids)
            )
    tried: set[UUID] = set()
    while ids := [id for id in await _read(store, clock, digest.to_be_looked_at) if id not in tried]:
        for id in ids:
            tried.add(id)
            told[digest.DIGEST.code] += await _told(store, clock, functools.partial(digest.prepare, account_id=id))
    return +told


async def _read(store: Store, clock: Clock, question: Callable[[Work], Awaitable[T]]) -> T:
    async with store.reader() as session:
        return await question(Work(session, system_actor(), clock(), journal_key=store.journal_key))


async def _told(store: Store, clock: Clock, deed: Callable[[Work], Awaitable[int]]) -> int:
    try:
        return await run_write(store, system_actor(), deed, clock=clock)
    except Exception:
        log.exception("somebody could not be reminded; the next round tries again")
        return 0


async def summarise(store: Store, *, clock: Clock = utc_now) -> int:
    """Move on which months of consumption can be looked at, and add the days that are old enough to their months."""
    summed = 0
    while await _read(store, clock, consumption.is_behind):
        summed += await run_write(store, system_actor(), consumption.summarise, clock=clock)
    return summed


async def tidy(store: Store, *, clock: Clock = utc_now, storage: Storage | None = None) -> int:
    """Forget keys, sessions, notices, mails, codes and files that are kept no longer; answer how many."""
    forgotten = await sweep_files(store, storage, clock=clock) if storage is not None else 0
    for forget in (replay.forget_old, notice.forget_old, verification.forget_old, entry.forget_old):
        while gone := await run_write(store, system_actor(), forget, clock=clock):
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
async def running(
    store: Store, settings: Settings, *, clock: Clock = utc_now, storage: Storage | None = None
) -> AsyncIterator[None]:
    """Sweep in the background at the interval of the settings until the block ends; a sweep under way is finished."""
    stop = asyncio.Event()
    sweeps = _sweep_until(stop, store, settings.sweep_interval_seconds, clock, storage)
    task = asyncio.create_task(sweeps, name="timers")
    try:
        yield
    finally:
        stop.set()
        await task


async def _sweep_until(
    stop: asyncio.Event, store: Store, seconds: float, clock: Clock, storage: Storage | None
) -> None:
    tidied: dt.datetime | None = None
    reminded: dt.datetime | None = None
    while not stop.is_set():
        try:
            fired = await sweep(store, clock=clock)
            if fired:
                log.info("deadlines acted on", **{verb.replace(".", "_"): times for verb, times in fired.items()})
            await summarise(store, clock=clock)
            if reminded is None or clock() - reminded >= REMIND_EVERY:
                await remind(store, clock=clock)
                reminded = clock()
            if tidied is None or clock() - tidied >= TIDY_EVERY:
                await tidy(store, clock=clock, storage=storage)
                tidied = clock()
        except Exception:
            log.exception("a sweep failed; the next one tries again")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
