"""Copies of a whole installation, its database and its files, taken while it is served and put back."""

import asyncio
import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from api.backup import databases
from api.backup.archive import CONTENT, hash_of, pack, unpack, unpack_files
from api.backup.files import ATTACHMENTS, EXPORTS, keys_in, places_of, put_back
from api.backup.manifest import BackupError, Files, KeptIn, Manifest, read_manifest
from api.files.folder import RESTORING, FolderStorage
from api.migrate import known_revisions
from api.settings import Settings


async def backup(settings: Settings, file: Path) -> Manifest:
    """Write the database, as it stands at one moment, and the files that it names into one new file.

    Others go on writing. The files are taken after the database, so that each row has its own; what lies in a bucket
    stays there.
    """
    _is_new(file)
    where = make_url(settings.database_url)
    dialect = where.get_backend_name()
    folders = {space: one for space, one in places_of(settings).items() if isinstance(one, FolderStorage)}
    with tempfile.TemporaryDirectory(prefix=".partner-center-", dir=file.parent) as folder:
        content = Path(folder) / CONTENT[dialect]
        copied = await databases.copy(where, content)
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        hash = await asyncio.to_thread(hash_of, content)
        manifest = Manifest(dialect, copied.revision, now, copied.counts, hash)
        whole = Path(folder) / "backup.zip"
        manifest = await asyncio.to_thread(pack, whole, content, manifest, copied.wanted, folders)
        whole.rename(file)
    return manifest


async def restore(settings: Settings, file: Path, *, force: bool = False) -> Manifest:
    """Put a backup in place of what is in the database, and its files where this installation keeps them.

    All or nothing: files first, for one without a row is harmless, and away again where the database refuses. A
    database that holds anything is replaced only with `force`, and so is added to a place of files that holds any.
    """
    where = make_url(settings.database_url)
    dialect = where.get_backend_name()
    manifest = read_manifest(file)
    if manifest.dialect != dialect:
        raise BackupError(
            f"{file} is a backup of {manifest.dialect}, and PARTNER_CENTER_DATABASE_URL names a database of {dialect}."
        )
    if manifest.revision not in known_revisions():
        raise BackupError(
            f"{file} was taken by a newer release (revision {manifest.revision}). Install that release, then restore."
        )
    held = sum((await databases.counts_of(settings.database_url)).values())
    if held and not force:
        raise BackupError(
            f"The database is not empty: it holds {held} rows. Name an empty one in PARTNER_CENTER_DATABASE_URL,"
            " or stop the servers and replace everything in it with --force."
        )
    places = places_of(settings)
    brings_files = manifest.files is not None and manifest.files.kept_in is KeptIn.FOLDER
    there = await keys_in(places) if brings_files else set()
    if there and not force:
        raise BackupError(
            f"The place of files is not empty: it holds {len(there)}. Name an empty folder in PARTNER_CENTER_FILES_DIR"
            " (or an empty bucket), or put those of the backup beside them with --force."
        )
    incoming = places[ATTACHMENTS].incoming
    await asyncio.to_thread(incoming.mkdir, parents=True, exist_ok=True, mode=0o700)
    with (
        tempfile.TemporaryDirectory(prefix="partner-center-") as folder,
        # Beside the places of files, so that each goes to its own by a mere renaming.
        tempfile.TemporaryDirectory(prefix=RESTORING, dir=incoming) as unpacked,
    ):
        content = Path(folder) / CONTENT[dialect]
        await asyncio.to_thread(unpack, file, content, manifest)
        await asyncio.to_thread(unpack_files, file, Path(unpacked), manifest)
        files = manifest.files.packed if manifest.files else ()
        async with put_back(places, Path(unpacked), files, there):
            await databases.replace(where, content)
    found = await databases.counts_of(settings.database_url)
    if found != dict(manifest.counts):
        raise BackupError("The restored database does not hold what the backup says. Restore again into an empty one.")
    return manifest


def _is_new(file: Path) -> None:
    if file.exists():
        raise BackupError(f"{file} exists already; name a new file.")
    if not file.parent.is_dir():
        raise BackupError(f"There is no folder {file.parent}.")


@contextmanager
def said_plainly() -> Iterator[None]:
    """End a command with a sentence where a backup cannot be taken or put back."""
    from api.plain import fail

    try:
        yield
    except BackupError as error:
        raise fail(str(error)) from None


__all__ = [
    "ATTACHMENTS",
    "CONTENT",
    "EXPORTS",
    "BackupError",
    "Files",
    "KeptIn",
    "Manifest",
    "backup",
    "read_manifest",
    "restore",
    "said_plainly",
]
