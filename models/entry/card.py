"""What a link shows to whoever holds it: to whom it went, as what, how far one has come, and until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from models.entry.answering import opened
from models.entry.record import PartnerEntry
from models.entry.words import EntryStatus
from models.kernel.words import Lang
from models.kernel.work import Work
from models.partner import PartnerKind, Path


@dataclass(frozen=True)
class EntryCard:
    """An invitation to enter as its link shows it (入驻页); nothing in it says who was verified.

    `until` is when the link serves no more: with the invitation, or 24 hours after the verification (PL-16).
    """

    company_name: str
    kind: PartnerKind
    path: Path | None
    until: dt.datetime
    verified: bool
    language: Lang


async def card(work: Work, id: UUID) -> EntryCard:
    """Show an invitation to whoever holds its link, and remember that it was looked at."""
    return card_of(await opened(work, id))


def card_of(entry: PartnerEntry) -> EntryCard:
    """Put an entry onto its card."""
    verified = entry.status is EntryStatus.VERIFIED
    return EntryCard(
        company_name=entry.invited_name,
        kind=entry.kind,
        path=entry.invited_path,
        until=entry.finish_by if verified and entry.finish_by else entry.valid_until,
        verified=verified,
        language="en" if entry.language == "en" else "zh",
    )
