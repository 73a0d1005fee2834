"""From the rows of a file to rows of the domain: typed, referenced and checked, or refused with every reason."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from models.customer import Customer, CustomerLevel, CustomerType, VerifiedStatus, violations
from models.kernel.errors import DomainError, FieldRequiredError, ValueNotAllowedError
from models.kernel.words import Word
from models.onboarding.mapping import REFERENCES, CustomerMapping, Source, StatusRule
from models.onboarding.mapping import Mapping as FileMapping
from models.onboarding.matching import Cells, Reading, folded
from models.onboarding.refusals import (
    DateNotReadableError,
    RaggedRowError,
    RowRepeatedError,
    UnknownValueError,
    UnprintableTextError,
)
from models.onboarding.sheet import Row, Sheet
from models.opportunity.onboard import AMOUNTS, DATES, LISTS, arrived, too_long
from models.opportunity.rules import minor_amount
from models.opportunity.words import Stage, Status
from models.reference import PROVINCES, CompanySize, office_for

CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
BETWEEN: Final = re.compile(r"[;,、，；|]")
YES: Final = frozenset({"1", "true", "yes", "y", "是"})
WORDS: Final[Mapping[str, type[Word]]] = {
    "company_size": CompanySize,
    "customer_type": CustomerType,
    "verified_status": VerifiedStatus,
    "customer_level": CustomerLevel,
}
COPIED: Final = (
    *("company_name", "credit_code", "account_name", "industry", "sub_industry", "province", "city", "address"),
    *("website", "company_size", "owner_id", "bd_id"),
)


@dataclass(frozen=True)
class Read:
    """A row of the file with what it became, or with everything that stands against it."""

    row: Row
    values: dict[str, Any]
    errors: tuple[DomainError, ...] = ()


@dataclass(frozen=True)
class Sold:
    """An offering as opportunities name it."""

    id: str
    services: tuple[str, ...]


@dataclass
class Directory:
    """Whom and what the rows may name (对照表), by folded name."""

    partners: dict[str, UUID] = field(default_factory=dict)
    members: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    offerings: dict[tuple[UUID, str], Sold] = field(default_factory=dict)
    customers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in REFERENCES})
    customers_are_listed: bool = False


def flaws(row: Row, sheet: Sheet) -> DomainError | None:
    """Name what is wrong with a row before anything is read from it."""
    if len(row.cells) != len(sheet.columns):
        return RaggedRowError(cells=len(row.cells), columns=len(sheet.columns))
    if CONTROL.search("".join(row.cells)):
        return UnprintableTextError()
    return None


@lru_cache(maxsize=65536)
def _day(text: str, written: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, written).date()  # noqa: DTZ007  # a day has no time zone
    except ValueError:
        pass
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def _minor(text: str, currency: str, name: str) -> int:
    return minor_amount(text.replace(",", ""), currency, name)


def typed(name: str, text: str, *, currency: str, date: str) -> Any:
    """Read a text as the field holds it; nothing stays None."""
    if name in LISTS:
        return [part.strip() for part in BETWEEN.split(text) if part.strip()]
    if name == "consent_confirmed":
        return text.casefold() in YES
    if not text:
        return None
    if name in AMOUNTS:
        return _minor(text, currency, name)
    if name in DATES:
        if (day := _day(text, date)) is None:
            raise DateNotReadableError(path=name, value=text, format=date)
        return day
    if name in WORDS and text not in WORDS[name].__members__:
        raise ValueNotAllowedError(path=name, value=text)
    return WORDS[name][text] if name in WORDS else text


def one_each(errors: Iterable[DomainError]) -> tuple[DomainError, ...]:
    """Leave out what two fields of one column would say twice."""
    return tuple({(error.code, str(error.data()), error.path): error for error in errors}.values())


class CustomerRows:
    """Reads a sheet of customers under its mapping."""

    def __init__(self, cells: Cells, mapping: CustomerMapping, tables: Mapping[str, Sheet]) -> None:
        self.cells = cells
        self.fields = [(name, cells.source(source, tables)) for name, source in mapping.fields.items()]
        self.seen: dict[str, int] = {}

    def read(self, row: Row) -> Read:
        """Read one row; a customer has a name or an account, and an external id once in the file."""
        if flaw := flaws(row, self.cells.sheet):
            return Read(row, {}, (flaw,))
        errors: list[DomainError] = []
        values: dict[str, Any] = {}
        for name, read in self.fields:
            try:
                values[name] = typed(name, read(row), currency="", date="")
            except DomainError as error:
                errors.append(error)
        if not values.get("company_name") and not values.get("account_name") and not errors:
            errors.append(FieldRequiredError(path="company_name"))
        errors += violations(values)
        if not errors:
            errors += too_long(Customer, values)
        if external_id := values.get("external_id"):
            first = self.seen.setdefault(external_id, row.line)
            if first != row.line:
                errors.append(RowRepeatedError(path="external_id", external_id=external_id, line=first))
        return Read(row, values, one_each(errors))


class OpportunityRows:
    """Reads a sheet of opportunities under its mapping, with the directory of whom and what it may name."""

    def __init__(
        self,
        cells: Cells,
        mapping: FileMapping,
        tables: Mapping[str, Sheet],
        directory: Directory,
        now: dt.datetime,
    ) -> None:
        self.cells, self.mapping, self.tables, self.directory, self.now = cells, mapping, tables, directory, now
        self.seen: dict[tuple[Any, str], int] = {}
        wanted: dict[str, list[str]] = {}
        for rule in mapping.statuses:
            for column, values in rule.when:
                wanted.setdefault(column, []).extend(value for value in values if value)
        for name in REFERENCES:
            source = mapping.fields.get(name)
            if source is not None and _is_plain(source) and (name != "customer" or directory.customers_are_listed):
                cells.learn(str(source.column), directory.names[name])
        for column, spelled in wanted.items():
            if spelled:
                cells.learn(column, spelled)
        self.fields = self._compiled(mapping.fields)
        self.rules = [
            (
                [(cells.column(column), frozenset(values)) for column, values in rule.when],
                rule,
                self._compiled(rule.fields),
            )
            for rule in mapping.statuses
        ]

    def _compiled(self, fields: Mapping[str, Source]) -> list[tuple[str, Reading, str]]:
        return [
            (name, self.cells.source(source, self.tables), source.date or self.mapping.date)
            for name, source in fields.items()
        ]

    def read(self, row: Row) -> Read:
        """Read one row into a row of history, or say everything that stands against it."""
        if flaw := flaws(row, self.cells.sheet):
            return Read(row, {}, (flaw,))
        errors: list[DomainError] = []
        texts: dict[str, tuple[str, str]] = {}
        rule: StatusRule | None = None
        fields = self.fields
        try:
            rule, more = self._rule(row)
            fields = [*self.fields, *more]
        except DomainError as error:
            errors.append(error)
        for name, read, date in fields:
            try:
                texts[name] = (read(row), date)
            except DomainError as error:
                errors.append(error)
        named = {name: text for name in REFERENCES if (text := texts.pop(name, ("", ""))[0])}
        stage_text = texts.pop("stage", ("", ""))[0]
        currency = texts.pop("currency", ("", ""))[0] or self.mapping.currency
        values: dict[str, Any] = {"currency": currency}
        for name, (text, date) in texts.items():
            try:
                values[name] = typed(name, text, currency=currency, date=date)
            except DomainError as error:
                errors.append(error)
        if errors:
            # What could not be read would be called missing as well; one reason a field is enough.
            return Read(row, {}, one_each(errors))
        assert rule is not None
        errors += self._refer(values, named)
        stage = rule.stage
        if stage_text:
            stage = next((one for one in Stage if stage_text in (one.value, one.zh, one.en)), None)
            if stage is None:
                errors.append(ValueNotAllowedError(path="stage", value=stage_text))
        made, against = arrived(values, rule.status, stage, now=self.now)
        errors += [error for error in against if error.path != ("partner_id",) or "partner" not in named]
        external_id = made["external_id"]
        if external_id is not None:
            first = self.seen.setdefault((made["partner_id"], external_id), row.line)
            if first != row.line:
                errors.append(RowRepeatedError(path="external_id", external_id=external_id, line=first))
        return Read(row, made, one_each(errors) if errors else ())

    def _rule(self, row: Row) -> tuple[StatusRule, list[tuple[str, Reading, str]]]:
        for tests, rule, fields in self.rules:
            if all(read(row) in wanted for read, wanted in tests):
                return rule, fields
        raise FieldRequiredError(path="status")

    def _refer(self, values: dict[str, Any], named: Mapping[str, str]) -> list[DomainError]:
        errors: list[DomainError] = []
        directory = self.directory
        partner_id = directory.partners.get(folded(named["partner"])) if "partner" in named else None
        values["partner_id"] = partner_id
        if partner_id is None and "partner" in named:
            errors.append(UnknownValueError(path="partner", column="partner", value=named["partner"], suggestion="-"))
        if customer := named.get("customer"):
            known = directory.customers.get(folded(customer))
            if known is not None:
                values["customer_id"] = known["id"]
                values["office_id"] = known.get("owner_office") or None
                for name in COPIED:
                    if values.get(name) is None:
                        values[name] = known[name]
            else:
                values["company_name"] = values.get("company_name") or customer
        if values.get("office_id") is None and values.get("province") in PROVINCES:
            values["office_id"] = office_for(values["province"]).code
        if partner_id is not None:
            if person := named.get("responsible"):
                values["responsible_id"] = directory.members.get((partner_id, folded(person)))
                if values["responsible_id"] is None:
                    errors.append(
                        UnknownValueError(path="responsible", column="responsible", value=person, suggestion="-")
                    )
            if product := named.get("offering"):
                sold = directory.offerings.get((partner_id, folded(product)))
                if sold is None:
                    errors.append(UnknownValueError(path="offering", column="offering", value=product, suggestion="-"))
                else:
                    values["offering_ids"], values["demand_tags"] = [sold.id], list(sold.services)
        return errors


def _is_plain(source: Source) -> bool:
    return source.column is not None and source.lookup is None and source.values is None and not source.steps


__all__ = [
    "COPIED",
    "CustomerRows",
    "Directory",
    "OpportunityRows",
    "Read",
    "Sold",
    "Status",
    "typed",
]
