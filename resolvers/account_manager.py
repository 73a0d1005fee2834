"""Account managers in GraphQL: customers are assigned and taken back, and each was somebody's during certain days."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import strawberry

from models import customer as domain
from models.customer import Assigned
from models.identity import Account as AccountRow
from models.kernel.record import Record
from models.kernel.values import public_id
from models.kernel.work import Work
from resolvers.context import Info
from resolvers.customer import Customer, CustomerPayload
from resolvers.fields import Node, node, one
from resolvers.identity.types import Account
from resolvers.mutation import Action, act, keyed
from resolvers.opportunity.types import Blocker
from resolvers.scalars import Day, Instant, uid
from resolvers.steps import blockers


@node(domain.AccountManagerPeriod, description="The time during which a customer belonged to an account manager.")
class AccountManagerPeriod(Node):
    """A period (客户经理归属期); consumption is his from `countsFrom` to `countsTo`, days of Beijing, both included."""

    from_at: Instant | None
    to_at: Instant | None
    counts_from: Day | None
    counts_to: Day | None
    customer: Customer | None = one()
    account_manager: Account | None = one("Whose customer it was.")


@strawberry.input
class CustomerAssignManagerInput(Action):
    """The customer as the caller read it, and whose it is to be."""

    id: strawberry.ID
    version: int
    account_manager: strawberry.ID


@strawberry.input
class CustomerTakeBackInput(Action):
    """The customer as the caller read it."""

    id: strawberry.ID
    version: int


@strawberry.input
class CustomerReference:
    """A customer as the caller read it; without a version it is taken as it is."""

    id: strawberry.ID
    version: int | None = None


@strawberry.input
class CustomerAssignManagerBatchInput(Action):
    """Up to 100 customers for one account manager."""

    customers: list[CustomerReference]
    account_manager: strawberry.ID


@strawberry.input
class CustomerTakeBackBatchInput(Action):
    """Up to 100 customers to take back."""

    customers: list[CustomerReference]


@strawberry.type(description="What became of one customer of a batch.")
class CustomerBatchResult:
    """The result of one customer (处理结果)."""

    id: strawberry.ID
    done: bool
    errors: list[Blocker]


@strawberry.type(description="What became of a batch, in the order of the call.")
class CustomerBatchPayload:
    """The results of a batch (批量处理结果)."""

    results: list[CustomerBatchResult]
    replayed: bool = strawberry.field(default=False, description="True where the key had been used before.")


@strawberry.type
class AccountManagerMutation:
    """How customers come to account managers and back."""

    @strawberry.mutation(description="Give a customer to an account manager (COL-5.8.1).")
    async def customer_assign_manager(self, info: Info, input: CustomerAssignManagerInput) -> CustomerPayload | None:
        """Assign a customer."""
        id, manager = uid(input.id, domain.Customer.prefix), _manager(input.account_manager)
        return await act(
            info,
            input,
            lambda work: domain.assign_manager(work, id, manager, version=input.version),
            CustomerPayload,
            "customer",
        )

    @strawberry.mutation(description="Take a customer back from its account manager (COL-5.8.4).")
    async def customer_take_back(self, info: Info, input: CustomerTakeBackInput) -> CustomerPayload | None:
        """Take a customer back."""
        id = uid(input.id, domain.Customer.prefix)
        return await act(
            info, input, lambda work: domain.take_back(work, id, version=input.version), CustomerPayload, "customer"
        )

    @strawberry.mutation(description="Give up to 100 customers to one account manager, each with its own result.")
    async def customer_assign_manager_batch(
        self, info: Info, input: CustomerAssignManagerBatchInput
    ) -> CustomerBatchPayload | None:
        """Assign customers in a batch (COL-5.8.1)."""
        manager = _manager(input.account_manager)
        return await _batch(info, input, lambda work, named: domain.assign_managers(work, named, manager))

    @strawberry.mutation(description="Take up to 100 customers back, each with its own result (COL-5.8.4).")
    async def customer_take_back_batch(
        self, info: Info, input: CustomerTakeBackBatchInput
    ) -> CustomerBatchPayload | None:
        """Take customers back in a batch."""
        return await _batch(info, input, domain.take_back_many)


def _manager(id: str) -> UUID:
    return uid(id, AccountRow.prefix, "accountManager")


async def _batch(
    info: Info,
    input: CustomerAssignManagerBatchInput | CustomerTakeBackBatchInput,
    deed: Callable[[Work, list[tuple[UUID, int | None]]], Awaitable[list[Assigned]]],
) -> CustomerBatchPayload:
    order = [uid(one.id, domain.Customer.prefix, "customers") for one in input.customers]
    named = [(id, one.version) for id, one in zip(order, input.customers, strict=True)]
    found: list[Assigned] = []

    async def batch(work: Work) -> list[Record]:
        found[:] = await deed(work, named)
        return [one.customer for one in found if one.customer is not None]

    if input.validate_only:
        await info.context.act(batch, dry=True)
        return CustomerBatchPayload(results=[_result(one) for one in found])
    ids, replayed = await keyed(info, input, batch)
    if not replayed:
        return CustomerBatchPayload(results=[_result(one) for one in found])
    # What stands against the others is asked anew, as every repeat reads its record anew.
    done = {id: Assigned(id) for id in ids}
    named = [one for one in named if one[0] not in done]
    if named:
        await info.context.act(batch, dry=True)
    others = {one.id: one for one in found}
    return CustomerBatchPayload(results=[_result(done.get(id) or others[id]) for id in order], replayed=True)


def _result(one: Assigned) -> CustomerBatchResult:
    return CustomerBatchResult(
        id=strawberry.ID(public_id(domain.Customer.prefix, one.id)), done=not one.errors, errors=blockers(one.errors)
    )
