"""Existing customers and pipelines, taken in from files by an operator of Huawei's side."""

from __future__ import annotations

import asyncio
import csv
import re
import signal
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import col, func, select
from typer.testing import CliRunner

from api.cli_import import import_app
from api.database import Database
from models.approval import Approval
from models.customer import Customer, CustomerOrigin
from models.identity import Account, open_account, operator_actor, preset_ids
from models.kernel.access import Actor, Side
from models.kernel.errors import DomainError, PermissionDeniedError
from models.kernel.journal import JournalLine
from models.kernel.reads import Page, Reader
from models.kernel.work import run_write, utc_now
from models.onboarding import (
    ColumnMissingError,
    FileNotReadableError,
    HeaderRepeatedError,
    ImportKind,
    ImportRun,
    ImportState,
    MappingKeyError,
    MappingNotReadableError,
    Report,
    import_customers,
    import_opportunities,
    read_mapping,
    read_sheet,
    write_refused,
)
from models.opportunity import Direction, Opportunity, Origin, Stage, Status, goes_first, rivals_of
from models.opportunity.progress import summary
from models.partner import Offering, PartnerOrganisation
from models.rights import Preset
from models.seed import plant
from tests.kernel.samples import sample
from tests.maven_twin import ACCOUNTS, NO_DEALS, OFFICES, Twin, make_twin, write
from tests.stage import Stage as Theatre
from tests.stage import person

LIN = person(Preset.ECO, "林静")


@pytest_asyncio.fixture
async def theatre(database: Database) -> Theatre:
    """A planted installation."""
    theatre = Theatre(database.writer, database.reader)
    await run_write(theatre, LIN, plant)
    return theatre


@pytest.fixture
def twin(tmp_path: Path) -> Twin:
    """The synthetic pipeline of 200 rows."""
    return make_twin(tmp_path)


async def take_in(theatre: Theatre, path: Path, mapping: str | Path = "maven", **how) -> Report:
    """Import a pipeline as Lin of ecosystem operations."""
    return await import_opportunities(theatre, how.pop("actor", LIN), path, read_mapping(mapping), **how)


async def figures(theatre: Theatre, report: Report, actor: Actor = LIN) -> dict[str, tuple[int, int]]:
    """Ask for the summary of an import: count and signed amount by status."""
    async with theatre.reader() as session:
        page = Page(filter=(("import_id", report.run_id),))
        rows = await summary(Reader(session, actor, theatre.now), page)
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        count, signed = found.get(row["status"], (0, 0))
        found[row["status"].value] = (count + row["count"], signed + (row["signed"] or 0))
    assert {row["currency"] for row in rows} <= {"USD"}
    return found


async def rows_of(theatre: Theatre, model, **facts) -> list:
    """Read the rows that fit."""
    async with theatre.reader() as session:
        return list((await session.execute(select(model).filter_by(**facts))).scalars())


def without_corrections(folder: Path) -> Path:
    """Write the mapping without what it knows of misspellings."""
    text = (Path(read_mapping.__code__.co_filename).parent / "data" / "maven.toml").read_text("utf-8")
    path = folder / "uncorrected.toml"
    path.write_text(re.sub(r"\[corrections\].*?\n\n", "", text, flags=re.DOTALL), "utf-8")
    return path


# -------------------------------------------------------------------------------------------------------- the whole set


async def test_a_pipeline_goes_in_with_its_customers_partners_members_and_offerings(theatre: Theatre, twin: Twin):
    """COL-2.5#20: history lands as draft, validated, won or lost, marked IMPORTED, and opens no approval."""
    report = await take_in(theatre, twin.pipeline)

    assert (report.created, report.known, report.refused) == (200, 0, [])
    assert await figures(theatre, report) == {
        "WON": (twin.count("Won"), twin.won_amount * 100),
        "LOST": (twin.count("Lost"), 0),
        "VALIDATED": (twin.count("Engaging", named=True), 0),
        "DRAFT": (twin.count("Prospecting") + twin.count("Engaging", named=False), 0),
    }
    assert {partner.name for partner in await rows_of(theatre, PartnerOrganisation)} == set(OFFICES)
    members = await rows_of(theatre, Account)
    assert {member.name for member in members} == {name for agents in OFFICES.values() for name in agents}
    assert NO_DEALS in {member.name for member in members}
    assert len(await rows_of(theatre, Offering)) == 9
    assert await rows_of(theatre, Approval) == []
    [run] = await rows_of(theatre, ImportRun, kind=ImportKind.OPPORTUNITIES)
    assert (run.state, run.created, run.known, run.refused, run.position) == (ImportState.DONE, 200, 0, 0, 200)


