"""The form of an opportunity: what a draft may hold, what a submission must hold, and who edits it when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from models import opportunity as domain
from models import partner as partners
from models.kernel.access import Actor
from models.kernel.errors import (
    DomainError,
    FieldNotWritableError,
    FieldRequiredError,
    LengthError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
)
from models.kernel.values import mask_company, new_id
from models.opportunity import Opportunity, Status
from models.opportunity.refusals import (
    AmountError,
    ConsentRequiredError,
    ContactRequiredError,
    CustomerNotFoundError,
    DateOrderError,
    NameTakenError,
    OfferingNotYoursError,
    VisibilityOnlyExcludesError,
)
from models.partner import CreditCodeInvalidError, OfferingKind
from models.pce import NotPceMemberError
from tests.people import open_person
from tests.pipeline import FORM, Pipeline, pipeline

__all__ = ["pipeline"]

CODE = "91350100M000100Y43"


def told(error: Exception) -> set[tuple[str, str]]:
    """List the paths and codes of everything that a refusal names."""
    assert isinstance(error, DomainError)
    return {(".".join(map(str, one.path)), one.code) for one in error}


def save(values: dict[str, Any], **how: Any) -> Callable[[Any], Any]:
    return lambda work: domain.save_draft(work, values, **how)


async def unsubmittable(pipeline: Pipeline, **changes: Any) -> set[tuple[str, str]]:
    """Save a draft that may be saved, and see it refused when it is submitted."""
    record = await pipeline.draft(**changes)
    error = await pipeline.store.refused(pipeline.main, DomainError, lambda work: domain.submit(work, record.id))
    return told(error)


async def test_an_empty_form_is_refused_with_every_field_that_it_lacks_at_once(pipeline: Pipeline) -> None:
    """COL-2.2.4, COL-2.3.1: mandatory fields, all four BANT parts, and each violation with its path."""
    empty = await pipeline.do(pipeline.main, save({}))
    error = await pipeline.store.refused(pipeline.main, DomainError, lambda work: domain.submit(work, empty.id))
    required = (
        *("name", "company_name", "industry", "province", "city", "contact_name"),
        *("budget", "authority", "need", "timeline", "expected_amount", "expected_sign_date"),
        *("pre_sales_activities", "services", "support_needed"),
    )
    assert told(error) == {
        *((name, FieldRequiredError.code) for name in required),
        ("contact_mobile", ContactRequiredError.code),
        ("consent_confirmed", ConsentRequiredError.code),
    }


async def test_each_part_of_bant_has_ten_to_a_thousand_characters(pipeline: Pipeline) -> None:
    """COL-2.2.4, COL-2.3.1: too short for a submission, too long even for a draft."""
    parts = ("budget", "authority", "need", "timeline")
    short: dict[str, Any] = dict.fromkeys(parts, "九个字的预算说明。")
    assert await unsubmittable(pipeline, **short) == {(part, LengthError.code) for part in parts}
    long = {**FORM, **dict.fromkeys(parts, "字" * 1001)}
    error = await pipeline.store.refused(pipeline.main, DomainError, save(long))
    assert told(error) == {(part, LengthError.code) for part in parts}
    for length in (10, 1000):
        changes: dict[str, Any] = {"name": f"BANT {length}", **dict.fromkeys(parts, "字" * length)}
        await pipeline.submitted(**changes)


async def test_texts_keep_to_their_lengths(pipeline: Pipeline) -> None:
    """COL-2.2.4: company name 2-128, opportunity name 1-128, account name at most 64."""
    assert await unsubmittable(pipeline, company_name="华") == {("company_name", LengthError.code)}
    for name, longest in {
        "name": 128,
        "company_name": 128,
        "account_name": 64,
        "city": 64,
        "contact_name": 64,
        "contact_title": 64,
        "address": 256,
        "website": 256,
    }.items():
        error = await pipeline.store.refused(pipeline.main, DomainError, save({**FORM, name: "a" * (longest + 1)}))
        assert (name, LengthError.code) in told(error)
    await pipeline.submitted(name="名" * 128, company_name="司" * 128)


async def test_several_mistakes_of_a_draft_are_told_at_once(pipeline: Pipeline) -> None:
    """COL-2.2.4: enumerations, checksum, contact details and account, each under its path."""
    wrong = {
        "industry": "ALCHEMY",
        "province": "CN-99",
        "company_size": "HUGE",
        "credit_code": "91350100M000100Y44",
        "contact_email": "nobody",
        "contact_mobile": "call me",
        "services": ["ECS", "TELEPORT"],
        "support_needed": ["MONEY"],
        "pre_sales_activities": ["GOLF"],
        "account_name": "nobody_cloud",
        "expected_amount": "12.345",
        "responsible_id": new_id(),
        "status": "VALIDATED",
    }
    error = await pipeline.store.refused(pipeline.main, DomainError, save({**FORM, **wrong}))
    assert told(error) == {
        *((name, ValueNotAllowedError.code) for name in ("industry", "province", "company_size", "services", "status")),
        *((name, ValueNotAllowedError.code) for name in ("support_needed", "pre_sales_activities")),
        *((name, ValueNotAllowedError.code) for name in ("contact_email", "contact_mobile")),
        ("credit_code", CreditCodeInvalidError.code),
        ("account_name", CustomerNotFoundError.code),
        ("expected_amount", AmountError.code),
        ("responsible_id", NotFoundError.code),
    }
    email = f"{'a' * 60}@{'b' * 200}.example"
    assert told(await pipeline.store.refused(pipeline.main, DomainError, save({"contact_email": email}))) == {
        ("contact_email", ValueNotAllowedError.code)
    }


async def test_a_contact_needs_one_way_to_be_reached(pipeline: Pipeline) -> None:
    """COL-2.2.4, COL-2.3.5: mobile or email."""
    silent = {"contact_mobile": None, "contact_email": None}
    assert await unsubmittable(pipeline, **silent) == {("contact_mobile", ContactRequiredError.code)}
    await pipeline.submitted(name="仅手机", contact_email=None)
    await pipeline.submitted(name="仅邮箱", contact_mobile=None)


async def test_the_customer_must_have_consented(pipeline: Pipeline) -> None:
    """COL-2.1.1: without consent nothing is submitted; a null is a no."""
    for no in (False, None):
        assert await unsubmittable(pipeline, consent_confirmed=no) == {("consent_confirmed", ConsentRequiredError.code)}


async def test_dates_are_counted_in_beijing_and_follow_each_other(pipeline: Pipeline) -> None:
    """COL-2.2.4: signing on the day of submission or later, going live not before signing."""
    pipeline.store.clock.now = dt.datetime(2026, 3, 2, 16, 30, tzinfo=dt.UTC)  # the 3rd of March in Beijing
    second, third = dt.date(2026, 3, 2), dt.date(2026, 3, 3)
    assert await unsubmittable(pipeline, expected_sign_date=second) == {("expected_sign_date", DateOrderError.code)}
    assert await unsubmittable(pipeline, expected_sign_date=third, expected_go_live_date=second) == {
        ("expected_go_live_date", DateOrderError.code)
    }
    await pipeline.submitted(expected_sign_date=third, expected_go_live_date=third)


async def test_an_amount_is_exact_and_above_nothing(pipeline: Pipeline) -> None:
    """COL-2.2.4, COL-2.3.3: more than 0, at most two decimals, never rounded."""
    assert await unsubmittable(pipeline, expected_amount="") == {("expected_amount", FieldRequiredError.code)}
    nothing = ("0", "0.00", "-1.00", "0.001", "1.999", "1e5", "NaN", "Infinity", "一百万", "1,000.00", "9" * 30)
    for amount in nothing:
        error = await pipeline.store.refused(pipeline.main, AmountError, save({**FORM, "expected_amount": amount}))
        assert told(error) == {("expected_amount", AmountError.code)}


async def test_an_amount_keeps_its_currency(pipeline: Pipeline) -> None:
    """COL-2.2.4: minor units of its own currency; another currency comes with another amount."""
    assert (await pipeline.draft(expected_amount="0.01")).expected_amount == 1
    assert (await pipeline.draft(expected_amount="123456", currency="JPY")).expected_amount == 123_456
    yen = {"expected_amount": "0.5", "currency": "JPY"}
    await pipeline.store.refused(pipeline.main, AmountError, save({**FORM, **yen}))
    record = await pipeline.draft()
    error = await pipeline.store.refused(pipeline.main, DomainError, save({"currency": "JPY"}, id=record.id))
    assert told(error) == {("expected_amount", FieldRequiredError.code)}
    error = await pipeline.store.refused(pipeline.main, DomainError, save({"currency": "GOLD"}))
    assert told(error) == {("currency", ValueNotAllowedError.code)}
    await pipeline.do(pipeline.main, save({"currency": None}, id=record.id))
    assert (await pipeline.again(record)).currency == "CNY"


async def test_visibility_only_excludes_every_other_support(pipeline: Pipeline) -> None:
    """COL-1.2.2, COL-2.2.4: six kinds, and the sixth stands alone."""
    both = ["VISIBILITY_ONLY", "BUSINESS_DEMO"]
    assert await unsubmittable(pipeline, support_needed=both) == {("support_needed", VisibilityOnlyExcludesError.code)}
    await pipeline.submitted(support_needed=["VISIBILITY_ONLY"])
    await pipeline.submitted(name="五项支持", support_needed=[one.value for one in domain.Support][:5])


async def test_an_industry_and_its_branch_fit(pipeline: Pipeline) -> None:
    """COL-2.2.4: industry and sub-industry are enumerations that belong together."""
    from models.reference import SUB_INDUSTRIES, belongs_to

    strange = next(branch for branch in SUB_INDUSTRIES if not belongs_to(branch, "MANUFACTURING"))
    assert await unsubmittable(pipeline, sub_industry=strange) == {("sub_industry", ValueNotAllowedError.code)}


async def test_offerings_are_the_partners_own_and_listed(pipeline: Pipeline) -> None:
    """COL-2.2.4, COL-2.2.5, COL-2.2.6: own and listed; optional, but then it counts for nothing."""
    cast, operations = pipeline.cast, pipeline.operations
    theirs = await pipeline.do(
        operations,
        lambda work: partners.add_offering(
            work, cast.yunfan.id, name="云帆方案", kind=OfferingKind.BASELINE_SOLUTION, services=["ECS"]
        ),
    )
    for offering in (theirs.public_id, f"off_{new_id()}", "off_nonsense", "anything"):
        refusal = await unsubmittable(pipeline, offering_ids=[pipeline.offering.public_id, offering])
        assert refusal == {("offering_ids", OfferingNotYoursError.code)}
    without = await pipeline.submitted()
    assert (without.demand_tags, without.counts_for_assessment) == ([], False)
    record = await pipeline.submitted(name="带方案", offering_ids=[pipeline.offering.public_id])
    assert (record.demand_tags, record.counts_for_assessment) == (["ECS", "RDS"], True)


async def test_a_name_is_taken_while_its_opportunity_is_open(pipeline: Pipeline) -> None:
    """COL-2.2.4: unique per partner among open POs; drafts, rejected ones and other partners' do not count."""
    second = await pipeline.draft()
    first = await pipeline.submitted()
    error = await pipeline.store.refused(pipeline.main, NameTakenError, lambda work: domain.submit(work, second.id))
    assert told(error) == {("name", NameTakenError.code)}
    await pipeline.submitted(pipeline.other_main)
    await pipeline.decide(pipeline.pdm, first, "reject_audit", reason_code=domain.RejectionReason.VAGUE_DESCRIPTION)
    await pipeline.do(pipeline.main, lambda work: domain.submit(work, second.id))


