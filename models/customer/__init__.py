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
from models.customer.contact import (
    EmailInvalidError,
    FullWidthDigitsError,
    MobileInvalidError,
    email_violations,
    mobile_violations,
)
from models.customer.merged import CustomerMerge
from models.customer.period import AccountManagerPeriod
from models.customer.record import Customer, CustomerContact, CustomerScope
from models.customer.standing import CustomerStanding, Known, keep_facts, known_of, standing_of, standing_seen
from models.customer.words import (
    INTERNATIONAL_CODES,
    WIRE_CODES,
    AssociationType,
    CustomerFact,
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
    "AccountManagerPeriod",
    "AssociationType",
    "Customer",
    "CustomerContact",
    "CustomerFact",
    "CustomerLevel",
    "CustomerMerge",
    "CustomerOrigin",
    "CustomerScope",
    "CustomerStanding",
    "CustomerType",
    "EmailInvalidError",
    "ExternalIdTakenError",
    "FreezeState",
    "FullWidthDigitsError",
    "HuaweiAccountTakenError",
    "Known",
    "MobileInvalidError",
    "TooManyContactsError",
    "VerifiedStatus",
    "create_customer",
    "customer_row",
    "edit_customer",
    "email_violations",
    "from_wire",
    "keep_facts",
    "known_customer",
    "known_of",
    "mobile_violations",
    "standing_of",
    "standing_seen",
    "violations",
]
