"""What must hold of an opportunity's form and facts before a step; guards are pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from models.kernel.calendar import beijing_day
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError
from models.kernel.lifecycle import Move
from models.kernel.values import InvalidAmountError, Money, UnknownCurrencyError, valid_credit_code
from models.kernel.words import Word
from models.opportunity.record import Opportunity
from models.opportunity.refusals import (
    AlreadyConfirmedError,
    AmountError,
    ConsentRequiredError,
    ContactRequiredError,
    DateOrderError,
    DisputeClosedError,
    DuplicateOfRequiredError,
    OwnerCheckMissingError,
    OwnerCheckNegativeError,
    ReturnIncompleteError,
    VisibilityOnlyExcludesError,
)
from models.opportunity.words import DUPLICATE_REASONS, PreSalesActivity, Support
from models.partner import CreditCodeInvalidError
from models.reference import INDUSTRIES, PROVINCES, SERVICES, SUB_INDUSTRIES, CompanySize, belongs_to

LENGTHS = {
    "name": (1, 128),
    "company_name": (2, 128),
    "account_name": (1, 64),
    "city": (1, 64),
    "address": (0, 256),
    "website": (0, 256),
    "contact_name": (1, 64),
    "contact_title": (0, 64),
    "budget": (10, 1000),
    "authority": (10, 1000),
    "need": (10, 1000),
    "timeline": (10, 1000),
}
MANDATORY = (
    *(
        "name",
        "company_name",
        "industry",
        "province",
        "city",
        "contact_name",
        "budget",
        "authority",
        "need",
        "timeline",
    ),
    *("expected_amount", "expected_sign_date", "pre_sales_activities", "services", "support_needed"),
)
BANT = ("budget", "authority", "need", "timeline")
CHOICES: Mapping[str, Iterable[str]] = {
    "industry": INDUSTRIES,
    "sub_industry": SUB_INDUSTRIES,
    "province": PROVINCES,
    "company_size": CompanySize.__members__,
}
LISTS: Mapping[str, Iterable[str]] = {
    "pre_sales_activities": list(PreSalesActivity),
    "services": SERVICES,
    "support_needed": list(Support),
}
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
MOBILE = re.compile(r"\+?[0-9][0-9 -]{5,30}")


def form_errors(values: Mapping[str, Any]) -> Iterator[DomainError]:
    """Find values that no field of the form may hold, be it a draft (COL-2.2.4)."""
    for name, value in values.items():
        if value in (None, ""):
            continue
        if name in LENGTHS and isinstance(value, str):
            yield from _length(name, value, draft=True)
        if name in CHOICES and value not in CHOICES[name]:
            yield ValueNotAllowedError(path=name, value=value)
        if name in LISTS:
            for one in value:
                if one not in LISTS[name]:
                    yield ValueNotAllowedError(path=name, value=one)
    if (code := values.get("credit_code")) and not valid_credit_code(code):
        yield CreditCodeInvalidError(path="credit_code")
    if (email := values.get("contact_email")) and (len(email) > 254 or not EMAIL.fullmatch(email)):
        yield ValueNotAllowedError(path="contact_email", value=email)
    if (mobile := values.get("contact_mobile")) and not MOBILE.fullmatch(mobile):
        yield ValueNotAllowedError(path="contact_mobile", value=mobile)


def _length(name: str, value: str, *, draft: bool = False) -> Iterator[DomainError]:
    minimum, maximum = LENGTHS[name]
    if draft:
        minimum = 0
    if not minimum <= len(value.strip()) <= maximum:
        yield LengthError(path=name, minimum=LENGTHS[name][0], maximum=maximum, length=len(value.strip()))


def line_errors(lines: Sequence[Mapping[str, Any]]) -> Iterator[DomainError]:
    """Find product lines that cannot be: each names a product, at least one of it, and a service that there is."""
    for place, line in enumerate(lines):
        product, quantity, service = (line.get("product") or "").strip(), line.get("quantity"), line.get("service")
        if not 1 <= len(product) <= 128:
            yield LengthError(path=("lines", place, "product"), minimum=1, maximum=128, length=len(product))
        if quantity is not None and not 1 <= quantity < 1 << 31:
            yield ValueNotAllowedError(path=("lines", place, "quantity"), value=quantity)
        if service and service not in SERVICES:
            yield ValueNotAllowedError(path=("lines", place, "service"), value=service)


def minor_amount(text: Any, currency: str, path: str) -> int:
    """Read an amount as minor units of its currency, or refuse what is not exact and positive."""
    try:
        money = Money.parse(text, currency)
    except (InvalidAmountError, UnknownCurrencyError):
        raise AmountError(path=path, value=f"{text} {currency}") from None
    if money.minor <= 0 or money.minor >= 1 << 62:
        raise AmountError(path=path, value=f"{text} {currency}")
    return money.minor


class MoneyText(Protocol):
    """An amount as somebody typed it, with its currency."""

    amount: str
    currency: str


def amount_of(record: Opportunity, money: MoneyText | None, path: str) -> int | None:
    """Read an amount in the opportunity's own currency; sums never cross currencies."""
    if money is None:
        return None
    if money.currency != record.currency:
        raise ValueNotAllowedError(path=path, value=money.currency)
    return minor_amount(money.amount, money.currency, path)


