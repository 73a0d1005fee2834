"""Notices: who is told what, once, in the words that he may read, and what each person wants by mail."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import functools
import re
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from api import timers
from models import notice, pce
from models import opportunity as domain
from models.approval import DecisionInput
from models.identity import Account, PeopleOnlyError, Role, operator_actor
from models.kernel.errors import FieldRequiredError, NotFoundError, TransitionNotAllowedError, ValueNotAllowedError
from models.kernel.policy import PolicyRow
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.values import new_id
from models.kernel.work import Work, run_write
from models.notice import Mailbox, MailState, Notice, OutgoingMail, Severity
from models.opportunity import LostReason, Opportunity, RejectionReason
from models.opportunity.notices import NEAR, STALE
from models.partner import PartnerOrganisation
from tests.databases import open_database
from tests.field_matrix import ROLES, Gallery, cell, expected, hang
from tests.people import NOON, Store
from tests.pipeline import Pipeline, check_owner, pipeline

__all__ = ["pipeline"]

ACCOUNT = "hengyuan_cloud"


async def inbox(pipeline: Pipeline) -> list[Notice]:
    async with pipeline.store.reader() as session:
        return list((await session.execute(select(Notice).order_by(col(Notice.id)))).scalars())


async def outbox(pipeline: Pipeline) -> list[OutgoingMail]:
    async with pipeline.store.reader() as session:
        return list((await session.execute(select(OutgoingMail).order_by(col(OutgoingMail.id)))).scalars())


def names(pipeline: Pipeline) -> dict[UUID, str]:
    people = {
        "main": pipeline.cast.wang_main,
        "other_main": pipeline.cast.liu_main_of_yunfan,
        "manager": pipeline.cast.chen_manager,
        "pdm": pipeline.cast.zhou_pdm,
        "operations": pipeline.cast.lin_operations,
        **pipeline.accounts,
    }
    return {account.id: name for name, account in people.items()}


class Since:
    """What people are told from here on."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._known: set[UUID] = set()

    async def told(self) -> set[tuple[str, str]]:
        """Give who was told what since the last time that somebody asked, each only once."""
        rows = [row for row in await inbox(self.pipeline) if row.id not in self._known]
        self._known |= {row.id for row in rows}
        who = names(self.pipeline)
        assert len({(row.kind, row.receiver_id, row.subject_id) for row in rows}) == len(rows)
        return {(row.kind, who[row.receiver_id]) for row in rows}


def to(kind: str, *people: str) -> set[tuple[str, str]]:
    return {(kind, person) for person in people}


async def give_addresses(pipeline: Pipeline, *accounts: Account) -> None:
    """Give people an address, so that mails go out to them."""

    async def deed(work: Work) -> None:
        for account in accounts:
            found = await work.session.get_one(Account, account.id)
            found.email = f"{account.login}@example.com"

    await pipeline.do(operator_actor(), deed)


async def reads(pipeline: Pipeline, account: Account, lang: Any = None) -> list[notice.Told]:
    """Read somebody's inbox in words, the newest first."""
    actor = await pipeline.store.actor(account)
    async with pipeline.store.reader() as session:
        reader = Reader(session, actor, pipeline.store.clock())
        paged = await reader.page(Notice, Wanted.of(*notice.COLUMNS), Page(first=50))
        return await notice.told(reader, paged.nodes, lang or actor.lang)


async def due(pipeline: Pipeline, record: Any) -> dt.datetime:
    found = (await pipeline.again(record)).due_at
    assert found is not None
    return found  # type: ignore[no-any-return]


async def remind(pipeline: Pipeline) -> Counter[str]:
    return await timers.remind(pipeline.store, clock=pipeline.store.clock)


async def sweep(pipeline: Pipeline) -> None:
    await timers.sweep(pipeline.store, clock=pipeline.store.clock)


# ------------------------------------------------------------------------------------------------------- who is told


