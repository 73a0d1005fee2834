"""Writes the functions that make a reply out of result lines: plain Python, one dict a row, no call a field.

What the executor decides for each value of each row is decided here once, for a document and the rights of its viewers:
where the value stands in the line, whether it may be null, what masks it, how its type puts it into the reply. What is
left is a dict display whose parts are read by position, which is what somebody would write by hand.
"""

from __future__ import annotations

from typing import Any

from graphql import GraphQLNonNull, GraphQLObjectType

from api.graphql.plans.code import Code, Listed, Place
from api.graphql.plans.cover import (
    Drafting,
    Fallback,
    FieldDetailsList,
    NotCovered,
    listed_type,
    missing,
    object_type,
    required_type,
)
from api.graphql.plans.rows import Rows
from models.kernel.reads import Wanted
from models.kernel.reads.asking import COUNT_LIMIT
from models.kernel.reads.declare import Many
from models.kernel.reads.plan import Level, level_of
from models.kernel.reads.statement import Standing
from models.kernel.record import Record
from resolvers.fields import Connection, definition, type_of


class Writer:
    """Writes the functions of one root field."""

    def __init__(self, draft: Drafting, standing: Standing, dialect: str) -> None:
        self.draft = draft
        self.standing = standing
        self.dialect = dialect
        self.code = Code()
        self.lists: list[Listed] = []
        self.made: dict[str, Any] = {}
        """The functions, once all are written."""
        self._names = 0
        self.missing = self.code.name(missing)

    def level(self, model: type[Record], wanted: Wanted) -> Level:
        """Give the level of what is wanted of a row, whatever the pages of its lists."""
        return level_of(model, without_lists(wanted), self.standing, self.dialect)

    def listed(
        self,
        model: type[Record],
        wanted: Wanted,
        total: bool,
        declared: Any,
        details: FieldDetailsList,
        path: str,
        relation: Many | None = None,
    ) -> Listed:
        """Write a connection field."""
        output = declared.type
        connection = object_type(output.of_type if isinstance(output, GraphQLNonNull) else output)
        made = Listed(
            len(self.lists), model, self.level(model, wanted), wanted, total, declared, details, relation=relation
        )
        self.lists.append(made)
        self._connection(made, connection, path)
        return made

    def rows(self, place: Place) -> str:
        """Write the function that makes the rows of one place, and give its name."""
        writing = Rows(self, place)
        name = self.fresh("rows")
        self.code.functions.append(writing.text(name))
        return name

    def finish(self) -> None:
        """Make the functions."""
        self.made = self.code.compiled()
        for listed in self.lists:
            listed.reply = self.made[listed.written]

    def fresh(self, what: str) -> str:
        """Give a name that is not taken."""
        self._names += 1
        return f"{what}{self._names}"

    def _connection(self, made: Listed, connection: GraphQLObjectType, path: str) -> None:
        definition_of: Any = connection.extensions.get("strawberry-definition")
        if definition_of is None or getattr(definition_of.concrete_of, "origin", None) is not Connection:
            raise NotCovered(Fallback.SHAPE)
        before: list[str] = []
        parts: list[str] = []
        width = len(made.level.columns)
        for key, details in self.draft.below(made.details, connection).items():
            spot = f"{path}/{key}"
            match details[0].node.name.value:
                case "__typename":
                    told = repr(connection.name)
                case "nodes":
                    told = self._rows_of(made, listed_type(connection.fields["nodes"].type), details, spot)
                case "edges":
                    told = self._edges(made, listed_type(connection.fields["edges"].type), details, spot, before)
                case "pageInfo":
                    told = self._bounds(required_type(connection.fields["pageInfo"].type), details)
                case "totalCount":
                    told = "count"
                case "totalCountIsExact":
                    told = f"None if count is None else count <= {COUNT_LIMIT}"
                case _:
                    raise NotCovered(Fallback.RESOLVER)
            parts.append(f"{key!r}: {told}")
        name = self.fresh("page")
        head = f"def {name}(lines, order, following, preceding, count, made, reader, claimed):"
        if any("cursor(" in line for line in (*before, *parts)):
            before.insert(0, f"    cursor, w, x = order.cursor, {width}, {width} + len(order.columns)")
        self.code.functions.append("\n".join([head, *before, f"    return {{{', '.join(parts)}}}"]))
        made.written = name

    def _rows_of(self, made: Listed, row_type: GraphQLObjectType, details: FieldDetailsList, path: str) -> str:
        if definition(type_of(made.model)).name != row_type.name:
            raise NotCovered(Fallback.SHAPE)
        fields = self.draft.below(details, row_type)
        place = Place(made.level, made.wanted, row_type, fields, path, made.below)
        return f"{self.rows(place)}(lines, made, reader, claimed)"

    def _edges(
        self, made: Listed, edge: GraphQLObjectType, details: FieldDetailsList, path: str, before: list[str]
    ) -> str:
        parts, items, sources = [], [], []
        for key, found in self.draft.below(details, edge).items():
            match found[0].node.name.value:
                case "__typename":
                    parts.append(f"{key!r}: {edge.name!r}")
                    continue
                case "cursor":
                    source = "[cursor(line[w:x]) for line in lines]"
                case "node":
                    source = self._rows_of(made, required_type(edge.fields["node"].type), found, f"{path}/{key}")
                case _:
                    raise NotCovered(Fallback.RESOLVER)
            item, variable = self.fresh("i"), self.fresh("v")
            before.append(f"    {variable} = {source}")
            items.append(item)
            sources.append(variable)
            parts.append(f"{key!r}: {item}")
        if not items:
            return f"[{{{', '.join(parts)}}} for _ in lines]"
        return f"[{{{', '.join(parts)}}} for {', '.join(items)}, in zip({', '.join(sources)})]"

    def _bounds(self, info: GraphQLObjectType, details: FieldDetailsList) -> str:
        parts = []
        for key, found in self.draft.below(details, info).items():
            match found[0].node.name.value:
                case "__typename":
                    told = repr(info.name)
                case "hasNextPage":
                    told = "following"
                case "hasPreviousPage":
                    told = "preceding"
                case "startCursor":
                    told = "cursor(lines[0][w:x]) if lines else None"
                case "endCursor":
                    told = "cursor(lines[-1][w:x]) if lines else None"
                case _:
                    raise NotCovered(Fallback.RESOLVER)
            parts.append(f"{key!r}: {told}")
        return f"{{{', '.join(parts)}}}"


def without_lists(wanted: Wanted) -> Wanted:
    """Leave the lists out: they are read by themselves, a page at a time."""
    return Wanted(
        columns=wanted.columns,
        computed=wanted.computed,
        ones=tuple((name, without_lists(inner)) for name, inner in wanted.ones),
        access=wanted.access,
    )


__all__ = ["Writer"]
