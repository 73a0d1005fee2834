"""How the demonstration's money moves, by everybody who moves it; who is frozen, and who has authorised its partner."""

import datetime as dt
from typing import Any, Final

from api.demo.companies import COMPANIES
from api.demo.world import Deed, World
from models import association_request, authorisation, balance, freeze
from models.balance import Transfer
from models.customer import AssociationType
from models.kernel.access import Actor, Side
from models.kernel.work import Work
from models.rights import PRESETS, Preset

FINANCE, MAIN, ADMIN = "demo.huawei.finance", "demo.main", "demo.admin"
TOP_UP: Final = "伙伴银行汇款"


class _Story:
    """The story of the money (拨款演示): a clock that goes on from deed to deed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._deeds = 0

    async def do(self, days_ago: int, login: str, deed: Deed[Any]) -> Any:
        self.at(days_ago)
        return await self.world.do(login, deed)

    async def as_customer(self, days_ago: int, key: str, deed: Deed[Any]) -> Any:
        """Let a customer that has no demo login of its own act."""
        self.at(days_ago)
        company, id = next(one for one in COMPANIES if one.key == key), self.world.customers[key]
        rights = PRESETS[Preset.CUS].permissions
        himself = Actor(id, company.contact.partition(" ")[0], Side.CUSTOMER, rights, customer_id=id)
        return await self.world.as_actor(himself, deed)

    def at(self, days_ago: int) -> None:
        self._deeds += 1
        self.world.moment = self.world.working_day(days_ago) + dt.timedelta(minutes=3 * self._deeds)

    async def allocate(self, days_ago: int, login: str, reason: str, **amounts: str) -> None:
        await self.do(days_ago, login, lambda work: balance.allocate(work, self._transfers(amounts), reason=reason))

    async def recall(self, days_ago: int, login: str, reason: str, **amounts: str) -> None:
        await self.do(days_ago, login, lambda work: balance.recall(work, self._transfers(amounts), reason=reason))

    async def charge(self, days_ago: int, key: str, amount: str, reason: str) -> None:
        customer = self.world.customers[key]
        await self.do(days_ago, FINANCE, lambda work: balance.charge(work, customer, amount, reason=reason))

    async def ask(self, days_ago: int, login: str, key: str, note: str) -> Any:
        async def deed(work: Work) -> Any:
            letter = await authorisation.newest_letter(work)
            return (await authorisation.request(work, self.world.customers[key], accepting=letter.id, note=note)).id

        return await self.do(days_ago, login, deed)

    def _transfers(self, amounts: dict[str, str]) -> list[Transfer]:
        return [Transfer(self.world.customers[key], amount) for key, amount in amounts.items()]


async def fund(world: World) -> None:
    """Move money, freeze, and let customers authorise, so that a visitor finds each of it."""
    story = _Story(world)
    huaqi = world.partners["huaqi"]
    await story.do(60, FINANCE, lambda work: balance.top_up(work, huaqi, "500000.00", reason=TOP_UP))
    await story.do(59, FINANCE, lambda work: balance.designate(work, huaqi, "80000.00", reason="昇腾专项资金"))
    await story.allocate(55, "demo.finance", "首次拨款", jinling="60000", changjiang="25000.50", qiantang="8000")
    await _authorise(story)
    await story.allocate(35, MAIN, "关联后首次拨款", taihu="12000")
    await story.charge(30, "jinling", "41200.35", "上月按需与包年包月消费")
    await story.charge(30, "changjiang", "9000.50", "上月按需消费")
    await story.charge(30, "qiantang", "9150.20", "上月按需消费")
    await _leave_resale(story)
    await _freeze(story)
    await story.recall(10, "demo.finance", "客户调减预算", taihu="3000")
    await story.do(2, FINANCE, lambda work: balance.top_up(work, huaqi, "120000.00", reason=TOP_UP))


async def _authorise(story: _Story) -> None:
    asked = await story.ask(50, ADMIN, "jinling", "代为下单与日常运维")
    await story.as_customer(49, "jinling", lambda work: authorisation.agree(work, asked))
    ended = await story.ask(48, ADMIN, "changjiang", "代为下单")
    await story.as_customer(47, "changjiang", lambda work: authorisation.agree(work, ended))
    refused = await story.ask(44, "demo.operator", "qiantang", "代为运维")
    await story.as_customer(43, "qiantang", lambda work: authorisation.reject(work, refused, reason="自有运维团队"))
    taken = await story.ask(34, MAIN, "taihu", "代为下单")
    await story.as_customer(33, "taihu", lambda work: authorisation.agree(work, taken))
    await story.as_customer(
        12, "taihu", lambda work: authorisation.revoke(work, taken, reason="采购改由本公司自行下单")
    )
    await story.ask(5, "demo.operator", "qiantang", "大促期间协助扩容")


async def _leave_resale(story: _Story) -> None:
    """Let a customer leave resale, so that what it has left returns and what it had authorised ends."""
    customer, referral = story.world.customers["changjiang"], AssociationType.REFERRAL
    reason = "客户改为直接与华为云结算"
    request = await story.do(
        24,
        ADMIN,
        lambda work: association_request.switch(work, customer, referral, reason=reason, understood=True),
    )
    await story.as_customer(22, "changjiang", lambda work: association_request.agree(work, request.id))


async def _freeze(story: _Story) -> None:
    taihu, qiantang = story.world.customers["taihu"], story.world.customers["qiantang"]
    await story.do(18, ADMIN, lambda work: freeze.freeze(work, taihu, reason="付款账期逾期 15 天"))
    await story.do(16, MAIN, lambda work: freeze.unfreeze(work, taihu, reason="客户已补缴"))
    await story.do(4, ADMIN, lambda work: freeze.freeze(work, qiantang, reason="欠费未结清，暂停购买"))
