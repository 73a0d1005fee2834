"""What a tool's build writes, read and checked: its operations with their ids, in the forms that tools know."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from models.kernel.access import Actor, Side, outcome_of
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, refuse
from models.operations.record import LONGEST_ID, canonical_id
from models.operations.refusals import (
    DocumentInvalidError,
    ForgedIdError,
    IdNotAllowedError,
    IdTakenError,
    ManifestFormatError,
    OneOperationError,
    SeveralChangesError,
    TooManyDocumentsError,
)
from models.operations.words import DocumentKind, ManifestFormat
from models.rights import PRESETS, Preset, Right

MOST_DOCUMENTS: Final = 300
LONGEST_TEXT: Final = 32_768
"""Bounds of one upload, so that it is taken in one short transaction."""
APOLLO: Final = "apollo-persisted-query-manifest"
_SHA1: Final = re.compile(r"(?:sha1:)?([0-9a-fA-F]{40})")
_VISIBLE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Submitted:
    """An operation as a tool's build names it (提交的操作): its id and its text."""

    external_id: str
    text: str

    @cached_property
    def sha256(self) -> str:
        """Give the digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Ruled:
    """A ruled field that a document reads (受控字段): which permission reads it plainly, and which reveals it."""

    field: str
    plain: str
    reveal: str | None = None


@dataclass(frozen=True)
class Examined:
    """What was found of a document by holding it against the schema (操作分析).

    `cost` is the most that it may cost with any variables; `changes` counts its business changes; `problems` say why it
    cannot run, and leave the rest meaningless.
    """

    name: str | None = None
    kind: DocumentKind = DocumentKind.QUERY
    operations: int = 1
    depth: int = 0
    cost: int = 0
    changes: int = 0
    fields: tuple[str, ...] = ()
    ruled: tuple[Ruled, ...] = ()
    permissions: tuple[str, ...] = ()
    deprecated: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[str, ...] = field(default=())

    def analysis(self) -> dict[str, Any]:
        """Give what is kept of it beside the document; `outcomes` are what a partner's main account got then."""
        main = PRESETS[Preset.MAIN].permissions
        return {
            "fields": list(self.fields),
            "outcomes": {one.field: outcome_of(one.plain.rpartition(":")[0], main).value for one in self.ruled},
            "ruled": [{"field": one.field, "plain": one.plain, "reveal": one.reveal} for one in self.ruled],
            "permissions": list(self.permissions),
            "deprecated": [dict(one) for one in self.deprecated],
        }


Examine = Callable[[str], Examined]


@dataclass(frozen=True)
class Upload:
    """Operations that may be published (待发布清单): each read, checked and examined."""

    format: ManifestFormat
    documents: tuple[tuple[Submitted, Examined], ...]
    label: str | None = None

    @cached_property
    def content_hash(self) -> str:
        """Tell whether two uploads are the same: the same ids for the same texts."""
        lines = sorted(f"{canonical_id(one.external_id)} {one.sha256}" for one, _ in self.documents)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_manifest(text: str) -> tuple[ManifestFormat, list[Submitted]]:
    """Read a file of operations: Apollo's manifest, Relay's or graphql-codegen's map from id to text, or a list."""
    try:
        data = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        raise ManifestFormatError(path="manifest", problem="JSON") from None
    if isinstance(data, dict) and "format" in data and "operations" in data:
        if data["format"] != APOLLO or data.get("version") != 1:
            raise ManifestFormatError(path="manifest", problem=f"format {str(data['format'])[:60]!r}")
        return ManifestFormat.APOLLO, [_entry(one, "id", "body") for one in _listed(data["operations"])]
    if isinstance(data, dict):
        flat = [_entry({"id": id, "text": body}, "id", "text") for id, body in data.items()]
        sha1 = bool(flat) and all(_SHA1.fullmatch(one.external_id) for one in flat)
        return (ManifestFormat.CODEGEN if sha1 else ManifestFormat.RELAY), flat
    return ManifestFormat.LIST, [_entry(one, "id", "text") for one in _listed(data)]


async def draw_up(
    actor: Actor,
    documents: Sequence[Submitted],
    examine: Examine,
    *,
    format: ManifestFormat,
    label: str | None = None,
    side: Side | None = None,
) -> Upload:
    """Check and examine what is to be published, and refuse with everything that is wrong with any of it.

    Asks the schema a good deal, so it is done before any transaction begins. `side` says whose tool it is, where that
    is not the publisher's.
    """
    actor.require(Right.OPERATIONS_PUBLISH)
    if not documents:
        raise FieldRequiredError(path="documents")
    if len(documents) > MOST_DOCUMENTS:
        raise TooManyDocumentsError(path="documents", maximum=MOST_DOCUMENTS, count=len(documents))
    wrong = [*_misnamed(documents)]
    long = {error.path[1] for error in wrong if isinstance(error, LengthError)}
    found = await asyncio.to_thread(
        lambda: [Examined() if place in long else examine(one.text) for place, one in enumerate(documents)]
    )
    for place, one in enumerate(found):
        wrong += _unfit(("documents", place), documents[place], one, side or actor.side)
    refuse(wrong)
    label = (label or "").strip() or None
    return Upload(format, tuple(zip(documents, found, strict=True)), label)


def _misnamed(documents: Sequence[Submitted]) -> Iterator[DomainError]:
    seen: dict[str, str] = {}
    for place, one in enumerate(documents):
        path = ("documents", place)
        if len(one.external_id) > LONGEST_ID or not _VISIBLE.fullmatch(one.external_id):
            yield IdNotAllowedError(path=(*path, "id"), maximum=LONGEST_ID)
            continue
        if not one.text.strip() or len(one.text) > LONGEST_TEXT:
            yield LengthError(path=(*path, "text"), minimum=1, maximum=LONGEST_TEXT, length=len(one.text))
            continue
        if (algorithm := _forged(one)) is not None:
            yield ForgedIdError(path=(*path, "id"), id=one.external_id, algorithm=algorithm)
        if seen.setdefault(canonical_id(one.external_id), one.text) != one.text:
            yield IdTakenError(path=(*path, "id"), id=one.external_id)


def _forged(one: Submitted) -> str | None:
    """Name the hash that an id claims to be and is not."""
    key = canonical_id(one.external_id)
    if key.startswith("sha256:"):
        return None if key == f"sha256:{one.sha256}" else "SHA-256"
    found = _SHA1.fullmatch(one.external_id)
    if found is not None or one.external_id.startswith("sha1:"):
        sha1 = hashlib.sha1(one.text.encode(), usedforsecurity=False).hexdigest()
        return None if found is not None and found[1].lower() == sha1 else "SHA-1"
    return None


def _unfit(path: tuple[str | int, ...], document: Submitted, found: Examined, side: Side) -> Iterable[DomainError]:
    name = found.name or document.external_id[:60]
    if found.problems:
        return [DocumentInvalidError(path=path, name=name, problem=problem) for problem in found.problems]
    if found.operations != 1:
        return [OneOperationError(path=path, name=name, count=found.operations)]
    if side is Side.PARTNER and found.changes > 1:
        return [SeveralChangesError(path=path, name=name, count=found.changes)]
    return []


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise IdTakenError(path="manifest", id=name[:80])
    return found


def _listed(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise ManifestFormatError(path="manifest", problem="no list of operations")
    return data


def _entry(one: Any, id: str, text: str) -> Submitted:
    if not isinstance(one, dict) or not isinstance(one.get(id), str) or not isinstance(one.get(text), str):
        raise ManifestFormatError(path="manifest", problem=f"an operation without {id} and {text}")
    return Submitted(one[id], one[text])
