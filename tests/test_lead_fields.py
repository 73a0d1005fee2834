"""Every ruled field of leads and deal registrations, for everybody, on each surface of the API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient
from strawberry.utils.str_converters import to_camel_case

from api.app import create_app
from api.settings import Settings
from models import deal_registration as deals
from models import lead as domain
from models.deal_registration import DealRegistration
from models.kernel.access import Actor, Outcome
from models.kernel.reads import Reader
from models.kernel.reads.declare import listing_of
from models.kernel.record import Record, rules_of
from models.lead import Lead
from models.notice import Notice, told
from models.rights import PRESETS
from tests.databases import Databases, open_database
from tests.field_matrix import Gallery, hang
from tests.leads import FORM
from tests.people import Store
from tests.pipeline import Pipeline, open_pipeline
from tests.portal import ADDRESS, Portal
from tests.stage import person
from tests.test_deal_registration import WHOLE

# Of a lead that MGR follows, and of a deal that is his: P plain, M masked and revealable, m masked, . no such row.
# Who they are and how to reach them is ruled as with customers; what has no row in the paper follows its record.
TABLE = """
                          MAIN ADM DIR MGR FIN OPS CUS PDM PSM BD  OWN ECO KOO HFI AUD SYS
Lead/name                 M    M   M   M   .   .   .   M   M   .   .   M   m   M   M   .
Lead/contact              M    M   M   M   .   .   .   M   M   .   .   m   m   m   M   .
DealRegistration/name     M    M   M   M   .   M   .   M   M   M   P   M   m   M   M   .
DealRegistration/contact  M    M   M   M   .   M   .   M   M   M   M   m   m   m   M   .
"""
FIELDS: dict[str, dict[str, tuple[str, str]]] = {
    "Lead/name": {
        "company_name": (FORM["company_name"], "苏州****公司"),
        "customer_name": ("孙立", "孙****"),
    },
    "Lead/contact": {
        "account_name": ("yuncheng_cloud", "yu****"),
        "email": ("sun.li@yuncheng.example", "s****@yuncheng.example"),
        "mobile": ("13700005678", "137****5678"),
    },
    "DealRegistration/name": {"company_name": ("苏州明德重工有限公司", "苏州****公司")},
    "DealRegistration/contact": {
        "account_name": ("mingde_cloud", "mi****"),
        "contact_name": ("孙立", "孙****"),
        "contact_mobile": ("13700005678", "137****5678"),
        "contact_email": ("sun@mingde.example", "s****@mingde.example"),
    },
}
NOUNS: dict[str, type[Record]] = {"Lead": Lead, "DealRegistration": DealRegistration}
LISTS = {"Lead": "leads", "DealRegistration": "dealRegistrations"}
OUTCOMES = {"P": ("PLAIN", False), "M": ("MASKED", True), "m": ("MASKED", False)}
# The filters that ask for a ruled field, each with a value that is right.
FILTERS = {
    "Lead/name": {"companyName": "云程", "customerName": "孙立"},
    "Lead/contact": {"accountName": "yuncheng_cloud", "email": FORM["email"], "mobile": FORM["mobile"]},
    "DealRegistration/name": {"companyName": "明德"},
    "DealRegistration/contact": {"accountName": "mingde_cloud"},
}


def _parsed() -> dict[str, dict[str, str]]:
    head, *lines = [line.split() for line in TABLE.strip().splitlines()]
    return {row: dict(zip(head, cells, strict=True)) for row, *cells in lines}


CELLS = _parsed()
ROLES = tuple(next(iter(CELLS.values())))


class Showcase:
    """A portal with one lead and one deal; these tests read, and what they write down is journal only."""

    def __init__(self, portal: Portal, gallery: Gallery, rows: dict[str, Record]) -> None:
        self.portal = portal
        self.gallery = gallery
        self.rows = rows

    async def ask(self, role: str, query: str, **variables: Any) -> dict[str, Any]:
        return await self.portal.ask(self.gallery.people[role], query, **variables)


async def filled(pipeline: Pipeline, gallery: Gallery) -> dict[str, Record]:
    """Make the lead and the deal, as the people who would do it."""
    store = pipeline.store
    manager = await store.actor(pipeline.cast.chen_manager)
    lead = await store.do(pipeline.main, lambda work: domain.create(work, FORM))
    await store.do(pipeline.main, lambda work: domain.dispatch(work, lead.id, manager.id, version=1))
    deal = await store.do(manager, lambda work: deals.create(work, gallery.customer.id, WHOLE))
    await store.do(manager, lambda work: deals.submit(work, deal.id, version=1))
    return {"Lead": lead, "DealRegistration": deal}


@pytest_asyncio.fixture(scope="module")
async def showcase(databases: Databases) -> AsyncIterator[Showcase]:
    """One application for all of these tests, since they change nothing."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    rows = await filled(pipeline, gallery)
    app = create_app(Settings(database_url=url), database=opened, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Showcase(Portal(client, pipeline), gallery, rows)
    await opened.dispose()
    await databases.drop(url)


def expected(row: str, field: str, role: str) -> str:
    plain, masked = FIELDS[row][field]
    return plain if CELLS[row][role] == "P" else masked


@pytest.mark.parametrize("noun", NOUNS)
def test_the_table_speaks_of_every_ruled_field(noun: str) -> None:
    assert {name for row in FIELDS if row.startswith(f"{noun}/") for name in FIELDS[row]} == set(rules_of(NOUNS[noun]))


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("role", ROLES)
async def test_everybody_reads_of_each_field_what_his_cell_says(showcase: Showcase, role: str, noun: str) -> None:
    """COL-6.2.3, COL-5.7.6, COL-5.7.7: masked until revealed, on the record, in lists and behind relations."""
    rows = [row for row in FIELDS if row.startswith(f"{noun}/")]
    fields = " ".join(to_camel_case(name) for row in rows for name in FIELDS[row])
    query = f"""query($id: ID!) {{ node(id: $id) {{ ... on {noun} {{
      {fields} fieldAccess {{ field outcome revealable }} }} }}
      {LISTS[noun]} {{ nodes {{ {fields} }} }} }}"""
    answer = await showcase.ask(role, query, id=showcase.rows[noun].public_id)
    assert "errors" not in answer
    found, listed = answer["data"]["node"], answer["data"][LISTS[noun]]["nodes"]
    if CELLS[rows[0]][role] == ".":
        assert (found, listed) == (None, [])
        return
    access = {one["field"]: (one["outcome"], one["revealable"]) for one in found["fieldAccess"]}
    withheld = set()
    for row in rows:
        for name in FIELDS[row]:
            field = to_camel_case(name)
            assert found[field] == listed[0][field] == expected(row, name, role), (role, row, field)
            assert access[field] == OUTCOMES[CELLS[row][role]], (role, row, field)
            if CELLS[row][role] != "P":
                withheld.add(f"{noun}.{field}")
    assert {one["field"] for one in answer.get("extensions", {}).get("redacted", [])} == withheld


@pytest.mark.parametrize("row", FILTERS)
@pytest.mark.parametrize("role", ROLES)
async def test_only_who_may_reveal_a_field_searches_by_it(showcase: Showcase, role: str, row: str) -> None:
    """COL-6.2.1, COL-6.1.7, obeying who may reveal what."""
    noun = row.partition("/")[0]
    query = f"query($f: {noun}Filter) {{ {LISTS[noun]}(filter: $f) {{ totalCount nodes {{ id }} }} }}"
    for name, value in FILTERS[row].items():
        answer = await showcase.ask(role, query, f={name: value})
        if CELLS[row][role] in "PM":
            assert [one["id"] for one in answer["data"][LISTS[noun]]["nodes"]] == [showcase.rows[noun].public_id], name
        elif answer["data"][LISTS[noun]] is None:
            assert [one["extensions"]["code"] for one in answer["errors"]] == ["FIELD_NOT_SEARCHABLE"], name
        else:
            assert (CELLS[row][role], answer["data"][LISTS[noun]]["totalCount"]) == (".", 0), name


@pytest.mark.parametrize("model", NOUNS.values())
def test_no_sort_key_is_a_field_that_anybody_reveals(model: Any) -> None:
    sorted_by = {key.column for key in listing_of(model).sorts.values()}
    for name, rule in rules_of(model).items():
        shown = {rule.outcome(person(role)) for role in PRESETS}
        assert not (name in sorted_by and Outcome.MASKED_REVEALABLE in shown), name


@pytest.mark.parametrize("role", ROLES)
async def test_the_eye_opens_what_the_cell_says_and_leaves_one_line(showcase: Showcase, role: str) -> None:
    """COL-6.2.3, COL-6.2.8."""
    query = "mutation($i: RevealInput!) { reveal(input: $i) { values { value } } }"
    store = showcase.portal.pipeline.store
    await showcase.portal.token(showcase.gallery.people[role])
    for row, fields in FIELDS.items():
        noun, name = row.partition("/")[0], next(iter(fields))
        before = await store.operations()
        given = {
            "type": noun,
            "field": to_camel_case(name),
            "ids": [showcase.rows[noun].public_id],
            "reason": "客户来电核对",
        }
        answer = await showcase.ask(role, query, i=given)
        if CELLS[row][role] in "PM":
            assert answer["data"]["reveal"]["values"] == [{"value": fields[name][0]}], (role, row)
            assert (await store.operations())[len(before) :] == ["field.reveal"]
        else:
            assert answer["data"]["reveal"] is None
            assert answer["errors"][0]["extensions"]["code"] in ("FIELD_NOT_REVEALABLE", "NOT_FOUND")
            assert await store.operations() == before


@pytest.mark.parametrize("role", ROLES)
async def test_the_journal_tells_no_ruled_value(showcase: Showcase, role: str) -> None:
    """COL-6.2.8: before and after, ruled values masked."""
    query = "{ journal(first: 100) { nodes { operation changes } } }"
    told = json.dumps((await showcase.ask(role, query))["data"], ensure_ascii=False)
    for fields in FIELDS.values():
        for plain, _ in fields.values():
            assert plain not in told, (role, plain)


async def test_notices_tell_each_receiver_what_he_may_read(showcase: Showcase) -> None:
    """COL-6.2.3: a notice is a surface like any other."""
    store = showcase.portal.pipeline.store
    lead = showcase.rows["Lead"]

    async def sentence(actor: Actor) -> str:
        async with store.reader() as session:
            notice = Notice(
                receiver_id=actor.id,
                kind="lead.follow_up_due",
                subject_kind="Lead",
                subject_id=lead.id,
                event="v1",
                occurred_at=store.clock(),
            )
            return (await told(Reader(session, actor, store.clock()), [notice], "zh"))[0].sentence

    masked = await sentence(await store.actor(showcase.gallery.people["MGR"]))
    assert "苏州****公司" in masked
    assert FORM["company_name"] not in masked
    assert "您现在已无权查看" in await sentence(await store.actor(showcase.gallery.people["OPS"]))
