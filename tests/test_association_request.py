"""Requests to un-link and to switch: who files them, what stands against them, how they end, and what follows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from api.timers import sweep
from models import agreement
from models import association_request as domain
from models.agreement import AgreementNotTickedError, AgreementOutdatedError, AgreementSignature
from models.association import AssociationCause, AssociationEvent, AssociationEventKind
from models.association_request import (
    AssociationRequest,
    AssociationRequestKind,
    AssociationRequestStatus,
    CheckItem,
    EffectKind,
    months_after,
)
from models.customer import Customer, CustomerFact, CustomerStanding, FreezeState
from models.customer.obstacles import CreditAccountError, GiftBalanceError, ServiceContractError
from models.identity import operator_actor
from models.kernel.access import Actor
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    InvalidInputError,
    LengthError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    Remedy,
    StaleVersionError,
    TransitionNotAllowedError,
)
from models.kernel.journal import JournalLine
from models.kernel.work import Work
from models.notice import Notice
from models.partner import PartnerOrganisation
from models.rights import Preset
from tests.linking import REFERRAL, RESALE, WHY, Linking, linking, pipeline
from tests.people import open_person
from tests.test_at_one_moment import together, went

__all__ = ["linking", "pipeline"]

Status = AssociationRequestStatus
Fact = CustomerFact
UNLINK, SWITCH = AssociationRequestKind.UNLINK, AssociationRequestKind.SWITCH


def unlink(customer: Customer, **given: Any) -> Any:
    """Give the deed of asking a customer to be un-linked."""
    return lambda work: domain.unlink(work, customer.id, **{"reason": WHY, "understood": True, **given})


def switch(customer: Customer, to: Any, **given: Any) -> Any:
    """Give the deed of asking a customer to change its type."""
    return lambda work: domain.switch(work, customer.id, to, **{"reason": WHY, "understood": True, **given})


def ask(**given: Any) -> Any:
    """Give the deed of asking one's partner to be un-linked."""
    return lambda work: domain.unlink_from_partner(work, **{"reason": WHY, "understood": True, **given})


async def people(linking: Linking) -> dict[str, Actor]:
    """Give everybody who might try."""
    pipeline, ours = linking.pipeline, {"partner_id": linking.pipeline.cast.huaqi.id}
    store = linking.store
    return {
        "MAIN": linking.main,
        "ADM": linking.administrator,
        "DIR": await store.actor(pipeline.cast.zhao_director),
        "MGR": pipeline.manager,
        "FIN": await store.actor(await open_person(store, "xu.fei", "许飞", Preset.FIN, **ours)),
        "OPS": await store.actor(await open_person(store, "luo.jia", "罗佳", Preset.OPS, **ours)),
        "CUS": linking.referral_person,
        "OTHER_CUS": linking.resale_person,
        "OTHER_MAIN": pipeline.other_main,
        "PDM": pipeline.pdm,
        "BD": pipeline.bd,
        "OWN": pipeline.owner,
        "ECO": pipeline.operations,
        "HFI": pipeline.finance,
        "AUD": pipeline.auditor,
        "SYS": pipeline.platform,
    }


# Who may do what of a request that waits for the customer, and of one that waits for the partner, of whom it is:
# yes, - no right at all, ? does not see it, x sees it but not in this state.
MATRIX = """
                 MAIN ADM DIR MGR FIN OPS CUS OTHER_CUS OTHER_MAIN PDM BD OWN ECO HFI AUD SYS
unlink           yes  yes -   -   -   -   -   -         ?          -   -  -   -   -   -   -
switch           yes  yes -   -   -   -   -   -         ?          -   -  -   -   -   -   -
agree            -    -   -   -   -   -   yes ?         -          -   -  -   -   -   -   -
refuse           -    -   -   -   -   -   yes ?         -          -   -  -   -   -   -   -
withdraw         yes  yes -   -   -   -   -   -         ?          -   -  -   -   -   -   -
approve          yes  yes -   -   -   -   -   -         ?          -   -  -   -   -   -   -
reject           yes  yes -   -   -   -   -   -         ?          -   -  -   -   -   -   -
force_close      -    -   -   -   -   -   -   -         -          -   -  -   yes -   -   -
approve/customer x    x   -   -   -   -   -   -         ?          -   -  -   -   -   -   -
agree/partner    -    -   -   -   -   -   x   ?         -          -   -  -   -   -   -   -
withdraw/partner x    x   -   -   -   -   -   -         ?          -   -  -   -   -   -   -
"""
TOLD = {
    "-": PermissionDeniedError,
    "?": NotFoundError,
    "x": TransitionNotAllowedError,
}


