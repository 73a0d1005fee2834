"""Reports, invitations, agreements and the customer's own page over GraphQL, and the page behind a link."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.database import Database
from api.invitations import invitation_terms
from api.letters import Desk
from api.mail import Console, Post, dispatch
from api.settings import Settings
from models.association import AssociationEvent
from models.customer import Customer, CustomerFact, keep_facts
from models.customer_report import CustomerReport
from models.identity import Account, operator_actor
from models.invitation import Invitation, InvitationStatus
from models.kernel.work import Work
from models.notice import MailState, OutgoingMail
from models.partner import PartnerKind, PartnerOrganisation, create_partner
from models.rights import Preset
from tests.people import Store, open_person
from tests.pipeline import open_pipeline
from tests.portal import ADDRESS, Portal
from tests.reporting import PROSPECT, RESALE, Reporting, open_reporting

REPORT = """mutation($i: CustomerReportCreateInput!) { customerReportCreate(input: $i) {
  report { id status version companyName mobile dueAt submitter { name } customer { id } }
  preview { status queue } } }"""
LINK = """mutation($i: InvitationLinkCreateInput!) { invitationLinkCreate(input: $i) {
  invitation { id status link qrCode tag associationType } } }"""
SEND = """mutation($i: InvitationSendInput!) { invitationSend(input: $i) {
  replayed invitations { id channel link email timesSent } } }"""
OPEN = """mutation($l: String!) { invitationLinkOpen(input: {link: $l}) {
  partnerName associationType byLink agreementId agreementContentZh } }"""
ACCEPT_LINK = """mutation($l: String!, $a: ID) { invitationLinkAccept(input: {link: $l, agreement: $a}) { status } }"""
MINE = """{ myPartner { name associationType associatedOn contacts { name email } agreementState
  agreement { id number contentZh } } }"""
FORM = {
    "companyName": PROSPECT["company_name"],
    "creditCode": PROSPECT["credit_code"],
    "accountName": PROSPECT["account_name"],
    "contactName": PROSPECT["contact_name"],
    "mobile": PROSPECT["mobile"],
    "email": PROSPECT["email"],
    "industry": PROSPECT["industry"],
    "province": PROSPECT["province"],
}


class Sent(Console):
    """Keeps mails instead of sending them."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def send(self, message: Any) -> None:
        self.mails.append(message)


class Counter:
    """A portal with everybody who reports, invites and is invited."""

    def __init__(self, portal: Portal, reporting: Reporting, settings: Settings) -> None:
        self.portal = portal
        self.reporting = reporting
        self.settings = settings
        self.cast = reporting.pipeline.cast

    async def person(self, customer: Customer) -> Account:
        return await open_person(self.reporting.store, "ma.lan", "马兰", Preset.CUS, customer_id=customer.id)

    async def mailed(self) -> list[Any]:
        sent = Sent()
        post = Post(Desk(self.settings), sent, 5)
        await dispatch(self.reporting.store, post, clock=self.reporting.store.clock)
        return sent.mails

    async def refused(self, account: Account | None, query: str, **variables: Any) -> list[str]:
        return sorted(
            one["code"]
            for one in (await self.portal.refusal(account, query, **variables)).get("violations") or [{"code": "?"}]
        )


