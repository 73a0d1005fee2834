"""Account managers: customers are given to them and taken back, and each day is one manager's at most."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import pytest

from models.association import migrate
from models.customer import (
    AccountManagerPeriod,
    Assigned,
    Customer,
    CustomerNotYoursError,
    ManagerNotActiveError,
    ManagerNotInTeamError,
    ManagerUnchangedError,
    NoCustomerChosenError,
    NoManagerError,
    NotAnAccountManagerError,
    TooManyCustomersError,
    assign_manager,
    assign_managers,
    assign_obstacles,
    create_customer,
    edit_customer,
    take_back,
    take_back_many,
)
from models.identity import deactivate, operator_actor
from models.kernel.access import Actor
from models.kernel.errors import NotFoundError, PermissionDeniedError, StaleVersionError
from models.kernel.reads import Reader, Wanted
from models.kernel.work import Work
from models.notice import Notice
from models.partner import PartnerKind, create_partner
from tests.leads import Leads, leads
from tests.portal import Portal, portal

__all__ = ["leads", "portal"]

DAY = dt.date(2026, 3, 2)  # in Beijing it is noon of this day


async def enter(leads: Leads, name: str = "常州青石材料有限公司", **changes: Any) -> Customer:
    values = {"company_name": name, "partner_id": leads.pipeline.cast.huaqi.id, **changes}
    made: Customer = await leads.do(leads.pipeline.operations, lambda work: create_customer(work, values))
    return made


async def assign(leads: Leads, by: Actor, customer: Customer, to: Actor) -> Customer:
    version = (await leads.again(customer)).version
    done: Customer = await leads.do(by, lambda work: assign_manager(work, customer.id, to.id, version=version))
    return done


async def periods(leads: Leads, customer: Customer) -> list[tuple[Any, ...]]:
    async with leads.store.reader() as session:
        rows = await session.execute(
            AccountManagerPeriod.__table__.select()  # type: ignore[attr-defined]
            .where(AccountManagerPeriod.customer_id == customer.id)
            .order_by(AccountManagerPeriod.id)
        )
        return [(row.account_id, row.counts_from, row.counts_to, row.to_at is None) for row in rows]


async def test_consumption_counts_from_the_day_after_the_assignment_in_beijing(leads: Leads) -> None:
    """COL-5.8.2, COL-5.8.3: each day is one manager's, also when the customer changes hands twice on one day.

    COL-5.7.15, AU-02: the journal names each step as the trace does.
    """
    manager, other, clock = leads.pipeline.manager, leads.other_manager, leads.store.clock
    customer = await enter(leads)
    assert await periods(leads, customer) == []
    clock.forward(hours=11, minutes=59)
    await assign(leads, leads.pipeline.main, customer, manager)
    clock.forward(minutes=1)
    await assign(leads, leads.pipeline.main, customer, other)
    clock.forward(days=3)
    version = (await leads.again(customer)).version
    await leads.do(leads.pipeline.main, lambda work: take_back(work, customer.id, version=version))
    next_day = DAY + dt.timedelta(days=1)
    assert await periods(leads, customer) == [
        (manager.id, next_day, next_day, False),
        (other.id, DAY + dt.timedelta(days=2), DAY + dt.timedelta(days=4), False),
    ]
    lines = [line for line in await leads.store.journal() if line.subject_id == customer.id][-3:]
    assert [(line.operation, line.resource_type, line.event) for line in lines] == [
        ("customer.assign_manager", "csbchannelsalesCustomer", "assignAccountManager"),
        ("customer.assign_manager", "csbchannelsalesCustomer", "assignAccountManager"),
        ("customer.take_back", "csbchannelsalesCustomer", "takeBackCustomer"),
    ]


async def test_a_manager_sees_what_is_assigned_to_him_and_no_more_after_it_was_taken_back(leads: Leads) -> None:
    """COL-5.8.2, COL-7.1.4: the customers, and how long they are his; of his colleagues' nothing."""
    manager, other, main = leads.pipeline.manager, leads.other_manager, leads.pipeline.main
    customer = await enter(leads)
    assert customer.id not in await leads.seen(Customer, manager)
    await assign(leads, main, customer, manager)
    assert customer.id in await leads.seen(Customer, manager)
    assert customer.id in await leads.seen(Customer, leads.director)
    for who, count in ((manager, 2), (other, 0), (main, 2), (leads.director, 2), (leads.pipeline.other_main, 0)):
        assert len(await leads.seen(AccountManagerPeriod, who)) == count
    await assign(leads, main, customer, other)
    assert customer.id not in await leads.seen(Customer, manager)
    assert len(await leads.seen(AccountManagerPeriod, manager)) == 1
    assert len(await leads.seen(AccountManagerPeriod, main)) == 3


