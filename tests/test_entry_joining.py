"""Joining as a partner: terms, entry information, the check by rule or by hand, and what follows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from models import agreement
from models import entry as domain
from models.agreement import AgreementKind
from models.approval import AlreadyDecidedError, Approval, ApprovalState, ClaimedByAnotherError, claim
from models.customer import EmailInvalidError
from models.entry import (
    INVITEE,
    EntryCode,
    EntryConcern,
    EntryInHandError,
    EntryStatus,
    PartnerEntry,
    PathByInvitationError,
    TermsAcceptedAlreadyError,
    TermsNotTickedError,
    TermsOutdatedError,
)
from models.entry.checks import codes_alike
from models.file import Attachment, FilesFixedError
from models.identity import Account, actor_of, operator_actor, sign_in
from models.identity.sign_in import Credentials
from models.kernel.access import system_actor
from models.kernel.errors import (
    DomainError,
    FieldNotWritableError,
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    StaleVersionError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
)
from models.kernel.values import credit_code_for, new_id
from models.notice import Notice
from models.partner import (
    CreditCodeInvalidError,
    CreditCodeTakenError,
    PartnerKind,
    PartnerOrganisation,
    PartnerPath,
    Path,
    PathStage,
    create_partner,
)
from models.rights import PRESETS, Preset
from tests.entering import (
    FORM,
    REGISTRATION,
    cast,
    codes_of,
    entering,
    fired,
    store,
)

__all__ = ["cast", "entering", "store"]
S = EntryStatus


# ------------------------------------------------------------------------------------------------ terms and information


async def test_the_newest_terms_are_ticked_first(entering):
    """PL-16"""
    entry, actor = await entering.registered()
    terms = await entering.terms()

    def accepts(id: Any, *, ticked: bool = True, version: int = entry.version) -> Any:
        return lambda work: domain.accept_terms(work, entry.id, id, ticked=ticked, version=version)

    await entering.store.refused(actor, TermsNotTickedError, accepts(terms.id, ticked=False))
    await entering.store.refused(actor, TermsOutdatedError, accepts(new_id()))
    await entering.store.refused(actor, StaleVersionError, accepts(terms.id, version=entry.version + 1))
    await entering.store.refused(entering.main, NotFoundError, accepts(terms.id))
    await entering.store.refused(entering.pdm, PermissionDeniedError, accepts(terms.id))
    await entering.do(actor, accepts(terms.id))
    found = await entering.again(entry)
    assert (found.status, found.terms_id) == (S.TERMS_ACCEPTED, terms.id)
    await entering.store.refused(actor, TermsAcceptedAlreadyError, accepts(terms.id, version=found.version))


async def test_new_terms_are_accepted_before_submitting(entering):
    """PL-16: nobody joins under an old version."""
    entry, actor = await entering.agreed()
    newer = await entering.do(
        entering.operations,
        lambda work: agreement.publish(
            work,
            number="2026-02",
            title_zh="合作伙伴服务条款",
            title_en="Partner service terms",
            content_zh="新条款",
            content_en="New terms",
            kind=AgreementKind.SERVICE_TERMS,
        ),
    )
    error = await entering.store.refused(
        actor, TermsOutdatedError, lambda work: domain.submit(work, entry.id, FORM, version=entry.version)
    )
    assert error.data() == {"newest": "2026-02"}
    needs = await entering.do(actor, lambda work: domain.needs_of(work, entry.id))
    assert (needs.next_step, needs.terms_id) == ("accept_terms", newer.id)
    await entering.do(
        actor, lambda work: domain.accept_terms(work, entry.id, newer.id, ticked=True, version=entry.version)
    )
    assert (await entering.submit(entry, actor)).status is S.REVIEWING


async def test_customers_do_not_sign_the_terms_of_partners(entering):
    """PL-16: nor does a customer's list of what it has to sign change."""
    terms = await entering.terms()
    newest = await entering.do(entering.operations, agreement.newest)
    assert newest.kind is AgreementKind.ASSOCIATION_NOTICE
    assert terms.kind is AgreementKind.SERVICE_TERMS


