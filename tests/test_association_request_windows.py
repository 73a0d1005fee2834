"""Requests to un-link and to switch in both windows: over GraphQL, in the back-office, and every ruled cell."""

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
from api.identity import journal_key
from api.settings import Settings
from models import association_request as domain
from models.association_request import AssociationRequest
from models.identity import Account, operator_actor
from models.kernel.work import Work, sealed
from models.verification import PURPOSE, VerificationCode, code_from
from tests.databases import Databases, open_database
from tests.desk import Desk, desk
from tests.field_matrix import ROLES, cell, hang
from tests.linking import REFERRAL, RESALE, WHY, Linking, open_linking
from tests.people import Store
from tests.pipeline import open_pipeline
from tests.portal import ADDRESS, Portal

__all__ = ["desk"]

FIELDS: dict[str, dict[str, tuple[Any, Any]]] = {
    "Customer/name": {"company_name": ("苏州明德重工有限公司", "苏州****公司")},
    "Customer/profile": {
        "from_type": ("REFERRAL", None),
        "to_type": ("RESALE", None),
        "ended_at": ("2026-03-02T04:00:00.000000Z", None),
    },
}
OUTCOMES = {"P": ("PLAIN", False), "M": ("MASKED", True), "m": ("MASKED", False), "-": ("REFUSED", False)}
REQUEST = "request { id status version companyName dueAt reason availableTransitions { verb } }"
CHECK = "possible codeRequired checks { item passed blockedBy { code messageZh } } effects { kind textZh textEn }"


@dataclass
class Window:
    """The application with a partner's customers, and a request that everybody of the table may look for."""

    portal: Portal
    linking: Linking
    people: dict[str, Account]
    withdrawn: AssociationRequest

    async def ask(self, role: str, query: str, **variables: Any) -> dict[str, Any]:
        return await self.portal.ask(self.people[role], query, **variables)

    async def get(self, role: str, query: str, **variables: Any) -> Any:
        return await self.portal.get(self.people[role], query, **variables)


async def ended(linking: Linking, customer: Any) -> AssociationRequest:
    """Let the gallery's customer have a request that the partner took back at once."""

    async def prepare(work: Work) -> None:
        (await work.get(type(customer), customer.id)).association_type = REFERRAL

    await linking.do(linking.pipeline.operations, prepare)
    made = await linking.switch(customer, RESALE)
    done: AssociationRequest = await linking.do(linking.main, lambda work: domain.withdraw(work, made.id))
    return done


