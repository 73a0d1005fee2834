"""The eye and the settings as the domain has them, whichever window they are used from."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import pytest
from sqlmodel import col, select

from models.approval import CLAIM_MINUTES
from models.kernel.errors import (
    FieldNotRevealableError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    ValueNotAllowedError,
)
from models.kernel.policy import PolicyRow
from models.kernel.values import new_id
from models.opportunity import Opportunity
from models.reveal import reveal
from models.settings import set_calendar_day, set_policy
from tests.pipeline import FORM, Pipeline, pipeline

__all__ = ["pipeline"]


async def test_a_partner_reveals_its_own_rows_without_saying_why(pipeline: Pipeline) -> None:
    """COL-2.8.3"""
    record = await pipeline.submitted()
    shown = await pipeline.do(pipeline.main, lambda work: reveal(work, Opportunity, "company_name", [record.id]))
    assert shown == {record.id: FORM["company_name"]}
    line = (await pipeline.store.journal())[-1]
    assert (line.operation, line.reason, line.internal) == ("field.reveal", None, False)
    assert line.partner_id == pipeline.cast.huaqi.id


@pytest.mark.parametrize("reason", [None, "", "   "])
async def test_huaweis_staff_say_why(pipeline: Pipeline, reason: str | None) -> None:
    """COL-2.8.3"""
    record = await pipeline.submitted()
    await pipeline.store.refused(
        pipeline.pdm, ReasonRequiredError, lambda work: reveal(work, Opportunity, "company_name", [record.id], reason)
    )


async def test_of_rows_that_are_not_all_ones_own_none_is_shown(pipeline: Pipeline) -> None:
    """COL-2.8.1"""
    mine, theirs = await pipeline.submitted(), await pipeline.submitted(pipeline.other_main)
    for ids in ([mine.id, theirs.id], [mine.id, new_id()]):
        error = await pipeline.store.refused(
            pipeline.main, NotFoundError, partial(reveal, model=Opportunity, field="company_name", ids=ids)
        )
        assert error.path == ("ids", 1)


async def test_what_one_may_not_reveal_stays_hidden(pipeline: Pipeline) -> None:
    record = await pipeline.submitted()
    for actor, error, field in (
        (pipeline.finance, FieldNotRevealableError, "company_name"),
        (pipeline.main, FieldNotRevealableError, "internal_note"),
        (pipeline.main, ValueNotAllowedError, "version"),
        (pipeline.main, ValueNotAllowedError, "nonsense"),
    ):
        await pipeline.store.refused(
            actor, error, partial(reveal, model=Opportunity, field=field, ids=[record.id], reason="核对")
        )


async def test_the_eye_looks_at_a_page_at_most(pipeline: Pipeline) -> None:
    """COL-2.8.3"""
    ids = [new_id() for _ in range(101)]
    await pipeline.store.refused(
        pipeline.main, ValueNotAllowedError, lambda work: reveal(work, Opportunity, "company_name", ids)
    )


async def test_a_policy_number_changes_from_its_day_on_and_not_before(pipeline: Pipeline) -> None:
    store, lin = pipeline.store, pipeline.operations
    tomorrow = store.clock() + dt.timedelta(days=1)

    async def minutes(work: Any) -> int:
        found: int = await work.policy(CLAIM_MINUTES)
        return found

    await store.do(lin, lambda work: set_policy(work, CLAIM_MINUTES.key, 60, effective_from=tomorrow))
    await store.do(lin, lambda work: set_policy(work, CLAIM_MINUTES.key, 45))
    assert await store.do(lin, minutes) == 45
    store.clock.forward(days=1)
    assert await store.do(lin, minutes) == 60
    query = select(PolicyRow).where(PolicyRow.key == CLAIM_MINUTES.key).order_by(col(PolicyRow.effective_from))
    async with store.reader() as session:
        rows = (await session.execute(query)).scalars().all()
    assert [row.value for row in rows] == [30, 45, 60]
    assert [row.effective_to for row in rows] == [rows[1].effective_from, rows[2].effective_from, None]


async def test_policy_numbers_keep_their_kind_their_time_and_their_keeper(pipeline: Pipeline) -> None:
    store, lin, key = pipeline.store, pipeline.operations, CLAIM_MINUTES.key
    for value in ("45", True, -1, 4.5):
        await store.refused(lin, ValueNotAllowedError, partial(set_policy, key=key, value=value))
    yesterday = store.clock() - dt.timedelta(days=1)
    await store.refused(lin, ValueNotAllowedError, lambda work: set_policy(work, key, 45, effective_from=yesterday))
    await store.refused(lin, NotFoundError, lambda work: set_policy(work, "no.such.policy", 45))
    await store.refused(pipeline.psm, PermissionDeniedError, lambda work: set_policy(work, key, 45))
    await store.refused(
        pipeline.psm, PermissionDeniedError, lambda work: set_calendar_day(work, dt.date(2026, 3, 4), is_working=False)
    )


async def test_a_day_off_moves_due_times_later_and_a_worked_day_never_earlier(pipeline: Pipeline) -> None:
    """COL-2.5 guard 3"""
    store, lin = pipeline.store, pipeline.operations
    record = await pipeline.submitted()
    due = record.due_at
    assert due is not None
    moved = await store.do(lin, lambda work: set_calendar_day(work, dt.date(2026, 3, 4), is_working=False))
    assert moved == 1
    later = (await pipeline.again(record)).due_at
    assert later == due + dt.timedelta(days=1)
    await store.do(lin, lambda work: set_calendar_day(work, dt.date(2026, 3, 4), is_working=True))
    assert (await pipeline.again(record)).due_at == later
