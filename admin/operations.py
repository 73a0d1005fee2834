"""Pages of tools and of what they run: clients with their mode, versions, documents with analysis and usage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.approval import ask_for, show_for
from admin.pages.fields import Column, beijing
from admin.pages.finding import Find
from admin.pages.inputs import Input
from admin.pages.records import RecordPages, Related, Section
from admin.pages.steps import Given, Step, version_of
from admin.viewer import Viewer, viewer_of
from models import operations as domain
from models.identity import ClientApplication, ClientMode, set_mode
from models.kernel.errors import ValueNotAllowedError
from models.kernel.reads import Reader
from models.kernel.work import Work
from models.operations import DocumentKind, DocumentStatus, OperationDocument, OperationManifest, Tally
from models.rights import Right

MOST_SHOWN = 200
TERMS = (Input("expires_at", "instant", hint="admission_end_hint"), Input("grants", "many", options=()))


@dataclass(frozen=True)
class Used:
    """A document with its usage, as a page shows it (操作用量)."""

    id: str
    name: str
    status: DocumentStatus
    calls: int
    errors: int
    p95: str
    last_seen: str

    @classmethod
    def of(cls, document: OperationDocument, tally: Tally) -> Used:
        """Write a document's usage for people."""
        return cls(
            id=document.public_id,
            name=document.name or document.external_id,
            status=document.status,
            calls=tally.calls,
            errors=tally.errors,
            p95=f"{tally.p95:g} ms" if tally.p95 is not None else "",
            last_seen=beijing(tally.last_seen_at) if tally.last_seen_at else "",
        )


async def about(_viewer: Viewer, reader: Reader, document: OperationDocument) -> dict[str, Any]:
    """Gather what a page shows of a document: text, analysis, usage, and what changed."""
    usage = await domain.usage_of(reader.session, [document.id], reader.now)
    client = await reader.session.get(ClientApplication, document.client_id)
    return {
        "client": client,
        "document": document,
        "analysis": document.analysis,
        "change": await domain.change_of(reader.session, document),
        "used": Used.of(document, usage.get(document.id) or Tally()),
    }


async def _grants(work: Work, document: OperationDocument) -> Sequence[tuple[str, str]]:
    client = await work.first(select(ClientApplication).where(ClientApplication.id == document.client_id))
    offered = domain.grantable(document, client.side)
    return [(permission, f"{permission} ({', '.join(fields)})") for permission, fields in offered.items()]


async def _renew(work: Work, id: UUID, given: Given) -> Any:
    terms = given.values
    return await domain.renew(
        work, id, expires_at=terms.get("expires_at"), grants=terms.get("grants"), version=given.version
    )


async def _revoke(work: Work, id: UUID, given: Given) -> Any:
    return await domain.revoke(work, id, reason=given.reason, version=given.version)


async def _retire(work: Work, id: UUID, given: Given) -> Any:
    return await domain.retire(work, id, at=given.values.get("retire_at"), version=given.version)


async def _unretire(work: Work, id: UUID, given: Given) -> Any:
    return await domain.unretire(work, id, version=given.version)


class ClientPages(RecordPages):
    """The pages of tools (客户端应用)."""

    model = ClientApplication
    path: ClassVar[str] = "clients"
    title: ClassVar[str] = "clients"
    icon: ClassVar[str] = "ti ti-plug"
    group: ClassVar[str] = "group_system"
    rights = (Right.OPERATIONS_READ_ALL, Right.ACCOUNT_MANAGE)
    heading = Column("name")
    columns = (
        Column("name", opens=True),
        Column("mode"),
        Column("partner.name"),
        Column("side"),
        Column("active"),
        Column("created_at"),
    )
    sections = (
        Section(
            "facts",
            (
                Column("name"),
                Column("purpose", wide=True),
                Column("mode"),
                Column("partner.name"),
                Column("side"),
                Column("created_by.name"),
                Column("active"),
                Column("created_at"),
            ),
        ),
    )
    lists = (
        Related(
            "manifests",
            "manifests",
            (
                Column("label", opens=True),
                Column("format"),
                Column("size"),
                Column("status"),
                Column("retire_at"),
                Column("published_by_name"),
                Column("created_at"),
            ),
        ),
    )
    detail_template = "client.html"

    def lay(self) -> None:
        """Add the route that switches the mode."""
        super().lay()
        self.site.post("/clients/{id}/mode", self.take_mode, "client-mode")

    async def beside(self, viewer: Viewer, reader: Reader, record: Any) -> dict[str, Any]:
        """List the documents of the tool with their usage, and the modes to choose from."""
        found = await reader.session.execute(
            select(OperationDocument)
            .where(OperationDocument.client_id == record.id, OperationDocument.visible_to(viewer.actor))
            .order_by(col(OperationDocument.created_at).desc(), col(OperationDocument.id).desc())
            .limit(MOST_SHOWN)
        )
        documents = list(found.scalars())
        usage = await domain.usage_of(reader.session, [one.id for one in documents], reader.now)
        return {
            "modes": list(ClientMode),
            "mode": record.mode,
            "may_switch": viewer.actor.may(Right.OPERATIONS_ADMIT) or viewer.actor.may(Right.CLIENT_MANAGE),
            "used": [Used.of(one, usage.get(one.id) or Tally()) for one in documents],
        }

    async def take_mode(self, request: Request, form: FormData) -> Response:
        """Switch the mode, from the tool's next call on."""
        viewer, id_ = viewer_of(request), self.id_of(request)
        code = str(form.get("mode") or "")
        if code not in ClientMode.__members__:
            raise ValueNotAllowedError(path="mode", value=code[:40])
        await viewer.act(
            lambda work: set_mode(
                work, id_, ClientMode[code], production=viewer.house.production, version=version_of(form)
            )
        )
        self.site.tell(request, "saved")
        return self.site.go(f"{self.address}/{request.path_params['id']}")


