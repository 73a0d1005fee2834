"""An executor that reads plain attributes straight from the row, and does everything else as graphql-core does."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple, cast
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLString,
    Undefined,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.middleware import MiddlewareManager
from graphql.pyutils import Path, gather_with_cancel
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.field import StrawberryField

LARGEST_INT = 2**31 - 1
PLAIN_TYPES = frozenset({str, int, float, bool, bytes, list, tuple, dict, date, datetime, Decimal, UUID})
"""Types whose values are neither awaitable nor an exception."""
_UNREAD: Any = object()


class Step(NamedTuple):
    """How one response name of a selection is filled."""

    name: str
    details: FieldDetailsList
    attribute: str | None
    """The row's attribute; None where only the plain executor will do."""
    leaf: Callable[[Any], Any] | None
    nullable: bool
    object_type: GraphQLObjectType | None
    field: GraphQLField | None
    constant: str | None = None


Plan = tuple[GroupedFieldSet, tuple[Step, ...]]


class Recollection:
    """What executions of one operation may share, because no directive changes which fields are selected."""

    __slots__ = ("plans", "root", "subfields")

    def __init__(self) -> None:
        self.root: GroupedFieldSet | None = None
        self.subfields: dict[Any, Any] = {}
        self.plans: dict[tuple[str, int], Plan] = {}


class Irregular(Exception):
    """A value that only the plain executor completes, with errors and null propagation of its own."""


class _Held:
    """Stands in for a row whose attribute was read already, so that no getter runs twice."""

    __slots__ = ("__error", "__value")

    def __init__(self, value: Any = None, error: Exception | None = None) -> None:
        self.__value, self.__error = value, error

    def __getattr__(self, name: str) -> Any:
        if self.__error is not None:
            raise self.__error
        return self.__value


class LeafExecutor(StrawberryGraphQLCoreExecutionContext):
    """Executes like graphql-core, with a short cut for fields that are plain attributes of their row.

    A field is taken straight from the row where Strawberry would only call `getattr`: no resolver, no extensions, no
    arguments. What is irregular (None in a non-null field, an exception, an awaitable, a value that its type does not
    coerce) goes to the plain executor, so that errors and null propagation are its own.
    `is_type_of` of an object reached through a plain attribute sees the `info` of the first such object.
    """

    def __init__(self, *args: Any, recollection: Recollection | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recollection = recollection or Recollection()
        self._plans = self._recollection.plans
        self._relevant_sub_fields = self._recollection.subfields
        self._infos: dict[int, GraphQLResolveInfo[Any]] = {}

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Any,
    ) -> Any:
        if self._recollection.root is None:
            self._recollection.root = grouped_field_set
        return super().execute_collected_root_fields(
            root_type, root_value, self._recollection.root, serially, new_defer_usages
        )

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        results: dict[str, Any] = {}
        pending: list[str] = []
        type_name = parent_type.name
        try:
            for step in self._plan(parent_type, grouped_field_set):
                name, details, attribute, leaf, nullable, object_type, _, constant = step
                if leaf is not None:
                    value = _UNREAD
                    try:
                        value = getattr(source_value, attribute)  # type: ignore[arg-type]
                        if value is not None:
                            results[name] = leaf(value)
                            continue
                        if nullable:
                            results[name] = None
                            continue
                        held = _Held(None)
                    except Exception as error:
                        held = _Held(error=error) if value is _UNREAD else _Held(value)
                    result = self.execute_field(
                        parent_type, held, details, Path(path, name, type_name), position_context
                    )
                elif constant is not None:
                    results[name] = constant
                    continue
                elif object_type is not None:
                    result = self._execute_object(parent_type, source_value, step, path, position_context)
                else:
                    result = self.execute_field(
                        parent_type, source_value, details, Path(path, name, type_name), position_context
                    )
                if result is Undefined:
                    continue
                results[name] = result
                if type(result) is not dict and self.is_awaitable(result):
                    pending.append(name)
        except Exception:
            if pending:
                self.settle_in_background([results[name] for name in pending])
            raise
        return self._settle(results, pending) if pending else results

    async def _settle(self, results: dict[str, Any], pending: list[str]) -> dict[str, Any]:
        if len(pending) == 1:
            results[pending[0]] = await results[pending[0]]
        else:
            settled = await gather_with_cancel(*(results[name] for name in pending))
            results.update(zip(pending, settled, strict=True))
        return results

    def _execute_object(
        self, parent_type: GraphQLObjectType, source: Any, step: Step, path: Path | None, position_context: Any
    ) -> Any:
        field_path = Path(path, step.name, parent_type.name)
        try:
            value = getattr(source, cast("str", step.attribute))
        except Exception as error:
            return self.execute_field(parent_type, _Held(error=error), step.details, field_path, position_context)
        if value is None and step.nullable:
            return None
        if value is None or value is Undefined or isinstance(value, Exception) or self.is_awaitable(value):
            return self.execute_field(parent_type, _Held(value), step.details, field_path, position_context)
        field = cast("GraphQLField", step.field)
        object_type = cast("GraphQLObjectType", step.object_type)
        try:
            info = self._info(field, parent_type, step.details, field_path)
            completed = self.complete_object_value(object_type, step.details, info, field_path, value, position_context)
        except Exception as error:
            self.handle_field_error(error, field.type, step.details, field_path)
            return None
        if type(completed) is dict:
            return completed
        return self._await_completed(completed, field.type, step.details, field_path)

    async def _await_completed(
        self, completed: Any, return_type: GraphQLOutputType, details: FieldDetailsList, path: Path
    ) -> Any:
        try:
            return await completed
        except Exception as error:
            self.handle_field_error(error, return_type, details, path)
            return None

    def complete_list_item_value(
        self,
        item: Any,
        complete_results: list[Any],
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        item_path: Path,
        position_context: Any,
    ) -> bool:
        object_type = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
        if (
            not isinstance(object_type, GraphQLObjectType)
            or item is None
            or item is Undefined
            or isinstance(item, Exception)
        ):
            return super().complete_list_item_value(
                item, complete_results, item_type, field_details_list, info, item_path, position_context
            )
        try:
            completed = self.complete_object_value(
                object_type, field_details_list, info, item_path, item, position_context
            )
        except Exception as error:
            self.handle_field_error(error, item_type, field_details_list, item_path)
            complete_results.append(None)
            return False
        if type(completed) is dict:
            complete_results.append(completed)
            return False
        complete_results.append(self._await_completed(completed, item_type, field_details_list, item_path))
        return True

    def _info(
        self, field: GraphQLField, parent_type: GraphQLObjectType, details: FieldDetailsList, path: Path
    ) -> GraphQLResolveInfo[Any]:
        info = self._infos.get(id(details))
        if info is None:
            nodes = [detail.node for detail in details]
            info = self._infos[id(details)] = self.build_resolve_info(field, nodes, parent_type, path)
        return info

    def _plan(self, parent_type: GraphQLObjectType, grouped: GroupedFieldSet) -> tuple[Step, ...]:
        key = (parent_type.name, id(grouped))
        plan = self._plans.get(key)
        if plan is None:
            steps = tuple(self._step(parent_type, name, details) for name, details in grouped.items())
            plan = self._plans[key] = (grouped, steps)
        return plan[1]

    def _step(self, parent_type: GraphQLObjectType, name: str, details: FieldDetailsList) -> Step:
        node = details[0].node
        plain = Step(name, details, None, None, False, None, None)
        if node.name.value == "__typename":
            return plain._replace(constant=parent_type.name)
        field = parent_type.fields.get(node.name.value)
        if field is None or field.args or node.arguments or _wrapped(self.middleware_manager):
            return plain
        attribute = plain_attribute(field)
        if attribute is None:
            return plain
        nullable = not isinstance(field.type, GraphQLNonNull)
        inner = field.type if nullable else field.type.of_type
        plain = plain._replace(attribute=attribute, nullable=nullable, field=field)
        if is_leaf_type(inner):
            return plain._replace(leaf=leaf_of(inner, self.is_awaitable))
        return plain._replace(object_type=inner if isinstance(inner, GraphQLObjectType) else None)


