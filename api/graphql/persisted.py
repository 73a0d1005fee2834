"""Documents that are called by id: registered ones, and texts that a client sent before with their hash."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from time import monotonic
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from api.graphql.refusals import Code, Refused
from api.graphql.requests import Asked

REMEMBERED_TEXTS = 500
REMEMBERED_BYTES = 512 * 1024
"""How many texts, and how many bytes of them, are remembered of one client."""
REMEMBERED_CLIENTS = 32
KNOWN_DOCUMENTS = 1_000
KNOWN_SECONDS = 2.0
"""How long a document is taken to be registered while nothing has changed: some end by the passing of time."""

Viewer = TypeVar("Viewer")


class Mode(Enum):
    """Which documents a caller may have run, from any to registered ones by id only."""

    OPEN = "open"
    APQ = "apq"
    SAFELIST = "safelist"
    ID_ONLY = "id only"

    @property
    def runs_any_text(self) -> bool:
        """Tell whether a text that nobody registered may run."""
        return self in (Mode.OPEN, Mode.APQ)


class Source(Enum):
    """Where a document came from."""

    TEXT = "text"
    APQ = "apq"
    PERSISTED = "persisted"


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a caller asks.

    `client` names whose documents are meant; callers who may run different ones need different names. None has none
    registered, and shares one memory of texts. `budget` names whom the cost is charged to; None is charged nothing.
    """

    mode: Mode = Mode.OPEN
    client: Hashable = None
    budget: str | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered document that may run now: its text, what the registry knows it by, and when time alone ends it."""

    text: str
    mark: Any = None
    until: float | None = None


class Registry(Protocol[Viewer]):
    """What the endpoint asks of whoever keeps registered documents; None stands for what may not run now."""

    async def by_id(self, viewer: Viewer, document_id: str) -> Registered | None:
        """Find a document of the viewer's client by its id, or by `sha256:` and the digest of its text."""

    def widened(self, viewer: Viewer, registered: Registered) -> Viewer:
        """Give the viewer as he is while the document runs."""


class Chosen(NamedTuple):
    """The document to run: its text, where it came from, what it is registered as, and whether that was known yet."""

    text: str
    source: Source
    registered: Registered | None = None
    known: bool | None = None


