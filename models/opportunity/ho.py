"""What Huawei shares: create, share, recall; and what the partner answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import select

from models.kernel.errors import FieldRequiredError, TransitionNotAllowedError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.values import normalised_company_name
from models.kernel.words import Word
from models.kernel.work import Work
from models.opportunity.actions import route
from models.opportunity.duplicates import refresh
from models.opportunity.eligibility import lacking
from models.opportunity.lifecycle import HO
from models.opportunity.notices import tell_of_offer
from models.opportunity.offers import HoOffer
from models.opportunity.record import Opportunity
from models.opportunity.refusals import ConfirmationRequiredError, OfferNotViewedError, PartnerNotEligibleError
from models.opportunity.rules import form_errors, minor_amount
from models.opportunity.words import Direction, OfferStatus, Origin, Stage, Status
from models.partner import PartnerOrganisation
from models.rights import Right

CREATE = Operation("opportunity.create_ho", "创建华为机会点", "Create an HO", "opportunity", "saveOpportunity")
VIEW = Operation("opportunity.view_offer", "查看共享详情", "View the offer", "opportunity", "viewOffer")

HO_FIELDS = (
    *("name", "company_name", "credit_code", "account_name", "industry", "sub_industry", "province", "city", "address"),
    *("website", "contact_name", "contact_title", "contact_mobile", "contact_email", "need", "timeline"),
    *("expected_amount", "currency", "expected_sign_date", "services"),
)
HO_MANDATORY = ("name", "company_name", "industry", "province", "need", "services")


async def create(work: Work, values: Mapping[str, Any], *, crm_created_at: dt.datetime | None) -> Opportunity:
    """Take an opportunity over from Huawei's CRM, with the time of its creation there (COL-3.2#1)."""
    work.actor.require(Right.OPPORTUNITY_CREATE_HO)
    given: dict[str, Any] = {
        name: value.strip() or None if isinstance(value, str) else value for name, value in values.items()
    }
    currency = given.get("currency") or "CNY"
    if given.get("expected_amount") is not None:
        given["expected_amount"] = minor_amount(given["expected_amount"], currency, "expected_amount")
    refuse(
        [
            *(ValueNotAllowedError(path=name, value=name) for name in given if name not in HO_FIELDS),
            *(FieldRequiredError(path=name) for name in HO_MANDATORY if not given.get(name)),
            *([FieldRequiredError(path="crm_created_at")] if crm_created_at is None else []),
            *(
                [ValueNotAllowedError(path="crm_created_at", value=crm_created_at)]
                if crm_created_at is not None and crm_created_at > work.now
                else []
            ),
            *form_errors(given),
        ]
    )
    record = Opportunity(
        direction=Direction.HO,
        origin=Origin.HUAWEI,
        status=Status.CREATED,
        crm_created_at=crm_created_at,
        normalised_name=normalised_company_name(given["company_name"]) or None,
        demand_tags=sorted(given["services"]),
        submitted_by=work.actor.id,
        created_at=work.now,
        updated_at=work.now,
        **given,
    )
    await route(work, record)
    record.bd_id = record.bd_id or work.actor.id
    await HO.begin(work, record, CREATE)
    await refresh(work, record)
    return record


async def share(work: Work, id: UUID, partner_id: UUID, *, version: int) -> Opportunity:
    """Offer an HO to one eligible partner, which has three working days (COL-3.2#2, COL-3.1, COL-3.1.4)."""
    record = await work.get(Opportunity, id, version=version)
    work.actor.require(Right.OPPORTUNITY_SHARE_HO)
    partner = await work.get(PartnerOrganisation, partner_id)
    if record.direction != Direction.HO:
        raise TransitionNotAllowedError(action=_Said.SHARE, status=record.status)
    wanting = await lacking(work, partner.id)
    if wanting:
        raise PartnerNotEligibleError(path="partner_id", reasons=wanting)
    await HO.fire(work, record, "share", note={"partner": partner.public_id})
    offer = work.add(
        HoOffer(
            opportunity_id=record.id,
            partner_id=partner.id,
            shared_at=work.now,
            shared_by=work.actor.id,
            due_at=record.due_at,
            name=record.name,
            industry=record.industry,
            province=record.province,
            need=record.need,
            expected_amount=record.expected_amount,
            currency=record.currency,
            expected_sign_date=record.expected_sign_date,
            demand_tags=record.demand_tags,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    await work.flush()
    await tell_of_offer(work, offer)
    return record


async def recall(work: Work, id: UUID, *, version: int, reason: str | None) -> Opportunity:
    """Take an HO back from a partner that has not accepted it, or that declined (COL-3.2#2)."""
    record = await work.get(Opportunity, id, version=version)
    await HO.fire(work, record, "recall", reason=reason)
    return record


async def view_offer(work: Work, id: UUID) -> HoOffer:
    """Open an offer's detail, which acceptance asks for (COL-3.2#3)."""
    offer = await work.get(HoOffer, id)
    work.actor.require(Right.OPPORTUNITY_ACCEPT)
    if offer.viewed_at is None:
        offer.viewed_at = offer.updated_at = work.now
        work.note(VIEW, offer)
    return offer


async def accept(work: Work, id: UUID, *, confirmed: bool) -> Opportunity:
    """Accept an offer that one has looked at; the customer's data come with it (COL-3.2#3, COL-3.2 rule 1)."""
    offer, record = await _pending(work, id)
    refuse(
        [
            None if offer.viewed_at else OfferNotViewedError(),
            None if confirmed else ConfirmationRequiredError(path="confirmed"),
        ]
    )
    values = {
        "partner_id": work.actor.partner_id,
        "responsible_id": work.actor.id,
        "accepted_at": work.now,
        "stage": Stage.REQUIREMENT,
        "win_probability": 10,
    }
    await HO.fire(work, record, "accept", values=values)
    return record


async def decline(work: Work, id: UUID, *, reason_code: Word | None, reason: str | None) -> HoOffer:
    """Decline an offer with a reason; it cannot be accepted later (COL-3.2#4, COL-3.2 rule 3)."""
    offer, record = await _pending(work, id)
    await HO.fire(work, record, "decline", reason_code=reason_code, reason=reason)
    return offer


async def _pending(work: Work, id: UUID) -> tuple[HoOffer, Opportunity]:
    work.actor.require(Right.OPPORTUNITY_ACCEPT)
    # The opportunity before its offer, as Huawei's steps take them, so that two never wait for each other.
    seen = await work.first(select(HoOffer.opportunity_id).where(HoOffer.id == id, HoOffer.visible_to(work.actor)))
    record: Opportunity = await work.first(
        select(Opportunity).where(Opportunity.id == seen).with_for_update().execution_options(populate_existing=True)
    )
    offer = await work.get(HoOffer, id)
    if offer.status != OfferStatus.PENDING:
        raise TransitionNotAllowedError(action=_Said.ANSWER, status=offer.status)
    return offer, record


class _Said(Word):
    """Names what is no step of the table, for the sentence that refuses it."""

    SHARE = "SHARE", "共享给伙伴", "Share with a partner"
    ANSWER = "ANSWER", "答复", "Answer the offer"


__all__ = ["HO_FIELDS", "accept", "create", "decline", "recall", "share", "view_offer"]
