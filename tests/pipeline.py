"""A pipeline for tests: two partners in PCE, everybody of Huawei's side, a customer, and forms that pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest_asyncio
from sqlmodel import col, select

from models import opportunity as domain
from models import partner as partners
from models import pce
from models.customer import Customer, create_customer
from models.identity import Account, operator_actor
from models.kernel.access import Actor
from models.opportunity import HoOffer, Opportunity
from models.partner import Offering, OfferingKind, PartnerOrganisation, Path, PathStage
from models.rights import Preset
from models.seed import plant
from tests.databases import Databases, open_database
from tests.people import Cast, Store, open_cast, open_person

FORM: dict[str, Any] = {
    "name": "华东制造云上ERP迁移",
    "company_name": "江苏恒远精密制造有限公司",
    "industry": "MANUFACTURING",
    "province": "CN-32",
    "city": "苏州市",
    "contact_name": "钱伟",
    "contact_title": "信息部经理",
    "contact_mobile": "13812345678",
    "contact_email": "qian.wei@hengyuan.example",
    "consent_confirmed": True,
    "budget": "客户已批准两百万元的上云预算，分两年使用。",
    "authority": "由信息部经理提案，总经理最终决定采购。",
    "need": "将本地ERP与数据库迁移上云，要求停机时间小于两小时。",
    "timeline": "计划今年第三季度签约，第四季度上线。",
    "expected_amount": "1200000.00",
    "currency": "CNY",
    "expected_sign_date": dt.date(2026, 9, 30),
    "expected_go_live_date": dt.date(2026, 12, 1),
    "pre_sales_activities": ["CUSTOMER_VISIT", "REQUIREMENT_STUDY"],
    "services": ["ECS", "RDS"],
    "support_needed": ["ARCHITECTURE_VALIDATION"],
}

HO_FORM: dict[str, Any] = {
    **{name: FORM[name] for name in ("industry", "province", "city", "contact_name", "contact_mobile", "need")},
    "name": "太湖光电智能质检",
    "company_name": "无锡太湖光电有限公司",
    "services": ["ECS", "RDS"],
    "expected_amount": "600000.00",
    "expected_sign_date": dt.date(2026, 8, 31),
}


@dataclass
class Pipeline:
    """Everybody who has to do with opportunities, as actors, and what they need."""

    store: Store
    cast: Cast
    main: Actor
    other_main: Actor
    administrator: Actor
    manager: Actor
    pdm: Actor
    psm: Actor
    bd: Actor
    owner: Actor
    operations: Actor
    finance: Actor
    auditor: Actor
    platform: Actor
    koogallery: Actor
    accounts: dict[str, Account]
    offering: Offering
    customer: Customer

    async def draft(self, actor: Actor | None = None, **changes: Any) -> Opportunity:
        """Save a complete draft."""
        values = {**FORM, **changes}
        found: Opportunity = await self.store.do(actor or self.main, lambda work: domain.save_draft(work, values))
        return found

    async def submitted(self, actor: Actor | None = None, **changes: Any) -> Opportunity:
        """Save and submit."""
        record = await self.draft(actor, **changes)
        done: Opportunity = await self.do(actor or self.main, lambda work: domain.submit(work, record.id))
        return done

    async def validating(self, actor: Actor | None = None, **changes: Any) -> Opportunity:
        """Bring one through the audit, with an owner check that speaks for it."""
        record = await self.submitted(actor, **changes)
        auditor = self.pdm if record.partner_id in self.pdm.partners else self.operations
        await self.decide(auditor, record, "approve_audit")
        done: Opportunity = await self.do(self.bd, lambda work: check_owner(work, record))
        return done

    async def validated(self, actor: Actor | None = None, **changes: Any) -> Opportunity:
        """Bring one through the validation."""
        record = await self.validating(actor, **changes)
        return await self.decide(self.psm, record, "validate")

    async def created(self, **changes: Any) -> Opportunity:
        """Enter an HO as its BD."""
        values = {**HO_FORM, **changes}
        made: Opportunity = await self.do(
            self.bd, lambda work: domain.ho.create(work, values, crm_created_at=self.store.clock())
        )
        return made

    async def shared(self, partner: PartnerOrganisation | None = None, **changes: Any) -> tuple[Opportunity, HoOffer]:
        """Make a partner eligible by a PO of its own, and share an HO with it."""
        to = partner or self.cast.huaqi
        main = self.main if to.id == self.cast.huaqi.id else self.other_main
        await self.validated(main, name="资格机会点", company_name="常州新北新材料有限公司")
        return await self.share(await self.created(**changes), to)

    async def share(self, record: Opportunity, to: PartnerOrganisation) -> tuple[Opportunity, HoOffer]:
        """Share an HO with a partner that is eligible."""
        version = (await self.again(record)).version
        shared = await self.do(self.bd, lambda work: domain.ho.share(work, record.id, to.id, version=version))
        return shared, await self.offer_of(shared)

    async def offer_of(self, record: Opportunity) -> HoOffer:
        """Read the newest offer of an HO."""
        async with self.store.reader() as session:
            query = select(HoOffer).where(HoOffer.opportunity_id == record.id).order_by(col(HoOffer.id).desc())
            offer: HoOffer = (await session.execute(query)).scalars().first()
            return offer

    async def decide(self, actor: Actor, record: Opportunity, verb: str, **given: Any) -> Opportunity:
        """Take a reviewer's decision."""
        from models.approval import DecisionInput

        async def deed(work: Any) -> Opportunity:
            found = await work.get(Opportunity, record.id)
            await domain.review(work, found, verb, DecisionInput(**given))
            return found  # type: ignore[no-any-return]

        done: Opportunity = await self.do(actor, deed)
        return done

    async def do(self, actor: Actor, deed: Any) -> Any:
        """Run an action as somebody."""
        return await self.store.do(actor, deed)

    async def again(self, record: Any) -> Any:
        """Read a row as it is now."""
        async with self.store.reader() as session:
            return await session.get(type(record), record.id)


