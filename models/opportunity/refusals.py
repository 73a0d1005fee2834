"""What can stand against a step of an opportunity, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError, Remedy


class ConsentRequiredError(DomainError):
    """The customer must have consented to sharing its data (COL-2.1.1)."""

    zh = "须确认客户已同意将其信息共享给华为云。"
    en = "Confirm that the customer agreed to its information being shared with Huawei Cloud."


class ContactRequiredError(DomainError):
    """A contact needs a mobile number or an email address (COL-2.2.4)."""

    zh = "联系人须填写手机号或邮箱。"
    en = "The contact needs a mobile number or an email address."


class AmountError(DomainError):
    """An amount that is no exact positive amount of its currency."""

    zh = "金额须大于 0，且小数位不超过币种规定：{value}。"
    en = "The amount must be greater than 0, with no more decimals than its currency has: {value}."
    cbc = "CBC.0100"


class DateOrderError(DomainError):
    """A date lies before one that it must follow."""

    zh = "日期不能早于 {earliest}。"
    en = "The date must not be before {earliest}."
    cbc = "CBC.0100"


class VisibilityOnlyExcludesError(DomainError):
    """Visibility only excludes every other support (COL-2.2.4)."""

    zh = "选择“仅供可视”时不能同时选择其他支持。"
    en = "Visibility only excludes every other kind of support."


class OfferingNotYoursError(DomainError):
    """An offering belongs to another partner or is not listed (COL-2.2.4)."""

    zh = "Offering 不存在、未上架或不属于本伙伴。"
    en = "The offering does not exist, is not listed, or is not this partner's."


class NameTakenError(DomainError):
    """The partner has an open opportunity of that name (COL-2.2.4)."""

    zh = "已有同名的在途机会点。"
    en = "You have an open opportunity of that name already."


class DraftSubmittedError(DomainError):
    """The client application has used this external id for a record that is no draft any more."""

    zh = "该外部编号对应的记录已提交，不能再按草稿更新。"
    en = "The record with this external id has been submitted and is no draft any more."


class OwnerCheckMissingError(DomainError):
    """Validation needs the customer owner's check first (COL-2.4.6)."""

    zh = "请先登记客户负责人的核实结果。"
    en = "Record the customer owner's check first."


class OwnerCheckNegativeError(DomainError):
    """The customer owner's check speaks against the opportunity (COL-2.4.2, COL-2.4.3)."""

    zh = "客户负责人核实结果为不成立，不能验证通过。"
    en = "The customer owner's check speaks against it; it cannot be validated."


class DuplicateHasPriorityError(DomainError):
    """Another opportunity for the same need goes first (COL-2.7.1, COL-2.7.7)."""

    zh = "存在优先的重复机会点，只能有一个通过。"
    en = "A duplicate has priority; only one of them may pass."


class DuplicateOfRequiredError(DomainError):
    """Whoever rejects as a duplicate says of what (COL-2.7.8)."""

    zh = "按重复驳回时须指明与哪个机会点重复。"
    en = "Say which opportunity it is a duplicate of."


class PartnerNotEligibleError(DomainError):
    """The partner may not receive HOs now (COL-3.1)."""

    zh = "该伙伴暂不满足接收华为共享机会点的条件：{reasons}。"
    en = "The partner is not eligible for Huawei's opportunities now: {reasons}."


class OfferNotViewedError(DomainError):
    """An HO is accepted only after its detail was opened (COL-3.2#3)."""

    zh = "请先查看机会点详情，再接受。"
    en = "Open the offer's detail before you accept it."


class ConfirmationRequiredError(DomainError):
    """Acceptance is confirmed in a dialog (COL-3.2#3)."""

    zh = "请确认接受。"
    en = "Confirm that you accept."


class BackwardsNoteRequiredError(DomainError):
    """A stage may go back, with a note (COL-2.6.5)."""

    zh = "阶段回退须填写说明。"
    en = "Say why the stage goes back."


class StageNotReportableError(DomainError):
    """Won, lost and delivered are steps of their own, not progress."""

    zh = "该阶段由签单、丢单或交付操作产生，不能直接填报。"
    en = "This stage comes from the steps won, lost and delivered; it is not reported."


class ProgressNotOpenError(DomainError):
    """Progress is reported from validation or acceptance until delivery (COL-2.6.2)."""

    zh = "机会点验证通过（或接受）后、交付完成前才能更新进展。"
    en = "Progress is reported only after validation or acceptance and before delivery."


class DisputeClosedError(DomainError):
    """Delivery is disputed within its window only (COL-2.5#16)."""

    zh = "交付异议期已过。"
    en = "The time for disputing the delivery has passed."


class AlreadyConfirmedError(DomainError):
    """The delivery has been confirmed."""

    zh = "交付已确认。"
    en = "The delivery has been confirmed already."


class NotYourDeskError(DomainError):
    """The audit belongs to the partner's PDM, or to the pool where there is none (COL-1.3)."""

    zh = "该机会点由伙伴的生态经理审核；无生态经理或超期升级后由生态运营处理。"
    en = "The partner's PDM audits this; the pool does where there is none, or after escalation."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0151"


class ReturnIncompleteError(DomainError):
    """A named field has not been completed (COL-2.5 guard 5)."""

    zh = "退回要求补充的字段尚未填写。"
    en = "This field was named in the send-back and is still empty."


class CustomerNotFoundError(DomainError):
    """A given customer account does not exist (COL-2.2.4)."""

    zh = "客户账号不存在。"
    en = "There is no such customer account."


class TooManyFiltersError(DomainError):
    """Somebody keeps as many filters as anybody may."""

    zh = "最多保存 {maximum} 个筛选条件，请先删除不用的。"
    en = "You keep {maximum} filters, the most there may be; delete one first."