@pytest_asyncio.fixture(scope="module")
async def window(databases: Databases) -> AsyncIterator[Window]:
    """One application for all of these tests."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    linking = await open_linking(pipeline)
    withdrawn = await ended(linking, gallery.customer)

    async def person(work: Work) -> list[Account]:
        return [await work.session.get_one(Account, one.id) for one in (linking.referral_person, linking.resale_person)]

    of_referral, of_resale = await linking.do(operator_actor(), person)
    people = {**gallery.people, "REFERRAL": of_referral, "RESALE": of_resale, "OTHER": pipeline.cast.liu_main_of_yunfan}
    app = create_app(Settings(database_url=url), database=opened, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Window(Portal(client, pipeline), linking, people, withdrawn)
    await opened.dispose()
    await databases.drop(url)


@pytest.mark.parametrize("role", ROLES)
async def test_everybody_reads_and_searches_what_his_cell_says(window: Window, role: str) -> None:
    """COL-2.8.3, COL-5.7.6, COL-5.7.7: the name, the types and when it ended."""
    fields = [to_camel_case(name) for row in FIELDS.values() for name in row]
    query = f"""query($id: ID!) {{ associationRequest(id: $id) {{
      {" ".join(fields)} fieldAccess {{ field outcome revealable }} }} }}"""
    answer = await window.ask(role, query, id=window.withdrawn.public_id)
    assert "errors" not in answer
    found = answer["data"]["associationRequest"]
    many = "query($f: AssociationRequestFilter) { associationRequests(first: 5, filter: $f) { totalCount } }"
    customer = window.withdrawn.customer_id
    if role == "SYS":
        assert found is None
        return
    access = {one["field"]: (one["outcome"], one["revealable"]) for one in found["fieldAccess"]}
    for row, told in FIELDS.items():
        for name, (plain, masked) in told.items():
            mark, field = cell(row, role), to_camel_case(name)
            assert found[field] == {"P": plain, "M": masked, "m": masked}[mark], (role, field)
            assert access[field] == OUTCOMES[mark], (role, field)
    for row, given in (("Customer/name", {"companyName": "明德"}), ("Customer/profile", {"toType": ["RESALE"]})):
        listed = await window.ask(role, many, f={**given, "customer": f"cus_{customer.hex}"})
        if cell(row, role) in "PM":
            assert listed["data"]["associationRequests"] == {"totalCount": 1}
        else:
            assert listed["errors"][0]["extensions"]["code"] == "FIELD_NOT_SEARCHABLE"
    reveal = "mutation($i: RevealInput!) { reveal(input: $i) { values { value } } }"
    shown = {
        "type": "AssociationRequest",
        "field": "companyName",
        "ids": [window.withdrawn.public_id],
        "reason": "客户来电核对",
    }
    opened = await window.ask(role, reveal, i=shown)
    if cell("Customer/name", role) in "PM":
        assert opened["data"]["reveal"]["values"] == [{"value": "苏州明德重工有限公司"}]
    else:
        assert opened["errors"][0]["extensions"]["code"] == "FIELD_NOT_REVEALABLE"
    journal = await window.ask(role, "{ journal(first: 100) { nodes { operation changes } } }")
    assert "明德重工" not in json.dumps(journal, ensure_ascii=False)


async def test_the_partner_asks_with_a_code_and_the_customer_agrees_with_one(window: Window) -> None:
    """COL-5.4.9, COL-5.4.10, COL-5.12: check, tick, code, answer, each from its own account."""
    customer = window.linking.resale.public_id
    switch = "mutation($e: Boolean!) { verificationSwitch(input: {enabled: $e}) { setting { enabled version } } }"
    ask = """mutation($o: String!, $t: ID!) { verificationCodeRequest(input: {operation: $o, target: $t}) {
      sentTo expiresAt } }"""
    operations = "{ verifiedOperations { operation labelZh codeRequired } }"
    assert not any(one["codeRequired"] for one in (await window.get("ADM", operations))["verifiedOperations"])
    refused = await window.ask("FIN", switch, e=True)
    assert refused["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"
    assert (await window.get("ADM", switch, e=True))["verificationSwitch"]["setting"] == {"enabled": True, "version": 1}
    needed = {one["operation"]: one for one in (await window.get("ADM", operations))["verifiedOperations"]}
    assert needed["association.unlink"] == {
        "operation": "association.unlink",
        "labelZh": "发起解除关联",
        "codeRequired": True,
    }
    check = f"""query($c: ID!) {{ associationCheck(customer: $c, kind: UNLINK) {{ {CHECK} }} }}"""
    seen = (await window.get("ADM", check, c=customer))["associationCheck"]
    assert (seen["possible"], seen["codeRequired"]) == (True, True)
    assert "BALANCE" in {one["kind"] for one in seen["effects"]}
    unlink = f"mutation($i: AssociationUnlinkInput!) {{ associationUnlink(input: $i) {{ {REQUEST} }} }}"
    given = {"customer": customer, "reason": WHY, "understood": True}
    told = await window.portal.refusal(window.people["ADM"], unlink, i=given)
    assert (told["code"], told["violations"][0]["path"]) == ("VERIFICATION_CODE_REQUIRED", ["verificationCode"])
    sent = (await window.get("ADM", ask, o="association.unlink", t=customer))["verificationCodeRequest"]
    assert sent["sentTo"] == "l****@partner.example"
    code = await newest_code(window)
    only = await window.get("ADM", unlink, i={**given, "verificationCode": code})
    made = only["associationUnlink"]["request"]
    assert (made["status"], made["companyName"]) == ("PENDING_CUSTOMER", "苏州****公司")
    assert [one["verb"] for one in made["availableTransitions"]] == ["withdraw"]
    outlook = f"query($i: ID!) {{ associationRequestCheck(id: $i) {{ {CHECK} }} }}"
    for_customer = (await window.get("RESALE", outlook, i=made["id"]))["associationRequestCheck"]
    assert (for_customer["possible"], for_customer["codeRequired"]) == (True, True)
    agree = f"mutation($i: AssociationRequestAgreeInput!) {{ associationRequestAgree(input: $i) {{ {REQUEST} }} }}"
    answer = {"id": made["id"], "version": made["version"]}
    assert (await window.portal.refusal(window.people["RESALE"], agree, i=answer))["code"] == (
        "VERIFICATION_CODE_REQUIRED"
    )
    await window.get("RESALE", ask, o="association.answer_partner", t=made["id"])
    answer["verificationCode"] = await newest_code(window)
    dry = f"""mutation($i: AssociationRequestAgreeInput!) {{ associationRequestAgree(input: $i) {{
      preview {{ status }} {REQUEST} }} }}"""
    foreseen = await window.get("RESALE", dry, i={**answer, "validateOnly": True})
    assert foreseen["associationRequestAgree"]["preview"] == {"status": "COMPLETED"}
    done = await window.get("RESALE", agree, i=answer)
    assert done["associationRequestAgree"]["request"]["status"] == "COMPLETED"
    assert (await window.get("RESALE", "{ myPartner { name } }"))["myPartner"] == {"name": None}
    history = """{ associationRequests(filter: {status: [COMPLETED]}) { nodes { kind partnerName customer { id } } }
      associationEvents(filter: {event: [UNLINKED]}) { nodes { event cause byName } } }"""
    listed = await window.get("MAIN", history)
    assert listed["associationRequests"]["nodes"] == [
        {"kind": "UNLINK", "partnerName": "华启软件有限公司", "customer": None}
    ]
    assert [one["cause"] for one in listed["associationEvents"]["nodes"]] == ["PARTNER_REQUEST"]
    await window.get("ADM", switch, e=False)


async def newest_code(window: Window) -> str:
    made = (await window.linking.every(VerificationCode))[-1]
    return code_from(sealed(journal_key(Settings()), PURPOSE, made.id.hex))


async def test_the_customer_asks_and_huawei_closes(window: Window) -> None:
    """COL-5.5.1, COL-5.5.5, COL-5.4.12."""
    check = f"{{ myUnlinkCheck {{ {CHECK} }} }}"
    assert (await window.get("REFERRAL", check))["myUnlinkCheck"]["possible"]
    mine = f"mutation($i: PartnerUnlinkInput!) {{ partnerUnlink(input: $i) {{ {REQUEST} }} }}"
    told = await window.portal.refusal(window.people["REFERRAL"], mine, i={"reason": " ", "understood": False})
    assert {one["code"] for one in told["violations"]} == {"FIELD_REQUIRED", "UNDERSTANDING_NOT_TICKED"}
    given = {"reason": WHY, "understood": True}
    made = (await window.get("REFERRAL", mine, i=given))["partnerUnlink"]["request"]
    assert (made["status"], made["companyName"]) == ("PENDING_PARTNER", "无锡蓝湖数据有限公司")
    again = (await window.get("REFERRAL", check))["myUnlinkCheck"]
    failed = {one["item"]: one["blockedBy"] for one in again["checks"] if not one["passed"]}
    assert [one["code"] for one in failed["PENDING_REQUEST"]] == ["REQUEST_WAITS"]
    assert "工单" in failed["QUOTA"][0]["messageZh"]
    steps = "query($i: ID!) { associationRequest(id: $i) { availableTransitions { verb needsReason } } }"
    assert (await window.get("ADM", steps, i=made["id"]))["associationRequest"]["availableTransitions"] == [
        {"verb": "approve", "needsReason": False},
        {"verb": "reject", "needsReason": True},
    ]
    close = f"""mutation($i: AssociationRequestForceCloseInput!) {{
      associationRequestForceClose(input: $i) {{ {REQUEST} }} }}"""
    answer = {"id": made["id"], "version": made["version"], "reason": "客户来电撤回"}
    assert (await window.portal.refusal(window.people["PDM"], close, i=answer))["code"] == "PERMISSION_DENIED"
    assert (await window.portal.refusal(window.people["OTHER"], close, i=answer))["code"] == "PERMISSION_DENIED"
    done = await window.get("ECO", close, i=answer)
    assert done["associationRequestForceClose"]["request"]["status"] == "FORCE_CLOSED"
    for mutation, kind in (("Approve", "Approve"), ("Withdraw", "")):
        late = f"""mutation($i: AssociationRequest{kind}Input!) {{
          associationRequest{mutation}(input: $i) {{ {REQUEST} }} }}"""
        given = {"id": made["id"], "version": made["version"] + 1}
        assert (await window.portal.refusal(window.people["ADM"], late, i=given))["code"] == "TRANSITION_NOT_ALLOWED"
    assert await window.ask("OTHER", steps, i=made["id"]) == {"data": {"associationRequest": None}}


async def test_the_back_office_shows_requests_and_closes_one_with_a_reason(desk: Desk) -> None:
    """COL-5.4.12, COL-5.7.6: the name masked, a reason needed, nobody but ecosystem operations closes."""
    gallery = await hang(desk.pipeline)
    linking = await open_linking(desk.pipeline)
    request = await linking.unlink(linking.resale)
    path = f"/association-requests/{request.public_id}"
    for role in ("PDM", "BD", "OWN", "ECO", "KOO", "HFI", "AUD"):
        visitor = await desk.enter(gallery.people[role])
        page, listed = await visitor.page(path), await visitor.page("/association-requests")
        mark = cell("Customer/name", role)
        assert ("苏州青石科技有限公司" in page) is (mark == "P"), role
        assert mark == "P" or "苏州****公司" in page, role
        assert "待客户确认" in listed, role
        # The timeline, too, says whose request it is by name and not by the number of a row.
        assert str(linking.resale.id) not in page, role
        assert ("代售" in page) is (cell("Customer/profile", role) == "P"), role
        assert ("华为关闭申请" in page) is (role == "ECO"), role
    assert (await (await desk.enter(gallery.people["SYS"])).get(path)).status_code == 403
    lin = await desk.enter(gallery.people["ECO"])
    refused = await lin.send(f"{path}/do/force_close", version=str(request.version), reason="")
    assert refused.status_code == 422
    zhou = await desk.enter(gallery.people["PDM"])
    sent = await zhou.send(f"{path}/do/force_close", version=str(request.version), reason="试试")
    assert sent.status_code in (403, 409)
    assert (await linking.again(request)).status is domain.AssociationRequestStatus.PENDING_CUSTOMER
    done = await lin.send(f"{path}/do/force_close", version=str(request.version), reason="客户来电，工单 8812")
    assert done.status_code == 303
    page = await lin.page(path)
    for text in ("华为已关闭", "客户来电，工单 8812", "林静"):
        assert text in page
    assert "关联变更申请" in await lin.page(f"/customers/{linking.resale.public_id}")
    await linking.switch_codes_on()
    assert "操作验证码" in await lin.page(f"/partners/{desk.pipeline.cast.huaqi.public_id}")
