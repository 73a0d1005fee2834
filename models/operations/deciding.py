"""What a reviewer does with documents outside the queue, and what he compares them with."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.kernel.work import Work
from models.operations.lifecycle import DOCUMENTS
from models.operations.lifecycle import renew as renew_terms
from models.operations.record import OperationDocument


@dataclass(frozen=True)
class Change:
    """What differs from the last admitted document of the same name (与上一准入版本的差异)."""

    before: OperationDocument
    lines: tuple[str, ...]
    fields_added: tuple[str, ...]
    fields_removed: tuple[str, ...]


async def renew(
    work: Work,
    document_id: UUID,
    *,
    expires_at: dt.datetime | None = None,
    grants: Sequence[str] | None = None,
    version: int | None = None,
) -> OperationDocument:
    """Admit a document for longer, or for other plain reads, without interrupting the tool."""
    document = await work.get(OperationDocument, document_id, version=version)
    return await renew_terms(work, document, expires_at=expires_at, grants=None if grants is None else [*grants])


async def revoke(work: Work, document_id: UUID, *, reason: str | None, version: int | None = None) -> OperationDocument:
    """End an admission; the tool cannot run the document from its next call on."""
    document = await work.get(OperationDocument, document_id, version=version)
    await DOCUMENTS.fire(work, document, "revoke", reason=reason, values={"verdict_reason": reason})
    return document


async def change_of(session: AsyncSession, document: OperationDocument) -> Change | None:
    """Compare a document with the one of its name that was admitted last; None where there is none."""
    if document.name is None:
        return None
    found = await session.execute(
        select(OperationDocument)
        .where(
            OperationDocument.client_id == document.client_id,
            OperationDocument.name == document.name,
            OperationDocument.id != document.id,
            col(OperationDocument.admitted_at).is_not(None),
        )
        .order_by(col(OperationDocument.admitted_at).desc(), col(OperationDocument.id).desc())
        .limit(1)
    )
    before = found.scalars().first()
    if before is None:
        return None
    lines = difflib.unified_diff(before.text.splitlines(), document.text.splitlines(), lineterm="", n=3)
    old, new = (set(one.analysis.get("fields", ())) for one in (before, document))
    # The first two lines name files, of which there are none.
    return Change(before, tuple(lines)[2:], tuple(sorted(new - old)), tuple(sorted(old - new)))
