"""The commitment letter: its first version, whether a partner has accepted the newest, and accepting it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlmodel import select

from models.agreement import AgreementKind, AgreementOutdatedError, AgreementVersion, newest
from models.authorisation.record import PartnerCommitment
from models.authorisation.refusals import CommitmentNotAcceptedError
from models.authorisation.text import CONTENT_EN, CONTENT_ZH, FIRST_NUMBER, TITLE_EN, TITLE_ZH
from models.kernel.access import SYSTEM_ID
from models.kernel.errors import NotFoundError
from models.kernel.journal import Operation
from models.kernel.work import Work
from models.rights import Right
from models.seed import BEGINNING, also_plant

KIND: Final = AgreementKind.AUTHORISATION_COMMITMENT
ACCEPT: Final = Operation(
    "authorisation.accept_commitment",
    "接受代客授权承诺函",
    "Accept the commitment letter",
    "agreement",
    "acceptCommitment",
)


async def newest_letter(work: Work) -> AgreementVersion:
    """Give the newest version of the letter."""
    found = await newest(work, KIND)
    if found is None:
        raise NotFoundError()
    return found


async def accepted(work: Work, partner_id: UUID, letter_id: UUID) -> bool:
    """Tell whether a partner has accepted a version."""
    found = await work.first(
        select(PartnerCommitment.id).where(
            PartnerCommitment.partner_id == partner_id, PartnerCommitment.agreement_id == letter_id
        )
    )
    return found is not None


async def see_to_commitment(work: Work, partner_id: UUID, accepting: UUID | None) -> AgreementVersion:
    """See that a partner has accepted the newest letter, or accept it now for it (COL-5.11.2).

    `accepting` is the version that whoever asks has read and ticked; only the administrators commit their partner.
    """
    letter = await newest_letter(work)
    if await accepted(work, partner_id, letter.id):
        return letter
    if accepting is None:
        raise CommitmentNotAcceptedError(path="commitment", newest=letter.number)
    work.actor.require(Right.AUTHORISATION_COMMIT)
    if accepting != letter.id:
        raise AgreementOutdatedError(path="commitment", newest=letter.number)
    made = work.add(
        PartnerCommitment(
            partner_id=partner_id,
            agreement_id=letter.id,
            accepted_at=work.now,
            accepted_by=work.actor.id,
            accepted_by_name=work.actor.name,
        )
    )
    work.note(ACCEPT, made, changes={"agreement": letter.number})
    return letter


@also_plant
async def plant_first_letter(work: Work) -> int:
    """Give the installation the first version of the letter, where it has none."""
    if await newest(work, KIND) is not None:
        return 0
    work.add(
        AgreementVersion(
            kind=KIND,
            number=FIRST_NUMBER,
            title_zh=TITLE_ZH,
            title_en=TITLE_EN,
            content_zh=CONTENT_ZH.strip(),
            content_en=CONTENT_EN.strip(),
            published_at=BEGINNING,
            published_by=SYSTEM_ID,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    return 1
