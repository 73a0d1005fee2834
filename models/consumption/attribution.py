"""Whose business a line of consumption is: which partner's at that time, and which account manager's on that day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.association import AssociationEvent, AssociationEventKind
from models.customer import AccountManagerPeriod, AssociationType, Customer


@dataclass
class Consumer:
    """A customer that consumes (消费客户), with the history of its associations and of its account managers."""

    id: UUID
    partner_id: UUID | None
    associated_on: dt.datetime | None
    association_type: AssociationType | None
    events: list[tuple[dt.datetime, AssociationEventKind, UUID]] = field(default_factory=list)
    periods: list[tuple[dt.date, dt.date | None, UUID, UUID]] = field(default_factory=list)

    def partner_at(self, at: dt.datetime) -> UUID | None:
        """Name the partner that it was associated with at an instant."""
        before = None
        for happened_at, event, partner_id in self.events:
            if happened_at > at:
                if before is None and event is not AssociationEventKind.ASSOCIATED:
                    # What ends or switches later was there before, from the association on that nobody wrote down.
                    return partner_id
                break
            before = (event, partner_id)
        if before is not None:
            return None if before[0] is AssociationEventKind.UNLINKED else before[1]
        known = self.associated_on is None or self.associated_on <= at
        return self.partner_id if known and not self.events else None

    def manager_on(self, day: dt.date, partner_id: UUID) -> UUID | None:
        """Name the account manager to whom the day belongs, counted from the day after the assignment (COL-5.8.3)."""
        for first, last, of_partner, account_id in self.periods:
            if first <= day and (last is None or day <= last) and of_partner == partner_id:
                return account_id
        return None


async def consumers(session: AsyncSession, account_ids: Collection[str]) -> dict[str, Consumer]:
    """Find customers by their Huawei Cloud account ids."""
    found: Any = await session.execute(
        sa.select(
            col(Customer.huawei_account_id),
            col(Customer.id),
            col(Customer.partner_id),
            col(Customer.associated_on),
            col(Customer.association_type),
        ).where(col(Customer.huawei_account_id).in_(account_ids))
    )
    known = {account: Consumer(*rest) for account, *rest in found}
    by_id = {one.id: one for one in known.values()}
    if by_id:
        events = sa.select(
            col(AssociationEvent.customer_id),
            col(AssociationEvent.happened_at),
            col(AssociationEvent.event),
            col(AssociationEvent.partner_id),
        ).where(col(AssociationEvent.customer_id).in_(by_id))
        ordered = events.order_by(col(AssociationEvent.happened_at), col(AssociationEvent.id))
        happened: Any = await session.execute(ordered)
        for customer_id, *event in happened:
            by_id[customer_id].events.append(tuple(event))
        periods = sa.select(
            col(AccountManagerPeriod.customer_id),
            col(AccountManagerPeriod.counts_from),
            col(AccountManagerPeriod.counts_to),
            col(AccountManagerPeriod.partner_id),
            col(AccountManagerPeriod.account_id),
        ).where(col(AccountManagerPeriod.customer_id).in_(by_id))
        held: Any = await session.execute(periods)
        for customer_id, *period in held:
            by_id[customer_id].periods.append(tuple(period))
    return {account: one for account, one in known.items() if account is not None}
