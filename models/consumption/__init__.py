"""Consumption (消费): what customers consumed, by month and by line, and what of it is performance."""

from models.consumption.attribution import Consumer, consumers
from models.consumption.policies import HIDE_ZEROS, LOOK_BACK
from models.consumption.record import (
    CONSUMPTION,
    NOTICE_EN,
    NOTICE_ZH,
    ConsumptionDay,
    ConsumptionDetail,
    ConsumptionSummary,
    ConsumptionWindow,
    PerformanceDetail,
    consumed_amount,
    shown_lines,
)
from models.consumption.refusals import (
    AmountNotReadableError,
    BillCycleOutOfRangeError,
    ConsumedInFutureError,
    ConsumptionCustomerUnknownError,
    ConsumptionNotAssociatedError,
    InstantNotReadableError,
    LineContradictsError,
)
from models.consumption.taking import TELLING, known_lines, take_in
from models.consumption.window import due_window, is_behind, summarise
from models.consumption.words import BILL_CODES, CHARGING_CODES, BillDetailType, ChargingMode, ConsumptionView

__all__ = [
    "BILL_CODES",
    "CHARGING_CODES",
    "CONSUMPTION",
    "HIDE_ZEROS",
    "LOOK_BACK",
    "NOTICE_EN",
    "NOTICE_ZH",
    "TELLING",
    "AmountNotReadableError",
    "BillCycleOutOfRangeError",
    "BillDetailType",
    "ChargingMode",
    "ConsumedInFutureError",
    "Consumer",
    "ConsumptionCustomerUnknownError",
    "ConsumptionDay",
    "ConsumptionDetail",
    "ConsumptionNotAssociatedError",
    "ConsumptionSummary",
    "ConsumptionView",
    "ConsumptionWindow",
    "InstantNotReadableError",
    "LineContradictsError",
    "PerformanceDetail",
    "consumed_amount",
    "consumers",
    "due_window",
    "is_behind",
    "known_lines",
    "shown_lines",
    "summarise",
    "take_in",
]
