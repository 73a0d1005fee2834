"""From an account to the actor that it is for one request."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.identity.record import Account, AccountRole, Role
from models.kernel.access import SYSTEM_ID, Actor, Side
from models.kernel.errors import DomainError, Remedy
from models.kernel.journal import JournalRight
from models.kernel.work import utc_now
from models.partner import PartnerOrganisation
from models.rights import PRESETS, Preset, Right

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

    An account that must still change its password has no rights but to change it (COL-7.1.13). A tool has no more than
    its scopes and no more than the account that issued its token. An inactive or unknown account is refused.
    """
    rows = (
        await session.execute(
            sa.select(Account, Role)
            .outerjoin(AccountRole, col(AccountRole.account_id) == col(Account.id))
            .outerjoin(Role, col(Role.id) == col(AccountRole.role_id))
            .where(col(Account.id) == account_id)
            .order_by(col(AccountRole.id))
            .execution_options(populate_existing=True)
        )
    ).all()
    if not rows or not rows[0][0].active:
        raise SignInRequiredError()
    account: Account = rows[0][0]
    # The outer join gives an account without roles one row without a role.
    roles: list[Role] = list(filter(None, (row[1] for row in rows)))
    permissions: frozenset[str] = frozenset()
    if not account.must_change_password:
        permissions = permissions_of(
            (role.preset for role in roles),
            (permission for role in roles for permission in role.permissions),
            is_main=account.is_main,
        )
    if scopes is not None:
        permissions &= frozenset(scopes)
    actor = Actor(
        id=account.id,
        name=client_name or account.name,
        side=account.side,
        permissions=permissions,
        partner_id=account.partner_id,
        customer_id=account.customer_id,
        office_id=account.office_id,
        client_id=client_id,
        lang=account.language,
        roles=(*((Preset.MAIN.value,) if account.is_main else ()), *(role.code for role in roles)),
    )
    return await _enriched(session, actor, now or utc_now()) if permissions else actor


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
