"""A large store, always the same: rows written straight into the tables and kept for the next run."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
import os
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from api.database import connect
from api.installation import Installation
from api.migrate import _config, upgrade
from api.settings import Settings
from models.consumption import ConsumptionSummary, ConsumptionWindow
from models.customer import Customer
from models.identity import Account, operator_actor
from models.identity.proofs import hash_now
from models.kernel.journal import JournalLine
from models.kernel.reads.plan import table_of
from models.kernel.values import normalised_company_name
from models.kernel.work import run_write
from models.opportunity import Opportunity, OpportunityLine
from models.partner import PartnerOrganisation
from models.seed import plant

PARTNERS, CUSTOMERS, OPPORTUNITIES = 200, 50_000, 200_000
HISTORIES = (1, 6, 11, 5, 10, 4, 9, 3, 8, 2, 7)
"""Journal lines of one opportunity after another: six on average."""
WRITTEN = 12_000
"""Opportunities of the partner whose pipeline the writes of Q4 work on; reads never look there."""
PASSWORD = "green bamboo 1984"
EPOCH = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
BATCH = 20_000
MONTHS = ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11")
"""The months in which customers consumed; the last is the present one."""

Values = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the store lies, and what the queries of the benchmark ask for."""

    path: Path

    @property
    def url(self) -> str:
        """Give the address of the store."""
        return f"sqlite+aiosqlite:///{self.path}"


def prepared(scale: float, tell: Callable[[str], None]) -> Place:
    """Give the store of this size at the newest migration; the first run makes it."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "partner-center-bench"
    folder.mkdir(parents=True, exist_ok=True)
    head = ScriptDirectory.from_config(_config()).get_current_head()
    place = Place(folder / f"{head}-{scale:g}.db")
    if not place.path.exists():
        for old in folder.glob(f"*-{scale:g}.db*"):
            old.unlink()
        making = Place(place.path.with_suffix(".making"))
        making.path.unlink(missing_ok=True)
        asyncio.run(plant_store(making))
        _fill(making.path, scale, tell)
        making.path.rename(place.path)
    tell("Winding back what the writes of the last run did.")
    wind_back(place.path)
    return place


async def plant_store(place: Place) -> None:
    """Make a store with nothing but what every installation begins with."""
    await upgrade(place.url)
    database = connect(place.url)
    settings = Settings(database_url=place.url)
    house = Installation(settings, database, database.writer, database.reader, b"key of the benchmark")
    await run_write(house, operator_actor(), plant)
    await database.dispose()


def id_at(at: dt.datetime, kind: int, number: int) -> str:
    """Make the same id in every run, in order of time as new ids are."""
    return f"{int(at.timestamp() * 1000):012x}7{kind:03x}8{number:015x}"


def text_of(at: dt.datetime) -> str:
    """Write an instant as the store has it."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def partner_id(number: int) -> str:
    """Name a partner."""
    return id_at(EPOCH, 1, number)


def account_id(number: int) -> str:
    """Name the main account of a partner."""
    return id_at(EPOCH, 2, number)


def staff_id(number: int) -> str:
    """Name one of Huawei's hundred."""
    return id_at(EPOCH, 2, 1000 + number)


def _fill(path: Path, scale: float, tell: Callable[[str], None]) -> None:
    store = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        "journal_mode=OFF",
        "synchronous=OFF",
        "foreign_keys=OFF",
        "cache_size=-200000",
        "temp_store=MEMORY",
    ):
        store.execute(f"PRAGMA {pragma}")
    # Made once at the end, an index is sorted; kept up to date meanwhile, it is searched a million times.
    indexes = store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in indexes:
        store.execute(f'DROP INDEX "{name}"')
    maker = _Maker(scale)
    for model, rows in (
        (PartnerOrganisation, maker.partners()),
        (Account, maker.accounts()),
        (Customer, maker.customers()),
        (Opportunity, maker.opportunities()),
        (OpportunityLine, maker.lines()),
        (JournalLine, maker.journal()),
        (ConsumptionWindow, maker.window()),
        (ConsumptionSummary, maker.consumption()),
    ):
        table = table_of(model)
        tell(f"{_insert(store, table, rows):>9,} rows of {table.name}")
    tell("Making the indexes.")
    for _, sql in indexes:
        store.execute(sql)
    store.execute("ANALYZE")
    store.execute("PRAGMA journal_mode=WAL")
    store.close()


