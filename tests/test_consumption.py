"""Consumption: taken in once and exactly, shown by month and by line to whom it belongs, and never taken for a bill."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api import timers
from api.cli_import import import_app
from models.association import AssociationCause, AssociationEvent, AssociationEventKind
from models.consumption import (
    HIDE_ZEROS,
    NOTICE_EN,
    NOTICE_ZH,
    ConsumptionDay,
    ConsumptionDetail,
    ConsumptionSummary,
    ConsumptionView,
    PerformanceDetail,
    shown_lines,
)
from models.customer import AccountManagerPeriod, AssociationType, Customer, assign_manager
from models.export import ExportFormat, ExportKind, exported_by
from models.kernel.access import Actor, Side
from models.kernel.errors import FieldNotSearchableError, PermissionDeniedError
from models.kernel.policy import PolicyRow
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.work import Work
from models.onboarding import ColumnMissingError, FileNotReadableError, ImportRun, ImportState
from models.onboarding import consumption as importing
from models.onboarding.stream import RefusedRows
from models.rights import Preset
from tests.export_desk import asked, exported
from tests.market import LINE, Market, market, people, pipeline
from tests.people import open_person

__all__ = ["market", "pipeline"]

TYPES = (ConsumptionSummary, ConsumptionDetail, PerformanceDetail)
MINGDE, HENGYUAN, RESOLD, FOREIGN = "mingde-account", "hengyuan-account", "qidong-account", "yungu-account"


def line(number: int, **changes: str) -> dict[str, str]:
    return {"id": f"line-{number}", **changes}


async def seen(market: Market, actor: Actor, model: Any = ConsumptionDetail, **conditions: Any) -> list[Any]:
    """Read what somebody sees of a type, in the order of his list."""
    async with market.store.reader() as session:
        reader = Reader(session, actor, market.store.clock())
        wanted = Wanted.of(*model.model_fields)
        return (await reader.page(model, wanted, Page(first=100, filter=tuple(conditions.items())))).nodes


async def lines_of(market: Market, actor: Actor, **conditions: Any) -> list[str]:
    return sorted(one.line_id for one in await seen(market, actor, **conditions))


# Taking in


async def test_a_line_is_taken_in_once_however_often_it_comes(market: Market):
    """Sums and lines agree to the last fen, after the same file again and the same rows in another one."""
    first = [line(n, payment_amount=f"{n}.01", consume_time=f"2026-02-{n:02d}T02:00:00Z") for n in range(1, 21)]
    report = await market.take(*first)
    assert (report.total, report.created, report.known, report.refused) == (20, 20, 0, 0)
    before = await market.store.everything()
    again = await market.take(path=market.folder / "consumption.csv")
    elsewhere = await market.take(*first[5:15], *first[:3])
    assert (again.created, again.known) == (0, 20)
    assert (elsewhere.created, elsewhere.known) == (0, 13)
    assert await market.store.everything() == before
    due, months, days, performance = await market.sums()
    assert due == months == sum(n * 100 + 1 for n in range(1, 21))
    assert (days, performance) == (0, 20 * 7001)
    (summary,) = await market.rows(ConsumptionSummary)
    assert (summary.official_amount, summary.discount_amount, summary.line_count) == (240_000, 40_000, 20)
    assert summary.performance_amount == performance
    (run,) = await market.rows(ImportRun)
    assert (run.state, run.total, run.created, run.known) == (ImportState.DONE, 20, 20, 0)


async def test_two_imports_at_once_take_each_line_in_once(market: Market):
    one = market.file(*[line(n) for n in range(300)], name="one.csv")
    other = market.file(*[line(n) for n in range(150, 450)], name="other.csv")
    reports = await asyncio.gather(market.take(path=one), market.take(path=other))
    assert sum(report.created for report in reports) == 450
    assert sum(report.known for report in reports) == 150
    due, months, _, performance = await market.sums()
    assert (due, months, performance) == (450 * 10000, 450 * 10000, 450 * 7001)


BAD: dict[str, tuple[dict[str, str], str, str]] = {
    "no id": ({"id": ""}, "FIELD_REQUIRED", "id"),
    "id too long": ({"id": "x" * 65}, "LENGTH", "id"),
    "account unknown": ({"customer_id": "nobody"}, "CONSUMPTION_CUSTOMER_UNKNOWN", "customer_id"),
    "before the association": (
        {"customer_id": "late-account", "consume_time": "2026-02-01T00:00:00Z"},
        "CONSUMPTION_NOT_ASSOCIATED",
        "customer_id",
    ),
    "a month that is none": ({"bill_cycle": "2026-13"}, "VALUE_NOT_ALLOWED", "bill_cycle"),
    "nineteen months ago": ({"bill_cycle": "2024-09"}, "BILL_CYCLE_OUT_OF_RANGE", "bill_cycle"),
    "next month": ({"bill_cycle": "2026-04"}, "BILL_CYCLE_OUT_OF_RANGE", "bill_cycle"),
    "in the future": ({"consume_time": "2026-03-02T04:00:01Z"}, "CONSUMED_IN_FUTURE", "consume_time"),
    "a time without offset": ({"consume_time": "2026-02-10 02:00:00"}, "INSTANT_NOT_READABLE", "consume_time"),
    "a bill type that is none": ({"bill_detail_type": "77"}, "VALUE_NOT_ALLOWED", "bill_detail_type"),
    "a billing mode that is none": ({"charging_mode": "2"}, "VALUE_NOT_ALLOWED", "charging_mode"),
    "three decimals": ({"payment_amount": "100.005"}, "AMOUNT_NOT_READABLE", "payment_amount"),
    "an amount with an exponent": ({"official_amount": "1e3"}, "AMOUNT_NOT_READABLE", "official_amount"),
    "an amount beyond all bounds": ({"payment_amount": "9" * 18}, "AMOUNT_NOT_READABLE", "payment_amount"),
    "full-width digits": ({"payment_amount": "１００.00"}, "AMOUNT_NOT_READABLE", "payment_amount"),
    "control characters": ({"resource_name": "erp\x07node"}, "UNPRINTABLE_TEXT", "resource_name"),
}


async def test_each_bad_row_is_refused_with_row_column_and_code_and_keeps_no_other_from_its_place(market: Market):
    """COL-5.9.3, COL-5.9.11: in both languages; nothing is rounded, and what is repaired comes in."""
    late = {"associated_on": dt.datetime(2026, 2, 20, tzinfo=dt.UTC), "huawei_account_id": "late-account"}
    await market.store.do(market.pipeline.operations, lambda work: _reassociated(work, market.hengyuan, late))
    rows = [line(n, **changes) if "id" not in changes else changes for n, (changes, _, _) in enumerate(BAD.values())]
    mixed = [one for n, bad in enumerate(rows) for one in (bad, line(100 + n))]
    target = market.folder / "refused.csv"
    found: list[tuple[int, str, str]] = []
    with RefusedRows(target, market.folder / "consumption.csv") as refused:

        def refuse(row: Any, errors: Any) -> None:
            refused.refuse(row, errors)
            assert all(one.message("zh") != one.message("en") for one in errors)
            found.extend((row.line, one.code, ".".join(one.path)) for one in errors)

        report = await market.take(*mixed, refuse=refuse)
    expected = [(2 + 2 * n, code, column) for n, (_, code, column) in enumerate(BAD.values())]
    assert found == expected
    assert (report.created, report.refused) == (len(BAD), len(BAD))
    assert await lines_of(market, market.pipeline.operations) == sorted(f"line-{100 + n}" for n in range(len(BAD)))
    text = target.read_text("utf-8-sig")
    assert text.count("\n") >= len(BAD)
    assert "账期 2024-09 不在可查询范围内（2024-10 至 2026-03）" in text
    repaired = await market.take(path=target)
    assert (repaired.created, repaired.refused) == (0, len(BAD))


async def _reassociated(work: Work, customer: Customer, values: dict[str, Any]) -> None:
    found = await work.get(Customer, customer.id)
    for name, value in values.items():
        setattr(found, name, value)


async def test_a_known_line_that_says_something_else_is_refused_and_stays_as_it_is(market: Market):
    await market.take(line(1))
    before = [one.model_dump() for one in await market.rows(ConsumptionDetail)]
    codes: list[Any] = []
    report = await market.take(
        line(1, payment_amount="99.00"),
        line(2),
        line(2, bill_cycle="2026-01"),
        refuse=lambda _row, one: codes.extend(one),
    )
    assert (report.created, report.refused) == (1, 2)
    assert {one.code for one in codes} == {"LINE_CONTRADICTS"}
    assert "payment_amount" in codes[0].message("en")
    assert [one.model_dump() for one in await market.rows(ConsumptionDetail) if one.line_id == "line-1"] == before


async def test_an_import_that_is_stopped_goes_on_where_it_was(market: Market, monkeypatch: pytest.MonkeyPatch):
    """A chunk is in with its sums or not at all; whoever runs the file again adds the rest."""
    monkeypatch.setattr(importing, "FIRST_CHUNK", 10)
    monkeypatch.setattr(importing, "CHUNK", 10)
    path = market.file(*[line(n) for n in range(35)])

    class Stopped(Exception):
        pass

    def stop(done: int) -> None:
        if done > 20:
            raise Stopped

    with pytest.raises(Stopped):
        await market.take(path=path, progress=stop)
    assert (await market.sums())[:2] == (20 * 10000, 20 * 10000)
    (run,) = await market.rows(ImportRun)
    assert (run.state, run.position) == (ImportState.RUNNING, 20)
    report = await market.take(path=path)
    assert (report.resumed_from, report.created, report.known) == (20, 15, 20)
    assert (await market.sums())[:2] == (35 * 10000, 35 * 10000)


async def test_files_are_read_as_spreadsheets_and_in_chinese_encodings(market: Market):
    path = market.file(line(1))
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))
    assert (await market.take(path=path)).created == 1
    book = openpyxl.Workbook()
    book.active.append(list(LINE))
    book.active.append(list({**LINE, "id": "line-2", "payment_amount": 88.5}.values()))
    book.save(market.folder / "consumption.xlsx")
    assert (await market.take(path=market.folder / "consumption.xlsx")).created == 1
    assert [one.amount_due for one in await market.rows(ConsumptionDetail)] == [10000, 8850]
    assert (await market.rows(ConsumptionDetail))[0].region_name == "华北-北京四"


async def test_a_file_that_lacks_a_column_and_a_caller_without_the_right_change_nothing(market: Market):
    store, operations = market.store, market.pipeline.operations
    broken = market.folder / "broken.csv"
    broken.write_text("id,bill_cycle\nline-1,2026-02\n")
    nul = market.folder / "nul.csv"
    nul.write_bytes(b"id,bill_cycle\n\x00,\n")
    good = market.file(line(1))
    for path, actor, error in (
        (broken, operations, ColumnMissingError),
        (nul, operations, FileNotReadableError),
        (market.folder / "absent.csv", operations, FileNotReadableError),
        (good, market.pipeline.main, PermissionDeniedError),
        (good, market.pipeline.pdm, PermissionDeniedError),
    ):
        before = await store.everything()
        with pytest.raises(error):
            await market.take(path=path, actor=actor)
        assert await store.everything() == before
    before = await store.everything()
    assert (await market.take(line(1), dry=True)).created == 1
    assert await store.everything() == before


async def test_the_command_takes_in_tells_of_each_bad_row_and_ends_with_3(
    market: Market, monkeypatch: pytest.MonkeyPatch
):
    """The command runs by today's clock, so the lines are of this month."""
    today = dt.datetime.now(dt.UTC)
    now = {
        "bill_cycle": f"{today - dt.timedelta(days=1):%Y-%m}",
        "consume_time": f"{today - dt.timedelta(days=1):%FT%TZ}",
    }
    market.file(line(1, **now), line(2, **now, payment_amount="1.005"), name="today.csv")
    async with market.store.reader() as session:
        monkeypatch.setenv("PARTNER_CENTER_DATABASE_URL", session.get_bind().url.render_as_string(hide_password=False))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(market.folder)

    async def command(*arguments: str, code: int) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, import_app, ["consumption", *arguments])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    assert "1 would be taken in, 0 known already, 1 refused" in await command("today.csv", "--dry-run", code=3)
    assert not (market.folder / "today.refused.csv").exists()
    told = await command("today.csv", code=3)
    assert "1 taken in, 0 known already, 1 refused" in told
    assert "row 3, payment_amount: AMOUNT_NOT_READABLE 金额“1.005”无法识别" in told
    assert "today.refused.csv" in told
    assert "0 taken in, 1 known already, 1 refused" in await command("today.csv", code=3)
    assert "import imp_" in told
    await command("absent.csv", code=1)
    assert await lines_of(market, market.pipeline.operations) == ["line-1"]


