"""Leads as rows: who sees them, and what of them is hidden."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Field, col, select

from models.customer import CustomerType
from models.customer.record import ACCOUNT, EMAIL, MOBILE, NAME
from models.deal_registration import DealRegistration, named, team_of
from models.identity import Account
from models.kernel.access import Actor
from models.kernel.journal import JournalLine
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Record, where_given, word_type
from models.kernel.values import Instant, Uid
from models.lead.words import OPEN, WITH_FOLLOWER, LeadCloseReason, LeadLevel, LeadSource, LeadStatus
from models.opportunity import Opportunity
from models.partner import PartnerOrganisation
from models.rights import Right

IDENTITY: Final = ("company_name", "customer_name", "account_name", "email", "mobile")
DESCRIPTION: Final = ("customer_type", "industry", "province", "level", "requirement", "next_follow_at")
FORM: Final = (*IDENTITY, *DESCRIPTION, "campaign_name")
_LATEST: Final = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def _overdue(reader: Any, wanted: bool) -> sa.ColumnElement[bool]:
    late = sa.and_(
        col(Lead.next_follow_at).is_not(None),
        col(Lead.next_follow_at) <= sa.literal(reader.now, Instant()),
        col(Lead.status).in_(WITH_FOLLOWER),
    )
    return late if wanted else sa.not_(late)


class Lead(Aggregate, table=True):
    """Somebody who may become a customer (线索): dispatched to a follower (跟进人), followed up, converted or closed.

    `account_name` is its Huawei Cloud account (华为云账号). Who it is, and how to reach it, is ruled as with customers
    and hidden until revealed (COL-6.2.3, COL-5.7.6, COL-5.7.7); the searches are those of COL-6.2.1 and COL-6.2.2.
    It becomes one thing at most: an opportunity of PCE or a deal registration (COL-6.2.7).
    """

    __tablename__ = "lead"
    prefix: ClassVar[str] = "led"
    zh: ClassVar[str] = "线索"
    en: ClassVar[str] = "Lead"
    edit_columns: ClassVar[tuple[str, ...]] = ("status", "partner_id", "follower_id")
    # Each look at a lead is an operation record of that lead (COL-6.2.8).
    reveals_singly: ClassVar[bool] = True

    status: LeadStatus = Field(default=LeadStatus.NEW, sa_type=word_type(LeadStatus))
    source: LeadSource = Field(default=LeadSource.OWN, sa_type=word_type(LeadSource))
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    office_id: str | None = Field(default=None, max_length=32)
    follower_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="account.id", index=True)
    campaign_name: str | None = Field(default=None, max_length=128)
    company_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    customer_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    account_name: Annotated[str | None, ACCOUNT] = Field(default=None, max_length=64)
    email: Annotated[str | None, EMAIL] = Field(default=None, max_length=254)
    mobile: Annotated[str | None, MOBILE] = Field(default=None, max_length=32)
    customer_type: CustomerType = Field(default=CustomerType.NONE, sa_type=word_type(CustomerType))
    industry: str | None = Field(default=None, max_length=40)
    province: str | None = Field(default=None, max_length=8)
    level: LeadLevel | None = Field(default=None, sa_type=word_type(LeadLevel))
    requirement: str | None = Field(default=None, max_length=1000)
    dispatched_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    last_follow_up_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    next_follow_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    close_reason: LeadCloseReason | None = Field(default=None, sa_type=word_type(LeadCloseReason))
    # A draft may be deleted; that the lead became one stays.
    converted_opportunity_id: UUID | None = Field(default=None, sa_type=Uid, unique=True)
    converted_deal_registration_id: UUID | None = Field(
        default=None, sa_type=Uid, foreign_key="deal_registration.id", unique=True
    )
    import_key: str | None = Field(default=None, max_length=64)

    __table_args__ = (
        sa.UniqueConstraint("partner_id", "import_key"),
        sa.CheckConstraint(
            "converted_opportunity_id IS NULL OR converted_deal_registration_id IS NULL", name="one_target"
        ),
        sa.Index("ix_lead_partner", "partner_id", "created_at", "id"),
        sa.Index("ix_lead_partner_status", "partner_id", "status", "created_at", "id"),
        sa.Index("ix_lead_office", "office_id", "created_at", "id"),
        sa.Index("ix_lead_created", "created_at", "id"),
        where_given("ix_lead_next_follow_at", "next_follow_at"),
        where_given("ix_lead_account_name", "account_name"),
    )
    listing: ClassVar[Listing] = Listing(
        sorts={
            "created_at": SortKey("created_at"),
            "updated_at": SortKey("updated_at"),
            "next_follow_at": SortKey("next_follow_at", absent=_LATEST),
        },
        default=(("created_at", True),),
        filters={
            "account_name": Filter("account_name"),
            "company_name": Filter("company_name", "text"),
            "customer_name": Filter("customer_name", "text"),
            "email": Filter("email"),
            "mobile": Filter("mobile"),
            "customer_type": Filter("customer_type", "in"),
            "level": Filter("level", "in"),
            "campaign_name": Filter("campaign_name", "text"),
            "follower": Filter("follower_id"),
            "follower_name": Filter(clause=lambda _reader, name: named(Lead.follower_id, name)),
            "status": Filter("status", "in"),
            "source": Filter("source", "in"),
            "industry": Filter("industry", "in"),
            "province": Filter("province", "in"),
            "partner": Filter("partner_id"),
            "office": Filter("office_id", "in"),
            "overdue": Filter(clause=_overdue),
            "next_follow_before": Filter("next_follow_at", "lt"),
            "created_from": Filter("created_at", "gte"),
            "created_before": Filter("created_at", "lt"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Say who sees a lead (COL-6.2.5, COL-6.2.8).

        A follower sees the leads dispatched to him, a director those of his managers and, since he dispatches, those
        that wait for it; main account and administrator all. On Huawei's side a PDM sees those of his partners, a PSM
        his office's, and whoever sees all customers sees all.
        """
        seen: list[sa.ColumnElement[bool]] = []
        if actor.partner_id is not None:
            own = col(cls.partner_id) == actor.partner_id
            if actor.may(Right.LEAD_READ_OWN):
                seen.append(own)
            if actor.may(Right.LEAD_READ_TEAM):
                waiting = col(cls.status) == LeadStatus.NEW
                seen.append(sa.and_(own, sa.or_(waiting, col(cls.follower_id).in_(team_of(actor)))))
            if actor.may(Right.LEAD_READ_FOLLOWED):
                seen.append(sa.and_(own, col(cls.follower_id) == actor.id))
        if actor.may(Right.LEAD_READ_ALL):
            seen.append(sa.true())
        if actor.may(Right.LEAD_READ_PARTNERS) and actor.partners:
            seen.append(col(cls.partner_id).in_(sorted(actor.partners)))
        if actor.may(Right.LEAD_READ_OFFICE) and actor.office_id:
            seen.append(col(cls.office_id) == actor.office_id)
        return sa.or_(*seen) if seen else sa.false()

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """Administrators and the follower edit what describes an open lead.

        Who the lead is stays as it came: whoever may edit a field reads it plainly, and these are hidden from everybody
        (COL-6.2.3). One with wrong information is closed for that reason and entered anew.
        """
        if row["status"] not in OPEN or row["partner_id"] != actor.partner_id:
            return frozenset()
        follows = actor.may(Right.LEAD_FOLLOW) and row["follower_id"] == actor.id
        return frozenset(DESCRIPTION) if follows or actor.may(Right.LEAD_ADMINISTER) else frozenset()


