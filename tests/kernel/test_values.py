"""Money is exact, instants sort, ids are readable."""

import re
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from models.kernel import values
from models.kernel.values import (
    CurrencyMismatchError,
    Instant,
    InvalidAmountError,
    MinorUnits,
    Money,
    Uid,
    UnknownCurrencyError,
    amount_text,
    currency_digits,
    instant_text,
    new_id,
    parse_instant,
    parse_public_id,
    public_id,
)

MINOR = st.integers(-(2**63), 2**63 - 1)
CURRENCIES = st.sampled_from(["CNY", "USD", "JPY", "KWD", "HKD", "EUR", "IQD", "CLF"])
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001

TABLE = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", Uid(), primary_key=True),
    sa.Column("amount", MinorUnits()),
    sa.Column("at", Instant()),
)


@pytest.fixture
def database():
    engine = sa.create_engine("sqlite://")
    TABLE.metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


# Money


@pytest.mark.parametrize(
    ("currency", "digits"), [("CNY", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("RSD", 2), ("CLF", 4)]
)
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, digits: int) -> None:
    assert currency_digits(currency) == digits


@pytest.mark.parametrize("code", ["", "cny", "RMB", "XXX", "XAU", "QQQ"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrencyError):
        Money.of(1, code)


@given(MINOR, CURRENCIES)
def test_money_goes_to_minor_units_and_text_and_back_unchanged(minor: int, currency: str) -> None:
    money = Money.of(minor, currency)
    assert money.minor == minor
    assert Money.parse(money.text, currency) == money
    assert "E" not in money.text
    assert hash(Money(money.amount, currency)) == hash(money)
    assert amount_text(minor, currency) == Money.of(minor, currency).text


def test_money_prints_with_its_decimals_and_currency() -> None:
    assert str(Money.of(100000, "CNY")) == "1000.00 CNY"
    assert Money.of(5, "JPY").text == "5"
    assert Money.of(-5, "KWD").text == "-0.005"
    assert Money.parse("1000", "CNY").text == "1000.00"
    assert Money(Decimal("-0"), "CNY").text == "0.00"


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "+1", "1,000", "1.", ".5", "1e3", "NaN", "Infinity", "-", "01", "1_000", "١", "１", "0x1"),
        *("1.005", "1.000", "9" * 18, "9" * 30, 1000, 10.5, True, None, Decimal(1)),
    ],
)
def test_what_is_not_a_plain_amount_is_refused(text: Any) -> None:
    with pytest.raises(InvalidAmountError):
        Money.parse(text, "CNY")


@pytest.mark.parametrize("amount", [1, 1.5, "1", True, *map(Decimal, ["NaN", "sNaN", "Infinity", "0.001", "1E+40"])])
def test_money_is_made_of_exact_decimals_only(amount: Any) -> None:
    with pytest.raises(InvalidAmountError):
        Money(amount, "CNY")


@pytest.mark.parametrize("minor", [1.0, "1", True, Decimal(1), None, 2**63, -(2**63) - 1])
def test_minor_units_are_whole_numbers_of_64_bits(minor: Any) -> None:
    with pytest.raises(InvalidAmountError):
        Money.of(minor, "CNY")


def test_sums_never_cross_currencies() -> None:
    yuan, dollars = Money.of(100, "CNY"), Money.of(100, "USD")
    for mixed in (
        lambda: yuan + dollars,
        lambda: yuan - dollars,
        lambda: yuan < dollars,
        lambda: yuan >= dollars,
        lambda: Money.total([yuan, dollars], "CNY"),
    ):
        with pytest.raises(CurrencyMismatchError):
            mixed()
    assert yuan != dollars


@given(st.integers(-(2**61), 2**61), st.integers(-(2**61), 2**61), CURRENCIES)
def test_sums_are_those_of_whole_numbers(one: int, other: int, currency: str) -> None:
    left, right = Money.of(one, currency), Money.of(other, currency)
    assert (left + right).minor == one + other
    assert (left - right).minor == one - other
    assert (-left).minor == -one
    assert (left < right) == (one < other)
    assert (left >= right) == (one >= other)
    assert Money.total([left, right, -left], currency) == right
    assert Money.total([], currency) == Money.zero(currency)


