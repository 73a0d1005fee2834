"""Partner organisations as rows, with their paths, plans and offerings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Belonging, Record, word_type
from models.kernel.values import Instant, Uid
from models.partner.words import OfferingKind, PartnerKind, PartnerLevel, Path, PathStage, Plan
from models.rights import Right

EDITABLE = frozenset(
    {
        *("name", "name_en", "credit_code", "kind", "province", "office_id", "pdm_id", "level", "core_map"),
        *("enterprise_verified", "frozen", "distributor_id"),
    }
)


class PartnerOrganisation(Aggregate, table=True):
    """A company that sells with Huawei Cloud (伙伴组织).

    `distributor_id` is the tier-1 distributor of a reseller; `core_map` says that it is on the Core Map (核心图).
    """

    __tablename__ = "partner_organisation"
    prefix: ClassVar[str] = "ptn"
    zh: ClassVar[str] = "伙伴组织"
    en: ClassVar[str] = "Partner organisation"

    listing: ClassVar[Listing] = Listing(
        sorts={"name": SortKey("name"), "created_at": SortKey("created_at")},
        default=(("name", False),),
        filters={
            "name": Filter("name", "text"),
            "office": Filter("office_id", "in"),
            "level": Filter("level", "in"),
            "kind": Filter("kind", "in"),
            "pdm": Filter("pdm_id"),
            "core_map": Filter("core_map"),
            "frozen": Filter("frozen"),
        },
    )

    name: str = Field(max_length=128, index=True)
    name_en: str | None = Field(default=None, max_length=128)
    credit_code: str | None = Field(default=None, max_length=18, unique=True)
    kind: PartnerKind = Field(default=PartnerKind.SOLUTION_PROVIDER, sa_type=word_type(PartnerKind))
    distributor_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id", index=True)
    province: str | None = Field(default=None, max_length=8)
    office_id: str | None = Field(default=None, max_length=32, index=True)
    # An account; accounts stand above and point here, so this points back without a constraint.
    pdm_id: UUID | None = Field(default=None, sa_type=Uid, index=True)
    level: PartnerLevel = Field(default=PartnerLevel.REGISTERED, sa_type=word_type(PartnerLevel))
    core_map: bool = False
    enterprise_verified: bool = False
    frozen: bool = False

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees itself, a PDM his partners, the rest of Huawei's side every organisation."""
        if actor.may(Right.PARTNER_READ_ALL):
            return sa.true()
        seen: set[UUID] = set()
        if actor.may(Right.PARTNER_READ_OWN) and actor.partner_id:
            seen.add(actor.partner_id)
        if actor.may(Right.PARTNER_READ_PARTNERS):
            seen |= actor.partners
        return col(cls.id).in_(sorted(seen)) if seen else sa.false()

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """Ecosystem operations keep the data of every organisation; a PDM sets the level of his partners."""
        if actor.may(Right.PARTNER_MANAGE):
            return EDITABLE
        return frozenset({"level"}) if actor.may(Right.PARTNER_PLACE) else frozenset()

    def belonging(self) -> Belonging:
        """Say that the organisation is its own business."""
        return Belonging(partner_id=self.id, office_id=self.office_id)


def organisations_of(actor: Actor) -> Any:
    """Select the ids of the organisations that an actor sees."""
    return select(PartnerOrganisation.id).where(PartnerOrganisation.visible_to(actor))


class PartnerPath(Record, table=True):
    """A path that a partner has joined (已加入路径), and how far it has come on it."""

    __tablename__ = "partner_path"
    prefix: ClassVar[str] = "pth"

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    path: Path = Field(sa_type=word_type(Path))
    stage: PathStage = Field(sa_type=word_type(PathStage))
    joined_at: dt.datetime = Field(sa_type=Instant)

    __table_args__ = (sa.UniqueConstraint("partner_id", "path"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the organisation sees its paths."""
        return col(cls.partner_id).in_(organisations_of(actor))


class PartnerPlan(Record, table=True):
    """A plan that a partner has joined (已加入伙伴计划)."""

    __tablename__ = "partner_plan"
    prefix: ClassVar[str] = "pln"

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    plan: Plan = Field(sa_type=word_type(Plan))
    joined_at: dt.datetime = Field(sa_type=Instant)

    __table_args__ = (sa.UniqueConstraint("partner_id", "plan"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the organisation sees its plans."""
        return col(cls.partner_id).in_(organisations_of(actor))


class Offering(Aggregate, table=True):
    """What a partner sells (伙伴 Offering): a KooGallery product or a baseline solution.

    `services` are codes of Huawei Cloud services; `counts_for_assessment` holds for baseline solutions and for
    whitelisted joint-operation products (COL-2.2.6).
    """

    __tablename__ = "offering"
    prefix: ClassVar[str] = "off"
    zh: ClassVar[str] = "伙伴 Offering"
    en: ClassVar[str] = "Offering"
    listing: ClassVar[Listing] = Listing(
        sorts={"name": SortKey("name")},
        default=(("name", False),),
        filters={
            "name": Filter("name", "text"),
            "kind": Filter("kind", "in"),
            "listed": Filter("listed"),
            "partner": Filter("partner_id"),
        },
    )

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id")
    name: str = Field(max_length=128)
    kind: OfferingKind = Field(sa_type=word_type(OfferingKind))
    listed: bool = True
    counts_for_assessment: bool = False
    services: list[str] = Field(default_factory=list, sa_type=sa.JSON)

    __table_args__ = (sa.UniqueConstraint("partner_id", "name"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Huawei's side sees every offering, a partner its own."""
        if actor.side is Side.HUAWEI:
            return sa.true()
        return col(cls.partner_id).in_(organisations_of(actor))

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """Ecosystem operations keep the list of offerings."""
        if not actor.may(Right.PARTNER_MANAGE):
            return frozenset()
        return frozenset({"name", "listed", "counts_for_assessment", "services"})


relate(PartnerOrganisation, "distributor", One(PartnerOrganisation, "distributor_id"))
relate(PartnerOrganisation, "resellers", Many(PartnerOrganisation, "distributor_id"))
relate(PartnerOrganisation, "paths", Many(PartnerPath, "partner_id"))
relate(PartnerOrganisation, "plans", Many(PartnerPlan, "partner_id"))
relate(PartnerOrganisation, "offerings", Many(Offering, "partner_id"))
relate(Offering, "partner", One(PartnerOrganisation, "partner_id"))
