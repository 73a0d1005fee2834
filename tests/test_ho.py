"""What Huawei shares: who may receive it, what he sees before he accepts, and how it goes on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlmodel import select

from models import opportunity as domain
from models import partner as partners
from models.identity import operator_actor
from models.kernel.access import Actor, system_actor
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    NotFoundError,
    PermissionDeniedError,
    ReasonCodeNotAllowedError,
    ReasonRequiredError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
)
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.values import new_id
from models.kernel.work import Work, run_write
from models.opportunity import (
    CancelReason,
    DeclineReason,
    HoOffer,
    Ineligible,
    LostReason,
    OfferStatus,
    Opportunity,
    Origin,
    Status,
    lacking,
)
from models.opportunity.refusals import (
    ConfirmationRequiredError,
    DuplicateHasPriorityError,
    OfferNotViewedError,
    PartnerNotEligibleError,
)
from models.partner import PartnerOrganisation, Path, PathStage
from models.pce import NotPceMemberError, PceMembership, PceStatus, current_membership
from tests.pipeline import HO_FORM, Pipeline, pipeline
from tests.test_opportunity_form import told
from tests.test_opportunity_outcome import SIGNED, TODAY

__all__ = ["pipeline"]

ONE, TWO = "常州新北新材料有限公司", "镇江润州化工有限公司"
CUSTOMERS_OWN = ("company_name", "credit_code", "contact_name", "contact_mobile", "contact_email", "address")


async def wanting(pipeline: Pipeline, partner: PartnerOrganisation) -> list[Ineligible]:
    async with pipeline.store.writer() as session:
        return await lacking(Work(session, pipeline.bd, pipeline.store.clock(), journal_key=b""), partner.id)


async def changed(pipeline: Pipeline, model: Any, id: Any, **facts: Any) -> None:
    async def deed(work: Any) -> None:
        row = await work.first(select(model).where(model.id == id))
        for name, value in facts.items():
            setattr(row, name, value)

    await pipeline.do(system_actor(), deed)


async def stage(pipeline: Pipeline, partner: PartnerOrganisation, to: PathStage) -> None:
    await pipeline.do(operator_actor(), lambda work: partners.set_path_stage(work, partner.id, Path.SOFTWARE, to))


async def taken(pipeline: Pipeline, **changes: Any) -> tuple[Opportunity, HoOffer]:
    """Share an HO, look at it and accept it."""
    _, offer = await pipeline.shared(**changes)
    await pipeline.do(pipeline.main, lambda work: domain.ho.view_offer(work, offer.id))
    return await pipeline.do(pipeline.main, lambda work: domain.ho.accept(work, offer.id, confirmed=True)), offer


async def test_each_thing_that_a_partner_lacks_is_named(pipeline: Pipeline) -> None:
    """COL-3.1.1: member of PCE, at the differentiation stage, sharing within 12 months and updating within 30 days."""
    huaqi = pipeline.cast.huaqi
    outsider = await pipeline.do(
        pipeline.operations, lambda work: partners.create_partner(work, name="远山科技有限公司", province="CN-51")
    )
    assert await wanting(pipeline, outsider) == [Ineligible.NO_PCE]
    assert await wanting(pipeline, huaqi) == [Ineligible.TOO_FEW_SHARED, Ineligible.TOO_FEW_DELIVERED]
    record = await pipeline.validated(company_name=ONE)
    assert await wanting(pipeline, huaqi) == []
    pipeline.store.clock.forward(days=30)
    assert await wanting(pipeline, huaqi) == []
    pipeline.store.clock.forward(minutes=1)
    assert await wanting(pipeline, huaqi) == [Ineligible.STALE, Ineligible.TOO_FEW_DELIVERED]
    await pipeline.do(
        pipeline.main,
        lambda work: domain.progress.report(
            work, record.id, stage=domain.Stage.SOLUTION, win_probability=30, details="已交流方案"
        ),
    )
    assert await wanting(pipeline, huaqi) == []
    await changed(pipeline, PartnerOrganisation, huaqi.id, frozen=True)
    assert await wanting(pipeline, huaqi) == [Ineligible.FROZEN]
    await changed(pipeline, PartnerOrganisation, huaqi.id, frozen=False)
    await changed(pipeline, Opportunity, record.id, validated_at=pipeline.store.clock() - dt.timedelta(days=366))
    assert Ineligible.TOO_FEW_SHARED in await wanting(pipeline, huaqi)
    await changed(pipeline, Opportunity, record.id, validated_at=pipeline.store.clock(), origin=Origin.IMPORTED)
    assert Ineligible.TOO_FEW_SHARED in await wanting(pipeline, huaqi)


async def test_a_certified_partner_needs_three_that_were_signed_and_delivered(pipeline: Pipeline) -> None:
    """COL-3.1.2, COL-2.7.7: within 12 months, imported history not counted."""
    yunfan = pipeline.cast.yunfan
    path = (await pipeline.store.everything())["PartnerPath"]
    assert {row["stage"] for row in path} == {"DIFFERENTIATION"}
    await stage(pipeline, yunfan, PathStage.ROLE_SELECTION)
    assert await wanting(pipeline, yunfan) == [Ineligible.NO_STAGE]
    await stage(pipeline, yunfan, PathStage.ROLE_VALIDATION)
    assert await wanting(pipeline, yunfan) == [Ineligible.TOO_FEW_DELIVERED]
    sample = await pipeline.draft(pipeline.other_main)
    facts = sample.model_dump(exclude={"id"})
    delivered = {"status": Status.DELIVERED, "signed_on": TODAY, "delivered_at": pipeline.store.clock()}

    async def have(work: Any, number: int, **changes: Any) -> None:
        rows = [{**facts, **delivered, **changes, "id": new_id(), "name": str(new_id())} for _ in range(number)]
        await work.add_all(Opportunity, rows)

    await pipeline.do(system_actor(), lambda work: have(work, 2))
    await pipeline.do(system_actor(), lambda work: have(work, 3, origin=Origin.IMPORTED))
    year_ago = pipeline.store.clock() - dt.timedelta(days=366)
    await pipeline.do(system_actor(), lambda work: have(work, 3, delivered_at=year_ago))
    assert await wanting(pipeline, yunfan) == [Ineligible.TOO_FEW_DELIVERED]
    await pipeline.do(system_actor(), lambda work: have(work, 1))
    assert await wanting(pipeline, yunfan) == []


async def test_an_ho_is_shared_with_an_eligible_partner_only(pipeline: Pipeline) -> None:
    """COL-3.2#2: the refusal names what is lacking; eligible ones come first among the candidates (COL-3.1.4)."""
    record = await pipeline.created()

    def share(to: Any, version: int = 1) -> Any:
        return lambda work: domain.ho.share(work, record.id, to, version=version)

    error = await pipeline.store.refused(pipeline.bd, PartnerNotEligibleError, share(pipeline.cast.huaqi.id))
    assert error.facts["reasons"] == [Ineligible.TOO_FEW_SHARED, Ineligible.TOO_FEW_DELIVERED]
    await pipeline.store.refused(pipeline.bd, NotFoundError, share(new_id()))
    await pipeline.validated(pipeline.other_main, company_name=TWO)
    ranked = await pipeline.do(pipeline.bd, lambda work: domain.candidates(work, record, pipeline.bd))
    assert [one["partner"].id for one in ranked][:2] == [pipeline.cast.yunfan.id, pipeline.cast.huaqi.id]
    await pipeline.validated(company_name=ONE)
    ranked = await pipeline.do(pipeline.bd, lambda work: domain.candidates(work, record, pipeline.bd))
    assert ranked[0]["partner"].id == pipeline.cast.huaqi.id  # its offering matches and it is of the region
    for actor in (pipeline.main, pipeline.pdm, pipeline.owner, pipeline.auditor):
        await pipeline.store.refused(actor, (NotFoundError, PermissionDeniedError), share(pipeline.cast.huaqi.id))
    shared = await pipeline.do(pipeline.psm, share(pipeline.cast.huaqi.id))
    assert shared.status == Status.PENDING_ACCEPTANCE


