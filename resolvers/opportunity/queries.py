"""What can be asked about opportunities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import strawberry

from models import opportunity as domain
from models.kernel.reads import Page
from resolvers.context import Info, page, single
from resolvers.fields import Connection, page_of
from resolvers.opportunity.inputs import OpportunityFilter, OpportunityOrder
from resolvers.opportunity.types import HoOffer, Opportunity, OpportunitySummary, SummaryGroup
from resolvers.scalars import Money, uid


@strawberry.input(description="Conditions on offers.")
class HoOfferFilter:
    """Which offers (筛选条件)."""

    status: list[domain.OfferStatus] | None = None


@strawberry.type
class OpportunityQuery:
    """What can be asked about opportunities."""

    @strawberry.field(description="The opportunities that the viewer sees, a keyset page at a time.")
    async def opportunities(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: OpportunityFilter | None = None,
        sort: list[OpportunityOrder] | None = None,
    ) -> Connection[Opportunity] | None:
        """List opportunities."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await page(info, domain.Opportunity, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="One opportunity, by its id or by the tool's own external id.")
    async def opportunity(
        self, info: Info, id: strawberry.ID | None = None, external_id: str | None = None
    ) -> Opportunity | None:
        """Give one opportunity."""
        key: Any = uid(id, domain.Opportunity.prefix) if id is not None else None
        if key is None and external_id is not None:
            async with info.context.reading() as reader:
                key = await domain.id_by_external_id(reader, external_id)
        found: Any = await single(info, domain.Opportunity, key) if key is not None else None
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="Counts and amounts of what the viewer sees; amounts never cross currencies.")
    async def opportunity_summary(
        self, info: Info, filter: OpportunityFilter | None = None
    ) -> OpportunitySummary | None:
        """Sum up a pipeline."""
        async with info.context.reading() as reader:
            rows = await domain.progress.summary(reader, page_of(filter=filter) if filter else Page())
        return _summed(rows)

    @strawberry.field(description="What Huawei offers to one's organisation, or the offers that Huawei's side made.")
    async def ho_offers(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        filter: HoOfferFilter | None = None,
    ) -> Connection[HoOffer] | None:
        """List offers."""
        found: Any = await page(info, domain.HoOffer, {"first": first, "after": after, "filter": filter})
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="One offer.")
    async def ho_offer(self, info: Info, id: strawberry.ID) -> HoOffer | None:
        """Give one offer."""
        found: Any = await single(info, domain.HoOffer, uid(id, domain.HoOffer.prefix))
        return found  # type: ignore[no-any-return]


def _summed(rows: list[dict[str, Any]]) -> OpportunitySummary:
    parts = domain.progress.parted(rows)
    return OpportunitySummary(
        count=sum(row["count"] for row in rows),
        won=_group("won", parts["won"]),
        lost=_group("lost", parts["lost"]),
        open=_group("open", parts["open"]),
        by_status=_groups(rows, lambda row: str(row["status"])),
        by_stage=_groups(rows, lambda row: row["stage"] and str(row["stage"])),
        by_month=_groups(rows, lambda row: row["month"]),
        by_currency=_groups(rows, lambda row: row["currency"]),
    )


def _groups(rows: Iterable[dict[str, Any]], by: Callable[[dict[str, Any]], Any]) -> list[SummaryGroup]:
    grouped: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[by(row)].append(row)
    return [_group(key, grouped[key]) for key in sorted(grouped, key=lambda key: (key is None, key))]


def _group(key: str | None, rows: list[dict[str, Any]]) -> SummaryGroup:
    return SummaryGroup(
        key=key,
        count=sum(row["count"] for row in rows),
        expected=_amounts(rows, "expected"),
        signed=_amounts(rows, "signed"),
    )


def _amounts(rows: list[dict[str, Any]], name: str) -> list[Money] | None:
    if any(row[name] is None for row in rows):
        return None
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        totals[row["currency"]] += row[name]
    found = [Money.of(minor, currency) for currency, minor in sorted(totals.items()) if minor]
    return [money for money in found if money is not None]
