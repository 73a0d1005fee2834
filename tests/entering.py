"""Entering for tests: companies that Huawei invites, and how far each of them comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlmodel import col, select

from models import entry as domain
from models.agreement import AgreementVersion
from models.approval import Approval, ApprovalState, decide
from models.entry import INVITEE, EntryCode, EntryStatus, EntryTerms, PartnerEntry, Registration, answering
from models.file import AttachmentField, Content, open_ticket
from models.file import store as store_file
from models.identity import Account, operator_actor
from models.kernel.access import Actor, system_actor
from models.kernel.errors import DomainError
from models.kernel.values import credit_code_for
from models.kernel.work import Work, sealed
from models.rights import Preset
from models.seed import plant
from models.verification import PURPOSE, code_from
from tests.people import PASSWORD, Cast, Store, cast, open_person, password_hash, store

__all__ = ["cast", "entering", "store"]

TERMS = EntryTerms(b"e" * 32, "https://partners.example")
INVITED: dict[str, Any] = {"company_name": "苏州晨曦云计算有限公司", "email": "office@chenxi.example"}
MOBILE, EMAIL = "13912340001", "qian.yu@chenxi.example"
FORM: dict[str, Any] = {
    "company_name": "苏州晨曦云计算有限公司",
    "credit_code": credit_code_for("91320505MA1CHENX1"),
    "legal_form": domain.LegalForm.LIMITED_LIABILITY,
    "province": "CN-32",
    "city": "苏州市",
    "address": "高新区科技路 8 号",
    "path": "SOFTWARE",
    "contact_name": "钱瑜",
    "contact_title": "总经理",
    "contact_email": EMAIL,
}
REGISTRATION = Registration("qian.yu", "钱瑜", PASSWORD)


def codes_of(error: DomainError) -> set[tuple[str, str]]:
    """Name what was refused, by field and code."""
    return {(str(one.path[0]) if one.path else "", one.code) for one in error}


@dataclass
class Entering:
    """Whoever invites, enters and reviews."""

    store: Store
    cast: Cast
    pdm: Actor
    operations: Actor
    second_operations: Actor
    auditor: Actor
    main: Actor

    async def do(self, actor: Actor, deed: Any) -> Any:
        """Run an action as somebody."""
        return await self.store.do(actor, deed)

    async def invite(self, actor: Actor | None = None, **changes: Any) -> PartnerEntry:
        """Invite a company."""
        values = {**INVITED, **changes}
        made: PartnerEntry = await self.do(actor or self.pdm, lambda work: domain.invite(work, values))
        return made

    async def open(self, entry: PartnerEntry) -> PartnerEntry:
        """Open the link."""
        found: PartnerEntry = await self.do(INVITEE, lambda work: domain.opened(work, entry.id))
        return found

    async def ask(self, entry: PartnerEntry, *, mobile: str = MOBILE, email: str = EMAIL) -> EntryCode:
        """Ask for a code by the link."""
        made: EntryCode = await self.do(
            INVITEE, lambda work: domain.request_code(work, entry.id, mobile=mobile, email=email, address="203.0.113.7")
        )
        return made

    def digits(self, code: EntryCode) -> str:
        """Tell a code as its mail does."""
        return code_from(sealed(self.store.journal_key, PURPOSE, code.id.hex))

    async def verify(self, entry: PartnerEntry, code: EntryCode) -> UUID:
        """Give the code back."""
        digits = self.digits(code)
        _, verified = await self.do(INVITEE, lambda work: domain.verify(work, entry.id, digits))
        id: UUID = verified.id
        return id

    async def register(self, entry: PartnerEntry, code_id: UUID, **changes: Any) -> PartnerEntry:
        """Register the account."""
        given = Registration(**{**vars(REGISTRATION), **changes})
        return await domain.register(self.store, entry.id, code_id, given, clock=self.store.clock)

    async def verified(self, entry: PartnerEntry, **contact: str) -> UUID:
        """Go through the verification."""
        return await self.verify(entry, await self.ask(entry, **contact))

    async def registered(self, entry: PartnerEntry | None = None, **changes: Any) -> tuple[PartnerEntry, Actor]:
        """Go as far as an account."""
        entry = entry or await self.invite()
        contact = {name: changes.pop(name) for name in ("mobile", "email") if name in changes}
        await self.register(entry, await self.verified(entry, **contact), **changes)
        found = await self.again(entry)
        assert found.account_id is not None
        return found, await self.store.actor(await self.account(found))

    async def agreed(self, entry: PartnerEntry | None = None, **changes: Any) -> tuple[PartnerEntry, Actor]:
        """Go as far as the terms."""
        entry, actor = await self.registered(entry, **changes)
        terms = (await self.terms()).id
        await self.do(
            actor, lambda work: domain.accept_terms(work, entry.id, terms, ticked=True, version=entry.version)
        )
        return await self.again(entry), actor

    async def submit(self, entry: PartnerEntry, actor: Actor, **changes: Any) -> PartnerEntry:
        """Submit the entry information."""
        values = {**FORM, **changes}
        version = (await self.again(entry)).version
        await self.do(actor, lambda work: domain.submit(work, entry.id, values, version=version))
        found: PartnerEntry = await self.again(entry)
        return found

    async def submitted(self, *, licence: bool = True, invited: Any = None, **changes: Any) -> tuple[Any, Actor]:
        """Go all the way."""
        entry, actor = await self.agreed(await self.invite(**(invited or {})))
        if licence:
            await self.add_licence(entry, actor)
        return await self.submit(entry, actor, **changes), actor

    async def add_licence(self, entry: PartnerEntry, actor: Actor) -> Any:
        """Let an entry hold a business licence."""
        ticket = await self.do(
            actor, lambda work: open_ticket(work, "pen", entry.id, AttachmentField.LICENCE, "营业执照.pdf", 10)
        )
        content = Content(10, "application/pdf", "0" * 64)
        return await self.do(actor, lambda work: store_file(work, ticket.id, content))

    async def decide(self, entry: PartnerEntry, verb: str, reason: str | None = None, by: Actor | None = None) -> None:
        """Decide on an entry that waits."""

        async def deed(work: Work) -> None:
            waiting = await work.first(
                select(Approval.id).where(Approval.subject_id == entry.id, Approval.state == ApprovalState.OPEN)
            )
            await decide(work, waiting, verb, reason=reason)

        await self.do(by or self.operations, deed)

    async def terms(self) -> AgreementVersion:
        """Give the newest service terms."""
        found: AgreementVersion = await self.do(self.operations, domain.newest_terms)
        return found

    async def account(self, entry: PartnerEntry) -> Account:
        """Give the account that was registered."""
        async with self.store.reader() as session:
            found: Account | None = await session.get(Account, entry.account_id)
            assert found is not None
            return found

    async def again(self, record: Any) -> Any:
        """Read a record as it is now."""
        async with self.store.reader() as session:
            return await session.get(type(record), record.id)

    async def every(self, model: Any, **values: Any) -> list[Any]:
        """Read the rows of a type."""
        async with self.store.reader() as session:
            return list((await session.execute(select(model).filter_by(**values).order_by(col(model.id)))).scalars())

    async def status(self, entry: PartnerEntry) -> EntryStatus:
        """Say how far an entry is."""
        found: EntryStatus = (await self.again(entry)).status
        return found


async def open_entering(store: Store, cast: Cast) -> Entering:
    """Open everybody's account, and plant the service terms."""
    await store.do(operator_actor(), plant)
    auditor = await open_person(store, "gao.xiang", "高翔", Preset.AUD)
    second = await open_person(store, "tian.yu", "田雨", Preset.ECO)
    actors = [await store.actor(one) for one in (cast.zhou_pdm, cast.lin_operations, second, auditor, cast.wang_main)]
    return Entering(store, cast, *actors)


async def fired(entering: Entering, entry: PartnerEntry) -> str | None:
    """Take the step that a passed deadline calls for."""
    done: str | None = await entering.do(system_actor(), lambda work: domain.ENTRY.fire_due(work, entry.id))
    return done


@pytest_asyncio.fixture
async def entering(store: Store, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Entering]:
    """Everybody who has to do with entries; the password that everybody has is hashed once for all tests."""

    async def known(_password: str) -> str:
        return password_hash()

    monkeypatch.setattr(answering, "hash_password", known)
    yield await open_entering(store, cast)
