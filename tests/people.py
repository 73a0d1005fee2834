"""The people of the tests, made by the domain's own actions: each has a name, an account and roles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlmodel import SQLModel, col, select

from api.database import Database
from models.identity import (
    Account,
    ClientMode,
    actor_of,
    hash_now,
    open_account,
    operator_actor,
    preset_ids,
    seed_roles,
    set_mode,
)
from models.kernel.access import Actor, Side
from models.kernel.journal import JournalLine
from models.kernel.record import Record, record_types
from models.kernel.work import Work, run_write
from models.partner import PartnerOrganisation, create_partner
from models.rights import Preset

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
PASSWORD = "green bamboo 1984"


@cache
def password_hash() -> str:
    """Hash the password that everybody in the tests has, once."""
    return hash_now(PASSWORD)


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    now: dt.datetime = NOON

    def __call__(self) -> dt.datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@dataclass
class Store:
    """A test's database with a clock that the test moves."""

    writer: Any
    reader: Any
    journal_key: bytes = b"key of the tests"
    clock: Clock = field(default_factory=Clock)

    async def do(self, actor: Actor, deed: Callable[[Work], Awaitable[Any]]) -> Any:
        """Run an action as somebody."""
        return await run_write(self, actor, deed, clock=self.clock)

    async def actor(self, account: Account) -> Actor:
        """Load somebody as he is now."""
        async with self.reader() as session:
            return await actor_of(session, account.id, now=self.clock())

    async def account(self, account: Account) -> Account:
        """Read somebody's account as it is now."""
        async with self.reader() as session:
            found: Account | None = await session.get(Account, account.id)
            assert found is not None
            return found

    async def everything(self) -> dict[str, list[Any]]:
        """Read every row of every table, the journal included."""
        rows: dict[str, list[Any]] = {}
        async with self.reader() as session:
            connection = await session.connection()
            for model in record_types().values():
                table = model.__table__  # type: ignore[attr-defined]
                if table in SQLModel.metadata.tables.values():
                    found = await connection.exec_driver_sql(f"SELECT * FROM {table.name} ORDER BY id")
                    rows[model.__name__] = [dict(row._mapping) for row in found]
        return rows

    async def refused(
        self, actor: Actor, error: type[Exception] | tuple[type[Exception], ...], deed: Callable[[Work], Awaitable[Any]]
    ) -> Any:
        """See that somebody is refused, and that nothing has changed."""
        before = await self.everything()
        with pytest.raises(error) as raised:
            await self.do(actor, deed)
        assert await self.everything() == before
        return raised.value

    async def journal(self) -> list[JournalLine]:
        """Read the journal."""
        async with self.reader() as session:
            return list((await session.execute(select(JournalLine).order_by(col(JournalLine.id)))).scalars())

    async def operations(self) -> list[str]:
        """Read what the journal says was done."""
        return [line.operation for line in await self.journal()]


@dataclass
class Cast:
    """Two partners, their people, and Huawei's."""

    huaqi: PartnerOrganisation
    yunfan: PartnerOrganisation
    wang_main: Account
    li_administrator: Account
    zhao_director: Account
    chen_manager: Account
    liu_main_of_yunfan: Account
    zhou_pdm: Account
    lin_operations: Account
    sun_platform: Account


async def open_person(store: Store, login: str, name: str, *presets: Preset, **facts: Any) -> Account:
    """Open somebody's account with preset roles; without roles it is a main account."""

    async def deed(work: Work) -> Account:
        roles = await preset_ids(work, *presets)
        side = presets[0].side if presets else Side.PARTNER
        given = {"side": side, "is_main": not presets, "must_change_password": False, "role_ids": roles, **facts}
        return await open_account(work, login=login, name=name, password_hash=password_hash(), **given)

    account: Account = await store.do(operator_actor(), deed)
    return account


async def let_ask_anything(store: Store, client_id: UUID) -> None:
    """Let a tool write queries of its own, as one in development may."""
    await store.do(operator_actor(), lambda work: set_mode(work, client_id, ClientMode.OPEN))


async def open_cast(store: Store) -> Cast:
    """Open everybody's account."""
    operator = operator_actor()
    await store.do(operator, seed_roles)
    huaqi = await store.do(operator, lambda work: create_partner(work, name="华启软件有限公司", province="CN-32"))
    yunfan = await store.do(operator, lambda work: create_partner(work, name="云帆科技有限公司", province="CN-44"))
    ours, theirs = {"partner_id": huaqi.id}, {"partner_id": yunfan.id}
    cast = Cast(
        huaqi=huaqi,
        yunfan=yunfan,
        wang_main=await open_person(store, "wang.fang", "王芳", **ours),
        li_administrator=await open_person(store, "li.qiang", "李强", Preset.ADM, **ours),
        zhao_director=await open_person(store, "zhao.min", "赵敏", Preset.DIR, **ours),
        chen_manager=await open_person(store, "chen.lei", "陈磊", Preset.MGR, **ours),
        liu_main_of_yunfan=await open_person(store, "liu.yang", "刘洋", **theirs),
        zhou_pdm=await open_person(
            store, "zhou.tao", "周涛", Preset.PDM, title="生态经理", email="zhou.tao@huawei.com"
        ),
        lin_operations=await open_person(store, "lin.jing", "林静", Preset.ECO),
        sun_platform=await open_person(store, "sun.lei", "孙磊", Preset.SYS),
    )

    async def look_after(work: Work) -> Record:
        partner = await work.get(PartnerOrganisation, huaqi.id)
        partner.pdm_id = cast.zhou_pdm.id
        return partner

    await store.do(operator, look_after)
    return cast


@pytest_asyncio.fixture
async def store(database: Database) -> Store:
    """A migrated database that only this test uses."""
    return Store(database.writer, database.reader)


@pytest_asyncio.fixture
async def cast(store: Store) -> Cast:
    """Everybody, with accounts."""
    return await open_cast(store)
