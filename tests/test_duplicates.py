"""Duplicates: what makes one, which of them goes first, and what each side learns of the other."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from models import opportunity as domain
from models.customer import create_customer
from models.kernel.access import Actor, system_actor
from models.kernel.errors import DomainError, NotFoundError, ReasonCodeNotAllowedError
from models.kernel.reads import Page, Reader
from models.kernel.reads.declare import Wanted
from models.kernel.values import new_id
from models.opportunity import (
    Direction,
    DuplicateMatch,
    DuplicateSignal,
    Opportunity,
    Origin,
    PriorityRule,
    RejectionReason,
    Status,
    goes_first,
)
from models.opportunity.refusals import DuplicateHasPriorityError, DuplicateOfRequiredError
from tests.pipeline import FORM, Pipeline, check_owner, pipeline
from tests.test_opportunity_form import told
from tests.test_opportunity_lifecycle import deciding

__all__ = ["pipeline"]

CODE = "91350100M000100Y43"
MORNING = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
WRITTEN_LIST = (
    *("other_number", "other_name", "other_company", "other_partner", "other_direction", "other_status"),
    *("other_submitted_at", "signals", "own_clock", "other_clock", "has_priority", "rule"),
)


async def matches(pipeline: Pipeline, actor: Actor, record: Opportunity) -> list[Any]:
    """Read the matches of a record as somebody sees them."""
    async with pipeline.store.reader() as session:
        reader = Reader(session, actor, pipeline.store.clock())
        page = await reader.page(DuplicateMatch, Wanted.of("opportunity_id", *WRITTEN_LIST), Page(first=100))
        rows: list[Any] = list(page.nodes)
        return [row for row in rows if UUID(str(row.opportunity_id)) == record.id]


async def flagged(pipeline: Pipeline, *records: Opportunity) -> list[bool]:
    return [(await pipeline.again(record)).has_duplicates for record in records]


@pytest.mark.parametrize(
    ("ours", "theirs", "signals"),
    [
        ({}, {}, {"COMPANY_NAME", "SERVICE"}),
        ({}, {"company_name": "江苏恒远精密制造 （有限公司）"}, {"COMPANY_NAME", "SERVICE"}),
        (
            {"company_name": "甲方一", "credit_code": CODE},
            {"company_name": "甲方二", "credit_code": CODE},
            {"CREDIT_CODE", "SERVICE"},
        ),
        (
            {"company_name": "甲方一", "account_name": "hengyuan_cloud"},
            {"company_name": "甲方二", "account_name": "hengyuan_cloud"},
            {"ACCOUNT", "SERVICE"},
        ),
        ({}, {"services": ["ECS"]}, {"COMPANY_NAME", "SERVICE"}),
        ({}, {"services": ["OBS"]}, set()),
        ({"company_name": "甲方一"}, {"company_name": "乙方一"}, set()),
    ],
)
async def test_two_are_duplicates_by_customer_and_by_what_is_sold(
    pipeline: Pipeline, ours: dict[str, Any], theirs: dict[str, Any], signals: set[str]
) -> None:
    """COL-2.7.8: same credit code, normalised name or account, and an overlap in offering or service."""
    one = await pipeline.submitted(**ours)
    other = await pipeline.submitted(pipeline.other_main, **theirs)
    found = await matches(pipeline, pipeline.pdm, one)
    assert {signal for match in found for signal in match.signals} == signals
    assert await flagged(pipeline, one, other) == [bool(signals)] * 2


async def test_an_overlap_in_offerings_is_enough(pipeline: Pipeline) -> None:
    """COL-2.7.8: the same customer and the same offering, with different services; a draft is nobody's duplicate."""
    offering = [pipeline.offering.public_id]
    await pipeline.draft(name="草稿", offering_ids=offering)
    one = await pipeline.submitted(offering_ids=offering, services=["OBS"])
    assert await flagged(pipeline, one) == [False]
    await pipeline.submitted(name="同一方案", offering_ids=offering, services=["RDS"])
    (match,) = await matches(pipeline, pipeline.pdm, one)
    assert set(match.signals) == {DuplicateSignal.COMPANY_NAME, DuplicateSignal.OFFERING}


