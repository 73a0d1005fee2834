"""A partner's dashboard in GraphQL: figures of what the viewer sees, in one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

from models import dashboard as domain
from models.customer import AssociationType
from models.kernel.reads.asking import Asked, Asking
from models.opportunity import Opportunity, Status
from resolvers.context import Info, tell
from resolvers.fields import told
from resolvers.scalars import Money


@strawberry.type(description="What of the pipeline is in one status.")
class DashboardStatus:
    """A status of the pipeline (状态汇总)."""

    status: Status
    count: int
    expected: list[Money] | None = strawberry.field(description="One amount a currency.")
    signed: list[Money] | None = strawberry.field(description="One amount a currency.")


@strawberry.type(description="How many customers are associated in one way.")
class DashboardType:
    """A type of association (关联类型汇总)."""

    association_type: AssociationType | None
    count: int


@strawberry.type(description="How many customers there are.")
class DashboardCustomers:
    """The customers (客户汇总)."""

    count: int
    by_type: list[DashboardType] | None
    new_this_month: int | None = strawberry.field(description="Associated in the present month of Beijing.")


@strawberry.type(description="What was consumed in one month. For reference only: no bill for settlement.")
class DashboardMonth:
    """A month of consumption (消费趋势)."""

    month: str
    due: list[Money]
    performance: list[Money]


@strawberry.type(description="What waits for somebody of the organisation.")
class DashboardWaiting:
    """What waits (待办)."""

    drafts: int
    returned: int = strawberry.field(description="Opportunities sent back for completion.")
    offers: int = strawberry.field(description="Offers of Huawei's that wait for an answer.")
    requests: int = strawberry.field(description="Customers' requests to un-link or switch that wait for the partner.")
    leads_to_dispatch: int
    leads_overdue: int = strawberry.field(description="Leads whose next follow-up is due.")
    reports_ending: int = strawberry.field(description="Reports that end within three days.")
    invitations_open: int = strawberry.field(description="Invitations that nobody has answered.")


@strawberry.type(description="Figures of what the viewer sees.")
class Dashboard:
    """The dashboard (伙伴看板)."""

    pipeline: list[DashboardStatus]
    customers: DashboardCustomers
    consumption: list[DashboardMonth] | None = strawberry.field(
        description="The last twelve months that anything is known of, the oldest first."
    )
    waiting: DashboardWaiting


def _dashboard(asking: Asking) -> Asked:
    found: domain.Dashboard = yield from domain.ask_dashboard(asking)
    customers, waiting = found.customers, found.waiting
    return Dashboard(
        pipeline=[
            DashboardStatus(
                status=one.status, count=one.count, expected=_amounts(one.expected), signed=_amounts(one.signed)
            )
            for one in found.pipeline
        ],
        customers=DashboardCustomers(
            count=customers.count,
            by_type=None
            if customers.by_type is None
            else [DashboardType(association_type=kind, count=count) for kind, count in customers.by_type.items()],
            new_this_month=customers.new_this_month,
        ),
        consumption=None
        if found.consumption is None
        else [
            DashboardMonth(month=one.month, due=_sums(one.due), performance=_sums(one.performance))
            for one in found.consumption
        ],
        waiting=DashboardWaiting(**vars(waiting)),
    )


def _amounts(minor: Mapping[str, int] | None) -> list[Money] | None:
    return None if minor is None else _sums(minor)


def _sums(minor: Mapping[str, int]) -> list[Money]:
    return [money for code, amount in sorted(minor.items()) if (money := Money.of(amount, code)) is not None]


@strawberry.type
class DashboardQuery:
    """What a partner's dashboard asks for."""

    @strawberry.field(
        metadata=told(Opportunity, _dashboard),
        description="Pipeline, customers, consumption and what waits, of what the viewer sees.",
    )
    async def dashboard(self, info: Info) -> Dashboard | None:
        """Give the dashboard."""
        found: Any = await tell(info)
        return found  # type: ignore[no-any-return]
