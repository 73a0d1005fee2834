"""What stands behind the id that a tool calls: admitted, in force, of an active tool, and its own."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from models.identity import create_client
from models.kernel.access import Actor
from models.operations import (
    DocumentKey,
    DocumentKind,
    DocumentStatus,
    ManifestEntry,
    ManifestFormat,
    OperationDocument,
    OperationManifest,
    find_document,
    find_document_by_text,
)
from tests.people import NOON, Cast, Store, cast, store

__all__ = ["cast", "store"]

TEXT = "query Mine { viewer { isTool } }"
SHA256 = hashlib.sha256(TEXT.encode()).hexdigest()
ID = "crm-mine"
LATER = NOON + dt.timedelta(days=30)


async def a_document(store: Store, main: Actor, **facts: Any) -> Any:
    """Write the rows of an admitted document of a version in use."""
    retire_at = facts.pop("retire_at", None)

    async def deed(work):
        client = await create_client(work, name="华启 CRM")
        manifest = OperationManifest(
            client_id=client.id,
            partner_id=client.partner_id,
            label="1.0",
            format=ManifestFormat.LIST,
            content_hash=SHA256,
            size=1,
            published_by=work.actor.id,
            published_by_name=work.actor.name,
            retire_at=retire_at,
            created_at=work.now,
            updated_at=work.now,
        )
        document = OperationDocument(
            **{
                "client_id": client.id,
                "external_id": ID,
                "sha256": SHA256,
                "text": TEXT,
                "name": "Mine",
                "kind": DocumentKind.QUERY,
                "depth": 2,
                "cost": 2,
                "status": DocumentStatus.ADMITTED,
                "created_at": work.now,
                "updated_at": work.now,
                **facts,
            }
        )
        for row in (manifest, document):
            work.add(row)
        await work.flush()
        for key in (ID, f"sha256:{SHA256}"):
            work.add(DocumentKey(client_id=client.id, key=key, document_id=document.id))
        work.add(ManifestEntry(manifest_id=manifest.id, document_id=document.id, external_id=ID))
        return client

    return await store.do(main, deed)


async def found(store: Store, client_id: Any, document_id: str) -> Any:
    async with store.reader() as session:
        return await find_document(session, client_id, document_id, store.clock())


async def test_every_way_to_name_a_document_finds_it(store: Store, cast: Cast):
    client = await a_document(store, await store.actor(cast.wang_main), grants=["customer.name:plain"])
    for name in (ID, SHA256, f"sha256:{SHA256}", SHA256.upper()):
        known = await found(store, client.id, name)
        assert (known.external_id, known.sha256, known.text, known.kind) == (ID, SHA256, TEXT, "QUERY")
        assert known.grants == {"customer.name:plain"}
        assert known.until is None
    async with store.reader() as session:
        by_text = await find_document_by_text(session, client.id, SHA256, NOON)
    assert by_text is not None
    assert by_text.text == TEXT
    for name in ("", ID.upper(), "x" * 300, f"sha1:{SHA256}", "crm\x00mine"):
        assert await found(store, client.id, name) is None


async def test_another_tool_does_not_find_it(store: Store, cast: Cast):
    await a_document(store, await store.actor(cast.wang_main))
    liu = await store.actor(cast.liu_main_of_yunfan)
    other = await store.do(liu, lambda work: create_client(work, name="云帆 CRM"))
    for name in (ID, SHA256, "nothing"):
        assert await found(store, other.id, name) is None


async def test_what_is_not_in_force_is_not_there(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    for status in (DocumentStatus.WAITING, DocumentStatus.REJECTED, DocumentStatus.WITHDRAWN):
        client = await a_document(store, wang, status=status)
        assert await found(store, client.id, ID) is None
    expiring = await a_document(store, wang, expires_at=LATER)
    retiring = await a_document(store, wang, retire_at=LATER)
    for client in (expiring, retiring):
        assert (await found(store, client.id, ID)).until == LATER
    store.clock.now = LATER
    for client in (expiring, retiring):
        assert await found(store, client.id, ID) is None


async def test_a_grant_makes_plain_what_the_tool_could_reveal_and_no_more(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_document(store, wang, grants=["customer.name:plain", "opportunity.internal:plain"])
    known = await found(store, client.id, ID)
    assert "customer.name:plain" in known.actor(wang).permissions
    assert "opportunity.internal:plain" not in known.actor(wang).permissions
    narrow = Actor(id=wang.id, name="x", side=wang.side, permissions=frozenset({"customer.name:masked"}))
    assert known.actor(narrow).permissions == {"customer.name:masked"}