async def test_accounts_become_customers_once_and_unassociated(theatre: Theatre, twin: Twin):
    await take_in(theatre, twin.pipeline)

    customers = {customer.company_name: customer for customer in await rows_of(theatre, Customer)}
    assert set(customers) == set(ACCOUNTS)
    assert all(customer.partner_id is None for customer in customers.values())
    assert all(customer.origin is CustomerOrigin.IMPORTED for customer in customers.values())
    assert customers["Alderfin"].industry == "SOFTWARE"  # technolgy
    assert customers["Alderfin"].company_size == "UP_TO_19"
    assert customers["Hazelmere"].company_size == "FROM_10000"
    assert customers["Dovecot & Sons"].address == "Philippines"


async def test_members_of_history_cannot_sign_in(theatre: Theatre, twin: Twin):
    await take_in(theatre, twin.pipeline)

    for member in await rows_of(theatre, Account):
        assert not member.active
        assert not member.password_hash.startswith("$argon2")


async def test_each_record_says_what_it_lacks_and_has_its_journal_line(theatre: Theatre, twin: Twin):
    """COL-2.5#20: what the form would ask for is listed, not asked for."""
    report = await take_in(theatre, twin.pipeline)

    records = await rows_of(theatre, Opportunity)
    assert {record.origin for record in records} == {Origin.IMPORTED}
    assert {record.direction for record in records} == {Direction.PO}
    assert {record.import_id for record in records} == {report.run_id}
    assert all(record.responsible_id and record.offering_ids for record in records)
    assert not any(record.has_duplicates or record.due_at for record in records)
    won = next(record for record in records if record.status is Status.WON)
    assert {"budget", "authority", "consent_confirmed", "contact_mobile", "contract_number"} <= set(won.missing)
    assert "company_name" not in won.missing
    assert (won.stage, won.win_probability, won.currency) == (Stage.SIGNED, 100, "USD")
    assert won.signed_on is not None
    assert won.customer_id is not None
    draft = next(record for record in records if record.status is Status.DRAFT and record.customer_id is None)
    assert "company_name" in draft.missing
    assert draft.stage is None
    lost = next(record for record in records if record.status is Status.LOST)
    assert (lost.stage, lost.win_probability, lost.signed_amount) == (Stage.LOST, 0, None)
    assert "lost_reason" in lost.missing
    lines = await rows_of(theatre, JournalLine, operation="opportunity.onboard")
    assert {line.subject_id for line in lines} == {record.id for record in records}
    assert {line.actor_name for line in lines} == {"林静"}
    told = next(line for line in lines if line.subject_id == won.id).changes
    assert told["company_name"]["to"] != won.company_name  # masked, as everywhere


async def test_to_run_it_again_changes_nothing_at_all(theatre: Theatre, twin: Twin):
    first = await take_in(theatre, twin.pipeline)
    before = await theatre.everything()

    again = await take_in(theatre, twin.pipeline)

    assert (again.created, again.known, again.refused) == (0, 200, [])
    assert again.run_id == first.run_id
    assert await theatre.everything() == before


async def test_a_longer_file_adds_only_what_is_not_there(theatre: Theatre, twin: Twin, tmp_path: Path):
    await take_in(theatre, write(tmp_path / "part.csv", twin.rows[:150]))

    whole = await take_in(theatre, twin.pipeline)

    assert (whole.created, whole.known) == (50, 150)
    assert len(await rows_of(theatre, Opportunity)) == 200
    assert len(await rows_of(theatre, Customer)) == len(ACCOUNTS)


