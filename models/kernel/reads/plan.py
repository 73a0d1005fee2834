"""Turns what is wanted of a row type into columns, joins and a function that builds rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import orjson
import sqlalchemy as sa
from sqlalchemy.sql import util as sql_util

from models.kernel.access import Actor, Outcome, opened, outcome_on
from models.kernel.reads.declare import Many, One, Wanted
from models.kernel.reads.statement import Standing
from models.kernel.record import Record, rules_of
from models.kernel.values import Instant, Uid, instant_text

Decode = Callable[[Any], Any] | None


class Row:
    """A row as its viewer gets it: attributes named as the columns, values ready for the wire."""

    record_type: ClassVar[type[Record]]
    __slots__ = ("__dict__",)

    def list_of(self, key: str) -> Any:
        """Give the list that was wanted under a key."""
        return self.__dict__["__lists__"][key]

    @property
    def key(self) -> str:
        """Give the 32 hexadecimal digits of the id, as every database's rows are matched by."""
        found: str = self.__dict__["id"][-32:]
        return found

    @property
    def uid(self) -> uuid.UUID:
        """Give the id as the domain has it."""
        return uuid.UUID(hex=self.key)


_row_classes: dict[type[Record], type[Row]] = {}


def row_class(model: type[Record]) -> type[Row]:
    """Give the class of rows of one type."""
    if (known := _row_classes.get(model)) is None:
        known = _row_classes[model] = type(f"{model.__name__}Row", (Row,), {"record_type": model, "__slots__": ()})
    return known


def table_of(model: type[Record]) -> sa.Table:
    """Give the table of a row type."""
    table: sa.Table = model.__table__  # type: ignore[attr-defined]
    return table


def raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Select a column as the driver gives it, so that bytes that are ready for the wire pass through."""
    return sa.type_coerce(column, sa.types.NullType())


def wire_decoder(type_: sa.types.TypeEngine[Any], dialect: str, prefix: str | None) -> Decode:
    """Say how a driver's value of this type goes onto the wire; None where it is ready."""
    if isinstance(type_, Uid):
        opening = f"{prefix}_" if prefix else ""
        if dialect == "sqlite":
            return opening.__add__ if opening else None
        return lambda value: opening + value.hex
    if isinstance(type_, Instant):
        return None if dialect == "sqlite" else instant_text
    if isinstance(type_, sa.Boolean):
        return bool if dialect == "sqlite" else None
    if isinstance(type_, sa.JSON):
        return _json if dialect == "sqlite" else None
    if isinstance(type_, sa.Date):
        return None if dialect == "sqlite" else dt.date.isoformat
    return None


def domain_decoder(type_: sa.types.TypeEngine[Any], dialect: str) -> Decode:
    """Say how a driver's value becomes what the domain's own rules compare with."""
    if isinstance(type_, Uid):
        return uuid.UUID if dialect == "sqlite" else lambda value: uuid.UUID(bytes=value.bytes)
    if isinstance(type_, Instant):
        return dt.datetime.fromisoformat if dialect == "sqlite" else None
    return wire_decoder(type_, dialect, None)


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, (str, bytes)) else value


def prefixes_of(model: type[Record]) -> dict[str, str]:
    """Say with what the ids in a row's columns begin on the wire."""
    found = {relation.key: relation.target.prefix for relation in model.relations.values() if isinstance(relation, One)}
    return found | {"id": model.prefix}


