"""Search by name and likely duplicates among all 267,397 names of a corpus at one partner, beside bare look-ups."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from api.database import connect
from api.installation import Installation
from api.settings import Settings
from models.customer import Customer
from models.customer_merge import groups, of_customer
from models.identity import operator_actor
from models.kernel.access import Actor, Side
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.reads.plan import table_of
from models.kernel.values import new_id
from models.kernel.work import run_write
from models.onboarding.parties import customer_values
from models.partner import create_partner
from models.rights import PRESETS, Preset
from tests.benchmarks.data import Place, plant_store
from tests.kernel.samples import BESIDE_THE_PROJECT

ROUNDS, MANY = 5, 267_397
CORPUS = BESIDE_THE_PROJECT / "cn-company-short-names" / "company-short-names-28w.txt"
NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
PARTS = ("华为", "量子")
SEARCH = """SELECT id, company_name, created_at FROM customer
WHERE (partner_id = ? OR partner_id IS NULL AND id IN (SELECT customer_id FROM opportunity WHERE partner_id = ?
  AND customer_id IS NOT NULL AND origin IN ('IMPORTED', 'HUAWEI'))) AND lower(company_name) LIKE lower(?)
ORDER BY created_at DESC, id DESC LIMIT 21"""
REPEATED = """SELECT core_name FROM customer WHERE partner_id = ? AND core_name IS NOT NULL
GROUP BY core_name HAVING count(*) > 1 ORDER BY core_name LIMIT 21"""


def names() -> list[str]:
    """Give the names of the corpus; where it is missing, so many made-up ones of which one in a hundred is twice."""
    if CORPUS.exists():
        lines = CORPUS.read_text("utf-8-sig").splitlines()[3:]
        return [name for line in lines if (name := line.strip())]
    chance = random.Random(28)
    letters = [chr(code) for code in range(0x4E00, 0x4E00 + 2000)]
    made = ["".join(chance.choices(letters, k=4)) for _ in range(MANY - MANY // 100)]
    return made + [f"{name}集团" for name in made[: MANY // 100]]


async def _planted(place: Place) -> Actor:
    await plant_store(place)
    database = connect(place.url)
    house = Installation(
        Settings(database_url=place.url), database, database.writer, database.reader, b"key of the benchmark"
    )
    partner = await run_write(
        house, operator_actor(), lambda work: create_partner(work, name="华启软件有限公司", province="CN-32")
    )
    granted = PRESETS[Preset.MAIN].permissions
    actor = Actor(id=new_id(), name="王芳", side=Side.PARTNER, permissions=granted, partner_id=partner.id)
    rows = [
        {**customer_values({"company_name": name}, NOW + dt.timedelta(seconds=at)), "partner_id": actor.partner_id}
        for at, name in enumerate(names())
    ]
    async with database.writer_engine.begin() as connection:
        await connection.execute(sa.insert(table_of(Customer)), rows)
    await database.dispose()
    return actor


def _raw(path: Path, text: str, *bound: Any) -> Callable[[], None]:
    connection = sqlite3.connect(path)

    def ask() -> None:
        orjson.dumps(connection.execute(text, bound).fetchall())

    return ask


async def _ratios(ours: Callable[[], Any], bare: Callable[[], None], times: int) -> list[float]:
    found = []
    for _ in range(ROUNDS + 1):
        started = time.process_time()
        for _ in range(times):
            await ours()
        took = time.process_time() - started
        started = time.process_time()
        for _ in range(times):
            bare()
        found.append(took / max(time.process_time() - started, 1e-9))
    # The first round pays for what is written once.
    return found[1:]


async def _measure() -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name) / "names.db")
        actor = await _planted(place)
        assert actor.partner_id is not None
        mine = actor.partner_id.hex
        database = connect(place.url)
        found: dict[str, list[float]] = {}
        async with database.reader() as session:
            reader = Reader(session, actor, NOW)
            wanted = Wanted.of("company_name", "created_at")
            for part in PARTS:
                page = Page(first=20, filter=(("company_name", part),))
                found[f"customers named …{part}… / the same by hand"] = await _ratios(
                    lambda page=page: reader.page(Customer, wanted, page),  # type: ignore[misc]
                    _raw(place.path, SEARCH, mine, mine, f"%{part}%"),
                    2,
                )
            found["a page of likely duplicates / bare list of repeated names"] = await _ratios(
                lambda: groups(reader, first=20), _raw(place.path, REPEATED, mine), 5
            )
            first = (await groups(reader, first=1)).groups[0].customer_id
            found["likely duplicates of one customer / four bare indexed look-ups"] = await _ratios(
                lambda: of_customer(reader, first), _look_ups(place.path, mine, first), 50
            )
        await database.dispose()
        return found


def _look_ups(path: Path, partner: str, id: UUID) -> Callable[[], None]:
    connection = sqlite3.connect(path)
    columns = ("core_name", "credit_code", "mobile", "email")

    def ask() -> None:
        row = connection.execute("SELECT * FROM customer WHERE id = ?", (id.hex,)).fetchone()
        core = connection.execute("SELECT core_name FROM customer WHERE id = ?", (id.hex,)).fetchone()[0]
        for name in columns:
            bound = (partner, core if name == "core_name" else "x")
            connection.execute(
                f"SELECT id, company_name FROM customer WHERE partner_id = ? AND {name} = ?", bound
            ).fetchall()
        orjson.dumps([str(value) for value in row])

    return ask


def ratios() -> dict[str, list[float]]:
    """Measure each question and its bare counterpart in turns, in one process, by the CPU that they take."""
    return asyncio.run(_measure())


if __name__ == "__main__":
    for what, values in ratios().items():
        print(what, [round(value, 2) for value in values])
