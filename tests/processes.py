"""Real processes for tests: the command `partner-center` as an operator starts it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

COMMAND = (sys.executable, "-c", "from api.cli import main; main()")


def surroundings(url: str, **more: str) -> dict[str, str]:
    """Give the environment of a command: this one's, without its own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARTNER_CENTER_")}
    settings = {f"PARTNER_CENTER_{name.upper()}": value for name, value in more.items()}
    return kept | {"PARTNER_CENTER_DATABASE_URL": url, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"} | settings


async def command(url: str, *arguments: str, **settings: str) -> tuple[int, str]:
    """Run a command to its end; answer its code and everything that it printed."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=surroundings(url, **settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, printed.decode()


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A server that runs."""

    address: str
    process: asyncio.subprocess.Process
    printed: str = ""

    @property
    def stopped_cleanly(self) -> bool:
        """Tell whether it ended its work; uvicorn then ends itself by the signal that it was sent."""
        ended = self.process.returncode in (0, -signal.SIGTERM)
        return ended and "Application shutdown complete." in self.printed

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Fetch a page."""
        async with httpx2.AsyncClient(timeout=10) as client:
            answer = await client.get(self.address + path, headers=headers)
            return answer.status_code, answer.text

    async def query(self, document: str, token: str) -> tuple[int, Any]:
        """Ask a GraphQL query."""
        async with httpx2.AsyncClient(timeout=10) as client:
            answer = await client.post(
                f"{self.address}/graphql", json={"query": document}, headers={"authorization": f"Bearer {token}"}
            )
            return answer.status_code, answer.json()


@asynccontextmanager
async def serving(url: str, *arguments: str, **settings: str) -> AsyncIterator[Server]:
    """Serve on a free port until the block ends, and see that it stops cleanly."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("serve", "--port", str(port), *arguments),
        env=surroundings(url, **settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    server = Server(f"http://127.0.0.1:{port}", process)
    reader = asyncio.create_task(_read(process, server))
    try:
        await _until_ready(server)
        yield server
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)
        await reader


async def _read(process: asyncio.subprocess.Process, server: Server) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        server.printed += line.decode()


async def _until_ready(server: Server) -> None:
    for _ in range(300):
        if server.process.returncode is not None:
            break
        try:
            if (await server.get("/readyz"))[0] == 200:
                return
        except httpx2.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError(f"the server did not come up:\n{server.printed}")
