"""Every cell of who sees which field, in files, notices, mails and exported journals, for everybody of the table."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.files import file_terms
from api.letters import Desk
from api.settings import Settings
from models import notice
from models import opportunity as domain
from models.export import ExportFormat, ExportKind, exported_by
from models.file import holders
from models.identity import Account, operator_actor
from models.kernel.reads import Reader
from models.kernel.record import rules_of
from models.kernel.values import parse_public_id
from models.kernel.work import Work
from models.labels import field_label
from models.opportunity import Opportunity, ProgressUpdate, RejectionReason
from models.rights import PRESETS, Preset, Right
from tests.databases import Databases, open_database
from tests.export_desk import exported
from tests.field_matrix import CELLS, FIELDS, ROLES, Gallery, cell, expected, hang, rows_of
from tests.filing import PDF, Filing
from tests.people import Store
from tests.pipeline import check_owner, open_pipeline
from tests.portal import ADDRESS
from tests.test_files import entry_of

# The files of one opportunity, by the row of the table that speaks of the field that holds them. What the table does
# not name follows its record.
FILES = {
    "客户需求说明.pdf": "Opportunity/terms",
    "测试进展报告.pdf": "Opportunity/terms",
    "致伙伴审核意见.pdf": "Opportunity/verdict",
    "内部核查记录.pdf": "Opportunity/internal",
}
INSIDE = [role for role in Preset if Right.BACK_OFFICE in PRESETS[role].permissions]
LISTED = """query($id: ID!) { opportunity(id: $id) {
  attachments(first: 50) { totalCount nodes { id name url } } } }"""
SINGLE = "query($id: ID!) { node(id: $id) { ... on Attachment { name sha256 } } }"
JOURNAL = "{ journal(first: 100) { nodes { operation reason changes } } }"


class Hall:
    """The application with the gallery of the table, and an opportunity that holds a file of each kind."""

    def __init__(self, filing: Filing, gallery: Gallery, record: Opportunity, ids: dict[str, str]) -> None:
        self.filing = filing
        self.gallery = gallery
        self.record = record
        self.ids = ids

    @property
    def store(self) -> Store:
        return self.filing.pipeline.store

    def link(self, account: Account, id: str) -> str:
        """Sign a link as if it had been given to somebody."""
        until = self.store.clock() + dt.timedelta(minutes=5)
        actor: Any = SimpleNamespace(id=account.id, client_id=None)
        return file_terms(Settings(database_url=self.filing.url)).link(parse_public_id(id)[1], actor, until)


@pytest_asyncio.fixture(scope="module")
async def hall(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    """One application for all of these tests; what they write down is journal and exports only."""
    url, folder = await databases.copy(), tmp_path_factory.mktemp("hall")
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    settings = Settings(database_url=url, files_dir=folder)
    app = create_app(settings, database=opened, clock=pipeline.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        filing = Filing(client, pipeline, folder, app.state.storage, url)
        yield Hall(filing, gallery, *await _with_files(filing))
    await opened.dispose()
    await databases.drop(url)


async def _with_files(filing: Filing) -> tuple[Opportunity, dict[str, str]]:
    pipeline, ids = filing.pipeline, {}
    main, pdm = pipeline.cast.wang_main, pipeline.cast.zhou_pdm
    record = await pipeline.draft(name="有附件的机会点", company_name="昆山明远精密制造有限公司")
    needs, progress, verdict, internal = FILES
    ids[needs] = await filing.upload(main, record, needs)
    await pipeline.do(pipeline.main, lambda work: domain.submit(work, record.id))
    entry = await entry_of(filing, record)
    ids[verdict] = await filing.upload(pdm, entry, verdict, field="VERDICT")
    ids[internal] = await filing.upload(pdm, entry, internal, field="INTERNAL")
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    await pipeline.do(pipeline.bd, lambda work: check_owner(work, record))
    await pipeline.decide(pipeline.psm, record, "validate")
    report: dict[str, Any] = {"stage": domain.Stage.POC, "win_probability": 50, "details": "测试完成"}
    update: ProgressUpdate = await pipeline.do(
        pipeline.main, lambda work: domain.progress.report(work, record.id, **report)
    )
    ids[progress] = await filing.upload(main, update, progress)

    async def give_to_the_owner(work: Work) -> None:
        found = await work.session.get_one(Opportunity, record.id)
        found.owner_id, found.bd_id = pipeline.accounts["owner"].id, pipeline.accounts["bd"].id

    await pipeline.do(operator_actor(), give_to_the_owner)
    return record, ids


def read_by(role: str) -> set[str]:
    """List the files that the table gives to somebody; there is no half of a file that a mask could leave."""
    return {name for name, row in FILES.items() if cell(row, role) == "P"}


# Files


def test_a_file_of_every_field_that_holds_files_hangs_there() -> None:
    """The licence of an entering partner is no file of an opportunity; test_entry_joining tries who reads it."""
    assert len([kind for kind, _ in holders() if kind != "PartnerEntry"]) == len(FILES)


@pytest.mark.parametrize("role", ROLES)
async def test_everybody_lists_and_fetches_of_each_field_the_files_that_his_cell_gives_him(hall: Hall, role: str):
    """COL-2.8.3: list, count, single read and bytes alike; a link opens nothing that is not its holder's to read."""
    filing, who, mine = hall.filing, hall.gallery.people[role], read_by(role)
    found = (await filing.get(who, LISTED, id=hall.record.public_id))["opportunity"]
    assert (found is None) == (cell("Opportunity/terms", role) == ".")
    shown = {one["name"]: one["url"] for one in found["attachments"]["nodes"]} if found else {}
    assert set(shown) == mine
    assert found is None or found["attachments"]["totalCount"] == len(mine)
    for name, id in hall.ids.items():
        single = await filing.get(who, SINGLE, id=id)
        assert (single["node"] is not None) == (name in mine), name
        if name in mine:
            assert (await filing.fetch(shown[name], who)).content == PDF
        answer = await filing.fetch(hall.link(who, id), who)
        assert answer.status_code == (200 if name in mine else 404), name
        assert (PDF in answer.content) == (name in mine)
        assert name in mine or name not in answer.text


