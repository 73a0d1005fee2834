"""The first version of the notice on associating, with which every installation begins."""

from typing import Final

FIRST_NUMBER: Final = "2026-01"
TITLE_ZH: Final = "客户关联华为云合作伙伴须知"
TITLE_EN: Final = "Notice on associating with a Huawei Cloud partner"
CONTENT_ZH: Final = """一、关联关系
您同意与发出邀请的合作伙伴建立关联关系。同一时间您只能关联一个合作伙伴；更换合作伙伴须先解除现有关联。

二、交易与付款
1. 顾问销售：您直接与华为云交易、付款并取得华为云发票；合作伙伴也可代您支付订单。
2. 代售：您与合作伙伴交易，华为云资源只能使用合作伙伴的拨款支付，发票由合作伙伴开具，您的账号不能充值。

三、信息共享
关联期间，合作伙伴可以查看您的账号信息、消费记录和资源到期情况，用于为您提供服务；合作伙伴应依法保护您的信息。

四、解除与切换
您或合作伙伴均可申请解除关联；切换关联类型由合作伙伴发起，经您确认后生效。三个月内双方各可发起一次申请。

五、费用结清
关联代售前请结清账单。解除关联后，您已付给合作伙伴但尚未消费的款项由您与合作伙伴自行结算。
"""
CONTENT_EN: Final = "\n".join(
    (
        "1. Association",
        "You agree to be associated with the partner that invited you. You can be associated with one partner at a "
        "time; to go to another, the present association must be ended first.",
        "",
        "2. Trading and paying",
        "a. Referral: you trade with Huawei Cloud, pay it and get its invoices; the partner may pay orders on your "
        "behalf.",
        "b. Resale: you trade with the partner. Resources are paid from the partner's allocation only, the partner "
        "issues the invoices, and your account cannot be topped up.",
        "",
        "3. What is shared",
        "While you are associated the partner may see your account information, your consumption and when resources "
        "expire, in order to serve you; it protects your information as the law demands.",
        "",
        "4. Ending and switching",
        "You or the partner may ask to end the association. The partner starts a switch of the association type, and "
        "it takes effect once you confirm it. Each side may ask once in three months.",
        "",
        "5. Settling",
        "Settle your bills before a resale association. After the end, what you paid the partner and did not spend is "
        "settled between the two of you.",
    )
)
