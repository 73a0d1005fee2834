"""Mail by a real SMTP server: in order for each receiver, none lost, none doubled, whatever dies when."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import email
import email.policy
import re
import signal
import sys
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP, AuthResult
from sqlmodel import col, select

from api import doctor, timers
from api import mail as post_office
from api.installation import Installation
from api.mail import Console, Post, Smtp, dispatch
from api.settings import Settings, SettingsError, load
from models import notice
from models.identity import Account, operator_actor
from models.kernel.access import system_actor
from models.kernel.record import rules_of
from models.kernel.work import Work, run_write
from models.notice import MailState, OutgoingMail
from models.notice.outbox import LEASE
from models.opportunity import Opportunity
from models.partner import PartnerOrganisation
from tests.databases import open_database
from tests.field_matrix import ROLES, cell, expected, hang
from tests.people import Store
from tests.pipeline import Pipeline, pipeline
from tests.processes import command, surroundings
from tests.test_notices import give_addresses

__all__ = ["pipeline"]


@dataclasses.dataclass
class PostBox:
    """A mail server that keeps what it takes; `answers` are given before it takes anything."""

    port: int = 0
    taken: list[EmailMessage] = dataclasses.field(default_factory=list)
    answers: list[str] = dataclasses.field(default_factory=list)
    refused_receivers: set[str] = dataclasses.field(default_factory=set)
    process: asyncio.subprocess.Process | None = None
    kill_at: str | None = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """Take a receiver, or refuse him for good."""
        await self._kill("RCPT")
        if address in self.refused_receivers:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail, or give the next prepared answer."""
        if self.answers:
            return self.answers.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        assert [message["To"].addresses[0].addr_spec] == envelope.rcpt_tos
        self.taken.append(message)
        await self._kill("DATA")
        return "250 taken"

    async def _kill(self, step: str) -> None:
        if self.process is not None and self.kill_at == step:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()

    def settings(self, **more: Any) -> Settings:
        """Give the settings that send mails here."""
        given: dict[str, Any] = {
            "smtp_host": "127.0.0.1",
            "smtp_port": self.port,
            "smtp_security": "none",
            "smtp_timeout_seconds": 10,
            "mail_from": "partner-center@example.com",
            "base_url": "https://partners.example.com",
        }
        return Settings(**(given | more))

    @property
    def ids(self) -> list[str]:
        """List the Message-IDs of what was taken."""
        return [str(message["Message-ID"]) for message in self.taken]


@pytest_asyncio.fixture
async def box() -> AsyncIterator[PostBox]:
    """A mail server on this machine."""
    found = PostBox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(found, enable_SMTPUTF8=False, hostname="box"), "127.0.0.1", 0
    )
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await server.wait_closed()


