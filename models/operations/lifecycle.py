"""How versions and documents go on: published and retired; admitted, renewed, revoked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from models.approval import ApprovalKind, DecisionInput, not_own_submission, of_all, register
from models.identity import ClientApplication
from models.kernel.access import Side
from models.kernel.errors import DomainError, refuse
from models.kernel.lifecycle import Lifecycle, Move, State, Transition
from models.kernel.policy import Policy
from models.kernel.work import Work
from models.operations.record import OperationDocument, OperationManifest
from models.operations.refusals import (
    AdmissionPeriodError,
    AlreadyRetiredError,
    GrantNotAllowedError,
    RetireDateError,
    StillInForceError,
)
from models.operations.words import DocumentKind, DocumentStatus, ManifestStatus
from models.rights import PRESETS, Preset, Right

ADMISSION: str = "operations.admission"
ADMISSION_DAYS = Policy(
    "operations.admission_days", 365, "操作准入的默认有效期（天）", "How long an operation is admitted, in days"
)
LONGEST_ADMISSION_DAYS = Policy(
    "operations.longest_admission_days",
    730,
    "操作准入的最长有效期（天）",
    "How long an operation is admitted at most, in days",
)


def not_in_the_past(move: Move) -> Iterator[DomainError]:
    """A version is retired now or later."""
    at = move.values_or_none.get("retire_at")
    if at is not None and at < move.now:
        yield RetireDateError(path="retireAt")


def not_retired_yet(move: Move) -> Iterator[DomainError]:
    """Retirement is taken back, or moved, before its time only."""
    if move.record.retire_at is not None and move.record.retire_at <= move.now:
        yield AlreadyRetiredError()


def run_out(move: Move) -> Iterator[DomainError]:
    """What is admitted is asked for again once it has run out."""
    record: OperationDocument = move.record
    if record.status is DocumentStatus.ADMITTED and not in_force(record, move.now):
        return
    if record.status is DocumentStatus.ADMITTED:
        yield StillInForceError()


def in_force(document: OperationDocument, now: dt.datetime) -> bool:
    """Tell whether a document is admitted and has not run out."""
    admitted = document.status is DocumentStatus.ADMITTED
    return admitted and (document.expires_at is None or document.expires_at > now)


_DECIDE = ("operationDocument", "reviewOperation")
_PUBLISH = ("operationManifest", "retireOperations")
MANIFESTS: Lifecycle[ManifestStatus] = Lifecycle(
    OperationManifest,
    Transition(
        "retire",
        "停用",
        "Retire",
        (ManifestStatus.PUBLISHED, ManifestStatus.RETIRING),
        ManifestStatus.RETIRING,
        Right.OPERATIONS_RETIRE,
        "AU-02",
        _PUBLISH,
        guards=(not_in_the_past, not_retired_yet),
    ),
    Transition(
        "unretire",
        "取消停用",
        "Take the retirement back",
        (ManifestStatus.RETIRING,),
        ManifestStatus.PUBLISHED,
        Right.OPERATIONS_RETIRE,
        "AU-02",
        _PUBLISH,
        guards=(not_retired_yet,),
    ),
    zh="操作清单版本",
    en="Version of operations",
)
DOCUMENTS: Lifecycle[DocumentStatus] = Lifecycle(
    OperationDocument,
    Transition(
        "admit",
        "准入",
        "Admit",
        (DocumentStatus.WAITING,),
        DocumentStatus.ADMITTED,
        Right.OPERATIONS_ADMIT,
        "RV-01",
        _DECIDE,
        guards=(not_own_submission,),
        decides=True,
        approves=True,
    ),
    Transition(
        "reject",
        "不予准入",
        "Reject",
        (DocumentStatus.WAITING,),
        DocumentStatus.REJECTED,
        Right.OPERATIONS_ADMIT,
        "RV-01",
        _DECIDE,
        reason=True,
        guards=(not_own_submission,),
        decides=True,
    ),
    Transition(
        "renew",
        "调整准入",
        "Renew the admission",
        (DocumentStatus.ADMITTED,),
        DocumentStatus.ADMITTED,
        Right.OPERATIONS_ADMIT,
        "RV-01",
        _DECIDE,
        guards=(not_own_submission,),
    ),
    Transition(
        "revoke",
        "撤销准入",
        "Revoke the admission",
        (DocumentStatus.ADMITTED,),
        DocumentStatus.REJECTED,
        Right.OPERATIONS_ADMIT,
        "AU-02",
        _DECIDE,
        reason=True,
    ),
    Transition(
        "ask_again",
        "重新申请准入",
        "Ask for admission again",
        (DocumentStatus.REJECTED, DocumentStatus.WITHDRAWN, DocumentStatus.ADMITTED),
        DocumentStatus.WAITING,
        Right.OPERATIONS_PUBLISH,
        "AU-02",
        ("operationDocument", "submitOperation"),
        guards=(run_out,),
    ),
    Transition(
        "withdraw",
        "撤回",
        "Withdraw",
        (DocumentStatus.WAITING,),
        DocumentStatus.WITHDRAWN,
        Right.OPERATIONS_RETIRE,
        "AU-02",
        ("operationDocument", "withdrawOperation"),
    ),
    states=(State(DocumentStatus.WAITING, awaits=ADMISSION),),
    zh="持久化操作",
    en="Persisted operation",
)


async def review(work: Work, document: OperationDocument, verb: str, given: DecisionInput) -> None:
    """Take a reviewer's decision on one document: until when it is admitted, and what it reads plainly; or why not."""
    values: Mapping[str, Any] = {"verdict_reason": given.reason}
    if verb == "admit":
        values = await _terms(work, document, given.values)
    await DOCUMENTS.fire(work, document, verb, reason=given.reason, values=values)


