"""The words in which customers are described, and the codes that Huawei Cloud's own API has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.kernel.words import Word


class AssociationType(Word):
    """The commercial model between a customer and its partner (关联类型, COL-5.1.1)."""

    REFERRAL = "REFERRAL", "顾问销售", "Referral"
    RESALE = "RESALE", "代售", "Resale"


class CustomerType(Word):
    """Whether a customer is a person or an enterprise (客户类型)."""

    NONE = "NONE", "无类型", "No type"
    INDIVIDUAL = "INDIVIDUAL", "个人", "Individual"
    ENTERPRISE = "ENTERPRISE", "企业", "Enterprise"


class VerifiedStatus(Word):
    """How far the real-name verification has come (实名认证状态)."""

    UNVERIFIED = "UNVERIFIED", "未实名认证", "Unverified"
    IN_REVIEW = "IN_REVIEW", "实名认证审核中", "In review"
    NOT_PASSED = "NOT_PASSED", "实名认证不通过", "Not passed"
    VERIFIED = "VERIFIED", "已实名认证", "Verified"
    FAILED = "FAILED", "实名认证失败", "Failed"


class FreezeState(Word):
    """Whether a customer is frozen (冻结状态)."""

    NOT_FROZEN = "NOT_FROZEN", "未冻结", "Not frozen"
    ACCOUNT = "ACCOUNT", "客户账号冻结", "Account frozen"
    ACCOUNT_AND_RESOURCES = "ACCOUNT_AND_RESOURCES", "客户账号和资源冻结", "Account and resources frozen"


class CustomerLevel(Word):
    """Huawei Cloud's level of a customer (客户等级)."""

    V0 = "V0", "V0", "V0"
    V1 = "V1", "V1", "V1"
    V2 = "V2", "V2", "V2"
    V3 = "V3", "V3", "V3"
    V4 = "V4", "V4", "V4"
    V5 = "V5", "V5", "V5"


class CustomerOrigin(Word):
    """How a customer came into the system (来源)."""

    ENTERED = "ENTERED", "录入", "Entered"
    IMPORTED = "IMPORTED", "导入", "Imported"
    INVITED = "INVITED", "邀请关联", "Invited"


class CustomerFact(Word):
    """What Huawei Cloud's own systems know about a customer (客户情况); a fact that is not listed does not hold."""

    OTHER_SITE = "OTHER_SITE", "在国际站注册", "Registered on the international site"
    OFFLINE_CONTRACT = "OFFLINE_CONTRACT", "已签线下直签合同", "Offline contract with Huawei Cloud"
    TELESALES_CONTRACT = "TELESALES_CONTRACT", "已签电销折扣合同", "Telesales discount contract"
    SPECIAL_PRICE_CONTRACT = "SPECIAL_PRICE_CONTRACT", "已签特价合同", "Special price contract"
    SERVICE_CONTRACT = "SERVICE_CONTRACT", "已签专业服务合同", "Professional service contract"
    CASH_SPENDING = "CASH_SPENDING", "有现金消费", "Has spent cash"
    DIRECT_SALES = "DIRECT_SALES", "直销已跟进或报备", "Followed up by direct sales"
    REPORTED_BY_HUAWEI = "REPORTED_BY_HUAWEI", "华为云已报备", "Reported by Huawei Cloud"
    ONLINE_SALES = "ONLINE_SALES", "属于在线销售团队", "Belongs to the online sales team"
    SALES_SUPPORT_CENTRE = (
        "SALES_SUPPORT_CENTRE",
        "属于授权销售支持中心",
        "Belongs to the authorised sales support centre",
    )
    UNIFIED_ACCOUNTING_SUB = "UNIFIED_ACCOUNTING_SUB", "财务托管企业子账号", "Unified-accounting sub-account"
    ENTERPRISE_SUB = "ENTERPRISE_SUB", "非财务托管企业子账号", "Enterprise sub-account with accounts of its own"
    MASTER_OF_INDEPENDENT_SUBS = (
        "MASTER_OF_INDEPENDENT_SUBS",
        "企业主账号，有非财务托管子账号",
        "Enterprise master with independent subs",
    )
    CONSUMER_CLOUD_USER = "CONSUMER_CLOUD_USER", "消费者云用户", "Consumer cloud user"
    INTERNAL_ACCOUNT = "INTERNAL_ACCOUNT", "内部账号", "Internal account"
    REWARD_PROGRAMME = "REWARD_PROGRAMME", "已参加奖励推广计划", "In the reward promotion programme"
    PARTNER_OR_APPLICANT = "PARTNER_OR_APPLICANT", "是伙伴或正在申请成为伙伴", "Is or is applying to be a partner"
    UNPAID_BILLS = "UNPAID_BILLS", "有未结清账单", "Has unpaid bills"
    RESERVED_INSTANCE = "RESERVED_INSTANCE", "有未到期预留实例", "Has an unexpired reserved instance"
    CREDIT_ACCOUNT = "CREDIT_ACCOUNT", "有信用账户", "Has a credit account"
    GIFT_BALANCE = "GIFT_BALANCE", "有充值赠送余额", "Has gift balance from top-up"
    UNPAID_ORDER = "UNPAID_ORDER", "有待伙伴支付的订单", "Has an order that awaits the partner's payment"
    SUPPORT_PLAN = "SUPPORT_PLAN", "有有效的伙伴支持计划", "Has a partner support plan in force"
    SPECIAL_CONTRACT = "SPECIAL_CONTRACT", "有生效中的特殊合同", "Has a special contract in force"


# As the China site's API has them on the wire (COL-5.1.1); some are texts there and some are numbers, all are kept as
# texts.
WIRE_CODES: Final[Mapping[Word, str]] = {
    AssociationType.REFERRAL: "1",
    AssociationType.RESALE: "2",
    CustomerType.NONE: "-1",
    CustomerType.INDIVIDUAL: "0",
    CustomerType.ENTERPRISE: "1",
    VerifiedStatus.UNVERIFIED: "-1",
    VerifiedStatus.IN_REVIEW: "0",
    VerifiedStatus.NOT_PASSED: "1",
    VerifiedStatus.VERIFIED: "2",
    VerifiedStatus.FAILED: "3",
    FreezeState.NOT_FROZEN: "0",
    FreezeState.ACCOUNT: "1",
    FreezeState.ACCOUNT_AND_RESOURCES: "2",
}
# The international site numbers resale otherwise.
INTERNATIONAL_CODES: Final[Mapping[Word, str]] = {**WIRE_CODES, AssociationType.RESALE: "3"}


def from_wire(vocabulary: type[Word], code: str | int, *, international: bool = False) -> Word | None:
    """Find the word that a code of Huawei Cloud's API stands for."""
    codes = INTERNATIONAL_CODES if international else WIRE_CODES
    return next((word for word in vocabulary if codes.get(word) == str(code)), None)
