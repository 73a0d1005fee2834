"""Look-ahead: what a query wants of its rows, read off the document before anything is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
)
from graphql import GraphQLIncludeDirective as Include
from graphql import GraphQLSkipDirective as Skip
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from models.kernel.reads import Computed, ListWanted, Page, Wanted
from models.kernel.record import Record
from resolvers.fields import (
    Column,
    FieldAccessWanted,
    Many,
    Needs,
    One,
    definition,
    page_of,
    place_of,
    sources_of,
    type_of,
)

Sets: TypeAlias = "list[SelectionSetNode | None]"


class LookAhead:
    """What one field of a query wants of its rows (前瞻).

    Each list is kept under its place in the reply, so that aliases of a list, or of what holds it, may differ in their
    arguments.
    """

    def __init__(self, info: strawberry.Info[Any, Any]) -> None:
        self._read(info._raw_info)

    @classmethod
    def at(cls, raw: GraphQLResolveInfo[Any]) -> LookAhead:
        """Look ahead from a field as graphql-core knows it."""
        made = cls.__new__(cls)
        made._read(raw)
        return made

    def _read(self, raw: Any) -> None:
        self._schema = raw.schema
        self._fragments: Mapping[Any, FragmentDefinitionNode] = raw.fragments
        # Resolvers are given the coerced values alone.
        coerced: Any = raw.variable_values
        self._variables = VariableValues(sources={}, coerced=coerced)
        self._place = place_of(raw.path)
        self._sets: Sets = [node.selection_set for node in raw.field_nodes]

    def of(self, model: type[Record]) -> Wanted:
        """Say what is wanted of the row that the field answers."""
        return self._wanted(type_of(model), self._sets, self._place)

    def inside(self, model: type[Record], *path: str) -> Wanted:
        """Say what is wanted of the rows below some fields, such as the record in a payload."""
        spots = [(self._sets, self._place)]
        for name in path:
            spots = [below for sets, place in spots for below in self._below(sets, place, name)]
        return both(*(self._wanted(type_of(model), sets, place) for sets, place in spots))

    def of_connection(self, model: type[Record]) -> tuple[Wanted, bool]:
        """Say what is wanted of the rows of a connection, and whether their total."""
        return self._of_connection(type_of(model), self._sets, self._place)

    def _below(self, sets: Sets, place: str, name: str) -> list[tuple[Sets, str]]:
        return [
            ([field.selection_set for field in fields], f"{place}/{key}")
            for key, fields in self._fields(sets, None)
            if fields[0].name.value == name
        ]

    def _of_connection(self, cls: type, sets: Sets, place: str) -> tuple[Wanted, bool]:
        spots = self._below(sets, place, "nodes")
        for edges, edge in self._below(sets, place, "edges"):
            spots += self._below(edges, edge, "node")
        total = bool(self._below(sets, place, "totalCount") or self._below(sets, place, "totalCountIsExact"))
        return both(*(self._wanted(cls, inner, spot) for inner, spot in spots)), total

    def _wanted(self, cls: type, sets: Sets, place: str) -> Wanted:
        sources = sources_of(cls)
        columns: set[str] = set()
        made: list[tuple[str, Computed]] = []
        ones: list[tuple[str, Wanted]] = []
        lists: list[ListWanted] = []
        access = False
        for key, fields in self._fields(sets, definition(cls).name):
            if (known := sources.get(fields[0].name.value)) is None:
                continue
            attribute, source, field = known
            below: Sets = [found.selection_set for found in fields]
            spot = f"{place}/{key}"
            match source:
                case Column():
                    columns.add(attribute)
                case Needs(columns=needed):
                    columns.update(needed)
                case Computed():
                    made.append((attribute, source))
                case FieldAccessWanted():
                    access = True
                case One():
                    ones.append((attribute, self._wanted(_target(field), below, spot)))
                case Many(relation=relation):
                    wanted, total = self._of_connection(_target(field), below, spot)
                    lists.append(ListWanted(spot, relation, wanted, self._page(cls, fields[0]), total))
        return Wanted(
            columns=frozenset(columns),
            computed=tuple(dict(made).items()),
            ones=_merged(ones),
            lists=tuple(lists),
            access=access,
        )

    def _page(self, cls: type, field: FieldNode) -> Page:
        parent: Any = self._schema.get_type(definition(cls).name)
        declared = parent.fields[field.name.value]
        return page_of(**get_argument_values(declared, field, self._variables))

    def _fields(self, sets: Sets, type_name: str | None) -> Iterable[tuple[str, list[FieldNode]]]:
        grouped: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selections in sets:
            if selections is not None:
                self._collect(selections, type_name, grouped, seen)
        return grouped.items()

    def _collect(
        self,
        selections: SelectionSetNode,
        type_name: str | None,
        grouped: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for selection in selections.selections:
            if selection.directives and not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                grouped.setdefault(key, []).append(selection)
                continue
            fragment: InlineFragmentNode | FragmentDefinitionNode | None = None
            if isinstance(selection, InlineFragmentNode):
                fragment = selection
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                fragment = self._fragments.get(selection.name.value)
            if fragment is None:
                continue
            condition = fragment.type_condition
            if condition is None or type_name is None or condition.name.value in (type_name, "Node"):
                self._collect(fragment.selection_set, type_name, grouped, seen)

    def _included(self, selection: Any) -> bool:
        skip = get_directive_values(Skip, selection, self._variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(Include, selection, self._variables)
        return not include or bool(include["if"])


def _merged(ones: list[tuple[str, Wanted]]) -> tuple[tuple[str, Wanted], ...]:
    merged: dict[str, Wanted] = {}
    for name, wanted in ones:
        before = merged.get(name)
        merged[name] = wanted if before is None else both(before, wanted)
    return tuple(merged.items())


def both(*each: Wanted) -> Wanted:
    """Add up what several places want of one row."""
    if len(each) == 1:
        return each[0]
    return Wanted(
        columns=frozenset[str]().union(*(one.columns for one in each)),
        computed=tuple({name: made for one in each for name, made in one.computed}.items()),
        ones=_merged([related for one in each for related in one.ones]),
        lists=tuple(listed for one in each for listed in one.lists),
        access=any(one.access for one in each),
    )


_targets: dict[int, type] = {}


def _target(field: StrawberryField) -> type:
    if (known := _targets.get(id(field))) is None:
        inner = _bare(field.type)
        while getattr(defined := definition(inner), "type_var_map", None):
            inner = _bare(next(iter(defined.type_var_map.values())))
        known = _targets[id(field)] = inner
    return known


def _bare(declared: Any) -> Any:
    while hasattr(declared, "of_type"):
        declared = declared.of_type
    return declared.resolve_type() if isinstance(declared, LazyType) else declared


__all__ = ["LookAhead"]
