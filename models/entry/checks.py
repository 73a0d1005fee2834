"""What is looked at in an entry: the form as it is filled in, what stands against joining, and what gives concern."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import email_violations
from models.entry.policies import LIKENESS, REVIEWED_FORMS, REVIEWED_KINDS, REVIEWED_PLACES
from models.entry.record import PartnerEntry
from models.entry.refusals import CompanyNameUnreadableError, EntryInHandError, PathByInvitationError
from models.entry.words import IN_HAND, EntryConcern
from models.file import Attachment, AttachmentState
from models.kernel.amend import field_path
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError
from models.kernel.lifecycle import Move
from models.kernel.record import too_long_for
from models.kernel.values import normalised_company_name, valid_credit_code
from models.kernel.work import Work
from models.partner import CreditCodeInvalidError, CreditCodeTakenError, PartnerKind, PartnerOrganisation, Path
from models.reference import PROVINCES

NEEDED: Final = ("company_name", "credit_code", "legal_form", "province", "city", "path", "contact_name")
BY_INVITATION: Final = (Path.LEARNING, Path.DISTRIBUTOR, Path.SYSTEM_INTEGRATOR)
SHORTEST_NAME: Final = 2
# A name of at least so many letters that stands whole in another is as good as the same.
SHORTEST_PART: Final = 3
MOST_LIKE: Final = 10
# Of a credit code the characters that name the organisation itself, whoever registered it and where.
ORGANISATION: Final = slice(8, 17)
FEW: Final = 2


def tidied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Take what was typed as it is meant: without stray spaces, a credit code and a place in plain characters."""
    told: dict[str, Any] = {}
    for name, value in values.items():
        if type(value) is not str:
            told[name] = value
            continue
        plain = name in ("credit_code", "province", "city", "contact_email")
        text = " ".join((unicodedata.normalize("NFKC", value) if plain else value).split())
        told[name] = (text.replace(" ", "").upper() if name == "credit_code" else text) or None
    return told


def paths_open_to(kind: PartnerKind, invited: Path | None) -> list[Path]:
    """List the paths that may be chosen: those that need an invitation only by an invitation to them (PL-02)."""
    if invited is not None:
        return [invited]
    return [path for path in Path if path not in BY_INVITATION]


def misshapen(entry: PartnerEntry, values: Mapping[str, Any]) -> Iterator[DomainError]:
    """Say what is wrong with entry information as it is filled in, asking nobody; what is missing is no fault yet."""
    for error in too_long_for(PartnerEntry, values):
        error.path = (field_path(str(error.path[0])),)
        yield error
    name = values.get("company_name")
    if name and len(name) < SHORTEST_NAME:
        yield LengthError(path="companyName", minimum=SHORTEST_NAME, maximum=128, length=len(name))
    elif name and not normalised_company_name(name):
        yield CompanyNameUnreadableError(path="companyName")
    code = values.get("credit_code")
    if code and len(code) <= 18 and not valid_credit_code(code):
        yield CreditCodeInvalidError(path="creditCode")
    province = values.get("province")
    if province and province not in PROVINCES:
        yield ValueNotAllowedError(path="province", value=province[:40])
    yield from email_violations(values.get("contact_email"), "contactEmail")
    path = values.get("path")
    if path and path not in (allowed := paths_open_to(entry.kind, entry.invited_path)):
        yield PathByInvitationError(path="path", chosen=path, allowed=allowed)


def missing(values: Mapping[str, Any]) -> list[str]:
    """Name what has to be filled in before submitting (PL-16)."""
    return [name for name in NEEDED if not values.get(name)]


def absent(values: Mapping[str, Any]) -> Iterator[DomainError]:
    """Refuse what is missing, field by field."""
    for name in missing(values):
        yield FieldRequiredError(path=field_path(name))


async def code_still_free(work: Work, move: Move) -> list[DomainError]:
    """A company joins once: no partner has its credit code, and nobody else is being looked at under it (PL-17)."""
    entry: Any = move.record
    return await code_taken(work, entry, entry.credit_code)


