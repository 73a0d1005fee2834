"""The queue of everything that waits for a decision, whatever its kind."""

from models.approval import digest
from models.approval.actions import claim, claimed_by, decide, next_entry, release
from models.approval.desk import follow_calendar, open_entry
from models.approval.kinds import (
    ApprovalKind,
    DecisionInput,
    Panel,
    any_of,
    kinds,
    of_all,
    of_own_customers,
    of_own_office,
    of_own_partners,
    of_the_pool,
    register,
)
from models.approval.record import Approval, ApprovalState, Reviewed
from models.approval.rules import (
    CLAIM_MINUTES,
    AlreadyDecidedError,
    ClaimedByAnotherError,
    FieldNotNamedError,
    NotClaimedByYouError,
    SameDeciderError,
    SelfApprovalError,
    not_own_submission,
    not_previous_decider,
)

__all__ = [
    "CLAIM_MINUTES",
    "AlreadyDecidedError",
    "Approval",
    "ApprovalKind",
    "ApprovalState",
    "ClaimedByAnotherError",
    "DecisionInput",
    "FieldNotNamedError",
    "NotClaimedByYouError",
    "Panel",
    "Reviewed",
    "SameDeciderError",
    "SelfApprovalError",
    "any_of",
    "claim",
    "claimed_by",
    "decide",
    "digest",
    "follow_calendar",
    "kinds",
    "next_entry",
    "not_own_submission",
    "not_previous_decider",
    "of_all",
    "of_own_customers",
    "of_own_office",
    "of_own_partners",
    "of_the_pool",
    "open_entry",
    "register",
    "release",
]
