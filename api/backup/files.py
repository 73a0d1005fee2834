"""The files of an installation beside its database: which its rows name, where they lie, and back to their places."""

import datetime as dt
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import col, select

from api.backup.manifest import Packed
from api.files.terms import export_storage_of, storage_of
from api.settings import Settings
from models.export import ExportRecord, ExportStatus
from models.file import Attachment, AttachmentState, Storage

ATTACHMENTS: Final = "attachments"
EXPORTS: Final = "exports"
Places = Mapping[str, Storage]


@dataclass(frozen=True)
class Wanted:
    """A file that a row names (库中登记的文件)."""

    space: str
    key: str
    sha256: str | None

    @property
    def path(self) -> str:
        """Name it as a backup does."""
        return f"{self.space}/{self.key}"


def places_of(settings: Settings) -> Places:
    """Open the storages of an installation by their names in a backup."""
    return {ATTACHMENTS: storage_of(settings), EXPORTS: export_storage_of(settings)}


def wanted(connection: Connection) -> list[Wanted]:
    """List the files that the rows of a database name: attachments, and exports whose time is not over."""
    found: list[Wanted] = []
    there = set(sa.inspect(connection).get_table_names())
    if Attachment.__tablename__ in there:
        stored = select(Attachment.id, Attachment.sha256).where(Attachment.state == AttachmentState.STORED)
        found += [Wanted(ATTACHMENTS, id.hex, sha256) for id, sha256 in connection.execute(stored)]
    if ExportRecord.__tablename__ in there:
        kept = select(ExportRecord.location, ExportRecord.sha256).where(
            ExportRecord.status == ExportStatus.DONE, col(ExportRecord.expires_at) > dt.datetime.now(dt.UTC)
        )
        found += [Wanted(EXPORTS, key, sha256) for key, sha256 in connection.execute(kept) if key]
    return found


async def keys_in(places: Places) -> set[str]:
    """List what lies in the storages already, each by its name in a backup."""
    ever = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    return {f"{space}/{key}" for space, one in places.items() async for keys in one.keys(ever) for key in keys}


@asynccontextmanager
async def put_back(places: Places, unpacked: Path, files: Iterable[Packed], there: set[str]) -> AsyncIterator[None]:
    """Move unpacked files to their places; where the block fails, those that were not there before go again."""
    put: list[Packed] = []
    try:
        for one in files:
            put.append(one)
            await places[one.space].keep(unpacked / one.space / one.key, one.key)
        yield
    except BaseException:
        for one in put:
            if one.path not in there:
                await places[one.space].drop(one.key)
        raise
