"""What a link shows to whoever holds it: who invites, as what, until when, and the notice to read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import select

from models.agreement import AgreementVersion, newest
from models.customer import AssociationType
from models.invitation.answering import opened
from models.invitation.words import InvitationChannel
from models.kernel.errors import NotFoundError
from models.kernel.words import Lang
from models.kernel.work import Work
from models.partner import PartnerOrganisation


@dataclass(frozen=True)
class InvitationCard:
    """An invitation as its link shows it (邀请页); nothing in it says who was invited.

    `by_link` says that the link alone answers it, as that of a mail does; otherwise the customer signs in.
    """

    partner_name: str
    association_type: AssociationType
    valid_until: dt.datetime
    by_link: bool
    language: Lang
    agreement: AgreementVersion | None


async def card(work: Work, id: UUID) -> InvitationCard:
    """Show an invitation to whoever holds its link, and remember that it was looked at."""
    invitation = await opened(work, id)
    partner = await work.first(select(PartnerOrganisation).where(PartnerOrganisation.id == invitation.partner_id))
    if invitation.association_type is None:
        raise NotFoundError()
    return InvitationCard(
        partner_name=partner.name,
        association_type=invitation.association_type,
        valid_until=invitation.valid_until,
        by_link=invitation.channel is InvitationChannel.ONLINE,
        language="en" if invitation.language == "en" else "zh",
        agreement=await newest(work),
    )