async def test_what_is_filled_in_is_kept_as_it_is_meant(entering):
    """PL-16: full-width characters and stray spaces; the journal does not tell of the contact."""
    entry, actor = await entering.agreed()
    wide = "".join(chr(ord(one) + 0xFEE0) for one in FORM["credit_code"].lower())
    given = {
        "credit_code": f" {wide} ",
        "company_name": "苏州晨曦云计算有限公司　",
        "city": " 苏州  市 ",
        "contact_name": "周 明",
    }
    await entering.do(actor, lambda work: domain.save(work, entry.id, given, version=entry.version))
    found = await entering.again(entry)
    assert (found.credit_code, found.company_name, found.city) == (FORM["credit_code"], FORM["company_name"], "苏州 市")
    line = (await entering.store.journal())[-1]
    assert (line.operation, "周 明" in str(line.changes)) == ("entry.save", False)
    needs = await entering.do(actor, lambda work: domain.needs_of(work, entry.id))
    assert (needs.missing, needs.next_step) == (["legalForm", "province", "path"], "submit")


WRONG: tuple[tuple[dict[str, Any], set[tuple[str, str]]], ...] = (
    (
        dict.fromkeys(FORM),
        {
            *(("companyName", "FIELD_REQUIRED"), ("creditCode", "FIELD_REQUIRED"), ("legalForm", "FIELD_REQUIRED")),
            *(("province", "FIELD_REQUIRED"), ("city", "FIELD_REQUIRED"), ("path", "FIELD_REQUIRED")),
            ("contactName", "FIELD_REQUIRED"),
        },
    ),
    (
        {
            "credit_code": FORM["credit_code"][:-1] + "0",
            "province": "CN-99",
            "contact_email": "x@",
            "city": "苏" * 65,
        },
        {
            *(("creditCode", CreditCodeInvalidError.code), ("province", ValueNotAllowedError.code)),
            *(("contactEmail", EmailInvalidError.code), ("city", "LENGTH")),
        },
    ),
    ({"company_name": "（）"}, {("companyName", "COMPANY_NAME_UNREADABLE")}),
    ({"path": Path.SYSTEM_INTEGRATOR}, {("path", PathByInvitationError.code)}),
    ({"path": Path.DISTRIBUTOR}, {("path", PathByInvitationError.code)}),
    ({"path": Path.LEARNING}, {("path", PathByInvitationError.code)}),
)


async def test_everything_that_is_missing_or_wrong_is_told_at_once(entering):
    """PL-02, PL-16, PL-17"""
    entry, actor = await entering.agreed()
    for changes, refusals in WRONG:
        error = await entering.store.refused(
            actor,
            DomainError,
            lambda work: domain.submit(work, entry.id, {**FORM, **changes}, version=entry.version),  # noqa: B023
        )
        assert codes_of(error) == refusals


async def test_a_path_by_invitation_is_the_one_that_was_given(entering):
    """PL-02"""
    entry, actor = await entering.agreed(await entering.invite(path=Path.SYSTEM_INTEGRATOR))
    error = await entering.store.refused(
        actor,
        PathByInvitationError,
        lambda work: domain.save(work, entry.id, {"path": Path.SERVICE}, version=entry.version),
    )
    assert error.data()["allowed"] == ["SYSTEM_INTEGRATOR"]
    await entering.add_licence(entry, actor)
    found = await entering.submit(entry, actor, path=Path.SYSTEM_INTEGRATOR)
    assert found.status is S.JOINED
    (path,) = await entering.every(PartnerPath, partner_id=found.partner_id)
    assert (path.path, path.stage) == (Path.SYSTEM_INTEGRATOR, PathStage.ROLE_SELECTION)


async def test_nothing_is_filled_in_before_the_terms_or_after_submitting(entering):
    """PL-16"""
    entry, actor = await entering.registered()
    saves = {"city": "无锡市"}
    await entering.store.refused(
        actor, FieldNotWritableError, lambda work: domain.save(work, entry.id, saves, version=entry.version)
    )
    await entering.store.refused(
        actor, TransitionNotAllowedError, lambda work: domain.submit(work, entry.id, FORM, version=entry.version)
    )
    with pytest.raises(FilesFixedError):
        await entering.add_licence(entry, actor)
    terms = (await entering.terms()).id
    await entering.do(
        actor, lambda work: domain.accept_terms(work, entry.id, terms, ticked=True, version=entry.version)
    )
    found = await entering.submit(entry, actor)
    assert found.status is S.REVIEWING
    await entering.store.refused(
        actor, FieldNotWritableError, lambda work: domain.save(work, entry.id, saves, version=found.version)
    )
    with pytest.raises(FilesFixedError):
        await entering.add_licence(entry, actor)
    await entering.store.refused(
        entering.main, NotFoundError, lambda work: domain.save(work, entry.id, saves, version=found.version)
    )


