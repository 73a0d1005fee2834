"""How the demonstration's customers change hands, bear tags, and come through a distributor's channel."""

import datetime as dt
from functools import partial
from typing import Any, Final

from api.demo.people import CHANNEL
from api.demo.world import Deed, World, enter_person
from models import customer, partner
from models.customer import AssociationType, CustomerType, VerifiedStatus
from models.identity import operator_actor
from models.kernel.values import credit_code_for
from models.kernel.work import Work
from models.partner import PartnerKind

TAGS: Final = {"jinling": ["重点客户", "医药"], "huaxing": ["重点客户"], "hengtong": ["新能源", "续约在即"]}
RESOLD: Final = (
    ("昆山淀山湖电子有限公司", "91320583MADRRL01X", VerifiedStatus.VERIFIED),
    ("江阴澄江纺织有限公司", "91320281MADRRL02X", VerifiedStatus.IN_REVIEW),
)


async def hand_over(world: World) -> None:
    """Let customers be tagged, taken back and assigned anew, and a distributor have a reseller with customers."""
    manager = world.people["demo.manager"]
    customers = [world.customers[key] for key in ("hengtong", "xihu", "pujiang")]
    for key, tags in TAGS.items():
        await _do(world, 30, "demo.manager", partial(_tag, id=world.customers[key], tags=tags))
    batch: list[Any] = [(id, None) for id in customers]
    await _do(world, 12, "demo.admin", lambda work: customer.take_back_many(work, batch))
    await _do(world, 9, "demo.operator", lambda work: customer.assign_managers(work, batch[:2], manager))
    await _found(world)


async def _do(world: World, days_ago: int, login: str, deed: Deed[Any]) -> None:
    world.moment = world.working_day(days_ago) + dt.timedelta(minutes=7)
    await world.do(login, deed)


async def _tag(work: Work, id: Any, tags: list[str]) -> Any:
    found = await work.get(customer.Customer, id)
    return await customer.set_tags(work, id, tags, version=found.version)


async def _found(world: World) -> None:
    world.moment = world.working_day(8) + dt.timedelta(minutes=30)

    async def organisations(work: Work) -> None:
        distributor = await partner.create_partner(
            work,
            name="华东总汇云科技有限公司",
            name_en="East China Cloud Distribution Co., Ltd.",
            kind=PartnerKind.DISTRIBUTOR,
            province="CN-31",
            enterprise_verified=True,
        )
        await work.flush()
        reseller = await partner.create_partner(
            work,
            name="苏南云经销有限公司",
            name_en="Sunan Cloud Resale Co., Ltd.",
            kind=PartnerKind.RESELLER,
            distributor_id=distributor.id,
            province="CN-32",
            enterprise_verified=True,
        )
        world.partners["zonghui"], world.partners["sunan"] = distributor.id, reseller.id

    await world.as_actor(operator_actor(), organisations)
    for person in CHANNEL:
        await enter_person(world, person)
    for place, (name, body, verified) in enumerate(RESOLD):
        values = {
            "company_name": name,
            "account_name": f"hwc_resold_{place + 1}",
            "credit_code": credit_code_for(body),
            "customer_type": CustomerType.ENTERPRISE,
            "verified_status": verified,
            "province": "CN-32",
            "industry": "MANUFACTURING",
            "partner_id": world.partners["sunan"],
            "association_type": AssociationType.RESALE,
            "associated_on": world.moment - dt.timedelta(days=40 + 30 * place),
        }
        await world.do("demo.eco", partial(customer.create_customer, values=values))
