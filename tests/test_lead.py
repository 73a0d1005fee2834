"""Leads: who sees them, who dispatches and follows them, what becomes of them, and what is written down of it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from api.timers import remind
from models import lead as domain
from models import pce
from models.approval import decide
from models.customer.contact import EmailInvalidError, FullWidthDigitsError, MobileInvalidError
from models.identity import Account
from models.kernel.access import system_actor
from models.kernel.errors import (
    DomainError,
    FieldNotWritableError,
    FieldRequiredError,
    InvalidInputError,
    LengthError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    StaleVersionError,
    TransitionNotAllowedError,
)
from models.kernel.lifecycle import Move
from models.kernel.policy import PolicyRow
from models.kernel.values import new_id
from models.kernel.work import run_write
from models.lead import LEAD, Lead, LeadCloseReason, LeadFollowUp, LeadLevel, LeadSource, LeadStatus
from models.lead.refusals import (
    CloseReasonUntoldError,
    FollowerMayNotFollowError,
    FollowerNotActiveError,
    FollowerNotInTeamError,
    FollowerUnchangedError,
    LeadNameRequiredError,
    LeadRepeatedError,
    LeadSourceNotAllowedError,
    NextFollowUpPastError,
    NoLeadNamedError,
    NotTheFollowerError,
    TooManyLeadsError,
)
from models.notice import Notice
from models.opportunity import Opportunity, delete_draft
from models.pce import NotPceMemberError
from models.reveal import reveal
from tests.leads import FORM, Leads, leads

__all__ = ["leads"]

# Followed by MGR, who stands under DIR. Columns: the partner's main account, another partner's, administrator,
# director, manager (the follower), another manager, operator, finance; PDM, PSM, BD, customer owner, operations,
# KooGallery, finance, auditor, platform administrator. A cell names the steps that are open and that nothing blocks.
STEPS = """
           MAIN        MAIN2 ADM         DIR  MGR                  MGR2 OPS FIN PDM PSM BD OWN ECO KOO HFI AUD SYS
NEW        disp        .     disp        disp .                    .    .   .   .   .   .  .   .   .   .   .   .
ASSIGNED   redis+close .     redis+close redis add+close           .    .   .   .   .   .  .   .   .   .   .   .
FOLLOWING  redis+close .     redis+close redis add+deal+close      .    .   .   .   .   .  .   .   .   .   .   .
CONVERTED  .           .     .           .    .                    .    .   .   .   .   .  .   .   .   .   .   .
CLOSED     open        .     open        .    .                    .    .   .   .   .   .  .   .   .   .   .   .
"""
# The same when the main account itself follows, and when the operator does: he passes on what he follows.
FOLLOWED_BY_MAIN = """
           MAIN                        MAIN2 ADM         DIR MGR MGR2 OPS
ASSIGNED   redis+add+close             .     redis+close .   .   .    .
FOLLOWING  redis+add+opp+deal+close    .     redis+close .   .   .    .
"""
FOLLOWED_BY_OPERATOR = """
           MAIN        MAIN2 ADM         DIR MGR MGR2 OPS
ASSIGNED   redis+close .     redis+close .   .   .    redis+add+close
FOLLOWING  redis+close .     redis+close .   .   .    redis+add+deal+close
"""
SHORT = {
    "dispatch": "disp",
    "redispatch": "redis",
    "add_follow_up": "add",
    "convert_to_opportunity": "opp",
    "convert_to_deal_registration": "deal",
    "reopen": "open",
}
# Who sees a lead that MGR follows, one that waits for dispatch, and one of another partner's.
SCOPE = """
           MAIN MAIN2 ADM DIR MGR MGR2 OPS FIN PDM PSM BD OWN ECO KOO HFI AUD SYS
