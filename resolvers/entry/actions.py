"""What is asked about entries and done with them: by Huawei, by whoever holds a link, by the applicant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from models import entry as domain
from models.agreement import AgreementVersion as AgreementRow
from models.approval import DecisionInput
from models.entry.review import review
from models.kernel.values import instant_text
from models.kernel.work import Work, run_write
from resolvers.context import Info, given, searched, single
from resolvers.entry.inputs import (
    PartnerEntryCodeRequestInput,
    PartnerEntryFilter,
    PartnerEntryInformation,
    PartnerEntryInput,
    PartnerEntryInvitation,
    PartnerEntryInviteInput,
    PartnerEntryLinkInput,
    PartnerEntryRegisterInput,
    PartnerEntryRejectInput,
    PartnerEntrySaveInput,
    PartnerEntrySort,
    PartnerEntrySubmitInput,
    PartnerEntryTermsAcceptInput,
    PartnerEntryVerifyInput,
    PartnerEntryVersionInput,
)
from resolvers.entry.types import (
    PartnerEntry,
    PartnerEntryCard,
    PartnerEntryCodeSent,
    PartnerEntryPayload,
    PartnerEntryPreview,
    PartnerEntryRegistered,
    PartnerEntryVerified,
    terms_of,
)
from resolvers.fields import Connection, by_id, search
from resolvers.mutation import act, patch
from resolvers.scalars import Instant, uid

T = TypeVar("T")


@strawberry.type
class PartnerEntryQuery:
    """What can be asked about entries."""

    @strawberry.field(metadata=by_id(domain.PartnerEntry), description="One entry; null where the viewer sees none.")
    async def partner_entry(self, info: Info, id: strawberry.ID) -> PartnerEntry | None:
        """Give one entry."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(metadata=search(domain.PartnerEntry), description="The entries that the viewer sees.")
    async def partner_entries(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: PartnerEntryFilter | None = None,
        sort: list[PartnerEntrySort] | None = None,
    ) -> Connection[PartnerEntry] | None:
        """List entries."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="The entry by which the viewer's account was registered, and what it still needs.")
    async def my_partner_entry(self, info: Info) -> PartnerEntry | None:
        """Give one's own entry."""
        async with info.context.reading() as reader:
            id = await domain.own_entry(Work(reader.session, reader.actor, reader.now, journal_key=b""))
        found: Any = await single(info, domain.PartnerEntry, id) if id is not None else None
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="The mail of an invitation as it would be sent now, or what stands against it.")
    async def partner_entry_preview(self, info: Info, invitation: PartnerEntryInvitation) -> PartnerEntryPreview | None:
        """Show the mail before it is sent."""
        values = invitation.values()
        async with info.context.reading() as reader:
            work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
            words = await domain.preview(work, values)
        return PartnerEntryPreview(to=words.to, subject=words.subject, paragraphs=list(words.paragraphs))


