"""The clocks of an opportunity: when each runs out, what happens then, and who is told."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from api.timers import sweep
from models import opportunity as domain
from models.approval import claim
from models.kernel.access import Actor, system_actor
from models.kernel.errors import DomainError, TransitionNotAllowedError
from models.kernel.journal import JournalLine
from models.kernel.policy import PolicyRow
from models.kernel.reads import Reader
from models.kernel.reads.declare import Computed, Wanted
from models.opportunity import OfferStatus, Opportunity, RejectionReason, Status
from models.opportunity.refusals import NotYourDeskError
from models.settings import clear_calendar_day, set_calendar_day
from tests.pipeline import Pipeline, pipeline
from tests.test_opportunity_lifecycle import deciding

__all__ = ["pipeline"]

CLOCK = Computed(("due_at", "status", "direction"), domain.clock_told, leans=True)


async def at(pipeline: Pipeline, moment: dt.datetime) -> dict[str, int]:
    """Let the timers look at the clock."""
    pipeline.store.clock.now = moment
    return dict(await sweep(pipeline.store, clock=pipeline.store.clock))


async def entry_of(pipeline: Pipeline, record: Opportunity) -> dict[str, Any]:
    rows: list[dict[str, Any]] = (await pipeline.store.everything())["Approval"]
    (entry,) = (row for row in rows if UUID(str(row["subject_id"])) == record.id and row["state"] == "OPEN")
    return entry


def end_of(month: int, day: int) -> dt.datetime:
    """Give 24:00 in Beijing."""
    return dt.datetime(2026, month, day, 16, tzinfo=dt.UTC)


async def read(pipeline: Pipeline, actor: Actor, record: Opportunity, *columns: str) -> Any:
    async with pipeline.store.reader() as session:
        reader = Reader(session, actor, pipeline.store.clock())
        wanted = Wanted(columns=frozenset(columns), computed=(("sla", CLOCK),))
        return await reader.one(Opportunity, record.id, wanted)


@pytest.mark.parametrize("who", ["pdm", "operations"])
async def test_an_audit_that_nobody_took_goes_to_the_pool_and_is_never_decided_by_time(
    pipeline: Pipeline, who: str
) -> None:
    """COL-2.5#4, COL-1.3: after 3 working days it escalates; its entry stays open, for the PDM and for the pool."""
    record = await pipeline.submitted()
    assert record.due_at == end_of(3, 5)
    assert await at(pipeline, end_of(3, 5) - dt.timedelta(microseconds=1)) == {}
    await pipeline.store.refused(pipeline.operations, NotYourDeskError, deciding(record, "approve_audit"))
    assert await at(pipeline, end_of(3, 5)) == {"Opportunity.PO.escalate": 1}
    now, entry = await pipeline.again(record), await entry_of(pipeline, record)
    assert (now.status, now.escalated_at, now.due_at) == (Status.AUDITING, end_of(3, 5), end_of(3, 5))
    assert (bool(entry["pool"]), entry["verdict"]) == (True, None)
    assert await at(pipeline, end_of(4, 30)) == {}
    (line,) = [line for line in await pipeline.store.journal() if line.operation == "Opportunity.PO.escalate"]
    assert line.internal
    async with pipeline.store.reader() as session:
        assert await Reader(session, pipeline.main, line.at).one(JournalLine, line.id, Wanted.of("operation")) is None
    await pipeline.decide(getattr(pipeline, who), record, "approve_audit")
    assert (await pipeline.again(record)).status == Status.VALIDATING


async def test_a_validation_that_runs_out_is_rejected_and_the_partner_reads_why(pipeline: Pipeline) -> None:
    """COL-2.4.5, COL-2.5#9: ten working days, SLA_EXPIRED, even while a reviewer holds the entry."""
    record = await pipeline.validating()
    entry = await entry_of(pipeline, record)
    pipeline.store.clock.now = end_of(3, 16) - dt.timedelta(minutes=5)
    await pipeline.do(pipeline.psm, lambda work: claim(work, UUID(str(entry["id"]))))
    assert await at(pipeline, end_of(3, 16) - dt.timedelta(microseconds=1)) == {}
    assert await at(pipeline, end_of(3, 16)) == {"Opportunity.PO.expire_validation": 1}
    seen = await read(pipeline, pipeline.main, record, "status", "rejection_reason", "message_to_partner")
    assert (seen.status, seen.rejection_reason) == ("VALIDATION_REJECTED", "SLA_EXPIRED")
    assert RejectionReason.SLA_EXPIRED.zh in seen.message_to_partner
    closed = (await pipeline.store.everything())["Approval"]
    assert {row["state"] for row in closed if row["subject_kind"] == "Opportunity"} == {"CLOSED"}
    await pipeline.store.refused(pipeline.psm, TransitionNotAllowedError, deciding(record, "validate"))


