"""The back-office: who gets in, what its pages withhold, and what its forms do once and only once."""

from __future__ import annotations

import asyncio
import re
from string import Formatter
from typing import Any

import pytest
import sqladmin
from sqlmodel import col, select
from starlette.routing import Mount, Route

from admin.approval import QueuePages
from admin.gate import HEADERS, local_path
from admin.office import PAGES
from admin.pages.fields import to_many
from admin.pages.records import RecordPages
from admin.viewer import COOKIE
from admin.words import SQLADMIN_ZH, WORDS
from models.approval import Approval, ApprovalState, claim, kinds
from models.identity import Account, BackOfficeSession
from models.kernel.journal import JournalLine
from models.kernel.policy import CalendarDay
from models.labels import labelled
from models.opportunity import Opportunity, Status
from models.opportunity.duplicates import DuplicateMatch
from models.opportunity.queues import BESIDE
from tests.desk import ADDRESS, Desk, desk
from tests.people import PASSWORD
from tests.pipeline import FORM

__all__ = ["desk"]
COMPANY = FORM["company_name"]
MASKED = "江苏****公司"
MOBILE = FORM["contact_mobile"]


async def entry_of(desk: Desk, record: Opportunity) -> Approval:
    """Find the open queue entry of a record."""
    async with desk.store.reader() as session:
        query = select(Approval).where(Approval.subject_id == record.id, col(Approval.state).in_([ApprovalState.OPEN]))
        found: Approval = (await session.execute(query)).scalars().one()
        return found


async def unchanged(desk: Desk, before: dict[str, list[Any]]) -> None:
    """See that nothing at all has changed, the journal included."""
    assert await desk.store.everything() == before


# Coming in


async def test_a_stranger_is_sent_to_the_door_and_his_forms_do_nothing(desk: Desk) -> None:
    record = await desk.pipeline.submitted()
    entry = await entry_of(desk, record)
    before = await desk.store.everything()
    browser = desk.browser()
    answer = await browser.get(f"/admin/opportunities/{record.public_id}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/admin/login?next=/opportunities/{record.public_id}"
    assert FORM["name"] not in answer.text
    refused = await browser.post(
        f"/admin/queue/{entry.public_id}/claim", data={"token": "x"}, headers={"origin": ADDRESS}
    )
    assert refused.status_code == 401
    await unchanged(desk, before)


async def test_signing_in_gives_a_cookie_for_the_back_office_and_goes_on_to_the_page_asked_for(
    desk: Desk,
) -> None:
    browser = desk.browser()
    login = desk.pipeline.accounts["bd"].login
    form = {"login": login, "password": PASSWORD, "next": "/customers"}
    answer = await browser.post("/admin/login", data=form, headers={"origin": ADDRESS})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/customers")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE)).lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/admin" in cookie
    assert (await browser.get("/admin/customers")).status_code == 200


@pytest.mark.parametrize("aim", ["https://evil.test/", "//evil.test", "/\\evil.test", "customers", ""])
def test_the_door_leads_nowhere_outside(aim: str) -> None:
    assert local_path(aim, "/admin") == "/admin/"


async def test_a_wrong_password_opens_nothing_and_stays_unsaid(desk: Desk) -> None:
    browser = desk.browser()
    form = {"login": desk.pipeline.accounts["bd"].login, "password": "not the password"}
    answer = await browser.post("/admin/login", data=form, headers={"origin": ADDRESS})
    assert answer.status_code == 422
    assert "登录名或密码不正确" in answer.text
    assert "not the password" not in answer.text
    assert COOKIE not in browser.cookies


async def test_a_form_to_sign_in_from_another_site_is_refused(desk: Desk) -> None:
    browser = desk.browser()
    form = {"login": desk.pipeline.accounts["bd"].login, "password": PASSWORD}
    for headers in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}, {}):
        assert (await browser.post("/admin/login", data=form, headers=headers)).status_code == 403
    assert COOKIE not in browser.cookies


