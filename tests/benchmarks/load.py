"""A client that costs little: prepared requests on connections that stay open."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

HOST = "127.0.0.1"


@dataclass
class Burst:
    """What one burst of requests showed: server CPU a request, and how long each took."""

    cpu: float
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    lasted: float = 0.0

    def percentile(self, share: float) -> float:
        """Give the time under which a share of the requests was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Connection:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> bytes:
        """Send a request and read the body of its answer."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(HOST, self.port)
        reader, writer = self.streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        # 304 has no body, and says nothing of its length.
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        return await reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        if self.streams is not None:
            self.streams[1].close()


def post(path: str, body: Any, token: str | None = None) -> bytes:
    """Write a POST with a JSON body."""
    content = orjson.dumps(body)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n"
    )
    return (head + (f"authorization: Bearer {token}\r\n" if token else "") + "\r\n").encode() + content


def get(path: str, token: str | None = None, more: str = "") -> bytes:
    """Write a GET, with more lines of its head."""
    bearer = f"authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\n{bearer}{more}\r\n".encode()


async def cpu_of(port: int) -> float:
    """Ask the server how much CPU it has used."""
    connection = Connection(port)
    found: float = orjson.loads(await connection.send(get("/bench/cpu")))["seconds"]
    connection.close()
    return found


async def megabytes_of(port: int) -> float:
    """Ask the server how large it has been."""
    connection = Connection(port)
    found: float = orjson.loads(await connection.send(get("/bench/cpu")))["kilobytes"] / 1024
    connection.close()
    return found


async def burst(
    port: int,
    request: Callable[[], bytes],
    *,
    seconds: float,
    connections: int,
    used: Callable[[], Awaitable[float]] | None = None,
) -> Burst:
    """Send requests for a while, each connection one after the other, and see what they cost the server.

    `used` says how much CPU that is; without it the server is asked. A request that ends the supply ends the burst.
    """
    took: list[float] = []
    refused = 0
    used = used or partial(cpu_of, port)
    began = time.perf_counter()
    end = began + seconds

    async def one(connection: Connection) -> None:
        nonlocal refused
        while time.perf_counter() < end and (message := request()):
            started = time.perf_counter()
            answer = await connection.send(message)
            took.append(time.perf_counter() - started)
            refused += answer.startswith(b'{"errors"')
        connection.close()

    before = await used()
    await asyncio.gather(*(one(Connection(port)) for _ in range(connections)))
    lasted = time.perf_counter() - began
    return Burst((await used() - before) / len(took), took, refused, lasted)


def median(values: list[float]) -> float:
    """Give the middle one."""
    return statistics.median(values)
