"""What a resale customer lets its partner do: asked for, given, refused, taken back, and ended with the association."""

from __future__ import annotations

from typing import Any

import pytest

from models import agreement, association_request
from models import authorisation as domain
from models.agreement import AgreementNotForCustomersError, AgreementOutdatedError, AgreementVersion
from models.authorisation import (
    AuthorisationOpenError,
    AuthorisationStatus,
    CommitmentNotAcceptedError,
    CustomerAuthorisation,
    PartnerCommitment,
)
from models.balance import NotAResaleCustomerError
from models.customer import Customer
from models.identity import operator_actor
from models.kernel.access import Actor
from models.kernel.errors import (
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    StaleVersionError,
    TransitionNotAllowedError,
)
from models.notice import Notice
from models.verification import VerificationCodeRequiredError
from tests.linking import Linking, linking, pipeline
from tests.test_at_one_moment import together, went

__all__ = ["linking", "pipeline"]


async def letter(linking: Linking) -> AgreementVersion:
    """Give the newest commitment letter."""
    found: AgreementVersion = await linking.do(operator_actor(), domain.newest_letter)
    return found


async def ask(linking: Linking, customer: Customer | None = None, actor: Actor | None = None, **given: Any) -> Any:
    """Ask a customer, accepting the letter with it."""
    facts = {"accepting": (await letter(linking)).id, **given}
    return await linking.do(
        actor or linking.main, lambda work: domain.request(work, (customer or linking.resale).id, **facts)
    )


async def section(linking: Linking, person: Actor) -> domain.AuthorisationSection | None:
    """Give what the customer sees of it beside its partner."""
    found: domain.AuthorisationSection | None = await linking.do(person, domain.my_authorisation)
    return found


async def test_the_partner_asks_the_customer_agrees_and_takes_it_back(linking: Linking) -> None:
    """COL-5.11.1, COL-5.11.2: NONE, REQUESTED, AUTHORISED, REVOKED, each told to the other side."""
    person, partner = linking.resale_person, linking.pipeline.cast.huaqi
    assert await section(linking, person) == domain.AuthorisationSection(AuthorisationStatus.NONE, None)
    asked = await ask(linking, note="代为下单")
    assert (asked.status, asked.requested_by_name, asked.note) == (AuthorisationStatus.REQUESTED, "王芳", "代为下单")
    assert [notice.kind for notice in await linking.every(Notice)] == ["authorisation.asked"]
    may = lambda work: domain.authorised(work, linking.resale.id, partner.id)  # noqa: E731
    assert not await linking.do(linking.main, may)
    given = await linking.do(person, lambda work: domain.agree(work, asked.id, version=asked.version))
    assert (given.status, given.answered_at) == (AuthorisationStatus.AUTHORISED, linking.store.clock.now)
    assert await linking.do(linking.main, may)
    assert await section(linking, person) == domain.AuthorisationSection(AuthorisationStatus.AUTHORISED, asked.id)
    await linking.store.refused(
        person, ReasonRequiredError, lambda work: domain.revoke(work, asked.id, version=given.version, reason=" ")
    )
    taken = await linking.do(person, lambda work: domain.revoke(work, asked.id, reason="改由自行下单"))
    assert (taken.status, taken.reason) == (AuthorisationStatus.REVOKED, "改由自行下单")
    assert not await linking.do(linking.main, may)
    assert {notice.kind for notice in await linking.every(Notice)} == {"authorisation.asked", "authorisation.answered"}
    operations = [line.operation for line in await linking.store.journal() if line.subject_id == asked.id]
    assert operations == [f"CustomerAuthorisation.{verb}" for verb in ("request", "agree", "revoke")]
    assert (await ask(linking)).status is AuthorisationStatus.REQUESTED


async def test_the_customer_refuses_and_may_be_asked_again(linking: Linking) -> None:
    """COL-5.11: REQUESTED -> REJECTED."""
    asked = await ask(linking)
    refused = await linking.do(linking.resale_person, lambda work: domain.reject(work, asked.id, reason="暂不需要"))
    assert (refused.status, refused.reason) == (AuthorisationStatus.REJECTED, "暂不需要")
    for deed in (
        lambda work: domain.agree(work, asked.id),
        lambda work: domain.revoke(work, asked.id, reason="改"),
    ):
        await linking.store.refused(linking.resale_person, TransitionNotAllowedError, deed)
    assert (await ask(linking)).id != asked.id


