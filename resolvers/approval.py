"""The approval queue in GraphQL: what waits, who looks at it, and the verdict."""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.utils.str_converters import to_camel_case

from models import approval as domain
from models.approval import ApprovalState
from models.kernel.reads import Reader, Row, Wanted
from models.kernel.record import Record
from models.kernel.values import instant_text, parse_instant, public_id
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.context import Context, Info, given, searched
from resolvers.fields import Connection, Node, by_id, computed, listed, many, needs, node, node_types, one, search
from resolvers.file import Attachment
from resolvers.identity.types import Account
from resolvers.lookahead import LookAhead
from resolvers.mutation import Action, Payload, act, answers
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, given_instant, uid
from resolvers.words import publish

publish(ApprovalState)


@strawberry.type(description="A reason to choose from.")
class ReasonChoice:
    """A reason code (原因代码) with its labels."""

    code: str
    label_zh: str
    label_en: str


@strawberry.type(description="What may be decided on entries of a kind.")
class Verdict:
    """A verdict (审批结论)."""

    verb: str
    label_zh: str
    label_en: str
    approves: bool
    reason_required: bool = strawberry.field(description="A text is needed.")
    reasons: list[ReasonChoice] = strawberry.field(description="One of these is needed where there are any.")
    names_fields: bool = strawberry.field(description="Fields must be named that are to be completed.")


@strawberry.type(description="A kind of decision.")
class ApprovalKind:
    """A kind of approval (审批类型)."""

    kind: str
    label_zh: str
    label_en: str
    verdicts: list[Verdict]
    fields: list[str] = strawberry.field(description="The fields that a send-back may name.")

    @classmethod
    def of(cls, kind: domain.ApprovalKind) -> ApprovalKind:
        """Write a registered kind for the wire."""
        return cls(
            kind=kind.name,
            label_zh=kind.zh,
            label_en=kind.en,
            fields=[to_camel_case(name) for name in kind.fields],
            verdicts=[
                Verdict(
                    verb=row.verb,
                    label_zh=row.zh,
                    label_en=row.en,
                    approves=row.approves,
                    reason_required=row.reason,
                    reasons=[ReasonChoice(code=one.value, label_zh=one.zh, label_en=one.en) for one in row.reasons],
                    names_fields=row.names_fields,
                )
                for row in kind.verdicts
            ],
        )


def _uuid(text: str) -> uuid.UUID:
    return uuid.UUID(text.rpartition("_")[2])


def _subject_id(row: Mapping[str, Any], _reader: Reader) -> str:
    return public_id(domain.kinds()[row["kind"]].model.prefix, _uuid(row["subject_id"]))


def _hours_left(row: Mapping[str, Any], reader: Reader) -> float | None:
    if row["due_at"] is None or row["closed_at"] is not None or reader.calendar is None:
        return None
    return reader.calendar.working_hours_left(reader.now, parse_instant(row["due_at"]))


def _claimed(row: Mapping[str, Any], reader: Reader) -> bool:
    until = row["claimed_until"]
    return bool(until is not None and until > instant_text(reader.now))


@node(domain.Approval, description="A record that waits for a decision.")
class Approval(Node):
    """An entry of the queue (审批)."""

    kind: str
    label: str
    state: ApprovalState
    office_id: str | None
    pool: bool
    opened_at: Instant
    due_at: Instant | None
    closed_at: Instant | None
    claimed_until: Instant | None
    verdict: str | None
    reason_code: str | None
    reason: str | None
    version: int
    subject_id: strawberry.ID = computed("kind", "subject_id", of=_subject_id, description="The record's own id.")
    claimed: bool = computed("claimed_until", of=_claimed, description="Somebody holds it now.")
    working_hours_left: float | None = computed(
        "due_at", "closed_at", of=_hours_left, description="Office hours until it is due, 8 a working day."
    )
    partner: PartnerOrganisation | None = one()
    requester: Account | None = one("Who submitted the record.")
    claimer: Account | None = one("Who claimed it last.")
    decider: Account | None = one("Who decided.")

    @strawberry.field(metadata=needs("kind"), description="What may be decided.")
    def about(self) -> ApprovalKind:
        """Tell the kind with its verdicts."""
        return ApprovalKind.of(domain.kinds()[self.kind])

    @strawberry.field(metadata=needs("kind", "subject_id"), description="The record itself, as the viewer gets it.")
    async def subject(self, info: Info) -> Node | None:
        """Give the record that waits."""
        model = domain.kinds()[self.kind].model
        if model not in node_types():
            return None
        wanted = LookAhead(info).of(model)
        row: Any = self
        found: Any = await _subjects(info.context).load((model, _uuid(row.__dict__["subject_id"]), wanted))
        return found  # type: ignore[no-any-return]

    @strawberry.field(metadata=many("attachments"), description="The evidence that goes with the verdict.")
    def attachments(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Attachment]:
        """List the files."""
        return listed(self, info)  # type: ignore[no-any-return]


