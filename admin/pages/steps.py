"""The buttons of a record: which steps lead on, what blocks each, and the form that each opens."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData

from admin.pages.inputs import Filled, Input, filled_with, with_options
from admin.words import both, say, spoken
from models.kernel.access import Actor
from models.kernel.errors import DomainError, ReasonCodeNotAllowedError, ReasonRequiredError
from models.kernel.lifecycle import Lifecycle, Transition, lifecycles
from models.kernel.words import Word
from models.kernel.work import Work

LONGEST_REASON = 2000


@dataclass(frozen=True)
class Given:
    """What somebody gives with a step (操作输入)."""

    version: int
    reason_code: Word | None = None
    reason: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Foreseen:
    """What a step would bring about beyond its record (预计影响); whoever takes it has to have read this."""

    title: str
    lines: tuple[str, ...]

    @property
    def seal(self) -> str:
        """Give what says that exactly this was read."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


Act = Callable[[Work, UUID, Given], Awaitable[Any]]
Options = Callable[[Work, Any], Awaitable[Sequence[tuple[str, str]]]]


@dataclass(frozen=True)
class Step:
    """A step that a page offers (操作): the domain's action, what its form asks for, and its choices of the moment.

    A step that is no transition of a lifecycle names itself and says who may take it, and when.
    """

    act: Act
    inputs: tuple[Input, ...] = ()
    options: Mapping[str, Options] = field(default_factory=dict)
    zh: str = ""
    en: str = ""
    permission: str | None = None
    applies: Callable[[Actor, Any], bool] = lambda _actor, _record: True
    present: Callable[[Any], Mapping[str, Any]] = lambda _record: {}
    held: Mapping[str, Callable[[Work, Any], Awaitable[Any]]] = field(default_factory=dict)
    colour: str = "secondary"
    comment: bool = False
    foresee: Callable[[Work, UUID, Given], Awaitable[Foreseen | None]] | None = None


@dataclass(frozen=True)
class Button:
    """A step as a page shows it (操作按钮)."""

    verb: str
    label: str
    colour: str
    inputs: tuple[Input, ...]
    blocks: tuple[str, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    reason_needed: bool = False
    comment: bool = True
    fields: tuple[tuple[str, str], ...] = ()
    filled: Filled | None = None

    @property
    def possible(self) -> bool:
        """Tell whether nothing blocks the step."""
        return not self.blocks


def tint(transition: Transition[Any]) -> str:
    """Choose the colour of a step: green approves, red ends, the rest is plain."""
    if transition.approves:
        return "success"
    if transition.names_fields:
        return "warning"
    if transition.reasons or transition.reason:
        return "danger"
    return "primary"


def button_of(transition: Transition[Any], inputs: tuple[Input, ...] = (), blocks: Sequence[Any] = ()) -> Button:
    """Make the button of a transition."""
    return Button(
        verb=transition.verb,
        label=both(transition),
        colour=tint(transition),
        inputs=inputs,
        blocks=tuple(dict.fromkeys(error.message(spoken()) for error in blocks)),
        reasons=tuple((word.value, word.label(spoken())) for word in transition.reasons),
        reason_needed=transition.reason,
    )


def lifecycle_of(model: type[Any], record: Any) -> Lifecycle[Any] | None:
    """Find the lifecycle that governs a record."""
    found = (one for one in lifecycles() if one.model is model and one.applies(record))
    return next(found, None)


async def buttons(work: Work, model: type[Any], record: Any, steps: Mapping[str, Step]) -> list[Button]:
    """List the steps that lead on from a record's present state and that the page offers."""
    found = []
    lifecycle = lifecycle_of(model, record)
    verbs = {row.verb for row in lifecycle} if lifecycle else set()
    for standing in await lifecycle.standing(work, record) if lifecycle else ():
        step = steps.get(standing.transition.verb)
        if step is not None:
            inputs = await _with_options(work, record, step)
            # What a form will ask for cannot be missing yet.
            asked = {one.name for one in inputs}
            blocks = [error for error in standing.blocks if not asked & set(map(str, error.path))]
            found.append(button_of(standing.transition, inputs, blocks))
    for verb, step in steps.items():
        if verb in verbs or not step.zh or not work.actor.may(step.permission) or not step.applies(work.actor, record):
            continue
        inputs = await _with_options(work, record, step)
        present = {**step.present(record), **{name: await ask(work, record) for name, ask in step.held.items()}}
        filled = filled_with(inputs, present)
        found.append(Button(verb, both(step), step.colour, inputs, comment=step.comment, filled=filled))
    return found


async def _with_options(work: Work, record: Any, step: Step) -> tuple[Input, ...]:
    return tuple(
        [
            with_options(one, await step.options[one.name](work, record)) if one.name in step.options else one
            for one in step.inputs
        ]
    )


def read_reason(transition: Transition[Any] | None, form: FormData, filled: Filled) -> tuple[Word | None, str | None]:
    """Read the reason that a form gives; what is missing stands beside its field."""
    code, text = str(form.get("reason_code") or "").strip(), str(form.get("reason") or "").strip()
    filled.texts["reason_code"], filled.texts["reason"] = code, text
    word: Word | None = None
    if transition is not None:
        word = next((one for one in transition.reasons if one.value == code), None)
        if transition.reasons and word is None:
            missing: DomainError = (
                ReasonCodeNotAllowedError(path="reasonCode", reason=code)
                if code
                else (ReasonRequiredError(path="reasonCode"))
            )
            filled.refuse(missing)
        if transition.reason and not text:
            filled.refuse(ReasonRequiredError(path="reason"))
    if len(text) > LONGEST_REASON:
        filled.errors["reason"] = [say("error")]
    return word, text or None


def version_of(form: FormData) -> int:
    """Read the version that a form was drawn for."""
    text = str(form.get("version") or "")
    return int(text) if text.isdigit() and len(text) < 10 else 0
