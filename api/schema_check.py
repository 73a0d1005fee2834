"""Holds a schema, or rights, that are about to be deployed against the documents that tools run now."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
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

from models.identity import ApiToken, ClientApplication, Role, actor_of
from models.identity.access import SignInRequiredError
from models.kernel.access import Outcome, outcome_of
from models.operations import (
    DocumentStatus,
    Examined,
    ManifestEntry,
    OperationDocument,
    OperationManifest,
    Tally,
    usage_of,
)
from models.partner import PartnerOrganisation
from models.rights import PRESETS, Preset

_PLACE: Final = re.compile(r"\b([A-Z_]\w*)\.(\w+)")
_WORD: Final = re.compile(r"\b[A-Z_]\w*\b")


@dataclass(frozen=True)
class InUse:
    """A document that a tool may run now (在用操作): whose it is, and how it has been used."""

    document: OperationDocument
    client: ClientApplication
    partner: str | None
    usage: Tally

    @property
    def told(self) -> str:
        """Name it for people."""
        whose = f"{self.partner} / {self.client.name}" if self.partner else self.client.name
        seen = self.usage.last_seen_at
        called = (
            f"last called {seen:%Y-%m-%d %H:%M} UTC, {self.usage.calls} calls in 30 days" if seen else "never called"
        )
        return f"{whose}: {self.document.name or '(unnamed)'} ({self.document.external_id[:80]}), {called}"


@dataclass
class Finding:
    """What a change does to one document (影响)."""

    of: InUse
    breaks: list[str] = field(default_factory=list)
    dangers: list[str] = field(default_factory=list)
    gains: list[str] = field(default_factory=list)
    loses: list[str] = field(default_factory=list)


async def in_use(session: AsyncSession, now: dt.datetime) -> list[InUse]:
    """List every document that runs: admitted, in force, of a version in use and of an active tool."""
    live = (
        select(ManifestEntry.document_id)
        .join(OperationManifest, col(OperationManifest.id) == col(ManifestEntry.manifest_id))
        .where(sa.or_(col(OperationManifest.retire_at).is_(None), col(OperationManifest.retire_at) > now))
    )
    found = await session.execute(
        select(OperationDocument, ClientApplication, PartnerOrganisation)
        .join(ClientApplication, col(ClientApplication.id) == col(OperationDocument.client_id))
        .outerjoin(PartnerOrganisation, col(PartnerOrganisation.id) == col(OperationDocument.partner_id))
        .where(
            OperationDocument.status == DocumentStatus.ADMITTED,
            sa.or_(col(OperationDocument.expires_at).is_(None), col(OperationDocument.expires_at) > now),
            col(ClientApplication.active).is_(True),
            col(OperationDocument.id).in_(live),
        )
        .order_by(col(OperationDocument.client_id), col(OperationDocument.name), col(OperationDocument.id))
    )
    lines: Sequence[Any] = found.all()
    usage = await usage_of(session, [document.id for document, _, _ in lines], now)
    return [
        InUse(document, client, partner.name if partner else None, usage.get(document.id) or Tally())
        for document, client, partner in lines
    ]


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
    session: AsyncSession, documents: Iterable[InUse], examine: Mapping[UUID, Examined], now: dt.datetime
) -> list[Finding]:
    """Say which documents would show more or less of ruled fields under this release's roles and field rules.

    Each is held against what it showed when it was published, for the partner's main account, and against what the
    holders of its tool's tokens have in the database now, where preset roles wait to be brought up to date.
    """
    main = PRESETS[Preset.MAIN].permissions
    found = []
    for one in documents:
        new = examine[one.document.id]
        finding = Finding(one)
        before = {line["field"]: line for line in one.document.analysis.get("ruled", ())}
        after = {ruled.field: {"plain": ruled.plain, "reveal": ruled.reveal} for ruled in new.ruled}
        fields = {*before, *after}
        then = one.document.analysis.get("outcomes") or {}
        told = {
            name: (then.get(name, _outcome(before.get(name), main)), _outcome(after.get(name), main)) for name in fields
        }
        changed = dict(told)
        for old_rights, new_rights in await _holders(session, one.client, now):
            for name in fields:
                pair = _outcome(after.get(name), old_rights), _outcome(after.get(name), new_rights)
                if pair[0] != pair[1]:
                    changed[name] = pair
        for name, (was, is_) in sorted(changed.items()):
            if was != is_:
                line = f"{name}: {was} -> {is_}"
                (finding.gains if _ORDER.index(is_) < _ORDER.index(was) else finding.loses).append(line)
        if finding.gains or finding.loses:
            found.append(finding)
    return found


_ORDER: Final = ("open", *(outcome.value for outcome in Outcome))


def _outcome(rule: Mapping[str, Any] | None, permissions: frozenset[str]) -> str:
    if rule is None:
        return "open"
    return outcome_of(rule["plain"].rpartition(":")[0], permissions).value


async def _holders(
    session: AsyncSession, client: ClientApplication, now: dt.datetime
) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Give what the tokens of a tool may do now, and what they may do once preset roles are up to date."""
    tokens = await session.execute(
        select(ApiToken).where(
            ApiToken.client_id == client.id, col(ApiToken.revoked_at).is_(None), col(ApiToken.expires_at) > now
        )
    )
    presets = {
        role.preset: frozenset(role.permissions)
        for role in (await session.execute(select(Role).where(col(Role.preset).is_not(None)))).scalars()
    }
    found = []
    for token in tokens.scalars():
        try:
            actor = await actor_of(session, token.issuer_id, now=now, client_id=client.id)
        except SignInRequiredError:
            continue
        held = [Preset[code] for code in actor.roles if code in Preset.__members__]
        gone = frozenset().union(*(presets.get(one, frozenset()) - PRESETS[one].permissions for one in held))
        new = frozenset().union(*(PRESETS[one].permissions for one in held))
        scopes = frozenset(token.scopes)
        found.append((actor.permissions & scopes, ((actor.permissions - gone) | new) & scopes))
    return found
