"""A large file of consumption, always the same, and how fast it is taken in."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

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