def _subjects(context: Context) -> DataLoader[tuple[type[Record], Any, Wanted], Row | None]:
    """Read the records of a page of entries together, one statement for each kind of record."""

    async def load(keys: list[tuple[type[Record], Any, Wanted]]) -> list[Row | None]:
        found: dict[tuple[type[Record], Any, Wanted], Row] = {}
        async with context.reading() as reader:
            for model, wanted in dict.fromkeys((model, wanted) for model, _, wanted in keys):
                ids = [id for one, id, other in keys if (one, other) == (model, wanted)]
                rows = await reader.by_ids(model, ids, wanted)
                found |= {(model, id, wanted): row for id, row in rows.items()}
        return [found.get(key) for key in keys]

    loader: DataLoader[tuple[type[Record], Any, Wanted], Row | None] = context.extra.setdefault(
        "approval.subjects", DataLoader(load_fn=load, cache=False)
    )
    return loader


@strawberry.enum(description="What entries can be sorted by.")
class ApprovalSortKey(enum.Enum):
    """A sort key of the queue (排序字段)."""

    DUE_AT = "due_at"
    OPENED_AT = "opened_at"


@strawberry.input
class ApprovalSort:
    """One sort key with its direction."""

    by: ApprovalSortKey
    descending: bool = False


@strawberry.input
class ApprovalFilter:
    """Which entries; without a state the open ones."""

    kind: list[str] | None = None
    state: ApprovalState | None = ApprovalState.OPEN
    due_before: Instant | None = None
    due_after: Instant | None = None
    partner: strawberry.ID | None = None
    office: list[str] | None = None
    pool: bool | None = None
    mine: bool | None = strawberry.field(default=None, description="Claimed by the viewer.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {**vars(self), "partner": self.partner and uid(self.partner, PartnerRow.prefix, "partner")}


@strawberry.input
class ApprovalInput(Action):
    """An entry of the queue."""

    id: strawberry.ID


@strawberry.input
class ApprovalDecideInput(Action):
    """The verdict on an entry, and the version of the record as the reviewer read it."""

    id: strawberry.ID
    verdict: str = strawberry.field(description="A verb of `about.verdicts`.")
    version: int = strawberry.field(description="The version of the record under decision.")
    reason_code: str | None = None
    reason: str | None = None
    fields: list[str] = strawberry.field(default_factory=list, description="What a send-back asks to complete.")
    duplicate_of: strawberry.ID | None = strawberry.field(
        default=None, description="The record that this one is a duplicate of, where that is the reason."
    )
    expires_at: Instant | None = strawberry.field(
        default=None, description="Until when it is approved, where the kind has an end; a default without it."
    )
    grants: list[str] | None = strawberry.field(
        default=None,
        description="Of a tool's operation: the permissions `…:plain` of ruled fields it may read plainly.",
    )


@strawberry.type
@answers(approval=domain.Approval)
class ApprovalPayload(Payload):
    """What an action at the queue answers."""

    approval: Approval | None = None


@strawberry.type
class ApprovalQuery:
    """What can be asked about the queue."""

    @strawberry.field(
        metadata=search(domain.Approval, filter=ApprovalFilter),
        description="The entries that the viewer may decide on, the most urgent first.",
    )
    async def approvals(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: ApprovalFilter | None = None,
        sort: list[ApprovalSort] | None = None,
    ) -> Connection[Approval] | None:
        """List entries."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=by_id(domain.Approval), description="One entry; null where the viewer may not decide on it."
    )
    async def approval(self, info: Info, id: strawberry.ID) -> Approval | None:
        """Give one entry."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="Every kind of decision, with its verdicts and their reasons.")
    def approval_kinds(self, info: Info) -> list[ApprovalKind]:
        """List the kinds of decision."""
        _ = info.context.actor
        return [ApprovalKind.of(kind) for kind in domain.kinds().values()]


@strawberry.type
class ApprovalMutation:
    """What a reviewer does at the queue."""

    @strawberry.mutation(description="Take an entry for half an hour; its ruled fields are read plainly meanwhile.")
    async def approval_claim(self, info: Info, input: ApprovalInput) -> ApprovalPayload | None:
        """Claim an entry."""
        id = uid(input.id, domain.Approval.prefix)
        return await act(info, input, lambda work: domain.claim(work, id), ApprovalPayload, "approval")

    @strawberry.mutation(description="Give a claimed entry back.")
    async def approval_release(self, info: Info, input: ApprovalInput) -> ApprovalPayload | None:
        """Release an entry."""
        id = uid(input.id, domain.Approval.prefix)
        return await act(info, input, lambda work: domain.release(work, id), ApprovalPayload, "approval")

    @strawberry.mutation(description="Decide on the record that waits.")
    async def approval_decide(self, info: Info, input: ApprovalDecideInput) -> ApprovalPayload | None:
        """Decide."""
        id = uid(input.id, domain.Approval.prefix)
        values: dict[str, Any] = {}
        if input.duplicate_of is not None:
            prefix = input.duplicate_of.partition("_")[0]
            values["duplicate_of_id"] = uid(input.duplicate_of, prefix, "duplicateOf")
        values |= {"expires_at": given_instant(input.expires_at)} if input.expires_at is not None else {}
        values |= {"grants": input.grants} if input.grants is not None else {}
        return await act(
            info,
            input,
            lambda work: domain.decide(
                work,
                id,
                input.verdict,
                reason_code=input.reason_code,
                reason=input.reason,
                fields=tuple(re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name) for name in input.fields),
                version=input.version,
                **values,
            ),
            ApprovalPayload,
            "approval",
        )
