"""What a plan covers, and the names of what it does not."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, NoReturn

from graphql import (
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLString,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, collect_fields
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from api.graphql.executor import LARGEST_INT, Irregular, LeafExecutor, leaf_of, plain_attribute

Complete = Callable[[Any], Any]


class Fallback(enum.StrEnum):
    """Why a document runs through the executor after all."""

    FIRST_SIGHT = "first_sight"
    """Nobody has admitted it, and it has not been seen before."""
    MUTATION = "mutation"
    STRANGER = "stranger"
    INTROSPECTION = "introspection"
    RESOLVER = "resolver"
    """A field has a resolver of its own, which no declaration describes."""
    SHAPE = "shape"
    """A selection that only the executor completes: interfaces inside, deferred fields."""
    VARIABLES = "variables"
    """Variables that are wrong, or too many ways to include and to skip."""
    ARGUMENTS = "arguments"
    """A root field's arguments that make it more than its declaration says."""
    REFUSED = "refused"
    """The caller was refused something; the executor tells it, and answers the rest."""
    IRREGULAR = "irregular"
    """A value was out of the ordinary: a null where none may stand, or what its type does not take."""
    FAULT = "fault"
    """Something broke in the plan, or in the database; the log names the document once."""


class NotCovered(Exception):
    """A document that no plan can express."""

    def __init__(self, reason: Fallback) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Drafting:
    """An operation while its plan is made: graphql-core's own collecting of fields, and what it makes of values."""

    def __init__(self, schema: Any, document: Any, name: str | None, variables: dict[str, Any] | None) -> None:
        built: Any = LeafExecutor.build(
            schema,
            document,
            raw_variable_values=variables,
            operation_name=name,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        )
        if isinstance(built, list):
            raise NotCovered(Fallback.VARIABLES)
        self._executor: LeafExecutor = built
        self.schema = schema

    def roots(self) -> dict[str, FieldDetailsList]:
        """Collect the root fields by their response names."""
        executor = self._executor
        root = self.schema.query_type
        found = collect_fields(self.schema, executor.fragments, executor.variable_values, root, executor.operation)
        return _collected(found)

    def below(self, details: FieldDetailsList, object_type: GraphQLObjectType) -> dict[str, FieldDetailsList]:
        """Collect the fields that are selected below a field, by their response names."""
        return _collected(self._executor.collect_subfields(object_type, details))

    def info(
        self, field: GraphQLField, details: FieldDetailsList, parent: GraphQLObjectType, path: Any
    ) -> GraphQLResolveInfo[Any]:
        """Give what a resolver of the field would know."""
        return self._executor.build_resolve_info(field, [detail.node for detail in details], parent, path)

    def completer(self, output: GraphQLOutputType, details: FieldDetailsList) -> Complete:
        """Give what completes a plain value, or an object of plain attributes, as the executor would."""
        if not isinstance(_unwrapped(output), GraphQLObjectType):
            return _Completing(self, {}).by_calls(output, details)
        names: dict[str, Any] = {"missing": missing}
        written = _Completing(self, names).expression(output, details, "value")
        # The text holds response names and attributes, which are names of GraphQL and of Python, and numbers.
        found: Complete = eval(compile(f"lambda value: {written}", "<plan>", "eval"), names)  # noqa: S307
        return found


