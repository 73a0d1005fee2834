"""Un-linking for tests: customers of a partner in both types, their people, and the codes that the partner has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from sqlmodel import col, select

from models import association_request as domain
from models import verification
from models.association_request import AssociationRequest
from models.customer import AssociationType, Customer, CustomerFact, create_customer, keep_facts
from models.identity import Account, operator_actor
from models.kernel.access import Actor
from models.kernel.work import Work, sealed
from models.rights import Preset
from models.verification import PURPOSE, VerificationCode, code_from
from tests.people import Store, open_person
from tests.pipeline import Pipeline, pipeline

__all__ = ["linking", "pipeline"]

REFERRAL, RESALE = AssociationType.REFERRAL, AssociationType.RESALE
WHY = "双方业务调整"


@dataclass
class Linking:
    """A partner's administrators, two customers of its own, and whoever signs in for them."""

    pipeline: Pipeline
    referral: Customer
    resale: Customer
    referral_person: Actor
    resale_person: Actor

    @property
    def store(self) -> Store:
        """Give the database and its clock."""
        return self.pipeline.store

    @property
    def main(self) -> Actor:
        """Give the partner's main account."""
        return self.pipeline.main

    @property
    def administrator(self) -> Actor:
        """Give the partner's system administrator."""
        return self.pipeline.administrator

    async def do(self, actor: Actor, deed: Any) -> Any:
        """Run an action as somebody."""
        return await self.store.do(actor, deed)

    async def unlink(self, customer: Customer, actor: Actor | None = None, **given: Any) -> AssociationRequest:
        """Ask a customer to be un-linked."""
        facts = {"reason": WHY, "understood": True, **given}
        made: AssociationRequest = await self.do(
            actor or self.administrator, lambda work: domain.unlink(work, customer.id, **facts)
        )
        return made

    async def switch(
        self, customer: Customer, to_type: AssociationType, actor: Actor | None = None, **given: Any
    ) -> AssociationRequest:
        """Ask a customer to change its type."""
        facts = {"reason": WHY, "understood": True, **given}
        made: AssociationRequest = await self.do(
            actor or self.administrator, lambda work: domain.switch(work, customer.id, to_type, **facts)
        )
        return made

    async def ask(self, person: Actor, **given: Any) -> AssociationRequest:
        """Ask one's partner to be un-linked, as a customer."""
        facts = {"reason": WHY, "understood": True, **given}
        made: AssociationRequest = await self.do(person, lambda work: domain.unlink_from_partner(work, **facts))
        return made

    async def know(self, customer: Customer, *facts: CustomerFact, grace_days: int = 0) -> None:
        """Let something be known about a customer."""
        await self.do(
            self.pipeline.operations, lambda work: keep_facts(work, customer.id, facts=facts, grace_days=grace_days)
        )

    async def switch_codes_on(self, actor: Actor | None = None) -> None:
        """Have codes asked for."""
        await self.do(actor or self.main, lambda work: verification.switch(work, enabled=True))

    async def code(self, actor: Actor, operation: str, target: Any) -> str:
        """Ask for a code, and read it as its mail tells it."""
        made = await self.do(actor, lambda work: verification.request_code(work, operation, target.id))
        return self.code_of(made)

    def code_of(self, made: VerificationCode) -> str:
        """Tell the code of a row."""
        return code_from(sealed(self.store.journal_key, PURPOSE, made.id.hex))

    async def again(self, record: Any) -> Any:
        """Read a row as it is now."""
        return await self.pipeline.again(record)

    async def every(self, model: Any, **facts: Any) -> list[Any]:
        """Give all rows that fit, the oldest first."""
        async with self.store.reader() as session:
            rows = await session.execute(select(model).filter_by(**facts).order_by(col(model.id)))
            return list(rows.scalars())

    async def new_customer(self, name: str, account_name: str, kind: AssociationType, **facts: Any) -> Customer:
        """Enter one more customer of the partner."""
        return await enter_customer(self.pipeline, name, account_name, kind, **facts)

    async def person_of(self, customer: Customer, login: str) -> Actor:
        """Open the account of a customer."""
        return await person_of(self.store, customer, login)


async def enter_customer(
    pipeline: Pipeline, name: str, account_name: str, kind: AssociationType, **facts: Any
) -> Customer:
    """Enter a customer that is with the partner already, looked after by an account manager."""
    values = {
        "company_name": name,
        "account_name": account_name,
        "province": "CN-32",
        "partner_id": pipeline.cast.huaqi.id,
        "association_type": kind,
        "associated_on": pipeline.store.clock.now,
        "account_manager_id": pipeline.cast.chen_manager.id,
        "owner_id": pipeline.accounts["owner"].id,
        "bd_id": pipeline.accounts["bd"].id,
        "tags": ["重点"],
        **facts,
    }
    made: Customer = await pipeline.do(pipeline.operations, lambda work: create_customer(work, values))
    return made


async def person_of(store: Store, customer: Customer, login: str) -> Actor:
    """Open the account of a customer."""
    account = await open_person(
        store, login, login, Preset.CUS, customer_id=customer.id, email=f"{login}@customer.example"
    )
    return await store.actor(account)


async def open_linking(pipeline: Pipeline) -> Linking:
    """Give the partner's people addresses, and enter its customers."""

    async def reachable(work: Work) -> None:
        accounts = (pipeline.cast.wang_main.id, pipeline.cast.li_administrator.id, pipeline.cast.liu_main_of_yunfan.id)
        for account in await work.every(select(Account).where(col(Account.id).in_(accounts))):
            account.email = f"{account.login}@partner.example"

    await pipeline.store.do(operator_actor(), reachable)
    referral = await enter_customer(pipeline, "无锡蓝湖数据有限公司", "lanhu_cloud", REFERRAL)
    resale = await enter_customer(pipeline, "苏州青石科技有限公司", "qingshi_cloud", RESALE)
    return Linking(
        pipeline=pipeline,
        referral=referral,
        resale=resale,
        referral_person=await person_of(pipeline.store, referral, "ma.lan"),
        resale_person=await person_of(pipeline.store, resale, "shi.qing"),
    )


@pytest_asyncio.fixture
async def linking(pipeline: Pipeline) -> AsyncIterator[Linking]:
    """Everybody who has to do with un-linking."""
    yield await open_linking(pipeline)
