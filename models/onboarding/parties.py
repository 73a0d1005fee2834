"""Partners, members, offerings and customers that rows name: found where they are known, entered where they are not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.customer import Customer, CustomerMerge, CustomerOrigin
from models.customer.likeness import core_name
from models.identity import Account, AccountRole, preset_ids
from models.kernel.access import Side
from models.kernel.journal import Operation
from models.kernel.values import new_id, normalised_company_name, public_id
from models.kernel.work import Work
from models.onboarding.matching import folded
from models.onboarding.rows import COPIED, Directory, Sold
from models.partner import Offering, OfferingKind, PartnerOrganisation, add_offering, create_partner
from models.reference import office_for
from models.rights import Preset, Right

T = TypeVar("T")
ENTER_MEMBER: Final = Operation("account.onboard", "导入历史成员", "Onboard a member", "account", "importAccount")
ENTER_CUSTOMER: Final = Operation(
    "customer.onboard", "导入客户", "Onboard the customer", "csbchannelsalesCustomer", "createCustomer"
)
# No hash of any password looks like this, so nobody signs in with it.
NO_PASSWORD: Final = "!"  # noqa: S105


def in_chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into parts of at most `size`."""
    return (items[place : place + size] for place in range(0, len(items), size))


async def know_parties(session: AsyncSession, directory: Directory) -> None:
    """Fill the directory with the partners, members and offerings that are known."""
    for partner_id, name, name_en in await session.execute(
        sa.select(col(PartnerOrganisation.id), col(PartnerOrganisation.name), col(PartnerOrganisation.name_en))
    ):
        for spelled in filter(None, (name, name_en)):
            directory.partners.setdefault(folded(spelled), partner_id)
            directory.names["partner"].append(spelled)
    for account_id, owner, name in await session.execute(
        sa.select(col(Account.id), col(Account.partner_id), col(Account.name))
        .where(col(Account.side) == Side.PARTNER)
        .order_by(col(Account.active).desc(), col(Account.id))
    ):
        if owner is None:
            continue
        directory.members.setdefault((owner, folded(name)), account_id)
        directory.names["responsible"].append(name)
    for offering_id, owner, name, services in await session.execute(
        sa.select(col(Offering.id), col(Offering.partner_id), col(Offering.name), col(Offering.services))
    ):
        directory.offerings.setdefault(
            (owner, folded(name)), Sold(public_id(Offering.prefix, offering_id), tuple(services))
        )
        directory.names["offering"].append(name)


async def enter_partners(work: Work, names: Iterable[str]) -> dict[str, UUID]:
    """Register the partners of these names that are not there yet."""
    wanted = list(names)
    there = await work.every(select(PartnerOrganisation).where(col(PartnerOrganisation.name).in_(wanted)))
    found = {partner.name: partner.id for partner in there}
    for name in wanted:
        if name not in found:
            found[name] = (await create_partner(work, name=name)).id
    return found


async def enter_members(work: Work, people: Sequence[tuple[UUID, str]], title: str) -> dict[tuple[UUID, str], UUID]:
    """Enter people of a partner's history: accounts that are not active and have no password, so nobody signs in."""
    work.actor.require(Right.OPPORTUNITY_ONBOARD)
    there = await work.every(
        select(Account).where(
            col(Account.partner_id).in_({partner_id for partner_id, _ in people}),
            col(Account.name).in_({name for _, name in people}),
        )
    )
    found: dict[tuple[UUID, str], UUID] = {
        (account.partner_id, account.name): account.id for account in there if account.partner_id is not None
    }
    rows: list[dict[str, Any]] = []
    for partner_id, name in people:
        if (partner_id, name) in found:
            continue
        id = found[partner_id, name] = new_id()
        rows.append(
            {
                "id": id,
                "login": f"imported.{id.hex}",
                "name": name[:64],
                "title": title[:64],
                "password_hash": NO_PASSWORD,
                "side": Side.PARTNER,
                "partner_id": partner_id,
                "active": False,
                "created_at": work.now,
                "updated_at": work.now,
            }
        )
    await work.add_all(Account, rows)
    roles = await preset_ids(work, Preset.MGR)
    await work.add_all(
        AccountRole, [{"id": new_id(), "account_id": row["id"], "role_id": roles[0]} for row in rows if roles]
    )
    await work.note_all(ENTER_MEMBER, Account, rows, told_of=("name", "title"))
    return found


async def enter_offerings(work: Work, wanted: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], Sold]:
    """Add offerings to the lists of their partners; they do not count for assessment (COL-2.2.6)."""
    found: dict[tuple[UUID, str], Sold] = {}
    for partner_id, name in wanted:
        offering = await work.first(
            select(Offering).where(col(Offering.partner_id) == partner_id, col(Offering.name) == name)
        ) or await add_offering(work, partner_id, name=name, kind=OfferingKind.KOOGALLERY_PRODUCT)
        found[partner_id, name] = Sold(offering.public_id, tuple(offering.services))
    return found


