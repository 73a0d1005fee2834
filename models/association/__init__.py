"""Who is associated with whom: how it comes about, its history, and what a customer sees of its partner."""

from models.association.actions import also_when_associated, also_when_leaving_resale, associate, leave_resale
from models.association.contacts import (
    MOST_SHOWN,
    PartnerContact,
    TooManyPartnerContactsError,
    set_contacts,
)
from models.association.grace import GRACE_AFTER_RESALE, GRACE_IN_RESALE, grace_after_leaving_resale, grace_in_resale
from models.association.migration import (
    MOST_MOVED,
    NotAResellerError,
    NotOfASolutionProviderError,
    migrate,
)
from models.association.mine import MyPartner, Shown, my_partner
from models.association.record import AssociationCause, AssociationEvent, AssociationEventKind

__all__ = [
    "GRACE_AFTER_RESALE",
    "GRACE_IN_RESALE",
    "MOST_MOVED",
    "MOST_SHOWN",
    "AssociationCause",
    "AssociationEvent",
    "AssociationEventKind",
    "MyPartner",
    "NotAResellerError",
    "NotOfASolutionProviderError",
    "PartnerContact",
    "Shown",
    "TooManyPartnerContactsError",
    "also_when_associated",
    "also_when_leaving_resale",
    "associate",
    "grace_after_leaving_resale",
    "grace_in_resale",
    "leave_resale",
    "migrate",
    "my_partner",
    "set_contacts",
]
