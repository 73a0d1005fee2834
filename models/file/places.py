"""Where a record takes files of somebody now, and which of them he may take away again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from models.file.holders import Held, holders
from models.file.record import Attachment
from models.file.words import AttachmentField
from models.kernel.work import Work


@dataclass(frozen=True)
class Place:
    """A field of a row that takes files now (附件位置)."""

    subject: Any
    field: AttachmentField


async def places(work: Work, record: Any) -> list[Place]:
    """List where the actor may add files to a record now: to itself, or to what hangs on it."""
    found = []
    for holder in holders().values():
        for held in await holder.rows(work, record):
            if holder.open_to(work, held):
                found.append(Place(held.subject, holder.field))
    return found


async def loose_files(work: Work, record: Any) -> list[Attachment]:
    """List the files of a record that the actor may take away again now."""
    query = select(Attachment).where(Attachment.record_id == record.id, Attachment.visible_to(work.actor))
    files: list[Attachment] = await work.every(query.order_by(col(Attachment.at), col(Attachment.id)))
    rows = {
        (holder.key, held.subject.id): held
        for holder in holders().values()
        for held in (await holder.rows(work, record) if files else ())
    }
    return [file for file in files if _is_loose(work, file, rows.get((file.holder.key, file.subject_id)))]


def _is_loose(work: Work, file: Attachment, held: Held | None) -> bool:
    return held is not None and file.holder.loose(work, held, file)
