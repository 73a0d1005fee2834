"""Likely duplicates among a partner's customers, two merged into one, and the merge taken back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from models.customer import (
    AccountManagerPeriod,
    AssociationType,
    Customer,
    CustomerContact,
    CustomerFact,
    CustomerMerge,
    CustomerStanding,
    assign_manager,
    create_customer,
    keep_facts,
    known_customer,
)
from models.customer.likeness import DuplicateReason
from models.customer_merge import (
    FOLLOWS,
    MOST_FOLLOWING,
    DifferentPartnersError,
    Groups,
    LaterMergeError,
    MergedHoldsError,
    MergeField,
    MergeTooLargeError,
    MergeUndoneError,
    RequestPendingError,
    SameCustomerError,
    SurvivorMovedError,
    TwoAccountsError,
    groups,
    merge,
    of_customer,
    referring,
    unmerge,
)
from models.deal_registration import DealRegistration
from models.deal_registration import create as register_deal
from models.kernel.access import Actor
from models.kernel.errors import (
    InvalidCursorError,
    NotFoundError,
    PageSizeError,
    PermissionDeniedError,
    ReasonRequiredError,
    StaleVersionError,
)
from models.kernel.reads import Reader, Wanted
from models.kernel.values import credit_code_for, new_id
from models.kernel.work import Work
from models.knowledge import KnowledgeRecommendation
from models.opportunity import Opportunity
from tests.pipeline import Pipeline, open_pipeline, pipeline  # noqa: F401
from tests.reporting import Reporting, open_reporting

CODE = credit_code_for("91320211MA1XYW123")
OTHER_CODE = credit_code_for("91320211MA1XYW124")
REFERRAL = AssociationType.REFERRAL


@dataclass
class Twins:
    """Two rows of one customer of 华启, and whoever merges them."""

    reporting: Reporting
    kept: Customer
    second: Customer

    @property
    def main(self) -> Actor:
        """Give the partner's main account."""
        return self.reporting.main

    async def merge(self, actor: Actor | None = None, **given: Any) -> CustomerMerge:
        """Merge the second into the first, as they are now."""
        made: CustomerMerge = await self.reporting.do(actor or self.main, await self.deed(**given))
        return made

    async def deed(self, **given: Any) -> Any:
        """Make the action for the two as they are now."""
        kept = await self.reporting.again(given.pop("kept", self.kept))
        second = await self.reporting.again(given.pop("second", self.second))
        how = {"versions": (kept.version, second.version), "reason": "同一家公司", **given}
        return lambda work: merge(work, kept.id, second.id, **how)

    async def undo(self, made: CustomerMerge, actor: Actor | None = None) -> CustomerMerge:
        """Take a merge back."""
        now = await self.reporting.again(made)
        found: CustomerMerge = await self.reporting.do(
            actor or self.main, lambda work: unmerge(work, made.id, version=now.version, reason="两家公司")
        )
        return found


async def enter(reporting: Reporting, name: str, partner: Any = "huaqi", contacts: Any = (), **facts: Any) -> Customer:
    """Enter a customer, of 华启 unless told otherwise."""
    whose = getattr(reporting.pipeline.cast, partner).id if partner else None
    values = {"company_name": name, "partner_id": whose, **({"association_type": REFERRAL} if whose else {}), **facts}
    made: Customer = await reporting.do(
        reporting.operations, lambda work: create_customer(work, values, contacts=contacts)
    )
    return made


@pytest_asyncio.fixture
async def twins(pipeline: Pipeline) -> Twins:  # noqa: F811
    """Two customers that are one company."""
    reporting = await open_reporting(pipeline)
    kept = await enter(
        reporting,
        "无锡蓝湖数据有限公司",
        contacts=[{"name": "马兰", "title": "经理", "mobile": "13811112222", "email": None}],
        tags=["重点"],
        industry="MANUFACTURING",
    )
    second = await enter(
        reporting,
        "蓝湖数据（无锡）有限公司",
        contacts=[
            {"name": "马兰", "title": None, "mobile": "13811112222", "email": None},
            {"name": "高原", "title": "财务", "mobile": "13811113333", "email": None},
        ],
        credit_code=CODE,
        mobile="13811112222",
        email="ma.lan@lanhu.example.cn",
        province="CN-32",
        city="无锡市",
        tags=["重点", "制造"],
        industry="FINANCE",
        sub_industry=None,
    )
    return Twins(reporting, kept, second)


