"""The lifecycle of a request: the other side decides; it is withdrawn, runs out, or Huawei closes it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.association_request.policies import WAITING_DAYS
from models.association_request.record import AssociationRequest
from models.association_request.words import PENDING, AssociationRequestStatus
from models.kernel.lifecycle import TIMER, Deadline, Lifecycle, Move, Standing, State, Transition
from models.kernel.work import Work
from models.rights import Right

_EVENT: Final = ("csbchannelsalesCustomer", "changeAssociation")
_CUSTOMER: Final = (AssociationRequestStatus.PENDING_CUSTOMER,)
_PARTNER: Final = (AssociationRequestStatus.PENDING_PARTNER,)


async def remember_end(work: Work, move: Move) -> None:
    """Keep when a request ended."""
    move.record.ended_at = work.now


REQUEST: Lifecycle[AssociationRequestStatus] = Lifecycle(
    AssociationRequest,
    Transition(
        "agree",
        "客户同意",
        "Agree",
        _CUSTOMER,
        AssociationRequestStatus.COMPLETED,
        Right.ASSOCIATION_ANSWER,
        "COL-5.4",
        _EVENT,
        effects=(remember_end,),
    ),
    Transition(
        "refuse",
        "客户拒绝",
        "Refuse",
        _CUSTOMER,
        AssociationRequestStatus.REJECTED,
        Right.ASSOCIATION_ANSWER,
        "COL-5.4",
        _EVENT,
        effects=(remember_end,),
    ),
    Transition(
        "withdraw",
        "伙伴撤回",
        "Withdraw",
        _CUSTOMER,
        AssociationRequestStatus.WITHDRAWN,
        Right.ASSOCIATION_REQUEST,
        "COL-5.4",
        _EVENT,
        effects=(remember_end,),
    ),
    Transition(
        "approve",
        "伙伴同意",
        "Approve",
        _PARTNER,
        AssociationRequestStatus.COMPLETED,
        Right.ASSOCIATION_REQUEST,
        "COL-5.5.5",
        _EVENT,
        effects=(remember_end,),
    ),
    Transition(
        "reject",
        "伙伴驳回",
        "Reject",
        _PARTNER,
        AssociationRequestStatus.REJECTED,
        Right.ASSOCIATION_REQUEST,
        "COL-5.5.5",
        _EVENT,
        reason=True,
        effects=(remember_end,),
    ),
    Transition(
        "expire",
        "申请过期",
        "Expire",
        PENDING,
        AssociationRequestStatus.EXPIRED,
        TIMER,
        "COL-5.5",
        _EVENT,
        effects=(remember_end,),
    ),
    Transition(
        "force_close",
        "华为关闭申请",
        "Force-close",
        PENDING,
        AssociationRequestStatus.FORCE_CLOSED,
        Right.ASSOCIATION_FORCE_CLOSE,
        "COL-5.4.12",
        _EVENT,
        reason=True,
        effects=(remember_end,),
    ),
    states=tuple(
        State(status, deadline=Deadline(WAITING_DAYS, "expire", "申请过期", "The request ends", every_day=True))
        for status in PENDING
    ),
    zh="关联变更申请",
    en="Association request",
)


async def standing(work: Work, id: UUID) -> list[Standing[Any]]:
    """Say which steps lead on from here for this actor, and what blocks each."""
    found = await work.first(
        select(AssociationRequest).where(AssociationRequest.id == id, AssociationRequest.visible_to(work.actor))
    )
    return await REQUEST.standing(work, found) if found is not None else []