class _Completing:
    """Writes how values of plain attributes are completed: an expression with no call where a value is regular."""

    def __init__(self, draft: Drafting, names: dict[str, Any]) -> None:
        self._draft = draft
        self._names = names
        self._taken = 0

    def by_calls(self, output: GraphQLOutputType, details: FieldDetailsList) -> Complete:
        """Give what completes a value that is no object."""
        if isinstance(output, GraphQLNonNull):
            return _required(self.by_calls(output.of_type, details))
        if isinstance(output, GraphQLList):
            inner = _listed(self.by_calls(output.of_type, details))
        elif is_leaf_type(output):
            inner = leaf_of(output, optimized_is_awaitable)
        else:
            raise NotCovered(Fallback.SHAPE)
        return lambda value: None if value is None else inner(value)

    def expression(self, output: Any, details: FieldDetailsList, source: str) -> str:
        """Write how the value of an expression is completed."""
        required = isinstance(output, GraphQLNonNull)
        inner = output.of_type if required else output
        value = self._fresh()
        absent = "missing()" if required else "None"
        given = f"({value} := {source})"
        if isinstance(inner, GraphQLList):
            item = self._fresh()
            other = self._name(_not_listed)
            made = f"[{self.expression(inner.of_type, details, item)} for {item} in "
            made += f"({value} if type({value}) is list else {other}({value}))]"
            return f"({absent} if {given} is None else {made})"
        if isinstance(inner, GraphQLObjectType):
            return f"({absent} if {given} is None else {self._object(inner, details, value)})"
        if not is_leaf_type(inner):
            raise NotCovered(Fallback.SHAPE)
        leaf = self._name(leaf_of(inner, optimized_is_awaitable))
        if inner is GraphQLString or inner is GraphQLID:
            regular = f"type({given}) is str"
        elif inner is GraphQLInt:
            regular = f"type({given}) is int and {-LARGEST_INT} <= {value} <= {LARGEST_INT}"
        else:
            return f"({absent} if {given} is None else {leaf}({value}))"
        return f"({value} if {regular} else {absent} if {value} is None else {leaf}({value}))"

    def _object(self, output: GraphQLObjectType, details: FieldDetailsList, value: str) -> str:
        if output.is_type_of is not None:
            raise NotCovered(Fallback.SHAPE)
        parts = []
        for name, found in self._draft.below(details, output).items():
            node = found[0].node
            if node.name.value == "__typename":
                parts.append(f"{name!r}: {output.name!r}")
                continue
            field = output.fields[node.name.value]
            attribute = plain_attribute(field)
            if attribute is None or field.args:
                raise NotCovered(Fallback.RESOLVER)
            parts.append(f"{name!r}: {self.expression(field.type, found, f'{value}.{attribute}')}")
        return f"{{{', '.join(parts)}}}"

    def _fresh(self) -> str:
        self._taken += 1
        return f"v{self._taken}"

    def _name(self, value: Any) -> str:
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name


def _unwrapped(output: Any) -> Any:
    while isinstance(output, (GraphQLNonNull, GraphQLList)):
        output = output.of_type
    return output


def missing() -> NoReturn:
    """Meet a null where none may stand."""
    raise Irregular


def _not_listed(values: Any) -> Any:
    if not isinstance(values, tuple):
        raise Irregular
    return values


def _collected(found: Any) -> dict[str, FieldDetailsList]:
    if found.new_defer_usages:
        raise NotCovered(Fallback.SHAPE)
    for details in found.grouped_field_set.values():
        if details[0].fragment_variable_values is not None:
            raise NotCovered(Fallback.SHAPE)
    return dict(found.grouped_field_set)


def _required(inner: Complete) -> Complete:
    def complete(value: Any) -> Any:
        if value is None:
            raise Irregular
        return inner(value)

    return complete


def _listed(item: Complete) -> Complete:
    def complete(values: Any) -> list[Any]:
        if not isinstance(values, (list, tuple)):
            raise Irregular
        return [item(value) for value in values]

    return complete


def strawberry_field(field: GraphQLField) -> StrawberryField:
    """Give the declaration that a field of the schema was made from."""
    declared = (field.extensions or {}).get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(declared, StrawberryField) or declared.permission_classes or declared.extensions:
        raise NotCovered(Fallback.RESOLVER)
    return declared


def object_type(output: GraphQLOutputType) -> GraphQLObjectType:
    """Give the object type of a field that may be null."""
    if not isinstance(output, GraphQLObjectType):
        raise NotCovered(Fallback.SHAPE)
    return output


def listed_type(output: Any) -> GraphQLObjectType:
    """Give the object type of the items of a list in which nothing is null."""
    for wrapper in (GraphQLNonNull, GraphQLList, GraphQLNonNull):
        if not isinstance(output, wrapper):
            raise NotCovered(Fallback.SHAPE)
        output = output.of_type
    return object_type(output)


def required_type(output: Any) -> GraphQLObjectType:
    """Give the object type of a field that is never null."""
    if not isinstance(output, GraphQLNonNull):
        raise NotCovered(Fallback.SHAPE)
    return object_type(output.of_type)


__all__ = [
    "Complete",
    "Drafting",
    "Fallback",
    "FieldDetailsList",
    "Irregular",
    "NotCovered",
    "listed_type",
    "missing",
    "object_type",
    "required_type",
    "strawberry_field",
]
