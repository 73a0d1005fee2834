"""The head of a customer's page: what presses, what it consumed, and what can be done with it now (COL-5.7.10)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from models.association_request import unlink
from models.customer import AssociationType, Customer, CustomerFact, create_customer, keep_facts
from models.customer_overview import CustomerAction, Overview, overview_of
from models.kernel.access import Actor, Outcome
from models.kernel.reads import Reader
from models.rights import Preset
from tests.desk import Desk, desk
from tests.market import Market, market, open_market, people, pipeline
from tests.portal import Portal, portal

__all__ = ["desk", "market", "pipeline", "portal"]


async def look(market: Market, who: Actor, customer: Customer) -> tuple[Overview | None, dict[Any, Outcome]]:
    async with market.store.reader() as session:
        reader = Reader(session, who, market.store.clock())
        return await overview_of(reader, customer.id), reader.redacted


async def actions(market: Market, who: Actor, customer: Customer) -> dict[str, list[str]]:
    found, _ = await look(market, who, customer)
    assert found is not None
    return {str(one.action): [block.code for block in one.blocks] for one in found.actions}


async def consumed(market: Market) -> None:
    await market.take(
        {"id": "a", "bill_cycle": "2026-01", "consume_time": "2026-01-10T02:00:00Z", "payment_amount": "10.00"},
        {"id": "b", "payment_amount": "30.50"},
        {
            "id": "c",
            "service_type_code": "hws.service.type.rds",
            "service_type_name": "数据库",
            "payment_amount": "100.01",
        },
        # Older than the months that the page tells of.
        {"id": "d", "bill_cycle": "2025-03", "consume_time": "2025-03-10T02:00:00Z", "payment_amount": "7.00"},
        # Somebody else's.
        {"id": "e", "customer_id": "hengyuan-account", "payment_amount": "9999.00"},
    )


async def test_the_page_tells_what_was_consumed_by_month_and_by_product(market: Market) -> None:
    """COL-5.7.10: of the last twelve months, in exact amounts, of this customer alone."""
    await consumed(market)
    found, _ = await look(market, market.pipeline.main, market.mingde)
    assert found is not None
    assert found.trend is not None
    assert found.by_product is not None
    assert [(one.key, one.amount, one.currency) for one in found.trend] == [
        ("2026-01", 1000, "CNY"),
        ("2026-02", 13051, "CNY"),
    ]
    assert [(one.key, one.name, one.amount) for one in found.by_product] == [
        ("hws.service.type.rds", "数据库", 10001),
        ("hws.service.type.ec2", "弹性云服务器", 4050),
    ]


# Who sees the page, whose consumption he reads on it (COL-5.8.3: the manager's own days), and whether he is told of it.
SEES = {
    "MAIN": "P", "ADM": "P", "DIR": "P", "MGR": "P", "FIN": "P", "OPS": "P", "CUS": "P",
    "PDM": "P", "PSM": "-", "BD": "-", "OWN": "P", "ECO": "P", "KOO": "-", "HFI": "P", "AUD": "P", "SYS": ".",
}  # fmt: skip


async def test_consumption_on_the_page_is_as_closed_as_everywhere(market: Market) -> None:
    """COL-5.7.10, COL-2.8.3: the cells of consumption for everybody; what is withheld is told once."""
    await consumed(market)
    cast = await people(market)
    for role, cell in SEES.items():
        found, redacted = await look(market, await market.store.actor(cast[role]), market.mingde)
        if cell == ".":
            assert found is None
            continue
        assert found is not None, role
        assert (found.trend is None, found.by_product is None) == ((cell == "-"),) * 2, role
        assert bool(redacted) is (cell == "-"), role
        if cell == "P":
            assert found.trend, role
    for stranger in (market.pipeline.other_main, await market.store.actor(market.reseller_main)):
        assert await look(market, stranger, market.mingde) == (None, {})


async def test_an_unpaid_order_presses_only_where_it_is_known_and_may_be(market: Market) -> None:
    """COL-5.7.10, COL-5.4.7"""
    pipeline = market.pipeline
    found, _ = await look(market, pipeline.main, market.mingde)
    assert found is not None
    assert found.order_awaits_payment is None
    for facts, expected in (([CustomerFact.UNPAID_ORDER], True), ([CustomerFact.CASH_SPENDING], False)):
        await market.store.do(pipeline.operations, partial(keep_facts, customer_id=market.mingde.id, facts=facts))
        for who, told in (
            (pipeline.main, True),
            (pipeline.manager, True),
            (pipeline.operations, True),
            (pipeline.pdm, False),
        ):
            page, _ = await look(market, who, market.mingde)
            assert page is not None
            assert page.order_awaits_payment is (expected if told else None)


# Which actions the rights of each role cover on the partner's side, and on Huawei's for whoever knows its facts.
COVERED = {
    "MAIN": set(CustomerAction),
    "ADM": set(CustomerAction),
    "DIR": {CustomerAction.ASSIGN_MANAGER, CustomerAction.TAKE_BACK},
    "FIN": set(),
    "ECO": set(CustomerAction),
    "AUD": set(CustomerAction),
    "PDM": set(),
    "CUS": set(),
}


async def test_everybody_is_offered_what_his_rights_cover(market: Market) -> None:
    """COL-5.7.10, COL-5.4.1, COL-7.2"""
    cast = await people(market)
    for role, covered in COVERED.items():
        offered = await actions(market, await market.store.actor(cast[role]), market.mingde)
        assert set(offered) == {str(one) for one in covered}, role
    operator = set(await actions(market, await market.store.actor(cast[Preset.OPS.value]), market.mingde))
    assert {"ASSIGN_MANAGER", "TAKE_BACK"} <= operator
    assert not {"UNLINK", "SWITCH"} & operator


async def test_each_action_says_what_stands_against_it_now(market: Market) -> None:
    """COL-5.7.10: by the rules that refuse the action itself."""
    pipeline, main = market.pipeline, market.pipeline.main
    free = await actions(market, main, market.mingde)
    assert free == {"ASSIGN_MANAGER": [], "TAKE_BACK": [], "UNLINK": [], "SWITCH": [], "REQUEST_AUTHORISATION": []}
    assert (await actions(market, main, market.hengyuan))["TAKE_BACK"] == ["NO_MANAGER"]
    await market.store.do(
        pipeline.operations,
        lambda work: keep_facts(
            work, market.mingde.id, facts=[CustomerFact.UNPAID_ORDER, CustomerFact.RESERVED_INSTANCE]
        ),
    )
    pressed = await actions(market, main, market.mingde)
    assert "ORDER_AWAITS_PAYMENT" in pressed["UNLINK"]
    assert {"ORDER_AWAITS_PAYMENT", "RESERVED_INSTANCE_RUNS"} <= set(pressed["SWITCH"])
    assert pressed["ASSIGN_MANAGER"] == []
    await market.store.do(main, lambda work: unlink(work, market.hengyuan.id, reason="客户迁走", understood=True))
    waiting = await actions(market, main, market.hengyuan)
    assert "REQUEST_WAITS" in waiting["UNLINK"]
    assert "REQUEST_WAITS" in waiting["SWITCH"]
    # Huawei sees what the partner would; of a customer without a partner nothing can be done.
    assert await actions(market, pipeline.operations, market.hengyuan) == waiting
    alone = await actions(market, pipeline.operations, pipeline.customer)
    assert alone["ASSIGN_MANAGER"] == alone["UNLINK"] == alone["SWITCH"] == ["NO_PARTNER"]
    values = {
        "company_name": "顾问客户",
        "partner_id": pipeline.cast.huaqi.id,
        "association_type": AssociationType.REFERRAL,
    }
    referral = await market.store.do(pipeline.operations, lambda work: create_customer(work, values))
    assert (await actions(market, main, referral))["REQUEST_AUTHORISATION"] == ["NOT_A_RESALE_CUSTOMER"]


@pytest.mark.parametrize("login", ["wang_main", "chen_manager"])
async def test_a_portal_shows_the_head_of_the_page(portal: Portal, login: str) -> None:
    """COL-5.7.10: in both languages; a manager is offered nothing that only others may do."""
    pipeline = portal.pipeline
    values = {
        "company_name": "常州青石材料有限公司",
        "partner_id": pipeline.cast.huaqi.id,
        "account_manager_id": pipeline.cast.chen_manager.id,
        "association_type": AssociationType.RESALE,
    }
    customer = await pipeline.do(pipeline.operations, lambda work: create_customer(work, values))
    answer = await portal.get(
        getattr(pipeline.cast, login),
        """query($id: ID!) { customer(id: $id) { overview { orderAwaitsPayment trend { month }
          byProduct { code amount { amount } } actions { action labelZh labelEn possible blockedBy { code } } } } }""",
        id=customer.public_id,
    )
    found = answer["customer"]["overview"]
    assert (found["orderAwaitsPayment"], found["trend"], found["byProduct"]) == (None, [], [])
    offered = {one["action"]: (one["labelZh"], one["labelEn"], one["possible"]) for one in found["actions"]}
    if login == "wang_main":
        assert offered["UNLINK"] == ("解除关联", "Un-link", True)
        assert len(offered) == len(CustomerAction)
    else:
        assert not {"UNLINK", "SWITCH", "ASSIGN_MANAGER", "TAKE_BACK"} & offered.keys()


async def test_the_back_office_shows_the_head_of_the_page_and_whose_it_was(desk: Desk, tmp_path: Path) -> None:
    """COL-5.7.10, COL-5.8.2: in both languages, with the reasons; a PSM reads no consumption there either."""
    market = await open_market(desk.pipeline, tmp_path)
    await consumed(market)
    await market.store.do(
        desk.pipeline.operations,
        lambda work: keep_facts(work, market.mingde.id, facts=[CustomerFact.UNPAID_ORDER]),
    )
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    page = await lin.page(f"/customers/{market.mingde.public_id}")
    for text in (
        *("客户概览", "有待伙伴支付的订单", "近 12 个月消费", "2026-01", "10.00", "130.51", "数据库", "100.01"),
        *("伙伴可执行的操作", "分配客户经理", "可执行", "解除关联"),
        *("客户经理归属记录", "陈磊", "业绩起计日", "2024-01-06"),
    ):
        assert text in page, text
    await lin.send("/language", lang="en", back="/admin/")
    page = await lin.page(f"/customers/{market.mingde.public_id}")
    for text in ("Overview", "An order awaits the partner's payment", "Un-link", "Possible", "Account managers so far"):
        assert text in page, text
    psm = await desk.enter(desk.pipeline.accounts["psm"])
    page = await psm.page(f"/customers/{market.mingde.public_id}")
    for text in ("近 12 个月消费", "130.51", "伙伴可执行的操作", "有待伙伴支付的订单"):
        assert text not in page, text
    listed = await lin.page("/customers?f.frozen=NOT_FROZEN&f.account_manager_name=陈")
    assert market.mingde.public_id in listed
    assert market.hengyuan.public_id not in listed
