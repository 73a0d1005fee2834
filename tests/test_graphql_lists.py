"""Lists over GraphQL: keyset pages forward and backward, several sort keys, every filter, totals, aliases, cursors."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.settings import Settings
from models.identity import Account, operator_actor
from models.kernel.reads import fetch
from models.kernel.values import public_id
from models.kernel.work import Work
from models.opportunity import Direction, Opportunity, OpportunityLine, Origin, Stage, Status
from tests.databases import Databases, open_database
from tests.people import NOON, Store
from tests.pipeline import open_pipeline
from tests.portal import ADDRESS, Portal, portal

__all__ = ["portal"]

DAY = dt.timedelta(days=1)
# Written out, since tests that run side by side must be called the same.
IMPORT = UUID("0192f300-0000-7000-8000-00000000000a")
NO_IMPORT = UUID("0192f300-0000-7000-8000-00000000000b")
# name, status, stage, amount, currency, expected signing, province, industry; None where the row has nothing.
ROWS: list[tuple[Any, ...]] = [
    ("甲 ERP", Status.DRAFT, None, None, "CNY", None, "CN-32", "MANUFACTURING"),
    ("乙 数据库", Status.DRAFT, None, 100_00, "CNY", dt.date(2026, 5, 1), "CN-32", "FINANCE"),
    ("丙 50%折", Status.VALIDATED, Stage.REQUIREMENT, 100_00, "CNY", None, "CN-44", "FINANCE"),
    ("丁 灾备", Status.VALIDATED, Stage.POC, 250_00, "CNY", dt.date(2026, 5, 1), "CN-44", "MANUFACTURING"),
    ("戊 AI", Status.WON, Stage.SIGNED, 250_00, "USD", dt.date(2026, 6, 1), "CN-44", None),
    ("己 上云", Status.WON, Stage.SIGNED, None, "CNY", dt.date(2026, 4, 1), None, None),
    ("庚 上云", Status.LOST, Stage.LOST, 900_00, "CNY", dt.date(2026, 5, 1), None, None),
    ("辛 a_b", Status.LOST, Stage.LOST, 900_00, "CNY", None, "CN-32", None),
    ("壬 ERP", Status.CANCELLED, None, None, "CNY", None, "CN-32", None),
]


@dataclass
class Shelf:
    """A portal with a partner's opportunities in every state that lists can tell apart."""

    portal: Portal
    records: list[Opportunity]

    @property
    def main(self) -> Account:
        return self.portal.pipeline.cast.wang_main

    async def names(self, arguments: str = "", who: Account | None = None, **variables: Any) -> list[str]:
        head = "query($f: OpportunityFilter) " if "f" in variables else ""
        query = f"{head}{{ opportunities(first: 100{arguments}) {{ nodes {{ name }} }} }}"
        found = await self.portal.get(who or self.main, query, **variables)
        return [node["name"] for node in found["opportunities"]["nodes"]]

    async def filtered(self, **filter: Any) -> set[str]:
        found = await self.names(", filter: $f", f=filter)
        return {name[0] for name in found}

    async def walk(self, arguments: str, size: int, *, backward: bool = False) -> list[str]:
        """Turn every page of a list and give the names in the list's own order."""
        gathered: list[str] = []
        cursor: str | None = None
        count, place = ("last", "before") if backward else ("first", "after")
        for _ in range(20):
            query = f"""query($c: String) {{ opportunities({count}: {size}, {place}: $c{arguments}) {{
              pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
              edges {{ cursor node {{ name }} }} }} }}"""
            page = (await self.portal.get(self.main, query, c=cursor))["opportunities"]
            names = [edge["node"]["name"] for edge in page["edges"]]
            gathered = names + gathered if backward else gathered + names
            info = page["pageInfo"]
            if page["edges"]:
                ends = page["edges"][0]["cursor"], page["edges"][-1]["cursor"]
                assert (info["startCursor"], info["endCursor"]) == ends
            if not info["hasPreviousPage" if backward else "hasNextPage"]:
                return gathered
            cursor = info["startCursor" if backward else "endCursor"]
        raise AssertionError("the list has no end")


