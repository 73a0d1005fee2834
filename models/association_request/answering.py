"""How a request ends: the other side's answer, a withdrawal, or Huawei's closing it; and what completing it changes."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.agreement import (
    AgreementNotTickedError,
    AgreementOutdatedError,
    AgreementState,
    newest,
    put_signature,
    state_for,
)
from models.association import (
    AssociationCause,
    AssociationEvent,
    AssociationEventKind,
    grace_after_leaving_resale,
    grace_in_resale,
)
from models.association_request.actions import LONGEST_REASON, Outlook
from models.association_request.checks import Wish, standing_check
from models.association_request.effects import do_what_ends, effects_of
from models.association_request.lifecycle import REQUEST
from models.association_request.record import AssociationRequest
from models.association_request.refusals import AssociationChangedError
from models.association_request.words import AssociationRequestKind
from models.customer import AssociationType, Customer
from models.kernel.access import Side
from models.kernel.errors import DomainError, LengthError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.work import Work
from models.rights import Right
from models.verification import VerifiedOperation, asks_for_code, needs_code

_EVENT: Final = ("csbchannelsalesCustomer", "changeAssociation")
UNLINKED: Final = Operation("customer.unlink", "解除关联", "Un-link the customer", *_EVENT)
SWITCHED: Final = Operation("customer.switch", "切换关联类型", "Switch the customer's association type", *_EVENT)
ANSWER_CUSTOMER: Final = VerifiedOperation(
    "association.answer_customer",
    "处理客户的解除关联申请",
    "Answer a customer's request to un-link",
    AssociationRequest,
    Right.ASSOCIATION_REQUEST,
)
ANSWER_PARTNER: Final = VerifiedOperation(
    "association.answer_partner",
    "处理伙伴的解除或切换申请",
    "Answer the partner's request to un-link or switch",
    AssociationRequest,
    Right.ASSOCIATION_ANSWER,
    side=Side.CUSTOMER,
)


async def outlook_on(work: Work, id: UUID) -> Outlook:
    """Say to whoever is to answer a request what stands against it now, and what follows from agreeing (COL-5.6)."""
    request = await work.first(
        select(AssociationRequest).where(AssociationRequest.id == id, AssociationRequest.visible_to(work.actor))
    )
    if request is None or not _answers(work, request):
        raise NotFoundError()
    customer = await work.first(select(Customer).where(Customer.id == request.customer_id))
    operation = ANSWER_PARTNER if request.filed_side is Side.PARTNER else ANSWER_CUSTOMER
    return Outlook(
        await standing_check(work, customer, _wish(request)),
        await effects_of(work, customer, request.kind, request.to_type),
        await asks_for_code(work, operation, request),
    )


async def agree(
    work: Work,
    id: UUID,
    *,
    agreed_to: UUID | None = None,
    verification_code: str | None = None,
    version: int | None = None,
) -> AssociationRequest:
    """Agree as the customer: it takes effect at once.

    `agreed_to` is the version of the notice that the customer has read and ticked, which is its signature; a switch to
    resale needs the newest signed (COL-5.3.11).
    """
    work.actor.require(Right.ASSOCIATION_ANSWER)
    request = await work.get(AssociationRequest, id, version=version)
    await REQUEST.fire(work, request, "agree", values={"answered_by_name": work.actor.name})
    customer = await _still_associated(work, request)
    refuse([*await _blocks(work, request, customer), *await _unsigned(work, request, agreed_to)])
    await needs_code(work, ANSWER_PARTNER, request, verification_code)
    if agreed_to is not None and await state_for(work, customer.id) is not AgreementState.SIGNED:
        last = await newest(work)
        if last is not None:
            put_signature(work, customer, last, request.partner_id)
    await _complete(work, request, customer)
    return request


async def refuse_request(
    work: Work,
    id: UUID,
    *,
    reason: str | None = None,
    verification_code: str | None = None,
    version: int | None = None,
) -> AssociationRequest:
    """Refuse as the customer, with a reason or without; it counts against the partner's three months (COL-5.4.2)."""
    work.actor.require(Right.ASSOCIATION_ANSWER)
    request = await work.get(AssociationRequest, id, version=version)
    await REQUEST.fire(work, request, "refuse", reason=_checked(reason), values=_answer(work, reason))
    await needs_code(work, ANSWER_PARTNER, request, verification_code)
    return request


async def withdraw(work: Work, id: UUID, *, version: int | None = None) -> AssociationRequest:
    """Take one's own request back; it counts all the same (COL-5.4.2)."""
    work.actor.require(Right.ASSOCIATION_REQUEST)
    request = await work.get(AssociationRequest, id, version=version)
    await REQUEST.fire(work, request, "withdraw", values={"answered_by_name": work.actor.name})
    return request


async def approve(
    work: Work, id: UUID, *, verification_code: str | None = None, version: int | None = None
) -> AssociationRequest:
    """Agree to a customer's request as the partner's administrator: it takes effect at once (COL-5.5.5)."""
    work.actor.require(Right.ASSOCIATION_REQUEST)
    request = await work.get(AssociationRequest, id, version=version)
    await REQUEST.fire(work, request, "approve", values={"answered_by_name": work.actor.name})
    customer = await _still_associated(work, request)
    refuse(await _blocks(work, request, customer))
    await needs_code(work, ANSWER_CUSTOMER, request, verification_code)
    await _complete(work, request, customer)
    return request


