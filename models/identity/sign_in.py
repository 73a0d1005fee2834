"""Signing in: throttled, locked out after too many failures, and silent on what was wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.identity.members import end_sessions
from models.identity.proofs import hash_password, keyed, outdated, password_fits, read_signed, sign
from models.identity.record import Account, SignInFailure
from models.identity.rules import (
    FAILURES_PER_ADDRESS,
    FAILURES_PER_LOGIN,
    LOCK_AFTER,
    LOCK_MINUTES,
    RESET_LINK_HOURS,
    WINDOW_MINUTES,
    PasswordUnchangedError,
    PeopleOnlyError,
    ResetLinkNotValidError,
    SignInThrottledError,
    WrongCredentialsError,
    check_password,
)
from models.identity.sessions import SESSION_BEGUN, stranger
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.values import parse_public_id
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from models.rights import Right

T = TypeVar("T")
Begin = Callable[[Work, Account], Awaitable[T]]

FAILED: Final = Operation("session.refuse", "登录失败", "Sign-in failed", "session", "refuseSession")
LOCKED: Final = Operation("account.lock", "锁定账号", "Lock an account", "account", "lockAccount")
PASSWORD_CHANGED: Final = Operation(
    "account.change_password", "修改密码", "Change the password", "account", "changePassword"
)
PASSWORD_RESET: Final = Operation(
    "account.reset_password", "重置密码", "Reset the password", "account", "resetPassword"
)
LINK_MADE: Final = Operation(
    "account.make_reset_link", "生成重置链接", "Make a reset link", "account", "createPasswordResetLink"
)
RESET: Final = "password-reset"


@dataclass(frozen=True)
class Credentials:
    """What somebody signs in with (登录凭据), and the address that he comes from."""

    login: str
    password: str
    address: str = ""


@dataclass(frozen=True)
class _Trace:
    login_hash: str
    address_hash: str


async def sign_in(
    store: Store,
    given: Credentials,
    begin: Begin[T],
    *,
    clock: Clock = utc_now,
    request_id: str | None = None,
) -> T:
    """Let somebody in who knows the password, and begin what `begin` begins.

    An unknown login and a wrong password get the same answer in the same time. Failures count per login, known or not,
    and per address; an account is locked after too many in a row.
    """
    login = given.login.strip().casefold()
    trace = _Trace(keyed(login, store.journal_key), keyed(given.address, store.journal_key))
    async with store.reader() as session:
        look = Work(session, stranger(), clock(), journal_key=store.journal_key)
        refuse([await _throttle(look, trace)])
        known: Account | None = await look.first(select(Account).where(col(Account.login) == login))
        password_hash = known.password_hash if known else None
    fits = await password_fits(given.password, password_hash)
    renewed = await hash_password(given.password) if fits and password_hash and outdated(password_hash) else None

    async def enter(work: Work) -> T | DomainError:
        account: Account | None = await work.first(select(Account).where(col(Account.login) == login).with_for_update())
        if (refused := await _throttle(work, trace)) is not None:
            return refused
        held = account is not None and account.locked_until is not None and work.now < account.locked_until
        if account is None or not fits or account.password_hash != password_hash or not account.active or held:
            await _count_failure(work, account, trace, held=held)
            return WrongCredentialsError()
        account.failed_attempts, account.locked_until, account.last_login_at = 0, None, work.now
        account.password_hash = renewed or account.password_hash
        await work.session.execute(sa.delete(SignInFailure).where(col(SignInFailure.login_hash) == trace.login_hash))
        as_himself = Work(
            work.session, _himself(account), work.now, journal_key=store.journal_key, request_id=work.request_id
        )
        as_himself.note(SESSION_BEGUN, account)
        return await begin(as_himself, account)

    outcome = await run_write(store, stranger(), enter, clock=clock, request_id=request_id)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


async def change_password(
    store: Store,
    actor: Actor,
    present: str,
    new: str,
    begin: Begin[T],
    *,
    address: str = "",
    clock: Clock = utc_now,
    request_id: str | None = None,
) -> T:
    """Change one's own password (COL-7.1.13): every session ends, and what `begin` begins takes their place."""
    if actor.client_id is not None:
        raise PeopleOnlyError()
    async with store.reader() as session:
        account = await session.get(Account, actor.id)
    if account is None:
        raise NotFoundError()
    refuse(check_password(new, account.login, path="new"))
    if new == present:
        raise PasswordUnchangedError(path="new")
    password_hash = await hash_password(new)

    async def change(work: Work, account: Account) -> T:
        account.password_hash, account.must_change_password = password_hash, False
        _touch(work, account)
        await end_sessions(work, account.id)
        work.note(PASSWORD_CHANGED, account)
        return await begin(work, account)

    return await sign_in(
        store, Credentials(account.login, present, address), change, clock=clock, request_id=request_id
    )


