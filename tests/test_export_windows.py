"""Exports as a portal and the back-office meet them: asked for, followed, cancelled, fetched by a short-lived link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.files.folder import FolderStorage
from models.export import Workshop, work_off
from tests.desk import Desk, desk
from tests.export_desk import read_csv, read_xlsx
from tests.pipeline import FORM
from tests.portal import Portal, portal

__all__ = ["desk", "portal"]

CREATE = """mutation($i: ExportCreateInput!) { exportCreate(input: $i) { replayed
  export { id kind format status columns asked language rowsDone rowsTotal link failure { code } } } }"""
ONE = """query($id: ID!) { export(id: $id) { status rowsDone rowsTotal size sha256 link expiresAt
  requester { name } failure { code messageZh messageEn } } }"""
CANCEL = "mutation($i: ExportCancelInput!) { exportCancel(input: $i) { export { status link } } }"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNER_CENTER_FILES_DIR", str(tmp_path))


async def carried_out(store: Any, folder: Path) -> None:
    assert await work_off(Workshop(store, FolderStorage(folder / "exports"), store.clock))


async def test_a_portal_asks_follows_and_fetches(portal: Portal, tmp_path: Path):
    """COL-2.8.4."""
    pipeline, main = portal.pipeline, portal.pipeline.cast.wang_main
    kept = await pipeline.submitted()
    await pipeline.draft(name="草稿")
    given: dict[str, Any] = {"kind": "OPPORTUNITIES", "format": "CSV", "language": "EN"}
    given |= {"opportunities": {"status": ["AUDITING"], "companyName": "恒远"}, "idempotencyKey": "e1"}
    made = (await portal.get(main, CREATE, i=given))["exportCreate"]["export"]
    assert (made["status"], made["link"], made["asked"]) == (
        "WAITING",
        None,
        {"status": ["AUDITING"], "company_name": "•••"},
    )
    again = (await portal.get(main, CREATE, i=given))["exportCreate"]
    assert (again["replayed"], again["export"]["id"]) == (True, made["id"])
    await carried_out(pipeline.store, tmp_path)
    done = (await portal.get(main, ONE, id=made["id"]))["export"]
    assert (done["status"], done["rowsDone"], done["rowsTotal"]) == ("DONE", 1, 1)
    answer = await portal.client.get(done["link"])
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.content) == done["size"]
    assert [row["Id"] for row in read_csv(answer.content)] == [kept.public_id]
    listed = await portal.get(main, "{ exports(first: 5) { totalCount nodes { id status } } }")
    assert listed["exports"]["nodes"] == [{"id": made["id"], "status": "DONE"}]


async def test_a_link_holds_for_five_minutes_for_one_file(portal: Portal, tmp_path: Path):
    pipeline, main = portal.pipeline, portal.pipeline.cast.wang_main
    ids = [
        (await portal.get(main, CREATE, i={"kind": "OPPORTUNITIES"}))["exportCreate"]["export"]["id"] for _ in range(2)
    ]
    await carried_out(pipeline.store, tmp_path)
    link = (await portal.get(main, ONE, id=ids[0]))["export"]["link"]
    for wrong in (link.replace(ids[0], ids[1]), link[:-4], f"/exports/{ids[0]}", f"/exports/opp_{ids[0][4:]}"):
        answer = await portal.client.get(wrong)
        assert answer.status_code in (403, 404), wrong
        assert "errors" in answer.json()
    pipeline.store.clock.forward(minutes=5, seconds=1)
    assert (await portal.client.get(link)).status_code == 403


async def test_anothers_export_is_not_found(portal: Portal, tmp_path: Path):
    cast = portal.pipeline.cast
    made = (await portal.get(cast.wang_main, CREATE, i={"kind": "JOURNAL"}))["exportCreate"]["export"]["id"]
    assert (await portal.get(cast.liu_main_of_yunfan, ONE, id=made))["export"] is None
    refused = await portal.refusal(cast.liu_main_of_yunfan, CANCEL, i={"id": made})
    assert refused["code"] == "NOT_FOUND"
    assert (await portal.get(cast.liu_main_of_yunfan, "{ exports(first: 5) { nodes { id } } }"))["exports"][
        "nodes"
    ] == []
    await carried_out(portal.pipeline.store, tmp_path)
    auditor = (await portal.get(portal.pipeline.accounts["auditor"], ONE, id=made))["export"]
    assert (auditor["status"], auditor["link"]) == ("DONE", None)


async def test_cancelling_and_previews_and_refusals_travel_as_everywhere(portal: Portal):
    cast = portal.pipeline.cast
    made = (await portal.get(cast.wang_main, CREATE, i={"kind": "CUSTOMERS"}))["exportCreate"]["export"]["id"]
    cancelled = await portal.get(cast.wang_main, CANCEL, i={"id": made})
    assert cancelled["exportCancel"]["export"] == {"status": "CANCELLED", "link": None}
    assert (await portal.refusal(cast.wang_main, CANCEL, i={"id": made}))["code"] == "TRANSITION_NOT_ALLOWED"
    assert (await portal.refusal(cast.zhou_pdm, CREATE, i={"kind": "OPPORTUNITIES"}))["code"] == "REASON_REQUIRED"
    assert (await portal.refusal(cast.chen_manager, CREATE, i={"kind": "CUSTOMERS"}))["code"] == "PERMISSION_DENIED"
    mixed = {"kind": "CUSTOMERS", "opportunities": {"status": ["DRAFT"]}}
    assert (await portal.refusal(cast.wang_main, CREATE, i=mixed))["code"] == "VALUE_NOT_ALLOWED"


async def test_the_lists_of_the_back_office_offer_a_file_of_what_they_show(desk: Desk, tmp_path: Path):
    pipeline = desk.pipeline
    await pipeline.submitted()
    await pipeline.submitted(name="另一个机会点")
    pdm = await desk.enter(pipeline.cast.zhou_pdm)
    assert "导出" in await pdm.page("/opportunities")
    sent = await pdm.send(
        "/exports", kind="OPPORTUNITIES", format="XLSX", reason="周会", query=f"?f.name={FORM['name']}&sort=name"
    )
    assert sent.status_code == 303
    page = await pdm.page("/exports")
    assert "等待中" in page
    assert "取消" in page
    assert (await pdm.get("/exports")).headers["refresh"] == "4"
    await carried_out(pipeline.store, tmp_path)
    page = await pdm.page("/exports")
    assert "已完成" in page
    assert "下载" in page
    made = next(part for part in page.split('"') if part.endswith("/file"))
    answer = await pdm.get(made.removeprefix("/admin"))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/exports/exp_")
    (record,) = (await pipeline.store.everything())["ExportRecord"]
    assert record["rows_done"] == 1
    content = next(path for path in (tmp_path / "exports" / "kept").rglob("*") if path.is_file()).read_bytes()
    assert [row["机会点名称"] for row in read_xlsx(content)] == [FORM["name"]]


async def test_the_back_office_asks_why_and_cancels(desk: Desk):
    pdm = await desk.enter(desk.pipeline.cast.zhou_pdm)
    for list_, kind in (("customers", "CUSTOMERS"), ("journal", "JOURNAL")):
        assert f'value="{kind}"' in await pdm.page(f"/{list_}")
        answer = await pdm.send("/exports", kind=kind, format="CSV", reason="", back=f"/admin/{list_}")
        assert answer.headers["location"] == f"/admin/{list_}"
        assert (await desk.pipeline.store.everything())["ExportRecord"] == []
    await pdm.send("/exports", kind="JOURNAL", format="CSV", reason="核查")
    page = await pdm.page("/exports")
    action = next(part for part in page.split('"') if part.endswith("/cancel"))
    assert (await pdm.send(action.removeprefix("/admin"))).status_code == 303
    assert "已取消" in await pdm.page("/exports")
    assert (await (await desk.enter(desk.pipeline.cast.sun_platform)).get("/exports")).status_code == 403
    stranger = await desk.enter(desk.pipeline.cast.lin_operations)
    assert (await stranger.send(action.removeprefix("/admin"))).status_code == 404
