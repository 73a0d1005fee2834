"""Which files an opportunity holds: its own evidence, that of its progress, and that of Huawei's decisions on it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.approval import Approval, ApprovalState
from models.file import Attachment, AttachmentField, Held, Holder, hold
from models.kernel.access import Actor, Side
from models.kernel.errors import NotFoundError
from models.kernel.reads import Many, relate
from models.kernel.work import Work
from models.opportunity.record import FORM, INTERNAL, TERMS, VERDICT, Opportunity, ProgressUpdate
from models.opportunity.words import OPEN_TO_PROGRESS
from models.rights import Right

# Of one's own reports, those that still get files.
NEWEST: Final = 10


def _of_the_form(work: Work, held: Held) -> bool:
    """The partner adds evidence while it may edit the form: in a draft, and after a send-back (COL-2.5#2)."""
    return work.actor.may(Right.OPPORTUNITY_SHARE) and bool(held.record.editable_now(work.actor) & {*FORM})


def _not_yet_submitted(work: Work, held: Held, file: Attachment) -> bool:
    """What Huawei has been shown stays; the partner takes away what it has added since (COL-2.5 guard 2)."""
    shown = held.record.submitted_at is not None and file.at < held.record.entered_at
    return _of_the_form(work, held) and not shown


def _of_progress(work: Work, held: Held) -> bool:
    """Whoever reported adds files while progress is open; a report is appended, never changed (COL-2.6.5)."""
    return held.subject.by_id == work.actor.id and held.record.status in OPEN_TO_PROGRESS


def _of_the_decision(work: Work, held: Held) -> bool:
    """Whoever may decide adds evidence until the decision, unless another holds the entry."""
    entry: Approval = held.subject
    return entry.state is ApprovalState.OPEN and not entry.held_by_another(work.actor.id, work.now)


def _own(work: Work, held: Held, file: Attachment) -> bool:
    return _of_the_decision(work, held) and file.uploaded_by == work.actor.id


async def _opportunity(work: Work, id: UUID) -> Held:
    record = await work.get(Opportunity, id)
    return Held(record, record)


async def _progress(work: Work, id: UUID) -> Held:
    update: ProgressUpdate | None = await work.first(
        select(ProgressUpdate).where(ProgressUpdate.id == id, ProgressUpdate.visible_to(work.actor))
    )
    if update is None:
        raise NotFoundError()
    return Held(update, await work.get(Opportunity, update.opportunity_id))


async def _decision(work: Work, id: UUID) -> Held:
    entry: Approval | None = await work.first(
        select(Approval).where(Approval.id == id, Approval.visible_to(work.actor))
    )
    if entry is None or entry.subject_kind != Opportunity.__name__:
        raise NotFoundError()
    record = await work.get(Opportunity, entry.subject_id)
    return Held(await work.get(Approval, id), record)


async def _itself(_work: Work, record: Any) -> list[Held]:
    return [Held(record, record)] if isinstance(record, Opportunity) else []


async def _own_updates(work: Work, record: Any) -> list[Held]:
    if not isinstance(record, Opportunity):
        return []
    query = select(ProgressUpdate).where(
        ProgressUpdate.opportunity_id == record.id, ProgressUpdate.by_id == work.actor.id
    )
    newest = query.order_by(col(ProgressUpdate.at).desc(), col(ProgressUpdate.id).desc()).limit(NEWEST)
    return [Held(update, record) for update in await work.every(newest)]


async def _waiting(work: Work, record: Any) -> list[Held]:
    if not isinstance(record, Opportunity):
        return []
    query = select(Approval).where(
        Approval.subject_kind == Opportunity.__name__,
        Approval.subject_id == record.id,
        Approval.state == ApprovalState.OPEN,
        Approval.visible_to(work.actor),
    )
    return [Held(entry, record) for entry in await work.every(query)]


def _of_a_visible_opportunity(files: type[Attachment], actor: Actor) -> sa.ColumnElement[bool]:
    table: sa.Table = files.__table__  # type: ignore[attr-defined]
    seen: sa.Select[Any] = sa.select(sa.literal_column("1")).where(col(Opportunity.id) == table.c.record_id)
    return seen.where(Opportunity.visible_to(actor)).correlate(table).exists()


def _once_decided(files: type[Attachment], actor: Actor) -> sa.ColumnElement[bool]:
    """What goes with a verdict is the partner's to read when the verdict has been given, and not before."""
    seen = _of_a_visible_opportunity(files, actor)
    if actor.side is Side.HUAWEI:
        return seen
    table: sa.Table = files.__table__  # type: ignore[attr-defined]
    decided: sa.Select[Any] = sa.select(sa.literal_column("1")).where(col(Approval.id) == table.c.subject_id)
    return sa.and_(seen, decided.where(col(Approval.state) == ApprovalState.CLOSED).correlate(table).exists())


def _of_huawei(files: type[Attachment], actor: Actor) -> sa.ColumnElement[bool]:
    return _of_a_visible_opportunity(files, actor) if actor.side is Side.HUAWEI else sa.false()


def _never(*_: Any) -> bool:
    return False


hold(
    Holder(
        subject=Opportunity,
        field=AttachmentField.EVIDENCE,
        rule=TERMS,
        find=_opportunity,
        rows=_itself,
        open_to=_of_the_form,
        loose=_not_yet_submitted,
        scope=_of_a_visible_opportunity,
    )
)
hold(
    Holder(
        subject=ProgressUpdate,
        field=AttachmentField.EVIDENCE,
        rule=None,
        find=_progress,
        rows=_own_updates,
        open_to=_of_progress,
        loose=_never,
        scope=_of_a_visible_opportunity,
    )
)
hold(
    Holder(
        subject=Approval,
        field=AttachmentField.VERDICT,
        rule=VERDICT,
        find=_decision,
        rows=_waiting,
        open_to=_of_the_decision,
        loose=_own,
        scope=_once_decided,
        internal=True,
    )
)
hold(
    Holder(
        subject=Approval,
        field=AttachmentField.INTERNAL,
        rule=INTERNAL,
        find=_decision,
        rows=_waiting,
        open_to=_of_the_decision,
        loose=_own,
        scope=_of_huawei,
        internal=True,
    )
)
relate(Opportunity, "attachments", Many(Attachment, "record_id"))
relate(ProgressUpdate, "attachments", Many(Attachment, "subject_id"))
relate(Approval, "attachments", Many(Attachment, "subject_id"))
