"""The language of mappings: a TOML file that says which column of whose file becomes which field."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from models.kernel.amend import field_path
from models.labels import FIELD_LABELS
from models.onboarding.refusals import (
    ColumnMissingError,
    MappingIncompleteError,
    MappingKeyError,
    MappingNotReadableError,
    Trouble,
)
from models.onboarding.sheet import Sheet
from models.opportunity.onboard import LANDINGS, ONBOARDED
from models.opportunity.words import Stage, Status

SHIPPED: Final = Path(__file__).parent / "data"
REFERENCES: Final = ("partner", "responsible", "customer", "offering")
OPPORTUNITY_FIELDS: Final = ("external_id", *REFERENCES, "stage", *ONBOARDED)
CUSTOMER_FIELDS: Final = (
    *("external_id", "company_name", "account_name", "huawei_account_id", "credit_code", "mobile", "email"),
    *("customer_type", "verified_status", "customer_level", "industry", "sub_industry", "province", "city"),
    *("address", "company_size", "website"),
)


@dataclass(frozen=True)
class Lookup:
    """Another file, the column that is looked up in it, and the column that is taken from there."""

    file: str
    by: str
    take: str


@dataclass(frozen=True)
class Source:
    """Where a field's value comes from.

    A column, a constant, or a `template` with columns in braces; then perhaps a `lookup` in another file, a table of
    `values` with what holds `otherwise`, or `steps`, each an upper bound with what holds below it.
    """

    column: str | None = None
    constant: str | None = None
    template: str | None = None
    lookup: Lookup | None = None
    values: Table[str, str] | None = None
    otherwise: str | None = None
    steps: tuple[tuple[int, str], ...] = ()
    date: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns that it reads."""
        named = tuple(re.findall(r"\{([^{}]+)\}", self.template or ""))
        return (*named, *([self.column] if self.column else ()))


@dataclass(frozen=True)
class StatusRule:
    """When a row becomes which status and stage, and which fields it has then."""

    when: tuple[tuple[str, tuple[str, ...]], ...]
    status: Status
    stage: Stage | None
    fields: Table[str, Source]


@dataclass(frozen=True)
class CustomerMapping:
    """How a file of customers is read; `name` is the column by which opportunities name them."""

    fields: Table[str, Source]
    file: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class PartyMapping:
    """A companion file that names partners, members or offerings."""

    file: str
    name: str
    partner: str | None = None
    title: str = ""


@dataclass(frozen=True)
class Mapping:
    """How the files of one source are read (导入映射).

    With `listed` the file is a plain list of values of that one column, after `skip` lines.
    """

    name: str
    digest: str = ""
    currency: str = "CNY"
    date: str = "%Y-%m-%d"
    worksheet: str | None = None
    listed: str | None = None
    skip: int = 0
    accept_suggestions: bool = False
    files: Table[str, str] = field(default_factory=dict)
    corrections: Table[str, Table[str, str]] = field(default_factory=dict)
    fields: Table[str, Source] = field(default_factory=dict)
    statuses: tuple[StatusRule, ...] = ()
    customers: CustomerMapping | None = None
    partners: PartyMapping | None = None
    members: PartyMapping | None = None
    offerings: PartyMapping | None = None


