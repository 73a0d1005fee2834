"""A process that dies while a reviewer's decision and its files come by a form, at the step that it is told."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import sys
from pathlib import Path
from typing import Any

from httpx2 import ASGITransport, AsyncClient

from admin.site import Site
from admin.viewer import COOKIE
from api.app import create_app
from api.files import forms as reading
from api.files.folder import FolderStorage
from api.settings import Settings
from models.file import forms
from tests.filing import PDF
from tests.killed_upload import after, die
from tests.portal import ADDRESS

STEPS = ("bytes", "gathered", "tickets", "kept", "storing", "decided")


def prepare(step: str) -> None:
    """Put death where it is wanted."""
    patched: Any
    match step:
        case "bytes":
            patched = reading._Reading
            whole = patched._data

            def half(form: Any, data: bytes, start: int, end: int) -> None:
                whole(form, data, start, end)
                if form._open is not None:
                    form._open.flush()
                    die()

            patched._data = half
        case "gathered":
            patched = forms
            patched._tickets = die
        case "tickets":
            patched = FolderStorage
            patched.keep = die
        case "kept":
            patched = FolderStorage
            patched.keep = after(patched.keep)
        case "storing":
            patched = forms
            patched.store = after(patched.store)
        case "decided":
            patched = Site
            patched.tell = die


async def main(url: str, folder: str, now: str, step: str, path: str, cookie: str) -> None:
    """Decide with two files, until death."""
    prepare(step)

    def clock() -> dt.datetime:
        return dt.datetime.fromisoformat(now)

    app = create_app(Settings(database_url=url, files_dir=Path(folder)), clock=clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        client.cookies.set(COOKIE, cookie, domain="partner-center.test", path="/admin")
        page = (await client.get(f"/admin{path}")).text
        fields = {name: re.search(rf'name="{name}" value="(\w+)"', page) for name in ("token", "version")}
        told = {name: found[1] for name, found in fields.items() if found} | {"verb": "approve_audit"}
        files: Any = [(name, (None, text)) for name, text in told.items()]
        files += [(f"files.{field}", (f"{field}.pdf", PDF)) for field in ("VERDICT", "INTERNAL")]
        await client.post(f"/admin{path}/decide", files=files, headers={"origin": ADDRESS})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
