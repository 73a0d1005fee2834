"""What a row type says about reading it, and what a caller wants of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from models.kernel.access import FieldRule
from models.kernel.record import Record

MAX_PAGE = 100
DEFAULT_PAGE = 20


@dataclass(frozen=True)
class One:
    """A to-one relation: the row whose id stands in `key`, as far as the viewer sees it."""

    target: type[Record]
    key: str


@dataclass(frozen=True)
class Many:
    """A to-many relation: the rows of `target` whose `key` holds this row's id, listed as `target.listing` says."""

    target: type[Record]
    key: str


@dataclass(frozen=True)
class SortKey:
    """A column to sort by; `absent` stands in for null, so that pages stay stable."""

    column: str
    absent: Any = None


@dataclass(frozen=True)
class Filter:
    """A condition that callers may set.

    `operator` is one of `eq in gte gt lte lt text exists`, applied to `column`; or `clause` builds the condition from
    the reader and the value. Ruled columns, and fields of other row types with the rules of `by`, are open only to
    those who may reveal them. `leans` says that the clause
    asks for policy numbers, `steady` that it follows from a plain value alone, so that its statement may be kept.
    """

    column: str | None = None
    operator: str = "eq"
    clause: Callable[[Any, Any], sa.ColumnElement[bool]] | None = None
    ruled: tuple[str, ...] = ()
    leans: bool = False
    steady: bool = False
    by: tuple[FieldRule, ...] = ()


@dataclass(frozen=True)
class Listing:
    """How the rows of a type are listed: filters, sort keys by name, and the order when none is asked for."""

    sorts: Mapping[str, SortKey]
    default: tuple[tuple[str, bool], ...]
    filters: Mapping[str, Filter] = field(default_factory=dict)


def listing_of(model: type[Record]) -> Listing:
    """Give the listing that a row type declares, or newest first."""
    declared: Listing = getattr(model, "listing", _BY_ID)
    return declared


_BY_ID = Listing(sorts={}, default=())


@dataclass(frozen=True)
class Computed:
    """A value made from columns of the row (as the viewer gets them) and the reader's actor and clock.

    `leans` says that it asks the reader for policy numbers or the calendar, which are loaded only then.
    """

    columns: tuple[str, ...]
    of: Callable[[Mapping[str, Any], Any], Any]
    leans: bool = False


@dataclass(frozen=True)
class Page:
    """Which part of a list: sort keys as (name, descending), filters as (name, value), size and cursor."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    filter: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class ListWanted:
    """A to-many list that is wanted under a key of the caller's (an alias of the query, say)."""

    key: str
    relation: str
    wanted: Wanted
    page: Page = Page()
    total: bool = False

    @cached_property
    def _hash(self) -> int:
        return hash((self.key, self.relation, self.wanted, self.page, self.total))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a row: columns, computed values, related rows, lists, and whether its field access."""

    columns: frozenset[str] = frozenset()
    computed: tuple[tuple[str, Computed], ...] = ()
    ones: tuple[tuple[str, Wanted], ...] = ()
    lists: tuple[ListWanted, ...] = ()
    access: bool = False

    @cached_property
    def _hash(self) -> int:
        return hash((self.columns, self.computed, self.ones, self.lists, self.access))

    def __hash__(self) -> int:
        # Prepared reads are found by what is wanted, at every level of every request.
        return self._hash

    @cached_property
    def leans(self) -> bool:
        """Tell whether anything in it asks for policy numbers or the calendar."""
        return (
            any(made.leans for _, made in self.computed)
            or any(inner.leans for _, inner in self.ones)
            or any(listed.wanted.leans for listed in self.lists)
        )

    @cached_property
    def is_single(self) -> bool:
        """Tell whether one statement brings all of it."""
        return not (self.lists or self.leans) and all(inner.is_single for _, inner in self.ones)

    @classmethod
    def of(cls, *columns: str, **ones: Wanted) -> Wanted:
        """Name columns, and what is wanted of to-one relations."""
        return cls(columns=frozenset(columns), ones=tuple(ones.items()))


def relate(model: type[Record], name: str, relation: One | Many) -> None:
    """Let a layer above add a relation to a row type below it."""
    model.relations = {**model.relations, name: relation}
