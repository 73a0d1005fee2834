"""A tier-1 distributor sees basic data of its resellers' customers, and nothing more (COL-5.7.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient
from sqlmodel import select

from api.app import create_app
from api.settings import Settings
from models.association import AssociationEvent
from models.customer import (
    AccountManagerPeriod,
    AssociationType,
    Customer,
    CustomerContact,
    CustomerOfResellerError,
    ResellerCustomer,
    assign_manager,
    create_customer,
    take_back_many,
)
from models.deal_registration import DealRegistration
from models.export import EXPORTED, ExportKind
from models.identity import Account, operator_actor
from models.kernel.errors import FieldRequiredError, NotFoundError, ValueNotAllowedError
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.record import rules_of
from models.kernel.values import public_id
from models.kernel.work import Work
from models.opportunity import Opportunity
from models.partner import PartnerKind, PartnerOrganisation, Reseller, create_partner
from models.reveal import reveal
from models.rights import Preset
from tests.databases import Databases, open_database
from tests.people import Store, open_person
from tests.pipeline import Pipeline, open_pipeline
from tests.portal import ADDRESS, Portal

LIST = """query($f: ResellerCustomerFilter) { resellerCustomers(first: 50, filter: $f) { totalCount nodes {
  id companyName associationType associatedOn customerType reseller { name }
  fieldAccess { field outcome revealable } } } }"""
SEES = ("MAIN", "ADM", "FIN", "OPS")
SEES_NOT = ("DIR", "MGR")
FOREIGN = ("RESELLER", "OTHER_DISTRIBUTOR", "PROVIDER", "CUSTOMER", "PDM", "AUD", "SYS")


@dataclass
class Channel:
    """A distributor with two resellers, another distributor with one, and everybody who may look."""

    portal: Portal
    people: dict[str, Account]
    distributor: PartnerOrganisation
    reseller: PartnerOrganisation
    second: PartnerOrganisation
    customer: Customer
    older: Customer
    foreign: Customer
    own: Customer

    @property
    def store(self) -> Store:
        return self.portal.pipeline.store

    async def ask(self, who: str, query: str, **variables: Any) -> dict[str, Any]:
        return await self.portal.ask(self.people[who], query, **variables)


async def partner(store: Store, name: str, kind: PartnerKind, distributor: Any = None) -> PartnerOrganisation:
    made: PartnerOrganisation = await store.do(
        operator_actor(),
        lambda work: create_partner(work, name=name, kind=kind, distributor_id=distributor and distributor.id),
    )
    return made


async def open_channel(pipeline: Pipeline) -> Channel:
    store = pipeline.store
    distributor = await partner(store, "华东总汇云有限公司", PartnerKind.DISTRIBUTOR)
    other = await partner(store, "华南总汇云有限公司", PartnerKind.DISTRIBUTOR)
    reseller = await partner(store, "苏南云经销有限公司", PartnerKind.RESELLER, distributor)
    second = await partner(store, "浙北云经销有限公司", PartnerKind.RESELLER, distributor)
    strange = await partner(store, "岭南云经销有限公司", PartnerKind.RESELLER, other)
    ours = {"partner_id": distributor.id}
    people = {
        "MAIN": await open_person(store, "du.main", "杜总", **ours),
        **{
            role.value: await open_person(store, f"du.{role.value.lower()}", role.zh, role, **ours)
            for role in (Preset.ADM, Preset.FIN, Preset.OPS, Preset.DIR, Preset.MGR)
        },
        "RESELLER": await open_person(store, "su.main", "苏总", partner_id=reseller.id),
        "RESELLER_MGR": await open_person(store, "su.manager", "苏经理", Preset.MGR, partner_id=reseller.id),
        "OTHER_DISTRIBUTOR": await open_person(store, "nan.main", "南总", partner_id=other.id),
        "PROVIDER": pipeline.cast.wang_main,
        "PDM": pipeline.cast.zhou_pdm,
        "AUD": pipeline.accounts["auditor"],
        "SYS": pipeline.cast.sun_platform,
    }
    facts = {
        "account_name": "qinghe_cloud",
        "mobile": "13900001111",
        "email": "it@qinghe.example",
        "tags": ["重点客户"],
        "account_manager_id": people["RESELLER_MGR"].id,
        "industry": "MANUFACTURING",
        "association_type": AssociationType.RESALE,
    }

    async def enter(name: str, of: PartnerOrganisation, day: int, **more: Any) -> Customer:
        values = {
            "company_name": name,
            "partner_id": of.id,
            "associated_on": dt.datetime(2026, 1, day, tzinfo=dt.UTC),
            **more,
        }
        contact = {"name": "何清", "mobile": "13900002222"}
        made: Customer = await store.do(pipeline.operations, lambda work: create_customer(work, values, [contact]))
        return made

    customer = await enter("无锡青禾精密有限公司", reseller, 9, **facts)
    people["CUSTOMER"] = await open_person(store, "qinghe", "青禾", Preset.CUS, customer_id=customer.id)
    older = await enter("湖州南浔纺织有限公司", second, 5)
    foreign = await enter("东莞青禾电子有限公司", strange, 7)
    own = await enter("总汇自有客户有限公司", distributor, 3)
    return Channel(Portal(None, pipeline), people, distributor, reseller, second, customer, older, foreign, own)  # type: ignore[arg-type]


@pytest_asyncio.fixture(scope="module")
async def channel(databases: Databases) -> AsyncIterator[Channel]:
    """One channel for all of these tests; what they write is journal only."""
    url = await databases.copy()
    opened = open_database(url)
    made = await open_channel(await open_pipeline(Store(opened.writer, opened.reader)))
    app = create_app(Settings(database_url=url), database=opened, clock=made.store.clock, sweeping=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ADDRESS) as client:
        made.portal = Portal(client, made.portal.pipeline, opened)
        yield made
    await opened.dispose()
    await databases.drop(url)


@pytest.mark.parametrize("who", SEES)
async def test_whoever_sees_all_of_the_distributors_customers_sees_basic_data_of_its_resellers(
    channel: Channel, who: str
) -> None:
    """COL-5.7.3, PL-13: name masked as everywhere, whose customer it is; those of its own stand in its own list."""
    answer = await channel.ask(who, LIST)
    found = answer["data"]["resellerCustomers"]
    assert found["totalCount"] == 2
    assert [(one["companyName"], one["reseller"]["name"]) for one in found["nodes"]] == [
        ("湖州****公司", "浙北云经销有限公司"),
        ("无锡****公司", "苏南云经销有限公司"),
    ]
    assert found["nodes"][1]["associationType"] == "RESALE"
    assert {one["field"]: (one["outcome"], one["revealable"]) for one in found["nodes"][1]["fieldAccess"]} == {
        "companyName": ("MASKED", True),
        "associationType": ("PLAIN", False),
        "associatedOn": ("PLAIN", False),
    }
    names = (await channel.ask(who, "{ resellers { nodes { name } } customers { totalCount } }"))["data"]
    assert [one["name"] for one in names["resellers"]["nodes"]] == ["浙北云经销有限公司", "苏南云经销有限公司"]
    # The distributor's own customers are another list; its resellers' are not counted into it.
    assert names["customers"]["totalCount"] == 1


@pytest.mark.parametrize("who", [*SEES_NOT, *FOREIGN])
async def test_nobody_else_sees_customers_as_a_distributor_does(channel: Channel, who: str) -> None:
    """COL-5.7.3: no manager of it, no reseller of its neighbour, not Huawei, who has lists of its own."""
    answer = await channel.ask(who, LIST)
    assert "errors" not in answer, answer
    found = answer["data"]["resellerCustomers"]
    expected = 1 if who == "OTHER_DISTRIBUTOR" else 0
    assert found["totalCount"] == len(found["nodes"]) == expected
    one = await channel.ask(
        who,
        "query($i: ID!) { resellerCustomer(id: $i) { companyName } }",
        i=public_id(ResellerCustomer.prefix, channel.customer.id),
    )
    assert one["data"] == {"resellerCustomer": None}


@pytest.mark.parametrize("who", [*SEES, *SEES_NOT])
async def test_nothing_else_of_a_resellers_customer_is_seen(channel: Channel, who: str) -> None:
    """COL-5.7.3: not the customer itself, nor what hangs on it, by id, in lists, in counts or in exports."""
    actor = await channel.store.actor(channel.people[who])
    hidden = {channel.customer.id, channel.older.id}
    async with channel.store.reader() as session:
        seen = set((await session.execute(select(Customer.id).where(Customer.visible_to(actor)))).scalars())
        assert not seen & hidden
        for model, key in (
            (CustomerContact, CustomerContact.customer_id),
            (AccountManagerPeriod, AccountManagerPeriod.customer_id),
            (AssociationEvent, AssociationEvent.customer_id),
            (Opportunity, Opportunity.customer_id),
            (DealRegistration, DealRegistration.customer_id),
        ):
            rows = set((await session.execute(select(key).where(model.visible_to(actor)))).scalars())
            assert not rows & hidden, model.__name__
        names = set(
            (
                await session.execute(select(PartnerOrganisation.id).where(PartnerOrganisation.visible_to(actor)))
            ).scalars()
        )
        assert names <= {channel.distributor.id}
        exported = await Reader(session, actor, channel.store.clock()).page(
            EXPORTED[ExportKind.CUSTOMERS].model, Wanted(), Page(first=100)
        )
        assert not {row.uid for row in exported.nodes} & hidden
    answer = await channel.ask(
        who,
        "query($i: ID!, $n: ID!) { customer(id: $i) { companyName contacts { nodes { name } } } node(id: $n) { id } }",
        i=channel.customer.public_id,
        n=channel.customer.public_id,
    )
    assert answer["data"] == {"customer": None, "node": None}


def test_the_list_of_fields_is_written_and_has_no_way_to_reach_a_customer() -> None:
    """COL-5.7.3, COL-5.7.6: no account, number, address, contact, manager or tag stands in it."""
    assert set(ResellerCustomer.model_fields) == {
        *("id", "company_name", "customer_type", "verified_status", "association_type", "associated_on", "partner_id"),
    }
    assert {name: rule.group for name, rule in rules_of(ResellerCustomer).items()} == {
        "company_name": "customer.name",
        "association_type": "customer.profile",
        "associated_on": "customer.profile",
    }
    assert set(Reseller.model_fields) == {"id", "name", "distributor_id"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"companyName": "青禾"}, ["无锡****公司"]),
        ({"associationType": ["RESALE"]}, ["无锡****公司"]),
        ({"associatedTo": "2026-01-06T00:00:00.000000Z"}, ["湖州****公司"]),
        ({"associatedFrom": "2026-01-06T00:00:00.000000Z", "customerType": ["NONE"]}, ["无锡****公司"]),
    ],
)
async def test_a_distributor_finds_them_within_its_own_channel(
    channel: Channel, given: dict[str, Any], found: list[str]
) -> None:
    """COL-5.7.1, COL-5.7.3: another distributor's customer of the same name neither shows nor counts."""
    answer = (await channel.ask("MAIN", LIST, f=given))["data"]["resellerCustomers"]
    assert ([one["companyName"] for one in answer["nodes"]], answer["totalCount"]) == (found, len(found))
    theirs = public_id(Reseller.prefix, channel.foreign.partner_id or channel.foreign.id)
    for reseller, count in ((public_id(Reseller.prefix, channel.second.id), 1), (theirs, 0)):
        one = (await channel.ask("MAIN", LIST, f={"reseller": reseller}))["data"]["resellerCustomers"]
        assert one["totalCount"] == count


