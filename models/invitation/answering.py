"""How a customer answers an invitation: signed in, or by the link of the mail that was sent to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.agreement import AgreementState, newest, put_signature, state_for
from models.association import AssociationCause, associate
from models.customer import Customer, CustomerOrigin, CustomerType
from models.customer.actions import customer_row
from models.customer.obstacles import Obstacle
from models.customer_report import REPORT, CustomerReport, ReportStatus, matches
from models.identity import Account, actor_of
from models.identity.access import SignInRequiredError
from models.invitation.lifecycle import INVITATION
from models.invitation.links import BEARER
from models.invitation.notices import tell_of_failure
from models.invitation.obstacles import association_obstacles
from models.invitation.record import Invitation
from models.invitation.refusals import (
    CustomerSignInRequiredError,
    InvitationExpiredError,
    InvitationForAnotherError,
    InvitationLinkUnknownError,
    InvitationUsedError,
    InvitationWithdrawnError,
)
from models.invitation.words import InvitationChannel, InvitationStatus
from models.kernel.errors import DomainError, LengthError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.values import normalised_company_name
from models.kernel.work import Work
from models.rights import Right

OPENED: Final = Operation(
    "invitation.open", "查看邀请", "Open the invitation", "csbchannelsalesCustomer", "openInvitation"
)
FAILED: Final = Operation(
    "invitation.fail", "关联失败", "Association failed", "csbchannelsalesCustomer", "answerInvitation"
)
ENDED: Final[dict[InvitationStatus, type[DomainError]]] = {
    InvitationStatus.ACCEPTED: InvitationUsedError,
    InvitationStatus.REFUSED: InvitationUsedError,
    InvitationStatus.WITHDRAWN: InvitationWithdrawnError,
    InvitationStatus.EXPIRED: InvitationExpiredError,
}
LONGEST_REASON: Final = 500


async def opened(work: Work, id: UUID) -> Invitation:
    """Find the invitation that a link speaks of, and remember when it was first looked at."""
    invitation = await _of_link(work, id)
    if invitation.opened_at is None:
        invitation.opened_at = work.now
        work.note(OPENED, invitation)
    return invitation


async def accept(work: Work, id: UUID, *, agreed_to: UUID | None = None, by_link: bool = False) -> Invitation:
    """Associate the invited customer with the partner, once: association, report, history and notices together.

    `agreed_to` is the version of the notice that the customer has read and ticked, which is its signature. The
    customer's row is held meanwhile, so that of two acceptances at one moment one finds the other's. Everything that
    stands against it is told at once, and nothing is done by half (COL-5.3.7 to COL-5.3.11).
    """
    work.actor.require(Right.INVITATION_ANSWER)
    invitation = await _to_answer(work, id, by_link=by_link)
    report = await _report_of(work, invitation)
    customer = await _customer_of(work, invitation, report)
    report = report or await _report_that_holds(work, invitation.partner_id, customer)
    reported = report is not None and report.status is ReportStatus.REPORTED
    refuse(await association_obstacles(work, invitation, customer, reported=reported, agreed_to=agreed_to))
    if invitation.association_type is None:
        raise NotFoundError()
    await associate(
        work,
        customer,
        invitation.partner_id,
        invitation.association_type,
        cause=AssociationCause.INVITATION,
        source=invitation,
        manager_id=await _manager_of(work, invitation),
        tag=invitation.tag,
    )
    agreement = await newest(work)
    if agreed_to and agreement is not None and await state_for(work, customer.id) is not AgreementState.SIGNED:
        put_signature(work, customer, agreement, invitation.partner_id)
    if report is not None and reported:
        await REPORT.fire(work, report, "associate", values={"customer_id": customer.id})
    told: dict[str, Any] = {"customer_id": customer.id, "answered_at": work.now, "failure_codes": [], "failed_at": None}
    await INVITATION.fire(work, invitation, "accept", values=told)
    return invitation


async def decline(work: Work, id: UUID, *, reason: str | None = None, by_link: bool = False) -> Invitation:
    """Refuse an invitation, with a reason or without."""
    work.actor.require(Right.INVITATION_ANSWER)
    reason = (reason or "").strip() or None
    if reason is not None and len(reason) > LONGEST_REASON:
        raise LengthError(path="reason", minimum=0, maximum=LONGEST_REASON, length=len(reason))
    invitation = await _to_answer(work, id, by_link=by_link)
    report = await _report_of(work, invitation)
    if work.actor.customer_id is not None:
        await _own_customer(work, invitation, report)
    told = {"answered_at": work.now, "refusal_reason": reason}
    await INVITATION.fire(work, invitation, "refuse", reason=reason, values=told)
    return invitation


async def note_failure(work: Work, id: UUID, error: DomainError) -> bool:
    """Keep why an association failed, for the partner to see (COL-5.3.12); a link at fault leaves no trace."""
    codes = sorted({one.code for one in error if isinstance(one, Obstacle)})
    invitation = await work.first(select(Invitation).where(Invitation.id == id).with_for_update())
    if not codes or invitation is None or invitation.status is not InvitationStatus.SENT:
        return False
    before = {"failure_codes": invitation.failure_codes}
    invitation.failure_codes, invitation.failed_at = codes, work.now
    invitation.updated_at = work.now
    work.note(FAILED, invitation, before=before, after={"failure_codes": codes})
    await tell_of_failure(work, invitation)
    return True


async def _of_link(work: Work, id: UUID) -> Invitation:
    """Hold the invitation that a link names, or say why the link serves no more (COL-5.3.12)."""
    invitation: Invitation | None = await work.first(
        select(Invitation).where(Invitation.id == id).with_for_update().execution_options(populate_existing=True)
    )
    if invitation is None:
        raise InvitationLinkUnknownError(path="link")
    _still_open(work, invitation)
    return invitation


def _still_open(work: Work, invitation: Invitation) -> None:
    if (over := ENDED.get(invitation.status)) is not None:
        raise over()
    if invitation.valid_until <= work.now:
        raise InvitationExpiredError()


async def _to_answer(work: Work, id: UUID, *, by_link: bool) -> Invitation:
    if by_link:
        invitation = await _of_link(work, id)
    else:
        invitation = await work.get(Invitation, id)
        _still_open(work, invitation)
    if work.actor.customer_id is None and invitation.channel is not InvitationChannel.ONLINE:
        raise CustomerSignInRequiredError()
    if work.actor.customer_id is None and work.actor.id != BEARER.id:
        raise CustomerSignInRequiredError()
    return invitation


async def _report_of(work: Work, invitation: Invitation) -> CustomerReport | None:
    if invitation.report_id is None:
        return None
    found: CustomerReport | None = await work.first(
        select(CustomerReport)
        .where(CustomerReport.id == invitation.report_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def _customer_of(work: Work, invitation: Invitation, report: CustomerReport | None) -> Customer:
    """Find the customer that answers; one that nobody knew yet is entered as it was reported."""
    if work.actor.customer_id is not None:
        return await _own_customer(work, invitation, report)
    if invitation.customer_id is not None:
        return await _held(work, invitation.customer_id)
    if report is None:
        raise CustomerSignInRequiredError()
    known = await matches(work, _facts(report))
    if known:
        return await _held(work, known[0].id)
    made = work.add(
        customer_row(
            work,
            {
                **{name: getattr(report, name) for name in _TAKEN},
                "customer_type": CustomerType.ENTERPRISE,
                "origin": CustomerOrigin.INVITED,
            },
        )
    )
    await work.flush()
    return made


_TAKEN: Final = ("company_name", "credit_code", "account_name", "mobile", "email", "industry", "province")


async def _own_customer(work: Work, invitation: Invitation, report: CustomerReport | None) -> Customer:
    """See that whoever signed in is the customer that was invited."""
    assert work.actor.customer_id is not None
    customer = await _held(work, work.actor.customer_id)
    if invitation.customer_id is not None and invitation.customer_id != customer.id:
        raise InvitationForAnotherError()
    if invitation.customer_id is None and report is not None and not _is_meant(customer, report):
        raise InvitationForAnotherError()
    return customer


def _is_meant(customer: Customer, report: CustomerReport) -> bool:
    """Tell whether a customer is the one of a report about somebody unknown: one sure fact must agree."""
    pairs = [
        (getattr(customer, name), getattr(report, name)) for name in ("credit_code", "account_name", "email", "mobile")
    ]
    name = normalised_company_name(report.company_name or "")
    return any(one and one == other for one, other in [*pairs, (customer.normalised_name, name)])


async def _report_that_holds(work: Work, partner_id: UUID, customer: Customer) -> CustomerReport | None:
    """Find the partner's own report of this customer, where a link names none."""
    same: Sequence[CustomerReport] = await work.every(
        select(CustomerReport)
        .where(
            CustomerReport.partner_id == partner_id,
            CustomerReport.status == ReportStatus.REPORTED,
            (col(CustomerReport.customer_id) == customer.id)
            | (col(CustomerReport.normalised_name) == (customer.normalised_name or ""))
            | (col(CustomerReport.credit_code) == (customer.credit_code or "")),
        )
        .order_by(col(CustomerReport.id))
        .with_for_update()
    )
    return same[0] if same else None


async def _held(work: Work, id: UUID) -> Customer:
    found: Customer | None = await work.first(
        select(Customer).where(Customer.id == id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFoundError()
    return found


async def _manager_of(work: Work, invitation: Invitation) -> UUID | None:
    """Give the account manager whose link it was, if he is one still (COL-5.3.8)."""
    if invitation.account_manager_id is None:
        return None
    account = await work.first(select(Account).where(Account.id == invitation.account_manager_id))
    if account is None or account.partner_id != invitation.partner_id:
        return None
    try:
        manager = await actor_of(work.session, account.id, now=work.now)
    except SignInRequiredError:
        return None
    return account.id if manager.may(Right.CUSTOMER_READ_MANAGED) else None


def _facts(report: CustomerReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in ("company_name", "credit_code", "account_name")}
