"""What a backup says of itself, and what it is refused for."""

import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

FORMAT: Final = 2
WITHOUT_FILES: Final = 1
MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 256 * 1024 * 1024
BROKEN: Final = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError)
"""What reading an archive raises that is damaged, locked, or packed in a way that we do not pack."""
_PATH: Final = re.compile(r"(attachments|exports)/[0-9a-f]{32,64}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BackupError(Exception):
    """A backup that cannot be taken or put back, said in plain words; nothing was changed."""


class KeptIn(StrEnum):
    """Where the files lay when a backup was taken (文件存放方式)."""

    FOLDER = "folder"
    BUCKET = "bucket"


@dataclass(frozen=True)
class Packed:
    """One file in a backup (备份中的文件): its space and key, size and hash."""

    path: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        # Where a file goes is made from this, so nothing but the two spaces and a key is let through.
        sound = _PATH.fullmatch(self.path) and _HASH.fullmatch(self.sha256)
        if not sound or type(self.size) is not int or self.size < 0:
            raise ValueError(self.path)

    @property
    def space(self) -> str:
        """Name the storage that it belongs to."""
        return self.path.partition("/")[0]

    @property
    def key(self) -> str:
        """Name its place there."""
        return self.path.partition("/")[2]


@dataclass(frozen=True)
class Files:
    """Which files a backup holds (附件清单), which were not there, and which are not what was once stored."""

    kept_in: KeptIn
    packed: tuple[Packed, ...] = ()
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Files":
        """Read the list as it stands in the manifest."""
        packed = tuple(Packed(**one) for one in told["packed"])
        if len({one.path for one in packed}) < len(packed):
            raise ValueError("a file is named twice")
        return cls(KeptIn(told["kept_in"]), packed, tuple(told["missing"]), tuple(told["damaged"]))

    @property
    def size(self) -> int:
        """Add up the bytes."""
        return sum(one.size for one in self.packed)

    def count(self, space: str) -> int:
        """Count the files of one storage."""
        return sum(one.space == space for one in self.packed)


@dataclass(frozen=True)
class Manifest:
    """What a backup holds (备份清单): of which database, at which revision, how many rows a table, and its hash.

    `files` is nothing in a backup of the first format, which held the database alone.
    """

    dialect: str
    revision: str
    taken_at: str
    counts: Mapping[str, int]
    sha256: str
    files: Files | None = None
    format: int = FORMAT

    def text(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self), indent=1)


def read_manifest(file: Path) -> Manifest:
    """Read what a backup says of itself."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
                raise ValueError("too large to be a manifest")
            told: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if told.get("format") not in (FORMAT, WITHOUT_FILES):
            raise BackupError(f"{file} was taken by a newer release. Install that release, then restore.")
        listed = told.pop("files", None)
        if (listed is None) != (told["format"] == WITHOUT_FILES):
            raise ValueError("a list of files belongs to the second format")
        return Manifest(**told, files=None if listed is None else Files.read(listed))
    except FileNotFoundError:
        raise BackupError(f"There is no file {file}.") from None
    except (*BROKEN, ValueError, TypeError, AttributeError):
        raise BackupError(f"{file} is no backup of partner-center, or only a part of one.") from None
