"""The installation as it really runs: served, swept by several processes, and killed in the middle of a write."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import sys
from collections import Counter
from typing import Any

import pytest
from sqlmodel import col, select

from api.database import Database
from api.demo import demo_token
from api.installation import Installation
from api.metrics import TOLD_SECONDS
from models.kernel.journal import JournalLine
from models.kernel.work import utc_now
from models.opportunity import Opportunity
from tests.demonstration import demonstration
from tests.people import Store
from tests.pipeline import Pipeline, open_pipeline
from tests.processes import command, serving, surroundings

__all__ = ["demonstration"]

pytestmark = pytest.mark.slow
QUERY = "{ opportunities(first: 3) { totalCount nodes { id name status } } }"


@pytest.mark.slow
async def test_serve_answers_a_real_query_with_the_token_that_it_prints(demonstration: Installation):
    async with serving(demonstration.settings.database_url) as server:
        assert await server.get("/healthz") == (200, '{"status":"ok"}')
        assert await server.get("/readyz") == (200, '{"status":"ready"}')
        token = re.search(r"^pct_\S+", server.printed, re.MULTILINE)
        assert token is not None
        assert token[0] == demo_token(demonstration.settings)
        assert "demo.main" in server.printed
        status, answer = await server.query(QUERY, token[0])
        assert status == 200
        assert answer["data"]["opportunities"]["totalCount"] > 10
        assert len(answer["data"]["opportunities"]["nodes"]) == 3
        pasted = re.search(r'-d \'\{"query":"(.+)"\}\'', server.printed)
        assert pasted is not None
        assert "errors" not in (await server.query(pasted[1], token[0]))[1]
        status, answer = await server.query(QUERY, "pct_wrong")
        assert answer["errors"][0]["extensions"]["code"] == "SIGN_IN_REQUIRED"
        assert "data" not in answer or answer["data"] is None
    assert server.stopped_cleanly


@pytest.mark.slow
async def test_production_says_no_more_than_it_must_and_refuses_demo_logins(
    demonstration: Installation, database_url: str
):
    production = {"environment": "production", "secret_key": "a secret of this installation alone, 2026"}
    code, said = await command(demonstration.settings.database_url, "serve", **production)
    assert code == 1
    assert "demo logins" in said
    await command(database_url, "migrate", **production)
    async with serving(database_url, **production) as server:
        assert (await server.get("/healthz"))[0] == 200
        assert "pct_" not in server.printed
        assert "demo." not in server.printed
        assert (await server.get("/graphql", accept="text/html"))[0] != 200
    assert server.stopped_cleanly


@pytest.mark.slow
async def test_several_workers_share_one_address_and_their_figures(demonstration: Installation):
    async with serving(demonstration.settings.database_url, "--workers", "2") as server:
        for _ in range(6):
            assert (await server.query(QUERY, demo_token(demonstration.settings)))[0] == 200
        # The other worker tells its latest figures a moment later.
        await asyncio.sleep(10 * TOLD_SECONDS)
        status, figures = await server.get("/metrics")
        assert status == 200
        counted = re.search(r'partner_center_requests_total\{room="graphql",status="200"\} (\d+)', figures)
        assert counted is not None
        assert int(counted[1]) == 6
    assert server.stopped_cleanly


@pytest.mark.slow
async def test_two_processes_that_sweep_the_same_database_act_on_each_deadline_once(
    database: Database, database_url: str
):
    pipeline = await long_ago(database)
    for number in range(20):
        later = utc_now().date() + dt.timedelta(days=90)
        await pipeline.submitted(
            name=f"机会点 {number}",
            company_name=f"苏州第{number}机械有限公司",
            expected_sign_date=later,
            expected_go_live_date=later,
        )
    said = await asyncio.gather(*(command(database_url, "sweep") for _ in range(2)))
    assert [code for code, _ in said] == [0, 0]
    fired = [int(number) for _, text in said for number in re.findall(r"^Opportunity\.PO\.escalate: (\d+)", text, re.M)]
    assert sum(fired) == 20
    lines = await escalations(database)
    assert len(lines) == 20
    assert set(lines.values()) == {1}
    assert "No deadline has passed." in (await command(database_url, "sweep"))[1]


WRITES = """
import asyncio, sys
from api.database import connect
from models.kernel.work import run_write
from models.identity import actor_of
from models import opportunity
from tests.people import Clock
from tests.pipeline import FORM
from uuid import UUID
class Store:
    pass
async def main():
    database = connect(sys.argv[1])
    store = Store()
    store.writer, store.reader, store.journal_key = database.writer, database.reader, b"key of the tests"
    clock = Clock()
    async with store.reader() as session:
        main_account = await actor_of(session, UUID(sys.argv[2]), now=clock())
    number = 0
    while True:
        async def several(work):
            for part in range(4):
                form = {**FORM, "name": f"{sys.argv[3]}-{number}-{part}"}
                record = await opportunity.save_draft(work, form)
                await work.flush()
                await opportunity.submit(work, record.id)
        await run_write(store, main_account, several, clock=clock)
        number += 1
        print(number, flush=True)
asyncio.run(main())
"""


@pytest.mark.slow
async def test_a_process_killed_in_the_middle_of_a_write_leaves_all_of_it_or_nothing(
    database: Database, database_url: str
):
    """Each transaction submits four opportunities; whatever is there has its whole journal and its queue entry."""
    pipeline = await open_pipeline(Store(database.writer, database.reader))
    for round_number in range(4):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITES, database_url, str(pipeline.cast.wang_main.id), f"round{round_number}"),
            env=surroundings(database_url),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 60)
        await asyncio.sleep(0.05 + 0.037 * round_number)
        process.kill()
        await process.wait()
        await process.stdout.read()
    rows = await everything(pipeline.store)
    written = Counter(row["name"].rpartition("-")[0] for row in rows["Opportunity"])
    assert len(written) >= 4
    assert set(written.values()) == {4}
    ids = {row["id"] for row in rows["Opportunity"]}
    journal = Counter(
        (line["subject_id"], line["operation"]) for line in rows["JournalLine"] if line["subject_id"] in ids
    )
    assert journal == Counter(
        {(id, operation): 1 for id in ids for operation in ("opportunity.save_draft", "Opportunity.PO.submit")}
    )
    assert {entry["subject_id"] for entry in rows["Approval"]} == ids
    assert len(rows["Approval"]) == len(ids)
    # The database goes on as if nothing had happened.
    record = await pipeline.submitted(name="此后照常")
    assert record.status == "AUDITING"


async def everything(store: Store) -> dict[str, list[Any]]:
    for _ in range(50):
        try:
            return await store.everything()
        except Exception:  # PostgreSQL may need a moment to see that the client has gone
            await asyncio.sleep(0.1)
    return await store.everything()


async def long_ago(database: Database) -> Pipeline:
    store = Store(database.writer, database.reader)
    store.clock.now = utc_now() - dt.timedelta(days=30)
    return await open_pipeline(store)


async def escalations(database: Database) -> Counter[Any]:
    query = select(JournalLine.subject_id).where(col(JournalLine.operation) == "Opportunity.PO.escalate")
    async with database.reader() as session:
        found = Counter((await session.execute(query)).scalars())
        assert set(found) == set((await session.execute(select(Opportunity.id))).scalars())
    return found
