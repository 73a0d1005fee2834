"""What can stand against a deal registration, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError


class CustomerNotChoosableError(DomainError):
    """The customer is neither reported by nor associated with this partner, or is not this manager's (COL-6.1.1)."""

    zh = "只能选择已报备或已关联的客户；客户经理只能选择本人报备或分配给本人的客户。"
    en = "Choose a customer that is reported or associated; an account manager chooses among his own."
    cbc = "CBC.0155"


class OneCustomerRequiredError(DomainError):
    """A deal is about one customer: an associated one, or one that was reported (COL-6.1.1)."""

    zh = "请选择一个已关联客户或一个已报备客户。"
    en = "Choose one customer: an associated one, or a reported one."


class NotRegisteredYetError(DomainError):
    """Progress is told of what has been registered."""

    zh = "商机尚未提交报备，不能更新进展。"
    en = "The deal is not registered yet, so there is no progress to tell."
    cbc = "CBC.0155"


class DayBeforeError(DomainError):
    """A day lies before the earliest that makes sense."""

    zh = "日期不能早于 {earliest}。"
    en = "The day cannot be before {earliest}."
