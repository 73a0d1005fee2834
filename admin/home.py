"""The start page: what waits, what is late, and where to go."""

from __future__ import annotations

from typing import ClassVar

from sqlmodel import col
from starlette.requests import Request
from starlette.responses import Response

from admin.approval import QueuePages, open_by_kind
from admin.site import Pages
from admin.viewer import viewer_of
from admin.words import both, say
from models.approval import Approval, ApprovalState, kinds
from models.kernel.reads import Page, Wanted


class HomePage(Pages):
    """The start page (工作台)."""

    path: ClassVar[str] = ""
    title: ClassVar[str] = ""

    def lay(self) -> None:
        """Add the route."""
        self.site.get("/", self.page, "start")

    async def page(self, request: Request) -> Response:
        """Show what waits for the viewer."""
        viewer = viewer_of(request)
        queue = next(
            (pages for pages in self.site.pages if isinstance(pages, QueuePages) and pages.open_to(viewer.actor)), None
        )
        if queue is None:
            return await self.site.render(request, "home.html", heading=say("welcome", name=viewer.actor.name))
        async with viewer.reading() as reader:
            calendar = reader.calendar
            assert calendar is not None, "prepare() loads it"
            counts = await open_by_kind(reader)
            is_open = ("state", ApprovalState.OPEN)
            late = await reader.count(Approval, Page(filter=(is_open, ("due_before", reader.now))))
            soon = calendar.due_after(reader.now, 1)
            today = await reader.count(
                Approval, Page(filter=(is_open, ("due_after", reader.now), ("due_before", soon)))
            )
            mine = await reader.page(
                Approval,
                Wanted(),
                Page(first=0, filter=(is_open,)),
                total=True,
                where=(col(Approval.claimed_by) == viewer.actor.id, col(Approval.claimed_until) > reader.now),
            )
        tiles = [
            (say("start_waiting"), sum(counts.values()), "blue", queue.address),
            (say("start_mine"), mine.total_count or 0, "green", f"{queue.address}?view=mine"),
            (say("start_late"), late, "red", queue.address),
            (say("start_today"), today, "orange", queue.address),
        ]
        return await self.site.render(
            request,
            "home.html",
            heading=say("welcome", name=viewer.actor.name),
            queue=queue,
            tiles=tiles,
            by_kind=[
                (one.name, both(one), counts.get(one.name, 0))
                for one in kinds().values()
                if one.rows(Approval, viewer.actor) is not None
            ],
        )
