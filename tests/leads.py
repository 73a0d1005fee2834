"""A partner's leads for tests: everybody who has to do with them, and leads in each state, made by actions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest_asyncio
from sqlmodel import col, select

from models import lead as domain
from models.customer import AssociationType, Customer, create_customer
from models.identity import Account, operator_actor
from models.kernel.access import Actor
from models.lead import Lead, LeadCloseReason, LeadStatus
from models.rights import Preset
from tests.databases import Databases, open_database
from tests.people import Store, open_person
from tests.pipeline import Pipeline, peopled

FORM: dict[str, Any] = {
    "company_name": "苏州云程自动化有限公司",
    "customer_name": "孙立",
    "account_name": "yuncheng_cloud",
    "email": "sun.li@yuncheng.example",
    "mobile": "13700005678",
    "province": "CN-32",
    "industry": "MANUFACTURING",
    "requirement": "希望了解工业视觉上云的方案与报价。",
    "campaign_name": "2026春季智造峰会",
}


@dataclass
class Leads:
    """The people of a partner who dispatch and follow leads, and its customers."""

    pipeline: Pipeline
    director: Actor
    other_manager: Actor
    operator: Actor
    finance_of_partner: Actor
    customer: Customer
    unassociated: Customer

    @property
    def store(self) -> Store:
        """Give the database and its clock."""
        return self.pipeline.store

    def people(self) -> dict[str, Actor]:
        """Name everybody by the columns of the tables."""
        pipeline = self.pipeline
        return {
            "MAIN": pipeline.main,
            "MAIN2": pipeline.other_main,
            "ADM": pipeline.administrator,
            "DIR": self.director,
            "MGR": pipeline.manager,
            "MGR2": self.other_manager,
            "OPS": self.operator,
            "FIN": self.finance_of_partner,
            "PDM": pipeline.pdm,
            "PSM": pipeline.psm,
            "BD": pipeline.bd,
            "OWN": pipeline.owner,
            "ECO": pipeline.operations,
            "KOO": pipeline.koogallery,
            "HFI": pipeline.finance,
            "AUD": pipeline.auditor,
            "SYS": pipeline.platform,
        }

    async def do(self, actor: Actor, deed: Any) -> Any:
        """Run an action as somebody."""
        return await self.store.do(actor, deed)

    async def new(self, actor: Actor | None = None, **changes: Any) -> Lead:
        """Enter a lead."""
        values = {**FORM, **changes}
        made: Lead = await self.do(actor or self.pipeline.main, lambda work: domain.create(work, values))
        return made

    async def assigned(self, to: Actor | None = None, **changes: Any) -> Lead:
        """Enter a lead and dispatch it."""
        lead = await self.new(**changes)
        return await self.dispatch(lead, to or self.pipeline.manager)

    async def dispatch(self, lead: Lead, to: Actor, by: Actor | None = None) -> Lead:
        """Give a lead to somebody."""
        version = (await self.again(lead)).version
        done: Lead = await self.do(
            by or self.pipeline.main, lambda work: domain.dispatch(work, lead.id, to.id, version=version)
        )
        return done

    async def following(self, by: Actor | None = None, **changes: Any) -> Lead:
        """Bring a lead to its first follow-up."""
        follower = by or self.pipeline.manager
        lead = await self.assigned(follower, **changes)
        await self.do(follower, lambda work: domain.add_follow_up(work, lead.id, "电话沟通，客户有兴趣。"))
        found: Lead = await self.again(lead)
        return found

    async def closed(self, **changes: Any) -> Lead:
        """Close a lead."""
        lead = await self.assigned(**changes)
        done: Lead = await self.do(
            self.pipeline.manager,
            lambda work: domain.close(work, lead.id, version=lead.version, reason_code=LeadCloseReason.NO_INTENT),
        )
        return done

    async def converted(self, **changes: Any) -> Lead:
        """Convert a lead to a deal registration."""
        lead = await self.following(**changes)
        done: Lead = await self.do(
            self.pipeline.manager,
            lambda work: domain.convert_to_deal_registration(work, lead.id, self.customer.id, version=lead.version),
        )
        return done

    async def in_state(self, status: LeadStatus, **changes: Any) -> Lead:
        """Make a lead of a state, followed by the manager where it has a follower."""
        makers = {
            LeadStatus.NEW: self.new,
            LeadStatus.ASSIGNED: self.assigned,
            LeadStatus.FOLLOWING: self.following,
            LeadStatus.CLOSED: self.closed,
            LeadStatus.CONVERTED: self.converted,
        }
        return await makers[status](**changes)

    async def again(self, record: Any) -> Any:
        """Read a row as it is now."""
        return await self.pipeline.again(record)

    async def seen(self, model: Any, actor: Actor) -> set[Any]:
        """Give the ids of the rows that somebody sees."""
        async with self.store.reader() as session:
            return set((await session.execute(select(model.id).where(model.visible_to(actor)))).scalars())

    async def history(self, record: Any) -> list[str]:
        """Give what the journal tells of a record."""
        return [line.operation for line in await self.store.journal() if line.subject_id == record.id]


async def open_leads(pipeline: Pipeline) -> Leads:
    """Open whoever is missing, place the manager under the director, and enter customers."""
    store, cast = pipeline.store, pipeline.cast
    ours = {"partner_id": cast.huaqi.id}
    other = await open_person(store, "sun.yu", "孙宇", Preset.MGR, **ours)
    operator = await open_person(store, "luo.jia", "罗佳", Preset.OPS, **ours)
    finance = await open_person(store, "xu.fei", "许飞", Preset.FIN, **ours)

    async def place(work: Any) -> None:
        manager = await work.session.get_one(Account, cast.chen_manager.id)
        manager.director_id = cast.zhao_director.id

    await store.do(operator_actor(), place)
    now = store.clock()
    facts = {"province": "CN-32", "owner_id": pipeline.owner.id, "bd_id": pipeline.bd.id}
    associated = {
        **facts,
        "company_name": "苏州明德重工有限公司",
        "account_name": "mingde_cloud",
        "partner_id": cast.huaqi.id,
        "account_manager_id": cast.chen_manager.id,
        "association_type": AssociationType.REFERRAL,
        "associated_on": now,
    }
    customer = await store.do(pipeline.operations, lambda work: create_customer(work, associated))
    unassociated = await store.do(
        pipeline.operations, lambda work: create_customer(work, {**facts, "company_name": "无锡未关联科技有限公司"})
    )
    return Leads(
        pipeline,
        director=await store.actor(cast.zhao_director),
        other_manager=await store.actor(other),
        operator=await store.actor(operator),
        finance_of_partner=await store.actor(finance),
        customer=customer,
        unassociated=unassociated,
    )


_opened: dict[int, tuple[str, Leads]] = {}


@pytest_asyncio.fixture
async def leads(databases: Databases) -> AsyncIterator[Leads]:
    """Everybody who has to do with leads, on a migrated database that only this test uses."""
    if id(databases) not in _opened:
        template, pipeline = await peopled(databases)
        first = await databases.copy(template)
        opened = open_database(first)
        made = await open_leads(replace(pipeline, store=Store(opened.writer, opened.reader)))
        await opened.dispose()
        _opened[id(databases)] = (first, made)
    source, made = _opened[id(databases)]
    url = await databases.copy(source)
    opened = open_database(url)
    yield replace(made, pipeline=replace(made.pipeline, store=Store(opened.writer, opened.reader)))
    await opened.dispose()
    await databases.drop(url)


def by_name(accounts: list[Account], login: str) -> Account:
    """Find somebody by his login."""
    return next(one for one in accounts if one.login == login)


async def accounts(store: Store) -> list[Account]:
    """Read every account."""
    async with store.reader() as session:
        return list((await session.execute(select(Account).order_by(col(Account.id)))).scalars())