def _deed(verb: str, customer: Customer, request: AssociationRequest) -> Any:
    return {
        "unlink": unlink(customer),
        "switch": switch(customer, RESALE),
        "agree": lambda work: domain.agree(work, request.id),
        "refuse": lambda work: domain.refuse_request(work, request.id),
        "withdraw": lambda work: domain.withdraw(work, request.id),
        "approve": lambda work: domain.approve(work, request.id),
        "reject": lambda work: domain.reject(work, request.id, reason="尚有未结事项"),
        "force_close": lambda work: domain.force_close(work, request.id, reason="工单要求"),
    }[verb]


class _Tried(Exception):
    """Undoes what went well, so that the next may try."""


async def test_who_may_file_answer_and_close(linking: Linking) -> None:
    """COL-5.4.1, COL-5.5.5, COL-5.4.12: of the partner the administrator alone, of Huawei ecosystem operations."""
    everybody = await people(linking)
    header, *lines = MATRIX.strip().splitlines()
    columns = header.split()
    by_state = {
        "customer": await linking.unlink(linking.referral),
        "partner": await linking.ask(linking.resale_person),
    }
    # Each waits with the same customer's people: the one that waits for the partner is of the other customer.
    for line in lines:
        step, *cells = line.split()
        verb, _, state = step.partition("/")
        state = state or ("partner" if verb in ("approve", "reject") else "customer")
        request = by_state[state]
        for name, cell in zip(columns, cells, strict=True):
            actor = everybody[name]
            if state == "partner" and name in ("CUS", "OTHER_CUS"):
                actor = everybody["CUS" if name == "OTHER_CUS" else "OTHER_CUS"]
            customer = linking.resale if verb in ("unlink", "switch") else linking.referral
            deed = _deed(verb, customer if verb != "switch" else linking.referral, request)
            if verb in ("unlink", "switch"):
                found = await outcome(linking, actor, deed)
                expected = (domain.RequestWaitsError, InvalidInputError) if cell == "yes" else TOLD[cell]
                assert isinstance(found, expected), (step, name, found)
            elif cell == "yes":
                assert await outcome(linking, actor, deed) is None, (step, name)
            else:
                assert isinstance(await outcome(linking, actor, deed), TOLD[cell]), (step, name)


async def outcome(linking: Linking, actor: Actor, deed: Any) -> DomainError | None:
    """Say how an attempt would end, and undo it."""

    async def attempt(work: Work) -> None:
        await deed(work)
        raise _Tried

    try:
        await linking.do(actor, attempt)
    except _Tried:
        return None
    except DomainError as error:
        return error
    raise AssertionError("nothing comes after the attempt")


async def test_unlink_and_switch_share_one_request_in_three_months_however_it_ended(linking: Linking) -> None:
    """COL-5.4.2, COL-5.4.12: refused, withdrawn and expired ones count; what Huawei has closed does not."""
    store, clock = linking.store, linking.store.clock
    ends = (
        lambda id: (linking.referral_person, lambda work: domain.refuse_request(work, id)),
        lambda id: (linking.main, lambda work: domain.withdraw(work, id)),
        None,
    )
    for end in ends:
        request = await linking.unlink(linking.referral)
        filed = clock.now
        if end is None:
            clock.forward(days=31)
            assert (await sweep(store, clock=clock)) == {"AssociationRequest.expire": 1}
        else:
            await linking.do(*end(request.id))
        refused = await store.refused(linking.main, domain.RequestQuotaError, switch(linking.referral, RESALE))
        assert refused.remedy is Remedy.CONTACT_SUPPORT
        assert "工单" in refused.message("zh")
        assert "service ticket" in refused.message("en")
        assert refused.facts["free_on"] == (months_after(filed, 3) + dt.timedelta(hours=8)).date()
        await store.refused(linking.administrator, domain.RequestQuotaError, unlink(linking.referral))
        clock.now = months_after(filed, 3) - dt.timedelta(seconds=1)
        await store.refused(linking.administrator, domain.RequestQuotaError, unlink(linking.referral))
        clock.forward(seconds=1)
    closed = await linking.switch(linking.referral, RESALE)
    await linking.do(
        linking.pipeline.operations, lambda work: domain.force_close(work, closed.id, reason="客户来电要求")
    )
    await linking.unlink(linking.referral)
    # Another customer has a quota of its own.
    await linking.unlink(linking.resale)