async def likely_of(twins: Twins, actor: Actor, **given: Any) -> Groups:
    """Ask for likely duplicates as somebody."""
    async with twins.reporting.store.reader() as session:
        return await groups(Reader(session, actor, twins.reporting.store.clock.now), **given)


def told(found: Groups) -> list[tuple[UUID, list[tuple[UUID, list[str], int]]]]:
    """Write groups plainly."""
    return [
        (one.customer_id, [(match.customer_id, [*map(str, match.reasons)], match.score) for match in one.others])
        for one in found.groups
    ]


# ----------------------------------------------------------------------------------------------------------- duplicates


async def test_customers_that_look_like_one_are_told_with_reasons_and_the_fullest_is_to_stay(twins: Twins):
    reporting = twins.reporting
    await enter(reporting, "蓝湖数据")
    await enter(reporting, "上海蓝湖数据有限公司")
    await enter(reporting, "红山科技", mobile="13811112222")
    await enter(reporting, "蓝湖数据有限公司", "yunfan", credit_code=CODE)

    found = told(await likely_of(twins, twins.main))

    # 无锡 is a place and 上海 another; the bare name goes with the fuller one, and phones do not outweigh names.
    [(stays, others)] = found
    assert stays == twins.second.id
    assert [reasons for _, reasons, _ in others] == [["PLACE"], ["PLACE"]]
    assert twins.kept.id in {id for id, _, _ in others}
    assert {score for _, _, score in others} == {50}


@pytest.mark.parametrize(
    ("facts", "reasons", "score"),
    [
        ({"company_name": "蓝湖数据（无锡）股份有限公司", "credit_code": CODE}, ["CREDIT_CODE", "LEGAL_FORM"], 98),
        ({"company_name": "蓝湖数据(无锡)有限公司"}, ["WIDTH"], 85),
        ({"company_name": "蓝湖数据 无锡 有限公司"}, ["BRACKETS"], 80),
        ({"company_name": "红山科技", "credit_code": CODE}, ["CREDIT_CODE"], 95),
        (
            {"company_name": "蓝湖数据", "email": "gao.yuan@lanhu.example.cn", "mobile": "13811112222"},
            ["PLACE", "MOBILE", "EMAIL_DOMAIN"],
            80,
        ),
        ({"company_name": "蓝湖数据（无锡）有限公司", "credit_code": OTHER_CODE}, None, 0),
        ({"company_name": "红山科技", "mobile": "13811112222", "email": "ma.lan@lanhu.example.cn"}, None, 0),
        ({"company_name": "蓝湖数据（南京）有限公司"}, None, 0),
    ],
)
async def test_each_reason_is_weighed(twins: Twins, facts: dict[str, Any], reasons: list[str] | None, score: int):
    one = await enter(twins.reporting, facts.pop("company_name"), **facts)

    async with twins.reporting.store.reader() as session:
        group = await of_customer(Reader(session, twins.main, twins.reporting.store.clock.now), one.id)

    found = {match.customer_id: match for match in group.others}.get(twins.second.id)
    assert (None if found is None else [*map(str, found.reasons)], found.score if found else 0) == (reasons, score)


async def test_nobody_learns_of_another_partners_customers(twins: Twins):
    """COL-5.1.2"""
    reporting = twins.reporting
    theirs = await enter(reporting, "蓝湖数据（无锡）有限公司", "yunfan", credit_code=CODE)
    loose = await enter(reporting, "蓝湖数据（无锡）有限公司", None, credit_code=CODE)

    assert told(await likely_of(twins, reporting.other_main)) == []
    # Whom a partner's people name makes no difference.
    ours = told(await likely_of(twins, twins.main, partner_id=reporting.pipeline.cast.yunfan.id))
    assert {id for one, others in ours for id in (one, *(other for other, _, _ in others))} == {
        twins.kept.id,
        twins.second.id,
    }
    async with reporting.store.reader() as session:
        with pytest.raises(NotFoundError):
            await of_customer(Reader(session, twins.main, reporting.store.clock.now), theirs.id)
    huaqi = told(await likely_of(twins, reporting.operations, partner_id=reporting.pipeline.cast.huaqi.id))
    assert huaqi == ours
    assert told(await likely_of(twins, reporting.operations)) == []
    assert loose.partner_id is None


