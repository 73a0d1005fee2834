"""A large file of consumption, always the same, and how fast it is taken in beside a bare executemany of its rows.

`python -m tests.benchmarks.consumption 1000000` takes so many rows in, and again, and prints rows a second and memory.
"""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.database import connect
from api.installation import Installation
from api.settings import Settings
from models.consumption import ConsumptionDetail, ConsumptionSummary, PerformanceDetail
from models.customer import AssociationType, Customer
from models.identity import operator_actor
from models.kernel.reads.plan import table_of
from models.kernel.work import Work, run_write
from models.onboarding.consumption import ConsumptionReport, import_consumption
from models.partner import PartnerOrganisation
from tests.benchmarks.data import Place, plant_store

ROUNDS, ROWS, PARTNERS, EACH = 3, 20_000, 20, 25
NOW = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
FIRST, DAYS = dt.date(2025, 6, 1), 530
ACCOUNTS = [f"{partner:03}{number:05}" for partner in range(PARTNERS) for number in range(EACH)]

COLUMNS = (
    *("id", "bill_cycle", "customer_id", "association_type", "service_type_code", "service_type_name"),
    *("resource_type_name", "charging_mode", "bill_detail_type", "trade_id", "resource_id", "resource_name"),
    *("product_spec_desc", "region_code", "region_name", "consume_time", "trade_time", "official_amount"),
    *("official_discount_amount", "payment_amount", "cash_amount", "coupon_amount", "debt_amount"),
    "performance_amount",
)
SERVICES = (
    ("hws.service.type.ec2", "弹性云服务器", "云主机"),
    ("hws.service.type.obs", "对象存储服务", "对象存储"),
    ("hws.service.type.rds", "云数据库", "数据库实例"),
    ("hws.service.type.vpc", "虚拟私有云", "带宽"),
)
REGIONS = (("cn-north-4", "华北-北京四"), ("cn-east-3", "华东-上海一"), ("cn-south-1", "华南-广州"))


def make_file(path: Path, rows: int, accounts: Sequence[str], first: dt.date, days: int) -> Path:
    """Write so many rows for these accounts, over so many days from the first; most count as performance."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            day = first + dt.timedelta(days=number * days // rows)
            account = accounts[number * 7919 % len(accounts)]
            code, name, resource = SERVICES[number % 4]
            region = REGIONS[number % 3]
            official, discount = 1000 + number * 37 % 100_000, number * 11 % 500
            due = 0 if number % 11 == 0 else official - discount
            refund = number % 50 == 49
            sign = "-" if refund and due else ""
            at = f"{day}T{number % 14:02d}:{number % 60:02d}:00Z"
            writer.writerow(
                (
                    *(f"{number:08x}-{number * 2654435761 % 2**32:08x}", f"{day:%Y-%m}", account, number % 2 + 1),
                    *(code, name, resource, 3 if number % 3 else 1, 4 if refund else 5),
                    *(f"CS{number // 3:012d}", f"res-{number % 5000:05d}", f"erp-node-{number % 5000:05d}"),
                    *("c7.large.2", *region, at, at, f"{official / 100:.2f}", f"{discount / 100:.2f}"),
                    *(f"{sign}{due / 100:.2f}", f"{sign}{due / 100:.2f}", "0.00", "0.00"),
                    f"{sign}{due / 100:.2f}" if number % 3 else "",
                )
            )
    return path


async def _customers(work: Work) -> None:
    for partner in range(PARTNERS):
        owner = work.add(PartnerOrganisation(name=f"华启软件{partner:04d}有限公司", created_at=NOW, updated_at=NOW))
        await work.flush()
        for number in range(EACH):
            work.add(
                Customer(
                    company_name=f"江苏恒远{partner:03}{number:05}有限公司",
                    huawei_account_id=f"{partner:03}{number:05}",
                    partner_id=owner.id,
                    association_type=AssociationType.RESALE,
                    created_at=NOW - dt.timedelta(days=700),
                    updated_at=NOW,
                )
            )


def _house(place: Place) -> Installation:
    database = connect(place.url)
    return Installation(
        Settings(database_url=place.url), database, database.writer, database.reader, b"key of the benchmark"
    )


async def _planted(place: Place) -> None:
    await plant_store(place)
    house = _house(place)
    await run_write(house, operator_actor(), _customers, clock=lambda: NOW)
    await house.database.dispose()


async def _imported(place: Place, path: Path) -> tuple[float, float, ConsumptionReport]:
    house = _house(place)
    began, started = time.perf_counter(), time.process_time()
    report = await import_consumption(house, operator_actor(), path, clock=lambda: NOW)
    took = time.process_time() - started, time.perf_counter() - began
    await house.database.dispose()
    return *took, report


async def _inserted(place: Place, rows: dict[sa.Table, list[dict[str, Any]]]) -> float:
    database = connect(place.url)
    async with database.writer_engine.begin() as connection:
        started = time.process_time()
        for table, values in rows.items():
            await connection.execute(sa.insert(table), values)
        took = time.process_time() - started
        await connection.rollback()
    await database.dispose()
    return took


async def _rows(place: Place) -> dict[sa.Table, list[dict[str, Any]]]:
    database = connect(place.url)
    async with database.reader() as session:
        tables = [table_of(model) for model in (ConsumptionDetail, PerformanceDetail, ConsumptionSummary)]
        found = {table: [dict(row) for row in (await session.execute(sa.select(table))).mappings()] for table in tables}
    await database.dispose()
    return found


async def _measure() -> list[float]:
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = Place(folder / "empty.db")
        await _planted(empty)
        path = make_file(folder / "consumption.csv", ROWS, ACCOUNTS, FIRST, DAYS)
        for round in range(ROUNDS):
            one, other = Place(folder / f"{round}.db"), Place(folder / f"{round}-bare.db")
            for place in (one, other):
                shutil.copy(empty.path, place.path)
            took, _, report = await _imported(one, path)
            assert report.created == ROWS, report
            found.append(await _inserted(other, await _rows(one)) / took)
    return found


def ratios() -> list[float]:
    """Give rows a second of CPU, import to bare, one figure a round."""
    return asyncio.run(_measure())


async def _once(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = Place(folder / "store.db")
        await _planted(place)
        path = make_file(folder / "consumption.csv", rows, ACCOUNTS, FIRST, DAYS)
        for _ in range(2):
            cpu, wall, report = await _imported(place, path)
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{report.total:,} rows, {report.created:,} taken in, {report.known:,} known: "
                f"{rows / wall:,.0f} rows/s, {rows / cpu:,.0f} a second of CPU, {megabytes:.0f} MB at the largest"
            )


if __name__ == "__main__":
    asyncio.run(_once(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
