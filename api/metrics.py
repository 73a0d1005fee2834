"""What is counted for whoever runs the installation, and the guarded page that tells it."""

import asyncio
import hmac
import ipaddress
import os
import re
from bisect import bisect_left
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.values import MutexValue, ValueClass
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.settings import Settings

REGISTRY = CollectorRegistry()

_REQUESTS = Counter(
    "partner_center_requests", "HTTP requests by room and status.", ["room", "status"], registry=REGISTRY
)
_REQUEST_SECONDS = Histogram(
    "partner_center_request_seconds", "Seconds that an HTTP request took.", ["room"], registry=REGISTRY
)
_OPERATIONS = Counter(
    "partner_center_operations", "GraphQL operations by type and outcome.", ["type", "outcome"], registry=REGISTRY
)
_OPERATION_SECONDS = Histogram(
    "partner_center_operation_seconds", "Seconds that a GraphQL operation took.", ["type"], registry=REGISTRY
)
_DOCUMENTS = Counter(
    "partner_center_documents", "GraphQL requests by where their document came from.", ["source"], registry=REGISTRY
)
_DOCUMENT_CACHE = Counter(
    "partner_center_document_cache",
    "Documents that were looked for in memory: prepared ones, and registered ones.",
    ["cache", "outcome"],
    registry=REGISTRY,
)
_NOT_MODIFIED = Counter(
    "partner_center_not_modified", "GraphQL answers that the caller had already (304).", registry=REGISTRY
)
_RATE_LIMITED = Counter(
    "partner_center_rate_limited", "GraphQL requests beyond their caller's budget (429).", registry=REGISTRY
)
_REFUSALS = Counter("partner_center_refusals", "Refusals by their code.", ["code"], registry=REGISTRY)
_DOCUMENTS_RUN = Counter(
    "partner_center_documents_run",
    "Calls of tools' registered documents by type and outcome.",
    ["type", "outcome"],
    registry=REGISTRY,
)
_DOCUMENT_SECONDS = Histogram(
    "partner_center_document_seconds", "Seconds that a tool's registered document took.", ["type"], registry=REGISTRY
)
_PLANNED = Counter("partner_center_graphql_planned", "GraphQL queries answered by a compiled plan.", registry=REGISTRY)
_EXECUTED = Counter(
    "partner_center_graphql_executed",
    "GraphQL operations that went through the executor, by why no plan answered them.",
    ["reason"],
    registry=REGISTRY,
)
_TIMERS = Counter(
    "partner_center_timers_fired", "Transitions fired because their deadline had passed.", ["verb"], registry=REGISTRY
)
_MAILS = Counter("partner_center_mails", "Mails by how the attempt to send them ended.", ["outcome"], registry=REGISTRY)
_DATABASE_ERRORS = Counter(
    "partner_center_database_errors", "Errors that the database answered.", ["code"], registry=REGISTRY
)
_ACTIVE = Gauge(
    "partner_center_requests_active",
    "Requests that are being worked on.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
_WAITING = Gauge(
    "partner_center_requests_waiting",
    "Requests that wait to be worked on.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
_TRANSFERRING = Gauge(
    "partner_center_transfers_active",
    "Files that are being carried in or out.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
_TURNED_AWAY = Counter(
    "partner_center_requests_turned_away", "Requests that were told to come back later.", registry=REGISTRY
)
_waits = [True]
"""Whether somebody waited when this was told last."""
_Metric = TypeVar("_Metric", Counter, Histogram)


@lru_cache(maxsize=1024)
def _of(metric: _Metric, *labels: object) -> _Metric:
    """Find what counts these labels; to look it up anew takes longer than to count."""
    return metric.labels(*labels)


TOLD_SECONDS: Final = 0.05
"""For how long what is counted of each request is added up before the counters are told."""
TOLD_CALLS: Final = 500

_counted: dict[Counter, int] = {}
_took: dict[Histogram, list[float]] = {}
_is_due = [False]


def _count(counter: Counter) -> None:
    # To tell seven counters of each request would take as long as to look its caller up.
    _counted[counter] = _counted.get(counter, 0) + 1


def _time(histogram: Histogram, seconds: float) -> None:
    taken = _took.setdefault(histogram, [])
    taken.append(seconds)
    if not _is_due[0]:
        try:
            asyncio.get_running_loop().call_later(TOLD_SECONDS, _tell)
        except RuntimeError:
            _tell()
            return
        _is_due[0] = True
    elif len(taken) >= TOLD_CALLS:
        _tell()


def _tell() -> None:
    _is_due[0] = False
    for counter, times in _counted.items():
        counter.inc(times)
    _counted.clear()
    for histogram, taken in _took.items():
        # As its observe() does, but once for all of them.
        bounds = histogram._upper_bounds
        histogram._sum.inc(sum(taken))
        places = [bisect_left(bounds, seconds) for seconds in taken]
        for place in set(places):
            histogram._buckets[place].inc(places.count(place))
    _took.clear()


_GAUGE_OF_PROCESS = re.compile(r"gauge_live\w*_(\d+)\.db")

_ROOMS = frozenset({"graphql", "admin", "exports", "files", "healthz", "imports", "readyz", "metrics", "static"})


def room(path: str) -> str:
    """Name the part of the application that a path leads to; unknown paths share one name."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in _ROOMS else "other"


def request_answered(path: str, status: int, seconds: float) -> None:
    """Count one HTTP request."""
    name = room(path)
    _count(_of(_REQUESTS, name, status))
    _time(_of(_REQUEST_SECONDS, name), seconds)


def operation_answered(kind: str, outcome: str, seconds: float) -> None:
    """Count one GraphQL operation: query or mutation; ok, refused or failed."""
    _count(_of(_OPERATIONS, kind, outcome))
    _time(_of(_OPERATION_SECONDS, kind), seconds)


def document_asked(source: str, *, prepared: bool, known: bool | None) -> None:
    """Count where a document came from, text, apq, persisted or none, and whether it was in memory."""
    _count(_of(_DOCUMENTS, source))
    if source != "none":
        _count(_of(_DOCUMENT_CACHE, "prepared", "hit" if prepared else "miss"))
    if known is not None:
        _count(_of(_DOCUMENT_CACHE, "registered", "hit" if known else "miss"))


def not_modified() -> None:
    """Count one answer that the caller had already."""
    _NOT_MODIFIED.inc()


def rate_limited() -> None:
    """Count one request beyond its caller's budget."""
    _RATE_LIMITED.inc()


def refused(code: str) -> None:
    """Count one refusal."""
    _of(_REFUSALS, code).inc()


def document_ran(kind: str, seconds: float, *, failed: bool) -> None:
    """Count one call of a tool's registered document; which document it was stands in the database."""
    _count(_of(_DOCUMENTS_RUN, kind, "failed" if failed else "ok"))
    _time(_of(_DOCUMENT_SECONDS, kind), seconds)


def planned() -> None:
    """Count one query that a plan answered."""
    _count(_PLANNED)


def executed(reason: str) -> None:
    """Count one operation that no plan answered."""
    _EXECUTED.labels(reason).inc()


def timer_fired(verb: str, times: int = 1) -> None:
    """Count transitions that their deadline fired."""
    _of(_TIMERS, verb).inc(times)


def mail_ended(outcome: str) -> None:
    """Count one attempt to send a mail: sent, dropped, failed or refused."""
    _of(_MAILS, outcome).inc()


def database_failed(code: str) -> None:
    """Count one error that the database answered."""
    _of(_DATABASE_ERRORS, code).inc()


def admitted(active: int, waiting: int) -> None:
    """Tell how many requests this process works on, and how many wait."""
    _ACTIVE.set(active)
    if waiting or _waits[0]:
        _WAITING.set(waiting)
        _waits[0] = waiting > 0


def transferring(active: int) -> None:
    """Tell how many files this process carries in or out."""
    _TRANSFERRING.set(active)


def turned_away() -> None:
    """Count one request beyond capacity."""
    _TURNED_AWAY.inc()


def text() -> bytes:
    """Print every figure, of all workers where PROMETHEUS_MULTIPROC_DIR lets them share one directory."""
    _tell()
    if ValueClass is not MutexValue:
        _forget_ended_processes(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        shared = CollectorRegistry()
        multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared)
    return generate_latest(REGISTRY)


def _forget_ended_processes(directory: Path) -> None:
    # What a worker has counted stays counted; what it was busy with when it died does not.
    for file in directory.glob("gauge_live*.db"):
        found = _GAUGE_OF_PROCESS.fullmatch(file.name)
        if found is not None and not _lives(int(found[1])):
            multiprocess.mark_process_dead(int(found[1]))  # type: ignore[no-untyped-call]


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def may_read(request: Request, settings: Settings) -> bool:
    """Tell whether this caller may read the figures: the bearer of the token, or this machine where none is set."""
    if settings.metrics_token is not None:
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, b"Bearer " + settings.metrics_token.get_secret_value().encode())
    # A proxy on this machine also comes from here, and speaks for somebody else.
    if "forwarded" in request.headers or "x-forwarded-for" in request.headers:
        return False
    return request.client is not None and _is_this_machine(request.client.host)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def answer(request: Request) -> Response:
    """Answer GET /metrics; strangers find nothing there. Expects the settings in the application's state."""
    if not may_read(request, request.app.state.settings):
        raise HTTPException(404)
    return Response(text(), media_type=CONTENT_TYPE_LATEST)
