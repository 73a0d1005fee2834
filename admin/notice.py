"""The inbox of whoever works in the back-office, and what he wants by mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.pages.fields import beijing
from admin.site import Pages
from admin.viewer import viewer_of
from admin.words import both, say, spoken
from models.identity import Account
from models.kernel.errors import InvalidCursorError, NotFoundError, ValueNotAllowedError
from models.kernel.reads import Page, Wanted
from models.kernel.values import parse_public_id
from models.notice import COLUMNS, Notice, Severity, choices, choose, mark_read, notice_kinds, told

SIZE: Final = 20
COLOURS: Final[Mapping[str, str]] = {
    Severity.INFO: "blue",
    Severity.ACTION: "orange",
    Severity.WARNING: "red",
}


@dataclass(frozen=True)
class InboxLine:
    """A notice as the inbox shows it (通知条目)."""

    id: str
    title: str
    sentence: str
    at: str
    severity: str
    colour: str
    unread: bool
    leads: bool


class NoticePages(Pages):
    """The inbox (通知) and the page of preferences (邮件通知设置)."""

    path: ClassVar[str] = "notices"
    title: ClassVar[str] = ""

    def lay(self) -> None:
        """Add the routes."""
        self.site.get("/notices", self.inbox, "notices")
        self.site.post("/notices/read", self.read, "notices-read")
        self.site.post("/notices/{id}/open", self.open, "notice-open")
        self.site.get("/preferences", self.preferences, "preferences")
        self.site.post("/preferences", self.prefer, "preferences-set")

    async def inbox(self, request: Request) -> Response:
        """Show one's own notices, the newest first."""
        viewer, asked = viewer_of(request), request.query_params
        unread = asked.get("view") == "unread"
        page = Page(
            first=None if asked.get("before") else SIZE,
            after=asked.get("after"),
            last=SIZE if asked.get("before") else None,
            before=asked.get("before"),
            filter=(("read", False),) if unread else (),
        )
        async with viewer.reading() as reader:
            try:
                paged = await reader.page(Notice, Wanted.of(*COLUMNS, "occurred_at", "read_at"), page)
            except InvalidCursorError:
                return self.site.go(self.address)
            words = await told(reader, paged.nodes, spoken())
        rows: list[Any] = paged.nodes
        return await self.site.render(
            request,
            "notices.html",
            heading=say("notices"),
            address=self.address,
            unread_only=unread,
            view="view=unread&" if unread else "",
            paged=paged,
            lines=[
                InboxLine(
                    id=str(row.id),
                    title=said.title,
                    sentence=said.sentence,
                    at=beijing(row.occurred_at),
                    severity=both(_severity(row.kind)),
                    colour=COLOURS[_severity(row.kind)],
                    unread=row.read_at is None,
                    leads=said.path is not None,
                )
                for row, said in zip(rows, words, strict=True)
            ],
        )

    async def read(self, request: Request, form: FormData) -> Response:
        """Mark a notice as read, or all of them."""
        id = str(form.get("id") or "")
        ids = [_notice_id(id)] if id else None
        await viewer_of(request).act(lambda work: mark_read(work, ids))
        return self.site.back(request, form)

    async def open(self, request: Request, form: FormData) -> Response:
        """Mark a notice as read and go on to what it is about."""
        viewer, id = viewer_of(request), _notice_id(str(request.path_params["id"]))
        async with viewer.reading() as reader:
            row = await reader.one(Notice, id, Wanted.of(*COLUMNS))
            if row is None:
                raise NotFoundError()
            (words,) = await told(reader, [row], spoken())
        await viewer.act(lambda work: mark_read(work, [id]))
        return self.site.go(f"{self.site.base_url}{words.path}" if words.path else self.address)

    async def preferences(self, request: Request) -> Response:
        """Show which kinds of notice come by mail."""
        viewer = viewer_of(request)
        async with viewer.reading() as reader:
            chosen = await choices(reader)
            account: Any = await reader.one(Account, viewer.actor.id, Wanted.of("email"))
        return await self.site.render(
            request,
            "preferences.html",
            heading=say("preferences"),
            address=f"{self.site.base_url}/preferences",
            email=account.email if account else None,
            choices=[
                (one.kind.code, one.kind.title(spoken()), one.kind.severity, COLOURS[one.kind.severity], one.by_mail)
                for one in chosen
            ],
        )

    async def prefer(self, request: Request, form: FormData) -> Response:
        """Keep what was ticked, and only that."""
        viewer = viewer_of(request)
        ticked = {str(code) for code in form.getlist("kind")}
        async with viewer.reading() as reader:
            chosen = await choices(reader)
        if unknown := ticked - {one.kind.code for one in chosen}:
            raise ValueNotAllowedError(path="kind", value=sorted(unknown)[0][:64])

        async def keep(work: Any) -> None:
            for one in chosen:
                if one.by_mail != (one.kind.code in ticked):
                    await choose(work, one.kind.code, by_mail=one.kind.code in ticked)

        await viewer.act(keep)
        self.site.tell(request, "saved")
        return self.site.go(f"{self.site.base_url}/preferences")


def _severity(kind: str) -> Severity:
    known = notice_kinds().get(kind)
    return known.severity if known else Severity.INFO


def _notice_id(text: str) -> Any:
    try:
        prefix, id = parse_public_id(text)
    except ValueError:
        raise NotFoundError() from None
    if prefix != Notice.prefix:
        raise NotFoundError()
    return id
