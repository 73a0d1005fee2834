"""Persisted operations (持久化操作): what tools publish, what is admitted, and what stands behind an id."""

from models.operations.lookup import KnownDocument, find_document, find_document_by_text
from models.operations.record import (
    BUCKETS,
    DocumentKey,
    DocumentUsage,
    ManifestEntry,
    OperationDocument,
    OperationManifest,
    canonical_id,
)
from models.operations.words import DocumentKind, DocumentStatus, ManifestFormat, ManifestStatus

__all__ = [
    "BUCKETS",
    "DocumentKey",
    "DocumentKind",
    "DocumentStatus",
    "DocumentUsage",
    "KnownDocument",
    "ManifestEntry",
    "ManifestFormat",
    "ManifestStatus",
    "OperationDocument",
    "OperationManifest",
    "canonical_id",
    "find_document",
    "find_document_by_text",
]
