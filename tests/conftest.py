"""What every test may ask for: a database of its own, on SQLite or on PostgreSQL."""

import os
from collections.abc import AsyncIterator

import hypothesis
import pytest
import pytest_asyncio

from api.database import Database
from tests.databases import Databases, PostgresDatabases, SqliteDatabases, open_database

hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", choices=["sqlite", "postgres"], default="sqlite", help="the database that the tests run on"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    other = "postgres" if config.getoption("--database") == "sqlite" else "sqlite"
    away = [item for item in items if item.get_closest_marker(other)]
    if away:
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if not item.get_closest_marker(other)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a run fail for what it skipped, where FORBID_SKIPS says so."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("FORBID_SKIPS") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("Skipped tests are forbidden here (FORBID_SKIPS).", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest_asyncio.fixture(scope="session")
async def databases(request: pytest.FixtureRequest) -> AsyncIterator[Databases]:
    """The source of databases of this run."""
    kind = SqliteDatabases if request.config.getoption("--database") == "sqlite" else PostgresDatabases
    source: Databases = await kind.open()
    yield source
    await source.close()


@pytest_asyncio.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """The address of a migrated database that only this test uses."""
    url = await databases.copy()
    yield url
    await databases.drop(url)


@pytest_asyncio.fixture
async def empty_database_url(databases: Databases) -> AsyncIterator[str]:
    """The address of a database without a table that only this test uses."""
    url = await databases.empty()
    yield url
    await databases.drop(url)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database that only this test uses, opened."""
    opened = open_database(database_url)
    yield opened
    await opened.dispose()
