"""Freezing resale customers and lifting it; and the international regime with its budgets, which is off in China."""

from __future__ import annotations

import datetime as dt
from typing import Any

from api import timers
from models import association_request, budget, freeze, invitation
from models.association import associate
from models.association.record import AssociationCause
from models.balance import CustomerRepeatedError, NotAResaleCustomerError, TransferAmountError
from models.budget import (
    BudgetAdjustment,
    BudgetAsked,
    BudgetGrant,
    BudgetNotPermittedError,
    BudgetQuotaExceededError,
    BudgetRequiredError,
    BudgetType,
    BudgetUsedLessError,
    CustomerBudget,
    Exhaustion,
    NotYourResellerError,
)
from models.customer import AssociationType, Customer, FreezeState
from models.customer.regime import InternationalRegimeError
from models.freeze import (
    CustomerFreeze,
    FreezeCause,
    FreezeStatus,
    FrozenAlreadyError,
    FrozenPartnerCannotInviteError,
    FrozenPartnerCannotThawError,
    NotFrozenError,
)
from models.identity import operator_actor
from models.kernel.errors import (
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    ValueNotAllowedError,
)
from models.kernel.work import Work
from models.notice import Notice
from models.partner import PartnerKind, PartnerOrganisation, update_partner
from models.verification import VerificationCodeRequiredError
from tests.funds import Funds, funds, linking, pipeline
from tests.test_at_one_moment import together, went

__all__ = ["funds", "linking", "pipeline"]

BOTH = FreezeState.ACCOUNT_AND_RESOURCES


async def ice(funds: Funds, customer: Customer | None = None, **given: Any) -> CustomerFreeze:
    """Freeze a customer."""
    facts = {"reason": "拖欠货款", **given}
    made: CustomerFreeze = await funds.do(
        facts.pop("actor", funds.main), lambda work: freeze.freeze(work, (customer or funds.qingshi).id, **facts)
    )
    return made


async def state(funds: Funds, customer: Customer | None = None) -> FreezeState:
    """Say whether a customer is frozen."""
    found: FreezeState = (await funds.linking.again(customer or funds.qingshi)).frozen
    return found


async def budgets(funds: Funds, *asked: BudgetAsked, actor: Any = None) -> list[budget.BudgetSet]:
    """Set budgets."""
    results: list[budget.BudgetSet] = await funds.do(actor or funds.main, lambda work: budget.set_budgets(work, asked))
    return results


async def use(funds: Funds, amount: str, month: str = "2026-03") -> CustomerBudget:
    """Record what the customer used this month."""
    used: CustomerBudget = await funds.do(funds.finance, lambda work: budget.use(work, funds.qingshi.id, month, amount))
    return used


async def test_the_administrator_freezes_a_resale_customer_with_a_reason_and_lifts_it(funds: Funds) -> None:
    """COL-5.10.8, COL-5.10.4: the flag, the record, the journal; and the customer is told."""
    made = await ice(funds, actor=funds.linking.administrator)
    assert (made.status, made.kind, made.cause) == (FreezeStatus.FROZEN, FreezeState.ACCOUNT, FreezeCause.PARTNER)
    assert (made.reason, made.by_name, made.data_until, made.due_at) == ("拖欠货款", "李强", None, None)
    assert await state(funds) is FreezeState.ACCOUNT
    assert {notice.kind for notice in await funds.linking.every(Notice)} == {"freeze.frozen"}
    line = (await funds.store.journal())[-1]
    assert (line.operation, line.reason, line.to_status) == ("CustomerFreeze.freeze", "拖欠货款", "FROZEN")
    lifted = await funds.do(funds.main, lambda work: freeze.unfreeze(work, funds.qingshi.id, reason="已付清"))
    assert (lifted.status, lifted.lifted_by, lifted.lift_reason) == (FreezeStatus.LIFTED, "王芳", "已付清")
    assert await state(funds) is FreezeState.NOT_FROZEN
    assert len(await funds.linking.every(CustomerFreeze)) == 1


