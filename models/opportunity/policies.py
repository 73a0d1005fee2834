"""The numbers of opportunity sharing, as dated policy rows."""

from __future__ import annotations

from models.kernel.policy import Policy

AUDIT_DAYS = Policy("opportunity.audit_working_days", 3, "审核时限（工作日）", "Working days for the audit")
RETURN_DAYS = Policy(
    "opportunity.return_working_days", 10, "补充时限（工作日）", "Working days for completing a return"
)
VALIDATION_DAYS = Policy("opportunity.validation_working_days", 10, "验证时限（工作日）", "Working days for validation")
ACCEPTANCE_DAYS = Policy(
    "opportunity.acceptance_working_days", 3, "接受时限（工作日）", "Working days for accepting an HO"
)
DISPUTE_DAYS = Policy(
    "opportunity.dispute_working_days", 10, "交付异议期（工作日）", "Working days for disputing delivery"
)
STALE_DAYS = Policy("opportunity.stale_days", 30, "进展更新间隔（自然日）", "Days after which progress counts as stale")
AMOUNT_FLOOR = Policy(
    "opportunity.amount_floor",
    100_000,
    "金额合理性下限（分）",
    "Amount below which reviewers are warned, minor units",
)
HO_VALIDATED_POS = Policy(
    "opportunity.ho_validated_pos", 1, "近12个月验证通过PO数（差异化阶段）", "POs validated in 12 months, for an HO"
)
HO_DELIVERED_POS = Policy(
    "opportunity.ho_delivered_pos", 3, "近12个月签单交付PO数（认证阶段）", "POs delivered in 12 months, for an HO"
)
HO_LOOK_BACK_DAYS = Policy(
    "opportunity.ho_look_back_days", 365, "HO资格回溯天数", "Days looked back for HO eligibility"
)
