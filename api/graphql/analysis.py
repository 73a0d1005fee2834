"""One pass over a parsed document that says how deep, how wide and how costly each of its operations is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

CEILING = 10**9
LARGEST_PAGE = 10_000
PAGE_ARGUMENTS = ("first", "last")


class Pages(NamedTuple):
    """The page size that a field asks for: a number, or the names of the variables that will say it."""

    literal: int
    variables: tuple[str, ...] = ()

    def size(self, variables: Mapping[str, Any], default: int) -> int:
        size = self.literal
        for name in self.variables:
            size = max(size, page_size(variables.get(name), default))
        return size


class Cost(NamedTuple):
    """What a selection costs: a sum that is known, and parts that wait for the variables."""

    known: int
    open: tuple[tuple[Pages, "Cost"], ...] = ()

    def total(self, variables: Mapping[str, Any], default: int) -> int:
        """Return the cost with these variables, capped, in time linear in the document's size."""
        if not self.open:
            return self.known
        done: dict[int, int] = {}
        waiting = [self]
        while waiting:
            cost = waiting[-1]
            missing = [part for _, part in cost.open if id(part) not in done]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            total = cost.known
            for pages, part in cost.open:
                total += pages.size(variables, default) * done[id(part)]
            done[id(cost)] = min(CEILING, total)
        return done[id(self)]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known of one operation before it runs."""

    kind: str
    name: str | None
    depth: int
    aliases: int
    directives: int
    repeats: int
    """Fields of the whole document that repeat a name of their selection; merging them takes quadratic time."""
    root_fields: frozenset[str]
    coordinates: frozenset[str]
    introspects: bool
    default_page: int
    cost_formula: Cost
    defaults: Mapping[str, Any]

    def cost(self, variables: Mapping[str, Any] | None = None) -> int:
        """Return what the operation costs with these variables."""
        formula = self.cost_formula
        if not formula.open:
            return formula.known
        return formula.total({**self.defaults, **(variables or {})}, self.default_page)


@dataclass(slots=True)
class _Measure:
    """What one selection adds up to, its fragments included, and what stands in it, its fragments not included."""

    depth: int = 0
    aliases: int = 0
    known: int = 0
    open: list[tuple[Pages, Cost]] = field(default_factory=list)

    def cost(self) -> Cost:
        return Cost(min(CEILING, self.known), tuple(self.open))

    def add(self, other: "_Measure | _Fragment", cost: Cost) -> None:
        self.depth = max(self.depth, other.depth)
        self.aliases = min(CEILING, self.aliases + other.aliases)
        if cost.open:
            self.open.append((_ONCE, cost))
        else:
            self.known = min(CEILING, self.known + cost.known)


class _Fragment(NamedTuple):
    depth: int
    aliases: int
    cost: Cost
    coordinates: frozenset[str]
    top_fields: frozenset[str]
    introspects: bool


_ONCE = Pages(1)
_NOTHING = _Fragment(0, 0, Cost(0), frozenset(), frozenset(), False)


def page_size(value: object, default: int) -> int:
    """Return the number of rows that a page argument asks for, clamped; what is no number counts as the default."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return default
    return max(1, min(value, LARGEST_PAGE))


def analyze(schema: GraphQLSchema, document: DocumentNode, default_page: int = 20) -> dict[str | None, Analysis]:
    """Measure every operation of a document, keyed by name.

    The document need not be valid: unknown fields, types and fragments count as what they seem, cycles count once.
    Takes time linear in the document's size, however its fragments are nested.
    """
    fragments: dict[str, FragmentDefinitionNode] = {}
    spreads: dict[str, list[str]] = {}
    directives = repeats = 0
    for node in document.definitions:
        names, found_directives, found_repeats = _survey(node)
        directives += found_directives
        repeats += found_repeats
        if isinstance(node, FragmentDefinitionNode):
            fragments[node.name.value] = node
            spreads[node.name.value] = names
    measured: dict[str, _Fragment] = {}
    for name in _innermost_first(spreads):
        on = schema.type_map.get(fragments[name].type_condition.name.value)
        measured[name] = _Definition(schema, measured, default_page).measure(fragments[name].selection_set, on)
    found: dict[str | None, Analysis] = {}
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        whole = _Definition(schema, measured, default_page).measure(
            node.selection_set, schema.get_root_type(node.operation)
        )
        defaults = {
            variable.variable.name.value: int(variable.default_value.value)
            for variable in node.variable_definitions or ()
            if isinstance(variable.default_value, IntValueNode) and len(variable.default_value.value) < 20
        }
        name_of = node.name.value if node.name else None
        found[name_of] = Analysis(
            kind=node.operation.value,
            name=name_of,
            depth=whole.depth,
            aliases=whole.aliases,
            directives=directives,
            repeats=repeats,
            root_fields=whole.top_fields,
            coordinates=whole.coordinates,
            introspects=whole.introspects,
            default_page=default_page,
            cost_formula=whole.cost,
            defaults=defaults,
        )
    return found


