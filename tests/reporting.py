"""Reporting for tests: partners that can be reached, customers that Huawei knows something about, and their people."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from sqlmodel import col, select

from models import agreement, customer_report, invitation
from models.agreement import AgreementVersion
from models.customer import AssociationType, Customer, CustomerFact, create_customer, keep_facts
from models.customer_report import CustomerReport
from models.identity import Account, operator_actor
from models.invitation import Invitation, InvitationTerms
from models.kernel.access import Actor
from models.kernel.values import credit_code_for
from models.kernel.work import Work
from models.rights import Preset
from tests.people import Store, open_person
from tests.pipeline import Pipeline, pipeline

__all__ = ["pipeline", "reporting"]

PROSPECT: dict[str, Any] = {
    "company_name": "无锡蓝湖数据有限公司",
    "credit_code": credit_code_for("91320211MA1XYW123"),
    "account_name": "lanhu_cloud",
    "contact_name": "马兰",
    "mobile": "13811112222",
    "email": "ma.lan@lanhu.example",
    "industry": "MANUFACTURING",
    "province": "CN-32",
}
TERMS = InvitationTerms(b"k" * 32, "https://partners.example")
REFERRAL, RESALE = AssociationType.REFERRAL, AssociationType.RESALE


@dataclass
class Reporting:
    """Whoever reports, invites and is invited."""

    pipeline: Pipeline
    main: Actor
    other_main: Actor
    manager: Actor
    operator: Actor
    finance: Actor
    operations: Actor

    @property
    def store(self) -> Store:
        """Give the database and its clock."""
        return self.pipeline.store

    async def do(self, actor: Actor, deed: Any) -> Any:
        """Run an action as somebody."""
        return await self.store.do(actor, deed)

    async def report(self, actor: Actor | None = None, **changes: Any) -> CustomerReport:
        """Report a prospect."""
        values = {**PROSPECT, **changes}
        made: CustomerReport = await self.do(actor or self.main, lambda work: customer_report.report(work, values))
        return made

    async def known(self, *facts: CustomerFact, days_old: float | None = None, **changes: Any) -> Customer:
        """Enter the prospect as a customer about which something is known."""
        values = {name: value for name, value in PROSPECT.items() if name != "contact_name"} | changes
        opened = self.store.clock.now - dt.timedelta(days=days_old) if days_old is not None else None

        async def deed(work: Work) -> Customer:
            made = await create_customer(work, values)
            await keep_facts(work, made.id, facts=facts, registered_at=opened, grace_days=0)
            return made

        entered: Customer = await self.do(self.operations, deed)
        return entered

    async def person_of(self, customer: Customer, login: str = "ma.lan") -> Actor:
        """Open the account of a customer."""
        account = await open_person(self.store, login, "马兰", Preset.CUS, customer_id=customer.id)
        return await self.store.actor(account)

    async def mail(self, report: CustomerReport, actor: Actor | None = None, kind: Any = REFERRAL) -> Invitation:
        """Invite a reported customer by mail."""
        (made,) = await self.do(
            actor or self.main, lambda work: invitation.send_by_mail(work, [report.id], kind, language="zh")
        )
        sent: Invitation = made
        return sent

    async def link(self, actor: Actor | None = None, kind: Any = REFERRAL, **facts: Any) -> Invitation:
        """Make a link to pass on."""
        made: Invitation = await self.do(actor or self.main, lambda work: invitation.open_link(work, kind, **facts))
        return made

    async def accept(self, actor: Actor, invited: Invitation, **given: Any) -> Invitation:
        """Accept an invitation."""
        done: Invitation = await self.do(actor, lambda work: invitation.accept(work, invited.id, **given))
        return done

    async def notice(self) -> AgreementVersion:
        """Give the newest version of the notice."""
        found: AgreementVersion = await self.do(operator_actor(), agreement.newest)
        return found

    async def again(self, record: Any) -> Any:
        """Read a row as it is now."""
        return await self.pipeline.again(record)

    async def seen(self, model: Any, actor: Actor) -> set[Any]:
        """Give the ids of the rows that somebody sees."""
        async with self.store.reader() as session:
            return set((await session.execute(select(model.id).where(model.visible_to(actor)))).scalars())

    async def only(self, model: Any, **facts: Any) -> Any:
        """Give the one row that fits."""
        async with self.store.reader() as session:
            return (await session.execute(select(model).filter_by(**facts))).scalars().one()

    async def every(self, model: Any, **facts: Any) -> list[Any]:
        """Give all rows that fit, the oldest first."""
        async with self.store.reader() as session:
            rows = await session.execute(select(model).filter_by(**facts).order_by(col(model.id)))
            return list(rows.scalars())


async def open_reporting(
    pipeline: Pipeline, operator: Account | None = None, finance: Account | None = None
) -> Reporting:
    """Give the partners an address at which they can be reached, and open whoever is missing."""

    async def reachable(work: Work) -> None:
        for account in await work.every(select(Account).where(col(Account.is_main).is_(True))):
            account.email = f"{account.login}@partner.example"

    store, ours = pipeline.store, {"partner_id": pipeline.cast.huaqi.id}
    await store.do(operator_actor(), reachable)
    operator = operator or await open_person(store, "luo.jia", "罗佳", Preset.OPS, **ours)
    finance = finance or await open_person(store, "xu.fei", "许飞", Preset.FIN, **ours)
    return Reporting(
        pipeline=pipeline,
        main=pipeline.main,
        other_main=pipeline.other_main,
        manager=pipeline.manager,
        operator=await store.actor(operator),
        finance=await store.actor(finance),
        operations=pipeline.operations,
    )


@pytest_asyncio.fixture
async def reporting(pipeline: Pipeline) -> AsyncIterator[Reporting]:
    """Everybody who has to do with reports and invitations."""
    yield await open_reporting(pipeline)
