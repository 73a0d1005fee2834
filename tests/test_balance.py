"""Allocating to resale customers and recalling from them: the ledger, its limits, and people at one moment."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from models import association, association_request
from models import balance as domain
from models.association_request import CustomerInArrearsError
from models.balance import (
    BalanceEntry,
    BalanceNotEnoughError,
    CustomerBalanceNotEnoughError,
    CustomerFunds,
    CustomerRepeatedError,
    DesignatedTooHighError,
    EntryKind,
    NotAResaleCustomerError,
    NoTransferNamedError,
    PartnerBalance,
    TooManyTransfersError,
    Transfer,
    TransferAmountError,
)
from models.customer import AssociationType
from models.identity import operator_actor
from models.kernel.errors import (
    DomainError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    ValueNotAllowedError,
)
from models.kernel.work import Work
from models.notice import Notice
from models.partner import PartnerKind, PartnerOrganisation
from models.verification import VerificationCodeRequiredError
from tests.funds import Funds, funds, linking, pipeline
from tests.linking import WHY
from tests.test_at_one_moment import together

__all__ = ["funds", "linking", "pipeline"]

YUAN = 100


async def test_an_allocation_moves_money_and_the_ledger_tells_before_and_after(
    funds: Funds,
) -> None:
    """COL-5.9.9."""
    await funds.top_up("1000.00")
    (entry,) = await funds.allocate((funds.qingshi, "300.5"), reason="首次拨款")
    assert (await funds.held(), await funds.has(funds.qingshi)) == ((69950, 0, 69950), (30050, 0, 30050))
    assert (entry.kind, entry.number, entry.amount) == (EntryKind.ALLOCATED, 2, 30050)
    assert (entry.amount_before, entry.amount_after) == (100000, 69950)
    assert (entry.balance_before, entry.balance_after) == (0, 30050)
    assert (entry.by_id, entry.by_name, entry.reason) == (funds.main.id, "王芳", "首次拨款")
    line = (await funds.store.journal())[-1]
    assert (line.operation, line.subject_id, line.reason) == ("balance.allocate", entry.id, "首次拨款")
    told = {notice.kind for notice in await funds.linking.every(Notice, subject_id=entry.id)}
    assert told == {"balance.moved"}


async def test_a_recall_is_the_reverse(funds: Funds) -> None:
    """COL-5.9.9: not above what the customer has left."""
    await funds.top_up("100.00")
    await funds.allocate((funds.qingshi, "100"))
    (entry,) = await funds.recall((funds.qingshi, "40.01"), actor=funds.partner_finance)
    assert (entry.kind, entry.balance_before, entry.balance_after) == (EntryKind.RECALLED, 10000, 5999)
    assert (await funds.held())[0] == 4001
    (refused,) = await funds.try_to(domain.recall, (funds.qingshi, "60"))
    assert [type(error) for error in refused.errors] == [CustomerBalanceNotEnoughError]
    assert refused.errors[0].data() == {"available": "59.99"}
    assert (await funds.has(funds.qingshi))[0] == 5999


async def test_what_is_no_amount_is_refused(funds: Funds) -> None:
    """COL-5.9.9: above zero, at most two decimals."""
    for amount in ("0", "0.00", "-1", "1.001", "1e3", "", "１００", "1,000", " 5", "五", "NaN", "9" * 20):
        (refused,) = await funds.try_to(domain.allocate, (funds.qingshi, amount))
        assert [type(error) for error in refused.errors] == [TransferAmountError], amount
    assert await funds.ledger() == []


async def test_what_is_designated_is_never_allocated(funds: Funds) -> None:
    """COL-5.9.9: not above amount - designated_amount."""
    await funds.top_up("100")
    await funds.designate("60")
    assert await funds.held() == (10000, 6000, 4000)
    (refused,) = await funds.try_to(domain.allocate, (funds.qingshi, "40.01"))
    assert [error.data() for error in refused.errors] == [{"available": "40.00"}]
    await funds.allocate((funds.qingshi, "40"))
    assert await funds.held() == (6000, 6000, 0)
    error = await funds.store.refused(
        funds.finance,
        DesignatedTooHighError,
        lambda work: domain.designate(work, funds.partner_id, "60.01", reason="专项"),
    )
    assert error.data() == {"amount": "60.00"}
    await funds.store.refused(
        funds.finance,
        BalanceNotEnoughError,
        lambda work: domain.take_off(work, funds.partner_id, "0.01", reason="退款"),
    )
    await funds.designate("0")
    await funds.do(funds.finance, lambda work: domain.take_off(work, funds.partner_id, "60", reason="退款"))
    assert await funds.held() == (0, 0, 0)


async def test_each_row_of_a_batch_has_a_result_of_its_own(funds: Funds) -> None:
    """COL-5.9.9, COL-5.1: referral and foreign customers, a repeat and too much among those that go through."""
    await funds.top_up("100")
    theirs = await funds.linking.new_customer(
        *("深圳南山网络有限公司", "nanshan", AssociationType.RESALE),
        partner_id=funds.linking.pipeline.cast.yunfan.id,
        account_manager_id=None,
    )
    results = await funds.try_to(
        domain.allocate,
        (funds.qingshi, "10"),
        (funds.linking.referral, "10"),
        (theirs, "10"),
        (funds.qingshi, "10"),
        (funds.hupan, "90.01"),
        (funds.hupan, "90"),
    )
    assert [[type(error) for error in one.errors] for one in results] == [
        [],
        [NotAResaleCustomerError],
        [NotFoundError],
        [CustomerRepeatedError],
        [BalanceNotEnoughError],
        [CustomerRepeatedError],
    ]
    assert (await funds.has(funds.qingshi), await funds.has(funds.hupan)) == ((1000, 0, 1000), (0, 0, 0))
    (both,) = await funds.try_to(domain.recall, (funds.linking.referral, "0"))
    assert [type(error) for error in both.errors] == [TransferAmountError, NotAResaleCustomerError]


async def test_a_batch_names_one_to_a_hundred_customers(funds: Funds) -> None:
    """COL-5.9.9."""
    for asked, error in (
        ([], NoTransferNamedError),
        ([Transfer(funds.qingshi.id, "1")] * 101, TooManyTransfersError),
    ):
        await funds.store.refused(funds.main, error, lambda work: domain.allocate(work, asked))  # noqa: B023
    foreign = [Transfer(funds.qingshi.id, "1", "USD")]
    (one,) = await funds.do(funds.main, lambda work: domain.allocate(work, foreign))
    assert [type(error) for error in one.errors] == [ValueNotAllowedError]


async def test_who_allocates_and_who_keeps_balances(funds: Funds) -> None:
    """COL-7.2: administrators and finance of the partner; what a partner has is kept by Huawei's finance alone."""
    await funds.top_up("100")
    asked = [Transfer(funds.qingshi.id, "1")]
    pipeline = funds.linking.pipeline
    for actor in (pipeline.administrator, funds.partner_finance):
        await funds.allocate((funds.qingshi, "1"), actor=actor)
    for actor in (pipeline.manager, pipeline.pdm, pipeline.operations, funds.finance, funds.linking.resale_person):
        await funds.store.refused(actor, PermissionDeniedError, lambda work: domain.allocate(work, asked))
    for actor in (funds.main, pipeline.operations, pipeline.pdm, pipeline.auditor, pipeline.platform):
        await funds.store.refused(
            actor,
            PermissionDeniedError,
            lambda work: domain.top_up(work, funds.partner_id, "1", reason="汇款"),
        )
        await funds.store.refused(
            actor, PermissionDeniedError, lambda work: domain.charge(work, funds.qingshi.id, "1", reason="账单")
        )
    await funds.store.refused(
        funds.finance, ReasonRequiredError, lambda work: domain.top_up(work, funds.partner_id, "1", reason=" ")
    )


