"""Leads and deal registrations as a portal meets them: searches, steps, batches, repeats, refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.database import Database
from api.settings import Settings
from models.identity import Account
from models.lead import LeadStatus
from tests.leads import FORM, Leads, accounts, by_name, open_leads
from tests.people import Store
from tests.pipeline import open_pipeline
from tests.portal import ADDRESS, Portal
from tests.test_deal_registration import DETAIL, WHOLE

LEAD = "lead { id status version follower { name } closeReason }"


@dataclass
class Counter:
    """The application with a partner's leads, and everybody's accounts."""

    portal: Portal
    leads: Leads
    main: Account
    administrator: Account
    director: Account
    manager: Account
    operator: Account
    operations: Account
    pdm: Account


@pytest_asyncio.fixture
async def counter(database: Database) -> AsyncIterator[Counter]:
    pipeline = await open_pipeline(Store(database.writer, database.reader))
    leads = await open_leads(pipeline)
    app = create_app(Settings(database_url=database.url), database=database, clock=pipeline.store.clock, sweeping=False)
    cast = pipeline.cast
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Counter(
            Portal(client, pipeline, database),
            leads,
            main=cast.wang_main,
            administrator=cast.li_administrator,
            director=cast.zhao_director,
            manager=cast.chen_manager,
            operator=by_name(await accounts(pipeline.store), "luo.jia"),
            operations=cast.lin_operations,
            pdm=cast.zhou_pdm,
        )


FORM_OF_API = {
    "companyName": FORM["company_name"],
    "customerName": FORM["customer_name"],
    "accountName": FORM["account_name"],
    "email": FORM["email"],
    "mobile": FORM["mobile"],
    "province": "CN-32",
    "customerType": "ENTERPRISE",
    "level": "A",
    "requirement": FORM["requirement"],
    "campaignName": FORM["campaign_name"],
}


async def test_a_lead_goes_its_whole_way(counter: Counter) -> None:
    """COL-6.2.4 to COL-6.2.8: entered, dispatched, followed up, converted; each step with the next ones told."""
    portal, main, manager = counter.portal, counter.main, counter.manager
    made = await portal.get(
        main,
        f"mutation($f: LeadFormInput!) {{ leadCreate(input: {{form: $f}}) {{ {LEAD} }} }}",
        f=FORM_OF_API,
    )
    lead = made["leadCreate"]["lead"]
    assert (lead["status"], lead["follower"]) == ("NEW", None)
    given = await portal.get(
        main,
        f"mutation($i: LeadDispatchInput!) {{ leadDispatch(input: $i) {{ {LEAD} }} }}",
        i={"id": lead["id"], "version": 1, "follower": manager.public_id, "nextFollowAt": "2026-03-04T02:00:00Z"},
    )
    assert given["leadDispatch"]["lead"]["follower"] == {"name": "陈磊"}
    told = await portal.get(
        manager,
        """mutation($i: LeadAddFollowUpInput!) { leadAddFollowUp(input: $i) {
          followUp { byName note nextFollowAt } } }""",
        i={"id": lead["id"], "note": "客户要求两周内给方案", "nextFollowAt": "2026-03-09T02:00:00Z"},
    )
    assert told["leadAddFollowUp"]["followUp"]["nextFollowAt"] == "2026-03-09T02:00:00.000000Z"
    query = """query($id: ID!) { lead(id: $id) { status version nextFollowAt
      availableTransitions { verb target possible blockedBy { code messageZh } }
      followUps { nodes { note } } journal { nodes { operation fromStatus toStatus } } } }"""
    found = (await portal.get(manager, query, id=lead["id"]))["lead"]
    assert {one["verb"]: one["possible"] for one in found["availableTransitions"]} == {
        "add_follow_up": True,
        "convert_to_deal_registration": True,
        "close": True,
    }
    # The journal is open to main account and administrator; the follower reads the follow-ups.
    assert (found["followUps"]["nodes"], found["journal"]["nodes"]) == ([{"note": "客户要求两周内给方案"}], [])
    records = (await portal.get(main, query, id=lead["id"]))["lead"]["journal"]["nodes"]
    assert [one["operation"] for one in records] == ["Lead.add_follow_up", "Lead.dispatch", "lead.create"]
    done = await portal.get(
        manager,
        """mutation($i: LeadConvertToDealRegistrationInput!) { leadConvertToDealRegistration(input: $i) {
          lead { status convertedOpportunity { id }
            convertedDealRegistration { id status name contactName manager { name } } } } }""",
        i={"id": lead["id"], "version": found["version"], "customer": counter.leads.customer.public_id},
    )
    deal = done["leadConvertToDealRegistration"]["lead"]["convertedDealRegistration"]
    assert (deal["status"], deal["name"], deal["contactName"], deal["manager"]) == (
        "DRAFT",
        FORM["campaign_name"],
        FORM["customer_name"],
        {"name": "陈磊"},
    )


async def test_the_main_account_makes_an_opportunity_of_what_it_follows(counter: Counter) -> None:
    """COL-6.2.7."""
    lead = await counter.leads.following(counter.leads.pipeline.main)
    done = await counter.portal.get(
        counter.main,
        """mutation($i: LeadConvertToOpportunityInput!) { leadConvertToOpportunity(input: $i) {
          lead { status convertedOpportunity { status name companyName contactMobile } } } }""",
        i={"id": lead.public_id, "version": lead.version, "name": "云程视觉检测"},
    )
    assert done["leadConvertToOpportunity"]["lead"] == {
        "status": "CONVERTED",
        "convertedOpportunity": {
            "status": "DRAFT",
            "name": "云程视觉检测",
            "companyName": FORM["company_name"],
            "contactMobile": FORM["mobile"],
        },
    }


async def test_operations_push_edit_close_and_reopen(counter: Counter) -> None:
    """COL-6.2.7."""
    portal = counter.portal
    pushed = await portal.get(
        counter.operations,
        f"mutation($i: LeadPushInput!) {{ leadPush(input: $i) {{ {LEAD} }} }}",
        i={"partner": counter.leads.pipeline.cast.huaqi.public_id, "source": "CAMPAIGN", "form": FORM_OF_API},
    )
    lead = pushed["leadPush"]["lead"]
    edited = await portal.get(
        counter.main,
        """mutation($i: LeadEditInput!) { leadEdit(input: $i) {
          lead { version level customerType source fieldAccess { field writable } } } }""",
        i={"id": lead["id"], "version": 1, "level": "B", "customerType": None},
    )
    shown = edited["leadEdit"]["lead"]
    assert (shown["version"], shown["level"], shown["customerType"], shown["source"]) == (2, "B", "NONE", "CAMPAIGN")
    await counter.leads.dispatch(await of(counter, lead["id"]), counter.leads.operator)
    closed = await portal.get(
        counter.operator,
        f"mutation($i: LeadCloseInput!) {{ leadClose(input: $i) {{ {LEAD} }} }}",
        i={"id": lead["id"], "version": 3, "reasonCode": "WRONG_INFORMATION"},
    )
    assert (closed["leadClose"]["lead"]["status"], closed["leadClose"]["lead"]["closeReason"]) == (
        "CLOSED",
        "WRONG_INFORMATION",
    )
    opened = await portal.get(
        counter.administrator,
        f"mutation($i: LeadReopenInput!) {{ leadReopen(input: $i) {{ {LEAD} }} }}",
        i={"id": lead["id"], "version": 4},
    )
    assert opened["leadReopen"]["lead"]["status"] == "ASSIGNED"


async def of(counter: Counter, number: str) -> Any:
    from models.kernel.values import parse_public_id
    from models.lead import Lead

    async with counter.leads.store.reader() as session:
        return await session.get(Lead, parse_public_id(number)[1])


BATCH = """mutation($i: LeadDispatchBatchInput!) { leadDispatchBatch(input: $i) {
  replayed results { id dispatched errors { code } } } }"""


async def test_a_batch_answers_a_result_for_each_lead_and_a_repeat_is_harmless(counter: Counter) -> None:
    """COL-6.2.8: up to 100, a result each; the same key with the same input dispatches nothing twice."""
    fresh = await counter.leads.new()
    closed = await counter.leads.closed()
    given = {
        "leads": [{"id": fresh.public_id, "version": 1}, {"id": closed.public_id}],
        "follower": counter.operator.public_id,
    }
    preview = await counter.portal.get(counter.main, BATCH, i={**given, "validateOnly": True})
    assert [one["dispatched"] for one in preview["leadDispatchBatch"]["results"]] == [True, False]
    assert (await counter.leads.again(fresh)).status == LeadStatus.NEW
    keyed = {**given, "idempotencyKey": "batch-1"}
    first = await counter.portal.get(counter.main, BATCH, i=keyed)
    assert first["leadDispatchBatch"] == {
        "replayed": False,
        "results": [
            {"id": fresh.public_id, "dispatched": True, "errors": []},
            {"id": closed.public_id, "dispatched": False, "errors": [{"code": "TRANSITION_NOT_ALLOWED"}]},
        ],
    }
    before = await counter.leads.store.operations()
    again = await counter.portal.get(counter.main, BATCH, i=keyed)
    assert again["leadDispatchBatch"] == {**first["leadDispatchBatch"], "replayed": True}
    assert await counter.leads.store.operations() == before
    many = [{"id": fresh.public_id}] * 101
    refused = await counter.portal.refusal(counter.main, BATCH, i={**given, "leads": many})
    assert refused["code"] == "TOO_MANY_LEADS"


SEARCHES: list[tuple[dict[str, Any], set[str]]] = [
    ({"accountName": "yuncheng_cloud"}, {"one"}),
    ({"accountName": "yuncheng"}, set()),
    ({"companyName": "云程"}, {"one"}),
    ({"companyName": "有限"}, {"one", "two"}),
    ({"customerName": "孙"}, {"one"}),
    ({"email": "li@other.example"}, {"two"}),
    ({"mobile": "13700005678"}, {"one"}),
    ({"customerType": ["INDIVIDUAL"]}, {"two"}),
    ({"level": ["A", "B"]}, {"one"}),
    ({"campaignName": "峰会"}, {"one"}),
    ({"campaignName": "%"}, set()),
    ({"followerName": "陈"}, {"one"}),
    ({"status": ["NEW"]}, {"two"}),
    ({"source": ["OWN"]}, {"one", "two"}),
    ({"source": ["HUAWEI"]}, set()),
    ({"industry": ["MANUFACTURING"], "province": ["CN-32"]}, {"one"}),
    ({"overdue": True}, set()),
    ({"nextFollowBefore": "2026-04-01T00:00:00Z"}, {"one"}),
]


async def test_the_advanced_search_finds_by_each_of_its_keys(counter: Counter) -> None:
    """COL-6.2.1, COL-6.2.2."""
    import datetime as dt

    later = counter.leads.store.clock() + dt.timedelta(days=5)
    one = await counter.leads.assigned(level="A", next_follow_at=later)
    two = await counter.leads.new(
        company_name="杭州西溪有限公司",
        customer_name="李娜",
        account_name="xixi",
        email="li@other.example",
        mobile="13811112222",
        customer_type="INDIVIDUAL",
        province="CN-33",
        campaign_name="线上直播",
        industry=None,
    )
    names = {one.public_id: "one", two.public_id: "two"}
    query = "query($f: LeadFilter) { leads(first: 10, filter: $f) { totalCount nodes { id } } }"
    for asked, expected in SEARCHES:
        found = (await counter.portal.get(counter.main, query, f=asked))["leads"]
        assert ({names[row["id"]] for row in found["nodes"]}, found["totalCount"]) == (expected, len(expected)), asked
    by_follower = {"follower": counter.manager.public_id}
    found = await counter.portal.get(counter.main, query, f=by_follower)
    assert [row["id"] for row in found["leads"]["nodes"]] == [one.public_id]
    # A search finds nothing beyond the searcher's own scope.
    found = await counter.portal.get(counter.manager, query, f={"companyName": "有限"})
    assert [row["id"] for row in found["leads"]["nodes"]] == [one.public_id]
    counter.leads.store.clock.forward(days=6)
    counter.portal.forget_tokens()
    found = await counter.portal.get(counter.manager, query, f={"overdue": True})
    assert [row["id"] for row in found["leads"]["nodes"]] == [one.public_id]


async def test_a_lead_of_others_is_null_and_not_found(counter: Counter) -> None:
    """COL-6.2.5: null in queries, NOT_FOUND in mutations."""
    lead = await counter.leads.assigned()
    found = await counter.portal.get(counter.operator, "query($id: ID!) { lead(id: $id) { id } }", id=lead.public_id)
    assert found == {"lead": None}
    refused = await counter.portal.refusal(
        counter.operator,
        "mutation($i: LeadAddFollowUpInput!) { leadAddFollowUp(input: $i) { followUp { id } } }",
        i={"id": lead.public_id, "note": "致电"},
    )
    assert refused["code"] == "NOT_FOUND"
    fields = await counter.portal.refusal(
        counter.main,
        "mutation($f: LeadFormInput!) { leadCreate(input: {form: $f}) { lead { id } } }",
        f={"email": "nobody", "mobile": "１３７００００５６７８"},
    )
    assert {one["code"] for one in fields["violations"]} == {"LEAD_NAME_REQUIRED", "EMAIL_INVALID", "FULL_WIDTH_DIGITS"}


PAGES = {
    "basic": {"name": WHOLE["name"], "taskId": WHOLE["task_id"]},
    "detail": {
        "requirement": DETAIL["requirement"],
        "services": DETAIL["services"],
        "contactName": DETAIL["contact_name"],
        "contactMobile": DETAIL["contact_mobile"],
    },
    "revenue": {
        "expectedAmount": {"amount": "360000.00", "currency": "CNY"},
        "expectedSignDate": "2026-06-30",
        "revenueStartsOn": "2026-07-15",
        "termMonths": 12,
        "billingMode": "MIXED",
    },
}


async def test_a_deal_is_registered_page_by_page(counter: Counter) -> None:
    """COL-6.1.1, COL-6.1.4, COL-6.1.5, COL-6.1.8."""
    portal, manager = counter.portal, counter.manager
    customer = counter.leads.customer.public_id
    create = """mutation($i: DealRegistrationCreateInput!) { dealRegistrationCreate(input: $i) {
      dealRegistration { id version status taskId
        availableTransitions { verb possible blockedBy { path code } } } } }"""
    made = await portal.get(manager, create, i={"customer": customer, "basic": PAGES["basic"]})
    deal = made["dealRegistrationCreate"]["dealRegistration"]
    (step,) = deal["availableTransitions"]
    assert (step["verb"], step["possible"]) == ("submit", False)
    assert ["billingMode"] in [one["path"] for one in step["blockedBy"]]
    edit = """mutation($i: DealRegistrationEditInput!) { dealRegistrationEdit(input: $i) {
      dealRegistration { version expectedAmount { amount currency } contactMobile } } }"""
    given = {"id": deal["id"], "version": 1, "detail": PAGES["detail"]}
    part = {name: value for name, value in PAGES["revenue"].items() if name != "termMonths"}
    refused = await portal.refusal(manager, edit, i={**given, "revenue": part})
    assert (refused["code"], refused["violations"][0]["path"]) == ("FIELD_REQUIRED", ["termMonths"])
    edited = (await portal.get(manager, edit, i={**given, "revenue": PAGES["revenue"]}))["dealRegistrationEdit"]
    assert edited["dealRegistration"] == {
        "version": 2,
        "expectedAmount": {"amount": "360000.00", "currency": "CNY"},
        "contactMobile": DETAIL["contact_mobile"],
    }
    query = "query($id: ID!) { dealRegistration(id: $id) { status } }"
    assert (await portal.get(counter.pdm, query, id=deal["id"]))["dealRegistration"] is None
    submit = """mutation($i: DealRegistrationSubmitInput!) { dealRegistrationSubmit(input: $i) {
      dealRegistration { status contactMobile } } }"""
    done = await portal.get(manager, submit, i={"id": deal["id"], "version": 2})
    assert done["dealRegistrationSubmit"]["dealRegistration"] == {
        "status": "REGISTERED",
        "contactMobile": "137****5678",
    }
    assert (await portal.get(counter.pdm, query, id=deal["id"]))["dealRegistration"] == {"status": "REGISTERED"}
    report = """mutation($i: DealRegistrationReportProgressInput!) { dealRegistrationReportProgress(input: $i) {
      dealProgress { byName stage winProbability technicalExchange testStatus details } } }"""
    progress = {"stage": "POC", "winProbability": 60, "details": "进入采购", "technicalExchange": "两次"}
    await portal.get(manager, report, i={"id": deal["id"], **progress})
    whole = """query($id: ID!) { dealRegistration(id: $id) { stage winProbability
      progress { nodes { stage details testStatus } } journal { nodes { operation } } } }"""
    found = (await portal.get(counter.main, whole, id=deal["id"]))["dealRegistration"]
    assert (found["stage"], found["progress"]["nodes"]) == (
        "POC",
        [{"stage": "POC", "details": "进入采购", "testStatus": None}],
    )
    # What was written in the draft is the partner's own affair.
    seen_by_pdm = (await portal.get(counter.pdm, whole, id=deal["id"]))["dealRegistration"]["journal"]["nodes"]
    assert [one["operation"] for one in seen_by_pdm] == ["deal_registration.report_progress", "DealRegistration.submit"]
    refused = await portal.refusal(counter.director, create, i={"customer": customer, "basic": PAGES["basic"]})
    assert refused["code"] == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"name": "视觉质检"}, True),
        ({"name": "不存在"}, False),
        ({"companyName": "明德"}, True),
        ({"companyName": "恒远"}, False),
        ({"accountName": "mingde_cloud"}, True),
        ({"accountName": "mingde"}, False),
        ({"managerName": "陈"}, True),
        ({"managerName": "孙"}, False),
        ({"task": "task-2026-07"}, True),
        ({"status": ["DRAFT"]}, True),
        ({"stage": ["POC"]}, False),
    ],
)
async def test_deals_are_found_by_the_keys_of_the_paper(counter: Counter, asked: dict[str, Any], found: bool) -> None:
    """COL-6.1.7, COL-6.1.8."""
    from models import deal_registration as domain

    deal = await counter.leads.do(
        counter.leads.pipeline.manager, lambda work: domain.create(work, counter.leads.customer.id, WHOLE)
    )
    query = "query($f: DealRegistrationFilter) { dealRegistrations(filter: $f) { nodes { id } } }"
    answer = await counter.portal.get(counter.director, query, f=asked)
    assert [one["id"] for one in answer["dealRegistrations"]["nodes"]] == ([deal.public_id] if found else [])
