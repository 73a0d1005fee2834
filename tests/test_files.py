"""Files: who sends and fetches them, what is refused, and that a refused or broken upload leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlmodel import col, select

from models import opportunity as domain
from models.approval import Approval
from models.file import Attachment, TooManyFilesError, holders, open_ticket
from models.file.words import AttachmentField
from models.identity import Account, create_client, issue_token, revoke_token
from models.identity.members import deactivate
from models.kernel.access import Actor
from models.opportunity import Opportunity, ProgressUpdate, RejectionReason
from models.partner import PartnerOrganisation
from models.rights import PRESETS, Preset, Right
from tests.databases import Databases
from tests.filing import LIST, PDF, REMOVE, TICKET, Filing, archive, open_filing, path_of
from tests.killed_upload import STEPS
from tests.people import let_ask_anything, open_person
from tests.processes import surroundings

# More than what the door of the application gathers before it lets a request in.
HALF = 300 * 1024
LONG = PDF + b" " * 2 * HALF


@pytest_asyncio.fixture
async def filing(databases: Databases, tmp_path: Path) -> AsyncIterator[Filing]:
    """The application with a folder of its own."""
    async with open_filing(databases, tmp_path / "files") as found:
        yield found


async def entry_of(filing: Filing, record: Opportunity) -> Approval:
    """Read the newest entry by which a record waits or waited."""
    async with filing.pipeline.store.reader() as session:
        query = select(Approval).where(Approval.subject_id == record.id).order_by(col(Approval.id).desc())
        found: Approval = (await session.execute(query)).scalars().first()
        return found


async def refused(filing: Filing, status: int, code: str, sending: Any) -> None:
    """See a request refused with a code, nothing told but that, and nothing left: row, bytes or journal."""
    answer = await sending
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)
    assert list(answer.json()) == ["errors"]
    assert answer.json()["errors"][0]["extensions"]["messageZh"]


# What is taken


async def test_a_partner_adds_evidence_to_its_draft_and_fetches_it(filing: Filing) -> None:
    """COL-2.2.4: attachments of the form; the version stays, and the journal tells it without the name."""
    cast, record = filing.pipeline.cast, await filing.pipeline.draft()
    id = await filing.upload(cast.wang_main, record)
    (shown,) = await filing.files(cast.wang_main, record)
    assert (shown["id"], shown["name"], shown["size"], shown["mediaType"]) == (
        id,
        "合同.pdf",
        len(PDF),
        "application/pdf",
    )
    assert (shown["field"], shown["subjectId"], shown["uploadedByName"]) == ("EVIDENCE", record.public_id, "王芳")
    answer = await filing.fetch(shown["url"])
    assert (answer.status_code, answer.content) == (200, PDF)
    assert (await filing.pipeline.again(record)).version == record.version
    line = (await filing.pipeline.store.journal())[-1]
    assert (line.operation, line.subject_id, line.changes["attachment"]) == ("file.upload", record.id, id)
    assert "合同" not in str(line.changes)


async def test_what_is_served_is_never_shown_inside_the_browser(filing: Filing) -> None:
    record = await filing.pipeline.draft()
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    await filing.upload(filing.pipeline.cast.wang_main, record, '报价"x.txt'.replace('"', "”"), page)
    (shown,) = await filing.files(filing.pipeline.cast.wang_main, record)
    answer = await filing.fetch(shown["url"])
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{shown["id"]}.txt"')
    assert "filename*=UTF-8''%E6%8A%A5%E4%BB%B7" in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-store"


TAKEN: list[tuple[str, bytes, str | None]] = [
    ("a.PDF", PDF, "application/pdf"),
    ("图.png", b"\x89PNG\r\n\x1a\n" + bytes(30), "image/png"),
    ("图.jpeg", b"\xff\xd8\xff\xe0" + bytes(30), "image/jpeg"),
    ("方案.docx", archive("[Content_Types].xml", "word/document.xml"), None),
    ("报价.xlsx", archive("xl/workbook.xml", "[Content_Types].xml"), None),
    ("汇报.pptx", archive("[Content_Types].xml", "ppt/presentation.xml"), None),
    ("旧.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "application/vnd.ms-excel"),
    ("表.csv", "客户,金额\n恒远,1\n".encode("gb18030"), "text/csv"),
    ("表.csv", "\ufeff客户,金额\r\n".encode(), "text/csv"),
    ("说明.txt", "中文".encode("utf-16"), "text/plain"),
    ("包.zip", archive("a.txt"), "application/zip"),
]


async def test_the_type_is_found_from_the_content(filing: Filing) -> None:
    main = filing.pipeline.cast.wang_main
    for name, content, media_type in TAKEN:
        record = await filing.pipeline.draft()
        await filing.upload(main, record, name, content)
        (shown,) = await filing.files(main, record)
        found = shown["mediaType"]
        assert found == media_type or (media_type is None and "openxmlformats" in found), name


async def test_a_form_with_a_file_is_taken_like_raw_bytes(filing: Filing) -> None:
    record, main = await filing.pipeline.draft(), filing.pipeline.cast.wang_main
    path = await filing.ticket(main, record)
    form = {"note": (None, b"not the file"), "file": ("../../etc/passwd", PDF, "text/html")}
    answer = await filing.send(main, path, content=None, files=form)
    assert answer.status_code == 201
    assert answer.json()["name"] == "合同.pdf"
    (shown,) = await filing.files(main, record)
    assert (await filing.fetch(shown["url"])).content == PDF


# What is refused


async def test_tricks_wrong_types_and_sizes_get_no_ticket(filing: Filing) -> None:
    """COL-2.2.4: 20 MB at most."""
    tricks = (
        *("../合同.pdf", "a/b.pdf", "a\\b.pdf", "c:evil.pdf", ".pdf", "..pdf", ".hidden.pdf", "a\x07.pdf", "a\n.pdf"),
        *("a\u202efdp.pdf", "合同", "a" * 117 + ".pdf", "?.pdf", "a<b>.pdf", "", " . .pdf"),
    )
    types = ("a.exe", "a.html", "a.svg", "a.pdf.js", "a.docm", "a.lnk")
    sizes = (0, -1, 20 * 1024 * 1024 + 1)
    record = await filing.pipeline.draft()
    tries = [("FILE_NAME", name, 5) for name in tricks] + [("FILE_TYPE", name, 5) for name in types]
    tries += [("FILE_SIZE", "a.pdf", size) for size in sizes]
    for code, name, size in tries:
        given = {"subjectId": record.public_id, "field": "EVIDENCE", "name": name, "size": size}
        told = await filing.refusal(filing.pipeline.cast.wang_main, TICKET, i=given)
        assert told["code"] == code, (name, size)
    given = {"subjectId": record.public_id, "field": "EVIDENCE", "name": "a", "size": 0}
    told = await filing.refusal(filing.pipeline.cast.wang_main, TICKET, i=given)
    assert {one["code"] for one in told["violations"]} == {"FILE_NAME", "FILE_SIZE"}


LIES = [
    ("a.pdf", b"MZ" + bytes(200)),
    ("a.pdf", b"<html><script>alert(1)</script></html>"),
    ("a.png", PDF),
    ("a.txt", b"\x7fELF" + bytes(100)),
    ("a.txt", b"text with \x00 in it"),
    ("a.docx", archive("a.txt")),
    ("a.docx", archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")),
    ("a.zip", archive("[Content_Types].xml", "xl/workbook.xml")),
    ("a.zip", b"PK\x03\x04 but broken"),
]


async def test_content_that_is_not_what_the_name_says_leaves_nothing_behind(filing: Filing) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    for name, content in LIES:
        path = await filing.ticket(main, record, name, len(content))
        await refused(filing, 415, "FILE_CONTENT", filing.send(main, path, content))
        assert (await filing.rows(), filing.bytes_kept()) == ([], []), (name, content[:20])
        await refused(filing, 403, "TICKET_NOT_VALID", filing.send(main, path, content))
    assert "file.upload" not in await filing.pipeline.store.operations()


async def test_another_number_of_bytes_than_promised_leaves_nothing_behind(filing: Filing) -> None:
    """Be they announced or not, raw or in a form."""
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    for change in (-1, 1, 100_000):
        content = PDF[:change] if change < 0 else PDF + b" " * change

        async def dribble(content: bytes = content) -> AsyncIterator[bytes]:
            for start in range(0, len(content), 64):
                yield content[start : start + 64]

        ways: list[dict[str, Any]] = [
            {"content": content},
            {"content": dribble()},
            {"content": None, "files": {"file": ("a", content)}},
            {"content": None, "files": {"other": ("a", PDF)}},
        ]
        for way in ways:
            path = await filing.ticket(main, record)
            await refused(filing, 413, "FILE_INCOMPLETE", filing.send(main, path, **way))
            assert (await filing.rows(), filing.bytes_kept()) == ([], [])


async def test_one_byte_too_many_ends_the_reading(filing: Filing) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    # More than what the door of the application gathers before it lets a request in.
    size, sent = 512 * 1024, 0
    path = await filing.ticket(main, record, "a.txt", size)

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 64 * 1024
            yield b"a" * 64 * 1024

    await refused(filing, 413, "FILE_INCOMPLETE", filing.send(main, path, content=endless()))
    assert size < sent < 3 * size


async def test_only_the_caller_uses_a_ticket_once_and_in_time(filing: Filing) -> None:
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    cast, clock = pipeline.cast, pipeline.store.clock
    colleague = await open_person(pipeline.store, "wu.di", "吴迪", Preset.ADM, partner_id=cast.huaqi.id)
    path = await filing.ticket(cast.wang_main, record)
    await refused(filing, 401, "SIGN_IN_REQUIRED", filing.send(None, path))
    for other in (cast.liu_main_of_yunfan, colleague, cast.zhou_pdm):
        await refused(filing, 403, "TICKET_NOT_VALID", filing.send(other, path))
    await refused(filing, 403, "TICKET_NOT_VALID", filing.send(cast.wang_main, path[:-3] + "abc"))
    await refused(filing, 403, "TICKET_NOT_VALID", filing.send(cast.wang_main, "/files?ticket="))
    assert (await filing.send(cast.wang_main, path)).status_code == 201
    await refused(filing, 403, "TICKET_NOT_VALID", filing.send(cast.wang_main, path))
    late = await filing.ticket(cast.wang_main, record)
    clock.forward(minutes=14)
    await filing.ticket(cast.wang_main, record)
    clock.forward(minutes=2)
    filing.forget_tokens()
    await refused(filing, 403, "TICKET_NOT_VALID", filing.send(cast.wang_main, late))
    assert len(await filing.files(cast.wang_main, record)) == 1


async def test_two_uploads_with_one_ticket_store_one_file(filing: Filing) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    path = await filing.ticket(main, record)
    answers = await asyncio.gather(*(filing.send(main, path) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403]
    (shown,) = await filing.files(main, record)
    assert (await filing.fetch(shown["url"])).content == PDF
    assert len(filing.bytes_kept()) == 1


async def test_a_foreign_record_and_a_missing_one_are_refused_alike(filing: Filing) -> None:
    """COL-2.8.1: neither ticket nor list nor removal tells whether another partner's record is there."""
    cast, record = filing.pipeline.cast, await filing.pipeline.draft()
    id = await filing.upload(cast.wang_main, record)
    missing = f"opp_{'0' * 31}1"
    other = cast.liu_main_of_yunfan
    told = [
        await filing.refusal(other, TICKET, i={"subjectId": one, "field": "EVIDENCE", "name": "a.pdf", "size": 1})
        for one in (record.public_id, missing)
    ]
    told += [await filing.refusal(other, REMOVE, i={"id": one}) for one in (id, f"att_{'0' * 31}1")]
    assert {one["code"] for one in told} == {"NOT_FOUND"}
    assert await filing.files(other, record) == []
    assert (await filing.get(other, "query($id: ID!) { node(id: $id) { id } }", id=id)) == {"node": None}


