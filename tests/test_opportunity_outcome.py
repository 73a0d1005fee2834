"""How an opportunity ends: won, lost, delivered, confirmed or disputed."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from models import opportunity as domain
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    PermissionDeniedError,
    ReasonRequiredError,
    ValueNotAllowedError,
)
from models.opportunity import LostReason, Opportunity, Stage, Status
from models.opportunity.refusals import AlreadyConfirmedError, DateOrderError, DisputeClosedError
from tests.pipeline import Pipeline, pipeline
from tests.test_opportunity_form import told

__all__ = ["pipeline"]

TODAY = dt.date(2026, 3, 2)
SIGNED: dict[str, Any] = {
    "amount": SimpleNamespace(amount="980000.00", currency="CNY"),
    "signed_on": TODAY,
    "contract_number": "HT-2026-031",
    "consuming_account": "hengyuan_cloud",
}


def winning(record: Opportunity, version: int, **changes: Any) -> Any:
    return lambda work: domain.win(work, record.id, version=version, **{**SIGNED, **changes})


async def won(pipeline: Pipeline, **changes: Any) -> Opportunity:
    record = await pipeline.validated(**changes)
    done: Opportunity = await pipeline.do(pipeline.main, winning(record, record.version))
    return done


async def delivered(pipeline: Pipeline) -> Opportunity:
    record = await won(pipeline)
    done: Opportunity = await pipeline.do(
        pipeline.main, lambda work: domain.deliver(work, record.id, version=record.version, delivered_on=TODAY)
    )
    return done


async def test_a_won_one_has_its_signing_data(pipeline: Pipeline) -> None:
    """COL-2.5#12, COL-2.6.7: amount above 0 in its own currency, day, contract and consuming account."""
    record = await pipeline.validated()
    version = record.version
    nothing = {"amount": None, "signed_on": None, "contract_number": " ", "consuming_account": None}
    error = await pipeline.store.refused(pipeline.main, DomainError, winning(record, version, **nothing))
    assert {path for path, _ in told(error)} == {"signed_amount", "signed_on", "contract_number", "consuming_account"}
    for changes in (
        {"amount": SimpleNamespace(amount="0", currency="CNY")},
        {"amount": SimpleNamespace(amount="10.00", currency="USD")},
        {"signed_on": TODAY + dt.timedelta(days=1)},
        {"contract_number": "9" * 65},
    ):
        await pipeline.store.refused(pipeline.main, DomainError, winning(record, version, **changes))
    for actor in (pipeline.psm, pipeline.pdm, pipeline.operations):
        await pipeline.store.refused(actor, PermissionDeniedError, winning(record, version))
    await pipeline.do(pipeline.bd, winning(record, version))
    now = await pipeline.again(record)
    assert (now.status, now.signed_amount, now.stage, now.win_probability) == (
        Status.WON,
        98_000_000,
        Stage.SIGNED,
        100,
    )


async def test_a_lost_one_says_why(pipeline: Pipeline) -> None:
    """COL-2.5#13, COL-2.6.7: a reason; the competitor where it was one, a note where it was something else."""
    record = await pipeline.validated()

    def lose(reason: Any, **more: Any) -> Any:
        return lambda work: domain.lose(work, record.id, version=record.version, lost_reason=reason, **more)

    for reason, path in ((None, "lost_reason"), (LostReason.COMPETITOR, "competitor"), (LostReason.OTHER, "lost_note")):
        error = await pipeline.store.refused(pipeline.main, FieldRequiredError, lose(reason))
        assert told(error) == {(path, FieldRequiredError.code)}
    tomorrow = TODAY + dt.timedelta(days=1)
    await pipeline.store.refused(pipeline.main, ValueNotAllowedError, lose(LostReason.PRICE, lost_on=tomorrow))
    await pipeline.do(pipeline.main, lose(LostReason.COMPETITOR, competitor="友商云"))
    now = await pipeline.again(record)
    assert (now.status, now.competitor, now.lost_on, now.win_probability) == (Status.LOST, "友商云", TODAY, 0)


async def test_delivery_follows_signing_and_is_confirmed_or_disputed(pipeline: Pipeline) -> None:
    """COL-2.5#14, #16: not before signing nor tomorrow; the PSM confirms once or disputes with a reason."""
    store, record = pipeline.store, await won(pipeline)

    def deliver(day: dt.date | None) -> Any:
        return lambda work: domain.deliver(work, record.id, version=record.version, delivered_on=day)

    for day, refusal in (
        (None, FieldRequiredError),
        (TODAY - dt.timedelta(days=1), DateOrderError),
        (TODAY + dt.timedelta(days=1), ValueNotAllowedError),
    ):
        await store.refused(pipeline.main, refusal, deliver(day))
    await store.refused(pipeline.bd, PermissionDeniedError, deliver(TODAY))
    await pipeline.do(pipeline.main, deliver(TODAY))
    now = await pipeline.again(record)

    def dispute(reason: str | None, version: int = now.version) -> Any:
        return lambda work: domain.dispute(work, record.id, version=version, reason=reason)

    await store.refused(pipeline.psm, ReasonRequiredError, dispute(" "))
    for actor in (pipeline.main, pipeline.bd, pipeline.pdm):
        await store.refused(actor, PermissionDeniedError, dispute("客户未验收"))
    await pipeline.do(pipeline.psm, dispute("客户未验收"))
    disputed = await pipeline.again(record)
    assert (disputed.status, disputed.delivered_on, disputed.stage) == (Status.WON, None, Stage.DELIVERING)


async def test_the_time_for_a_dispute_ends_after_ten_working_days_or_with_the_confirmation(pipeline: Pipeline) -> None:
    """COL-2.5#16: the tenth working day counts whole; what was confirmed is not disputed any more."""
    record = await delivered(pipeline)
    # Monday the 2nd of March; the tenth working day is the 16th, which ends at 16:00 UTC.
    assert record.dispute_until == dt.datetime(2026, 3, 16, 16, tzinfo=dt.UTC)

    def dispute(work: Any) -> Any:
        return domain.dispute(work, record.id, version=record.version, reason="客户未验收")

    pipeline.store.clock.now = record.dispute_until
    await pipeline.store.refused(pipeline.psm, DisputeClosedError, dispute)
    pipeline.store.clock.now = record.dispute_until - dt.timedelta(seconds=1)

    def confirm(work: Any) -> Any:
        return domain.confirm_delivery(work, record.id, version=record.version)

    await pipeline.store.refused(pipeline.main, PermissionDeniedError, confirm)
    confirmed = await pipeline.do(pipeline.psm, confirm)
    for deed in (domain.confirm_delivery, domain.dispute):
        more = {"reason": "客户未验收"} if deed is domain.dispute else {}
        await pipeline.store.refused(
            pipeline.psm,
            AlreadyConfirmedError,
            lambda work: deed(work, record.id, version=confirmed.version, **more),  # noqa: B023
        )
