"""What a resale customer lets its partner do for it."""

from models.authorisation.record import AuthorisationStatus, CustomerAuthorisation, PartnerCommitment

__all__ = ["AuthorisationStatus", "CustomerAuthorisation", "PartnerCommitment"]
