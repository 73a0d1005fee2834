"""Every cell of who sees which field of reports, invitations, recommendations and signatures, on every surface."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient
from strawberry.utils.str_converters import to_camel_case

from api.app import create_app
from api.settings import Settings
from models import agreement, knowledge
from models.customer import create_customer
from models.customer_report import CustomerReport
from models.identity import Account
from models.invitation import Invitation
from models.kernel.work import Work
from models.rights import Preset
from tests.databases import Databases, open_database
from tests.desk import Desk, desk
from tests.field_matrix import ROLES, Gallery, cell, hang
from tests.people import Store, open_person
from tests.pipeline import open_pipeline
from tests.portal import ADDRESS, Portal
from tests.reporting import PROSPECT, REFERRAL, Reporting, open_reporting

__all__ = ["desk"]

CODE = PROSPECT["credit_code"]
REPORT: dict[str, dict[str, tuple[Any, Any]]] = {
    "Customer/name": {"company_name": (PROSPECT["company_name"], "无锡****公司")},
    "Customer/credit code": {"credit_code": (CODE, f"91****{CODE[-2:]}")},
    "Customer/contact": {
        "account_name": ("lanhu_cloud", "la****"),
        "contact_name": ("马兰", "马****"),
        "mobile": ("13811112222", "138****2222"),
        "email": ("ma.lan@lanhu.example", "m****@lanhu.example"),
    },
    "Customer/profile": {"industry": ("MANUFACTURING", None), "province": ("CN-32", None)},
}
INVITATION: dict[str, dict[str, tuple[Any, Any]]] = {
    "Customer/name": {"company_name": (PROSPECT["company_name"], "无锡****公司")},
    "Customer/contact": {"email": ("ma.lan@lanhu.example", "m****@lanhu.example")},
    "Customer/profile": {"association_type": ("REFERRAL", None)},
}
# P plain, - refused, . never has such a row.
MORE = """
             MAIN ADM DIR MGR FIN OPS CUS PDM PSM BD  OWN ECO KOO HFI AUD SYS
knowledge    P    P   P   P   -   P   -   P   -   -   P   P   -   -   P   .
signature    P    P   -   -   -   -   P   P   .   .   .   P   .   -   P   .
"""
OUTCOMES = {"P": ("PLAIN", False), "M": ("MASKED", True), "m": ("MASKED", False), "-": ("REFUSED", False)}


def more(row: str, role: str) -> str:
    head, *lines = (line.split() for line in MORE.strip().splitlines())
    found = next(line for line in lines if line[0] == row)
    return found[1 + head.index(role)]


@dataclass
class Showcase:
    """A report, an invitation, a recommendation and a signature that everybody of the table may look for."""

    portal: Portal
    people: dict[str, Account]
    report: CustomerReport
    invited: Invitation
    knowledge: str
    signature: str

    async def ask(self, role: str, query: str, **variables: Any) -> dict[str, Any]:
        return await self.portal.ask(self.people[role], query, **variables)


async def shown(reporting: Reporting, gallery: Gallery) -> tuple[dict[str, Account], CustomerReport, Invitation]:
    """Report and invite the prospect as the account manager, whose director and Huawei's owners see it too."""
    pipeline = reporting.pipeline
    values = {name: value for name, value in PROSPECT.items() if name != "contact_name"}
    values |= {"owner_id": pipeline.accounts["owner"].id, "bd_id": pipeline.accounts["bd"].id}
    customer = await reporting.do(reporting.operations, lambda work: create_customer(work, values))
    report = await reporting.report(reporting.manager)
    invited = await reporting.mail(report, reporting.manager, REFERRAL)
    visitor = await open_person(reporting.store, "ma.lan", "马兰", Preset.CUS, customer_id=customer.id)
    return {**gallery.people, "CUS": visitor}, report, invited


