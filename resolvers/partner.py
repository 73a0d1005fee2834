"""Partner organisations in GraphQL: who they are, their paths, plans and offerings."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models import partner as domain
from models.identity import Account as AccountRow
from models.partner import OfferingKind, PartnerKind, PartnerLevel, Path, PathStage, Plan
from resolvers.context import Info, given, searched
from resolvers.fields import Connection, Node, by_id, listed, many, node, one, search
from resolvers.funds import PartnerBalance
from resolvers.identity.types import Account
from resolvers.mutation import Action, Payload, act, answers, patch
from resolvers.scalars import Instant, uid
from resolvers.words import publish

publish(PartnerKind, PartnerLevel, Path, PathStage, Plan, OfferingKind)


@node(domain.PartnerPath, description="A development path that a partner has joined.")
class PartnerPath(Node):
    """A path (路径) and how far the partner has come on it."""

    path: Path
    stage: PathStage
    joined_at: Instant


@node(domain.PartnerPlan, description="A plan that a partner has joined.")
class PartnerPlan(Node):
    """A plan (计划) that the partner has joined."""

    plan: Plan
    joined_at: Instant


@node(domain.Offering, description="What a partner sells: a KooGallery product or a baseline solution.")
class Offering(Node):
    """An offering (伙伴 Offering)."""

    name: str
    kind: OfferingKind
    listed: bool
    counts_for_assessment: bool
    services: list[str]
    version: int
    partner: PartnerOrganisation | None = one()


@node(domain.PartnerOrganisation, description="A company that sells with Huawei Cloud.")
class PartnerOrganisation(Node):
    """A partner organisation (伙伴组织)."""

    name: str
    name_en: str | None
    credit_code: str | None
    kind: PartnerKind
    province: str | None
    office_id: str | None
    level: PartnerLevel
    core_map: bool
    enterprise_verified: bool
    frozen: bool
    created_at: Instant
    updated_at: Instant
    version: int
    pdm: Account | None = one("Who looks after the partner at Huawei.")
    distributor: PartnerOrganisation | None = one("The tier-1 distributor of a reseller.")
    balance: PartnerBalance | None = one("What it has to give to its resale customers.")

    @strawberry.field(metadata=many("resellers"))
    def resellers(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[PartnerOrganisation]:
        """List the resellers of a distributor, as far as the viewer sees them."""
        found: Connection[PartnerOrganisation] = listed(self, info)
        return found

    @strawberry.field(metadata=many("paths"))
    def paths(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[PartnerPath]:
        """List the paths that the partner has joined."""
        found: Connection[PartnerPath] = listed(self, info)
        return found

    @strawberry.field(metadata=many("plans"))
    def plans(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[PartnerPlan]:
        """List the plans that the partner has joined."""
        found: Connection[PartnerPlan] = listed(self, info)
        return found

    @strawberry.field(metadata=many("offerings"))
    def offerings(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Offering]:
        """List the partner's offerings by name."""
        found: Connection[Offering] = listed(self, info)
        return found


@strawberry.enum(description="What partners can be sorted by.")
class PartnerSortKey(enum.Enum):
    """A sort key of partners (排序字段)."""

    NAME = "name"
    CREATED_AT = "created_at"


@strawberry.input
class PartnerSort:
    """One sort key with its direction."""

    by: PartnerSortKey
    descending: bool = False


@strawberry.input
class PartnerFilter:
    """Which partners."""

    name: str | None = None
    office: list[str] | None = None
    level: list[PartnerLevel] | None = None
    kind: list[PartnerKind] | None = None
    pdm: strawberry.ID | None = None
    core_map: bool | None = None
    frozen: bool | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        given = dict(vars(self))
        given["pdm"] = self.pdm and uid(self.pdm, AccountRow.prefix, "pdm")
        return given


@strawberry.input
class PartnerCreateInput(Action):
    """A new partner organisation."""

    name: str
    name_en: str | None = None
    credit_code: str | None = None
    kind: PartnerKind = PartnerKind.SOLUTION_PROVIDER
    province: str | None = None
    office_id: str | None = None
    pdm: strawberry.ID | None = None
    level: PartnerLevel = PartnerLevel.REGISTERED
    core_map: bool = False
    enterprise_verified: bool = False
    distributor: strawberry.ID | None = None


@strawberry.input
class PartnerUpdateInput(Action):
    """What changes of a partner organisation; what is left out stays."""

    id: strawberry.ID
    version: int
    name: strawberry.Maybe[str]
    name_en: strawberry.Maybe[str | None]
    credit_code: strawberry.Maybe[str | None]
    kind: strawberry.Maybe[PartnerKind]
    province: strawberry.Maybe[str | None]
    office_id: strawberry.Maybe[str | None]
    pdm: strawberry.Maybe[strawberry.ID | None]
    level: strawberry.Maybe[PartnerLevel]
    core_map: strawberry.Maybe[bool]
    enterprise_verified: strawberry.Maybe[bool]
    frozen: strawberry.Maybe[bool]
    distributor: strawberry.Maybe[strawberry.ID | None]


@strawberry.input
class PartnerPathStageSetInput(Action):
    """How far a partner has come on a path."""

    partner: strawberry.ID
    path: Path
    stage: PathStage


@strawberry.input
class PartnerPlanJoinInput(Action):
    """A plan that a partner joins."""

    partner: strawberry.ID
    plan: Plan


@strawberry.input
class OfferingAddInput(Action):
    """A new offering of a partner; services are codes of Huawei Cloud services."""

    partner: strawberry.ID
    name: str
    kind: OfferingKind
    services: list[str] = strawberry.field(default_factory=list)
    listed: bool = True
    whitelisted: bool = strawberry.field(
        default=False, description="A KooGallery product that is whitelisted for joint operation."
    )