def body(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def send(pipeline: Pipeline, box: PostBox, **more: Any) -> dict[str, int]:
    return dict(await dispatch(pipeline.store, Post.of(box.settings(**more)), clock=pipeline.store.clock))


async def mails(pipeline: Pipeline) -> list[OutgoingMail]:
    async with pipeline.store.reader() as session:
        query = select(OutgoingMail).order_by(col(OutgoingMail.receiver_id), col(OutgoingMail.sequence))
        return list((await session.execute(query)).scalars())


async def states(pipeline: Pipeline) -> list[str]:
    return [mail.state.value for mail in await mails(pipeline)]


async def tell(pipeline: Pipeline, record: Opportunity, *accounts: Account, times: int = 1) -> None:
    """Tell people of one record, so many times."""
    kind = notice.notice_kinds()["opportunity.closed"]
    people = {account.id for account in accounts}

    async def deed(work: Work) -> None:
        for time in range(times):
            await notice.tell(work, [notice.Message(kind, record, people, f"time {time}")])

    await pipeline.do(operator_actor(), deed)


async def waiting(pipeline: Pipeline, count: int = 1) -> list[Opportunity]:
    """Let some opportunities wait for the PDM, who is told of each."""
    return [
        await pipeline.submitted(name=f"机会点 {number}", company_name=f"苏州第{number}机械有限公司")
        for number in range(1, count + 1)
    ]


# -------------------------------------------------------------------------------------------------- what arrives


async def test_a_mail_arrives_in_the_language_of_its_receiver_with_a_link_that_he_can_follow(
    pipeline: Pipeline, box: PostBox
):
    (record,) = await waiting(pipeline)
    assert await send(pipeline, box) == {"sent": 1}
    (message,) = box.taken
    assert str(message["Subject"]) == "[伙伴中心] 机会点待审核 · 机会点 1"
    assert message["To"].addresses[0].addr_spec == "zhou.tao@huawei.com"
    assert message["From"].addresses[0].addr_spec == "partner-center@example.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "zh-CN"
    link = f"https://partners.example.com/admin/opportunities/{record.public_id}"
    for kind in ("plain", "html"):
        text = body(message, kind)
        assert "周涛，您好" in text
        assert "2026-03-05 24:00" in text
        assert link in text
        assert "https://partners.example.com/admin/preferences" in text
    assert await states(pipeline) == ["SENT"]
    assert await send(pipeline, box) == {}


async def test_in_english_no_chinese_is_left_but_for_names(pipeline: Pipeline, box: PostBox):
    async def speak_english(work: Work) -> None:
        (await work.session.get_one(Account, pipeline.pdm.id)).lang = "en"

    await pipeline.do(operator_actor(), speak_english)
    await pipeline.submitted(name="Cloud ERP", company_name="Hengyuan Precision Manufacturing")
    await send(pipeline, box)
    (message,) = box.taken
    assert str(message["Subject"]) == "[Partner Center] An opportunity to audit · Cloud ERP"
    assert message["Content-Language"] == "en"
    for kind in ("plain", "html"):
        text = body(message, kind).replace("周涛", "")
        assert not re.search(r"[一-鿿]", re.sub(r"font-family:.*?;", "", text)), text
        assert "In audit" in text


async def test_a_partners_mail_leads_to_the_portal_or_names_the_number(pipeline: Pipeline, box: PostBox):
    await give_addresses(pipeline, pipeline.cast.wang_main)
    first = await pipeline.submitted()
    await pipeline.decide(pipeline.pdm, first, "approve_audit")
    await send(pipeline, box, portal_url="https://portal.example.com")
    mine = [one for one in box.taken if one["To"].addresses[0].addr_spec == "wang.fang@example.com"]
    assert f"https://portal.example.com/opportunities/{first.public_id}" in body(mine[0], "html")
    assert "/admin" not in body(mine[0], "html")
    second = await pipeline.submitted(name="二期", company_name="苏州明德")
    await pipeline.decide(pipeline.pdm, second, "approve_audit")
    await send(pipeline, box)
    last = box.taken[-1] if box.taken[-1]["To"].addresses[0].addr_spec == "wang.fang@example.com" else box.taken[-2]
    for kind in ("plain", "html"):
        assert f"请在伙伴门户中查看：{second.public_id}" in body(last, kind)
        assert "http" not in re.sub(r"https?://www.w3.org\S*", "", body(last, kind))


async def test_what_people_wrote_is_text_in_html_and_one_line_in_the_subject(pipeline: Pipeline, box: PostBox):
    await pipeline.submitted(name="<script>alert(1)</script> & Co")

    async def break_the_line(work: Work) -> None:
        await work.session.execute(sa.update(Opportunity).values(name="a\r\nBcc: everybody@example.com <b>"))

    await pipeline.do(operator_actor(), break_the_line)
    assert await send(pipeline, box) == {"sent": 1}
    (message,) = box.taken
    assert message["Bcc"] is None
    assert str(message["Subject"]).endswith("a Bcc: everybody@example.com <b>")
    assert "<b>" not in body(message, "html")
    assert "&lt;b&gt;" in body(message, "html")


async def test_the_daily_digest_lists_what_is_due_in_both_languages(pipeline: Pipeline, box: PostBox):
    records = await waiting(pipeline, 2)
    hidden = [
        value
        for record in records
        for name in rules_of(Opportunity)
        if isinstance(value := getattr(record, name), str) and len(value) > 3
    ]
    assert {record.company_name for record in records} < set(hidden)
    await send(pipeline, box)
    box.taken.clear()
    for lang, heading, line in (
        ("zh", "[伙伴中心] 每日待办摘要", "2 项审批已超期"),
        ("en", "[Partner Center] Daily digest", "2 approvals are overdue"),
    ):

        async def speak(work: Work, lang: str = lang) -> None:
            (await work.session.get_one(Account, pipeline.pdm.id)).lang = lang

        await pipeline.do(operator_actor(), speak)
        day = 4 if lang == "zh" else 5
        pipeline.store.clock.now = dt.datetime(2026, 3, day, 0, 30, tzinfo=dt.UTC)
        await timers.remind(pipeline.store, clock=pipeline.store.clock)
        await send(pipeline, box)
        message = next(one for one in reversed(box.taken) if str(one["Subject"]) == heading)
        for kind in ("plain", "html"):
            text = body(message, kind)
            assert line in text
            assert all(record.name in text for record in records)
            assert "https://partners.example.com/admin/queue/apv_" in text
            assert [value for value in hidden if value in text] == [], "a digest names records, and no ruled field"


async def test_a_digest_of_which_nothing_is_left_is_not_sent(pipeline: Pipeline, box: PostBox):
    (record,) = await waiting(pipeline)
    await send(pipeline, box)
    pipeline.store.clock.now = dt.datetime(2026, 3, 4, 0, 30, tzinfo=dt.UTC)
    await timers.remind(pipeline.store, clock=pipeline.store.clock)
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    box.taken.clear()
    assert await send(pipeline, box) == {"dropped": 1}
    assert box.taken == []


# ------------------------------------------------------------------------------------------ who may read what in it


async def test_the_field_matrix_holds_for_mail(pipeline: Pipeline, box: PostBox):
    """Each role is written of the record what the table gives it; whoever sees none of it is not written to."""
    gallery = await hang(pipeline)
    await give_addresses(pipeline, *gallery.people.values())
    async with pipeline.store.writer() as session, session.begin():
        await session.execute(sa.update(OutgoingMail).values(state=MailState.SENT))
    kind = notice.notice_kinds()["opportunity.closed"]
    people = {account.id for account in gallery.people.values()}

    async def deed(work: Work) -> int:
        return await notice.tell(work, [notice.Message(kind, gallery.opportunity, people, "matrix")])

    await pipeline.do(operator_actor(), deed)
    await send(pipeline, box)
    got = {message["To"].addresses[0].addr_spec: message for message in box.taken}
    for role in ROLES:
        message = got.get(f"{gallery.people[role].login}@example.com")
        if cell("Opportunity/customer", role) == ".":
            assert message is None, role
            continue
        assert message is not None, role
        company = expected("Opportunity/customer", "company_name", role)
        for part in ("plain", "html"):
            text = body(message, part)
            assert (company or "（客户：—）") in text, role
            assert ("恒远" in text) == (cell("Opportunity/customer", role) == "P"), role
            assert ("请补充联系人" in text) == (cell("Opportunity/verdict", role) == "P"), role


@pytest.mark.parametrize(
    "what", ["lost sight", "read it", "chose otherwise", "left", "lost his address", "need not act any more"]
)
async def test_nothing_is_written_to_whoever(what: str, pipeline: Pipeline, box: PostBox):
    (record,) = await waiting(pipeline)

    async def deed(work: Work) -> None:
        account = await work.session.get_one(Account, pipeline.pdm.id)
        if what == "lost sight":
            (await work.session.get_one(PartnerOrganisation, pipeline.cast.huaqi.id)).pdm_id = None
        elif what == "left":
            account.active = False
        elif what == "lost his address":
            account.email = None

    await pipeline.do(operator_actor(), deed)
    if what == "need not act any more":
        await pipeline.decide(pipeline.pdm, record, "approve_audit")
    if what == "read it":
        await pipeline.do(pipeline.pdm, lambda work: notice.mark_read(work, None))
    if what == "chose otherwise":
        await pipeline.do(pipeline.pdm, lambda work: notice.choose(work, "queue.audit", by_mail=False))
    assert await send(pipeline, box) == {"dropped": 1}
    assert box.taken == []
    assert await states(pipeline) == ["DROPPED"]


# ----------------------------------------------------------------------------------------------- when sending fails


async def test_what_the_server_does_not_take_now_is_tried_again_later_each_time_and_given_up_in_the_end(
    pipeline: Pipeline, box: PostBox
):
    await waiting(pipeline, 2)
    box.answers = ["451 later"] * 8
    pauses = []
    for attempt in range(1, 8):
        assert await send(pipeline, box) == {"failed": 1}
        first, second = await mails(pipeline)
        assert (first.state, first.attempts, second.attempts) == (MailState.WAITING, attempt, 0)
        assert "451" in (first.failure or "")
        pauses.append(int((first.next_attempt_at - pipeline.store.clock.now).total_seconds()))
        assert await send(pipeline, box) == {}
        pipeline.store.clock.now = first.next_attempt_at
    assert pauses == [60, 120, 240, 480, 960, 1920, 3840]
    assert await send(pipeline, box) == {"failed": 1, "sent": 1}
    assert await states(pipeline) == ["DEAD", "SENT"]
    assert [str(one["Subject"])[-1] for one in box.taken] == ["2"]


@pytest.mark.parametrize("how", ["receiver", "mail"])
async def test_what_the_server_never_takes_is_given_up_at_once(how: str, pipeline: Pipeline, box: PostBox):
    await waiting(pipeline)
    if how == "receiver":
        box.refused_receivers = {"zhou.tao@huawei.com"}
    else:
        box.answers = ["554 refused"]
    assert await send(pipeline, box) == {"refused": 1}
    assert await states(pipeline) == ["DEAD"]


async def test_a_server_that_is_away_loses_nothing(pipeline: Pipeline, box: PostBox):
    await waiting(pipeline)
    assert await send(pipeline, box, smtp_port=1) == {"failed": 1}
    pipeline.store.clock.forward(minutes=1)
    assert await send(pipeline, box) == {"sent": 1}


async def test_a_server_that_says_nothing_is_waited_for_no_longer_than_the_setting_says(pipeline: Pipeline):
    await waiting(pipeline)

    class Silent:
        async def send(self, message: EmailMessage) -> None:
            await asyncio.sleep(60)

    post = dataclasses.replace(Post.of(Settings()), transport=Silent(), seconds=0.05)  # type: ignore[arg-type]
    assert await dispatch(pipeline.store, post, clock=pipeline.store.clock) == {"failed": 1}


async def test_one_receivers_trouble_is_not_anothers(pipeline: Pipeline, box: PostBox):
    await give_addresses(pipeline, pipeline.cast.wang_main)
    (record,) = await waiting(pipeline)
    await tell(pipeline, record, pipeline.cast.wang_main)
    box.refused_receivers = {"zhou.tao@huawei.com"}
    assert await send(pipeline, box) == {"refused": 1, "sent": 1}


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.slow
async def test_a_password_is_given_to_the_server_that_asks_for_one(pipeline: Pipeline):
    seen: list[Any] = []

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"right")

    box = PostBox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, hostname="box", authenticator=check, auth_required=True, auth_require_tls=False),
        "127.0.0.1",
        0,
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        await waiting(pipeline)
        assert await send(pipeline, box, smtp_user="center", smtp_password="wrong") == {"failed": 1}
        pipeline.store.clock.forward(minutes=1)
        assert await send(pipeline, box, smtp_user="center", smtp_password="right") == {"sent": 1}
    finally:
        server.close()
        await server.wait_closed()
    assert seen[-1] == (b"center", b"right")
    (mail,) = await mails(pipeline)
    assert "wrong" not in (mail.failure or "")


