"""From a request to the actor behind its bearer token, a person's or a tool's."""

import contextlib
import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection

from api.settings import Settings
from models.identity import (
    ApiToken,
    SessionTerms,
    SignInRequiredError,
    actor_of_access,
    actor_of_token,
    derive_key,
    note_used,
)
from models.identity.clients import PREFIX
from models.identity.sessions import NOTED_EVERY
from models.kernel.access import Actor
from models.kernel.errors import TryAgainError
from models.kernel.work import Clock, Store, utc_now

MOST_KNOWN: Final = 2_000
"""How many actors are kept at a time; each takes some kilobytes."""


def session_terms(settings: Settings) -> SessionTerms:
    """Say how long sessions live here, and with which keys access tokens and reset links are signed."""
    secret = settings.secret_key.get_secret_value()
    return SessionTerms(
        key=derive_key(secret, "access-tokens"),
        reset_key=derive_key(secret, "reset-links"),
        access=dt.timedelta(seconds=settings.access_token_seconds),
        refresh=dt.timedelta(seconds=settings.refresh_token_seconds),
        idle=dt.timedelta(seconds=settings.session_idle_seconds),
        absolute=dt.timedelta(seconds=settings.session_absolute_seconds),
    )


def journal_key(settings: Settings) -> bytes:
    """Give the key of the journal's hashes."""
    return derive_key(settings.secret_key.get_secret_value(), "journal")


def bearer(request: HTTPConnection) -> str | None:
    """Give the bearer token of a request, or nothing where it has none."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise SignInRequiredError()
    return token.strip()


def token_digest(request: HTTPConnection) -> bytes:
    """Give the hash of the bearer token, which is kept while the request is answered."""
    state = request.scope.setdefault("state", {})
    known: bytes | None = state.get("token_digest")
    if known is None:
        known = state["token_digest"] = hashlib.sha256((bearer(request) or "").encode()).digest()
    return known


async def authenticate(
    request: HTTPConnection, store: Store, terms: SessionTerms, *, clock: Clock = utc_now
) -> Actor | None:
    """Find the person or tool behind a bearer token; without one it is nobody.

    A token that does not hold (any longer) raises SignInRequiredError, whatever the reason.
    """
    token = bearer(request)
    if token is None:
        return None
    now = clock()
    return await _noted(await _known(token, store, terms, now), store, now)


class Known(NamedTuple):
    """An actor as a token made it, with the row of a tool's token."""

    actor: Actor
    used: ApiToken | None
    since: dt.datetime
    until: dt.datetime
    """When the actor has to be looked up again, though nothing has changed."""
    noted: dt.datetime | None
    """When it was last written down that the token is in use."""


async def _known(token: str, store: Store, terms: SessionTerms, now: dt.datetime) -> Known:
    async with store.reader() as session:
        if not token.startswith(f"{PREFIX}_"):
            actor = await actor_of_access(session, token, terms, now)
            return Known(actor, None, now, actor.until or now, None)
        actor, used = await actor_of_token(session, token, now)
        return Known(actor, used, now, actor.until or now, used.last_used_at)


async def _noted(known: Known, store: Store, now: dt.datetime) -> Actor:
    if known.used is not None and (known.noted is None or now - known.noted >= NOTED_EVERY):
        with contextlib.suppress(TryAgainError):  # the next call writes it down
            await note_used(store, known.used, now)
    return known.actor


class Actors:
    """Whom recent bearer tokens belong to (令牌持有人), for as long as nothing has changed.

    An actor is kept under its token's hash while the data's version stays the same and until the first instant at which
    time alone ends anything of it: token, session, claim. A commit of anybody, in any process, ends all of them, so a
    revoked token or a changed role holds from the very next call.
    """

    def __init__(
        self, house: Store, version: Callable[[], Awaitable[str]], terms: SessionTerms, *, clock: Clock = utc_now
    ) -> None:
        self._house = house
        self._version = version
        self._terms = terms
        self._clock = clock
        self._at = ""
        self._kept: dict[bytes, Known] = {}

    async def behind(self, request: HTTPConnection) -> Actor | None:
        """Find the person or tool behind a request's bearer token, as `authenticate` does."""
        token = bearer(request)
        if token is None:
            return None
        at, now = await self._version(), self._clock()
        # Whoever reads later in this request need not ask again.
        state = request.scope.setdefault("state", {})
        state["data_version"] = at
        if at != self._at:
            self._at = at
            self._kept.clear()
        key = state["token_digest"] = hashlib.sha256(token.encode()).digest()
        known = self._kept.get(key)
        if known is None or not known.since <= now < known.until:
            known = await _known(token, self._house, self._terms, now)
            if at == self._at and len(self._kept) < MOST_KNOWN:
                self._kept[key] = known
        return await _noted(known, self._house, now)