async def test_one_customer_is_found_by_its_account_and_by_its_credit_code(pipeline: Pipeline) -> None:
    """COL-2.7.8: two forms that name the same customer differently lead to the same customer account id."""
    facts = {
        "company_name": "苏州同里古镇旅游有限公司",
        "account_name": "tongli",
        "credit_code": CODE,
        "province": "CN-32",
    }
    await pipeline.do(pipeline.operations, lambda work: create_customer(work, facts))
    one = await pipeline.submitted(company_name="同里旅游", credit_code=CODE)
    other = await pipeline.submitted(pipeline.other_main, company_name="古镇公司", account_name="tongli")
    assert one.customer_id == other.customer_id is not None
    (match,) = await matches(pipeline, pipeline.pdm, one)
    assert DuplicateSignal.ACCOUNT in match.signals


def record(**facts: Any) -> Opportunity:
    return Opportunity(**{"id": new_id(), "created_at": NOON, "updated_at": NOON, "submitted_at": NOON, **facts})


AUDITING, VALIDATING = Status.AUDITING, Status.VALIDATING
HO = {"direction": Direction.HO, "status": Status.CREATED, "submitted_at": None}


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        # 2.7.2, 2.7.3: what has passed goes before what is earlier.
        (
            {"status": Status.VALIDATED, "audit_approved_at": NOON},
            {"status": VALIDATING, "audit_approved_at": MORNING},
            "ALREADY_PASSED",
        ),
        ({**HO, "status": Status.ACCEPTED, "crm_created_at": NOON}, {"audit_approved_at": MORNING}, "ALREADY_PASSED"),
        ({"status": Status.WON}, {**HO, "crm_created_at": MORNING}, "ALREADY_PASSED"),
        # 2.7.5, 2.7.7: audit approval of a PO against CRM creation of an HO, and PO against PO alike.
        (
            {"status": VALIDATING, "audit_approved_at": MORNING},
            {"status": VALIDATING, "audit_approved_at": NOON},
            "AUDITED_FIRST",
        ),
        ({**HO, "crm_created_at": MORNING}, {"status": VALIDATING, "audit_approved_at": NOON}, "AUDITED_FIRST"),
        ({"status": VALIDATING, "audit_approved_at": MORNING}, {**HO, "crm_created_at": NOON}, "AUDITED_FIRST"),
        # An earlier submission does not help whoever was audited later.
        (
            {"status": VALIDATING, "audit_approved_at": MORNING, "submitted_at": MORNING},
            {"status": VALIDATING, "audit_approved_at": NOON, "submitted_at": MORNING - dt.timedelta(days=9)},
            "AUDITED_FIRST",
        ),
        # A PO not yet audited ranks after every audited one and after every HO, by its submission.
        (
            {"status": VALIDATING, "audit_approved_at": NOON},
            {"status": AUDITING, "submitted_at": MORNING},
            "AUDITED_BEFORE_UNAUDITED",
        ),
        ({**HO, "crm_created_at": NOON}, {"status": AUDITING, "submitted_at": MORNING}, "AUDITED_BEFORE_UNAUDITED"),
        ({"status": AUDITING, "submitted_at": MORNING}, {"status": AUDITING}, "SUBMITTED_FIRST"),
        # Ties by the lower id.
        ({"status": AUDITING}, {"status": AUDITING}, "LOWER_ID"),
        (
            {"status": VALIDATING, "audit_approved_at": NOON},
            {"status": VALIDATING, "audit_approved_at": NOON},
            "LOWER_ID",
        ),
        # Imported history never has priority, be it ever so early.
        (
            {"status": AUDITING},
            {"status": Status.VALIDATED, "origin": Origin.IMPORTED, "audit_approved_at": MORNING},
            "IMPORTED_LAST",
        ),
    ],
)
def test_of_two_one_goes_first(first: dict[str, Any], second: dict[str, Any], rule: str) -> None:
    """COL-2.7.2, 2.7.3, 2.7.5, 2.7.7: each rule by itself, seen from both sides."""
    one, other = record(**first), record(**second)
    assert goes_first(one, other) == (True, PriorityRule[rule])
    assert goes_first(other, one) == (False, PriorityRule[rule])


