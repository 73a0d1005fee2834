"""A partner's opportunity from draft to delivery, under rules that hold."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

from models import opportunity as domain
from models.opportunity import Status
from tests.pipeline import Pipeline, pipeline

__all__ = ["pipeline"]


async def test_an_opportunity_goes_from_draft_to_delivery(pipeline: Pipeline) -> None:
    """COL-2.5#3, #4, #7, #12, #14; COL-2.1.7 and 2.1.8: routed by the customer's owner."""
    record = await pipeline.submitted(account_name="hengyuan_cloud")
    assert (record.status, record.office_id) == (Status.AUDITING, "office-js")
    assert record.owner_id == pipeline.accounts["owner"].id

    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    await pipeline.do(
        pipeline.bd,
        lambda work: domain.record_owner_check(
            work, record.id, exists=True, already_closed=False, has_budget=True, order_time="2026 Q3"
        ),
    )
    await pipeline.decide(pipeline.psm, record, "validate")
    now = await pipeline.again(record)
    assert now.status == Status.VALIDATED
    assert now.validated_at == pipeline.store.clock.now

    await pipeline.do(
        pipeline.main,
        lambda work: domain.win(
            work,
            record.id,
            version=now.version,
            amount=SimpleNamespace(amount="980000.00", currency="CNY"),
            signed_on=dt.date(2026, 3, 2),
            contract_number="HT-2026-031",
            consuming_account="hengyuan_cloud",
        ),
    )
    won = await pipeline.again(record)
    assert (won.status, won.signed_amount) == (Status.WON, 98_000_000)
    await pipeline.do(
        pipeline.main,
        lambda work: domain.deliver(work, record.id, version=won.version, delivered_on=dt.date(2026, 3, 2)),
    )
    assert (await pipeline.again(record)).status == Status.DELIVERED
