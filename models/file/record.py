"""Files as rows: what each is, which record holds it, and who sees it."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.file.holders import Holder, clause_of_holders, holders
from models.file.words import AttachmentField, AttachmentState
from models.kernel.access import Actor, Side
from models.kernel.reads import Listing, SortKey
from models.kernel.record import Record, word_type
from models.kernel.values import Instant, Uid


class Attachment(Record, table=True):
    """A file that a record holds (附件).

    `subject_id` is the row that holds it, such as a progress update; `record_id` the record whose scope it shares, such
    as the opportunity. Its bytes lie in the storage under `key`.
    """

    __tablename__ = "attachment"
    prefix: ClassVar[str] = "att"
    zh: ClassVar[str] = "附件"
    en: ClassVar[str] = "Attachment"
    listing: ClassVar[Listing] = Listing(sorts={"at": SortKey("at")}, default=(("at", True),))

    record_kind: str = Field(max_length=40)
    record_id: UUID = Field(sa_type=Uid)
    subject_kind: str = Field(max_length=40)
    subject_id: UUID = Field(sa_type=Uid)
    field: AttachmentField = Field(sa_type=word_type(AttachmentField))
    state: AttachmentState = Field(default=AttachmentState.TICKET, sa_type=word_type(AttachmentState))
    name: str = Field(max_length=120)
    size: int
    media_type: str | None = Field(default=None, max_length=100)
    sha256: str | None = Field(default=None, max_length=64)
    uploaded_by: UUID = Field(sa_type=Uid)
    uploaded_by_name: str = Field(max_length=128)
    client_id: UUID | None = Field(default=None, sa_type=Uid)
    at: dt.datetime = Field(sa_type=Instant)
    expires_at: dt.datetime = Field(sa_type=Instant)
    taken_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (
        sa.Index("ix_attachment_record", "record_id", "at", "id"),
        sa.Index("ix_attachment_subject", "subject_id", "at", "id"),
        sa.Index("ix_attachment_state", "state", "expires_at"),
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the record sees its stored files, where his roles read the field that holds them (COL-2.8)."""
        if actor.side is Side.SYSTEM:
            return sa.true()
        return sa.and_(col(cls.state) == AttachmentState.STORED, clause_of_holders(cls, actor))

    @property
    def key(self) -> str:
        """Name the place of the bytes in the storage."""
        return self.id.hex

    @property
    def holder(self) -> Holder:
        """Give the field that holds the file."""
        return holders()[self.subject_kind, self.field]
