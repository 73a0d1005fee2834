"""Exports: who may ask, what the file holds for everybody, and that no half, foreign or lasting file ever appears."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import io
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlmodel import select

from models import export as domain
from models.export import ExportFormat, ExportKind, ExportRecord, ExportStatus, Workshop
from models.export import worker as worker_module
from models.identity import Account, PeopleOnlyError
from models.kernel.errors import (
    DomainError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    ValueNotAllowedError,
)
from models.kernel.policy import PolicyRow
from models.kernel.values import new_id
from models.kernel.work import Work
from models.opportunity import Opportunity, Status
from models.rights import PRESETS, Preset
from tests.databases import open_database
from tests.export_desk import asked, exported, fetched, read_csv, read_xlsx, workshop
from tests.people import Store
from tests.pipeline import FORM, Pipeline, pipeline
from tests.processes import surroundings
from tests.stage import person

__all__ = ["pipeline"]

worker: Any = worker_module
OPP, CUS, JNL = ExportKind.OPPORTUNITIES, ExportKind.CUSTOMERS, ExportKind.JOURNAL
# Written by hand: opportunities, customers, journal, and consumption in its three kinds.
MAY = """
MAIN O C J S D P
ADM  . C J S D P
DIR  . . . . . .
MGR  . . . . . .
FIN  . . . . . .
OPS  . . . . . .
CUS  . . J S D P
PDM  O C J S D P
PSM  O C J . . .
BD   O C J . . .
OWN  O C J S D P
ECO  O C J S D P
KOO  . C J . . .
HFI  O C J S D P
AUD  O C J S D P
SYS  . . . . . .
"""


async def state(store: Store, record: ExportRecord) -> ExportRecord:
    async with store.reader() as session:
        found: ExportRecord = await session.get_one(ExportRecord, record.id)
        return found


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("line", MAY.strip().splitlines(), ids=lambda line: line.split()[0])
def test_who_may_export_what(line: str):
    """COL-5.7.9: on the partner's side administrators alone export customers; opportunities are the main account's."""
    role, *cells = line.split()
    actor = person(Preset[role])
    found = [
        letter if kind in domain.exported_by(actor) else "." for letter, kind in zip("OCJSDP", ExportKind, strict=True)
    ]
    assert found == cells


async def test_an_export_is_refused_to_whoever_may_not_and_leaves_nothing(pipeline: Pipeline):
    store = pipeline.store
    for actor, kind in (
        (pipeline.administrator, OPP),
        (pipeline.manager, CUS),
        (pipeline.manager, JNL),
        (pipeline.platform, JNL),
        (pipeline.koogallery, OPP),
    ):
        await store.refused(actor, PermissionDeniedError, partial(domain.request, kind=kind, reason="x"))
    await store.refused(pipeline.pdm, ReasonRequiredError, lambda work: domain.request(work, OPP))
    tool = dataclasses.replace(pipeline.main, client_id=new_id())
    await store.refused(tool, PeopleOnlyError, lambda work: domain.request(work, OPP))
    await store.refused(pipeline.main, ValueNotAllowedError, lambda work: domain.request(work, OPP, columns=["secret"]))


async def test_a_filter_on_what_one_may_not_search_by_is_refused(pipeline: Pipeline):
    await pipeline.store.refused(
        pipeline.koogallery,
        DomainError,
        lambda work: domain.request(work, CUS, conditions=(("company_name", "恒远"),), reason="x"),
    )


async def test_custom_roles_of_a_partner_never_export_customers():
    """COL-5.7.9."""
    from models.identity.rules import grantable
    from models.kernel.access import Side

    assert "customer:export" in PRESETS[Preset.ADM].permissions
    assert "customer:export" not in grantable(Side.PARTNER)


async def test_a_partner_gets_its_own_list_masked_as_everywhere(pipeline: Pipeline, tmp_path: Path):
    """COL-2.8.4: own rows only, company and contact masked, amounts exact with their currency, times of Beijing."""
    mine = await pipeline.submitted()
    await pipeline.submitted(pipeline.other_main, name="云帆的机会点")
    record, rows = await exported(pipeline.store, pipeline.main, tmp_path)
    assert [row["编号"] for row in rows] == [mine.public_id]
    row = rows[0]
    assert (row["公司名称"], row["联系人"], row["联系人手机"]) == ("江苏****公司", "钱****", "138****5678")
    assert (row["机会点名称"], row["状态"], row["行业"]) == (mine.name, "审核中", "制造")
    assert (row["预计云资源金额"], row["币种"]) == (1200000, "CNY")
    assert row["提交时间"] == dt.datetime(2026, 3, 2, 12, 0)  # noqa: DTZ001  a cell has no zone
    assert row["预计签单时间"] == dt.datetime(2026, 9, 30)  # noqa: DTZ001
    assert "内部备注" not in row
    done = await state(pipeline.store, record)
    assert (done.status, done.rows_done, done.rows_total) == (ExportStatus.DONE, 1, 1)
    lines = [line for line in await pipeline.store.journal() if line.operation.startswith(("export.", "ExportRecord."))]
    assert [line.operation for line in lines] == [
        "export.request",
        "ExportRecord.start",
        "ExportRecord.finish",
        "export.fetch",
    ]
    assert lines[0].reason == "月度复盘"
    assert lines[2].changes["rows_done"] == {"from": 0, "to": 1}


async def test_a_column_that_was_asked_for_and_may_not_be_seen_is_empty_and_says_so(pipeline: Pipeline, tmp_path: Path):
    await pipeline.validated()
    columns = ["name", "internal_note", "owner.name"]
    _, rows = await exported(pipeline.store, pipeline.main, tmp_path, columns=columns, language="en")
    assert list(rows[0]) == ["Opportunity name", "Internal note (not visible to you)", "Customer owner"]
    assert rows[0]["Internal note (not visible to you)"] is None
    assert rows[0]["Customer owner"] is None or rows[0]["Customer owner"] == "唐丽"


async def test_headings_and_labels_are_in_the_readers_language(pipeline: Pipeline, tmp_path: Path):
    await pipeline.submitted()
    _, rows = await exported(pipeline.store, pipeline.pdm, tmp_path, language="en", format=ExportFormat.CSV)
    assert rows[0]["Status"] == "In audit"
    assert rows[0]["Pre-sales activities"] == "Customer visit, Requirement study"
    assert rows[0]["Partner"] == "华启软件有限公司"
    assert rows[0]["Submitted"] == "2026-03-02 12:00:00"


@pytest.mark.parametrize("format", ExportFormat)
@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "http://a.example"])
async def test_no_cell_is_ever_a_formula(pipeline: Pipeline, tmp_path: Path, format: ExportFormat, text: str):
    record = await pipeline.draft()

    async def rename(work: Work) -> None:
        found = await work.get(Opportunity, record.id)
        found.name = text

    await pipeline.store.do(pipeline.main, rename)
    ask, rows = await exported(pipeline.store, pipeline.main, tmp_path, format=format)
    if format is ExportFormat.XLSX:
        assert rows[0]["机会点名称"] == text
        content = await fetched(pipeline.store, pipeline.main, ask, tmp_path)
        sheet: Any = openpyxl.load_workbook(io.BytesIO(content)).active
        cells = [one for row in sheet.iter_rows() for one in row if one.value == text]
        assert [(one.data_type, one.hyperlink) for one in cells] == [("s", None)]
    else:
        assert rows[0]["机会点名称"] == (text if text.startswith("http") else f"'{text}")


async def test_amounts_stay_exact_where_a_spreadsheets_number_would_not(pipeline: Pipeline, tmp_path: Path):
    await pipeline.draft(expected_amount="12345678901234567.89")
    await pipeline.draft(expected_amount="0.10")
    for format in ExportFormat:
        _, rows = await exported(pipeline.store, pipeline.main, tmp_path, format=format)
        assert {Decimal(str(row["预计云资源金额"])) for row in rows} == {
            Decimal("12345678901234567.89"),
            Decimal("0.1"),
        }


async def test_the_lists_filters_hold(pipeline: Pipeline, tmp_path: Path):
    draft = await pipeline.draft()
    await pipeline.submitted(name="另一个")
    for conditions in (
        (("status", (Status.DRAFT,)),),
        (("name", FORM["name"]), ("created_before", pipeline.store.clock() + dt.timedelta(days=1))),
        (("company_name", "恒远"), ("status", (Status.DRAFT,)), ("responsible", pipeline.main.id)),
        (("text", "华东"), ("sign_from", dt.date(2026, 9, 1)), ("stale", False)),
    ):
        record, rows = await exported(pipeline.store, pipeline.main, tmp_path, conditions=conditions)
        assert [row["编号"] for row in rows] == [draft.public_id], conditions
    assert record.asked["text"] == "•••"
    line = next(one for one in await pipeline.store.journal() if one.operation == "export.request")
    assert line.changes["asked"] == {"status": ["DRAFT"]}


async def test_the_journal_and_customers_go_out_too(pipeline: Pipeline, tmp_path: Path):
    await pipeline.submitted()
    _, rows = await exported(
        pipeline.store, pipeline.auditor, tmp_path, kind=JNL, language="en", format=ExportFormat.CSV
    )
    assert "Submit" in {row["Operation"] for row in rows}
    assert all("恒远精密" not in str(row) for row in rows)
    _, rows = await exported(pipeline.store, pipeline.operations, tmp_path, kind=CUS)
    assert [row["公司名称"] for row in rows] == ["江苏****公司"]
    _, rows = await exported(pipeline.store, pipeline.owner, tmp_path, kind=CUS)
    assert [row["公司名称"] for row in rows] == [FORM["company_name"]]


async def test_a_claim_in_the_queue_opens_nothing_in_a_file_that_stays(pipeline: Pipeline, tmp_path: Path):
    """COL-2.8.4."""
    from models.approval import Approval, claim

    record = await pipeline.submitted()
    async with pipeline.store.reader() as session:
        entry = (await session.execute(select(Approval).where(Approval.subject_id == record.id))).scalars().one()
    await pipeline.store.do(pipeline.pdm, lambda work: claim(work, entry.id))
    _, rows = await exported(pipeline.store, pipeline.pdm, tmp_path)
    assert rows[0]["公司名称"] == "江苏****公司"


async def test_many_rows_come_once_each_while_others_are_added(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(210):
        await pipeline.draft(name=f"机会点 {number}")
    shop = workshop(pipeline.store, tmp_path)
    record = await asked(pipeline.store, pipeline.main, columns=["name"], format=ExportFormat.CSV)
    told: list[int] = []
    real = worker.names_of

    async def adds_between(reader: Any, rows: Any) -> Any:
        told.append(1)
        pipeline.store.clock.forward(seconds=2)
        await pipeline.draft(name="neu")
        return await real(reader, rows)

    monkeypatch.setattr(worker, "names_of", adds_between)
    assert await domain.work_off(shop) == 1
    rows = read_csv(await fetched(pipeline.store, pipeline.main, record, tmp_path))
    assert len(told) == 3
    assert sorted(row["机会点名称"] for row in rows) == sorted(f"机会点 {number}" for number in range(210))


async def test_a_cancelled_export_stops_before_the_next_page_and_leaves_no_file(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(120):
        await pipeline.draft(name=f"机会点 {number}")
    record = await asked(pipeline.store, pipeline.main)
    pages = 0
    real = worker.names_of

    async def cancels(reader: Any, rows: Any) -> Any:
        nonlocal pages
        pages += 1
        await pipeline.store.do(pipeline.main, lambda work: domain.cancel(work, record.id))
        return await real(reader, rows)

    monkeypatch.setattr(worker, "names_of", cancels)
    await domain.work_off(workshop(pipeline.store, tmp_path))
    assert pages == 1
    assert (await state(pipeline.store, record)).status is ExportStatus.CANCELLED
    assert files(tmp_path) == []
    with pytest.raises(DomainError):
        await fetched(pipeline.store, pipeline.main, record, tmp_path)


async def test_an_export_is_its_requesters_alone(pipeline: Pipeline, tmp_path: Path):
    """Another's export is not found; an auditor sees it, and neither cancels nor fetches it."""
    await pipeline.submitted()
    record, _ = await exported(pipeline.store, pipeline.main, tmp_path)
    for stranger in (pipeline.other_main, pipeline.administrator, pipeline.operations, pipeline.pdm):
        await pipeline.store.refused(stranger, NotFoundError, lambda work: domain.fetch(work, record.id))
        await pipeline.store.refused(stranger, NotFoundError, lambda work: domain.cancel(work, record.id))
    await pipeline.store.refused(
        pipeline.auditor, domain.ExportNotYoursError, lambda work: domain.fetch(work, record.id)
    )
    waiting = await asked(pipeline.store, pipeline.main)
    await pipeline.store.refused(
        pipeline.auditor, domain.ExportNotYoursError, lambda work: domain.cancel(work, waiting.id)
    )


