"""People who act on opportunities at the same moment, really side by side, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

from models import opportunity as domain
from models.approval import AlreadyDecidedError, Approval, ClaimedByAnotherError, claim, decide
from models.kernel.errors import DomainError, StaleVersionError, TransitionNotAllowedError
from models.kernel.values import new_id
from models.opportunity import OfferStatus, Opportunity, Status
from models.opportunity.refusals import DuplicateHasPriorityError, NameTakenError
from models.rights import Preset
from tests.people import open_person
from tests.pipeline import FORM, Pipeline, check_owner, pipeline
from tests.test_opportunity_lifecycle import deciding

__all__ = ["pipeline"]

ROUNDS = 3


async def together(*deeds: Any) -> list[Any]:
    """Let everybody act at once, and see that whoever did not come through was told so in words."""
    outcomes = await asyncio.gather(*deeds, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, DomainError):
            raise outcome
    return list(outcomes)


def went(outcomes: list[Any]) -> int:
    return sum(not isinstance(one, DomainError) for one in outcomes)


async def statuses(pipeline: Pipeline, *records: Opportunity) -> list[Status]:
    return [(await pipeline.again(record)).status for record in records]


async def entry_of(pipeline: Pipeline, record: Opportunity) -> UUID:
    rows = (await pipeline.store.everything())["Approval"]
    (entry,) = [row for row in rows if UUID(str(row["subject_id"])) == record.id and row["state"] == "OPEN"]
    return UUID(str(entry["id"]))


async def test_two_who_validate_two_duplicates_leave_one_validated(pipeline: Pipeline) -> None:
    """COL-2.7.1, COL-2.5#7: three records for one need, three reviewers, one moment, with one clock for all."""
    another = await pipeline.store.actor(
        await open_person(pipeline.store, "ji.wen", "季文", Preset.PSM, office_id="office-js")
    )
    for round in range(ROUNDS):
        company = f"扬州第{round}光伏有限公司"
        records = [await pipeline.validating(name=f"{round} {n}", company_name=company) for n in range(3)]
        reviewers = (pipeline.psm, another, pipeline.bd)
        outcomes = await together(
            *(
                pipeline.do(reviewer, deciding(record, "validate"))
                for reviewer, record in zip(reviewers, reversed(records), strict=True)
            )
        )
        assert went(outcomes) == 1
        assert sum(isinstance(one, DuplicateHasPriorityError) for one in outcomes) == 2
        assert await statuses(pipeline, *records) == [Status.VALIDATED, Status.VALIDATING, Status.VALIDATING]


async def test_two_who_decide_one_record_leave_one_decision(pipeline: Pipeline) -> None:
    """COL-2.5#6 to #8: at the queue and beside it; one verdict, one journal line, one closed entry."""
    not_there = {"reason_code": domain.RejectionReason.NOT_EXIST, "reason": "客户称没有此项目"}
    for round in range(ROUNDS):
        record = await pipeline.validating(name=f"机会点 {round}", company_name=f"徐州第{round}矿机有限公司")
        entry = await entry_of(pipeline, record)
        before = len(await pipeline.store.journal())
        outcomes = await together(
            pipeline.do(pipeline.psm, lambda work: decide(work, entry, "validate")),  # noqa: B023
            pipeline.do(pipeline.bd, deciding(record, "reject_validation", **not_there)),
            pipeline.do(pipeline.bd, lambda work: decide(work, entry, "validate")),  # noqa: B023
        )
        assert went(outcomes) == 1
        refused = (AlreadyDecidedError, TransitionNotAllowedError, StaleVersionError)
        assert sum(isinstance(one, refused) for one in outcomes) == 2
        assert len(await pipeline.store.journal()) == before + 1
        row = next(one for one in (await pipeline.store.everything())["Approval"] if UUID(str(one["id"])) == entry)
        assert row["state"] == "CLOSED"


async def test_two_who_claim_one_entry_leave_one_claim(pipeline: Pipeline) -> None:
    """COL-2.5#6: any PSM of the office; the first has it, and the others are told until when."""
    another = await pipeline.store.actor(
        await open_person(pipeline.store, "ji.wen", "季文", Preset.PSM, office_id="office-js")
    )
    record = await pipeline.validating()
    entry = await entry_of(pipeline, record)
    reviewers = (pipeline.psm, another, pipeline.bd)
    outcomes = await together(*(pipeline.do(one, lambda work: claim(work, entry)) for one in reviewers))
    assert sum(isinstance(one, ClaimedByAnotherError) for one in outcomes) == 2
    winner = next(who for who, one in zip(reviewers, outcomes, strict=True) if isinstance(one, Approval))
    lines = [line for line in await pipeline.store.journal() if line.operation == "approval.claim"]
    assert [line.actor_id for line in lines] == [winner.id]
    loser = next(who for who in reviewers if who is not winner)
    await pipeline.store.refused(loser, ClaimedByAnotherError, deciding(record, "validate"))