async def test_records_that_hold_no_such_files_say_so(filing: Filing) -> None:
    cast, record = filing.pipeline.cast, await filing.pipeline.draft()
    for subject, field in ((record.public_id, "INTERNAL"), (cast.huaqi.public_id, "EVIDENCE")):
        given = {"subjectId": subject, "field": field, "name": "a.pdf", "size": 1}
        assert (await filing.refusal(cast.wang_main, TICKET, i=given))["code"] == "FILES_NOT_TAKEN"


# Limits and states


async def test_a_record_holds_ten_files_and_tickets_count(filing: Filing) -> None:
    """COL-2.2.4: at most 10; a ticket keeps its place until it runs out."""
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    main = pipeline.cast.wang_main
    for place in range(8):
        await filing.upload(main, record, f"{place}.pdf")
    await filing.ticket(main, record)
    await filing.ticket(main, record)
    eleventh = {"subjectId": record.public_id, "field": "EVIDENCE", "name": "a.pdf", "size": 1}
    assert (await filing.refusal(main, TICKET, i=eleventh))["code"] == "TOO_MANY_FILES"
    pipeline.store.clock.forward(minutes=16)
    filing.forget_tokens()
    await filing.upload(main, record, "9.pdf")
    first, *_ = await filing.files(main, record)
    await filing.upload(main, record, "10.pdf")
    assert (await filing.refusal(main, TICKET, i=eleventh))["code"] == "TOO_MANY_FILES"
    await filing.get(main, REMOVE, i={"id": first["id"]})
    await filing.upload(main, record, "10b.pdf")


