"""Evidence that reviewers send by forms of the back-office: taken whole or not at all, and every fault told at once."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from httpx2 import Response

from admin.viewer import COOKIE
from models import opportunity as domain
from models.approval import claim, decide
from models.file import LARGEST_BYTES
from models.identity import Account, operator_actor
from models.kernel.work import Work
from models.opportunity import Opportunity, ProgressUpdate, Status
from models.partner import PartnerOrganisation
from models.rights import Preset
from models.settings import set_policy
from tests.databases import Databases
from tests.desk import Visitor
from tests.filing import PDF, Filing, open_filing
from tests.killed_form import STEPS
from tests.people import open_person
from tests.pipeline import Pipeline
from tests.portal import ADDRESS
from tests.test_files import entry_of, let_pass, run_until_death

File = tuple[str, tuple[str, bytes]]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)


@pytest_asyncio.fixture
async def filing(databases: Databases, tmp_path: Path) -> AsyncIterator[Filing]:
    """The application with a folder of its own."""
    async with open_filing(databases, tmp_path / "files") as found:
        yield found


class Clerk(Visitor):
    """Somebody of Huawei's side who sends files by a form."""

    async def put(
        self, path: str, *files: File, token: str | None = None, origin: str | None = ADDRESS, **fields: str
    ) -> Response:
        """Send a form with files, its token first, as a browser does."""
        data = {"token": token if token is not None else await self.token(), **fields}
        headers = {"origin": origin} if origin else {}
        parts = [(name, (None, text)) for name, text in data.items()]
        return await self.client.post(f"/admin{path}", files=[*parts, *files], headers=headers)


def file(name: str = "审核意见.pdf", content: bytes = PDF, part: str = "files") -> File:
    return part, (name, content)


class Room:
    """An entry of the queue, with whoever decides on it."""

    def __init__(self, filing: Filing, record: Opportunity, entry: Any, clerk: Clerk) -> None:
        self.filing = filing
        self.record = record
        self.entry = entry
        self.clerk = clerk
        self.path = f"/queue/{entry.public_id}"
        self.verdict = f"{entry.public_id}:VERDICT"
        self.internal = f"{entry.public_id}:INTERNAL"

    async def names(self, who: Account) -> set[tuple[str, str]]:
        return {(one["field"], one["name"]) for one in await self.filing.files(who, self.record)}

    async def nothing_happened(self) -> None:
        """No row, no bytes, no line in the journal, and the record still waits."""
        assert (await self.filing.rows(), self.filing.bytes_kept()) == ([], [])
        assert "file.upload" not in await self.filing.pipeline.store.operations()
        assert (await self.filing.pipeline.again(self.record)).status is Status.AUDITING


@pytest_asyncio.fixture
async def room(filing: Filing) -> AsyncIterator[Room]:
    """The PDM before an opportunity that waits for his audit."""
    record = await filing.pipeline.submitted()
    pdm = filing.pipeline.cast.zhou_pdm
    async with filing.browser(pdm) as client:
        yield Room(filing, record, await entry_of(filing, record), Clerk(client, pdm))


def number_of(row: dict[str, Any]) -> str:
    return UUID(str(row["id"])).hex


def told(answer: Response) -> str:
    return html.unescape(answer.text)


# What is taken


