"""Each step of a partner's opportunity, with what it asks for and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models import opportunity as domain
from models.approval import Approval, ApprovalState, SameDeciderError, SelfApprovalError
from models.kernel.errors import (
    DomainError,
    FieldNotWritableError,
    FieldRequiredError,
    LengthError,
    NotFoundError,
    PermissionDeniedError,
    ReasonCodeNotAllowedError,
    ReasonRequiredError,
    StaleVersionError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
)
from models.opportunity import CancelReason, Opportunity, RejectionReason, Stage, Status
from models.opportunity.refusals import (
    NotYourDeskError,
    OwnerCheckMissingError,
    OwnerCheckNegativeError,
    ReturnIncompleteError,
)
from models.opportunity.words import AUDIT_REASONS, VALIDATION_REASONS
from models.rights import Right
from tests.pipeline import Pipeline, check_owner, pipeline
from tests.test_opportunity_form import told

__all__ = ["pipeline"]


def deciding(record: Opportunity, verb: str, **given: Any) -> Any:
    """Give a reviewer's decision as a deed."""

    async def deed(work: Any) -> None:
        from models.approval import DecisionInput

        await domain.review(work, await work.get(Opportunity, record.id), verb, DecisionInput(**given))

    return deed


async def test_an_approved_audit_goes_to_the_office(pipeline: Pipeline) -> None:
    """COL-2.5#4: stamped, routed, its audit entry closed and a validation entry opened for the office."""
    record = await pipeline.submitted()
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    now = await pipeline.again(record)
    assert (now.status, now.audit_approved_at, now.office_id) == (
        *(Status.VALIDATING, pipeline.store.clock(), "office-js"),
    )
    entries = (await pipeline.store.everything())["Approval"]
    assert {(one["kind"], one["state"], one["verdict"]) for one in entries if one["subject_kind"] == "Opportunity"} == {
        ("opportunity.audit", "CLOSED", "approve_audit"),
        ("opportunity.validation", "OPEN", None),
    }


async def test_the_partners_pdm_audits_and_the_pool_only_without_one(pipeline: Pipeline) -> None:
    """COL-1.3, COL-2.5#4, #5: operations decide where the partner has no PDM."""
    ours, theirs = await pipeline.submitted(), await pipeline.submitted(pipeline.other_main)
    await pipeline.store.refused(pipeline.operations, NotYourDeskError, deciding(ours, "approve_audit"))
    for actor in (pipeline.psm, pipeline.bd, pipeline.main, pipeline.auditor):
        await pipeline.store.refused(actor, PermissionDeniedError, deciding(ours, "approve_audit"))
    await pipeline.store.refused(pipeline.pdm, NotFoundError, deciding(theirs, "approve_audit"))
    await pipeline.decide(pipeline.operations, theirs, "approve_audit")


@pytest.mark.parametrize("stage", ["audit", "validation"])
async def test_each_stage_has_its_own_reasons_for_a_rejection(pipeline: Pipeline, stage: str) -> None:
    """COL-2.4, COL-2.5#5, #8: a code of the stage is required, OTHER needs a text, and the partner reads both."""
    make, actor, reasons = {
        "audit": (pipeline.submitted, pipeline.pdm, AUDIT_REASONS),
        "validation": (pipeline.validating, pipeline.psm, VALIDATION_REASONS),
    }[stage]
    record, verb = await make(), f"reject_{stage}"
    error = await pipeline.store.refused(actor, ReasonRequiredError, deciding(record, verb))
    assert told(error) == {("reasonCode", ReasonRequiredError.code)}
    for code in set(RejectionReason) - set(reasons):
        given = {"reason_code": code, "reason": "因为"}
        await pipeline.store.refused(actor, ReasonCodeNotAllowedError, deciding(record, verb, **given))
    error = await pipeline.store.refused(
        actor, FieldRequiredError, deciding(record, verb, reason_code=RejectionReason.OTHER, reason="  ")
    )
    assert told(error) == {("reason", FieldRequiredError.code)}
    long = {"reason_code": RejectionReason.OTHER, "reason": "长" * 2001}
    assert ("reason", LengthError.code) in told(
        await pipeline.store.refused(actor, DomainError, deciding(record, verb, **long))
    )
    await pipeline.decide(actor, record, verb, reason_code=RejectionReason.OTHER, reason="与客户核实后不成立")
    now = await pipeline.again(record)
    assert now.status == (Status.AUDIT_REJECTED if stage == "audit" else Status.VALIDATION_REJECTED)
    assert (now.rejection_reason, now.message_to_partner) == (RejectionReason.OTHER, "与客户核实后不成立")


