"""What the demonstration's partner has of tools: one that asks what it likes, and one that runs admitted operations."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from api.demo.world import World
from api.operations import Examiner
from api.schema import build_schema
from models import operations as domain
from models.approval import Approval, ApprovalState, decide
from models.identity import ClientMode, create_client, issue_token, scopes_for, set_mode
from models.kernel.access import system_actor
from models.kernel.work import Work
from models.operations import ManifestFormat, OperationDocument, Submitted

OPEN_TOOL: Final = "demo-tool"
CRM: Final = "demo-crm"
TOKEN_DAYS: Final = 365
MIRROR: Final = """query Mirror($first: Int, $after: String) {
  opportunities(first: $first, after: $after) {
    nodes { id name status stage expectedAmount { amount currency } version }
    pageInfo { endCursor hasNextPage }
  }
}
"""
MIRROR_WITH_CUSTOMERS: Final = MIRROR.replace("nodes { id name", "nodes { id name companyName contactName")
SEND: Final = """mutation Send($input: OpportunityInput!) {
  opportunitySubmit(input: $input) { replayed opportunity { id status version } }
}
"""


async def open_tools(world: World, secret: str) -> None:
    """Register both tools: one with a token for whoever looks round, one with a version admitted and one waiting."""
    today = world.moment
    world.moment = world.working_day(30)
    crm = await _tool(world, CRM, "同步商机到自有 CRM Mirrors opportunities into the partner's CRM")
    await _publish(world, crm, "1.0", MIRROR, SEND)
    for entry in await _waiting(world, crm):
        await world.do("demo.eco", lambda work, id=entry: decide(work, id, "admit"))  # type: ignore[misc]
    world.moment = today - dt.timedelta(hours=4)
    usage = domain.Usage(world.clock)
    for place, document in enumerate(await _documents(world, crm)):
        for call in range(240 >> place):
            usage.seen(document, 0.004 + call % 20 * 0.002, call % 60 == 59)
    await world.as_actor(system_actor(), lambda work: domain.write_down(work, usage.take()))
    world.moment = today - dt.timedelta(hours=3)
    await _publish(world, crm, "1.1", MIRROR_WITH_CUSTOMERS, SEND)
    world.moment = today
    loose = await _tool(world, OPEN_TOOL, "演示用：伙伴自有系统调用接口 Demo tool of the partner", secret)
    # Whoever looks round writes queries of his own.
    await world.do("demo.eco", lambda work: set_mode(work, loose, ClientMode.OPEN))


async def _tool(world: World, name: str, purpose: str, secret: str | None = None) -> UUID:
    made: list[UUID] = []

    async def deed(work: Work) -> None:
        client = await create_client(work, name=name, purpose=purpose)
        await work.flush()
        made.append(client.id)
        await issue_token(
            work,
            client.id,
            name="demo",
            scopes=scopes_for(work.actor),
            days=TOKEN_DAYS,
            tied=secret is None,
            secret=secret,
        )

    await world.do("demo.main", deed)
    return made[-1]


async def _publish(world: World, client_id: UUID, label: str, *texts: str) -> None:
    documents = [Submitted("", text) for text in texts]
    named = [Submitted(f"sha256:{one.sha256}", one.text) for one in documents]
    examine = Examiner(build_schema())

    async def deed(work: Work) -> None:
        upload = await domain.draw_up(work.actor, named, examine, format=ManifestFormat.APOLLO, label=label)
        await domain.publish(work, client_id, upload)

    await world.do("demo.main", deed)


async def _documents(world: World, client_id: UUID) -> list[UUID]:
    async with world.store.reader() as session:
        found = await session.execute(
            select(OperationDocument.id)
            .where(OperationDocument.client_id == client_id)
            .order_by(col(OperationDocument.kind).desc())
        )
        return list(found.scalars())


async def _waiting(world: World, client_id: UUID) -> list[UUID]:
    async with world.store.reader() as session:
        found = await session.execute(
            select(Approval.id)
            .join(OperationDocument, col(OperationDocument.id) == col(Approval.subject_id))
            .where(OperationDocument.client_id == client_id, Approval.state == ApprovalState.OPEN)
            .order_by(col(Approval.id))
        )
        return list(found.scalars())
