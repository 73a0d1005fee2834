"""Tickets and links: signed statements that name one file and one person, for a short time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.file.record import Attachment
from models.file.refusals import LinkNotValidError, TicketNotValidError
from models.identity.proofs import read_signed, sign
from models.kernel.access import Actor

TICKET: Final = "file-ticket"
LINK: Final = "file-link"


@dataclass(frozen=True)
class FileTerms:
    """How files are reached here (文件访问约定): where, and with which key tickets and links are signed."""

    key: bytes
    address: str

    def ticket(self, file: Attachment) -> str:
        """Sign the ticket of one upload; only whoever asked for it may use it."""
        return sign(
            TICKET, self.key, until=file.expires_at, file=file.id.hex, who=_who(file.uploaded_by, file.client_id)
        )

    def read_ticket(self, text: str, actor: Actor, now: dt.datetime) -> UUID:
        """Read the ticket that an actor brings, or refuse."""
        facts = read_signed(text, TICKET, self.key, now=now)
        if facts is None or facts.get("who") != _who(actor.id, actor.client_id):
            raise TicketNotValidError()
        return UUID(hex=facts["file"])

    def link(self, id: UUID, actor: Actor, until: dt.datetime) -> str:
        """Make the link by which one person, or one tool with its token, fetches a file."""
        signed = sign(LINK, self.key, until=until, file=id.hex, who=_who(actor.id, actor.client_id))
        return f"/files/{Attachment.prefix}_{id.hex}?link={signed}"

    def read_link(self, text: str, id: UUID, now: dt.datetime) -> LinkBearer:
        """Say for whom a link to a file was made, or refuse."""
        facts = read_signed(text, LINK, self.key, now=now)
        if facts is None or facts.get("file") != id.hex:
            raise LinkNotValidError()
        account, _, client = facts["who"].partition("/")
        return LinkBearer(UUID(hex=account), UUID(hex=client) if client else None)


@dataclass(frozen=True)
class LinkBearer:
    """For whom a link was made (链接持有人)."""

    account_id: UUID
    client_id: UUID | None

    def is_for(self, actor: Actor) -> bool:
        """Tell whether an actor is the one."""
        return (self.account_id, self.client_id) == (actor.id, actor.client_id)


def _who(account_id: UUID, client_id: UUID | None) -> str:
    return f"{account_id.hex}/{client_id.hex if client_id else ''}"
