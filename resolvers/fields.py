"""GraphQL fields that say where their value comes from; look-ahead and permission text follow from that.

A type is declared with `@node(domain.Opportunity)`. Each bare annotation is a column of the row (a ruled one carries
its `@access` text); `one()` is a to-one relation, `many()` a keyset list, `computed()` a value made from columns, and a
resolver that needs columns of its row names them with `needs()`.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
)
from graphql import GraphQLIncludeDirective as Include
from graphql import GraphQLSkipDirective as Skip
from strawberry.schema_directive import Location
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from models.kernel.access import Actor, Outcome
from models.kernel.reads import Computed, ListWanted, Page, Row, Wanted
from models.kernel.record import Record, rules_of

T = TypeVar("T")
C = TypeVar("C", bound=type)
SOURCE = "partner_center.source"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="access",
    description="Which permission reads the field plainly or reveals it, and what everybody else gets.",
)
class Access:
    """The permission text (权限说明) of a ruled field."""

    plain: str
    reveal: str | None = None
    otherwise: str = "null, listed in extensions.redacted"


@dataclass(frozen=True)
class One:
    """The field is a to-one relation of the row."""


@dataclass(frozen=True)
class Many:
    """The field is a to-many relation of the row, listed by keyset."""

    relation: str


@dataclass(frozen=True)
class Needs:
    """The field's own resolver reads these columns of its row."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """The field is a column of the row."""


@dataclass(frozen=True)
class FieldAccessWanted:
    """The field is the row's field access."""


Source = One | Many | Needs | Column | Computed | FieldAccessWanted


def one(description: str | None = None) -> Any:
    """Declare a to-one relation; null where the viewer does not see the row."""
    return strawberry.field(description=description, metadata={SOURCE: One()})


def computed(
    *columns: str, of: Callable[[Mapping[str, Any], Any], Any], leans: bool = False, description: str | None = None
) -> Any:
    """Declare a value made from columns as the viewer gets them; `of` is called with them and the reader."""
    return strawberry.field(description=description, metadata={SOURCE: Computed(columns, of, leans)})


def needs(*columns: str) -> dict[str, Any]:
    """Give the metadata of a resolver field that reads these columns of its row."""
    return {SOURCE: Needs(columns)}


def many(relation: str) -> dict[str, Any]:
    """Give the metadata of a connection field: `@strawberry.field(metadata=many("opportunities"))`."""
    return {SOURCE: Many(relation)}


def listed(row: Any, info: Any) -> Any:
    """Answer a connection field from what the look-ahead has read already."""
    return row.list_of(info.path.key)


@strawberry.enum(description="What this viewer gets of a ruled field.")
class FieldOutcome(enum.Enum):
    """What a viewer gets to see (字段可见性)."""

    PLAIN = "PLAIN"
    MASKED = "MASKED"
    REFUSED = "REFUSED"


