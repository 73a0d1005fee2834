"""What Huawei Cloud's own systems know about a customer, as it is told to us; checks read it, partners never do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, select

from models.customer.record import Customer
from models.customer.words import CustomerFact
from models.kernel.access import Actor
from models.kernel.errors import ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.reads import Many, One, Page, Reader, Row, Wanted, relate
from models.kernel.record import Aggregate, Belonging
from models.kernel.values import Instant, Uid
from models.kernel.work import Work
from models.rights import Right

KEEP: Final = Operation(
    "customer.keep_facts", "维护客户情况", "Keep what is known of the customer", "csbchannelsalesCustomer", "keepFacts"
)
LONGEST_GRACE: Final = 365


class CustomerStanding(Aggregate, table=True):
    """What is known about a customer beside what it says itself (客户情况).

    `registered_at` is when its Huawei Cloud account was opened; `grace_days` the grace period of its pay-per-use
    resources.
    """

    __tablename__ = "customer_standing"
    prefix: ClassVar[str] = "cst"
    zh: ClassVar[str] = "客户情况"
    en: ClassVar[str] = "What is known of a customer"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id", unique=True)
    facts: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    registered_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    grace_days: int = 0

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Ecosystem operations keep it and the auditor reads it; it is no partner's business."""
        return sa.true() if actor.may(Right.CUSTOMER_READ_FACTS) else sa.false()

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """Ecosystem operations keep it."""
        return frozenset({"facts", "registered_at", "grace_days"}) if actor.may(Right.CUSTOMER_ONBOARD) else frozenset()

    def belonging(self) -> Belonging:
        """Nobody's but Huawei's: its lines of the journal are internal."""
        return Belonging()


relate(CustomerStanding, "customer", One(Customer, "customer_id"))
relate(Customer, "standings", Many(CustomerStanding, "customer_id"))


@dataclass(frozen=True)
class Known:
    """What checks ask about a customer; of a stranger nothing is known, and so nothing holds.

    `told` says that Huawei Cloud's systems have told anything of it.
    """

    facts: frozenset[str] = frozenset()
    registered_at: dt.datetime | None = None
    grace_days: int = 0
    told: bool = False

    def any_of(self, *facts: CustomerFact) -> bool:
        """Tell whether one of these holds."""
        return not self.facts.isdisjoint(facts)

    def older_than(self, days: int, now: dt.datetime) -> bool:
        """Tell whether its account was opened more than so many days ago."""
        return self.registered_at is not None and now - self.registered_at > dt.timedelta(days=days)


async def known_of(work: Work, customer_id: UUID | None) -> Known:
    """Give what is known about a customer."""
    found = await standing_of(work, customer_id) if customer_id is not None else None
    return Known(frozenset(found.facts), found.registered_at, found.grace_days, told=True) if found else Known()


async def standing_of(work: Work, customer_id: UUID) -> CustomerStanding | None:
    """Find the row of a customer, whoever asks."""
    found: CustomerStanding | None = await work.first(
        select(CustomerStanding).where(CustomerStanding.customer_id == customer_id)
    )
    return found


async def keep_facts(
    work: Work,
    customer_id: UUID,
    *,
    facts: Collection[str],
    registered_at: dt.datetime | None = None,
    grace_days: int | None = None,
) -> CustomerStanding:
    """Write down what Huawei Cloud's systems know about a customer now; what is not named does not hold any more."""
    work.actor.require(Right.CUSTOMER_ONBOARD)
    customer = await work.get(Customer, customer_id)
    refuse(_wrong(facts, registered_at, grace_days, work.now))
    found = await standing_of(work, customer.id)
    if found is None:
        found = work.add(CustomerStanding(customer_id=customer.id, version=0, created_at=work.now, updated_at=work.now))
    told = {
        "facts": sorted(set(map(str, facts))),
        "registered_at": registered_at,
        "grace_days": found.grace_days if grace_days is None else grace_days,
    }
    before = {name: getattr(found, name) for name in told}
    for name, value in told.items():
        setattr(found, name, value)
    found.version += 1
    found.updated_at = work.now
    work.note(KEEP, found, before=before, after=told, internal=True)
    return found


def _wrong(
    facts: Collection[str], registered_at: dt.datetime | None, grace_days: int | None, now: dt.datetime
) -> list[ValueNotAllowedError]:
    known = set(map(str, CustomerFact))
    wrong = [ValueNotAllowedError(path="facts", value=fact) for fact in sorted(map(str, facts)) if fact not in known]
    if registered_at is not None and registered_at > now:
        wrong.append(ValueNotAllowedError(path="registeredAt", value=registered_at.isoformat()))
    if grace_days is not None and not 0 <= grace_days <= LONGEST_GRACE:
        wrong.append(ValueNotAllowedError(path="graceDays", value=grace_days))
    return wrong


async def standing_seen(reader: Reader, customer_id: UUID, wanted: Wanted) -> Row | None:
    """Read what is known of a customer, where the viewer may know it."""
    of_customer: Any = CustomerStanding.customer_id
    paged = await reader.page(CustomerStanding, wanted, Page(first=1), where=(of_customer == customer_id,))
    return paged.nodes[0] if paged.nodes else None