async def make_reset_link(work: Work, account_id: UUID, *, key: bytes) -> str:
    """Make the signed token of a link that sets a new password once, and say so in the journal."""
    if work.actor.client_id is not None:
        raise PeopleOnlyError()
    work.actor.require(Right.ACCOUNT_MANAGE)
    account = await work.get(Account, account_id)
    hours = await work.policy(RESET_LINK_HOURS)
    work.note(LINK_MADE, account)
    return sign(
        RESET,
        key,
        until=work.now + dt.timedelta(hours=hours),
        sub=account.public_id,
        fit=keyed(account.password_hash, key),
    )


async def reset_password(
    store: Store, token: str, new: str, *, key: bytes, clock: Clock = utc_now, request_id: str | None = None
) -> None:
    """Set a new password by a link: it holds once, since it is bound to the password that it replaces."""
    facts = read_signed(token, RESET, key, now=clock())
    if facts is None:
        raise ResetLinkNotValidError()
    account_id = parse_public_id(facts["sub"])[1]
    async with store.reader() as session:
        found = await session.get(Account, account_id)
    if found is None:
        raise ResetLinkNotValidError()
    refuse(check_password(new, found.login))
    password_hash = await hash_password(new)

    async def reset(work: Work) -> None:
        account: Account | None = await work.first(
            select(Account).where(col(Account.id) == account_id).with_for_update()
        )
        if account is None or not account.active or keyed(account.password_hash, key) != facts["fit"]:
            raise ResetLinkNotValidError()
        account.password_hash, account.must_change_password = password_hash, False
        account.failed_attempts, account.locked_until = 0, None
        _touch(work, account)
        await end_sessions(work, account.id)
        Work(work.session, _himself(account), work.now, journal_key=store.journal_key, request_id=work.request_id).note(
            PASSWORD_RESET, account
        )

    await run_write(store, stranger(), reset, clock=clock, request_id=request_id)


async def _throttle(work: Work, trace: _Trace) -> DomainError | None:
    """Refuse while a login or an address has failed too often within the window."""
    minutes = await work.policy(WINDOW_MINUTES)
    since = work.now - dt.timedelta(minutes=minutes)
    limits: list[tuple[Any, int]] = [
        (col(SignInFailure.login_hash) == trace.login_hash, await work.policy(FAILURES_PER_LOGIN)),
        (col(SignInFailure.address_hash) == trace.address_hash, await work.policy(FAILURES_PER_ADDRESS)),
    ]
    for whose, limit in limits:
        if await work.count(select(SignInFailure.id).where(whose, col(SignInFailure.at) > since)) >= limit:
            return SignInThrottledError(minutes=minutes)
    return None


async def _count_failure(work: Work, account: Account | None, trace: _Trace, *, held: bool) -> None:
    minutes = await work.policy(WINDOW_MINUTES)
    await work.session.execute(
        sa.delete(SignInFailure).where(col(SignInFailure.at) < work.now - dt.timedelta(minutes=minutes))
    )
    work.add(SignInFailure(at=work.now, login_hash=trace.login_hash, address_hash=trace.address_hash))
    if account is None:
        return
    work.note(FAILED, account)
    # While an account is locked its count stands still; otherwise a stranger could keep it locked for ever.
    if held or not account.active:
        return
    account.failed_attempts += 1
    if account.failed_attempts >= await work.policy(LOCK_AFTER):
        locked_for = await work.policy(LOCK_MINUTES)
        account.failed_attempts = 0
        account.locked_until = work.now + dt.timedelta(minutes=locked_for)
        work.note(LOCKED, account, after={"locked_until": account.locked_until})


def _himself(account: Account) -> Actor:
    return Actor(
        id=account.id,
        name=account.name,
        side=account.side,
        partner_id=account.partner_id,
        customer_id=account.customer_id,
        office_id=account.office_id,
    )


def _touch(work: Work, account: Account) -> None:
    account.version += 1
    account.updated_at = work.now
