"""How people are told: the table of who is told what at which step, and the rows that this writes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from models.identity import Account
from models.kernel.lifecycle import Lifecycle, Move
from models.kernel.record import Record
from models.kernel.values import instant_text, new_id
from models.kernel.work import Work
from models.notice.kinds import NoticeKind
from models.notice.record import Mailbox, MailState, Notice, NoticePreference, OutgoingMail

Receivers = Callable[[Work, Any], Awaitable[Iterable[UUID | None]]]
NOTICE_LETTER = "notice"
BATCH = 20


@dataclass(frozen=True)
class Tell:
    """One row of the table of notices (通知规则): at which steps, what, to whom; `on` None is a record's beginning.

    `about` finds the row that the notice is about, where it is not the record itself; `until` is its column with the
    time until which somebody is to act.
    """

    on: tuple[str | None, ...]
    kind: NoticeKind
    to: tuple[Receivers, ...]
    about: Callable[[Work, Any], Awaitable[Record | None]] | None = None
    when: Callable[[Any], bool] = lambda _record: True
    until: str = "due_at"


@dataclass(frozen=True)
class Watch:
    """A time that comes by itself (到期提醒): who is told once when a row of the model meets the condition.

    `which` gives the condition and the moment that the notice is about; another moment is another event.
    """

    kind: NoticeKind
    model: type[Record]
    which: Callable[[Work], Awaitable[tuple[sa.ColumnElement[bool], sa.ColumnElement[dt.datetime]]]]
    to: tuple[Receivers, ...]


@dataclass(frozen=True)
class Message:
    """One thing to tell some people (消息)."""

    kind: NoticeKind
    subject: Record
    receivers: Collection[UUID]
    event: str
    moment: dt.datetime | None = None


_watches: list[Watch] = []


def tell_of(lifecycle: Lifecycle[Any], *rows: Tell) -> None:
    """Let people be told of the steps of a lifecycle, in the transaction that takes them."""
    for verb in dict.fromkeys(verb for row in rows for verb in row.on):
        lifecycle.also_do(verb, _told_together([row for row in rows if verb in row.on]))


def watch_for(*watches: Watch) -> None:
    """Let people be told when a time comes."""
    _watches.extend(watches)


def watches() -> Sequence[Watch]:
    """List the times that people are told of."""
    return _watches


def _told_together(rows: Sequence[Tell]) -> Callable[[Work, Move], Awaitable[None]]:
    async def effect(work: Work, move: Move) -> None:
        messages = []
        for row in rows:
            if not row.when(move.record):
                continue
            subject = await row.about(work, move.record) if row.about else move.record
            if subject is not None:
                receivers = await everybody(work, move.record, row.to)
                until = getattr(subject, row.until, None)
                messages.append(Message(row.kind, subject, receivers, f"v{move.record.version}", until))
        await tell(work, messages)

    return effect


async def everybody(work: Work, record: Any, ways: Iterable[Receivers]) -> set[UUID]:
    """Gather whom several ways name."""
    return {id for way in ways for id in await way(work, record) if id is not None}


async def tell(work: Work, messages: Sequence[Message]) -> int:
    """Write notices, and the mails that their receivers want, into the transaction of the change; answer how many.

    Nobody is told of his own deed, and nobody twice of one event. Receivers are taken in the order of their ids, so
    that two transactions never wait for each other.
    """
    ids = {id for message in messages for id in message.receivers} - {work.actor.id}
    if not ids:
        return 0
    accounts = {row.id: row.email for row in await work.session.execute(_ADDRESSES, {"ids": list(ids)})}
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "receiver_id": receiver,
            "kind": message.kind.code,
            "subject_kind": type(message.subject).__name__,
            "subject_id": message.subject.id,
            "event": message.event,
            "status": getattr(message.subject, "status", None),
            "moment": message.moment,
            "occurred_at": work.now,
            "read_at": None,
        }
        for message in messages
        for receiver in sorted(message.receivers)
        if receiver in accounts
    ]
    if not rows:
        return 0
    await work.flush()
    insert = _NEW_NOTICES[work.session.get_bind().dialect.name]
    written = set((await work.session.execute(insert, rows)).scalars())
    new = [row for row in rows if row["id"] in written]
    kinds = {message.kind.code: message.kind for message in messages}
    wanted = await wanting_mail(work, [id for id, email in accounts.items() if email], kinds.values())
    await enqueue(
        work,
        [
            (row["receiver_id"], NOTICE_LETTER, row["id"], row["id"].hex)
            for row in new
            if (row["receiver_id"], row["kind"]) in wanted
        ],
    )
    return len(new)


async def wanting_mail(
    work: Work, account_ids: Collection[UUID], kinds: Collection[NoticeKind]
) -> set[tuple[UUID, str]]:
    """Tell which of these accounts want which of these kinds by mail."""
    if not account_ids:
        return set()
    chosen = {
        (row.account_id, row.kind): row.by_mail
        for row in await work.every(
            select(NoticePreference).where(
                col(NoticePreference.account_id).in_(account_ids),
                col(NoticePreference.kind).in_([kind.code for kind in kinds]),
            )
        )
    }
    return {(id, kind.code) for id in account_ids for kind in kinds if chosen.get((id, kind.code), kind.by_mail)}


async def enqueue(work: Work, mails: Sequence[tuple[UUID, str, UUID | None, str]]) -> None:
    """Put mails into the outbox: receiver, letter, what about, and the event that makes it one of its kind.

    Each receiver's counter is held until the end of the transaction, so that his mails are numbered in the order in
    which their changes come to be.
    """
    if not mails:
        return
    count = Counter(mail[0] for mail in mails)
    table = _table(Mailbox)
    insert = _insert(work)(table).values(
        [{"id": id, "last_sequence": count[id], "digest_on": None} for id in sorted(count)]
    )
    upsert = insert.on_conflict_do_update(
        index_elements=[table.c.id],
        set_={"last_sequence": table.c.last_sequence + insert.excluded.last_sequence},
    ).returning(table.c.id, table.c.last_sequence)
    following = {row.id: row.last_sequence - count[row.id] for row in await work.session.execute(upsert)}
    rows = []
    for receiver, letter, subject_id, event in mails:
        following[receiver] += 1
        rows.append(
            {
                "id": new_id(),
                "receiver_id": receiver,
                "sequence": following[receiver],
                "letter": letter,
                "subject_id": subject_id,
                "event": event,
                "state": MailState.WAITING,
                "attempts": 0,
                "made_at": work.now,
                "next_attempt_at": work.now,
            }
        )
    await work.add_all(OutgoingMail, rows)


async def waiting_for(work: Work, watch: Watch, after: UUID | None = None) -> list[UUID]:
    """List rows whose time has come and of which nobody has been told yet."""
    query = (await _due(work, watch, col(watch.model.id))).order_by(col(watch.model.id)).limit(BATCH)
    return await work.every(query if after is None else query.where(col(watch.model.id) > after))


async def tell_when_due(work: Work, watch: Watch, ids: Sequence[UUID]) -> int:
    """Tell of those rows whose time has come still; what another process holds is left to it."""
    _, moment = await watch.which(work)
    query = await _due(work, watch, watch.model, moment.label("moment"))
    found = await work.session.execute(
        query.where(col(watch.model.id).in_(ids))
        .order_by(col(watch.model.id))
        .with_for_update(of=watch.model, skip_locked=True)
    )
    messages = [
        Message(watch.kind, record, await everybody(work, record, watch.to), instant_text(about), about)
        for record, about in found.all()
    ]
    return await tell(work, messages)


async def _due(work: Work, watch: Watch, *columns: Any) -> Any:
    which, moment = await watch.which(work)
    told = sa.exists().where(
        col(Notice.kind) == watch.kind.code,
        col(Notice.subject_id) == col(watch.model.id),
        col(Notice.moment) == moment,
    )
    return sa.select(*columns).where(which, sa.not_(told))


def _table(model: type[Record]) -> Any:
    return model.__table__  # type: ignore[attr-defined]


_ADDRESSES: Final = sa.select(_table(Account).c.id, _table(Account).c.email).where(
    _table(Account).c.id.in_(sa.bindparam("ids", expanding=True)), _table(Account).c.active
)
_NEW_NOTICES: Final = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(_table(Notice))
    .on_conflict_do_nothing()
    .returning(_table(Notice).c.id)
    for dialect in (postgresql, sqlite)
}


def _insert(work: Work) -> Any:
    return postgresql.insert if work.session.get_bind().dialect.name == "postgresql" else sqlite.insert
