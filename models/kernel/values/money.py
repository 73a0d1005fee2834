"""Exact money: integer minor units in the database, decimals in arithmetic, never across currencies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, Final

from babel.core import get_global
from sqlalchemy import BigInteger
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

LARGEST: Final = 2**63 - 1
SMALLEST: Final = -(2**63)

# Unicode's tables give the digits that people write; these currencies have more minor units in ISO 4217, which governs.
ISO_DIGITS: Final = {
    **dict.fromkeys(("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"), 2),
    "IQD": 3,
}
NOT_MONEY: Final = frozenset(
    {"XXX", "XTS", "XAU", "XAG", "XPT", "XPD", "XBA", "XBB", "XBC", "XBD", "XSU", "XUA", "XDR"}
)
AMOUNT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,19})(?:\.([0-9]{1,9}))?")

# Wide enough that no product or quotient is rounded twice.
EXACT: Final = Context(prec=100, rounding=ROUND_HALF_UP)


class InvalidAmountError(ValueError):
    """An amount that is not an exact number of minor units of its currency."""


class UnknownCurrencyError(ValueError):
    """A code that is no currency of ISO 4217."""


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies met in one sum or comparison."""


@lru_cache(maxsize=512)
def currency_digits(currency: str) -> int:
    """Say how many decimals a currency has."""
    if currency in NOT_MONEY or currency not in get_global("all_currencies"):
        raise UnknownCurrencyError(f"{currency!r} is not a currency")
    if currency in ISO_DIGITS:
        return ISO_DIGITS[currency]
    fractions = get_global("currency_fractions")
    digits: int = fractions.get(currency, fractions["DEFAULT"])[0]
    return digits


def amount_text(minor: int, currency: str) -> str:
    """Write minor units as `Money.text` does, for whoever prints many amounts and computes with none."""
    digits = currency_digits(currency)
    if type(minor) is not int or not SMALLEST <= minor <= LARGEST:
        return Money.of(minor, currency).text
    if not digits:
        return str(minor)
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{part:0{digits}}"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount (金额) in one currency."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse what cannot be written exactly in minor units of 64 bits."""
        digits = currency_digits(self.currency)
        if type(self.amount) is not Decimal:
            raise InvalidAmountError(f"an amount is a Decimal, not {type(self.amount).__name__}")
        if not self.amount.is_finite() or self.amount.adjusted() > 20:
            raise InvalidAmountError(f"{self.amount} is out of range")
        exact = EXACT.quantize(self.amount, Decimal(1).scaleb(-digits)) + 0
        if exact != self.amount:
            raise InvalidAmountError(f"{self.amount} has more decimals than {self.currency} allows ({digits})")
        if not SMALLEST <= int(exact.scaleb(digits, EXACT)) <= LARGEST:
            raise InvalidAmountError(f"{self.amount} is out of range")
        object.__setattr__(self, "amount", exact)

    @classmethod
    def of(cls, minor: int, currency: str) -> Money:
        """Take an amount from its minor units (分)."""
        if type(minor) is not int:
            raise InvalidAmountError(f"minor units are an int, not {type(minor).__name__}")
        return cls(Decimal(minor).scaleb(-currency_digits(currency), EXACT), currency)

    @classmethod
    def parse(cls, text: object, currency: str) -> Money:
        """Read an amount such as `1000.00`, with no more decimals than the currency has."""
        digits = currency_digits(currency)
        match = AMOUNT.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidAmountError("an amount is written like 1000.00")
        if len(match[1] or "") > digits:
            raise InvalidAmountError(f"{text} has more decimals than {currency} allows ({digits})")
        return cls(Decimal(match[0]), currency)

    @classmethod
    def rounded(cls, amount: Decimal, currency: str) -> Money:
        """Round half up (四舍五入), away from zero, to what the currency can express."""
        if type(amount) is not Decimal or not amount.is_finite() or amount.adjusted() > 20:
            raise InvalidAmountError(f"{amount} is not an amount")
        return cls(EXACT.quantize(amount, Decimal(1).scaleb(-currency_digits(currency))), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Give nothing, in a currency."""
        return cls.of(0, currency)

    @classmethod
    def total(cls, amounts: Iterable[Money], currency: str) -> Money:
        """Add up amounts of one currency; the total of none is zero."""
        return sum(amounts, cls.zero(currency))

    @property
    def minor(self) -> int:
        """The amount in minor units (分)."""
        return int(self.amount.scaleb(currency_digits(self.currency), EXACT))

    @property
    def text(self) -> str:
        """The amount without its currency, such as `1000.00`."""
        return format(self.amount, "f")

    def times(self, ratio: Decimal | int) -> Money:
        """Take a ratio or a multiple of the amount, rounded half up."""
        if type(ratio) not in (Decimal, int):
            raise InvalidAmountError(f"a ratio is a Decimal or an int, not {type(ratio).__name__}")
        return Money.rounded(EXACT.multiply(self.amount, Decimal(ratio)), self.currency)

    def _of_same_currency(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency} do not mix")
        return other.amount

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(EXACT.add(self.amount, self._of_same_currency(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(EXACT.subtract(self.amount, self._of_same_currency(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._of_same_currency(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._of_same_currency(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._of_same_currency(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._of_same_currency(other)

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"


class MinorUnits(TypeDecorator[int]):
    """A column of minor units that takes whole numbers and nothing else."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        """Refuse what a database might round or swallow silently."""
        if value is None:
            return None
        if type(value) is not int:
            raise InvalidAmountError(f"minor units are an int, not {type(value).__name__}")
        if not SMALLEST <= value <= LARGEST:
            raise InvalidAmountError(f"{value} is out of range")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """Read whole numbers; PostgreSQL answers a sum of them as a decimal."""
        if value is None or type(value) is int:
            return value
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return int(value)
        raise InvalidAmountError(f"the database holds {type(value).__name__} where minor units belong")