NEW        yes  .     yes yes .   .    .   .   yes yes .  .   yes yes yes yes .
ASSIGNED   yes  .     yes yes yes .    .   .   yes yes .  .   yes yes yes yes .
OPERATORS  yes  .     yes .   .   .    yes .   yes yes .  .   yes yes yes yes .
THEIRS     .    yes   .   .   .   .    .   .   .   .   .  .   yes yes yes yes .
"""


def table(text: str) -> dict[str, dict[str, str]]:
    head, *lines = [line.split() for line in text.strip("\n").splitlines()]
    return {row: dict(zip(head, cells, strict=True)) for row, *cells in lines}


async def steps_open_to(leads: Leads, person: str, lead: Lead) -> str:
    """Ask which steps are open to somebody, and see that each other step is refused by right or by state."""
    actor = leads.people()[person]

    async def deed(work: Any) -> list[str]:
        try:
            standing = await domain.standing(work, lead.id)
        except NotFoundError:
            return []
        found = await work.get(Lead, lead.id)
        for row in LEAD:
            first = next(iter(LEAD.blocks(Move(found, actor, work.now), row.verb)), None)
            shut = isinstance(first, (PermissionDeniedError, TransitionNotAllowedError))
            assert shut != (row.verb in {one.transition.verb for one in standing}), (person, row.verb)
        return [SHORT.get(one.transition.verb, one.transition.verb) for one in standing if one.possible]

    return "+".join(await run_write(leads.store, actor, deed, clock=leads.store.clock, dry=True)) or "."


async def compare(leads: Leads, text: str, lead_of: Any) -> None:
    expected = table(text)
    real: dict[str, dict[str, str]] = {}
    for row, cells in expected.items():
        lead = await lead_of(LeadStatus[row])
        real[row] = {person: await steps_open_to(leads, person, lead) for person in cells}
    assert {row: {who: set(cell.split("+")) for who, cell in cells.items()} for row, cells in real.items()} == {
        row: {who: set(cell.split("+")) for who, cell in cells.items()} for row, cells in expected.items()
    }


async def test_the_steps_of_a_lead_are_open_to_those_of_the_table(leads: Leads) -> None:
    """COL-6.2.7, COL-7.2: status by step by person."""
    await compare(leads, STEPS, leads.in_state)


async def test_the_main_account_that_follows_a_lead_converts_it_to_an_opportunity(leads: Leads) -> None:
    """COL-6.2.7: the follower converts, to a PO the main account of a member of PCE."""
    makers = {LeadStatus.ASSIGNED: leads.assigned, LeadStatus.FOLLOWING: leads.following}
    await compare(leads, FOLLOWED_BY_MAIN, lambda status: makers[status](leads.pipeline.main))


async def test_an_operator_follows_what_is_dispatched_to_him_and_passes_it_on(leads: Leads) -> None:
    """COL-6.2.4, COL-6.2.5, COL-7.2."""
    makers = {LeadStatus.ASSIGNED: leads.assigned, LeadStatus.FOLLOWING: leads.following}
    await compare(leads, FOLLOWED_BY_OPERATOR, lambda status: makers[status](leads.operator))


async def test_everybody_sees_the_leads_of_his_scope_and_no_others(leads: Leads) -> None:
    """COL-6.2.5, COL-6.2.8: the follower his, a director his managers', main account and administrator all."""
    rows = {
        "NEW": await leads.new(),
        "ASSIGNED": await leads.assigned(),
        "OPERATORS": await leads.assigned(leads.operator),
        "THEIRS": await leads.new(leads.pipeline.other_main, province="CN-44"),
    }
    real = {
        row: {
            person: "yes" if lead.id in await leads.seen(Lead, actor) else "."
            for person, actor in leads.people().items()
        }
        for row, lead in rows.items()
    }
    assert real == table(SCOPE)


async def test_what_one_does_not_see_one_does_not_touch(leads: Leads) -> None:
    """COL-6.2.5: not his and not there are one refusal."""
    lead = await leads.assigned()
    stranger, other = leads.other_manager, leads.pipeline.other_main
    for actor in (stranger, other):
        for deed in (
            lambda work: domain.add_follow_up(work, lead.id, "致电"),
            lambda work: domain.close(work, lead.id, version=2, reason_code=LeadCloseReason.NO_INTENT),
            lambda work: domain.edit(work, lead.id, {"level": LeadLevel.A}, version=2),
        ):
            await leads.store.refused(actor, NotFoundError, deed)
    await leads.store.refused(
        other, (NotFoundError, InvalidInputError), lambda work: domain.dispatch(work, lead.id, other.id, version=2)
    )


