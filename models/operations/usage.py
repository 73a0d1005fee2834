"""How often documents run, and how fast: counted in memory, written down together now and then."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.kernel.calendar import beijing_day
from models.kernel.values import Instant, new_id
from models.kernel.work import Clock, Work, utc_now
from models.operations.record import BUCKETS, DocumentUsage

MOST_KEPT: Final = 10_000
"""How many documents are counted between two writes."""
DAYS: Final = 30
BUCKET_COLUMNS: Final = (*(f"within_{bound}" for bound in BUCKETS), "slower")


@dataclass
class Tally:
    """What is counted of one document (用量统计)."""

    calls: int = 0
    errors: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * len(BUCKET_COLUMNS))
    last_seen_at: dt.datetime | None = None

    def add(self, other: Tally) -> None:
        """Take another tally of the same document in."""
        self.calls += other.calls
        self.errors += other.errors
        self.buckets = [mine + its for mine, its in zip(self.buckets, other.buckets, strict=True)]
        seen = [one for one in (self.last_seen_at, other.last_seen_at) if one is not None]
        self.last_seen_at = max(seen, default=None)

    @property
    def p95(self) -> float | None:
        """Give the milliseconds within which 95 of 100 calls were answered, as well as the buckets tell."""
        return percentile(self.buckets, 0.95)


class Usage:
    """What ran since it was last written down (用量累计)."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._tallies: dict[UUID, Tally] = {}

    def __len__(self) -> int:
        return len(self._tallies)

    def seen(self, document_id: UUID, seconds: float, failed: bool) -> None:
        """Count one call of a document."""
        tally = self._tallies.get(document_id)
        if tally is None:
            if len(self._tallies) >= MOST_KEPT:
                return
            tally = self._tallies[document_id] = Tally()
        tally.calls += 1
        tally.errors += failed
        tally.buckets[bisect.bisect_left(BUCKETS, seconds * 1000)] += 1
        tally.last_seen_at = self._clock()

    def take(self) -> dict[UUID, Tally]:
        """Hand over what was counted, and begin anew."""
        taken, self._tallies = self._tallies, {}
        return taken

    def give_back(self, taken: Mapping[UUID, Tally]) -> None:
        """Count again what could not be written down."""
        for document_id, tally in taken.items():
            self._tallies.setdefault(document_id, Tally()).add(tally)


async def write_down(work: Work, taken: Mapping[UUID, Tally]) -> None:
    """Add what was counted to the day's figures, in one statement."""
    if not taken:
        return
    table: Any = DocumentUsage.__table__  # type: ignore[attr-defined]
    day = beijing_day(work.now)
    rows = [
        {
            "id": new_id(),
            "document_id": document_id,
            "day": day,
            "last_seen_at": tally.last_seen_at or work.now,
            "calls": tally.calls,
            "errors": tally.errors,
            **dict(zip(BUCKET_COLUMNS, tally.buckets, strict=True)),
        }
        # In one order, so that two workers never wait for each other.
        for document_id, tally in sorted(taken.items())
    ]
    dialect = postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite
    insert: Any = dialect.insert(table)
    added = {name: table.c[name] + insert.excluded[name] for name in ("calls", "errors", *BUCKET_COLUMNS)}
    added["last_seen_at"] = sa.case(
        (insert.excluded.last_seen_at > table.c.last_seen_at, insert.excluded.last_seen_at),
        else_=table.c.last_seen_at,
    )
    await work.session.execute(
        insert.on_conflict_do_update(index_elements=[table.c.document_id, table.c.day], set_=added), rows
    )


async def usage_of(
    session: AsyncSession, document_ids: Collection[UUID], now: dt.datetime, days: int = DAYS
) -> dict[UUID, Tally]:
    """Sum up what was counted of some documents in the last days; when each was last seen, whenever that was."""
    if not document_ids:
        return {}
    table: Any = DocumentUsage.__table__  # type: ignore[attr-defined]
    since = beijing_day(now) - dt.timedelta(days=days - 1)
    recent = sa.case((table.c.day >= since, 1), else_=0)
    names = ("calls", "errors", *BUCKET_COLUMNS)
    found = await session.execute(
        sa.select(
            table.c.document_id,
            sa.func.max(table.c.last_seen_at, type_=Instant()),
            *(sa.func.sum(table.c[name] * recent) for name in names),
        )
        .where(table.c.document_id.in_(document_ids))
        .group_by(table.c.document_id)
    )
    return {line[0]: Tally(int(line[2]), int(line[3]), [int(one) for one in line[4:]], line[1]) for line in found.all()}


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """Estimate a percentile of milliseconds from counts by bucket; calls spread evenly within theirs."""
    total = sum(buckets)
    if not total:
        return None
    rank, below, lower = share * total, 0, 0.0
    for count, upper in zip(buckets, (*BUCKETS, None), strict=True):
        if below + count >= rank and count:
            return lower if upper is None else round(lower + (upper - lower) * (rank - below) / count, 1)
        below += count
        lower = float(upper or lower)
    return lower
