"""How a field of a row stands on a page: its label, its value in words, and what of it is withheld."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import sqlalchemy as sa

from admin.words import say, spoken
from models.identity.record import Account
from models.kernel.access import Outcome, Side
from models.kernel.calendar import BEIJING
from models.kernel.reads import Many, One, Reader, Row, Wanted
from models.kernel.record import Record, record_types, rules_of
from models.kernel.values import Instant, MinorUnits, parse_public_id, public_id
from models.kernel.values.money import currency_digits
from models.kernel.words import Word
from models.labels import field_label
from models.reference import INDUSTRIES, OFFICES, PROVINCES, SERVICES, SUB_INDUSTRIES

LONG: Final = 256

GREEN: Final = frozenset(
    {
        *("VALIDATED", "ACCEPTED", "WON", "DELIVERED", "ACTIVE", "approve", "approve_exit", "APPROVED", "validate"),
        *("AUTHORISED", "ALLOCATED", "TOPPED_UP"),
        *("DONE", "CONVERTED", "REGISTERED", "REPORTED", "ASSOCIATED", "ADMITTED", "COMPLETED", "JOINED"),
    }
)
RED: Final = frozenset(
    {"AUDIT_REJECTED", "VALIDATION_REJECTED", "REJECTED", "AUTO_REJECTED", "LOST", "reject", "reject_exit", "FAILED"}
)
BLUE: Final = frozenset(
    {
        *("AUDITING", "VALIDATING", "PENDING", "PENDING_ACCEPTANCE", "EXIT_PENDING", "OPEN", "RUNNING"),
        *("ASSIGNED", "FOLLOWING", "PENDING_REVIEW", "SENT", "WAITING", "PENDING_CUSTOMER", "PENDING_PARTNER"),
        *("INVITED", "LINK_OPENED", "VERIFIED", "TERMS_ACCEPTED", "REVIEWING"),
        "REQUESTED",
    }
)
YELLOW: Final = frozenset(
    {
        *("RETURNED", "DISPUTED", "RECALLED", "send_back", "REFUSED", "FORCE_CLOSED"),
        *("FROZEN", "EXHAUSTED", "RESOURCES_DELETED", "REVOKED"),
    }
)


def colour(code: str) -> str:
    """Choose the colour of a code; what has no meaning of its own is grey."""
    for name, codes in (("green", GREEN), ("red", RED), ("blue", BLUE), ("yellow", YELLOW)):
        if code in codes:
            return name
    return "secondary"


# What codes mean that stand in plain text columns; pages of a noun add its own.
MEANINGS: Final[dict[str, Mapping[str, Any] | type[Word]]] = {
    "industry": INDUSTRIES,
    "sub_industry": SUB_INDUSTRIES,
    "province": PROVINCES,
    "office_id": OFFICES,
    "services": SERVICES,
    "demand_tags": SERVICES,
    "actor_side": Side,
}


# Instants at which something ends; the end of a day is written 24:00.
ENDS: Final = frozenset({"due_at", "dispute_until"})


# Sizes of files.
BYTES: Final = frozenset({"Attachment.size", "ExportRecord.size"})


@dataclass(frozen=True)
class Column:
    """A field as a page shows it (字段): a column, or `relation.column` of a related row.

    `person` says that it holds an account, `currency` which column names the currency of an amount. `opens` makes it
    the link to the record.
    """

    name: str
    opens: bool = False
    person: bool = False
    badge: bool = False
    wide: bool = False
    currency: str | None = None
    label: str | None = None

    @property
    def relation(self) -> str | None:
        """Name the relation that the field stands behind."""
        return self.name.partition(".")[0] if "." in self.name else None

    @property
    def field(self) -> str:
        """Name the field within its own row."""
        return self.name.rpartition(".")[2]

    def title(self, model: type[Record]) -> str:
        """Give the field's label."""
        if self.label is not None:
            return field_label(self.label, spoken(), model.__name__)
        return field_label(self.relation or self.field, spoken(), model.__name__)


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a page (单元格)."""

    text: str = ""
    title: str = ""
    href: str | None = None
    colour: str | None = None
    outcome: Outcome = Outcome.PLAIN
    kind: str = ""
    id: str = ""
    field: str = ""
    numeric: bool = False

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to show."""
        return not self.text

    @property
    def refused(self) -> bool:
        """Tell whether the viewer may not see the value."""
        return self.outcome is Outcome.REFUSED

    @property
    def masked(self) -> bool:
        """Tell whether the viewer sees a mask."""
        return self.outcome in (Outcome.MASKED, Outcome.MASKED_REVEALABLE)

    @property
    def revealable(self) -> bool:
        """Tell whether the eye opens it."""
        return self.outcome is Outcome.MASKED_REVEALABLE and not self.empty


