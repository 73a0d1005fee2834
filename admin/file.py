"""The way from a page to a file: a fresh link for whoever looks, each time he follows it."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from admin.pages.fields import MEANINGS
from admin.pages.records import id_from
from admin.site import Pages
from admin.viewer import viewer_of
from models.file import LINK_MINUTES, Attachment, AttachmentField, look_up, remove
from models.kernel.errors import NotFoundError

MEANINGS["Attachment.field"] = AttachmentField


class FilePages(Pages):
    """Files (附件) have no pages of their own; the records that hold them list them."""

    model = Attachment
    path: ClassVar[str] = "files"
    leads: ClassVar[bool] = True

    def lay(self) -> None:
        """Add the routes."""
        self.site.get("/files/{id}", self.fetch, "file")
        self.site.post("/files/{id}/remove", self.take_away, "file-remove")

    async def fetch(self, request: Request) -> Response:
        """Lead to a file by a link that holds for a few minutes."""
        viewer, id_ = viewer_of(request), id_from(request.path_params["id"], Attachment)
        if viewer.house.files is None:
            raise NotFoundError()
        async with viewer.reading() as reader:
            await look_up(viewer.looking(reader.session), id_)
            until = reader.now + dt.timedelta(minutes=reader.policy(LINK_MINUTES))
        return RedirectResponse(viewer.house.files.link(id_, viewer.actor, until), 303)

    async def take_away(self, request: Request, form: FormData) -> Response:
        """Take away a file that may still go."""
        viewer, id_ = viewer_of(request), id_from(request.path_params["id"], Attachment)
        await viewer.act(lambda work: remove(work, id_))
        self.site.tell(request, "file_removed")
        return self.site.back(request, form)
