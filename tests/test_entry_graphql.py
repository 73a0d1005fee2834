"""Partner entry over GraphQL, by its page, and in the back-office."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.database import Database
from api.entry import entry_terms
from api.letters import Desk
from api.mail import Console, Post, dispatch
from api.settings import Settings
from models.entry import EntryStatus, PartnerEntry
from models.identity import Account
from models.partner import PartnerOrganisation
from tests import desk as office
from tests.entering import EMAIL, FORM, INVITED, MOBILE, Entering, open_entering
from tests.people import PASSWORD, Store, open_cast
from tests.portal import ADDRESS, Portal

INVITE = """mutation($i: PartnerEntryInviteInput!) { partnerEntryInvite(input: $i) {
  preview { status dueAt } entry { id status invitedName invitedEmail pdm { name } issuer { name } timesSent } } }"""
PREVIEW = "query($i: PartnerEntryInvitation!) { partnerEntryPreview(invitation: $i) { to subject paragraphs } }"
OPEN = "mutation($l: String!) { partnerEntryLinkOpen(input: {link: $l}) { companyName kind path until verified } }"
CODE = "mutation($i: PartnerEntryCodeRequestInput!) { partnerEntryCodeRequest(input: $i) { expiresAt } }"
VERIFY = "mutation($i: PartnerEntryVerifyInput!) { partnerEntryVerify(input: $i) { proof finishBy } }"
REGISTER = "mutation($i: PartnerEntryRegisterInput!) { partnerEntryRegister(input: $i) { status login } }"
MINE = """{ myPartnerEntry { id status version invitedName needs { nextStep missing hasLicence newestTerms paths
  wrong { code path } } availableTransitions { verb possible } attachments(first: 5) { nodes { name field } }
  partner { name } verdictReason } }"""
ACCEPT = """mutation($i: PartnerEntryTermsAcceptInput!) { partnerEntryTermsAccept(input: $i) {
  entry { status version terms { number } } } }"""
SAVE = """mutation($i: PartnerEntrySaveInput!) { partnerEntrySave(input: $i) { entry { version creditCode } } }"""
SUBMIT = """mutation($i: PartnerEntrySubmitInput!) { partnerEntrySubmit(input: $i) {
  preview { status queue } entry { status version concerns partner { name creditCode } } } }"""
LIST = """query($f: PartnerEntryFilter) { partnerEntries(first: 10, filter: $f) { totalCount nodes {
  id status version companyName concerns needs { nextStep } } } }"""
APPROVE = "mutation($i: PartnerEntryVersionInput!) { partnerEntryApprove(input: $i) { entry { status } } }"
REJECT = "mutation($i: PartnerEntryRejectInput!) { partnerEntryReject(input: $i) { entry { status verdictReason } } }"
INVITATION = {"companyName": INVITED["company_name"], "email": INVITED["email"]}
INFORMATION = {
    "companyName": FORM["company_name"],
    "creditCode": FORM["credit_code"],
    "legalForm": "LIMITED_LIABILITY",
    "province": "CN-32",
    "city": "苏州市",
    "path": "SOFTWARE",
    "contactName": "钱瑜",
}


class Sent(Console):
    """Keeps mails instead of sending them."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def send(self, message: Any) -> None:
        self.mails.append(message)


