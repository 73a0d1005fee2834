"""How a lead becomes something else: an opportunity of PCE or a deal registration, and never two (COL-6.2.7)."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import select

from models import deal_registration, opportunity
from models.customer import Customer
from models.kernel.errors import refuse
from models.kernel.lifecycle import Move
from models.kernel.work import Work
from models.lead.actions import take
from models.lead.lifecycle import LEAD
from models.lead.record import Lead

# What has become something else is followed up there.
DONE: Final = {"next_follow_at": None}


async def convert_to_opportunity(work: Work, id: UUID, *, version: int, name: str | None = None) -> Lead:
    """Make a draft of an opportunity from a lead, with its company and contact.

    Of a member of PCE only, by its main account that follows the lead; the lead is held, so that it becomes one thing.
    """
    lead = await work.get(Lead, id, version=version)
    refuse(await LEAD.obstacles(work, Move(lead, work.actor, work.now), "convert_to_opportunity"))
    known = await work.first(select(Customer.id).where(Customer.account_name == lead.account_name).limit(1))
    copied = {
        # The name is open where the company is hidden, so it is not made of it.
        "name": (name or "").strip() or lead.campaign_name,
        "company_name": lead.company_name or lead.customer_name,
        "account_name": lead.account_name if known is not None else None,
        "industry": lead.industry,
        "province": lead.province,
        "need": lead.requirement,
        "contact_name": (lead.customer_name or "")[:64],
        "contact_mobile": lead.mobile,
        "contact_email": lead.email,
    }
    draft = await opportunity.save_draft(work, _given(copied))
    await take(work, lead, "convert_to_opportunity", values={"converted_opportunity_id": draft.id, **DONE})
    return lead


async def convert_to_deal_registration(
    work: Work,
    id: UUID,
    customer_id: UUID | None,
    *,
    version: int,
    report_id: UUID | None = None,
    name: str | None = None,
) -> Lead:
    """Begin a deal registration for an associated or reported customer from a lead, with its contact.

    The customer is chosen by the rules of COL-6.1; its company stands in the registration.
    """
    lead = await work.get(Lead, id, version=version)
    refuse(await LEAD.obstacles(work, Move(lead, work.actor, work.now), "convert_to_deal_registration"))
    copied = {
        "name": (name or "").strip() or lead.campaign_name,
        "requirement": lead.requirement,
        "contact_name": (lead.customer_name or "")[:64],
        "contact_mobile": lead.mobile,
        "contact_email": lead.email,
    }
    begun = await deal_registration.create(work, customer_id, _given(copied), report_id=report_id)
    await take(work, lead, "convert_to_deal_registration", values={"converted_deal_registration_id": begun.id, **DONE})
    return lead


def _given(copied: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in copied.items() if value}
