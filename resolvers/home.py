"""A portal's home page in one query, who can be put in charge, and the filters that people keep."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from models import opportunity as domain
from models.identity import Account as AccountRow
from models.kernel.values import instant_text
from models.notice import unread_count
from models.opportunity import Stage
from resolvers.context import Info
from resolvers.fields import Node, node, page_of
from resolvers.identity.types import Account
from resolvers.lookahead import LookAhead
from resolvers.mutation import Action, Payload, act, answers
from resolvers.opportunity.inputs import OpportunityFilter
from resolvers.opportunity.types import Opportunity
from resolvers.scalars import JSON, Instant, Money, MoneyInput, uid


@strawberry.type(description="One stage of the open pipeline; without a stage it is still in review.")
class PipelineStage:
    """A stage of the pipeline (商机阶段汇总)."""

    stage: Stage | None
    count: int
    amounts: list[Money] | None = strawberry.field(description="Expected amounts, one a currency.")


@strawberry.type(description="What waits for the partner to act.")
class Waiting:
    """What waits (待办)."""

    drafts: int
    returned: int = strawberry.field(description="Sent back for completion.")
    offers: int = strawberry.field(description="Offers of Huawei's that wait for an answer.")
    stale: int = strawberry.field(description="Open opportunities whose progress is overdue.")


@strawberry.type(description="A partner's home page in one query.")
class Home:
    """The home page (工作台)."""

    pipeline: list[PipelineStage]
    waiting: Waiting

    @strawberry.field(description="Notices that the viewer has not read.")
    async def unread_notices(self, info: Info) -> int:
        """Count the unread notices."""
        async with info.context.reading() as reader:
            return await unread_count(reader)

    @strawberry.field(description="The opportunities whose clock runs out next, whoever must act.")
    async def due_next(self, info: Info, first: int = 5) -> list[Opportunity]:
        """List what is due next."""
        wanted = LookAhead(info).of(domain.Opportunity)
        async with info.context.reading() as reader:
            found: Any = await domain.home.due_next(reader, wanted, first)
        return found  # type: ignore[no-any-return]


@strawberry.type(description="Somebody who can be in charge of opportunities, with his open load.")
class Assignee:
    """A person in charge (负责人)."""

    account: Account
    open_count: int


@node(domain.SavedFilter, description="Conditions on opportunities that the viewer keeps under a name.")
class SavedFilter(Node):
    """A kept filter (保存的筛选条件)."""

    name: str
    conditions: JSON
    updated_at: Instant


@strawberry.input(description="Keep a filter; one of the same name is replaced.")
class SavedFilterSaveInput(Action):
    """A filter to keep."""

    name: str
    filter: OpportunityFilter


@strawberry.input
class SavedFilterDeleteInput(Action):
    """A filter to throw away."""

    id: strawberry.ID


@strawberry.type
@answers(filter=domain.SavedFilter)
class SavedFilterPayload(Payload):
    """What an action on a kept filter answers."""

    filter: SavedFilter | None = None


@strawberry.type
class HomeQuery:
    """What a portal's home page asks for."""

    @strawberry.field(description="The viewer's pipeline, what waits for his organisation and what is due next.")
    async def home(self, info: Info) -> Home | None:
        """Give the home page."""
        async with info.context.reading() as reader:
            found = await domain.home.overview(reader)
        stages = [
            PipelineStage(
                stage=group.stage,
                count=group.count,
                amounts=None
                if group.amounts is None
                else [money for code, minor in group.amounts.items() if (money := Money.of(minor, code)) is not None],
            )
            for group in found.pipeline
        ]
        waiting = Waiting(drafts=found.drafts, returned=found.returned, offers=found.offers, stale=found.stale)
        return Home(pipeline=stages, waiting=waiting)

    @strawberry.field(description="The people of one's organisation who can be in charge, with their open load.")
    async def assignees(self, info: Info) -> list[Assignee] | None:
        """List who can be in charge."""
        wanted = LookAhead(info).inside(AccountRow, "account")
        async with info.context.reading() as reader:
            found: Any = await domain.home.assignees(reader, wanted)
        return [Assignee(account=account, open_count=count) for account, count in found]

    @strawberry.field(description="The filters that the viewer keeps, by name.")
    async def saved_filters(self, info: Info) -> list[SavedFilter] | None:
        """List kept filters."""
        wanted = LookAhead(info).of(domain.SavedFilter)
        async with info.context.reading() as reader:
            found: Any = (await reader.page(domain.SavedFilter, wanted, domain.saved.EVERY)).nodes
        return found  # type: ignore[no-any-return]


@strawberry.type
class HomeMutation:
    """What a portal's user keeps."""

    @strawberry.mutation(description="Keep a filter under a name; it is checked as the list would check it.")
    async def saved_filter_save(self, info: Info, input: SavedFilterSaveInput) -> SavedFilterPayload | None:
        """Keep a filter."""
        page, conditions = page_of(filter=input.filter), _as_sent(input.filter)
        return await act(
            info,
            input,
            lambda work: domain.save_filter(work, input.name, conditions, page),
            SavedFilterPayload,
            "filter",
        )

    @strawberry.mutation(description="Throw a kept filter away.")
    async def saved_filter_delete(self, info: Info, input: SavedFilterDeleteInput) -> SavedFilterPayload | None:
        """Throw a filter away."""
        key = uid(input.id, domain.SavedFilter.prefix)
        return await act(info, input, lambda work: domain.delete_filter(work, key), SavedFilterPayload, "filter")


def _as_sent(filter: OpportunityFilter) -> dict[str, Any]:
    """Write a filter as a client sends it, so that it can be sent again."""
    return {to_camel_case(name): _plain(value) for name, value in vars(filter).items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, MoneyInput):
        return {"amount": value.amount, "currency": value.currency}
    if isinstance(value, dt.datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, dt.date) else value


__all__ = ["HomeMutation", "HomeQuery"]
