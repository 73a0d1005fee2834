"""The organisations of the demonstration: three partners with what they sell, and the customers of the story."""

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from models.customer import AssociationType
from models.kernel.values import credit_code_for
from models.partner import OfferingKind, PartnerLevel, Path, PathStage, Plan
from models.reference import CompanySize


@dataclass(frozen=True)
class Sale:
    """What a partner sells (演示 Offering)."""

    name: str
    kind: OfferingKind
    services: tuple[str, ...]
    whitelisted: bool = False


@dataclass(frozen=True)
class Firm:
    """A partner of the demonstration (演示伙伴); without a PDM its audits go to the pool."""

    key: str
    name: str
    name_en: str
    body: str
    province: str
    level: PartnerLevel
    path: Path
    stage: PathStage
    plan: Plan
    core_map: bool
    pdm: str | None
    sales: tuple[Sale, ...]

    @property
    def credit_code(self) -> str:
        """Give its unified social credit code: made up, with the right check character."""
        return credit_code_for(self.body)

    @property
    def main(self) -> str:
        """Name the login of its main account."""
        return "demo.main" if self.key == "huaqi" else f"demo.main.{self.key}"


@dataclass(frozen=True)
class Company:
    """A customer of the demonstration (演示客户), with a credit code and a number that nobody has."""

    key: str
    name: str
    branch: str
    province: str
    city: str
    address: str
    contact: str
    size: CompanySize
    partner: str | None
    owned: bool
    association: AssociationType
    place: int

    @property
    def industry(self) -> str:
        """Name the industry that its branch belongs to."""
        return self.branch.partition(".")[0]

    @property
    def account(self) -> str:
        """Name its Huawei Cloud account."""
        return f"hwc_{self.key}"

    @property
    def credit_code(self) -> str:
        """Give its unified social credit code, with the right check character."""
        return credit_code_for(f"91{self.province[3:]}0100MADEM{self.place:04d}")

    @property
    def mobile(self) -> str:
        """Give its contact's number."""
        return f"1380000{self.place:04d}"

    @property
    def email(self) -> str:
        """Give its contact's address."""
        return f"it@{self.key}.example.com"


KOO, BASE = OfferingKind.KOOGALLERY_PRODUCT, OfferingKind.BASELINE_SOLUTION
FIRMS: Final = (
    Firm(
        "huaqi",
        "华启软件有限公司",
        "Huaqi Software Co., Ltd.",
        "91320594MA1HUAQ18",
        "CN-32",
        PartnerLevel.LEADING,
        Path.SOFTWARE,
        PathStage.DIFFERENTIATION,
        Plan.CSP,
        True,
        "demo.pdm",
        (
            Sale("华启制造执行系统 MES 云版", KOO, ("ECS", "RDS", "OBS"), whitelisted=True),
            Sale("离散制造数字化工厂联合方案", BASE, ("CCE", "GAUSSDB", "IOTDA", "DATAARTS")),
            Sale("华启供应链协同平台", KOO, ("ECS", "DMS", "APIG")),
        ),
    ),
    Firm(
        "yunfan",
        "云帆科技有限公司",
        "Yunfan Technology Co., Ltd.",
        "91440300MA5YFAN27",
        "CN-44",
        PartnerLevel.PREFERRED,
        Path.SERVICE,
        PathStage.DIFFERENTIATION,
        Plan.SERVICE_COMPETENCY,
        False,
        "demo.pdm",
        (
            Sale("云帆企业上云迁移服务", KOO, ("ECS", "DRS", "CBR")),
            Sale("零售全渠道数据中台联合方案", BASE, ("DWS", "MRS", "DATAARTS")),
            Sale("云帆工业数据采集网关", KOO, ("IOTDA", "GAUSSDB")),
        ),
    ),
    Firm(
        "rongxin",
        "蓉信数据技术有限公司",
        "Rongxin Data Technology Co., Ltd.",
        "91510100MA6RNGX35",
        "CN-51",
        PartnerLevel.REGISTERED,
        Path.SYSTEM_INTEGRATOR,
        PathStage.ROLE_VALIDATION,
        Plan.COMPETENCY,
        False,
        None,
        (Sale("智慧园区综合管理平台", KOO, ("ECS", "IOTDA", "WAF")),),
    ),
)


def _company(place: int, row: dict[str, str]) -> Company:
    return Company(
        key=row["key"],
        name=row["name"],
        branch=row["branch"],
        province=row["province"],
        city=row["city"],
        address=row["address"],
        contact=row["contact"],
        size=CompanySize[row["size"]],
        partner=row["partner"] or None,
        owned=row["owner"] == "yes",
        association=AssociationType[row["association"]],
        place=place,
    )


def sheet(name: str) -> list[dict[str, str]]:
    """Read a sheet of the demonstration."""
    return list(csv.DictReader((files("api.demo") / name).read_text("utf-8").splitlines()))


COMPANIES: Final = tuple(_company(place, row) for place, row in enumerate(sheet("customers.csv"), start=1))