async def renew(
    work: Work, document: OperationDocument, *, expires_at: dt.datetime | None, grants: list[str] | None
) -> OperationDocument:
    """Change until when a document is admitted and what it reads plainly, without interrupting the tool."""
    kept = {"grants": document.grants if grants is None else grants, "expires_at": expires_at}
    await DOCUMENTS.fire(work, document, "renew", values=await _terms(work, document, kept))
    return document


def grantable(document: OperationDocument, side: Side) -> dict[str, list[str]]:
    """List what a reviewer may let a document read plainly, each permission with the fields that it opens.

    A partner's tool reads plainly no more than its main account could reveal, in queries only.
    """
    found: dict[str, list[str]] = {}
    main = PRESETS[Preset.MAIN].permissions
    if side is Side.PARTNER and document.kind is DocumentKind.QUERY:
        for one in document.analysis.get("ruled", ()):
            if one["reveal"] in main:
                found.setdefault(one["plain"], []).append(one["field"])
    return found


async def _terms(work: Work, document: OperationDocument, given: Mapping[str, Any]) -> dict[str, Any]:
    expires_at: dt.datetime | None = given.get("expires_at")
    grants = sorted(set(given.get("grants") or ()))
    if expires_at is None:
        expires_at = work.now + dt.timedelta(days=await work.policy(ADMISSION_DAYS))
    longest = await work.policy(LONGEST_ADMISSION_DAYS)
    client = await work.session.get(ClientApplication, document.client_id)
    assert client is not None, "a document has its tool"
    beyond = sorted(set(grants) - set(grantable(document, client.side)))
    in_time = work.now < expires_at <= work.now + dt.timedelta(days=longest)
    refuse(
        [
            None if in_time else AdmissionPeriodError(path="expiresAt", days=longest),
            GrantNotAllowedError(path="grants", grants=beyond) if beyond else None,
        ]
    )
    return {"expires_at": expires_at, "grants": grants, "admitted_at": work.now, "verdict_reason": None}


register(
    ApprovalKind(
        name=ADMISSION,
        zh="操作准入",
        en="Admission of operations",
        model=OperationDocument,
        lifecycle=DOCUMENTS,
        rows=of_all(Right.OPERATIONS_ADMIT),
        decide=review,
        detail=("name", "external_id", "kind", "depth", "cost", "created_at"),
        takes=("expires_at", "grants"),
        label=lambda document: f"{document.name or document.external_id} · {document.public_id}",
    )
)
