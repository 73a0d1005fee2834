"""What is asked about invitations and done with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from models import invitation as domain
from models.agreement import AgreementVersion as AgreementRow
from models.customer import AssociationType
from models.customer_report import CustomerReport as ReportRow
from models.kernel.errors import DomainError
from models.kernel.record import Record
from models.kernel.values import instant_text
from models.kernel.work import Work, run_write
from resolvers.context import Info, given, searched
from resolvers.fields import Connection, by_id, search
from resolvers.invitation.inputs import (
    InvitationAcceptInput,
    InvitationActivityCreateInput,
    InvitationActivityFilter,
    InvitationFilter,
    InvitationInput,
    InvitationLinkAcceptInput,
    InvitationLinkCreateInput,
    InvitationLinkInput,
    InvitationLinkRefuseInput,
    InvitationRefuseInput,
    InvitationSendInput,
    InvitationSort,
    InvitationWithdrawInput,
)
from resolvers.invitation.types import (
    Invitation,
    InvitationActivity,
    InvitationActivityPayload,
    InvitationAnswer,
    InvitationCard,
    InvitationPayload,
    InvitationPreview,
    InvitationsPayload,
    MailLanguage,
    terms_of,
)
from resolvers.lookahead import LookAhead
from resolvers.mutation import act, keyed
from resolvers.scalars import Instant, given_instant, uid

T = TypeVar("T")


@strawberry.type
class InvitationQuery:
    """What can be asked about invitations."""

    @strawberry.field(metadata=by_id(domain.Invitation), description="One invitation; null where the viewer sees none.")
    async def invitation(self, info: Info, id: strawberry.ID) -> Invitation | None:
        """Give one invitation."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.Invitation),
        description="The invitations that the viewer sees; a customer's own are those made to it.",
    )
    async def invitations(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: InvitationFilter | None = None,
        sort: list[InvitationSort] | None = None,
    ) -> Connection[Invitation] | None:
        """List invitations."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.InvitationActivity),
        description="The activities that the viewer sees, the one that ends last first.",
    )
    async def invitation_activities(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: InvitationActivityFilter | None = None,
    ) -> Connection[InvitationActivity] | None:
        """List activities."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="The mail as it would be sent now, or what stands against it (COL-5.3.1).")
    async def invitation_preview(
        self,
        info: Info,
        report: strawberry.ID,
        association_type: AssociationType,
        language: MailLanguage = MailLanguage.ZH,
    ) -> InvitationPreview | None:
        """Show the mail before it is sent."""
        id = uid(report, ReportRow.prefix, "report")
        async with info.context.reading() as reader:
            work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
            words = await domain.preview(work, id, association_type, language=language.lang)
        return InvitationPreview(to=words.to, subject=words.subject, paragraphs=list(words.paragraphs))