async def test_the_name_is_revealed_with_a_line_in_the_distributors_own_journal(channel: Channel) -> None:
    """COL-5.7.6, COL-2.8.3"""
    actor = await channel.store.actor(channel.people["MAIN"])
    shown = await channel.store.do(
        actor, lambda work: reveal(work, ResellerCustomer, "company_name", [channel.customer.id])
    )
    assert shown == {channel.customer.id: "无锡青禾精密有限公司"}
    line = (await channel.store.journal())[-1]
    assert (line.operation, line.partner_id) == ("field.reveal", channel.distributor.id)
    for field, ids, error in (
        ("mobile", [channel.customer.id], ValueNotAllowedError),
        ("company_name", [channel.foreign.id], NotFoundError),
        ("company_name", [], FieldRequiredError),
    ):
        await channel.store.refused(actor, error, partial(reveal, model=ResellerCustomer, field=field, ids=ids))
    # As a customer of its own it is not there.
    await channel.store.refused(
        actor, NotFoundError, lambda work: reveal(work, Customer, "company_name", [channel.customer.id])
    )


async def test_what_is_done_with_it_is_asked_of_the_reseller_by_name(channel: Channel) -> None:
    """COL-5.7.3: the refusal names whom to ask, and nothing of the customer; of strangers' it says nothing."""
    actor = await channel.store.actor(channel.people["MAIN"])
    manager = channel.people["MGR"].id
    error = await channel.store.refused(
        actor,
        CustomerOfResellerError,
        lambda work: assign_manager(work, channel.customer.id, manager, version=1),
    )
    assert error.facts == {"reseller": "苏南云经销有限公司"}
    assert "青禾" not in error.message("zh") + error.message("en")
    await channel.store.refused(
        actor, NotFoundError, lambda work: assign_manager(work, channel.foreign.id, manager, version=1)
    )
    batch = await channel.store.do(
        actor, lambda work: take_back_many(work, [(channel.older.id, None), (channel.foreign.id, None)])
    )
    assert [[error.code for error in one.errors] for one in batch] == [["CUSTOMER_OF_RESELLER"], ["NOT_FOUND"]]


async def test_a_reseller_that_leaves_its_distributor_takes_its_customers_with_it(channel: Channel) -> None:
    """PL-13, PL-14: what is seen follows the link as it stands."""

    async def unlink(work: Work, to: Any) -> PartnerOrganisation:
        found = await work.get(PartnerOrganisation, channel.second.id)
        found.distributor_id = to
        return found

    await channel.store.do(operator_actor(), lambda work: unlink(work, None))
    left = (await channel.ask("MAIN", LIST))["data"]["resellerCustomers"]
    await channel.store.do(operator_actor(), lambda work: unlink(work, channel.distributor.id))
    assert [one["companyName"] for one in left["nodes"]] == ["无锡****公司"]
