"""The numbers by which requests are kept, as dated rows."""

from typing import Final

from models.kernel.policy import Policy

MOST_REQUESTS: Final = Policy(
    "association_request.most",
    1,
    "每个客户在周期内伙伴可发起的解除/切换申请次数",
    "Un-link and switch requests that a partner may file for one customer in the period",
)
MOST_OF_CUSTOMER: Final = Policy(
    "association_request.most_of_customer",
    1,
    "客户在周期内可发起的解除关联申请次数",
    "Un-link requests that a customer may file in the period",
)
PERIOD_MONTHS: Final = Policy(
    "association_request.months", 3, "解除/切换申请的周期（月）", "Months of the period for un-link and switch requests"
)
WAITING_DAYS: Final = Policy(
    "association_request.days", 30, "解除/切换申请的确认期限（天）", "Days for which a request waits for its answer"
)
REFUND_DAYS: Final = Policy(
    "association_request.refund_days", 1, "退款到账时间（工作日，约）", "Working days until a refund arrives, about"
)
