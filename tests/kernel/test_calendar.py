"""Working days are China's, deadlines end at midnight in Beijing."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.calendar import BEIJING, WorkingCalendar, beijing_day, later_of
from tests.kernel.samples import sample

CALENDAR = WorkingCalendar()


def beijing(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BEIJING)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026])
def test_every_day_of_a_year_is_as_the_state_council_announced(year: int) -> None:
    text = sample(f"holiday-cn/{year}.json").read_text(encoding="utf-8")
    announced = {day["date"]: not day["isOffDay"] for day in json.loads(text)["days"]}
    day = date(year, 1, 1)
    while day.year == year:
        assert CALENDAR.is_working_day(day) == announced.get(day.isoformat(), day.weekday() < 5), day
        day += timedelta(days=1)


def test_a_day_set_by_hand_wins_over_what_is_published() -> None:
    national_day, make_up_day, plain_sunday = date(2026, 10, 1), date(2026, 10, 10), date(2026, 11, 22)
    by_hand = WorkingCalendar({national_day: True, make_up_day: False, plain_sunday: True})
    for day in (national_day, make_up_day, plain_sunday):
        assert by_hand.is_working_day(day) is not CALENDAR.is_working_day(day)


def test_day_one_is_the_next_working_day_and_the_last_ends_at_midnight_in_beijing() -> None:
    """COL-2.5 guard 3: entered on a Monday, three working days end on Thursday at 24:00."""
    due = CALENDAR.due_after(beijing(2026, 11, 16, 9, 30), 3)
    assert due == beijing(2026, 11, 20)
    assert due == datetime(2026, 11, 19, 16, tzinfo=UTC)
    assert due.tzinfo is UTC


def test_the_day_of_entering_is_that_of_beijing_wherever_the_clock_stands() -> None:
    """COL-2.5 guard 3: 16:30 UTC on Monday is already Tuesday in Beijing."""
    assert CALENDAR.due_after(datetime(2026, 11, 16, 16, 30, tzinfo=UTC), 1) == beijing(2026, 11, 19)
    elsewhere = datetime(2026, 11, 16, 8, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert CALENDAR.due_after(elsewhere, 1) == beijing(2026, 11, 19)


def test_a_deadline_skips_the_holiday_and_counts_the_make_up_day() -> None:
    """COL-2.5 guard 3: from 30 September 2026 over the golden week; Saturday 10 October is worked."""
    assert CALENDAR.due_after(beijing(2026, 9, 30, 17), 3) == beijing(2026, 10, 11)


def test_a_deadline_entered_at_the_weekend_starts_on_monday() -> None:
    """COL-2.5 guard 3: day 1 is a working day."""
    assert CALENDAR.due_after(beijing(2026, 11, 21, 12), 1) == beijing(2026, 11, 24)


def test_ten_working_days_are_two_plain_weeks() -> None:
    """COL-2.5 guard 3: the validation of a PO, entered on a Friday."""
    assert CALENDAR.due_after(beijing(2026, 11, 6, 23, 59, 59), 10) == beijing(2026, 11, 21)


def test_a_deadline_of_no_days_or_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        CALENDAR.due_after(beijing(2026, 11, 16), 0)
    with pytest.raises(ValueError, match="time zone"):
        CALENDAR.due_after(datetime(2026, 11, 16), 1)  # noqa: DTZ001 - the naive time is the point


@given(st.datetimes(datetime(2023, 1, 1), datetime(2027, 6, 30)), st.integers(1, 30))  # noqa: DTZ001
def test_a_deadline_holds_exactly_its_working_days(moment: datetime, days: int) -> None:
    """COL-2.5 guard 3: for any moment of entering."""
    entered = moment.replace(tzinfo=UTC)
    due = CALENDAR.due_after(entered, days)
    last_day = beijing_day(due) - timedelta(days=1)
    assert due.astimezone(BEIJING).timetz().replace(tzinfo=None) == datetime.min.time()
    assert CALENDAR.is_working_day(last_day)
    assert CALENDAR.working_days_between(beijing_day(entered), last_day) == days
    assert CALENDAR.working_hours_left(due, due) == 0
    assert 8 * days <= CALENDAR.working_hours_left(entered, due) <= 8 * (days + 1)


def test_working_days_between_count_the_end_but_not_the_start() -> None:
    assert CALENDAR.working_days_between(date(2026, 11, 16), date(2026, 11, 20)) == 4
    assert CALENDAR.working_days_between(date(2026, 11, 20), date(2026, 11, 23)) == 1
    assert CALENDAR.working_days_between(date(2026, 11, 20), date(2026, 11, 20)) == 0
    assert CALENDAR.working_days_between(date(2026, 11, 20), date(2026, 11, 2)) == 0


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (beijing(2026, 11, 18, 8), 16.0),
        (beijing(2026, 11, 18, 9, 30), 15.5),
        (beijing(2026, 11, 18, 12, 30), 13.0),
        (beijing(2026, 11, 18, 17), 9.0),
        (beijing(2026, 11, 19, 17, 54), 0.1),
        (beijing(2026, 11, 19, 20), 0.0),
        (beijing(2026, 11, 25, 10), 0.0),
    ],
)
def test_working_hours_left_are_office_hours(now: datetime, hours: float) -> None:
    due = CALENDAR.due_after(beijing(2026, 11, 16, 9), 3)
    assert CALENDAR.working_hours_left(now, due) == hours


def test_a_weekend_costs_no_working_hours() -> None:
    due = CALENDAR.due_after(beijing(2026, 11, 20, 9), 1)
    assert CALENDAR.working_hours_left(beijing(2026, 11, 20, 18), due) == 8.0
    assert CALENDAR.working_hours_left(beijing(2026, 11, 22, 18), due) == 8.0


def test_a_change_of_the_calendar_only_moves_a_due_time_later() -> None:
    entered = beijing(2026, 11, 16, 9)
    present = CALENDAR.due_after(entered, 3)
    day_off = WorkingCalendar({date(2026, 11, 18): False}).due_after(entered, 3)
    extra_day = WorkingCalendar({date(2026, 11, 21): True}).due_after(beijing(2026, 11, 19), 3)
    assert later_of(present, day_off) == day_off > present
    assert later_of(day_off, present) == day_off
    assert extra_day < later_of(CALENDAR.due_after(beijing(2026, 11, 19), 3), extra_day)
    assert later_of(None, present) == present


def test_coverage_ends_with_the_last_announced_year() -> None:
    covered = CALENDAR.covered_until()
    assert covered >= date(2026, 12, 31)
    assert (covered.month, covered.day) == (12, 31)
    next_year = covered.year + 1
    first_saturday = next(date(next_year, 2, day) for day in range(1, 8) if date(next_year, 2, day).weekday() == 5)
    assert WorkingCalendar({first_saturday: True}).covered_until() == date(next_year, 12, 31)
    assert WorkingCalendar({first_saturday: False}).covered_until() == covered