_BLANK_CUSTOMER: Final[Mapping[str, Any]] = {
    name: None if field.is_required() else field.get_default(call_default_factory=True)
    for name, field in Customer.model_fields.items()
    if name != "id"
}
_TOLD_OF_CUSTOMERS: Final = ("external_id", "company_name", "account_name", "credit_code", "industry", "origin")


def customer_values(values: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    """Make the row of a checked customer, unassociated, with its comparable name and the office of its province."""
    name, province = values.get("company_name"), values.get("province")
    return {
        **_BLANK_CUSTOMER,
        **values,
        "id": new_id(),
        "origin": CustomerOrigin.IMPORTED,
        "normalised_name": (normalised_company_name(name) or None) if name else None,
        "core_name": core_name(name),
        "office_id": office_for(province).code if province else None,
        "created_at": now,
        "updated_at": now,
    }


async def enter_customers(work: Work, rows: Sequence[Mapping[str, Any]]) -> None:
    """Enter customers, each with its journal line."""
    work.actor.require(Right.CUSTOMER_ONBOARD)
    await work.add_all(Customer, rows)
    await work.note_all(ENTER_CUSTOMER, Customer, rows, told_of=_TOLD_OF_CUSTOMERS)


KEYS: Final = ("external_id", "huawei_account_id", "account_name", "credit_code", "normalised_name")


async def known_customers(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Any]:
    """Find the customers that any of these rows may mean, by key and value, whoever sees them (COL-2.1.7)."""
    table = Customer.__table__  # type: ignore[attr-defined]
    owner = Account.__table__  # type: ignore[attr-defined]
    asked = {key: {row[key] for row in rows if row.get(key)} for key in KEYS}
    clauses = [_among(table.c[key], values, table, key) for key, values in asked.items() if values]
    if not clauses:
        return {}
    found: dict[tuple[str, str], Any] = {}
    columns = [table.c[name] for name in dict.fromkeys(("id", *KEYS, *COPIED))]
    lines = await session.execute(
        sa.select(*columns, owner.c.office_id.label("owner_office"))
        .outerjoin(owner, owner.c.id == table.c.owner_id)
        .where(sa.or_(*clauses))
        .order_by(table.c.owner_id.is_(None), table.c.id)
    )
    for line in lines.mappings():
        for key in KEYS:
            if line[key]:
                found.setdefault((key, line[key]), dict(line))
    # Whoever was merged away is known as the survivor.
    merged = CustomerMerge.__table__  # type: ignore[attr-defined]
    kept = [key for key, values in asked.items() if key in merged.c and values]
    away = await session.execute(
        sa.select(
            *columns, owner.c.office_id.label("owner_office"), *[merged.c[key].label(f"as_{key}") for key in kept]
        )
        .join_from(table, merged, merged.c.survivor_id == table.c.id)
        .outerjoin(owner, owner.c.id == table.c.owner_id)
        .where(
            merged.c.undone_at.is_(None),
            sa.or_(sa.false(), *(_among(merged.c[key], asked[key], merged, key) for key in kept)),
        )
        .order_by(merged.c.id)
    )
    for line in away.mappings():
        for key in kept:
            if value := line[f"as_{key}"]:
                found.setdefault((key, value), dict(line))
    return found


def _among(column: sa.Column[Any], values: set[Any], table: sa.Table, key: str) -> sa.ColumnElement[bool]:
    known = column.in_(values)
    return sa.and_(known, table.c.client_id.is_(None)) if key == "external_id" else known


def meant(known: Mapping[tuple[str, str], Any], row: Mapping[str, Any]) -> Any:
    """Choose the customer that a row means, by its strongest key."""
    return next((known[key, value] for key in KEYS if (value := row.get(key)) and (key, value) in known), None)


async def know_customers(session: AsyncSession, directory: Directory, names: Sequence[str]) -> None:
    """Fill the directory with those of these names that are customers already."""
    for part in in_chunks(names, 400):
        rows = [{"normalised_name": normalised_company_name(name), "account_name": name} for name in part]
        known = await known_customers(session, rows)
        for name, row in zip(part, rows, strict=True):
            if (customer := meant(known, row)) is not None:
                directory.customers[folded(name)] = customer


__all__ = [
    "KEYS",
    "customer_values",
    "enter_customers",
    "enter_members",
    "enter_offerings",
    "enter_partners",
    "in_chunks",
    "know_customers",
    "know_parties",
    "known_customers",
    "meant",
]
