"""The demonstration: believable, complete, made by the right people, and nothing for production."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlmodel import col, select

from api.database import Database
from api.demo import (
    EVERYBODY,
    PASSWORD,
    DemoInProductionError,
    demo_token,
    has_data,
    is_complete,
    load_demo,
    open_demo_logins,
)
from api.demo.channel import RESOLD, TAGS
from api.demo.companies import COMPANIES, FIRMS
from api.demo.doubles import DOUBLES
from api.demo.people import LOGIN_PREFIX
from api.identity import journal_key
from api.installation import Installation
from api.settings import Settings
from models.agreement import AgreementSignature
from models.approval import Approval
from models.association import AssociationEvent
from models.association_request import AssociationRequest, AssociationRequestKind, AssociationRequestStatus
from models.authorisation import AuthorisationStatus, CustomerAuthorisation
from models.balance import BalanceEntry, CustomerFunds, EntryKind, PartnerBalance
from models.customer import AccountManagerPeriod, Customer, CustomerMerge, ResellerCustomer
from models.customer_report import CustomerReport, ReportStatus
from models.deal_registration import DealProgress, DealRegistration, RegistrationStatus
from models.entry import EntryStatus, PartnerEntry
from models.freeze import CustomerFreeze, FreezeStatus
from models.identity import (
    Account,
    actor_of,
    actor_of_token,
    operator_actor,
)
from models.identity.proofs import password_fits
from models.invitation import Invitation
from models.kernel.calendar import BEIJING, OFFICE_HOURS, WorkingCalendar
from models.kernel.journal import JournalLine
from models.kernel.values import valid_credit_code
from models.kernel.work import utc_now
from models.lead import Lead, LeadStatus
from models.opportunity import Direction, HoOffer, OfferStatus, Opportunity, Status
from models.opportunity.record import stale
from models.rights import Preset
from models.verification import VerificationSetting
from tests.demonstration import demonstrated, demonstration

__all__ = ["demonstration"]

# Everything that an opportunity of its direction can be; what expired is recalled in the same moment.
PO = {
    *(Status.DRAFT, Status.AUDITING, Status.RETURNED, Status.AUDIT_REJECTED, Status.VALIDATING),
    *(Status.VALIDATION_REJECTED, Status.VALIDATED, Status.WON, Status.LOST, Status.DELIVERED, Status.CANCELLED),
}
HO = {
    *(Status.CREATED, Status.PENDING_ACCEPTANCE, Status.ACCEPTED, Status.REJECTED, Status.RECALLED),
    *(Status.WON, Status.LOST, Status.DELIVERED, Status.CANCELLED),
}


async def rows(house: Installation, query: Any) -> list[Any]:
    async with house.reader() as session:
        return list((await session.execute(query)).scalars())


async def test_it_has_opportunities_in_every_state_of_both_lifecycles(demonstration: Installation):
    found = await rows(demonstration, select(Opportunity))
    assert 30 <= len(found) <= 45
    assert {one.status for one in found if one.direction == Direction.PO} == PO
    assert {one.status for one in found if one.direction == Direction.HO} == HO
    assert len({one.partner_id for one in found if one.partner_id}) == 3


async def test_it_shows_what_a_visitor_wants_to_see(demonstration: Installation):
    found = {one.name: one for one in await rows(demonstration, select(Opportunity))}
    escalated = [one for one in found.values() if one.escalated_at]
    assert [one.status for one in escalated] == [Status.AUDITING]
    assert escalated[0].due_at < utc_now()
    disputed = select(JournalLine.subject_id).where(col(JournalLine.operation).endswith(".dispute"))
    assert len(await rows(demonstration, disputed)) == 1
    twins = [one for one in found.values() if one.has_duplicates]
    assert len({one.partner_id for one in twins}) == len(twins) == 2
    assert any(one.rejection_reason == "DUPLICATE_PO" and one.duplicate_of_id for one in found.values())
    assert any(one.rejection_reason == "SLA_EXPIRED" for one in found.values())
    assert any(one.previous_id for one in found.values())
    since = utc_now() - dt.timedelta(days=30)
    assert len(await rows(demonstration, select(Opportunity.id).where(stale(since)))) == 1
    offers = Counter(offer.status for offer in await rows(demonstration, select(HoOffer)))
    assert set(offers) == set(OfferStatus)
    pools = await rows(demonstration, select(Approval.pool).where(Approval.state == "OPEN"))
    assert True in pools
    assert False in pools


async def test_it_has_leads_in_every_state_and_deals_with_progress(demonstration: Installation):
    assert {one.status for one in await rows(demonstration, select(Lead))} == set(LeadStatus)
    deals = await rows(demonstration, select(DealRegistration))
    assert {one.status for one in deals} == set(RegistrationStatus)
    assert len(await rows(demonstration, select(DealProgress))) == 2


async def test_it_has_reports_and_invitations_in_every_state(demonstration: Installation):
    assert {one.status for one in await rows(demonstration, select(CustomerReport))} == set(ReportStatus)
    invited = await rows(demonstration, select(Invitation))
    assert {one.status for one in invited} >= {"SENT", "ACCEPTED", "REFUSED"}
    assert [one.failure_codes for one in invited if one.failed_at] == [["UNPAID_BILLS"]]
    assert [one.tag for one in invited if one.activity_id] == ["ZNZZ2026"]
    assert len(await rows(demonstration, select(AssociationEvent))) == 4
    assert len(await rows(demonstration, select(AgreementSignature))) == 3


async def test_it_has_entries_in_every_state_but_the_passing_one(demonstration: Installation):
    """PL-16, PL-17"""
    entries = await rows(demonstration, select(PartnerEntry))
    assert {one.status for one in entries} == set(EntryStatus) - {EntryStatus.ENTRY_SUBMITTED}
    assert {concern for one in entries for concern in one.concerns} >= {"NAME_RESEMBLES", "DISTRIBUTOR", "LEGAL_FORM"}
    (joined,) = [one for one in entries if one.status is EntryStatus.JOINED]
    (account,) = await rows(demonstration, select(Account).where(Account.id == joined.account_id))
    assert (account.is_main, account.partner_id) == (True, joined.partner_id)


async def test_it_has_requests_to_unlink_and_switch_in_every_state(demonstration: Installation):
    """COL-5.4, COL-5.5."""
    found = await rows(demonstration, select(AssociationRequest))
    assert {one.status for one in found} == set(AssociationRequestStatus)
    assert {one.kind for one in found} == set(AssociationRequestKind)
    assert [one.enabled for one in await rows(demonstration, select(VerificationSetting))] == [True]


async def test_its_money_moves_in_every_way_and_customers_authorise_in_every_state(demonstration: Installation):
    """Budgets and what follows from them belong to the international regime, which is off."""
    entries = await rows(demonstration, select(BalanceEntry).order_by(col(BalanceEntry.number)))
    assert {entry.kind for entry in entries} == set(EntryKind) - {EntryKind.TAKEN_OFF, EntryKind.ARREARS_PAID}
    (held,) = await rows(demonstration, select(PartnerBalance))
    assert (held.amount, held.version) == (entries[-1].amount_after, len(entries))
    assert sum(funds.arrears > 0 for funds in await rows(demonstration, select(CustomerFunds))) == 1
    freezes = {one.status for one in await rows(demonstration, select(CustomerFreeze))}
    assert freezes == {FreezeStatus.FROZEN, FreezeStatus.LIFTED}
    asked = {one.status for one in await rows(demonstration, select(CustomerAuthorisation))}
    assert asked == set(AuthorisationStatus) - {AuthorisationStatus.NONE}


async def test_it_has_customers_that_changed_hands_and_a_distributors_channel(demonstration: Installation):
    periods = await rows(demonstration, select(AccountManagerPeriod))
    ended = [one for one in periods if one.to_at is not None]
    again = {one.customer_id for one in periods if one.to_at is None} & {one.customer_id for one in ended}
    assert (len(ended) >= 3, len(again)) == (True, 2)
    assert sum(bool(one.tags) for one in await rows(demonstration, select(Customer))) >= len(TAGS)
    async with demonstration.reader() as session:
        login = select(Account.id).where(Account.login == "demo.distributor")
        distributor = await actor_of(session, (await session.execute(login)).scalars().one())
    seen = await rows(demonstration, select(ResellerCustomer).where(ResellerCustomer.visible_to(distributor)))
    assert {one.company_name for one in seen} == {name for name, _, _ in RESOLD}


async def test_customers_and_partners_are_whole(demonstration: Installation):
    customers = await rows(demonstration, select(Customer))
    whole = [customer for customer in customers if customer.credit_code is not None]
    assert len(whole) == len(COMPANIES) + len(RESOLD) == 22
    assert len({customer.credit_code for customer in whole}) == 22
    # One that was entered twice is merged away, one waits for that, and one merge was taken back.
    assert len(customers) == len(whole) + len(DOUBLES) - 1
    assert sorted(merge.undone_at is None for merge in await rows(demonstration, select(CustomerMerge))) == [
        False,
        True,
    ]
    assert all(valid_credit_code(customer.credit_code) for customer in whole)
    assert all(valid_credit_code(firm.credit_code) for firm in FIRMS)
    assert any(customer.partner_id is None for customer in customers)


async def test_every_kind_of_person_can_sign_in_at_once(demonstration: Installation):
    now = utc_now()
    assert {person.role for person in EVERYBODY if person.shown} == set(Preset)
    assert all(person.login.startswith(LOGIN_PREFIX) and person.english for person in EVERYBODY if person.shown)
    async with demonstration.reader() as session:
        for person in EVERYBODY:
            found = (await session.execute(select(Account).where(Account.login == person.login))).scalars().one()
            actor = await actor_of(session, found.id, now=now)
            assert actor.permissions, person.login
            assert actor.side == person.role.side
            assert not found.must_change_password


async def test_the_password_opens_and_another_does_not(demonstration: Installation):
    async with demonstration.reader() as session:
        stored = (await session.execute(select(Account.password_hash).distinct())).scalars().one()
    assert await password_fits(PASSWORD, stored)
    assert not await password_fits(PASSWORD + "!", stored)


async def test_the_token_acts_for_the_first_partner_and_is_kept_as_a_hash(demonstration: Installation):
    token = demo_token(demonstration.settings)
    async with demonstration.reader() as session:
        actor, row = await actor_of_token(session, token, utc_now())
        tables = [(await session.execute(sa.select(table))).all() for table in Account.metadata.sorted_tables]
    assert actor.client_id is not None
    assert actor.name == "demo-tool"
    assert row.last_four == token[-4:]
    assert token not in str(tables)
    other = Settings(
        database_url=demonstration.settings.database_url, secret_key=SecretStr("another secret of this installation")
    )
    assert demo_token(other) != token
    assert await is_complete(demonstration)


async def test_nothing_was_done_by_an_actor_that_could_not_do_it_and_nothing_in_the_future(
    demonstration: Installation,
):
    lines = await rows(demonstration, select(JournalLine).order_by(col(JournalLine.id)))
    operator = operator_actor().id
    assert {line.operation for line in lines if line.actor_id == operator} <= {
        *("account.create", "account.set_director", "partner.create", "installation.seed", "role.seed"),
        *("Opportunity.PO.escalate", "Opportunity.PO.expire_validation"),
        *("Opportunity.HO.expire_offer", "Opportunity.HO.recall_expired"),
        *("CustomerReport.expire", "AssociationRequest.expire", "CustomerAuthorisation.end"),
        "Invitation.expire",
        *("PartnerEntry.expire", "PartnerEntry.lapse"),
    }
    assert max(line.at for line in lines) <= utc_now()


async def test_people_worked_in_office_hours(demonstration: Installation):
    calendar = WorkingCalendar()
    today = utc_now() - dt.timedelta(days=1)
    operator = operator_actor().id
    for line in await rows(demonstration, select(JournalLine).where(JournalLine.actor_id != operator)):
        local = line.at.astimezone(BEIJING)
        if line.at < today:
            assert calendar.is_working_day(local.date())
            assert OFFICE_HOURS[0][0] <= local.time() <= OFFICE_HOURS[1][1]


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2026-02-24T01:10:00Z", "2026-10-09T15:59:00Z", "2027-01-04T08:00:00Z"])
async def test_it_is_the_same_whatever_the_day(day: str, database_url: str, demonstration: Installation):
    """After the long holidays and around the end of the announced calendar, too."""
    house = await demonstrated(database_url, now=dt.datetime.fromisoformat(day))
    try:
        told = select(Opportunity).order_by(Opportunity.name, Opportunity.status)
        one, other = [
            [
                (row.name, row.status, row.stage, row.expected_amount, row.has_duplicates)
                for row in await rows(each, told)
            ]
            for each in (house, demonstration)
        ]
        assert one == other
    finally:
        await house.database.dispose()


async def test_production_refuses_it(database: Database, database_url: str):
    settings = Settings(database_url=database_url, environment="production", secret_key=SecretStr("x" * 40))
    house = Installation(settings, database, database.writer, database.reader, journal_key(settings))
    with pytest.raises(DemoInProductionError):
        await load_demo(house)
    assert not await has_data(house)
    assert await open_demo_logins(house) == []
    assert not await is_complete(house)


async def test_demo_logins_are_found_wherever_they_are(demonstration: Installation):
    assert len(await open_demo_logins(demonstration)) == len(EVERYBODY)
