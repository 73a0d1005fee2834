"""How the demonstration's customers are reported, invited and associated, each step by the person who would do it."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from api import timers
from api.demo.companies import COMPANIES
from api.demo.world import Deed, World
from models import agreement, association, customer_report, invitation, knowledge
from models.approval import Approval, ApprovalState, decide
from models.customer import AssociationType, CustomerFact, keep_facts
from models.kernel.errors import DomainError
from models.kernel.work import Work

REFERRAL, RESALE = AssociationType.REFERRAL, AssociationType.RESALE
STATEMENT: Final = "预计每月新增云消费三万元；已拜访两次并完成需求调研；项目为数据中台上云。"


def _prospect(company: str, person: str, mailbox: str, mobile: str, **more: Any) -> dict[str, Any]:
    return {
        "company_name": company,
        "contact_name": person,
        "email": mailbox,
        "mobile": mobile,
        "industry": "MANUFACTURING",
        "province": "CN-32",
        **more,
    }


def _known(key: str) -> dict[str, Any]:
    company = next(one for one in COMPANIES if one.key == key)
    return {
        "company_name": company.name,
        "credit_code": company.credit_code,
        "account_name": company.account,
        "contact_name": company.contact.partition(" ")[0],
        "email": company.email,
        "mobile": company.mobile,
        "industry": company.industry,
        "province": company.province,
    }


class _Story:
    """The story of some prospects (报备演示): a clock that goes on from deed to deed, and what came of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._deeds = 0

    async def do(self, days_ago: int, login: str, deed: Deed[Any]) -> Any:
        self.at(days_ago)
        return await self.world.do(login, deed)

    def at(self, days_ago: int) -> None:
        """Let time go on; deeds that share a working day keep their order in it."""
        self._deeds += 1
        self.world.moment = self.world.working_day(days_ago) + dt.timedelta(minutes=4 * self._deeds)

    async def report(self, days_ago: int, login: str, **form: Any) -> UUID:
        made: UUID = (await self.do(days_ago, login, lambda work: customer_report.report(work, form))).id
        return made

    async def mail(self, days_ago: int, login: str, report: UUID, kind: AssociationType) -> UUID:
        sent = await self.do(days_ago, login, lambda work: invitation.send_by_mail(work, [report], kind))
        made: UUID = sent[0].id
        return made

    async def review(self, days_ago: int, report: UUID, verb: str, reason: str | None = None) -> None:
        async def deed(work: Work) -> None:
            entry = await work.first(
                select(Approval.id).where(Approval.subject_id == report, Approval.state == ApprovalState.OPEN)
            )
            await decide(work, entry, verb, reason=reason)

        await self.do(days_ago, "demo.eco", deed)

    async def answer(self, days_ago: int, deed: Deed[Any]) -> Any:
        """Let whoever holds the link of a mail answer."""
        self.at(days_ago)
        return await self.world.as_actor(invitation.BEARER, deed)

    async def know(self, days_ago: int, key: str, *facts: CustomerFact, days_old: int) -> None:
        customer, opened = self.world.customers[key], self.world.today - dt.timedelta(days=days_old)
        await self.do(
            days_ago,
            "demo.eco",
            lambda work: keep_facts(work, customer, facts=facts, registered_at=opened, grace_days=0),
        )


async def relate(world: World) -> None:
    """Report and invite customers in every state that a visitor may want to see."""
    story = _Story(world)
    await story.know(45, "taihu", days_old=300)
    await story.know(45, "zijin", CustomerFact.ONLINE_SALES, days_old=120)
    await story.know(45, "xuanwu", CustomerFact.UNPAID_BILLS, days_old=500)
    await _at_home(world, story)
    await _ended(world, story)
    await _under_way(story)