async def test_an_account_manager_compares_only_the_customers_that_are_his(twins: Twins):
    """COL-7.2"""
    assert told(await likely_of(twins, twins.reporting.manager)) == []


async def test_whoever_may_not_search_by_a_field_is_told_no_reason_of_it(twins: Twins):
    """COL-5.7.6: finance reads mobiles masked without revealing them, so they find nothing."""
    await enter(twins.reporting, "", account_name="lanhu2", mobile="13811112222", email="ma.lan@lanhu.example.cn")

    everything = {str(reason) for group in (await likely_of(twins, twins.main)).groups for reason in _reasons(group)}
    masked = {
        str(reason) for group in (await likely_of(twins, twins.reporting.finance)).groups for reason in _reasons(group)
    }

    assert {"MOBILE", "EMAIL"} <= everything
    assert masked == {"PLACE"}


def _reasons(group: Any) -> list[DuplicateReason]:
    return [reason for match in group.others for reason in match.reasons]


async def test_pages_of_groups_join_without_a_gap_or_a_repeat(twins: Twins):
    reporting = twins.reporting
    for number in range(4):
        for form in ("有限公司", "股份有限公司"):
            await enter(reporting, f"远海物流{'甲乙丙丁'[number]}{form}")
    await enter(reporting, "", account_name="a", mobile="13900001111")
    await enter(reporting, "", account_name="b", mobile="13900001111", email="b@yuanhai.example.cn")
    whole = told(await likely_of(twins, twins.main))
    assert len(whole) == 6

    found, after = [], None
    while True:
        page = await likely_of(twins, twins.main, first=1, after=after)
        found += told(page)
        if not page.has_next_page:
            break
        after = page.groups[-1].cursor
        assert "13900001111" not in after

    assert found == whole
    for wrong in ("", "x", after[:-3] if after else ""):
        with pytest.raises(InvalidCursorError):
            await likely_of(twins, twins.main, after=wrong)
    with pytest.raises(PageSizeError):
        await likely_of(twins, twins.main, first=101)


# -------------------------------------------------------------------------------------------------------------- merging


async def test_what_hangs_on_one_follows_to_the_other_and_fields_are_won_as_chosen(twins: Twins):
    reporting = twins.reporting
    opportunity = await _opportunity_of(twins, twins.second)
    deal = await reporting.do(
        twins.main,
        lambda work: register_deal(
            work, twins.second.id, {"name": "上云", "contact_name": "马兰", "contact_mobile": "13811112222"}
        ),
    )

    made = await twins.merge(take=(MergeField.INDUSTRY,))

    kept = await reporting.again(twins.kept)
    assert (kept.company_name, kept.industry, kept.credit_code) == ("无锡蓝湖数据有限公司", "FINANCE", CODE)
    assert (kept.mobile, kept.city, kept.office_id) == ("13811112222", "无锡市", "office-js")
    assert kept.tags == ["重点", "制造"]
    assert kept.version == twins.kept.version + 1
    assert set(made.taken) == {"CREDIT_CODE", "MOBILE", "EMAIL", "INDUSTRY", "PLACE"}
    assert (await reporting.again(opportunity)).customer_id == kept.id
    assert (await reporting.only(DealRegistration, id=deal.id)).customer_id == kept.id
    assert [one.name for one in await reporting.every(CustomerContact, customer_id=kept.id)] == ["马兰", "高原"]
    assert await reporting.every(Customer, id=twins.second.id) == []
    lines = [line for line in await reporting.store.journal() if line.operation.startswith("customer.merge")]
    assert [(line.operation, line.subject_id, line.reason) for line in lines] == [
        ("customer.merged_away", twins.second.id, "同一家公司"),
        ("customer.merge", kept.id, "同一家公司"),
    ]
    assert lines[1].partner_id == reporting.pipeline.cast.huaqi.id
    assert CODE not in str(lines[1].changes)
    assert lines[1].changes["merged"]["to"] == twins.second.public_id