async def test_the_customers_own_filing_keeps_the_partner_waiting_and_is_limited_itself(linking: Linking) -> None:
    """COL-5.4.3, COL-5.5.1."""
    store, clock = linking.store, linking.store.clock
    request = await linking.ask(linking.referral_person)
    filed = clock.now
    await linking.do(linking.main, lambda work: domain.reject(work, request.id, reason="尚有合同"))
    for deed in (unlink(linking.referral), switch(linking.referral, RESALE)):
        refused = await store.refused(linking.main, domain.CustomerFiledLatelyError, deed)
        assert refused.facts["months"] == 3
    await store.refused(linking.referral_person, domain.CustomerQuotaError, ask())
    clock.now = months_after(filed, 3)
    await linking.unlink(linking.referral)
    await store.refused(linking.referral_person, domain.RequestWaitsError, ask())


async def test_what_stands_against_the_partners_request(linking: Linking) -> None:
    """COL-5.4.4, COL-5.4.5, COL-5.4.6, COL-5.4.7, COL-5.4.8, COL-5.10.7: each with a refusal of its own."""
    store = linking.store
    for fact, refusal in (
        (Fact.MASTER_OF_INDEPENDENT_SUBS, domain.IndependentSubsFirstError),
        (Fact.ENTERPRISE_SUB, domain.LeaveMasterFirstError),
        (Fact.RESERVED_INSTANCE, domain.ReservedInstanceRunsError),
        (Fact.SUPPORT_PLAN, domain.SupportPlanRunsError),
        (Fact.UNPAID_ORDER, domain.OrderAwaitsPaymentError),
    ):
        await linking.know(linking.referral, fact)
        await store.refused(linking.main, refusal, unlink(linking.referral))
        await store.refused(linking.main, refusal, switch(linking.referral, RESALE))
    for fact, obstacle in (
        (Fact.SERVICE_CONTRACT, ServiceContractError),
        (Fact.CREDIT_ACCOUNT, CreditAccountError),
        (Fact.GIFT_BALANCE, GiftBalanceError),
    ):
        await linking.know(linking.referral, fact)
        await store.refused(linking.main, obstacle, switch(linking.referral, RESALE))
    await linking.know(linking.referral, Fact.UNPAID_ORDER, Fact.ENTERPRISE_SUB)
    several = await store.refused(linking.main, InvalidInputError, unlink(linking.referral, understood=False))
    assert {one.code for one in several} == {"ORDER_AWAITS_PAYMENT", "LEAVE_MASTER_FIRST", "UNDERSTANDING_NOT_TICKED"}
    await linking.know(linking.referral)

    async def freeze(work: Work, frozen: bool, partner_frozen: bool) -> None:
        (await work.get(Customer, linking.resale.id)).frozen = FreezeState.ACCOUNT if frozen else FreezeState.NOT_FROZEN
        (await work.get(PartnerOrganisation, linking.pipeline.cast.huaqi.id)).frozen = partner_frozen

    operations = linking.pipeline.operations
    await linking.do(operations, lambda work: freeze(work, True, False))
    await store.refused(linking.main, domain.UnfreezeFirstError, unlink(linking.resale))
    await linking.do(operations, lambda work: freeze(work, False, True))
    await store.refused(linking.main, domain.FrozenPartnerError, unlink(linking.resale))
    await store.refused(linking.main, domain.FrozenPartnerError, switch(linking.referral, RESALE))
    await linking.unlink(linking.referral)


