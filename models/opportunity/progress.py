"""How a sale goes on: progress that is appended, and the figures of a pipeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.kernel.access import Outcome
from models.kernel.errors import FieldRequiredError, LengthError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.reads import Page, Reader
from models.kernel.reads.asking import Asked, Asking
from models.kernel.work import Work
from models.opportunity.policies import STALE_DAYS
from models.opportunity.record import CONTRACT, TERMS, Opportunity, ProgressUpdate
from models.opportunity.refusals import BackwardsNoteRequiredError, ProgressNotOpenError, StageNotReportableError
from models.opportunity.rules import MoneyText, amount_of
from models.opportunity.words import DECIDED_AGAINST, OPEN_TO_PROGRESS, STAGE_ORDER, Direction, Stage, Status
from models.rights import Right

REPORT = Operation("opportunity.report_progress", "更新进展", "Report progress", "opportunity", "reportProgress")
REPORTABLE = {
    Status.VALIDATED: (Stage.REQUIREMENT, Stage.SOLUTION, Stage.POC, Stage.NEGOTIATION),
    Status.ACCEPTED: (Stage.REQUIREMENT, Stage.SOLUTION, Stage.POC, Stage.NEGOTIATION),
    Status.WON: (Stage.SIGNED, Stage.DELIVERING),
}


async def report(
    work: Work,
    id: UUID,
    *,
    stage: Stage,
    win_probability: int,
    details: str,
    next_step: str | None = None,
    expected_amount: MoneyText | None = None,
    expected_sign_date: dt.date | None = None,
    note: str | None = None,
) -> ProgressUpdate:
    """Append a progress update; the version stays, for it edits nothing (COL-2.5#10, COL-2.6.2, COL-2.6.5).

    Of a PO the partner reports, and Huawei too; of an HO the partner that accepted it (COL-3.2#6). A stage may go back,
    with a note. Won, lost and delivered are steps of their own.
    """
    record = await work.get(Opportunity, id)
    work.actor.require(Right.OPPORTUNITY_PROGRESS)
    if record.direction == Direction.HO:
        work.actor.require(Right.OPPORTUNITY_ACCEPT)
    if record.status not in OPEN_TO_PROGRESS:
        raise ProgressNotOpenError()
    details, note = details.strip(), (note or "").strip() or None
    next_step = (next_step or "").strip() or None
    backwards = (
        record.stage in STAGE_ORDER
        and stage in STAGE_ORDER
        and STAGE_ORDER.index(stage) < STAGE_ORDER.index(record.stage)
    )
    refuse(
        [
            None if stage in REPORTABLE[record.status] else StageNotReportableError(path="stage"),
            None
            if 0 <= win_probability <= 100
            else ValueNotAllowedError(path="win_probability", value=win_probability),
            None if details else FieldRequiredError(path="details"),
            LengthError(path="details", minimum=1, maximum=1000, length=len(details)) if len(details) > 1000 else None,
            LengthError(path="next_step", minimum=0, maximum=1000, length=len(next_step))
            if next_step and len(next_step) > 1000
            else None,
            LengthError(path="note", minimum=0, maximum=1000, length=len(note)) if note and len(note) > 1000 else None,
            BackwardsNoteRequiredError(path="note") if backwards and note is None else None,
        ]
    )
    amount = amount_of(record, expected_amount, "expected_amount")
    update = work.add(
        ProgressUpdate(
            opportunity_id=record.id,
            at=work.now,
            by_id=work.actor.id,
            by_name=work.actor.name,
            stage=stage,
            win_probability=win_probability,
            next_step=next_step,
            expected_amount=amount,
            currency=record.currency,
            expected_sign_date=expected_sign_date,
            details=details,
            backwards_note=note,
        )
    )
    record.stage, record.win_probability, record.next_step = stage, win_probability, next_step
    # Whoever mirrors a pipeline asks for what was updated since.
    record.last_progress_at = record.updated_at = work.now
    if amount is not None:
        record.expected_amount = amount
    if expected_sign_date is not None:
        record.expected_sign_date = expected_sign_date
    work.note(REPORT, record, changes={"stage": {"to": stage.value}, "winProbability": {"to": win_probability}})
    return update


def is_stale(row: Mapping[str, Any], reader: Reader) -> bool:
    """Tell whether progress is overdue: none for 30 days while it should be reported (COL-2.6.5)."""
    if row["status"] not in OPEN_TO_PROGRESS:
        return False
    began = row["last_progress_at"] or row["accepted_at"] or row["validated_at"]
    since = reader.now - dt.timedelta(days=reader.policy(STALE_DAYS))
    return began is not None and dt.datetime.fromisoformat(began) < since


STALE_COLUMNS = ("status", "last_progress_at", "accepted_at", "validated_at")


async def summary(reader: Reader, page: Page = Page()) -> list[dict[str, Any]]:
    """Sum up the viewer's opportunities."""
    found: list[dict[str, Any]] = await reader.run(ask_summary(reader, page))
    return found


def ask_summary(reader: Asking, page: Page = Page()) -> Asked:
    """Count and add up the viewer's opportunities by status, stage, month of creation or close, and currency.

    Amounts are minor units of the row's currency, and None for whoever may not read them; sums never cross currencies.
    """
    rows = yield from reader.ask_grouped(Opportunity, *_summed(reader.dialect), page, name="summary")
    terms = TERMS.outcome(reader.actor) is Outcome.PLAIN
    contract = CONTRACT.outcome(reader.actor) is Outcome.PLAIN
    for name, told in (("expected_amount", terms), ("signed_amount", contract)):
        if not told:
            reader.redact(Opportunity, name, Outcome.REFUSED)
    return [
        {
            "status": Status[row[0]],
            "stage": Stage[row[1]] if row[1] else None,
            "month": row[2],
            "currency": row[3],
            "count": row[4],
            "expected": int(row[5]) if terms else None,
            "signed": int(row[6]) if contract else None,
        }
        for row in rows
    ]


@cache
def _summed(dialect: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    table = Opportunity.__table__  # type: ignore[attr-defined]
    month = _month(sa.func.coalesce(table.c.signed_on, table.c.lost_on), dialect)
    return (table.c.status, table.c.stage, month, table.c.currency), (
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(table.c.expected_amount), 0),
        sa.func.coalesce(sa.func.sum(table.c.signed_amount), 0),
    )


def parted(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Part the groups of a summary into won (delivered ones included), lost, and what is still open."""
    parts: dict[str, list[dict[str, Any]]] = {"won": [], "lost": [], "open": [], "ended": []}
    for row in rows:
        parts[_part(row["status"])].append(row)
    return parts


def _part(status: Status) -> str:
    if status in (Status.WON, Status.DELIVERED):
        return "won"
    if status == Status.LOST:
        return "lost"
    return "ended" if status in DECIDED_AGAINST else "open"


def _month(column: Any, dialect: str) -> Any:
    if dialect == "sqlite":
        return sa.func.substr(column, 1, 7)
    return sa.func.to_char(column, sa.literal_column("'YYYY-MM'"))


__all__ = ["STALE_COLUMNS", "ask_summary", "is_stale", "parted", "report", "summary"]
