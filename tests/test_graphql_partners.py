"""Partners, PCE, customers and the queue over GraphQL, through the domain's own rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
import strawberry
from strawberry.schema.config import StrawberryConfig

from models.identity import Account, AccountRole, preset_ids, seed_roles
from models.kernel.access import Actor
from models.kernel.policy import PolicyRow
from models.kernel.values import new_id, parse_public_id, public_id
from models.kernel.work import Work
from models.partner import PartnerOrganisation, Path, PathStage, create_partner, set_path_stage
from models.rights import Preset
from resolvers.approval import ApprovalMutation, ApprovalQuery
from resolvers.context import Context
from resolvers.customer import CustomerMutation, CustomerQuery
from resolvers.partner import PartnerMutation, PartnerQuery
from resolvers.pce import PceMutation, PceQuery
from resolvers.refusals import shown
from resolvers.scalars import SCALARS
from tests.stage import NOON, Stage, person, stage_on


@strawberry.type
class Query(PartnerQuery, PceQuery, CustomerQuery, ApprovalQuery):
    """What these tests ask."""


@strawberry.type
class Mutation(PartnerMutation, PceMutation, CustomerMutation, ApprovalMutation):
    """What these tests do."""


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))
LIN_OPERATIONS = person(Preset.ECO, "林涛")


@dataclass
class Portal:
    """Where people ask."""

    stage: Stage

    async def ask(self, who: Actor | None, query: str, **variables: Any) -> tuple[Any, list[dict[str, Any]], Any]:
        context = Context(store=self.stage, viewer=who, clock=lambda: self.stage.now)
        answer = await SCHEMA.execute(query, variables, context_value=context)
        withheld = context.extensions()
        await context.close()
        refusals = []
        for error in answer.errors or ():
            refusal = shown(error.original_error) if error.original_error else None
            if refusal is None:
                raise error
            refusals.append(refusal)
        return answer.data, refusals, withheld

    async def get(self, who: Actor, query: str, **variables: Any) -> Any:
        data, refusals, _ = await self.ask(who, query, **variables)
        assert not refusals, refusals
        return data

    async def refused(self, who: Actor | None, query: str, **variables: Any) -> list[str]:
        before = await self.stage.everything()
        data, refusals, _ = await self.ask(who, query, **variables)
        assert not any((data or {}).values())
        assert await self.stage.everything() == before
        return [violation["code"] for violation in refusals[0]["violations"]]


@pytest_asyncio.fixture
async def portal(empty_database_url: str) -> AsyncIterator[Portal]:
    async with stage_on(empty_database_url) as stage:
        yield Portal(stage)


@dataclass
class People:
    """A partner, its main account and its PDM."""

    partner: PartnerOrganisation
    main: Actor
    pdm: Actor

    @property
    def partner_id(self) -> str:
        return self.partner.public_id


@pytest_asyncio.fixture
async def people(portal: Portal) -> People:
    async def enter(work: Work) -> People:
        partner = await create_partner(
            work, name="华启软件", province="CN-32", enterprise_verified=True, credit_code=None
        )
        await set_path_stage(work, partner.id, Path.SOFTWARE, PathStage.ROLE_SELECTION)
        main = person(Preset.MAIN, "赵敏", partner_id=partner.id)
        pdm = person(Preset.PDM, "王磊", partners=frozenset({partner.id}))
        for actor in (main, pdm):
            work.add(
                Account(
                    id=actor.id,
                    login=actor.id.hex,
                    name=actor.name,
                    password_hash="-",
                    side=actor.side,
                    partner_id=actor.partner_id,
                    created_at=work.now,
                    updated_at=work.now,
                )
            )
        partner.pdm_id = pdm.id
        await seed_roles(work)
        (manages,) = await preset_ids(work, Preset.MGR)
        work.add(AccountRole(account_id=main.id, role_id=manages))
        return People(partner, main, pdm)

    return await portal.stage.done(LIN_OPERATIONS, enter)


PARTNERS = """query ($filter: PartnerFilter) { partners(filter: $filter, sort: [{by: NAME}]) { totalCount nodes {
  id name level officeId kind version pdm { name }
  paths { nodes { path stage } } offerings { nodes { name countsForAssessment } } } } }"""


async def test_partners_are_listed_with_what_belongs_to_them(portal, people):
    add = "mutation ($input: OfferingAddInput!) { offeringAdd(input: $input) { offering { name services } } }"
    offering = {"partner": people.partner_id, "name": "智慧园区", "kind": "BASELINE_SOLUTION", "services": ["ECS"]}
    assert (await portal.get(LIN_OPERATIONS, add, input=offering))["offeringAdd"]["offering"] == {
        "name": "智慧园区",
        "services": ["ECS"],
    }
    found = await portal.get(people.main, PARTNERS, filter={"office": ["office-js"]})
    assert found["partners"]["totalCount"] == 1
    node = found["partners"]["nodes"][0]
    assert (node["id"], node["kind"], node["pdm"]) == (people.partner_id, "SOLUTION_PROVIDER", {"name": "王磊"})
    assert node["paths"]["nodes"] == [{"path": "SOFTWARE", "stage": "ROLE_SELECTION"}]
    assert node["offerings"]["nodes"] == [{"name": "智慧园区", "countsForAssessment": True}]


async def test_anothers_partner_is_null_and_a_stranger_is_refused(portal, people):
    query = "query ($id: ID!) { partner(id: $id) { name } }"
    stranger = person(Preset.MAIN, partner_id=new_id())
    assert await portal.get(stranger, query, id=people.partner_id) == {"partner": None}
    assert await portal.get(people.main, query, id=people.partner_id) == {"partner": {"name": "华启软件"}}
    assert await portal.refused(None, query, id=people.partner_id) == ["AUTHENTICATION_REQUIRED"]
    assert await portal.refused(people.main, query, id="opp_1") == ["INVALID_ID"]


async def test_a_partner_is_edited_with_true_patches(portal, people):
    update = """mutation ($input: PartnerUpdateInput!) { partnerUpdate(input: $input) {
      partner { nameEn level version pdm { name } } } }"""
    version = people.partner.version
    given = {"id": people.partner_id, "version": version, "nameEn": "Huaqi", "level": "LEADING"}
    done = await portal.get(LIN_OPERATIONS, update, input=given)
    assert done["partnerUpdate"]["partner"] == {
        "nameEn": "Huaqi",
        "level": "LEADING",
        "version": version + 1,
        "pdm": {"name": "王磊"},
    }
    cleared = {"id": people.partner_id, "version": version + 1, "nameEn": None, "pdm": None}
    done = await portal.get(LIN_OPERATIONS, update, input=cleared)
    assert done["partnerUpdate"]["partner"]["nameEn"] is None
    assert done["partnerUpdate"]["partner"]["pdm"] is None
    assert await portal.refused(LIN_OPERATIONS, update, input=cleared) == ["STALE_VERSION"]
    assert await portal.refused(people.main, update, input=cleared) == ["PERMISSION_DENIED"]


JOIN = """mutation ($input: PceJoinInput!) { pceJoin(input: $input) {
  replayed preview { status queue } membership { id status version partner { name } submitter { name } } } }"""
LEAVE = "mutation ($input: PceLeaveInput!) { pceLeave(input: $input) { membership { status exitReason } } }"
MEMBERSHIPS = "{ pceMemberships { nodes { status exitReason } } }"


async def test_a_partner_joins_and_asks_to_leave(portal, people):
    assert await portal.refused(people.main, JOIN, input={"agreed": False}) == ["AGREEMENT_NOT_ACCEPTED"]
    before = await portal.stage.everything()
    preview = await portal.get(people.main, JOIN, input={"agreed": True, "validateOnly": True})
    assert preview["pceJoin"]["preview"] == {"status": "ACTIVE", "queue": None}
    assert await portal.stage.everything() == before
    keyed = {"agreed": True, "idempotencyKey": "k1"}
    first = (await portal.get(people.main, JOIN, input=keyed))["pceJoin"]
    assert (first["replayed"], first["membership"]["status"]) == (False, "ACTIVE")
    assert first["membership"]["partner"] == {"name": "华启软件"}
    assert first["membership"]["submitter"] == {"name": "赵敏"}
    again = (await portal.get(people.main, JOIN, input=keyed))["pceJoin"]
    assert (again["replayed"], again["membership"]["id"]) == (True, first["membership"]["id"])
    left = await portal.get(people.main, LEAVE, input={"reason": "业务调整", "version": 1})
    assert left["pceLeave"]["membership"] == {"status": "EXIT_PENDING", "exitReason": "业务调整"}
    assert (await portal.get(people.main, MEMBERSHIPS))["pceMemberships"]["nodes"] == [
        {"status": "EXIT_PENDING", "exitReason": "业务调整"}
    ]
    stranger = person(Preset.MAIN, partner_id=new_id())
    assert (await portal.get(stranger, MEMBERSHIPS))["pceMemberships"]["nodes"] == []


QUEUE = """query ($filter: ApprovalFilter) { approvals(filter: $filter) { totalCount nodes {
  id kind state subjectId claimed workingHoursLeft partner { name } requester { name } claimer { name }
  about { labelEn verdicts { verb reasonRequired approves } }
  subject { id ... on PceMembership { status version } } } } }"""
CLAIM = "mutation ($input: ApprovalInput!) { approvalClaim(input: $input) { approval { claimed claimer { name } } } }"
RELEASE = "mutation ($input: ApprovalInput!) { approvalRelease(input: $input) { approval { claimed } } }"
DECIDE = """mutation ($input: ApprovalDecideInput!) { approvalDecide(input: $input) {
  approval { state verdict reason decider { name } subject { ... on PceMembership { status verdictReason } } } } }"""


async def test_the_queue_is_worked_through_over_the_api(portal, people):
    async def require_review(work: Work) -> None:
        work.add(PolicyRow(key="pce.review_required", value=True, effective_from=NOON))

    await portal.stage.done(LIN_OPERATIONS, require_review)
    joined = (await portal.get(people.main, JOIN, input={"agreed": True}))["pceJoin"]["membership"]
    assert joined["status"] == "PENDING"
    [entry] = (await portal.get(people.pdm, QUEUE))["approvals"]["nodes"]
    assert entry == {
        "id": entry["id"],
        "kind": "pce.membership",
        "state": "OPEN",
        "subjectId": joined["id"],
        "claimed": False,
        "workingHoursLeft": None,
        "partner": {"name": "华启软件"},
        "requester": {"name": "赵敏"},
        "claimer": None,
        "about": {
            "labelEn": "Joining PCE",
            "verdicts": [
                {"verb": "approve", "reasonRequired": False, "approves": True},
                {"verb": "reject", "reasonRequired": True, "approves": False},
            ],
        },
        "subject": {"id": joined["id"], "status": "PENDING", "version": 1},
    }
    assert (await portal.get(people.main, QUEUE))["approvals"] == {"totalCount": 0, "nodes": []}
    mine = {"id": entry["id"]}
    claimed = (await portal.get(people.pdm, CLAIM, input=mine))["approvalClaim"]["approval"]
    assert claimed == {"claimed": True, "claimer": {"name": "王磊"}}
    assert await portal.refused(LIN_OPERATIONS, CLAIM, input=mine) == ["CLAIMED_BY_ANOTHER"]
    assert await portal.refused(people.main, CLAIM, input=mine) == ["NOT_FOUND"]
    for filter, count in (({"mine": True}, 1), ({"mine": False}, 0), ({"kind": ["pce.exit"]}, 0), ({"pool": False}, 1)):
        assert (await portal.get(people.pdm, QUEUE, filter=filter))["approvals"]["totalCount"] == count, filter
    released = (await portal.get(people.pdm, RELEASE, input=mine))["approvalRelease"]["approval"]
    assert released == {"claimed": False}
    verdict = {"id": entry["id"], "verdict": "reject", "version": 1}
    assert await portal.refused(people.pdm, DECIDE, input=verdict) == ["REASON_REQUIRED"]
    assert await portal.refused(people.pdm, DECIDE, input={**verdict, "version": 4}) == ["STALE_VERSION"]
    assert await portal.refused(people.pdm, DECIDE, input={**verdict, "fields": ["status"]}) == ["VALUE_NOT_ALLOWED"]
    done = (await portal.get(people.pdm, DECIDE, input={**verdict, "reason": "资料不全"}))["approvalDecide"]["approval"]
    assert done == {
        "state": "CLOSED",
        "verdict": "reject",
        "reason": "资料不全",
        "decider": {"name": "王磊"},
        "subject": {"status": "REJECTED", "verdictReason": "资料不全"},
    }
    assert await portal.refused(people.pdm, DECIDE, input=verdict) == ["ALREADY_DECIDED"]


async def test_the_kinds_of_decision_are_told_to_whoever_is_signed_in(portal, people):
    query = "{ approvalKinds { kind labelZh verdicts { verb reasons { code labelZh } } } }"
    found = {one["kind"]: one for one in (await portal.get(people.pdm, query))["approvalKinds"]}
    assert found["pce.exit"]["labelZh"] == "退出共拓计划"
    assert [one["verb"] for one in found["pce.exit"]["verdicts"]] == ["approve_exit", "reject_exit"]


CREATE = """mutation ($input: CustomerCreateInput!) { customerCreate(input: $input) {
  customer { id version } } }"""
CUSTOMERS = """query ($filter: CustomerFilter, $sort: [CustomerSort!]) { customers(filter: $filter, sort: $sort) {
  nodes { id companyName mobile industry associationType tags partner { name } accountManager { name }
    contacts { nodes { name mobile } }
    fieldAccess { field outcome revealable writable } } } }"""
YUANDA = {
    "companyName": "苏州远大制造有限公司",
    "mobile": "13912345678",
    "industry": "MANUFACTURING",
    "province": "CN-32",
    "associationType": "RESALE",
    "associatedOn": "2026-03-02T04:00:00Z",
    "tags": ["重点"],
    "contacts": [{"name": "李娜", "mobile": "13912345678"}],
}


async def enter_yuanda(portal: Portal, people: People, **more: Any) -> str:
    given = {**YUANDA, "partner": people.partner_id, **more}
    id: str = (await portal.get(LIN_OPERATIONS, CREATE, input=given))["customerCreate"]["customer"]["id"]
    return id


async def test_customers_are_listed_masked_and_the_masking_is_told(portal, people):
    id = await enter_yuanda(portal, people)
    data, _, withheld = await portal.ask(people.main, CUSTOMERS)
    [customer] = data["customers"]["nodes"]
    access = {one.pop("field"): one for one in customer.pop("fieldAccess")}
    assert customer == {
        "id": id,
        "companyName": "苏州****公司",
        "mobile": "139****5678",
        "industry": "MANUFACTURING",
        "associationType": "RESALE",
        "tags": ["重点"],
        "partner": {"name": "华启软件"},
        "accountManager": None,
        "contacts": {"nodes": [{"name": "李****", "mobile": "139****5678"}]},
    }
    assert "李娜" not in str(customer)
    assert access["companyName"] == {"outcome": "MASKED", "revealable": True, "writable": False}
    assert access["industry"] == {"outcome": "PLAIN", "revealable": False, "writable": False}
    assert {"field": "Customer.companyName", "outcome": "MASKED", "revealable": True} in withheld["redacted"]


async def test_who_may_not_read_the_profile_does_not_read_the_manager_either(portal, people):
    await enter_yuanda(portal, people, accountManager=public_id("acc", people.main.id))
    koo = person(Preset.KOO)
    data, _, withheld = await portal.ask(koo, CUSTOMERS)
    [customer] = data["customers"]["nodes"]
    assert (customer["industry"], customer["associationType"], customer["tags"]) == (None, None, None)
    assert customer["accountManager"] is None
    assert {"field": "Customer.accountManager", "outcome": "MASKED", "revealable": False} in withheld["redacted"]
    [seen] = (await portal.get(people.main, CUSTOMERS))["customers"]["nodes"]
    assert seen["accountManager"] == {"name": "赵敏"}


async def test_customers_are_found_by_what_one_may_reveal(portal, people):
    id = await enter_yuanda(portal, people)
    for filter in (
        {"companyName": "远大"},
        {"mobile": "13912345678"},
        {"associationType": ["RESALE"]},
        {"associatedFrom": "2026-03-02T04:00:00Z"},
        {"tag": "重点"},
        {"partner": people.partner_id},
        {"associated": True},
    ):
        found = (await portal.get(people.main, CUSTOMERS, filter=filter))["customers"]["nodes"]
        assert [one["id"] for one in found] == [id], filter
        stranger = person(Preset.MAIN, partner_id=new_id())
        assert (await portal.get(stranger, CUSTOMERS, filter=filter))["customers"]["nodes"] == []
    assert await portal.refused(person(Preset.KOO), CUSTOMERS, filter={"companyName": "远大"}) == [
        "FIELD_NOT_SEARCHABLE"
    ]
    by_time = [{"by": "ASSOCIATED_ON"}]
    assert await portal.refused(person(Preset.KOO), CUSTOMERS, sort=by_time) == ["FIELD_NOT_SEARCHABLE"]


async def test_a_customer_is_edited_by_operations_only(portal, people):
    id = await enter_yuanda(portal, people)
    edit = """mutation ($input: CustomerEditInput!) { customerEdit(input: $input) {
      customer { city industry tags version fieldAccess { field writable } } } }"""
    given = {"id": id, "version": 1, "city": "无锡", "industry": None}
    done = (await portal.get(LIN_OPERATIONS, edit, input=given))["customerEdit"]["customer"]
    access = {one["field"]: one["writable"] for one in done.pop("fieldAccess")}
    assert done == {"city": "无锡", "industry": None, "tags": ["重点"], "version": 2}
    assert (access["industry"], access["companyName"]) == (True, False)
    assert await portal.refused(people.main, edit, input={**given, "version": 2}) == ["PERMISSION_DENIED"]
    faulty = {"id": id, "version": 2, "province": "CN-99", "subIndustry": "X"}
    assert await portal.refused(LIN_OPERATIONS, edit, input=faulty) == ["VALUE_NOT_ALLOWED", "VALUE_NOT_ALLOWED"]


async def test_a_customer_is_null_for_whoever_does_not_see_it(portal, people):
    id = await enter_yuanda(portal, people)
    query = "query ($id: ID!) { customer(id: $id) { companyName } }"
    assert await portal.get(person(Preset.MAIN, partner_id=new_id()), query, id=id) == {"customer": None}
    assert await portal.get(person(Preset.CUS, customer_id=new_id()), query, id=id) == {"customer": None}
    itself = person(Preset.CUS, customer_id=parse_public_id(id)[1])
    assert await portal.get(itself, query, id=id) == {"customer": {"companyName": "苏州远大制造有限公司"}}
