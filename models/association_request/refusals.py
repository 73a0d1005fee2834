"""What may stand against a request to un-link or to switch."""

from __future__ import annotations

from models.kernel.errors import DomainError, Remedy


class UnderstandingNotTickedError(DomainError):
    """Whoever files a request has read what follows and ticks it (COL-5.4.9)."""

    zh = "请先阅读影响说明，并勾选“我已知悉”。"
    en = "Read what follows from the request and tick that you understand it."


class SameAssociationTypeError(DomainError):
    """A switch goes to the other type."""

    zh = "客户的关联类型已是“{type}”，无需切换。"
    en = "The customer's association type is “{type}” already; there is nothing to switch."
    cbc = "CBC.0155"


class NotAssociatedError(DomainError):
    """Only what is linked can be un-linked."""

    zh = "尚未关联合作伙伴，无需解除关联。"
    en = "There is no association that could be ended."
    cbc = "CBC.0155"


class RequestWaitsError(DomainError):
    """One request at a time waits between a partner and a customer."""

    zh = "已有处理中的申请（{request}），请等待其结束。"
    en = "A request waits already ({request}); wait until it has ended."
    cbc = "CBC.0155"


class RequestQuotaError(DomainError):
    """Un-link and switch share one quota per customer (COL-5.4.2); beyond it there is a ticket (COL-5.4.12)."""

    zh = (
        "每个客户 {months} 个月内最多发起 {maximum} 次解除关联或切换关联类型，{free_on} 起可再次发起；"
        "如需提前办理，请提交服务工单。"
    )
    en = (
        "Within {months} months at most {maximum} un-link or switch may be requested for one customer; the next from "
        "{free_on}. If it cannot wait, open a service ticket."
    )
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class CustomerFiledLatelyError(DomainError):
    """The customer's own filing keeps the partner waiting (COL-5.4.3)."""

    zh = "客户近 {months} 个月内曾申请解除关联，{free_on} 起方可发起。"
    en = "The customer filed an un-link itself within the last {months} months; yours is possible from {free_on}."
    cbc = "CBC.0155"


class CustomerQuotaError(DomainError):
    """A customer files one un-link in three months (COL-5.5.1)."""

    zh = "{months} 个月内最多申请 {maximum} 次解除关联，{free_on} 起可再次申请；如需提前办理，请提交服务工单。"
    en = (
        "Within {months} months at most {maximum} un-link may be requested; the next from {free_on}. If it cannot "
        "wait, open a service ticket."
    )
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class IndependentSubsFirstError(DomainError):
    """The sub-accounts with accounts of their own go first (COL-5.4.4, COL-5.5.4)."""

    zh = "该客户是企业主账号且有非财务托管子账号，须先解除子账号的关联。"
    en = "The customer is an enterprise master with independent sub-accounts; these must be un-linked first."
    cbc = "CBC.0155"


class LeaveMasterFirstError(DomainError):
    """A sub-account leaves its master first (COL-5.4.5, COL-5.5.4)."""

    zh = "该客户是企业子账号，须先解除与企业主账号的关联。"
    en = "The customer is an enterprise sub-account; it must leave its master first."
    cbc = "CBC.0155"


class MasterMustUnlinkError(DomainError):
    """Of a referral sub-account the master does it (COL-5.5.3)."""

    zh = "企业子账号不能自行申请，须由企业主账号解除关联。"
    en = "An enterprise sub-account cannot ask for this itself; its master account must do it."
    cbc = "CBC.0155"


class ReservedInstanceRunsError(DomainError):
    """An unexpired reserved instance is unsubscribed first (COL-5.4.6, COL-5.5.4)."""

    zh = "存在未到期的预留实例，请客户先退订。"
    en = "There is an unexpired reserved instance; the customer unsubscribes it first."
    cbc = "CBC.0155"


class SupportPlanRunsError(DomainError):
    """A partner support plan in force keeps the association (COL-5.4.6, COL-5.5.4)."""

    zh = "存在有效的伙伴支持计划，请待其到期或退订。"
    en = "A partner support plan is in force; it ends or is unsubscribed first."
    cbc = "CBC.0155"


class OrderAwaitsPaymentError(DomainError):
    """An order that the partner is to pay is paid or cancelled first (COL-5.4.7, COL-5.5.2)."""

    zh = "存在待伙伴支付的订单，请先支付或取消。"
    en = "An order awaits the partner's payment; pay or cancel it first."
    cbc = "CBC.0155"


class CustomerInArrearsError(DomainError):
    """Arrears are cleared by an allocation of the partner first (COL-5.5.4)."""

    zh = "账号欠费，须由合作伙伴拨款结清后再申请。"
    en = "The account is in arrears; the partner's allocation must clear them first."
    cbc = "CBC.0155"


class SpecialContractRunsError(DomainError):
    """A special contract in force is settled with the partner first (COL-5.5.4)."""

    zh = "存在生效中的特殊合同，请与合作伙伴线下协商处理。"
    en = "A special contract is in force; settle it with the partner offline."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class UnfreezeFirstError(DomainError):
    """A frozen customer is unfrozen first (COL-5.4.8)."""

    zh = "该客户已被冻结，请先解冻。"
    en = "The customer is frozen; unfreeze it first."
    cbc = "CBC.0155"


class FrozenPartnerError(DomainError):
    """A frozen partner neither lets resale customers go nor takes any (COL-5.10.7)."""

    zh = "贵公司已被冻结，不能解除代售客户的关联，也不能切换为代售。"
    en = "This partner is frozen: it can neither un-link resale customers nor switch customers to resale."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0155"


class AssociationChangedError(DomainError):
    """The association is not the one any more that the request is about."""

    zh = "客户的关联关系已变化，该申请不能再完成。"
    en = "The association has changed since the request was filed; it cannot be completed any more."
    cbc = "CBC.0155"