class ManifestPages(RecordPages):
    """The pages of versions (操作清单版本)."""

    model = OperationManifest
    path: ClassVar[str] = "operation-versions"
    title: ClassVar[str] = "manifests"
    icon: ClassVar[str] = "ti ti-versions"
    group: ClassVar[str] = "group_system"
    rights = (Right.OPERATIONS_READ_ALL, Right.ACCOUNT_MANAGE)
    heading = Column("label")
    status = "status"
    columns = (
        Column("label", opens=True),
        Column("client.name"),
        Column("format"),
        Column("size"),
        Column("status"),
        Column("retire_at"),
        Column("published_by_name"),
        Column("created_at"),
    )
    sections = (
        Section(
            "facts",
            (
                Column("label"),
                Column("client.name"),
                Column("format"),
                Column("size"),
                Column("status"),
                Column("retire_at"),
                Column("published_by_name"),
                Column("created_at"),
            ),
        ),
    )
    lists = (
        Related(
            "entries",
            "operations",
            (
                Column("document.name"),
                Column("document.status", label="status"),
                Column("document.kind", label="document_kind"),
                Column("document.cost", label="cost"),
                Column("external_id", wide=True),
            ),
            first=100,
        ),
    )
    steps = {
        "retire": Step(_retire, (Input("retire_at", "instant", hint="retire_hint"),)),
        "unretire": Step(_unretire),
    }


class DocumentPages(RecordPages):
    """The pages of documents (持久化操作)."""

    model = OperationDocument
    path: ClassVar[str] = "operations"
    title: ClassVar[str] = "operations"
    icon: ClassVar[str] = "ti ti-file-code"
    group: ClassVar[str] = "group_system"
    rights = (Right.OPERATIONS_READ_ALL, Right.ACCOUNT_MANAGE)
    heading = Column("name")
    status = "status"
    columns = (
        Column("name", opens=True),
        Column("status", badge=True),
        Column("client.name"),
        Column("partner.name"),
        Column("kind"),
        Column("depth"),
        Column("cost"),
        Column("expires_at"),
        Column("created_at"),
    )
    finds = (
        Find("name"),
        Find("status", "choice", words=DocumentStatus),
        Find("kind", "choice", words=DocumentKind),
    )
    sections = (
        Section(
            "facts",
            (
                Column("status", badge=True),
                Column("client.name"),
                Column("partner.name"),
                Column("kind"),
                Column("depth"),
                Column("cost"),
                Column("external_id", wide=True),
                Column("submitter.name"),
                Column("created_at"),
                Column("admitted_at"),
                Column("expires_at"),
                Column("grants", wide=True),
            ),
        ),
        Section("operation_verdict", (Column("verdict_reason", wide=True),), optional=True),
    )
    steps = {
        "renew": Step(_renew, TERMS, options={"grants": _grants}),
        "revoke": Step(_revoke),
    }
    detail_template = "operation.html"

    async def beside(self, viewer: Viewer, reader: Reader, record: Any) -> dict[str, Any]:
        """Show text, analysis, usage, and what changed."""
        return {"extra": await about(viewer, reader, record)}


ask_for(domain.ADMISSION, "admit", *TERMS, grants=_grants)
show_for(domain.ADMISSION, "operation_facts.html", about)
