"""Who is told of operations: reviewers that a version waits, and the tool's people how it was decided."""

from __future__ import annotations

from sqlmodel import col, select

from models.kernel.lifecycle import Move
from models.kernel.work import Work
from models.notice import (
    Message,
    NoticeKind,
    Severity,
    Subject,
    Tell,
    describe,
    everybody,
    holders,
    main_account,
    named,
    tell,
    tell_of,
)
from models.operations.lifecycle import DOCUMENTS, MANIFESTS
from models.operations.record import ManifestEntry, OperationDocument, OperationManifest
from models.operations.words import DocumentStatus
from models.rights import Right

_PUBLISHERS = (Right.OPERATIONS_PUBLISH, Right.CLIENT_MANAGE)
TO_ADMIT = NoticeKind(
    "queue.operations",
    "工具操作待准入审核",
    "A tool's operations to admit",
    "“{client_name}”的版本“{label}”已发布，其中的新操作等待准入审核。",
    "Version “{label}” of “{client_name}” is published; its new operations wait for admission.",
    Severity.ACTION,
    (Right.OPERATIONS_ADMIT,),
)
DECIDED = NoticeKind(
    "operations.decided",
    "工具操作已审核完毕",
    "Your tool's operations are decided",
    "“{client_name}”的版本“{label}”中的操作已全部审核，请查看各操作的结果。",
    "Every operation of version “{label}” of “{client_name}” is decided; look at each one's result.",
    Severity.INFO,
    _PUBLISHERS,
)
REFUSED = NoticeKind(
    "operations.refused",
    "工具操作未获准入",
    "An operation of your tool is not admitted",
    "“{client_name}”的操作“{name}”当前为：{status}。{verdict_reason}",
    "The operation “{name}” of “{client_name}” is now: {status}. {verdict_reason}",
    Severity.WARNING,
    _PUBLISHERS,
)
describe(
    Subject(OperationManifest, "operations/versions", ("label", "client.name", "status"), ("label", "client.name"))
)
describe(
    Subject(
        OperationDocument,
        "operations",
        ("name", "client.name", "external_id", "status", "verdict_reason"),
        ("name", "client.name", "external_id", "status", "verdict_reason"),
    )
)
_PUBLISHER = (main_account, named("submitted_by"))
tell_of(MANIFESTS, Tell((None,), TO_ADMIT, (holders(Right.OPERATIONS_ADMIT),)))
tell_of(DOCUMENTS, Tell(("reject", "revoke"), REFUSED, _PUBLISHER))


async def tell_when_all_is_decided(work: Work, move: Move) -> None:
    """Tell the tool's people once nothing of a version waits any more; so many documents, one notice."""
    document: OperationDocument = move.record
    await work.flush()
    waiting = (
        select(ManifestEntry.manifest_id)
        .join(OperationDocument, col(OperationDocument.id) == col(ManifestEntry.document_id))
        .where(OperationDocument.status == DocumentStatus.WAITING, OperationDocument.client_id == document.client_id)
    )
    done = await work.every(
        select(OperationManifest)
        .join(ManifestEntry, col(ManifestEntry.manifest_id) == col(OperationManifest.id))
        .where(ManifestEntry.document_id == document.id, col(OperationManifest.id).not_in(waiting))
    )
    people = await everybody(work, document, _PUBLISHER)
    await tell(work, [Message(DECIDED, manifest, people, f"decided-{document.id.hex}") for manifest in done])


for _verb in ("admit", "reject"):
    DOCUMENTS.also_do(_verb, tell_when_all_is_decided)
