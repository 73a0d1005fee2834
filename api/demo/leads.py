"""The leads and deal registrations of the demonstration, each made by the person who would do it."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from api.demo.world import World
from models import deal_registration, lead
from models.kernel.calendar import beijing_day
from models.kernel.work import Work
from models.lead import LeadCloseReason, LeadLevel, LeadSource
from models.opportunity import Stage

SUMMIT: Final = "2026春季智能制造峰会"
WEBINAR: Final = "云上数据库迁移直播课"


def _form(company: str, person: str, mailbox: str, mobile: str, **more: Any) -> dict[str, Any]:
    return {
        "company_name": company,
        "customer_name": person,
        "account_name": mailbox.partition("@")[2].partition(".")[0] + "_cloud",
        "email": mailbox,
        "mobile": mobile,
        "province": "CN-32",
        "industry": "MANUFACTURING",
        **more,
    }


class _Story:
    """The story of some leads (线索演示): a clock that goes on from deed to deed, and what came of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.leads: dict[str, UUID] = {}
        self._deeds = 0

    def at(self, days_ago: int) -> None:
        """Let time go on; deeds that share a working day keep their order in it."""
        self._deeds += 1
        self.world.moment = self.world.working_day(days_ago) + dt.timedelta(minutes=7 * self._deeds)

    async def push(self, days_ago: int, key: str, partner: str, source: LeadSource, **form: Any) -> None:
        self.at(days_ago)
        whose = self.world.partners[partner]

        async def deed(work: Work) -> UUID:
            return (await lead.push(work, whose, form, source=source)).id

        self.leads[key] = await self.world.do("demo.eco", deed)

    async def enter(self, days_ago: int, key: str, **form: Any) -> None:
        self.at(days_ago)

        async def deed(work: Work) -> UUID:
            return (await lead.create(work, form)).id

        self.leads[key] = await self.world.do("demo.admin", deed)

    async def dispatch(self, days_ago: int, key: str, by: str, to: str) -> None:
        self.at(days_ago)
        follower = self.world.people[to]

        async def deed(work: Work) -> None:
            found = await work.get(lead.Lead, self.leads[key])
            await lead.dispatch(work, found.id, follower, version=found.version)

        await self.world.do(by, deed)

    async def follow(self, days_ago: int, key: str, who: str, note: str, in_days: int) -> None:
        self.at(days_ago)
        later = self.world.moment + dt.timedelta(days=in_days)
        await self.world.do(who, lambda work: lead.add_follow_up(work, self.leads[key], note, next_follow_at=later))

    async def close(self, days_ago: int, key: str, who: str, reason: LeadCloseReason) -> None:
        self.at(days_ago)

        async def deed(work: Work) -> None:
            found = await work.get(lead.Lead, self.leads[key])
            await lead.close(work, found.id, version=found.version, reason_code=reason)

        await self.world.do(who, deed)

    async def convert(self, days_ago: int, key: str, who: str, customer: str, name: str) -> None:
        self.at(days_ago)

        async def deed(work: Work) -> None:
            found = await work.get(lead.Lead, self.leads[key])
            chosen = self.world.customers[customer]
            await lead.convert_to_deal_registration(work, found.id, chosen, version=found.version, name=name)

        await self.world.do(who, deed)

    async def register(self, days_ago: int, who: str, customer: str, **pages: Any) -> UUID:
        self.at(days_ago)

        async def deed(work: Work) -> UUID:
            made = await deal_registration.create(work, self.world.customers[customer], pages)
            return (await deal_registration.submit(work, made.id, version=made.version)).id

        return await self.world.do(who, deed)

    async def report(self, days_ago: int, who: str, deal: UUID, stage: Stage, chance: int, **told: str) -> None:
        self.at(days_ago)
        await self.world.do(
            who,
            lambda work: deal_registration.report_progress(work, deal, stage=stage, win_probability=chance, **told),
        )


async def follow_leads(world: World) -> None:
    """Send leads down, dispatch and follow them, and register two deals."""
    story = _Story(world)
    signing = beijing_day(world.today) + dt.timedelta(days=60)
    deal = await story.register(
        40,
        "demo.manager",
        "dingsheng",
        name="鼎晟二期产线数据平台",
        requirement="二期产线接入数据平台，采集三百台设备并做能耗分析。",
        services=["ECS", "RDS"],
        contact_name="冯雪",
        contact_mobile="13800000106",
        expected_amount="420000.00",
        currency="CNY",
        expected_sign_date=signing,
        revenue_starts_on=signing + dt.timedelta(days=15),
        term_months=24,
        billing_mode=deal_registration.BillingMode.MIXED,
    )
    await story.report(
        32,
        *("demo.manager", deal, Stage.SOLUTION, 30),
        technical_exchange="与信息中心交流采集网关选型",
        details="客户认可总体方案，要求补充能耗报表样例。",
    )
    await story.push(
        *(20, "jiangtai", "huaqi", LeadSource.CAMPAIGN),
        **_form("常州江泰机电有限公司", "周敏", "zhou.min@jiangtai.example", "13800000101", level=LeadLevel.A),
        campaign_name=SUMMIT,
        requirement="希望评估 MES 上云，现有机房年底到期。",
    )
    await story.push(
        *(20, "hengshun", "huaqi", LeadSource.CAMPAIGN),
        **_form("镇江恒顺包装有限公司", "吴磊", "wu.lei@hengshun.example", "13800000102", level=LeadLevel.B),
        campaign_name=SUMMIT,
    )
    await story.dispatch(19, "jiangtai", "demo.main", "demo.manager")
    await story.dispatch(19, "hengshun", "demo.director", "demo.manager")
    await story.follow(18, "jiangtai", "demo.manager", "电话沟通，客户希望本月看到方案。", 4)
    await story.enter(
        16,
        "dingsheng",
        **_form("苏州鼎晟精密制造有限公司", "冯雪", "feng.xue@dingsheng.example", "13800000106"),
        requirement="老客户介绍的备份与容灾需求。",
    )
    await story.dispatch(16, "dingsheng", "demo.admin", "demo.manager")
    await story.follow(15, "dingsheng", "demo.manager", "客户确认容灾预算，进入立项。", 7)
    await story.convert(12, "dingsheng", "demo.manager", "dingsheng", "鼎晟容灾备份")
    await story.close(11, "hengshun", "demo.manager", LeadCloseReason.NO_INTENT)
    await story.report(
        10,
        *("demo.manager", deal, Stage.POC, 55),
        technical_exchange="完成两轮技术交流",
        test_status="三十台设备接入测试通过",
        details="测试环境已上线，等待客户评审。",
    )
    await story.push(
        *(8, "lanhai", "huaqi", LeadSource.HUAWEI),
        **_form("无锡蓝海软件有限公司", "郭佳", "guo.jia@lanhai.example", "13800000103", level=LeadLevel.C),
        campaign_name=WEBINAR,
    )
    await story.dispatch(7, "lanhai", "demo.main", "demo.operator")
    await story.enter(5, "xinyuan", **_form("南通新源纺织有限公司", "陆强", "lu.qiang@xinyuan.example", "13800000104"))
    await story.push(
        *(3, "yuexing", "yunfan", LeadSource.CAMPAIGN),
        **_form("佛山越兴家电有限公司", "何敏", "he.min@yuexing.example", "13800000105", level=LeadLevel.B),
        campaign_name=WEBINAR,
    )
    await story.follow(2, "jiangtai", "demo.manager", "已发送方案，客户下周组织评审。", 6)
