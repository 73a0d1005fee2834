"""Operations of tools in the back-office: looked at, admitted, revoked, retired, and their tool's mode switched."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models import operations as domain
from models.identity import ClientApplication, ClientMode
from models.kernel.access import system_actor
from models.operations import DocumentStatus, ManifestStatus, OperationManifest, Usage, find_document, write_down
from tests.desk import Desk, desk
from tests.operating import (
    MINE,
    NAMES,
    NAMES_TOO,
    a_client,
    admitted,
    decided,
    documents_of,
    entry_of,
    published,
    sha256,
    submitted,
)

__all__ = ["desk"]

GRANT = "opportunity.customer:plain"


async def read(desk: Desk, model: Any, id: Any) -> Any:
    async with desk.store.reader() as session:
        return await session.get(model, id)


async def test_the_reviewer_looks_at_a_document_and_admits_it(desk: Desk) -> None:
    pipeline, store = desk.pipeline, desk.store
    client = await a_client(store, pipeline.main)
    await admitted(store, pipeline.main, pipeline.operations, client, NAMES)
    await published(store, pipeline.main, client, submitted(NAMES_TOO), "2.0")
    document = (await documents_of(store, client))[NAMES_TOO]
    entry = await entry_of(store, document)
    lin = await desk.enter(pipeline.cast.lin_operations)
    assert "Names" in await lin.page("/queue?kind=operations.admission")
    page = await lin.page(f"/queue/{entry.public_id}")
    for told in (
        NAMES_TOO,
        "与上一准入版本的差异",
        "Opportunity.contactName",
        "opportunity.customer:reveal",
        "准入",
        "成本上限",
    ):
        assert told in page
    decide = f"/queue/{entry.public_id}/decide"
    wrong = await lin.send(decide, verb="admit", version=document.version, expires_at="2020-01-01T00:00")
    assert wrong.status_code == 422
    assert "准入到期时间须晚于当前时间" in wrong.text
    forged = await lin.send(decide, verb="admit", version=document.version, grants="account:manage")
    assert forged.status_code == 422
    done = await lin.send(decide, verb="admit", version=document.version, expires_at="2026-06-01T08:00", grants=GRANT)
    assert done.status_code == 303
    async with store.reader() as session:
        known = await find_document(session, client.id, sha256(NAMES_TOO), store.clock())
    assert known is not None
    assert known.grants == {GRANT}
    assert known.until == dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


async def test_a_rejection_needs_a_reason(desk: Desk) -> None:
    pipeline, store = desk.pipeline, desk.store
    client = await a_client(store, pipeline.main)
    await published(store, pipeline.main, client, submitted(MINE))
    document = (await documents_of(store, client))[MINE]
    entry = await entry_of(store, document)
    lin = await desk.enter(pipeline.cast.lin_operations)
    decide = f"/queue/{entry.public_id}/decide"
    assert (await lin.send(decide, verb="reject", version=document.version)).status_code == 422
    assert (await documents_of(store, client))[MINE].status is DocumentStatus.WAITING
    done = await lin.send(decide, verb="reject", version=document.version, reason="与登记用途不符")
    assert done.status_code == 303
    assert (await documents_of(store, client))[MINE].verdict_reason == "与登记用途不符"


async def test_a_tool_shows_its_documents_with_their_usage_and_its_mode_is_switched(desk: Desk) -> None:
    pipeline, store = desk.pipeline, desk.store
    client = await a_client(store, pipeline.main)
    await admitted(store, pipeline.main, pipeline.operations, client, NAMES)
    document = (await documents_of(store, client))[NAMES]
    usage = Usage(store.clock)
    for _ in range(37):
        usage.seen(document.id, 0.02, False)
    await store.do(system_actor(), lambda work: write_down(work, usage.take()))
    lin = await desk.enter(pipeline.cast.lin_operations)
    assert "华启 CRM" in await lin.page("/clients")
    page = await lin.page(f"/clients/{client.public_id}")
    for told in ("Names", ">37<", "P95", "1.0", "仅按标识调用已登记的操作", "切换模式"):
        assert told in page
    switched = await lin.send(f"/clients/{client.public_id}/mode", mode="OPEN", version=1)
    assert switched.status_code == 303
    assert (await read(desk, ClientApplication, client.id)).mode is ClientMode.OPEN
    await lin.send(f"/clients/{client.public_id}/mode", mode="ID_ONLY", version=1)
    await lin.send(f"/clients/{client.public_id}/mode", mode="ANYTHING", version=2)
    assert (await read(desk, ClientApplication, client.id)).mode is ClientMode.OPEN


async def test_in_production_no_tool_is_opened(desk: Desk) -> None:
    client = await a_client(desk.store, desk.pipeline.main)
    lin = await desk.enter(desk.pipeline.cast.lin_operations)
    object.__setattr__(desk.site.house, "production", True)
    await lin.send(f"/clients/{client.public_id}/mode", mode="OPEN", version=1)
    assert "生产环境不允许" in await lin.page("/clients")
    assert (await read(desk, ClientApplication, client.id)).mode is ClientMode.ID_ONLY


async def test_an_admission_is_renewed_and_revoked_and_a_version_retired(desk: Desk) -> None:
    pipeline, store = desk.pipeline, desk.store
    client = await a_client(store, pipeline.main)
    manifest = await admitted(store, pipeline.main, pipeline.operations, client, NAMES)
    document = (await documents_of(store, client))[NAMES]
    lin = await desk.enter(pipeline.cast.lin_operations)
    assert NAMES in await lin.page(f"/operations/{document.public_id}")
    assert "Names" in await lin.page("/operations?name=Nam&status=ADMITTED")
    renew = f"/operations/{document.public_id}/do/renew"
    done = await lin.send(renew, version=document.version, expires_at="2026-12-01T00:00", grants=GRANT)
    assert done.status_code == 303
    renewed = (await documents_of(store, client))[NAMES]
    assert renewed.grants == [GRANT]
    done = await lin.send(f"/operations/{document.public_id}/do/revoke", version=renewed.version, reason="令牌泄露")
    assert done.status_code == 303
    assert (await documents_of(store, client))[NAMES].status is DocumentStatus.REJECTED
    versions = f"/operation-versions/{manifest.public_id}"
    assert "Names" in await lin.page(versions)
    assert "1.0" in await lin.page("/operation-versions")
    await lin.send(f"{versions}/do/retire", version=1, retire_at="2026-04-01T00:00")
    assert (await read(desk, OperationManifest, manifest.id)).status is ManifestStatus.RETIRING
    await lin.send(f"{versions}/do/unretire", version=2)
    assert (await read(desk, OperationManifest, manifest.id)).status is ManifestStatus.PUBLISHED
    assert (await lin.send(f"{versions}/do/retire", version=3)).status_code == 303
    assert (await read(desk, OperationManifest, manifest.id)).retire_at == store.clock()


async def test_the_auditor_looks_and_does_nothing_and_others_do_not_look(desk: Desk) -> None:
    pipeline, store = desk.pipeline, desk.store
    client = await a_client(store, pipeline.main)
    manifest = await admitted(store, pipeline.main, pipeline.operations, client, NAMES)
    document = (await documents_of(store, client))[NAMES]
    pages = (
        f"/clients/{client.public_id}",
        f"/operations/{document.public_id}",
        f"/operation-versions/{manifest.public_id}",
    )
    auditor = await desk.enter(pipeline.accounts["auditor"])
    for page in pages:
        assert "切换模式" not in await auditor.page(page)
    before = await store.everything()
    revoke = f"/operations/{document.public_id}/do/revoke"
    assert (await auditor.send(revoke, version=document.version, reason="x")).status_code in (403, 409, 422)
    assert (await auditor.send(f"/clients/{client.public_id}/mode", mode="OPEN", version=1)).status_code == 403
    assert await store.everything() == before
    pdm = await desk.enter(pipeline.cast.zhou_pdm)
    for page in pages:
        assert (await pdm.get(page)).status_code in (403, 404)


async def test_the_pages_speak_english_too(desk: Desk) -> None:
    pipeline, store = desk.pipeline, desk.store
    client = await a_client(store, pipeline.main)
    await admitted(store, pipeline.main, pipeline.operations, client, NAMES)
    await published(store, pipeline.main, client, submitted(NAMES_TOO), "2.0")
    document = (await documents_of(store, client))[NAMES_TOO]
    entry = await entry_of(store, document)
    lin = await desk.enter(pipeline.cast.lin_operations)
    await lin.send("/language", lang="en")
    page = await lin.page(f"/queue/{entry.public_id}")
    for told in ("Changes since the last admitted version", "Fields added", "Ruled fields", "Admit", "Cost at most"):
        assert told in page
    assert "Registered operations by id only" in await lin.page(f"/clients/{client.public_id}")
    await decided(store, pipeline.operations, document)
    assert domain.ADMISSION == "operations.admission"
