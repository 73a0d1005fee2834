"""Files that come with a form: what gathers them, and how all of them or none are stored, with what belongs to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

from models.file.actions import Content, give_up, open_ticket, store
from models.file.record import Attachment
from models.file.refusals import TooManyFilesError
from models.file.storage import Storage
from models.file.words import AttachmentField
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError, refuse
from models.kernel.work import Clock, Store, Work, run_write

T = TypeVar("T")


@dataclass
class ArrivedFile:
    """A file as it came with a form (表单附件): where its bytes were gathered, and what is wrong with it."""

    part: str
    name: str
    size: int = 0
    path: Path | None = None
    content: Content | None = None
    errors: list[DomainError] = field(default_factory=list)


@dataclass
class ArrivedForm:
    """A form as it came (表单): its fields, and its files until they are stored or thrown away."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[ArrivedFile] = field(default_factory=list)

    def discard(self) -> None:
        """Throw away what has not been stored."""
        for file in self.files:
            if file.path is not None:
                file.path.unlink(missing_ok=True)


class Receiver(Protocol):
    """What gathers forms with files (表单接收) into the storage's own folder."""

    @property
    def storage(self) -> Storage:
        """Give the storage that keeps the files."""

    async def gather(
        self, request: Any, *, largest: int, most: int, admit: Callable[[Sequence[tuple[str, str]]], None]
    ) -> ArrivedForm:
        """Read a form; before the first byte of a file is written, `admit` sees the fields that stand before it."""


@dataclass(frozen=True)
class Wish:
    """A file and the field that shall hold it (待保存附件)."""

    prefix: str
    subject_id: UUID
    field: AttachmentField
    file: ArrivedFile


async def attach(
    house: Store,
    storage: Storage,
    actor: Actor,
    wishes: Sequence[Wish],
    then: Callable[[Work], Awaitable[T]],
    *,
    clock: Clock,
    request_id: str | None = None,
) -> T:
    """Let records hold files, and do what belongs to them in the same transaction: all of it, or nothing.

    What is wrong with the files is told at once, each under `files` and its place in the form.
    """

    async def act(action: Callable[[Work], Awaitable[Any]]) -> Any:
        return await run_write(house, actor, action, clock=clock, request_id=request_id)

    async def stored(work: Work) -> T:
        for ticket, wish in zip(tickets, wishes, strict=True):
            assert wish.file.content is not None, "a file without fault has been looked at"
            await store(work, ticket.id, wish.file.content)
        return await then(work)

    tickets: list[Attachment] = await act(lambda work: _tickets(work, wishes))
    try:
        for ticket, wish in zip(tickets, wishes, strict=True):
            assert wish.file.path is not None, "a file without fault has been gathered"
            await storage.keep(wish.file.path, ticket.key)
        done: T = await act(stored)
    except BaseException:
        await asyncio.shield(asyncio.ensure_future(_undo(act, storage, tickets)))
        raise
    return done


async def _tickets(work: Work, wishes: Sequence[Wish]) -> list[Attachment]:
    """Take a place for each file; what concerns the record alone is told once."""
    tickets: list[Attachment] = []
    errors: list[DomainError] = []
    of_the_record: dict[str, DomainError] = {}
    for place, wish in enumerate(wishes):
        if wish.file.errors:
            for error in wish.file.errors:
                if isinstance(error, TooManyFilesError):
                    of_the_record[error.code] = error
                else:
                    errors.append(error.under("files", place))
            continue
        try:
            ticket = await open_ticket(work, wish.prefix, wish.subject_id, wish.field, wish.file.name, wish.file.size)
        except NotFoundError:
            raise
        except DomainError as error:
            of_the_record |= {single.code: single for single in error}
            continue
        ticket.taken_at = work.now
        tickets.append(ticket)
    refuse([*of_the_record.values(), *errors])
    return tickets


async def _undo(act: Any, storage: Storage, tickets: Sequence[Attachment]) -> None:
    for ticket in tickets:
        # The row decides: what has been stored in spite of all keeps its bytes.
        if await act(lambda work, id=ticket.id: give_up(work, id)):
            # Bytes without a row are found by the sweep.
            with contextlib.suppress(Exception):
                await storage.drop(ticket.key)