@strawberry.input
class OfferingEditInput(Action):
    """What changes of an offering; what is left out stays."""

    id: strawberry.ID
    version: int
    name: strawberry.Maybe[str]
    services: strawberry.Maybe[list[str]]
    listed: strawberry.Maybe[bool]
    counts_for_assessment: strawberry.Maybe[bool]


@strawberry.type
@answers(partner=domain.PartnerOrganisation)
class PartnerPayload(Payload):
    """What an action on a partner answers."""

    partner: PartnerOrganisation | None = None


@strawberry.type
@answers(path=domain.PartnerPath)
class PartnerPathPayload(Payload):
    """What an action on a path answers."""

    path: PartnerPath | None = None


@strawberry.type
@answers(plan=domain.PartnerPlan)
class PartnerPlanPayload(Payload):
    """What joining a plan answers."""

    plan: PartnerPlan | None = None


@strawberry.type
@answers(offering=domain.Offering)
class OfferingPayload(Payload):
    """What an action on an offering answers."""

    offering: Offering | None = None


def _partner(value: strawberry.ID, path: str = "partner") -> Any:
    return uid(value, domain.PartnerOrganisation.prefix, path)


def _optional(value: strawberry.ID | None, prefix: str, path: str) -> Any:
    return None if value is None else uid(value, prefix, path)


@strawberry.type
class PartnerQuery:
    """What can be asked about partners."""

    @strawberry.field(
        metadata=by_id(domain.PartnerOrganisation),
        description="One partner organisation; null where the viewer sees none.",
    )
    async def partner(self, info: Info, id: strawberry.ID) -> PartnerOrganisation | None:
        """Give one partner organisation."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.PartnerOrganisation), description="The partner organisations that the viewer sees."
    )
    async def partners(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: PartnerFilter | None = None,
        sort: list[PartnerSort] | None = None,
    ) -> Connection[PartnerOrganisation] | None:
        """List partner organisations."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter, "sort": sort}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]


@strawberry.type
class PartnerMutation:
    """What ecosystem operations do with partners."""

    @strawberry.mutation(description="Register a partner organisation; without an office its province names one.")
    async def partner_create(self, info: Info, input: PartnerCreateInput) -> PartnerPayload | None:
        """Register a partner organisation."""
        given = {
            name: getattr(input, name)
            for name in ("name", "name_en", "credit_code", "kind", "province", "office_id", "level", "core_map")
        }
        given["enterprise_verified"] = input.enterprise_verified
        given["pdm_id"] = _optional(input.pdm, AccountRow.prefix, "pdm")
        given["distributor_id"] = _optional(input.distributor, domain.PartnerOrganisation.prefix, "distributor")
        return await act(info, input, lambda work: domain.create_partner(work, **given), PartnerPayload, "partner")

    @strawberry.mutation(description="Edit a partner organisation.")
    async def partner_update(self, info: Info, input: PartnerUpdateInput) -> PartnerPayload | None:
        """Edit a partner organisation."""
        id = _partner(input.id, "id")
        values = patch(
            input,
            *("name", "name_en", "credit_code", "kind", "province", "office_id", "level", "core_map"),
            *("enterprise_verified", "frozen"),
        )
        for name, prefix in (("pdm", AccountRow.prefix), ("distributor", domain.PartnerOrganisation.prefix)):
            for value in patch(input, name).values():
                values[f"{name}_id"] = _optional(value, prefix, name)
        return await act(
            info,
            input,
            lambda work: domain.update_partner(work, id, values, version=input.version),
            PartnerPayload,
            "partner",
        )

    @strawberry.mutation(description="Say how far a partner has come on a path; a new path is joined by this.")
    async def partner_path_stage_set(self, info: Info, input: PartnerPathStageSetInput) -> PartnerPathPayload | None:
        """Set the stage of a path."""
        id = _partner(input.partner)
        return await act(
            info,
            input,
            lambda work: domain.set_path_stage(work, id, input.path, input.stage),
            PartnerPathPayload,
            "path",
        )

    @strawberry.mutation(description="Enter a partner in a plan; PCE has a process of its own.")
    async def partner_plan_join(self, info: Info, input: PartnerPlanJoinInput) -> PartnerPlanPayload | None:
        """Enter a partner in a plan."""
        id = _partner(input.partner)
        return await act(info, input, lambda work: domain.join_plan(work, id, input.plan), PartnerPlanPayload, "plan")

    @strawberry.mutation(description="Add an offering to a partner's list.")
    async def offering_add(self, info: Info, input: OfferingAddInput) -> OfferingPayload | None:
        """Add an offering."""
        id = _partner(input.partner)
        return await act(
            info,
            input,
            lambda work: domain.add_offering(
                work,
                id,
                name=input.name,
                kind=input.kind,
                services=input.services,
                listed=input.listed,
                whitelisted=input.whitelisted,
            ),
            OfferingPayload,
            "offering",
        )

    @strawberry.mutation(description="Rename an offering, list it or not, change its services or whether it counts.")
    async def offering_edit(self, info: Info, input: OfferingEditInput) -> OfferingPayload | None:
        """Edit an offering."""
        id = uid(input.id, domain.Offering.prefix)
        values = patch(input, "name", "services", "listed", "counts_for_assessment")
        return await act(
            info,
            input,
            lambda work: domain.edit_offering(work, id, values, version=input.version),
            OfferingPayload,
            "offering",
        )
