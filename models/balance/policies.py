"""The numbers of allocating, as dated rows."""

from typing import Final

from models.kernel.policy import Policy

MOST_AT_ONCE: Final = Policy(
    "balance.most_at_once", 100, "单次批量拨款或回收客户数上限", "Customers that one allocation or recall may name"
)
