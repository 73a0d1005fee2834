"""An installation that is opened for work: its settings, its database and the key of its journal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.database import Database, connect
from api.identity import journal_key
from api.settings import Settings


@dataclass(frozen=True)
class Installation:
    """What the commands work on; the domain knows it as a store."""

    settings: Settings
    database: Database
    writer: async_sessionmaker[AsyncSession]
    reader: async_sessionmaker[AsyncSession]
    journal_key: bytes


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Installation]:
    """Open the installation of these settings, and close its connections afterwards."""
    database = connect(settings)
    try:
        yield Installation(settings, database, database.writer, database.reader, journal_key(settings))
    finally:
        await database.dispose()
