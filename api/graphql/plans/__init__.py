"""Compiled plans: how an operation that is admitted, or that was seen before, is answered without an executor.

The executor resolves, completes and checks every field of every row; for a page of fifty rows that is some thousand
times, and it is nearly all that such a query costs. But where all fields are declared (columns, relations, keyset
lists, ruled columns, values made from columns), everything that is decided for a row is already known from the document
and the viewer's rights. So it is decided once: the plan holds the statements, and functions that turn their lines into
the reply.

- A plan is kept by the document's hash, the operation's name, what its conditions (`@include`, `@skip`) come to, and
  the viewer's rights. Masks and refusals are written into it; the scope is in its statements; the viewer's own ids, the
  filters, cursors and page sizes are bound each time, after the same checks as everywhere.
- All of it reads one snapshot, on a connection that is held open; on SQLite in one hop to the connection's thread.
- It says nothing of its own: sources come from the fields' declarations, selections from graphql-core's own collecting,
  wanted columns from the look-ahead, statements from `models.kernel.reads`, variables and arguments from graphql-core.
- It answers what is regular, byte for byte as the executor does. A field that no declaration describes sends the whole
  document to the executor from the outset. What turns out irregular on the way (a refusal, a null where none may stand,
  a value that its type does not take, a database that does not answer) throws away what was done and sends it there
  too, so that errors and null propagation are the executor's own. A read has changed nothing by then.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final, NamedTuple, Protocol

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, VariableNode, visit
from graphql.language import DirectiveNode, Visitor

from api import metrics
from api.graphql.documents import Operation
from api.graphql.plans.arguments import Converters
from api.graphql.plans.cover import Fallback, Irregular, NotCovered
from api.graphql.plans.plan import Plan, compiled
from api.graphql.plans.variables import Variables
from api.held import Held
from models.kernel.access import Actor
from models.kernel.errors import DomainError
from models.kernel.reads.statement import Standing
from models.kernel.work import Clock, utc_now

log = structlog.get_logger("api.graphql")
MOST_PLANS: Final = 400
"""How many plans a process keeps; each takes some tens of kilobytes."""
MOST_DOCUMENTS: Final = 2_000
"""How many documents a process remembers having seen."""


class Asker(Protocol):
    """Who asks, and when."""

    @property
    def viewer(self) -> Actor | None:
        """Give who asks; None is nobody."""

    @property
    def now(self) -> Clock:
        """Tell the present instant."""


class _Asker(NamedTuple):
    viewer: Actor | None
    now: Clock


class Planned:
    """A document that was seen: its operation's variables, and those of them that its conditions ask for."""

    __slots__ = ("conditions", "variables")

    def __init__(self, schema: GraphQLSchema, document: Any, name: str | None) -> None:
        operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        operation = next(one for one in operations if name is None or (one.name is not None and one.name.value == name))
        self.variables = Variables(schema, operation)
        finder = _Conditions()
        visit(document, finder)
        self.conditions = tuple(sorted(finder.names))


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.names.update(one.value.name.value for one in node.arguments or () if isinstance(one.value, VariableNode))


class Plans:
    """The plans of one schema on one database, and what became of each document that was asked."""

    def __init__(self, schema: strawberry.Schema, held: Held[Any], *, clock: Clock = utc_now) -> None:
        self._schema = schema
        self._clock = clock
        self._converters = Converters(schema)
        self._held = held
        self._kept: OrderedDict[tuple[Any, ...], Plan | Fallback] = OrderedDict()
        self._seen: OrderedDict[tuple[bytes, str | None], Planned | None] = OrderedDict()
        self._told: set[bytes] = set()

    async def answer(
        self, operation: Operation, variables: dict[str, Any] | None, viewer: Actor | None, admitted: bool = False
    ) -> bytes | None:
        """Answer an operation by its plan, or nothing where the executor has to; count it either way."""
        found = await self.attempt(operation, variables, _Asker(viewer, self._clock), admitted)
        if isinstance(found, Fallback):
            metrics.executed(found.value)
            return None
        metrics.planned()
        return found

    async def attempt(
        self, operation: Operation, variables: dict[str, Any] | None, asker: Asker, admitted: bool = False
    ) -> bytes | Fallback:
        """Answer an operation by its plan, or say why the executor has to; a document comes so far when seen again."""
        if operation.analysis.kind != "query":
            return Fallback.MUTATION
        actor, name = asker.viewer, operation.analysis.name
        if actor is None:
            return Fallback.STRANGER
        planned = self._planned(operation, name, admitted)
        if planned is None:
            return Fallback.FIRST_SIGHT
        values = planned.variables.read(variables)
        if values is None:
            return Fallback.VARIABLES
        rights = Standing.of(actor).rights
        conditions = tuple([values.coerced.get(one) for one in planned.conditions])
        key = operation.document_key, name, conditions, rights
        plan = self._kept.get(key)
        if plan is None:
            plan = self._kept[key] = self._compiled(operation, variables, rights)
            if len(self._kept) > MOST_PLANS:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        if isinstance(plan, Fallback):
            return plan
        try:
            return await plan.run(self._held, actor, asker.now(), values)
        except NotCovered as found:
            return found.reason
        except DomainError:
            return Fallback.REFUSED
        except (Irregular, GraphQLError):
            return Fallback.IRREGULAR
        except Exception as fault:
            return self._broken(operation, fault)

    def _broken(self, operation: Operation, fault: Exception) -> Fallback:
        if operation.document_key not in self._told and len(self._told) < MOST_DOCUMENTS:
            self._told.add(operation.document_key)
            log.error(
                "plan_failed",
                document=operation.document_key.hex(),
                operation=operation.analysis.name,
                exc_info=fault,
            )
        return Fallback.FAULT

    def _planned(self, operation: Operation, name: str | None, admitted: bool) -> Planned | None:
        key = operation.document_key, name
        if (found := self._seen.get(key)) is not None:
            return found
        known = key in self._seen
        self._seen[key] = Planned(self._schema._schema, operation.document, name) if known or admitted else None
        if len(self._seen) > MOST_DOCUMENTS:
            self._seen.popitem(last=False)
        return self._seen[key]

    def _compiled(self, operation: Operation, variables: dict[str, Any] | None, standing: Standing) -> Plan | Fallback:
        try:
            return compiled(
                self._schema,
                self._converters,
                operation.document,
                operation.analysis.name,
                variables,
                standing,
                self._held.dialect.name,
            )
        except NotCovered as found:
            return found.reason
        except Exception as fault:
            return self._broken(operation, fault)


__all__ = ["Fallback", "Plan", "Plans"]