async def test_a_file_is_removed_after_its_time(pipeline: Pipeline, tmp_path: Path):
    await pipeline.submitted()
    record, _ = await exported(pipeline.store, pipeline.main, tmp_path)
    shop = workshop(pipeline.store, tmp_path)
    pipeline.store.clock.forward(days=6, hours=23)
    await domain.tidy(shop)
    assert len(files(tmp_path)) == 1
    pipeline.store.clock.forward(hours=1)
    await pipeline.store.refused(pipeline.main, domain.ExportNotReadyError, lambda work: domain.fetch(work, record.id))
    await domain.tidy(shop)
    # The folder knows the machine's own time, which is after all of this.
    assert (await state(pipeline.store, record)).status is ExportStatus.EXPIRED


async def test_two_workers_never_make_one_export_twice(pipeline: Pipeline, tmp_path: Path):
    await pipeline.submitted()
    records = [await asked(pipeline.store, pipeline.main) for _ in range(4)]
    url = pipeline.store.writer.kw["bind"].url.render_as_string(hide_password=False)
    others = [open_database(url) for _ in range(3)]
    try:
        stores = [Store(each.writer, each.reader, clock=pipeline.store.clock) for each in others]
        counts = await asyncio.gather(*(domain.work_off(workshop(store, tmp_path)) for store in stores))
    finally:
        for each in others:
            await each.dispose()
    assert sum(counts) == 4
    operations = await pipeline.store.operations()
    assert (operations.count("ExportRecord.start"), operations.count("ExportRecord.finish")) == (4, 4)
    assert {(await state(pipeline.store, record)).status for record in records} == {ExportStatus.DONE}
    assert len(files(tmp_path)) == 4