async def test_a_reviewer_adds_evidence_beside_the_decision_and_fetches_it(room: Room) -> None:
    pdm = room.clerk.account
    page = await room.clerk.page(room.path)
    assert f'value="{room.verdict}"' in page
    assert f'value="{room.internal}"' in page
    version = (await room.filing.pipeline.again(room.record)).version
    answer = await room.clerk.put(f"{room.path}/files", file(), file("照片.png", PNG), place=room.internal)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/admin{room.path}")
    assert await room.names(pdm) == {("INTERNAL", "审核意见.pdf"), ("INTERNAL", "照片.png")}
    assert await room.names(room.filing.pipeline.cast.wang_main) == set()
    rows = {row["name"]: row for row in await room.filing.rows()}
    assert (rows["照片.png"]["media_type"], rows["照片.png"]["size"]) == ("image/png", len(PNG))
    page = await room.clerk.page(room.path)
    assert "已添加 2 个附件" in page
    link = re.search(r'href="/admin(/files/att_[0-9a-f]{32})">审核意见\.pdf', page)
    assert link is not None
    away = await room.clerk.get(link[1])
    assert (await room.clerk.client.get(away.headers["location"])).content == PDF
    assert (await room.filing.pipeline.again(room.record)).version == version
    lines = [line for line in await room.filing.pipeline.store.journal() if line.operation == "file.upload"]
    assert [(line.actor_name, line.internal) for line in lines] == [("周涛", True)] * 2
    assert len(room.filing.bytes_kept()) == 2


async def test_evidence_comes_with_the_decision_and_the_partner_reads_its_own_part(room: Room) -> None:
    pipeline = room.filing.pipeline
    files = (file("意见.pdf", part="files.VERDICT"), file("核查.png", PNG, part="files.INTERNAL"))
    version = str((await pipeline.again(room.record)).version)
    answer = await room.clerk.put(f"{room.path}/decide", *files, verb="approve_audit", version=version)
    assert answer.status_code == 303
    assert (await pipeline.again(room.record)).status is Status.VALIDATING
    assert await room.names(room.clerk.account) == {("VERDICT", "意见.pdf"), ("INTERNAL", "核查.png")}
    assert await room.names(pipeline.cast.wang_main) == {("VERDICT", "意见.pdf")}
    operations = await pipeline.store.operations()
    decided = operations.index("Opportunity.PO.approve_audit")
    assert operations[decided - 2 : decided] == ["file.upload", "file.upload"]


async def test_a_decision_without_files_passes_through_the_same_form(room: Room) -> None:
    version = str((await room.filing.pipeline.again(room.record)).version)
    nothing = (file("", b"", part="files.VERDICT"), file("", b"", part="files.INTERNAL"))
    answer = await room.clerk.put(f"{room.path}/decide", *nothing, verb="approve_audit", version=version)
    assert answer.status_code == 303
    assert (await room.filing.pipeline.again(room.record)).status is Status.VALIDATING
    assert await room.filing.rows() == []


@pytest.mark.slow
async def test_the_record_page_takes_evidence_for_whoever_may_decide(room: Room) -> None:
    path = f"/opportunities/{room.record.public_id}"
    assert f'value="{room.verdict}"' in await room.clerk.page(path)
    answer = await room.clerk.put(f"{path}/files", file(), place=room.verdict)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/admin{path}")
    assert await room.names(room.clerk.account) == {("VERDICT", "审核意见.pdf")}


async def test_a_reviewer_takes_back_what_he_has_added_until_he_decides(room: Room) -> None:
    pipeline = room.filing.pipeline
    await room.clerk.put(f"{room.path}/files", file(), place=room.verdict)
    (row,) = await room.filing.rows()
    remove = f"/files/att_{number_of(row)}/remove"
    assert remove in await room.clerk.page(room.path)
    other = pipeline.cast.lin_operations
    async with room.filing.browser(other) as client:
        assert remove not in await Clerk(client, other).page(f"/opportunities/{room.record.public_id}")
        assert (await Clerk(client, other).send(remove, origin=ADDRESS)).status_code == 404
    assert await room.names(room.clerk.account) == {("VERDICT", "审核意见.pdf")}
    answer = await room.clerk.send(remove, origin=ADDRESS, back=f"/admin{room.path}")
    assert answer.headers["location"] == f"/admin{room.path}"
    assert await room.names(room.clerk.account) == set()
    await room.clerk.put(f"{room.path}/files", file(), place=room.verdict)
    await pipeline.decide(pipeline.pdm, room.record, "approve_audit")
    assert "/remove" not in await room.clerk.page(f"/opportunities/{room.record.public_id}")
    (kept,) = [one for one in await room.filing.rows() if one["state"] == "STORED"]
    await room.clerk.send(f"/files/att_{number_of(kept)}/remove", origin=ADDRESS)
    assert await room.names(room.clerk.account) == {("VERDICT", "审核意见.pdf")}


