"""The text of a plan's functions, the objects that they name, and what they stand for: places of a reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType

from api.graphql.plans.cover import FieldDetailsList
from models.kernel.reads import Wanted
from models.kernel.reads.declare import Many
from models.kernel.reads.plan import Level
from models.kernel.record import Record


@dataclass
class Listed:
    """A place of the reply that holds lists (列表位置): one of the root, or one under each of some rows."""

    index: int
    model: type[Record]
    level: Level
    wanted: Wanted
    total: bool
    field: Any
    details: FieldDetailsList
    relation: Many | None = None
    """The relation that it follows; none at the root."""
    below: list[tuple[int, Listed]] = field(default_factory=list)
    """The lists that hang on its rows, each with the place in the line where their row's id stands."""
    written: str = ""
    reply: Callable[..., dict[str, Any]] = None  # type: ignore[assignment]


@dataclass
class Place:
    """Where rows of one kind are put into the reply."""

    level: Level
    wanted: Wanted
    type: GraphQLObjectType
    fields: dict[str, FieldDetailsList]
    path: str
    below: list[tuple[int, Listed]]


class Code:
    """The text of a plan's functions, and the objects that they name."""

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {}
        self.functions: list[str] = []

    def name(self, value: Any) -> str:
        """Give an object a name."""
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def compiled(self) -> dict[str, Any]:
        """Make the functions."""
        made: dict[str, Any] = dict(self.constants)
        # The text holds response names, which GraphQL's grammar keeps to letters and digits, and numbers; every other
        # thing of the document or of a viewer is an object under a name.
        exec(compile("\n".join(self.functions), "<plan>", "exec"), made)  # noqa: S102
        return made


class Block:
    """Lines of a function, one deeper than another where they must be."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 2

    def add(self, line: str) -> None:
        """Add a line."""
        self.lines.append("    " * self.depth + line)


__all__ = ["Block", "Code", "Listed", "Place"]