async def test_the_first_request_needs_the_commitment_letter(linking: Linking) -> None:
    """COL-5.11.2: accepted by an administrator, once a version."""
    manager = linking.pipeline.manager
    customer = linking.resale.id
    error = await linking.store.refused(
        linking.main, CommitmentNotAcceptedError, lambda work: domain.request(work, customer)
    )
    assert error.data() == {"newest": "2026-01"}
    first = await letter(linking)
    await linking.store.refused(
        manager, PermissionDeniedError, lambda work: domain.request(work, customer, accepting=first.id)
    )
    asked = await ask(linking, actor=linking.administrator)
    (accepted,) = await linking.every(PartnerCommitment)
    assert (accepted.agreement_id, accepted.accepted_by_name) == (first.id, "李强")
    await linking.do(linking.resale_person, lambda work: domain.reject(work, asked.id))
    # From now on whoever may ask does so without it, an account manager for his own customers too.
    asked = await linking.do(manager, lambda work: domain.request(work, customer))
    assert len(await linking.every(PartnerCommitment)) == 1
    await linking.do(linking.resale_person, lambda work: domain.reject(work, asked.id))
    linking.store.clock.forward(minutes=1)
    texts = {"title_zh": "承诺函", "title_en": "Letter", "content_zh": "新", "content_en": "New"}
    newer = await linking.do(
        linking.pipeline.operations,
        lambda work: agreement.publish(work, number="2026-02", kind=first.kind, **texts),
    )
    await linking.store.refused(manager, CommitmentNotAcceptedError, lambda work: domain.request(work, customer))
    await linking.store.refused(
        linking.main, AgreementOutdatedError, lambda work: domain.request(work, customer, accepting=first.id)
    )
    assert (await ask(linking)).commitment_id == newer.id
    # The letter is the partner's: no customer signs it, and it is no newer version of the notice.
    await linking.store.refused(
        linking.resale_person, AgreementNotForCustomersError, lambda work: agreement.sign(work, newer.id, ticked=True)
    )
    assert (await linking.do(operator_actor(), agreement.newest)).number == "2026-01"


async def test_only_a_resale_customer_is_asked_once_at_a_time_and_by_whom(linking: Linking) -> None:
    """COL-5.1, COL-5.11.1."""
    first = (await letter(linking)).id
    pipeline = linking.pipeline
    await linking.store.refused(
        linking.main,
        NotAResaleCustomerError,
        lambda work: domain.request(work, linking.referral.id, accepting=first),
    )
    for actor, error in (
        (pipeline.other_main, NotFoundError),
        (pipeline.operations, PermissionDeniedError),
        (linking.resale_person, PermissionDeniedError),
    ):
        await linking.store.refused(actor, error, lambda work: domain.request(work, linking.resale.id, accepting=first))
    asked = await ask(linking)
    await linking.store.refused(
        linking.main, AuthorisationOpenError, lambda work: domain.request(work, linking.resale.id)
    )
    for actor, refused in (
        (linking.main, PermissionDeniedError),
        (pipeline.operations, PermissionDeniedError),
        (linking.referral_person, NotFoundError),
    ):
        await linking.store.refused(actor, refused, lambda work: domain.agree(work, asked.id))
    await linking.store.refused(
        linking.resale_person, StaleVersionError, lambda work: domain.agree(work, asked.id, version=9)
    )


async def test_codes_are_asked_of_the_customer_where_its_partner_has_them(linking: Linking) -> None:
    """COL-5.11.2, COL-5.12: agreeing to and cancelling authorisation."""
    asked = await ask(linking)
    await linking.switch_codes_on()
    person = linking.resale_person
    await linking.store.refused(person, VerificationCodeRequiredError, lambda work: domain.agree(work, asked.id))
    code = await linking.code(person, "authorisation.agree", asked)
    await linking.do(person, lambda work: domain.agree(work, asked.id, verification_code=code))
    await linking.store.refused(
        person, VerificationCodeRequiredError, lambda work: domain.revoke(work, asked.id, reason="改")
    )
    linking.store.clock.forward(minutes=2)
    code = await linking.code(person, "authorisation.revoke", asked)
    await linking.do(person, lambda work: domain.revoke(work, asked.id, reason="改", verification_code=code))


@pytest.mark.parametrize("agreed", [False, True])
async def test_it_ends_on_un_linking(linking: Linking, agreed: bool) -> None:
    """COL-5.11: whether it was given or only asked for; the customer that un-links needs no right to end it."""
    asked = await ask(linking)
    if agreed:
        await linking.do(linking.resale_person, lambda work: domain.agree(work, asked.id))
    request = await linking.unlink(linking.resale)
    await linking.do(linking.resale_person, lambda work: association_request.agree(work, request.id))
    ended = await linking.again(asked)
    assert (ended.status, ended.ended_at) == (AuthorisationStatus.ENDED, linking.store.clock.now)
    line = next(line for line in await linking.store.journal() if line.operation == "CustomerAuthorisation.end")
    assert line.actor_name == "系统 System"
    assert await section(linking, linking.resale_person) is None


async def test_a_customer_tells_by_the_section_whether_it_is_in_resale(linking: Linking) -> None:
    """COL-5.1, COL-5.11: a referral customer sees none, and nobody else does."""
    assert await section(linking, linking.referral_person) is None
    assert await section(linking, linking.main) is None
    assert await section(linking, linking.resale_person) is not None


async def test_two_who_ask_and_two_who_answer_at_one_moment(linking: Linking) -> None:
    """COL-5.11."""
    outcomes = await together(
        *(ask(linking, actor=actor) for actor in (linking.main, linking.administrator, linking.main))
    )
    assert went(outcomes) == 1
    (asked,) = await linking.every(CustomerAuthorisation)
    person = linking.resale_person
    outcomes = await together(
        linking.do(person, lambda work: domain.agree(work, asked.id)),
        linking.do(person, lambda work: domain.reject(work, asked.id)),
    )
    assert went(outcomes) == 1
    assert len(await linking.every(PartnerCommitment)) == 1