async def test_a_credit_code_is_checked_by_its_own_digit(pipeline: Pipeline) -> None:
    """COL-2.2.4: 18 characters with a checksum."""
    from models.kernel.values import valid_credit_code

    assert valid_credit_code(CODE)
    for code in (CODE[:-1], CODE + "3", CODE[:-1] + "4", CODE.lower()):
        await pipeline.store.refused(pipeline.main, CreditCodeInvalidError, save({**FORM, "credit_code": code}))
    assert (await pipeline.submitted(credit_code=CODE)).credit_code == CODE


async def test_a_draft_is_edited_field_by_field(pipeline: Pipeline) -> None:
    """COL-2.2.1, COL-2.5#2: what is omitted stays, null empties, and what is the same changes nothing."""
    record = await pipeline.draft()
    await pipeline.do(pipeline.main, save({"need": "  改为整体上云，数据库双活。 ", "website": None}, id=record.id))
    now = await pipeline.again(record)
    assert (now.need, now.budget, now.version) == ("改为整体上云，数据库双活。", FORM["budget"], 2)
    await pipeline.do(pipeline.main, save({"contact_title": None}, id=record.id, version=2))
    assert (await pipeline.again(record)).contact_title is None
    lines = len(await pipeline.store.journal())
    await pipeline.do(pipeline.main, save({"contact_title": None, "city": FORM["city"]}, id=record.id))
    assert (await pipeline.again(record)).version == 3
    assert len(await pipeline.store.journal()) == lines
    await pipeline.store.refused(pipeline.main, StaleVersionError, save({"city": "南京市"}, id=record.id, version=2))


