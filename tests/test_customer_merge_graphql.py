"""Duplicates, merges, the timeline and the dashboard as a portal asks for them."""

from __future__ import annotations

from typing import Any

import pytest_asyncio
from strawberry.utils.str_converters import to_camel_case

from models.association import AssociationCause, AssociationEvent, AssociationEventKind
from models.customer import AssociationType
from models.identity import Account
from models.kernel.access import Side
from models.kernel.values import mask_company, mask_credit_code, mask_mobile
from models.kernel.work import Work
from tests.field_matrix import cell, expected, hang
from tests.portal import Portal, portal
from tests.reporting import Reporting, open_reporting
from tests.test_customer_merge import CODE, OTHER_CODE, Twins, enter
from tests.test_graphql_lists import statements

__all__ = ["portal"]
PLAIN: dict[str, Any] = {"company_name": "远海物流", "credit_code": OTHER_CODE, "mobile": "13811112222"}
REPORTED = (
    ("Customer/name", "company_name", mask_company(PLAIN["company_name"])),
    ("Customer/credit code", "credit_code", mask_credit_code(OTHER_CODE)),
    ("Customer/contact", "mobile", mask_mobile(PLAIN["mobile"])),
)

DUPLICATES = """query($first: Int, $after: String, $partner: ID, $customer: ID) {
  customerDuplicates(first: $first, after: $after, partner: $partner, customer: $customer) {
    nodes { customer { id companyName } duplicates { score reasons customer { id companyName version } } }
    pageInfo { hasNextPage endCursor } } }"""
MERGE = """mutation($i: CustomerMergeInput!) { customerMerge(input: $i) { replayed merge {
  id version mergedId companyName reason taken followed byName undoneAt
  survivor { id companyName creditCode version merges { nodes { mergedId } } } } } }"""
UNMERGE = "mutation($i: CustomerUnmergeInput!) { customerUnmerge(input: $i) { merge { id undoneByName undoReason } } }"
TIMELINE = """query($id: ID!, $first: Int, $after: String, $kinds: [TimelineKind!]) { customer(id: $id) {
  timeline(first: $first, after: $after, kinds: $kinds) { totalCount pageInfo { hasNextPage endCursor } nodes {
    kind at report { companyName status } invitation { status email } associationEvent { event associationType }
    opportunity { name companyName } dealRegistration { id } consumption { billCycle amountDue { amount } }
    merge { companyName byName } freeze { id } associationRequest { id } } } } }"""
DASHBOARD = """{ dashboard {
  pipeline { status count expected { amount currency } signed { amount currency } }
  customers { count newThisMonth byType { associationType count } }
  consumption { month due { amount currency } performance { amount } }
  waiting { drafts returned offers requests leadsToDispatch leadsOverdue reportsEnding invitationsOpen } } }"""


@pytest_asyncio.fixture
async def twins(portal: Portal) -> Twins:
    """Two customers of 华启 that are one company, at a portal."""
    reporting = await open_reporting(portal.pipeline)
    kept = await enter(reporting, "无锡蓝湖数据有限公司")
    second = await enter(reporting, "蓝湖数据（无锡）有限公司", credit_code=CODE, mobile="13811112222")
    return Twins(reporting, kept, second)


def people(twins: Twins) -> dict[str, Account]:
    """Name who asks."""
    cast, accounts = twins.reporting.pipeline.cast, twins.reporting.pipeline.accounts
    return {
        "main": cast.wang_main,
        "other": cast.liu_main_of_yunfan,
        "operations": cast.lin_operations,
        "koogallery": accounts["koogallery"],
        "manager": cast.chen_manager,
    }


