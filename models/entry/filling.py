"""What an applicant does once it is signed in: accept the terms, fill in the entry information, submit it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models.entry.checks import absent, code_taken, concerns_of, has_licence, misshapen, missing, paths_open_to, tidied
from models.entry.lifecycle import ENTRY
from models.entry.record import FORM, PartnerEntry
from models.entry.refusals import TermsAcceptedAlreadyError, TermsNotTickedError, TermsOutdatedError
from models.entry.terms import newest_terms
from models.entry.words import EntryStatus
from models.kernel.amend import field_path
from models.kernel.errors import DomainError, FieldNotWritableError, refuse
from models.kernel.journal import Operation
from models.kernel.lifecycle import Move
from models.kernel.work import Work
from models.partner import Path

SAVE: Final = Operation("entry.save", "填写入驻信息", "Fill in the entry information", "partnerEntry", "saveEntry")
# The journal tells that they changed, not to what.
PERSONAL: Final = frozenset({"contact_name", "contact_title", "contact_email"})


@dataclass(frozen=True)
class EntryNeeds:
    """What an entry still needs (待办): the next step, fields without a value, what is wrong, what may be chosen."""

    next_step: str | None
    missing: list[str]
    wrong: list[DomainError]
    has_licence: bool
    terms_id: UUID | None
    paths: list[Path]


async def accept_terms(work: Work, id: UUID, terms_id: UUID, *, ticked: bool, version: int) -> PartnerEntry:
    """Accept the newest version of the service terms (PL-16)."""
    entry = await work.get(PartnerEntry, id, version=version)
    newest = await newest_terms(work)
    outdated = newest is not None and newest.id != terms_id
    refuse(
        [
            None if ticked else TermsNotTickedError(path="ticked"),
            TermsOutdatedError(path="terms", newest=newest.number) if newest and outdated else None,
        ]
    )
    if entry.terms_id == terms_id:
        raise TermsAcceptedAlreadyError(path="terms")
    entry.terms_id = terms_id
    told = {"terms": newest.number} if newest else None
    await ENTRY.fire(work, entry, "accept_terms", values={"terms_accepted_at": work.now}, note=told)
    return entry


async def save(work: Work, id: UUID, values: Mapping[str, Any], *, version: int) -> PartnerEntry:
    """Fill in entry information, some of it or all; what is filled in must be right (PL-16, PL-17)."""
    entry = await work.get(PartnerEntry, id, version=version)
    given = _given(values)
    refuse(_unwritable(work, entry, given) or [*misshapen(entry, given)])
    _write_down(work, entry, given)
    return entry


async def submit(work: Work, id: UUID, values: Mapping[str, Any] | None = None, *, version: int) -> PartnerEntry:
    """Submit the entry information: the company joins at once, or somebody looks at it first (PL-16, PL-17).

    Everything that is missing, wrong or stands against joining is told at once.
    """
    entry = await work.get(PartnerEntry, id, version=version)
    refuse(ENTRY.blocks(Move(entry, work.actor, work.now), "submit"))
    newest, given = await newest_terms(work), _given(values or {})
    whole = {name: getattr(entry, name) for name in FORM} | given
    outdated = newest is not None and entry.terms_id != newest.id
    refuse(
        [
            *_unwritable(work, entry, given),
            *absent(whole),
            *misshapen(entry, whole),
            *await code_taken(work, entry, whole["credit_code"]),
            TermsOutdatedError(path="terms", newest=newest.number) if newest and outdated else None,
        ]
    )
    _write_down(work, entry, given)
    told = {"submitted_at": work.now, "verdict_reason": None}
    entry.submitted_by = work.actor.id
    await ENTRY.fire(work, entry, "submit", values=told)
    # From here on nobody else is looked at under this code; whoever was a moment ago may have joined by now.
    await work.flush()
    refuse(await code_taken(work, entry, entry.credit_code))
    concerns = await concerns_of(work, entry)
    found = {"concerns": [str(one) for one in concerns]}
    await ENTRY.fire(work, entry, "refer" if concerns else "pass_check", values=found)
    return entry


async def own_entry(work: Work) -> UUID | None:
    """Find the entry by which whoever asks has registered."""
    found: UUID | None = await work.first(
        select(PartnerEntry.id).where(PartnerEntry.account_id == work.actor.id, PartnerEntry.visible_to(work.actor))
    )
    return found


async def needs_of(work: Work, id: UUID) -> EntryNeeds | None:
    """Say of an entry that the actor sees what it still needs."""
    entry = await work.first(select(PartnerEntry).where(PartnerEntry.id == id, PartnerEntry.visible_to(work.actor)))
    if entry is None:
        return None
    newest = await newest_terms(work)
    values = {name: getattr(entry, name) for name in FORM}
    return EntryNeeds(
        next_step=_next_step(entry, newest.id if newest else None),
        missing=[field_path(name) for name in missing(values)],
        wrong=list(misshapen(entry, values)),
        has_licence=await has_licence(work, entry.id),
        terms_id=newest.id if newest else None,
        paths=paths_open_to(entry.kind, entry.invited_path),
    )


def _next_step(entry: PartnerEntry, newest: UUID | None) -> str | None:
    """Name the step that the company itself has to take next (PL-16)."""
    if entry.status in (EntryStatus.TERMS_ACCEPTED, EntryStatus.REJECTED):
        return "submit" if entry.terms_id == newest else "accept_terms"
    return _NEXT.get(entry.status)


_NEXT: Final = {
    EntryStatus.INVITED: "open",
    EntryStatus.LINK_OPENED: "verify",
    EntryStatus.VERIFIED: "register",
    EntryStatus.REGISTERED: "accept_terms",
}


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(values) - set(FORM):
        raise TypeError(f"an entry has no {', '.join(sorted(unknown))}")
    return tidied(values)


def _unwritable(work: Work, entry: PartnerEntry, given: Mapping[str, Any]) -> list[DomainError]:
    writable = entry.editable_now(work.actor)
    return [FieldNotWritableError(path=field_path(name)) for name in given if name not in writable]


def _write_down(work: Work, entry: PartnerEntry, given: Mapping[str, Any]) -> None:
    after = {name: value for name, value in given.items() if getattr(entry, name) != value}
    if not after:
        return
    told = {name: value for name, value in after.items() if name not in PERSONAL}
    before = {name: getattr(entry, name) for name in told}
    for name, value in after.items():
        setattr(entry, name, value)
    entry.version += 1
    entry.updated_at = work.now
    work.note(SAVE, entry, before=before, after=told, changes={"fields": sorted(after)})
