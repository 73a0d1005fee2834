"""The partner's own import: each valid row becomes a draft, the rest is told, and a repeat adds nothing."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from models import draft_import as domain
from models.draft_import import RowState, TooManyRowsError, template
from models.draft_import.columns import heading
from models.kernel.errors import PermissionDeniedError
from models.onboarding.refusals import ColumnMissingError, FileNotReadableError
from models.opportunity import FORM as FIELDS
from models.opportunity import Opportunity, Status
from tests.pipeline import Pipeline, pipeline
from tests.portal import Portal, portal

__all__ = ["pipeline", "portal"]

ROW = {
    "name": "华东制造云上ERP迁移",
    "company_name": "江苏恒远精密制造有限公司",
    "industry": "制造",
    "province": "江苏省",
    "city": "苏州市",
    "contact_name": "钱伟",
    "contact_mobile": "13812345678",
    "consent_confirmed": "是",
    "budget": "客户已批准两百万元的上云预算，分两年使用。",
    "expected_amount": "1,200,000.00",
    "currency": "CNY",
    "expected_sign_date": "2026-09-30",
    "pre_sales_activities": "客户拜访；需求调研",
    "offering_ids": "ERP上云方案",
    "services": "ECS; RDS",
    "support_needed": "架构验证",
    "responsible_id": "陈磊",
}


def book(*rows: dict[str, Any], lang: str = "zh") -> bytes:
    """Fill the template as somebody would."""
    found = openpyxl.load_workbook(io.BytesIO(template("en" if lang == "en" else "zh", 200)))
    sheet: Any = found.worksheets[0]
    for place, row in enumerate(rows, start=2):
        for name, value in row.items():
            sheet.cell(place, FIELDS.index(name) + 1, value)
    content = io.BytesIO()
    found.save(content)
    return content.getvalue()


async def taken(pipeline: Pipeline, content: bytes, actor: Any = None) -> domain.Outcome:
    store = pipeline.store
    return await domain.import_drafts(store, actor or pipeline.main, "drafts.xlsx", content, clock=store.clock)


async def drafts(pipeline: Pipeline) -> list[dict[str, Any]]:
    return (await pipeline.store.everything())["Opportunity"]


async def test_a_filled_template_becomes_drafts_and_nothing_is_submitted(pipeline: Pipeline):
    """COL-2.8.5."""
    outcome = await taken(pipeline, book(ROW, {"name": "只有名称"}))
    assert [one.outcome for one in outcome.rows] == [RowState.CREATED, RowState.CREATED]
    async with pipeline.store.reader() as session:
        found: Any = await session.get(Opportunity, outcome_id(outcome, 0))
    assert (found.status, found.direction, found.partner_id) == (Status.DRAFT, "PO", pipeline.cast.huaqi.id)
    assert (found.industry, found.province, found.services) == ("MANUFACTURING", "CN-32", ["ECS", "RDS"])
    assert (found.expected_amount, str(found.expected_sign_date)) == (120_000_000, "2026-09-30")
    assert found.pre_sales_activities == ["CUSTOMER_VISIT", "REQUIREMENT_STUDY"]
    assert (found.responsible_id, found.offering_ids) == (pipeline.manager.id, [pipeline.offering.public_id])
    assert {row["status"] for row in await drafts(pipeline)} == {"DRAFT"}
    operations = await pipeline.store.operations()
    assert operations[-3:] == ["opportunity.save_draft", "opportunity.save_draft", "import.drafts"]


def outcome_id(outcome: domain.Outcome, place: int) -> Any:
    from models.kernel.values import parse_public_id

    return parse_public_id(str(outcome.rows[place].number))[1]


async def test_importing_again_adds_nothing_even_after_the_draft_was_changed(pipeline: Pipeline):
    content = book(ROW)
    await taken(pipeline, content)
    before = await drafts(pipeline)
    again = await taken(pipeline, content)
    assert [(one.outcome, one.number is not None) for one in again.rows] == [(RowState.KNOWN, True)]
    assert await drafts(pipeline) == before
    other = await taken(pipeline, book({**ROW, "name": "另一个"}, ROW))
    assert [one.outcome for one in other.rows] == [RowState.CREATED, RowState.KNOWN]


async def test_rows_with_errors_are_refused_whole_and_told_with_every_reason(pipeline: Pipeline):
    wrong = {**ROW, "industry": "不存在", "expected_sign_date": "九月", "contact_email": "nobody", "currency": "XYZ"}
    outcome = await taken(pipeline, book(wrong, ROW, ROW, {"company_name": "x", "expected_amount": "-3", "name": "a"}))
    assert [one.outcome for one in outcome.rows] == [
        RowState.REFUSED,
        RowState.CREATED,
        RowState.REFUSED,
        RowState.REFUSED,
    ]
    told = outcome.rows[0].problems("zh")
    assert "行业: " in told
    assert "预计签单时间: " in told
    assert "3" in outcome.rows[2].problems("en")
    assert len(await drafts(pipeline)) == 1
    sheet: Any = openpyxl.load_workbook(io.BytesIO(outcome.book("zh"))).active
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0][:5] == ("行号", "结果", "编号", "问题", "机会点名称")
    assert [line[1] for line in lines[1:]] == ["未导入", "已保存为草稿", "未导入", "未导入"]
    assert all(line[3] for line in lines[1:] if line[1] == "未导入")


async def test_the_result_file_can_be_repaired_and_imported(pipeline: Pipeline):
    outcome = await taken(pipeline, book({**ROW, "industry": "不存在"}))
    found = openpyxl.load_workbook(io.BytesIO(outcome.book("zh")))
    sheet: Any = found.active
    columns = [one.value for one in sheet[1]]
    sheet.cell(2, columns.index("行业") + 1, "制造")
    content = io.BytesIO()
    found.save(content)
    again = await taken(pipeline, content.getvalue())
    assert [one.outcome for one in again.rows] == [RowState.CREATED], again.rows[0].problems("zh")


@pytest.mark.slow
async def test_more_than_200_rows_other_files_and_other_people_are_refused(pipeline: Pipeline):
    """COL-2.8.5: at most 200 rows."""
    before = await pipeline.store.everything()
    with pytest.raises(TooManyRowsError):
        await taken(pipeline, book(*({"name": f"机会点 {number}"} for number in range(201))))
    with pytest.raises(FileNotReadableError):
        await taken(pipeline, b"PK\x03\x04 broken")
    with pytest.raises(ColumnMissingError):
        await taken(pipeline, "公司名称\n恒远\n".encode())
    with pytest.raises(PermissionDeniedError):
        await taken(pipeline, book(ROW), pipeline.administrator)
    assert await pipeline.store.everything() == before
    done = await taken(pipeline, book(*({"name": f"机会点 {number}"} for number in range(200))))
    assert done.count(RowState.CREATED) == 200


async def test_the_template_offers_picklists_in_both_languages():
    for lang, industry in (("zh", "制造"), ("en", "Manufacturing")):
        found = openpyxl.load_workbook(io.BytesIO(template("en" if lang == "en" else "zh", 200)))
        sheet: Any = found.worksheets[0]
        assert [one.value.removesuffix(" *") for one in sheet[1]] == [
            heading(name, "en" if lang == "en" else "zh") for name in FIELDS
        ]
        assert industry in {one.value for row in found.worksheets[2].iter_rows() for one in row}
        assert len(sheet.data_validations.dataValidation) >= 8
        assert found.worksheets[2].sheet_state == "hidden"


async def test_over_http_with_a_bearer_token(portal: Portal):
    cast = portal.pipeline.cast
    token = {"authorization": f"Bearer {await portal.token(cast.wang_main)}"}
    got = await portal.client.get("/imports/drafts/template?lang=en", headers=token)
    assert got.status_code == 200
    assert got.headers["content-disposition"] == 'attachment; filename="drafts-template-en.xlsx"'
    sent = await portal.client.post("/imports/drafts?lang=en", content=book(ROW, {"city": "苏州市"}), headers=token)
    assert sent.status_code == 200
    told = sent.json()
    assert (told["created"], told["known"], told["refused"]) == (2, 0, 0)
    as_file = {**token, "accept": got.headers["content-type"]}
    again = await portal.client.post("/imports/drafts", content=book(ROW), headers=as_file)
    sheet: Any = openpyxl.load_workbook(io.BytesIO(again.content)).active
    assert [line[1] for line in sheet.iter_rows(min_row=2, values_only=True)] == ["已导入过"]
    assert (await portal.client.post("/imports/drafts", content=book(ROW))).status_code == 401
    manager = {"authorization": f"Bearer {await portal.token(cast.chen_manager)}"}
    refused = await portal.client.post("/imports/drafts", content=book(ROW), headers=manager)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "PERMISSION_DENIED")
    huge = await portal.client.post("/imports/drafts", content=b"x" * (2 * 1024 * 1024 + 1), headers=token)
    assert huge.status_code == 413
