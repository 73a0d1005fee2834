"""Exports in GraphQL: ask for one, follow it, cancel it, and get the link to its file."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models import export as domain
from models.export import ExportFormat, ExportKind, ExportStatus
from models.export.conditions import Conditions
from models.export.links import link_to
from models.kernel.errors import ValueNotAllowedError
from models.kernel.words import Lang
from resolvers.consumption import ConsumptionDetailFilter, ConsumptionSummaryFilter, PerformanceDetailFilter
from resolvers.context import Info, given, searched
from resolvers.customer import CustomerFilter
from resolvers.fields import Connection, Node, by_id, computed, needs, node, one, page_of, search
from resolvers.identity.types import Account
from resolvers.journal import JournalFilter
from resolvers.mutation import Action, Payload, act, answers
from resolvers.opportunity.inputs import OpportunityFilter
from resolvers.scalars import JSON, Instant, uid
from resolvers.words import publish

publish(ExportKind, ExportFormat, ExportStatus)


@strawberry.enum(description="The language of a file's headings and labels.")
class Language(enum.Enum):
    """A language (语言)."""

    ZH = "zh"
    EN = "en"


@strawberry.type(description="Why an export ended without a file.")
class ExportFailure:
    """Why an export failed (失败原因)."""

    code: str
    message_zh: str
    message_en: str


def _failure(row: Any, _reader: Any) -> ExportFailure | None:
    told = row["failure"]
    return ExportFailure(code=told["code"], message_zh=told["zh"], message_en=told["en"]) if told else None


@node(domain.ExportRecord, name="Export", description="One file that somebody asked for; made in the background.")
class Export(Node):
    """An export (导出记录)."""

    kind: ExportKind
    format: ExportFormat
    status: ExportStatus
    language: str
    columns: list[str]
    asked: JSON
    reason: str | None
    rows_done: int
    rows_total: int | None
    size: int | None
    sha256: str | None
    created_at: Instant
    finished_at: Instant | None
    expires_at: Instant | None
    version: int
    requester: Account | None = one("Who asked for it.")
    failure: ExportFailure | None = computed("failure", of=_failure)

    @strawberry.field(
        description="Where to fetch the file within five minutes; null until it is done, and for everybody else.",
        metadata=needs("status", "requested_by", "expires_at", "rows_done", "rows_total"),
    )
    def link(self: Any, info: Info) -> str | None:
        """Write a short-lived link."""
        actor, now = info.context.actor, info.context.now()
        if not domain.Facts.of(self, actor, now).ready:
            return None
        return link_to(self.uid, actor.id, info.context.extra["export_key"], now)


@strawberry.input(description="Conditions on exports; all of them hold.")
class ExportFilter:
    """Which exports (筛选条件)."""

    kind: list[ExportKind] | None = None
    status: list[ExportStatus] | None = None


@strawberry.input(description="A file to be made; the filter of its kind narrows its rows.")
class ExportCreateInput(Action):
    """An export to ask for (申请导出)."""

    kind: ExportKind
    format: ExportFormat = ExportFormat.XLSX
    opportunities: OpportunityFilter | None = None
    customers: CustomerFilter | None = None
    journal: JournalFilter | None = None
    consumption: ConsumptionSummaryFilter | None = None
    consumption_details: ConsumptionDetailFilter | None = None
    performance: PerformanceDetailFilter | None = None
    columns: list[str] | None = strawberry.field(
        default=None, description="Names as in the field `columns` of an export; without them all that one may see."
    )
    language: Language | None = None
    reason: str | None = strawberry.field(default=None, description="Required of Huawei's staff.")

    def conditions(self) -> Conditions:
        """Give the conditions of the kind; those of another kind have no business here."""
        given = {
            ExportKind.OPPORTUNITIES: self.opportunities,
            ExportKind.CUSTOMERS: self.customers,
            ExportKind.JOURNAL: self.journal,
            ExportKind.CONSUMPTION: self.consumption,
            ExportKind.CONSUMPTION_DETAILS: self.consumption_details,
            ExportKind.PERFORMANCE: self.performance,
        }
        for kind, filter in given.items():
            if filter is not None and kind is not self.kind:
                raise ValueNotAllowedError(path=kind.value.lower(), value=self.kind)
        return page_of(filter=given[self.kind]).filter


@strawberry.input
class ExportCancelInput(Action):
    """An export to cancel (取消导出)."""

    id: strawberry.ID


@strawberry.type
@answers(export=domain.ExportRecord)
class ExportPayload(Payload):
    """What an action on an export answers."""

    export: Export | None = None


@strawberry.type
class ExportQuery:
    """What can be asked about exports."""

    @strawberry.field(
        metadata=search(domain.ExportRecord),
        description="The exports that one asked for, the newest first; auditors see everybody's.",
    )
    async def exports(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: ExportFilter | None = None,
    ) -> Connection[Export] | None:
        """List exports."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=by_id(domain.ExportRecord),
        description="One export, with its progress and, once it is done, the link to its file.",
    )
    async def export(self, info: Info, id: strawberry.ID) -> Export | None:
        """Give one export."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]


@strawberry.type
class ExportMutation:
    """What can be done with exports."""

    @strawberry.mutation(
        description="Ask for a file of the rows that one sees (COL-2.8.4); it is made in the background."
    )
    async def export_create(self, info: Info, input: ExportCreateInput) -> ExportPayload | None:
        """Ask for an export."""
        conditions = input.conditions()
        language: Lang | None = input.language.value if input.language else None
        return await act(
            info,
            input,
            lambda work: domain.request(
                work,
                input.kind,
                input.format,
                conditions=conditions,
                columns=input.columns,
                language=language,
                reason=input.reason,
            ),
            ExportPayload,
            "export",
        )

    @strawberry.mutation(description="Cancel an export that waits or runs.")
    async def export_cancel(self, info: Info, input: ExportCancelInput) -> ExportPayload | None:
        """Cancel an export."""
        key = uid(input.id, domain.ExportRecord.prefix)
        return await act(info, input, lambda work: domain.cancel(work, key), ExportPayload, "export")


__all__ = ["ExportMutation", "ExportQuery", "Language"]
