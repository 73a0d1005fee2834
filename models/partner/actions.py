"""What ecosystem operations do with partner organisations, and what the layers above ask about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from models.kernel.amend import amend, field_path
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.values import valid_credit_code
from models.kernel.work import Work
from models.partner.record import EDITABLE, Offering, PartnerOrganisation, PartnerPath, PartnerPlan
from models.partner.refusals import (
    CreditCodeInvalidError,
    CreditCodeTakenError,
    DistributorNotAllowedError,
    OfferingNameTakenError,
)
from models.partner.words import OfferingKind, PartnerKind, PartnerLevel, Path, PathStage, Plan
from models.reference import OFFICES, PROVINCES, SERVICES, office_for
from models.rights import Right

CREATE = Operation("partner.create", "登记伙伴组织", "Register the partner", "partnerOrganisation", "createPartner")
UPDATE = Operation("partner.update", "修改伙伴组织", "Edit the partner", "partnerOrganisation", "updatePartner")
SET_STAGE = Operation("partner.set_path_stage", "设置路径阶段", "Set the stage of a path", "partnerPlan", "joinPath")
JOIN_PLAN = Operation("partner.join_plan", "加入伙伴计划", "Join a plan", "partnerPlan", "joinPlan")
ADD_OFFERING = Operation("partner.add_offering", "新增 Offering", "Add an offering", "offering", "addOffering")
EDIT_OFFERING = Operation("partner.edit_offering", "修改 Offering", "Edit the offering", "offering", "editOffering")

PdmCheck = Callable[[Work, UUID], Awaitable[DomainError | None]]
_pdm_checks: list[PdmCheck] = []
Follow = Callable[[Work, PartnerOrganisation], Awaitable[None]]
_on_frozen: list[Follow] = []


def also_check_pdm(check: PdmCheck) -> None:
    """Let the layer that knows accounts say whether an account can be a PDM."""
    if check not in _pdm_checks:
        _pdm_checks.append(check)


def also_when_frozen(follow: Follow) -> Follow:
    """Let a layer above do what follows when a partner is frozen."""
    _on_frozen.append(follow)
    return follow


async def create_partner(
    work: Work,
    *,
    name: str,
    name_en: str | None = None,
    credit_code: str | None = None,
    kind: PartnerKind = PartnerKind.SOLUTION_PROVIDER,
    province: str | None = None,
    office_id: str | None = None,
    pdm_id: UUID | None = None,
    level: PartnerLevel = PartnerLevel.REGISTERED,
    core_map: bool = False,
    enterprise_verified: bool = False,
    distributor_id: UUID | None = None,
) -> PartnerOrganisation:
    """Register a partner organisation; without an office its province names one."""
    work.actor.require(Right.PARTNER_MANAGE)
    partner = PartnerOrganisation(
        name=name.strip(),
        name_en=name_en,
        credit_code=credit_code,
        kind=kind,
        province=province,
        office_id=office_id or (office_for(province).code if province and province in PROVINCES else None),
        pdm_id=pdm_id,
        level=level,
        core_map=core_map,
        enterprise_verified=enterprise_verified,
        distributor_id=distributor_id,
        created_at=work.now,
        updated_at=work.now,
    )
    told = {name: value for name, value in _facts(partner).items() if value not in (None, False)}
    refuse([*_malformed(told), *await _conflicts(work, partner, told)])
    return await take_in(work, partner)


async def take_in(work: Work, partner: PartnerOrganisation) -> PartnerOrganisation:
    """Write down a partner that was looked at: registered by operations, or joined by an entry of its own (PL-16)."""
    work.add(partner)
    await work.flush()
    work.note(CREATE, partner, after={name: value for name, value in _facts(partner).items() if value})
    return partner


async def update_partner(work: Work, id: UUID, values: Mapping[str, Any], *, version: int) -> PartnerOrganisation:
    """Edit a partner organisation: office, PDM, level, Core Map, frozen, names and codes."""
    work.actor.require(Right.PARTNER_PLACE)
    partner = await work.get(PartnerOrganisation, id, version=version)
    if values.get("level") == PartnerLevel.CORE and partner.level != PartnerLevel.CORE:
        work.actor.require(Right.PARTNER_MANAGE)  # the core level is ecosystem operations' to grant
    refuse([*_malformed(values), *await _conflicts(work, partner, values)])
    was_frozen = partner.frozen
    amend(work, partner, UPDATE, values)
    if partner.frozen and not was_frozen:
        for follow in _on_frozen:
            await follow(work, partner)
    return partner


async def set_path_stage(work: Work, partner_id: UUID, path: Path, stage: PathStage) -> PartnerPath:
    """Say how far a partner has come on a path; a path that it had not joined is joined by this."""
    work.actor.require(Right.PARTNER_PLACE)
    partner = await work.get(PartnerOrganisation, partner_id)
    joined: PartnerPath | None = await work.first(
        select(PartnerPath).where(PartnerPath.partner_id == partner.id, PartnerPath.path == path)
    )
    before = joined.stage if joined else None
    if joined is None:
        joined = work.add(PartnerPath(partner_id=partner.id, path=path, stage=stage, joined_at=work.now))
    elif joined.stage == stage:
        return joined
    joined.stage = stage
    _touch(work, partner)
    work.note(SET_STAGE, partner, changes={str(path): {"from": before and str(before), "to": str(stage)}})
    return joined


async def join_plan(work: Work, partner_id: UUID, plan: Plan) -> PartnerPlan:
    """Enter a partner in a plan; one that it had joined before stays as it was."""
    work.actor.require(Right.PARTNER_MANAGE)
    if plan is Plan.PCE:
        raise ValueNotAllowedError(path="plan", value=plan)  # PCE has a process of its own
    partner = await work.get(PartnerOrganisation, partner_id)
    joined: PartnerPlan | None = await work.first(
        select(PartnerPlan).where(PartnerPlan.partner_id == partner.id, PartnerPlan.plan == plan)
    )
    if joined is None:
        joined = work.add(PartnerPlan(partner_id=partner.id, plan=plan, joined_at=work.now))
        _touch(work, partner)
        work.note(JOIN_PLAN, partner, changes={"plan": {"from": None, "to": str(plan)}})
    return joined


async def add_offering(
    work: Work,
    partner_id: UUID,
    *,
    name: str,
    kind: OfferingKind,
    services: Iterable[str] = (),
    listed: bool = True,
    whitelisted: bool = False,
) -> Offering:
    """Add an offering to a partner's list.

    Baseline solutions count for assessment, and KooGallery products that are whitelisted for joint operation
    (COL-2.2.6).
    """
    work.actor.require(Right.PARTNER_MANAGE)
    partner = await work.get(PartnerOrganisation, partner_id)
    offering = Offering(
        partner_id=partner.id,
        name=name.strip(),
        kind=kind,
        listed=listed,
        counts_for_assessment=whitelisted or kind is OfferingKind.BASELINE_SOLUTION,
        services=list(dict.fromkeys(services)),
        created_at=work.now,
        updated_at=work.now,
    )
    told = {"name": offering.name, "services": offering.services}
    refuse([*_malformed(told), *await _name_taken(work, offering, offering.name)])
    work.add(offering)
    await work.flush()
    work.note(ADD_OFFERING, offering, after={**told, "kind": kind, "listed": listed})
    return offering


async def edit_offering(work: Work, id: UUID, values: Mapping[str, Any], *, version: int) -> Offering:
    """Rename an offering, list it or take it off the list, change its services or whether it counts."""
    work.actor.require(Right.PARTNER_MANAGE)
    offering = await work.get(Offering, id, version=version)
    name = values.get("name")
    refuse([*_malformed(values), *(await _name_taken(work, offering, name) if name else ())])
    amend(work, offering, EDIT_OFFERING, values)
    return offering


async def listed_offerings(work: Work, partner_id: UUID, ids: Iterable[UUID]) -> list[Offering]:
    """Give those of the offerings that belong to the partner and are listed."""
    return await work.every(
        select(Offering).where(
            Offering.partner_id == partner_id, col(Offering.id).in_(list(ids)), col(Offering.listed).is_(True)
        )
    )


async def joined_paths(work: Work, partner_id: UUID) -> list[PartnerPath]:
    """Give the paths that a partner has joined."""
    return await work.every(select(PartnerPath).where(PartnerPath.partner_id == partner_id))


async def joined_plans(work: Work, partner_id: UUID) -> list[PartnerPlan]:
    """Give the plans that a partner has joined."""
    return await work.every(select(PartnerPlan).where(PartnerPlan.partner_id == partner_id))


def _facts(partner: PartnerOrganisation) -> dict[str, Any]:
    return {name: getattr(partner, name) for name in sorted(EDITABLE)}


def _touch(work: Work, partner: PartnerOrganisation) -> None:
    partner.version += 1
    partner.updated_at = work.now


def _malformed(values: Mapping[str, Any]) -> Iterator[DomainError]:
    if "name" in values:
        name = (values["name"] or "").strip()
        if not name:
            yield FieldRequiredError(path="name")
        elif not 2 <= len(name) <= 128:
            yield LengthError(path="name", minimum=2, maximum=128, length=len(name))
    code = values.get("credit_code")
    if code is not None and not valid_credit_code(code):
        yield CreditCodeInvalidError(path="creditCode")
    for name, entries in (("province", PROVINCES), ("office_id", OFFICES)):
        code = values.get(name)
        if code is not None and code not in entries:
            yield ValueNotAllowedError(path=field_path(name), value=code)
    for place, service in enumerate(values.get("services") or ()):
        if service not in SERVICES:
            yield ValueNotAllowedError(path=("services", place), value=service)


async def _conflicts(work: Work, partner: PartnerOrganisation, values: Mapping[str, Any]) -> list[DomainError]:
    found: list[DomainError] = []
    code = values.get("credit_code")
    others = select(PartnerOrganisation.id).where(PartnerOrganisation.id != partner.id)
    if code and await work.first(others.where(PartnerOrganisation.credit_code == code)):
        found.append(CreditCodeTakenError(path="creditCode"))
    if "kind" in values or "distributor_id" in values:
        kind = values.get("kind", partner.kind)
        distributor_id = values.get("distributor_id", partner.distributor_id)
        if distributor_id is not None and not await may_be_distributor(work, kind, distributor_id):
            found.append(DistributorNotAllowedError(path="distributorId"))
        resellers = select(PartnerOrganisation.id).where(PartnerOrganisation.distributor_id == partner.id)
        if kind is not PartnerKind.DISTRIBUTOR and await work.first(resellers):
            found.append(DistributorNotAllowedError(path="kind"))
    if pdm_id := values.get("pdm_id"):
        found += [error for check in _pdm_checks if (error := await check(work, pdm_id))]
    return found


async def may_be_distributor(work: Work, kind: PartnerKind, distributor_id: UUID) -> bool:
    """A reseller is linked to one tier-1 distributor and nobody else is (PL-13)."""
    if kind is not PartnerKind.RESELLER:
        return False
    query = select(PartnerOrganisation.kind).where(PartnerOrganisation.id == distributor_id)
    return bool(await work.first(query) is PartnerKind.DISTRIBUTOR)


async def _name_taken(work: Work, offering: Offering, name: str) -> list[DomainError]:
    same = select(Offering.id).where(
        Offering.partner_id == offering.partner_id, Offering.name == name, Offering.id != offering.id
    )
    return [OfferingNameTakenError(path="name")] if await work.first(same) else []
