"""Invitations (客户邀请): by mail, link or QR code, answered once by the customer."""

from models.invitation import letter, notices
from models.invitation.answering import accept, decline, note_failure, opened
from models.invitation.card import InvitationCard, card
from models.invitation.issuing import (
    MOST_AT_ONCE,
    open_activity,
    open_link,
    resend,
    send_by_mail,
    withdraw,
)
from models.invitation.letter import InvitationWords, preview
from models.invitation.lifecycle import INVITATION, standing
from models.invitation.links import BEARER, InvitationTerms, qr_code
from models.invitation.policies import INVITATION_DAYS, MOST_MAILS, NEW_ACCOUNT_DAYS
from models.invitation.record import Invitation, InvitationActivity
from models.invitation.refusals import (
    ActivityNotRunningError,
    ActivityPeriodError,
    ActivityTagTakenError,
    CustomerSignInRequiredError,
    EmailRequiredError,
    InvitationExpiredError,
    InvitationForAnotherError,
    InvitationLinkForgedError,
    InvitationLinkUnknownError,
    InvitationUsedError,
    InvitationWithdrawnError,
    OnlyMailsAreResentError,
    ReportRequiredError,
    SentTooOftenError,
    TagNotAllowedError,
)
from models.invitation.words import InvitationChannel, InvitationStatus, InvitationTag

__all__ = [
    "BEARER",
    "INVITATION",
    "INVITATION_DAYS",
    "MOST_AT_ONCE",
    "MOST_MAILS",
    "NEW_ACCOUNT_DAYS",
    "ActivityNotRunningError",
    "ActivityPeriodError",
    "ActivityTagTakenError",
    "CustomerSignInRequiredError",
    "EmailRequiredError",
    "Invitation",
    "InvitationActivity",
    "InvitationCard",
    "InvitationChannel",
    "InvitationExpiredError",
    "InvitationForAnotherError",
    "InvitationLinkForgedError",
    "InvitationLinkUnknownError",
    "InvitationStatus",
    "InvitationTag",
    "InvitationTerms",
    "InvitationUsedError",
    "InvitationWithdrawnError",
    "InvitationWords",
    "OnlyMailsAreResentError",
    "ReportRequiredError",
    "SentTooOftenError",
    "TagNotAllowedError",
    "accept",
    "card",
    "decline",
    "letter",
    "note_failure",
    "notices",
    "open_activity",
    "open_link",
    "opened",
    "preview",
    "qr_code",
    "resend",
    "send_by_mail",
    "standing",
    "withdraw",
]
