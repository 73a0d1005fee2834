"""What a file is, found from its bytes and never from what its sender says."""

from __future__ import annotations

import unicodedata
import zipfile
from pathlib import Path
from typing import Final

import filetype

from models.file.refusals import FileContentError, FileNameError, FileTypeError
from models.file.words import DOCX, OLE, PPTX, SERVED, TAKEN, TEXT, XLSX, ZIP

LONGEST_NAME: Final = 120
FORBIDDEN: Final = frozenset('/\\<>:"|?*')
OLE_SIGNATURE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_HEAD: Final = 8192
_MOST_MEMBERS: Final = 10_000
_OFFICE: Final = {"word/": DOCX, "xl/": XLSX, "ppt/": PPTX}


def sound_name(name: str) -> str:
    """Give a name in its plain form, or refuse what is no mere name of a file."""
    name = unicodedata.normalize("NFC", name).strip()
    # Categories that begin with C are control, format (those that turn the direction of writing) and surrogates.
    odd = any(one in FORBIDDEN or unicodedata.category(one).startswith("C") for one in name)
    stem, dot, ending = name.rpartition(".")
    if odd or not stem.strip(". ") or not dot or not ending or name.startswith(".") or len(name) > LONGEST_NAME:
        raise FileNameError(path="name", longest=LONGEST_NAME)
    if ending_of(name) not in TAKEN:
        raise FileTypeError(path="name", taken=list(TAKEN))
    return name


def ending_of(name: str) -> str:
    """Give the ending of a name."""
    return name.rpartition(".")[2].lower()


def media_type_of(path: Path, name: str) -> str:
    """Find the media type of a file, or refuse content that is not what the name's ending says."""
    ending = ending_of(name)
    if _found(path) != TAKEN.get(ending, ""):
        raise FileContentError(path="name", ending=ending)
    return SERVED.get(ending, TAKEN[ending])


def _found(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(OLE_SIGNATURE):
        return OLE
    guessed = filetype.guess(head)
    if guessed is None:
        return TEXT if _is_text(path) else None
    if guessed.mime == ZIP or guessed.mime in _OFFICE.values():
        return _archive(path)
    return str(guessed.mime)


def _archive(path: Path) -> str | None:
    """Tell an office document from a plain archive by what it holds; macros are not taken."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if len(names) > _MOST_MEMBERS or any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    if "[Content_Types].xml" not in names:
        return ZIP
    return next((kind for folder, kind in _OFFICE.items() if any(name.startswith(folder) for name in names)), ZIP)


def _is_text(path: Path) -> bool:
    content = path.read_bytes()
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not any(one < " " and one not in "\t\n\r\f" for one in text)
    return False
