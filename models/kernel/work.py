"""One actor, one transaction: the only door to rows that change, and the only commit."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlmodel import col, select

from models.kernel.access import Actor, system_actor
from models.kernel.calendar import WorkingCalendar
from models.kernel.errors import NotFoundError, StaleVersionError, TryAgainError
from models.kernel.journal import JournalLine, Operation, told
from models.kernel.policy import CalendarDay, Policy, in_force
from models.kernel.record import Aggregate, Record
from models.kernel.values import new_id

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """Give the present instant."""
    return dt.datetime.now(dt.UTC)


class Store(Protocol):
    """Where rows are kept: one way to write, one way to read, and the key of the journal's hashes."""

    @property
    def writer(self) -> async_sessionmaker[AsyncSession]:
        """Open a session that writes."""

    @property
    def reader(self) -> async_sessionmaker[AsyncSession]:
        """Open a session that only reads."""

    @property
    def journal_key(self) -> bytes:
        """Give the key of the journal's hashes."""


class Beforehand(Exception):
    """Asks that another deed be written for good before this one goes on, however this one then ends (先行记录)."""

    def __init__(self, name: str, deed: Callable[[Work], Awaitable[None]]) -> None:
        self.name = name
        self.deed = deed
        super().__init__(name)


def sealed(key: bytes, purpose: str, text: str) -> int:
    """Make a number of a text that only the holder of the key can make; each purpose has numbers of its own."""
    person = purpose.encode()[: hashlib.blake2b.PERSON_SIZE]
    return int.from_bytes(hashlib.blake2b(text.encode(), key=key[:64], person=person, digest_size=32).digest())


class Work:
    """A unit of work (工作单元): session, actor and clock; the first argument of every action."""

    def __init__(
        self,
        session: AsyncSession,
        actor: Actor,
        now: dt.datetime,
        *,
        journal_key: bytes,
        request_id: str | None = None,
        written: frozenset[str] = frozenset(),
    ) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.request_id = request_id
        self._journal_key = journal_key
        self._written = written
        self._policies: dict[str, Any] | None = None
        self._calendar: WorkingCalendar | None = None

    def by_system(self) -> Work:
        """Go on in the same transaction as the system, with what follows from a deed whoever did it."""
        going_on = copy.copy(self)
        going_on.actor = system_actor()
        return going_on

    async def get(self, model: type[R], id: UUID, *, version: int | None = None) -> R:
        """Fetch a row that the actor sees and hold it until the end; *not yours* and *not there* are one refusal."""
        record: R | None = await self.first(
            select(model)
            .where(col(model.id) == id, model.visible_to(self.actor))
            .with_for_update(of=model)
            .execution_options(populate_existing=True)
        )
        if record is None:
            raise NotFoundError()
        if version is not None and isinstance(record, Aggregate) and record.version != version:
            raise StaleVersionError(given=version, current=record.version)
        return record

    async def first(self, query: Any) -> Any:
        """Give the first row of a query of the domain's own, or nothing."""
        return (await self.session.execute(query)).scalars().first()

    async def every(self, query: Any) -> list[Any]:
        """Give all rows of a query of the domain's own."""
        return list((await self.session.execute(query)).scalars().all())

    async def fetch(self, statement: Callable[..., Awaitable[T]], **values: Any) -> T:
        """Run a fixed select of the domain's own; it sees what the transaction has written so far."""
        session = self.session
        if session.new or session.dirty or session.deleted:
            await session.flush()
        return await statement(session, **values)

    async def count(self, query: Any) -> int:
        """Count the rows of a query."""
        counted = await self.session.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery()))
        return int(counted or 0)

    def beforehand(self, name: str, deed: Callable[[Work], Awaitable[None]]) -> None:
        """See that a deed is written for good first, in a transaction of its own: a refusal does not undo it.

        This one is started anew after it, once.
        """
        if name not in self._written:
            raise Beforehand(name, deed)

    def sealed(self, purpose: str, text: str) -> int:
        """Make a number of a text that nobody makes who has only the rows."""
        return sealed(self._journal_key, purpose, text)

    def add(self, record: R) -> R:
        """Take a new row into the transaction."""
        self.session.add(record)
        return record

    async def add_all(self, model: type[Record], rows: Sequence[Mapping[str, Any]]) -> None:
        """Take many new rows at once, as onboarding needs; at most 500 a transaction."""
        if rows:
            table = model.__table__  # type: ignore[attr-defined]
            await self.session.execute(sa.insert(table), rows)

    async def remove(self, record: Record) -> None:
        """Delete a row; only a draft is ever deleted."""
        await self.session.delete(record)

    async def flush(self) -> None:
        """Send pending changes, so that the database's own constraints speak now."""
        await self.session.flush()

    def note(
        self,
        operation: Operation,
        subject: Record | None,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        internal: bool = False,
        **facts: Any,
    ) -> JournalLine:
        """Write the journal line of a deed into the same transaction."""
        whose = subject.belonging() if subject is not None else None
        changes = facts.pop("changes", None) or {}
        if subject is not None and after is not None:
            changes = changes | told(type(subject), before or {}, after, self._journal_key)
        facts.setdefault("partner_id", (whose.partner_id if whose else None) or self.actor.partner_id)
        line = JournalLine(
            **self._deed(operation),
            subject_kind=type(subject).__name__ if subject is not None else "",
            subject_id=subject.id if subject is not None else None,
            office_id=whose.office_id if whose else None,
            owner_id=whose.owner_id if whose else None,
            bd_id=whose.bd_id if whose else None,
            internal=internal,
            changes=changes,
            **facts,
        )
        self.session.add(line)
        return line

    async def note_all(
        self,
        operation: Operation,
        model: type[Record],
        rows: Sequence[Mapping[str, Any]],
        *,
        told_of: Sequence[str] = (),
        internal: bool = False,
    ) -> None:
        """Write the journal lines of many new rows at once, one a row; `told_of` names the fields that they tell."""
        deed = {**self._deed(operation), "subject_kind": model.__name__, "internal": internal}
        lines = [
            {
                **deed,
                "id": new_id(),
                "subject_id": row["id"],
                "partner_id": row.get("partner_id"),
                "office_id": row.get("office_id"),
                "owner_id": row.get("owner_id"),
                "bd_id": row.get("bd_id"),
                "to_status": row.get("status"),
                "changes": told(
                    model, {}, {name: value for name in told_of if (value := row.get(name))}, self._journal_key
                ),
            }
            for row in rows
        ]
        await self.add_all(JournalLine, lines)

    def _deed(self, operation: Operation) -> dict[str, Any]:
        return {
            "at": self.now,
            "actor_id": self.actor.id,
            "actor_name": self.actor.name,
            "actor_side": self.actor.side,
            "client_id": self.actor.client_id,
            "request_id": self.request_id,
            "operation": operation.code,
            "operation_zh": operation.zh,
            "operation_en": operation.en,
            "resource_type": operation.resource_type,
            "event": operation.event,
            "private": operation.private,
        }

    async def policy(self, policy: Policy[T]) -> T:
        """Read a policy number as it holds at this moment."""
        if self._policies is None:
            self._policies = {row.key: row.value for row in await self.every(in_force(self.now))}
        value: T = self._policies.get(policy.key, policy.seed)
        return value

    async def calendar(self) -> WorkingCalendar:
        """Give the working-day calendar with its overrides."""
        if self._calendar is None:
            days = await self.every(select(CalendarDay))
            self._calendar = WorkingCalendar({day.day: day.is_working for day in days})
        return self._calendar