async def test_whoever_has_an_initial_password_sees_no_other_page_until_he_changed_it(desk: Desk) -> None:
    """COL-7.1.13"""
    account = desk.pipeline.accounts["bd"]
    async with desk.store.writer() as session, session.begin():
        row = await session.get(Account, account.id)
        assert row is not None
        row.must_change_password = True
    gao = await desk.enter(account)
    answer = await gao.get("/opportunities")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/password")
    assert "首次登录须修改初始密码" in await gao.page("/password")
    differ = await gao.send("/password", present=PASSWORD, new="violet bamboo 1984", again="other bamboo 1984")
    assert differ.status_code == 422
    changed = await gao.send("/password", present=PASSWORD, new="violet bamboo 1984", again="violet bamboo 1984")
    assert changed.status_code == 303
    assert (await gao.get("/opportunities")).status_code == 200


async def test_a_partners_people_do_not_enter(desk: Desk) -> None:
    wang = await desk.enter(desk.pipeline.cast.wang_main)
    await desk.pipeline.submitted()
    for path in ("/", "/opportunities", "/queue", "/customers", "/journal"):
        answer = await wang.get(path)
        assert answer.status_code == 403
        assert FORM["name"] not in answer.text


async def test_whoever_signed_out_or_was_signed_out_is_outside_at_once(desk: Desk) -> None:
    gao = await desk.enter(desk.pipeline.accounts["bd"])
    token = await gao.token()
    kept = gao.client.cookies[COOKIE]
    assert (await gao.send("/logout")).status_code == 303
    gao.client.cookies.set(COOKIE, kept, domain="back-office.test", path="/admin")
    assert (await gao.get("/customers")).status_code == 303
    assert (await gao.send("/reveal", token=token)).status_code == 401
    tang = await desk.enter(desk.pipeline.accounts["owner"])
    async with desk.store.writer() as session, session.begin():
        rows = (await session.execute(select(BackOfficeSession))).scalars().all()
        for row in rows:
            row.ended_at = desk.store.clock()
    assert (await tang.get("/customers")).status_code == 303


async def test_a_visit_ends_when_nobody_does_anything(desk: Desk) -> None:
    gao = await desk.enter(desk.pipeline.accounts["bd"])
    desk.store.clock.forward(minutes=29)
    assert (await gao.get("/customers")).status_code == 200
    desk.store.clock.forward(minutes=31)
    assert (await gao.get("/customers")).status_code == 303


# Forms


def posts(desk: Desk) -> list[str]:
    """List the address of every form."""
    routes = [one for one in desk.site.admin.router.routes if isinstance(one, Route) and "POST" in (one.methods or ())]
    return [re.sub(r"\{\w+\}", "x", route.path) for route in routes]


async def test_every_form_needs_the_token_of_its_visit_and_this_sites_own_page(desk: Desk) -> None:
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    gao = await desk.enter(desk.pipeline.accounts["bd"])
    theirs = await gao.token()
    mine = await lin.token()
    before = await desk.store.everything()
    assert len(posts(desk)) > 10
    for path in posts(desk):
        if path in ("/login", "/reset/x"):  # these have no visit yet
            continue
        for token in ("", "wrong", theirs):
            assert (await lin.send(path, token=token)).status_code == 403, path
        for origin in ("https://evil.test", None):
            assert (await lin.send(path, token=mine, origin=origin)).status_code == 403, path
    await unchanged(desk, before)


async def test_nothing_is_done_by_opening_an_address(desk: Desk) -> None:
    record = await desk.pipeline.submitted()
    entry = await entry_of(desk, record)
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    before = await desk.store.everything()
    for path in posts(desk):
        answer = await zhou.get(path.replace("/queue/x/", f"/queue/{entry.public_id}/"))
        assert answer.status_code in (200, 303, 403, 404, 405), path
    await unchanged(desk, before)


