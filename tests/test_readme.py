"""The README tells the truth: its queries run, its commands and settings exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
import typer
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.demo import announced, demo_token
from api.installation import Installation
from api.settings import Settings
from tests.demonstration import demonstration
from tests.test_cli import commands

__all__ = ["demonstration"]

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


async def ask(house: Installation, document: str) -> httpx2.Response:
    application = create_app(house.settings, database=house.database, sweeping=False)
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url="http://readme") as client:
        return await client.post(
            "/graphql",
            json={"query": document},
            headers={"authorization": f"Bearer {demo_token(house.settings)}"},
        )


@pytest.mark.parametrize("document", re.findall(r"```graphql\n(.*?)```", README, re.DOTALL))
async def test_each_query_runs_against_the_demonstration(document: str, demonstration: Installation):
    answer = await ask(demonstration, document)
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json(), answer.text
    assert answer.json()["data"]


async def test_the_queries_that_are_pasted_run(demonstration: Installation):
    for pasted in (README, announced(demonstration.settings)):
        documents = re.findall(r'-d \'\{"query":"(.*?)"\}\'', pasted)
        assert documents
        for document in documents:
            answer = await ask(demonstration, document)
            assert answer.json()["data"]["opportunities"]["nodes"], answer.text


def test_each_command_exists():
    named = set(re.findall(r"partner-center (\w[\w-]*)", README))
    assert named == set(commands(app))
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`?\bmake (run|test|lint|bench|clean|\w+-\w+)\b", README)) <= targets


def test_each_setting_exists_and_has_the_default_that_is_told():
    table = re.findall(r"^\| (`PARTNER_CENTER_\S+`.*?) \| (.*?) \|", README, re.MULTILINE)
    told: dict[str, str] = {}
    for names, defaults in table:
        given = [name.strip("` ") for name in names.split(",")]
        first = given[0].removeprefix("PARTNER_CENTER_").lower()
        stem = first.rpartition("_")[0]
        plain = [first, *((f"{stem}_" if stem == "max" else "") + name.strip("_").lower() for name in given[1:])]
        told |= dict(zip(plain, (one.strip("` ") for one in defaults.split(",")), strict=False))
    assert set(told) == set(Settings.model_fields)
    for name, default in told.items():
        real = Settings.model_fields[name].default
        if default.isdigit() or name in ("database_url", "environment", "host", "log_level"):
            assert str(real) == default, name


def test_each_setting_stands_in_the_example_file():
    example = (ROOT / ".env.example").read_text("utf-8")
    assert set(re.findall(r"PARTNER_CENTER_(\w+)=", example)) == {name.upper() for name in Settings.model_fields}


def test_each_link_leads_to_a_file():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_rooms_of_the_map_are_the_rooms_of_the_project():
    rooms = set(re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE))
    assert rooms == {"api", "models", "resolvers", "admin", "migrations", "tests"}
    assert all((ROOT / room).is_dir() for room in rooms)


def test_help_is_told_without_an_error():
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    assert isinstance(app, typer.Typer)
