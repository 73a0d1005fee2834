"""Verification codes: who has them asked for, how one is sent, tried, used up and kept secret."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api import timers
from api.mail import Post, dispatch
from api.settings import Settings
from models import association_request as requests
from models import verification as domain
from models.association_request import AssociationRequest, UnderstandingNotTickedError
from models.identity import Account, operator_actor
from models.kernel.errors import (
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ValueNotAllowedError,
)
from models.kernel.values import new_id
from models.kernel.work import Work
from models.notice import MailState, OutgoingMail
from models.partner import PartnerKind, PartnerOrganisation
from models.verification import VerificationCode
from tests.linking import RESALE, WHY, Linking, linking, pipeline
from tests.test_at_one_moment import together, went
from tests.test_invitation_graphql import Sent

__all__ = ["linking", "pipeline"]


def wrong(code: str) -> str:
    """Give a code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06}"


async def test_codes_are_off_until_the_administrator_switches_them_on_and_that_is_journalled(linking: Linking) -> None:
    """COL-5.12, COL-5.4.10."""
    await linking.unlink(linking.referral)
    for actor in (linking.pipeline.manager, linking.referral_person, linking.pipeline.operations):
        await linking.store.refused(actor, PermissionDeniedError, lambda work: domain.switch(work, enabled=True))
    await linking.switch_codes_on(linking.administrator)
    refused = domain.VerificationCodeRequiredError
    await linking.store.refused(
        linking.main, refused, lambda work: requests.unlink(work, linking.resale.id, reason=WHY, understood=True)
    )
    await linking.do(linking.main, lambda work: domain.switch(work, enabled=False))
    await linking.unlink(linking.resale)
    told = [line.changes for line in await linking.store.journal() if line.operation == "verification.switch"]
    assert told == [{"codes": {"from": False, "to": True}}, {"codes": {"from": True, "to": False}}]


@pytest.mark.parametrize("kind", [PartnerKind.RESELLER, PartnerKind.DISTRIBUTOR])
async def test_a_reseller_has_no_codes_and_a_distributor_none_for_unlinking(
    linking: Linking, kind: PartnerKind
) -> None:
    """COL-5.4.10, COL-5.12: un-link and switch ask solution providers only."""

    async def become(work: Any) -> None:
        (await work.get(PartnerOrganisation, linking.pipeline.cast.huaqi.id)).kind = kind

    await linking.do(linking.pipeline.operations, become)
    if kind is PartnerKind.RESELLER:
        error = await linking.store.refused(
            linking.main, domain.VerificationNotOfferedError, lambda work: domain.switch(work, enabled=True)
        )
        assert error.facts == {"kind": PartnerKind.RESELLER}
    else:
        await linking.switch_codes_on()
        assert not dict(await linking.do(linking.main, named_operations))["association.unlink"]
    await linking.unlink(linking.referral)


async def named_operations(work: Any) -> list[tuple[str, bool]]:
    return [(operation.code, needed) for operation, needed in await domain.operations_of(work)]


async def test_a_code_serves_once_for_one_person_one_operation_and_one_thing(linking: Linking) -> None:
    """COL-5.12."""
    await linking.switch_codes_on()
    code = await linking.code(linking.administrator, "association.unlink", linking.referral)
    assert len(code) == 6
    assert code.isdigit()
    for actor, deed in (
        (linking.main, lambda work: unlink(work, linking.referral, code)),
        (linking.administrator, lambda work: unlink(work, linking.resale, code)),
        (
            linking.administrator,
            lambda work: requests.switch(
                work, linking.referral.id, RESALE, reason=WHY, understood=True, verification_code=code
            ),
        ),
    ):
        await linking.store.refused(actor, domain.VerificationCodeEndedError, deed)
    request = await linking.unlink(linking.referral, verification_code=f" {code} ")
    (row,) = await linking.every(VerificationCode)
    assert (row.tries, row.spent_at) == (1, linking.store.clock.now)
    await linking.do(linking.main, lambda work: requests.withdraw(work, request.id))
    linking.store.clock.forward(days=100)
    await linking.store.refused(
        linking.administrator, domain.VerificationCodeEndedError, lambda work: unlink(work, linking.referral, code)
    )


async def unlink(work: Any, customer: Any, code: str | None, **given: Any) -> AssociationRequest:
    return await requests.unlink(
        work, customer.id, **{"reason": WHY, "understood": True, **given}, verification_code=code
    )


