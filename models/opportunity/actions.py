"""What a partner does with its own opportunities, and what Huawei decides on them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models import pce
from models.approval import DecisionInput
from models.customer import Customer
from models.identity import Account
from models.kernel.amend import amend
from models.kernel.calendar import beijing_day
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    NotFoundError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
    refuse,
)
from models.kernel.journal import Operation
from models.kernel.lifecycle import Move
from models.kernel.values import normalised_company_name, parse_public_id
from models.kernel.words import Word
from models.kernel.work import Work
from models.opportunity.duplicates import DuplicateMatch, refresh
from models.opportunity.lifecycle import PO, lifecycle_of, offerings_are_own
from models.opportunity.policies import DISPUTE_DAYS
from models.opportunity.record import CUSTOMER_FIELDS, FORM, Opportunity, OpportunityLine, OwnerCheck
from models.opportunity.refusals import CustomerNotFoundError, DraftSubmittedError
from models.opportunity.rules import MoneyText, amount_of, form_errors, minor_amount
from models.opportunity.words import (
    DUPLICATE_REASONS,
    Direction,
    Stage,
    Status,
)
from models.partner import Offering
from models.reference import office_for
from models.rights import Right

SAVE = Operation("opportunity.save_draft", "保存草稿", "Save a draft", "opportunity", "saveOpportunity")
DELETE = Operation("opportunity.delete_draft", "删除草稿", "Delete a draft", "opportunity", "saveOpportunity")
COMPLETE = Operation("opportunity.complete", "补充信息", "Complete fields", "opportunity", "saveOpportunity")
COPY = Operation("opportunity.copy_to_draft", "复制为草稿", "Copy to a draft", "opportunity", "saveOpportunity")
OFFERING = Operation(
    "opportunity.change_offering", "修改Offering", "Change the offering", "opportunity", "auditOpportunity"
)
NOTE = Operation("opportunity.note", "内部备注", "Internal note", "opportunity", "auditOpportunity")
CHECK = Operation(
    "opportunity.owner_check", "登记客户负责人核实", "Record the owner check", "opportunity", "validateOpportunity"
)

Lines = Sequence[Mapping[str, Any]]


async def save_draft(
    work: Work,
    values: Mapping[str, Any],
    *,
    id: UUID | None = None,
    version: int | None = None,
    external_id: str | None = None,
    lines: Lines | None = None,
) -> Opportunity:
    """Save a draft, new or existing; with an external id the client application's own draft is found (COL-2.2.1).

    `values` names fields of FORM; `expected_amount` is a text in `currency`. Only members of PCE add one (COL-2.5#1).
    """
    work.actor.require(Right.OPPORTUNITY_SHARE)
    record = await _existing_draft(work, id, version, external_id)
    if record is None:
        refuse(await pce.not_a_member(work, work.actor.partner_id))
        record = Opportunity(
            partner_id=work.actor.partner_id,
            client_id=work.actor.client_id if external_id else None,
            external_id=external_id,
            created_at=work.now,
            updated_at=work.now,
        )
        given = await _typed(work, record, values)
        for name, value in given.items():
            setattr(record, name, value)
        record.responsible_id = record.responsible_id or work.actor.id
        work.add(record)
        work.note(SAVE, record, after=given, to_status=str(record.status))
    else:
        given = await _typed(work, record, values)
        amend(work, record, SAVE if record.status == Status.DRAFT else COMPLETE, given)
    await _follow(work, record, given)
    if lines is not None:
        await replace_lines(work, record, lines)
    return record


async def _existing_draft(
    work: Work, id: UUID | None, version: int | None, external_id: str | None
) -> Opportunity | None:
    if id is not None:
        return await work.get(Opportunity, id, version=version)
    if external_id is None:
        return None
    found: Opportunity | None = await work.first(
        select(Opportunity)
        .where(
            Opportunity.client_id == work.actor.client_id,
            Opportunity.external_id == external_id,
            Opportunity.visible_to(work.actor),
        )
        .with_for_update()
    )
    if found is not None and found.status != Status.DRAFT:
        raise DraftSubmittedError(path="external_id")
    return found


async def _typed(work: Work, record: Opportunity, values: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(values)
    errors: list[DomainError] = [ValueNotAllowedError(path=name, value=name) for name in given if name not in FORM]
    for name, value in given.items():
        if isinstance(value, str):
            given[name] = value.strip() or None
    for name in ("pre_sales_activities", "services", "support_needed", "offering_ids"):
        if name in given:
            given[name] = [str(one) for one in given[name] or ()]
    if "name" in given and given["name"] is None:
        given["name"] = ""
    currency = given.get("currency") or record.currency
    if given.get("expected_amount") is not None:
        try:
            given["expected_amount"] = minor_amount(given["expected_amount"], currency, "expected_amount")
        except DomainError as error:
            errors += error
            given.pop("expected_amount")
    errors += form_errors(given)
    if (responsible := given.get("responsible_id")) is not None:
        mine = select(Account.id).where(Account.id == responsible, Account.partner_id == work.actor.partner_id)
        if await work.first(mine) is None:
            errors.append(NotFoundError(path="responsible_id"))
    if given.get("account_name") and not await _account_exists(work, given["account_name"]):
        errors.append(CustomerNotFoundError(path="account_name"))
    refuse(errors)
    return given


async def _account_exists(work: Work, account_name: str) -> bool:
    return await work.first(select(Customer.id).where(Customer.account_name == account_name).limit(1)) is not None


async def _follow(work: Work, record: Opportunity, given: Mapping[str, Any]) -> None:
    """Derive what the system decides and nobody types: the duplicate key, demand tags, whether it counts (COL-2.2)."""
    if "company_name" in given:
        record.normalised_name = normalised_company_name(record.company_name or "") or None
    if "offering_ids" in given:
        await follow_offerings(work, record)


async def follow_offerings(work: Work, record: Opportunity) -> None:
    """Take demand tags and the assessment mark from the offerings (COL-2.2 table, COL-2.2.5, COL-2.2.6)."""
    ids = [parse_public_id(text)[1] for text in record.offering_ids if text.startswith("off_")]
    offerings = await work.every(
        select(Offering).where(col(Offering.id).in_(ids), Offering.partner_id == record.partner_id)
    )
    record.demand_tags = sorted({service for offering in offerings for service in offering.services})
    record.counts_for_assessment = any(offering.counts_for_assessment for offering in offerings)


async def replace_lines(work: Work, record: Opportunity, lines: Lines) -> None:
    """Put other product lines in the place of the present ones."""
    await work.flush()
    await work.session.execute(sa.delete(OpportunityLine).where(col(OpportunityLine.opportunity_id) == record.id))
    for position, line in enumerate(lines):
        currency = line.get("currency") or record.currency
        amount = line.get("amount")
        work.add(
            OpportunityLine(
                opportunity_id=record.id,
                position=position,
                product=line["product"],
                service=line.get("service"),
                quantity=line.get("quantity") or 1,
                amount=minor_amount(amount, currency, "amount") if amount is not None else None,
                currency=currency,
            )
        )


async def delete_draft(work: Work, id: UUID, *, version: int) -> Opportunity:
    """Delete a draft for good; nothing else is ever deleted (COL-2.5#2)."""
    record = await work.get(Opportunity, id, version=version)
    work.actor.require(Right.OPPORTUNITY_SHARE)
    if record.status != Status.DRAFT:
        raise TransitionNotAllowedError(action=_Said.DELETE, status=record.status)
    await replace_lines(work, record, [])
    work.note(DELETE, record, from_status=str(record.status))
    await work.remove(record)
    return record


class _Said(Word):
    """Names what is no step of the table, for the sentence that refuses it."""

    DELETE = "DELETE", "删除草稿", "Delete the draft"
    COPY = "COPY", "复制为草稿", "Copy to a draft"
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
    if record.returned_fields and set(record.returned_fields) & {*CUSTOMER_FIELDS, "offering_ids"}:
        values["submitted_at"] = work.now
    await route(work, record)
    # The audit begins anew, so it is the PDM's again.
    values |= {"returned_fields": [], "escalated_at": None}
    await PO.fire(work, record, "return_completed", values=values)
    return record


async def route(work: Work, record: Opportunity) -> None:
    """Find office, customer, owner and BD; the partner does not choose them (COL-2.1.7, COL-2.1.8).

    An existing customer goes to the office of its owner; with no owner, and for a new customer, the location decides.
    """
    keys = [
        column == value
        for column, value in (
            (col(Customer.credit_code), record.credit_code),
            (col(Customer.account_name), record.account_name),
        )
        if value
    ]
    customer: Customer | None = None
    if keys:
        customer = await work.first(select(Customer).where(sa.or_(*keys)).order_by(col(Customer.id)).limit(1))
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


async def copy_to_draft(work: Work, id: UUID) -> Opportunity:
    """Begin a new draft from a rejected opportunity, which itself stays as it is (COL-2.5#15)."""
    work.actor.require(Right.OPPORTUNITY_SHARE)
    refuse(await pce.not_a_member(work, work.actor.partner_id))
    old = await work.get(Opportunity, id)
    if old.status not in (Status.AUDIT_REJECTED, Status.VALIDATION_REJECTED):
        raise TransitionNotAllowedError(action=_Said.COPY, status=old.status)
    fields = {name: getattr(old, name) for name in FORM if name != "consent_confirmed"}
    record = Opportunity(
        partner_id=old.partner_id,
        previous_id=old.id,
        normalised_name=old.normalised_name,
        created_at=work.now,
        updated_at=work.now,
        **fields,
    )
    await follow_offerings(work, record)
    work.add(record)
    work.note(COPY, record, to_status=str(record.status), changes={"previous": old.public_id})
    return record


async def change_offering(
    work: Work, id: UUID, offering_ids: Sequence[str], *, version: int, reason: str | None = None
) -> Opportunity:
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
    amend(work, record, NOTE, {"internal_note": (text or "").strip() or None}, internal=True)
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
    order_time = (order_time or "").strip() or None
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
        remark=(remark or "").strip() or None,
    )
    work.add(check)
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
                values["duplicate_of_id"] = await _duplicate_of(work, record, given.values.get("duplicate_of_id"))
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


async def _duplicate_of(work: Work, record: Opportunity, other: UUID | None) -> UUID | None:
    if other is None:
        return None
    match = await work.first(
        select(DuplicateMatch.id).where(DuplicateMatch.opportunity_id == record.id, DuplicateMatch.other_id == other)
    )
    if match is None:
        raise NotFoundError(path="duplicate_of_id")
    return other


async def cancel(work: Work, id: UUID, *, version: int, reason_code: Word | None, reason: str | None) -> Opportunity:
    """Cancel what was validated or accepted; only Huawei does (COL-2.5#11, COL-2.5 guard 1, COL-3.2#8)."""
    record = await work.get(Opportunity, id, version=version)
    verb = "cancel" if record.direction == Direction.PO else "cancel_ho"
    await lifecycle_of(record).fire(
        work, record, verb, reason_code=reason_code, reason=reason, values={"cancel_reason": reason_code}
    )
    return record


async def win(
    work: Work,
    id: UUID,
    *,
    version: int,
    amount: MoneyText | None,
    signed_on: dt.date | None,
    contract_number: str | None,
    consuming_account: str | None,
) -> Opportunity:
    """Mark an opportunity won, with its signing data (COL-2.5#12, COL-2.6.7)."""
    record = await work.get(Opportunity, id, version=version)
    values = {
        "signed_amount": amount_of(record, amount, "signed_amount"),
        "signed_on": signed_on,
        "contract_number": (contract_number or "").strip() or None,
        "consuming_account": (consuming_account or "").strip() or None,
        "stage": Stage.SIGNED,
        "win_probability": 100,
        "last_progress_at": work.now,
    }
    await lifecycle_of(record).fire(work, record, _of(record, "win"), values=values)
    return record


async def lose(
    work: Work,
    id: UUID,
    *,
    version: int,
    lost_reason: Word | None,
    competitor: str | None = None,
    lost_on: dt.date | None = None,
    note: str | None = None,
) -> Opportunity:
    """Mark an opportunity lost, with reason and competitor (COL-2.5#13, COL-2.6.7)."""
    record = await work.get(Opportunity, id, version=version)
    values = {
        "lost_reason": lost_reason,
        "competitor": (competitor or "").strip() or None,
        "lost_note": (note or "").strip() or None,
        "lost_on": lost_on or beijing_day(work.now),
        "stage": Stage.LOST,
        "win_probability": 0,
        "last_progress_at": work.now,
    }
    await lifecycle_of(record).fire(work, record, _of(record, "lose"), values=values)
    return record


async def deliver(work: Work, id: UUID, *, version: int, delivered_on: dt.date | None) -> Opportunity:
    """Mark a won opportunity delivered; Huawei may dispute it within ten working days (COL-2.5#14)."""
    record = await work.get(Opportunity, id, version=version)
    until = (await work.calendar()).due_after(work.now, await work.policy(DISPUTE_DAYS))
    values = {
        "delivered_on": delivered_on,
        "delivered_at": work.now,
        "dispute_until": until,
        "stage": Stage.DELIVERED,
        "last_progress_at": work.now,
    }
    await lifecycle_of(record).fire(work, record, _of(record, "deliver"), values=values)
    return record


async def confirm_delivery(work: Work, id: UUID, *, version: int) -> Opportunity:
    """Confirm a delivery, which ends the time for disputing it (COL-2.5#14)."""
    record = await work.get(Opportunity, id, version=version)
    await lifecycle_of(record).fire(
        work, record, _of(record, "confirm_delivery"), values={"delivery_confirmed_at": work.now}
    )
    return record


async def dispute(work: Work, id: UUID, *, version: int, reason: str | None) -> Opportunity:
    """Dispute a delivery; the opportunity is won, not delivered, again (COL-2.5#16)."""
    record = await work.get(Opportunity, id, version=version)
    values = {"delivered_on": None, "delivered_at": None, "dispute_until": None, "stage": Stage.DELIVERING}
    await lifecycle_of(record).fire(work, record, _of(record, "dispute"), reason=reason, values=values)
    return record


def _of(record: Opportunity, verb: str) -> str:
    return verb if record.direction == Direction.PO else f"{verb}_ho"