# Months and days


async def test_a_days_consumption_is_in_the_summary_after_the_end_of_the_next_day(market: Market):
    """COL-5.9.1: the line is there at once; its month's summary counts it from 24:00 of the next day, Beijing."""
    store, main = market.store, market.pipeline.main
    # It is noon of 2 March; the last day of February ended half a day ago, and 28 February is not over for a day.
    days = {"2026-02-27": 1, "2026-02-28": 10, "2026-03-01": 100, "2026-03-02": 1000}
    await market.take(
        *(
            line(n, bill_cycle=day[:7], consume_time=f"{day}T01:00:00Z", payment_amount=f"{amount}.00")
            for n, (day, amount) in enumerate(days.items())
        )
    )
    assert len(await seen(market, main)) == 4

    async def shown() -> dict[str, int]:
        return {one.bill_cycle: one.amount_due for one in await seen(market, main, ConsumptionSummary)}

    assert await shown() == {"2026-02": 1100}
    for moment, expected in (
        (dt.datetime(2026, 3, 2, 15, 59, 59, tzinfo=dt.UTC), {"2026-02": 1100}),
        (dt.datetime(2026, 3, 2, 16, tzinfo=dt.UTC), {"2026-02": 1100, "2026-03": 10000}),
        (dt.datetime(2026, 3, 3, 16, tzinfo=dt.UTC), {"2026-02": 1100, "2026-03": 110000}),
    ):
        store.clock.now = moment
        await timers.summarise(store, clock=store.clock)
        assert await shown() == expected
    assert await market.rows(ConsumptionDay) == []
    assert await timers.summarise(store, clock=store.clock) == 0
    due, months, _, _ = await market.sums()
    assert due == months


