"""Asking a resale customer for authorisation, its answers, and the end with the association (COL-5.11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.agreement import NotACustomerError
from models.association import also_when_leaving_resale
from models.authorisation.commitment import see_to_commitment
from models.authorisation.lifecycle import AUTHORISATION, REQUEST
from models.authorisation.record import AuthorisationStatus, CustomerAuthorisation
from models.authorisation.refusals import AuthorisationOpenError
from models.balance import NotAResaleCustomerError
from models.customer import AssociationType, Customer
from models.freeze import in_resale
from models.kernel.access import Side
from models.kernel.errors import DomainError, ReasonRequiredError, refuse, too_long
from models.kernel.work import Work
from models.rights import Right
from models.verification import VerifiedOperation, needs_code

LONGEST: Final = 500
AGREE: Final = VerifiedOperation(
    "authorisation.agree",
    "同意授权",
    "Authorise your partner",
    CustomerAuthorisation,
    Right.AUTHORISATION_ANSWER,
    side=Side.CUSTOMER,
    distributor=True,
)
REVOKE: Final = VerifiedOperation(
    "authorisation.revoke",
    "取消授权",
    "Take the authorisation back",
    CustomerAuthorisation,
    Right.AUTHORISATION_ANSWER,
    side=Side.CUSTOMER,
    distributor=True,
)
OPEN: Final = (AuthorisationStatus.REQUESTED, AuthorisationStatus.AUTHORISED)


async def request(
    work: Work, customer_id: UUID, *, accepting: UUID | None = None, note: str | None = None
) -> CustomerAuthorisation:
    """Ask a customer in resale to be allowed to order and operate for it (COL-5.11.1).

    `accepting` is the commitment letter that is accepted with the first request (COL-5.11.2).
    """
    work.actor.require(Right.AUTHORISATION_REQUEST)
    customer = await work.get(Customer, customer_id)
    note = (note or "").strip() or None
    refuse([*await request_obstacles(work, customer), too_long(note, "note", LONGEST)])
    assert customer.partner_id is not None
    letter = await see_to_commitment(work, customer.partner_id, accepting)
    made = CustomerAuthorisation(
        customer_id=customer.id,
        partner_id=customer.partner_id,
        commitment_id=letter.id,
        note=note,
        requested_at=work.now,
        requested_by=work.actor.id,
        requested_by_name=work.actor.name,
        created_at=work.now,
        updated_at=work.now,
    )
    await AUTHORISATION.begin(work, made, REQUEST)
    await work.flush()
    return made


async def request_obstacles(work: Work, customer: Customer) -> list[DomainError]:
    """Say what keeps a customer from being asked now: only one in resale is, and once at a time (COL-5.11.1)."""
    present = await work.first(_open_of(customer.id))
    resale = [] if in_resale(customer) else [NotAResaleCustomerError(path="customer")]
    return [*resale, *([AuthorisationOpenError(path="customer", status=present.status)] if present else [])]


async def agree(
    work: Work, id: UUID, *, version: int | None = None, verification_code: str | None = None
) -> CustomerAuthorisation:
    """Authorise one's partner as the customer, with a code where the partner has codes asked for (COL-5.11.2)."""
    row = await _own(work, id, version)
    await needs_code(work, AGREE, row, verification_code)
    await AUTHORISATION.fire(work, row, "agree", values={"answered_at": work.now})
    return row


async def reject(
    work: Work, id: UUID, *, version: int | None = None, reason: str | None = None
) -> CustomerAuthorisation:
    """Refuse one's partner the authorisation as the customer."""
    row = await _own(work, id, version)
    reason = (reason or "").strip() or None
    refuse([too_long(reason, "reason", LONGEST)])
    values = {"answered_at": work.now, "reason": reason}
    await AUTHORISATION.fire(work, row, "reject", reason=reason, values=values)
    return row


async def revoke(
    work: Work, id: UUID, *, version: int | None = None, reason: str | None, verification_code: str | None = None
) -> CustomerAuthorisation:
    """Take the authorisation back as the customer, with a reason and a code (COL-5.11.2)."""
    row = await _own(work, id, version)
    reason = (reason or "").strip()
    refuse([ReasonRequiredError(path="reason") if not reason else None, too_long(reason, "reason", LONGEST)])
    await needs_code(work, REVOKE, row, verification_code)
    values = {"ended_at": work.now, "reason": reason}
    await AUTHORISATION.fire(work, row, "revoke", reason=reason, values=values)
    return row


async def authorised(work: Work, customer_id: UUID, partner_id: UUID) -> bool:
    """Tell whether a partner may order and operate for a customer now (COL-5.11.1)."""
    found = await open_authorisation(work, customer_id)
    return found is not None and (found.partner_id, found.status) == (partner_id, AuthorisationStatus.AUTHORISED)


@dataclass(frozen=True)
class AuthorisationSection:
    """What a resale customer sees of authorisation beside its partner (我的合作伙伴 - 授权)."""

    status: AuthorisationStatus
    authorisation_id: UUID | None


async def my_authorisation(work: Work) -> AuthorisationSection | None:
    """Give the customer who asks how its authorisation stands; a customer that is not in resale sees no such section.

    By this an account tells whether it is a reseller's customer (COL-5.1).
    """
    actor = work.actor
    if actor.customer_id is None or not actor.may(Right.AUTHORISATION_ANSWER):
        return None
    customer = await work.first(select(Customer).where(Customer.id == actor.customer_id, Customer.visible_to(actor)))
    if customer is None or customer.association_type is not AssociationType.RESALE or customer.partner_id is None:
        return None
    last: CustomerAuthorisation | None = await work.first(
        select(CustomerAuthorisation)
        .where(
            CustomerAuthorisation.customer_id == customer.id, CustomerAuthorisation.partner_id == customer.partner_id
        )
        .order_by(col(CustomerAuthorisation.created_at).desc(), col(CustomerAuthorisation.id).desc())
        .limit(1)
    )
    # What ended with an earlier association to the same partner says nothing of this one.
    if last is None or last.status is AuthorisationStatus.ENDED:
        return AuthorisationSection(AuthorisationStatus.NONE, None)
    return AuthorisationSection(last.status, last.id)


@also_when_leaving_resale
async def end_with_association(work: Work, customer: Customer, _partner_id: UUID) -> None:
    """End what a customer that leaves resale has authorised, or was asked for (COL-5.11)."""
    found = await open_authorisation(work, customer.id)
    if found is not None:
        await AUTHORISATION.fire(work.by_system(), found, "end", values={"ended_at": work.now})


async def open_authorisation(work: Work, customer_id: UUID) -> CustomerAuthorisation | None:
    """Find what a customer is asked for or has given, and hold it."""
    found: CustomerAuthorisation | None = await work.first(
        _open_of(customer_id).with_for_update().execution_options(populate_existing=True)
    )
    return found


def _open_of(customer_id: UUID) -> Any:
    return select(CustomerAuthorisation).where(
        CustomerAuthorisation.customer_id == customer_id, col(CustomerAuthorisation.status).in_(OPEN)
    )


async def _own(work: Work, id: UUID, version: int | None) -> CustomerAuthorisation:
    work.actor.require(Right.AUTHORISATION_ANSWER)
    if work.actor.customer_id is None:
        raise NotACustomerError()
    # The customer first, as whoever un-links it does.
    await work.get(Customer, work.actor.customer_id)
    return await work.get(CustomerAuthorisation, id, version=version)
