"""Whom notices go to: people found by what they are to a record, or by what their roles grant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from models.identity import Account, AccountRole, Role
from models.kernel.access import Side
from models.kernel.reads.fetch import Fetch
from models.kernel.reads.statement import given
from models.kernel.values import Uid
from models.kernel.work import Work
from models.notice.telling import Receivers
from models.partner import PartnerOrganisation

_accounts, _roles = Account.__table__, Role.__table__  # type: ignore[attr-defined]
_links, _partners = AccountRole.__table__, PartnerOrganisation.__table__  # type: ignore[attr-defined]


def _granted(*where: sa.ColumnElement[bool]) -> Fetch:
    return Fetch(
        sa.select(_accounts.c.id, _roles.c.permissions)
        .join(_links, _links.c.account_id == _accounts.c.id)
        .join(_roles, _roles.c.id == _links.c.role_id)
        .where(_accounts.c.active, *where)
    )


_RIGHTS: Final = _granted(_accounts.c.id == given("account_id", Uid()))
_MAIN: Final = Fetch(
    sa.select(_accounts.c.id).where(_accounts.c.partner_id == given("partner_id", Uid()), _accounts.c.is_main)
)
_PDM: Final = Fetch(sa.select(_partners.c.pdm_id).where(_partners.c.id == given("partner_id", Uid())))


def named(*columns: str) -> Receivers:
    """Tell those whose ids stand in the record."""

    async def receivers(_work: Work, record: Any) -> list[UUID | None]:
        return [getattr(record, column) for column in columns]

    return receivers


async def main_account(work: Work, record: Any) -> list[UUID | None]:
    """Tell the main account of the record's partner."""
    if record.partner_id is None:
        return []
    return [id for (id,) in await work.fetch(_MAIN, partner_id=record.partner_id)]


async def pdm(work: Work, record: Any) -> list[UUID | None]:
    """Tell the PDM of the record's partner."""
    return [id for (id,) in await work.fetch(_PDM, partner_id=record.partner_id)]


def pdm_or(pool: Receivers) -> Receivers:
    """Tell the PDM of the record's partner, or the pool where it has none (COL-1.3)."""

    async def receivers(work: Work, record: Any) -> list[UUID | None]:
        found = [id for id in await pdm(work, record) if id is not None]
        return [*(found or await pool(work, record))]

    return receivers


def holders(*rights: str, side: Side = Side.HUAWEI, of_office: bool = False) -> Receivers:
    """Tell whoever holds all of these rights; with `of_office` those of the record's representative office."""

    in_office = (_accounts.c.office_id == given("office_id", _accounts.c.office_id.type),) if of_office else ()
    granted = _granted(_accounts.c.side == side, *in_office)

    async def receivers(work: Work, record: Any) -> list[UUID | None]:
        if of_office and record.office_id is None:
            return []
        return _holding(rights, await work.fetch(granted, **({"office_id": record.office_id} if of_office else {})))

    return receivers


def named_who_may(column: str, *rights: str) -> Receivers:
    """Tell whoever stands in the record, where his roles let him see such records."""

    async def receivers(work: Work, record: Any) -> list[UUID | None]:
        id = getattr(record, column)
        # Nobody is told of his own deed, so that his rights need no looking up.
        if id is None or id == work.actor.id:
            return []
        return _holding(rights, await work.fetch(_RIGHTS, account_id=id))

    return receivers


def _holding(rights: Collection[str], lines: Iterable[Sequence[Any]]) -> list[UUID | None]:
    held: dict[UUID, set[str]] = {}
    for id, permissions in lines:
        held.setdefault(id, set()).update(permissions)
    return [id for id, permissions in held.items() if permissions.issuperset(rights)]
