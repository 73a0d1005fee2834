"""The one place that says of every table that refers to a customer what becomes of its rows when two are merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models.customer_merge.words import Holding


@dataclass(frozen=True)
class Follows:
    """What becomes of the rows of the customer that is merged away (合并时的去向): without more, they follow.

    While a row is in one of the states `waits`, nothing is merged. In the states `held_in` a row cannot follow, and
    with `held` in none; `holding` is what both are called. Of rows that are alike in the columns of `one_each` (and
    have nothing in `while_null`) the survivor keeps its own; the other is set aside until the merge is taken back.
    """

    waits: tuple[str, ...] = ()
    held: bool = False
    held_in: tuple[str, ...] = ()
    holding: Holding = Holding.REQUEST
    one_each: tuple[str, ...] | None = None
    while_null: str | None = None


FOLLOWS: Final[Mapping[str, Follows]] = {
    "account.customer_id": Follows(held=True, holding=Holding.LOGIN),
    "account_manager_period.customer_id": Follows(one_each=(), while_null="to_at"),
    "agreement_signature.customer_id": Follows(one_each=("agreement_id",)),
    "association_event.customer_id": Follows(),
    "association_request.customer_id": Follows(waits=("PENDING_CUSTOMER", "PENDING_PARTNER")),
    "balance_entry.customer_id": Follows(held=True, holding=Holding.MONEY),
    "budget_adjustment.customer_id": Follows(held=True, holding=Holding.MONEY),
    "consumption_day.customer_id": Follows(),
    "consumption_detail.customer_id": Follows(),
    "consumption_summary.customer_id": Follows(),
    "customer_authorisation.customer_id": Follows(
        waits=("REQUESTED",), holding=Holding.AUTHORISATION, held_in=("AUTHORISED",)
    ),
    "customer_budget.id": Follows(held=True, holding=Holding.MONEY),
    "customer_contact.customer_id": Follows(one_each=("name", "mobile", "email")),
    "customer_freeze.customer_id": Follows(
        holding=Holding.FREEZE, held_in=("FROZEN", "EXHAUSTED", "RESOURCES_DELETED")
    ),
    "customer_funds.id": Follows(held=True, holding=Holding.MONEY),
    "customer_merge.survivor_id": Follows(),
    "customer_report.customer_id": Follows(waits=("PENDING_REVIEW",), holding=Holding.REPORT, held_in=("REPORTED",)),
    "customer_standing.customer_id": Follows(one_each=()),
    "deal_registration.customer_id": Follows(),
    "invitation.customer_id": Follows(),
    "knowledge_recommendation.customer_id": Follows(),
    "opportunity.customer_id": Follows(),
    "performance_detail.customer_id": Follows(),
}
