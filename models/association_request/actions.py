"""Filing a request to un-link or to switch, and what stands against it and follows from it, told before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import select

from models.association_request.checks import Checked, Wish, account_check
from models.association_request.effects import Effect, effects_of
from models.association_request.lifecycle import REQUEST
from models.association_request.record import AssociationRequest
from models.association_request.refusals import (
    NotAssociatedError,
    SameAssociationTypeError,
    UnderstandingNotTickedError,
)
from models.association_request.words import AssociationRequestKind, AssociationRequestStatus
from models.customer import AssociationType, Customer
from models.kernel.access import Side
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.work import Work
from models.partner import PartnerOrganisation
from models.rights import Right
from models.verification import VerifiedOperation, asks_for_code, needs_code

_EVENT: Final = ("csbchannelsalesCustomer", "changeAssociation")
FILE: Final = Operation("association_request.file", "发起关联变更申请", "File the request", *_EVENT)
UNLINK: Final = VerifiedOperation(
    "association.unlink", "发起解除关联", "Ask to un-link a customer", Customer, Right.ASSOCIATION_REQUEST
)
SWITCH: Final = VerifiedOperation(
    "association.switch", "发起切换关联类型", "Ask to switch a customer's type", Customer, Right.ASSOCIATION_REQUEST
)
LONGEST_REASON: Final = 500


@dataclass(frozen=True)
class Outlook:
    """What somebody sees before he files (提交前检查): each item with its status, and what would follow."""

    checks: Sequence[Checked]
    effects: Sequence[Effect]
    code_required: bool

    @property
    def possible(self) -> bool:
        """Tell whether nothing stands against it."""
        return all(one.passed for one in self.checks)


async def outlook(
    work: Work, customer_id: UUID, kind: AssociationRequestKind, to_type: AssociationType | None = None
) -> Outlook:
    """Check a customer's account for the partner's administrator before he files (COL-5.4.1, COL-5.4.9)."""
    work.actor.require(Right.ASSOCIATION_REQUEST)
    customer = await _seen(work, customer_id)
    if customer.partner_id is None or customer.partner_id != work.actor.partner_id:
        raise NotFoundError()
    refuse(_wrong_type(customer, kind, to_type))
    wish = Wish(Side.PARTNER, kind, to_type)
    return Outlook(
        await account_check(work, customer, wish),
        await effects_of(work, customer, kind, to_type),
        await asks_for_code(work, _operation(kind), customer),
    )


async def own_outlook(work: Work) -> Outlook:
    """Check the account of the customer that asks, before it files an un-link of its own (COL-5.5)."""
    customer = await _own(work)
    if customer.partner_id is None:
        raise NotAssociatedError()
    wish = Wish(Side.CUSTOMER, AssociationRequestKind.UNLINK)
    checks = await account_check(work, customer, wish)
    return Outlook(checks, await effects_of(work, customer, wish.kind), code_required=False)


async def unlink(
    work: Work, customer_id: UUID, *, reason: str, understood: bool, verification_code: str | None = None
) -> AssociationRequest:
    """Ask a customer of one's own to be un-linked; the customer decides (COL-5.4.1, COL-5.4.9)."""
    return await _by_partner(
        *(work, customer_id, AssociationRequestKind.UNLINK, None, reason),
        understood=understood,
        verification_code=verification_code,
    )


async def switch(
    work: Work,
    customer_id: UUID,
    to_type: AssociationType,
    *,
    reason: str,
    understood: bool,
    verification_code: str | None = None,
) -> AssociationRequest:
    """Ask a customer of one's own to change its association type; the customer decides (COL-5.4.1, COL-5.5.6)."""
    return await _by_partner(
        *(work, customer_id, AssociationRequestKind.SWITCH, to_type, reason),
        understood=understood,
        verification_code=verification_code,
    )


async def unlink_from_partner(work: Work, *, reason: str, understood: bool) -> AssociationRequest:
    """Ask one's own partner to be un-linked, as a customer; the partner's administrator decides (COL-5.5.1)."""
    customer = await _own(work, hold=True)
    if customer.partner_id is None:
        raise NotAssociatedError()
    wish = Wish(Side.CUSTOMER, AssociationRequestKind.UNLINK)
    checks = await account_check(work, customer, wish)
    refuse([*_misfiled(reason, understood=understood), *(one for item in checks for one in item.refusals)])
    return await _filed(work, customer, customer.partner_id, wish, reason)


