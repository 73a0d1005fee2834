"""Pages of exports: what one asked for, how far it is, and the file; and the form that lists open for a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from admin.pages.fields import Column, beijing, wanted_of
from admin.pages.finding import Find, asked, offered
from admin.pages.records import RecordPages, Section
from admin.viewer import Viewer, viewer_of
from admin.words import spoken
from models import export as domain
from models.export import ExportFormat, ExportKind, ExportRecord, ExportStatus
from models.export.links import link_to
from models.kernel.errors import NotFoundError, ValueNotAllowedError
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.values import parse_instant
from models.labels import field_label
from models.rights import Right

LOOK_AGAIN_SECONDS = 4


class ExportPages(RecordPages):
    """The pages of exports (导出记录)."""

    model = ExportRecord
    path: ClassVar[str] = "exports"
    title: ClassVar[str] = "exports"
    icon: ClassVar[str] = "ti ti-file-download"
    group: ClassVar[str] = "group_records"
    rights = (Right.EXPORT,)
    columns = (
        Column("created_at", opens=True),
        Column("kind"),
        Column("format"),
        Column("status", badge=True),
        Column("rows_done"),
        Column("reason"),
        Column("requester.name", label="ExportRecord.requested_by"),
        Column("expires_at"),
    )
    finds = (
        Find("kind", "choice", words=ExportKind),
        Find("status", "choice", words=ExportStatus),
    )
    heading = Column("kind")
    status = "status"
    sections = (
        Section(
            "facts",
            (
                Column("kind"),
                Column("format"),
                Column("status", badge=True),
                Column("requester.name", label="ExportRecord.requested_by"),
                Column("created_at"),
                Column("finished_at"),
                Column("expires_at"),
                Column("rows_done"),
                Column("rows_total"),
                Column("size"),
                Column("reason", wide=True),
            ),
        ),
    )
    template = "exports.html"
    detail_template = "export.html"

    def lay(self) -> None:
        """Add the routes of list, request, cancelling and the way to the file."""
        super().lay()
        self.site.post("/exports", self.ask, "exports-ask")
        self.site.post("/exports/{id}/cancel", self.cancel, "exports-cancel")
        self.site.get("/exports/{id}/file", self.file, "exports-file")

    async def list_page(self, request: Request) -> Response:
        """Show the exports; while one is under way, the page looks again by itself."""
        return await self._looking_again(request, await super().list_page(request))

    async def detail_page(self, request: Request) -> Response:
        """Show an export; while one is under way, the page looks again by itself."""
        return await self._looking_again(request, await super().detail_page(request))

    async def _looking_again(self, request: Request, answer: Response) -> Response:
        viewer = viewer_of(request)
        async with viewer.reading() as reader:
            mine = Page(filter=(("status", domain.UNDER_WAY), ("requested_by", viewer.actor.id)))
            if await reader.count(ExportRecord, mine):
                answer.headers["refresh"] = str(LOOK_AGAIN_SECONDS)
        return answer

    async def beside(self, viewer: Viewer, reader: Reader, record: Any) -> dict[str, Any]:
        """Show how far the export is, what may be done with it, and under which filters it was asked for."""
        row = await reader.one(ExportRecord, record.id, self.wanted_of_list())
        return {"offer": self.offers(row, viewer), "asked": self._asked(record)}

    def _asked(self, record: ExportRecord) -> list[tuple[str, str]]:
        pages = self._pages_of(record.kind)
        finds = {find.name: find for find in pages.finds}
        found = []
        for name, value in record.asked.items():
            find = finds.get(name)
            title = find.title(pages.model) if find else field_label(name, spoken(), pages.model.__name__)
            labels = dict(find.choices) if find and find.kind in ("choice", "flag") else {}
            found.append(
                (
                    title,
                    ("、" if spoken() == "zh" else ", ").join(
                        _said(one, labels) for one in (value if isinstance(value, list) else [value])
                    ),
                )
            )
        return found

    def _pages_of(self, kind: ExportKind) -> RecordPages:
        return next(one for one in self.site.pages if isinstance(one, RecordPages) and one.exports is kind)

    def wanted_of_list(self) -> Wanted:
        """Say what the list and its buttons need."""
        return wanted_of(self.model, self.columns, "requested_by", "failure", "rows_total")

    def offers(self, row: Any, viewer: Viewer) -> dict[str, Any]:
        """Say how far an export is, and what its line offers this viewer."""
        facts = domain.Facts.of(row, viewer.actor, viewer.now())
        failure = row.failure["zh" if spoken() == "zh" else "en"] if row.failure else None
        return {
            "percent": facts.percent,
            "failure": failure,
            "file": f"{self.address}/{row.id}/file" if facts.ready else None,
            "cancel": f"{self.address}/{row.id}/cancel" if facts.cancellable else None,
        }

    async def ask(self, request: Request, form: FormData) -> Response:
        """Ask for a file of a list under the filters that its page shows."""
        viewer = viewer_of(request)
        try:
            kind, format = ExportKind[str(form.get("kind"))], ExportFormat[str(form.get("format"))]
        except KeyError:
            raise NotFoundError() from None
        pages = self._pages_of(kind)
        finds = offered(pages.model, pages.finds, viewer.actor)
        query = QueryParams(parse_qsl(str(form.get("query") or "").removeprefix("?")))
        found = asked(pages.model, finds, query, fixed=pages.fixed)
        if found.errors:
            raise ValueNotAllowedError(path="filter", value="; ".join(found.errors))
        conditions, lang, reason = found.page.filter, spoken(), str(form.get("reason") or "")
        await viewer.act(
            lambda work: domain.request(work, kind, format, conditions=conditions, language=lang, reason=reason)
        )
        self.site.tell(request, "export_asked")
        return self.site.go(self.address)

    async def cancel(self, request: Request, form: FormData) -> Response:
        """Cancel an export."""
        viewer, id_ = viewer_of(request), self.id_of(request)
        await viewer.act(lambda work: domain.cancel(work, id_))
        self.site.tell(request, "export_cancelled")
        return self.site.go(self.address)

    async def file(self, request: Request) -> Response:
        """Lead to the file by a link that holds for a few minutes."""
        viewer, id_ = viewer_of(request), self.id_of(request)
        return RedirectResponse(link_to(id_, viewer.actor.id, viewer.house.export_key, viewer.now()), 303)


def _said(value: Any, labels: Mapping[str, str]) -> str:
    """Say the value of a filter as the list's own form says it."""
    code = str(value).lower() if isinstance(value, bool) else str(value)
    if code in labels:
        return labels[code]
    try:
        return beijing(parse_instant(code))
    except ValueError:
        return code
