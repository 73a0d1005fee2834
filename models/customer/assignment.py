"""Giving customers to account managers and taking them back, singly and in bulk (分配与收回客户经理)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.customer.notices import tell_of_assignment
from models.customer.record import Customer
from models.customer.reseller import not_seen
from models.identity import Account, AccountRole, Role, permissions_of
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError, StaleVersionError, refuse
from models.kernel.journal import Operation
from models.kernel.policy import Policy
from models.kernel.work import Work
from models.rights import Right

ASSIGN: Final = Operation(
    "customer.assign_manager",
    "分配客户经理",
    "Assign the account manager",
    "csbchannelsalesCustomer",
    "assignAccountManager",
)
TAKE_BACK: Final = Operation(
    "customer.take_back", "收回客户", "Take the customer back", "csbchannelsalesCustomer", "takeBackCustomer"
)
MOST_AT_ONCE: Final = Policy(
    "customer.most_assigned_at_once",
    100,
    "单次批量分配或收回客户上限",
    "Customers that one call may assign or take back",
)


class ManagerNotActiveError(DomainError):
    """A customer is assigned to an active member of the organisation that it is associated with."""

    zh = "客户经理须为该客户关联伙伴的有效成员。"
    en = "The account manager must be an active member of the partner with which the customer is associated."


class NotAnAccountManagerError(DomainError):
    """Only members with the account-manager role are given customers."""

    zh = "该成员没有客户经理角色。"
    en = "This member does not have the account-manager role."


class ManagerNotInTeamError(DomainError):
    """A director assigns to his own managers (COL-7.2)."""

    zh = "客户经理主管只能分配给自己的客户经理。"
    en = "A director assigns to his own account managers."


class ManagerUnchangedError(DomainError):
    """The customer is this account manager's already."""

    zh = "该客户已由该客户经理负责。"
    en = "The customer is this account manager's already."
    cbc = "CBC.0155"


class NoManagerError(DomainError):
    """Nobody has the customer, so that it cannot be taken back."""

    zh = "该客户没有客户经理，无需收回。"
    en = "The customer has no account manager, so there is nothing to take back."
    cbc = "CBC.0155"


class CustomerNotYoursError(DomainError):
    """Only the partner that a customer is associated with says whose it is there (COL-5.8.1)."""

    zh = "该客户未与贵公司关联。"
    en = "The customer is not associated with your organisation."
    cbc = "CBC.0155"


class NoCustomerChosenError(DomainError):
    """A batch names at least one customer."""

    zh = "请选择客户。"
    en = "Choose customers."


class TooManyCustomersError(DomainError):
    """One call assigns or takes back so many customers at most."""

    zh = "一次最多处理 {maximum} 个客户，当前 {count} 个。"
    en = "One call takes {maximum} customers at most; these are {count}."


class CustomerNamedTwiceError(DomainError):
    """The same customer stands twice in one batch."""

    zh = "同一客户在本次操作中重复出现。"
    en = "The same customer stands twice in this batch."


@dataclass(frozen=True)
class Assigned:
    """What became of one customer of a batch (分配结果): done, or refused for all of these reasons."""

    id: UUID
    customer: Customer | None = None
    errors: tuple[DomainError, ...] = ()


async def assign_manager(work: Work, id: UUID, account_id: UUID, *, version: int) -> Customer:
    """Give a customer to an account manager, the first time or in place of another (COL-5.8.1)."""
    work.actor.require(Right.CUSTOMER_ASSIGN)
    customer = await _one(work, id, version)
    refuse([*assign_obstacles(work.actor, customer, account_id), *await _not_to(work, account_id)])
    _give(work, customer, account_id)
    await tell_of_assignment(work, [customer])
    return customer


async def take_back(work: Work, id: UUID, *, version: int) -> Customer:
    """Take a customer back from its account manager (COL-5.8.4)."""
    work.actor.require(Right.CUSTOMER_ASSIGN)
    customer = await _one(work, id, version)
    refuse(take_back_obstacles(work.actor, customer))
    _give(work, customer, None)
    return customer


async def assign_managers(work: Work, customers: Sequence[tuple[UUID, int | None]], account_id: UUID) -> list[Assigned]:
    """Give up to 100 customers to one account manager, each with a result of its own (COL-5.8.1).

    A wrong manager refuses the whole call; what stands against one customer keeps no other from him. `customers` are
    ids with the versions that the caller read, or None.
    """
    work.actor.require(Right.CUSTOMER_ASSIGN)

    async def give(customer: Customer) -> None:
        refuse(assign_obstacles(work.actor, customer, account_id))
        _give(work, customer, account_id)

    results = await _each(work, customers, give, await _not_to(work, account_id))
    await tell_of_assignment(work, [one.customer for one in results if one.customer is not None])
    return results


