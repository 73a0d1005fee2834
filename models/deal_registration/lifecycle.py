"""The transition table of a deal registration: three pages are filled, then it is registered (COL-6.1.4)."""

from __future__ import annotations

from models.deal_registration.record import DealRegistration
from models.deal_registration.rules import (
    basic_is_complete,
    customer_is_still_choosable,
    detail_is_complete,
    revenue_is_complete,
    signing_lies_ahead,
)
from models.deal_registration.words import RegistrationStatus
from models.kernel.lifecycle import Lifecycle, Transition
from models.rights import Right

DEAL: Lifecycle[RegistrationStatus] = Lifecycle(
    DealRegistration,
    Transition(
        verb="submit",
        zh="提交报备",
        en="Register",
        sources=(RegistrationStatus.DRAFT,),
        target=RegistrationStatus.REGISTERED,
        permission=Right.DEAL_CREATE,
        guards=(basic_is_complete, detail_is_complete, revenue_is_complete, signing_lies_ahead),
        checks=(customer_is_still_choosable,),
        event=("dealRegistration", "submitDealRegistration"),
        rule="COL-6.1.4",
    ),
    zh="商机报备",
    en="Deal registration",
)
