"""A compiled plan: what a document's root fields read, in which statements, and how the lines become the reply."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson
import strawberry
from graphql.pyutils import Path

from api.graphql.plans.arguments import Arguments, Converters
from api.graphql.plans.code import Listed, Place
from api.graphql.plans.cover import Complete, Drafting, Fallback, NotCovered, object_type, strawberry_field
from api.graphql.plans.variables import Given
from api.graphql.plans.writing import Writer
from api.held import Held
from models.kernel.access import Actor
from models.kernel.reads import Page, Wanted
from models.kernel.reads.asking import Asked, Asking, hexadecimal, leans
from models.kernel.reads.filters import Narrowing
from models.kernel.reads.keyset import Order
from models.kernel.reads.plan import Level
from models.kernel.reads.statement import Standing
from models.kernel.record import Record
from resolvers.context import filtered, row_of
from resolvers.fields import Search, Single, Told, declared, definition, page_of, redactions, type_of
from resolvers.lookahead import LookAhead

Pages: TypeAlias = dict[int, Page]


@dataclass
class SearchRoot:
    """A root field that lists rows."""

    key: str
    source: Search
    arguments: Arguments
    listed: Listed
    lists: list[Listed]
    nested: dict[int, Arguments]

    def single(self, pages: Pages) -> bool:
        """Tell whether one statement answers it."""
        listed = self.listed
        return not (listed.below or listed.total or leans(listed.model, listed.wanted, pages[0]))

    def prepared(self, values: Given) -> Pages:
        """Read the arguments."""
        pages = {0: page_of(**filtered(self.source, self.arguments.of(values)))}
        for index, arguments in self.nested.items():
            pages[index] = page_of(**arguments.of(values))
        return pages

    def ask(self, asking: Asking, pages: Pages) -> Asked:
        """Ask for the page and for what hangs on it."""
        listed, page = self.listed, pages[0]
        if leans(listed.model, listed.wanted, page):
            yield from asking.ask_policies()
        order = Order(listed.model, page, asking.standing, asking.dialect)
        narrowing = Narrowing(listed.model, page, asking)
        count: int | None = None
        if listed.total:
            count = int((yield asking.ask_count(listed.model, narrowing))[0][0])
        lines: list[Any] = []
        if order.size:
            lines = yield asking.ask_page(listed.level, order, narrowing)
        following, preceding = order.bounds(len(lines) > order.size)
        if not order.size:
            following = preceding = False
        lines = lines[: order.size]
        if order.backward:
            lines.reverse()
        found: dict[int, Any] = {}
        yield from _hanging(asking, listed.below, lines, pages, found)
        return lines, order, following, preceding, count, found

    def reply(self, answer: Any, reader: Asking, claimed: frozenset[str]) -> Any:
        """Put the answer into the reply."""
        *page, found = answer
        made = _made(self.lists, found, reader, claimed)
        return self.listed.reply(*page, made, reader, claimed)


@dataclass
class SingleRoot:
    """A root field that gives one row by its id."""

    key: str
    source: Single
    arguments: Arguments
    draw: Callable[[type[Record]], Drawn]
    drawn: dict[type[Record], Drawn] = field(default_factory=dict)

    def single(self, prepared: Any) -> bool:
        """Tell whether one statement answers it."""
        return prepared is None or not (prepared[0].below or prepared[0].wanted.leans)

    def prepared(self, values: Given) -> Any:
        """Read the id, and the arguments of the lists that hang on the row."""
        given = {name: value for name, value in self.arguments.of(values).items() if value is not None}
        if set(given) != {"id"}:
            raise NotCovered(Fallback.ARGUMENTS)
        found = row_of(self.source, given["id"])
        if found is None:
            return None
        model, id = found
        if (drawn := self.drawn.get(model)) is None:
            drawn = self.drawn[model] = self.draw(model)
        return drawn, id, {index: page_of(**arguments.of(values)) for index, arguments in drawn.nested.items()}

    def ask(self, asking: Asking, prepared: Any) -> Asked:
        """Ask for the row and for what hangs on it."""
        if prepared is None:
            return None
        drawn, id, pages = prepared
        if drawn.wanted.leans:
            yield from asking.ask_policies()
        lines = yield asking.ask_ids(drawn.level, [id.hex])
        found: dict[int, Any] = {}
        yield from _hanging(asking, drawn.below, lines, pages, found)
        return drawn, lines, found

    def reply(self, answer: Any, reader: Asking, claimed: frozenset[str]) -> Any:
        """Put the answer into the reply."""
        if answer is None or not answer[1]:
            return None
        drawn, lines, found = answer
        made = _made(drawn.lists, found, reader, claimed)
        return drawn.rows(lines, made, reader, claimed)[0]


@dataclass
class Drawn:
    """How a single row of one type is read and put into the reply."""

    wanted: Wanted
    level: Level
    below: list[tuple[int, Listed]]
    lists: list[Listed]
    nested: dict[int, Arguments]
    rows: Callable[..., list[Any]]


@dataclass
class ToldRoot:
    """A root field that is made of figures."""

    key: str
    source: Told
    arguments: Arguments
    complete: Complete

    def single(self, given: dict[str, Any]) -> bool:
        """Tell whether one statement answers it."""
        return self.source.is_single(given)

    def prepared(self, values: Given) -> dict[str, Any]:
        """Read the arguments."""
        return self.arguments.of(values)

    def ask(self, asking: Asking, given: dict[str, Any]) -> Asked:
        """Ask for the figures."""
        return self.source.of(asking, **given)

    def reply(self, answer: Any, asking: Asking, claimed: frozenset[str]) -> Any:
        """Put the answer into the reply."""
        return self.complete(answer)


@dataclass
class NamedRoot:
    """The root's own name."""

    key: str
    name: str

    def single(self, given: None) -> bool:
        """Tell that no statement is needed."""
        return True

    def prepared(self, values: Given) -> None:
        """Need nothing."""

    def ask(self, asking: Asking, given: None) -> Asked:
        """Ask for nothing."""
        yield from ()

    def reply(self, answer: Any, asking: Asking, claimed: frozenset[str]) -> Any:
        """Give the name."""
        return self.name


