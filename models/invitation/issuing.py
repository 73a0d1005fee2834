"""Inviting customers: by mail after a report, or by a link or QR code that the partner passes on itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import AssociationType
from models.customer_report import REPORT, CustomerReport, ReportStatus
from models.identity import Account
from models.invitation.lifecycle import INVITATION
from models.invitation.policies import INVITATION_DAYS, MOST_MAILS
from models.invitation.record import Invitation, InvitationActivity
from models.invitation.refusals import (
    ActivityNotRunningError,
    ActivityPeriodError,
    ActivityTagTakenError,
    EmailRequiredError,
    OnlyMailsAreResentError,
    ReportRequiredError,
    SentTooOftenError,
    TagNotAllowedError,
)
from models.invitation.words import InvitationChannel, InvitationStatus, InvitationTag
from models.kernel.errors import (
    DomainError,
    FieldRequiredError,
    LengthError,
    NotFoundError,
    ValueNotAllowedError,
    refuse,
)
from models.kernel.journal import Operation
from models.kernel.lifecycle import Move
from models.kernel.words import Lang
from models.kernel.work import Work
from models.notice.telling import enqueue
from models.rights import Right

INVITE: Final = Operation(
    "invitation.send", "邀请客户", "Invite the customer", "csbchannelsalesCustomer", "inviteCustomer"
)
RESEND: Final = Operation(
    "invitation.resend", "重新发送邀请", "Send the invitation again", "csbchannelsalesCustomer", "inviteCustomer"
)
OPEN_ACTIVITY: Final = Operation(
    "invitation.open_activity", "创建邀请活动", "Open an activity", "csbchannelsalesCustomer", "openActivity"
)
LETTER: Final = "invitation"
MOST_AT_ONCE: Final = 100
LANGUAGES: Final = ("zh", "en")


async def send_by_mail(
    work: Work, report_ids: Sequence[UUID], association_type: AssociationType, *, language: Lang = "zh"
) -> list[Invitation]:
    """Invite reported customers by mail, all of them or none (COL-5.3.1, COL-5.3.2)."""
    work.actor.require(Right.CUSTOMER_INVITE)
    wanted = list(dict.fromkeys(report_ids))
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise LengthError(path="reports", minimum=1, maximum=MOST_AT_ONCE, length=len(wanted))
    if language not in LANGUAGES:
        raise ValueNotAllowedError(path="language", value=language)
    reports = [await work.get(CustomerReport, id) for id in wanted]
    found = [error.under("reports", place) for place, one in enumerate(reports) for error in uninvitable(one)]
    refuse(found)
    made = []
    for report in reports:
        invitation = await _issued(
            work,
            report,
            channel=InvitationChannel.ONLINE,
            association_type=association_type,
            language=language,
            email=report.email,
            tag_kind=InvitationTag.GENERIC,
            tag=await _own_tag(work),
            valid_until=await link_end(work, report),
        )
        await _post(work, invitation)
        made.append(invitation)
    await work.flush()
    return made


async def open_link(
    work: Work,
    association_type: AssociationType,
    *,
    report_id: UUID | None = None,
    tag_kind: InvitationTag = InvitationTag.GENERIC,
    tag: str | None = None,
    activity_id: UUID | None = None,
) -> Invitation:
    """Make a link and QR code to pass on, tied to a report or not (COL-5.3.3, COL-5.3.4, COL-5.3.5)."""
    work.actor.require(Right.CUSTOMER_INVITE)
    report = await work.get(CustomerReport, report_id) if report_id is not None else None
    activity = await work.get(InvitationActivity, activity_id) if activity_id is not None else None
    tag = (tag or "").strip() or None
    refuse([*(_unheld(report) if report else ()), *_mistagged(work, tag_kind, tag, activity)])
    # An activity's link ends with the activity; any other with the report, or after the days of the policy.
    until = activity.ends_at if activity is not None else await link_end(work, report)
    if report is not None and report.due_at is not None:
        until = min(until, report.due_at)
    made = await _issued(
        work,
        report,
        channel=InvitationChannel.OFFLINE,
        association_type=association_type,
        tag_kind=tag_kind,
        tag=activity.tag if activity is not None else tag or await _own_tag(work),
        activity_id=activity_id,
        valid_until=until,
    )
    await work.flush()
    return made


async def resend(work: Work, id: UUID) -> Invitation:
    """Send the mail of an invitation that waits once more; its link stays the same."""
    work.actor.require(Right.CUSTOMER_INVITE)
    invitation = await work.get(Invitation, id)
    refuse([None if invitation.channel is InvitationChannel.ONLINE else OnlyMailsAreResentError()])
    refuse(INVITATION.blocks(Move(invitation, work.actor, work.now), "withdraw"))
    most = await work.policy(MOST_MAILS)
    if invitation.times_sent >= most:
        raise SentTooOftenError(maximum=most)
    await _post(work, invitation)
    work.note(RESEND, invitation, after={"times_sent": invitation.times_sent})
    return invitation


async def withdraw(work: Work, id: UUID, *, version: int | None = None) -> Invitation:
    """Take an invitation back before it is answered."""
    work.actor.require(Right.CUSTOMER_INVITE)
    invitation = await work.get(Invitation, id, version=version)
    await INVITATION.fire(work, invitation, "withdraw")
    return invitation


async def open_activity(
    work: Work, *, name: str, tag: str, begins_at: dt.datetime, ends_at: dt.datetime
) -> InvitationActivity:
    """Open an activity whose links carry its tag and end with it (COL-5.3.5)."""
    work.actor.require(Right.CUSTOMER_INVITE)
    if work.actor.partner_id is None:
        raise NotFoundError()
    name, tag = name.strip(), tag.strip()
    found: list[DomainError] = [*_texts(name=name, tag=tag)]
    if not begins_at < ends_at or ends_at <= work.now:
        found.append(ActivityPeriodError(path="endsAt"))
    same = select(InvitationActivity.id).where(
        InvitationActivity.partner_id == work.actor.partner_id, InvitationActivity.tag == tag
    )
    if await work.first(same):
        found.append(ActivityTagTakenError(path="tag", tag=tag))
    refuse(found)
    made = work.add(
        InvitationActivity(
            partner_id=work.actor.partner_id,
            name=name,
            tag=tag,
            begins_at=begins_at,
            ends_at=ends_at,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    work.note(OPEN_ACTIVITY, made, after={"name": name, "tag": tag, "begins_at": begins_at, "ends_at": ends_at})
    return made


async def withdraw_with_report(work: Work, move: Move) -> None:
    """Withdraw the open invitations of a report that its partner voids."""
    for invitation in await work.every(
        select(Invitation)
        .where(Invitation.report_id == move.record.id, Invitation.status == InvitationStatus.SENT)
        .order_by(col(Invitation.id))
        .with_for_update()
    ):
        await INVITATION.fire(work, invitation, "withdraw")


REPORT.also_do("void", withdraw_with_report)


async def _issued(work: Work, report: CustomerReport | None, **facts: Any) -> Invitation:
    """Begin an invitation, which the journal tells (COL-5.7.15); an account manager gets its customer (COL-5.3.8)."""
    if work.actor.partner_id is None:
        raise NotFoundError()
    made = Invitation(
        **facts,
        partner_id=work.actor.partner_id,
        report_id=report.id if report else None,
        customer_id=report.customer_id if report else None,
        company_name=report.company_name if report else None,
        office_id=report.office_id if report else None,
        owner_id=report.owner_id if report else None,
        bd_id=report.bd_id if report else None,
        issued_by=work.actor.id,
        account_manager_id=work.actor.id if work.actor.may(Right.CUSTOMER_READ_MANAGED) else None,
        created_at=work.now,
        updated_at=work.now,
    )
    told = {"channel": made.channel, "association_type": made.association_type, "tag": made.tag, "email": made.email}
    await INVITATION.begin(work, made, INVITE, after={name: value for name, value in told.items() if value})
    return made


async def _post(work: Work, invitation: Invitation) -> None:
    invitation.times_sent += 1
    invitation.last_sent_at = work.now
    await work.flush()
    await enqueue(work, [(work.actor.id, LETTER, invitation.id, f"{invitation.id.hex}-{invitation.times_sent}")])


async def link_end(work: Work, report: CustomerReport | None) -> dt.datetime:
    """Let a link end with the report, and after the days of the policy at the latest (COL-5.2.4, COL-5.3.6)."""
    latest = work.now + dt.timedelta(days=await work.policy(INVITATION_DAYS))
    return min(latest, report.due_at) if report is not None and report.due_at is not None else latest


async def _own_tag(work: Work) -> str:
    """Give the issuing user's account name, which a generic link carries (COL-5.3.4)."""
    login: str | None = await work.first(select(Account.login).where(Account.id == work.actor.id))
    return login or work.actor.name[:64]


