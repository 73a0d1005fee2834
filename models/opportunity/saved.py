"""Filters that people keep for their lists, each under a name of his own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.kernel.access import Actor
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, refuse
from models.kernel.journal import Operation
from models.kernel.policy import Policy
from models.kernel.reads import Listing, Page, Reader, SortKey, Wanted
from models.kernel.record import Record
from models.kernel.values import Instant, Uid
from models.kernel.work import Work
from models.opportunity.record import Opportunity
from models.opportunity.refusals import TooManyFiltersError

SAVE: Final = Operation("filter.save", "保存筛选条件", "Save a filter", "savedFilter", "saveFilter")
DELETE: Final = Operation("filter.delete", "删除筛选条件", "Delete a filter", "savedFilter", "deleteFilter")
MOST = Policy("filter.most_per_account", 50, "每个账号保存的筛选条件上限", "Filters that one account may keep")
LONGEST_NAME: Final = 64
# As many as one account may keep, and what a later policy may add to it.
EVERY: Final = Page(first=100)


class SavedFilter(Record, table=True):
    """Conditions on opportunities that somebody keeps under a name (保存的筛选条件).

    `conditions` are as the API takes them, so that a portal can send them again.
    """

    __tablename__ = "saved_filter"
    prefix: ClassVar[str] = "sfl"
    zh: ClassVar[str] = "保存的筛选条件"
    en: ClassVar[str] = "Saved filter"
    listing: ClassVar[Listing] = Listing(sorts={"name": SortKey("name")}, default=(("name", False),))

    account_id: UUID = Field(sa_type=Uid, foreign_key="account.id")
    name: str = Field(max_length=LONGEST_NAME)
    conditions: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    updated_at: dt.datetime = Field(sa_type=Instant)

    __table_args__ = (sa.UniqueConstraint("account_id", "name"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Everybody sees his own."""
        return col(cls.account_id) == actor.id


async def save_filter(work: Work, name: str, conditions: Mapping[str, Any], page: Page) -> SavedFilter:
    """Keep a filter under a name, a new one or in the place of the one that bears it.

    `page` holds the same conditions as the domain reads them, and is refused where the list would refuse it.
    """
    name = name.strip()
    wrong: list[DomainError | None] = [
        FieldRequiredError(path="name") if not name else None,
        LengthError(path="name", minimum=1, maximum=LONGEST_NAME, length=len(name))
        if len(name) > LONGEST_NAME
        else None,
    ]
    refuse(wrong)
    reader = Reader(work.session, work.actor, work.now)
    await reader.page(Opportunity, Wanted(), Page(first=0, filter=page.filter))
    mine = select(SavedFilter).where(SavedFilter.account_id == work.actor.id)
    found: SavedFilter | None = await work.first(mine.where(SavedFilter.name == name).with_for_update())
    if found is None:
        most = await work.policy(MOST)
        if await work.count(mine) >= most:
            raise TooManyFiltersError(maximum=most)
        found = work.add(SavedFilter(account_id=work.actor.id, name=name, updated_at=work.now))
    found.conditions, found.updated_at = dict(conditions), work.now
    work.note(SAVE, found, changes={"name": name, "conditions": sorted(conditions)})
    await work.flush()
    return found


async def delete_filter(work: Work, id: UUID) -> SavedFilter:
    """Throw a kept filter away."""
    found = await work.get(SavedFilter, id)
    work.note(DELETE, found, changes={"name": found.name})
    await work.remove(found)
    return found
