"""Who may receive Huawei's opportunities."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from models import partner, pce
from models.kernel.access import Actor
from models.kernel.words import Word
from models.kernel.work import Work
from models.opportunity.policies import HO_DELIVERED_POS, HO_LOOK_BACK_DAYS, HO_VALIDATED_POS, STALE_DAYS
from models.opportunity.record import Opportunity, stale
from models.opportunity.words import Direction, Origin, Status
from models.partner import PartnerOrganisation, PathStage


class Ineligible(Word):
    """What a partner lacks for an HO (不满足条件)."""

    NO_PCE = "NO_PCE", "未加入PCE", "has not joined PCE"
    FROZEN = "FROZEN", "伙伴已冻结", "is frozen"
    NO_STAGE = "NO_STAGE", "发展路径未达角色认证或差异化阶段", "is on no path at the certified or differentiation stage"
    TOO_FEW_SHARED = "TOO_FEW_SHARED", "近12个月验证通过的机会点不足", "has had too few opportunities validated"
    STALE = "STALE", "存在超期未更新进展的机会点", "has opportunities without recent progress"
    TOO_FEW_DELIVERED = "TOO_FEW_DELIVERED", "近12个月签单并交付的机会点不足", "has delivered too few opportunities"


async def lacking(work: Work, partner_id: UUID) -> list[Ineligible]:
    """List what a partner lacks for receiving an HO; nothing where it is eligible.

    It joined PCE (COL-3.1.1), and is either at the differentiation stage, sharing and updating regularly (COL-3.1.1),
    or at the certified stage with enough POs signed and delivered in the last year (COL-3.1.2).
    """
    organisation = await work.first(select(PartnerOrganisation).where(PartnerOrganisation.id == partner_id))
    if organisation is None or organisation.frozen:
        return [Ineligible.FROZEN]
    if not await pce.is_member(work, partner_id):
        return [Ineligible.NO_PCE]
    stages = {path.stage for path in await partner.joined_paths(work, partner_id)}
    reasons: list[Ineligible] = []
    if PathStage.DIFFERENTIATION in stages:
        reasons = await _does_not_share_regularly(work, partner_id)
        if not reasons:
            return []
    if PathStage.ROLE_VALIDATION in stages or PathStage.DIFFERENTIATION in stages:
        if await _count(work, partner_id, Opportunity.delivered_at, Status.DELIVERED) >= await work.policy(
            HO_DELIVERED_POS
        ):
            return []
        return [*reasons, Ineligible.TOO_FEW_DELIVERED]
    return [Ineligible.NO_STAGE]


async def _does_not_share_regularly(work: Work, partner_id: UUID) -> list[Ineligible]:
    reasons = []
    if await _count(work, partner_id, Opportunity.validated_at) < await work.policy(HO_VALIDATED_POS):
        reasons.append(Ineligible.TOO_FEW_SHARED)
    since = work.now - dt.timedelta(days=await work.policy(STALE_DAYS))
    own = select(Opportunity.id).where(Opportunity.partner_id == partner_id, Opportunity.origin != Origin.IMPORTED)
    if await work.first(own.where(stale(since)).limit(1)):
        reasons.append(Ineligible.STALE)
    return reasons


async def _count(work: Work, partner_id: UUID, at: Any, status: Status | None = None) -> int:
    since = work.now - dt.timedelta(days=await work.policy(HO_LOOK_BACK_DAYS))
    query = select(Opportunity.id).where(
        Opportunity.partner_id == partner_id,
        Opportunity.direction == Direction.PO,
        Opportunity.origin != Origin.IMPORTED,
        col(at) >= since,
    )
    return await work.count(query.where(Opportunity.status == status) if status else query)


async def candidates(work: Work, record: Opportunity, actor: Actor) -> list[dict[str, Any]]:
    """Rank the partners for an HO: eligible first, then by offering match, region and won opportunities (COL-3.1.4)."""
    organisations = await work.every(
        select(PartnerOrganisation)
        .where(PartnerOrganisation.visible_to(actor), col(PartnerOrganisation.frozen).is_(False))
        .order_by(col(PartnerOrganisation.name))
        .limit(200)
    )
    ranked = []
    for organisation in organisations:
        wanting = await lacking(work, organisation.id)
        offerings = await work.every(
            select(partner.Offering).where(
                partner.Offering.partner_id == organisation.id, col(partner.Offering.listed).is_(True)
            )
        )
        matching = sum(bool(set(offering.services) & set(record.services)) for offering in offerings)
        won = await work.count(
            select(Opportunity.id).where(
                Opportunity.partner_id == organisation.id,
                col(Opportunity.status).in_((Status.WON, Status.DELIVERED)),
                col(Opportunity.origin) != Origin.IMPORTED,
            )
        )
        ranked.append(
            {
                "partner": organisation,
                "lacking": wanting,
                "matching": matching,
                "same_region": organisation.province == record.province,
                "won": won,
            }
        )
    return sorted(ranked, key=lambda one: (bool(one["lacking"]), -one["matching"], not one["same_region"], -one["won"]))
