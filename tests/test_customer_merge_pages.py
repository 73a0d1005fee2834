"""The back-office's pages of a customer's timeline and of merges."""

from __future__ import annotations

from models.customer import CustomerMerge
from tests.desk import Desk, desk
from tests.reporting import open_reporting
from tests.test_customer_merge import CODE, Twins, enter
from tests.test_customer_merge_graphql import happened

__all__ = ["desk"]


async def test_operations_merge_a_duplicate_see_the_timeline_and_take_it_back(desk: Desk) -> None:
    """COL-5.7.6: names stand masked in the choices, in the timeline and in the merge."""
    reporting = await open_reporting(desk.pipeline)
    kept = await enter(reporting, "无锡蓝湖数据有限公司")
    second = await enter(reporting, "蓝湖数据（无锡）有限公司", credit_code=CODE)
    twins = Twins(reporting, kept, second)
    lin = await desk.enter(desk.pipeline.cast.lin_operations)

    page = await lin.page(f"/customers/{kept.public_id}")
    for text in ("合并重复客户", "名称仅地名不同 · 50%", str(second.id), "采用重复客户的字段"):
        assert text in page, text
    assert "蓝湖数据" not in page
    answer = await lin.send(
        f"/customers/{kept.public_id}/do/merge", version="1", other=str(second.id), take="CREDIT_CODE", reason="重复"
    )
    assert answer.status_code == 303
    merge = await reporting.only(CustomerMerge)
    assert (merge.survivor_id, merge.by_name) == (kept.id, "林静")
    # The address of the one that is no more leads to the survivor.
    moved = await lin.get(f"/customers/{second.public_id}")
    assert (moved.status_code, moved.headers["location"]) == (303, f"/admin/customers/{kept.public_id}")
    listed = await lin.page("/customer-merges")
    assert merge.public_id in listed
    page = await lin.page(f"/customer-merges/{merge.public_id}")
    for text in ("撤销合并", "统一社会信用代码", "重复"):
        assert text in page, text
    assert "蓝湖数据" not in page
    answer = await lin.send(f"/customer-merges/{merge.public_id}/do/unmerge", version="1", reason="两家")
    assert answer.status_code == 303
    assert (await reporting.again(merge)).undone_by_name == "林静"

    await happened(twins)
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    page = await lin.page(f"/customers/{kept.public_id}")
    told = page[page.index("客户时间线") :]
    for text in ("报备", "邀请", "关联", "机会点", "合并人", "王芳"):
        assert text in told, text
    assert "蓝湖数据" not in page


async def test_who_finds_merges(desk: Desk) -> None:
    reporting = await open_reporting(desk.pipeline)
    kept = await enter(reporting, "无锡蓝湖数据有限公司")
    second = await enter(reporting, "蓝湖数据")
    merge = await Twins(reporting, kept, second).merge()
    for account, sees in (
        (desk.pipeline.cast.zhou_pdm, True),
        (desk.pipeline.accounts["auditor"], True),
        (desk.pipeline.cast.sun_platform, False),
    ):
        visitor = await desk.enter(account)
        answer = await visitor.get(f"/customer-merges/{merge.public_id}")
        assert (answer.status_code == 200) is sees, account.name
        assert "撤销合并" not in answer.text
