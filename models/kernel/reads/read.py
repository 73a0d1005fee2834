"""Answers what is wanted: pages, single rows and nested lists, one statement a level."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from models.kernel.access import Actor, Outcome
from models.kernel.calendar import WorkingCalendar
from models.kernel.policy import CalendarDay, Policy, in_force
from models.kernel.reads.declare import ListWanted, Many, Page, Wanted, listing_of
from models.kernel.reads.fetch import lines_of
from models.kernel.reads.filters import Narrowing
from models.kernel.reads.keyset import Order
from models.kernel.reads.plan import Level, Row, level_of, many, raw, table_of
from models.kernel.reads.statement import Standing, Statement, given, written
from models.kernel.record import Record
from models.kernel.values import Uid

COUNT_LIMIT = 10_000
MOST_STATEMENTS = 2_000
"""How many statements are kept; beyond that all are written anew, as they are needed."""

_statements: dict[tuple[Any, ...], Statement] = {}


class Edge:
    """A row in a list, with the cursor that stands for its place."""

    __slots__ = ("_order", "_values", "node")

    def __init__(self, node: Row, order: Order, values: Any) -> None:
        self.node = node
        self._order = order
        self._values = values

    @property
    def cursor(self) -> str:
        """Write the cursor when it is asked for."""
        return self._order.cursor(self._values)


@dataclass
class Paged:
    """One page of a list; `total_count` is counted only when wanted, and up to COUNT_LIMIT."""

    edges: list[Edge]
    has_next_page: bool
    has_previous_page: bool
    total_count: int | None = None

    @property
    def page_info(self) -> Paged:
        """Give the page itself; it knows its bounds."""
        return self

    @property
    def nodes(self) -> list[Row]:
        """Give the rows alone."""
        return [edge.node for edge in self.edges]

    @property
    def start_cursor(self) -> str | None:
        """Give the cursor of the first row."""
        return self.edges[0].cursor if self.edges else None

    @property
    def end_cursor(self) -> str | None:
        """Give the cursor of the last row."""
        return self.edges[-1].cursor if self.edges else None

    @property
    def total_count_is_exact(self) -> bool | None:
        """Tell whether the count stopped before the end."""
        return None if self.total_count is None else self.total_count <= COUNT_LIMIT


class Reader:
    """One viewer's look at one snapshot (读取); collects what was withheld from him."""

    def __init__(self, session: AsyncSession, actor: Actor, now: dt.datetime) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.dialect = session.get_bind().dialect.name
        self.redacted: dict[tuple[type[Record], str], Outcome] = {}
        self.editables: dict[Any, frozenset[str]] = {}
        self.standing = Standing.of(actor)
        self._policies: dict[str, Any] | None = None
        self.calendar: WorkingCalendar | None = None

    def redact(self, model: type[Record], name: str, outcome: Outcome) -> None:
        """Remember that a field was withheld, once a field."""
        self.redacted.setdefault((model, name), outcome)

    async def prepare(self) -> None:
        """Load what computed values lean on: policy numbers and the calendar."""
        if self._policies is None:
            rows = (await self.session.execute(in_force(self.now))).scalars().all()
            self._policies = {row.key: row.value for row in rows}
            days = (await self.session.execute(select(CalendarDay))).scalars().all()
            self.calendar = WorkingCalendar({day.day: day.is_working for day in days})

    def policy(self, policy: Policy[Any]) -> Any:
        """Give a policy number as it holds now; `prepare` comes first."""
        assert self._policies is not None, "prepare() comes first"
        return self._policies.get(policy.key, policy.seed)

    async def _lean(self, model: type[Record], wanted: Wanted, page: Page) -> None:
        if wanted.leans or any(listing_of(model).filters[name].leans for name, _ in page.filter):
            await self.prepare()

    async def one(self, model: type[Record], id: uuid.UUID, wanted: Wanted) -> Row | None:
        """Read a single row, or nothing where the viewer sees none."""
        found = await self.by_ids(model, [id], wanted)
        return found.get(id)

    async def by_ids(self, model: type[Record], ids: Iterable[uuid.UUID], wanted: Wanted) -> dict[uuid.UUID, Row]:
        """Read rows by id; those that the viewer does not see are absent."""
        await self._lean(model, wanted, Page())
        level = level_of(model, wanted, self.standing, self.dialect)
        statement = self._statement(
            ("ids", model, wanted),
            lambda actor: level.select(actor).where(level.scope(actor), self._among(level.source.c["id"])),
            {"ids"},
        )
        rows = await self._build(level, await self._lines(statement, {"ids": self._ids([id.hex for id in ids])}))
        return {row.uid: row for row in rows}

    async def page(
        self,
        model: type[Record],
        wanted: Wanted,
        page: Page = Page(),
        *,
        total: bool = False,
        where: tuple[sa.ColumnElement[bool], ...] = (),
    ) -> Paged:
        """Read one page of the rows that the viewer sees."""
        await self._lean(model, wanted, page)
        level = level_of(model, wanted, self.standing, self.dialect)
        order = Order(model, page, self.standing, self.dialect)
        narrowing = Narrowing(model, page, self)
        count = await self._count(model, narrowing, where) if total else None
        if order.size == 0:
            return Paged([], False, False, count)
        values = {**dict(narrowing.values()), **dict(order.values())}
        statement = self._statement(
            None if where or narrowing.shape is None else ("page", model, wanted, narrowing.shape, order.shape),
            lambda actor: (
                level.select(actor, *[raw(column) for column in order.columns])
                .where(level.scope(actor), *where, *narrowing.conditions(level.source), *order.conditions())
                .order_by(*order.order_by())
                .limit(given("size", sa.Integer()))
            ),
            values,
        )
        return await self._paged(level, order, await self._lines(statement, values), count)

    async def _paged(self, level: Level, order: Order, lines: list[Any], count: int | None) -> Paged:
        more = len(lines) > order.size
        lines = lines[: order.size]
        if order.backward:
            lines.reverse()
        width = len(level.columns)
        rows = await self._build(level, lines)
        edges = [
            Edge(row, order, line[width : width + len(order.columns)]) for row, line in zip(rows, lines, strict=True)
        ]
        if order.backward:
            return Paged(edges, has_next_page=order.before is not None, has_previous_page=more, total_count=count)
        return Paged(edges, has_next_page=more, has_previous_page=order.after is not None, total_count=count)

    async def count(self, model: type[Record], page: Page = Page()) -> int:
        """Count the rows that the viewer sees under some filters, up to COUNT_LIMIT and one more."""
        await self._lean(model, Wanted(), page)
        return await self._count(model, Narrowing(model, page, self), ())

    async def _count(self, model: type[Record], narrowing: Narrowing, where: tuple[sa.ColumnElement[bool], ...]) -> int:
        table = table_of(model)

        def make(actor: Actor) -> sa.Select[Any]:
            seen: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(table)
            seen = seen.where(model.visible_to(actor), *where, *narrowing.conditions(table))
            return sa.select(sa.func.count()).select_from(seen.limit(COUNT_LIMIT + 1).subquery())

        values = dict(narrowing.values())
        key = None if where or narrowing.shape is None else ("count", model, narrowing.shape)
        lines = await self._lines(self._statement(key, make, values), values)
        return int(lines[0][0])

    async def groups(
        self,
        model: type[Record],
        by: tuple[sa.ColumnElement[Any], ...],
        measures: tuple[sa.ColumnElement[Any], ...],
        page: Page = Page(),
    ) -> list[Any]:
        """Group the rows that the viewer sees; the caller names open columns only."""
        await self._lean(model, Wanted(), page)
        table, narrowing = table_of(model), Narrowing(model, page, self)
        statement = (
            sa.select(*by, *measures)
            .select_from(table)
            .where(model.visible_to(self.actor), *narrowing.conditions(table))
            .group_by(*by)
            .order_by(*by)
        )
        connection = await self.session.connection()
        return list((await connection.execute(statement, dict(narrowing.values()))).all())

    def _statement(
        self, key: tuple[Any, ...] | None, make: Callable[[Actor], sa.Select[Any]], asked: Iterable[str]
    ) -> Statement:
        if key is None:
            return written(make, self.standing, frozenset(asked), self.session.get_bind().dialect)
        key = (self.dialect, self.standing, *key)
        if (found := _statements.get(key)) is None:
            if len(_statements) >= MOST_STATEMENTS:
                _statements.clear()
            found = written(make, self.standing, frozenset(asked), self.session.get_bind().dialect)
            _statements[key] = found
        return found

    async def _lines(self, statement: Statement, values: Mapping[str, Any]) -> list[Any]:
        bound = statement.bind(self.actor, values)
        return await lines_of(self.session, statement.text, bound)

    async def _build(self, level: Level, lines: list[Any]) -> list[Row]:
        rows = [row for line in lines if (row := level.build(line, self)) is not None]
        await self._fill_lists(level, rows)
        return rows

    async def _fill_lists(self, level: Level, rows: list[Row]) -> None:
        for wanted in level.wanted.lists:
            await self._fill_list(level, rows, wanted)
        for inner, name in level.joined:
            if not (inner.wanted.lists or inner.joined):
                continue
            related = {row.key: row for parent in rows if (row := getattr(parent, name)) is not None}
            await self._fill_lists(inner, list(related.values()))
            for parent in rows:
                if (row := getattr(parent, name)) is not None and row is not related[row.key]:
                    row.__dict__["__lists__"] = related[row.key].__dict__.get("__lists__", {})

    async def _fill_list(self, parent: Level, rows: list[Row], wanted: ListWanted) -> None:
        relation = many(parent.model, wanted.relation)
        level = level_of(relation.target, wanted.wanted, self.standing, self.dialect)
        order = Order(relation.target, wanted.page, self.standing, self.dialect)
        narrowing = Narrowing(relation.target, wanted.page, self)
        keys = [row.key for row in rows]
        values = {**dict(narrowing.values()), **dict(order.values()), "ids": self._ids(keys)}
        values["parent"] = rows[0].uid if rows else None
        shape = None if narrowing.shape is None else (relation.target, relation.key, narrowing.shape)
        counts: dict[str, int] = {}
        if wanted.total and rows:
            statement = self._statement(
                shape and ("counts", *shape), lambda actor: self._counted(level, relation, narrowing, actor), values
            )
            counts = {_hex(line[0]): line[1] for line in await self._lines(statement, values)}
        gathered: dict[str, list[Any]] = {key: [] for key in keys}
        if rows and order.size:
            single = len(rows) == 1
            make = self._of_one if single else self._windowed
            statement = self._statement(
                shape and ("list", single, *shape, wanted.wanted, order.shape),
                lambda actor: make(level, relation, order, narrowing, actor),
                values,
            )
            for line in await self._lines(statement, values):
                gathered[_hex(line[-1])].append(line)
        width = len(level.columns)
        every = [line for lines in gathered.values() for line in lines[: order.size]]
        built = iter(await self._build(level, every))
        for row in rows:
            lines = gathered[row.key]
            edges = [Edge(next(built), order, line[width:-1]) for line in lines[: order.size]]
            more = len(lines) > order.size
            if order.backward:
                edges.reverse()
                paged = Paged(edges, has_next_page=order.before is not None, has_previous_page=more)
            else:
                paged = Paged(edges, has_next_page=more, has_previous_page=order.after is not None)
            paged.total_count = counts.get(row.key, 0) if wanted.total else None
            row.__dict__.setdefault("__lists__", {})[wanted.key] = paged

    def _counted(self, level: Level, relation: Many, narrowing: Narrowing, actor: Actor) -> sa.Select[Any]:
        key = level.source.c[relation.key]
        return (
            sa.select(raw(key), sa.func.count())
            .select_from(level.source)
            .where(level.scope(actor), self._among(key), *narrowing.conditions(level.source))
            .group_by(key)
        )

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

    def _ids(self, keys: list[str]) -> Any:
        return orjson.dumps(keys).decode() if self.dialect == "sqlite" else [uuid.UUID(hex=key) for key in keys]


def _hex(value: Any) -> str:
    found: str = value if isinstance(value, str) else value.hex
    return found
