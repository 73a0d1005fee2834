"""The back-office in a real browser: sign in, claim, decide, look behind a mask, change the language."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from models.opportunity import Status
from tests.desk import Desk, desk
from tests.people import PASSWORD
from tests.pipeline import FORM

__all__ = ["desk"]
pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 15_000


@pytest_asyncio.fixture
async def address(desk: Desk) -> AsyncIterator[str]:
    """The back-office, served."""
    server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn tells it in no other way
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/admin"
    server.should_exit = True
    await serving


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Debian's Chromium, or Playwright's own where that was installed."""
    async with async_playwright() as playwright:
        path = CHROMIUM or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no Chromium: apt-get install chromium, or playwright install chromium")
        found = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        await found.close()


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of this test alone."""
    async with launched() as found:
        yield found


class Screen:
    """A window of the browser that remembers what went wrong in it."""

    def __init__(self, page: Page, shots: Path, address: str) -> None:
        self.page = page
        self.shots = shots
        self.address = address
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda told: self.complaints.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda sent: self._stays_here(sent.url))

    def _stays_here(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:")):
            self.complaints.append(f"asked for {url}")

    async def look(self, name: str) -> None:
        """Take a picture, and see that nothing hangs over the edge and nothing was complained about."""
        await self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)
        over = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{name} is {over} pixels too wide"
        assert self.complaints == []

    async def sign_in(self, login: str) -> None:
        """Sign in by the form."""
        await self.page.goto(self.address)
        await self.look("sign-in")
        await self.page.fill("[name=login]", login)
        await self.page.fill("[name=password]", PASSWORD)
        await self.page.click("form .btn-primary")
        await self.page.wait_for_url(f"{self.address}/")


@pytest.fixture
async def screen(browser: Browser, address: str, tmp_path: Path) -> Screen:
    """A window of ordinary size."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    return Screen(await context.new_page(), tmp_path, address)


async def test_a_reviewer_signs_in_claims_decides_and_changes_the_language(desk: Desk, screen: Screen) -> None:
    record = await desk.pipeline.validating(desk.pipeline.other_main, name="另一家伙伴的机会点")
    mine = await desk.pipeline.validating()
    page = screen.page
    await screen.sign_in(desk.pipeline.accounts["bd"].login)
    await screen.look("start")
    await page.click("a:has-text('审批队列') >> nth=0")
    await screen.look("queue")
    await page.click(f"a:has-text('{FORM['name']}')")
    await screen.look("entry")
    assert FORM["contact_mobile"] not in await page.content()
    await page.click("button:has-text('认领')")
    await page.wait_for_selector("text=由您认领")
    assert FORM["contact_mobile"] in await page.content()
    await screen.look("entry-claimed")
    await page.click("button:has-text('验证驳回')")
    dialog = page.locator("#step-reject_validation")
    await dialog.locator("select[name=reason_code]").select_option("NOT_EXIST")
    await dialog.locator("textarea[name=reason]").fill("客户确认没有该项目")
    await screen.look("entry-deciding")
    await dialog.locator("button.btn-danger").click()
    await page.wait_for_selector("text=已处理：验证驳回")
    assert (await desk.pipeline.again(mine)).status is Status.VALIDATION_REJECTED
    assert "另一家伙伴的机会点" in await page.content()
    await screen.look("next-entry")
    await page.click("button:has-text('English')")
    await page.wait_for_selector("html[lang=en]")
    await screen.look("next-entry-en")
    assert "Working time left" not in await page.content()
    assert "Due (Beijing time)" in await page.content()
    await page.click("button:has-text('高峰')")
    await page.click("button:has-text('Sign out')")
    await page.wait_for_url(f"{screen.address}/login")
    assert (await desk.pipeline.again(record)).status is Status.VALIDATING


async def test_the_eye_opens_and_closes_a_column(desk: Desk, screen: Screen) -> None:
    """COL-2.8.3"""
    await desk.pipeline.submitted()
    page = screen.page
    await screen.sign_in(desk.pipeline.cast.zhou_pdm.login)
    await page.goto(f"{screen.address}/opportunities")
    assert FORM["company_name"] not in await page.content()
    await page.click(".btn-eye")
    await page.fill("#eye-reason", "核对客户名称")
    await screen.look("eye-asks")
    await page.click("#eye-dialog .btn-primary")
    await page.wait_for_selector(f"text={FORM['company_name']}")
    await page.wait_for_selector("#eye-dialog", state="hidden")
    await screen.look("eye-open")
    assert (await desk.store.journal())[-1].reason == "核对客户名称"
    await page.click(".btn-eye")
    assert FORM["company_name"] not in await page.content()
    await screen.look("eye-closed")


@pytest.mark.parametrize("width", [1440, 768, 390])
async def test_pages_fit_the_window(desk: Desk, screen: Screen, width: int) -> None:
    record = await desk.pipeline.submitted()
    await screen.sign_in(desk.pipeline.cast.lin_operations.login)
    await screen.page.set_viewport_size({"width": width, "height": 900})
    paths = ("", "queue", "opportunities", f"opportunities/{record.public_id}", "customers", "partners", "journal")
    for path in (*paths, "policies", "calendar", "policy-row/list", "memberships"):
        await screen.page.goto(f"{screen.address}/{path}")
        await screen.look(f"{path.replace('/', '-') or 'start'}-{width}")