Root: TypeAlias = SearchRoot | SingleRoot | ToldRoot | NamedRoot


def _hanging(
    asking: Asking, below: list[tuple[int, Listed]], lines: list[Any], pages: Pages, found: dict[int, Any]
) -> Asked:
    """Ask for the lists that hang on some lines, one statement a list."""
    for place, listed in below:
        keys = list(dict.fromkeys(hexadecimal(line[place]) for line in lines if line[place] is not None))
        page, relation = pages[listed.index], listed.relation
        assert relation is not None
        order = Order(listed.model, page, asking.standing, asking.dialect)
        narrowing = Narrowing(listed.model, page, asking)
        counts: dict[str, int] = {}
        if listed.total and keys:
            counted = yield asking.ask_counts(listed.level, relation, narrowing, keys)
            counts = {hexadecimal(line[0]): line[1] for line in counted}
        gathered: dict[str, list[Any]] = {key: [] for key in keys}
        if keys and order.size:
            for line in (yield asking.ask_list(listed.level, relation, order, narrowing, keys)):
                gathered[hexadecimal(line[-1])].append(line)
        kept: dict[str, tuple[list[Any], bool, bool]] = {}
        for key, all_found in gathered.items():
            following, preceding = order.bounds(len(all_found) > order.size)
            hanging = all_found[: order.size]
            if order.backward:
                hanging.reverse()
            kept[key] = hanging, following, preceding
        found[listed.index] = kept, order, counts
        if listed.below:
            every = [line for hanging, _, _ in kept.values() for line in hanging]
            yield from _hanging(asking, listed.below, every, pages, found)


