"""What is kept of callers holds only while nothing has changed: the data's version, and the actors behind tokens."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlmodel import select

from api.database import Database
from api.identity import Actors
from models.approval import Approval, claim
from models.identity import (
    SignInRequiredError,
    create_client,
    create_role,
    deactivate,
    end_session,
    issue_token,
    operator_actor,
    revoke_token,
    set_roles,
)
from models.kernel.access import Actor
from models.partner import create_partner
from models.rights import Preset, Right
from tests.people import Cast, Store, cast, open_person, store
from tests.pipeline import open_pipeline
from tests.processes import surroundings
from tests.test_sessions import TERMS, enter, request

__all__ = ["cast", "store"]

ELSEWHERE = """
import asyncio, sys
from api.database import connect
from models.identity import operator_actor
from models.kernel.work import run_write
from models.seed import plant
class House:
    journal_key = b"key"
async def main():
    database = connect(sys.argv[1])
    House.writer, House.reader = database.writer, database.reader
    await run_write(House, operator_actor(), plant)
    await database.dispose()
asyncio.run(main())
"""


async def test_the_version_stays_while_nobody_writes_and_changes_with_every_commit(database: Database):
    first = await database.data_version()
    async with database.reader() as session:
        await session.execute(sa.text("SELECT count(*) FROM account"))
    assert await database.data_version() == first
    async with database.writer() as session:
        await session.execute(sa.text("UPDATE account SET name = name"))
        await session.rollback()
    seen = {await database.data_version()}
    for _ in range(3):
        await Store(database.writer, database.reader).do(operator_actor(), _touch)
        version = await database.data_version()
        assert version not in seen
        seen.add(version)
    assert {await database.data_version() for _ in range(5)} == {version}
    assert set(await asyncio.gather(*(database.data_version() for _ in range(20)))) == {version}


async def _touch(work: Any) -> None:
    await create_partner(work, name="华启软件有限公司", province="CN-32")


async def test_a_commit_of_another_process_changes_the_version(database: Database):
    before = await database.data_version()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ELSEWHERE, database.url, env=surroundings(database.url)
    )
    assert await process.wait() == 0
    assert await database.data_version() != before


async def test_a_database_that_does_not_answer_lets_nothing_be_kept(database: Database, monkeypatch):
    class Gone:
        async def fetchval(self, _: str) -> str:
            raise OSError

        async def close(self) -> None:
            return None

        def is_closed(self) -> bool:
            return False

    first = await database.data_version()
    if database.dialect == "sqlite":
        database.version._connection.close()  # type: ignore[attr-defined]
    else:
        await database.version._connection.close()  # type: ignore[attr-defined]
        monkeypatch.setattr(database.version, "_connection", Gone())
    lost = await database.data_version()
    assert lost not in (first, await database.data_version())
    monkeypatch.undo()
    assert await database.data_version() == await database.data_version()


class Door:
    """Actors as the endpoint has them, with a count of what is looked up."""

    def __init__(self, store: Store, database: Database) -> None:
        self.looked_up = 0
        self.store = store
        self.actors = Actors(self, database.data_version, TERMS, clock=store.clock)  # type: ignore[arg-type]
        self.writer, self.journal_key = store.writer, store.journal_key

    def reader(self) -> Any:
        """Open a session that only reads."""
        self.looked_up += 1
        return self.store.reader()

    async def who(self, token: str) -> Actor:
        """Say whom a token belongs to."""
        found = await self.actors.behind(request(token))
        assert found is not None
        return found


@pytest_asyncio.fixture
async def door(store: Store, database: Database) -> Door:
    return Door(store, database)


async def test_a_session_is_looked_up_once_while_nothing_changes(store: Store, cast: Cast, door: Door):
    wang = (await enter(store, "wang.fang")).access_token
    liu = (await enter(store, "liu.yang")).access_token
    first = await door.who(wang)
    assert first == await store.actor(cast.wang_main)
    assert await door.who(wang) is first
    assert (await door.who(liu)).id == cast.liu_main_of_yunfan.id
    assert door.looked_up == 2
    assert await door.actors.behind(request()) is None
    assert door.looked_up == 2


async def test_a_session_that_was_ended_holds_no_longer(store: Store, cast: Cast, door: Door):
    issued = await enter(store, "wang.fang")
    wang = await door.who(issued.access_token)
    await store.do(wang, lambda work: end_session(work, issued.session_id))
    with pytest.raises(SignInRequiredError):
        await door.who(issued.access_token)
    chen = (await enter(store, "chen.lei")).access_token
    await door.who(chen)
    await store.do(operator_actor(), lambda work: deactivate(work, cast.chen_manager.id))
    with pytest.raises(SignInRequiredError):
        await door.who(chen)


async def test_an_access_token_ends_by_the_clock_alone(store: Store, cast: Cast, door: Door):
    token = (await enter(store, "wang.fang")).access_token
    await door.who(token)
    store.clock.forward(seconds=TERMS.access.total_seconds() - 1)
    await door.who(token)
    assert door.looked_up == 1
    store.clock.forward(seconds=1)
    with pytest.raises(SignInRequiredError):
        await door.who(token)


async def test_a_changed_role_holds_from_the_next_call(store: Store, cast: Cast, door: Door):
    """COL-7.1.14: rights are those of the present roles."""
    own = await store.do(
        await store.actor(cast.wang_main),
        lambda work: create_role(work, name_zh="查询员", permissions=[Right.PARTNER_READ_OWN]),
    )
    he = await open_person(store, "gao.yuan", "高远", Preset.FIN, partner_id=cast.huaqi.id)
    token = (await enter(store, "gao.yuan")).access_token
    assert Right.CUSTOMER_READ_OWN in (await door.who(token)).permissions
    await store.do(await store.actor(cast.wang_main), lambda work: set_roles(work, he.id, [own.id]))
    assert (await door.who(token)).permissions == {Right.PARTNER_READ_OWN}


async def test_a_tools_token_ends_when_revoked_and_by_the_clock(store: Store, cast: Cast, door: Door):
    async def deed(work: Any) -> Any:
        client = await create_client(work, name="华启 CRM")
        return [
            await issue_token(work, client.id, name="生产", scopes=[Right.OPPORTUNITY_READ_OWN], days=1)
            for _ in range(2)
        ]

    wang = await store.actor(cast.wang_main)
    revoked, expiring = await store.do(wang, deed)
    for one in (revoked, expiring):
        await door.who(one.secret)  # the first call writes down that the token is in use
    for one in (revoked, expiring):
        await door.who(one.secret)
    looked_up = door.looked_up
    assert (await door.who(revoked.secret)).client_id == revoked.token.client_id
    assert door.looked_up == looked_up
    await store.do(wang, lambda work: revoke_token(work, revoked.token.id))
    with pytest.raises(SignInRequiredError):
        await door.who(revoked.secret)
    await door.who(expiring.secret)
    store.clock.forward(days=1)
    with pytest.raises(SignInRequiredError):
        await door.who(expiring.secret)


async def test_a_claim_ends_by_the_clock_alone(store: Store, database: Database, door: Door):
    pipeline = await open_pipeline(store)
    opportunity = await pipeline.submitted(pipeline.other_main)
    async with store.reader() as session:
        entry = (await session.execute(select(Approval).where(Approval.subject_id == opportunity.id))).scalars().one()
    reviewer = pipeline.cast.lin_operations
    await store.do(await store.actor(reviewer), lambda work: claim(work, entry.id))
    token = (await enter(store, reviewer.login)).access_token
    assert (await door.who(token)).claimed == {opportunity.id}
    store.clock.forward(minutes=29)
    token = (await enter(store, reviewer.login)).access_token
    assert (await door.who(token)).claimed == {opportunity.id}
    looked_up = door.looked_up
    store.clock.forward(minutes=1)
    assert (await door.who(token)).claimed == frozenset()
    assert door.looked_up == looked_up + 1
