"""The eye: shows one masked field of the rows on a page, and writes down who looked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.kernel.access import FieldRule, Outcome, Side, outcome_on
from models.kernel.errors import (
    DomainError,
    FieldNotRevealableError,
    FieldRequiredError,
    NotFoundError,
    ReasonRequiredError,
    ValueNotAllowedError,
    refuse,
)
from models.kernel.journal import Operation
from models.kernel.record import Record, rules_of
from models.kernel.work import Work

MOST_ROWS: Final = 100
LONGEST_REASON: Final = 500


async def reveal(
    work: Work, model: type[Record], field: str, ids: Sequence[UUID], reason: str | None = None
) -> dict[UUID, Any]:
    """Give the plain values of one field for up to 100 rows, and one journal line for all of them (COL-2.8.3).

    Huawei's staff say why; of a partner's own rows nobody asks. All of the rows are shown or none.
    """
    rule = rules_of(model).get(field)
    if rule is None:
        raise ValueNotAllowedError(path="field", value=field)
    wanted = list(dict.fromkeys(ids))
    reason = (reason or "").strip() or None
    refuse(_asked_wrongly(work, rule, wanted, reason))
    rows: list[Any] = await work.every(select(model).where(col(model.id).in_(wanted), model.visible_to(work.actor)))
    found = {row.id: row for row in rows}
    refuse(NotFoundError(path=("ids", place)) for place, id in enumerate(wanted) if id not in found)
    refuse(
        FieldNotRevealableError(path=("ids", place))
        for place, id in enumerate(wanted)
        if not _open_to(work, rule, field, found[id])
    )
    kind = model.__name__
    operation = Operation(
        "field.reveal", "查看字段明文", "Reveal a field", f"{kind[0].lower()}{kind[1:]}", "revealField"
    )
    partners = {row.belonging().partner_id for row in found.values()}
    # Of some nouns each row has a record of who looked at it (COL-6.2.8).
    singly = len(wanted) == 1 or getattr(model, "reveals_singly", False)
    for shown in [[id] for id in wanted] if singly else [wanted]:
        facts: dict[str, Any] = {} if singly else {"partner_id": partners.pop() if len(partners) == 1 else None}
        work.note(
            operation,
            found[shown[0]] if singly else None,
            internal=work.actor.side is Side.HUAWEI,
            reason=reason,
            changes={"field": field, "rowType": kind, "rows": [found[id].public_id for id in shown]},
            **facts,
        )
    return {id: getattr(found[id], field) for id in wanted}


def _asked_wrongly(work: Work, rule: FieldRule, ids: Sequence[UUID], reason: str | None) -> Iterator[DomainError]:
    if rule.outcome(work.actor) not in (Outcome.PLAIN, Outcome.MASKED_REVEALABLE):
        yield FieldNotRevealableError(path="field")
        return
    if not ids:
        yield FieldRequiredError(path="ids")
    if len(ids) > MOST_ROWS:
        yield ValueNotAllowedError(path="ids", value=f"> {MOST_ROWS}")
    if work.actor.side is Side.HUAWEI and reason is None:
        yield ReasonRequiredError(path="reason")
    if reason is not None and len(reason) > LONGEST_REASON:
        yield ValueNotAllowedError(path="reason", value=f"> {LONGEST_REASON}")


def _open_to(work: Work, rule: FieldRule, field: str, row: Record) -> bool:
    outcome = outcome_on(rule, field, work.actor, row.id, row.editable_now(work.actor))
    return outcome in (Outcome.PLAIN, Outcome.MASKED_REVEALABLE)
