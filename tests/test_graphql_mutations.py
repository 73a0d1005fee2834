"""Mutations over GraphQL: versions, patches, neighbours, validateOnly, idempotency keys, external ids, identities."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
import sqlalchemy as sa

from models.identity import Account
from models.kernel.reads import Reader, Wanted
from models.kernel.values import new_id, parse_public_id, public_id
from models.rights import Right
from resolvers.fields import definition, node_types
from tests.people import let_ask_anything
from tests.pipeline import FORM
from tests.portal import Portal, portal

__all__ = ["portal"]

SAVE = """mutation($i: OpportunitySaveDraftInput!) { opportunitySaveDraft(input: $i) {
  replayed preview { status } opportunity { id version name externalId city companyName
  expectedAmount { amount currency } services } } }"""
SUBMIT = """mutation($i: OpportunityInput!) { opportunitySubmit(input: $i) {
  replayed preview { status dueAt onBreach queue } opportunity { id status version } } }"""
TOOL_SCOPES = [
    Right.OPPORTUNITY_READ_OWN,
    Right.OPPORTUNITY_SHARE,
    "opportunity.customer:reveal",
    Right.PARTNER_READ_OWN,
]


async def tool(portal: Portal, scopes: list[str] | None = None) -> str:
    """Issue a token as a partner's main account does."""
    main = portal.pipeline.cast.wang_main
    made = await portal.get(main, 'mutation { clientCreate(input: {name: "CRM同步"}) { client { id } } }')
    await let_ask_anything(portal.pipeline.store, parse_public_id(made["clientCreate"]["client"]["id"])[1])
    issued = await portal.get(
        main,
        "mutation($i: TokenCreateInput!) { tokenCreate(input: $i) { secret } }",
        i={"client": made["clientCreate"]["client"]["id"], "name": "夜间", "scopes": scopes or TOOL_SCOPES},
    )
    return str(issued["tokenCreate"]["secret"])


async def call(portal: Portal, secret: str, query: str, **variables: Any) -> dict[str, Any]:
    """Send a query as a tool."""
    answer = await portal.client.post(
        "/graphql", json={"query": query, "variables": variables}, headers={"Authorization": f"Bearer {secret}"}
    )
    found: dict[str, Any] = answer.json()
    return found


def code_of(answer: dict[str, Any]) -> str:
    assert not any((answer.get("data") or {}).values())
    return str(answer["errors"][0]["extensions"]["code"])


def camel(values: dict[str, Any]) -> dict[str, Any]:
    """Write the tests' form as the API takes it."""
    given = {re.sub(r"_([a-z])", lambda m: m[1].upper(), name): value for name, value in values.items()}
    given["expectedAmount"] = {"amount": given["expectedAmount"], "currency": given.pop("currency")}
    for name in ("expectedSignDate", "expectedGoLiveDate"):
        given[name] = given[name].isoformat()
    return given


FILLED = camel(FORM)


async def test_what_is_omitted_stays_and_null_empties(portal: Portal):
    main = portal.pipeline.cast.wang_main
    made = (await portal.get(main, SAVE, i={"form": FILLED}))["opportunitySaveDraft"]["opportunity"]
    assert (made["version"], made["city"], made["services"]) == (1, "苏州市", ["ECS", "RDS"])
    assert made["expectedAmount"] == {"amount": "1200000.00", "currency": "CNY"}
    given = {"id": made["id"], "version": 1, "form": {"city": None, "name": "改名", "expectedAmount": None}}
    changed = (await portal.get(main, SAVE, i=given))["opportunitySaveDraft"]["opportunity"]
    assert (changed["version"], changed["name"], changed["city"], changed["expectedAmount"]) == (2, "改名", None, None)
    assert changed["services"] == ["ECS", "RDS"]
    same = {"id": made["id"], "version": 2, "form": {"name": "改名"}}
    assert (await portal.get(main, SAVE, i=same))["opportunitySaveDraft"]["opportunity"]["version"] == 2
    emptied = await portal.refusal(main, SAVE, i={"id": made["id"], "version": 2, "form": {"consentConfirmed": None}})
    assert emptied["code"] == "NULL_NOT_ALLOWED"


