"""Exports over HTTP and beside the timers: the files go by a link, the work is done in the background."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.files.endpoint import HEADERS, STATUS
from api.files.giving import Download
from api.files.terms import export_storage_of
from api.logs import log
from api.settings import Settings
from models.export import (
    ExportNotReadyError,
    ExportNotYoursError,
    ExportRecord,
    ExportRightsChangedError,
    Workshop,
    fetch,
    tidy,
    work_off,
)
from models.export.links import account_of
from models.file import LinkNotValidError
from models.identity import actor_of, derive_key
from models.kernel.errors import DomainError, NotFoundError
from models.kernel.values import parse_public_id
from models.kernel.work import Clock, Store, run_write, utc_now
from resolvers.refusals import shown

LOOK_EVERY_SECONDS: Final = 2.0
TIDY_EVERY_SECONDS: Final = 60.0
REFUSED: Final[dict[type[DomainError], int]] = {
    **STATUS,
    ExportNotYoursError: 403,
    ExportRightsChangedError: 403,
    ExportNotReadyError: 404,
}


def export_key(settings: Settings) -> bytes:
    """Give the key with which links to exported files are signed."""
    return derive_key(settings.secret_key.get_secret_value(), "exports")


def workshop_of(store: Store, settings: Settings, *, clock: Clock = utc_now) -> Workshop:
    """Set up the place where exports are made: any process makes one, and any other gives its file."""

    def told(id: UUID, error: Exception) -> None:
        log.error("an export broke off and will be tried again", export=id.hex, exc_info=error)

    return Workshop(store, export_storage_of(settings), clock, told)


@asynccontextmanager
async def running(workshop: Workshop, *, seconds: float = LOOK_EVERY_SECONDS) -> AsyncIterator[None]:
    """Carry exports out in the background until the block ends; one under way is handed back."""
    task = asyncio.create_task(_work_until(workshop, seconds), name="exports")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _work_until(workshop: Workshop, seconds: float) -> None:
    tidied: float | None = None
    while True:
        try:
            await work_off(workshop)
            if tidied is None or time.monotonic() - tidied >= TIDY_EVERY_SECONDS:
                await tidy(workshop)
                tidied = time.monotonic()
        except Exception:
            log.exception("exports could not be looked at; tried again soon")
        await asyncio.sleep(seconds)


class Exports:
    """The door through which exported files leave (导出下载)."""

    def __init__(self, house: Store, workshop: Workshop, key: bytes, clock: Clock) -> None:
        self.house = house
        self.workshop = workshop
        self.key = key
        self.clock = clock

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route("/exports/{id}", self.give, methods=["GET"])]

    async def give(self, request: Request) -> Response:
        """Give a file to the one whom its link was made for, while his rights are those that it was made with."""
        if request.method != "GET":
            # The journal tells of each fetch; to ask for the headers alone is none.
            return Response(status_code=405, headers={"allow": "GET"})
        try:
            record, pieces = await self._found(request)
        except DomainError as error:
            told = shown(error) or {}
            told["requestId"] = request.scope.get("state", {}).get("request_id")
            body = orjson.dumps({"errors": [{"message": told.pop("message", ""), "extensions": told}]})
            return Response(body, REFUSED.get(type(error), 422), HEADERS, "application/json")
        headers = {
            **HEADERS,
            "content-length": str(record.size),
            "content-disposition": f'attachment; filename="{record.file_name}"',
        }
        return Download(pieces, headers, record.format.media_type)

    async def _found(self, request: Request) -> tuple[ExportRecord, AsyncIterator[bytes]]:
        id, now = _id(request.path_params["id"]), self.clock()
        account_id = account_of(request.query_params.get("link", ""), id, self.key, now)
        if account_id is None:
            raise LinkNotValidError()
        async with self.house.reader() as session:
            actor = await actor_of(session, account_id, now=now)
        request_id = request.scope.get("state", {}).get("request_id")
        record: Any = await run_write(
            self.house, actor, lambda work: fetch(work, id), clock=self.clock, request_id=request_id
        )
        try:
            return record, await self.workshop.storage.open(record.location)
        except FileNotFoundError:
            log.error("an exported file has lost its bytes", export=record.public_id)
            raise ExportNotReadyError() from None


def _id(text: str) -> UUID:
    try:
        prefix, id = parse_public_id(text)
    except ValueError:
        raise NotFoundError() from None
    if prefix != ExportRecord.prefix:
        raise NotFoundError()
    return id


__all__ = ["Exports", "export_key", "running", "workshop_of"]