async def test_a_value_equal_to_its_own_mask_is_refused(pipeline: Pipeline) -> None:
    """COL-2.5 guard 6: MASKED_INPUT."""
    record = await pipeline.draft()
    masked = {"company_name": mask_company(FORM["company_name"])}
    error = await pipeline.store.refused(pipeline.main, DomainError, save(masked, id=record.id))
    assert told(error) == {("companyName", "MASKED_INPUT")}


async def test_a_draft_is_the_partners_alone(pipeline: Pipeline) -> None:
    """COL-2.2.3, COL-2.8.1: nobody else, on either side, reads, edits or deletes it."""
    record = await pipeline.draft()
    others: list[Actor] = [
        *(pipeline.other_main, pipeline.administrator, pipeline.manager, pipeline.pdm, pipeline.psm, pipeline.bd),
        *(pipeline.owner, pipeline.operations, pipeline.finance, pipeline.auditor, pipeline.platform),
    ]
    for actor in others:
        await pipeline.store.refused(actor, NotFoundError, lambda work: work.get(Opportunity, record.id))
        await pipeline.store.refused(
            actor, (NotFoundError, PermissionDeniedError), save({"city": "南京市"}, id=record.id)
        )
        await pipeline.store.refused(actor, NotFoundError, lambda work: domain.delete_draft(work, record.id, version=1))
        await pipeline.store.refused(actor, NotFoundError, lambda work: domain.submit(work, record.id))


