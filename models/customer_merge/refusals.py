"""What may stand against merging two customers, and against taking a merge back."""

from __future__ import annotations

from models.kernel.errors import DomainError, Remedy


class SameCustomerError(DomainError):
    """A customer is not merged with itself."""

    zh = "请选择两个不同的客户。"
    en = "Name two different customers."


class DifferentPartnersError(DomainError):
    """A customer is with one partner only, so two that are with two cannot become one (COL-5.1.2)."""

    zh = "两个客户关联了不同的合作伙伴，不能合并。"
    en = "The two customers are associated with different partners and cannot be merged."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class TwoAccountsError(DomainError):
    """Each Huawei Cloud account is billed by itself; two accounts are two customers."""

    zh = "两个客户各有华为云账号，消费与账单分别计算，不能合并。"
    en = "Each of the two has a Huawei Cloud account of its own, billed by itself; they cannot be merged."
    cbc = "CBC.0155"


class MergedHoldsError(DomainError):
    """What cannot follow decides who stays."""

    zh = "将被合并的客户有{holding}，无法转移；请让该客户保留，合并另一个。"
    en = "The customer to be merged away has {holding}, which cannot follow; let it be the one that stays."
    cbc = "CBC.0155"


class RequestPendingError(DomainError):
    """While a decision is awaited, both customers stay as they are."""

    zh = "客户有{request}尚未结束，请待其结束后再操作。"
    en = "For one of the customers there is {request} that has not ended; wait for its end."
    cbc = "CBC.0155"


class MergeTooLargeError(DomainError):
    """What follows must fit into one transaction."""

    zh = "将被合并的客户有 {count} 条关联数据，超过 {maximum} 条；请让该客户保留，合并另一个。"
    en = "{count} records hang on the customer to be merged away, more than {maximum}; let it be the one that stays."
    cbc = "CBC.0155"


class MergeUndoneError(DomainError):
    """A merge is taken back once."""

    zh = "该合并已撤销。"
    en = "The merge has been taken back already."


class LaterMergeError(DomainError):
    """Merges are taken back in the reverse order, so that each restores what it found."""

    zh = "该客户之后又合并了其他客户，请先撤销后一次合并。"
    en = "Another customer was merged into this one later; take that merge back first."


class SurvivorMovedError(DomainError):
    """Where the survivor went to another partner, what was merged into it cannot return to the former."""

    zh = "合并后客户的关联关系已变更，不能撤销合并。"
    en = "The survivor's association has changed since; the merge cannot be taken back."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"