class Gate:
    """A portal with everybody who invites, enters and reviews."""

    def __init__(self, portal: Portal, entering: Entering, settings: Settings) -> None:
        self.portal = portal
        self.entering = entering
        self.settings = settings
        self.cast = entering.cast

    @property
    def store(self) -> Store:
        return self.entering.store

    async def mailed(self) -> list[tuple[str, str]]:
        """Send what waits, and give receiver and text of each mail."""
        sent = Sent()
        post = Post(Desk(self.settings), sent, 5)
        await dispatch(self.store, post, clock=self.store.clock)
        return [(str(one["To"]), one.get_body(("plain",)).get_content()) for one in sent.mails]

    async def invited(self, **changes: Any) -> tuple[dict[str, Any], str]:
        """Invite a company, and take the link from its mail."""
        given = {"invitation": {**INVITATION, **changes}}
        entry = (await self.portal.get(self.cast.zhou_pdm, INVITE, i=given))["partnerEntryInvite"]["entry"]
        ((to, text),) = await self.mailed()
        assert INVITED["email"] in to
        (link,) = set(re.findall(r"http\S+/entry/\S+", text))
        return entry, link

    async def code(self) -> str:
        """Take the code from the mail that brings it."""
        ((to, text),) = await self.mailed()
        assert EMAIL in to
        (code,) = re.findall(r"^\d{6}$", text, re.MULTILINE)
        return str(code)

    async def registered(self) -> Account:
        """Register an account by link."""
        _, link = await self.invited()
        await self.portal.get(None, CODE, i={"link": link, "mobile": MOBILE, "email": EMAIL})
        given = {"link": link, "code": await self.code()}
        proof = (await self.portal.get(None, VERIFY, i=given))["partnerEntryVerify"]["proof"]
        account = {"login": "Qian.Yu", "name": "钱瑜", "password": PASSWORD}
        done = await self.portal.get(None, REGISTER, i={"link": link, "proof": proof, **account})
        assert done["partnerEntryRegister"] == {"status": "REGISTERED", "login": "qian.yu"}
        (entry,) = await self.entering.every(PartnerEntry)
        return await self.entering.account(entry)

    async def agreed(self) -> tuple[Account, dict[str, Any]]:
        """Accept the terms."""
        who = await self.registered()
        mine = (await self.portal.get(who, MINE))["myPartnerEntry"]
        given = {"id": mine["id"], "version": mine["version"], "terms": mine["needs"]["newestTerms"], "ticked": True}
        answer = (await self.portal.get(who, ACCEPT, i=given))["partnerEntryTermsAccept"]["entry"]
        assert (answer["status"], answer["terms"]["number"]) == ("TERMS_ACCEPTED", "2026-01")
        return who, {"id": mine["id"], "version": answer["version"]}