class Library(Generic[Viewer]):
    """Finds the document that a caller asks for, within what his mode allows.

    An id that is unknown, of another client, retired, rejected or expired is answered alike. What is found in the
    registry is kept until the data change, but no longer than some seconds. Texts that came with their hash are kept a
    client apart, the longest unused dropped first; that they are kept gives them no rights.
    """

    def __init__(
        self,
        registry: Registry[Viewer] | None = None,
        *,
        ticks: Callable[[], float] = monotonic,
        texts: int = REMEMBERED_TEXTS,
        text_bytes: int = REMEMBERED_BYTES,
    ) -> None:
        self._registry = registry
        self._ticks = ticks
        self._limits = texts, text_bytes
        self._texts: OrderedDict[Hashable, _Texts] = OrderedDict()
        self._known: OrderedDict[Hashable, tuple[Hashable, float, Registered | None]] = OrderedDict()

    async def choose(
        self, asked: Asked, viewer: Viewer | None, terms: Terms, *, version: Hashable = None, keep: bool = True
    ) -> Chosen:
        """Return the document to run, or raise why there is none.

        `version` names the state of the data as it was before; without one nothing of the registry is kept. `keep` lets
        a text be remembered by its hash.
        """
        text = asked.query
        if text is None:
            return await self._by_id(asked, viewer, terms, version)
        digest = sha256(text.encode()).hexdigest() if asked.sha256 or not terms.mode.runs_any_text else ""
        if asked.sha256 not in (None, digest):
            raise Refused(Code.PERSISTED_QUERY_HASH_MISMATCH)
        if terms.mode is Mode.ID_ONLY:
            raise Refused(Code.PERSISTED_QUERY_ID_REQUIRED)
        if not terms.mode.runs_any_text:
            return await self._by_text(text, digest, viewer, terms, version)
        if asked.sha256 is None:
            return Chosen(text, Source.TEXT)
        if keep:
            self._remember(terms.client, digest, text)
        return Chosen(text, Source.APQ)

    def viewer(self, viewer: Viewer | None, chosen: Chosen) -> Viewer | None:
        """Give the viewer as he is while a document runs."""
        if self._registry is None or viewer is None or chosen.registered is None:
            return viewer
        return self._registry.widened(viewer, chosen.registered)

    async def _by_text(self, text: str, digest: str, viewer: Viewer | None, terms: Terms, version: Hashable) -> Chosen:
        found = await self._registered(f"sha256:{digest}", viewer, terms, version)
        if found is not None and found.text == text:
            return found
        # A tool that sends its file as it lies there sends the newline at its end too.
        ended = text.rstrip("\r\n")
        if ended != text:
            return await self._by_text(ended, sha256(ended.encode()).hexdigest(), viewer, terms, version)
        raise Refused(Code.QUERY_NOT_IN_SAFELIST)

    async def _by_id(self, asked: Asked, viewer: Viewer | None, terms: Terms, version: Hashable) -> Chosen:
        name = asked.document_id or f"sha256:{asked.sha256}"
        found = await self._registered(name, viewer, terms, version)
        if found is not None:
            return found
        text = self._recalled(name, terms)
        if text is None:
            raise Refused(Code.PERSISTED_QUERY_NOT_FOUND)
        return Chosen(text, Source.APQ)

    async def _registered(self, name: str, viewer: Viewer | None, terms: Terms, version: Hashable) -> Chosen | None:
        if self._registry is None or viewer is None or terms.client is None:
            return None
        key = terms.client, name
        kept = self._known.get(key)
        if kept is not None and self._holds(*kept, version):
            self._known.move_to_end(key)
            return Chosen(kept[2].text, Source.PERSISTED, kept[2], known=True) if kept[2] else None
        self._known.pop(key, None)
        now = self._ticks()
        found = await self._registry.by_id(viewer, name)
        # That something is not registered is kept of remembered texts only; of ids there is no end.
        if version is not None and (found or self._recalled(name, terms)):
            self._known[key] = version, now, found
            if len(self._known) > KNOWN_DOCUMENTS:
                self._known.popitem(last=False)
        return Chosen(found.text, Source.PERSISTED, found, known=False) if found else None

    def _holds(self, of: Hashable, since: float, found: Registered | None, version: Hashable) -> bool:
        now = self._ticks()
        ended = found is not None and found.until is not None and now >= found.until
        return of == version and 0 <= now - since < KNOWN_SECONDS and not ended

    def _recalled(self, name: str, terms: Terms) -> str | None:
        texts = self._texts.get(terms.client) if terms.mode.runs_any_text else None
        if texts is None:
            return None
        self._texts.move_to_end(terms.client)
        return texts.recall(name.removeprefix("sha256:"))

    def _remember(self, client: Hashable, sha: str, text: str) -> None:
        texts = self._texts.get(client)
        if texts is None:
            texts = self._texts[client] = _Texts(*self._limits)
        self._texts.move_to_end(client)
        texts.remember(sha, text)
        while len(self._texts) > REMEMBERED_CLIENTS:
            self._texts.popitem(last=False)


class _Texts:
    """The texts of one client by their hash, bounded by their number and their bytes."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    def remember(self, sha: str, text: str) -> None:
        if sha not in self._kept:
            self._kept[sha] = text
            self._bytes += len(text.encode())
        self._kept.move_to_end(sha)
        while self._kept and (len(self._kept) > self._most or self._bytes > self._most_bytes):
            self._bytes -= len(self._kept.popitem(last=False)[1].encode())

    def recall(self, sha: str) -> str | None:
        text = self._kept.get(sha)
        if text is not None:
            self._kept.move_to_end(sha)
        return text
