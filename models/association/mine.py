"""What a customer sees of its own partner (我的合作伙伴)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from models.agreement import AgreementState, newest, state_for
from models.association.contacts import PartnerContact
from models.customer import AssociationType, Customer
from models.identity import Account
from models.kernel.work import Work
from models.partner import PartnerOrganisation
from models.rights import Right


@dataclass(frozen=True)
class Shown:
    """Somebody to turn to, as the customer sees him (客户联系人)."""

    name: str
    title: str | None
    mobile: str | None
    email: str | None


@dataclass(frozen=True)
class MyPartner:
    """A customer's partner as the customer sees it (我的合作伙伴); without a partner only the agreement is told of."""

    customer_id: UUID
    name: str | None
    association_type: AssociationType | None
    associated_on: dt.datetime | None
    contacts: Sequence[Shown]
    agreement_state: AgreementState
    agreement_id: UUID | None


async def my_partner(work: Work) -> MyPartner | None:
    """Give the customer who asks its own partner, the contacts shown to it, and how it stands to the notice."""
    actor = work.actor
    if actor.customer_id is None or not actor.may(Right.CUSTOMER_READ_SELF):
        return None
    customer = await work.first(select(Customer).where(Customer.id == actor.customer_id, Customer.visible_to(actor)))
    if customer is None:
        return None
    last = await newest(work)
    partner = None
    if customer.partner_id is not None:
        partner = await work.first(select(PartnerOrganisation).where(PartnerOrganisation.id == customer.partner_id))
    return MyPartner(
        customer_id=customer.id,
        name=partner.name if partner else None,
        association_type=customer.association_type if partner else None,
        associated_on=customer.associated_on if partner else None,
        contacts=await contacts_shown(work, partner.id) if partner else (),
        agreement_state=await state_for(work, customer.id),
        agreement_id=last.id if last else None,
    )


async def contacts_shown(work: Work, partner_id: UUID) -> Sequence[Shown]:
    """List whom a partner names to its customers; where it names nobody, its administrator (COL-5.7.14)."""
    named = await work.every(
        select(PartnerContact).where(PartnerContact.partner_id == partner_id).order_by(col(PartnerContact.place))
    )
    administrator = select(Account).where(Account.partner_id == partner_id, col(Account.is_main).is_(True))
    return [
        Shown(one.name, one.title or None, one.mobile, one.email) for one in named or await work.every(administrator)
    ]
