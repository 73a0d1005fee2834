"""Duplicates: found on the customer and on what is sold, ranked by the brief's clocks, never rejected by themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.customer.likeness import shared
from models.kernel.access import Actor, Side
from models.kernel.errors import DomainError
from models.kernel.lifecycle import Move
from models.kernel.reads import Listing, Many, SortKey, relate
from models.kernel.reads.fetch import Fetch
from models.kernel.reads.statement import given
from models.kernel.record import Record, word_type
from models.kernel.values import Instant, Uid
from models.kernel.work import Work
from models.opportunity.record import COMPANY, INTERNAL, Opportunity, of_a_visible_opportunity
from models.opportunity.refusals import DuplicateHasPriorityError
from models.opportunity.words import (
    IN_REVIEW,
    PASSED,
    Direction,
    DuplicateSignal,
    Origin,
    PriorityRule,
    Status,
)
from models.partner import PartnerOrganisation

# An HO that was declined or recalled has not ended: it is shared again.
ALIVE = (
    *(*IN_REVIEW, *PASSED),
    *(Status.CREATED, Status.PENDING_ACCEPTANCE, Status.REJECTED, Status.AUTO_REJECTED, Status.RECALLED),
)
A_PAGE = 100
MOST_TOLD = 50


class DuplicateMatch(Record, table=True):
    """What a reviewer sees of another opportunity for the same need (疑似重复), COL-2.7.8: a written list of fields."""

    __tablename__ = "duplicate_match"
    prefix: ClassVar[str] = "dup"
    zh: ClassVar[str] = "疑似重复"
    en: ClassVar[str] = "Duplicate match"
    listing: ClassVar[Listing] = Listing(sorts={"found_at": SortKey("found_at")}, default=(("found_at", True),))

    opportunity_id: UUID = Field(sa_type=Uid, foreign_key="opportunity.id", index=True)
    other_id: UUID = Field(sa_type=Uid, foreign_key="opportunity.id", index=True)
    found_at: dt.datetime = Field(sa_type=Instant)
    signals: Annotated[list[str], INTERNAL] = Field(default_factory=list, sa_type=sa.JSON)
    other_number: Annotated[str | None, INTERNAL] = Field(default=None, max_length=40)
    other_name: Annotated[str | None, INTERNAL] = Field(default=None, max_length=128)
    other_company: Annotated[str | None, COMPANY] = Field(default=None, max_length=128)
    other_partner: Annotated[str | None, INTERNAL] = Field(default=None, max_length=128)
    other_direction: Annotated[Direction | None, INTERNAL] = Field(default=None, sa_type=word_type(Direction))
    other_status: Annotated[Status | None, INTERNAL] = Field(default=None, sa_type=word_type(Status))
    other_submitted_at: Annotated[dt.datetime | None, INTERNAL] = Field(default=None, sa_type=Instant)
    own_clock: Annotated[dt.datetime | None, INTERNAL] = Field(default=None, sa_type=Instant)
    other_clock: Annotated[dt.datetime | None, INTERNAL] = Field(default=None, sa_type=Instant)
    has_priority: Annotated[bool | None, INTERNAL] = None
    rule: Annotated[PriorityRule | None, INTERNAL] = Field(default=None, sa_type=word_type(PriorityRule))

    __table_args__ = (sa.UniqueConstraint("opportunity_id", "other_id"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Huawei's side sees the matches of opportunities that it sees; a partner only learns that there is one."""
        if actor.side in (Side.PARTNER, Side.CUSTOMER):
            return sa.false()
        return of_a_visible_opportunity(cls, actor)


relate(Opportunity, "duplicates", Many(DuplicateMatch, "opportunity_id"))


def clock_of(record: Opportunity) -> dt.datetime | None:
    """Give the time by which a record counts: audit approval of a PO, CRM creation of an HO (COL-2.7.7)."""
    if record.direction == Direction.HO:
        return record.crm_created_at
    return record.audit_approved_at


