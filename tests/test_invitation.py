"""Invitations: by mail, link and QR code; who answers them, what stands against it, and what follows."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlmodel import select

from models import customer_report
from models import invitation as domain
from models.agreement import AgreementSignature
from models.association import AssociationCause, AssociationEvent, AssociationEventKind
from models.customer import (
    AccountManagerPeriod,
    AssociationType,
    Customer,
    CustomerFact,
    CustomerOrigin,
    CustomerStanding,
)
from models.customer_report import ReportStatus
from models.identity import Account, AccountRole, operator_actor
from models.invitation import (
    BEARER,
    ActivityNotRunningError,
    ActivityPeriodError,
    ActivityTagTakenError,
    CustomerSignInRequiredError,
    EmailRequiredError,
    Invitation,
    InvitationActivity,
    InvitationChannel,
    InvitationExpiredError,
    InvitationForAnotherError,
    InvitationLinkForgedError,
    InvitationLinkUnknownError,
    InvitationStatus,
    InvitationTag,
    InvitationTerms,
    InvitationUsedError,
    InvitationWithdrawnError,
    OnlyMailsAreResentError,
    ReportRequiredError,
    SentTooOftenError,
    TagNotAllowedError,
)
from models.kernel.access import system_actor
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    NotFoundError,
    PermissionDeniedError,
    TransitionNotAllowedError,
)
from models.kernel.values import new_id
from models.kernel.work import Work
from models.notice import Notice, OutgoingMail
from models.rights import Preset
from tests.people import open_person
from tests.reporting import PROSPECT, REFERRAL, RESALE, TERMS, Reporting, pipeline, reporting

__all__ = ["pipeline", "reporting"]


def accepts(invited: Invitation, **given: Any) -> Any:
    return lambda work: domain.accept(work, invited.id, **given)


async def fired(reporting: Reporting, invited: Invitation) -> str | None:
    done: str | None = await reporting.do(system_actor(), lambda work: domain.INVITATION.fire_due(work, invited.id))
    return done


# ------------------------------------------------------------------------------------------------------------- inviting


async def test_a_reported_customer_is_invited_by_mail(reporting):
    """COL-5.3.1, COL-5.3.2, COL-5.3.6, COL-5.2.4, COL-5.7.15: one mail in the outbox, one line in the journal; the link
    ends with the report.
    """
    report = await reporting.report()
    reporting.store.clock.forward(days=2)
    invited = await reporting.mail(report)
    assert (invited.channel, invited.status, invited.email) == (
        InvitationChannel.ONLINE,
        InvitationStatus.SENT,
        PROSPECT["email"],
    )
    assert invited.valid_until == invited.due_at == report.due_at
    (mail,) = await reporting.every(OutgoingMail, letter="invitation")
    assert (mail.receiver_id, mail.subject_id) == (reporting.main.id, invited.id)
    line = (await reporting.store.journal())[-1]
    assert line.operation == "invitation.send"
    assert PROSPECT["email"] not in str(line.changes)


async def test_without_a_report_that_holds_nobody_is_invited_by_mail(reporting):
    """COL-5.3.2"""
    report = await reporting.report()
    reporting.store.clock.forward(days=15)
    await reporting.do(system_actor(), lambda work: customer_report.REPORT.fire_due(work, report.id))
    error = await reporting.store.refused(
        reporting.main, ReportRequiredError, lambda work: domain.send_by_mail(work, [report.id], REFERRAL)
    )
    assert (error.path, error.data()) == (("reports", 0), {"status": "EXPIRED"})
    await reporting.store.refused(
        reporting.main, ReportRequiredError, lambda work: domain.open_link(work, REFERRAL, report_id=report.id)
    )


async def test_a_batch_is_sent_whole_or_not_at_all(reporting):
    """COL-5.3.1: batch sending is possible."""
    first = await reporting.report()
    second = await reporting.report(company_name="常州青石软件", credit_code=None, account_name=None, email=None)
    error = await reporting.store.refused(
        reporting.main,
        EmailRequiredError,
        lambda work: domain.send_by_mail(work, [first.id, second.id], REFERRAL),
    )
    assert error.path == ("reports", 1)
    third = await reporting.report(company_name="南通海门船舶", credit_code=None, account_name=None)
    sent = await reporting.do(
        reporting.main, lambda work: domain.send_by_mail(work, [first.id, third.id, first.id], RESALE)
    )
    assert [one.report_id for one in sent] == [first.id, third.id]
    assert len(await reporting.every(OutgoingMail, letter="invitation")) == 2


async def test_a_mail_is_shown_before_it_is_sent(reporting):
    """COL-5.3.1: with name and address as the viewer sees them; nothing is sent."""
    report = await reporting.report()
    words = await reporting.do(reporting.main, lambda work: domain.preview(work, report.id, RESALE, language="zh"))
    assert words.subject == "华启软件有限公司邀请您关联为华为云客户"
    assert words.to == "m****@lanhu.example"
    assert any("代售" in one for one in words.paragraphs)
    assert "无锡蓝湖数据" not in str(words.paragraphs)
    english = await reporting.do(reporting.main, lambda work: domain.preview(work, report.id, RESALE, language="en"))
    assert "invites you" in english.subject
    assert await reporting.every(Invitation) == []
    await reporting.store.refused(
        reporting.other_main, NotFoundError, lambda work: domain.preview(work, report.id, RESALE)
    )


async def test_who_may_invite(reporting):
    """COL-7.2"""
    report = await reporting.report()
    director = await reporting.store.actor(reporting.pipeline.cast.zhao_director)
    for actor in (reporting.finance, director, reporting.pipeline.pdm, reporting.operations):
        await reporting.store.refused(
            actor, PermissionDeniedError, lambda work: domain.send_by_mail(work, [report.id], REFERRAL)
        )
        await reporting.store.refused(actor, PermissionDeniedError, lambda work: domain.open_link(work, REFERRAL))
    for actor in (reporting.manager, reporting.other_main):
        await reporting.store.refused(
            actor, NotFoundError, lambda work: domain.send_by_mail(work, [report.id], REFERRAL)
        )


async def test_a_link_carries_its_issuers_tag_a_custom_one_or_that_of_an_activity(reporting):
    """COL-5.3.3, COL-5.3.4, COL-5.3.5, COL-5.3.6"""
    now = reporting.store.clock.now
    generic = await reporting.link(reporting.operator)
    assert (generic.tag_kind, generic.tag) == (InvitationTag.GENERIC, "luo.jia")
    assert generic.valid_until == now + dt.timedelta(days=15)
    custom = await reporting.link(tag_kind=InvitationTag.CUSTOM, tag=" 展会 ")
    assert custom.tag == "展会"
    fair = await activity(reporting)
    of_fair = await reporting.link(tag_kind=InvitationTag.ACTIVITY, activity_id=fair.id)
    assert (of_fair.tag, of_fair.valid_until) == ("FAIR", fair.ends_at)


async def activity(reporting: Reporting, **changes: Any) -> InvitationActivity:
    now = reporting.store.clock.now
    values = {"name": "秋季展会", "tag": "FAIR", "begins_at": now, "ends_at": now + dt.timedelta(days=40), **changes}
    made: InvitationActivity = await reporting.do(reporting.main, lambda work: domain.open_activity(work, **values))
    return made


async def test_tags_that_do_not_fit_are_refused(reporting):
    """COL-5.3.4, COL-5.3.5"""
    fair = await activity(reporting)
    for given, refusal in (
        ({"tag": "我的"}, TagNotAllowedError),
        ({"tag_kind": InvitationTag.CUSTOM}, FieldRequiredError),
        ({"tag_kind": InvitationTag.ACTIVITY}, FieldRequiredError),
        ({"activity_id": fair.id}, TagNotAllowedError),
    ):
        await reporting.store.refused(
            reporting.main,
            refusal,
            lambda work: domain.open_link(work, REFERRAL, **given),  # noqa: B023
        )
    await reporting.store.refused(
        reporting.other_main,
        NotFoundError,
        lambda work: domain.open_link(work, REFERRAL, tag_kind=InvitationTag.ACTIVITY, activity_id=fair.id),
    )
    reporting.store.clock.forward(days=41)
    await reporting.store.refused(
        reporting.main,
        ActivityNotRunningError,
        lambda work: domain.open_link(work, REFERRAL, tag_kind=InvitationTag.ACTIVITY, activity_id=fair.id),
    )


async def test_an_activity_has_a_period_and_a_tag_of_its_own(reporting):
    fair = await activity(reporting)
    now = reporting.store.clock.now
    for changes, refusal in (
        ({"tag": "FAIR"}, ActivityTagTakenError),
        ({"tag": "B", "ends_at": now}, ActivityPeriodError),
        ({"tag": " "}, FieldRequiredError),
    ):
        values = {"name": "展会", "tag": "B", "begins_at": now, "ends_at": fair.ends_at, **changes}
        await reporting.store.refused(
            reporting.main,
            refusal,
            lambda work: domain.open_activity(work, **values),  # noqa: B023
        )


async def test_a_mail_can_be_sent_again_while_it_waits(reporting):
    invited = await reporting.mail(await reporting.report())
    await reporting.do(reporting.main, lambda work: domain.resend(work, invited.id))
    assert (await reporting.again(invited)).times_sent == 2
    assert len(await reporting.every(OutgoingMail, letter="invitation")) == 2
    for _ in range(3):
        await reporting.do(reporting.main, lambda work: domain.resend(work, invited.id))
    error = await reporting.store.refused(
        reporting.main, SentTooOftenError, lambda work: domain.resend(work, invited.id)
    )
    assert error.data() == {"maximum": 5}
    link = await reporting.link()
    await reporting.store.refused(reporting.main, OnlyMailsAreResentError, lambda work: domain.resend(work, link.id))
    await reporting.store.refused(reporting.other_main, NotFoundError, lambda work: domain.resend(work, invited.id))
    await reporting.do(reporting.main, lambda work: domain.withdraw(work, invited.id))
    await reporting.store.refused(
        reporting.main, TransitionNotAllowedError, lambda work: domain.resend(work, invited.id)
    )


async def test_an_invitation_expires_and_the_partner_is_told(reporting):
    """COL-5.3.5, COL-5.3.6"""
    invited = await reporting.link()
    reporting.store.clock.forward(days=15)
    await reporting.store.refused(BEARER, InvitationExpiredError, accepts(invited, by_link=True))
    assert await fired(reporting, invited) == "expire"
    assert (await reporting.again(invited)).status is InvitationStatus.EXPIRED
    told = await reporting.every(Notice, kind="invitation.expired")
    assert [notice.receiver_id for notice in told] == [reporting.main.id]
    await reporting.store.refused(BEARER, InvitationExpiredError, accepts(invited, by_link=True))


async def test_with_a_report_its_open_invitations_are_withdrawn(reporting):
    report = await reporting.report()
    invited = await reporting.mail(report)
    await reporting.do(reporting.main, lambda work: customer_report.void(work, report.id))
    assert (await reporting.again(invited)).status is InvitationStatus.WITHDRAWN
    await reporting.store.refused(BEARER, InvitationWithdrawnError, accepts(invited, by_link=True))


# -------------------------------------------------------------------------------------------------------------- answers


async def test_a_customer_accepts_and_everything_follows_together(reporting):
    """COL-5.1.2, COL-5.2.1, COL-5.4.11: association, report, history, journal and notices of both sides."""
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    report = await reporting.report()
    invited = await reporting.mail(report)
    told = await reporting.every(Notice, kind="invitation.received")
    assert [notice.receiver_id for notice in told] == [person.id]
    reporting.store.clock.forward(hours=1)
    await reporting.accept(person, invited)
    now = reporting.store.clock.now
    found = await reporting.again(customer)
    assert (found.partner_id, found.association_type, found.associated_on) == (
        reporting.pipeline.cast.huaqi.id,
        AssociationType.REFERRAL,
        now,
    )
    assert (found.account_manager_id, found.tags) == (None, ["wang.fang"])
    assert (await reporting.again(report)).status is ReportStatus.ASSOCIATED
    answered = await reporting.again(invited)
    assert (answered.status, answered.answered_at, answered.customer_id) == (
        InvitationStatus.ACCEPTED,
        now,
        customer.id,
    )
    event = await reporting.only(AssociationEvent, customer_id=customer.id)
    assert (event.event, event.cause, event.association_type) == (
        AssociationEventKind.ASSOCIATED,
        AssociationCause.INVITATION,
        AssociationType.REFERRAL,
    )
    assert (event.source_kind, event.source_id, event.by_id) == ("Invitation", invited.id, person.id)
    assert (await reporting.store.operations())[-3:] == [
        *("customer.associate", "CustomerReport.associate", "Invitation.accept")
    ]
    receivers = {
        notice.kind: notice.receiver_id
        for notice in await reporting.every(Notice)
        if notice.kind in ("invitation.answered", "invitation.associated")
    }
    assert receivers == {"invitation.answered": reporting.main.id}


async def test_by_the_link_of_a_mail_a_customer_that_nobody_knew_is_entered(reporting):
    """The link proves the mailbox; the customer is entered as it was reported."""
    report = await reporting.report(reporting.manager)
    invited = await reporting.mail(report, reporting.manager)
    await reporting.accept(BEARER, invited, by_link=True)
    customer = await reporting.only(Customer, account_name=PROSPECT["account_name"])
    assert (customer.origin, customer.credit_code) == (CustomerOrigin.INVITED, PROSPECT["credit_code"])
    assert (customer.partner_id, customer.office_id) == (reporting.pipeline.cast.huaqi.id, "office-js")
    assert (await reporting.again(report)).customer_id == customer.id


async def test_a_customer_that_accepts_a_managers_invitation_is_his(reporting):
    """COL-5.3.8: mail, link and QR code alike."""
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    invited = await reporting.link(reporting.manager)
    await reporting.accept(person, invited, by_link=True)
    assert (await reporting.again(customer)).account_manager_id == reporting.manager.id
    event = await reporting.only(AssociationEvent, customer_id=customer.id)
    assert event.account_manager_id == reporting.manager.id
    period = await reporting.only(AccountManagerPeriod, customer_id=customer.id)
    assert (period.account_id, period.from_at) == (reporting.manager.id, reporting.store.clock.now)


async def test_who_is_no_account_manager_any_more_gets_no_customer(reporting):
    """COL-5.3.8"""
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    invited = await reporting.link(reporting.manager)

    async def leave(work: Work) -> None:
        for link in await work.every(select(AccountRole).where(AccountRole.account_id == invited.issued_by)):
            await work.remove(link)

    await reporting.do(operator_actor(), leave)
    await reporting.accept(person, invited, by_link=True)
    found = await reporting.again(customer)
    assert (found.partner_id, found.account_manager_id) == (reporting.pipeline.cast.huaqi.id, None)


async def test_an_invitation_is_refused_with_or_without_a_reason(reporting):
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    report = await reporting.report()
    invited = await reporting.mail(report)
    await reporting.do(person, lambda work: domain.decline(work, invited.id, reason="已有合作伙伴"))
    found = await reporting.again(invited)
    assert (found.status, found.refusal_reason) == (InvitationStatus.REFUSED, "已有合作伙伴")
    assert (await reporting.again(report)).status is ReportStatus.REPORTED
    assert (await reporting.again(customer)).partner_id is None
    told = await reporting.every(Notice, kind="invitation.answered")
    assert [notice.receiver_id for notice in told] == [reporting.main.id]
    second = await reporting.mail(report)
    await reporting.do(BEARER, lambda work: domain.decline(work, second.id, by_link=True))
    assert (await reporting.again(second)).status is InvitationStatus.REFUSED


# -------------------------------------------------------------------------------------------------------------- links


async def test_a_link_serves_once(reporting):
    """COL-5.3.12: already used, each way."""
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    invited = await reporting.mail(await reporting.report())
    await reporting.accept(BEARER, invited, by_link=True)
    await reporting.store.refused(BEARER, InvitationUsedError, accepts(invited, by_link=True))
    await reporting.store.refused(person, InvitationUsedError, accepts(invited))
    await reporting.store.refused(
        BEARER, InvitationUsedError, lambda work: domain.decline(work, invited.id, by_link=True)
    )


async def test_a_link_that_is_not_there_or_was_taken_back_is_told_as_such(reporting):
    """COL-5.3.12: the advice is to send the invitation again."""
    error = await reporting.store.refused(
        BEARER, InvitationLinkUnknownError, lambda work: domain.accept(work, new_id(), by_link=True)
    )
    assert "重新发送邀请" in error.message("zh")
    invited = await reporting.mail(await reporting.report())
    await reporting.do(reporting.main, lambda work: domain.withdraw(work, invited.id))
    await reporting.store.refused(BEARER, InvitationWithdrawnError, accepts(invited, by_link=True))


async def test_a_forged_link_is_told_from_one_of_ours(reporting):
    """COL-5.3.12"""
    invited = await reporting.link()
    link = TERMS.link(invited.id, invited.valid_until)
    assert link.startswith("https://partners.example/invitations/")
    assert TERMS.read(link) == TERMS.read(link.rpartition("/")[2]) == invited.id
    others = InvitationTerms(b"x" * 32, TERMS.address).link(invited.id, invited.valid_until)
    head, body, mark = link.rpartition("/")[2].split(".")
    for forged in (others, link[:-4] + "AAAA", f"{head}.{body[:-2]}xx.{mark}", "", "x", "a" * 700):
        with pytest.raises(InvitationLinkForgedError):
            TERMS.read(forged)


async def test_an_old_link_is_expired_and_not_forged(reporting):
    invited = await reporting.link()
    token = TERMS.token(invited.id, invited.valid_until)
    reporting.store.clock.forward(days=400)
    assert TERMS.read(token) == invited.id
    await reporting.store.refused(BEARER, InvitationExpiredError, lambda work: domain.card(work, TERMS.read(token)))


async def test_a_link_to_pass_on_says_nothing_of_who_holds_it(reporting):
    invited = await reporting.link()
    await reporting.store.refused(BEARER, CustomerSignInRequiredError, accepts(invited, by_link=True))
    for actor in (reporting.main, reporting.other_main, reporting.operations):
        await reporting.store.refused(actor, PermissionDeniedError, accepts(invited, by_link=True))


async def test_an_invitation_for_another_customer_is_no_use(reporting):
    await reporting.known()
    stranger = await reporting.known(
        company_name="镇江北固酒业", credit_code=None, account_name="beigu", mobile=None, email=None
    )
    person = await reporting.person_of(stranger, "bei.gu")
    report = await reporting.report()
    for invited in (await reporting.mail(report), await reporting.link(report_id=report.id)):
        await reporting.store.refused(person, InvitationForAnotherError, accepts(invited, by_link=True))
        await reporting.store.refused(person, NotFoundError, accepts(invited))


async def test_of_a_customer_that_nobody_knew_one_sure_fact_must_agree(reporting):
    report = await reporting.report()
    invited = await reporting.link(report_id=report.id)
    stranger = await reporting.known(
        company_name="镇江北固酒业", credit_code=None, account_name="beigu", mobile=None, email=None
    )
    await reporting.store.refused(
        await reporting.person_of(stranger, "bei.gu"), InvitationForAnotherError, accepts(invited, by_link=True)
    )
    meant = await reporting.known(company_name="蓝湖", credit_code=None, account_name="lanhu2", mobile=None)
    await reporting.accept(await reporting.person_of(meant), invited, by_link=True)
    assert (await reporting.again(report)).status is ReportStatus.ASSOCIATED


async def test_whoever_opens_a_link_sees_who_invites_and_not_whom(reporting):
    invited = await reporting.link(report_id=(await reporting.report()).id)
    card = await reporting.do(BEARER, lambda work: domain.card(work, invited.id))
    assert (card.partner_name, card.association_type, card.by_link) == (
        "华启软件有限公司",
        AssociationType.REFERRAL,
        False,
    )
    assert "蓝湖" not in str(card)
    assert (await reporting.again(invited)).opened_at == reporting.store.clock.now


async def test_only_a_link_that_the_partner_passes_on_is_shown_to_it(reporting):
    """Of a mail nobody but its receiver has the link, since it proves the mailbox."""
    report = await reporting.report()
    mail, link = await reporting.mail(report), await reporting.link()

    def shown(actor: Any, invited: Invitation) -> bool:
        return Invitation.hands_out_link(actor, {"channel": invited.channel, "status": invited.status})

    assert shown(reporting.main, link)
    assert not shown(reporting.main, mail)
    assert not shown(reporting.finance, link)
    assert not shown(reporting.operations, link)
    svg = domain.qr_code(TERMS.link(link.id, link.valid_until))
    assert svg.startswith("<svg")
    assert "script" not in svg


# ---------------------------------------------------------------------------------------------------------- obstacles


async def failed(reporting: Reporting, facts: list[CustomerFact], kind: Any, **changes: Any) -> list[str]:
    """Report, invite and let the customer try; give the codes of what stands against it."""
    days_old, reported = changes.pop("days_old", None), changes.pop("reported", True)
    customer = await reporting.known(days_old=days_old, **changes)
    person = await reporting.person_of(customer)
    report = await reporting.report() if reported else None
    invited = await reporting.link(kind=kind, report_id=report.id if report else None)
    await reporting.do(reporting.operations, lambda work: _facts(work, customer, facts, days_old))
    notice = await reporting.notice()
    error = await reporting.store.refused(
        person, DomainError, accepts(invited, by_link=True, agreed_to=notice.id if kind is RESALE else None)
    )
    await reporting.do(person, lambda work: domain.note_failure(work, invited.id, error))
    codes = sorted(one.code for one in error)
    found = await reporting.again(invited)
    assert (found.failure_codes, found.status, found.failed_at) == (
        codes,
        InvitationStatus.SENT,
        reporting.store.clock.now,
    )
    assert [one.receiver_id for one in await reporting.every(Notice, kind="invitation.failed")] == [reporting.main.id]
    return codes


async def _facts(work: Work, customer: Customer, facts: list[CustomerFact], days_old: float | None) -> Any:
    from models.customer import keep_facts

    opened = work.now - dt.timedelta(days=days_old) if days_old is not None else None
    return await keep_facts(work, customer.id, facts=facts, registered_at=opened)


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (CustomerFact.OFFLINE_CONTRACT, "OFFLINE_CONTRACT"),
        (CustomerFact.TELESALES_CONTRACT, "TELESALES_CONTRACT"),
        (CustomerFact.SPECIAL_PRICE_CONTRACT, "SPECIAL_PRICE_CONTRACT"),
        (CustomerFact.UNPAID_BILLS, "UNPAID_BILLS"),
        (CustomerFact.UNIFIED_ACCOUNTING_SUB, "UNIFIED_ACCOUNTING_SUB"),
        (CustomerFact.INTERNAL_ACCOUNT, "INTERNAL_ACCOUNT"),
        (CustomerFact.CONSUMER_CLOUD_USER, "CONSUMER_CLOUD_USER"),
        (CustomerFact.REWARD_PROGRAMME, "REWARD_PROGRAMME"),
        (CustomerFact.PARTNER_OR_APPLICANT, "PARTNER_NOT_A_CUSTOMER"),
    ],
)
async def test_each_cause_that_keeps_a_customer_from_associating_has_its_code(reporting, fact, code):
    """COL-5.3.9, COL-5.3.12: shown to the partner as the cause of the failed association."""
    assert await failed(reporting, [fact], REFERRAL) == [code]


RESALE_ONLY = [
    (CustomerFact.SERVICE_CONTRACT, "SERVICE_CONTRACT"),
    (CustomerFact.RESERVED_INSTANCE, "RESERVED_INSTANCE"),
    (CustomerFact.ENTERPRISE_SUB, "ENTERPRISE_SUB"),
    (CustomerFact.MASTER_OF_INDEPENDENT_SUBS, "INDEPENDENT_SUBS"),
    (CustomerFact.CREDIT_ACCOUNT, "CREDIT_ACCOUNT"),
    (CustomerFact.GIFT_BALANCE, "GIFT_BALANCE"),
]


@pytest.mark.parametrize(("fact", "code"), RESALE_ONLY)
async def test_each_cause_that_keeps_a_customer_from_resale_has_its_code(reporting, fact, code):
    """COL-5.3.10"""
    assert await failed(reporting, [fact], RESALE) == [code]


@pytest.mark.parametrize("fact", [fact for fact, _ in RESALE_ONLY])
async def test_what_keeps_a_customer_from_resale_does_not_keep_it_from_referral(reporting, fact):
    """COL-5.3.10"""
    customer = await reporting.known(fact)
    await reporting.accept(await reporting.person_of(customer), await reporting.link(), by_link=True)
    assert (await reporting.again(customer)).association_type is AssociationType.REFERRAL


async def test_without_a_report_only_new_accounts_that_spent_no_cash_associate(reporting):
    """COL-5.3.7, COL-5.3.9: an older account is reported first, which the refusal says."""
    facts = [CustomerFact.CASH_SPENDING, CustomerFact.REPORTED_BY_HUAWEI]
    codes = await failed(reporting, facts, REFERRAL, days_old=7.1, reported=False)
    assert codes == ["ACCOUNT_TOO_OLD", "CASH_SPENDING", "REPORTED_BY_HUAWEI"]


async def test_the_refusal_of_an_old_account_tells_what_to_do(reporting):
    """COL-5.3.7"""
    customer = await reporting.known(days_old=8)
    invited = await reporting.link()
    error = await reporting.store.refused(
        await reporting.person_of(customer), DomainError, accepts(invited, by_link=True)
    )
    assert (error.code, error.data()) == ("ACCOUNT_TOO_OLD", {"days": 7})
    assert "重新提交注册" in error.message("zh")


@pytest.mark.parametrize(("days_old", "reported"), [(6.9, False), (400, True)])
async def test_new_accounts_and_reported_customers_associate(reporting, days_old, reported):
    """COL-5.3.7, COL-5.3.9: with a report that holds, whichever link it is."""
    customer = await reporting.known(days_old=days_old)
    if reported:
        await reporting.report()
    await reporting.accept(await reporting.person_of(customer), await reporting.link(), by_link=True)
    assert (await reporting.again(customer)).partner_id == reporting.pipeline.cast.huaqi.id
    statuses = [report.status for report in await reporting.every(customer_report.CustomerReport)]
    assert statuses == ([ReportStatus.ASSOCIATED] if reported else [])


async def test_a_customer_is_with_one_partner_only(reporting):
    """COL-5.1.2"""
    customer = await reporting.known(partner_id=reporting.pipeline.cast.yunfan.id)
    person = await reporting.person_of(customer)
    error = await reporting.store.refused(person, DomainError, accepts(await reporting.link(), by_link=True))
    assert error.code == "CUSTOMER_OF_ANOTHER_PARTNER"
    theirs = await reporting.link(reporting.other_main)
    error = await reporting.store.refused(person, DomainError, accepts(theirs, by_link=True))
    assert error.code == "CUSTOMER_OF_YOURS"


async def test_everything_that_stands_against_it_is_told_at_once(reporting):
    facts = [CustomerFact.UNPAID_BILLS, CustomerFact.GIFT_BALANCE, CustomerFact.OFFLINE_CONTRACT]
    assert await failed(reporting, facts, RESALE) == ["GIFT_BALANCE", "OFFLINE_CONTRACT", "UNPAID_BILLS"]


async def test_before_resale_the_notice_is_read_and_ticked(reporting):
    """COL-5.3.11: the tick is the signature; it must be under the newest version."""
    from models import agreement

    customer = await reporting.known()
    person = await reporting.person_of(customer)
    invited = await reporting.link(kind=RESALE)
    error = await reporting.store.refused(person, DomainError, accepts(invited, by_link=True))
    assert (error.code, error.path) == ("AGREEMENT_NOT_TICKED", ("agreement",))
    first = await reporting.notice()
    reporting.store.clock.forward(minutes=1)
    texts: dict[str, Any] = {"title_zh": "须知", "title_en": "Notice", "content_zh": "新", "content_en": "New"}
    await reporting.do(reporting.operations, lambda work: agreement.publish(work, number="2026-02", **texts))
    error = await reporting.store.refused(person, DomainError, accepts(invited, by_link=True, agreed_to=first.id))
    assert error.code == "AGREEMENT_OUTDATED"
    newest = await reporting.notice()
    await reporting.accept(person, invited, by_link=True, agreed_to=newest.id)
    signature = await reporting.only(AgreementSignature, customer_id=customer.id)
    assert (signature.agreement_id, signature.partner_id) == (newest.id, reporting.pipeline.cast.huaqi.id)


async def test_who_signed_before_need_not_tick_again(reporting):
    """COL-5.3.11"""
    from models import agreement

    customer = await reporting.known()
    person = await reporting.person_of(customer)
    notice = await reporting.notice()
    await reporting.do(person, lambda work: agreement.sign(work, notice.id, ticked=True))
    await reporting.accept(person, await reporting.link(kind=RESALE), by_link=True)
    assert len(await reporting.every(AgreementSignature)) == 1


@pytest.mark.parametrize(("before", "after", "kind"), [(0, 1, RESALE), (3, 3, RESALE), (0, 0, REFERRAL)])
async def test_in_resale_a_grace_period_below_a_day_becomes_a_day(reporting, before, after, kind):
    """COL-5.3.13"""
    customer = await reporting.known()

    async def grace(work: Work) -> None:
        (found,) = await work.every(select(CustomerStanding))
        found.grace_days = before

    await reporting.do(operator_actor(), grace)
    notice = await reporting.notice()
    person = await reporting.person_of(customer)
    await reporting.accept(person, await reporting.link(kind=kind), by_link=True, agreed_to=notice.id)
    assert (await reporting.only(CustomerStanding, customer_id=customer.id)).grace_days == after


# -------------------------------------------------------------------------------------------------------------- races


async def test_of_two_acceptances_of_one_link_one_counts(reporting):
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    invited = await reporting.mail(await reporting.report())
    outcomes = await asyncio.gather(
        reporting.accept(BEARER, invited, by_link=True),
        reporting.accept(person, invited),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Invitation) for one in outcomes) == 1
    assert sum(isinstance(one, InvitationUsedError) for one in outcomes) == 1
    assert len(await reporting.every(AssociationEvent)) == 1


async def test_of_two_partners_accepted_at_one_moment_one_has_the_customer(reporting):
    """COL-5.1.2"""
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    ours, theirs = await reporting.link(), await reporting.link(reporting.other_main)
    outcomes = await asyncio.gather(
        reporting.accept(person, ours, by_link=True),
        reporting.accept(person, theirs, by_link=True),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Invitation) for one in outcomes) == 1
    refused = [one for one in outcomes if isinstance(one, DomainError)]
    assert [one.code for one in refused] == ["CUSTOMER_OF_ANOTHER_PARTNER"]
    event = await reporting.only(AssociationEvent, customer_id=customer.id)
    assert (await reporting.again(customer)).partner_id == event.partner_id
    statuses = sorted(one.status for one in await reporting.every(Invitation))
    assert statuses == [InvitationStatus.ACCEPTED, InvitationStatus.SENT]


async def test_who_sees_an_invitation_and_its_history(reporting):
    """A partner its own, an account manager his, a customer its own; nobody another partner's."""
    customer = await reporting.known(province="CN-32")
    person = await reporting.person_of(customer)
    his, ours = await reporting.link(reporting.manager), await reporting.link()
    await reporting.accept(person, his, by_link=True)
    pipeline = reporting.pipeline
    colleague = await reporting.store.actor(
        await open_person(reporting.store, "wu.di", "吴迪", Preset.MGR, partner_id=pipeline.cast.huaqi.id)
    )
    expected = [
        (reporting.main, {his.id, ours.id}, 1),
        (reporting.manager, {his.id}, 1),
        (colleague, set(), 0),
        (reporting.other_main, set(), 0),
        (person, {his.id}, 1),
        (pipeline.pdm, {his.id, ours.id}, 1),
        (pipeline.operations, {his.id, ours.id}, 1),
        (pipeline.platform, set(), 0),
    ]
    for who, seen, events in expected:
        assert await reporting.seen(Invitation, who) == seen, who.name
        assert len(await reporting.seen(AssociationEvent, who)) == events, who.name


async def test_a_former_partner_keeps_its_own_history_and_a_new_one_does_not_get_it(reporting):
    """COL-5.4.11"""
    customer = await reporting.known()
    await reporting.accept(await reporting.person_of(customer), await reporting.link(), by_link=True)

    async def move(work: Work) -> None:
        found = await work.session.get_one(Customer, customer.id)
        found.partner_id = reporting.pipeline.cast.yunfan.id

    await reporting.do(operator_actor(), move)
    for who, events in ((reporting.main, 1), (reporting.other_main, 0)):
        assert len(await reporting.seen(AssociationEvent, who)) == events


async def test_the_accounts_of_a_customer_are_told(reporting):
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    second = await open_person(reporting.store, "ma.ling", "马玲", Preset.CUS, customer_id=customer.id)
    await reporting.accept(person, await reporting.mail(await reporting.report()))
    told = await reporting.every(Notice, kind="invitation.associated")
    assert [notice.receiver_id for notice in told] == [second.id]
    assert isinstance(second, Account)
