"""History as it is taken in: where a record of another system arrives, and what it owes the form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from models.kernel.calendar import BEIJING, beijing_day
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError
from models.kernel.journal import Operation
from models.kernel.record import Record
from models.kernel.values import UnknownCurrencyError, currency_digits, new_id, normalised_company_name
from models.kernel.work import Work
from models.opportunity.record import FORM, Opportunity
from models.opportunity.refusals import DateOrderError
from models.opportunity.rules import CHOICES, LENGTHS, MANDATORY, form_errors
from models.opportunity.words import PROBABILITY, Direction, LostReason, Origin, Stage, Status
from models.rights import Right

ONBOARD: Final = Operation("opportunity.onboard", "导入历史机会点", "Onboard", "opportunity", "importOpportunity")


@dataclass(frozen=True)
class Landing:
    """A status in which history may arrive (导入状态).

    `stages` it may be in, the first by default; `needs` is refused when empty, `owes` is listed as missing.
    """

    status: Status
    stages: tuple[Stage, ...] = ()
    needs: tuple[str, ...] = ()
    owes: tuple[str, ...] = ()


# COL-2.5#20: the one creation besides a draft and an HO; nothing else arrives from outside.
LANDINGS: Final[Mapping[Status, Landing]] = {
    landing.status: landing
    for landing in (
        Landing(Status.DRAFT),
        Landing(
            Status.VALIDATED,
            stages=(Stage.REQUIREMENT, Stage.SOLUTION, Stage.POC, Stage.NEGOTIATION),
            needs=("company_name",),
        ),
        Landing(
            Status.WON,
            stages=(Stage.SIGNED, Stage.DELIVERING),
            needs=("signed_amount", "signed_on"),
            owes=("contract_number", "consuming_account"),
        ),
        Landing(Status.LOST, stages=(Stage.LOST,), needs=("lost_on",), owes=("lost_reason",)),
    )
}
AMOUNTS: Final = frozenset({"expected_amount", "signed_amount"})
DATES: Final = frozenset({"expected_sign_date", "expected_go_live_date", "engaged_on", "signed_on", "lost_on"})
LISTS: Final = frozenset({"pre_sales_activities", "services", "support_needed"})
ONBOARDED: Final = (
    *(name for name in FORM if name not in ("responsible_id", "offering_ids")),
    *("engaged_on", "signed_amount", "signed_on", "contract_number", "consuming_account"),
    *("lost_on", "lost_reason", "competitor", "lost_note", "next_step"),
)
TOLD: Final = (
    *("external_id", "name", "company_name", "expected_amount", "signed_amount", "currency", "signed_on"),
    *("lost_on", "lost_reason", "responsible_id"),
)
# The form's own rules bound the other texts.
_ROOM: Final = tuple(name for name in ("external_id", *ONBOARDED) if name not in (*LENGTHS, *CHOICES, *AMOUNTS, *DATES))
_BLANK: Final[Mapping[str, Any]] = {
    name: None if field.is_required() else field.get_default(call_default_factory=True)
    for name, field in Opportunity.model_fields.items()
    if name != "id"
}


@cache
def _limits(model: type[Record]) -> Mapping[str, int]:
    columns = model.__table__.columns  # type: ignore[attr-defined]
    found = ((column.name, getattr(column.type, "length", None)) for column in columns)
    return {name: longest for name, longest in found if longest}


def too_long(model: type[Record], row: Mapping[str, Any]) -> Iterator[DomainError]:
    """Find texts for which the columns of a row type have no room."""
    limits = _limits(model)
    for name, text in row.items():
        if isinstance(text, str) and len(text) > (longest := limits.get(name, len(text))):
            yield LengthError(path=name, minimum=0, maximum=longest, length=len(text))


@cache
def _is_currency(code: str) -> bool:
    try:
        return currency_digits(code) >= 0
    except UnknownCurrencyError:
        return False


@lru_cache(maxsize=4096)
def _comparable(company: str) -> str | None:
    return normalised_company_name(company) or None


def arrived(
    values: Mapping[str, Any], status: Status, stage: Stage | None, *, now: dt.datetime
) -> tuple[dict[str, Any], list[DomainError]]:
    """Make the row of a record of history, with everything that stands against it.

    It skips form and duplicates, is marked IMPORTED, and lists what the form would ask for (COL-2.5#20, COL-2.7.7).
    `values` holds amounts in minor units and dates as dates; `engaged_on` is the day since when it has been pursued.
    """
    landing = LANDINGS[status]
    engaged: dt.date | None = values.get("engaged_on")
    row = {**_BLANK, **values}
    row.pop("engaged_on", None)
    company = row["company_name"]
    row |= {
        "id": new_id(),
        "created_at": now,
        "updated_at": now,
        "entered_at": now,
        "direction": Direction.PO,
        "origin": Origin.IMPORTED,
        "status": landing.status,
        "normalised_name": _comparable(company) if company else None,
    }
    if landing.stages:
        row["stage"] = stage or landing.stages[0]
        row["win_probability"] = PROBABILITY[row["stage"]]
        row["validated_at"] = dt.datetime.combine(engaged, dt.time(), BEIJING) if engaged else now
    row["missing"] = [
        *(name for name in MANDATORY if not row[name]),
        *(() if row["contact_mobile"] or row["contact_email"] else ("contact_mobile",)),
        *(() if row["consent_confirmed"] else ("consent_confirmed",)),
        *(name for name in landing.owes if not row[name]),
    ]
    return row, list(_objections(row, landing, stage, engaged, beijing_day(now)))


def _objections(
    row: Mapping[str, Any], landing: Landing, stage: Stage | None, engaged: dt.date | None, today: dt.date
) -> Iterator[DomainError]:
    for name in ("external_id", "partner_id", "name", *landing.needs):
        if not row[name]:
            yield FieldRequiredError(path=name)
    yield from form_errors({name: value for name in FORM if (value := row[name])})
    if stage is not None and stage not in landing.stages:
        yield ValueNotAllowedError(path="stage", value=stage)
    if row["lost_reason"] is not None and row["lost_reason"] not in LostReason.__members__:
        yield ValueNotAllowedError(path="lost_reason", value=row["lost_reason"])
    if not _is_currency(row["currency"]):
        yield ValueNotAllowedError(path="currency", value=row["currency"])
    yield from too_long(Opportunity, {name: value for name in _ROOM if (value := row[name])})
    if engaged is not None and engaged > today:
        yield ValueNotAllowedError(path="engaged_on", value=engaged)
    for name in ("signed_on", "lost_on"):
        day = row[name]
        if day is None:
            continue
        if day > today:
            yield ValueNotAllowedError(path=name, value=day)
        if engaged is not None and day < engaged:
            yield DateOrderError(path=name, earliest=engaged)


async def onboard(work: Work, rows: Sequence[dict[str, Any]], import_id: UUID) -> None:
    """Take in records of history, each with its journal line; no approval opens and no duplicate is sought.

    COL-2.5#20, COL-2.7.7. The rows come from `arrived`; at most 500 with their lines a transaction.
    """
    work.actor.require(Right.OPPORTUNITY_ONBOARD)
    for row in rows:
        row["import_id"] = import_id
    await work.add_all(Opportunity, rows)
    await work.note_all(ONBOARD, Opportunity, rows, told_of=TOLD)


__all__ = ["AMOUNTS", "DATES", "LANDINGS", "LISTS", "ONBOARD", "ONBOARDED", "Landing", "arrived", "onboard", "too_long"]
