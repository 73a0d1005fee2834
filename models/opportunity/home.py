"""What a partner's home page says: its pipeline, what waits for it, what is due next, and who has how much to do."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from models.identity import Account
from models.kernel.access import Outcome
from models.kernel.reads import Page, Reader, Row, Wanted
from models.kernel.reads.asking import hexadecimal
from models.kernel.reads.statement import given
from models.kernel.values import Instant
from models.opportunity.offers import HoOffer
from models.opportunity.policies import STALE_DAYS
from models.opportunity.record import TERMS, Opportunity, stale
from models.opportunity.words import IN_REVIEW, OPEN_TO_PROGRESS, OfferStatus, Stage, Status
from models.rights import Right

MOST_PEOPLE = 100


@dataclass(frozen=True)
class StageGroup:
    """One stage of the pipeline (商机阶段汇总); without a stage it is what Huawei still reviews.

    `amounts` are minor units by currency, and None for whoever may not read them.
    """

    stage: Stage | None
    count: int
    amounts: Mapping[str, int] | None


@dataclass(frozen=True)
class Overview:
    """The figures of a home page (工作台概览)."""

    pipeline: list[StageGroup]
    drafts: int
    returned: int
    stale: int
    offers: int


async def overview(reader: Reader) -> Overview:
    """Count the viewer's pipeline by stage, and what waits for the partner (COL-2.6.5, COL-3.2#3)."""
    await reader.prepare()
    rows = await reader.groups(
        Opportunity,
        *_overview(),
        name="overview",
        stale_before=reader.now - dt.timedelta(days=reader.policy(STALE_DAYS)),
    )
    offers = await reader.count(HoOffer, Page(filter=(("status", (OfferStatus.PENDING,)),)))
    by_status: dict[Status, int] = defaultdict(int)
    for row in rows:
        by_status[Status[row[0]]] += row[3]
    return Overview(
        pipeline=_pipeline(rows, reader),
        drafts=by_status[Status.DRAFT],
        returned=by_status[Status.RETURNED],
        stale=sum(int(row[5]) for row in rows),
        offers=offers,
    )


@cache
def _overview() -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    table = Opportunity.__table__  # type: ignore[attr-defined]
    overdue = stale(given("stale_before", Instant()))
    return (table.c.status, table.c.stage, table.c.currency), (
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(table.c.expected_amount), 0),
        sa.func.coalesce(sa.func.sum(sa.case((overdue, 1), else_=0)), 0),
    )


def _pipeline(rows: list[Any], reader: Reader) -> list[StageGroup]:
    told = TERMS.outcome(reader.actor) is Outcome.PLAIN
    if not told:
        reader.redact(Opportunity, "expected_amount", Outcome.REFUSED)
    counts: dict[Stage | None, int] = {}
    amounts: dict[Stage | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for status, stage, currency, count, amount, _ in rows:
        if status not in IN_REVIEW and status not in OPEN_TO_PROGRESS:
            continue
        key = Stage[stage] if stage is not None and status in OPEN_TO_PROGRESS else None
        counts[key] = counts.get(key, 0) + count
        if amount:
            amounts[key][currency] += int(amount)
    order: list[Stage | None] = [None, *Stage]
    return [
        StageGroup(key, counts[key], dict(sorted(amounts[key].items())) if told else None)
        for key in order
        if key in counts
    ]


async def due_next(reader: Reader, wanted: Wanted, first: int) -> list[Row]:
    """List the opportunities whose clock runs out next."""
    page = Page(first=first, sort=(("due_at", False),), filter=(("clock_runs", True),))
    return (await reader.page(Opportunity, wanted, page)).nodes


async def assignees(reader: Reader, wanted: Wanted) -> list[tuple[Row, int]]:
    """List the people of one's organisation who can be in charge, each with his open opportunities."""
    actor = reader.actor
    if actor.partner_id is None or not actor.may(Right.OPPORTUNITY_SHARE):
        return []
    people = await reader.page(
        Account,
        wanted,
        Page(first=MOST_PEOPLE),
        where=(col(Account.partner_id) == actor.partner_id, col(Account.active).is_(True)),
    )
    table = Opportunity.__table__  # type: ignore[attr-defined]
    open_ones = Page(filter=(("status", (Status.DRAFT, *IN_REVIEW, *OPEN_TO_PROGRESS)),))
    counted = await reader.groups(Opportunity, (table.c.responsible_id,), (sa.func.count(),), open_ones, name="load")
    load = {hexadecimal(id): count for id, count in counted if id is not None}
    return [(row, load.get(row.key, 0)) for row in people.nodes]


__all__ = ["Overview", "StageGroup", "assignees", "due_next", "overview"]