async def test_a_merge_that_is_taken_back_leaves_everything_as_it_was(twins: Twins):
    reporting = twins.reporting
    await _opportunity_of(twins, twins.second)
    for customer, fact in ((twins.kept, CustomerFact.CASH_SPENDING), (twins.second, CustomerFact.OFFLINE_CONTRACT)):
        await reporting.do(reporting.operations, _facts(customer.id, fact))
    before = await reporting.store.everything()

    made = await twins.merge(take=tuple(MergeField))
    united = await reporting.only(CustomerStanding, customer_id=twins.kept.id)
    # Nobody is rid of what is known of him by merging.
    assert united.facts == ["CASH_SPENDING", "OFFLINE_CONTRACT"]
    await twins.undo(made)

    after = await reporting.store.everything()
    for name in before:
        if name in ("JournalLine", "CustomerMerge"):
            continue
        assert _without_version(after[name], twins.kept) == _without_version(before[name], twins.kept), name
    assert (await reporting.again(made)).undone_by_name == "王芳"
    operations = await reporting.store.operations()
    assert operations[-2:] == ["customer.unmerge", "customer.restored"]
    await reporting.store.refused(
        twins.main, MergeUndoneError, lambda work: unmerge(work, made.id, version=2, reason="再")
    )
    # And it can be merged again.
    await twins.merge()


def _without_version(rows: list[dict[str, Any]], survivor: Customer) -> list[dict[str, Any]]:
    """The survivor was edited twice, so its version and time have moved on, and so has what is known of it."""
    mine = (str(survivor.id), survivor.id.hex)
    moved = ("version", "updated_at")
    return [
        {name: value for name, value in row.items() if name not in moved}
        if str(row["id"]) in mine or str(row.get("customer_id")) in mine
        else row
        for row in rows
    ]


def _facts(id: UUID, fact: CustomerFact) -> Any:
    return lambda work: keep_facts(work, id, facts=[fact])


async def test_a_manager_who_followed_is_its_manager_again_as_if_he_had_never_left(twins: Twins):
    """COL-5.8.3: a merge takes no day from him, neither while it stands nor when it is taken back."""
    reporting, manager = twins.reporting, twins.reporting.pipeline.cast.chen_manager
    mine = select(AccountManagerPeriod).where(AccountManagerPeriod.account_id == manager.id)

    async def periods() -> list[Any]:
        async with reporting.store.reader() as session:
            found = (await session.execute(mine.order_by(col(AccountManagerPeriod.id)))).scalars().all()
        return [(one.customer_id, one.from_at, one.counts_from, one.to_at, one.counts_to) for one in found]

    second = await reporting.again(twins.second)
    await reporting.do(twins.main, lambda work: assign_manager(work, second.id, manager.id, version=second.version))
    [before] = await periods()
    reporting.store.clock.forward(days=40)
    made = await twins.merge()
    assert (await reporting.again(twins.kept)).account_manager_id == manager.id
    followed, since = await periods()
    assert {followed[0], since[0]} == {twins.kept.id}
    assert followed[4] + dt.timedelta(days=1) == since[2]
    reporting.store.clock.forward(days=5)
    await twins.undo(made)
    assert before in await periods()
    assert (await reporting.again(twins.second)).account_manager_id == manager.id
    assert (await reporting.again(twins.kept)).account_manager_id is None
    [open_one] = [one for one in await periods() if one[3] is None]
    assert open_one == before


async def test_what_was_edited_since_stays_when_a_merge_is_taken_back(twins: Twins):
    from models.customer import edit_customer

    made = await twins.merge()
    kept = await twins.reporting.again(twins.kept)
    await twins.reporting.do(
        twins.reporting.operations,
        lambda work: edit_customer(work, kept.id, {"city": "苏州市"}, version=kept.version),
    )

    await twins.undo(made)

    kept, second = await twins.reporting.again(twins.kept), await twins.reporting.again(twins.second)
    assert (kept.city, kept.credit_code, second.city) == ("苏州市", None, "无锡市")
    [line] = [line for line in await twins.reporting.store.journal() if line.operation == "customer.unmerge"]
    assert line.changes["kept"]["to"] == ["city"]


