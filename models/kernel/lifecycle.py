"""The one interpreter of every transition table in the domain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlmodel import col, select

from models.kernel.access import Actor, System
from models.kernel.calendar import BEIJING, beijing_day
from models.kernel.errors import (
    DomainError,
    PermissionDeniedError,
    ReasonCodeNotAllowedError,
    ReasonRequiredError,
    TransitionNotAllowedError,
    refuse,
)
from models.kernel.journal import JournalLine, Operation
from models.kernel.policy import Policy
from models.kernel.record import Record, too_long_for
from models.kernel.words import Word
from models.kernel.work import Work

TIMER = System.TIMER
S = TypeVar("S", bound=Word)
Found = Iterable[DomainError] | None


@dataclass
class Move:
    """A step that somebody asks for (流转请求): on which record, by whom, when, why, and with which values.

    `values` is None while nobody has given any, as when the buttons of a page are drawn.
    """

    record: Any
    actor: Actor
    now: dt.datetime
    reason_code: Word | None = None
    reason: str | None = None
    values: Mapping[str, Any] | None = None

    @property
    def values_or_none(self) -> Mapping[str, Any]:
        """Give the values, or an empty mapping where none were given."""
        return self.values or {}


Guard = Callable[[Move], Found]
Check = Callable[[Work, Move], Awaitable[Found]]
Effect = Callable[[Work, Move], Awaitable[None]]


@dataclass(frozen=True)
class Deadline:
    """How long a state may last (时限), in working days, and which step the system takes then.

    `every_day` counts the days as they come; `until` names the record's own column that holds the end.
    """

    days: Policy[int]
    verb: str
    zh: str
    en: str
    every_day: bool = False
    until: str | None = None

    @property
    def follows_calendar(self) -> bool:
        """Tell whether a change of the working-day calendar moves it."""
        return not self.every_day and self.until is None

    def told(self) -> str:
        """Say how long it is."""
        if self.until is not None:
            return f"at its `{self.until}`"
        return f"after {self.days.seed} {'days' if self.every_day else 'working days'} (`{self.days.key}`)"

    async def end(self, work: Work, record: Any) -> dt.datetime:
        """Find when it is over for a record that enters the state now."""
        if self.until is not None:
            own: dt.datetime = getattr(record, self.until)
            return own
        days = await work.policy(self.days)
        return (
            work.now + dt.timedelta(days=days) if self.every_day else (await work.calendar()).due_after(work.now, days)
        )


@dataclass(frozen=True)
class State(Generic[S]):
    """A state with a duty: a queue that it waits in, or a deadline."""

    status: S
    awaits: str | None = None
    deadline: Deadline | None = None
    paused_zh: str | None = None
    paused_en: str | None = None


@dataclass(frozen=True)
class Transition(Generic[S]):
    """One row of a transition table (状态流转).

    `reasons` lists the reason codes to choose from; `reason` says whether a text is needed too. `decides` marks what a
    reviewer does from the queue; `names_fields` asks him for the fields to complete; `internal` hides the journal line
    from partners. `effects` are what else happens in the same transaction; `rule` is the row of the paper that it
    keeps.
    """

    verb: str
    zh: str
    en: str
    sources: tuple[S, ...]
    target: S
    permission: str
    rule: str
    event: tuple[str, str]
    reasons: tuple[Word, ...] = ()
    reason: bool = False
    guards: tuple[Guard, ...] = ()
    checks: tuple[Check, ...] = ()
    effects: tuple[Effect, ...] = ()
    decides: bool = False
    approves: bool = False
    names_fields: bool = False
    internal: bool = False
    restarts: bool = False


@dataclass(frozen=True)
class Standing(Generic[S]):
    """A step that is open from the present state, with what blocks it for this actor."""

    transition: Transition[S]
    blocks: tuple[DomainError, ...]

    @property
    def possible(self) -> bool:
        """Tell whether nothing blocks the step."""
        return not self.blocks


class Desk(Protocol):
    """Where states that await a decision put their entries."""

    async def enter(self, work: Work, record: Any, kind: str) -> None:
        """Open the entry of a record that has begun to wait."""

    async def leave(self, work: Work, record: Any, kind: str, transition: Transition[Any], move: Move) -> None:
        """Close the entry of a record that no longer waits."""


_desk: list[Desk] = []
_lifecycles: list[Lifecycle[Any]] = []


def attend(desk: Desk) -> None:
    """Name the desk that keeps the queue; there is one."""
    _desk[:] = [desk]


def lifecycles() -> Sequence[Lifecycle[Any]]:
    """List every lifecycle of the domain."""
    return _lifecycles


class Lifecycle(Generic[S]):
    """A closed table of transitions (状态机). Order: permission, state, reason, guards, checks, assignment, journal."""

    def __init__(
        self,
        model: type[Record],
        *transitions: Transition[S],
        states: Sequence[State[S]] = (),
        name: str | None = None,
        applies: Callable[[Any], bool] = lambda _record: True,
        zh: str,
        en: str,
    ) -> None:
        self.model = model
        self.name = name or model.__name__
        self.zh, self.en = zh, en
        self.applies = applies
        self._table = {transition.verb: transition for transition in transitions}
        self._states = {state.status: state for state in states}
        self._checks: dict[str, list[Check]] = {verb: list(row.checks) for verb, row in self._table.items()}
        self._followers: list[Callable[[Work], Awaitable[Any]]] = []
        self._also: dict[str | None, list[Effect]] = {None: [], **{verb: [] for verb in self._table}}
        if len(self._table) != len(transitions):
            raise TypeError(f"two transitions of {self.name} share a verb")
        for state in states:
            if state.deadline is not None and state.deadline.verb not in self._table:
                raise TypeError(f"{self.name}: nothing is called {state.deadline.verb}")
        _lifecycles.append(self)

    def __iter__(self) -> Iterator[Transition[S]]:
        return iter(self._table.values())

    def __getitem__(self, verb: str) -> Transition[S]:
        return self._table[verb]

    def state(self, status: S) -> State[S]:
        """Give the duties of a state."""
        return self._states.get(status) or State(status)

    def operation(self, verb: str) -> Operation:
        """Give the name that the journal uses for a step."""
        row = self._table[verb]
        return Operation(f"{self.name}.{verb}", row.zh, row.en, *row.event)

    def also_check(self, verb: str, check: Check) -> None:
        """Let a layer above add a check to a step."""
        self._checks[verb].append(check)

    def also_do(self, verb: str | None, effect: Effect) -> None:
        """Let a layer above add what else happens with a step, after all the rest; None is the record's beginning."""
        self._also[verb].append(effect)

    def blocks(self, move: Move, verb: str) -> list[DomainError]:
        """List what the table itself has against a step: permission, then state, then guards."""
        row = self._table[verb]
        if not move.actor.may(row.permission):
            return [PermissionDeniedError(permission=row.permission)]
        if move.record.status not in row.sources:
            return [TransitionNotAllowedError(action=_Label(row), status=move.record.status)]
        return [error for guard in row.guards for error in guard(move) or ()]

    async def obstacles(self, work: Work, move: Move, verb: str) -> list[DomainError]:
        """List everything that blocks a step, the checks that ask the database included."""
        found = self.blocks(move, verb)
        if found and isinstance(found[0], (PermissionDeniedError, TransitionNotAllowedError)):
            return found
        for check in self._checks[verb]:
            found += list(await check(work, move) or ())
        return found

    def open_to(self, record: Any, actor: Actor) -> list[Transition[S]]:
        """List the steps that lead on from the present state and that the actor's rights cover."""
        if not self.applies(record):
            return []
        return [row for row in self if record.status in row.sources and actor.may(row.permission)]

    async def standing(self, work: Work, record: Any) -> list[Standing[S]]:
        """Say of each step that leads on from here whether this actor may take it, and what blocks it."""
        return [
            Standing(row, tuple(await self.obstacles(work, Move(record, work.actor, work.now), row.verb)))
            for row in self.open_to(record, work.actor)
        ]

    async def fire(
        self,
        work: Work,
        record: Any,
        verb: str,
        *,
        reason_code: Word | None = None,
        reason: str | None = None,
        values: Mapping[str, Any] | None = None,
        note: Mapping[str, Any] | None = None,
    ) -> None:
        """Take a step, or refuse with everything that stands against it; nothing else assigns a status."""
        row = self._table[verb]
        reason = (reason or "").strip() or None
        move = Move(record, work.actor, work.now, reason_code, reason, values or {})
        first = self.blocks(move, verb)
        if first and isinstance(first[0], (PermissionDeniedError, TransitionNotAllowedError)):
            raise first[0]
        too_long = too_long_for(type(record), values or {})
        refuse([*self._unreasoned(row, move), *too_long, *await self.obstacles(work, move, verb)])
        before = {name: getattr(record, name) for name in values or {}}
        left, record.status = record.status, row.target
        for name, value in (values or {}).items():
            setattr(record, name, value)
        record.version += 1
        record.updated_at = work.now
        if left != row.target or row.restarts:
            await self._start_clock(work, record)
            await self._move_entry(work, record, self.state(left), row, move)
        elif row.permission == TIMER:
            await self._let_run_out(work, record, self.state(left), row, move)
        work.note(
            self.operation(verb),
            record,
            before=before,
            after=dict(values or {}),
            internal=row.internal,
            from_status=str(left),
            to_status=str(row.target),
            reason_code=str(reason_code) if reason_code else None,
            reason=reason,
            changes=dict(note) if note else None,
        )
        for effect in (*row.effects, *self._also[verb]):
            await effect(work, move)

    async def begin(self, work: Work, record: Any, operation: Operation, **facts: Any) -> None:
        """Take a record that was just made into its first state: clock, queue entry, journal line."""
        await self._start_clock(work, record)
        work.add(record)
        if kind := self.state(record.status).awaits:
            await _desk[0].enter(work, record, kind)
        work.note(operation, record, to_status=str(record.status), **facts)
        for effect in self._also[None]:
            await effect(work, Move(record, work.actor, work.now))

    def _unreasoned(self, row: Transition[S], move: Move) -> Iterator[DomainError]:
        if row.reasons and move.reason_code is None:
            yield ReasonRequiredError(path="reasonCode")
        elif move.reason_code is not None and move.reason_code not in row.reasons:
            yield ReasonCodeNotAllowedError(path="reasonCode", reason=move.reason_code)
        if row.reason and move.reason is None:
            yield ReasonRequiredError(path="reason")
        yield from too_long_for(JournalLine, {"reason": move.reason})

    async def _start_clock(self, work: Work, record: Any) -> None:
        if not hasattr(record, "due_at"):
            return
        deadline = self.state(record.status).deadline
        record.entered_at = work.now
        record.due_verb = deadline.verb if deadline else None
        record.due_at = await deadline.end(work, record) if deadline else None

    async def _move_entry(self, work: Work, record: Any, left: State[S], row: Transition[S], move: Move) -> None:
        if left.awaits:
            await _desk[0].leave(work, record, left.awaits, row, move)
        if kind := self.state(row.target).awaits:
            await _desk[0].enter(work, record, kind)

    async def _let_run_out(self, work: Work, record: Any, state: State[S], row: Transition[S], move: Move) -> None:
        # The state goes on after its deadline, and the deadline fires once; its time stays for everybody to see.
        record.due_verb = None
        if state.awaits:
            await _desk[0].leave(work, record, state.awaits, row, move)

    async def due(self, work: Work, limit: int = 100) -> list[Any]:
        """List the ids of records whose deadline has passed."""
        model: Any = self.model
        if not any(state.deadline for state in self._states.values()):
            return []
        verbs = [state.deadline.verb for state in self._states.values() if state.deadline]
        return await work.every(
            select(model.id)
            .where(col(model.due_at) <= work.now, col(model.due_verb).in_(verbs))
            .order_by(col(model.due_at))
            .limit(limit)
        )

    async def fire_due(self, work: Work, id: Any) -> str | None:
        """Take the step that a passed deadline calls for; a record that somebody else moved on is left alone."""
        model: Any = self.model
        record = await work.first(
            select(model)
            .where(model.id == id, model.due_at <= work.now)
            .with_for_update(of=model, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        if record is None or record.due_verb not in self._table or not self.applies(record):
            return None
        verb: str = record.due_verb
        row = self._table[verb]
        await self.fire(work, record, verb, reason_code=row.reasons[0] if row.reasons else None, reason=row.zh)
        return verb

    async def follow_calendar(self, work: Work) -> int:
        """Recompute open due times after the calendar changed; each may only move later, and one that fired stays."""
        model: Any = self.model
        moved = 0
        for state in self._states.values():
            if state.deadline is not None and state.deadline.follows_calendar:
                running = (model.status == state.status, model.due_verb == state.deadline.verb)
                days = await work.policy(state.deadline.days)
                moved += await move_due_times(work, model.entered_at, model.due_at, days, *running)
        for follow in self._followers:
            await follow(work)
        return moved

    def also_follow(self, follow: Callable[[Work], Awaitable[Any]]) -> None:
        """Let a feature move along what else it has written down of due times."""
        self._followers.append(follow)

    def markdown(self) -> str:
        """Print the table for people to read."""
        lines = [
            f"## {self.en} ({self.zh})",
            "",
            "| From | Step | To | Permission | Reason | Guards and checks | Rule |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in self:
            reason = ", ".join(filter(None, [" / ".join(row.reasons), "text" if row.reason else ""])) or "none"
            held = [*row.guards, *self._checks[row.verb]]
            lines.append(
                f"| {', '.join(row.sources) or 'nothing'} | {row.verb} ({row.zh}) | {row.target} | {row.permission} "
                f"| {reason} | {', '.join(getattr(rule, '__name__', '') for rule in held) or 'none'} | {row.rule} |"
            )
        duties = [
            f"- {state.status} ({state.status.zh})"
            + (f" waits in the queue `{state.awaits}`" if state.awaits else "")
            + (
                f"{';' if state.awaits else ''} {state.deadline.told()}: {state.deadline.verb}"
                if state.deadline
                else ""
            )
            for state in self._states.values()
        ]
        return "\n".join([*lines, "", *duties, ""])


async def move_due_times(work: Work, began: Any, due: Any, days: int, *where: sa.ColumnElement[bool]) -> int:
    """Move the due times of rows later where the calendar gives more time, a day of beginning at a time."""
    model = due.class_
    moved, since = 0, None
    while True:
        left = (*where, due.is_not(None), *(() if since is None else (began >= since,)))
        first = await work.first(sa.select(sa.func.min(began, type_=began.type)).where(*left))
        if first is None:
            return moved
        # All that began on one day in Beijing end together, so one statement moves them, however many they are.
        day = beijing_day(first)
        since = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), BEIJING).astimezone(dt.UTC)
        later = (await work.calendar()).due_after(first, days)
        change = sa.update(model).where(*left, began < since, due < later).values({due.key: later})
        changed: Any = await work.session.execute(change.execution_options(synchronize_session=False))
        moved += changed.rowcount


def follow(row: Any, ends: Mapping[Any, Word], move: Move) -> None:
    """Let a row that has no steps of its own take the state that its record's step calls for."""
    row.status = ends[move.record.status]
    row.version += 1
    row.updated_at = move.now


class _Label(str):
    """Names a step in the language of the sentence that it stands in."""

    zh: str
    en: str

    def __new__(cls, row: Transition[Any]) -> _Label:
        label = str.__new__(cls, row.verb)
        label.zh, label.en = row.zh, row.en
        return label


def lifecycles_markdown() -> str:
    """Print every lifecycle of the domain as one page."""
    head = "# Lifecycles\n\nGenerated from the tables in `models/`; a test compares. Do not edit.\n\n"
    return head + "\n".join(lifecycle.markdown() for lifecycle in sorted(_lifecycles, key=lambda one: one.name))


__all__ = [
    "TIMER",
    "Deadline",
    "Desk",
    "Effect",
    "Guard",
    "Lifecycle",
    "Move",
    "Standing",
    "State",
    "Transition",
    "attend",
    "follow",
    "lifecycles",
    "lifecycles_markdown",
    "move_due_times",
]
