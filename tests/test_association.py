"""Customers of a solution provider that are moved to a reseller: by their ecosystem manager, all or none."""

from __future__ import annotations

from typing import Any

import pytest

from models.association import (
    AssociationCause,
    AssociationEvent,
    AssociationEventKind,
    NotAResellerError,
    NotOfASolutionProviderError,
    migrate,
)
from models.customer import AssociationType, Customer
from models.identity import operator_actor
from models.kernel.errors import NotFoundError, PermissionDeniedError, ReasonRequiredError
from models.kernel.work import Work
from models.partner import PartnerKind, PartnerOrganisation, create_partner
from tests.reporting import Reporting, pipeline, reporting

__all__ = ["pipeline", "reporting"]


async def reseller(reporting: Reporting, *, looked_after: bool = True) -> PartnerOrganisation:
    async def deed(work: Work) -> PartnerOrganisation:
        made = await create_partner(work, name="苏南云经销有限公司", kind=PartnerKind.RESELLER, province="CN-32")
        await work.flush()
        made.pdm_id = reporting.pipeline.pdm.id if looked_after else None
        return made

    made: PartnerOrganisation = await reporting.do(operator_actor(), deed)
    return made


async def ours(reporting: Reporting, name: str, **changes: Any) -> Customer:
    values = {"partner_id": reporting.pipeline.cast.huaqi.id, "association_type": AssociationType.RESALE, **changes}
    blank = {"credit_code": None, "mobile": None, "email": None}
    made: Customer = await reporting.known(company_name=name, account_name=name, **blank, **values)
    return made


async def pdm(reporting: Reporting) -> Any:
    return await reporting.store.actor(reporting.pipeline.cast.zhou_pdm)


async def test_the_ecosystem_manager_moves_customers_with_their_history(reporting):
    """COL-5.1.4, COL-5.4.11"""
    target = await reseller(reporting)
    customers = [
        await ours(reporting, "常州青石", account_manager_id=reporting.manager.id),
        await ours(reporting, "南通海门"),
    ]
    zhou = await pdm(reporting)
    reporting.store.clock.forward(hours=1)
    await reporting.do(zhou, lambda work: migrate(work, [one.id for one in customers], target.id, reason="渠道调整"))
    for customer in customers:
        found = await reporting.again(customer)
        assert (found.partner_id, found.association_type, found.account_manager_id) == (
            target.id,
            AssociationType.RESALE,
            None,
        )
        assert found.associated_on == reporting.store.clock.now
        ended, begun = await reporting.every(AssociationEvent, customer_id=customer.id)
        assert (ended.event, ended.partner_id) == (AssociationEventKind.UNLINKED, reporting.pipeline.cast.huaqi.id)
        assert (begun.event, begun.partner_id) == (AssociationEventKind.ASSOCIATED, target.id)
        assert {ended.cause, begun.cause} == {AssociationCause.MIGRATION}
        assert {ended.reason, begun.reason} == {"渠道调整"}


async def test_nobody_else_moves_customers(reporting):
    """COL-5.1.4"""
    target, customer = await reseller(reporting), await ours(reporting, "常州青石")
    for actor in (reporting.main, reporting.operations, reporting.pipeline.psm, reporting.pipeline.auditor):
        await reporting.store.refused(
            actor, PermissionDeniedError, lambda work: migrate(work, [customer.id], target.id, reason="调整")
        )


async def test_only_from_a_solution_provider_to_a_reseller_and_all_or_none(reporting):
    """COL-5.1.4"""
    target, customer = await reseller(reporting), await ours(reporting, "常州青石")
    theirs = await ours(reporting, "南通海门", partner_id=target.id)
    zhou = await pdm(reporting)
    error = await reporting.store.refused(
        zhou,
        NotOfASolutionProviderError,
        lambda work: migrate(work, [customer.id, theirs.id], target.id, reason="调整"),
    )
    assert error.path == ("customers", 1)
    huaqi = reporting.pipeline.cast.huaqi
    await reporting.store.refused(
        zhou, NotAResellerError, lambda work: migrate(work, [customer.id], huaqi.id, reason="调整")
    )
    await reporting.store.refused(
        zhou, ReasonRequiredError, lambda work: migrate(work, [customer.id], target.id, reason=" ")
    )


@pytest.mark.parametrize("what", ["customer", "target"])
async def test_both_partners_are_his(reporting, what):
    """COL-5.1.4"""
    target = await reseller(reporting, looked_after=what == "customer")
    mine = what == "target"
    partner = reporting.pipeline.cast.huaqi.id if mine else reporting.pipeline.cast.yunfan.id
    customer = await ours(reporting, "常州青石", partner_id=partner)
    await reporting.store.refused(
        await pdm(reporting), NotFoundError, lambda work: migrate(work, [customer.id], target.id, reason="调整")
    )
