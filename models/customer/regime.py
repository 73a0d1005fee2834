"""Which site's rules hold for resale customers: China's, or the international site's."""

from __future__ import annotations

from typing import Final

from models.kernel.errors import DomainError
from models.kernel.policy import Policy
from models.kernel.work import Work

INTERNATIONAL: Final = Policy(
    "customer.international_regime",
    False,
    "代售客户适用国际站制度（默认冻结、预算）；否则适用中国站制度（拨款）",
    "Resale customers follow the international site: frozen by default, budgets; else China's: allocation",
)


class InternationalRegimeError(DomainError):
    """Budgets and freezing of resources belong to the international site's regime (COL-5.10)."""

    zh = "此操作属于国际站制度，当前未启用；中国站请使用拨款与回收。"
    en = "This belongs to the international site's regime, which is off; here money is allocated and recalled."
    cbc = "CBC.0155"


async def international(work: Work) -> bool:
    """Tell whether the international site's rules hold now."""
    return await work.policy(INTERNATIONAL)