async def test_each_step_of_a_po_is_told_to_those_whom_it_concerns_and_to_nobody_else(pipeline: Pipeline):
    """RV-03, COL-1.3: the PDM audits, all PSMs of the office are told at once, each verdict goes to the partner."""
    since = Since(pipeline)
    record = await pipeline.draft(account_name=ACCOUNT)
    assert await since.told() == set()
    record = await pipeline.do(pipeline.main, lambda work: domain.submit(work, record.id))
    assert await since.told() == to("queue.audit", "pdm")
    await pipeline.decide(pipeline.pdm, record, "send_back", reason="请补充预算", fields=("budget",))
    assert await since.told() == to("opportunity.sent_back", "main")
    await pipeline.do(
        pipeline.main, lambda work: domain.save_draft(work, {"budget": "客户批准三百万元预算。"}, id=record.id)
    )
    await pipeline.do(pipeline.main, lambda work: domain.return_completed(work, record.id))
    assert await since.told() == to("queue.audit", "pdm")
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    assert await since.told() == (
        to("opportunity.audit_approved", "main")
        | to("queue.validation", "psm", "bd")
        | to("opportunity.owner_check", "owner")
    )
    await pipeline.do(pipeline.bd, lambda work: check_owner(work, record))
    assert await since.told() == set()
    await pipeline.decide(pipeline.psm, record, "validate")
    assert await since.told() == to("opportunity.validated", "main")
    version = (await pipeline.again(record)).version
    await pipeline.do(
        pipeline.main,
        lambda work: domain.win(
            work,
            record.id,
            version=version,
            amount=_money(),
            signed_on=dt.date(2026, 3, 1),
            contract_number="HT-1",
            consuming_account="hengyuan_prod",
        ),
    )
    assert await since.told() == to("opportunity.closed", "bd")
    version = (await pipeline.again(record)).version
    await pipeline.do(
        pipeline.main, lambda work: domain.deliver(work, record.id, version=version, delivered_on=dt.date(2026, 3, 2))
    )
    assert await since.told() == to("opportunity.delivered", "psm")
    version = (await pipeline.again(record)).version
    await pipeline.do(pipeline.psm, lambda work: domain.dispute(work, record.id, version=version, reason="尚未上线"))
    assert await since.told() == to("opportunity.disputed", "main")


def _money() -> Any:
    @dataclasses.dataclass
    class Money:
        amount: str = "980000.00"
        currency: str = "CNY"

    return Money()


@pytest.mark.parametrize(("verb", "state"), [("reject_audit", "submitted"), ("reject_validation", "validating")])
async def test_every_rejection_reaches_the_partner_with_its_reason(verb: str, state: str, pipeline: Pipeline):
    """RV-03: rejections carry a reason visible to the partner, and are told by mail."""
    await give_addresses(pipeline, pipeline.cast.wang_main)
    record = await getattr(pipeline, state)(account_name=ACCOUNT)
    since = Since(pipeline)
    await since.told()
    who = pipeline.pdm if verb == "reject_audit" else pipeline.psm
    await pipeline.decide(who, record, verb, reason_code=RejectionReason.OTHER, reason="客户已取消该项目")
    assert await since.told() == to("opportunity.rejected", "main")
    words = (await reads(pipeline, pipeline.cast.wang_main))[0]
    assert "其他" in words.sentence or RejectionReason.OTHER.zh in words.sentence
    assert ("给伙伴的说明", "客户已取消该项目") in words.details or "客户已取消该项目" in dict(words.details).values()
    mails = [mail for mail in await outbox(pipeline) if mail.receiver_id == pipeline.main.id]
    assert mails[-1].subject_id == (await inbox(pipeline))[-1].id


async def test_a_partner_without_a_pdm_goes_to_the_pool(pipeline: Pipeline):
    """COL-1.3: ecosystem operations audit for partners that have no PDM."""
    since = Since(pipeline)
    await pipeline.submitted(pipeline.other_main)
    assert await since.told() == to("queue.audit", "operations")


async def test_nobody_is_told_of_his_own_deed(pipeline: Pipeline):
    since = Since(pipeline)
    record = await pipeline.validated(account_name=ACCOUNT)
    await since.told()
    version = (await pipeline.again(record)).version
    await pipeline.do(
        pipeline.bd,
        lambda work: domain.lose(work, record.id, version=version, lost_reason=LostReason.PRICE),
    )
    assert await since.told() == to("opportunity.closed", "main")


