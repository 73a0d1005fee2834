"""The timeline of a record from the journal, and how its changes read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from admin.pages.fields import beijing, colour, meant, plain, vocabulary_of
from admin.words import both, say, spoken
from models.kernel.journal import JournalLine
from models.kernel.lifecycle import lifecycles
from models.kernel.reads import Page, Reader, Row, Wanted
from models.kernel.record import record_types
from models.kernel.words import Word
from models.labels import field_label, labelled

LATEST = 50
WANTED = Wanted.of(
    *("at", "actor_id", "actor_name", "actor_side", "operation", "operation_zh", "operation_en", "subject_kind"),
    *("subject_id", "partner_id", "internal", "from_status", "to_status", "reason_code", "reason", "changes"),
    *("request_id", "resource_type", "event"),
)
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
    subject_href: str | None = None


async def timeline(reader: Reader, record_id: UUID) -> list[Happening]:
    """Read what happened to a record, the latest first, as far as the viewer sees the journal."""
    found = await reader.page(
        JournalLine,
        WANTED,
        Page(first=LATEST),
        where=(JournalLine.subject_id == record_id,),  # type: ignore[arg-type]
    )
    return [happening(row) for row in found.nodes]


def happening(row: Any) -> Happening:
    """Say a journal line in the viewer's language."""
    model = next((one for one in record_types().values() if one.__name__ == row.subject_kind), None)
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
        changes=tuple(_changes(changes, row.subject_kind, table)),
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


def _changes(changes: Mapping[str, Any], kind: str, table: Any) -> Iterator[Change]:
    for name, told in changes.items():
        label = field_label(name, spoken(), kind) if labelled(name, kind) else name
        type_ = table.c[name].type if table is not None and name in table.c else None
        if isinstance(told, Mapping) and ("from" in told or "to" in told or "ruled" in told):
            before, after = (_read(told.get(side), type_) for side in ("from", "to"))
            yield Change(label, before, after, bool(told.get("ruled")))
        elif not isinstance(told, Mapping):
            yield Change(label, "", _read(told, type_), ruled=False)


def _read(value: Any, type_: Any) -> str:
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return beijing(dt.datetime.fromisoformat(value))
    if isinstance(value, (list, tuple)):
        return say_list(value)
    return plain(value, type_ if isinstance(value, str) else None)


def say_list(values: Any) -> str:
    """Say several values in one line."""
    return ("、" if spoken() == "zh" else ", ").join(plain(one) for one in values) or say("none")
