"""Balances in GraphQL: the ledger, allocating and recalling, and what Huawei's finance keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast
from uuid import UUID

import strawberry

from models import balance as domain
from models.balance import EntryKind
from models.customer import Customer as CustomerRow
from models.kernel.access import Side
from models.kernel.errors import DomainError
from models.kernel.reads import Wanted
from models.kernel.record import Record
from models.kernel.values import parse_public_id, public_id
from models.kernel.work import Work
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.context import Info, given, searched
from resolvers.customer import Customer
from resolvers.fields import Connection, Node, by_id, node, one, search
from resolvers.funds import PartnerBalance, money
from resolvers.lookahead import LookAhead
from resolvers.mutation import Action, Payload, act, answers, keyed
from resolvers.opportunity.types import Blocker
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, Money, MoneyInput, uid
from resolvers.steps import blockers
from resolvers.words import publish

publish(EntryKind)


@node(domain.BalanceEntry, description="One movement of money, with every balance before and after; never changed.")
class BalanceEntry(Node):
    """A ledger entry (调账记录)."""

    number: int
    kind: EntryKind
    amount: Money | None = money("amount", "What was moved.")
    amount_before: Money | None = money("amount_before", "The partner's balance before.")
    amount_after: Money | None = money("amount_after", "The partner's balance after.")
    designated_before: Money | None = money("designated_before", "What was earmarked of it before.")
    designated_after: Money | None = money("designated_after", "What was earmarked of it after.")
    balance_before: Money | None = money("balance_before", "The customer's balance before.")
    balance_after: Money | None = money("balance_after", "The customer's balance after.")
    arrears_before: Money | None = money("arrears_before", "What the customer owed before.")
    arrears_after: Money | None = money("arrears_after", "What the customer owed after.")
    reason: str | None
    by_name: str
    by_side: Side
    happened_at: Instant
    partner: PartnerOrganisation | None = one("Whose ledger it stands in.")
    customer: Customer | None = one("The customer; null where the partner's balance alone moved.")


@strawberry.input
class BalanceEntryFilter:
    """Which entries."""

    partner: strawberry.ID | None = None
    customer: strawberry.ID | None = None
    kind: list[EntryKind] | None = None
    happened_from: Instant | None = None
    happened_to: Instant | None = strawberry.field(default=None, description="Not included.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {
            **vars(self),
            "partner": self.partner and uid(self.partner, PartnerRow.prefix, "partner"),
            "customer": self.customer and uid(self.customer, CustomerRow.prefix, "customer"),
        }


@strawberry.input
class PartnerBalanceFilter:
    """Which partners' balances."""

    partner: strawberry.ID | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {"partner": self.partner and uid(self.partner, PartnerRow.prefix, "partner")}


@strawberry.input
class TransferInput:
    """What one customer gets or gives back: above zero, two decimals at most."""

    customer: strawberry.ID
    amount: MoneyInput


@strawberry.input
class BalanceTransferInput(Action):
    """Up to 100 customers, each with its amount and a result of its own."""

    transfers: list[TransferInput]
    reason: str | None = None
    verification_code: str | None = strawberry.field(
        default=None, description="Where the partner has codes asked for; of the partner organisation."
    )


@strawberry.input
class PartnerBalanceKeepInput(Action):
    """An amount of a partner's balance, and why."""

    partner: strawberry.ID
    amount: MoneyInput
    reason: str


@strawberry.input
class BalanceChargeInput(Action):
    """What billing has taken for a customer in resale."""

    customer: strawberry.ID
    amount: MoneyInput
    reason: str


@strawberry.type(description="What became of one customer of a batch.")
class TransferResult:
    """The result of one row (调账结果)."""

    customer: strawberry.ID
    transferred: bool
    errors: list[Blocker]


@strawberry.type(description="What became of a batch, in the order of the call.")
class BalanceTransferPayload:
    """The results of a batch (批量调账结果)."""

    results: list[TransferResult]
    entries: list[BalanceEntry] = strawberry.field(
        default_factory=list, description="The entries that it wrote, as the viewer sees them."
    )
    replayed: bool = strawberry.field(default=False, description="True where the key had been used before.")


@strawberry.type
@answers(balance=domain.PartnerBalance)
class PartnerBalancePayload(Payload):
    """What keeping a partner's balance answers."""

    balance: PartnerBalance | None = None


@strawberry.type
@answers(entry=domain.BalanceEntry)
class BalanceEntryPayload(Payload):
    """What charging answers."""

    entry: BalanceEntry | None = None