async def test_duplicates_are_merged_and_parted_and_the_old_id_answers_with_the_survivor(portal: Portal, twins: Twins):
    who = people(twins)
    [group] = (await portal.get(who["main"], DUPLICATES))["customerDuplicates"]["nodes"]
    assert group["customer"]["id"] == twins.second.public_id
    assert group["customer"]["companyName"] != "蓝湖数据（无锡）有限公司"
    [other] = group["duplicates"]
    assert (other["customer"]["id"], other["reasons"], other["score"]) == (twins.kept.public_id, ["PLACE"], 50)
    huaqi = twins.reporting.pipeline.cast.huaqi.public_id
    named = await portal.get(who["operations"], DUPLICATES, partner=huaqi)
    assert [node["customer"]["id"] for node in named["customerDuplicates"]["nodes"]] == [twins.second.public_id]
    one = await portal.get(who["main"], DUPLICATES, customer=twins.kept.public_id)
    assert one["customerDuplicates"]["nodes"][0]["duplicates"][0]["customer"]["id"] == twins.second.public_id
    assert (await portal.get(who["other"], DUPLICATES, partner=huaqi))["customerDuplicates"]["nodes"] == []

    chosen = {
        "survivor": twins.second.public_id,
        "survivorVersion": 1,
        "merged": twins.kept.public_id,
        "mergedVersion": 1,
        "reason": "重复录入",
        "take": ["NAME"],
        "idempotencyKey": "merge-1",
    }
    told = await portal.get(who["main"], MERGE, i={**chosen, "validateOnly": True})
    assert told["customerMerge"]["merge"] is None
    made = (await portal.get(who["main"], MERGE, i=chosen))["customerMerge"]["merge"]
    assert (made["mergedId"], made["taken"], made["byName"]) == (twins.kept.public_id, ["NAME"], "王芳")
    assert made["survivor"]["merges"]["nodes"] == [{"mergedId": twins.kept.public_id}]
    again = (await portal.get(who["main"], MERGE, i=chosen))["customerMerge"]
    assert (again["replayed"], again["merge"]["id"]) == (True, made["id"])

    for query in ("query($id: ID!) { customer(id: $id) { id } }", "query($id: ID!) { customer: node(id: $id) { id } }"):
        for _ in range(3):  # the third time by a compiled plan
            answer = await portal.get(who["main"], query, id=twins.kept.public_id)
            assert answer["customer"]["id"] == twins.second.public_id
        assert (await portal.get(who["other"], query, id=twins.kept.public_id))["customer"] is None

    undone = await portal.get(who["main"], UNMERGE, i={"id": made["id"], "version": 1, "reason": "看错了"})
    assert undone["customerUnmerge"]["merge"]["undoneByName"] == "王芳"
    answer = await portal.get(who["main"], query, id=twins.kept.public_id)
    assert answer["customer"]["id"] == twins.kept.public_id


async def test_a_refused_merge_answers_its_code_and_changes_nothing(portal: Portal, twins: Twins):
    """COL-5.1.2"""
    who = people(twins)
    theirs = await enter(twins.reporting, "蓝湖数据", "yunfan")
    chosen = {"survivor": twins.kept.public_id, "survivorVersion": 1, "mergedVersion": 1, "reason": "x"}
    for person, merged, code in (
        ("main", theirs, "NOT_FOUND"),
        ("other", twins.second, "NOT_FOUND"),
        ("manager", twins.second, "PERMISSION_DENIED"),
        ("operations", theirs, "DIFFERENT_PARTNERS"),
        ("main", twins.kept, "SAME_CUSTOMER"),
    ):
        found = await portal.refusal(who[person], MERGE, i={**chosen, "merged": merged.public_id})
        assert found["code"] == code, person


# ------------------------------------------------------------------------------------------------------- timeline


async def happened(twins: Twins) -> None:
    """Let things happen with the customer, an hour apart."""
    reporting = twins.reporting
    store, clock = reporting.store, reporting.store.clock
    clock.forward(hours=1)
    report = await reporting.report(company_name="远海物流", credit_code=None, account_name=None)
    clock.forward(hours=1)
    invited = await reporting.mail(report)
    clock.forward(hours=1)

    async def associated(work: Work) -> None:
        for record in (report, invited):
            (await work.get(type(record), record.id)).customer_id = twins.kept.id
        work.add(
            AssociationEvent(
                customer_id=twins.kept.id,
                partner_id=reporting.pipeline.cast.huaqi.id,
                event=AssociationEventKind.ASSOCIATED,
                cause=AssociationCause.INVITATION,
                association_type=AssociationType.REFERRAL,
                by_id=work.actor.id,
                by_name=work.actor.name,
                by_side=Side.PARTNER,
                happened_at=work.now,
            )
        )

    await store.do(reporting.operations, associated)
    clock.forward(hours=1)
    drafted = await reporting.pipeline.submitted()

    async def hang(work: Work) -> None:
        (await work.get(type(drafted), drafted.id)).customer_id = twins.kept.id

    await store.do(reporting.main, hang)
    clock.forward(hours=1)
    await twins.merge()


