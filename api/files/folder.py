"""Bytes of files in a local folder: gathered under a passing name, safe on the disk, then renamed."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO, Final

PIECE: Final = 256 * 1024
BATCH: Final = 200
RESTORING: Final = "restoring-"
"""How folders begin in which a restore unpacks."""


class FolderStorage:
    """A local folder (本地文件夹)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"

    async def keep(self, path: Path, key: str) -> None:
        """Move a gathered file to its place; afterwards it is there whole and for good, or not at all."""
        await asyncio.to_thread(self._keep, path, key)

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """Give the bytes piece by piece; FileNotFoundError where nothing lies under the key."""
        return _pieces(await asyncio.to_thread(self.place(key).open, "rb"))

    async def drop(self, key: str) -> None:
        """Throw bytes away; nothing happens where there are none."""
        await asyncio.to_thread(self.place(key).unlink, missing_ok=True)

    async def keys(self, older_than: dt.datetime) -> AsyncIterator[list[str]]:
        """List the keys of what has lain there since before an instant, some at a time."""
        before, found = older_than.timestamp(), []
        for folder in await asyncio.to_thread(self._folders):
            names = [path.name for path in await asyncio.to_thread(older_files, folder, before)]
            found += [name for name in names if is_key(name)]
            if len(found) >= BATCH:
                yield found
                found = []
        if found:
            yield found

    def place(self, key: str) -> Path:
        """Say where the bytes of a key lie, or would."""
        if not is_key(key):
            raise ValueError("a key has letters and digits only")
        # The end of an id is chance, so that no folder grows too full.
        return self.folder / "kept" / key[-2:] / key

    def _keep(self, path: Path, key: str) -> None:
        place = self.place(key)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.replace(place)
        for folder in (place.parent, place.parent.parent):
            _settle(folder)

    def _folders(self) -> list[Path]:
        kept = self.folder / "kept"
        return sorted(kept.iterdir()) if kept.is_dir() else []


def is_key(text: str) -> bool:
    """Tell whether a text may be the key of a file."""
    return text.isascii() and text.isalnum()


def older_files(folder: Path, before: float) -> list[Path]:
    """List the files of a folder that were last written before an instant."""
    return list(_older_files(folder, before)) if folder.is_dir() else []


def _older_files(folder: Path, before: float) -> Iterator[Path]:
    for entry in os.scandir(folder):
        try:
            if entry.is_file() and entry.stat().st_mtime < before:
                yield Path(entry.path)
        except FileNotFoundError:  # somebody else has thrown it away
            continue


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()
