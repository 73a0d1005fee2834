"""Freezing resale customers, and lifting it."""

from models.freeze.record import CustomerFreeze, FreezeCause, FreezeStatus

__all__ = ["CustomerFreeze", "FreezeCause", "FreezeStatus"]
