"""Consumption in GraphQL and in the back-office: fields by role, filters as they are written, notices, and no bill."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLObjectType
from httpx2 import ASGITransport, AsyncClient

from admin.office import mount
from api.app import create_app
from api.schema import build_schema
from api.settings import Settings
from models.consumption import NOTICE_EN, NOTICE_ZH
from models.identity import Account
from models.rights import PRESETS, Preset, Right
from tests.databases import Databases, open_database
from tests.desk import TERMS, Desk, Visitor
from tests.field_matrix import CELLS, ROLES
from tests.market import Market, open_market, people
from tests.people import Store
from tests.pipeline import open_pipeline
from tests.portal import ADDRESS, Portal

ROW = "Customer/consumption"
INSIDE = [role.value for role in Preset if Right.BACK_OFFICE in PRESETS[role].permissions]
SUMMARIES = """query($f: ConsumptionSummaryFilter) { consumptionSummaries(first: 10, filter: $f) { totalCount nodes {
  id billCycle view lineCount associationType officialAmount { amount currency } discountAmount { amount }
  amountDue { amount } performanceAmount { amount } noticeZh noticeEn
  customer { id companyName } partner { name } accountManager { name }
  performance(first: 5) { nodes { tradeId performanceAmount { amount } noticeZh noticeEn } } } } }"""
DETAILS = """query($f: ConsumptionDetailFilter) { consumptionDetails(first: 10, filter: $f) { totalCount nodes {
  lineId billCycle consumedAt billDetailType chargingMode serviceTypeCode serviceTypeName resourceTypeName
  specification regionCode regionName tradeId resourceId resourceName noticeZh noticeEn
  officialAmount { amount } discountAmount { amount } amountDue { amount } customer { companyName } } } }"""
PERFORMANCE = """query($f: PerformanceDetailFilter) { performanceDetails(first: 10, filter: $f) { totalCount nodes {
  tradeId serviceTypeName consumedAt amountDue { amount } performanceAmount { amount } } } }"""
CUSTOMER = """query($id: ID!) { customer(id: $id) {
  consumption(first: 5, filter: {thisMonth: false}) { totalCount nodes { billCycle amountDue { amount } } } } }"""


class Hall:
    """The application and the back-office over one market; these tests only read."""

    def __init__(self, market: Market, portal: Portal, desk: Desk, people: dict[str, Account]) -> None:
        self.market = market
        self.portal = portal
        self.desk = desk
        self.people = people
        self.visitors: dict[str, Visitor] = {}

    async def visitor(self, role: str) -> Visitor:
        """Let somebody in, once."""
        if role not in self.visitors:
            self.visitors[role] = await self.desk.enter(self.people[role])
        return self.visitors[role]


@pytest_asyncio.fixture(scope="module")
async def hall(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    market = await open_market(pipeline, tmp_path_factory.mktemp("hall"))
    await market.take({"id": "line-1"}, {"id": "line-2", "payment_amount": "0.00", "performance_amount": ""})
    app = create_app(Settings(database_url=url), database=opened, clock=pipeline.store.clock, sweeping=False)
    office = app.__class__()
    site = mount(office, pipeline.store, TERMS, secret="s" * 40, secure=False, clock=pipeline.store.clock)
    desk = Desk(site, office, pipeline, [])
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Hall(market, Portal(client, pipeline), desk, await people(market))
    for one in desk.clients:
        await one.aclose()
    await opened.dispose()
    await databases.drop(url)


@pytest.mark.parametrize("role", ROLES)
async def test_everybody_reads_of_consumption_what_his_cell_says(hall: Hall, role: str):
    """COL-7.2, field-permissions.md: whoever may not read consumption finds no rows of it, on any way to them."""
    who, market = hall.people[role], hall.market
    months = (await hall.portal.get(who, SUMMARIES))["consumptionSummaries"]
    lines = (await hall.portal.get(who, DETAILS))["consumptionDetails"]
    performance = (await hall.portal.get(who, PERFORMANCE))["performanceDetails"]
    customer = (await hall.portal.get(who, CUSTOMER, id=market.mingde.public_id))["customer"]
    if CELLS[ROW][role] != "P":
        for found in (months, lines, performance):
            assert found == {"totalCount": 0, "nodes": []}
        assert customer is None or customer["consumption"] == {"totalCount": 0, "nodes": []}
        return
    (month,) = months["nodes"]
    assert month["amountDue"] == {"amount": "100.00"}
    assert month["officialAmount"] == {"amount": "240.00", "currency": "CNY"}
    assert (month["performanceAmount"], month["lineCount"]) == ({"amount": "70.01"}, 2)
    assert [one["performanceAmount"] for one in month["performance"]["nodes"]] == [{"amount": "70.01"}]
    assert (months["totalCount"], lines["totalCount"], performance["totalCount"]) == (1, 2, 1)
    assert {one["resourceName"] for one in lines["nodes"]} == {"erp-node-1"}
    assert customer["consumption"]["nodes"] == [{"billCycle": "2026-02", "amountDue": {"amount": "100.00"}}]
    shown = "苏州明德重工有限公司" if CELLS["Customer/name"][role] == "P" else "苏州****公司"
    assert {one["customer"]["companyName"] for one in (month, *lines["nodes"])} == {shown}


@pytest.mark.parametrize("role", INSIDE)
async def test_the_back_office_shows_consumption_to_those_of_its_cell_under_the_notice(hall: Hall, role: str):
    """COL-5.9.2, COL-2.8.3"""
    visitor = await hall.visitor(role)
    paths = ("/consumption", "/consumption-details", "/performance")
    texts = [html.unescape((await visitor.get(path)).text) for path in paths]
    menu = html.unescape((await visitor.get("/")).text)
    reads = CELLS[ROW][role] == "P"
    assert ("/admin/consumption" in menu) == reads
    for path, text in zip(paths, texts, strict=True):
        assert (NOTICE_ZH in text) == reads, path
        assert ("70.01" in text or "100.00" in text) == reads, path
        assert "苏州明德重工有限公司" not in text or CELLS["Customer/name"][role] == "P"
    if reads:
        opened = re.search(r'href="/admin/consumption/(csm_[0-9a-f]{32})"', texts[0])
        assert opened is not None
        page = await visitor.page(f"/consumption/{opened[1]}")
        assert NOTICE_ZH in page
        assert "70.01 CNY" in page
        assert (await visitor.get("/consumption?f.month_from=2026-03")).text.count("csm_") == 0


FILTERS: dict[str, tuple[str, dict[str, Any], int]] = {
    "month": (SUMMARIES, {"monthFrom": "2026-02", "monthTo": "2026-02"}, 1),
    "another month": (SUMMARIES, {"monthFrom": "2026-03"}, 0),
    "view": (SUMMARIES, {"view": ["REFUND"]}, 0),
    "type": (SUMMARIES, {"associationType": ["RESALE"]}, 1),
    "name": (SUMMARIES, {"customerName": "明德"}, 1),
    "zeros hidden": (DETAILS, {"hideZero": True}, 1),
    "zeros shown": (DETAILS, {"hideZero": False}, 2),
    "mode": (DETAILS, {"chargingMode": ["ON_DEMAND"], "billType": ["USE"], "region": ["cn-north-4"]}, 2),
    "resource": (DETAILS, {"resourceName": "ERP", "resourceId": "res-1", "tradeId": "CS001"}, 2),
    "instants": (DETAILS, {"consumedFrom": "2026-02-10T02:00:00Z", "consumedTo": "2026-02-10T02:00:00Z"}, 0),
    "product": (PERFORMANCE, {"productType": ["hws.service.type.ec2"], "thisMonth": False}, 1),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_filters_are_written_as_the_schema_says(hall: Hall, name: str):
    """COL-5.9.4, COL-5.9.5"""
    query, conditions, count = FILTERS[name]
    (found,) = (await hall.portal.get(hall.people["MAIN"], query, f=conditions)).values()
    assert found["totalCount"] == count


async def test_ids_narrow_and_a_month_that_is_none_is_refused(hall: Hall):
    market, main = hall.market, hall.people["MAIN"]
    (month,) = (await hall.portal.get(main, SUMMARIES))["consumptionSummaries"]["nodes"]
    given = {"customer": market.mingde.public_id, "accountManager": market.pipeline.cast.chen_manager.public_id}
    for query, more in ((SUMMARIES, {}), (PERFORMANCE, {"summary": month["id"]})):
        (found,) = (await hall.portal.get(main, query, f=given | more)).values()
        assert found["totalCount"] == 1
    refused = await hall.portal.refusal(main, SUMMARIES, f={"monthFrom": "2026-2"})
    assert refused["code"] == "VALUE_NOT_ALLOWED"


async def test_a_foreign_summary_is_not_there(hall: Hall):
    (month,) = (await hall.portal.get(hall.people["MAIN"], SUMMARIES))["consumptionSummaries"]["nodes"]
    query = "query($id: ID!) { consumptionSummary(id: $id) { id } node(id: $id) { id } }"
    for role in ("PSM", "BD", "KOO", "SYS"):
        assert await hall.portal.get(hall.people[role], query, id=month["id"]) == {
            "consumptionSummary": None,
            "node": None,
        }
    stranger = hall.market.pipeline.cast.liu_main_of_yunfan
    assert (await hall.portal.get(stranger, query, id=month["id"]))["consumptionSummary"] is None


def test_the_schema_tells_nothing_of_the_deduction_and_everywhere_that_it_is_no_bill():
    """COL-5.9.2, COL-5.9.11: no cash, coupon or debt amounts and no deduction time; the notice in both languages."""
    schema: Any = build_schema()._schema
    for name in ("ConsumptionSummary", "ConsumptionDetail", "PerformanceDetail"):
        found = schema.get_type(name)
        assert isinstance(found, GraphQLObjectType)
        assert not [one for one in found.fields if re.search("(?i)cash|coupon|debt|deduct|tradeTime|credit|card", one)]
        assert {"noticeZh", "noticeEn"} <= found.fields.keys()
        assert "no bill for settlement" in (found.description or "")


async def test_the_notice_comes_with_every_row(hall: Hall):
    """COL-5.9.2"""
    found = [
        *(await hall.portal.get(hall.people["CUS"], SUMMARIES))["consumptionSummaries"]["nodes"],
        *(await hall.portal.get(hall.people["CUS"], DETAILS))["consumptionDetails"]["nodes"],
    ]
    assert {(one["noticeZh"], one["noticeEn"]) for one in found} == {(NOTICE_ZH, NOTICE_EN)}