@pytest.mark.parametrize("amount", ["1200000.00", "0.01", "99999999999999.99", "0.1"])
async def test_amounts_are_exact_texts(portal: Portal, amount: str):
    given = {"form": {"name": "金额", "expectedAmount": {"amount": amount, "currency": "CNY"}}}
    main = portal.pipeline.cast.wang_main
    made = (await portal.get(main, SAVE, i=given))["opportunitySaveDraft"]["opportunity"]
    whole, _, cents = amount.partition(".")
    assert made["expectedAmount"] == {"amount": f"{whole}.{cents.ljust(2, '0')}", "currency": "CNY"}


@pytest.mark.parametrize("amount", ["0.001", "-1", "0", "1e5", "NaN", "１", "1,000", "9" * 40])
async def test_an_amount_that_is_not_exact_is_refused(portal: Portal, amount: str):
    given = {"form": {"name": "金额", "expectedAmount": {"amount": amount, "currency": "CNY"}}}
    refused = await portal.refusal(portal.pipeline.cast.wang_main, SAVE, i=given)
    assert [(one["code"], one["path"]) for one in refused["violations"]] == [("AMOUNT", ["expectedAmount"])]


async def test_an_old_version_is_refused_and_tells_both(portal: Portal):
    record = await portal.pipeline.draft()
    main = portal.pipeline.cast.wang_main
    await portal.get(main, SAVE, i={"id": record.public_id, "version": 1, "form": {"city": "无锡市"}})
    for query, more in ((SAVE, {"form": {"city": "常州市"}}), (SUBMIT, {})):
        refused = await portal.refusal(main, query, i={"id": record.public_id, "version": 1, **more})
        assert (refused["code"], refused["facts"]) == ("STALE_VERSION", {"given": 1, "current": 2})
        assert refused["action"] == "RETRY"


async def test_one_refusal_does_not_wipe_out_its_neighbours_answer(portal: Portal):
    good, poor = await portal.pipeline.draft(), await portal.pipeline.draft(name="缺项", budget=None)
    query = """mutation($a: OpportunityInput!, $b: OpportunityInput!, $c: OpportunityInput!) {
      first: opportunitySubmit(input: $a) { opportunity { status companyName } }
      second: opportunitySubmit(input: $b) { opportunity { status } }
      third: opportunityCopy(input: {id: "opp_00000000000070008000000000000000"}) { opportunity { id } }
      last: opportunityDeleteDraft(input: $c) { opportunity { id } replayed } }"""
    given = {
        "a": {"id": good.public_id, "version": 1},
        "b": {"id": poor.public_id, "version": 1},
        "c": {"id": poor.public_id, "version": 1},
    }
    answer = await portal.ask(portal.pipeline.cast.wang_main, query, **given)
    assert answer["data"] == {
        "first": {"opportunity": {"status": "AUDITING", "companyName": "江苏****公司"}},
        "second": None,
        "third": None,
        "last": {"opportunity": None, "replayed": False},
    }
    told = {one["path"][0]: one["extensions"]["code"] for one in answer["errors"]}
    assert told == {"second": "FIELD_REQUIRED", "third": "NOT_FOUND"}
    # What the first of several mutations withheld is told of although others came after it.
    assert [one["field"] for one in answer["extensions"]["redacted"]] == ["Opportunity.companyName"]


