"""The queue: claims that lapse, one verdict, the pool, and what comes next."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio
from sqlmodel import select

from models.approval import (
    AlreadyDecidedError,
    Approval,
    ApprovalKind,
    ApprovalState,
    ClaimedByAnotherError,
    FieldNotNamedError,
    NotClaimedByYouError,
    SameDeciderError,
    claim,
    claimed_by,
    decide,
    follow_calendar,
    kinds,
    next_entry,
    not_previous_decider,
    of_the_pool,
    release,
)
from models.approval.actions import _unnamed
from models.approval.desk import Queue
from models.identity import Account, AccountRole, Role, actor_of
from models.kernel.access import Actor, Side
from models.kernel.errors import NotFoundError, StaleVersionError, ValueNotAllowedError
from models.kernel.journal import Operation
from models.kernel.lifecycle import Move, Transition
from models.kernel.policy import CalendarDay, PolicyRow
from models.kernel.values import new_id
from models.kernel.work import Work
from models.opportunity.lifecycle import PO
from models.opportunity.record import Opportunity
from models.opportunity.words import Status
from models.partner import PartnerOrganisation, Path, PathStage, create_partner, set_path_stage
from models.pce import PCE, PceMembership, PceStatus, join, request_exit
from models.rights import Preset, Right
from models.seed import plant
from tests.stage import MINUTE, NOON, Stage, person, stage_on

LIN_OPERATIONS = person(Preset.ECO, "林涛")
SUN_OPERATIONS = person(Preset.ECO, "孙莉")


@pytest_asyncio.fixture
async def stage(empty_database_url: str) -> AsyncIterator[Stage]:
    async with stage_on(empty_database_url) as ready:

        async def require_review(work: Work) -> None:
            work.add(PolicyRow(key="pce.review_required", value=True, effective_from=NOON))

        await ready.done(LIN_OPERATIONS, require_review)
        yield ready


async def apply(stage: Stage, name: str) -> Approval:
    async def enter(work: Work) -> PartnerOrganisation:
        partner = await create_partner(work, name=name, enterprise_verified=True)
        await set_path_stage(work, partner.id, Path.SOFTWARE, PathStage.ROLE_SELECTION)
        return partner

    partner = await stage.done(LIN_OPERATIONS, enter)
    main = person(Preset.MAIN, partner_id=partner.id)
    membership = await stage.done(main, lambda work: join(work, agreed=True))
    found: Approval = await stage.one(Approval, subject_id=membership.id)
    return found


@pytest_asyncio.fixture
async def entry(stage: Stage) -> Approval:
    return await apply(stage, "华启软件")


async def test_a_claim_lasts_half_an_hour_and_is_written_down_once(stage, entry):
    await stage.done(LIN_OPERATIONS, lambda work: claim(work, entry.id))
    held = await stage.one(Approval, id=entry.id)
    assert (held.claimed_by, held.claimed_until, held.version) == (LIN_OPERATIONS.id, NOON + 30 * MINUTE, 1)
    line = await stage.last_line()
    assert (line.operation, line.subject_id, line.internal) == ("approval.claim", entry.subject_id, True)
    assert "明文" in line.operation_zh
    lines = len(await stage.journal())
    stage.now = NOON + 10 * MINUTE
    await stage.done(LIN_OPERATIONS, lambda work: claim(work, entry.id))
    assert (await stage.one(Approval, id=entry.id)).claimed_until == NOON + 40 * MINUTE
    assert len(await stage.journal()) == lines


async def test_while_a_claim_lasts_nobody_else_claims_or_decides(stage, entry):
    await stage.done(LIN_OPERATIONS, lambda work: claim(work, entry.id))
    error = await stage.refused(SUN_OPERATIONS, ClaimedByAnotherError, lambda work: claim(work, entry.id))
    assert error.code == "CLAIMED_BY_ANOTHER"
    await stage.refused(SUN_OPERATIONS, ClaimedByAnotherError, lambda work: decide(work, entry.id, "approve"))
    await stage.refused(SUN_OPERATIONS, NotClaimedByYouError, lambda work: release(work, entry.id))


async def test_a_claim_also_binds_whoever_takes_the_step_without_the_queue(stage, entry):
    await stage.done(LIN_OPERATIONS, lambda work: claim(work, entry.id))

    async def past_the_queue(work: Work) -> None:
        await PCE.fire(work, await work.get(PceMembership, entry.subject_id), "approve")

    await stage.refused(SUN_OPERATIONS, ClaimedByAnotherError, past_the_queue)
    await stage.done(LIN_OPERATIONS, past_the_queue)
    assert (await stage.one(Approval, id=entry.id)).state is ApprovalState.CLOSED


async def test_a_lapsed_claim_may_be_taken_over(stage, entry):
    await stage.done(LIN_OPERATIONS, lambda work: claim(work, entry.id))
    stage.now = NOON + 30 * MINUTE
    await stage.done(SUN_OPERATIONS, lambda work: claim(work, entry.id))
    assert (await stage.one(Approval, id=entry.id)).claimed_by == SUN_OPERATIONS.id
    assert (await stage.journal()).count("approval.claim") == 2
    await stage.refused(LIN_OPERATIONS, ClaimedByAnotherError, lambda work: decide(work, entry.id, "approve"))


async def test_a_released_entry_is_free_again(stage, entry):
    await stage.done(LIN_OPERATIONS, lambda work: claim(work, entry.id))
    await stage.done(LIN_OPERATIONS, lambda work: release(work, entry.id))
    await stage.done(SUN_OPERATIONS, lambda work: claim(work, entry.id))
    assert (await stage.journal())[-3:] == ["approval.claim", "approval.release", "approval.claim"]


async def test_a_reviewer_reads_plainly_only_what_he_holds_now(stage, entry):
    async def held(who: Actor, at: dt.datetime) -> frozenset:
        async with stage.reader() as session:
            return frozenset(await claimed_by(session, who.id, at))

    assert await held(LIN_OPERATIONS, NOON) == frozenset()
    await stage.done(LIN_OPERATIONS, lambda work: claim(work, entry.id))
    assert await held(LIN_OPERATIONS, NOON + 29 * MINUTE) == {entry.subject_id}
    assert await held(LIN_OPERATIONS, NOON + 30 * MINUTE) == frozenset()
    assert await held(SUN_OPERATIONS, NOON) == frozenset()
    await stage.done(LIN_OPERATIONS, lambda work: decide(work, entry.id, "approve"))
    assert await held(LIN_OPERATIONS, NOON) == frozenset()


async def test_the_first_verdict_counts_and_the_second_is_refused(stage, entry):
    await stage.done(LIN_OPERATIONS, lambda work: decide(work, entry.id, "approve"))
    error = await stage.refused(
        SUN_OPERATIONS, AlreadyDecidedError, lambda work: decide(work, entry.id, "reject", reason="迟到")
    )
    assert error.code == "ALREADY_DECIDED"
    await stage.refused(SUN_OPERATIONS, AlreadyDecidedError, lambda work: claim(work, entry.id))


async def test_two_reviewers_who_decide_at_the_same_moment_leave_one_decision(stage, entry):
    verdicts = await asyncio.gather(
        stage.done(LIN_OPERATIONS, lambda work: decide(work, entry.id, "approve")),
        stage.done(SUN_OPERATIONS, lambda work: decide(work, entry.id, "reject", reason="资料不全")),
        return_exceptions=True,
    )
    assert sum(isinstance(one, AlreadyDecidedError) for one in verdicts) == 1
    decided = [one for one in await stage.journal() if one.startswith("PceMembership.")]
    assert len(decided) == 1
    membership = await stage.one(PceMembership, id=entry.subject_id)
    assert (membership.status is PceStatus.ACTIVE) == (decided == ["PceMembership.approve"])


async def test_a_verdict_on_what_has_changed_since_is_refused(stage, entry):
    await stage.refused(LIN_OPERATIONS, StaleVersionError, lambda work: decide(work, entry.id, "approve", version=9))


async def test_only_a_verdict_of_the_kind_is_taken(stage, entry):
    for verb in ("request_exit", "enthrone"):
        error = await stage.refused(
            LIN_OPERATIONS, ValueNotAllowedError, lambda work, verb=verb: decide(work, entry.id, verb)
        )
        assert error.path == ("verb",)


async def test_an_entry_that_is_not_ones_own_is_not_there(stage, entry):
    for stranger in (person(Preset.PDM), person(Preset.BD), person(Preset.SYS), person(Preset.AUD)):
        await stage.refused(stranger, NotFoundError, lambda work: claim(work, entry.id))
        await stage.refused(stranger, NotFoundError, lambda work: decide(work, entry.id, "approve"))


def test_a_send_back_names_fields_that_its_kind_knows():
    """COL-2.5 guard 5: the fields to complete are named."""
    kind = kinds()["pce.membership"]
    lists = ApprovalKind(**{**vars(kind), "name": "sample", "fields": ("bant_budget",)})
    row: Transition = PCE["reject"]
    sends_back: Transition = Transition(**{**vars(row), "names_fields": True})
    assert [type(one) for one in _unnamed(sends_back, lists, ())] == [FieldNotNamedError]
    assert list(_unnamed(sends_back, lists, ("bant_budget",))) == []
    assert [one.path for one in _unnamed(sends_back, lists, ("bant_budget", "status"))] == [("fields", 1)]
    assert [one.path for one in _unnamed(row, lists, ("bant_budget",))] == [("fields", 0)]


def test_nobody_takes_two_steps_in_a_row():
    """RV-01: whoever decided the step before is refused the next."""
    record = PceMembership(last_decider=LIN_OPERATIONS.id)
    assert [type(one) for one in not_previous_decider(Move(record, LIN_OPERATIONS, NOON))] == [SameDeciderError]
    assert list(not_previous_decider(Move(record, SUN_OPERATIONS, NOON))) == []


async def test_an_escalated_entry_moves_to_the_pool_and_stays_open(stage, entry, monkeypatch):
    kind = kinds()["pce.membership"]
    escalating = ApprovalKind(**{**vars(kind), "escalates": "reject"})
    monkeypatch.setitem(kinds(), "pce.membership", escalating)

    async def escalate(work: Work) -> None:
        record = await work.get(PceMembership, entry.subject_id)
        row = Transition(**{**vars(PCE["reject"]), "decides": False})
        await Queue().leave(work, record, kind.name, row, Move(record, work.actor, work.now))
        await Queue().enter(work, record, kind.name)

    await stage.done(LIN_OPERATIONS, lambda work: claim(work, entry.id))
    await stage.done(SUN_OPERATIONS, escalate)
    pooled = await stage.one(Approval, subject_id=entry.subject_id)
    assert (pooled.id, pooled.state, pooled.pool, pooled.claimed_by) == (entry.id, ApprovalState.OPEN, True, None)


async def test_the_pool_holds_what_was_escalated_and_what_belongs_to_no_pdm(stage, entry):
    rows = of_the_pool(Right.OPPORTUNITY_AUDIT_POOL)

    async def in_the_pool() -> set:
        async with stage.reader() as session:
            clause = rows(Approval, LIN_OPERATIONS)
            assert clause is not None
            return set((await session.execute(select(Approval.id).where(clause))).scalars())

    assert rows(Approval, person(Preset.PDM)) is None
    assert await in_the_pool() == {entry.id}

    async def get_a_pdm(work: Work) -> None:
        (await work.get(PartnerOrganisation, entry.partner_id)).pdm_id = new_id()

    await stage.done(LIN_OPERATIONS, get_a_pdm)
    assert await in_the_pool() == set()


async def test_the_next_entry_is_the_most_urgent_that_one_may_work_on(stage, entry):
    second, third = await apply(stage, "云帆科技"), await apply(stage, "云桥信息")

    async def due(work: Work) -> None:
        (await work.get(Approval, third.id)).due_at = NOON + dt.timedelta(days=1)

    await stage.done(LIN_OPERATIONS, due)

    async def following(who: Actor, **where) -> object:
        found = await stage.done(who, lambda work: next_entry(work, **where))
        return found and found.id

    assert await following(LIN_OPERATIONS) == third.id
    assert await following(LIN_OPERATIONS, after=third.id) == entry.id
    assert await following(LIN_OPERATIONS, after=second.id) == third.id
    assert await following(LIN_OPERATIONS, kind="pce.exit") is None
    await stage.done(SUN_OPERATIONS, lambda work: claim(work, entry.id))
    assert await following(LIN_OPERATIONS, after=third.id) == second.id
    assert await following(SUN_OPERATIONS, after=third.id) == entry.id
    stage.now = NOON + 31 * MINUTE
    assert await following(LIN_OPERATIONS, after=third.id) == entry.id
    assert await following(person(Preset.PDM)) is None


async def test_a_record_waits_by_one_entry_for_each_wish(stage, entry):
    await stage.done(LIN_OPERATIONS, lambda work: decide(work, entry.id, "approve"))
    membership = await stage.one(PceMembership, id=entry.subject_id)
    main = person(Preset.MAIN, partner_id=membership.partner_id)
    await stage.done(main, lambda work: request_exit(work, reason="业务调整"))
    exit_entry = await stage.one(Approval, state=ApprovalState.OPEN)
    assert (exit_entry.kind, exit_entry.subject_id, exit_entry.requested_by) == ("pce.exit", membership.id, main.id)
    assert exit_entry.label == membership.public_id


async def test_a_reviewer_is_loaded_with_his_partners_and_with_what_he_holds(stage, entry):
    async def hire(work: Work) -> Account:
        await plant(work)
        role = await work.first(select(Role).where(Role.preset == Preset.PDM))
        account = work.add(
            Account(
                login="wang.lei",
                name="王磊",
                password_hash="-",
                side=Side.HUAWEI,
                must_change_password=False,
                created_at=work.now,
                updated_at=work.now,
            )
        )
        await work.flush()
        work.add(AccountRole(account_id=account.id, role_id=role.id))
        (await work.get(PartnerOrganisation, entry.partner_id)).pdm_id = account.id
        return account

    wang = await stage.done(LIN_OPERATIONS, hire)

    async def loaded() -> Actor:
        async with stage.reader() as session:
            return await actor_of(session, wang.id, now=stage.now)

    before = await loaded()
    assert before.partners == {entry.partner_id}
    assert before.claimed == frozenset[UUID]()
    await stage.done(before, lambda work: claim(work, entry.id))
    assert (await loaded()).claimed == {entry.subject_id}
    stage.now = NOON + 30 * MINUTE
    assert (await loaded()).claimed == frozenset[UUID]()


async def test_a_day_off_moves_the_due_time_of_record_and_entry_later(stage, entry):
    """COL-2.5 guard 3: the clock counts working days, and a change of the calendar only gives more time."""

    async def wait(work: Work) -> Opportunity:
        record = Opportunity(
            partner_id=entry.partner_id, status=Status.AUDITING, created_at=work.now, updated_at=work.now
        )
        await PO.begin(work, record, Operation("sample", "提交", "Submit", "opportunity", "submitOpportunity"))
        return record

    record = await stage.done(LIN_OPERATIONS, wait)
    due = record.due_at
    assert (await stage.one(Approval, subject_id=record.id)).due_at == due

    async def declare(work: Work, is_working: bool) -> int:
        for row in await work.every(select(CalendarDay)):
            await work.remove(row)
        await work.flush()
        work.add(CalendarDay(day=dt.date(2026, 3, 4), is_working=is_working))
        await work.flush()
        return await follow_calendar(work)

    for is_working, moved in ((False, 1), (True, 0)):
        assert await stage.done(LIN_OPERATIONS, lambda work, on=is_working: declare(work, on)) == moved
        later = (await stage.one(Opportunity, id=record.id)).due_at
        assert later == due + dt.timedelta(days=1)
        assert (await stage.one(Approval, subject_id=record.id)).due_at == later