async def test_only_the_one_that_goes_first_is_validated(pipeline: Pipeline) -> None:
    """COL-2.7.1, 2.7.3, 2.7.7, COL-2.5#7: the later one is refused before and after; afterwards it is a duplicate."""
    late = await pipeline.submitted(pipeline.other_main)
    early = await pipeline.validating()
    pipeline.store.clock.forward(hours=1)
    await pipeline.decide(pipeline.operations, late, "approve_audit")
    await pipeline.do(pipeline.bd, lambda work: check_owner(work, late))
    await pipeline.store.refused(pipeline.psm, DuplicateHasPriorityError, deciding(late, "validate"))
    await pipeline.decide(pipeline.psm, early, "validate")
    await pipeline.store.refused(pipeline.psm, DuplicateHasPriorityError, deciding(late, "validate"))
    (match,) = await matches(pipeline, pipeline.psm, late)
    assert (match.has_priority, match.rule, match.other_status) == (False, "ALREADY_PASSED", "VALIDATED")
    version = (await pipeline.again(early)).version
    withdrew = domain.CancelReason.CUSTOMER_WITHDREW
    await pipeline.do(
        pipeline.bd, lambda work: domain.cancel(work, early.id, version=version, reason_code=withdrew, reason=None)
    )
    assert await flagged(pipeline, early, late) == [False, False]
    await pipeline.decide(pipeline.psm, late, "validate")


async def test_what_has_ended_without_success_is_no_duplicate(pipeline: Pipeline) -> None:
    """COL-2.7.8: rejected, cancelled or lost; an HO that was declined has not ended and still counts."""
    gone = await pipeline.submitted(pipeline.other_main)
    await pipeline.decide(pipeline.operations, gone, "reject_audit", reason_code=RejectionReason.NO_CONTACT)
    _, offer = await pipeline.shared()
    ours = await pipeline.submitted(name="质检上云", company_name="无锡太湖光电有限公司")
    assert await flagged(pipeline, ours) == [True]
    await pipeline.do(
        pipeline.main,
        lambda work: domain.ho.decline(work, offer.id, reason_code=domain.DeclineReason.NO_CAPACITY, reason=None),
    )
    (match,) = await matches(pipeline, pipeline.pdm, ours)
    assert (match.other_status, match.has_priority) == ("REJECTED", False)
    assert await flagged(pipeline, await pipeline.submitted(name="恒远")) == [False]


async def test_reviewers_see_the_written_list_and_the_partner_that_there_is_one(pipeline: Pipeline) -> None:
    """COL-2.7.8, COL-2.8.3: other record, signals, both clocks, priority and rule; the partner never its data."""
    other = await pipeline.submitted(pipeline.other_main, name="云帆的机会点")
    pipeline.store.clock.forward(hours=1)
    ours = await pipeline.validating(account_name="hengyuan_cloud")
    for actor in (pipeline.pdm, pipeline.psm, pipeline.bd, pipeline.owner, pipeline.operations, pipeline.auditor):
        (match,) = await matches(pipeline, actor, ours)
        assert (match.other_number, match.other_name) == (other.public_id, "云帆的机会点")
        assert (match.other_partner, match.other_direction, match.other_status) == (
            "云帆科技有限公司",
            "PO",
            "AUDITING",
        )
        assert (match.own_clock is not None, match.other_clock, match.has_priority) == (True, None, True)
        assert match.rule == "AUDITED_BEFORE_UNAUDITED"
        assert (match.other_company == FORM["company_name"]) == (actor is pipeline.owner)
    assert (await matches(pipeline, pipeline.finance, ours))[0].other_name is None
    for actor in (pipeline.main, pipeline.other_main, pipeline.administrator, pipeline.platform):
        assert await matches(pipeline, actor, ours) == []
    assert await flagged(pipeline, ours, other) == [True, True]
    named = {*DuplicateMatch.model_fields} - {"id", "opportunity_id", "other_id", "found_at"}
    assert named == set(WRITTEN_LIST)


