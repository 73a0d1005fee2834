"""Inviting companies to become partners: by Huawei's side, by mail, with a link that serves one account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import email_violations
from models.entry.lifecycle import ENTRY
from models.entry.policies import LINK_DAYS, MOST_MAILS
from models.entry.record import PartnerEntry
from models.entry.refusals import EntrySentTooOftenError, InvitedToEnterAlreadyError
from models.entry.words import EntryStatus
from models.identity.members import can_be_pdm
from models.kernel.amend import field_path
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.lifecycle import Move
from models.kernel.record import too_long_for
from models.kernel.work import Work
from models.notice.telling import enqueue
from models.partner import (
    DistributorNotAllowedError,
    PartnerKind,
    PartnerOrganisation,
    Path,
    may_be_distributor,
)
from models.rights import Right

INVITE: Final = Operation("entry.invite", "邀请入驻", "Invite to enter", "partnerEntry", "inviteToEnter")
RESEND: Final = Operation(
    "entry.resend", "重新发送入驻邀请", "Send the invitation again", "partnerEntry", "inviteToEnter"
)
LETTER: Final = "entry_invitation"
LANGUAGES: Final = ("zh", "en")
GIVEN: Final = ("company_name", "email", "kind", "path", "distributor_id", "pdm_id", "language")
WAITING: Final = (EntryStatus.INVITED, EntryStatus.LINK_OPENED, EntryStatus.VERIFIED)


async def invite(work: Work, values: Mapping[str, Any]) -> PartnerEntry:
    """Invite a company by mail, to a path or to one that it chooses (PL-02, PL-16).

    A PDM becomes the PDM of whom he invites; ecosystem operations name one or none. A reseller is invited under its
    one tier-1 distributor (PL-13).
    """
    given = await invitable(work, values)
    made = PartnerEntry(
        invited_name=given["company_name"],
        invited_email=given["email"],
        language=given["language"],
        kind=given["kind"],
        invited_path=given["path"],
        path=given["path"],
        distributor_id=given["distributor_id"],
        pdm_id=given["pdm_id"],
        issued_by=work.actor.id,
        valid_until=await link_end(work),
        created_at=work.now,
        updated_at=work.now,
    )
    told = {"invited_name": made.invited_name, "kind": made.kind, "invited_path": made.invited_path}
    await ENTRY.begin(work, made, INVITE, after={name: value for name, value in told.items() if value})
    await _post(work, made)
    return made


async def invitable(work: Work, values: Mapping[str, Any]) -> dict[str, Any]:
    """Look at an invitation before it is sent: what it will say, or everything that stands against it."""
    work.actor.require(Right.ENTRY_INVITE)
    if unknown := set(values) - set(GIVEN):
        raise TypeError(f"an invitation to enter has no {', '.join(sorted(unknown))}")
    given = {name: values.get(name) for name in GIVEN}
    given |= {name: " ".join((given[name] or "").split()) or None for name in ("company_name", "email")}
    given["kind"] = given["kind"] or PartnerKind.SOLUTION_PROVIDER
    given["language"] = given["language"] or "zh"
    if given["kind"] is PartnerKind.DISTRIBUTOR and given["path"] is None:
        given["path"] = Path.DISTRIBUTOR
    if work.actor.may(Right.PARTNER_READ_PARTNERS):
        given["pdm_id"] = work.actor.id
    refuse([*_misshapen(given), *await _conflicts(work, given)])
    return given


async def resend(work: Work, id: UUID) -> PartnerEntry:
    """Send the mail of an invitation that waits once more; its link stays the same."""
    work.actor.require(Right.ENTRY_INVITE)
    entry = await work.get(PartnerEntry, id)
    refuse(ENTRY.blocks(Move(entry, work.actor, work.now), "withdraw"))
    most = await work.policy(MOST_MAILS)
    if entry.times_sent >= most:
        raise EntrySentTooOftenError(maximum=most)
    await _post(work, entry)
    work.note(RESEND, entry, after={"times_sent": entry.times_sent})
    return entry


async def withdraw(work: Work, id: UUID, *, version: int | None = None) -> PartnerEntry:
    """Take an invitation back before an account is registered by it."""
    work.actor.require(Right.ENTRY_INVITE)
    entry = await work.get(PartnerEntry, id, version=version)
    await ENTRY.fire(work, entry, "withdraw")
    return entry


def waits(entry: PartnerEntry) -> bool:
    """Tell whether a company has still to answer its invitation."""
    return entry.status in WAITING


async def link_end(work: Work) -> dt.datetime:
    """Say until when a link that is sent now holds."""
    return work.now + dt.timedelta(days=await work.policy(LINK_DAYS))


async def _post(work: Work, entry: PartnerEntry) -> None:
    entry.times_sent += 1
    entry.last_sent_at = work.now
    await work.flush()
    await enqueue(work, [(work.actor.id, LETTER, entry.id, f"{entry.id.hex}-{entry.times_sent}")])


def _misshapen(given: Mapping[str, Any]) -> Iterator[DomainError]:
    name = given["company_name"]
    for field in ("company_name", "email"):
        if not given[field]:
            yield FieldRequiredError(path=field_path(field))
    if name and len(name) < 2:
        yield LengthError(path="companyName", minimum=2, maximum=128, length=len(name))
    for error in too_long_for(PartnerEntry, {"invited_name": name}):
        error.path = ("companyName",)
        yield error
    yield from email_violations(given["email"], "email")
    if given["language"] not in LANGUAGES:
        yield ValueNotAllowedError(path="language", value=given["language"])
    if (given["kind"] is PartnerKind.DISTRIBUTOR) != (given["path"] is Path.DISTRIBUTOR):
        yield ValueNotAllowedError(path="path", value=given["path"])
    if given["kind"] is PartnerKind.RESELLER and given["distributor_id"] is None:
        yield FieldRequiredError(path="distributorId")


async def _conflicts(work: Work, given: Mapping[str, Any]) -> list[DomainError]:
    found: list[DomainError] = []
    distributor = given["distributor_id"]
    if distributor is not None:
        seen = select(PartnerOrganisation.id).where(
            PartnerOrganisation.id == distributor, PartnerOrganisation.visible_to(work.actor)
        )
        if not await work.first(seen) or not await may_be_distributor(work, given["kind"], distributor):
            found.append(DistributorNotAllowedError(path="distributorId"))
    if given["pdm_id"] is not None and (error := await can_be_pdm(work, given["pdm_id"])) is not None:
        found.append(error)
    same = select(PartnerEntry.id).where(
        PartnerEntry.invited_email == given["email"],
        col(PartnerEntry.status).in_(WAITING),
        PartnerEntry.visible_to(work.actor),
    )
    if given["email"] and await work.first(same):
        found.append(InvitedToEnterAlreadyError(path="email"))
    return found