async def test_the_responsible_person_is_told_beside_the_main_account_only_if_his_roles_show_him_opportunities(
    pipeline: Pipeline,
):
    """COL-2.8: an account manager sees no opportunities, so nobody tells him of one."""
    since = Since(pipeline)
    record = await pipeline.submitted(responsible_id=pipeline.cast.chen_manager.id)
    await since.told()
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    assert ("opportunity.audit_approved", "manager") not in await since.told()

    async def allow(work: Work) -> None:
        role = await work.first(select(Role).where(Role.preset == "MGR"))
        role.permissions = [*role.permissions, "opportunity:read_own_organisation"]

    await pipeline.do(operator_actor(), allow)
    second = await pipeline.submitted(
        name="二期", company_name="苏州明德重工", responsible_id=pipeline.cast.chen_manager.id
    )
    await since.told()
    await pipeline.decide(pipeline.pdm, second, "approve_audit")
    assert to("opportunity.audit_approved", "main", "manager") <= await since.told()


async def test_an_offer_is_told_to_the_partner_and_its_answer_to_the_bd(pipeline: Pipeline):
    since = Since(pipeline)
    _, offer = await pipeline.shared()
    assert to("offer.received", "main") <= await since.told()
    await pipeline.do(pipeline.main, lambda work: domain.ho.view_offer(work, offer.id))
    await pipeline.do(pipeline.main, lambda work: domain.ho.accept(work, offer.id, confirmed=True))
    assert await since.told() == to("offer.answered", "bd")


async def test_an_offer_that_runs_out_is_told_on_both_sides_and_a_recalled_one_to_the_partner(pipeline: Pipeline):
    """COL-3.2#5: passed deadline; COL-3.2#2: recall."""
    since = Since(pipeline)
    record, _ = await pipeline.shared()
    await since.told()
    pipeline.store.clock.now = await due(pipeline, record)
    await sweep(pipeline)
    assert await since.told() == to("offer.answered", "bd") | to("offer.withdrawn", "main")
    await pipeline.share(record, pipeline.cast.huaqi)
    assert await since.told() == to("offer.received", "main")
    version = (await pipeline.again(record)).version
    await pipeline.do(pipeline.bd, lambda work: domain.ho.recall(work, record.id, version=version, reason="换伙伴"))
    assert await since.told() == to("offer.withdrawn", "main")


async def test_an_escalation_is_told_to_operations_and_the_pdm(pipeline: Pipeline):
    """COL-2.5#4."""
    record = await pipeline.submitted()
    since = Since(pipeline)
    await since.told()
    pipeline.store.clock.now = await due(pipeline, record)
    await sweep(pipeline)
    assert await since.told() == to("opportunity.escalated", "operations", "pdm")


async def test_what_runs_out_in_validation_is_told_to_both_sides(pipeline: Pipeline):
    """COL-2.5#9."""
    record = await pipeline.validating(account_name=ACCOUNT)
    since = Since(pipeline)
    await since.told()
    pipeline.store.clock.now = await due(pipeline, record)
    await sweep(pipeline)
    assert await since.told() == to("opportunity.rejected", "main") | to("opportunity.ran_out", "psm", "bd", "pdm")


async def test_decisions_on_pce_are_told_to_the_partner_and_requests_to_the_pdm(pipeline: Pipeline):
    """COL-1.1.9."""
    since = Since(pipeline)
    await since.told()
    membership = await pipeline.do(pipeline.main, lambda work: pce.request_exit(work, reason="业务调整"))
    assert await since.told() == to("queue.pce", "pdm")

    async def refuse(work: Work) -> None:
        found = await work.get(pce.PceMembership, membership.id)
        await pce.review(work, found, "reject_exit", DecisionInput(reason="仍有商机"))

    await pipeline.do(pipeline.pdm, refuse)
    assert await since.told() == to("pce.decided", "main")


