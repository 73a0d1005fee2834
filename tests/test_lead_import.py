"""Files of leads: each valid row becomes a lead that waits, the rest is told, and a repeat adds nothing."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from sqlmodel import col, select

from models import lead as domain
from models.kernel.access import Actor
from models.kernel.errors import NotFoundError, PermissionDeniedError
from models.kernel.values import new_id
from models.lead import Lead, LeadRowState, LeadSource, LeadStatus, TooManyLeadRowsError, template
from models.lead.importing import COLUMNS, heading
from models.lead.refusals import LeadFileTooLargeError
from models.onboarding.refusals import ColumnMissingError, FileNotReadableError
from tests.leads import Leads, leads
from tests.people import Store
from tests.portal import Portal, portal

__all__ = ["leads", "portal"]

ROW = {
    "company_name": "苏州云程自动化有限公司",
    "customer_name": "孙立",
    "account_name": "yuncheng_cloud",
    "email": "sun.li@yuncheng.example",
    "mobile": "13700005678",
    "customer_type": "企业",
    "industry": "制造",
    "province": "江苏",
    "level": "A 级",
    "requirement": "希望了解工业视觉上云的方案与报价。",
    "campaign_name": "2026春季智造峰会",
}


def csv_of(*rows: dict[str, str], lang: Any = "zh", encoding: str = "utf-8-sig") -> bytes:
    lines = [[heading(name, lang) for name in COLUMNS], *([row.get(name, "") for name in COLUMNS] for row in rows)]
    return "\r\n".join(",".join(line) for line in lines).encode(encoding)


def book_of(*rows: dict[str, str]) -> bytes:
    workbook = openpyxl.Workbook()
    sheet: Any = workbook.active
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append([row.get(name) for name in COLUMNS])
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


async def taken(leads: Leads, content: bytes, actor: Actor | None = None, **given: Any) -> domain.LeadImport:
    return await domain.import_leads(
        leads.store, actor or leads.pipeline.main, "leads.csv", content, clock=leads.store.clock, **given
    )


async def every(store: Store) -> list[Lead]:
    async with store.reader() as session:
        return list((await session.execute(select(Lead).order_by(col(Lead.id)))).scalars())


@pytest.mark.parametrize(
    "content",
    [csv_of(ROW), csv_of(ROW, encoding="gb18030"), csv_of(ROW, lang="en"), book_of(ROW)],
    ids=["utf-8", "gb18030", "english headings", "xlsx"],
)
async def test_a_row_becomes_a_lead_that_waits_to_be_dispatched(leads: Leads, content: bytes) -> None:
    """COL-6.2.7: import makes NEW."""
    done = await taken(leads, content)
    assert [one.outcome for one in done.rows] == [LeadRowState.CREATED], done.rows[0].problems("zh")
    (lead,) = await every(leads.store)
    assert (lead.status, lead.source, lead.partner_id) == (
        LeadStatus.NEW,
        LeadSource.IMPORT,
        leads.pipeline.cast.huaqi.id,
    )
    assert (lead.industry, lead.province, lead.level, lead.customer_type) == (
        "MANUFACTURING",
        "CN-32",
        "A",
        "ENTERPRISE",
    )
    assert (lead.company_name, lead.mobile, lead.office_id) == (ROW["company_name"], ROW["mobile"], "office-js")
    assert (await leads.store.operations())[-2:] == ["lead.create", "import.leads"]


async def test_importing_again_adds_nothing(leads: Leads) -> None:
    await taken(leads, csv_of(ROW))
    before = (await leads.store.everything())["Lead"]
    again = await taken(leads, book_of(ROW, {**ROW, "level": "B"}))
    # An XLSX with the same cells is the same row; the level is written another way and so is another row.
    assert [one.outcome for one in again.rows] == [LeadRowState.KNOWN, LeadRowState.CREATED]
    assert len((await leads.store.everything())["Lead"]) == len(before) + 1


async def test_a_row_with_errors_is_refused_whole_and_told_with_every_reason(leads: Leads) -> None:
    """COL-6.2.7: company or customer name present; numbers in full-width digits, unknown choices, repeated rows."""
    wrong = {"mobile": "１３７００００５６７８", "email": "nobody", "level": "Z", "province": "火星"}
    nameless = {name: value for name, value in ROW.items() if name not in ("company_name", "customer_name")}
    done = await taken(leads, csv_of({**ROW, **wrong}, {**ROW, "mobile": "１３７００００５６７８"}, nameless, ROW, ROW))
    assert [[error.code for error in one.errors] for one in done.rows] == [
        ["VALUE_NOT_ALLOWED", "VALUE_NOT_ALLOWED", "FULL_WIDTH_DIGITS", "EMAIL_INVALID"],
        ["FULL_WIDTH_DIGITS"],
        ["LEAD_NAME_REQUIRED"],
        [],
        ["LEAD_REPEATED_IN_FILE"],
    ]
    assert "省份: " in done.rows[0].problems("zh")
    assert "线索等级: " in done.rows[0].problems("zh")
    assert "手机号码: " in done.rows[1].problems("zh")
    assert len(await every(leads.store)) == 1


async def test_files_that_are_none_and_people_who_may_not_are_refused(leads: Leads) -> None:
    """COL-6.2.7, COL-7.2."""
    before = await leads.store.everything()
    huaqi = leads.pipeline.cast.huaqi
    for error, content, actor, given in (
        (FileNotReadableError, b"PK\x03\x04 broken", None, {}),
        (FileNotReadableError, b"\x89PNG\x00\x00", None, {}),
        (ColumnMissingError, "备注\n你好\n".encode(), None, {}),
        (LeadFileTooLargeError, b"x" * (domain.LARGEST_BYTES + 1), None, {}),
        (TooManyLeadRowsError, ("公司名称\n" + "\n".join(map(str, range(5001)))).encode(), None, {}),
        (PermissionDeniedError, csv_of(ROW), leads.pipeline.manager, {}),
        (PermissionDeniedError, csv_of(ROW), leads.operator, {}),
        (PermissionDeniedError, csv_of(ROW), leads.pipeline.operations, {}),
        (PermissionDeniedError, csv_of(ROW), leads.pipeline.main, {"partner_id": huaqi.id}),
        (NotFoundError, csv_of(ROW), leads.pipeline.operations, {"partner_id": new_id()}),
    ):
        with pytest.raises(error):
            await taken(leads, content, actor, **given)
        assert await leads.store.everything() == before, error


async def test_operations_send_a_file_down_and_the_main_account_hears_once(leads: Leads) -> None:
    """COL-6.2.7: 华为下发."""
    huaqi = leads.pipeline.cast.huaqi
    rows = [{**ROW, "company_name": f"第{number}家科技有限公司"} for number in range(60)]
    done = await taken(leads, csv_of(*rows), leads.pipeline.operations, partner_id=huaqi.id, source=LeadSource.CAMPAIGN)
    assert done.count(LeadRowState.CREATED) == 60
    assert {(one.partner_id, one.source) for one in await every(leads.store)} == {(huaqi.id, LeadSource.CAMPAIGN)}
    told = [row for row in (await leads.store.everything())["Notice"] if row["kind"] == "lead.received"]
    assert len(told) == 1


async def test_over_http_with_a_bearer_token(portal: Portal) -> None:
    cast = portal.pipeline.cast
    main = {"authorization": f"Bearer {await portal.token(cast.wang_main)}"}
    eco = {"authorization": f"Bearer {await portal.token(cast.lin_operations)}"}
    got = await portal.client.get("/imports/leads/template?lang=en", headers=main)
    assert (got.status_code, got.content) == (200, template("en"))
    sent = await portal.client.post("/imports/leads", content=csv_of(ROW, {"level": "Z"}), headers=main)
    told = sent.json()
    assert (sent.status_code, told["created"], told["known"], told["refused"]) == (200, 1, 0, 1)
    assert told["rows"][1]["errors"][0]["code"] == "VALUE_NOT_ALLOWED"
    assert told["rows"][0]["id"].startswith("led_")
    address = f"/imports/leads?partner={cast.huaqi.public_id}&source=CAMPAIGN"
    pushed = (await portal.client.post(address, content=csv_of({**ROW, "level": "B"}), headers=eco)).json()
    assert pushed["created"] == 1
    for headers, path, status, code in (
        (main, address, 403, "PERMISSION_DENIED"),
        (eco, "/imports/leads", 403, "PERMISSION_DENIED"),
        ({}, "/imports/leads", 401, "SIGN_IN_REQUIRED"),
        (eco, "/imports/leads?partner=cus_1", 422, "INVALID_ID"),
        (eco, f"{address}X", 422, "VALUE_NOT_ALLOWED"),
    ):
        refused = await portal.client.post(path, content=csv_of(ROW), headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (status, code), path
    huge = await portal.client.post("/imports/leads", content=b"x" * (domain.LARGEST_BYTES + 1), headers=main)
    assert huge.status_code == 413
