"""Every cell of who sees which field, on query, filter, sort, count, summary, reveal and journal, for everybody."""

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
from models.customer import Customer
from models.kernel.access import Outcome
from models.kernel.reads.declare import listing_of
from models.kernel.record import rules_of
from models.opportunity import Opportunity, ho
from models.rights import PRESETS, Preset
from tests.databases import Databases, open_database
from tests.field_matrix import CELLS, ELSEWHERE, FIELDS, ROLES, Gallery, cell, expected, hang, rows_of
from tests.people import Store
from tests.pipeline import FORM, open_pipeline
from tests.portal import ADDRESS, Portal, portal
from tests.stage import person

__all__ = ["portal"]

NOUNS = ("Customer", "Opportunity")
OUTCOMES = {"P": ("PLAIN", False), "M": ("MASKED", True), "m": ("MASKED", False), "-": ("REFUSED", False)}


class Exhibition:
    """A portal with the gallery of the table; these tests read, and what they write down is journal only."""

    def __init__(self, portal: Portal, gallery: Gallery) -> None:
        self.portal = portal
        self.gallery = gallery

    async def ask(self, role: str, query: str, **variables: Any) -> dict[str, Any]:
        return await self.portal.ask(self.gallery.people[role], query, **variables)

    def shown(self, noun: str) -> str:
        record = self.gallery.customer if noun == "Customer" else self.gallery.opportunity
        return record.public_id