@strawberry.type
class InvitationMutation:
    """What is done with invitations."""

    @strawberry.mutation(description="Invite reported customers by mail, all or none (COL-5.3.1, COL-5.3.2).")
    async def invitation_send(self, info: Info, input: InvitationSendInput) -> InvitationsPayload | None:
        """Invite by mail."""
        reports = [uid(id, ReportRow.prefix, "reports") for id in input.reports]

        async def action(work: Work) -> list[Record]:
            lang = input.language.lang
            return [*await domain.send_by_mail(work, reports, input.association_type, language=lang)]

        if input.validate_only:
            await info.context.act(action, dry=True)
            return InvitationsPayload()
        ids, replayed = await keyed(info, input, action)
        wanted = LookAhead(info).inside(domain.Invitation, "invitations")
        async with info.context.reading() as reader:
            rows: Any = await reader.by_ids(domain.Invitation, ids, wanted)
        return InvitationsPayload(ids=tuple(ids), replayed=replayed, invitations=[rows[id] for id in ids if id in rows])

    @strawberry.mutation(description="Make a link and QR code for the partner to pass on (COL-5.3.3).")
    async def invitation_link_create(self, info: Info, input: InvitationLinkCreateInput) -> InvitationPayload | None:
        """Make a link."""
        report = input.report and uid(input.report, ReportRow.prefix, "report")
        activity = input.activity and uid(input.activity, domain.InvitationActivity.prefix, "activity")
        return await act(
            info,
            input,
            lambda work: domain.open_link(
                work,
                input.association_type,
                report_id=report or None,
                tag_kind=input.tag_kind,
                tag=input.tag,
                activity_id=activity or None,
            ),
            InvitationPayload,
            "invitation",
        )

    @strawberry.mutation(description="Send the mail of an invitation that waits once more.")
    async def invitation_resend(self, info: Info, input: InvitationInput) -> InvitationPayload | None:
        """Send the mail again."""
        id = uid(input.id, domain.Invitation.prefix)
        return await act(info, input, lambda work: domain.resend(work, id), InvitationPayload, "invitation")

    @strawberry.mutation(description="Take an invitation back before it is answered.")
    async def invitation_withdraw(self, info: Info, input: InvitationWithdrawInput) -> InvitationPayload | None:
        """Withdraw an invitation."""
        id = uid(input.id, domain.Invitation.prefix)
        return await act(
            info, input, lambda work: domain.withdraw(work, id, version=input.version), InvitationPayload, "invitation"
        )

    @strawberry.mutation(description="Accept as the customer that is signed in; each cause against it is told.")
    async def invitation_accept(self, info: Info, input: InvitationAcceptInput) -> InvitationPayload | None:
        """Accept an invitation."""
        id, agreed = uid(input.id, domain.Invitation.prefix), _agreed(input.agreement)
        try:
            return await act(
                info, input, lambda work: domain.accept(work, id, agreed_to=agreed), InvitationPayload, "invitation"
            )
        except DomainError as error:
            if not input.validate_only:
                await _noted(info, id, error)
            raise

    @strawberry.mutation(description="Refuse as the customer that is signed in.")
    async def invitation_refuse(self, info: Info, input: InvitationRefuseInput) -> InvitationPayload | None:
        """Refuse an invitation."""
        id = uid(input.id, domain.Invitation.prefix)
        return await act(
            info, input, lambda work: domain.decline(work, id, reason=input.reason), InvitationPayload, "invitation"
        )

    @strawberry.mutation(description="Open a link, signed in or not: who invites, as what, and the notice to read.")
    async def invitation_link_open(self, info: Info, input: InvitationLinkInput) -> InvitationCard | None:
        """Open a link."""
        id = terms_of(info).read(input.link)
        card = await _as_bearer(info, lambda work: domain.card(work, id))
        notice = card.agreement
        return InvitationCard(
            partner_name=card.partner_name,
            association_type=card.association_type,
            valid_until=Instant(instant_text(card.valid_until)),
            by_link=card.by_link,
            agreement_id=strawberry.ID(notice.public_id) if notice else None,
            agreement_number=notice.number if notice else None,
            agreement_title_zh=notice.title_zh if notice else None,
            agreement_title_en=notice.title_en if notice else None,
            agreement_content_zh=notice.content_zh if notice else None,
            agreement_content_en=notice.content_en if notice else None,
        )

    @strawberry.mutation(description="Accept by a link: as the customer signed in, or by that of a mail alone.")
    async def invitation_link_accept(self, info: Info, input: InvitationLinkAcceptInput) -> InvitationAnswer | None:
        """Accept by a link."""
        id, agreed = terms_of(info).read(input.link), _agreed(input.agreement)
        try:
            done = await _as_bearer(info, lambda work: domain.accept(work, id, agreed_to=agreed, by_link=True))
        except DomainError as error:
            await _noted(info, id, error)
            raise
        return InvitationAnswer(status=done.status)

    @strawberry.mutation(description="Refuse by a link: as the customer signed in, or by that of a mail alone.")
    async def invitation_link_refuse(self, info: Info, input: InvitationLinkRefuseInput) -> InvitationAnswer | None:
        """Refuse by a link."""
        id = terms_of(info).read(input.link)
        done = await _as_bearer(info, lambda work: domain.decline(work, id, reason=input.reason, by_link=True))
        return InvitationAnswer(status=done.status)

    @strawberry.mutation(description="Open an activity whose links carry its tag and end with it (COL-5.3.5).")
    async def invitation_activity_create(
        self, info: Info, input: InvitationActivityCreateInput
    ) -> InvitationActivityPayload | None:
        """Open an activity."""
        begins, ends = given_instant(input.begins_at), given_instant(input.ends_at)
        assert begins is not None, "the schema asks for it"
        assert ends is not None, "the schema asks for it"
        return await act(
            info,
            input,
            lambda work: domain.open_activity(work, name=input.name, tag=input.tag, begins_at=begins, ends_at=ends),
            InvitationActivityPayload,
            "activity",
        )


def _agreed(id: strawberry.ID | None) -> UUID | None:
    return uid(id, AgreementRow.prefix, "agreement") if id is not None else None


async def _as_bearer(info: Info, deed: Callable[[Work], Awaitable[T]]) -> T:
    """Act as whoever is signed in, or as the one who holds a link."""
    context = info.context
    actor = context.viewer or domain.BEARER
    done = await run_write(context.store, actor, deed, clock=context.clock, request_id=context.request_id)
    await context.refresh()
    return done


async def _noted(info: Info, id: UUID, error: DomainError) -> None:
    await _as_bearer(info, lambda work: domain.note_failure(work, id, error))
