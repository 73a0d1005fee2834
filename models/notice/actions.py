"""What people do with their notices: read them, and choose what comes by mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.identity import PeopleOnlyError
from models.kernel.errors import FieldRequiredError, NotFoundError, ValueNotAllowedError
from models.kernel.journal import Operation
from models.kernel.reads import Page, Reader
from models.kernel.reads.asking import Asked, Asking
from models.kernel.reads.declare import MAX_PAGE
from models.kernel.reads.filters import Narrowing
from models.kernel.work import Work
from models.notice.kinds import NoticeKind, notice_kinds
from models.notice.record import Notice, NoticePreference

CHOSEN: Final = Operation("notice.prefer", "设置通知偏好", "Choose what comes by mail", "notice", "setNoticePreference")


@dataclass(frozen=True)
class Choice:
    """What somebody gets of a kind of notice (通知设置)."""

    kind: NoticeKind
    by_mail: bool


async def mark_read(work: Work, ids: Sequence[UUID] | None) -> int:
    """Mark some of one's own notices as read, or with None all of them; answer how many are unread still."""
    if work.actor.client_id is not None:
        raise PeopleOnlyError()
    own = col(Notice.receiver_id) == work.actor.id
    which = [own, col(Notice.read_at).is_(None)]
    if ids is not None:
        wanted = set(ids)
        if not wanted:
            raise FieldRequiredError(path="ids")
        if len(wanted) > MAX_PAGE:
            raise ValueNotAllowedError(path="ids", value=f"> {MAX_PAGE}")
        if await work.count(select(Notice.id).where(own, col(Notice.id).in_(wanted))) < len(wanted):
            raise NotFoundError(path="ids")
        which.append(col(Notice.id).in_(wanted))
    await work.session.execute(
        sa.update(Notice).where(*which).values(read_at=work.now).execution_options(synchronize_session=False)
    )
    return await work.count(select(Notice.id).where(own, col(Notice.read_at).is_(None)))


def ask_unread(asking: Asking) -> Asked:
    """Ask how much the viewer has not read yet."""
    lines = yield asking.ask_count(Notice, Narrowing(Notice, Page(filter=(("read", False),)), asking))
    return int(lines[0][0])


async def unread_count(reader: Reader) -> int:
    """Count what the reader's actor has not read yet."""
    found: int = await reader.run(ask_unread(reader))
    return found


def ask_choices(asking: Asking) -> Asked:
    """Ask for the kinds of notice that may reach the viewer, with what he has chosen."""
    table = NoticePreference.__table__  # type: ignore[attr-defined]
    lines = yield from asking.ask_grouped(NoticePreference, (table.c.kind, table.c.by_mail), (), name="chosen")
    chosen = {kind: bool(by_mail) for kind, by_mail in lines}
    return [
        Choice(kind, chosen.get(kind.code, kind.by_mail))
        for kind in notice_kinds().values()
        if kind.reaches(asking.actor)
    ]


async def choices(reader: Reader) -> list[Choice]:
    """List the kinds of notice that may reach the reader's actor, with what he has chosen."""
    found: list[Choice] = await reader.run(ask_choices(reader))
    return found


async def choose(work: Work, code: str, *, by_mail: bool) -> NoticePreference:
    """Choose whether a kind of notice comes by mail too; the inbox has it in any case."""
    if work.actor.client_id is not None:
        raise PeopleOnlyError()
    kind = notice_kinds().get(code)
    if kind is None or not kind.reaches(work.actor):
        raise ValueNotAllowedError(path="kind", value=code[:64])
    own = NoticePreference.account_id == work.actor.id
    row: NoticePreference | None = await work.first(
        select(NoticePreference).where(own, NoticePreference.kind == code).with_for_update()
    )
    before = row.by_mail if row else kind.by_mail
    if row is None:
        row = work.add(NoticePreference(account_id=work.actor.id, kind=code, by_mail=by_mail))
    row.by_mail = by_mail
    if before != by_mail:
        work.note(CHOSEN, row, before={"by_mail": before}, after={"kind": code, "by_mail": by_mail})
    return row
