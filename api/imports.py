"""The partner's own import over HTTP: the template goes out, the filled file comes in, the result goes back."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from api.files.endpoint import HEADERS, STATUS
from api.identity import authenticate
from api.transfers import pieces_of
from models.draft_import import (
    LARGEST_BYTES,
    MOST_ROWS,
    DraftFileTooLargeError,
    Outcome,
    RowState,
    TooManyRowsError,
    import_drafts,
    template,
)
from models.export import ExportFormat
from models.identity import PeopleOnlyError, SessionTerms, SignInRequiredError, is_bound
from models.kernel.access import Actor
from models.kernel.errors import DomainError
from models.kernel.words import Lang
from models.kernel.work import Clock, Store, Work
from models.rights import Right
from resolvers.refusals import shown

WORKBOOK: Final = ExportFormat.XLSX.media_type
REFUSED: Final[dict[type[DomainError], int]] = {
    **STATUS,
    PeopleOnlyError: 403,
    TooManyRowsError: 413,
    DraftFileTooLargeError: 413,
}


class DraftImports:
    """The door of drafts (草稿导入)."""

    refused: ClassVar[dict[type[DomainError], int]] = REFUSED

    def __init__(self, house: Store, sessions: SessionTerms, clock: Clock) -> None:
        self.house = house
        self.sessions = sessions
        self.clock = clock
        # A workbook is much to compute; one after the other leaves room for everybody else.
        self._turn = asyncio.Semaphore(1)

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/imports/drafts", self._plainly(self.take), methods=["POST"]),
            Route("/imports/drafts/template", self._plainly(self.give), methods=["GET"]),
        ]

    async def give(self, request: Request) -> Response:
        """Give the template in a language."""
        actor = await self._actor(request)
        actor.require(Right.OPPORTUNITY_SHARE)
        async with self.house.reader() as session:
            work = Work(session, actor, self.clock(), journal_key=self.house.journal_key)
            most = await work.policy(MOST_ROWS)
        lang = _lang(request, actor)
        return _book(template(lang, most), f"drafts-template-{lang}.xlsx")

    async def take(self, request: Request) -> Response:
        """Take a filled file, and answer what became of each row: JSON, or the result file where that is accepted."""
        actor = await self._actor(request)
        actor.require(Right.OPPORTUNITY_SHARE)
        content = bytearray()
        async for piece in pieces_of(request):
            content += piece
            if len(content) > LARGEST_BYTES:
                raise DraftFileTooLargeError(maximum=LARGEST_BYTES)
        async with self._turn:
            outcome = await import_drafts(self.house, actor, "drafts.xlsx", bytes(content), clock=self.clock)
        lang = _lang(request, actor)
        if WORKBOOK in request.headers.get("accept", ""):
            return _book(outcome.book(lang), "drafts-result.xlsx")
        return Response(orjson.dumps(_told(outcome, lang)), 200, HEADERS, "application/json")

    async def _actor(self, request: Request) -> Actor:
        """Name the caller; a tool that is bound to its registered operations has no other way to write."""
        actor = await authenticate(request, self.house, self.sessions, clock=self.clock)
        if actor is None:
            raise SignInRequiredError()
        if is_bound(actor):
            raise PeopleOnlyError()
        return actor

    def _plainly(self, endpoint: Any) -> Any:
        async def answer(request: Request) -> Response:
            try:
                found: Response = await endpoint(request)
                return found
            except ClientDisconnect:
                return Response(status_code=400)
            except DomainError as error:
                status = self.refused.get(type(error), 422)
                told = shown(error) or {}
                told["requestId"] = request.scope.get("state", {}).get("request_id")
                body = {"errors": [{"message": told.pop("message", ""), "extensions": told}]}
                return Response(orjson.dumps(body), status, HEADERS, "application/json")

        return answer


def _told(outcome: Outcome, lang: Lang) -> dict[str, Any]:
    rows = [
        {
            "line": one.row.line,
            "result": one.outcome.value,
            "id": one.number,
            "errors": [
                {
                    "code": error.code,
                    "path": list(error.path),
                    "messageZh": error.message("zh"),
                    "messageEn": error.message("en"),
                }
                for error in one.errors
            ],
        }
        for one in outcome.rows
    ]
    return {**{state.value.lower(): outcome.count(state) for state in RowState}, "rows": rows}


def _lang(request: Request, actor: Actor) -> Lang:
    asked = request.query_params.get("lang")
    if asked == "zh":
        return "zh"
    return "en" if asked == "en" else actor.lang


def _book(content: bytes, name: str) -> Response:
    headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}
    return Response(content, 200, headers, WORKBOOK)
