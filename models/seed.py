"""What every installation begins with: the policy numbers and the preset roles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Final

from sqlmodel import select

from models.identity import seed_roles
from models.kernel.journal import Operation
from models.kernel.policy import PolicyRow, declared
from models.kernel.work import Work

PLANT: Final = Operation("installation.seed", "初始化基础数据", "Plant the seeds", "installation", "seedInstallation")
# Before anything that this system could be asked about.
BEGINNING: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

Planter = Callable[[Work], Awaitable[int]]
_planters: list[Planter] = []


def also_plant(planter: Planter) -> Planter:
    """Let a layer above plant rows of its own; it answers how many it planted, none the second time."""
    _planters.append(planter)
    return planter


async def plant(work: Work) -> int:
    """Write a row for every policy number that has none, the preset roles, and what layers above begin with.

    Answers how many rows changed. To plant again changes nothing; a number that somebody has set stays as it is.
    """
    present = set(await work.every(select(PolicyRow.key)))
    missing = [policy for key, policy in sorted(declared().items()) if key not in present]
    for policy in missing:
        work.add(PolicyRow(key=policy.key, value=policy.seed, effective_from=BEGINNING, note=policy.zh))
    changed = len(missing) + await seed_roles(work)
    for planter in _planters:
        changed += await planter(work)
    if changed:
        work.note(PLANT, None, internal=True, changes={"policies": [policy.key for policy in missing]})
    return changed
