"""Deal registrations as rows: who sees them, and the history of their progress, which only grows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Field, col, select

from models.customer import Customer
from models.customer.record import ACCOUNT, CONTACT, EMAIL, MOBILE, NAME
from models.customer_report import CustomerReport
from models.deal_registration.words import BillingMode, RegistrationStatus
from models.identity import Account
from models.kernel.access import Actor
from models.kernel.journal import JournalLine
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.reads.filters import contains
from models.kernel.record import Aggregate, Record, word_type
from models.kernel.values import Instant, MinorUnits, Uid
from models.opportunity import Stage
from models.partner import PartnerOrganisation
from models.rights import Right

BASIC: Final = ("name", "task_id")
CONTACTS: Final = ("contact_name", "contact_mobile", "contact_email")
DETAIL: Final = ("requirement", "services", *CONTACTS)
REVENUE: Final = (
    *("expected_amount", "currency", "expected_sign_date", "revenue_starts_on", "term_months", "billing_mode"),
)
_LATEST: Final = dt.date(9999, 1, 1)


class DealRegistration(Aggregate, table=True):
    """A deal that a partner tells Huawei Cloud it works on with a customer of its own (商机报备).

    It is no opportunity of PCE. It is about an associated customer or about one that was reported, by `report_id`.
    Amounts are minor units of `currency`; `manager_id` is the account manager whose it is, `task_id` the sales task
    that it came from. Searches are those of COL-6.1.7; who the customer is, and how to reach
    it, is hidden until revealed, as with customers (COL-5.7.6).
    """

    __tablename__ = "deal_registration"
    prefix: ClassVar[str] = "drg"
    zh: ClassVar[str] = "商机报备"
    en: ClassVar[str] = "Deal registration"
    edit_columns: ClassVar[tuple[str, ...]] = ("status", "partner_id", "manager_id")

    status: RegistrationStatus = Field(default=RegistrationStatus.DRAFT, sa_type=word_type(RegistrationStatus))
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    customer_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="customer.id", index=True)
    report_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="customer_report.id", index=True)
    manager_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="account.id", index=True)
    office_id: str | None = Field(default=None, max_length=32)
    owner_id: UUID | None = Field(default=None, sa_type=Uid, index=True)
    bd_id: UUID | None = Field(default=None, sa_type=Uid, index=True)
    company_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    account_name: Annotated[str | None, ACCOUNT] = Field(default=None, max_length=64)

    name: str = Field(default="", max_length=128)
    task_id: str | None = Field(default=None, max_length=64, index=True)
    requirement: str | None = Field(default=None, max_length=1000)
    services: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    contact_name: Annotated[str | None, CONTACT] = Field(default=None, max_length=64)
    contact_mobile: Annotated[str | None, MOBILE] = Field(default=None, max_length=32)
    contact_email: Annotated[str | None, EMAIL] = Field(default=None, max_length=254)
    expected_amount: int | None = Field(default=None, sa_type=MinorUnits)
    currency: str = Field(default="CNY", max_length=3)
    expected_sign_date: dt.date | None = None
    revenue_starts_on: dt.date | None = None
    term_months: int | None = None
    billing_mode: BillingMode | None = Field(default=None, sa_type=word_type(BillingMode))

    registered_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    stage: Stage | None = Field(default=None, sa_type=word_type(Stage))
    win_probability: int | None = None
    last_progress_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (
        sa.CheckConstraint("customer_id IS NOT NULL OR report_id IS NOT NULL", name="about_somebody"),
        sa.Index("ix_deal_registration_partner", "partner_id", "created_at", "id"),
        sa.Index("ix_deal_registration_office", "office_id", "created_at", "id"),
        sa.Index("ix_deal_registration_created", "created_at", "id"),
    )
    listing: ClassVar[Listing] = Listing(
        sorts={
            "created_at": SortKey("created_at"),
            "updated_at": SortKey("updated_at"),
            "expected_amount": SortKey("expected_amount", absent=-1),
            "expected_sign_date": SortKey("expected_sign_date", absent=_LATEST),
        },
        default=(("created_at", True),),
        filters={
            "name": Filter("name", "text"),
            "company_name": Filter("company_name", "text"),
            "account_name": Filter("account_name"),
            "manager": Filter("manager_id"),
            "manager_name": Filter(clause=lambda _reader, name: named(DealRegistration.manager_id, name)),
            "customer": Filter("customer_id"),
            "report": Filter("report_id"),
            "task": Filter("task_id"),
            "status": Filter("status", "in"),
            "stage": Filter("stage", "in"),
            "partner": Filter("partner_id"),
            "office": Filter("office_id", "in"),
            "created_from": Filter("created_at", "gte"),
            "created_before": Filter("created_at", "lt"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Say who sees a deal registration (COL-6.1.6, COL-7.2).

        A manager sees his own, a director those of his managers, main account, administrator and operator all of their
        organisation. On Huawei's side whoever sees the customer sees what was registered, and no draft.
        """
        seen: list[sa.ColumnElement[bool]] = []
        if actor.partner_id is not None:
            own = col(cls.partner_id) == actor.partner_id
            if actor.may(Right.DEAL_READ_OWN):
                seen.append(own)
            if actor.may(Right.DEAL_READ_TEAM):
                seen.append(sa.and_(own, col(cls.manager_id).in_(team_of(actor))))
            if actor.may(Right.DEAL_READ_MANAGED):
                seen.append(sa.and_(own, col(cls.manager_id) == actor.id))
        registered = col(cls.status) != RegistrationStatus.DRAFT
        if actor.may(Right.DEAL_READ_ALL):
            seen.append(registered)
        if actor.may(Right.DEAL_READ_PARTNERS) and actor.partners:
            seen.append(sa.and_(registered, col(cls.partner_id).in_(sorted(actor.partners))))
        if actor.may(Right.DEAL_READ_OFFICE) and actor.office_id:
            seen.append(sa.and_(registered, col(cls.office_id) == actor.office_id))
        if actor.may(Right.DEAL_READ_OWNED):
            looked_after = sa.or_(col(cls.owner_id) == actor.id, col(cls.bd_id) == actor.id)
            seen.append(sa.and_(registered, looked_after))
        return sa.or_(*seen) if seen else sa.false()

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """Whoever creates may edit, the manager what is his; progress is no field of it (COL-6.1.5).

        Contacts are written in the draft only: whoever may edit a field reads it plainly, and in lists of what is
        registered they are hidden (COL-5.7.6).
        """
        if not actor.may(Right.DEAL_CREATE) or row["partner_id"] != actor.partner_id:
            return frozenset()
        if not actor.may(Right.DEAL_READ_OWN) and row["manager_id"] != actor.id:
            return frozenset()
        fields = {*BASIC, *DETAIL, *REVENUE}
        return frozenset(fields if row["status"] == RegistrationStatus.DRAFT else fields - {*CONTACTS})