async def test_whoever_rejects_a_duplicate_says_of_which(pipeline: Pipeline) -> None:
    """COL-2.7.8: a match of this record, required; the partner reads the reason and not the other record."""
    other = await pipeline.submitted(pipeline.other_main)
    unlike = await pipeline.submitted(name="另一客户", company_name="南通海门纺织有限公司")
    ours = await pipeline.validating()
    code = RejectionReason.DUPLICATE_PO
    error = await pipeline.store.refused(
        pipeline.psm, DuplicateOfRequiredError, deciding(ours, "reject_validation", reason_code=code)
    )
    assert told(error) == {("duplicate_of_id", DuplicateOfRequiredError.code)}
    for stranger in (unlike.id, ours.id, new_id()):
        given = {"reason_code": code, "values": {"duplicate_of_id": stranger}}
        await pipeline.store.refused(pipeline.psm, NotFoundError, deciding(ours, "reject_validation", **given))
    huaweis = {"reason_code": RejectionReason.DUPLICATE_HO, "values": {"duplicate_of_id": other.id}}
    await pipeline.store.refused(
        pipeline.psm, ReasonCodeNotAllowedError, deciding(ours, "reject_validation", **huaweis)
    )
    await pipeline.decide(
        pipeline.psm, ours, "reject_validation", reason_code=code, values={"duplicate_of_id": other.id}
    )
    assert (await pipeline.again(ours)).duplicate_of_id == other.id
    async with pipeline.store.reader() as session:
        reader = Reader(session, pipeline.main, NOON)
        seen: Any = await reader.one(Opportunity, ours.id, Wanted.of("rejection_reason", "duplicate_of_id"))
    assert (seen.rejection_reason, seen.duplicate_of_id) == ("DUPLICATE_PO", None)


async def test_imported_history_never_blocks_and_never_goes_first(pipeline: Pipeline) -> None:
    """COL-2.7.7: neither as history, nor when its draft is submitted later."""
    sample = await pipeline.draft(pipeline.other_main)
    facts = sample.model_dump(exclude={"id"}) | {"origin": Origin.IMPORTED, "validated_at": MORNING}

    async def take_in(work: Any) -> list[Opportunity]:
        won = work.add(Opportunity(**{**facts, "name": "历史一", "status": Status.WON}))
        return [won, work.add(Opportunity(**{**facts, "name": "历史二"}))]

    _, imported = await pipeline.do(system_actor(), take_in)
    await pipeline.do(pipeline.other_main, lambda work: domain.submit(work, imported.id))
    await pipeline.decide(pipeline.operations, imported, "approve_audit")
    pipeline.store.clock.forward(hours=1)
    ours = await pipeline.validating()
    assert await flagged(pipeline, ours) == [False]
    await pipeline.do(pipeline.bd, lambda work: check_owner(work, imported))
    await pipeline.store.refused(pipeline.psm, DuplicateHasPriorityError, deciding(imported, "validate"))
    await pipeline.decide(pipeline.psm, ours, "validate")


async def test_a_customer_with_very_many_hides_nobody_who_goes_first(pipeline: Pipeline) -> None:
    """COL-2.7.1: the check looks at all of them, the reviewer is told of those that matter."""
    model = await pipeline.submitted(pipeline.other_main)
    facts = model.model_dump(exclude={"id"})
    late = NOON + dt.timedelta(hours=2)
    rows = [{**facts, "id": new_id(), "name": f"第{n}个", "submitted_at": late} for n in range(130)]
    rows += [{**facts, "id": new_id(), "name": "先通过的", "status": Status.VALIDATED, "validated_at": NOON}]
    await pipeline.do(system_actor(), lambda work: work.add_all(Opportunity, rows))
    ours = await pipeline.validating()
    await pipeline.store.refused(pipeline.psm, DomainError, deciding(ours, "validate"))
    found = await matches(pipeline, pipeline.pdm, ours)
    assert len(found) <= 50
    assert "先通过的" in {match.other_name for match in found}
