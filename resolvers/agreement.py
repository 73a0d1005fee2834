"""Agreements in GraphQL: versions, signatures, and the knowledge that a signature opens."""

from __future__ import annotations

from typing import Any

import strawberry

from models import agreement as domain
from models import knowledge
from models.agreement import AgreementKind, AgreementState
from models.customer import Customer as CustomerRow
from resolvers.context import Info, given, searched
from resolvers.fields import Connection, Node, by_id, node, one, search
from resolvers.mutation import Action, Payload, act, answers
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, uid
from resolvers.words import publish

publish(AgreementKind, AgreementState)


@node(domain.AgreementVersion, description="One published version of an agreement; its text never changes.")
class AgreementVersion(Node):
    """A version of an agreement (协议版本)."""

    kind: AgreementKind
    number: str
    title_zh: str
    title_en: str
    content_zh: str
    content_en: str
    published_at: Instant
    version: int


@node(domain.AgreementSignature, description="A customer's signature under one version: name, version, time, content.")
class AgreementSignature(Node):
    """A signature (协议签署)."""

    signed_at: Instant | None
    signer_name: str | None
    agreement: AgreementVersion | None = one("What was signed.")
    partner: PartnerOrganisation | None = one("The partner that the customer was with when it signed.")


@node(knowledge.KnowledgeRecommendation, description="Something worth knowing about a customer.")
class KnowledgeRecommendation(Node):
    """A recommendation (知识推荐)."""

    title: str | None
    text: str | None
    link: str | None
    created_at: Instant
    version: int


@strawberry.input
class AgreementVersionFilter:
    """Which versions."""

    kind: list[AgreementKind] | None = None
    number: str | None = None


@strawberry.input
class AgreementSignatureFilter:
    """Which signatures."""

    customer: strawberry.ID | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {"customer": self.customer and uid(self.customer, CustomerRow.prefix, "customer")}


@strawberry.input
class AgreementPublishInput(Action):
    """A new version, in both languages."""

    number: str
    title_zh: str
    title_en: str
    content_zh: str
    content_en: str
    kind: AgreementKind = AgreementKind.ASSOCIATION_NOTICE


@strawberry.input
class AgreementSignInput(Action):
    """The tick under the newest version."""

    id: strawberry.ID = strawberry.field(description="The version that the customer has read.")
    ticked: bool


@strawberry.input
class KnowledgeFeedInput(Action):
    """A recommendation about a customer."""

    customer: strawberry.ID
    title: str
    text: str
    link: str | None = None


@strawberry.input
class KnowledgeWithdrawInput(Action):
    """The recommendation as the caller read it."""

    id: strawberry.ID
    version: int


@strawberry.type
@answers(agreement=domain.AgreementVersion)
class AgreementVersionPayload(Payload):
    """What publishing answers."""

    agreement: AgreementVersion | None = None


@strawberry.type
@answers(signature=domain.AgreementSignature)
class AgreementSignaturePayload(Payload):
    """What signing answers."""

    signature: AgreementSignature | None = None


@strawberry.type
@answers(knowledge=knowledge.KnowledgeRecommendation)
class KnowledgePayload(Payload):
    """What an action on a recommendation answers; nothing is left to show of one that was withdrawn."""

    knowledge: KnowledgeRecommendation | None = None


@strawberry.type
class AgreementQuery:
    """What can be asked about agreements."""

    @strawberry.field(metadata=by_id(domain.AgreementVersion), description="One version; null where there is none.")
    async def agreement_version(self, info: Info, id: strawberry.ID) -> AgreementVersion | None:
        """Give one version."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(metadata=search(domain.AgreementVersion), description="The published versions, the newest first.")
    async def agreement_versions(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: AgreementVersionFilter | None = None,
    ) -> Connection[AgreementVersion] | None:
        """List versions."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.AgreementSignature),
        description="The signatures that the viewer sees, the newest first (协议管理).",
    )
    async def agreement_signatures(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: AgreementSignatureFilter | None = None,
    ) -> Connection[AgreementSignature] | None:
        """List signatures."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


@strawberry.type
class AgreementMutation:
    """What is done with agreements."""

    @strawberry.mutation(description="Publish a version, which customers are asked to sign from now on.")
    async def agreement_publish(self, info: Info, input: AgreementPublishInput) -> AgreementVersionPayload | None:
        """Publish a version."""
        texts = ("number", "title_zh", "title_en", "content_zh", "content_en", "kind")
        given: dict[str, Any] = {name: getattr(input, name) for name in texts}
        return await act(info, input, lambda work: domain.publish(work, **given), AgreementVersionPayload, "agreement")

    @strawberry.mutation(description="Sign the newest version as a customer (COL-5.7.13).")
    async def agreement_sign(self, info: Info, input: AgreementSignInput) -> AgreementSignaturePayload | None:
        """Sign the newest version."""
        id = uid(input.id, domain.AgreementVersion.prefix)
        return await act(
            info,
            input,
            lambda work: domain.sign(work, id, ticked=input.ticked),
            AgreementSignaturePayload,
            "signature",
        )

    @strawberry.mutation(description="Recommend something about a customer; its partner reads it once it has signed.")
    async def knowledge_feed(self, info: Info, input: KnowledgeFeedInput) -> KnowledgePayload | None:
        """Feed a recommendation."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        return await act(
            info,
            input,
            lambda work: knowledge.feed(work, customer, title=input.title, text=input.text, link=input.link),
            KnowledgePayload,
            "knowledge",
        )

    @strawberry.mutation(description="Take a recommendation back.")
    async def knowledge_withdraw(self, info: Info, input: KnowledgeWithdrawInput) -> KnowledgePayload | None:
        """Withdraw a recommendation."""
        id = uid(input.id, knowledge.KnowledgeRecommendation.prefix)
        return await act(
            info, input, lambda work: knowledge.withdraw(work, id, version=input.version), KnowledgePayload, "knowledge"
        )