class _Undo(Exception):
    pass


async def run_write(
    store: Store,
    actor: Actor,
    action: Callable[[Work], Awaitable[T]],
    *,
    clock: Clock = utc_now,
    request_id: str | None = None,
    dry: bool = False,
    attempts: int = 6,
) -> T:
    """Run an action in one write transaction: all of it or nothing, rerun whole when the database asks for it.

    A caller that goes away does not interrupt it. With `dry` everything happens and is then undone, but for what is
    to be written beforehand.
    """
    written: set[str] = set()

    async def once() -> T:
        results: list[T] = []
        try:
            async with store.writer() as session, session.begin():
                work = Work(
                    *(session, actor, clock()),
                    journal_key=store.journal_key,
                    request_id=request_id,
                    written=frozenset(written),
                )
                results.append(await action(work))
                await session.flush()
                if dry:
                    raise _Undo
        except _Undo:
            pass
        return results[0]

    async def with_what_comes_first() -> T:
        while True:
            try:
                return await once()
            except Beforehand as first:
                await run_write(store, actor, first.deed, clock=clock, request_id=request_id)
                written.add(first.name)

    async def until_done() -> T:
        for attempt in range(attempts):
            try:
                return await with_what_comes_first()
            except DBAPIError as error:
                if not _is_contention(error) and not (attempt == 0 and _is_lost_race(error)):
                    raise
                await asyncio.sleep(random.uniform(0.5, 1.5) * 0.02 * 2**attempt)
        raise TryAgainError()

    return await asyncio.shield(asyncio.ensure_future(until_done()))


def _is_lost_race(error: DBAPIError) -> bool:
    """Tell whether a unique key was taken meanwhile, or a row that is referred to is gone, as a merged customer is.

    Run once more, the action itself finds what the other has done.
    """
    return getattr(error.orig, "sqlstate", None) in ("23505", "23503")


def _is_contention(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return state in ("40001", "40P01", "55P03") or "database is locked" in str(error.orig)