async def test_eighteen_natural_months_can_be_looked_at(market: Market):
    """COL-5.9.3: with a new month the oldest goes, from every list, whatever is asked for."""
    store = market.store
    months = ["2024-10", "2024-11", "2026-03"]
    await market.take(
        *(line(n, bill_cycle=month, consume_time="2026-02-10T02:00:00Z") for n, month in enumerate(months))
    )
    viewers = [market.pipeline.main, market.pipeline.operations, market.pipeline.auditor]

    async def shown() -> set[tuple[str, ...]]:
        every = [await seen(market, one, model, month_from="2000-01") for one in viewers for model in TYPES]
        return {tuple(sorted({row.bill_cycle for row in rows})) for rows in every}

    assert await shown() == {("2024-10", "2024-11", "2026-03")}
    store.clock.now = dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC)
    await timers.summarise(store, clock=store.clock)
    assert await shown() == {("2024-11", "2026-03")}
    assert (await market.take(line(9, bill_cycle="2024-10"))).refused == 1


# Who sees what


async def test_everybody_sees_the_consumption_that_is_his_to_see(market: Market):
    """COL-7.2, COL-5.7.3, field-permissions.md: by role; a distributor sees nothing of its reseller's customers."""
    await market.take(
        line(1, customer_id=MINGDE),
        line(2, customer_id=HENGYUAN),
        line(3, customer_id=RESOLD),
        line(4, customer_id=FOREIGN),
    )
    own, every = ["line-1", "line-2"], ["line-1", "line-2", "line-3", "line-4"]
    expected = {
        "MAIN": own,
        "ADM": own,
        "FIN": own,
        "OPS": own,
        "DIR": ["line-1"],
        "MGR": ["line-1"],
        "CUS": ["line-1"],
        "PDM": own,
        "PSM": [],
        "BD": [],
        "OWN": own,
        "ECO": every,
        "KOO": [],
        "HFI": every,
        "AUD": every,
        "SYS": [],
    }
    actors = {role: await market.store.actor(account) for role, account in (await people(market)).items()}
    for role, actor in actors.items():
        assert await lines_of(market, actor) == expected[role], role
        for model in (ConsumptionSummary, PerformanceDetail):
            assert len(await seen(market, actor, model)) == len(expected[role]), (role, model)
    others = {"reseller": market.reseller_main, "yunfan": market.pipeline.cast.liu_main_of_yunfan}
    found = {name: await lines_of(market, await market.store.actor(one)) for name, one in others.items()}
    assert found == {"reseller": ["line-3"], "yunfan": ["line-4"]}