# ------------------------------------------------------------------------------------- several processes, and death


async def test_two_that_send_at_once_send_each_mail_once_and_each_receivers_in_order(pipeline: Pipeline, box: PostBox):
    people = (pipeline.accounts["psm"], pipeline.accounts["owner"], pipeline.cast.wang_main, pipeline.cast.zhou_pdm)
    await give_addresses(pipeline, *people)
    record = await pipeline.validated(account_name="hengyuan_cloud")
    async with pipeline.store.writer() as session, session.begin():
        await session.execute(sa.update(OutgoingMail).values(state=MailState.SENT))
    before = len(await mails(pipeline))
    await tell(pipeline, record, *people, times=8)
    expected_mails = len(await mails(pipeline)) - before
    assert expected_mails == 8 * 4
    url = pipeline.store.writer.kw["bind"].url.render_as_string(hide_password=False)
    others = [open_database(url) for _ in range(3)]
    try:
        stores = [Store(each.writer, each.reader, clock=pipeline.store.clock) for each in others]
        post = Post.of(box.settings())
        await asyncio.gather(*(dispatch(store, post, clock=store.clock) for store in stores))
    finally:
        for each in others:
            await each.dispose()
    assert set(await states(pipeline)) == {"SENT"}
    assert len(box.ids) == len(set(box.ids)) == expected_mails
    by_receiver: dict[str, list[str]] = {}
    for message in box.taken:
        by_receiver.setdefault(message["To"].addresses[0].addr_spec, []).append(str(message["Message-ID"]))
    sent = {f"<{mail.public_id}@example.com>": mail.sequence for mail in await mails(pipeline)}
    for got in by_receiver.values():
        assert [sent[one] for one in got] == sorted(sent[one] for one in got)