async def test_at_one_moment_no_more_than_ten_get_a_place(filing: Filing) -> None:
    """COL-2.2.4: however many ask at once."""
    pipeline, record = filing.pipeline, await filing.pipeline.draft()

    async def ask(name: str) -> Any:
        def deed(work: Any) -> Any:
            return open_ticket(work, Opportunity.prefix, record.id, AttachmentField.EVIDENCE, name, 5)

        try:
            return await pipeline.do(pipeline.main, deed)
        except TooManyFilesError as error:
            return error

    answers = await asyncio.gather(*(ask(f"{place}.pdf") for place in range(16)))
    assert sum(isinstance(one, Attachment) for one in answers) == 10
    assert len(await filing.rows()) == 10


async def test_a_place_that_was_given_away_meanwhile_is_not_taken_twice(filing: Filing) -> None:
    """A ticket that ran out under its upload finds the record full: nothing of it stays."""
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    main = pipeline.cast.wang_main
    path = await filing.ticket(main, record, "a.pdf", len(LONG))

    async def slowly() -> AsyncIterator[bytes]:
        yield LONG[:HALF]
        pipeline.store.clock.forward(hours=2)
        filing.forget_tokens()
        for place in range(10):
            await filing.upload(main, record, f"{place}.pdf")
        yield LONG[HALF:]

    await refused(filing, 422, "TOO_MANY_FILES", filing.send(main, path, content=slowly()))
    assert (len(await filing.rows()), len(filing.bytes_kept())) == (10, 10)


