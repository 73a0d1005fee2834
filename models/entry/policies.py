"""The numbers by which partner entry is kept, as dated rows; PL-16 gives the 24 hours, the rest is ours."""

from typing import Final

from models.kernel.policy import Policy

LINK_DAYS: Final = Policy("entry.link_days", 15, "伙伴入驻邀请链接有效期（天）", "Days for which a link to enter holds")
FINISH_HOURS: Final = Policy(
    "entry.finish_hours",
    24,
    "验证通过后完成账号注册的时限（小时）",
    "Hours after verification within which the account is to be registered",
)
MOST_MAILS: Final = Policy(
    "entry.most_mails", 5, "同一入驻邀请的邮件发送次数上限", "How often the mail of one invitation to enter may be sent"
)
CODES_PER_ADDRESS: Final = Policy(
    "entry.codes_per_address",
    30,
    "同一网络地址每小时获取入驻验证码次数上限",
    "Codes for entering that are asked for from one network address within an hour",
)
MOST_REGISTRATIONS: Final = Policy(
    "entry.most_registrations",
    20,
    "每次验证后提交注册的次数上限",
    "How often registering may be tried after one verification",
)
REVIEW_DAYS: Final = Policy(
    "entry.review_days", 3, "伙伴入驻人工审核时限（工作日）", "Working days for the review of an entry"
)
LIKENESS: Final = Policy(
    "entry.name_likeness",
    70,
    "公司名称与已有伙伴的相似度达到多少时转人工审核（%）",
    "How like a partner's name, in percent, a name is to be reviewed",
)
REVIEWED_KINDS: Final = Policy(
    "entry.reviewed_kinds",
    "DISTRIBUTOR",
    "须人工审核的伙伴类型（代码，空格分隔）",
    "Kinds of partner that are always reviewed, by code, with spaces",
)
REVIEWED_PLACES: Final = Policy(
    "entry.reviewed_provinces",
    "CN-71 CN-81 CN-82",
    "须人工审核的注册地（代码，空格分隔）",
    "Provinces of registration that are always reviewed, by code, with spaces",
)
REVIEWED_FORMS: Final = Policy(
    "entry.reviewed_legal_forms",
    "SOLE_PROPRIETORSHIP OTHER",
    "须人工审核的企业类型（代码，空格分隔）",
    "Legal forms that are always reviewed, by code, with spaces",
)