def goes_first(one: Opportunity, other: Opportunity) -> tuple[bool, PriorityRule]:
    """Say whether `one` has priority over `other`, and by which rule (COL-2.7.7).

    Imported history never has priority.
    """
    if (one.origin == Origin.IMPORTED) != (other.origin == Origin.IMPORTED):
        return other.origin == Origin.IMPORTED, PriorityRule.IMPORTED_LAST
    passed, other_passed = _counts_as_passed(one), _counts_as_passed(other)
    if passed != other_passed:
        return passed, PriorityRule.ALREADY_PASSED
    clock, other_clock = clock_of(one), clock_of(other)
    if (clock is None) != (other_clock is None):
        return clock is not None, PriorityRule.AUDITED_BEFORE_UNAUDITED
    rule = PriorityRule.AUDITED_FIRST
    if clock is None or other_clock is None:
        clock, other_clock, rule = one.submitted_at, other.submitted_at, PriorityRule.SUBMITTED_FIRST
    if clock is not None and other_clock is not None and clock != other_clock:
        return clock < other_clock, rule
    return one.id < other.id, PriorityRule.LOWER_ID


def _counts_as_passed(record: Opportunity) -> bool:
    return record.status in PASSED and record.origin != Origin.IMPORTED


def signals_between(one: Opportunity, other: Opportunity) -> list[DuplicateSignal]:
    """List why two records look like one; without an overlap in what is sold there is no match (COL-2.7.8)."""
    found = list(dict.fromkeys(_SIGNAL_OF[name] for name in shared(one, other, _SIGNAL_OF)))
    overlap = [
        signal
        for signal, ours, theirs in (
            (DuplicateSignal.OFFERING, one.offering_ids, other.offering_ids),
            (DuplicateSignal.SERVICE, one.services, other.services),
        )
        if set(ours or ()) & set(theirs or ())
    ]
    return [*found, *overlap] if found and overlap else []


_SIGNAL_OF: Final = {
    "credit_code": DuplicateSignal.CREDIT_CODE,
    "normalised_name": DuplicateSignal.COMPANY_NAME,
    "account_name": DuplicateSignal.ACCOUNT,
    "customer_id": DuplicateSignal.ACCOUNT,
}
_opportunities, _matches = Opportunity.__table__, DuplicateMatch.__table__  # type: ignore[attr-defined]
_SIGNALS: Final = tuple(_SIGNAL_OF)
_about = sa.or_(*(_matches.c[name] == given("id", Uid()) for name in ("opportunity_id", "other_id")))
_MAY_MATCH: Final = Fetch(
    sa.select(sa.literal_column("1", sa.Integer).label("found")).where(
        sa.or_(
            sa.exists().where(_about),
            sa.exists().where(
                sa.or_(*(_opportunities.c[name] == given(name, _opportunities.c[name].type) for name in _SIGNALS)),
                _opportunities.c.id != given("id", Uid()),
                _opportunities.c.status.in_(ALIVE),
                _opportunities.c.origin != Origin.IMPORTED,
            ),
        )
    )
)


async def _may_match(work: Work, record: Opportunity) -> bool:
    """Tell whether there is anything to compare with or to take back; most records are the only one for their need."""
    signals = {name: (getattr(record, name) or None) if record.status in ALIVE else None for name in _SIGNALS}
    return bool(await work.fetch(_MAY_MATCH, id=record.id, **signals))


async def rivals_of(work: Work, record: Opportunity, *, hold: bool = False) -> list[Opportunity]:
    """Find living records for the same need, whoever's they are; imported history is left out (COL-2.7.7)."""
    same = [
        column == value
        for column, value in (
            (col(Opportunity.credit_code), record.credit_code),
            (col(Opportunity.normalised_name), record.normalised_name),
            (col(Opportunity.account_name), record.account_name),
            (col(Opportunity.customer_id), record.customer_id),
        )
        if value
    ]
    if not same:
        return []
    query = (
        select(Opportunity)
        .where(
            sa.or_(*same),
            col(Opportunity.id) != record.id,
            col(Opportunity.status).in_(ALIVE),
            col(Opportunity.origin) != Origin.IMPORTED,
        )
        .order_by(col(Opportunity.id))
        .limit(A_PAGE)
    )
    if hold:
        query = query.with_for_update().execution_options(populate_existing=True)
    rivals: list[Opportunity] = []
    page = await work.every(query)
    while page:
        rivals += [other for other in page if signals_between(record, other)]
        page = await work.every(query.where(col(Opportunity.id) > page[-1].id)) if len(page) == A_PAGE else []
    return rivals