async def test_who_may_not_enter_dispatch_or_send_down_is_refused(leads: Leads) -> None:
    """COL-6.2.7, COL-7.2."""
    lead = await leads.assigned()
    cases: list[tuple[str, Any]] = [
        ("MGR", lambda work: domain.create(work, FORM)),
        ("OPS", lambda work: domain.create(work, FORM)),
        ("DIR", lambda work: domain.create(work, FORM)),
        ("FIN", lambda work: domain.create(work, FORM)),
        ("ECO", lambda work: domain.create(work, FORM)),
        ("MGR", lambda work: domain.dispatch(work, lead.id, leads.operator.id, version=2)),
        ("MAIN", lambda work: domain.push(work, leads.pipeline.cast.huaqi.id, FORM)),
        ("PDM", lambda work: domain.push(work, leads.pipeline.cast.huaqi.id, FORM)),
        ("AUD", lambda work: domain.push(work, leads.pipeline.cast.huaqi.id, FORM)),
        ("MGR", lambda work: domain.reopen(work, lead.id, version=2)),
        ("MGR", lambda work: domain.convert_to_opportunity(work, lead.id, version=2)),
        ("MAIN", lambda work: domain.convert_to_opportunity(work, lead.id, version=2)),
    ]
    for person, deed in cases:
        await leads.store.refused(leads.people()[person], (PermissionDeniedError, TransitionNotAllowedError), deed)


async def test_a_lead_needs_a_name_and_everything_wrong_with_it_is_told_at_once(leads: Leads) -> None:
    """COL-6.2.7: a company or customer name; full-width digits have a refusal of their own."""
    wrong = {
        "email": "sun.li＠yuncheng",
        "mobile": "１３７００００５６７８",
        "province": "CN-99",
        "industry": "MAGIC",
        "requirement": "长" * 1001,
        "next_follow_at": leads.store.clock(),
    }
    error = await leads.store.refused(
        leads.pipeline.main, InvalidInputError, lambda work: domain.create(work, {"company_name": "  ", **wrong})
    )
    told = {(one.code, one.path) for one in error}
    assert told == {
        (LeadNameRequiredError.code, ("companyName",)),
        (EmailInvalidError.code, ("email",)),
        (FullWidthDigitsError.code, ("mobile",)),
        ("VALUE_NOT_ALLOWED", ("province",)),
        ("VALUE_NOT_ALLOWED", ("industry",)),
        (LengthError.code, ("requirement",)),
        (NextFollowUpPastError.code, ("nextFollowAt",)),
    }
    await leads.store.refused(
        leads.pipeline.main, MobileInvalidError, lambda work: domain.create(work, {**FORM, "mobile": "12345"})
    )
    only_customer = await leads.new(company_name=None)
    assert (only_customer.company_name, only_customer.customer_name) == (None, "孙立")
    assert (only_customer.source, only_customer.status) == (LeadSource.OWN, LeadStatus.NEW)


async def test_operations_send_a_lead_down_and_the_main_account_hears_of_it(leads: Leads) -> None:
    """COL-6.2.7: Huawei push; the source says whether it came by a campaign."""
    huaqi = leads.pipeline.cast.huaqi
    lead = await leads.do(
        leads.pipeline.operations,
        lambda work: domain.push(work, huaqi.id, FORM, source=LeadSource.CAMPAIGN),
    )
    assert (lead.partner_id, lead.source, lead.office_id) == (huaqi.id, LeadSource.CAMPAIGN, "office-js")
    assert await notices(leads, "lead.received") == {leads.pipeline.main.id}
    await leads.store.refused(
        leads.pipeline.operations,
        LeadSourceNotAllowedError,
        lambda work: domain.push(work, huaqi.id, FORM, source=LeadSource.OWN),
    )
    await leads.store.refused(leads.pipeline.operations, NotFoundError, lambda work: domain.push(work, new_id(), FORM))


async def notices(leads: Leads, kind: str) -> set[Any]:
    async with leads.store.reader() as session:
        return set((await session.execute(select(Notice.receiver_id).where(Notice.kind == kind))).scalars())