async def test_a_manager_is_counted_what_was_consumed_from_the_day_after_he_was_assigned(market: Market):
    """COL-5.8.2, COL-5.8.3: until the end of the day of the assignment it is his predecessor's, and stays so."""
    store, pipeline = market.store, market.pipeline
    other = await store.actor((await people(market))["OPS"])
    next_one = await open_person(store, "he.jun", "何军", Preset.MGR, partner_id=pipeline.cast.huaqi.id)
    customer = market.mingde
    # At 23:30 in Beijing of 2 March.
    store.clock.now = dt.datetime(2026, 3, 2, 15, 30, tzinfo=dt.UTC)
    await store.do(pipeline.main, lambda work: assign_manager(work, customer.id, next_one.id, version=customer.version))
    store.clock.now = dt.datetime(2026, 3, 10, 4, tzinfo=dt.UTC)
    await market.take(
        line(1, bill_cycle="2026-03", consume_time="2026-03-02T02:00:00Z"),
        line(2, bill_cycle="2026-03", consume_time="2026-03-02T15:59:59Z"),
        line(3, bill_cycle="2026-03", consume_time="2026-03-02T16:00:00Z"),
        line(4, bill_cycle="2026-03", consume_time="2026-03-05T02:00:00Z", customer_id=HENGYUAN),
    )
    chen, he = pipeline.manager, await store.actor(next_one)
    assert await lines_of(market, chen) == ["line-1", "line-2"]
    assert await lines_of(market, he) == ["line-3"]
    assert [one.amount_due for one in await seen(market, he, ConsumptionSummary)] == [10000]
    assert [one.amount_due for one in await seen(market, chen, ConsumptionSummary)] == [20000]
    assert len(await seen(market, he, PerformanceDetail)) == 1
    assert len(await seen(market, other)) == len(await seen(market, pipeline.main)) == 4
    assert len(await market.rows(AccountManagerPeriod)) == 2


