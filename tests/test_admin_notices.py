"""The inbox of the back-office: a bell that counts, pages that mask, forms that touch one's own notices only."""

from __future__ import annotations

import re
from typing import Any

from sqlmodel import select

from models.identity import operator_actor
from models.kernel.work import Work
from models.notice import Notice, NoticePreference
from models.partner import PartnerOrganisation
from tests.desk import ADDRESS, Desk, Visitor, desk

__all__ = ["desk"]


async def inbox(desk: Desk, receiver_id: Any) -> list[Notice]:
    async with desk.store.reader() as session:
        query = select(Notice).where(Notice.receiver_id == receiver_id).order_by(Notice.id)  # type: ignore[arg-type]
        return list((await session.execute(query)).scalars())


async def told(desk: Desk, count: int = 1) -> tuple[Visitor, list[Notice]]:
    """Let the PDM be told of some opportunities, and let him in."""
    for number in range(1, count + 1):
        await desk.pipeline.submitted(name=f"机会点 {number}", company_name=f"苏州第{number}机械有限公司")
    return await desk.enter(desk.pipeline.cast.zhou_pdm), await inbox(desk, desk.pipeline.pdm.id)


def bell(page: str) -> str | None:
    found = re.search(r'class="bell-count[^"]*">([0-9+]+)<', page)
    return found[1] if found else None


async def test_the_bell_counts_and_the_inbox_says_what_happened_in_masks(desk: Desk) -> None:
    zhou, _ = await told(desk, 2)
    page = await zhou.page("/notices")
    assert bell(page) == "2"
    assert "机会点待审核" in page
    assert "机会点 1" in page
    assert "苏州****公司" in page
    assert "机械" not in page
    assert "2026-03-02 12:00" in page
    other = await desk.enter(desk.pipeline.accounts["psm"])
    page = await other.page("/notices")
    assert bell(page) is None
    assert "机会点 1" not in page
    assert "暂无通知" in page


async def test_opening_a_notice_reads_it_and_leads_to_its_record(desk: Desk) -> None:
    zhou, (notice,) = await told(desk)
    answer = await zhou.send(f"/notices/{notice.public_id}/open")
    assert answer.status_code == 303
    assert re.fullmatch(r"/admin/opportunities/opp_[0-9a-f]{32}", answer.headers["location"])
    assert (await zhou.get(answer.headers["location"].removeprefix("/admin"))).status_code == 200
    assert [row.read_at for row in await inbox(desk, desk.pipeline.pdm.id)] == [desk.store.clock()]
    assert bell(await zhou.page("/notices")) is None
    assert "机会点 1" not in await zhou.page("/notices?view=unread")


async def test_notices_are_marked_as_read_one_by_one_or_all_at_once(desk: Desk) -> None:
    zhou, rows = await told(desk, 3)
    back = "/admin/notices?view=unread"
    answer = await zhou.send("/notices/read", id=rows[0].public_id, back=back)
    assert answer.headers["location"] == back
    assert bell(await zhou.page("/")) == "2"
    await zhou.send("/notices/read")
    assert bell(await zhou.page("/")) is None


async def test_nobody_reads_or_opens_anothers_notices(desk: Desk) -> None:
    _, (notice,) = await told(desk)
    he = await desk.enter(desk.pipeline.accounts["psm"])
    token = await he.token()
    before = await desk.store.everything()
    for path, fields in (
        (f"/notices/{notice.public_id}/open", {}),
        ("/notices/read", {"id": notice.public_id}),
        ("/notices/read", {"id": "nonsense"}),
        ("/notices/nonsense/open", {}),
    ):
        answer = await he.send(path, token=token, **fields)
        assert answer.status_code == 404, path
        assert "机会点" not in answer.text
    assert await desk.store.everything() == before


async def test_forms_without_this_visits_token_or_from_another_site_change_nothing(desk: Desk) -> None:
    zhou, (notice,) = await told(desk)
    await zhou.page("/notices")
    before = await desk.store.everything()
    for path in ("/notices/read", f"/notices/{notice.public_id}/open", "/preferences"):
        assert (await zhou.send(path, token="0" * 64)).status_code == 403
        assert (await zhou.send(path, token="0" * 64, origin="http://evil.test")).status_code == 403
        assert (await desk.browser().post(f"/admin{path}", headers={"origin": ADDRESS})).status_code == 401
    assert await desk.store.everything() == before


async def test_whoever_lost_sight_of_the_record_reads_a_neutral_line_that_leads_nowhere(desk: Desk) -> None:
    zhou, (notice,) = await told(desk)

    async def another_pdm(work: Work) -> None:
        (await work.session.get_one(PartnerOrganisation, desk.pipeline.cast.huaqi.id)).pdm_id = None

    await desk.store.do(operator_actor(), another_pdm)
    page = await zhou.page("/notices")
    assert "您现在已无权查看" in page
    assert "机会点 1" not in page
    assert f"/notices/{notice.public_id}/open" not in page
    answer = await zhou.send(f"/notices/{notice.public_id}/open")
    assert answer.headers["location"] == "/admin/notices"


async def test_the_inbox_is_turned_page_by_page(desk: Desk) -> None:
    zhou, _ = await told(desk, 21)
    first = await zhou.page("/notices")
    assert "机会点 21" in first
    assert "“机会点 1”" not in first
    after = re.search(r'href="/admin(/notices\?after=[^"]+)" rel="next"', first)
    assert after is not None
    second = await zhou.page(after[1])
    assert "“机会点 1”" in second
    before = re.search(r'href="/admin(/notices\?before=[^"]+)" rel="prev"', second)
    assert before is not None
    assert "机会点 21" in await zhou.page(before[1])
    assert (await zhou.get("/notices?after=nonsense")).headers["location"] == "/admin/notices"


async def test_a_person_chooses_what_comes_by_mail(desk: Desk) -> None:
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    page = await zhou.page("/preferences")
    assert "zhou.tao@huawei.com" in page
    assert "每日待办摘要" in page
    assert "华为共享了一个机会点" not in page
    codes = re.findall(r'name="kind" value="([\w.]+)" checked', page)
    assert "queue.audit" in codes
    answer = await zhou.send("/preferences", kind=[code for code in codes if code != "queue.audit"])
    assert answer.status_code == 303
    page = await zhou.page("/preferences")
    assert "queue.audit" not in re.findall(r'name="kind" value="([\w.]+)" checked', page)
    async with desk.store.reader() as session:
        rows = (await session.execute(select(NoticePreference))).scalars().all()
    assert [(row.account_id, row.kind, row.by_mail) for row in rows] == [(zhou.account.id, "queue.audit", False)]
    before = await desk.store.everything()
    token = await zhou.token()
    refused = await zhou.send("/preferences", token=token, kind=["offer.received"])
    assert refused.status_code == 303
    assert await desk.store.everything() == before
    psm = await desk.enter(desk.pipeline.accounts["psm"])
    assert "没有邮箱地址" in await psm.page("/preferences")


async def test_the_pages_speak_both_languages(desk: Desk) -> None:
    zhou, _ = await told(desk)
    await zhou.send("/language", lang="en")
    page = await zhou.page("/notices")
    for text in ("Notices", "An opportunity to audit", "Something to do", "Mark all as read", "Beijing time"):
        assert text in page
    assert "待审核" not in page
    page = await zhou.page("/preferences")
    assert "What comes by mail" in page
    assert "Daily digest" in page
    assert "每日待办摘要" not in page
