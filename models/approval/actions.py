"""What a reviewer does at the queue: claim, release, decide, go on to the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.approval.desk import refuse_if_held
from models.approval.kinds import ApprovalKind, DecisionInput, kinds
from models.approval.record import Approval, ApprovalState
from models.approval.rules import (
    CLAIM_MINUTES,
    AlreadyDecidedError,
    FieldNotNamedError,
    NotClaimedByYouError,
)
from models.identity import enrich
from models.kernel.access import Actor, Side
from models.kernel.errors import (
    DomainError,
    NotFoundError,
    ReasonCodeNotAllowedError,
    StaleVersionError,
    ValueNotAllowedError,
    refuse,
)
from models.kernel.journal import Operation
from models.kernel.lifecycle import Transition
from models.kernel.record import Record
from models.kernel.words import Word
from models.kernel.work import Work

CLAIM = Operation(
    "approval.claim",
    "认领审批（期间明文查看受控字段）",
    "Claim, reading ruled fields plainly",
    "approval",
    "claimApproval",
)
RELEASE = Operation("approval.release", "释放审批", "Release the claim", "approval", "releaseApproval")


async def claim(work: Work, id: UUID) -> Approval:
    """Take an entry for oneself for half an hour; the first one has it, and a claim that lapsed may be taken over.

    While the claim lasts, the reviewer reads the record's ruled fields plainly; one journal line a claim says so
    (COL-2.5#6).
    """
    entry, kind, record = await _waiting(work, id)
    refuse_if_held(entry, work)
    renewed = entry.claimed_by == work.actor.id and entry.claimed_until is not None and entry.claimed_until > work.now
    entry.claimed_by = work.actor.id
    minutes: int = await work.policy(CLAIM_MINUTES)
    entry.claimed_until = work.now + dt.timedelta(minutes=minutes)
    if not renewed:
        work.note(CLAIM, record, internal=True, changes={"approval": kind.name})
    return entry


async def release(work: Work, id: UUID) -> Approval:
    """Give a claimed entry back to the queue."""
    entry, kind, record = await _waiting(work, id)
    if entry.claimed_by != work.actor.id:
        raise NotClaimedByYouError()
    entry.claimed_by = entry.claimed_until = None
    work.note(RELEASE, record, internal=True, changes={"approval": kind.name})
    return entry


async def decide(
    work: Work,
    id: UUID,
    verb: str,
    *,
    reason_code: str | None = None,
    reason: str | None = None,
    fields: tuple[str, ...] = (),
    version: int | None = None,
    **values: Any,
) -> Approval:
    """Decide on a record that waits: the first verdict counts, and a claim of another keeps everybody else away.

    `version` is that of the record under decision, as the reviewer read it.
    """
    entry, kind, record = await _waiting(work, id)
    refuse_if_held(entry, work)
    row = next((one for one in kind.verdicts if one.verb == verb), None)
    if row is None:
        raise ValueNotAllowedError(path="verb", value=verb)
    if version is not None and record.version != version:
        raise StaleVersionError(given=version, current=record.version)
    refuse(_unnamed(row, kind, fields))
    refuse(ValueNotAllowedError(path=name, value=given) for name, given in values.items() if name not in kind.takes)
    given = DecisionInput(_reason(row, reason_code), reason, fields, version, values)
    if kind.decide is not None:
        await kind.decide(work, record, verb, given)
    else:
        await kind.lifecycle.fire(
            work, record, verb, reason_code=given.reason_code, reason=reason, values=values or None
        )
    return entry


async def next_entry(work: Work, *, after: UUID | None = None, kind: str | None = None) -> Approval | None:
    """Find the entry to work on next: by due time, free, and not of the reviewer's own submission."""
    me = work.actor.id
    late = sa.func.coalesce(Approval.due_at, sa.literal(_NEVER, type_=Approval.__table__.c.due_at.type))  # type: ignore[attr-defined]
    query = (
        select(Approval)
        .where(
            Approval.visible_to(work.actor),
            Approval.state == ApprovalState.OPEN,
            Approval.requested_by != me,
            sa.or_(
                col(Approval.claimed_by).is_(None),
                col(Approval.claimed_by) == me,
                col(Approval.claimed_until) <= work.now,
            ),
        )
        .order_by(late, col(Approval.id))
        .limit(1)
    )
    if kind is not None:
        query = query.where(Approval.kind == kind)
    if after is not None:
        query = query.where(Approval.id != after)
        behind: Approval | None = await work.first(select(Approval).where(Approval.id == after))
        if behind is not None:
            place = behind.due_at or _NEVER
            later = sa.or_(late > place, sa.and_(late == place, col(Approval.id) > after))
            if found := await work.first(query.where(later)):
                return found if isinstance(found, Approval) else None
    first: Approval | None = await work.first(query)
    return first


async def claimed_by(session: AsyncSession, account_id: UUID, now: dt.datetime) -> dict[UUID, dt.datetime]:
    """List the records whose entries a person holds now, each with the instant when that ends."""
    held = await session.execute(
        sa.select(col(Approval.subject_id), col(Approval.claimed_until)).where(
            col(Approval.claimed_by) == account_id,
            col(Approval.claimed_until) > now,
            col(Approval.state) == ApprovalState.OPEN,
        )
    )
    return {subject_id: until for subject_id, until in held if until is not None}


@enrich
async def _claims(session: AsyncSession, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    if actor.side is not Side.HUAWEI:
        return {}
    claims = await claimed_by(session, actor.id, now)
    return {"claimed": frozenset(claims), "until": min(claims.values(), default=None)}


_NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


async def _waiting(work: Work, id: UUID) -> tuple[Approval, ApprovalKind, Any]:
    entry: Approval | None = await work.first(
        select(Approval).where(Approval.id == id, Approval.visible_to(work.actor))
    )
    if entry is None:
        raise NotFoundError()
    kind = kinds()[entry.kind]
    model: type[Record] = kind.model
    # The record before its entry, as every step of a lifecycle takes them, so that two never wait for each other.
    record = await work.get(model, entry.subject_id)
    entry = await work.get(Approval, id)
    if entry.state is ApprovalState.CLOSED:
        raise AlreadyDecidedError()
    return entry, kind, record


def _reason(row: Transition[Any], code: str | None) -> Word | None:
    if code is None:
        return None
    for word in row.reasons:
        if word.value == code:
            return word
    raise ReasonCodeNotAllowedError(path="reasonCode", reason=code)


def _unnamed(row: Transition[Any], kind: ApprovalKind, fields: tuple[str, ...]) -> Iterator[DomainError]:
    """A send-back names fields that its kind lets it name, and no other verdict names any (COL-2.5 guard 5)."""
    if row.names_fields and not fields:
        yield FieldNotNamedError(path="fields")
    for place, name in enumerate(fields):
        if not row.names_fields or name not in kind.fields:
            yield ValueNotAllowedError(path=("fields", place), value=name)
