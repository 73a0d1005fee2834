"""What a partner does with its drafts: save, edit, delete, and begin anew from a rejected one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from models import pce
from models.customer import Customer
from models.file import remove_all
from models.identity import Account
from models.kernel.amend import amend
from models.kernel.errors import (
    DomainError,
    FieldNotWritableError,
    FieldRequiredError,
    NotFoundError,
    TransitionNotAllowedError,
    TryAgainError,
    ValueNotAllowedError,
    refuse,
)
from models.kernel.journal import Operation
from models.kernel.record import too_long_for
from models.kernel.values import UnknownCurrencyError, currency_digits, normalised_company_name, parse_public_id
from models.kernel.words import Word
from models.kernel.work import Work
from models.opportunity.record import FORM, Opportunity, OpportunityLine
from models.opportunity.refusals import CustomerNotFoundError, DraftSubmittedError
from models.opportunity.rules import form_errors, line_errors, minor_amount
from models.opportunity.words import Status
from models.partner import Offering
from models.rights import Right

SAVE = Operation("opportunity.save_draft", "保存草稿", "Save a draft", "opportunity", "saveOpportunity", private=True)
DELETE = Operation(
    "opportunity.delete_draft", "删除草稿", "Delete a draft", "opportunity", "saveOpportunity", private=True
)
COMPLETE = Operation("opportunity.complete", "补充信息", "Complete fields", "opportunity", "saveOpportunity")
COPY = Operation(
    "opportunity.copy_to_draft", "复制为草稿", "Copy to a draft", "opportunity", "saveOpportunity", private=True
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
        refuse(too_long_for(Opportunity, {"external_id": external_id}))
        given = await _typed(work, record, values)
        for name, value in given.items():
            setattr(record, name, value)
        record.responsible_id = record.responsible_id or work.actor.id
        work.add(record)
        await _first_of_its_external_id(work)
        work.note(SAVE, record, after=given, to_status=str(record.status))
    else:
        given = await _typed(work, record, values)
        amend(work, record, SAVE if record.status == Status.DRAFT else COMPLETE, given)
    await _follow(work, record, given)
    if lines is not None:
        await _edit_lines(work, record, lines)
    return record


async def _first_of_its_external_id(work: Work) -> None:
    try:
        await work.flush()
    except IntegrityError:
        # The same call came twice at one moment: the second one finds the first one's draft when it is sent again.
        raise TryAgainError() from None


async def _edit_lines(work: Work, record: Opportunity, lines: Lines) -> None:
    """Product lines belong to the content, which is edited in a draft only (COL-2.5#2, COL-2.5 guard 2)."""
    if record.status != Status.DRAFT:
        raise FieldNotWritableError(path="lines")
    present = await work.every(
        select(OpportunityLine)
        .where(OpportunityLine.opportunity_id == record.id)
        .order_by(col(OpportunityLine.position))
    )
    before = [line.model_dump(exclude={"id"}) for line in present]
    await replace_lines(work, record, lines)
    after = [
        line.model_dump(exclude={"id"})
        for line in await work.every(
            select(OpportunityLine)
            .where(OpportunityLine.opportunity_id == record.id)
            .order_by(col(OpportunityLine.position))
        )
    ]
    if before != after:
        record.version += bool(before)
        record.updated_at = work.now
        work.note(SAVE, record, changes={"lines": {"from": len(before), "to": len(after)}})


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
    if "consent_confirmed" in given:
        given["consent_confirmed"] = bool(given["consent_confirmed"])
    if "currency" in given:
        given["currency"] = given["currency"] or record.currency
    currency = given.get("currency", record.currency)
    if currency != record.currency:
        errors += _currency_errors(record, given, currency)
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


def _currency_errors(record: Opportunity, given: Mapping[str, Any], currency: str) -> Iterator[DomainError]:
    """An amount never changes by changing its currency: the two come together."""
    try:
        currency_digits(currency)
    except UnknownCurrencyError:
        yield ValueNotAllowedError(path="currency", value=currency)
    if record.expected_amount is not None and "expected_amount" not in given:
        yield FieldRequiredError(path="expected_amount")


async def _account_exists(work: Work, account_name: str) -> bool:
    return await work.first(select(Customer.id).where(Customer.account_name == account_name).limit(1)) is not None


async def _follow(work: Work, record: Opportunity, given: Mapping[str, Any]) -> None:
    """Derive what the system decides and nobody types: the duplicate key, demand tags, whether it counts (COL-2.2)."""
    if "company_name" in given:
        record.normalised_name = normalised_company_name(record.company_name or "") or None
    if record.status == Status.DRAFT and not given.keys().isdisjoint(("company_name", "credit_code", "account_name")):
        await _link(work, record)
    if "offering_ids" in given:
        await follow_offerings(work, record)


async def follow_offerings(work: Work, record: Opportunity) -> None:
    """Take demand tags and the assessment mark from the offerings (COL-2.2 table, COL-2.2.5, COL-2.2.6)."""
    ids = [id for text in record.offering_ids if (id := _offering_id(text)) is not None]
    offerings = await work.every(
        select(Offering).where(col(Offering.id).in_(ids), Offering.partner_id == record.partner_id)
    )
    record.demand_tags = sorted({service for offering in offerings for service in offering.services})
    record.counts_for_assessment = any(offering.counts_for_assessment for offering in offerings)


async def own_customer(work: Work, record: Opportunity) -> Customer | None:
    """Find which of the partner's own customers an opportunity is about: by credit code, account, or exact name.

    A name alone is not enough where the two have different credit codes.
    """
    code = record.credit_code
    same_code = sa.or_(col(Customer.credit_code).is_(None), col(Customer.credit_code) == code) if code else sa.true()
    for value, condition in (
        (code, col(Customer.credit_code) == code),
        (record.account_name, col(Customer.account_name) == record.account_name),
        (record.normalised_name, sa.and_(col(Customer.normalised_name) == record.normalised_name, same_code)),
    ):
        if value and record.partner_id is not None:
            named = select(Customer).where(Customer.partner_id == record.partner_id, condition)
            found: Customer | None = await work.first(named.order_by(col(Customer.id)).limit(1))
            if found is not None:
                return found
    return None


async def _link(work: Work, record: Opportunity) -> None:
    customer = await own_customer(work, record)
    record.customer_id = customer.id if customer else None


def _offering_id(text: str) -> UUID | None:
    try:
        prefix, id = parse_public_id(text)
    except ValueError:
        return None
    return id if prefix == Offering.prefix else None


async def replace_lines(work: Work, record: Opportunity, lines: Lines) -> None:
    """Put other product lines in the place of the present ones."""
    refuse(line_errors(lines))
    await work.flush()
    await work.session.execute(sa.delete(OpportunityLine).where(col(OpportunityLine.opportunity_id) == record.id))
    for position, line in enumerate(lines):
        currency = line.get("currency") or record.currency
        amount = line.get("amount")
        work.add(
            OpportunityLine(
                opportunity_id=record.id,
                position=position,
                product=line["product"].strip(),
                service=line.get("service") or None,
                quantity=line.get("quantity") or 1,
                amount=_line_amount(amount, currency, position),
                currency=currency,
            )
        )
    await work.flush()


def _line_amount(amount: Any, currency: str, position: int) -> int | None:
    try:
        return minor_amount(amount, currency, "amount") if amount is not None else None
    except DomainError as error:
        raise error.under("lines", position) from None


async def delete_draft(work: Work, id: UUID, *, version: int) -> Opportunity:
    """Delete a draft for good; nothing else is ever deleted (COL-2.5#2)."""
    record = await work.get(Opportunity, id, version=version)
    work.actor.require(Right.OPPORTUNITY_SHARE)
    if record.status != Status.DRAFT:
        raise TransitionNotAllowedError(action=_Said.DELETE, status=record.status)
    await replace_lines(work, record, [])
    await remove_all(work, record.id)
    work.note(DELETE, record, from_status=str(record.status))
    await work.remove(record)
    return record


class _Said(Word):
    """Names what is no step of the table, for the sentence that refuses it."""

    DELETE = "DELETE", "删除草稿", "Delete the draft"
    COPY = "COPY", "复制为草稿", "Copy to a draft"


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
    await _link(work, record)
    work.add(record)
    await work.flush()
    for line in await work.every(select(OpportunityLine).where(OpportunityLine.opportunity_id == old.id)):
        work.add(OpportunityLine(**line.model_dump(exclude={"id", "opportunity_id"}), opportunity_id=record.id))
    work.note(COPY, record, to_status=str(record.status), changes={"previous": old.public_id})
    return record