def test_the_reasons_of_each_stage_are_those_of_the_paper() -> None:
    """COL-2.4: the table of reason codes, by hand; the timer alone says SLA_EXPIRED."""
    assert {str(one) for one in AUDIT_REASONS} == {
        *("INCOMPLETE_FIELDS", "BANT_INCOMPLETE", "VAGUE_DESCRIPTION", "NO_CONTACT", "NO_BUDGET_OR_TIME"),
        *("NOT_HUAWEI_CLOUD", "NO_INCREMENTAL_REVENUE", "NOT_OWN_SOLUTION", "PUBLIC_TENDER_OR_HEARSAY", "OTHER"),
    }
    assert {str(one) for one in VALIDATION_REASONS} == {
        *("NO_BUDGET_OR_TIME", "NOT_HUAWEI_CLOUD", "NO_INCREMENTAL_REVENUE", "DUPLICATE_PO", "DUPLICATE_HO"),
        *("NOT_EXIST", "ALREADY_CLOSED", "OTHER"),
    }


async def test_a_rejected_record_stays_as_it_is(pipeline: Pipeline) -> None:
    """COL-2.5#15: no step leads on from it, for nobody, and no field of it is edited."""
    record = await pipeline.submitted()
    await pipeline.decide(pipeline.pdm, record, "reject_audit", reason_code=RejectionReason.NO_CONTACT)
    await pipeline.store.refused(pipeline.main, TransitionNotAllowedError, lambda work: domain.submit(work, record.id))
    await pipeline.store.refused(pipeline.pdm, TransitionNotAllowedError, deciding(record, "approve_audit"))
    await pipeline.store.refused(
        pipeline.main, FieldNotWritableError, lambda work: domain.save_draft(work, {"city": "南京市"}, id=record.id)
    )


async def test_nobody_decides_what_he_submitted_nor_two_steps_in_a_row(pipeline: Pipeline) -> None:
    """COL-2.5 guard 4: separation of duties binds persons, whatever their roles."""
    everything = frozenset({*pipeline.pdm.permissions, *pipeline.psm.permissions, Right.OPPORTUNITY_SHARE})
    zhou = replace(pipeline.pdm, permissions=everything, office_id="office-js")
    record = await pipeline.submitted()
    await pipeline.decide(zhou, record, "approve_audit")
    await pipeline.do(pipeline.bd, lambda work: check_owner(work, record))
    await pipeline.store.refused(zhou, SameDeciderError, deciding(record, "validate"))
    not_there = {"reason_code": RejectionReason.NOT_EXIST}
    await pipeline.store.refused(zhou, SameDeciderError, deciding(record, "reject_validation", **not_there))
    await pipeline.decide(pipeline.psm, record, "validate")

    own = await pipeline.submitted(name="自己提交的", company_name="南京启明医疗有限公司")
    assert own.partner_id
    wang = replace(
        pipeline.main, permissions=everything | pipeline.main.permissions, partners=frozenset({own.partner_id})
    )
    for verb, given in (
        ("approve_audit", {}),
        ("reject_audit", {"reason_code": RejectionReason.NO_CONTACT}),
        ("send_back", {"fields": ("need",), "reason": "请补充"}),
    ):
        await pipeline.store.refused(wang, SelfApprovalError, deciding(own, verb, **given))
    await pipeline.decide(pipeline.pdm, own, "approve_audit")
    await pipeline.do(pipeline.bd, lambda work: check_owner(work, own))
    await pipeline.store.refused(wang, SelfApprovalError, deciding(own, "validate"))
    await pipeline.store.refused(wang, SelfApprovalError, deciding(own, "reject_validation", **not_there))