async def test_validate_only_tells_every_violation_and_changes_nothing(portal: Portal):
    main = portal.pipeline.cast.wang_main
    record = await portal.pipeline.draft(budget=None, contact_name=None, consent_confirmed=False)
    given = {"id": record.public_id, "version": 1, "validateOnly": True}
    refused = await portal.refusal(main, SUBMIT, i=given)
    told = {(one["code"], tuple(one["path"])) for one in refused["violations"]}
    assert told == {
        ("FIELD_REQUIRED", ("budget",)),
        ("FIELD_REQUIRED", ("contactName",)),
        ("CONSENT_REQUIRED", ("consentConfirmed",)),
    }
    assert refused["code"] == "INVALID_INPUT"
    assert all(one["message"] and one["messageZh"] for one in refused["violations"])


async def test_validate_only_tells_what_would_follow_and_changes_nothing(portal: Portal):
    main = portal.pipeline.cast.wang_main
    record = await portal.pipeline.draft()
    await portal.token(main)
    before = await portal.pipeline.store.everything()
    given = {"id": record.public_id, "version": 1, "validateOnly": True, "idempotencyKey": "k"}
    told = (await portal.get(main, SUBMIT, i=given))["opportunitySubmit"]
    assert told["opportunity"] is None
    assert told["preview"] == {
        "status": "AUDITING",
        "dueAt": "2026-03-05T16:00:00.000000Z",
        "onBreach": "escalate",
        "queue": "opportunity.audit",
    }
    assert await portal.pipeline.store.everything() == before
    sent = await portal.get(main, SUBMIT, i={**given, "validateOnly": False})
    assert sent["opportunitySubmit"]["replayed"] is False


async def test_a_tool_names_each_call_and_a_repeat_is_harmless(portal: Portal):
    secret = await tool(portal)
    refused = await call(portal, secret, SAVE, i={"form": {"name": "甲"}})
    assert code_of(refused) == "IDEMPOTENCY_KEY_REQUIRED"
    given = {"form": {"name": "甲", "companyName": FORM["company_name"]}, "idempotencyKey": "2026-03-02/1"}
    first = (await call(portal, secret, SAVE, i=given))["data"]["opportunitySaveDraft"]
    count = len(await portal.pipeline.store.journal())
    again = (await call(portal, secret, SAVE, i=given))["data"]["opportunitySaveDraft"]
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["opportunity"] == first["opportunity"]
    assert len(await portal.pipeline.store.journal()) == count
    other = await call(portal, secret, SAVE, i={**given, "form": {"name": "乙"}})
    assert code_of(other) == "IDEMPOTENCY_KEY_REUSED"
    for key in ("", "k" * 129):
        assert code_of(await call(portal, secret, SAVE, i={**given, "idempotencyKey": key})) == "LENGTH"


async def test_a_repeat_reads_the_record_anew_and_keys_belong_to_caller_mutation_and_field(portal: Portal):
    main, other = portal.pipeline.cast.wang_main, portal.pipeline.cast.liu_main_of_yunfan
    given = {"form": {"name": "甲"}, "idempotencyKey": "k1"}
    made = (await portal.get(main, SAVE, i=given))["opportunitySaveDraft"]["opportunity"]
    await portal.get(main, SAVE, i={"id": made["id"], "version": 1, "form": {"name": "乙"}})
    again = (await portal.get(main, SAVE, i=given))["opportunitySaveDraft"]
    assert (again["replayed"], again["opportunity"]["id"], again["opportunity"]["name"]) == (True, made["id"], "乙")
    theirs = (await portal.get(other, SAVE, i=given))["opportunitySaveDraft"]
    assert (theirs["replayed"], theirs["opportunity"]["id"] == made["id"]) == (False, False)
    twice = """mutation($i: OpportunitySaveDraftInput!) {
      a: opportunitySaveDraft(input: $i) { replayed opportunity { id } }
      b: opportunitySaveDraft(input: $i) { replayed opportunity { id } } }"""
    both = await portal.get(main, twice, i=given)
    assert [both["a"]["replayed"], both["b"]["replayed"]] == [False, False]
    assert both["a"]["opportunity"]["id"] != both["b"]["opportunity"]["id"]