async def test_whoever_reports_progress_adds_files_to_his_own_report_alone(filing: Filing) -> None:
    """COL-2.6.5: each update has attachments, and is appended only."""
    pipeline, record = filing.pipeline, await filing.pipeline.validated()
    bd = pipeline.accounts["bd"]
    report: dict[str, Any] = {"stage": domain.Stage.POC, "win_probability": 50, "details": "测试完成"}

    async def reported(actor: Any) -> ProgressUpdate:
        done: ProgressUpdate = await pipeline.do(actor, lambda work: domain.progress.report(work, record.id, **report))
        return done

    own, partners = await reported(pipeline.bd), await reported(pipeline.main)
    async with filing.browser(bd) as client:
        clerk, path = Clerk(client, bd), f"/opportunities/{record.public_id}"
        page = await clerk.page(path)
        assert f'value="{own.public_id}:EVIDENCE"' in page
        assert f"{partners.public_id}:EVIDENCE" not in page
        refused = await clerk.put(f"{path}/files", file("测试.pdf"), place=f"{partners.public_id}:EVIDENCE")
        assert refused.status_code == 422
        assert await filing.rows() == []
        assert (
            await clerk.put(f"{path}/files", file("测试.pdf"), place=f"{own.public_id}:EVIDENCE")
        ).status_code == 303
    (shown,) = await filing.files(pipeline.cast.wang_main, record)
    assert (shown["name"], shown["subjectId"]) == ("测试.pdf", own.public_id)


# What is refused


async def test_every_fault_of_every_file_is_told_at_once_and_nothing_stays(room: Room) -> None:
    """COL-2.2.4: type from the content, name and size; one fault refuses the whole form."""
    await _let_files_be_small(room)
    files = (
        file("好.pdf"),
        file("../../etc/passwd"),
        file("a\\b.pdf"),
        file("程序.exe", b"MZ" + bytes(50)),
        file("假.pdf", b"MZ" + bytes(50)),
        file("空.pdf", b""),
        file("大.pdf", PDF + bytes(70_000)),
        file("<script>.pdf"),
    )
    answer = await room.clerk.put(f"{room.path}/files", *files, place=room.verdict)
    page = told(answer)
    assert answer.status_code == 422
    name, size = "文件名无效", "文件不能为空，且不能超过"
    for line in (
        f"“../../etc/passwd”：{name}",
        f"“a\\b.pdf”：{name}",
        "“程序.exe”：不支持的文件类型",
        "“假.pdf”：文件内容与扩展名“pdf”不符",
        f"“空.pdf”：{size}",
        f"“大.pdf”：{size}",
        f"“<script>.pdf”：{name}",
        "未保存任何附件",
    ):
        assert line in page, line
    assert "“好.pdf”" not in page
    assert "<script>.pdf" not in answer.text
    assert re.search(rf'value="{room.verdict}"[^>]* checked', answer.text)
    await room.nothing_happened()


async def _let_files_be_small(room: Room) -> None:
    operations = room.filing.pipeline.operations
    await room.filing.pipeline.do(operations, lambda work: set_policy(work, LARGEST_BYTES.key, 65_536))


@pytest.mark.parametrize("count", [11, 12])
async def test_more_files_than_a_record_holds_are_refused_together(room: Room, count: int) -> None:
    """COL-2.2.4: at most 10 a record."""
    answer = await room.clerk.put(
        f"{room.path}/files", *(file(f"{place}.pdf") for place in range(count)), place=room.verdict
    )
    assert answer.status_code == 422
    assert told(answer).count("每条记录最多 10 个附件") == 1
    await room.nothing_happened()


