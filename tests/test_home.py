"""A portal's home page in one query, who can be put in charge, and kept filters."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from models.opportunity import Stage, progress
from tests.portal import Portal, portal

__all__ = ["portal"]

HOME = """{ home {
  pipeline { stage count amounts { amount currency } }
  waiting { drafts returned offers stale }
  dueNext(first: 3) { id name status sla { dueAt onBreachEn } }
  unreadNotices
} }"""
SAVE = "mutation($i: SavedFilterSaveInput!) { savedFilterSave(input: $i) { filter { id name conditions } } }"
DELETE = "mutation($i: SavedFilterDeleteInput!) { savedFilterDelete(input: $i) { filter { id } } }"


async def test_home_tells_pipeline_what_waits_and_what_is_due(portal: Portal):
    """COL-2.6.5, COL-3.2#3."""
    pipeline, main = portal.pipeline, portal.pipeline.cast.wang_main
    assert (await portal.get(main, HOME))["home"]["pipeline"] == []
    await pipeline.draft()
    returned = await pipeline.submitted(name="退回", company_name="苏州一厂")
    await pipeline.decide(pipeline.pdm, returned, "send_back", reason="请补充预算", fields=("budget",))
    await pipeline.submitted(name="审核中", company_name="苏州二厂", expected_amount="100.50")
    usd = await pipeline.validated(name="美元", company_name="苏州三厂", expected_amount="50.00", currency="USD")
    await pipeline.submitted(pipeline.other_main, name="云帆的", company_name="广州一厂")
    await pipeline.shared()
    await pipeline.do(
        pipeline.main,
        lambda work: progress.report(
            work, usd.id, stage=Stage.POC, win_probability=50, details="测试中", next_step=None
        ),
    )
    home = (await portal.get(main, HOME))["home"]
    groups = {one["stage"]: (one["count"], one["amounts"]) for one in home["pipeline"]}
    assert groups["POC"] == (1, [{"amount": "50.00", "currency": "USD"}])
    assert groups[None] == (2, [{"amount": "1200100.50", "currency": "CNY"}])
    assert home["waiting"] == {"drafts": 1, "returned": 1, "offers": 1, "stale": 0}
    assert [one["name"] for one in home["dueNext"]][:2] == ["审核中", "退回"]
    assert all(one["sla"]["dueAt"] for one in home["dueNext"])
    assert home["unreadNotices"] > 0
    pipeline.store.clock.forward(days=31)
    portal.forget_tokens()
    assert (await portal.get(main, HOME))["home"]["waiting"]["stale"] == 2
    other = (await portal.get(pipeline.cast.liu_main_of_yunfan, HOME))["home"]
    assert other["waiting"]["drafts"] == 0
    assert sum(one["count"] for one in other["pipeline"]) == 1


async def test_whoever_sees_no_opportunities_finds_an_empty_page(portal: Portal):
    await portal.pipeline.submitted()
    home = (await portal.get(portal.pipeline.cast.li_administrator, HOME))["home"]
    assert home == {
        "pipeline": [],
        "waiting": {"drafts": 0, "returned": 0, "offers": 0, "stale": 0},
        "dueNext": [],
        "unreadNotices": 0,
    }


async def test_home_takes_a_handful_of_statements(portal: Portal):
    main = portal.pipeline.cast.wang_main
    await portal.pipeline.submitted()
    await portal.get(main, HOME)
    assert portal.database is not None
    said: list[str] = []
    engine = portal.database.reader_engine.sync_engine
    listen = lambda _c, _cur, statement, *_: said.append(statement)  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        await portal.get(main, HOME)
    finally:
        sa.event.remove(engine, "before_cursor_execute", listen)
    assert len(said) <= 12, said


async def test_people_who_can_be_in_charge_come_with_their_open_load(portal: Portal):
    pipeline, cast = portal.pipeline, portal.pipeline.cast
    await pipeline.draft()
    await pipeline.submitted(name="二", responsible_id=cast.chen_manager.id)
    query = "{ assignees { account { name } openCount } }"
    found = (await portal.get(cast.wang_main, query))["assignees"]
    load = {one["account"]["name"]: one["openCount"] for one in found}
    assert load == {"王芳": 1, "李强": 0, "赵敏": 0, "陈磊": 1}
    for stranger in (cast.chen_manager, cast.zhou_pdm):
        assert (await portal.get(stranger, query))["assignees"] == []


async def test_filters_are_kept_replaced_listed_and_thrown_away_by_their_owner(portal: Portal):
    cast = portal.pipeline.cast
    conditions: dict[str, Any] = {
        "status": ["DRAFT", "RETURNED"],
        "amountFrom": {"amount": "100.00", "currency": "CNY"},
        "createdFrom": "2026-01-01T00:00:00.000000Z",
        "signTo": "2026-12-31",
        "responsible": cast.wang_main.public_id,
        "text": "恒远",
        "stale": False,
    }
    saved = await portal.get(cast.wang_main, SAVE, i={"name": "我的草稿", "filter": conditions})
    kept = saved["savedFilterSave"]["filter"]
    assert kept["conditions"] == conditions
    query = "query($f: OpportunityFilter) { opportunities(first: 1, filter: $f) { totalCount } }"
    assert (await portal.get(cast.wang_main, query, f=kept["conditions"]))["opportunities"]["totalCount"] == 0
    await portal.get(cast.wang_main, SAVE, i={"name": "我的草稿", "filter": {"status": ["DRAFT"]}})
    listed = "{ savedFilters { id name conditions } }"
    assert (await portal.get(cast.wang_main, listed))["savedFilters"] == [
        {"id": kept["id"], "name": "我的草稿", "conditions": {"status": ["DRAFT"]}}
    ]
    assert (await portal.get(cast.liu_main_of_yunfan, listed))["savedFilters"] == []
    assert (await portal.refusal(cast.liu_main_of_yunfan, DELETE, i={"id": kept["id"]}))["code"] == "NOT_FOUND"
    await portal.get(cast.wang_main, DELETE, i={"id": kept["id"]})
    assert (await portal.get(cast.wang_main, listed))["savedFilters"] == []


async def test_a_filter_that_the_list_would_refuse_is_not_kept(portal: Portal):
    pipeline = portal.pipeline
    refused = await portal.refusal(
        pipeline.accounts["finance"], SAVE, i={"name": "x", "filter": {"companyName": "恒远"}}
    )
    assert refused["code"] == "FIELD_NOT_SEARCHABLE"
    assert (await portal.refusal(pipeline.cast.wang_main, SAVE, i={"name": " ", "filter": {}}))[
        "code"
    ] == "FIELD_REQUIRED"
