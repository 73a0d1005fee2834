"""Signing in, staying signed in, and being shut out: in portals and in the back-office."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import Any

import jwt
import pytest
from pydantic import SecretStr
from sqlmodel import col, select
from starlette.requests import Request

from admin.viewer import House, Viewer, viewer_of_cookie
from api.identity import authenticate, session_terms
from api.settings import Settings
from models.identity import (
    Account,
    ApiSession,
    BackOfficeSession,
    Credentials,
    PasswordTooSimpleError,
    PasswordUnchangedError,
    RefreshTokenReusedError,
    ResetLinkNotValidError,
    SignInRequiredError,
    SignInThrottledError,
    WrongCredentialsError,
    begin_session,
    begin_visit,
    change_password,
    deactivate,
    end_session,
    end_visit,
    forget_old_sessions,
    make_reset_link,
    operator_actor,
    refresh_session,
    reset_password,
    sign_in,
    unlock,
)
from models.identity.rules import FAILURES_PER_ADDRESS
from models.kernel.errors import LengthError, PermissionDeniedError
from models.kernel.policy import PolicyRow
from models.kernel.work import Work
from models.rights import PRESETS, Preset
from tests.people import PASSWORD, Cast, Store, cast, open_person, store

__all__ = ["cast", "store"]

SETTINGS = Settings(_env_file=None, access_token_seconds=600, session_idle_seconds=1800, session_absolute_seconds=43200)  # type: ignore[call-arg]
TERMS = session_terms(SETTINGS)
NEW = "purple mountain 2026"


def request(bearer: str | None = None, header: str | None = None) -> Request:
    headers = []
    if bearer or header:
        headers.append((b"authorization", (header or f"Bearer {bearer}").encode()))
    return Request({"type": "http", "headers": headers, "method": "GET", "path": "/"})


async def visitor(store: Store, cookie: str) -> Viewer | None:
    return await viewer_of_cookie(House(store, TERMS, store.clock), cookie, None)


async def enter(store: Store, login: str, password: str = PASSWORD, address: str = "192.0.2.7") -> Any:
    return await sign_in(
        store,
        Credentials(login, password, address),
        lambda work, account: begin_session(work, account, TERMS),
        clock=store.clock,
    )


async def visit(store: Store, login: str, instead_of: str | None = None) -> Any:
    return await sign_in(
        store,
        Credentials(login, PASSWORD),
        lambda work, account: begin_visit(work, account, TERMS, instead_of=instead_of),
        clock=store.clock,
    )


async def who(store: Store, bearer: str) -> Any:
    return await authenticate(request(bearer), store, TERMS, clock=store.clock)


async def renew(store: Store, token: str) -> Any:
    return await refresh_session(store, token, TERMS, clock=store.clock)


async def test_somebody_signs_in_and_is_himself_with_his_rights(store: Store, cast: Cast):
    session = await enter(store, " Wang.Fang ")
    actor = await who(store, session.access_token)
    assert (actor.id, actor.permissions) == (cast.wang_main.id, PRESETS[Preset.MAIN].permissions)
    assert (await store.account(cast.wang_main)).last_login_at == store.clock()
    line = (await store.journal())[-1]
    assert (line.operation, line.actor_name, line.partner_id) == ("session.create", "王芳", cast.huaqi.id)


async def test_a_request_without_a_token_is_nobody_s_and_with_a_bad_one_refused(store: Store, cast: Cast):
    assert await authenticate(request(), store, TERMS) is None
    for header in ("Basic d2FuZw==", "Bearer ", "Bearer nonsense", "Bearer pct_nonsense"):
        with pytest.raises(SignInRequiredError):
            await authenticate(request(header=header), store, TERMS)


async def test_nothing_that_opens_a_door_is_kept_in_the_database(store: Store, cast: Cast):
    session = await enter(store, "wang.fang")
    seen = await visit(store, "wang.fang")
    kept = str(await store.everything())
    for secret in (*session.refresh_token.split(".")[1:], session.access_token, seen.token, PASSWORD):
        assert secret not in kept


async def test_an_access_token_ends_with_its_time_and_with_its_session(store: Store, cast: Cast):
    session = await enter(store, "wang.fang")
    wang = await who(store, session.access_token)
    store.clock.forward(minutes=9)
    assert await who(store, session.access_token)
    store.clock.forward(minutes=1)
    with pytest.raises(SignInRequiredError):
        await who(store, session.access_token)
    again = await renew(store, session.refresh_token)
    assert await who(store, again.access_token)
    await store.do(wang, lambda work: end_session(work, session.session_id))
    for ended in (who(store, again.access_token), renew(store, again.refresh_token)):
        with pytest.raises(SignInRequiredError):
            await ended
    assert (await store.operations())[-1] == "session.end"


async def test_an_access_token_of_another_key_algorithm_or_purpose_is_refused(store: Store, cast: Cast):
    session = await enter(store, "wang.fang")
    facts = jwt.decode(session.access_token, options={"verify_signature": False})
    for forged in (
        jwt.encode(facts, "another key that is long enough to sign", algorithm="HS256"),
        jwt.encode(facts, "", algorithm="none"),
        jwt.encode({**facts, "aud": "password-reset"}, TERMS.key, algorithm="HS256"),
        jwt.encode({**facts, "sid": "ses_0"}, TERMS.key, algorithm="HS256"),
    ):
        with pytest.raises(SignInRequiredError):
            await who(store, forged)


async def test_a_refresh_token_that_is_used_twice_ends_the_whole_session(store: Store, cast: Cast):
    session = await enter(store, "wang.fang")
    renewed = await renew(store, session.refresh_token)
    assert renewed.refresh_token != session.refresh_token
    with pytest.raises(RefreshTokenReusedError):
        await renew(store, session.refresh_token)
    for ended in (who(store, renewed.access_token), renew(store, renewed.refresh_token)):
        with pytest.raises(SignInRequiredError):
            await ended
    assert (await store.operations())[-1] == "session.reuse"


async def test_of_two_who_refresh_at_once_with_one_token_neither_stays_in(store: Store, cast: Cast):
    session = await enter(store, "wang.fang")
    outcomes = await asyncio.gather(
        renew(store, session.refresh_token), renew(store, session.refresh_token), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IssuedSession", "RefreshTokenReusedError"]
    winner = next(outcome for outcome in outcomes if not isinstance(outcome, BaseException))
    with pytest.raises(SignInRequiredError):
        await who(store, winner.access_token)


async def test_a_made_up_refresh_token_ends_nobody_s_session(store: Store, cast: Cast):
    session = await enter(store, "wang.fang")
    public = session.refresh_token.split(".")[0]
    before = await store.everything()
    for forged in (f"{public}.pcr_x.pcr_y", public, "", "x.y.z", f"{public}.{session.refresh_token}"):
        with pytest.raises(SignInRequiredError):
            await renew(store, forged)
    assert await store.everything() == before
    assert await who(store, session.access_token)


async def test_a_session_does_not_outlive_its_time_by_refreshing(store: Store, cast: Cast):
    session = await enter(store, "wang.fang")
    store.clock.forward(days=13, hours=23, minutes=59)
    last = await renew(store, session.refresh_token)
    assert last.access_expires_at == session.refresh_expires_at
    store.clock.forward(minutes=1)
    with pytest.raises(SignInRequiredError):
        await renew(store, last.refresh_token)


async def test_nobody_ends_another_s_session(store: Store, cast: Cast):
    session = await enter(store, "wang.fang")
    with pytest.raises(Exception, match="no such record"):
        await store.do(await store.actor(cast.liu_main_of_yunfan), lambda work: end_session(work, session.session_id))
    assert await who(store, session.access_token)


async def test_a_deactivated_person_is_out_at_once(store: Store, cast: Cast):
    session, seen = await enter(store, "chen.lei"), await visit(store, "chen.lei")
    await store.do(await store.actor(cast.wang_main), lambda work: deactivate(work, cast.chen_manager.id))
    for ended in (who(store, session.access_token), renew(store, session.refresh_token)):
        with pytest.raises(SignInRequiredError):
            await ended
    assert await visitor(store, seen.token) is None
    with pytest.raises(WrongCredentialsError):
        await enter(store, "chen.lei")


async def test_an_unknown_login_and_a_wrong_password_are_told_apart_by_nothing(store: Store, cast: Cast):
    answers, times = [], []
    for login in ("chen.lei", "nobody.at.all"):
        began = time.perf_counter()
        with pytest.raises(WrongCredentialsError) as refused:
            await enter(store, login, "wrong password 1")
        times.append(time.perf_counter() - began)
        answers.append((refused.value.code, refused.value.message("zh"), refused.value.data(), refused.value.path))
    assert answers[0] == answers[1]
    assert max(times) < 5 * min(times)
    async with store.reader() as session:
        assert not (await session.execute(select(ApiSession))).all()


@pytest.mark.parametrize("login", ["chen.lei", "nobody.at.all"])
async def test_five_failures_of_one_login_close_it_for_a_while_known_or_not(store: Store, cast: Cast, login: str):
    for attempt in range(5):
        with pytest.raises(WrongCredentialsError):
            await enter(store, login, "wrong password 1", address=f"192.0.2.{attempt}")
    for password in ("wrong password 1", PASSWORD):
        with pytest.raises(SignInThrottledError) as refused:
            await enter(store, login, password, address="192.0.2.99")
        assert refused.value.data() == {"minutes": 15}
    assert await enter(store, "wang.fang")
    store.clock.forward(minutes=15, seconds=1)
    if login == "chen.lei":
        assert await enter(store, login)


async def test_too_many_failures_from_one_address_close_the_address(store: Store, cast: Cast):
    assert FAILURES_PER_ADDRESS.seed == 30

    async def be_stricter(work: Work) -> None:
        work.add(PolicyRow(key=FAILURES_PER_ADDRESS.key, value=6, effective_from=store.clock()))

    await store.do(operator_actor(), be_stricter)
    for number in range(6):
        with pytest.raises(WrongCredentialsError):
            await enter(store, f"guess{number}", "wrong password 1")
    with pytest.raises(SignInThrottledError):
        await enter(store, "wang.fang")
    assert await enter(store, "wang.fang", address="198.51.100.1")


async def fail_until_locked(store: Store, login: str) -> None:
    for attempt in range(10):
        if attempt == 5:
            store.clock.forward(minutes=16)
        with pytest.raises(WrongCredentialsError):
            await enter(store, login, "wrong password 1", address=f"192.0.2.{attempt}")
    store.clock.forward(minutes=16)


async def test_ten_failures_in_a_row_lock_the_account_for_an_hour(store: Store, cast: Cast):
    await fail_until_locked(store, "chen.lei")
    with pytest.raises(WrongCredentialsError):
        await enter(store, "chen.lei")
    assert "account.lock" in await store.operations()
    store.clock.forward(minutes=60)
    assert await enter(store, "chen.lei")
    assert (await store.account(cast.chen_manager)).failed_attempts == 0


async def test_whoever_manages_members_unlocks_an_account(store: Store, cast: Cast):
    await fail_until_locked(store, "chen.lei")
    await store.refused(
        await store.actor(cast.zhao_director),
        PermissionDeniedError,
        lambda work: unlock(work, cast.chen_manager.id),
    )
    await store.do(await store.actor(cast.li_administrator), lambda work: unlock(work, cast.chen_manager.id))
    assert await enter(store, "chen.lei")


async def test_success_forgives_the_failures_before_it(store: Store, cast: Cast):
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongCredentialsError):
                await enter(store, "chen.lei", "wrong password 1")
        assert await enter(store, "chen.lei")
    assert (await store.account(cast.chen_manager)).failed_attempts == 0


async def change(store: Store, account: Account, present: str, new: str) -> Any:
    return await change_password(
        store,
        await store.actor(account),
        present,
        new,
        lambda work, account: begin_session(work, account, TERMS),
        clock=store.clock,
    )


async def test_the_first_sign_in_allows_only_to_change_the_password(store: Store, cast: Cast):
    """COL-7.1.13"""
    gao = await open_person(store, "gao.yuan", "高远", Preset.FIN, partner_id=cast.huaqi.id, must_change_password=True)
    first = await enter(store, "gao.yuan")
    assert first.must_change_password
    assert (await who(store, first.access_token)).permissions == frozenset()
    session = await change(store, gao, PASSWORD, NEW)
    assert not session.must_change_password
    assert (await who(store, session.access_token)).permissions == PRESETS[Preset.FIN].permissions
    with pytest.raises(SignInRequiredError):
        await who(store, first.access_token)
    assert "account.change_password" in await store.operations()
    assert await enter(store, "gao.yuan", NEW)
    with pytest.raises(WrongCredentialsError):
        await enter(store, "gao.yuan")


@pytest.mark.parametrize(
    ("new", "error"),
    [
        ("short", LengthError),
        ("x" * 129, LengthError),
        ("aaaaaaaaaaaaaaaa", PasswordTooSimpleError),
        ("my chen.lei password", PasswordTooSimpleError),
        (PASSWORD, PasswordUnchangedError),
    ],
)
async def test_a_weak_password_is_refused_and_the_old_one_stays(store: Store, cast: Cast, new: str, error: Any):
    before = await store.everything()
    with pytest.raises(error) as refused:
        await change(store, cast.chen_manager, PASSWORD, new)
    assert refused.value.path == ("new",)
    assert await store.everything() == before


async def test_a_password_is_not_changed_without_the_present_one(store: Store, cast: Cast):
    with pytest.raises(WrongCredentialsError):
        await change(store, cast.chen_manager, "wrong password 1", NEW)
    assert await enter(store, "chen.lei")


async def test_a_reset_link_works_once(store: Store, cast: Cast):
    key = TERMS.reset_key
    session = await enter(store, "chen.lei")
    link = await store.do(operator_actor(), lambda work: make_reset_link(work, cast.chen_manager.id, key=key))
    await reset_password(store, link, NEW, key=key, clock=store.clock)
    assert await enter(store, "chen.lei", NEW)
    with pytest.raises(SignInRequiredError):
        await who(store, session.access_token)
    before = await store.everything()
    with pytest.raises(ResetLinkNotValidError):
        await reset_password(store, link, "another good one 7", key=key, clock=store.clock)
    assert await store.everything() == before
    assert "account.reset_password" in await store.operations()


async def test_a_reset_link_expires_and_cannot_be_made_up(store: Store, cast: Cast):
    key = TERMS.reset_key
    link = await store.do(operator_actor(), lambda work: make_reset_link(work, cast.chen_manager.id, key=key))
    access = (await enter(store, "chen.lei")).access_token
    for bad in (link[:-4] + "AAAA", access, ""):
        with pytest.raises(ResetLinkNotValidError):
            await reset_password(store, bad, NEW, key=key, clock=store.clock)
    store.clock.forward(hours=24)
    with pytest.raises(ResetLinkNotValidError):
        await reset_password(store, link, NEW, key=key, clock=store.clock)
    await store.refused(
        await store.actor(cast.wang_main),
        PermissionDeniedError,
        lambda work: make_reset_link(work, cast.chen_manager.id, key=key),
    )


async def test_a_visit_to_the_back_office_ends_when_idle_and_after_its_time(store: Store, cast: Cast):
    seen = await visit(store, "zhou.tao")
    found = await visitor(store, seen.token)
    assert found
    assert found.actor.id == cast.zhou_pdm.id
    for _ in range(25):
        store.clock.forward(minutes=28)
        assert await visitor(store, seen.token)
    store.clock.forward(minutes=20)
    assert await visitor(store, seen.token) is None
    idle = await visit(store, "zhou.tao")
    store.clock.forward(minutes=30)
    assert await visitor(store, idle.token) is None
    assert await visitor(store, "no such cookie") is None


async def test_each_sign_in_gives_the_browser_another_cookie(store: Store, cast: Cast):
    first = await visit(store, "zhou.tao")
    second = await visit(store, "zhou.tao", instead_of=first.token)
    assert await visitor(store, first.token) is None
    assert await visitor(store, second.token)
    zhou = await store.actor(cast.zhou_pdm)
    await store.do(zhou, lambda work: end_visit(work, second.session_id))
    assert await visitor(store, second.token) is None


async def test_sessions_that_ran_out_are_forgotten(store: Store, cast: Cast):
    await visit(store, "zhou.tao")
    session = await enter(store, "wang.fang")
    store.clock.forward(days=1)
    gone = await store.do(operator_actor(), lambda work: forget_old_sessions(work, before=work.now))
    assert gone == 1
    async with store.reader() as reader:
        assert not (await reader.execute(select(col(BackOfficeSession.id)))).all()
    assert await renew(store, session.refresh_token)


def test_each_purpose_has_a_key_of_its_own():
    secret = SecretStr("another secret of the installation")
    other = session_terms(Settings(_env_file=None, secret_key=secret))  # type: ignore[call-arg]
    assert len({TERMS.key, TERMS.reset_key, other.key}) == 3
    assert dataclasses.replace(other, key=TERMS.key).absolute == other.absolute
