"""What the queue is told about each kind of decision; it knows none by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.kernel.access import Actor
from models.kernel.lifecycle import Lifecycle, Transition
from models.kernel.record import Record
from models.kernel.words import Word
from models.kernel.work import Work
from models.partner import PartnerOrganisation

if TYPE_CHECKING:
    from models.approval.record import Approval

Rows = Callable[[type["Approval"], Actor], sa.ColumnElement[bool] | None]


@dataclass(frozen=True)
class DecisionInput:
    """What a reviewer gives with a verdict (审批意见).

    `fields` are those that a send-back names; `version` is that of the record as he read it; `values` is what else the
    kind asks for, such as the record that a duplicate is a duplicate of.
    """

    reason_code: Word | None = None
    reason: str | None = None
    fields: tuple[str, ...] = ()
    version: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """What stands beside the record under decision (参考信息): rows of a type, by columns, in the viewer's masks."""

    zh: str
    en: str
    model: type[Record]
    ids: tuple[UUID, ...]
    columns: tuple[str, ...]


Decide = Callable[[Work, Any, str, DecisionInput], Awaitable[None]]
Beside = Callable[[Work, Any], Awaitable[Sequence[Panel]]]
Concerns = Callable[[Work, Any], Awaitable[Sequence[Word]]]


@dataclass(frozen=True)
class ApprovalKind:
    """A kind of decision (审批类型), registered by the feature whose records wait.

    `rows` says which entries an actor may decide on (None: none). `decide` is the feature's own action; without it the
    lifecycle's step is taken. `detail` lists the fields to show, `fields` those that a send-back may name, `escalates`
    the step by which an entry moves to the pool instead of being closed. `concerns` gives hints to look at twice;
    `label` names the record openly; `takes` names what else a verdict may carry.
    """

    name: str
    zh: str
    en: str
    model: type[Record]
    lifecycle: Lifecycle[Any]
    rows: Rows
    decide: Decide | None = None
    detail: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()
    concerns: Concerns | None = None
    escalates: str | None = None
    label: Callable[[Any], str] | None = None
    takes: tuple[str, ...] = ()

    @property
    def verdicts(self) -> list[Transition[Any]]:
        """List what may be decided while a record waits for this kind of decision."""
        return [
            row
            for row in self.lifecycle
            if row.decides and any(self.lifecycle.state(status).awaits == self.name for status in row.sources)
        ]

    def named(self, record: Any) -> str:
        """Name the record so that everybody who sees the queue may read it."""
        return self.label(record) if self.label else str(record.public_id)


_kinds: dict[str, ApprovalKind] = {}


def register(kind: ApprovalKind) -> ApprovalKind:
    """Tell the queue of a kind of decision."""
    if _kinds.setdefault(kind.name, kind) is not kind:
        raise TypeError(f"two kinds of approval are called {kind.name}")
    return kind


def kinds() -> Mapping[str, ApprovalKind]:
    """List every kind of decision by its name."""
    return _kinds


def clause_of_kinds(entries: type[Approval], actor: Actor) -> sa.ColumnElement[bool]:
    """Put together what each kind says about who sees its entries."""
    seen = [
        sa.and_(col(entries.kind) == kind.name, rows)
        for kind in _kinds.values()
        if (rows := kind.rows(entries, actor)) is not None
    ]
    return sa.or_(*seen) if seen else sa.false()


def of_own_partners(permission: str) -> Rows:
    """Give a PDM the entries of the partners that he looks after."""
    return lambda entries, actor: col(entries.partner_id).in_(sorted(actor.partners)) if actor.may(permission) else None


def of_own_office(permission: str) -> Rows:
    """Give a PSM the entries of his representative office."""
    return lambda entries, actor: (
        col(entries.office_id) == actor.office_id if actor.may(permission) and actor.office_id else None
    )


def of_own_customers(permission: str) -> Rows:
    """Give a BD or a customer owner the entries of his customers."""
    return lambda entries, actor: (
        sa.or_(col(entries.bd_id) == actor.id, col(entries.owner_id) == actor.id) if actor.may(permission) else None
    )


def of_the_pool(permission: str) -> Rows:
    """Give a reviewer the entries of the pool: escalated ones, and those of partners without a PDM."""

    def rows(entries: type[Approval], actor: Actor) -> sa.ColumnElement[bool] | None:
        if not actor.may(permission):
            return None
        orphans = select(PartnerOrganisation.id).where(col(PartnerOrganisation.pdm_id).is_(None))
        return sa.or_(col(entries.pool).is_(True), col(entries.partner_id).in_(orphans))

    return rows


def of_all(permission: str, *also: str) -> Rows:
    """Give a reviewer who holds all of these permissions every entry."""
    return lambda entries, actor: sa.true() if all(actor.may(one) for one in (permission, *also)) else None


def any_of(*ways: Rows) -> Rows:
    """Give a reviewer what at least one of these ways gives him."""

    def rows(entries: type[Approval], actor: Actor) -> sa.ColumnElement[bool] | None:
        found = [clause for way in ways if (clause := way(entries, actor)) is not None]
        return sa.or_(*found) if found else None

    return rows
