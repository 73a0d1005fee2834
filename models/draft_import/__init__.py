"""The partner's own import of drafts (草稿导入), COL-2.8.5: a template, a file, a result."""

from models.draft_import.books import template
from models.draft_import.taking import (
    LARGEST_BYTES,
    MOST_ROWS,
    DraftFileTooLargeError,
    Outcome,
    RowRepeatedInFileError,
    RowState,
    TooManyRowsError,
    import_drafts,
)

__all__ = [
    "LARGEST_BYTES",
    "MOST_ROWS",
    "DraftFileTooLargeError",
    "Outcome",
    "RowRepeatedInFileError",
    "RowState",
    "TooManyRowsError",
    "import_drafts",
    "template",
]
