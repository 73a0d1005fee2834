"""From an account to the actor that it is for one request."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.identity.record import Account, AccountRole, Role
from models.kernel.access import SYSTEM_ID, Actor, Side
from models.kernel.errors import DomainError, Remedy
from models.kernel.journal import JournalRight
from models.kernel.reads.fetch import Fetch
from models.kernel.reads.statement import given
from models.kernel.values import Uid, public_id
from models.kernel.work import utc_now
from models.partner import PartnerOrganisation
from models.rights import APPLICANT, PRESETS, Preset, Right

Enrichment = Callable[[AsyncSession, Actor, dt.datetime], Awaitable[Mapping[str, Any]]]

_enrichments: list[Enrichment] = []


class SignInRequiredError(DomainError):
    """Nobody is signed in, or the session, token or account no longer holds."""

    zh = "请先登录；会话、令牌或账号已失效时请重新登录。"
    en = "Sign in first; the session, token or account no longer holds."
    remedy = Remedy.CORRECT_INPUT
    cbc = "CBC.0151"


def enrich(enrichment: Enrichment) -> Enrichment:
    """Let a feature contribute fields of the actor: it answers those that it knows, by name."""
    if enrichment not in _enrichments:
        _enrichments.append(enrichment)
    return enrichment


def permissions_of(
    presets: Iterable[Preset | None], granted: Iterable[str], *, is_main: bool = False
) -> frozenset[str]:
    """Unite what the roles of an account grant.

    An account manager with any further role sees every customer of his organisation (COL-7.1.4). The main account has
    its rights as a property of the account, not by a role.
    """
    roles = list(presets)
    permissions = set(granted)
    if Preset.MGR in roles and len(roles) > 1:
        permissions.add(Right.CUSTOMER_READ_OWN)
    if is_main:
        permissions |= PRESETS[Preset.MAIN].permissions
    return frozenset(permissions)


async def actor_of(
    session: AsyncSession,
    account_id: UUID,
    *,
    now: dt.datetime | None = None,
    client_id: UUID | None = None,
    client_name: str | None = None,
    scopes: Iterable[str] | None = None,
) -> Actor:
    """Load an account as the actor that it is now, with the rights of its present roles (COL-7.1.14).

    An account that must still change its password has no rights but to change it (COL-7.1.13), and one whose company
    has not joined yet none but to fill in its entry (PL-16). A tool has no more than
    its scopes and no more than the account that issued its token. An inactive or unknown account is refused.
    """
    return await actor_among(
        session,
        await _ACCOUNT(session, account_id=account_id),
        now=now,
        client_id=client_id,
        client_name=client_name,
        scopes=scopes,
    )


_accounts, _roles = Account.__table__, Role.__table__  # type: ignore[attr-defined]
_links = AccountRole.__table__  # type: ignore[attr-defined]
ACTOR_COLUMNS: Final[tuple[Any, ...]] = (
    *(_accounts.c[name] for name in ("id", "name", "side", "partner_id", "customer_id", "office_id", "lang")),
    *(_accounts.c[name] for name in ("is_main", "active", "must_change_password")),
    *(_roles.c.id, _roles.c.preset, _roles.c.permissions),
)


def with_roles(source: Any) -> Any:
    """Join the roles to what has the account; an account without roles keeps one line without a role."""
    return source.outerjoin(_links, _links.c.account_id == _accounts.c.id).outerjoin(
        _roles, _roles.c.id == _links.c.role_id
    )


_ACCOUNT: Final = Fetch(
    sa.select(*ACTOR_COLUMNS)
    .select_from(with_roles(_accounts))
    .where(_accounts.c.id == given("account_id", Uid()))
    .order_by(_links.c.id)
)


async def actor_among(
    session: AsyncSession,
    lines: Sequence[Sequence[Any]],
    *,
    now: dt.datetime | None = None,
    client_id: UUID | None = None,
    client_name: str | None = None,
    scopes: Iterable[str] | None = None,
) -> Actor:
    """Make the actor of an account's lines, one for each of its roles, with ACTOR_COLUMNS in front."""
    if not lines:
        raise SignInRequiredError()
    account_id, name, side, partner_id, customer_id, office_id, lang, is_main, active, must_change = lines[0][:10]
    if not active:
        raise SignInRequiredError()
    roles = [
        (role_id, Preset[preset] if preset else None, granted)
        for role_id, preset, granted in (line[10:13] for line in lines)
        if role_id is not None
    ]
    permissions: frozenset[str] = frozenset()
    if not must_change:
        permissions = permissions_of(
            (preset for _, preset, _ in roles),
            (permission for _, _, granted in roles for permission in granted),
            is_main=is_main,
        )
        if Side[side] is Side.PARTNER and partner_id is None:
            permissions = APPLICANT
    if scopes is not None:
        permissions &= frozenset(scopes)
    codes = (preset.value if preset else public_id(Role.prefix, role_id) for role_id, preset, _ in roles)
    actor = Actor(
        id=account_id,
        name=client_name or name,
        side=Side[side],
        permissions=permissions,
        partner_id=partner_id,
        customer_id=customer_id,
        office_id=office_id,
        client_id=client_id,
        lang="en" if lang == "en" else "zh",
        roles=(*((Preset.MAIN.value,) if is_main else ()), *codes),
    )
    return await _enriched(session, actor, now or utc_now()) if permissions else actor


