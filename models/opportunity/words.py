"""The words of opportunity sharing: directions, states, stages and reasons."""

from __future__ import annotations

from models.kernel.words import Word


class Direction(Word):
    """Who found the opportunity (共享方向)."""

    PO = "PO", "共享给华为", "Partner-originated"
    HO = "HO", "由华为共享", "Huawei-originated"


class Origin(Word):
    """How the record came to be (来源)."""

    PARTNER = "PARTNER", "伙伴录入", "Entered by the partner"
    HUAWEI = "HUAWEI", "华为录入", "Entered by Huawei"
    IMPORTED = "IMPORTED", "历史导入", "Imported history"


class Status(Word):
    """The state of an opportunity (机会点状态); COL-2.5 for PO, COL-3.2 for HO."""

    DRAFT = "DRAFT", "草稿", "Draft"
    AUDITING = "AUDITING", "审核中", "In audit"
    RETURNED = "RETURNED", "退回补充", "Sent back for completion"
    AUDIT_REJECTED = "AUDIT_REJECTED", "审核驳回", "Rejected in audit"
    VALIDATING = "VALIDATING", "机会点验证", "In validation"
    VALIDATION_REJECTED = "VALIDATION_REJECTED", "验证驳回", "Rejected in validation"
    VALIDATED = "VALIDATED", "机会点验证通过", "Validated"
    CREATED = "CREATED", "已创建", "Created"
    PENDING_ACCEPTANCE = "PENDING_ACCEPTANCE", "待接受", "Waiting for acceptance"
    ACCEPTED = "ACCEPTED", "已接受", "Accepted"
    REJECTED = "REJECTED", "已拒绝", "Declined"
    AUTO_REJECTED = "AUTO_REJECTED", "超期自动拒绝", "Declined by time"
    RECALLED = "RECALLED", "已回收", "Recalled"
    WON = "WON", "已签单", "Won"
    LOST = "LOST", "丢单", "Lost"
    DELIVERED = "DELIVERED", "交付完成", "Delivered"
    CANCELLED = "CANCELLED", "已取消", "Cancelled"


DECIDED_AGAINST = (
    Status.AUDIT_REJECTED,
    Status.VALIDATION_REJECTED,
    Status.CANCELLED,
    Status.LOST,
)
PASSED = (Status.VALIDATED, Status.ACCEPTED, Status.WON, Status.DELIVERED)
OPEN_TO_PROGRESS = (Status.VALIDATED, Status.ACCEPTED, Status.WON)
IN_REVIEW = (Status.AUDITING, Status.RETURNED, Status.VALIDATING)


class Stage(Word):
    """How far the sale has come (商机阶段), COL-2.6.5."""

    REQUIREMENT = "REQUIREMENT", "需求确认", "Requirement confirmed"
    SOLUTION = "SOLUTION", "方案交流", "Solution discussed"
    POC = "POC", "测试验证/POC", "Proof of concept"
    NEGOTIATION = "NEGOTIATION", "商务谈判", "Commercial negotiation"
    SIGNED = "SIGNED", "已签单", "Signed"
    DELIVERING = "DELIVERING", "交付中", "In delivery"
    DELIVERED = "DELIVERED", "交付完成", "Delivered"
    LOST = "LOST", "丢单", "Lost"


PROBABILITY = {
    Stage.REQUIREMENT: 10,
    Stage.SOLUTION: 30,
    Stage.POC: 50,
    Stage.NEGOTIATION: 70,
    Stage.SIGNED: 100,
    Stage.DELIVERING: 100,
    Stage.DELIVERED: 100,
    Stage.LOST: 0,
}
STAGE_ORDER = tuple(PROBABILITY)[:-1]


