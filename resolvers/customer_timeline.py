"""A customer's timeline in GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from models import customer_timeline as domain
from models.customer_timeline import TimelineKind
from resolvers.association import AssociationEvent
from resolvers.association_request import AssociationRequest
from resolvers.consumption import ConsumptionSummary
from resolvers.customer_merge import CustomerMerge
from resolvers.customer_report import CustomerReport
from resolvers.deal_registration import DealRegistration
from resolvers.fields import Node, node, one
from resolvers.freeze import CustomerFreeze
from resolvers.invitation import Invitation
from resolvers.opportunity.types import Opportunity
from resolvers.scalars import Instant
from resolvers.words import publish

if TYPE_CHECKING:
    from resolvers.customer import Customer

publish(TimelineKind)


@node(domain.TimelineEntry, description="One thing that happened with a customer; its kind says which field tells it.")
class TimelineEntry(Node):
    """An entry of the timeline (客户时间线)."""

    kind: TimelineKind
    at: Instant
    customer: Annotated[Customer, strawberry.lazy("resolvers.customer")] | None = one()
    report: CustomerReport | None = one()
    invitation: Invitation | None = one()
    association_event: AssociationEvent | None = one()
    association_request: AssociationRequest | None = one()
    opportunity: Opportunity | None = one()
    deal_registration: DealRegistration | None = one()
    consumption: ConsumptionSummary | None = one("For reference only: no bill for settlement (COL-5.9.2).")
    freeze: CustomerFreeze | None = one()
    merge: CustomerMerge | None = one()
