"""Deadlines: each is acted on once, by whichever process comes first, and none holds up another."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections import Counter
from typing import Any

import pytest
from sqlmodel import select

from api import timers
from api.database import Database
from api.settings import Settings
from models import opportunity as domain
from models.approval import Approval
from models.kernel.lifecycle import Lifecycle
from models.kernel.replay import ReplayRecord
from models.opportunity import HO, PO, HoOffer, OfferStatus, Opportunity, Status, ho
from tests.databases import open_database
from tests.people import Store
from tests.pipeline import FORM, Pipeline, pipeline

__all__ = ["pipeline"]

CRM = dt.datetime(2026, 2, 20, 2, 0, tzinfo=dt.UTC)
ACCOUNT = "hengyuan_cloud"


def due(record: Opportunity) -> dt.datetime:
    assert record.due_at is not None
    return record.due_at


async def swept(pipeline: Pipeline) -> Counter[str]:
    return await timers.sweep(pipeline.store, clock=pipeline.store.clock)


async def offered(pipeline: Pipeline) -> Opportunity:
    """An opportunity of Huawei's that waits for the first partner's acceptance."""
    await pipeline.validated(account_name=ACCOUNT)
    values = {name: FORM[name] for name in ("industry", "province", "need")}
    values |= {"name": "仓储上云", "company_name": "南京青禾物流有限公司", "services": ["OBS"]}
    record = await pipeline.do(pipeline.bd, lambda work: ho.create(work, values, crm_created_at=CRM))
    partner = pipeline.cast.huaqi.id
    shared: Opportunity = await pipeline.do(
        pipeline.bd, lambda work: ho.share(work, record.id, partner, version=record.version)
    )
    return shared


async def entry_of(pipeline: Pipeline, record: Opportunity) -> Approval:
    async with pipeline.store.reader() as session:
        found = await session.execute(select(Approval).where(Approval.subject_id == record.id))
        entry: Approval = found.scalars().one()
        return entry


async def test_nothing_is_due_before_the_third_working_day_has_ended(pipeline: Pipeline):
    """COL-2.5 guard 3: day 1 is the day after; three working days from Monday end with Thursday, 24:00 in Beijing."""
    record = await pipeline.submitted()
    assert record.due_at == dt.datetime(2026, 3, 5, 16, 0, tzinfo=dt.UTC)
    pipeline.store.clock.now = due(record) - dt.timedelta(seconds=1)
    before = await pipeline.store.everything()
    assert await swept(pipeline) == {}
    assert await timers.overdue(pipeline.store, clock=pipeline.store.clock) == 0
    assert await pipeline.store.everything() == before


async def test_an_overdue_audit_goes_to_the_pool_once_and_is_never_decided(pipeline: Pipeline):
    """COL-2.5#4: after three working days the pool may audit, and the opportunity stays in audit."""
    record = await pipeline.submitted()
    pipeline.store.clock.now = due(record)
    assert await timers.overdue(pipeline.store, clock=pipeline.store.clock) == 1
    assert await swept(pipeline) == {"Opportunity.PO.escalate": 1}
    now = await pipeline.again(record)
    assert (now.status, now.escalated_at, now.due_at) == (Status.AUDITING, record.due_at, record.due_at)
    entry = await entry_of(pipeline, record)
    assert (entry.pool, entry.state.value) == (True, "OPEN")
    pipeline.store.clock.forward(days=30)
    before = await pipeline.store.everything()
    assert await swept(pipeline) == {}
    assert await pipeline.store.everything() == before
    audited = await pipeline.decide(pipeline.operations, record, "approve_audit")
    assert audited.status == Status.VALIDATING


async def test_after_completion_an_escalated_audit_is_the_pdms_again(pipeline: Pipeline):
    """COL-2.5 guard 5: the audit clock starts anew when the completed opportunity comes back."""
    record = await pipeline.submitted()
    pipeline.store.clock.now = due(record)
    await swept(pipeline)
    await pipeline.decide(pipeline.operations, record, "send_back", reason="请补充预算", fields=("budget",))
    returned = await pipeline.do(pipeline.main, lambda work: domain.return_completed(work, record.id))
    assert (returned.status, returned.escalated_at, returned.due_verb) == (Status.AUDITING, None, "escalate")
    assert due(returned) > pipeline.store.clock.now


async def test_what_nobody_completes_or_validates_in_time_is_rejected_with_a_reason_to_read(pipeline: Pipeline):
    """COL-2.5#9 and COL-2.5#19: ten working days for the partner's completion and for the validation."""
    first = await pipeline.validating(account_name=ACCOUNT)
    second = await pipeline.submitted(name="二期扩容")
    await pipeline.decide(pipeline.pdm, second, "send_back", reason="请补充预算", fields=("budget",))
    pipeline.store.clock.forward(days=21)
    assert await swept(pipeline) == {"Opportunity.PO.expire_validation": 1, "Opportunity.PO.expire_return": 1}
    first, second = await pipeline.again(first), await pipeline.again(second)
    assert (first.status, first.rejection_reason) == (Status.VALIDATION_REJECTED, "SLA_EXPIRED")
    assert (second.status, second.rejection_reason) == (Status.AUDIT_REJECTED, "INCOMPLETE_FIELDS")
    assert first.message_to_partner
    assert second.message_to_partner


