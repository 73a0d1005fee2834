"""What a tier-1 distributor sees of the resellers that are linked to it: a written list of fields."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.kernel.access import Actor
from models.kernel.reads import Filter, Listing, SortKey
from models.kernel.record import Belonging, Record
from models.partner.record import PartnerOrganisation
from models.rights import Right

_COLUMNS: Final = PartnerOrganisation.__table__.c  # type: ignore[attr-defined]


class Reseller(Record, table=True):
    """A reseller as its distributor sees it (所辖云经销商, PL-13): the same row as the organisation, its name alone."""

    __table__: ClassVar[Any] = PartnerOrganisation.__table__  # type: ignore[attr-defined]
    __mapper_args__: ClassVar[Any] = {"include_properties": ["id", "name", "distributor_id"]}
    prefix: ClassVar[str] = "rsl"
    zh: ClassVar[str] = "所辖云经销商"
    en: ClassVar[str] = "Reseller of the distributor"
    listing: ClassVar[Listing] = Listing(
        sorts={"name": SortKey("name")}, default=(("name", False),), filters={"name": Filter("name", "text")}
    )

    id: UUID = Field(sa_column=_COLUMNS.id)
    name: str = Field(sa_column=_COLUMNS.name)
    distributor_id: UUID | None = Field(sa_column=_COLUMNS.distributor_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Those who see all customers of the distributor see which resellers are linked to it, and nobody else does."""
        if actor.partner_id is None or not actor.may(Right.CUSTOMER_READ_OWN):
            return sa.false()
        linked: sa.ColumnElement[bool] = _COLUMNS.distributor_id == actor.partner_id
        return linked

    def belonging(self) -> Belonging:
        """Whoever looks keeps the line in the journal of his own organisation."""
        return Belonging()
