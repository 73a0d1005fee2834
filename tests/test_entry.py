"""Partner entry: invited, verified, registered in time, agreed, checked by rule or by hand, joined."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlmodel import select

from models import entry as domain
from models.customer import EmailInvalidError, FullWidthDigitsError, MobileInvalidError
from models.entry import (
    INVITEE,
    EntryCode,
    EntryLapsedError,
    EntryLinkExpiredError,
    EntryLinkForgedError,
    EntryLinkUsedError,
    EntryNotVerifiedError,
    EntrySentTooOftenError,
    EntryStatus,
    EntryWithdrawnError,
    InvitedToEnterAlreadyError,
    MobileRegisteredError,
    PartnerEntry,
)
from models.identity import Account, LoginTakenError, Role, operator_actor
from models.kernel.errors import (
    DomainError,
    InvalidInputError,
    PermissionDeniedError,
    TransitionNotAllowedError,
)
from models.kernel.record import record_types
from models.kernel.values import new_id
from models.notice import OutgoingMail
from models.partner import (
    DistributorNotAllowedError,
    PartnerKind,
    PartnerOrganisation,
    Path,
    create_partner,
)
from models.rights import PRESETS, Preset, Right
from models.settings import set_policy
from models.verification import (
    TooManyVerificationCodesError,
    VerificationCodeEndedError,
    VerificationCodeTooSoonError,
    VerificationCodeWrongError,
)
from tests.entering import (
    EMAIL,
    FORM,
    INVITED,
    MOBILE,
    TERMS,
    Entering,
    cast,
    codes_of,
    entering,
    fired,
    store,
)

__all__ = ["cast", "entering", "store"]
S = EntryStatus


# ------------------------------------------------------------------------------------------------------------- inviting


async def test_a_company_is_invited_by_mail_and_its_pdm_is_who_invites(entering):
    """PL-16: one mail in the outbox, one line in the journal, a link for 15 days."""
    entry = await entering.invite()
    assert (entry.status, entry.kind, entry.pdm_id) == (S.INVITED, PartnerKind.SOLUTION_PROVIDER, entering.pdm.id)
    assert entry.valid_until == entry.due_at == entering.store.clock.now + dt.timedelta(days=15)
    (mail,) = await entering.every(OutgoingMail, letter="entry_invitation")
    assert (mail.receiver_id, mail.subject_id) == (entering.pdm.id, entry.id)
    line = (await entering.store.journal())[-1]
    assert line.operation == "entry.invite"
    assert INVITED["email"] not in str(line.changes)


async def test_a_mail_is_shown_before_it_is_sent(entering):
    """PL-16: in both languages; nothing is sent."""
    words = await entering.do(entering.pdm, lambda work: domain.preview(work, INVITED))
    assert words.subject == "华为云邀请贵公司成为合作伙伴"
    assert any("24 小时" in one for one in words.paragraphs)
    given = {**INVITED, "language": "en", "path": Path.LEARNING}
    english = await entering.do(entering.pdm, lambda work: domain.preview(work, given))
    assert "Learning and enablement" in " ".join(english.paragraphs)
    assert await entering.every(PartnerEntry) == []
    assert await entering.every(OutgoingMail) == []


def test_nobody_but_the_pdm_and_operations_invites():
    """PL-16: as invitations to a path, those to enter are theirs; a distributor invites no reseller."""
    assert {one for one in Preset if Right.ENTRY_INVITE in PRESETS[one].permissions} == {Preset.PDM, Preset.ECO}


async def test_a_partner_invites_nobody(entering):
    """PL-16"""
    for deed in (
        lambda work: domain.invite(work, INVITED),
        lambda work: domain.preview(work, INVITED),
    ):
        await entering.store.refused(entering.main, PermissionDeniedError, deed)
        await entering.store.refused(entering.auditor, PermissionDeniedError, deed)


MISFITS: tuple[tuple[dict[str, Any], set[tuple[str, str]]], ...] = (
    ({"company_name": " ", "email": ""}, {("companyName", "FIELD_REQUIRED"), ("email", "FIELD_REQUIRED")}),
    ({"company_name": "晨", "email": "office"}, {("companyName", "LENGTH"), ("email", "EMAIL_INVALID")}),
    ({"language": "fr"}, {("language", "VALUE_NOT_ALLOWED")}),
    ({"path": Path.DISTRIBUTOR}, {("path", "VALUE_NOT_ALLOWED")}),
    ({"kind": PartnerKind.RESELLER}, {("distributorId", "FIELD_REQUIRED")}),
    ({"distributor_id": new_id()}, {("distributorId", "DISTRIBUTOR_NOT_ALLOWED")}),
)


async def test_an_invitation_that_does_not_fit_is_refused(entering):
    """PL-02, PL-13, PL-16: everything at once."""
    for changes, refusals in MISFITS:
        error = await entering.store.refused(
            entering.operations,
            DomainError,
            lambda work: domain.invite(work, {**INVITED, **changes}),  # noqa: B023
        )
        assert codes_of(error) == refusals


async def test_a_reseller_is_invited_under_its_distributor(entering):
    """PL-13"""
    distributor = await entering.do(
        operator_actor(), lambda work: create_partner(work, name="华南总经销有限公司", kind=PartnerKind.DISTRIBUTOR)
    )
    given = {"kind": PartnerKind.RESELLER, "distributor_id": distributor.id}
    await entering.store.refused(
        entering.pdm, DistributorNotAllowedError, lambda work: domain.invite(work, {**INVITED, **given})
    )
    entry, _ = await entering.agreed(await entering.invite(entering.operations, **given))
    await entering.submit(entry, await entering.store.actor(await entering.account(entry)))
    await entering.decide(entry, "approve")
    partner = (await entering.every(PartnerOrganisation, name=FORM["company_name"]))[0]
    assert (partner.kind, partner.distributor_id, partner.pdm_id) == (PartnerKind.RESELLER, distributor.id, None)


async def test_an_address_is_invited_once_at_a_time_and_written_to_five_times(entering):
    """PL-16"""
    entry = await entering.invite()
    await entering.store.refused(
        entering.operations, InvitedToEnterAlreadyError, lambda work: domain.invite(work, INVITED)
    )
    for _ in range(4):
        await entering.do(entering.pdm, lambda work: domain.resend(work, entry.id))
    assert len(await entering.every(OutgoingMail, letter="entry_invitation")) == 5
    error = await entering.store.refused(
        entering.pdm, EntrySentTooOftenError, lambda work: domain.resend(work, entry.id)
    )
    assert error.data() == {"maximum": 5}
    await entering.do(entering.pdm, lambda work: domain.withdraw(work, entry.id))
    await entering.store.refused(entering.pdm, TransitionNotAllowedError, lambda work: domain.resend(work, entry.id))
    assert (await entering.invite()).status is S.INVITED


# ------------------------------------------------------------------------------------------------------------- the link


def test_a_link_or_a_proof_that_was_not_made_here_is_refused():
    """PL-16"""
    id, until = new_id(), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert TERMS.read(TERMS.link(id, until)) == id
    for text in ("", "abc", TERMS.token(id, until)[:-2], "x" * 2000, TERMS.proof(id, until)):
        with pytest.raises(EntryLinkForgedError):
            TERMS.read(text)
    assert TERMS.verified(TERMS.proof(id, until), until - dt.timedelta(seconds=1)) == id
    for text, now in ((TERMS.proof(id, until), until), (TERMS.token(id, until), until - dt.timedelta(days=1))):
        with pytest.raises(EntryNotVerifiedError):
            TERMS.verified(text, now)


async def at(entering: Entering, status: EntryStatus) -> PartnerEntry:
    """Bring an entry to where its link serves no more."""
    entry = await entering.invite()
    if status is S.WITHDRAWN:
        await entering.do(entering.pdm, lambda work: domain.withdraw(work, entry.id))
    elif status is S.EXPIRED:
        entering.store.clock.forward(days=15)
    elif status is S.LAPSED:
        await entering.verified(entry)
        entering.store.clock.forward(hours=24)
    elif status is S.REGISTERED:
        await entering.registered(entry)
    return entry


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (S.WITHDRAWN, EntryWithdrawnError),
        (S.EXPIRED, EntryLinkExpiredError),
        (S.LAPSED, EntryLapsedError),
        (S.REGISTERED, EntryLinkUsedError),
    ],
)
async def test_a_link_that_is_over_does_nothing_and_says_why(entering, status, refusal):
    """PL-16: expired, lapsed, used and withdrawn each have a refusal of their own, before and after the timer."""
    entry = await at(entering, status)
    for by_timer in (False, True):
        if by_timer:
            assert await fired(entering, entry) == {S.EXPIRED: "expire", S.LAPSED: "lapse"}.get(status)
            assert await entering.status(entry) is status
        for deed in (
            lambda work: domain.card(work, entry.id),
            lambda work: domain.request_code(work, entry.id, mobile=MOBILE, email=EMAIL),
            lambda work: domain.verify(work, entry.id, "123456"),
        ):
            await entering.store.refused(INVITEE, refusal, deed)
        before = await entering.store.everything()
        with pytest.raises(refusal):
            await entering.register(entry, new_id(), login="another.login")
        assert await entering.store.everything() == before


async def test_an_unknown_entry_is_as_a_forged_link(entering):
    """PL-16"""
    await entering.store.refused(INVITEE, EntryLinkForgedError, lambda work: domain.card(work, new_id()))


async def test_opening_is_remembered_once(entering):
    """PL-16"""
    entry = await entering.invite()
    opened = await entering.open(entry)
    assert (opened.status, opened.opened_at) == (S.LINK_OPENED, entering.store.clock.now)
    entering.store.clock.forward(hours=1)
    again = await entering.open(entry)
    assert again.opened_at == opened.opened_at
    assert (await entering.store.operations()).count("PartnerEntry.open") == 1


# ----------------------------------------------------------------------------------------------------- the verification


@pytest.mark.parametrize(
    ("mobile", "email", "refusals"),
    [
        ("", "", {("mobile", "FIELD_REQUIRED"), ("email", "FIELD_REQUIRED")}),
        ("１３９１２３４０００１", "a@", {("mobile", FullWidthDigitsError.code), ("email", EmailInvalidError.code)}),
        ("02512345678", EMAIL, {("mobile", MobileInvalidError.code)}),
    ],
)
async def test_whoever_cannot_be_reached_gets_no_code(entering, mobile, email, refusals):
    """PL-16: everything at once."""
    entry = await entering.invite()
    await entering.open(entry)
    error = await entering.store.refused(
        INVITEE, DomainError, lambda work: domain.request_code(work, entry.id, mobile=mobile, email=email)
    )
    assert codes_of(error) == refusals


async def test_a_code_is_kept_nowhere_and_its_mail_goes_to_who_asked(entering):
    """PL-16"""
    entry = await entering.invite()
    code = await entering.ask(entry, mobile=f"+86 {MOBILE}")
    digits = entering.digits(code)
    assert code.mobile == MOBILE
    assert digits not in str(await entering.store.everything())
    (mail,) = await entering.every(OutgoingMail, letter="entry_code")
    assert mail.subject_id == code.id
    assert MOBILE not in str([line.changes for line in await entering.store.journal()])


async def test_codes_are_asked_for_one_a_minute_and_ten_an_hour(entering):
    """PL-16"""
    entry = await entering.invite()

    def asks(work: Any) -> Any:
        return domain.request_code(work, entry.id, mobile=MOBILE, email=EMAIL)

    for _ in range(10):
        await entering.do(INVITEE, asks)
        error = await entering.store.refused(INVITEE, VerificationCodeTooSoonError, asks)
        assert error.data() == {"seconds": 60}
        entering.store.clock.forward(seconds=61)
    await entering.store.refused(INVITEE, TooManyVerificationCodesError, asks)
    assert sum(one.ended_at is None for one in await entering.every(EntryCode)) == 1


async def test_from_one_address_codes_are_not_asked_for_without_end(entering):
    """PL-16"""
    one, other = await entering.invite(), await entering.invite(email="other@chenxi.example")
    await entering.do(operator_actor(), lambda work: set_policy(work, "entry.codes_per_address", 1))
    await entering.ask(one)
    await entering.open(other)
    await entering.store.refused(
        INVITEE,
        TooManyVerificationCodesError,
        lambda work: domain.request_code(work, other.id, mobile=MOBILE, email=EMAIL, address="203.0.113.7"),
    )


async def test_a_wrong_code_is_counted_and_the_fifth_ends_it(entering):
    """PL-16: tries are kept although each is refused."""
    entry = await entering.invite()
    code = await entering.ask(entry)
    wrong = f"{(int(entering.digits(code)) + 1) % 10**6:06}"
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(VerificationCodeWrongError) as raised:
            await entering.do(INVITEE, lambda work: domain.verify(work, entry.id, wrong))
        assert raised.value.data() == {"left": left}
    right = entering.digits(code)
    with pytest.raises(VerificationCodeEndedError):
        await entering.do(INVITEE, lambda work: domain.verify(work, entry.id, right))
    assert await entering.status(entry) is S.LINK_OPENED
    assert right not in str([line.changes for line in await entering.store.journal()])


async def test_a_code_holds_five_minutes_and_is_replaced_by_the_next(entering):
    """PL-16"""
    entry = await entering.invite()
    first = await entering.ask(entry)
    entering.store.clock.forward(minutes=2)
    second = await entering.ask(entry)
    with pytest.raises((VerificationCodeWrongError, VerificationCodeEndedError)):
        await entering.verify(entry, first)
    entering.store.clock.forward(minutes=5)
    with pytest.raises(VerificationCodeEndedError):
        await entering.verify(entry, second)


async def test_a_code_is_read_in_full_width_and_with_spaces(entering):
    """PL-16"""
    entry = await entering.invite()
    digits = entering.digits(await entering.ask(entry))
    wide = " ".join(chr(ord(one) + 0xFEE0) for one in digits)
    await entering.do(INVITEE, lambda work: domain.verify(work, entry.id, wide))
    found = await entering.again(entry)
    assert (found.status, found.mobile, found.email) == (S.VERIFIED, MOBILE, EMAIL)
    assert found.finish_by == found.due_at == entering.store.clock.now + dt.timedelta(hours=24)


async def test_a_registered_number_is_told_to_nobody_before_he_gives_the_code_back(entering):
    """PL-16: asking is answered alike for a number with an account and one without."""
    taken = await entering.again(entering.cast.wang_main)

    async def number(work: Any) -> None:
        (await work.get(Account, taken.id)).mobile = f"+86 {MOBILE}"

    await entering.do(operator_actor(), number)
    entry = await entering.invite()
    code = await entering.ask(entry)
    digits = entering.digits(code)
    with pytest.raises(MobileRegisteredError) as raised:
        await entering.do(INVITEE, lambda work: domain.verify(work, entry.id, digits))
    assert "王芳" not in raised.value.message("zh")
    assert await entering.status(entry) is S.LINK_OPENED
    entering.store.clock.forward(minutes=2)
    await entering.verified(entry, mobile="13912340002")
    assert await entering.status(entry) is S.VERIFIED


async def test_who_was_verified_before_gets_no_more_time(entering):
    """PL-16: 24 hours from the first verification, and never longer than the link."""
    entry = await entering.invite()
    await entering.verified(entry)
    until = (await entering.again(entry)).finish_by
    entering.store.clock.forward(hours=20)
    await entering.verified(entry)
    assert (await entering.again(entry)).finish_by == until
    late = await entering.invite(email="late@chenxi.example")
    entering.store.clock.forward(days=14, hours=12)
    await entering.verified(late, mobile="13912340009")
    assert (await entering.again(late)).finish_by == late.valid_until


# ----------------------------------------------------------------------------------------------------- the registration


async def test_an_account_is_registered_that_may_fill_in_its_entry_and_nothing_else(entering):
    """PL-16: no other record of anybody is seen with it."""
    entry, applicant = await entering.registered()
    assert (entry.status, entry.mobile, entry.due_at) == (S.REGISTERED, MOBILE, None)
    account = await entering.account(entry)
    assert (account.login, account.partner_id, account.is_main, account.mobile, account.email) == (
        *("qian.yu", None, False),
        *(MOBILE, EMAIL),
    )
    assert applicant.permissions == {Right.ENTRY_FILL}
    seen = {}
    async with entering.store.reader() as session:
        for model in record_types().values():
            if hasattr(model, "__table__"):
                query = select(model).where(model.visible_to(applicant))
                if found := list((await session.execute(query)).scalars()):
                    seen[model.__name__] = found
    assert [one.id for one in seen.pop("Account")] == [applicant.id]
    assert [one.id for one in seen.pop("PartnerEntry")] == [entry.id]
    assert set(seen) <= {"AgreementVersion", "CalendarDay", "JournalLine"}, seen
    assert {line.actor_id for line in seen.get("JournalLine", [])} <= {applicant.id}
    assert Role.__name__ not in seen


async def test_everything_that_stands_against_registering_is_told_at_once(entering):
    """PL-16"""
    entry = await entering.invite()
    code = await entering.verified(entry)
    with pytest.raises(InvalidInputError) as raised:
        await entering.register(entry, code, login="wang.fang", name=" ", password="short")
    assert codes_of(raised.value) == {("login", "LOGIN_TAKEN"), ("name", "FIELD_REQUIRED"), ("password", "LENGTH")}
    assert await entering.status(entry) is S.VERIFIED
    with pytest.raises(LoginTakenError):
        await entering.register(entry, code, login=" WANG.fang")
    await entering.register(entry, code)


async def test_registering_needs_the_verification_of_this_very_link(entering):
    """PL-16"""
    one, other = await entering.invite(), await entering.invite(email="other@chenxi.example")
    of_other = await entering.verified(other, mobile="13912340002")
    asked = await entering.ask(one)
    await entering.verify(one, asked)
    unverified = (await entering.every(EntryCode, entry_id=other.id))[0]
    for code in (of_other, new_id()):
        with pytest.raises(EntryNotVerifiedError):
            await entering.register(one, code)
    assert unverified.verified_at is not None
    third = await entering.invite(email="third@chenxi.example")
    with pytest.raises(EntryNotVerifiedError):
        await entering.register(third, (await entering.ask(third, mobile="13912340003")).id)


async def test_logins_cannot_be_tried_without_end(entering):
    """PL-16: after twenty tries one is verified anew."""
    entry = await entering.invite()
    code = await entering.verified(entry)
    await entering.do(operator_actor(), lambda work: set_policy(work, "entry.most_registrations", 2))
    for _ in range(2):
        with pytest.raises(LoginTakenError):
            await entering.register(entry, code, login="wang.fang")
    with pytest.raises(EntryNotVerifiedError):
        await entering.register(entry, code)
    entering.store.clock.forward(minutes=1)
    await entering.register(entry, await entering.verified(entry))


async def test_a_link_registers_one_account_however_many_come_at_once(entering):
    """PL-16: of several at one moment one succeeds, and the rest hear that the link is used."""
    entry = await entering.invite()
    code = await entering.verified(entry)
    done = await asyncio.gather(
        *(entering.register(entry, code, login=f"qian.yu{place}") for place in range(3)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["EntryLinkUsedError", "EntryLinkUsedError", "PartnerEntry"]
    assert len([one for one in await entering.every(Account) if one.login.startswith("qian.yu")]) == 1


async def test_a_number_registers_one_account_however_many_links_it_has(entering):
    """PL-16: two links, one mobile number, at one moment."""
    entries = [await entering.invite(), await entering.invite(email="other@chenxi.example")]
    codes = [await entering.verified(one) for one in entries]
    done = await asyncio.gather(
        *(
            entering.register(one, code, login=f"qian.yu{place}")
            for place, (one, code) in enumerate(zip(entries, codes, strict=True))
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["MobileRegisteredError", "PartnerEntry"]
