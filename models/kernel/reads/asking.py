"""Writes what a viewer asks of the database: one statement a question, with its values bound.

Whoever fetches the lines stands above: a reader in a session, or a plan on a connection that is held open.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect

from models.kernel.access import Actor, Outcome
from models.kernel.calendar import WorkingCalendar
from models.kernel.policy import CalendarDay, Policy, PolicyRow, in_force
from models.kernel.reads.declare import Many, Page, Wanted, listing_of
from models.kernel.reads.fetch import Fetch
from models.kernel.reads.filters import Narrowing
from models.kernel.reads.keyset import Order
from models.kernel.reads.plan import Level, raw, table_of
from models.kernel.reads.statement import Standing, Statement, given, written
from models.kernel.record import Record
from models.kernel.values import Instant, Uid

COUNT_LIMIT: Final = 10_000
MOST_STATEMENTS: Final = 2_000
"""How many statements are kept; beyond that all are written anew, as they are needed."""

Question: TypeAlias = tuple[str, tuple[Any, ...]]
"""A statement's text and what is bound to it."""
Asked: TypeAlias = Generator[Question, list[Any], Any]
"""A whole read: it yields its questions, is sent their lines, and returns what it makes of them."""

_statements: dict[tuple[Any, ...], Statement] = {}
_POLICIES: Final = Fetch(in_force(given("at", Instant())).with_only_columns(PolicyRow.key, PolicyRow.value))
_DAYS: Final = Fetch(sa.select(CalendarDay.__table__.c.day, CalendarDay.__table__.c.is_working))  # type: ignore[attr-defined]