async def test_evidence_is_fixed_once_huawei_has_it(filing: Filing) -> None:
    """COL-2.5#2, COL-2.5 guard 2: submitted, neither added nor removed; sent back, what Huawei saw stays."""
    pipeline = filing.pipeline
    main, record = pipeline.cast.wang_main, await pipeline.draft()
    old = await filing.upload(main, record)
    late = await filing.ticket(main, record)
    await pipeline.do(pipeline.main, lambda work: domain.submit(work, record.id))
    another = {"subjectId": record.public_id, "field": "EVIDENCE", "name": "a.pdf", "size": 1}
    assert (await filing.refusal(main, TICKET, i=another))["code"] == "FILES_FIXED"
    assert (await filing.refusal(main, REMOVE, i={"id": old}))["code"] == "FILES_FIXED"
    await refused(filing, 422, "FILES_FIXED", filing.send(main, late))
    assert len(await filing.rows()) == 1
    assert (await filing.refusal(pipeline.cast.zhou_pdm, TICKET, i=another))["code"] == "FILES_FIXED"
    pipeline.store.clock.forward(minutes=5)
    await pipeline.decide(pipeline.pdm, record, "send_back", reason="请补充预算依据", fields=("budget",))
    pipeline.store.clock.forward(minutes=5)
    filing.forget_tokens()
    new = await filing.upload(main, record, "预算.pdf")
    assert (await filing.refusal(main, REMOVE, i={"id": old}))["code"] == "FILES_FIXED"
    await filing.get(main, REMOVE, i={"id": new})
    assert [one["id"] for one in await filing.files(main, record)] == [old]


async def test_the_right_is_asked_again_when_the_bytes_are_there(filing: Filing) -> None:
    """Submitted while the bytes were on their way: nothing of them stays."""
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    main = pipeline.cast.wang_main
    path = await filing.ticket(main, record, "a.pdf", len(LONG))

    async def slowly() -> AsyncIterator[bytes]:
        yield LONG[:HALF]
        assert (await filing.rows())[0]["taken_at"] is not None
        await pipeline.do(pipeline.main, lambda work: domain.submit(work, record.id))
        yield LONG[HALF:]

    await refused(filing, 422, "FILES_FIXED", filing.send(main, path, content=slowly()))
    assert (await filing.rows(), filing.bytes_kept()) == ([], [])


