"""Freezing resale customers in GraphQL, and budgets where the international regime holds."""

from __future__ import annotations

from typing import Any

import strawberry

from models import budget as budgets
from models import freeze as domain
from models.budget import BudgetType, Exhaustion
from models.customer import Customer as CustomerRow
from models.customer import FreezeState
from models.freeze import FreezeCause, FreezeStatus
from models.kernel.access import Side
from models.kernel.record import Record
from models.kernel.values import public_id
from models.kernel.work import Work
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.balance import in_yuan
from resolvers.context import Info, searched
from resolvers.customer import Customer
from resolvers.fields import Connection, Node, node, one, search
from resolvers.funds import CustomerBudget, money
from resolvers.lookahead import LookAhead
from resolvers.mutation import Action, Payload, act, answers, keyed
from resolvers.opportunity.types import Blocker
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, Money, MoneyInput, uid
from resolvers.steps import blockers
from resolvers.words import publish

publish(FreezeCause, FreezeStatus)


@node(domain.CustomerFreeze, description="One period for which a resale customer is frozen.")
class CustomerFreeze(Node):
    """A freeze (客户冻结记录)."""

    status: FreezeStatus
    kind: FreezeState
    cause: FreezeCause
    reason: str
    by_name: str
    by_side: Side
    entered_at: Instant | None
    data_until: Instant | None
    restores_at: Instant | None
    lifted_at: Instant | None
    lifted_by: str | None
    lift_reason: str | None
    created_at: Instant
    version: int
    customer: Customer | None = one()
    partner: PartnerOrganisation | None = one()


@node(budgets.BudgetAdjustment, description="One setting of a customer's budget, with what it was before.")
class BudgetAdjustment(Node):
    """An adjustment (预算调整记录)."""

    budget_type: BudgetType | None
    exhaustion: Exhaustion | None
    amount_before: Money | None = money("amount_before", "The budget before; null where there was none.")
    amount_after: Money | None = money("amount_after", "The budget from then on.")
    by_name: str
    happened_at: Instant
    customer: Customer | None = one()


@node(budgets.BudgetGrant, description="What a distributor lets a reseller give as budgets.")
class BudgetGrant(Node):
    """A grant (云经销商预算权限)."""

    permitted: bool
    quota: Money | None = money("quota", "What the reseller's budgets may be together.")
    updated_at: Instant
    version: int
    reseller: PartnerOrganisation | None = one()
    distributor: PartnerOrganisation | None = one()


@strawberry.input
class CustomerFreezeFilter:
    """Which freezes."""

    customer: strawberry.ID | None = None
    partner: strawberry.ID | None = None
    status: list[FreezeStatus] | None = None
    kind: list[FreezeState] | None = None
    cause: list[FreezeCause] | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {
            **vars(self),
            "customer": self.customer and uid(self.customer, CustomerRow.prefix, "customer"),
            "partner": self.partner and uid(self.partner, PartnerRow.prefix, "partner"),
        }


@strawberry.input
class BudgetAdjustmentFilter:
    """Which adjustments."""

    customer: strawberry.ID | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {"customer": self.customer and uid(self.customer, CustomerRow.prefix, "customer")}


@strawberry.input
class CustomerFreezeInput(Action):
    """Whom to freeze, how far, and why; resources only where the international regime holds."""

    customer: strawberry.ID
    reason: str
    kind: FreezeState = FreezeState.ACCOUNT
    verification_code: str | None = None


@strawberry.input
class CustomerUnfreezeInput(Action):
    """Whom to unfreeze."""

    customer: strawberry.ID
    reason: str | None = None


@strawberry.input
class BudgetInput:
    """What one customer may use; `unfreeze` lifts its freeze with it."""

    customer: strawberry.ID
    amount: MoneyInput
    budget_type: BudgetType = BudgetType.MONTHLY
    exhaustion: Exhaustion = Exhaustion.AUTOMATIC
    unfreeze: bool = False


@strawberry.input
class CustomerBudgetsSetInput(Action):
    """Budgets of up to 100 customers; each replaces what there was."""

    budgets: list[BudgetInput]


@strawberry.input
class CustomerBudgetUseInput(Action):
    """What a customer has used so far in a month, such as 2026-11."""

    customer: strawberry.ID
    month: str
    amount: MoneyInput


@strawberry.input
class BudgetGrantInput(Action):
    """A reseller of one's own, and what its budgets may be together."""

    reseller: strawberry.ID
    quota: MoneyInput


@strawberry.input
class BudgetRevokeInput(Action):
    """The reseller that sets no more budgets; what it has given stays."""

    reseller: strawberry.ID


@strawberry.type
@answers(freeze=domain.CustomerFreeze)
class CustomerFreezePayload(Payload):
    """What freezing and unfreezing answer."""

    freeze: CustomerFreeze | None = None


@strawberry.type(description="What became of one customer of a batch.")
class BudgetResult:
    """The result of one row (预算设置结果)."""

    customer: strawberry.ID
    set: bool
    errors: list[Blocker]


@strawberry.type(description="What became of a batch, in the order of the call.")
class CustomerBudgetsPayload:
    """The results of a batch (批量设置预算结果)."""

    results: list[BudgetResult]
    adjustments: list[BudgetAdjustment] = strawberry.field(
        default_factory=list, description="The records that it wrote, as the viewer sees them."
    )
    replayed: bool = strawberry.field(default=False, description="True where the key had been used before.")