async def test_the_timeline_tells_everything_once_newest_first_and_pages_without_a_gap(portal: Portal, twins: Twins):
    await happened(twins)
    main, id = people(twins)["main"], twins.kept.public_id

    whole = (await portal.get(main, TIMELINE, id=id))["customer"]["timeline"]

    kinds = ["MERGE", "OPPORTUNITY", "ASSOCIATION", "INVITATION", "REPORT"]
    assert [node["kind"] for node in whole["nodes"]] == kinds
    assert whole["totalCount"] == 5
    assert [node["at"] for node in whole["nodes"]] == sorted((node["at"] for node in whole["nodes"]), reverse=True)
    merge, opportunity, association, invitation, report = whole["nodes"]
    assert merge["merge"]["byName"] == "王芳"
    # As everywhere, the partner reads names masked.
    assert "*" in report["report"]["companyName"]
    assert "*" in opportunity["opportunity"]["companyName"]
    assert "*" in invitation["invitation"]["email"]
    assert association["associationEvent"] == {"event": "ASSOCIATED", "associationType": "REFERRAL"}
    assert [key for key, value in report.items() if value is not None] == ["kind", "at", "report"]

    found, after = [], None
    for _ in range(5):
        page = (await portal.get(main, TIMELINE, id=id, first=1, after=after))["customer"]["timeline"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert found == whole["nodes"]
    assert not page["pageInfo"]["hasNextPage"]
    some = (await portal.get(main, TIMELINE, id=id, kinds=["REPORT", "MERGE"]))["customer"]["timeline"]
    assert [node["kind"] for node in some["nodes"]] == ["MERGE", "REPORT"]
    assert some["totalCount"] == 2
    none = (await portal.get(main, TIMELINE, id=id, kinds=[]))["customer"]["timeline"]
    assert none["nodes"] == []


async def test_each_viewers_timeline_has_what_he_sees_and_reads_elsewhere(portal: Portal, twins: Twins):
    """COL-2.8.1, COL-5.7.6: a list in the order of a time tells the time, so those who may not read it are not told."""
    await happened(twins)
    who, id = people(twins), twins.kept.public_id

    async def kinds(person: str) -> list[str] | None:
        found = (await portal.get(who[person], TIMELINE, id=id))["customer"]
        return found and [node["kind"] for node in found["timeline"]["nodes"]]

    assert await kinds("operations") == ["MERGE", "OPPORTUNITY", "ASSOCIATION", "INVITATION", "REPORT"]
    # KooGallery reads no opportunities, and of associations not the time.
    assert await kinds("koogallery") == ["MERGE", "INVITATION", "REPORT"]
    assert await kinds("other") is None
    assert await kinds("manager") is None


async def test_timelines_of_many_customers_take_one_statement_more(portal: Portal, twins: Twins):
    await happened(twins)
    main = people(twins)["main"]
    many = "{ customers(first: 20) { nodes { id timeline(first: 3) { nodes { kind at report { status } } } } } }"
    counts = []
    for name in ("一", "二", "三"):
        await portal.get(main, many)
        with statements() as asked:
            await portal.get(main, many)
        counts.append(len(asked))
        await enter(twins.reporting, f"又{name}家物流")
    assert len(set(counts)) == 1, counts
    nodes = (await portal.get(main, many))["customers"]["nodes"]
    told = {node["id"]: [one["kind"] for one in node["timeline"]["nodes"]] for node in nodes}
    assert told[twins.kept.public_id] == ["MERGE", "OPPORTUNITY", "ASSOCIATION"]


# ------------------------------------------------------------------------------------------------------ dashboard


async def test_the_dashboard_tells_ones_own_figures_in_one_round_trip(portal: Portal, twins: Twins):
    await happened(twins)
    reporting: Reporting = twins.reporting
    await reporting.pipeline.draft(name="第二个")
    await enter(reporting, "新客户", associated_on=reporting.store.clock.now)
    who = people(twins)

    found = (await portal.get(who["main"], DASHBOARD))["dashboard"]

    money = [{"amount": "1200000.00", "currency": "CNY"}]
    assert found["pipeline"] == [
        {"status": "DRAFT", "count": 1, "expected": money, "signed": []},
        {"status": "AUDITING", "count": 1, "expected": money, "signed": []},
    ]
    seen = (await portal.get(who["main"], "{ customers { totalCount } }"))["customers"]["totalCount"]
    assert found["customers"]["count"] == seen
    assert sum(one["count"] for one in found["customers"]["byType"]) == seen
    assert found["customers"]["newThisMonth"] == 1
    assert found["consumption"] == []
    waiting = found["waiting"]
    assert (waiting["drafts"], waiting["invitationsOpen"], waiting["reportsEnding"]) == (1, 1, 0)
    reporting.store.clock.forward(days=13)
    portal.forget_tokens()
    assert (await portal.get(who["main"], DASHBOARD))["dashboard"]["waiting"]["reportsEnding"] == 1

    other = (await portal.get(who["other"], DASHBOARD))["dashboard"]
    assert other["pipeline"] == []
    assert set(other["waiting"].values()) == {0}


async def test_the_dashboard_keeps_what_may_not_be_read(portal: Portal, twins: Twins):
    """COL-2.8.3, COL-5.7.6: no figure is made of a field that the viewer does not read plainly."""
    await happened(twins)
    answer = await portal.ask(people(twins)["koogallery"], DASHBOARD)
    found = answer["data"]["dashboard"]
    assert found["pipeline"] == []
    assert (found["customers"]["byType"], found["customers"]["newThisMonth"], found["consumption"]) == (None,) * 3
    assert found["customers"]["count"] > 0
    told = {one["field"] for one in answer["extensions"]["redacted"]}
    assert {"Customer.associationType", "ConsumptionSummary.amountDue", "Opportunity.expectedAmount"} <= told


async def test_the_dashboard_takes_four_statements_whoever_has_how_much(portal: Portal, twins: Twins):
    main = people(twins)["main"]
    await portal.get(main, "{ __typename }")
    counts = []
    for turn in ("# once", "# and again"):
        # A text that nobody has sent before is answered without a plan.
        with statements() as asked:
            await portal.get(main, DASHBOARD + turn)
        counts.append(len(asked))
        if not counts[1:]:
            await happened(twins)
            portal.forget_tokens()
            await portal.token(main)
    assert counts == [4, 4]


# ----------------------------------------------------------------------------------------------------- the matrix

SURFACES = """query($id: ID!) {
  customerMerges { nodes { companyName survivor { companyName creditCode } } }
  customer(id: $id) { merges { nodes { companyName } } timeline(kinds: [MERGE, REPORT]) { nodes {
    merge { companyName } report { companyName creditCode mobile } } } } }"""
DUPLICATE_NAMES = "{ customerDuplicates { nodes { customer { companyName creditCode } } } }"


async def test_every_role_reads_of_merges_duplicates_and_timelines_what_the_table_says(portal: Portal):
    """COL-2.8.3, COL-5.7.6: the cells of name, credit code and contact on the new surfaces."""
    gallery = await hang(portal.pipeline)
    reporting = await open_reporting(portal.pipeline, gallery.people["OPS"], gallery.people["FIN"])
    kept = gallery.customer
    second = await enter(
        reporting,
        "苏州明德重工股份有限公司",
        account_manager_id=portal.pipeline.cast.chen_manager.id,
        owner_id=kept.owner_id,
    )
    third = await enter(reporting, "明德重工（苏州）有限公司", account_manager_id=portal.pipeline.cast.chen_manager.id)
    report = await reporting.report(**{**PLAIN, "account_name": None})

    async def about(work: Work) -> None:
        (await work.get(type(report), report.id)).customer_id = kept.id

    await reporting.do(reporting.operations, about)
    await Twins(reporting, kept, second).merge()
    assert third.id != kept.id

    for role, person in gallery.people.items():
        if role in ("SYS", "CUS"):
            continue
        data = (await portal.ask(person, SURFACES, id=kept.public_id))["data"]
        name = {"P": "苏州明德重工股份有限公司", "M": "苏州****公司", "m": "苏州****公司"}[cell("Customer/name", role)]
        merges = [node for node in data["customerMerges"]["nodes"] if node["survivor"]]
        assert [node["companyName"] for node in merges] == [name], role
        assert merges[0]["survivor"]["companyName"] == expected("Customer/name", "company_name", role), role
        assert merges[0]["survivor"]["creditCode"] == expected("Customer/credit code", "credit_code", role), role
        assert [node["companyName"] for node in data["customer"]["merges"]["nodes"]] == [name], role
        for node in data["customer"]["timeline"]["nodes"]:
            if node["merge"] is not None:
                assert node["merge"]["companyName"] == name, role
            if node["report"] is not None:
                for row, field, shown in REPORTED:
                    read = {"P": PLAIN[field], "M": shown, "m": shown}[cell(row, role)]
                    assert node["report"][to_camel_case(field)] == read, (role, field)
        found = await portal.ask(person, DUPLICATE_NAMES)
        if found["data"]["customerDuplicates"] is not None:
            for node in found["data"]["customerDuplicates"]["nodes"]:
                # Who reads names only masked finds nothing by them.
                assert cell("Customer/name", role) in ("P", "M"), role
                assert node["customer"]["companyName"] == expected("Customer/name", "company_name", role), role