async def test_what_a_partner_does_not_accept_in_time_goes_back_to_huawei(pipeline: Pipeline):
    """COL-3.2#5: after three working days the offer is declined by time and recalled in the same moment."""
    record = await offered(pipeline)
    pipeline.store.clock.now = due(record)
    assert await swept(pipeline) == {"Opportunity.HO.expire_offer": 1}
    assert (await pipeline.again(record)).status == Status.RECALLED
    operations = await pipeline.store.operations()
    assert operations[-2:] == ["Opportunity.HO.expire_offer", "Opportunity.HO.recall_expired"]
    async with pipeline.store.reader() as session:
        offer = (await session.execute(select(HoOffer))).scalars().one()
    assert offer.status == OfferStatus.AUTO_REJECTED


async def test_several_processes_that_sweep_at_once_act_on_each_deadline_once(pipeline: Pipeline):
    for number in range(12):
        await pipeline.submitted(name=f"机会点 {number}", company_name=f"苏州第{number}机械有限公司")
    pipeline.store.clock.forward(days=14)
    url = pipeline.store.writer.kw["bind"].url.render_as_string(hide_password=False)
    others = [open_database(url) for _ in range(3)]
    try:
        stores = [Store(each.writer, each.reader, clock=pipeline.store.clock) for each in others]
        counts = await asyncio.gather(*(timers.sweep(store, clock=store.clock) for store in stores))
    finally:
        for each in others:
            await each.dispose()
    assert sum(counts, Counter()) == {"Opportunity.PO.escalate": 12}
    assert (await pipeline.store.operations()).count("Opportunity.PO.escalate") == 12


async def test_a_record_that_fails_is_logged_and_holds_up_no_other(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timers, "BATCH", 2)
    broken = [await pipeline.submitted(name=f"坏 {number}", company_name=f"坏{number}厂") for number in range(2)]
    pipeline.store.clock.forward(minutes=1)
    good = [await pipeline.submitted(name=f"好 {number}", company_name=f"好{number}厂") for number in range(3)]
    pipeline.store.clock.forward(days=14)
    fire_due = Lifecycle.fire_due

    async def fails_for_some(lifecycle: Lifecycle[Any], work: Any, id: Any) -> str | None:
        verb = await fire_due(lifecycle, work, id)
        if id in {record.id for record in broken}:
            raise RuntimeError("broken")
        return verb

    monkeypatch.setattr(Lifecycle, "fire_due", fails_for_some)
    assert await swept(pipeline) == {"Opportunity.PO.escalate": 3}
    assert {(await pipeline.again(record)).escalated_at is None for record in broken} == {True}
    assert {(await pipeline.again(record)).escalated_at is None for record in good} == {False}
    assert await timers.overdue(pipeline.store, clock=pipeline.store.clock) == 2


async def test_old_idempotency_keys_are_forgotten(pipeline: Pipeline):
    old = pipeline.store.clock.now - dt.timedelta(days=31)
    keys = [{"key": "old", "made_at": old}, {"key": "new", "made_at": pipeline.store.clock.now}]

    async def deed(work: Any) -> None:
        for key in keys:
            work.add(ReplayRecord(caller_id=pipeline.main.id, mutation="m", root_field="m", input_hash="h", **key))

    await pipeline.do(pipeline.main, deed)
    assert await timers.tidy(pipeline.store, clock=pipeline.store.clock) == 1
    assert [row["key"] for row in (await pipeline.store.everything())["ReplayRecord"]] == ["new"]


async def test_the_timer_sweeps_in_the_background_until_it_is_told_to_stop(pipeline: Pipeline):
    record = await pipeline.submitted()
    pipeline.store.clock.now = due(record)
    settings = Settings(sweep_interval_seconds=3600)
    async with timers.running(pipeline.store, settings, clock=pipeline.store.clock):
        for _ in range(200):
            if (await pipeline.again(record)).escalated_at:
                break
            await asyncio.sleep(0.01)
    assert (await pipeline.again(record)).escalated_at == record.due_at
    assert "timers" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_sweep_that_fails_whole_does_not_end_the_timer(monkeypatch: pytest.MonkeyPatch, database: Database):
    calls = 0
    again = asyncio.Event()

    async def fails(_store: object, *, clock: object) -> Counter[str]:
        nonlocal calls
        calls += 1
        if calls == 2:
            again.set()
        raise OSError("the database is away")

    monkeypatch.setattr(timers, "sweep", fails)
    settings = Settings.model_construct(sweep_interval_seconds=0.01)
    with contextlib.suppress(TimeoutError):
        async with timers.running(Store(database.writer, database.reader), settings):
            await asyncio.wait_for(again.wait(), 5)
    assert again.is_set()


def test_every_step_that_a_deadline_takes_belongs_to_the_system():
    for lifecycle in (PO, HO):
        for state in (lifecycle.state(status) for status in Status):
            if state.deadline is not None:
                assert lifecycle[state.deadline.verb].permission == "system:timer"