async def test_progress_takes_files_of_whoever_reported_and_keeps_them(filing: Filing) -> None:
    """COL-2.6.5: each update has attachments, and is appended only."""
    pipeline = filing.pipeline
    main, record = pipeline.cast.wang_main, await pipeline.validated()
    report: dict[str, Any] = {"stage": domain.Stage.POC, "win_probability": 50, "details": "测试完成"}
    update: ProgressUpdate = await pipeline.do(
        pipeline.main, lambda work: domain.progress.report(work, record.id, **report)
    )
    id = await filing.upload(main, update, "测试报告.pdf")
    given = {"subjectId": update.public_id, "field": "EVIDENCE", "name": "a.pdf", "size": 1}
    assert (await filing.refusal(pipeline.accounts["bd"], TICKET, i=given))["code"] == "FILES_FIXED"
    assert (await filing.refusal(pipeline.cast.liu_main_of_yunfan, TICKET, i=given))["code"] == "NOT_FOUND"
    assert (await filing.refusal(main, REMOVE, i={"id": id}))["code"] == "FILES_FIXED"
    query = """query($id: ID!) { opportunity(id: $id) {
      progress(first: 1) { nodes { attachments(first: 5) { nodes { id } } } }
      attachments { nodes { id subjectId } } } }"""
    found = (await filing.get(pipeline.accounts["psm"], query, id=record.public_id))["opportunity"]
    assert found["progress"]["nodes"][0]["attachments"]["nodes"] == [{"id": id}]
    assert found["attachments"]["nodes"] == [{"id": id, "subjectId": update.public_id}]


# Who reads


async def test_evidence_of_a_decision_is_read_as_its_rule_says(filing: Filing) -> None:
    """A verdict's evidence is the partner's to read once given; the internal one never, nor Huawei finance's."""
    pipeline, record = filing.pipeline, await filing.pipeline.submitted()
    cast, accounts = pipeline.cast, pipeline.accounts
    pdm, entry = cast.zhou_pdm, await entry_of(filing, record)
    verdict = await filing.upload(pdm, entry, "审核意见.pdf", field="VERDICT")
    internal = await filing.upload(pdm, entry, "内部.pdf", field="INTERNAL")

    async def seen(who: Account) -> set[str]:
        return {one["id"] for one in await filing.files(who, record)}

    assert await seen(cast.wang_main) == set()
    assert not any(line.operation == "file.upload" and not line.internal for line in await pipeline.store.journal())
    rejection = {"reason_code": RejectionReason.NO_CONTACT, "reason": "联系不上客户"}
    await pipeline.decide(pipeline.pdm, record, "reject_audit", **rejection)
    assert await seen(cast.wang_main) == {verdict}
    assert await seen(accounts["finance"]) == {verdict}
    for who in (pdm, accounts["psm"], accounts["auditor"], cast.lin_operations):
        assert await seen(who) == {verdict, internal}, who.name
    for who in (cast.liu_main_of_yunfan, cast.li_administrator, cast.sun_platform, accounts["koogallery"]):
        assert await seen(who) == set(), who.name
    for id in (verdict, internal):
        assert (await filing.refusal(pdm, REMOVE, i={"id": id}))["code"] in ("FILES_FIXED", "NOT_FOUND")
    again = {"subjectId": entry.public_id, "field": "VERDICT", "name": "a.pdf", "size": 1}
    assert (await filing.refusal(pdm, TICKET, i=again))["code"] == "FILES_FIXED"


async def test_only_who_may_decide_adds_evidence_and_none_over_a_claim(filing: Filing) -> None:
    pipeline, record = filing.pipeline, await filing.pipeline.submitted()
    entry = await entry_of(filing, record)
    given = {"subjectId": entry.public_id, "field": "VERDICT", "name": "a.pdf", "size": len(PDF)}
    for who in (pipeline.cast.wang_main, pipeline.accounts["psm"], pipeline.accounts["auditor"]):
        assert (await filing.refusal(who, TICKET, i=given))["code"] == "NOT_FOUND"
    id = await filing.upload(pipeline.cast.zhou_pdm, entry, field="VERDICT")
    query = "query($id: ID!) { approval(id: $id) { attachments { nodes { id url } } } }"
    found = await filing.get(pipeline.cast.zhou_pdm, query, id=entry.public_id)
    assert [one["id"] for one in found["approval"]["attachments"]["nodes"]] == [id]
    await filing.get(pipeline.cast.zhou_pdm, REMOVE, i={"id": id})