async def stock(portal: Portal) -> Shelf:
    """Put the rows on the shelf as they stand, for lists have to tell states apart that a test cannot wait for."""
    pipeline = portal.pipeline

    async def put(work: Work) -> list[Opportunity]:
        records = []
        for place, (name, status, stage, amount, currency, sign, province, industry) in enumerate(ROWS):
            # Two rows of each moment, so that the id has to break ties.
            at = NOON - DAY * (40 - place // 2)
            record = Opportunity(
                partner_id=pipeline.cast.huaqi.id,
                name=name,
                status=status,
                stage=stage,
                expected_amount=amount,
                currency=currency,
                expected_sign_date=sign,
                province=province,
                industry=industry,
                company_name=f"{name[0]}字公司",
                created_at=at,
                updated_at=at,
                validated_at=at if status == Status.VALIDATED else None,
                due_at=NOON + DAY * place if place < 2 else None,
                last_progress_at=NOON - DAY if stage is Stage.POC else None,
                has_duplicates=place == 2,
                origin=Origin.IMPORTED if place > 6 else Origin.PARTNER,
                import_id=IMPORT if place > 6 else None,
                external_id=f"crm-{place}" if place > 6 else None,
                customer_id=pipeline.customer.id if place == 3 else None,
                owner_id=pipeline.accounts["owner"].id if place == 3 else None,
                responsible_id=pipeline.cast.chen_manager.id if place == 4 else pipeline.cast.wang_main.id,
                office_id="office-js" if place == 5 else None,
                contact_mobile="13800000001" if place == 0 else None,
                contact_email="a@b.example" if place == 1 else None,
                credit_code="91320594MA1P7KQL13" if place == 2 else None,
            )
            records.append(work.add(record))
        await work.flush()
        for place in range(5):
            work.add(OpportunityLine(opportunity_id=records[0].id, position=place, product=f"产品{place}"))
        return records

    return Shelf(portal, await pipeline.do(operator_actor(), put))


@pytest_asyncio.fixture(scope="module")
async def shelf(databases: Databases) -> AsyncIterator[Shelf]:
    """One shelf for all tests that only read."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    app = create_app(Settings(database_url=url), database=opened, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield await stock(Portal(client, pipeline))
    await opened.dispose()
    await databases.drop(url)


SORTS = [
    "",
    ", sort: [{by: NAME, descending: false}]",
    ", sort: [{by: EXPECTED_AMOUNT}]",
    ", sort: [{by: EXPECTED_AMOUNT, descending: false}, {by: EXPECTED_SIGN_DATE}]",
    ", sort: [{by: EXPECTED_SIGN_DATE, descending: false}, {by: EXPECTED_AMOUNT}, {by: NAME}]",
    ", sort: [{by: DUE_AT, descending: false}, {by: CREATED_AT}]",
    ", sort: [{by: SUBMITTED_AT}, {by: UPDATED_AT, descending: false}]",
]


@pytest.mark.parametrize("arguments", SORTS)
@pytest.mark.parametrize("size", [1, 2, 4])
async def test_pages_forward_and_backward_are_the_list_cut_up(shelf: Shelf, arguments: str, size: int):
    """Ties, nulls, several keys and mixed directions: no row is met twice and none is left out."""
    whole = await shelf.names(arguments)
    assert sorted(whole) == sorted(row[0] for row in ROWS)
    assert await shelf.walk(arguments, size) == whole
    assert await shelf.walk(arguments, size, backward=True) == whole


async def test_sort_keys_order_as_they_say_and_nulls_have_one_place(shelf: Shelf):
    by_amount = await shelf.names(", sort: [{by: EXPECTED_AMOUNT}, {by: NAME, descending: false}]")
    amounts = {row[0]: row[3] for row in ROWS}
    assert [amounts[name] for name in by_amount] == [900_00, 900_00, 250_00, 250_00, 100_00, 100_00, None, None, None]
    by_day = await shelf.names(", sort: [{by: EXPECTED_SIGN_DATE, descending: false}]")
    days = {row[0]: row[5] for row in ROWS}
    told = [days[name] for name in by_day]
    assert told[:5] == sorted(day for day in told if day is not None)
    assert told[5:] == [None] * 4
    assert await shelf.names() == [row[0] for row in reversed(ROWS)]


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ({"status": ["WON", "LOST"]}, "戊己庚辛"),
        ({"stage": ["POC"]}, "丁"),
        ({"direction": "PO"}, "甲乙丙丁戊己庚辛壬"),
        ({"direction": "HO"}, ""),
        ({"origin": "IMPORTED"}, "辛壬"),
        ({"province": ["CN-44"]}, "丙丁戊"),
        ({"industry": ["FINANCE"]}, "乙丙"),
        ({"office": ["office-js"]}, "己"),
        ({"amountFrom": {"amount": "100.01", "currency": "CNY"}}, "丁庚辛"),
        ({"amountFrom": {"amount": "250.00", "currency": "USD"}}, "戊"),
        (
            {
                "amountFrom": {"amount": "100.00", "currency": "CNY"},
                "amountTo": {"amount": "250.00", "currency": "CNY"},
            },
            "乙丙丁",
        ),
        ({"signFrom": "2026-05-01", "signTo": "2026-05-31"}, "乙丁庚"),
        ({"createdFrom": "2026-01-23T04:00:00.000000Z", "createdBefore": "2026-01-24T04:00:00Z"}, "戊己"),
        ({"dueBefore": "2026-03-02T04:00:00.000000Z"}, "甲"),
        ({"text": "erp"}, "甲壬"),
        ({"text": "丁字公"}, "丁"),
        ({"name": "%"}, "丙"),
        ({"name": "a_b"}, "辛"),
        ({"name": "aXb"}, ""),
        ({"companyName": "戊字"}, "戊"),
        ({"creditCode": "91320594MA1P7KQL13"}, "丙"),
        ({"contactMobile": "13800000001"}, "甲"),
        ({"contactMobile": "1380000"}, ""),
        ({"contactEmail": "a@b.example"}, "乙"),
        ({"externalId": "crm-7"}, "辛"),
        ({"importId": public_id("imp", IMPORT)}, "辛壬"),
        ({"importId": public_id("imp", NO_IMPORT)}, ""),
        ({"stale": True}, "丙"),
        ({"hasDuplicates": True}, "丙"),
        ({"hasDuplicates": False, "status": ["VALIDATED"]}, "丁"),
        ({"status": []}, ""),
    ],
    ids=str,
)
async def test_a_filter_finds_what_it_says(shelf: Shelf, filter: dict[str, Any], found: str):
    assert await shelf.filtered(**filter) == set(found)


async def test_filters_by_id_find_partner_customer_person_in_charge_and_owner(shelf: Shelf):
    pipeline = shelf.portal.pipeline
    assert await shelf.filtered(partner=pipeline.cast.huaqi.public_id) == {row[0][0] for row in ROWS}
    assert await shelf.filtered(partner=pipeline.cast.yunfan.public_id) == set()
    assert await shelf.filtered(customer=pipeline.customer.public_id) == {"丁"}
    assert await shelf.filtered(responsible=pipeline.cast.chen_manager.public_id) == {"戊"}
    assert await shelf.filtered(owner=pipeline.accounts["owner"].public_id) == {"丁"}


async def test_what_is_not_stale_is_everything_else(shelf: Shelf):
    assert await shelf.filtered(stale=False) == {row[0][0] for row in ROWS} - {"丙"}
    node = await shelf.portal.get(shelf.main, "{ opportunities(filter: {stale: true}) { nodes { isStale } } }")
    assert node["opportunities"]["nodes"] == [{"isStale": True}]


@pytest.mark.parametrize(
    ("filter", "code", "path"),
    [
        ({"amountFrom": {"amount": "1.001", "currency": "CNY"}}, "AMOUNT", ["amountFrom"]),
        ({"amountFrom": {"amount": "1e3", "currency": "CNY"}}, "AMOUNT", ["amountFrom"]),
        (
            {"amountFrom": {"amount": "1", "currency": "CNY"}, "amountTo": {"amount": "2", "currency": "USD"}},
            "VALUE_NOT_ALLOWED",
            ["amountTo"],
        ),
        ({"partner": "opp_" + "0" * 32}, "INVALID_ID", ["partner"]),
        ({"importId": "x"}, "INVALID_ID", ["importId"]),
        ({"office": [f"o{place}" for place in range(101)]}, "VALUE_NOT_ALLOWED", ["filter", "office"]),
    ],
    ids=str,
)
async def test_a_filter_that_cannot_hold_is_refused(shelf: Shelf, filter: dict[str, Any], code: str, path: list[str]):
    query = "query($f: OpportunityFilter) { opportunities(filter: $f) { nodes { id } } }"
    refused = await shelf.portal.refusal(shelf.main, query, f=filter)
    assert (refused["violations"][0]["code"], refused["violations"][0]["path"]) == (code, path)


@pytest.mark.parametrize(
    "arguments", ["first: 101", "first: -1", "last: 101", "last: -1", "first: 1, last: 1", "first: 101, last: 101"]
)
async def test_page_sizes_outside_the_bounds_are_refused(shelf: Shelf, arguments: str):
    refused = await shelf.portal.refusal(shelf.main, f"{{ opportunities({arguments}) {{ nodes {{ id }} }} }}")
    assert refused["code"] == "PAGE_SIZE"


@pytest.mark.parametrize("first", [0, 100])
async def test_page_sizes_at_the_bounds_are_answered(shelf: Shelf, first: int):
    query = f"{{ opportunities(first: {first}) {{ totalCount nodes {{ id }} pageInfo {{ endCursor }} }} }}"
    found = (await shelf.portal.get(shelf.main, query))["opportunities"]
    assert (len(found["nodes"]), found["totalCount"]) == (min(first, len(ROWS)), len(ROWS))


def written(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "=" * 20,
        written(),
        written(5),
        written("opp:-created_at"),
        written("opp:-created_at", "2026-01-01T00:00:00.000000Z"),
        written("opp:-created_at", "never", "0" * 32),
        written("opp:-created_at", 5, "0" * 32),
        written("opp:-created_at", "2026-01-01T00:00:00.000000Z", "short"),
        written("-created_at", "2026-01-01T00:00:00.000000Z", "0" * 32),
    ],
)
async def test_a_forged_cursor_is_refused(shelf: Shelf, cursor: str):
    query = "query($c: String) { opportunities(after: $c) { nodes { id } } }"
    assert (await shelf.portal.refusal(shelf.main, query, c=cursor))["code"] == "INVALID_CURSOR"


async def test_a_cursor_of_another_list_or_another_order_is_refused(shelf: Shelf):
    who = shelf.portal.pipeline.cast.lin_operations
    found = await shelf.portal.get(
        who, "{ customers { pageInfo { endCursor } } opportunities { pageInfo { endCursor } } }"
    )
    query = "query($c: String) { opportunities(after: $c) { nodes { id } } }"
    foreign = found["customers"]["pageInfo"]["endCursor"]
    assert (await shelf.portal.refusal(who, query, c=foreign))["code"] == "INVALID_CURSOR"
    sorted_otherwise = query.replace("after: $c", "after: $c, sort: [{by: NAME}]")
    own = found["opportunities"]["pageInfo"]["endCursor"]
    assert (await shelf.portal.refusal(who, sorted_otherwise, c=own))["code"] == "INVALID_CURSOR"


@contextmanager
def statements() -> Iterator[list[str]]:
    """Write down what the database is asked."""
    asked: list[str] = []
    plain = fetch.lines_of

    async def noted(session: Any, text: str, bound: Any) -> list[Any]:
        asked.append(text)
        return await plain(session, text, bound)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.kernel.reads.read.lines_of", noted)
        yield asked


async def test_a_total_is_counted_only_when_it_is_asked_for(shelf: Shelf):
    await shelf.portal.token(shelf.main)
    for selection, counted in (
        ("nodes { id }", 0),
        ("totalCount", 1),
        ("totalCount @skip(if: true) nodes { id }", 0),
        ("totalCountIsExact", 1),
        ("... on OpportunityConnection { totalCount }", 1),
    ):
        with statements() as asked:
            await shelf.portal.get(shelf.main, f"{{ opportunities {{ {selection} }} }}")
        assert sum("count(*)" in statement for statement in asked) == counted, selection


async def test_only_what_is_selected_is_read(shelf: Shelf):
    query = """query($no: Boolean!) { opportunities { nodes { ...Part
      budget @skip(if: true) need @include(if: $no) partner @include(if: $no) { name } } } }
      fragment Part on Opportunity { name ... on Node { id } }"""
    with statements() as asked:
        found = await shelf.portal.get(shelf.main, query, no=False)
    listed = [statement for statement in asked if "FROM opportunity" in statement]
    assert len(listed) == 1
    for column in ("budget", "need", "partner_organisation"):
        assert column not in listed[0]
    assert set(found["opportunities"]["nodes"][0]) == {"name", "id"}


async def test_aliases_of_one_list_may_differ_in_their_arguments(shelf: Shelf):
    query = """query($id: ID!, $two: Int) { opportunity(id: $id) {
      one: lines(first: 1) { totalCount nodes { product } }
      rest: lines(first: $two, after: null) { nodes { product __typename } }
      a: previous { id } again: partner { name } partner { id } } }"""
    found = await shelf.portal.get(shelf.main, query, id=shelf.records[0].public_id, two=2)
    row = found["opportunity"]
    assert row["one"] == {"totalCount": 5, "nodes": [{"product": "产品0"}]}
    assert row["rest"]["nodes"] == [{"product": f"产品{n}", "__typename": "OpportunityLine"} for n in (0, 1)]
    assert row["again"]["name"] == "华启软件有限公司"
    assert row["partner"]["id"] == shelf.portal.pipeline.cast.huaqi.public_id


async def test_lists_below_aliases_of_what_holds_them_are_kept_apart(shelf: Shelf):
    query = """{ opportunities(first: 1, filter: {name: "甲"}) {
      edges { node { lines(first: 1) { nodes { product } } } }
      twice: edges { other: node { lines(first: 2) { nodes { product } } } }
      nodes { lines(first: 3) { nodes { product } } } } }"""
    found = (await shelf.portal.get(shelf.main, query))["opportunities"]
    products = [
        len(found["edges"][0]["node"]["lines"]["nodes"]),
        len(found["twice"][0]["other"]["lines"]["nodes"]),
        len(found["nodes"][0]["lines"]["nodes"]),
    ]
    assert products == [1, 2, 3]


async def test_root_fields_of_one_query_share_one_snapshot_and_differ_in_arguments(shelf: Shelf):
    query = """{ won: opportunities(filter: {status: [WON]}) { totalCount }
      lost: opportunities(filter: {status: [LOST]}, first: 1) { totalCount nodes { name } } }"""
    found = await shelf.portal.get(shelf.main, query)
    assert (found["won"]["totalCount"], found["lost"]["totalCount"], len(found["lost"]["nodes"])) == (2, 2, 1)


async def test_figures_are_grouped_and_never_cross_currencies(shelf: Shelf):
    query = """query($f: OpportunityFilter) { opportunitySummary(filter: $f) { count
      won { count expected { amount currency } } lost { count expected { amount currency } } open { count }
      byStatus { key count } byStage { key count } byCurrency { key count expected { amount } } } }"""
    figures = (await shelf.portal.get(shelf.main, query, f=None))["opportunitySummary"]
    assert (figures["count"], figures["open"]["count"]) == (9, 4)
    assert figures["won"] == {"count": 2, "expected": [{"amount": "250.00", "currency": "USD"}]}
    assert figures["lost"]["expected"] == [{"amount": "1800.00", "currency": "CNY"}]
    assert {one["key"]: one["count"] for one in figures["byStatus"]}["DRAFT"] == 2
    assert {one["key"]: one["count"] for one in figures["byStage"]}[None] == 3
    assert [(one["key"], one["expected"]) for one in figures["byCurrency"]] == [
        ("CNY", [{"amount": "2250.00"}]),
        ("USD", [{"amount": "250.00"}]),
    ]
    drafts = await shelf.portal.get(shelf.main, query, f={"status": ["DRAFT"], "name": "乙"})
    assert drafts["opportunitySummary"]["count"] == 1


async def test_another_partner_counts_none_of_it(shelf: Shelf):
    """COL-2.8.1"""
    liu = shelf.portal.pipeline.cast.liu_main_of_yunfan
    query = """{ opportunities(filter: {text: "ERP"}) { totalCount nodes { id } pageInfo { endCursor } }
      opportunitySummary { count byStatus { key } } journal { totalCount nodes { subjectId } } }"""
    found = await shelf.portal.get(liu, query)
    assert found["opportunities"] == {"totalCount": 0, "nodes": [], "pageInfo": {"endCursor": None}}
    assert found["opportunitySummary"] == {"count": 0, "byStatus": []}
    ids = {record.public_id for record in shelf.records}
    assert not ids & {line["subjectId"] for line in found["journal"]["nodes"]}


async def test_pages_are_stable_while_rows_are_inserted(portal: Portal):
    shelf = await stock(portal)
    query = "query($c: String) { opportunities(first: 4, after: $c) { nodes { name } pageInfo { endCursor } } }"
    first = (await portal.get(shelf.main, query))["opportunities"]
    await portal.pipeline.draft(name="后来居上")
    second = (await portal.get(shelf.main, query, c=first["pageInfo"]["endCursor"]))["opportunities"]
    names = [node["name"] for page in (first, second) for node in page["nodes"]]
    assert names == [row[0] for row in reversed(ROWS)][:8]
    newest = (await portal.get(shelf.main, query))["opportunities"]["nodes"]
    assert newest[0]["name"] == "后来居上"
    assert shelf.records[0].direction == Direction.PO
