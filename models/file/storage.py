"""What a storage of bytes must be able to do, whatever it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class Storage(Protocol):
    """Where the bytes of files lie (文件存储), each under a key; what is there is there whole."""

    @property
    def incoming(self) -> Path:
        """Give a local folder in which bytes are gathered until they have been looked at."""

    async def keep(self, path: Path, key: str) -> None:
        """Move a gathered file to its place; afterwards it is there whole and for good, or not at all."""

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """Give the bytes piece by piece; FileNotFoundError where nothing lies under the key."""

    async def drop(self, key: str) -> None:
        """Throw bytes away; nothing happens where there are none."""

    def keys(self, older_than: dt.datetime) -> AsyncIterator[list[str]]:
        """List the keys of what has lain there since before an instant, some at a time."""