async def test_a_change_that_is_refused_or_only_tried_tells_nobody(pipeline: Pipeline):
    record = await pipeline.submitted()
    before = await pipeline.store.everything()
    deed = lambda work: domain.submit(work, record.id)  # noqa: E731
    await pipeline.store.refused(pipeline.main, TransitionNotAllowedError, deed)

    async def approve(work: Work) -> None:
        found = await work.get(Opportunity, record.id)
        await domain.review(work, found, "approve_audit", DecisionInput())

    await run_write(pipeline.store, pipeline.pdm, approve, clock=pipeline.store.clock, dry=True)
    assert await pipeline.store.everything() == before


# ------------------------------------------------------------------------------------- deadlines, staleness, digests


async def test_one_working_day_before_a_deadline_its_people_are_reminded_once(pipeline: Pipeline):
    record = await pipeline.submitted()
    since = Since(pipeline)
    await since.told()
    end = await due(pipeline, record)
    pipeline.store.clock.now = end - dt.timedelta(hours=31)
    assert NEAR.code not in await remind(pipeline)
    pipeline.store.clock.now = end - dt.timedelta(hours=30)
    assert (await remind(pipeline))[NEAR.code] == 1
    assert await since.told() == to("deadline.near", "pdm")
    pipeline.store.clock.forward(hours=3)
    assert NEAR.code not in await remind(pipeline)
    assert [row.moment for row in await inbox(pipeline) if row.kind == NEAR.code] == [end]


async def test_reminders_go_to_whoever_has_to_act(pipeline: Pipeline):
    since = Since(pipeline)
    returned = await pipeline.submitted()
    await pipeline.decide(pipeline.pdm, returned, "send_back", reason="请补充预算", fields=("budget",))
    await pipeline.validating(account_name=ACCOUNT, name="验证中")
    await since.told()
    pipeline.store.clock.now = await due(pipeline, returned) - dt.timedelta(hours=2)
    await remind(pipeline)
    assert await since.told() == to("deadline.near", "main", "psm", "bd")
    record, _ = await pipeline.shared()
    await since.told()
    pipeline.store.clock.now = await due(pipeline, record) - dt.timedelta(hours=2)
    await remind(pipeline)
    assert to("deadline.near", "main") <= await since.told()


async def test_a_stale_opportunity_is_told_once_for_each_staleness(pipeline: Pipeline):
    """COL-2.6.5: thirty days without progress."""
    record = await pipeline.validated(account_name=ACCOUNT)
    since = Since(pipeline)
    await since.told()
    pipeline.store.clock.forward(days=30)
    assert not await remind(pipeline)
    pipeline.store.clock.forward(hours=1)
    assert await remind(pipeline) == {STALE.code: 2}
    assert await since.told() == to(STALE.code, "main", "bd")
    pipeline.store.clock.forward(days=5)
    assert not await remind(pipeline)
    report: dict[str, Any] = {"stage": domain.Stage.SOLUTION, "win_probability": 30, "details": "客户已试用。"}
    await pipeline.do(pipeline.main, lambda work: domain.progress.report(work, record.id, **report))
    assert not await remind(pipeline)
    pipeline.store.clock.forward(days=31)
    assert await remind(pipeline) == {STALE.code: 2}
    assert await since.told() == to(STALE.code, "main", "bd")


async def test_several_processes_remind_each_person_once(pipeline: Pipeline):
    for number in range(8):
        await pipeline.submitted(name=f"机会点 {number}", company_name=f"苏州第{number}机械有限公司")
    pipeline.store.clock.now = dt.datetime(2026, 3, 5, 2, 0, tzinfo=dt.UTC)
    url = pipeline.store.writer.kw["bind"].url.render_as_string(hide_password=False)
    others = [open_database(url) for _ in range(3)]
    try:
        stores = [Store(each.writer, each.reader, clock=pipeline.store.clock) for each in others]
        counts = await asyncio.gather(*(timers.remind(store, clock=store.clock) for store in stores))
    finally:
        for each in others:
            await each.dispose()
    assert sum(counts, Counter()) == {NEAR.code: 8, "queue.digest": 1}
    assert Counter(row.kind for row in await inbox(pipeline))[NEAR.code] == 8


