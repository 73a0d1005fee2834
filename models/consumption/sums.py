"""Sums of consumption: which rows are added up, and how a sum grows without being read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from models.consumption.record import ConsumptionDay, ConsumptionSummary
from models.kernel.reads.plan import table_of
from models.kernel.work import Work

GROUPED: Final = (
    *("customer_id", "partner_id", "account_manager_id", "association_type", "bill_cycle", "view", "currency"),
)
SUMMED: Final = ("official_amount", "discount_amount", "amount_due", "performance_amount", "line_count")


def summary_id(values: Mapping[str, Any]) -> UUID:
    """Name the summary that a line belongs to; whoever adds to it need not look for it."""
    return _named("\n".join([str(values[name]) for name in GROUPED]))


def day_id(values: Mapping[str, Any]) -> UUID:
    """Name the day's sum that a line belongs to."""
    return _named("\n".join([str(values[name]) for name in (*GROUPED, "day")]))


def _named(text: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest(), version=5)


async def add_up(
    work: Work, model: type[ConsumptionSummary] | type[ConsumptionDay], sums: Iterable[Mapping[str, Any]]
) -> None:
    """Add to sums that are there and begin those that are not, in one order for all who do so at once."""
    rows = sorted(sums, key=lambda one: one["id"].hex)
    if not rows:
        return
    table = table_of(model)
    postgres = work.session.get_bind().dialect.name == "postgresql"
    made: Any = postgresql.insert(table) if postgres else sqlite.insert(table)
    grown = {name: table.c[name] + made.excluded[name] for name in SUMMED}
    await work.session.execute(made.on_conflict_do_update(index_elements=["id"], set_=grown), rows)
