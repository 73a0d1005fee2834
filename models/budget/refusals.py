"""What can stand against budgets, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError


class BudgetRequiredError(DomainError):
    """A customer that is frozen by default is unfrozen after its budget is set (COL-5.10.1)."""

    zh = "请先为该客户设置预算，再解冻。"
    en = "Set the customer's budget first; then unfreeze it."
    cbc = "CBC.0155"


class BudgetNotPermittedError(DomainError):
    """A reseller sets budgets and freezes by its distributor's permission only (COL-5.10.6)."""

    zh = "总经销商未授予贵司设置预算和冻结客户的权限。"
    en = "Your distributor has not granted you to set budgets or freeze customers."
    cbc = "CBC.0151"


class BudgetQuotaExceededError(DomainError):
    """A reseller's budgets stay within what its distributor granted (COL-5.10.6)."""

    zh = "超出总经销商授予的预算额度：额度 {quota} 元，其他客户已占用 {given} 元。"
    en = "This exceeds your distributor's quota of {quota}; other customers have {given} of it."
    cbc = "CBC.0155"


class NotYourResellerError(DomainError):
    """A distributor grants to its own resellers."""

    zh = "只能向本公司下级云经销商授权。"
    en = "You grant to your own resellers only."
    cbc = "CBC.0155"


class BudgetUsedLessError(DomainError):
    """What a customer has used in a month does not shrink."""

    zh = "已使用金额不能减少：已记录 {used} 元。"
    en = "What is used does not shrink; {used} is recorded."
