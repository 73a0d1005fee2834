"""What partners have to give, what their resale customers have of it, and the ledger of every movement."""

from models.balance.record import CURRENCY, OF_CUSTOMER, OF_PARTNER, BalanceEntry, CustomerFunds, PartnerBalance
from models.balance.words import EntryKind

__all__ = [
    "CURRENCY",
    "OF_CUSTOMER",
    "OF_PARTNER",
    "BalanceEntry",
    "CustomerFunds",
    "EntryKind",
    "PartnerBalance",
]
