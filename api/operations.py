"""Holds documents of tools against the schema: what each does, reads and needs, and what a change would do to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    print_ast,
)
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from api.graphql.analysis import Analysis
from api.graphql.deprecation import removals
from api.graphql.documents import Documents
from api.graphql.limits import Limits
from api.graphql.refusals import Refused
from models.kernel.lifecycle import lifecycles
from models.operations import DocumentKind, Examined, ManifestFormatError, Ruled, Submitted
from models.rights import PRESETS, Preset
from resolvers.fields import Access, node_types

LARGEST_PAGE: Final = 100
MOST_FILE_BYTES: Final = 2 * 1024 * 1024


class Examiner:
    """Examines documents against a schema, within the limits of a request (操作分析器)."""

    def __init__(self, schema: strawberry.Schema, limits: Limits | None = None) -> None:
        self._schema = schema
        self._limits = limits or Limits()
        self._graphql: GraphQLSchema = schema._schema
        self._ruled = dict(_ruled_fields(self._graphql))
        self._removals = removals(self._graphql)
        self._rights = dict(_rights_of_types())
        self._steps = dict(_rights_of_mutations())

    def __call__(self, text: str) -> Examined:
        """Say what a document does, or why it cannot run."""
        prepared = Documents(self._schema, self._limits).prepare(text, keep=False)
        try:
            if prepared.refusal is None:
                prepared.validate(self._schema)
            else:
                prepared.operation(None)
        except Refused as refused:
            return Examined(problems=tuple(dict.fromkeys(_sentence(one) for one in refused.errors)))
        operations = list(prepared.operations.values())
        assert prepared.document is not None, "what is not refused is parsed"
        if len(operations) != 1:
            return Examined(operations=len(operations))
        analysis = operations[0].analysis
        least = _cost(analysis, 1)
        if least > self._limits.cost:
            return Examined(problems=(f"It costs {least} at least; the limit is {self._limits.cost}.",))
        changing = analysis.kind == OperationType.MUTATION.value
        fields = tuple(sorted(analysis.coordinates))
        return Examined(
            name=analysis.name,
            kind=DocumentKind.MUTATION if changing else DocumentKind.QUERY,
            depth=analysis.depth,
            cost=_cost(analysis, LARGEST_PAGE),
            changes=_root_fields(prepared.document) if changing else 0,
            fields=fields,
            ruled=tuple(one for field in fields for one in self._ruled.get(field, ())),
            permissions=tuple(self._needed(fields)),
            deprecated=tuple(self._deprecated(fields)),
        )

    def _needed(self, fields: Iterable[str]) -> list[str]:
        found: set[str] = set()
        for field in fields:
            parent = field.partition(".")[0]
            found |= self._rights.get(parent, set()) | self._steps.get(field, set())
            found |= {one.reveal or one.plain for one in self._ruled.get(field, ())}
        return sorted(found)

    def _deprecated(self, fields: Iterable[str]) -> Iterator[dict[str, Any]]:
        for name in fields:
            field = _field(self._graphql, name)
            if field is not None and field.deprecation_reason:
                dated = self._removals.get(name)
                removed = dated.on.isoformat() if dated else None
                yield {"field": name, "reason": field.deprecation_reason, "removed_on": removed}


class _Every(dict[str, Any]):
    """Variables that all ask for the same page."""

    def __init__(self, size: int) -> None:
        self._size = size

    def get(self, key: str, default: Any = None) -> Any:
        return self._size


def _cost(analysis: Analysis, page: int) -> int:
    return analysis.cost_formula.total(_Every(page), page)


def _root_fields(document: DocumentNode) -> int:
    """Count the changes that a mutation makes: each root field is one, under whatever alias."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}

    def count(selections: SelectionSetNode) -> int:
        total = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total += node.name.value != "__typename"
            elif isinstance(node, InlineFragmentNode):
                total += count(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                total += count(fragments[node.name.value].selection_set)
        return total

    return sum(count(one.selection_set) for one in document.definitions if isinstance(one, OperationDefinitionNode))


def _field(schema: GraphQLSchema, coordinate: str) -> GraphQLField | None:
    parent, _, name = coordinate.partition(".")
    found = schema.type_map.get(parent)
    return found.fields.get(name) if isinstance(found, GraphQLObjectType | GraphQLInterfaceType) else None


def _ruled_fields(schema: GraphQLSchema) -> Iterator[tuple[str, tuple[Ruled, ...]]]:
    for parent in schema.type_map.values():
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for name, field in parent.fields.items():
            made = (field.extensions or {}).get("strawberry-definition")
            directives = made.directives if isinstance(made, StrawberryField) else ()
            place = f"{parent.name}.{name}"
            ruled = tuple(Ruled(place, one.plain, one.reveal) for one in directives if isinstance(one, Access))
            if ruled:
                yield place, ruled


def _rights_of_types() -> Iterator[tuple[str, set[str]]]:
    """Name the right of a partner's main account that lets it read a kind of row: the one on its resource."""
    reading = [str(right) for right in PRESETS[Preset.MAIN].permissions if ":read_" in right]
    for model, made in node_types().items():
        table = str(model.__tablename__)
        rights = {right for right in reading if f"{table}_".startswith(f"{right.partition(':')[0]}_")}
        if rights:
            yield made.__strawberry_definition__.name, rights  # type: ignore[attr-defined]


def _rights_of_mutations() -> Iterator[tuple[str, set[str]]]:
    """Name the permission of the step that a mutation takes, by its noun and verb."""
    found: dict[str, set[str]] = {}
    for lifecycle in lifecycles():
        made = node_types().get(lifecycle.model)
        noun = made.__strawberry_definition__.name if made is not None else ""  # type: ignore[attr-defined]
        for row in lifecycle:
            verb = to_camel_case(row.verb)
            mutation = f"Mutation.{noun[:1].lower()}{noun[1:]}{verb[:1].upper()}{verb[1:]}"
            found.setdefault(mutation, set()).add(str(row.permission))
    yield from found.items()


def _sentence(error: Mapping[str, Any]) -> str:
    message = str(error["message"])
    places = error.get("locations") or ()
    return f"{message} (line {places[0]['line']}, column {places[0]['column']})" if places else message


def read_folder(folder: Path) -> list[Submitted]:
    """Read the operations of a folder of .graphql files; fragments may stand in other files than their users.

    The id of each is `sha256:` with the digest of its text: the file's own without the newlines that end it, which are
    the editor's and not the tool's, or the operation with its fragments.
    """
    parsed: list[tuple[str, DocumentNode]] = []
    for path in sorted(folder.rglob("*.graphql")):
        if path.stat().st_size > MOST_FILE_BYTES:
            raise ManifestFormatError(path="manifest", problem=f"{path.name} is too large")
        try:
            # Line ends are the tool's own, since it sends what it has; reading as text would change them.
            text = path.read_bytes().decode("utf-8")
            parsed.append((text, parse(text)))
        except (GraphQLError, UnicodeDecodeError) as error:
            problem = error.message if isinstance(error, GraphQLError) else "not UTF-8"
            raise ManifestFormatError(path="manifest", problem=f"{path.name}: {problem}") from None
    fragments = {
        one.name.value: one
        for _, document in parsed
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    found = []
    for text, document in parsed:
        operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        for operation in operations:
            needed = _spread(operation, fragments)
            alone = len(operations) == 1 and set(needed) == {
                one.name.value for one in document.definitions if isinstance(one, FragmentDefinitionNode)
            }
            parts = [operation, *(fragments[name] for name in needed)]
            body = text.rstrip("\r\n") if alone else "\n\n".join(print_ast(one) for one in parts)
            one = Submitted("", body)
            found.append(Submitted(f"sha256:{one.sha256}", body))
    return found


def _spread(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, FragmentDefinitionNode]:
    """Gather the fragments that an operation needs, those that they need included, in the order of their first use."""
    needed: dict[str, FragmentDefinitionNode] = {}
    waiting: list[SelectionSetNode] = [operation.selection_set]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in fragments and name not in needed:
                    needed[name] = fragments[name]
                    waiting.append(fragments[name].selection_set)
            elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
                waiting.append(node.selection_set)
    return needed


__all__ = ["Examiner", "read_folder"]
