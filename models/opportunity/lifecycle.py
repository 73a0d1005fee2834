"""The two transition tables of an opportunity: shared to Huawei (COL-2.5) and shared by Huawei (COL-3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from models.approval import not_own_submission, not_previous_decider
from models.kernel.lifecycle import TIMER, Deadline, Lifecycle, Move, State, Transition, move_due_times
from models.kernel.work import Work
from models.opportunity.duplicates import no_duplicate_goes_first, refresh_duplicates
from models.opportunity.offers import HoOffer
from models.opportunity.policies import ACCEPTANCE_DAYS, AUDIT_DAYS, DISPUTE_DAYS, RETURN_DAYS, VALIDATION_DAYS
from models.opportunity.record import Opportunity
from models.opportunity.rules import (
    customer_consented,
    dates_follow_each_other,
    delivery_follows_signing,
    delivery_is_unconfirmed,
    dispute_window_is_open,
    duplicate_is_named,
    form_is_complete,
    loss_is_explained,
    named_fields_are_completed,
    other_reason_is_told,
    owner_check_speaks_for_it,
    signing_data_is_given,
    support_fits_together,
)
from models.opportunity.steps import (
    answer_offer,
    audited_by_the_right_desk,
    name_is_free,
    offerings_are_own,
    partner_has_joined,
    remember_escalation,
    tell_why_it_expired,
)
from models.opportunity.words import (
    AUDIT_REASONS,
    VALIDATION_REASONS,
    CancelReason,
    DeclineReason,
    Direction,
    OfferStatus,
    RejectionReason,
    Status,
)
from models.rights import Right

AUDIT_QUEUE = "opportunity.audit"
VALIDATION_QUEUE = "opportunity.validation"


async def recall_expired(work: Work, move: Move) -> None:
    """What nobody accepted in time goes back to Huawei in the same moment (COL-3.2#5)."""
    await HO.fire(work, move.record, "recall_expired")


COMPLETE = (form_is_complete, customer_consented, dates_follow_each_other, support_fits_together)

PO = Lifecycle(
    Opportunity,
    Transition(
        verb="submit",
        zh="提交审核",
        en="Submit",
        sources=(Status.DRAFT,),
        target=Status.AUDITING,
        permission=Right.OPPORTUNITY_SHARE,
        guards=COMPLETE,
        checks=(partner_has_joined, name_is_free, offerings_are_own),
        effects=(refresh_duplicates,),
        event=("opportunity", "submitOpportunity"),
        rule="COL-2.5#3",
    ),
    Transition(
        verb="approve_audit",
        zh="审核通过",
        en="Approve the audit",
        sources=(Status.AUDITING,),
        target=Status.VALIDATING,
        permission=Right.OPPORTUNITY_AUDIT,
        guards=(not_own_submission, *COMPLETE),
        checks=(audited_by_the_right_desk,),
        effects=(refresh_duplicates,),
        decides=True,
        approves=True,
        event=("opportunity", "auditOpportunity"),
        rule="COL-2.5#4",
    ),
    Transition(
        verb="reject_audit",
        zh="审核驳回",
        en="Reject in audit",
        sources=(Status.AUDITING,),
        target=Status.AUDIT_REJECTED,
        permission=Right.OPPORTUNITY_AUDIT,
        reasons=AUDIT_REASONS,
        guards=(not_own_submission, other_reason_is_told),
        checks=(audited_by_the_right_desk,),
        effects=(refresh_duplicates,),
        decides=True,
        event=("opportunity", "rejectOpportunity"),
        rule="COL-2.5#5",
    ),
    Transition(
        verb="send_back",
        zh="退回补充",
        en="Send back for completion",
        sources=(Status.AUDITING,),
        target=Status.RETURNED,
        permission=Right.OPPORTUNITY_AUDIT,
        reason=True,
        guards=(not_own_submission,),
        checks=(audited_by_the_right_desk,),
        effects=(refresh_duplicates,),
        decides=True,
        names_fields=True,
        event=("opportunity", "auditOpportunity"),
        rule="COL-2.5#17",
    ),
    Transition(
        verb="return_completed",
        zh="补充后提交",
        en="Return completed",
        sources=(Status.RETURNED,),
        target=Status.AUDITING,
        permission=Right.OPPORTUNITY_SHARE,
        guards=(named_fields_are_completed, *COMPLETE),
        checks=(partner_has_joined, name_is_free, offerings_are_own),
        effects=(refresh_duplicates,),
        event=("opportunity", "submitOpportunity"),
        rule="COL-2.5#18",
    ),
    Transition(
        verb="expire_return",
        zh="超期未补充，驳回",
        en="Reject what was not completed in time",
        sources=(Status.RETURNED,),
        target=Status.AUDIT_REJECTED,
        permission=TIMER,
        reasons=(RejectionReason.INCOMPLETE_FIELDS,),
        effects=(tell_why_it_expired, refresh_duplicates),
        event=("opportunity", "rejectOpportunity"),
        rule="COL-2.5#19",
    ),
    Transition(
        verb="escalate",
        zh="审核超期，升级至运营",
        en="Escalate the audit to the pool",
        sources=(Status.AUDITING,),
        target=Status.AUDITING,
        permission=TIMER,
        effects=(remember_escalation,),
        internal=True,
        event=("opportunity", "auditOpportunity"),
        rule="COL-2.5#4",
    ),
    Transition(
        verb="validate",
        zh="验证通过",
        en="Validate",
        sources=(Status.VALIDATING,),
        target=Status.VALIDATED,
        permission=Right.OPPORTUNITY_VALIDATE,
        guards=(not_own_submission, not_previous_decider, owner_check_speaks_for_it),
        checks=(no_duplicate_goes_first,),
        effects=(refresh_duplicates,),
        decides=True,
        approves=True,
        event=("opportunity", "validateOpportunity"),
        rule="COL-2.5#7",
    ),
    Transition(
        verb="reject_validation",
        zh="验证驳回",
        en="Reject in validation",
        sources=(Status.VALIDATING,),
        target=Status.VALIDATION_REJECTED,
        permission=Right.OPPORTUNITY_VALIDATE,
        reasons=VALIDATION_REASONS,
        guards=(not_own_submission, not_previous_decider, duplicate_is_named, other_reason_is_told),
        effects=(refresh_duplicates,),
        decides=True,
        event=("opportunity", "rejectOpportunity"),
        rule="COL-2.5#8",
    ),
    Transition(
        verb="expire_validation",
        zh="验证超期，默认驳回",
        en="Reject what was not validated in time",
        sources=(Status.VALIDATING,),
        target=Status.VALIDATION_REJECTED,
        permission=TIMER,
        reasons=(RejectionReason.SLA_EXPIRED,),
        effects=(tell_why_it_expired, refresh_duplicates),
        event=("opportunity", "rejectOpportunity"),
        rule="COL-2.5#9",
    ),
    Transition(
        verb="cancel",
        zh="取消",
        en="Cancel",
        sources=(Status.VALIDATED,),
        target=Status.CANCELLED,
        permission=Right.OPPORTUNITY_CANCEL,
        reasons=tuple(CancelReason),
        guards=(other_reason_is_told,),
        effects=(refresh_duplicates,),
        event=("opportunity", "cancelOpportunity"),
        rule="COL-2.5#11",
    ),
    Transition(
        verb="win",
        zh="签单",
        en="Mark won",
        sources=(Status.VALIDATED,),
        target=Status.WON,
        permission=Right.OPPORTUNITY_CLOSE,
        guards=(signing_data_is_given,),
        effects=(refresh_duplicates,),
        event=("opportunity", "reportProgress"),
        rule="COL-2.5#12",
    ),
    Transition(
        verb="lose",
        zh="丢单",
        en="Mark lost",
        sources=(Status.VALIDATED,),
        target=Status.LOST,
        permission=Right.OPPORTUNITY_CLOSE,
        guards=(loss_is_explained,),
        effects=(refresh_duplicates,),
        event=("opportunity", "reportProgress"),
        rule="COL-2.5#13",
    ),
    Transition(
        verb="deliver",
        zh="交付完成",
        en="Mark delivered",
        sources=(Status.WON,),
        target=Status.DELIVERED,
        permission=Right.OPPORTUNITY_DELIVER,
        guards=(delivery_follows_signing,),
        effects=(refresh_duplicates,),
        event=("opportunity", "reportProgress"),
        rule="COL-2.5#14",
    ),
    Transition(
        verb="confirm_delivery",
        zh="确认交付",
        en="Confirm the delivery",
        sources=(Status.DELIVERED,),
        target=Status.DELIVERED,
        permission=Right.OPPORTUNITY_CONFIRM_DELIVERY,
        guards=(delivery_is_unconfirmed,),
        event=("opportunity", "reportProgress"),
        rule="COL-2.5#14",
    ),
    Transition(
        verb="dispute",
        zh="交付异议",
        en="Dispute the delivery",
        sources=(Status.DELIVERED,),
        target=Status.WON,
        permission=Right.OPPORTUNITY_CONFIRM_DELIVERY,
        reason=True,
        guards=(dispute_window_is_open,),
        effects=(refresh_duplicates,),
        event=("opportunity", "reportProgress"),
        rule="COL-2.5#16",
    ),
    states=(
        State(
            Status.AUDITING,
            awaits=AUDIT_QUEUE,
            deadline=Deadline(AUDIT_DAYS, "escalate", "升级至生态运营处理", "Escalated to ecosystem operations"),
        ),
        State(
            Status.RETURNED,
            deadline=Deadline(RETURN_DAYS, "expire_return", "审核驳回（未补充）", "Rejected as incomplete"),
            paused_zh="等待伙伴补充，审核计时暂停",
            paused_en="Waiting for the partner; the audit clock starts anew on return",
        ),
        State(
            Status.VALIDATING,
            awaits=VALIDATION_QUEUE,
            deadline=Deadline(VALIDATION_DAYS, "expire_validation", "默认驳回", "Rejected by default"),
        ),
    ),
    name="Opportunity.PO",
    applies=lambda record: record.direction == Direction.PO,
    zh="机会点：共享给华为",
    en="Opportunity shared to Huawei (PO)",
)


def _likewise(verb: str, rule: str, **differing: Any) -> Transition[Status]:
    """Give the step by which an HO ends as a PO does (COL-3.2#7: as COL-2.5 rows 12 to 14), with what differs."""
    return replace(PO[verb], verb=f"{verb}_ho", rule=rule, **differing)


HO = Lifecycle(
    Opportunity,
    Transition(
        verb="share",
        zh="共享给伙伴",
        en="Share with a partner",
        sources=(Status.CREATED, Status.RECALLED),
        target=Status.PENDING_ACCEPTANCE,
        permission=Right.OPPORTUNITY_SHARE_HO,
        checks=(no_duplicate_goes_first,),
        effects=(refresh_duplicates,),
        event=("opportunity", "shareOpportunity"),
        rule="COL-3.2#2",
    ),
    Transition(
        verb="accept",
        zh="接受",
        en="Accept",
        sources=(Status.PENDING_ACCEPTANCE,),
        target=Status.ACCEPTED,
        permission=Right.OPPORTUNITY_ACCEPT,
        checks=(partner_has_joined, no_duplicate_goes_first),
        effects=(answer_offer, refresh_duplicates),
        event=("opportunity", "acceptOpportunity"),
        rule="COL-3.2#3",
    ),
    Transition(
        verb="decline",
        zh="拒绝",
        en="Decline",
        sources=(Status.PENDING_ACCEPTANCE,),
        target=Status.REJECTED,
        permission=Right.OPPORTUNITY_ACCEPT,
        reasons=tuple(DeclineReason),
        guards=(other_reason_is_told,),
        effects=(answer_offer, refresh_duplicates),
        event=("opportunity", "rejectOpportunity"),
        rule="COL-3.2#4",
    ),
    Transition(
        verb="expire_offer",
        zh="超期未接受，自动拒绝",
        en="Decline what was not accepted in time",
        sources=(Status.PENDING_ACCEPTANCE,),
        target=Status.AUTO_REJECTED,
        permission=TIMER,
        effects=(answer_offer, recall_expired),
        event=("opportunity", "rejectOpportunity"),
        rule="COL-3.2#5",
    ),
    Transition(
        verb="recall_expired",
        zh="超期回收",
        en="Take back what was not accepted in time",
        sources=(Status.AUTO_REJECTED,),
        target=Status.RECALLED,
        permission=TIMER,
        effects=(refresh_duplicates,),
        event=("opportunity", "recallOpportunity"),
        rule="COL-3.2#5",
    ),
    Transition(
        verb="recall",
        zh="回收",
        en="Recall",
        sources=(Status.PENDING_ACCEPTANCE, Status.REJECTED),
        target=Status.RECALLED,
        permission=Right.OPPORTUNITY_RECALL_HO,
        reason=True,
        effects=(answer_offer, refresh_duplicates),
        event=("opportunity", "recallOpportunity"),
        rule="COL-3.2#2",
    ),
    _likewise("cancel", "COL-3.2#8", sources=(Status.ACCEPTED,)),
    _likewise("win", "COL-3.2#7", sources=(Status.ACCEPTED,)),
    _likewise("lose", "COL-3.2#7", sources=(Status.ACCEPTED,)),
    _likewise("deliver", "COL-3.2#7", permission=Right.OPPORTUNITY_CLOSE),
    _likewise("confirm_delivery", "COL-3.2#7"),
    _likewise("dispute", "COL-3.2#7"),
    states=(
        State(
            Status.PENDING_ACCEPTANCE,
            deadline=Deadline(ACCEPTANCE_DAYS, "expire_offer", "自动拒绝并回收", "Declined automatically and recalled"),
        ),
    ),
    name="Opportunity.HO",
    applies=lambda record: record.direction == Direction.HO,
    zh="机会点：由华为共享",
    en="Opportunity shared by Huawei (HO)",
)


def lifecycle_of(record: Any) -> Lifecycle[Status]:
    """Give the table that governs a record: PO or HO."""
    return PO if record.direction == Direction.PO else HO


async def _offers_follow_the_calendar(work: Work) -> None:
    """An offer's due time is that of its opportunity."""
    due = sa.select(col(Opportunity.due_at)).where(col(Opportunity.id) == col(HoOffer.opportunity_id)).scalar_subquery()
    await work.session.execute(
        sa.update(HoOffer)
        .where(col(HoOffer.status) == OfferStatus.PENDING, col(HoOffer.due_at) < due)
        .values(due_at=due)
        .execution_options(synchronize_session=False)
    )


async def _disputes_follow_the_calendar(work: Work) -> None:
    """The time for disputing a delivery counts working days too (COL-2.5#16)."""
    began, until = col(Opportunity.delivered_at), col(Opportunity.dispute_until)
    still_open = (began.is_not(None), until > work.now, col(Opportunity.delivery_confirmed_at).is_(None))
    await move_due_times(work, began, until, await work.policy(DISPUTE_DAYS), *still_open)


HO.also_follow(_offers_follow_the_calendar)
PO.also_follow(_disputes_follow_the_calendar)
