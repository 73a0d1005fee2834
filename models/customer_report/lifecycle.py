"""The lifecycle of a report: reviewed where needed, held for its days, then associated, void or expired."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.approval import ApprovalKind, DecisionInput, not_own_submission, of_all, register
from models.customer_report.checks import customer_still_free
from models.customer_report.policies import REPORT_DAYS, REVIEW_DAYS
from models.customer_report.record import CustomerReport
from models.customer_report.words import ReportStatus
from models.kernel.lifecycle import TIMER, Deadline, Lifecycle, Move, Standing, State, Transition
from models.kernel.work import Work
from models.rights import Right

REVIEW: Final = "customer.report"
_REVIEW_EVENT = ("csbchannelsalesCustomer", "reviewCustomerReport")
_REPORT_EVENT = ("csbchannelsalesCustomer", "reportCustomer")


async def remember_escalation(work: Work, move: Move) -> None:
    """Keep when a review passed its time (COL-5.2)."""
    move.record.escalated_at = work.now


REPORT: Lifecycle[ReportStatus] = Lifecycle(
    CustomerReport,
    Transition(
        "approve",
        "审核通过",
        "Approve",
        (ReportStatus.PENDING_REVIEW,),
        ReportStatus.REPORTED,
        Right.CUSTOMER_DECIDE_REPORT,
        "COL-5.2",
        _REVIEW_EVENT,
        guards=(not_own_submission,),
        checks=(customer_still_free,),
        decides=True,
        approves=True,
    ),
    Transition(
        "reject",
        "审核不通过",
        "Reject",
        (ReportStatus.PENDING_REVIEW,),
        ReportStatus.REJECTED,
        Right.CUSTOMER_DECIDE_REPORT,
        "COL-5.2",
        _REVIEW_EVENT,
        reason=True,
        guards=(not_own_submission,),
        decides=True,
    ),
    Transition(
        "escalate",
        "审核超期，升级",
        "Escalate the review",
        (ReportStatus.PENDING_REVIEW,),
        ReportStatus.PENDING_REVIEW,
        TIMER,
        "COL-5.2",
        _REVIEW_EVENT,
        effects=(remember_escalation,),
        internal=True,
    ),
    Transition(
        "expire",
        "报备失效",
        "Expire",
        (ReportStatus.REPORTED,),
        ReportStatus.EXPIRED,
        TIMER,
        "COL-5.2.2",
        _REPORT_EVENT,
    ),
    Transition(
        "void",
        "作废",
        "Void",
        (ReportStatus.REPORTED,),
        ReportStatus.VOIDED,
        Right.CUSTOMER_REPORT,
        "COL-5.2",
        _REPORT_EVENT,
    ),
    Transition(
        "associate",
        "客户已关联",
        "Associate",
        (ReportStatus.REPORTED,),
        ReportStatus.ASSOCIATED,
        Right.INVITATION_ANSWER,
        "COL-5.2",
        _REPORT_EVENT,
    ),
    states=(
        State(
            ReportStatus.PENDING_REVIEW,
            awaits=REVIEW,
            deadline=Deadline(REVIEW_DAYS, "escalate", "升级处理", "Escalated"),
        ),
        State(
            ReportStatus.REPORTED,
            deadline=Deadline(REPORT_DAYS, "expire", "报备失效", "The report ends", every_day=True),
        ),
    ),
    zh="客户报备",
    en="Customer report",
)


async def review(work: Work, report: CustomerReport, verb: str, given: DecisionInput) -> None:
    """Decide on a report; a refusal's reason is for the partner to read."""
    told: dict[str, dict[str, Any]] = {
        "approve": {"reported_at": work.now},
        "reject": {"verdict_reason": given.reason},
    }
    await REPORT.fire(work, report, verb, reason=given.reason, values=told.get(verb))


register(
    ApprovalKind(
        name=REVIEW,
        zh="客户报备审核",
        en="Review of a customer report",
        model=CustomerReport,
        lifecycle=REPORT,
        rows=of_all(Right.CUSTOMER_DECIDE_REPORT, Right.CUSTOMER_READ_ALL),
        decide=review,
        detail=(
            *("company_name", "credit_code", "account_name", "contact_name", "mobile", "email", "industry"),
            *("province", "review_causes", "statement", "created_at"),
        ),
        escalates="escalate",
    )
)


async def standing(work: Work, id: UUID) -> list[Standing[Any]]:
    """Say which steps lead on from here for this actor, and what blocks each."""
    found = await work.first(
        select(CustomerReport).where(CustomerReport.id == id, CustomerReport.visible_to(work.actor))
    )
    return await REPORT.standing(work, found) if found is not None else []