async def test_the_places_that_are_left_are_counted_over_all_that_the_row_holds(room: Room) -> None:
    """COL-2.2.4"""
    first = [file(f"{place}.pdf") for place in range(8)]
    assert (await room.clerk.put(f"{room.path}/files", *first, place=room.verdict)).status_code == 303
    three = [file(f"再{place}.pdf") for place in range(3)]
    answer = await room.clerk.put(f"{room.path}/files", *three, place=room.internal)
    assert answer.status_code == 422
    assert "每条记录最多 10 个附件" in told(answer)
    assert (len(await room.filing.rows()), len(room.filing.bytes_kept())) == (8, 8)
    assert (await room.clerk.put(f"{room.path}/files", *three[:2], place=room.internal)).status_code == 303


async def test_a_form_with_nothing_chosen_says_what_is_missing(room: Room) -> None:
    answer = await room.clerk.put(f"{room.path}/files", file("", b""))
    assert (answer.status_code, told(answer).count("为必填项")) == (422, 2)
    answer = await room.clerk.put(f"{room.path}/files", file())
    assert (answer.status_code, told(answer).count("为必填项")) == (422, 1)
    assert "未保存任何附件" in told(answer)
    await room.nothing_happened()


async def test_a_refused_decision_keeps_no_file_and_a_refused_file_no_decision(room: Room) -> None:
    version = str((await room.filing.pipeline.again(room.record)).version)
    path, good = f"{room.path}/decide", file("意见.pdf", part="files.VERDICT")
    no_reason = await room.clerk.put(path, good, verb="reject_audit", version=version)
    assert no_reason.status_code == 422
    assert "未保存任何附件" in told(no_reason)
    assert "data-open-now" in no_reason.text
    await room.nothing_happened()
    lie = file("意见.pdf", b"MZ" + bytes(50), part="files.VERDICT")
    bad_file = await room.clerk.put(path, good, lie, verb="approve_audit", version=version)
    assert bad_file.status_code == 422
    assert "“意见.pdf”：文件内容与扩展名" in told(bad_file)
    await room.nothing_happened()
    stale = await room.clerk.put(path, good, verb="approve_audit", version="99")
    assert stale.status_code == 409
    await room.nothing_happened()
    strange = await room.clerk.put(path, file(part="files.SECRET"), verb="approve_audit", version=version)
    assert strange.status_code == 404
    await room.nothing_happened()


async def test_whoever_does_not_see_the_record_or_may_not_decide_adds_nothing(room: Room) -> None:
    """COL-2.8.1: a foreign entry is not there; a reader of the record has no place for files."""
    accounts, record = room.filing.pipeline.accounts, f"/opportunities/{room.record.public_id}"
    missing = f"/queue/apv_{'0' * 31}1"
    for who, path, status in (
        (accounts["psm"], room.path, 404),
        (accounts["psm"], missing, 404),
        (accounts["koogallery"], record, 403),
        (accounts["auditor"], room.path, 403),
        (accounts["auditor"], record, 422),
        (accounts["finance"], record, 422),
    ):
        async with room.filing.browser(who) as client:
            clerk = Clerk(client, who)
            answer = await clerk.put(f"{path}/files", file(), place=room.verdict)
            assert answer.status_code == status, (who.name, path)
            if status == 422:
                assert "记录当前状态下不能增删附件" in told(answer)
                assert 'type="file"' not in await clerk.page(path)
            if path == room.path:
                decided = await clerk.put(f"{path}/decide", file(part="files.VERDICT"), verb="approve_audit")
                assert decided.status_code == status
    await room.nothing_happened()


