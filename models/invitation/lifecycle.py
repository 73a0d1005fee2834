"""The lifecycle of an invitation: sent, then answered once, withdrawn, or over."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.invitation.policies import INVITATION_DAYS
from models.invitation.record import Invitation
from models.invitation.words import InvitationStatus
from models.kernel.lifecycle import TIMER, Deadline, Lifecycle, Standing, State, Transition
from models.kernel.work import Work
from models.rights import Right

_EVENT: Final = ("csbchannelsalesCustomer", "inviteCustomer")
_ANSWER: Final = ("csbchannelsalesCustomer", "answerInvitation")
_SENT: Final = (InvitationStatus.SENT,)

INVITATION: Lifecycle[InvitationStatus] = Lifecycle(
    Invitation,
    Transition(
        "accept",
        "接受邀请",
        "Accept",
        _SENT,
        InvitationStatus.ACCEPTED,
        Right.INVITATION_ANSWER,
        "COL-5.3",
        _ANSWER,
    ),
    Transition(
        "refuse",
        "拒绝邀请",
        "Refuse",
        _SENT,
        InvitationStatus.REFUSED,
        Right.INVITATION_ANSWER,
        "COL-5.3",
        _ANSWER,
    ),
    Transition(
        "withdraw",
        "撤回邀请",
        "Withdraw",
        _SENT,
        InvitationStatus.WITHDRAWN,
        Right.CUSTOMER_INVITE,
        "COL-5.3",
        _EVENT,
    ),
    Transition(
        "expire",
        "邀请过期",
        "Expire",
        _SENT,
        InvitationStatus.EXPIRED,
        TIMER,
        "COL-5.3.5",
        _EVENT,
    ),
    states=(
        State(
            InvitationStatus.SENT,
            deadline=Deadline(INVITATION_DAYS, "expire", "邀请过期", "The invitation ends", until="valid_until"),
        ),
    ),
    zh="客户邀请",
    en="Invitation",
)


async def standing(work: Work, id: UUID) -> list[Standing[Any]]:
    """Say which steps lead on from here for this actor, and what blocks each."""
    found = await work.first(select(Invitation).where(Invitation.id == id, Invitation.visible_to(work.actor)))
    return await INVITATION.standing(work, found) if found is not None else []