@strawberry.type(description="What this viewer may do with one ruled field of this row.")
class FieldAccess:
    """One ruled field of one row (字段权限)."""

    field: str
    outcome: FieldOutcome
    revealable: bool
    writable: bool


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    """A row that `node(id:)` finds."""

    id: strawberry.ID


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """The bounds of a page (分页信息)."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    """A row in a list with its cursor."""

    node: T
    cursor: str


@strawberry.type
class Connection(Generic[T]):
    """One page of a keyset list; `totalCount` is counted only when asked for, exactly up to 10,000."""

    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int | None
    total_count_is_exact: bool | None


_nodes: dict[type[Record], type] = {}


def node(model: type[Record], *, name: str | None = None, description: str | None = None) -> Callable[[C], C]:
    """Make the class the GraphQL type of a row type."""

    def declare(cls: C) -> C:
        rules = rules_of(model)
        annotations = inspect.get_annotations(cls)
        for field_name, annotation in annotations.items():
            if field_name == "id" or field_name in vars(cls):
                continue
            if field_name not in model.model_fields:
                raise TypeError(f"{cls.__name__}.{field_name} is no column of {model.__name__}")
            rule = rules.get(field_name)
            directives: list[object] = []
            if rule is not None:
                if "None" not in str(annotation):
                    raise TypeError(f"{cls.__name__}.{field_name} is ruled, so it must be nullable")
                directives = [
                    Access(
                        plain=f"{rule.group}:plain",
                        reveal=f"{rule.group}:reveal" if rule.mask else None,
                        otherwise="masked with reveal or masked, else null; listed in extensions.redacted"
                        if rule.mask
                        else "null, listed in extensions.redacted",
                    )
                ]
            setattr(cls, field_name, strawberry.field(metadata={SOURCE: Column()}, directives=directives))
        if rules or model.edit_columns:
            access = strawberry.field(resolver=_field_access, metadata={SOURCE: FieldAccessWanted()})
            setattr(cls, "field_access", access)  # noqa: B010  a class has no such attribute for mypy
        cls.is_type_of = classmethod(  # type: ignore[attr-defined]
            lambda _cls, obj, _info: getattr(obj, "record_type", None) is model
        )
        made: C = strawberry.type(cls, name=name, description=description)
        _nodes[model] = made
        return made

    return declare


def _field_access(root: strawberry.Parent[Any]) -> list[FieldAccess]:
    return [
        FieldAccess(
            field=to_camel_case(name),
            outcome=_OUTCOMES[outcome],
            revealable=outcome is Outcome.MASKED_REVEALABLE,
            writable=writable,
        )
        for name, outcome, writable in root.field_access
    ]


_OUTCOMES = {
    Outcome.PLAIN: FieldOutcome.PLAIN,
    Outcome.MASKED_REVEALABLE: FieldOutcome.MASKED,
    Outcome.MASKED: FieldOutcome.MASKED,
    Outcome.REFUSED: FieldOutcome.REFUSED,
}


def node_types() -> Mapping[type[Record], type]:
    """List the GraphQL type of each row type."""
    return _nodes


def type_of(model: type[Record]) -> type:
    """Give the GraphQL type of a row type."""
    return _nodes[model]


def definition(cls: type) -> StrawberryObjectDefinition:
    """Give strawberry's definition of a type."""
    found: StrawberryObjectDefinition = cls.__strawberry_definition__  # type: ignore[attr-defined]
    return found


_sources: dict[type, dict[str, tuple[str, Source, StrawberryField]]] = {}


def sources_of(cls: type) -> dict[str, tuple[str, Source, StrawberryField]]:
    """List a type's GraphQL field names with attribute, source and field."""
    if (known := _sources.get(cls)) is None:
        known = _sources[cls] = {}
        for field in definition(cls).fields:
            graphql_name = field.graphql_name or to_camel_case(field.python_name)
            declared: Mapping[Any, Any] = field.metadata or {}
            source = declared.get(SOURCE) or (Column() if field.python_name == "id" else Needs(()))
            known[graphql_name] = (field.python_name, source, field)
    return known


class LookAhead:
    """What one field of a query wants of its rows (前瞻), read off the document before anything is fetched."""

    def __init__(self, info: strawberry.Info[Any, Any]) -> None:
        raw = info._raw_info
        self._schema = raw.schema
        self._fragments: Mapping[Any, FragmentDefinitionNode] = raw.fragments
        self._variables = raw.variable_values
        self._nodes = raw.field_nodes
        self._info = info

    def of(self, model: type[Record]) -> Wanted:
        """Say what is wanted of the row that the field answers."""
        return self._wanted(type_of(model), [node.selection_set for node in self._nodes])

    def inside(self, model: type[Record], *path: str) -> Wanted:
        """Say what is wanted of the rows below some fields, such as the record in a payload."""
        sets: list[SelectionSetNode | None] = [node.selection_set for node in self._nodes]
        for name in path:
            sets = [
                field.selection_set
                for _, fields in self._fields(sets, None)
                for field in fields
                if field.name.value == name
            ]
        return self._wanted(type_of(model), sets)

    def of_connection(self, model: type[Record]) -> tuple[Wanted, bool]:
        """Say what is wanted of the rows of a connection, and whether their total."""
        return self._of_connection(type_of(model), [node.selection_set for node in self._nodes])

    def _of_connection(self, cls: type, sets: list[SelectionSetNode | None]) -> tuple[Wanted, bool]:
        inner: list[SelectionSetNode | None] = []
        total = False
        for _, fields in self._fields(sets, None):
            match fields[0].name.value:
                case "edges":
                    below = [field.selection_set for field in fields]
                    inner += [
                        field.selection_set
                        for _, found in self._fields(below, None)
                        for field in found
                        if field.name.value == "node"
                    ]
                case "nodes":
                    inner += [field.selection_set for field in fields]
                case "totalCount" | "totalCountIsExact":
                    total = True
        return self._wanted(cls, inner), total

    def _wanted(self, cls: type, sets: list[SelectionSetNode | None]) -> Wanted:
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
            below = [found.selection_set for found in fields]
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
                    ones.append((attribute, self._wanted(_target(field), below)))
                case Many(relation=relation):
                    wanted, total = self._of_connection(_target(field), below)
                    lists.append(ListWanted(key, relation, wanted, self._page(cls, fields[0]), total))
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

    def _fields(
        self, sets: Iterable[SelectionSetNode | None], type_name: str | None
    ) -> Iterator[tuple[str, list[FieldNode]]]:
        grouped: dict[str, list[FieldNode]] = {}
        for selections in sets:
            if selections is not None:
                self._collect(selections, type_name, grouped, set())
        return iter(grouped.items())

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
        merged[name] = wanted if before is None else _both(before, wanted)
    return tuple(merged.items())


