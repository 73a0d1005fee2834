"""What an installation begins with is planted once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from models.approval import CLAIM_MINUTES
from models.identity import Role
from models.kernel.access import system_actor
from models.kernel.policy import PolicyRow, declared
from models.pce import REVIEW_REQUIRED
from models.rights import Preset
from models.seed import plant
from tests.stage import Stage, stage_on


@pytest_asyncio.fixture
async def stage(empty_database_url: str) -> AsyncIterator[Stage]:
    async with stage_on(empty_database_url) as ready:
        yield ready


async def test_planting_again_changes_nothing(stage):
    assert await stage.done(system_actor(), plant) > len(declared())
    before = await stage.everything()
    assert await stage.done(system_actor(), plant) == 0
    assert await stage.everything() == before
    assert len(before["policy_row"]) == len(declared())
    assert (await stage.one(Role, preset=Preset.PDM)).name_zh == "生态经理"


async def test_a_number_that_somebody_set_stays(stage):
    async def set_by_hand(work) -> None:
        work.add(PolicyRow(key=REVIEW_REQUIRED.key, value=True, effective_from=work.now))

    await stage.done(system_actor(), set_by_hand)
    await stage.done(system_actor(), plant)
    assert (await stage.one(PolicyRow, key=REVIEW_REQUIRED.key)).value is True
    assert await stage.done(system_actor(), lambda work: work.policy(CLAIM_MINUTES)) == 30
