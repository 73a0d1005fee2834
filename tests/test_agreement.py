"""The customer as a person: its partner, the notice that it signs, and what it opens to the partner by signing."""

from __future__ import annotations

from typing import Any

import pytest

from models import agreement, association, knowledge
from models.agreement import (
    AgreementNotTickedError,
    AgreementOutdatedError,
    AgreementSignature,
    AgreementSignedAlreadyError,
    AgreementState,
    AgreementVersion,
    AgreementVersionTakenError,
    NotACustomerError,
)
from models.association import PartnerContact, TooManyPartnerContactsError
from models.customer import AssociationType, Customer, FullWidthDigitsError, standing_of
from models.identity import operator_actor
from models.kernel.access import Actor
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
    ValueNotAllowedError,
)
from models.kernel.work import Work
from models.knowledge import KnowledgeRecommendation
from models.rights import Preset
from models.seed import plant
from tests.reporting import Reporting, pipeline, reporting
from tests.stage import person as somebody

__all__ = ["pipeline", "reporting"]

TEXTS: dict[str, Any] = {"title_zh": "须知", "title_en": "Notice", "content_zh": "新的内容", "content_en": "A new text"}


async def ours(reporting: Reporting, **changes: Any) -> Customer:
    """Enter a customer that is with the first partner."""
    values = {"partner_id": reporting.pipeline.cast.huaqi.id, "association_type": AssociationType.RESALE, **changes}
    made: Customer = await reporting.known(associated_on=reporting.store.clock.now, **values)
    return made


async def publish(reporting: Reporting, number: str = "2026-02") -> AgreementVersion:
    reporting.store.clock.forward(minutes=1)
    made: AgreementVersion = await reporting.do(
        reporting.operations, lambda work: agreement.publish(work, number=number, **TEXTS)
    )
    return made


async def sign(reporting: Reporting, customer: Actor, **changes: Any) -> AgreementSignature:
    version = changes.pop("version", None) or await reporting.notice()
    made: AgreementSignature = await reporting.do(
        customer, lambda work: agreement.sign(work, version.id, ticked=changes.get("ticked", True))
    )
    return made


async def mine(reporting: Reporting, customer: Actor) -> association.MyPartner:
    found: association.MyPartner = await reporting.do(customer, association.my_partner)
    return found


async def test_an_installation_begins_with_a_version_of_the_notice(reporting):
    first = await reporting.notice()
    assert (first.number, first.title_zh) == ("2026-01", "客户关联华为云合作伙伴须知")
    assert first.content_zh
    assert first.content_en
    assert await reporting.do(operator_actor(), plant) == 0


async def test_operations_publish_and_nobody_else(reporting):
    version = await publish(reporting)
    assert (await reporting.notice()).id == version.id
    for actor in (reporting.main, reporting.pipeline.pdm, reporting.pipeline.auditor, reporting.pipeline.platform):
        await reporting.store.refused(
            actor, PermissionDeniedError, lambda work: agreement.publish(work, number="2026-03", **TEXTS)
        )
    await reporting.store.refused(
        reporting.operations,
        AgreementVersionTakenError,
        lambda work: agreement.publish(work, number="2026-02", **TEXTS),
    )
    error = await reporting.store.refused(
        reporting.operations,
        DomainError,
        lambda work: agreement.publish(work, number=" ", **{**TEXTS, "content_en": "", "title_zh": "须" * 129}),
    )
    assert [one.path for one in error] == [("number",), ("titleZh",), ("contentEn",)]


async def test_a_customer_signs_the_newest_version_once(reporting):
    """COL-5.7.13: read, tick, sign."""
    customer = await ours(reporting)
    person = await reporting.person_of(customer)
    first = await reporting.notice()
    await reporting.store.refused(
        person, AgreementNotTickedError, lambda work: agreement.sign(work, first.id, ticked=False)
    )
    signed = await sign(reporting, person)
    assert (signed.customer_id, signed.partner_id, signed.signer_name) == (
        customer.id,
        reporting.pipeline.cast.huaqi.id,
        "马兰",
    )
    assert (await reporting.store.journal())[-1].operation == "agreement.sign"
    await reporting.store.refused(
        person, AgreementSignedAlreadyError, lambda work: agreement.sign(work, first.id, ticked=True)
    )
    await publish(reporting)
    error = await reporting.store.refused(
        person, AgreementOutdatedError, lambda work: agreement.sign(work, first.id, ticked=True)
    )
    assert error.data() == {"newest": "2026-02"}
    await sign(reporting, person)
    assert len(await reporting.every(AgreementSignature, customer_id=customer.id)) == 2