async def test_tries_are_counted_although_the_deed_is_refused_and_the_sixth_is_in_vain(linking: Linking) -> None:
    """COL-5.12: a right code comes too late after five wrong ones."""
    await linking.switch_codes_on()
    code = await linking.code(linking.administrator, "association.unlink", linking.referral)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(domain.VerificationCodeWrongError) as raised:
            await linking.unlink(linking.referral, verification_code=wrong(code))
        assert raised.value.facts == {"left": left}
    await linking.store.refused(
        linking.administrator, domain.VerificationCodeEndedError, lambda work: unlink(work, linking.referral, code)
    )
    assert (await linking.every(VerificationCode))[0].tries == 5
    assert not await linking.every(AssociationRequest)
    assert (await linking.store.operations()).count("verification.fail") == 5


async def test_guesses_at_one_moment_share_the_tries_of_one_code(linking: Linking) -> None:
    """COL-5.12."""
    await linking.switch_codes_on()
    code = await linking.code(linking.administrator, "association.unlink", linking.referral)
    guesses = [f"{(int(code) + step) % 10**6:06}" for step in range(1, 13)]
    outcomes = await together(
        *(
            linking.do(linking.administrator, lambda work, guess=guess: unlink(work, linking.referral, guess))
            for guess in guesses
        )
    )
    told = [type(one) for one in outcomes]
    assert told.count(domain.VerificationCodeWrongError) == 5
    assert told.count(domain.VerificationCodeEndedError) == 7
    assert (await linking.every(VerificationCode))[0].tries == 5


async def test_one_code_given_twice_at_one_moment_serves_once(linking: Linking) -> None:
    """COL-5.12."""
    await linking.switch_codes_on()
    request = await linking.ask(linking.referral_person)
    code = await linking.code(linking.administrator, "association.answer_customer", request)
    outcomes = await together(
        *(
            linking.do(linking.administrator, lambda work: requests.approve(work, request.id, verification_code=code))
            for _ in range(3)
        )
    )
    assert went(outcomes) == 1
    (row,) = await linking.every(VerificationCode)
    assert row.spent_at is not None


async def test_a_code_is_kept_for_another_try_where_something_else_is_wrong(linking: Linking) -> None:
    await linking.switch_codes_on()
    code = await linking.code(linking.administrator, "association.unlink", linking.referral)
    with pytest.raises((UnderstandingNotTickedError, InvalidInputError)):
        await linking.unlink(linking.referral, verification_code=code, understood=False)
    await linking.unlink(linking.referral, verification_code=code)


async def test_a_code_ends_after_five_minutes_and_with_the_next_one(linking: Linking) -> None:
    """COL-5.12."""
    await linking.switch_codes_on()
    operation, store = "association.unlink", linking.store
    first = await linking.code(linking.administrator, operation, linking.referral)
    store.clock.forward(seconds=61)
    second = await linking.code(linking.administrator, operation, linking.referral)
    assert first != second
    with pytest.raises(domain.VerificationCodeWrongError):
        await linking.unlink(linking.referral, verification_code=first)
    store.clock.forward(minutes=5)
    await store.refused(
        linking.administrator, domain.VerificationCodeEndedError, lambda work: unlink(work, linking.referral, second)
    )


async def test_codes_are_not_sent_without_end(linking: Linking) -> None:
    await linking.switch_codes_on()

    async def ask(work: Any) -> VerificationCode:
        return await domain.request_code(work, "association.unlink", linking.referral.id)

    outcomes = await together(*(linking.do(linking.main, ask) for _ in range(4)))
    assert went(outcomes) == 1
    error = await linking.store.refused(linking.main, domain.VerificationCodeTooSoonError, ask)
    assert error.facts == {"seconds": 61} or error.facts == {"seconds": 60}
    for _ in range(9):
        linking.store.clock.forward(seconds=61)
        await linking.do(linking.main, ask)
    linking.store.clock.forward(seconds=61)
    await linking.store.refused(linking.main, domain.TooManyVerificationCodesError, ask)
    linking.store.clock.forward(hours=1)
    await linking.do(linking.main, ask)


