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
from models.file.forms import ArrivedFile, ArrivedForm, Receiver, Wish, attach
from models.file.holders import Held, Holder, hold, holders
from models.file.links import FileTerms, LinkBearer
from models.file.places import Place, loose_files, places
from models.file.policies import LARGEST_BYTES, LINK_MINUTES, MOST_FILES
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
from models.file.words import TAKEN, AttachmentField, AttachmentState

__all__ = [
    "LARGEST_BYTES",
    "LINK_MINUTES",
    "MOST_FILES",
    "TAKEN",
    "ArrivedFile",
    "ArrivedForm",
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
    "Place",
    "Receiver",
    "Storage",
    "TicketNotValidError",
    "TooManyFilesError",
    "TransferTooSlowError",
    "Wish",
    "attach",
    "forget",
    "give_up",
    "hold",
    "holders",
    "is_told",
    "look_up",
    "loose_files",
    "media_type_of",
    "open_ticket",
    "own_ticket",
    "places",
    "remove",
    "remove_all",
    "sound_name",
    "store",
    "take_ticket",
    "tell_reading",
    "without_row",
]