async def take_back_many(work: Work, customers: Sequence[tuple[UUID, int | None]]) -> list[Assigned]:
    """Take up to 100 customers back, each with a result of its own (COL-5.8.4)."""
    work.actor.require(Right.CUSTOMER_ASSIGN)

    async def take(customer: Customer) -> None:
        refuse(take_back_obstacles(work.actor, customer))
        _give(work, customer, None)

    return await _each(work, customers, take)


def assign_obstacles(actor: Actor, customer: Customer, account_id: UUID | None = None) -> list[DomainError]:
    """Say what keeps a customer from being assigned, whoever the manager is to be."""
    if not _own(actor, customer):
        return [CustomerNotYoursError()]
    taken = account_id is not None and customer.account_manager_id == account_id
    return [ManagerUnchangedError(path="accountManager")] if taken else []


def take_back_obstacles(actor: Actor, customer: Customer) -> list[DomainError]:
    """Say what keeps a customer from being taken back."""
    if not _own(actor, customer):
        return [CustomerNotYoursError()]
    return [] if customer.account_manager_id is not None else [NoManagerError()]


async def manager_errors(
    work: Work, account_id: UUID, partner_id: UUID | None, path: str = "accountManager"
) -> list[DomainError]:
    """Say what keeps somebody from being the account manager of a partner's customers (COL-5.8.1, COL-7.1.9)."""
    found: Account | None = await work.first(select(Account).where(Account.id == account_id))
    if found is None or not found.active or partner_id is None or found.partner_id != partner_id:
        return [ManagerNotActiveError(path=path)]
    return [] if await _is_manager(work, found) else [NotAnAccountManagerError(path=path)]


async def _not_to(work: Work, account_id: UUID) -> list[DomainError]:
    errors = await manager_errors(work, account_id, work.actor.partner_id)
    if not errors and not work.actor.may(Right.CUSTOMER_ASSIGN_TO_ANYBODY):
        mine = select(Account.id).where(Account.id == account_id, Account.director_id == work.actor.id)
        if await work.first(mine) is None:
            return [ManagerNotInTeamError(path="accountManager")]
    return errors


async def _is_manager(work: Work, account: Account) -> bool:
    granted = await work.every(
        select(Role.permissions)
        .join(AccountRole, col(AccountRole.role_id) == Role.id)
        .where(AccountRole.account_id == account.id)
    )
    return Right.CUSTOMER_READ_MANAGED in permissions_of((), (one for held in granted for one in held))


def _own(actor: Actor, customer: Customer) -> bool:
    return customer.partner_id is not None and customer.partner_id == actor.partner_id


def _give(work: Work, customer: Customer, account_id: UUID | None) -> None:
    before = {"account_manager_id": customer.account_manager_id}
    customer.account_manager_id = account_id
    customer.version += 1
    customer.updated_at = work.now
    work.note(
        TAKE_BACK if account_id is None else ASSIGN, customer, before=before, after={"account_manager_id": account_id}
    )


async def _each(
    work: Work,
    customers: Sequence[tuple[UUID, int | None]],
    deed: Callable[[Customer], Awaitable[None]],
    wrong: Sequence[DomainError] = (),
) -> list[Assigned]:
    most = await work.policy(MOST_AT_ONCE)
    refuse(
        [
            NoCustomerChosenError(path="customers") if not customers else None,
            TooManyCustomersError(path="customers", maximum=most, count=len(customers))
            if len(customers) > most
            else None,
            *wrong,
        ]
    )
    found = await _held(work, [id for id, _ in customers])
    results: list[Assigned] = []
    seen: set[UUID] = set()
    for id, version in customers:
        try:
            if id in seen:
                raise CustomerNamedTwiceError()
            seen.add(id)
            if (customer := found.get(id)) is None:
                raise await not_seen(work, id)
            if version is not None and customer.version != version:
                raise StaleVersionError(given=version, current=customer.version)
            await deed(customer)
        except DomainError as error:
            results.append(Assigned(id, errors=tuple(error)))
        else:
            results.append(Assigned(id, customer))
    return results


async def _one(work: Work, id: UUID, version: int) -> Customer:
    try:
        return await work.get(Customer, id, version=version)
    except NotFoundError:
        raise await not_seen(work, id) from None


async def _held(work: Work, ids: Sequence[UUID]) -> dict[UUID, Customer]:
    # Held in the order of their ids, so that two batches never wait for each other.
    rows: list[Any] = await work.every(
        select(Customer)
        .where(col(Customer.id).in_(ids), Customer.visible_to(work.actor))
        .order_by(col(Customer.id))
        .with_for_update(of=Customer)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}
