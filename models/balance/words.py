"""The words in which the ledger of balances is written."""

from __future__ import annotations

from models.kernel.words import Word


class EntryKind(Word):
    """What moved money in the ledger (调账类型)."""

    TOPPED_UP = "TOPPED_UP", "伙伴充值", "Topped up"
    TAKEN_OFF = "TAKEN_OFF", "伙伴扣减", "Taken off"
    DESIGNATED = "DESIGNATED", "专款专用调整", "Designated"
    ALLOCATED = "ALLOCATED", "拨款", "Allocated"
    RECALLED = "RECALLED", "回收", "Recalled"
    RETURNED = "RETURNED", "解绑回收", "Returned on un-linking"
    CHARGED = "CHARGED", "消费扣款", "Charged"
    ARREARS_PAID = "ARREARS_PAID", "结清欠费", "Arrears paid"