async def test_what_is_not_completed_in_ten_working_days_is_rejected(pipeline: Pipeline) -> None:
    """COL-2.5#17, #19: INCOMPLETE_FIELDS; meanwhile the audit's clock stands still, and both sides are told so."""
    record = await pipeline.submitted()
    await pipeline.decide(pipeline.pdm, record, "send_back", fields=("need",), reason="请补充")
    for actor in (pipeline.main, pipeline.pdm):
        told = (await read(pipeline, actor, record)).sla
        assert told["due_at"].startswith("2026-03-16T16:00")
        assert (told["on_breach_en"], told["paused_because_zh"]) == (
            *("Rejected as incomplete", "等待伙伴补充，审核计时暂停"),
        )
    assert await at(pipeline, end_of(3, 5)) == {}
    assert await at(pipeline, end_of(3, 16)) == {"Opportunity.PO.expire_return": 1}
    now = await pipeline.again(record)
    assert (now.status, now.rejection_reason) == (Status.AUDIT_REJECTED, RejectionReason.INCOMPLETE_FIELDS)
    assert now.message_to_partner


async def test_the_audit_clock_starts_anew_on_return_and_is_the_pdms_again(pipeline: Pipeline) -> None:
    """COL-2.5#18: three working days from the return, and what had escalated is out of the pool."""
    record = await pipeline.submitted()
    await at(pipeline, end_of(3, 5))
    await pipeline.decide(pipeline.operations, record, "send_back", fields=("need",), reason="请补充")
    pipeline.store.clock.now = end_of(3, 9)  # the 10th of March in Beijing
    await pipeline.do(pipeline.main, lambda work: domain.return_completed(work, record.id))
    now, entry = await pipeline.again(record), await entry_of(pipeline, record)
    assert (now.due_at, now.escalated_at, bool(entry["pool"])) == (end_of(3, 13), None, False)
    await pipeline.store.refused(pipeline.operations, NotYourDeskError, deciding(record, "approve_audit"))


async def test_an_offer_that_nobody_accepts_is_declined_and_recalled(pipeline: Pipeline) -> None:
    """COL-3.2#5: AUTO_REJECTED, then RECALLED in the same moment; the offer tells it, and it may be shared again."""
    record, offer = await pipeline.shared()
    assert record.due_at == offer.due_at == end_of(3, 5)
    assert await at(pipeline, end_of(3, 5)) == {"Opportunity.HO.expire_offer": 1}
    now, answered = await pipeline.again(record), await pipeline.again(offer)
    assert (now.status, now.due_at) == (Status.RECALLED, None)
    assert (answered.status, answered.answered_at, answered.due_at) == (OfferStatus.AUTO_REJECTED, end_of(3, 5), None)
    steps = [(line.from_status, line.to_status) for line in await pipeline.store.journal()]
    assert steps[-2:] == [("PENDING_ACCEPTANCE", "AUTO_REJECTED"), ("AUTO_REJECTED", "RECALLED")]
    await pipeline.store.refused(
        pipeline.main, DomainError, lambda work: domain.ho.accept(work, offer.id, confirmed=True)
    )
    _, second = await pipeline.share(now, pipeline.cast.huaqi)
    assert second.id != offer.id


