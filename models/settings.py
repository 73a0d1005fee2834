"""What ecosystem operations set for everybody: dated policy numbers, and days that differ from the calendar."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from sqlmodel import col, select

from models.approval import follow_calendar
from models.kernel.errors import LengthError, NotFoundError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.policy import CalendarDay, Policy, PolicyRow, declared
from models.kernel.work import Work
from models.rights import Right

POLICY_SET: Final = Operation("policy.set", "调整政策参数", "Change a policy number", "policy", "setPolicy")
DAY_SET: Final = Operation("calendar.set_day", "调整工作日历", "Change the calendar", "calendar", "setCalendarDay")
DAY_CLEARED: Final = Operation(
    "calendar.clear_day", "撤销工作日历调整", "Take a change of the calendar back", "calendar", "clearCalendarDay"
)
LONGEST_NOTE: Final = 200


def policy_value(policy: Policy[Any], text: str) -> Any:
    """Read the value of a policy number as somebody typed it; it is of the kind of the seeded one."""
    text = text.strip()
    try:
        if isinstance(policy.seed, bool):
            return {"true": True, "false": False}[text.casefold()]
        if isinstance(policy.seed, int):
            return int(text)
    except (KeyError, ValueError):
        raise ValueNotAllowedError(path="value", value=text) from None
    return text


async def set_policy(
    work: Work, key: str, value: Any, *, effective_from: dt.datetime | None = None, note: str = ""
) -> PolicyRow:
    """Change a policy number from now on or from a later instant; what was decided before keeps the old one."""
    work.actor.require(Right.POLICY_EDIT)
    policy = declared().get(key)
    if policy is None:
        raise NotFoundError(path="key")
    since = effective_from or work.now
    number = type(value) is int and value < 0
    refuse(
        [
            ValueNotAllowedError(path="value", value=value)
            if type(value) is not type(policy.seed) or number or value == ""
            else None,
            ValueNotAllowedError(path="effectiveFrom", value=since.date()) if since < work.now else None,
            LengthError(path="note", minimum=0, maximum=LONGEST_NOTE, length=len(note))
            if len(note) > LONGEST_NOTE
            else None,
        ]
    )
    present = await work.policy(policy)
    row = PolicyRow(key=key, value=value, effective_from=since, note=note.strip())
    for other in await work.every(select(PolicyRow).where(PolicyRow.key == key).with_for_update()):
        if other.effective_from > since:
            row.effective_to = min(filter(None, (row.effective_to, other.effective_from)))
        elif other.effective_to is None or other.effective_to > since:
            other.effective_to = since
    work.note(
        POLICY_SET,
        work.add(row),
        before={"value": present},
        after={"key": key, "value": value, "effective_from": since, "note": row.note},
        internal=True,
    )
    return row


async def set_calendar_day(work: Work, day: dt.date, *, is_working: bool, note: str = "") -> int:
    """Say of a day whether it is worked; answer how many open due times moved later because of it."""
    work.actor.require(Right.CALENDAR_EDIT)
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise LengthError(path="note", minimum=0, maximum=LONGEST_NOTE, length=len(note))
    row = await _day(work, day)
    before = {"is_working": row.is_working, "note": row.note} if row else {}
    if row is None:
        row = work.add(CalendarDay(day=day, is_working=is_working, note=note))
    row.is_working, row.note = is_working, note
    await work.flush()
    work.note(DAY_SET, row, before=before, after={"day": day, "is_working": is_working, "note": note}, internal=True)
    return await follow_calendar(work)


async def clear_calendar_day(work: Work, day: dt.date) -> int:
    """Let a day follow the published calendar again; answer how many open due times moved later because of it."""
    work.actor.require(Right.CALENDAR_EDIT)
    row = await _day(work, day)
    if row is None:
        raise NotFoundError()
    work.note(DAY_CLEARED, row, before={"day": day, "is_working": row.is_working}, after={"day": None}, internal=True)
    await work.remove(row)
    await work.flush()
    return await follow_calendar(work)


async def _day(work: Work, day: dt.date) -> CalendarDay | None:
    found: CalendarDay | None = await work.first(select(CalendarDay).where(col(CalendarDay.day) == day))
    return found
