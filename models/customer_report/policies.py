"""The numbers by which reports are kept, as dated rows."""

from typing import Final

from models.kernel.policy import Policy

REPORT_DAYS: Final = Policy(
    "customer_report.days", 15, "客户报备有效期（天，自进入已报备起）", "Days for which a report holds"
)
MOST_REPORTS: Final = Policy(
    "customer_report.most",
    100,
    "每个伙伴待审核与已报备客户合计上限",
    "Reports of a partner at a time",
)
REVIEW_DAYS: Final = Policy(
    "customer_report.review_days", 3, "客户报备审核时限（工作日）", "Working days for the review of a report"
)
OLD_ACCOUNT_DAYS: Final = Policy(
    "customer_report.old_account_days",
    7,
    "客户注册超过多少天且直销已跟进时转人工审核（天）",
    "Days after registration from which a customer of direct sales is reviewed",
)
