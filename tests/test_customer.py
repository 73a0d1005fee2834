"""Customers: who sees which of them, who sees which of their fields, and how they are entered and found."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlmodel import col, select

from models.customer import (
    AssociationType,
    Customer,
    CustomerContact,
    CustomerOrigin,
    CustomerType,
    ExternalIdTakenError,
    FreezeState,
    HuaweiAccountTakenError,
    TooManyContactsError,
    VerifiedStatus,
    create_customer,
    edit_customer,
    from_wire,
    known_customer,
)
from models.identity import Account, AccountRole, preset_ids, seed_roles
from models.kernel.access import Actor, Side
from models.kernel.errors import (
    FieldNotSearchableError,
    FieldNotWritableError,
    InvalidInputError,
    PermissionDeniedError,
    StaleVersionError,
)
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.values import credit_code_for, new_id
from models.kernel.work import Work
from models.partner import create_partner
from models.rights import PRESETS, Preset
from tests.stage import NOON, Stage, person, stage_on

LIN_OPERATIONS = person(Preset.ECO)
CODE = credit_code_for("91320000MA1ABCDE2")
FACTS = {
    "company_name": "苏州远大制造有限公司",
    "account_name": "yuanda_cloud",
    "huawei_account_id": "0a1b2c3d",
    "credit_code": CODE,
    "mobile": "13912345678",
    "email": "li.na@yuanda.example",
    "industry": "MANUFACTURING",
    "sub_industry": "MANUFACTURING.MACHINERY",
    "province": "CN-32",
    "city": "苏州",
    "association_type": AssociationType.REFERRAL,
    "associated_on": NOON,
    "tags": ["重点", "VIP"],
    "website": "https://yuanda.example",
}
PLAIN = {
    "company_name": "苏州远大制造有限公司",
    "account_name": "yuanda_cloud",
    "mobile": "13912345678",
    "email": "li.na@yuanda.example",
    "credit_code": CODE,
    "industry": "MANUFACTURING",
    "association_type": "REFERRAL",
    "tags": ["重点", "VIP"],
    "website": "https://yuanda.example",
}
MASKED = {
    "company_name": "苏州****公司",
    "account_name": "yu****",
    "mobile": "139****5678",
    "email": "l****@yuanda.example",
    "credit_code": f"91****{CODE[-2:]}",
    "industry": None,
    "association_type": None,
    "tags": None,
    "website": "****",
}
GROUPS = {
    "name": ("company_name", "website"),
    "contact": ("account_name", "mobile", "email"),
    "credit_code": ("credit_code",),
    "profile": ("industry", "association_type", "tags"),
}


@pytest_asyncio.fixture
async def stage(empty_database_url: str) -> AsyncIterator[Stage]:
    async with stage_on(empty_database_url) as ready:
        yield ready


@dataclass
class Cast:
    """A partner with a director, his manager and another manager, and three customers."""

    partner_id: Any
    director: Actor
    manager: Actor
    colleague: Actor
    owner: Actor
    bd: Actor
    yuanda: Customer
    minghe: Customer
    free: Customer

    def member(self, role: Preset) -> Actor:
        return person(role, partner_id=self.partner_id)


@pytest_asyncio.fixture
async def cast(stage: Stage) -> Cast:
    owner, bd = person(Preset.OWN), person(Preset.BD)

    async def enter(work: Work) -> Cast:
        partner = await create_partner(work, name="华启软件")
        other = await create_partner(work, name="云帆科技")
        director = person(Preset.DIR, "周主管", partner_id=partner.id)
        manager = person(Preset.MGR, "吴经理", partner_id=partner.id)
        colleague = person(Preset.MGR, "郑经理", partner_id=partner.id)
        await seed_roles(work)
        (role,) = await preset_ids(work, Preset.MGR)
        for member, boss in ((director, None), (manager, director), (colleague, None)):
            account = Account(
                id=member.id,
                login=str(member.id),
                name=member.name,
                password_hash="-",
                side=Side.PARTNER,
                partner_id=partner.id,
                director_id=boss.id if boss else None,
                created_at=work.now,
                updated_at=work.now,
            )
            work.add(account)
            await work.flush()
            if member is not director:
                work.add(AccountRole(account_id=member.id, role_id=role))
        yuanda = await create_customer(
            work,
            {**FACTS, "partner_id": partner.id, "account_manager_id": manager.id, "owner_id": owner.id, "bd_id": bd.id},
            [{"name": "李娜", "title": "CIO", "mobile": "13912345678", "email": None}],
        )
        minghe = await create_customer(
            work, {"company_name": "明和物流", "partner_id": other.id, "province": "CN-33", "owner_id": owner.id}
        )
        free = await create_customer(
            work, {"company_name": "Acme Corporation", "origin": CustomerOrigin.IMPORTED, "external_id": "acme"}
        )
        return Cast(partner.id, director, manager, colleague, owner, bd, yuanda, minghe, free)

    return await stage.done(LIN_OPERATIONS, enter)


async def read(stage: Stage, who: Actor, *names: str, page: Page | None = None) -> dict[str, Any]:
    async with stage.reader() as session:
        reader = Reader(session, who, stage.now)
        found = await reader.page(Customer, Wanted(columns=frozenset({"id", *names})), page or Page())
        return {vars(row)["id"]: {name: vars(row)[name] for name in names} for row in found.nodes}


async def test_a_customer_gets_the_office_of_its_province_and_a_masked_line_in_the_journal(stage, cast):
    assert cast.yuanda.office_id == "office-js"
    assert cast.free.partner_id is None
    line = await stage.last_line()
    assert line.operation == "customer.create"
    assert line.changes["company_name"]["to"] == "Ac****on"
    assert "Acme Corporation" not in str(line.changes)


async def test_each_person_sees_the_customers_that_the_matrix_gives_him(stage, cast):
    """COL-7.1.4 and COL-7.2: an account manager sees his own, a director his managers', the others all."""
    yuanda, minghe, free = cast.yuanda.id, cast.minghe.id, cast.free.id
    both_roles = Actor(
        id=cast.colleague.id,
        name="郑",
        side=Side.PARTNER,
        permissions=PRESETS[Preset.MGR].permissions | PRESETS[Preset.FIN].permissions,
        partner_id=cast.partner_id,
    )
    expected = [
        (cast.member(Preset.MAIN), {yuanda}),
        (cast.member(Preset.ADM), {yuanda}),
        (cast.member(Preset.FIN), {yuanda}),
        (cast.member(Preset.OPS), {yuanda}),
        (cast.director, {yuanda}),
        (cast.manager, {yuanda}),
        (cast.colleague, set()),
        (both_roles, {yuanda}),
        (cast.member(Preset.DIR), set()),
        (person(Preset.MAIN, partner_id=new_id()), set()),
        (person(Preset.CUS, customer_id=yuanda), {yuanda}),
        (person(Preset.CUS), set()),
        (person(Preset.PDM, partners=frozenset({cast.partner_id})), {yuanda}),
        (person(Preset.PDM), set()),
        (person(Preset.PSM, office_id="office-js"), {yuanda}),
        (person(Preset.PSM, office_id="office-zj"), {minghe}),
        (cast.bd, {yuanda}),
        (cast.owner, {yuanda, minghe}),
        (person(Preset.OWN), set()),
        (person(Preset.ECO), {yuanda, minghe, free}),
        (person(Preset.KOO), {yuanda, minghe, free}),
        (person(Preset.HFI), {yuanda, minghe, free}),
        (person(Preset.AUD), {yuanda, minghe, free}),
        (person(Preset.SYS), set()),
    ]
    for who, customers in expected:
        assert await stage.seen(Customer, who) == customers, who.name
        assert (await stage.seen(CustomerContact, who) != set()) == (yuanda in customers), who.name