async def _at_home(world: World, story: _Story) -> None:
    """Let the customer of the demonstration sign the notice, and its partner name contacts and read what helps it."""
    contacts: list[dict[str, str | None]] = [
        {"name": "陈磊", "title": "客户经理", "mobile": "13800000911", "email": "chen.lei@huaqi.example.com"},
        {"name": "郑浩", "title": "技术支持", "mobile": "13800000912", "email": None},
    ]
    await story.do(44, "demo.admin", lambda work: association.set_contacts(work, contacts))
    dingsheng = world.customers["dingsheng"]
    for title, text, link in (
        ("离散制造上云案例集", "三家同行业客户的 MES 上云路径、周期与收益。", "https://kb.example.com/discrete-mes"),
        ("灾备等级自评表", "按业务连续性目标选择备份与容灾方案的步骤。", None),
    ):
        await story.do(43, "demo.eco", _recommended(dingsheng, title, text, link))

    async def sign(work: Work) -> None:
        notice = await agreement.newest(work)
        if notice is not None:
            await agreement.sign(work, notice.id, ticked=True)

    await story.do(42, "demo.customer", sign)


async def _ended(world: World, story: _Story) -> None:
    """Let some reports and invitations come to their ends: associated, expired, refused, void, rejected."""
    report = await story.report(40, "demo.manager", **_known("taihu"))
    sent = await story.mail(39, "demo.manager", report, RESALE)

    async def accept(work: Work) -> None:
        notice = await agreement.newest(work)
        await invitation.accept(work, sent, agreed_to=notice.id if notice else None, by_link=True)

    await story.answer(38, accept)
    await story.report(
        36, "demo.operator", **_prospect("镇江东方建材有限公司", "夏俊", "xia.jun@dongfang.example.com", "13800000921")
    )
    report = await story.report(
        35, "demo.main", **_prospect("泰州海陵医药有限公司", "段然", "duan.ran@hailing.example.com", "13800000922")
    )
    sent = await story.mail(34, "demo.main", report, REFERRAL)
    await story.answer(33, lambda work: invitation.decline(work, sent, reason="已有长期合作的伙伴", by_link=True))
    report = await story.report(32, "demo.main.yunfan", **_known("zijin"), statement=STATEMENT)
    await story.review(30, report, "reject", "该客户由华为云在线销售团队跟进，正在签约。")
    report = await story.report(
        24, "demo.main", **_prospect("盐城瀚海物流有限公司", "江帆", "jiang.fan@hanhai.example.com", "13800000923")
    )
    await story.do(23, "demo.main", lambda work: customer_report.void(work, report))
    # The deadlines that passed since are acted on when their time comes.
    world.moment = world.working_day(16)
    await timers.sweep(world.store, clock=world.clock)


async def _under_way(story: _Story) -> None:
    """Leave some open: waiting for a review, held, invited by mail, invited by link, and tried in vain."""
    report = await story.report(6, "demo.main", **_known("xuanwu"))
    sent = await story.mail(5, "demo.main", report, REFERRAL)
    try:
        await story.answer(4, lambda work: invitation.accept(work, sent, by_link=True))
    except DomainError as error:
        refused = error
        await story.answer(4, lambda work: invitation.note_failure(work, sent, refused))
    report = await story.report(
        5, "demo.operator", **_prospect("宿迁洋河装备有限公司", "韩冰", "han.bing@yanghe.example.com", "13800000924")
    )
    await story.mail(3, "demo.operator", report, RESALE)
    await story.report(
        2,
        "demo.main.yunfan",
        **_prospect("东莞松湖电子有限公司", "温倩", "wen.qian@songhu.example.com", "13800000925", province="CN-44"),
    )
    await story.report(1, "demo.manager", **_known("zijin"), statement=STATEMENT)
    await story.do(1, "demo.manager", lambda work: invitation.open_link(work, REFERRAL))
    await story.do(1, "demo.operator", _campaign(story.world))


def _recommended(customer: UUID, title: str, text: str, link: str | None) -> Deed[Any]:
    return lambda work: knowledge.feed(work, customer, title=title, text=text, link=link)


def _campaign(world: World) -> Deed[Any]:
    async def deed(work: Work) -> None:
        ends = world.today + dt.timedelta(days=30)
        fair = await invitation.open_activity(
            work, name="智能制造上云季", tag="ZNZZ2026", begins_at=work.now, ends_at=ends
        )
        await work.flush()
        kind = invitation.InvitationTag.ACTIVITY
        await invitation.open_link(work, REFERRAL, tag_kind=kind, activity_id=fair.id)

    return deed
