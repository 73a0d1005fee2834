"""Sends what waits in the outbox: claimed by one process, sent at least once, in order for each receiver."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from typing import Protocol

import aiosmtplib

from api import metrics
from api.letters import Desk
from api.logs import log
from api.plain import out
from api.settings import Settings
from models import notice
from models.identity import Account, SignInRequiredError, actor_of
from models.kernel.access import system_actor
from models.kernel.reads import Reader
from models.kernel.work import Clock, Store, run_write, utc_now

AT_ONCE = 10


class RefusedForGoodError(Exception):
    """The receiver's server will never take this mail."""


class Transport(Protocol):
    """A way by which mails go out (发送方式)."""

    async def send(self, message: EmailMessage) -> None:
        """Hand a mail over, or raise; RefusedForGoodError where trying again is of no use."""


class Console:
    """Prints mails instead of sending them, for development."""

    async def send(self, message: EmailMessage) -> None:
        """Print the mail's text."""
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        out.print(f"--- mail to {message['To']}: {message['Subject']}\n{text}---", markup=False, highlight=False)


@dataclass(frozen=True)
class Smtp:
    """Sends mails by an SMTP server."""

    settings: Settings

    async def send(self, message: EmailMessage) -> None:
        """Hand a mail over; the server's 5xx about the mail or its receiver is for good, everything else for now."""
        settings = self.settings
        password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
        try:
            async with aiosmtplib.SMTP(
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user,
                password=password,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=settings.smtp_timeout_seconds,
            ) as server:
                await server.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(500 <= one.code < 600 for one in error.recipients):
                raise RefusedForGoodError(str(error.recipients[0].code)) from error
            raise
        except aiosmtplib.SMTPDataError as error:
            if 500 <= error.code < 600:
                raise RefusedForGoodError(str(error.code)) from error
            raise


def transport_of(settings: Settings) -> Transport:
    """Choose the way by which mails go out: SMTP where a server is set, else the console."""
    return Smtp(settings) if settings.smtp_host else Console()


@dataclass(frozen=True)
class Post:
    """The post office (邮局): where mails are written, how they go out, and how long one may take."""

    desk: Desk
    transport: Transport
    seconds: int

    @classmethod
    def of(cls, settings: Settings) -> "Post":
        """Open it as the settings say."""
        return cls(Desk(settings), transport_of(settings), settings.smtp_timeout_seconds)


async def dispatch(
    store: Store, post: Post, *, clock: Clock = utc_now, stop: asyncio.Event | None = None
) -> Counter[str]:
    """Send every mail whose time has come; answer how each ended: sent, dropped, failed or given up.

    Any number of processes may do so at once. One that dies between handing a mail over and writing that down leaves
    it to the next, which sends it again under the same Message-ID.
    """
    ended: Counter[str] = Counter()
    claim = partial(notice.claim, limit=AT_ONCE)
    while not (stop and stop.is_set()) and (mails := await run_write(store, system_actor(), claim, clock=clock)):
        for outcome in await asyncio.gather(*(_send(store, post, mail, clock) for mail in mails)):
            metrics.mail_ended(outcome)
            ended[outcome] += 1
    return ended


async def _send(store: Store, post: Post, mail: notice.Claimed, clock: Clock) -> str:
    try:
        message = await _written(store, post, mail, clock)
        if message is None:
            why = "nothing to tell any more"
            await run_write(store, system_actor(), lambda work: notice.mark_dropped(work, mail, why), clock=clock)
            return "dropped"
        async with asyncio.timeout(post.seconds):
            await post.transport.send(message)
    except Exception as error:
        for_good = isinstance(error, RefusedForGoodError)
        why = f"{type(error).__name__}: {error}"
        log.warning("a mail could not be sent", mail=mail.public_id, attempt=mail.attempt, error=why)
        await run_write(
            store, system_actor(), lambda work: notice.mark_failed(work, mail, why, for_good=for_good), clock=clock
        )
        return "refused" if for_good else "failed"
    await run_write(store, system_actor(), lambda work: notice.mark_sent(work, mail), clock=clock)
    return "sent"


async def _written(store: Store, post: Post, mail: notice.Claimed, clock: Clock) -> EmailMessage | None:
    now = clock()
    async with store.reader() as session:
        account = await session.get(Account, mail.receiver_id)
        try:
            actor = await actor_of(session, mail.receiver_id, now=now)
        except SignInRequiredError:
            return None
        if account is None:
            return None
        letter = await notice.compose(Reader(session, actor, now), mail)
    if letter is None or not (letter.to or account.email):
        return None
    return post.desk.write(letter, mail, account, now)


@asynccontextmanager
async def running(store: Store, settings: Settings, *, clock: Clock = utc_now) -> AsyncIterator[None]:
    """Send in the background until the block ends; what is being sent then is finished."""
    stop = asyncio.Event()
    task = asyncio.create_task(_dispatch_until(stop, store, settings, clock), name="mail")
    try:
        yield
    finally:
        stop.set()
        await task


async def _dispatch_until(stop: asyncio.Event, store: Store, settings: Settings, clock: Clock) -> None:
    post = Post.of(settings)
    while not stop.is_set():
        try:
            await dispatch(store, post, clock=clock, stop=stop)
        except Exception:
            log.exception("the outbox could not be emptied; the next round tries again")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.mail_interval_seconds)