async def test_a_lead_is_dispatched_to_an_active_member_who_follows_leads(leads: Leads) -> None:
    """COL-6.2.4, COL-6.2.7, COL-7.2."""
    lead = await leads.new()
    main = leads.pipeline.main
    for target, error in (
        (leads.finance_of_partner, FollowerMayNotFollowError),
        (leads.pipeline.other_main, FollowerNotActiveError),
        (leads.pipeline.pdm, FollowerNotActiveError),
    ):
        await leads.store.refused(main, error, lambda work: domain.dispatch(work, lead.id, target.id, version=1))  # noqa: B023
    await deactivate(leads, leads.other_manager)
    await leads.store.refused(
        main,
        FollowerNotActiveError,
        lambda work: domain.dispatch(work, lead.id, leads.other_manager.id, version=1),
    )
    given = await leads.dispatch(lead, leads.operator)
    assert (given.status, given.follower_id) == (LeadStatus.ASSIGNED, leads.operator.id)
    assert given.dispatched_at == leads.store.clock()
    assert await notices(leads, "lead.dispatched") == {leads.operator.id}


async def deactivate(leads: Leads, actor: Any) -> None:
    async def deed(work: Any) -> None:
        (await work.session.get_one(Account, actor.id)).active = False

    await leads.do(system_actor(), deed)


async def test_a_director_dispatches_to_his_own_managers_only(leads: Leads) -> None:
    """COL-6.2.7, COL-7.2."""
    lead = await leads.new()
    for other in (leads.other_manager, leads.operator, leads.director):
        await leads.store.refused(
            leads.director,
            FollowerNotInTeamError,
            lambda work: domain.dispatch(work, lead.id, other.id, version=1),  # noqa: B023
        )
    given = await leads.dispatch(lead, leads.pipeline.manager, by=leads.director)
    assert given.follower_id == leads.pipeline.manager.id


async def test_to_dispatch_again_changes_the_follower_and_keeps_the_record_of_it(leads: Leads) -> None:
    """COL-6.2.7: re-dispatch, the log is kept; the former follower sees the lead no more."""
    lead = await leads.following()
    await leads.store.refused(
        leads.pipeline.main,
        FollowerUnchangedError,
        lambda work: domain.dispatch(work, lead.id, leads.pipeline.manager.id, version=lead.version),
    )
    again = await leads.dispatch(lead, leads.other_manager)
    assert (again.status, again.follower_id) == (LeadStatus.ASSIGNED, leads.other_manager.id)
    assert lead.id not in await leads.seen(Lead, leads.pipeline.manager)
    line = (await leads.store.journal())[-1]
    assert line.operation == "Lead.redispatch"
    assert line.changes["follower_id"] == {
        "from": str(leads.pipeline.manager.id),
        "to": str(leads.other_manager.id),
    }
    assert await leads.history(lead) == ["lead.create", "Lead.dispatch", "Lead.add_follow_up", "Lead.redispatch"]


async def test_only_the_follower_follows_up_in_words_and_plans_ahead(leads: Leads) -> None:
    """COL-6.2.7: note 1 to 1000 characters."""
    lead = await leads.assigned()
    now = leads.store.clock()
    manager = leads.pipeline.manager
    await leads.store.refused(
        leads.pipeline.main, NotTheFollowerError, lambda work: domain.add_follow_up(work, lead.id, "代为联系")
    )
    error = await leads.store.refused(
        manager, InvalidInputError, lambda work: domain.add_follow_up(work, lead.id, " ", next_follow_at=now)
    )
    assert {one.code for one in error} == {FieldRequiredError.code, NextFollowUpPastError.code}
    await leads.store.refused(manager, LengthError, lambda work: domain.add_follow_up(work, lead.id, "长" * 1001))
    later = now + dt.timedelta(days=3)
    await leads.do(manager, lambda work: domain.add_follow_up(work, lead.id, "长" * 1000, next_follow_at=later))
    await leads.do(manager, lambda work: domain.add_follow_up(work, lead.id, "客户要求报价"))
    found = await leads.again(lead)
    assert (found.status, found.last_follow_up_at, found.next_follow_at) == (LeadStatus.FOLLOWING, now, None)
    rows = (await leads.store.everything())["LeadFollowUp"]
    assert sorted(len(row["note"]) for row in rows) == [6, 1000]


