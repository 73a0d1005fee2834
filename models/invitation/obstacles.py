"""What may keep an invited customer from associating."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from models.agreement import AgreementNotTickedError, AgreementOutdatedError, AgreementState, newest, state_for
from models.customer import AssociationType, Customer, CustomerFact, Known, known_of
from models.customer.obstacles import (
    CONTRACTS,
    AccountTooOldError,
    CashSpendingError,
    ConsumerCloudUserError,
    CreditAccountError,
    CustomerOfAnotherPartnerError,
    CustomerOfYoursError,
    EnterpriseSubError,
    GiftBalanceError,
    IndependentSubsError,
    InternalAccountError,
    PartnerNotACustomerError,
    ReportedByHuaweiError,
    ReservedInstanceError,
    RewardProgrammeError,
    ServiceContractError,
    UnifiedAccountingSubError,
    UnpaidBillsError,
    refusals_of,
)
from models.invitation.policies import NEW_ACCOUNT_DAYS
from models.invitation.record import Invitation
from models.kernel.errors import DomainError
from models.kernel.work import Work

ALWAYS: Final[Mapping[CustomerFact, type[DomainError]]] = {
    **CONTRACTS,
    CustomerFact.UNPAID_BILLS: UnpaidBillsError,
    CustomerFact.UNIFIED_ACCOUNTING_SUB: UnifiedAccountingSubError,
    CustomerFact.INTERNAL_ACCOUNT: InternalAccountError,
    CustomerFact.CONSUMER_CLOUD_USER: ConsumerCloudUserError,
    CustomerFact.REWARD_PROGRAMME: RewardProgrammeError,
    CustomerFact.PARTNER_OR_APPLICANT: PartnerNotACustomerError,
}
IN_RESALE: Final[Mapping[CustomerFact, type[DomainError]]] = {
    CustomerFact.SERVICE_CONTRACT: ServiceContractError,
    CustomerFact.RESERVED_INSTANCE: ReservedInstanceError,
    CustomerFact.ENTERPRISE_SUB: EnterpriseSubError,
    CustomerFact.MASTER_OF_INDEPENDENT_SUBS: IndependentSubsError,
    CustomerFact.CREDIT_ACCOUNT: CreditAccountError,
    CustomerFact.GIFT_BALANCE: GiftBalanceError,
}


async def association_obstacles(
    work: Work, invitation: Invitation, customer: Customer, *, reported: bool, agreed_to: UUID | None
) -> list[DomainError]:
    """Name everything that keeps a customer from associating, at once (COL-5.3.7, COL-5.3.9, COL-5.3.10, COL-5.3.11).

    `reported` says that the inviting partner's own report of this customer holds.
    """
    known = await known_of(work, customer.id)
    found: list[DomainError] = []
    if customer.partner_id is not None:
        own = customer.partner_id == invitation.partner_id
        found.append(CustomerOfYoursError() if own else CustomerOfAnotherPartnerError())
    found += refusals_of(known, ALWAYS)
    if not reported:
        found += await _unreported(work, known)
    if invitation.association_type is AssociationType.RESALE:
        found += refusals_of(known, IN_RESALE)
        if agreed_to is None and await state_for(work, customer.id) is not AgreementState.SIGNED:
            found.append(AgreementNotTickedError(path="agreement"))
    last = await newest(work)
    if agreed_to is not None and last is not None and agreed_to != last.id:
        found.append(AgreementOutdatedError(path="agreement", newest=last.number))
    return found


async def _unreported(work: Work, known: Known) -> list[DomainError]:
    """Without a report only a new account that has spent no cash associates (COL-5.3.7, COL-5.3.9)."""
    found: list[DomainError] = []
    days = await work.policy(NEW_ACCOUNT_DAYS)
    if known.older_than(days, work.now):
        found.append(AccountTooOldError(days=days))
    if CustomerFact.CASH_SPENDING in known.facts:
        found.append(CashSpendingError())
    if CustomerFact.REPORTED_BY_HUAWEI in known.facts:
        found.append(ReportedByHuaweiError())
    return found
