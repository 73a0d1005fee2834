"""What partners and customers have and may use, in GraphQL: the rows that their own types point to."""

from __future__ import annotations

from typing import Any

from models import balance, budget
from models.budget import BudgetType, Exhaustion
from resolvers.fields import Node, computed, node
from resolvers.scalars import Instant, Money
from resolvers.words import publish

publish(BudgetType, Exhaustion)


def money(column: str, description: str) -> Any:
    """Declare an amount in the currency of its row."""
    return computed(
        column, "currency", of=lambda row, _: Money.of(row[column], row["currency"]), description=description
    )


@node(balance.PartnerBalance, description="What a partner has to give to its resale customers.")
class PartnerBalance(Node):
    """A partner's balance (伙伴账户余额)."""

    amount: Money | None = money("amount", "The whole balance.")
    designated_amount: Money | None = money("designated_amount", "What of it is earmarked and never allocated.")
    available_amount: Money | None = money("available_amount", "What can be allocated: the balance without that.")
    updated_at: Instant
    version: int


@node(balance.CustomerFunds, description="What a resale customer has of its partner's money.")
class CustomerFunds(Node):
    """A customer's funds (客户账户余额)."""

    balance: Money | None = money("balance", "What it has left of allocations.")
    arrears: Money | None = money("arrears", "What it owes.")
    available_credit: Money | None = money(
        "available_credit", "What it may still spend; in arrears, what it owes, below zero (COL-5.7.2)."
    )
    updated_at: Instant
    version: int


@node(budget.CustomerBudget, description="What a resale customer may use, where the international regime holds.")
class CustomerBudget(Node):
    """A customer's budget (客户预算)."""

    budget_type: BudgetType | None
    exhaustion: Exhaustion | None
    amount: Money | None = money("amount", "The budget.")
    used: Money | None = money("used", "What is used of it in `usedMonth`, or of a one-time budget in all.")
    used_month: str | None
    updated_at: Instant
    version: int
