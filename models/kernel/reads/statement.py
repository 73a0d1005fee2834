"""Statements that are written once for a kind of viewer and a shape of question, and from then on only bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from models.kernel.access import Actor, Side

# What stands for a viewer's own attributes while a statement is written, twice, so that nothing is taken for one.
_MARKS: tuple[dict[str, Any], ...] = tuple(
    {
        "id": UUID(int=turn << 64 | 1),
        "partner_id": UUID(int=turn << 64 | 2),
        "customer_id": UUID(int=turn << 64 | 3),
        "office_id": f"\x01office-{turn}",
    }
    for turn in (0xA11CE, 0xB0B)
)

MOST_STANDINGS: Final = 2_000


@dataclass(frozen=True)
class Standing:
    """What of an actor decides how a statement reads (查询身份); his own ids are bound later."""

    side: Side
    permissions: frozenset[str]
    known: tuple[bool, bool, bool]
    partners: frozenset[UUID]

    @classmethod
    def of(cls, actor: Actor) -> Standing:
        """Give the standing of an actor, found out once for as long as he is known."""
        kept: Standing | None = actor.__dict__.get("_standing")
        if kept is None:
            known = (actor.partner_id is not None, actor.customer_id is not None, bool(actor.office_id))
            made = cls(actor.side, actor.permissions, known, actor.partners)
            if len(_standings) >= MOST_STANDINGS:
                _standings.clear()
            # Everybody of one standing has the same object, so that what is kept under it is found without comparing.
            kept = actor.__dict__["_standing"] = _standings.setdefault(made, made)
        return kept

    @cached_property
    def rights(self) -> Standing:
        """Give what of it is rights, whoever is looked after."""
        if not self.partners:
            return self
        made = Standing(self.side, self.permissions, self.known, frozenset())
        return _standings.setdefault(made, made)

    @cached_property
    def _hash(self) -> int:
        return hash((self.side, self.permissions, self.known, self.partners))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def actor(self) -> Actor:
        """Give somebody of this standing, for the text of statements and for what roles give."""
        return self.marked(0)

    def marked(self, turn: int) -> Actor:
        """Give somebody whose ids are marks."""
        marks = _MARKS[turn]
        partner, customer, office = self.known
        return Actor(
            id=marks["id"],
            name="",
            side=self.side,
            permissions=self.permissions,
            partner_id=marks["partner_id"] if partner else None,
            customer_id=marks["customer_id"] if customer else None,
            office_id=marks["office_id"] if office else None,
            partners=self.partners,
        )


_standings: dict[Standing, Standing] = {}


def given(name: str, type_: sa.types.TypeEngine[Any]) -> sa.BindParameter[Any]:
    """Leave a place in a statement for a value of the single question."""
    return sa.bindparam(name, None, type_=type_)


Process = Callable[[Any], Any] | None


class Statement:
    """A statement's text with the places of what is bound: the viewer's own ids, and what the question gives."""

    def __init__(self, text: str, constants: list[Any], viewer: list[Any], asked: list[Any]) -> None:
        self.text = text
        self._constants = constants
        self._viewer: list[tuple[int, str, Process]] = viewer
        self._asked: list[tuple[int, str, Process]] = asked

    def bind(self, actor: Actor, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Give the parameters of one call, in order."""
        bound = self._constants.copy()
        for place, name, process in self._viewer:
            value = getattr(actor, name)
            bound[place] = value if process is None else process(value)
        for place, name, process in self._asked:
            value = values[name]
            bound[place] = value if process is None or value is None else process(value)
        return tuple(bound)


def written(
    make: Callable[[Actor], sa.Select[Any]], standing: Standing, asked: frozenset[str], dialect: Dialect
) -> Statement:
    """Write a statement for everybody of one standing; `make` puts it together for one of them."""
    text, names, values, processors = compiled(make(standing.marked(0)), dialect)
    other_text, other_names, other_values, _ = compiled(make(standing.marked(1)), dialect)
    attribute_of = {value: name for name, value in _MARKS[0].items()}
    constants: list[Any] = []
    viewer, open_places = [], []
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        process = processors.get(name)
        constants.append(None)
        if name in asked:
            open_places.append((place, name, process))
        elif isinstance(value, (UUID, str)) and value in attribute_of:
            viewer.append((place, attribute_of[value], process))
        elif text != other_text or names != other_names or value != other_values[place]:
            raise TypeError(f"a scope makes something of its own out of the viewer's ids, in {text}")
        else:
            constants[place] = value if process is None else process(value)
    return Statement(text, constants, viewer, open_places)


def compiled(statement: sa.Select[Any], dialect: Dialect) -> tuple[str, list[str], list[Any], Mapping[str, Any]]:
    """Write a statement for a database: its text, and its parameters' names, values and processors."""
    made: Any = statement.compile(dialect=dialect)
    state = made.construct_expanded_state(escape_names=False)
    names = list(state.positiontup or ())
    values = [state.parameters[name] for name in names]
    return state.statement, names, values, {**made._bind_processors, **state.processors}
