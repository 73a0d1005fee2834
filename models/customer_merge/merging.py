"""Making one customer of two, and two of one again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from models.customer import MOST_CONTACTS, Customer, CustomerMerge, CustomerStanding, ExternalIdTakenError
from models.customer_merge.follows import FOLLOWS, Follows
from models.customer_merge.refusals import (
    DifferentPartnersError,
    LaterMergeError,
    MergedHoldsError,
    MergeTooLargeError,
    MergeUndoneError,
    RequestPendingError,
    SameCustomerError,
    SurvivorMovedError,
    TwoAccountsError,
)
from models.customer_merge.snapshot import read_back, written_down
from models.customer_merge.words import COLUMNS, Holding, MergeField
from models.kernel.errors import DomainError, LengthError, ReasonRequiredError, refuse
from models.kernel.journal import Operation
from models.kernel.values import Uid
from models.kernel.work import Work
from models.opportunity import Opportunity
from models.opportunity.duplicates import ALIVE, refresh
from models.rights import Right

MERGE: Final = Operation("customer.merge", "合并客户", "Merge customers", "csbchannelsalesCustomer", "mergeCustomer")
MERGED: Final = Operation(
    "customer.merged_away", "客户被合并", "Customer merged away", "csbchannelsalesCustomer", "mergeCustomer"
)
UNMERGE: Final = Operation(
    "customer.unmerge", "撤销合并客户", "Take the merge of customers back", "csbchannelsalesCustomer", "unmergeCustomer"
)
RESTORED: Final = Operation(
    "customer.restored", "客户恢复", "Customer restored", "csbchannelsalesCustomer", "unmergeCustomer"
)
# With their journal lines they are one short transaction.
MOST_FOLLOWING: Final = 400
LONGEST_REASON: Final = 2000
_KNOWN_BY: Final = (
    *("company_name", "normalised_name", "account_name", "credit_code", "client_id", "external_id", "partner_id"),
)


async def merge(
    work: Work,
    survivor_id: UUID,
    merged_id: UUID,
    *,
    versions: tuple[int, int],
    take: Collection[MergeField] = (),
    reason: str | None,
) -> CustomerMerge:
    """Merge a customer into another of the same partner.

    The survivor keeps what it has; of the other it takes the fields named in `take`, whatever it lacks itself, and the
    tags. What hangs on the other follows, as FOLLOWS says. `versions` are those of the survivor and of the other.
    """
    work.actor.require(Right.CUSTOMER_MERGE)
    if survivor_id == merged_id:
        raise SameCustomerError(path="merged")
    told = _reason(reason)
    read = dict(zip((survivor_id, merged_id), versions, strict=True))
    # In the order of their ids, so that two who merge the same never wait for each other.
    both = {id: await work.get(Customer, id, version=read[id]) for id in sorted(read)}
    survivor, merged = both[survivor_id], both[merged_id]
    refuse([*_apart(survivor, merged), *await _pending(work, read), *await _held(work, merged_id)])
    moved, aside = await _following(work, survivor, merged)
    count = sum(map(len, moved.values()))
    if count > MOST_FOLLOWING:
        raise MergeTooLargeError(path="merged", count=count, maximum=MOST_FOLLOWING)
    after = _taken(survivor, merged, take)
    before = {name: getattr(survivor, name) for name in after}
    made = work.add(
        CustomerMerge(
            survivor_id=survivor_id,
            merged_id=merged_id,
            **{name: getattr(merged, name) for name in _KNOWN_BY if name != "partner_id"},
            partner_id=survivor.partner_id,
            reason=told,
            merged_at=work.now,
            by_id=work.actor.id,
            by_name=work.actor.name,
            by_side=work.actor.side,
            taken=[field.value for field in MergeField if _won(field, survivor, merged, take)],
            followed=count,
            merged_row=written_down({name: getattr(merged, name) for name in _columns("customer")}),
            before=written_down(before),
            after=written_down(after),
            moved={place: [id.hex for id in ids] for place, ids in moved.items()},
            set_aside=aside,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    await _unite_standing(work, made, survivor_id, aside)
    for place, rows in aside.items():
        table, _ = _place(place)
        await work.session.execute(sa.delete(table).where(table.c.id.in_([UUID(hex=row["id"]) for row in rows])))
    await _point(work, moved, merged_id, survivor_id)
    work.note(MERGED, merged, changes={"survivor": {"from": None, "to": survivor.public_id}}, reason=told)
    await work.remove(merged)
    await work.flush()
    for name, value in after.items():
        setattr(survivor, name, value)
    _changed(work, survivor)
    work.note(
        MERGE,
        survivor,
        before=before,
        after=after,
        changes={"merged": {"from": None, "to": merged.public_id}, "followed": {"from": None, "to": count}},
        reason=told,
    )
    await _compare_again(work, moved)
    return made


async def unmerge(work: Work, id: UUID, *, version: int, reason: str | None) -> CustomerMerge:
    """Take a merge back: the customer stands again as it was, with what followed from it.

    What was done with the survivor since stays with it, and so does a field that was edited since.
    """
    work.actor.require(Right.CUSTOMER_MERGE)
    told = _reason(reason)
    made = await work.get(CustomerMerge, id, version=version)
    if made.undone_at is not None:
        raise MergeUndoneError()
    survivor = await work.get(Customer, made.survivor_id)
    refuse(await _against_undoing(work, made, survivor))
    customer = _table("customer")
    await work.session.execute(sa.insert(customer).values(read_back(customer, made.merged_row)))
    moved = {place: [UUID(hex=one) for one in ids] for place, ids in made.moved.items()}
    await _point(work, moved, survivor.id, made.merged_id)
    for place, rows in made.set_aside.items():
        table, _ = _place(place)
        await work.session.execute(sa.insert(table), [read_back(table, row) for row in rows])
    await _part_standing(work, made)
    await _manage_again(work, made, moved.get("account_manager_period.customer_id", ()))
    found, taken = read_back(customer, made.before), read_back(customer, made.after)
    back = {name: value for name, value in found.items() if getattr(survivor, name) == taken[name]}
    before = {name: getattr(survivor, name) for name in back}
    for name, value in back.items():
        setattr(survivor, name, value)
    _changed(work, survivor)
    made.undone_at, made.undone_by_id, made.undone_by_name = work.now, work.actor.id, work.actor.name
    made.undo_reason = told
    made.version += 1
    made.updated_at = work.now
    await work.flush()
    merged = await work.first(select(Customer).where(Customer.id == made.merged_id))
    parted = {"parted": {"from": merged.public_id, "to": None}}
    if kept := sorted(set(taken) - set(back)):
        parted["kept"] = {"from": None, "to": kept}
    work.note(UNMERGE, survivor, before=before, after=back, changes=parted, reason=told)
    work.note(RESTORED, merged, changes={"survivor": {"from": survivor.public_id, "to": None}}, reason=told)
    await _compare_again(work, moved)
    return made


def _reason(reason: str | None) -> str:
    told = (reason or "").strip()
    if not told:
        raise ReasonRequiredError(path="reason")
    if len(told) > LONGEST_REASON:
        raise LengthError(path="reason", minimum=1, maximum=LONGEST_REASON, length=len(told))
    return told


def _apart(survivor: Customer, merged: Customer) -> Iterator[DomainError]:
    """One customer is with one partner, and has one Huawei Cloud account (COL-5.1.2)."""
    if merged.partner_id is not None and survivor.partner_id is None:
        yield MergedHoldsError(path="merged", holding=Holding.ASSOCIATION)
    elif merged.partner_id is not None and merged.partner_id != survivor.partner_id:
        yield DifferentPartnersError(path="merged")
    if merged.huawei_account_id is not None:
        if survivor.huawei_account_id is not None:
            yield TwoAccountsError(path="merged")
        else:
            yield MergedHoldsError(path="merged", holding=Holding.ACCOUNT)


async def _pending(work: Work, ids: Collection[UUID]) -> list[DomainError]:
    """Whatever is being decided about a customer is decided about that customer."""
    found: list[DomainError] = []
    for place, rule in FOLLOWS.items():
        table, column = _place(place)
        if rule.waits and await _any(work, column.in_(ids), table.c.status.in_(rule.waits), table=table):
            found.append(RequestPendingError(request=rule.holding))
    return found


async def _held(work: Work, merged_id: UUID) -> list[DomainError]:
    found: dict[Holding, DomainError] = {}
    for place, rule in FOLLOWS.items():
        table, column = _place(place)
        states = [table.c.status.in_(rule.held_in)] if rule.held_in else []
        if (rule.held or rule.held_in) and await _any(work, column == merged_id, *states, table=table):
            found[rule.holding] = MergedHoldsError(path="merged", holding=rule.holding)
    return list(found.values())


async def _any(work: Work, *conditions: Any, table: sa.Table) -> bool:
    return await work.session.scalar(sa.select(table.c.id).where(*conditions).limit(1)) is not None


async def _following(
    work: Work, survivor: Customer, merged: Customer
) -> tuple[dict[str, list[UUID]], dict[str, list[dict[str, Any]]]]:
    """List the rows that follow, and write down those that are set aside for the survivor's own."""
    moved: dict[str, list[UUID]] = {}
    aside: dict[str, list[dict[str, Any]]] = {}
    for place, rule in FOLLOWS.items():
        table, column = _place(place)
        if rule.one_each is None:
            found = sa.select(table.c.id).where(column == merged.id).order_by(table.c.id).limit(MOST_FOLLOWING + 1)
            if ids := list(await work.session.scalars(found)):
                moved[place] = ids
            continue
        rows = await _rows(work, table, column, merged.id)
        own = await _rows(work, table, column, survivor.id) if rows else []
        room = MOST_CONTACTS - len(own) if table.name == "customer_contact" else len(rows)
        for row in rows:
            if _alike(rule, row, own) or room <= 0:
                aside.setdefault(place, []).append(written_down(row))
            else:
                room -= 1
                moved.setdefault(place, []).append(row["id"])
    return moved, aside


