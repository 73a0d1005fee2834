"""Deal registrations (商机报备): what a partner tells Huawei Cloud of deals with its own customers, COL-6.1."""

from models.deal_registration.actions import create, edit, report_progress, standing, submit
from models.deal_registration.lifecycle import DEAL
from models.deal_registration.record import BASIC, DETAIL, REVENUE, DealProgress, DealRegistration, named, team_of
from models.deal_registration.refusals import (
    CustomerNotChoosableError,
    DayBeforeError,
    NotRegisteredYetError,
    OneCustomerRequiredError,
)
from models.deal_registration.words import BillingMode, RegistrationStatus

__all__ = [
    "BASIC",
    "DEAL",
    "DETAIL",
    "REVENUE",
    "BillingMode",
    "CustomerNotChoosableError",
    "DayBeforeError",
    "DealProgress",
    "DealRegistration",
    "NotRegisteredYetError",
    "OneCustomerRequiredError",
    "RegistrationStatus",
    "create",
    "edit",
    "named",
    "report_progress",
    "standing",
    "submit",
    "team_of",
]
