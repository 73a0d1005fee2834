"""How every mutation runs: keyed, in one transaction, dry where asked, its record read anew for the viewer.

A mutation is three lines:

    @strawberry.mutation(description="...")
    async def opportunity_submit(self, info: Info, input: OpportunitySubmitInput) -> OpportunityPayload | None:
        return await act(info, input, lambda work: domain.submit(work, ...), OpportunityPayload, "opportunity")
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from models.kernel.lifecycle import lifecycles
from models.kernel.record import Record
from models.kernel.replay import hash_of, once
from models.kernel.values import instant_text
from models.kernel.work import Work
from resolvers.context import Info
from resolvers.lookahead import LookAhead
from resolvers.scalars import Instant

P = TypeVar("P", bound="Payload")


@strawberry.input
class Action:
    """What every mutation takes: a key that makes repeats harmless, and a wish to only be told."""

    idempotency_key: str | None = strawberry.field(
        default=None, description="Required of API tokens: a repeat with the same key and input is harmless."
    )
    validate_only: bool = strawberry.field(
        default=False, description="Answer every violation and what would follow, and change nothing."
    )


@strawberry.type(description="What would follow if the call were not validateOnly.")
class Preview:
    """The state that the record would be in (预览)."""

    status: str | None = None
    due_at: Instant | None = None
    on_breach: str | None = None
    queue: str | None = None


@strawberry.type
class Payload:
    """What every mutation answers beside its record."""

    records: ClassVar[dict[str, type[Record]]] = {}

    ids: strawberry.Private[tuple[UUID, ...]] = ()
    replayed: bool = strawberry.field(default=False, description="True where the key had been used before.")
    preview: Preview | None = None


async def act(
    info: Info,
    input: Action,
    action: Callable[[Work], Awaitable[Record]],
    payload: type[P],
    field: str,
    **extra: Any,
) -> P:
    """Run an action and answer its record as the viewer sees it now."""
    if input.validate_only:
        return payload(preview=await info.context.act(lambda work: _told(work, action), dry=True))

    async def single(work: Work) -> list[Record]:
        return [await action(work)]

    ids, replayed = await keyed(info, input, single)
    answer = payload(ids=tuple(ids), replayed=replayed, **extra)
    model: type[Record] = payload.records[field]
    wanted = LookAhead(info).inside(model, to_camel_case(field))
    setattr(answer, field, await info.context.fresh(model, ids[0], wanted))
    return answer


async def keyed(
    info: Info, input: Action, action: Callable[[Work], Awaitable[list[Record]]]
) -> tuple[list[UUID], bool]:
    """Run an action once for its key; answer the ids of its records, and whether an earlier call had made them."""
    return await info.context.act(
        lambda work: once(
            work,
            action,
            mutation=info.field_name,
            root_field=str(info.path.key),
            key=input.idempotency_key,
            input_hash=hash_of(_plain(input)),
        )
    )


async def _told(work: Work, action: Callable[[Work], Awaitable[Record]]) -> Preview:
    record = await action(work)
    await work.flush()
    return _preview(record)


def answers(**records: type[Record]) -> Callable[[type[P]], type[P]]:
    """Say which row types the fields of a payload hold: `@answers(opportunity=domain.Opportunity)`."""

    def declare(cls: type[P]) -> type[P]:
        cls.records = records
        return cls

    return declare


def _preview(record: Any) -> Preview:
    status = getattr(record, "status", None)
    due = getattr(record, "due_at", None)
    queue = None
    for lifecycle in lifecycles():
        if isinstance(record, lifecycle.model) and lifecycle.applies(record) and status is not None:
            queue = lifecycle.state(status).awaits
    return Preview(
        status=str(status) if status is not None else None,
        due_at=Instant(instant_text(due)) if due is not None else None,
        on_breach=getattr(record, "due_verb", None),
        queue=queue,
    )


# A repeat is the same call whichever code it gives, and no trace of a code is kept.
_NOT_COMPARED = ("idempotency_key", "verification_code")


def _plain(value: Any) -> Any:
    if value is strawberry.UNSET:
        return "<absent>"
    if isinstance(value, strawberry.Some):
        return {"given": _plain(value.value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: _plain(getattr(value, one.name))
            for one in dataclasses.fields(value)
            if one.name not in _NOT_COMPARED
        }
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return value


def patch(input: Any, *names: str) -> dict[str, Any]:
    """Take the fields that the caller gave, null included; what he omitted stays as it is."""
    given: dict[str, Any] = {}
    for name in names:
        value = getattr(input, name)
        if isinstance(value, strawberry.Some):
            given[name] = value.value
        elif value is not None and value is not strawberry.UNSET:
            given[name] = value
    return given
