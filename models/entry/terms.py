"""The service terms that every partner accepts when it enters: the newest version, and who has accepted it."""

from __future__ import annotations

from typing import Final

from models.agreement import AgreementKind, AgreementVersion, newest
from models.kernel.access import SYSTEM_ID
from models.kernel.work import Work
from models.seed import BEGINNING, also_plant

FIRST_NUMBER: Final = "2026-01"
TITLE_ZH: Final = "合作伙伴服务条款"
TITLE_EN: Final = "Partner service terms"
CONTENT_ZH: Final = """一、合作关系
本条款约定贵公司作为华为云合作伙伴使用伙伴中心、参加伙伴计划的权利和义务。贵公司是独立经营的主体，不因入驻成为华为云的代理人、雇员或分支机构。

二、入驻信息
贵公司保证所填写的公司名称、统一社会信用代码、联系人和营业执照真实、完整、有效；信息变更后应及时更新。信息不实的，华为云可以不予通过或终止合作。

三、账号与安全
完成注册的账号为贵公司主账号。贵公司妥善保管账号和密码，为成员分配适当的权限，并对账号下的操作负责。

四、客户信息
贵公司仅为向客户提供服务而使用客户信息，并依法保护；合作终止后停止使用。

五、诚信与合规
贵公司遵守法律法规、廉洁诚信承诺和商业行为准则，如实申报与华为员工的敏感关系，不得以不正当方式获取商业机会。

六、变更与终止
条款更新后以最新版本为准。任何一方可按约定终止合作；终止前已产生的费用和激励按当时有效的规则结算。
"""
CONTENT_EN: Final = "\n".join(
    (
        "1. Partnership",
        "These terms govern how your company, as a partner of Huawei Cloud, uses Partner Center and takes part in "
        "partner plans. Your company trades independently; entering makes it no agent, employee or branch of Huawei "
        "Cloud.",
        "",
        "2. Entry information",
        "Your company warrants that its name, credit code, contact and business licence are true, complete and valid, "
        "and keeps them up to date. Where they are not true, Huawei Cloud may refuse the entry or end the partnership.",
        "",
        "3. Accounts and security",
        "The account that is registered becomes your company's main account. Your company keeps accounts and "
        "passwords safe, gives its members fitting rights, and answers for what is done with its accounts.",
        "",
        "4. Customers' information",
        "Your company uses the information of customers to serve them and for nothing else, protects it as the law "
        "demands, and stops using it when the partnership ends.",
        "",
        "5. Integrity and compliance",
        "Your company keeps the law, the integrity commitment and the code of conduct, declares sensitive relations "
        "to Huawei's employees, and gains no business by improper means.",
        "",
        "6. Changes and end",
        "The newest version of these terms holds. Either side may end the partnership as agreed; what was owed or "
        "earned before is settled by the rules of that time.",
    )
)


async def newest_terms(work: Work) -> AgreementVersion | None:
    """Give the newest version of the service terms."""
    return await newest(work, AgreementKind.SERVICE_TERMS)


@also_plant
async def plant_service_terms(work: Work) -> int:
    """Give the installation the first version of the service terms, where it has none."""
    if await newest_terms(work) is not None:
        return 0
    work.add(
        AgreementVersion(
            kind=AgreementKind.SERVICE_TERMS,
            number=FIRST_NUMBER,
            title_zh=TITLE_ZH,
            title_en=TITLE_EN,
            content_zh=CONTENT_ZH.strip(),
            content_en=CONTENT_EN,
            published_at=BEGINNING,
            published_by=SYSTEM_ID,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    return 1
