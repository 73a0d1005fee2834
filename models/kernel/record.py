"""What every row has: an id, a scope, and a statement of who may edit which of its fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel
from sqlmodel.main import SQLModelMetaclass

from models.kernel.access import Actor, FieldRule
from models.kernel.errors import LengthError
from models.kernel.values import Instant, Uid, new_id, public_id
from models.kernel.words import Word

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class RecordMeta(SQLModelMetaclass):
    """Refuses to make a table that does not say who sees its rows."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> None:
        super().__init__(name, bases, namespace, **options)
        if not options.get("table"):
            return
        if "visible_to" not in {attribute for base in cls.__mro__[:-1] for attribute in vars(base)} or (
            getattr(cls.visible_to, "__func__", None) is vars(Record)["visible_to"].__func__  # type: ignore[attr-defined]
        ):
            raise TypeError(f"{name} must say who sees its rows: define visible_to(actor)")
        record_type: type[Record] = cls  # type: ignore[assignment]
        taken = _types.setdefault(record_type.prefix, record_type)
        if taken is not record_type:
            raise TypeError(f"{name} and {taken.__name__} share the id prefix {record_type.prefix!r}")


@dataclass(frozen=True)
class Belonging:
    """Whose business a row is; the journal keeps it beside each line."""

    partner_id: UUID | None = None
    office_id: str | None = None
    owner_id: UUID | None = None
    bd_id: UUID | None = None


class Record(SQLModel, metaclass=RecordMeta):
    """A row (记录) with a typed id; `prefix` opens its readable form."""

    prefix: ClassVar[str]
    relations: ClassVar[dict[str, Any]] = {}
    edit_columns: ClassVar[tuple[str, ...]] = ()
    # Of an id that is no more, which row answers in its place: given the id, select that of the other.
    successor: ClassVar[Callable[[sa.ColumnElement[Any]], sa.ColumnElement[Any]] | None] = None
    zh: ClassVar[str] = ""
    en: ClassVar[str] = ""

    id: UUID = Field(default_factory=new_id, primary_key=True, sa_type=Uid)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Say which rows the actor sees, for the single get and for every list."""
        raise NotImplementedError

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """Name the fields that the actor may write in the row's present state; `row` holds `edit_columns`."""
        return frozenset()

    def editable_now(self, actor: Actor) -> frozenset[str]:
        """Name the fields that the actor may write now."""
        return self.editable(actor, {name: getattr(self, name) for name in self.edit_columns})

    @property
    def public_id(self) -> str:
        """Give the id as the API prints it."""
        return public_id(self.prefix, self.id)

    def belonging(self) -> Belonging:
        """Say whose business the row is."""
        return Belonging(
            partner_id=getattr(self, "partner_id", None),
            office_id=getattr(self, "office_id", None),
            owner_id=getattr(self, "owner_id", None),
            bd_id=getattr(self, "bd_id", None),
        )


_types: dict[str, type[Record]] = {}


def record_types() -> Mapping[str, type[Record]]:
    """List every row type by the prefix of its ids."""
    return _types


def nobody() -> sa.ColumnElement[bool]:
    """Give the scope of rows that no window shows."""
    return sa.false()


class Aggregate(Record):
    """A row that is edited and decided on: field edits and transitions raise its version (版本)."""

    version: int = Field(default=1)
    created_at: dt.datetime = Field(sa_type=Instant)
    updated_at: dt.datetime = Field(sa_type=Instant)


class Deadlined(Record):
    """A row whose present state may run out (时限): since when, until when, and which step then fires."""

    entered_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    due_at: dt.datetime | None = Field(default=None, sa_type=Instant, index=True)
    due_verb: str | None = Field(default=None, max_length=64)


def where_given(name: str, column: str, *others: str) -> sa.Index:
    """Make an index of the rows that have a value; else SQLite takes a column that few fill for no help."""
    given = sa.text(f"{column} IS NOT NULL")
    return sa.Index(name, column, *others, sqlite_where=given, postgresql_where=given)


def word_type(vocabulary: type[Word], length: int = 40) -> sa.types.TypeEngine[Any]:
    """Store a word as its code in a plain text column, alike on every database."""
    return sa.Enum(
        vocabulary,
        native_enum=False,
        create_constraint=False,
        length=length,
        values_callable=lambda words: [word.value for word in words],
    )


def too_long_for(model: type[SQLModel], values: Mapping[str, Any]) -> Iterator[LengthError]:
    """Find the texts that are longer than the columns that they are meant for."""
    columns = model.__table__.c  # type: ignore[attr-defined]
    for name, value in values.items():
        longest = getattr(columns[name].type, "length", None) if name in columns else None
        if longest is not None and isinstance(value, str) and not isinstance(value, Word) and len(value) > longest:
            yield LengthError(path=name, minimum=0, maximum=longest, length=len(value))


def rules_of(model: type[SQLModel]) -> dict[str, FieldRule]:
    """List the ruled fields of a row type with their rules."""
    if (known := _rules.get(model)) is None:
        known = _rules[model] = {
            name: rule
            for name, declared in model.model_fields.items()
            for rule in declared.metadata
            if isinstance(rule, FieldRule)
        }
    return known


_rules: dict[type[SQLModel], dict[str, FieldRule]] = {}