async def test_an_ho_comes_from_huaweis_crm(pipeline: Pipeline) -> None:
    """COL-3.2#1: by BD, with the time of its creation in CRM, which is not to come."""
    now = pipeline.store.clock()

    def create(values: dict[str, Any], at: dt.datetime | None = now) -> Any:
        return lambda work: domain.ho.create(work, values, crm_created_at=at)

    for actor in (pipeline.psm, pipeline.pdm, pipeline.owner, pipeline.operations, pipeline.main):
        await pipeline.store.refused(actor, PermissionDeniedError, create(HO_FORM))
    error = await pipeline.store.refused(pipeline.bd, DomainError, create({}, None))
    needed = ("name", "company_name", "industry", "province", "need", "services", "crm_created_at")
    assert told(error) == {(name, FieldRequiredError.code) for name in needed}
    later = now + dt.timedelta(seconds=1)
    await pipeline.store.refused(pipeline.bd, ValueNotAllowedError, create(HO_FORM, later))
    for strange in ({"status": "ACCEPTED"}, {"partner_id": new_id()}, {"services": ["TELEPORT"]}):
        await pipeline.store.refused(pipeline.bd, ValueNotAllowedError, create({**HO_FORM, **strange}))
    record = await pipeline.created()
    assert (record.status, record.crm_created_at, record.partner_id) == (Status.CREATED, now, None)
    assert (record.office_id, record.bd_id) == ("office-js", pipeline.bd.id)


