"""Exports for tests: ask as somebody, carry out, and read the file as its reader's spreadsheet would."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl

from api.files.folder import FolderStorage
from models import export as domain
from models.export import ExportFormat, ExportKind, ExportRecord, Workshop
from models.kernel.access import Actor
from tests.people import Store


async def asked(store: Store, actor: Actor, kind: ExportKind = ExportKind.OPPORTUNITIES, **given: Any) -> ExportRecord:
    """Ask for an export; Huawei's staff say why."""
    reason = given.pop("reason", "月度复盘")
    record: ExportRecord = await store.do(actor, lambda work: domain.request(work, kind, reason=reason, **given))
    return record


def workshop(store: Store, folder: Path) -> Workshop:
    """Set up a place where exports are made."""
    return Workshop(store, FolderStorage(folder), store.clock)


async def fetched(store: Store, actor: Actor, record: ExportRecord, folder: Path) -> bytes:
    """Fetch the file of an export."""
    found: ExportRecord = await store.do(actor, lambda work: domain.fetch(work, record.id))
    assert found.location is not None
    pieces = await FolderStorage(folder).open(found.location)
    return b"".join([piece async for piece in pieces])


def read_csv(content: bytes) -> list[dict[str, str]]:
    """Read a CSV as Excel does: by its mark."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes) -> list[dict[str, Any]]:
    """Read a workbook."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


async def exported(store: Store, actor: Actor, folder: Path, **given: Any) -> tuple[ExportRecord, list[dict[str, Any]]]:
    """Ask, carry out, fetch and read."""
    record = await asked(store, actor, **given)
    await domain.work_off(workshop(store, folder))
    content = await fetched(store, actor, record, folder)
    return record, (read_csv if record.format is ExportFormat.CSV else read_xlsx)(content)