async def test_refusals_are_not_kept_under_a_key(portal: Portal):
    main = portal.pipeline.cast.wang_main
    record = await portal.pipeline.draft(budget=None)
    given = {"id": record.public_id, "version": 1, "idempotencyKey": "once more"}
    assert (await portal.refusal(main, SUBMIT, i=given))["code"] == "FIELD_REQUIRED"
    await portal.get(main, SAVE, i={"id": record.public_id, "version": 1, "form": {"budget": FORM["budget"]}})
    refused = await portal.refusal(main, SUBMIT, i=given)
    assert refused["code"] == "STALE_VERSION"
    sent = await portal.get(main, SUBMIT, i={**given, "version": 2})
    assert sent["opportunitySubmit"]["opportunity"]["status"] == "AUDITING"


async def test_a_key_that_is_kept_no_longer_may_be_used_again(portal: Portal):
    main = portal.pipeline.cast.wang_main
    given = {"form": {"name": "甲"}, "idempotencyKey": "k1"}
    await portal.get(main, SAVE, i=given)
    portal.pipeline.store.clock.forward(days=31)
    portal.forget_tokens()
    again = (await portal.get(main, SAVE, i={"form": {"name": "乙"}, "idempotencyKey": "k1"}))["opportunitySaveDraft"]
    assert (again["replayed"], again["opportunity"]["name"]) == (False, "乙")


async def test_the_same_key_at_the_same_moment_leaves_one_effect(portal: Portal):
    main = portal.pipeline.cast.wang_main
    await portal.token(main)
    given = {"form": {"name": "同时"}, "idempotencyKey": "at once"}
    answers = await asyncio.gather(*(portal.ask(main, SAVE, i=given) for _ in range(4)))
    assert all("errors" not in answer for answer in answers), answers
    told = [answer["data"]["opportunitySaveDraft"] for answer in answers]
    assert sorted(one["replayed"] for one in told) == [False, True, True, True]
    assert len({one["opportunity"]["id"] for one in told}) == 1
    found = await portal.get(main, '{ opportunities(filter: {name: "同时"}) { totalCount } }')
    assert found["opportunities"]["totalCount"] == 1


async def test_the_eye_needs_no_key(portal: Portal):
    secret = await tool(portal)
    record = await portal.pipeline.submitted()
    query = "mutation($i: RevealInput!) { reveal(input: $i) { values { id value } } }"
    given = {"type": "Opportunity", "field": "contactMobile", "ids": [record.public_id]}
    for _ in range(2):
        shown = await call(portal, secret, query, i=given)
        assert shown["data"]["reveal"]["values"] == [{"id": record.public_id, "value": FORM["contact_mobile"]}]
    assert (await portal.pipeline.store.operations())[-2:] == ["field.reveal", "field.reveal"]
    too_many = {**given, "ids": [record.public_id] + [public_id("opp", new_id()) for _ in range(100)]}
    assert code_of(await call(portal, secret, query, i=too_many)) == "VALUE_NOT_ALLOWED"
    foreign = {**given, "ids": [record.public_id, public_id("opp", new_id())]}
    assert code_of(await call(portal, secret, query, i=foreign)) == "NOT_FOUND"


async def test_huaweis_staff_say_why_they_look(portal: Portal):
    record = await portal.pipeline.submitted()
    query = "mutation($i: RevealInput!) { reveal(input: $i) { values { value } } }"
    given = {"type": "Opportunity", "field": "contactMobile", "ids": [record.public_id]}
    refused = await portal.refusal(portal.pipeline.cast.zhou_pdm, query, i=given)
    assert (refused["code"], refused["violations"][0]["path"]) == ("REASON_REQUIRED", ["reason"])