async def test_who_may_not_do_it_gets_no_code_for_it(linking: Linking) -> None:
    store, ask = linking.store, domain.request_code
    main = linking.main
    await store.refused(
        main, domain.VerificationNotNeededError, lambda work: ask(work, "association.unlink", linking.referral.id)
    )
    await linking.switch_codes_on()
    await store.refused(main, ValueNotAllowedError, lambda work: ask(work, "association.marry", linking.referral.id))
    for actor in (linking.pipeline.manager, linking.referral_person, linking.pipeline.operations):
        await store.refused(
            actor, PermissionDeniedError, lambda work: ask(work, "association.unlink", linking.referral.id)
        )
    await store.refused(
        linking.pipeline.other_main, NotFoundError, lambda work: ask(work, "association.unlink", linking.referral.id)
    )


async def test_a_tool_and_a_person_without_a_mailbox_get_no_code_and_so_do_nothing_that_needs_one(
    linking: Linking,
) -> None:
    """COL-5.4.10: a code goes to the person who acts, and a tool has no mailbox."""
    await linking.switch_codes_on()
    tool = replace(linking.main, client_id=new_id())

    async def without_address(work: Work) -> None:
        (await work.session.get_one(Account, linking.administrator.id)).email = None

    await linking.do(operator_actor(), without_address)
    for actor in (tool, linking.administrator):
        await linking.store.refused(
            actor,
            domain.NoAddressForCodesError,
            lambda work: domain.request_code(work, "association.unlink", linking.referral.id),
        )
        await linking.store.refused(
            actor, domain.VerificationCodeRequiredError, lambda work: unlink(work, linking.referral, None)
        )
        await linking.store.refused(
            actor, domain.VerificationCodeEndedError, lambda work: unlink(work, linking.referral, "123456")
        )


async def test_the_customer_answers_with_a_code_where_its_partner_has_them(linking: Linking) -> None:
    """COL-5.12: the customer's operations."""
    request = await linking.unlink(linking.referral)
    await linking.switch_codes_on()
    person, operation = linking.referral_person, "association.answer_partner"
    assert dict(await linking.do(person, named_operations))[operation]
    await linking.store.refused(
        person, domain.VerificationCodeRequiredError, lambda work: requests.agree(work, request.id)
    )
    await linking.store.refused(
        person, domain.VerificationCodeRequiredError, lambda work: requests.refuse_request(work, request.id)
    )
    code = await linking.code(person, operation, request)
    await linking.do(person, lambda work: requests.agree(work, request.id, verification_code=code))


async def test_the_code_stands_in_the_mail_and_nowhere_else(
    linking: Linking, capfd: pytest.CaptureFixture[str]
) -> None:
    """COL-5.12: no row, no journal line and no log holds it."""
    settings = Settings()
    linking.store.journal_key = timers_key(settings)
    await linking.switch_codes_on()
    code = await linking.code(linking.administrator, "association.unlink", linking.referral)
    sent = Sent()
    post = Post(Post.of(settings).desk, sent, 10)
    await dispatch(linking.store, post, clock=linking.store.clock)
    (mail,) = [one for one in sent.mails if "验证码" in str(one["Subject"])]
    assert mail["To"].addresses[0].addr_spec == "li.qiang@partner.example"
    assert code not in str(mail["Subject"])
    for part in ("plain", "html"):
        assert code in mail.get_body((part,)).get_content()
    with pytest.raises(domain.VerificationCodeWrongError) as refused:
        await linking.unlink(linking.referral, verification_code=wrong(code))
    await linking.unlink(linking.referral, verification_code=code)
    rows = await linking.store.everything()
    texts = {str(value) for table in rows.values() for row in table for value in row.values() if len(str(value)) < 30}
    assert code not in texts
    assert not any(code in str(row) for row in rows["JournalLine"])
    assert code not in str(refused.value.data())
    assert code not in str(capfd.readouterr())


def timers_key(settings: Settings) -> bytes:
    from api.identity import journal_key

    return journal_key(settings)


async def test_a_code_that_cannot_be_used_any_more_is_not_mailed_and_old_ones_are_forgotten(linking: Linking) -> None:
    await linking.switch_codes_on()
    await linking.code(linking.administrator, "association.unlink", linking.referral)
    linking.store.clock.forward(minutes=6)
    sent = Sent()
    await dispatch(linking.store, Post(Post.of(Settings()).desk, sent, 10), clock=linking.store.clock)
    assert not sent.mails
    assert [one.state for one in await linking.every(OutgoingMail, letter=domain.LETTER)] == [MailState.DROPPED]
    linking.store.clock.forward(days=2)
    await timers.tidy(linking.store, clock=linking.store.clock)
    assert not await linking.every(VerificationCode)