class LeadFollowUp(Record, table=True):
    """What a follower did about a lead (跟进记录); appended, never changed."""

    __tablename__ = "lead_follow_up"
    prefix: ClassVar[str] = "lfu"
    zh: ClassVar[str] = "跟进记录"
    en: ClassVar[str] = "Follow-up"
    listing: ClassVar[Listing] = Listing(sorts={"at": SortKey("at")}, default=(("at", True),))

    lead_id: UUID = Field(sa_type=Uid, foreign_key="lead.id")
    at: dt.datetime = Field(sa_type=Instant)
    by_id: UUID = Field(sa_type=Uid)
    by_name: str = Field(max_length=128)
    note: str = Field(max_length=1000)
    next_follow_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (sa.Index("ix_lead_follow_up_lead", "lead_id", "at"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the lead sees how it was followed up."""
        return col(cls.lead_id).in_(select(Lead.id).where(Lead.visible_to(actor)))


@event.listens_for(LeadFollowUp, "before_update")
@event.listens_for(LeadFollowUp, "before_delete")
def _refuse_rewriting(*_: Any) -> None:
    raise TypeError("a follow-up is appended, never changed, never deleted (COL-6.2.8)")


relate(Lead, "partner", One(PartnerOrganisation, "partner_id"))
relate(Lead, "follower", One(Account, "follower_id"))
relate(Lead, "converted_opportunity", One(Opportunity, "converted_opportunity_id"))
relate(Lead, "converted_deal_registration", One(DealRegistration, "converted_deal_registration_id"))
relate(Lead, "follow_ups", Many(LeadFollowUp, "lead_id"))
relate(Lead, "journal", Many(JournalLine, "subject_id"))
