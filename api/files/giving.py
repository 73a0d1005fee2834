"""The answer that carries a file out, whatever storage it comes from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Download(StreamingResponse):
    """A file on its way out (文件下载); whatever becomes of the line, its source is closed."""

    def __init__(self, pieces: AsyncIterator[bytes], headers: Mapping[str, str], media_type: str | None) -> None:
        super().__init__(pieces, 200, headers, media_type)
        self._pieces: Any = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or its headers to whoever asks for no more."""
        try:
            if scope["method"] == "HEAD":
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": b""})
            else:
                await super().__call__(scope, receive, send)
        finally:
            await self._pieces.aclose()