# -------------------------------------------------------------------------------------------------------------- joining


async def test_a_company_that_passes_the_check_has_joined_at_once(entering):
    """PL-16, PL-17: organisation, path, main account, notices and journal together; its person stays signed in."""
    entry, actor = await entering.submitted()
    assert (entry.status, entry.concerns, entry.due_at) == (S.JOINED, [], None)
    partner = (await entering.every(PartnerOrganisation, id=entry.partner_id))[0]
    assert (partner.name, partner.credit_code, partner.province, partner.pdm_id) == (
        *(FORM["company_name"], FORM["credit_code"], "CN-32"),
        entering.pdm.id,
    )
    assert partner.office_id == "office-js"
    account = await entering.account(entry)
    assert (account.partner_id, account.is_main) == (partner.id, True)
    async with entering.store.reader() as session:
        now = await actor_of(session, actor.id, now=entering.store.clock())
    assert now.permissions == PRESETS[Preset.MAIN].permissions
    signed_in = await sign_in(
        entering.store,
        Credentials(REGISTRATION.login, REGISTRATION.password),
        _himself,
        clock=entering.store.clock,
    )
    assert signed_in == account.id
    (told,) = await entering.every(Notice, kind="entry.joined")
    assert told.receiver_id == entering.pdm.id
    done = (await entering.store.operations())[-6:]
    for operation in ("PartnerEntry.submit", "PartnerEntry.pass_check", "partner.create", "account.become_main"):
        assert operation in done, done
    assert await entering.every(Approval) == []


async def _himself(_work: Any, account: Account) -> Any:
    return account.id


NEAR = credit_code_for("91320506MA1CHENX1")


@pytest.mark.parametrize(
    ("concern", "partner", "changes"),
    [
        (EntryConcern.NAME_RESEMBLES, {"name": "苏州晨曦云计算科技有限公司"}, {}),
        (EntryConcern.NAME_RESEMBLES, {"name": "苏州晨曦云计算（集团）股份有限公司"}, {}),
        (EntryConcern.CREDIT_CODE_RESEMBLES, {"name": "无锡蓝湖数据", "credit_code": NEAR}, {}),
        (EntryConcern.OTHER_COMPANY, {}, {"company_name": "无锡蓝湖数据有限公司"}),
        (EntryConcern.NO_LICENCE, {}, {}),
        (EntryConcern.PLACE, {}, {"province": "CN-81", "city": "香港"}),
        (EntryConcern.LEGAL_FORM, {}, {"legal_form": domain.LegalForm.SOLE_PROPRIETORSHIP}),
        (EntryConcern.DISTRIBUTOR, {}, {"kind": PartnerKind.DISTRIBUTOR, "path": Path.DISTRIBUTOR}),
    ],
)
async def test_what_gives_concern_is_looked_at_first(entering, concern, partner, changes):
    """PL-17: no organisation before somebody has decided, and the reviewers are told."""
    if partner:
        await entering.do(operator_actor(), lambda work: create_partner(work, **partner))
    invited = {name: changes[name] for name in ("kind", "path") if name in changes}
    filled = {name: value for name, value in changes.items() if name != "kind"}
    licence = concern is not EntryConcern.NO_LICENCE
    before = len(await entering.every(PartnerOrganisation))
    entry, _ = await entering.submitted(licence=licence, invited=invited, **filled)
    assert (entry.status, entry.concerns, entry.partner_id) == (S.REVIEWING, [concern], None)
    assert len(await entering.every(PartnerOrganisation)) == before
    (waiting,) = await entering.every(Approval)
    assert (waiting.kind, waiting.label, waiting.due_at) == ("partner.entry", entry.company_name, entry.due_at)
    told = {notice.receiver_id for notice in await entering.every(Notice, kind="queue.partner_entry")}
    assert told == {entering.operations.id, entering.second_operations.id}


