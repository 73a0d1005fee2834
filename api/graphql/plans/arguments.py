"""A field's arguments as its resolver would get them, with everything that is alike in all calls found out before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

import strawberry
from graphql import FieldNode, GraphQLField, VariableNode, get_argument_values
from graphql.execution.values import VariableValues
from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UNSET

Convert = Callable[[Any], Any]


class Arguments:
    """The arguments of one field of a document; those that no variable changes are read once."""

    def __init__(self, field: GraphQLField, node: FieldNode, converters: Converters | None, declared: Any) -> None:
        self._field = field
        self._node = node
        self._converted = converters.of_field(declared) if converters is not None else None
        self._fixed: dict[str, Any] | None = None
        if not any(_varies(argument.value) for argument in node.arguments or ()):
            self._fixed = self._read(VariableValues(sources={}, coerced={}))

    def of(self, values: VariableValues) -> dict[str, Any]:
        """Give the arguments."""
        return self._read(values) if self._fixed is None else self._fixed

    def _read(self, values: VariableValues) -> dict[str, Any]:
        given = get_argument_values(self._field, self._node, values)
        if self._converted is None:
            return given
        return {self._converted[name][0]: self._converted[name][1](value) for name, value in given.items()}


def _varies(value: Any) -> bool:
    if isinstance(value, VariableNode):
        return True
    parts = getattr(value, "values", None) or [one.value for one in getattr(value, "fields", None) or ()]
    return any(_varies(part) for part in parts)


class Converters:
    """Turns coerced values into what resolvers take, as strawberry does; it asks each type's fields only once."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._schema = schema
        self._inputs: dict[type, Convert] = {}

    def of_field(self, field: StrawberryField) -> dict[str, tuple[str, Convert]]:
        """List a field's arguments by their names in the schema: the resolver's name for each, and its conversion."""
        name_of = self._schema.config.name_converter.from_argument
        return {name_of(one): (str(one.python_name), self._converter(one.type)) for one in field.arguments}

    def _converter(self, type_: Any) -> Convert:
        if isinstance(type_, StrawberryOptional) and not isinstance(type_, StrawberryMaybe):
            inner = self._converter(type_.of_type)
            return lambda value: None if value is None else inner(value)
        if isinstance(type_, StrawberryList) and not isinstance(type_.of_type, StrawberryMaybe):
            item = self._converter(type_.of_type)
            return lambda value: value if value is None or value is UNSET else [item(one) for one in value]
        if isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_):
            return _itself
        if type_ is not GlobalID and is_scalar(type_, self._schema.schema_converter.scalar_registry):
            return _itself
        if has_object_definition(type_) and type_.__strawberry_definition__.from_input is None:
            return self._input(type_)
        return self._as_strawberry(type_)

    def _as_strawberry(self, type_: Any) -> Convert:
        registry, config = self._schema.schema_converter.scalar_registry, self._schema.config
        return lambda value: convert_argument(value, type_, registry, config)

    def _input(self, type_: Any) -> Convert:
        if type_ in self._inputs:
            return self._inputs[type_]
        definition = type_.__strawberry_definition__
        name_of = self._schema.config.name_converter.from_field
        fields: dict[str, tuple[str, Convert]] = {}
        absent = {
            field.python_name: None
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }

        def convert(value: Any) -> Any:
            if value is None or value is UNSET:
                return value
            given: dict[str, Any] = dict(absent)
            for name, one in value.items():
                if (known := fields.get(name)) is not None:
                    given[known[0]] = known[1](one)
            return type_(**given)

        self._inputs[type_] = convert
        for field in definition.fields:
            inner = self._converter(field.resolve_type(type_definition=definition))
            fields[name_of(field)] = (field.python_name, inner)
        return convert


def _itself(value: Any) -> Any:
    return value


__all__ = ["Arguments", "Converters"]
