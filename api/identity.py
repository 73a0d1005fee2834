"""From a request to the actor behind it: bearer token of a person or a tool, or the back-office's cookie."""

import contextlib
import datetime as dt

from starlette.requests import HTTPConnection

from api.settings import Settings
from models.identity import (
    BackOfficeSession,
    SessionTerms,
    SignInRequiredError,
    actor_of,
    actor_of_access,
    actor_of_token,
    derive_key,
    note_seen,
    note_used,
    visit_of_cookie,
)
from models.identity.clients import PREFIX
from models.kernel.access import Actor
from models.kernel.errors import TryAgainError
from models.kernel.work import Clock, Store, utc_now

COOKIE_NAME = "partner_center_back_office"


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
    async with store.reader() as session:
        if not token.startswith(f"{PREFIX}_"):
            return await actor_of_access(session, token, terms, now)
        actor, used = await actor_of_token(session, token, now)
    with contextlib.suppress(TryAgainError):  # the next call writes it down
        await note_used(store, used, now)
    return actor


async def visitor(
    request: HTTPConnection, store: Store, terms: SessionTerms, *, clock: Clock = utc_now
) -> tuple[Actor, BackOfficeSession] | None:
    """Find the person behind the back-office's cookie and his visit; without a cookie that holds it is nobody."""
    token = request.cookies.get(COOKIE_NAME)
    if not token:
        return None
    now = clock()
    try:
        async with store.reader() as session:
            visit = await visit_of_cookie(session, token, terms, now)
            actor = await actor_of(session, visit.account_id, now=now)
    except SignInRequiredError:
        return None
    with contextlib.suppress(TryAgainError):
        await note_seen(store, visit, now)
    return actor, visit
