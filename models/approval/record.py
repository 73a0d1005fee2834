"""One entry of the queue: which record waits for whose decision, and who looks at it now."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.approval.kinds import clause_of_kinds
from models.identity import Account
from models.kernel.access import Actor
from models.kernel.reads import Filter, Listing, One, SortKey
from models.kernel.record import Aggregate, word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Word
from models.partner import PartnerOrganisation


class ApprovalState(Word):
    """Whether an entry still waits (审批状态)."""

    OPEN = "OPEN", "待处理", "Open"
    CLOSED = "CLOSED", "已处理", "Closed"


def _claimed_by(actor: Actor, mine: bool) -> sa.ColumnElement[bool]:
    held = sa.and_(col(Approval.claimed_by).is_not(None), col(Approval.claimed_by) == actor.id)
    return held if mine else sa.not_(held)


class Reviewed(Aggregate):
    """A row that is decided on (受审记录): who submitted it, and who decided on it last."""

    submitted_by: UUID | None = Field(default=None, sa_type=Uid)
    last_decider: UUID | None = Field(default=None, sa_type=Uid)


class Approval(Aggregate, table=True):
    """An entry of the queue (审批): a record that waits for a decision, named by its id and an open label only."""

    __tablename__ = "approval"
    prefix: ClassVar[str] = "apv"
    zh: ClassVar[str] = "审批"
    en: ClassVar[str] = "Approval"

    kind: str = Field(max_length=40)
    subject_kind: str = Field(max_length=40)
    subject_id: UUID = Field(sa_type=Uid)
    label: str = Field(max_length=200)
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id")
    office_id: str | None = Field(default=None, max_length=32)
    owner_id: UUID | None = Field(default=None, sa_type=Uid)
    bd_id: UUID | None = Field(default=None, sa_type=Uid)
    pool: bool = False
    state: ApprovalState = Field(default=ApprovalState.OPEN, sa_type=word_type(ApprovalState))
    requested_by: UUID = Field(sa_type=Uid)
    opened_at: dt.datetime = Field(sa_type=Instant)
    due_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    claimed_by: UUID | None = Field(default=None, sa_type=Uid)
    claimed_until: dt.datetime | None = Field(default=None, sa_type=Instant)
    closed_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    verdict: str | None = Field(default=None, max_length=64)
    decided_by: UUID | None = Field(default=None, sa_type=Uid)
    reason_code: str | None = Field(default=None, max_length=64)
    reason: str | None = Field(default=None, max_length=2000)

    __table_args__ = (
        sa.Index(
            "uq_approval_open",
            "kind",
            "subject_id",
            unique=True,
            sqlite_where=sa.text("state = 'OPEN'"),
            postgresql_where=sa.text("state = 'OPEN'"),
        ),
        sa.Index("ix_approval_queue", "state", "kind", "due_at"),
        sa.Index("ix_approval_subject", "subject_id"),
        sa.Index("ix_approval_claimed_by", "claimed_by"),
    )

    relations: ClassVar = {
        "partner": One(PartnerOrganisation, "partner_id"),
        "requester": One(Account, "requested_by"),
        "claimer": One(Account, "claimed_by"),
        "decider": One(Account, "decided_by"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={
            "due_at": SortKey("due_at", absent=dt.datetime(9999, 1, 1, tzinfo=dt.UTC)),
            "opened_at": SortKey("opened_at"),
        },
        default=(("due_at", False),),
        filters={
            "kind": Filter("kind", "in"),
            "state": Filter("state"),
            "due_before": Filter("due_at", "lte"),
            "due_after": Filter("due_at", "gt"),
            "partner": Filter("partner_id"),
            "office": Filter("office_id", "in"),
            "subject": Filter("subject_id"),
            "pool": Filter("pool"),
            "mine": Filter(clause=lambda reader, mine: _claimed_by(reader.actor, mine)),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever may decide on a kind sees those of its entries that its own rule gives him."""
        return clause_of_kinds(cls, actor)

    def held_by_another(self, actor_id: UUID, now: dt.datetime) -> bool:
        """Tell whether somebody else holds the entry now."""
        return self.claimed_by not in (None, actor_id) and self.claimed_until is not None and self.claimed_until > now