@dataclasses.dataclass
class Dying:
    """A process that dies while it sends: before the server has taken the mail, or after."""

    inner: Any
    after: bool

    async def send(self, message: EmailMessage) -> None:
        """Die."""
        if self.after:
            await self.inner.send(message)
        raise asyncio.CancelledError


@pytest.mark.parametrize("after", [False, True], ids=["before the server took it", "after the server took it"])
async def test_what_a_dead_process_held_is_sent_by_the_next_under_the_same_id(
    after: bool, pipeline: Pipeline, box: PostBox
):
    await waiting(pipeline, 2)
    post = Post.of(box.settings())
    dying = dataclasses.replace(post, transport=Dying(post.transport, after))
    with pytest.raises(asyncio.CancelledError):
        await dispatch(pipeline.store, dying, clock=pipeline.store.clock)
    assert await states(pipeline) == ["WAITING", "WAITING"]
    assert await send(pipeline, box) == {}, "the lease of the dead still holds"
    pipeline.store.clock.forward(minutes=3)
    assert await send(pipeline, box) == {"sent": 2}
    first, second = (f"<{mail.public_id}@example.com>" for mail in await mails(pipeline))
    assert box.ids == [*([first] if after else []), first, second]


async def test_whoever_comes_back_late_changes_nothing_of_what_another_took_over(pipeline: Pipeline, box: PostBox):
    await waiting(pipeline)
    clock = pipeline.store.clock
    (late,) = await run_write(pipeline.store, system_actor(), notice.claim, clock=clock)
    clock.forward(minutes=3)
    (taken_over,) = await run_write(pipeline.store, system_actor(), notice.claim, clock=clock)
    assert (late.id, late.attempt, taken_over.attempt) == (taken_over.id, 1, 2)
    for mark in (
        lambda work: notice.mark_sent(work, late),
        lambda work: notice.mark_failed(work, late, "late", for_good=True),
        lambda work: notice.mark_dropped(work, late, "late"),
    ):
        assert await run_write(pipeline.store, system_actor(), mark, clock=clock) is False
    assert await run_write(pipeline.store, system_actor(), lambda work: notice.mark_sent(work, taken_over), clock=clock)
    assert await states(pipeline) == ["SENT"]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["RCPT", "DATA"])