async def test_consumption_stays_with_the_partner_that_the_customer_had_then(market: Market):
    """COL-5.1.2: who takes the customer over later sees nothing of what was before, nor the other way round."""
    store, cast = market.store, market.pipeline.cast

    async def move(work: Work) -> None:
        customer = await work.get(Customer, market.hengyuan.id)
        for partner, event, day in (
            (cast.huaqi, AssociationEventKind.UNLINKED, 10),
            (cast.yunfan, AssociationEventKind.ASSOCIATED, 20),
        ):
            work.add(
                AssociationEvent(
                    customer_id=customer.id,
                    partner_id=partner.id,
                    event=event,
                    cause=AssociationCause.OPERATIONS,
                    association_type=AssociationType.RESALE,
                    by_id=work.actor.id,
                    by_name="林静",
                    by_side=Side.HUAWEI,
                    happened_at=dt.datetime(2026, 2, day, 4, tzinfo=dt.UTC),
                )
            )
        customer.partner_id, customer.updated_at = cast.yunfan.id, work.now

    await store.do(market.pipeline.operations, move)
    days = {1: "2026-02-09", 2: "2026-02-15", 3: "2026-02-21"}
    report = await market.take(
        *(line(n, customer_id=HENGYUAN, consume_time=f"{day}T02:00:00Z") for n, day in days.items())
    )
    assert (report.created, report.refused) == (2, 1)
    assert [one.code for one in report.first_refused[0][1]] == ["CONSUMPTION_NOT_ASSOCIATED"]
    assert await lines_of(market, market.pipeline.main) == ["line-1"]
    assert await lines_of(market, market.pipeline.other_main) == ["line-3"]


# Filters


