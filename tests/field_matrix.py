"""Who sees which field, written by hand: the table, the people of its columns, and one record that fills each row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from models.customer import Customer, create_customer
from models.identity import Account, operator_actor
from models.kernel.work import Work
from models.opportunity import LostReason, Opportunity, RejectionReason
from models.rights import Preset
from tests.people import Store, open_person
from tests.pipeline import Pipeline

# P plain, M masked and revealable, m masked, - refused, . never has such a row.
TABLE = """
                         MAIN ADM DIR MGR FIN OPS CUS PDM PSM BD  OWN ECO KOO HFI AUD SYS
Customer/name            M    M   M   M   M   M   P   M   M   M   P   M   m   M   M   .
Customer/contact         M    M   M   M   m   M   P   M   M   M   M   m   m   m   M   .
Customer/credit code     M    M   M   M   M   M   P   M   M   M   P   M   m   M   M   .
Customer/profile         P    P   P   P   P   P   P   P   P   P   P   P   m   P   P   .
Customer/balance         P    P   -   -   P   -   P   P   -   -   -   P   -   P   P   .
Partner/balance          P    P   -   -   P   -   .   P   .   .   .   P   -   P   P   .
Customer/consumption     P    P   P   P   P   P   P   P   -   -   P   P   -   P   P   .
Opportunity/customer     M    .   .   .   .   .   .   M   M   M   P   M   .   -   M   .
Opportunity/terms        P    .   .   .   .   .   .   P   P   P   P   P   .   P   P   .
Opportunity/contract     P    .   .   .   .   .   .   P   -   P   P   P   .   P   P   .
Opportunity/verdict      P    .   .   .   .   .   .   P   P   P   P   P   .   P   P   .
Opportunity/internal     -    .   .   .   .   .   .   P   P   P   P   P   .   -   P   .
Opportunity/loss         P    .   .   .   .   .   .   P   P   P   P   P   .   -   P   .
Journal/lines            P    P   -   -   -   -   P   P   P   P   P   P   P   P   P   .
"""

# Whole rows hold these, which the tests of consumption and of balances look for on every surface.
ELSEWHERE = frozenset({"Customer/consumption", "Customer/balance", "Partner/balance"})

# The fields of each row of the table, by their names in the domain: what is stored, and what a mask leaves of it.
FIELDS: dict[str, dict[str, tuple[Any, Any]]] = {
    "Customer/name": {
        "company_name": ("苏州明德重工有限公司", "苏州****公司"),
        "website": ("www.mdzg-suzhou.example", "****"),
    },
    "Customer/contact": {
        "account_name": ("mingde_cloud", "mi****"),
        "huawei_account_id": ("0a1b2c3d4e5f", "0a****"),
        "mobile": ("13900001234", "139****1234"),
        "email": ("it@mingde.example", "i****@mingde.example"),
    },
    "Customer/credit code": {"credit_code": ("91320594MA1P7KQL13", "91****13")},
    "Customer/profile": {
        "industry": ("MANUFACTURING", None),
        "province": ("CN-32", None),
        "city": ("苏州市", None),
        "address": ("星湖街328号", None),
        "tags": (["重点客户"], None),
        "associated_on": ("2026-01-05T02:00:00.000000Z", None),
    },
    "Opportunity/customer": {
        "company_name": ("江苏恒远精密制造有限公司", "江苏****公司"),
        "account_name": ("hengyuan_cloud", "he****"),
        "website": ("www.hengyuan-jm.example", "****"),
        "contact_name": ("钱伟", "钱****"),
        "contact_mobile": ("13812345678", "138****5678"),
        "contact_email": ("qian.wei@hengyuan.example", "q****@hengyuan.example"),
        "address": ("金鸡湖大道1号", "金鸡****1号"),
    },
    "Opportunity/terms": {
        "budget": ("客户已批准两百万元的上云预算，分两年使用。", None),
        "authority": ("由信息部经理提案，总经理最终决定采购。", None),
        "need": ("将本地ERP与数据库迁移上云，要求停机时间小于两小时。", None),
        "timeline": ("计划今年第三季度签约，第四季度上线。", None),
        "expected_amount": ({"amount": "1200000.00", "currency": "CNY"}, None),
        "expected_sign_date": ("2026-09-30", None),
        "expected_go_live_date": ("2026-12-01", None),
        "services": (["ECS", "RDS"], None),
        "support_needed": (["ARCHITECTURE_VALIDATION"], None),
        "pre_sales_activities": (["CUSTOMER_VISIT", "REQUIREMENT_STUDY"], None),
    },
    "Opportunity/contract": {
        "signed_amount": ({"amount": "980000.01", "currency": "CNY"}, None),
        "contract_number": ("HT-2026-031", None),
        "consuming_account": ("hengyuan_prod", None),
    },
    "Opportunity/verdict": {
        "rejection_reason": ("NO_CONTACT", None),
        "message_to_partner": ("请补充联系人。", None),
    },
    "Opportunity/internal": {
        "internal_note": ("客户负责人休假，由BD代办。", None),
        "owner_checked_at": ("2026-03-01T02:00:00.000000Z", None),
        "owner_check_passed": (True, None),
        "crm_created_at": ("2026-02-01T02:00:00.000000Z", None),
    },
    "Opportunity/loss": {
        "lost_reason": ("COMPETITOR", None),
        "competitor": ("某云", None),
        "lost_note": ("价格过高。", None),
    },
}


def _parsed() -> dict[str, dict[str, str]]:
    head, *lines = TABLE.strip().splitlines()
    roles = head.split()
    rows: dict[str, dict[str, str]] = {}
    for line in lines:
        cells = line.split()[-len(roles) :]
        rows[line[:25].strip()] = dict(zip(roles, cells, strict=True))
    return rows


CELLS = _parsed()
ROLES = tuple(next(iter(CELLS.values())))


def cell(row: str, role: str) -> str:
    """Give one cell of the table."""
    return CELLS[row][role]


def rows_of(noun: str) -> list[str]:
    """List the rows that speak of a noun."""
    return [row for row in FIELDS if row.startswith(f"{noun}/")]


def expected(row: str, field: str, role: str) -> Any:
    """Say what somebody reads of a field: all of it, what a mask leaves, or nothing."""
    plain, masked = FIELDS[row][field]
    return {"P": plain, "M": masked, "m": masked, "-": None}[cell(row, role)]


@dataclass
class Gallery:
    """One person of each column, and the two records that everybody of them may look for."""

    people: dict[str, Account]
    customer: Customer
    opportunity: Opportunity


async def hang(pipeline: Pipeline) -> Gallery:
    """Open whoever is missing, and fill the records so that each row of the table has something to show."""
    store, cast = pipeline.store, pipeline.cast
    customer = await store.do(pipeline.operations, lambda work: _enter(work, pipeline))
    people = {
        "MAIN": cast.wang_main,
        "ADM": cast.li_administrator,
        "DIR": cast.zhao_director,
        "MGR": cast.chen_manager,
        "FIN": await open_person(store, "xu.fei", "许飞", Preset.FIN, partner_id=cast.huaqi.id),
        "OPS": await open_person(store, "luo.jia", "罗佳", Preset.OPS, partner_id=cast.huaqi.id),
        "CUS": await open_person(store, "mingde", "明德重工", Preset.CUS, customer_id=customer.id),
        "PDM": cast.zhou_pdm,
        "PSM": pipeline.accounts["psm"],
        "BD": pipeline.accounts["bd"],
        "OWN": pipeline.accounts["owner"],
        "ECO": cast.lin_operations,
        "KOO": pipeline.accounts["koogallery"],
        "HFI": pipeline.accounts["finance"],
        "AUD": pipeline.accounts["auditor"],
        "SYS": cast.sun_platform,
    }
    await store.do(operator_actor(), lambda work: _place_under_director(work, pipeline))
    opportunity = await _filled(store, pipeline)
    return Gallery(people, customer, opportunity)


async def _enter(work: Work, pipeline: Pipeline) -> Customer:
    plain = {name: pair[0] for row in rows_of("Customer") for name, pair in FIELDS[row].items()}
    plain |= {
        "associated_on": dt.datetime.fromisoformat(plain["associated_on"]),
        "partner_id": pipeline.cast.huaqi.id,
        "account_manager_id": pipeline.cast.chen_manager.id,
        "owner_id": pipeline.accounts["owner"].id,
        "bd_id": pipeline.accounts["bd"].id,
        "office_id": "office-js",
    }
    return await create_customer(
        work, plain, [{"name": "孙立", "mobile": "13700005678", "email": "sun@mingde.example"}]
    )


async def _place_under_director(work: Work, pipeline: Pipeline) -> None:
    manager = await work.session.get_one(Account, pipeline.cast.chen_manager.id)
    manager.director_id = pipeline.cast.zhao_director.id


async def _filled(store: Store, pipeline: Pipeline) -> Opportunity:
    """Bring an opportunity through validation, and fill what its further ways would leave on it."""
    record = await pipeline.validated(
        account_name="hengyuan_cloud", address="金鸡湖大道1号", website="www.hengyuan-jm.example"
    )

    async def fill(work: Work) -> Opportunity:
        found = await work.session.get_one(Opportunity, record.id)
        found.signed_amount, found.contract_number, found.consuming_account = 98_000_001, "HT-2026-031", "hengyuan_prod"
        found.rejection_reason, found.message_to_partner = RejectionReason.NO_CONTACT, "请补充联系人。"
        found.internal_note, found.owner_check_passed = "客户负责人休假，由BD代办。", True
        found.owner_checked_at = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
        found.crm_created_at = dt.datetime(2026, 2, 1, 2, tzinfo=dt.UTC)
        found.lost_reason, found.competitor, found.lost_note = LostReason.COMPETITOR, "某云", "价格过高。"
        return found

    filled: Opportunity = await store.do(operator_actor(), fill)
    return filled
