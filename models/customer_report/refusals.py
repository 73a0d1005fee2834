"""What may stand against a report beside the customer itself."""

from __future__ import annotations

from models.customer.obstacles import Obstacle
from models.kernel.errors import DomainError, Remedy


class TooManyReportsError(DomainError):
    """A partner holds a limited number of reports at a time (COL-5.2.3)."""

    zh = "待审核与已报备的客户合计最多 {maximum} 个，请待其关联、失效或作废后再报备。"
    en = "At most {maximum} reports may wait or hold at a time; report again once one of them has ended."
    cbc = "CBC.0155"


class PartnerUnreachableError(DomainError):
    """The partner's account has neither mobile number nor e-mail (COL-5.2.5)."""

    zh = "请先为伙伴主账号设置手机号或邮箱，再报备客户。"
    en = "Give the partner's main account a mobile number or an e-mail address before reporting customers."


class ReportedByAnotherPartnerError(Obstacle, DomainError):
    """Another partner's report holds; whose and until when is not told (COL-5.2.2)."""

    zh = "该客户已被其他合作伙伴报备，报备失效后方可再次报备。"
    en = "Another partner has reported this customer; it can be reported again once that report has ended."
    cbc = "CBC.0155"


class ReportedByYouError(DomainError):
    """The partner's own report holds."""

    zh = "贵公司已报备该客户（{report}），无需重复报备。"
    en = "This partner has reported the customer already ({report})."
    cbc = "CBC.0155"


class NameUnreadableError(DomainError):
    """The name has no letter or digit by which it could be compared."""

    zh = "公司名称须含有文字或数字。"
    en = "The company name needs letters or digits."
    cbc = "CBC.0100"


class ReviewStatementRequiredError(DomainError):
    """Huawei reviews this report, so the partner says what it has done and expects (COL-5.2.7)."""

    zh = "该客户需要人工审核（{causes}），请填写说明：预计新增消费、与客户的沟通情况和项目详情。"
    en = "A review is needed ({causes}): state the consumption you expect, your contact so far, the project."
    remedy = Remedy.CORRECT_INPUT
