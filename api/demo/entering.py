"""How companies of the demonstration become partners: an entry in every state, each step by who would take it."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from api.demo.people import APPLICANTS, Person
from api.demo.world import Deed, World
from models import entry
from models.approval import Approval, ApprovalState, decide
from models.entry import INVITEE, LegalForm, PartnerEntry
from models.identity import Account
from models.kernel.values import credit_code_for
from models.kernel.work import Work, sealed
from models.partner import PartnerKind, Path
from models.verification import PURPOSE, code_from

NAMES: Final = {person.login.removeprefix("demo.applicant").removeprefix("."): person for person in APPLICANTS}


class _Story:
    """The story of some companies (入驻演示): a clock that goes on from deed to deed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._deeds = 0

    def at(self, days_ago: int) -> None:
        """Let time go on; deeds that share a working day keep their order in it."""
        self._deeds += 1
        self.world.moment = self.world.working_day(days_ago) + dt.timedelta(minutes=2 * self._deeds)

    async def do(self, days_ago: int, login: str, deed: Deed[Any]) -> Any:
        self.at(days_ago)
        return await self.world.do(login, deed)

    async def invite(self, days_ago: int, login: str, company: str, mailbox: str, **more: Any) -> UUID:
        values = {"company_name": company, "email": mailbox, **more}
        made: UUID = (await self.do(days_ago, login, lambda work: entry.invite(work, values))).id
        return made

    async def open(self, days_ago: int, id: UUID) -> None:
        self.at(days_ago)
        await self.world.as_actor(INVITEE, lambda work: entry.opened(work, id))

    async def verify(self, days_ago: int | None, id: UUID, mobile: str, mailbox: str) -> UUID:
        """Ask for a code and give it back; without a day just now."""
        if days_ago is not None:
            self.at(days_ago)
        as_invitee = self.world.as_actor
        code = await as_invitee(INVITEE, lambda work: entry.request_code(work, id, mobile=mobile, email=mailbox))
        digits = code_from(sealed(self.world.store.journal_key, PURPOSE, code.id.hex))
        _, verified = await as_invitee(INVITEE, lambda work: entry.verify(work, id, digits))
        found: UUID = verified.id
        return found

    async def register(self, days_ago: int, id: UUID, person: Person, mobile: str, mailbox: str) -> None:
        """Go as far as an account, with the password that everybody here has."""
        code = await self.verify(days_ago, id, mobile, mailbox)

        async def deed(work: Work) -> PartnerEntry:
            known = await work.first(select(Account.password_hash).where(Account.login == "demo.main"))
            return await entry.open_by_link(work, id, code, person.login, person.name, known)

        self.at(days_ago)
        made = await self.world.as_actor(INVITEE, deed)
        assert made.account_id is not None, "it was registered just now"
        self.world.people[person.login] = made.account_id

    async def accept(self, days_ago: int, login: str, id: UUID) -> None:
        async def deed(work: Work) -> None:
            terms = await entry.newest_terms(work)
            found = await work.get(PartnerEntry, id)
            if terms is not None:
                await entry.accept_terms(work, id, terms.id, ticked=True, version=found.version)

        await self.do(days_ago, login, deed)

    async def fill(self, days_ago: int, login: str, id: UUID, *, submit: bool = True, **form: Any) -> None:
        async def deed(work: Work) -> None:
            found = await work.get(PartnerEntry, id)
            take = entry.submit if submit else entry.save
            await take(work, id, form, version=found.version)

        await self.do(days_ago, login, deed)

    async def review(self, days_ago: int, id: UUID, verb: str, reason: str | None = None) -> None:
        async def deed(work: Work) -> None:
            waiting = await work.first(
                select(Approval.id).where(Approval.subject_id == id, Approval.state == ApprovalState.OPEN)
            )
            await decide(work, waiting, verb, reason=reason)

        await self.do(days_ago, "demo.eco", deed)


def _form(body: str, province: str, city: str, path: Path = Path.SOFTWARE, **more: Any) -> dict[str, Any]:
    return {
        "credit_code": credit_code_for(body),
        "legal_form": LegalForm.LIMITED_LIABILITY,
        "province": province,
        "city": city,
        "path": path,
        **more,
    }


