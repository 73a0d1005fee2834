"""Partner entry in GraphQL: invited by Huawei, entered by link until there is an account, then signed in."""

from resolvers.entry.actions import PartnerEntryMutation, PartnerEntryQuery
from resolvers.entry.types import PartnerEntry

__all__ = ["PartnerEntry", "PartnerEntryMutation", "PartnerEntryQuery"]
