"""How a sale goes on: reports that are appended, the stale mark, and the figures of a pipeline."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from models import opportunity as domain
from models.kernel.access import Actor, system_actor
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    LengthError,
    NotFoundError,
    PermissionDeniedError,
    ValueNotAllowedError,
)
from models.kernel.reads import Computed, Page, Reader, Wanted
from models.kernel.values import new_id
from models.opportunity import Opportunity, ProgressUpdate, Stage, Status
from models.opportunity.refusals import BackwardsNoteRequiredError, ProgressNotOpenError, StageNotReportableError
from models.opportunity.words import PROBABILITY, STAGE_ORDER
from tests.pipeline import Pipeline, pipeline
from tests.test_ho import taken
from tests.test_opportunity_form import told
from tests.test_opportunity_outcome import won

__all__ = ["pipeline"]

STALE = Computed(domain.progress.STALE_COLUMNS, domain.progress.is_stale, leans=True)


def reporting(record: Opportunity, **changes: Any) -> Any:
    given: dict[str, Any] = {"stage": Stage.SOLUTION, "win_probability": 30, "details": "已与客户交流方案。", **changes}
    return lambda work: domain.progress.report(work, record.id, **given)


async def updates(pipeline: Pipeline) -> list[dict[str, Any]]:
    return (await pipeline.store.everything())["ProgressUpdate"]


def test_the_stages_and_their_probabilities_are_those_of_the_paper() -> None:
    """COL-2.6.5: 10, 30, 50, 70, 100 per cent in this order, and lost at nothing."""
    assert [(stage.name, PROBABILITY[stage]) for stage in STAGE_ORDER] == [
        *(("REQUIREMENT", 10), ("SOLUTION", 30), ("POC", 50), ("NEGOTIATION", 70)),
        *(("SIGNED", 100), ("DELIVERING", 100), ("DELIVERED", 100)),
    ]
    assert PROBABILITY[Stage.LOST] == 0


async def test_reports_are_appended_and_leave_the_version(pipeline: Pipeline) -> None:
    """COL-2.5#10, COL-2.6.5, COL-2.6.6: two rows, the newest stands on the record, nothing was overwritten."""
    record = await pipeline.validated()
    await pipeline.do(pipeline.main, reporting(record, next_step="安排POC"))
    pipeline.store.clock.forward(days=1)
    money = SimpleNamespace(amount="1500000.00", currency="CNY")
    signing = dt.date(2026, 10, 31)
    await pipeline.do(
        pipeline.main,
        reporting(record, stage=Stage.POC, win_probability=50, expected_amount=money, expected_sign_date=signing),
    )
    now = await pipeline.again(record)
    assert (now.stage, now.win_probability, now.expected_amount) == (Stage.POC, 50, 150_000_000)
    assert (now.expected_sign_date, now.last_progress_at) == (signing, pipeline.store.clock())
    assert now.version == record.version
    assert [(row["stage"], row["win_probability"], row["by_name"]) for row in await updates(pipeline)] == [
        ("SOLUTION", 30, "王芳"),
        ("POC", 50, "王芳"),
    ]
    assert (await pipeline.store.operations())[-2:] == ["opportunity.report_progress"] * 2


async def test_a_stage_goes_back_only_with_a_note(pipeline: Pipeline) -> None:
    """COL-2.6.5."""
    record = await pipeline.validated()
    await pipeline.do(pipeline.main, reporting(record, stage=Stage.NEGOTIATION, win_probability=70))
    for note in (None, "  "):
        error = await pipeline.store.refused(pipeline.main, BackwardsNoteRequiredError, reporting(record, note=note))
        assert told(error) == {("note", BackwardsNoteRequiredError.code)}
    await pipeline.do(pipeline.main, reporting(record, note="客户要求重新比选方案"))
    assert (await updates(pipeline))[-1]["backwards_note"] == "客户要求重新比选方案"
    assert (await pipeline.again(record)).stage == Stage.SOLUTION


