"""Where an installation keeps its files, and with which key it signs tickets and links."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from api.files.folder import FolderStorage
from api.settings import Settings
from models.file import FileTerms, Storage
from models.identity import derive_key

EXPORTS: Final = "exports"


def storage_of(settings: Settings) -> Storage:
    """Open the storage of attachments: in the bucket that the settings name, in their folder otherwise."""
    return _storage(settings, settings.files_dir, "")


def export_storage_of(settings: Settings) -> Storage:
    """Open the storage of exported files; it stands beside that of attachments, and neither sees the other's."""
    return _storage(settings, settings.files_dir / EXPORTS, f"{EXPORTS}/")


def _storage(settings: Settings, folder: Path, prefix: str) -> Storage:
    if settings.s3_bucket is None:
        return FolderStorage(folder)
    from api.files.bucket import BucketStorage

    return BucketStorage(settings, folder, prefix)


def file_terms(settings: Settings) -> FileTerms:
    """Say how files are reached here."""
    return FileTerms(derive_key(settings.secret_key.get_secret_value(), "files"), settings.address)