def _made(
    lists: list[Listed], found: dict[int, Any], reader: Asking, claimed: frozenset[str]
) -> dict[int, dict[str, Any]]:
    """Make the lists, those within others first."""
    made: dict[int, dict[str, Any]] = {}
    for listed in reversed(lists):
        if listed.relation is None:
            continue
        kept, order, counts = found[listed.index]
        reply, total = listed.reply, listed.total
        made[listed.index] = {
            key: reply(lines, order, following, preceding, counts.get(key, 0) if total else None, made, reader, claimed)
            for key, (lines, following, preceding) in kept.items()
        }
    return made


class Plan:
    """How one operation is answered for everybody with the same rights (执行计划)."""

    def __init__(self, roots: list[Root]) -> None:
        self.roots = roots

    async def run(self, held: Held[Any], actor: Actor, now: dt.datetime, values: Given) -> bytes:
        """Answer in one snapshot."""
        prepared: list[Any] = [root.prepared(values) for root in self.roots]
        asking = Asking(actor, now, held.dialect)
        single = len(prepared) == 1 and self.roots[0].single(prepared[0])
        answers = await held.run(self._asked(asking, prepared), single=single)
        claimed = frozenset(id.hex for id in actor.claimed)
        data = {root.key: root.reply(answer, asking, claimed) for root, answer in zip(self.roots, answers, strict=True)}
        payload: dict[str, Any] = {"data": data}
        if asking.redacted:
            payload["extensions"] = {"redacted": redactions(asking.redacted)}
        return orjson.dumps(payload)

    def _asked(self, asking: Asking, prepared: list[Any]) -> Asked:
        answers = []
        for root, given in zip(self.roots, prepared, strict=True):
            answers.append((yield from root.ask(asking, given)))
        return answers


def compiled(
    schema: strawberry.Schema,
    converters: Converters,
    document: Any,
    name: str | None,
    variables: dict[str, Any] | None,
    standing: Standing,
    dialect: str,
) -> Plan:
    """Make the plan of an operation, or raise what keeps it from having one."""
    draft = Drafting(schema._schema, document, name, variables)
    roots: list[Root] = []
    for key, details in draft.roots().items():
        roots.append(_root(converters, draft, key, details, standing, dialect))
    return Plan(roots)


def _root(converters: Converters, draft: Drafting, key: str, details: Any, standing: Standing, dialect: str) -> Root:
    query = draft.schema.query_type
    node = details[0].node
    if node.name.value == "__typename":
        return NamedRoot(key, query.name)
    field = query.fields.get(node.name.value)
    if field is None:
        raise NotCovered(Fallback.INTROSPECTION)
    field_declared = strawberry_field(field)
    source = declared(field_declared)
    arguments = Arguments(field, node, converters, field_declared)
    look = LookAhead.at(draft.info(field, details, query, Path(None, key, query.name)))
    match source:
        case Search(model=model):
            writer = Writer(draft, standing, dialect)
            wanted, total = look.of_connection(model)
            listed = writer.listed(model, wanted, total, field, details, key)
            lists, nested = _finished(writer)
            return SearchRoot(key, source, arguments, listed, lists, nested)
        case Single():

            def draw(model: type[Record]) -> Drawn:
                named = draft.schema.get_type(definition(type_of(model)).name)
                if source.model is not None and named is not object_type(field.type):
                    raise NotCovered(Fallback.SHAPE)
                writer = Writer(draft, standing, dialect)
                wanted = look.of(model)
                place = Place(writer.level(model, wanted), wanted, named, draft.below(details, named), key, [])
                rows = writer.rows(place)
                lists, nested = _finished(writer)
                return Drawn(wanted, place.level, place.below, lists, nested, writer.made[rows])

            drawn = {source.model: draw(source.model)} if source.model is not None else {}
            return SingleRoot(key, source, arguments, draw, drawn)
        case Told():
            return ToldRoot(key, source, arguments, draft.completer(field.type, details))
    raise NotCovered(Fallback.RESOLVER)


def _finished(writer: Writer) -> tuple[list[Listed], dict[int, Arguments]]:
    writer.finish()
    nested = {
        listed.index: Arguments(listed.field, listed.details[0].node, None, None)
        for listed in writer.lists
        if listed.relation is not None
    }
    return writer.lists, nested


__all__ = ["Plan", "compiled"]
