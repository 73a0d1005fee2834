"""A field's arguments as its resolver would get them, with everything that is alike in all calls found out before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING
from typing import Any, Final

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

from api.graphql.plans.variables import Given

Convert = Callable[[Any], Any]
Make = Callable[[dict[str, Any]], Any]
"""Makes what a resolver gets out of coerced variables."""
MOST_TEMPLATES: Final = 32
"""For how many ways to leave variables out, or to set them to null, one field keeps a template."""


class _Mark:
    """Stands for a variable's value while a template is made."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Arguments:
    """The arguments of one field of a document; those that no variable changes are read once.

    Of the others a template is kept for each way in which variables are given, left out or null: it is what
    graphql-core and strawberry make of marks in the variables' stead. Where a mark does not come out as it went in, the
    arguments are read anew each time.
    """

    def __init__(self, field: GraphQLField, node: FieldNode, converters: Converters | None, declared: Any) -> None:
        self._field = field
        self._node = node
        self._converted = converters.of_field(declared) if converters is not None else None
        self._fixed: dict[str, Any] | None = None
        self._variables = [name for argument in node.arguments or () for name in _variables(argument.value)]
        self._templates: dict[tuple[int, ...], Make | None] = {}
        if not self._variables:
            self._fixed = self._read(VariableValues(sources={}, coerced={}))

    def of(self, values: Given) -> dict[str, Any]:
        """Give the arguments."""
        if self._fixed is not None:
            return self._fixed
        coerced = values.coerced
        form = tuple([0 if name not in coerced else 1 if coerced[name] is None else 2 for name in self._variables])
        if form not in self._templates:
            if len(self._templates) >= MOST_TEMPLATES:
                return self._read(values.full)
            self._templates[form] = self._template(values.full, form.count(2))
        make = self._templates[form]
        if make is None:
            return self._read(values.full)
        found: dict[str, Any] = make(coerced)
        return found

    def _template(self, full: VariableValues, given: int) -> Make | None:
        marked = {name: value if value is None else _Mark(name) for name, value in full.coerced.items()}
        try:
            template = _Template()
            make = template.of(self._read(VariableValues(sources=full.sources, coerced=marked)))
        except Exception:  # something looked into a mark
            return None
        return make if template.found == given else None

    def _read(self, values: VariableValues) -> dict[str, Any]:
        given = get_argument_values(self._field, self._node, values)
        if self._converted is None:
            return given
        return {self._converted[name][0]: self._converted[name][1](value) for name, value in given.items()}


def _variables(value: Any) -> Iterator[str]:
    if isinstance(value, VariableNode):
        yield value.name.value
    parts = getattr(value, "values", None) or [one.value for one in getattr(value, "fields", None) or ()]
    for part in parts:
        yield from _variables(part)


class _Template:
    """Turns arguments with marks into a function of the variables; counts the marks that it has found."""

    def __init__(self) -> None:
        self.found = 0

    def of(self, value: Any) -> Make:
        """Give what makes the value anew."""
        return self._varying(value) or (lambda _coerced: value)

    def _varying(self, value: Any) -> Make | None:
        if type(value) is _Mark:
            self.found += 1
            name = value.name
            return lambda coerced: coerced[name]
        if type(value) is dict:
            parts = self._parts(value)
            return (lambda coerced: value | {name: part(coerced) for name, part in parts}) if parts else None
        if type(value) is list and value:
            before = self.found
            items = [self.of(item) for item in value]
            return (lambda coerced: [item(coerced) for item in items]) if self.found > before else None
        if has_object_definition(value) and not hasattr(value, "__post_init__"):
            return self._input(value)
        return None

    def _parts(self, values: dict[str, Any]) -> list[tuple[str, Make]]:
        return [(name, part) for name, value in values.items() if (part := self._varying(value)) is not None]

    def _input(self, value: Any) -> Make | None:
        cls, fixed = type(value), vars(value)
        if not (parts := self._parts(fixed)):
            return None

        def make(coerced: dict[str, Any]) -> Any:
            made = object.__new__(cls)
            attributes = made.__dict__
            attributes.update(fixed)
            for name, part in parts:
                attributes[name] = part(coerced)
            return made

        return make


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