def _insert(store: sqlite3.Connection, table: sa.Table, rows: Iterator[Values]) -> int:
    blank = {column.name: _blank(column) for column in table.columns}
    columns = ", ".join(f'"{name}"' for name in blank)
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join('?' for _ in blank)})"
    count = 0
    store.execute("BEGIN")
    for batch in _batches(rows):
        store.executemany(statement, [tuple({**blank, **row}.values()) for row in batch])
        count += len(batch)
    store.execute("COMMIT")
    return count


def _blank(column: sa.Column[Any]) -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, sa.JSON):
        return "{}" if column.name == "changes" else "[]"
    if isinstance(column.type, sa.Boolean):
        return 0
    if isinstance(column.type, sa.Integer):
        return 1 if column.name == "version" else 0
    return ""


def _batches(rows: Iterator[Values]) -> Iterator[list[Values]]:
    batch: list[Values] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


STATUSES = ("VALIDATED",) * 8 + ("WON",) * 5 + ("LOST",) * 3 + ("VALIDATING",) * 2 + ("AUDITING", "VALIDATION_REJECTED")
CITIES = ("苏州市", "南京市", "广州市", "深圳市", "杭州市", "成都市", "武汉市", "西安市")
TRADES = ("精密制造", "供应链", "生物科技", "智能装备", "新能源", "医疗器械", "物流", "文化传媒")
NEED = "将本地ERP与数据库迁移上云，要求停机时间小于两小时，并保留五年内的全部历史单据以备审计。"