async def rights_under(
    session: AsyncSession, account_ids: Collection[UUID], roles: Mapping[UUID, Collection[str] | None]
) -> dict[UUID, tuple[frozenset[str], frozenset[str]]]:
    """Say what active accounts may do now, and what once some roles grant other things, or with None are gone.

    An account that must still change its password counts with the rights that it will have then.
    """
    found = await session.execute(
        sa.select(_accounts.c.id, _accounts.c.is_main, _roles.c.id, _roles.c.preset, _roles.c.permissions)
        .select_from(with_roles(_accounts))
        .where(_accounts.c.id.in_(account_ids), _accounts.c.active.is_(True))
        .order_by(_accounts.c.id, _links.c.id)
    )
    held: dict[UUID, list[tuple[UUID, Preset | None, Collection[str]]]] = defaultdict(list)
    mains: dict[UUID, bool] = {}
    for account_id, is_main, role_id, preset, granted in found.all():
        mains[account_id] = is_main
        if role_id is not None:
            held[account_id].append((role_id, Preset[preset] if preset else None, granted))
    pairs = {}
    for account_id, is_main in mains.items():
        now = held[account_id]
        then = [(id, preset, roles.get(id, granted)) for id, preset, granted in now]
        left = [(preset, granted) for _, preset, granted in then if granted is not None]
        pairs[account_id] = (
            _united([(preset, granted) for _, preset, granted in now], is_main),
            _united(left, is_main),
        )
    return pairs


def _united(roles: Sequence[tuple[Preset | None, Collection[str]]], is_main: bool) -> frozenset[str]:
    granted = (permission for _, permissions in roles for permission in permissions)
    return permissions_of((preset for preset, _ in roles), granted, is_main=is_main)


@enrich
async def partners_of(session: AsyncSession, actor: Actor, now: dt.datetime) -> Mapping[str, Any]:
    """Name the partner organisations that a PDM looks after."""
    if not actor.may(Right.PARTNER_READ_PARTNERS):
        return {}
    mine = sa.select(col(PartnerOrganisation.id)).where(col(PartnerOrganisation.pdm_id) == actor.id)
    return {"partners": frozenset((await session.execute(mine)).scalars())}


async def _enriched(session: AsyncSession, actor: Actor, now: dt.datetime) -> Actor:
    for enrichment in _enrichments:
        if fields := await enrichment(session, actor, now):
            actor = dataclasses.replace(actor, **fields)
    return actor


def operator_actor() -> Actor:
    """Give the actor of whoever works at the command line of the installation itself."""
    return Actor(
        id=SYSTEM_ID,
        name="命令行 Command line",
        side=Side.SYSTEM,
        permissions=frozenset(
            {
                Right.ACCOUNT_MANAGE,
                Right.ROLE_MANAGE,
                Right.CLIENT_MANAGE,
                Right.OPERATIONS_PUBLISH,
                Right.OPERATIONS_RETIRE,
                Right.OPERATIONS_ADMIT,
                Right.OPERATIONS_READ_ALL,
                Right.PARTNER_READ_ALL,
                Right.PARTNER_MANAGE,
                Right.PARTNER_PLACE,
                Right.CUSTOMER_ONBOARD,
                Right.OPPORTUNITY_ONBOARD,
                Right.POLICY_EDIT,
                Right.CALENDAR_EDIT,
                JournalRight.ALL,
            }
        ),
    )
