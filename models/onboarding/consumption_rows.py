"""Rows of a file of consumption as Huawei Cloud's API names their columns, read into lines or refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from models.consumption import (
    BILL_CODES,
    CHARGING_CODES,
    AmountNotReadableError,
    BillCycleOutOfRangeError,
    BillDetailType,
    ChargingMode,
    ConsumedInFutureError,
    Consumer,
    ConsumptionCustomerUnknownError,
    ConsumptionDetail,
    ConsumptionNotAssociatedError,
    InstantNotReadableError,
)
from models.customer import WIRE_CODES, AssociationType
from models.kernel.calendar import beijing_day
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError
from models.kernel.values import UnknownCurrencyError, instant_text, new_id, parse_instant
from models.kernel.values.money import AMOUNT, LARGEST, currency_digits
from models.kernel.words import Word
from models.onboarding.refusals import ColumnMissingError, RaggedRowError, UnprintableTextError
from models.onboarding.sheet import Row
from models.onboarding.stream import Stream

# Columns as the API names them, by the field that they fill; what else a file holds, deductions above all, is not
# read (COL-5.9.11).
COLUMNS: Final[Mapping[str, str]] = {
    "line_id": "id",
    "bill_cycle": "bill_cycle",
    "account": "customer_id",
    "association_type": "association_type",
    "consumed_at": "consume_time",
    "bill_detail_type": "bill_detail_type",
    "charging_mode": "charging_mode",
    "service_type_code": "service_type_code",
    "service_type_name": "service_type_name",
    "resource_type_name": "resource_type_name",
    "specification": "product_spec_desc",
    "region_code": "region_code",
    "region_name": "region_name",
    "trade_id": "trade_id",
    "resource_id": "resource_id",
    "resource_name": "resource_name",
    "currency": "currency",
    "official_amount": "official_amount",
    "discount_amount": "official_discount_amount",
    "amount_due": "payment_amount",
    "performance_amount": "performance_amount",
}
REQUIRED: Final = (
    *("line_id", "bill_cycle", "account", "consumed_at", "bill_detail_type", "charging_mode", "service_type_code"),
    *("official_amount", "amount_due"),
)
TEXTS: Final = (
    *("line_id", "service_type_code", "service_type_name", "resource_type_name", "specification", "region_code"),
    *("region_name", "trade_id", "resource_id", "resource_name"),
)
CHINA: Final = "CNY"
MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
CODES: Final[Mapping[str, Mapping[str, Word]]] = {
    "association_type": {WIRE_CODES[word]: word for word in AssociationType} | AssociationType.__members__,
    "bill_detail_type": {**BILL_CODES, **BillDetailType.__members__},
    "charging_mode": {**CHARGING_CODES, **ChargingMode.__members__},
}
LONGEST: Final[Mapping[str, int]] = {
    name: ConsumptionDetail.__table__.c[name].type.length  # type: ignore[attr-defined]
    for name in TEXTS
}

_OPTIONAL: Final = (*TEXTS, *CODES)


@dataclass(slots=True)
class ConsumptionRow:
    """A row as it was read (读取结果): its account and its line, or what stands against it."""

    row: Row
    account: str
    line: dict[str, Any]
    errors: tuple[DomainError, ...] = ()


class ConsumptionRows:
    """Reads the rows of one file, within the months that can be looked at."""

    def __init__(self, stream: Stream, first_month: str, month: str, now: dt.datetime) -> None:
        places = {column: place for place, column in enumerate(stream.columns)}
        if missing := [COLUMNS[name] for name in REQUIRED if COLUMNS[name] not in places]:
            raise ColumnMissingError(
                file=stream.name, column="、".join(missing), columns=list(stream.columns), suggestion=None
            )
        self._width = len(stream.columns)
        there = {name: places[column] for name, column in COLUMNS.items() if column in places}
        self._required = [(name, there[name]) for name in REQUIRED]
        self._texts = [(name, there[name], LONGEST[name]) for name in TEXTS if name in there]
        self._codes = [(name, there[name], codes) for name, codes in CODES.items() if name in there]
        self._others = [(name, place) for name, place in there.items() if name not in LONGEST and name not in CODES]
        self._first, self._month, self._now = first_month, month, now

    def read(self, row: Row) -> ConsumptionRow:
        """Read one row: the line without what only its customer's history can tell."""
        if len(row.cells) != self._width:
            return ConsumptionRow(row, "", {}, (RaggedRowError(cells=len(row.cells), columns=self._width),))
        cells = [cell.strip() for cell in row.cells]
        line: dict[str, Any] = dict.fromkeys(_OPTIONAL)
        errors: list[DomainError] = []
        for name, place in self._required:
            if not cells[place]:
                errors.append(FieldRequiredError(path=COLUMNS[name]))
        for name, place, longest in self._texts:
            if text := cells[place]:
                # As the file of refused rows keeps it from being run as a formula.
                line[name] = text = text[1:] if text[0] == "'" else text
                if len(text) > longest:
                    errors.append(LengthError(path=COLUMNS[name], minimum=0, maximum=longest, length=len(text)))
        if UNPRINTABLE.search("".join(cells)):
            broken = (name for name, place, _ in self._texts if UNPRINTABLE.search(cells[place]))
            errors += [UnprintableTextError(path=COLUMNS[name]) for name in broken]
        for name, place, codes in self._codes:
            if text := cells[place]:
                if (word := codes.get(text)) is None:
                    errors.append(ValueNotAllowedError(path=COLUMNS[name], value=text[:40]))
                line[name] = word
        given = {name: cells[place] for name, place in self._others}
        self._time(given, line, errors)
        _amounts(given, line, errors)
        return ConsumptionRow(row, given["account"], line, tuple(errors))

    def _time(self, given: Mapping[str, str], line: dict[str, Any], errors: list[DomainError]) -> None:
        cycle, text = given["bill_cycle"], given["consumed_at"]
        line["bill_cycle"] = cycle
        if cycle and not MONTH.fullmatch(cycle):
            errors.append(ValueNotAllowedError(path="bill_cycle", value=cycle[:40]))
        elif cycle and not self._first <= cycle <= self._month:
            errors.append(BillCycleOutOfRangeError(path="bill_cycle", month=cycle, first=self._first, last=self._month))
        if not text:
            return
        if (found := _at(text)) is None:
            errors.append(InstantNotReadableError(path="consume_time", value=text[:40]))
            return
        line["consumed_at"], line["day"] = found
        if found[0] > self._now:
            errors.append(ConsumedInFutureError(path="consume_time", at=text))

    def placed(self, read: ConsumptionRow, consumer: Consumer | None) -> ConsumptionRow:
        """Say whose business the line is, by its customer's history."""
        if consumer is None:
            error: DomainError = ConsumptionCustomerUnknownError(path="customer_id", account=read.account[:64])
            return ConsumptionRow(read.row, read.account, read.line, (error,))
        line, at = read.line, read.line["consumed_at"]
        partner_id = consumer.partner_at(at)
        kind = line["association_type"] or consumer.association_type
        if partner_id is None or kind is None:
            error = ConsumptionNotAssociatedError(path="customer_id", at=instant_text(at))
            return ConsumptionRow(read.row, read.account, line, (error,))
        line["id"] = new_id(at)
        line["customer_id"], line["partner_id"], line["association_type"] = consumer.id, partner_id, kind
        line["account_manager_id"] = consumer.manager_on(line["day"], partner_id)
        return read


