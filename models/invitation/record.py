"""Invitations and the activities that they belong to, as rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.customer import AssociationType, Customer
from models.customer.record import EMAIL, NAME, PROFILE
from models.customer_report import CustomerReport
from models.identity import Account
from models.invitation.words import InvitationChannel, InvitationStatus, InvitationTag
from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Deadlined, where_given, word_type
from models.kernel.values import Instant, Uid
from models.partner import PartnerOrganisation, organisations_of
from models.rights import Right


class InvitationActivity(Aggregate, table=True):
    """A campaign under whose tag a partner invites customers (活动)."""

    __tablename__ = "invitation_activity"
    prefix: ClassVar[str] = "iac"
    zh: ClassVar[str] = "邀请活动"
    en: ClassVar[str] = "Activity"
    listing: ClassVar[Listing] = Listing(
        sorts={"ends_at": SortKey("ends_at")},
        default=(("ends_at", True),),
        filters={"partner": Filter("partner_id"), "ends_after": Filter("ends_at", "gt")},
    )

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    name: str = Field(max_length=64)
    tag: str = Field(max_length=64)
    begins_at: dt.datetime = Field(sa_type=Instant)
    ends_at: dt.datetime = Field(sa_type=Instant)

    __table_args__ = (sa.UniqueConstraint("partner_id", "tag"),)
    relations: ClassVar = {"partner": One(PartnerOrganisation, "partner_id")}

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the organisation sees its activities."""
        return col(cls.partner_id).in_(organisations_of(actor))


class Invitation(Aggregate, Deadlined, table=True):
    """A customer asked to associate with a partner (客户邀请); its link serves once.

    `email` is where a mail goes; `company_name` the reported customer's. `account_manager_id` is the account manager
    whose link it is. `failure_codes` are the causes for which the last attempt to accept failed (关联失败).
    """

    __tablename__ = "invitation"
    prefix: ClassVar[str] = "inv"
    zh: ClassVar[str] = "客户邀请"
    en: ClassVar[str] = "Invitation"

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    report_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="customer_report.id", index=True)
    customer_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="customer.id", index=True)
    channel: InvitationChannel = Field(sa_type=word_type(InvitationChannel))
    association_type: Annotated[AssociationType | None, PROFILE] = Field(sa_type=word_type(AssociationType))
    status: InvitationStatus = Field(default=InvitationStatus.SENT, sa_type=word_type(InvitationStatus))
    company_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    email: Annotated[str | None, EMAIL] = Field(default=None, max_length=254)
    language: str = Field(default="zh", max_length=2)
    tag_kind: InvitationTag = Field(default=InvitationTag.GENERIC, sa_type=word_type(InvitationTag))
    tag: str = Field(max_length=64)
    activity_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="invitation_activity.id")
    valid_until: dt.datetime = Field(sa_type=Instant)
    issued_by: UUID = Field(sa_type=Uid)
    account_manager_id: Annotated[UUID | None, PROFILE] = Field(default=None, sa_type=Uid)
    times_sent: int = 0
    last_sent_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    opened_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    answered_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    refusal_reason: str | None = Field(default=None, max_length=500)
    failure_codes: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    failed_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    office_id: str | None = Field(default=None, max_length=32)
    owner_id: UUID | None = Field(default=None, sa_type=Uid)
    bd_id: UUID | None = Field(default=None, sa_type=Uid)

    __table_args__ = (
        sa.Index("ix_invitation_partner", "partner_id", "created_at", "id"),
        sa.Index("ix_invitation_office", "office_id", "created_at", "id"),
        sa.Index("ix_invitation_created", "created_at", "id"),
        where_given("ix_invitation_owner", "owner_id"),
        where_given("ix_invitation_bd", "bd_id"),
    )
    relations: ClassVar = {
        "partner": One(PartnerOrganisation, "partner_id"),
        "report": One(CustomerReport, "report_id"),
        "customer": One(Customer, "customer_id"),
        "activity": One(InvitationActivity, "activity_id"),
        "issuer": One(Account, "issued_by"),
        "account_manager": One(Account, "account_manager_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at"), "valid_until": SortKey("valid_until")},
        default=(("created_at", True),),
        filters={
            "status": Filter("status", "in"),
            "channel": Filter("channel", "in"),
            "association_type": Filter("association_type", "in"),
            "company_name": Filter("company_name", "text"),
            "email": Filter("email"),
            "tag": Filter("tag"),
            "failed": Filter("failed_at", "exists"),
            "activity": Filter("activity_id"),
            "report": Filter("report_id"),
            "partner": Filter("partner_id"),
            "valid_before": Filter("valid_until", "lte"),
            "created_from": Filter("created_at", "gte"),
            "created_to": Filter("created_at", "lt"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees its own invitations, an account manager his, a director his managers'; a customer its own.

        Of Huawei's side a PDM sees those of his partners, a PSM his office's, BD and customer owner those to customers
        of theirs.
        """
        if actor.may(Right.CUSTOMER_READ_ALL):
            return sa.true()
        seen: list[sa.ColumnElement[bool]] = []
        if actor.partner_id is not None:
            own = col(cls.partner_id) == actor.partner_id
            if actor.may(Right.CUSTOMER_READ_OWN):
                return own
            if actor.may(Right.CUSTOMER_READ_TEAM):
                team = select(Account.id).where(Account.director_id == actor.id, Account.partner_id == actor.partner_id)
                seen.append(sa.and_(own, col(cls.account_manager_id).in_(team)))
            if actor.may(Right.CUSTOMER_READ_MANAGED):
                seen.append(sa.and_(own, col(cls.account_manager_id) == actor.id))
        if actor.may(Right.INVITATION_ANSWER) and actor.customer_id:
            seen.append(col(cls.customer_id) == actor.customer_id)
        if actor.may(Right.CUSTOMER_READ_PARTNERS) and actor.partners:
            seen.append(col(cls.partner_id).in_(sorted(actor.partners)))
        if actor.may(Right.CUSTOMER_READ_OFFICE) and actor.office_id:
            seen.append(col(cls.office_id) == actor.office_id)
        if actor.may(Right.CUSTOMER_READ_OWNED):
            seen.append(sa.or_(col(cls.owner_id) == actor.id, col(cls.bd_id) == actor.id))
        return sa.or_(*seen) if seen else sa.false()

    @staticmethod
    def hands_out_link(actor: Actor, row: Mapping[str, Any]) -> bool:
        """Tell whether somebody gets the link to pass on: of a mail nobody does, its link proves the mailbox."""
        return (
            actor.side is Side.PARTNER
            and actor.may(Right.CUSTOMER_INVITE)
            and row["channel"] == InvitationChannel.OFFLINE
            and row["status"] == InvitationStatus.SENT
        )


relate(CustomerReport, "invitations", Many(Invitation, "report_id"))
relate(Customer, "invitations", Many(Invitation, "customer_id"))