def uninvitable(report: CustomerReport) -> list[DomainError]:
    """Say what keeps a reported customer from being invited by mail (COL-5.3.2)."""
    return [*_unheld(report), *([] if report.email else [EmailRequiredError()])]


def _unheld(report: CustomerReport) -> list[DomainError]:
    held = report.status is ReportStatus.REPORTED
    return [] if held else [ReportRequiredError(status=report.status)]


def _mistagged(
    work: Work, kind: InvitationTag, tag: str | None, activity: InvitationActivity | None
) -> list[DomainError]:
    found: list[DomainError] = []
    if kind is InvitationTag.CUSTOM:
        found += _texts(tag=tag or "")
    elif tag is not None:
        found.append(TagNotAllowedError(path="tag"))
    if kind is InvitationTag.ACTIVITY and activity is None:
        found.append(FieldRequiredError(path="activity"))
    if kind is not InvitationTag.ACTIVITY and activity is not None:
        found.append(TagNotAllowedError(path="activity"))
    if activity is not None and not activity.begins_at <= work.now < activity.ends_at:
        found.append(ActivityNotRunningError(path="activity"))
    return found


def _texts(**texts: str) -> list[DomainError]:
    return [
        FieldRequiredError(path=name) if not text else LengthError(path=name, minimum=1, maximum=64, length=len(text))
        for name, text in texts.items()
        if not 1 <= len(text) <= 64
    ]
