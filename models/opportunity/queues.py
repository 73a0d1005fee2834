"""What the approval queue is told: the audit and the validation of opportunities; and what PCE's exit waits for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from models import pce
from models.approval import (
    ApprovalKind,
    Panel,
    any_of,
    of_own_customers,
    of_own_office,
    of_own_partners,
    of_the_pool,
    register,
)
from models.file import Attachment
from models.kernel.errors import DomainError
from models.kernel.lifecycle import Move
from models.kernel.work import Work
from models.opportunity.actions import review
from models.opportunity.duplicates import DuplicateMatch
from models.opportunity.lifecycle import AUDIT_QUEUE, PO, VALIDATION_QUEUE
from models.opportunity.reading import concerns_beside
from models.opportunity.record import FORM, Opportunity
from models.opportunity.words import Origin, Status
from models.rights import Right

DETAIL = (
    *("name", "status", "company_name", "credit_code", "account_name", "industry", "sub_industry", "province", "city"),
    *("address", "website", "company_size", "contact_name", "contact_title", "contact_mobile", "contact_email"),
    *("budget", "authority", "need", "timeline", "expected_amount", "currency", "expected_sign_date"),
    *("expected_go_live_date", "pre_sales_activities", "offering_ids", "demand_tags", "services", "support_needed"),
    *("counts_for_assessment", "submitted_at", "audit_approved_at", "owner_checked_at", "owner_check_passed"),
    *("internal_note", "message_to_partner"),
)
BESIDE = (
    *("other_number", "other_name", "other_company", "other_partner", "other_direction", "other_status", "signals"),
    *("own_clock", "other_clock", "has_priority", "rule"),
)
FILES = ("name", "field", "size", "uploaded_by_name", "at")


class OpportunitiesOpenError(DomainError):
    """A partner leaves PCE only when nothing of its own is under way (COL-1.1.9)."""

    zh = "仍有 {count} 个机会点在审核、验证或推进中，暂不能退出。"
    en = "{count} opportunities are still in review or under way; finish them before leaving."


async def duplicates_beside(work: Work, record: Opportunity) -> Sequence[Panel]:
    """Show the written list of fields of each duplicate beside the record (COL-2.7.8)."""
    ids = await work.every(select(DuplicateMatch.id).where(DuplicateMatch.opportunity_id == record.id))
    return [Panel("疑似重复", "Possible duplicates", DuplicateMatch, tuple(ids), BESIDE)] if ids else []


async def files_beside(work: Work, record: Opportunity) -> Sequence[Panel]:
    """Show the files of the record, of its progress and of this and earlier decisions (COL-2.2.4)."""
    ids = await work.every(
        select(Attachment.id)
        .where(Attachment.record_id == record.id, Attachment.visible_to(work.actor))
        .order_by(col(Attachment.at), col(Attachment.id))
        .limit(100)
    )
    return [Panel("附件", "Files", Attachment, tuple(ids), FILES)] if ids else []


async def nothing_is_under_way(work: Work, move: Move) -> list[DomainError]:
    """Exit is refused while a PO is in audit or validation, or an accepted one is open (COL-1.1.9)."""
    open_ones = await work.count(
        select(Opportunity.id).where(
            Opportunity.partner_id == move.record.partner_id,
            Opportunity.origin != Origin.IMPORTED,
            col(Opportunity.status).in_(
                (
                    Status.AUDITING,
                    Status.RETURNED,
                    Status.VALIDATING,
                    Status.VALIDATED,
                    Status.ACCEPTED,
                    Status.WON,
                )
            ),
        )
    )
    return [OpportunitiesOpenError(count=open_ones)] if open_ones else []


def _named(record: Any) -> str:
    return f"{record.name} · {record.public_id}"


register(
    ApprovalKind(
        name=AUDIT_QUEUE,
        zh="机会点审核",
        en="Opportunity audit",
        model=Opportunity,
        lifecycle=PO,
        rows=any_of(of_own_partners(Right.OPPORTUNITY_AUDIT), of_the_pool(Right.OPPORTUNITY_AUDIT_POOL)),
        decide=review,
        detail=DETAIL,
        fields=FORM,
        beside=(duplicates_beside, files_beside),
        concerns=concerns_beside,
        escalates="escalate",
        label=_named,
        takes=("duplicate_of_id",),
    )
)
register(
    ApprovalKind(
        name=VALIDATION_QUEUE,
        zh="机会点验证",
        en="Opportunity validation",
        model=Opportunity,
        lifecycle=PO,
        rows=any_of(of_own_office(Right.OPPORTUNITY_VALIDATE), of_own_customers(Right.OPPORTUNITY_VALIDATE)),
        decide=review,
        detail=DETAIL,
        beside=(duplicates_beside, files_beside),
        concerns=concerns_beside,
        label=_named,
        takes=("duplicate_of_id",),
    )
)
pce.refuse_exit_while(nothing_is_under_way)
