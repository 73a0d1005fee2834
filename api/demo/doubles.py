"""Customers that were entered twice: one pair that waits to be merged, one merged, and one merge taken back."""

import datetime as dt
from functools import partial
from typing import Any
from uuid import UUID

from api.demo.world import Deed, World
from models import customer, customer_merge
from models.kernel.work import Work

# The customer that was there first, and how somebody wrote it again.
DOUBLES = (
    ("dingsheng", "鼎晟精密制造（苏州）有限公司", 60),
    ("huaxing", "无锡华星半导体股份有限公司", 58),
    ("jinling", "南京 金陵医药集团", 56),
)


async def enter_doubles(world: World) -> None:
    """Enter some customers again, and let the partner find that out."""
    made: list[UUID] = []

    async def do(days_ago: int, login: str, deed: Deed[Any]) -> Any:
        world.moment = world.working_day(days_ago) + dt.timedelta(minutes=7 * (len(made) + 1))
        return await world.do(login, deed)

    for _, name, days_ago in DOUBLES:
        values = {"company_name": name, "partner_id": world.partners["huaqi"], "province": "CN-32"}
        values |= {"association_type": customer.AssociationType.REFERRAL, "tags": ["展会"]}
        entered = await do(days_ago, "demo.eco", partial(customer.create_customer, values=values))
        made.append(entered.id)
    first, second = (world.customers[key] for key, _, _ in DOUBLES[1:])
    await do(40, "demo.main", _merged(first, made[1], "展会后重复录入"))
    taken_back = await do(39, "demo.main", _merged(second, made[2], "疑似同一家公司"))
    await do(
        38,
        "demo.main",
        lambda work: customer_merge.unmerge(work, taken_back.id, version=1, reason="集团与医药公司各自采购"),
    )


def _merged(survivor: UUID, double: UUID, reason: str) -> Deed[Any]:
    async def deed(work: Work) -> Any:
        both = [await work.get(customer.Customer, id) for id in (survivor, double)]
        versions = (both[0].version, both[1].version)
        return await customer_merge.merge(work, survivor, double, versions=versions, reason=reason)

    return deed
