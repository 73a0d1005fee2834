"""The commands `backup` and `restore`: database and files into one archive, and back."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.plain import out, plainly, where
from api.settings import Settings, load

if TYPE_CHECKING:
    from api.backup import Files, Manifest


def backup(file: Annotated[Path, typer.Argument(help="The new file to write.")]) -> None:
    """Write the whole database and its files into one archive, while it is served."""
    from api.backup import backup as take
    from api.backup import said_plainly

    with plainly(), said_plainly():
        settings = load()
        out.print(f"Database: {where(settings)}", markup=False)
        manifest = asyncio.run(take(settings, file))
    rows, size = sum(manifest.counts.values()), file.stat().st_size
    out.print(f"{rows} rows of {len(manifest.counts)} tables at revision {manifest.revision}: {size} bytes in {file}")
    _tell_files(manifest, settings)
    out.print("Keep PARTNER_CENTER_SECRET_KEY with it, in another place: sessions and links are signed with it.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `partner-center backup` wrote.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the database holds; add the files to those there.")
    ] = False,
) -> None:
    """Put a backup into an empty database and an empty folder of files, or with --force in place of what is there."""
    from api.backup import restore as put_back
    from api.backup import said_plainly
    from api.migrate import pending

    with plainly(), said_plainly():
        settings = load()
        out.print(f"Database: {where(settings)}", markup=False)
        manifest = asyncio.run(put_back(settings, file, force=force))
        waiting = asyncio.run(pending(settings.database_url))
    rows = sum(manifest.counts.values())
    out.print(f"{rows} rows of {len(manifest.counts)} tables are back, as they were at {manifest.taken_at}.")
    _tell_restored_files(manifest, settings)
    if waiting:
        out.print(f"The backup is older than this release by {len(waiting)} migrations. Run: partner-center migrate")


def _counted(files: "Files") -> str:
    from api.backup import ATTACHMENTS, EXPORTS

    return f"{files.count(ATTACHMENTS)} attachments and {files.count(EXPORTS)} exported files ({files.size} bytes)"


def _tell_files(manifest: "Manifest", settings: Settings) -> None:
    from api.backup import KeptIn

    files = manifest.files
    if files is None or files.kept_in is KeptIn.BUCKET:
        out.print(
            f"Files lie in the bucket {settings.s3_bucket}, which is not in this backup: keep a copy of it as old as"
            " your oldest backup. README, “Back up and restore”, says how.",
            markup=False,
        )
        return
    out.print(f"{_counted(files)} from {settings.files_dir}", markup=False)
    if files.missing:
        out.print(
            f"{len(files.missing)} files were not there any more, swept meanwhile or lost: {_some(files.missing)}",
            markup=False,
        )
    if files.damaged:
        out.print(
            f"{len(files.damaged)} files are not what was once stored, and were taken as they are:"
            f" {_some(files.damaged)}",
            markup=False,
        )


def _tell_restored_files(manifest: "Manifest", settings: Settings) -> None:
    from api.backup import KeptIn

    place = settings.files_dir if settings.s3_bucket is None else f"the bucket {settings.s3_bucket}"
    if manifest.files is None:
        said = f"The backup is of the earlier format, without files: put those that were saved with it into {place}."
    elif manifest.files.kept_in is KeptIn.BUCKET:
        said = f"Files lay in a bucket, which is not in the backup: see that {place} holds them."
    else:
        said = f"{_counted(manifest.files)} are back in {place}."
        if lost := (*manifest.files.missing, *manifest.files.damaged):
            said += f" {len(lost)} were missing or damaged already when the backup was taken: {_some(lost)}"
    out.print(said, markup=False)


def _some(paths: tuple[str, ...]) -> str:
    return ", ".join(paths[:3]) + (" …" if len(paths) > 3 else "")
