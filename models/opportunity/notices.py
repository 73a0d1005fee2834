"""Who is told of what happens to an opportunity: one table for its steps, one for the times that come by themselves."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.kernel.policy import Policy
from models.kernel.work import Work
from models.notice import (
    Message,
    NoticeKind,
    Severity,
    Subject,
    Tell,
    Watch,
    describe,
    holders,
    main_account,
    named,
    named_who_may,
    pdm,
    pdm_or,
    tell,
    tell_of,
    watch_for,
)
from models.opportunity.lifecycle import HO, PO
from models.opportunity.offers import HoOffer
from models.opportunity.policies import STALE_DAYS
from models.opportunity.record import Opportunity, stale
from models.opportunity.words import OfferStatus, Status
from models.rights import Right

REMINDER_DAYS = Policy(
    "notice.reminder_working_days", 1, "时限临近提醒（剩余工作日）", "Working days left when a deadline is reminded of"
)
# After office hours the next day is the one that is left.
OFFICE_CLOSES = dt.timedelta(hours=18)

PARTNER = (Right.OPPORTUNITY_READ_OWN,)
AUDITORS = (Right.OPPORTUNITY_AUDIT,)
VALIDATORS = (Right.OPPORTUNITY_VALIDATE,)
SHARERS = (Right.OPPORTUNITY_SHARE_HO,)

TO_AUDIT = NoticeKind(
    "queue.audit",
    "机会点待审核",
    "An opportunity to audit",
    "机会点“{name}”（客户：{company_name}）等待审核，时限为北京时间 {until}。",
    "“{name}” (customer: {company_name}) waits for the audit, until {until} Beijing time.",
    Severity.ACTION,
    AUDITORS,
    lapses=True,
)
TO_VALIDATE = NoticeKind(
    "queue.validation",
    "机会点待验证",
    "An opportunity to validate",
    "机会点“{name}”（客户：{company_name}）等待验证，时限为北京时间 {until}。",
    "“{name}” (customer: {company_name}) waits for the validation, until {until} Beijing time.",
    Severity.ACTION,
    VALIDATORS,
    lapses=True,
)
OWNER_CHECK = NoticeKind(
    "opportunity.owner_check",
    "请向客户核实机会点",
    "Ask the customer about an opportunity",
    "机会点“{name}”（客户：{company_name}）进入验证，请在北京时间 {until} 前向客户核实。",
    "“{name}” (customer: {company_name}) is being validated; please ask the customer before {until} Beijing time.",
    Severity.ACTION,
    (Right.OPPORTUNITY_CHECK_OWNER,),
    lapses=True,
)
ESCALATED = NoticeKind(
    "opportunity.escalated",
    "审核超期，已升级",
    "An audit has run out and is escalated",
    "机会点“{name}”（客户：{company_name}）未在时限内审核，已进入生态运营公共池。",
    "“{name}” (customer: {company_name}) was not audited in time and is in the pool of ecosystem operations now.",
    Severity.WARNING,
    AUDITORS,
)
AUDIT_APPROVED = NoticeKind(
    "opportunity.audit_approved",
    "机会点审核通过",
    "Your opportunity passed the audit",
    "机会点“{name}”审核通过，进入验证。",
    "“{name}” passed the audit and is being validated.",
    Severity.INFO,
    PARTNER,
)
REJECTED = NoticeKind(
    "opportunity.rejected",
    "机会点被驳回",
    "Your opportunity was rejected",
    "机会点“{name}”被驳回（{status}），原因：{rejection_reason}。",
    "“{name}” was rejected ({status}); reason: {rejection_reason}.",
    Severity.WARNING,
    PARTNER,
)
SENT_BACK = NoticeKind(
    "opportunity.sent_back",
    "机会点退回补充",
    "Your opportunity was sent back for completion",
    "机会点“{name}”被退回，请在北京时间 {until} 前补充后重新提交。",
    "“{name}” was sent back; complete and return it before {until} Beijing time.",
    Severity.ACTION,
    PARTNER,
    lapses=True,
)
VALIDATED = NoticeKind(
    "opportunity.validated",
    "机会点验证通过",
    "Your opportunity is validated",
    "机会点“{name}”验证通过，请按期更新进展。",
    "“{name}” is validated; report its progress regularly.",
    Severity.INFO,
    PARTNER,
)
RAN_OUT = NoticeKind(
    "opportunity.ran_out",
    "机会点超期被驳回",
    "An opportunity ran out of time",
    "机会点“{name}”（客户：{company_name}）超过时限，系统已驳回（{status}）。",
    "“{name}” (customer: {company_name}) ran out of time and was rejected by the system ({status}).",
    Severity.WARNING,
    (*AUDITORS, *VALIDATORS),
)
CANCELLED = NoticeKind(
    "opportunity.cancelled",
    "机会点已取消",
    "Your opportunity was cancelled",
    "机会点“{name}”已被华为取消，原因：{cancel_reason}。",
    "“{name}” was cancelled by Huawei; reason: {cancel_reason}.",
    Severity.WARNING,
    PARTNER,
)
CLOSED = NoticeKind(
    "opportunity.closed",
    "机会点有了结果",
    "An opportunity was closed",
    "机会点“{name}”（客户：{company_name}）的状态为：{status}。",
    "“{name}” (customer: {company_name}) is now: {status}.",
    Severity.INFO,
    (*PARTNER, Right.OPPORTUNITY_CLOSE),
)
DELIVERED = NoticeKind(
    "opportunity.delivered",
    "交付待确认",
    "A delivery to confirm",
    "机会点“{name}”（客户：{company_name}）已交付，请在北京时间 {until} 前确认或提出异议。",
    "“{name}” (customer: {company_name}) is delivered; confirm or dispute it before {until} Beijing time.",
    Severity.ACTION,
    (Right.OPPORTUNITY_CONFIRM_DELIVERY,),
    lapses=True,
)
DELIVERY_CONFIRMED = NoticeKind(
    "opportunity.delivery_confirmed",
    "交付已确认",
    "Your delivery is confirmed",
    "机会点“{name}”的交付已确认。",
    "The delivery of “{name}” is confirmed.",
    Severity.INFO,
    PARTNER,
)
DISPUTED = NoticeKind(
    "opportunity.disputed",
    "交付被提出异议",
    "Your delivery is disputed",
    "机会点“{name}”的交付被提出异议，状态退回：{status}。",
    "The delivery of “{name}” is disputed; it is {status} again.",
    Severity.WARNING,
    PARTNER,
)
OFFERED = NoticeKind(
    "offer.received",
    "华为共享了一个机会点",
    "Huawei shares an opportunity with you",
    "华为向您共享机会点“{name}”，请在北京时间 {until} 前接受或拒绝。",
    "Huawei shares “{name}” with you; accept or decline it before {until} Beijing time.",
    Severity.ACTION,
    (Right.OPPORTUNITY_ACCEPT,),
    lapses=True,
)
WITHDRAWN = NoticeKind(
    "offer.withdrawn",
    "华为共享已收回",
    "An offer is over",
    "华为共享的机会点“{name}”已结束：{status}。",
    "The offer “{name}” is over: {status}.",
    Severity.INFO,
    (Right.OPPORTUNITY_ACCEPT,),
)
ANSWERED = NoticeKind(
    "offer.answered",
    "伙伴已答复共享的机会点",
    "A partner has answered your offer",
    "机会点“{name}”（客户：{company_name}）的共享结果：{status}。",
    "“{name}” (customer: {company_name}), which you shared, is: {status}.",
    Severity.INFO,
    SHARERS,
)
NEAR = NoticeKind(
    "deadline.near",
    "处理时限临近",
    "A deadline is near",
    "“{name}”的时限为北京时间 {until}（{status}），请及时处理。",
    "“{name}” ({status}) is due by {until} Beijing time.",
    Severity.WARNING,
    (*PARTNER, *AUDITORS, *VALIDATORS),
    lapses=True,
)
STALE = NoticeKind(
    "opportunity.stale",
    "机会点进展待更新",
    "An opportunity without news",
    "机会点“{name}”（客户：{company_name}）已较长时间没有更新进展，请更新。",
    "There has been no progress on “{name}” (customer: {company_name}) for a while; please report.",
    Severity.WARNING,
    (*PARTNER, Right.OPPORTUNITY_PROGRESS),
)

describe(
    Subject(
        Opportunity,
        "opportunities",
        ("name", "company_name", "status", "due_at", "rejection_reason", "message_to_partner", "cancel_reason"),
        ("company_name", "status", "due_at", "rejection_reason", "message_to_partner"),
    )
)
describe(Subject(HoOffer, "offers", ("name", "status", "due_at"), ("status", "due_at")))


async def newest_offer(work: Work, record: Any) -> HoOffer | None:
    """Find the offer by which an opportunity was shared last."""
    offer: HoOffer | None = await work.first(
        select(HoOffer)
        .where(HoOffer.opportunity_id == record.id)
        .order_by(col(HoOffer.shared_at).desc(), col(HoOffer.id).desc())
    )
    return offer


async def sharer(work: Work, record: Any) -> list[UUID | None]:
    """Tell whoever shared an HO last."""
    offer = await newest_offer(work, record)
    return [offer.shared_by] if offer else []


async def offered_partner(work: Work, record: Any) -> list[UUID | None]:
    """Tell the main account of the partner to which an HO was offered last."""
    offer = await newest_offer(work, record)
    return await main_account(work, offer) if offer else []


responsible = named_who_may("responsible_id", Right.OPPORTUNITY_READ_OWN)
partner_side = (main_account, responsible)
pool = holders(Right.OPPORTUNITY_AUDIT, Right.OPPORTUNITY_AUDIT_POOL)
audit_desk = pdm_or(pool)
psms = holders(Right.OPPORTUNITY_VALIDATE, Right.OPPORTUNITY_READ_OFFICE, of_office=True)
validation_desk = (psms, named("bd_id"))
confirmers = holders(Right.OPPORTUNITY_CONFIRM_DELIVERY, of_office=True)

tell_of(
    PO,
    Tell(("submit", "return_completed"), TO_AUDIT, (audit_desk,)),
    Tell(("escalate",), ESCALATED, (pool, pdm)),
    Tell(("approve_audit",), AUDIT_APPROVED, partner_side),
    Tell(("approve_audit",), TO_VALIDATE, validation_desk),
    Tell(("approve_audit",), OWNER_CHECK, (named("owner_id"),)),
    Tell(("send_back",), SENT_BACK, partner_side),
    Tell(("reject_audit", "reject_validation", "expire_return", "expire_validation"), REJECTED, partner_side),
    Tell(("expire_return",), RAN_OUT, (audit_desk,)),
    Tell(("expire_validation",), RAN_OUT, (*validation_desk, pdm)),
    Tell(("validate",), VALIDATED, partner_side),
    Tell(("cancel",), CANCELLED, partner_side),
    Tell(("win", "lose"), CLOSED, (*partner_side, named("bd_id"))),
    Tell(("deliver",), DELIVERED, (confirmers,), until="dispute_until"),
    Tell(("confirm_delivery",), DELIVERY_CONFIRMED, partner_side),
    Tell(("dispute",), DISPUTED, partner_side),
)
tell_of(
    HO,
    Tell(("accept", "decline", "expire_offer"), ANSWERED, (named("bd_id"), sharer)),
    Tell(("expire_offer", "recall"), WITHDRAWN, (offered_partner,), about=newest_offer),
    Tell(("cancel_ho",), CANCELLED, partner_side),
    Tell(("win_ho", "lose_ho"), CLOSED, (*partner_side, named("bd_id"))),
    Tell(("deliver_ho",), DELIVERED, (confirmers,), until="dispute_until"),
    Tell(("confirm_delivery_ho",), DELIVERY_CONFIRMED, partner_side),
    Tell(("dispute_ho",), DISPUTED, partner_side),
)


async def tell_of_offer(work: Work, offer: HoOffer) -> None:
    """Tell a partner's main account that an HO is offered to it (COL-3.2#2)."""
    receivers = {id for id in await main_account(work, offer) if id}
    await tell(work, [Message(OFFERED, offer, receivers, "shared", offer.due_at)])


