"""What can stand against a lead, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError


class LeadNameRequiredError(DomainError):
    """A lead needs a company or a customer's name (COL-6.2.7)."""

    zh = "公司名称和客户名称至少填写一项。"
    en = "Give a company name or a customer name."
    cbc = "CBC.0100"


class LeadSourceNotAllowedError(DomainError):
    """What Huawei sends down comes from Huawei or from a campaign."""

    zh = "下发线索的来源只能是“华为下发”或“活动”。"
    en = "What is sent down to a partner comes from Huawei or from a campaign."


class FollowerNotActiveError(DomainError):
    """A lead is dispatched to an active member of the organisation (COL-6.2.7)."""

    zh = "跟进人须为本组织的有效成员。"
    en = "The follower must be an active member of the organisation."


class FollowerMayNotFollowError(DomainError):
    """The member's roles do not let him follow leads (COL-7.2)."""

    zh = "该成员的角色不能跟进线索。"
    en = "The roles of this member do not let him follow leads."


class FollowerNotInTeamError(DomainError):
    """A director dispatches to his own managers (COL-6.2.7)."""

    zh = "客户经理主管只能派发给自己的客户经理。"
    en = "A director dispatches to his own account managers."


class FollowerUnchangedError(DomainError):
    """The lead is with this follower already."""

    zh = "线索已由该成员跟进。"
    en = "The lead is with this member already."
    cbc = "CBC.0155"


class NotTheFollowerError(DomainError):
    """Only the follower does this (COL-6.2.7)."""

    zh = "只有线索的跟进人可以执行此操作。"
    en = "Only the follower of the lead can do this."
    cbc = "CBC.0151"


class NextFollowUpPastError(DomainError):
    """The next follow-up lies ahead."""

    zh = "下次跟进时间须晚于当前时间。"
    en = "The next follow-up must lie ahead."


class CloseReasonUntoldError(DomainError):
    """The reason “other” is told in words."""

    zh = "关闭原因为“其他”时请填写说明。"
    en = "Say in words what the other reason is."


class NoLeadNamedError(DomainError):
    """A batch names at least one lead."""

    zh = "请选择要派发的线索。"
    en = "Choose the leads to dispatch."


class TooManyLeadsError(DomainError):
    """One call dispatches so many leads at most (COL-6.2.8)."""

    zh = "一次最多派发 {maximum} 条线索，当前 {count} 条。"
    en = "One call dispatches {maximum} leads at most; these are {count}."


class LeadRepeatedError(DomainError):
    """The same lead stands twice in one batch."""

    zh = "同一条线索在本次派发中重复出现。"
    en = "The same lead stands twice in this batch."


class TooManyLeadRowsError(DomainError):
    """The file has more rows than one import may bring."""

    zh = "文件有 {rows} 行，单次最多导入 {maximum} 行，请拆分后重试。"
    en = "The file has {rows} rows; one import brings {maximum} at most. Split it."


class LeadFileTooLargeError(DomainError):
    """The file has more bytes than an import takes."""

    zh = "文件超过 {maximum} 字节。"
    en = "The file has more than {maximum} bytes."


class LeadRepeatedInFileError(DomainError):
    """The same lead stands twice in the file."""

    zh = "与第 {line} 行内容相同。"
    en = "This is the same as line {line}."
