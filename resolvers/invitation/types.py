"""Invitations as types of the schema."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import strawberry

from models import invitation as domain
from models.customer import AssociationType
from models.invitation import InvitationChannel, InvitationStatus, InvitationTag, InvitationTerms
from models.kernel.words import Lang
from resolvers.context import Info
from resolvers.customer import Customer
from resolvers.customer_report import CustomerReport
from resolvers.fields import Node, needs, node, one
from resolvers.identity.types import Account
from resolvers.mutation import Payload, answers
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant
from resolvers.steps import NextStep, next_steps
from resolvers.words import publish

publish(InvitationChannel, InvitationStatus, InvitationTag)
_LINK = ("id", "channel", "status", "valid_until")


def terms_of(info: Info) -> InvitationTerms:
    """Give how invitations are reached here."""
    terms: InvitationTerms = info.context.extra["invitations"]
    return terms


@strawberry.enum(description="In which language a mail is written.")
class MailLanguage(enum.Enum):
    """The language of a mail (邮件语言)."""

    ZH = "zh"
    EN = "en"

    @property
    def lang(self) -> Lang:
        """Give it as the domain has it."""
        return "en" if self is MailLanguage.EN else "zh"


@node(domain.InvitationActivity, description="A campaign under whose tag a partner invites customers.")
class InvitationActivity(Node):
    """An activity (邀请活动)."""

    name: str
    tag: str
    begins_at: Instant
    ends_at: Instant
    version: int


@node(domain.Invitation, description="A customer asked to associate with a partner; its link serves once.")
class Invitation(Node):
    """An invitation (客户邀请)."""

    channel: InvitationChannel
    association_type: AssociationType | None
    status: InvitationStatus
    company_name: str | None
    email: str | None
    tag_kind: InvitationTag
    tag: str
    valid_until: Instant
    times_sent: int
    last_sent_at: Instant | None
    opened_at: Instant | None
    answered_at: Instant | None
    refusal_reason: str | None
    failure_codes: list[str]
    failed_at: Instant | None
    created_at: Instant
    version: int
    partner: PartnerOrganisation | None = one()
    report: CustomerReport | None = one("The report that it follows.")
    customer: Customer | None = one("The customer, for whoever sees it.")
    activity: InvitationActivity | None = one()
    issuer: Account | None = one("Who invites.")
    account_manager: Account | None = one("The account manager to whom the customer comes (COL-5.3.8).")

    @strawberry.field(
        metadata=needs(*_LINK),
        description="The link to pass on, while the invitation waits; null for one that goes by mail.",
    )
    def link(self, info: Info) -> str | None:
        """Give the link."""
        return _link_of(self, info)

    @strawberry.field(metadata=needs(*_LINK), description="The same link as a QR code, in SVG.")
    def qr_code(self, info: Info) -> str | None:
        """Draw the link."""
        link = _link_of(self, info)
        return domain.qr_code(link) if link else None

    @strawberry.field(metadata=needs("id"), description="Steps that lead on from here, with what blocks each.")
    async def available_transitions(self, info: Info) -> list[NextStep]:
        """List the steps that this viewer's rights cover."""
        row: Any = self
        return await next_steps(info, row.uid, domain.standing)


def _link_of(row: Any, info: Info) -> str | None:
    shown = domain.Invitation.hands_out_link(info.context.actor, {"channel": row.channel, "status": row.status})
    return terms_of(info).link(row.uid, dt.datetime.fromisoformat(row.valid_until)) if shown else None


@strawberry.type(description="The mail of an invitation before it is sent; its link stands below the text.")
class InvitationPreview:
    """A preview of a mail (邮件预览)."""

    to: str
    subject: str
    paragraphs: list[str]


@strawberry.type(description="What a link shows to whoever holds it; nothing in it says who was invited.")
class InvitationCard:
    """An invitation as its link shows it (邀请页)."""

    partner_name: str
    association_type: AssociationType
    valid_until: Instant
    by_link: bool = strawberry.field(description="Whether the link alone answers it; otherwise the customer signs in.")
    agreement_id: strawberry.ID | None
    agreement_number: str | None
    agreement_title_zh: str | None
    agreement_title_en: str | None
    agreement_content_zh: str | None
    agreement_content_en: str | None


@strawberry.type
@answers(invitation=domain.Invitation)
class InvitationPayload(Payload):
    """What an action on an invitation answers."""

    invitation: Invitation | None = None


@strawberry.type
class InvitationsPayload(Payload):
    """What sending answers: one invitation a report, in the order given."""

    invitations: list[Invitation] | None = None


@strawberry.type
@answers(activity=domain.InvitationActivity)
class InvitationActivityPayload(Payload):
    """What opening an activity answers."""

    activity: InvitationActivity | None = None


@strawberry.type
class InvitationAnswer:
    """What answering by link answers."""

    status: InvitationStatus