class DealProgress(Record, table=True):
    """One report on how a registered deal goes (商机进展): the five fields of COL-2.6.6; appended, never changed."""

    __tablename__ = "deal_progress"
    prefix: ClassVar[str] = "drp"
    zh: ClassVar[str] = "商机进展"
    en: ClassVar[str] = "Deal progress"
    listing: ClassVar[Listing] = Listing(sorts={"at": SortKey("at")}, default=(("at", True),))

    deal_registration_id: UUID = Field(sa_type=Uid, foreign_key="deal_registration.id")
    at: dt.datetime = Field(sa_type=Instant)
    by_id: UUID = Field(sa_type=Uid)
    by_name: str = Field(max_length=128)
    stage: Stage = Field(sa_type=word_type(Stage))
    win_probability: int
    technical_exchange: str | None = Field(default=None, max_length=1000)
    test_status: str | None = Field(default=None, max_length=1000)
    details: str = Field(max_length=1000)

    __table_args__ = (sa.Index("ix_deal_progress_registration", "deal_registration_id", "at"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the deal registration sees its progress."""
        seen = select(DealRegistration.id).where(DealRegistration.visible_to(actor))
        return col(cls.deal_registration_id).in_(seen)


@event.listens_for(DealProgress, "before_update")
@event.listens_for(DealProgress, "before_delete")
def _refuse_rewriting(*_: Any) -> None:
    raise TypeError("progress of a registered deal is appended, never changed, never deleted (COL-6.1.5)")


def team_of(actor: Actor) -> Any:
    """Select the account managers of a director."""
    return select(Account.id).where(Account.director_id == actor.id, Account.partner_id == actor.partner_id)


def named(column: Any, name: str) -> sa.ColumnElement[bool]:
    """Match a column of accounts by a part of their names."""
    accounts = Account.__table__  # type: ignore[attr-defined]
    return col(column).in_(sa.select(accounts.c.id).where(contains(accounts.c.name, name)))


relate(DealRegistration, "partner", One(PartnerOrganisation, "partner_id"))
relate(DealRegistration, "customer", One(Customer, "customer_id"))
relate(DealRegistration, "report", One(CustomerReport, "report_id"))
relate(DealRegistration, "manager", One(Account, "manager_id"))
relate(DealRegistration, "progress", Many(DealProgress, "deal_registration_id"))
relate(DealRegistration, "journal", Many(JournalLine, "subject_id"))
relate(Customer, "deal_registrations", Many(DealRegistration, "customer_id"))
