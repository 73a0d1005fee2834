"""The columns of a file of drafts: their headings, what may stand in them, and how a cell is read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from models.kernel.errors import DomainError, ValueNotAllowedError
from models.kernel.words import Lang
from models.labels import field_label
from models.onboarding.refusals import DateNotReadableError
from models.opportunity import FORM, Opportunity, PreSalesActivity, Support
from models.reference import INDUSTRIES, PROVINCES, SERVICES, SUB_INDUSTRIES, CompanySize

BETWEEN: Final = re.compile(r"[;；、|\n]+|,\s*|，")
CHOICES: Final[dict[str, Any]] = {
    "industry": INDUSTRIES.values(),
    "sub_industry": SUB_INDUSTRIES.values(),
    "province": PROVINCES.values(),
    "company_size": CompanySize,
}
LISTS: Final[dict[str, Any]] = {
    "pre_sales_activities": PreSalesActivity,
    "services": SERVICES.values(),
    "support_needed": Support,
}
DATES: Final = ("expected_sign_date", "expected_go_live_date")
YES: Final = frozenset({"是", "yes", "y", "true", "1"})
NO: Final = frozenset({"否", "no", "n", "false", "0"})
CURRENCIES: Final = ("CNY", "USD", "EUR", "HKD")


@dataclass
class Known:
    """Whom and what the rows may name (可引用对象): one's own people and offerings."""

    people: dict[str, UUID] = field(default_factory=dict)
    offerings: dict[str, str] = field(default_factory=dict)


def heading(name: str, lang: Lang) -> str:
    """Name a column."""
    return field_label(name, lang, Opportunity.__name__)


def fields_of(columns: Iterable[str]) -> list[str | None]:
    """Tell which field each column of a file holds: by its heading in either language, or by the field's own name."""
    spelled = {text.casefold(): name for name in FORM for text in (name, heading(name, "zh"), heading(name, "en"))}
    return [spelled.get(column.casefold()) for column in columns]


def labels(entries: Iterable[Any], lang: Lang) -> list[str]:
    """List the labels of a picklist."""
    return [str(entry.label(lang)) for entry in entries]


def read(name: str, text: str, known: Known) -> Any:
    """Read a cell as the form takes it."""
    if name in CHOICES:
        return _code(name, text, CHOICES[name])
    if name in LISTS:
        return [_code(name, part, LISTS[name]) for part in _parts(text)]
    if name == "offering_ids":
        return [_named(name, part, known.offerings) for part in _parts(text)]
    if name == "responsible_id":
        return _named(name, text, known.people)
    if name == "consent_confirmed":
        return _yes(name, text)
    if name == "expected_amount":
        return text.replace(",", "").replace("，", "")
    if name in DATES:
        return _day(name, text)
    return text.upper() if name == "currency" else text


def values_of(cells: Mapping[str, str], known: Known) -> tuple[dict[str, Any], list[DomainError]]:
    """Read the filled cells of a row, with everything that cannot be read."""
    values: dict[str, Any] = {}
    errors: list[DomainError] = []
    for name, text in cells.items():
        try:
            values[name] = read(name, text, known)
        except DomainError as error:
            errors += error
    return values, errors


def _parts(text: str) -> list[str]:
    return [part.strip() for part in BETWEEN.split(text) if part.strip()]


def _code(name: str, text: str, entries: Iterable[Any]) -> str:
    wanted = text.strip().casefold()
    for entry in entries:
        code = str(getattr(entry, "code", None) or entry.value)
        if wanted in (code.casefold(), entry.zh.casefold(), entry.en.casefold()):
            return code
    raise ValueNotAllowedError(path=name, value=text)


def _named(name: str, text: str, known: Mapping[str, Any]) -> Any:
    found = known.get(text.strip().casefold())
    if found is None:
        raise ValueNotAllowedError(path=name, value=text)
    return found


def _yes(name: str, text: str) -> bool:
    if text.casefold() in YES:
        return True
    if text.casefold() in NO:
        return False
    raise ValueNotAllowedError(path=name, value=text)


def _day(name: str, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise DateNotReadableError(path=name, value=text, format="2026-11-21") from None
