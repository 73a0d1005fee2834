"""The commands `backup` and `restore`: the whole database into one file, and back."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api.plain import out, plainly, where
from api.settings import load


def backup(file: Annotated[Path, typer.Argument(help="The new file to write.")]) -> None:
    """Write the whole database into one file, while it is served."""
    from api.backup import backup as take
    from api.backup import said_plainly

    with plainly(), said_plainly():
        settings = load()
        out.print(f"Database: {where(settings)}", markup=False)
        manifest = asyncio.run(take(settings.database_url, file))
    rows, size = sum(manifest.counts.values()), file.stat().st_size
    out.print(f"{rows} rows of {len(manifest.counts)} tables at revision {manifest.revision}: {size} bytes in {file}")
    out.print("Keep PARTNER_CENTER_SECRET_KEY with it, in another place: sessions and links are signed with it.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `partner-center backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace everything that the database holds.")] = False,
) -> None:
    """Put a backup into an empty database, or with --force in place of what one holds."""
    from api.backup import restore as put_back
    from api.backup import said_plainly
    from api.migrate import pending

    with plainly(), said_plainly():
        settings = load()
        out.print(f"Database: {where(settings)}", markup=False)
        manifest = asyncio.run(put_back(settings.database_url, file, force=force))
        waiting = asyncio.run(pending(settings.database_url))
    rows = sum(manifest.counts.values())
    out.print(f"{rows} rows of {len(manifest.counts)} tables are back, as they were at {manifest.taken_at}.")
    if waiting:
        out.print(f"The backup is older than this release by {len(waiting)} migrations. Run: partner-center migrate")
