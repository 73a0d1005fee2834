"""Runs what an operator asks for on the command line, and says in plain words what went wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from api.installation import Installation, opened
from api.migrate import MigrationError
from api.settings import Settings, SettingsError, load
from models.kernel.errors import DomainError

T = TypeVar("T")
NO_TABLE = ("no such table", "UndefinedTable", "does not exist")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def where(settings: Settings) -> str:
    """Name the database without its password."""
    return make_url(settings.database_url).render_as_string(hide_password=True)


def is_missing(settings: Settings) -> bool:
    """Tell whether the database is a file that nobody has made yet."""
    url = make_url(settings.database_url)
    return url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists()


def sentences(error: Exception) -> list[str] | None:
    """Say what an operator should know about an error, or nothing where it is a bug."""
    if isinstance(error, SettingsError):
        return [*str(error).splitlines(), "The settings come from PARTNER_CENTER_* and .env; see .env.example."]
    if isinstance(error, DomainError):
        return [f"{single.message('en')}  {single.message('zh')}" for single in error]
    if isinstance(error, MigrationError):
        return [f"The migration was undone: {error}"]
    if isinstance(error, DBAPIError) and any(sign in str(error.orig) for sign in NO_TABLE):
        return ["The database has not been set up, or not for this release. Run: partner-center migrate"]
    if isinstance(error, SQLAlchemyError | OSError):
        cause = getattr(error, "orig", None) or error
        return [
            f"The database cannot be used: {cause}",
            "Look at PARTNER_CENTER_DATABASE_URL, or run: partner-center doctor",
        ]
    return None


def fail(*lines: str) -> typer.Exit:
    """Say what is wrong; raise what this answers to end the command with code 1."""
    for line in lines:
        err.print(line, style="red", markup=False)
    return typer.Exit(1)


@contextmanager
def plainly() -> Iterator[None]:
    """End the command with a sentence instead of a traceback where the operator can do something about an error."""
    try:
        yield
    except Exception as error:
        said = sentences(error)
        if said is None:
            raise
        raise fail(*said) from None


def run(command: Callable[[Installation], Awaitable[T]], settings: Settings | None = None) -> T:
    """Open the installation for one command."""

    async def within(chosen: Settings) -> T:
        async with opened(chosen) as house:
            return await command(house)

    with plainly():
        return asyncio.run(within(settings or load()))