async def test_what_stands_against_the_customers_own_request(linking: Linking) -> None:
    """COL-5.5.2, COL-5.5.3, COL-5.5.4."""
    store = linking.store
    for fact, of_referral, of_resale in (
        (Fact.UNPAID_ORDER, domain.OrderAwaitsPaymentError, domain.OrderAwaitsPaymentError),
        (Fact.ENTERPRISE_SUB, domain.MasterMustUnlinkError, domain.LeaveMasterFirstError),
        (Fact.UNIFIED_ACCOUNTING_SUB, domain.MasterMustUnlinkError, domain.LeaveMasterFirstError),
        (Fact.MASTER_OF_INDEPENDENT_SUBS, None, domain.IndependentSubsFirstError),
        (Fact.UNPAID_BILLS, None, domain.CustomerInArrearsError),
        (Fact.RESERVED_INSTANCE, None, domain.ReservedInstanceRunsError),
        (Fact.SUPPORT_PLAN, None, domain.SupportPlanRunsError),
        (Fact.SPECIAL_CONTRACT, None, domain.SpecialContractRunsError),
    ):
        for customer, person, refusal in (
            (linking.referral, linking.referral_person, of_referral),
            (linking.resale, linking.resale_person, of_resale),
        ):
            await linking.know(customer, fact)
            if refusal is None:
                assert await outcome(linking, person, ask()) is None
            else:
                await store.refused(person, refusal, ask())


async def test_a_request_says_why_and_that_what_follows_is_understood(linking: Linking) -> None:
    """COL-5.4.9, COL-5.5.6: a customer cannot switch on its own; the partner's switch goes to the other type."""
    store, main = linking.store, linking.main
    for deed in (unlink(linking.referral, understood=False), switch(linking.referral, RESALE, understood=False)):
        await store.refused(main, domain.UnderstandingNotTickedError, deed)
    await store.refused(linking.referral_person, domain.UnderstandingNotTickedError, ask(understood=False))
    await store.refused(main, FieldRequiredError, unlink(linking.referral, reason=" "))
    await store.refused(main, LengthError, unlink(linking.referral, reason="长" * 501))
    await store.refused(main, domain.SameAssociationTypeError, switch(linking.referral, REFERRAL))
    await store.refused(linking.referral_person, PermissionDeniedError, switch(linking.referral, RESALE))


async def test_the_check_shows_each_item_and_what_would_follow(linking: Linking) -> None:
    """COL-5.4.9, COL-5.6.1, COL-5.6.2, COL-5.6.3, COL-5.6.4, COL-5.6.5, COL-5.3.13."""
    await linking.know(linking.resale, Fact.UNPAID_ORDER, Fact.UNPAID_BILLS)
    seen = await linking.do(linking.administrator, lambda work: domain.outlook(work, linking.resale.id, UNLINK))
    assert {one.item for one in seen.checks if not one.passed} == {CheckItem.UNPAID_ORDER}
    assert {one.item for one in seen.checks} == {
        *(CheckItem.PENDING_REQUEST, CheckItem.QUOTA, CheckItem.CUSTOMER_FILED, CheckItem.ENTERPRISE_MASTER),
        *(CheckItem.ENTERPRISE_SUB, CheckItem.RESERVED_INSTANCE, CheckItem.SUPPORT_PLAN, CheckItem.UNPAID_ORDER),
        *(CheckItem.FROZEN, CheckItem.PARTNER_FROZEN),
    }
    assert (seen.possible, seen.code_required) == (False, False)
    told = {one.kind: (one.zh, one.en) for one in seen.effects}
    assert set(told) == set(EffectKind)
    assert "退回伙伴账户" in told[EffectKind.BALANCE][0]
    assert "退回伙伴" in told[EffectKind.VOUCHERS][0]
    assert "partner's account" in told[EffectKind.REFUNDS][1]
    assert "7 days" in told[EffectKind.GRACE][1]
    own = await linking.do(linking.resale_person, domain.own_outlook)
    assert {one.item for one in own.checks if not one.passed} == {CheckItem.UNPAID_ORDER, CheckItem.ARREARS}
    of_referral = await linking.do(linking.main, lambda work: domain.outlook(work, linking.referral.id, UNLINK))
    kinds = {one.kind for one in of_referral.effects}
    assert of_referral.possible
    assert not kinds & {EffectKind.BALANCE, EffectKind.SETTLEMENT, EffectKind.GRACE, EffectKind.PAYMENT}
    assert any("退回客户账户" in one.zh for one in of_referral.effects)
    to_resale = await linking.do(linking.main, lambda work: domain.outlook(work, linking.referral.id, SWITCH, RESALE))
    told = {one.kind: (one.zh, one.en) for one in to_resale.effects}
    assert "申请提现" in told[EffectKind.REFUND_ARRIVAL][0]
    assert "1 day" in told[EffectKind.GRACE][1]
    assert EffectKind.MANAGER not in told
    for actor, refusal in (
        (linking.pipeline.manager, PermissionDeniedError),
        (linking.pipeline.other_main, NotFoundError),
        (linking.pipeline.operations, PermissionDeniedError),
    ):
        await linking.store.refused(actor, refusal, lambda work: domain.outlook(work, linking.referral.id, UNLINK))