async def test_another_company_is_no_concern_where_only_its_spelling_differs(entering):
    """PL-17: brackets, width and the legal form do not count."""
    entry, _ = await entering.submitted(company_name="苏州晨曦云计算（有限公司）")
    assert (entry.status, entry.concerns) == (S.JOINED, [])


def test_credit_codes_are_alike_by_their_organisation_or_a_slip():
    """PL-17"""
    code = FORM["credit_code"]
    assert codes_alike(code, NEAR)
    assert codes_alike(code, code[:3] + "1" + code[4:])
    assert not codes_alike(code, credit_code_for("91440300MA5YFAN27"))


async def test_a_credit_code_joins_once(entering):
    """PL-17: not where a partner has it, nor while somebody else is looked at under it."""
    code = FORM["credit_code"]
    one, first = await entering.agreed()
    other, second = await entering.agreed(
        await entering.invite(email="b@chenxi.example"), mobile="13912340002", email="b@chenxi.example", login="li.hua"
    )
    assert (await entering.submit(one, first)).status is S.REVIEWING
    error = await entering.store.refused(
        second, EntryInHandError, lambda work: domain.submit(work, other.id, FORM, version=other.version)
    )
    assert error.path == ("creditCode",)
    await entering.do(operator_actor(), lambda work: create_partner(work, name="另一公司", credit_code=code))
    await entering.store.refused(
        second, CreditCodeTakenError, lambda work: domain.submit(work, other.id, FORM, version=other.version)
    )
    with pytest.raises(CreditCodeTakenError):
        await entering.decide(one, "approve")
    assert await entering.status(one) is S.REVIEWING