async def enter(world: World) -> None:
    """Bring companies as far as each state that a visitor may want to see."""
    story = _Story(world)
    await _over(story)
    await _on_their_way(story)
    await _decided(story)


async def arrive(world: World) -> None:
    """Let one have been verified just now, within the day that it has for registering."""
    story = _Story(world)
    id = await story.invite(1, "demo.pdm", "无锡梁溪智能科技有限公司", "office@liangxi.example.com")
    world.moment = world.today - dt.timedelta(minutes=10)
    await story.verify(None, id, "13800000961", "zhu.qi@liangxi.example.com")


async def _over(story: _Story) -> None:
    """Let some invitations come to nothing: expired, lapsed, withdrawn."""
    await story.invite(24, "demo.pdm", "徐州彭城信息技术有限公司", "info@pengcheng.example.com")
    id = await story.invite(12, "demo.pdm", "常州龙城网络有限公司", "office@longcheng.example.com")
    await story.verify(11, id, "13800000962", "gu.lei@longcheng.example.com")
    id = await story.invite(9, "demo.pdm", "扬州运河软件有限公司", "it@yunhe.example.com")
    await story.do(8, "demo.pdm", lambda work: entry.withdraw(work, id))


async def _on_their_way(story: _Story) -> None:
    """Leave some on their way: invited, opened, registered, terms accepted and half filled in."""
    await story.invite(
        2, "demo.eco", "南京云锦数字科技有限公司", "office@yunjin.example.com", path=Path.SYSTEM_INTEGRATOR
    )
    id = await story.invite(3, "demo.pdm", "苏州金鸡湖软件有限公司", "hello@jinjihu.example.com")
    await story.open(2, id)
    id = await story.invite(4, "demo.eco", "杭州钱江云服务有限公司", "office@qianjiang.example.com", language="en")
    await story.register(3, id, NAMES["hangzhou"], "13800000963", "luo.ning@qianjiang.example.com")
    id = await story.invite(5, "demo.eco", "宁波东海软件有限公司", "office@donghai.example.com")
    ningbo = NAMES["ningbo"]
    await story.register(4, id, ningbo, "13800000964", "shi.lan@donghai.example.com")
    await story.accept(4, ningbo.login, id)
    await story.fill(3, ningbo.login, id, submit=False, province="CN-33", city="宁波市", path=Path.SERVICE)


async def _decided(story: _Story) -> None:
    """Let one wait for its review, one be rejected, and one have joined."""
    id = await story.invite(6, "demo.pdm", "华启软件科技（南京）有限公司", "office@hq-nanjing.example.com")
    nanjing = NAMES["nanjing"]
    await story.register(5, id, nanjing, "13800000965", "tang.yue@hq-nanjing.example.com")
    await story.accept(5, nanjing.login, id)
    await story.fill(1, nanjing.login, id, **_form("91320105MA1HQNJ65", "CN-32", "南京市"))
    id = await story.invite(15, "demo.eco", "成都锦江数据有限公司", "office@jinjiang.example.com")
    applicant = NAMES[""]
    await story.register(14, id, applicant, "13800000966", "su.ran@jinjiang.example.com")
    await story.accept(14, applicant.login, id)
    form = _form("91510104MA6JNJG66", "CN-51", "成都市", legal_form=LegalForm.OTHER)
    await story.fill(13, applicant.login, id, **form)
    await story.review(12, id, "reject", "企业类型请按营业执照填写，并上传营业执照。")
    id = await story.invite(
        30, "demo.eco", "广州珠江云科技股份有限公司", "office@zhujiang.example.com", kind=PartnerKind.DISTRIBUTOR
    )
    guangzhou = NAMES["guangzhou"]
    await story.register(28, id, guangzhou, "13800000967", "li.chuan@zhujiang.example.com")
    await story.accept(28, guangzhou.login, id)
    form = _form("91440101MA5JJYK67", "CN-44", "广州市", Path.DISTRIBUTOR, legal_form=LegalForm.JOINT_STOCK)
    await story.fill(27, guangzhou.login, id, **form)
    await story.review(26, id, "approve")
