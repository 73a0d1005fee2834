"""The words of consumption: how it is billed, which kind of line it is, and which view of a month it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.kernel.words import Word


class ChargingMode(Word):
    """How a resource is billed (计费模式)."""

    PERIODIC = "PERIODIC", "包年/包月", "Yearly/monthly"
    ON_DEMAND = "ON_DEMAND", "按需", "Pay-per-use"
    RESERVED_INSTANCE = "RESERVED_INSTANCE", "预留实例", "Reserved instance"
    SAVINGS_PLAN = "SAVINGS_PLAN", "节省计划", "Savings plan"


class BillDetailType(Word):
    """What a line of consumption stands for (账单类型)."""

    PURCHASE = "PURCHASE", "消费-新购", "Consumption - purchase"
    RENEWAL = "RENEWAL", "消费-续订", "Consumption - renewal"
    CHANGE = "CHANGE", "消费-变更", "Consumption - change"
    UNSUBSCRIPTION = "UNSUBSCRIPTION", "退款-退订", "Refund - unsubscription"
    USE = "USE", "消费-使用", "Consumption - use"
    AUTO_RENEWAL = "AUTO_RENEWAL", "消费-自动续订", "Consumption - auto-renewal"
    COMPENSATION = "COMPENSATION", "调账-补偿", "Adjustment - compensation"
    SUPPORT_PLAN = "SUPPORT_PLAN", "消费-服务支持计划月末扣费", "Consumption - support plan at the month's end"
    DEDUCTION = "DEDUCTION", "调账-扣费", "Adjustment - deduction"
    PAID_BY_MONTH = "PAID_BY_MONTH", "消费-按月付费", "Consumption - paid by month"
    CHANGE_REFUND = "CHANGE_REFUND", "退款-变更", "Refund - change"
    SAVINGS_PLAN_USE = "SAVINGS_PLAN_USE", "消费-节省计划抵扣", "Consumption - covered by a savings plan"
    TO_ON_DEMAND = "TO_ON_DEMAND", "退款-包年/包月转按需", "Refund - yearly/monthly to pay-per-use"
    ROUNDING = "ROUNDING", "消费-抹零补扣", "Consumption - rounding made up"
    PAID_BY_YEAR = "PAID_BY_YEAR", "消费-按年付费", "Consumption - paid by year"


class ConsumptionView(Word):
    """The two views of a month's summary (汇总视图), COL-5.9.4."""

    CONSUMPTION = "CONSUMPTION", "消费账单", "Consumption"
    REFUND = "REFUND", "退款账单", "Refunds"


REFUNDS: Final = frozenset({BillDetailType.UNSUBSCRIPTION, BillDetailType.CHANGE_REFUND, BillDetailType.TO_ON_DEMAND})

# As Huawei Cloud's API numbers them.
CHARGING_CODES: Final[Mapping[str, ChargingMode]] = {
    "1": ChargingMode.PERIODIC,
    "3": ChargingMode.ON_DEMAND,
    "10": ChargingMode.RESERVED_INSTANCE,
    "11": ChargingMode.SAVINGS_PLAN,
}
BILL_CODES: Final[Mapping[str, BillDetailType]] = {
    "1": BillDetailType.PURCHASE,
    "2": BillDetailType.RENEWAL,
    "3": BillDetailType.CHANGE,
    "4": BillDetailType.UNSUBSCRIPTION,
    "5": BillDetailType.USE,
    "8": BillDetailType.AUTO_RENEWAL,
    "9": BillDetailType.COMPENSATION,
    "14": BillDetailType.SUPPORT_PLAN,
    "16": BillDetailType.DEDUCTION,
    "18": BillDetailType.PAID_BY_MONTH,
    "20": BillDetailType.CHANGE_REFUND,
    "23": BillDetailType.SAVINGS_PLAN_USE,
    "24": BillDetailType.TO_ON_DEMAND,
    "25": BillDetailType.ROUNDING,
    "103": BillDetailType.PAID_BY_YEAR,
}
