"""Entries of partners as types of the schema."""

from __future__ import annotations

from typing import Any

import strawberry

from models import entry as domain
from models.agreement import AgreementVersion as AgreementRow
from models.entry import EntryConcern, EntryStatus, EntryTerms, LegalForm
from models.kernel.values import public_id
from models.kernel.work import Work
from models.partner import PartnerKind, Path
from resolvers.agreement import AgreementVersion
from resolvers.context import Info
from resolvers.fields import Connection, Node, listed, many, needs, node, one
from resolvers.file import Attachment
from resolvers.identity.types import Account
from resolvers.mutation import Payload, answers
from resolvers.opportunity.types import Blocker
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant
from resolvers.steps import NextStep, blockers, next_steps
from resolvers.words import publish

publish(EntryStatus, LegalForm, EntryConcern)


def terms_of(info: Info) -> EntryTerms:
    """Give how entry is reached here."""
    terms: EntryTerms = info.context.extra["entry"]
    return terms


@strawberry.type(description="What a company still has to do before it joins (PL-16).")
class PartnerEntryNeeds:
    """What an entry needs (待办)."""

    next_step: str | None = strawberry.field(description="The verb of the company's own next step.")
    missing: list[str] = strawberry.field(description="Fields of the entry information without a value.")
    wrong: list[Blocker] = strawberry.field(description="What is wrong with those that have one.")
    has_licence: bool = strawberry.field(description="Without a business licence somebody looks at the entry first.")
    newest_terms: strawberry.ID | None = strawberry.field(description="The version of the service terms to accept.")
    paths: list[Path] = strawberry.field(description="The paths that may be chosen (PL-02).")


@node(domain.PartnerEntry, name="PartnerEntry", description="A company on its way to becoming a partner.")
class PartnerEntry(Node):
    """An entry (伙伴入驻)."""

    status: EntryStatus
    invited_name: str
    invited_email: str
    kind: PartnerKind
    invited_path: Path | None
    valid_until: Instant
    times_sent: int
    last_sent_at: Instant | None
    opened_at: Instant | None
    mobile: str | None
    email: str | None
    verified_at: Instant | None
    finish_by: Instant | None
    registered_at: Instant | None
    terms_accepted_at: Instant | None
    company_name: str | None
    credit_code: str | None
    legal_form: LegalForm | None
    province: str | None
    city: str | None
    address: str | None
    path: Path | None
    contact_name: str | None
    contact_title: str | None
    contact_email: str | None
    submitted_at: Instant | None
    concerns: list[EntryConcern]
    due_at: Instant | None
    escalated_at: Instant | None
    verdict_reason: str | None
    rejected_at: Instant | None
    joined_at: Instant | None
    created_at: Instant
    updated_at: Instant
    version: int
    issuer: Account | None = one("Who invited.")
    pdm: Account | None = one("The PDM whom the partner gets.")
    account: Account | None = one("The account that becomes the main account.")
    distributor: PartnerOrganisation | None = one("The tier-1 distributor of a reseller (PL-13).")
    partner: PartnerOrganisation | None = one("The partner that the company has become.")
    terms: AgreementVersion | None = one("The version of the service terms that was accepted.")

    @strawberry.field(metadata=many("attachments"), description="The business licence, newest first.")
    def attachments(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Attachment]:
        """List the files."""
        return listed(self, info)  # type: ignore[no-any-return]

    @strawberry.field(metadata=needs("id"), description="Steps that lead on from here, with what blocks each.")
    async def available_transitions(self, info: Info) -> list[NextStep]:
        """List the steps that this viewer's rights cover."""
        row: Any = self
        return await next_steps(info, row.uid, domain.standing)

    @strawberry.field(metadata=needs("id"), description="What the company still has to do.")
    async def needs(self, info: Info) -> PartnerEntryNeeds | None:
        """Say what is missing."""
        row: Any = self
        async with info.context.reading() as reader:
            work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
            found = await domain.needs_of(work, row.uid)
        if found is None:
            return None
        return PartnerEntryNeeds(
            next_step=found.next_step,
            missing=found.missing,
            wrong=blockers(found.wrong),
            has_licence=found.has_licence,
            newest_terms=strawberry.ID(public_id(AgreementRow.prefix, found.terms_id)) if found.terms_id else None,
            paths=found.paths,
        )


@strawberry.type(description="The mail of an invitation to enter before it is sent; its link stands below the text.")
class PartnerEntryPreview:
    """A preview of a mail (邮件预览)."""

    to: str
    subject: str
    paragraphs: list[str]


@strawberry.type(description="What a link to enter shows to whoever holds it; nothing in it says who was verified.")
class PartnerEntryCard:
    """An invitation to enter as its link shows it (入驻页)."""

    company_name: str
    kind: PartnerKind
    path: Path | None
    until: Instant = strawberry.field(description="When the link serves no more; earlier once somebody was verified.")
    verified: bool


@strawberry.type(description="A code that was sent.")
class PartnerEntryCodeSent:
    """A sent code (验证码已发送); whether the mobile number may be used is told with the code's verification."""

    expires_at: Instant


@strawberry.type(description="What lets whoever was verified register the account (PL-16).")
class PartnerEntryVerified:
    """A verification (验证通过)."""

    proof: str = strawberry.field(description="To be given with the registration; it is told once.")
    finish_by: Instant = strawberry.field(description="Within 24 hours, and within the link's time.")


@strawberry.type(description="The account that was registered; its person signs in with sessionCreate.")
class PartnerEntryRegistered:
    """A registered account (账号已注册)."""

    status: EntryStatus
    login: str


@strawberry.type
@answers(entry=domain.PartnerEntry)
class PartnerEntryPayload(Payload):
    """What an action on an entry answers."""

    entry: PartnerEntry | None = None
