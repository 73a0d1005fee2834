"""Sessions: visits to the back-office by cookie, and of portal frontends by access and refresh token."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.identity.access import ACTOR_COLUMNS, SignInRequiredError, actor_among, with_roles
from models.identity.proofs import hash_secret, new_secret, read_signed, same, sign
from models.identity.record import Account, AccountRole, ApiSession, BackOfficeSession
from models.identity.rules import PeopleOnlyError, RefreshTokenReusedError
from models.kernel.access import SYSTEM_ID, Actor, Side
from models.kernel.errors import DomainError
from models.kernel.journal import Operation
from models.kernel.reads.fetch import Fetch
from models.kernel.reads.statement import given
from models.kernel.values import Uid, parse_public_id, public_id
from models.kernel.work import Clock, Store, Work, run_write, utc_now

SESSION_BEGUN: Final = Operation("session.create", "登录", "Sign in", "session", "createSession")
SESSION_ENDED: Final = Operation("session.end", "退出登录", "Sign out", "session", "endSession")
SESSION_REUSED: Final = Operation(
    "session.reuse", "刷新令牌被重复使用，会话已结束", "Refresh token reused, session ended", "session", "revokeSession"
)
ACCESS: Final = "access"
REFRESH: Final = "pcr"
COOKIE: Final = "pcb"
# A visit's last use is written down at most this often.
NOTED_EVERY: Final = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class SessionTerms:
    """How long sessions live (会话期限), and the keys that sign access tokens and reset links."""

    key: bytes
    reset_key: bytes
    access: dt.timedelta
    refresh: dt.timedelta
    idle: dt.timedelta
    absolute: dt.timedelta


@dataclass(frozen=True)
class IssuedSession:
    """What a portal frontend gets when it signs in or refreshes (门户会话凭证)."""

    session_id: UUID
    account_id: UUID
    must_change_password: bool
    access_token: str
    access_expires_at: dt.datetime
    refresh_token: str
    refresh_expires_at: dt.datetime

    @property
    def public_id(self) -> str:
        """Give the session's id as the API prints it."""
        return public_id(ApiSession.prefix, self.session_id)


@dataclass(frozen=True)
class Visit:
    """What the back-office's cookie holds (后台会话凭证)."""

    session_id: UUID
    account_id: UUID
    must_change_password: bool
    token: str
    expires_at: dt.datetime


def stranger() -> Actor:
    """Give the actor of somebody who has not signed in yet."""
    return Actor(id=SYSTEM_ID, name="未登录 Not signed in", side=Side.SYSTEM)


async def begin_session(work: Work, account: Account, terms: SessionTerms) -> IssuedSession:
    """Begin a portal frontend's session."""
    family, refresh = new_secret(REFRESH), new_secret(REFRESH)
    row = ApiSession(
        account_id=account.id,
        family_hash=hash_secret(family),
        refresh_hash=hash_secret(refresh),
        started_at=work.now,
        refreshed_at=work.now,
        expires_at=work.now + terms.refresh,
    )
    work.add(row)
    return _issued(row, account, family, refresh, work.now, terms)


async def refresh_session(
    store: Store, token: str, terms: SessionTerms, *, clock: Clock = utc_now, request_id: str | None = None
) -> IssuedSession:
    """Give new tokens for a refresh token, once; a token that was used before ends the whole session."""

    async def refresh(work: Work) -> IssuedSession | DomainError:
        named, _, secrets = token.partition(".")
        family, _, secret = secrets.partition(".")
        row: ApiSession | None = await work.first(
            select(ApiSession).where(col(ApiSession.id) == _session_id(named)).with_for_update()
        )
        if row is None or not same(row.family_hash, hash_secret(family)) or not _open(row, work.now):
            return SignInRequiredError()
        account: Account | None = await work.first(select(Account).where(col(Account.id) == row.account_id))
        if account is None or not account.active:
            return SignInRequiredError()
        if not same(row.refresh_hash, hash_secret(secret)):
            row.ended_at = work.now
            work.note(SESSION_REUSED, account)
            return RefreshTokenReusedError()
        successor = new_secret(REFRESH)
        row.refresh_hash = hash_secret(successor)
        row.refreshed_at = work.now
        return _issued(row, account, family, successor, work.now, terms)

    return settled(await run_write(store, stranger(), refresh, clock=clock, request_id=request_id))


async def end_session(work: Work, session_id: UUID) -> None:
    """End a session of one's own: its access token and its refresh token hold no longer."""
    await _end(work, await work.get(ApiSession, session_id))


async def end_visit(work: Work, session_id: UUID) -> None:
    """Leave the back-office: the cookie's token holds no longer."""
    await _end(work, await work.get(BackOfficeSession, session_id))