async def test_what_stands_against_freezing_and_lifting(funds: Funds) -> None:
    """COL-5.10.4, COL-5.10.8, COL-5.7.4: resale only, with a reason, once; by the administrator and nobody else."""
    pipeline = funds.linking.pipeline

    async def refused(error: Any, *, actor: Any = None, customer: Any = None, **given: Any) -> Any:
        facts = {"reason": "拖欠货款", **given}
        return await funds.store.refused(
            actor or funds.main, error, lambda work: freeze.freeze(work, (customer or funds.qingshi).id, **facts)
        )

    for actor in (pipeline.manager, funds.partner_finance, pipeline.operations, funds.linking.resale_person):
        await refused(PermissionDeniedError, actor=actor)
    await refused(NotFoundError, actor=pipeline.other_main)
    await refused(ReasonRequiredError, reason="  ")
    await refused(NotAResaleCustomerError, customer=funds.linking.referral)
    await refused(ValueNotAllowedError, kind=FreezeState.NOT_FROZEN)
    error = await refused(InvalidInputError, customer=funds.linking.referral, reason="", kind=BOTH)
    assert {type(one) for one in error} == {ReasonRequiredError, NotAResaleCustomerError, InternationalRegimeError}
    await funds.store.refused(
        funds.main, NotFrozenError, lambda work: freeze.unfreeze(work, funds.qingshi.id, reason=None)
    )
    await ice(funds)
    await refused(FrozenAlreadyError)


async def test_a_code_is_asked_for_where_the_partner_has_it_so(funds: Funds) -> None:
    """COL-5.10.4."""
    await funds.linking.switch_codes_on()
    await funds.store.refused(
        funds.main, VerificationCodeRequiredError, lambda work: freeze.freeze(work, funds.qingshi.id, reason="拖欠")
    )
    code = await funds.linking.code(funds.main, "customer.freeze", funds.qingshi)
    await ice(funds, verification_code=code)


async def test_two_who_freeze_at_one_moment_leave_one_freeze(funds: Funds) -> None:
    """COL-5.10.8."""
    outcomes = await together(ice(funds), ice(funds, actor=funds.linking.administrator), ice(funds))
    assert went(outcomes) == 1
    assert {type(one) for one in outcomes} == {CustomerFreeze, FrozenAlreadyError}


async def test_a_freeze_ends_when_its_customer_is_switched_out_of_resale(funds: Funds) -> None:
    """COL-5.10.8: only resale is ever frozen; the customer that answers needs no right to lift."""
    request = await funds.linking.switch(funds.qingshi, AssociationType.REFERRAL)
    await ice(funds)
    try:
        await funds.do(funds.linking.resale_person, lambda work: association_request.agree(work, request.id))
    except association_request.UnfreezeFirstError:
        await funds.do(funds.main, lambda work: freeze.unfreeze(work, funds.qingshi.id))
        await funds.do(funds.linking.resale_person, lambda work: association_request.agree(work, request.id))
    assert await state(funds) is FreezeState.NOT_FROZEN
    assert [one.status for one in await funds.linking.every(CustomerFreeze)] == [FreezeStatus.LIFTED]


async def test_in_china_the_international_regime_is_refused(funds: Funds) -> None:
    """COL-5.10.1 to COL-5.10.7 behind the switch: each refused with its code, and nobody frozen by default."""
    asked = [BudgetAsked(funds.qingshi.id, "10")]
    await funds.store.refused(funds.main, InternationalRegimeError, lambda work: budget.set_budgets(work, asked))
    await funds.store.refused(
        funds.main,
        InternationalRegimeError,
        lambda work: freeze.freeze(work, funds.qingshi.id, kind=BOTH, reason="拖欠货款"),
    )
    error = await funds.store.refused(
        funds.main, InvalidInputError, lambda work: budget.grant(work, funds.partner_id, "10")
    )
    assert InternationalRegimeError in [type(one) for one in error]
    await come_to_resale(funds)
    assert await state(funds, funds.linking.referral) is FreezeState.NOT_FROZEN