async def test_an_unlink_that_the_customer_agrees_to_takes_effect_at_once(linking: Linking) -> None:
    """COL-5.4.9, COL-5.4.11, COL-5.3.13, COL-5.8.2: customer, manager, grace period, history, notices, journal."""
    store = linking.store
    request = await linking.unlink(linking.resale)
    assert (request.status, request.due_at) == (Status.PENDING_CUSTOMER, store.clock.now + dt.timedelta(days=30))
    assert request.partner_name == "华启软件有限公司"
    store.clock.forward(days=2)
    seen = await linking.do(linking.resale_person, lambda work: domain.outlook_on(work, request.id))
    assert seen.possible
    assert EffectKind.BALANCE in {one.kind for one in seen.effects}
    await linking.do(linking.resale_person, lambda work: domain.agree(work, request.id))
    done = await linking.again(request)
    assert (done.status, done.ended_at, done.due_at) == (Status.COMPLETED, store.clock.now, None)
    customer = await linking.again(linking.resale)
    assert (customer.partner_id, customer.association_type, customer.associated_on) == (None, None, None)
    assert (customer.account_manager_id, customer.tags) == (None, [])
    (standing,) = await linking.every(CustomerStanding, customer_id=customer.id)
    assert standing.grace_days == 7
    (event,) = await linking.every(AssociationEvent, customer_id=customer.id)
    assert (event.event, event.cause) == (AssociationEventKind.UNLINKED, AssociationCause.PARTNER_REQUEST)
    assert (event.association_type, event.account_manager_id) == (RESALE, linking.pipeline.manager.id)
    assert (event.source_id, event.by_id, event.reason) == (request.id, linking.resale_person.id, WHY)
    told = {(one.kind, one.receiver_id) for one in await linking.every(Notice)}
    assert ("association_request.to_customer", linking.resale_person.id) in told
    assert {id for kind, id in told if kind == "association_request.partner_told"} == {
        linking.main.id,
        linking.administrator.id,
    }
    operations = [line.operation for line in await store.journal()]
    assert operations[-2:] == ["AssociationRequest.agree", "customer.unlink"]
    (line,) = [one for one in await store.journal() if one.operation == "customer.unlink"]
    assert line.partner_id == linking.pipeline.cast.huaqi.id
    # The partner sees the request and the history still, and the customer no more.
    async with store.reader() as session:
        for model, count in ((AssociationRequest, 1), (AssociationEvent, 1), (JournalLine, 1)):
            found = await session.execute(_seen_of(model, linking.main, request, event, line))
            assert len(found.all()) == count
        found = await session.execute(_seen_of(Customer, linking.main, linking.resale))
        assert not found.all()
    for again in (
        lambda work: domain.agree(work, request.id),
        lambda work: domain.refuse_request(work, request.id),
    ):
        await store.refused(linking.resale_person, TransitionNotAllowedError, again)
    await store.refused(linking.resale_person, domain.NotAssociatedError, ask())


def _seen_of(model: Any, actor: Actor, *rows: Any) -> Any:
    from sqlmodel import select

    return select(model.id).where(model.visible_to(actor), model.id.in_([row.id for row in rows]))


