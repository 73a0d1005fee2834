"""Budgets of resale customers, as the international site has them."""

from models.budget.record import (
    BudgetAdjustment,
    BudgetGrant,
    BudgetType,
    CustomerBudget,
    Exhaustion,
)

__all__ = ["BudgetAdjustment", "BudgetGrant", "BudgetType", "CustomerBudget", "Exhaustion"]