async def test_a_follow_up_is_never_rewritten(leads: Leads) -> None:
    """COL-6.2.8: append-only."""
    await leads.following()

    async def rewrite(work: Any) -> None:
        (await work.first(select(LeadFollowUp))).note = "改写"

    async def remove(work: Any) -> None:
        await work.remove(await work.first(select(LeadFollowUp)))

    for deed in (rewrite, remove):
        with pytest.raises(TypeError, match="never changed"):
            await leads.do(leads.pipeline.manager, deed)


async def test_a_planned_follow_up_is_told_to_the_follower_once_when_its_time_comes(leads: Leads) -> None:
    """COL-6.2.7: nextFollowAt."""
    lead = await leads.assigned()
    later = leads.store.clock() + dt.timedelta(days=2)
    await leads.do(
        leads.pipeline.manager,
        lambda work: domain.add_follow_up(work, lead.id, "两天后再联系", next_follow_at=later),
    )
    assert not (await remind(leads.store, clock=leads.store.clock)).get("lead.follow_up_due")
    leads.store.clock.forward(days=2)
    assert (await remind(leads.store, clock=leads.store.clock))["lead.follow_up_due"] == 1
    assert not (await remind(leads.store, clock=leads.store.clock)).get("lead.follow_up_due")
    assert await notices(leads, "lead.follow_up_due") == {leads.pipeline.manager.id}
    closed = await leads.assigned()
    soon = leads.store.clock() + dt.timedelta(hours=1)
    await leads.do(
        leads.pipeline.manager,
        lambda work: domain.edit(work, closed.id, {"next_follow_at": soon}, version=closed.version),
    )
    version = (await leads.again(closed)).version
    await leads.do(
        leads.pipeline.manager,
        lambda work: domain.close(work, closed.id, version=version, reason_code=LeadCloseReason.DUPLICATE),
    )
    leads.store.clock.forward(days=1)
    assert not (await remind(leads.store, clock=leads.store.clock)).get("lead.follow_up_due")


async def test_a_lead_is_closed_for_a_reason_and_an_administrator_opens_it_again(leads: Leads) -> None:
    """COL-6.2.7."""
    lead = await leads.assigned()
    manager = leads.pipeline.manager
    await leads.store.refused(
        manager, ReasonRequiredError, lambda work: domain.close(work, lead.id, version=2, reason_code=None)
    )
    other = LeadCloseReason.OTHER
    await leads.store.refused(
        manager, CloseReasonUntoldError, lambda work: domain.close(work, lead.id, version=2, reason_code=other)
    )
    await leads.store.refused(
        leads.director,
        NotTheFollowerError,
        lambda work: domain.close(work, lead.id, version=2, reason_code=LeadCloseReason.NO_INTENT),
    )
    closed = await leads.do(
        manager, lambda work: domain.close(work, lead.id, version=2, reason_code=other, reason="客户已破产")
    )
    assert (closed.status, closed.close_reason) == (LeadStatus.CLOSED, other)
    await leads.store.refused(
        manager, PermissionDeniedError, lambda work: domain.reopen(work, lead.id, version=closed.version)
    )
    opened = await leads.do(
        leads.pipeline.administrator, lambda work: domain.reopen(work, lead.id, version=closed.version)
    )
    assert (opened.status, opened.close_reason, opened.follower_id) == (LeadStatus.ASSIGNED, None, manager.id)


