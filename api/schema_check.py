"""Holds a schema, or rights, that are about to be deployed against the documents that tools run now."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    find_breaking_changes,
    find_dangerous_changes,
    get_named_type,
    parse,
    validate,
    visit,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from models.identity import Role
from models.kernel.access import Outcome
from models.operations import Effect, Examined, InUse, effects_on, outcome_to, plain_permissions, rights_of_tokens
from models.rights import PRESETS, Preset

_PLACE: Final = re.compile(r"\b([A-Z_]\w*)\.(\w+)")
_WORD: Final = re.compile(r"\b[A-Z_]\w*\b")


@dataclass
class Finding:
    """What a change does to one document (影响)."""

    of: InUse
    breaks: list[str] = field(default_factory=list)
    dangers: list[str] = field(default_factory=list)
    gains: list[str] = field(default_factory=list)
    loses: list[str] = field(default_factory=list)

    @classmethod
    def of_fields(cls, of: InUse, effects: Iterable[Effect]) -> Finding | None:
        """Sort what happens to its fields; None where nothing does."""
        found = cls(of)
        for one in effects:
            line = f"{one.field}: {one.before or 'open'} -> {one.after or 'open'}"
            (found.gains if one.widens else found.loses).append(line)
        return found if found.gains or found.loses else None

    @property
    def told(self) -> str:
        """Name the document for people."""
        client, document, seen = self.of.client, self.of.document, self.of.usage.last_seen_at
        whose = f"{self.of.partner} / {client.name}" if self.of.partner else client.name
        calls = self.of.usage.calls
        called = f"last called {seen:%Y-%m-%d %H:%M} UTC, {calls} calls in 30 days" if seen else "never called"
        return f"{whose}: {document.name or '(unnamed)'} ({document.external_id[:80]}), {called}"


def against_schema(documents: Iterable[InUse], after: GraphQLSchema, before: GraphQLSchema | None) -> list[Finding]:
    """Say which documents a new schema breaks, and which it changes in ways that their tools may not expect.

    A document breaks where it is not valid any more, or where a breaking change from `before` meets what it uses.
    """
    breaking = [change.description for change in find_breaking_changes(before, after)] if before else []
    dangerous = [change.description for change in find_dangerous_changes(before, after)] if before else []
    found = []
    for one in documents:
        document = parse(one.document.text)
        finding = Finding(one, [_said(error) for error in validate(after, document)])
        used = Used.by(document, before or after)
        finding.breaks += [change for change in breaking if used.meets(change)]
        finding.dangers += [change for change in dangerous if used.meets(change)]
        if finding.breaks or finding.dangers:
            found.append(finding)
    return found


@dataclass(frozen=True)
class Used:
    """What of a schema a document uses (所用部分): fields by their places, and types, those of inputs included."""

    places: frozenset[str]
    types: frozenset[str]

    @classmethod
    def by(cls, document: DocumentNode, schema: GraphQLSchema) -> Used:
        """Gather what a document uses."""
        info, places, types = TypeInfo(schema), set[str](), set[str]()

        class Gathering(Visitor):
            def enter_field(self, node: FieldNode, *_: Any) -> None:
                parent, definition = info.get_parent_type(), info.get_field_def()
                if parent is None or definition is None:
                    return
                places.add(f"{parent.name}.{node.name.value}")
                types.update(_reached(get_named_type(definition.type)))
                given = {argument.name.value for argument in node.arguments or ()}
                for name, argument in definition.args.items():
                    if name in given:
                        types.update(_reached(get_named_type(argument.type)))

        visit(document, TypeInfoVisitor(info, Gathering()))
        return cls(frozenset(places), frozenset(types))

    def meets(self, change: str) -> bool:
        """Tell whether a described change touches any of it."""
        named = [f"{parent}.{name}" for parent, name in _PLACE.findall(change)]
        if named:
            return any(place in self.places or place.partition(".")[0] in self.types for place in named)
        return any(word in self.types for word in _WORD.findall(change))


def _reached(type_: GraphQLNamedType | None) -> Iterator[str]:
    """Name a type; of an input also what its fields hold. Fields of outputs are met by their places alone."""
    seen: set[str] = set()
    waiting = [type_]
    while waiting:
        one = waiting.pop()
        if one is None or one.name in seen or hasattr(one, "interfaces"):
            continue
        seen.add(one.name)
        yield one.name
        if isinstance(one, GraphQLInputObjectType):
            waiting += [get_named_type(inner.type) for inner in one.fields.values()]


def _said(error: GraphQLError) -> str:
    return error.message


async def against_roles(
    session: AsyncSession, documents: Sequence[InUse], examine: Mapping[UUID, Examined], now: dt.datetime
) -> list[Finding]:
    """Say which documents would show more or less of ruled fields under this release's roles and field rules.

    Each is held against what it showed when it was published, for the partner's main account, and against what the
    holders of its tool's tokens have in the database now, where preset roles wait to be brought up to date.
    """
    main = PRESETS[Preset.MAIN].permissions
    presets = (await session.execute(select(Role).where(col(Role.preset).is_not(None)))).scalars()
    renewed = {role.id: PRESETS[role.preset].permissions for role in presets if role.preset is not None}
    holders = await rights_of_tokens(session, renewed, now)
    found = []
    for one in documents:
        before = plain_permissions(one.document)
        after = {ruled.field: ruled.plain for ruled in examine[one.document.id].ruled}
        then = one.document.analysis.get("outcomes") or {}
        changed = {}
        for name in {*before, *after}:
            was = Outcome[then[name]] if name in then else outcome_to(before.get(name), main)
            changed[name] = Effect(name, was, outcome_to(after.get(name), main))
        for rights in holders.get(one.client.id, ()):
            changed |= {effect.field: effect for effect in effects_on(one, rights, {**dict.fromkeys(before), **after})}
        if finding := Finding.of_fields(one, [effect for _, effect in sorted(changed.items()) if effect.matters]):
            found.append(finding)
    return found