async def test_before_acceptance_a_partner_sees_the_offer_and_not_the_customer(pipeline: Pipeline) -> None:
    """COL-3.2 rule 4: name, industry, region, need, amount, time and tag; the customer's data only afterwards."""
    record, offer = await pipeline.shared()
    open_fields = {*HoOffer.model_fields} - {
        "id",
        "version",
        "created_at",
        "updated_at",
        "opportunity_id",
        "partner_id",
    }
    assert open_fields == {
        *("status", "shared_at", "shared_by", "due_at", "viewed_at", "answered_at", "answered_by"),
        *("decline_reason", "decline_note", "name", "industry", "province", "need", "expected_amount", "currency"),
        *("expected_sign_date", "demand_tags"),
    }
    assert not set(CUSTOMERS_OWN) & open_fields
    wanted = Wanted.of("name", "need", "expected_amount")
    async with pipeline.store.reader() as session:
        reader = Reader(session, pipeline.main, pipeline.store.clock())
        seen: Any = await reader.one(HoOffer, offer.id, wanted)
        assert (seen.name, seen.need) == (HO_FORM["name"], HO_FORM["need"])
        assert await reader.one(Opportunity, record.id, Wanted.of("name", "company_name")) is None
        assert await reader.count(Opportunity, Page(filter=(("text", "太湖"),))) == 0
    await pipeline.store.refused(pipeline.main, NotFoundError, lambda work: work.get(Opportunity, record.id))
    lines = [line for line in await pipeline.store.journal() if line.subject_id == record.id]
    assert {line.partner_id for line in lines} == {None}
    await pipeline.do(pipeline.main, lambda work: domain.ho.view_offer(work, offer.id))
    await pipeline.do(pipeline.main, lambda work: domain.ho.accept(work, offer.id, confirmed=True))
    async with pipeline.store.reader() as session:
        reader = Reader(session, pipeline.main, pipeline.store.clock())
        row: Any = await reader.one(
            Opportunity, record.id, Wanted.of("company_name", "contact_mobile", "crm_created_at")
        )
    assert row.company_name != HO_FORM["company_name"]
    assert "****" in row.company_name
    assert "****" in row.contact_mobile
    assert row.crm_created_at is None


async def test_another_partners_offer_is_not_there(pipeline: Pipeline) -> None:
    """COL-3.2 rule 3, COL-2.8.1: nor is it for members without the right; Huawei's side sees what it sees."""
    _, offer = await pipeline.shared()
    for actor in (pipeline.other_main, pipeline.administrator, pipeline.manager, pipeline.platform):
        error: Any = (NotFoundError, PermissionDeniedError)
        await pipeline.store.refused(actor, NotFoundError, lambda work: work.get(HoOffer, offer.id))
        await pipeline.store.refused(actor, error, lambda work: domain.ho.view_offer(work, offer.id))
        await pipeline.store.refused(actor, error, lambda work: domain.ho.accept(work, offer.id, confirmed=True))
        code = DeclineReason.NO_CAPACITY
        await pipeline.store.refused(
            actor,
            error,
            lambda work: domain.ho.decline(work, offer.id, reason_code=code, reason=None),  # noqa: B023
        )
    for reader in (pipeline.bd, pipeline.psm, pipeline.operations, pipeline.auditor):
        await pipeline.do(reader, lambda work: work.get(HoOffer, offer.id))
    missing = new_id()
    for id in (offer.id, missing):
        await pipeline.store.refused(
            pipeline.other_main,
            NotFoundError,
            lambda work: domain.ho.accept(work, id, confirmed=True),  # noqa: B023
        )


