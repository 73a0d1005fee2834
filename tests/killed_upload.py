"""A process that dies in the middle of an upload, at the step that it is told."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from pathlib import Path
from typing import Any

from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.files import endpoint, receiving, sweep_files
from api.files.folder import FolderStorage
from api.installation import opened
from api.settings import Settings
from tests.filing import PDF
from tests.portal import ADDRESS

STEPS = ("ticket", "bytes", "gathered", "kept", "storing", "stored")


def die(*_: Any, **__: Any) -> Any:
    """End as a process does whose machine loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(whole: Any) -> Any:
    """Do the whole step, and die."""

    async def done(*given: Any) -> Any:
        await whole(*given)
        die()

    return done


def prepare(step: str) -> None:
    """Put death where it is wanted."""
    patched: Any
    match step:
        case "ticket":
            patched = endpoint
            patched.gather = die
        case "bytes":
            patched = receiving._Sink
            whole = patched.take

            def half(sink: Any, piece: bytes) -> None:
                whole(sink, piece[: len(piece) // 2])
                sink._file.flush()
                die()

            patched.take = half
        case "gathered":
            patched = FolderStorage
            patched.keep = die
        case "kept":
            patched = FolderStorage
            patched.keep = after(patched.keep)
        case "storing":
            patched = endpoint
            patched.store = after(patched.store)
        case "stored":
            patched = endpoint
            patched._json = die
        case "sweeping":
            patched = FolderStorage
            patched.drop = die


async def main(url: str, folder: str, now: str, step: str, path: str, token: str) -> None:
    """Upload, or sweep, until death."""
    prepare(step)
    settings = Settings(database_url=url, files_dir=Path(folder))

    def clock() -> dt.datetime:
        return dt.datetime.fromisoformat(now)

    if step == "sweeping":
        async with opened(settings) as house:
            await sweep_files(house, FolderStorage(Path(folder)), clock=clock)
        return
    app = create_app(settings, clock=clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        await client.post(path, content=PDF, headers={"authorization": f"Bearer {token}"})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
