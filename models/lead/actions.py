"""What is done with leads: entered, sent down, edited, dispatched, followed up, closed and opened again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import CustomerType
from models.kernel.amend import amend, field_path
from models.kernel.errors import (
    DomainError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
    refuse,
)
from models.kernel.journal import Operation
from models.kernel.lifecycle import Move, Standing
from models.kernel.words import Word
from models.kernel.work import Work
from models.lead.lifecycle import LEAD
from models.lead.notices import tell_of_dispatch, tell_of_push
from models.lead.policies import MOST_AT_ONCE
from models.lead.record import DESCRIPTION, FORM, Lead, LeadFollowUp
from models.lead.refusals import LeadRepeatedError, LeadSourceNotAllowedError, NoLeadNamedError, TooManyLeadsError
from models.lead.rules import follower_errors, form_errors, is_named, lies_ahead, note_errors
from models.lead.words import FROM_HUAWEI, LeadSource, LeadStatus
from models.partner import PartnerOrganisation
from models.reference import office_for
from models.rights import Right

CREATE: Final = Operation("lead.create", "新建线索", "Enter a lead", "lead", "createLead")
PUSH: Final = Operation("lead.push", "下发线索", "Send a lead down", "lead", "pushLead")
EDIT: Final = Operation("lead.edit", "修改线索", "Edit a lead", "lead", "updateLead")


@dataclass(frozen=True)
class Dispatched:
    """What became of one lead of a batch (派发结果): dispatched, or refused for all of these reasons."""

    id: UUID
    lead: Lead | None = None
    errors: tuple[DomainError, ...] = ()


async def create(
    work: Work, values: Mapping[str, Any], *, source: LeadSource = LeadSource.OWN, key: str | None = None
) -> Lead:
    """Enter a lead of one's own organisation; it waits to be dispatched (COL-6.2.7)."""
    work.actor.require(Right.LEAD_ADMINISTER)
    if work.actor.partner_id is None:
        raise NotFoundError()
    return await _enter(work, work.actor.partner_id, values, source, CREATE, key)


async def push(
    work: Work,
    partner_id: UUID,
    values: Mapping[str, Any],
    *,
    source: LeadSource = LeadSource.HUAWEI,
    key: str | None = None,
    telling: bool = True,
) -> Lead:
    """Send a lead down to a partner, as ecosystem operations do (COL-6.2.7); with `telling` its main account hears."""
    work.actor.require(Right.LEAD_PUSH)
    partner = await work.first(
        select(PartnerOrganisation.id).where(
            PartnerOrganisation.id == partner_id, PartnerOrganisation.visible_to(work.actor)
        )
    )
    if partner is None:
        raise NotFoundError(path="partner")
    if source not in FROM_HUAWEI:
        raise LeadSourceNotAllowedError(path="source")
    lead = await _enter(work, partner_id, values, source, PUSH, key)
    if telling:
        await tell_of_push(work, lead)
    return lead


async def edit(work: Work, id: UUID, values: Mapping[str, Any], *, version: int) -> Lead:
    """Edit what describes an open lead; the change is an operation record (COL-6.2.6, COL-6.2.8)."""
    lead = await work.get(Lead, id, version=version)
    given = {name: value.strip() or None if isinstance(value, str) else value for name, value in values.items()}
    if "customer_type" in given:
        given["customer_type"] = given["customer_type"] or CustomerType.NONE
    # What was planned before may have passed; only a new plan must lie ahead.
    planned = given.get("next_follow_at") if given.get("next_follow_at") != lead.next_follow_at else None
    refuse(
        [
            *(ValueNotAllowedError(path=field_path(name), value=name) for name in given if name not in DESCRIPTION),
            *form_errors({**given, "next_follow_at": planned}, work.now),
        ]
    )
    if amend(work, lead, EDIT, given) and "province" in given:
        lead.office_id = office_for(lead.province).code if lead.province else None
    return lead


async def dispatch(
    work: Work, id: UUID, follower_id: UUID, *, version: int, next_follow_at: dt.datetime | None = None
) -> Lead:
    """Give a lead to the member who is to follow it up, the first time or anew (COL-6.2.4, COL-6.2.7)."""
    work.actor.require(Right.LEAD_DISPATCH)
    lead = await work.get(Lead, id, version=version)
    planned = {"next_follow_at": next_follow_at} if next_follow_at is not None else {}
    wrong = [*await follower_errors(work, follower_id), *lies_ahead(next_follow_at, work.now)]
    await _give(work, lead, {"follower_id": follower_id, **planned}, wrong)
    await tell_of_dispatch(work, [lead])
    return lead