async def no_duplicate_goes_first(work: Work, move: Move) -> Iterator[DomainError] | list[DomainError]:
    """Only one of several duplicates passes: the one that goes first (COL-2.7.1, COL-2.7.3, COL-2.7.7)."""
    record: Opportunity = move.record
    rivals = await rivals_of(work, record, hold=move.values is not None)
    return [DuplicateHasPriorityError() for other in rivals[:1] if any(goes_first(one, record)[0] for one in rivals)]


async def refresh_duplicates(work: Work, move: Move) -> None:
    """Write anew what reviewers of this record, and of its rivals, see of each other."""
    await refresh(work, move.record)


async def refresh(work: Work, record: Opportunity) -> None:
    """Recompute the matches of a record after it, or its clock, changed.

    The rivals are held first, so that two who act on two duplicates at one moment write their matches in turn. Where a
    customer has very many, those that go first are told.
    """
    if not await _may_match(work, record):
        record.has_duplicates = False
        return
    await work.flush()
    rivals = await rivals_of(work, record, hold=True) if record.status in ALIVE else []
    if len(rivals) > MOST_TOLD:
        rivals = sorted(rivals, key=lambda other: not goes_first(other, record)[0])[:MOST_TOLD]
    about = sa.or_(col(DuplicateMatch.opportunity_id) == record.id, col(DuplicateMatch.other_id) == record.id)
    matches = await work.every(select(DuplicateMatch).where(about))
    if not rivals and not matches:
        record.has_duplicates = False
        return
    known = {match.opportunity_id for match in matches}
    former = known - {record.id} - {other.id for other in rivals}
    held = select(Opportunity).where(col(Opportunity.id).in_(former)).order_by(col(Opportunity.id)).with_for_update()
    parted = await work.every(held) if former else []
    await work.session.execute(sa.delete(DuplicateMatch).where(about).execution_options(synchronize_session="fetch"))
    names = await _partner_names(work, [record, *rivals])
    for other in rivals:
        signals = signals_between(record, other)
        _remember(work, record, other, signals, names)
        if record.origin != Origin.IMPORTED:
            _remember(work, other, record, signals, names)
            other.has_duplicates = True
    record.has_duplicates = bool(rivals)
    await work.flush()
    for one in parted:
        left = await work.first(select(DuplicateMatch.id).where(DuplicateMatch.opportunity_id == one.id).limit(1))
        one.has_duplicates = left is not None


def _remember(
    work: Work,
    record: Opportunity,
    other: Opportunity,
    signals: list[DuplicateSignal],
    names: dict[UUID, str],
) -> None:
    first, rule = goes_first(record, other)
    work.add(
        DuplicateMatch(
            opportunity_id=record.id,
            other_id=other.id,
            found_at=work.now,
            signals=[str(signal) for signal in signals],
            other_number=other.public_id,
            other_name=other.name,
            other_company=other.company_name,
            other_partner=names.get(other.partner_id) if other.partner_id else None,
            other_direction=other.direction,
            other_status=other.status,
            other_submitted_at=other.submitted_at,
            own_clock=clock_of(record),
            other_clock=clock_of(other),
            has_priority=first,
            rule=rule,
        )
    )


async def _partner_names(work: Work, records: list[Opportunity]) -> dict[UUID, str]:
    ids = {record.partner_id for record in records if record.partner_id}
    rows = await work.every(select(PartnerOrganisation).where(col(PartnerOrganisation.id).in_(ids)))
    return {row.id: row.name for row in rows}
