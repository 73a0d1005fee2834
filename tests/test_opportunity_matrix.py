"""Who may do what in which state: tables written by hand, compared with what the domain answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models import opportunity as domain
from models.kernel.access import Actor, system_actor
from models.kernel.errors import (
    DomainError,
    FieldNotWritableError,
    NotFoundError,
    PermissionDeniedError,
    TransitionNotAllowedError,
)
from models.kernel.lifecycle import Lifecycle, Move
from models.kernel.work import run_write
from models.opportunity import Direction, Opportunity, Origin, Stage, Status
from models.opportunity.refusals import ProgressNotOpenError
from tests.pipeline import Pipeline, pipeline

__all__ = ["pipeline"]

# Columns: the partner's main account, another partner's, system administrator, account manager; PDM, PSM, BD, customer
# owner, ecosystem operations, finance, auditor, platform administrator; the timer. A cell names what is open to them.
SHARED_TO_HUAWEI = """
                     MAIN   MAIN2 ADM MGR PDM       PSM       BD        OWN ECO       HFI AUD SYS TIMER
DRAFT                sub    .     .   .   .         .         .         .   .         .   .   .   .
AUDITING             .      .     .   .   app+rej+back .      .         .   .         .   .   .   esc
AUDITING/escalated   .      .     .   .   app+rej+back .      .         .   app+rej+back . .  .   esc
RETURNED             ret    .     .   .   .         .         .         .   .         .   .   .   xret
AUDIT_REJECTED       .      .     .   .   .         .         .         .   .         .   .   .   .
VALIDATING           .      .     .   .   .         val+vrej  val+vrej  .   .         .   .   .   xval
VALIDATION_REJECTED  .      .     .   .   .         .         .         .   .         .   .   .   .
VALIDATED            win+lose .   .   .   .         .         can+win+lose . .        .   .   .   .
WON                  del    .     .   .   .         .         .         .   .         .   .   .   .
DELIVERED            .      .     .   .   .         conf+disp .         .   .         .   .   .   .
LOST                 .      .     .   .   .         .         .         .   .         .   .   .   .
CANCELLED            .      .     .   .   .         .         .         .   .         .   .   .   .
"""
# Before it accepts, a partner has the offer and not the opportunity; what it may do there is tried in test_ho.py.
SHARED_BY_HUAWEI = """
                     MAIN   MAIN2 ADM MGR PDM       PSM       BD        OWN ECO       HFI AUD SYS TIMER
CREATED              .      .     .   .   .         share     share     .   .         .   .   .   .
PENDING_ACCEPTANCE   .      .     .   .   .         .         recall    .   .         .   .   .   xoff
REJECTED             .      .     .   .   .         .         recall    .   .         .   .   .   .
AUTO_REJECTED        .      .     .   .   .         .         .         .   .         .   .   .   xrec
RECALLED             .      .     .   .   .         share     share     .   .         .   .   .   .
ACCEPTED             win+lose .   .   .   .         .         can+win+lose . .        .   .   .   .
WON                  del    .     .   .   .         .         del       .   .         .   .   .   .
DELIVERED            .      .     .   .   .         conf+disp .         .   .         .   .   .   .
LOST                 .      .     .   .   .         .         .         .   .         .   .   .   .
CANCELLED            .      .     .   .   .         .         .         .   .         .   .   .   .
"""
# What is no step of a table: edit, delete, copy; change the offering, note, owner check; progress.
BESIDE_THE_TABLE = """
                     MAIN     MAIN2 ADM MGR PDM      PSM  BD           OWN   ECO  HFI AUD SYS
