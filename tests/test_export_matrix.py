"""Every cell of who sees which field, in the files of exports, for everybody who may export."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from models.export import ExportFormat, ExportKind, exported_by
from models.export.columns import EXPORTED
from models.labels import field_label
from tests.databases import Databases, open_database
from tests.export_desk import exported
from tests.field_matrix import FIELDS, ROLES, Gallery, cell, expected, hang, rows_of
from tests.people import Store
from tests.pipeline import open_pipeline

KINDS = {"Opportunity": ExportKind.OPPORTUNITIES, "Customer": ExportKind.CUSTOMERS}
# Codes and instants stand in words and in Beijing time.
WRITTEN: dict[str, str] = {
    "industry": "Manufacturing",
    "province": "Jiangsu",
    "tags": "重点客户",
    "associated_on": "2026-01-05 10:00:00",
    "expected_amount": "1200000.00",
    "signed_amount": "980000.01",
    "services": "Elastic Cloud Server, Relational Database Service",
    "support_needed": "Architecture validation",
    "pre_sales_activities": "Customer visit, Requirement study",
    "rejection_reason": "No clear contact or way to reach him",
    "crm_created_at": "2026-02-01 10:00:00",
    "lost_reason": "Competitor",
}


class Exhibition:
    """The gallery of the table with its store."""

    def __init__(self, store: Store, gallery: Gallery) -> None:
        self.store = store
        self.gallery = gallery


@pytest_asyncio.fixture(scope="module")
async def exhibition(databases: Databases) -> AsyncIterator[Exhibition]:
    """One database for all of these tests; they add exports and nothing else."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    yield Exhibition(pipeline.store, await hang(pipeline))
    await opened.dispose()
    await databases.drop(url)


@pytest.mark.parametrize("noun", KINDS)
@pytest.mark.parametrize("role", ROLES)
async def test_everybody_finds_in_his_file_of_each_field_what_his_cell_says(
    exhibition: Exhibition, role: str, noun: str, tmp_path: Path
):
    """COL-2.8.4, COL-5.7.8: plain, masked or refused as everywhere; a refused column is empty and says so."""
    store, kind = exhibition.store, KINDS[noun]
    actor = await store.actor(exhibition.gallery.people[role])
    if kind not in exported_by(actor):
        assert role in {"Opportunity": "ADM DIR MGR FIN OPS CUS KOO SYS", "Customer": "DIR MGR FIN OPS CUS SYS"}[noun]
        return
    every = [(row, name) for row in rows_of(noun) for name in FIELDS[row] if name in EXPORTED[kind].columns]
    assert len(every) >= 10
    record, rows = await exported(
        store,
        actor,
        tmp_path,
        kind=kind,
        columns=["id", *(name for _, name in every)],
        format=ExportFormat.CSV,
        language="en",
    )
    shown = exhibition.gallery.opportunity if noun == "Opportunity" else exhibition.gallery.customer
    found = next(one for one in rows if one["Id"] == shown.public_id)
    assert record.rows_done is not None
    for row, name in every:
        heading = field_label(name, "en", noun)
        if cell(row, role) == "-":
            assert found[f"{heading} (not visible to you)"] == "", (role, name)
            continue
        wanted = expected(row, name, role)
        assert found[heading] == _written(name, wanted), (role, row, name)


def _written(name: str, value: Any) -> str:
    if value is None:
        return ""
    text = WRITTEN.get(name, value)
    return f"'{text}" if str(text).startswith(("=", "+", "-", "@")) else str(text)