async def come_to_resale(funds: Funds) -> None:
    """Associate a customer as resale."""

    async def deed(work: Work) -> None:
        customer = await work.session.get_one(Customer, funds.linking.referral.id)
        partner = await work.session.get_one(PartnerOrganisation, funds.partner_id)
        kind = AssociationType.RESALE
        await associate(work, customer, partner.id, kind, cause=AssociationCause.INVITATION, source=partner)

    await funds.do(operator_actor(), deed)


async def test_a_new_resale_customer_is_frozen_until_its_budget_is_set(funds: Funds) -> None:
    """COL-5.10.1."""
    await funds.go_international()
    await come_to_resale(funds)
    customer = funds.linking.referral
    assert await state(funds, customer) is FreezeState.ACCOUNT
    (made,) = await funds.linking.every(CustomerFreeze)
    assert (made.cause, made.by_name) == (FreezeCause.NO_BUDGET, "系统 System")
    await funds.store.refused(
        funds.main, BudgetRequiredError, lambda work: freeze.unfreeze(work, customer.id, reason=None)
    )
    (done,) = await budgets(funds, BudgetAsked(customer.id, "500", unfreeze=True))
    assert done.errors == ()
    assert await state(funds, customer) is FreezeState.NOT_FROZEN


async def test_frozen_resources_are_deleted_after_fifteen_days(funds: Funds) -> None:
    """COL-5.10.3: an account's freeze waits for ever, that of resources fifteen days."""
    await funds.go_international()
    await ice(funds, funds.hupan)
    made = await ice(funds, kind=BOTH)
    assert made.data_until == funds.store.clock.now + dt.timedelta(days=15)
    assert await state(funds) is BOTH
    funds.store.clock.forward(days=14, hours=23)
    assert not await timers.sweep(funds.store, clock=funds.store.clock)
    funds.store.clock.forward(hours=1)
    assert dict(await timers.sweep(funds.store, clock=funds.store.clock)) == {"CustomerFreeze.delete_resources": 1}
    again = await funds.linking.again(made)
    assert again.status is FreezeStatus.RESOURCES_DELETED
    assert await state(funds) is BOTH
    await funds.do(funds.main, lambda work: freeze.unfreeze(work, funds.qingshi.id))
    assert await state(funds) is FreezeState.NOT_FROZEN


async def test_a_batch_of_budgets_replaces_earlier_values_and_keeps_a_record_of_each(funds: Funds) -> None:
    """COL-5.10.5."""
    await funds.go_international()
    await budgets(funds, BudgetAsked(funds.qingshi.id, "100"), actor=funds.partner_finance)
    results = await budgets(
        funds,
        BudgetAsked(funds.qingshi.id, "250.5", BudgetType.ONE_TIME, Exhaustion.MANUAL),
        BudgetAsked(funds.hupan.id, "0"),
        BudgetAsked(funds.linking.referral.id, "5"),
        BudgetAsked(funds.qingshi.id, "6"),
    )
    assert [[type(error) for error in one.errors] for one in results] == [
        [],
        [TransferAmountError],
        [NotAResaleCustomerError],
        [CustomerRepeatedError],
    ]
    (row,) = await funds.linking.every(CustomerBudget)
    assert (row.amount, row.budget_type, row.exhaustion) == (25050, BudgetType.ONE_TIME, Exhaustion.MANUAL)
    records = [
        (one.amount_before, one.amount_after, one.by_name) for one in await funds.linking.every(BudgetAdjustment)
    ]
    assert records == [(None, 10000, "许飞"), (10000, 25050, "王芳")]
    await funds.store.refused(
        funds.linking.pipeline.manager,
        PermissionDeniedError,
        lambda work: budget.set_budgets(work, [BudgetAsked(funds.qingshi.id, "1")]),
    )


