"""The words of files: what holds them, how far they have come, which types are taken."""

from __future__ import annotations

from typing import Final

from models.kernel.words import Word


class AttachmentState(Word):
    """How far a file has come (附件状态)."""

    TICKET = "TICKET", "待上传", "Waiting for its bytes"
    STORED = "STORED", "已保存", "Stored"
    REMOVED = "REMOVED", "已删除", "Removed"


class AttachmentField(Word):
    """Which field of a record holds a file (附件类别); its rule says who reads it."""

    EVIDENCE = "EVIDENCE", "证明材料", "Evidence"
    VERDICT = "VERDICT", "审批意见附件", "Evidence of a verdict"
    INTERNAL = "INTERNAL", "内部材料", "Internal evidence"
    LICENCE = "LICENCE", "营业执照", "Business licence"


DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OLE: Final = "application/x-ole-storage"
TEXT: Final = "text/plain"
ZIP: Final = "application/zip"

TAKEN: Final = {
    "pdf": "application/pdf",
    "doc": OLE,
    "xls": OLE,
    "ppt": OLE,
    "docx": DOCX,
    "xlsx": XLSX,
    "pptx": PPTX,
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": TEXT,
    "csv": TEXT,
    "zip": ZIP,
}
"""By the ending of the name, what the content must be found to be."""

SERVED: Final = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "csv": "text/csv",
}
"""What is told of contents whose ending says more than they do themselves."""
