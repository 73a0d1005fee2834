"""How a file comes to a record, is read, and goes: ticket, bytes, link, removal; each step in the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.file.content import sound_name
from models.file.holders import Held, Holder, holders
from models.file.policies import LARGEST_BYTES, MOST_FILES, TICKET_MINUTES
from models.file.record import Attachment
from models.file.refusals import (
    FilesFixedError,
    FileSizeError,
    FilesNotTakenError,
    TicketNotValidError,
    TooManyFilesError,
)
from models.file.words import AttachmentField, AttachmentState
from models.kernel.access import Side
from models.kernel.errors import DomainError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.record import record_types
from models.kernel.work import Work

UPLOAD = Operation("file.upload", "上传附件", "Upload a file", "attachment", "uploadFile")
DOWNLOAD = Operation("file.download", "下载受控附件", "Download a ruled file", "attachment", "downloadFile")
REMOVE = Operation("file.remove", "删除附件", "Remove a file", "attachment", "removeFile")
# Between the commit and the first byte, and for clocks that differ.
GRACE = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Content:
    """What was found of the bytes that came (文件内容)."""

    size: int
    media_type: str
    sha256: str


async def open_ticket(work: Work, prefix: str, subject_id: UUID, field: AttachmentField, name: str, size: int) -> Any:
    """Give a ticket for one file of a record that the actor may add files to now (COL-2.2.4).

    It keeps one of the record's places until it runs out, so that what it promises is there when the bytes come.
    """
    holder = _holder(prefix, field)
    held = await holder.find(work, subject_id)
    errors: list[DomainError] = []
    try:
        name = sound_name(name)
    except DomainError as error:
        errors += error
    largest = await work.policy(LARGEST_BYTES)
    if not 1 <= size <= largest:
        errors.append(FileSizeError(path="size", largest=largest))
    refuse(errors)
    if not holder.open_to(work, held):
        raise FilesFixedError()
    await _refuse_beyond(work, held, None)
    minutes = await work.policy(TICKET_MINUTES)
    return work.add(
        Attachment(
            record_kind=type(held.record).__name__,
            record_id=held.record.id,
            subject_kind=type(held.subject).__name__,
            subject_id=held.subject.id,
            field=field,
            name=name,
            size=size,
            uploaded_by=work.actor.id,
            uploaded_by_name=work.actor.name,
            client_id=work.actor.client_id,
            at=work.now,
            expires_at=work.now + dt.timedelta(minutes=minutes),
        )
    )


async def own_ticket(work: Work, id: UUID) -> Attachment | None:
    """Find one's own ticket that its bytes have not come for yet."""
    found: Attachment | None = await work.first(select(Attachment).where(*_mine(work, id)))
    return found if found is not None and found.taken_at is None else None


async def take_ticket(work: Work, id: UUID) -> Attachment:
    """Take a ticket that its bytes come for; it is good for one attempt of the one who asked for it."""
    ticket = await _ticket(work, id)
    if ticket.taken_at is not None or ticket.expires_at <= work.now:
        raise TicketNotValidError()
    held = await ticket.holder.find(work, ticket.subject_id)
    if not ticket.holder.open_to(work, held):
        raise FilesFixedError()
    ticket.taken_at = work.now
    return ticket


async def store(work: Work, id: UUID, content: Content) -> Attachment:
    """Let the record hold a file whose bytes are safe; everything that the ticket rests on is asked once more."""
    ticket = await _ticket(work, id)
    held = await ticket.holder.find(work, ticket.subject_id)
    if not ticket.holder.open_to(work, held):
        raise FilesFixedError()
    await _refuse_beyond(work, held, ticket)
    ticket.state = AttachmentState.STORED
    ticket.size, ticket.media_type, ticket.sha256 = content.size, content.media_type, content.sha256
    ticket.at = work.now
    _touch(work, held)
    _note(work, UPLOAD, ticket, held)
    return ticket


async def give_up(work: Work, id: UUID) -> bool:
    """Throw the ticket of a refused upload away; what is stored already stays."""
    gone: Any = await work.session.execute(
        sa.delete(Attachment).where(
            col(Attachment.id) == id,
            col(Attachment.state) == AttachmentState.TICKET,
            col(Attachment.uploaded_by) == work.actor.id,
        )
    )
    return bool(gone.rowcount)


async def remove(work: Work, id: UUID) -> Attachment:
    """Take a file away from a record that the actor may edit now; what was decided on keeps its files."""
    seen = await work.get(Attachment, id)
    held = await seen.holder.find(work, seen.subject_id)
    # The record before its file, as everywhere; another may have taken the file away meanwhile.
    found = await work.get(Attachment, id)
    if not found.holder.loose(work, held, found):
        raise FilesFixedError()
    found.state = AttachmentState.REMOVED
    found.expires_at = work.now
    _touch(work, held)
    _note(work, REMOVE, found, held)
    return found


