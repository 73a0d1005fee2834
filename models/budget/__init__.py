"""Budgets of resale customers, as the international site has them."""

from models.budget.actions import (
    BudgetAsked,
    BudgetSet,
    grant,
    month_of,
    revoke,
    set_budgets,
    use,
    used_now,
)
from models.budget.record import (
    BudgetAdjustment,
    BudgetGrant,
    BudgetType,
    CustomerBudget,
    Exhaustion,
)
from models.budget.refusals import (
    BudgetNotPermittedError,
    BudgetQuotaExceededError,
    BudgetRequiredError,
    BudgetUsedLessError,
    NotYourResellerError,
)

__all__ = [
    "BudgetAdjustment",
    "BudgetAsked",
    "BudgetGrant",
    "BudgetNotPermittedError",
    "BudgetQuotaExceededError",
    "BudgetRequiredError",
    "BudgetSet",
    "BudgetType",
    "BudgetUsedLessError",
    "CustomerBudget",
    "Exhaustion",
    "NotYourResellerError",
    "grant",
    "month_of",
    "revoke",
    "set_budgets",
    "use",
    "used_now",
]
