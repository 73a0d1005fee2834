"""Membership in PCE: joining by oneself or after a review, and leaving with the PDM's consent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from models.approval import Approval, ApprovalState, SelfApprovalError, decide
from models.kernel.access import Actor
from models.kernel.errors import (
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    StaleVersionError,
    TransitionNotAllowedError,
)
from models.kernel.lifecycle import Move
from models.kernel.policy import PolicyRow
from models.kernel.work import Work
from models.partner import PartnerOrganisation, Path, PathStage, create_partner, set_path_stage, update_partner
from models.pce import (
    PCE,
    AgreementNotAcceptedError,
    AlreadyPceMemberError,
    NoPathJoinedError,
    NotEnterpriseVerifiedError,
    NotPceMemberError,
    PartnerFrozenError,
    PceMembership,
    PceStatus,
    is_member,
    join,
    refuse_exit_while,
    request_exit,
    withdraw_exit,
)
from models.rights import PRESETS, Preset
from tests.stage import NOON, Stage, person, stage_on

LIN_OPERATIONS = person(Preset.ECO)


@pytest_asyncio.fixture
async def stage(empty_database_url: str) -> AsyncIterator[Stage]:
    async with stage_on(empty_database_url) as ready:
        yield ready


@pytest_asyncio.fixture
async def huaqi(stage: Stage) -> PartnerOrganisation:
    async def enter(work: Work) -> PartnerOrganisation:
        partner = await create_partner(work, name="华启软件有限公司", province="CN-32", enterprise_verified=True)
        await set_path_stage(work, partner.id, Path.SOFTWARE, PathStage.ROLE_SELECTION)
        return partner

    return await stage.done(LIN_OPERATIONS, enter)


@pytest.fixture
def zhao_main(huaqi: PartnerOrganisation) -> Actor:
    return person(Preset.MAIN, "赵敏", partner_id=huaqi.id)


@pytest.fixture
def wang_pdm(huaqi: PartnerOrganisation) -> Actor:
    return person(Preset.PDM, "王磊", partners=frozenset({huaqi.id}))


@pytest_asyncio.fixture
async def reviews(stage: Stage) -> None:
    async def require(work: Work) -> None:
        work.add(PolicyRow(key="pce.review_required", value=True, effective_from=NOON))

    await stage.done(LIN_OPERATIONS, require)


async def entry_of(stage: Stage, kind: str, state: ApprovalState = ApprovalState.OPEN) -> Approval:
    found: Approval = await stage.one(Approval, kind=kind, state=state)
    return found


def verdict(entry: Approval, verb: str, **given: Any) -> Any:
    return lambda work: decide(work, entry.id, verb, **given)


async def test_whoever_is_eligible_and_agrees_is_a_member_at_once(stage, huaqi, zhao_main):
    """COL-1.1.8: without a review nothing waits in the queue."""
    membership = await stage.done(zhao_main, lambda work: join(work, agreed=True))
    assert (membership.status, membership.joined_at, membership.agreement_version) == (
        PceStatus.ACTIVE,
        NOON,
        "2026-01",
    )
    assert (await stage.journal())[-1] == "pce.join"
    assert await stage.seen(Approval, LIN_OPERATIONS) == set()
    assert await stage.done(zhao_main, lambda work: is_member(work, huaqi.id))


async def test_joining_without_the_tick_is_refused(stage, zhao_main):
    """COL-1.1.6: the commitment and agreement must be ticked."""
    error = await stage.refused(zhao_main, AgreementNotAcceptedError, lambda work: join(work, agreed=False))
    assert error.code == "AGREEMENT_NOT_ACCEPTED"
    assert error.path == ("agreed",)


async def test_everything_that_keeps_an_organisation_out_is_told_at_once(stage):
    """COL-1.1.7: verified, on a path or plan, not frozen."""

    async def enter(work: Work) -> UUID:
        partner = await create_partner(work, name="云帆科技")
        await update_partner(work, partner.id, {"frozen": True}, version=1)
        return partner.id

    outsider = person(Preset.MAIN, partner_id=await stage.done(LIN_OPERATIONS, enter))
    error = await stage.refused(outsider, InvalidInputError, lambda work: join(work, agreed=True))
    assert [type(one) for one in error] == [NotEnterpriseVerifiedError, NoPathJoinedError, PartnerFrozenError]


@pytest.mark.parametrize("role", [Preset.ADM, Preset.DIR, Preset.MGR, Preset.FIN, Preset.OPS])
async def test_nobody_but_the_main_account_joins(stage, huaqi, role):
    """COL-7.2: joining and leaving PCE belong to the main account."""
    member = person(role, partner_id=huaqi.id)
    await stage.refused(member, PermissionDeniedError, lambda work: join(work, agreed=True))
    await stage.refused(member, PermissionDeniedError, lambda work: request_exit(work, reason="业务调整"))


async def test_nobody_joins_twice(stage, zhao_main):
    await stage.done(zhao_main, lambda work: join(work, agreed=True))
    error = await stage.refused(zhao_main, AlreadyPceMemberError, lambda work: join(work, agreed=True))
    assert error.data() == {"status": "ACTIVE"}


@pytest.mark.usefixtures("reviews")
async def test_where_a_review_is_required_the_application_waits_for_the_pdm(stage, huaqi, zhao_main, wang_pdm):
    """COL-1.1.8: a review by Huawei is the configurable alternative."""
    membership = await stage.done(zhao_main, lambda work: join(work, agreed=True))
    assert membership.status is PceStatus.PENDING
    assert not await stage.done(zhao_main, lambda work: is_member(work, huaqi.id))
    entry = await entry_of(stage, "pce.membership")
    assert (entry.subject_id, entry.partner_id, entry.requested_by) == (membership.id, huaqi.id, zhao_main.id)
    await stage.done(wang_pdm, verdict(entry, "approve", version=1))
    present = await stage.one(PceMembership, id=membership.id)
    assert (present.status, present.joined_at, present.last_decider) == (PceStatus.ACTIVE, NOON, wang_pdm.id)
    closed = await entry_of(stage, "pce.membership", ApprovalState.CLOSED)
    assert (closed.verdict, closed.decided_by, closed.closed_at) == ("approve", wang_pdm.id, NOON)
    assert (await stage.journal())[-1] == "PceMembership.approve"


@pytest.mark.usefixtures("reviews")
async def test_a_rejected_applicant_reads_why_and_may_apply_again(stage, zhao_main, wang_pdm):
    membership = await stage.done(zhao_main, lambda work: join(work, agreed=True))
    entry = await entry_of(stage, "pce.membership")
    await stage.refused(wang_pdm, ReasonRequiredError, verdict(entry, "reject", reason="  "))
    await stage.done(wang_pdm, verdict(entry, "reject", reason="企业信息不完整"))
    rejected = await stage.one(PceMembership, id=membership.id)
    assert (rejected.status, rejected.verdict_reason) == (PceStatus.REJECTED, "企业信息不完整")
    again = await stage.done(zhao_main, lambda work: join(work, agreed=True))
    assert again.id != membership.id


@pytest.mark.usefixtures("reviews")
async def test_an_organisation_that_was_frozen_meanwhile_cannot_be_approved(stage, huaqi, zhao_main, wang_pdm):
    """COL-1.1.7: eligibility is looked at again when the decision falls."""
    await stage.done(zhao_main, lambda work: join(work, agreed=True))
    partner = await stage.one(PartnerOrganisation, id=huaqi.id)
    await stage.done(
        LIN_OPERATIONS, lambda work: update_partner(work, huaqi.id, {"frozen": True}, version=partner.version)
    )
    entry = await entry_of(stage, "pce.membership")
    await stage.refused(wang_pdm, PartnerFrozenError, verdict(entry, "approve"))


@pytest.mark.usefixtures("reviews")
async def test_nobody_decides_on_an_application_of_his_own(stage, huaqi):
    """RV-01, even where somebody's roles would let him do both."""
    both = PRESETS[Preset.MAIN].permissions | PRESETS[Preset.PDM].permissions
    someone = Actor(
        id=LIN_OPERATIONS.id,
        name="林",
        side=LIN_OPERATIONS.side,
        permissions=both,
        partner_id=huaqi.id,
        partners=frozenset({huaqi.id}),
    )
    await stage.done(someone, lambda work: join(work, agreed=True))
    entry = await entry_of(stage, "pce.membership")
    error = await stage.refused(someone, SelfApprovalError, verdict(entry, "approve"))
    assert error.code == "SELF_APPROVAL"