async def test_a_layer_above_may_show_a_customer_to_more(stage, cast, monkeypatch):
    main = cast.member(Preset.MAIN)
    monkeypatch.setattr(
        Customer, "scopes", [lambda actor: col(Customer.id) == cast.free.id if actor.id == main.id else None]
    )
    assert await stage.seen(Customer, main) == {cast.yuanda.id, cast.free.id}
    assert await stage.seen(Customer, cast.member(Preset.MAIN)) == {cast.yuanda.id}


# name, contact, credit code, profile: P plain, M masked with reveal, m masked.
FIELDS = """
MAIN M M M P
ADM  M M M P
DIR  M M M P
MGR  M M M P
FIN  M m M P
OPS  M M M P
CUS  P P P P
PDM  M M M P
PSM  M M M P
BD   M M M P
OWN  P M P P
ECO  M m M P
KOO  m m m m
HFI  M m M P
AUD  M M M P
"""


@pytest.mark.parametrize("line", FIELDS.strip().splitlines())
async def test_each_person_reads_the_fields_that_the_table_gives_him(stage, cast, line):
    """COL-5.7.7: what is masked keeps only the ends that the rule names."""
    role, *cells = line.split()
    who = {
        "DIR": cast.director,
        "MGR": cast.manager,
        "OWN": cast.owner,
        "BD": cast.bd,
        "CUS": person(Preset.CUS, customer_id=cast.yuanda.id),
        "PDM": person(Preset.PDM, partners=frozenset({cast.partner_id})),
        "PSM": person(Preset.PSM, office_id="office-js"),
    }.get(role) or person(Preset[role], partner_id=cast.partner_id)
    found = (await read(stage, who, *PLAIN))[cast.yuanda.public_id]
    for group, cell in zip(GROUPS, cells, strict=True):
        expected = PLAIN if cell == "P" else MASKED
        assert {name: found[name] for name in GROUPS[group]} == {name: expected[name] for name in GROUPS[group]}

    searches = (("company_name", "远大"), ("mobile", "13912345678"), ("credit_code", CODE))
    for cell, search in zip(cells[:3], searches, strict=True):
        page = Page(filter=(search,))
        if cell == "m":
            with pytest.raises(FieldNotSearchableError):
                await read(stage, who, page=page)
        else:
            assert list(await read(stage, who, page=page)) == [cast.yuanda.public_id]
    sorted_by_time = Page(sort=(("associated_on", True),))
    if cells[3] == "P":
        assert cast.yuanda.public_id in await read(stage, who, page=sorted_by_time)
    else:
        with pytest.raises(FieldNotSearchableError):
            await read(stage, who, page=sorted_by_time)


