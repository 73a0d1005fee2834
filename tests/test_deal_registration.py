"""Deal registrations: for whose customers, by whom, page by page, and with a history that only grows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlmodel import select

from api.timers import sweep
from models import deal_registration as domain
from models.customer import AssociationType, Customer, create_customer
from models.customer_report import CustomerReport, ReportStatus, report
from models.deal_registration import (
    BillingMode,
    CustomerNotChoosableError,
    DayBeforeError,
    DealProgress,
    DealRegistration,
    NotRegisteredYetError,
    OneCustomerRequiredError,
    RegistrationStatus,
)
from models.identity import Account, operator_actor
from models.kernel.access import Actor
from models.kernel.errors import (
    FieldNotWritableError,
    FieldRequiredError,
    InvalidInputError,
    LengthError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
)
from models.kernel.work import run_write
from models.opportunity import Stage
from models.partner import PartnerOrganisation
from models.rights import Preset
from tests.leads import Leads, leads
from tests.people import open_person
from tests.reporting import PROSPECT

__all__ = ["leads"]

BASIC: dict[str, Any] = {"name": "明德重工视觉质检上云", "task_id": "task-2026-07"}
DETAIL: dict[str, Any] = {
    "requirement": "产线视觉质检系统整体上云，含训练与推理。",
    "services": ["ECS", "RDS"],
    "contact_name": "孙立",
    "contact_mobile": "13700005678",
    "contact_email": "sun@mingde.example",
}
REVENUE: dict[str, Any] = {
    "expected_amount": "360000.00",
    "currency": "CNY",
    "expected_sign_date": dt.date(2026, 6, 30),
    "revenue_starts_on": dt.date(2026, 7, 15),
    "term_months": 12,
    "billing_mode": BillingMode.SUBSCRIPTION,
}
WHOLE = {**BASIC, **DETAIL, **REVENUE}

# The customer is MGR's, and so is the deal. c creates, v sees the draft, e edits it, s registers it.
DRAFTS = """
           MAIN MAIN2 ADM  DIR MGR  MGR2 OPS  FIN PDM PSM BD OWN ECO KOO HFI AUD SYS
CREATE     yes  .     yes  .   yes  .    yes  .   .   .   .  .   .   .   .   .   .
SEE        yes  .     yes  yes yes  .    yes  .   .   .   .  .   .   .   .   .   .
EDIT       yes  .     yes  .   yes  .    yes  .   .   .   .  .   .   .   .   .   .
SUBMIT     yes  .     yes  .   yes  .    yes  .   .   .   .  .   .   .   .   .   .
PROGRESS   .    .     .    .   .    .    .    .   .   .   .  .   .   .   .   .   .
"""
REGISTERED = """
           MAIN MAIN2 ADM  DIR MGR  MGR2 OPS  FIN PDM PSM BD  OWN ECO KOO HFI AUD SYS
SEE        yes  .     yes  yes yes  .    yes  .   yes yes yes yes yes yes yes yes .
EDIT       yes  .     yes  .   yes  .    yes  .   .   .   .   .   .   .   .   .   .
SUBMIT     .    .     .    .   .    .    .    .   .   .   .   .   .   .   .   .   .
PROGRESS   yes  .     yes  .   yes  .    yes  .   .   .   .   .   .   .   .   .   .
"""


async def draft(leads: Leads, actor: Actor | None = None, **changes: Any) -> DealRegistration:
    values = {**WHOLE, **changes}
    made: DealRegistration = await leads.do(
        actor or leads.pipeline.manager, lambda work: domain.create(work, leads.customer.id, values)
    )
    return made


async def registered(leads: Leads, actor: Actor | None = None, **changes: Any) -> DealRegistration:
    made = await draft(leads, actor, **changes)
    done: DealRegistration = await leads.do(
        actor or leads.pipeline.manager, lambda work: domain.submit(work, made.id, version=made.version)
    )
    return done


DEEDS: dict[str, Any] = {
    "CREATE": lambda work, leads, deal: domain.create(work, leads.customer.id, WHOLE),
    "SEE": lambda work, leads, deal: work.get(DealRegistration, deal.id),
    "EDIT": lambda work, leads, deal: domain.edit(work, deal.id, {"name": "另一个名称"}, version=deal.version),
    "SUBMIT": lambda work, leads, deal: domain.submit(work, deal.id, version=deal.version),
    "PROGRESS": lambda work, leads, deal: domain.report_progress(
        work, deal.id, stage=Stage.POC, win_probability=50, details="完成测试"
    ),
}
REFUSED = (
    NotFoundError,
    PermissionDeniedError,
    TransitionNotAllowedError,
    FieldNotWritableError,
    NotRegisteredYetError,
)


async def compare(leads: Leads, text: str, deal: DealRegistration) -> None:
    head, *lines = [line.split() for line in text.strip("\n").splitlines()]
    expected = {row: dict(zip(head, cells, strict=True)) for row, *cells in lines}
    people = leads.people()
    real: dict[str, dict[str, str]] = {}
    for row, cells in expected.items():
        real[row] = {}
        for person in cells:
            try:
                await run_write(
                    leads.store,
                    people[person],
                    lambda work: DEEDS[row](work, leads, deal),  # noqa: B023
                    clock=leads.store.clock,
                    dry=True,
                )
                real[row][person] = "yes"
            except REFUSED:
                real[row][person] = "."
    assert real == expected


async def test_a_draft_is_made_and_seen_by_those_of_the_table(leads: Leads) -> None:
    """COL-6.1.2, COL-6.1.3, COL-6.1.6, COL-7.2: tried for real, each undone."""
    await compare(leads, DRAFTS, await draft(leads))


async def test_what_is_registered_is_seen_by_those_of_the_table(leads: Leads) -> None:
    """COL-6.1.6, COL-7.2: Huawei's side by the scopes of customers, from the registration on."""
    await compare(leads, REGISTERED, await registered(leads))