async def _rows(work: Work, table: sa.Table, column: sa.Column[Any], customer_id: UUID) -> list[dict[str, Any]]:
    found = await work.session.execute(sa.select(table).where(column == customer_id).order_by(table.c.id))
    return [dict(row) for row in found.mappings()]


def _alike(rule: Follows, row: Mapping[str, Any], own: Sequence[Mapping[str, Any]]) -> bool:
    names = rule.one_each or ()
    if rule.while_null is not None:
        if row[rule.while_null] is not None:
            return False
        own = [one for one in own if one[rule.while_null] is None]
    return any(all(row[name] == one[name] for name in names) for one in own)


def _won(field: MergeField, survivor: Customer, merged: Customer, take: Collection[MergeField]) -> bool:
    """Tell whether the merged-away customer's value stands from now on: it was chosen, or the survivor has none."""
    theirs = [getattr(merged, name) for name in COLUMNS[field]]
    ours = [getattr(survivor, name) for name in COLUMNS[field]]
    if not any(map(_given, theirs)) or theirs == ours:
        return False
    return field in take or not any(map(_given, ours))


def _given(value: Any) -> bool:
    return value is not None and value != "NONE"


def _taken(survivor: Customer, merged: Customer, take: Collection[MergeField]) -> dict[str, Any]:
    after = {
        name: getattr(merged, name)
        for field in MergeField
        if _won(field, survivor, merged, take)
        for name in COLUMNS[field]
    }
    if survivor.account_manager_id is None and merged.account_manager_id is not None:
        after["account_manager_id"] = merged.account_manager_id
    if new := [tag for tag in merged.tags or () if tag not in (survivor.tags or ())]:
        after["tags"] = [*(survivor.tags or ()), *new]
    return after