async def test_a_switch_to_resale_needs_the_notice_read_and_signed(linking: Linking) -> None:
    """COL-5.3.11, COL-5.3.13, COL-5.5.6: the customer confirms what the partner starts."""
    store, person = linking.store, linking.referral_person
    request = await linking.switch(linking.referral, RESALE)
    await store.refused(person, AgreementNotTickedError, lambda work: domain.agree(work, request.id))
    old = await linking.do(operator_actor(), agreement.newest)
    store.clock.forward(days=1)
    texts: dict[str, Any] = {
        "title_zh": "须知",
        "title_en": "Notice",
        "content_zh": "新内容",
        "content_en": "New content",
    }
    new = await linking.do(linking.pipeline.operations, lambda work: agreement.publish(work, number="2026-03", **texts))
    await store.refused(person, AgreementOutdatedError, lambda work: domain.agree(work, request.id, agreed_to=old.id))
    await linking.do(person, lambda work: domain.agree(work, request.id, agreed_to=new.id))
    customer = await linking.again(linking.referral)
    assert (customer.association_type, customer.partner_id) == (RESALE, linking.pipeline.cast.huaqi.id)
    assert (customer.account_manager_id, customer.tags) == (linking.pipeline.manager.id, ["重点"])
    (standing,) = await linking.every(CustomerStanding, customer_id=customer.id)
    assert standing.grace_days == 1
    (event,) = await linking.every(AssociationEvent, customer_id=customer.id)
    assert (event.event, event.previous_type, event.association_type) == (
        AssociationEventKind.SWITCHED,
        REFERRAL,
        RESALE,
    )
    (signature,) = await linking.every(AgreementSignature, customer_id=customer.id)
    assert signature.agreement_id == new.id
    back = await linking.switch(linking.resale, REFERRAL)
    await linking.do(linking.resale_person, lambda work: domain.agree(work, back.id))
    assert (await linking.again(linking.resale)).association_type is REFERRAL
    (standing,) = await linking.every(CustomerStanding, customer_id=linking.resale.id)
    assert standing.grace_days == 7


async def test_the_partner_answers_a_customers_request_with_a_reason_where_it_says_no(linking: Linking) -> None:
    """COL-5.5.5."""
    store = linking.store
    request = await linking.ask(linking.referral_person)
    told = {one.receiver_id for one in await linking.every(Notice, kind="association_request.to_partner")}
    assert told == {linking.main.id, linking.administrator.id}
    await store.refused(linking.main, ReasonRequiredError, lambda work: domain.reject(work, request.id, reason=" "))
    await store.refused(
        linking.main, StaleVersionError, lambda work: domain.approve(work, request.id, version=request.version + 1)
    )
    await linking.do(linking.main, lambda work: domain.reject(work, request.id, reason="尚有未结账款"))
    done = await linking.again(request)
    assert (done.status, done.answer_reason, done.answered_by_name) == (Status.REJECTED, "尚有未结账款", "王芳")
    other = await linking.ask(linking.resale_person)
    await linking.do(linking.administrator, lambda work: domain.approve(work, other.id))
    (event,) = await linking.every(AssociationEvent, customer_id=linking.resale.id)
    assert (event.cause, event.by_id) == (AssociationCause.CUSTOMER_REQUEST, linking.administrator.id)
    assert (await linking.again(linking.resale)).partner_id is None


async def test_what_has_come_up_meanwhile_keeps_a_request_from_taking_effect(linking: Linking) -> None:
    """COL-5.4.7, COL-5.5.2: an order placed while the request waited; and an association that is another by now."""
    store = linking.store
    request = await linking.unlink(linking.referral)
    await linking.know(linking.referral, Fact.UNPAID_ORDER)
    seen = await linking.do(linking.referral_person, lambda work: domain.outlook_on(work, request.id))
    assert not seen.possible
    await store.refused(
        linking.referral_person, domain.OrderAwaitsPaymentError, lambda work: domain.agree(work, request.id)
    )
    await linking.know(linking.referral)

    async def move(work: Work) -> None:
        (await work.get(Customer, linking.referral.id)).partner_id = linking.pipeline.cast.yunfan.id

    await linking.do(linking.pipeline.operations, move)
    await store.refused(
        linking.referral_person, domain.AssociationChangedError, lambda work: domain.agree(work, request.id)
    )
    # The new partner sees nothing of it.
    async with store.reader() as session:
        assert not (await session.execute(_seen_of(AssociationRequest, linking.pipeline.other_main, request))).all()


