"""Answers that need not be made again: what a reader has already, told by its entity tag."""

from collections import OrderedDict
from collections.abc import Hashable
from hashlib import sha256
from typing import NamedTuple

FRESH_SECONDS = 60.0
"""How long an answer holds while the data stay the same: some fields tell what time alone changes."""
KEPT_TAGS = 4_000


def entity_tag(body: bytes) -> str:
    """Return the strong entity tag of a body."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Say whether an If-None-Match names this tag; it compares weakly, as RFC 9110 has it."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    return any(one.strip().removeprefix("W/") == tag for one in if_none_match.split(","))


class _Given(NamedTuple):
    tag: str
    version: Hashable
    at: float


class Answers:
    """The tags of recent answers, each under everything that it depends on.

    A tag holds for as long as the data's version is the one of before it was read, and no longer than a minute. The
    key names the document, its variables and the viewer with rights and scope.
    """

    def __init__(self, most: int = KEPT_TAGS) -> None:
        self._most = most
        self._given: OrderedDict[Hashable, _Given] = OrderedDict()

    def current(self, key: Hashable, version: Hashable, now: float) -> str | None:
        """Return the tag that the answer would have now, where that is known without making it."""
        given = self._given.get(key)
        if given is None or given.version != version or not 0 <= now - given.at < FRESH_SECONDS:
            return None
        self._given.move_to_end(key)
        return given.tag

    def note(self, key: Hashable, version: Hashable, tag: str, at: float) -> None:
        """Remember the tag of an answer that was begun at an instant."""
        # Taken out first, so that the present key stands in it: to find that very object again takes no comparing.
        self._given.pop(key, None)
        self._given[key] = _Given(tag, version, at)
        while len(self._given) > self._most:
            self._given.popitem(last=False)
