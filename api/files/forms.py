"""Gathers a form with files: its fields in memory, each file in the folder of what arrives."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import uuid4

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.transfers import pieces_of
from models.file import (
    ArrivedFile,
    ArrivedForm,
    Content,
    FileSizeError,
    Storage,
    TooManyFilesError,
    media_type_of,
    sound_name,
)
from models.kernel.errors import DomainError

# What all fields that are no files may hold together, and what stands around the parts.
FIELDS_BYTES: Final = 256 * 1024
PARTS: Final = 2000
Admit = Callable[[Sequence[tuple[str, str]]], None]


class FormReceiver:
    """What gathers forms with files (表单接收)."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    async def gather(self, request: Request, *, largest: int, most: int, admit: Admit) -> ArrivedForm:
        """Read a form; before the first byte of a file is written, `admit` sees the fields that stand before it.

        A file at fault is read to its end without being kept, so that everything that is wrong can be told at once.
        """
        _, options = parse_options_header(request.headers.get("content-type"))
        folder = self.storage.incoming
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
        reading = _Reading(folder, largest, most, admit)
        try:
            parser = MultipartParser(options.get(b"boundary", b""), reading.callbacks())
            left = largest * most + FIELDS_BYTES
            async for piece in pieces_of(request):
                left -= len(piece)
                if left < 0:
                    raise HTTPException(413)
                await asyncio.to_thread(parser.write, piece)
            await asyncio.to_thread(reading.finish)
        except BaseException as error:
            reading.close()
            reading.form.discard()
            if isinstance(error, MultipartParseError):
                raise HTTPException(400) from None
            raise
        return reading.form


class _Reading:
    """A form that is being read (读取中的表单)."""

    def __init__(self, folder: Path, largest: int, most: int, admit: Admit) -> None:
        self.form = ArrivedForm()
        self._folder = folder
        self._largest = largest
        self._most = most
        self._admit = admit
        self._admitted = self._ended = False
        self._parts = self._text_bytes = 0
        self._header = self._value = b""
        self._options: dict[bytes, bytes] = {}
        self._text: bytearray | None = None
        self._file: ArrivedFile | None = None
        self._open: BinaryIO | None = None
        self._hash = hashlib.sha256()

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._start,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._whole,
        }

    def finish(self) -> None:
        """See that the form came whole, and that somebody may send it."""
        if not self._ended:
            raise HTTPException(400)
        self._ask()

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _ask(self) -> None:
        if not self._admitted:
            self._admit(self.form.fields)
            self._admitted = True

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > PARTS:
            raise HTTPException(413)
        self._options = {}
        self._text = self._file = None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, self._options = parse_options_header(self._value)
        self._header = self._value = b""

    def _start(self) -> None:
        if b"filename" not in self._options:
            self._text = bytearray()
            return
        self._ask()
        name = self._options[b"filename"].decode(errors="replace")
        if not name:  # an input in which nothing was chosen
            return
        self._file = ArrivedFile(_text_of(self._options.get(b"name", b"")), name[:1000])
        try:
            self._file.name = sound_name(self._file.name)
        except DomainError as error:
            self._file.errors += error
        self.form.files.append(self._file)
        if len(self.form.files) > self._most:
            self._file.errors.append(TooManyFilesError(most=self._most))
        if not self._file.errors:
            self._file.path = self._folder / uuid4().hex
            self._open, self._hash = self._file.path.open("xb"), hashlib.sha256()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._text is not None:
            self._text_bytes += end - start
            if self._text_bytes > FIELDS_BYTES:
                raise HTTPException(413)
            self._text += data[start:end]
        elif self._file is not None:
            self._file.size += end - start
            if self._open is not None and self._file.size > self._largest:
                self._drop(self._file)
            if self._open is not None:
                self._hash.update(data[start:end])
                self._open.write(data[start:end])

    def _drop(self, file: ArrivedFile) -> None:
        self.close()
        if file.path is not None:
            file.path.unlink(missing_ok=True)
            file.path = None

    def _end(self) -> None:
        if self._text is not None:
            self.form.fields.append((_text_of(self._options.get(b"name", b"")), _text_of(bytes(self._text))))
        elif self._file is not None:
            self._look_at(self._file)

    def _look_at(self, file: ArrivedFile) -> None:
        self.close()
        if not 1 <= file.size <= self._largest:
            file.errors.append(FileSizeError(path="size", largest=self._largest))
        elif file.path is not None:
            try:
                media_type = media_type_of(file.path, file.name)
            except DomainError as error:
                file.errors += error
            else:
                file.content = Content(file.size, media_type, self._hash.hexdigest())
        if file.errors:
            self._drop(file)

    def _whole(self) -> None:
        self._ended = True


def _text_of(value: bytes) -> str:
    return value.decode(errors="replace")