async def test_main_account_administrator_and_operator_assign_a_director_within_his_team(leads: Leads) -> None:
    """COL-5.8.1, COL-7.2"""
    pipeline = leads.pipeline
    customer = leads.customer
    for by, to in (
        (pipeline.main, leads.other_manager),
        (pipeline.administrator, pipeline.manager),
        (leads.operator, leads.other_manager),
        (leads.operator, pipeline.manager),
    ):
        assert (await assign(leads, by, customer, to)).account_manager_id == to.id
    version = (await leads.again(customer)).version

    def attempt(to: Actor) -> Any:
        return lambda work: assign_manager(work, customer.id, to.id, version=version)

    # In his team is the manager alone.
    await leads.store.refused(leads.director, ManagerNotInTeamError, attempt(leads.other_manager))
    for by in (pipeline.manager, leads.finance_of_partner, pipeline.pdm, pipeline.operations):
        await leads.store.refused(by, PermissionDeniedError, attempt(leads.other_manager))
    await leads.store.refused(pipeline.other_main, NotFoundError, attempt(leads.other_manager))
    await leads.do(leads.director, lambda work: take_back(work, customer.id, version=version))
    assert (await leads.again(customer)).account_manager_id is None


async def test_only_an_active_account_manager_of_the_same_partner_is_given_a_customer(leads: Leads) -> None:
    """COL-5.8.1, COL-7.1.9"""
    pipeline, main = leads.pipeline, leads.pipeline.main
    customer = leads.customer

    def attempt(to: Any, **more: Any) -> Any:
        return lambda work: assign_manager(work, customer.id, to, version=more.get("version", customer.version))

    for to in (main.id, leads.operator.id, leads.director.id):
        error = await leads.store.refused(main, NotAnAccountManagerError, attempt(to))
        assert error.path == ("accountManager",)
    await leads.store.refused(main, ManagerNotActiveError, attempt(pipeline.other_main.id))
    await leads.store.refused(main, ManagerUnchangedError, attempt(pipeline.manager.id))
    await leads.store.refused(main, StaleVersionError, attempt(leads.other_manager.id, version=9))
    await leads.do(main, lambda work: deactivate(work, leads.other_manager.id))
    await leads.store.refused(main, ManagerNotActiveError, attempt(leads.other_manager.id))
    # Huawei's operations keep to it as well.
    for to, wrong in ((leads.operator.id, NotAnAccountManagerError), (pipeline.other_main.id, ManagerNotActiveError)):
        values = {"account_manager_id": to}
        deed = partial(edit_customer, id=customer.id, values=values, version=customer.version)
        await leads.store.refused(pipeline.operations, wrong, deed)


