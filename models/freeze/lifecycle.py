"""How a freeze ends: lifted, run out, restored with the month, or gone with the association."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import Customer, FreezeState
from models.customer.regime import international
from models.freeze.record import CustomerFreeze, FreezeStatus
from models.freeze.refusals import FrozenPartnerCannotThawError
from models.kernel.journal import Operation
from models.kernel.lifecycle import TIMER, Deadline, Found, Lifecycle, Move, State, Transition
from models.kernel.policy import Policy
from models.kernel.work import Work
from models.partner import PartnerOrganisation
from models.rights import Right

DATA_DAYS: Final = Policy(
    "freeze.data_days",
    15,
    "账号和资源冻结后数据保留天数（自然日）",
    "Days for which the data of frozen resources is kept",
)
BEGIN: Final = Operation(
    "CustomerFreeze.freeze", "冻结客户", "Freeze the customer", "csbchannelsalesCustomer", "freezeCustomer"
)
_LIFT = ("csbchannelsalesCustomer", "unfreezeCustomer")
_HOLDING = (FreezeStatus.FROZEN, FreezeStatus.EXHAUSTED, FreezeStatus.RESOURCES_DELETED)


async def frozen_partner_lifts_accounts_only(work: Work, move: Move) -> Found:
    """A frozen partner lifts freezes of accounts, not of resources (COL-5.10.7)."""
    freeze: CustomerFreeze = move.record
    if freeze.kind is FreezeState.ACCOUNT or not await international(work):
        return []
    return [FrozenPartnerCannotThawError()] if await is_frozen(work, freeze.partner_id) else []


async def is_frozen(work: Work, partner_id: UUID | None) -> bool:
    """Tell whether a partner is frozen."""
    return bool(await work.first(select(PartnerOrganisation.frozen).where(col(PartnerOrganisation.id) == partner_id)))


async def _thaw(work: Work, move: Move) -> None:
    """Say on the customer that it is no longer frozen (COL-5.10.8)."""
    await show(work, move.record.customer_id, FreezeState.NOT_FROZEN)


async def show(work: Work, customer_id: UUID, state: FreezeState) -> None:
    """Say on the customer itself whether it is frozen (COL-5.10.8)."""
    customer: Customer | None = await work.first(
        select(Customer).where(Customer.id == customer_id).with_for_update().execution_options(populate_existing=True)
    )
    if customer is not None and customer.frozen is not state:
        customer.frozen = state
        customer.version += 1
        customer.updated_at = work.now


FREEZE: Lifecycle[FreezeStatus] = Lifecycle(
    CustomerFreeze,
    Transition(
        "lift",
        "解冻",
        "Unfreeze",
        _HOLDING,
        FreezeStatus.LIFTED,
        Right.CUSTOMER_FREEZE,
        "COL-5.10.8",
        _LIFT,
        checks=(frozen_partner_lifts_accounts_only,),
        effects=(_thaw,),
    ),
    Transition(
        "delete_resources",
        "资源数据到期删除",
        "Delete the resources",
        (FreezeStatus.FROZEN,),
        FreezeStatus.RESOURCES_DELETED,
        TIMER,
        "COL-5.10.3",
        ("csbchannelsalesCustomer", "deleteFrozenResources"),
    ),
    Transition(
        "restore",
        "预算按月恢复",
        "Restore with the month",
        (FreezeStatus.EXHAUSTED,),
        FreezeStatus.LIFTED,
        TIMER,
        "COL-5.10.5",
        _LIFT,
        effects=(_thaw,),
    ),
    Transition(
        "end",
        "随关联结束",
        "End with the association",
        _HOLDING,
        FreezeStatus.LIFTED,
        TIMER,
        "COL-5.10.8",
        _LIFT,
        effects=(_thaw,),
    ),
    states=(
        State(
            FreezeStatus.FROZEN,
            deadline=Deadline(
                DATA_DAYS,
                "delete_resources",
                "资源数据删除",
                "The data of its resources is deleted",
                until="data_until",
            ),
        ),
        State(
            FreezeStatus.EXHAUSTED,
            deadline=Deadline(DATA_DAYS, "restore", "预算恢复", "The budget begins anew", until="restores_at"),
        ),
    ),
    zh="客户冻结",
    en="Freeze of a customer",
)
