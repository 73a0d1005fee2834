"""Opportunities (机会点): from draft to delivery, shared to Huawei and by Huawei."""

from models.opportunity import ho, progress
from models.opportunity.actions import (
    change_offering,
    named_fields,
    record_owner_check,
    return_completed,
    review,
    submit,
    write_note,
)
from models.opportunity.drafts import copy_to_draft, delete_draft, replace_lines, save_draft
from models.opportunity.duplicates import DuplicateMatch, goes_first, refresh, rivals_of
from models.opportunity.eligibility import Ineligible, candidates, lacking
from models.opportunity.lifecycle import AUDIT_QUEUE, HO, PO, VALIDATION_QUEUE, lifecycle_of
from models.opportunity.offers import HoOffer
from models.opportunity.outcome import cancel, confirm_delivery, deliver, dispute, lose, win
from models.opportunity.queues import OpportunitiesOpenError
from models.opportunity.reading import clock_told, id_by_external_id, standing, tidied_filter
from models.opportunity.record import FORM, Opportunity, OpportunityLine, OwnerCheck, ProgressUpdate
from models.opportunity.words import (
    CancelReason,
    DeclineReason,
    Direction,
    DuplicateSignal,
    LostReason,
    OfferStatus,
    Origin,
    PreSalesActivity,
    PriorityRule,
    RejectionReason,
    Stage,
    Status,
    Support,
)

__all__ = [
    "AUDIT_QUEUE",
    "FORM",
    "HO",
    "PO",
    "VALIDATION_QUEUE",
    "CancelReason",
    "DeclineReason",
    "Direction",
    "DuplicateMatch",
    "DuplicateSignal",
    "HoOffer",
    "Ineligible",
    "LostReason",
    "OfferStatus",
    "OpportunitiesOpenError",
    "Opportunity",
    "OpportunityLine",
    "Origin",
    "OwnerCheck",
    "PreSalesActivity",
    "PriorityRule",
    "ProgressUpdate",
    "RejectionReason",
    "Stage",
    "Status",
    "Support",
    "cancel",
    "candidates",
    "change_offering",
    "clock_told",
    "confirm_delivery",
    "copy_to_draft",
    "delete_draft",
    "deliver",
    "dispute",
    "goes_first",
    "ho",
    "id_by_external_id",
    "lacking",
    "lifecycle_of",
    "lose",
    "named_fields",
    "progress",
    "record_owner_check",
    "refresh",
    "replace_lines",
    "return_completed",
    "review",
    "rivals_of",
    "save_draft",
    "standing",
    "submit",
    "tidied_filter",
    "win",
    "write_note",
]