async def test_a_partner_cannot_withdraw_what_it_submitted(pipeline: Pipeline) -> None:
    """COL-2.5 guard 1: neither cancelled nor deleted, before validation and after."""
    for record in (await pipeline.submitted(), await pipeline.validated(name="已验证", province="CN-32")):
        now = await pipeline.again(record)
        reason = CancelReason.CUSTOMER_WITHDREW
        await pipeline.store.refused(
            pipeline.main,
            PermissionDeniedError,
            lambda work: domain.cancel(work, now.id, version=now.version, reason_code=reason, reason=None),  # noqa: B023
        )
        await pipeline.store.refused(
            pipeline.main,
            TransitionNotAllowedError,
            lambda work: domain.delete_draft(work, now.id, version=now.version),  # noqa: B023
        )


async def test_what_is_sent_back_is_edited_in_the_named_fields_alone(pipeline: Pipeline) -> None:
    """COL-2.5#17, #18, COL-2.5 guard 5: a reason and fields; exactly these; completed before it is returned."""
    record = await pipeline.submitted()
    both = deciding(record, "send_back", fields=("need", "website"), reason="请写明业务需求并补充网址")
    for given, error in (
        ({"fields": ("need",)}, ReasonRequiredError),
        ({"reason": "请补充"}, FieldRequiredError),
        ({"fields": ("need", "status"), "reason": "请补充"}, ValueNotAllowedError),
    ):
        await pipeline.store.refused(pipeline.pdm, error, deciding(record, "send_back", **given))
    await pipeline.do(pipeline.pdm, both)
    now = await pipeline.again(record)
    assert (now.status, now.returned_fields) == (Status.RETURNED, ["need", "website"])
    assert (now.message_to_partner, now.rejection_reason) == ("请写明业务需求并补充网址", None)
    assert now.editable_now(pipeline.main) == {"need", "website"}
    assert now.editable_now(pipeline.other_main) == now.editable_now(pipeline.administrator) == set()
    edit = {"need": "把生产系统整体迁到华为云并改造数据库。", "budget": "改写预算，这一项并没有被点名。"}
    error = await pipeline.store.refused(
        pipeline.main, DomainError, lambda work: domain.save_draft(work, edit, id=record.id)
    )
    assert told(error) == {("budget", FieldNotWritableError.code)}
    error = await pipeline.store.refused(
        pipeline.main, ReturnIncompleteError, lambda work: domain.return_completed(work, record.id)
    )
    assert told(error) == {("website", ReturnIncompleteError.code)}
    await pipeline.do(
        pipeline.main,
        lambda work: domain.save_draft(work, {"need": edit["need"], "website": "hengyuan.example"}, id=record.id),
    )
    await pipeline.do(pipeline.main, lambda work: domain.return_completed(work, record.id))
    back = await pipeline.again(record)
    assert (back.status, back.returned_fields, back.need) == (Status.AUDITING, [], edit["need"])


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        ({"need": "把生产系统整体迁到华为云并改造数据库。"}, False),
        ({"company_name": "江苏恒远精密制造有限公司"}, False),
        ({"company_name": "江苏恒远智能装备有限公司"}, True),
        ({"credit_code": "91350100M000100Y43"}, True),
        ({"account_name": "hengyuan_cloud"}, True),
    ],
)
async def test_the_time_of_submission_moves_only_with_the_customer(
    pipeline: Pipeline, changes: dict[str, Any], moves: bool
) -> None:
    """COL-2.5 guard 5: it is the time of the return where the customer changed, not where it was merely named."""
    record = await pipeline.submitted()
    first = pipeline.store.clock()
    await pipeline.decide(pipeline.pdm, record, "send_back", fields=tuple(changes), reason="请核对")
    pipeline.store.clock.forward(days=1)
    await pipeline.do(pipeline.main, lambda work: domain.save_draft(work, changes, id=record.id))
    pipeline.store.clock.forward(hours=1)
    await pipeline.do(pipeline.main, lambda work: domain.return_completed(work, record.id))
    now = await pipeline.again(record)
    assert now.submitted_at == (pipeline.store.clock() if moves else first)
    assert now.entered_at == pipeline.store.clock()
    assert now.due_at > record.due_at


