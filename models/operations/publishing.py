"""What a tool's people do with its operations: publish a version, retire it, ask for admission again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.approval import open_entry
from models.identity import ClientApplication
from models.kernel.access import Side
from models.kernel.errors import DomainError, LengthError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.policy import Policy
from models.kernel.values import new_id
from models.kernel.work import Work
from models.operations.lifecycle import ADMISSION, DOCUMENTS, MANIFESTS, in_force
from models.operations.record import (
    DocumentKey,
    ManifestEntry,
    OperationDocument,
    OperationManifest,
    canonical_id,
)
from models.operations.refusals import IdTakenError, LabelTakenError, SeveralChangesError, TooManyWaitingError
from models.operations.submission import Examined, Submitted, Upload
from models.operations.words import DocumentStatus, ManifestStatus
from models.rights import Right

PUBLISH: Final = Operation(
    "operations.publish", "发布操作清单", "Publish operations", "operationManifest", "publishOperations"
)
SUBMIT: Final = Operation(
    "operations.submit", "提交操作待准入", "Submit an operation", "operationDocument", "submitOperation"
)
MOST_WAITING: Policy[int] = Policy(
    "operations.most_waiting", 1000, "每个客户端应用待准入操作数上限", "Operations of one tool that may wait at most"
)
LONGEST_LABEL: Final = 64


async def publish(work: Work, client_id: UUID, upload: Upload) -> OperationManifest:
    """Publish a version of a tool: all of its documents or none; the same once more changes nothing.

    New texts wait for admission; what was decided on a text before holds for it in the new version too.
    """
    work.actor.require(Right.OPERATIONS_PUBLISH)
    client = await work.get(ClientApplication, client_id)
    if not client.active:
        raise NotFoundError(path="client")
    label = upload.label or upload.content_hash[:12]
    if len(label) > LONGEST_LABEL:
        raise LengthError(path="label", minimum=1, maximum=LONGEST_LABEL, length=len(label))
    present: OperationManifest | None = await work.first(
        select(OperationManifest).where(OperationManifest.client_id == client.id, OperationManifest.label == label)
    )
    if present is not None:
        if present.content_hash == upload.content_hash:
            return present
        raise LabelTakenError(path="label", label=label)
    known = await _known(work, client.id, upload)
    refuse([*_objections(client, upload, known), await _flooding(work, client, upload, known)])
    documents = await _documents(work, client, upload, known)
    manifest = OperationManifest(
        client_id=client.id,
        partner_id=client.partner_id,
        label=label,
        format=upload.format,
        content_hash=upload.content_hash,
        size=len(upload.documents),
        published_by=work.actor.id,
        published_by_name=work.actor.name,
        created_at=work.now,
        updated_at=work.now,
    )
    await MANIFESTS.begin(work, manifest, PUBLISH, after={"label": label, "size": manifest.size})
    await work.flush()
    await _link(work, client.id, manifest.id, upload, documents)
    return manifest


async def retire(
    work: Work, manifest_id: UUID, *, at: dt.datetime | None = None, version: int | None = None
) -> OperationManifest:
    """Retire a version, now or from a later moment on; until then this can be taken back.

    What waits for admission and is used by no other version is withdrawn with the last version that used it.
    """
    manifest = await work.get(OperationManifest, manifest_id, version=version)
    await MANIFESTS.fire(work, manifest, "retire", values={"retire_at": at or work.now})
    if manifest.retire_at is not None and manifest.retire_at <= work.now:
        for document in await _used_by_nothing_else(work, manifest):
            await DOCUMENTS.fire(work, document, "withdraw")
    return manifest


async def unretire(work: Work, manifest_id: UUID, *, version: int | None = None) -> OperationManifest:
    """Keep a version in use that was to be retired."""
    manifest = await work.get(OperationManifest, manifest_id, version=version)
    await MANIFESTS.fire(work, manifest, "unretire", values={"retire_at": None})
    return manifest


async def ask_again(work: Work, document_id: UUID, *, version: int | None = None) -> OperationDocument:
    """Put a document before the reviewers once more: it was rejected or withdrawn, or its admission has run out."""
    document = await work.get(OperationDocument, document_id, version=version)
    await _resubmit(work, document)
    return document


async def _resubmit(work: Work, document: OperationDocument) -> None:
    await DOCUMENTS.fire(work, document, "ask_again", values={"submitted_by": work.actor.id})
    # Who decided before may decide again; that nobody decides twice in a row is about the steps of one review.
    entry = await open_entry(work, ADMISSION, document)
    if entry is not None:
        entry.requested_by = work.actor.id


async def _known(work: Work, client_id: UUID, upload: Upload) -> dict[str, OperationDocument]:
    """Find what the ids and the texts of an upload stand for already, by canonical id."""
    keys = {key for one, _ in upload.documents for key in (canonical_id(one.external_id), f"sha256:{one.sha256}")}
    found = await work.session.execute(
        select(DocumentKey.key, OperationDocument)
        .join(OperationDocument, col(OperationDocument.id) == col(DocumentKey.document_id))
        .where(DocumentKey.client_id == client_id, col(DocumentKey.key).in_(keys))
    )
    lines: Sequence[Any] = found.all()
    return dict(lines)


def _objections(
    client: ClientApplication, upload: Upload, known: dict[str, OperationDocument]
) -> Iterator[DomainError]:
    for place, (document, examined) in enumerate(upload.documents):
        path = ("documents", place)
        taken = known.get(canonical_id(document.external_id))
        if taken is not None and taken.sha256 != document.sha256:
            yield IdTakenError(path=(*path, "id"), id=document.external_id)
        if client.side is Side.PARTNER and examined.changes > 1:
            name = examined.name or document.external_id
            yield SeveralChangesError(path=path, name=name, count=examined.changes)


async def _flooding(
    work: Work, client: ClientApplication, upload: Upload, known: dict[str, OperationDocument]
) -> DomainError | None:
    new = {one.sha256 for one, _ in upload.documents if f"sha256:{one.sha256}" not in known}
    waiting = await work.count(
        select(OperationDocument.id).where(
            OperationDocument.client_id == client.id, OperationDocument.status == DocumentStatus.WAITING
        )
    )
    most = await work.policy(MOST_WAITING)
    beyond = bool(new) and waiting + len(new) > most
    return TooManyWaitingError(path="documents", maximum=most, count=waiting + len(new)) if beyond else None


async def _documents(
    work: Work, client: ClientApplication, upload: Upload, known: dict[str, OperationDocument]
) -> dict[str, OperationDocument]:
    """Give the document of each text: the one that there is, asked for again where it holds no longer, or a new one."""
    found: dict[str, OperationDocument] = {}
    for submitted, examined in upload.documents:
        if submitted.sha256 in found:
            continue
        document = known.get(f"sha256:{submitted.sha256}")
        if document is None:
            document = _new(work, client, submitted, examined)
            await DOCUMENTS.begin(work, document, SUBMIT, after={"name": document.name, "sha256": document.sha256})
        elif _lapsed(document, work.now):
            await _resubmit(work, document)
        found[submitted.sha256] = document
    await work.flush()
    return found


def _lapsed(document: OperationDocument, now: dt.datetime) -> bool:
    if document.status is DocumentStatus.ADMITTED:
        return not in_force(document, now)
    return document.status is DocumentStatus.WITHDRAWN


def _new(work: Work, client: ClientApplication, submitted: Submitted, examined: Examined) -> OperationDocument:
    return OperationDocument(
        client_id=client.id,
        partner_id=client.partner_id,
        external_id=submitted.external_id,
        sha256=submitted.sha256,
        text=submitted.text,
        name=examined.name,
        kind=examined.kind,
        depth=examined.depth,
        cost=examined.cost,
        analysis=examined.analysis(),
        submitted_by=work.actor.id,
        created_at=work.now,
        updated_at=work.now,
    )


async def _link(
    work: Work, client_id: UUID, manifest_id: UUID, upload: Upload, documents: dict[str, OperationDocument]
) -> None:
    ids: dict[str, UUID] = {}
    for one, _ in upload.documents:
        id = documents[one.sha256].id
        ids |= {canonical_id(one.external_id): id, f"sha256:{one.sha256}": id}
    there = set(
        await work.every(
            select(DocumentKey.key).where(DocumentKey.client_id == client_id, col(DocumentKey.key).in_(ids))
        )
    )
    await work.add_all(
        DocumentKey,
        [
            {"id": new_id(), "client_id": client_id, "key": key, "document_id": id}
            for key, id in ids.items()
            if key not in there
        ],
    )
    entries = {one.external_id: documents[one.sha256].id for one, _ in upload.documents}
    await work.add_all(
        ManifestEntry,
        [
            {"id": new_id(), "manifest_id": manifest_id, "document_id": id, "external_id": external_id}
            for external_id, id in entries.items()
        ],
    )


async def _used_by_nothing_else(work: Work, manifest: OperationManifest) -> Sequence[Any]:
    """List what waits and no version in use holds any more."""
    elsewhere = (
        select(ManifestEntry.document_id)
        .join(OperationManifest, col(OperationManifest.id) == col(ManifestEntry.manifest_id))
        .where(
            OperationManifest.client_id == manifest.client_id,
            OperationManifest.id != manifest.id,
            sa.or_(
                col(OperationManifest.status) == ManifestStatus.PUBLISHED, col(OperationManifest.retire_at) > work.now
            ),
        )
    )
    mine = select(ManifestEntry.document_id).where(ManifestEntry.manifest_id == manifest.id)
    return await work.every(
        select(OperationDocument)
        .where(
            OperationDocument.status == DocumentStatus.WAITING,
            col(OperationDocument.id).in_(mine),
            col(OperationDocument.id).not_in(elsewhere),
        )
        .order_by(col(OperationDocument.id))
        .with_for_update()
    )
