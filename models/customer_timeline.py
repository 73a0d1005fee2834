"""Everything that happened with a customer in one list: reports, invitations, associations, deals, consumption."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa

from models.association import AssociationEvent
from models.association_request import AssociationRequest
from models.consumption import ConsumptionSummary
from models.customer import Customer, CustomerMerge
from models.customer.record import PROFILE
from models.customer_report import CustomerReport
from models.deal_registration import DealRegistration
from models.freeze import CustomerFreeze
from models.invitation import Invitation
from models.kernel.access import Actor, Outcome
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Record, word_type
from models.kernel.values import Instant
from models.kernel.words import Word
from models.opportunity import Opportunity


class TimelineKind(Word):
    """What an entry of a customer's timeline tells of (时间线类型)."""

    REPORT = "REPORT", "报备", "Report"
    INVITATION = "INVITATION", "邀请", "Invitation"
    ASSOCIATION = "ASSOCIATION", "关联", "Association"
    ASSOCIATION_REQUEST = "ASSOCIATION_REQUEST", "关联变更申请", "Association request"
    OPPORTUNITY = "OPPORTUNITY", "机会点", "Opportunity"
    DEAL_REGISTRATION = "DEAL_REGISTRATION", "商机报备", "Deal registration"
    CONSUMPTION = "CONSUMPTION", "月度消费", "Monthly consumption"
    FREEZE = "FREEZE", "冻结", "Freeze"
    MERGE = "MERGE", "客户合并", "Merge"


# The row type of each kind, the relation under which an entry gives it, and when it happened.
SOURCES: Final[Mapping[TimelineKind, tuple[type[Record], str, str]]] = {
    TimelineKind.REPORT: (CustomerReport, "report", "created_at"),
    TimelineKind.INVITATION: (Invitation, "invitation", "created_at"),
    TimelineKind.ASSOCIATION: (AssociationEvent, "association_event", "happened_at"),
    TimelineKind.ASSOCIATION_REQUEST: (AssociationRequest, "association_request", "created_at"),
    TimelineKind.OPPORTUNITY: (Opportunity, "opportunity", "created_at"),
    TimelineKind.DEAL_REGISTRATION: (DealRegistration, "deal_registration", "created_at"),
    TimelineKind.CONSUMPTION: (ConsumptionSummary, "consumption", "bill_cycle"),
    TimelineKind.FREEZE: (CustomerFreeze, "freeze", "created_at"),
    TimelineKind.MERGE: (CustomerMerge, "merge", "merged_at"),
}
_OF_CUSTOMER: Final = {TimelineKind.MERGE: "survivor_id"}


def _entries() -> sa.Subquery:
    """Put the rows of every kind one below the other; an entry has the id of what it tells of."""
    arms = []
    for kind, (model, _, at) in SOURCES.items():
        table: sa.Table = model.__table__  # type: ignore[attr-defined]
        when: sa.ColumnElement[Any] = table.c[at]
        if kind is TimelineKind.CONSUMPTION:
            # A month stands where it begins.
            when = sa.cast(table.c[at] + sa.literal_column("'-01T00:00:00.000000Z'"), Instant())
        arms.append(
            sa.select(
                table.c.id.label("id"),
                table.c[_OF_CUSTOMER.get(kind, "customer_id")].label("customer_id"),
                sa.literal_column(f"'{kind}'", word_type(TimelineKind)).label("kind"),
                sa.type_coerce(when, Instant()).label("at"),
            )
        )
    return sa.union_all(*arms).subquery("customer_timeline")


class TimelineEntry(Record):
    """One thing that happened with a customer (客户时间线); it is read where it was written, and kept nowhere else."""

    __table__: ClassVar[sa.Subquery] = _entries()
    prefix: ClassVar[str] = "tle"
    zh: ClassVar[str] = "客户时间线"
    en: ClassVar[str] = "Timeline entry"
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        **{relation: One(model, "id") for model, relation, _ in SOURCES.values()},
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"at": SortKey("at")},
        default=(("at", True),),
        filters={"kind": Filter("kind", "in"), "customer": Filter("customer_id")},
    )

    customer_id: UUID
    kind: TimelineKind
    at: dt.datetime

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees what an entry tells of sees the entry.

        Associations only where the viewer reads when they were: a list in the order of a time tells the time.
        """
        entries = cls.__table__
        seen: list[sa.ColumnElement[bool]] = []
        for kind, (model, _, _) in SOURCES.items():
            if kind is TimelineKind.ASSOCIATION and PROFILE.outcome(actor) is not Outcome.PLAIN:
                continue
            scope = model.visible_to(actor)
            if isinstance(scope, sa.False_):
                continue
            table: sa.Table = model.__table__  # type: ignore[attr-defined]
            subject: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(table)
            subject = subject.where(table.c.id == entries.c.id, scope).correlate(entries)
            seen.append(sa.and_(entries.c.kind == sa.literal_column(f"'{kind}'"), subject.exists()))
        return sa.or_(*seen) if seen else sa.false()


relate(Customer, "timeline", Many(TimelineEntry, "customer_id"))