async def test_it_is_for_a_customer_that_is_associated(leads: Leads) -> None:
    """COL-6.1.1."""
    main = leads.pipeline.main
    deal = await draft(leads, main)
    assert (deal.company_name, deal.account_name) == (leads.customer.company_name, leads.customer.account_name)
    # A customer that the partner does not see is not there for it.
    await leads.store.refused(main, NotFoundError, lambda work: domain.create(work, leads.unassociated.id, WHOLE))
    theirs = await customer_of(leads, leads.pipeline.cast.yunfan)
    await leads.store.refused(main, NotFoundError, lambda work: domain.create(work, theirs.id, WHOLE))


async def customer_of(leads: Leads, partner: PartnerOrganisation, **facts: Any) -> Customer:
    values = {"company_name": f"{partner.name}的客户", "partner_id": partner.id, **facts}
    made: Customer = await leads.do(leads.pipeline.operations, lambda work: create_customer(work, values))
    return made


async def reported(leads: Leads, actor: Actor) -> CustomerReport:
    async def reachable(work: Any) -> None:
        (await work.session.get_one(Account, leads.pipeline.cast.wang_main.id)).mobile = "13800000001"

    await leads.do(operator_actor(), reachable)
    made: CustomerReport = await leads.do(actor, lambda work: report(work, PROSPECT))
    return made


async def test_it_is_for_a_customer_that_was_reported(leads: Leads) -> None:
    """COL-6.1.1, COL-6.1.2: an account manager's own reports, and the organisation's for its administrators."""
    manager = leads.pipeline.manager
    prospect = await reported(leads, manager)
    made = await leads.do(manager, lambda work: domain.create(work, None, WHOLE, report_id=prospect.id))
    assert (made.manager_id, made.customer_id, made.company_name) == (manager.id, None, PROSPECT["company_name"])
    done = await leads.do(manager, lambda work: domain.submit(work, made.id, version=1))
    assert done.status == RegistrationStatus.REGISTERED
    of_main = await leads.do(leads.pipeline.main, lambda work: domain.create(work, None, WHOLE, report_id=prospect.id))
    assert of_main.manager_id == manager.id
    for stranger in (leads.other_manager, leads.pipeline.other_main):
        await leads.store.refused(
            stranger, NotFoundError, lambda work: domain.create(work, None, WHOLE, report_id=prospect.id)
        )
    for customer, told in ((None, None), (leads.customer.id, prospect.id)):
        await leads.store.refused(
            manager,
            OneCustomerRequiredError,
            lambda work: domain.create(work, customer, WHOLE, report_id=told),  # noqa: B023
        )


async def test_what_is_reported_no_more_is_not_registered_for(leads: Leads) -> None:
    """COL-6.1.1: the report holds when the deal is begun, and when it is registered."""
    manager = leads.pipeline.manager
    prospect = await reported(leads, manager)
    made = await leads.do(manager, lambda work: domain.create(work, None, WHOLE, report_id=prospect.id))
    leads.store.clock.forward(days=16)
    await sweep(leads.store, clock=leads.store.clock)
    assert (await leads.again(prospect)).status == ReportStatus.EXPIRED
    for deed in (
        lambda work: domain.create(work, None, WHOLE, report_id=prospect.id),
        lambda work: domain.submit(work, made.id, version=1),
    ):
        await leads.store.refused(manager, CustomerNotChoosableError, deed)