async def actor_of_access(session: AsyncSession, token: str, terms: SessionTerms, now: dt.datetime) -> Actor:
    """Find the person behind an access token; one whose session has ended holds no longer, whatever the token says."""
    facts = read_signed(token, ACCESS, terms.key, now=now)
    if facts is None:
        raise SignInRequiredError()
    lines = await _SESSION(session, session_id=_session_id(str(facts.get("sid"))))
    if not lines:
        raise SignInRequiredError()
    expires_at, ended_at = lines[0][-2:]
    if ended_at is not None or now >= expires_at:
        raise SignInRequiredError()
    ends = min(expires_at, dt.datetime.fromtimestamp(facts["exp"], dt.UTC))
    return (await actor_among(session, lines, now=now)).ending(ends)


_sessions, _accounts = ApiSession.__table__, Account.__table__  # type: ignore[attr-defined]
# Session, account and roles in one statement, because every request of a portal frontend begins with it.
_SESSION: Final = Fetch(
    sa.select(*ACTOR_COLUMNS, _sessions.c.expires_at, _sessions.c.ended_at)
    .select_from(with_roles(_sessions.join(_accounts, _accounts.c.id == _sessions.c.account_id)))
    .where(_sessions.c.id == given("session_id", Uid()))
    .order_by(AccountRole.__table__.c.id)  # type: ignore[attr-defined]
)


async def begin_visit(work: Work, account: Account, terms: SessionTerms, *, instead_of: str | None = None) -> Visit:
    """Begin a visit to the back-office with a new token; the one that the browser had before ends."""
    if instead_of:
        await work.session.execute(
            sa.update(BackOfficeSession)
            .where(
                col(BackOfficeSession.token_hash) == hash_secret(instead_of), col(BackOfficeSession.ended_at).is_(None)
            )
            .values(ended_at=work.now)
        )
    token = new_secret(COOKIE)
    row = BackOfficeSession(
        account_id=account.id,
        token_hash=hash_secret(token),
        started_at=work.now,
        last_seen_at=work.now,
        expires_at=work.now + terms.absolute,
    )
    work.add(row)
    return Visit(row.id, account.id, account.must_change_password, token, row.expires_at)


async def visit_of_cookie(
    session: AsyncSession, token: str, terms: SessionTerms, now: dt.datetime
) -> BackOfficeSession:
    """Find the visit of a cookie's token; it ends when idle for too long, and in any case after its time."""
    token_hash = hash_secret(token)
    row = (
        await session.execute(sa.select(BackOfficeSession).where(col(BackOfficeSession.token_hash) == token_hash))
    ).scalar()
    if row is None or not same(row.token_hash, token_hash) or not _open(row, now):
        raise SignInRequiredError()
    if now - row.last_seen_at >= terms.idle:
        raise SignInRequiredError()
    return row


async def note_seen(store: Store, row: BackOfficeSession, now: dt.datetime) -> None:
    """Write down that a visit goes on, at most once a minute."""
    if now - row.last_seen_at < NOTED_EVERY:
        return

    async def write(work: Work) -> None:
        await work.session.execute(
            sa.update(BackOfficeSession).where(col(BackOfficeSession.id) == row.id).values(last_seen_at=now)
        )

    await run_write(store, stranger(), write)


async def forget_old_sessions(work: Work, *, before: dt.datetime) -> int:
    """Delete sessions that ran out before an instant; the journal keeps who signed in."""
    gone = 0
    for kind in (BackOfficeSession, ApiSession):
        done = await work.session.execute(sa.delete(kind).where(col(kind.expires_at) < before))
        gone += int(getattr(done, "rowcount", 0))
    return gone


def settled(outcome: IssuedSession | DomainError) -> IssuedSession:
    """Raise a refusal that had to be written down first."""
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


async def _end(work: Work, row: ApiSession | BackOfficeSession) -> None:
    if work.actor.client_id is not None:
        raise PeopleOnlyError()
    if row.ended_at is None:
        row.ended_at = work.now
        work.note(SESSION_ENDED, await work.get(Account, row.account_id))


def _open(row: ApiSession | BackOfficeSession, now: dt.datetime) -> bool:
    return row.ended_at is None and now < row.expires_at


def _session_id(text: str) -> UUID:
    try:
        prefix, session_id = parse_public_id(text)
    except ValueError:
        raise SignInRequiredError() from None
    if prefix != ApiSession.prefix:
        raise SignInRequiredError()
    return session_id


def _issued(
    row: ApiSession, account: Account, family: str, refresh: str, now: dt.datetime, terms: SessionTerms
) -> IssuedSession:
    until = min(now + terms.access, row.expires_at)
    return IssuedSession(
        session_id=row.id,
        account_id=account.id,
        must_change_password=account.must_change_password,
        access_token=sign(ACCESS, terms.key, until=until, sid=row.public_id, sub=account.public_id),
        access_expires_at=until,
        refresh_token=f"{row.public_id}.{family}.{refresh}",
        refresh_expires_at=row.expires_at,
    )
