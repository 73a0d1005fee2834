"""Field edits: what the actor may write now, what really changes, one version and one journal line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from models.kernel.access import Actor
from models.kernel.errors import DomainError, FieldNotWritableError, MaskedInputError, refuse
from models.kernel.journal import Operation
from models.kernel.record import Aggregate, rules_of
from models.kernel.work import Work


def field_path(name: str) -> str:
    """Name a field as the input of the API does."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def amend(
    work: Work, record: Aggregate, operation: Operation, values: Mapping[str, Any], *, internal: bool = False
) -> bool:
    """Write the values that differ, raise the version and journal them; tell whether anything differed."""
    refuse(_objections(work.actor, record, values))
    after = {name: value for name, value in values.items() if getattr(record, name) != value}
    if not after:
        return False
    before = {name: getattr(record, name) for name in after}
    for name, value in after.items():
        setattr(record, name, value)
    record.version += 1
    record.updated_at = work.now
    work.note(operation, record, before=before, after=after, internal=internal)
    return True


def _objections(actor: Actor, record: Aggregate, values: Mapping[str, Any]) -> Iterator[DomainError]:
    """An input equal to its own mask is refused, and so is a field outside what may be edited (COL-2.5 guard 6)."""
    writable = record.editable_now(actor)
    rules = rules_of(type(record))
    for name, value in values.items():
        present = getattr(record, name)
        mask = rules[name].mask if name in rules else None
        if name not in writable:
            yield FieldNotWritableError(path=field_path(name))
        elif mask and isinstance(value, str) and isinstance(present, str) and value == mask(present) != present:
            yield MaskedInputError(path=field_path(name))
