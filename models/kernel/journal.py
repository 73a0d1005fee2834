"""The journal: who did what to what, from, to, why, when and in which request."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Field, col

from models.kernel.access import Actor, Permission, Side
from models.kernel.record import Record, record_types, rules_of, where_given, word_type
from models.kernel.values import Instant, Uid, instant_text, keyed_hash


class JournalRight(Permission):
    """Who reads which lines of the journal."""

    OWN = "journal:read_own_organisation"
    PARTNERS = "journal:read_own_partners"
    OFFICE = "journal:read_own_office"
    CUSTOMERS = "journal:read_own_customers"
    ALL = "journal:read_all"


@dataclass(frozen=True)
class Operation:
    """What a line calls the deed (操作): its code, its name in both languages, resource type and event name (AU-02).

    A `private` deed is its organisation's own affair, such as work on a draft; Huawei's side does not read of it.
    """

    code: str
    zh: str
    en: str
    resource_type: str
    event: str
    private: bool = False


class JournalLine(Record, table=True):
    """One deed (操作记录); written in the transaction of the change, never changed, never deleted."""

    __tablename__ = "journal_line"
    prefix: ClassVar[str] = "jrn"
    zh: ClassVar[str] = "操作记录"
    en: ClassVar[str] = "Journal line"

    at: dt.datetime = Field(sa_type=Instant)
    actor_id: UUID = Field(sa_type=Uid)
    actor_name: str = Field(max_length=128)
    actor_side: Side = Field(sa_type=word_type(Side))
    client_id: UUID | None = Field(default=None, sa_type=Uid)
    request_id: str | None = Field(default=None, max_length=64)
    operation: str = Field(max_length=80, index=True)
    operation_zh: str = Field(max_length=80)
    operation_en: str = Field(max_length=80)
    resource_type: str = Field(max_length=64)
    event: str = Field(max_length=64)
    subject_kind: str = Field(max_length=40)
    subject_id: UUID | None = Field(default=None, sa_type=Uid)
    partner_id: UUID | None = Field(default=None, sa_type=Uid)
    office_id: str | None = Field(default=None, max_length=32)
    owner_id: UUID | None = Field(default=None, sa_type=Uid)
    bd_id: UUID | None = Field(default=None, sa_type=Uid)
    internal: bool = False
    private: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    from_status: str | None = Field(default=None, max_length=40)
    to_status: str | None = Field(default=None, max_length=40)
    reason_code: str | None = Field(default=None, max_length=64)
    reason: str | None = Field(default=None, max_length=2000)
    changes: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)

    __table_args__ = (
        sa.Index("ix_journal_line_at", "at", "id"),
        sa.Index("ix_journal_line_subject", "subject_id", "at", "id"),
        sa.Index("ix_journal_line_partner", "partner_id", "at", "id"),
        sa.Index("ix_journal_line_office", "office_id", "at", "id"),
        sa.Index("ix_journal_line_actor", "actor_id", "at", "id"),
        where_given("ix_journal_line_owner", "owner_id", "at", "id"),
        where_given("ix_journal_line_bd", "bd_id", "at", "id"),
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Lines on one's own organisation's records; Huawei's inner steps are for Huawei's side alone, and what an
        organisation does for itself is for that organisation.

        Of Huawei's side, whoever reads a part of the journal finds his own deeds in it.
        """
        open_to_partner = sa.not_(col(cls.internal))
        if actor.side in (Side.PARTNER, Side.CUSTOMER):
            own = [col(cls.partner_id) == actor.partner_id] if actor.partner_id else []
            own += [col(cls.subject_id) == actor.customer_id] if actor.customer_id else []
            return sa.and_(open_to_partner, sa.or_(*own)) if own and actor.may(JournalRight.OWN) else sa.false()
        if actor.side is Side.SYSTEM and actor.may(JournalRight.ALL):
            return sa.true()
        open_to_huawei = sa.not_(col(cls.private))
        if actor.may(JournalRight.ALL):
            return open_to_huawei
        clauses: list[sa.ColumnElement[bool]] = []
        if actor.may(JournalRight.PARTNERS):
            clauses.append(col(cls.partner_id).in_(actor.partners))
        if actor.may(JournalRight.OFFICE) and actor.office_id:
            clauses.append(col(cls.office_id) == actor.office_id)
        if actor.may(JournalRight.CUSTOMERS):
            clauses += [col(cls.owner_id) == actor.id, col(cls.bd_id) == actor.id]
        if clauses:
            # Who reads much finds a page soon in the order of time; from indexes SQLite would sort all that he reads.
            much = actor.may(JournalRight.PARTNERS) or actor.may(JournalRight.OFFICE)
            doer = sa.func.coalesce(cls.actor_id, cls.actor_id) if much else col(cls.actor_id)
            clauses.append(doer == actor.id)
        return sa.and_(open_to_huawei, sa.or_(*clauses)) if clauses else sa.false()


@event.listens_for(JournalLine, "before_update")
@event.listens_for(JournalLine, "before_delete")
def _refuse_rewriting(*_: Any) -> None:
    raise TypeError("a journal line is never changed and never deleted (COL-2.5 guard 4)")


def subject_number(row: Mapping[str, Any]) -> str | None:
    """Write the readable id of what a line is about, from its columns."""
    if row["subject_id"] is None:
        return None
    prefixes = {model.__name__: prefix for prefix, model in record_types().items()}
    return f"{prefixes.get(row['subject_kind'], 'row')}_{row['subject_id']}"


def told(model: type[Record], before: Mapping[str, Any], after: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """Say what changed, ruled values masked and with a keyed hash that shows whether two were the same."""
    rules = rules_of(model)
    lines: dict[str, Any] = {}
    for name, new in after.items():
        old = before.get(name)
        if old == new:
            continue
        if (rule := rules.get(name)) is None:
            lines[name] = {"from": _plain(old), "to": _plain(new)}
            continue
        lines[name] = {"ruled": True}
        for side, value in (("from", old), ("to", new)):
            if value is not None:
                lines[name][side] = rule.mask(value) if rule.mask and isinstance(value, str) else "•••"
                lines[name][f"{side}Hash"] = keyed_hash(str(_plain(value)), key)
    return lines


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return instant_text(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (UUID, Decimal, dt.date)):
        return str(value)
    return value
