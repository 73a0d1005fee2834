"""How the journal is listed; it stands below the reads, so they say it."""

from models.kernel.journal import JournalLine
from models.kernel.reads.declare import Filter, Listing, SortKey

JournalLine.listing = Listing(
    sorts={"at": SortKey("at")},
    default=(("at", True),),
    filters={
        "subject": Filter("subject_id"),
        "operation": Filter("operation", "in"),
        "side": Filter("actor_side"),
        "at_from": Filter("at", "gte"),
        "at_before": Filter("at", "lt"),
    },
)