async def test_who_sees_the_ledger(funds: Funds) -> None:
    """The field table: partner's administration, Huawei's finance, PDM, operations and audit; a customer its own."""
    await funds.top_up("100")
    (mine,) = await funds.allocate((funds.qingshi, "1"))
    (other,) = await funds.allocate((funds.hupan, "1"))
    pipeline = funds.linking.pipeline
    async with funds.store.reader() as session:

        async def seen(actor: Any) -> set[Any]:
            return set((await session.execute(select(BalanceEntry.id).where(BalanceEntry.visible_to(actor)))).scalars())

        everything = {entry.id for entry in await funds.ledger()}
        for actor in (funds.main, pipeline.administrator, funds.partner_finance, funds.finance, pipeline.pdm):
            assert await seen(actor) == everything, actor.name
        for actor in (pipeline.operations, pipeline.auditor):
            assert await seen(actor) == everything, actor.name
        for actor in (pipeline.manager, pipeline.other_main, pipeline.psm, pipeline.bd, pipeline.owner):
            assert await seen(actor) == set(), actor.name
        for actor in (pipeline.koogallery, pipeline.platform, funds.linking.referral_person):
            assert await seen(actor) == set(), actor.name
        assert await seen(funds.linking.resale_person) == {mine.id}
        assert other.id not in await seen(funds.linking.resale_person)


