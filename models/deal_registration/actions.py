"""What a partner's people do with deal registrations: create, edit page by page, register, tell progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.customer import Customer
from models.customer_report import CustomerReport
from models.deal_registration.lifecycle import DEAL
from models.deal_registration.record import BASIC, DETAIL, REVENUE, DealProgress, DealRegistration
from models.deal_registration.refusals import NotRegisteredYetError, OneCustomerRequiredError
from models.deal_registration.rules import (
    LONGEST_TERM,
    basic_is_complete,
    chosen_customer,
    chosen_report,
    detail_is_complete,
    form_errors,
    revenue_gaps,
    revenue_is_complete,
)
from models.deal_registration.words import RegistrationStatus
from models.kernel.amend import amend, field_path
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    LengthError,
    NotFoundError,
    ValueNotAllowedError,
    refuse,
)
from models.kernel.journal import Operation
from models.kernel.lifecycle import Move, Standing
from models.kernel.work import Work
from models.opportunity import Stage
from models.opportunity.rules import minor_amount
from models.rights import Right

CREATE: Final = Operation(
    *("deal_registration.create", "新建商机报备", "Create a deal registration"),
    *("dealRegistration", "createDealRegistration"),
    private=True,
)
SAVE: Final = Operation(
    *("deal_registration.save", "保存商机报备草稿", "Save the draft of a deal registration"),
    *("dealRegistration", "updateDealRegistration"),
    private=True,
)
EDIT: Final = Operation(
    *("deal_registration.edit", "修改商机报备", "Edit a deal registration"),
    *("dealRegistration", "updateDealRegistration"),
)
PROGRESS: Final = Operation(
    *("deal_registration.report_progress", "更新商机进展", "Tell the progress of a deal"),
    *("dealRegistration", "updateDealProgress"),
)
LONGEST_TEXT: Final = 1000


async def create(
    work: Work, customer_id: UUID | None, values: Mapping[str, Any], *, report_id: UUID | None = None
) -> DealRegistration:
    """Begin a deal registration for an associated customer, or for one that was reported.

    COL-6.1.1 to COL-6.1.3, COL-6.1.8, COL-6.1.9: a director may only look on; what an account manager creates is his.
    For others it belongs to the customer's account manager. `values` names fields of the three pages.
    """
    work.actor.require(Right.DEAL_CREATE)
    if (customer_id is None) == (report_id is None):
        raise OneCustomerRequiredError(path="customer")
    customer: Customer | CustomerReport = (
        await chosen_customer(work, customer_id) if report_id is None else await chosen_report(work, report_id)
    )
    record = DealRegistration(
        partner_id=work.actor.partner_id,
        customer_id=customer_id,
        report_id=report_id,
        manager_id=_whose(work, customer),
        office_id=customer.office_id,
        owner_id=customer.owner_id,
        bd_id=customer.bd_id,
        company_name=customer.company_name,
        account_name=customer.account_name,
        created_at=work.now,
        updated_at=work.now,
    )
    given = await _typed(work, record, values)
    for name, value in given.items():
        setattr(record, name, value)
    await DEAL.begin(work, record, CREATE, after=given)
    await work.flush()
    return record


async def edit(work: Work, id: UUID, values: Mapping[str, Any], *, version: int) -> DealRegistration:
    """Edit pages of a deal registration; what is registered stays complete (COL-6.1.4, COL-6.1.5)."""
    work.actor.require(Right.DEAL_CREATE)
    record = await work.get(DealRegistration, id, version=version)
    given = await _typed(work, record, values)
    registered = record.status == RegistrationStatus.REGISTERED
    amend(work, record, EDIT if registered else SAVE, given)
    if registered:
        whole = Move(record, work.actor, work.now)
        refuse(
            error for guard in (basic_is_complete, detail_is_complete, revenue_is_complete) for error in guard(whole)
        )
    return record


async def submit(work: Work, id: UUID, *, version: int) -> DealRegistration:
    """Register the deal with Huawei Cloud: from now on Huawei's side sees it (COL-6.1.4)."""
    record = await work.get(DealRegistration, id, version=version)
    await DEAL.fire(work, record, "submit", values={"registered_at": work.now})
    return record


