"""How a company joins: the organisation, its path, and its main account, in the transaction that lets it in."""

from __future__ import annotations

from typing import Any

from models.identity import become_main
from models.kernel.lifecycle import Move
from models.kernel.work import Work
from models.partner import PartnerOrganisation, PartnerPath, PathStage, take_in
from models.reference import office_for


async def found(work: Work, move: Move) -> None:
    """Make the partner of an entry, and its applicant the main account, with its rights from the next request."""
    entry: Any = move.record
    partner = await take_in(
        work,
        PartnerOrganisation(
            name=entry.company_name,
            credit_code=entry.credit_code,
            kind=entry.kind,
            distributor_id=entry.distributor_id,
            province=entry.province,
            office_id=office_for(entry.province).code,
            pdm_id=entry.pdm_id,
            created_at=work.now,
            updated_at=work.now,
        ),
    )
    work.add(PartnerPath(partner_id=partner.id, path=entry.path, stage=PathStage.ROLE_SELECTION, joined_at=work.now))
    await become_main(work, entry.account_id, partner.id)
    entry.partner_id, entry.office_id = partner.id, partner.office_id
    entry.joined_at = work.now