async def test_another_reviewers_claim_keeps_files_away(room: Room) -> None:
    pipeline = room.filing.pipeline
    colleague = await open_person(pipeline.store, "fang.min", "方敏", Preset.ECO)
    himself = await pipeline.store.actor(colleague)
    await pipeline.do(operator_actor(), _without_pdm(pipeline))
    pooled = await pipeline.submitted(name="池中机会点", company_name="苏州工业园区新材有限公司")
    entry, lin = await entry_of(room.filing, pooled), pipeline.cast.lin_operations
    await pipeline.do(himself, lambda work: claim(work, entry.id))
    async with room.filing.browser(lin) as client:
        clerk, path = Clerk(client, lin), f"/queue/{entry.public_id}"
        assert 'type="file"' not in await clerk.page(path)
        answer = await clerk.put(f"{path}/files", file(), place=f"{entry.public_id}:VERDICT")
        assert (answer.status_code, "记录当前状态下不能增删附件" in told(answer)) == (422, True)
        decided = await clerk.put(f"{path}/decide", file(part="files.VERDICT"), verb="approve_audit", version="2")
        assert decided.status_code in (409, 422)
    assert (await room.filing.rows(), room.filing.bytes_kept()) == ([], [])
    assert (await pipeline.again(pooled)).status is Status.AUDITING


def _without_pdm(pipeline: Pipeline) -> Any:
    async def deed(work: Work) -> None:
        (await work.session.get_one(PartnerOrganisation, pipeline.cast.huaqi.id)).pdm_id = None

    return deed


async def test_once_decided_the_form_says_that_the_files_are_fixed(room: Room) -> None:
    pipeline = room.filing.pipeline
    version = (await pipeline.again(room.record)).version
    await pipeline.do(pipeline.pdm, lambda work: decide(work, room.entry.id, "approve_audit", version=version))
    answer = await room.clerk.put(f"{room.path}/files", file(), place=room.verdict)
    assert (answer.status_code, "记录当前状态下不能增删附件" in told(answer)) == (422, True)
    late = await room.clerk.put(
        f"{room.path}/decide", file(part="files.VERDICT"), verb="approve_audit", version=str(version)
    )
    assert late.status_code in (409, 422)
    assert (await room.filing.rows(), room.filing.bytes_kept()) == ([], [])


async def test_a_form_without_this_visits_token_or_from_elsewhere_writes_not_a_byte(room: Room) -> None:
    for path in (f"{room.path}/files", f"{room.path}/decide", f"/opportunities/{room.record.public_id}/files"):
        for token in ("", "0" * 64):
            answer = await room.clerk.put(path, file(), token=token, place=room.verdict)
            assert (answer.status_code, "页面已过期" in told(answer)) == (403, True)
        token = await room.clerk.token()
        for origin in ("http://evil.test", None):
            answer = await room.clerk.put(path, file(), token=token, origin=origin, place=room.verdict)
            assert answer.status_code == 403
        # The token must stand before the files: what comes first would be written by whoever sent it.
        parts: Any = [file(), ("token", (None, token)), ("place", (None, room.verdict))]
        late = await room.clerk.client.post(f"/admin{path}", files=parts, headers={"origin": ADDRESS})
        assert late.status_code == 403
    async with room.filing.browser(room.clerk.account) as stranger:
        stranger.cookies.clear()
        nobody = await Clerk(stranger, room.clerk.account).put(f"{room.path}/files", file(), token="x")
        assert nobody.status_code == 401
    await room.nothing_happened()


