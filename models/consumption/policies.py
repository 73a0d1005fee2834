"""The policy numbers of consumption."""

from __future__ import annotations

from typing import Final

from models.kernel.policy import Policy

LOOK_BACK: Final = Policy(
    "consumption.look_back_months",
    18,
    "消费数据可查询的自然月数（含当月）",
    "Natural months of consumption that can be looked at, the present one included",
)
HIDE_ZEROS: Final = Policy(
    "consumption.hide_zeros_of_present_month",
    False,
    "默认隐藏当月零元记录（国际站规则）",
    "Hide the present month's zero-amount rows unless asked for (international site)",
)
