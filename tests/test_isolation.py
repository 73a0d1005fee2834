"""Another partner's opportunity cannot be read, counted, ordered by or guessed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlmodel import select

from models import opportunity as domain
from models.approval import Approval
from models.customer import Customer
from models.kernel.access import Actor, Side
from models.kernel.errors import DomainError, FieldNotSearchableError, NotFoundError
from models.kernel.journal import JournalLine
from models.kernel.reads import Page, Reader, Wanted
from models.kernel.values import new_id
from models.opportunity import (
    DuplicateMatch,
    HoOffer,
    Opportunity,
    OpportunityLine,
    OwnerCheck,
    ProgressUpdate,
    RejectionReason,
    Status,
)
from tests.pipeline import FORM, Pipeline, check_owner, pipeline
from tests.test_opportunity_lifecycle import deciding

__all__ = ["pipeline"]

SECRET = "云帆独家：无人码头上云"
CHILDREN = (OpportunityLine, OwnerCheck, ProgressUpdate, DuplicateMatch, HoOffer)
# Whose business the other partner's opportunity is; everybody else of the cast must not learn that there is one.
SEES = {"other_main", "psm", "bd", "operations", "finance", "auditor", "owner"}
EVERYBODY = (
    *("main", "other_main", "administrator", "manager", "pdm", "psm", "bd", "owner", "operations", "finance"),
    *("auditor", "platform", "koogallery"),
)
STRANGERS = [name for name in EVERYBODY if name not in SEES]


@pytest_asyncio.fixture
async def theirs(pipeline: Pipeline) -> Opportunity:
    """An opportunity of the other partner with all that may hang on one, and one of ours that is its duplicate."""
    values = {**FORM, "name": SECRET, "account_name": "hengyuan_cloud", "expected_amount": "7777777.77"}
    record = await pipeline.do(
        pipeline.other_main, lambda work: domain.save_draft(work, values, lines=[{"product": "无人码头"}])
    )
    await pipeline.do(pipeline.other_main, lambda work: domain.submit(work, record.id))
    await pipeline.decide(pipeline.operations, record, "approve_audit")
    await pipeline.do(pipeline.bd, lambda work: check_owner(work, record))
    await pipeline.decide(pipeline.psm, record, "validate")
    await pipeline.do(
        pipeline.other_main,
        lambda work: domain.progress.report(
            work, record.id, stage=domain.Stage.POC, win_probability=50, details="码头现场测试"
        ),
    )
    await pipeline.submitted(name="我们的", company_name=FORM["company_name"])
    found: Opportunity = await pipeline.again(record)
    return found


def reader_of(pipeline: Pipeline, session: Any, who: str) -> Reader:
    return Reader(session, getattr(pipeline, who), pipeline.store.clock())


async def uids(reader: Reader, model: Any, **how: Any) -> set[Any]:
    page = await reader.page(model, Wanted(), Page(first=100, **how))
    return {row.uid for row in list[Any](page.nodes)}


async def test_exactly_those_whose_business_it_is_see_it(pipeline: Pipeline, theirs: Opportunity) -> None:
    """COL-2.8.1, COL-2.8.2: own; his partners'; his office's; his customers'; all. Alike by id and in the list."""
    async with pipeline.store.reader() as session:
        for who in EVERYBODY:
            reader = reader_of(pipeline, session, who)
            listed = theirs.id in await uids(reader, Opportunity)
            single = await reader.one(Opportunity, theirs.id, Wanted.of("name")) is not None
            assert (listed, single) == (who in SEES, who in SEES), who


