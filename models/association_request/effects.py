"""What follows from an un-link or a switch, told before anybody confirms it (COL-5.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from models.association import GRACE_AFTER_RESALE, GRACE_IN_RESALE
from models.association_request.policies import REFUND_DAYS
from models.association_request.record import AssociationRequest
from models.association_request.words import AssociationRequestKind, EffectKind
from models.customer import AssociationType, Customer
from models.kernel.work import Work

Ended = Callable[[Work, Customer, AssociationRequest], Awaitable[None]]
BalanceOf = Callable[[Work, UUID, UUID], Awaitable[str | None]]
_ended: list[Ended] = []
_balances: list[BalanceOf] = []


def on_unlinked(hook: Ended) -> Ended:
    """Let a layer above do its part when a customer is un-linked, or leaves resale by a switch (COL-5.6.1).

    It runs in the same transaction, while the customer's row, held, still names its partner and type.
    """
    if hook not in _ended:
        _ended.append(hook)
    return hook


def tells_balance(hook: BalanceOf) -> BalanceOf:
    """Let the layer that keeps balances say what a partner's customer has left, as an amount with its currency."""
    if hook not in _balances:
        _balances.append(hook)
    return hook


async def do_what_ends(work: Work, customer: Customer, request: AssociationRequest) -> None:
    """Let every layer do its part."""
    for hook in _ended:
        await hook(work, customer, request)


@dataclass(frozen=True)
class Effect:
    """One thing that follows (影响说明)."""

    kind: EffectKind
    zh: str
    en: str


TEXTS: Final[dict[str, tuple[EffectKind, str, str]]] = {
    # COL-5.6.1
    "balance": (
        EffectKind.BALANCE,
        "客户的代售余额{amount}将退回伙伴账户。",
        "The customer's resale balance{amount} returns to the partner's account.",
    ),
    # COL-5.6.2
    "vouchers": (
        EffectKind.VOUCHERS,
        "华为云发放的代金券可继续使用；伙伴发放的代金券退回伙伴。",
        "Vouchers issued by Huawei Cloud stay usable; vouchers issued by the partner go back to it.",
    ),
    "coupons": (EffectKind.CASH_COUPONS, "现金券退回其发放方。", "Cash coupons go back to whoever issued them."),
    # COL-5.6.3
    "refunds_of_resale": (
        EffectKind.REFUNDS,
        "关联期间以代售余额支付的资源及由伙伴代付的订单，后续退款退回伙伴账户。",
        "Later refunds of what was paid from resale balance or by the partner go to the partner's account.",
    ),
    "refunds_of_referral": (
        EffectKind.REFUNDS,
        "关联期间客户自行支付的资源，后续退款退回客户账户；由伙伴代付的订单退回伙伴账户。",
        "Later refunds of what the customer paid itself go to the customer; those of orders paid by the partner to it.",
    ),
    # COL-5.6.4
    "settlement": (
        EffectKind.SETTLEMENT,
        "客户已向伙伴支付但未消费的款项，由客户与伙伴自行结算。",
        "Money that the customer paid to the partner and did not spend is settled between the two.",
    ),
    # COL-5.6.5
    "arrival": (
        EffectKind.REFUND_ARRIVAL,
        "余额支付及第三方在线支付的退款约 {days} 个工作日退至华为云账户；伙伴代付订单退至伙伴账户。",
        "Refunds of balance and of online payments arrive in the Huawei Cloud account after about {days} working day; "
        "those of orders paid by the partner in the partner's account.",
    ),
    "arrival_in_resale": (
        EffectKind.REFUND_ARRIVAL,
        "切换为代售后，此前由客户支付部分的退款约 {days} 个工作日退至客户账户，客户可申请提现。",
        "After the switch to resale, refunds of what the customer paid before reach its account after about {days} "
        "working day, and it may apply to withdraw them.",
    ),
    # COL-5.3.13
    "grace_after": (
        EffectKind.GRACE,
        "按需资源宽限期不足 {days} 天的，调整为 {days} 天。",
        "A grace period of pay-per-use resources below {days} days becomes {days} days.",
    ),
    # COL-5.8.2
    "manager": (
        EffectKind.MANAGER,
        "客户与其客户经理的归属关系随之结束。",
        "The customer's assignment to its account manager ends.",
    ),
    # COL-5.1
    "pays_huawei": (
        EffectKind.PAYMENT,
        "此后客户直接与华为云交易、付款并取得发票。",
        "From then on the customer trades with Huawei Cloud, pays it and gets its invoices.",
    ),
    "pays_partner": (
        EffectKind.PAYMENT,
        "此后客户与伙伴交易，只能使用伙伴的拨款，发票由伙伴开具，不能自行充值。",
        "From then on the customer trades with the partner, spends its allocations only, and cannot top up itself.",
    ),
}


async def effects_of(
    work: Work, customer: Customer, kind: AssociationRequestKind, to_type: AssociationType | None = None
) -> Sequence[Effect]:
    """Tell what would follow for this customer (COL-5.6.1 to COL-5.6.5), for both sides alike."""
    from_resale = customer.association_type is AssociationType.RESALE
    unlinks = kind is AssociationRequestKind.UNLINK
    to_resale = to_type is AssociationType.RESALE
    refund_days = await work.policy(REFUND_DAYS)
    found = [_say("balance", amount=await _balance(work, customer))] if from_resale else []
    found += [_say("vouchers"), _say("coupons")]
    found.append(_say("refunds_of_resale" if from_resale else "refunds_of_referral"))
    if from_resale:
        found.append(_say("settlement"))
    found.append(_say("arrival_in_resale" if to_resale else "arrival", days=refund_days))
    if from_resale or to_resale:
        days = await work.policy(GRACE_AFTER_RESALE if from_resale else GRACE_IN_RESALE)
        found.append(_say("grace_after", days=days))
    if unlinks and customer.account_manager_id is not None:
        found.append(_say("manager"))
    if from_resale or to_resale:
        found.append(_say("pays_partner" if to_resale else "pays_huawei"))
    return found


async def _balance(work: Work, customer: Customer) -> str:
    if customer.partner_id is None:
        return ""
    told = [await hook(work, customer.partner_id, customer.id) for hook in _balances]
    return "".join(f" {one} " for one in told if one)


def _say(name: str, **facts: Any) -> Effect:
    kind, zh, en = TEXTS[name]
    return Effect(kind, zh.format(**facts), en.format(**facts))
