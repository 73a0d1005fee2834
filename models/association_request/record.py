"""Requests to un-link or to switch as rows: who sees them, and who sees which of their fields."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.association_request.words import AssociationRequestKind, AssociationRequestStatus
from models.customer import AssociationType, Customer
from models.customer.record import NAME, PROFILE
from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Deadlined, where_given, word_type
from models.kernel.values import Instant, Uid
from models.partner import PartnerOrganisation
from models.rights import Right

_WAITS = sa.text("status IN ('PENDING_CUSTOMER', 'PENDING_PARTNER')")


class AssociationRequest(Aggregate, Deadlined, table=True):
    """A request to un-link or to switch the type of an association (解除关联/切换关联类型申请).

    `filed_side` is whose request it is; the other side decides. `from_type` is the type when it was filed, `to_type`
    the one that is wished for. `company_name` is the customer's, which its former partner sees
    here only; customers read the name of their partner here.
    """

    __tablename__ = "association_request"
    prefix: ClassVar[str] = "asr"
    zh: ClassVar[str] = "关联变更申请"
    en: ClassVar[str] = "Association request"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    kind: AssociationRequestKind = Field(sa_type=word_type(AssociationRequestKind))
    filed_side: Side = Field(sa_type=word_type(Side))
    company_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    partner_name: str = Field(max_length=128)
    from_type: Annotated[AssociationType | None, PROFILE] = Field(sa_type=word_type(AssociationType))
    to_type: Annotated[AssociationType | None, PROFILE] = Field(default=None, sa_type=word_type(AssociationType))
    status: AssociationRequestStatus = Field(sa_type=word_type(AssociationRequestStatus))
    reason: str = Field(max_length=500)
    filed_by: UUID = Field(sa_type=Uid)
    filed_by_name: str = Field(max_length=128)
    answer_reason: str | None = Field(default=None, max_length=500)
    answered_by_name: str | None = Field(default=None, max_length=128)
    ended_at: Annotated[dt.datetime | None, PROFILE] = Field(default=None, sa_type=Instant)
    office_id: str | None = Field(default=None, max_length=32)
    owner_id: UUID | None = Field(default=None, sa_type=Uid)
    bd_id: UUID | None = Field(default=None, sa_type=Uid)

    __table_args__ = (
        sa.Index(
            "uq_association_request_waiting",
            "partner_id",
            "customer_id",
            unique=True,
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
        sa.Index("ix_association_request_customer", "customer_id", "created_at", "id"),
        sa.Index("ix_association_request_partner", "partner_id", "created_at", "id"),
        sa.Index("ix_association_request_created", "created_at", "id"),
        where_given("ix_association_request_owner", "owner_id"),
        where_given("ix_association_request_bd", "bd_id"),
    )
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={
            "created_at": SortKey("created_at"),
            "due_at": SortKey("due_at", absent=dt.datetime(9998, 1, 1, tzinfo=dt.UTC)),
        },
        default=(("created_at", True),),
        filters={
            "customer": Filter("customer_id"),
            "company_name": Filter("company_name", "text"),
            "partner": Filter("partner_id"),
            "kind": Filter("kind", "in"),
            "filed_side": Filter("filed_side", "in"),
            "status": Filter("status", "in"),
            "to_type": Filter("to_type", "in"),
            "created_from": Filter("created_at", "gte"),
            "created_to": Filter("created_at", "lt"),
            "due_before": Filter("due_at", "lte"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees its own, those of past customers included, and never another partner's; a customer its own.

        Of Huawei's side whoever sees the customer; a PDM those of his partners too.
        """
        if actor.customer_id is not None:
            own = col(cls.customer_id) == actor.customer_id
            return own if actor.may(Right.CUSTOMER_READ_SELF) else sa.false()
        customers = col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor)))
        if actor.partner_id is not None:
            own = col(cls.partner_id) == actor.partner_id
            return own if actor.may(Right.CUSTOMER_READ_OWN) else sa.and_(own, customers)
        if actor.may(Right.CUSTOMER_READ_PARTNERS) and actor.partners:
            return sa.or_(col(cls.partner_id).in_(sorted(actor.partners)), customers)
        return customers


relate(Customer, "association_requests", Many(AssociationRequest, "customer_id"))