async def test_a_process_that_is_killed_while_it_sends_loses_nothing(step: str, pipeline: Pipeline, box: PostBox):
    """SIGKILL before the server has taken the mail, and after, before it is written down."""
    await waiting(pipeline, 2)
    url = pipeline.store.writer.kw["bind"].url.render_as_string(hide_password=False)
    settings = {
        "smtp_host": "127.0.0.1",
        "smtp_port": str(box.port),
        "smtp_security": "none",
        "mail_from": "partner-center@example.com",
    }
    script = (
        "import asyncio\n"
        "from api import mail\nfrom api.installation import opened\nfrom api.settings import load\n"
        "async def main():\n"
        "    settings = load()\n"
        "    async with opened(settings) as house:\n"
        "        await mail.dispatch(house, mail.Post.of(settings))\n"
        "asyncio.run(main())\n"
    )
    box.kill_at = step
    box.process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env=surroundings(url, **settings))
    assert await asyncio.wait_for(box.process.wait(), 60) == -signal.SIGKILL
    box.process = None
    assert await states(pipeline) == ["WAITING", "WAITING"]
    pipeline.store.clock.now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=4)
    await send(pipeline, box)
    assert await states(pipeline) == ["SENT", "SENT"]
    first, second = (f"<{mail.public_id}@example.com>" for mail in await mails(pipeline))
    assert box.ids == [*([first] if step == "DATA" else []), first, second]


# ------------------------------------------------------------------------------------------------ how it is run


async def test_without_a_server_mails_are_printed(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]):
    await waiting(pipeline)
    post = Post.of(Settings())
    assert isinstance(post.transport, Console)
    assert isinstance(Post.of(Settings(smtp_host="127.0.0.1")).transport, Smtp)
    await dispatch(pipeline.store, post, clock=pipeline.store.clock)
    printed = capsys.readouterr().out
    assert "机会点待审核" in printed
    assert "zhou.tao@huawei.com" in printed


