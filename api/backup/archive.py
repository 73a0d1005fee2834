"""The file that a backup is: an archive with the database's copy, the files that it names, and the manifest."""

import hashlib
import os
import shutil
import stat
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from api.backup.files import Wanted
from api.backup.manifest import BROKEN, MANIFEST, BackupError, Files, KeptIn, Manifest, Packed
from api.files.folder import FolderStorage

CONTENT: Final = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
CHUNK: Final = 1 << 20
_FILES: Final = "files/"


def pack(
    whole: Path, content: Path, manifest: Manifest, wanted: Iterable[Wanted], folders: Mapping[str, FolderStorage]
) -> Manifest:
    """Write the archive and give its manifest; what a folder does not hold any more is listed as missing."""
    # It holds people's data, so nobody but its owner reads it.
    handle = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as raw:
        with zipfile.ZipFile(raw, "w", compresslevel=1) as archive:
            # PostgreSQL's own dump is compressed already.
            method = zipfile.ZIP_DEFLATED if manifest.dialect == "sqlite" else zipfile.ZIP_STORED
            archive.write(content, content.name, method, 1)
            files = _pack_files(archive, wanted, folders) if folders else Files(KeptIn.BUCKET)
            manifest = replace(manifest, files=files)
            archive.writestr(MANIFEST, manifest.text(), zipfile.ZIP_DEFLATED)
        raw.flush()
        os.fsync(raw.fileno())
    return manifest


def _pack_files(archive: zipfile.ZipFile, wanted: Iterable[Wanted], folders: Mapping[str, FolderStorage]) -> Files:
    packed, missing, damaged = [], [], []
    for one in wanted:
        try:
            source = folders[one.space].place(one.key).open("rb")
        except FileNotFoundError:
            missing.append(one.path)
            continue
        with source:
            packed.append(_pack_one(archive, one.path, source))
        if one.sha256 is not None and packed[-1].sha256 != one.sha256:
            damaged.append(one.path)
    return Files(KeptIn.FOLDER, tuple(packed), tuple(missing), tuple(damaged))


def _pack_one(archive: zipfile.ZipFile, path: str, source: BinaryIO) -> Packed:
    entry = zipfile.ZipInfo(_FILES + path)
    entry.external_attr = 0o600 << 16
    size, digest = 0, hashlib.sha256()
    # Documents and pictures are compressed already.
    with archive.open(entry, "w", force_zip64=True) as target:
        while piece := source.read(CHUNK):
            size += len(piece)
            digest.update(piece)
            target.write(piece)
    return Packed(path, size, digest.hexdigest())


def unpack(file: Path, content: Path, manifest: Manifest) -> None:
    """Take the database's copy out of an archive, and see that it is what was put in."""
    try:
        with zipfile.ZipFile(file) as archive, archive.open(content.name) as source, content.open("xb") as target:
            shutil.copyfileobj(source, target, CHUNK)
    except BROKEN:
        raise BackupError(f"{file} is damaged; nothing was changed.") from None
    if hash_of(content) != manifest.sha256:
        raise BackupError(f"{file} is damaged: its content is not what was backed up. Nothing was changed.")


def unpack_files(file: Path, folder: Path, manifest: Manifest) -> None:
    """Take the files out of an archive into an empty folder, exactly those that its manifest lists.

    No name of the archive is followed: each place is made from the manifest's list, which knows two spaces and keys.
    """
    files = manifest.files.packed if manifest.files else ()
    try:
        with zipfile.ZipFile(file) as archive:
            entries = _entries(file, archive, manifest)
            for one in files:
                place = folder / one.space / one.key
                place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with archive.open(entries[_FILES + one.path]) as source, place.open("xb") as target:
                    shutil.copyfileobj(source, target, CHUNK)
                if place.stat().st_size != one.size or hash_of(place) != one.sha256:
                    raise BackupError(f"{file} is damaged: {one.path} is not what was backed up. Nothing was changed.")
    except BROKEN:
        raise BackupError(f"{file} is damaged; nothing was changed.") from None


def _entries(file: Path, archive: zipfile.ZipFile, manifest: Manifest) -> dict[str, zipfile.ZipInfo]:
    listed = archive.infolist()
    entries = {one.filename: one for one in listed}
    files = {_FILES + one.path: one.size for one in manifest.files.packed} if manifest.files else {}
    alien = set(entries) - set(files) - {MANIFEST, CONTENT[manifest.dialect]}
    if alien or len(entries) < len(listed):
        told = ", ".join(repr(name) for name in sorted(alien)[:3]) or "a name twice"
        raise BackupError(f"{file} holds what no backup holds: {told}. Nothing was changed.")
    for name, size in files.items():
        kind = stat.S_IFMT(entries[name].external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entries[name].is_dir() or entries[name].file_size != size:
            raise BackupError(f"{file} holds what no backup holds: {name!r} is no plain file. Nothing was changed.")
    return entries


def hash_of(file: Path) -> str:
    """Give the hash of a file's content."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
