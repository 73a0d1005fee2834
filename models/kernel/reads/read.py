"""Answers what is wanted: pages, single rows and nested lists, one statement a level."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
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
from models.kernel.reads import filters
from models.kernel.reads.declare import ListWanted, Page, Wanted, listing_of
from models.kernel.reads.keyset import Order
from models.kernel.reads.plan import Level, Row, many, raw, table_of
from models.kernel.record import Record
from models.kernel.values import Uid

COUNT_LIMIT = 10_000


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
        level = Level(model, wanted, self.actor, self.dialect)
        statement = self._select(level).where(self._among(level.source.c["id"], list(ids)))
        rows = await self._build(level, await self._run(statement))
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
        level = Level(model, wanted, self.actor, self.dialect)
        order = Order(model, page, self.actor, level.source, self.dialect)
        narrowed = [*where, *filters.conditions(model, page, self, level.source)]
        count = await self._count(level, narrowed) if total else None
        if order.size == 0:
            return Paged([], False, False, count)
        statement = (
            self._select(level, *[raw(column) for column in order.columns])
            .where(*narrowed, *order.conditions())
            .order_by(*order.order_by())
            .limit(order.size + 1)
        )
        lines = await self._run(statement)
        return await self._paged(level, order, lines, count)

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
        level = Level(model, Wanted(), self.actor, self.dialect)
        return await self._count(level, filters.conditions(model, page, self, level.source))

    async def _count(self, level: Level, narrowed: list[sa.ColumnElement[bool]]) -> int:
        inner = (sa.select(sa.literal(1)).select_from(level.source).where(level.scope(self.actor), *narrowed)).limit(
            COUNT_LIMIT + 1
        )
        lines = await self._run(sa.select(sa.func.count()).select_from(inner.subquery()))
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
        level = Level(model, Wanted(), self.actor, self.dialect)
        statement = (
            sa.select(*by, *measures)
            .select_from(level.source)
            .where(level.scope(self.actor), *filters.conditions(model, page, self, level.source))
            .group_by(*by)
            .order_by(*by)
        )
        return await self._run(statement)

    def _select(self, level: Level, *extra: sa.ColumnElement[Any]) -> sa.Select[Any]:
        source = level.joins(self.actor, level.source)
        return sa.select(*level.columns, *extra).select_from(source).where(level.scope(self.actor))

    async def _run(self, statement: sa.Select[Any]) -> list[Any]:
        connection = await self.session.connection()
        return list((await connection.execute(statement)).all())

    async def _build(self, level: Level, lines: list[Any]) -> list[Row]:
        rows = [row for line in lines if (row := level.build(line, self)) is not None]
        await self._fill_lists(level, rows)
        return rows

    async def _fill_lists(self, level: Level, rows: list[Row]) -> None:
        for wanted in level.wanted.lists:
            await self._fill_list(level, rows, wanted)
        for inner, name in level.joined:
            related = {row.uid: row for parent in rows if (row := getattr(parent, name)) is not None}
            if inner.wanted.lists or inner.joined:
                await self._fill_lists(inner, list(related.values()))
                for parent in rows:
                    if (row := getattr(parent, name)) is not None and row is not related[row.uid]:
                        row.__dict__["__lists__"] = related[row.uid].__dict__.get("__lists__", {})

    async def _fill_list(self, parent: Level, rows: list[Row], wanted: ListWanted) -> None:
        relation = many(parent.model, wanted.relation)
        level = Level(relation.target, wanted.wanted, self.actor, self.dialect)
        order = Order(relation.target, wanted.page, self.actor, level.source, self.dialect)
        key = level.source.c[relation.key]
        narrowed = [
            self._among(key, [row.uid for row in rows]),
            *filters.conditions(relation.target, wanted.page, self, level.source),
        ]
        counts: dict[Any, int] = {}
        if wanted.total and rows:
            counted = (
                sa.select(raw(key), sa.func.count())
                .select_from(level.source)
                .where(level.scope(self.actor), *narrowed)
                .group_by(key)
            )
            counts = {self._uid(line[0]): line[1] for line in await self._run(counted)}
        gathered: dict[uuid.UUID, list[Any]] = {row.uid: [] for row in rows}
        if rows and order.size:
            for line in await self._run(self._windowed(level, order, key, narrowed)):
                gathered[self._uid(line[-1])].append(line)
        width = len(level.columns)
        every = [line for lines in gathered.values() for line in lines[: order.size]]
        built = iter(await self._build(level, every))
        for row in rows:
            lines = gathered[row.uid]
            edges = [Edge(next(built), order, line[width:-1]) for line in lines[: order.size]]
            more = len(lines) > order.size
            if order.backward:
                edges.reverse()
                paged = Paged(edges, has_next_page=order.before is not None, has_previous_page=more)
            else:
                paged = Paged(edges, has_next_page=more, has_previous_page=order.after is not None)
            paged.total_count = counts.get(row.uid, 0) if wanted.total else None
            row.__dict__.setdefault("__lists__", {})[wanted.key] = paged

    def _windowed(
        self, level: Level, order: Order, key: sa.ColumnElement[Any], narrowed: list[sa.ColumnElement[bool]]
    ) -> sa.Select[Any]:
        table = table_of(level.model)
        place = sa.func.row_number().over(partition_by=key, order_by=order.order_by()).label("place")
        ranked = (
            sa.select(table.c["id"].label("id"), place)
            .where(level.scope(self.actor), *narrowed, *order.conditions())
            .subquery()
        )
        source = level.joins(self.actor, sa.join(table, ranked, table.c["id"] == ranked.c.id))
        return (
            sa.select(*level.columns, *[raw(column) for column in order.columns], raw(key))
            .select_from(source)
            .where(ranked.c.place <= order.size + 1)
            .order_by(key, ranked.c.place)
        )

    def _among(self, column: sa.ColumnElement[Any], ids: list[uuid.UUID]) -> sa.ColumnElement[bool]:
        if self.dialect == "sqlite":
            listed = sa.func.json_each(sa.literal(orjson.dumps([id.hex for id in ids]).decode())).table_valued("value")
            return column.in_(sa.select(listed.c.value))
        return column == sa.any_(sa.literal(ids, ARRAY(Uid())))

    def _uid(self, value: Any) -> uuid.UUID:
        return uuid.UUID(value) if isinstance(value, str) else uuid.UUID(bytes=value.bytes)