async def test_what_a_balance_does_not_cover_is_arrears_and_an_allocation_pays_them_first(funds: Funds) -> None:
    """COL-5.7.2: available credit shows what is owed; COL-5.5.4: the partner allocates to clear it."""
    await funds.top_up("100")
    await funds.allocate((funds.qingshi, "10"))
    entry = await funds.charge(funds.qingshi, "25.50")
    assert (entry.balance_after, entry.arrears_after) == (0, 1550)
    assert await funds.has(funds.qingshi) == (0, 1550, -1550)
    person = funds.linking.resale_person
    error = await funds.store.refused(
        person,
        DomainError,
        lambda work: association_request.unlink_from_partner(work, reason=WHY, understood=True),
    )
    assert CustomerInArrearsError in [type(one) for one in error]
    await funds.allocate((funds.qingshi, "20"))
    assert await funds.has(funds.qingshi) == (450, 0, 450)
    kinds = [entry.kind for entry in await funds.ledger(customer_id=funds.qingshi.id)]
    assert kinds == [EntryKind.ALLOCATED, EntryKind.CHARGED, EntryKind.ALLOCATED, EntryKind.ARREARS_PAID]
    await funds.linking.ask(person)


async def test_what_a_customer_has_left_returns_to_the_partner_when_it_is_un_linked(funds: Funds) -> None:
    """COL-5.6.1."""
    await funds.top_up("100")
    await funds.allocate((funds.qingshi, "30"), (funds.hupan, "5"))
    await funds.charge(funds.qingshi, "7.25")
    request = await funds.linking.unlink(funds.qingshi)
    looked = await funds.do(funds.linking.resale_person, lambda work: association_request.outlook_on(work, request.id))
    assert any("22.75" in effect.zh and "22.75" in effect.en for effect in looked.effects)
    await funds.do(funds.linking.resale_person, lambda work: association_request.agree(work, request.id))
    assert (await funds.linking.again(funds.qingshi)).partner_id is None
    assert (await funds.held(), await funds.has(funds.qingshi)) == ((8775, 0, 8775), (0, 0, 0))
    last = (await funds.ledger())[-1]
    assert (last.kind, last.amount, last.by_name) == (EntryKind.RETURNED, 2275, "shi.qing")
    assert (await funds.has(funds.hupan))[0] == 500


async def test_it_returns_on_a_switch_out_of_resale_and_on_a_move_to_a_reseller(funds: Funds) -> None:
    """COL-5.6.1, COL-5.1.4."""
    await funds.top_up("100")
    await funds.allocate((funds.qingshi, "30"), (funds.hupan, "5"))
    request = await funds.linking.switch(funds.qingshi, AssociationType.REFERRAL)
    await funds.do(funds.linking.resale_person, lambda work: association_request.agree(work, request.id))
    assert (await funds.held(), await funds.has(funds.qingshi)) == ((9500, 0, 9500), (0, 0, 0))

    async def reseller(work: Work) -> None:
        found = await work.session.get_one(PartnerOrganisation, funds.linking.pipeline.cast.yunfan.id)
        found.kind, found.pdm_id = PartnerKind.RESELLER, funds.linking.pipeline.pdm.id

    await funds.do(operator_actor(), reseller)
    pdm = await funds.store.actor(funds.linking.pipeline.cast.zhou_pdm)
    target = funds.linking.pipeline.cast.yunfan.id
    await funds.do(pdm, lambda work: association.migrate(work, [funds.hupan.id], target, reason="迁移"))
    assert (await funds.held(), await funds.has(funds.hupan)) == ((10000, 0, 10000), (0, 0, 0))


async def test_nothing_returns_where_nothing_is(funds: Funds) -> None:
    """COL-5.6.1: a referral customer, and one in resale that never had anything."""
    request = await funds.linking.unlink(funds.linking.referral)
    await funds.do(funds.linking.referral_person, lambda work: association_request.agree(work, request.id))
    request = await funds.linking.unlink(funds.qingshi)
    await funds.do(funds.linking.resale_person, lambda work: association_request.agree(work, request.id))
    assert (await funds.ledger(), await funds.linking.every(CustomerFunds)) == ([], [])


async def test_a_code_is_asked_for_where_the_partner_has_it_so(funds: Funds) -> None:
    """COL-5.12: allocation, for all of a batch one code."""
    await funds.top_up("100")
    await funds.linking.switch_codes_on()
    partner, asked = funds.linking.pipeline.cast.huaqi, [Transfer(funds.qingshi.id, "1")]
    for deed, operation in ((domain.allocate, "balance.allocate"), (domain.recall, "balance.recall")):
        await funds.store.refused(funds.main, VerificationCodeRequiredError, lambda work: deed(work, asked))  # noqa: B023
        code = await funds.linking.code(funds.main, operation, partner)
        (one,) = await funds.try_to(deed, (funds.qingshi, "1"), verification_code=code)
        assert one.errors == ()
        funds.store.clock.forward(minutes=2)