async def test_a_report_says_what_it_must_and_no_more(pipeline: Pipeline) -> None:
    """COL-2.6.5: probability 0-100, details of 1-1000 characters, the record's own currency, a stage to report."""
    record = await pipeline.validated()
    wrong = {
        "stage": Stage.SIGNED,
        "win_probability": 101,
        "details": " ",
        "next_step": "步" * 1001,
        "note": "注" * 1001,
    }
    error = await pipeline.store.refused(pipeline.main, DomainError, reporting(record, **wrong))
    assert told(error) == {
        ("stage", StageNotReportableError.code),
        ("win_probability", ValueNotAllowedError.code),
        ("details", FieldRequiredError.code),
        ("next_step", LengthError.code),
        ("note", LengthError.code),
    }
    await pipeline.store.refused(pipeline.main, ValueNotAllowedError, reporting(record, win_probability=-1))
    await pipeline.store.refused(pipeline.main, LengthError, reporting(record, details="长" * 1001))
    dollars = SimpleNamespace(amount="1.00", currency="USD")
    await pipeline.store.refused(pipeline.main, ValueNotAllowedError, reporting(record, expected_amount=dollars))
    for stage in (Stage.DELIVERED, Stage.LOST, Stage.DELIVERING):
        await pipeline.store.refused(pipeline.main, StageNotReportableError, reporting(record, stage=stage))
    for edge in (0, 100):
        await pipeline.do(pipeline.main, reporting(record, win_probability=edge, details="长" * 1000))


async def test_progress_opens_with_validation_and_goes_on_until_delivery(pipeline: Pipeline) -> None:
    """COL-2.6.1, COL-2.6.2: not before, and after signing only how the delivery goes."""
    early = await pipeline.submitted(name="未验证", company_name="淮安清江化工有限公司")
    await pipeline.store.refused(pipeline.main, ProgressNotOpenError, reporting(early))
    record = await won(pipeline)
    await pipeline.store.refused(pipeline.main, StageNotReportableError, reporting(record, note="退回"))
    await pipeline.do(pipeline.main, reporting(record, stage=Stage.DELIVERING, win_probability=100))
    version = (await pipeline.again(record)).version
    today = dt.date(2026, 3, 2)
    await pipeline.do(pipeline.main, lambda work: domain.deliver(work, record.id, version=version, delivered_on=today))
    await pipeline.store.refused(pipeline.main, ProgressNotOpenError, reporting(record))


async def test_of_a_po_the_partner_and_huawei_report_of_an_ho_the_partner(pipeline: Pipeline) -> None:
    """COL-2.5#10, COL-3.2#6, COL-7.1.12: main account and BD; of an HO the main account alone."""
    record = await pipeline.validated(account_name="hengyuan_cloud")
    for actor in (pipeline.pdm, pipeline.psm, pipeline.owner, pipeline.operations, pipeline.auditor):
        await pipeline.store.refused(actor, PermissionDeniedError, reporting(record))
    for actor in (pipeline.other_main, pipeline.administrator, pipeline.manager, pipeline.platform):
        await pipeline.store.refused(actor, NotFoundError, reporting(record))
    await pipeline.do(pipeline.bd, reporting(record))
    ho, _ = await taken(pipeline)
    await pipeline.store.refused(pipeline.bd, PermissionDeniedError, reporting(ho))
    await pipeline.do(pipeline.main, reporting(ho))


