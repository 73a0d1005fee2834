"""Working days of China, counted in Beijing time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

BEIJING: Final = ZoneInfo("Asia/Shanghai")
OFFICE_HOURS: Final = ((time(9), time(12)), (time(13), time(18)))
ONE_DAY: Final = timedelta(days=1)
FIRST_YEAR: Final = 2020


@lru_cache(maxsize=64)
def _published(year: int) -> tuple[frozenset[date], frozenset[date]]:
    # A make-up day for the next New Year may lie in the December before, so the next year is read as well.
    known = holidays.country_holidays("CN", years=(year, year + 1))
    days_off = frozenset(day for day in known if day.year == year)
    return days_off, frozenset(day for day in known.weekend_workdays if day.year == year)


def beijing_day(instant: datetime) -> date:
    """Tell which day it is in Beijing at an instant."""
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(BEIJING).date()


def later_of(present: datetime | None, recomputed: datetime) -> datetime:
    """Choose the due time after a change of the calendar, which may only move it later."""
    return recomputed if present is None else max(present, recomputed)


@dataclass(frozen=True, eq=False)
class WorkingCalendar:
    """The working-day calendar (工作日历): weekends, public holidays, make-up days (调休), and days set by hand.

    `overrides` says of single days whether they are worked, and wins over everything published.
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)

    def is_working_day(self, day: date) -> bool:
        """Tell whether China works on a day."""
        by_hand = self.overrides.get(day)
        if by_hand is not None:
            return by_hand
        days_off, made_up = _published(day.year)
        return day in made_up or (day.weekday() < 5 and day not in days_off)

    def due_after(self, entered: datetime, working_days: int) -> datetime:
        """Set the end of a deadline: 24:00 in Beijing of the last working day, as an instant in UTC (COL-2.5 guard 3).

        Day 1 is the next working day after the day of entering.
        """
        if working_days < 1:
            raise ValueError("a deadline is at least one working day")
        day = beijing_day(entered)
        for _ in range(working_days):
            day += ONE_DAY
            while not self.is_working_day(day):
                day += ONE_DAY
        return datetime.combine(day + ONE_DAY, time(), BEIJING).astimezone(UTC)

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and including `end`."""
        days = range(1, (end - start).days + 1)
        return sum(self.is_working_day(start + timedelta(days=count)) for count in days)

    def working_hours_left(self, now: datetime, due: datetime) -> float:
        """Count the office hours that remain, to a tenth: 8 a working day, 09:00-12:00 and 13:00-18:00 in Beijing.

        A whole working day is thus 8.0; after 18:00 of the last day 0.0 is left although the deadline ends at 24:00.
        """
        day, last_day = beijing_day(now), beijing_day(due)
        left = timedelta()
        while day <= last_day:
            if self.is_working_day(day):
                for opens, closes in OFFICE_HOURS:
                    begin = max(datetime.combine(day, opens, BEIJING), now)
                    end = min(datetime.combine(day, closes, BEIJING), due)
                    left += max(end - begin, timedelta())
            day += ONE_DAY
        return round(left / timedelta(hours=1), 1)

    def covered_until(self) -> date:
        """Tell the last day for which holidays and make-up days are announced.

        Without make-up days a year holds only the holidays that the law fixes: it is not announced yet. A make-up day
        entered by hand counts as the announcement of its year.
        """
        by_hand = {day.year for day, worked in self.overrides.items() if worked and day.weekday() >= 5}
        year = FIRST_YEAR
        while year + 1 in by_hand or _published(year + 1)[1]:
            year += 1
        return date(year, 12, 31)
