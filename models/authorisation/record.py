"""Authorisations that resale customers give their partner, and the partner's commitment before it asks, as rows."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.agreement import AgreementVersion
from models.customer import Customer
from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Record, word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Word
from models.partner import PartnerOrganisation
from models.rights import Right

_OPEN = sa.text("status IN ('REQUESTED', 'AUTHORISED')")


class AuthorisationStatus(Word):
    """How far an authorisation has come (授权状态, COL-5.11)."""

    NONE = "NONE", "未授权", "None"
    REQUESTED = "REQUESTED", "待客户确认", "Requested"
    AUTHORISED = "AUTHORISED", "已授权", "Authorised"
    REJECTED = "REJECTED", "已拒绝", "Rejected"
    REVOKED = "REVOKED", "已取消授权", "Revoked"
    ENDED = "ENDED", "已随关联解除", "Ended with the association"


class CustomerAuthorisation(Aggregate, table=True):
    """A partner's request to order and operate for a resale customer (代客授权), and what the customer said.

    `reason` is the customer's, for a refusal or for taking the authorisation back.
    """

    __tablename__ = "customer_authorisation"
    prefix: ClassVar[str] = "cau"
    zh: ClassVar[str] = "代客授权"
    en: ClassVar[str] = "Authorisation"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    status: AuthorisationStatus = Field(default=AuthorisationStatus.REQUESTED, sa_type=word_type(AuthorisationStatus))
    commitment_id: UUID = Field(sa_type=Uid, foreign_key="agreement_version.id")
    note: str | None = Field(default=None, max_length=500)
    requested_at: dt.datetime = Field(sa_type=Instant)
    requested_by: UUID = Field(sa_type=Uid)
    requested_by_name: str = Field(max_length=128)
    answered_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    ended_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    reason: str | None = Field(default=None, max_length=500)

    __table_args__ = (
        sa.Index(
            "uq_customer_authorisation_open", "customer_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
        sa.Index("ix_customer_authorisation_customer", "customer_id", "created_at", "id"),
        sa.Index("ix_customer_authorisation_partner", "partner_id", "created_at", "id"),
        sa.Index("ix_customer_authorisation_created", "created_at", "id"),
    )
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "commitment": One(AgreementVersion, "commitment_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at")},
        default=(("created_at", True),),
        filters={
            "customer": Filter("customer_id"),
            "partner": Filter("partner_id"),
            "status": Filter("status", "in"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the customer sees what it has authorised; a partner, only what itself asked for."""
        seen = col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor)))
        if actor.partner_id is None:
            return seen
        own = col(cls.partner_id) == actor.partner_id
        return own if actor.may(Right.CUSTOMER_READ_OWN) else sa.and_(own, seen)


class PartnerCommitment(Record, table=True):
    """A partner's acceptance of one version of the commitment letter (承诺函接受记录); written once and kept."""

    __tablename__ = "partner_commitment"
    prefix: ClassVar[str] = "pcm"
    zh: ClassVar[str] = "代客授权承诺函接受记录"
    en: ClassVar[str] = "Commitment"

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    agreement_id: UUID = Field(sa_type=Uid, foreign_key="agreement_version.id")
    accepted_at: dt.datetime = Field(sa_type=Instant)
    accepted_by: UUID = Field(sa_type=Uid)
    accepted_by_name: str = Field(max_length=128)

    __table_args__ = (sa.UniqueConstraint("partner_id", "agreement_id"),)
    relations: ClassVar = {
        "partner": One(PartnerOrganisation, "partner_id"),
        "agreement": One(AgreementVersion, "agreement_id"),
    }

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees its own; on Huawei's side whoever reads signatures those of the partners that he sees."""
        if actor.partner_id is not None:
            return col(cls.partner_id) == actor.partner_id
        if not actor.may(Right.AGREEMENT_READ_SIGNATURES) or actor.side is Side.CUSTOMER:
            return sa.false()
        return col(cls.partner_id).in_(select(PartnerOrganisation.id).where(PartnerOrganisation.visible_to(actor)))


relate(Customer, "authorisations", Many(CustomerAuthorisation, "customer_id"))
