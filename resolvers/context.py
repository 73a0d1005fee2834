"""What a resolver may lean on: the viewer, one read snapshot, and one way to act."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.engine import Dialect

from models.kernel.access import Actor, Outcome
from models.kernel.errors import DomainError
from models.kernel.reads import Page, Paged, Reader, Row, Wanted
from models.kernel.reads.asking import Asked, Asking, asked
from models.kernel.reads.plan import level_of
from models.kernel.record import Record
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from resolvers.fields import Search, Single, Told, declared, node_types, page_of, redactions
from resolvers.lookahead import LookAhead
from resolvers.scalars import uid

T = TypeVar("T")


class AuthenticationRequiredError(DomainError):
    """Nobody is signed in."""

    zh = "请先登录。"
    en = "Sign in first."
    cbc = "CBC.0154"


class Hold(Protocol):
    """Connections that are held open for reads (常开只读连接)."""

    @property
    def dialect(self) -> Dialect:
        """Name the database."""

    async def run(self, steps: Asked, *, single: bool = False) -> Any:
        """Run a read in one snapshot; a `single` statement is one by itself."""


@dataclass
class Context:
    """One request's context (请求上下文): its root fields share one snapshot, in turn."""

    store: Store
    viewer: Actor | None
    clock: Clock = utc_now
    request_id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    hold: Hold | None = None
    """Connections that are held open for reads, where there are such."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _reader: Reader | None = None
    _redacted: dict[tuple[type[Record], str], Outcome] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Give the viewer, or refuse where nobody is signed in."""
        if self.viewer is None:
            raise AuthenticationRequiredError()
        return self.viewer

    def now(self) -> dt.datetime:
        """Give the request's present instant."""
        return self.clock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """Read from the request's snapshot; root fields take turns on its one connection."""
        actor = self.actor
        async with self._lock:
            if self._reader is None:
                session = await self._stack.enter_async_context(self.store.reader())
                self._reader = Reader(session, actor, self.now())
                # What each of several mutations withheld is told of in one sum.
                self._reader.redacted = self._redacted
            yield self._reader

    async def act(self, action: Callable[[Work], Awaitable[T]], *, dry: bool = False) -> T:
        """Run an action in a write transaction of its own."""
        done = await run_write(self.store, self.actor, action, clock=self.clock, request_id=self.request_id, dry=dry)
        await self.refresh()
        return done

    async def fresh(self, model: type[Record], id: UUID, wanted: Wanted) -> Row | None:
        """Give a row as it is now; where one statement does, a connection that is held open reads it."""
        if self.hold is not None and wanted.is_single:
            asking = Asking(self.actor, self.now(), self.hold.dialect)
            asking.redacted = self._redacted
            level = level_of(model, wanted, asking.standing, asking.dialect)
            lines = await self.hold.run(asked(asking.ask_ids(level, [id.hex])), single=True)
            return level.build(lines[0], asking) if lines else None
        async with self.reading() as reader:
            return await reader.one(model, id, wanted)

    async def refresh(self) -> None:
        """Let the next read see what has been written since."""
        async with self._lock:
            self._reader = None
            await self._stack.aclose()
            self._stack = AsyncExitStack()

    async def close(self) -> None:
        """Give the connection back."""
        await self._stack.aclose()

    def extensions(self) -> dict[str, Any] | None:
        """Sum up what was withheld from the viewer, or nothing."""
        return {"redacted": redactions(self._redacted)} if self._redacted else None


Info: TypeAlias = strawberry.Info[Context, None]


async def page(info: Info, model: type[Record], arguments: dict[str, Any], **options: Any) -> Paged:
    """Answer a connection field: the page that its arguments ask for, with what its selection wants."""
    wanted, total = LookAhead(info).of_connection(model)
    async with info.context.reading() as reader:
        return await reader.page(model, wanted, page_of(**arguments), total=total, **options)


async def single(info: Info, model: type[Record], id: Any, *path: str) -> Row | None:
    """Answer a field with one row, or null where the viewer sees none."""
    look = LookAhead(info)
    wanted = look.inside(model, *path) if path else look.of(model)
    async with info.context.reading() as reader:
        return await reader.one(model, id, wanted)


async def searched(info: Info, arguments: dict[str, Any]) -> Paged:
    """Answer a field that says with search() what it lists."""
    source = declared(info._field)
    assert isinstance(source, Search), "the field says with search() what it lists"
    return await page(info, source.model, filtered(source, arguments))


async def given(info: Info, id: str) -> Row | None:
    """Answer a field that says with by_id() what it gives."""
    source = declared(info._field)
    assert isinstance(source, Single), "the field says with by_id() what it gives"
    found = row_of(source, id)
    return None if found is None else await single(info, *found)


async def tell(info: Info, **arguments: Any) -> Any:
    """Answer a field that says with told() what it is made of."""
    source = declared(info._field)
    assert isinstance(source, Told), "the field says with told() what makes it"
    async with info.context.reading() as reader:
        return await reader.run(source.of(reader, **arguments))


def filtered(source: Search, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a search's arguments, with the conditions of who sets none."""
    if source.filter is None or arguments.get("filter") is not None:
        return arguments
    return {**arguments, "filter": source.filter()}


def row_of(source: Single, id: str) -> tuple[type[Record], UUID] | None:
    """Read the id of a row: its type and its key, or nothing where it names no type; a wrong one is refused."""
    model = source.model
    if model is None:
        prefix = id.partition("_")[0]
        model = next((known for known in node_types() if known.prefix == prefix), None)
    return None if model is None else (model, uid(id, model.prefix))


__all__ = [
    "AuthenticationRequiredError",
    "Context",
    "Info",
    "Page",
    "Wanted",
    "filtered",
    "given",
    "page",
    "row_of",
    "searched",
    "single",
    "tell",
]