@pytest.mark.parametrize("role", [role for role in Preset if role.side.value == "HUAWEI"])
@pytest.mark.parametrize("key", list(holders()), ids=str)
def test_each_field_of_files_obeys_its_cell_of_the_table(role: Preset, key: tuple[str, AttachmentField]) -> None:
    """One rule a field: whose role reads the group plainly reads the files, nobody else."""
    from models.kernel.values import new_id

    actor = Actor(id=new_id(), name=role.en, side=role.side, permissions=PRESETS[role].permissions)
    holder = holders()[key]
    plain = holder.rule is None or f"{holder.rule.group}:plain" in PRESETS[role].permissions
    assert holder.read_by(actor) == plain


async def test_reading_ruled_files_is_written_down_of_huaweis_staff_alone(filing: Filing) -> None:
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    id = await filing.upload(pipeline.cast.wang_main, record)
    await pipeline.do(pipeline.main, lambda work: domain.submit(work, record.id))
    for who in (pipeline.cast.wang_main, pipeline.cast.zhou_pdm):
        (shown,) = await filing.files(who, record)
        assert (await filing.fetch(shown["url"])).content == PDF
    lines = [line for line in await pipeline.store.journal() if line.operation == "file.download"]
    assert [(line.actor_name, line.subject_id, line.internal) for line in lines] == [("周涛", record.id, True)]
    assert lines[0].changes["attachment"] == id


# Links


async def test_a_link_serves_the_one_it_was_made_for_and_for_a_short_time(filing: Filing) -> None:
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    cast = pipeline.cast
    await filing.upload(cast.wang_main, record)
    second = await filing.upload(cast.wang_main, record, "b.pdf")
    first = next(one for one in await filing.files(cast.wang_main, record) if one["id"] != second)
    link = first["url"]
    assert (await filing.fetch(link, cast.wang_main)).status_code == 200
    await refused(filing, 403, "LINK_NOT_VALID", filing.fetch(link, cast.liu_main_of_yunfan))
    await refused(filing, 403, "LINK_NOT_VALID", filing.fetch(link, cast.zhou_pdm))
    await refused(filing, 403, "LINK_NOT_VALID", filing.fetch(link.replace(first["id"], second)))
    await refused(filing, 403, "LINK_NOT_VALID", filing.fetch(link[:-2]))
    await refused(filing, 403, "LINK_NOT_VALID", filing.fetch(link.partition("?")[0] + "?"))
    await refused(filing, 404, "NOT_FOUND", filing.fetch(link.replace(first["id"], "att_etc")))
    pipeline.store.clock.forward(minutes=6)
    await refused(filing, 403, "LINK_NOT_VALID", filing.fetch(link))


async def test_a_link_is_worth_no_more_than_its_holders_rights_of_the_moment(filing: Filing) -> None:
    """COL-7.1.14: roles that change, partners that are looked after no longer, accounts that are closed."""
    pipeline, record = filing.pipeline, await filing.pipeline.submitted()
    cast, entry = pipeline.cast, await entry_of(filing, record)
    await filing.upload(cast.zhou_pdm, entry, field="INTERNAL")
    pdms = (await filing.files(cast.zhou_pdm, record))[0]["url"]
    audits = (await filing.files(pipeline.accounts["auditor"], record))[0]["url"]
    assert (await filing.fetch(pdms)).status_code == (await filing.fetch(audits)).status_code == 200

    async def look_away(work: Any) -> Any:
        partner = await work.get(PartnerOrganisation, cast.huaqi.id)
        partner.pdm_id = None
        return partner

    from models.identity import operator_actor

    await pipeline.do(operator_actor(), look_away)
    await refused(filing, 404, "NOT_FOUND", filing.fetch(pdms))
    auditor = pipeline.accounts["auditor"]
    await pipeline.do(pipeline.platform, lambda work: deactivate(work, auditor.id))
    await refused(filing, 401, "SIGN_IN_REQUIRED", filing.fetch(audits))


