"""The GraphQL endpoint over HTTP: from a request to bytes, with nothing said that the caller may not know."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from time import monotonic, perf_counter
from typing import Any, Generic, TypeAlias, TypeVar

import orjson
import strawberry
import structlog
from graphql import ExecutionResult, GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.execution.is_awaitable import optimized_is_awaitable

from api.graphql.budget import Budget, Spent
from api.graphql.conditional import Answers, entity_tag, matches
from api.graphql.documents import Documents, Operation, located
from api.graphql.exchange import Answered, Exchange, Reply, given_request_id, has_request_id, told
from api.graphql.executor import LeafExecutor
from api.graphql.limits import Limits
from api.graphql.persisted import Library, Mode, Registry, Source, Terms
from api.graphql.refusals import REQUEST_ERRORS, Code, Refused, error
from api.graphql.requests import GRAPHQL_RESPONSE, JSON, Asked, answer_type, read, wants_page

LOGGED_ERRORS = 3
"""Failures of one reply that are logged with their traceback; the rest are counted."""

Viewer = TypeVar("Viewer")
Planned: TypeAlias = Callable[[Operation, dict[str, Any] | None, Any, bool], Awaitable[bytes | None]]
"""Answers an operation by a plan, or gives None where the executor has to; told variables, viewer, and if admitted."""
log = structlog.get_logger("api.graphql")


class Endpoint(Generic[Viewer]):
    """An ASGI application that answers GraphQL over HTTP for one schema.

    `authenticate` names the viewer, or None for a stranger. `context_for` opens what the resolvers work with, and may
    offer `extensions()`, which is asked after execution and goes out with the reply. `shown` says what may be told of a
    refusal: its extensions, with `message` taken out as the message; None stands for a bug, which is logged in full and
    answered with one bland line. Root fields, of queries too, run one after the other.

    `terms` says on which terms a viewer asks, `registry` keeps the documents that are registered, `budget` takes the
    cost of each operation beforehand. `version` names the state of the data, now or since the request came, and `ticks`
    tells the time by which answers grow old. With a version, an answer to a GET by id is not made again for who has it:
    it depends on the document, its variables, the viewer as he compares, the data, and within a minute on nothing else.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        authenticate: Callable[[Request], Awaitable[Viewer | None]],
        context_for: Callable[[Request, Viewer | None], AbstractAsyncContextManager[Any]],
        limits: Limits | None = None,
        production: bool = True,
        shown: Callable[[Exception], Mapping[str, Any] | None] = lambda _: None,
        public_fields: frozenset[str] = frozenset(),
        page: bytes | None = None,
        request_id: Callable[[Request], str] = given_request_id,
        answered: Callable[[Answered], None] | None = None,
        terms: Callable[[Request, Viewer | None], Terms] = lambda _request, _viewer: Terms(),
        registry: Registry[Viewer] | None = None,
        budget: Budget | None = None,
        version: Callable[[Request], Awaitable[Hashable]] | None = None,
        plans: Planned | None = None,
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        self.schema = schema
        self.limits = limits or Limits()
        self.documents = Documents(schema, self.limits)
        self.library = Library(registry, ticks=ticks)
        self.answers = Answers()
        self.budget = budget
        self.production = production
        self._authenticate = authenticate
        self._context_for = context_for
        self._shown = shown
        self._public_fields = public_fields
        self._page = None if production else page
        self._request_id = request_id
        self._answered = answered
        self._terms = terms
        self._version = version
        self._plans = plans
        self._ticks = ticks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        request = Request(scope, receive)
        exchange = Exchange(request, self._request_id(request))
        if self._page is not None and wants_page(request):
            await Response(self._page, media_type="text/html")(scope, receive, send)
            return
        try:
            reply = await self._answer(exchange)
        except ClientDisconnect:
            return
        except Exception as failure:
            refused = failure if isinstance(failure, Refused) else self._unexpected(exchange, failure)
            exchange.headers.update(refused.headers)
            reply = self._refusal(exchange, refused)
        if self._answered is not None:
            self._answered(told(exchange, reply, perf_counter() - started))
        raw = [(_header_name(name), value.encode("latin-1")) for name, value in self._headers(exchange, reply).items()]
        if reply.status != 304:
            raw.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": reply.body})

    def _headers(self, exchange: Exchange, reply: Reply) -> dict[str, str]:
        headers = exchange.headers
        if reply.status != 304:
            headers["content-type"] = exchange.media_type + "; charset=utf-8"
            headers["x-content-type-options"] = "nosniff"
        headers["cache-control"] = "private, no-cache"
        if exchange.request.method == "GET":
            headers["vary"] = "Accept, Authorization"
        if not has_request_id(exchange.request.scope):
            headers["X-Request-Id"] = exchange.request_id
        headers["X-Cost-Limit"] = str(self.limits.cost)
        if exchange.operation is not None:
            headers["X-Cost"] = str(exchange.cost)
        return headers

    async def _answer(self, exchange: Exchange) -> Reply:
        request = exchange.request
        media_type = answer_type(request.headers.get("accept"))
        exchange.media_type = media_type or JSON
        if request.method not in {"GET", "POST"}:
            raise Refused(Code.METHOD_NOT_ALLOWED, headers={"Allow": "GET, POST"})
        if media_type is None:
            raise Refused(Code.NOT_ACCEPTABLE)
        asked = await read(request, self.limits.body_bytes)
        viewer = await self._viewer(request)
        exchange.stranger = viewer is None
        exchange.terms = self._terms(request, viewer)
        try:
            operation = await self._choose(exchange, asked, viewer)
        except Refused:
            await self._charge(exchange, self.limits.refused_cost)
            raise
        viewer = self.library.viewer(viewer, exchange.chosen) if exchange.chosen else viewer
        if request.method == "GET" and asked.by_id and exchange.version is not None:
            return await self._unless_unchanged(exchange, operation, asked, viewer)
        await self._charge(exchange, exchange.cost)
        return await self._run(exchange, operation, asked, viewer)

    async def _choose(self, exchange: Exchange, asked: Asked, viewer: Viewer | None) -> Operation:
        """Find, measure and check the operation, and raise what stands against running it."""
        if self.production and viewer is None and asked.document_id is not None:
            raise Refused(Code.AUTHENTICATION_REQUIRED, headers={"WWW-Authenticate": "Bearer"})
        keep = viewer is not None or not self.production
        if self._version is not None and (asked.by_id or not exchange.terms.mode.runs_any_text):
            exchange.version = await self._version(exchange.request)
        chosen = exchange.chosen = await self.library.choose(
            asked, viewer, exchange.terms, version=exchange.version, keep=keep
        )
        hits = self.documents.hits
        prepared = self.documents.prepare(chosen.text, keep=keep)
        exchange.prepared = self.documents.hits > hits
        operation = exchange.operation = prepared.operation(asked.operation_name)
        self._admit(exchange, operation)
        prepared.validate(self.schema)
        exchange.headers.update(operation.notices)
        exchange.cost = operation.analysis.cost(asked.variables)
        if exchange.cost > self.limits.cost:
            raise Refused(Code.DOCUMENT_TOO_COSTLY, facts={"cost": exchange.cost, "limit": self.limits.cost})
        return operation

    async def _charge(self, exchange: Exchange, cost: int) -> None:
        if self.budget is None or exchange.terms.budget is None:
            return
        spent: Spent = await self.budget.charge(exchange.terms.budget, cost)
        exchange.headers.update(spent.headers())
        if not spent.taken:
            raise Refused(Code.RATE_LIMITED, facts={"action": "RETRY", "retryAfter": spent.wait})

    async def _unless_unchanged(
        self, exchange: Exchange, operation: Operation, asked: Asked, viewer: Viewer | None
    ) -> Reply:
        """Answer a GET by id with 304 where the caller has the answer, and where that is known without running it."""
        variables = orjson.dumps(asked.variables, option=orjson.OPT_SORT_KEYS)
        key = operation.document_key, operation.analysis.name, variables, viewer, exchange.media_type
        asked_for = exchange.request.headers.get("if-none-match")
        began = self._ticks()
        tag = self.answers.current(key, exchange.version, began) if asked_for else None
        if tag is not None and matches(asked_for, tag):
            exchange.cost = self.limits.unchanged_cost
            await self._charge(exchange, exchange.cost)
            exchange.headers["ETag"] = tag
            return Reply(304, b"", [])
        await self._charge(exchange, exchange.cost)
        reply = await self._run(exchange, operation, asked, viewer)
        if reply.errors:
            return reply
        tag = exchange.headers["ETag"] = entity_tag(reply.body)
        self.answers.note(key, exchange.version, tag, began)
        return Reply(304, b"", []) if matches(asked_for, tag) else reply

    async def _run(self, exchange: Exchange, operation: Operation, asked: Asked, viewer: Viewer | None) -> Reply:
        if self._plans is not None and (body := await self._planned(self._plans, exchange, operation, asked, viewer)):
            return Reply(200, body, [])
        async with self._context_for(exchange.request, viewer) as context:
            result = await self._execute(exchange, operation, asked, context)
            payload: dict[str, Any] = {"data": result.data}
            if result.errors:
                payload = {"errors": self._field_errors(exchange, result), **payload}
            offered = getattr(context, "extensions", None)
            extensions = offered() if callable(offered) else None
        if extensions:
            payload["extensions"] = extensions
        return Reply(200, orjson.dumps(payload), payload.get("errors", []))

    async def _planned(
        self, plans: Planned, exchange: Exchange, operation: Operation, asked: Asked, viewer: Viewer | None
    ) -> bytes | None:
        admitted = exchange.chosen is not None and exchange.chosen.source is Source.PERSISTED
        try:
            async with asyncio.timeout(self.limits.read_seconds):
                return await plans(operation, asked.variables, viewer, admitted)
        except TimeoutError:
            raise Refused(Code.READ_TIMED_OUT) from None

    async def _viewer(self, request: Request) -> Viewer | None:
        try:
            return await self._authenticate(request)
        except Refused:
            raise
        except Exception as refusal:
            entry = self._entry(refusal)
            if entry is None:
                raise
            raise Refused(
                Code.AUTHENTICATION_REQUIRED, errors=[entry], headers={"WWW-Authenticate": "Bearer"}
            ) from None

    def _admit(self, exchange: Exchange, operation: Operation) -> None:
        analysis = operation.analysis
        if analysis.kind == "subscription":
            raise Refused(Code.SUBSCRIPTION_NOT_SUPPORTED)
        if analysis.kind == "mutation" and exchange.request.method == "GET":
            raise Refused(Code.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        registered = exchange.chosen is not None and exchange.chosen.source is Source.PERSISTED
        if analysis.introspects and not registered and exchange.terms.mode is not Mode.OPEN:
            raise Refused(Code.INTROSPECTION_REFUSED)
        if not (self.production and exchange.stranger):
            return
        if analysis.introspects:
            raise Refused(Code.INTROSPECTION_REFUSED)
        fields = analysis.root_fields - {"__typename"}
        if fields and not (analysis.kind == "mutation" and fields <= self._public_fields):
            raise Refused(Code.AUTHENTICATION_REQUIRED, headers={"WWW-Authenticate": "Bearer"})

    async def _execute(self, exchange: Exchange, operation: Operation, asked: Asked, context: Any) -> ExecutionResult:
        executor = LeafExecutor.build(
            self.schema._schema,
            operation.document,
            context_value=context,
            raw_variable_values=asked.variables,
            operation_name=operation.analysis.name,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            hide_suggestions=self.production and exchange.stranger,
            recollection=operation.recollection,
            operation_extensions=asked.extensions,
        )
        if isinstance(executor, list):
            raise self._wrong_variables(executor)
        running = executor.execute_operation(serially=True)
        if isinstance(running, ExecutionResult):
            result = running
        elif operation.analysis.kind == "query":
            try:
                async with asyncio.timeout(self.limits.read_seconds):
                    result = await running  # type: ignore[misc]
            except TimeoutError:
                raise Refused(Code.READ_TIMED_OUT) from None
        else:
            result = await running  # type: ignore[misc]
        if result.data is None and result.errors and all(problem.path is None for problem in result.errors):
            raise self._wrong_variables(result.errors)
        return result

    def _unexpected(self, exchange: Exchange, failure: Exception) -> Refused:
        entry = self._entry(failure)
        if entry is not None:
            return Refused(Code.BAD_USER_INPUT, errors=[entry])
        self._log(exchange, failure, None)
        return Refused(Code.INTERNAL_ERROR)

    def _wrong_variables(self, problems: list[GraphQLError]) -> Refused:
        entries = []
        for problem in problems:
            entry = located(Code.BAD_USER_INPUT, problem)
            told = self._entry(cause) if (cause := _cause(problem)) is not problem else None
            if told is not None:
                entry["message"] = told["message"]
                entry["extensions"] = told["extensions"]
            entries.append(entry)
        return Refused(Code.BAD_USER_INPUT, errors=entries)

    def _field_errors(self, exchange: Exchange, result: ExecutionResult) -> list[dict[str, Any]]:
        entries = []
        for problem in result.errors or ():
            cause = _cause(problem)
            entry = self._entry(cause)
            if entry is None and isinstance(cause, GraphQLError):
                if "code" in (cause.extensions or {}):
                    entry = error(Code.BAD_USER_INPUT, message=cause.message, facts=cause.extensions)
                elif cause.message.startswith("Argument '"):
                    entry = error(Code.BAD_USER_INPUT, message=cause.message)
            if entry is None:
                self._log(exchange, cause, problem.path)
                entry = error(Code.INTERNAL_ERROR)
            where = located(Code.INTERNAL_ERROR, problem)
            entry.update({name: where[name] for name in ("locations", "path") if name in where})
            entry["extensions"]["requestId"] = exchange.request_id
            entries.append(entry)
        if exchange.failures > LOGGED_ERRORS:
            log.error("graphql_failures_not_shown", request_id=exchange.request_id, count=exchange.failures)
        return entries

    def _entry(self, refusal: Exception) -> dict[str, Any] | None:
        told = self._shown(refusal)
        if told is None:
            return None
        extensions = dict(told)
        return {"message": extensions.pop("message", None) or str(refusal), "extensions": extensions}

    def _refusal(self, exchange: Exchange, refused: Refused) -> Reply:
        status = refused.status
        if refused.code in REQUEST_ERRORS and exchange.media_type != GRAPHQL_RESPONSE:
            status = 200
        entries = []
        for entry in refused.errors:
            message = entry["message"]
            if self.production and exchange.stranger:
                message = message.partition(" Did you mean ")[0]
            extensions = {**entry["extensions"], "requestId": exchange.request_id}
            entries.append({**entry, "message": message, "extensions": extensions})
        return Reply(status, orjson.dumps({"errors": entries}), entries)

    def _log(self, exchange: Exchange, failure: Exception, path: list[str | int] | None) -> None:
        exchange.failures += 1
        if exchange.failures > LOGGED_ERRORS:
            return
        analysis = exchange.operation.analysis if exchange.operation else None
        log.error(
            "graphql_failure",
            request_id=exchange.request_id,
            operation=analysis.name if analysis else None,
            path=path,
            exc_info=failure,
        )


@lru_cache(maxsize=128)
def _header_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


def _cause(problem: GraphQLError) -> Exception:
    """Return what was raised first, under what graphql-core wrapped around it."""
    cause: Exception = problem
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause
