"""Consumption (消费): what customers consumed, by month and by line, and what of it is performance."""

from models.consumption.record import (
    CONSUMPTION,
    NOTICE_EN,
    NOTICE_ZH,
    ConsumptionDay,
    ConsumptionDetail,
    ConsumptionSummary,
    ConsumptionWindow,
    PerformanceDetail,
)
from models.consumption.words import BillDetailType, ChargingMode, ConsumptionView

__all__ = [
    "CONSUMPTION",
    "NOTICE_EN",
    "NOTICE_ZH",
    "BillDetailType",
    "ChargingMode",
    "ConsumptionDay",
    "ConsumptionDetail",
    "ConsumptionSummary",
    "ConsumptionView",
    "ConsumptionWindow",
    "PerformanceDetail",
]
