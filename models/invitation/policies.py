"""The numbers by which invitations are kept, as dated rows."""

from typing import Final

from models.kernel.policy import Policy

INVITATION_DAYS: Final = Policy(
    "invitation.days",
    15,
    "客户邀请链接有效期（天），且不晚于报备失效",
    "Days for which an invitation of a customer holds, no longer than its report",
)
MOST_MAILS: Final = Policy(
    "invitation.most_mails", 5, "同一邀请的邮件发送次数上限", "How often the mail of one invitation may be sent"
)
NEW_ACCOUNT_DAYS: Final = Policy(
    "invitation.new_account_days",
    7,
    "未报备客户通过线下邀请关联时账号注册天数上限（天）",
    "Days after registration within which a customer without a report may be associated",
)
