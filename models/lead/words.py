"""The words in which leads are described (COL-6.2.7)."""

from __future__ import annotations

from models.kernel.words import Word


class LeadStatus(Word):
    """Where a lead stands (线索状态)."""

    NEW = "NEW", "待派发", "To be dispatched"
    ASSIGNED = "ASSIGNED", "待跟进", "To be followed up"
    FOLLOWING = "FOLLOWING", "跟进中", "Being followed up"
    CONVERTED = "CONVERTED", "已转化", "Converted"
    CLOSED = "CLOSED", "已关闭", "Closed"


OPEN = (LeadStatus.NEW, LeadStatus.ASSIGNED, LeadStatus.FOLLOWING)
WITH_FOLLOWER = (LeadStatus.ASSIGNED, LeadStatus.FOLLOWING)


class LeadSource(Word):
    """Where a lead comes from (线索来源)."""

    HUAWEI = "HUAWEI", "华为下发", "From Huawei"
    CAMPAIGN = "CAMPAIGN", "活动", "A campaign"
    OWN = "OWN", "自建", "Entered by the partner"
    IMPORT = "IMPORT", "导入", "Imported"


FROM_HUAWEI = (LeadSource.HUAWEI, LeadSource.CAMPAIGN)


class LeadLevel(Word):
    """How promising a lead is (线索等级)."""

    A = "A", "A 级", "Level A"
    B = "B", "B 级", "Level B"
    C = "C", "C 级", "Level C"
    D = "D", "D 级", "Level D"


class LeadCloseReason(Word):
    """Why a lead is closed (关闭原因)."""

    NO_INTENT = "NO_INTENT", "无意向", "No interest"
    UNREACHABLE = "UNREACHABLE", "联系不上", "Cannot be reached"
    WRONG_INFORMATION = "WRONG_INFORMATION", "信息错误", "The information is wrong"
    DUPLICATE = "DUPLICATE", "重复", "A duplicate"
    OTHER = "OTHER", "其他", "Other"
