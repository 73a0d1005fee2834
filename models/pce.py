"""Membership in the partner customer engagement programme: who joins, who may leave, who decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.approval import (
    ApprovalKind,
    DecisionInput,
    Reviewed,
    any_of,
    not_own_submission,
    of_all,
    of_own_partners,
    register,
)
from models.identity import Account
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.lifecycle import Check, Lifecycle, Move, State, Transition
from models.kernel.policy import Policy
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Word
from models.kernel.work import Work
from models.notice import NoticeKind, Severity, Subject, Tell, describe, holders, main_account, named, pdm_or, tell_of
from models.partner import PartnerOrganisation, joined_paths, joined_plans, organisations_of
from models.rights import Right

REVIEW_REQUIRED: Policy[bool] = Policy(
    "pce.review_required", False, "加入共拓计划是否需要人工审核", "Whether joining PCE waits for a reviewer"
)
AGREEMENT_VERSION: Policy[str] = Policy(
    "pce.agreement_version", "2026-01", "共拓计划承诺与协议的版本", "The version of PCE's commitment and agreement"
)


class PceStatus(Word):
    """Where a membership stands (共拓计划成员状态)."""

    PENDING = "PENDING", "审核中", "Pending"
    ACTIVE = "ACTIVE", "已加入", "Active"
    REJECTED = "REJECTED", "审核驳回", "Rejected"
    EXIT_PENDING = "EXIT_PENDING", "退出审核中", "Exit pending"
    EXITED = "EXITED", "已退出", "Exited"


MEMBERS = (PceStatus.ACTIVE, PceStatus.EXIT_PENDING)
CURRENT = (PceStatus.PENDING, *MEMBERS)


class AgreementNotAcceptedError(DomainError):
    """The commitment and agreement is not ticked (COL-1.1.6)."""

    zh = "请先勾选承诺与协议。"
    en = "Accept the commitment and agreement first."


class NotEnterpriseVerifiedError(DomainError):
    """The organisation is not verified as an enterprise (COL-1.1.7)."""

    zh = "伙伴组织尚未完成企业实名认证，不能加入共拓计划。"
    en = "The organisation is not verified as an enterprise, so it cannot join PCE."
    cbc = "CBC.0155"


class NoPathJoinedError(DomainError):
    """The organisation has joined neither a path nor a plan (COL-1.1.7)."""

    zh = "伙伴组织尚未加入任何发展路径或伙伴计划，不能加入共拓计划。"
    en = "The organisation has joined neither a development path nor a plan, so it cannot join PCE."
    cbc = "CBC.0155"


class PartnerFrozenError(DomainError):
    """The organisation is frozen (COL-1.1.7)."""

    zh = "伙伴组织已被冻结。"
    en = "The organisation is frozen."
    cbc = "CBC.0155"


class AlreadyPceMemberError(DomainError):
    """The organisation is a member already, or its application is being reviewed."""

    zh = "伙伴组织当前状态为“{status}”，无需重复申请。"
    en = "The organisation's membership is “{status}”; there is nothing to apply for."
    cbc = "CBC.0155"


class NotPceMemberError(DomainError):
    """Only a member shares and accepts opportunities (COL-1.1.4, COL-1.1.5)."""

    zh = "请先加入合作伙伴共拓计划。"
    en = "Join the partner customer engagement programme first."
    cbc = "CBC.0155"


class PceMembership(Reviewed, table=True):
    """A partner's membership in PCE (合作伙伴共拓计划成员), from application to exit; each application is a row."""

    __tablename__ = "pce_membership"
    prefix: ClassVar[str] = "pce"
    zh: ClassVar[str] = "共拓计划成员"
    en: ClassVar[str] = "PCE membership"
    relations: ClassVar = {"partner": One(PartnerOrganisation, "partner_id"), "submitter": One(Account, "submitted_by")}
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at")},
        default=(("created_at", True),),
        filters={"partner": Filter("partner_id"), "status": Filter("status", "in")},
    )

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id", index=True)
    office_id: str | None = Field(default=None, max_length=32)
    status: PceStatus = Field(sa_type=word_type(PceStatus))
    agreement_version: str = Field(max_length=32)
    agreed_at: dt.datetime = Field(sa_type=Instant)
    joined_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    exited_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    verdict_reason: str | None = Field(default=None, max_length=2000)
    exit_reason: str | None = Field(default=None, max_length=2000)

    __table_args__ = (
        sa.Index(
            "uq_pce_membership_current",
            "partner_id",
            unique=True,
            sqlite_where=sa.text("status IN ('PENDING', 'ACTIVE', 'EXIT_PENDING')"),
            postgresql_where=sa.text("status IN ('PENDING', 'ACTIVE', 'EXIT_PENDING')"),
        ),
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the organisation sees its membership, the past one included (COL-1.1.10)."""
        return col(cls.partner_id).in_(organisations_of(actor))


relate(PartnerOrganisation, "pce_memberships", Many(PceMembership, "partner_id"))


async def still_eligible(work: Work, move: Move) -> list[DomainError]:
    """Membership is for verified enterprises with a path or plan that are not frozen (COL-1.1.7)."""
    partner = await work.first(select(PartnerOrganisation).where(PartnerOrganisation.id == move.record.partner_id))
    return await ineligible(work, partner)


async def ineligible(work: Work, partner: PartnerOrganisation) -> list[DomainError]:
    """Say everything that keeps an organisation from joining (COL-1.1.7)."""
    found: list[DomainError] = []
    if not partner.enterprise_verified:
        found.append(NotEnterpriseVerifiedError())
    if not await joined_paths(work, partner.id) and not await joined_plans(work, partner.id):
        found.append(NoPathJoinedError())
    if partner.frozen:
        found.append(PartnerFrozenError())
    return found


_REVIEW = ("partnerPlan", "reviewPce")
PCE: Lifecycle[PceStatus] = Lifecycle(
    PceMembership,
    Transition(
        "approve",
        "通过",
        "Approve",
        (PceStatus.PENDING,),
        PceStatus.ACTIVE,
        Right.PCE_DECIDE,
        "COL-1.1.8",
        _REVIEW,
        guards=(not_own_submission,),
        checks=(still_eligible,),
        decides=True,
        approves=True,
    ),
    Transition(
        "reject",
        "驳回",
        "Reject",
        (PceStatus.PENDING,),
        PceStatus.REJECTED,
        Right.PCE_DECIDE,
        "COL-1.1.8",
        _REVIEW,
        reason=True,
        guards=(not_own_submission,),
        decides=True,
    ),
    Transition(
        "request_exit",
        "申请退出",
        "Request exit",
        (PceStatus.ACTIVE,),
        PceStatus.EXIT_PENDING,
        Right.PCE_LEAVE,
        "COL-1.1.9",
        ("partnerPlan", "exitPce"),
        reason=True,
    ),
    Transition(
        "withdraw_exit",
        "撤回退出申请",
        "Withdraw the exit",
        (PceStatus.EXIT_PENDING,),
        PceStatus.ACTIVE,
        Right.PCE_LEAVE,
        "COL-1.1.9",
        ("partnerPlan", "withdrawPceExit"),
    ),
    Transition(
        "approve_exit",
        "同意退出",
        "Approve the exit",
        (PceStatus.EXIT_PENDING,),
        PceStatus.EXITED,
        Right.PCE_DECIDE,
        "COL-1.1.9",
        _REVIEW,
        guards=(not_own_submission,),
        decides=True,
        approves=True,
    ),
    Transition(
        "reject_exit",
        "驳回退出",
        "Refuse the exit",
        (PceStatus.EXIT_PENDING,),
        PceStatus.ACTIVE,
        Right.PCE_DECIDE,
        "COL-1.1.9",
        _REVIEW,
        reason=True,
        guards=(not_own_submission,),
        decides=True,
    ),
    states=(
        State(PceStatus.PENDING, awaits="pce.membership"),
        State(PceStatus.EXIT_PENDING, awaits="pce.exit"),
    ),
    zh="共拓计划成员",
    en="PCE membership",
)

JOIN = Operation("pce.join", "加入共拓计划", "Join PCE", "partnerPlan", "joinPce")


def refuse_exit_while(check: Check) -> None:
    """Let a layer above keep a partner in the programme while something of its own is open (COL-1.1.9)."""
    PCE.also_check("request_exit", check)
    PCE.also_check("approve_exit", check)


async def join(work: Work, *, agreed: bool) -> PceMembership:
    """Apply for membership: active at once for whoever is eligible, or pending where a review is required."""
    work.actor.require(Right.PCE_JOIN)
    if work.actor.partner_id is None:
        raise NotFoundError()
    partner = await work.get(PartnerOrganisation, work.actor.partner_id)
    if (present := await current_membership(work, partner.id)) is not None:
        raise AlreadyPceMemberError(status=present.status)
    refuse([None if agreed else AgreementNotAcceptedError(path="agreed"), *await ineligible(work, partner)])
    reviewed = await work.policy(REVIEW_REQUIRED)
    membership = PceMembership(
        partner_id=partner.id,
        office_id=partner.office_id,
        status=PceStatus.PENDING if reviewed else PceStatus.ACTIVE,
        agreement_version=await work.policy(AGREEMENT_VERSION),
        agreed_at=work.now,
        joined_at=None if reviewed else work.now,
        submitted_by=work.actor.id,
        created_at=work.now,
        updated_at=work.now,
    )
    await PCE.begin(work, membership, JOIN, after={"agreement_version": membership.agreement_version})
    return membership


async def request_exit(work: Work, *, reason: str | None, version: int | None = None) -> PceMembership:
    """Ask to leave the programme; the PDM decides, and nothing may be open (COL-1.1.9)."""
    membership = await _own_membership(work, version)
    told = {"exit_reason": (reason or "").strip() or None, "submitted_by": work.actor.id}
    await PCE.fire(work, membership, "request_exit", reason=reason, values=told)
    return membership


async def withdraw_exit(work: Work, *, version: int | None = None) -> PceMembership:
    """Take the wish to leave back before anybody decided on it."""
    membership = await _own_membership(work, version)
    await PCE.fire(work, membership, "withdraw_exit", values={"exit_reason": None})
    return membership


async def review(work: Work, membership: PceMembership, verb: str, given: DecisionInput) -> None:
    """Decide on an application or on an exit; a refusal's reason is for the partner to read."""
    told: dict[str, dict[str, object]] = {
        "approve": {"joined_at": work.now},
        "reject": {"verdict_reason": given.reason},
        "approve_exit": {"exited_at": work.now},
        "reject_exit": {"verdict_reason": given.reason},
    }
    await PCE.fire(work, membership, verb, reason_code=given.reason_code, reason=given.reason, values=told.get(verb))


async def current_membership(work: Work, partner_id: UUID) -> PceMembership | None:
    """Give the membership of a partner, or its application; None after a rejection or an exit."""
    found: PceMembership | None = await work.first(
        select(PceMembership).where(PceMembership.partner_id == partner_id, col(PceMembership.status).in_(CURRENT))
    )
    return found


async def is_member(work: Work, partner_id: UUID) -> bool:
    """Tell whether a partner is in the programme; it is until its exit is approved."""
    membership = await current_membership(work, partner_id)
    return membership is not None and membership.status in MEMBERS


def members_among(partner_ids: Sequence[UUID]) -> Any:
    """Select those of some partners that are in the programme."""
    return select(PceMembership.partner_id).where(
        col(PceMembership.partner_id).in_(partner_ids), col(PceMembership.status).in_(MEMBERS)
    )


async def not_a_member(work: Work, partner_id: UUID | None) -> list[DomainError]:
    """Only a member adds a PO or accepts an HO (COL-1.1.4, COL-1.1.5)."""
    return [] if partner_id is not None and await is_member(work, partner_id) else [NotPceMemberError()]


async def _own_membership(work: Work, version: int | None) -> PceMembership:
    work.actor.require(Right.PCE_LEAVE)
    membership = await current_membership(work, work.actor.partner_id) if work.actor.partner_id else None
    if membership is None:
        raise NotPceMemberError()
    return await work.get(PceMembership, membership.id, version=version)


_REVIEWERS = any_of(of_own_partners(Right.PCE_DECIDE), of_all(Right.PCE_DECIDE, Right.PARTNER_READ_ALL))
register(
    ApprovalKind(
        name="pce.membership",
        zh="加入共拓计划",
        en="Joining PCE",
        model=PceMembership,
        lifecycle=PCE,
        rows=_REVIEWERS,
        decide=review,
        detail=("status", "agreement_version", "agreed_at", "created_at"),
    )
)
register(
    ApprovalKind(
        name="pce.exit",
        zh="退出共拓计划",
        en="Leaving PCE",
        model=PceMembership,
        lifecycle=PCE,
        rows=_REVIEWERS,
        decide=review,
        detail=("status", "joined_at", "exit_reason"),
    )
)

TO_DECIDE = NoticeKind(
    "queue.pce",
    "共拓计划申请待审批",
    "A PCE request to decide",
    "“{partner_name}”的共拓计划申请等待审批：{status}。",
    "A PCE request of “{partner_name}” waits for your decision: {status}.",
    Severity.ACTION,
    (Right.PCE_DECIDE,),
    lapses=True,
)
DECIDED = NoticeKind(
    "pce.decided",
    "共拓计划申请有了结果",
    "Your PCE request is decided",
    "贵公司的共拓计划成员状态为：{status}。",
    "Your company's PCE membership is now: {status}.",
    Severity.INFO,
    (Right.PCE_JOIN, Right.PCE_LEAVE),
)
describe(
    Subject(
        PceMembership,
        "memberships",
        ("partner.name", "status", "verdict_reason"),
        ("partner.name", "status", "verdict_reason"),
    )
)
_DESK = pdm_or(holders(Right.PCE_DECIDE, Right.PARTNER_READ_ALL))
tell_of(
    PCE,
    Tell((None,), TO_DECIDE, (_DESK,), when=lambda membership: membership.status == PceStatus.PENDING),
    Tell(("request_exit",), TO_DECIDE, (_DESK,)),
    Tell(("approve", "reject", "approve_exit", "reject_exit"), DECIDED, (main_account, named("submitted_by"))),
)
