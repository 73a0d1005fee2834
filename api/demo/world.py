"""The world that the demonstration's story happens in: who is there, what time it is, and how a deed is done."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlmodel import select

from api.demo.companies import COMPANIES, FIRMS, Company, Firm
from api.demo.people import CUSTOMER, PASSWORD, PEOPLE, Person
from models import customer, partner, pce
from models.identity import actor_of, hash_password, open_account, operator_actor, preset_ids
from models.kernel.access import Actor
from models.kernel.calendar import BEIJING, WorkingCalendar, beijing_day
from models.kernel.work import Store, Work, run_write
from models.opportunity import Opportunity

T = TypeVar("T")
Deed = Callable[[Work], Awaitable[T]]
BEGINNING = 200


@dataclass
class World:
    """Where the story stands (演示世界): a clock that only the story moves, and what has been made so far."""

    store: Store
    today: dt.datetime
    moment: dt.datetime
    people: dict[str, UUID] = field(default_factory=dict)
    partners: dict[str, UUID] = field(default_factory=dict)
    sales: dict[str, list[str]] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    deals: dict[str, UUID] = field(default_factory=dict)
    offers: dict[str, UUID] = field(default_factory=dict)
    password_hash: str = ""

    def clock(self) -> dt.datetime:
        """Tell the time of the story."""
        return self.moment

    def working_day(self, days_ago: float) -> dt.datetime:
        """Give the morning of the working day so many days ago, or of the last one before."""
        calendar = WorkingCalendar()
        day = beijing_day(self.today) - dt.timedelta(days=int(days_ago))
        while not calendar.is_working_day(day):
            day -= dt.timedelta(days=1)
        return dt.datetime.combine(day, dt.time(9, 30), BEIJING).astimezone(dt.UTC)

    async def do(self, login: str, deed: Deed[T]) -> T:
        """Let somebody do something, with the rights that he has at that moment."""
        async with self.store.reader() as session:
            actor = await actor_of(session, self.people[login], now=self.moment)
        return await self.as_actor(actor, deed)

    async def as_actor(self, actor: Actor, deed: Deed[T]) -> T:
        """Do something at the time of the story."""
        return await run_write(self.store, actor, deed, clock=self.clock)

    async def deal(self, key: str) -> Opportunity:
        """Read an opportunity of the story as it is now."""
        async with self.store.reader() as session:
            found = (await session.execute(select(Opportunity).where(Opportunity.id == self.deals[key]))).scalars()
            return found.one()


async def settle(world: World) -> None:
    """Open everybody's account, register the partners with what they sell, enter the customers, and join PCE."""
    world.password_hash = await hash_password(PASSWORD)
    world.moment = world.working_day(BEGINNING)
    for firm in FIRMS:
        world.partners[firm.key] = await world.as_actor(operator_actor(), partial(_found, firm=firm))
    for person in PEOPLE:
        await enter_person(world, person)
    for firm in FIRMS:
        await _equip(world, firm)
    for company in COMPANIES:
        world.moment += dt.timedelta(minutes=3)
        world.customers[company.key] = await world.do("demo.eco", partial(_enter, world=world, company=company))
    await enter_person(world, CUSTOMER)


async def _found(work: Work, firm: Firm) -> UUID:
    made = await partner.create_partner(
        work,
        name=firm.name,
        name_en=firm.name_en,
        credit_code=firm.credit_code,
        province=firm.province,
        level=firm.level,
        core_map=firm.core_map,
        enterprise_verified=True,
    )
    return made.id


async def enter_person(world: World, person: Person) -> None:
    """Open the account of one of the demonstration's people."""

    async def deed(work: Work) -> UUID:
        roles = () if person.is_main else await preset_ids(work, person.role)
        account = await open_account(
            work,
            login=person.login,
            name=person.name,
            title=person.title,
            password_hash=world.password_hash,
            side=person.role.side,
            role_ids=roles,
            partner_id=world.partners[person.partner] if person.partner else None,
            customer_id=world.customers["dingsheng"] if person is CUSTOMER else None,
            office_id=person.office,
            is_main=person.is_main,
            mobile="13800000900" if person.is_main else None,
            director_id=world.people["demo.director"] if person.login == "demo.manager" else None,
            must_change_password=False,
        )
        return account.id

    world.people[person.login] = await world.as_actor(operator_actor(), deed)


async def _equip(world: World, firm: Firm) -> None:
    partner_id = world.partners[firm.key]

    async def deed(work: Work) -> list[str]:
        if firm.pdm is not None:
            found = await work.get(partner.PartnerOrganisation, partner_id)
            pdm = {"pdm_id": world.people[firm.pdm]}
            await partner.update_partner(work, partner_id, pdm, version=found.version)
        await partner.set_path_stage(work, partner_id, firm.path, firm.stage)
        await partner.join_plan(work, partner_id, firm.plan)
        made = [
            await partner.add_offering(
                work, partner_id, name=sale.name, kind=sale.kind, services=sale.services, whitelisted=sale.whitelisted
            )
            for sale in firm.sales
        ]
        return [offering.public_id for offering in made]

    world.sales[firm.key] = await world.do("demo.eco", deed)
    await world.do(firm.main, lambda work: pce.join(work, agreed=True))


async def _enter(work: Work, world: World, company: Company) -> UUID:
    manager = {"huaqi": "demo.manager", "yunfan": "demo.manager.yunfan"}.get(company.partner or "")
    values = {
        "company_name": company.name,
        "account_name": company.account,
        "huawei_account_id": f"{company.place:032x}",
        "credit_code": company.credit_code,
        "customer_type": customer.CustomerType.ENTERPRISE,
        "verified_status": customer.VerifiedStatus.VERIFIED,
        "industry": company.industry,
        "sub_industry": company.branch,
        "province": company.province,
        "city": company.city,
        "address": company.address,
        "company_size": company.size,
        "mobile": company.mobile,
        "email": company.email,
        "website": f"https://www.{company.key}.example.com",
        "partner_id": world.partners[company.partner] if company.partner else None,
        "account_manager_id": world.people[manager] if manager else None,
        "association_type": company.association if company.partner else None,
        # Associated since long before the story begins, so that there is something to look back at.
        "associated_on": work.now - dt.timedelta(days=400) if company.partner else None,
        "owner_id": world.people["demo.owner"] if company.owned else None,
        "bd_id": world.people["demo.bd"],
    }
    name, _, title = company.contact.partition(" ")
    contact = {"name": name, "title": title, "mobile": company.mobile, "email": company.email}
    return (await customer.create_customer(work, values, [contact])).id