def test_money_does_not_add_to_a_plain_number() -> None:
    with pytest.raises(TypeError):
        Money.of(1, "CNY") + 1  # type: ignore[operator]


def test_a_sum_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidAmountError):
        Money.of(2**63 - 1, "CNY") + Money.of(1, "CNY")


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.125", "0.13"), ("0.135", "0.14"), ("-0.125", "-0.13"), ("0.1249999", "0.12")]
)
def test_rounding_is_half_up(amount: str, rounded: str) -> None:
    assert Money.rounded(Decimal(amount), "CNY").text == rounded


def test_a_share_is_rounded_once() -> None:
    assert Money.of(333, "CNY").times(Decimal("0.5")).text == "1.67"
    assert Money.of(333, "CNY").times(3).text == "9.99"
    # Rounded to 28 digits on the way, this would become 0.13.
    almost_half = Decimal("0." + "4" + "9" * 40)
    assert Money.of(25, "CNY").times(almost_half).text == "0.12"
    with pytest.raises(InvalidAmountError):
        Money.of(1, "CNY").times(0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", [1.0, "1", True, Decimal(1), 2**63])
def test_the_database_is_given_whole_minor_units_only(database: sa.Connection, amount: Any) -> None:
    with pytest.raises(StatementError):
        database.execute(sa.insert(TABLE).values(id=new_id(), amount=amount))
    assert database.scalar(sa.select(sa.func.count()).select_from(TABLE)) == 0


@given(MINOR)
def test_the_database_keeps_minor_units_exactly(minor: int) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        assert connection.scalar(sa.select(sa.literal(minor, MinorUnits()))) == minor
    engine.dispose()


def test_a_sum_that_comes_back_as_a_decimal_is_read_as_a_whole_number() -> None:
    read = MinorUnits().process_result_value
    assert read(Decimal("12"), postgresql.dialect()) == 12
    assert type(read(Decimal("12"), postgresql.dialect())) is int
    for wrong in (Decimal("12.5"), 12.0, "12"):
        with pytest.raises(InvalidAmountError):
            read(wrong, sqlite.dialect())


# Instants


def test_an_instant_is_written_in_utc_with_microseconds() -> None:
    beijing = timezone(timedelta(hours=8))
    assert instant_text(datetime(2026, 11, 21, 11, 4, 5, tzinfo=beijing)) == "2026-11-21T03:04:05.000000Z"
    assert instant_text(datetime(999, 1, 2, tzinfo=UTC)) == "0999-01-02T00:00:00.000000Z"


@given(INSTANTS, INSTANTS)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert len(instant_text(one)) == 27
    assert (instant_text(one) < instant_text(other)) == (one < other)
    assert parse_instant(instant_text(one)) == one


@pytest.mark.parametrize("text", ["2026-11-21T11:04:05+08:00", "2026-11-21T03:04:05Z", "2026-11-21T03:04:05.0Z"])
def test_an_instant_is_read_in_any_offset(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-11-21", "2026-11-21T03:04:05", "20261121T030405Z", "2026-11-21 03:04:05Z", "2026-13-01T00:00:00Z"),
        *("2026-11-21T25:00:00Z", "0001-01-01T00:00:00+08:00", "２026-11-21T03:04:05Z", "2026-W47-6T00:00:00Z"),
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


def test_a_naive_time_is_refused() -> None:
    naive = datetime(2026, 11, 21)  # noqa: DTZ001 - the naive time is the point
    with pytest.raises(ValueError, match="time zone"):
        instant_text(naive)
    with pytest.raises(ValueError, match="time zone"):
        Instant().process_bind_param(naive, postgresql.dialect())
    with pytest.raises(TypeError):
        Instant().process_bind_param("2026-11-21T03:04:05Z", sqlite.dialect())


def test_sqlite_keeps_instants_as_text_and_compares_them(database: sa.Connection) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=8)))
    for minutes in (0, 1, 2):
        database.execute(sa.insert(TABLE).values(id=new_id(), at=noon + timedelta(minutes=minutes)))
    stored = database.exec_driver_sql("select at from things order by at").scalars().first()
    assert stored == "2026-11-21T04:00:00.000000Z"
    later = database.scalars(sa.select(TABLE.c.at).where(TABLE.c.at > noon).order_by(TABLE.c.at)).all()
    assert later == [noon + timedelta(minutes=1), noon + timedelta(minutes=2)]
    assert all(instant.tzinfo is UTC for instant in later)
    assert database.scalar(sa.select(sa.literal(None, Instant()))) is None


