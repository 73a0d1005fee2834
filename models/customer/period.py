"""During which days a customer was whose account manager's; written wherever a customer's manager changes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Field, col, select

from models.customer.record import PROFILE, Customer
from models.identity import Account
from models.kernel.access import Actor
from models.kernel.calendar import ONE_DAY, beijing_day
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Record
from models.kernel.values import Instant, Uid, new_id
from models.partner import PartnerOrganisation
from models.rights import Right

FOLLOWED: Final = ("partner_id", "account_manager_id")


class AccountManagerPeriod(Record, table=True):
    """The time during which a customer belonged to an account manager (客户经理归属期).

    Consumption and performance are his from `counts_from` to `counts_to`, both included and both days of Beijing: from
    the day after the assignment (COL-5.8.3) to the day on which it ended, so that each day is one manager's at most.
    """

    __tablename__ = "account_manager_period"
    prefix: ClassVar[str] = "amp"
    zh: ClassVar[str] = "客户经理归属期"
    en: ClassVar[str] = "Account manager's period"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id")
    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    account_id: Annotated[UUID | None, PROFILE] = Field(sa_type=Uid, foreign_key="account.id", nullable=False)
    from_at: Annotated[dt.datetime | None, PROFILE] = Field(sa_type=Instant, nullable=False)
    to_at: Annotated[dt.datetime | None, PROFILE] = Field(default=None, sa_type=Instant)
    counts_from: Annotated[dt.date | None, PROFILE] = Field(nullable=False)
    counts_to: Annotated[dt.date | None, PROFILE] = Field(default=None)

    __table_args__ = (
        sa.Index("ix_account_manager_period_customer", "customer_id", "counts_from"),
        sa.Index("ix_account_manager_period_account", "account_id", "counts_from"),
        sa.Index("ix_account_manager_period_partner", "partner_id", "counts_from"),
        # One manager at a time (COL-5.8.1).
        sa.Index(
            "uq_account_manager_period_open",
            "customer_id",
            unique=True,
            sqlite_where=sa.text("to_at IS NULL"),
            postgresql_where=sa.text("to_at IS NULL"),
        ),
    )
    relations: ClassVar = {
        "customer": One(Customer, "customer_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "account_manager": One(Account, "account_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"from_at": SortKey("from_at")},
        default=(),
        filters={
            "customer": Filter("customer_id"),
            "account_manager": Filter("account_id"),
            "open": Filter("to_at", "exists"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees the periods of its own people with customers that are seen, and never another partner's."""
        customers = col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor)))
        if actor.partner_id is None:
            return customers
        own = col(cls.partner_id) == actor.partner_id
        return own if actor.may(Right.CUSTOMER_READ_OWN) else sa.and_(own, customers)


relate(Customer, "account_manager_periods", Many(AccountManagerPeriod, "customer_id"))


@event.listens_for(Customer, "after_insert")
def _begun(_mapper: Any, connection: sa.Connection, customer: Customer) -> None:
    # A customer that is entered as it stood since long was its manager's since long.
    since = min(customer.associated_on or customer.created_at, customer.created_at)
    _begin(connection, customer, since)


@event.listens_for(Customer, "after_update")
def _changed(_mapper: Any, connection: sa.Connection, customer: Customer) -> None:
    """End a period and begin the next where partner or manager change, be it by assignment or by an un-link."""
    state = sa.inspect(customer)
    if any(state.attrs[name].history.has_changes() for name in FOLLOWED):
        at = customer.updated_at
        connection.execute(
            sa.update(_PERIODS)
            .where(_PERIODS.c.customer_id == customer.id, _PERIODS.c.to_at.is_(None))
            .values(to_at=at, counts_to=beijing_day(at))
        )
        _begin(connection, customer, at)


def _begin(connection: sa.Connection, customer: Customer, at: dt.datetime) -> None:
    if customer.partner_id is None or customer.account_manager_id is None:
        return
    connection.execute(
        sa.insert(_PERIODS).values(
            id=new_id(),
            customer_id=customer.id,
            partner_id=customer.partner_id,
            account_id=customer.account_manager_id,
            from_at=at,
            counts_from=beijing_day(at) + ONE_DAY,
        )
    )


_PERIODS: Final = AccountManagerPeriod.__table__  # type: ignore[attr-defined]