async def test_acceptance_needs_a_look_a_word_and_membership(pipeline: Pipeline) -> None:
    """COL-3.2#3, COL-1.1.5, COL-3.2 rule 1: both missing are told at once."""
    record, offer = await pipeline.shared()

    def accept(confirmed: bool) -> Any:
        return lambda work: domain.ho.accept(work, offer.id, confirmed=confirmed)

    error = await pipeline.store.refused(pipeline.main, DomainError, accept(False))
    assert {code for _, code in told(error)} == {OfferNotViewedError.code, ConfirmationRequiredError.code}
    await pipeline.store.refused(pipeline.main, OfferNotViewedError, accept(True))
    await pipeline.do(pipeline.main, lambda work: domain.ho.view_offer(work, offer.id))
    await pipeline.store.refused(pipeline.main, ConfirmationRequiredError, accept(False))

    async def leave(work: Any) -> Any:
        membership: Any = await current_membership(work, pipeline.cast.huaqi.id)
        membership.status = PceStatus.EXITED
        return membership

    membership = await pipeline.do(system_actor(), leave)
    await pipeline.store.refused(pipeline.main, NotPceMemberError, accept(True))
    await changed(pipeline, PceMembership, membership.id, status=PceStatus.ACTIVE)
    await pipeline.do(pipeline.main, accept(True))
    now, answered = await pipeline.again(record), await pipeline.again(offer)
    assert (now.status, now.partner_id, now.accepted_at) == (
        *(Status.ACCEPTED, pipeline.cast.huaqi.id, pipeline.store.clock()),
    )
    assert (answered.status, answered.answered_by) == (OfferStatus.ACCEPTED, pipeline.main.id)
    await pipeline.store.refused(pipeline.main, TransitionNotAllowedError, accept(True))


async def test_what_was_declined_is_accepted_only_when_shared_again(pipeline: Pipeline) -> None:
    """COL-3.2#4, COL-3.2 rule 3: a reason; the first offer keeps its answer; a second one is another row."""
    record, offer = await pipeline.shared()

    def decline(code: Any, reason: str | None = None) -> Any:
        return lambda work: domain.ho.decline(work, offer.id, reason_code=code, reason=reason)

    await pipeline.store.refused(pipeline.main, ReasonRequiredError, decline(None))
    await pipeline.store.refused(pipeline.main, FieldRequiredError, decline(DeclineReason.OTHER))
    await pipeline.store.refused(pipeline.main, ReasonCodeNotAllowedError, decline(CancelReason.DUPLICATE_FOUND))
    await pipeline.do(pipeline.main, decline(DeclineReason.INFORMATION_DIFFERS, "客户规模与描述不符"))
    answered = await pipeline.again(offer)
    assert (answered.status, answered.decline_reason, answered.decline_note) == (
        *(OfferStatus.REJECTED, DeclineReason.INFORMATION_DIFFERS, "客户规模与描述不符"),
    )
    deeds = {line.operation: line.partner_id for line in await pipeline.store.journal()}
    assert deeds["Opportunity.HO.decline"] == pipeline.cast.huaqi.id, "a partner finds its own deed in its journal"
    assert deeds["Opportunity.HO.share"] is None
    await pipeline.do(pipeline.main, lambda work: domain.ho.view_offer(work, offer.id))
    await pipeline.store.refused(
        pipeline.main, TransitionNotAllowedError, lambda work: domain.ho.accept(work, offer.id, confirmed=True)
    )
    version = (await pipeline.again(record)).version

    def recall(reason: str | None) -> Any:
        return lambda work: domain.ho.recall(work, record.id, version=version, reason=reason)

    await pipeline.store.refused(pipeline.bd, ReasonRequiredError, recall(" "))
    await pipeline.store.refused(pipeline.psm, PermissionDeniedError, recall("改由其他伙伴跟进"))
    await pipeline.do(pipeline.bd, recall("核对后重新共享"))
    _, second = await pipeline.share(record, pipeline.cast.huaqi)
    assert second.id != offer.id
    await pipeline.do(pipeline.main, lambda work: domain.ho.view_offer(work, second.id))
    await pipeline.do(pipeline.main, lambda work: domain.ho.accept(work, second.id, confirmed=True))
    assert (await pipeline.again(offer)).status == OfferStatus.REJECTED