def test_postgresql_keeps_instants_with_time_zone() -> None:
    assert Instant().load_dialect_impl(postgresql.dialect()).compile(postgresql.dialect()) == "TIMESTAMP WITH TIME ZONE"
    bound = Instant().process_bind_param(datetime(2026, 11, 21, tzinfo=UTC), postgresql.dialect())
    assert bound == datetime(2026, 11, 21, tzinfo=UTC)


# Ids


def test_ids_made_in_a_row_ascend() -> None:
    ids = [new_id() for _ in range(5000)]
    assert all(one < other for one, other in pairwise(ids))
    assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}


def test_ids_made_at_one_given_instant_ascend_and_carry_it() -> None:
    at = datetime(2026, 11, 21, 3, 4, 5, 678000, tzinfo=UTC)
    ids = [new_id(at) for _ in range(1000)]
    assert all(one < other for one, other in pairwise(ids))
    assert {one.int >> 80 for one in ids} == {int(at.timestamp() * 1000)}


def test_an_id_of_the_past_sorts_into_the_past_and_one_of_the_future_leaves_the_clock_alone() -> None:
    future = new_id(datetime(2100, 1, 1, tzinfo=UTC))
    past = new_id(datetime(2020, 1, 1, tzinfo=UTC))
    assert past < new_id() < future


def test_the_time_of_an_id_has_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        new_id(datetime(2026, 11, 21))  # noqa: DTZ001 - the naive time is the point


@given(st.uuids(), st.uuids())
def test_a_public_id_reads_back_and_sorts_like_its_id(one: uuid.UUID, other: uuid.UUID) -> None:
    text = public_id("opp", one)
    assert re.fullmatch("opp_[0-9a-f]{32}", text)
    assert parse_public_id(text) == ("opp", one)
    assert (text < public_id("opp", other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    ["", "opp", "opp_", "opp_0", "OPP_" + "0" * 32, "opp_" + "0" * 31, "opp_" + "0" * 33]
    + ["opp_" + "0" * 31 + letter for letter in "gxA-\n"]
    + ["opp_" + "0" * 32 + "\n", "_" + "0" * 32, "0" * 32, " opp_" + "0" * 32],
)
def test_a_public_id_is_written_in_one_way_only(text: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        parse_public_id(text)


@pytest.mark.parametrize("prefix", ["", "o", "Opp", "o_p", "机会", "9pp"])
def test_a_prefix_is_a_short_word(prefix: str) -> None:
    with pytest.raises(ValueError):
        public_id(prefix, uuid.UUID(int=0))


def test_the_database_keeps_ids_in_their_order(database: sa.Connection) -> None:
    ids = [new_id() for _ in range(50)]
    for one in reversed(ids):
        database.execute(sa.insert(TABLE).values(id=one))
    assert database.scalars(sa.select(TABLE.c.id).order_by(TABLE.c.id)).all() == ids
    assert database.scalar(sa.select(TABLE.c.id).where(TABLE.c.id == ids[3])) == ids[3]
    with pytest.raises(StatementError):
        database.execute(sa.select(TABLE.c.id).where(TABLE.c.id == str(ids[3])))


def test_postgresql_keeps_ids_as_uuid() -> None:
    assert TABLE.c.id.type.compile(postgresql.dialect()) == "UUID"
    assert TABLE.c.id.type.compile(sqlite.dialect()) == "CHAR(32)"


def test_a_value_written_into_the_statement_equals_the_stored_one(database: sa.Connection) -> None:
    one, at = new_id(), datetime(2026, 11, 21, 3, 4, 5, 6, tzinfo=UTC)
    database.execute(sa.insert(TABLE).values(id=one, amount=-5, at=at))
    found = sa.select(TABLE.c.id).where(
        TABLE.c.id == sa.literal(one, Uid(), literal_execute=True),
        TABLE.c.amount == sa.literal(-5, MinorUnits(), literal_execute=True),
        TABLE.c.at == sa.literal(at, Instant(), literal_execute=True),
    )
    assert database.scalar(found) == one


def test_all_that_is_promised_is_there() -> None:
    assert all(hasattr(values, name) for name in values.__all__)