async def test_a_tool_sends_and_fetches_with_its_token_alone(filing: Filing) -> None:
    """Its tickets and links are of no use without the token, nor once that is revoked."""
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    client = await pipeline.do(pipeline.main, lambda work: create_client(work, name="CRM 同步"))
    await let_ask_anything(pipeline.store, client.id)
    scopes = [Right.OPPORTUNITY_READ_OWN, Right.OPPORTUNITY_SHARE, "opportunity.terms:plain"]
    issued = await pipeline.do(
        pipeline.main, lambda work: issue_token(work, client.id, name="同步", scopes=[str(one) for one in scopes])
    )
    headers = {"authorization": f"Bearer {issued.secret}"}

    async def ask(query: str, **variables: Any) -> Any:
        answer = await filing.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        return answer.json()

    given: dict[str, Any] = {"subjectId": record.public_id, "field": "EVIDENCE", "name": "a.pdf", "size": len(PDF)}
    assert (await ask(TICKET, i=given))["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    ticket = (await ask(TICKET, i={**given, "idempotencyKey": "1"}))["data"]["fileTicketCreate"]["ticket"]
    await refused(filing, 403, "TICKET_NOT_VALID", filing.send(pipeline.cast.wang_main, path_of(ticket["url"])))
    assert (await filing.client.post(path_of(ticket["url"]), content=PDF, headers=headers)).status_code == 201
    link = path_of((await ask(LIST, id=record.public_id))["data"]["opportunity"]["attachments"]["nodes"][0]["url"])
    assert (await filing.client.get(link, headers=headers)).content == PDF
    await refused(filing, 401, "SIGN_IN_REQUIRED", filing.fetch(link))
    await refused(filing, 403, "LINK_NOT_VALID", filing.fetch(link, pipeline.cast.wang_main))
    await pipeline.do(pipeline.main, lambda work: revoke_token(work, issued.token.id))
    await refused(filing, 401, "SIGN_IN_REQUIRED", filing.client.get(link, headers=headers))


async def test_a_removed_file_is_gone_at_once_and_its_bytes_with_the_sweep(filing: Filing) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    id = await filing.upload(main, record)
    (shown,) = await filing.files(main, record)
    await filing.get(main, REMOVE, i={"id": id})
    assert (await filing.pipeline.store.operations())[-1] == "file.remove"
    assert await filing.files(main, record) == []
    await refused(filing, 404, "NOT_FOUND", filing.fetch(shown["url"]))
    assert (await filing.refusal(main, REMOVE, i={"id": id}))["code"] == "NOT_FOUND"
    assert await filing.sweep() == 1
    assert (await filing.rows(), filing.bytes_kept()) == ([], [])


async def test_a_deleted_draft_takes_its_files_along(filing: Filing) -> None:
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    await filing.upload(pipeline.cast.wang_main, record)
    await pipeline.do(pipeline.main, lambda work: domain.delete_draft(work, record.id, version=record.version))
    assert await filing.sweep() == 1
    assert (await filing.rows(), filing.bytes_kept()) == ([], [])


# Repeats and previews


async def test_a_repeat_gives_the_same_ticket_and_after_the_upload_the_file(filing: Filing) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    given = {"subjectId": record.public_id, "field": "EVIDENCE", "name": "a.pdf", "size": len(PDF)}
    given["idempotencyKey"] = "once"
    first = (await filing.get(main, TICKET, i=given))["fileTicketCreate"]
    second = (await filing.get(main, TICKET, i=given))["fileTicketCreate"]
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["ticket"] == second["ticket"]
    id = (await filing.send(main, "/files?" + first["ticket"]["url"].partition("?")[2])).json()["id"]
    third = (await filing.get(main, TICKET, i=given))["fileTicketCreate"]
    assert (third["ticket"], third["file"]) == (None, {"id": id})
    dry = {**given, "idempotencyKey": "dry", "validateOnly": True}
    assert (await filing.get(main, TICKET, i=dry))["fileTicketCreate"]["ticket"] is None
    assert len(await filing.rows()) == 1


# The back-office


async def test_the_back_office_lists_files_with_a_way_to_each(filing: Filing) -> None:
    """On the record and beside the decision, to whom its rule shows it; the way gives a fresh link, for him alone."""
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    pdm, finance = pipeline.cast.zhou_pdm, pipeline.accounts["finance"]
    id = await filing.upload(pipeline.cast.wang_main, record, "客户需求.pdf")
    await pipeline.do(pipeline.main, lambda work: domain.submit(work, record.id))
    entry = await entry_of(filing, record)
    inner = await filing.upload(pdm, entry, "内部核查.pdf", field="INTERNAL")
    async with filing.browser(pdm) as browser:
        for page in (f"/admin/opportunities/{record.public_id}", f"/admin/queue/{entry.public_id}"):
            text = (await browser.get(page)).text
            assert "客户需求.pdf" in text
            assert f'href="/admin/files/{id}"' in text
            assert f'href="/admin/files/{inner}"' in text
            assert "内部材料" in text
        away = await browser.get(f"/admin/files/{inner}")
        assert away.status_code == 303
        assert (await browser.get(away.headers["location"])).content == PDF
    async with filing.browser(finance) as browser:
        text = (await browser.get(f"/admin/opportunities/{record.public_id}")).text
        assert id in text
        assert f"/admin/files/{inner}" not in text
        assert "内部核查" not in text
        assert (await browser.get(f"/admin/files/{inner}")).status_code == 404


# What broke off


async def test_the_sweep_takes_what_belongs_to_nobody_and_nothing_else(filing: Filing) -> None:
    pipeline, record = filing.pipeline, await filing.pipeline.draft()
    main = pipeline.cast.wang_main
    await filing.upload(main, record)
    await filing.ticket(main, record)
    (kept,) = filing.bytes_kept()
    stray, half = filing.folder / "kept" / "0a" / ("0" * 30 + "0a"), filing.folder / "incoming" / "half"
    for path in (stray, half):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left behind")
    assert await filing.sweep() == 0
    long_ago = pipeline.store.clock().timestamp() - 10 * 3600
    for path in (stray, half, filing.folder / kept):
        os.utime(path, (long_ago, long_ago))
    pipeline.store.clock.forward(minutes=16)
    assert await filing.sweep() == 3
    assert filing.bytes_kept() == [kept]
    assert [row["state"] for row in await filing.rows()] == ["STORED"]
    filing.forget_tokens()
    (shown,) = await filing.files(main, record)
    assert (await filing.fetch(shown["url"])).content == PDF


async def test_a_caller_who_hangs_up_leaves_nothing_behind(filing: Filing) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    path, token = await filing.ticket(main, record), await filing.token(main)
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": PDF[:20], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(_message: Any) -> None:
        return None

    route, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "POST",
        "path": route,
        "raw_path": route.encode(),
        "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    app: Any = filing.client._transport.app  # type: ignore[attr-defined]
    await app(scope, receive, send)
    assert (await filing.rows(), filing.bytes_kept()) == ([], [])


async def test_bytes_that_were_lost_are_told_as_missing_and_noted(filing: Filing) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    await filing.upload(main, record)
    (shown,) = await filing.files(main, record)
    (filing.folder / filing.bytes_kept()[0]).unlink()
    await refused(filing, 404, "NOT_FOUND", filing.fetch(shown["url"]))


async def run_until_death(
    filing: Filing, step: str, path: str = "", token: str = "", *, by: str = "tests.killed_upload"
) -> None:
    """Run a process on the same database and folder, and see that it was killed."""
    store = filing.pipeline.store
    told = (filing.url, str(filing.folder), store.clock().isoformat(), step, path, token)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", by, *told),
        env=surroundings(filing.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -signal.SIGKILL, printed.decode()


async def let_pass(filing: Filing, **time: float) -> None:
    """Let time pass, also for what lies in the folder."""
    then = filing.pipeline.store.clock().timestamp()
    filing.pipeline.store.clock.forward(**time)
    filing.forget_tokens()
    for path in filing.bytes_kept():
        os.utime(filing.folder / path, (then, then))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.slow
async def test_a_process_that_dies_in_an_upload_leaves_all_or_nothing(filing: Filing, step: str) -> None:
    """After the sweep there is the whole file with its journal line, or neither row nor bytes nor line."""
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    path, token = await filing.ticket(main, record), await filing.token(main)
    await run_until_death(filing, step, path, token)
    await let_pass(filing, hours=4)
    await filing.sweep()
    shown = await filing.files(main, record)
    operations = await filing.pipeline.store.operations()
    if step == "stored":
        assert (await filing.fetch(shown[0]["url"])).content == PDF
        assert operations.count("file.upload") == 1
        assert len(filing.bytes_kept()) == 1
        return
    assert (shown, await filing.rows(), filing.bytes_kept()) == ([], [], [])
    assert "file.upload" not in operations
    await filing.upload(main, record)
    assert len(await filing.files(main, record)) == 1


@pytest.mark.slow
async def test_a_sweep_that_dies_is_finished_by_the_next(filing: Filing) -> None:
    main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
    id = await filing.upload(main, record)
    await filing.get(main, REMOVE, i={"id": id})
    await run_until_death(filing, "sweeping")
    assert (await filing.rows(), len(filing.bytes_kept())) == ([], 1)
    await let_pass(filing, hours=4)
    assert await filing.sweep() == 1
    assert filing.bytes_kept() == []