async def test_a_resellers_reports_are_nobody_elses(leads: Leads) -> None:
    """COL-6.1.9: for resellers' customers only associated ones can be chosen."""
    prospect = await reported(leads, leads.pipeline.main)

    async def become_distributor(work: Any) -> None:
        (
            await work.get(PartnerOrganisation, leads.pipeline.cast.huaqi.id)
        ).distributor_id = leads.pipeline.cast.yunfan.id

    await leads.do(operator_actor(), become_distributor)
    await leads.store.refused(
        leads.pipeline.other_main,
        NotFoundError,
        lambda work: domain.create(work, None, WHOLE, report_id=prospect.id),
    )
    made = await leads.do(leads.pipeline.other_main, lambda work: domain.create(work, leads.customer.id, WHOLE))
    assert made.partner_id == leads.pipeline.cast.yunfan.id


async def test_a_manager_chooses_among_his_own_even_where_he_sees_more(leads: Leads) -> None:
    """COL-6.1.2: the opportunity becomes his; with a second role he sees all customers (COL-7.1.4) and chooses none."""
    deal = await draft(leads)
    assert deal.manager_id == leads.pipeline.manager.id
    await leads.store.refused(
        leads.other_manager, NotFoundError, lambda work: domain.create(work, leads.customer.id, WHOLE)
    )
    both = await open_person(
        leads.store, "he.yun", "何云", Preset.MGR, Preset.FIN, partner_id=leads.pipeline.cast.huaqi.id
    )
    actor = await leads.store.actor(both)
    await leads.store.refused(
        actor, CustomerNotChoosableError, lambda work: domain.create(work, leads.customer.id, WHOLE)
    )
    of_main = await draft(leads, leads.pipeline.main)
    assert of_main.manager_id == leads.pipeline.manager.id


async def test_of_a_resellers_customers_only_the_associated_are_chosen(leads: Leads) -> None:
    """COL-6.1.9."""
    huaqi, yunfan = leads.pipeline.cast.huaqi, leads.pipeline.cast.yunfan
    theirs = await customer_of(leads, yunfan, association_type=AssociationType.RESALE)
    main = leads.pipeline.main
    await leads.store.refused(main, NotFoundError, lambda work: domain.create(work, theirs.id, WHOLE))

    async def become_reseller(work: Any) -> None:
        (await work.get(PartnerOrganisation, yunfan.id)).distributor_id = huaqi.id

    await leads.do(operator_actor(), become_reseller)
    made = await leads.do(main, lambda work: domain.create(work, theirs.id, WHOLE))
    assert (made.partner_id, made.manager_id) == (huaqi.id, None)
    for actor, customer in ((main, leads.unassociated), (leads.pipeline.manager, theirs)):
        await leads.store.refused(
            actor,
            NotFoundError,
            lambda work: domain.create(work, customer.id, WHOLE),  # noqa: B023
        )


async def test_the_three_pages_are_filled_one_after_the_other_and_then_registered(leads: Leads) -> None:
    """COL-6.1.4, COL-6.1.8."""
    manager = leads.pipeline.manager
    deal = await leads.do(manager, lambda work: domain.create(work, leads.customer.id, BASIC))
    error = await leads.store.refused(
        manager, InvalidInputError, lambda work: domain.submit(work, deal.id, version=deal.version)
    )
    missing = {str(one.path[0]) for one in error if one.code in ("FIELD_REQUIRED", "CONTACT_REQUIRED")}
    assert missing == {
        *("requirement", "services", "contactName", "contactMobile", "expectedAmount", "expectedSignDate"),
        *("revenueStartsOn", "termMonths", "billingMode"),
    }
    for page in (DETAIL, REVENUE):
        version = (await leads.again(deal)).version
        await leads.do(manager, lambda work: domain.edit(work, deal.id, page, version=version))  # noqa: B023
    filled = await leads.again(deal)
    done = await leads.do(manager, lambda work: domain.submit(work, deal.id, version=filled.version))
    assert (done.status, done.registered_at) == (RegistrationStatus.REGISTERED, leads.store.clock())
    assert (done.expected_amount, done.task_id) == (36_000_000, "task-2026-07")
    assert await leads.history(deal) == [
        *("deal_registration.create", "deal_registration.save", "deal_registration.save"),
        "DealRegistration.submit",
    ]


@pytest.mark.parametrize("name", sorted(set(REVENUE) - {"currency"}))
async def test_every_field_of_the_revenue_page_is_mandatory(leads: Leads, name: str) -> None:
    """COL-6.1.4: the page is not saved without any one of them."""
    rest = {field: value for field, value in REVENUE.items() if field != name}
    error = await leads.store.refused(
        leads.pipeline.manager,
        FieldRequiredError,
        lambda work: domain.create(work, leads.customer.id, {**BASIC, **rest}),
    )
    assert error.path[0].replace("_", "").lower() == name.replace("_", "")


