"""Versions of agreements and the customers' signatures under them, as rows."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from models.customer import Customer
from models.identity import Account
from models.kernel.access import Actor, FieldRule, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Record, word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Word
from models.partner import PartnerOrganisation
from models.rights import Right

SIGNATURE: Final = FieldRule("agreement.signature")


class AgreementKind(Word):
    """What an agreement is about (协议类型)."""

    ASSOCIATION_NOTICE = (
        "ASSOCIATION_NOTICE",
        "客户关联华为云合作伙伴须知",
        "Notice on associating with a Huawei Cloud partner",
    )
    AUTHORISATION_COMMITMENT = (
        "AUTHORISATION_COMMITMENT",
        "代客授权承诺函",
        "Commitment letter on acting for customers",
    )
    SERVICE_TERMS = "SERVICE_TERMS", "合作伙伴服务条款", "Partner service terms"


class AgreementState(Word):
    """How a customer stands to the newest version (签署状态)."""

    UNSIGNED = "UNSIGNED", "未签署", "Not signed"
    OUTDATED = "OUTDATED", "已签旧版本", "An older version signed"
    SIGNED = "SIGNED", "已签署最新版本", "Newest version signed"


class AgreementVersion(Aggregate, table=True):
    """One published version of an agreement (协议版本); its text never changes, a new text is a new version."""

    __tablename__ = "agreement_version"
    prefix: ClassVar[str] = "agv"
    zh: ClassVar[str] = "协议版本"
    en: ClassVar[str] = "Agreement version"
    relations: ClassVar = {"publisher": One(Account, "published_by")}
    listing: ClassVar[Listing] = Listing(
        sorts={"published_at": SortKey("published_at")},
        default=(("published_at", True),),
        filters={"kind": Filter("kind", "in"), "number": Filter("number")},
    )

    kind: AgreementKind = Field(sa_type=word_type(AgreementKind))
    number: str = Field(max_length=32)
    title_zh: str = Field(max_length=128)
    title_en: str = Field(max_length=128)
    content_zh: str = Field(sa_type=sa.Text)
    content_en: str = Field(sa_type=sa.Text)
    published_at: dt.datetime = Field(sa_type=Instant)
    published_by: UUID = Field(sa_type=Uid)

    __table_args__ = (
        sa.UniqueConstraint("kind", "number"),
        sa.Index("ix_agreement_version_newest", "kind", "published_at", "id"),
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """What is published may be read by everybody who is signed in."""
        return sa.true()


class AgreementSignature(Record, table=True):
    """A customer's signature under one version (协议签署); written once and kept.

    `partner_id` is the partner that the customer was with, or came to, when it signed.
    """

    __tablename__ = "agreement_signature"
    prefix: ClassVar[str] = "ags"
    zh: ClassVar[str] = "协议签署"
    en: ClassVar[str] = "Signature"

    agreement_id: Annotated[UUID | None, SIGNATURE] = Field(sa_type=Uid, foreign_key="agreement_version.id")
    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id", index=True)
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id")
    signed_at: Annotated[dt.datetime | None, SIGNATURE] = Field(sa_type=Instant)
    signer_id: UUID = Field(sa_type=Uid)
    signer_name: Annotated[str | None, SIGNATURE] = Field(max_length=128)

    __table_args__ = (sa.UniqueConstraint("agreement_id", "customer_id"),)
    relations: ClassVar = {
        "agreement": One(AgreementVersion, "agreement_id"),
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
    }
    listing: ClassVar[Listing] = Listing(sorts={}, default=(), filters={"customer": Filter("customer_id")})

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever reads signatures sees those of the customers that he sees; a partner none from before its time."""
        if not actor.may(Right.AGREEMENT_READ_SIGNATURES):
            return sa.false()
        seen = col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor)))
        if actor.side is not Side.PARTNER:
            return seen
        with_it = sa.or_(col(cls.partner_id) == actor.partner_id, col(cls.agreement_id) == newest_id())
        return sa.and_(seen, with_it)


relate(Customer, "signatures", Many(AgreementSignature, "customer_id"))


def newest_id(kind: AgreementKind = AgreementKind.ASSOCIATION_NOTICE) -> Any:
    """Select the id of the newest version of an agreement."""
    newest = aliased(AgreementVersion)
    return (
        select(newest.id)
        .where(newest.kind == kind)
        .order_by(col(newest.published_at).desc(), col(newest.id).desc())
        .limit(1)
        .scalar_subquery()
    )


def who_signed() -> Any:
    """Select the customers that have signed the newest version of the notice (COL-5.7.12)."""
    signature = aliased(AgreementSignature)
    return select(signature.customer_id).where(col(signature.agreement_id) == newest_id())
