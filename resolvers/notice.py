"""Notices in GraphQL: the inbox of whoever asks, and what he wants by mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

from models import notice as domain
from models.kernel.journal import subject_number
from models.kernel.reads.asking import Asked, Asking
from models.notice import Severity
from resolvers.context import Info, tell
from resolvers.fields import Connection, Node, computed, needs, node, page_of, search, told
from resolvers.lookahead import LookAhead
from resolvers.scalars import Instant, uid
from resolvers.words import publish

publish(Severity)


def _severity(row: Mapping[str, Any], _reader: Any) -> Severity | None:
    kind = domain.notice_kinds().get(row["kind"])
    return kind.severity if kind else None


async def _told(row: Any, info: Info) -> domain.Told:
    if "told" not in row.__dict__:
        async with info.context.reading() as reader:
            (row.__dict__["told"],) = await domain.told(reader, [row], reader.actor.lang)
    found: domain.Told = row.__dict__["told"]
    return found


@node(domain.Notice, description="What one person is told of one event, in his language, as he may read it now.")
class Notice(Node):
    """A notice (通知)."""

    kind: str
    occurred_at: Instant
    read_at: Instant | None
    severity: Severity | None = computed("kind", of=_severity)
    subject_id: strawberry.ID | None = computed(
        "subject_kind", "subject_id", of=lambda row, _: subject_number(row), description="What it is about."
    )

    @strawberry.field(metadata=needs(*domain.COLUMNS))
    async def title(self, info: Info) -> str:
        """Say it in a few words."""
        return (await _told(self, info)).title

    @strawberry.field(metadata=needs(*domain.COLUMNS))
    async def sentence(self, info: Info) -> str:
        """Say it in a sentence, masked as the record is; neutral where the viewer no longer sees the record."""
        return (await _told(self, info)).sentence

    @strawberry.field(
        metadata=needs(*domain.COLUMNS), description="Where a portal shows it; null where the viewer sees it no longer."
    )
    async def path(self, info: Info) -> str | None:
        """Give the path of the record."""
        return (await _told(self, info)).path


@strawberry.type(description="Whether a kind of notice comes by mail too; the inbox has it in any case.")
class NotificationPreference:
    """What somebody gets of a kind of notice (通知设置)."""

    kind: str
    title_zh: str
    title_en: str
    severity: Severity
    by_mail: bool

    @classmethod
    def of(cls, choice: domain.Choice) -> NotificationPreference:
        """Take a choice of the domain."""
        kind = choice.kind
        return cls(
            kind=kind.code,
            title_zh=kind.title_zh,
            title_en=kind.title_en,
            severity=kind.severity,
            by_mail=choice.by_mail,
        )


@strawberry.input(description="Conditions on notices; all of them hold.")
class NoticeFilter:
    """Which notices."""

    unread: bool | None = None
    kind: list[str] | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions as the domain names them."""
        return {"read": None if self.unread is None else not self.unread, "kind": self.kind}


@strawberry.input(description="Which of one's own notices have been read; without ids all of them.")
class NoticeMarkReadInput:
    """Notices that were read."""

    ids: list[strawberry.ID] | None = None


@strawberry.type
class NoticeMarkReadPayload:
    """How many are unread still."""

    unread_notice_count: int


@strawberry.input(description="Choose whether a kind of notice comes by mail.")
class NotificationPreferenceSetInput:
    """A choice."""

    kind: str
    by_mail: bool


@strawberry.type
class NotificationPreferenceSetPayload:
    """Everything that one has chosen."""

    preferences: list[NotificationPreference]


def _preferences(asking: Asking) -> Asked:
    return [NotificationPreference.of(choice) for choice in (yield from domain.ask_choices(asking))]


@strawberry.type
class NoticeQuery:
    """What can be asked about notices."""

    @strawberry.field(metadata=search(domain.Notice), description="One's own notices, the newest first.")
    async def notices(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: NoticeFilter | None = None,
    ) -> Connection[Notice] | None:
        """List one's own notices."""
        wanted, total = LookAhead(info).of_connection(domain.Notice)
        arguments: dict[str, Any] = {"first": first, "after": after, "last": last, "before": before}
        async with info.context.reading() as reader:
            paged: Any = await reader.page(domain.Notice, wanted, page_of(**arguments, filter=filter), total=total)
            if wanted.columns.issuperset(domain.COLUMNS):
                told = await domain.told(reader, paged.nodes, reader.actor.lang)
                for row, words in zip(paged.nodes, told, strict=True):
                    row.__dict__["told"] = words
        return paged  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=told(domain.Notice, domain.ask_unread), description="How many of one's own notices are unread."
    )
    async def unread_notice_count(self, info: Info) -> int | None:
        """Count what is unread."""
        found: int = await tell(info)
        return found

    @strawberry.field(
        metadata=told(domain.NoticePreference, _preferences),
        description="The kinds of notice that may reach the viewer, and which of them come by mail.",
    )
    async def notification_preferences(self, info: Info) -> list[NotificationPreference] | None:
        """List what one has chosen."""
        found: list[NotificationPreference] = await tell(info)
        return found


@strawberry.type
class NoticeMutation:
    """What people do with their notices."""

    @strawberry.mutation(description="Mark some of one's own notices as read, or all of them. People only.")
    async def notice_mark_read(self, info: Info, input: NoticeMarkReadInput) -> NoticeMarkReadPayload | None:
        """Mark notices as read."""
        ids = None if input.ids is None else [uid(id, domain.Notice.prefix, "ids") for id in input.ids]
        return NoticeMarkReadPayload(
            unread_notice_count=await info.context.act(lambda work: domain.mark_read(work, ids))
        )

    @strawberry.mutation(description="Choose whether a kind of notice comes by mail. People only.")
    async def notification_preference_set(
        self, info: Info, input: NotificationPreferenceSetInput
    ) -> NotificationPreferenceSetPayload | None:
        """Choose what comes by mail."""
        await info.context.act(lambda work: domain.choose(work, input.kind, by_mail=input.by_mail))
        async with info.context.reading() as reader:
            return NotificationPreferenceSetPayload(preferences=await reader.run(_preferences(reader)))