def wanted_of(model: type[Record], columns: Iterable[Column], *more: str) -> Wanted:
    """Say what a page's columns need of a row type."""
    own = {*more}
    related: dict[str, set[str]] = {}
    for column in columns:
        if column.relation is None:
            own.add(column.field)
            own.update({column.currency} if column.currency else ())
        else:
            related.setdefault(column.relation, set()).update({column.field, column.currency or column.field})
    ones = []
    for name, fields in related.items():
        relation = model.relations[name]
        assert isinstance(relation, One), f"{model.__name__}.{name} is not a to-one relation"
        ones.append((name, Wanted(columns=frozenset(fields), access=bool(rules_of(relation.target)))))
    return Wanted(columns=frozenset(own), ones=tuple(ones), access=bool(rules_of(model)))


def columns_of(model: type[Record], names: Iterable[str]) -> tuple[Column, ...]:
    """Make columns of fields that are only named, from what their types say."""
    table = model.__table__  # type: ignore[attr-defined]
    return tuple(
        Column(
            name,
            badge=name == "status",
            wide=isinstance(table.c[name].type, sa.String) and (table.c[name].type.length or 0) > LONG,
            currency="currency" if isinstance(table.c[name].type, MinorUnits) and "currency" in table.c else None,
        )
        for name in names
    )


async def names_of(
    reader: Reader, columns: Sequence[Column], rows: Iterable[Row], model: type[Record] | None = None
) -> dict[str, str]:
    """Name what stands in some columns by its id, people and records alike, as far as the viewer sees them."""
    ids: dict[type[Record], set[uuid.UUID]] = {}
    for row in rows:
        for column in columns:
            if column.relation is not None:
                continue
            value = getattr(row, column.field)
            if column.person and value:
                ids.setdefault(Account, set()).add(uuid.UUID(str(value).rpartition("_")[2]))
            for text in value if isinstance(value, list) else ():
                if target := record_named(text):
                    ids.setdefault(target[0], set()).add(target[1])
    names: dict[str, str] = {}
    for target_model, wanted in ids.items():
        for id_, row in (await reader.by_ids(target_model, wanted, Wanted.of("name"))).items():
            names[id_.hex] = row.name  # type: ignore[attr-defined]
    return names


def record_named(text: Any) -> tuple[type[Record], uuid.UUID] | None:
    """Read a public id of a record whose name everybody who sees it may read."""
    try:
        prefix, id_ = parse_public_id(text)
    except (ValueError, TypeError):
        return None
    model = record_types().get(prefix)
    openly = model is not None and "name" in model.model_fields and "name" not in rules_of(model)
    return (model, id_) if model is not None and openly else None


def cell_of(
    column: Column,
    row: Row | None,
    model: type[Record],
    names: Mapping[str, str] | None = None,
    addresses: Mapping[type[Record], str] | None = None,
) -> Cell:
    """Make the cell of a column of one row."""
    if column.relation is not None:
        relation = model.relations[column.relation]
        assert isinstance(relation, One), f"{model.__name__}.{column.name} is not behind a to-one relation"
        row, model = getattr(row, column.relation), relation.target
    if row is None:
        return Cell()
    value = getattr(row, column.field)
    outcome = Outcome.PLAIN
    if column.field in rules_of(model):
        outcome = next(found for name, found, _ in row.field_access if name == column.field)  # type: ignore[attr-defined]
    id_ = public_id(model.prefix, row.uid)
    address = (addresses or {}).get(model)
    href = f"{address}/{id_}" if address and (column.opens or column.relation) else None
    if outcome is Outcome.REFUSED:
        return Cell(title=say("refused_cell"), outcome=outcome)
    text, title, numeric = _shown(column, value, row, model, names or {})
    tint = None
    if column.badge and value is not None:
        tint = colour(str(value))
    return Cell(text, title, href, tint, outcome, model.prefix, id_, column.field, numeric)


