"""Actions on roles: the presets that every installation has, and an organisation's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.identity.record import AccountRole, Role
from models.identity.rules import (
    PresetRoleFixedError,
    RoleInUseError,
    RoleNameTakenError,
    check_grants,
    check_known,
    check_text,
    role_name,
)
from models.kernel.access import Actor, Side
from models.kernel.errors import NotFoundError, PermissionDeniedError, refuse
from models.kernel.journal import Operation
from models.kernel.work import Work
from models.rights import PRESETS, Preset, Right, every_permission

CREATED: Final = Operation("role.create", "创建角色", "Create a role", "role", "createRole")
UPDATED: Final = Operation("role.update", "修改角色", "Change a role", "role", "updateRole")
DELETED: Final = Operation("role.delete", "删除角色", "Delete a role", "role", "deleteRole")
SEEDED: Final = Operation("role.seed", "更新预置角色", "Bring a preset role up to date", "role", "seedRole")


async def seed_roles(work: Work) -> int:
    """Write the preset roles as the installation's release has them; answer how many changed.

    The main account's preset is no row: its rights come with the account.
    """
    present = {role.preset: role for role in await work.every(select(Role).where(col(Role.preset).is_not(None)))}
    changed = 0
    for preset, grant in PRESETS.items():
        if preset is Preset.MAIN:
            continue
        facts = {"name_zh": preset.zh, "name_en": preset.en, "permissions": sorted(grant.permissions)}
        role = present.get(preset)
        if role is None:
            role = Role(preset=preset, side=preset.side, created_at=work.now, updated_at=work.now, **facts)
            work.note(SEEDED, work.add(role), after=facts)
        elif before := _changed(role, facts):
            _apply(work, role, facts)
            work.note(SEEDED, role, before=before, after=facts)
        else:
            continue
        changed += 1
    return changed


async def preset_ids(work: Work, *presets: Preset) -> list[UUID]:
    """Give the ids of preset roles."""
    rows = await work.every(select(Role).where(col(Role.preset).in_(presets)))
    return [role.id for role in rows]


async def create_role(work: Work, *, name_zh: str, name_en: str | None = None, permissions: Collection[str]) -> Role:
    """Add a role of one's own organisation, or of Huawei; it grants no more than the presets do (COL-7.1.9, 7.1.12)."""
    side, partner_id = manages_roles_of(work.actor)
    facts = _facts(name_zh, name_en or name_zh, permissions)
    await _check(work, side, partner_id, facts)
    role = Role(side=side, partner_id=partner_id, created_at=work.now, updated_at=work.now, **facts)
    work.note(CREATED, work.add(role), after=facts)
    return role


async def update_role(
    work: Work,
    role_id: UUID,
    *,
    version: int,
    name_zh: str | None = None,
    name_en: str | None = None,
    permissions: Collection[str] | None = None,
) -> Role:
    """Change an own role; what is left out stays. It holds from the next request of whoever has it (COL-7.1.14)."""
    role = await _own(work, role_id, version)
    facts = _facts(
        role.name_zh if name_zh is None else name_zh,
        role.name_en if name_en is None else name_en,
        role.permissions if permissions is None else permissions,
    )
    await _check(work, role.side, role.partner_id, facts, beside=role.id)
    if before := _changed(role, facts):
        _apply(work, role, facts)
        work.note(UPDATED, role, before=before, after=facts)
    return role


async def delete_role(work: Work, role_id: UUID, *, version: int) -> Role:
    """Delete an own role that has no members (COL-7.1.10)."""
    role = await _own(work, role_id, version)
    members = await work.count(select(AccountRole).where(col(AccountRole.role_id) == role.id))
    if members:
        raise RoleInUseError(count=members)
    work.note(DELETED, role, before={"name_zh": role.name_zh}, after={"name_zh": None})
    await work.remove(role)
    return role


def manages_roles_of(actor: Actor) -> tuple[Side, UUID | None]:
    """Say of which organisation somebody manages the roles; refuse whoever manages none."""
    if actor.may(Right.ROLE_MANAGE):
        return Side.HUAWEI, None
    actor.require(Right.MEMBER_MANAGE)
    return Side.PARTNER, actor.partner_id


async def role_to_weigh(session: AsyncSession, actor: Actor, role_id: UUID) -> Role:
    """Find a role whose change somebody considers: one that he sees; the platform administrator considers any."""
    manages_roles_of(actor)
    seen = sa.true() if actor.may(Right.ROLE_MANAGE) else Role.visible_to(actor)
    role = (await session.execute(select(Role).where(Role.id == role_id, seen))).scalars().first()
    if role is None:
        raise NotFoundError(path="role")
    return role


async def _own(work: Work, role_id: UUID, version: int) -> Role:
    """Fetch a role that may be changed: one of the organisation's own, never a preset (COL-7.1.9)."""
    side, partner_id = manages_roles_of(work.actor)
    role = await work.get(Role, role_id, version=version)
    if role.preset is not None:
        raise PresetRoleFixedError(role=role_name(role))
    if (role.side, role.partner_id) != (side, partner_id):
        raise PermissionDeniedError(permission=Right.ROLE_MANAGE)
    return role


def _facts(name_zh: str, name_en: str, permissions: Collection[str]) -> dict[str, object]:
    return {"name_zh": name_zh.strip(), "name_en": name_en.strip(), "permissions": sorted(set(permissions))}


async def _check(
    work: Work, side: Side, partner_id: UUID | None, facts: dict[str, object], beside: UUID | None = None
) -> None:
    name, asked = str(facts["name_zh"]), frozenset(facts["permissions"])  # type: ignore[call-overload]
    refuse(
        [
            *check_text("nameZh", name, 64, needed=True),
            *check_text("nameEn", str(facts["name_en"]), 64, needed=True),
            *check_known(asked),
            *check_grants(side, asked & every_permission()),
        ]
    )
    others = select(Role).where(
        col(Role.side) == side,
        sa.or_(col(Role.preset).is_not(None), col(Role.partner_id).is_not_distinct_from(partner_id)),
        col(Role.name_zh) == name,
    )
    if await work.count(others if beside is None else others.where(col(Role.id) != beside)):
        raise RoleNameTakenError(path="nameZh", name=name)


def _changed(role: Role, facts: Mapping[str, object]) -> dict[str, object]:
    return {name: getattr(role, name) for name, value in facts.items() if getattr(role, name) != value}


def _apply(work: Work, role: Role, facts: Mapping[str, object]) -> None:
    for name, value in facts.items():
        setattr(role, name, value)
    role.version += 1
    role.updated_at = work.now
