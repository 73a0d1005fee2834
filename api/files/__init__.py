"""Files over HTTP: bytes come with a ticket, go by a link, and lie in a folder or in object storage."""

from api.files.endpoint import Files
from api.files.forms import FormReceiver
from api.files.sweeping import sweep_files
from api.files.terms import file_terms, storage_of

__all__ = ["Files", "FormReceiver", "file_terms", "storage_of", "sweep_files"]