class RejectionReason(Word):
    """Why an opportunity is rejected (驳回原因), COL-2.4."""

    INCOMPLETE_FIELDS = "INCOMPLETE_FIELDS", "必填项缺失", "A mandatory field is missing"
    BANT_INCOMPLETE = "BANT_INCOMPLETE", "BANT 四要素不完整", "One of the four BANT parts is missing"
    VAGUE_DESCRIPTION = "VAGUE_DESCRIPTION", "描述模糊，缺少关键动作或业务需求", "No key action or business need"
    NO_CONTACT = "NO_CONTACT", "无明确客户联系人及联系方式", "No clear contact or way to reach him"
    NO_BUDGET_OR_TIME = "NO_BUDGET_OR_TIME", "无明确预算或项目时间", "No budget or no clear time"
    NOT_HUAWEI_CLOUD = "NOT_HUAWEI_CLOUD", "与华为云无关", "Not related to Huawei Cloud"
    NO_INCREMENTAL_REVENUE = "NO_INCREMENTAL_REVENUE", "无增量收入", "No incremental revenue"
    NOT_OWN_SOLUTION = "NOT_OWN_SOLUTION", "非伙伴自有方案", "Not the partner's own solution"
    PUBLIC_TENDER_OR_HEARSAY = "PUBLIC_TENDER_OR_HEARSAY", "公开招标、道听途说或猜测", "A tender, hearsay or a guess"
    DUPLICATE_PO = "DUPLICATE_PO", "与其他伙伴机会点重复", "A partner's opportunity has priority"
    DUPLICATE_HO = "DUPLICATE_HO", "与华为机会点重复", "A Huawei opportunity has priority"
    NOT_EXIST = "NOT_EXIST", "客户确认机会点不存在", "The customer says it does not exist"
    ALREADY_CLOSED = "ALREADY_CLOSED", "项目已成交", "The deal is already done"
    SLA_EXPIRED = "SLA_EXPIRED", "超期默认驳回", "The time for a decision ran out"
    OTHER = "OTHER", "其他", "Other"


AUDIT_REASONS = (
    RejectionReason.INCOMPLETE_FIELDS,
    RejectionReason.BANT_INCOMPLETE,
    RejectionReason.VAGUE_DESCRIPTION,
    RejectionReason.NO_CONTACT,
    RejectionReason.NO_BUDGET_OR_TIME,
    RejectionReason.NOT_HUAWEI_CLOUD,
    RejectionReason.NO_INCREMENTAL_REVENUE,
    RejectionReason.NOT_OWN_SOLUTION,
    RejectionReason.PUBLIC_TENDER_OR_HEARSAY,
    RejectionReason.OTHER,
)
VALIDATION_REASONS = (
    RejectionReason.NO_BUDGET_OR_TIME,
    RejectionReason.NOT_HUAWEI_CLOUD,
    RejectionReason.NO_INCREMENTAL_REVENUE,
    RejectionReason.DUPLICATE_PO,
    RejectionReason.DUPLICATE_HO,
    RejectionReason.NOT_EXIST,
    RejectionReason.ALREADY_CLOSED,
    RejectionReason.OTHER,
)
DUPLICATE_REASONS = (RejectionReason.DUPLICATE_PO, RejectionReason.DUPLICATE_HO)


class LostReason(Word):
    """Why an opportunity was lost (丢单原因), COL-2.6.7."""

    PRICE = "PRICE", "价格", "Price"
    COMPETITOR = "COMPETITOR", "竞争对手", "Competitor"
    CUSTOMER_CANCELLED = "CUSTOMER_CANCELLED", "客户取消/延期", "The customer cancelled or postponed"
    SOLUTION_MISMATCH = "SOLUTION_MISMATCH", "方案不匹配", "The solution did not fit"
    UNREACHABLE = "UNREACHABLE", "无法联系", "The customer could not be reached"
    OTHER = "OTHER", "其他", "Other"


class CancelReason(Word):
    """Why Huawei cancels after validation (取消原因)."""

    CUSTOMER_WITHDREW = "CUSTOMER_WITHDREW", "客户撤回需求", "The customer withdrew"
    DUPLICATE_FOUND = "DUPLICATE_FOUND", "事后发现重复", "A duplicate was found afterwards"
    FALSE_INFORMATION = "FALSE_INFORMATION", "信息不实", "The information was not true"
    OTHER = "OTHER", "其他", "Other"


class DeclineReason(Word):
    """Why a partner declines what Huawei shares (拒绝原因), COL-3.2#4."""

    INFORMATION_DIFFERS = "INFORMATION_DIFFERS", "信息与实际不符", "The information differs from reality"
    NO_CAPACITY = "NO_CAPACITY", "资源不足", "No capacity"
    NOT_OUR_FIELD = "NOT_OUR_FIELD", "不在业务范围", "Not our field"
    OTHER = "OTHER", "其他", "Other"


