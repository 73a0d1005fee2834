"""Partner organisations: who sees them, who keeps them, and how paths, plans and offerings are recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest_asyncio

from models.kernel.access import Actor, Side
from models.kernel.errors import (
    DomainError,
    FieldNotWritableError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
    ValueNotAllowedError,
)
from models.kernel.values import credit_code_for, new_id
from models.kernel.work import Work
from models.partner import (
    CreditCodeInvalidError,
    CreditCodeTakenError,
    DistributorNotAllowedError,
    NotAPdmError,
    Offering,
    OfferingKind,
    OfferingNameTakenError,
    PartnerKind,
    PartnerLevel,
    PartnerOrganisation,
    Path,
    PathStage,
    Plan,
    actions,
    add_offering,
    also_check_pdm,
    create_partner,
    edit_offering,
    join_plan,
    joined_paths,
    joined_plans,
    listed_offerings,
    set_path_stage,
    update_partner,
)
from models.rights import Preset
from tests.stage import NOON, Stage, person, stage_on

LIN_OPERATIONS = person(Preset.ECO)
CHEN_AUDITOR = person(Preset.AUD)


@pytest_asyncio.fixture
async def store(empty_database_url: str) -> AsyncIterator[Stage]:
    async with stage_on(empty_database_url) as ready:
        yield ready


@pytest_asyncio.fixture
async def huaqi(store: Stage) -> PartnerOrganisation:
    return await store.done(
        LIN_OPERATIONS,
        lambda work: create_partner(work, name="华启软件有限公司", name_en="Huaqi Software", province="CN-32"),
    )


async def test_an_organisation_gets_the_office_of_its_province_and_a_line_in_the_journal(store, huaqi):
    assert huaqi.office_id == "office-js"
    assert huaqi.public_id.startswith("ptn_")
    assert huaqi.level is PartnerLevel.REGISTERED
    assert await store.journal() == ["partner.create"]


async def test_only_ecosystem_operations_register_an_organisation(store, huaqi):
    await store.refused(CHEN_AUDITOR, PermissionDeniedError, lambda work: create_partner(work, name="云帆科技"))
    await store.refused(
        person(Preset.MAIN, partner_id=huaqi.id),
        PermissionDeniedError,
        lambda work: update_partner(work, huaqi.id, {"level": PartnerLevel.CORE}, version=1),
    )


async def test_an_edit_raises_the_version_and_tells_the_journal_what_changed(store, huaqi, monkeypatch):
    monkeypatch.setattr(actions, "_pdm_checks", [])
    pdm = new_id()
    edited = await store.done(
        LIN_OPERATIONS,
        lambda work: update_partner(
            work, huaqi.id, {"pdm_id": pdm, "level": PartnerLevel.LEADING, "core_map": True}, version=1
        ),
    )
    assert (edited.pdm_id, edited.level, edited.core_map, edited.version) == (pdm, PartnerLevel.LEADING, True, 2)
    line = await store.last_line()
    assert line.operation == "partner.update"
    assert line.partner_id == huaqi.id
    assert line.changes["level"] == {"from": "REGISTERED", "to": "LEADING"}
    assert line.changes["pdm_id"] == {"from": None, "to": str(pdm)}


async def test_the_layer_that_knows_accounts_says_who_can_be_a_pdm(store, huaqi, monkeypatch):
    async def nobody_can(work: Work, account_id: UUID) -> DomainError:
        return NotAPdmError(path="pdmId")

    monkeypatch.setattr(actions, "_pdm_checks", [])
    also_check_pdm(nobody_can)
    await store.refused(
        LIN_OPERATIONS, NotAPdmError, lambda work: update_partner(work, huaqi.id, {"pdm_id": new_id()}, version=1)
    )


async def test_an_edit_that_changes_nothing_leaves_no_trace(store, huaqi):
    before = await store.everything()
    await store.done(LIN_OPERATIONS, lambda work: update_partner(work, huaqi.id, {"name": huaqi.name}, version=1))
    assert await store.everything() == before


async def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(store, huaqi):
    await store.done(LIN_OPERATIONS, lambda work: update_partner(work, huaqi.id, {"frozen": True}, version=1))
    await store.refused(
        LIN_OPERATIONS,
        StaleVersionError,
        lambda work: update_partner(work, huaqi.id, {"frozen": False}, version=1),
    )


async def test_what_is_not_a_field_of_the_organisation_cannot_be_written(store, huaqi):
    error = await store.refused(
        LIN_OPERATIONS,
        FieldNotWritableError,
        lambda work: update_partner(work, huaqi.id, {"created_at": NOON}, version=1),
    )
    assert error.path == ("createdAt",)


async def test_all_faults_of_an_input_are_told_at_once(store):
    error = await store.refused(
        LIN_OPERATIONS,
        InvalidInputError,
        lambda work: create_partner(work, name=" ", credit_code="91320000X", province="CN-99", office_id="office-xx"),
    )
    assert [(one.code, one.path) for one in error] == [
        ("FIELD_REQUIRED", ("name",)),
        ("CREDIT_CODE_INVALID", ("creditCode",)),
        ("VALUE_NOT_ALLOWED", ("province",)),
        ("VALUE_NOT_ALLOWED", ("officeId",)),
    ]


async def test_a_credit_code_belongs_to_one_organisation(store):
    code = credit_code_for("91320000MA1ABCDE2")
    await store.done(LIN_OPERATIONS, lambda work: create_partner(work, name="华启软件", credit_code=code))
    await store.refused(
        LIN_OPERATIONS, CreditCodeTakenError, lambda work: create_partner(work, name="华启", credit_code=code)
    )
    await store.refused(
        LIN_OPERATIONS, CreditCodeInvalidError, lambda work: create_partner(work, name="云帆", credit_code="1")
    )


async def test_only_a_reseller_hangs_on_a_distributor_and_only_on_a_distributor(store, huaqi):
    """PL-13: the tree of the channel has two tiers."""
    top = await store.done(
        LIN_OPERATIONS, lambda work: create_partner(work, name="伟仕佳杰", kind=PartnerKind.DISTRIBUTOR)
    )

    def reseller(of: UUID, kind: PartnerKind = PartnerKind.RESELLER) -> Callable[[Work], Awaitable[Any]]:
        return lambda work: create_partner(work, name="云桥信息", kind=kind, distributor_id=of)

    await store.refused(LIN_OPERATIONS, DistributorNotAllowedError, reseller(huaqi.id))
    await store.refused(LIN_OPERATIONS, DistributorNotAllowedError, reseller(new_id()))
    await store.refused(LIN_OPERATIONS, DistributorNotAllowedError, reseller(top.id, PartnerKind.SOLUTION_PROVIDER))
    linked = await store.done(LIN_OPERATIONS, reseller(top.id))
    assert linked.distributor_id == top.id
    await store.refused(
        LIN_OPERATIONS,
        DistributorNotAllowedError,
        lambda work: update_partner(work, top.id, {"kind": PartnerKind.RESELLER}, version=1),
    )


async def test_a_partner_sees_itself_a_pdm_his_partners_and_others_of_huawei_every_organisation(store, huaqi):
    yunfan = await store.done(LIN_OPERATIONS, lambda work: create_partner(work, name="云帆科技"))

    async def seen_by(actor: Actor) -> set[Any]:
        found: set[Any] = await store.seen(PartnerOrganisation, actor)
        return found

    both = {huaqi.id, yunfan.id}
    assert await seen_by(person(Preset.MAIN, partner_id=huaqi.id)) == {huaqi.id}
    assert await seen_by(person(Preset.MGR, partner_id=yunfan.id)) == {yunfan.id}
    assert await seen_by(person(Preset.PDM, partners=frozenset({yunfan.id}))) == {yunfan.id}
    assert await seen_by(person(Preset.PDM)) == set()
    for role in (Preset.PSM, Preset.BD, Preset.OWN, Preset.ECO, Preset.KOO, Preset.HFI, Preset.AUD, Preset.SYS):
        assert await seen_by(person(role)) == both
    assert await seen_by(person(Preset.CUS)) == set()
    assert await seen_by(Actor(new_id(), "nobody", Side.PARTNER, partner_id=huaqi.id)) == set()


async def test_anothers_organisation_is_not_found(store, huaqi):
    stranger = person(Preset.ECO)
    await store.refused(
        stranger, NotFoundError, lambda work: update_partner(work, new_id(), {"frozen": True}, version=1)
    )


async def test_a_stage_is_set_once_and_then_moved(store, huaqi):
    await store.done(
        LIN_OPERATIONS, lambda work: set_path_stage(work, huaqi.id, Path.SOFTWARE, PathStage.ROLE_SELECTION)
    )
    for _again in range(2):
        await store.done(
            LIN_OPERATIONS, lambda work: set_path_stage(work, huaqi.id, Path.SOFTWARE, PathStage.ROLE_VALIDATION)
        )
    [path] = await store.done(LIN_OPERATIONS, lambda work: joined_paths(work, huaqi.id))
    assert (path.path, path.stage, path.joined_at) == (Path.SOFTWARE, PathStage.ROLE_VALIDATION, NOON)
    assert await store.journal() == ["partner.create", "partner.set_path_stage", "partner.set_path_stage"]
    await store.refused(
        CHEN_AUDITOR,
        PermissionDeniedError,
        lambda work: set_path_stage(work, huaqi.id, Path.SERVICE, PathStage.ROLE_SELECTION),
    )


async def test_a_plan_is_joined_once_and_pce_not_by_this_door(store, huaqi):
    for _again in range(2):
        await store.done(LIN_OPERATIONS, lambda work: join_plan(work, huaqi.id, Plan.CSP))
    assert [plan.plan for plan in await store.done(LIN_OPERATIONS, lambda w: joined_plans(w, huaqi.id))] == [Plan.CSP]
    await store.refused(LIN_OPERATIONS, ValueNotAllowedError, lambda work: join_plan(work, huaqi.id, Plan.PCE))


async def test_baseline_solutions_and_whitelisted_products_count_for_assessment(store, huaqi):
    """COL-2.2.6: what counts is told when the offering is entered."""
    shop, baseline = OfferingKind.KOOGALLERY_PRODUCT, OfferingKind.BASELINE_SOLUTION
    counts = {}
    for name, kind, whitelisted in (("云ERP", shop, False), ("云MES", shop, True), ("智慧园区方案", baseline, False)):
        offering = await store.done(
            LIN_OPERATIONS,
            lambda work, name=name, kind=kind, listed=whitelisted: add_offering(
                work, huaqi.id, name=name, kind=kind, services=["ECS", "ECS", "RDS"], whitelisted=listed
            ),
        )
        assert offering.services == ["ECS", "RDS"]
        counts[name] = offering.counts_for_assessment
    assert counts == {"云ERP": False, "云MES": True, "智慧园区方案": True}


async def test_an_offering_has_a_name_of_its_own_and_services_of_the_catalogue(store, huaqi):
    def another(name: str, *services: str) -> Callable[[Work], Awaitable[Any]]:
        return lambda work: add_offering(
            work, huaqi.id, name=name, kind=OfferingKind.KOOGALLERY_PRODUCT, services=services
        )

    offering = await store.done(LIN_OPERATIONS, another("云ERP"))
    await store.refused(LIN_OPERATIONS, OfferingNameTakenError, another("云ERP"))
    error = await store.refused(LIN_OPERATIONS, ValueNotAllowedError, another("云MES", "ECS", "EC2"))
    assert error.path == ("services", 1)
    await store.refused(CHEN_AUDITOR, PermissionDeniedError, another("云MES"))

    async def listed(work: Work) -> list[Offering]:
        return await listed_offerings(work, huaqi.id, [offering.id])

    assert [one.id for one in await store.done(LIN_OPERATIONS, listed)] == [offering.id]
    await store.done(LIN_OPERATIONS, lambda work: edit_offering(work, offering.id, {"listed": False}, version=1))
    assert await store.done(LIN_OPERATIONS, listed) == []


async def test_a_pdm_places_his_partners_but_the_core_level_is_for_operations_to_grant(store: Stage) -> None:
    """field-permissions.md, who decides: paths and levels by the PDM, the core level with ecosystem operations."""
    huaqi = await store.done(LIN_OPERATIONS, lambda work: create_partner(work, name="华启软件有限公司"))
    yunfan = await store.done(LIN_OPERATIONS, lambda work: create_partner(work, name="云帆科技有限公司"))
    zhou = person(Preset.PDM, "周涛", partners=frozenset({huaqi.id}))
    await store.done(zhou, lambda work: set_path_stage(work, huaqi.id, Path.SOFTWARE, PathStage.ROLE_VALIDATION))
    level = {"level": PartnerLevel.LEADING}
    placed = await store.done(zhou, lambda work: update_partner(work, huaqi.id, level, version=2))
    assert placed.level == PartnerLevel.LEADING

    core = {"level": PartnerLevel.CORE}
    await store.refused(zhou, PermissionDeniedError, lambda work: update_partner(work, huaqi.id, core, version=3))
    await store.refused(
        zhou, FieldNotWritableError, lambda work: update_partner(work, huaqi.id, {"frozen": True}, version=3)
    )
    await store.refused(zhou, NotFoundError, lambda work: update_partner(work, yunfan.id, level, version=1))
    await store.done(LIN_OPERATIONS, lambda work: update_partner(work, huaqi.id, core, version=3))