async def _soon(work: Work) -> dt.datetime:
    days = max(1, await work.policy(REMINDER_DAYS))
    return (await work.calendar()).due_after(work.now - OFFICE_CLOSES, days)


def _near(status: Status) -> Any:
    async def which(work: Work) -> Any:
        due = col(Opportunity.due_at)
        running = col(Opportunity.due_verb).is_not(None)
        return sa.and_(col(Opportunity.status) == status, running, due > work.now, due <= await _soon(work)), due

    return which


async def _offer_near(work: Work) -> Any:
    due = col(HoOffer.due_at)
    return sa.and_(col(HoOffer.status) == OfferStatus.PENDING, due > work.now, due <= await _soon(work)), due


async def _grown_stale(work: Work) -> Any:
    began = sa.func.coalesce(
        col(Opportunity.last_progress_at), col(Opportunity.accepted_at), col(Opportunity.validated_at)
    )
    # Imported history has had no news for long when it comes in; nobody is told of each of its rows.
    since = work.now - dt.timedelta(days=await work.policy(STALE_DAYS))
    return sa.and_(stale(since), began >= col(Opportunity.created_at)), began


watch_for(
    Watch(NEAR, Opportunity, _near(Status.AUDITING), (audit_desk,)),
    Watch(NEAR, Opportunity, _near(Status.RETURNED), partner_side),
    Watch(NEAR, Opportunity, _near(Status.VALIDATING), validation_desk),
    Watch(NEAR, HoOffer, _offer_near, (main_account,)),
    Watch(STALE, Opportunity, _grown_stale, (*partner_side, named("bd_id"))),
)