async def _unite_standing(
    work: Work, made: CustomerMerge, survivor_id: UUID, aside: Mapping[str, list[dict[str, Any]]]
) -> None:
    """What is known of either holds of the survivor: nobody is rid of a fact by merging."""
    rows = aside.get("customer_standing.customer_id")
    if not rows:
        return
    [theirs] = [read_back(_table("customer_standing"), row) for row in rows]
    ours = await work.first(select(CustomerStanding).where(CustomerStanding.customer_id == survivor_id))
    before = {name: getattr(ours, name) for name in ("facts", "registered_at", "grace_days")}
    opened = [at for at in (ours.registered_at, theirs["registered_at"]) if at is not None]
    ours.facts = sorted({*ours.facts, *theirs["facts"]})
    ours.registered_at = min(opened) if opened else None
    ours.grace_days = max(ours.grace_days, theirs["grace_days"])
    ours.version += 1
    ours.updated_at = work.now
    made.before = {**made.before, "standing": written_down(before)}
    made.after = {**made.after, "standing": written_down({name: getattr(ours, name) for name in before})}


async def _part_standing(work: Work, made: CustomerMerge) -> None:
    if "standing" not in made.before:
        return
    table = _table("customer_standing")
    ours = await work.first(select(CustomerStanding).where(CustomerStanding.customer_id == made.survivor_id))
    before, after = (read_back(table, one["standing"]) for one in (made.before, made.after))
    for name, value in before.items():
        if getattr(ours, name) == after[name]:
            setattr(ours, name, value)
    ours.version += 1
    ours.updated_at = work.now


