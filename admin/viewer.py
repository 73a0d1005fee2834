"""Who looks at the back-office in one request, what he reads, and how he acts."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from models.file import FileTerms, Receiver, Wish, attach
from models.identity import SignInRequiredError, actor_of
from models.identity.record import Account
from models.identity.sessions import SessionTerms, note_seen, visit_of_cookie
from models.kernel.access import Actor
from models.kernel.errors import TryAgainError
from models.kernel.reads import Reader
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from models.rights import Right

T = TypeVar("T")
COOKIE = "partner_center_back_office"


async def nothing_else(_work: Work) -> None:
    """Do nothing beside."""


@dataclass(frozen=True)
class House:
    """What the back-office stands on: store, clock, terms of visits, keys of links, and what takes files of forms."""

    store: Store
    terms: SessionTerms
    clock: Clock = utc_now
    export_key: bytes = b""
    files: FileTerms | None = None
    receiver: Receiver | None = None
    production: bool = False


@dataclass
class Viewer:
    """Somebody at the back-office (后台用户) in one request."""

    house: House
    actor: Actor
    token: str
    visit_id: UUID
    must_change_password: bool
    request_id: str | None = None

    @property
    def admitted(self) -> bool:
        """Tell whether he may see more than his own password page."""
        return self.actor.may(Right.BACK_OFFICE)

    @property
    def form_token(self) -> str:
        """Give the token that every form carries; whoever lacks the cookie cannot make it."""
        return hashlib.sha256(f"form/{self.token}".encode()).hexdigest()

    def wrote(self, token: object) -> bool:
        """Tell whether a form was written for this visit."""
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self.form_token.encode())

    def now(self) -> dt.datetime:
        """Give the present instant."""
        return self.house.clock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """Read from one snapshot."""
        async with self.house.store.reader() as session:
            reader = Reader(session, self.actor, self.now())
            await reader.prepare()
            yield reader

    def looking(self, session: AsyncSession) -> Work:
        """Ask the domain what it would allow, without changing anything."""
        return Work(
            session, self.actor, self.now(), journal_key=self.house.store.journal_key, request_id=self.request_id
        )

    async def act(self, action: Callable[[Work], Awaitable[T]]) -> T:
        """Run an action in a write transaction of its own."""
        return await run_write(self.house.store, self.actor, action, clock=self.house.clock, request_id=self.request_id)

    async def attach(self, wishes: Sequence[Wish], then: Callable[[Work], Awaitable[Any]] = nothing_else) -> Any:
        """Let records hold the files of a form, and do what belongs to them in the same transaction."""
        house = self.house
        if not wishes or house.receiver is None:
            return await self.act(then)
        return await attach(
            house.store,
            house.receiver.storage,
            self.actor,
            wishes,
            then,
            clock=house.clock,
            request_id=self.request_id,
        )


async def viewer_of_cookie(house: House, token: str, request_id: str | None) -> Viewer | None:
    """Load who holds a cookie, or nobody where the visit or the account no longer holds."""
    now = house.clock()
    try:
        async with house.store.reader() as session:
            visit = await visit_of_cookie(session, token, house.terms, now)
            actor = await actor_of(session, visit.account_id, now=now)
            account = await session.get(Account, visit.account_id)
    except SignInRequiredError:
        return None
    with contextlib.suppress(TryAgainError):  # the next page writes it down
        await note_seen(house.store, visit, now)
    must_change = account is not None and account.must_change_password
    return Viewer(house, actor, token, visit.id, must_change, request_id)


def viewer_of(request: Request) -> Viewer:
    """Give who looks; the gate lets nobody through without."""
    viewer = getattr(request.state, "viewer", None)
    if not isinstance(viewer, Viewer):
        raise SignInRequiredError()
    return viewer
