"""Files (附件): tickets, bytes, links, and the records that hold them."""

from models.file.actions import (
    Content,
    forget,
    give_up,
    is_told,
    look_up,
    open_ticket,
    own_ticket,
    remove,
    remove_all,
    store,
    take_ticket,
    tell_reading,
    without_row,
)
from models.file.content import media_type_of, sound_name
from models.file.holders import Held, Holder, hold, holders
from models.file.links import FileTerms, LinkBearer
from models.file.policies import LINK_MINUTES
from models.file.record import Attachment
from models.file.refusals import (
    FileContentError,
    FileIncompleteError,
    FileNameError,
    FilesFixedError,
    FileSizeError,
    FilesNotTakenError,
    FileTypeError,
    LinkNotValidError,
    TicketNotValidError,
    TooManyFilesError,
    TransferTooSlowError,
)
from models.file.storage import Storage
from models.file.words import AttachmentField, AttachmentState

__all__ = [
    "LINK_MINUTES",
    "Attachment",
    "AttachmentField",
    "AttachmentState",
    "Content",
    "FileContentError",
    "FileIncompleteError",
    "FileNameError",
    "FileSizeError",
    "FileTerms",
    "FileTypeError",
    "FilesFixedError",
    "FilesNotTakenError",
    "Held",
    "Holder",
    "LinkBearer",
    "LinkNotValidError",
    "Storage",
    "TicketNotValidError",
    "TooManyFilesError",
    "TransferTooSlowError",
    "forget",
    "give_up",
    "hold",
    "holders",
    "is_told",
    "look_up",
    "media_type_of",
    "open_ticket",
    "own_ticket",
    "remove",
    "remove_all",
    "sound_name",
    "store",
    "take_ticket",
    "tell_reading",
    "without_row",
]
