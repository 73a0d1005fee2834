"""Partner entry (伙伴入驻): invited, verified, registered, agreed, checked, joined (PL-16, PL-17)."""

from models.entry import notices, review
from models.entry.answering import Registration, forget_old, open_by_link, opened, register, request_code, verify
from models.entry.card import EntryCard, card, card_of
from models.entry.checks import paths_open_to
from models.entry.filling import EntryNeeds, accept_terms, needs_of, own_entry, save, submit
from models.entry.issuing import invite, resend, waits, withdraw
from models.entry.letters import EntryWords, preview
from models.entry.lifecycle import ENTRY, REVIEW, standing
from models.entry.links import INVITEE, EntryTerms
from models.entry.policies import FINISH_HOURS, LINK_DAYS, MOST_MAILS
from models.entry.record import FORM, EntryCode, PartnerEntry
from models.entry.refusals import (
    EntryInHandError,
    EntryLapsedError,
    EntryLinkExpiredError,
    EntryLinkForgedError,
    EntryLinkUsedError,
    EntryNotVerifiedError,
    EntrySentTooOftenError,
    EntryWithdrawnError,
    InvitedToEnterAlreadyError,
    MobileRegisteredError,
    PathByInvitationError,
    TermsAcceptedAlreadyError,
    TermsNotTickedError,
    TermsOutdatedError,
)
from models.entry.terms import newest_terms
from models.entry.words import EntryConcern, EntryStatus, LegalForm

__all__ = [
    "ENTRY",
    "FINISH_HOURS",
    "FORM",
    "INVITEE",
    "LINK_DAYS",
    "MOST_MAILS",
    "REVIEW",
    "EntryCard",
    "EntryCode",
    "EntryConcern",
    "EntryInHandError",
    "EntryLapsedError",
    "EntryLinkExpiredError",
    "EntryLinkForgedError",
    "EntryLinkUsedError",
    "EntryNeeds",
    "EntryNotVerifiedError",
    "EntrySentTooOftenError",
    "EntryStatus",
    "EntryTerms",
    "EntryWithdrawnError",
    "EntryWords",
    "InvitedToEnterAlreadyError",
    "LegalForm",
    "MobileRegisteredError",
    "PartnerEntry",
    "PathByInvitationError",
    "Registration",
    "TermsAcceptedAlreadyError",
    "TermsNotTickedError",
    "TermsOutdatedError",
    "accept_terms",
    "card",
    "card_of",
    "forget_old",
    "invite",
    "needs_of",
    "newest_terms",
    "notices",
    "open_by_link",
    "opened",
    "own_entry",
    "paths_open_to",
    "preview",
    "register",
    "request_code",
    "resend",
    "review",
    "save",
    "standing",
    "submit",
    "verify",
    "waits",
    "withdraw",
]
