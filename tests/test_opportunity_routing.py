"""Where an opportunity goes, whose offerings stand on it, and under which number a tool finds it again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from models import opportunity as domain
from models import partner as partners
from models.customer import create_customer
from models.kernel.errors import (
    DomainError,
    FieldNotWritableError,
    LengthError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
    TryAgainError,
)
from models.kernel.values import credit_code_for, new_id
from models.opportunity import Opportunity, Status
from models.opportunity.refusals import DraftSubmittedError, OfferingNotYoursError
from models.partner import OfferingKind
from models.rights import Preset
from tests.people import open_person
from tests.pipeline import FORM, Pipeline, check_owner, pipeline

__all__ = ["pipeline"]

CODE = "91350100M000100Y43"


async def customer(pipeline: Pipeline, **facts: Any) -> Any:
    values = {"company_name": "广州明德电子有限公司", "province": "CN-44", **facts}
    return await pipeline.do(pipeline.operations, lambda work: create_customer(work, values))


async def test_the_location_decides_for_a_new_customer(pipeline: Pipeline) -> None:
    """COL-2.1.7: the partner does not choose the office."""
    offices = {
        (await pipeline.submitted(name=f"新客户 {place}", province=place)).office_id for place in ("CN-32", "CN-44")
    }
    assert offices == {"office-js", "office-gd"}


async def test_an_existing_customer_goes_to_the_office_of_its_owner(pipeline: Pipeline) -> None:
    """COL-2.1.8: wherever the partner says that it is; with no owner the location decides."""
    owned = await pipeline.submitted(account_name="hengyuan_cloud", province="CN-44")
    assert (owned.office_id, owned.owner_id, owned.bd_id) == ("office-js", pipeline.owner.id, pipeline.bd.id)
    assert owned.customer_id == pipeline.customer.id
    nobodys = await customer(pipeline, credit_code=CODE)
    record = await pipeline.submitted(name="无负责人", credit_code=CODE, province="CN-51")
    assert (record.customer_id, record.owner_id, record.office_id) == (nobodys.id, None, "office-sc")


async def test_the_credit_code_says_more_than_the_account(pipeline: Pipeline) -> None:
    """COL-2.1.8: where the two name different customers, the credit code is the company's."""
    theirs = await customer(pipeline, credit_code=CODE)
    record = await pipeline.submitted(credit_code=CODE, account_name="hengyuan_cloud")
    assert record.customer_id == theirs.id


async def test_a_new_customers_opportunity_finds_its_people_in_the_office(pipeline: Pipeline) -> None:
    """COL-2.4.6, COL-2.8.2: it has no owner yet, so those of the office see it, and who checks looks after it."""
    store = pipeline.store
    elsewhere = await store.actor(await open_person(store, "luo.jin", "罗进", Preset.BD, office_id="office-gd"))
    record = await pipeline.submitted()
    assert (record.owner_id, record.bd_id) == (None, None)
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    await store.refused(elsewhere, NotFoundError, lambda work: check_owner(work, record))
    await pipeline.do(pipeline.owner, lambda work: check_owner(work, record))
    now = await pipeline.again(record)
    assert (now.owner_id, now.bd_id) == (pipeline.owner.id, None)
    other_owner = await store.actor(await open_person(store, "ma.hui", "马辉", Preset.OWN, office_id="office-js"))
    await store.refused(other_owner, NotFoundError, lambda work: work.get(Opportunity, record.id))
    await pipeline.do(pipeline.bd, lambda work: work.get(Opportunity, record.id))


async def test_huawei_changes_the_offering_while_it_reviews(pipeline: Pipeline) -> None:
    """COL-2.2.2, COL-2.5 guard 2: the partner sees it at once, tags follow, and nothing else may be changed."""
    store, cast = pipeline.store, pipeline.cast
    other = await pipeline.do(
        pipeline.operations,
        lambda work: partners.add_offering(
            work, cast.yunfan.id, name="云帆方案", kind=OfferingKind.BASELINE_SOLUTION, services=["ECS"]
        ),
    )
    record = await pipeline.submitted(account_name="hengyuan_cloud")
    ours, theirs = [pipeline.offering.public_id], [other.public_id]

    def change(ids: list[str], version: int) -> Any:
        return lambda work: domain.change_offering(work, record.id, ids, version=version)

    for actor in (pipeline.main, pipeline.psm, pipeline.owner, pipeline.operations, pipeline.auditor):
        await store.refused(actor, PermissionDeniedError, change(ours, 2))
    await store.refused(pipeline.other_main, NotFoundError, change(ours, 2))
    await store.refused(pipeline.pdm, OfferingNotYoursError, change(theirs, 2))
    await store.refused(pipeline.pdm, StaleVersionError, change(ours, 1))
    await pipeline.do(pipeline.pdm, change(ours, 2))
    async with store.reader() as session:
        seen = await session.get(Opportunity, record.id)
    assert (seen.offering_ids, seen.demand_tags, seen.version) == (ours, ["ECS", "RDS"], 3)
    assert seen.counts_for_assessment
    await pipeline.do(pipeline.bd, change([], 3))
    await pipeline.decide(pipeline.pdm, record, "reject_audit", reason_code=domain.RejectionReason.VAGUE_DESCRIPTION)
    await store.refused(pipeline.pdm, FieldNotWritableError, change(ours, 5))