async def test_the_id_that_was_merged_away_answers_with_the_survivor_to_whoever_sees_it(twins: Twins):
    reporting = twins.reporting
    third = await enter(reporting, "蓝湖")
    await twins.merge()

    async def seen(actor: Actor, id: UUID) -> Any:
        async with reporting.store.reader() as session:
            row = await Reader(session, actor, reporting.store.clock.now).one(Customer, id, Wanted.of("version"))
            return row and row.uid

    assert await seen(twins.main, twins.second.id) == twins.kept.id
    assert await seen(reporting.operations, twins.second.id) == twins.kept.id
    assert await seen(reporting.other_main, twins.second.id) is None
    later = await twins.merge(kept=third, second=twins.kept)
    assert await seen(twins.main, twins.second.id) == await seen(twins.main, twins.kept.id) == third.id
    # Whoever names it again, as an import does, means the survivor.
    known = await reporting.do(reporting.operations, lambda work: known_customer(work, credit_code=CODE))
    by_name = await reporting.do(
        reporting.operations, lambda work: known_customer(work, company_name="蓝湖数据(无锡)有限公司")
    )
    assert {known.id, by_name.id} == {third.id}
    [first] = await reporting.every(CustomerMerge, merged_id=twins.second.id)
    await reporting.store.refused(
        twins.main, LaterMergeError, lambda work: unmerge(work, first.id, version=first.version, reason="早了")
    )
    await twins.undo(later)
    await twins.undo(first)
    assert await seen(twins.main, twins.second.id) == twins.second.id


async def test_the_opportunities_of_two_that_became_one_are_compared_anew(twins: Twins):
    """COL-2.7.8"""
    one = await _opportunity_of(twins, twins.kept, name="一期", company_name="甲公司")
    other = await _opportunity_of(twins, twins.second, name="二期", company_name="乙公司")
    assert not (await twins.reporting.again(one)).has_duplicates

    made = await twins.merge()
    assert (await twins.reporting.again(one)).has_duplicates
    assert (await twins.reporting.again(other)).has_duplicates

    await twins.undo(made)
    assert not (await twins.reporting.again(one)).has_duplicates


async def _opportunity_of(twins: Twins, customer: Customer, **changes: Any) -> Opportunity:
    pipeline = twins.reporting.pipeline  # noqa: F811
    submitted = await pipeline.submitted(**changes)

    async def hang(work: Any) -> None:
        found = await work.get(Opportunity, submitted.id)
        found.customer_id = customer.id

    await twins.reporting.do(pipeline.main, hang)
    return submitted


# ------------------------------------------------------------------------------------------------------------- refusals


async def test_a_stranger_and_whoever_has_no_right_merge_nothing(twins: Twins):
    """COL-5.1.2: another partner's customer is not there at all."""
    reporting = twins.reporting
    theirs = await enter(reporting, "蓝湖数据", "yunfan")
    refused = reporting.store.refused
    for actor in (reporting.manager, reporting.operator, reporting.finance, reporting.pipeline.auditor):
        await refused(actor, PermissionDeniedError, await twins.deed())
    await refused(reporting.other_main, NotFoundError, await twins.deed())
    await refused(twins.main, NotFoundError, await twins.deed(second=theirs))
    await refused(twins.main, NotFoundError, await twins.deed(kept=theirs))
    await refused(reporting.operations, DifferentPartnersError, await twins.deed(second=theirs))
    made = await twins.merge()
    await refused(reporting.other_main, NotFoundError, lambda work: unmerge(work, made.id, version=1, reason="不"))
    await refused(reporting.manager, PermissionDeniedError, lambda work: unmerge(work, made.id, version=1, reason="不"))


async def test_the_partners_administrator_merges_too(twins: Twins):
    administrator = twins.reporting.pipeline.administrator
    await twins.undo(await twins.merge(administrator), administrator)


