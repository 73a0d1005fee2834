"""What must hold of a deal registration, page by page; guards are pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.customer import Customer
from models.customer_report import CustomerReport, ReportStatus
from models.deal_registration.record import REVENUE, DealRegistration
from models.deal_registration.refusals import CustomerNotChoosableError, DayBeforeError
from models.deal_registration.words import BillingMode
from models.kernel.access import Actor
from models.kernel.amend import field_path
from models.kernel.calendar import beijing_day
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, NotFoundError, ValueNotAllowedError
from models.kernel.lifecycle import Move
from models.kernel.policy import Policy
from models.kernel.work import Work
from models.opportunity.refusals import ContactRequiredError
from models.opportunity.rules import EMAIL, MOBILE
from models.partner import PartnerOrganisation
from models.reference import SERVICES
from models.rights import Right

LONGEST_TERM = Policy("deal_registration.longest_term_months", 60, "商机收入最长周期（月）", "Longest term in months")
LENGTHS: Final = {"name": (1, 128), "requirement": (10, 1000), "contact_name": (1, 64), "task_id": (0, 64)}


def own_associated(actor: Actor) -> sa.ColumnElement[bool]:
    """Select associated customers: of the organisation, or those assigned to this manager (COL-6.1.1, COL-6.1.2)."""
    own = col(Customer.partner_id) == actor.partner_id
    return own if actor.may(Right.DEAL_READ_OWN) else sa.and_(own, col(Customer.account_manager_id) == actor.id)


def of_resellers(actor: Actor) -> sa.ColumnElement[bool]:
    """Select what is associated with a reseller of this distributor; reported is not enough there (COL-6.1.9)."""
    if not actor.may(Right.DEAL_READ_OWN):
        return sa.false()
    resellers = select(PartnerOrganisation.id).where(PartnerOrganisation.distributor_id == actor.partner_id)
    return col(Customer.partner_id).in_(resellers)


async def chosen_customer(work: Work, customer_id: Any) -> Customer:
    """Find the customer for which somebody would register a deal, or refuse.

    COL-6.1.1, COL-6.1.2, COL-6.1.9. One that he does not see at all is not there.
    """
    if work.actor.partner_id is None:
        raise NotFoundError(path="customer")
    may = sa.or_(own_associated(work.actor), of_resellers(work.actor))
    found: Customer | None = await work.first(select(Customer).where(col(Customer.id) == customer_id, may))
    if found is not None:
        return found
    if await work.first(select(Customer.id).where(col(Customer.id) == customer_id, Customer.visible_to(work.actor))):
        raise CustomerNotChoosableError(path="customer")
    raise NotFoundError(path="customer")


async def chosen_report(work: Work, report_id: UUID, *statuses: ReportStatus, path: str = "report") -> CustomerReport:
    """Find the report of the customer for which somebody would register a deal, or refuse.

    COL-6.1.1, COL-6.1.2, COL-6.1.9: one's own organisation's, while it holds; an account manager's own.
    """
    found: CustomerReport | None = await work.first(
        select(CustomerReport).where(
            CustomerReport.id == report_id,
            CustomerReport.partner_id == work.actor.partner_id,
            CustomerReport.visible_to(work.actor),
        )
    )
    if found is None:
        raise NotFoundError(path=path)
    own = work.actor.may(Right.DEAL_READ_OWN) or found.account_manager_id == work.actor.id
    if found.status not in (statuses or (ReportStatus.REPORTED,)) or not own:
        raise CustomerNotChoosableError(path=path)
    return found


async def customer_is_still_choosable(work: Work, move: Move) -> list[DomainError]:
    """The customer is associated, or reported and perhaps associated since, when the deal is registered (COL-6.1.1)."""
    record: DealRegistration = move.record
    try:
        if record.report_id is not None:
            await chosen_report(work, record.report_id, ReportStatus.REPORTED, ReportStatus.ASSOCIATED)
        else:
            await chosen_customer(work, record.customer_id)
    except DomainError as error:
        return [*error]
    return []


def form_errors(values: Mapping[str, Any], longest_term: int) -> Iterator[DomainError]:
    """Find values that no field may hold, be it a draft."""
    for name, (_, most) in LENGTHS.items():
        value = values.get(name)
        if value is not None and len(value) > most:
            yield LengthError(path=field_path(name), minimum=LENGTHS[name][0], maximum=most, length=len(value))
    for code in values.get("services") or ():
        if code not in SERVICES:
            yield ValueNotAllowedError(path="services", value=code)
    for name, form in (("contact_mobile", MOBILE), ("contact_email", EMAIL)):
        value = values.get(name)
        if value is not None and not (len(value) <= 254 and form.fullmatch(value)):
            yield ValueNotAllowedError(path=field_path(name), value=value)
    term = values.get("term_months")
    if term is not None and not 1 <= term <= longest_term:
        yield ValueNotAllowedError(path="termMonths", value=term)
    mode = values.get("billing_mode")
    if mode is not None and mode not in list(BillingMode):
        yield ValueNotAllowedError(path="billingMode", value=mode)


def basic_is_complete(move: Move) -> Iterator[DomainError]:
    """The first page names the deal (COL-6.1.4)."""
    if not move.record.name:
        yield FieldRequiredError(path="name")


def detail_is_complete(move: Move) -> Iterator[DomainError]:
    """The second page says what the customer needs, with which services, and whom to speak to (COL-6.1.4)."""
    record: DealRegistration = move.record
    least, most = LENGTHS["requirement"]
    if not record.requirement:
        yield FieldRequiredError(path="requirement")
    elif len(record.requirement) < least:
        yield LengthError(path="requirement", minimum=least, maximum=most, length=len(record.requirement))
    if not record.services:
        yield FieldRequiredError(path="services")
    if not record.contact_name:
        yield FieldRequiredError(path="contactName")
    if not (record.contact_mobile or record.contact_email):
        yield ContactRequiredError(path="contactMobile")


def revenue_is_complete(move: Move) -> Iterator[DomainError]:
    """Every field of the revenue page is mandatory (COL-6.1.4)."""
    yield from revenue_gaps({name: getattr(move.record, name) for name in REVENUE})


def revenue_gaps(values: Mapping[str, Any]) -> Iterator[DomainError]:
    """Find what the revenue page lacks, and days that do not follow each other."""
    for name in REVENUE:
        if values[name] is None:
            yield FieldRequiredError(path=field_path(name))
    sign, starts = values["expected_sign_date"], values["revenue_starts_on"]
    if sign is not None and starts is not None and starts < sign:
        yield DayBeforeError(path="revenueStartsOn", earliest=sign)


def signing_lies_ahead(move: Move) -> Iterator[DomainError]:
    """A deal that is registered is still to be signed."""
    sign, today = move.record.expected_sign_date, beijing_day(move.now)
    if sign is not None and sign < today:
        yield DayBeforeError(path="expectedSignDate", earliest=today)
