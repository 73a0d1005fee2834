"""Reports of customers: who reports, what stands against it, who decides, and how they end."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest

from models import customer_report as domain
from models.approval import Approval, ApprovalState, SelfApprovalError, decide, follow_calendar
from models.customer import (
    CustomerFact,
    CustomerStanding,
    EmailInvalidError,
    FullWidthDigitsError,
    MobileInvalidError,
    keep_facts,
)
from models.customer.obstacles import CustomerOfAnotherPartnerError, CustomerOfYoursError
from models.customer_report import (
    MOST_REPORTS,
    CustomerReport,
    NameUnreadableError,
    PartnerUnreachableError,
    ReportedByAnotherPartnerError,
    ReportedByYouError,
    ReportStatus,
    ReviewCause,
    ReviewStatementRequiredError,
    TooManyReportsError,
)
from models.identity import Account, operator_actor
from models.kernel.access import system_actor
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    StaleVersionError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
)
from models.kernel.policy import CalendarDay, PolicyRow
from models.kernel.values import credit_code_for
from models.kernel.work import Work
from models.notice import Notice
from models.partner import CreditCodeInvalidError
from models.rights import Preset
from tests.people import open_person
from tests.reporting import PROSPECT, Reporting, pipeline, reporting

__all__ = ["pipeline", "reporting"]


def reports(**changes: Any) -> Any:
    return lambda work: domain.report(work, {**PROSPECT, **changes})


async def fired(reporting: Reporting, report: CustomerReport) -> str | None:
    done: str | None = await reporting.do(system_actor(), lambda work: domain.REPORT.fire_due(work, report.id))
    return done


async def set_number(reporting: Reporting, key: str, value: Any) -> None:
    async def deed(work: Work) -> None:
        work.add(PolicyRow(key=key, value=value, effective_from=work.now - dt.timedelta(days=1)))

    await reporting.do(operator_actor(), deed)


async def refusals(reporting: Reporting, actor: Any, **changes: Any) -> list[str]:
    error: DomainError = await reporting.store.refused(actor, DomainError, reports(**changes))
    return sorted(one.code for one in error)


async def test_a_report_of_somebody_unknown_holds_at_once_for_fifteen_days(reporting):
    """COL-5.2.1, COL-5.2.2: it runs from the moment at which it holds, every day counted."""
    report = await reporting.report()
    now = reporting.store.clock.now
    assert (report.status, report.reported_at, report.due_verb) == (ReportStatus.REPORTED, now, "expire")
    assert report.due_at == now + dt.timedelta(days=15)
    line = (await reporting.store.journal())[-1]
    assert line.operation == "customer_report.report"
    assert line.changes["company_name"]["to"] == "无锡****公司"
    assert PROSPECT["mobile"] not in str(line.changes)


@pytest.mark.parametrize("role", ["administrator", "manager", "operator"])
async def test_who_may_report(reporting, role):
    """COL-7.2: main account, system administrator, account manager and operator."""
    actor = getattr(reporting.pipeline, role, None) or getattr(reporting, role)
    report = await reporting.report(actor)
    assert report.account_manager_id == (actor.id if role == "manager" else None)


async def test_who_may_not_report(reporting):
    director = await reporting.store.actor(reporting.pipeline.cast.zhao_director)
    pipeline = reporting.pipeline
    for actor in (reporting.finance, director, pipeline.pdm, pipeline.operations, pipeline.auditor):
        await reporting.store.refused(actor, PermissionDeniedError, reports())


async def test_who_sees_a_report(reporting):
    """COL-7.1.4: an account manager sees the reports that he made."""
    his, ours = (
        await reporting.report(reporting.manager),
        await reporting.report(company_name="常州青石软件", **_blank()),
    )
    pipeline = reporting.pipeline
    expected = [
        (reporting.main, {his.id, ours.id}),
        (reporting.finance, {his.id, ours.id}),
        (reporting.manager, {his.id}),
        (reporting.other_main, set()),
        (pipeline.pdm, {his.id, ours.id}),
        (pipeline.psm, {his.id, ours.id}),
        (pipeline.bd, set()),
        (pipeline.operations, {his.id, ours.id}),
        (pipeline.platform, set()),
    ]
    for who, seen in expected:
        assert await reporting.seen(CustomerReport, who) == seen, who.name


def _blank() -> dict[str, Any]:
    return {"credit_code": None, "account_name": None}


async def test_everything_that_is_wrong_with_a_form_is_told_at_once(reporting):
    error = await reporting.store.refused(
        reporting.main,
        DomainError,
        reports(
            company_name="（）",
            credit_code=PROSPECT["credit_code"][:-1] + ("A" if PROSPECT["credit_code"][-1] != "A" else "B"),
            mobile="１３８１１１１２２２２",
            email="nobody",
            industry="NONE",
        ),
    )
    assert [(type(one), one.path) for one in error] == [
        (NameUnreadableError, ("companyName",)),
        (CreditCodeInvalidError, ("creditCode",)),
        (FullWidthDigitsError, ("mobile",)),
        (EmailInvalidError, ("email",)),
        (ValueNotAllowedError, ("industry",)),
    ]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"company_name": " "}, FieldRequiredError),
        ({"mobile": None, "email": None}, FieldRequiredError),
        ({"mobile": "12345"}, MobileInvalidError),
        ({"mobile": "+86 １3811112222"}, FullWidthDigitsError),
        ({"credit_code": "９1320211MA1XYZ1239"}, FullWidthDigitsError),
        ({"email": "a@b@c.example"}, EmailInvalidError),
        ({"email": "a..b@c.example"}, EmailInvalidError),
        ({"email": "马兰@lanhu.example"}, EmailInvalidError),
        ({"email": f"{'a' * 65}@lanhu.example"}, EmailInvalidError),
        ({"email": "ma lan@lanhu.example"}, EmailInvalidError),
    ],
)
async def test_bad_input_has_a_refusal_of_its_own(reporting, changes, refusal):
    await reporting.store.refused(reporting.main, refusal, reports(**changes))


async def test_a_partner_that_cannot_be_reached_does_not_report(reporting):
    """COL-5.2.5"""

    async def forget(work: Work) -> None:
        account = await work.session.get_one(Account, reporting.main.id)
        account.email = account.mobile = None

    await reporting.do(operator_actor(), forget)
    await reporting.store.refused(reporting.operator, PartnerUnreachableError, reports())


@pytest.mark.parametrize(
    "name",
    [
        "无锡蓝湖数据有限公司",
        "无锡蓝湖数据（有限公司）",
        "无锡 蓝湖 数据股份有限公司",
        "无锡蓝湖（数据）",
    ],
)
async def test_nobody_else_reports_what_holds_however_it_is_written(reporting, name):
    """COL-5.2.2: names that differ in brackets, width, spaces or legal form are one name; nothing tells whose."""
    await reporting.report()
    error = await reporting.store.refused(
        reporting.other_main, ReportedByAnotherPartnerError, reports(company_name=name, **_blank())
    )
    assert error.data() == {}
    assert "华启" not in error.message("zh") + error.message("en")
    error = await reporting.store.refused(reporting.main, ReportedByYouError, reports(company_name=name, **_blank()))
    assert error.code == "REPORTED_BY_YOU"


async def test_a_credit_code_or_an_account_is_reported_once_whatever_the_name(reporting):
    """COL-5.2.2"""
    await reporting.report()
    code, account = PROSPECT["credit_code"], PROSPECT["account_name"]
    for same in ({"credit_code": code, "account_name": None}, {"credit_code": None, "account_name": account}):
        await reporting.store.refused(
            reporting.other_main, ReportedByAnotherPartnerError, reports(company_name="另一家公司", **same)
        )


async def test_full_width_letters_make_the_same_name(reporting):
    await reporting.report(company_name="ＡＣＭＥ（上海）Co., Ltd.", **_blank())
    await reporting.store.refused(
        reporting.other_main, ReportedByAnotherPartnerError, reports(company_name="acme上海", **_blank())
    )


async def test_after_its_days_a_report_ends_and_others_may_report(reporting):
    """COL-5.2.2"""
    report = await reporting.report()
    reporting.store.clock.forward(days=14, hours=23)
    assert await fired(reporting, report) is None
    reporting.store.clock.forward(hours=1)
    assert await fired(reporting, report) == "expire"
    assert (await reporting.again(report)).status is ReportStatus.EXPIRED
    told = await reporting.every(Notice, kind="customer_report.expired")
    assert {notice.receiver_id for notice in told} == {reporting.main.id}
    assert (await reporting.report(reporting.other_main)).status is ReportStatus.REPORTED


async def test_the_days_are_a_dated_number(reporting):
    await set_number(reporting, "customer_report.days", 3)
    report = await reporting.report()
    assert report.due_at == reporting.store.clock.now + dt.timedelta(days=3)


async def test_the_calendar_moves_a_review_and_not_the_days_of_a_report(reporting):
    """COL-5.2.2: its days are counted as they come; a review counts working days."""
    held = await reporting.report()
    await reporting.known(CustomerFact.ONLINE_SALES, company_name="常州青石软件", **_blank())
    waiting = await reporting.report(company_name="常州青石软件", statement="预计每月新增五万元", **_blank())

    async def holiday(work: Work) -> None:
        work.add(CalendarDay(day=dt.date(2026, 3, 4), is_working=False))
        await work.flush()
        await follow_calendar(work)

    await reporting.do(operator_actor(), holiday)
    assert (await reporting.again(held)).due_at == held.due_at
    moved = await reporting.again(waiting)
    assert moved.due_at == waiting.due_at + dt.timedelta(days=1)
    assert (await reporting.only(Approval, kind="customer.report")).due_at == moved.due_at


async def test_a_report_that_holds_can_be_made_void(reporting):
    report = await reporting.report()
    await reporting.store.refused(reporting.other_main, NotFoundError, lambda work: domain.void(work, report.id))
    await reporting.store.refused(
        reporting.main, StaleVersionError, lambda work: domain.void(work, report.id, version=9)
    )
    await reporting.do(reporting.main, lambda work: domain.void(work, report.id, version=1))
    assert (await reporting.again(report)).status is ReportStatus.VOIDED
    await reporting.store.refused(reporting.main, TransitionNotAllowedError, lambda work: domain.void(work, report.id))
    assert (await reporting.report(reporting.other_main)).status is ReportStatus.REPORTED


async def test_no_more_than_the_number_wait_or_hold(reporting):
    """COL-5.2.3: waiting and reported count together; what has ended does not."""
    await set_number(reporting, MOST_REPORTS.key, 2)
    await reporting.known(CustomerFact.ONLINE_SALES)
    waiting = await reporting.report(statement="预计每月新增五万元")
    assert waiting.status is ReportStatus.PENDING_REVIEW
    second = await reporting.report(company_name="常州青石软件", **_blank())
    third = reports(company_name="南通海门船舶", **_blank())
    error = await reporting.store.refused(reporting.main, TooManyReportsError, third)
    assert error.data() == {"maximum": 2}
    await reporting.do(reporting.main, lambda work: domain.void(work, second.id))
    assert (await reporting.do(reporting.main, third)).status is ReportStatus.REPORTED


def test_the_number_is_a_hundred():
    """COL-5.2.3"""
    assert MOST_REPORTS.seed == 100


async def test_reports_made_at_one_moment_never_pass_the_number(reporting):
    """COL-5.2.3"""
    await set_number(reporting, MOST_REPORTS.key, 3)
    deeds = [
        reporting.do(who, reports(company_name=f"徐州第{place}矿机", **_blank()))
        for place, who in enumerate([reporting.main, reporting.operator, reporting.manager] * 2)
    ]
    outcomes = await asyncio.gather(*deeds, return_exceptions=True)
    assert sum(isinstance(one, CustomerReport) for one in outcomes) == 3
    assert sum(isinstance(one, TooManyReportsError) for one in outcomes) == 3
    assert len(await reporting.every(CustomerReport)) == 3


async def test_of_two_partners_who_report_one_customer_at_one_moment_one_has_it(reporting):
    """COL-5.2.2"""
    for round in range(3):
        name = f"盐城第{round}风电"
        outcomes = await asyncio.gather(
            reporting.do(reporting.main, reports(company_name=name, **_blank())),
            reporting.do(reporting.other_main, reports(company_name=f"{name}（有限公司）", **_blank())),
            return_exceptions=True,
        )
        assert sum(isinstance(one, CustomerReport) for one in outcomes) == 1
        assert sum(isinstance(one, ReportedByAnotherPartnerError) for one in outcomes) == 1


async def test_a_customer_that_is_with_a_partner_is_not_reported(reporting):
    """COL-5.1.2, COL-5.2.6: and the partner is not named."""
    await reporting.known(partner_id=reporting.pipeline.cast.yunfan.id)
    error = await reporting.store.refused(reporting.main, CustomerOfAnotherPartnerError, reports())
    assert "云帆" not in error.message("zh")
    assert error.data() == {}
    await reporting.store.refused(reporting.other_main, CustomerOfYoursError, reports())


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (CustomerFact.OTHER_SITE, "OTHER_SITE_CUSTOMER"),
        (CustomerFact.OFFLINE_CONTRACT, "OFFLINE_CONTRACT"),
        (CustomerFact.TELESALES_CONTRACT, "TELESALES_CONTRACT"),
        (CustomerFact.SPECIAL_PRICE_CONTRACT, "SPECIAL_PRICE_CONTRACT"),
        (CustomerFact.CASH_SPENDING, "CASH_SPENDING"),
        (CustomerFact.UNIFIED_ACCOUNTING_SUB, "UNIFIED_ACCOUNTING_SUB"),
        (CustomerFact.CONSUMER_CLOUD_USER, "CONSUMER_CLOUD_USER"),
        (CustomerFact.REWARD_PROGRAMME, "REWARD_PROGRAMME"),
    ],
)
async def test_each_cause_that_keeps_a_customer_from_being_reported_has_its_code(reporting, fact, code):
    """COL-5.2.6, COL-5.2.8: the cause is displayed."""
    await reporting.known(fact)
    assert await refusals(reporting, reporting.main) == [code]


async def test_all_causes_are_told_at_once(reporting):
    """COL-5.2.8"""
    await reporting.known(
        CustomerFact.OFFLINE_CONTRACT, CustomerFact.CASH_SPENDING, partner_id=reporting.pipeline.cast.yunfan.id
    )
    assert await refusals(reporting, reporting.main, email="x") == [
        *("CASH_SPENDING", "CUSTOMER_OF_ANOTHER_PARTNER", "EMAIL_INVALID", "OFFLINE_CONTRACT")
    ]


async def test_of_two_companies_with_one_name_and_two_credit_codes_the_other_is_not_meant(reporting):
    await reporting.known(
        CustomerFact.OFFLINE_CONTRACT,
        credit_code=credit_code_for("91320211MA1AAA999"),
        account_name="another",
    )
    assert (await reporting.report()).status is ReportStatus.REPORTED


@pytest.mark.parametrize(
    ("facts", "days_old", "cause"),
    [
        ([CustomerFact.DIRECT_SALES], 8, ReviewCause.FOLLOWED_BY_DIRECT_SALES),
        ([CustomerFact.DIRECT_SALES, CustomerFact.CASH_SPENDING], 1, ReviewCause.FOLLOWED_BY_DIRECT_SALES),
        ([CustomerFact.REPORTED_BY_HUAWEI], None, ReviewCause.REPORTED_BY_HUAWEI),
        ([CustomerFact.ONLINE_SALES], None, ReviewCause.ONLINE_SALES),
        ([CustomerFact.SALES_SUPPORT_CENTRE], None, ReviewCause.SALES_SUPPORT_CENTRE),
    ],
)
async def test_whom_huawei_knows_waits_for_a_review(reporting, facts, days_old, cause):
    """COL-5.2.7"""
    await reporting.known(*facts, days_old=days_old)
    error = await reporting.store.refused(reporting.main, ReviewStatementRequiredError, reports())
    assert error.data() == {"causes": [cause.value]}
    report = await reporting.report(statement="与客户沟通三次，预计每月新增五万元，项目为ERP上云。")
    assert (report.status, report.review_causes) == (ReportStatus.PENDING_REVIEW, [cause.value])
    assert report.reported_at is None
    entry = await reporting.only(Approval, kind="customer.report")
    assert (entry.subject_id, entry.state) == (report.id, ApprovalState.OPEN)
    told = await reporting.every(Notice, kind="queue.customer_report")
    assert {notice.receiver_id for notice in told} == {reporting.operations.id}


@pytest.mark.parametrize(("facts", "days_old"), [([CustomerFact.DIRECT_SALES], 6), ([], 400), ([], None)])
async def test_who_is_new_or_nobodys_is_reported_at_once(reporting, facts, days_old):
    """COL-5.2.7: seven days, and only together with direct sales."""
    await reporting.known(*facts, days_old=days_old)
    assert (await reporting.report()).status is ReportStatus.REPORTED


async def waiting(reporting: Reporting, **changes: Any) -> tuple[CustomerReport, Approval]:
    await reporting.known(CustomerFact.ONLINE_SALES)
    report = await reporting.report(statement="预计每月新增五万元", **changes)
    return report, await reporting.only(Approval, kind="customer.report")


async def test_an_approved_report_holds_from_then_on(reporting):
    """COL-5.2.2"""
    report, entry = await waiting(reporting)
    reporting.store.clock.forward(days=1)
    await reporting.do(reporting.operations, lambda work: decide(work, entry.id, "approve"))
    held = await reporting.again(report)
    now = reporting.store.clock.now
    assert (held.status, held.reported_at, held.last_decider) == (ReportStatus.REPORTED, now, reporting.operations.id)
    assert held.due_at == now + dt.timedelta(days=15)
    told = await reporting.every(Notice, kind="customer_report.decided")
    assert [notice.receiver_id for notice in told] == [reporting.main.id]


async def test_a_rejection_needs_a_reason_that_the_partner_reads_and_frees_the_customer(reporting):
    report, entry = await waiting(reporting)
    await reporting.store.refused(
        reporting.operations, ReasonRequiredError, lambda work: decide(work, entry.id, "reject")
    )
    await reporting.do(reporting.operations, lambda work: decide(work, entry.id, "reject", reason="在线团队正在签约"))
    rejected = await reporting.again(report)
    assert (rejected.status, rejected.verdict_reason, rejected.due_at) == (
        ReportStatus.REJECTED,
        "在线团队正在签约",
        None,
    )
    again = await reporting.report(reporting.other_main, statement="已有合作")
    assert again.status is ReportStatus.PENDING_REVIEW


async def test_only_ecosystem_operations_decide_and_nobody_on_his_own(reporting):
    report, entry = await waiting(reporting)
    pipeline = reporting.pipeline
    for actor in (pipeline.pdm, pipeline.psm, pipeline.bd, pipeline.auditor, reporting.main):
        await reporting.store.refused(actor, NotFoundError, lambda work: decide(work, entry.id, "approve"))

    async def mine(work: Work) -> None:
        found = await work.session.get_one(CustomerReport, report.id)
        found.submitted_by = reporting.operations.id

    await reporting.do(operator_actor(), mine)
    await reporting.store.refused(
        reporting.operations, SelfApprovalError, lambda work: decide(work, entry.id, "approve")
    )


async def test_a_customer_that_came_to_a_partner_meanwhile_is_not_approved(reporting):
    """COL-5.2.6"""
    report, entry = await waiting(reporting)

    async def taken(work: Work) -> None:
        from models.customer import Customer

        found = await work.session.get_one(Customer, report.customer_id)
        found.partner_id = reporting.pipeline.cast.yunfan.id

    await reporting.do(operator_actor(), taken)
    await reporting.store.refused(
        reporting.operations, CustomerOfAnotherPartnerError, lambda work: decide(work, entry.id, "approve")
    )


async def test_a_review_that_takes_too_long_is_escalated_and_can_still_be_decided(reporting):
    """Three working days, then a warning; the report goes on waiting."""
    report, entry = await waiting(reporting)
    assert report.due_at is not None
    reporting.store.clock.now = report.due_at
    assert await fired(reporting, report) == "escalate"
    late = await reporting.again(report)
    assert (late.status, late.escalated_at) == (ReportStatus.PENDING_REVIEW, reporting.store.clock.now)
    assert (await reporting.again(entry)).pool
    told = await reporting.every(Notice, kind="queue.customer_report_escalated")
    assert {notice.receiver_id for notice in told} == {reporting.operations.id}
    assert await fired(reporting, report) is None
    await reporting.do(reporting.operations, lambda work: decide(work, entry.id, "approve"))
    assert (await reporting.again(report)).status is ReportStatus.REPORTED


async def test_only_operations_keep_what_is_known_of_a_customer_and_no_partner_reads_it(reporting):
    customer = await reporting.known(CustomerFact.UNPAID_BILLS)
    for actor in (reporting.main, reporting.pipeline.pdm, reporting.pipeline.auditor):
        await reporting.store.refused(
            actor, PermissionDeniedError, lambda work: keep_facts(work, customer.id, facts=[])
        )
    for actor, seen in ((reporting.main, 0), (reporting.pipeline.pdm, 0), (reporting.operations, 1)):
        assert len(await reporting.seen(CustomerStanding, actor)) == seen
    line = (await reporting.store.journal())[-1]
    assert (line.operation, line.internal, line.partner_id) == ("customer.keep_facts", True, None)
    error = await reporting.store.refused(
        reporting.operations,
        DomainError,
        lambda work: keep_facts(
            work,
            customer.id,
            facts=["RICH"],
            registered_at=work.now + dt.timedelta(days=1),
            grace_days=-1,
        ),
    )
    assert [one.path for one in error] == [("facts",), ("registeredAt",), ("graceDays",)]


async def test_a_director_sees_the_reports_of_his_managers(reporting):
    report = await reporting.report(reporting.manager)
    director = await reporting.store.actor(reporting.pipeline.cast.zhao_director)

    async def lead(work: Work) -> None:
        manager = await work.session.get_one(Account, reporting.manager.id)
        manager.director_id = director.id

    assert await reporting.seen(CustomerReport, director) == set()
    await reporting.do(operator_actor(), lead)
    assert await reporting.seen(CustomerReport, director) == {report.id}


async def test_another_manager_does_not_see_it(reporting):
    report = await reporting.report(reporting.manager)
    account = await open_person(
        reporting.store, "wu.di", "吴迪", Preset.MGR, partner_id=reporting.pipeline.cast.huaqi.id
    )
    colleague = await reporting.store.actor(account)
    await reporting.store.refused(colleague, NotFoundError, lambda work: domain.void(work, report.id))