def _both(one: Wanted, other: Wanted) -> Wanted:
    return Wanted(
        columns=one.columns | other.columns,
        computed=tuple(dict((*one.computed, *other.computed)).items()),
        ones=_merged([*one.ones, *other.ones]),
        lists=(*one.lists, *other.lists),
        access=one.access or other.access,
    )


_targets: dict[int, type] = {}


def _target(field: StrawberryField) -> type:
    if (known := _targets.get(id(field))) is None:
        inner: Any = field.type
        while hasattr(inner, "of_type"):
            inner = inner.of_type
        while getattr(defined := definition(inner), "type_var_map", None):
            inner = next(iter(defined.type_var_map.values()))
            while hasattr(inner, "of_type"):
                inner = inner.of_type
        known = _targets[id(field)] = inner
    return known


def page_of(
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    sort: Iterable[Any] | None = None,
    filter: Any = None,
    **_other: Any,
) -> Page:
    """Make a page from the arguments of a connection field, be they converted by strawberry or still plain."""
    return Page(
        first=first,
        after=after,
        last=last,
        before=before,
        sort=tuple(_sorts(sort)),
        filter=tuple(_filters(filter)),
    )


def _sorts(sort: Iterable[Any] | None) -> Iterator[tuple[str, bool]]:
    for key in sort or ():
        by = key["by"] if isinstance(key, dict) else key.by
        descending = key.get("descending", True) if isinstance(key, dict) else key.descending
        yield str(getattr(by, "value", by)), bool(descending)


def _filters(filter: Any) -> Iterator[tuple[str, Any]]:
    if filter is None:
        return
    values = filter if isinstance(filter, dict) else _fields_of(filter)
    for name, value in values.items():
        if value is None or value is strawberry.UNSET:
            continue
        yield _snake(name), _hashable(value)


def _fields_of(value: Any) -> dict[str, Any]:
    if hasattr(value, "as_filter"):
        found: dict[str, Any] = value.as_filter()
        return found
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _hashable(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_hashable(single) for single in value)
    return value


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def redactions(redacted: Mapping[tuple[type[Record], str], Outcome]) -> list[dict[str, Any]]:
    """Sum up what was withheld, once a field."""
    found = []
    for (model, name), outcome in sorted(redacted.items(), key=lambda item: (item[0][0].__name__, item[0][1])):
        cls = _nodes.get(model)
        found.append(
            {
                "field": f"{definition(cls).name if cls else model.__name__}.{to_camel_case(name)}",
                "outcome": _OUTCOMES[outcome].value,
                "revealable": outcome is Outcome.MASKED_REVEALABLE,
            }
        )
    return found


__all__ = [
    "Access",
    "Actor",
    "Connection",
    "Edge",
    "FieldAccess",
    "FieldOutcome",
    "LookAhead",
    "Node",
    "PageInfo",
    "Row",
    "computed",
    "listed",
    "many",
    "needs",
    "node",
    "node_types",
    "one",
    "page_of",
    "redactions",
]
