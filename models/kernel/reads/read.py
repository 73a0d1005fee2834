"""Answers what is wanted: pages, single rows and nested lists, one statement a level."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models.kernel.access import Actor
from models.kernel.reads.asking import COUNT_LIMIT, Asked, Asking, Question, hexadecimal, leans
from models.kernel.reads.declare import ListWanted, Page, Wanted
from models.kernel.reads.fetch import lines_of
from models.kernel.reads.filters import Narrowing
from models.kernel.reads.keyset import Order
from models.kernel.reads.plan import Level, Row, level_of, many
from models.kernel.record import Record


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


class Reader(Asking):
    """One viewer's look at one snapshot (读取); collects what was withheld from him."""

    def __init__(self, session: AsyncSession, actor: Actor, now: dt.datetime) -> None:
        super().__init__(actor, now, session.get_bind().dialect)
        self.session = session

    async def run(self, asked: Asked) -> Any:
        """Run a whole read, one statement after the other, and give what it makes of them."""
        try:
            question = next(asked)
            while True:
                question = asked.send(await self._lines(question))
        except StopIteration as done:
            return done.value

    async def prepare(self) -> None:
        """Load what computed values lean on: policy numbers and the calendar."""
        await self.run(self.ask_policies())

    async def _lean(self, model: type[Record], wanted: Wanted, page: Page) -> None:
        if leans(model, wanted, page):
            await self.prepare()

    async def one(self, model: type[Record], id: uuid.UUID, wanted: Wanted) -> Row | None:
        """Read a single row, or nothing where the viewer sees none; for one that is no more its successor answers."""
        found = await self.by_ids(model, [id], wanted)
        return next(iter(found.values()), None)

    async def by_ids(self, model: type[Record], ids: Iterable[uuid.UUID], wanted: Wanted) -> dict[uuid.UUID, Row]:
        """Read rows by id; those that the viewer does not see are absent."""
        await self._lean(model, wanted, Page())
        level = level_of(model, wanted, self.standing, self.dialect)
        rows = await self._build(level, await self._lines(self.ask_ids(level, [id.hex for id in ids])))
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
        return await self._paged(level, order, await self._lines(self.ask_page(level, order, narrowing, where)), count)

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
        return Paged(edges, *order.bounds(more), total_count=count)

    async def count(self, model: type[Record], page: Page = Page()) -> int:
        """Count the rows that the viewer sees under some filters, up to COUNT_LIMIT and one more."""
        await self._lean(model, Wanted(), page)
        return await self._count(model, Narrowing(model, page, self), ())

    async def _count(self, model: type[Record], narrowing: Narrowing, where: tuple[sa.ColumnElement[bool], ...]) -> int:
        lines = await self._lines(self.ask_count(model, narrowing, where))
        return int(lines[0][0])

    async def groups(
        self,
        model: type[Record],
        by: tuple[sa.ColumnElement[Any], ...],
        measures: tuple[sa.ColumnElement[Any], ...],
        page: Page = Page(),
        *,
        name: str | None = None,
        **values: Any,
    ) -> list[Any]:
        """Group the rows that the viewer sees; the caller names open columns only. Words come out as their codes.

        Groups with a name are the same in every call, but for the filters and for the values that they are given.
        """
        found: list[Any] = await self.run(self.ask_grouped(model, by, measures, page, name=name, **values))
        return found

    async def _lines(self, question: Question) -> list[Any]:
        return await lines_of(self.session, *question)

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
        counts: dict[str, int] = {}
        if wanted.total and rows:
            lines = await self._lines(self.ask_counts(level, relation, narrowing, keys))
            counts = {hexadecimal(line[0]): line[1] for line in lines}
        gathered: dict[str, list[Any]] = {key: [] for key in keys}
        if rows and order.size:
            for line in await self._lines(self.ask_list(level, relation, order, narrowing, keys)):
                gathered[hexadecimal(line[-1])].append(line)
        width = len(level.columns)
        every = [line for lines in gathered.values() for line in lines[: order.size]]
        built = iter(await self._build(level, every))
        for row in rows:
            lines = gathered[row.key]
            edges = [Edge(next(built), order, line[width:-1]) for line in lines[: order.size]]
            if order.backward:
                edges.reverse()
            paged = Paged(edges, *order.bounds(len(lines) > order.size))
            paged.total_count = counts.get(row.key, 0) if wanted.total else None
            row.__dict__.setdefault("__lists__", {})[wanted.key] = paged
