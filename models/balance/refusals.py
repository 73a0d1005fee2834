"""What can stand against moving money, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError


class TransferAmountError(DomainError):
    """An amount is above zero, with two decimals at most (COL-5.9.9)."""

    zh = "金额须大于 0，最多两位小数：{value}。"
    en = "The amount must be above 0 with at most two decimals; it is {value}."
    cbc = "CBC.0100"


class BalanceNotEnoughError(DomainError):
    """What a partner allocates is not above its balance without what is designated (COL-5.9.9)."""

    zh = "伙伴账户可拨款余额不足：可用 {available} 元（余额减去专款专用）。"
    en = "The partner's balance without what is designated is {available}; this is more."
    cbc = "CBC.0155"


class CustomerBalanceNotEnoughError(DomainError):
    """What is recalled is not above what the customer has left (COL-5.9.9)."""

    zh = "客户账户余额不足：可回收 {available} 元。"
    en = "The customer has {available} left; this is more."
    cbc = "CBC.0155"


class NotAResaleCustomerError(DomainError):
    """Only customers in resale have money of their partner's (COL-5.1)."""

    zh = "仅代售客户支持此操作；顾问销售客户禁止调账。"
    en = "This is for customers in resale; for referral customers it is forbidden."
    cbc = "CBC.0155"


class NoTransferNamedError(DomainError):
    """A batch names at least one customer."""

    zh = "请至少选择一个客户。"
    en = "Name at least one customer."


class TooManyTransfersError(DomainError):
    """A batch names no more customers than are moved at once."""

    zh = "单次最多 {maximum} 个客户，当前 {count} 个。"
    en = "At most {maximum} customers at once; these are {count}."


class CustomerRepeatedError(DomainError):
    """The same customer stands twice in one batch."""

    zh = "同一客户在本次批量操作中重复。"
    en = "The same customer stands twice in this batch."


class DesignatedTooHighError(DomainError):
    """What is designated is part of the balance."""

    zh = "专款专用金额不能大于伙伴账户余额 {amount} 元。"
    en = "What is designated cannot be more than the balance of {amount}."