async def test_a_batch_gives_each_customer_its_own_result(leads: Leads) -> None:
    """COL-5.8.1, COL-5.8.4: a customer that is refused keeps no other from being given."""
    main, manager, other = leads.pipeline.main, leads.pipeline.manager, leads.other_manager
    first, second, taken = await enter(leads), await enter(leads, "南通海门"), leads.customer
    foreign = await enter(leads, "别家客户", partner_id=leads.pipeline.cast.yunfan.id)
    named = [
        (first.id, 1),
        (taken.id, None),
        (foreign.id, None),
        (second.id, 7),
        (first.id, 1),
        (leads.unassociated.id, None),
    ]
    done: list[Assigned] = await leads.do(main, lambda work: assign_managers(work, named, manager.id))
    assert [[error.code for error in one.errors] for one in done] == [
        [],
        ["MANAGER_UNCHANGED"],
        ["NOT_FOUND"],
        ["STALE_VERSION"],
        ["CUSTOMER_NAMED_TWICE"],
        ["NOT_FOUND"],
    ]
    assert (await leads.again(first)).account_manager_id == manager.id
    assert (await leads.again(second)).account_manager_id is None
    back: list[Assigned] = await leads.do(
        main, lambda work: take_back_many(work, [(first.id, None), (second.id, None), (taken.id, None)])
    )
    assert [[error.code for error in one.errors] for one in back] == [[], ["NO_MANAGER"], []]
    assert await periods(leads, first) == [(manager.id, DAY + dt.timedelta(days=1), DAY, False)]
    await leads.store.refused(main, NoCustomerChosenError, lambda work: assign_managers(work, [], other.id))
    await leads.store.refused(
        main, TooManyCustomersError, lambda work: assign_managers(work, [(first.id, None)] * 101, other.id)
    )
    await leads.store.refused(
        main, NotAnAccountManagerError, lambda work: assign_managers(work, [(first.id, None)], main.id)
    )
    await leads.store.refused(manager, PermissionDeniedError, lambda work: take_back_many(work, [(taken.id, None)]))
    await leads.store.refused(main, NoManagerError, lambda work: take_back(work, second.id, version=1))


async def test_the_manager_is_told_of_what_was_assigned_to_him(leads: Leads) -> None:
    main, manager = leads.pipeline.main, leads.pipeline.manager
    first, second = await enter(leads), await enter(leads, "南通海门")
    await assign(leads, main, first, manager)
    await leads.do(main, lambda work: take_back(work, first.id, version=2))
    await leads.do(main, lambda work: assign_managers(work, [(second.id, None), (first.id, None)], manager.id))
    async with leads.store.reader() as session:
        rows = (await session.execute(Notice.__table__.select().order_by(Notice.id))).all()  # type: ignore[attr-defined]
    told = [(row.kind, row.receiver_id, row.subject_id) for row in rows if row.kind.startswith("customer.assigned")]
    assert told == [
        ("customer.assigned", manager.id, first.id),
        ("customer.assigned_many", manager.id, second.id),
    ]


async def test_leaving_the_partner_ends_the_period(leads: Leads) -> None:
    """COL-5.8.2: be it by an un-link, or moved to another partner by the ecosystem manager."""
    customer, pipeline = leads.customer, leads.pipeline

    async def channel(work: Work) -> Any:
        made = await create_partner(work, name="苏南云经销有限公司", kind=PartnerKind.RESELLER, province="CN-32")
        await work.flush()
        made.pdm_id = pipeline.pdm.id
        return made

    reseller = await leads.do(operator_actor(), channel)
    zhou = await leads.store.actor(pipeline.cast.zhou_pdm)
    leads.store.clock.forward(days=2)
    await leads.do(zhou, lambda work: migrate(work, [customer.id], reseller.id, reason="渠道调整"))
    next_day, third = DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)
    assert await periods(leads, customer) == [(pipeline.manager.id, next_day, third, False)]


async def test_what_is_another_partners_is_not_assigned_even_where_it_is_seen(leads: Leads) -> None:
    """COL-5.8.1"""
    foreign = await enter(leads, "别家客户", partner_id=leads.pipeline.cast.yunfan.id)
    assert [type(one) for one in assign_obstacles(leads.pipeline.main, foreign)] == [CustomerNotYoursError]


@pytest.mark.parametrize("since", [None, dt.datetime(2025, 6, 1, 20, 0, tzinfo=dt.UTC)])
async def test_a_customer_that_is_entered_as_it_stood_was_its_managers_since_long(
    leads: Leads, since: dt.datetime | None
) -> None:
    """COL-5.8.3"""
    customer = await enter(leads, account_manager_id=leads.pipeline.manager.id, associated_on=since)
    first = dt.date(2025, 6, 3) if since else DAY + dt.timedelta(days=1)
    assert await periods(leads, customer) == [(leads.pipeline.manager.id, first, None, True)]


QUERY = """query($id: ID!) { customer(id: $id) { version accountManager { name }
  accountManagerPeriods { nodes { countsFrom countsTo accountManager { name } } } } }"""