async def test_a_reviewer_who_has_claimed_the_record_reads_it_plainly(stage, cast):
    pdm = person(Preset.PDM, partners=frozenset({cast.partner_id}), claimed=frozenset({cast.yuanda.id}))
    found = (await read(stage, pdm, "company_name", "mobile"))[cast.yuanda.public_id]
    assert found == {"company_name": PLAIN["company_name"], "mobile": PLAIN["mobile"]}


async def test_the_list_is_searched_by_the_keys_of_the_console(stage, cast):
    """COL-5.7.1, as far as the fields exist now."""
    main = cast.member(Preset.MAIN)
    here, nothing = [cast.yuanda.public_id], list[str]()
    for name, value, expected in (
        ("company_name", "远大", here),
        ("company_name", "%", nothing),
        ("account_name", "yuanda_cloud", here),
        ("account_name", "yuanda", nothing),
        ("huawei_account_id", "0a1b2c3d", here),
        ("account_manager_name", "吴", here),
        ("account_manager_name", "郑", nothing),
        ("association_type", ("REFERRAL",), here),
        ("association_type", ("RESALE",), nothing),
        ("associated_from", NOON, here),
        ("associated_to", NOON, nothing),
        ("tag", "VIP", here),
        ("tag", "vip", nothing),
        ("tag", "重点", here),
        ("email", "li.na@yuanda.example", here),
    ):
        assert list(await read(stage, main, page=Page(filter=((name, value),)))) == expected, (name, value)


async def test_only_operations_enter_and_edit_customers(stage, cast):
    for who in (cast.member(Preset.MAIN), cast.owner, person(Preset.AUD), person(Preset.PDM)):
        await stage.refused(who, PermissionDeniedError, lambda work: create_customer(work, {"company_name": "新客户"}))
        await stage.refused(
            who, PermissionDeniedError, lambda work: edit_customer(work, cast.yuanda.id, {"city": "无锡"}, version=1)
        )


async def test_an_edit_describes_a_customer_but_does_not_rename_it(stage, cast):
    await stage.done(
        LIN_OPERATIONS, lambda work: edit_customer(work, cast.yuanda.id, {"city": "无锡", "tags": ["重点"]}, version=1)
    )
    edited = await stage.one(Customer, id=cast.yuanda.id)
    assert (edited.city, edited.tags, edited.version) == ("无锡", ["重点"], 2)
    assert (await stage.journal())[-1] == "customer.edit"
    await stage.refused(
        LIN_OPERATIONS, StaleVersionError, lambda work: edit_customer(work, cast.yuanda.id, {"city": "昆山"}, version=1)
    )
    error = await stage.refused(
        LIN_OPERATIONS,
        FieldNotWritableError,
        lambda work: edit_customer(work, cast.yuanda.id, {"company_name": "远大"}, version=2),
    )
    assert error.path == ("companyName",)