async def test_a_rehearsal_shows_the_rows_and_changes_nothing(theatre: Theatre, twin: Twin):
    before = await theatre.everything()

    report = await take_in(theatre, twin.pipeline, dry=True)

    assert (report.created, report.known, report.refused, report.run_id) == (200, 0, [], None)
    assert report.entered == {"partners": 3, "members": 6, "offerings": 9}
    assert report.customers is not None
    assert report.customers.created == len(ACCOUNTS)
    assert [values["external_id"] for values in report.preview] == [row["opportunity_id"] for row in twin.rows[:5]]
    assert await theatre.everything() == before


async def test_no_transaction_takes_more_than_five_hundred_rows(theatre: Theatre, database: Database, tmp_path: Path):
    twin = make_twin(tmp_path, 1200)
    engine = database.writer_engine.sync_engine
    sizes = [0]

    def count(_connection, _cursor, statement, parameters, _context, executemany):
        if statement.lstrip().upper().startswith("INSERT"):
            sizes[-1] += len(parameters) if executemany else 1

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", lambda _connection: sizes.append(0))
    report = await take_in(theatre, twin.pipeline)

    assert report.created == 1200
    assert sum(sizes) > 2400
    assert max(sizes) <= 500


# ------------------------------------------------------------------------------------------------- files as people have


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
async def test_encodings_are_found_out(encoding: str, tmp_path: Path):
    rows = [{"客户": "青云数据（南京）有限公司", "商品": "云桌面"}]
    sheet = read_sheet(write(tmp_path / "pipeline.csv", rows, encoding=encoding))

    assert sheet.columns == ("客户", "商品")
    assert sheet.rows[0].cells == ("青云数据（南京）有限公司", "云桌面")


def test_quotes_semicolons_and_blank_lines_are_read_as_they_are_meant(tmp_path: Path):
    path = tmp_path / "pipeline.csv"
    path.write_text(
        'name;note\r\n\r\n"Dovecot; Sons";"two\nlines, ""quoted"""\r\n;\r\nElmstead;\r\n', "utf-8", newline=""
    )

    sheet = read_sheet(path)

    assert [row.cells for row in sheet.rows] == [("Dovecot; Sons", 'two\nlines, "quoted"'), ("Elmstead", "")]
    assert [row.line for row in sheet.rows] == [3, 6]


async def test_a_workbook_goes_in_as_the_same_file_in_csv(theatre: Theatre, twin: Twin, tmp_path: Path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(list(twin.rows[0]))
    for row in twin.rows:
        value = row["close_value"]
        sheet.append([*list(row.values())[:-1], int(value) if value else None])
    path = tmp_path / "pipeline.xlsx"
    workbook.save(path)

    report = await take_in(theatre, path)

    assert (report.created, report.refused) == (200, [])
    assert (await figures(theatre, report))["WON"] == (twin.count("Won"), twin.won_amount * 100)


async def test_formulas_are_data(theatre: Theatre, tmp_path: Path):
    make_twin(tmp_path)
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["external_id", "partner", "name", "status"])
    sheet.append(["=1+1", "Harbour", '=HYPERLINK("http://example.com")', "DRAFT"])
    path = tmp_path / "formulas.xlsx"
    workbook.save(path)
    await take_in(theatre, tmp_path / "sales_pipeline.csv")

    report = await import_opportunities(theatre, LIN, path)

    assert report.created == 1
    record = await theatre.one(Opportunity, external_id="=1+1")
    assert record.name == '=HYPERLINK("http://example.com")'


