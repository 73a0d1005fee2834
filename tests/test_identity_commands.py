"""The commands `user` and `token`, run as an operator runs them."""

from __future__ import annotations

import asyncio

import pytest
import typer
from typer.testing import CliRunner

from api.cli_identity import token_app, user_app
from api.identity import authenticate, session_terms
from api.settings import load
from models.identity import SignInRequiredError, WrongCredentialsError, reset_password
from models.kernel.work import utc_now
from models.rights import PRESETS, Preset
from tests.people import Cast, Clock, Store, cast, store
from tests.test_sessions import NEW, enter, fail_until_locked, request

__all__ = ["cast", "store"]

APP = typer.Typer()
APP.add_typer(user_app, name="user")
APP.add_typer(token_app, name="token")


class Now(Clock):
    """The clock that the commands themselves go by."""

    def __call__(self):
        return utc_now()


@pytest.fixture(autouse=True)
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setenv("PARTNER_CENTER_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    store.clock = Now()


async def run(*arguments: str, code: int = 0) -> str:
    """Run a command in a thread, since it has an event loop of its own."""
    done = await asyncio.to_thread(CliRunner().invoke, APP, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


async def test_an_account_is_opened_with_an_initial_password_and_listed(store: Store, cast: Cast):
    said = await run("user", "create", "he.yu", "何宇", "--role", "psm", "--office", "office-js")
    password = said.strip().rpartition(" ")[2]
    assert (await enter(store, "he.yu", password)).must_change_password
    listed = await run("user", "list")
    line = next(line for line in listed.splitlines() if "he.yu" in line)
    assert "PSM" in line
    assert "must change the password" in line
    ours = await run("user", "list", "--partner", "华启软件有限公司")
    assert "li.qiang" in ours
    assert "liu.yang" not in ours


async def test_a_refused_command_says_why_in_both_languages_and_changes_nothing(store: Store, cast: Cast):
    before = await store.everything()
    said = await run("user", "create", "li.qiang", "李强", "--role", "FIN", "--partner", cast.huaqi.public_id, code=1)
    assert "The login “li.qiang” is taken." in said
    assert "登录名“li.qiang”已被使用。" in said
    assert "name at least one --role" in await run("user", "create", "x.y.z", "某人", code=2)
    assert "there is no account" in await run("user", "unlock", "nobody", code=2)
    assert await store.everything() == before


async def test_roles_are_set_and_an_account_is_closed(store: Store, cast: Cast):
    await run("user", "roles", "chen.lei", "FIN", "OPS")
    assert set((await store.actor(cast.chen_manager)).roles) == {"FIN", "OPS"}
    await run("user", "deactivate", "chen.lei")
    with pytest.raises(SignInRequiredError):
        await store.actor(cast.chen_manager)


@pytest.mark.slow
async def test_a_locked_account_is_unlocked(store: Store, cast: Cast):
    store.clock = Clock(utc_now())
    await fail_until_locked(store, "chen.lei")
    with pytest.raises(WrongCredentialsError):
        await enter(store, "chen.lei")
    await run("user", "unlock", "chen.lei")
    assert await enter(store, "chen.lei")


async def test_a_reset_link_sets_a_new_password(store: Store, cast: Cast):
    link = (await run("user", "reset-link", "chen.lei")).strip()
    assert link.startswith("http://127.0.0.1:8000/admin/")
    await reset_password(store, link.partition("token=")[2], NEW, key=session_terms(load()).reset_key)
    assert await enter(store, "chen.lei", NEW)


async def test_a_token_is_issued_listed_and_revoked(store: Store, cast: Cast):
    terms = session_terms(load())
    secret = (await run("token", "create", "wang.fang", "--client", "华启 CRM")).strip()
    narrow = (await run("token", "create", "wang.fang", "--client", "华启 CRM", "--scope", "opportunity:share")).strip()
    wide = await authenticate(request(secret), store, terms)
    assert wide is not None
    assert (wide.client_mode, wide.tied) == ("ID_ONLY", False)
    loose = (await run("token", "create", "wang.fang", "--client", "试验", "--mode", "open", "--tied")).strip()
    trying = await authenticate(request(loose), store, terms)
    assert trying is not None
    assert (trying.client_mode, trying.tied) == ("OPEN", True)
    await run("token", "create", "wang.fang", "--client", "x", "--mode", "anything", code=2)
    assert wide.permissions < PRESETS[Preset.MAIN].permissions
    small = await authenticate(request(narrow), store, terms)
    assert small is not None
    assert small.permissions == {"opportunity:share"}
    assert small.client_id == wide.client_id
    listed = await run("token", "list")
    line = next(line for line in listed.splitlines() if f"…{secret[-4:]}" in line)
    assert "valid" in line
    assert secret not in listed
    token = next(word for word in line.split() if word.startswith("tok_"))
    await run("token", "revoke", token)
    with pytest.raises(SignInRequiredError):
        await authenticate(request(secret), store, terms)
    assert "revoked" in await run("token", "list")
