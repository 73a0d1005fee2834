"""Tools of a partner with their operations, for tests."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from sqlmodel import col, select

from api.operations import Examiner
from api.schema import build_schema
from models import operations as domain
from models.approval import Approval, ApprovalState, decide
from models.identity import ClientApplication, ClientMode, create_client, operator_actor, set_mode
from models.kernel.access import Actor
from models.operations import ManifestFormat, OperationDocument, OperationManifest, Submitted
from tests.people import Store

MINE = "query Mine { viewer { isTool } }"
NAMES = "query Names($first: Int) { opportunities(first: $first) { nodes { id name companyName } } }"
NAMES_TOO = "query Names($first: Int) { opportunities(first: $first) { nodes { id name stage contactName } } }"
SUBMIT = "mutation Submit($input: OpportunityInput!) { opportunitySubmit(input: $input) { opportunity { id } } }"
BROKEN = "query Broken { viewer { nothing } }"


@cache
def examiner() -> Examiner:
    """Examine documents against the schema, made once."""
    return Examiner(build_schema())


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def submitted(*texts: str, **named: str) -> list[Submitted]:
    """Name texts by their digests, or by names of their own."""
    return [Submitted(sha256(text), text) for text in texts] + [Submitted(id, text) for id, text in named.items()]


def apollo(*texts: str) -> str:
    """Write Apollo's manifest."""
    operations = [{"id": sha256(text), "name": "x", "type": "query", "body": text} for text in texts]
    return json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations})


async def a_client(store: Store, main: Actor, name: str = "华启 CRM", mode: ClientMode | None = None) -> Any:
    """Register a tool."""
    client: ClientApplication = await store.do(main, lambda work: create_client(work, name=name))
    if mode is not None:
        await store.do(operator_actor(), lambda work: set_mode(work, client.id, mode))
    return client


async def published(store: Store, main: Actor, client: Any, documents: list[Submitted], label: str = "1.0") -> Any:
    """Publish a version of a tool."""
    upload = await domain.draw_up(main, documents, examiner(), format=ManifestFormat.LIST, label=label)
    manifest: OperationManifest = await store.do(main, lambda work: domain.publish(work, client.id, upload))
    return manifest


async def documents_of(store: Store, client: Any) -> dict[str, OperationDocument]:
    """Read a tool's documents by their text."""
    async with store.reader() as session:
        found = await session.execute(select(OperationDocument).where(OperationDocument.client_id == client.id))
        return {one.text: one for one in found.scalars()}


async def entry_of(store: Store, document: OperationDocument) -> Approval:
    """Find the entry by which a document waits."""
    async with store.reader() as session:
        found = await session.execute(
            select(Approval)
            .where(Approval.subject_id == document.id, Approval.state == ApprovalState.OPEN)
            .order_by(col(Approval.id))
        )
        entry: Approval = found.scalars().one()
        return entry


async def decided(
    store: Store,
    reviewer: Actor,
    document: OperationDocument,
    verb: str = "admit",
    reason: str | None = None,
    **terms: Any,
) -> None:
    """Decide on a document at the queue."""
    entry = await entry_of(store, document)
    await store.do(reviewer, lambda work: decide(work, entry.id, verb, reason=reason, **terms))


async def admitted(store: Store, main: Actor, reviewer: Actor, client: Any, *texts: str, **terms: Any) -> Any:
    """Publish and admit some documents."""
    manifest = await published(store, main, client, submitted(*texts))
    found = await documents_of(store, client)
    for text in texts:
        await decided(store, reviewer, found[text], **terms)
    return manifest