def test_a_refused_cell_does_not_become_a_formula_and_comes_back_as_it_was(tmp_path: Path):
    cells = [{"name": "=cmd|' /C calc'!A0", "amount": "-5.00", "note": "@home"}]
    sheet = read_sheet(write(tmp_path / "rows.csv", cells))
    write_refused(tmp_path / "refused.csv", sheet, [(sheet.rows[0], "CODE", "=sentence")])

    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file))
    assert written == [
        ["error_code", "error", "name", "amount", "note"],
        ["CODE", "'=sentence", "'=cmd|' /C calc'!A0", "-5.00", "'@home"],
    ]
    assert read_sheet(tmp_path / "refused.csv").rows[0].cells[2:] == ("=cmd|' /C calc'!A0", "-5.00", "@home")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"account,sector,account\r\nA,b,c\r\n", HeaderRepeatedError),
        (b"account\r\n\xff\xff\xff", FileNotReadableError),
        (b"PK\x03\x04 no workbook", FileNotReadableError),
        (b'account\r\n"never closed', FileNotReadableError),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_in_both_languages(
    tmp_path: Path, content: bytes, error: type[DomainError]
):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)

    with pytest.raises(error) as raised:
        read_sheet(path)

    assert "broken.csv" in raised.value.message("zh")
    assert "broken.csv" in raised.value.message("en")


# --------------------------------------------------------------------------------------------- what is wrong with a row


async def test_near_matches_are_suggested_and_not_applied_by_themselves(theatre: Theatre, twin: Twin, tmp_path: Path):
    misspelt = sum(row["product"] == "GTXPro" for row in twin.rows)

    report = await take_in(theatre, twin.pipeline, without_corrections(tmp_path))

    [found] = [one for one in report.suggestions if one.column == "product"]
    assert (found.value, found.suggestion, found.rows, found.accepted) == ("GTXPro", "GTX Pro", misspelt, False)
    assert report.customers is not None
    assert [(one.value, one.suggestion) for one in report.customers.suggestions] == [("technolgy", "technology")]
    assert len(report.customers.refused) == 2
    # What names a customer that was refused waits until the customer is in.
    assert {one.value for one in report.suggestions} == {"GTXPro", "Alderfin", "Fernhill"}
    codes = {error.code for _, errors in report.refused for error in errors}
    assert codes == {"UNKNOWN_VALUE"}
    assert report.created + len(report.refused) == 200


async def test_a_repaired_customer_lets_in_the_rows_that_name_it(theatre: Theatre, twin: Twin, tmp_path: Path):
    mapping = without_corrections(tmp_path)
    first = await take_in(theatre, twin.pipeline, mapping)
    repaired = [{"account": name, "sector": "technology"} for name in ("Alderfin", "Fernhill")]
    fields = [{"employees": "20", "office_location": "", **row} for row in repaired]
    await import_customers(theatre, LIN, write(tmp_path / "repaired.csv", fields), read_mapping(mapping))

    again = await take_in(theatre, twin.pipeline, mapping)

    assert again.created > 0
    assert again.run_id == first.run_id
    assert {one.value for one in again.suggestions} == {"GTXPro"}


async def test_near_matches_are_applied_where_somebody_accepts_them(theatre: Theatre, twin: Twin, tmp_path: Path):
    report = await take_in(theatre, twin.pipeline, without_corrections(tmp_path), accept_suggestions=True)

    assert (report.created, report.refused) == (200, [])
    assert [one.accepted for one in report.suggestions] == [True]
    assert {offering.name for offering in await rows_of(theatre, Offering)} == {"GTX Basic", "GTX Pro", "MG Special"}