async def test_a_digest_is_prepared_once_a_working_day_and_only_where_something_is_due(pipeline: Pipeline):
    await give_addresses(pipeline, pipeline.accounts["psm"], pipeline.cast.lin_operations)
    await pipeline.submitted()
    morning = dt.datetime(2026, 3, 4, 0, 30, tzinfo=dt.UTC)
    pipeline.store.clock.now = morning - dt.timedelta(minutes=1)
    await remind(pipeline)
    assert await _digests(pipeline) == set()
    pipeline.store.clock.now = morning
    await remind(pipeline)
    await remind(pipeline)
    assert await _digests(pipeline) == {("pdm", "2026-03-04")}
    pipeline.store.clock.now = morning + dt.timedelta(days=3)
    await remind(pipeline)
    assert await _digests(pipeline) == {("pdm", "2026-03-04")}, "Saturday is no working day"
    pipeline.store.clock.now = morning + dt.timedelta(days=5)
    await sweep(pipeline)
    await remind(pipeline)
    assert await _digests(pipeline) == {
        ("pdm", "2026-03-04"),
        ("pdm", "2026-03-09"),
        ("operations", "2026-03-09"),
    }


async def test_whoever_wants_no_digest_gets_none_and_its_time_is_a_policy_number(pipeline: Pipeline):
    await pipeline.submitted()
    await pipeline.do(pipeline.pdm, lambda work: notice.choose(work, "queue.digest", by_mail=False))
    pipeline.store.clock.now = dt.datetime(2026, 3, 4, 0, 30, tzinfo=dt.UTC)
    await remind(pipeline)
    assert await _digests(pipeline) == set()

    async def at_ten(work: Work) -> None:
        work.add(PolicyRow(key="notice.digest_time", value="10:00", effective_from=NOON))

    await pipeline.do(operator_actor(), at_ten)
    await pipeline.do(pipeline.pdm, lambda work: notice.choose(work, "queue.digest", by_mail=True))
    pipeline.store.clock.now = dt.datetime(2026, 3, 5, 1, 59, tzinfo=dt.UTC)
    await remind(pipeline)
    assert await _digests(pipeline) == set()
    pipeline.store.clock.forward(minutes=1)
    await remind(pipeline)
    assert await _digests(pipeline) == {("pdm", "2026-03-05")}


async def _digests(pipeline: Pipeline) -> set[tuple[str, str]]:
    who = names(pipeline)
    return {(who[mail.receiver_id], mail.event) for mail in await outbox(pipeline) if mail.letter == "digest"}


# --------------------------------------------------------------------------------------- what it says, and to whom


async def test_a_notice_says_what_its_receiver_may_read_then_and_nothing_of_it_is_stored(pipeline: Pipeline):
    record = await pipeline.submitted()
    (words,) = await reads(pipeline, pipeline.cast.zhou_pdm)
    assert words.title == "机会点待审核"
    assert "江苏****公司" in words.sentence
    assert "恒远" not in f"{words}"
    assert "2026-03-05 24:00" in words.sentence
    assert words.path == f"/opportunities/{record.public_id}"
    (english,) = await reads(pipeline, pipeline.cast.zhou_pdm, "en")
    assert english.title == "An opportunity to audit"
    assert ("Status", "In audit") in english.details
    (row,) = await inbox(pipeline)
    assert "恒远" not in str(row.model_dump())
    async with pipeline.store.reader() as session:
        found = await session.get(Opportunity, record.id)
        assert found is not None

    async def rename(work: Work) -> None:
        (await work.session.get_one(Opportunity, record.id)).name = "新的名称"

    await pipeline.do(operator_actor(), rename)
    assert "新的名称" in (await reads(pipeline, pipeline.cast.zhou_pdm))[0].sentence


async def test_whoever_lost_sight_of_the_record_reads_a_neutral_sentence(pipeline: Pipeline):
    await pipeline.submitted()

    async def another_pdm(work: Work) -> None:
        (await work.session.get_one(PartnerOrganisation, pipeline.cast.huaqi.id)).pdm_id = None

    await pipeline.do(operator_actor(), another_pdm)
    (words,) = await reads(pipeline, pipeline.cast.zhou_pdm)
    assert words == notice.Told("通知", "这条通知涉及的记录，您现在已无权查看。")
    (words,) = await reads(pipeline, pipeline.cast.zhou_pdm, "en")
    assert words.title == "Notice"


