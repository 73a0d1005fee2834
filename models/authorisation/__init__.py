"""What a resale customer lets its partner do for it."""

from models.authorisation import notices
from models.authorisation.actions import (
    AGREE,
    REVOKE,
    AuthorisationSection,
    agree,
    authorised,
    my_authorisation,
    open_authorisation,
    reject,
    request,
    request_obstacles,
    revoke,
)
from models.authorisation.commitment import accepted, newest_letter
from models.authorisation.lifecycle import AUTHORISATION
from models.authorisation.record import AuthorisationStatus, CustomerAuthorisation, PartnerCommitment
from models.authorisation.refusals import (
    AuthorisationEndedWithAssociationError,
    AuthorisationOpenError,
    CommitmentNotAcceptedError,
)

__all__ = [
    "AGREE",
    "AUTHORISATION",
    "REVOKE",
    "AuthorisationEndedWithAssociationError",
    "AuthorisationOpenError",
    "AuthorisationSection",
    "AuthorisationStatus",
    "CommitmentNotAcceptedError",
    "CustomerAuthorisation",
    "PartnerCommitment",
    "accepted",
    "agree",
    "authorised",
    "my_authorisation",
    "newest_letter",
    "notices",
    "open_authorisation",
    "reject",
    "request",
    "request_obstacles",
    "revoke",
]
