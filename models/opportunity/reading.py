"""What readers are told of an opportunity beside its columns: its clock, its steps, and filters tidied."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import select

from models.kernel.access import Actor, Outcome
from models.kernel.errors import NotFoundError, ValueNotAllowedError
from models.kernel.lifecycle import Standing
from models.kernel.reads import Reader
from models.kernel.work import Work
from models.opportunity.lifecycle import HO, PO, lifecycle_of
from models.opportunity.policies import AMOUNT_FLOOR
from models.opportunity.record import ACCOUNT, Opportunity
from models.opportunity.rules import minor_amount
from models.opportunity.words import Concern, Direction, Status


def clock_told(row: Mapping[str, Any], reader: Reader) -> dict[str, Any] | None:
    """Tell the clock of the present state: due time, working hours left, what then happens, what it paused."""
    if row["due_at"] is None:
        return None
    lifecycle = PO if row["direction"] == Direction.PO else HO
    state = lifecycle.state(Status[row["status"]])
    if state.deadline is None:
        return None
    assert reader.calendar is not None, "declared as leaning on the calendar"
    due = dt.datetime.fromisoformat(row["due_at"])
    return {
        "due_at": row["due_at"],
        "working_hours_left": reader.calendar.working_hours_left(reader.now, due),
        "on_breach_zh": state.deadline.zh,
        "on_breach_en": state.deadline.en,
        "paused_because_zh": state.paused_zh,
        "paused_because_en": state.paused_en,
    }


CONCERN_COLUMNS = ("direction", "expected_amount", "currency", "customer_id", "account_name", "counts_for_assessment")


def concerns_told(row: Mapping[str, Any], reader: Reader) -> list[Concern]:
    """List what a reviewer should look at twice; the floor is an amount in CNY (COL-2.2.4, COL-2.2.5, COL-2.1.9)."""
    return _concerns(row, reader.policy(AMOUNT_FLOOR), reader.actor)


async def concerns_beside(work: Work, record: Opportunity) -> list[Concern]:
    """Give a reviewer at the queue the same hints."""
    row = {name: getattr(record, name) for name in CONCERN_COLUMNS}
    return _concerns(row, await work.policy(AMOUNT_FLOOR), work.actor)


def _concerns(row: Mapping[str, Any], floor: int, actor: Actor) -> list[Concern]:
    if row["direction"] != Direction.PO:
        return []
    amount = row["expected_amount"]
    small = amount is not None and row["currency"] == "CNY" and amount < floor
    told = ACCOUNT.outcome(actor) is not Outcome.REFUSED
    unknown = told and row["customer_id"] is None and row["account_name"] is None
    return [
        concern
        for concern, holds in (
            (Concern.AMOUNT_BELOW_FLOOR, small),
            (Concern.NO_ACCOUNT, unknown),
            (Concern.NOT_COUNTED, not row["counts_for_assessment"]),
        )
        if holds
    ]


async def standing(work: Work, id: UUID) -> list[Standing[Status]]:
    """List the steps that lead on from an opportunity's state for this actor, with what blocks each."""
    record = await work.first(select(Opportunity).where(Opportunity.id == id, Opportunity.visible_to(work.actor)))
    if record is None:
        raise NotFoundError()
    return await lifecycle_of(record).standing(work, record)


def tidied_filter(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn amounts with a currency into minor units; both ends of a range are of one currency."""
    tidied = dict(values)
    currencies = set()
    for name in ("amount_from", "amount_to"):
        if (money := tidied.get(name)) is not None:
            tidied[name] = minor_amount(money.amount, money.currency, name)
            currencies.add(money.currency)
    if len(currencies) > 1:
        raise ValueNotAllowedError(path="amount_to", value=", ".join(sorted(currencies)))
    if currencies:
        tidied["currency"] = currencies.pop()
    return tidied


async def id_by_external_id(reader: Reader, external_id: str) -> UUID | None:
    """Find the record that a client application saved under its own id."""
    found: UUID | None = await reader.session.scalar(
        select(Opportunity.id).where(
            Opportunity.client_id == reader.actor.client_id,
            Opportunity.external_id == external_id,
            Opportunity.visible_to(reader.actor),
        )
    )
    return found
