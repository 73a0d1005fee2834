"""The transition table of a lead (COL-6.2.7): dispatched, followed up, converted or closed, opened again."""

from __future__ import annotations

from models.kernel.lifecycle import Lifecycle, Transition
from models.lead.record import Lead
from models.lead.rules import (
    follower_changes,
    is_follower_or_administrator,
    is_the_follower,
    other_reason_is_told,
    partner_has_joined,
)
from models.lead.words import WITH_FOLLOWER, LeadCloseReason, LeadStatus
from models.rights import Right

LEAD: Lifecycle[LeadStatus] = Lifecycle(
    Lead,
    Transition(
        verb="dispatch",
        zh="派发",
        en="Dispatch",
        sources=(LeadStatus.NEW,),
        target=LeadStatus.ASSIGNED,
        permission=Right.LEAD_DISPATCH,
        event=("lead", "dispatchLead"),
        rule="COL-6.2.7",
    ),
    Transition(
        verb="redispatch",
        zh="重新派发",
        en="Dispatch to somebody else",
        sources=WITH_FOLLOWER,
        target=LeadStatus.ASSIGNED,
        permission=Right.LEAD_DISPATCH,
        guards=(follower_changes,),
        event=("lead", "dispatchLead"),
        rule="COL-6.2.7",
    ),
    Transition(
        verb="add_follow_up",
        zh="添加跟进记录",
        en="Add a follow-up",
        sources=WITH_FOLLOWER,
        target=LeadStatus.FOLLOWING,
        permission=Right.LEAD_FOLLOW,
        guards=(is_the_follower,),
        event=("lead", "followLead"),
        rule="COL-6.2.7",
    ),
    Transition(
        verb="convert_to_opportunity",
        zh="转机会点",
        en="Convert to an opportunity",
        sources=(LeadStatus.FOLLOWING,),
        target=LeadStatus.CONVERTED,
        permission=Right.OPPORTUNITY_SHARE,
        guards=(is_the_follower,),
        checks=(partner_has_joined,),
        event=("lead", "convertLead"),
        rule="COL-6.2.7",
    ),
    Transition(
        verb="convert_to_deal_registration",
        zh="转商机报备",
        en="Convert to a deal registration",
        sources=(LeadStatus.FOLLOWING,),
        target=LeadStatus.CONVERTED,
        permission=Right.DEAL_CREATE,
        guards=(is_the_follower,),
        event=("lead", "convertLead"),
        rule="COL-6.2.7",
    ),
    Transition(
        verb="close",
        zh="关闭",
        en="Close",
        sources=WITH_FOLLOWER,
        target=LeadStatus.CLOSED,
        permission=Right.LEAD_FOLLOW,
        reasons=tuple(LeadCloseReason),
        guards=(is_follower_or_administrator, other_reason_is_told),
        event=("lead", "closeLead"),
        rule="COL-6.2.7",
    ),
    Transition(
        verb="reopen",
        zh="重新打开",
        en="Open again",
        sources=(LeadStatus.CLOSED,),
        target=LeadStatus.ASSIGNED,
        permission=Right.LEAD_ADMINISTER,
        event=("lead", "reopenLead"),
        rule="COL-6.2.7",
    ),
    zh="线索",
    en="Lead",
)
