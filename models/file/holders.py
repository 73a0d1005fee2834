"""Which fields of which records hold files: the features that know them say so, with the rule of each field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from models.file.words import AttachmentField
from models.kernel.access import Actor, FieldRule, Outcome
from models.kernel.record import Record
from models.kernel.work import Work

if TYPE_CHECKING:
    from models.file.record import Attachment


@dataclass(frozen=True)
class Held:
    """The row that holds a file, and the record whose scope, journal and lock it shares (附件归属)."""

    subject: Any
    record: Any


Scope = Callable[["type[Attachment]", Actor], sa.ColumnElement[bool]]


@dataclass(frozen=True)
class Holder:
    """A field that holds files (附件字段).

    `find` gives the row and its record as far as the actor sees them, the record held until the end; `rows` lists those
    rows of a record that the actor could add files to, without holding anything. `open_to` tells whether the actor may
    add files now; `loose` whether he may take one away again. `scope` says which of the field's files an actor sees
    whose roles read `rule`.
    """

    subject: type[Record]
    field: AttachmentField
    rule: FieldRule | None
    find: Callable[[Work, UUID], Awaitable[Held]]
    rows: Callable[[Work, Any], Awaitable[Sequence[Held]]]
    open_to: Callable[[Work, Held], bool]
    loose: Callable[[Work, Held, Attachment], bool]
    scope: Scope
    internal: bool = False

    @property
    def key(self) -> tuple[str, AttachmentField]:
        """Give what rows name the holder by."""
        return self.subject.__name__, self.field

    def read_by(self, actor: Actor) -> bool:
        """Tell whether the actor's roles read the field; a file has no half that a mask could leave."""
        return self.rule is None or self.rule.outcome(actor) is Outcome.PLAIN


_holders: dict[tuple[str, AttachmentField], Holder] = {}


def hold(holder: Holder) -> Holder:
    """Tell of a field that holds files."""
    if _holders.setdefault(holder.key, holder) is not holder:
        raise TypeError(f"two fields that hold files are called {holder.key}")
    return holder


def holders() -> Mapping[tuple[str, AttachmentField], Holder]:
    """List every field that holds files."""
    return _holders


def clause_of_holders(files: type[Attachment], actor: Actor) -> sa.ColumnElement[bool]:
    """Put together what each holder says about who sees its files."""
    table: sa.Table = files.__table__  # type: ignore[attr-defined]
    seen = [
        sa.and_(table.c.subject_kind == kind, table.c.field == field, holder.scope(files, actor))
        for (kind, field), holder in _holders.items()
        if holder.read_by(actor)
    ]
    return sa.or_(*seen) if seen else sa.false()
