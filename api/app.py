"""The composition root: one Starlette application from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from admin import office
from api import exports, mail, metrics, timers, tracing, usage
from api.admission import Admission
from api.database import Database, connect
from api.documents import Admitted, Callers, budget_of
from api.entry import EntryPage, entry_terms
from api.files import Files, FormReceiver, file_terms, storage_of
from api.graphql import Answered, Budget, Endpoint, Limits, graphiql
from api.graphql.plans import Plans
from api.identity import Actors, journal_key, session_terms
from api.imports import DraftImports
from api.installation import Installation
from api.invitations import InvitationPage, invitation_terms
from api.lead_imports import LeadImports
from api.logs import RequestLog
from api.migrate import pending
from api.operations import Examiner
from api.schema import build_schema
from api.settings import Settings
from api.transfers import Transfers
from models.file import FileTerms
from models.identity import derive_key
from models.kernel.access import Actor
from models.kernel.work import Clock, utc_now
from models.operations import KnownDocument, Usage
from resolvers.context import Context
from resolvers.refusals import shown

PUBLIC_FIELDS = frozenset(
    {
        *("sessionCreate", "sessionRefresh", "passwordReset"),
        *("invitationLinkOpen", "invitationLinkAccept", "invitationLinkRefuse"),
        *("partnerEntryLinkOpen", "partnerEntryCodeRequest", "partnerEntryVerify", "partnerEntryRegister"),
    }
)
ALLOWED_HEADERS = (
    *("Authorization", "Content-Type", "If-None-Match", "X-Request-Id"),
    # By these Apollo Client says which frontend it is.
    *("apollographql-client-name", "apollographql-client-version"),
)
EXPOSED_HEADERS = (
    *("X-Request-Id", "X-Cost", "X-Cost-Limit", "Retry-After", "ETag", "Deprecation", "Sunset", "X-Deprecated-Fields"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"),
)


def create_app(
    settings: Settings, *, database: Database | None = None, clock: Clock = utc_now, sweeping: bool = True
) -> Starlette:
    """Put the application together: GraphQL, back-office, health and metrics."""
    database = database or connect(settings)
    house = Installation(settings, database, database.writer, database.reader, journal_key(settings))
    storage, files = storage_of(settings), file_terms(settings)
    workshop = exports.workshop_of(house, settings, clock=clock)
    budget = budget_of(settings)
    used = Usage(clock)
    endpoint = _graphql(settings, house, files, budget, used, clock)
    routes: list[BaseRoute] = [
        Route("/", _home),
        Route("/graphql", endpoint),
        Route("/graphql/{document_id}", endpoint),
        Route("/graphql/{document_id}/{operation_name}", endpoint),
        *Files(house, storage, files, session_terms(settings), clock).routes(),
        *InvitationPage(house, invitation_terms(settings), clock).routes(),
        *EntryPage(house, entry_terms(settings), settings.portal_url, clock).routes(),
        *DraftImports(house, session_terms(settings), clock).routes(),
        *LeadImports(house, session_terms(settings), clock).routes(),
        *exports.Exports(house, workshop, exports.export_key(settings), clock).routes(),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/metrics", metrics.answer),
    ]
    # In production the word stays taken: no document has an id that it could not have in development.
    routes.insert(1, Mount("/graphql/static", Router() if settings.production else graphiql.files()))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(tracing.sending(settings))
            stack.push_async_callback(database.dispose)
            if budget is not None:
                stack.push_async_callback(budget.close)
            if sweeping:
                await stack.enter_async_context(mail.running(house, settings, clock=clock))
                await stack.enter_async_context(timers.running(house, settings, clock=clock, storage=storage))
                await stack.enter_async_context(exports.running(workshop))
                await stack.enter_async_context(usage.running(house, used, clock=clock))
            yield

    layers = [*_middleware(settings), Middleware(_Short, path="/graphql", to=endpoint)]
    app = Starlette(routes=routes, middleware=layers, lifespan=lifespan)
    office.mount(
        app,
        house,
        session_terms(settings),
        secret=derive_key(settings.secret_key.get_secret_value(), "notices").hex(),
        secure=settings.address.startswith("https://"),
        clock=clock,
        export_key=exports.export_key(settings),
        files=files,
        receiver=FormReceiver(storage),
        production=settings.production,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.storage = storage
    app.state.usage = used
    return app


class _Short:
    """Leads what nearly everybody asks for past the routes, which would be tried one after the other."""

    def __init__(self, app: ASGIApp, *, path: str, to: ASGIApp) -> None:
        self._app = app
        self._path = path
        self._to = to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == self._path and not scope.get("root_path"):
            await self._to(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _middleware(settings: Settings) -> list[Middleware]:
    layers = [Middleware(RequestLog)]
    if settings.otel_endpoint is not None:
        layers.append(Middleware(tracing.Traced))
    if settings.allowed_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.allowed_origins),
                allow_methods=["GET", "POST"],
                allow_headers=ALLOWED_HEADERS,
                expose_headers=EXPOSED_HEADERS,
            )
        )
    layers.append(Middleware(Transfers, most=settings.max_transfers))
    layers.append(
        Middleware(
            Admission,
            concurrent=settings.max_concurrent,
            waiting=settings.max_waiting,
            seconds=settings.max_waiting_seconds,
            body_bytes=settings.max_body_bytes,
        )
    )
    return layers


def _graphql(
    settings: Settings, house: Installation, files: FileTerms, budget: Budget | None, used: Usage, clock: Clock
) -> Endpoint[Actor]:
    terms = session_terms(settings)
    actors = Actors(house, house.database.data_version, terms, clock=clock)
    schema, limits = build_schema(), limits_of(settings)
    invitations, entering = invitation_terms(settings), entry_terms(settings)
    examine = Examiner(schema, limits)

    async def data_version(request: Request) -> str:
        found: str | None = request.scope.get("state", {}).get("data_version")
        return found or await house.database.data_version()

    export_key = exports.export_key(settings)

    @asynccontextmanager
    async def context_for(request: Request, viewer: Actor | None) -> AsyncIterator[Context]:
        context = Context(
            store=house,
            viewer=viewer,
            clock=clock,
            request_id=request.scope.get("state", {}).get("request_id"),
            hold=house.database.held,
            extra={
                "invitations": invitations,
                "entry": entering,
                "session_terms": terms,
                "files": files,
                "export_key": export_key,
                "examine": examine,
                "production": settings.production,
                "address": request.client.host if request.client else "",
            },
        )
        try:
            yield context
        finally:
            await context.close()

    return Endpoint(
        schema,
        authenticate=actors.behind,
        context_for=context_for,
        limits=limits,
        production=settings.production,
        shown=shown,
        public_fields=PUBLIC_FIELDS,
        page=graphiql.page("/graphql/static"),
        answered=partial(_count, used=used),
        terms=Callers(settings).terms,
        registry=Admitted(house, clock),
        budget=budget,
        version=data_version,
        plans=Plans(schema, house.database.held, clock=clock).answer,
        ticks=lambda: clock().timestamp(),
    )


def limits_of(settings: Settings) -> Limits:
    """Say how much one request may ask for here."""
    return Limits(
        body_bytes=settings.max_body_bytes,
        tokens=settings.max_tokens,
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        directives=settings.max_directives,
        cost=settings.max_cost,
    )


def _count(answered: Answered, used: Usage) -> None:
    kind = answered.kind or "none"
    tracing.operation_answered(answered)
    metrics.operation_answered(kind, "refused" if answered.codes else "ok", answered.seconds)
    metrics.document_asked(answered.source or "none", prepared=answered.prepared, known=answered.known)
    if answered.status == 304:
        metrics.not_modified()
    elif answered.status == 429:
        metrics.rate_limited()
    for code in answered.codes:
        metrics.refused(code)
    if isinstance(answered.mark, KnownDocument) and answered.status != 429:
        failed = bool(answered.codes)
        used.seen(answered.mark.id, answered.seconds, failed)
        metrics.document_ran(kind, answered.seconds, failed=failed)


async def _home(request: Request) -> Response:
    return RedirectResponse("/admin/")


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    problems: dict[str, Any] = {}
    try:
        async with request.app.state.database.reader() as session:
            await session.execute(sa.text("SELECT 1"))
        if waiting := await pending(request.app.state.settings.database_url):
            problems["migrations"] = f"{len(waiting)} pending"
    except Exception as error:
        problems["database"] = type(error).__name__
    return JSONResponse({"status": "not ready" if problems else "ready", **problems}, 503 if problems else 200)