@strawberry.type
class PartnerEntryMutation:
    """What is done with entries."""

    @strawberry.mutation(description="Invite a company by mail to become a partner (PL-02, PL-16).")
    async def partner_entry_invite(self, info: Info, input: PartnerEntryInviteInput) -> PartnerEntryPayload | None:
        """Invite a company."""
        values = input.invitation.values()
        return await act(info, input, lambda work: domain.invite(work, values), PartnerEntryPayload, "entry")

    @strawberry.mutation(description="Send the mail of an invitation that waits once more.")
    async def partner_entry_resend(self, info: Info, input: PartnerEntryInput) -> PartnerEntryPayload | None:
        """Send the mail again."""
        id = _id(input.id)
        return await act(info, input, lambda work: domain.resend(work, id), PartnerEntryPayload, "entry")

    @strawberry.mutation(description="Take an invitation back before an account is registered by it.")
    async def partner_entry_withdraw(self, info: Info, input: PartnerEntryVersionInput) -> PartnerEntryPayload | None:
        """Withdraw an invitation."""
        id, version = _id(input.id), input.version
        return await act(
            info, input, lambda work: domain.withdraw(work, id, version=version), PartnerEntryPayload, "entry"
        )

    @strawberry.mutation(description="Open a link, signed in or not: who is invited as what, and until when.")
    async def partner_entry_link_open(self, info: Info, input: PartnerEntryLinkInput) -> PartnerEntryCard | None:
        """Open a link."""
        id = terms_of(info).read(input.link)
        card = await _by_link(info, lambda work: domain.card(work, id))
        return PartnerEntryCard(
            company_name=card.company_name,
            kind=card.kind,
            path=card.path,
            until=Instant(instant_text(card.until)),
            verified=card.verified,
        )

    @strawberry.mutation(description="Have a code of six digits sent to one's mailbox (PL-16).")
    async def partner_entry_code_request(
        self, info: Info, input: PartnerEntryCodeRequestInput
    ) -> PartnerEntryCodeSent | None:
        """Ask for a code."""
        id, address = terms_of(info).read(input.link), info.context.extra["address"]
        code = await _by_link(
            info,
            lambda work: domain.request_code(work, id, mobile=input.mobile, email=input.email, address=address),
        )
        return PartnerEntryCodeSent(expires_at=Instant(instant_text(code.expires_at)))

    @strawberry.mutation(description="Give the code back; the account is to be registered within 24 hours (PL-16).")
    async def partner_entry_verify(self, info: Info, input: PartnerEntryVerifyInput) -> PartnerEntryVerified | None:
        """Be verified."""
        terms = terms_of(info)
        id = terms.read(input.link)
        entry, code = await _by_link(info, lambda work: domain.verify(work, id, input.code))
        until = entry.finish_by or entry.valid_until
        return PartnerEntryVerified(proof=terms.proof(code.id, until), finish_by=Instant(instant_text(until)))

    @strawberry.mutation(description="Register the account, once a link; then sign in with sessionCreate (PL-16).")
    async def partner_entry_register(
        self, info: Info, input: PartnerEntryRegisterInput
    ) -> PartnerEntryRegistered | None:
        """Register the account."""
        context, terms = info.context, terms_of(info)
        id = terms.read(input.link)
        code = terms.verified(input.proof, context.now())
        wanted = domain.Registration(input.login, input.name, input.password)
        done = await domain.register(
            context.store, id, code, wanted, clock=context.clock, request_id=context.request_id
        )
        return PartnerEntryRegistered(status=done.status, login=input.login.strip().casefold())

    @strawberry.mutation(description="Accept the newest service terms (PL-16).")
    async def partner_entry_terms_accept(
        self, info: Info, input: PartnerEntryTermsAcceptInput
    ) -> PartnerEntryPayload | None:
        """Accept the terms."""
        id, terms = _id(input.id), uid(input.terms, AgreementRow.prefix, "terms")
        return await act(
            info,
            input,
            lambda work: domain.accept_terms(work, id, terms, ticked=input.ticked, version=input.version),
            PartnerEntryPayload,
            "entry",
        )

    @strawberry.mutation(description="Fill in entry information, some of it or all.")
    async def partner_entry_save(self, info: Info, input: PartnerEntrySaveInput) -> PartnerEntryPayload | None:
        """Fill in entry information."""
        id, values = _id(input.id), patch(input.information, *domain.FORM)
        return await act(
            info, input, lambda work: domain.save(work, id, values, version=input.version), PartnerEntryPayload, "entry"
        )

    @strawberry.mutation(description="Submit the entry information: the company joins at once, or is reviewed (PL-17).")
    async def partner_entry_submit(self, info: Info, input: PartnerEntrySubmitInput) -> PartnerEntryPayload | None:
        """Submit the entry information."""
        id, values = _id(input.id), _information(input.information)
        return await act(
            info,
            input,
            lambda work: domain.submit(work, id, values, version=input.version),
            PartnerEntryPayload,
            "entry",
        )

    @strawberry.mutation(description="Approve an entry that waits; the company has joined (PL-17).")
    async def partner_entry_approve(self, info: Info, input: PartnerEntryVersionInput) -> PartnerEntryPayload | None:
        """Approve an entry."""
        return await _decide(info, input, "approve", DecisionInput())

    @strawberry.mutation(description="Reject an entry that waits, with a reason that the company reads (PL-17).")
    async def partner_entry_reject(self, info: Info, input: PartnerEntryRejectInput) -> PartnerEntryPayload | None:
        """Reject an entry."""
        return await _decide(info, input, "reject", DecisionInput(reason=input.reason))


async def _decide(
    info: Info, input: PartnerEntryVersionInput | PartnerEntryRejectInput, verb: str, verdict: DecisionInput
) -> PartnerEntryPayload:
    id = _id(input.id)

    async def action(work: Work) -> domain.PartnerEntry:
        record = await work.get(domain.PartnerEntry, id, version=input.version)
        await review(work, record, verb, verdict)
        return record

    return await act(info, input, action, PartnerEntryPayload, "entry")


async def _by_link(info: Info, deed: Callable[[Work], Awaitable[T]]) -> T:
    """Act as the one who holds a link, whoever is signed in."""
    context = info.context
    done = await run_write(context.store, domain.INVITEE, deed, clock=context.clock, request_id=context.request_id)
    await context.refresh()
    return done


def _id(text: str) -> UUID:
    return uid(text, domain.PartnerEntry.prefix)


def _information(information: PartnerEntryInformation | None) -> dict[str, Any]:
    return patch(information, *domain.FORM) if information is not None else {}
