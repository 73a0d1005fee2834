"""Who is told of leads: that one came from Huawei, that one was dispatched to him, that a follow-up is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from models.kernel.work import Work
from models.lead.record import Lead
from models.lead.words import WITH_FOLLOWER
from models.notice import (
    Message,
    NoticeKind,
    Severity,
    Subject,
    Watch,
    describe,
    main_account,
    named,
    tell,
    watch_for,
)
from models.rights import Right

RECEIVED = NoticeKind(
    "lead.received",
    "华为下发了线索",
    "Huawei sent leads down to you",
    "华为向贵公司下发了新的线索（活动：{campaign_name}），请及时派发。",
    "Huawei sent leads down to your company (campaign: {campaign_name}); please dispatch them.",
    Severity.ACTION,
    (Right.LEAD_ADMINISTER,),
    lapses=True,
)
DISPATCHED = NoticeKind(
    "lead.dispatched",
    "线索派发给您跟进",
    "A lead was dispatched to you",
    "线索“{company_name}”（客户：{customer_name}）已派发给您，请跟进。",
    "The lead “{company_name}” (customer: {customer_name}) was dispatched to you; please follow it up.",
    Severity.ACTION,
    (Right.LEAD_FOLLOW,),
    lapses=True,
)
DISPATCHED_MANY = NoticeKind(
    "lead.dispatched_many",
    "多条线索派发给您跟进",
    "Leads were dispatched to you",
    "“{company_name}”（客户：{customer_name}）等多条线索已派发给您，请跟进。",
    "Several leads were dispatched to you, “{company_name}” (customer: {customer_name}) among them.",
    Severity.ACTION,
    (Right.LEAD_FOLLOW,),
    lapses=True,
)
FOLLOW_UP_DUE = NoticeKind(
    "lead.follow_up_due",
    "线索到了跟进时间",
    "A lead is due for a follow-up",
    "线索“{company_name}”（客户：{customer_name}）计划于北京时间 {until} 跟进。",
    "The lead “{company_name}” (customer: {customer_name}) is due for a follow-up at {until} Beijing time.",
    Severity.WARNING,
    (Right.LEAD_FOLLOW,),
    lapses=True,
)

describe(
    Subject(
        Lead,
        "leads",
        ("company_name", "customer_name", "campaign_name", "status", "next_follow_at"),
        ("company_name", "customer_name", "status", "next_follow_at"),
    )
)


async def tell_of_push(work: Work, lead: Lead) -> None:
    """Tell a partner's main account that Huawei sent leads down, of many at once by the first (COL-6.2.7)."""
    receivers = {id for id in await main_account(work, lead) if id}
    await tell(work, [Message(RECEIVED, lead, receivers, "received")])


async def tell_of_dispatch(work: Work, leads: Sequence[Lead]) -> None:
    """Tell the follower what was dispatched to him, of many at once by the first (COL-6.2.4)."""
    if leads and leads[0].follower_id is not None:
        kind = DISPATCHED if len(leads) == 1 else DISPATCHED_MANY
        await tell(work, [Message(kind, leads[0], {leads[0].follower_id}, f"v{leads[0].version}")])


async def _due(work: Work) -> Any:
    moment = col(Lead.next_follow_at)
    return sa.and_(col(Lead.status).in_(WITH_FOLLOWER), moment <= work.now), moment


watch_for(Watch(FOLLOW_UP_DUE, Lead, _due, (named("follower_id"),)))
