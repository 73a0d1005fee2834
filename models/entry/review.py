"""The review of an entry by hand: who decides, what he looks at, and what becomes of the company (PL-17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.approval import ApprovalKind, DecisionInput, Panel, of_all, register
from models.entry.checks import partners_like
from models.entry.lifecycle import ENTRY, REVIEW
from models.entry.record import FILLED_IN, PartnerEntry
from models.entry.words import EntryConcern
from models.file import Attachment, AttachmentField, Held, Holder, hold
from models.kernel.access import Actor
from models.kernel.reads import Many, relate
from models.kernel.words import Word
from models.kernel.work import Work
from models.partner import PartnerOrganisation
from models.rights import Right

BESIDE = ("name", "credit_code", "kind", "level", "province", "created_at")
FILES = ("name", "size", "uploaded_by_name", "at")


async def review(work: Work, entry: PartnerEntry, verb: str, given: DecisionInput) -> None:
    """Decide on an entry; a rejection's reason is for the company to read, which edits and submits anew (PL-17)."""
    told: dict[str, dict[str, Any]] = {"reject": {"verdict_reason": given.reason, "rejected_at": work.now}}
    await ENTRY.fire(work, entry, verb, reason=given.reason, values=told.get(verb))


async def similar(work: Work, entry: Any) -> list[Panel]:
    """Show the partners whose name or credit code the entry's resembles."""
    ids = await partners_like(work, entry)
    return [Panel("相近的伙伴", "Partners that resemble it", PartnerOrganisation, tuple(ids), BESIDE)] if ids else []


async def licences(work: Work, entry: Any) -> list[Panel]:
    """Show the business licence."""
    ids = await work.every(
        select(Attachment.id).where(Attachment.record_id == entry.id, Attachment.visible_to(work.actor))
    )
    return [Panel("营业执照", "Business licence", Attachment, tuple(ids), FILES)] if ids else []


async def concerns(work: Work, entry: Any) -> Sequence[Word]:
    """Say why the entry was not let in at once."""
    return [EntryConcern[one] for one in entry.concerns]


register(
    ApprovalKind(
        name=REVIEW,
        zh="伙伴入驻审核",
        en="Review of a partner's entry",
        model=PartnerEntry,
        lifecycle=ENTRY,
        rows=of_all(Right.ENTRY_DECIDE, Right.ENTRY_READ_ALL),
        decide=review,
        detail=(
            *("company_name", "credit_code", "legal_form", "province", "city", "address", "kind", "path"),
            *("contact_name", "contact_title", "contact_email", "mobile", "invited_name", "submitted_at"),
        ),
        beside=(similar, licences),
        concerns=concerns,
        escalates="escalate",
        label=lambda entry: entry.company_name or entry.invited_name,
    )
)


def _while_filled_in(work: Work, held: Held) -> bool:
    """The applicant adds its licence while it may edit the entry information."""
    return held.record.status in FILLED_IN and bool(held.record.editable_now(work.actor))


def _since_then(work: Work, held: Held, file: Attachment) -> bool:
    """What a reviewer has been shown stays; the applicant takes away what it has added since."""
    shown = held.record.submitted_at is not None and file.at < held.record.entered_at
    return _while_filled_in(work, held) and not shown


async def _entry(work: Work, id: UUID) -> Held:
    record = await work.get(PartnerEntry, id)
    return Held(record, record)


async def _itself(_work: Work, record: Any) -> list[Held]:
    return [Held(record, record)] if isinstance(record, PartnerEntry) else []


def _of_a_visible_entry(files: type[Attachment], actor: Actor) -> sa.ColumnElement[bool]:
    table: sa.Table = files.__table__  # type: ignore[attr-defined]
    seen: sa.Select[Any] = sa.select(sa.literal_column("1")).where(col(PartnerEntry.id) == table.c.record_id)
    return seen.where(PartnerEntry.visible_to(actor)).correlate(table).exists()


hold(
    Holder(
        subject=PartnerEntry,
        field=AttachmentField.LICENCE,
        rule=None,
        find=_entry,
        rows=_itself,
        open_to=_while_filled_in,
        loose=_since_then,
        scope=_of_a_visible_entry,
    )
)
relate(PartnerEntry, "attachments", Many(Attachment, "record_id"))