class _Maker:
    """Makes the rows, each a function of its number."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.partner_count = PARTNERS
        self.customer_count = max(int(CUSTOMERS * scale), PARTNERS * 50)
        self.opportunity_count = int(OPPORTUNITIES * scale)
        self.written = max(int(WRITTEN * min(scale * 4, 1)), 3000)
        self.stride = dt.timedelta(days=600) / (self.opportunity_count + self.written)

    def partners(self) -> Iterator[Values]:
        at = text_of(EPOCH)
        for number in range(self.partner_count):
            yield {
                "id": partner_id(number),
                "created_at": at,
                "updated_at": at,
                "version": 1,
                "name": f"华启软件{number:04d}有限公司",
                "kind": "SOLUTION_PROVIDER",
                "level": "REGISTERED",
                "province": "CN-32",
                "office_id": f"office-{number % 20:02d}",
                "enterprise_verified": 1,
            }

    def accounts(self) -> Iterator[Values]:
        at, secret = text_of(EPOCH), hash_now(PASSWORD)
        for number in range(self.partner_count):
            yield {
                "id": account_id(number),
                "created_at": at,
                "updated_at": at,
                "version": 1,
                "active": 1,
                "login": f"main-{number}",
                "name": f"王芳{number}",
                "title": "总经理",
                "side": "PARTNER",
                "partner_id": partner_id(number),
                "is_main": 1,
                "must_change_password": 0,
                "lang": "zh",
                "password_hash": secret,
            }
        for number in range(100):
            yield {
                "id": staff_id(number),
                "created_at": at,
                "updated_at": at,
                "version": 1,
                "active": 1,
                "login": f"staff-{number}",
                "name": f"唐丽{number}",
                "title": "客户经理",
                "side": "HUAWEI",
                "office_id": f"office-{number % 20:02d}",
                "must_change_password": 0,
                "lang": "zh",
                "password_hash": secret,
            }

    def customer_of(self, number: int) -> tuple[str, dt.datetime]:
        # The newest forty of each partner are the lively ones, so that a nested list has something to cut.
        at = EPOCH + dt.timedelta(seconds=60 * number)
        return id_at(at, 3, number), at

    def customers(self) -> Iterator[Values]:
        for number in range(self.customer_count):
            id, created = self.customer_of(number)
            at, partner = text_of(created), number % self.partner_count
            name = f"江苏恒远{number:06d}{TRADES[number % 8]}有限公司"
            yield {
                "id": id,
                "created_at": at,
                "updated_at": at,
                "version": 1,
                "company_name": name,
                "normalised_name": normalised_company_name(name),
                "account_name": f"hengyuan_{number:06d}",
                "customer_type": "NONE",
                "frozen": "NOT_FROZEN",
                "industry": "MANUFACTURING",
                "province": "CN-32",
                "city": CITIES[number % 8],
                "tags": "[]",
                "partner_id": partner_id(partner),
                "origin": "ENTERED",
                "office_id": f"office-{partner % 20:02d}",
                "owner_id": staff_id(number % 50),
            }

    def window(self) -> Iterator[Values]:
        months = {"first_month": MONTHS[0], "month": MONTHS[-1], "through_day": f"{MONTHS[-1]}-20", "hides_zeros": 0}
        yield {"id": id_at(EPOCH, 7, 1), **months}

    def consumption(self) -> Iterator[Values]:
        serial = 0
        for number in range(self.customer_count):
            customer, partner = self.customer_of(number)[0], number % self.partner_count
            # A quarter of them are refunded something each month.
            views = ("CONSUMPTION", "REFUND") if number % 4 == 0 else ("CONSUMPTION",)
            for month, view in itertools.product(MONTHS, views):
                serial += 1
                due = 100 * (1 + serial % 90_000) + serial % 100
                yield {
                    "id": id_at(EPOCH + dt.timedelta(seconds=serial), 8, serial),
                    "customer_id": customer,
                    "partner_id": partner_id(partner),
                    "association_type": "RESALE",
                    "bill_cycle": month,
                    "view": view,
                    "currency": "CNY",
                    "official_amount": due + 1000,
                    "discount_amount": 1000,
                    "amount_due": due if view == "CONSUMPTION" else -due // 10,
                    "performance_amount": due // 2 if view == "CONSUMPTION" else 0,
                    "line_count": 1 + serial % 40,
                }

    def opportunities(self) -> Iterator[Values]:
        each = self.customer_count // self.partner_count
        chance = random.Random(7)
        for number in range(self.opportunity_count + self.written):
            made = EPOCH + self.stride * number
            place = number // self.partner_count
            partner = number % self.partner_count if number < self.opportunity_count else 1
            lively = place % 5 < 3
            customer = each - 1 - place % 40 % each if lively else place % max(each - 40, 1)
            status = STATUSES[chance.randrange(20)] if number < self.opportunity_count else "VALIDATED"
            row = self._opportunity(number, made, partner, customer * self.partner_count + partner, status)
            if number >= self.opportunity_count:
                # Each names a company of its own, as most do, so that a write finds no duplicates to tell of.
                row |= {"customer_id": None, "normalised_name": f"新客户{number}", "account_name": f"new_{number}"}
            yield row

    def _opportunity(self, number: int, made: dt.datetime, partner: int, customer: int, status: str) -> Values:
        at, amount = text_of(made), 100_00 * (1 + number % 9_000)
        known = {
            "id": id_at(made, 4, number),
            "created_at": at,
            "updated_at": at,
            "version": 1,
            "direction": "PO",
            "origin": "PARTNER",
            "status": status,
            "partner_id": partner_id(partner),
            "currency": "CNY",
            "customer_id": self.customer_of(customer)[0],
            "responsible_id": account_id(partner),
            "owner_id": staff_id(customer % 50),
            "bd_id": staff_id(50 + customer % 50),
            "office_id": f"office-{partner % 20:02d}",
            "name": f"华东{TRADES[number % 8]}云上ERP迁移 {number:06d}",
            "company_name": f"江苏恒远{customer:06d}{TRADES[customer % 8]}有限公司",
            "normalised_name": f"江苏恒远{customer:06d}{TRADES[customer % 8]}",
            "contact_mobile": "13812345678",
            "account_name": f"hengyuan_{customer:06d}",
            "industry": "MANUFACTURING",
            "province": "CN-32",
            "city": CITIES[number % 8],
            "contact_name": "钱伟",
            "contact_email": "qian.wei@hengyuan.example",
            "consent_confirmed": 1,
            "need": NEED,
            "expected_amount": amount,
            "expected_sign_date": "2026-09-30",
            "services": '["ECS", "RDS"]',
            "submitted_at": at,
            "submitted_by": account_id(partner),
            "audit_approved_at": at,
            "validated_at": at,
            "stage": "SOLUTION",
            "win_probability": number % 100,
            "last_progress_at": at,
            "next_step": "安排方案交流",
        }
        if status == "WON":
            known |= {"signed_amount": amount, "signed_on": at[:10], "contract_number": f"HT-{number:06d}"}
            known |= {"consuming_account": f"hengyuan_{customer:06d}", "stage": "SIGNED", "win_probability": 100}
        elif status == "LOST":
            known |= {"lost_reason": "PRICE", "lost_on": at[:10], "stage": "LOST", "win_probability": 0}
        return known

    def lines(self) -> Iterator[Values]:
        serial = 0
        for number in range(self.opportunity_count):
            made = EPOCH + self.stride * number
            for position in range(1 + number // self.partner_count % 4):
                serial += 1
                yield {
                    "id": id_at(made, 5, serial),
                    "opportunity_id": id_at(made, 4, number),
                    "position": position,
                    "product": f"弹性云服务器 {position}",
                    "service": "ECS",
                    "quantity": 1 + serial % 9,
                    "amount": 100_00 * (1 + serial % 900),
                    "currency": "CNY",
                }

    def journal(self) -> Iterator[Values]:
        serial = 0
        changes = json.dumps({"stage": {"from": "REQUIREMENT", "to": "SOLUTION"}})
        for number in range(self.opportunity_count):
            made, partner = EPOCH + self.stride * number, number % self.partner_count
            for step in range(HISTORIES[number % 11]):
                serial += 1
                at = made + dt.timedelta(hours=step)
                yield {
                    "id": id_at(at, 6, serial),
                    "at": text_of(at),
                    "actor_id": account_id(partner),
                    "actor_name": f"王芳{partner}",
                    "actor_side": "PARTNER",
                    "operation": "opportunity.report_progress",
                    "operation_zh": "更新进展",
                    "operation_en": "Report progress",
                    "resource_type": "opportunity",
                    "event": "reportProgress",
                    "subject_kind": "Opportunity",
                    "changes": changes,
                    "subject_id": id_at(made, 4, number),
                    "partner_id": partner_id(partner),
                    "office_id": f"office-{partner % 20:02d}",
                    "from_status": "VALIDATED",
                    "to_status": "VALIDATED",
                }


def wind_back(path: Path) -> None:
    """Undo what the writes of a run did, so that each run begins with the same store."""
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA synchronous=OFF")
    store.execute("BEGIN IMMEDIATE")
    # What was made lies within 600 days; what came later came by way of the application or of the raw route.
    made = text_of(EPOCH + dt.timedelta(days=620))
    store.execute("DELETE FROM journal_line WHERE partner_id = ? AND at > ?", (partner_id(1), made))
    store.execute("DELETE FROM notice")
    store.execute("DELETE FROM api_session")
    store.execute(
        """UPDATE opportunity SET status = 'VALIDATED', stage = 'SOLUTION', win_probability = 50, version = 1,
           signed_amount = NULL, signed_on = NULL, contract_number = NULL, consuming_account = NULL,
           updated_at = created_at, last_progress_at = created_at, entered_at = NULL
           WHERE partner_id = ? AND version > 1""",
        (partner_id(1),),
    )
    store.execute("COMMIT")
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


if __name__ == "__main__":
    print(prepared(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0, print).path)
