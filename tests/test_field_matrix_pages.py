"""Every cell of who sees which field, on the back-office's lists and details, for everybody who enters it."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from admin.office import mount
from models.labels import field_label
from models.rights import PRESETS, Preset, Right
from tests.databases import Databases, open_database
from tests.desk import TERMS, Desk, Visitor
from tests.field_matrix import FIELDS, Gallery, cell, hang, rows_of
from tests.people import Store
from tests.pipeline import open_pipeline

INSIDE = [role for role in Preset if Right.BACK_OFFICE in PRESETS[role].permissions]
NOUNS = {"Customer": "customers", "Opportunity": "opportunities"}
FACT = re.compile(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", re.DOTALL)


class Rooms:
    """The back-office with the gallery of the table; these tests only read."""

    def __init__(self, desk: Desk, gallery: Gallery) -> None:
        self.desk = desk
        self.gallery = gallery
        self.visitors: dict[str, Visitor] = {}

    async def visitor(self, role: str) -> Visitor:
        """Let somebody in, once."""
        if role not in self.visitors:
            self.visitors[role] = await self.desk.enter(self.gallery.people[role])
        return self.visitors[role]

    def address(self, noun: str) -> str:
        """Say where a noun's record is."""
        record = self.gallery.customer if noun == "Customer" else self.gallery.opportunity
        return f"/{NOUNS[noun]}/{record.public_id}"


@pytest_asyncio.fixture(scope="module")
async def rooms(databases: Databases) -> AsyncIterator[Rooms]:
    """One back-office for all of these tests, since they change nothing."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    app = Starlette()
    site = mount(app, pipeline.store, TERMS, secret="s" * 40, secure=False, clock=pipeline.store.clock)
    desk = Desk(site, app, pipeline, [])
    yield Rooms(desk, gallery)
    for client in desk.clients:
        await client.aclose()
    await opened.dispose()
    await databases.drop(url)


def facts_of(page: str) -> dict[str, tuple[str, bool]]:
    """Read the facts of a page: text by label, and whether the eye stands beside it."""
    found: dict[str, tuple[str, bool]] = {}
    for label, value in FACT.findall(page):
        named = html.unescape(re.sub(r"<[^>]+>", "", label)).strip()
        found.setdefault(named, (html.unescape(re.sub(r"<[^>]+>", "", value)).strip(), "btn-eye" in label))
    return found


def free_texts(row: str) -> list[str]:
    """List what a row's fields hold that says nothing to those who must not see it only as long as it is absent."""
    plain = [value for value, _ in FIELDS[row].values() if isinstance(value, str)]
    return [value for value in plain if not re.fullmatch(r"[A-Z_]+|CN-\d+|\d{4}-\d\d-\d\d.*|苏州市", value)]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("role", INSIDE)
async def test_a_detail_shows_of_each_field_what_the_cell_says(rooms: Rooms, role: Preset, noun: str) -> None:
    """COL-2.8.3, COL-5.7.6"""
    visitor = await rooms.visitor(role.value)
    answer = await visitor.get(rooms.address(noun))
    if any(cell(row, role.value) == "." for row in rows_of(noun)):
        assert answer.status_code in (403, 404)
        assert not any(text in answer.text for row in rows_of(noun) for text in free_texts(row))
        return
    assert answer.status_code == 200
    facts = facts_of(answer.text)
    for row in rows_of(noun):
        for field, (plain, masked) in FIELDS[row].items():
            text, eye = facts[field_label(field, "zh", noun)]
            match cell(row, role):
                case "P":
                    assert text != "—", (role, row, field)
                    if plain in free_texts(row):
                        assert text == plain, (role, row, field)
                case "M" | "m" as kind:
                    assert text == (masked or "—"), (role, row, field)
                    assert eye == (kind == "M" and masked is not None), (role, row, field)
                case _:
                    assert (text, eye) == ("—", False), (role, row, field)


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("role", INSIDE)
async def test_no_page_carries_what_its_viewer_does_not_read_plainly(rooms: Rooms, role: Preset, noun: str) -> None:
    """COL-2.8.3"""
    visitor = await rooms.visitor(role.value)
    pages = [rooms.address(noun), f"/{NOUNS[noun]}?size=100", "/journal?size=100", "/queue", "/"]
    texts = [(await visitor.get(path)).text for path in pages]
    secrets: list[Any] = [secret for row in rows_of(noun) if cell(row, role.value) != "P" for secret in free_texts(row)]
    for path, text in zip(pages, texts, strict=True):
        assert [secret for secret in secrets if html.escape(secret) in text or secret in text] == [], (role, path)
