"""The routes of files: one takes bytes with a ticket, one gives them by a link."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from api.files.giving import Download
from api.files.receiving import gather
from api.identity import authenticate
from api.logs import log
from models.file import (
    Attachment,
    FileContentError,
    FileIncompleteError,
    FileTerms,
    LinkNotValidError,
    Storage,
    TicketNotValidError,
    TransferTooSlowError,
    give_up,
    is_told,
    look_up,
    store,
    take_ticket,
    tell_reading,
)
from models.identity import SessionTerms, SignInRequiredError, actor_of
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError, PermissionDeniedError, TryAgainError
from models.kernel.values import parse_public_id
from models.kernel.work import Clock, Store, Work, run_write
from resolvers.refusals import shown

HEADERS: Final = {
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
STATUS: Final[dict[type[DomainError], int]] = {
    SignInRequiredError: 401,
    PermissionDeniedError: 403,
    TicketNotValidError: 403,
    LinkNotValidError: 403,
    NotFoundError: 404,
    FileIncompleteError: 413,
    FileContentError: 415,
    TransferTooSlowError: 408,
    TryAgainError: 503,
}


class Files:
    """The door of files (附件收发)."""

    def __init__(self, house: Store, storage: Storage, terms: FileTerms, sessions: SessionTerms, clock: Clock) -> None:
        self.house = house
        self.storage = storage
        self.terms = terms
        self.sessions = sessions
        self.clock = clock

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/files", self._plainly(self.take), methods=["POST"]),
            Route("/files/{id}", self._plainly(self.give), methods=["GET"]),
        ]

    async def take(self, request: Request) -> Response:
        """Take the bytes that a ticket was made for; all of it or nothing."""
        actor = await authenticate(request, self.house, self.sessions, clock=self.clock)
        if actor is None:
            raise SignInRequiredError()
        id = self.terms.read_ticket(request.query_params.get("ticket", ""), actor, self.clock())
        ticket = await self._taken(request, actor, id)
        try:
            path, content = await gather(request, self.storage.incoming, name=ticket.name, size=ticket.size)
            try:
                await self.storage.keep(path, ticket.key)
            finally:
                path.unlink(missing_ok=True)
            stored = await self._act(request, actor, lambda work: store(work, id, content))
        except BaseException:
            await asyncio.shield(asyncio.ensure_future(self._undo(actor, id)))
            raise
        told = {
            "id": stored.public_id,
            "name": stored.name,
            "size": stored.size,
            "mediaType": stored.media_type,
            "sha256": stored.sha256,
        }
        return _json(told, 201)

    async def give(self, request: Request) -> Response:
        """Give a file to the one whom its link was made for, as far as he may read it now."""
        id = _id(request.path_params["id"])
        bearer = self.terms.read_link(request.query_params.get("link", ""), id, self.clock())
        actor = await authenticate(request, self.house, self.sessions, clock=self.clock)
        if actor is not None and not bearer.is_for(actor):
            raise LinkNotValidError()
        if actor is None and bearer.client_id is not None:
            raise SignInRequiredError()
        async with self.house.reader() as session:
            now = self.clock()
            actor = actor or await actor_of(session, bearer.account_id, now=now)
            work = Work(session, actor, now, journal_key=self.house.journal_key)
            found = await look_up(work, id)
            told = is_told(work, found)
        try:
            pieces = await self.storage.open(found.key)
        except FileNotFoundError:
            log.error("a stored file has lost its bytes", file=found.public_id)
            raise NotFoundError() from None
        if told and request.method != "HEAD":
            await self._act(request, actor, lambda work: tell_reading(work, id))
        headers = {**HEADERS, "content-length": str(found.size), "content-disposition": _disposition(found)}
        return Download(pieces, headers, found.media_type)

    async def _act(self, request: Request, actor: Actor, action: Any) -> Any:
        request_id = request.scope.get("state", {}).get("request_id")
        return await run_write(self.house, actor, action, clock=self.clock, request_id=request_id)

    async def _taken(self, request: Request, actor: Actor, id: UUID) -> Attachment:
        try:
            ticket: Attachment = await self._act(request, actor, lambda work: take_ticket(work, id))
            return ticket
        except TicketNotValidError:
            # Another request may be using it.
            raise
        except DomainError:
            await self._undo(actor, id)
            raise

    async def _undo(self, actor: Actor, id: UUID) -> None:
        # The row decides: what has been stored in spite of all keeps its bytes.
        if await run_write(self.house, actor, lambda work: give_up(work, id), clock=self.clock):
            try:
                await self.storage.drop(id.hex)
            except Exception:
                log.exception("bytes of a refused upload could not be thrown away; the sweep will")

    def _plainly(self, endpoint: Any) -> Any:
        async def answer(request: Request) -> Response:
            try:
                found: Response = await endpoint(request)
                return found
            except DomainError as error:
                return _refusal(request, error)
            except ClientDisconnect:
                return Response(status_code=400)

        return answer


def _refusal(request: Request, error: DomainError) -> Response:
    told = shown(error) or {}
    told["requestId"] = request.scope.get("state", {}).get("request_id")
    message = told.pop("message", "")
    status = STATUS.get(type(error), 422)
    return _json({"errors": [{"message": message, "extensions": told}]}, status)


def _json(content: Any, status: int) -> Response:
    return Response(orjson.dumps(content), status, HEADERS, "application/json")


def _id(text: str) -> UUID:
    try:
        prefix, id = parse_public_id(text)
    except ValueError:
        raise NotFoundError() from None
    if prefix != Attachment.prefix:
        raise NotFoundError()
    return id


def _disposition(file: Attachment) -> str:
    plain = f"{file.public_id}.{file.name.rpartition('.')[2]}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