async def test_a_recalled_one_goes_to_another_partner_who_sees_its_own_offer_alone(pipeline: Pipeline) -> None:
    """COL-3.2#2, COL-3.1.4: one partner at a time; the first keeps the row that it was recalled."""
    record, offer = await pipeline.shared()
    await pipeline.validated(pipeline.other_main, name="资格", company_name=TWO)
    yunfan = pipeline.cast.yunfan.id
    await pipeline.store.refused(
        pipeline.bd,
        TransitionNotAllowedError,
        lambda work: domain.ho.share(work, record.id, yunfan, version=record.version),
    )
    await pipeline.do(
        pipeline.bd, lambda work: domain.ho.recall(work, record.id, version=record.version, reason="改由云帆跟进")
    )
    _, second = await pipeline.share(record, pipeline.cast.yunfan)

    async def offers(actor: Actor) -> set[Any]:
        async with pipeline.store.reader() as session:
            page = await Reader(session, actor, pipeline.store.clock()).page(HoOffer, Wanted.of("status"))
        return {(row.uid, row.status) for row in list[Any](page.nodes)}

    assert await offers(pipeline.main) == {(offer.id, "RECALLED")}
    assert await offers(pipeline.other_main) == {(second.id, "PENDING")}
    assert await offers(pipeline.bd) == {(offer.id, "RECALLED"), (second.id, "PENDING")}


async def test_an_ho_after_a_validated_duplicate_is_neither_shared_nor_accepted(pipeline: Pipeline) -> None:
    """COL-2.7.1, COL-2.7.7: an earlier audit approval goes before a later CRM creation."""
    await pipeline.validated(name="已验证", company_name=HO_FORM["company_name"])
    pipeline.store.clock.forward(hours=1)
    record = await pipeline.created()
    huaqi = pipeline.cast.huaqi.id
    await pipeline.store.refused(
        pipeline.bd, DuplicateHasPriorityError, lambda work: domain.ho.share(work, record.id, huaqi, version=1)
    )


@pytest.mark.parametrize("who", ["main", "bd"])
async def test_an_accepted_ho_is_won_lost_and_delivered_by_both(pipeline: Pipeline, who: str) -> None:
    """COL-3.2#7: as for a PO, by the partner and by BD; the PSM confirms."""
    actor: Actor = getattr(pipeline, who)
    record, _ = await taken(pipeline)
    await pipeline.store.refused(
        actor,
        DomainError,
        lambda work: domain.win(work, record.id, version=record.version, **SIGNED | {"amount": None}),
    )
    won = await pipeline.do(actor, lambda work: domain.win(work, record.id, version=record.version, **SIGNED))
    assert won.status == Status.WON
    done = await pipeline.do(
        actor, lambda work: domain.deliver(work, record.id, version=won.version, delivered_on=TODAY)
    )
    await pipeline.do(pipeline.psm, lambda work: domain.confirm_delivery(work, record.id, version=done.version))
    assert (await pipeline.again(record)).status == Status.DELIVERED


async def test_an_accepted_ho_is_lost_by_the_partner_and_cancelled_by_bd_alone(pipeline: Pipeline) -> None:
    """COL-3.2#7, #8: with their reasons."""
    record, _ = await taken(pipeline)
    cancelling: dict[str, Any] = {
        "version": record.version,
        "reason_code": CancelReason.FALSE_INFORMATION,
        "reason": None,
    }
    for actor in (pipeline.main, pipeline.psm):
        await pipeline.store.refused(
            actor, PermissionDeniedError, lambda work: domain.cancel(work, record.id, **cancelling)
        )
    none: dict[str, Any] = {"version": record.version, "reason_code": None, "reason": None}
    await pipeline.store.refused(pipeline.bd, ReasonRequiredError, lambda work: domain.cancel(work, record.id, **none))
    lost: dict[str, Any] = {"version": record.version, "lost_reason": LostReason.PRICE}
    await run_write(
        pipeline.store,
        pipeline.main,
        lambda work: domain.lose(work, record.id, **lost),
        clock=pipeline.store.clock,
        dry=True,
    )
    await pipeline.do(pipeline.bd, lambda work: domain.cancel(work, record.id, **cancelling))
    assert (await pipeline.again(record)).status == Status.CANCELLED