async def test_refused_rows_are_repaired_and_imported_again(theatre: Theatre, twin: Twin, tmp_path: Path):
    won = [place for place, row in enumerate(twin.rows) if row["deal_stage"] == "Won"]
    rows = [dict(row) for row in twin.rows]
    rows[won[0]]["close_value"] = "a lot"
    rows[won[1]]["close_date"] = "31/12/2017"
    rows[won[2]]["deal_stage"] = "Wonn"
    rows[won[3]]["close_date"] = "2016-01-01"
    rows[won[4]]["opportunity_id"] = ""
    rows[won[5]]["sales_agent"] = "Nobody Known"
    rows.append(dict(rows[won[7]]))
    path = write(tmp_path / "damaged.csv", rows)

    report = await take_in(theatre, path)

    refused = {row.cells[0]: {error.code for error in errors} for row, errors in report.refused}
    assert report.created == 194
    assert [row.line for row, _ in report.refused] == [*(place + 2 for place in won[:6]), 202]
    assert refused[rows[won[0]]["opportunity_id"]] == {"AMOUNT"}
    assert refused[rows[won[1]]["opportunity_id"]] == {"DATE_NOT_READABLE"}
    assert refused[rows[won[2]]["opportunity_id"]] == {"UNKNOWN_VALUE"}
    assert refused[rows[won[3]]["opportunity_id"]] == {"DATE_ORDER"}
    assert refused[""] == {"FIELD_REQUIRED"}
    assert refused[rows[won[7]]["opportunity_id"]] == {"ROW_REPEATED"}
    assert [(one.value, one.suggestion) for one in report.suggestions] == [("Nobody Known", None), ("Wonn", "Won")]

    out = tmp_path / "refused.csv"
    write_refused(
        out, report.sheet, [(row, errors[0].code, errors[0].message("zh")) for row, errors in report.refused[:-1]]
    )
    with out.open(encoding="utf-8-sig", newline="") as file:
        repaired = list(csv.DictReader(file))
    assert {row["error_code"] for row in repaired} >= {"AMOUNT", "DATE_ORDER"}
    right = {place: twin.rows[place] for place in won[:6]}
    again = await take_in(
        theatre, write(out, [row | right[place] for row, place in zip(repaired, won[:6], strict=True)])
    )

    assert (again.created, again.refused) == (6, [])
    assert len(await rows_of(theatre, Opportunity)) == 200


async def test_a_row_with_too_many_cells_or_control_characters_is_refused_alone(theatre: Theatre, tmp_path: Path):
    make_twin(tmp_path, 3)
    with (tmp_path / "sales_pipeline.csv").open("a", newline="") as file:
        file.write("TW1,Ada Quell,GTX Basic,Elmstead,Engaging,2017-01-02,,,and,more\r\n")
        file.write("TW2,Ada Quell,GTX\x07 Basic,Elmstead,Engaging,2017-01-02,,\r\n")

    report = await take_in(theatre, tmp_path / "sales_pipeline.csv")

    assert report.created == 3
    assert [errors[0].code for _, errors in report.refused] == ["RAGGED_ROW", "UNPRINTABLE_TEXT"]


async def test_history_does_not_lie_in_the_future(theatre: Theatre, tmp_path: Path):
    twin = make_twin(tmp_path, 40)
    won = next(row for row in twin.rows if row["deal_stage"] == "Won")
    won["close_date"] = "2099-01-01"

    report = await take_in(theatre, write(twin.pipeline, twin.rows), clock=lambda: theatre.now)

    [(row, [error])] = [(row, errors) for row, errors in report.refused]
    assert (row.cells[0], error.code, error.path) == (won["opportunity_id"], "VALUE_NOT_ALLOWED", ("signed_on",))


async def test_a_column_that_is_not_there_is_named_with_what_is_near_to_it(theatre: Theatre, tmp_path: Path):
    twin = make_twin(tmp_path, 3)
    rows = [
        {("sales_agnt" if name == "sales_agent" else name): cell for name, cell in row.items()} for row in twin.rows
    ]

    with pytest.raises(ColumnMissingError) as raised:
        await take_in(theatre, write(twin.pipeline, rows))

    assert raised.value.facts["suggestion"] == "sales_agnt"
    assert await rows_of(theatre, Opportunity) == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[[status]]\nstatus = "AUDITING"\n', MappingKeyError),
        ('[[status]]\nstatus = "WON"\nstage = "POC"\n', MappingKeyError),
        ('[fields]\nowner_id = "owner"\n', MappingKeyError),
        ("[fields\n", MappingNotReadableError),
    ],
)
def test_a_mapping_says_only_what_history_may_be(tmp_path: Path, text: str, error: type):
    """COL-2.5#20: history arrives as draft, validated, won or lost, and as nothing else."""
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(error):
        read_mapping(path)


# -------------------------------------------------------------------------------------------------- without any mapping