class Asking:
    """One viewer's questions (提问) at one instant, and what was withheld from him in the answers."""

    def __init__(self, actor: Actor, now: dt.datetime, dialect: Dialect) -> None:
        self.actor = actor
        self.now = now
        self.dialect = dialect.name
        self.redacted: dict[tuple[type[Record], str], Outcome] = {}
        self.editables: dict[Any, frozenset[str]] = {}
        self.standing = Standing.of(actor)
        self.calendar: WorkingCalendar | None = None
        self._database = dialect
        self._policies: dict[str, Any] | None = None

    def redact(self, model: type[Record], name: str, outcome: Outcome) -> None:
        """Remember that a field was withheld, once a field."""
        self.redacted.setdefault((model, name), outcome)

    def policy(self, policy: Policy[Any]) -> Any:
        """Give a policy number as it holds now; it must have been asked for."""
        assert self._policies is not None, "prepare() comes first"
        return self._policies.get(policy.key, policy.seed)

    def ask_policies(self) -> Asked:
        """Ask for what computed values lean on: policy numbers and the calendar."""
        if self._policies is None:
            rows = _POLICIES.read(self._database, (yield _POLICIES.question(self._database, at=self.now)))
            days = _DAYS.read(self._database, (yield _DAYS.question(self._database)))
            self._policies = {row[0]: row[1] for row in rows}
            self.calendar = WorkingCalendar({dt.date.fromisoformat(day): working for day, working in days})

    def ask_ids(self, level: Level, keys: list[str]) -> Question:
        """Ask for rows by the hexadecimal digits of their ids."""
        if len(keys) == 1:
            # By a list of one, SQLite may look through all that the viewer sees.
            one = self._statement(
                ("id", level.model, level.wanted),
                lambda actor: level.select(actor).where(level.scope(actor), level.source.c["id"] == _standing(level)),
                {"id"},
            )
            return self._bound(one, {"id": uuid.UUID(hex=keys[0])})
        statement = self._statement(
            ("ids", level.model, level.wanted),
            lambda actor: level.select(actor).where(level.scope(actor), self._among(level.source.c["id"])),
            {"ids"},
        )
        return self._bound(statement, {"ids": self._ids(keys)})

    def ask_page(
        self,
        level: Level,
        order: Order,
        narrowing: Narrowing,
        where: tuple[sa.ColumnElement[bool], ...] = (),
    ) -> Question:
        """Ask for one page, and one row more, which tells whether more follow."""
        values = {**dict(narrowing.values()), **dict(order.values())}
        key = ("page", level.model, level.wanted, narrowing.shape, order.shape)
        statement = self._statement(
            None if where or narrowing.shape is None else key,
            lambda actor: (
                level.select(actor, *[raw(column) for column in order.columns])
                .where(level.scope(actor), *where, *narrowing.conditions(level.source), *order.conditions())
                .order_by(*order.order_by())
                .limit(given("size", sa.Integer()))
            ),
            values,
        )
        return self._bound(statement, values)

    def ask_count(
        self, model: type[Record], narrowing: Narrowing, where: tuple[sa.ColumnElement[bool], ...] = ()
    ) -> Question:
        """Ask how many rows there are, up to COUNT_LIMIT and one more."""
        table = table_of(model)

        def make(actor: Actor) -> sa.Select[Any]:
            seen: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(table)
            seen = seen.where(model.visible_to(actor), *where, *narrowing.conditions(table))
            return sa.select(sa.func.count()).select_from(seen.limit(COUNT_LIMIT + 1).subquery())

        values = dict(narrowing.values())
        key = None if where or narrowing.shape is None else ("count", model, narrowing.shape)
        return self._bound(self._statement(key, make, values), values)

    def ask_list(self, level: Level, relation: Many, order: Order, narrowing: Narrowing, keys: list[str]) -> Question:
        """Ask for the lists of some rows; the last value of each line is the key of the row that it hangs on."""
        values = {**dict(narrowing.values()), **dict(order.values()), "ids": self._ids(keys)}
        values["parent"] = uuid.UUID(hex=keys[0])
        single = len(keys) == 1
        make = self._of_one if single else self._windowed
        shape = (relation.target, relation.key, narrowing.shape, level.wanted, order.shape)
        statement = self._statement(
            None if narrowing.shape is None else ("list", single, *shape),
            lambda actor: make(level, relation, order, narrowing, actor),
            values,
        )
        return self._bound(statement, values)

    def ask_counts(self, level: Level, relation: Many, narrowing: Narrowing, keys: list[str]) -> Question:
        """Ask how long the lists of some rows are; each line is a row's key with its count."""
        values = {**dict(narrowing.values()), "ids": self._ids(keys)}

        def make(actor: Actor) -> sa.Select[Any]:
            key = level.source.c[relation.key]
            return (
                sa.select(raw(key), sa.func.count())
                .select_from(level.source)
                .where(level.scope(actor), self._among(key), *narrowing.conditions(level.source))
                .group_by(key)
            )

        shape = (relation.target, relation.key, narrowing.shape)
        return self._bound(
            self._statement(None if narrowing.shape is None else ("counts", *shape), make, values), values
        )

    def ask_grouped(
        self,
        model: type[Record],
        by: tuple[sa.ColumnElement[Any], ...],
        measures: tuple[sa.ColumnElement[Any], ...],
        page: Page = Page(),
        *,
        name: str | None = None,
        **values: Any,
    ) -> Asked:
        """Ask for figures by group, under filters; see the reader's `groups`."""
        if leans(model, Wanted(), page):
            yield from self.ask_policies()
        return (yield self.ask_groups(model, by, measures, Narrowing(model, page, self), name, values))

    def ask_tally(
        self,
        name: str,
        counted: Callable[[], Sequence[tuple[type[Record], Sequence[sa.ColumnElement[bool]]]]],
        **values: Any,
    ) -> Question:
        """Ask in one statement how many rows of several types there are, each under conditions of its own."""

        def make(actor: Actor) -> sa.Select[Any]:
            return sa.select(
                *(
                    sa.select(sa.func.count())
                    .select_from(table_of(model))
                    .where(model.visible_to(actor), *conditions)
                    .scalar_subquery()
                    for model, conditions in counted()
                )
            )

        return self._bound(self._statement(("tally", name), make, values), values)

    def ask_groups(
        self,
        model: type[Record],
        by: tuple[sa.ColumnElement[Any], ...],
        measures: tuple[sa.ColumnElement[Any], ...],
        narrowing: Narrowing,
        name: str | None,
        values: Mapping[str, Any],
    ) -> Question:
        """Ask for figures by group; what has a name is written once, the rest each time anew."""
        table = table_of(model)

        def make(actor: Actor) -> sa.Select[Any]:
            return (
                sa.select(*[raw(column) for column in by], *[raw(measure) for measure in measures])
                .select_from(table)
                .where(model.visible_to(actor), *narrowing.conditions(table))
                .group_by(*by)
                .order_by(*by)
            )

        asked = {**values, **dict(narrowing.values())}
        key = None if name is None or narrowing.shape is None else ("groups", name, model, narrowing.shape)
        return self._bound(self._statement(key, make, asked), asked)

    def _statement(
        self, key: tuple[Any, ...] | None, make: Callable[[Actor], sa.Select[Any]], asked: Iterable[str]
    ) -> Statement:
        if key is None:
            return written(make, self.standing, frozenset(asked), self._database)
        key = (self.dialect, self.standing, *key)
        if (found := _statements.get(key)) is None:
            if len(_statements) >= MOST_STATEMENTS:
                _statements.clear()
            found = _statements[key] = written(make, self.standing, frozenset(asked), self._database)
        return found

    def _bound(self, statement: Statement, values: Mapping[str, Any]) -> Question:
        return statement.text, statement.bind(self.actor, values)

    def _of_one(self, level: Level, relation: Many, order: Order, narrowing: Narrowing, actor: Actor) -> sa.Select[Any]:
        # A detail page lists what hangs on one row: that is a page like any other, straight from an index.
        key = level.source.c[relation.key]
        return (
            level.select(actor, *[raw(column) for column in order.columns], raw(key))
            .where(level.scope(actor), key == given("parent", key.type))
            .where(*narrowing.conditions(level.source), *order.conditions())
            .order_by(*order.order_by())
            .limit(given("size", sa.Integer()))
        )

    def _windowed(
        self, level: Level, relation: Many, order: Order, narrowing: Narrowing, actor: Actor
    ) -> sa.Select[Any]:
        table = table_of(level.model)
        key = table.c[relation.key]
        place = sa.func.row_number().over(partition_by=key, order_by=order.order_by()).label("place")
        ranked = (
            sa.select(table.c["id"].label("id"), place)
            .where(level.scope(actor), self._among(key), *narrowing.conditions(table), *order.conditions())
            .subquery()
        )
        return (
            level.select(
                actor,
                *[raw(column) for column in order.columns],
                raw(key),
                source=sa.join(table, ranked, table.c["id"] == ranked.c.id),
            )
            .where(ranked.c.place <= given("size", sa.Integer()))
            .order_by(key, ranked.c.place)
        )

    def _among(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        if self.dialect == "sqlite":
            listed = sa.func.json_each(given("ids", sa.String())).table_valued("value")
            return column.in_(sa.select(listed.c.value))
        return column == sa.any_(given("ids", ARRAY(Uid())))

    def _ids(self, keys: Sequence[str]) -> Any:
        return orjson.dumps(keys).decode() if self.dialect == "sqlite" else [uuid.UUID(hex=key) for key in keys]


def _standing(level: Level) -> sa.ColumnElement[Any]:
    id = given("id", Uid())
    successor = level.model.successor
    return id if successor is None else sa.func.coalesce(successor(id), id)


def asked(question: Question) -> Asked:
    """Make a whole read of one question; it gives the lines."""
    return (yield question)


def leans(model: type[Record], wanted: Wanted, page: Page) -> bool:
    """Tell whether a read asks for policy numbers or the calendar."""
    return wanted.leans or any(listing_of(model).filters[name].leans for name, _ in page.filter)


def hexadecimal(value: Any) -> str:
    """Give the 32 digits of an id as the driver gives it."""
    found: str = value if isinstance(value, str) else value.hex
    return found


__all__ = ["COUNT_LIMIT", "Asked", "Asking", "Question", "asked", "hexadecimal", "leans"]
