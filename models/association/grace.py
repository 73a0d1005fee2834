"""How the grace period of pay-per-use resources follows the association type."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from models.customer import CustomerStanding, standing_of
from models.kernel.policy import Policy
from models.kernel.work import Work

GRACE_IN_RESALE: Final = Policy(
    "association.grace_days_in_resale", 1, "代售客户按需资源宽限期下限（天）", "Least grace period in resale, in days"
)
GRACE_AFTER_RESALE: Final = Policy(
    "association.grace_days_after_resale",
    7,
    "退出代售后按需资源宽限期下限（天）",
    "Least grace period after leaving resale, in days",
)


async def grace_in_resale(work: Work, customer_id: UUID) -> None:
    """Lift a grace period below one day to one day when a customer comes to resale (COL-5.3.13)."""
    await _at_least(work, customer_id, await work.policy(GRACE_IN_RESALE))


async def grace_after_leaving_resale(work: Work, customer_id: UUID) -> None:
    """Lift a grace period below seven days to seven days when a customer leaves resale (COL-5.3.13)."""
    await _at_least(work, customer_id, await work.policy(GRACE_AFTER_RESALE))


async def _at_least(work: Work, customer_id: UUID, days: int) -> None:
    standing = await standing_of(work, customer_id)
    if standing is None:
        standing = work.add(
            CustomerStanding(customer_id=customer_id, grace_days=0, created_at=work.now, updated_at=work.now)
        )
    if standing.grace_days < days:
        standing.grace_days = days
        standing.updated_at = work.now
