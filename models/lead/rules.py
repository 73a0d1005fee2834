"""What must hold of a lead before a step, and of what is written about it; guards are pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models import pce
from models.customer.contact import email_violations, mobile_violations
from models.identity import Account, AccountRole, Role, permissions_of
from models.kernel.amend import field_path
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError
from models.kernel.lifecycle import Move
from models.kernel.work import Work
from models.lead.refusals import (
    CloseReasonUntoldError,
    FollowerMayNotFollowError,
    FollowerNotActiveError,
    FollowerNotInTeamError,
    FollowerUnchangedError,
    LeadNameRequiredError,
    NextFollowUpPastError,
    NotTheFollowerError,
)
from models.lead.words import LeadCloseReason
from models.reference import INDUSTRIES, PROVINCES
from models.rights import Right

LENGTHS: Final = {
    "company_name": 128,
    "customer_name": 128,
    "account_name": 64,
    "email": 254,
    "mobile": 32,
    "campaign_name": 128,
    "requirement": 1000,
}
LONGEST_NOTE: Final = 1000


def form_errors(values: Mapping[str, Any], now: dt.datetime) -> Iterator[DomainError]:
    """Find values that no lead may hold; a number in full-width digits has a refusal of its own."""
    for name, most in LENGTHS.items():
        value = values.get(name)
        if value is not None and len(value) > most:
            yield LengthError(path=field_path(name), minimum=0, maximum=most, length=len(value))
    yield from mobile_violations(values.get("mobile"), "mobile")
    yield from email_violations(values.get("email"), "email")
    for name, entries in (("industry", INDUSTRIES), ("province", PROVINCES)):
        value = values.get(name)
        if value is not None and value not in entries:
            yield ValueNotAllowedError(path=name, value=value)
    yield from lies_ahead(values.get("next_follow_at"), now)


def is_named(values: Mapping[str, Any]) -> Iterator[DomainError]:
    """A company or a customer's name is present (COL-6.2.7)."""
    if not values.get("company_name") and not values.get("customer_name"):
        yield LeadNameRequiredError(path="companyName")


def lies_ahead(moment: dt.datetime | None, now: dt.datetime) -> Iterator[DomainError]:
    """The next follow-up is planned for later."""
    if moment is not None and moment <= now:
        yield NextFollowUpPastError(path="nextFollowAt")


def note_errors(note: str) -> Iterator[DomainError]:
    """A follow-up is told in 1 to 1000 characters (COL-6.2.7)."""
    if not note:
        yield FieldRequiredError(path="note")
    elif len(note) > LONGEST_NOTE:
        yield LengthError(path="note", minimum=1, maximum=LONGEST_NOTE, length=len(note))


def is_the_follower(move: Move) -> Iterator[DomainError]:
    """Only the one to whom the lead is dispatched follows it up and converts it (COL-6.2.5, COL-6.2.7)."""
    if move.record.follower_id != move.actor.id:
        yield NotTheFollowerError()


def is_follower_or_administrator(move: Move) -> Iterator[DomainError]:
    """The follower closes a lead, or main account and administrator do (COL-6.2.7)."""
    if move.record.follower_id != move.actor.id and not move.actor.may(Right.LEAD_ADMINISTER):
        yield NotTheFollowerError()


def follower_changes(move: Move) -> Iterator[DomainError]:
    """To dispatch again changes the follower (COL-6.2.7)."""
    if move.values and move.values.get("follower_id") == move.record.follower_id:
        yield FollowerUnchangedError(path="follower")


def other_reason_is_told(move: Move) -> Iterator[DomainError]:
    """Closing for another reason says which (COL-6.2.7)."""
    if move.reason_code == LeadCloseReason.OTHER and not move.reason:
        yield CloseReasonUntoldError(path="reason")


async def partner_has_joined(work: Work, move: Move) -> list[DomainError]:
    """Only a member of PCE adds a PO, be it from a lead (COL-1.1.4, COL-6.2.7)."""
    return await pce.not_a_member(work, move.record.partner_id)


async def follower_errors(work: Work, follower_id: UUID) -> list[DomainError]:
    """Say what keeps somebody from being given leads by this actor.

    The target is an active member whose roles follow leads, and one of his own managers where a director dispatches
    (COL-6.2.4, COL-6.2.7, COL-7.2).
    """
    found: Account | None = await work.first(
        select(Account).where(Account.id == follower_id, Account.partner_id == work.actor.partner_id)
    )
    if found is None or not found.active:
        return [FollowerNotActiveError(path="follower")]
    errors: list[DomainError] = []
    if not await _follows_leads(work, found):
        errors.append(FollowerMayNotFollowError(path="follower"))
    if not work.actor.may(Right.LEAD_DISPATCH_TO_ANYBODY) and found.director_id != work.actor.id:
        errors.append(FollowerNotInTeamError(path="follower"))
    return errors


async def _follows_leads(work: Work, account: Account) -> bool:
    granted = await work.every(
        select(Role.permissions)
        .join(AccountRole, col(AccountRole.role_id) == Role.id)
        .where(AccountRole.account_id == account.id)
    )
    held = permissions_of((), (one for permissions in granted for one in permissions), is_main=account.is_main)
    return Right.LEAD_FOLLOW in held
