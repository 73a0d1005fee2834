"""Notices, the mails that go out, and what each person wants to get by mail, as rows."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.kernel.access import Actor
from models.kernel.reads import Filter, Listing, SortKey
from models.kernel.record import Record, nobody, word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Word


class Notice(Record, table=True):
    """What one person is told of one event (通知): ids and the kind only; its words are found when it is read.

    `event` names the event among those of its kind and subject. `status` is the state that the record had then, and
    `moment` the time until which somebody was to act, or that a reminder is about; no field rule covers either.
    """

    __tablename__ = "notice"
    prefix: ClassVar[str] = "ntc"
    zh: ClassVar[str] = "通知"
    en: ClassVar[str] = "Notice"

    receiver_id: UUID = Field(sa_type=Uid, foreign_key="account.id")
    kind: str = Field(max_length=64)
    subject_kind: str = Field(max_length=40)
    subject_id: UUID = Field(sa_type=Uid)
    event: str = Field(max_length=40)
    status: str | None = Field(default=None, max_length=40)
    moment: dt.datetime | None = Field(default=None, sa_type=Instant)
    occurred_at: dt.datetime = Field(sa_type=Instant)
    read_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (
        sa.UniqueConstraint("receiver_id", "kind", "subject_id", "event"),
        sa.Index("ix_notice_inbox", "receiver_id", "occurred_at", "id"),
        sa.Index(
            "ix_notice_unread",
            "receiver_id",
            sqlite_where=sa.text("read_at IS NULL"),
            postgresql_where=sa.text("read_at IS NULL"),
        ),
        sa.Index("ix_notice_told", "kind", "subject_id", "moment"),
    )

    listing: ClassVar[Listing] = Listing(
        sorts={"occurred_at": SortKey("occurred_at")},
        default=(("occurred_at", True),),
        filters={
            "kind": Filter("kind", "in"),
            "read": Filter("read_at", "exists"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Everybody sees his own, and nobody another's."""
        return col(cls.receiver_id) == actor.id


class MailState(Word):
    """How far a mail has come (邮件状态)."""

    WAITING = "WAITING", "待发送", "Waiting"
    SENT = "SENT", "已发送", "Sent"
    DROPPED = "DROPPED", "无需发送", "Not needed any more"
    DEAD = "DEAD", "发送失败", "Given up"


class OutgoingMail(Record, table=True):
    """A mail that is to go out (待发邮件): whose it is and what about; its words are found when it is sent.

    `sequence` counts the mails of one receiver. Whoever sends it holds it until `lease_until`.
    """

    __tablename__ = "outgoing_mail"
    prefix: ClassVar[str] = "mal"

    receiver_id: UUID = Field(sa_type=Uid, foreign_key="account.id")
    sequence: int
    letter: str = Field(max_length=40)
    subject_id: UUID | None = Field(default=None, sa_type=Uid)
    event: str = Field(max_length=40)
    state: MailState = Field(default=MailState.WAITING, sa_type=word_type(MailState))
    attempts: int = 0
    made_at: dt.datetime = Field(sa_type=Instant)
    next_attempt_at: dt.datetime = Field(sa_type=Instant)
    lease_until: dt.datetime | None = Field(default=None, sa_type=Instant)
    ended_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    failure: str | None = Field(default=None, max_length=500)

    __table_args__ = (
        sa.UniqueConstraint("receiver_id", "sequence"),
        sa.UniqueConstraint("receiver_id", "letter", "event"),
        sa.Index("ix_outgoing_mail_next", "state", "next_attempt_at"),
        sa.Index("ix_outgoing_mail_ended", "ended_at"),
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """No window shows these rows."""
        return nobody()


class Mailbox(Record, table=True):
    """What an account's mails are counted by (收信账户): its id is the account's.

    `digest_on` is the day for which the daily digest has been looked at.
    """

    __tablename__ = "mailbox"
    prefix: ClassVar[str] = "mbx"

    last_sequence: int = 0
    digest_on: dt.date | None = None

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """No window shows these rows."""
        return nobody()


class NoticePreference(Record, table=True):
    """What one person has chosen for one kind of notice (通知偏好); without a row its default holds."""

    __tablename__ = "notice_preference"
    prefix: ClassVar[str] = "ntp"

    account_id: UUID = Field(sa_type=Uid, foreign_key="account.id")
    kind: str = Field(max_length=64)
    by_mail: bool

    __table_args__ = (sa.UniqueConstraint("account_id", "kind"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """One's own."""
        return col(cls.account_id) == actor.id