def _shown(
    column: Column, value: Any, row: Row, model: type[Record], names: Mapping[str, str]
) -> tuple[str, str, bool]:
    if value is None or value == "":
        return "", "", False
    if column.person:
        id_ = str(value).rpartition("_")[2]
        return names.get(id_, id_[-8:]), "", False
    if column.currency is not None and isinstance(value, int):
        return amount(value, getattr(row, column.currency)), "", True
    if f"{model.__name__}.{column.field}" in BYTES:
        return bytes_text(value), "", True
    type_ = model.__table__.c[column.field].type  # type: ignore[attr-defined]
    meaning = MEANINGS.get(f"{model.__name__}.{column.field}") or MEANINGS.get(column.field)
    if meaning is not None or isinstance(value, list):
        codes = value if isinstance(value, list) else [value]
        return ("、" if spoken() == "zh" else ", ").join(meant_by(meaning, code, names) for code in codes), "", False
    text = beijing(value, "due") if column.field in ENDS else plain(value, type_)
    return text, (f"{text} GMT+8" if isinstance(type_, Instant) else ""), isinstance(type_, (sa.Integer, MinorUnits))


def meant_by(meaning: Mapping[str, Any] | type[Word] | None, code: Any, names: Mapping[str, str]) -> str:
    """Say what a code means, or name the record that it is the id of."""
    if isinstance(meaning, type):
        return _word(meaning, code)
    entry = (meaning or {}).get(code)
    if entry is not None:
        return str(entry.label(spoken()))
    return names.get(str(code).rpartition("_")[2], str(code))


def _word(vocabulary: type[Word], code: Any) -> str:
    try:
        return meant(vocabulary, code).label(spoken())
    except ValueError:
        return str(code)


def meant(vocabulary: type[Word], code: Any) -> Word:
    """Find the word of a code; an unknown one is a ValueError."""
    found: Word = cast(Any, vocabulary)(code)
    return found


def vocabulary_of(type_: Any) -> type[Word] | None:
    """Give the words that a column may hold."""
    found = getattr(type_, "enum_class", None)
    return found if isinstance(found, type) and issubclass(found, Word) else None


def plain(value: Any, type_: Any = None) -> str:
    """Write a value as people read it, in Beijing time and in the viewer's language."""
    if value is None:
        return ""
    if (vocabulary := vocabulary_of(type_)) is not None:
        return _word(vocabulary, value)
    if isinstance(value, bool) or isinstance(type_, sa.Boolean):
        return say("yes" if value else "no")
    if isinstance(type_, Instant) or isinstance(value, dt.datetime):
        return beijing(value)
    if isinstance(value, (list, tuple)):
        return ("、" if spoken() == "zh" else ", ").join(plain(one) for one in value)
    return str(value)


def beijing(value: Any, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """Write an instant in Beijing time; the end of a day is written 24:00 of that day."""
    instant = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
    local = instant.astimezone(BEIJING)
    if pattern == "due" and not (local.hour or local.minute):
        return f"{local - dt.timedelta(days=1):%Y-%m-%d} 24:00"
    return local.strftime("%Y-%m-%d %H:%M" if pattern == "due" else pattern)


def amount(minor: int, currency: str | None) -> str:
    """Write an amount with its thousands parted."""
    digits = currency_digits(currency or "CNY")
    whole, rest = divmod(abs(minor), 10**digits)
    decimals = f".{rest:0{digits}d}" if digits else ""
    return f"{'-' if minor < 0 else ''}{whole:,}{decimals} {currency or ''}".strip()


def bytes_text(value: int) -> str:
    """Write the size of a file as people read it."""
    if value < 1024:
        return f"{value} B"
    return f"{value / 1024:,.0f} KB" if value < 1024**2 else f"{value / 1024**2:,.1f} MB"


def to_many(model: type[Record], name: str) -> Many:
    """Give a to-many relation of a row type."""
    relation = model.relations[name]
    assert isinstance(relation, Many), f"{model.__name__}.{name} is not a to-many relation"
    return relation
