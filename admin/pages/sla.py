"""How much time is left, as a page shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from admin.pages.fields import beijing
from admin.words import both, say, spoken
from models.kernel.calendar import OFFICE_HOURS, WorkingCalendar
from models.kernel.lifecycle import lifecycles
from models.kernel.record import Record

HOURS_A_DAY: Final = sum(closes.hour - opens.hour for opens, closes in OFFICE_HOURS)


@dataclass(frozen=True)
class Clock:
    """A time limit with what is left of it (时限)."""

    due: str
    left: str
    colour: str
    breach: str = ""


def clock_of(due: Any, now: dt.datetime, calendar: WorkingCalendar, *, breach: str = "") -> Clock | None:
    """Say when something is due and how much working time is left."""
    if due is None:
        return None
    instant = due if isinstance(due, dt.datetime) else dt.datetime.fromisoformat(due)
    hours = calendar.working_hours_left(now, instant)
    if instant <= now:
        return Clock(beijing(instant, "due"), say("sla_over"), "red", breach)
    if hours < HOURS_A_DAY:
        return Clock(beijing(instant, "due"), say("sla_hours", hours=f"{hours:g}"), "orange", breach)
    days, rest = divmod(hours, HOURS_A_DAY)
    text = say("sla_day" if days == 1 else "sla_days", days=int(days))
    if int(rest):
        text = f"{text} {say('sla_rest', hours=int(rest))}"
    return Clock(beijing(instant, "due"), text, "yellow" if hours <= 2 * HOURS_A_DAY else "green", breach)


def breach_of(model: type[Record], record: Any) -> str:
    """Say what happens when the present state's time runs out."""
    for lifecycle in lifecycles():
        if lifecycle.model is model and lifecycle.applies(record):
            duty = lifecycle.state(record.status).deadline
            if duty is not None:
                return both(duty)
    return ""


def pause_of(model: type[Record], record: Any) -> str:
    """Say why no time runs in the present state."""
    for lifecycle in lifecycles():
        if lifecycle.model is model and lifecycle.applies(record):
            state = lifecycle.state(record.status)
            return str((state.paused_zh if spoken() == "zh" else state.paused_en) or "")
    return ""
