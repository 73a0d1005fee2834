"""The words in which partner entry is described."""

from __future__ import annotations

from typing import Final

from models.kernel.words import Word


class EntryStatus(Word):
    """How far a company has come with joining (入驻状态)."""

    INVITED = "INVITED", "已邀请", "Invited"
    LINK_OPENED = "LINK_OPENED", "链接已打开", "Link opened"
    VERIFIED = "VERIFIED", "已验证", "Verified"
    REGISTERED = "REGISTERED", "账号已注册", "Account registered"
    TERMS_ACCEPTED = "TERMS_ACCEPTED", "已同意服务条款", "Terms accepted"
    ENTRY_SUBMITTED = "ENTRY_SUBMITTED", "入驻信息已提交", "Entry information submitted"
    REVIEWING = "REVIEWING", "审核中", "Reviewing"
    JOINED = "JOINED", "成功入驻", "Joined"
    REJECTED = "REJECTED", "审核不通过", "Rejected"
    LAPSED = "LAPSED", "超时失效", "Lapsed"
    EXPIRED = "EXPIRED", "链接已过期", "Expired"
    WITHDRAWN = "WITHDRAWN", "已撤回", "Withdrawn"


class LegalForm(Word):
    """In which form a company exists (企业类型)."""

    LIMITED_LIABILITY = "LIMITED_LIABILITY", "有限责任公司", "Limited liability company"
    JOINT_STOCK = "JOINT_STOCK", "股份有限公司", "Joint-stock company"
    PARTNERSHIP = "PARTNERSHIP", "合伙企业", "Partnership"
    SOLE_PROPRIETORSHIP = "SOLE_PROPRIETORSHIP", "个人独资企业", "Sole proprietorship"
    INSTITUTION = "INSTITUTION", "事业单位", "Public institution"
    OTHER = "OTHER", "其他", "Other"


class EntryConcern(Word):
    """Why somebody looks at an entry before the company joins (转人工审核原因)."""

    NAME_RESEMBLES = "NAME_RESEMBLES", "公司名称与已有伙伴相近", "The name resembles that of a partner"
    CREDIT_CODE_RESEMBLES = (
        "CREDIT_CODE_RESEMBLES",
        "统一社会信用代码与已有伙伴相近",
        "The credit code resembles that of a partner",
    )
    OTHER_COMPANY = "OTHER_COMPANY", "公司名称与受邀公司不一致", "Another name than that of the company invited"
    NO_LICENCE = "NO_LICENCE", "未上传营业执照", "No business licence"
    DISTRIBUTOR = "DISTRIBUTOR", "申请成为总经销商", "Is to become a tier-1 distributor"
    PLACE = "PLACE", "注册地须人工核实", "Registered where somebody has to look"
    LEGAL_FORM = "LEGAL_FORM", "企业类型须人工核实", "Of a legal form at which somebody has to look"
    REJECTED_BEFORE = "REJECTED_BEFORE", "此前审核不通过", "Rejected before"


UNREGISTERED: Final = (EntryStatus.INVITED, EntryStatus.LINK_OPENED)
"""While the link may still be opened for the first time or anew."""
HOLDING: Final = (
    EntryStatus.REGISTERED,
    EntryStatus.TERMS_ACCEPTED,
    EntryStatus.ENTRY_SUBMITTED,
    EntryStatus.REVIEWING,
    EntryStatus.REJECTED,
)
"""While an applicant's account exists that has not joined yet."""
IN_HAND: Final = (EntryStatus.ENTRY_SUBMITTED, EntryStatus.REVIEWING)
"""While the credit code is looked at, so that nobody else joins under it."""