async def test_a_used_up_monthly_budget_freezes_until_the_month_ends(funds: Funds) -> None:
    """COL-5.10.5: automatic exhaustion; a monthly budget restores next month."""
    await funds.go_international()
    await budgets(funds, BudgetAsked(funds.qingshi.id, "100"))
    await use(funds, "99.99")
    assert await state(funds) is FreezeState.NOT_FROZEN
    used = await use(funds, "100")
    assert await state(funds) is FreezeState.ACCOUNT
    (made,) = await funds.linking.every(CustomerFreeze)
    assert (made.status, made.cause) == (FreezeStatus.EXHAUSTED, FreezeCause.BUDGET_EXHAUSTED)
    assert made.restores_at == dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC)
    await funds.store.refused(
        funds.finance, BudgetUsedLessError, lambda work: budget.use(work, funds.qingshi.id, "2026-03", "50")
    )
    await funds.store.refused(
        funds.finance, ValueNotAllowedError, lambda work: budget.use(work, funds.qingshi.id, "2026-02", "150")
    )
    funds.store.clock.now = dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC)
    assert dict(await timers.sweep(funds.store, clock=funds.store.clock)) == {"CustomerFreeze.restore": 1}
    assert await state(funds) is FreezeState.NOT_FROZEN
    assert budget.used_now(used, funds.store.clock.now) == 0
    await use(funds, "1", "2026-04")


async def test_a_one_time_budget_does_not_restore_and_a_manual_one_only_tells(funds: Funds) -> None:
    """COL-5.10.5."""
    await funds.go_international()
    await budgets(funds, BudgetAsked(funds.qingshi.id, "100", BudgetType.ONE_TIME, Exhaustion.MANUAL))
    await use(funds, "100")
    assert await state(funds) is FreezeState.NOT_FROZEN
    assert [notice.kind for notice in await funds.linking.every(Notice)] == ["budget.used_up"]
    await budgets(funds, BudgetAsked(funds.qingshi.id, "80", BudgetType.ONE_TIME))
    used = await use(funds, "80")
    (made,) = await funds.linking.every(CustomerFreeze)
    assert (made.status, made.restores_at, made.due_at) == (FreezeStatus.EXHAUSTED, None, None)
    funds.store.clock.forward(days=60)
    assert not await timers.sweep(funds.store, clock=funds.store.clock)
    assert budget.used_now(used, funds.store.clock.now) == 8000


async def test_a_reseller_sets_budgets_by_permission_and_quota_of_its_distributor(funds: Funds) -> None:
    """COL-5.10.6: refused without, kept within the quota, and what was given stays when it is taken back."""
    await funds.go_international()
    distributor = funds.linking.pipeline.cast.yunfan

    async def place(work: Work) -> None:
        own = await work.session.get_one(PartnerOrganisation, funds.partner_id)
        own.kind, own.distributor_id = PartnerKind.RESELLER, distributor.id
        (await work.session.get_one(PartnerOrganisation, distributor.id)).kind = PartnerKind.DISTRIBUTOR

    await funds.do(operator_actor(), place)
    boss = funds.linking.pipeline.other_main
    (refused,) = await budgets(funds, BudgetAsked(funds.qingshi.id, "10"))
    assert [type(error) for error in refused.errors] == [BudgetNotPermittedError]
    await funds.store.refused(
        funds.main, BudgetNotPermittedError, lambda work: freeze.freeze(work, funds.qingshi.id, reason="拖欠货款")
    )
    await funds.store.refused(funds.main, NotYourResellerError, lambda work: budget.grant(work, distributor.id, "100"))
    await funds.do(boss, lambda work: budget.grant(work, funds.partner_id, "100"))
    results = await budgets(funds, BudgetAsked(funds.qingshi.id, "60"), BudgetAsked(funds.hupan.id, "40.01"))
    assert [[type(error) for error in one.errors] for one in results] == [[], [BudgetQuotaExceededError]]
    assert results[1].errors[0].data() == {"quota": "100.00", "given": "60.00"}
    await budgets(funds, BudgetAsked(funds.hupan.id, "40"))
    await ice(funds)
    revoked = await funds.do(boss, lambda work: budget.revoke(work, funds.partner_id))
    assert (revoked.permitted, revoked.version) == (False, 2)
    (refused,) = await budgets(funds, BudgetAsked(funds.qingshi.id, "1"))
    assert [type(error) for error in refused.errors] == [BudgetNotPermittedError]
    assert sorted(row.amount for row in await funds.linking.every(CustomerBudget)) == [4000, 6000]
    assert len(await funds.linking.every(BudgetGrant)) == 1


