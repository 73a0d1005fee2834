"""What callers give about invitations."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models import invitation as domain
from models.customer import AssociationType
from models.customer_report import CustomerReport as ReportRow
from models.invitation import InvitationChannel, InvitationStatus, InvitationTag
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.invitation.types import MailLanguage
from resolvers.mutation import Action
from resolvers.scalars import Instant, uid


@strawberry.enum(description="What invitations can be sorted by.")
class InvitationSortKey(enum.Enum):
    """A sort key of invitations (排序字段)."""

    CREATED_AT = "created_at"
    VALID_UNTIL = "valid_until"


@strawberry.input
class InvitationSort:
    """One sort key with its direction."""

    by: InvitationSortKey
    descending: bool = True


@strawberry.input
class InvitationFilter:
    """Which invitations; masked fields are found by those who may reveal them."""

    status: list[InvitationStatus] | None = None
    channel: list[InvitationChannel] | None = None
    association_type: list[AssociationType] | None = None
    company_name: str | None = strawberry.field(default=None, description="A part of the name.")
    email: str | None = strawberry.field(default=None, description="Exactly.")
    tag: str | None = strawberry.field(default=None, description="Exactly.")
    failed: bool | None = strawberry.field(default=None, description="Those whose last attempt failed.")
    activity: strawberry.ID | None = None
    report: strawberry.ID | None = None
    partner: strawberry.ID | None = None
    valid_before: Instant | None = strawberry.field(default=None, description="Included.")
    created_from: Instant | None = None
    created_to: Instant | None = strawberry.field(default=None, description="Not included.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        given = dict(vars(self))
        for name, model in (
            ("activity", domain.InvitationActivity),
            ("report", ReportRow),
            ("partner", PartnerRow),
        ):
            given[name] = given[name] and uid(given[name], model.prefix, name)
        return given


@strawberry.input
class InvitationActivityFilter:
    """Which activities."""

    partner: strawberry.ID | None = None
    ends_after: Instant | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {**vars(self), "partner": self.partner and uid(self.partner, PartnerRow.prefix, "partner")}


@strawberry.input
class InvitationSendInput(Action):
    """Reported customers to invite by mail, up to 100 at once."""

    reports: list[strawberry.ID]
    association_type: AssociationType
    language: MailLanguage = MailLanguage.ZH


@strawberry.input
class InvitationLinkCreateInput(Action):
    """A link to pass on; its tag is the issuer's account name, one of his own, or an activity's (COL-5.3.4)."""

    association_type: AssociationType
    report: strawberry.ID | None = None
    tag_kind: InvitationTag = InvitationTag.GENERIC
    tag: str | None = None
    activity: strawberry.ID | None = None


@strawberry.input
class InvitationInput(Action):
    """An invitation."""

    id: strawberry.ID


@strawberry.input
class InvitationWithdrawInput(Action):
    """An invitation as the caller read it."""

    id: strawberry.ID
    version: int


@strawberry.input
class InvitationAcceptInput(Action):
    """A signed-in customer's yes."""

    id: strawberry.ID
    agreement: strawberry.ID | None = strawberry.field(
        default=None, description="The version of the notice that the customer has read and ticked (COL-5.3.11)."
    )


@strawberry.input
class InvitationRefuseInput(Action):
    """A signed-in customer's no."""

    id: strawberry.ID
    reason: str | None = None


@strawberry.input
class InvitationLinkInput:
    """A link, or what it carries."""

    link: str


@strawberry.input
class InvitationLinkAcceptInput:
    """A yes by link."""

    link: str
    agreement: strawberry.ID | None = strawberry.field(
        default=None, description="The version of the notice that the customer has read and ticked (COL-5.3.11)."
    )


@strawberry.input
class InvitationLinkRefuseInput:
    """A no by link."""

    link: str
    reason: str | None = None


@strawberry.input
class InvitationActivityCreateInput(Action):
    """An activity; its links carry its tag and end with it (COL-5.3.5)."""

    name: str
    tag: str
    begins_at: Instant
    ends_at: Instant