async def test_the_field_matrix_holds_for_notices(pipeline: Pipeline):
    """Each role reads of the record in a notice what the table gives it, and others nothing."""
    gallery: Gallery = await hang(pipeline)
    kind = notice.notice_kinds()["opportunity.closed"]
    everybody = {account.id for account in gallery.people.values()}

    async def deed(work: Work) -> int:
        return await notice.tell(work, [notice.Message(kind, gallery.opportunity, everybody, "matrix")])

    assert await pipeline.do(operator_actor(), deed) == len(everybody)
    for role in ROLES:
        words = (await reads(pipeline, gallery.people[role]))[0]
        told = dict(words.details)
        for row, field, label in (
            ("Opportunity/customer", "company_name", "公司名称"),
            ("Opportunity/verdict", "message_to_partner", None),
        ):
            assert cell(row, role) in "PMm-."
            if cell(row, role) == ".":
                assert words.path is None, role
                assert not told, role
                continue
            value = expected(row, field, role)
            shown = told.get(label) if label else next((text for text in told.values() if "请补充联系人" in text), None)
            assert shown == value, (role, field)
        if cell("Opportunity/customer", role) in "Mm-":
            assert "恒远" not in f"{words}", role


def test_every_kind_speaks_both_languages_and_knows_every_word_that_it_uses():
    assert len(notice.notice_kinds()) >= 20
    subjects = notice.subjects()
    known = {name.replace(".", "_") for one in subjects.values() for name in one.columns} | {"number", "until"}
    for kind in notice.notice_kinds().values():
        used = set(re.findall(r"\{(\w+)\}", kind.zh))
        assert used == set(re.findall(r"\{(\w+)\}", kind.en)), kind.code
        assert used <= known, kind.code
        assert re.search(r"[一-鿿]", kind.zh + kind.title_zh), kind.code
        assert not re.search(r"[一-鿿]", kind.en + kind.title_en), kind.code
        assert isinstance(kind.severity, Severity)
        assert kind.rights


# ------------------------------------------------------------------------------------------- reading and preferring


async def test_reading_marks_ones_own_notices_and_nobody_elses(pipeline: Pipeline):
    for number in range(3):
        await pipeline.submitted(name=f"机会点 {number}", company_name=f"苏州第{number}机械有限公司")
    rows = await inbox(pipeline)
    assert await pipeline.do(pipeline.pdm, lambda work: notice.mark_read(work, [rows[0].id])) == 2
    assert await pipeline.do(pipeline.pdm, lambda work: notice.mark_read(work, [rows[0].id])) == 2
    await pipeline.store.refused(pipeline.psm, NotFoundError, lambda work: notice.mark_read(work, [rows[1].id]))
    await pipeline.store.refused(
        pipeline.pdm, NotFoundError, lambda work: notice.mark_read(work, [rows[1].id, new_id()])
    )
    await pipeline.store.refused(pipeline.pdm, FieldRequiredError, lambda work: notice.mark_read(work, []))
    tool = dataclasses.replace(pipeline.pdm, client_id=new_id())
    await pipeline.store.refused(tool, PeopleOnlyError, lambda work: notice.mark_read(work, None))
    assert await pipeline.do(pipeline.pdm, lambda work: notice.mark_read(work, None)) == 0
    assert all(row.read_at == NOON for row in await inbox(pipeline))


async def test_mail_goes_to_whoever_has_an_address_and_wants_it(pipeline: Pipeline):
    await give_addresses(pipeline, pipeline.accounts["psm"], pipeline.accounts["bd"])
    await pipeline.do(pipeline.bd, lambda work: notice.choose(work, "queue.validation", by_mail=False))
    await pipeline.validating(account_name=ACCOUNT)
    who = names(pipeline)
    assert Counter(who[mail.receiver_id] for mail in await outbox(pipeline)) == {"pdm": 1, "psm": 1}
    assert ("queue.validation", "bd") in {(row.kind, who[row.receiver_id]) for row in await inbox(pipeline)}


