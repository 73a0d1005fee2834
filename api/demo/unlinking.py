"""How the demonstration's partners and customers part or change their type: a request in every state."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from api import timers
from api.demo.companies import COMPANIES
from api.demo.world import Deed, World
from models import agreement, association_request, verification
from models.customer import AssociationType
from models.kernel.access import Actor, Side
from models.kernel.work import Work
from models.rights import PRESETS, Preset

RESALE: Final = AssociationType.RESALE


class _Story:
    """The story of some requests (关联变更演示): a clock that goes on from deed to deed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._deeds = 0

    async def do(self, days_ago: int, login: str, deed: Deed[Any]) -> Any:
        self.at(days_ago)
        return await self.world.do(login, deed)

    async def as_customer(self, days_ago: int, key: str, deed: Deed[Any]) -> Any:
        """Let a customer that has no demo login of its own act."""
        self.at(days_ago)
        company = next(one for one in COMPANIES if one.key == key)
        himself = Actor(
            id=self.world.customers[key],
            name=company.contact.partition(" ")[0],
            side=Side.CUSTOMER,
            permissions=PRESETS[Preset.CUS].permissions,
            customer_id=self.world.customers[key],
        )
        return await self.world.as_actor(himself, deed)

    def at(self, days_ago: int) -> None:
        self._deeds += 1
        self.world.moment = self.world.working_day(days_ago) + dt.timedelta(minutes=2 * self._deeds)

    async def unlink(self, days_ago: int, login: str, key: str, reason: str) -> UUID:
        customer = self.world.customers[key]
        made = await self.do(
            days_ago, login, lambda work: association_request.unlink(work, customer, reason=reason, understood=True)
        )
        return made.id  # type: ignore[no-any-return]

    async def switch(self, days_ago: int, login: str, key: str, reason: str) -> UUID:
        customer = self.world.customers[key]
        made = await self.do(
            days_ago,
            login,
            lambda work: association_request.switch(work, customer, RESALE, reason=reason, understood=True),
        )
        return made.id  # type: ignore[no-any-return]

    async def ask(self, days_ago: int, key: str, reason: str) -> UUID:
        made = await self.as_customer(
            days_ago, key, lambda work: association_request.unlink_from_partner(work, reason=reason, understood=True)
        )
        return made.id  # type: ignore[no-any-return]


async def part(world: World) -> None:
    """File, answer, withdraw, close and leave open what a visitor may want to see."""
    story = _Story(world)
    taken_back = await story.unlink(120, "demo.admin", "yunhe", "项目已交付，双方约定结束合作")
    await story.do(119, "demo.main", lambda work: association_request.withdraw(work, taken_back))
    switched = await story.switch(110, "demo.admin", "qiantang", "客户希望由伙伴统一结算云资源费用")
    await story.as_customer(108, "qiantang", _signing(switched))
    await story.unlink(100, "demo.main", "pujiang", "客户组织调整，改由集团统一采购")
    asked = await story.ask(96, "emei", "改由其他服务商提供运维服务")
    await story.do(94, "demo.main.rongxin", lambda work: association_request.approve(work, asked))
    # What nobody has answered ends when its time comes.
    world.moment = world.working_day(64)
    await timers.sweep(world.store, clock=world.clock)
    refused = await story.unlink(60, "demo.main.rongxin", "tianfu", "长期无新增消费")
    await story.as_customer(
        58, "tianfu", lambda work: association_request.refuse_request(work, refused, reason="二期项目即将启动")
    )
    closed = await story.ask(40, "hengtong", "误以为可在此更换客户经理")
    await story.do(
        38,
        "demo.eco",
        lambda work: association_request.force_close(work, closed, reason="客户来电说明误操作，工单 20260412-07"),
    )
    await story.switch(6, "demo.admin", "dingsheng", "三期项目起由伙伴代付并开具发票")
    await story.ask(3, "jinling", "集团采购策略调整")
    await story.do(2, "demo.main.yunfan", lambda work: verification.switch(work, enabled=True))


def _signing(request: UUID) -> Deed[Any]:
    async def deed(work: Work) -> None:
        notice = await agreement.newest(work)
        await association_request.agree(work, request, agreed_to=notice.id if notice else None)

    return deed