def _wrapped(middleware: MiddlewareManager | None) -> bool:
    return bool(middleware and middleware.middlewares)


def plain_attribute(field: GraphQLField) -> str | None:
    """Return the attribute that a field reads from its row, or None where it does more than that."""
    declared = (field.extensions or {}).get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if (
        isinstance(declared, StrawberryField)
        and type(declared).get_result is StrawberryField.get_result
        and declared.is_basic_field
        and declared.default_resolver is getattr
        and getattr(field.resolve, "_is_default", False)
    ):
        return declared.python_name
    return None


def leaf_of(leaf_type: Any, is_awaitable: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """Return what turns a value that is not None into its output, raising where the value is out of the ordinary."""
    coerce = leaf_type.coerce_output_value

    def by_type(value: Any) -> Any:
        if type(value) not in PLAIN_TYPES and (
            value is Undefined or isinstance(value, Exception) or is_awaitable(value)
        ):
            raise Irregular
        output = coerce(value)
        if output is None or output is Undefined:
            raise Irregular
        return output

    if leaf_type is GraphQLString or leaf_type is GraphQLID:
        return lambda value: value if type(value) is str else by_type(value)
    if leaf_type is GraphQLBoolean:
        return lambda value: value if type(value) is bool else by_type(value)
    if leaf_type is GraphQLInt:
        return lambda value: value if type(value) is int and -LARGEST_INT <= value <= LARGEST_INT else by_type(value)
    if leaf_type is GraphQLFloat:
        return lambda value: value if type(value) is float and isfinite(value) else by_type(value)
    if isinstance(leaf_type, CustomGraphQLEnumType):
        return _enum(leaf_type.wrapped_cls, by_type)
    return by_type


def _enum(members: type, by_type: Callable[[Any], Any]) -> Callable[[Any], Any]:
    known: dict[Any, Any] = {}

    def output(value: Any) -> Any:
        if type(value) is not members:
            return by_type(value)
        name = known.get(value)
        if name is None:
            name = known[value] = by_type(value)
        return name

    return output
