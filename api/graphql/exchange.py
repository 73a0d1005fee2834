"""What is known of one request while it is answered, what goes out, and what is told of it afterwards."""

from collections.abc import Hashable
from typing import Any, NamedTuple
from uuid import uuid4

from starlette.requests import Request
from starlette.types import Scope

from api.graphql.documents import Operation
from api.graphql.persisted import Chosen, Terms
from api.graphql.requests import JSON


class Answered(NamedTuple):
    """What is told of a request once it is answered; no variables, no data."""

    request_id: str
    status: int
    kind: str | None
    operation: str | None
    cost: int
    seconds: float
    codes: tuple[str, ...]
    source: str | None = None
    """Where the document came from: `text`, `apq` or `persisted`."""
    prepared: bool = False
    """Whether the document was found prepared."""
    known: bool | None = None
    """Whether a registered document was found without asking the registry; None where none was."""
    mark: Any = None
    """What the registry knows the document by."""


class Exchange:
    """What is known of one request while it is being answered."""

    __slots__ = (
        *("chosen", "cost", "failures", "headers", "media_type", "operation", "prepared"),
        *("request", "request_id", "stranger", "terms", "version"),
    )

    def __init__(self, request: Request, request_id: str) -> None:
        self.request = request
        self.request_id = request_id
        self.media_type = JSON
        self.terms = Terms()
        self.chosen: Chosen | None = None
        self.prepared = False
        self.operation: Operation | None = None
        self.cost = 0
        self.version: Hashable = None
        """The state of the data before anything was read, where it was asked."""
        self.headers: dict[str, str] = {}
        self.stranger = True
        self.failures = 0


class Reply(NamedTuple):
    """What goes out: the status, the body, and the errors that stand in it."""

    status: int
    body: bytes
    errors: list[dict[str, Any]]


def given_request_id(request: Request) -> str:
    """Return the request id that stands in the request's state, or a new one."""
    return request.scope["state"]["request_id"] if has_request_id(request.scope) else uuid4().hex


def has_request_id(scope: Scope) -> bool:
    """Say whether a layer above has given the request its id; it then tells it in the answer's headers too."""
    return bool(scope.get("state", {}).get("request_id"))


def told(exchange: Exchange, reply: Reply, seconds: float) -> Answered:
    """Sum up what is told of a request once it is answered."""
    analysis = exchange.operation.analysis if exchange.operation else None
    chosen = exchange.chosen
    return Answered(
        exchange.request_id,
        reply.status,
        analysis.kind if analysis else None,
        analysis.name if analysis else None,
        exchange.cost,
        seconds,
        tuple(str(entry["extensions"].get("code")) for entry in reply.errors),
        chosen.source.value if chosen else None,
        exchange.prepared,
        chosen.known if chosen else None,
        chosen.registered.mark if chosen and chosen.registered else None,
    )