async def test_nobody_signs_for_a_customer(reporting):
    await ours(reporting)
    version = await reporting.notice()
    for actor in (reporting.main, reporting.operations, reporting.pipeline.pdm):
        await reporting.store.refused(
            actor, PermissionDeniedError, lambda work: agreement.sign(work, version.id, ticked=True)
        )
    await reporting.store.refused(
        somebody(Preset.CUS), NotACustomerError, lambda work: agreement.sign(work, version.id, ticked=True)
    )


async def test_who_sees_signatures(reporting):
    """The field table: partner and PDM, operations and audit; and no partner those from before its time."""
    customer = await ours(reporting)
    person = await reporting.person_of(customer)
    signed = await sign(reporting, person)
    pipeline = reporting.pipeline
    for actor, sees in (
        (person, True),
        (reporting.main, True),
        (pipeline.administrator, True),
        (reporting.other_main, False),
        (pipeline.pdm, True),
        (pipeline.psm, False),
        (pipeline.bd, False),
        (pipeline.operations, True),
        (pipeline.koogallery, False),
        (pipeline.auditor, True),
    ):
        assert (await reporting.seen(AgreementSignature, actor) == {signed.id}) is sees, actor.name
    await publish(reporting)

    async def move(work: Work) -> None:
        found = await work.session.get_one(Customer, customer.id)
        found.partner_id = pipeline.cast.yunfan.id

    await reporting.do(operator_actor(), move)
    assert await reporting.seen(AgreementSignature, reporting.other_main) == set()
    again = await sign(reporting, person)
    assert await reporting.seen(AgreementSignature, reporting.other_main) == {again.id}


async def test_a_customer_sees_its_partner(reporting):
    """COL-5.7.13, COL-5.7.14: name, type, since when, whom to turn to, and how it stands to the notice."""
    customer = await ours(reporting)
    person = await reporting.person_of(customer)
    found = await mine(reporting, person)
    assert (found.name, found.association_type, found.associated_on) == (
        "华启软件有限公司",
        AssociationType.RESALE,
        reporting.store.clock.now,
    )
    assert [(one.name, one.email) for one in found.contacts] == [("王芳", "wang.fang@partner.example")]
    assert found.agreement_state is AgreementState.UNSIGNED
    await sign(reporting, person)
    assert (await mine(reporting, person)).agreement_state is AgreementState.SIGNED
    newer = await publish(reporting)
    found = await mine(reporting, person)
    assert (found.agreement_state, found.agreement_id) == (AgreementState.OUTDATED, newer.id)


async def test_a_customer_without_a_partner_and_others_see_none(reporting):
    customer = await reporting.known()
    person = await reporting.person_of(customer)
    found = await mine(reporting, person)
    assert (found.name, found.association_type, found.associated_on, list(found.contacts)) == (None, None, None, [])
    assert await mine(reporting, reporting.main) is None