async def test_a_file_with_the_fields_own_names_needs_no_mapping(theatre: Theatre, tmp_path: Path):
    await take_in(theatre, make_twin(tmp_path, 3).pipeline)
    customers = [
        {"公司名称": "青云数据有限公司", "统一社会信用代码": "", "行业": "SOFTWARE", "省份": "CN-32", "外部编号": "C1"}
    ]
    entered = await import_customers(theatre, LIN, write(tmp_path / "customers.csv", customers, encoding="gb18030"))
    rows = [
        {
            "externalId": "A1",
            "partner": "harbour",
            "customer": "青云数据有限公司",
            "name": "桌面上云",
            "status": "机会点验证通过",
            "stage": "POC",
        },
        {"externalId": "A2", "partner": "Harbor", "customer": "", "name": "容器平台", "status": "DRAFT", "stage": ""},
    ]

    report = await import_opportunities(theatre, LIN, write(tmp_path / "own.csv", rows))

    assert (entered.created, report.created) == (1, 1)
    record = await theatre.one(Opportunity, external_id="A1")
    customer = await theatre.one(Customer, external_id="C1")
    assert (record.status, record.stage, record.customer_id) == (Status.VALIDATED, Stage.POC, customer.id)
    assert record.office_id == customer.office_id is not None
    [found] = report.suggestions
    assert (found.value, found.suggestion) == ("Harbor", "Harbour")


async def test_a_customer_that_is_known_by_another_spelling_is_not_entered_twice(theatre: Theatre, tmp_path: Path):
    first = [{"company_name": "青云数据有限公司"}, {"company_name": "青云数据 有限责任公司"}]
    report = await import_customers(theatre, LIN, write(tmp_path / "customers.csv", first))

    assert (report.created, report.known) == (1, 1)
    again = await import_customers(theatre, LIN, write(tmp_path / "more.csv", first[1:]))
    assert (again.created, again.known) == (0, 1)


# ---------------------------------------------------------------------------------------------------- who may, who sees


@pytest.mark.parametrize("role", [Preset.PDM, Preset.PSM, Preset.BD, Preset.AUD, Preset.SYS, Preset.MAIN])
async def test_only_ecosystem_operations_onboard(theatre: Theatre, twin: Twin, role: Preset):
    before = await theatre.everything()

    for action, path in ((import_opportunities, twin.pipeline), (import_customers, twin.pipeline)):
        with pytest.raises(PermissionDeniedError) as refusal:
            await action(theatre, person(role), path, read_mapping("maven"))
        assert refusal.value.code == "PERMISSION_DENIED"

    assert await theatre.everything() == before


async def test_each_partner_sees_its_own_history_and_no_other(theatre: Theatre, twin: Twin):
    """COL-2.8.1: another partner's history cannot be listed or counted."""
    report = await take_in(theatre, twin.pipeline)
    partners = {partner.name: partner.id for partner in await rows_of(theatre, PartnerOrganisation)}
    harbour = person(Preset.MAIN, partner_id=partners["Harbour"])
    upland = person(Preset.MAIN, partner_id=partners["Upland"])
    delta = person(Preset.MAIN, partner_id=partners["Delta"])

    seen = await theatre.seen(Opportunity, harbour), await theatre.seen(Opportunity, upland)

    assert not seen[0] & seen[1]
    assert min(map(len, seen)) > 0
    assert len(seen[0]) + len(seen[1]) == 200
    assert await theatre.seen(Opportunity, delta) == set()
    assert await figures(theatre, report, delta) == {}
    assert await theatre.seen(ImportRun, harbour) == set()
    assert await theatre.seen(Customer, delta) == set()


async def test_drafts_of_history_are_seen_by_whoever_onboards_and_no_auditor(theatre: Theatre, twin: Twin):
    report = await take_in(theatre, twin.pipeline)

    drafts = twin.count("Prospecting") + twin.count("Engaging", named=False)
    assert (await figures(theatre, report))["DRAFT"] == (drafts, 0)
    assert "DRAFT" not in await figures(theatre, report, person(Preset.AUD))


