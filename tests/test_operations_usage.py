"""Usage of documents: counted in memory, written down in one statement, never lost, never more than was."""

from __future__ import annotations

import asyncio
import datetime as dt

from api.usage import flush, running
from models import operations as domain
from models.kernel.access import system_actor
from models.kernel.values import new_id
from models.operations.usage import percentile, usage_of, write_down
from tests.operating import MINE, NAMES, a_client, documents_of, published, submitted
from tests.people import Cast, Store, cast, store

__all__ = ["cast", "store"]


def test_a_percentile_is_estimated_from_the_buckets():
    usage = domain.Usage()
    id = new_id()
    for milliseconds in (*[4] * 90, *[80] * 9, 9_000):
        usage.seen(id, milliseconds / 1000, False)
    tally = usage.take()[id]
    assert (tally.calls, tally.buckets[0], tally.buckets[4], tally.buckets[-1]) == (100, 90, 9, 1)
    assert tally.p95 is not None
    assert 50 < tally.p95 <= 100
    assert percentile([0] * 11, 0.95) is None
    assert percentile([0] * 10 + [5], 0.95) == 5000


async def test_what_ran_is_added_up_by_day_from_several_workers(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    await published(store, wang, client, submitted(MINE, NAMES))
    mine, names = [(await documents_of(store, client))[text].id for text in (MINE, NAMES)]
    workers = [domain.Usage(store.clock) for _ in range(3)]
    for worker in workers:
        for _ in range(10):
            worker.seen(mine, 0.004, False)
        worker.seen(names, 0.2, True)

    async def flush(worker: domain.Usage) -> None:
        taken = worker.take()
        await store.do(system_actor(), lambda work: write_down(work, taken))

    await asyncio.gather(*map(flush, workers))
    store.clock.forward(days=1)
    workers[0].seen(mine, 0.004, True)
    await flush(workers[0])
    await flush(workers[0])
    async with store.reader() as session:
        found = await usage_of(session, [mine, names], store.clock())
        assert (found[mine].calls, found[mine].errors, found[mine].last_seen_at) == (31, 1, store.clock())
        assert (found[names].calls, found[names].errors) == (3, 3)
        assert found[names].buckets[5] == 3
        later = await usage_of(session, [mine], store.clock() + dt.timedelta(days=40))
        assert (later[mine].calls, later[mine].last_seen_at) == (0, store.clock())
        assert await usage_of(session, [], store.clock()) == {}


def test_what_could_not_be_written_down_is_kept():
    usage = domain.Usage()
    id = new_id()
    usage.seen(id, 0.1, False)
    taken = usage.take()
    assert len(usage) == 0
    usage.seen(id, 0.1, True)
    usage.give_back(taken)
    kept = usage.take()[id]
    assert (kept.calls, kept.errors) == (2, 1)


async def test_the_server_writes_usage_down_and_once_more_at_its_end(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    await published(store, wang, client, submitted(MINE))
    mine = (await documents_of(store, client))[MINE].id
    usage = domain.Usage(store.clock)
    async with running(store, usage, clock=store.clock, every=3600):
        usage.seen(mine, 0.01, False)
    async with store.reader() as session:
        assert (await usage_of(session, [mine], store.clock()))[mine].calls == 1


async def test_what_the_database_does_not_take_now_is_written_later(store: Store, cast: Cast):
    usage = domain.Usage(store.clock)
    usage.seen(new_id(), 0.01, False)
    before = await store.everything()
    assert await flush(store, usage, clock=store.clock) == 0
    assert len(usage) == 1
    assert await store.everything() == before
