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
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.schema_directive import Location
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from models.kernel.access import Actor, FieldRule, Outcome
from models.kernel.reads import Computed, Page, Row
from models.kernel.reads import One as Relation
from models.kernel.reads.asking import Asked
from models.kernel.reads.declare import listing_of
from models.kernel.record import Record, rules_of

T = TypeVar("T")
C = TypeVar("C", bound=type)
SOURCE = "partner_center.source"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="access",
    repeatable=True,
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


@dataclass(frozen=True)
class Search:
    """The root field is a page of the rows of a type; `filter` makes the conditions of whoever sets none."""

    model: type[Record]
    filter: Callable[[], Any] | None = None


@dataclass(frozen=True)
class Single:
    """The root field is one row by its id: of one type, or with None of the type that the id names."""

    model: type[Record] | None


@dataclass(frozen=True)
class Told:
    """The root field is made of figures of the rows of a type; `single` ones of one statement's lines.

    Beside it, policy numbers are asked for where a condition leans on them.
    """

    model: type[Record]
    of: Callable[..., Asked]
    single: bool = False

    @cached_property
    def _leaning(self) -> frozenset[str]:
        return frozenset(name for name, one in listing_of(self.model).filters.items() if one.leans)

    def is_single(self, arguments: Mapping[str, Any]) -> bool:
        """Tell whether one statement answers it under these arguments."""
        if not self.single or (filter := arguments.get("filter")) is None:
            return self.single
        return not any(getattr(filter, name, None) is not None for name in self._leaning)


Source = One | Many | Needs | Column | Computed | FieldAccessWanted | Search | Single | Told


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


def search(model: type[Record], *, filter: Callable[[], Any] | None = None) -> dict[str, Any]:
    """Give the metadata of a root field that searches rows of a type; `searched` answers it."""
    return {SOURCE: Search(model, filter)}


def by_id(model: type[Record] | None) -> dict[str, Any]:
    """Give the metadata of a root field that gives one row by its id; `given` answers it."""
    return {SOURCE: Single(model)}


def told(model: type[Record], of: Callable[..., Asked], *, single: bool = False) -> dict[str, Any]:
    """Give the metadata of a root field that a read makes of figures; it takes the arguments, and `tell` answers it."""
    return {SOURCE: Told(model, of, single)}


def declared(field: StrawberryField) -> Source | None:
    """Give what a field declares of where its value comes from."""
    found: Mapping[Any, Any] = field.metadata or {}
    source: Source | None = found.get(SOURCE)
    return source


def many(relation: str) -> dict[str, Any]:
    """Give the metadata of a connection field: `@strawberry.field(metadata=many("opportunities"))`."""
    return {SOURCE: Many(relation)}


def listed(row: Any, info: Any) -> Any:
    """Answer a connection field from what the look-ahead has read already."""
    return row.list_of(place_of(info.path))


def place_of(path: Any) -> str:
    """Name a field's place in the reply, the same for each row of a list; every list of a reply has one of its own."""
    return "/".join(step for step in path.as_list() if isinstance(step, str))


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
            if rule is not None and "None" not in str(annotation):
                raise TypeError(f"{cls.__name__}.{field_name} is ruled, so it must be nullable")
            directives = [_access(rule, masked=rule.mask is not None)] if rule else []
            setattr(cls, field_name, strawberry.field(metadata={SOURCE: Column()}, directives=directives))
        for field_name, field in vars(cls).items():
            if isinstance(field, StrawberryField):
                field.directives = [*field.directives, *_derived(model, field_name, declared(field))]
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


def _access(rule: FieldRule, *, masked: bool) -> Access:
    return Access(
        plain=f"{rule.group}:plain",
        reveal=f"{rule.group}:reveal" if masked else None,
        otherwise="masked with reveal or masked, else null; listed in extensions.redacted"
        if masked
        else "null, listed in extensions.redacted",
    )


def _derived(model: type[Record], name: str, source: Any) -> list[Access]:
    """Say what a value made from ruled columns needs, and a relation that goes by one: it is as closed as they are."""
    rules = rules_of(model)
    columns: Iterable[str] = ()
    if isinstance(source, Computed):
        columns = source.columns
    elif isinstance(source, One) and isinstance(relation := model.relations.get(name), Relation):
        columns = (relation.key,)
    groups = {rules[column].group: rules[column] for column in columns if column in rules}
    return [_access(rule, masked=False) for rule in groups.values()]


def _field_access(root: strawberry.Parent[Any]) -> list[FieldAccess]:
    return access_of(root.field_access)


def access_of(listed: Iterable[tuple[str, Outcome, bool]]) -> list[FieldAccess]:
    """Tell the field access of a row."""
    return [
        FieldAccess(
            field=to_camel_case(name),
            outcome=_OUTCOMES[outcome],
            revealable=outcome is Outcome.MASKED_REVEALABLE,
            writable=writable,
        )
        for name, outcome, writable in listed
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
            source = declared(field) or (Column() if field.python_name == "id" else Needs(()))
            known[graphql_name] = (field.python_name, source, field)
    return known


def page_of(
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    sort: Iterable[Any] | None = None,
    filter: Any = None,
    kinds: Iterable[Any] | None = None,
    **_other: Any,
) -> Page:
    """Make a page from the arguments of a connection field, be they converted by strawberry or still plain.

    A list that has entries of several kinds takes the kinds alone.
    """
    return Page(
        first=first,
        after=after,
        last=last,
        before=before,
        sort=tuple(_sorts(sort)),
        filter=(*_filters(filter), *((("kind", tuple(map(str, kinds))),) if kinds is not None else ())),
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


@lru_cache(maxsize=512)
def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def redactions(redacted: Mapping[tuple[type[Record], str], Outcome]) -> list[dict[str, Any]]:
    """Sum up what was withheld, once a field."""
    return [dict(one) for one in _redactions(frozenset(redacted.items()))]


@lru_cache(maxsize=512)
def _redactions(redacted: frozenset[tuple[tuple[type[Record], str], Outcome]]) -> list[dict[str, Any]]:
    found = []
    for (model, name), outcome in sorted(redacted, key=lambda item: (item[0][0].__name__, item[0][1])):
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
    "Node",
    "PageInfo",
    "Row",
    "access_of",
    "by_id",
    "computed",
    "declared",
    "listed",
    "many",
    "needs",
    "node",
    "node_types",
    "one",
    "page_of",
    "place_of",
    "redactions",
    "search",
    "told",
]
