"""The words in which reports of customers are described."""

from __future__ import annotations

from models.kernel.words import Word


class ReportStatus(Word):
    """Where a report stands (报备状态)."""

    PENDING_REVIEW = "PENDING_REVIEW", "待审核", "Pending review"
    REPORTED = "REPORTED", "已报备", "Reported"
    REJECTED = "REJECTED", "审核不通过", "Rejected"
    ASSOCIATED = "ASSOCIATED", "已关联", "Associated"
    EXPIRED = "EXPIRED", "已失效", "Expired"
    VOIDED = "VOIDED", "已作废", "Voided"


class ReviewCause(Word):
    """Why somebody looks at a report before it holds (审核原因)."""

    FOLLOWED_BY_DIRECT_SALES = (
        "FOLLOWED_BY_DIRECT_SALES",
        "注册较久或已有现金消费，且直销已跟进",
        "Registered a while ago or has spent cash, and direct sales follows it up",
    )
    REPORTED_BY_HUAWEI = "REPORTED_BY_HUAWEI", "华为云已报备", "Reported by Huawei Cloud"
    ONLINE_SALES = "ONLINE_SALES", "属于在线销售团队", "Belongs to the online sales team"
    SALES_SUPPORT_CENTRE = (
        "SALES_SUPPORT_CENTRE",
        "属于授权销售支持中心",
        "Belongs to a sales support centre",
    )


HOLDING = (ReportStatus.PENDING_REVIEW, ReportStatus.REPORTED)