DRAFT                edit+kill .    .   .   .        .    .            .     .    .   .   .
AUDITING             .        .     .   .   off+note note off+note     .     note .   .   .
RETURNED             edit     .     .   .   note     note note         .     note .   .   .
AUDIT_REJECTED       copy     .     .   .   note     note note         .     note .   .   .
VALIDATING           .        .     .   .   off+note note off+note+chk chk   note .   .   .
VALIDATION_REJECTED  copy     .     .   .   note     note note         .     note .   .   .
VALIDATED            prog     .     .   .   note     note note+prog    .     note .   .   .
WON                  prog     .     .   .   note     note note+prog    .     note .   .   .
DELIVERED            .        .     .   .   note     note note         .     note .   .   .
LOST                 .        .     .   .   note     note note         .     note .   .   .
CANCELLED            .        .     .   .   note     note note         .     note .   .   .
"""
SHORT = {
    "submit": "sub",
    "approve_audit": "app",
    "reject_audit": "rej",
    "send_back": "back",
    "return_completed": "ret",
    "expire_return": "xret",
    "escalate": "esc",
    "validate": "val",
    "reject_validation": "vrej",
    "expire_validation": "xval",
    "cancel": "can",
    "deliver": "del",
    "confirm_delivery": "conf",
    "dispute": "disp",
    "expire_offer": "xoff",
    "recall_expired": "xrec",
}
OWN_BEFORE_ACCEPTANCE = (
    *(Status.CREATED, Status.PENDING_ACCEPTANCE, Status.REJECTED, Status.AUTO_REJECTED, Status.RECALLED),
)


def table(text: str) -> dict[str, dict[str, set[str]]]:
    """Read a table as row, column, open steps."""
    head, *lines = [line.split() for line in text.strip("\n").splitlines()]
    return {
        row: {person: set(cell.replace(".", "").split("+")) - {""} for person, cell in zip(head, cells, strict=True)}
        for row, *cells in lines
    }


def persons(pipeline: Pipeline) -> dict[str, Actor]:
    return {
        "MAIN": pipeline.main,
        "MAIN2": pipeline.other_main,
        "ADM": pipeline.administrator,
        "MGR": pipeline.manager,
        "PDM": pipeline.pdm,
        "PSM": pipeline.psm,
        "BD": pipeline.bd,
        "OWN": pipeline.owner,
        "ECO": pipeline.operations,
        "HFI": pipeline.finance,
        "AUD": pipeline.auditor,
        "SYS": pipeline.platform,
        "TIMER": system_actor(),
    }


async def in_every_state(pipeline: Pipeline, direction: Direction, rows: list[str]) -> dict[str, Opportunity]:
    """Put one record into each state, as the customer's owner, BD, office and partner would find it."""
    model = await pipeline.submitted(account_name="hengyuan_cloud")
    now = pipeline.store.clock()
    facts = model.model_dump(exclude={"id", "account_name", "customer_id", "normalised_name", "due_at", "due_verb"})

    async def deed(work: Any) -> dict[str, Opportunity]:
        made = {}
        for row in rows:
            status = Status[row.split("/")[0]]
            own = {
                "name": row,
                "direction": direction,
                "returned_fields": ["need"] if status == Status.RETURNED else [],
                "escalated_at": now if "escalated" in row else None,
                "dispute_until": now + dt.timedelta(days=1),
                "last_decider": pipeline.pdm.id,
                "owner_checked_at": now,
                "owner_check_passed": True,
                "stage": Stage.SIGNED if status == Status.WON else Stage.REQUIREMENT,
                "validated_at": now,
            }
            if direction == Direction.HO:
                own |= {"origin": Origin.HUAWEI, "submitted_by": pipeline.bd.id}
                own |= {"partner_id": None} if status in OWN_BEFORE_ACCEPTANCE else {}
            made[row] = work.add(Opportunity(**{**facts, **own, "status": status}))
        return made

    made: dict[str, Opportunity] = await pipeline.do(system_actor(), deed)
    return made