def form_is_complete(move: Move) -> Iterator[DomainError]:
    """Every mandatory field is filled, BANT in full, with a contact, a need, a time and revenue.

    COL-2.2.4, COL-2.3.1, COL-2.3.3, COL-2.3.5.
    """
    record: Opportunity = move.record
    for name in MANDATORY:
        value = getattr(record, name)
        if value in (None, "", []) or (isinstance(value, str) and not value.strip()):
            yield FieldRequiredError(path=name)
        elif name in LENGTHS:
            yield from _length(name, value)
    yield from form_errors({name: getattr(record, name) for name in (*CHOICES, *LISTS, "credit_code", "contact_email")})
    if not (record.contact_mobile or record.contact_email):
        yield ContactRequiredError(path="contact_mobile")
    if record.expected_amount is not None and record.expected_amount <= 0:
        yield AmountError(path="expected_amount", value=record.expected_amount)
    if record.sub_industry and record.industry and not belongs_to(record.sub_industry, record.industry):
        yield ValueNotAllowedError(path="sub_industry", value=record.sub_industry)


def customer_consented(move: Move) -> Iterator[DomainError]:
    """The customer has consented to its information being shared (COL-2.1.1)."""
    if not move.record.consent_confirmed:
        yield ConsentRequiredError(path="consent_confirmed")


def dates_follow_each_other(move: Move) -> Iterator[DomainError]:
    """Signing is expected on the day of submission or later, going live not before signing (COL-2.2.4)."""
    record: Opportunity = move.record
    submitted = beijing_day(record.submitted_at or move.now)
    sign, live = record.expected_sign_date, record.expected_go_live_date
    if sign is not None and sign < submitted:
        yield DateOrderError(path="expected_sign_date", earliest=submitted)
    if live is not None and sign is not None and live < sign:
        yield DateOrderError(path="expected_go_live_date", earliest=sign)


def support_fits_together(move: Move) -> Iterator[DomainError]:
    """Visibility only excludes the other five kinds of support (COL-1.2.2, COL-2.2.4)."""
    chosen = move.record.support_needed or []
    if Support.VISIBILITY_ONLY in chosen and len(chosen) > 1:
        yield VisibilityOnlyExcludesError(path="support_needed")


def named_fields_are_completed(move: Move) -> Iterator[DomainError]:
    """Each field that the send-back named holds something now (COL-2.5 guard 5, COL-2.5#18)."""
    for name in move.record.returned_fields:
        if getattr(move.record, name) in (None, "", [], False):
            yield ReturnIncompleteError(path=name)


def owner_check_speaks_for_it(move: Move) -> Iterator[DomainError]:
    """The customer owner has talked to the customer, who confirms need, budget and time (COL-2.4.2, 2.4.3, 2.4.6)."""
    if move.record.owner_checked_at is None:
        yield OwnerCheckMissingError()
    elif not move.record.owner_check_passed:
        yield OwnerCheckNegativeError()


def duplicate_is_named(move: Move) -> Iterator[DomainError]:
    """Whoever rejects as a duplicate records of which opportunity (COL-2.7.8)."""
    if move.values is not None and move.reason_code in DUPLICATE_REASONS and not move.values.get("duplicate_of_id"):
        yield DuplicateOfRequiredError(path="duplicate_of_id")


def other_reason_is_told(move: Move) -> Iterator[DomainError]:
    """The code OTHER needs a text (COL-2.4)."""
    if isinstance(move.reason_code, Word) and move.reason_code.name == "OTHER" and not move.reason:
        yield FieldRequiredError(path="reason")


def signing_data_is_given(move: Move) -> Iterator[DomainError]:
    """A won opportunity has an amount above 0, a day, a contract number and the consuming account (COL-2.6.7)."""
    if move.values is None:
        return
    for name in ("signed_amount", "signed_on", "contract_number", "consuming_account"):
        if not move.values.get(name):
            yield FieldRequiredError(path=name)
    signed = move.values.get("signed_on")
    if isinstance(signed, dt.date) and signed > beijing_day(move.now):
        yield ValueNotAllowedError(path="signed_on", value=signed)


def loss_is_explained(move: Move) -> Iterator[DomainError]:
    """A lost opportunity names its reason, the competitor where that was it, and a day that has come (COL-2.6.7)."""
    if move.values is None:
        return
    if not move.values.get("lost_reason"):
        yield FieldRequiredError(path="lost_reason")
    elif move.values["lost_reason"] == "COMPETITOR" and not move.values.get("competitor"):
        yield FieldRequiredError(path="competitor")
    elif move.values["lost_reason"] == "OTHER" and not move.values.get("lost_note"):
        yield FieldRequiredError(path="lost_note")
    lost = move.values.get("lost_on")
    if lost is not None and lost > beijing_day(move.now):
        yield ValueNotAllowedError(path="lost_on", value=lost)


def delivery_follows_signing(move: Move) -> Iterator[DomainError]:
    """Delivery is not before signing and not in the future (COL-2.5#14)."""
    if move.values is None:
        return
    delivered = move.values.get("delivered_on")
    if delivered is None:
        yield FieldRequiredError(path="delivered_on")
        return
    if move.record.signed_on is not None and delivered < move.record.signed_on:
        yield DateOrderError(path="delivered_on", earliest=move.record.signed_on)
    if delivered > beijing_day(move.now):
        yield ValueNotAllowedError(path="delivered_on", value=delivered)


def dispute_window_is_open(move: Move) -> Iterator[DomainError]:
    """A delivery is disputed within ten working days, and not once it was confirmed (COL-2.5#16)."""
    if move.record.delivery_confirmed_at is not None:
        yield AlreadyConfirmedError()
    elif move.record.dispute_until is None or move.now >= move.record.dispute_until:
        yield DisputeClosedError()


def delivery_is_unconfirmed(move: Move) -> Iterator[DomainError]:
    """A delivery is confirmed once (COL-2.5#14)."""
    if move.record.delivery_confirmed_at is not None:
        yield AlreadyConfirmedError()
