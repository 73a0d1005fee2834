"""How an association comes about; what asks for it stands in the layers above."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from models.association.grace import grace_in_resale
from models.association.record import AssociationCause, AssociationEvent, AssociationEventKind
from models.customer import AssociationType, Customer
from models.kernel.journal import Operation
from models.kernel.record import Record
from models.kernel.work import Work

ASSOCIATE: Final = Operation(
    "customer.associate", "关联客户", "Associate the customer", "csbchannelsalesCustomer", "associateCustomer"
)


Associated = Callable[[Work, Customer], Awaitable[None]]
Leaving = Callable[[Work, Customer, UUID], Awaitable[None]]
_when_associated: list[Associated] = []
_when_leaving_resale: list[Leaving] = []


def also_when_associated(follow: Associated) -> Associated:
    """Let a layer above do what follows when a customer comes to a partner."""
    _when_associated.append(follow)
    return follow


def also_when_leaving_resale(follow: Leaving) -> Leaving:
    """Let a layer above do what follows when a customer leaves the resale of a partner, named by its id."""
    _when_leaving_resale.append(follow)
    return follow


async def leave_resale(work: Work, customer: Customer, partner_id: UUID) -> None:
    """Do what follows when a customer is un-linked from resale, switched out of it or moved (COL-5.6).

    The caller holds the customer's row, and calls this while the customer is still with the partner.
    """
    for follow in _when_leaving_resale:
        await follow(work, customer, partner_id)


async def associate(
    work: Work,
    customer: Customer,
    partner_id: UUID,
    association_type: AssociationType,
    *,
    cause: AssociationCause,
    source: Record,
    manager_id: UUID | None = None,
    tag: str | None = None,
) -> AssociationEvent:
    """Put a customer with a partner, and write the event into the history.

    The caller holds the customer's row and has seen to it that nothing stands against it.
    """
    after = {
        "partner_id": partner_id,
        "association_type": association_type,
        "associated_on": work.now,
        "account_manager_id": manager_id,
    }
    if tag and tag not in (customer.tags or ()):
        after["tags"] = [*(customer.tags or ()), tag]
    before = {name: getattr(customer, name) for name in after}
    for name, value in after.items():
        setattr(customer, name, value)
    customer.version += 1
    customer.updated_at = work.now
    if association_type is AssociationType.RESALE:
        await grace_in_resale(work, customer.id)
    work.note(ASSOCIATE, customer, before=before, after=after)
    for follow in _when_associated:
        await follow(work, customer)
    return work.add(
        AssociationEvent(
            customer_id=customer.id,
            partner_id=partner_id,
            event=AssociationEventKind.ASSOCIATED,
            cause=cause,
            association_type=association_type,
            account_manager_id=manager_id,
            source_kind=type(source).__name__,
            source_id=source.id,
            by_id=work.actor.id,
            by_name=work.actor.name,
            by_side=work.actor.side,
            happened_at=work.now,
        )
    )
