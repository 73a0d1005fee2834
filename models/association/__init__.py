"""Who is associated with whom: how it comes about, its history, and what a customer sees of its partner."""

from models.association.actions import associate
from models.association.contacts import (
    MOST_SHOWN,
    PartnerContact,
    TooManyPartnerContactsError,
    set_contacts,
)
from models.association.grace import GRACE_AFTER_RESALE, GRACE_IN_RESALE, grace_after_leaving_resale, grace_in_resale
from models.association.mine import MyPartner, Shown, my_partner
from models.association.record import AssociationCause, AssociationEvent, AssociationEventKind

__all__ = [
    "GRACE_AFTER_RESALE",
    "GRACE_IN_RESALE",
    "MOST_SHOWN",
    "AssociationCause",
    "AssociationEvent",
    "AssociationEventKind",
    "MyPartner",
    "PartnerContact",
    "Shown",
    "TooManyPartnerContactsError",
    "associate",
    "grace_after_leaving_resale",
    "grace_in_resale",
    "my_partner",
    "set_contacts",
]
