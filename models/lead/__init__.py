"""Leads (线索): who may become a customer, dispatched to a follower, followed up and converted, COL-6.2."""

from models.lead.actions import (
    Dispatched,
    add_follow_up,
    close,
    create,
    dispatch,
    dispatch_batch,
    edit,
    push,
    reopen,
    standing,
)
from models.lead.converting import convert_to_deal_registration, convert_to_opportunity
from models.lead.importing import (
    LARGEST_BYTES,
    LeadImport,
    LeadRowState,
    LeadTaken,
    import_leads,
    template,
)
from models.lead.lifecycle import LEAD
from models.lead.record import DESCRIPTION, FORM, IDENTITY, Lead, LeadFollowUp
from models.lead.refusals import LeadFileTooLargeError, TooManyLeadRowsError
from models.lead.words import LeadCloseReason, LeadLevel, LeadSource, LeadStatus

__all__ = [
    "DESCRIPTION",
    "FORM",
    "IDENTITY",
    "LARGEST_BYTES",
    "LEAD",
    "Dispatched",
    "Lead",
    "LeadCloseReason",
    "LeadFileTooLargeError",
    "LeadFollowUp",
    "LeadImport",
    "LeadLevel",
    "LeadRowState",
    "LeadSource",
    "LeadStatus",
    "LeadTaken",
    "TooManyLeadRowsError",
    "add_follow_up",
    "close",
    "convert_to_deal_registration",
    "convert_to_opportunity",
    "create",
    "dispatch",
    "dispatch_batch",
    "edit",
    "import_leads",
    "push",
    "reopen",
    "standing",
    "template",
]
