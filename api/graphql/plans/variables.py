"""The variables of a planned operation: ids, numbers, texts and codes are taken at once, all others by graphql-core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    get_variable_values,
    type_from_ast,
)
from graphql.execution.values import VariableValues

from api.graphql.executor import LARGEST_INT

_QUICK: Mapping[Any, Callable[[Any], bool]] = {
    GraphQLID: lambda value: type(value) is str,
    GraphQLString: lambda value: type(value) is str,
    GraphQLBoolean: lambda value: type(value) is bool,
    GraphQLInt: lambda value: type(value) is int and -LARGEST_INT <= value <= LARGEST_INT,
}
"""How values of built-in types look that stay as they are."""


class Given:
    """The variables of one call (变量), coerced."""

    def __init__(self, coerced: dict[str, Any], read: Callable[[], VariableValues]) -> None:
        self.coerced = coerced
        self._read = read

    @cached_property
    def full(self) -> VariableValues:
        """Give them as graphql-core reads them."""
        return self._read()


class Variables:
    """What an operation says of its variables."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._nodes = operation.variable_definitions or ()
        self._quick: list[tuple[str, Callable[[Any], bool], bool, bool]] | None = []
        for node in self._nodes:
            declared: Any = type_from_ast(schema, node.type)
            required = isinstance(declared, GraphQLNonNull)
            check = _QUICK.get(declared.of_type if required else declared)
            if check is None or node.directives:
                self._quick = None
                return
            self._quick.append((node.variable.name.value, check, required, node.default_value is not None))

    def read(self, sent: dict[str, Any] | None) -> Given | None:
        """Coerce what was sent, or give nothing where something is wrong with it."""
        sent = sent or {}
        coerced = self._quickly(sent)
        if coerced is not None:
            return Given(coerced, lambda: self._slowly(sent))  # type: ignore[return-value,arg-type]  # nothing is wrong
        full = self._slowly(sent)
        return None if full is None else Given(full.coerced, lambda: full)

    def _quickly(self, sent: dict[str, Any]) -> dict[str, Any] | None:
        if self._quick is None:
            return None
        coerced: dict[str, Any] = {}
        for name, check, required, has_default in self._quick:
            if name in sent:
                value = sent[name]
                if check(value) or (value is None and not required):
                    coerced[name] = value
                    continue
                return None
            if required or has_default:
                return None
        return coerced

    def _slowly(self, sent: dict[str, Any]) -> VariableValues | None:
        found = get_variable_values(self._schema, self._nodes, sent, max_errors=1)
        return None if isinstance(found, list) else found


__all__ = ["Given", "Variables"]
