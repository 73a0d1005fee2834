"""The words in which requests to un-link or to switch are described."""

from __future__ import annotations

from models.kernel.words import Word


class AssociationRequestKind(Word):
    """What is asked for (申请类型)."""

    UNLINK = "UNLINK", "解除关联", "Un-link"
    SWITCH = "SWITCH", "切换关联类型", "Switch the association type"


class AssociationRequestStatus(Word):
    """Where a request stands (申请状态)."""

    PENDING_CUSTOMER = "PENDING_CUSTOMER", "待客户确认", "Waits for the customer"
    PENDING_PARTNER = "PENDING_PARTNER", "待伙伴确认", "Waits for the partner"
    COMPLETED = "COMPLETED", "已完成", "Completed"
    REJECTED = "REJECTED", "已驳回", "Rejected"
    WITHDRAWN = "WITHDRAWN", "已撤回", "Withdrawn"
    EXPIRED = "EXPIRED", "已过期", "Expired"
    FORCE_CLOSED = "FORCE_CLOSED", "华为已关闭", "Closed by Huawei"


class CheckItem(Word):
    """What is looked at before a request is filed (账号检查项, COL-5.4.9)."""

    PENDING_REQUEST = "PENDING_REQUEST", "无处理中的申请", "No other request waits"
    QUOTA = "QUOTA", "申请次数未超限", "The number of requests allows one more"
    CUSTOMER_FILED = "CUSTOMER_FILED", "客户近期未申请解除关联", "The customer has filed no un-link lately"
    ENTERPRISE_MASTER = "ENTERPRISE_MASTER", "无非财务托管子账号", "No sub-accounts with accounts of their own"
    ENTERPRISE_SUB = "ENTERPRISE_SUB", "不是企业子账号", "Not an enterprise sub-account"
    RESERVED_INSTANCE = "RESERVED_INSTANCE", "无未到期预留实例", "No unexpired reserved instance"
    SUPPORT_PLAN = "SUPPORT_PLAN", "无有效的伙伴支持计划", "No partner support plan in force"
    UNPAID_ORDER = "UNPAID_ORDER", "无待伙伴支付的订单", "No order awaits the partner's payment"
    ARREARS = "ARREARS", "无欠费", "No arrears"
    SPECIAL_CONTRACT = "SPECIAL_CONTRACT", "无生效中的特殊合同", "No special contract in force"
    FROZEN = "FROZEN", "客户未被冻结", "The customer is not frozen"
    PARTNER_FROZEN = "PARTNER_FROZEN", "伙伴未被冻结", "The partner is not frozen"
    RESALE_POSSIBLE = "RESALE_POSSIBLE", "符合代售条件", "Nothing stands against resale"


class EffectKind(Word):
    """What follows from an un-link or a switch (影响, COL-5.6)."""

    BALANCE = "BALANCE", "代售余额", "Resale balance"
    VOUCHERS = "VOUCHERS", "代金券", "Vouchers"
    CASH_COUPONS = "CASH_COUPONS", "现金券", "Cash coupons"
    REFUNDS = "REFUNDS", "后续退款", "Later refunds"
    SETTLEMENT = "SETTLEMENT", "已付未用款项", "Money paid but not spent"
    REFUND_ARRIVAL = "REFUND_ARRIVAL", "退款到账", "When refunds arrive"
    GRACE = "GRACE", "按需资源宽限期", "Grace period of pay-per-use resources"
    MANAGER = "MANAGER", "客户经理", "Account manager"
    PAYMENT = "PAYMENT", "交易与付款", "Trade and payment"


PENDING = (AssociationRequestStatus.PENDING_CUSTOMER, AssociationRequestStatus.PENDING_PARTNER)