def _filters(market: Market) -> dict[str, tuple[Any, list[str]]]:
    return {
        "month_from": ("2026-02", ["line-1", "line-3", "line-4"]),
        "month_to": ("2026-01", ["line-2"]),
        "this_month": (True, ["line-4"]),
        "consumed_from": (dt.datetime(2026, 2, 20, tzinfo=dt.UTC), ["line-3", "line-4"]),
        "consumed_to": (dt.datetime(2026, 2, 20, tzinfo=dt.UTC), ["line-1", "line-2"]),
        "zero": (False, ["line-1", "line-2", "line-4"]),
        "customer": (market.hengyuan.id, ["line-2", "line-3"]),
        "customer_name": ("恒远", ["line-2", "line-3"]),
        "account_name": ("mingde_account", ["line-1", "line-4"]),
        "account_manager": (market.pipeline.cast.chen_manager.id, ["line-1", "line-4"]),
        "account_manager_name": ("陈磊", ["line-1", "line-4"]),
        "partner_name": ("云帆", []),
        "association_type": (("REFERRAL",), ["line-2"]),
        "partner": (market.pipeline.cast.huaqi.id, ["line-1", "line-2", "line-3", "line-4"]),
        "product_type": (("hws.service.type.obs",), ["line-2"]),
        "charging_mode": (("PERIODIC",), ["line-3"]),
        "bill_type": (("UNSUBSCRIPTION",), ["line-2"]),
        "region": (("cn-south-1",), ["line-4"]),
        "trade_id": ("CS777", ["line-3"]),
        "resource_name": ("test", ["line-2"]),
        "resource_id": ("res-9", ["line-1"]),
    }


async def test_lines_are_found_by_each_filter(market: Market):
    """COL-5.9.4, COL-5.9.5"""
    await market.take(
        line(1, resource_id="res-9"),
        line(
            2,
            bill_cycle="2026-01",
            consume_time="2026-01-10T02:00:00Z",
            customer_id=HENGYUAN,
            association_type="1",
            service_type_code="hws.service.type.obs",
            bill_detail_type="4",
            payment_amount="-30.00",
            performance_amount="",
            resource_name="TEST-bucket",
        ),
        line(
            3,
            customer_id=HENGYUAN,
            charging_mode="1",
            trade_id="CS777",
            payment_amount="0.00",
            performance_amount="",
            consume_time="2026-02-25T02:00:00Z",
        ),
        line(4, bill_cycle="2026-03", region_code="cn-south-1", consume_time="2026-02-28T16:30:00Z"),
    )
    main = market.pipeline.main
    for name, (value, expected) in _filters(market).items():
        assert await lines_of(market, main, **{name: value}) == expected, name
    views = {
        view: sorted(one.amount_due for one in await seen(market, main, ConsumptionSummary, view=(view.value,)))
        for view in ConsumptionView
    }
    assert views == {ConsumptionView.CONSUMPTION: [0, 10000], ConsumptionView.REFUND: [-3000]}
    (summary,) = await seen(market, main, ConsumptionSummary, customer=market.mingde.id)
    drilled = await seen(market, main, PerformanceDetail, summary=summary.uid)
    assert [(one.trade_id, one.performance_amount) for one in drilled] == [("CS001", 7001)]
    finance = market.pipeline.koogallery
    with pytest.raises(FieldNotSearchableError):
        await seen(market, finance, account_name="mingde_account")


@pytest.mark.parametrize("international", [False, True])
async def test_the_international_site_hides_this_months_lines_of_nothing_unless_asked_for(
    market: Market, international: bool
):
    """COL-5.9.6"""
    store = market.store
    await market.take(
        line(1, bill_cycle="2026-03", payment_amount="0.00"),
        line(2, bill_cycle="2026-02", payment_amount="0.00"),
        line(3, bill_cycle="2026-03"),
    )

    async def switch(work: Work) -> None:
        work.add(PolicyRow(key=HIDE_ZEROS.key, value=international, effective_from=work.now))

    await store.do(market.pipeline.operations, switch)
    store.clock.forward(minutes=1)
    await timers.summarise(store, clock=store.clock)
    shown = {
        said: await lines_of(market, market.pipeline.main, **shown_lines({"hide_zero": said}))
        for said in (None, True, False)
    }
    every = ["line-1", "line-2", "line-3"]
    assert shown == {None: every[1:] if international else every, True: ["line-3"], False: every}


# Customers and exports