async def test_two_budgets_at_one_moment_do_not_both_fit_into_the_last_of_a_quota(funds: Funds) -> None:
    """COL-5.10.6."""
    await funds.go_international()

    async def place(work: Work) -> None:
        own = await work.session.get_one(PartnerOrganisation, funds.partner_id)
        own.kind, own.distributor_id = PartnerKind.RESELLER, funds.linking.pipeline.cast.yunfan.id

    await funds.do(operator_actor(), place)
    await funds.do(funds.linking.pipeline.other_main, lambda work: budget.grant(work, funds.partner_id, "100"))
    outcomes = await together(
        budgets(funds, BudgetAsked(funds.qingshi.id, "60")),
        budgets(funds, BudgetAsked(funds.hupan.id, "60"), actor=funds.partner_finance),
    )
    assert sorted(len(one.errors) for results in outcomes for one in results) == [0, 1]
    assert len(await funds.linking.every(CustomerBudget)) == 1


async def test_what_follows_when_a_partner_is_frozen(funds: Funds) -> None:
    """COL-5.10.7: its resale customers with all resources; no resale invitation; accounts are lifted, resources not."""
    await funds.go_international()
    await ice(funds, funds.hupan)
    operations = funds.linking.pipeline.operations
    partner = await funds.linking.again(funds.linking.pipeline.cast.huaqi)
    await funds.do(operations, lambda work: update_partner(work, partner.id, {"frozen": True}, version=partner.version))
    for customer in (funds.qingshi, funds.hupan):
        assert await state(funds, customer) is BOTH
    assert await state(funds, funds.linking.referral) is FreezeState.NOT_FROZEN
    causes = [(one.cause, one.status) for one in await funds.linking.every(CustomerFreeze)]
    assert (FreezeCause.PARTNER, FreezeStatus.LIFTED) in causes
    assert causes.count((FreezeCause.PARTNER_FROZEN, FreezeStatus.FROZEN)) == 2
    await funds.store.refused(
        funds.main, FrozenPartnerCannotThawError, lambda work: freeze.unfreeze(work, funds.qingshi.id)
    )
    await funds.store.refused(
        funds.main, FrozenPartnerCannotInviteError, lambda work: invitation.open_link(work, AssociationType.RESALE)
    )
    await funds.do(funds.main, lambda work: invitation.open_link(work, AssociationType.REFERRAL))


async def test_a_frozen_partner_still_lifts_freezes_of_accounts(funds: Funds) -> None:
    """COL-5.10.7."""
    await funds.go_international()
    await ice(funds)

    async def freeze_partner(work: Work) -> None:
        (await work.session.get_one(PartnerOrganisation, funds.partner_id)).frozen = True

    await funds.do(operator_actor(), freeze_partner)
    await funds.do(funds.main, lambda work: freeze.unfreeze(work, funds.qingshi.id))
    assert await state(funds) is FreezeState.NOT_FROZEN
