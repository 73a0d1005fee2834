"""Partner entry (伙伴入驻): invited, verified, registered, agreed, checked, joined."""

from models.entry.record import PartnerEntry
from models.entry.words import EntryConcern, EntryStatus, LegalForm

__all__ = ["EntryConcern", "EntryStatus", "LegalForm", "PartnerEntry"]
