"""The back-office's pages of reports, invitations, agreements and what is known of customers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from sqlmodel import select

from models import invitation as invitations
from models.agreement import AgreementVersion
from models.approval import Approval
from models.customer import CustomerFact, CustomerStanding, keep_facts
from models.customer_report import ReportStatus
from models.kernel.errors import DomainError
from models.knowledge import KnowledgeRecommendation
from tests.desk import Desk, Visitor, desk
from tests.reporting import Reporting, open_reporting

__all__ = ["desk"]


@pytest_asyncio.fixture
async def reporting(desk: Desk) -> AsyncIterator[Reporting]:
    yield await open_reporting(desk.pipeline)


async def one(desk: Desk, model: Any) -> Any:
    async with desk.store.reader() as session:
        return (await session.execute(select(model))).scalars().one()


async def english(visitor: Visitor) -> None:
    await visitor.send("/language", lang="en", back="/admin/")


async def test_operations_review_a_report_from_the_queue(desk: Desk, reporting: Reporting) -> None:
    """COL-5.2.7, COL-5.7.6: the causes and the statement stand beside the masked facts."""
    await reporting.known(CustomerFact.ONLINE_SALES)
    report = await reporting.report(statement="预计每月新增五万元消费")
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    listed = await lin.page("/customer-reports")
    for text in ("客户报备", "无锡****公司", "待审核", "属于在线销售团队", "138****2222"):
        assert text in listed, text
    assert "无锡蓝湖数据" not in listed
    page = await lin.page(f"/customer-reports/{report.public_id}")
    assert "预计每月新增五万元消费" in page
    entry = await one(desk, Approval)
    assert f"/queue/{entry.public_id}" in page
    queue = await lin.page(f"/queue/{entry.public_id}")
    assert "客户报备审核" in queue
    answer = await lin.send(
        f"/queue/{entry.public_id}/decide", verb="reject", version=str(report.version), reason="在线团队正在签约"
    )
    assert answer.status_code == 303
    assert (await reporting.again(report)).status is ReportStatus.REJECTED


async def test_who_finds_the_pages(desk: Desk, reporting: Reporting) -> None:
    report, invited = await reporting.report(), await reporting.link()
    for account, sees in (
        (desk.pipeline.cast.zhou_pdm, True),
        (desk.pipeline.accounts["auditor"], True),
        (desk.pipeline.cast.sun_platform, False),
    ):
        visitor = await desk.enter(account)
        for path in (f"/customer-reports/{report.public_id}", f"/invitations/{invited.public_id}", "/agreements"):
            assert ((await visitor.get(path)).status_code == 200) is sees, (account.name, path)


async def test_an_invitation_is_shown_with_the_causes_of_its_failure(desk: Desk, reporting: Reporting) -> None:
    """COL-5.3.12: in words, in the viewer's language; never with its link."""
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    invited = await reporting.mail(await reporting.report())
    await reporting.do(
        reporting.operations, lambda work: keep_facts(work, customer.id, facts=[CustomerFact.UNPAID_BILLS])
    )
    try:
        await reporting.accept(person, invited)
    except DomainError as refusal:
        error = refusal
    await reporting.do(person, lambda work: invitations.note_failure(work, invited.id, error))
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    page = await lin.page(f"/invitations/{invited.public_id}")
    assert "该客户有未结清的账单" in page
    assert "m****@lanhu.example" in page
    assert "/invitations/ey" not in page
    assert "该客户有未结清的账单" in await lin.page("/invitations?failed=true")
    await english(lin)
    assert "The customer has unpaid bills" in await lin.page(f"/invitations/{invited.public_id}")


async def test_operations_keep_facts_and_recommend_from_the_customers_page(desk: Desk, reporting: Reporting) -> None:
    customer = await reporting.known()
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    page = await lin.page(f"/customers/{customer.public_id}")
    assert "维护客户情况" in page
    given: dict[str, Any] = {
        "version": str(customer.version),
        "facts": ["CASH_SPENDING", "UNPAID_BILLS"],
        "registered_at": "2026-01-05T10:00",
        "grace_days": "3",
    }
    answer = await lin.send(f"/customers/{customer.public_id}/do/keep_facts", **given)
    assert answer.status_code == 303
    standing = await one(desk, CustomerStanding)
    assert (standing.facts, standing.grace_days) == (["CASH_SPENDING", "UNPAID_BILLS"], 3)
    assert standing.registered_at.isoformat() == "2026-01-05T02:00:00+00:00"
    wrong = await lin.send(f"/customers/{customer.public_id}/do/keep_facts", **{**given, "grace_days": "-1"})
    assert wrong.status_code == 422
    fed = await lin.send(
        f"/customers/{customer.public_id}/do/feed_knowledge", version="1", title="案例", text="三个案例", link=""
    )
    assert fed.status_code == 303
    assert (await one(desk, KnowledgeRecommendation)).title == "案例"
    page = await lin.page(f"/customers/{customer.public_id}")
    for text in ("有现金消费", "有未结清账单", "知识推荐", "三个案例"):
        assert text in page, text
    zhou = await desk.enter(desk.pipeline.accounts["auditor"])
    before = await desk.store.everything()
    refused = await zhou.send(f"/customers/{customer.public_id}/do/keep_facts", **given)
    assert refused.status_code == 409
    assert await desk.store.everything() == before
    assert "维护客户情况" not in re.sub(
        r'<li class="timeline.*', "", await zhou.page(f"/customers/{customer.public_id}")
    )


async def test_the_history_of_a_customer_stands_on_its_page(desk: Desk, reporting: Reporting) -> None:
    """COL-5.4.11, COL-5.7.13"""
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    report = await reporting.report()
    notice = await reporting.notice()
    await reporting.accept(person, await reporting.mail(report), agreed_to=notice.id)
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    page = await zhou.page(f"/customers/{customer.public_id}")
    for text in ("关联关系操作记录", "接受邀请", "协议签署", "2026-01", "客户报备", "已关联", "客户邀请"):
        assert text in page, text
    assert (await reporting.again(report)).status is ReportStatus.ASSOCIATED


async def test_operations_publish_the_next_version(desk: Desk, reporting: Reporting) -> None:
    """COL-5.7.13"""
    first = await reporting.notice()
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    page = await lin.page(f"/agreements/{first.public_id}")
    assert "发布新版本" in page
    assert "更换合作伙伴须先解除现有关联" in page
    texts = {"title_zh": "须知", "title_en": "Notice", "content_zh": "新的内容", "content_en": "A new text"}
    twice = await lin.send(f"/agreements/{first.public_id}/do/publish", number="2026-01", **texts)
    assert (twice.status_code, "已发布" in twice.text) == (422, True)
    desk.store.clock.forward(minutes=1)
    answer = await lin.send(f"/agreements/{first.public_id}/do/publish", number="2026-02", **texts)
    assert answer.status_code == 303
    assert (await reporting.notice()).number == "2026-02"
    auditor = await desk.enter(desk.pipeline.accounts["auditor"])
    assert "发布新版本" not in await auditor.page(f"/agreements/{first.public_id}")
    refused = await auditor.send(f"/agreements/{first.public_id}/do/publish", number="2026-03", **texts)
    assert refused.status_code == 409
    async with desk.store.reader() as session:
        notices = select(AgreementVersion).where(AgreementVersion.kind == first.kind)
        assert len((await session.execute(notices)).all()) == 2
