"""The journal as the API shows it."""

from __future__ import annotations

from typing import Any

import strawberry

from models.kernel import journal as domain
from models.kernel.access import Side
from resolvers.context import Info, searched
from resolvers.fields import Connection, Node, computed, node, search
from resolvers.scalars import JSON, Instant, uid
from resolvers.words import publish

publish(Side)


@node(domain.JournalLine, name="JournalLine", description="One deed; ruled values stand masked, with a keyed hash.")
class JournalLine(Node):
    """A line of the journal (操作记录)."""

    at: Instant
    actor_name: str
    actor_side: Side
    operation: str
    operation_zh: str
    operation_en: str
    resource_type: str
    event: str
    subject_kind: str
    subject_id: strawberry.ID | None = computed(
        "subject_kind", "subject_id", of=lambda row, _: domain.subject_number(row), description="Whom it was done to."
    )
    from_status: str | None
    to_status: str | None
    reason_code: str | None
    reason: str | None
    request_id: str | None
    changes: JSON


@strawberry.input(description="Conditions on journal lines; all of them hold.")
class JournalFilter:
    """Which lines of the journal."""

    subject: strawberry.ID | None = None
    operation: list[str] | None = None
    at_from: Instant | None = None
    at_before: Instant | None = None
    side: Side | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions as the domain names them."""
        values = {name: getattr(self, name) for name in ("operation", "at_from", "at_before", "side")}
        return values | {"subject": uid(self.subject, str(self.subject).split("_")[0]) if self.subject else None}


@strawberry.type
class JournalQuery:
    """What can be asked of the journal."""

    @strawberry.field(metadata=search(domain.JournalLine), description="Who did what to what, newest first.")
    async def journal(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: JournalFilter | None = None,
    ) -> Connection[JournalLine] | None:
        """List the journal lines that the viewer sees."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]