async def test_a_form_larger_than_all_files_may_be_is_refused_before_it_is_read(room: Room) -> None:
    await _let_files_be_small(room)
    token = await room.clerk.token()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 65_536
            yield b"a" * 65_536

    headers = {"origin": ADDRESS, "content-type": "multipart/form-data; boundary=x"}
    for path in (f"{room.path}/files", f"{room.path}/decide"):
        for length in ("1000000000", None):
            more = {"content-length": length} if length else {}
            answer = await room.clerk.client.post(f"/admin{path}", content=endless(), headers=headers | more)
            assert (answer.status_code, "提交的内容过大" in told(answer)) == (413, True)
            # What the door of the application gathers before it lets a request in, and not more.
            assert sent <= 6 * 65_536
            sent = 0
    small = await room.clerk.client.post(
        f"/admin{room.path}/claim", data={"token": token, "x": "a" * 300_000}, headers={"origin": ADDRESS}
    )
    assert small.status_code == 413
    plain = await room.clerk.client.post(
        f"/admin{room.path}/files", data={"token": token, "x": "a" * 300_000}, headers={"origin": ADDRESS}
    )
    assert plain.status_code == 413
    await room.nothing_happened()


BROKEN = (
    b"",
    b"no form at all",
    b"--x\r\n",
    b'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\nTOKEN\r\n'
    b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7 broken off',
)


async def test_a_form_that_breaks_off_or_is_none_leaves_nothing(room: Room) -> None:
    token = (await room.clerk.token()).encode()
    headers = {"origin": ADDRESS, "content-type": "multipart/form-data; boundary=x"}
    for content in BROKEN:
        answer = await room.clerk.client.post(
            f"/admin{room.path}/files", content=content.replace(b"TOKEN", token), headers=headers
        )
        assert answer.status_code == 400, content
    without = {"origin": ADDRESS, "content-type": "multipart/form-data"}
    answer = await room.clerk.client.post(f"/admin{room.path}/files", content=b"--x--", headers=without)
    assert answer.status_code == 400
    await room.nothing_happened()


async def test_a_storage_that_fails_half_way_leaves_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keep, kept = room.filing.storage.keep, 0

    async def fails(path: Path, key: str) -> None:
        nonlocal kept
        kept += 1
        if kept == 2:
            raise OSError("no space left on device")
        await keep(path, key)

    monkeypatch.setattr(room.filing.storage, "keep", fails)
    room.clerk.client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
    version = str((await room.filing.pipeline.again(room.record)).version)
    files = (file("a.pdf", part="files.VERDICT"), file("b.pdf", part="files.INTERNAL"))
    answer = await room.clerk.put(f"{room.path}/decide", *files, verb="approve_audit", version=version)
    assert (answer.status_code, "no space" in answer.text) == (500, False)
    await room.nothing_happened()


async def test_the_form_speaks_english_too(room: Room) -> None:
    await room.clerk.send("/language", origin=ADDRESS, lang="en")
    answer = await room.clerk.put(f"{room.path}/files", file("a.exe"), file("b.pdf", b""), place=room.verdict)
    page = told(answer)
    for line in ("Add files", "“a.exe”: This type of file is not taken", "“b.pdf”: A file is not empty", "20 MB"):
        assert line in page, line
    assert "未保存" not in page


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.slow
async def test_a_process_that_dies_over_a_decision_with_files_leaves_all_of_it_or_nothing(room: Room, step: str):
    """After the sweep there is the decision with both files, or none of them, and the reviewer decides anew."""
    filing, pipeline = room.filing, room.filing.pipeline
    cookie = room.clerk.client.cookies.get(COOKIE)
    assert cookie is not None
    await run_until_death(filing, step, room.path, cookie, by="tests.killed_form")
    await let_pass(filing, hours=4)
    await filing.sweep()
    if step != "decided":
        await room.nothing_happened()
        version = (await pipeline.again(room.record)).version
        await pipeline.do(pipeline.pdm, lambda work: decide(work, room.entry.id, "approve_audit", version=version))
        return
    assert (await pipeline.again(room.record)).status is Status.VALIDATING
    assert await room.names(room.clerk.account) == {("VERDICT", "VERDICT.pdf"), ("INTERNAL", "INTERNAL.pdf")}
    assert (await pipeline.store.operations()).count("file.upload") == 2
    assert len(filing.bytes_kept()) == 2
