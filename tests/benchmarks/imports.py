"""How fast a pipeline is taken in, validated and journalled, beside a bare executemany of the same rows."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.database import connect
from api.installation import Installation
from api.settings import Settings
from models.identity import operator_actor
from models.kernel.reads.plan import table_of
from models.onboarding import import_opportunities, read_mapping
from models.opportunity import Opportunity
from tests.benchmarks.data import Place, plant_store
from tests.maven_twin import make_twin

ROUNDS, ROWS = 5, 4_000


async def _imported(place: Place, pipeline: Path) -> tuple[float, list[dict[str, Any]]]:
    database = connect(place.url)
    settings = Settings(database_url=place.url)
    house = Installation(settings, database, database.writer, database.reader, b"key of the benchmark")
    started = time.process_time()
    report = await import_opportunities(house, operator_actor(), pipeline, read_mapping("maven"))
    took = time.process_time() - started
    async with database.reader() as session:
        rows = [dict(row) for row in (await session.execute(sa.select(table_of(Opportunity)))).mappings()]
    await database.dispose()
    assert report.created == len(rows) == ROWS
    return took, rows


async def _inserted(place: Place, rows: list[dict[str, Any]]) -> float:
    database = connect(place.url)
    async with database.writer_engine.begin() as connection:
        # What rows refer to is not there.
        await connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        started = time.process_time()
        await connection.execute(sa.insert(table_of(Opportunity)), rows)
        took = time.process_time() - started
        await connection.rollback()
    await database.dispose()
    return took


async def _measure() -> list[float]:
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pipeline, empty = make_twin(folder, ROWS).pipeline, Place(folder / "empty.db")
        await plant_store(empty)
        for round in range(ROUNDS):
            one, other = Place(folder / f"{round}.db"), Place(folder / f"{round}-bare.db")
            for place in (one, other):
                shutil.copy(empty.path, place.path)
            took, rows = await _imported(one, pipeline)
            found.append(await _inserted(other, rows) / took)
            for place in (one, other):
                place.path.unlink()
    return found


def ratios() -> list[float]:
    """Give rows a second of CPU, import to bare, one figure a round."""
    return asyncio.run(_measure())
