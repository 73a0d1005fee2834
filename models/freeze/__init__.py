"""Freezing resale customers, and lifting it."""

from models.freeze.actions import (
    FREEZE_CODE,
    also_stands_against,
    begin,
    freeze,
    in_resale,
    open_freeze,
    unfreeze,
)
from models.freeze.lifecycle import DATA_DAYS, FREEZE, is_frozen
from models.freeze.record import CustomerFreeze, FreezeCause, FreezeStatus
from models.freeze.refusals import (
    FrozenAlreadyError,
    FrozenPartnerCannotInviteError,
    FrozenPartnerCannotThawError,
    NotFrozenError,
)

__all__ = [
    "DATA_DAYS",
    "FREEZE",
    "FREEZE_CODE",
    "CustomerFreeze",
    "FreezeCause",
    "FreezeStatus",
    "FrozenAlreadyError",
    "FrozenPartnerCannotInviteError",
    "FrozenPartnerCannotThawError",
    "NotFrozenError",
    "also_stands_against",
    "begin",
    "freeze",
    "in_resale",
    "is_frozen",
    "open_freeze",
    "unfreeze",
]