class Level:
    """One row type inside a statement: which columns it selects and how its rows are built from them.

    It is the same for everybody of one standing, and so is kept for the next request.
    """

    def __init__(
        self,
        model: type[Record],
        wanted: Wanted,
        standing: Standing,
        dialect: str,
        source: sa.FromClause | None = None,
        offset: int = 0,
    ) -> None:
        actor = standing.actor
        self.model = model
        self.wanted = wanted
        self.source = source if source is not None else table_of(model)
        self.joined: list[tuple[Level, str]] = []
        # A relation is as open as the ruled column that it goes by.
        self.withheld: dict[str, Outcome] = {}
        self.columns: list[sa.ColumnElement[Any]] = []
        self.offset = offset
        rules = rules_of(model)
        prefixes = prefixes_of(model)
        names = {"id", *wanted.columns}
        for _, computed in wanted.computed:
            names.update(computed.columns)
        ruled = [(name, rule, rule.outcome(actor)) for name, rule in rules.items() if name in names]
        self.rules = [one for one in ruled if one[2] is not Outcome.PLAIN]
        opens = wanted.access or any(outcome is Outcome.MASKED_REVEALABLE for _, _, outcome in self.rules)
        self.decoded: list[tuple[str, Decode]] = []
        self.wired: list[tuple[str, Callable[[Any], Any]]] = []
        self.names: list[str] = []
        for name in sorted(names, key=lambda one: (one != "id", one)):
            column = self.source.c[name]
            decode = wire_decoder(column.type, dialect, prefixes.get(name))
            self.columns.append(raw(column))
            self.names.append(name)
            if decode is not None:
                self.wired.append((name, decode))
        self.taken = slice(offset, offset + len(self.names))
        if opens:
            for name in model.edit_columns:
                column = self.source.c[name]
                self.columns.append(raw(column))
                self.decoded.append((name, domain_decoder(column.type, dialect)))
        self.edit = slice(self.taken.stop, self.taken.stop + len(self.decoded))
        self.opens = opens
        self._class = row_class(model)
        for name, inner in wanted.ones:
            relation = model.relations[name]
            assert isinstance(relation, One), f"{model.__name__}.{name} is not a to-one relation"
            level = Level(
                relation.target,
                inner,
                standing,
                dialect,
                table_of(relation.target).alias(),
                offset + len(self.columns),
            )
            self.joined.append((level, name))
            if relation.key in rules and (outcome := rules[relation.key].outcome(actor)) is not Outcome.PLAIN:
                self.withheld[name] = outcome
            self.columns += level.columns

    def scope(self, actor: Actor) -> sa.ColumnElement[bool]:
        """Give the row type's scope, speaking of this level's table."""
        scope = self.model.visible_to(actor)
        if self.source is table_of(self.model):
            return scope
        adapted: sa.ColumnElement[bool] = sql_util.ClauseAdapter(self.source).traverse(scope)
        return adapted

    def joins(self, actor: Actor, left: sa.FromClause) -> sa.FromClause:
        """Join the to-one relations, each within what the viewer sees."""
        for level, name in self.joined:
            relation = self.model.relations[name]
            on = sa.and_(self.source.c[relation.key] == level.source.c["id"], level.scope(actor))
            if name in self.withheld:
                on = sa.false()
            left = level.joins(actor, sa.outerjoin(left, level.source, on))
        return left

    def select(
        self, actor: Actor, *extra: sa.ColumnElement[Any], source: sa.FromClause | None = None
    ) -> sa.Select[Any]:
        """Select what the level needs, with its joins."""
        source = self.joins(actor, self.source if source is None else source)
        return sa.select(*self.columns, *extra).select_from(source)

    def build(self, values: Any, reader: Any) -> Row | None:
        """Make the row of one result line, masks and refusals applied."""
        taken = values[self.taken]
        if taken[0] is None:
            return None
        attributes: dict[str, Any] = dict(zip(self.names, taken, strict=True))
        for name, decode in self.wired:
            value = attributes[name]
            if value is not None:
                attributes[name] = decode(value)
        if self.rules or self.wanted.access:
            self._apply_rules(attributes, values, reader)
        if self.wanted.computed:
            # One may bear the name of a column that another is made from, so none is written before all are made.
            attributes |= [(name, computed.of(attributes, reader)) for name, computed in self.wanted.computed]
        for level, name in self.joined:
            attributes[name] = level.build(values, reader)
        for name, outcome in self.withheld.items():
            reader.redact(self.model, name, outcome)
        row = self._class()
        row.__dict__ = attributes
        return row

    def _apply_rules(self, attributes: dict[str, Any], values: Any, reader: Any) -> None:
        actor: Actor = reader.actor
        editable: frozenset[str] = frozenset()
        opens = self.opens and (bool(self.decoded) or bool(actor.claimed))
        uid: uuid.UUID | None = None
        if opens:
            if self.decoded:
                editable = self.editable(tuple(values[self.edit]), reader)
            if actor.claimed or self.wanted.access:
                uid = uuid.UUID(hex=attributes["id"][-32:])
        for name, rule, by_role in self.rules:
            outcome = opened(by_role, name, actor, uid, editable) if opens else by_role
            if outcome is Outcome.PLAIN:
                continue
            value = attributes[name]
            attributes[name] = rule.shown(value, outcome)
            if value is not None or outcome is Outcome.REFUSED:
                reader.redact(self.model, name, outcome)
        if self.wanted.access:
            attributes["field_access"] = field_access(self.model, actor, uid, editable)

    def editable(self, values: tuple[Any, ...], reader: Any) -> frozenset[str]:
        """Name the fields that may be written in a row's state, of which `values` are the edit columns."""
        # Rows in the same state may be edited alike, so a page asks once for each state on it.
        known: dict[Any, frozenset[str]] = reader.editables
        state = (self.model, *(tuple(value) if isinstance(value, list) else value for value in values))
        if (found := known.get(state)) is None:
            row = {
                name: value if decode is None or value is None else decode(value)
                for (name, decode), value in zip(self.decoded, values, strict=True)
            }
            found = known[state] = self.model.editable(reader.actor, row)
        return found


@lru_cache(maxsize=1024)
def level_of(model: type[Record], wanted: Wanted, standing: Standing, dialect: str) -> Level:
    """Give the level for what is wanted; it is made once for everybody of one standing."""
    return Level(model, wanted, standing, dialect)


def field_access(
    model: type[Record], actor: Actor, uid: uuid.UUID | None, editable: frozenset[str]
) -> list[tuple[str, Outcome, bool]]:
    """List the ruled fields of a row with outcome and whether they can be written now."""
    return [
        (name, outcome_on(rule, name, actor, uid, editable), name in editable) for name, rule in rules_of(model).items()
    ]


def many(model: type[Record], name: str) -> Many:
    """Give a to-many relation by name."""
    relation = model.relations[name]
    assert isinstance(relation, Many), f"{model.__name__}.{name} is not a to-many relation"
    return relation


__all__ = ["Level", "Row", "level_of", "many", "raw", "row_class", "table_of"]
