"""A partner's dashboard: its pipeline, its customers, what they consume, and what waits for somebody."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from models.association_request import AssociationRequest
from models.association_request.words import AssociationRequestStatus
from models.consumption import ConsumptionSummary
from models.consumption.record import CONSUMPTION
from models.consumption.window import month_of, months_before
from models.customer import AssociationType, Customer
from models.customer.record import PROFILE
from models.customer_report import CustomerReport
from models.customer_report.words import ReportStatus
from models.invitation import Invitation
from models.invitation.words import InvitationStatus
from models.kernel.access import FieldRule, Outcome
from models.kernel.calendar import BEIJING, beijing_day
from models.kernel.reads.asking import Asked, Asking
from models.kernel.reads.plan import table_of
from models.kernel.reads.statement import given
from models.kernel.record import Record
from models.kernel.values import Instant
from models.lead import Lead
from models.lead.words import WITH_FOLLOWER, LeadStatus
from models.opportunity import HoOffer, OfferStatus, Opportunity, Status
from models.opportunity.record import CONTRACT, TERMS

MONTHS: Final = 12
SOON: Final = dt.timedelta(days=3)
Amounts = Mapping[str, int]


@dataclass(frozen=True)
class StatusFigures:
    """What of a pipeline is in one status (状态汇总); amounts are minor units by currency, None where withheld."""

    status: Status
    count: int
    expected: Amounts | None
    signed: Amounts | None


@dataclass(frozen=True)
class CustomerFigures:
    """How many customers there are (客户汇总), by type and new this month where the viewer reads associations."""

    count: int
    by_type: Mapping[AssociationType | None, int] | None
    new_this_month: int | None


@dataclass(frozen=True)
class MonthFigures:
    """What was consumed in one month (消费趋势), as minor units by currency: what is due, and what counts."""

    month: str
    due: Amounts
    performance: Amounts


@dataclass(frozen=True)
class Waiting:
    """What waits for somebody of the organisation (待办)."""

    drafts: int
    returned: int
    offers: int
    requests: int
    leads_to_dispatch: int
    leads_overdue: int
    reports_ending: int
    invitations_open: int


@dataclass(frozen=True)
class Dashboard:
    """A partner's dashboard (伙伴看板), of what the viewer sees."""

    pipeline: list[StatusFigures]
    customers: CustomerFigures
    consumption: list[MonthFigures] | None
    waiting: Waiting


def ask_dashboard(asking: Asking) -> Asked:
    """Ask for a dashboard, in one statement for each kind of figures and one for all that waits."""
    pipeline = yield from asking.ask_grouped(Opportunity, *_pipeline(), name="dashboard")
    customers = yield from _ask_customers(asking)
    consumption = yield from _ask_consumption(asking)
    tally = yield asking.ask_tally("dashboard", _waiting, now=asking.now, soon=asking.now + SOON)
    statuses = _statuses(asking, pipeline)
    counts = {figures.status: figures.count for figures in statuses}
    return Dashboard(
        pipeline=statuses,
        customers=customers,
        consumption=consumption,
        waiting=Waiting(counts.get(Status.DRAFT, 0), counts.get(Status.RETURNED, 0), *map(int, tally[0])),
    )


@cache
def _pipeline() -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    table = Opportunity.__table__  # type: ignore[attr-defined]
    return (table.c.status, table.c.currency), (
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(table.c.expected_amount), 0),
        sa.func.coalesce(sa.func.sum(table.c.signed_amount), 0),
    )


def _statuses(asking: Asking, rows: list[Any]) -> list[StatusFigures]:
    terms = _told(asking, TERMS, Opportunity, "expected_amount")
    contract = _told(asking, CONTRACT, Opportunity, "signed_amount")
    counts: dict[Status, int] = defaultdict(int)
    expected: dict[Status, dict[str, int]] = defaultdict(dict)
    signed: dict[Status, dict[str, int]] = defaultdict(dict)
    for status, currency, count, wished, reached in rows:
        counts[Status[status]] += count
        for amounts, amount in ((expected, wished), (signed, reached)):
            if amount:
                amounts[Status[status]][currency] = int(amount)
    return [
        StatusFigures(
            status,
            counts[status],
            expected[status] if terms else None,
            signed[status] if contract else None,
        )
        for status in Status
        if status in counts
    ]


def _told(asking: Asking, rule: FieldRule, model: type[Record], name: str) -> bool:
    """Tell whether a figure may be made of a field; whoever may not read it finds that said."""
    if rule.outcome(asking.actor) is Outcome.PLAIN:
        return True
    asking.redact(model, name, Outcome.REFUSED)
    return False


def _ask_customers(asking: Asking) -> Asked:
    table = Customer.__table__  # type: ignore[attr-defined]
    if not _told(asking, PROFILE, Customer, "association_type"):
        [[count]] = yield from asking.ask_grouped(Customer, (), (sa.func.count(),), name="dashboard of all")
        return CustomerFigures(count, None, None)
    today = beijing_day(asking.now)
    began = dt.datetime.combine(today.replace(day=1), dt.time(), BEIJING)
    new = table.c.associated_on >= given("began", Instant())
    rows = yield from asking.ask_grouped(
        Customer,
        (table.c.association_type,),
        (sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((new, 1), else_=0)), 0)),
        name="dashboard",
        began=began,
    )
    by_type = {AssociationType[row[0]] if row[0] else None: int(row[1]) for row in rows}
    return CustomerFigures(sum(by_type.values()), by_type, sum(int(row[2]) for row in rows))


def _ask_consumption(asking: Asking) -> Asked:
    """Add up the last twelve months, for reference only: no bill for settlement (COL-5.9.2)."""
    if not _told(asking, CONSUMPTION, ConsumptionSummary, "amount_due"):
        return None
    table = ConsumptionSummary.__table__  # type: ignore[attr-defined]
    this = month_of(beijing_day(asking.now))
    rows = yield from asking.ask_grouped(
        ConsumptionSummary,
        (table.c.bill_cycle, table.c.currency),
        (sa.func.sum(table.c.amount_due), sa.func.sum(table.c.performance_amount)),
        name="dashboard",
    )
    months: dict[str, tuple[dict[str, int], dict[str, int]]] = {}
    for month, currency, due, performance in rows:
        if month > months_before(this, MONTHS):
            of_month = months.setdefault(month, ({}, {}))
            of_month[0][currency], of_month[1][currency] = int(due), int(performance)
    return [MonthFigures(month, *amounts) for month, amounts in sorted(months.items())]


def _waiting() -> list[tuple[type[Record], list[sa.ColumnElement[bool]]]]:
    """List what is counted, in the order of Waiting."""
    offers, requests, leads, reports, invitations = (
        table_of(model).c for model in (HoOffer, AssociationRequest, Lead, CustomerReport, Invitation)
    )
    return [
        (HoOffer, [offers.status == OfferStatus.PENDING]),
        (AssociationRequest, [requests.status == AssociationRequestStatus.PENDING_PARTNER]),
        (Lead, [leads.status == LeadStatus.NEW]),
        (Lead, [leads.status.in_(WITH_FOLLOWER), leads.next_follow_at <= given("now", Instant())]),
        (CustomerReport, [reports.status == ReportStatus.REPORTED, reports.due_at <= given("soon", Instant())]),
        (Invitation, [invitations.status == InvitationStatus.SENT]),
    ]