async def check_owner(work: Any, record: Opportunity, **changes: Any) -> Opportunity:
    """Record a check that speaks for the opportunity, or with changes against it."""
    told: dict[str, Any] = {
        "exists": True,
        "already_closed": False,
        "has_budget": True,
        "order_time": "2026年第三季度",
    } | changes
    return await domain.record_owner_check(work, record.id, **told)


async def open_pipeline(store: Store) -> Pipeline:
    """Open accounts, join PCE, list an offering, enter a customer."""
    cast = await open_cast(store)
    operator = operator_actor()
    await store.do(operator, plant)
    accounts = {
        "psm": await open_person(store, "he.ping", "何平", Preset.PSM, office_id="office-js"),
        "bd": await open_person(store, "gao.feng", "高峰", Preset.BD, office_id="office-js"),
        "owner": await open_person(store, "tang.li", "唐丽", Preset.OWN, office_id="office-js"),
        "finance": await open_person(store, "qin.yue", "秦月", Preset.HFI),
        "auditor": await open_person(store, "shen.an", "沈安", Preset.AUD),
        "koogallery": await open_person(store, "yu.lan", "于兰", Preset.KOO),
    }
    for organisation in (cast.huaqi, cast.yunfan):
        await store.do(operator, _qualify(organisation))
    main, other_main = await store.actor(cast.wang_main), await store.actor(cast.liu_main_of_yunfan)
    for actor in (main, other_main):
        await store.do(actor, lambda work: pce.join(work, agreed=True))
    operations = await store.actor(cast.lin_operations)
    offering = await store.do(
        operations,
        lambda work: partners.add_offering(
            work, cast.huaqi.id, name="ERP上云方案", kind=OfferingKind.BASELINE_SOLUTION, services=["ECS", "RDS"]
        ),
    )
    customer = await store.do(
        operations,
        lambda work: create_customer(
            work,
            {
                "company_name": FORM["company_name"],
                "account_name": "hengyuan_cloud",
                "province": "CN-32",
                "owner_id": accounts["owner"].id,
                "bd_id": accounts["bd"].id,
            },
        ),
    )
    return Pipeline(
        store=store,
        cast=cast,
        main=main,
        other_main=other_main,
        administrator=await store.actor(cast.li_administrator),
        manager=await store.actor(cast.chen_manager),
        pdm=await store.actor(cast.zhou_pdm),
        psm=await store.actor(accounts["psm"]),
        bd=await store.actor(accounts["bd"]),
        owner=await store.actor(accounts["owner"]),
        operations=operations,
        finance=await store.actor(accounts["finance"]),
        auditor=await store.actor(accounts["auditor"]),
        platform=await store.actor(cast.sun_platform),
        koogallery=await store.actor(accounts["koogallery"]),
        accounts=accounts,
        offering=offering,
        customer=customer,
    )


def _qualify(organisation: PartnerOrganisation) -> Any:
    async def deed(work: Any) -> Any:
        found = await work.get(PartnerOrganisation, organisation.id)
        found.enterprise_verified = True
        await partners.set_path_stage(work, organisation.id, Path.SOFTWARE, PathStage.DIFFERENTIATION)
        return found

    return deed


_peopled: dict[int, tuple[str, Pipeline]] = {}


async def peopled(databases: Databases) -> tuple[str, Pipeline]:
    """Make a pipeline's people once a run; everybody who asks copies the database that they stand in."""
    if id(databases) not in _peopled:
        url = await databases.copy()
        opened = open_database(url)
        made = await open_pipeline(Store(opened.writer, opened.reader))
        await opened.dispose()
        _peopled[id(databases)] = (url, made)
    return _peopled[id(databases)]


@pytest_asyncio.fixture
async def pipeline(databases: Databases) -> AsyncIterator[Pipeline]:
    """A pipeline on a migrated database that only this test uses."""
    template, made = await peopled(databases)
    url = await databases.copy(template)
    opened = open_database(url)
    yield replace(made, store=Store(opened.writer, opened.reader))
    await opened.dispose()
    await databases.drop(url)