async def test_audits_of_duplicates_at_one_moment_tell_each_of_the_other(pipeline: Pipeline) -> None:
    """COL-2.7.8: nobody is turned away by another's matches, and each pair is told once from either side."""
    records = [await pipeline.submitted(name=f"机会点{n}") for n in range(3)]
    outcomes = await together(*(pipeline.do(pipeline.pdm, deciding(one, "approve_audit")) for one in records))
    assert went(outcomes) == 3
    rows = (await pipeline.store.everything())["DuplicateMatch"]
    pairs = {(UUID(str(row["opportunity_id"])), UUID(str(row["other_id"]))) for row in rows}
    ids = {record.id for record in records}
    assert pairs == {(one, other) for one in ids for other in ids - {one}}
    assert [(await pipeline.again(record)).has_duplicates for record in records] == [True] * 3


async def test_two_drafts_of_one_name_submitted_at_one_moment_leave_one_open(pipeline: Pipeline) -> None:
    """COL-2.2.4: a name is unique among the partner's open opportunities, however fast one is."""
    for round in range(ROUNDS):
        changes: dict[str, Any] = {"name": f"同名 {round}"}
        drafts = [await pipeline.draft(**changes, company_name=f"盐城第{n}食品有限公司{round}") for n in range(3)]
        outcomes = await together(
            *(pipeline.do(pipeline.main, lambda work, id=one.id: domain.submit(work, id)) for one in drafts)
        )
        assert went(outcomes) == 1
        assert sum(isinstance(one, NameTakenError) for one in outcomes) == 2


async def test_two_shares_of_one_opportunity_leave_one_offer(pipeline: Pipeline) -> None:
    """COL-3.1.4, COL-3.2#2: one HO is with one partner at a time."""
    await pipeline.validated(name="资格", company_name="常州新北新材料有限公司")
    await pipeline.validated(pipeline.other_main, name="资格", company_name="常州武进机电有限公司")
    record = await pipeline.created()
    partners = (pipeline.cast.huaqi, pipeline.cast.yunfan)
    outcomes = await together(
        *(
            pipeline.do(
                pipeline.bd, lambda work, to=one.id: domain.ho.share(work, record.id, to, version=record.version)
            )
            for one in partners
        )
    )
    assert went(outcomes) == 1
    offers = (await pipeline.store.everything())["HoOffer"]
    assert [one["status"] for one in offers] == ["PENDING"]


async def test_an_acceptance_and_a_recall_at_one_moment_leave_one_of_them(pipeline: Pipeline) -> None:
    """COL-3.2#3: accepted or recalled, and opportunity and offer agree which."""
    record, offer = await pipeline.shared()
    await pipeline.do(pipeline.main, lambda work: domain.ho.view_offer(work, offer.id))
    version = record.version
    outcomes = await together(
        pipeline.do(pipeline.main, lambda work: domain.ho.accept(work, offer.id, confirmed=True)),
        pipeline.do(
            pipeline.bd, lambda work: domain.ho.recall(work, record.id, version=version, reason="客户改变主意")
        ),
        pipeline.do(pipeline.main, lambda work: domain.ho.accept(work, offer.id, confirmed=True)),
    )
    assert went(outcomes) == 1
    now, answered = await pipeline.again(record), await pipeline.again(offer)
    assert (now.status, answered.status) in (
        (Status.ACCEPTED, OfferStatus.ACCEPTED),
        (Status.RECALLED, OfferStatus.RECALLED),
    )


async def test_edits_of_one_draft_at_one_moment_do_not_lose_each_other(pipeline: Pipeline) -> None:
    """COL-2.5#2: of two who read the same version one saves; without a version both fields are there."""
    record = await pipeline.draft()
    tool = replace(pipeline.main, client_id=new_id())
    save: list[Any] = [
        lambda work: domain.save_draft(work, {"city": "无锡市"}, id=record.id, version=1),
        lambda work: domain.save_draft(work, {"city": "常州市"}, id=record.id, version=1),
    ]
    outcomes = await together(*(pipeline.do(pipeline.main, deed) for deed in save))
    assert went(outcomes) == 1
    assert sum(isinstance(one, StaleVersionError) for one in outcomes) == 1
    await together(
        pipeline.do(pipeline.main, lambda work: domain.save_draft(work, {"city": "镇江市"}, id=record.id)),
        pipeline.do(tool, lambda work: domain.save_draft(work, {"website": "hengyuan.example"}, id=record.id)),
    )
    now = await pipeline.again(record)
    assert (now.city, now.website, now.version, now.need) == ("镇江市", "hengyuan.example", 4, FORM["need"])
    await pipeline.do(pipeline.main, lambda work: domain.submit(work, record.id))
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    await pipeline.do(pipeline.bd, lambda work: check_owner(work, record))