@pytest.mark.parametrize("role", INSIDE)
async def test_the_pages_show_a_file_to_whom_its_cell_gives_it(hall: Hall, role: str):
    who, mine = hall.gallery.people[role], read_by(role)
    async with hall.filing.browser(who) as browser:
        page = await browser.get(f"/admin/opportunities/{hall.record.public_id}")
        assert (page.status_code == 200) == (cell("Opportunity/terms", role) != ".")
        for name, id in hall.ids.items():
            assert (name in page.text) == (name in mine), name
            assert (f'href="/admin/files/{id}"' in page.text) == (name in mine), name
            away = await browser.get(f"/admin/files/{id}")
            assert away.status_code == (303 if name in mine else 404), name


@pytest.mark.parametrize("role", ROLES)
async def test_no_name_of_a_file_stands_in_anybodys_journal(hall: Hall, role: str):
    lines = await hall.filing.get(hall.gallery.people[role], JOURNAL)
    told = json.dumps(lines, ensure_ascii=False)
    assert not [name for name in FILES if name in told]


# Notices and mails


def secrets(role: str) -> list[str]:
    """List the stored texts of the gallery's opportunity that somebody must read nowhere."""
    found = []
    for row in rows_of("Opportunity"):
        if cell(row, role) != "P":
            plain = [value for value, _ in FIELDS[row].values()]
            found += [one for one in plain if isinstance(one, str) and not re.fullmatch(r"[A-Z_]+|\d{4}-.*", one)]
            found += [RejectionReason.NO_CONTACT.zh for one in plain if one == RejectionReason.NO_CONTACT]
    return found


def kinds_of_opportunities() -> list[str]:
    """List the kinds of notice whose sentence an opportunity can fill."""
    facts = {*notice.subjects()["Opportunity"].columns, "until", "number"}
    return [
        code
        for code, kind in notice.notice_kinds().items()
        if {name for _, name, _, _ in Formatter().parse(kind.sentence("zh")) if name} <= facts
    ]


def ruled_facts() -> list[tuple[str, str]]:
    """List the ruled fields that notices tell of an opportunity, each with its row of the table."""
    told = [name for name in notice.subjects()["Opportunity"].columns if name in rules_of(Opportunity)]
    rows = {name: row for row in rows_of("Opportunity") for name in FIELDS[row]}
    return [(name, rows.get(name, "Opportunity/verdict")) for name in told]


