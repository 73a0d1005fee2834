"""Lets in as many requests at a time as a process can serve well, lets a few wait, and sends the rest away at once."""

import asyncio
import html
import time

import orjson
import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics, transfers
from api.graphql.refusals import Code, error

EXEMPT = transfers.ROOMS | {"healthz", "readyz", "metrics"}
TOLD_EVERY = 1.0
"""Seconds between log lines on who was sent away: a line for each would take the time of those who are let in."""
_PAGE = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>503</title>'
    "<p>{zh}</p><p lang='en'>{en}</p><p><small>{request_id}</small></p></html>"
)
log = structlog.get_logger("api.admission")


class Admission:
    """Works on `concurrent` requests at a time, in the order of their coming, with `waiting` behind them.

    Beyond that, and after `seconds` of waiting, the answer is 503 with Retry-After. A request is let in once its body
    is there, up to `body_bytes`, so that a slow line holds no place.
    """

    def __init__(self, app: ASGIApp, *, concurrent: int, waiting: int, seconds: float, body_bytes: int) -> None:
        self.app = app
        self._waiting_room = waiting
        self._seconds = seconds
        self._body_bytes = body_bytes
        self._places = asyncio.Semaphore(concurrent)
        self._active = 0
        self._waiting = 0
        self._sent_away = 0
        self._told_at = -TOLD_EVERY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or send it away."""
        if scope["type"] != "http" or metrics.room(scope["path"]) in EXEMPT:
            await self.app(scope, receive, send)
            return
        if self._is_full():
            await self._send_away(scope, receive, send)
            return
        begun = await self._received(receive)
        if not await self._enter():
            await self._send_away(scope, receive, send)
            return
        try:
            await self.app(scope, _again(begun, receive), send)
        finally:
            self._active -= 1
            self._places.release()
            metrics.admitted(self._active, self._waiting)

    def _is_full(self) -> bool:
        return self._places.locked() and self._waiting >= self._waiting_room

    async def _received(self, receive: Receive) -> list[Message]:
        messages: list[Message] = []
        size = 0
        while size <= self._body_bytes:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                break
        return messages

    async def _enter(self) -> bool:
        if self._is_full():
            return False
        self._waiting += 1
        metrics.admitted(self._active, self._waiting)
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        self._active += 1
        metrics.admitted(self._active, self._waiting)
        return True

    async def _send_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        metrics.turned_away()
        self._tell()
        state = scope.setdefault("state", {})
        state["turned_away"] = True
        request_id = str(state.get("request_id", ""))
        headers = {"retry-after": str(max(1, round(self._seconds))), "cache-control": "no-store"}
        if metrics.room(scope["path"]) == "admin":
            page = _PAGE.format(
                zh=Code.OVER_CAPACITY.message_zh,
                en=html.escape(Code.OVER_CAPACITY.message),
                request_id=html.escape(request_id),
            )
            await Response(page, 503, headers, "text/html")(scope, receive, send)
            return
        entry = error(Code.OVER_CAPACITY, facts={"action": "RETRY", "requestId": request_id})
        body = orjson.dumps({"errors": [entry]})
        await Response(body, 503, headers, "application/json")(scope, receive, send)

    def _tell(self) -> None:
        self._sent_away += 1
        now = time.monotonic()
        if now - self._told_at >= TOLD_EVERY:
            log.warning("over_capacity", sent_away=self._sent_away, active=self._active, waiting=self._waiting)
            self._sent_away, self._told_at = 0, now


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Hand out what has been received already, then go on receiving."""
    left = iter(messages)

    async def next_message() -> Message:
        message = next(left, None)
        return message if message is not None else await receive()

    return next_message