@pytest_asyncio.fixture(scope="module")
async def exhibition(databases: Databases) -> AsyncIterator[Exhibition]:
    """One application for all of these tests, since they change nothing."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    app = create_app(Settings(database_url=url), database=opened, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Exhibition(Portal(client, pipeline), gallery)
    await opened.dispose()
    await databases.drop(url)


def selection(noun: str) -> str:
    wanted = []
    for row in rows_of(noun):
        for name, (plain, _) in FIELDS[row].items():
            wanted.append(to_camel_case(name) + (" { amount currency }" if isinstance(plain, dict) else ""))
    return " ".join(wanted)


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("role", ROLES)
async def test_everybody_reads_of_each_field_what_his_cell_says(exhibition: Exhibition, role: str, noun: str):
    """COL-2.8.3, COL-5.7.6: plain, masked or refused, told in fieldAccess and once a field in extensions.redacted."""
    query = f"""query($id: ID!) {{ node(id: $id) {{ ... on {noun} {{
      {selection(noun)} fieldAccess {{ field outcome revealable }} }} }} }}"""
    answer = await exhibition.ask(role, query, id=exhibition.shown(noun))
    assert "errors" not in answer
    found = answer["data"]["node"]
    if cell(rows_of(noun)[0], role) == "." or (noun == "Opportunity" and cell("Opportunity/terms", role) == "."):
        assert found is None
        assert "extensions" not in answer
        return
    access = {one["field"]: (one["outcome"], one["revealable"]) for one in found["fieldAccess"]}
    withheld: dict[str, str] = {}
    for row in rows_of(noun):
        for name in FIELDS[row]:
            field = to_camel_case(name)
            assert found[field] == expected(row, name, role), (role, row, field)
            outcome, revealable = OUTCOMES[cell(row, role)]
            assert access[field] == (outcome, revealable), (role, row, field)
            if outcome != "PLAIN":
                withheld[f"{noun}.{field}"] = outcome
    redacted = answer.get("extensions", {}).get("redacted", [])
    assert {one["field"]: one["outcome"] for one in redacted} == withheld
    assert len(redacted) == len(withheld)


FILTERS: dict[str, dict[str, Any]] = {
    "Customer/name": {"companyName": "明德"},
    "Customer/contact": {
        "accountName": "mingde_cloud",
        "huaweiAccountId": "0a1b2c3d4e5f",
        "mobile": "13900001234",
        "email": "it@mingde.example",
    },
    "Customer/credit code": {"creditCode": FIELDS["Customer/credit code"]["credit_code"][0]},
    "Customer/profile": {
        "industry": ["MANUFACTURING"],
        "tag": "重点客户",
        "associatedFrom": "2026-01-01T00:00:00.000000Z",
        "accountManagerName": "陈磊",
    },
    "Opportunity/customer": {
        "companyName": "恒远",
        "text": "恒远精密",
        "contactMobile": "13812345678",
        "contactEmail": "qian.wei@hengyuan.example",
    },
    "Opportunity/terms": {
        "amountFrom": {"amount": "1199999.99", "currency": "CNY"},
        "signFrom": "2026-09-30",
        "signTo": "2026-09-30",
    },
}


@pytest.mark.parametrize("row", FILTERS)
@pytest.mark.parametrize("role", ROLES)
async def test_only_who_may_reveal_a_field_searches_and_counts_by_it(exhibition: Exhibition, role: str, row: str):
    noun = row.partition("/")[0]
    many = "customers" if noun == "Customer" else "opportunities"
    query = f"query($f: {noun}Filter) {{ {many}(first: 5, filter: $f) {{ totalCount nodes {{ id }} }} }}"
    for name, value in FILTERS[row].items():
        answer = await exhibition.ask(role, query, f={name: value})
        if cell(row, role) in "PM":
            assert "errors" not in answer, (name, answer)
            assert [one["id"] for one in answer["data"][many]["nodes"]] == [exhibition.shown(noun)], name
            assert answer["data"][many]["totalCount"] == 1
        elif answer["data"][many] is None:
            assert [one["extensions"]["code"] for one in answer["errors"]] == ["FIELD_NOT_SEARCHABLE"], name
        else:
            assert (cell(row, role), answer["data"][many]) == (".", {"totalCount": 0, "nodes": []}), name


@pytest.mark.parametrize("role", ROLES)
async def test_a_guess_at_a_field_that_is_not_his_tells_nobody_anything(exhibition: Exhibition, role: str):
    """The refusal is the same for a right and for a wrong guess, so nothing can be guessed by searching."""
    query = "query($f: CustomerFilter) { customers(filter: $f) { totalCount } }"
    for row in rows_of("Customer"):
        for name, right in FILTERS[row].items():
            if cell(row, role) not in "m-":
                continue
            wrong = ["FINANCE"] if isinstance(right, list) else right.replace("1", "9").replace("明", "暗")
            answers = [await exhibition.ask(role, query, f={name: guess}) for guess in (right, wrong)]
            for one in answers:
                one["errors"][0]["extensions"].pop("requestId")
            assert answers[0] == answers[1]


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_sorts_by_what_he_does_not_read_plainly(exhibition: Exhibition, role: str):
    for noun, many, row, key in (
        ("Customer", "customers", "Customer/profile", "ASSOCIATED_ON"),
        ("Opportunity", "opportunities", "Opportunity/terms", "EXPECTED_AMOUNT"),
        ("Opportunity", "opportunities", "Opportunity/terms", "EXPECTED_SIGN_DATE"),
    ):
        answer = await exhibition.ask(role, f"{{ {many}(sort: [{{by: {key}}}]) {{ totalCount nodes {{ id }} }} }}")
        if cell(row, role) == "P":
            assert exhibition.shown(noun) in [one["id"] for one in answer["data"][many]["nodes"]]
        elif answer["data"][many] is None:
            assert answer["errors"][0]["extensions"]["code"] == "FIELD_NOT_SEARCHABLE"
        else:
            assert cell(row, role) == "."
            assert answer["data"][many]["totalCount"] == 0


@pytest.mark.parametrize("model", [Customer, Opportunity])
def test_no_sort_key_is_a_field_that_anybody_reveals(model: Any):
    sorted_by = {key.column for key in listing_of(model).sorts.values()}
    for name, rule in rules_of(model).items():
        shown = {rule.outcome(person(role)) for role in PRESETS}
        assert not (name in sorted_by and Outcome.MASKED_REVEALABLE in shown), name


@pytest.mark.parametrize("role", ROLES)
async def test_a_summary_adds_up_only_what_its_reader_reads_plainly(exhibition: Exhibition, role: str):
    query = "{ opportunitySummary { count open { count expected { amount currency } signed { amount } } } }"
    answer = await exhibition.ask(role, query)
    figures = answer["data"]["opportunitySummary"]
    if cell("Opportunity/terms", role) == ".":
        assert figures["count"] == 0
        assert not figures["open"]["expected"]
        assert not figures["open"]["signed"]
        return
    assert figures["count"] == 1
    assert figures["open"]["expected"] == [{"amount": "1200000.00", "currency": "CNY"}]
    if cell("Opportunity/contract", role) == "P":
        assert figures["open"]["signed"] == [{"amount": "980000.01"}]
    else:
        assert figures["open"]["signed"] is None
        assert [one["field"] for one in answer["extensions"]["redacted"]] == ["Opportunity.signedAmount"]


@pytest.mark.parametrize("role", ROLES)
async def test_the_eye_opens_what_the_cell_says_and_leaves_one_line(exhibition: Exhibition, role: str):
    """COL-2.8.3"""
    query = "mutation($i: RevealInput!) { reveal(input: $i) { values { id value } } }"
    store = exhibition.portal.pipeline.store
    for noun, row, field in (
        ("Customer", "Customer/contact", "mobile"),
        ("Customer", "Customer/name", "companyName"),
        ("Opportunity", "Opportunity/customer", "contactMobile"),
        ("Opportunity", "Opportunity/internal", "internalNote"),
    ):
        await exhibition.portal.token(exhibition.gallery.people[role])
        before = await store.operations()
        given = {"type": noun, "field": field, "ids": [exhibition.shown(noun)], "reason": "客户来电核对"}
        answer = await exhibition.ask(role, query, i=given)
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in field)
        if cell(row, role) in "PM":
            shown = [{"id": exhibition.shown(noun), "value": FIELDS[row][snake][0]}]
            assert answer["data"]["reveal"]["values"] == shown
            assert (await store.operations())[len(before) :] == ["field.reveal"]
        else:
            assert answer["data"]["reveal"] is None
            assert answer["errors"][0]["extensions"]["code"] in ("FIELD_NOT_REVEALABLE", "NOT_FOUND")
            assert await store.operations() == before


@pytest.mark.parametrize("role", ROLES)
async def test_the_journal_is_read_by_whom_the_table_names_and_tells_no_ruled_value(exhibition: Exhibition, role: str):
    """The journal is a surface like any other: ruled values stand masked in it, for everybody."""
    query = "{ journal(first: 100) { totalCount nodes { operation reason subjectId changes } } }"
    first = await exhibition.ask(role, query)
    await exhibition.ask(
        role,
        "mutation($i: RevealInput!) { reveal(input: $i) { values { value } } }",
        i={"type": "Customer", "field": "industry", "ids": [exhibition.shown("Customer")], "reason": "核对"},
    )
    lines = (await exhibition.ask(role, query))["data"]["journal"]
    assert "errors" not in first
    if cell("Journal/lines", role) == "P":
        assert lines["totalCount"] >= 1
    else:
        assert lines == {"totalCount": 0, "nodes": []}
    told = json.dumps(lines, ensure_ascii=False)
    for row in FIELDS:
        for plain, _ in FIELDS[row].values():
            if isinstance(plain, str) and len(plain) > 4 and plain not in ("MANUFACTURING", "NO_CONTACT", "CN-32"):
                assert plain not in told, (role, row, plain)


async def test_a_claim_shows_the_record_plainly_for_its_life_and_leaves_one_line(portal: Portal):
    """A reviewer who has claimed an entry reads the masked fields of its record plainly for the life of the claim."""
    record = await portal.pipeline.submitted()
    pdm = portal.pipeline.cast.zhou_pdm
    query = "query($id: ID!) { opportunity(id: $id) { companyName contactMobile } }"

    async def reads() -> list[str]:
        found = await portal.get(pdm, query, id=record.public_id)
        return list(found["opportunity"].values())

    masked, plain = ["江苏****公司", "138****5678"], [FORM["company_name"], FORM["contact_mobile"]]
    assert await reads() == masked
    entries = await portal.get(pdm, "{ approvals { nodes { id } } }")
    claim = "mutation($id: ID!) { approvalClaim(input: {id: $id}) { approval { claimed } } }"
    (entry,) = entries["approvals"]["nodes"]
    before = await portal.pipeline.store.operations()
    for _ in range(2):
        await portal.get(pdm, claim, id=entry["id"])
        assert await reads() == plain
    assert (await portal.pipeline.store.operations())[len(before) :] == ["approval.claim"]
    assert (await portal.get(portal.pipeline.cast.lin_operations, query, id=record.public_id))["opportunity"][
        "companyName"
    ] == masked[0]
    portal.pipeline.store.clock.forward(minutes=31)
    portal.forget_tokens()
    assert await reads() == masked


async def test_whoever_may_edit_a_field_reads_it_plainly_and_a_mask_is_no_input(portal: Portal):
    """COL-2.5 guard 6"""
    main = portal.pipeline.cast.wang_main
    record = await portal.pipeline.draft()
    query = """query($id: ID!) { opportunity(id: $id) {
      companyName version fieldAccess { field outcome writable } } }"""
    draft = (await portal.get(main, query, id=record.public_id))["opportunity"]
    assert draft["companyName"] == FORM["company_name"]
    assert {"field": "companyName", "outcome": "PLAIN", "writable": True} in draft["fieldAccess"]
    save = """mutation($id: ID!, $name: String) { opportunitySaveDraft(input: {id: $id, version: 1,
      form: {companyName: $name}}) { opportunity { id } } }"""
    refused = await portal.refusal(main, save, id=record.public_id, name="江苏****公司")
    assert (refused["code"], refused["violations"][0]["path"]) == ("MASKED_INPUT", ["companyName"])
    submit = "mutation($id: ID!) { opportunitySubmit(input: {id: $id, version: 1}) { opportunity { companyName } } }"
    sent = await portal.get(main, submit, id=record.public_id)
    assert sent["opportunitySubmit"]["opportunity"]["companyName"] == "江苏****公司"
    after = (await portal.get(main, query, id=record.public_id))["opportunity"]
    assert {"field": "companyName", "outcome": "MASKED", "writable": False} in after["fieldAccess"]


async def test_before_acceptance_a_partner_reads_nothing_of_whose_opportunity_it_is(portal: Portal):
    """COL-3.2 rules 3 and 4: the same, HO not yet accepted."""
    pipeline = portal.pipeline
    wanted = ("name", "company_name", "industry", "province", "need", "services", "contact_name", "contact_mobile")
    form = {name: FORM[name] for name in wanted}
    delivered = await pipeline.validated(company_name="苏州盛泰电子有限公司", name="盛泰上云")
    assert delivered.validated_at is not None
    record = await pipeline.do(pipeline.bd, lambda work: ho.create(work, form, crm_created_at=pipeline.store.clock.now))
    await pipeline.do(
        pipeline.bd, lambda work: ho.share(work, record.id, pipeline.cast.huaqi.id, version=record.version)
    )
    main = pipeline.cast.wang_main
    seen = await portal.get(main, "query($id: ID!) { node(id: $id) { id } }", id=record.public_id)
    assert seen["node"] is None
    offers = await portal.get(main, "{ hoOffers { totalCount nodes { id name need partner { name } } } }")
    assert offers["hoOffers"]["totalCount"] == 1
    told = json.dumps(offers, ensure_ascii=False)
    assert FORM["company_name"] not in told
    assert FORM["contact_name"] not in told
    offer = offers["hoOffers"]["nodes"][0]["id"]
    await portal.get(main, "mutation($id: ID!) { hoOfferView(input: {id: $id}) { offer { id } } }", id=offer)
    accept = """mutation($id: ID!) { hoOfferAccept(input: {id: $id, confirmed: true}) {
      opportunity { companyName contactMobile } } }"""
    accepted = await portal.get(main, accept, id=offer)
    assert accepted["hoOfferAccept"]["opportunity"] == {"companyName": "江苏****公司", "contactMobile": "138****5678"}


def test_the_table_speaks_of_every_preset_role():
    assert set(ROLES) == {role.value for role in Preset}
    assert {row for row in CELLS if not row.startswith("Journal")} == set(FIELDS) | ELSEWHERE
