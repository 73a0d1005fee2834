"""Files, exports and notices in a real browser, as a reviewer works with them; one server and one sign-in for all."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import expect
from sqlmodel import select

from api.app import create_app
from api.exports import workshop_of
from api.settings import Settings
from models.export import Workshop, work_off, worker
from models.notice import NoticePreference
from models.opportunity import Status
from tests.browser.test_back_office import Screen, launched
from tests.databases import Databases, open_database
from tests.filing import PDF
from tests.people import Store
from tests.pipeline import Pipeline, peopled
from tests.test_admin_files import PNG

pytestmark = pytest.mark.browser


class Scene:
    """The whole application, served, and a window in which the PDM is signed in."""

    def __init__(self, pipeline: Pipeline, settings: Settings, screen: Screen) -> None:
        self.pipeline = pipeline
        self.settings = settings
        self.screen = screen
        self.page = screen.page

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.screen.address}{path}")

    async def bell(self) -> int:
        """Read the number beside the bell."""
        count = self.page.locator(".bell-count")
        return int(await count.inner_text()) if await count.count() else 0

    def refused(self) -> None:
        """Take it as said that a form was answered with 422, which a browser counts among its errors."""
        answered = [line for line in self.screen.complaints if "422" in line]
        assert len(answered) == 1
        self.screen.complaints.remove(answered[0])


@pytest_asyncio.fixture(scope="module")
async def scene(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """One server, one browser, one sign-in."""
    folder = tmp_path_factory.mktemp("scene")
    template, made = await peopled(databases)
    url = await databases.copy(template)
    opened = open_database(url)
    pipeline = replace(made, store=Store(opened.writer, opened.reader))
    settings = Settings(database_url=url, files_dir=folder / "files")
    app = create_app(settings, database=opened, clock=pipeline.store.clock, sweeping=False)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn tells it in no other way
        await asyncio.sleep(0.02)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/admin"
    async with launched() as browser:
        context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        screen = Screen(await context.new_page(), folder, address)
        await screen.sign_in(pipeline.cast.zhou_pdm.login)
        yield Scene(pipeline, settings, screen)
    server.should_exit = True
    await serving
    await opened.dispose()
    await databases.drop(url)


def chosen(name: str, content: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


async def fetched(scene: Scene, link: Any) -> tuple[str, bytes]:
    """Follow a link that leads to a file, and read what was saved."""
    async with scene.page.expect_download() as waiting:
        await link.click()
    download = await waiting.value
    return download.suggested_filename, Path(await download.path()).read_bytes()


async def test_evidence_is_sent_by_the_form_and_fetched_back(scene: Scene) -> None:
    page, record = scene.page, await scene.pipeline.submitted(name="附件机会点", company_name="苏州附件机械有限公司")
    await scene.go("/queue")
    await page.click("a:has-text('附件机会点')")
    await page.check("#files input[value$=INTERNAL]")
    picker, send = page.locator("#files-chosen"), page.locator("#files button[type=submit]")
    await picker.set_input_files([chosen("实地核查.pdf", PDF), chosen("假图.png", b"MZ" + bytes(90))])
    await expect(page.locator("#files [data-chosen] li")).to_have_text(["实地核查.pdf", "假图.png"])
    await send.click()
    await page.wait_for_selector("text=“假图.png”：文件内容与扩展名“png”不符")
    assert await page.is_checked("#files input[value$=INTERNAL]")
    scene.refused()
    await scene.screen.look("upload-refused")
    await picker.set_input_files([chosen(f"{place}.pdf", PDF) for place in range(11)])
    await expect(page.locator("#files [data-picker-error]")).to_have_text("一次最多选择 10 个文件。")
    assert not await picker.evaluate("input => input.checkValidity()")
    await picker.set_input_files([chosen("实地核查.pdf", PDF), chosen("现场.png", PNG)])
    await send.click()
    await page.wait_for_selector("text=已添加 2 个附件")
    await scene.screen.look("uploaded")
    assert await fetched(scene, page.locator("a:text-is('实地核查.pdf')")) == ("实地核查.pdf", PDF)
    assert (await scene.pipeline.again(record)).status is Status.AUDITING


async def test_evidence_goes_with_the_decision(scene: Scene) -> None:
    page, record = scene.page, await scene.pipeline.submitted(name="决定机会点", company_name="苏州决定机械有限公司")
    await scene.go("/queue")
    await page.click("a:has-text('决定机会点')")
    await page.click("button:has-text('审核驳回')")
    dialog = page.locator("#step-reject_audit")
    await dialog.locator("select[name=reason_code]").select_option("NO_CONTACT")
    await dialog.locator("[name='files.VERDICT']").set_input_files([chosen("意见.pdf", PDF)])
    await scene.screen.look("deciding-with-evidence")
    await dialog.locator(".modal-footer [type=submit]").click()
    await page.wait_for_selector("text=已处理：审核驳回")
    assert (await scene.pipeline.again(record)).status is Status.AUDIT_REJECTED
    await scene.go(f"/opportunities/{record.public_id}")
    assert await fetched(scene, page.locator("a:text-is('意见.pdf')")) == ("意见.pdf", PDF)


class HalfWay(Workshop):
    """A worker that stops where half of the rows are written, until it is let go on."""

    steps = 0
    onward: asyncio.Event

    async def act(self, deed: Any) -> Any:
        done = await super().act(deed)
        self.steps += 1
        if self.steps == 3:  # claimed, counted, and the first page is told of
            await self.onward.wait()
        return done


async def test_an_export_is_asked_for_watched_and_opened(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """COL-2.8.4"""
    monkeypatch.setattr(worker, "MAX_PAGE", 1)
    monkeypatch.setattr(worker, "RENEW_AFTER", dt.timedelta(0))
    monkeypatch.setattr("admin.export.LOOK_AGAIN_SECONDS", 1)
    page, pipeline = scene.page, scene.pipeline
    for name in ("导出甲", "导出乙"):
        await pipeline.validating(name=name, company_name=f"苏州{name}机械有限公司")
    await scene.go("/opportunities?f.status=VALIDATING")
    await page.click("button:has-text('导出')")
    await page.fill("#export-reason", "月度复盘")
    await scene.screen.look("export-form")
    await page.click("button:has-text('开始导出')")
    await page.wait_for_selector("text=导出任务已创建")
    await page.wait_for_selector("tr:has-text('月度复盘') >> text=等待中")
    plain = workshop_of(pipeline.store, scene.settings, clock=pipeline.store.clock)
    half = HalfWay(plain.store, plain.storage, plain.clock)
    half.onward = asyncio.Event()
    working = asyncio.create_task(work_off(half))
    await page.wait_for_selector("tr:has-text('月度复盘') >> progress[value='50']")
    await page.click("tr:has-text('月度复盘') >> a >> nth=0")
    await page.wait_for_selector("text=50%")
    await scene.screen.look("export-running")
    half.onward.set()
    await working
    await page.wait_for_selector("a:has-text('下载')")
    assert "验证" in await page.locator("dl.facts").last.inner_text()
    await scene.screen.look("export-done")
    name, content = await fetched(scene, page.locator("a:has-text('下载')"))
    assert name.endswith(".xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    head, *rows = sheet.iter_rows(values_only=True)
    read = {dict(zip(head, row, strict=True))["机会点名称"]: dict(zip(head, row, strict=True)) for row in rows}
    assert set(read) == {"导出甲", "导出乙"}
    assert read["导出甲"]["公司名称"] == "苏州****公司"


async def test_the_inbox_counts_and_marks_what_was_read(scene: Scene) -> None:
    page = scene.page
    await scene.go("/notices")
    before = await scene.bell()
    for number in (1, 2, 3):
        await scene.pipeline.submitted(name=f"通知机会点{number}", company_name=f"苏州通知{number}机械有限公司")
    await scene.go("/notices?view=unread")
    assert await scene.bell() == before + 3
    await scene.screen.look("inbox")
    line = page.locator(".list-group-item", has_text="通知机会点3")
    await line.locator("button:has-text('标为已读')").click()
    await expect(page.locator(".list-group-item", has_text="通知机会点3")).to_have_count(0)
    assert page.url.endswith("?view=unread")
    assert await scene.bell() == before + 2
    await page.locator(".list-group-item", has_text="通知机会点2").locator("button:has-text('查看')").click()
    await page.wait_for_url(re.compile("/opportunities/opp_"))
    assert await scene.bell() == before + 1
    await scene.go("/notices")
    await page.click("button:has-text('全部标为已读')")
    await expect(page.locator(".bell-count")).to_have_count(0)
    assert await page.is_disabled("button:has-text('全部标为已读')")
    await scene.go("/notices?view=unread")
    await page.wait_for_selector("text=暂无通知")
    await scene.screen.look("inbox-empty")


async def test_whoever_wants_no_digest_says_so_once(scene: Scene) -> None:
    page = scene.page
    await scene.go("/preferences")
    digest = page.locator("label:has-text('每日待办摘要') input")
    assert await digest.is_checked()
    await digest.uncheck()
    await page.click("button:has-text('保存')")
    await page.wait_for_selector("text=已保存")
    assert not await page.locator("label:has-text('每日待办摘要') input").is_checked()
    assert await page.locator("label:has-text('机会点待审核') input").is_checked()
    await scene.screen.look("preferences")
    async with scene.pipeline.store.reader() as session:
        rows = (await session.execute(select(NoticePreference))).scalars().all()
    assert [(row.kind, row.by_mail) for row in rows] == [("queue.digest", False)]


@pytest.mark.parametrize("width", [1440, 800, 390])
async def test_the_pages_fit_the_window_in_both_languages(scene: Scene, width: int) -> None:
    record = await scene.pipeline.submitted(name=f"宽度{width}", company_name="苏州宽度机械有限公司")
    await scene.page.set_viewport_size({"width": width, "height": 900})
    for lang, button in (("zh", "English"), ("en", "中文")):
        for path in ("notices", "preferences", "exports", "opportunities", f"opportunities/{record.public_id}"):
            await scene.go(f"/{path}")
            await scene.screen.look(f"{path.replace('/', '-')}-{width}-{lang}")
        await scene.page.click(f"button:has-text('{button}')")
    await scene.page.set_viewport_size({"width": 1440, "height": 900})
