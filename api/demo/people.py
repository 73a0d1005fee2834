"""The people of the demonstration: one demo login for each kind of person, and the few others that a story needs."""

from dataclasses import dataclass
from typing import Final

from models.rights import Preset

# Everybody knows it; production refuses accounts that have it.
PASSWORD: Final = "green-bamboo-2026"  # noqa: S105
LOGIN_PREFIX: Final = "demo."


@dataclass(frozen=True)
class Person:
    """Somebody who signs in to the demonstration (演示账号); without a role he is his partner's main account."""

    login: str
    name: str
    title: str
    role: Preset = Preset.MAIN
    partner: str | None = None
    office: str | None = None
    english: str = ""
    shown: bool = True
    """Whether the table of demo logins names him; it has one for each kind of person."""

    @property
    def is_main(self) -> bool:
        """Tell whether he is his partner's main account."""
        return self.role is Preset.MAIN


PEOPLE: Final = (
    Person("demo.main", "王芳", "总经理", partner="huaqi", english="Partner: main account"),
    Person("demo.admin", "李强", "系统管理员", Preset.ADM, "huaqi", english="Partner: system administrator"),
    Person("demo.director", "赵敏", "客户经理主管", Preset.DIR, "huaqi", english="Partner: account manager director"),
    Person("demo.manager", "陈磊", "客户经理", Preset.MGR, "huaqi", english="Partner: account manager"),
    Person("demo.finance", "吴静", "财务主管", Preset.FIN, "huaqi", english="Partner: finance"),
    Person("demo.operator", "郑浩", "运营专员", Preset.OPS, "huaqi", english="Partner: operator"),
    Person("demo.main.yunfan", "刘洋", "总经理", partner="yunfan", english="Another partner: main account"),
    Person("demo.manager.yunfan", "许倩", "客户经理", Preset.MGR, "yunfan", shown=False),
    Person("demo.main.rongxin", "何军", "总经理", partner="rongxin", shown=False),
    Person("demo.pdm", "周涛", "生态经理", Preset.PDM, office="office-js", english="Huawei: PDM"),
    Person("demo.psm", "何宇", "江苏代表处PSM", Preset.PSM, office="office-js", english="Huawei: PSM (Jiangsu)"),
    Person("demo.psm.gd", "梁志远", "广东代表处PSM", Preset.PSM, office="office-gd", shown=False),
    Person("demo.psm.sc", "谭雨", "四川代表处PSM", Preset.PSM, office="office-sc", shown=False),
    Person("demo.bd", "黄蕾", "商务拓展经理", Preset.BD, office="office-js", english="Huawei: BD"),
    Person("demo.owner", "徐凯", "客户经理", Preset.OWN, office="office-js", english="Huawei: customer owner"),
    Person("demo.eco", "林静", "生态运营", Preset.ECO, english="Huawei: ecosystem operations"),
    Person("demo.koogallery", "马瑞", "云商店运营", Preset.KOO, english="Huawei: KooGallery operations"),
    Person("demo.huawei.finance", "沈月", "财经BP", Preset.HFI, english="Huawei: finance"),
    Person("demo.auditor", "高翔", "审计专员", Preset.AUD, english="Huawei: auditor"),
    Person("demo.platform", "孙磊", "平台管理员", Preset.SYS, english="Huawei: platform administrator"),
)
CUSTOMER: Final = Person("demo.customer", "冯雪", "信息中心主任", Preset.CUS, english="Customer")
# Whose companies are on their way to becoming partners.
APPLICANTS: Final = (
    Person("demo.applicant", "苏然", "总经理", english="Applicant: not a partner yet"),
    Person("demo.applicant.hangzhou", "骆宁", "总经理", shown=False),
    Person("demo.applicant.ningbo", "史岚", "运营总监", shown=False),
    Person("demo.applicant.nanjing", "唐悦", "总经理", shown=False),
    Person("demo.applicant.guangzhou", "黎川", "总经理", shown=False),
)
# A tier-1 distributor and its reseller, who come later in the story.
CHANNEL: Final = (
    Person("demo.distributor", "杜海", "总经理", partner="zonghui", english="Tier-1 distributor: main account"),
    Person("demo.main.sunan", "苏航", "总经理", partner="sunan", shown=False),
)
EVERYBODY: Final = (*PEOPLE, CUSTOMER, *CHANNEL, *APPLICANTS)