async def _manage_again(work: Work, made: CustomerMerge, periods: Sequence[UUID]) -> None:
    """Whose manager's days ended by the merge alone, has them go on as if there had been none (COL-5.8.3)."""
    table = _table("account_manager_period")
    ended = sa.and_(table.c.id.in_(periods), table.c.to_at == made.merged_at)
    await work.session.execute(sa.update(table).where(ended).values(to_at=None, counts_to=None))


async def _point(work: Work, moved: Mapping[str, Sequence[UUID]], from_id: UUID, to_id: UUID) -> None:
    """Let rows hang on another customer, where they still hang on the first."""
    for place, ids in moved.items():
        table, column = _place(place)
        if ids:
            await work.session.execute(
                sa.update(table).where(table.c.id.in_(ids), column == from_id).values({column.name: to_id})
            )


def _changed(work: Work, survivor: Customer) -> None:
    survivor.version += 1
    survivor.updated_at = work.now


async def _against_undoing(work: Work, made: CustomerMerge, survivor: Customer) -> list[DomainError]:
    """A merge is taken back as long as that restores what it found."""
    found = await _pending(work, [survivor.id])
    later = select(CustomerMerge.id).where(
        CustomerMerge.survivor_id == survivor.id,
        col(CustomerMerge.undone_at).is_(None),
        col(CustomerMerge.id) > made.id,
    )
    if await work.first(later.limit(1)) is not None:
        found.append(LaterMergeError())
    if survivor.partner_id != made.partner_id:
        found.append(SurvivorMovedError())
    if made.external_id is not None:
        client = col(Customer.client_id)
        same = client.is_(None) if made.client_id is None else client == made.client_id
        if await work.first(select(Customer.id).where(Customer.external_id == made.external_id, same)) is not None:
            found.append(ExternalIdTakenError(external_id=made.external_id))
    return found


async def _compare_again(work: Work, moved: Mapping[str, Sequence[UUID]]) -> None:
    """Opportunities of one customer may be for one need, and those of two may not be any more (COL-2.7.8)."""
    ids = moved.get("opportunity.customer_id", ())
    if not ids:
        return
    await work.flush()
    alive = select(Opportunity).where(col(Opportunity.id).in_(ids), col(Opportunity.status).in_(ALIVE))
    for record in await work.every(alive.order_by(col(Opportunity.id)).execution_options(populate_existing=True)):
        await refresh(work, record)


def _table(name: str) -> sa.Table:
    return SQLModel.metadata.tables[name]


def _columns(table: str) -> list[str]:
    return [column.name for column in _table(table).columns]


def _place(place: str) -> tuple[sa.Table, sa.Column[Any]]:
    table, _, column = place.partition(".")
    return _table(table), _table(table).c[column]


def referring() -> set[str]:
    """List every column that refers to a customer, by a foreign key or by its name."""
    return {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("customer_id")
        or any(key.target_fullname == "customer.id" for key in column.foreign_keys)
        if isinstance(column.type, Uid)
    }


__all__ = ["MOST_FOLLOWING", "merge", "referring", "unmerge"]