BATCH = """mutation($i: CustomerAssignManagerBatchInput!) { customerAssignManagerBatch(input: $i) {
  replayed results { id done errors { code messageZh } } } }"""


async def test_a_portal_assigns_singly_and_in_bulk_and_takes_back(portal: Portal) -> None:
    """COL-5.8.1, COL-5.8.4: with the history of whose it was."""
    pipeline = portal.pipeline
    main, manager = pipeline.cast.wang_main, pipeline.cast.chen_manager
    values = {"company_name": "常州青石材料有限公司", "partner_id": pipeline.cast.huaqi.id}
    customer = await pipeline.do(pipeline.operations, lambda work: create_customer(work, values))
    given = {"id": customer.public_id, "version": 1, "accountManager": manager.public_id}
    done = await portal.get(
        main,
        """mutation($i: CustomerAssignManagerInput!) { customerAssignManager(input: $i) {
          customer { version accountManager { name } } } }""",
        i=given,
    )
    assert done["customerAssignManager"]["customer"] == {"version": 2, "accountManager": {"name": "陈磊"}}
    assert (await portal.get(manager, QUERY, id=customer.public_id))["customer"]["accountManagerPeriods"] == {
        "nodes": [{"countsFrom": "2026-03-03", "countsTo": None, "accountManager": {"name": "陈磊"}}]
    }
    back = """mutation($i: CustomerTakeBackInput!) { customerTakeBack(input: $i) {
      customer { accountManager { name } } } }"""
    refused = await portal.refusal(manager, back, i={"id": customer.public_id, "version": 2})
    assert refused["code"] == "PERMISSION_DENIED"
    await portal.get(main, back, i={"id": customer.public_id, "version": 2})
    unknown = pipeline.customer.public_id
    batch = {
        "customers": [{"id": customer.public_id, "version": 3}, {"id": unknown}],
        "accountManager": manager.public_id,
        "idempotencyKey": "assign-1",
    }
    foreseen = await portal.get(main, BATCH, i={**batch, "validateOnly": True, "idempotencyKey": None})
    first = await portal.get(main, BATCH, i=batch)
    again = await portal.get(main, BATCH, i=batch)
    results = first["customerAssignManagerBatch"]["results"]
    assert [(one["id"], one["done"]) for one in results] == [(customer.public_id, True), (unknown, False)]
    assert results[1]["errors"][0]["code"] == "NOT_FOUND"
    assert foreseen["customerAssignManagerBatch"]["results"] == results
    assert again["customerAssignManagerBatch"] == {"replayed": True, "results": results}
    taken = await portal.get(
        main,
        """mutation($i: CustomerTakeBackBatchInput!) { customerTakeBackBatch(input: $i) {
          results { done errors { code } } } }""",
        i={"customers": [{"id": customer.public_id}]},
    )
    assert taken["customerTakeBackBatch"]["results"] == [{"done": True, "errors": []}]


# P plain, m nothing is left of it, . never has such a row (field-permissions.md, the row of the manager).
CELLS = (
    "MAIN P, ADM P, DIR P, MGR P, MGR2 ., FIN P, OPS P, PDM P, PSM P, BD P, OWN P, ECO P, KOO m, HFI P, AUD P, SYS ."
)


@pytest.mark.parametrize("cell", CELLS.split(", "))
async def test_everybody_reads_of_a_period_what_his_cell_says(leads: Leads, cell: str) -> None:
    """COL-5.8.2, COL-5.7.6"""
    role, outcome = cell.split()
    actor = leads.people()[role]
    async with leads.store.reader() as session:
        reader = Reader(session, actor, leads.store.clock())
        wanted = Wanted.of("account_id", "from_at", "counts_from", account_manager=Wanted.of("name"))
        nodes: list[Any] = (await reader.page(AccountManagerPeriod, wanted)).nodes
    if outcome == ".":
        assert nodes == []
        return
    (row,) = nodes
    shown = (row.account_manager and row.account_manager.name, row.counts_from)
    assert shown == ((None, None) if outcome == "m" else ("陈磊", "2026-03-03"))
    assert {name for _, name in reader.redacted} == (
        {"account_id", "from_at", "counts_from", "account_manager"} if outcome == "m" else set()
    )