def said(row: str, field: str, role: str) -> str | None:
    """Say how a field reads in a notice."""
    value = expected(row, field, role) if field in FIELDS[row] else None
    return RejectionReason.NO_CONTACT.zh if field == "rejection_reason" and value else value


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", ROLES)
async def test_every_kind_of_notice_tells_of_each_field_what_its_readers_cell_says(hall: Hall, role: str, lang: Any):
    """COL-2.8.3, RV-03: whatever kind were sent to whomever, words are found with the rights of whoever reads them."""
    record, actor = hall.gallery.opportunity, await hall.store.actor(hall.gallery.people[role])
    kinds = kinds_of_opportunities()
    rows = [
        SimpleNamespace(
            kind=kind, subject_kind="Opportunity", subject_id=record.id, status=record.status.value, moment=None
        )
        for kind in kinds
    ]
    async with hall.store.reader() as session:
        words = await notice.told(Reader(session, actor, hall.store.clock()), rows, lang)
    assert len(words) == len(kinds) >= 18
    facts = ruled_facts()
    assert {"company_name", "rejection_reason", "message_to_partner"} <= {name for name, _ in facts}
    for kind, one in zip(kinds, words, strict=True):
        text = f"{one}"
        assert not [secret for secret in secrets(role) if secret in text], (kind, role)
        if cell("Opportunity/terms", role) == ".":
            assert (one.path, one.details, record.name in text) == (None, (), False), kind
            continue
        details = dict(one.details)
        for name, row in facts:
            wanted = said(row, name, role)
            label = field_label(name, lang, "Opportunity")
            if name == "rejection_reason" and lang == "en":
                wanted = RejectionReason.NO_CONTACT.en if wanted else None
            if name in notice.subjects()["Opportunity"].details:
                assert details.get(label) == wanted, (kind, role, name)
            if f"{{{name}}}" in notice.notice_kinds()[kind].sentence(lang):
                assert (wanted or "—") in one.sentence, (kind, role, name)


@pytest.mark.parametrize("role", [role for role in ROLES if cell("Opportunity/terms", role) != "."])
async def test_a_mail_of_every_kind_says_no_more_than_its_receivers_cell(hall: Hall, role: str):
    """Text, HTML and subject line alike; whoever sees nothing of the record is not written to at all."""
    record, account = hall.gallery.opportunity, hall.gallery.people[role]
    actor, desk = await hall.store.actor(account), Desk(Settings(base_url="https://partners.example.com"))
    post: Any = SimpleNamespace(public_id="ntm_1")
    for kind in kinds_of_opportunities():
        row = SimpleNamespace(
            kind=kind, subject_kind="Opportunity", subject_id=record.id, status=record.status.value, moment=None
        )
        async with hall.store.reader() as session:
            (words,) = await notice.told(Reader(session, actor, hall.store.clock()), [row], "zh")
        letter = notice.Letter("notice", f"{words.title} · {words.name}", {"told": words})
        addressed: Any = SimpleNamespace(
            email="a@example.com", name=account.name, language="zh", side=account.side, login=account.login
        )
        message = desk.write(letter, post, addressed, hall.store.clock())
        parts = [str(message["Subject"])]
        for part in ("plain", "html"):
            found = message.get_body((part,))
            assert found is not None
            parts.append(str(found.get_content()))
        for text in parts:
            assert not [secret for secret in secrets(role) if secret in text], (kind, role)
        for name, of in ruled_facts():
            wanted = said(of, name, role)
            if name in notice.subjects()["Opportunity"].details and wanted:
                assert all(wanted in text for text in parts[1:]), (kind, role, name)


# Exported journals


@pytest.mark.parametrize("role", ROLES)
async def test_an_exported_journal_goes_to_whom_the_table_names_and_holds_no_ruled_value(
    hall: Hall, role: str, tmp_path: Path
):
    """COL-2.8.4: ruled values stand masked in the journal, for everybody."""
    actor = await hall.store.actor(hall.gallery.people[role])
    may = ExportKind.JOURNAL in exported_by(actor)
    assert may <= (CELLS["Journal/lines"][role] == "P")
    if not may:
        return
    _, rows = await exported(
        hall.store, actor, tmp_path, kind=ExportKind.JOURNAL, format=ExportFormat.CSV, language="en"
    )
    assert rows
    told = json.dumps(rows, ensure_ascii=False)
    assert not [name for name in FILES if name in told]
    for row in FIELDS:
        for plain, masked in FIELDS[row].values():
            if isinstance(plain, str) and masked is not None:
                assert plain not in told, (role, row, plain)