async def test_history_never_blocks_and_never_has_priority(theatre: Theatre, twin: Twin):
    """COL-2.7.7: imported history never blocks, never has priority."""
    await take_in(theatre, twin.pipeline)
    old = next(record for record in await rows_of(theatre, Opportunity) if record.status is Status.VALIDATED)

    async def rivals(work):
        new = Opportunity(
            partner_id=old.partner_id,
            customer_id=old.customer_id,
            company_name=old.company_name,
            normalised_name=old.normalised_name,
            offering_ids=old.offering_ids,
            submitted_at=work.now,
            status=Status.AUDITING,
            created_at=work.now,
            updated_at=work.now,
        )
        later = Opportunity(**(new.model_dump() | {"status": Status.VALIDATED}))
        return await rivals_of(work, new), goes_first(later, old), goes_first(old, later)

    found, later, earlier = await theatre.done(LIN, rivals)

    assert found == []
    assert later[0] is True
    assert earlier[0] is False


# --------------------------------------------------------------------------------------------------------- being killed

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.databases import open_database
from tests.stage import Stage, person
from models import onboarding
from models.rights import Preset

async def main(url, path):
    opened = open_database(url)
    def told(kind, done, total):
        if kind is onboarding.ImportKind.OPPORTUNITIES and done >= 400:
            os.kill(os.getpid(), signal.SIGKILL)
    await onboarding.import_opportunities(
        Stage(opened.writer, opened.reader), person(Preset.ECO), Path(path), onboarding.read_mapping("maven"),
        progress=told,
    )

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_an_import_that_was_killed_goes_on_and_ends_the_same(theatre: Theatre, database_url: str, tmp_path: Path):
    twin = make_twin(tmp_path, 1000)
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED, database_url, str(twin.pipeline)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    async with theatre.reader() as session:
        records = await session.scalar(select(func.count()).select_from(Opportunity))
        lines = await session.scalar(
            select(func.count()).select_from(JournalLine).where(col(JournalLine.operation) == "opportunity.onboard")
        )
    [run] = await rows_of(theatre, ImportRun, kind=ImportKind.OPPORTUNITIES)
    assert 400 <= run.position < 1000
    assert run.state is ImportState.RUNNING
    assert records == lines == run.created == run.position

    report = await take_in(theatre, twin.pipeline)

    assert report.resumed_from == run.position
    assert report.run_id == run.id
    assert report.created == 1000 - run.position
    assert (await figures(theatre, report))["WON"] == (twin.count("Won"), twin.won_amount * 100)
    [run] = await rows_of(theatre, ImportRun, kind=ImportKind.OPPORTUNITIES)
    assert (run.state, run.created, run.known, run.refused) == (ImportState.DONE, 1000, 0, 0)
    assert len(await rows_of(theatre, JournalLine, operation="opportunity.onboard")) == 1000


# ---------------------------------------------------------------------------------------------------------- the command


async def command(*arguments: str, code: int) -> str:
    """Run the command in a thread, since it has an event loop of its own."""
    done = await asyncio.to_thread(CliRunner().invoke, import_app, list(arguments))
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