@pytest.mark.parametrize(
    ("entered", "due"),
    [
        (dt.datetime(2026, 4, 2, 4, tzinfo=dt.UTC), end_of(4, 8)),  # Qingming: the 4th to the 6th are free
        (dt.datetime(2026, 9, 30, 4, tzinfo=dt.UTC), end_of(10, 10)),  # national week, and Saturday the 10th is worked
        (dt.datetime(2026, 3, 6, 16, 30, tzinfo=dt.UTC), end_of(3, 11)),  # Saturday in Beijing already
    ],
)
async def test_working_days_are_those_of_china(pipeline: Pipeline, entered: dt.datetime, due: dt.datetime) -> None:
    """COL-2.5 guard 3: day 1 is the next working day, until 24:00 in Beijing, with holidays and make-up days."""
    pipeline.store.clock.now = entered
    record = await pipeline.submitted(expected_sign_date=dt.date(2026, 12, 1))
    assert record.due_at == due
    assert (await entry_of(pipeline, record))["due_at"] in (due, due.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


async def test_the_number_of_days_is_that_of_the_day_of_entering(pipeline: Pipeline) -> None:
    """COL-2.5#4: a policy row, read at the moment that counts."""
    before = await pipeline.submitted()

    async def longer(work: Any) -> None:
        work.add(PolicyRow(key="opportunity.audit_working_days", value=5, effective_from=work.now))

    pipeline.store.clock.forward(minutes=1)
    await pipeline.do(system_actor(), longer)
    after = await pipeline.submitted(name="新政策之后")
    assert ((await pipeline.again(before)).due_at, after.due_at) == (end_of(3, 5), end_of(3, 9))


async def test_a_day_off_moves_every_clock_later_and_none_earlier(pipeline: Pipeline) -> None:
    """COL-2.5 guard 3: records, their entries, offers and the time for a dispute, more than a page of them."""
    returned = await pipeline.submitted()
    await pipeline.decide(pipeline.pdm, returned, "send_back", fields=("need",), reason="请补充")
    ho, offer = await pipeline.shared()
    model = await pipeline.submitted(name="样本", company_name="镇江润州化工有限公司")
    facts = model.model_dump(exclude={"id", "normalised_name", "name"})

    async def many(work: Any) -> None:
        await work.add_all(Opportunity, [{**Opportunity(**facts).model_dump(), "name": f"第{n}个"} for n in range(500)])

    await pipeline.do(system_actor(), many)
    await pipeline.do(system_actor(), many)
    gone = await pipeline.submitted(name="已升级", company_name="泰州海陵船舶有限公司")

    async def escalate(work: Any) -> None:
        await domain.PO.fire(work, await work.get(Opportunity, gone.id), "escalate")

    await pipeline.do(system_actor(), escalate)
    off = dt.date(2026, 3, 4)
    operations = pipeline.operations
    moved = await pipeline.do(operations, lambda work: set_calendar_day(work, off, is_working=False))
    assert moved == 1000 + 1 + 1 + 1
    assert (await pipeline.again(model)).due_at == end_of(3, 6)
    assert (await pipeline.again(returned)).due_at == end_of(3, 17)
    assert (await pipeline.again(ho)).due_at == (await pipeline.again(offer)).due_at == end_of(3, 6)
    assert (await pipeline.again(gone)).due_at == end_of(3, 5)
    assert str((await entry_of(pipeline, model))["due_at"])[:10] == "2026-03-06"
    assert await pipeline.do(operations, lambda work: clear_calendar_day(work, off)) == 0
    assert (await pipeline.again(model)).due_at == end_of(3, 6)
    assert await at(pipeline, end_of(3, 5)) == {}


async def test_several_processes_fire_a_deadline_once(pipeline: Pipeline) -> None:
    """COL-2.5#9: the timers of several processes look at the same moment, and once more; one line is written."""
    records = [await pipeline.validating(name=f"机会点{n}", company_name=f"苏州第{n}制造有限公司") for n in "一二三"]
    pipeline.store.clock.now = end_of(3, 16)
    fired = await asyncio.gather(*(sweep(pipeline.store, clock=pipeline.store.clock) for _ in range(4)))
    assert sum(one["Opportunity.PO.expire_validation"] for one in fired) == len(records)
    assert await at(pipeline, end_of(3, 17)) == {}
    assert (await pipeline.store.operations()).count("Opportunity.PO.expire_validation") == len(records)


async def test_a_decision_and_the_deadline_at_one_moment_leave_one_of_them(pipeline: Pipeline) -> None:
    """COL-2.5#7, #9: whoever is first has decided."""
    record = await pipeline.validating()
    pipeline.store.clock.now = end_of(3, 16)
    await asyncio.gather(
        pipeline.do(pipeline.psm, deciding(record, "validate")),
        sweep(pipeline.store, clock=pipeline.store.clock),
        return_exceptions=True,
    )
    ended = [one for one in await pipeline.store.operations() if one.endswith((".validate", ".expire_validation"))]
    assert len(ended) == 1
    assert (await pipeline.again(record)).status in (Status.VALIDATED, Status.VALIDATION_REJECTED)


async def test_both_sides_are_told_how_long_it_takes(pipeline: Pipeline) -> None:
    """COL-2.2.3, COL-2.5#4, #7: due time, working hours left, and what happens then; nothing where no clock runs."""
    record = await pipeline.submitted()
    for actor in (pipeline.main, pipeline.pdm, pipeline.psm, pipeline.operations):
        told = (await read(pipeline, actor, record)).sla
        # It is noon on Monday in Beijing: five hours of today, and three whole days of eight.
        assert (told["working_hours_left"], told["paused_because_en"]) == (29.0, None)
        assert told["on_breach_zh"] == "升级至生态运营处理"
    await pipeline.decide(pipeline.pdm, record, "reject_audit", reason_code=RejectionReason.NO_CONTACT)
    assert (await read(pipeline, pipeline.main, record)).sla is None
