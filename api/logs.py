"""Structured logs: one line an event with the request's id, and nobody's data in it."""

import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator, MutableMapping
from uuid import uuid4

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import StatementError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.types import EventDict, Processor, WrappedLogger

from api import metrics
from api.settings import Settings

SLOW_SECONDS = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("partner_center")
_standard = logging.getLogger("partner_center")

_FITTING_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DRIVERS = ("sqlite3", "asyncpg", "sqlalchemy.dialects")
_KEPT_OUT = frozenset(
    {
        "variables",
        "query",
        "body",
        "headers",
        "cookie",
        "authorization",
        "password",
        "secret",
        "token",
        "verification_code",
        "email",
        "phone",
    }
)


def configure(settings: Settings) -> None:
    """Send every log of this process, the libraries' included, through one form: JSON, or readable in development."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_data,
        exception_without_data,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    printer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.production
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, printer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "strawberry.execution"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    # One line a request is written below; the libraries' own would repeat it, with query strings and documents.
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)
    logging.getLogger("strawberry.execution").setLevel(logging.CRITICAL)
    for name in ("sqlalchemy", "alembic", "aiosqlite", "asyncio", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def without_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out what may hold a person's data or a secret, whoever passed it."""
    for key in _KEPT_OUT.intersection(event):
        event[key] = "(left out)"
    return event


def exception_without_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write an exception with its frames, without local variables and without the values that databases quote."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_told(error))
    return event


def _told(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _told(cause)
        yield "which led to"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip()
    kind = type(error)
    yield f"{kind.__module__}.{kind.__qualname__}: {'(values left out)' if _quotes_values(error) else error}"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _told(one)


def _quotes_values(error: BaseException) -> bool:
    return isinstance(error, StatementError | ValidationError) or type(error).__module__.startswith(_DRIVERS)


class RequestLog:
    """Gives every request an id, tells it in the answer's X-Request-Id, counts it, and logs what was slow or failed.

    The id stands in scope["state"]["request_id"] and in every log line of the request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        state: MutableMapping[str, object] = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 500
        started = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, answer)
        finally:
            if scope["type"] == "http":
                _note(scope, status, time.perf_counter() - started)
            structlog.contextvars.reset_contextvars(**bound)


def _note(scope: Scope, status: int, seconds: float) -> None:
    path: str = scope["path"]
    metrics.request_answered(path, status, seconds)
    if scope["state"].get("turned_away"):
        return
    level = logging.WARNING if status >= 500 else logging.INFO if seconds > SLOW_SECONDS else logging.DEBUG
    if not _standard.isEnabledFor(level):
        return
    # Signed links carry their secret at the end of the path, and an unknown path may hold anything.
    shown = "/".join(path.split("/")[:3]) if metrics.room(path) != "other" else "(unknown path)"
    log.log(level, "request", method=scope["method"], path=shown, status=status, milliseconds=round(seconds * 1000, 1))


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given: str = value.decode("latin-1")
            if _FITTING_ID.fullmatch(given):
                return given
            break
    return uuid4().hex
