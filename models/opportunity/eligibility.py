"""Who may receive Huawei's opportunities."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models import pce
from models.kernel.access import Actor
from models.kernel.words import Word
from models.kernel.work import Work
from models.opportunity.policies import HO_DELIVERED_POS, HO_LOOK_BACK_DAYS, HO_VALIDATED_POS, STALE_DAYS
from models.opportunity.record import Opportunity, stale
from models.opportunity.words import Direction, Origin, Status
from models.partner import Offering, PartnerOrganisation, PartnerPath, PathStage

MOST_CANDIDATES: Final = 200


class Ineligible(Word):
    """What a partner lacks for an HO (不满足条件)."""

    NO_PCE = "NO_PCE", "未加入PCE", "has not joined PCE"
    FROZEN = "FROZEN", "伙伴已冻结", "is frozen"
    NO_STAGE = "NO_STAGE", "发展路径未达角色认证或差异化阶段", "is on no path at the certified or differentiation stage"
    TOO_FEW_SHARED = "TOO_FEW_SHARED", "近12个月验证通过的机会点不足", "has had too few opportunities validated"
    STALE = "STALE", "存在超期未更新进展的机会点", "has opportunities without recent progress"
    TOO_FEW_DELIVERED = "TOO_FEW_DELIVERED", "近12个月签单并交付的机会点不足", "has delivered too few opportunities"


@dataclass(frozen=True)
class Standing:
    """What a partner has to show for itself (伙伴共享情况), imported history left out."""

    member: bool
    stages: frozenset[PathStage]
    validated: int
    delivered: int
    stale: int
    won: int


async def lacking(work: Work, partner_id: UUID) -> list[Ineligible]:
    """List what a partner lacks for receiving an HO; nothing where it is eligible.

    It joined PCE (COL-3.1.1), and is either at the differentiation stage, sharing and updating regularly (COL-3.1.1),
    or at the certified stage with enough POs signed and delivered in the last year (COL-3.1.2).
    """
    organisation = await work.first(select(PartnerOrganisation).where(PartnerOrganisation.id == partner_id))
    if organisation is None or organisation.frozen:
        return [Ineligible.FROZEN]
    return await _lacking(work, (await _standings(work, [partner_id]))[partner_id])


async def _lacking(work: Work, standing: Standing) -> list[Ineligible]:
    if not standing.member:
        return [Ineligible.NO_PCE]
    reasons: list[Ineligible] = []
    if PathStage.DIFFERENTIATION in standing.stages:
        if standing.validated < await work.policy(HO_VALIDATED_POS):
            reasons.append(Ineligible.TOO_FEW_SHARED)
        if standing.stale:
            reasons.append(Ineligible.STALE)
        if not reasons:
            return []
    if not standing.stages & {PathStage.ROLE_VALIDATION, PathStage.DIFFERENTIATION}:
        return [Ineligible.NO_STAGE]
    if standing.delivered >= await work.policy(HO_DELIVERED_POS):
        return []
    return [*reasons, Ineligible.TOO_FEW_DELIVERED]


async def _standings(work: Work, ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Gather what partners have to show, in three statements however many they are."""
    members = set(await work.every(pce.members_among(ids)))
    stages: dict[UUID, set[PathStage]] = defaultdict(set)
    for path in await work.every(select(PartnerPath).where(col(PartnerPath.partner_id).in_(ids))):
        stages[path.partner_id].add(path.stage)
    since = work.now - dt.timedelta(days=await work.policy(HO_LOOK_BACK_DAYS))
    fresh = work.now - dt.timedelta(days=await work.policy(STALE_DAYS))
    own = col(Opportunity.direction) == Direction.PO
    counted = await work.session.execute(
        sa.select(
            col(Opportunity.partner_id),
            _how_many(own, col(Opportunity.validated_at) >= since),
            _how_many(own, col(Opportunity.delivered_at) >= since, col(Opportunity.status) == Status.DELIVERED),
            _how_many(stale(fresh)),
            _how_many(col(Opportunity.status).in_((Status.WON, Status.DELIVERED))),
        )
        .where(col(Opportunity.partner_id).in_(ids), col(Opportunity.origin) != Origin.IMPORTED)
        .group_by(col(Opportunity.partner_id))
    )
    counts = {row[0]: row[1:] for row in counted}
    return {id: Standing(id in members, frozenset(stages[id]), *counts.get(id, (0, 0, 0, 0))) for id in ids}


def _how_many(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0)), 0)


async def candidates(work: Work, record: Opportunity, actor: Actor) -> list[dict[str, Any]]:
    """Rank the partners for an HO: eligible first, then by offering match, region and won opportunities (COL-3.1.4)."""
    organisations = await work.every(
        select(PartnerOrganisation)
        .where(PartnerOrganisation.visible_to(actor), col(PartnerOrganisation.frozen).is_(False))
        .order_by(col(PartnerOrganisation.name))
        .limit(MOST_CANDIDATES)
    )
    ids = [organisation.id for organisation in organisations]
    standings = await _standings(work, ids)
    matching: Counter[UUID] = Counter()
    for offering in await work.every(
        select(Offering).where(col(Offering.partner_id).in_(ids), col(Offering.listed).is_(True))
    ):
        matching[offering.partner_id] += bool(set(offering.services) & set(record.services))
    ranked = [
        {
            "partner": organisation,
            "lacking": await _lacking(work, standings[organisation.id]),
            "matching": matching[organisation.id],
            "same_region": organisation.province == record.province,
            "won": standings[organisation.id].won,
        }
        for organisation in organisations
    ]
    return sorted(ranked, key=lambda one: (bool(one["lacking"]), -one["matching"], not one["same_region"], -one["won"]))
