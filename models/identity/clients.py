"""Client applications and the tokens by which they call the API."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.identity.access import SignInRequiredError, actor_of
from models.identity.proofs import hash_secret, new_secret, same
from models.identity.record import ApiToken, ClientApplication, ClientMode
from models.identity.rules import (
    KEPT_BACK,
    TOKEN_DAYS,
    ModeNotAllowedError,
    OpenModeError,
    PeopleOnlyError,
    ScopeNotAllowedError,
    TokenLifetimeError,
    check_text,
)
from models.identity.sessions import NOTED_EVERY, stranger
from models.kernel.access import Actor, Side
from models.kernel.errors import DomainError, FieldRequiredError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.work import Store, Work, run_write
from models.rights import Right

PREFIX: Final = "pct"
CREATED: Final = Operation("client.create", "登记客户端应用", "Register a client", "clientApplication", "createClient")
CLOSED: Final = Operation("client.deactivate", "停用客户端应用", "Close a client", "clientApplication", "closeClient")
ISSUED: Final = Operation("token.create", "签发访问令牌", "Issue a token", "apiToken", "createToken")
SWITCHED: Final = Operation(
    "client.set_mode", "切换客户端调用模式", "Switch a client's mode", "clientApplication", "setClientMode"
)
REVOKED: Final = Operation("token.revoke", "吊销访问令牌", "Revoke a token", "apiToken", "revokeToken")


@dataclass(frozen=True)
class IssuedToken:
    """A new token with its secret, which is shown this once (新访问令牌)."""

    token: ApiToken
    secret: str


async def create_client(
    work: Work,
    *,
    name: str,
    purpose: str = "",
    mode: ClientMode = ClientMode.ID_ONLY,
    production: bool = False,
    issuer: Actor | None = None,
) -> ClientApplication:
    """Register a tool of one's own organisation; it calls admitted operations by id where no looser mode is given."""
    whose = _issuer(work, issuer)
    texts = [*check_text("name", name, 64, needed=True), *check_text("purpose", purpose, 500)]
    refuse([*texts, *_objections(work.actor, whose.side, ClientMode.ID_ONLY, mode, production)])
    client = ClientApplication(
        mode=mode,
        name=name.strip(),
        purpose=purpose.strip(),
        side=whose.side,
        partner_id=whose.partner_id,
        created_by_id=whose.id,
        created_at=work.now,
        updated_at=work.now,
    )
    work.note(CREATED, work.add(client), after={"name": client.name, "purpose": client.purpose or None, "mode": mode})
    return client


async def set_mode(
    work: Work, client_id: UUID, mode: ClientMode, *, production: bool = False, version: int | None = None
) -> ClientApplication:
    """Say what a tool may ask, from its next call on.

    Whoever manages it may tighten; to let a partner's tool run what nobody admitted is for ecosystem operations, and in
    production nobody opens a tool altogether.
    """
    if work.actor.client_id is not None:
        raise PeopleOnlyError()
    if not work.actor.may(Right.OPERATIONS_ADMIT):
        work.actor.require(Right.CLIENT_MANAGE)
    client = await work.get(ClientApplication, client_id, version=version)
    refuse(_objections(work.actor, client.side, client.mode, mode, production))
    if client.mode != mode:
        before, client.mode = client.mode, mode
        client.version += 1
        client.updated_at = work.now
        work.note(SWITCHED, client, before={"mode": before}, after={"mode": mode})
    return client


async def close_client(work: Work, client_id: UUID, *, version: int | None = None) -> ClientApplication:
    """Close a tool: every token of it ends at once."""
    client = await _client(work, client_id, version)
    if client.active:
        client.active = False
        client.version += 1
        client.updated_at = work.now
        await work.session.execute(
            sa.update(ApiToken)
            .where(col(ApiToken.client_id) == client.id, col(ApiToken.revoked_at).is_(None))
            .values(revoked_at=work.now)
        )
        work.note(CLOSED, client, before={"active": True}, after={"active": False})
    return client