async def test_edits_are_of_what_describes_an_open_lead_and_are_recorded(leads: Leads) -> None:
    """COL-6.2.6, COL-6.2.8: each field edit is an operation record with before and after."""
    lead = await leads.assigned()
    manager = leads.pipeline.manager
    edited = await leads.do(
        manager,
        lambda work: domain.edit(work, lead.id, {"level": LeadLevel.A, "province": "CN-44"}, version=lead.version),
    )
    assert (edited.level, edited.office_id) == (LeadLevel.A, "office-gd")
    line = (await leads.store.journal())[-1]
    assert (line.operation, line.changes["level"]) == ("lead.edit", {"from": None, "to": "A"})
    await leads.store.refused(
        leads.director,
        FieldNotWritableError,
        lambda work: domain.edit(work, lead.id, {"level": LeadLevel.B}, version=edited.version),
    )
    error = await leads.store.refused(
        manager,
        DomainError,
        lambda work: domain.edit(work, lead.id, {"mobile": "13900000000"}, version=edited.version),
    )
    assert error.code == "VALUE_NOT_ALLOWED"
    closed = await leads.closed()
    await leads.store.refused(
        manager,
        FieldNotWritableError,
        lambda work: domain.edit(work, closed.id, {"level": LeadLevel.A}, version=closed.version),
    )


async def test_each_look_at_a_lead_is_a_record_of_that_lead(leads: Leads) -> None:
    """COL-6.2.8: every reveal is one operation record; it tells which field, and not what stood in it."""
    one, other = await leads.assigned(), await leads.assigned(company_name="昆山另一家有限公司")
    shown = await leads.do(leads.pipeline.manager, lambda work: reveal(work, Lead, "mobile", [one.id, other.id]))
    assert shown == {one.id: FORM["mobile"], other.id: FORM["mobile"]}
    for lead in (one, other):
        assert (await leads.history(lead))[-1] == "field.reveal"
    lines = (await leads.store.journal())[-2:]
    assert [line.changes["rows"] for line in lines] == [[one.public_id], [other.public_id]]
    assert FORM["mobile"] not in str([line.changes for line in await leads.store.journal()])


async def test_a_batch_gives_each_lead_a_result_of_its_own(leads: Leads) -> None:
    """COL-6.2.8: batch dispatch up to 100."""
    fresh, stale, closed = await leads.new(), await leads.new(), await leads.closed()
    with_him = await leads.assigned()
    foreign = await leads.new(leads.pipeline.other_main)
    asked = [
        (fresh.id, fresh.version),
        (stale.id, 7),
        (closed.id, None),
        (with_him.id, None),
        (foreign.id, None),
        (fresh.id, None),
    ]
    results = await leads.do(
        leads.pipeline.main, lambda work: domain.dispatch_batch(work, asked, leads.pipeline.manager.id)
    )
    assert [[error.code for error in one.errors] for one in results] == [
        [],
        [StaleVersionError.code],
        [TransitionNotAllowedError.code],
        [FollowerUnchangedError.code],
        [NotFoundError.code],
        [LeadRepeatedError.code],
    ]
    assert (await leads.again(fresh)).follower_id == leads.pipeline.manager.id
    assert (await leads.again(stale)).status == LeadStatus.NEW
    assert (await leads.again(closed)).status == LeadStatus.CLOSED


async def test_a_batch_has_a_limit_of_its_own_row_and_one_notice(leads: Leads) -> None:
    """COL-6.2.8: up to 100; the number is a dated policy row."""
    made = [await leads.new(company_name=f"第{number}家有限公司") for number in range(3)]
    main, manager = leads.pipeline.main, leads.pipeline.manager
    await leads.store.refused(main, NoLeadNamedError, lambda work: domain.dispatch_batch(work, [], manager.id))
    many = [(new_id(), None) for _ in range(101)]
    error = await leads.store.refused(
        main, TooManyLeadsError, lambda work: domain.dispatch_batch(work, many, manager.id)
    )
    assert error.facts == {"maximum": 100, "count": 101}
    asked = [(one.id, one.version) for one in made]
    await leads.store.refused(
        main,
        FollowerMayNotFollowError,
        lambda work: domain.dispatch_batch(work, asked, leads.finance_of_partner.id),
    )

    async def fewer(work: Any) -> None:
        work.add(PolicyRow(key="lead.most_dispatched_at_once", value=2, effective_from=work.now))

    await leads.do(system_actor(), fewer)
    await leads.store.refused(main, TooManyLeadsError, lambda work: domain.dispatch_batch(work, asked, manager.id))
    results = await leads.do(main, lambda work: domain.dispatch_batch(work, asked[:2], manager.id))
    assert [one.errors for one in results] == [(), ()]
    rows = [row for row in (await leads.store.everything())["Notice"] if row["kind"].startswith("lead.dispatched")]
    assert [row["kind"] for row in rows] == ["lead.dispatched_many"]