class OfferStatus(Word):
    """The state of one sharing with one partner (共享记录状态)."""

    PENDING = "PENDING", "待接受", "Waiting for acceptance"
    ACCEPTED = "ACCEPTED", "已接受", "Accepted"
    REJECTED = "REJECTED", "已拒绝", "Declined"
    AUTO_REJECTED = "AUTO_REJECTED", "超期自动拒绝", "Declined by time"
    RECALLED = "RECALLED", "已回收", "Recalled"


class Support(Word):
    """What Huawei may contribute (华为支持), the six of COL-1.2.2."""

    ARCHITECTURE_VALIDATION = "ARCHITECTURE_VALIDATION", "架构验证", "Architecture validation"
    BUSINESS_DEMO = "BUSINESS_DEMO", "业务演示", "Business demo"
    TECHNICAL_CONSULTING = "TECHNICAL_CONSULTING", "技术咨询", "Technical consulting"
    STRATEGY_SUPPORT = "STRATEGY_SUPPORT", "策略支持", "Strategy support"
    RESOURCE_SUPPORT = "RESOURCE_SUPPORT", "资源配置支持", "Resource-configuration support"
    VISIBILITY_ONLY = "VISIBILITY_ONLY", "仅供可视", "Visibility only"


class PreSalesActivity(Word):
    """What the partner has done already (已完成售前活动), COL-2.2.4."""

    CUSTOMER_VISIT = "CUSTOMER_VISIT", "客户拜访", "Customer visit"
    REQUIREMENT_STUDY = "REQUIREMENT_STUDY", "需求调研", "Requirement study"
    SOLUTION_EXCHANGE = "SOLUTION_EXCHANGE", "方案交流", "Solution discussion"
    POC_TEST = "POC_TEST", "POC测试", "Proof of concept"
    NEGOTIATION = "NEGOTIATION", "商务谈判", "Negotiation"
    OTHER = "OTHER", "其他", "Other"


class Concern(Word):
    """What a reviewer should look at twice (合理性提示), COL-2.2.4, COL-2.1.9; a hint, never a refusal."""

    AMOUNT_BELOW_FLOOR = "AMOUNT_BELOW_FLOOR", "预计金额低于合理性下限", "The expected amount is below the floor"
    NO_ACCOUNT = (
        "NO_ACCOUNT",
        "客户无华为云账号，建议先注册再提交",
        "The customer has no account; better register first",
    )
    NOT_COUNTED = "NOT_COUNTED", "未关联计入考核的Offering", "No offering that counts for assessment"


class DuplicateSignal(Word):
    """Why two opportunities look like one (重复信号), COL-2.7.8."""

    CREDIT_CODE = "CREDIT_CODE", "统一社会信用代码相同", "Same credit code"
    COMPANY_NAME = "COMPANY_NAME", "公司名称相同", "Same company name"
    ACCOUNT = "ACCOUNT", "客户账号相同", "Same customer account"
    OFFERING = "OFFERING", "Offering 重叠", "Overlapping offering"
    SERVICE = "SERVICE", "华为云服务重叠", "Overlapping Huawei Cloud service"


class PriorityRule(Word):
    """By which rule one duplicate goes before the other (优先规则), COL-2.7.7."""

    ALREADY_PASSED = "ALREADY_PASSED", "已验证通过或已接受者优先", "The one that has passed already"
    AUDITED_FIRST = "AUDITED_FIRST", "审核通过时间或CRM创建时间早者优先", "The earlier audit approval or CRM creation"
    AUDITED_BEFORE_UNAUDITED = "AUDITED_BEFORE_UNAUDITED", "已审核者优先于未审核者", "Audited before not yet audited"
    SUBMITTED_FIRST = "SUBMITTED_FIRST", "提交时间早者优先", "The earlier submission"
    IMPORTED_LAST = "IMPORTED_LAST", "历史导入数据不优先", "Imported history never has priority"
    LOWER_ID = "LOWER_ID", "时间相同，编号小者优先", "Same time: the lower id"