async def open_steps(pipeline: Pipeline, actor: Actor, records: dict[str, Opportunity]) -> dict[str, set[str]]:
    """Ask for each record which steps are open, and see that taking any other is refused by right or by state."""

    async def deed(work: Any) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row, record in records.items():
            lifecycle: Lifecycle[Any] = domain.lifecycle_of(record)
            try:
                standing = await domain.standing(work, record.id)
            except NotFoundError:
                found[row] = set()
                continue
            offered = {step.transition.verb for step in standing}
            for step in lifecycle:
                first = next(iter(lifecycle.blocks(Move(record, actor, work.now), step.verb)), None)
                shut = isinstance(first, (PermissionDeniedError, TransitionNotAllowedError))
                assert shut != (step.verb in offered), (row, step.verb, first)
            found[row] = {one.transition.verb.removesuffix("_ho") for one in standing if one.possible}
        return found

    steps = await run_write(pipeline.store, actor, deed, clock=pipeline.store.clock, dry=True)
    return {row: {SHORT.get(verb, verb) for verb in verbs} for row, verbs in steps.items()}


async def compare(pipeline: Pipeline, text: str, direction: Direction) -> None:
    expected = table(text)
    records = await in_every_state(pipeline, direction, list(expected))
    real: dict[str, dict[str, set[str]]] = {row: {} for row in expected}
    for person, actor in persons(pipeline).items():
        for row, verbs in (await open_steps(pipeline, actor, records)).items():
            real[row][person] = verbs
    assert real == expected


async def test_the_steps_of_a_partners_opportunity_are_open_to_those_of_the_table(pipeline: Pipeline) -> None:
    """COL-2.5#3 to #19, COL-2.5 guard 1, COL-7.1.12: status by step by person."""
    await compare(pipeline, SHARED_TO_HUAWEI, Direction.PO)


async def test_the_steps_of_huaweis_opportunity_are_open_to_those_of_the_table(pipeline: Pipeline) -> None:
    """COL-3.2#2 to #8: status by step by person."""
    await compare(pipeline, SHARED_BY_HUAWEI, Direction.HO)


async def test_what_is_done_beside_the_steps_is_open_to_those_of_the_table(pipeline: Pipeline) -> None:
    """COL-2.5#2, #10, #15, COL-2.5 guards 2 and 5, COL-2.2.2, COL-2.4.6: tried for real, each undone."""
    expected = table(BESIDE_THE_TABLE)
    records = await in_every_state(pipeline, Direction.PO, list(expected))
    real: dict[str, dict[str, set[str]]] = {row: {} for row in expected}
    for person, actor in persons(pipeline).items():
        if person == "TIMER":
            continue

        async def deed(work: Any) -> None:
            for row, record in records.items():
                real[row][person] = {name for name in DEEDS if await goes(work, name, record)}  # noqa: B023

        await run_write(pipeline.store, actor, deed, clock=pipeline.store.clock, dry=True)
    assert real == expected


async def goes(work: Any, name: str, record: Opportunity) -> bool:
    """Try a deed inside a savepoint."""
    savepoint = await work.session.begin_nested()
    try:
        await DEEDS[name](work, record)
    except (NotFoundError, PermissionDeniedError, TransitionNotAllowedError, FieldNotWritableError):
        return False
    except ProgressNotOpenError:
        return False
    except DomainError as error:  # pragma: no cover - a deed of this table is refused by right or by state only
        raise AssertionError(f"{name} on {record.name}: {error}") from error
    finally:
        await savepoint.rollback()
        work.session.expire_all()
    return True


DEEDS: dict[str, Any] = {
    "edit": lambda work, record: domain.save_draft(work, {"need": "改写后的业务需求，至少十个字。"}, id=record.id),
    "kill": lambda work, record: domain.delete_draft(work, record.id, version=2),
    "copy": lambda work, record: domain.copy_to_draft(work, record.id),
    "off": lambda work, record: domain.change_offering(work, record.id, [], version=2),
    "note": lambda work, record: domain.write_note(work, record.id, "请电话核实", version=2),
    "chk": lambda work, record: domain.record_owner_check(
        work, record.id, exists=True, already_closed=False, has_budget=True, order_time="第三季度"
    ),
    "prog": lambda work, record: domain.progress.report(
        work, record.id, stage=record.stage, win_probability=20, details="与客户交流方案"
    ),
}