async def test_validation_needs_the_owners_word(pipeline: Pipeline) -> None:
    """COL-2.4.2, 2.4.3, 2.4.6, COL-2.5#7: recorded by the owner or the BD, in validation; the newest check counts."""
    store = pipeline.store
    record = await pipeline.submitted(account_name="hengyuan_cloud")
    await store.refused(pipeline.bd, TransitionNotAllowedError, lambda work: check_owner(work, record))
    await pipeline.decide(pipeline.pdm, record, "approve_audit")
    await store.refused(pipeline.psm, OwnerCheckMissingError, deciding(record, "validate"))
    for actor in (pipeline.psm, pipeline.pdm, pipeline.operations, pipeline.main, pipeline.auditor):
        await store.refused(actor, PermissionDeniedError, lambda work: check_owner(work, record))
    for against in ({"exists": False}, {"already_closed": True}, {"has_budget": False}, {"order_time": " "}):
        await pipeline.do(pipeline.bd, lambda work: check_owner(work, record, **against))  # noqa: B023
        await store.refused(pipeline.psm, OwnerCheckNegativeError, deciding(record, "validate"))
    await store.refused(pipeline.owner, LengthError, lambda work: check_owner(work, record, remark="注" * 1001))
    await pipeline.do(pipeline.owner, lambda work: check_owner(work, record))
    checks = (await store.everything())["OwnerCheck"]
    assert [bool(one["on_owners_word"]) for one in checks] == [True] * 4 + [False]
    await pipeline.decide(pipeline.bd, record, "validate")
    now = await pipeline.again(record)
    assert (now.status, now.validated_at, now.stage) == (Status.VALIDATED, store.clock(), Stage.REQUIREMENT)


async def test_only_huaweis_bd_cancels_and_says_why(pipeline: Pipeline) -> None:
    """COL-2.5#11: after validation, with a reason."""
    record = await pipeline.validated(account_name="hengyuan_cloud")

    def cancel(code: Any, text: str | None = None, version: int = record.version) -> Any:
        return lambda work: domain.cancel(work, record.id, version=version, reason_code=code, reason=text)

    withdrew = CancelReason.CUSTOMER_WITHDREW
    for actor in (pipeline.psm, pipeline.pdm, pipeline.owner, pipeline.operations, pipeline.auditor):
        await pipeline.store.refused(actor, PermissionDeniedError, cancel(withdrew))
    await pipeline.store.refused(pipeline.bd, ReasonRequiredError, cancel(None))
    await pipeline.store.refused(pipeline.bd, FieldRequiredError, cancel(CancelReason.OTHER))
    await pipeline.store.refused(pipeline.bd, StaleVersionError, cancel(withdrew, version=1))
    await pipeline.do(pipeline.bd, cancel(withdrew))
    now = await pipeline.again(record)
    assert (now.status, now.cancel_reason) == (Status.CANCELLED, withdrew)


async def test_every_step_writes_one_line_that_says_who_when_from_to_and_why(pipeline: Pipeline) -> None:
    """COL-2.5 guard 4: an immutable log."""
    record = await pipeline.validating()
    await pipeline.decide(pipeline.psm, record, "validate")
    lines = [line for line in await pipeline.store.journal() if line.subject_id == record.id]
    assert [(line.operation, line.actor_name, line.from_status, line.to_status) for line in lines] == [
        ("opportunity.save_draft", "王芳", None, "DRAFT"),
        ("Opportunity.PO.submit", "王芳", "DRAFT", "AUDITING"),
        ("Opportunity.PO.approve_audit", "周涛", "AUDITING", "VALIDATING"),
        ("opportunity.owner_check", "高峰", None, None),
        ("Opportunity.PO.validate", "何平", "VALIDATING", "VALIDATED"),
    ]
    async with pipeline.store.reader() as session:
        entries = [await session.get(Approval, line) for line in await ids_of(pipeline, "Approval")]
    assert {entry.state for entry in entries if entry and entry.subject_id == record.id} == {ApprovalState.CLOSED}


async def ids_of(pipeline: Pipeline, name: str) -> list[Any]:
    from uuid import UUID

    return [UUID(str(row["id"])) for row in (await pipeline.store.everything())[name]]
