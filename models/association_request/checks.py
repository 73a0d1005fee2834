"""The account check (账号检查): what is looked at before a request, item by item, for whoever files it."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.association_request.policies import MOST_OF_CUSTOMER, MOST_REQUESTS, PERIOD_MONTHS
from models.association_request.record import AssociationRequest
from models.association_request.refusals import (
    CustomerFiledLatelyError,
    CustomerInArrearsError,
    CustomerQuotaError,
    FrozenPartnerError,
    IndependentSubsFirstError,
    LeaveMasterFirstError,
    MasterMustUnlinkError,
    OrderAwaitsPaymentError,
    RequestQuotaError,
    RequestWaitsError,
    ReservedInstanceRunsError,
    SpecialContractRunsError,
    SupportPlanRunsError,
    UnfreezeFirstError,
)
from models.association_request.words import (
    PENDING,
    AssociationRequestKind,
    AssociationRequestStatus,
    CheckItem,
)
from models.customer import AssociationType, Customer, CustomerFact, FreezeState, known_of
from models.customer.obstacles import CreditAccountError, GiftBalanceError, ServiceContractError
from models.kernel.access import Side
from models.kernel.calendar import BEIJING, beijing_day
from models.kernel.errors import DomainError
from models.kernel.policy import Policy
from models.kernel.work import Work
from models.partner import PartnerOrganisation

Facts = Mapping[CustomerFact, type[DomainError]]
Look = Callable[[Work, Customer], Awaitable[Iterable[DomainError]]]
_looks: dict[CheckItem, list[Look]] = {}
_SUBS: Final = (CustomerFact.ENTERPRISE_SUB, CustomerFact.UNIFIED_ACCOUNTING_SUB)
# Items that are facts of the customer, as its partner meets them (COL-5.4.4 to COL-5.4.7).
OF_PARTNER: Final[Mapping[CheckItem, Facts]] = {
    CheckItem.ENTERPRISE_MASTER: {CustomerFact.MASTER_OF_INDEPENDENT_SUBS: IndependentSubsFirstError},
    CheckItem.ENTERPRISE_SUB: {CustomerFact.ENTERPRISE_SUB: LeaveMasterFirstError},
    CheckItem.RESERVED_INSTANCE: {CustomerFact.RESERVED_INSTANCE: ReservedInstanceRunsError},
    CheckItem.SUPPORT_PLAN: {CustomerFact.SUPPORT_PLAN: SupportPlanRunsError},
    CheckItem.UNPAID_ORDER: {CustomerFact.UNPAID_ORDER: OrderAwaitsPaymentError},
}
# What keeps a customer from resale beside those (COL-5.3.10).
TO_RESALE: Final[Mapping[CheckItem, Facts]] = {
    CheckItem.RESALE_POSSIBLE: {
        CustomerFact.SERVICE_CONTRACT: ServiceContractError,
        CustomerFact.CREDIT_ACCOUNT: CreditAccountError,
        CustomerFact.GIFT_BALANCE: GiftBalanceError,
    }
}
# As a referral customer meets them itself (COL-5.5.2, COL-5.5.3), and a resale customer (COL-5.5.4).
OF_REFERRAL_CUSTOMER: Final[Mapping[CheckItem, Facts]] = {
    CheckItem.ENTERPRISE_SUB: dict.fromkeys(_SUBS, MasterMustUnlinkError),
    CheckItem.UNPAID_ORDER: {CustomerFact.UNPAID_ORDER: OrderAwaitsPaymentError},
}
OF_RESALE_CUSTOMER: Final[Mapping[CheckItem, Facts]] = {
    CheckItem.ENTERPRISE_MASTER: {CustomerFact.MASTER_OF_INDEPENDENT_SUBS: IndependentSubsFirstError},
    CheckItem.ENTERPRISE_SUB: dict.fromkeys(_SUBS, LeaveMasterFirstError),
    CheckItem.ARREARS: {CustomerFact.UNPAID_BILLS: CustomerInArrearsError},
    CheckItem.RESERVED_INSTANCE: {CustomerFact.RESERVED_INSTANCE: ReservedInstanceRunsError},
    CheckItem.SUPPORT_PLAN: {CustomerFact.SUPPORT_PLAN: SupportPlanRunsError},
    CheckItem.SPECIAL_CONTRACT: {CustomerFact.SPECIAL_CONTRACT: SpecialContractRunsError},
    CheckItem.UNPAID_ORDER: {CustomerFact.UNPAID_ORDER: OrderAwaitsPaymentError},
}


@dataclass(frozen=True)
class Wish:
    """What somebody wants of an association (意向): who, what, and to which type."""

    side: Side
    kind: AssociationRequestKind
    to_type: AssociationType | None = None


@dataclass(frozen=True)
class Checked:
    """One item of the account check, with what stands against it (检查结果)."""

    item: CheckItem
    refusals: tuple[DomainError, ...] = ()

    @property
    def passed(self) -> bool:
        """Tell whether nothing stands against it."""
        return not self.refusals


def looks_at(item: CheckItem) -> Callable[[Look], Look]:
    """Let a layer above look at an item too, such as arrears that a ledger knows of."""

    def register(look: Look) -> Look:
        if look not in _looks.setdefault(item, []):
            _looks[item].append(look)
        return look

    return register


async def account_check(work: Work, customer: Customer, wish: Wish) -> Sequence[Checked]:
    """Look at everything that a request needs, each item with its status (COL-5.4.9, COL-5.5)."""
    ours = wish.side is Side.PARTNER
    found = [
        Checked(CheckItem.PENDING_REQUEST, await _waiting(work, customer)),
        Checked(CheckItem.QUOTA, await (_quota(work, customer) if ours else _own_quota(work, customer))),
    ]
    if ours:
        found.append(Checked(CheckItem.CUSTOMER_FILED, await _filed_by_customer(work, customer)))
    return [*found, *await standing_check(work, customer, wish)]


async def standing_check(work: Work, customer: Customer, wish: Wish) -> Sequence[Checked]:
    """Look at how the customer stands now: the items that must hold when a request is agreed to as well."""
    known = await known_of(work, customer.id)
    found = []
    for item, facts in _tables(customer, wish):
        refusals = {facts[fact]: facts[fact]() for fact in facts if fact in known.facts}
        for look in _looks.get(item, ()):
            refusals |= {type(one): one for one in await look(work, customer)}
        found.append(Checked(item, tuple(refusals.values())))
    if wish.side is Side.PARTNER:
        frozen = customer.frozen is not FreezeState.NOT_FROZEN
        found.append(Checked(CheckItem.FROZEN, (UnfreezeFirstError(),) if frozen else ()))
        if AssociationType.RESALE in (customer.association_type, wish.to_type):
            found.append(Checked(CheckItem.PARTNER_FROZEN, await _partner_frozen(work, customer, wish)))
    return found


def _tables(customer: Customer, wish: Wish) -> list[tuple[CheckItem, Facts]]:
    if wish.side is Side.PARTNER:
        return [*OF_PARTNER.items(), *(TO_RESALE.items() if wish.to_type is AssociationType.RESALE else ())]
    resale = customer.association_type is AssociationType.RESALE
    return list((OF_RESALE_CUSTOMER if resale else OF_REFERRAL_CUSTOMER).items())


async def _waiting(work: Work, customer: Customer) -> tuple[DomainError, ...]:
    waits = await work.first(
        select(AssociationRequest).where(
            AssociationRequest.customer_id == customer.id,
            AssociationRequest.partner_id == customer.partner_id,
            col(AssociationRequest.status).in_(PENDING),
        )
    )
    return (RequestWaitsError(request=waits.public_id),) if waits is not None else ()


async def _quota(work: Work, customer: Customer) -> tuple[DomainError, ...]:
    """A partner starts one un-link or switch per customer in three months, the two together (COL-5.4.2).

    Rejected, withdrawn and expired ones count; one that Huawei has closed does not.
    """
    own = (
        AssociationRequest.partner_id == customer.partner_id,
        AssociationRequest.filed_side == Side.PARTNER,
    )
    most, months = await work.policy(MOST_REQUESTS), await work.policy(PERIOD_MONTHS)
    free_on = await _free_on(work, customer.id, MOST_REQUESTS, *own)
    return (RequestQuotaError(maximum=most, months=months, free_on=free_on),) if free_on else ()


async def _filed_by_customer(work: Work, customer: Customer) -> tuple[DomainError, ...]:
    """After the customer's own filing the partner waits three months (COL-5.4.3)."""
    filed = await _latest(work, customer.id, AssociationRequest.filed_side == Side.CUSTOMER)
    if not filed:
        return ()
    months = await work.policy(PERIOD_MONTHS)
    free_on = beijing_day(months_after(filed[0], months))
    return (CustomerFiledLatelyError(months=months, free_on=free_on),)