async def test_a_stranger_reads_and_counts_nothing_of_it(pipeline: Pipeline, theirs: Opportunity) -> None:
    """COL-2.8.1: neither the record nor what hangs on it, by id, in a list, in the journal or as a number."""
    rows = await pipeline.store.everything()
    children = {
        model: [UUID(str(row["id"])) for row in rows[model.__name__] if UUID(str(row["opportunity_id"])) == theirs.id]
        for model in CHILDREN
    }
    assert [len(children[model]) for model in (OpportunityLine, OwnerCheck, ProgressUpdate, DuplicateMatch)] == [1] * 4
    lines = [line.id for line in await pipeline.store.journal() if line.subject_id == theirs.id]
    assert len(lines) > 5
    async with pipeline.store.reader() as session:
        for who in STRANGERS:
            reader = reader_of(pipeline, session, who)
            visible = await uids(reader, Opportunity)
            assert theirs.id not in visible
            assert await reader.count(Opportunity) == len(visible)
            for model, ids in [*children.items(), (JournalLine, lines)]:
                assert await reader.by_ids(model, ids, Wanted()) == {}, (who, model)
            assert sum(row["count"] for row in await domain.progress.summary(reader)) == len(visible)
            if getattr(pipeline, who).side == Side.PARTNER:
                assert await uids(reader, Customer) == set()


async def test_no_filter_finds_it(pipeline: Pipeline, theirs: Opportunity) -> None:
    """COL-2.8.1, COL-2.8.3: whatever one searches by; whoever may not read a field is told so, found or not."""
    filters: list[tuple[str, Any]] = [
        *(("name", "码头"), ("text", "码头"), ("text", "恒远"), ("company_name", "恒远")),
        *(("contact_mobile", FORM["contact_mobile"]), ("contact_email", FORM["contact_email"])),
        *(("amount_from", 777_777_777), ("status", [Status.VALIDATED]), ("stage", [domain.Stage.POC])),
        *(("partner", pipeline.cast.yunfan.id), ("customer", pipeline.customer.id), ("owner", pipeline.owner.id)),
        *(("ids", [theirs.id]), ("stale", False), ("has_duplicates", True), ("office", ["office-js"])),
    ]
    async with pipeline.store.reader() as session:
        for who, one in [(who, one) for who in STRANGERS for one in filters]:
            reader = reader_of(pipeline, session, who)
            try:
                found = await uids(reader, Opportunity, filter=(one,))
                assert theirs.id not in found
                assert await reader.count(Opportunity, Page(filter=(one,))) == len(found)
            except FieldNotSearchableError:
                assert "opportunity.customer:reveal" not in getattr(pipeline, who).permissions


@pytest.mark.parametrize("who", ["main", "pdm"])
async def test_no_order_tells_where_it_stands(pipeline: Pipeline, theirs: Opportunity, who: str) -> None:
    """COL-2.8.1: pages in every order are the same with it and without it."""
    async with pipeline.store.reader() as session:
        reader = reader_of(pipeline, session, who)
        for key in Opportunity.listing.sorts:
            for descending in (True, False):
                page: Any = await reader.page(
                    Opportunity, Wanted.of("name"), Page(first=1, sort=((key, descending),)), total=True
                )
                assert [row.name for row in page.nodes] == ["我们的"]
                assert (page.has_next_page, page.has_previous_page, page.total_count) == (False, False, 1)