@pytest.mark.usefixtures("reviews")
async def test_a_pdm_of_other_partners_finds_no_entry(stage, zhao_main):
    await stage.done(zhao_main, lambda work: join(work, agreed=True))
    entry = await entry_of(stage, "pce.membership")
    for stranger in (person(Preset.PDM), person(Preset.PSM, office_id="office-js"), person(Preset.AUD), zhao_main):
        assert await stage.seen(Approval, stranger) == set()
        await stage.refused(stranger, NotFoundError, verdict(entry, "approve"))


async def test_an_exit_is_asked_for_with_a_reason_and_approved_by_the_pdm(stage, huaqi, zhao_main, wang_pdm):
    """COL-1.1.9: the partner requests, the PDM approves; history stays readable."""
    membership = await stage.done(zhao_main, lambda work: join(work, agreed=True))
    await stage.refused(zhao_main, ReasonRequiredError, lambda work: request_exit(work, reason=None))
    await stage.refused(zhao_main, StaleVersionError, lambda work: request_exit(work, reason="调整", version=7))
    await stage.done(zhao_main, lambda work: request_exit(work, reason="业务调整", version=1))
    assert await stage.done(zhao_main, lambda work: is_member(work, huaqi.id))
    entry = await entry_of(stage, "pce.exit")
    await stage.done(wang_pdm, verdict(entry, "approve_exit"))
    left = await stage.one(PceMembership, id=membership.id)
    assert (left.status, left.exited_at, left.exit_reason) == (PceStatus.EXITED, NOON, "业务调整")
    assert not await stage.done(zhao_main, lambda work: is_member(work, huaqi.id))
    assert await stage.seen(PceMembership, zhao_main) == {membership.id}
    await stage.refused(zhao_main, NotPceMemberError, lambda work: request_exit(work, reason="业务调整"))