async def test_what_is_wrong_with_the_two_is_said(twins: Twins):
    reporting, refused = twins.reporting, twins.reporting.store.refused
    await refused(twins.main, ReasonRequiredError, await twins.deed(reason=" "))
    await refused(twins.main, StaleVersionError, await twins.deed(versions=(1, 7)))
    await refused(twins.main, SameCustomerError, await twins.deed(second=twins.kept))
    loose = await enter(reporting, "蓝湖数据", None)
    await refused(reporting.operations, MergedHoldsError, await twins.deed(kept=loose))
    with_account = await enter(reporting, "蓝湖数据", huawei_account_id="acc-1")
    await refused(twins.main, MergedHoldsError, await twins.deed(second=with_account))
    with_another = await enter(reporting, "蓝湖数据", huawei_account_id="acc-2")
    error = await refused(twins.main, TwoAccountsError, await twins.deed(kept=with_account, second=with_another))
    assert error.path == ("merged",)
    person = await reporting.person_of(twins.second)
    assert person.customer_id == twins.second.id
    error = await refused(twins.main, MergedHoldsError, await twins.deed())
    assert "people who sign in" in error.message("en")
    assert "客户登录账号" in error.message("zh")


async def test_while_a_request_waits_nothing_is_merged_and_nothing_taken_back(twins: Twins):
    reporting, refused = twins.reporting, twins.reporting.store.refused
    made = await twins.merge()
    report = await reporting.report(company_name="远海物流", credit_code=OTHER_CODE, account_name="yuanhai")

    async def about(id: UUID, status: str) -> None:
        async with reporting.store.writer() as session, session.begin():
            table = SQLModel.metadata.tables["customer_report"]
            await session.execute(sa.update(table).where(table.c.id == report.id).values(customer_id=id, status=status))

    await about(twins.kept.id, "PENDING_REVIEW")
    await refused(twins.main, RequestPendingError, lambda work: unmerge(work, made.id, version=1, reason="不"))
    await about(twins.kept.id, "REPORTED")
    await twins.undo(made)
    await about(twins.kept.id, "PENDING_REVIEW")
    await refused(twins.main, RequestPendingError, await twins.deed())
    await about(twins.second.id, "PENDING_REVIEW")
    await refused(twins.main, RequestPendingError, await twins.deed(kept=twins.second, second=twins.kept))
    await about(twins.second.id, "REPORTED")
    await refused(twins.main, MergedHoldsError, await twins.deed())


async def test_a_customer_on_which_very_much_hangs_is_the_one_that_stays(twins: Twins):
    async def feed_much(work: Work) -> None:
        row = {"version": 1, "created_at": work.now, "updated_at": work.now, "customer_id": twins.second.id}
        row |= {"title": "t", "text": "x", "link": None, "fed_by": work.actor.id}
        rows = [{**row, "id": new_id()} for _ in range(MOST_FOLLOWING + 1)]
        await work.add_all(KnowledgeRecommendation, rows)

    await twins.reporting.do(twins.reporting.operations, feed_much)

    await twins.reporting.store.refused(twins.main, MergeTooLargeError, await twins.deed())
    await twins.merge(kept=twins.second, second=twins.kept)


async def test_a_survivor_that_went_to_another_partner_gives_nothing_back(twins: Twins):
    made = await twins.merge()

    async def away(work: Any) -> None:
        found = await work.get(Customer, twins.kept.id)
        found.partner_id = twins.reporting.pipeline.cast.yunfan.id

    await twins.reporting.do(twins.reporting.operations, away)
    await twins.reporting.store.refused(
        twins.reporting.operations, SurvivorMovedError, lambda work: unmerge(work, made.id, version=1, reason="不")
    )


def test_of_every_table_that_refers_to_a_customer_it_is_decided_what_follows():
    """A new table that refers to a customer says in FOLLOWS what becomes of its rows when two are merged."""
    assert referring() == set(FOLLOWS)
    for place, rule in FOLLOWS.items():
        table = SQLModel.metadata.tables[place.partition(".")[0]]
        if rule.waits or rule.held_in:
            words = table.c.status.type.enum_class  # type: ignore[attr-defined]
            assert {*rule.waits, *rule.held_in} <= {word.value for word in words}, place
        for name in (*(rule.one_each or ()), *filter(None, [rule.while_null])):
            assert name in table.c, place


def test_what_is_set_aside_has_nothing_hanging_on_it():
    """A row that another table refers to could not be taken out."""
    aside = {place.partition(".")[0] for place, rule in FOLLOWS.items() if rule.one_each is not None}
    for table in SQLModel.metadata.tables.values():
        assert not {key.column.table.name for key in table.foreign_keys} & aside, table.name
