"""People who act on leads at the same moment, really side by side, on both databases."""

from __future__ import annotations

from typing import Any

from models import lead as domain
from models.kernel.errors import StaleVersionError, TransitionNotAllowedError
from models.lead import LeadCloseReason, LeadStatus
from tests.leads import Leads, leads
from tests.test_at_one_moment import together, went
from tests.test_lead_import import ROW, csv_of

__all__ = ["leads"]

ROUNDS = 3


async def test_two_conversions_at_one_moment_leave_one_target(leads: Leads) -> None:
    """COL-6.2.7: at most one target, by whatever way."""
    main = leads.pipeline.main
    for round in range(ROUNDS):
        lead = await leads.following(main, company_name=f"第{round}家有限公司")
        outcomes = await together(
            *(
                leads.do(main, deed)
                for deed in (
                    lambda work: domain.convert_to_opportunity(work, lead.id, version=lead.version),  # noqa: B023
                    lambda work: domain.convert_to_deal_registration(
                        work,
                        lead.id,  # noqa: B023
                        leads.customer.id,
                        version=lead.version,  # noqa: B023
                    ),
                    lambda work: domain.convert_to_opportunity(work, lead.id, version=lead.version),  # noqa: B023
                )
            )
        )
        assert went(outcomes) == 1
        assert all(isinstance(one, (StaleVersionError, TransitionNotAllowedError, domain.Lead)) for one in outcomes), (
            outcomes
        )
        found = await leads.again(lead)
        targets = [found.converted_opportunity_id, found.converted_deal_registration_id]
        assert (found.status, targets.count(None)) == (LeadStatus.CONVERTED, 1)
        rows = await leads.store.everything()
        assert len(rows["Opportunity"]) + len(rows["DealRegistration"]) == round + 1


async def test_two_dispatches_at_one_moment_leave_one_follower(leads: Leads) -> None:
    """COL-6.2.7."""
    for _ in range(ROUNDS):
        lead = await leads.new()
        outcomes = await together(
            *(
                leads.do(actor, lambda work: domain.dispatch(work, lead.id, to.id, version=lead.version))  # noqa: B023
                for actor, to in (
                    (leads.pipeline.main, leads.operator),
                    (leads.director, leads.pipeline.manager),
                    (leads.pipeline.administrator, leads.other_manager),
                )
            )
        )
        assert went(outcomes) == 1
        assert await leads.history(lead) == ["lead.create", "Lead.dispatch"]


async def test_batches_over_the_same_leads_wait_for_each_other_and_give_each_once(leads: Leads) -> None:
    """COL-6.2.8."""
    made = [await leads.new(company_name=f"第{number}家有限公司") for number in range(8)]
    asked = [(one.id, one.version) for one in made]
    outcomes = await together(
        leads.do(leads.pipeline.main, lambda work: domain.dispatch_batch(work, asked, leads.operator.id)),
        leads.do(
            leads.pipeline.administrator,
            lambda work: domain.dispatch_batch(work, asked[::-1], leads.other_manager.id),
        ),
    )
    done = [one for results in outcomes for one in results if not one.errors]
    assert sorted(one.id for one in done) == sorted(one.id for one in made)
    codes = {error.code for results in outcomes for one in results for error in one.errors}
    assert codes == {StaleVersionError.code}


async def test_a_follow_up_and_a_closing_at_one_moment_leave_a_lead_that_is_whole(leads: Leads) -> None:
    """COL-6.2.7."""
    manager = leads.pipeline.manager
    for _ in range(ROUNDS):
        lead = await leads.assigned()
        await together(
            leads.do(manager, lambda work: domain.add_follow_up(work, lead.id, "致电")),  # noqa: B023
            leads.do(
                leads.pipeline.main,
                lambda work: domain.close(
                    work,
                    lead.id,  # noqa: B023
                    version=lead.version,  # noqa: B023
                    reason_code=LeadCloseReason.DUPLICATE,
                ),
            ),
        )
        found = await leads.again(lead)
        followed = sum(row["lead_id"] in (lead.id, lead.id.hex) for row in await follow_ups(leads))
        assert (found.status, followed) in (
            (LeadStatus.CLOSED, 0),
            (LeadStatus.FOLLOWING, 1),
        )


async def follow_ups(leads: Leads) -> list[dict[str, Any]]:
    return (await leads.store.everything())["LeadFollowUp"]


async def test_the_same_file_twice_at_one_moment_makes_each_lead_once(leads: Leads) -> None:
    rows = [{**ROW, "company_name": f"第{number}家有限公司"} for number in range(12)]
    store, main = leads.store, leads.pipeline.main
    outcomes = await together(
        *(domain.import_leads(store, main, "leads.csv", csv_of(*rows), clock=store.clock) for _ in range(2))
    )
    assert len((await store.everything())["Lead"]) == 12
    assert sum(one.count(domain.LeadRowState.CREATED) for one in outcomes) == 12
