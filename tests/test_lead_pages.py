"""Leads and deal registrations in the back-office: read, and sent down by forms and files."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from admin.office import mount
from api.database import Database
from api.files import FormReceiver
from api.files.folder import FolderStorage
from models.lead import LeadSource
from models.rights import PRESETS, Preset, Right
from tests.databases import Databases, open_database
from tests.desk import TERMS, Desk, Visitor
from tests.field_matrix import Gallery, hang
from tests.leads import FORM
from tests.people import Store
from tests.pipeline import open_pipeline
from tests.test_lead_fields import CELLS, FIELDS, filled
from tests.test_lead_import import ROW, csv_of, every

INSIDE = [role for role in Preset if Right.BACK_OFFICE in PRESETS[role].permissions]
PATHS = {"Lead": "leads", "DealRegistration": "deal-registrations"}
FACT = re.compile(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", re.DOTALL)


@dataclass
class Rooms:
    """The back-office with one lead and one deal, and one person of each kind."""

    desk: Desk
    gallery: Gallery
    rows: dict[str, Any]
    visitors: dict[str, Visitor]

    async def visitor(self, role: str) -> Visitor:
        """Let somebody in, once."""
        if role not in self.visitors:
            self.visitors[role] = await self.desk.enter(self.gallery.people[role])
        return self.visitors[role]

    @property
    def store(self) -> Store:
        """Give the database and its clock."""
        return self.desk.store


async def open_rooms(database: Database, folder: Path) -> Rooms:
    pipeline = await open_pipeline(Store(database.writer, database.reader))
    gallery = await hang(pipeline)
    rows = await filled(pipeline, gallery)
    app = Starlette()
    site = mount(
        app,
        pipeline.store,
        TERMS,
        secret="s" * 40,
        secure=False,
        clock=pipeline.store.clock,
        receiver=FormReceiver(FolderStorage(folder)),
    )
    return Rooms(Desk(site, app, pipeline, []), gallery, rows, {})


@pytest_asyncio.fixture(scope="module")
async def gallery(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rooms]:
    """One back-office for all of these tests, since they only read."""
    url = await databases.copy()
    opened = open_database(url)
    found = await open_rooms(opened, tmp_path_factory.mktemp("files"))
    yield found
    for client in found.desk.clients:
        await client.aclose()
    await opened.dispose()
    await databases.drop(url)


@pytest_asyncio.fixture
async def rooms(database: Database, tmp_path: Path) -> AsyncIterator[Rooms]:
    found = await open_rooms(database, tmp_path)
    yield found
    for client in found.desk.clients:
        await client.aclose()


@pytest.mark.parametrize("noun", PATHS)
@pytest.mark.parametrize("role", INSIDE)
async def test_list_and_detail_show_of_each_field_what_the_cell_says(gallery: Rooms, role: Preset, noun: str) -> None:
    """COL-6.2.3, COL-6.2.8, COL-6.1.6: no page carries what its viewer does not read plainly."""
    visitor = await gallery.visitor(role.value)
    rows = [row for row in FIELDS if row.startswith(f"{noun}/")]
    detail = await visitor.get(f"/{PATHS[noun]}/{gallery.rows[noun].public_id}")
    listed = await visitor.get(f"/{PATHS[noun]}?size=100")
    pages = [detail.text, listed.text, (await visitor.get("/journal?size=100")).text]
    if CELLS[rows[0]][role.value] == ".":
        assert detail.status_code in (403, 404)
        assert listed.status_code in (200, 403)
        assert gallery.rows[noun].public_id not in listed.text
    else:
        assert (detail.status_code, listed.status_code) == (200, 200)
        facts = {
            re.sub(r"<[^>]+>", "", label).strip(): (re.sub(r"<[^>]+>", "", value).strip(), "btn-eye" in label)
            for label, value in FACT.findall(detail.text)
        }
        for row in rows:
            for field, (plain, masked) in FIELDS[row].items():
                kind = CELLS[row][role.value]
                shown = facts[LABELS[noun][field]]
                assert (html.unescape(shown[0]), shown[1]) == (plain if kind == "P" else masked, kind == "M"), field
    secrets = [
        plain
        for row in rows
        if CELLS[row][role.value] != "P"
        for field, (plain, _) in FIELDS[row].items()
        if field not in ("customer_name", "contact_name")
    ]
    assert [(role, secret) for text in pages for secret in secrets if secret in html.unescape(text)] == []


LABELS = {
    "Lead": {
        "company_name": "公司名称",
        "customer_name": "客户名称",
        "account_name": "华为云账号",
        "email": "邮箱",
        "mobile": "手机号码",
    },
    "DealRegistration": {
        "company_name": "公司名称",
        "account_name": "客户账号名",
        "contact_name": "联系人",
        "contact_mobile": "联系人手机",
        "contact_email": "联系人邮箱",
    },
}


async def test_huaweis_side_finds_leads_by_their_keys(gallery: Rooms) -> None:
    """COL-6.2.1, COL-6.2.2: whoever may not reveal a field is not even offered the search."""
    pdm, number = await gallery.visitor("PDM"), gallery.rows["Lead"].public_id
    for asked, found in (("f.company_name=云程", True), ("f.mobile=13700005678", True), ("f.level=A", False)):
        assert (number in await pdm.page(f"/leads?{asked}")) == found, asked
    koogallery = await (await gallery.visitor("KOO")).page("/leads")
    assert "f.mobile" not in koogallery
    assert "f.campaign_name" in koogallery
    assert "下发线索" not in koogallery
    english = await pdm.client.get("/admin/leads", headers={"accept-language": "en"})
    assert english.status_code == 200


async def test_operations_send_a_lead_down_by_a_form(rooms: Rooms) -> None:
    """COL-6.2.7."""
    eco = await rooms.visitor("ECO")
    assert "下发线索" in await eco.page("/leads")
    assert "华启软件有限公司" in await eco.page("/leads/new")
    given = {"partner_id": rooms.desk.pipeline.cast.huaqi.public_id, "source": "CAMPAIGN", "email": "nobody"}
    refused = await eco.send("/leads/new", **given)
    assert refused.status_code == 422
    assert "公司名称和客户名称至少填写一项" in refused.text
    assert "邮箱地址无效" in refused.text
    sent = await eco.send("/leads/new", **{**given, "email": "", "company_name": "昆山下发科技有限公司"})
    assert (sent.status_code, sent.headers["location"].startswith("/admin/leads/led_")) == (303, True)
    page = await eco.page(sent.headers["location"].removeprefix("/admin"))
    assert "昆山****公司" in page
    assert "下发线索" in page


@pytest.mark.parametrize("role", ["PDM", "AUD", "KOO", "SYS"])
async def test_others_send_nothing_down(rooms: Rooms, role: str) -> None:
    """COL-6.2.7: ecosystem operations alone."""
    visitor = await rooms.visitor(role)
    before = await rooms.store.everything()
    for path in ("/leads/new", "/leads/import", "/leads/template"):
        assert (await visitor.get(path)).status_code == 403, path
    given = {"partner_id": rooms.desk.pipeline.cast.huaqi.public_id, "source": "HUAWEI", "company_name": "某公司"}
    assert (await visitor.send("/leads/new", **given)).status_code == 403
    assert (await upload(visitor, csv_of(ROW), **given)).status_code == 403
    after = await rooms.store.everything()
    assert (after["Lead"], after["JournalLine"]) == (before["Lead"], before["JournalLine"])


async def upload(visitor: Visitor, content: bytes | None, name: str = "leads.csv", **fields: str) -> Any:
    return await visitor.client.post(
        "/admin/leads/import",
        data={"token": await visitor.token(), **fields},
        files={"files": (name if content is not None else "", content or b"")},
        headers={"origin": "http://back-office.test"},
    )


async def test_operations_send_a_file_down_and_see_what_became_of_each_row(rooms: Rooms) -> None:
    """COL-6.2.7: import; what was refused is told row by row."""
    eco = await rooms.visitor("ECO")
    given = {"partner_id": rooms.desk.pipeline.cast.huaqi.public_id, "source": "CAMPAIGN"}
    page = await eco.page("/leads/import")
    assert "华为云账号" in page
    got = await eco.get("/leads/template")
    assert got.content.decode("utf-8-sig").startswith("公司名称,客户名称,华为云账号")
    rows = csv_of({**ROW, "level": "B"}, {**ROW, "mobile": "１３７"})
    answer = await upload(eco, rows, **given)
    text = html.unescape(answer.text)
    assert answer.status_code == 200
    assert "已导入 1 条，此前已导入 0 条，未导入 1 条" in text
    assert "号码含有全角字符" in text
    assert FORM["mobile"] not in text
    made = [one for one in await every(rooms.store) if one.source == LeadSource.CAMPAIGN]
    assert [one.level for one in made] == ["B"]
    for content, name, words in (
        (None, "", "请选择一个文件"),
        (b"\x89PNG\r\n\x1a\n", "leads.csv", "不符"),
        (b"x\n1\n", "leads.csv", "没有列"),
    ):
        refused = await upload(eco, content, name, **given)
        assert refused.status_code == 422
        assert words in html.unescape(refused.text), name