async def test_a_tool_finds_its_own_draft_by_its_own_number(pipeline: Pipeline) -> None:
    """COL-2.2.1: saved again under the same external id it is the same draft; another tool's number is another's."""
    store = pipeline.store
    tool, second_tool = replace(pipeline.main, client_id=new_id()), replace(pipeline.main, client_id=new_id())

    def save(values: dict[str, Any], number: str = "CRM-1") -> Any:
        return lambda work: domain.save_draft(work, values, external_id=number)

    record = await pipeline.do(tool, save(FORM))
    again = await pipeline.do(tool, save({"city": "南京市"}))
    assert (again.id, again.city, again.need) == (record.id, "南京市", FORM["need"])
    assert (await pipeline.do(second_tool, save(FORM))).id != record.id
    await store.refused(tool, LengthError, save(FORM, "x" * 129))
    await pipeline.do(tool, lambda work: domain.submit(work, record.id))
    await store.refused(tool, DraftSubmittedError, save({"city": "苏州市"}))


async def test_one_number_sent_twice_at_one_moment_is_one_draft(pipeline: Pipeline) -> None:
    """COL-2.2.1: on both databases; the slower one is told to send it again, and then finds the draft."""
    tool = replace(pipeline.main, client_id=new_id())

    async def save() -> Any:
        return await pipeline.do(tool, lambda work: domain.save_draft(work, FORM, external_id="CRM-7"))

    outcomes = await asyncio.gather(*(save() for _ in range(4)), return_exceptions=True)
    assert all(isinstance(one, (Opportunity, TryAgainError)) for one in outcomes), outcomes
    assert len({one.id for one in [await save(), *outcomes] if isinstance(one, Opportunity)}) == 1


async def test_a_rejected_one_is_copied_and_stays_as_it_is(pipeline: Pipeline) -> None:
    """COL-2.5#15: a new draft with `previousId`, its lines, and consent to be given anew."""
    record = await pipeline.do(
        pipeline.main, lambda work: domain.save_draft(work, FORM, lines=[{"product": "GTX Pro", "quantity": 3}])
    )
    await pipeline.do(pipeline.main, lambda work: domain.submit(work, record.id))
    await pipeline.store.refused(pipeline.main, DomainError, lambda work: domain.copy_to_draft(work, record.id))
    await pipeline.decide(pipeline.pdm, record, "reject_audit", reason_code=domain.RejectionReason.VAGUE_DESCRIPTION)
    rejected = await pipeline.again(record)
    for actor, error in ((pipeline.other_main, NotFoundError), (pipeline.pdm, PermissionDeniedError)):
        await pipeline.store.refused(actor, error, lambda work: domain.copy_to_draft(work, record.id))
    copy = await pipeline.do(pipeline.main, lambda work: domain.copy_to_draft(work, record.id))
    assert (copy.status, copy.previous_id, copy.need) == (Status.DRAFT, record.id, FORM["need"])
    assert not copy.consent_confirmed
    assert (copy.submitted_at, copy.rejection_reason, copy.message_to_partner) == (None, None, None)
    lines = (await pipeline.store.everything())["OpportunityLine"]
    assert [line["quantity"] for line in lines] == [3, 3]
    assert (await pipeline.again(record)).model_dump() == rejected.model_dump()
    await pipeline.store.refused(
        pipeline.main, FieldNotWritableError, lambda work: domain.save_draft(work, {"city": "南京市"}, id=record.id)
    )


async def test_a_draft_refers_to_the_partners_own_customer(pipeline: Pipeline) -> None:
    """By credit code, account or exact name, in that order; another partner's customer is nobody's to learn of."""
    huaqi, yunfan = pipeline.cast.huaqi.id, pipeline.cast.yunfan.id
    by_code = await customer(pipeline, credit_code=CODE, partner_id=huaqi)
    by_account = await customer(pipeline, company_name="佛山北辰", account_name="beichen", partner_id=huaqi)
    by_name = await customer(pipeline, company_name="佛山 南斗（科技）有限公司", partner_id=huaqi)
    await customer(pipeline, company_name="东莞西岭", account_name="xiling", partner_id=yunfan)
    unknown = {"company_name": "从未见过的公司"}
    cases: list[tuple[dict[str, Any], Any]] = [
        ({**unknown, "credit_code": CODE, "account_name": "beichen"}, by_code.id),
        ({**unknown, "account_name": "beichen"}, by_account.id),
        ({"company_name": "佛山南斗(科技)有限公司"}, by_name.id),
        ({"company_name": "佛山南斗(科技)有限公司", "credit_code": CODE}, by_code.id),
        ({"company_name": "佛山南斗"}, None),
        ({"company_name": "东莞西岭", "account_name": "xiling"}, None),
    ]
    for given, found in cases:
        draft = await pipeline.draft(**given)
        assert draft.customer_id == found, given
    # An edit of who it is about finds anew; anything else leaves it.
    record = await pipeline.draft(company_name="佛山北辰", account_name="beichen")
    edited = await pipeline.do(pipeline.main, lambda work: domain.save_draft(work, {"city": "佛山市"}, id=record.id))
    assert edited.customer_id == by_account.id
    edited = await pipeline.do(
        pipeline.main, lambda work: domain.save_draft(work, {**unknown, "account_name": None}, id=record.id)
    )
    assert edited.customer_id is None
    # A name does not do where the credit codes differ, and what is submitted keeps to the same order.
    await customer(
        pipeline, company_name="珠海东篱", credit_code=credit_code_for("91440400MA4UABCD2"), partner_id=huaqi
    )
    assert (
        await pipeline.draft(company_name="珠海东篱", credit_code=credit_code_for("91350211M000100Y4"))
    ).customer_id is None
    submitted = await pipeline.submitted(name="提交", company_name="佛山南斗（科技）有限公司")
    assert submitted.customer_id == by_name.id