@pytest.fixture
def installation(theatre: Theatre, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Theatre:
    """The installation of the settings, and a folder to work in."""
    monkeypatch.setenv("PARTNER_CENTER_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return theatre


async def test_the_command_rehearses_imports_and_says_so(installation: Theatre, twin: Twin):
    file = ("opportunities", "sales_pipeline.csv", "--map", "maven")

    rehearsed = await command(*file, "--dry-run", code=0)
    assert "200 would be taken in, 0 known already, 0 refused" in rehearsed
    assert "TW000000" in rehearsed
    assert await rows_of(installation, Opportunity) == []

    done = await command(*file, code=0)
    assert "200 taken in, 0 known already, 0 refused" in done
    assert "import imp_" in done

    again = await command(*file, code=0)
    assert "0 taken in, 200 known already, 0 refused" in again


async def test_the_command_writes_the_refused_rows_and_ends_with_three(
    installation: Theatre, twin: Twin, tmp_path: Path
):
    mapping = str(without_corrections(tmp_path))

    said = await command("opportunities", "sales_pipeline.csv", "--map", mapping, "--refused", "again.csv", code=3)

    assert "“GTXPro”" in said
    assert "near to “GTX Pro”" in said
    with (tmp_path / "again.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert "UNKNOWN_VALUE" in rows[0]["error_code"]
    assert "已知取值" in rows[0]["error"]
    assert "is not known" in rows[0]["error"]
    assert (tmp_path / "accounts.refused.csv").exists()

    await command("opportunities", "sales_pipeline.csv", "--map", mapping, "--accept-suggestions", code=0)
    assert len(await rows_of(installation, Opportunity)) == 200


async def test_the_command_says_plainly_what_it_cannot_do(installation: Theatre, twin: Twin):
    assert "cannot be read" in await command("customers", "nowhere.csv", code=1)
    assert "no such" in (await command("customers", "accounts.csv", "--map", "nowhere", code=1)).casefold()
    assert "--map (maven" in await command("opportunities", "sales_pipeline.csv", code=1)


async def test_the_command_acts_as_the_operator_that_it_is_told(installation: Theatre, twin: Twin):
    async def open_accounts(work):
        for login, role in (("lin.jing", Preset.ECO), ("zhou.tao", Preset.PDM)):
            await open_account(
                work,
                login=login,
                name=login,
                password_hash="!",
                side=Side.HUAWEI,
                role_ids=await preset_ids(work, role),
                must_change_password=False,
            )

    await installation.done(operator_actor(), open_accounts)
    asked = ("customers", "accounts.csv", "--map", "maven", "--as")

    assert "no account" in await command(*asked, "nobody", code=1)
    assert "customer:onboard" in await command(*asked, "zhou.tao", code=1)
    assert await rows_of(installation, Customer) == []
    assert "8 taken in" in await command(*asked, "lin.jing", code=0)
    assert {line.actor_name for line in await rows_of(installation, JournalLine, operation="customer.onboard")} == {
        "lin.jing"
    }


async def test_what_has_no_room_or_is_no_currency_is_refused_by_row(theatre: Theatre, tmp_path: Path):
    await take_in(theatre, make_twin(tmp_path, 3).pipeline)
    row = {"external_id": "A1", "partner": "Harbour", "name": "n" * 129, "currency": "USD", "next_step": ""}
    rows = [row, row | {"external_id": "A2", "name": "n", "currency": "USDX"}, row | {"external_id": "A3", "name": "n"}]
    rows[2]["next_step"] = "n" * 1001

    report = await import_opportunities(theatre, LIN, write(tmp_path / "own.csv", rows))

    assert [[error.code for error in errors] for _, errors in report.refused] == [
        ["LENGTH"],
        ["VALUE_NOT_ALLOWED", "LENGTH"],
        ["LENGTH"],
    ]


# --------------------------------------------------------------------------------------------------------- the real set


@pytest.mark.slow
async def test_the_maven_set_goes_in_with_one_mapping_and_gives_the_known_figures(theatre: Theatre):
    report = await take_in(theatre, sample("maven-crm-sales/sales_pipeline.csv"))

    assert (report.created, report.refused, report.suggestions) == (8800, [], [])
    assert report.customers is not None
    assert report.customers.created == 85
    found = await figures(theatre, report)
    assert found["WON"] == (4238, 10_005_534_00)
    assert found["LOST"][0] == 2473
    assert found["DRAFT"][0] + found["VALIDATED"][0] == 2089
    assert found["VALIDATED"][0] == 501
    lines = sa.select(func.count(col(JournalLine.id)), func.max(col(JournalLine.at)))
    async with theatre.reader() as session:
        before = (await session.execute(lines)).one()
    assert before[0] > 8800

    again = await take_in(theatre, sample("maven-crm-sales/sales_pipeline.csv"))

    assert (again.created, again.known) == (0, 8800)
    async with theatre.reader() as session:
        assert (await session.execute(lines)).one() == before
    assert utc_now() > theatre.now
