"""Writes the function that turns lines into the rows of one place: masks first, then one dict display a row."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from graphql import GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLNonNull, GraphQLString
from strawberry.schema.schema_converter import CustomGraphQLEnumType

from api.graphql.executor import LARGEST_INT
from api.graphql.plans.code import Block, Place
from api.graphql.plans.cover import (
    Fallback,
    FieldDetailsList,
    Irregular,
    NotCovered,
    object_type,
    strawberry_field,
)
from models.kernel.access import Outcome
from models.kernel.reads import Computed
from models.kernel.reads.plan import field_access, many, prefixes_of, wire_decoder
from models.kernel.record import Record
from models.kernel.values import Instant, Uid
from resolvers.fields import Column, FieldAccessWanted, Many, One, access_of, definition, sources_of, type_of
from resolvers.scalars import READY_TEXT

if TYPE_CHECKING:
    from api.graphql.plans.writing import Writer


class Rows:
    """Writes one function over lines."""

    def __init__(self, writer: Writer, place: Place) -> None:
        self.writer = writer
        self.code = writer.code
        self.block = Block()
        self.head: list[str] = []
        self.flags: dict[tuple[Any, ...], str] = {}
        self.lists: dict[int, str] = {}
        self.row = self._row(place)

    def text(self, name: str) -> str:
        """Give the text of the function."""
        lines = [f"def {name}(lines, made, reader, claimed):"]
        lines += [f"    {variable} = made[{index}]" for index, variable in self.lists.items()]
        if not self.block.lines and not self.flags:
            return "\n".join([*lines, f"    return [{self.row} for r in lines]"])
        if self.flags:
            lines.append(f"    {' = '.join(self.flags.values())} = False")
        lines += [f"    {line}" for line in self.head]
        lines += ["    found = []", "    add = found.append", "    for r in lines:", *self.block.lines]
        lines.append(f"        add({self.row})")
        for (model, attribute, outcome), flag in self.flags.items():
            told = f"{self.code.name(model)}, {attribute!r}, {self.code.name(outcome)}"
            lines += [f"    if {flag}:", f"        reader.redact({told})"]
        return "\n".join([*lines, "    return found"])

    def _row(self, place: Place) -> str:
        return _Row(self, place).display()

    def flag(self, model: type[Record], name: str, outcome: Outcome) -> str:
        """Give the variable that says whether a field was withheld."""
        return self.flags.setdefault((model, name, outcome), f"f{len(self.flags)}")


class _Row:
    """Writes one row of a line: its masks first, then its dict."""

    def __init__(self, rows: Rows, place: Place) -> None:
        self.rows = rows
        self.code = rows.code
        self.block = rows.block
        self.place = place
        self.level = level = place.level
        self.table = level.source
        self.prefixes = prefixes_of(level.model)
        self.at = {name: f"r[{level.offset + place}]" for place, name in enumerate(level.names)}
        self.shown: dict[str, str] = {}
        """The variables that hold ruled values as the viewer gets them."""
        self.made: dict[str, str] = {}
        self.editable = self.open = ""
        dialect = rows.writer.dialect
        self.key = self.at["id"] if dialect == "sqlite" else f"{self.at['id']}.hex"
        self._rules()
        for name, outcome in level.withheld.items():
            self.block.add(f"{rows.flag(level.model, name, outcome)} = True")

    def display(self) -> str:
        """Write the dict."""
        cls = type_of(self.level.model)
        parts = []
        for key, details in self.place.fields.items():
            name = details[0].node.name.value
            if name == "__typename":
                parts.append(f"{key!r}: {self.place.type.name!r}")
                continue
            declared = self.place.type.fields[name]
            known = sources_of(cls).get(name)
            if known is None:
                raise NotCovered(Fallback.RESOLVER)
            strawberry_field(declared)
            attribute, source, _ = known
            if declared.args and not isinstance(source, Many):
                raise NotCovered(Fallback.RESOLVER)
            match source:
                case Column():
                    told = self._column(attribute, declared.type, details)
                case Computed():
                    told = self._computed(attribute, source, declared.type, details)
                case One():
                    told = self._related(attribute, declared.type, details, f"{self.place.path}/{key}")
                case Many(relation=relation):
                    told = self._list(relation, declared, details, f"{self.place.path}/{key}")
                case FieldAccessWanted():
                    told = self._access(declared.type, details)
                case _:
                    raise NotCovered(Fallback.RESOLVER)
            parts.append(f"{key!r}: {told}")
        return f"{{{', '.join(parts)}}}"

    def _rules(self) -> None:
        level, block, writer = self.level, self.block, self.rows.writer
        if level.opens:
            if level.decoded:
                states, state, self.editable = writer.fresh("states"), writer.fresh("state"), writer.fresh("editable")
                self.rows.head.append(f"{states} = {{}}")
                values = f"tuple(r[{level.edit.start}:{level.edit.stop}])"
                # PostgreSQL's driver brings lists as lists, by which nothing can be found again.
                hashable = f"tuple([tuple(v) if type(v) is list else v for v in {values}])"
                block.add(f"{state} = {values if writer.dialect == 'sqlite' else hashable}")
                block.add(f"{self.editable} = {states}.get({state})")
                block.add(f"if {self.editable} is None:")
                asked = f"{self.code.name(level.editable)}({values}, reader)"
                block.add(f"    {self.editable} = {states}[{state}] = {asked}")
            self.open = writer.fresh("open")
            block.add(f"{self.open} = claimed and {self.key} in claimed")
        for name, rule, by_role in level.rules:
            if by_role is Outcome.REFUSED:
                self.shown[name] = "None"
                block.add(f"{self.rows.flag(level.model, name, by_role)} = True")
                continue
            value = self.shown[name] = writer.fresh("v")
            wire = self._wire(name)
            block.add(f"{value} = {self.at[name]}")
            block.add(f"if {value} is not None:")
            inside = "    "
            if wire != "{}":
                block.add(f"{inside}{value} = {wire.format(value)}")
            if by_role is Outcome.MASKED_REVEALABLE and level.opens:
                opened = [f"{name!r} in {self.editable}"] if self.editable else []
                block.add(f"{inside}if not ({' or '.join([*opened, self.open])}):")
                inside += "    "
            masked = "None" if rule.mask is None else f"{self.code.name(rule.mask)}({value})"
            block.add(f"{inside}{value} = {masked}")
            block.add(f"{inside}{self.rows.flag(level.model, name, by_role)} = True")

    def _wire(self, name: str) -> str:
        """Say how a driver's value goes onto the wire, as a text with a place for the value."""
        type_, dialect = self.table.c[name].type, self.rows.writer.dialect
        prefix = self.prefixes.get(name)
        decode = wire_decoder(type_, dialect, prefix)
        if decode is None:
            return "{}"
        if isinstance(type_, Uid):
            opening = repr(f"{prefix}_" if prefix else "")
            return f"{opening} + {{}}" if dialect == "sqlite" else f"{opening} + {{}}.hex"
        if decode is bool:
            return "({} != 0)"
        return f"{self.code.name(decode)}({{}})"

    def _may_be_null(self, name: str) -> bool:
        # A column of a view does not say.
        return getattr(self.table.c[name], "nullable", True)

    def _leaf(self, name: str, output: Any) -> str | None:
        """Say how a type puts the wire's value into the reply; None where only its own completing does."""
        type_ = self.table.c[name].type
        text = isinstance(type_, (sa.String, Uid, Instant, sa.Date))
        if text and (output in (GraphQLString, GraphQLID) or getattr(output, "name", None) in READY_TEXT):
            return "{}"
        if output is GraphQLBoolean and isinstance(type_, sa.Boolean):
            return "{}"
        if output is GraphQLInt and isinstance(type_, sa.Integer):
            return f"(v if {-LARGEST_INT} <= (v := {{}}) <= {LARGEST_INT} else {self.rows.writer.missing}())"
        if isinstance(output, CustomGraphQLEnumType) and isinstance(type_, sa.String):
            return f"{self.code.name(_Names(output.coerce_output_value))}[{{}}]"
        return None

    def _value(self, name: str) -> str:
        """Write a column's value as the viewer gets it, null included."""
        if name in self.shown:
            return self.shown[name]
        wire, at = self._wire(name), self.at[name]
        if wire == "{}":
            return at
        if not self._may_be_null(name):
            return wire.format(at)
        return f"(None if (v := {at}) is None else {wire.format('v')})"

    def _column(self, name: str, output: Any, details: FieldDetailsList) -> str:
        required = isinstance(output, GraphQLNonNull)
        inner = output.of_type if required else output
        leaf = self._leaf(name, inner)
        if leaf is None:
            return f"{self.code.name(self.rows.writer.draft.completer(output, details))}({self._value(name)})"
        ruled = name in self.shown
        full = leaf if ruled else leaf.format(self._wire(name))
        at = self.shown[name] if ruled else self.at[name]
        absent = f"{self.rows.writer.missing}()" if required else "None"
        if at == "None":
            return absent
        if not ruled and not self._may_be_null(name):
            return full.format(at)
        if full == "{}":
            return f"(v if (v := {at}) is not None else {absent})" if required else at
        return f"({absent} if (v := {at}) is None else {full.format('v')})"

    def _computed(self, attribute: str, source: Computed, output: Any, details: FieldDetailsList) -> str:
        if (variable := self.made.get(attribute)) is None:
            variable = self.made[attribute] = self.rows.writer.fresh("c")
            given = ", ".join(f"{name!r}: {self._value(name)}" for name in dict.fromkeys(("id", *source.columns)))
            self.block.add(f"{variable} = {self.code.name(source.of)}({{{given}}}, reader)")
        return f"{self.code.name(self.rows.writer.draft.completer(output, details))}({variable})"

    def _related(self, attribute: str, output: Any, details: FieldDetailsList, path: str) -> str:
        level = next(inner for inner, name in self.level.joined if name == attribute)
        related = object_type(output)
        if definition(type_of(level.model)).name != related.name:
            raise NotCovered(Fallback.SHAPE)
        wanted = dict(self.place.wanted.ones)[attribute]
        fields = self.rows.writer.draft.below(details, related)
        variable = self.rows.writer.fresh("o")
        block = self.block
        block.add(f"if r[{level.offset}] is None:")
        block.add(f"    {variable} = None")
        block.add("else:")
        block.depth += 1
        inner = Place(level, wanted, related, fields, path, self.place.below)
        block.add(f"{variable} = {_Row(self.rows, inner).display()}")
        block.depth -= 1
        return variable

    def _list(self, relation: str, declared: Any, details: FieldDetailsList, path: str) -> str:
        writer = self.rows.writer
        wanted = next(one for one in self.place.wanted.lists if one.key == path)
        found = many(self.level.model, relation)
        made = writer.listed(found.target, wanted.wanted, wanted.total, declared, details, path, found)
        self.place.below.append((self.level.offset, made))
        variable = self.rows.lists[made.index] = writer.fresh("m")
        return f"{variable}[{self.key}]"

    def _access(self, output: Any, details: FieldDetailsList) -> str:
        complete = self.rows.writer.draft.completer(output, details)
        model = self.level.model
        known = self.rows.writer.fresh("known")
        self.rows.head.append(f"{known} = {{}}")

        def access(known: dict[Any, Any], editable: frozenset[str], opened: bool, key: str, reader: Any) -> Any:
            # Rows that may be edited alike, and are claimed alike, are accessed alike.
            if (found := known.get((editable, opened))) is None:
                listed = field_access(model, reader.actor, uuid.UUID(hex=key), editable)
                found = known[editable, opened] = complete(access_of(listed))
            return found

        editable = self.editable or self.code.name(frozenset())
        return f"{self.code.name(access)}({known}, {editable}, {self.open or False}, {self.key}, reader)"


class _Names(dict[str, str]):
    """What an enum's values are called in the reply, as its type says when one is met first."""

    def __init__(self, coerce: Callable[[Any], Any]) -> None:
        super().__init__()
        self._coerce = coerce

    def __missing__(self, value: str) -> str:
        name = self._coerce(value)
        if not isinstance(name, str):
            raise Irregular
        self[value] = name
        return name


__all__ = ["Rows"]
