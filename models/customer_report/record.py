"""Reports of customers as rows: who sees them, and who sees which of their fields."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.approval import Reviewed
from models.customer import Customer
from models.customer.record import ACCOUNT as ACCOUNT_NAME
from models.customer.record import CONTACT, CREDIT_CODE, EMAIL, MOBILE, NAME, PROFILE
from models.customer_report.words import ReportStatus
from models.identity import Account
from models.kernel.access import Actor
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Deadlined, where_given, word_type
from models.kernel.values import Instant, Uid
from models.partner import PartnerOrganisation
from models.rights import Right

_HOLDS = sa.text("status IN ('PENDING_REVIEW', 'REPORTED')")
_HOLDS_CODE = sa.text("status IN ('PENDING_REVIEW', 'REPORTED') AND credit_code IS NOT NULL")
_HOLDS_CUSTOMER = sa.text("status IN ('PENDING_REVIEW', 'REPORTED') AND customer_id IS NOT NULL")


def _one_holds(name: str, column: str, which: sa.TextClause) -> sa.Index:
    return sa.Index(name, column, unique=True, sqlite_where=which, postgresql_where=which)


class CustomerReport(Reviewed, Deadlined, table=True):
    """A prospect that a partner has reported (报备客户); while it holds nobody else reports the same.

    `customer_id` is the customer that is known under these facts; partners are not told of it. `account_manager_id`
    is the account manager who reported it.
    """

    __tablename__ = "customer_report"
    prefix: ClassVar[str] = "rep"
    zh: ClassVar[str] = "报备客户"
    en: ClassVar[str] = "Customer report"

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    customer_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="customer.id")
    status: ReportStatus = Field(sa_type=word_type(ReportStatus))
    company_name: Annotated[str | None, NAME] = Field(max_length=128)
    normalised_name: Annotated[str | None, NAME] = Field(max_length=128)
    credit_code: Annotated[str | None, CREDIT_CODE] = Field(default=None, max_length=18)
    account_name: Annotated[str | None, ACCOUNT_NAME] = Field(default=None, max_length=64)
    contact_name: Annotated[str | None, CONTACT] = Field(default=None, max_length=64)
    mobile: Annotated[str | None, MOBILE] = Field(default=None, max_length=32)
    email: Annotated[str | None, EMAIL] = Field(default=None, max_length=254)
    industry: Annotated[str | None, PROFILE] = Field(default=None, max_length=40)
    province: Annotated[str | None, PROFILE] = Field(default=None, max_length=8)
    statement: str | None = Field(default=None, max_length=2000)
    review_causes: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    reported_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    escalated_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    verdict_reason: str | None = Field(default=None, max_length=2000)
    account_manager_id: Annotated[UUID | None, PROFILE] = Field(default=None, sa_type=Uid)
    office_id: str | None = Field(default=None, max_length=32)
    owner_id: UUID | None = Field(default=None, sa_type=Uid)
    bd_id: UUID | None = Field(default=None, sa_type=Uid)

    __table_args__ = (
        _one_holds("uq_customer_report_name", "normalised_name", _HOLDS),
        _one_holds("uq_customer_report_credit_code", "credit_code", _HOLDS_CODE),
        _one_holds("uq_customer_report_customer", "customer_id", _HOLDS_CUSTOMER),
        sa.Index("ix_customer_report_partner", "partner_id", "created_at", "id"),
        sa.Index("ix_customer_report_office", "office_id", "created_at", "id"),
        sa.Index("ix_customer_report_created", "created_at", "id"),
        where_given("ix_customer_report_owner", "owner_id"),
        where_given("ix_customer_report_bd", "bd_id"),
    )
    relations: ClassVar = {
        "partner": One(PartnerOrganisation, "partner_id"),
        "submitter": One(Account, "submitted_by"),
        "account_manager": One(Account, "account_manager_id"),
        "customer": One(Customer, "customer_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={
            "created_at": SortKey("created_at"),
            "due_at": SortKey("due_at", absent=dt.datetime(9998, 1, 1, tzinfo=dt.UTC)),
        },
        default=(("created_at", True),),
        filters={
            "status": Filter("status", "in"),
            "company_name": Filter("company_name", "text"),
            "account_name": Filter("account_name"),
            "credit_code": Filter("credit_code"),
            "mobile": Filter("mobile"),
            "email": Filter("email"),
            "industry": Filter("industry", "in"),
            "province": Filter("province", "in"),
            "account_manager": Filter("account_manager_id"),
            "partner": Filter("partner_id"),
            "office": Filter("office_id", "in"),
            "due_before": Filter("due_at", "lte"),
            "created_from": Filter("created_at", "gte"),
            "created_to": Filter("created_at", "lt"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees its own reports, an account manager those that he made, a director those of his managers.

        Of Huawei's side a PDM sees those of his partners, a PSM his office's, BD and customer owner those about
        customers of theirs.
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
        if actor.may(Right.CUSTOMER_READ_PARTNERS) and actor.partners:
            seen.append(col(cls.partner_id).in_(sorted(actor.partners)))
        if actor.may(Right.CUSTOMER_READ_OFFICE) and actor.office_id:
            seen.append(col(cls.office_id) == actor.office_id)
        if actor.may(Right.CUSTOMER_READ_OWNED):
            seen.append(sa.or_(col(cls.owner_id) == actor.id, col(cls.bd_id) == actor.id))
        return sa.or_(*seen) if seen else sa.false()


relate(Customer, "reports", Many(CustomerReport, "customer_id"))
