"""Partner organisations: who they are, which paths and plans they have joined, and what they offer."""

from models.partner.actions import (
    add_offering,
    also_check_pdm,
    also_when_frozen,
    create_partner,
    edit_offering,
    join_plan,
    joined_paths,
    joined_plans,
    listed_offerings,
    may_be_distributor,
    set_path_stage,
    take_in,
    update_partner,
)
from models.partner.record import Offering, PartnerOrganisation, PartnerPath, PartnerPlan, organisations_of
from models.partner.refusals import (
    CreditCodeInvalidError,
    CreditCodeTakenError,
    DistributorNotAllowedError,
    NotAPdmError,
    OfferingNameTakenError,
)
from models.partner.reseller import Reseller
from models.partner.words import OfferingKind, PartnerKind, PartnerLevel, Path, PathStage, Plan

__all__ = [
    "CreditCodeInvalidError",
    "CreditCodeTakenError",
    "DistributorNotAllowedError",
    "NotAPdmError",
    "Offering",
    "OfferingKind",
    "OfferingNameTakenError",
    "PartnerKind",
    "PartnerLevel",
    "PartnerOrganisation",
    "PartnerPath",
    "PartnerPlan",
    "Path",
    "PathStage",
    "Plan",
    "Reseller",
    "add_offering",
    "also_check_pdm",
    "also_when_frozen",
    "create_partner",
    "edit_offering",
    "join_plan",
    "joined_paths",
    "joined_plans",
    "listed_offerings",
    "may_be_distributor",
    "organisations_of",
    "set_path_stage",
    "take_in",
    "update_partner",
]
