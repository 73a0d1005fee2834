"""The steps of a record's lifecycle as every noun's type tells them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import strawberry

from models.kernel.errors import DomainError
from models.kernel.lifecycle import Standing
from models.kernel.work import Work
from resolvers.context import Info
from resolvers.opportunity.types import Blocker


@strawberry.type(description="A step that leads on from a record's present state.")
class NextStep:
    """A step that this viewer's rights cover (可执行操作), with what blocks it; `target` is a code of the status."""

    verb: str
    label_zh: str
    label_en: str
    target: str
    possible: bool
    reason_codes: list[str]
    needs_reason: bool
    blocked_by: list[Blocker]


def blockers(errors: Sequence[DomainError]) -> list[Blocker]:
    """Tell refusals as data."""
    return [
        Blocker(
            code=error.code,
            path=[str(part) for part in error.path],
            message_zh=error.message("zh"),
            message_en=error.message("en"),
        )
        for error in errors
    ]


async def next_steps(
    info: Info, id: UUID, standing: Callable[[Work, UUID], Awaitable[list[Standing[Any]]]]
) -> list[NextStep]:
    """List the steps of a row by its feature's own standing."""
    async with info.context.reading() as reader:
        found = await standing(Work(reader.session, reader.actor, reader.now, journal_key=b""), id)
    return [
        NextStep(
            verb=one.transition.verb,
            label_zh=one.transition.zh,
            label_en=one.transition.en,
            target=str(one.transition.target),
            possible=one.possible,
            reason_codes=[str(code) for code in one.transition.reasons],
            needs_reason=one.transition.reason,
            blocked_by=blockers(one.blocks),
        )
        for one in found
    ]
