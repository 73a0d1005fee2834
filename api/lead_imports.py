"""The import of leads over HTTP: a partner's own, and those that ecosystem operations send down to a partner."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.files.endpoint import HEADERS
from api.imports import REFUSED, DraftImports
from api.transfers import pieces_of
from models.kernel.errors import DomainError, PermissionDeniedError, ValueNotAllowedError
from models.lead import (
    LARGEST_BYTES,
    LeadFileTooLargeError,
    LeadImport,
    LeadRowState,
    LeadSource,
    TooManyLeadRowsError,
    import_leads,
    template,
)
from models.partner import PartnerOrganisation
from models.rights import Right
from resolvers.scalars import uid

CSV: Final = "text/csv; charset=utf-8"


class LeadImports(DraftImports):
    """The door of leads (线索导入)."""

    refused: ClassVar[dict[type[DomainError], int]] = {
        **REFUSED,
        TooManyLeadRowsError: 413,
        LeadFileTooLargeError: 413,
    }

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/imports/leads", self._plainly(self.take), methods=["POST"]),
            Route("/imports/leads/template", self._plainly(self.give), methods=["GET"]),
        ]

    async def give(self, request: Request) -> Response:
        """Give the file to be filled, in the language of `lang`."""
        actor = await self._actor(request)
        if not actor.may(Right.LEAD_ADMINISTER) and not actor.may(Right.LEAD_PUSH):
            raise PermissionDeniedError(permission=Right.LEAD_ADMINISTER)
        lang = actor.lang if (asked := request.query_params.get("lang")) not in ("zh", "en") else asked
        content = template("en" if lang == "en" else "zh")
        headers = {**HEADERS, "content-disposition": f'attachment; filename="leads-template-{lang}.csv"'}
        return Response(content, 200, headers, CSV)

    async def take(self, request: Request) -> Response:
        """Take a filled file, and answer what became of each row; with `partner` it is sent down to that partner."""
        actor = await self._actor(request)
        partner = request.query_params.get("partner")
        partner_id = uid(partner, PartnerOrganisation.prefix, "partner") if partner else None
        source = request.query_params.get("source", LeadSource.HUAWEI.value)
        if source not in list(LeadSource):
            raise ValueNotAllowedError(path="source", value=source[:40])
        actor.require(Right.LEAD_PUSH if partner_id else Right.LEAD_ADMINISTER)
        content = bytearray()
        async for piece in pieces_of(request):
            content += piece
            if len(content) > LARGEST_BYTES:
                raise LeadFileTooLargeError(maximum=LARGEST_BYTES)
        async with self._turn:
            done = await import_leads(
                self.house,
                actor,
                "leads",
                bytes(content),
                partner_id=partner_id,
                source=LeadSource[source],
                clock=self.clock,
            )
        return Response(orjson.dumps(_told(done)), 200, HEADERS, "application/json")


def _told(done: LeadImport) -> dict[str, Any]:
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
        for one in done.rows
    ]
    return {**{state.value.lower(): done.count(state) for state in LeadRowState}, "rows": rows}