async def test_a_tools_own_id_finds_and_updates_its_draft(portal: Portal):
    secret, another = await tool(portal), await tool(portal)
    given = {"form": {"name": "甲", "city": "苏州市"}, "externalId": "crm-1", "idempotencyKey": "1"}
    made = (await call(portal, secret, SAVE, i=given))["data"]["opportunitySaveDraft"]["opportunity"]
    assert made["externalId"] == "crm-1"
    changed = {"form": {"name": "乙"}, "externalId": "crm-1", "idempotencyKey": "2"}
    again = (await call(portal, secret, SAVE, i=changed))["data"]["opportunitySaveDraft"]["opportunity"]
    assert (again["id"], again["name"], again["city"], again["version"]) == (made["id"], "乙", "苏州市", 2)
    look_up = '{ opportunity(externalId: "crm-1") { id } }'
    assert (await call(portal, secret, look_up))["data"]["opportunity"] == {"id": made["id"]}
    assert (await call(portal, another, look_up))["data"]["opportunity"] is None
    theirs = (await call(portal, another, SAVE, i=given))["data"]["opportunitySaveDraft"]["opportunity"]
    assert theirs["id"] != made["id"]


async def test_a_tool_has_no_more_than_its_scopes(portal: Portal):
    secret = await tool(portal, [Right.OPPORTUNITY_READ_OWN])
    record = await portal.pipeline.draft()
    given = {"id": record.public_id, "version": 1, "idempotencyKey": "1"}
    assert code_of(await call(portal, secret, SUBMIT, i=given)) == "PERMISSION_DENIED"
    seen = await call(portal, secret, "query($id: ID!) { opportunity(id: $id) { companyName } }", id=record.public_id)
    assert seen["data"]["opportunity"]["companyName"] is None
    assert seen["extensions"]["redacted"][0]["outcome"] == "REFUSED"


@pytest.mark.parametrize("mutation", ["opportunitySubmit", "opportunityReturn", "opportunityApproveAudit", "hoRecall"])
async def test_a_foreign_record_and_none_at_all_are_one_refusal(portal: Portal, mutation: str):
    """COL-2.8.1"""
    record = await portal.pipeline.draft()
    query = f"mutation($id: ID!) {{ {mutation}(input: {{id: $id, version: 1}}) {{ opportunity {{ id }} }} }}"
    liu = portal.pipeline.cast.liu_main_of_yunfan
    refusals = []
    for id in (record.public_id, public_id("opp", new_id())):
        refused = await portal.refusal(liu, query, id=id)
        refused.pop("requestId")
        refusals.append(refused)
    assert refusals[0] == refusals[1]
    assert refusals[0]["code"] == "NOT_FOUND"


async def everybody(portal: Portal) -> dict[str, Account]:
    cast, accounts = portal.pipeline.cast, portal.pipeline.accounts
    named = {name: account for name, account in vars(cast).items() if isinstance(account, Account)}
    return named | accounts


@pytest.mark.slow
async def test_node_finds_each_object_for_whom_its_scope_shows_it_and_nobody_else(portal: Portal):
    """Any type, any person: what `node(id:)` shows is what the row's scope says; all else is null."""
    await portal.pipeline.validated(name="节点")
    await tool(portal)
    people = await everybody(portal)
    store = portal.pipeline.store
    met: set[str] = set()
    for account in people.values():
        actor = await store.actor(account)
        wanted: dict[str, str | None] = {}
        types: dict[str, str] = {}
        for model, cls in node_types().items():
            async with store.reader() as session:
                table: sa.Table = model.__table__  # type: ignore[attr-defined]
                every = list(await session.scalars(sa.select(table.c.id).limit(2)))
                reader = Reader(session, actor, store.clock())
                seen = await reader.by_ids(model, every, Wanted())
            for id in every:
                alias = f"{model.prefix}_{id.hex}"
                wanted[alias] = alias if id in seen else None
                types[alias] = definition(cls).name
        for chunk in range(0, len(wanted), 25):
            part = list(wanted)[chunk : chunk + 25]
            query = "{ " + " ".join(f'{one}: node(id: "{one}") {{ id __typename }}' for one in part) + " }"
            found = await portal.get(account, query)
            for alias in part:
                shown = found[alias] and found[alias]["id"]
                assert shown == wanted[alias], (account.name, alias)
                if shown:
                    assert found[alias]["__typename"] == types[alias]
                    met.add(types[alias])
    assert met >= {"Opportunity", "Customer", "Approval", "JournalLine", "PartnerOrganisation", "Account", "OwnerCheck"}