async def test_customers_are_found_by_what_they_consumed_this_month(market: Market):
    """COL-5.7.1: as far as the viewer sees it; who consumed nothing consumed zero."""
    this = {"bill_cycle": "2026-03", "consume_time": "2026-02-27T20:00:00Z"}
    await market.take(
        line(1, **this), line(2, **this), line(3, customer_id=HENGYUAN, **this), line(4, bill_cycle="2026-02")
    )

    async def names(actor: Actor, **conditions: Any) -> set[str]:
        found = await seen(market, actor, Customer, **conditions)
        return {one.uid for one in found} & {market.mingde.id, market.hengyuan.id, market.foreign.id}

    main, mingde, hengyuan = market.pipeline.main, market.mingde.id, market.hengyuan.id
    assert await names(main, consumption_from=(20000, "CNY")) == {mingde}
    assert await names(main, consumption_from=(1, "CNY")) == {mingde, hengyuan}
    assert await names(main, consumption_to=(10000, "CNY")) == {hengyuan}
    assert await names(main, consumption_from=(0, "CNY"), consumption_to=(0, "CNY")) == set()
    assert await names(main, consumption_from=(1, "USD")) == set()
    assert await names(market.pipeline.operations, consumption_to=(0, "CNY")) == {market.foreign.id}
    with pytest.raises(FieldNotSearchableError):
        await names(market.pipeline.bd, consumption_from=(1, "CNY"))


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        (ExportKind.CONSUMPTION, "应付金额"),
        (ExportKind.CONSUMPTION_DETAILS, "应付金额"),
        (ExportKind.PERFORMANCE, "业绩金额"),
    ],
)
async def test_consumption_is_exported_in_the_background_and_without_names(
    market: Market, tmp_path: Path, kind: ExportKind, heading: str
):
    """COL-5.9.7, COL-5.7.8: an export record and later a file, in which customers stand masked."""
    await market.take(line(1), line(2, customer_id=FOREIGN))
    main = market.pipeline.main
    record, rows = await exported(market.store, main, tmp_path, kind=kind, format=ExportFormat.CSV, language="zh")
    (row,) = rows
    assert (row["公司名称"], row["客户账号名"]) == ("苏州****公司", "mi****")
    assert row[heading] == ("70.01" if kind is ExportKind.PERFORMANCE else "100.00")
    assert (record.rows_done, record.asked) == (0, {})
    assert not {"现金", "代金券", "扣费时间"} & set(row)
    kinds = {role: kind in exported_by(await market.store.actor(one)) for role, one in (await people(market)).items()}
    assert {role for role, may in kinds.items() if may} == {"MAIN", "ADM", "CUS", "PDM", "OWN", "ECO", "HFI", "AUD"}


async def test_the_record_of_an_export_does_not_say_whom_it_was_narrowed_to(market: Market):
    """COL-5.7.8"""
    given = (("customer_name", "明德"), ("month_from", "2026-01"))
    record = await asked(market.store, market.pipeline.main, ExportKind.CONSUMPTION, conditions=given)
    assert record.asked == {"customer_name": "•••", "month_from": "2026-01"}


# What it is not


def test_no_type_tells_how_or_when_money_was_deducted():
    """COL-5.9.11: neither the rows nor the columns of the database hold cash, coupons, debts or a deduction time."""
    forbidden = ("cash", "coupon", "debt", "credit", "card", "bonus", "deduct", "trade_time", "writeoff", "pay")
    for model in (*TYPES, ConsumptionDay):
        assert not [name for name in model.model_fields if any(word in name for word in forbidden)], model


def test_the_notice_says_in_both_languages_that_it_is_no_bill():
    """COL-5.9.2"""
    assert "不能用于结算、还款或开票" in NOTICE_ZH
    assert "cannot be used for settlement, repayment or invoicing" in NOTICE_EN


async def test_nothing_of_the_deduction_that_a_file_tells_is_kept(market: Market):
    """COL-5.9.11"""
    await market.take(line(1, cash_amount="41.97", performance_amount=""))
    async with market.store.reader() as session:
        kept = (await session.execute(sa.select(ConsumptionDetail))).mappings().all()
    assert "4197" not in str(kept)
    assert "05:43:38" not in str(kept)
