"""Writes down how documents of tools are used: counted in memory, one statement every few seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from api.logs import log
from models.kernel.access import system_actor
from models.kernel.work import Clock, Store, run_write, utc_now
from models.operations import Usage, write_down

# What is kept of answers holds until the data change, and these figures are data too.
EVERY_SECONDS: Final = 15.0


async def flush(store: Store, usage: Usage, *, clock: Clock = utc_now) -> int:
    """Write down what was counted since the last time; what could not be written is counted once more later."""
    taken = usage.take()
    if not taken:
        return 0
    try:
        await run_write(store, system_actor(), lambda work: write_down(work, taken), clock=clock)
    except Exception:
        usage.give_back(taken)
        log.exception("the usage of documents could not be written down; the next round tries again")
        return 0
    return len(taken)


@asynccontextmanager
async def running(
    store: Store, usage: Usage, *, clock: Clock = utc_now, every: float = EVERY_SECONDS
) -> AsyncIterator[None]:
    """Write usage down in the background until the block ends, and once more then."""
    stop = asyncio.Event()

    async def until_stopped() -> None:
        while not stop.is_set():
            await flush(store, usage, clock=clock)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every)

    task = asyncio.create_task(until_stopped(), name="usage")
    try:
        yield
    finally:
        stop.set()
        await task
        await flush(store, usage, clock=clock)