async def _by_partner(
    work: Work,
    customer_id: UUID,
    kind: AssociationRequestKind,
    to_type: AssociationType | None,
    reason: str,
    *,
    understood: bool,
    verification_code: str | None,
) -> AssociationRequest:
    """File for the partner's administrator and nobody else (COL-5.4.1).

    The customer's row is held meanwhile, so that two who file at one moment share one quota (COL-5.4.2).
    """
    work.actor.require(Right.ASSOCIATION_REQUEST)
    customer = await work.get(Customer, customer_id)
    # A distributor sees its resellers' customers, which are not its own.
    if customer.partner_id is None or customer.partner_id != work.actor.partner_id:
        raise NotFoundError()
    refuse(_wrong_type(customer, kind, to_type))
    wish = Wish(Side.PARTNER, kind, to_type)
    checks = await account_check(work, customer, wish)
    refuse([*_misfiled(reason, understood=understood), *(one for item in checks for one in item.refusals)])
    await needs_code(work, _operation(kind), customer, verification_code)
    return await _filed(work, customer, customer.partner_id, wish, reason)


async def _filed(work: Work, customer: Customer, partner_id: UUID, wish: Wish, reason: str) -> AssociationRequest:
    waits_for_customer = wish.side is Side.PARTNER
    made = AssociationRequest(
        customer_id=customer.id,
        partner_id=partner_id,
        kind=wish.kind,
        filed_side=wish.side,
        company_name=customer.company_name,
        partner_name=await work.first(select(PartnerOrganisation.name).where(PartnerOrganisation.id == partner_id)),
        from_type=customer.association_type,
        to_type=wish.to_type,
        status=AssociationRequestStatus.PENDING_CUSTOMER
        if waits_for_customer
        else AssociationRequestStatus.PENDING_PARTNER,
        reason=reason.strip(),
        filed_by=work.actor.id,
        filed_by_name=work.actor.name,
        office_id=customer.office_id,
        owner_id=customer.owner_id,
        bd_id=customer.bd_id,
        created_at=work.now,
        updated_at=work.now,
    )
    told = {name: getattr(made, name) for name in ("customer_id", "kind", "from_type", "to_type", "reason")}
    await REQUEST.begin(work, made, FILE, after={name: value for name, value in told.items() if value is not None})
    await work.flush()
    return made


def _operation(kind: AssociationRequestKind) -> VerifiedOperation:
    return UNLINK if kind is AssociationRequestKind.UNLINK else SWITCH


def _wrong_type(
    customer: Customer, kind: AssociationRequestKind, to_type: AssociationType | None
) -> Iterator[DomainError]:
    if kind is not AssociationRequestKind.SWITCH:
        return
    if to_type is None:
        yield FieldRequiredError(path="toType")
    elif to_type is customer.association_type:
        yield SameAssociationTypeError(path="toType", type=to_type)


def _misfiled(reason: str, *, understood: bool) -> Iterator[DomainError]:
    """A reason is given and the understanding is ticked (COL-5.4.9)."""
    length = len(reason.strip())
    if not length:
        yield FieldRequiredError(path="reason")
    elif length > LONGEST_REASON:
        yield LengthError(path="reason", minimum=1, maximum=LONGEST_REASON, length=length)
    if not understood:
        yield UnderstandingNotTickedError(path="understood")


async def _own(work: Work, *, hold: bool = False) -> Customer:
    work.actor.require(Right.ASSOCIATION_ANSWER)
    if work.actor.customer_id is None:
        raise NotFoundError()
    if hold:
        return await work.get(Customer, work.actor.customer_id)
    return await _seen(work, work.actor.customer_id)


async def _seen(work: Work, id: UUID) -> Customer:
    found: Customer | None = await work.first(
        select(Customer).where(Customer.id == id, Customer.visible_to(work.actor))
    )
    if found is None:
        raise NotFoundError()
    return found
