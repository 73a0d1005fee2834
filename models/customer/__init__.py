"""Customers: who they are, whose they are, and who sees which of their fields."""

from models.customer.actions import (
    MOST_CONTACTS,
    ExternalIdTakenError,
    HuaweiAccountTakenError,
    TooManyContactsError,
    create_customer,
    customer_row,
    edit_customer,
    known_customer,
    violations,
)
from models.customer.record import Customer, CustomerContact, CustomerScope
from models.customer.words import (
    INTERNATIONAL_CODES,
    WIRE_CODES,
    AssociationType,
    CustomerLevel,
    CustomerOrigin,
    CustomerType,
    FreezeState,
    VerifiedStatus,
    from_wire,
)

__all__ = [
    "INTERNATIONAL_CODES",
    "MOST_CONTACTS",
    "WIRE_CODES",
    "AssociationType",
    "Customer",
    "CustomerContact",
    "CustomerLevel",
    "CustomerOrigin",
    "CustomerScope",
    "CustomerType",
    "ExternalIdTakenError",
    "FreezeState",
    "HuaweiAccountTakenError",
    "TooManyContactsError",
    "VerifiedStatus",
    "create_customer",
    "customer_row",
    "edit_customer",
    "from_wire",
    "known_customer",
    "violations",
]