async def test_requests_run_out_after_thirty_days_and_huawei_closes_with_a_reason(linking: Linking) -> None:
    """COL-5.4.12, COL-5.5: both sides are told."""
    store, clock = linking.store, linking.store.clock
    waiting = [await linking.unlink(linking.referral), await linking.ask(linking.resale_person)]
    clock.forward(days=29, hours=23)
    assert not await sweep(store, clock=clock)
    clock.forward(hours=1)
    assert (await sweep(store, clock=clock)) == {"AssociationRequest.expire": 2}
    assert {(await linking.again(one)).status for one in waiting} == {Status.EXPIRED}
    assert (await linking.again(linking.referral)).partner_id == linking.pipeline.cast.huaqi.id
    clock.forward(days=70)
    request = await linking.unlink(linking.referral)
    operations = linking.pipeline.operations
    await store.refused(operations, ReasonRequiredError, lambda work: domain.force_close(work, request.id, reason=""))
    await linking.do(operations, lambda work: domain.force_close(work, request.id, reason="客户来电，工单 20260601"))
    done = await linking.again(request)
    assert (done.status, done.answer_reason) == (Status.FORCE_CLOSED, "客户来电，工单 20260601")
    told = [one for one in await linking.every(Notice, subject_id=request.id) if one.status == Status.FORCE_CLOSED]
    assert {one.receiver_id for one in told} == {
        linking.referral_person.id,
        linking.main.id,
        linking.administrator.id,
    }


async def test_two_administrators_at_one_moment_share_one_quota(linking: Linking) -> None:
    """COL-5.4.2, COL-5.5: one request, whoever was first; the customer's own at the same moment is refused as well."""
    for round in range(3):
        customer = await linking.new_customer(f"第{round}石材有限公司", f"shicai_{round}", REFERRAL)
        person = await linking.person_of(customer, f"shicai.{round}")
        outcomes = await together(
            linking.do(linking.main, unlink(customer)),
            linking.do(linking.administrator, switch(customer, RESALE)),
            linking.do(person, ask()),
            linking.do(linking.main, unlink(customer)),
        )
        assert went(outcomes) == 1, outcomes
        assert len(await linking.every(AssociationRequest, customer_id=customer.id)) == 1


async def test_agreeing_withdrawing_and_closing_at_one_moment_leave_one_end(linking: Linking) -> None:
    """COL-5.4: the request ends once, and the association with it or not at all."""
    for round in range(3):
        customer = await linking.new_customer(f"第{round}木业有限公司", f"muye_{round}", RESALE)
        person = await linking.person_of(customer, f"muye.{round}")
        request = await linking.unlink(customer)
        outcomes = await together(
            linking.do(person, lambda work: domain.agree(work, request.id)),  # noqa: B023
            linking.do(linking.main, lambda work: domain.withdraw(work, request.id)),  # noqa: B023
            linking.do(
                linking.pipeline.operations,
                lambda work: domain.force_close(work, request.id, reason="工单"),  # noqa: B023
            ),
            linking.do(person, lambda work: domain.agree(work, request.id)),  # noqa: B023
        )
        assert went(outcomes) == 1
        done = await linking.again(request)
        events = await linking.every(AssociationEvent, customer_id=customer.id)
        assert len(events) == (done.status is Status.COMPLETED)
        assert ((await linking.again(customer)).partner_id is None) == bool(events)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-11-29T20:00:00+00:00", 3, "2027-02-27T20:00:00+00:00"),
        ("2026-03-02T04:00:00+00:00", 3, "2026-06-02T04:00:00+00:00"),
        ("2026-01-31T02:00:00+00:00", -3, "2025-10-31T02:00:00+00:00"),
    ],
)
def test_months_are_counted_by_beijings_calendar(start: str, months: int, end: str) -> None:
    """COL-5.4.2."""
    assert months_after(dt.datetime.fromisoformat(start), months) == dt.datetime.fromisoformat(end)
