"""Throws away what uploads that broke off, removals and drafts that were deleted have left behind."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from pathlib import Path

from api.files.folder import RESTORING, older_files
from models.file import Storage, forget, without_row
from models.file.actions import GRACE
from models.kernel.access import system_actor
from models.kernel.work import Clock, Store, Work, run_write, utc_now


async def sweep_files(store: Store, storage: Storage, *, clock: Clock = utc_now) -> int:
    """Forget what no record holds, rows first and bytes after them; answer how many pieces were thrown away.

    Bytes without a row are those of a process that ended between the two; the next sweep finds them here.
    """
    gone = 0
    while keys := await run_write(store, system_actor(), forget, clock=clock):
        for key in keys:
            await storage.drop(key)
        gone += len(keys)
    before = clock() - 2 * GRACE
    async for keys in storage.keys(before):
        for key in await _without_row(store, keys, clock()):
            await storage.drop(key)
            gone += 1
    return gone + await asyncio.to_thread(_sweep_incoming, storage.incoming, before)


async def _without_row(store: Store, keys: list[str], now: dt.datetime) -> list[str]:
    async with store.reader() as session:
        return await without_row(Work(session, system_actor(), now, journal_key=store.journal_key), keys)


def _sweep_incoming(folder: Path, before: dt.datetime) -> int:
    left = older_files(folder, before.timestamp())
    for path in left:
        path.unlink(missing_ok=True)
    # What a restore that was killed had unpacked.
    unpacked = [path for path in folder.glob(f"{RESTORING}*") if path.stat().st_mtime < before.timestamp()]
    for path in unpacked:
        shutil.rmtree(path, ignore_errors=True)
    return len(left) + len(unpacked)
