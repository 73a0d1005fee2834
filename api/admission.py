"""Lets in as many requests at a time as a process can serve well, lets a few wait, and sends the rest away at once."""

import asyncio
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics, transfers
from api.turns import Turns

EXEMPT = frozenset({"healthz", "readyz", "metrics"})
TOLD_EVERY = 1.0
"""Seconds between log lines on who was sent away: a line for each would take the time of those who are let in."""
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
        self._places = Turns(concurrent)
        self._active = 0
        self._waiting = 0
        self._sent_away = 0
        self._told_at = -TOLD_EVERY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or send it away."""
        if scope["type"] != "http" or metrics.room(scope["path"]) in EXEMPT or transfers.carries_files(scope):
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
            self._places.give_back()
            metrics.admitted(self._active, self._waiting)

    def _is_full(self) -> bool:
        return self._places.are_taken and self._waiting >= self._waiting_room

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
        if self._places.take():
            return self._entered()
        self._waiting += 1
        metrics.admitted(self._active, self._waiting)
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return self._entered()

    def _entered(self) -> bool:
        self._active += 1
        metrics.admitted(self._active, self._waiting)
        return True

    async def _send_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._tell()
        await transfers.over_capacity(scope, self._seconds)(scope, receive, send)

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