async def test_the_post_office_works_in_the_background_and_finishes_what_it_sends(pipeline: Pipeline, box: PostBox):
    await waiting(pipeline, 3)
    settings = box.settings(mail_interval_seconds=3600)
    async with post_office.running(pipeline.store, settings, clock=pipeline.store.clock):
        for _ in range(300):
            if box.taken:
                break
            await asyncio.sleep(0.01)
    done = [state for state in await states(pipeline) if state == "SENT"]
    assert 1 <= len(done) == len(box.taken)
    assert all(mail.lease_until is None for mail in await mails(pipeline))
    assert "mail" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_mail_that_cannot_be_written_holds_up_no_other_receiver(
    pipeline: Pipeline, box: PostBox, monkeypatch: pytest.MonkeyPatch
):
    await give_addresses(pipeline, pipeline.cast.wang_main)
    (record,) = await waiting(pipeline)
    await tell(pipeline, record, pipeline.cast.wang_main)
    compose = notice.compose

    async def fails_for_the_pdm(reader: Any, mail: notice.Claimed) -> Any:
        if mail.receiver_id == pipeline.pdm.id:
            raise RuntimeError("broken")
        return await compose(reader, mail)

    monkeypatch.setattr(notice, "compose", fails_for_the_pdm)
    assert await send(pipeline, box) == {"failed": 1, "sent": 1}


async def test_what_only_a_newer_version_can_write_waits_for_it(pipeline: Pipeline, box: PostBox):
    """While an installation is brought up to date, old and new processes share one outbox."""
    await waiting(pipeline, 2)
    first, second = await mails(pipeline)
    async with pipeline.store.writer() as session, session.begin():
        await session.execute(
            sa.update(OutgoingMail).where(col(OutgoingMail.id) == first.id).values(letter="of tomorrow")
        )
        await session.execute(
            sa.update(notice.Notice).where(col(notice.Notice.id) == second.subject_id).values(kind="of tomorrow")
        )
    assert await send(pipeline, box) == {"failed": 1}
    async with pipeline.store.writer() as session, session.begin():
        await session.execute(sa.update(OutgoingMail).where(col(OutgoingMail.id) == first.id).values(letter="notice"))
    pipeline.store.clock.forward(minutes=1)
    assert await send(pipeline, box) == {"sent": 1, "failed": 1}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("mail_from", "partner-center", "PARTNER_CENTER_MAIL_FROM: .* is no mail address"),
        ("mail_from", "Center <center@example.com>", "PARTNER_CENTER_MAIL_FROM: .* is no mail address"),
        ("smtp_security", "ssl", "PARTNER_CENTER_SMTP_SECURITY: "),
        ("smtp_timeout_seconds", "600", "PARTNER_CENTER_SMTP_TIMEOUT_SECONDS: "),
        ("portal_url", "portal.example.com", "PARTNER_CENTER_PORTAL_URL: .* is no origin"),
    ],
)
def test_settings_of_mail_that_do_not_serve_are_named(name: str, value: str, sentence: str):
    with pytest.raises(SettingsError, match=sentence):
        load(**{name: value})


def test_no_attempt_outlasts_the_time_for_which_a_mail_is_held():
    longest = next(one for one in Settings.model_fields["smtp_timeout_seconds"].metadata if hasattr(one, "le"))
    assert dt.timedelta(seconds=longest.le) < LEASE


async def test_the_doctor_counts_what_was_given_up(pipeline: Pipeline, box: PostBox):
    store = pipeline.store
    url = store.writer.kw["bind"].url.render_as_string(hide_password=False)
    house = Installation(box.settings(database_url=url), None, store.writer, store.reader, store.journal_key)  # type: ignore[arg-type]

    async def said() -> str:
        found = await doctor._mail(house, store.clock)
        return f"{found.what} {found.todo or ''}"

    await waiting(pipeline)
    assert "1 mails wait" in await said()
    box.refused_receivers = {"zhou.tao@huawei.com"}
    await send(pipeline, box)
    assert "1 mails of the last days were given up. Look at the log" in await said()


@pytest.mark.slow
async def test_the_command_sweep_reminds_and_sends(pipeline: Pipeline, box: PostBox):
    await waiting(pipeline, 2)
    url = pipeline.store.writer.kw["bind"].url.render_as_string(hide_password=False)
    settings = {"smtp_host": "127.0.0.1", "smtp_port": str(box.port), "smtp_security": "none"}
    code, printed = await command(url, "sweep", **settings)
    assert code == 0, printed
    assert re.search(r"^Mails \w+: \d+$", printed, re.MULTILINE), printed
    assert "WAITING" not in await states(pipeline)
