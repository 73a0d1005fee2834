"""Declared reads: rows with scope, masks and refusals already applied, one statement a level."""

from models.kernel.reads import journal
from models.kernel.reads.declare import Computed, Filter, Listing, ListWanted, Many, One, Page, SortKey, Wanted, relate
from models.kernel.reads.plan import Row
from models.kernel.reads.read import Edge, Paged, Reader

__all__ = [
    "Computed",
    "Edge",
    "Filter",
    "ListWanted",
    "Listing",
    "Many",
    "One",
    "Page",
    "Paged",
    "Reader",
    "Row",
    "SortKey",
    "Wanted",
    "journal",
    "relate",
]