async def test_two_who_submit_one_credit_code_at_one_moment_are_not_both_let_in(entering):
    """PL-17"""
    pairs = [
        await entering.agreed(
            await entering.invite(email=f"{place}@chenxi.example"), mobile=mobile, login=f"li.{place}hua"
        )
        for place, mobile in enumerate(("13912340002", "13912340003"))
    ]
    for entry, actor in pairs:
        await entering.add_licence(entry, actor)
    done = await asyncio.gather(*(entering.submit(entry, actor) for entry, actor in pairs), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["CreditCodeTakenError", "PartnerEntry"]
    assert len(await entering.every(PartnerOrganisation, credit_code=FORM["credit_code"])) == 1


async def test_a_rejection_is_read_edited_and_submitted_anew(entering):
    """PL-17: what was rejected once is looked at again, and approved it joins."""
    entry, actor = await entering.submitted(licence=False)
    with pytest.raises(ReasonRequiredError):
        await entering.decide(entry, "reject")
    await entering.decide(entry, "reject", "请上传营业执照。")
    found = await entering.again(entry)
    assert (found.status, found.verdict_reason) == (S.REJECTED, "请上传营业执照。")
    (told,) = await entering.every(Notice, kind="entry.decided")
    assert told.receiver_id == actor.id
    await entering.add_licence(entry, actor)
    again = await entering.submit(entry, actor, address="高新区科技路 9 号")
    assert (again.status, again.concerns, again.verdict_reason) == (S.REVIEWING, [EntryConcern.REJECTED_BEFORE], None)
    await entering.decide(entry, "approve")
    joined = await entering.again(entry)
    assert (joined.status, joined.address) == (S.JOINED, "高新区科技路 9 号")
    partner = (await entering.every(PartnerOrganisation, id=joined.partner_id))[0]
    assert partner.credit_code == FORM["credit_code"]
    assert (await entering.account(joined)).is_main


async def test_only_ecosystem_operations_decide(entering):
    """PL-17: nor does the applicant decide on itself."""
    entry, actor = await entering.submitted(licence=False)
    (waiting,) = await entering.every(Approval)
    for who in (entering.pdm, entering.auditor, entering.main, actor):
        await entering.store.refused(who, NotFoundError, lambda work: claim(work, waiting.id))
        await entering.store.refused(who, DomainError, lambda work: domain.ENTRY.fire(work, _held(entry), "approve"))


def _held(entry: PartnerEntry) -> PartnerEntry:
    return PartnerEntry(**{name: getattr(entry, name) for name in PartnerEntry.model_fields})


async def test_of_two_reviewers_at_one_moment_one_decides(entering):
    """PL-17"""
    entry, _ = await entering.submitted(licence=False)
    done = await asyncio.gather(
        entering.decide(entry, "approve", by=entering.operations),
        entering.decide(entry, "reject", "资料不全", by=entering.second_operations),
        return_exceptions=True,
    )
    assert sum(one is None for one in done) == 1
    # Whoever came later finds the entry gone, or decided.
    (failed,) = [one for one in done if one is not None]
    assert isinstance(failed, (AlreadyDecidedError, NotFoundError, TransitionNotAllowedError))
    (waiting,) = await entering.every(Approval)
    assert waiting.state is ApprovalState.CLOSED
    partners = await entering.every(PartnerOrganisation, credit_code=FORM["credit_code"])
    assert len(partners) == int(waiting.verdict == "approve")


async def test_a_claim_keeps_the_other_reviewer_away(entering):
    """PL-17"""
    entry, _ = await entering.submitted(licence=False)
    (waiting,) = await entering.every(Approval)
    await entering.do(entering.operations, lambda work: claim(work, waiting.id))
    with pytest.raises(ClaimedByAnotherError):
        await entering.decide(entry, "approve", by=entering.second_operations)


async def test_a_review_that_takes_too_long_is_escalated(entering):
    """PL-17: after three working days, once."""
    entry, _ = await entering.submitted(licence=False)
    entering.store.clock.forward(days=7)
    assert await fired(entering, entry) == "escalate"
    found = await entering.again(entry)
    assert (found.status, found.escalated_at) == (S.REVIEWING, entering.store.clock.now)
    told = await entering.every(Notice, kind="queue.partner_entry_escalated")
    assert len(told) == 2
    assert await fired(entering, entry) is None
    await entering.decide(entry, "approve")


async def test_who_sees_which_entries(entering):
    """PL-16: a PDM those that he invited, operations and the auditor all, a partner none, an applicant its own."""
    mine = await entering.invite()
    other = await entering.invite(entering.operations, email="other@chenxi.example")
    for who, expected in (
        (entering.pdm, {mine.id}),
        (entering.operations, {mine.id, other.id}),
        (entering.auditor, {mine.id, other.id}),
        (entering.main, set()),
        (INVITEE, set()),
    ):
        async with entering.store.reader() as session:
            found = await session.execute(select(PartnerEntry.id).where(PartnerEntry.visible_to(who)))
        assert set(found.scalars()) == expected
    await entering.store.refused(entering.pdm, NotFoundError, lambda work: domain.withdraw(work, other.id))


async def test_who_sees_an_entry_reads_its_licence_and_nobody_else(entering):
    """PL-16"""
    entry, applicant = await entering.agreed(await entering.invite())
    licence = await entering.add_licence(entry, applicant)
    assert await entering.do(applicant, lambda work: work.get(Attachment, licence.id))
    another = await entering.invite(entering.operations, email="other@mingche.example")
    _, stranger = await entering.registered(another, login="sun.li", mobile="13912340002", email="sun@mingche.example")
    for who in (applicant, entering.pdm, entering.operations, entering.auditor):
        async with entering.store.reader() as session:
            found = await session.scalars(select(Attachment.name).where(Attachment.visible_to(who)))
        assert found.all() == ["营业执照.pdf"]
    for who in (stranger, entering.main, INVITEE):
        async with entering.store.reader() as session:
            assert (await session.scalars(select(Attachment.id).where(Attachment.visible_to(who)))).all() == []
        await entering.store.refused(who, NotFoundError, lambda work: work.get(Attachment, licence.id))


async def test_old_codes_are_forgotten(entering):
    """PL-16"""
    entry = await entering.invite()
    await entering.ask(entry)
    assert await entering.do(system_actor(), domain.forget_old) == 0
    entering.store.clock.forward(days=3)
    assert await entering.do(system_actor(), domain.forget_old) == 1
    assert await entering.every(EntryCode) == []
