"""Queries that hypothesis-graphql writes over the real schema, with ids, texts, pages and cursors that are there."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import hypothesis
from graphql import (
    REMOVE,
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    VariableNode,
    build_schema,
    parse,
    print_ast,
    print_schema,
    strip_ignored_characters,
    validate,
    visit,
)
from graphql.language import ArgumentNode, Visitor
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from api.schema import build_schema as the_schema

CORE = the_schema()._schema
# They have tests of their own, and answer the same to everybody.
LEFT_OUT = frozenset({"refusals", "picklists", "approvalKinds"})
A_ROUND = 14
LONGEST = 1_500
INSTANTS = ["2026-03-02T04:00:00.000000Z", "2026-01-01T00:00:00.000000Z"]
SCALARS = {
    "Instant": st.sampled_from(INSTANTS).map(nodes.String),
    "Day": st.just("2026-09-30").map(nodes.String),
    "JSON": st.just("{}").map(nodes.String),
}


@dataclass
class Real:
    """What is really there (真实取值): ids and cursors by the root field that takes them, and texts that rows hold."""

    ids: dict[str, list[str]]
    cursors: dict[str, list[str]]
    texts: Sequence[str] = ("江苏", "hengyuan_cloud", "CN-32", "MANUFACTURING", "苏州", "office-js", "13900001234")

    def any_id(self, chance: random.Random) -> str:
        """Choose an id of anything."""
        return chance.choice([one for listed in self.ids.values() for one in listed])


@dataclass
class Asked:
    """One query with its variables."""

    text: str
    document: DocumentNode
    variables: dict[str, Any] = field(default_factory=dict)


@cache
def raw_texts(count: int) -> tuple[str, ...]:
    """Have texts written, some for each root field in turn, until there are enough."""
    # As printed, the schema has no directives of its own; the library takes each only once on a field.
    schema = build_schema(print_schema(CORE))
    roots = [name for name in CORE.query_type.fields if name not in LEFT_OUT]  # type: ignore[union-attr]
    found: dict[str, None] = {}
    turn = 0
    while len(found) < count:
        root = roots[turn % len(roots)]
        turn += 1
        for text in _round(schema, root, turn):
            if len(text) <= LONGEST:
                found[text] = None
    return tuple(found)[:count]


def _round(schema: Any, root: str, turn: int) -> list[str]:
    texts: list[str] = []

    @hypothesis.seed(turn)
    @hypothesis.settings(
        max_examples=A_ROUND,
        database=None,
        derandomize=False,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(queries(schema, fields=[root], custom_scalars=SCALARS))
    def write(text: str) -> None:
        texts.append(strip_ignored_characters(text))

    write()
    return texts


def asked(count: int, real: Real, *, seed: int = 1) -> Iterator[Asked]:
    """Give so many valid queries, each with values that are there."""
    chance = random.Random(seed)
    texts = raw_texts(min(count, 700))
    for place in range(count):
        for _ in range(20):
            made = _with_values(
                parse(texts[chance.randrange(len(texts)) if place >= len(texts) else place]), real, chance
            )
            if not validate(CORE, made.document):
                yield made
                break


def _with_values(document: DocumentNode, real: Real, chance: random.Random) -> Asked:
    filling = _Filling(real, chance)
    filled: DocumentNode = visit(document, filling)
    text = print_ast(filled)
    if filling.variables:
        told = ", ".join(f"${name}: {kind}" for name, (kind, _) in filling.variables.items())
        text = f"query Generated({told}) " + text.removeprefix("query ")
    return Asked(text, parse(text), {name: value for name, (_, value) in filling.variables.items()})


class _Filling(Visitor):
    """Puts what is there in the place of what was made up; now and then it leaves what cannot be."""

    def __init__(self, real: Real, chance: random.Random) -> None:
        super().__init__()
        self.real = real
        self.chance = chance
        self.variables: dict[str, tuple[str, Any]] = {}
        self.roots: list[str] = []
        self.depth = 0
        self.sorted = False

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        assert not node.variable_definitions

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.depth += 1
        if self.depth == 1:
            self.roots.append(node.name.value)
            self.sorted = any(one.name.value == "sort" for one in node.arguments or ())

    def leave_field(self, node: FieldNode, *_: Any) -> Any:
        self.depth -= 1
        return None

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        chance, root = self.chance, self.roots[-1]
        name = node.name.value
        if name == "id":
            fitting = self.real.ids.get(root) if chance.random() < 0.9 else None
            return self._given(name, "ID!", chance.choice(fitting) if fitting else self.real.any_id(chance))
        if name in ("first", "last"):
            if name == "last" and chance.random() < 0.8:
                return REMOVE
            kind = "Int!" if self.depth == 2 and root == "home" else "Int"
            if chance.random() < 0.05:
                return self._given(name, kind, chance.choice([-1, 101]))
            return self._given(name, kind, chance.choice([0, 1, 2, 3, 5, 20, 100, None if kind == "Int" else 3]))
        if name in ("after", "before"):
            there = self.real.cursors.get(root) if self.depth == 1 else None
            if there is None or self.sorted or name == "before" or chance.random() < 0.4:
                return REMOVE if chance.random() < 0.97 else node
            return self._given(name, "String", chance.choice(there))
        if name == "externalId":
            return REMOVE
        if name == "filter" and chance.random() < 0.6:
            return REMOVE
        if name == "filter" and isinstance(node.value, ObjectValueNode):
            fields = [one for one in node.value.fields if not _is_null(one.value)]
            kept = chance.sample(fields, min(len(fields), chance.choice([0, 1, 1, 2])))
            value = ObjectValueNode(fields=tuple(_filled(one, self) for one in kept))
            return ArgumentNode(name=node.name, value=value)
        if name == "sort" and isinstance(node.value, ListValueNode):
            return ArgumentNode(name=node.name, value=ListValueNode(values=node.value.values[:2]))
        return None

    def _given(self, name: str, kind: str, value: Any) -> ArgumentNode:
        if self.chance.random() < 0.5:
            variable = f"{name}{len(self.variables)}"
            self.variables[variable] = kind, value
            return ArgumentNode(name=NameNode(value=name), value=VariableNode(name=NameNode(value=variable)))
        return ArgumentNode(name=NameNode(value=name), value=_literal(value))


def _filled(node: Any, filling: _Filling) -> Any:
    chance, real = filling.chance, filling.real
    name = node.name.value
    if isinstance(node.value, StringValueNode) and not name.endswith(("From", "To", "Before", "Since")):
        listed = real.ids.get(name)
        value = chance.choice(listed) if listed else chance.choice(real.texts)
        return type(node)(name=node.name, value=StringValueNode(value=value))
    if isinstance(node.value, ListValueNode) and all(isinstance(one, StringValueNode) for one in node.value.values):
        texts = [chance.choice(real.ids.get("opportunity", [])) if name == "ids" else chance.choice(real.texts)]
        return type(node)(
            name=node.name, value=ListValueNode(values=tuple(StringValueNode(value=one) for one in texts))
        )
    return node


def _is_null(value: Any) -> bool:
    return isinstance(value, NullValueNode)


def _literal(value: Any) -> Any:
    if value is None:
        return NullValueNode()
    if isinstance(value, bool):
        return BooleanValueNode(value=value)
    return IntValueNode(value=str(value)) if isinstance(value, int) else StringValueNode(value=value)