@pytest_asyncio.fixture
async def counter(database: Database) -> AsyncIterator[Counter]:
    pipeline = await open_pipeline(Store(database.writer, database.reader))
    reporting = await open_reporting(pipeline)
    settings = Settings(database_url=database.url)
    app = create_app(settings, database=database, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        yield Counter(Portal(client, pipeline, database), reporting, settings)


async def test_a_report_is_made_read_masked_and_made_void(counter):
    """COL-5.2.1, COL-5.7.6"""
    main = counter.cast.wang_main
    dry = await counter.portal.get(main, REPORT, i={**FORM, "validateOnly": True})
    assert dry["customerReportCreate"] == {"report": None, "preview": {"status": "REPORTED", "queue": None}}
    assert await counter.reporting.every(CustomerReport) == []
    made = (await counter.portal.get(main, REPORT, i={**FORM, "idempotencyKey": "r1"}))["customerReportCreate"][
        "report"
    ]
    assert (made["status"], made["companyName"], made["mobile"]) == ("REPORTED", "无锡****公司", "138****2222")
    assert made["submitter"] == {"name": "王芳"}
    again = (await counter.portal.get(main, REPORT, i={**FORM, "idempotencyKey": "r1"}))["customerReportCreate"][
        "report"
    ]
    assert again["id"] == made["id"]
    listed = """query($f: CustomerReportFilter) { customerReports(filter: $f, sort: [{by: DUE_AT, descending: false}]) {
      totalCount nodes { id } } }"""
    found = await counter.portal.get(main, listed, f={"companyName": "蓝湖", "status": ["REPORTED"]})
    assert found["customerReports"] == {"totalCount": 1, "nodes": [{"id": made["id"]}]}
    other = counter.cast.liu_main_of_yunfan
    assert (await counter.portal.get(other, listed, f={}))["customerReports"]["totalCount"] == 0
    codes = await counter.refused(other, REPORT, i={**FORM, "mobile": "１３８１１１１２２２２"})
    assert codes == ["FULL_WIDTH_DIGITS", "REPORTED_BY_ANOTHER_PARTNER"]
    void = "mutation($i: CustomerReportInput!) { customerReportVoid(input: $i) { report { status } } }"
    done = await counter.portal.get(main, void, i={"id": made["id"], "version": made["version"]})
    assert done["customerReportVoid"]["report"] == {"status": "VOIDED"}


async def test_operations_decide_over_graphql(counter):
    """COL-5.2.7"""
    await counter.reporting.known(CustomerFact.ONLINE_SALES)
    made = await counter.portal.get(counter.cast.wang_main, REPORT, i={**FORM, "statement": "预计新增消费五万元"})
    report = made["customerReportCreate"]["report"]
    assert (report["status"], report["customer"]) == ("PENDING_REVIEW", None)
    reject = """mutation($i: CustomerReportRejectInput!) { customerReportReject(input: $i) {
      report { status verdictReason } } }"""
    given = {"id": report["id"], "version": report["version"], "reason": "在线团队正在签约"}
    refused = await counter.portal.refusal(counter.cast.zhou_pdm, reject, i=given)
    assert refused["code"] == "PERMISSION_DENIED"
    done = await counter.portal.get(counter.cast.lin_operations, reject, i=given)
    assert done["customerReportReject"]["report"] == {"status": "REJECTED", "verdictReason": "在线团队正在签约"}


async def test_a_mail_is_previewed_sent_and_its_link_accepted_without_signing_in(counter):
    """COL-5.3.1, COL-5.3.2, COL-5.3.11: over GraphQL, by whoever holds the link of the mail."""
    report = await counter.reporting.report()
    main = counter.cast.wang_main
    preview = """query($r: ID!) { invitationPreview(report: $r, associationType: RESALE, language: EN) {
      to subject paragraphs } }"""
    shown = (await counter.portal.get(main, preview, r=report.public_id))["invitationPreview"]
    assert (shown["to"], shown["subject"]) == (
        "m****@lanhu.example",
        "华启软件有限公司 invites you to associate on Huawei Cloud",
    )
    given = {"reports": [report.public_id], "associationType": "RESALE", "language": "EN", "idempotencyKey": "s1"}
    sent = (await counter.portal.get(main, SEND, i=given))["invitationSend"]["invitations"]
    assert [(one["channel"], one["link"], one["email"], one["timesSent"]) for one in sent] == [
        ("ONLINE", None, "m****@lanhu.example", 1)
    ]
    again = (await counter.portal.get(main, SEND, i=given))["invitationSend"]
    assert (again["replayed"], [one["id"] for one in again["invitations"]]) == (True, [sent[0]["id"]])
    mails = await counter.mailed()
    (mail,) = [one for one in mails if "invites you" in one["Subject"]]
    assert mail["To"] == "无锡蓝湖数据有限公司 <ma.lan@lanhu.example>"
    text = mail.get_body(("plain",)).get_content()
    (link,) = set(re.findall(r"http\S+/invitations/\S+", text))
    assert "Preferences" not in text
    assert link in html.unescape(mail.get_body(("html",)).get_content())

    card = (await counter.portal.get(None, OPEN, l=link))["invitationLinkOpen"]
    assert (card["partnerName"], card["associationType"], card["byLink"]) == ("华启软件有限公司", "RESALE", True)
    before = await counter.reporting.store.everything()
    refused = await counter.portal.ask(None, ACCEPT_LINK, l=link, a=None)
    assert refused["errors"][0]["extensions"]["code"] == "AGREEMENT_NOT_TICKED"
    assert await counter.reporting.store.everything() == before
    done = await counter.portal.get(None, ACCEPT_LINK, l=link, a=card["agreementId"])
    assert done["invitationLinkAccept"] == {"status": "ACCEPTED"}
    for query in (OPEN, ACCEPT_LINK):
        answer = await counter.portal.ask(None, query, l=link)
        assert answer["errors"][0]["extensions"]["code"] == "INVITATION_USED"
    assert len(await counter.reporting.every(AssociationEvent)) == 1


async def test_nothing_else_is_open_to_whoever_has_not_signed_in(counter):
    report = await counter.reporting.report()
    for query, variables in ((MINE, {}), (SEND, {"i": {"reports": [report.public_id], "associationType": "RESALE"}})):
        answer = await counter.portal.ask(None, query, **variables)
        assert answer["errors"][0]["extensions"]["code"] in ("AUTHENTICATION_REQUIRED", "SIGN_IN_REQUIRED")


async def test_a_failed_acceptance_is_shown_to_the_partner(counter):
    """COL-5.3.9, COL-5.3.12"""
    customer = await counter.reporting.known()
    person = await counter.person(customer)
    report = await counter.reporting.report()
    invited = await counter.reporting.mail(report)
    reporting = counter.reporting
    await reporting.do(
        reporting.operations, lambda work: keep_facts(work, customer.id, facts=[CustomerFact.UNPAID_BILLS])
    )
    accept = "mutation($i: InvitationAcceptInput!) { invitationAccept(input: $i) { invitation { status } } }"
    refused = await counter.portal.ask(person, accept, i={"id": invited.public_id})
    assert refused["errors"][0]["extensions"]["code"] == "UNPAID_BILLS"
    query = "{ invitations(filter: {failed: true}) { nodes { id status failureCodes } } }"
    found = await counter.portal.get(counter.cast.wang_main, query)
    assert found["invitations"]["nodes"] == [
        {"id": invited.public_id, "status": "SENT", "failureCodes": ["UNPAID_BILLS"]}
    ]
    assert (await reporting.again(customer)).partner_id is None
    await reporting.do(reporting.operations, lambda work: keep_facts(work, customer.id, facts=[]))
    done = await counter.portal.get(person, accept, i={"id": invited.public_id})
    assert done["invitationAccept"]["invitation"] == {"status": "ACCEPTED"}
    assert (await reporting.again(invited)).failure_codes == []


async def test_a_customer_sees_its_partner_and_signs(counter):
    """COL-5.7.12, COL-5.7.13, COL-5.7.14"""
    customer = await counter.reporting.known()
    person = await counter.person(customer)
    alone = (await counter.portal.get(person, MINE))["myPartner"]
    assert (alone["name"], alone["contacts"], alone["agreementState"]) == (None, [], "UNSIGNED")
    main = counter.cast.wang_main
    link = (await counter.portal.get(main, LINK, i={"associationType": "REFERRAL"}))["invitationLinkCreate"][
        "invitation"
    ]
    assert link["qrCode"].startswith("<svg")
    assert link["tag"] == "wang.fang"
    done = await counter.portal.get(person, ACCEPT_LINK, l=link["link"])
    assert done["invitationLinkAccept"] == {"status": "ACCEPTED"}
    mine = (await counter.portal.get(person, MINE))["myPartner"]
    assert (mine["name"], mine["associationType"]) == ("华启软件有限公司", "REFERRAL")
    assert mine["contacts"] == [{"name": "王芳", "email": "wang.fang@partner.example"}]
    feed = "mutation($i: KnowledgeFeedInput!) { knowledgeFeed(input: $i) { knowledge { title } } }"
    await counter.portal.get(
        counter.cast.lin_operations, feed, i={"customer": customer.public_id, "title": "案例", "text": "三个案例"}
    )
    known = (
        "query($id: ID!) { customer(id: $id) { knowledge { nodes { title } } associationEvents { nodes { event } } } }"
    )
    hidden = (await counter.portal.get(main, known, id=customer.public_id))["customer"]
    assert hidden == {"knowledge": {"nodes": []}, "associationEvents": {"nodes": [{"event": "ASSOCIATED"}]}}
    sign = """mutation($i: AgreementSignInput!) { agreementSign(input: $i) {
      signature { signerName agreement { number } } } }"""
    signed = await counter.portal.get(person, sign, i={"id": mine["agreement"]["id"], "ticked": True})
    assert signed["agreementSign"]["signature"] == {"signerName": "马兰", "agreement": {"number": "2026-01"}}
    seen = (await counter.portal.get(main, known, id=customer.public_id))["customer"]
    assert seen["knowledge"] == {"nodes": [{"title": "案例"}]}
    listed = "{ agreementSignatures { nodes { signedAt agreement { titleZh number contentZh } } } }"
    (kept,) = (await counter.portal.get(person, listed))["agreementSignatures"]["nodes"]
    assert kept["agreement"]["titleZh"] == "客户关联华为云合作伙伴须知"
    assert (await counter.portal.get(main, MINE))["myPartner"] is None


async def test_a_partner_names_its_contacts_and_operations_keep_facts_and_versions(counter):
    """COL-5.7.14"""
    main, operations = counter.cast.wang_main, counter.cast.lin_operations
    contacts = "mutation($i: PartnerContactsSetInput!) { partnerContactsSet(input: $i) { partner { name } } }"
    given = {"contacts": [{"name": "许倩", "mobile": "13800001111"}]}
    assert (await counter.portal.get(main, contacts, i=given))["partnerContactsSet"]["partner"]["name"]
    six = {"contacts": [{"name": f"{n}"} for n in range(6)]}
    assert (await counter.portal.refusal(main, contacts, i=six))["code"] == "TOO_MANY_PARTNER_CONTACTS"
    customer = await counter.reporting.known()
    keep = "mutation($i: CustomerFactsKeepInput!) { customerFactsKeep(input: $i) { standing { facts graceDays } } }"
    facts = {"customer": customer.public_id, "facts": ["CASH_SPENDING"], "graceDays": 3}
    kept = (await counter.portal.get(operations, keep, i=facts))["customerFactsKeep"]["standing"]
    assert kept == {"facts": ["CASH_SPENDING"], "graceDays": 3}
    standing = "query($c: ID!) { customerStanding(customer: $c) { facts } }"
    assert (await counter.portal.get(operations, standing, c=customer.public_id))["customerStanding"]
    assert (await counter.portal.get(main, standing, c=customer.public_id))["customerStanding"] is None
    publish = "mutation($i: AgreementPublishInput!) { agreementPublish(input: $i) { agreement { number } } }"
    text = {"number": "2026-02", "titleZh": "须知", "titleEn": "Notice", "contentZh": "新", "contentEn": "New"}
    assert (await counter.portal.refusal(main, publish, i=text))["code"] == "PERMISSION_DENIED"
    assert (await counter.portal.get(operations, publish, i=text))["agreementPublish"]["agreement"][
        "number"
    ] == "2026-02"


async def test_activities_withdrawals_and_refusals(counter):
    """COL-5.3.5"""
    main = counter.cast.wang_main
    opened = """mutation($i: InvitationActivityCreateInput!) { invitationActivityCreate(input: $i) {
      activity { id tag } } }"""
    given = {"name": "展会", "tag": "FAIR", "beginsAt": "2026-03-01T00:00:00Z", "endsAt": "2026-04-01T00:00:00Z"}
    fair = (await counter.portal.get(main, opened, i=given))["invitationActivityCreate"]["activity"]
    of_fair = {"associationType": "REFERRAL", "tagKind": "ACTIVITY", "activity": fair["id"]}
    made = (await counter.portal.get(main, LINK, i=of_fair))["invitationLinkCreate"]["invitation"]
    assert made["tag"] == "FAIR"
    withdraw = "mutation($i: InvitationWithdrawInput!) { invitationWithdraw(input: $i) { invitation { status link } } }"
    taken = await counter.portal.get(main, withdraw, i={"id": made["id"], "version": 1})
    assert taken["invitationWithdraw"]["invitation"] == {"status": "WITHDRAWN", "link": None}
    answer = await counter.portal.ask(None, OPEN, l=made["link"])
    assert answer["errors"][0]["extensions"]["code"] == "INVITATION_WITHDRAWN"
    forged = await counter.portal.refusal(None, OPEN, l=made["link"][:-3] + "AAA")
    assert forged["code"] == "INVITATION_LINK_FORGED"
    customer = await counter.reporting.known()
    person = await counter.person(customer)
    invited = await counter.reporting.mail(await counter.reporting.report())
    refuse = "mutation($i: InvitationRefuseInput!) { invitationRefuse(input: $i) { invitation { status } } }"
    done = await counter.portal.get(person, refuse, i={"id": invited.public_id, "reason": "已有伙伴"})
    assert done["invitationRefuse"]["invitation"] == {"status": "REFUSED"}
    resend = "mutation($i: InvitationInput!) { invitationResend(input: $i) { invitation { status } } }"
    assert (await counter.portal.refusal(main, resend, i={"id": invited.public_id}))["code"] == (
        "TRANSITION_NOT_ALLOWED"
    )


# The page behind a link


async def test_the_page_of_a_mails_link_takes_the_answer(counter):
    """COL-5.3.11"""
    invited = await counter.reporting.mail(await counter.reporting.report(), kind=RESALE)
    link = invitation_terms(counter.settings).link(invited.id, invited.valid_until)
    path = link.partition(counter.settings.address)[2]
    client = counter.portal.client
    page = await client.get(path)
    assert page.status_code == 200
    assert "华启软件有限公司" in page.text
    assert "蓝湖" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    english = await client.get(f"{path}?lang=en")
    assert "invites you to associate" in html.unescape(english.text)
    unticked = await client.post(path, data={"answer": "accept"})
    assert (unticked.status_code, "请先阅读并勾选" in unticked.text) == (422, True)
    (agreement,) = re.findall(r'name="agreement" value="(agv_[0-9a-f]+)"', page.text)
    done = await client.post(path, data={"answer": "accept", "agreement": agreement})
    assert (done.status_code, "关联已生效" in done.text) == (200, True)
    assert (await counter.reporting.again(invited)).status is InvitationStatus.ACCEPTED
    again = await client.get(path)
    assert (again.status_code, "已被使用" in again.text) == (410, True)
    twice = await client.post(path, data={"answer": "accept", "agreement": agreement})
    assert (twice.status_code, "已被使用" in twice.text) == (410, True)


async def test_the_page_refuses_with_a_reason_and_tells_bad_links(counter):
    """COL-5.3.12"""
    client = counter.portal.client
    invited = await counter.reporting.mail(await counter.reporting.report())
    token = invitation_terms(counter.settings).token(invited.id, invited.valid_until)
    forged = await client.get(f"/invitations/{token[:-3]}AAA")
    assert (forged.status_code, "邀请链接无效" in forged.text) == (410, True)
    refused = await client.post(f"/invitations/{token}", data={"answer": "refuse", "reason": "已有<b>伙伴</b>"})
    assert (refused.status_code, "您已拒绝邀请" in refused.text) == (200, True)
    found = await counter.reporting.only(Invitation)
    assert (found.status, found.refusal_reason) == (InvitationStatus.REFUSED, "已有<b>伙伴</b>")


async def test_the_page_of_a_link_to_pass_on_asks_to_sign_in(counter):
    invited = await counter.reporting.link()
    token = invitation_terms(counter.settings).token(invited.id, invited.valid_until)
    page = await counter.portal.client.get(f"/invitations/{token}")
    assert "<form" not in page.text
    assert "登录" in page.text
    posted = await counter.portal.client.post(f"/invitations/{token}", data={"answer": "accept"})
    assert (posted.status_code, "请使用客户账号登录" in posted.text) == (422, True)


async def test_a_failure_on_the_page_is_told_to_the_partner(counter):
    """COL-5.3.12"""
    customer = await counter.reporting.known()
    invited = await counter.reporting.mail(await counter.reporting.report())
    reporting = counter.reporting
    await reporting.do(
        reporting.operations, lambda work: keep_facts(work, customer.id, facts=[CustomerFact.UNPAID_BILLS])
    )
    token = invitation_terms(counter.settings).token(invited.id, invited.valid_until)
    page = await counter.portal.client.post(f"/invitations/{token}", data={"answer": "accept"})
    assert (page.status_code, "有未结清的账单" in page.text) == (422, True)
    assert (await reporting.again(invited)).failure_codes == ["UNPAID_BILLS"]


async def test_whatever_a_company_is_called_its_mail_goes_out(counter):
    names = ["太湖\r\nBcc: all@example.com（公司）", "“引号”<标签>有限公司", 'A "quoted" & Sons, Ltd.']
    for place, name in enumerate(names):
        facts = {
            "company_name": name,
            "credit_code": None,
            "account_name": None,
            "email": f"o'neil+{place}@x-y.example",
        }
        await counter.reporting.mail(await counter.reporting.report(**facts))
    mails = await counter.mailed()
    assert sorted(mail["To"].addresses[0].addr_spec for mail in mails) == [
        f"o'neil+{place}@x-y.example" for place in range(3)
    ]
    assert all(mail["Bcc"] is None for mail in mails)


async def test_a_mail_about_an_invitation_that_does_not_wait_any_more_is_not_sent(counter):
    from models import invitation as domain

    reporting = counter.reporting
    invited = await reporting.mail(await reporting.report())
    await reporting.do(reporting.main, lambda work: domain.withdraw(work, invited.id))
    assert await counter.mailed() == []
    (mail,) = await reporting.every(OutgoingMail, letter="invitation")
    assert mail.state is MailState.DROPPED


async def test_steps_that_lead_on_are_told(counter):
    reporting = counter.reporting
    report = await reporting.report()
    invited = await reporting.mail(report)
    query = "query($id: ID!) { node(id: $id) { ... on %s { availableTransitions { verb possible } } } }"
    main = counter.cast.wang_main
    found = await counter.portal.get(main, query % "CustomerReport", id=report.public_id)
    assert found["node"]["availableTransitions"] == [{"verb": "void", "possible": True}]
    found = await counter.portal.get(main, query % "Invitation", id=invited.public_id)
    assert found["node"]["availableTransitions"] == [{"verb": "withdraw", "possible": True}]
    found = await counter.portal.get(counter.cast.zhou_pdm, query % "Invitation", id=invited.public_id)
    assert found["node"]["availableTransitions"] == []


async def test_the_ecosystem_manager_moves_customers(counter):
    """COL-5.1.4"""
    reporting = counter.reporting
    customer = await reporting.known(partner_id=counter.cast.huaqi.id)
    move = "mutation($i: CustomerMigrateInput!) { customerMigrate(input: $i) { customers { id partner { name } } } }"
    given = {"customers": [customer.public_id], "to": counter.cast.huaqi.public_id, "reason": "渠道调整"}
    refused = await counter.portal.refusal(counter.cast.zhou_pdm, move, i=given)
    assert refused["code"] == "NOT_A_RESELLER"

    async def becomes_a_reseller(work: Work) -> None:
        made = await create_partner(work, name="苏南云经销有限公司", kind=PartnerKind.RESELLER, province="CN-32")
        made.pdm_id = counter.cast.zhou_pdm.id

    await reporting.do(operator_actor(), becomes_a_reseller)
    target = await reporting.only(PartnerOrganisation, kind=PartnerKind.RESELLER)
    moved = await counter.portal.get(counter.cast.zhou_pdm, move, i={**given, "to": target.public_id})
    assert moved["customerMigrate"]["customers"] == [
        {"id": customer.public_id, "partner": {"name": "苏南云经销有限公司"}}
    ]