@pytest.mark.parametrize("who", ["main", "administrator", "manager", "pdm", "platform", "koogallery"])
async def test_a_foreign_id_and_a_missing_one_are_refused_alike(
    pipeline: Pipeline, theirs: Opportunity, who: str
) -> None:
    """COL-2.8.1: the same refusal in the same words, whatever one tries; and nothing has changed."""
    actor: Actor = getattr(pipeline, who)

    def tries(id: Any) -> list[Any]:
        version = theirs.version
        return [
            lambda work: work.get(Opportunity, id),
            lambda work: domain.save_draft(work, {"city": "南京市"}, id=id),
            lambda work: domain.delete_draft(work, id, version=version),
            lambda work: domain.submit(work, id),
            lambda work: domain.return_completed(work, id),
            lambda work: domain.copy_to_draft(work, id),
            lambda work: domain.change_offering(work, id, [], version=version),
            lambda work: domain.write_note(work, id, "看看", version=version),
            lambda work: domain.standing(work, id),
            lambda work: domain.cancel(work, id, version=version, reason_code=None, reason=None),
            lambda work: domain.lose(work, id, version=version, lost_reason=None),
            lambda work: domain.deliver(work, id, version=version, delivered_on=None),
            lambda work: domain.confirm_delivery(work, id, version=version),
            lambda work: domain.dispute(work, id, version=version, reason="异议"),
            lambda work: domain.ho.share(work, id, pipeline.cast.huaqi.id, version=version),
            lambda work: domain.ho.recall(work, id, version=version, reason="回收"),
            lambda work: domain.progress.report(
                work, id, stage=domain.Stage.POC, win_probability=1, details="看看有没有"
            ),
        ]

    for foreign, missing in zip(tries(theirs.id), tries(new_id()), strict=True):
        first = await pipeline.store.refused(actor, DomainError, foreign)
        with pytest.raises(DomainError) as second:
            await pipeline.do(actor, missing)
        assert (first.code, first.data(), str(first)) == (*(second.value.code, second.value.data(), str(second.value)),)


async def test_a_guessed_customer_opens_nothing(pipeline: Pipeline, theirs: Opportunity) -> None:
    """COL-2.8.1: whoever names a customer's account in a form of its own sees neither the customer nor its others."""
    guess = await pipeline.submitted(name="猜测", account_name="hengyuan_cloud")
    assert guess.customer_id == theirs.customer_id
    async with pipeline.store.reader() as session:
        reader = reader_of(pipeline, session, "main")
        wanted = Wanted(ones=(("customer", Wanted.of("company_name")), ("owner", Wanted.of("name"))))
        row: Any = await reader.one(Opportunity, guess.id, wanted)
        assert row.customer is None
        assert theirs.id not in await uids(reader, Opportunity, filter=(("customer", guess.customer_id),))


async def test_the_queue_and_the_reviewers_of_others_are_closed(pipeline: Pipeline, theirs: Opportunity) -> None:
    """COL-2.8.1, COL-2.8.2: entries are of one's own partners, office or customers, and a partner sees none."""
    later = await pipeline.submitted(pipeline.other_main, name="云帆第二个", company_name="佛山顺德家电有限公司")
    async with pipeline.store.reader() as session:
        rows = (await pipeline.store.everything())["Approval"]
        assert rows
        for who in ("main", "other_main", "administrator", "manager", "platform", "koogallery", "auditor"):
            assert await uids(reader_of(pipeline, session, who), Approval) == set(), who
        pdms: Any = await reader_of(pipeline, session, "pdm").page(Approval, Wanted.of("label"), Page(first=100))
        assert not any(SECRET in row.label or "云帆" in row.label for row in pdms.nodes)
    rejection = {"reason_code": RejectionReason.NO_CONTACT}
    await pipeline.store.refused(pipeline.pdm, NotFoundError, deciding(later, "reject_audit", **rejection))


async def test_what_a_partner_does_with_its_drafts_is_its_own_affair_in_the_journal_too(pipeline: Pipeline) -> None:
    """COL-2.8.2: Huawei's side sees what was submitted; of work on a draft it reads nothing, masked or not."""
    record = await pipeline.submitted()

    async def deeds(actor: Actor) -> set[str]:
        async with pipeline.store.reader() as session:
            seen = select(JournalLine.operation).where(
                JournalLine.visible_to(actor), JournalLine.subject_id == record.id
            )
            return set((await session.execute(seen)).scalars())

    assert await deeds(pipeline.main) == {"opportunity.save_draft", "Opportunity.PO.submit"}
    for reviewer in (pipeline.pdm, pipeline.operations, pipeline.auditor):
        assert await deeds(reviewer) == {"Opportunity.PO.submit"}
