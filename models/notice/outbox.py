"""The outbox: mails are claimed, sent at least once and in order for each receiver, and given up after a while."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from models.kernel.policy import Policy
from models.kernel.work import Work
from models.notice.record import MailState, Notice, OutgoingMail

ATTEMPTS = Policy("mail.attempts", 8, "邮件发送次数上限", "How often a mail is tried before it is given up")
FIRST_WAIT = Policy(
    "mail.first_wait_seconds",
    60,
    "邮件首次重试间隔（秒），此后逐次加倍",
    "Seconds before a mail is tried again; doubled each time",
)
KEPT_DAYS = Policy("mail.kept_days", 30, "已发邮件记录保留天数", "Days for which the record of a mail is kept")
NOTICES_KEPT_DAYS = Policy("notice.kept_days", 365, "通知保留天数", "Days for which a notice is kept")
LONGEST_WAIT: Final = dt.timedelta(hours=6)
# Longer than any attempt to send may take, so that a mail is taken over only from a process that is gone.
LEASE: Final = dt.timedelta(minutes=3)


@dataclass(frozen=True)
class Claimed:
    """A mail that this process sends now (已认领邮件); `attempt` tells whether it still does."""

    id: UUID
    receiver_id: UUID
    letter: str
    subject_id: UUID | None
    attempt: int

    @property
    def public_id(self) -> str:
        """Give the id that stands in the mail's Message-ID, the same at every attempt."""
        return f"{OutgoingMail.prefix}_{self.id.hex}"


async def claim(work: Work, limit: int = 10) -> Sequence[Claimed]:
    """Take mails to send: of each receiver the first that waits, so that his mails arrive in their order.

    A mail that another process holds is left to it until its lease is over.
    """
    first, earlier = aliased(OutgoingMail), aliased(OutgoingMail)
    before = (
        sa.exists()
        .where(
            col(earlier.receiver_id) == col(first.receiver_id),
            col(earlier.state) == MailState.WAITING,
            col(earlier.sequence) < col(first.sequence),
        )
        .correlate(first)
    )
    free = (
        sa.select(col(first.id))
        .where(
            col(first.state) == MailState.WAITING,
            col(first.next_attempt_at) <= work.now,
            sa.or_(col(first.lease_until).is_(None), col(first.lease_until) <= work.now),
            sa.not_(before),
        )
        .order_by(col(first.next_attempt_at), col(first.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await work.session.execute(
        sa.update(OutgoingMail)
        .where(col(OutgoingMail.id).in_(free))
        .values(lease_until=work.now + LEASE, attempts=OutgoingMail.attempts + 1)
        .returning(
            col(OutgoingMail.id),
            col(OutgoingMail.receiver_id),
            col(OutgoingMail.letter),
            col(OutgoingMail.subject_id),
            col(OutgoingMail.attempts),
        )
        .execution_options(synchronize_session=False)
    )
    return [Claimed(*row) for row in taken.all()]


async def mark_sent(work: Work, mail: Claimed) -> bool:
    """Write down that a mail has been handed over; False where another process has taken it over meanwhile."""
    return await _mark(work, mail, state=MailState.SENT, ended_at=work.now, failure=None)


async def mark_dropped(work: Work, mail: Claimed, why: str) -> bool:
    """Write down that a mail is not needed any more, such as one about a record that its receiver lost sight of."""
    return await _mark(work, mail, state=MailState.DROPPED, ended_at=work.now, failure=why[:500])


async def mark_failed(work: Work, mail: Claimed, why: str, *, for_good: bool = False) -> bool:
    """Write down that a mail could not be sent: it is tried again, later each time, until it is given up."""
    most, wait = await work.policy(ATTEMPTS), await work.policy(FIRST_WAIT)
    if for_good or mail.attempt >= most:
        return await _mark(work, mail, state=MailState.DEAD, ended_at=work.now, failure=why[:500])
    pause = min(dt.timedelta(seconds=wait) * 2 ** (mail.attempt - 1), LONGEST_WAIT)
    return await _mark(work, mail, next_attempt_at=work.now + pause, failure=why[:500])


async def _mark(work: Work, mail: Claimed, **values: Any) -> bool:
    marked: Any = await work.session.execute(
        sa.update(OutgoingMail)
        .where(
            col(OutgoingMail.id) == mail.id,
            col(OutgoingMail.attempts) == mail.attempt,
            col(OutgoingMail.state) == MailState.WAITING,
        )
        .values(lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(marked.rowcount)


async def counts(work: Work) -> dict[str, int]:
    """Count the mails that wait and those that were given up."""
    found = await work.session.execute(
        sa.select(col(OutgoingMail.state), sa.func.count())
        .where(col(OutgoingMail.state).in_((MailState.WAITING, MailState.DEAD)))
        .group_by(col(OutgoingMail.state))
    )
    return {str(state): count for state, count in found.all()}


async def forget_old(work: Work) -> int:
    """Delete what is kept no longer of mails and notices, 500 at a time."""
    gone = 0
    mails = work.now - dt.timedelta(days=await work.policy(KEPT_DAYS))
    notices = work.now - dt.timedelta(days=await work.policy(NOTICES_KEPT_DAYS))
    for model, old in (
        (OutgoingMail, col(OutgoingMail.ended_at) <= mails),
        (Notice, col(Notice.occurred_at) <= notices),
    ):
        ids = select(model.id).where(old).limit(500).scalar_subquery()
        done: Any = await work.session.execute(
            sa.delete(model).where(col(model.id).in_(ids)).execution_options(synchronize_session=False)
        )
        gone += done.rowcount
    return gone