async def issue_token(
    work: Work,
    client_id: UUID,
    *,
    name: str,
    scopes: Collection[str],
    days: int = 90,
    tied: bool = False,
    issuer: Actor | None = None,
    secret: str | None = None,
) -> IssuedToken:
    """Issue a token of a tool: it may do what its scopes name, never more than its issuer may at that moment.

    A token that is `tied` runs the tool's admitted operations and nothing else, whatever the tool's mode. Its secret is
    drawn by chance; only an installation's demonstration names one, so that it can be told again.
    """
    whose = _issuer(work, issuer)
    client = await _client(work, client_id, None)
    if not client.active or (client.side, client.partner_id) != (whose.side, whose.partner_id):
        raise NotFoundError(path="clientId")
    longest = await work.policy(TOKEN_DAYS)
    beyond = frozenset(scopes) - scopes_for(whose)
    refuse(
        [
            *check_text("name", name, 64, needed=True),
            None if scopes else FieldRequiredError(path="scopes"),
            ScopeNotAllowedError(path="scopes", permissions=sorted(beyond)) if beyond else None,
            None if 1 <= days <= longest else TokenLifetimeError(path="days", days=longest),
        ]
    )
    secret = secret or new_secret(PREFIX)
    token = ApiToken(
        client_id=client.id,
        issuer_id=whose.id,
        side=client.side,
        partner_id=client.partner_id,
        name=name.strip(),
        token_hash=hash_secret(secret),
        last_four=secret[-4:],
        scopes=sorted(set(scopes)),
        tied=tied,
        created_at=work.now,
        expires_at=work.now + dt.timedelta(days=days),
    )
    facts = {"name": token.name, "last_four": token.last_four, "scopes": token.scopes, "expires_at": token.expires_at}
    facts["tied"] = tied or None
    work.note(ISSUED, work.add(token), after=facts)
    return IssuedToken(token, secret)


async def revoke_token(work: Work, token_id: UUID) -> ApiToken:
    """Revoke a token; it holds no longer from this moment."""
    _manages(work)
    token = await work.get(ApiToken, token_id)
    if token.revoked_at is None:
        token.revoked_at = work.now
        work.note(REVOKED, token, after={"last_four": token.last_four, "revoked_at": token.revoked_at})
    return token


def scopes_for(actor: Actor) -> frozenset[str]:
    """List the scopes that an actor may give to a tool: what he may do, but not to decide over others' rights."""
    return actor.permissions - KEPT_BACK - {Right.BACK_OFFICE}


def is_bound(actor: Actor) -> bool:
    """Tell whether a caller is a tool that runs its registered operations and does nothing else."""
    if actor.client_id is None:
        return False
    return actor.tied or actor.client_mode not in (ClientMode.OPEN, ClientMode.APQ)


async def actor_of_token(session: AsyncSession, secret: str, now: dt.datetime) -> tuple[Actor, ApiToken]:
    """Find the tool that a token belongs to, with its scopes as far as the issuer still has them."""
    token_hash = hash_secret(secret)
    found = (
        await session.execute(
            sa.select(ApiToken, ClientApplication)
            .join(ClientApplication, col(ClientApplication.id) == col(ApiToken.client_id))
            .where(col(ApiToken.token_hash) == token_hash)
        )
    ).first()
    if found is None:
        raise SignInRequiredError()
    token, client = found
    holds = same(token.token_hash, token_hash) and client.active and token.revoked_at is None
    if not holds or now >= token.expires_at:
        raise SignInRequiredError()
    actor = await actor_of(
        session, token.issuer_id, now=now, client_id=client.id, client_name=client.name, scopes=token.scopes
    )
    return dataclasses.replace(actor.ending(token.expires_at), client_mode=client.mode.value, tied=token.tied), token


async def note_used(store: Store, token: ApiToken, now: dt.datetime) -> None:
    """Write down that a token is in use, at most once a minute."""
    if token.last_used_at is not None and now - token.last_used_at < NOTED_EVERY:
        return

    async def write(work: Work) -> None:
        await work.session.execute(sa.update(ApiToken).where(col(ApiToken.id) == token.id).values(last_used_at=now))

    await run_write(store, stranger(), write)


def _objections(
    actor: Actor, side: Side, present: ClientMode, mode: ClientMode, production: bool
) -> Iterator[DomainError]:
    if mode is ClientMode.OPEN and production and present is not mode:
        yield OpenModeError(path="mode")
    elif (
        side is Side.PARTNER
        and mode.runs_anything
        and mode.looser_than(present)
        and not actor.may(Right.OPERATIONS_ADMIT)
    ):
        yield ModeNotAllowedError(path="mode", mode=mode)


def _manages(work: Work) -> None:
    if work.actor.client_id is not None:
        raise PeopleOnlyError()
    work.actor.require(Right.CLIENT_MANAGE)


def _issuer(work: Work, issuer: Actor | None) -> Actor:
    """Say on whose behalf a tool acts: oneself, or whom the platform administrator names."""
    _manages(work)
    if issuer is not None and issuer.id != work.actor.id:
        work.actor.require(Right.ACCOUNT_MANAGE)
        return issuer
    return work.actor


async def _client(work: Work, client_id: UUID, version: int | None) -> ClientApplication:
    _manages(work)
    return await work.get(ClientApplication, client_id, version=version)
