"""Persisted operations in GraphQL: versions and documents of tools, publishing, retiring, and what a reviewer adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from models import operations as domain
from models.identity import ClientApplication as ClientRow
from models.kernel.errors import FieldRequiredError
from models.kernel.values import instant_text, parse_instant
from models.operations import DocumentKind, DocumentStatus, ManifestFormat, ManifestStatus, Submitted, Tally
from resolvers.context import Context, Info, given, searched
from resolvers.fields import Connection, Node, by_id, computed, listed, many, needs, node, one, search
from resolvers.identity.types import Account, ClientApplication
from resolvers.mutation import Action, Payload, act, answers
from resolvers.scalars import Instant, given_instant, uid
from resolvers.words import publish

publish(DocumentKind, DocumentStatus, ManifestFormat, ManifestStatus)


@strawberry.type(description="A ruled field that a document reads.")
class RuledField:
    """A ruled field (受控字段) with the permissions that read it plainly or reveal it."""

    field: str
    plain: str
    reveal: str | None


@strawberry.type(description="A deprecated field that a document uses.")
class DeprecatedField:
    """A deprecated field (弃用字段), with the day of its removal where that is set."""

    field: str
    reason: str
    removed_on: str | None


@strawberry.type(description="How often a document ran in the last 30 days.")
class OperationUsage:
    """Usage of a document (操作用量)."""

    calls: int
    errors: int
    p95_milliseconds: float | None = strawberry.field(description="95 of 100 calls took no longer; an estimate.")
    last_seen_at: Instant | None

    @classmethod
    def of(cls, tally: Tally) -> OperationUsage:
        """Write what was counted for the wire."""
        seen = tally.last_seen_at
        last = Instant(instant_text(seen)) if seen else None
        return cls(calls=tally.calls, errors=tally.errors, p95_milliseconds=tally.p95, last_seen_at=last)


@strawberry.type(description="What differs from the document of the same name that was admitted last.")
class OperationChange:
    """A change of a document (差异)."""

    since_id: strawberry.ID
    lines: list[str] = strawberry.field(description="A unified diff of the two texts.")
    fields_added: list[str]
    fields_removed: list[str]


def _found(name: str, description: str, made: Any = lambda one: one) -> Any:
    def of(row: Mapping[str, Any], _reader: Any) -> list[Any]:
        return [made(one) for one in row["analysis"].get(name, ())]

    return computed("analysis", of=of, description=description)


@node(domain.OperationDocument, description="One operation that a tool uses, by its text, and what was decided on it.")
class OperationDocument(Node):
    """A persisted operation (持久化操作)."""

    external_id: str
    sha256: str
    text: str
    name: str | None
    kind: DocumentKind
    depth: int
    cost: int
    status: DocumentStatus
    grants: list[str]
    admitted_at: Instant | None
    expires_at: Instant | None
    verdict_reason: str | None
    created_at: Instant
    version: int
    client: ClientApplication | None = one()
    submitter: Account | None = one("Who published it, or asked for it again.")
    fields: list[str] = _found("fields", "Every field that it touches, as Type.field.")
    ruled_fields: list[RuledField] = _found("ruled", "Those that a rule governs.", lambda one: RuledField(**one))
    permissions: list[str] = _found("permissions", "What a token needs for it.")
    deprecated_fields: list[DeprecatedField] = _found(
        "deprecated", "Those that are to be removed.", lambda one: DeprecatedField(**one)
    )

    @strawberry.field(metadata=needs(), description="How often it ran in the last 30 days.")
    async def usage(self, info: Info) -> OperationUsage:
        """Tell its usage."""
        row: Any = self
        return OperationUsage.of(await _usages(info.context).load(row.uid))

    @strawberry.field(metadata=needs(), description="Against the last admitted one of its name; null without one.")
    async def change(self, info: Info) -> OperationChange | None:
        """Tell what changed."""
        row: Any = self
        async with info.context.reading() as reader:
            document = await reader.session.get(domain.OperationDocument, row.uid)
            change = document and await domain.change_of(reader.session, document)
        if not change:
            return None
        return OperationChange(
            since_id=strawberry.ID(change.before.public_id),
            lines=[*change.lines],
            fields_added=[*change.fields_added],
            fields_removed=[*change.fields_removed],
        )


def _usages(context: Context) -> DataLoader[UUID, Tally]:
    """Sum up the usage of a page of documents together."""

    async def load(ids: list[UUID]) -> list[Tally]:
        async with context.reading() as reader:
            found = await domain.usage_of(reader.session, ids, reader.now)
        return [found.get(id) or Tally() for id in ids]

    loader: DataLoader[UUID, Tally] = context.extra.setdefault(
        "operations.usage", DataLoader(load_fn=load, cache=False)
    )
    return loader


@node(domain.ManifestEntry, name="OperationEntry", description="A document of a version, by the id it has there.")
class OperationEntry(Node):
    """An entry of a version (清单条目)."""

    external_id: str
    document: OperationDocument | None = one()


def _retired(row: Mapping[str, Any], reader: Any) -> bool:
    return row["retire_at"] is not None and parse_instant(row["retire_at"]) <= reader.now


@node(domain.OperationManifest, description="One published version of a tool's operations.")
class OperationManifest(Node):
    """A version of operations (操作清单版本)."""

    label: str
    format: ManifestFormat
    status: ManifestStatus
    size: int
    published_by_name: str
    retire_at: Instant | None
    created_at: Instant
    version: int
    client: ClientApplication | None = one()
    retired: bool = computed("retire_at", of=_retired, description="Its time is over.")

    @strawberry.field(
        metadata=many("entries"), description="Its documents, each by the id that it has in this version."
    )
    def entries(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[OperationEntry]:
        """List its documents."""
        return listed(self, info)  # type: ignore[no-any-return]


@strawberry.input
class OperationManifestFilter:
    """Which versions."""

    client: strawberry.ID | None = None
    status: list[ManifestStatus] | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {"client": self.client and uid(self.client, ClientRow.prefix, "client"), "status": self.status}


@strawberry.input
class OperationDocumentFilter:
    """Which documents."""

    client: strawberry.ID | None = None
    status: list[DocumentStatus] | None = None
    kind: list[DocumentKind] | None = None
    name: str | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        client = self.client and uid(self.client, ClientRow.prefix, "client")
        return {"client": client, "status": self.status, "kind": self.kind, "name": self.name}


@strawberry.input
class OperationInput:
    """An operation with the id by which the tool will call it."""

    id: str
    text: str


@strawberry.input
class OperationManifestPublishInput(Action):
    """A version of a tool: the file that its build wrote, or a list."""

    client: strawberry.ID
    label: str | None = strawberry.field(default=None, description="What the version is called; its hash without one.")
    manifest: str | None = strawberry.field(
        default=None, description="The text of Apollo's manifest, or of Relay's or graphql-codegen's file."
    )
    operations: list[OperationInput] | None = None


@strawberry.input
class OperationManifestRetireInput(Action):
    """A version that is to be used no more, from now or from a later moment on."""

    id: strawberry.ID
    version: int
    at: Instant | None = None


@strawberry.input
class OperationManifestUnretireInput(Action):
    """A version that is to stay in use."""

    id: strawberry.ID
    version: int


@strawberry.input
class OperationDocumentAskAgainInput(Action):
    """A document to put before the reviewers once more."""

    id: strawberry.ID
    version: int


@strawberry.input
class OperationDocumentRenewInput(Action):
    """Until when a document is admitted from now on, and what it reads plainly; what is left out stays."""

    id: strawberry.ID
    version: int
    expires_at: Instant | None = None
    grants: list[str] | None = None


@strawberry.input
class OperationDocumentRevokeInput(Action):
    """A document that is to run no more, and why."""

    id: strawberry.ID
    version: int
    reason: str


@strawberry.type
@answers(manifest=domain.OperationManifest)
class OperationManifestPayload(Payload):
    """What an action on a version answers."""

    manifest: OperationManifest | None = None


@strawberry.type
@answers(document=domain.OperationDocument)
class OperationDocumentPayload(Payload):
    """What an action on a document answers."""

    document: OperationDocument | None = None


@strawberry.type
class OperationsQuery:
    """What can be asked about persisted operations."""

    @strawberry.field(
        metadata=search(domain.OperationManifest),
        description="The versions of the tools that the viewer sees, the newest first.",
    )
    async def operation_manifests(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: OperationManifestFilter | None = None,
    ) -> Connection[OperationManifest] | None:
        """List versions."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.OperationDocument),
        description="The documents of the tools that the viewer sees, the newest first.",
    )
    async def operation_documents(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: OperationDocumentFilter | None = None,
    ) -> Connection[OperationDocument] | None:
        """List documents."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=by_id(domain.OperationDocument),
        description="One document; null where the viewer does not see its tool.",
    )
    async def operation_document(self, info: Info, id: strawberry.ID) -> OperationDocument | None:
        """Give one document."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]


