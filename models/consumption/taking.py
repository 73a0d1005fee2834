"""Takes lines of consumption in, each once: what of it is performance, and what it adds to its day or month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from models.consumption.record import ConsumptionDay, ConsumptionDetail, ConsumptionSummary, PerformanceDetail
from models.consumption.sums import GROUPED, SUMMED, add_up, day_id, summary_id
from models.consumption.window import move_on
from models.consumption.words import REFUNDS, ConsumptionView
from models.kernel.reads.plan import table_of
from models.kernel.record import Record
from models.kernel.values import Instant, Uid, instant_text
from models.kernel.work import Work

# A line that is known already must say the same of these.
TELLING: Final = ("customer_id", "bill_cycle", "consumed_at", "bill_detail_type", "currency", "amount_due")
# In the order of the tables' columns, as statements name them.
DETAIL: Final = tuple(table_of(ConsumptionDetail).columns.keys())
PERFORMANCE: Final = tuple(table_of(PerformanceDetail).columns.keys())
_DETAIL: Final = itemgetter(*DETAIL)
_PERFORMANCE: Final = itemgetter(*PERFORMANCE)
_GROUP: Final = itemgetter(*(name for name in GROUPED if name != "view"))
Line = Mapping[str, Any]


async def known_lines(session: AsyncSession, line_ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Find lines that are here already, by Huawei Cloud's own ids, with what tells whether they are the same."""
    table = table_of(ConsumptionDetail)
    ids: Any
    if session.get_bind().dialect.name == "postgresql":
        among = table.c.line_id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.String())))
        ids = list(line_ids)
    else:
        listed = sa.func.json_each(sa.bindparam("ids", type_=sa.JSON())).table_valued("value")
        among = table.c.line_id.in_(sa.select(listed.c.value))
        ids = list(line_ids)
    found = await session.execute(
        sa.select(table.c.line_id, *(table.c[name] for name in TELLING)).where(among), {"ids": ids}
    )
    return {line_id: tuple(rest) for line_id, *rest in found}


async def take_in(work: Work, lines: Collection[Line], through: dt.date | None = None) -> dt.date:
    """Take new lines in, and add them up: to their months where the day is old enough, else to their days.

    Answers the last day that is old enough, which the next call may be given.
    """
    if through is None:
        moved: dt.date = (await move_on(work))["through_day"]
        through = moved
    details, performance = [], []
    summaries: dict[tuple[Any, ...], UUID] = {}
    sums: dict[bool, dict[tuple[Any, ...], dict[str, Any]]] = {True: {}, False: {}}
    for line in lines:
        details.append(_DETAIL(line))
        view = ConsumptionView.REFUND if line["bill_detail_type"] in REFUNDS else ConsumptionView.CONSUMPTION
        group = (*_GROUP(line), view)
        if (summary := summaries.get(group)) is None:
            summary = summaries[group] = summary_id({**line, "view": view})
        counted = line["performance_amount"]
        if counted is not None:
            performance.append(_PERFORMANCE({**line, "summary_id": summary}))
        day = line["day"]
        summed = day <= through
        key = group if summed else (*group, day)
        if (grown := sums[summed].get(key)) is None:
            grown = sums[summed][key] = _begun({**line, "view": view}, summary, summed)
        grown["official_amount"] += line["official_amount"]
        grown["discount_amount"] += line["discount_amount"]
        grown["amount_due"] += line["amount_due"]
        grown["performance_amount"] += counted or 0
        grown["line_count"] += 1
    await _insert(work, ConsumptionDetail, DETAIL, details)
    await _insert(work, PerformanceDetail, PERFORMANCE, performance)
    await add_up(work, ConsumptionSummary, sums[True].values())
    await add_up(work, ConsumptionDay, sums[False].values())
    return through


def _begun(values: Line, summary: UUID, summed: bool) -> dict[str, Any]:
    begun = {name: values[name] for name in GROUPED} | dict.fromkeys(SUMMED, 0)
    return {"id": summary, **begun} if summed else {"id": day_id(values), "day": values["day"], **begun}


async def _insert(work: Work, model: type[Record], names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write many rows as the driver takes them: by COPY on PostgreSQL, else by one prepared statement."""
    if not rows:
        return
    connection = await work.session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    copies = hasattr(driver, "copy_records_to_table")
    table = table_of(model)
    ready = _ready(table, names, rows, copies)
    if not copies:
        await connection.exec_driver_sql(_statement(table, tuple(names)), ready)
        return
    # The driver's own transaction begins with the first statement; what is known has been read before.
    try:
        await driver.copy_records_to_table(table.name, records=ready, columns=list(names))
    except Exception as error:
        if getattr(error, "sqlstate", None) != "23505":
            raise
        # Somebody else took the same lines in meanwhile; run once more, the import finds them.
        raise IntegrityError(f"COPY {table.name}", None, error) from error


@cache
def _statement(table: sa.Table, names: tuple[str, ...]) -> str:
    return str(sa.insert(table).compile(dialect=sqlite.dialect(), column_keys=list(names)))


def _ready(
    table: sa.Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]], postgres: bool
) -> list[tuple[Any, ...]]:
    """Turn values into what the driver takes, column by column."""
    columns = []
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        turn = _turn(table.c[name].type, postgres)
        columns.append(values if turn is None else [None if value is None else turn(value) for value in values])
    return list(zip(*columns, strict=True))


def _turn(type_: sa.types.TypeEngine[Any], postgres: bool) -> Callable[[Any], Any] | None:
    if isinstance(type_, sa.Enum):
        return _code
    if postgres:
        return None
    if isinstance(type_, Uid):
        return _hexadecimal
    return instant_text if isinstance(type_, Instant) else None


_code: Final = attrgetter("value")
_hexadecimal: Final = attrgetter("hex")
