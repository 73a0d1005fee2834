"""Bounds what carries files in or out, apart from everything else, so that slow lines never keep GraphQL waiting."""

import asyncio
import html
from collections.abc import AsyncIterator
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics
from api.graphql.refusals import Code, error
from models.file import TransferTooSlowError

ROOMS: Final = frozenset({"files", "exports", "imports"})
RETRY_SECONDS: Final = 5
_PAGE: Final = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>503</title>'
    "<p>{zh}</p><p lang='en'>{en}</p><p><small>{request_id}</small></p></html>"
)


def carries_files(scope: Scope) -> bool:
    """Tell whether a request carries a file in or out: those of the doors of files, and forms of the back-office."""
    room = metrics.room(scope["path"])
    if room in ROOMS:
        return True
    return room == "admin" and any(
        name == b"content-type" and value.startswith(b"multipart/form-data") for name, value in scope["headers"]
    )


def over_capacity(scope: Scope, seconds: float) -> Response:
    """Make the answer to whoever is sent away: a page in the back-office, JSON elsewhere."""
    metrics.turned_away()
    state = scope.setdefault("state", {})
    state["turned_away"] = True
    request_id = str(state.get("request_id", ""))
    headers = {"retry-after": str(max(1, round(seconds))), "cache-control": "no-store"}
    if metrics.room(scope["path"]) == "admin":
        zh, en = Code.OVER_CAPACITY.message_zh, html.escape(Code.OVER_CAPACITY.message)
        return Response(_PAGE.format(zh=zh, en=en, request_id=html.escape(request_id)), 503, headers, "text/html")
    entry = error(Code.OVER_CAPACITY, facts={"action": "RETRY", "requestId": request_id})
    return Response(orjson.dumps({"errors": [entry]}), 503, headers, "application/json")


class Transfers:
    """Carries at most `most` files at a time; beyond that the answer is 503 with Retry-After, and nothing was done."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self.app = app
        self._most = most
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or send it away."""
        if scope["type"] != "http" or not carries_files(scope):
            await self.app(scope, receive, send)
            return
        if self._active >= self._most:
            await over_capacity(scope, RETRY_SECONDS)(scope, receive, send)
            return
        self._active += 1
        metrics.transferring(self._active)
        line = _Line(send)
        try:
            await self.app(scope, receive, line.send)
        except Exception:
            # Whoever does not take what he has asked for is hung up on; nothing is wrong here.
            if not line.is_stuck:
                raise
        finally:
            self._active -= 1
            metrics.transferring(self._active)


class Pace:
    """How slow a line may be (最低传输速度): so many seconds at first, and so many bytes a second on the average."""

    def __init__(self, seconds: float = 30, rate: float = 16 * 1024) -> None:
        self._rate = rate
        self._until = asyncio.get_running_loop().time() + seconds

    @property
    def until(self) -> float:
        """Give the moment by which the next bytes must have come."""
        return self._until

    def moved(self, size: int) -> None:
        """Allow the time that so many bytes may take."""
        self._until += size / self._rate


async def pieces_of(request: Request, pace: Pace | None = None) -> AsyncIterator[bytes]:
    """Give the body of a request as it comes; one that comes too slowly is refused."""
    pace = pace or Pace()
    pieces = request.stream()
    while True:
        try:
            async with asyncio.timeout_at(pace.until):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise TransferTooSlowError() from None
        if piece is None:
            return
        pace.moved(len(piece))
        yield piece


class _Line:
    """The way to one caller (下行线路)."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._pace = Pace()
        self.is_stuck = False

    async def send(self, message: Message) -> None:
        """Send on, as long as the other end takes it at a bearable pace."""
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        self._pace.moved(len(message.get("body", b"")))
        try:
            async with asyncio.timeout_at(self._pace.until):
                await self._send(message)
        except TimeoutError:
            self.is_stuck = True
            raise
