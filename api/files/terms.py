"""Where an installation keeps its files, and with which key it signs tickets and links."""

from __future__ import annotations

from api.files.folder import FolderStorage
from api.settings import Settings
from models.file import FileTerms, Storage
from models.identity import derive_key


def storage_of(settings: Settings) -> Storage:
    """Open the storage that the settings name: a bucket where one is named, a folder otherwise."""
    if settings.s3_bucket is None:
        return FolderStorage(settings.files_dir)
    from api.files.bucket import BucketStorage

    return BucketStorage(settings)


def file_terms(settings: Settings) -> FileTerms:
    """Say how files are reached here."""
    return FileTerms(derive_key(settings.secret_key.get_secret_value(), "files"), settings.address)