async def test_a_partner_names_up_to_five_people_to_its_customers(reporting):
    """COL-5.7.14: they are shown to customers, the administrator otherwise."""
    person = await reporting.person_of(await ours(reporting))
    five = [{"name": f"联系人{place}", "mobile": "13800001111"} for place in range(5)]
    await reporting.do(reporting.main, lambda work: association.set_contacts(work, five))
    assert [one.name for one in (await mine(reporting, person)).contacts] == [contact["name"] for contact in five]
    await reporting.store.refused(
        reporting.main,
        TooManyPartnerContactsError,
        lambda work: association.set_contacts(work, [*five, {"name": "联系人5"}]),
    )
    error = await reporting.store.refused(
        reporting.main,
        DomainError,
        lambda work: association.set_contacts(
            work, [{"name": " "}, {"name": "李", "mobile": "１３８００００１１１１"}]
        ),
    )
    assert [(type(one), one.path) for one in error] == [
        (FieldRequiredError, ("contacts", 0, "name")),
        (FullWidthDigitsError, ("contacts", 1, "mobile")),
    ]
    for actor in (reporting.manager, reporting.operator, reporting.finance, reporting.operations):
        await reporting.store.refused(actor, PermissionDeniedError, lambda work: association.set_contacts(work, five))
    await reporting.do(reporting.main, lambda work: association.set_contacts(work, []))
    assert [one.name for one in (await mine(reporting, person)).contacts] == ["王芳"]
    assert await reporting.every(PartnerContact) == []


async def fed(reporting: Reporting, customer: Customer, **changes: Any) -> KnowledgeRecommendation:
    values = {
        "title": "同行业迁移案例",
        "text": "制造行业ERP迁移的三个案例。",
        "link": "https://kb.example/erp",
        **changes,
    }
    made: KnowledgeRecommendation = await reporting.do(
        reporting.operations, lambda work: knowledge.feed(work, customer.id, **values)
    )
    return made


async def test_the_partner_sees_recommendations_once_the_customer_has_signed_the_newest_version(reporting):
    """COL-5.7.12"""
    customer = await ours(reporting)
    person = await reporting.person_of(customer)
    fact = await fed(reporting, customer)
    for actor, sees in (
        (reporting.main, False),
        (reporting.operator, False),
        (reporting.pipeline.pdm, True),
        (reporting.operations, True),
    ):
        assert (await reporting.seen(KnowledgeRecommendation, actor) == {fact.id}) is sees, actor.name
    await sign(reporting, person)
    assert await reporting.seen(KnowledgeRecommendation, reporting.main) == {fact.id}
    assert await reporting.seen(KnowledgeRecommendation, reporting.other_main) == set()
    await publish(reporting)
    assert await reporting.seen(KnowledgeRecommendation, reporting.main) == set()
    await sign(reporting, person)
    assert await reporting.seen(KnowledgeRecommendation, reporting.main) == {fact.id}


async def test_only_operations_feed_recommendations_and_take_them_back(reporting):
    customer = await ours(reporting)
    for actor in (reporting.main, reporting.pipeline.pdm, reporting.pipeline.auditor):
        await reporting.store.refused(
            actor, PermissionDeniedError, lambda work: knowledge.feed(work, customer.id, title="一", text="二")
        )
    error = await reporting.store.refused(
        reporting.operations,
        DomainError,
        lambda work: knowledge.feed(work, customer.id, title=" ", text="", link="javascript:alert(1)"),
    )
    assert [(type(one), one.path) for one in error] == [
        (FieldRequiredError, ("title",)),
        (FieldRequiredError, ("text",)),
        (ValueNotAllowedError, ("link",)),
    ]
    fact = await fed(reporting, customer)
    await reporting.store.refused(
        reporting.operations, StaleVersionError, lambda work: knowledge.withdraw(work, fact.id, version=7)
    )
    await reporting.do(reporting.operations, lambda work: knowledge.withdraw(work, fact.id, version=1))
    assert await reporting.seen(KnowledgeRecommendation, reporting.operations) == set()
    await reporting.store.refused(reporting.operations, NotFoundError, lambda work: knowledge.withdraw(work, fact.id))


@pytest.mark.parametrize(("before", "after"), [(0, 7), (6, 7), (7, 7), (15, 15)])
async def test_on_leaving_resale_a_short_grace_period_becomes_seven_days(reporting, before, after):
    """COL-5.3.13"""
    customer = await reporting.known()

    async def leave(work: Work) -> int:
        standing = await standing_of(work, customer.id)
        assert standing is not None
        standing.grace_days = before
        await association.grace_after_leaving_resale(work, customer.id)
        return int(standing.grace_days)

    assert await reporting.do(operator_actor(), leave) == after