async def test_of_sqladmins_own_routes_only_those_stay_that_read(desk: Desk) -> None:
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    assert (await lin.get("/policy-row/list")).status_code == 200
    for path in ("create", "edit/1", "export/csv", "1/value/download/", "1/value/preview/", "ajax/lookup"):
        assert (await lin.get(f"/policy-row/{path}")).status_code == 404
    names = {route.name for route in desk.site.admin.router.routes if isinstance(route, (Route, Mount))}
    assert not names & {"create", "edit", "delete", "import", "export", "file_download", "file_preview", "ajax_lookup"}


async def test_pages_load_nothing_from_elsewhere_and_are_kept_nowhere(desk: Desk) -> None:
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    for path in ("/", "/queue", "/customers", "/policy-row/list", "/nothing-here"):
        answer = await lin.get(path)
        assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r'(src|href)="https?://(?!back-office\.test)', answer.text), path
        assert "<script>" not in answer.text
        assert ' style="' not in answer.text


async def test_an_exceptions_text_is_never_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    lin = await desk.enter(desk.pipeline.cast.lin_operations)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret table name")

    monkeypatch.setattr("admin.pages.records.asked", broken)
    answer = await lin.get("/customers")
    assert answer.status_code == 500
    assert "secret table name" not in answer.text
    assert "系统出错" in answer.text


async def test_pages_speak_chinese_until_somebody_chooses_english_and_remember_it(desk: Desk) -> None:
    gao = await desk.enter(desk.pipeline.accounts["bd"])
    first = await gao.page("/customers")
    assert '<html lang="zh-CN">' in first
    assert "统一社会信用代码" in first
    assert (await gao.send("/language", lang="en", back="/admin/customers")).headers["location"] == "/admin/customers"
    again = await gao.page("/customers")
    assert '<html lang="en">' in again
    assert "Unified social credit code" in again
    assert "没有" not in again
    assert (await desk.store.account(gao.account)).lang == "en"
    await desk.pipeline.validating()
    for path in ("/queue", "/queue?view=closed", "/journal", "/policies", "/calendar", "/ho-desk/new"):
        frame = re.sub(r"<td.*?</td>|<a .*?</a>|<button.*?</button>", "", await gao.page(path), flags=re.DOTALL)
        assert not re.search("提交人|审批|参数|备注|日期|时间|操作人", frame), path
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    assert "第 1 至" in await lin.page("/policy-row/list")


# What pages show and withhold


async def test_a_list_masks_what_the_viewer_may_only_reveal(desk: Desk) -> None:
    """COL-2.8.3"""
    record = await desk.pipeline.submitted()
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    for path in ("/opportunities", f"/opportunities/{record.public_id}", "/customers", "/journal"):
        page = await zhou.page(path)
        assert COMPANY not in page
        assert MOBILE not in page
    listed = await zhou.page("/opportunities")
    assert MASKED in listed
    assert 'data-eye="opp:company_name"' in listed


async def test_what_is_refused_is_neither_shown_nor_searched_nor_sorted_by(desk: Desk) -> None:
    await desk.pipeline.submitted()
    qin = await desk.enter(desk.pipeline.accounts["finance"])
    listed = await qin.page("/opportunities")
    assert FORM["name"] in listed
    assert COMPANY not in listed
    assert MASKED not in listed
    assert "您无权查看此字段" in listed
    assert 'name="f.company_name"' not in listed
    for query in ("f.company_name=江苏", "f.company_name=nobody", "sort=company_name", "sort=-company_name"):
        assert FORM["name"] in await qin.page(f"/opportunities?{query}")


async def test_whoever_may_reveal_a_field_may_find_by_it(desk: Desk) -> None:
    await desk.pipeline.submitted()
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    assert FORM["name"] in await zhou.page("/opportunities?f.company_name=恒远")
    found_none = await zhou.page("/opportunities?f.company_name=云帆")
    assert FORM["name"] not in found_none
    assert "没有符合条件的记录" in found_none
    assert "取值无效" in await zhou.page("/opportunities?f.status=NONSENSE")


