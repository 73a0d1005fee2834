"""Money as portals and the back-office meet it: who reads which amount, batches and repeats, and finance's forms."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette

from admin.office import mount
from api.app import create_app
from api.settings import Settings
from models import balance, budget
from models.budget import BudgetAsked
from models.customer import AssociationType, Customer
from models.customer.regime import INTERNATIONAL
from models.identity import operator_actor
from models.kernel.work import Work
from models.settings import set_policy
from tests.databases import Databases, open_database
from tests.desk import TERMS, Desk
from tests.field_matrix import ROLES, Gallery, cell, hang
from tests.people import Store
from tests.pipeline import open_pipeline
from tests.portal import ADDRESS, Portal, portal

__all__ = ["portal"]


@dataclass
class Vault:
    """A portal and a back-office on one database in which the gallery's customer has money and a budget."""

    portal: Portal
    desk: Desk
    gallery: Gallery


@pytest_asyncio.fixture(scope="module")
async def vault(databases: Databases) -> AsyncIterator[Vault]:
    """One application for all tests that only read."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    await fill(pipeline, gallery.customer)
    app = create_app(Settings(database_url=url), database=opened, clock=pipeline.store.clock, sweeping=False)
    office = Starlette()
    site = mount(office, pipeline.store, TERMS, secret="s" * 40, secure=False, clock=pipeline.store.clock)
    desk = Desk(site, office, pipeline, [])
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Vault(Portal(client, pipeline), desk, gallery)
    for client in desk.clients:
        await client.aclose()
    await opened.dispose()
    await databases.drop(url)


async def fill(pipeline: Any, customer: Customer) -> None:
    """Bring the customer to resale, give it money, let it owe, and set its budget."""

    async def to_resale(work: Work) -> None:
        (await work.session.get_one(Customer, customer.id)).association_type = AssociationType.RESALE

    await pipeline.do(operator_actor(), to_resale)
    partner, store = pipeline.cast.huaqi.id, pipeline.store
    finance = await store.actor(pipeline.accounts["finance"])
    await pipeline.do(finance, lambda work: balance.top_up(work, partner, "7654.32", reason="伙伴汇款"))
    await pipeline.do(finance, lambda work: balance.designate(work, partner, "1111.11", reason="专项"))
    asked = [balance.Transfer(customer.id, "543.21")]
    await pipeline.do(pipeline.main, lambda work: balance.allocate(work, asked, reason="首次拨款"))
    await pipeline.do(finance, lambda work: balance.charge(work, customer.id, "600.33", reason="账单"))
    await pipeline.do(pipeline.operations, lambda work: set_policy(work, INTERNATIONAL.key, True))
    wish = [BudgetAsked(customer.id, "2468.02")]
    await pipeline.do(pipeline.main, lambda work: budget.set_budgets(work, wish))


AMOUNTS = {"543.21", "600.33", "-57.12", "57.12", "2468.02"}
OF_PARTNER = {"7654.32", "1111.11", "7111.11"}
READ = """query($id: ID!) {
  customer(id: $id) {
    funds { balance { amount } arrears { amount } availableCredit { amount } fieldAccess { field outcome } }
    budget { amount { amount } used { amount } budgetType exhaustion usedMonth }
    balanceEntries(first: 9) { nodes { kind amount { amount } balanceAfter { amount } arrearsAfter { amount }
      amountBefore { amount } amountAfter { amount } designatedAfter { amount } } }
  }
  balanceEntries(first: 9) { totalCount nodes { kind amount { amount } amountAfter { amount }
    balanceAfter { amount } designatedAfter { amount } } }
  partnerBalances(first: 9) { nodes { amount { amount } designatedAmount { amount } availableAmount { amount } } }
  budgetAdjustments(first: 9) { nodes { amountAfter { amount } } }
}"""


@pytest.mark.parametrize("role", ROLES)
async def test_everybody_reads_of_money_what_his_cell_says(vault: Vault, role: str) -> None:
    """The rows "balance, allocation, budget" of customers and "balance, ledger": plain or refused, told, never silent.

    COL-5.7.2: in arrears the available credit says so.
    """
    person = vault.gallery.people[role]
    answer = await vault.portal.ask(person, READ, id=vault.gallery.customer.public_id)
    assert "errors" not in answer
    data = answer["data"]
    amounts = set(re.findall(r'"amount": "(-?[\d.]+)"', json.dumps(data)))
    assert bool(amounts & AMOUNTS) is (cell("Customer/balance", role) == "P")
    assert bool(amounts & OF_PARTNER) is (cell("Partner/balance", role) == "P")
    if cell("Customer/balance", role) == ".":
        assert data["customer"] is None
        return
    funds = data["customer"]["funds"]
    redacted = {one["field"] for one in answer.get("extensions", {}).get("redacted", [])}
    if cell("Customer/balance", role) == "P":
        assert funds["availableCredit"] == {"amount": "-57.12"}
        assert data["customer"]["budget"]["budgetType"] == "MONTHLY"
        assert {one["outcome"] for one in funds["fieldAccess"]} == {"PLAIN"}
        kinds = [entry["kind"] for entry in data["customer"]["balanceEntries"]["nodes"]]
        assert kinds == ["CHARGED", "ALLOCATED"]
        assert [one["amountAfter"]["amount"] for one in data["budgetAdjustments"]["nodes"]] == ["2468.02"]
    else:
        assert [funds[name] for name in ("balance", "arrears", "availableCredit")] == [None] * 3
        assert {"CustomerFunds.availableCredit", "CustomerBudget.budgetType", "CustomerBudget.amount"} <= redacted
        assert data["balanceEntries"] == {"totalCount": 0, "nodes": []}
        assert data["budgetAdjustments"]["nodes"] == []
    if role == "CUS":
        assert data["balanceEntries"]["totalCount"] == 2
        assert {"BalanceEntry.amountAfter", "BalanceEntry.designatedAfter"} <= redacted
        assert data["partnerBalances"]["nodes"] == []


@pytest.mark.parametrize("role", ROLES)
async def test_the_journal_tells_nobody_an_amount(vault: Vault, role: str) -> None:
    query = "{ journal(first: 100) { nodes { operation reason changes } } }"
    told = json.dumps((await vault.portal.ask(vault.gallery.people[role], query))["data"], ensure_ascii=False)
    for minor in ("54321", "60033", "765432", "111111", "246802"):
        assert minor not in told, (role, minor)


INSIDE = ("PDM", "PSM", "BD", "OWN", "ECO", "KOO", "HFI", "AUD")


@pytest.mark.parametrize("role", INSIDE)
async def test_pages_show_of_money_what_the_cell_says(vault: Vault, role: str) -> None:
    """COL-5.7.2: the list and the detail of customers, and the pages of balances and of the ledger."""
    visitor = await vault.desk.enter(vault.gallery.people[role])
    reads = cell("Customer/balance", role) == "P"
    listed, detail = (
        await visitor.page("/customers"),
        await visitor.page(f"/customers/{vault.gallery.customer.public_id}"),
    )
    assert ("-57.12 CNY" in listed) is reads
    for text in ("-57.12 CNY", "543.21 CNY", "2,468.02 CNY"):
        assert (text in detail) is reads, text
    for path, text in (("/balances", "7,111.11 CNY"), ("/balance-entries", "543.21 CNY")):
        answer = await visitor.get(path)
        assert (text in answer.text) is (cell("Partner/balance", role) == "P"), (path, answer.status_code)


async def test_finance_keeps_balances_by_forms_and_nobody_else(vault: Vault) -> None:
    """Top-up, take-off and designation on the partner's page and on its balance's; each with a reason."""
    partner = vault.portal.pipeline.cast.yunfan
    page = f"/partners/{partner.public_id}"
    finance = await vault.desk.enter(vault.gallery.people["HFI"])
    assert "充值" in await finance.page(page)
    wrong = await finance.send(f"{page}/do/top_up", version="1", amount="1.001", reason="")
    assert wrong.status_code == 422
    assert await vault.desk.store.do(operator_actor(), count) == 1
    done = await finance.send(f"{page}/do/top_up", version="1", amount="1,000.50", reason="伙伴汇款")
    assert done.status_code == 303
    entries = await finance.page("/balance-entries?kind=TOPPED_UP")
    for text in ("1,000.50 CNY", "伙伴充值", "秦月", "伙伴汇款"):
        assert text in entries, text
    held = f"/balances/pba_{partner.id.hex}"
    refused = await finance.send(f"{held}/do/designate", version="1", amount="1000.51", reason="专项")
    assert (refused.status_code, "专款专用金额不能大于" in refused.text) == (422, True)
    assert (await finance.send(f"{held}/do/designate", version="1", amount="400", reason="专项")).status_code == 303
    assert "600.50 CNY" in await finance.page(held)
    for role in ("ECO", "AUD", "PDM"):
        visitor = await vault.desk.enter(vault.gallery.people[role])
        assert (await visitor.send(f"{page}/do/top_up", amount="1", reason="汇款")).status_code in (403, 404, 409, 422)
    assert "600.50 CNY" in await finance.page(held)


async def count(work: Work) -> int:
    return await work.count(balance.PartnerBalance.__table__.select())  # type: ignore[attr-defined]


ALLOCATE = """mutation($i: BalanceTransferInput!) { balanceAllocate(input: $i) { replayed
  results { customer transferred errors { code path messageZh } } entries { number kind amount { amount } } } }"""


async def test_a_batch_over_graphql_and_its_repeat(portal: Portal) -> None:
    """COL-5.9.9: a result per row; the same key moves nothing twice."""
    pipeline = portal.pipeline
    gallery = await hang(pipeline)

    async def to_resale(work: Work) -> None:
        (await work.session.get_one(Customer, gallery.customer.id)).association_type = AssociationType.RESALE

    await pipeline.do(operator_actor(), to_resale)
    finance, main = gallery.people["HFI"], gallery.people["MAIN"]
    top_up = """mutation($i: PartnerBalanceKeepInput!) { partnerBalanceTopUp(input: $i) {
      balance { availableAmount { amount currency } } } }"""
    paid = {"partner": pipeline.cast.huaqi.public_id, "amount": {"amount": "10.00"}, "reason": "汇款"}
    assert (await portal.get(finance, top_up, i=paid))["partnerBalanceTopUp"]["balance"] == {
        "availableAmount": {"amount": "10.00", "currency": "CNY"}
    }
    rows = [
        {"customer": gallery.customer.public_id, "amount": {"amount": "6"}},
        {"customer": pipeline.customer.public_id, "amount": {"amount": "0.001"}},
    ]
    asked = {"transfers": rows, "reason": "拨款", "idempotencyKey": "k1"}
    told = (await portal.get(main, ALLOCATE, i={**asked, "validateOnly": True}))["balanceAllocate"]
    assert [one["transferred"] for one in told["results"]] == [True, False]
    first = (await portal.get(main, ALLOCATE, i=asked))["balanceAllocate"]
    assert first["entries"] == [{"number": 2, "kind": "ALLOCATED", "amount": {"amount": "6.00"}}]
    (refused,) = first["results"][1]["errors"]
    assert refused["code"] in ("TRANSFER_AMOUNT", "NOT_FOUND")
    again = (await portal.get(main, ALLOCATE, i=asked))["balanceAllocate"]
    assert (again["replayed"], again["results"], again["entries"]) == (True, first["results"], first["entries"])
    left = await portal.get(main, "{ partnerBalances { nodes { amount { amount } } } }")
    assert left["partnerBalances"]["nodes"] == [{"amount": {"amount": "4.00"}}]
    other = {**asked, "reason": "改"}
    assert (await portal.refusal(main, ALLOCATE, i=other))["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_customer_answers_beside_its_partner_and_the_partner_freezes(portal: Portal) -> None:
    """COL-5.11, COL-5.10.8: over GraphQL, both sides."""
    pipeline = portal.pipeline
    gallery = await hang(pipeline)

    async def to_resale(work: Work) -> None:
        (await work.session.get_one(Customer, gallery.customer.id)).association_type = AssociationType.RESALE

    mine = "{ myPartner { authorisation { status authorisation { id version note partner { name } } } } }"
    main, customer = gallery.people["MAIN"], gallery.people["CUS"]
    assert (await portal.get(customer, mine))["myPartner"]["authorisation"] is None
    await pipeline.do(operator_actor(), to_resale)
    assert (await portal.get(customer, mine))["myPartner"]["authorisation"] == {"status": "NONE", "authorisation": None}
    letters = "{ agreementVersions(filter: {kind: [AUTHORISATION_COMMITMENT]}) { nodes { id titleZh } } }"
    (letter,) = (await portal.get(main, letters))["agreementVersions"]["nodes"]
    ask = """mutation($i: AuthorisationRequestInput!) { authorisationRequest(input: $i) {
      authorisation { id status commitment { number } } } }"""
    given = {"customer": gallery.customer.public_id, "note": "代为下单"}
    assert (await portal.refusal(main, ask, i=given))["code"] == "COMMITMENT_NOT_ACCEPTED"
    asked = (await portal.get(main, ask, i={**given, "commitment": letter["id"]}))["authorisationRequest"]
    assert asked["authorisation"]["status"] == "REQUESTED"
    seen = (await portal.get(customer, mine))["myPartner"]["authorisation"]
    assert (seen["status"], seen["authorisation"]["note"]) == ("REQUESTED", "代为下单")
    which = {"id": seen["authorisation"]["id"], "version": seen["authorisation"]["version"]}
    agree = """mutation($i: AuthorisationAgreeInput!) { authorisationAgree(input: $i) {
      authorisation { status version } } }"""
    agreed = (await portal.get(customer, agree, i=which))["authorisationAgree"]["authorisation"]
    revoke = """mutation($i: AuthorisationRevokeInput!) { authorisationRevoke(input: $i) {
      authorisation { status reason } } }"""
    taken = {"id": which["id"], "version": agreed["version"], "reason": "自行下单"}
    done = (await portal.get(customer, revoke, i=taken))["authorisationRevoke"]["authorisation"]
    assert done == {"status": "REVOKED", "reason": "自行下单"}
    ice = """mutation($i: CustomerFreezeInput!) { customerFreeze(input: $i) {
      freeze { status kind cause reason customer { frozen } } } }"""
    wish = {"customer": gallery.customer.public_id, "reason": "拖欠货款"}
    both = {**wish, "kind": "ACCOUNT_AND_RESOURCES"}
    assert (await portal.refusal(main, ice, i=both))["code"] == "INTERNATIONAL_REGIME"
    made = (await portal.get(main, ice, i=wish))["customerFreeze"]["freeze"]
    assert made["customer"] == {"frozen": "ACCOUNT"}
    thaw = "mutation($i: CustomerUnfreezeInput!) { customerUnfreeze(input: $i) { freeze { status } } }"
    lifted = await portal.get(main, thaw, i={"customer": gallery.customer.public_id})
    assert lifted["customerUnfreeze"]["freeze"] == {"status": "LIFTED"}
    history = (
        "query($id: ID!) { customer(id: $id) { freezes { nodes { status } } authorisations { nodes { status } } } }"
    )
    kept = (await portal.get(main, history, id=gallery.customer.public_id))["customer"]
    assert kept == {"freezes": {"nodes": [{"status": "LIFTED"}]}, "authorisations": {"nodes": [{"status": "REVOKED"}]}}
    budgets = """mutation($i: CustomerBudgetsSetInput!) { customerBudgetsSet(input: $i) {
      results { set errors { code } } adjustments { amountAfter { amount } } } }"""
    wanted = {"budgets": [{"customer": gallery.customer.public_id, "amount": {"amount": "5"}}]}
    assert (await portal.refusal(main, budgets, i=wanted))["code"] == "INTERNATIONAL_REGIME"
    await pipeline.do(pipeline.operations, lambda work: set_policy(work, INTERNATIONAL.key, True))
    done = (await portal.get(main, budgets, i=wanted))["customerBudgetsSet"]
    assert done == {"results": [{"set": True, "errors": []}], "adjustments": [{"amountAfter": {"amount": "5.00"}}]}