async def code_taken(work: Work, entry: PartnerEntry, code: str | None) -> list[DomainError]:
    """Say what stands against joining under a credit code."""
    if not code:
        return []
    if await work.first(select(PartnerOrganisation.id).where(PartnerOrganisation.credit_code == code)):
        return [CreditCodeTakenError(path="creditCode")]
    others = select(PartnerEntry.id).where(
        PartnerEntry.credit_code == code, col(PartnerEntry.status).in_(IN_HAND), PartnerEntry.id != entry.id
    )
    return [EntryInHandError(path="creditCode")] if await work.first(others) else []


async def concerns_of(work: Work, entry: PartnerEntry) -> list[EntryConcern]:
    """Say why somebody has to look at an entry before the company joins; without any it joins at once (PL-17).

    The list is ours: a name or a credit code like that of a partner, another company than the one invited, no licence,
    a kind, place or legal form that the policy has reviewed, and whatever was rejected before.
    """
    similar = await _like(work, entry)
    held: list[tuple[EntryConcern, bool]] = [
        (EntryConcern.NAME_RESEMBLES, bool(similar[0])),
        (EntryConcern.CREDIT_CODE_RESEMBLES, bool(similar[1])),
        (EntryConcern.OTHER_COMPANY, _normal(entry.company_name) != _normal(entry.invited_name)),
        (EntryConcern.NO_LICENCE, not await has_licence(work, entry.id)),
        (EntryConcern.DISTRIBUTOR, entry.kind in (await work.policy(REVIEWED_KINDS)).split()),
        (EntryConcern.PLACE, entry.province in (await work.policy(REVIEWED_PLACES)).split()),
        (EntryConcern.LEGAL_FORM, entry.legal_form in (await work.policy(REVIEWED_FORMS)).split()),
        (EntryConcern.REJECTED_BEFORE, entry.rejected_at is not None),
    ]
    return [concern for concern, holds in held if holds]


async def partners_like(work: Work, entry: PartnerEntry) -> list[UUID]:
    """Find the partners whose name or credit code an entry's resembles, the name first."""
    names, codes = await _like(work, entry)
    return list(dict.fromkeys((*names, *codes)))[:MOST_LIKE]


async def has_licence(work: Work, id: UUID) -> bool:
    """Tell whether an entry holds a business licence."""
    query = select(Attachment.id).where(Attachment.record_id == id, Attachment.state == AttachmentState.STORED)
    return await work.first(query) is not None


async def _like(work: Work, entry: PartnerEntry) -> tuple[list[UUID], list[UUID]]:
    likeness = await work.policy(LIKENESS)
    name, code = _normal(entry.company_name), entry.credit_code
    others = await work.session.execute(
        select(PartnerOrganisation.id, PartnerOrganisation.name, PartnerOrganisation.credit_code).order_by(
            col(PartnerOrganisation.id)
        )
    )
    names, codes = [], []
    pairs = _pairs(name)
    for id, other, other_code in others.all():
        if id == entry.partner_id:
            continue
        if name and _share(name, pairs, _normal(other)) >= likeness:
            names.append(id)
        if code and other_code and codes_alike(code, other_code):
            codes.append(id)
    return names, codes


def codes_alike(one: str, other: str) -> bool:
    """Tell whether two credit codes name one organisation, or differ in a slip of the pen."""
    if one[ORGANISATION] == other[ORGANISATION]:
        return True
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) <= FEW


def _share(name: str, pairs: frozenset[str], other: str) -> int:
    shorter, longer = sorted((name, other), key=len)
    if name == other or (len(shorter) >= SHORTEST_PART and shorter in longer):
        return 100
    theirs = _pairs(other)
    every = len(pairs) + len(theirs)
    return 200 * len(pairs & theirs) // every if every else 0


def _pairs(name: str) -> frozenset[str]:
    return frozenset(name[place : place + 2] for place in range(len(name) - 1))


def _normal(name: str | None) -> str:
    return normalised_company_name(name or "")