async def dispatch_batch(work: Work, leads: Sequence[tuple[UUID, int | None]], follower_id: UUID) -> list[Dispatched]:
    """Give up to 100 leads to one member, each with a result of its own (COL-6.2.8).

    A wrong member refuses the whole call; what stands against one lead keeps no other from its follower. `leads` are
    ids with the versions that the caller read, or None.
    """
    work.actor.require(Right.LEAD_DISPATCH)
    most = await work.policy(MOST_AT_ONCE)
    refuse(
        [
            NoLeadNamedError(path="leads") if not leads else None,
            TooManyLeadsError(path="leads", maximum=most, count=len(leads)) if len(leads) > most else None,
            *await follower_errors(work, follower_id),
        ]
    )
    found = await _held(work, [id for id, _ in leads])
    results: list[Dispatched] = []
    given: list[Lead] = []
    for place, (id, version) in enumerate(leads):
        try:
            if id in [other for other, _ in leads[:place]]:
                raise LeadRepeatedError()
            if (lead := found.get(id)) is None:
                raise NotFoundError()
            if version is not None and lead.version != version:
                raise StaleVersionError(given=version, current=lead.version)
            await _give(work, lead, {"follower_id": follower_id})
        except DomainError as error:
            results.append(Dispatched(id, errors=tuple(error)))
        else:
            given.append(lead)
            results.append(Dispatched(id, lead))
    await tell_of_dispatch(work, given)
    return results


async def add_follow_up(work: Work, id: UUID, note: str, *, next_follow_at: dt.datetime | None = None) -> LeadFollowUp:
    """Write down what the follower did, and when he goes on (COL-6.2.7); it appends and edits nothing."""
    lead = await work.get(Lead, id)
    note = note.strip()
    told = {"last_follow_up_at": work.now, "next_follow_at": next_follow_at}
    await take(work, lead, "add_follow_up", [*note_errors(note), *lies_ahead(next_follow_at, work.now)], values=told)
    return work.add(
        LeadFollowUp(
            lead_id=lead.id,
            at=work.now,
            by_id=work.actor.id,
            by_name=work.actor.name,
            note=note,
            next_follow_at=next_follow_at,
        )
    )


async def close(work: Work, id: UUID, *, version: int, reason_code: Word | None, reason: str | None = None) -> Lead:
    """Close a lead that leads nowhere, and say why (COL-6.2.7)."""
    lead = await work.get(Lead, id, version=version)
    told = {"close_reason": reason_code, "next_follow_at": None}
    await LEAD.fire(work, lead, "close", reason_code=reason_code, reason=reason, values=told)
    return lead


async def reopen(work: Work, id: UUID, *, version: int, reason: str | None = None) -> Lead:
    """Open a closed lead again; it waits for its follower (COL-6.2.7)."""
    lead = await work.get(Lead, id, version=version)
    await LEAD.fire(work, lead, "reopen", reason=reason, values={"close_reason": None})
    return lead


async def standing(work: Work, id: UUID) -> list[Standing[LeadStatus]]:
    """List the steps that lead on from a lead's state for this actor, with what blocks each."""
    lead = await work.first(select(Lead).where(Lead.id == id, Lead.visible_to(work.actor)))
    if lead is None:
        raise NotFoundError()
    return await LEAD.standing(work, lead)


async def take(
    work: Work, lead: Lead, verb: str, wrong: Iterable[DomainError] = (), *, values: Mapping[str, Any]
) -> None:
    """Take a step, or refuse with what is wrong with the input and everything that stands against the step."""
    found = await LEAD.obstacles(work, Move(lead, work.actor, work.now, values=values), verb)
    if found and isinstance(found[0], (PermissionDeniedError, TransitionNotAllowedError)):
        raise found[0]
    refuse([*wrong, *found])
    await LEAD.fire(work, lead, verb, values=values)


async def _give(work: Work, lead: Lead, values: Mapping[str, Any], wrong: Iterable[DomainError] = ()) -> None:
    verb = "dispatch" if lead.status == LeadStatus.NEW else "redispatch"
    await take(work, lead, verb, wrong, values={**values, "dispatched_at": work.now})


async def _held(work: Work, ids: Sequence[UUID]) -> dict[UUID, Lead]:
    # Held in the order of their ids, so that two batches never wait for each other.
    rows: list[Lead] = await work.every(
        select(Lead)
        .where(col(Lead.id).in_(ids), Lead.visible_to(work.actor))
        .order_by(col(Lead.id))
        .with_for_update(of=Lead)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def _enter(
    work: Work, partner_id: UUID, values: Mapping[str, Any], source: LeadSource, operation: Operation, key: str | None
) -> Lead:
    tidied = {name: value.strip() or None if isinstance(value, str) else value for name, value in values.items()}
    given: dict[str, Any] = {name: value for name, value in tidied.items() if value is not None}
    refuse(
        [
            *(ValueNotAllowedError(path=field_path(name), value=name) for name in given if name not in FORM),
            *is_named(given),
            *form_errors(given, work.now),
        ]
    )
    lead = Lead(
        partner_id=partner_id,
        source=source,
        office_id=office_for(given["province"]).code if given.get("province") else None,
        import_key=key,
        created_at=work.now,
        updated_at=work.now,
        **given,
    )
    await LEAD.begin(work, lead, operation, after={"source": source, **given})
    await work.flush()
    return lead
