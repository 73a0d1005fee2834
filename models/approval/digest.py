"""The daily digest: each reviewer is written once a working day what is due of what he may decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.approval.kinds import kinds
from models.approval.record import Approval, ApprovalState
from models.identity import Account, SignInRequiredError, actor_of
from models.kernel.access import Actor, Side
from models.kernel.calendar import BEIJING, beijing_day
from models.kernel.policy import Policy
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.record import Record
from models.kernel.work import Work
from models.notice import (
    Claimed,
    Letter,
    Mailbox,
    NoticeKind,
    Severity,
    beijing_text,
    enqueue,
    letter,
    wanting_mail,
    wants_mail,
)
from models.rights import Right

DIGEST_TIME = Policy(
    "notice.digest_time", "08:30", "每日摘要发送时间（北京时间）", "When the daily digest goes out, Beijing time"
)
DIGEST: Final = NoticeKind(
    "queue.digest",
    "每日待办摘要",
    "Daily digest",
    "您有待处理的审批即将到期或已超期。",
    "Approvals of yours are due or overdue.",
    Severity.ACTION,
    (Right.OPPORTUNITY_AUDIT, Right.OPPORTUNITY_VALIDATE, Right.PCE_DECIDE),
    in_inbox=False,
)
LONGEST: Final = 20
BATCH: Final = 50


@dataclass(frozen=True)
class DueEntry:
    """An entry as the digest lists it (摘要条目)."""

    kind: str
    label: str
    due: str
    overdue: bool
    path: str


async def to_be_looked_at(work: Work) -> list[UUID]:
    """List who has not been looked at today: Huawei's people with an address, from the set time of a working day on."""
    now = work.now.astimezone(BEIJING)
    if now.time() < _time_of(await work.policy(DIGEST_TIME)):
        return []
    if not (await work.calendar()).is_working_day(now.date()):
        return []
    return await work.every(
        select(Account.id)
        .outerjoin(Mailbox, col(Mailbox.id) == col(Account.id))
        .where(
            col(Account.side) == Side.HUAWEI,
            col(Account.active),
            col(Account.email).is_not(None),
            sa.or_(col(Mailbox.digest_on).is_(None), col(Mailbox.digest_on) < now.date()),
        )
        .order_by(col(Account.id))
        .limit(BATCH)
    )


async def prepare(work: Work, account_id: UUID) -> bool:
    """Look at one reviewer for today: where something of his is due, his digest goes into the outbox."""
    today = beijing_day(work.now)
    if not await _first_today(work, account_id, today):
        return False
    try:
        actor = await actor_of(work.session, account_id, now=work.now)
    except SignInRequiredError:
        return False
    if not DIGEST.reaches(actor) or not await wanting_mail(work, [account_id], [DIGEST]):
        return False
    due = select(Approval.id).where(Approval.visible_to(actor), *_due(actor, await _horizon(work)))
    if not await work.count(due):
        return False
    await enqueue(work, [(account_id, "digest", None, today.isoformat())])
    return True


async def _first_today(work: Work, account_id: UUID, today: dt.date) -> bool:
    box: Mailbox | None = await work.first(select(Mailbox).where(Mailbox.id == account_id).with_for_update())
    if box is None:
        box = work.add(Mailbox(id=account_id))
    if box.digest_on is not None and box.digest_on >= today:
        return False
    box.digest_on = today
    await work.flush()
    return True


@letter("digest")
async def daily(reader: Reader, mail: Claimed) -> Letter | None:
    """List what is due of what the reviewer may decide now; nothing where nothing is."""
    if not await wants_mail(reader, DIGEST.code):
        return None
    await reader.prepare()
    assert reader.calendar is not None, "prepare() loads it"
    horizon = reader.calendar.due_after(reader.now, 1)
    is_open = ("state", ApprovalState.OPEN)
    paged = await reader.page(
        Approval,
        Wanted.of("kind", "label", "due_at", "subject_kind", "subject_id"),
        Page(first=LONGEST, filter=(is_open,)),
        total=True,
        where=_due(reader.actor, horizon),
    )
    if not paged.nodes:
        return None
    lang = reader.actor.lang
    entries: Sequence[DueEntry] = [_entry(row, lang, reader.now) for row in paged.nodes]
    facts: dict[str, Any] = {
        "entries": entries,
        "total": paged.total_count,
        "waiting": await reader.count(Approval, Page(filter=(is_open,))),
        "day": beijing_day(reader.now),
    }
    return Letter("digest", DIGEST.title(lang), facts)


def _entry(row: Any, lang: str, now: dt.datetime) -> DueEntry:
    kind = kinds()[row.kind]
    due = dt.datetime.fromisoformat(row.due_at)
    return DueEntry(
        kind=kind.zh if lang == "zh" else kind.en,
        label=row.label,
        due=beijing_text(due),
        overdue=due <= now,
        path=f"/queue/{row.id}",
    )


def _due(actor: Actor, horizon: dt.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    table = _table(Approval)
    return (
        table.c.state == ApprovalState.OPEN,
        table.c.due_at <= horizon,
        table.c.requested_by != actor.id,
    )


async def _horizon(work: Work) -> dt.datetime:
    return (await work.calendar()).due_after(work.now, 1)


def _time_of(text: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text)
    except ValueError:
        return dt.time.fromisoformat(DIGEST_TIME.seed)


def _table(model: type[Record]) -> Any:
    return model.__table__  # type: ignore[attr-defined]
