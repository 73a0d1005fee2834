"""What may keep a customer from being reported or associated, each with a sentence that names no other partner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from models.customer.standing import Known
from models.customer.words import CustomerFact
from models.kernel.errors import DomainError, Remedy


class Obstacle:
    """Marks a refusal that speaks of the customer itself, so that the partner who asked may read it (COL-5.2.8)."""


class CustomerOfAnotherPartnerError(Obstacle, DomainError):
    """A customer is with one partner only; which, is nobody else's business (COL-5.1.2)."""

    zh = "该客户已关联其他合作伙伴，须先解除关联。"
    en = "The customer is associated with another partner; that association must end first."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class CustomerOfYoursError(Obstacle, DomainError):
    """The customer is with this partner already."""

    zh = "该客户已与贵公司关联。"
    en = "The customer is associated with this partner already."
    cbc = "CBC.0155"


class OtherSiteCustomerError(Obstacle, DomainError):
    """The account belongs to the other site."""

    zh = "该客户注册于国际站，不能在中国站报备。"
    en = "The customer is registered on the international site and cannot be reported here."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class OfflineContractError(Obstacle, DomainError):
    """The customer has an offline contract with Huawei Cloud."""

    zh = "该客户已与华为云签署线下直签合同。"
    en = "The customer has an offline contract with Huawei Cloud."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class TelesalesContractError(Obstacle, DomainError):
    """The customer has a telesales discount contract."""

    zh = "该客户已与华为云签署电销折扣合同。"
    en = "The customer has a telesales discount contract with Huawei Cloud."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class SpecialPriceContractError(Obstacle, DomainError):
    """The customer has a special price contract."""

    zh = "该客户已与华为云签署特价合同。"
    en = "The customer has a special price contract with Huawei Cloud."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class ServiceContractError(Obstacle, DomainError):
    """The customer has a professional service contract, which keeps it from resale."""

    zh = "该客户有专业服务合同，不能关联为代售。"
    en = "The customer has a professional service contract, so it cannot be associated as resale."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class CashSpendingError(Obstacle, DomainError):
    """The customer has spent cash, and nobody who may has followed it up or reported it."""

    zh = "该客户已有现金消费，且未经直销跟进或报备。"
    en = "The customer has spent cash and was neither followed up by direct sales nor reported."
    cbc = "CBC.0155"


class AccountTooOldError(Obstacle, DomainError):
    """The account was opened too long ago for an invitation without a report (COL-5.3.7)."""

    zh = "该账号注册已超过 {days} 天，请重新提交注册：由合作伙伴先报备客户，再发出邀请。"
    en = "The account is older than {days} days: the partner reports the customer first, then invites it anew."
    cbc = "CBC.0155"


class UnifiedAccountingSubError(Obstacle, DomainError):
    """The account is a unified-accounting sub-account of an enterprise master."""

    zh = "该客户是企业主账号下的财务托管子账号。"
    en = "The customer is a unified-accounting sub-account of an enterprise master."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class ConsumerCloudUserError(Obstacle, DomainError):
    """The account is a consumer cloud user's."""

    zh = "该客户是消费者云用户。"
    en = "The customer is a consumer cloud user."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class InternalAccountError(Obstacle, DomainError):
    """The account is one of Huawei's own."""

    zh = "该客户是内部账号。"
    en = "The account is an internal one."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class ReportedByHuaweiError(Obstacle, DomainError):
    """Huawei Cloud has reported the customer itself."""

    zh = "该客户已由华为云报备，须先报备并通过审核。"
    en = "Huawei Cloud has reported the customer; a report of yours must be approved first."
    cbc = "CBC.0155"


class RewardProgrammeError(Obstacle, DomainError):
    """The customer takes part in Huawei's reward promotion programme."""

    zh = "该客户已参加华为云奖励推广计划。"
    en = "The customer is in Huawei Cloud's reward promotion programme."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class PartnerNotACustomerError(Obstacle, DomainError):
    """The company is a partner itself, or is applying to be one."""

    zh = "该客户是合作伙伴，或正在申请成为合作伙伴。"
    en = "The customer is a partner itself or is applying to be one."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class UnpaidBillsError(Obstacle, DomainError):
    """The customer owes Huawei Cloud money."""

    zh = "该客户有未结清的账单，请结清后重试。"
    en = "The customer has unpaid bills; settle them and try again."
    cbc = "CBC.0155"


class ReservedInstanceError(Obstacle, DomainError):
    """An unexpired reserved instance keeps the customer from resale."""

    zh = "该客户有未到期的预留实例，不能关联为代售，请先退订。"
    en = "The customer has an unexpired reserved instance; unsubscribe it before a resale association."
    cbc = "CBC.0155"


class EnterpriseSubError(Obstacle, DomainError):
    """An enterprise sub-account cannot come to resale."""

    zh = "该客户是企业子账号，不能关联为代售，请先解除与企业主账号的关联。"
    en = "The customer is an enterprise sub-account; it must leave its master before a resale association."
    cbc = "CBC.0155"


class IndependentSubsError(Obstacle, DomainError):
    """An enterprise master with independent sub-accounts cannot come to resale."""

    zh = "该客户是企业主账号且有非财务托管子账号，不能关联为代售。"
    en = "The customer is an enterprise master with independent sub-accounts, so resale is not possible."
    cbc = "CBC.0155"


class CreditAccountError(Obstacle, DomainError):
    """A credit account keeps the customer from resale."""

    zh = "该客户有信用账户，不能关联为代售。"
    en = "The customer has a credit account, so it cannot be associated as resale."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class GiftBalanceError(Obstacle, DomainError):
    """Gift balance from a top-up keeps the customer from resale until a ticket has cleared it."""

    zh = "该客户有充值赠送余额，不能关联为代售，请客户提交工单处理。"
    en = "The customer has gift balance from a top-up; it opens a ticket before a resale association."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


CONTRACTS: Final[Mapping[CustomerFact, type[DomainError]]] = {
    CustomerFact.OFFLINE_CONTRACT: OfflineContractError,
    CustomerFact.TELESALES_CONTRACT: TelesalesContractError,
    CustomerFact.SPECIAL_PRICE_CONTRACT: SpecialPriceContractError,
}


def refusals_of(known: Known, table: Mapping[CustomerFact, type[DomainError]]) -> Iterator[DomainError]:
    """Give the refusal of each fact that holds."""
    for fact, refusal in table.items():
        if fact in known.facts:
            yield refusal()
