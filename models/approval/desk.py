"""The desk of the queue: opens an entry when a record begins to wait, and closes it when the record moves on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from models.approval.kinds import kinds
from models.approval.record import Approval, ApprovalState
from models.approval.rules import ClaimedByAnotherError
from models.kernel.lifecycle import Move, Transition, attend, lifecycles
from models.kernel.values import instant_text
from models.kernel.work import Work


class Queue:
    """The one desk (审批台) of all lifecycles."""

    async def enter(self, work: Work, record: Any, kind: str) -> None:
        """Open the entry of a record that has begun to wait; one that stayed open gets the new due time."""
        entry = await open_entry(work, kind, record)
        whose = record.belonging()
        if entry is None:
            entry = work.add(
                Approval(
                    kind=kind,
                    subject_kind=type(record).__name__,
                    subject_id=record.id,
                    label=kinds()[kind].named(record),
                    requested_by=getattr(record, "submitted_by", None) or work.actor.id,
                    opened_at=work.now,
                    created_at=work.now,
                    updated_at=work.now,
                )
            )
        entry.partner_id, entry.office_id = whose.partner_id, whose.office_id
        entry.owner_id, entry.bd_id = whose.owner_id, whose.bd_id
        entry.due_at = getattr(record, "due_at", None)

    async def leave(self, work: Work, record: Any, kind: str, transition: Transition[Any], move: Move) -> None:
        """Close the entry of a record that no longer waits, or move it to the pool where the step escalates it."""
        if transition.decides and hasattr(record, "last_decider"):
            record.last_decider = move.actor.id
        entry = await open_entry(work, kind, record)
        if entry is None:
            return
        if transition.decides:
            refuse_if_held(entry, work)
        entry.version += 1
        entry.updated_at = work.now
        entry.claimed_by = entry.claimed_until = None
        if transition.verb == kinds()[kind].escalates:
            entry.pool = True
            return
        entry.state = ApprovalState.CLOSED
        entry.closed_at = work.now
        entry.verdict = transition.verb
        entry.decided_by = move.actor.id
        entry.reason_code = str(move.reason_code) if move.reason_code else None
        entry.reason = move.reason


async def open_entry(work: Work, kind: str, record: Any) -> Approval | None:
    """Find the entry by which a record waits, and hold it until the end."""
    await work.flush()
    entry: Approval | None = await work.first(
        select(Approval)
        .where(Approval.kind == kind, Approval.subject_id == record.id, Approval.state == ApprovalState.OPEN)
        .with_for_update()
    )
    return entry


def refuse_if_held(entry: Approval, work: Work) -> None:
    """Refuse whoever would decide over the head of a reviewer who has claimed the entry."""
    if entry.held_by_another(work.actor.id, work.now) and entry.claimed_until is not None:
        raise ClaimedByAnotherError(until=instant_text(entry.claimed_until))


async def follow_calendar(work: Work) -> int:
    """Move the due times of records and of their entries after the calendar changed; each may only move later."""
    moved = 0
    for lifecycle in lifecycles():
        moved += await lifecycle.follow_calendar(work)
    await work.flush()
    for kind in kinds().values():
        if not hasattr(kind.model, "due_at"):
            continue
        model: Any = kind.model
        due = sa.select(model.due_at).where(model.id == Approval.subject_id).scalar_subquery()
        await work.session.execute(
            sa.update(Approval)
            .where(
                col(Approval.kind) == kind.name, col(Approval.state) == ApprovalState.OPEN, col(Approval.due_at) < due
            )
            .values(due_at=due)
            .execution_options(synchronize_session=False)
        )
    return moved


attend(Queue())