async def remove_all(work: Work, record_id: UUID) -> None:
    """Take away all files of a record that is deleted; the journal says of the record itself that it was."""
    await work.session.execute(
        sa.update(Attachment)
        .where(col(Attachment.record_id) == record_id)
        .values(state=AttachmentState.REMOVED, expires_at=work.now)
    )


async def look_up(work: Work, id: UUID) -> Attachment:
    """Find a stored file that the actor sees now."""
    found: Attachment | None = await work.first(
        select(Attachment).where(Attachment.id == id, Attachment.visible_to(work.actor))
    )
    if found is None or found.state is not AttachmentState.STORED:
        raise NotFoundError()
    return found


def is_told(work: Work, file: Attachment) -> bool:
    """Tell whether reading a file is written down: Huawei's staff reading what a rule governs."""
    return work.actor.side is Side.HUAWEI and file.holder.rule is not None


async def tell_reading(work: Work, id: UUID) -> None:
    """Write down that somebody of Huawei's staff reads a ruled file."""
    found = await look_up(work, id)
    model: Any = next(model for model in record_types().values() if model.__name__ == found.record_kind)
    record = await work.first(select(model).where(model.id == found.record_id))
    _note(work, DOWNLOAD, found, Held(record, record), internal=True)


async def forget(work: Work, limit: int = 200) -> list[str]:
    """Forget tickets that ran out and files that were removed; answer where their bytes lie, to be thrown away next."""
    ids = await work.every(
        select(Attachment.id)
        .where(
            sa.or_(
                sa.and_(col(Attachment.state) == AttachmentState.TICKET, _ran_out(work)),
                col(Attachment.state) == AttachmentState.REMOVED,
            )
        )
        .order_by(col(Attachment.expires_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if ids:
        await work.session.execute(sa.delete(Attachment).where(col(Attachment.id).in_(ids)))
    return [id.hex for id in ids]


async def without_row(work: Work, keys: Collection[str]) -> list[str]:
    """List those places of bytes that no row names."""
    ids = [id for key in keys if (id := _uuid(key)) is not None]
    known = {id.hex for id in await work.every(select(Attachment.id).where(col(Attachment.id).in_(ids)))}
    return [key for key in keys if key not in known]


def _ran_out(work: Work) -> sa.ColumnElement[bool]:
    # Bytes that are on their way when the ticket runs out may still arrive.
    return sa.or_(
        sa.and_(col(Attachment.taken_at).is_(None), col(Attachment.expires_at) <= work.now),
        col(Attachment.expires_at) <= work.now - GRACE,
    )


def _uuid(key: str) -> UUID | None:
    try:
        return UUID(hex=key)
    except ValueError:
        return None


def _holder(prefix: str, field: AttachmentField) -> Holder:
    model = record_types().get(prefix)
    found = holders().get((model.__name__, field)) if model is not None else None
    if found is None:
        raise FilesNotTakenError(path="field")
    return found


def _mine(work: Work, id: UUID) -> tuple[Any, ...]:
    return (
        Attachment.id == id,
        Attachment.state == AttachmentState.TICKET,
        Attachment.uploaded_by == work.actor.id,
        Attachment.client_id == work.actor.client_id,
    )


async def _ticket(work: Work, id: UUID) -> Attachment:
    """Find one's own ticket, its record held before it, as every action takes them."""
    mine = _mine(work, id)
    ticket: Attachment | None = await work.first(select(Attachment).where(*mine))
    if ticket is None:
        raise TicketNotValidError()
    try:
        await ticket.holder.find(work, ticket.subject_id)
    except NotFoundError:
        raise FilesFixedError() from None
    query = select(Attachment).where(*mine).with_for_update().execution_options(populate_existing=True)
    ticket = await work.first(query)
    if ticket is None:
        raise TicketNotValidError()
    return ticket


async def _refuse_beyond(work: Work, held: Held, own: Attachment | None) -> None:
    """At most 10 files a record, tickets that still hold included (COL-2.2.4)."""
    most = await work.policy(MOST_FILES)
    await work.flush()
    query = select(Attachment.id).where(
        Attachment.subject_id == held.subject.id,
        sa.or_(
            col(Attachment.state) == AttachmentState.STORED,
            sa.and_(col(Attachment.state) == AttachmentState.TICKET, sa.not_(_ran_out(work))),
        ),
    )
    if own is not None:
        query = query.where(Attachment.id != own.id)
    if await work.count(query) >= most:
        raise TooManyFilesError(path="subject_id", most=most)


def _touch(work: Work, held: Held) -> None:
    # Whoever mirrors a pipeline asks for what was updated since; the version stays, for nothing was edited.
    if hasattr(held.record, "updated_at"):
        held.record.updated_at = work.now


def _note(work: Work, operation: Operation, file: Attachment, held: Held, *, internal: bool = False) -> None:
    # Only which file, and where: the rule of the field keeps the rest from some who read the journal.
    work.note(
        operation,
        held.record,
        internal=internal or file.holder.internal,
        changes={"attachment": file.public_id, "field": file.field.value},
    )