async def report_progress(
    work: Work,
    id: UUID,
    *,
    stage: Stage,
    win_probability: int,
    details: str,
    technical_exchange: str | None = None,
    test_status: str | None = None,
) -> DealProgress:
    """Append progress; it edits nothing, and nothing edits it (COL-6.1.5, COL-2.6.6)."""
    work.actor.require(Right.DEAL_CREATE)
    record = await work.get(DealRegistration, id)
    if record.status != RegistrationStatus.REGISTERED:
        raise NotRegisteredYetError()
    texts = {"details": details, "technical_exchange": technical_exchange, "test_status": test_status}
    told = {name: (text or "").strip() or None for name, text in texts.items()}
    refuse(
        [
            *(
                LengthError(path=field_path(name), minimum=0, maximum=LONGEST_TEXT, length=len(text))
                for name, text in told.items()
                if text and len(text) > LONGEST_TEXT
            ),
            None if told["details"] else FieldRequiredError(path="details"),
            None if 0 <= win_probability <= 100 else ValueNotAllowedError(path="winProbability", value=win_probability),
        ]
    )
    progress = work.add(
        DealProgress(
            deal_registration_id=record.id,
            at=work.now,
            by_id=work.actor.id,
            by_name=work.actor.name,
            stage=stage,
            win_probability=win_probability,
            **told,
        )
    )
    record.stage, record.win_probability = stage, win_probability
    record.last_progress_at = record.updated_at = work.now
    work.note(PROGRESS, record, changes={"stage": {"to": stage.value}, "winProbability": {"to": win_probability}})
    return progress


async def standing(work: Work, id: UUID) -> list[Standing[RegistrationStatus]]:
    """List the steps that lead on from here for this actor, with what blocks each."""
    found = await work.first(
        select(DealRegistration).where(DealRegistration.id == id, DealRegistration.visible_to(work.actor))
    )
    if found is None:
        raise NotFoundError()
    return await DEAL.standing(work, found)


def _whose(work: Work, customer: Customer | CustomerReport) -> UUID | None:
    """What an account manager creates becomes his (COL-6.1.2)."""
    if not work.actor.may(Right.DEAL_READ_OWN):
        return work.actor.id
    return customer.account_manager_id if customer.partner_id == work.actor.partner_id else None


async def _typed(work: Work, record: DealRegistration, values: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: value.strip() or None if isinstance(value, str) else value for name, value in values.items()
    }
    errors: list[DomainError] = [
        ValueNotAllowedError(path=field_path(name), value=name)
        for name in given
        if name not in (*BASIC, *DETAIL, *REVENUE)
    ]
    if "name" in given:
        given["name"] = given["name"] or ""
    if "services" in given:
        given["services"] = [str(one) for one in given["services"] or ()]
    if "currency" in given:
        given["currency"] = given["currency"] or record.currency
    if given.get("expected_amount") is not None:
        try:
            given["expected_amount"] = minor_amount(
                given["expected_amount"], given.get("currency", record.currency), "expectedAmount"
            )
        except DomainError as error:
            errors += error
            given.pop("expected_amount")
    elif given.get("currency", record.currency) != record.currency and record.expected_amount is not None:
        # An amount never changes by changing its currency: the two come together.
        errors.append(FieldRequiredError(path="expectedAmount"))
    errors += form_errors(given, await work.policy(LONGEST_TERM))
    if any(name in given for name in REVENUE):
        faulty = {str(error.path[0]) for error in errors if error.path}
        whole = {name: given.get(name, getattr(record, name)) for name in REVENUE}
        errors += [gap for gap in revenue_gaps(whole) if str(gap.path[0]) not in faulty]
    refuse(errors)
    return given
