"""How an association comes about; what asks for it stands in the layers above."""

from __future__ import annotations

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