class _Definition:
    """Measures one operation or fragment; recursion stays inside it, where the parser has bounded the nesting."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, _Fragment], default_page: int) -> None:
        self.schema = schema
        self.fragments = fragments
        self.default_page = default_page
        self.coordinates: set[str] = set()
        self.top_fields: set[str] = set()
        self.introspects = False
        self.spread: dict[str, _Fragment] = {}

    def measure(self, selections: SelectionSetNode, on: GraphQLNamedType | None) -> _Fragment:
        whole = self._selection(selections, on, top=True)
        introspects = self.introspects
        for fragment in self.spread.values():
            self.coordinates |= fragment.coordinates
            introspects = introspects or fragment.introspects
        return _Fragment(
            whole.depth,
            whole.aliases,
            whole.cost(),
            frozenset(self.coordinates),
            frozenset(self.top_fields),
            introspects,
        )

    def _selection(self, selections: SelectionSetNode, on: GraphQLNamedType | None, top: bool) -> _Measure:
        total = _Measure()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                self._field(node, on, total, top)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inside = self.schema.type_map.get(condition.name.value) if condition else on
                measure = self._selection(node.selection_set, inside, top)
                total.add(measure, measure.cost())
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments.get(node.name.value, _NOTHING)
                self.spread[node.name.value] = fragment
                if top:
                    self.top_fields |= fragment.top_fields
                total.add(fragment, fragment.cost)
        return total

    def _field(self, node: FieldNode, on: GraphQLNamedType | None, total: _Measure, top: bool) -> None:
        name = node.name.value
        if top:
            self.top_fields.add(name)
        introspecting = name in {"__schema", "__type"}
        self.introspects = self.introspects or introspecting
        fields = on.fields if isinstance(on, GraphQLObjectType | GraphQLInterfaceType) else {}
        definition = fields.get(name)
        if on is not None and definition is not None:
            self.coordinates.add(f"{on.name}.{name}")
        if node.selection_set is None:
            total.depth = max(total.depth, 1)
            total.aliases = min(CEILING, total.aliases + (node.alias is not None))
            total.known = min(CEILING, total.known + 1)
            return
        pages = self._pages(node, definition.args if definition else {})
        inside = self._selection(node.selection_set, get_named_type(definition.type) if definition else None, False)
        # How deep introspection may go is a rule of validation: clients unwrap types with ten levels that end early.
        total.depth = max(total.depth, 1 if introspecting else 1 + inside.depth)
        total.aliases = min(CEILING, total.aliases + inside.aliases + (node.alias is not None))
        cost = inside.cost()
        total.known += 1
        if pages.variables or cost.open:
            total.open.append((pages, cost))
        else:
            total.known += pages.literal * cost.known
        total.known = min(CEILING, total.known)

    def _pages(self, node: FieldNode, declared: Mapping[str, Any]) -> Pages:
        largest, variables = 0, []
        for argument in node.arguments or ():
            if argument.name.value not in PAGE_ARGUMENTS:
                continue
            value = argument.value
            if isinstance(value, VariableNode):
                variables.append(value.name.value)
            elif isinstance(value, IntValueNode):
                largest = max(largest, LARGEST_PAGE if len(value.value) > 6 else page_size(int(value.value), 1))
        if largest or variables:
            return Pages(largest, tuple(variables))
        paged = any(name in declared for name in PAGE_ARGUMENTS)
        return Pages(self.default_page) if paged else _ONCE


def _innermost_first(spreads: Mapping[str, list[str]]) -> list[str]:
    """Order fragments so that each stands after those it spreads."""
    order: list[str] = []
    seen: set[str] = set()
    for start in spreads:
        path = [(start, iter(spreads[start]))] if start not in seen else []
        seen.add(start)
        while path:
            name, rest = path[-1]
            following = next((spread for spread in rest if spread in spreads and spread not in seen), None)
            if following is None:
                order.append(name)
                path.pop()
            else:
                seen.add(following)
                path.append((following, iter(spreads[following])))
    return order


def _survey(definition: DefinitionNode) -> tuple[list[str], int, int]:
    """Return the fragments that a definition spreads, its number of directives, and of fields that repeat a name."""
    if not isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
        return [], 0, 0
    spreads: list[str] = []
    repeats = 0
    directives = len(definition.directives or ())
    for variable in definition.variable_definitions or ():
        directives += len(variable.directives or ())
    waiting: list[tuple[SelectionSetNode, set[str]]] = [(definition.selection_set, set())]
    while waiting:
        selections, names = waiting.pop()
        for node in selections.selections:
            if node.directives:
                directives += len(node.directives)
            if isinstance(node, FieldNode):
                name = (node.alias or node.name).value
                repeats += name in names
                names.add(name)
                if node.selection_set:
                    waiting.append((node.selection_set, set()))
            elif isinstance(node, InlineFragmentNode):
                waiting.append((node.selection_set, names))
            elif isinstance(node, FragmentSpreadNode):
                spreads.append(node.name.value)
    return spreads, directives, repeats