async def test_everything_wrong_is_told_at_once(leads: Leads) -> None:
    """COL-6.1.4: values that no deal may hold."""
    wrong = {
        **BASIC,
        "name": "长" * 129,
        "services": ["ECS", "MAGIC"],
        "contact_mobile": "abc",
        "contact_email": "nobody",
        **REVENUE,
        "expected_amount": "-5",
        "revenue_starts_on": dt.date(2026, 6, 1),
        "term_months": 61,
    }
    error = await leads.store.refused(
        leads.pipeline.manager, InvalidInputError, lambda work: domain.create(work, leads.customer.id, wrong)
    )
    assert {(one.code, one.path[0]) for one in error} == {
        (LengthError.code, "name"),
        (ValueNotAllowedError.code, "services"),
        (ValueNotAllowedError.code, "contactMobile"),
        (ValueNotAllowedError.code, "contactEmail"),
        ("AMOUNT", "expectedAmount"),
        (DayBeforeError.code, "revenueStartsOn"),
        (ValueNotAllowedError.code, "termMonths"),
    }
    late = await draft(leads)
    leads.store.clock.forward(days=200)
    await leads.store.refused(
        leads.pipeline.manager, DayBeforeError, lambda work: domain.submit(work, late.id, version=late.version)
    )


async def test_a_customer_that_has_left_is_not_registered_for(leads: Leads) -> None:
    """COL-6.1.1: the customer is the partner's when the deal is registered."""
    deal = await draft(leads)

    async def leave(work: Any) -> None:
        (await work.session.get_one(Customer, leads.customer.id)).partner_id = None

    await leads.do(operator_actor(), leave)
    await leads.store.refused(
        leads.pipeline.manager, NotFoundError, lambda work: domain.submit(work, deal.id, version=deal.version)
    )


async def test_progress_is_added_and_nothing_edits_it(leads: Leads) -> None:
    """COL-6.1.5, COL-2.6.6: the five fields; each addition appends, and the edit page cannot change it."""
    manager = leads.pipeline.manager
    deal = await registered(leads)
    five: dict[str, Any] = {
        "stage": Stage.POC,
        "win_probability": 55,
        "technical_exchange": "与信息部交流两次",
        "test_status": "样机测试通过",
        "details": "客户进入采购流程",
    }
    told = await leads.do(manager, lambda work: domain.report_progress(work, deal.id, **five))
    assert {name: getattr(told, name) for name in five} == five
    version = (await leads.again(deal)).version
    for name in ("stage", "win_probability", "details"):
        await leads.store.refused(
            manager,
            ValueNotAllowedError,
            lambda work: domain.edit(work, deal.id, {name: five[name]}, version=version),  # noqa: B023
        )
    await leads.do(manager, lambda work: domain.edit(work, deal.id, {"name": "改名"}, version=version))
    before = (await leads.store.everything())["DealProgress"]

    async def rewrite(work: Any) -> None:
        (await work.first(select(DealProgress))).details = "改写"

    async def remove(work: Any) -> None:
        await work.remove(await work.first(select(DealProgress)))

    for deed in (rewrite, remove):
        with pytest.raises(TypeError, match="appended"):
            await leads.do(manager, deed)
    assert (await leads.store.everything())["DealProgress"] == before


async def test_progress_is_told_whole_and_of_what_is_registered(leads: Leads) -> None:
    """COL-2.6.6."""
    manager = leads.pipeline.manager
    early = await draft(leads)
    given: dict[str, Any] = {"stage": Stage.POC, "win_probability": 50, "details": "测试"}
    await leads.store.refused(
        manager, NotRegisteredYetError, lambda work: domain.report_progress(work, early.id, **given)
    )
    deal = await registered(leads)
    wrong = {**given, "win_probability": 101, "details": " ", "test_status": "长" * 1001}
    error = await leads.store.refused(
        manager, InvalidInputError, lambda work: domain.report_progress(work, deal.id, **wrong)
    )
    assert {one.path[0] for one in error} == {"winProbability", "details", "testStatus"}


async def test_what_is_registered_stays_complete_and_contacts_stay_as_they_are(leads: Leads) -> None:
    """COL-6.1.4, COL-5.7.6: whoever may edit a contact reads it plainly, so it is written in the draft."""
    deal = await registered(leads)
    manager = leads.pipeline.manager
    await leads.store.refused(
        manager, FieldNotWritableError, lambda work: domain.edit(work, deal.id, {"contact_name": "李"}, version=2)
    )
    await leads.store.refused(
        manager, FieldRequiredError, lambda work: domain.edit(work, deal.id, {"term_months": None}, version=2)
    )
    await leads.store.refused(
        manager, FieldRequiredError, lambda work: domain.edit(work, deal.id, {"services": []}, version=2)
    )
    await leads.store.refused(
        manager, StaleVersionError, lambda work: domain.edit(work, deal.id, {"name": "新"}, version=1)
    )