async def test_all_faults_of_a_customer_are_told_at_once(stage):
    error = await stage.refused(
        LIN_OPERATIONS,
        InvalidInputError,
        lambda work: create_customer(
            work,
            {
                "company_name": " ",
                "credit_code": "1",
                "industry": "FINANCE",
                "sub_industry": "MANUFACTURING.MACHINERY",
                "province": "CN-00",
            },
            [{"name": "李娜"}] * 5 + [{"name": ""}],
        ),
    )
    assert [(one.code, one.path) for one in error] == [
        ("FIELD_REQUIRED", ("companyName",)),
        ("CREDIT_CODE_INVALID", ("creditCode",)),
        ("VALUE_NOT_ALLOWED", ("province",)),
        ("VALUE_NOT_ALLOWED", ("subIndustry",)),
        ("TOO_MANY_CONTACTS", ("contacts",)),
        ("FIELD_REQUIRED", ("contacts", 5, "name")),
    ]


async def test_a_customer_has_up_to_five_contacts(stage):
    five: list[dict[str, str | None]] = [{"name": f"联系人{number}"} for number in range(5)]
    await stage.refused(
        LIN_OPERATIONS,
        TooManyContactsError,
        lambda work: create_customer(work, {"company_name": "远大"}, [*five, {"name": "联系人5"}]),
    )
    customer = await stage.done(LIN_OPERATIONS, lambda work: create_customer(work, {"company_name": "远大"}, five))
    async with stage.reader() as session:
        contacts = select(CustomerContact.id).where(CustomerContact.customer_id == customer.id)
        assert await session.scalar(sa.select(sa.func.count()).select_from(contacts.subquery())) == 5


async def test_external_ids_and_huawei_accounts_belong_to_one_customer(stage, cast):
    await stage.refused(
        LIN_OPERATIONS,
        ExternalIdTakenError,
        lambda work: create_customer(work, {"company_name": "Acme", "external_id": "acme"}),
    )
    await stage.refused(
        LIN_OPERATIONS,
        HuaweiAccountTakenError,
        lambda work: create_customer(work, {"company_name": "远大二厂", "huawei_account_id": "0a1b2c3d"}),
    )
    tool = person(Preset.ECO, client_id=new_id())
    await stage.done(tool, lambda work: create_customer(work, {"company_name": "Acme", "external_id": "acme"}))


async def test_a_customer_is_recognised_by_the_strongest_key(stage, cast):
    """COL-2.1.7: the system tests whether the customer is known."""

    async def found(**keys: str) -> Any:
        customer = await stage.done(LIN_OPERATIONS, lambda work: known_customer(work, **keys))
        return customer and customer.id

    assert await found(company_name="苏州 远大制造 股份有限公司") == cast.yuanda.id
    assert await found(credit_code=CODE) == cast.yuanda.id
    assert await found(account_name="yuanda_cloud", company_name="明和物流有限公司") == cast.yuanda.id
    assert await found(company_name="明和物流有限公司") == cast.minghe.id
    assert await found(company_name="acme corp.") == cast.free.id
    assert await found(company_name="（）") is None
    assert await found(credit_code="91320000MA1ABCDE2X") is None


def test_codes_of_the_api_are_words_here():
    """COL-5.1.1"""
    assert from_wire(AssociationType, "1") is AssociationType.REFERRAL
    assert from_wire(AssociationType, "2") is AssociationType.RESALE
    assert from_wire(AssociationType, "3") is None
    assert from_wire(AssociationType, "3", international=True) is AssociationType.RESALE
    assert from_wire(CustomerType, -1) is CustomerType.NONE
    assert from_wire(VerifiedStatus, "2") is VerifiedStatus.VERIFIED
    assert from_wire(FreezeState, 2) is FreezeState.ACCOUNT_AND_RESOURCES


async def test_associated_times_are_kept_to_the_instant(stage, cast):
    found = (await read(stage, cast.member(Preset.MAIN), "associated_on"))[cast.yuanda.public_id]
    assert found == {"associated_on": "2026-03-02T04:00:00.000000Z"}
    assert (await stage.one(Customer, id=cast.yuanda.id)).associated_on == dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
