"""What the demonstration's customers consumed in eighteen months, taken in from a file as operations would."""

import csv
import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api import timers
from api.demo.companies import COMPANIES, Company
from api.demo.world import World
from models.customer import WIRE_CODES
from models.identity import actor_of
from models.kernel.calendar import beijing_day
from models.onboarding.consumption import import_consumption

MONTHS: Final = 18
COLUMNS: Final = (
    *("id", "bill_cycle", "customer_id", "association_type", "service_type_code", "service_type_name"),
    *("resource_type_name", "charging_mode", "bill_detail_type", "trade_id", "resource_id", "resource_name"),
    *("product_spec_desc", "region_code", "region_name", "consume_time", "official_amount"),
    *("official_discount_amount", "payment_amount", "performance_amount"),
)
# Service, resource, specification, billing mode, bill type and fen at list price in a month.
SOLD: Final = (
    ("hws.service.type.ec2", "弹性云服务器", "云主机", "c7.2xlarge.4", 1, 2, 1_286_000),
    ("hws.service.type.obs", "对象存储服务", "标准存储", "1 TB", 3, 5, 9_900),
    ("hws.service.type.rds", "云数据库 RDS", "MySQL 主备实例", "rds.mysql.x1.2xlarge.4.ha", 3, 5, 268_050),
    ("hws.service.type.vpc", "虚拟私有云", "带宽", "20 Mbit/s", 3, 5, 176_000),
    ("hws.service.type.cdn", "内容分发网络", "流量", "按流量", 3, 18, 0),
)
REGIONS: Final = (("cn-east-3", "华东-上海一"), ("cn-north-4", "华北-北京四"))


async def consume(world: World) -> None:
    """Let every customer with a partner have consumed, until today."""
    async with world.store.reader() as session:
        operator = await actor_of(session, world.people["demo.eco"], now=world.today)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "consumption.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for company in COMPANIES:
                if company.partner is not None:
                    writer.writerows(_lines(company, world.today))
        await import_consumption(world.store, operator, path, clock=world.clock)
    await timers.summarise(world.store, clock=world.clock)


def _lines(company: Company, today: dt.datetime) -> Iterator[tuple[object, ...]]:
    day = beijing_day(today)
    months = [day.year * 12 + day.month - 1 - back for back in range(MONTHS)]
    for age, month in enumerate(months):
        first = dt.date(month // 12, month % 12 + 1, 1)
        for place, (code, name, resource, specification, mode, kind, fen) in enumerate(SOLD):
            # Each began some months ago, and most use a little more every month.
            if (company.place + place) % 4 * 5 > MONTHS - age:
                continue
            grown = fen * (100 + 3 * (MONTHS - age) + company.place % 7 * 12) // 100
            yield _line(company, first, place, grown, name, code, resource, specification, mode, kind)
        if age % 6 == company.place % 6 and age:
            yield _line(
                company, first, 9, -42_000, "弹性云服务器", "hws.service.type.ec2", "云主机", "c7.large.2", 1, 4
            )
    for back in range(3):
        yield _line(company, day - dt.timedelta(days=back), 20 + back, 9_120, *_OBS)


_OBS: Final = ("对象存储服务", "hws.service.type.obs", "标准存储", "1 TB", 3, 5)


def _line(
    company: Company,
    day: dt.date,
    place: int,
    fen: int,
    name: str,
    code: str,
    resource: str,
    specification: str,
    mode: int,
    kind: int,
) -> tuple[object, ...]:
    discount = abs(fen) * (company.place % 4) * 5 // 100
    due = fen - discount if fen > 0 else fen
    # A fifth is paid with vouchers, which do not count; a month's first minutes are over wherever one looks from.
    counted = due * 4 // 5
    key = f"{company.key}-{day:%Y%m%d}-{place:02d}"
    region = REGIONS[company.place % 2]
    return (
        *(f"demo-{key}", f"{day:%Y-%m}", f"{company.place:032x}", WIRE_CODES[company.association], code, name),
        *(resource, mode, kind, f"CS{key}", f"res-{company.key}-{place}", f"{company.key}-prod-{place:02d}"),
        *(specification, *region, f"{day - dt.timedelta(days=1)}T16:{place:02d}:00Z", f"{fen / 100:.2f}"),
        *(f"{discount / 100:.2f}", f"{due / 100:.2f}", f"{counted / 100:.2f}" if due else ""),
    )
