"""The words in which merges of customers speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.kernel.words import Word


class Holding(Word):
    """What a customer has that cannot follow it to another (不可转移的内容)."""

    ASSOCIATION = "ASSOCIATION", "关联关系", "an association"
    ACCOUNT = "ACCOUNT", "华为云账号", "a Huawei Cloud account"
    LOGIN = "LOGIN", "客户登录账号", "people who sign in"
    REPORT = "REPORT", "有效的报备", "a report in force"
    REQUEST = "REQUEST", "处理中的关联变更申请", "a request about its association"
    AUTHORISATION = "AUTHORISATION", "客户授权", "an authorisation"
    FREEZE = "FREEZE", "冻结", "a freeze"
    MONEY = "MONEY", "余额或预算", "a balance or budget"


class MergeField(Word):
    """Which of the two customers' values is kept (合并时取值的字段); a place or an industry is taken as a whole."""

    NAME = "NAME", "公司名称", "Company name"
    ACCOUNT_NAME = "ACCOUNT_NAME", "账号名", "Account name"
    CREDIT_CODE = "CREDIT_CODE", "统一社会信用代码", "Credit code"
    COUNTRY = "COUNTRY", "国家/地区", "Country"
    MOBILE = "MOBILE", "手机号", "Mobile"
    EMAIL = "EMAIL", "邮箱", "E-mail"
    CUSTOMER_TYPE = "CUSTOMER_TYPE", "客户类型", "Customer type"
    VERIFIED_STATUS = "VERIFIED_STATUS", "实名认证状态", "Verification"
    CUSTOMER_LEVEL = "CUSTOMER_LEVEL", "客户等级", "Level"
    INDUSTRY = "INDUSTRY", "行业", "Industry"
    PLACE = "PLACE", "所在地", "Place"
    COMPANY_SIZE = "COMPANY_SIZE", "企业规模", "Company size"
    WEBSITE = "WEBSITE", "网站", "Website"
    OWNER = "OWNER", "客户负责人", "Customer owner"
    BD = "BD", "商务拓展", "BD"


COLUMNS: Final[Mapping[MergeField, tuple[str, ...]]] = {
    MergeField.NAME: ("company_name", "normalised_name", "core_name"),
    MergeField.ACCOUNT_NAME: ("account_name",),
    MergeField.CREDIT_CODE: ("credit_code",),
    MergeField.COUNTRY: ("country_code",),
    MergeField.MOBILE: ("mobile",),
    MergeField.EMAIL: ("email",),
    MergeField.CUSTOMER_TYPE: ("customer_type",),
    MergeField.VERIFIED_STATUS: ("verified_status",),
    MergeField.CUSTOMER_LEVEL: ("customer_level",),
    MergeField.INDUSTRY: ("industry", "sub_industry"),
    MergeField.PLACE: ("province", "city", "address", "office_id"),
    MergeField.COMPANY_SIZE: ("company_size",),
    MergeField.WEBSITE: ("website",),
    MergeField.OWNER: ("owner_id",),
    MergeField.BD: ("bd_id",),
}