async def test_an_id_is_typed_and_what_is_none_is_null_or_refused(portal: Portal):
    main = portal.pipeline.cast.wang_main
    record = await portal.pipeline.draft()
    assert re.fullmatch(r"opp_[0-9a-f]{32}", record.public_id)
    query = "query($id: ID!) { node(id: $id) { id } opportunity(id: $id) { id } }"
    assert await portal.get(main, query, id=public_id("opp", new_id())) == {"node": None, "opportunity": None}
    for wrong in (record.public_id.upper(), record.public_id[:-1], "opp_" + "g" * 32, public_id("cus", record.id)):
        refused = await portal.refusal(main, "query($id: ID!) { opportunity(id: $id) { id } }", id=wrong)
        assert refused["code"] == "INVALID_ID", wrong
    unknown = await portal.get(main, "query($id: ID!) { node(id: $id) { id } }", id="nothing")
    assert unknown["node"] is None


async def test_steps_are_told_with_what_blocks_each(portal: Portal):
    record = await portal.pipeline.draft(budget=None)
    query = """query($id: ID!) { opportunity(id: $id) { sla { dueAt }
      availableTransitions { verb labelZh labelEn target possible needsReason reasonCodes
        blockedBy { code path messageZh messageEn } } } }"""
    found = (await portal.get(portal.pipeline.cast.wang_main, query, id=record.public_id))["opportunity"]
    assert found == {
        "sla": None,
        "availableTransitions": [
            {
                "verb": "submit",
                "labelZh": "提交审核",
                "labelEn": "Submit",
                "target": "AUDITING",
                "possible": False,
                "needsReason": False,
                "reasonCodes": [],
                "blockedBy": [
                    {
                        "code": "FIELD_REQUIRED",
                        "path": ["budget"],
                        "messageZh": "此项为必填项。",
                        "messageEn": "This field is required.",
                    }
                ],
            }
        ],
    }


async def test_the_clock_is_told_to_both_sides(portal: Portal):
    record = await portal.pipeline.submitted()
    query = """query($id: ID!) { opportunity(id: $id) { createdAt sla {
      dueAt workingHoursLeft onBreachZh onBreachEn pausedBecauseEn } } }"""
    told = [
        (await portal.get(who, query, id=record.public_id))["opportunity"]
        for who in (portal.pipeline.cast.wang_main, portal.pipeline.cast.zhou_pdm)
    ]
    assert told[0] == told[1]
    assert told[0]["createdAt"] == "2026-03-02T04:00:00.000000Z"
    assert told[0]["sla"]["dueAt"] == "2026-03-05T16:00:00.000000Z"
    assert told[0]["sla"]["onBreachEn"] == "Escalated to ecosystem operations"


async def test_two_reviewers_at_one_moment_leave_one_decision(portal: Portal):
    record = await portal.pipeline.submitted()
    pdm = portal.pipeline.cast.zhou_pdm
    await portal.token(pdm)
    version = (await portal.pipeline.again(record)).version
    query = """mutation($i: OpportunityInput!) { opportunityApproveAudit(input: $i) { opportunity { status } } }"""
    given = {"id": record.public_id, "version": version}
    answers = await asyncio.gather(*(portal.ask(pdm, query, i=given) for _ in range(3)))
    refused = [answer["errors"][0]["extensions"]["code"] for answer in answers if "errors" in answer]
    assert len(refused) == 2
    assert set(refused) <= {"STALE_VERSION", "TRANSITION_NOT_ALLOWED"}
    assert (await portal.pipeline.store.operations()).count("Opportunity.PO.approve_audit") == 1
