"""What partners have to give, what their resale customers have of it, and the ledger of every movement."""

from models.balance import labels
from models.balance.actions import (
    ALLOCATE,
    RECALL,
    Transfer,
    Transferred,
    allocate,
    charge,
    designate,
    held_customers,
    recall,
    take_off,
    top_up,
)
from models.balance.leaving import leave
from models.balance.ledger import arrears_of, return_balance
from models.balance.policies import MOST_AT_ONCE
from models.balance.record import CURRENCY, OF_CUSTOMER, OF_PARTNER, BalanceEntry, CustomerFunds, PartnerBalance
from models.balance.refusals import (
    BalanceNotEnoughError,
    CustomerBalanceNotEnoughError,
    CustomerRepeatedError,
    DesignatedTooHighError,
    NotAResaleCustomerError,
    NoTransferNamedError,
    TooManyTransfersError,
    TransferAmountError,
)
from models.balance.words import EntryKind

__all__ = [
    "ALLOCATE",
    "CURRENCY",
    "MOST_AT_ONCE",
    "OF_CUSTOMER",
    "OF_PARTNER",
    "RECALL",
    "BalanceEntry",
    "BalanceNotEnoughError",
    "CustomerBalanceNotEnoughError",
    "CustomerFunds",
    "CustomerRepeatedError",
    "DesignatedTooHighError",
    "EntryKind",
    "NoTransferNamedError",
    "NotAResaleCustomerError",
    "PartnerBalance",
    "TooManyTransfersError",
    "Transfer",
    "TransferAmountError",
    "Transferred",
    "allocate",
    "arrears_of",
    "charge",
    "designate",
    "held_customers",
    "labels",
    "leave",
    "recall",
    "return_balance",
    "take_off",
    "top_up",
]