def _amounts(given: Mapping[str, str], line: dict[str, Any], errors: list[DomainError]) -> None:
    currency = line["currency"] = given.get("currency") or CHINA
    try:
        digits = currency_digits(currency)
    except UnknownCurrencyError:
        errors.append(ValueNotAllowedError(path="currency", value=currency[:8]))
        return
    for name in ("official_amount", "discount_amount", "amount_due", "performance_amount"):
        text = given.get(name)
        if not text:
            line[name] = None if name == "performance_amount" else 0
            continue
        minor = minor_units(text, digits)
        if minor is None:
            errors.append(AmountNotReadableError(path=COLUMNS[name], value=text[:40], currency=currency, digits=digits))
        line[name] = minor
    line["is_zero"] = line["amount_due"] == 0


@lru_cache(maxsize=4096)
def _at(text: str) -> tuple[dt.datetime, dt.date] | None:
    try:
        at = parse_instant(text)
        return at, beijing_day(at)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def minor_units(text: str, digits: int) -> int | None:
    """Read an exact amount in minor units; what the currency cannot express exactly is none."""
    match = AMOUNT.fullmatch(text)
    if match is None:
        return None
    whole, _, part = text.partition(".")
    # Zeros beyond what the currency has say nothing.
    part = part.rstrip("0") if len(part) > digits else part
    if len(part) > digits:
        return None
    minor = int(whole.lstrip("-") + part.ljust(digits, "0"))
    if minor > LARGEST // 1_000_000:
        # A million of them must still add up.
        return None
    return -minor if whole.startswith("-") else minor