async def test_an_exit_may_be_refused_or_taken_back(stage, zhao_main, wang_pdm):
    membership = await stage.done(zhao_main, lambda work: join(work, agreed=True))
    await stage.done(zhao_main, lambda work: request_exit(work, reason="业务调整"))
    await stage.refused(zhao_main, TransitionNotAllowedError, lambda work: request_exit(work, reason="业务调整"))
    await stage.done(zhao_main, withdraw_exit)
    withdrawn = await entry_of(stage, "pce.exit", ApprovalState.CLOSED)
    assert withdrawn.verdict == "withdraw_exit"
    await stage.done(zhao_main, lambda work: request_exit(work, reason="业务调整"))
    await stage.done(wang_pdm, verdict(await entry_of(stage, "pce.exit"), "reject_exit", reason="仍有合作项目"))
    present = await stage.one(PceMembership, id=membership.id)
    assert (present.status, present.verdict_reason) == (PceStatus.ACTIVE, "仍有合作项目")


async def test_an_exit_waits_for_what_the_layers_above_have_open(stage, zhao_main, wang_pdm, monkeypatch):
    """COL-1.1.9: the programme cannot be left while something of it is open."""
    still_open = False

    async def nothing_open(work: Work, move: Move) -> list[NotPceMemberError]:
        return [NotPceMemberError()] if still_open else []

    monkeypatch.setattr(PCE, "_checks", {verb: list(checks) for verb, checks in PCE._checks.items()})
    refuse_exit_while(nothing_open)
    await stage.done(zhao_main, lambda work: join(work, agreed=True))
    still_open = True
    await stage.refused(zhao_main, NotPceMemberError, lambda work: request_exit(work, reason="业务调整"))
    still_open = False
    await stage.done(zhao_main, lambda work: request_exit(work, reason="业务调整"))
    still_open = True
    entry = await entry_of(stage, "pce.exit")
    await stage.refused(wang_pdm, NotPceMemberError, verdict(entry, "approve_exit"))


async def test_a_membership_is_seen_with_its_organisation(stage, huaqi, zhao_main, wang_pdm):
    """COL-1.1.10: the partner sees its membership."""
    membership = await stage.done(zhao_main, lambda work: join(work, agreed=True))
    for viewer in (zhao_main, person(Preset.ADM, partner_id=huaqi.id), wang_pdm, person(Preset.AUD)):
        assert await stage.seen(PceMembership, viewer) == {membership.id}
    for stranger in (person(Preset.MAIN, partner_id=membership.id), person(Preset.PDM)):
        assert await stage.seen(PceMembership, stranger) == set()
