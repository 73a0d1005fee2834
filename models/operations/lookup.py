"""Which text stands behind an id that a tool calls: one that is admitted, in force, and the tool's own."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models.identity import ClientApplication
from models.kernel.access import Actor, Side
from models.kernel.reads.fetch import Fetch
from models.kernel.reads.statement import given
from models.kernel.values import Instant, Uid
from models.operations.record import (
    LONGEST_ID,
    DocumentKey,
    ManifestEntry,
    OperationDocument,
    OperationManifest,
    canonical_id,
)
from models.operations.words import DocumentStatus


@dataclasses.dataclass(frozen=True)
class KnownDocument:
    """A document that may run now (可执行的持久化操作).

    `grants` are permissions that let the tool read ruled fields plainly. `until` is when time alone ends this, where it
    does: the admission runs out, or the last version that uses the document is retired.
    """

    id: UUID
    external_id: str
    sha256: str
    text: str
    kind: str
    name: str | None
    grants: frozenset[str] = frozenset()
    until: dt.datetime | None = None

    def actor(self, actor: Actor) -> Actor:
        """Give the tool as it is while it runs the document: what was granted of what it could reveal is plain."""
        permissions = with_grants(actor.permissions, self.grants, actor.side)
        return actor if permissions is actor.permissions else dataclasses.replace(actor, permissions=permissions)


def with_grants(permissions: frozenset[str], grants: Collection[str], side: Side) -> frozenset[str]:
    """Add to a partner tool's rights what a document was granted to read plainly, of what the tool could reveal."""
    if not grants or side is not Side.PARTNER:
        return permissions
    plain = {grant for grant in grants if f"{grant.rpartition(':')[0]}:reveal" in permissions}
    return permissions | plain if plain else permissions


_documents: Any = OperationDocument.__table__  # type: ignore[attr-defined]
_keys: Any = DocumentKey.__table__  # type: ignore[attr-defined]
_clients: Any = ClientApplication.__table__  # type: ignore[attr-defined]
_entries: Any = ManifestEntry.__table__  # type: ignore[attr-defined]
_manifests: Any = OperationManifest.__table__  # type: ignore[attr-defined]
_FOREVER: Final = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
_last_use = (
    sa.select(sa.func.max(sa.func.coalesce(_manifests.c.retire_at, sa.literal(_FOREVER, Instant())), type_=Instant()))
    .select_from(_entries.join(_manifests, _manifests.c.id == _entries.c.manifest_id))
    .where(_entries.c.document_id == _documents.c.id)
    .scalar_subquery()
)
_RUNNABLE: Final = Fetch(
    sa.select(
        *(_documents.c[name] for name in ("id", "external_id", "sha256", "text", "kind", "name", "grants")),
        _documents.c.expires_at,
        _last_use.label("last_use"),
    )
    .select_from(
        _keys.join(_documents, _documents.c.id == _keys.c.document_id).join(
            _clients, _clients.c.id == _documents.c.client_id
        )
    )
    .where(
        _keys.c.client_id == given("client_id", Uid()),
        _keys.c.key == given("key", sa.String()),
        _documents.c.status == DocumentStatus.ADMITTED,
        _clients.c.active.is_(True),
    )
)


async def find_document(
    session: AsyncSession, client_id: UUID, document_id: str, now: dt.datetime
) -> KnownDocument | None:
    """Find what an id of a tool stands for: its own id, `sha256:` with the digest of the text, or the bare digest.

    What is not admitted, has run out or is retired, and what is another tool's, is not there at all.
    """
    if not document_id or len(document_id) > LONGEST_ID or "\x00" in document_id:
        return None
    found = await _RUNNABLE(session, client_id=client_id, key=canonical_id(document_id))
    if not found:
        return None
    id, external_id, sha256, text, kind, name, grants, expires_at, last_use = found[0]
    until = min(expires_at or _FOREVER, last_use or now)
    if until <= now:
        return None
    return KnownDocument(
        id, external_id, sha256, text, str(kind), name, frozenset(grants or ()), None if until == _FOREVER else until
    )


async def find_document_by_text(
    session: AsyncSession, client_id: UUID, sha256: str, now: dt.datetime
) -> KnownDocument | None:
    """Find a document of a tool by the digest of its text."""
    return await find_document(session, client_id, f"sha256:{sha256}", now)
