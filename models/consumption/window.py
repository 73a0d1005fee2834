"""Moves on what of consumption can be looked at: a new month comes in, the oldest goes, and days become summaries."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.consumption.policies import HIDE_ZEROS, LOOK_BACK
from models.consumption.record import ConsumptionDay, ConsumptionSummary, ConsumptionWindow
from models.consumption.sums import GROUPED, SUMMED, add_up, summary_id
from models.kernel.calendar import beijing_day
from models.kernel.work import Work

ONLY: Final = UUID("00000000-0000-7000-8000-0000000c5a18")
# Sums of days and of their months, with what they are read by, stay below 500 rows a transaction.
DAYS_AT_ONCE: Final = 200


def month_of(day: dt.date) -> str:
    """Name the month of a day."""
    return f"{day:%Y-%m}"


def months_before(month: str, count: int) -> str:
    """Name the month that lies some months before another."""
    year, number = int(month[:4]), int(month[5:])
    years, place = divmod(year * 12 + number - 1 - count, 12)
    return f"{years:04d}-{place + 1:02d}"


def summed_through(now: dt.datetime) -> dt.date:
    """Give the last day that summaries hold: a day's is there after 24:00 of the next day (COL-5.9.1)."""
    return beijing_day(now) - dt.timedelta(days=2)


async def due_window(work: Work) -> dict[str, Any]:
    """Say what can be looked at at this moment: 18 natural months, the present one included (COL-5.9.3)."""
    month = month_of(beijing_day(work.now))
    return {
        "first_month": months_before(month, await work.policy(LOOK_BACK) - 1),
        "month": month,
        "through_day": summed_through(work.now),
        "hides_zeros": await work.policy(HIDE_ZEROS),
    }


async def move_on(work: Work) -> dict[str, Any]:
    """Bring the window to what can be looked at now."""
    due = await due_window(work)
    window: ConsumptionWindow | None = await work.first(select(ConsumptionWindow))
    if window is None:
        work.add(ConsumptionWindow(id=ONLY, **due))
        await work.flush()
    else:
        for name, value in due.items():
            setattr(window, name, value)
    return due


async def is_behind(work: Work) -> bool:
    """Tell whether the window or a summary waits to be moved on."""
    window: ConsumptionWindow | None = await work.first(select(ConsumptionWindow))
    if window is None:
        return False
    due = await due_window(work)
    if any(getattr(window, name) != value for name, value in due.items()):
        return True
    waiting = select(ConsumptionDay.id).where(col(ConsumptionDay.day) <= due["through_day"]).limit(1)
    return await work.first(waiting) is not None


async def summarise(work: Work) -> int:
    """Move the window on, and add days that are old enough to the summaries of their months; answer how many sums."""
    through = (await move_on(work))["through_day"]
    days: list[Any] = await work.every(
        select(ConsumptionDay)
        .where(col(ConsumptionDay.day) <= through)
        .order_by(col(ConsumptionDay.day), col(ConsumptionDay.id))
        .limit(DAYS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    if days:
        sums: dict[UUID, dict[str, Any]] = {}
        for day in days:
            values = {name: getattr(day, name) for name in (*GROUPED, *SUMMED)}
            key = summary_id(values)
            if (known := sums.get(key)) is None:
                sums[key] = {"id": key, **values}
            else:
                for name in SUMMED:
                    known[name] += values[name]
        await add_up(work, ConsumptionSummary, sums.values())
        await work.session.execute(
            sa.delete(ConsumptionDay).where(col(ConsumptionDay.id).in_([one.id for one in days]))
        )
    return len(days)
