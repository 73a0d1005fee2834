"""A partner's tool whose operations are published and admitted, as the benchmarks call them by id."""

from __future__ import annotations

from uuid import UUID

from api.database import connect
from models.identity import actor_of, issue_token, operator_actor, scopes_for
from models.kernel.access import Actor
from models.kernel.work import utc_now
from tests.benchmarks.data import account_id
from tests.operating import a_client, admitted
from tests.people import Store


async def admitted_tool(url: str, *texts: str) -> str:
    """Register a tool of the partner that reads, have its operations admitted, and give a token of it."""
    database = connect(url)
    store = Store(database.writer, database.reader, clock=utc_now)  # type: ignore[arg-type]
    async with store.reader() as session:
        main: Actor = await actor_of(session, UUID(account_id(0)), now=utc_now())
    tool = await a_client(store, main, f"CRM {utc_now():%Y-%m-%d %H:%M:%S}")
    await admitted(store, main, operator_actor(), tool, *texts)
    issued = await store.do(
        main, lambda work: issue_token(work, tool.id, name="bench", scopes=scopes_for(main), tied=True)
    )
    await database.dispose()
    return str(issued.secret)
