"""How a solution provider's customers are moved to a reseller: in bulk, and by the ecosystem manager only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from models.association.actions import associate, leave_resale
from models.association.record import AssociationCause, AssociationEvent, AssociationEventKind
from models.customer import AssociationType, Customer
from models.kernel.errors import DomainError, LengthError, NotFoundError, ReasonRequiredError, refuse
from models.kernel.work import Work
from models.partner import PartnerKind, PartnerOrganisation
from models.rights import Right

MOST_MOVED: Final = 100


class NotAResellerError(DomainError):
    """Customers are moved to a reseller only."""

    zh = "客户只能迁移至云经销商，“{partner}”不是云经销商。"
    en = "Customers are moved to a reseller; “{partner}” is none."
    cbc = "CBC.0155"


class NotOfASolutionProviderError(DomainError):
    """Only the customers of a solution provider are moved."""

    zh = "只能迁移解决方案提供商已关联的客户。"
    en = "Only customers that are associated with a solution provider are moved."
    cbc = "CBC.0155"


async def migrate(
    work: Work, customer_ids: Sequence[UUID], to_partner_id: UUID, *, reason: str | None
) -> list[Customer]:
    """Move customers of a solution provider to a reseller, all of them or none (COL-5.1.4).

    Both partners are ones that the ecosystem manager looks after. Each customer keeps its association type and loses
    its account manager; the end and the new beginning stand in its history.
    """
    work.actor.require(Right.CUSTOMER_MIGRATE)
    reason = (reason or "").strip() or None
    wanted = sorted(set(customer_ids))
    if not 1 <= len(wanted) <= MOST_MOVED:
        raise LengthError(path="customers", minimum=1, maximum=MOST_MOVED, length=len(wanted))
    target = await work.get(PartnerOrganisation, to_partner_id)
    # One after the other in the order of their ids, so that two who move the same never wait for each other.
    customers = [await work.get(Customer, id) for id in wanted]
    sources = {one.partner_id for one in customers if one.partner_id}
    providers = set(
        await work.every(
            select(PartnerOrganisation.id).where(
                col(PartnerOrganisation.id).in_(sources), PartnerOrganisation.kind == PartnerKind.SOLUTION_PROVIDER
            )
        )
    )
    places = {id: place for place, id in enumerate(customer_ids)}
    refuse(
        [
            ReasonRequiredError(path="reason") if reason is None else None,
            NotAResellerError(path="to", partner=target.name) if target.kind is not PartnerKind.RESELLER else None,
            *(
                NotOfASolutionProviderError(path=("customers", places[one.id]))
                for one in customers
                if one.partner_id not in providers
            ),
        ]
    )
    for customer in customers:
        await _move(work, customer, target, reason)
    return customers


async def _move(work: Work, customer: Customer, target: PartnerOrganisation, reason: str | None) -> None:
    if customer.partner_id is None:
        raise NotFoundError()
    kind = customer.association_type or AssociationType.REFERRAL
    if kind is AssociationType.RESALE:
        await leave_resale(work, customer, customer.partner_id)
    work.add(
        AssociationEvent(
            customer_id=customer.id,
            partner_id=customer.partner_id,
            event=AssociationEventKind.UNLINKED,
            cause=AssociationCause.MIGRATION,
            association_type=kind,
            account_manager_id=customer.account_manager_id,
            source_kind=PartnerOrganisation.__name__,
            source_id=target.id,
            reason=reason,
            by_id=work.actor.id,
            by_name=work.actor.name,
            by_side=work.actor.side,
            happened_at=work.now,
        )
    )
    await work.flush()
    begun = await associate(work, customer, target.id, kind, cause=AssociationCause.MIGRATION, source=target)
    begun.reason = reason
