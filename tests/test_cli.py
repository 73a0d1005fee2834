"""The command `partner-center`, run as an operator runs it: it works, or says in plain words what to do."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
from pathlib import Path

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from api import doctor
from api.cli import app
from api.database import Database
from api.demo import EVERYBODY, PASSWORD, demo_token
from api.identity import journal_key
from api.installation import Installation
from api.migrate import pending
from api.plain import err, out
from api.settings import Settings, load
from models.identity import create_client
from models.kernel.access import system_actor
from models.kernel.work import Work, run_write, utc_now
from models.seed import plant
from tests.people import Store, let_ask_anything
from tests.pipeline import open_pipeline

SECRET = "a secret of this installation alone, 2026"


def commands(of: typer.Typer) -> list[str]:
    """List the commands of the command line."""
    return sorted(get_command(of).commands)  # type: ignore[attr-defined]  # an app of several commands is a group


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


async def run(url: str, *arguments: str, code: int = 0, **settings: str) -> str:
    """Run a command in a thread, since it has an event loop of its own; answer what it printed."""
    given = {f"PARTNER_CENTER_{name.upper()}": value for name, value in {"database_url": url, **settings}.items()}
    with out.capture() as said, err.capture() as complained:
        done = await asyncio.to_thread(CliRunner(env=given).invoke, app, list(arguments))
    text = said.get() + complained.get() + done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, text
    return text


def installation(url: str, database: Database, **settings: str) -> Installation:
    chosen = load(database_url=url, **settings)
    return Installation(chosen, database, database.writer, database.reader, journal_key(chosen))


async def findings(house: Installation, now: dt.datetime | None = None) -> dict[str, doctor.Finding]:
    clock = utc_now if now is None else lambda: now
    return {found.what: found async for found in doctor.examine(house, clock=clock)}


def test_it_has_the_commands_that_an_operator_needs():
    names = "serve migrate demo import export-schema operations sweep user token doctor backup restore"
    assert commands(app) == sorted(names.split())


async def test_migrate_makes_the_database_plants_the_seeds_and_changes_nothing_the_second_time(
    empty_database_url: str,
):
    said = await run(empty_database_url, "migrate")
    assert "First tables" in said
    assert await pending(empty_database_url) == []
    again = await run(empty_database_url, "migrate")
    assert "Nothing to migrate; 0 policy numbers" in again


async def test_what_needs_tables_asks_for_the_migration(empty_database_url: str):
    for command in (["sweep"], ["serve", "--port", "0"], ["demo"]):
        assert "partner-center migrate" in await run(empty_database_url, *command, code=1)
    assert "partner-center migrate" in await run(empty_database_url, "doctor", code=1)


@pytest.mark.slow
async def test_the_demonstration_is_loaded_once_into_an_empty_database_and_told(database_url: str):
    await run(database_url, "migrate")
    said = await run(database_url, "demo")
    assert demo_token(Settings()) in said
    assert PASSWORD in said
    assert all(person.login in said for person in EVERYBODY if person.shown)
    assert "curl -s http://127.0.0.1:8000/graphql" in said
    assert "loaded" not in await run(database_url, "demo", "--if-empty")
    assert "empty database only" in await run(database_url, "demo", code=1)


async def test_the_doctor_names_tools_that_may_ask_anything_in_production(database_url: str, database: Database):
    store = Store(database.writer, database.reader)
    pipeline = await open_pipeline(store)
    house = installation(database_url, database, environment="production", secret_key=SECRET)
    assert "No tool may ask whatever it likes." in await findings(house)
    client = await store.do(pipeline.main, lambda work: create_client(work, name="华启 CRM"))
    await let_ask_anything(store, client.id)
    found = await findings(house)
    told = next(one for what, one in found.items() if "may ask whatever" in what)
    assert "华启 CRM" in told.what
    assert told.todo is not None
    assert not told.urgent
    assert not [what for what in await findings(installation(database_url, database)) if "may ask whatever" in what]


async def test_production_has_no_demonstration(database_url: str):
    said = await run(database_url, "demo", code=1, environment="production", secret_key=SECRET)
    assert "Production has no demo logins" in said
    assert await run(database_url, "demo", "--if-empty", environment="production", secret_key=SECRET) == ""


async def test_a_database_with_people_keeps_them(database: Database, database_url: str):
    await open_pipeline(Store(database.writer, database.reader))
    assert "stays as it is" in await run(database_url, "demo", "--if-empty")


async def test_a_sweep_tells_what_it_did(database: Database, database_url: str):
    store = Store(database.writer, database.reader)
    store.clock.now = utc_now() - dt.timedelta(days=30)
    pipeline = await open_pipeline(store)
    later = utc_now().date() + dt.timedelta(days=90)
    await pipeline.submitted(expected_sign_date=later, expected_go_live_date=later)
    assert "Opportunity.PO.escalate: 1" in await run(database_url, "sweep")
    assert "No deadline has passed." in await run(database_url, "sweep")


async def test_wrong_settings_and_an_absent_database_are_told_in_plain_words(tmp_path: Path):
    assert "must begin with" in await run("mysql://somewhere", "sweep", code=1)
    away = "postgresql+asyncpg://somebody:hidden@127.0.0.1:1/nothing"
    for command in ("migrate", "sweep", "doctor"):
        said = await run(away, command, code=1)
        assert "PARTNER_CENTER_DATABASE_URL" in said
        assert "hidden" not in said
        assert "Traceback" not in said
    nowhere = f"sqlite+aiosqlite:///{tmp_path}/missing/partner-center.db"
    assert "PARTNER_CENTER_DATABASE_URL" in await run(nowhere, "migrate", code=1)
    said = await run(f"sqlite+aiosqlite:///{tmp_path}/new.db", "doctor", code=1)
    assert "There is no database" in said
    assert not (tmp_path / "new.db").exists()
    assert "default that everyone knows" in await run(away, "serve", code=1, environment="production")


async def test_the_doctor_finds_a_healthy_installation_healthy(database: Database, database_url: str):
    await open_pipeline(Store(database.writer, database.reader))
    house = installation(database_url, database, environment="production", secret_key=SECRET)
    found = await findings(house, dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
    assert [one.what for one in found.values() if one.todo and one.urgent] == []
    assert not any("secret" in what.casefold() for what in found)


async def test_the_doctor_says_what_is_wrong_and_what_to_do(database: Database, database_url: str):
    house = installation(database_url, database)
    found = await findings(house)
    assert any("Not planted yet" in what and one.todo == "Run: partner-center migrate" for what, one in found.items())
    assert any("default that everybody knows" in what and not one.urgent for what, one in found.items())
    pipeline = await open_pipeline(Store(database.writer, database.reader))
    record = await pipeline.submitted()
    assert record.due_at is not None
    late = await findings(house, record.due_at + dt.timedelta(hours=1))
    assert [what for what, one in late.items() if one.todo and one.urgent] == [
        "1 deadlines have passed without being acted on; no server is sweeping."
    ]


async def test_the_doctor_warns_before_the_calendar_ends_and_insists_afterwards(database: Database, database_url: str):
    house = installation(database_url, database)
    await run_write(house, system_actor(), plant)

    async def calendar_on(day: dt.datetime) -> doctor.Finding:
        return next(one for what, one in (await findings(house, day)).items() if "make-up days" in what)

    async def end(work: Work) -> dt.date:
        return (await work.calendar()).covered_until()

    until = dt.datetime.combine(await run_write(house, system_actor(), end), dt.time(12), dt.UTC)
    assert (await calendar_on(until - dt.timedelta(days=200))).todo is None
    warned = await calendar_on(until - dt.timedelta(days=20))
    assert warned.todo
    assert not warned.urgent
    insisted = await calendar_on(until + dt.timedelta(days=3))
    assert insisted.todo
    assert insisted.urgent


def test_the_committed_contract_and_lifecycles_are_those_of_the_code():
    done = CliRunner().invoke(app, ["export-schema", "--check"])
    assert done.exit_code == 0, done.output


async def test_a_port_in_use_is_told(database_url: str):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = await run(database_url, "serve", "--port", str(other.getsockname()[1]), code=1)
    assert "Choose another" in said