def _submitted(input: OperationManifestPublishInput) -> tuple[ManifestFormat, list[Submitted]]:
    if (input.manifest is None) == (input.operations is None):
        raise FieldRequiredError(path="manifest")
    if input.manifest is not None:
        return domain.read_manifest(input.manifest)
    return ManifestFormat.LIST, [Submitted(one.id, one.text) for one in input.operations or ()]


@strawberry.type
class OperationsMutation:
    """What a tool's people and its reviewers do about operations."""

    @strawberry.mutation(
        description="Publish a version: every document is checked against the schema, all are taken or none."
    )
    async def operation_manifest_publish(
        self, info: Info, input: OperationManifestPublishInput
    ) -> OperationManifestPayload | None:
        """Publish a version."""
        client = uid(input.client, ClientRow.prefix, "client")
        format, documents = _submitted(input)
        upload = await domain.draw_up(
            info.context.actor, documents, info.context.extra["examine"], format=format, label=input.label
        )
        return await act(
            info, input, lambda work: domain.publish(work, client, upload), OperationManifestPayload, "manifest"
        )

    @strawberry.mutation(
        description="Retire a version, now or from a later moment on; until then it can be taken back."
    )
    async def operation_manifest_retire(
        self, info: Info, input: OperationManifestRetireInput
    ) -> OperationManifestPayload | None:
        """Retire a version."""
        id = uid(input.id, domain.OperationManifest.prefix)
        return await act(
            info,
            input,
            lambda work: domain.retire(work, id, at=given_instant(input.at), version=input.version),
            OperationManifestPayload,
            "manifest",
        )

    @strawberry.mutation(description="Keep a version in use that was to be retired.")
    async def operation_manifest_unretire(
        self, info: Info, input: OperationManifestUnretireInput
    ) -> OperationManifestPayload | None:
        """Take a retirement back."""
        id = uid(input.id, domain.OperationManifest.prefix)
        return await act(
            info,
            input,
            lambda work: domain.unretire(work, id, version=input.version),
            OperationManifestPayload,
            "manifest",
        )

    @strawberry.mutation(description="Put a document before the reviewers again: rejected, withdrawn, or run out.")
    async def operation_document_ask_again(
        self, info: Info, input: OperationDocumentAskAgainInput
    ) -> OperationDocumentPayload | None:
        """Ask for admission again."""
        id = uid(input.id, domain.OperationDocument.prefix)
        return await act(
            info,
            input,
            lambda work: domain.ask_again(work, id, version=input.version),
            OperationDocumentPayload,
            "document",
        )

    @strawberry.mutation(description="Admit a document for longer, or for other plain reads, without a break.")
    async def operation_document_renew(
        self, info: Info, input: OperationDocumentRenewInput
    ) -> OperationDocumentPayload | None:
        """Renew an admission."""
        id = uid(input.id, domain.OperationDocument.prefix)
        return await act(
            info,
            input,
            lambda work: domain.renew(
                work,
                id,
                expires_at=given_instant(input.expires_at),
                grants=input.grants,
                version=input.version,
            ),
            OperationDocumentPayload,
            "document",
        )

    @strawberry.mutation(description="End an admission; the tool cannot run the document from its next call on.")
    async def operation_document_revoke(
        self, info: Info, input: OperationDocumentRevokeInput
    ) -> OperationDocumentPayload | None:
        """Revoke an admission."""
        id = uid(input.id, domain.OperationDocument.prefix)
        return await act(
            info,
            input,
            lambda work: domain.revoke(work, id, reason=input.reason, version=input.version),
            OperationDocumentPayload,
            "document",
        )
