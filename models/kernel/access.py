"""Who may do what: actors, permissions, and the rules on single fields."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from models.kernel.errors import PermissionDeniedError
from models.kernel.words import Lang, Word


class Permission(enum.StrEnum):
    """What a role grants (权限), written `resource:verb`; the members stand in models/rights.py."""


class Side(Word):
    """On whose behalf somebody acts (所属方)."""

    PARTNER = "PARTNER", "伙伴", "Partner"
    HUAWEI = "HUAWEI", "华为", "Huawei"
    CUSTOMER = "CUSTOMER", "客户", "Customer"
    SYSTEM = "SYSTEM", "系统", "System"


SYSTEM_ID = UUID("00000000-0000-7000-8000-000000000001")


@dataclass(frozen=True)
class Actor:
    """Somebody who acts (操作人), with the rights that hold for this one request.

    `partners` are the partner organisations that a PDM looks after; `claimed` the records whose queue entries he
    holds now. `until` is when the time alone ends some of this, as a session's end does or a claim's.
    Of a tool, `client_mode` is the code of what its application may ask, and `tied` says that its token runs the
    application's admitted operations only.
    """

    id: UUID
    name: str
    side: Side
    permissions: frozenset[str] = frozenset()
    partner_id: UUID | None = None
    customer_id: UUID | None = None
    office_id: str | None = None
    partners: frozenset[UUID] = frozenset()
    claimed: frozenset[UUID] = frozenset()
    client_id: UUID | None = None
    lang: Lang = "zh"
    roles: tuple[str, ...] = field(default=(), compare=False)
    until: dt.datetime | None = field(default=None, compare=False)
    client_mode: str | None = field(default=None, compare=False)
    tied: bool = field(default=False, compare=False)

    def may(self, permission: str | None) -> bool:
        """Tell whether a permission is granted; what needs none is open."""
        return permission is None or permission in self.permissions

    def require(self, permission: str) -> None:
        """Refuse whoever lacks a permission."""
        if not self.may(permission):
            raise PermissionDeniedError(permission=permission)

    def ending(self, at: dt.datetime | None) -> Actor:
        """Give the same actor, for no longer than until an instant."""
        if at is None or (self.until is not None and self.until <= at):
            return self
        return dataclasses.replace(self, until=at)

    @cached_property
    def signature(self) -> str:
        """Name the set of rights; equal signatures may share a prepared read."""
        return hashlib.sha256("\n".join([self.side, *sorted(self.permissions)]).encode()).hexdigest()[:16]


class System(Permission):
    """What only the system's own timers hold."""

    TIMER = "system:timer"


def system_actor() -> Actor:
    """Give the actor that fires deadlines."""
    return Actor(id=SYSTEM_ID, name="系统 System", side=Side.SYSTEM, permissions=frozenset({System.TIMER}))


class Outcome(Word):
    """What a viewer gets to see of a ruled field (字段可见性)."""

    PLAIN = "PLAIN", "明文", "Plain"
    MASKED_REVEALABLE = "MASKED_REVEALABLE", "脱敏，可查看", "Masked, can be revealed"
    MASKED = "MASKED", "脱敏", "Masked"
    REFUSED = "REFUSED", "不可见", "Refused"


class Search(enum.StrEnum):
    """How whoever may reveal a field may search by it."""

    TEXT = "text"
    EXACT = "exact"


@dataclass(frozen=True)
class FieldRule:
    """Who sees one field, as a row of field-permissions.md.

    `group` names that row; the permissions `<group>:plain`, `<group>:reveal` and `<group>:masked` are granted by roles.
    `mask` turns the value into what masked viewers see. `search` says how holders of plain or reveal may search by it.
    """

    group: str
    mask: Callable[[str], str] | None = None
    search: Search | None = None

    def outcome(self, actor: Actor) -> Outcome:
        """Tell what the actor's roles give, before anything that the single row adds."""
        return outcome_of(self.group, actor.permissions)

    def searchable_by(self, actor: Actor) -> bool:
        """Tell whether the actor may filter by the field: whoever may reveal it may find it."""
        return self.outcome(actor) in (Outcome.PLAIN, Outcome.MASKED_REVEALABLE)

    def shown(self, value: Any, outcome: Outcome) -> Any:
        """Give what the outcome leaves of the value; what has no partial form is withheld whole."""
        if outcome is Outcome.PLAIN or value is None:
            return value
        if outcome is Outcome.REFUSED or self.mask is None:
            return None
        return self.mask(value)


def outcome_of(group: str, permissions: frozenset[str]) -> Outcome:
    """Tell what these permissions give of the fields of a group."""
    if f"{group}:plain" in permissions:
        return Outcome.PLAIN
    if f"{group}:reveal" in permissions:
        return Outcome.MASKED_REVEALABLE
    return Outcome.MASKED if f"{group}:masked" in permissions else Outcome.REFUSED


Row = Mapping[str, Any]


def outcome_on(rule: FieldRule, name: str, actor: Actor, record_id: UUID | None, editable: frozenset[str]) -> Outcome:
    """Tell what the actor gets of one field on one row.

    A reviewer who has claimed the record's entry, and whoever may edit the field now, reads it plainly.
    """
    return opened(rule.outcome(actor), name, actor, record_id, editable)


def opened(by_role: Outcome, name: str, actor: Actor, record_id: UUID | None, editable: frozenset[str]) -> Outcome:
    """Add to what the role gives of a field what the single row adds."""
    if by_role is Outcome.MASKED_REVEALABLE and (record_id in actor.claimed or name in editable):
        return Outcome.PLAIN
    return by_role
