"""Gathers the bytes of one file from a request, raw or as a form's part, and stops at the first one too many."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from api.transfers import pieces_of
from models.file import Content, FileIncompleteError, media_type_of

# What a form puts around the file.
WRAPPING: Final = 16 * 1024
FIELD: Final = b"file"


async def gather(request: Request, folder: Path, *, name: str, size: int) -> tuple[Path, Content]:
    """Write the request's file into a folder and say what it is; whatever is refused leaves nothing there."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > size + WRAPPING:
        raise FileIncompleteError(path="file", size=size)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    path = folder / uuid4().hex
    try:
        sink = await asyncio.to_thread(_Sink, path, size)
        with contextlib.closing(sink):
            await _pour(request, sink)
        if sink.size != size:
            raise FileIncompleteError(path="file", size=size)
        media_type = await asyncio.to_thread(media_type_of, path, name)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, Content(sink.size, media_type, sink.hash.hexdigest())


class _Sink:
    """The file that grows (接收中的文件)."""

    def __init__(self, path: Path, most: int) -> None:
        self.most = most
        self.size = 0
        self.hash = hashlib.sha256()
        self._file = path.open("xb")

    def take(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self.most:
            raise FileIncompleteError(path="file", size=self.most)
        self.hash.update(piece)
        self._file.write(piece)

    def close(self) -> None:
        self._file.close()


async def _pour(request: Request, sink: _Sink) -> None:
    kind, options = parse_options_header(request.headers.get("content-type"))
    into = _Form(options.get(b"boundary", b""), sink) if kind == b"multipart/form-data" else sink
    total = 0
    async for piece in pieces_of(request):
        total += len(piece)
        if total > sink.most + WRAPPING:
            raise FileIncompleteError(path="file", size=sink.most)
        try:
            await asyncio.to_thread(into.take, piece)
        except MultipartParseError:
            raise FileIncompleteError(path="file", size=sink.most) from None


class _Form:
    """A form of which only the part that is called `file` is taken (表单)."""

    def __init__(self, boundary: bytes, sink: _Sink) -> None:
        self._sink = sink
        self._name = self._value = b""
        self._open = False
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def take(self, piece: bytes) -> None:
        self._parser.write(piece)

    def _begin(self) -> None:
        self._open = False
        self._name = self._value = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._open = options.get(b"name") == FIELD
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._open:
            self._sink.take(data[start:end])
