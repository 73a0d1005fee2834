"""The opportunities of the demonstration, and the form that a partner fills in for each."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from api.demo.companies import COMPANIES, FIRMS, sheet
from api.demo.world import World
from models.kernel.calendar import beijing_day
from models.opportunity import Stage

COMPANY_OF: Final = {company.key: company for company in COMPANIES}
FIRM_OF: Final = {firm.key: firm for firm in FIRMS}
BUDGETS: Final = (
    "客户已将本项目列入年度信息化预算 {amount} 万元，其中云资源部分由信息部门按季度支付。",
    "项目总预算约 {amount} 万元，已通过总经理办公会审议，资金来源为自有资金。",
    "首期预算 {amount} 万元已批复，二期视首期验收结果追加，财务已预留额度。",
)
AUTHORITIES: Final = (
    "决策人为分管副总经理，{contact}负责技术选型与推进，采购部负责商务流程。",
    "{contact}牵头成立项目组，最终由总经理办公会决策，我方已与两级负责人会面。",
    "{contact}拥有技术否决权，商务由招采中心执行，金额在授权范围内无需集团审批。",
)
TIMELINES: Final = (
    "计划 {sign} 前完成签约，两个月内完成部署，{live} 前正式上线。",
    "客户要求 {sign} 前确定供应商，年底业务高峰前完成切换，目标 {live} 上线。",
    "POC 已排期，{sign} 前签约，分两批实施，{live} 前全部上线。",
)
DETAILS: Final = {
    Stage.REQUIREMENT: "与客户信息部门完成两轮需求确认，范围与验收标准已书面确认。",
    Stage.SOLUTION: "完成方案交流，客户认可总体架构，要求补充容灾与迁移方案。",
    Stage.POC: "POC 环境已在华为云搭建，关键场景性能达标，客户反馈良好。",
    Stage.NEGOTIATION: "进入商务谈判，客户对三年期价格提出异议，已提交折扣申请。",
    Stage.SIGNED: "合同双方已盖章，项目经理与客户完成启动会。",
    Stage.DELIVERING: "核心模块已上线试运行，数据迁移完成八成，按计划推进。",
}


@dataclass
class Price:
    """An amount as somebody types it (金额)."""

    amount: str
    currency: str = "CNY"


@dataclass(frozen=True)
class Deal:
    """An opportunity of the story (演示机会点)."""

    key: str
    place: int
    firm: str | None
    customer: str
    sales: int | None
    services: tuple[str, ...]
    amount: int
    signs_in: int
    name: str
    need: str

    @property
    def main(self) -> str:
        """Name the login of the main account that shares it."""
        return FIRM_OF[self.firm or "huaqi"].main


def _deal(place: int, row: Mapping[str, str]) -> Deal:
    return Deal(
        key=row["key"],
        place=place,
        firm=row["firm"] or None,
        customer=row["customer"],
        sales=int(row["sales"]) if row["sales"] else None,
        services=tuple(row["services"].split()),
        amount=int(row["amount"]),
        signs_in=int(row["signs_in"]),
        name=row["name"],
        need=row["need"],
    )


DEALS: Final = {row["key"]: _deal(place, row) for place, row in enumerate(sheet("opportunities.csv"))}


def form(world: World, deal: Deal) -> dict[str, Any]:
    """Fill in the whole form of an opportunity that a partner shares."""
    company = COMPANY_OF[deal.customer]
    contact, _, title = company.contact.partition(" ")
    sign = max(beijing_day(world.today), beijing_day(world.moment)) + dt.timedelta(days=deal.signs_in)
    live = sign + dt.timedelta(days=60)
    pick = deal.place % 3
    return {
        **about(deal),
        "contact_title": title,
        "company_size": company.size,
        "consent_confirmed": True,
        "budget": BUDGETS[pick].format(amount=Decimal(deal.amount) / 10000 * Decimal("1.4")),
        "authority": AUTHORITIES[pick].format(contact=contact),
        "timeline": TIMELINES[pick].format(sign=sign, live=live),
        "expected_sign_date": sign,
        "expected_go_live_date": live,
        "pre_sales_activities": ["CUSTOMER_VISIT", "REQUIREMENT_STUDY", "SOLUTION_EXCHANGE"][: 1 + pick],
        "offering_ids": [] if deal.sales is None else [world.sales[deal.firm or "huaqi"][deal.sales]],
        "support_needed": [["TECHNICAL_CONSULTING", "ARCHITECTURE_VALIDATION"], ["BUSINESS_DEMO"], ["VISIBILITY_ONLY"]][
            pick
        ],
    }


def about(deal: Deal) -> dict[str, Any]:
    """Tell what both a partner and Huawei enter about an opportunity."""
    company = COMPANY_OF[deal.customer]
    return {
        "name": deal.name,
        "company_name": company.name,
        "credit_code": company.credit_code,
        "account_name": company.account,
        "industry": company.industry,
        "sub_industry": company.branch,
        "province": company.province,
        "city": company.city,
        "address": company.address,
        "website": f"https://www.{company.key}.example.com",
        "contact_name": company.contact.partition(" ")[0],
        "contact_mobile": company.mobile,
        "contact_email": company.email,
        "need": deal.need,
        "expected_amount": f"{deal.amount}.00",
        "currency": "CNY",
        "services": list(deal.services),
    }
