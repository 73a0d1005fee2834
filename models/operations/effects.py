"""Which documents run now, and which of them would show more or less of ruled fields once rights change."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.identity import AccountRole, ApiToken, ClientApplication
from models.identity.access import permissions_of, rights_under
from models.identity.members import roles_to_weigh
from models.identity.roles import manages_roles_of, role_to_weigh
from models.identity.rules import check_known
from models.kernel.access import Actor, Outcome, Side, outcome_of
from models.kernel.errors import refuse
from models.kernel.work import Work
from models.operations.lookup import with_grants
from models.operations.record import ManifestEntry, OperationDocument, OperationManifest
from models.operations.usage import Tally, usage_of
from models.operations.words import DocumentStatus
from models.partner import PartnerOrganisation

_ORDER: Final = (None, *Outcome)
Rights = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class InUse:
    """A document that a tool may run now (在用操作): whose it is, and how it has been used."""

    document: OperationDocument
    client: ClientApplication
    partner: str | None
    usage: Tally


@dataclass(frozen=True)
class Effect:
    """What a change does to one field of a document (字段影响); None where no rule governs the field."""

    field: str
    before: Outcome | None
    after: Outcome | None

    @property
    def matters(self) -> bool:
        """Tell whether anything changes."""
        return self.before is not self.after

    @property
    def widens(self) -> bool:
        """Tell whether the document shows more than before."""
        return _ORDER.index(self.after) < _ORDER.index(self.before)


@dataclass(frozen=True)
class Affected:
    """A document with everything that a change does to its fields (受影响操作)."""

    of: InUse
    effects: tuple[Effect, ...]


async def in_use(session: AsyncSession, now: dt.datetime, clients: Collection[UUID] | None = None) -> list[InUse]:
    """List every document that runs: admitted, in force, of a version in use and of an active tool."""
    live = (
        select(ManifestEntry.document_id)
        .join(OperationManifest, col(OperationManifest.id) == col(ManifestEntry.manifest_id))
        .where(sa.or_(col(OperationManifest.retire_at).is_(None), col(OperationManifest.retire_at) > now))
    )
    found = await session.execute(
        select(OperationDocument, ClientApplication, PartnerOrganisation)
        .join(ClientApplication, col(ClientApplication.id) == col(OperationDocument.client_id))
        .outerjoin(PartnerOrganisation, col(PartnerOrganisation.id) == col(OperationDocument.partner_id))
        .where(
            OperationDocument.status == DocumentStatus.ADMITTED,
            sa.or_(col(OperationDocument.expires_at).is_(None), col(OperationDocument.expires_at) > now),
            col(ClientApplication.active).is_(True),
            col(OperationDocument.id).in_(live),
            sa.true() if clients is None else col(OperationDocument.client_id).in_(clients),
        )
        .order_by(col(OperationDocument.client_id), col(OperationDocument.name), col(OperationDocument.id))
    )
    lines: Sequence[Any] = found.all()
    usage = await usage_of(session, [document.id for document, _, _ in lines], now)
    return [
        InUse(document, client, partner.name if partner else None, usage.get(document.id) or Tally())
        for document, client, partner in lines
    ]


async def effects_of_role(
    session: AsyncSession,
    actor: Actor,
    role_id: UUID,
    permissions: Collection[str] | None,
    now: dt.datetime,
    *,
    member_id: UUID | None = None,
) -> list[Affected]:
    """Say which documents in use would gain or lose ruled fields if a role granted this, or with None were taken away.

    With a member, as if this one alone had the role. Whoever manages the roles of an organisation is told of its tools;
    the platform administrator of every tool. Nothing is changed.
    """
    side, partner_id = manages_roles_of(actor)
    role = await role_to_weigh(session, actor, role_id)
    refuse(check_known(permissions or ()))
    tools = [] if side is Side.HUAWEI else [ApiToken.side == side, ApiToken.partner_id == partner_id]
    members = [] if member_id is None else [ApiToken.issuer_id == member_id]
    return await _affected(session, await rights_of_tokens(session, {role.id: permissions}, now, *tools, *members), now)


async def effects_on_member(work: Work, account_id: UUID, role_ids: Collection[UUID]) -> list[Affected]:
    """Say which documents in use would gain or lose ruled fields if a member had exactly these roles.

    Whoever may set the member's roles is told; nothing is changed.
    """
    account, roles = await roles_to_weigh(work, account_id, role_ids)
    held = await rights_under(work.session, {account.id}, {})
    if account.id not in held:
        return []
    granted = (permission for role in roles for permission in role.permissions)
    after = permissions_of((role.preset for role in roles), granted, is_main=account.is_main)
    tokens = await _in_force(work.session, work.now, ApiToken.issuer_id == account.id)
    return await _affected(work.session, _within_scopes(tokens, {account.id: (held[account.id][0], after)}), work.now)


async def _affected(
    session: AsyncSession, holders: Mapping[UUID, Sequence[Rights]], now: dt.datetime
) -> list[Affected]:
    found = []
    for one in await in_use(session, now, holders):
        ruled = plain_permissions(one.document)
        effects = {effect for rights in holders[one.client.id] for effect in effects_on(one, rights, ruled)}
        if effects:
            found.append(Affected(one, tuple(sorted(effects, key=_place))))
    return found


async def rights_of_tokens(
    session: AsyncSession, roles: Mapping[UUID, Collection[str] | None], now: dt.datetime, *where: Any
) -> dict[UUID, list[Rights]]:
    """Give, by tool, what its tokens in force may do now and what once some roles grant other things.

    A token acts with its issuer's rights within its scopes; those whose issuers have none of the roles are left out.
    """
    holding = sa.select(col(AccountRole.account_id)).where(col(AccountRole.role_id).in_(roles))
    tokens = await _in_force(session, now, col(ApiToken.issuer_id).in_(holding), *where)
    return _within_scopes(tokens, await rights_under(session, {token.issuer_id for token in tokens}, roles))


async def _in_force(session: AsyncSession, now: dt.datetime, *where: Any) -> list[ApiToken]:
    tokens = await session.execute(
        select(ApiToken)
        .where(col(ApiToken.revoked_at).is_(None), col(ApiToken.expires_at) > now, *where)
        .order_by(col(ApiToken.client_id), col(ApiToken.id))
    )
    return list(tokens.scalars())


def _within_scopes(tokens: Iterable[ApiToken], issuers: Mapping[UUID, Rights]) -> dict[UUID, list[Rights]]:
    found: dict[UUID, list[Rights]] = defaultdict(list)
    for token in tokens:
        if token.issuer_id in issuers:
            before, after = (rights & frozenset(token.scopes) for rights in issuers[token.issuer_id])
            found[token.client_id].append((before, after))
    return dict(found)


def plain_permissions(document: OperationDocument) -> dict[str, str]:
    """Name the ruled fields that a document had at publishing, each with the permission that reads it plainly."""
    return {line["field"]: line["plain"] for line in document.analysis.get("ruled", ())}


def effects_on(one: InUse, rights: Rights, ruled: Mapping[str, str | None]) -> Iterator[Effect]:
    """Say what a change of a token's rights does to a document's fields, with what the document was granted."""
    before, after = (with_grants(of, one.document.grants, one.client.side) for of in rights)
    for field, plain in ruled.items():
        effect = Effect(field, outcome_to(plain, before), outcome_to(plain, after))
        if effect.matters:
            yield effect


def outcome_to(plain: str | None, permissions: frozenset[str]) -> Outcome | None:
    """Tell what these permissions give of a field, by the permission that reads it plainly; None where no rule does."""
    return None if plain is None else outcome_of(plain.rpartition(":")[0], permissions)


def _place(effect: Effect) -> tuple[str, int, int]:
    return effect.field, _ORDER.index(effect.before), _ORDER.index(effect.after)