async def signed(reporting: Reporting, gallery: Gallery) -> tuple[str, str]:
    """Let the gallery's customer sign, and recommend something about it."""
    customer = await reporting.store.actor(gallery.people["CUS"])

    async def sign(work: Work) -> Any:
        notice = await agreement.newest(work)
        assert notice is not None
        return await agreement.sign(work, notice.id, ticked=True)

    signature = await reporting.do(customer, sign)
    fact = await reporting.do(
        reporting.operations,
        lambda work: knowledge.feed(
            work, gallery.customer.id, title="案例", text="三个案例", link="https://kb.example/1"
        ),
    )
    return fact.public_id, signature.public_id


@pytest_asyncio.fixture(scope="module")
async def showcase(databases: Databases) -> AsyncIterator[Showcase]:
    """One application for all of these tests; what they write down is journal only."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    reporting = await open_reporting(pipeline, gallery.people["OPS"], gallery.people["FIN"])
    fact, signature = await signed(reporting, gallery)
    people, report, invited = await shown(reporting, gallery)
    people["SIGNER"] = gallery.people["CUS"]
    app = create_app(Settings(database_url=url), database=opened, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Showcase(Portal(client, pipeline), people, report, invited, fact, signature)
    await opened.dispose()
    await databases.drop(url)


NOUNS = {"CustomerReport": REPORT, "Invitation": INVITATION}


def has_row(noun: str, role: str) -> bool:
    return role != "SYS" and not (noun == "CustomerReport" and role == "CUS")


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("role", ROLES)
async def test_everybody_reads_of_each_field_what_his_cell_says(showcase: Showcase, role: str, noun: str):
    """COL-2.8.3, COL-5.7.6, COL-5.7.7"""
    fields = [to_camel_case(name) for row in NOUNS[noun].values() for name in row]
    query = f"""query($id: ID!) {{ node(id: $id) {{ ... on {noun} {{
      {" ".join(fields)} fieldAccess {{ field outcome revealable }} }} }} }}"""
    record = showcase.report if noun == "CustomerReport" else showcase.invited
    answer = await showcase.ask(role, query, id=record.public_id)
    assert "errors" not in answer
    found = answer["data"]["node"]
    if not has_row(noun, role):
        assert found is None
        return
    access = {one["field"]: (one["outcome"], one["revealable"]) for one in found["fieldAccess"]}
    for row, told in NOUNS[noun].items():
        for name, (plain, masked) in told.items():
            mark, field = cell(row, role), to_camel_case(name)
            assert found[field] == {"P": plain, "M": masked, "m": masked}[mark], (role, field)
            assert access[field] == OUTCOMES[mark], (role, field)


FILTERS: dict[str, dict[str, dict[str, Any]]] = {
    "CustomerReport": {
        "Customer/name": {"companyName": "蓝湖"},
        "Customer/credit code": {"creditCode": CODE},
        "Customer/contact": {"accountName": "lanhu_cloud", "mobile": "13811112222", "email": "ma.lan@lanhu.example"},
        "Customer/profile": {"industry": ["MANUFACTURING"], "province": ["CN-32"]},
    },
    "Invitation": {
        "Customer/name": {"companyName": "蓝湖"},
        "Customer/contact": {"email": "ma.lan@lanhu.example"},
        "Customer/profile": {"associationType": ["REFERRAL"]},
    },
}


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("role", ROLES)
async def test_only_who_may_reveal_a_field_searches_by_it(showcase: Showcase, role: str, noun: str):
    many = "customerReports" if noun == "CustomerReport" else "invitations"
    query = f"query($f: {noun}Filter) {{ {many}(first: 5, filter: $f) {{ totalCount }} }}"
    for row, filters in FILTERS[noun].items():
        for name, value in filters.items():
            answer = await showcase.ask(role, query, f={name: value})
            if has_row(noun, role) and cell(row, role) in "PM":
                assert answer["data"][many] == {"totalCount": 1}, (row, name)
            elif answer["data"][many] is None:
                assert answer["errors"][0]["extensions"]["code"] == "FIELD_NOT_SEARCHABLE", (row, name)
            else:
                assert not has_row(noun, role)
                assert answer["data"][many] == {"totalCount": 0}


@pytest.mark.parametrize("role", ROLES)
async def test_the_eye_opens_what_the_cell_says(showcase: Showcase, role: str):
    """COL-2.8.3, COL-5.7.6"""
    query = "mutation($i: RevealInput!) { reveal(input: $i) { values { value } } }"
    for noun, row, field, plain in (
        ("CustomerReport", "Customer/contact", "mobile", "13811112222"),
        ("CustomerReport", "Customer/name", "companyName", PROSPECT["company_name"]),
        ("Invitation", "Customer/contact", "email", "ma.lan@lanhu.example"),
    ):
        record = showcase.report if noun == "CustomerReport" else showcase.invited
        given = {"type": noun, "field": field, "ids": [record.public_id], "reason": "客户来电核对"}
        answer = await showcase.ask(role, query, i=given)
        if has_row(noun, role) and cell(row, role) in "PM":
            assert answer["data"]["reveal"]["values"] == [{"value": plain}]
        else:
            assert answer["errors"][0]["extensions"]["code"] in ("FIELD_NOT_REVEALABLE", "NOT_FOUND"), noun


@pytest.mark.parametrize("role", ROLES)
async def test_recommendations_and_signatures_are_read_by_whom_the_table_names(showcase: Showcase, role: str):
    """COL-5.7.12, COL-5.7.13"""
    who = "SIGNER" if role == "CUS" else role
    query = """query($k: ID!, $s: ID!) {
      k: node(id: $k) { ... on KnowledgeRecommendation { title text link } }
      s: node(id: $s) { ... on AgreementSignature { signerName signedAt agreement { number } } } }"""
    answer = await showcase.ask(who, query, k=showcase.knowledge, s=showcase.signature)
    assert "errors" not in answer
    told, signature = answer["data"]["k"], answer["data"]["s"]
    expected: dict[str, Any] = {
        "P": {"title": "案例", "text": "三个案例", "link": "https://kb.example/1"},
        "-": {"title": None, "text": None, "link": None},
        ".": None,
    }
    assert told == expected[more("knowledge", role)]
    mark = more("signature", role)
    if mark == ".":
        assert signature is None
    else:
        assert signature["agreement"] == ({"number": "2026-01"} if mark == "P" else None)
        assert (signature["signerName"] is None, signature["signedAt"] is None) == (mark == "-", mark == "-")


@pytest.mark.parametrize("role", ROLES)
async def test_the_journal_tells_no_ruled_value(showcase: Showcase, role: str):
    answer = await showcase.ask(role, "{ journal(first: 100) { nodes { operation changes } } }")
    told = json.dumps(answer, ensure_ascii=False)
    for rows in (REPORT, INVITATION):
        for fields in rows.values():
            for plain, _ in fields.values():
                assert plain not in told or plain in ("MANUFACTURING", "CN-32", "REFERRAL"), (role, plain)
    assert "三个案例" not in told


async def test_the_pages_show_what_the_cell_says(desk: Desk):
    """The back-office's lists and details, for everybody of Huawei's side."""
    gallery = await hang(desk.pipeline)
    reporting = await open_reporting(desk.pipeline, gallery.people["OPS"], gallery.people["FIN"])
    _, report, invited = await shown(reporting, gallery)
    for role in ("PDM", "PSM", "BD", "OWN", "ECO", "KOO", "HFI", "AUD"):
        visitor = await desk.enter(gallery.people[role])
        pages = {
            "CustomerReport": [f"/customer-reports/{report.public_id}", "/customer-reports"],
            "Invitation": [f"/invitations/{invited.public_id}", "/invitations"],
        }
        for noun, (detail, listed) in pages.items():
            page, rows = await visitor.page(detail), await visitor.page(listed)
            for row, fields in NOUNS[noun].items():
                for name, (plain, masked) in fields.items():
                    if name in ("industry", "province", "association_type"):
                        continue
                    mark = cell(row, role)
                    assert (plain in page) is (mark == "P"), (role, noun, name)
                    assert mark == "P" or masked in page, (role, noun, name)
                    assert mark == "P" or plain not in rows, (role, noun, name)