async def reject(
    work: Work, id: UUID, *, reason: str, verification_code: str | None = None, version: int | None = None
) -> AssociationRequest:
    """Turn a customer's request down as the partner's administrator, with a reason that it reads (COL-5.5.5)."""
    work.actor.require(Right.ASSOCIATION_REQUEST)
    request = await work.get(AssociationRequest, id, version=version)
    await REQUEST.fire(work, request, "reject", reason=_checked(reason), values=_answer(work, reason))
    await needs_code(work, ANSWER_CUSTOMER, request, verification_code)
    return request


async def force_close(work: Work, id: UUID, *, reason: str, version: int | None = None) -> AssociationRequest:
    """Close a request that waits, as ecosystem operations, with a reason for both sides to read (COL-5.4.12)."""
    work.actor.require(Right.ASSOCIATION_FORCE_CLOSE)
    request = await work.get(AssociationRequest, id, version=version)
    await REQUEST.fire(work, request, "force_close", reason=_checked(reason), values=_answer(work, reason))
    return request


async def _still_associated(work: Work, request: AssociationRequest) -> Customer:
    """Hold the customer, and see that the association is the one that the request is about."""
    customer: Customer | None = await work.first(
        select(Customer)
        .where(Customer.id == request.customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if customer is None or (customer.partner_id, customer.association_type) != (request.partner_id, request.from_type):
        raise AssociationChangedError()
    return customer


async def _blocks(work: Work, request: AssociationRequest, customer: Customer) -> list[DomainError]:
    """What kept a request from being filed keeps it from taking effect as well, such as an order placed meanwhile."""
    checks = await standing_check(work, customer, _wish(request))
    return [one for item in checks for one in item.refusals]


async def _unsigned(work: Work, request: AssociationRequest, agreed_to: UUID | None) -> list[DomainError]:
    """A switch to resale needs the newest notice read, ticked and signed (COL-5.3.11, COL-5.5.6)."""
    found: list[DomainError] = []
    last = await newest(work)
    to_resale = request.to_type is AssociationType.RESALE
    if to_resale and agreed_to is None and await state_for(work, request.customer_id) is not AgreementState.SIGNED:
        found.append(AgreementNotTickedError(path="agreement"))
    if agreed_to is not None and last is not None and agreed_to != last.id:
        found.append(AgreementOutdatedError(path="agreement", newest=last.number))
    return found


async def _complete(work: Work, request: AssociationRequest, customer: Customer) -> None:
    """End or change the association: what layers above keep, the customer, its history, its grace (COL-5.6.1)."""
    unlinks = request.kind is AssociationRequestKind.UNLINK
    from_resale = request.from_type is AssociationType.RESALE
    manager_id = customer.account_manager_id
    if unlinks or from_resale:
        await do_what_ends(work, customer, request)
    # The tags are the partner's own words, so they end with the association.
    after: dict[str, Any] = (
        {
            "partner_id": None,
            "association_type": None,
            "associated_on": None,
            "account_manager_id": None,
            "tags": [],
        }
        if unlinks
        else {"association_type": request.to_type}
    )
    before = {name: getattr(customer, name) for name in after}
    for name, value in after.items():
        setattr(customer, name, value)
    customer.version += 1
    customer.updated_at = work.now
    work.note(UNLINKED if unlinks else SWITCHED, customer, before=before, after=after, partner_id=request.partner_id)
    # On leaving and on coming the grace period is lifted (COL-5.3.13).
    if from_resale:
        await grace_after_leaving_resale(work, customer.id)
    elif not unlinks:
        await grace_in_resale(work, customer.id)
    by_partner = request.filed_side is Side.PARTNER
    work.add(
        AssociationEvent(
            customer_id=customer.id,
            partner_id=request.partner_id,
            event=AssociationEventKind.UNLINKED if unlinks else AssociationEventKind.SWITCHED,
            cause=AssociationCause.PARTNER_REQUEST if by_partner else AssociationCause.CUSTOMER_REQUEST,
            association_type=request.from_type if unlinks else request.to_type,
            previous_type=None if unlinks else request.from_type,
            account_manager_id=manager_id,
            source_kind=AssociationRequest.__name__,
            source_id=request.id,
            reason=request.reason,
            by_id=work.actor.id,
            by_name=work.actor.name,
            by_side=work.actor.side,
            happened_at=work.now,
        )
    )


def _wish(request: AssociationRequest) -> Wish:
    return Wish(request.filed_side, request.kind, request.to_type)


def _answers(work: Work, request: AssociationRequest) -> bool:
    actor = work.actor
    needed = Right.ASSOCIATION_ANSWER if request.filed_side is Side.PARTNER else Right.ASSOCIATION_REQUEST
    own = request.customer_id == actor.customer_id or request.partner_id == actor.partner_id
    return own and actor.may(needed)


def _answer(work: Work, reason: str | None) -> dict[str, Any]:
    return {"answer_reason": (reason or "").strip() or None, "answered_by_name": work.actor.name}


def _checked(reason: str | None) -> str | None:
    length = len((reason or "").strip())
    if length > LONGEST_REASON:
        raise LengthError(path="reason", minimum=0, maximum=LONGEST_REASON, length=length)
    return reason
