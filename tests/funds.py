"""Money for tests: a partner with a balance, its resale customers, and Huawei's finance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from models import balance as domain
from models.balance import BalanceEntry, CustomerFunds, PartnerBalance, Transfer, Transferred
from models.customer import Customer
from models.customer.regime import INTERNATIONAL
from models.kernel.access import Actor
from models.rights import Preset
from models.settings import set_policy
from tests.linking import RESALE, Linking, linking, pipeline
from tests.people import open_person

__all__ = ["funds", "linking", "pipeline"]


@dataclass
class Funds:
    """A partner's people who move money, Huawei's finance, and three customers, two of them in resale."""

    linking: Linking
    partner_finance: Actor
    qingshi: Customer
    hupan: Customer

    @property
    def store(self) -> Any:
        """Give the database and its clock."""
        return self.linking.store

    @property
    def main(self) -> Actor:
        """Give the partner's main account."""
        return self.linking.main

    @property
    def finance(self) -> Actor:
        """Give Huawei's finance."""
        return self.linking.pipeline.finance

    @property
    def partner_id(self) -> Any:
        """Give the partner's id."""
        return self.linking.pipeline.cast.huaqi.id

    async def do(self, actor: Actor, deed: Any) -> Any:
        """Run an action as somebody."""
        return await self.store.do(actor, deed)

    async def top_up(self, amount: str) -> None:
        """Let the partner pay in."""
        await self.do(self.finance, lambda work: domain.top_up(work, self.partner_id, amount, reason="伙伴汇款"))

    async def designate(self, amount: str) -> None:
        """Earmark a part."""
        await self.do(self.finance, lambda work: domain.designate(work, self.partner_id, amount, reason="专项"))

    async def charge(self, customer: Customer, amount: str) -> BalanceEntry:
        """Let billing take something."""
        made: BalanceEntry = await self.do(
            self.finance, lambda work: domain.charge(work, customer.id, amount, reason="11 月账单")
        )
        return made

    async def allocate(self, *rows: tuple[Customer, str], actor: Actor | None = None, **given: Any) -> Any:
        """Allocate, and see that nothing stands against it."""
        return _all_went(await self.try_to(domain.allocate, *rows, actor=actor, **given))

    async def recall(self, *rows: tuple[Customer, str], actor: Actor | None = None, **given: Any) -> Any:
        """Recall, and see that nothing stands against it."""
        return _all_went(await self.try_to(domain.recall, *rows, actor=actor, **given))

    async def try_to(
        self, deed: Any, *rows: tuple[Customer, str], actor: Actor | None = None, **given: Any
    ) -> Sequence[Transferred]:
        """Move money, and give each row's result."""
        asked = [Transfer(customer.id, amount) for customer, amount in rows]
        results: Sequence[Transferred] = await self.do(actor or self.main, lambda work: deed(work, asked, **given))
        return results

    async def held(self) -> tuple[int, int, int]:
        """Give the partner's balance: all of it, what is earmarked, what can be allocated."""
        (row,) = await self.linking.every(PartnerBalance, id=self.partner_id)
        return row.amount, row.designated_amount, row.available_amount

    async def has(self, customer: Customer) -> tuple[int, int, int]:
        """Give a customer's funds: what it has, what it owes, what it may spend."""
        rows = await self.linking.every(CustomerFunds, id=customer.id)
        return (rows[0].balance, rows[0].arrears, rows[0].available_credit) if rows else (0, 0, 0)

    async def ledger(self, **facts: Any) -> list[BalanceEntry]:
        """Give the ledger in its order."""
        return sorted(await self.linking.every(BalanceEntry, **facts), key=lambda entry: entry.number)

    async def go_international(self) -> None:
        """Let the international site's rules hold."""
        await self.do(
            self.linking.pipeline.operations, lambda work: set_policy(work, INTERNATIONAL.key, True, note="国际站")
        )


def _all_went(results: Sequence[Transferred]) -> list[BalanceEntry]:
    assert [one.errors for one in results if one.errors] == []
    return [one.entry for one in results if one.entry]


async def open_funds(linking: Linking) -> Funds:
    """Open the partner's finance, and enter a second customer in resale."""
    ours = {"partner_id": linking.pipeline.cast.huaqi.id}
    finance = await open_person(linking.store, "xu.fei", "许飞", Preset.FIN, **ours)
    hupan = await linking.new_customer("杭州湖畔软件有限公司", "hupan_cloud", RESALE)
    return Funds(linking, await linking.store.actor(finance), linking.resale, hupan)


@pytest_asyncio.fixture
async def funds(linking: Linking) -> AsyncIterator[Funds]:
    """Everybody who has to do with money."""
    yield await open_funds(linking)