@strawberry.type
@answers(budget=budgets.CustomerBudget)
class CustomerBudgetPayload(Payload):
    """What recording the use of a budget answers."""

    budget: CustomerBudget | None = None


@strawberry.type
@answers(grant=budgets.BudgetGrant)
class BudgetGrantPayload(Payload):
    """What granting and revoking answer."""

    grant: BudgetGrant | None = None


@strawberry.type
class FreezeQuery:
    """What can be asked about freezes and budgets."""

    @strawberry.field(
        metadata=search(domain.CustomerFreeze), description="The freezes that the viewer sees, the newest first."
    )
    async def customer_freezes(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: CustomerFreezeFilter | None = None,
    ) -> Connection[CustomerFreeze] | None:
        """List freezes."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(budgets.BudgetAdjustment), description="How budgets were set, the newest first (COL-5.10.5)."
    )
    async def budget_adjustments(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: BudgetAdjustmentFilter | None = None,
    ) -> Connection[BudgetAdjustment] | None:
        """List adjustments."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(budgets.BudgetGrant), description="What distributors let resellers give as budgets."
    )
    async def budget_grants(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[BudgetGrant] | None:
        """List grants."""
        found: Any = await searched(info, {"first": first, "after": after, "last": last, "before": before})
        return found  # type: ignore[no-any-return]


@strawberry.type
class FreezeMutation:
    """What freezes and lifts, and what is set of budgets."""

    @strawberry.mutation(description="Freeze a resale customer, with a reason (COL-5.10.4, COL-5.10.8).")
    async def customer_freeze(self, info: Info, input: CustomerFreezeInput) -> CustomerFreezePayload | None:
        """Freeze a customer."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        return await act(
            info,
            input,
            lambda work: domain.freeze(
                work, customer, kind=input.kind, reason=input.reason, verification_code=input.verification_code
            ),
            CustomerFreezePayload,
            "freeze",
        )

    @strawberry.mutation(description="Lift the freeze of a resale customer (COL-5.10.8).")
    async def customer_unfreeze(self, info: Info, input: CustomerUnfreezeInput) -> CustomerFreezePayload | None:
        """Unfreeze a customer."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        return await act(
            info,
            input,
            lambda work: domain.unfreeze(work, customer, reason=input.reason),
            CustomerFreezePayload,
            "freeze",
        )

    @strawberry.mutation(description="Set budgets; in the international regime only (COL-5.10.5).")
    async def customer_budgets_set(self, info: Info, input: CustomerBudgetsSetInput) -> CustomerBudgetsPayload | None:
        """Set budgets."""
        asked = [
            budgets.BudgetAsked(
                uid(one.customer, CustomerRow.prefix, "budgets"),
                one.amount.amount,
                one.budget_type,
                one.exhaustion,
                one.unfreeze,
                one.amount.currency,
            )
            for one in input.budgets
        ]
        found: list[budgets.BudgetSet] = []

        async def action(work: Work) -> list[Record]:
            found[:] = await budgets.set_budgets(work, asked)
            return [one.adjustment for one in found if one.adjustment is not None]

        if input.validate_only:
            await info.context.act(action, dry=True)
            return CustomerBudgetsPayload(results=[_result(one) for one in found])
        ids, replayed = await keyed(info, input, action)
        if replayed:
            # To set the same again would change nothing, so that what stands against the others is asked anew.
            await info.context.act(action, dry=True)
        wanted = LookAhead(info).inside(budgets.BudgetAdjustment, "adjustments")
        async with info.context.reading() as reader:
            rows: Any = await reader.by_ids(budgets.BudgetAdjustment, ids, wanted)
        return CustomerBudgetsPayload(
            results=[_result(one) for one in found],
            adjustments=[rows[id] for id in ids if id in rows],
            replayed=replayed,
        )

    @strawberry.mutation(description="Record what a customer has used this month, as Huawei's finance (COL-5.10.5).")
    async def customer_budget_use(self, info: Info, input: CustomerBudgetUseInput) -> CustomerBudgetPayload | None:
        """Record use."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        text = in_yuan(input.amount)
        return await act(
            info,
            input,
            lambda work: budgets.use(work, customer, input.month, text),
            CustomerBudgetPayload,
            "budget",
        )

    @strawberry.mutation(description="Let a reseller of one's own set budgets and freeze (COL-5.10.6).")
    async def budget_grant(self, info: Info, input: BudgetGrantInput) -> BudgetGrantPayload | None:
        """Grant budgets."""
        reseller, quota = uid(input.reseller, PartnerRow.prefix, "reseller"), in_yuan(input.quota)
        return await act(info, input, lambda work: budgets.grant(work, reseller, quota), BudgetGrantPayload, "grant")

    @strawberry.mutation(description="Take that permission back; budgets that were given stay (COL-5.10.6).")
    async def budget_revoke(self, info: Info, input: BudgetRevokeInput) -> BudgetGrantPayload | None:
        """Revoke the grant."""
        reseller = uid(input.reseller, PartnerRow.prefix, "reseller")
        return await act(info, input, lambda work: budgets.revoke(work, reseller), BudgetGrantPayload, "grant")


def _result(one: budgets.BudgetSet) -> BudgetResult:
    return BudgetResult(
        customer=strawberry.ID(public_id(CustomerRow.prefix, one.customer_id)),
        set=not one.errors,
        errors=blockers(one.errors),
    )