async def deactivate(work: Work, id: Any) -> None:
    account = await work.session.get_one(Account, id)
    account.active = False


async def test_rights_that_are_gone_when_the_work_begins_count(pipeline: Pipeline, tmp_path: Path):
    await pipeline.submitted()
    record = await asked(pipeline.store, pipeline.main)
    await pipeline.store.do(pipeline.main, lambda work: deactivate(work, pipeline.main.id))
    await domain.work_off(workshop(pipeline.store, tmp_path))
    found = await state(pipeline.store, record)
    assert (found.status, (found.failure or {})["code"]) == (ExportStatus.FAILED, "PERMISSION_DENIED")
    assert files(tmp_path) == []


async def move_partner(work: Work, pipeline: Pipeline) -> None:
    partner = await work.session.get_one(type(pipeline.cast.huaqi), pipeline.cast.huaqi.id)
    partner.pdm_id = None


@pytest.mark.slow
async def test_rights_that_go_while_pages_are_read_begin_the_file_anew(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(110):
        await pipeline.submitted(name=f"机会点 {number}", company_name=f"苏州第{number}机械厂")
    record = await asked(pipeline.store, pipeline.pdm, columns=["name"])
    real, pages = worker.names_of, []

    async def loses(reader: Any, rows: Any) -> Any:
        pages.append(len(rows))
        if len(pages) == 1:
            await pipeline.store.do(pipeline.operations, lambda work: move_partner(work, pipeline))
        return await real(reader, rows)

    monkeypatch.setattr(worker, "names_of", loses)
    await domain.work_off(workshop(pipeline.store, tmp_path))
    assert pages == [100, 0]
    found = await state(pipeline.store, record)
    assert (found.status, found.rows_done) == (ExportStatus.DONE, 0)


async def test_a_file_is_not_given_once_the_rights_that_it_was_made_with_have_changed(
    pipeline: Pipeline, tmp_path: Path
):
    await pipeline.submitted()
    record, _ = await exported(pipeline.store, pipeline.pdm, tmp_path)
    await pipeline.store.do(pipeline.operations, lambda work: move_partner(work, pipeline))
    now = await pipeline.store.actor(pipeline.cast.zhou_pdm)
    await pipeline.store.refused(now, domain.ExportRightsChangedError, lambda work: domain.fetch(work, record.id))


async def test_too_many_rows_and_too_many_exports_are_refused(pipeline: Pipeline, tmp_path: Path):
    await pipeline.submitted()
    await pipeline.draft()

    async def lower(work: Work) -> None:
        for row in await work.every(select(PolicyRow).where(PolicyRow.key == "export.most_rows")):
            row.value = 1

    await pipeline.store.do(pipeline.operations, lower)
    record = await asked(pipeline.store, pipeline.main)
    await domain.work_off(workshop(pipeline.store, tmp_path))
    found = await state(pipeline.store, record)
    assert (found.status, (found.failure or {})["code"]) == (ExportStatus.FAILED, "EXPORT_TOO_LARGE")
    for _ in range(5):
        await asked(pipeline.store, pipeline.main)
    await pipeline.store.refused(
        pipeline.main, domain.TooManyExportsError, lambda work: domain.request(work, OPP, reason="x")
    )


async def test_what_breaks_off_again_and_again_fails_in_the_end(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    record = await asked(pipeline.store, pipeline.main)
    told: list[str] = []
    shop = Workshop(pipeline.store, workshop(pipeline.store, tmp_path).storage, pipeline.store.clock)
    shop.told = lambda _id, error: told.append(str(error))

    def breaks(*_: Any) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr(worker, "writer", breaks)
    for _ in range(6):
        await domain.work_off(shop)
        pipeline.store.clock.forward(minutes=2)
    found = await state(pipeline.store, record)
    assert (found.status, (found.failure or {})["code"]) == (ExportStatus.FAILED, "EXPORT_INTERRUPTED")
    assert told == ["the disk is full"] * 5
    assert files(tmp_path) == []


KILLED = """
import asyncio, os, sys
from api import cli
from models.export import worker
from api.files.bucket import BucketStorage
from api.files.folder import FolderStorage

def die(*_, **__):
    os._exit(9)

async def die_later(*_, **__):
    os._exit(9)

step = sys.argv.pop()
if step == "before the first page":
    worker.writer = die
elif step == "between pages":
    worker.cells_of = die
elif step == "before the file is kept":
    BucketStorage.keep = FolderStorage.keep = die_later
elif step == "before the row is written":
    worker._finish = die_later
cli.main()
"""


@pytest.mark.parametrize(
    "step", ["before the first page", "between pages", "before the file is kept", "before the row is written"]
)
@pytest.mark.slow
async def test_a_killed_worker_leaves_no_half_file_and_the_next_one_finishes(
    pipeline: Pipeline, tmp_path: Path, step: str
):
    record = await pipeline.submitted()
    real = dt.datetime.now(dt.UTC)
    pipeline.store.clock.now = real
    ask = await asked(pipeline.store, pipeline.main, columns=["id"])
    url = pipeline.store.writer.kw["bind"].url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED, "sweep", step),
        env=surroundings(url, files_dir=str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 9, printed.decode()
    folder = tmp_path / "exports"
    shop = workshop(pipeline.store, folder)
    assert (await state(pipeline.store, ask)).status is ExportStatus.RUNNING
    assert await domain.work_off(shop) == 0
    pipeline.store.clock.now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    assert await domain.work_off(shop) == 1
    done = await state(pipeline.store, ask)
    assert (done.status, done.attempts, done.rows_done) == (ExportStatus.DONE, 2, 1)
    assert [row["编号"] for row in read_xlsx(await fetched(pipeline.store, pipeline.main, ask, folder))] == [
        record.public_id
    ]
    pipeline.store.clock.forward(minutes=5)
    await domain.tidy(shop)
    assert files(folder) == [done.location]