async def test_an_entry_is_never_changed_and_a_balance_never_negative(funds: Funds) -> None:
    """COL-5.9.9: the tables refuse what no action does."""
    await funds.top_up("1")

    async def rewrite(work: Work) -> None:
        (await work.first(sa.select(BalanceEntry))).reason = "改"

    async def erase(work: Work) -> None:
        await work.remove(await work.first(sa.select(BalanceEntry)))

    async def overdraw(work: Work) -> None:
        found = await work.first(sa.select(PartnerBalance))
        found.amount = found.available_amount = -1

    for deed, error in ((rewrite, TypeError), (erase, TypeError), (overdraw, sa.exc.IntegrityError)):
        await funds.store.refused(operator_actor(), error, deed)


async def test_two_allocations_over_the_last_yuan_leave_one(funds: Funds) -> None:
    """COL-5.9.9, really side by side on both databases."""
    for _ in range(3):
        await funds.top_up("1")
        outcomes = await together(
            funds.try_to(domain.allocate, (funds.qingshi, "1")),
            funds.try_to(domain.allocate, (funds.hupan, "1"), actor=funds.partner_finance),
            funds.try_to(domain.allocate, (funds.qingshi, "1"), actor=funds.linking.administrator),
        )
        errors = [one.errors for results in outcomes for one in results]
        assert sorted(len(one) for one in errors) == [0, 1, 1]
        assert (await funds.held())[0] == 0
    await agree_with_the_ledger(funds)


async def test_recalls_charges_and_an_un_linking_at_one_moment_lose_no_money(funds: Funds) -> None:
    """COL-5.9.9, COL-5.6.1."""
    await funds.top_up("100")
    await funds.allocate((funds.qingshi, "50"), (funds.hupan, "50"))
    request = await funds.linking.unlink(funds.qingshi)
    person = funds.linking.resale_person
    await together(
        funds.do(person, lambda work: association_request.agree(work, request.id)),
        funds.try_to(domain.recall, (funds.hupan, "20"), (funds.qingshi, "20")),
        funds.try_to(domain.recall, (funds.qingshi, "45"), (funds.hupan, "45"), actor=funds.partner_finance),
        funds.charge(funds.hupan, "10"),
        funds.charge(funds.qingshi, "10"),
    )
    assert (await funds.linking.again(funds.qingshi)).partner_id is None
    assert (await funds.has(funds.qingshi))[0] == 0
    await agree_with_the_ledger(funds)


@pytest.mark.parametrize("seed", [7, 11])
async def test_whatever_is_done_the_ledger_adds_up_to_the_balances(funds: Funds, seed: int) -> None:
    """COL-5.9.9: a property of every course of deeds, refused ones among them."""
    chance = random.Random(seed)
    customers = [funds.qingshi, funds.hupan, funds.linking.referral]
    for _ in range(25):
        amount = f"{chance.randrange(1, 30_000) / YUAN:.2f}"
        customer = chance.choice(customers)
        rows = [(customer, amount), (chance.choice(customers), amount)]
        try:
            match chance.randrange(6):
                case 0:
                    await funds.top_up(amount)
                case 1:
                    await funds.designate(amount)
                case 2:
                    await funds.charge(customer, amount)
                case 3:
                    await funds.try_to(domain.recall, *rows)
                case _:
                    await funds.try_to(domain.allocate, *rows)
        except DomainError:
            pass
    assert await agree_with_the_ledger(funds) > 5


async def agree_with_the_ledger(funds: Funds) -> int:
    """See that each entry begins where the one before ended, that none is negative, and that sums are balances."""
    entries = await funds.ledger(partner_id=funds.partner_id)
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    amount = designated = 0
    own: dict[Any, tuple[int, int]] = {}
    for entry in entries:
        assert (entry.amount_before, entry.designated_before) == (amount, designated)
        amount, designated = entry.amount_after, entry.designated_after
        assert 0 <= designated <= amount
        if entry.customer_id is not None:
            assert (entry.balance_before, entry.arrears_before) == own.get(entry.customer_id, (0, 0))
            assert entry.balance_after is not None
            assert entry.arrears_after is not None
            own[entry.customer_id] = entry.balance_after, entry.arrears_after
            assert min(own[entry.customer_id]) >= 0
    assert await funds.held() == (amount, designated, amount - designated)
    rows = {row.id: (row.balance, row.arrears) for row in await funds.linking.every(CustomerFunds)}
    assert rows == own
    kinds = {kind: sum(entry.amount for entry in entries if entry.kind is kind) for kind in EntryKind}
    paid_in = kinds[EntryKind.TOPPED_UP] - kinds[EntryKind.TAKEN_OFF]
    spent = kinds[EntryKind.CHARGED] - sum(owes for _, owes in own.values())
    # What was paid in is with the partner, with its customers, or spent; nothing came or went otherwise.
    assert paid_in == amount + sum(has for has, _ in own.values()) + spent
    return len(entries)
