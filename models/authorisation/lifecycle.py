"""How an authorisation goes: asked for, given or refused, taken back, or ended with the association."""

from __future__ import annotations

from sqlmodel import select

from models.authorisation.record import AuthorisationStatus, CustomerAuthorisation
from models.authorisation.refusals import AuthorisationEndedWithAssociationError
from models.customer import AssociationType, Customer
from models.kernel.journal import Operation
from models.kernel.lifecycle import TIMER, Found, Lifecycle, Move, Transition
from models.kernel.work import Work
from models.rights import Right

_ASK = ("csbchannelsalesCustomer", "requestAuthorisation")
_ANSWER = ("csbchannelsalesCustomer", "answerAuthorisation")
REQUEST = Operation("CustomerAuthorisation.request", "申请客户授权", "Ask for authorisation", *_ASK)


async def still_in_resale(work: Work, move: Move) -> Found:
    """Only a customer in resale authorises its own partner (COL-5.1, COL-5.11.1)."""
    row: CustomerAuthorisation = move.record
    found = await work.first(
        select(Customer.id).where(
            Customer.id == row.customer_id,
            Customer.partner_id == row.partner_id,
            Customer.association_type == AssociationType.RESALE,
        )
    )
    return [] if found else [AuthorisationEndedWithAssociationError()]


AUTHORISATION: Lifecycle[AuthorisationStatus] = Lifecycle(
    CustomerAuthorisation,
    Transition(
        "agree",
        "同意授权",
        "Authorise",
        (AuthorisationStatus.REQUESTED,),
        AuthorisationStatus.AUTHORISED,
        Right.AUTHORISATION_ANSWER,
        "COL-5.11.2",
        _ANSWER,
        checks=(still_in_resale,),
    ),
    Transition(
        "reject",
        "拒绝授权",
        "Refuse",
        (AuthorisationStatus.REQUESTED,),
        AuthorisationStatus.REJECTED,
        Right.AUTHORISATION_ANSWER,
        "COL-5.11",
        _ANSWER,
    ),
    Transition(
        "revoke",
        "取消授权",
        "Take back",
        (AuthorisationStatus.AUTHORISED,),
        AuthorisationStatus.REVOKED,
        Right.AUTHORISATION_ANSWER,
        "COL-5.11.2",
        _ANSWER,
        reason=True,
    ),
    Transition(
        "end",
        "随关联解除而终止",
        "End with the association",
        (AuthorisationStatus.REQUESTED, AuthorisationStatus.AUTHORISED),
        AuthorisationStatus.ENDED,
        TIMER,
        "COL-5.11",
        _ANSWER,
    ),
    zh="代客授权",
    en="Customer's authorisation",
)
