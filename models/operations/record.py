"""Persisted operations as rows: versions of a tool, their documents, the ids that call them, and how they are used."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.approval import Reviewed
from models.identity import Account, ClientApplication
from models.kernel.access import Actor
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Record, word_type
from models.kernel.values import Instant, Uid
from models.operations.words import DocumentKind, DocumentStatus, ManifestFormat, ManifestStatus
from models.partner import PartnerOrganisation

SHA256: Final = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
LONGEST_ID: Final = 256


def canonical_id(document_id: str) -> str:
    """Write an id as it is looked up: `sha256:` and the digest, or as the client writes it."""
    found = SHA256.fullmatch(document_id)
    return f"sha256:{found[1].lower()}" if found else document_id


def _of_seen_clients(actor: Actor, client_id: Any) -> sa.ColumnElement[bool]:
    seen = sa.select(col(ClientApplication.id)).where(ClientApplication.visible_to(actor))
    return sa.and_(client_id.in_(seen))


class OperationManifest(Aggregate, table=True):
    """One published version of a tool's operations (操作清单版本); its documents never change.

    `retire_at` is when it stops to be in use; until then this can be taken back. `content_hash` tells whether the same
    was published before.
    """

    __tablename__ = "operation_manifest"
    prefix: ClassVar[str] = "opm"
    zh: ClassVar[str] = "操作清单版本"
    en: ClassVar[str] = "Version of operations"
    relations: ClassVar[dict[str, Any]] = {
        "client": One(ClientApplication, "client_id"),
        "publisher": One(Account, "published_by"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at")},
        default=(("created_at", True),),
        filters={"client": Filter("client_id"), "status": Filter("status", "in")},
    )

    client_id: UUID = Field(sa_type=Uid, foreign_key="client_application.id")
    partner_id: UUID | None = Field(default=None, sa_type=Uid)
    label: str = Field(max_length=64)
    format: ManifestFormat = Field(sa_type=word_type(ManifestFormat))
    status: ManifestStatus = Field(default=ManifestStatus.PUBLISHED, sa_type=word_type(ManifestStatus))
    content_hash: str = Field(max_length=64)
    size: int
    published_by: UUID = Field(sa_type=Uid)
    published_by_name: str = Field(max_length=128)
    retire_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (
        sa.UniqueConstraint("client_id", "label", name="uq_operation_manifest_label"),
        sa.Index("ix_operation_manifest_client", "client_id", "created_at", "id"),
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """With the tool."""
        return _of_seen_clients(actor, col(cls.client_id))


class OperationDocument(Reviewed, table=True):
    """One operation that a tool uses (持久化操作), by its text; decided on once, whatever ids call it.

    `external_id` is the id as the client wrote it first. `analysis` holds what was found at publishing: `fields`,
    `ruled`, `permissions`, `deprecated`. `grants` are permissions to read ruled fields plainly.
    """

    __tablename__ = "operation_document"
    prefix: ClassVar[str] = "opd"
    zh: ClassVar[str] = "持久化操作"
    en: ClassVar[str] = "Persisted operation"
    relations: ClassVar[dict[str, Any]] = {
        "client": One(ClientApplication, "client_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "submitter": One(Account, "submitted_by"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at"), "name": SortKey("name", absent="")},
        default=(("created_at", True),),
        filters={
            "client": Filter("client_id"),
            "status": Filter("status", "in"),
            "kind": Filter("kind", "in"),
            "name": Filter("name", "text"),
            "external_id": Filter("external_id"),
        },
    )

    client_id: UUID = Field(sa_type=Uid, foreign_key="client_application.id")
    partner_id: UUID | None = Field(default=None, sa_type=Uid)
    external_id: str = Field(max_length=LONGEST_ID)
    sha256: str = Field(max_length=64)
    text: str = Field(sa_type=sa.Text)
    name: str | None = Field(default=None, max_length=128)
    kind: DocumentKind = Field(sa_type=word_type(DocumentKind))
    depth: int
    cost: int
    analysis: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    status: DocumentStatus = Field(default=DocumentStatus.WAITING, sa_type=word_type(DocumentStatus))
    grants: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    admitted_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    expires_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    verdict_reason: str | None = Field(default=None, max_length=2000)

    __table_args__ = (
        sa.UniqueConstraint("client_id", "sha256", name="uq_operation_document_text"),
        sa.Index("ix_operation_document_client", "client_id", "created_at", "id"),
        sa.Index("ix_operation_document_name", "client_id", "name", "admitted_at"),
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """With the tool."""
        return _of_seen_clients(actor, col(cls.client_id))


class DocumentKey(Record, table=True):
    """An id by which a tool calls a document (操作标识); it never points to another text."""

    __tablename__ = "operation_document_key"
    prefix: ClassVar[str] = "opk"

    client_id: UUID = Field(sa_type=Uid, foreign_key="client_application.id")
    key: str = Field(max_length=LONGEST_ID)
    document_id: UUID = Field(sa_type=Uid, foreign_key="operation_document.id", index=True)

    __table_args__ = (sa.UniqueConstraint("client_id", "key", name="uq_operation_document_key"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """With the tool."""
        return _of_seen_clients(actor, col(cls.client_id))


class ManifestEntry(Record, table=True):
    """A document of a version (清单条目), by the id that the version calls it."""

    __tablename__ = "operation_manifest_entry"
    prefix: ClassVar[str] = "ope"
    relations: ClassVar[dict[str, Any]] = {
        "document": One(OperationDocument, "document_id"),
        "manifest": One(OperationManifest, "manifest_id"),
    }

    manifest_id: UUID = Field(sa_type=Uid, foreign_key="operation_manifest.id")
    document_id: UUID = Field(sa_type=Uid, foreign_key="operation_document.id", index=True)
    external_id: str = Field(max_length=LONGEST_ID)

    __table_args__ = (sa.UniqueConstraint("manifest_id", "external_id", name="uq_operation_manifest_entry"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """With the version."""
        seen = sa.select(col(OperationManifest.id)).where(OperationManifest.visible_to(actor))
        return col(cls.manifest_id).in_(seen)


# Calls by how long they took, in milliseconds; the last bucket is everything slower.
BUCKETS: Final = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)


class DocumentUsage(Record, table=True):
    """How often a document ran on one day (操作用量): calls, errors, and calls by how long they took."""

    __tablename__ = "operation_document_usage"
    prefix: ClassVar[str] = "opu"

    document_id: UUID = Field(sa_type=Uid, foreign_key="operation_document.id")
    day: dt.date
    last_seen_at: dt.datetime = Field(sa_type=Instant)
    calls: int = 0
    errors: int = 0
    within_5: int = 0
    within_10: int = 0
    within_25: int = 0
    within_50: int = 0
    within_100: int = 0
    within_250: int = 0
    within_500: int = 0
    within_1000: int = 0
    within_2500: int = 0
    within_5000: int = 0
    slower: int = 0

    __table_args__ = (sa.UniqueConstraint("document_id", "day", name="uq_operation_document_usage"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """With the document."""
        seen = sa.select(col(OperationDocument.id)).where(OperationDocument.visible_to(actor))
        return col(cls.document_id).in_(seen)


relate(ClientApplication, "manifests", Many(OperationManifest, "client_id"))
relate(ClientApplication, "documents", Many(OperationDocument, "client_id"))
relate(OperationManifest, "entries", Many(ManifestEntry, "manifest_id"))
