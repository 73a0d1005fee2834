"""What is looked at when a customer is reported: the form, the partner, other reports, and what Huawei knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.customer import Customer, CustomerFact, Known, known_of, violations
from models.customer.obstacles import (
    CONTRACTS,
    CashSpendingError,
    ConsumerCloudUserError,
    CustomerOfAnotherPartnerError,
    CustomerOfYoursError,
    OtherSiteCustomerError,
    RewardProgrammeError,
    UnifiedAccountingSubError,
    refusals_of,
)
from models.customer_report.policies import MOST_REPORTS, OLD_ACCOUNT_DAYS
from models.customer_report.record import CustomerReport
from models.customer_report.refusals import (
    NameUnreadableError,
    PartnerUnreachableError,
    ReportedByAnotherPartnerError,
    ReportedByYouError,
    TooManyReportsError,
)
from models.customer_report.words import HOLDING, ReviewCause
from models.identity import Account
from models.kernel.amend import field_path
from models.kernel.errors import DomainError, FieldRequiredError
from models.kernel.lifecycle import Move
from models.kernel.record import too_long_for
from models.kernel.values import normalised_company_name
from models.kernel.work import Work

BLOCKED: Final[Mapping[CustomerFact, type[DomainError]]] = {
    CustomerFact.OTHER_SITE: OtherSiteCustomerError,
    **CONTRACTS,
    CustomerFact.UNIFIED_ACCOUNTING_SUB: UnifiedAccountingSubError,
    CustomerFact.CONSUMER_CLOUD_USER: ConsumerCloudUserError,
    CustomerFact.REWARD_PROGRAMME: RewardProgrammeError,
}
_REVIEWED: Final[Mapping[CustomerFact, ReviewCause]] = {
    CustomerFact.REPORTED_BY_HUAWEI: ReviewCause.REPORTED_BY_HUAWEI,
    CustomerFact.ONLINE_SALES: ReviewCause.ONLINE_SALES,
    CustomerFact.SALES_SUPPORT_CENTRE: ReviewCause.SALES_SUPPORT_CENTRE,
}
MOST_MATCHES: Final = 50


def form_violations(values: Mapping[str, Any]) -> Iterator[DomainError]:
    """Say what is wrong with a report as it is filled in, asking nobody."""
    name = values.get("company_name")
    if not name:
        yield FieldRequiredError(path="companyName")
    elif not normalised_company_name(name):
        yield NameUnreadableError(path="companyName")
    if not values.get("mobile") and not values.get("email"):
        yield FieldRequiredError(path="mobile")
    yield from violations(values)
    told = {name: text for name, text in values.items() if name not in ("company_name", "account_name")}
    for error in too_long_for(CustomerReport, told):
        error.path = (field_path(str(error.path[0])),)
        yield error


async def partner_obstacles(work: Work, partner_id: UUID) -> list[DomainError]:
    """See that the partner can be reached and has room for one more report (COL-5.2.3, COL-5.2.5)."""
    found: list[DomainError] = []
    main = await work.first(
        select(Account).where(Account.partner_id == partner_id, col(Account.is_main).is_(True)).limit(1)
    )
    if main is None or not (main.mobile or main.email):
        found.append(PartnerUnreachableError())
    most = await work.policy(MOST_REPORTS)
    holding = select(CustomerReport.id).where(
        CustomerReport.partner_id == partner_id, col(CustomerReport.status).in_(HOLDING)
    )
    if await work.count(holding) >= most:
        found.append(TooManyReportsError(maximum=most))
    return found


async def matches(work: Work, values: Mapping[str, Any]) -> Sequence[Customer]:
    """Find every customer that the facts of a report may mean, the surest first, whoever sees it."""
    name = normalised_company_name(values.get("company_name") or "")
    keys = [
        (Customer.account_name, values.get("account_name")),
        (Customer.credit_code, values.get("credit_code")),
        (Customer.normalised_name, name),
    ]
    asked = [(col(column), value) for column, value in keys if value]
    if not asked:
        return []
    surest = sa.case(*[(column == value, place) for place, (column, value) in enumerate(asked)], else_=len(asked))
    found = await work.every(
        select(Customer)
        .where(sa.or_(*[column == value for column, value in asked]))
        .order_by(surest, col(Customer.partner_id).is_(None), col(Customer.id))
        .limit(MOST_MATCHES)
    )
    code = values.get("credit_code")
    # Of two companies with one name and two credit codes, the other one is not meant.
    return [
        customer
        for customer in found
        if not (code and customer.credit_code and customer.credit_code != code)
        or customer.account_name == values.get("account_name")
    ]


async def known_of_all(work: Work, customers: Sequence[Customer]) -> Known:
    """Put together what is known of all customers that a report may mean; the oldest account counts."""
    every = [await known_of(work, customer.id) for customer in customers]
    facts = frozenset().union(*(known.facts for known in every))
    return Known(facts, min((known.registered_at for known in every if known.registered_at), default=None))


async def customer_obstacles(
    work: Work, partner_id: UUID, values: Mapping[str, Any], customers: Sequence[Customer], known: Known
) -> list[DomainError]:
    """Name each cause for which the customer cannot be reported, and no other partner (COL-5.2.6, COL-5.2.8)."""
    found = _taken(partner_id, customers)
    holding = await held_by(work, values, customers)
    if holding is not None and holding.partner_id == partner_id:
        found.append(ReportedByYouError(report=holding.public_id))
    elif holding is not None:
        found.append(ReportedByAnotherPartnerError())
    found += refusals_of(known, BLOCKED)
    if CustomerFact.CASH_SPENDING in known.facts and CustomerFact.DIRECT_SALES not in known.facts:
        found.append(CashSpendingError())
    return list({error.code: error for error in found}.values())


async def held_by(work: Work, values: Mapping[str, Any], customers: Sequence[Customer]) -> CustomerReport | None:
    """Find the report that holds the same customer: names compare without brackets, width and legal form."""
    same: list[sa.ColumnElement[bool]] = [col(CustomerReport.customer_id).in_([customer.id for customer in customers])]
    for column, value in (
        (CustomerReport.normalised_name, normalised_company_name(values.get("company_name") or "")),
        (CustomerReport.credit_code, values.get("credit_code")),
        (CustomerReport.account_name, values.get("account_name")),
    ):
        if value:
            same.append(col(column) == value)
    found: CustomerReport | None = await work.first(
        select(CustomerReport)
        .where(col(CustomerReport.status).in_(HOLDING), sa.or_(*same))
        .order_by(col(CustomerReport.id))
        .limit(1)
    )
    return found


async def review_causes(work: Work, known: Known) -> list[ReviewCause]:
    """Say why somebody must look at a report before it holds (COL-5.2.7)."""
    causes: list[ReviewCause] = []
    old = known.older_than(await work.policy(OLD_ACCOUNT_DAYS), work.now)
    if (old or CustomerFact.CASH_SPENDING in known.facts) and CustomerFact.DIRECT_SALES in known.facts:
        causes.append(ReviewCause.FOLLOWED_BY_DIRECT_SALES)
    return causes + [cause for fact, cause in _REVIEWED.items() if fact in known.facts]


async def customer_still_free(work: Work, move: Move) -> list[DomainError]:
    """A customer that came to a partner meanwhile is reported no more (COL-5.2.6)."""
    report: Any = move.record
    values = {name: getattr(report, name) for name in ("company_name", "credit_code", "account_name")}
    return _taken(report.partner_id, await matches(work, values))


def _taken(partner_id: UUID, customers: Sequence[Customer]) -> list[DomainError]:
    """Say of customers that are with a partner whether it is this one (COL-5.1.2)."""
    return [
        CustomerOfYoursError() if one == partner_id else CustomerOfAnotherPartnerError()
        for one in dict.fromkeys(customer.partner_id for customer in customers if customer.partner_id)
    ]