async def test_a_lead_becomes_a_draft_with_its_company_and_contact(leads: Leads) -> None:
    """COL-6.2.7: creates PO DRAFT, copies company and contact; the draft may be deleted, the lead stays converted."""
    main = leads.pipeline.main
    lead = await leads.following(main)
    done = await leads.do(main, lambda work: domain.convert_to_opportunity(work, lead.id, version=lead.version))
    assert (done.status, done.converted_deal_registration_id) == (LeadStatus.CONVERTED, None)
    async with leads.store.reader() as session:
        draft: Any = await session.get(Opportunity, done.converted_opportunity_id)
    assert (draft.status, draft.partner_id) == ("DRAFT", leads.pipeline.cast.huaqi.id)
    assert (draft.name, draft.company_name, draft.need) == (
        FORM["campaign_name"],
        FORM["company_name"],
        FORM["requirement"],
    )
    assert (draft.contact_name, draft.contact_mobile, draft.contact_email) == (
        FORM["customer_name"],
        FORM["mobile"],
        FORM["email"],
    )
    # Nobody knows that account yet, and a draft names only accounts that exist.
    assert draft.account_name is None
    assert (await leads.store.operations())[-2:] == ["opportunity.save_draft", "Lead.convert_to_opportunity"]
    await leads.do(main, lambda work: delete_draft(work, draft.id, version=draft.version))
    assert (await leads.again(lead)).status == LeadStatus.CONVERTED


async def test_outside_pce_no_lead_becomes_an_opportunity(leads: Leads) -> None:
    """COL-6.2.7, COL-1.1.4: PCE member partner."""
    main = leads.pipeline.main
    lead = await leads.following(main)
    await leads.do(main, lambda work: pce.request_exit(work, reason="调整业务"))
    (entry,) = [row for row in (await leads.store.everything())["Approval"] if row["state"] == "OPEN"]
    await leads.do(leads.pipeline.pdm, lambda work: decide(work, UUID(str(entry["id"])), "approve_exit"))
    await leads.store.refused(
        main, NotPceMemberError, lambda work: domain.convert_to_opportunity(work, lead.id, version=lead.version)
    )


async def test_a_lead_becomes_one_thing_at_most(leads: Leads) -> None:
    """COL-6.2.7: at most one target."""
    main = leads.pipeline.main
    lead = await leads.following(main)
    done = await leads.do(main, lambda work: domain.convert_to_opportunity(work, lead.id, version=lead.version))
    for deed in (
        lambda work: domain.convert_to_opportunity(work, lead.id, version=done.version),
        lambda work: domain.convert_to_deal_registration(work, lead.id, leads.customer.id, version=done.version),
        lambda work: domain.reopen(work, lead.id, version=done.version),
        lambda work: domain.dispatch(work, lead.id, leads.operator.id, version=done.version),
    ):
        await leads.store.refused(main, TransitionNotAllowedError, deed)


async def test_a_refused_target_leaves_the_lead_as_it_was(leads: Leads) -> None:
    """COL-6.2.7, COL-6.1.2: nothing half-done where the customer is not this manager's."""
    lead = await leads.following(leads.other_manager)
    await leads.store.refused(
        leads.other_manager,
        NotFoundError,
        lambda work: domain.convert_to_deal_registration(work, lead.id, leads.customer.id, version=lead.version),
    )


async def test_a_director_who_follows_a_lead_converts_it_to_nothing(leads: Leads) -> None:
    """COL-6.1.3, COL-7.2."""
    lead = await leads.following(leads.director)
    for deed in (
        lambda work: domain.convert_to_deal_registration(work, lead.id, leads.customer.id, version=lead.version),
        lambda work: domain.convert_to_opportunity(work, lead.id, version=lead.version),
    ):
        await leads.store.refused(leads.director, PermissionDeniedError, deed)
