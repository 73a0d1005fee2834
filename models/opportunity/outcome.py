"""How an opportunity ends: cancelled, won, lost, delivered, and disputed after that."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from models.kernel.calendar import beijing_day
from models.kernel.words import Word
from models.kernel.work import Work
from models.opportunity.lifecycle import lifecycle_of
from models.opportunity.policies import DISPUTE_DAYS
from models.opportunity.record import Opportunity
from models.opportunity.rules import MoneyText, amount_of
from models.opportunity.words import Direction, Stage


async def cancel(work: Work, id: UUID, *, version: int, reason_code: Word | None, reason: str | None) -> Opportunity:
    """Cancel what was validated or accepted; only Huawei does (COL-2.5#11, COL-2.5 guard 1, COL-3.2#8)."""
    record = await work.get(Opportunity, id, version=version)
    verb = "cancel" if record.direction == Direction.PO else "cancel_ho"
    await lifecycle_of(record).fire(
        work, record, verb, reason_code=reason_code, reason=reason, values={"cancel_reason": reason_code}
    )
    return record


async def win(
    work: Work,
    id: UUID,
    *,
    version: int,
    amount: MoneyText | None,
    signed_on: dt.date | None,
    contract_number: str | None,
    consuming_account: str | None,
) -> Opportunity:
    """Mark an opportunity won, with its signing data (COL-2.5#12, COL-2.6.7)."""
    record = await work.get(Opportunity, id, version=version)
    values = {
        "signed_amount": amount_of(record, amount, "signed_amount"),
        "signed_on": signed_on,
        "contract_number": (contract_number or "").strip() or None,
        "consuming_account": (consuming_account or "").strip() or None,
        "stage": Stage.SIGNED,
        "win_probability": 100,
        "last_progress_at": work.now,
    }
    await lifecycle_of(record).fire(work, record, _of(record, "win"), values=values)
    return record


async def lose(
    work: Work,
    id: UUID,
    *,
    version: int,
    lost_reason: Word | None,
    competitor: str | None = None,
    lost_on: dt.date | None = None,
    note: str | None = None,
) -> Opportunity:
    """Mark an opportunity lost, with reason and competitor (COL-2.5#13, COL-2.6.7)."""
    record = await work.get(Opportunity, id, version=version)
    values = {
        "lost_reason": lost_reason,
        "competitor": (competitor or "").strip() or None,
        "lost_note": (note or "").strip() or None,
        "lost_on": lost_on or beijing_day(work.now),
        "stage": Stage.LOST,
        "win_probability": 0,
        "last_progress_at": work.now,
    }
    await lifecycle_of(record).fire(work, record, _of(record, "lose"), values=values)
    return record


async def deliver(work: Work, id: UUID, *, version: int, delivered_on: dt.date | None) -> Opportunity:
    """Mark a won opportunity delivered; Huawei may dispute it within ten working days (COL-2.5#14)."""
    record = await work.get(Opportunity, id, version=version)
    until = (await work.calendar()).due_after(work.now, await work.policy(DISPUTE_DAYS))
    values = {
        "delivered_on": delivered_on,
        "delivered_at": work.now,
        "dispute_until": until,
        "stage": Stage.DELIVERED,
        "last_progress_at": work.now,
    }
    await lifecycle_of(record).fire(work, record, _of(record, "deliver"), values=values)
    return record


async def confirm_delivery(work: Work, id: UUID, *, version: int) -> Opportunity:
    """Confirm a delivery, which ends the time for disputing it (COL-2.5#14)."""
    record = await work.get(Opportunity, id, version=version)
    await lifecycle_of(record).fire(
        work, record, _of(record, "confirm_delivery"), values={"delivery_confirmed_at": work.now}
    )
    return record


async def dispute(work: Work, id: UUID, *, version: int, reason: str | None) -> Opportunity:
    """Dispute a delivery; the opportunity is won, not delivered, again (COL-2.5#16)."""
    record = await work.get(Opportunity, id, version=version)
    values = {"delivered_on": None, "delivered_at": None, "dispute_until": None, "stage": Stage.DELIVERING}
    await lifecycle_of(record).fire(work, record, _of(record, "dispute"), reason=reason, values=values)
    return record


def _of(record: Opportunity, verb: str) -> str:
    return verb if record.direction == Direction.PO else f"{verb}_ho"