@strawberry.type
class BalanceQuery:
    """What can be asked about balances."""

    @strawberry.field(metadata=by_id(domain.BalanceEntry), description="One entry; null where the viewer sees none.")
    async def balance_entry(self, info: Info, id: strawberry.ID) -> BalanceEntry | None:
        """Give one entry."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.BalanceEntry), description="The ledger that the viewer sees, the newest first."
    )
    async def balance_entries(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: BalanceEntryFilter | None = None,
    ) -> Connection[BalanceEntry] | None:
        """List entries."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.PartnerBalance), description="The balances of partners that the viewer sees; one's own."
    )
    async def partner_balances(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: PartnerBalanceFilter | None = None,
    ) -> Connection[PartnerBalance] | None:
        """List balances."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


Batch = Callable[..., Awaitable[list[domain.Transferred]]]


async def _transfer(info: Info, input: BalanceTransferInput, batch: Batch) -> BalanceTransferPayload:
    transfers = [
        domain.Transfer(
            uid(one.customer, CustomerRow.prefix, "transfers"), one.amount.amount, currency=one.amount.currency
        )
        for one in input.transfers
    ]
    found: list[domain.Transferred] = []

    async def action(work: Work) -> list[Record]:
        found[:] = await batch(work, transfers, reason=input.reason, verification_code=input.verification_code)
        return [one.entry for one in found if one.entry is not None]

    if input.validate_only:
        await info.context.act(action, dry=True)
        return BalanceTransferPayload(results=[_result(one) for one in found])
    ids, replayed = await keyed(info, input, action)
    wanted = LookAhead(info).inside(domain.BalanceEntry, "entries")
    async with info.context.reading() as reader:
        rows: Any = await reader.by_ids(domain.BalanceEntry, ids, wanted)
        if replayed:
            kept = await reader.by_ids(domain.BalanceEntry, ids, Wanted.of("customer_id"))
            done = {_bare(cast("Any", row).customer_id) for row in kept.values()}
    if replayed:
        found[:] = await _told_again(info, action, transfers, done, found)
    return BalanceTransferPayload(
        results=[_result(one) for one in found],
        entries=[rows[id] for id in ids if id in rows],
        replayed=replayed,
    )


async def _told_again(
    info: Info,
    action: Callable[[Work], Awaitable[list[Record]]],
    transfers: Sequence[domain.Transfer],
    done: set[UUID],
    found: list[domain.Transferred],
) -> list[domain.Transferred]:
    """Say of a repeat what was moved then, and what stands against the others now."""
    errors: tuple[DomainError, ...] = ()
    if any(one.customer_id not in done for one in transfers):
        try:
            await info.context.act(action, dry=True)
        except DomainError as error:
            # A code serves once; what stands against the others beside that is told to whoever asks anew.
            errors = tuple(error)
    others = {one.customer_id: one for one in found}
    return [
        domain.Transferred(one.customer_id)
        if one.customer_id in done
        else others.get(one.customer_id) or domain.Transferred(one.customer_id, errors=errors)
        for one in transfers
    ]


def _bare(value: Any) -> UUID:
    return value if isinstance(value, UUID) else parse_public_id(str(value))[1]


def _result(one: domain.Transferred) -> TransferResult:
    return TransferResult(
        customer=strawberry.ID(public_id(CustomerRow.prefix, one.customer_id)),
        transferred=not one.errors,
        errors=blockers(one.errors),
    )


Keeping = Callable[..., Awaitable[domain.PartnerBalance]]


async def _keep(info: Info, input: PartnerBalanceKeepInput, deed: Keeping) -> PartnerBalancePayload | None:
    partner = uid(input.partner, PartnerRow.prefix, "partner")
    text = in_yuan(input.amount)
    return await act(
        info,
        input,
        lambda work: deed(work, partner, text, reason=input.reason),
        PartnerBalancePayload,
        "balance",
    )


def in_yuan(amount: MoneyInput) -> str:
    """Give the text of an amount; another currency than the ledger's is no amount of it."""
    return amount.amount if amount.currency == domain.CURRENCY else f"{amount.amount} {amount.currency}"


@strawberry.type
class BalanceMutation:
    """What moves money."""

    @strawberry.mutation(description="Give resale customers what they may spend, each with its result (COL-5.9.9).")
    async def balance_allocate(self, info: Info, input: BalanceTransferInput) -> BalanceTransferPayload | None:
        """Allocate."""
        return await _transfer(info, input, domain.allocate)

    @strawberry.mutation(description="Take back what resale customers have left, each with its result (COL-5.9.9).")
    async def balance_recall(self, info: Info, input: BalanceTransferInput) -> BalanceTransferPayload | None:
        """Recall."""
        return await _transfer(info, input, domain.recall)

    @strawberry.mutation(description="Add to a partner's balance, as Huawei's finance.")
    async def partner_balance_top_up(self, info: Info, input: PartnerBalanceKeepInput) -> PartnerBalancePayload | None:
        """Top up."""
        return await _keep(info, input, domain.top_up)

    @strawberry.mutation(description="Take from what a partner may allocate, as Huawei's finance.")
    async def partner_balance_take_off(
        self, info: Info, input: PartnerBalanceKeepInput
    ) -> PartnerBalancePayload | None:
        """Take off."""
        return await _keep(info, input, domain.take_off)

    @strawberry.mutation(description="Say how much of a partner's balance is earmarked, as Huawei's finance.")
    async def partner_balance_designate(
        self, info: Info, input: PartnerBalanceKeepInput
    ) -> PartnerBalancePayload | None:
        """Designate."""
        return await _keep(info, input, domain.designate)

    @strawberry.mutation(description="Write down what billing has taken for a resale customer, as Huawei's finance.")
    async def balance_charge(self, info: Info, input: BalanceChargeInput) -> BalanceEntryPayload | None:
        """Charge."""
        customer = uid(input.customer, CustomerRow.prefix, "customer")
        text = in_yuan(input.amount)
        return await act(
            info,
            input,
            lambda work: domain.charge(work, customer, text, reason=input.reason),
            BalanceEntryPayload,
            "entry",
        )


__all__ = ["BalanceEntry", "BalanceMutation", "BalanceQuery", "in_yuan"]
