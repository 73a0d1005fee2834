"""Who is told that a budget is used up."""

from __future__ import annotations

from typing import Final

from models.budget.record import CustomerBudget
from models.kernel.work import Work
from models.notice import Message, NoticeKind, Severity, Subject, describe, main_account, tell
from models.rights import Right

USED_UP: Final = NoticeKind(
    "budget.used_up",
    "客户预算已用完",
    "A customer's budget is used up",
    "客户预算 {amount} 已用完（已用 {used}），请手动冻结或调整预算。",
    "A customer's budget of {amount} is used up ({used} used); freeze it or set another.",
    Severity.ACTION,
    (Right.BUDGET_SET,),
)
describe(Subject(CustomerBudget, "customer-budgets", ("amount", "used", "currency", "budget_type"), ("amount", "used")))


async def tell_of_exhaustion(work: Work, budget: CustomerBudget) -> None:
    """Tell the partner that freezes by hand (COL-5.10.5)."""
    receivers = {id for id in await main_account(work, budget) if id}
    await tell(work, [Message(USED_UP, budget, receivers, f"{budget.used_month} {budget.amount}")])
