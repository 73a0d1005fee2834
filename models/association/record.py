"""The history of associations as rows: what began, switched and ended, between whom, why and when."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.customer import AssociationType, Customer
from models.customer.record import PROFILE
from models.identity import Account
from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Record, word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Word
from models.partner import PartnerOrganisation
from models.rights import Right


class AssociationEventKind(Word):
    """What happened to an association (关联操作类型)."""

    ASSOCIATED = "ASSOCIATED", "关联", "Associated"
    SWITCHED = "SWITCHED", "切换关联类型", "Association type switched"
    UNLINKED = "UNLINKED", "解除关联", "Un-linked"


class AssociationCause(Word):
    """By which way it happened (操作来源)."""

    INVITATION = "INVITATION", "接受邀请", "Invitation accepted"
    PARTNER_REQUEST = "PARTNER_REQUEST", "伙伴发起申请", "Partner's request"
    CUSTOMER_REQUEST = "CUSTOMER_REQUEST", "客户发起申请", "Customer's request"
    MIGRATION = "MIGRATION", "生态经理迁移", "Moved by the ecosystem manager"
    OPERATIONS = "OPERATIONS", "运营处理", "Ecosystem operations"


class AssociationEvent(Record, table=True):
    """One entry of an association's history (关联关系操作记录, COL-5.4.11); written once and kept.

    `association_type` is the type from then on, or the one that ended; `previous_type` the one before a switch.
    `source_kind` and `source_id` name the invitation or request that it came from.
    """

    __tablename__ = "association_event"
    prefix: ClassVar[str] = "ase"
    zh: ClassVar[str] = "关联关系操作记录"
    en: ClassVar[str] = "Association event"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    event: AssociationEventKind = Field(sa_type=word_type(AssociationEventKind))
    cause: AssociationCause = Field(sa_type=word_type(AssociationCause))
    association_type: Annotated[AssociationType | None, PROFILE] = Field(sa_type=word_type(AssociationType))
    previous_type: Annotated[AssociationType | None, PROFILE] = Field(default=None, sa_type=word_type(AssociationType))
    account_manager_id: Annotated[UUID | None, PROFILE] = Field(default=None, sa_type=Uid)
    source_kind: str = Field(default="", max_length=40)
    source_id: UUID | None = Field(default=None, sa_type=Uid)
    reason: str | None = Field(default=None, max_length=2000)
    by_id: UUID = Field(sa_type=Uid)
    by_name: str = Field(max_length=128)
    by_side: Side = Field(sa_type=word_type(Side))
    happened_at: Annotated[dt.datetime | None, PROFILE] = Field(sa_type=Instant)

    __table_args__ = (
        sa.Index("ix_association_event_customer", "customer_id", "id"),
        sa.Index("ix_association_event_partner", "partner_id", "id"),
    )
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "account_manager": One(Account, "account_manager_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"happened_at": SortKey("happened_at")},
        default=(),
        filters={
            "customer": Filter("customer_id"),
            "event": Filter("event", "in"),
            "cause": Filter("cause", "in"),
            "association_type": Filter("association_type", "in"),
            "happened_from": Filter("happened_at", "gte"),
            "happened_to": Filter("happened_at", "lt"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees its own history, past customers included, and never another partner's; a customer its own."""
        customers = col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor)))
        if actor.partner_id is not None:
            own = col(cls.partner_id) == actor.partner_id
            return own if actor.may(Right.CUSTOMER_READ_OWN) else sa.and_(own, customers)
        if actor.may(Right.CUSTOMER_READ_PARTNERS) and actor.partners:
            return sa.or_(col(cls.partner_id).in_(sorted(actor.partners)), customers)
        return customers


relate(Customer, "association_events", Many(AssociationEvent, "customer_id"))