async def _own_quota(work: Work, customer: Customer) -> tuple[DomainError, ...]:
    """A customer files one un-link in three months (COL-5.5.1)."""
    most, months = await work.policy(MOST_OF_CUSTOMER), await work.policy(PERIOD_MONTHS)
    free_on = await _free_on(work, customer.id, MOST_OF_CUSTOMER, AssociationRequest.filed_side == Side.CUSTOMER)
    return (CustomerQuotaError(maximum=most, months=months, free_on=free_on),) if free_on else ()


async def _free_on(work: Work, customer_id: UUID, policy: Policy[int], *which: object) -> dt.date | None:
    """Find from which day on there is room again, or nothing where there is room now."""
    most = await work.policy(policy)
    filed = await _latest(work, customer_id, *which)
    if len(filed) < most:
        return None
    months = await work.policy(PERIOD_MONTHS)
    return beijing_day(months_after(filed[most - 1] if most else work.now, months))


async def _latest(work: Work, customer_id: UUID, *which: object) -> list[dt.datetime]:
    """List when requests that count were filed within the period, the latest first."""
    months = await work.policy(PERIOD_MONTHS)
    conditions: list[sa.ColumnElement[bool]] = [*which]  # type: ignore[list-item]
    found = await work.every(
        select(AssociationRequest.created_at)
        .where(
            AssociationRequest.customer_id == customer_id,
            AssociationRequest.status != AssociationRequestStatus.FORCE_CLOSED,
            col(AssociationRequest.created_at) > months_after(work.now, -months - 1),
            *conditions,
        )
        .order_by(col(AssociationRequest.created_at).desc())
    )
    return [at for at in found if months_after(at, months) > work.now]


async def _partner_frozen(work: Work, customer: Customer, wish: Wish) -> tuple[DomainError, ...]:
    """A frozen partner keeps its resale customers and gets no new ones (COL-5.10.7)."""
    partner = await work.first(select(PartnerOrganisation).where(PartnerOrganisation.id == customer.partner_id))
    unlinks = wish.kind is AssociationRequestKind.UNLINK
    bound = unlinks or wish.to_type is AssociationType.RESALE
    return (FrozenPartnerError(),) if partner is not None and partner.frozen and bound else ()


def months_after(at: dt.datetime, months: int) -> dt.datetime:
    """Go so many months on by Beijing's calendar, to the last day where the month is too short."""
    local = at.astimezone(BEIJING)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(dt.UTC)
