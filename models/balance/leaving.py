"""What a customer's leaving has to do with money: the check before it, what is told of it, and what happens then."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import select

from models.association import leave_resale
from models.association_request import AssociationRequest, on_unlinked, tells_balance
from models.association_request.checks import looks_at
from models.association_request.refusals import CustomerInArrearsError
from models.association_request.words import CheckItem
from models.balance.ledger import arrears_of
from models.balance.record import CustomerFunds
from models.customer import AssociationType, Customer
from models.kernel.errors import DomainError
from models.kernel.values import amount_text
from models.kernel.work import Work


@on_unlinked
async def leave(work: Work, customer: Customer, request: AssociationRequest) -> None:
    """A customer that is un-linked, or switched out of resale, leaves its partner's money there (COL-5.6.1)."""
    if customer.association_type is AssociationType.RESALE:
        await leave_resale(work, customer, request.partner_id)


@tells_balance
async def balance_told(work: Work, _partner_id: UUID, customer_id: UUID) -> str | None:
    """Say what returns to the partner."""
    found: CustomerFunds | None = await work.first(select(CustomerFunds).where(CustomerFunds.id == customer_id))
    return f"{amount_text(found.balance, found.currency)} {found.currency}" if found else None


@looks_at(CheckItem.ARREARS)
async def in_arrears(work: Work, customer: Customer) -> list[DomainError]:
    """A customer in arrears does not leave resale; its partner allocates to clear them (COL-5.5.4)."""
    return [CustomerInArrearsError()] if await arrears_of(work, customer.id) else []
