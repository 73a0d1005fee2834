"""All audits of the npm package graphql-http pass against the endpoint, served by a real server."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
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
from tests.served import installed, node_bin, run, serving

AUDITS = 61

pytestmark = pytest.mark.node


@pytest.fixture(params=["sample", "development", "production"])
def graphql_app(request: pytest.FixtureRequest, database: Database) -> ASGIApp:
    """The application whose /graphql is audited: the endpoint alone, and the whole one in both environments."""
    if request.param == "sample":
        return sample_app()
    # The audits introspect, which production answers to people only where it is told to.
    settings = Settings(
        database_url=database.url,
        environment=request.param,
        portal_mode="open",
        secret_key=SecretStr("a secret for nothing but this audit"),
    )
    return create_app(settings, database=database, sweeping=False)


@pytest_asyncio.fixture
async def address(graphql_app: ASGIApp) -> AsyncIterator[str]:
    """The address of the application on a free port."""
    async with serving(graphql_app) as served:
        yield served


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
    await installed()
    settings = getattr(getattr(graphql_app, "state", None), "settings", None)
    token = await sign_in(address, settings.database_url) if settings is not None and settings.production else ""
    outcomes = json.loads(await run(node_bin() / "node", "audit.mjs", address, token))
    assert len(outcomes) == AUDITS
    assert [outcome for outcome in outcomes if outcome["status"] != "ok"] == []
