"""Offers: each sharing of a Huawei opportunity with a partner is a row of its own, with a written list of fields."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, word_type
from models.kernel.values import Instant, MinorUnits, Uid
from models.opportunity.record import Opportunity, of_a_visible_opportunity
from models.opportunity.words import DeclineReason, OfferStatus
from models.partner import PartnerOrganisation
from models.rights import Right


class HoOffer(Aggregate, table=True):
    """What a partner sees of an HO before it accepts (机会点共享记录), COL-3.2 rules 3 and 4.

    Name, industry, region, need, amount, time and offering tag; the customer's name and contact come with acceptance.
    """

    __tablename__ = "ho_offer"
    prefix: ClassVar[str] = "hof"
    zh: ClassVar[str] = "华为共享"
    en: ClassVar[str] = "HO offer"

    opportunity_id: UUID = Field(sa_type=Uid, foreign_key="opportunity.id", index=True)
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    status: OfferStatus = Field(default=OfferStatus.PENDING, sa_type=word_type(OfferStatus))
    shared_at: dt.datetime = Field(sa_type=Instant)
    shared_by: UUID = Field(sa_type=Uid)
    due_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    viewed_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    answered_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    answered_by: UUID | None = Field(default=None, sa_type=Uid)
    decline_reason: DeclineReason | None = Field(default=None, sa_type=word_type(DeclineReason))
    decline_note: str | None = Field(default=None, max_length=2000)

    name: str = Field(max_length=128)
    industry: str | None = Field(default=None, max_length=40)
    province: str | None = Field(default=None, max_length=8)
    need: str | None = Field(default=None, max_length=1000)
    expected_amount: int | None = Field(default=None, sa_type=MinorUnits)
    currency: str = Field(default="CNY", max_length=3)
    expected_sign_date: dt.date | None = None
    demand_tags: list[str] = Field(default_factory=list, sa_type=sa.JSON)

    __table_args__ = (
        sa.Index("ix_ho_offer_partner", "partner_id", "status", "shared_at"),
        sa.Index(
            "uq_ho_offer_pending",
            "opportunity_id",
            unique=True,
            sqlite_where=sa.text("status = 'PENDING'"),
            postgresql_where=sa.text("status = 'PENDING'"),
        ),
    )

    listing: ClassVar[Listing] = Listing(
        sorts={"shared_at": SortKey("shared_at")},
        default=(("shared_at", True),),
        filters={"status": Filter("status", "in"), "partner": Filter("partner_id")},
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner's main account sees its own offers; Huawei's side those of the opportunities that it sees."""
        if actor.side is Side.PARTNER:
            return col(cls.partner_id) == actor.partner_id if actor.may(Right.OPPORTUNITY_ACCEPT) else sa.false()
        return of_a_visible_opportunity(cls, actor)


relate(HoOffer, "partner", One(PartnerOrganisation, "partner_id"))
relate(Opportunity, "offers", Many(HoOffer, "opportunity_id"))
