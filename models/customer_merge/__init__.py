"""Likely duplicates among a partner's customers, and making one customer of two so that it can be undone."""

from models.customer_merge.duplicates import Group, Groups, Likely, groups, likely, of_customer
from models.customer_merge.follows import FOLLOWS, Follows
from models.customer_merge.merging import MOST_FOLLOWING, merge, referring, unmerge
from models.customer_merge.refusals import (
    DifferentPartnersError,
    LaterMergeError,
    MergedHoldsError,
    MergeTooLargeError,
    MergeUndoneError,
    RequestPendingError,
    SameCustomerError,
    SurvivorMovedError,
    TwoAccountsError,
)
from models.customer_merge.words import COLUMNS, Holding, MergeField

__all__ = [
    "COLUMNS",
    "FOLLOWS",
    "MOST_FOLLOWING",
    "DifferentPartnersError",
    "Follows",
    "Group",
    "Groups",
    "Holding",
    "LaterMergeError",
    "Likely",
    "MergeField",
    "MergeTooLargeError",
    "MergeUndoneError",
    "MergedHoldsError",
    "RequestPendingError",
    "SameCustomerError",
    "SurvivorMovedError",
    "TwoAccountsError",
    "groups",
    "likely",
    "merge",
    "of_customer",
    "referring",
    "unmerge",
]
