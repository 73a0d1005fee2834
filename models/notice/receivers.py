"""Whom notices go to: people found by what they are to a record, or by what their roles grant."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.identity import Account, AccountRole, Role
from models.kernel.access import Side
from models.kernel.work import Work
from models.notice.telling import Receivers
from models.partner import PartnerOrganisation


def named(*columns: str) -> Receivers:
    """Tell those whose ids stand in the record."""

    async def receivers(_work: Work, record: Any) -> list[UUID | None]:
        return [getattr(record, column) for column in columns]

    return receivers


async def main_account(work: Work, record: Any) -> list[UUID | None]:
    """Tell the main account of the record's partner."""
    if record.partner_id is None:
        return []
    return await work.every(select(Account.id).where(Account.partner_id == record.partner_id, col(Account.is_main)))


async def pdm(work: Work, record: Any) -> list[UUID | None]:
    """Tell the PDM of the record's partner."""
    return await work.every(select(PartnerOrganisation.pdm_id).where(PartnerOrganisation.id == record.partner_id))


def pdm_or(pool: Receivers) -> Receivers:
    """Tell the PDM of the record's partner, or the pool where it has none (COL-1.3)."""

    async def receivers(work: Work, record: Any) -> list[UUID | None]:
        found = [id for id in await pdm(work, record) if id is not None]
        return [*(found or await pool(work, record))]

    return receivers


def holders(*rights: str, side: Side = Side.HUAWEI, of_office: bool = False) -> Receivers:
    """Tell whoever holds all of these rights; with `of_office` those of the record's representative office."""

    async def receivers(work: Work, record: Any) -> list[UUID | None]:
        if of_office and record.office_id is None:
            return []
        where = [col(Account.side) == side]
        if of_office:
            where.append(col(Account.office_id) == record.office_id)
        return list(await _granted(work, rights, where))

    return receivers


def named_who_may(column: str, *rights: str) -> Receivers:
    """Tell whoever stands in the record, where his roles let him see such records."""

    async def receivers(work: Work, record: Any) -> list[UUID | None]:
        id = getattr(record, column)
        return list(await _granted(work, rights, [col(Account.id) == id])) if id is not None else []

    return receivers


async def _granted(work: Work, rights: Collection[str], where: Collection[Any]) -> list[UUID]:
    found = await work.session.execute(
        sa.select(col(Account.id), col(Role.permissions))
        .join(AccountRole, col(AccountRole.account_id) == col(Account.id))
        .join(Role, col(Role.id) == col(AccountRole.role_id))
        .where(col(Account.active), *where)
    )
    held: dict[UUID, set[str]] = {}
    for id, permissions in found:
        held.setdefault(id, set()).update(permissions)
    return [id for id, permissions in held.items() if permissions.issuperset(rights)]
