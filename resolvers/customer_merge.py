"""Likely duplicates and merges of customers in GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from models import customer_merge as domain
from models.customer import Customer as CustomerRow
from models.customer import CustomerMerge as CustomerMergeRow
from models.customer.likeness import DuplicateReason
from models.customer_merge import MergeField
from models.kernel.access import Side
from models.kernel.reads import Wanted
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.context import Info, given, searched
from resolvers.fields import Connection, Node, PageInfo, by_id, computed, node, one, search
from resolvers.lookahead import LookAhead, both
from resolvers.mutation import Action, Payload, act, answers
from resolvers.partner import PartnerOrganisation
from resolvers.scalars import Instant, uid
from resolvers.words import publish

if TYPE_CHECKING:
    from resolvers.customer import Customer

publish(DuplicateReason, MergeField)


@node(CustomerMergeRow, description="Two customers made one; it can be taken back.")
class CustomerMerge(Node):
    """A merge (客户合并)."""

    company_name: str | None
    reason: str
    merged_at: Instant
    by_name: str
    by_side: Side
    taken: list[MergeField]
    followed: int
    undone_at: Instant | None
    undone_by_name: str | None
    undo_reason: str | None
    version: int
    merged_id: strawberry.ID = computed(
        "merged_id",
        of=lambda row, _: f"{CustomerRow.prefix}_{row['merged_id'][-32:]}",
        description="The id that was merged away; until the merge is taken back, the survivor answers under it.",
    )
    survivor: Annotated[Customer, strawberry.lazy("resolvers.customer")] | None = one("The customer that stays.")
    partner: PartnerOrganisation | None = one()


@strawberry.type(description="A customer that may be the same as another, and why.")
class LikelyDuplicate:
    """A likely duplicate (疑似重复客户)."""

    customer: Annotated[Customer, strawberry.lazy("resolvers.customer")]
    reasons: list[DuplicateReason] = strawberry.field(description="The strongest first.")
    score: int = strawberry.field(description="How surely the two are one, from 50 to 99.")


@strawberry.type(description="A customer and those that look like it.")
class DuplicateGroup:
    """Likely duplicates (疑似重复组)."""

    customer: Annotated[Customer, strawberry.lazy("resolvers.customer")] = strawberry.field(
        description="The one of whom most is known, which would stay."
    )
    duplicates: list[LikelyDuplicate] = strawberry.field(description="The surest first, fifty at most.")


@strawberry.type(description="One page of likely duplicates.")
class DuplicateGroupConnection:
    """A page of groups (疑似重复列表)."""

    nodes: list[DuplicateGroup]
    page_info: PageInfo


@strawberry.input
class CustomerMergeFilter:
    """Which merges."""

    survivor: strawberry.ID | None = None
    merged: strawberry.ID | None = strawberry.field(default=None, description="The id that was merged away.")
    partner: strawberry.ID | None = None
    undone: bool | None = strawberry.field(default=None, description="Taken back, or standing.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        ids = {"survivor": CustomerRow.prefix, "merged": CustomerRow.prefix, "partner": PartnerRow.prefix}
        return {
            name: uid(value, ids[name], name) if name in ids and value else value for name, value in vars(self).items()
        }


@strawberry.input
class CustomerMergeInput(Action):
    """The customer that stays, the one that is merged into it, and what of that one is kept.

    The survivor's own values stay, but for the fields named in `take`; what it lacks it takes from the other.
    """

    survivor: strawberry.ID
    survivor_version: int
    merged: strawberry.ID
    merged_version: int
    reason: str
    take: list[MergeField] = strawberry.field(default_factory=list)


@strawberry.input
class CustomerUnmergeInput(Action):
    """The merge that is taken back."""

    id: strawberry.ID
    version: int
    reason: str


@strawberry.type
@answers(merge=CustomerMergeRow)
class CustomerMergePayload(Payload):
    """What merging answers."""

    merge: CustomerMerge | None = None


@strawberry.type
class CustomerMergeQuery:
    """What can be asked about duplicates and merges."""

    @strawberry.field(
        description="Likely duplicates among the customers that the viewer sees, those with the strongest sign first: "
        "of his own organisation; for Huawei's people of one partner, or without one of those that are unassociated. "
        "With a customer only what looks like that one."
    )
    async def customer_duplicates(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        partner: strawberry.ID | None = None,
        customer: strawberry.ID | None = None,
    ) -> DuplicateGroupConnection | None:
        """List likely duplicates."""
        whose = uid(partner, PartnerRow.prefix, "partner") if partner else None
        only = uid(customer, CustomerRow.prefix, "customer") if customer else None
        look = LookAhead(info)
        wanted = both(
            look.inside(CustomerRow, "nodes", "customer"), look.inside(CustomerRow, "nodes", "duplicates", "customer")
        )
        async with info.context.reading() as reader:
            if only is not None:
                group = await domain.of_customer(reader, only)
                found = domain.Groups([group] if group.others else [], has_next_page=False)
            else:
                found = await domain.groups(reader, partner_id=whose, first=first, after=after)
            rows = await _customers(reader, found, wanted)
        return DuplicateGroupConnection(
            nodes=[
                DuplicateGroup(
                    customer=rows[group.customer_id],
                    duplicates=[
                        LikelyDuplicate(customer=rows[one.customer_id], reasons=list(one.reasons), score=one.score)
                        for one in group.others
                    ],
                )
                for group in found.groups
            ],
            page_info=PageInfo(
                has_next_page=found.has_next_page,
                has_previous_page=after is not None,
                start_cursor=found.groups[0].cursor if found.groups else None,
                end_cursor=found.groups[-1].cursor if found.groups else None,
            ),
        )

    @strawberry.field(metadata=by_id(CustomerMergeRow), description="One merge of customers.")
    async def customer_merge(self, info: Info, id: strawberry.ID) -> CustomerMerge | None:
        """Give one merge."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(metadata=search(CustomerMergeRow), description="Merges of customers, the newest first.")
    async def customer_merges(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: CustomerMergeFilter | None = None,
    ) -> Connection[CustomerMerge] | None:
        """List merges."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


async def _customers(reader: Any, found: domain.Groups, wanted: Wanted) -> Any:
    ids = [id for group in found.groups for id in (group.customer_id, *(one.customer_id for one in group.others))]
    return await reader.by_ids(CustomerRow, dict.fromkeys(ids), wanted) if ids else {}


@strawberry.type
class CustomerMergeMutation:
    """What is done about duplicates."""

    @strawberry.mutation(description="Merge a customer into another of the same partner; it can be taken back.")
    async def customer_merge(self, info: Info, input: CustomerMergeInput) -> CustomerMergePayload | None:
        """Merge two customers."""
        survivor = uid(input.survivor, CustomerRow.prefix, "survivor")
        merged = uid(input.merged, CustomerRow.prefix, "merged")
        return await act(
            info,
            input,
            lambda work: domain.merge(
                work,
                survivor,
                merged,
                versions=(input.survivor_version, input.merged_version),
                take=input.take,
                reason=input.reason,
            ),
            CustomerMergePayload,
            "merge",
        )

    @strawberry.mutation(description="Take a merge back: both customers stand again, with what is theirs.")
    async def customer_unmerge(self, info: Info, input: CustomerUnmergeInput) -> CustomerMergePayload | None:
        """Take a merge back."""
        merge = uid(input.id, CustomerMergeRow.prefix)
        return await act(
            info,
            input,
            lambda work: domain.unmerge(work, merge, version=input.version, reason=input.reason),
            CustomerMergePayload,
            "merge",
        )