async def test_a_choice_is_kept_told_in_the_journal_and_refused_for_what_never_reaches_one(pipeline: Pipeline):
    async with pipeline.store.reader() as session:
        listed = {one.kind.code: one.by_mail for one in await notice.choices(Reader(session, pipeline.pdm, NOON))}
    assert listed["queue.audit"] is True
    assert "offer.received" not in listed
    await pipeline.do(pipeline.pdm, lambda work: notice.choose(work, "queue.audit", by_mail=False))
    await pipeline.do(pipeline.pdm, lambda work: notice.choose(work, "queue.audit", by_mail=False))
    assert (await pipeline.store.operations()).count("notice.prefer") == 1
    async with pipeline.store.reader() as session:
        listed = {one.kind.code: one.by_mail for one in await notice.choices(Reader(session, pipeline.pdm, NOON))}
    assert listed["queue.audit"] is False
    for code in ("offer.received", "nonsense"):
        deed = functools.partial(notice.choose, code=code, by_mail=True)
        await pipeline.store.refused(pipeline.pdm, ValueNotAllowedError, deed)
    tool = dataclasses.replace(pipeline.pdm, client_id=new_id())
    await pipeline.store.refused(tool, PeopleOnlyError, lambda work: notice.choose(work, "queue.audit", by_mail=True))


async def test_a_system_administrator_of_a_partner_hears_nothing_of_opportunities(pipeline: Pipeline):
    """COL-7.1.12"""
    async with pipeline.store.reader() as session:
        chosen = await notice.choices(Reader(session, pipeline.administrator, NOON))
    told = {one.kind.code.partition(".")[0] for one in chosen}
    assert "lead" in told
    assert not told & {"opportunity", "offer", "queue", "deadline"}


async def test_mails_of_one_receiver_are_numbered_without_a_gap_whoever_writes_at_once(pipeline: Pipeline):
    drafts = [
        await pipeline.draft(name=f"机会点 {number}", company_name=f"苏州第{number}机械有限公司")
        for number in range(10)
    ]
    await asyncio.gather(
        *(pipeline.do(pipeline.main, lambda work, id=draft.id: domain.submit(work, id)) for draft in drafts)
    )
    mails = await outbox(pipeline)
    assert sorted(mail.sequence for mail in mails) == list(range(1, 11))
    async with pipeline.store.reader() as session:
        boxes = (await session.execute(select(Mailbox))).scalars().all()
    assert [(box.id, box.last_sequence) for box in boxes] == [(pipeline.pdm.id, 10)]


async def test_old_notices_and_mails_are_forgotten(pipeline: Pipeline):
    await pipeline.submitted()

    async def ended(work: Work) -> None:
        await work.session.execute(sa.update(OutgoingMail).values(state=MailState.SENT, ended_at=work.now))

    await pipeline.do(operator_actor(), ended)
    pipeline.store.clock.forward(days=31)
    await timers.tidy(pipeline.store, clock=pipeline.store.clock)
    assert (len(await outbox(pipeline)), len(await inbox(pipeline))) == (0, 1)
    pipeline.store.clock.forward(days=340)
    await timers.tidy(pipeline.store, clock=pipeline.store.clock)
    assert await inbox(pipeline) == []


async def test_a_notice_keeps_saying_what_happened_when_the_record_has_gone_on(pipeline: Pipeline):
    record = await pipeline.submitted()
    end = await due(pipeline, record)
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    (words,) = await reads(pipeline, pipeline.cast.zhou_pdm)
    assert notice.beijing_text(end) in words.sentence
    assert words.gone_on
    assert dict(words.details)["状态"] == domain.Status.VALIDATING.zh
    held, _ = await pipeline.shared()
    pipeline.store.clock.now = await due(pipeline, held)
    await sweep(pipeline)
    await pipeline.share(held, pipeline.cast.huaqi)
    answered = [one for one in await reads(pipeline, pipeline.accounts["bd"]) if one.title == "伙伴已答复共享的机会点"]
    assert domain.Status.AUTO_REJECTED.zh in answered[0].sentence or domain.Status.RECALLED.zh in answered[0].sentence