def shipped() -> list[str]:
    """List the mappings that come with the project."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def read_mapping(where: str | Path) -> Mapping:
    """Read a mapping by its path, or one that comes with the project by its name."""
    path = Path(where)
    if not path.suffix and not path.exists():
        path = SHIPPED / f"{where}.toml"
    try:
        text = path.read_text(encoding="utf-8-sig")
        given = tomllib.loads(text)
    except OSError:
        raise MappingNotReadableError(mapping=str(where), problem=Trouble.NOT_THERE) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingNotReadableError(mapping=str(where), problem=str(error)) from None
    return _mapping(path.stem, given, hashlib.sha256(text.encode()).hexdigest())


_TOP = ("source", "format", "files", "corrections", "fields", "status", "customers", "partners", "members", "offerings")


def _mapping(name: str, given: dict[str, Any], digest: str) -> Mapping:
    _known("mapping", given, _TOP)
    form = _table("format", given.get("format", {}))
    _known("format", form, ("currency", "date", "worksheet", "list", "skip", "accept_suggestions"))
    files = {key: str(value) for key, value in _table("files", given.get("files", {})).items()}
    mapping = Mapping(
        name=str(given.get("source", name))[:64],
        digest=digest,
        currency=str(form.get("currency", "CNY")),
        date=str(form.get("date", "%Y-%m-%d")),
        worksheet=form.get("worksheet"),
        listed=str(form["list"]) if "list" in form else None,
        skip=int(form.get("skip", 0)),
        accept_suggestions=form.get("accept_suggestions") is True,
        files=files,
        corrections={
            column: {wrong: str(right) for wrong, right in _table(f"corrections.{column}", pairs).items()}
            for column, pairs in _table("corrections", given.get("corrections", {})).items()
        },
        fields=_fields("fields", given.get("fields", {}), OPPORTUNITY_FIELDS, files),
        statuses=tuple(_status(one, files) for one in given.get("status", ())),
        customers=_customers(given.get("customers"), files),
        partners=_party("partners", given.get("partners"), files),
        members=_party("members", given.get("members"), files),
        offerings=_party("offerings", given.get("offerings"), files),
    )
    if mapping.members and mapping.members.partner is None:
        raise MappingIncompleteError(place="members", key="partner")
    return mapping


def _known(place: str, given: Table[str, Any], known: Sequence[str]) -> None:
    for key in given:
        if key not in known:
            raise MappingKeyError(place=place, key=key, known=list(known))


def _table(place: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise MappingKeyError(place=place, key=str(given), known="key = value")
    return given


def _file(place: str, given: Any, files: Table[str, str]) -> str:
    if given not in files:
        raise MappingKeyError(place=place, key=f"file = {given}", known=list(files))
    return str(given)


def _fields(place: str, given: Any, known: Sequence[str], files: Table[str, str]) -> dict[str, Source]:
    table = _table(place, given)
    _known(place, table, known)
    return {name: _source(f"{place}.{name}", value, files) for name, value in table.items()}


def _source(place: str, given: Any, files: Table[str, str]) -> Source:
    if isinstance(given, str):
        return Source(column=given)
    table = _table(place, given)
    _known(place, table, ("from", "constant", "template", "lookup", "values", "otherwise", "steps", "date"))
    if sum(key in table for key in ("from", "constant", "template")) != 1:
        raise MappingIncompleteError(place=place, key="from / constant / template")
    lookup: Lookup | None = None
    if "lookup" in table:
        asked = _table(f"{place}.lookup", table["lookup"])
        _known(f"{place}.lookup", asked, ("file", "by", "take"))
        for key in ("file", "by", "take"):
            if key not in asked:
                raise MappingIncompleteError(place=f"{place}.lookup", key=key)
        lookup = Lookup(_file(f"{place}.lookup", asked["file"], files), str(asked["by"]), str(asked["take"]))
    values = table.get("values")
    return Source(
        column=table.get("from"),
        constant=str(table["constant"]) if "constant" in table else None,
        template=table.get("template"),
        lookup=lookup,
        values={key: str(value) for key, value in _table(f"{place}.values", values).items()} if values else None,
        otherwise=str(table["otherwise"]) if "otherwise" in table else None,
        steps=tuple((int(bound), str(value)) for bound, value in table.get("steps", ())),
        date=table.get("date"),
    )


def _status(given: Any, files: Table[str, str]) -> StatusRule:
    table = _table("status", given)
    _known("status", table, ("when", "status", "stage", "fields"))
    status, stage = table.get("status"), table.get("stage")
    if status not in LANDINGS:
        raise MappingKeyError(place="status", key=f"status = {status}", known=list(LANDINGS))
    landing = LANDINGS[Status[str(status)]]
    if stage is not None and stage not in landing.stages:
        raise MappingKeyError(place="status", key=f"stage = {stage}", known=list(landing.stages))
    return StatusRule(
        when=tuple(
            (column, tuple(wanted) if isinstance(wanted, list) else (str(wanted),))
            for column, wanted in _table("status.when", table.get("when", {})).items()
        ),
        status=landing.status,
        stage=Stage[stage] if stage else None,
        fields=_fields("status.fields", table.get("fields", {}), OPPORTUNITY_FIELDS, files),
    )


def _customers(given: Any, files: Table[str, str]) -> CustomerMapping | None:
    if given is None:
        return None
    table = _table("customers", given)
    _known("customers", table, ("file", "name", "fields"))
    return CustomerMapping(
        fields=_fields("customers.fields", table.get("fields", {}), CUSTOMER_FIELDS, files),
        file=_file("customers", table["file"], files) if "file" in table else None,
        name=table.get("name"),
    )


def _party(place: str, given: Any, files: Table[str, str]) -> PartyMapping | None:
    if given is None:
        return None
    table = _table(place, given)
    _known(place, table, ("file", "name", "partner", "title"))
    for key in ("file", "name"):
        if key not in table:
            raise MappingIncompleteError(place=place, key=key)
    return PartyMapping(
        _file(place, table["file"], files), str(table["name"]), table.get("partner"), str(table.get("title", ""))
    )


def plain_customers(sheet: Sheet) -> Mapping:
    """Map a file whose columns bear the names of the fields: by code, in Chinese or in English."""
    fields = _by_name(sheet.columns, CUSTOMER_FIELDS)
    if "account_name" not in fields:
        _need(sheet, fields, "company_name")
    return Mapping(name="plain", digest="plain", customers=CustomerMapping(fields))


def plain_opportunities(sheet: Sheet) -> Mapping:
    """Map a file whose columns bear the names of the fields; without a column `status` all become drafts."""
    fields = _by_name(sheet.columns, OPPORTUNITY_FIELDS)
    _need(sheet, fields, "external_id", "partner", "name")
    column = _by_name(sheet.columns, ("status",)).get("status")
    statuses = [StatusRule((), Status.DRAFT, None, {})]
    if column is not None and column.column is not None:
        spelled = [((column.column, (status.value, status.zh, status.en)), status) for status in LANDINGS]
        statuses = [StatusRule((when,), status, None, {}) for when, status in spelled]
    return Mapping(name="plain", digest="plain", fields=fields, statuses=tuple(statuses))


def _need(sheet: Sheet, fields: Table[str, Source], *names: str) -> None:
    for name in names:
        if name not in fields:
            raise ColumnMissingError(
                file=sheet.name,
                column=name,
                columns=list(sheet.columns),
                suggestion="--map (" + ", ".join(shipped()) + ")",
            )


def _by_name(columns: Sequence[str], fields: Sequence[str]) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for name in fields:
        spelled = {name, field_path(name).casefold(), *(label.casefold() for label in FIELD_LABELS.get(name, ()))}
        for column in columns:
            if column.casefold() in spelled and name not in found:
                found[name] = Source(column=column)
    return found