async def test_anothers_record_and_a_missing_one_cannot_be_told_apart(desk: Desk) -> None:
    """COL-2.8.1"""
    record = await desk.pipeline.submitted(desk.pipeline.other_main, company_name="广州云端贸易有限公司")
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    before = await desk.store.everything()
    missing = record.public_id[:-4] + "ffff"
    answers = [await zhou.get(f"/opportunities/{one}") for one in (record.public_id, missing, "nonsense")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert FORM["name"] not in await zhou.page("/opportunities")
    assert (await zhou.send(f"/opportunities/{record.public_id}/do/note", version="1")).status_code == 404
    entry = await entry_of(desk, record)
    assert (await zhou.get(f"/queue/{entry.public_id}")).status_code == 404
    assert (await zhou.send(f"/queue/{entry.public_id}/claim")).status_code == 404
    assert (
        await zhou.send("/reveal", kind="opp", field="company_name", ids=record.public_id, reason="x")
    ).status_code == 404
    await unchanged(desk, before)


@pytest.mark.parametrize("path", ["/accounts", "/roles", "/policies/approval.claim_minutes/edit", "/ho-desk/new"])
async def test_pages_without_the_right_stay_closed(desk: Desk, path: str) -> None:
    shen = await desk.enter(desk.pipeline.accounts["auditor"])
    answer = await shen.get(path)
    assert answer.status_code == 403
    assert "tang.li" not in answer.text


# The eye


async def test_the_eye_shows_a_column_for_a_reason_and_writes_one_line(desk: Desk) -> None:
    """COL-2.8.3"""
    first, second = await desk.pipeline.submitted(), await desk.pipeline.submitted(name="第二个机会点")
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    before = await desk.store.everything()
    form: dict[str, Any] = {"kind": "opp", "field": "company_name", "ids": [first.public_id, second.public_id]}
    unasked = await zhou.send("/reveal", **form)
    assert unasked.status_code == 422
    assert COMPANY not in unasked.text
    await unchanged(desk, before)
    shown = await zhou.send("/reveal", **form, reason="核对客户信息")
    assert shown.json() == {"values": {first.public_id: COMPANY, second.public_id: COMPANY}}
    line = (await desk.store.journal())[-1]
    assert (line.operation, line.reason, line.internal) == ("field.reveal", "核对客户信息", True)
    assert line.changes["field"] == "company_name"
    assert line.changes["rows"] == [first.public_id, second.public_id]
    assert len((await desk.store.everything())["JournalLine"]) == len(before["JournalLine"]) + 1


async def test_what_is_masked_without_an_eye_is_not_revealed(desk: Desk) -> None:
    yu = await desk.enter(desk.pipeline.accounts["koogallery"])
    customer = desk.pipeline.customer.public_id
    listed = await yu.page("/customers")
    assert MASKED in listed
    assert "data-eye=" not in listed
    before = await desk.store.everything()
    answer = await yu.send("/reveal", kind="cus", field="company_name", ids=customer, reason="看看")
    assert answer.status_code == 422
    assert COMPANY not in answer.text
    for kind, field in (("cus", "version"), ("acc", "password_hash"), ("nonsense", "x")):
        answer = await yu.send("/reveal", kind=kind, field=field, ids=customer, reason="看看")
        assert answer.status_code == 404
    await unchanged(desk, before)


# The queue


async def test_who_claims_reads_plainly_and_keeps_the_others_away_until_he_releases(desk: Desk) -> None:
    record = await desk.pipeline.validating()
    entry = await entry_of(desk, record)
    he, gao = await desk.enter(desk.pipeline.accounts["psm"]), await desk.enter(desk.pipeline.accounts["bd"])
    assert MOBILE not in await he.page(f"/queue/{entry.public_id}")
    assert (await he.send(f"/queue/{entry.public_id}/claim")).status_code == 303
    page = await he.page(f"/queue/{entry.public_id}")
    assert MOBILE in page
    assert "由您认领，剩余 30 分钟" in page
    assert "由 何平 认领" in await gao.page("/queue")
    before = await desk.store.everything()
    late = await gao.send(f"/queue/{entry.public_id}/claim")
    assert late.status_code == 409
    assert "其他人已先行处理" in late.text
    decided = await gao.send(f"/queue/{entry.public_id}/decide", verb="validate", version=str(record.version))
    assert decided.status_code == 409
    await unchanged(desk, before)
    assert (await he.send(f"/queue/{entry.public_id}/release")).status_code == 303
    assert MOBILE not in await he.page(f"/queue/{entry.public_id}")


async def test_a_claim_lapses_after_half_an_hour(desk: Desk) -> None:
    record = await desk.pipeline.validating()
    entry = await entry_of(desk, record)
    await desk.store.do(desk.pipeline.psm, lambda work: claim(work, entry.id))
    desk.store.clock.forward(minutes=31)
    gao = await desk.enter(desk.pipeline.accounts["bd"])
    assert "未认领" in await gao.page("/queue")
    assert (await gao.send(f"/queue/{entry.public_id}/claim")).status_code == 303


async def test_deciding_goes_on_to_the_next_entry_and_counts_once(desk: Desk) -> None:
    """COL-2.5#4"""
    first, second = await desk.pipeline.submitted(), await desk.pipeline.submitted(name="第二个机会点")
    entry, following = await entry_of(desk, first), await entry_of(desk, second)
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    form = {"verb": "approve_audit", "version": str(first.version)}
    answer = await zhou.send(f"/queue/{entry.public_id}/decide", **form)
    assert answer.status_code == 303
    onward = await zhou.client.get(answer.headers["location"])
    assert onward.headers["location"] == f"/admin/queue/{following.public_id}"
    assert (await desk.pipeline.again(first)).status is Status.VALIDATING
    before = await desk.store.everything()
    twice = await zhou.send(f"/queue/{entry.public_id}/decide", **form)
    assert twice.status_code == 409
    assert "其他人已先行处理" in twice.text
    await unchanged(desk, before)


async def test_of_two_who_decide_at_the_same_moment_one_is_told_so(desk: Desk) -> None:
    """COL-2.5#6"""
    record = await desk.pipeline.validating()
    entry = await entry_of(desk, record)
    he, gao = await desk.enter(desk.pipeline.accounts["psm"]), await desk.enter(desk.pipeline.accounts["bd"])
    path, version = f"/queue/{entry.public_id}/decide", str(record.version)
    tokens = await he.token(), await gao.token()
    answers = await asyncio.gather(
        he.send(path, token=tokens[0], verb="validate", version=version),
        gao.send(path, token=tokens[1], verb="reject_validation", version=version, reason_code="NOT_EXIST"),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert "其他人已先行处理" in loser.text
    decided = [
        line for line in await desk.store.journal() if line.operation.endswith(("validate", "reject_validation"))
    ]
    assert len(decided) == 1


async def test_a_decision_on_an_older_version_is_refused_and_keeps_what_was_written(desk: Desk) -> None:
    record = await desk.pipeline.submitted()
    entry = await entry_of(desk, record)
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    before = await desk.store.everything()
    answer = await zhou.send(
        f"/queue/{entry.public_id}/decide",
        verb="reject_audit",
        version=str(record.version - 1),
        reason_code="NO_CONTACT",
        reason="请补充联系人的职务",
    )
    assert answer.status_code == 409
    assert "请补充联系人的职务" in answer.text
    assert f'name="version" value="{record.version}"' in answer.text
    await unchanged(desk, before)


async def test_a_send_back_names_its_fields(desk: Desk) -> None:
    """COL-2.5#17"""
    record = await desk.pipeline.submitted()
    entry = await entry_of(desk, record)
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    assert 'name="fields" value="contact_mobile"' in await zhou.page(f"/queue/{entry.public_id}")
    before = await desk.store.everything()
    form = {"verb": "send_back", "version": str(record.version)}
    unnamed = await zhou.send(f"/queue/{entry.public_id}/decide", **form, reason="联系方式不完整")
    assert unnamed.status_code == 422
    assert "请指定需要补充的字段" in unnamed.text
    assert "联系方式不完整" in unnamed.text
    unreasoned = await zhou.send(f"/queue/{entry.public_id}/decide", **form, fields=["contact_mobile"])
    assert unreasoned.status_code == 422
    assert "请填写原因" in unreasoned.text
    await unchanged(desk, before)
    done = await zhou.send(
        f"/queue/{entry.public_id}/decide", **form, reason="联系方式不完整", fields=["contact_mobile", "contact_email"]
    )
    assert done.status_code == 303
    returned = await desk.pipeline.again(record)
    assert returned.status is Status.RETURNED
    assert returned.returned_fields == ["contact_mobile", "contact_email"]


async def test_duplicates_stand_beside_and_a_rejection_names_one(desk: Desk) -> None:
    """COL-2.7.8"""
    other = await desk.pipeline.validating(desk.pipeline.other_main, name="另一家伙伴的机会点")
    record = await desk.pipeline.validating()
    entry = await entry_of(desk, record)
    gao = await desk.enter(desk.pipeline.accounts["bd"])
    page = await gao.page(f"/queue/{entry.public_id}")
    assert "疑似重复" in page
    assert "另一家伙伴的机会点" in page
    form = {"verb": "reject_validation", "version": str(record.version), "reason_code": "DUPLICATE_PO"}
    before = await desk.store.everything()
    unnamed = await gao.send(f"/queue/{entry.public_id}/decide", **form)
    assert unnamed.status_code == 422
    await unchanged(desk, before)
    done = await gao.send(f"/queue/{entry.public_id}/decide", **form, duplicate_of_id=other.public_id)
    assert done.status_code == 303
    assert (await desk.pipeline.again(record)).duplicate_of_id == other.id


async def test_the_queue_knows_no_kind_by_name(desk: Desk) -> None:
    import inspect

    from admin import approval as module

    source = inspect.getsource(module)
    assert QueuePages in PAGES
    for kind in kinds().values():
        assert kind.name not in source
        assert kind.model.__name__ not in source
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    page = await lin.page("/queue")
    assert all(
        kind.zh in page for kind in kinds().values() if kind.rows(Approval, desk.pipeline.operations) is not None
    )


# Steps of a record


async def test_a_step_puts_what_is_wrong_beside_its_field_and_keeps_what_was_typed(desk: Desk) -> None:
    """COL-2.5#12"""
    record = await desk.pipeline.validated()
    gao = await desk.enter(desk.pipeline.accounts["bd"])
    path = f"/opportunities/{record.public_id}"
    assert "签单" in await gao.page(path)
    before = await desk.store.everything()
    form = {
        "version": str(record.version),
        "signed_amount": "十万",
        "signed_on": "2026-03-01",
        "consuming_account": "a",
    }
    wrong = await gao.send(f"{path}/do/win", **form)
    assert wrong.status_code == 422
    assert "取值无效：十万" in wrong.text
    assert "此项为必填项" in wrong.text
    assert 'value="十万"' in wrong.text
    await unchanged(desk, before)
    form |= {"signed_amount": "1,000,000.00", "contract_number": "HT-1"}
    assert (await gao.send(f"{path}/do/win", **form)).status_code == 303
    won = await desk.pipeline.again(record)
    assert (won.status, won.signed_amount) == (Status.WON, 100_000_000)
    before = await desk.store.everything()
    assert (await gao.send(f"{path}/do/win", **form)).status_code in (409, 422)
    await unchanged(desk, before)


async def test_a_step_that_the_viewer_may_not_take_is_not_offered_and_not_taken(desk: Desk) -> None:
    record = await desk.pipeline.validated()
    shen = await desk.enter(desk.pipeline.accounts["auditor"])
    assert "/do/" not in await shen.page(f"/opportunities/{record.public_id}")
    before = await desk.store.everything()
    answer = await shen.send(
        f"/opportunities/{record.public_id}/do/cancel", version=str(record.version), reason_code="FALSE_INFORMATION"
    )
    assert answer.status_code in (409, 403)
    await unchanged(desk, before)


async def test_a_partners_data_is_edited_once_in_the_version_that_was_read(desk: Desk) -> None:
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    partner = await desk.pipeline.again(desk.pipeline.cast.huaqi)
    form = {
        "version": str(partner.version),
        "name": "华启软件集团有限公司",
        "kind": "SOLUTION_PROVIDER",
        "level": "LEADING",
        "province": "CN-32",
        "office_id": "office-js",
        "pdm_id": f"acc_{desk.pipeline.cast.zhou_pdm.id.hex}",
        "enterprise_verified": "1",
    }
    path = f"/partners/{partner.public_id}/edit"
    assert "华启软件有限公司" in await lin.page(path)
    assert (await lin.send(path, **form)).status_code == 303
    assert (await desk.pipeline.again(partner)).name == "华启软件集团有限公司"
    before = await desk.store.everything()
    again = await lin.send(path, **{**form, "name": "别的名字有限公司"})
    assert again.status_code == 409
    assert "别的名字有限公司" in again.text
    await unchanged(desk, before)
    shen = await desk.enter(desk.pipeline.accounts["auditor"])
    before = await desk.store.everything()
    assert (await shen.get(path)).status_code == 404
    assert (await shen.send(path, **form)).status_code == 404
    await unchanged(desk, before)


async def test_the_desk_creates_shares_and_recalls(desk: Desk) -> None:
    """COL-3.2#1 COL-3.2#2"""
    await desk.pipeline.validated()
    gao = await desk.enter(desk.pipeline.accounts["bd"])
    form: dict[str, Any] = {
        "name": "港务集团数据平台",
        "company_name": "江苏长江港务集团有限公司",
        "industry": "MANUFACTURING",
        "province": "CN-32",
        "need": "建设统一数据平台",
        "services": ["ECS"],
    }
    unfilled = await gao.send("/ho-desk/new", **form)
    assert unfilled.status_code == 422
    assert "建设统一数据平台" in unfilled.text
    made = await gao.send("/ho-desk/new", **form, crm_created_at="2026-03-01T10:00")
    assert made.status_code == 303
    path = made.headers["location"].removeprefix("/admin")
    assert "港务集团数据平台" in await gao.page("/ho-desk")
    assert "2026-03-01 10:00" in await gao.page(path)
    version = _version(await gao.page(path))
    shared = await gao.send(f"{path}/do/share", version=version, partner_id=desk.pipeline.cast.huaqi.public_id)
    assert shared.status_code == 303, shared.text
    page = await gao.page(path)
    assert "待接受" in page
    assert "自动拒绝并回收" in page
    recalled = await gao.send(f"{path}/do/recall", version=_version(page), reason="客户信息有误")
    assert recalled.status_code == 303
    assert "客户信息有误" in await gao.page(path)


def _version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


# Settings


async def test_policy_numbers_and_days_are_changed_by_those_who_may(desk: Desk) -> None:
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    path = "/policies/approval.claim_minutes/edit"
    assert (await lin.send(path, value="many")).status_code == 422
    assert (await lin.send(path, value="45", note="试行")).status_code == 303
    assert "45" in await lin.page("/policies")
    assert (await lin.send("/calendar", day="2026-03-04", is_working="false", note="停电")).status_code == 303
    assert "停电" in await lin.page("/calendar")
    he = await desk.enter(desk.pipeline.accounts["psm"])
    before = await desk.store.everything()
    assert (await he.send(path, value="1")).status_code == 403
    assert (await he.send("/calendar", day="2026-03-05", is_working="false")).status_code == 403
    assert (await he.send("/calendar/2026-03-04/clear")).status_code == 403
    await unchanged(desk, before)
    assert (await lin.send("/calendar/2026-03-04/clear")).status_code == 303
    async with desk.store.reader() as session:
        assert (await session.execute(select(CalendarDay))).first() is None
    assert [line.operation for line in await desk.store.journal()][-3:] == [
        "policy.set",
        "calendar.set_day",
        "calendar.clear_day",
    ]


async def test_the_platform_administrator_sets_roles_and_closes_accounts(desk: Desk) -> None:
    sun = await desk.enter(desk.pipeline.cast.sun_platform)
    account = await desk.store.account(desk.pipeline.accounts["psm"])
    path = f"/accounts/{account.public_id}"
    assert "he.ping" in await sun.page("/accounts?f.name=何平")
    done = await sun.send(f"{path}/do/deactivate", version=str(account.version))
    assert done.status_code == 303
    assert (await desk.store.account(account)).active is False
    himself = await desk.store.account(desk.pipeline.cast.sun_platform)
    before = await desk.store.everything()
    own = await sun.send(f"/accounts/{himself.public_id}/do/deactivate", version=str(himself.version))
    assert own.status_code == 409
    await unchanged(desk, before)


async def test_the_journal_page_shows_what_its_reader_may_see(desk: Desk) -> None:
    record = await desk.pipeline.submitted(desk.pipeline.other_main)
    shen, zhou = await desk.enter(desk.pipeline.accounts["auditor"]), await desk.enter(desk.pipeline.cast.zhou_pdm)
    found = await shen.page(f"/journal?f.subject={record.public_id}")
    assert "提交审核" in found
    assert COMPANY not in found
    assert "提交审核" not in await zhou.page(f"/journal?f.subject={record.public_id}")
    assert "没有符合条件的记录" in await shen.page("/journal?f.operation=nothing.like.this")
    async with desk.store.reader() as session:
        assert (await session.execute(select(JournalLine.id))).first() is not None


# Words


def test_every_sentence_has_the_same_facts_in_both_languages() -> None:
    for key, (zh, en) in WORDS.items():
        assert zh, key
        assert en, key
        assert _facts(zh) == _facts(en), key


def _facts(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_every_string_of_sqladmin_is_said_in_chinese() -> None:
    from babel.messages.pofile import read_po

    with open(f"{sqladmin.__path__[0]}/translations/admin.pot", "rb") as file:
        messages = [str(message.id) for message in read_po(file) if message.id]
    assert [message for message in messages if message not in SQLADMIN_ZH] == []


def test_every_field_on_a_page_has_its_label_in_both_languages() -> None:
    unnamed: set[tuple[str, str]] = set()

    def look(model: Any, *names: str) -> None:
        unnamed.update((name, model.__name__) for name in names if not labelled(name, model.__name__))

    for pages in PAGES:
        if not issubclass(pages, RecordPages):
            continue
        columns = [*pages.columns, *(column for section in pages.sections for column in section.columns)]
        look(pages.model, *(one.label or one.relation or one.field for one in columns))
        look(pages.model, *(find.label or find.name for find in pages.finds))
        inputs = [one for step in pages.steps.values() for one in step.inputs if not one.label]
        look(pages.model, *(one.name for one in inputs if not one.row_type))
        unnamed.update((one.name, one.row_type) for one in inputs if not labelled(one.name, one.row_type))
        look(pages.model, *(one.name for one in (pages.editing.inputs if pages.editing else ())))
        for related in pages.lists:
            target = to_many(pages.model, related.relation).target
            look(target, *(one.label or one.relation or one.field for one in related.columns))
    for kind in kinds().values():
        look(kind.model, *kind.detail, *kind.fields)
    look(DuplicateMatch, *BESIDE)
    assert unnamed == set()


async def test_the_queue_shows_a_reviewer_what_to_look_at_twice(desk: Desk) -> None:
    """COL-2.2.4: an amount below the floor is a hint beside the decision."""
    small = await desk.pipeline.submitted(expected_amount="999.99")
    zhou = await desk.enter(desk.pipeline.cast.zhou_pdm)
    assert "预计金额低于合理性下限" in await zhou.page(f"/queue/{(await entry_of(desk, small)).public_id}")

    enough = await desk.pipeline.submitted(name="华东制造二期", expected_amount="1000.00")
    assert "预计金额低于合理性下限" not in await zhou.page(f"/queue/{(await entry_of(desk, enough)).public_id}")
