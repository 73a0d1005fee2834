"""The timeline of a record from the journal, and how its changes read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from admin.pages.fields import MEANINGS, beijing, colour, meant, meant_by, plain, record_named, vocabulary_of
from admin.words import both, spoken
from models.approval import kinds
from models.file import AttachmentField
from models.identity.record import Account
from models.kernel.journal import JournalLine
from models.kernel.lifecycle import lifecycles
from models.kernel.reads import One, Page, Reader, Row, Wanted
from models.kernel.record import Record, record_types
from models.kernel.values import public_id
from models.kernel.words import Word
from models.labels import field_label, labelled

LATEST = 50
WANTED = Wanted.of(
    *("at", "actor_id", "actor_name", "actor_side", "operation", "operation_zh", "operation_en", "subject_kind"),
    *("subject_id", "partner_id", "internal", "from_status", "to_status", "reason_code", "reason", "changes"),
    *("request_id", "resource_type", "event"),
)
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMES_OF_FIELDS = ("field", "columns")
NAMES_OF_ROWS = ("name", "company_name")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")


@dataclass(frozen=True)
class Change:
    """One field that changed (变更项)."""

    label: str
    before: str
    after: str
    ruled: bool


@dataclass(frozen=True)
class Happening:
    """A line of the timeline (历程)."""

    at: str
    who: str
    side: str
    what: str
    code: str
    before: str
    after: str
    colour: str
    reason_code: str
    reason: str
    internal: bool
    changes: tuple[Change, ...]
    request_id: str
    subject_kind: str
    subject: str

    @property
    def bulky(self) -> bool:
        """Tell whether the changes are better folded."""
        return len(self.changes) > 4 or sum(len(one.before) + len(one.after) for one in self.changes) > 120


async def timeline(reader: Reader, record_id: UUID) -> list[Happening]:
    """Read what happened to a record, the latest first, as far as the viewer sees the journal."""
    found = await reader.page(
        JournalLine,
        WANTED,
        Page(first=LATEST),
        where=(JournalLine.subject_id == record_id,),  # type: ignore[arg-type]
    )
    return await happenings(reader, found.nodes)


async def happenings(reader: Reader, rows: Sequence[Row]) -> list[Happening]:
    """Say journal lines in the viewer's language, people by their names."""
    named: dict[type[Record], set[UUID]] = {}
    for row in rows:
        subject = _record_type(row.subject_kind)  # type: ignore[attr-defined]
        for field, text in _texts(row.changes or {}):  # type: ignore[attr-defined]
            if ID.fullmatch(text):
                named.setdefault(_pointed_at(subject, field), set()).add(UUID(text))
            elif target := record_named(text):
                named.setdefault(target[0], set()).add(target[1])
    names: dict[str, str] = {}
    for model, ids in named.items():
        column = next((name for name in NAMES_OF_ROWS if name in model.model_fields), None)
        seen = await reader.by_ids(model, ids, Wanted.of(column)) if column else {}
        for id_ in ids:
            name = getattr(seen.get(id_), column or "", None) or public_id(model.prefix, id_)
            names[str(id_)] = names[public_id(model.prefix, id_)] = name
    return [_happening(row, names) for row in rows]


def _record_type(kind: str) -> type[Record] | None:
    return next((one for one in record_types().values() if one.__name__ == kind), None)


def _pointed_at(model: type[Record] | None, field: str) -> type[Record]:
    """Tell which kind of row a field of another points at; where nobody says so, at a person."""
    relations = getattr(model, "relations", {}).values()
    return next((one.target for one in relations if isinstance(one, One) and one.key == field), Account)


def _texts(changes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, told in changes.items():
        for value in (told.get("from"), told.get("to")) if isinstance(told, Mapping) else (told,):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    yield field, one


def _happening(row: Any, names: Mapping[str, str]) -> Happening:
    model = _record_type(row.subject_kind)
    table: Any = getattr(model, "__table__", None)
    status = vocabulary_of(table.c["status"].type) if table is not None and "status" in table.c else None
    changes = row.changes if isinstance(row.changes, Mapping) else {}
    subject = ""
    if model is not None and row.subject_id:
        subject = f"{model.prefix}_{str(row.subject_id).rpartition('_')[2]}"
    return Happening(
        at=beijing(row.at, "%Y-%m-%d %H:%M:%S"),
        who=row.actor_name,
        side=row.actor_side,
        what=row.operation_zh if spoken() == "zh" else row.operation_en,
        code=row.operation,
        before=_status(status, row.from_status),
        after=_status(status, row.to_status),
        colour=colour(row.to_status or ""),
        reason_code=_reason(row),
        reason=row.reason or "",
        internal=bool(row.internal),
        changes=tuple(_changes(changes, row.subject_kind, table, names)),
        request_id=row.request_id or "",
        subject_kind=both(model) if model is not None and model.zh else row.subject_kind,
        subject=subject,
    )


def _status(vocabulary: type[Word] | None, code: str | None) -> str:
    if not code:
        return ""
    try:
        return meant(vocabulary, code).label(spoken()) if vocabulary else code
    except ValueError:
        return code


def _reason(row: Row) -> str:
    code: str | None = getattr(row, "reason_code", None)
    if not code:
        return ""
    for lifecycle in lifecycles():
        for transition in lifecycle:
            for word in transition.reasons:
                if word.value == code and lifecycle.model.__name__ == row.subject_kind:  # type: ignore[attr-defined]
                    return word.label(spoken())
    return code


def _changes(changes: Mapping[str, Any], kind: str, table: Any, names: Mapping[str, str]) -> Iterator[Change]:
    for name, told in changes.items():
        label = field_label(name, spoken(), kind) if labelled(name, kind) else name
        type_ = table.c[name].type if table is not None and name in table.c else None
        if isinstance(told, Mapping) and ("from" in told or "to" in told or "ruled" in told):
            # What stands in place of a ruled value is no value of its column.
            type_ = None if told.get("ruled") else type_
            before, after = (_read(name, kind, told.get(side), type_, names) for side in ("from", "to"))
            yield Change(label, before, after, bool(told.get("ruled")))
        elif not isinstance(told, Mapping):
            yield Change(label, "", _read(name, kind, told, type_, names), ruled=False)


def _read(name: str, kind: str, value: Any, type_: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, (list, tuple)):
        return ("、" if spoken() == "zh" else ", ").join(_read(name, kind, one, None, names) for one in value)
    if isinstance(value, str):
        if value in names:
            return names[value]
        if INSTANT.fullmatch(value):
            return beijing(dt.datetime.fromisoformat(value))
        if name == "approval" and value in kinds():
            return both(kinds()[value])
        if name in NAMES_OF_FIELDS:
            return field_label(value, spoken(), kind) if labelled(value, kind) else meant_by(AttachmentField, value, {})
        meaning = MEANINGS.get(f"{kind}.{name}") or MEANINGS.get(name)
        if meaning is not None:
            return meant_by(meaning, value, {})
    return plain(value, type_ if isinstance(value, str) else None)
