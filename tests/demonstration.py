"""The demonstration as tests use it: loaded once, on a fixed day, and only read."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import pytest_asyncio

from api.demo import load_demo
from api.identity import journal_key
from api.installation import Installation
from api.settings import Settings
from models.kernel.access import system_actor
from models.kernel.work import run_write, utc_now
from models.seed import plant
from tests.databases import Databases, open_database


async def demonstrated(url: str, *, now: dt.datetime | None = None) -> Installation:
    """Load the demonstration into a migrated database; whoever asks closes it."""
    database = open_database(url)
    settings = Settings(database_url=url)
    house = Installation(settings, database, database.writer, database.reader, journal_key(settings))
    await run_write(house, system_actor(), plant)
    await load_demo(house, now=now or utc_now())
    return house


@pytest_asyncio.fixture(scope="session")
async def demonstration(databases: Databases) -> AsyncIterator[Installation]:
    """The demonstration as it stands now; no test changes it."""
    url = await databases.copy()
    house = await demonstrated(url)
    yield house
    await house.database.dispose()
    await databases.drop(url)