async def test_thirty_days_without_a_report_are_stale(pipeline: Pipeline) -> None:
    """COL-2.6.5: a soft mark, counted from validation or the newest report; in the row and in the filter alike."""
    record = await pipeline.validated()
    draft = await pipeline.draft(name="草稿")

    async def stale() -> tuple[bool, set[Any], set[Any]]:
        async with pipeline.store.reader() as session:
            reader = Reader(session, pipeline.main, pipeline.store.clock())
            row: Any = await reader.one(Opportunity, record.id, Wanted(computed=(("is_stale", STALE),)))
            pages = [
                await reader.page(Opportunity, Wanted.of("name"), Page(filter=(("stale", which),)))
                for which in (True, False)
            ]
        found, others = ({one.uid for one in list[Any](page.nodes)} for page in pages)
        return row.is_stale, found, others

    pipeline.store.clock.forward(days=30)
    assert await stale() == (False, set(), {record.id, draft.id})
    pipeline.store.clock.forward(seconds=1)
    assert await stale() == (True, {record.id}, {draft.id})
    await pipeline.do(pipeline.main, reporting(record))
    assert await stale() == (False, set(), {record.id, draft.id})
    assert (await pipeline.again(record)).status == Status.VALIDATED


async def figures(pipeline: Pipeline, actor: Actor, **filters: Any) -> list[dict[str, Any]]:
    async with pipeline.store.reader() as session:
        reader = Reader(session, actor, pipeline.store.clock())
        return await domain.progress.summary(reader, Page(filter=tuple(filters.items())))


async def test_the_figures_are_those_of_ones_own_scope_and_never_cross_currencies(pipeline: Pipeline) -> None:
    """COL-2.8.1, COL-2.8.2: counts and sums by status, stage, month and currency, of the rows that one sees."""
    ours = await won(pipeline)
    model = (await pipeline.again(ours)).model_dump(exclude={"id"})

    async def more(work: Any) -> None:
        usd = {"currency": "USD", "expected_amount": 100, "signed_amount": 55}
        lost: dict[str, Any] = {"status": Status.LOST, "stage": Stage.LOST, "signed_amount": None, "signed_on": None}
        rows: list[dict[str, Any]] = [
            *({"signed_on": dt.date(2026, 2, 27)}, usd, usd),
            {**lost, "lost_on": dt.date(2026, 1, 5)},
            {"partner_id": pipeline.cast.yunfan.id, "office_id": "office-gd", "signed_amount": 7},
        ]
        await work.add_all(Opportunity, [{**model, "owner_id": None, **row, "id": new_id()} for row in rows])

    await pipeline.do(system_actor(), more)
    one = 120_000_000
    assert {
        (row["status"].name, row["month"], row["currency"], row["count"], row["expected"], row["signed"])
        for row in await figures(pipeline, pipeline.main)
    } == {
        ("WON", "2026-03", "CNY", 1, one, 98_000_000),
        ("WON", "2026-02", "CNY", 1, one, 98_000_000),
        ("WON", "2026-03", "USD", 2, 200, 110),
        ("LOST", "2026-01", "CNY", 1, one, 0),
    }
    assert [(row["count"], row["signed"]) for row in await figures(pipeline, pipeline.other_main)] == [(1, 7)]
    assert sum(row["count"] for row in await figures(pipeline, pipeline.pdm)) == 5
    assert sum(row["count"] for row in await figures(pipeline, pipeline.operations)) == 6
    office = await figures(pipeline, pipeline.psm)
    assert sum(row["count"] for row in office) == 5
    assert {row["signed"] for row in office} == {None}
    assert None not in {row["expected"] for row in office}
    parts = domain.progress.parted(await figures(pipeline, pipeline.main, currency="CNY"))
    assert [sum(row["count"] for row in parts[name]) for name in ("won", "lost", "open", "ended")] == [2, 1, 0, 0]
    for actor in (pipeline.administrator, pipeline.manager, pipeline.platform):
        assert await figures(pipeline, actor) == []


async def test_whoever_does_not_see_the_opportunity_sees_no_report_of_it(pipeline: Pipeline) -> None:
    """COL-2.8.1."""
    record = await pipeline.validated()
    report = await pipeline.do(pipeline.main, reporting(record))
    async with pipeline.store.reader() as session:
        for actor in (pipeline.other_main, pipeline.administrator, pipeline.platform):
            reader = Reader(session, actor, pipeline.store.clock())
            assert await reader.one(ProgressUpdate, report.id, Wanted.of("details")) is None
            assert await reader.count(ProgressUpdate) == 0
