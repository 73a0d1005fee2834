"""How an opportunity is submitted and handed back, and what Huawei decides on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from models.approval import DecisionInput, open_entry
from models.customer import Customer
from models.identity import Account
from models.kernel.amend import amend
from models.kernel.errors import (
    FieldRequiredError,
    NotFoundError,
    ReasonCodeNotAllowedError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
    refuse,
)
from models.kernel.journal import JournalLine, Operation
from models.kernel.lifecycle import Move
from models.kernel.record import too_long_for
from models.kernel.words import Word
from models.kernel.work import Work
from models.opportunity.drafts import COMPLETE, follow_offerings, own_customer
from models.opportunity.duplicates import DuplicateMatch, refresh
from models.opportunity.lifecycle import PO, VALIDATION_QUEUE, lifecycle_of
from models.opportunity.record import CUSTOMER_FIELDS, FORM, Opportunity, OwnerCheck
from models.opportunity.steps import offerings_are_own
from models.opportunity.words import DUPLICATE_REASONS, Direction, RejectionReason, Stage, Status
from models.reference import office_for
from models.rights import Right

OFFERING = Operation(
    "opportunity.change_offering", "修改Offering", "Change the offering", "opportunity", "auditOpportunity"
)
NOTE = Operation("opportunity.note", "内部备注", "Internal note", "opportunity", "auditOpportunity")
CHECK = Operation(
    "opportunity.owner_check", "登记客户负责人核实", "Record the owner check", "opportunity", "validateOpportunity"
)


class _Said(Word):
    """Names what is no step of the table, for the sentence that refuses it."""

    CHECK = "CHECK", "登记核实", "Record the owner check"


async def submit(work: Work, id: UUID, *, version: int | None = None) -> Opportunity:
    """Submit a draft for audit; Huawei sees it from now on (COL-2.5#3, COL-2.2.3)."""
    record = await work.get(Opportunity, id, version=version)
    await route(work, record)
    await PO.fire(work, record, "submit", values={"submitted_at": work.now, "submitted_by": work.actor.id})
    return record


async def return_completed(work: Work, id: UUID, *, version: int | None = None) -> Opportunity:
    """Hand a completed opportunity back; the audit clock starts anew (COL-2.5 guard 5).

    The submission time stays unless the customer or the offerings changed; then it is the time of the return.
    """
    record = await work.get(Opportunity, id, version=version)
    values: dict[str, Any] = {}
    if await _changed_since_sent_back(work, record, {*CUSTOMER_FIELDS, "offering_ids"} & {*record.returned_fields}):
        values["submitted_at"] = work.now
    await route(work, record)
    # The audit begins anew, so it is the PDM's again.
    values |= {"returned_fields": [], "escalated_at": None}
    await PO.fire(work, record, "return_completed", values=values)
    return record


async def _changed_since_sent_back(work: Work, record: Opportunity, names: set[str]) -> bool:
    """Tell from the journal whether one of these fields is another than when the record was sent back."""
    lines: list[JournalLine] = await work.every(
        select(JournalLine)
        .where(
            JournalLine.subject_id == record.id,
            JournalLine.operation == COMPLETE.code,
            col(JournalLine.at) >= record.entered_at,
        )
        .order_by(col(JournalLine.at), col(JournalLine.id))
    )
    told = [[line.changes[name] for line in lines if name in line.changes] for name in names]
    return any(of and of[0].get("fromHash") != of[-1].get("toHash") for of in told)


async def route(work: Work, record: Opportunity) -> None:
    """Find office, customer, owner and BD; the partner does not choose them (COL-2.1.7, COL-2.1.8).

    An existing customer goes to the office of its owner; with no owner, and for a new customer, the location decides.
    """
    # The partner's own customer comes first; one of another partner still tells office and owner.
    customer = await own_customer(work, record)
    # The credit code says more than an account, of which a company may have several.
    for column, value in ((Customer.credit_code, record.credit_code), (Customer.account_name, record.account_name)):
        if customer is None and value:
            customer = await work.first(select(Customer).where(column == value).order_by(col(Customer.id)).limit(1))
    record.customer_id = customer.id if customer else None
    record.owner_id = customer.owner_id if customer else None
    record.bd_id = customer.bd_id if customer else None
    owner: Account | None = None
    if record.owner_id is not None:
        owner = await work.first(select(Account).where(Account.id == record.owner_id))
    if owner is not None and owner.office_id:
        record.office_id = owner.office_id
    elif record.province:
        record.office_id = office_for(record.province).code


async def change_offering(work: Work, id: UUID, offering_ids: Sequence[str], *, version: int) -> Opportunity:
    """Put other offerings of the partner in place while Huawei reviews; the partner sees them at once (COL-2.2.2)."""
    record = await work.get(Opportunity, id, version=version)
    work.actor.require(Right.OPPORTUNITY_CHANGE_OFFERING)
    wanted = [str(one) for one in offering_ids]
    refuse(await offerings_are_own(work, Move(record, work.actor, work.now, values={"offering_ids": wanted})))
    if amend(work, record, OFFERING, {"offering_ids": wanted}):
        await follow_offerings(work, record)
        await refresh(work, record)
    return record


async def write_note(work: Work, id: UUID, text: str | None, *, version: int) -> Opportunity:
    """Keep a note that Huawei's side alone reads."""
    record = await work.get(Opportunity, id, version=version)
    values = {"internal_note": (text or "").strip() or None}
    refuse(too_long_for(Opportunity, values))
    amend(work, record, NOTE, values, internal=True)
    return record


async def record_owner_check(
    work: Work,
    id: UUID,
    *,
    exists: bool,
    already_closed: bool,
    has_budget: bool,
    order_time: str | None,
    remark: str | None = None,
) -> Opportunity:
    """Record what the customer told its owner; the owner does it, or the BD on the owner's word (COL-2.4.6)."""
    record = await work.get(Opportunity, id)
    work.actor.require(Right.OPPORTUNITY_CHECK_OWNER)
    if record.status != Status.VALIDATING:
        raise TransitionNotAllowedError(action=_Said.CHECK, status=record.status)
    order_time, remark = (order_time or "").strip() or None, (remark or "").strip() or None
    refuse(too_long_for(OwnerCheck, {"order_time": order_time, "remark": remark}))
    check = OwnerCheck(
        opportunity_id=record.id,
        at=work.now,
        by_id=work.actor.id,
        by_name=work.actor.name,
        on_owners_word=work.actor.id != record.owner_id,
        exists=exists,
        already_closed=already_closed,
        has_budget=has_budget,
        order_time=order_time,
        remark=remark,
    )
    work.add(check)
    if record.owner_id is None and record.bd_id is None:
        # A new customer has nobody yet; whoever of the office has talked to it looks after the opportunity from now on.
        whose = "bd_id" if work.actor.may(Right.OPPORTUNITY_CANCEL) else "owner_id"
        setattr(record, whose, work.actor.id)
        if (entry := await open_entry(work, VALIDATION_QUEUE, record)) is not None:
            setattr(entry, whose, work.actor.id)
    passed = exists and not already_closed and has_budget and order_time is not None
    record.owner_checked_at, record.owner_check_passed = work.now, passed
    work.note(CHECK, record, after={"owner_check_passed": passed}, internal=True)
    return record


async def review(work: Work, record: Opportunity, verb: str, given: DecisionInput) -> None:
    """Take a reviewer's decision, with what goes with it; the one way from both windows (COL-2.5#4 to #8, #17)."""
    values: dict[str, Any] = {}
    match verb:
        case "approve_audit":
            values = {"audit_approved_at": work.now}
            await route(work, record)
        case "send_back":
            values = {"returned_fields": _named(given.fields), "message_to_partner": given.reason}
        case "validate":
            values = {"validated_at": work.now, "stage": Stage.REQUIREMENT, "win_probability": 10}
        case "reject_audit" | "reject_validation":
            values = {"rejection_reason": given.reason_code, "message_to_partner": given.reason}
            if given.reason_code in DUPLICATE_REASONS:
                other = given.values.get("duplicate_of_id")
                values["duplicate_of_id"] = await _duplicate_of(work, record, other, given.reason_code)
    await lifecycle_of(record).fire(
        work, record, verb, reason_code=given.reason_code, reason=given.reason, values=values
    )


def named_fields(fields: Sequence[str]) -> tuple[str, ...]:
    """Read field names as the API writes them."""
    return tuple(re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in fields)


def _named(fields: Sequence[str]) -> list[str]:
    if not fields:
        raise FieldRequiredError(path="fields")
    refuse(ValueNotAllowedError(path="fields", value=name) for name in fields if name not in FORM)
    return list(dict.fromkeys(fields))


async def _duplicate_of(work: Work, record: Opportunity, other: UUID | None, code: Word | None) -> UUID | None:
    """Find the match that a rejection names; its code says whether that is a partner's or Huawei's (COL-2.7.8)."""
    if other is None:
        return None
    match: DuplicateMatch | None = await work.first(
        select(DuplicateMatch).where(DuplicateMatch.opportunity_id == record.id, DuplicateMatch.other_id == other)
    )
    if match is None:
        raise NotFoundError(path="duplicate_of_id")
    meant = RejectionReason.DUPLICATE_HO if match.other_direction == Direction.HO else RejectionReason.DUPLICATE_PO
    if code != meant:
        raise ReasonCodeNotAllowedError(path="reasonCode", reason=code)
    return other
