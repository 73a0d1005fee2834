"""What can be asked about opportunities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import strawberry

from models import opportunity as domain
from models.kernel.reads import Page
from models.kernel.reads.asking import Asked, Asking
from resolvers.context import Info, given, searched, single, tell
from resolvers.fields import Connection, by_id, page_of, search, told
from resolvers.opportunity.inputs import OpportunityFilter, OpportunityOrder
from resolvers.opportunity.types import HoOffer, Opportunity, OpportunitySummary, SummaryGroup
from resolvers.scalars import Money


@strawberry.input(description="Conditions on offers.")
class HoOfferFilter:
    """Which offers (筛选条件)."""

    status: list[domain.OfferStatus] | None = None


def _summary(asking: Asking, filter: OpportunityFilter | None = None) -> Asked:
    return Figures((yield from domain.progress.ask_summary(asking, page_of(filter=filter) if filter else Page())))


class Figures:
    """A pipeline in figures (汇总), each made when it is asked for."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    @property
    def count(self) -> int:
        """Count all of them."""
        return sum(row["count"] for row in self._rows)

    @property
    def won(self) -> SummaryGroup:
        """Give what is won."""
        return _group("won", domain.progress.parted(self._rows)["won"])

    @property
    def lost(self) -> SummaryGroup:
        """Give what is lost."""
        return _group("lost", domain.progress.parted(self._rows)["lost"])

    @property
    def open(self) -> SummaryGroup:
        """Give what is still open."""
        return _group("open", domain.progress.parted(self._rows)["open"])

    @property
    def by_status(self) -> list[SummaryGroup]:
        """Give a group for each status."""
        return _groups(self._rows, lambda row: str(row["status"]))

    @property
    def by_stage(self) -> list[SummaryGroup]:
        """Give a group for each stage."""
        return _groups(self._rows, lambda row: row["stage"] and str(row["stage"]))

    @property
    def by_month(self) -> list[SummaryGroup]:
        """Give a group for each month of the close."""
        return _groups(self._rows, lambda row: row["month"])

    @property
    def by_currency(self) -> list[SummaryGroup]:
        """Give a group for each currency."""
        return _groups(self._rows, lambda row: row["currency"])


@strawberry.type
class OpportunityQuery:
    """What can be asked about opportunities."""

    @strawberry.field(
        metadata=search(domain.Opportunity),
        description="The opportunities that the viewer sees, a keyset page at a time.",
    )
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
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=by_id(domain.Opportunity), description="One opportunity, by its id or by the tool's own external id."
    )
    async def opportunity(
        self, info: Info, id: strawberry.ID | None = None, external_id: str | None = None
    ) -> Opportunity | None:
        """Give one opportunity."""
        found: Any = None
        if id is not None:
            found = await given(info, id)
        elif external_id is not None:
            async with info.context.reading() as reader:
                key = await domain.id_by_external_id(reader, external_id)
            found = await single(info, domain.Opportunity, key) if key is not None else None
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=told(domain.Opportunity, _summary, single=True),
        description="Counts and amounts of what the viewer sees; amounts never cross currencies.",
    )
    async def opportunity_summary(
        self, info: Info, filter: OpportunityFilter | None = None
    ) -> OpportunitySummary | None:
        """Sum up a pipeline."""
        found: Any = await tell(info, filter=filter)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.HoOffer),
        description="What Huawei offers to one's organisation, or the offers that Huawei's side made.",
    )
    async def ho_offers(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        filter: HoOfferFilter | None = None,
    ) -> Connection[HoOffer] | None:
        """List offers."""
        found: Any = await searched(info, {"first": first, "after": after, "filter": filter})
        return found  # type: ignore[no-any-return]

    @strawberry.field(metadata=by_id(domain.HoOffer), description="One offer.")
    async def ho_offer(self, info: Info, id: strawberry.ID) -> HoOffer | None:
        """Give one offer."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]


def _groups(rows: Iterable[dict[str, Any]], by: Callable[[dict[str, Any]], Any]) -> list[SummaryGroup]:
    grouped: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[by(row)].append(row)
    return [_group(key, grouped[key]) for key in sorted(grouped, key=lambda key: (key is None, key))]


def _group(key: str | None, rows: list[dict[str, Any]]) -> SummaryGroup:
    return SummaryGroup(
        key=key,
        count=sum([row["count"] for row in rows]),
        expected=_amounts(rows, "expected"),
        signed=_amounts(rows, "signed"),
    )


def _amounts(rows: list[dict[str, Any]], name: str) -> list[Money] | None:
    totals: dict[str, int] = {}
    for row in rows:
        if (minor := row[name]) is None:
            return None
        if minor:
            totals[row["currency"]] = totals.get(row["currency"], 0) + minor
    found = [Money.of(minor, currency) for currency, minor in sorted(totals.items()) if minor]
    return [money for money in found if money is not None]
