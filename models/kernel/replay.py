"""Idempotency keys: a repeated call finds what the first one did, in the transaction that did it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, col, select

from models.kernel.access import Actor
from models.kernel.errors import IdempotencyKeyRequiredError, IdempotencyKeyReusedError, LengthError
from models.kernel.policy import Policy
from models.kernel.record import Record, nobody
from models.kernel.values import Instant, Uid, parse_public_id
from models.kernel.work import Work

KEPT_DAYS = Policy("idempotency.kept_days", 30, "幂等键保留天数（自然日）", "Days for which an idempotency key is kept")
LONGEST_KEY = 128


class ReplayRecord(Record, table=True):
    """What a keyed call did (幂等记录): hash of its input, the ids that it answered; refusals are not kept."""

    __tablename__ = "replay_record"
    __table_args__ = (sa.UniqueConstraint("caller_id", "mutation", "root_field", "key"),)
    prefix: ClassVar[str] = "rpl"

    caller_id: UUID = Field(sa_type=Uid)
    mutation: str = Field(max_length=80)
    root_field: str = Field(max_length=80)
    key: str = Field(max_length=128)
    input_hash: str = Field(max_length=64)
    code: str = Field(default="OK", max_length=40)
    ids: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    made_at: dt.datetime = Field(sa_type=Instant, index=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """No window shows these rows."""
        return nobody()


def hash_of(input: Any) -> str:
    """Name an input by its content, whatever the order of its fields."""
    return hashlib.sha256(orjson.dumps(input, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


async def once(
    work: Work,
    action: Callable[[Work], Awaitable[list[Record]]],
    *,
    mutation: str,
    root_field: str,
    key: str | None,
    input_hash: str,
) -> tuple[list[UUID], bool]:
    """Run a keyed action, or answer the ids of its first run; `True` says that it was a repeat.

    Keys are required of tools and optional for people. The same key with another input is refused.
    """
    if key is None:
        if work.actor.client_id is not None:
            raise IdempotencyKeyRequiredError(path="idempotencyKey")
        return [record.id for record in await action(work)], False
    if not 1 <= len(key) <= LONGEST_KEY:
        raise LengthError(path="idempotencyKey", minimum=1, maximum=LONGEST_KEY, length=len(key))
    call = {
        "caller_id": work.actor.client_id or work.actor.id,
        "mutation": mutation,
        "root_field": root_field,
        "key": key,
    }
    this_call = [col(getattr(ReplayRecord, name)) == value for name, value in call.items()]
    kept_since = work.now - dt.timedelta(days=await work.policy(KEPT_DAYS))
    await work.session.execute(
        sa.delete(ReplayRecord).where(*this_call, col(ReplayRecord.made_at) <= kept_since),
    )
    # The key is taken before the deed: whoever comes with it at the same moment waits here for the first to end.
    claim = ReplayRecord(**call, input_hash=input_hash, made_at=work.now)
    insert = postgresql.insert if work.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    taken = await work.session.execute(insert(ReplayRecord).values(claim.model_dump()).on_conflict_do_nothing())
    if not taken.rowcount:  # type: ignore[attr-defined]
        found: ReplayRecord = await work.first(select(ReplayRecord).where(*this_call))
        if found.input_hash != input_hash:
            raise IdempotencyKeyReusedError(path="idempotencyKey")
        return [parse_public_id(text)[1] for text in found.ids], True
    records = await action(work)
    await work.flush()
    await work.session.execute(
        sa.update(ReplayRecord)
        .where(col(ReplayRecord.id) == claim.id)
        .values(ids=[record.public_id for record in records])
    )
    return [record.id for record in records], False


async def forget_old(work: Work) -> int:
    """Delete the keys that are kept no longer, 500 at a time."""
    since = work.now - dt.timedelta(days=await work.policy(KEPT_DAYS))
    old = await work.every(select(ReplayRecord).where(col(ReplayRecord.made_at) <= since).limit(500))
    for record in old:
        await work.remove(record)
    return len(old)
