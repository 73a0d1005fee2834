"""A market for tests: customers that consume, whose they are, and files of what they consumed."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio
from sqlmodel import col, select

from models.consumption import ConsumptionDay, ConsumptionDetail, ConsumptionSummary, PerformanceDetail
from models.customer import AssociationType, Customer, create_customer
from models.identity import Account, operator_actor
from models.kernel.work import Work
from models.onboarding.consumption import ConsumptionReport, import_consumption
from models.partner import PartnerKind, PartnerOrganisation, create_partner
from models.rights import Preset
from tests.people import Store, open_person
from tests.pipeline import Pipeline, pipeline

__all__ = ["market", "pipeline"]

LONG_AGO = dt.datetime(2024, 1, 5, 2, tzinfo=dt.UTC)
LINE: dict[str, str] = {
    "id": "line-1",
    "bill_cycle": "2026-02",
    "customer_id": "mingde-account",
    "association_type": "2",
    "service_type_code": "hws.service.type.ec2",
    "service_type_name": "弹性云服务器",
    "resource_type_name": "云主机",
    "charging_mode": "3",
    "bill_detail_type": "5",
    "trade_id": "CS001",
    "resource_id": "res-1",
    "resource_name": "erp-node-1",
    "product_spec_desc": "c7.large.2",
    "region_code": "cn-north-4",
    "region_name": "华北-北京四",
    "consume_time": "2026-02-10T02:00:00Z",
    "trade_time": "2026-02-10T05:43:38Z",
    "official_amount": "120.00",
    "official_discount_amount": "20.00",
    "payment_amount": "100.00",
    "cash_amount": "70.01",
    "coupon_amount": "29.99",
    "debt_amount": "0.00",
    "performance_amount": "70.01",
}


@dataclass
class Market:
    """Two customers of 华启, one of its reseller's and one of another partner's."""

    pipeline: Pipeline
    folder: Path
    reseller: PartnerOrganisation
    reseller_main: Account
    mingde: Customer
    hengyuan: Customer
    resold: Customer
    foreign: Customer

    @property
    def store(self) -> Store:
        """Give the database and its clock."""
        return self.pipeline.store

    def file(self, *lines: dict[str, str], name: str = "consumption.csv") -> Path:
        """Write lines into a file."""
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(LINE))
            writer.writeheader()
            writer.writerows({**LINE, **line} for line in lines)
        return path

    async def take(self, *lines: dict[str, str], path: Path | None = None, **how: Any) -> ConsumptionReport:
        """Import lines as Lin of ecosystem operations."""
        actor = how.pop("actor", self.pipeline.operations)
        return await import_consumption(self.store, actor, path or self.file(*lines), clock=self.store.clock, **how)

    async def rows(self, model: Any) -> list[Any]:
        """Read every row of a type."""
        async with self.store.reader() as session:
            return list((await session.execute(select(model).order_by(col(model.id)))).scalars())

    async def sums(self) -> tuple[int, int, int, int]:
        """Add up lines and sums: what is due of lines, of summaries and of days, and performance."""
        lines = sum(one.amount_due for one in await self.rows(ConsumptionDetail))
        months = sum(one.amount_due for one in await self.rows(ConsumptionSummary))
        days = sum(one.amount_due for one in await self.rows(ConsumptionDay))
        return lines, months, days, sum(one.performance_amount for one in await self.rows(PerformanceDetail))


async def open_market(pipeline: Pipeline, folder: Path) -> Market:
    """Enter the customers, with the account manager of one of them."""
    store, cast = pipeline.store, pipeline.cast

    async def director(work: Work) -> None:
        manager = await work.session.get_one(Account, cast.chen_manager.id)
        manager.director_id = cast.zhao_director.id
        distributor = await work.session.get_one(PartnerOrganisation, cast.huaqi.id)
        distributor.kind = PartnerKind.DISTRIBUTOR

    await store.do(operator_actor(), director)
    reseller: PartnerOrganisation = await store.do(
        operator_actor(),
        lambda work: create_partner(
            work, name="启航云经销有限公司", kind=PartnerKind.RESELLER, distributor_id=cast.huaqi.id
        ),
    )

    async def enter(name: str, account: str, partner_id: Any, **more: Any) -> Customer:
        values = {
            "company_name": name,
            "account_name": account.replace("-", "_"),
            "huawei_account_id": account,
            "partner_id": partner_id,
            "association_type": AssociationType.RESALE,
            "associated_on": LONG_AGO,
            "office_id": "office-js",
            "owner_id": pipeline.accounts["owner"].id,
            "bd_id": pipeline.accounts["bd"].id,
            **more,
        }
        made: Customer = await store.do(pipeline.operations, lambda work: create_customer(work, values, []))
        return made

    return Market(
        pipeline,
        folder,
        reseller,
        await open_person(store, "qihang.main", "罗航", partner_id=reseller.id),
        await enter("苏州明德重工有限公司", "mingde-account", cast.huaqi.id, account_manager_id=cast.chen_manager.id),
        await enter("江苏恒远电子有限公司", "hengyuan-account", cast.huaqi.id),
        await enter("南通启东材料有限公司", "qidong-account", reseller.id, owner_id=None, bd_id=None, office_id=None),
        await enter("佛山云谷科技有限公司", "yungu-account", cast.yunfan.id, owner_id=None, bd_id=None, office_id=None),
    )


async def people(market: Market) -> dict[str, Account]:
    """Open one person of each role."""
    store, cast, accounts = market.store, market.pipeline.cast, market.pipeline.accounts
    ours = {"partner_id": cast.huaqi.id}
    return {
        "MAIN": cast.wang_main,
        "ADM": cast.li_administrator,
        "DIR": cast.zhao_director,
        "MGR": cast.chen_manager,
        "FIN": await open_person(store, "xu.fei", "许飞", Preset.FIN, **ours),
        "OPS": await open_person(store, "luo.jia", "罗佳", Preset.OPS, **ours),
        "CUS": await open_person(store, "mingde", "明德重工", Preset.CUS, customer_id=market.mingde.id),
        "PDM": cast.zhou_pdm,
        "PSM": accounts["psm"],
        "BD": accounts["bd"],
        "OWN": accounts["owner"],
        "ECO": cast.lin_operations,
        "KOO": accounts["koogallery"],
        "HFI": accounts["finance"],
        "AUD": accounts["auditor"],
        "SYS": cast.sun_platform,
    }


@pytest_asyncio.fixture
async def market(pipeline: Pipeline, tmp_path: Path) -> AsyncIterator[Market]:
    """A market on a database that only this test uses."""
    yield await open_market(pipeline, tmp_path)