async def test_only_a_draft_is_edited_or_deleted(pipeline: Pipeline) -> None:
    """COL-2.5#2, COL-2.5 guard 2: after submission the partner edits nothing, product lines included."""
    product = {"product": "GTX Pro", "quantity": 2, "amount": "10.00", "service": "ECS"}
    doomed = await pipeline.do(pipeline.main, save(FORM, lines=[product]))
    await pipeline.do(pipeline.main, lambda work: domain.delete_draft(work, doomed.id, version=doomed.version))
    assert await pipeline.again(doomed) is None
    assert (await pipeline.store.operations())[-1] == "opportunity.delete_draft"
    record = await pipeline.submitted()
    error = await pipeline.store.refused(pipeline.main, DomainError, save({"city": "南京市"}, id=record.id))
    assert told(error) == {("city", FieldNotWritableError.code)}
    error = await pipeline.store.refused(pipeline.main, DomainError, save({}, id=record.id, lines=[product]))
    assert told(error) == {("lines", FieldNotWritableError.code)}
    version = record.version
    await pipeline.store.refused(
        pipeline.main, TransitionNotAllowedError, lambda work: domain.delete_draft(work, record.id, version=version)
    )


async def test_product_lines_are_checked_and_raise_the_version(pipeline: Pipeline) -> None:
    """COL-2.2.4: lines belong to the content; what cannot be is named by its place."""
    wrong = [
        {"product": " "},
        {"product": "x" * 129},
        {"product": "a", "quantity": 0},
        {"product": "b", "service": "X"},
    ]
    error = await pipeline.store.refused(pipeline.main, DomainError, save(FORM, lines=wrong))
    assert {path for path, _ in told(error)} == {
        *("lines.0.product", "lines.1.product", "lines.2.quantity", "lines.3.service")
    }
    error = await pipeline.store.refused(
        pipeline.main, AmountError, save(FORM, lines=[{"product": "a", "amount": "0.001"}])
    )
    assert told(error) == {("lines.0.amount", AmountError.code)}
    record = await pipeline.do(pipeline.main, save(FORM, lines=[{"product": "GTX Pro"}]))
    assert record.version == 1
    await pipeline.do(pipeline.main, save({}, id=record.id, version=1, lines=[{"product": "GTX Basic"}]))
    assert (await pipeline.again(record)).version == 2


async def test_only_members_of_pce_save_and_submit(pipeline: Pipeline) -> None:
    """COL-1.1.4, COL-2.5#1, #3: and only with the main account (COL-7.1.12)."""
    outsider = await pipeline.do(
        pipeline.operations, lambda work: partners.create_partner(work, name="远山科技有限公司", province="CN-51")
    )
    store = pipeline.store
    main = await store.actor(await open_person(store, "gu.yan", "顾言", partner_id=outsider.id))
    await store.refused(main, NotPceMemberError, save(FORM))
    for actor in (pipeline.administrator, pipeline.manager, pipeline.pdm, pipeline.operations, pipeline.platform):
        await store.refused(actor, PermissionDeniedError, save(FORM))


async def test_the_person_in_charge_is_of_the_same_partner(pipeline: Pipeline) -> None:
    """COL-2.8.1: another partner's account is not found; by default it is whoever saves."""
    stranger = pipeline.cast.liu_main_of_yunfan.id
    error = await pipeline.store.refused(pipeline.main, NotFoundError, save({**FORM, "responsible_id": stranger}))
    assert told(error) == {("responsible_id", NotFoundError.code)}
    assert (await pipeline.draft()).responsible_id == pipeline.main.id
    member = pipeline.cast.chen_manager.id
    assert (await pipeline.draft(responsible_id=member)).responsible_id == member


async def test_a_submitted_form_says_who_and_when(pipeline: Pipeline) -> None:
    """COL-2.2.3, COL-2.5#3: stamped, in audit, with a clock, an entry and one journal line."""
    record = await pipeline.submitted()
    now = await pipeline.again(record)
    assert (now.status, now.submitted_at, now.submitted_by) == (
        Status.AUDITING,
        pipeline.store.clock(),
        pipeline.main.id,
    )
    line = (await pipeline.store.journal())[-1]
    assert (line.operation, line.from_status, line.to_status) == ("Opportunity.PO.submit", "DRAFT", "AUDITING")