@pytest_asyncio.fixture
async def gate(database: Database) -> AsyncIterator[Gate]:
    store = Store(database.writer, database.reader)
    entering = await open_entering(store, await open_cast(store))
    settings = Settings(database_url=database.url)
    # The mails' codes are made with the key that the application's own store has.
    app = create_app(settings, database=database, clock=store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        pipeline: Any = type("Of", (), {"store": store})
        yield Gate(Portal(client, pipeline, database), entering, settings)


async def test_a_company_enters_from_the_mail_to_the_partner(gate):
    """PL-16, PL-17: without a session as far as the account, then signed in; its session stays through joining."""
    entry, link = await gate.invited()
    assert (entry["status"], entry["pdm"]["name"], entry["timesSent"]) == ("INVITED", "周涛", 1)
    card = (await gate.portal.get(None, OPEN, l=link))["partnerEntryLinkOpen"]
    assert (card["companyName"], card["kind"], card["verified"]) == (
        *(INVITED["company_name"], "SOLUTION_PROVIDER"),
        False,
    )
    await gate.portal.get(None, CODE, i={"link": link, "mobile": MOBILE, "email": EMAIL})
    code = await gate.code()
    verified = (await gate.portal.get(None, VERIFY, i={"link": link, "code": code}))["partnerEntryVerify"]
    assert (await gate.portal.get(None, OPEN, l=link))["partnerEntryLinkOpen"]["verified"]
    wrong = {"link": link, "proof": verified["proof"], "login": "x", "name": "", "password": "a"}
    refused = await gate.portal.ask(None, REGISTER, i=wrong)
    codes = {one["code"] for one in refused["errors"][0]["extensions"]["violations"]}
    assert codes == {"LOGIN_FORMAT", "FIELD_REQUIRED", "LENGTH"}
    fine = {**wrong, "login": "qian.yu", "name": "钱瑜", "password": PASSWORD}
    forged = await gate.portal.refusal(None, REGISTER, i={**fine, "proof": link.rpartition("/")[2]})
    assert forged["code"] == "ENTRY_NOT_VERIFIED"
    await gate.portal.get(None, REGISTER, i=fine)
    used = await gate.portal.refusal(None, OPEN, l=link)
    assert used["code"] == "ENTRY_LINK_USED"

    (row,) = await gate.entering.every(PartnerEntry)
    who = await gate.entering.account(row)
    mine = (await gate.portal.get(who, MINE))["myPartnerEntry"]
    assert (mine["status"], mine["needs"]["nextStep"]) == ("REGISTERED", "accept_terms")
    assert mine["needs"]["missing"] == ["creditCode", "legalForm", "province", "city", "path"]
    given = {"id": mine["id"], "version": mine["version"], "terms": mine["needs"]["newestTerms"], "ticked": True}
    version = (await gate.portal.get(who, ACCEPT, i=given))["partnerEntryTermsAccept"]["entry"]["version"]
    await gate.entering.add_licence(row, await gate.store.actor(who))
    saved = {"id": mine["id"], "version": version, "information": {"creditCode": FORM["credit_code"].lower()}}
    answer = (await gate.portal.get(who, SAVE, i=saved))["partnerEntrySave"]["entry"]
    assert answer["creditCode"] == FORM["credit_code"]
    submits = {"id": mine["id"], "version": answer["version"], "information": INFORMATION}
    dry = await gate.portal.get(who, SUBMIT, i={**submits, "validateOnly": True})
    assert dry["partnerEntrySubmit"]["preview"] == {"status": "JOINED", "queue": None}
    assert await gate.entering.every(PartnerOrganisation, name=FORM["company_name"]) == []
    done = (await gate.portal.get(who, SUBMIT, i=submits))["partnerEntrySubmit"]["entry"]
    assert (done["status"], done["concerns"]) == ("JOINED", [])
    after = (await gate.portal.get(who, MINE))["myPartnerEntry"]
    assert (after["partner"]["name"], after["needs"]["nextStep"]) == (FORM["company_name"], None)
    assert [one["name"] for one in after["attachments"]["nodes"]] == ["营业执照.pdf"]


async def test_each_refusal_of_a_link_has_its_code(gate):
    """PL-16: forged, too soon, wrong, not verified; nothing is done by half."""
    _, link = await gate.invited()
    contact = {"mobile": MOBILE, "email": EMAIL}
    for text in ("nonsense", link[:-4] + "AAAA"):
        assert (await gate.portal.refusal(None, OPEN, l=text))["code"] == "ENTRY_LINK_FORGED"
        assert (await gate.portal.refusal(None, CODE, i={"link": text, **contact}))["code"] == "ENTRY_LINK_FORGED"
    await gate.portal.get(None, OPEN, l=link)
    bad = await gate.portal.refusal(None, CODE, i={"link": link, "mobile": "１３８", "email": "x"})
    assert {one["code"] for one in bad["violations"]} == {"FULL_WIDTH_DIGITS", "EMAIL_INVALID"}
    await gate.portal.get(None, CODE, i={"link": link, **contact})
    soon = await gate.portal.refusal(None, CODE, i={"link": link, **contact})
    assert soon["code"] == "VERIFICATION_CODE_TOO_SOON"
    right = await gate.code()
    other = f"{(int(right) + 7) % 10**6:06}"
    wrong = await gate.portal.ask(None, VERIFY, i={"link": link, "code": other})
    assert wrong["errors"][0]["extensions"]["code"] == "VERIFICATION_CODE_WRONG"
    gate.store.clock.forward(days=16)
    assert (await gate.portal.refusal(None, OPEN, l=link))["code"] == "ENTRY_LINK_EXPIRED"


async def test_an_applicant_reads_nothing_but_its_own(gate):
    """PL-16: not Huawei's people, no partner, no customer, nobody else's entry."""
    who, _ = await gate.agreed()
    found = await gate.portal.get(
        who,
        """{ partners(first: 5) { nodes { id } } customers(first: 5) { nodes { id } }
             partnerEntries(first: 5) { nodes { id } } notices(first: 5) { nodes { id } }
             agreementVersions(first: 5) { nodes { kind } } }""",
    )
    assert [len(found[name]["nodes"]) for name in ("partners", "customers", "partnerEntries", "notices")] == [
        0,
        0,
        1,
        0,
    ]
    invites = await gate.portal.refusal(who, INVITE, i={"invitation": INVITATION})
    assert invites["code"] == "PERMISSION_DENIED"
    assert (await gate.portal.get(gate.cast.wang_main, MINE))["myPartnerEntry"] is None


async def test_operations_reject_and_approve(gate):
    """PL-17"""
    who, known = await gate.agreed()
    submits = {**known, "information": INFORMATION}
    entry = (await gate.portal.get(who, SUBMIT, i=submits))["partnerEntrySubmit"]["entry"]
    assert (entry["status"], entry["concerns"]) == ("REVIEWING", ["NO_LICENCE"])
    lin, pdm = gate.cast.lin_operations, gate.cast.zhou_pdm
    (listed,) = (await gate.portal.get(lin, LIST, f={"status": ["REVIEWING"]}))["partnerEntries"]["nodes"]
    decides = {"id": listed["id"], "version": listed["version"]}
    assert (await gate.portal.refusal(pdm, APPROVE, i=decides))["code"] == "PERMISSION_DENIED"
    assert (await gate.portal.refusal(gate.cast.wang_main, APPROVE, i=decides))["code"] == "NOT_FOUND"
    told = (await gate.portal.get(lin, REJECT, i={**decides, "reason": "请上传营业执照"}))["partnerEntryReject"]
    assert told["entry"] == {"status": "REJECTED", "verdictReason": "请上传营业执照"}
    mine = (await gate.portal.get(who, MINE))["myPartnerEntry"]
    assert (mine["verdictReason"], mine["needs"]["nextStep"]) == ("请上传营业执照", "submit")
    again = (await gate.portal.get(who, SUBMIT, i={"id": mine["id"], "version": mine["version"]}))["partnerEntrySubmit"]
    assert again["entry"]["concerns"] == ["NO_LICENCE", "REJECTED_BEFORE"]
    decides["version"] = again["entry"]["version"]
    assert (await gate.portal.get(lin, APPROVE, i=decides))["partnerEntryApprove"]["entry"] == {"status": "JOINED"}


async def test_the_mail_is_previewed_and_nothing_is_sent(gate):
    """PL-16"""
    shown = (await gate.portal.get(gate.cast.zhou_pdm, PREVIEW, i={**INVITATION, "language": "EN"}))[
        "partnerEntryPreview"
    ]
    assert shown["to"] == INVITED["email"]
    assert "24 hours" in " ".join(shown["paragraphs"])
    assert await gate.mailed() == []
    dry = await gate.portal.get(gate.cast.zhou_pdm, INVITE, i={"invitation": INVITATION, "validateOnly": True})
    assert dry["partnerEntryInvite"]["preview"]["status"] == "INVITED"
    assert await gate.mailed() == []


async def test_the_page_takes_a_visitor_to_an_account(gate):
    """PL-16: without a script, in both languages; what is wrong stands above the form with what was typed."""
    _, link = await gate.invited()
    path, client = link.removeprefix(gate.settings.address), gate.portal.client
    page = await client.get(path)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert INVITED["company_name"] in page.text
    assert "Become a partner" in (await client.get(path + "?lang=en")).text
    bad = await client.post(path, data={"step": "verify", "mobile": "139", "email": "<b>@x"})
    assert (bad.status_code, 'value="139"' in bad.text, "<b>" in bad.text) == (422, True, False)
    sent = await client.post(path, data={"step": "verify", "mobile": MOBILE, "email": EMAIL})
    assert 'name="code"' in sent.text
    code = await gate.code()
    assert code not in sent.text
    verified = await client.post(path, data={"step": "code", "code": code, "mobile": MOBILE, "email": EMAIL})
    (proof,) = re.findall(r'name="proof" value="([^"]+)"', verified.text)
    given = {"step": "register", "proof": html.unescape(proof), "login": "qian.yu", "name": "钱瑜"}
    weak = await client.post(path, data={**given, "password": "qian.yu qian.yu"})
    assert weak.status_code == 422
    assert "密码过于简单" in weak.text
    assert "qian.yu qian.yu" not in weak.text
    done = await client.post(path, data={**given, "password": PASSWORD})
    assert (done.status_code, "已注册" in done.text) == (200, True)
    over = await client.get(path)
    assert (over.status_code, "已被使用" in over.text) == (410, True)
    (entry,) = await gate.entering.every(PartnerEntry)
    assert entry.status is EntryStatus.REGISTERED


async def test_the_page_of_a_bad_link_says_why(gate):
    """PL-16"""
    _, link = await gate.invited()
    path = link.removeprefix(gate.settings.address)
    for address in (path[:-3] + "AAA", "/entry/none"):
        for answer in (await gate.portal.client.get(address), await gate.portal.client.post(address, data={})):
            assert (answer.status_code, "入驻链接无效" in answer.text) == (410, True)
    unproved = {"step": "register", "proof": "x", "login": "qian.yu", "name": "钱瑜", "password": PASSWORD}
    answer = await gate.portal.client.post(path, data=unproved)
    assert (answer.status_code, "请先完成手机号与邮箱验证" in answer.text) == (422, True)
    (entry,) = await gate.entering.every(PartnerEntry)
    assert entry_terms(gate.settings).read(link) == entry.id


async def test_huawei_invites_and_decides_in_the_back_office(desk):
    """PL-16, PL-17: the mail is shown before it is sent; the queue shows whom the company resembles."""
    entering = await open_entering(desk.store, desk.pipeline.cast)
    pdm, lin = await desk.enter(desk.pipeline.cast.zhou_pdm), await desk.enter(desk.pipeline.cast.lin_operations)
    form = {"company_name": INVITED["company_name"], "email": INVITED["email"], "kind": "SOLUTION_PROVIDER"}
    assert "pdm_id" not in await pdm.page("/partner-entries/invite")
    shown = await pdm.send("/partner-entries/invite", do="preview", language="zh", **form)
    assert "华为云邀请贵公司成为合作伙伴" in shown.text
    assert await entering.every(PartnerEntry) == []
    missing = await pdm.send("/partner-entries/invite", do="send", language="zh", **{**form, "email": "x"})
    assert (missing.status_code, "邮箱地址无效" in missing.text) == (422, True)
    sent = await pdm.send("/partner-entries/invite", do="send", language="zh", **form)
    assert sent.status_code == 303
    (entry,) = await entering.every(PartnerEntry)
    page = await pdm.page(f"/partner-entries/{entry.public_id}")
    assert "重新发送邀请" in page
    await pdm.send(f"/partner-entries/{entry.public_id}/do/resend", version=str(entry.version))
    assert (await entering.again(entry)).times_sent == 2
    assert INVITED["company_name"] in await lin.page("/partner-entries")
    applicant, actor = await entering.agreed(entry)
    await entering.submit(applicant, actor, company_name="华启软件科技有限公司")
    queue = await lin.page("/queue?kind=partner.entry")
    (number,) = set(re.findall(r"apv_[0-9a-f]+", queue))
    detail = await lin.page(f"/queue/{number}")
    for text in ("相近的伙伴", "华启软件有限公司", "公司名称与已有伙伴相近", "未上传营业执照"):
        assert text in detail
    found = await entering.again(entry)
    await lin.send(f"/queue/{number}/decide", verb="approve", version=str(found.version))
    assert await entering.status(entry) is EntryStatus.JOINED
    assert (await (await desk.enter(desk.pipeline.cast.sun_platform)).get("/partner-entries")).status_code in (403, 404)


desk = office.desk
