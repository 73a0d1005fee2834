"""Files in GraphQL: what a record holds, the ticket for one more, and the link to each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import strawberry

from models import file as domain
from models.file import AttachmentField, FileTerms
from models.kernel.journal import subject_number
from models.kernel.values import instant_text, parse_public_id
from models.kernel.work import Work
from resolvers.context import Info
from resolvers.fields import Node, computed, needs, node
from resolvers.mutation import Action, Payload, act, answers
from resolvers.scalars import Instant, InvalidIdError, uid
from resolvers.words import publish

publish(AttachmentField)


@node(domain.Attachment, name="Attachment", description="A file that a record holds.")
class Attachment(Node):
    """A file (附件)."""

    field: AttachmentField
    name: str
    size: int
    media_type: str | None
    sha256: str | None
    uploaded_by_name: str
    at: Instant
    subject_id: strawberry.ID = computed(
        "subject_kind",
        "subject_id",
        of=lambda row, _: subject_number(row),
        description="Which row holds it: the opportunity, a progress update, or an entry of the queue.",
    )

    @strawberry.field(
        metadata=needs("id"), description="Where to fetch it, for a few minutes and for this viewer only."
    )
    async def url(self, info: Info) -> str:
        """Sign a link."""
        row: Any = self
        terms: FileTerms = info.context.extra["files"]
        async with info.context.reading() as reader:
            await reader.prepare()
            until = reader.now + dt.timedelta(minutes=reader.policy(domain.LINK_MINUTES))
        return terms.address + terms.link(row.uid, info.context.actor, until)


@strawberry.type(description="What lets its caller send the bytes of one file, once.")
class FileTicket:
    """An upload ticket (上传凭证)."""

    url: str = strawberry.field(description="POST the bytes here with the caller's token, raw or as a form's `file`.")
    size: int = strawberry.field(description="How many bytes must come.")
    expires_at: Instant


def _told(ticket: domain.Attachment, terms: FileTerms) -> FileTicket:
    return FileTicket(
        url=f"{terms.address}/files?ticket={terms.ticket(ticket)}",
        size=ticket.size,
        expires_at=Instant(instant_text(ticket.expires_at)),
    )


@strawberry.input(description="One more file for a record; the opportunity takes 10 of 20 MB (COL-2.2.4).")
class FileTicketCreateInput(Action):
    """A wish to upload (申请上传)."""

    subject_id: strawberry.ID = strawberry.field(
        description="An opportunity or a progress update for EVIDENCE; an entry of the queue for VERDICT and INTERNAL."
    )
    field: AttachmentField
    name: str
    size: int


@strawberry.input
class FileRemoveInput(Action):
    """A file to take away (删除附件)."""

    id: strawberry.ID


@strawberry.type
@answers(file=domain.Attachment)
class FileTicketPayload(Payload):
    """The ticket; on a repeat after the upload the file instead."""

    ticket: FileTicket | None = None
    file: Attachment | None = strawberry.field(default=None, description="The file, once its bytes have come.")


@strawberry.type
@answers(file=domain.Attachment)
class FilePayload(Payload):
    """What a removal answers: nothing is left to show."""

    file: Attachment | None = None


@strawberry.type
class FileMutation:
    """What can be done with files."""

    @strawberry.mutation(description="Ask for a ticket to upload one file; POST its bytes to the ticket's address.")
    async def file_ticket_create(self, info: Info, input: FileTicketCreateInput) -> FileTicketPayload | None:
        """Ask for a ticket."""
        try:
            prefix, subject = parse_public_id(input.subject_id)
        except ValueError:
            raise InvalidIdError(path="subject_id", value=input.subject_id[:80]) from None
        answer = await act(
            info,
            input,
            lambda work: domain.open_ticket(work, prefix, subject, input.field, input.name, input.size),
            FileTicketPayload,
            "file",
        )
        for id in answer.ids:
            async with info.context.reading() as reader:
                work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
                ticket = await domain.own_ticket(work, id)
            if ticket is not None:
                answer.ticket = _told(ticket, info.context.extra["files"])
        return answer

    @strawberry.mutation(description="Take a file away, while the record may be edited.")
    async def file_remove(self, info: Info, input: FileRemoveInput) -> FilePayload | None:
        """Remove a file."""
        id = uid(input.id, domain.Attachment.prefix)
        return await act(info, input, lambda work: domain.remove(work, id), FilePayload, "file")
